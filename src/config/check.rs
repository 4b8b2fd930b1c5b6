//! What contradicts what. Each check points at a key that is written; a default that gets in the way is told
//! at the value that it gets in the way of.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::issue::nearest;
use super::walk::Walk;
use super::{
    AccessMode, Call, ChatPolicy, CommandRole, Commands, Config, IssueKind, MailTls, Named, Op, Position, Road, Rule,
    change, show_duration, value,
};

/// Keys whose features are not built yet: refused where they differ from their default. A later part of the
/// program takes its line out.
const LATER: &[&str] = &["ssh", "network.admin_ips"];

/// Shorter tokens are told to be short.
const TOKEN: usize = 16;

/// Notes everything.
pub(super) fn check(walk: &Walk<'_>, config: &Config) {
    let check = Check { walk, config };
    check.listening();
    check.tls();
    check.restarts();
    check.metrics();
    check.names();
    check.destinations();
    check.timeouts();
    check.windows();
    check.chats();
    check.access();
    check.roles();
    check.alerts();
    check.later();
}

struct Check<'c> {
    walk: &'c Walk<'c>,
    config: &'c Config,
}

impl Check<'_> {
    fn note(&self, key: &str, kind: IssueKind) {
        let at = self.walk.place(key).unwrap_or(Position { line: 1, column: 1 });
        self.walk.note(at, key, kind);
    }

    /// `key` must not be above `other`. Told at whichever is written, `key` first.
    fn not_above(&self, (key, value): (&str, Duration), (other, limit): (&str, Duration)) {
        if value > limit {
            let at = if !self.walk.written(key) && self.walk.written(other) { other } else { key };
            let at = self.walk.place(at).unwrap_or(Position { line: 1, column: 1 });
            let (value, limit) = (show_duration(value), show_duration(limit));
            self.walk.note(at, key, IssueKind::Above { value, other: other.to_owned(), limit });
        }
    }

    /// No two addresses alike, and no door without a lock.
    fn listening(&self) {
        let onebot = &self.config.onebot;
        let keyed = onebot.listen.iter().enumerate().map(|(i, listen)| (format!("onebot.listen[{i}]"), listen));
        let others = [("metrics.listen", &self.config.metrics.listen), ("ssh.listen", &self.config.ssh.listen)];
        let others = others.map(|(key, listen)| (key.to_owned(), listen));
        let mut seen: Vec<(std::net::SocketAddr, String)> = Vec::new();
        for (key, listen) in keyed.chain(others).filter(|(_, listen)| !listen.is_empty()) {
            let Some(address) = value::address(listen) else { continue };
            let same = |other: &std::net::SocketAddr| {
                let wild = address.ip().is_unspecified() || other.ip().is_unspecified();
                address == *other || wild && address.port() != 0 && address.port() == other.port()
            };
            match seen.iter().find(|(other, _)| same(other)) {
                Some((_, first)) => {
                    let first = self.line(first);
                    self.note(&key, IssueKind::Duplicate { what: Named::Listen, name: listen.clone(), first });
                }
                None => seen.push((address, key.clone())),
            }
            if onebot.token.is_empty() && key.starts_with("onebot") && !address.ip().is_loopback() {
                self.note(&key, IssueKind::OpenWithoutToken { listen: listen.clone() });
            }
        }
        let dialled = onebot.dial.iter().enumerate().map(|(i, dial)| (format!("onebot.dial[{i}].token"), &dial.token));
        for (key, token) in dialled.chain([("onebot.token".to_owned(), &onebot.token)]) {
            let length = token.0.chars().count();
            if token.is_literal() && length < TOKEN {
                self.note(&key, IssueKind::ShortToken { length });
            }
        }
    }

    fn tls(&self) {
        let tls = &self.config.onebot.tls;
        match (tls.cert.is_empty(), tls.key.is_empty()) {
            (false, true) => self.note("onebot.tls.cert", IssueKind::HalfTls { missing: "onebot.tls.key" }),
            (true, false) => self.note("onebot.tls.key", IssueKind::HalfTls { missing: "onebot.tls.cert" }),
            _ => {}
        }
    }

    /// Each account's adapter is restarted by one command.
    fn restarts(&self) {
        let mut seen: BTreeMap<i64, String> = BTreeMap::new();
        for (i, restart) in self.config.onebot.restart.iter().enumerate() {
            let path = format!("onebot.restart[{i}]");
            if restart.command.is_empty() {
                self.missing(&path, "command");
            }
            if let Some(first) = seen.get(&restart.account) {
                let (name, first) = (restart.account.to_string(), self.line(first));
                let key = format!("{path}.account");
                let key = if self.walk.written(&key) { key } else { path };
                self.note(&key, IssueKind::Duplicate { what: Named::Account, name, first });
            } else {
                seen.insert(restart.account, path);
            }
        }
    }

    /// Figures are nobody's business, and that door has no lock.
    fn metrics(&self) {
        let listen = &self.config.metrics.listen;
        if value::address(listen).is_some_and(|address| !address.ip().is_loopback()) {
            self.note("metrics.listen", IssueKind::OpenMetrics { listen: listen.clone() });
        }
    }

    /// Everything that has a name has one, and its own.
    fn names(&self) {
        let c = self.config;
        self.unique("personas", Named::Persona, c.personas.iter().map(|one| one.name.as_str()));
        self.unique("providers", Named::Provider, c.providers.iter().map(|one| one.name.as_str()));
        self.unique("onebot.dial", Named::Dial, c.onebot.dial.iter().map(|one| one.name.as_str()));
        self.unique("console.canned", Named::Canned, c.console.canned.iter().map(|one| one.name.as_str()));
        for (i, provider) in c.providers.iter().enumerate() {
            let missing = [("model", provider.model.is_empty()), ("endpoint", provider.endpoint.is_empty())];
            for (name, _) in missing.into_iter().filter(|(_, missing)| *missing) {
                self.missing(&format!("providers[{i}]"), name);
            }
        }
        for (i, dial) in c.onebot.dial.iter().enumerate() {
            if dial.url.is_empty() {
                self.missing(&format!("onebot.dial[{i}]"), "url");
            }
            if dial.reconnect.is_empty() {
                self.missing(&format!("onebot.dial[{i}]"), "reconnect");
            }
        }
        if c.providers.is_empty() && !self.walk.complained("providers") {
            self.note("providers", IssueKind::NoProviders);
        }
    }

    /// Destinations have what their kind needs, and names of their own.
    fn destinations(&self) {
        let to = &self.config.notify.to;
        self.unique("notify.to", Named::Destination, to.iter().map(|one| one.name.as_str()));
        for (i, destination) in to.iter().enumerate() {
            let path = format!("notify.to[{i}]");
            destination.road.missing().into_iter().for_each(|name| self.missing(&path, name));
            if let Road::Smtp(road) = &destination.road
                && road.tls == MailTls::None
                && !road.password.is_empty()
                && !["localhost", "127.0.0.1", "::1"].contains(&road.host.as_str())
            {
                self.note(&format!("{path}.password"), IssueKind::PasswordInClear);
            }
        }
    }

    fn unique<'n>(&self, table: &str, what: Named, names: impl Iterator<Item = &'n str>) {
        let mut seen: BTreeMap<&str, String> = BTreeMap::new();
        for (i, name) in names.enumerate() {
            let path = format!("{table}[{i}]");
            if name.is_empty() {
                self.missing(&path, "name");
            } else if let Some(first) = seen.get(name) {
                let kind = IssueKind::Duplicate { what, name: name.to_owned(), first: self.line(first) };
                self.note(&format!("{path}.name"), kind);
            } else {
                seen.insert(name, format!("{path}.name"));
            }
        }
    }

    /// Something must be there and is not; what is there and wrong was told already.
    fn missing(&self, path: &str, name: &'static str) {
        let key = format!("{path}.{name}");
        if !self.walk.complained(&key) {
            self.note(&key, IssueKind::Missing { name });
        }
    }

    fn line(&self, key: &str) -> usize {
        self.walk.place(key).map_or(1, |at| at.line)
    }

    /// What is inside ends before what is around it.
    fn timeouts(&self) {
        let c = self.config;
        let engine = ("engine.timeout", c.engine.timeout);
        for (i, provider) in c.providers.iter().enumerate() {
            let t = &provider.timeout;
            let key = |name| format!("providers[{i}].timeout.{name}");
            let (total, first, idle, connect) = (key("total"), key("first_token"), key("idle"), key("connect"));
            self.not_above((&total, t.total), engine);
            self.not_above((&first, t.first_token), (&total, t.total));
            self.not_above((&idle, t.idle), (&total, t.total));
            self.not_above((&connect, t.connect), (&total, t.total));
        }
        self.not_above(("engine.queue_wait", c.engine.queue_wait), engine);
        let breaker = &c.routing.breaker;
        self.not_above(("routing.breaker.open", breaker.open), ("routing.breaker.max_open", breaker.max_open));
    }

    /// Answer, persona and window fit into what the model can hold.
    fn windows(&self) {
        for (i, provider) in self.config.providers.iter().enumerate() {
            if provider.max_tokens >= provider.context {
                let key = format!("providers[{i}].max_tokens");
                let key = if self.walk.written(&key) { key } else { format!("providers[{i}].context") };
                let (value, limit) = (provider.max_tokens.to_string(), provider.context.to_string());
                let other = format!("providers[{i}].context");
                self.note(&key, IssueKind::Above { value, other, limit });
                continue;
            }
            let room = provider.context - provider.max_tokens;
            let other = format!("{} context - max_tokens", provider.name);
            let above = |value: String| IssueKind::Above { value, other: other.clone(), limit: room.to_string() };
            for (path, policy) in self.policies().filter(|(_, p)| p.provider.is_empty() || p.provider == provider.name)
            {
                let key = self.cascade(&path, "context.tokens");
                if let Some(tokens) = policy.context.tokens.filter(|tokens| *tokens > room) {
                    self.note(&key, above(tokens.to_string()));
                }
            }
            for (n, persona) in self.config.personas.iter().enumerate() {
                let least = least_tokens(&persona.prompt);
                if least > u64::from(room) {
                    self.note(&format!("personas[{n}].prompt"), above(least.to_string()));
                }
            }
        }
    }

    /// Every policy with the path of its table.
    fn policies(&self) -> impl Iterator<Item = (String, &Arc<ChatPolicy>)> {
        let chats = &self.config.chats;
        let classes = [("chat.private".to_owned(), &chats.private), ("chat.group".to_owned(), &chats.group)];
        let persons = chats.persons.iter().map(|(id, policy)| (format!("chat.person_{id}"), policy));
        let groups = chats.groups.iter().map(|(id, policy)| (format!("chat.group_{id}"), policy));
        classes.into_iter().chain(persons).chain(groups)
    }

    /// The key that gave a policy its value.
    fn cascade(&self, path: &str, key: &str) -> String {
        let class = if path.starts_with("chat.group") { "chat.group" } else { "chat.private" };
        let keys = [format!("{path}.{key}"), format!("{class}.{key}")];
        keys.into_iter().find(|key| self.walk.written(key)).unwrap_or_else(|| key.to_owned())
    }

    /// Chats name what exists, and personas are named by chats.
    fn chats(&self) {
        let c = self.config;
        let mut used = vec![c.personas.first().map_or("", |first| first.name.as_str())];
        for (path, policy) in self.policies() {
            used.push(&policy.persona);
            let personas: Vec<_> = c.personas.iter().map(|one| one.name.as_str()).collect();
            let providers: Vec<_> = c.providers.iter().map(|one| one.name.as_str()).collect();
            self.exists(&path, "persona", Named::Persona, &policy.persona, &personas);
            self.exists(&path, "provider", Named::Provider, &policy.provider, &providers);
            let trigger = &policy.trigger;
            if !trigger.names.is_empty()
                && !trigger.group.contains(&Call::Names)
                && !trigger.group.contains(&Call::Always)
            {
                self.note(&self.cascade(&path, "trigger.names"), IssueKind::NamesUnused);
            }
        }
        for (i, persona) in c.personas.iter().enumerate().filter(|(_, one)| !one.name.is_empty()) {
            if !used.contains(&persona.name.as_str()) {
                let name = persona.name.clone();
                self.note(&format!("personas[{i}].name"), IssueKind::UnusedPersona { name });
            }
        }
    }

    fn exists(&self, path: &str, key: &str, what: Named, name: &str, all: &[&str]) {
        if !name.is_empty() && !all.contains(&name) {
            let nearest = nearest(name, all.iter().copied()).map(str::to_owned);
            let kind = IssueKind::UnknownName { what, name: name.to_owned(), nearest };
            self.note(&self.cascade(path, key), kind);
        }
    }

    fn access(&self) {
        let access = &self.config.access;
        for id in access.admins.iter().filter(|id| access.blocked_users.ids.contains(id)) {
            self.note("access.blocked_users", IssueKind::AdminBlocked { id: *id });
        }
        let nobody = [&access.users, &access.groups].iter().all(|list| !list.any && list.ids.is_empty());
        if access.mode == AccessMode::Whitelist && nobody && access.admins.is_empty() && !self.walk.complained("access")
        {
            self.note("access.mode", IssueKind::AnswersNobody);
        }
    }

    /// Roles are of commands that there are, and whose role is not settled.
    fn roles(&self) {
        for (name, role) in &self.config.commands.roles {
            let key = format!("commands.roles.{name}");
            let name = name.as_str();
            if Commands::FIXED.contains(&name) && *role != CommandRole::Admin {
                self.note(&key, IssueKind::FixedRole { name: name.to_owned() });
            } else if !Commands::NAMES.contains(&name) && !Commands::FIXED.contains(&name) {
                let nearest = nearest(name, Commands::NAMES).map(str::to_owned);
                let kind = IssueKind::UnknownName { what: Named::Command, name: name.to_owned(), nearest };
                self.note(&key, kind);
            }
        }
    }

    /// Rules have names of their own; new ones say what they measure; a border lies on the good side.
    fn alerts(&self) {
        let rules = &self.config.alerts.rules;
        let shipped = Rule::shipped();
        self.unique("alerts.rules", Named::Rule, rules.iter().map(|rule| rule.name.as_str()));
        let destinations: Vec<_> = self.config.notify.to.iter().map(|to| to.name.clone()).collect();
        for (i, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.name.is_empty()) {
            let path = format!("alerts.rules[{i}]");
            let known = shipped.iter().find(|known| known.name == rule.name);
            match (known, rule.metric) {
                (Some(_), _) => {
                    let fixed = [("metric", rule.metric.is_some()), ("op", rule.op.is_some())];
                    for (key, _) in fixed.into_iter().filter(|(_, written)| *written) {
                        self.note(&format!("{path}.{key}"), IssueKind::Shipped { rule: rule.name.clone() });
                    }
                }
                // A slip in the name of one that ships, most likely.
                (None, None) if !self.walk.written(&format!("{path}.metric")) => {
                    let near = nearest(&rule.name, shipped.iter().map(|known| known.name.as_str()));
                    match near.map(str::to_owned) {
                        nearest @ Some(_) => {
                            let (what, name) = (Named::Rule, rule.name.clone());
                            self.note(&format!("{path}.name"), IssueKind::UnknownName { what, name, nearest });
                        }
                        None => self.missing(&path, "metric"),
                    }
                }
                (None, _) if rule.threshold.is_none() => self.missing(&path, "threshold"),
                (None, _) => {}
            }
            let op = rule.op.unwrap_or_default();
            let threshold = rule.threshold.or(known.map(|known| known.threshold));
            if let (Some(clear), Some(threshold)) = (rule.clear, threshold)
                && op.beyond(clear, threshold)
            {
                let (clear, other) = (clear.to_string(), format!("{path}.threshold"));
                let kind = match op {
                    Op::Above => IssueKind::Above { value: clear, other, limit: threshold.to_string() },
                    Op::Below => {
                        IssueKind::Above { value: threshold.to_string(), other: format!("{path}.clear"), limit: clear }
                    }
                };
                self.note(&format!("{path}.clear"), kind);
            }
            let names: Vec<_> = destinations.iter().map(String::as_str).collect();
            for (n, name) in rule.notify.iter().flatten().enumerate() {
                if !names.contains(&name.as_str()) {
                    let nearest = nearest(name, names.iter().copied()).map(str::to_owned);
                    let kind = IssueKind::UnknownName { what: Named::Destination, name: name.clone(), nearest };
                    let key = format!("{path}.notify[{n}]");
                    let key = if self.walk.place(&key).is_some() { key } else { format!("{path}.notify") };
                    self.note(&key, kind);
                }
            }
        }
    }

    fn later(&self) {
        let written = self.walk.written_below(LATER);
        let changed = change::differing(self.config, &Config::default(), written);
        // A table differs with its entries; the entries are the ones to point at.
        let whole =
            |key: &str| changed.iter().any(|other| other.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')));
        changed.iter().filter(|key| !whole(key)).for_each(|key| self.note(key, IssueKind::NotBuilt));
    }
}

/// Fewer tokens than any tokenizer in use makes of a text: 0.6 a Chinese character, one for four others.
/// Low on purpose: a persona is refused only where it cannot fit.
fn least_tokens(text: &str) -> u64 {
    let wide = text.chars().filter(|c| *c >= '\u{2e80}').count() as u64;
    let narrow = text.chars().count() as u64 - wide;
    wide * 6 / 10 + narrow / 4
}
