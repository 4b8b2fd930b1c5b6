//! All secrets that the configuration names: what the log must never show.

use std::path::Path;

use super::links::reveal;
use crate::config::{Config, Secret};

/// Those that can be had. One that cannot is nobody's to leak.
pub(super) fn all(config: &Config, directory: &Path) -> Vec<String> {
    let of_providers = config.providers.iter().flat_map(|p| p.api_keys.iter().chain(p.headers.values()));
    let of_links = config.onebot.dial.iter().map(|dial| &dial.token).chain([&config.onebot.token]);
    let of_destinations = config.notify.to.iter().flat_map(|destination| destination.road.secrets());
    let all = of_providers.chain(of_links).chain(of_destinations);
    let resolved = all.filter_map(|secret: &Secret| reveal(secret, directory, "").ok());
    resolved.filter(|secret| !secret.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every secret of the schema, found by its looks: a new one must not be forgotten above.
    #[test]
    fn no_secret_of_the_schema_is_left_out() {
        let mut config = Config::default();
        config.onebot.token = Secret("canary-onebot".into());
        config.onebot.dial.push(crate::config::Dial { token: Secret("canary-dial".into()), ..Default::default() });
        let mut provider =
            crate::config::Provider { api_keys: vec![Secret("canary-key".into())], ..Default::default() };
        provider.headers.insert("x-api-key".into(), Secret("canary-header".into()));
        config.providers.push(provider);
        let destinations = r#"
            [[notify.to]]
            kind = "bark"
            key = "canary-bark"
            [[notify.to]]
            kind = "serverchan"
            key = "canary-chan"
            [[notify.to]]
            kind = "dingtalk"
            url = "https://x/canary-robot"
            secret = "canary-sign"
            [[notify.to]]
            kind = "ntfy"
            topic = "canary-topic"
            token = "canary-token"
            [[notify.to]]
            kind = "smtp"
            host = "x"
            to = ["a@x"]
            from = "a@x"
            user = "a"
            password = "canary-mail"
            [[notify.to]]
            kind = "webhook"
            url = "https://x/canary-hook"
            secret = "canary-hmac"
            headers = { x = "canary-hook-header" }
        "#;
        config.notify = crate::config::parse(destinations).unwrap().config.notify;
        let mut found = all(&config, Path::new("/"));
        found.sort();
        assert!(found.iter().all(|secret| secret.contains("canary")), "{found:?}");
        // As often as the schema has the word.
        let schema = [
            include_str!("../config/schema/links.rs"),
            include_str!("../config/schema/provider.rs"),
            include_str!("../config/schema/notify.rs"),
        ];
        let others = [include_str!("../config/schema/mod.rs"), include_str!("../config/schema/surroundings.rs")];
        let fields = |text: &&str| {
            let is_field = |l: &&str| l.trim().starts_with("pub ") && l.contains(": ") && l.contains("Secret");
            text.lines().filter(is_field).count()
        };
        assert_eq!(schema.iter().chain(&others).map(fields).sum::<usize>(), found.len());
    }
}
