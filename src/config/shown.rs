//! A setting of a chat as the file would hold it.

use std::time::Duration;

use serde_json::Value;

use super::{ChatPolicy, Rate, show_duration, show_rate};

/// What holds under a dotted key such as `limits.per_user`, in TOML: `"6/min burst 3"`, `["at", "names"]`, `800`. What
/// is left to the program is `"auto"`. `None`: no such key.
pub fn shown(policy: &ChatPolicy, key: &str) -> Option<String> {
    let value = serde_json::to_value(policy).ok()?;
    key.split('.').try_fold(&value, |value, part| value.get(part)).map(toml)
}

/// By its shape: rates and durations are the only tables whose fields people do not write.
fn toml(value: &Value) -> String {
    let text = |text: String| toml_edit::Value::from(text).to_string();
    if let Ok(rate) = serde_json::from_value::<Rate>(value.clone()) {
        return text(show_rate(rate));
    }
    if value.is_object()
        && let Ok(duration) = serde_json::from_value::<Duration>(value.clone())
    {
        return text(show_duration(duration));
    }
    match value {
        Value::Null => text("auto".to_owned()),
        Value::String(word) => text(word.clone()),
        Value::Array(items) => format!("[{}]", items.iter().map(toml).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            // The order of a map hangs on how its library was built.
            let mut fields: Vec<_> = fields.iter().map(|(name, value)| format!("{name} = {}", toml(value))).collect();
            fields.sort_unstable();
            format!("{{ {} }}", fields.join(", "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, parse};

    #[test]
    fn values_look_as_the_file_has_them() {
        let policy = ChatPolicy::default();
        for (key, value) in [
            ("limits.per_user", r#""6/min burst 3""#),
            ("trigger.group", r#"["at", "quote", "names"]"#),
            ("trigger.merge_window.private", r#""1s""#),
            ("trigger.merge_window", r#"{ group = "0s", private = "1s" }"#),
            ("context.tokens", r#""auto""#),
            ("reply.split_at", "800"),
            ("reply.at_sender", "false"),
            ("persona", r#""""#),
            ("mode", r#""auto""#),
        ] {
            assert_eq!(shown(&policy, key).as_deref(), Some(value), "{key}");
        }
        assert_eq!(shown(&policy, "limits.nothing"), None);
    }

    #[test]
    fn what_is_shown_reads_back() {
        let policy = Config::default().chats.group;
        let mut text = String::new();
        for key in
            ["limits.per_user", "limits.per_group", "trigger.group", "reply.quote", "context.idle", "trigger.random"]
        {
            text.push_str(&format!("{key} = {}\n", shown(&policy, key).unwrap()));
        }
        assert_eq!(*parse(&text).unwrap().config.chats.group, *policy);
    }
}
