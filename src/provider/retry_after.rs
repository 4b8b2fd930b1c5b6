//! How long a server asks us to wait.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The longest wait that is believed (design §9, threats.md H05).
const CAP: Duration = Duration::from_secs(120);

/// Reads `Retry-After`: seconds, also with a fraction, or a date, measured by the server's own `Date` where it
/// sent one. Absurd times are cut to 120 s; negative ones and nonsense are no wait.
pub fn read(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<f64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = |text: &str| DateTimeParser::new().parse_timestamp(text).ok();
            let theirs = headers.get(DATE).and_then(|value| date(value.to_str().ok()?));
            (date(text)?.as_millisecond() - theirs.unwrap_or(now).as_millisecond()) as f64 / 1000.0
        }
    };
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(CAP.as_secs_f64())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(text: &str, date: Option<&str>) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        // 1994-11-06 08:49:37 UTC
        read(&headers, Timestamp::from_second(784_111_777).unwrap()).map(|wait| wait.as_millis() as u64)
    }

    #[test]
    fn seconds_dates_and_nonsense() {
        assert_eq!(wait("7", None), Some(7000));
        assert_eq!(wait(" 1.5 ", None), Some(1500));
        assert_eq!(wait("1000000000", None), Some(120_000));
        assert_eq!(wait("inf", None), Some(120_000));
        assert_eq!(wait("-5", None), None);
        assert_eq!(wait("NaN", None), None);
        assert_eq!(wait("soon", None), None);
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT", None), Some(10_000));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:00 GMT", None), None);
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:47 GMT", Some("Sun, 06 Nov 1994 08:49:45 GMT")), Some(2000));
        assert_eq!(read(&HeaderMap::new(), Timestamp::UNIX_EPOCH), None);
    }
}
