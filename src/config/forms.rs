//! How people write quantities: `"1h30m"`, `"16MiB"`, `"6/min burst 3"`. Each form reads back what it shows.

use std::time::Duration;

use super::Rate;

/// Units of time, longest first, with the names that are understood; the first name is the one that is shown.
const UNITS: [(u64, &[&str]); 6] = [
    (7 * 86_400_000, &["w", "week", "weeks"]),
    (86_400_000, &["d", "day", "days"]),
    (3_600_000, &["h", "hour", "hours"]),
    (60_000, &["m", "min", "mins", "minute", "minutes"]),
    (1_000, &["s", "sec", "secs", "second", "seconds"]),
    (1, &["ms"]),
];

/// Units of size. The decimal ones are what a disk's label means.
const SIZES: [(u64, &str); 7] = [
    (1 << 30, "GiB"),
    (1 << 20, "MiB"),
    (1 << 10, "KiB"),
    (1, "B"),
    (1_000_000_000, "GB"),
    (1_000_000, "MB"),
    (1_000, "KB"),
];

/// Reads `"30s"`, `"1h30m"`, `"90d"`, `"300ms"`; `"0"` and `"off"` are zero. Units go from long to short,
/// each once. `None` for anything else, also for what does not fit into 64 bits of milliseconds.
pub fn read_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" || rest == "off" {
        return Some(Duration::ZERO);
    }
    let (mut total, mut longest) = (0u64, usize::MAX);
    while !rest.is_empty() {
        let (count, behind) = number(rest)?;
        let letters = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (name, behind) = behind.split_at(letters);
        let rank = UNITS.iter().rev().position(|(_, names)| names.contains(&name))?;
        if rank >= longest {
            return None;
        }
        longest = rank;
        total = total.checked_add(count.checked_mul(UNITS[UNITS.len() - 1 - rank].0)?)?;
        rest = behind.trim_start();
    }
    (longest != usize::MAX).then(|| Duration::from_millis(total))
}

/// The shortest form that [`read_duration`] reads back; anything below a millisecond is left out.
pub fn show_duration(duration: Duration) -> String {
    let mut left = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if left == 0 {
        return "0s".into();
    }
    let mut shown = String::new();
    // Weeks are understood but not shown: "90d" reads better than "12w6d".
    for (unit, names) in &UNITS[1..] {
        if left >= *unit {
            shown.push_str(&format!("{}{}", left / unit, names[0]));
            left %= unit;
        }
    }
    shown
}

/// Reads `"16MiB"`, `"512B"`, `"1 GB"`, and a plain number of bytes.
pub fn read_size(text: &str) -> Option<u64> {
    let (count, unit) = number(text.trim())?;
    let unit = unit.trim();
    if unit.is_empty() {
        return Some(count);
    }
    let (bytes, _) = SIZES.iter().find(|(_, name)| name.eq_ignore_ascii_case(unit))?;
    count.checked_mul(*bytes)
}

/// The shortest form that [`read_size`] reads back.
pub fn show_size(bytes: u64) -> String {
    let (unit, name) =
        SIZES[..4].iter().find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit)).unwrap_or(&(1, "B"));
    format!("{}{name}", bytes / unit)
}

/// Reads `"6/min"`, `"6/min burst 3"`, `"5/10s"`; `"0"` and `"off"` are no limit.
pub fn read_rate(text: &str) -> Option<Rate> {
    let text = text.trim();
    if text == "0" || text == "off" {
        return Some(Rate { count: 0, per: Duration::from_secs(1), burst: 1 });
    }
    let (rate, burst) = match text.split_once("burst") {
        Some((rate, burst)) => (rate, Some(burst.trim().parse().ok().filter(|n| *n > 0)?)),
        None => (text, None),
    };
    let (count, per) = rate.split_once('/')?;
    let count: u32 = count.trim().parse().ok().filter(|n| *n > 0)?;
    let per = per.trim();
    let one = UNITS.iter().find(|(_, names)| names.contains(&per)).map(|(unit, _)| Duration::from_millis(*unit));
    let per = one.or_else(|| read_duration(per)).filter(|d| !d.is_zero())?;
    let rate = Rate::new(count, per);
    Some(burst.map_or(rate, |burst| rate.burst(burst)))
}

/// The form that [`read_rate`] reads back.
pub fn show_rate(rate: Rate) -> String {
    if rate.count == 0 {
        return "off".into();
    }
    let unit = UNITS.iter().find(|(unit, _)| rate.per == Duration::from_millis(*unit));
    let per = match unit {
        Some((60_000, _)) => "min".into(),
        Some((_, names)) => names[0].to_owned(),
        None => show_duration(rate.per),
    };
    let burst = if rate.burst == rate.count { String::new() } else { format!(" burst {}", rate.burst) };
    format!("{}/{per}{burst}", rate.count)
}

/// The pieces of a list that was written as one string: `"a, b"`, with Chinese commas too.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '，', '、', '\n']).map(str::trim).filter(|piece| !piece.is_empty())
}

/// The digits at the start and what stands behind them, blanks skipped.
fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, behind) = text.split_at(digits);
    Some((digits.parse().ok()?, behind.trim_start()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let ms = |n| Some(Duration::from_millis(n));
        for (text, expected) in [
            ("30s", ms(30_000)),
            ("1h30m", ms(5_400_000)),
            ("1h 30m", ms(5_400_000)),
            ("90d", ms(90 * 86_400_000)),
            ("300ms", ms(300)),
            ("1m500ms", ms(60_500)),
            ("2 weeks", ms(14 * 86_400_000)),
            ("0", ms(0)),
            ("0s", ms(0)),
            ("off", ms(0)),
        ] {
            assert_eq!(read_duration(text), expected, "{text}");
        }
        for bad in
            ["", " ", "30", "s", "-1s", "1.5h", "1x", "30s1h", "1s1s", "99999999999999999999s", "300000000000d", "1h30"]
        {
            assert_eq!(read_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, expected) in [
            ("16MiB", Some(16 << 20)),
            ("1 gib", Some(1 << 30)),
            ("2MB", Some(2_000_000)),
            ("512B", Some(512)),
            ("512", Some(512)),
            ("16Mi", None),
            ("MiB", None),
            ("-1B", None),
            ("99999999999GiB", None),
            ("", None),
        ] {
            assert_eq!(read_size(text), expected, "{text}");
        }
    }

    #[test]
    fn rates_are_read_as_people_write_them() {
        let minute = Duration::from_secs(60);
        for (text, expected) in [
            ("6/min", Rate::new(6, minute)),
            ("6 / m", Rate::new(6, minute)),
            ("6/min burst 3", Rate::new(6, minute).burst(3)),
            ("10/s", Rate::new(10, Duration::from_secs(1))),
            ("5/10s", Rate::new(5, Duration::from_secs(10))),
            ("0", Rate { count: 0, per: Duration::from_secs(1), burst: 1 }),
            ("off", Rate { count: 0, per: Duration::from_secs(1), burst: 1 }),
        ] {
            assert_eq!(read_rate(text), Some(expected), "{text}");
        }
        for bad in
            ["", "6", "6/", "/min", "0/min", "6/min burst", "6/min burst 0", "6/fortnight", "6/0s", "-6/min", "6/min 3"]
        {
            assert_eq!(read_rate(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(millis in 0..=u64::MAX, bytes in any::<u64>(), count in 1..u32::MAX, per in 1..u64::MAX, burst in 1..u32::MAX) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(read_duration(&show_duration(duration)), Some(duration));
            prop_assert_eq!(read_size(&show_size(bytes)), Some(bytes));
            let rate = Rate::new(count, Duration::from_millis(per)).burst(burst);
            prop_assert_eq!(read_rate(&show_rate(rate)), Some(rate));
        }

        #[test]
        fn no_text_is_too_odd(text in any::<String>(), like in "[0-9smhd/ .bursMiGB-]{0,16}") {
            for text in [text, like] {
                let _ = (read_duration(&text), read_size(&text), read_rate(&text), pieces(&text).count());
            }
        }
    }
}
