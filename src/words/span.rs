//! Durations and moments, as people write and read them.

use std::time::Duration;

use super::Lang;
use crate::config::Rate;

/// A duration in its largest whole unit, or its two largest ("1 小时 30 分钟"). Under a second: milliseconds.
pub fn span(d: Duration, lang: Lang) -> String {
    let s = d.as_secs();
    if s == 0 && !d.is_zero() {
        let ms = d.as_millis().max(1);
        return say!(lang, "{ms} 毫秒", "{ms} ms");
    }
    let units = [
        (s / 86_400, lang.pick("天", "d")),
        (s / 3600 % 24, lang.pick("小时", "h")),
        (s / 60 % 60, lang.pick("分钟", "min")),
        (s % 60, lang.pick("秒", "s")),
    ];
    let first = units.iter().position(|(n, _)| *n > 0).unwrap_or(3);
    let mut words = Vec::with_capacity(2);
    for (n, unit) in units.iter().skip(first).take(2) {
        if *n > 0 || words.is_empty() {
            words.push(format!("{n} {unit}"));
        }
    }
    words.join(" ")
}

/// How fast something may go, in words; it follows "each" or a gate's name.
pub fn rate(rate: Rate, lang: Lang) -> String {
    let Rate { count, per, burst } = rate;
    if count == 0 {
        return say!(lang, "不限", "no limit");
    }
    let per = match (per.as_secs(), lang) {
        (1, Lang::Zh) => "每秒".to_owned(),
        (60, Lang::Zh) => "每分钟".to_owned(),
        (3600, Lang::Zh) => "每小时".to_owned(),
        (_, Lang::Zh) => format!("每 {}", span(per, lang)),
        (1, Lang::En) => "/s".to_owned(),
        (60, Lang::En) => "/min".to_owned(),
        (3600, Lang::En) => "/h".to_owned(),
        (_, Lang::En) => format!(" in {}", span(per, lang)),
    };
    match burst == count {
        true => say!(lang, "{per} {count} 条", "{count}{per}"),
        false => say!(lang, "{per} {count} 条（连发 {burst}）", "{count}{per} (burst {burst})"),
    }
}

/// A measured time in at most six columns, the same in both languages: `0.4ms`, `12ms`, `1.3s`, `95s`, `12m`, `3h`, `2d`.
pub fn span_short(d: Duration) -> String {
    let ms = d.as_secs_f64() * 1000.0;
    let s = d.as_secs();
    match s {
        0 if ms < 10.0 => format!("{ms:.1}ms"),
        0 => format!("{ms:.0}ms"),
        1..=9 => format!("{:.1}s", ms / 1000.0),
        10..=119 => format!("{s}s"),
        120..=7199 => format!("{}m", s / 60),
        7200..=172_799 => format!("{}h", s / 3600),
        _ => format!("{}d", s / 86_400),
    }
}

/// Reads `90s`, `30m`, `2h`, `1d`, `1h30m`, `1w`, `500ms`; a bare number is not a duration. `None`: not readable, or zero.
pub fn parse_span(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let tail = rest.get(digits..)?;
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(end);
        let unit_ms: u64 = match unit.trim() {
            "ms" => 1,
            "s" | "秒" => 1000,
            "m" | "min" | "分" | "分钟" => 60_000,
            "h" | "时" | "小时" => 3_600_000,
            "d" | "天" => 86_400_000,
            "w" | "周" => 604_800_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(number.checked_mul(unit_ms)?))?;
        rest = next;
    }
    (!total.is_zero()).then_some(total)
}

/// A moment (seconds since 1970) on this machine's clock: `11-21 23:14`. Reads the system's time zone, which is cached.
pub fn clock(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(at) => at.to_zoned(jiff::tz::TimeZone::system()).strftime("%m-%d %H:%M").to_string(),
        Err(_) => "—".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        let s = Duration::from_secs;
        assert_eq!(parse_span("90s"), Some(s(90)));
        assert_eq!(parse_span("1h30m"), Some(s(5400)));
        assert_eq!(parse_span(" 2天 "), Some(s(172_800)));
        for bad in ["", "0s", "5", "m", "1x", "-1s", "1.5h", "99999999999999999999s", "18446744073709551615w"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }

    #[test]
    fn rates_are_said_in_words() {
        let minute = Duration::from_secs(60);
        assert_eq!(rate(Rate::new(6, minute).burst(3), Lang::Zh), "每分钟 6 条（连发 3）");
        assert_eq!(rate(Rate::new(20, minute), Lang::En), "20/min");
        assert_eq!(rate(Rate::new(5, Duration::from_secs(600)), Lang::Zh), "每 10 分钟 5 条");
        assert_eq!(rate(Rate { count: 0, per: minute, burst: 1 }, Lang::Zh), "不限");
    }

    #[test]
    fn durations_are_said_in_two_units_at_most() {
        assert_eq!(span(Duration::from_secs(5400), Lang::Zh), "1 小时 30 分钟");
        assert_eq!(span(Duration::from_secs(86_400 + 5), Lang::En), "1 d");
        assert_eq!(span(Duration::from_millis(20), Lang::En), "20 ms");
        assert_eq!(span(Duration::ZERO, Lang::En), "0 s");
        assert_eq!(span_short(Duration::from_micros(412)), "0.4ms");
        assert_eq!(span_short(Duration::from_millis(1320)), "1.3s");
    }

    proptest! {
        #[test]
        fn any_words_are_read_without_panic(text in "\\PC{0,20}") {
            let _ = parse_span(&text);
        }

        #[test]
        fn measured_times_stay_narrow(ms in 0u64..3_000_000_000) {
            prop_assert!(span_short(Duration::from_millis(ms)).len() <= 6);
        }

        #[test]
        fn any_moment_has_a_clock(seconds: i64) {
            prop_assert!(!clock(seconds).is_empty());
        }
    }
}
