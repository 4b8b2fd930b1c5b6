//! Moments as logs and books write them.

use crate::console::state::Ui;
use crate::domain::Wall;

/// `11-21`.
pub fn date(ui: &Ui, at: Wall) -> String {
    let local = jiff::Timestamp::from_second(at.0.div_euclid(1000) + i64::from(ui.now.offset));
    let day = local.unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    format!("{:02}-{:02}", day.month(), day.day())
}

/// `11-21 23:14`, or how long ago, in always as many columns.
pub fn stamp(ui: &Ui, at: Wall) -> String {
    match ui.ages {
        true => ui.width.fit_left(&super::paint::time(ui, at), 11),
        false => format!("{} {}", date(ui, at), &clock(ui, at)[..5]),
    }
}

/// `23:14:20`.
pub fn clock(ui: &Ui, at: Wall) -> String {
    let seconds = (at.0.div_euclid(1000) + i64::from(ui.now.offset)).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds % 3600 / 60, seconds % 60)
}
