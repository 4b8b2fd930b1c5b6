//! Every key of `config.toml`: its name, its type, its bounds. Defaults are in the schema; a new key is a
//! field there, a line here and a line in the file at the top of the repository (a test counts them).

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::DeValue;

use super::section::{Place, Section};
use super::value::{self, Listed, Quantity, Scalar};
use super::*;
use crate::domain::Metric;

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(366 * 86_400);
const ZERO: Duration = Duration::ZERO;
/// Beyond any model and any day's use, and still far from overflow in sums.
const TOKENS: u32 = 100_000_000;
const MONEY: RangeInclusive<f64> = 0.0..=1e9;
const WEB: Shape = Shape::Url(&["http", "https"]);
const PROXY: Shape = Shape::Url(&["http", "https", "socks5", "socks5h"]);

/// The words of an enum, in its order.
macro_rules! words {
    ($($name:ident { $($word:literal => $variant:ident),+ $(,)? })+) => {$(
        impl Scalar for $name {
            fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
                const ALL: &[$name] = &[$($name::$variant),+];
                Ok(ALL[value::word(value, &[$($word),+])?])
            }
        }
    )+};
}

mod notify;

words! {
    Language { "auto" => Auto, "zh-CN" => Chinese, "en" => English }
    AccessMode { "whitelist" => Whitelist, "blacklist" => Blacklist, "open" => Open }
    ChatMode { "auto" => Auto, "draft" => Draft, "manual" => Manual, "muted" => Muted }
    Call { "at" => At, "quote" => Quote, "names" => Names, "always" => Always }
    Strategy { "drop" => Drop, "wait" => Wait }
    Over { "stop" => Stop, "local" => Local }
    GroupContext { "shared" => Shared, "per_user" => PerUser }
    StreamToChat { "off" => Off, "paragraph" => Paragraph }
    Quote { "auto" => Auto, "always" => Always, "never" => Never }
    Markdown { "plain" => Plain, "keep" => Keep }
    Inbound { "ignore" => Ignore, "off" => Off }
    Outbound { "draft" => Draft, "mask" => Mask, "block" => Block }
    CommandRole { "anyone" => Anyone, "group_admin" => GroupAdmin, "admin" => Admin }
    ProviderKind { "ollama" => Ollama, "openai" => Openai }
    Durability { "process" => Process, "power" => Power }
    Backup { "daily" => Daily, "off" => Off }
    Op { ">" => Above, "<" => Below }
    Ring { "off" => Off, "bell" => Bell, "osc9" => Osc9, "osc777" => Osc777 }
}

impl Scalar for Metric {
    fn read(value: &DeValue<'_>) -> Result<Self, IssueKind> {
        Ok(Self::ALL[value::word(value, Self::NAMES)?])
    }
}

/// The whole document. Chats come last: they begin with what the global tables say.
pub(super) fn document(mut s: Section<'_, '_>, c: &mut Config) {
    s.key("language", &mut c.language);
    s.table("instance", |s| instance(s, &mut c.instance));
    s.table("engine", |s| engine(s, &mut c.engine));
    s.table("onebot", |s| onebot(s, &mut c.onebot));
    s.table("network", |s| network(s, &mut c.network));
    s.table("access", |s| access(s, &mut c.access));
    let mut global = ChatPolicy::default();
    policy(&mut s, &mut global);
    s.table("chat", |s| chats(s, &global, &mut c.chats));
    s.table("moderation", |s| moderation(s, &mut c.moderation));
    s.table("commands", |s| commands(s, &mut c.commands));
    s.tables("personas", &mut c.personas, persona);
    s.tables("providers", &mut c.providers, provider);
    s.table("routing", |s| routing(s, &mut c.routing));
    s.table("cache", |s| cache(s, &mut c.cache));
    s.table("telemetry", |s| telemetry(s, &mut c.telemetry));
    s.table("alerts", |s| s.tables("rules", &mut c.alerts.rules, alert_rule));
    s.table("notify", |s| s.tables("to", &mut c.notify.to, notify::destination));
    s.table("logs", |s| logs(s, &mut c.logs));
    s.table("metrics", |s| s.text("listen", &mut c.metrics.listen, Shape::Address));
    s.table("storage", |s| storage(s, &mut c.storage));
    s.table("ssh", |s| ssh(s, &mut c.ssh));
    s.table("console", |s| console(s, &mut c.console));
    s.end();
}

fn instance(s: &mut Section<'_, '_>, c: &mut Instance) {
    s.text("name", &mut c.name, Shape::Name);
    s.text("accent", &mut c.accent, Shape::Color);
    s.key("production", &mut c.production);
}

fn engine(s: &mut Section<'_, '_>, c: &mut Engine) {
    s.within("workers", &mut c.workers, 1..=256);
    s.within("max_inflight", &mut c.max_inflight, 1..=10_000);
    s.within("queue", &mut c.queue, 1..=1_000_000);
    s.within("queue_wait", &mut c.queue_wait, SECOND..=HOUR);
    s.within("timeout", &mut c.timeout, SECOND..=DAY);
    if !s.written("queue_wait") {
        c.queue_wait = c.queue_wait.min(c.timeout);
    }
    s.within("hot", &mut c.hot, 16..=1_000_000);
    s.within("shutdown_grace", &mut c.shutdown_grace, ZERO..=10 * 60 * SECOND);
}

fn onebot(s: &mut Section<'_, '_>, c: &mut OneBot) {
    s.texts("listen", &mut c.listen, Shape::Address);
    s.texts("paths", &mut c.paths, Shape::Path);
    s.secret("token", &mut c.token);
    s.key("allow_query_token", &mut c.allow_query_token);
    s.each("accounts", &mut c.accounts, value::person);
    s.list("origins", &mut c.origins);
    s.within("heartbeat", &mut c.heartbeat, SECOND..=HOUR);
    s.within("request_timeout", &mut c.request_timeout, SECOND..=10 * 60 * SECOND);
    s.size("max_frame", &mut c.max_frame, 64 << 10..=1 << 30);
    s.within("max_connections", &mut c.max_connections, 1..=10_000);
    s.within("catch_up", &mut c.catch_up, ZERO..=DAY);
    s.table("tls", |s| {
        s.key("cert", &mut c.tls.cert);
        s.key("key", &mut c.tls.key);
    });
    s.tables("dial", &mut c.dial, |s, c| {
        s.text("name", &mut c.name, Shape::Name);
        s.text("url", &mut c.url, Shape::Url(&["ws", "wss"]));
        s.secret("token", &mut c.token);
        s.each("reconnect", &mut c.reconnect, |value| match Duration::read(value)? {
            pause if (100 * MS..=HOUR).contains(&pause) => Ok(pause),
            pause => Err(IssueKind::OutOfRange {
                value: show_duration(pause),
                least: show_duration(100 * MS),
                most: show_duration(HOUR),
            }),
        });
        s.key("enable", &mut c.enable);
    });
    s.tables("restart", &mut c.restart, |s, c| {
        s.person("account", &mut c.account);
        s.argv("command", &mut c.command);
        s.within("timeout", &mut c.timeout, SECOND..=HOUR);
    });
}

fn network(s: &mut Section<'_, '_>, c: &mut Network) {
    s.list("allow", &mut c.allow);
    s.list("deny", &mut c.deny);
    s.list("admin_ips", &mut c.admin_ips);
    s.list("trusted_proxies", &mut c.trusted_proxies);
}

fn access(s: &mut Section<'_, '_>, c: &mut Access) {
    s.key("mode", &mut c.mode);
    ids(s, "users", &mut c.users, false, "access.groups");
    ids(s, "groups", &mut c.groups, true, "access.users");
    ids(s, "blocked_users", &mut c.blocked_users, false, "access.blocked_groups");
    ids(s, "blocked_groups", &mut c.blocked_groups, true, "access.blocked_users");
    s.each("admins", &mut c.admins, value::person);
}

/// A list of people or groups; `twin` is where the other kind belongs.
fn ids(s: &mut Section<'_, '_>, name: &'static str, out: &mut IdList, groups: bool, twin: &'static str) {
    let mut listed = Vec::new();
    s.each(name, &mut listed, |value| value::listed(value, groups, Some(twin)));
    for one in listed {
        match one {
            Listed::Everybody => out.any = true,
            Listed::Number(id) => {
                out.ids.insert(id);
            }
        }
    }
}

/// The four tables that stand alone for all chats and below `[chat.*]` for some.
fn policy(s: &mut Section<'_, '_>, c: &mut ChatPolicy) {
    s.table("trigger", |s| trigger(s, &mut c.trigger));
    s.table("limits", |s| limits(s, &mut c.limits));
    s.table("context", |s| context(s, &mut c.context));
    s.table("reply", |s| reply(s, &mut c.reply));
}

fn chat(s: &mut Section<'_, '_>, c: &mut ChatPolicy) {
    s.key("persona", &mut c.persona);
    s.key("provider", &mut c.provider);
    s.key("mode", &mut c.mode);
    policy(s, c);
}

fn chats(s: &mut Section<'_, '_>, global: &ChatPolicy, c: &mut Chats) {
    let (mut private, mut group) = (global.clone(), global.clone());
    s.table("private", |s| chat(s, &mut private));
    s.table("group", |s| chat(s, &mut group));
    s.chosen(numbered("person_", Shape::PersonId), |id, s| {
        let mut one = private.clone();
        chat(s, &mut one);
        c.persons.insert(id, one.into());
    });
    s.chosen(numbered("group_", Shape::GroupId), |id, s| {
        let mut one = group.clone();
        chat(s, &mut one);
        c.groups.insert(id, one.into());
    });
    (c.private, c.group) = (private.into(), group.into());
}

/// The number behind a prefix, as in `group_123`.
fn numbered(prefix: &str, wanted: Shape) -> impl Fn(&str) -> Option<Result<i64, IssueKind>> {
    move |name| {
        let number = name.strip_prefix(prefix)?.parse().ok().filter(|id| *id > 0);
        Some(number.ok_or_else(|| IssueKind::Malformed { wanted, text: name.chars().take(80).collect() }))
    }
}

fn trigger(s: &mut Section<'_, '_>, c: &mut Trigger) {
    s.list("group", &mut c.group);
    s.texts("prefixes", &mut c.prefixes, Shape::Line);
    s.texts("names", &mut c.names, Shape::Line);
    s.patterns("regex", &mut c.regex);
    s.within("random", &mut c.random, 0.0..=1.0);
    s.each("ignore_bots", &mut c.ignore_bots, value::person);
    let MergeWindow { private, group } = &mut c.merge_window;
    s.durations("merge_window", [("private", private), ("group", group)], ZERO..=60 * SECOND);
}

fn limits(s: &mut Section<'_, '_>, c: &mut Limits) {
    s.key("global", &mut c.global);
    s.key("per_user", &mut c.per_user);
    s.key("per_group", &mut c.per_group);
    s.key("strategy", &mut c.strategy);
    s.within("loop_guard", &mut c.loop_guard, 0..=1000);
    s.within("tokens_per_day", &mut c.tokens_per_day, 0..=1_000_000_000_000);
    s.within("cost_per_day", &mut c.cost_per_day, MONEY);
    s.key("over", &mut c.over);
}

fn context(s: &mut Section<'_, '_>, c: &mut Context) {
    s.within("messages", &mut c.messages, 0..=1000);
    s.auto("tokens", &mut c.tokens, 1..=TOKENS);
    s.within("background", &mut c.background, 0..=1000);
    s.within("idle", &mut c.idle, ZERO..=YEAR);
    s.key("group", &mut c.group);
    s.auto("group_parallel", &mut c.group_parallel, 1..=64);
}

fn reply(s: &mut Section<'_, '_>, c: &mut Reply) {
    s.key("stream", &mut c.stream);
    s.key("stream_to_chat", &mut c.stream_to_chat);
    s.key("quote", &mut c.quote);
    s.key("at_sender", &mut c.at_sender);
    s.within("split_at", &mut c.split_at, 50..=4500);
    s.within("forward_above", &mut c.forward_above, 1..=1000);
    s.key("pace", &mut c.pace);
    s.within("jitter", &mut c.jitter, ZERO..=60 * SECOND);
    s.key("markdown", &mut c.markdown);
    s.durations("failure_notice", [("every", &mut c.failure_notice.every)], ZERO..=YEAR);
    let DraftExpiry { private, group } = &mut c.draft_expiry;
    s.durations("draft_expiry", [("private", private), ("group", group)], 10 * SECOND..=30 * DAY);
    s.within("manual_returns", &mut c.manual_returns, 10 * SECOND..=30 * DAY);
    s.texts("handover_words", &mut c.handover_words, Shape::Line);
}

fn moderation(s: &mut Section<'_, '_>, c: &mut Moderation) {
    s.texts("words", &mut c.words, Shape::Line);
    s.key("words_file", &mut c.words_file);
    s.key("inbound", &mut c.inbound);
    s.key("outbound", &mut c.outbound);
}

fn commands(s: &mut Section<'_, '_>, c: &mut Commands) {
    s.text("prefix", &mut c.prefix, Shape::Prefix);
    s.key("enable", &mut c.enable);
    s.entries("roles", |name, place| match CommandRole::read(place.value) {
        Ok(role) => {
            c.roles.insert(name.to_owned(), role);
        }
        Err(kind) => place.note(kind),
    });
}

fn persona(s: &mut Section<'_, '_>, c: &mut Persona) {
    s.text("name", &mut c.name, Shape::Name);
    s.key("prompt", &mut c.prompt);
}

fn provider(s: &mut Section<'_, '_>, c: &mut Provider) {
    s.key("kind", &mut c.kind);
    *c = Provider::of(c.kind);
    s.text("name", &mut c.name, Shape::Name);
    s.text("endpoint", &mut c.endpoint, WEB);
    s.text("model", &mut c.model, Shape::Line);
    secrets(s, "api_keys", &mut c.api_keys);
    s.within("tier", &mut c.tier, 0..=1000);
    s.within("weight", &mut c.weight, 1..=1000);
    s.within("max_concurrency", &mut c.max_concurrency, 1..=10_000);
    s.key("stream", &mut c.stream);
    s.key("think", &mut c.think);
    s.key("vision", &mut c.vision);
    s.within("max_tokens", &mut c.max_tokens, 1..=TOKENS);
    s.within("temperature", &mut c.temperature, 0.0..=2.0);
    s.key("preload", &mut c.preload);
    s.within("keep_alive", &mut c.keep_alive, ZERO..=YEAR);
    s.table("timeout", |s| {
        s.within("connect", &mut c.timeout.connect, 100 * MS..=HOUR);
        s.within("first_token", &mut c.timeout.first_token, SECOND..=DAY);
        s.within("idle", &mut c.timeout.idle, SECOND..=DAY);
        s.within("total", &mut c.timeout.total, SECOND..=DAY);
        // A default bends to the total that is written; only what is written can contradict it.
        let Timeouts { connect, first_token, idle, total } = &mut c.timeout;
        for (name, part) in [("connect", connect), ("first_token", first_token), ("idle", idle)] {
            if !s.written(name) {
                *part = (*part).min(*total);
            }
        }
    });
    s.auto("num_threads", &mut c.num_threads, 1..=1024);
    s.auto("gpu_layers", &mut c.gpu_layers, 0..=10_000);
    s.key("cpu_only", &mut c.cpu_only);
    s.within("context", &mut c.context, 256..=TOKENS);
    s.auto("batch_size", &mut c.batch_size, 1..=65_536);
    s.table("price", |s| {
        s.within("input", &mut c.price.input, MONEY);
        s.within("cached", &mut c.price.cached, MONEY);
        s.within("output", &mut c.price.output, MONEY);
    });
    s.key("balance", &mut c.balance);
    s.text("proxy", &mut c.proxy, PROXY);
    s.entries("headers", |name, place| {
        if let Some(value) = header(name, place) {
            c.headers.insert(name.to_owned(), value);
        }
    });
    s.entries("extra", |name, place| match value::json(place.value) {
        Ok(json) => {
            c.extra.insert(name.to_owned(), json);
        }
        Err(kind) => place.note(kind),
    });
}

/// Keys of a provider; each that stands here itself is noted.
fn secrets(s: &mut Section<'_, '_>, name: &'static str, out: &mut Vec<Secret>) {
    let literal = std::cell::Cell::new(false);
    s.each(name, out, |value| {
        let secret = Secret::read(value)?;
        literal.set(literal.get() || secret.is_literal());
        match secret.is_empty() {
            true => Err(IssueKind::Malformed { wanted: Shape::Secret, text: String::new() }),
            false => Ok(secret),
        }
    });
    if literal.get() {
        s.note(name, IssueKind::LiteralSecret);
    }
}

/// A request header. Only those that sound like a secret are minded when they stand here themselves.
fn header(name: &str, place: &Place<'_, '_>) -> Option<Secret> {
    if !value::header_name(name) {
        place.note(IssueKind::Malformed { wanted: Shape::HeaderName, text: name.to_owned() });
        return None;
    }
    match Secret::read(place.value) {
        Ok(secret) => {
            let lower = name.to_ascii_lowercase();
            if secret.is_literal() && ["auth", "key", "token", "cookie"].iter().any(|part| lower.contains(part)) {
                place.note(IssueKind::LiteralSecret);
            }
            Some(secret)
        }
        Err(kind) => {
            place.note(kind);
            None
        }
    }
}

fn routing(s: &mut Section<'_, '_>, c: &mut Routing) {
    s.within("attempts", &mut c.attempts, 1..=100);
    s.table("breaker", |s| {
        s.within("failures", &mut c.breaker.failures, 1..=1000);
        s.within("open", &mut c.breaker.open, 100 * MS..=DAY);
        s.within("max_open", &mut c.breaker.max_open, 100 * MS..=DAY);
    });
}

fn cache(s: &mut Section<'_, '_>, c: &mut Cache) {
    s.key("enable", &mut c.enable);
    s.within("cache_size", &mut c.cache_size, 1..=1 << 20);
    s.within("ttl", &mut c.ttl, SECOND..=YEAR);
}

fn telemetry(s: &mut Section<'_, '_>, c: &mut Telemetry) {
    s.within("interval", &mut c.interval, 100 * MS..=HOUR);
    s.within("idle_interval", &mut c.idle_interval, SECOND..=HOUR);
}

fn alert_rule(s: &mut Section<'_, '_>, c: &mut AlertRule) {
    s.text("name", &mut c.name, Shape::Name);
    s.key("enable", &mut c.enable);
    s.maybe_key("metric", &mut c.metric);
    s.maybe_key("op", &mut c.op);
    let quantity = |quantity: Option<Quantity>| quantity.map(|Quantity(value)| value);
    let (mut threshold, mut clear) = (None, None);
    s.maybe_key("threshold", &mut threshold);
    s.maybe_key("clear", &mut clear);
    (c.threshold, c.clear) = (quantity(threshold), quantity(clear));
    s.maybe("for", &mut c.hold, ZERO..=DAY);
    s.maybe("keep_firing", &mut c.keep_firing, ZERO..=DAY);
    s.maybe("wait", &mut c.wait, ZERO..=HOUR);
    s.maybe("window", &mut c.window, SECOND..=HOUR);
    s.maybe("min_samples", &mut c.min_samples, 1..=1000);
    s.maybe_key("severity", &mut c.severity);
    s.maybe("repeat", &mut c.repeat, ZERO..=30 * DAY);
    if s.written("notify") {
        let mut names = Vec::new();
        s.texts("notify", &mut names, Shape::Name);
        c.notify = Some(names);
    } else {
        s.find("notify");
    }
}

fn logs(s: &mut Section<'_, '_>, c: &mut Logs) {
    s.log_filter("level", &mut c.level);
    s.within("keep", &mut c.keep, 0..=3650);
    s.key("compress", &mut c.compress);
    s.one_of("mode", &mut c.mode, &["0600", "0640", "0644", "0660", "0664"]);
    s.size("max_total", &mut c.max_total, 1 << 20..=1 << 40);
}

fn storage(s: &mut Section<'_, '_>, c: &mut Storage) {
    s.within("retention", &mut c.retention, DAY..=100 * YEAR);
    s.key("durability", &mut c.durability);
    s.key("backup", &mut c.backup);
    s.within("keep_backups", &mut c.keep_backups, 1..=1000);
}

fn ssh(s: &mut Section<'_, '_>, c: &mut Ssh) {
    s.text("listen", &mut c.listen, Shape::Address);
    s.within("idle", &mut c.idle, 10 * SECOND..=30 * DAY);
}

fn console(s: &mut Section<'_, '_>, c: &mut Console) {
    s.text("theme", &mut c.theme, Shape::Name);
    s.one_of("color", &mut c.color, &["auto", "none", "16", "256", "rgb"]);
    s.one_of("mouse", &mut c.mouse, &["auto", "on", "off"]);
    s.key("ascii", &mut c.ascii);
    s.within("ambiguous_width", &mut c.ambiguous_width, 1..=2);
    s.within("stalled", &mut c.stalled, SECOND..=10 * 60 * SECOND);
    s.key("notify", &mut c.notify);
    s.entries("keys", |action, place| match String::read(place.value) {
        Ok(key) => {
            c.keys.insert(action.to_owned(), key);
        }
        Err(kind) => place.note(kind),
    });
    s.tables("canned", &mut c.canned, |s, c| {
        s.text("name", &mut c.name, Shape::Line);
        s.key("text", &mut c.text);
    });
}
