//! The keys of `[[notify.to]]`: some that all kinds share, and each kind's own.

use toml::de::DeValue;

use super::super::section::{Place, Section};
use super::super::value::{self, Scalar};
use super::super::{Destination, IssueKind, MailTls, QuietHours, Road, Shape};
use super::{HOUR, PROXY, WEB, ZERO};
use crate::domain::Severity;

words! {
    Severity { "info" => Info, "warning" => Warning, "critical" => Critical }
    MailTls { "tls" => Tls, "starttls" => Starttls, "none" => None }
}

/// One destination. Its kind comes first: it decides which keys may stand here.
pub(super) fn destination(s: &mut Section<'_, '_>, c: &mut Destination) {
    let mut kind = String::new();
    s.one_of("kind", &mut kind, &Road::KINDS);
    s.text("name", &mut c.name, Shape::Name);
    s.key("min_severity", &mut c.min_severity);
    if let Some(place) = s.find("quiet_hours") {
        match quiet_hours(place.value) {
            Ok(hours) => c.quiet_hours = hours,
            Err(kind) => place.note(kind),
        }
    }
    s.maybe("gap", &mut c.gap, ZERO..=HOUR);
    match Road::of(&kind) {
        Some(road) => {
            c.road = road;
            self::road(s, &mut c.road);
            others(s, &kind);
        }
        None => {
            // Without a kind nobody knows which keys are right: those of any kind are let pass.
            for mut road in Road::KINDS.into_iter().filter_map(Road::of) {
                s.asks(|s| self::road(s, &mut road));
            }
            if s.exists() && !s.written("kind") {
                s.note("kind", IssueKind::Missing { name: "kind" });
            }
        }
    }
    if c.name.is_empty() {
        // The path is a name that nobody else has.
        c.name = if kind.is_empty() { s.path().to_owned() } else { kind };
    }
}

/// An empty string is none.
fn quiet_hours(value: &DeValue<'_>) -> Result<Option<QuietHours>, IssueKind> {
    let wanted = Shape::QuietHours;
    let text = value.as_str().ok_or(IssueKind::WrongType { wanted, found: value.type_str() })?;
    if text.is_empty() {
        return Ok(None);
    }
    let malformed = |_| IssueKind::Malformed { wanted, text: text.chars().take(80).collect() };
    text.parse().map(Some).map_err(malformed)
}

/// What a kind asks for.
fn road(s: &mut Section<'_, '_>, road: &mut Road) {
    match road {
        Road::Qq(c) => s.each("to", &mut c.to, value::person),
        Road::Bark(c) => {
            s.text("server", &mut c.server, WEB);
            s.secret("key", &mut c.key);
            s.key("sound", &mut c.sound);
            s.text("proxy", &mut c.proxy, PROXY);
        }
        Road::Serverchan(c) => {
            s.text("server", &mut c.server, WEB);
            s.secret("key", &mut c.key);
            s.text("proxy", &mut c.proxy, PROXY);
        }
        Road::Wecom(c) => {
            s.address("url", &mut c.url, |_| true);
            s.text("proxy", &mut c.proxy, PROXY);
        }
        Road::Dingtalk(c) | Road::Feishu(c) => {
            s.address("url", &mut c.url, |_| true);
            s.secret("secret", &mut c.secret);
            s.text("proxy", &mut c.proxy, PROXY);
        }
        Road::Ntfy(c) => {
            s.text("server", &mut c.server, WEB);
            s.secret("token", &mut c.token);
            s.key("topic", &mut c.topic);
            // With nothing else to guard it, the topic is the password.
            if c.topic.is_literal() && c.token.is_empty() {
                s.note("topic", IssueKind::LiteralSecret);
            }
            s.auto("priority", &mut c.priority, 1..=5);
            s.text("proxy", &mut c.proxy, PROXY);
        }
        Road::Smtp(c) => {
            s.text("host", &mut c.host, Shape::Line);
            s.auto("port", &mut c.port, 1..=u16::MAX);
            s.key("tls", &mut c.tls);
            s.key("user", &mut c.user);
            s.secret("password", &mut c.password);
            s.text("from", &mut c.from, Shape::Mail);
            s.texts("to", &mut c.to, Shape::Mail);
        }
        Road::Webhook(c) => {
            // What such an address may hold besides a place is a key.
            s.address("url", &mut c.url, |url| url.contains(['?', '@']));
            s.secret("secret", &mut c.secret);
            s.entries("headers", |name, place| header(name, place, c));
            s.text("proxy", &mut c.proxy, PROXY);
        }
    }
}

fn header(name: &str, place: &Place<'_, '_>, c: &mut super::super::Webhook) {
    if let Some(value) = super::header(name, place) {
        c.headers.insert(name.to_owned(), value);
    }
}

/// Keys that another kind has are told so.
fn others(s: &mut Section<'_, '_>, kind: &str) {
    let mut own = Vec::new();
    if let Some(mut road) = Road::of(kind) {
        own = s.asks(|s| self::road(s, &mut road));
    }
    let mut foreign: Vec<(&'static str, Vec<&'static str>)> = Vec::new();
    for mut road in Road::KINDS.into_iter().filter_map(Road::of) {
        let whose = road.kind();
        for name in s.asks(|s| self::road(s, &mut road)) {
            match foreign.iter_mut().find(|(other, _)| *other == name) {
                _ if own.contains(&name) => {}
                Some((_, kinds)) => kinds.push(whose),
                None => foreign.push((name, vec![whose])),
            }
        }
    }
    for (name, kinds) in foreign.into_iter().filter(|(name, _)| s.written(name)) {
        let kind = kind.to_owned();
        s.note(name, IssueKind::OtherKind { name, kind, kinds });
    }
}
