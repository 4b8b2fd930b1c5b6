//! The destinations of `[[notify.to]]` as far as it matters who is told when.

use std::time::Duration;

use super::qq;
use crate::config::{Config, QuietHours, Road};
use crate::domain::Severity;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Receiver {
    /// Its place in the file, from 0.
    pub place: usize,
    pub name: String,
    /// The engine itself delivers, to these people.
    pub qq: Option<Vec<i64>>,
    /// Least time between two of the engine's own messages.
    pub gap: Duration,
    /// Less than this is not told there.
    pub min_severity: Severity,
    /// When only what is critical is told.
    pub quiet: Option<QuietHours>,
}

impl Receiver {
    /// All of them, in their order.
    pub fn all(config: &Config) -> Vec<Self> {
        let admins = &config.access.admins;
        let people = |to: &[i64]| if to.is_empty() { admins.clone() } else { to.to_vec() };
        let one = |(place, to): (usize, &crate::config::Destination)| Self {
            place,
            name: to.name.clone(),
            qq: if let Road::Qq(road) = &to.road { Some(people(&road.to)) } else { None },
            gap: to.gap.unwrap_or(qq::APART),
            min_severity: to.min_severity,
            quiet: to.quiet_hours,
        };
        config.notify.to.iter().enumerate().map(one).collect()
    }
}
