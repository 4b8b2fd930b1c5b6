//! The destinations of `[[notify.to]]` as the engine sees them: what it must know to decide who is told when.

use super::Config;
use crate::domain::Severity;

/// Where alerts go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its place in the file, from 0.
    pub place: usize,
    /// Its name; its kind where it has none. Two alike get their place behind it.
    pub name: String,
    /// The engine itself delivers: a private message to the admins.
    pub qq: bool,
    /// Less than this is not told there.
    pub min_severity: Severity,
    /// Minutes of the local day from which to which only what is critical is told; may wrap midnight.
    pub quiet: Option<(u16, u16)>,
}

impl Destination {
    /// Whether it is quiet at this minute of the local day.
    pub fn is_quiet(&self, minute: u16) -> bool {
        self.quiet.is_some_and(|(from, to)| match from <= to {
            true => (from..to).contains(&minute),
            false => minute >= from || minute < to,
        })
    }
}

/// All of them, in their order.
pub fn destinations(config: &Config) -> Vec<Destination> {
    let mut all: Vec<Destination> = Vec::new();
    for (place, to) in config.notify.to.iter().enumerate() {
        let text = |key: &str| to.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        let (kind, name) = (text("kind"), text("name"));
        let name = if name.is_empty() { kind } else { name };
        let taken = all.iter().any(|other| other.name == name);
        all.push(Destination {
            place,
            name: if taken { format!("{name}#{}", place + 1) } else { name.to_owned() },
            qq: kind == "qq",
            min_severity: match text("min_severity") {
                "info" => Severity::Info,
                "critical" => Severity::Critical,
                _ => Severity::Warning,
            },
            quiet: hours(text("quiet_hours")),
        });
    }
    all
}

/// `23:00-08:00` as minutes of the day.
fn hours(text: &str) -> Option<(u16, u16)> {
    let minute = |text: &str| {
        let (hours, minutes) = text.trim().split_once(':')?;
        let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
        (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
    };
    let (from, to) = text.split_once('-')?;
    Some((minute(from)?, minute(to)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_hours_may_wrap_midnight() {
        assert_eq!(hours("23:00-08:00"), Some((23 * 60, 8 * 60)));
        assert_eq!((hours("24:00-1:00"), hours(""), hours("x-y")), (None, None, None));
        let at = |quiet, minute| {
            let to = Destination { place: 0, name: "x".into(), qq: false, min_severity: Severity::Info, quiet };
            to.is_quiet(minute)
        };
        let night = Some((23 * 60, 8 * 60));
        assert_eq!(
            [0, 8 * 60 - 1, 8 * 60, 23 * 60 - 1, 23 * 60].map(|m| at(night, m)),
            [true, true, false, false, true]
        );
        assert_eq!([59, 60, 119, 120].map(|m| at(Some((60, 120)), m)), [false, true, true, false]);
        assert!(!at(None, 0) && !at(Some((60, 60)), 60));
    }
}
