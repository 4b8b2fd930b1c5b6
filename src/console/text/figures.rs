//! Figures as short as they can be read: `8分`, `2h`, `41万`, `6.1G`, `¥0.83`.
//!
//! For columns of a screen; sentences spell their durations out.

use std::time::Duration;

use crate::words::Lang;

/// How long ago, in whole units that are over: `刚刚`, `8分`, `2小时`, `3天` or `now`, `8m`, `2h`, `3d`.
pub fn age(d: Duration, lang: Lang) -> String {
    let s = d.as_secs();
    match s {
        // Told once a minute: seconds would stand still.
        0..60 => lang.pick("刚刚", "now").to_owned(),
        60..3600 => format!("{}{}", s / 60, lang.pick("分", "m")),
        3600..86_400 => format!("{}{}", s / 3600, lang.pick("小时", "h")),
        _ => format!("{}{}", s / 86_400, lang.pick("天", "d")),
    }
}

/// What is left of a time: `0:05`, `1:40`, `1:02:03`. Counts a second that has begun, so that 0:00 is the end.
pub fn left(d: Duration) -> String {
    let s = d.as_secs() + u64::from(d.subsec_nanos() > 0);
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        h => format!("{h}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// A measured time: `0.4s`, `12s`, `3m`, `2h`; under 50 ms `12ms`.
pub fn took(d: Duration) -> String {
    let s = d.as_secs_f64();
    match s {
        _ if s < 0.05 => format!("{}ms", d.as_millis()),
        _ if s < 9.95 => format!("{s:.1}s"),
        _ if s < 119.5 => format!("{s:.0}s"),
        _ if s < 7200.0 => format!("{}m", d.as_secs() / 60),
        _ => format!("{}h", d.as_secs() / 3600),
    }
}

/// A size in units of 1024: `900B`, `12K`, `6.1G`.
pub fn size(bytes: u64) -> String {
    scaled(bytes as f64, &[(1.0, "B"), (K, "K"), (K * K, "M"), (K * K * K, "G"), (K * K * K * K, "T")])
}

const K: f64 = 1024.0;

/// A count: `999`, `1.9k` in both, then `1.2万`, `41万`, `3.1亿` or `12k`, `410k`, `3.1M`.
pub fn count(n: u64, lang: Lang) -> String {
    let units: &[(f64, &str)] = match lang {
        Lang::Zh => &[(1.0, ""), (1e3, "k"), (1e4, "万"), (1e8, "亿"), (1e12, "万亿")],
        Lang::En => &[(1.0, ""), (1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")],
    };
    scaled(n as f64, units)
}

/// Money in yuan: `¥0`, `¥0.83`, `¥123`, `¥1.2万` or `¥12k`. Less than half a cent that was spent is `<¥0.01`; what is
/// no number is `¥?`.
pub fn money(yuan: f64, lang: Lang) -> String {
    let sign = if yuan < 0.0 { "-" } else { "" };
    match yuan.abs() {
        y if !y.is_finite() => "¥?".to_owned(),
        0.0 => "¥0".to_owned(),
        y if y < 0.005 => format!("{sign}<¥0.01"),
        y if y < 99.995 => format!("{sign}¥{y:.2}"),
        y if y < 9999.5 => format!("{sign}¥{y:.0}"),
        y => format!("{sign}¥{}", count(y.min(1e18) as u64, lang)),
    }
}

/// A share as a percentage. Only the whole is `100%` and only nothing `0%`; what is no number is `?%`.
pub fn percent(share: f32) -> String {
    match share {
        s if s.is_nan() => "?%".to_owned(),
        s if s <= 0.0 => "0%".to_owned(),
        s if s < 1.0 => format!("{:.0}%", (s * 100.0).round().clamp(1.0, 99.0)),
        s => format!("{:.0}%", (s * 100.0).min(999.0)),
    }
}

/// What was left out of a long text: `… 还有 12K`, `… 12K more`. With `...` where all must be ASCII.
pub fn more(bytes: usize, lang: Lang, width: super::Width) -> String {
    let dots = if width.is_ascii() { "..." } else { "…" };
    let size = size(bytes as u64);
    lang.pick(format!("{dots} 还有 {size}"), format!("{dots} {size} more"))
}

/// The largest unit that leaves at least 1, with one decimal under 10. What would be written as a full next unit
/// (999.6k as 1000k) is in that one.
fn scaled(n: f64, units: &[(f64, &str)]) -> String {
    let rounded = |(unit, _): (f64, &str)| {
        let value = n / unit;
        if value < 9.95 && unit > 1.0 { (value * 10.0).round() / 10.0 } else { value.round() }
    };
    let reaches = |at: &usize| units.get(at - 1).is_some_and(|&smaller| rounded(smaller) * smaller.0 >= units[*at].0);
    let best = units[(1..units.len()).rev().find(reaches).unwrap_or(0)];
    format!("{}{}", rounded(best), best.1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Width;
    use super::*;

    fn s(s: f64) -> Duration {
        Duration::from_secs_f64(s)
    }

    #[test]
    fn times_are_short() {
        let ages = [5.9, 60.0, 500.0, 7300.0, 86_399.0, 3.5 * 86_400.0];
        assert_eq!(ages.map(|d| age(s(d), Lang::Zh)), ["刚刚", "1分", "8分", "2小时", "23小时", "3天"]);
        assert_eq!(ages.map(|d| age(s(d), Lang::En)), ["now", "1m", "8m", "2h", "23h", "3d"]);
        assert_eq!([0.0, 4.2, 100.0, 3723.0].map(|d| left(s(d))), ["0:00", "0:05", "1:40", "1:02:03"]);
        assert_eq!(
            [0.012, 0.4, 1.34, 9.96, 95.0, 130.0, 8000.0].map(|d| took(s(d))),
            ["12ms", "0.4s", "1.3s", "10s", "95s", "2m", "2h"]
        );
    }

    #[test]
    fn sizes_and_counts_carry_into_the_next_unit() {
        assert_eq!(
            [0, 900, 1023, 1536, 12_288, 6_549_825_126].map(size),
            ["0B", "900B", "1023B", "1.5K", "12K", "6.1G"]
        );
        assert_eq!(size(1024 * 1024 - 1), "1M");
        let counts = [0, 999, 1000, 1900, 9940, 9960, 12_000, 410_000, 99_999_999, 310_000_000];
        assert_eq!(
            counts.map(|n| count(n, Lang::Zh)),
            ["0", "999", "1k", "1.9k", "9.9k", "1万", "1.2万", "41万", "1亿", "3.1亿"]
        );
        assert_eq!(
            counts.map(|n| count(n, Lang::En)),
            ["0", "999", "1k", "1.9k", "9.9k", "10k", "12k", "410k", "100M", "310M"]
        );
        assert_eq!(count(999_600, Lang::En), "1M");
    }

    #[test]
    fn money_and_shares_do_not_lie_at_the_ends() {
        assert_eq!(
            [0.0, 0.001, 0.83, 12.0, 123.4, 12_345.0, -2.5, f64::NAN].map(|y| money(y, Lang::Zh)),
            ["¥0", "<¥0.01", "¥0.83", "¥12.00", "¥123", "¥1.2万", "-¥2.50", "¥?"]
        );
        assert_eq!(
            [0.0, 0.001, 0.89, 0.999, 1.0, 1.2, f32::NAN].map(percent),
            ["0%", "1%", "89%", "99%", "100%", "120%", "?%"]
        );
        assert_eq!(more(12_300, Lang::En, Width::new(1)), "… 12K more");
        assert_eq!(more(12_300, Lang::Zh, Width::new(1)), "… 还有 12K");
    }

    proptest! {
        #[test]
        fn figures_stay_narrow(n: u64, seconds in 0u64..86_400_000, share: f32, yuan in -1e9f64..1e9) {
            let width = Width::new(1);
            for lang in [Lang::Zh, Lang::En] {
                prop_assert!(width.of(&count(n, lang)) <= 12);
                prop_assert!(width.of(&count(n % 100_000_000, lang)) <= 6, "{}", count(n % 100_000_000, lang));
                prop_assert!(width.of(&age(Duration::from_secs(seconds), lang)) <= 6);
                prop_assert!(width.of(&money(yuan, lang)) <= 9, "{}", money(yuan, lang));
            }
            prop_assert!(size(n).len() <= 9);
            prop_assert!(percent(share).len() <= 4);
            prop_assert!(took(Duration::from_secs(seconds)).len() <= 6);
        }
    }
}
