//! What one answer will be: words, pace and failure, from the question, its directives and the settings.

use std::str::FromStr;
use std::time::Duration;

use super::canned;
use super::{Answers, Fault, ModelSettings};

/// One answer before it is given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub text: String,
    pub think: String,
    /// What fails, and after how many tokens of a stream.
    pub fault: Option<(Fault, usize)>,
    pub first_token: Duration,
    /// 0: no pauses.
    pub tokens_per_second: f64,
    pub finish: Option<String>,
    pub retry_after: Option<String>,
    /// Cut each write inside a character.
    pub split: bool,
}

/// What is known of the question.
pub(super) struct Question<'a> {
    /// The last user message, directives and all.
    pub last: &'a str,
    pub seq: u64,
    pub messages: usize,
    /// Over everything but the last user message.
    pub history: u32,
    /// How often this very text was asked before.
    pub attempt: u32,
}

/// `[[key=value]]`, several allowed, `;` separates inside one pair of brackets. Returns them and the text without.
fn directives(text: &str) -> (Vec<(&str, &str)>, String) {
    let (mut found, mut clean, mut rest) = (Vec::new(), String::new(), text);
    while let Some(start) = rest.find("[[") {
        let Some(length) = rest[start..].find("]]") else { break };
        clean.push_str(&rest[..start]);
        let inner = &rest[start + 2..start + length];
        found.extend(inner.split(';').map(|pair| pair.split_once('=').unwrap_or((pair, "1"))));
        rest = &rest[start + length + 2..];
    }
    clean.push_str(rest);
    let found = found.into_iter().map(|(key, value)| (key.trim(), value.trim())).collect();
    (found, clean.trim().to_owned())
}

impl Plan {
    pub fn new(settings: &ModelSettings, question: &Question<'_>) -> Self {
        let (given, clean) = directives(question.last);
        let get = |key: &str| given.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let body = get("reply").unwrap_or(&clean);
        let mut text = match &settings.answers {
            Answers::Echo if get("raw").is_some() => body.to_owned(),
            Answers::Echo => format!(
                "[{} seq={} msgs={} hist={:08x}] {body}",
                settings.name, question.seq, question.messages, question.history
            ),
            Answers::Canned => get("reply").map_or_else(|| canned::answer(&clean, question.seq), str::to_owned),
        };
        if let Some(size) = number::<usize>(get("size")) {
            text.push(' ');
            while text.chars().count() < size {
                text.push_str("长文本测试 lorem ipsum. ");
            }
            text = text.chars().take(size).collect();
        }
        let words = number::<usize>(get("think_words")).unwrap_or(0);
        let think = get("think").map_or_else(|| (0..words).map(|n| format!("step{n} ")).collect(), str::to_owned);
        let fault = Self::fault(settings, question, get("fail"), get("failn"));
        let mut first_token = number(get("ttft")).map_or(settings.first_token, seconds);
        if matches!(fault, Some((Fault::Slow, _))) {
            first_token = settings.slow_first;
        }
        Self {
            text,
            think,
            fault,
            first_token,
            tokens_per_second: number(get("tps")).unwrap_or(settings.tokens_per_second),
            finish: get("finish").map(str::to_owned),
            retry_after: match get("retry_after") {
                Some("none") => None,
                Some(value) => Some(value.to_owned()),
                None => settings.retry_after.map(|after| after.as_secs().to_string()),
            },
            split: get("split").is_some(),
        }
    }

    fn fault(
        settings: &ModelSettings,
        question: &Question<'_>,
        fail: Option<&str>,
        failn: Option<&str>,
    ) -> Option<(Fault, usize)> {
        if let Some(fail) = fail {
            return located(fail);
        }
        if let Some((attempts, fail)) = failn.and_then(|failn| failn.split_once(':')) {
            return located(fail).filter(|_| attempts.parse().is_ok_and(|n: u32| question.attempt < n));
        }
        let mix = &settings.faults;
        if mix.rate <= 0.0 || mix.kinds.is_empty() {
            return None;
        }
        // Fate hangs on the text and the attempt, not on the order of arrival.
        let seed = hash(question.last.as_bytes(), settings.seed ^ u64::from(question.attempt));
        let mut rng = fastrand::Rng::with_seed(seed);
        if rng.f64() >= mix.rate {
            return None;
        }
        let kind = mix.kinds[rng.usize(..mix.kinds.len())];
        Some((kind, if kind.is_status() { 0 } else { rng.usize(1..=8) }))
    }
}

fn located(fail: &str) -> Option<(Fault, usize)> {
    let (kind, at) = fail.split_once('@').unwrap_or((fail, "0"));
    Some((kind.parse().ok()?, at.parse().unwrap_or(0)))
}

fn number<T: FromStr>(words: Option<&str>) -> Option<T> {
    words?.parse().ok()
}

fn seconds(n: f64) -> Duration {
    Duration::try_from_secs_f64(n).unwrap_or_default()
}

/// FNV-1a.
pub(super) fn hash(bytes: &[u8], seed: u64) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325 ^ seed, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

/// A text in tokens as a model would emit them: one Chinese character, or up to four others with the blank before.
pub(super) fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut run) = (0, 0);
    for (at, c) in text.char_indices() {
        let wide = c >= '\u{2e80}';
        let breaks = at > start && (wide || run >= 4 || (c.is_whitespace() && run > 0));
        if breaks {
            out.push(&text[start..at]);
            (start, run) = (at, 0);
        }
        run = if wide { usize::MAX } else { run + usize::from(!c.is_whitespace()) };
    }
    if start < text.len() {
        out.push(&text[start..]);
    }
    out
}

/// A text in so many pieces of about equal length, on character borders; fewer where it is too short.
pub(super) fn pieces(text: &str, count: usize) -> Vec<&str> {
    let count = count.max(1);
    let mut out = Vec::with_capacity(count);
    let mut start = 0;
    for n in 1..=count {
        let mut end = text.len() * n / count;
        while !text.is_char_boundary(end) {
            end += 1;
        }
        if end > start {
            out.push(&text[start..end]);
            start = end;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(settings: &ModelSettings, last: &str, attempt: u32) -> Plan {
        Plan::new(settings, &Question { last, seq: 7, messages: 3, history: 0xab, attempt })
    }

    #[test]
    fn the_echo_is_tagged() {
        assert_eq!(
            plan(&ModelSettings::instant("A"), "你好 T1-2-00ff", 0).text,
            "[A seq=7 msgs=3 hist=000000ab] 你好 T1-2-00ff"
        );
    }

    #[test]
    fn directives_are_obeyed_and_left_out() {
        let settings = ModelSettings::instant("A");
        let plan = plan(&settings, "[[ttft=2;tps=5]] 你好 [[fail=429@3]][[retry_after=7]]", 0);
        assert!(plan.text.ends_with("] 你好"), "{}", plan.text);
        assert_eq!((plan.first_token, plan.tokens_per_second), (Duration::from_secs(2), 5.0));
        assert_eq!((plan.fault, plan.retry_after.as_deref()), (Some((Fault::Status(429), 3)), Some("7")));
    }

    #[test]
    fn only_the_first_attempts_fail() {
        let settings = ModelSettings::instant("A");
        assert!(plan(&settings, "[[failn=2:500]] x", 1).fault.is_some());
        assert!(plan(&settings, "[[failn=2:500]] x", 2).fault.is_none());
    }

    #[test]
    fn fate_hangs_on_seed_text_and_attempt() {
        let mut settings = ModelSettings::instant("A");
        settings.faults = FaultMix { rate: 0.5, kinds: vec![Fault::Reset, Fault::Status(500)] };
        let all: Vec<_> = (0..200).map(|n| plan(&settings, &format!("q{n}"), 0).fault).collect();
        assert_eq!(all, (0..200).map(|n| plan(&settings, &format!("q{n}"), 0).fault).collect::<Vec<_>>());
        let failed = all.iter().flatten().count();
        assert!((60..140).contains(&failed), "{failed}");
    }

    use super::super::FaultMix;

    #[test]
    fn cut_and_joined_a_text_is_the_same() {
        for text in ["", "a", "你好，world! 1234567 ok\n\n完。👨‍👩‍👧‍👦 x"] {
            assert_eq!(tokens(text).concat(), text);
            for count in 1..20 {
                assert_eq!(pieces(text, count).concat(), text);
                assert!(pieces(text, count).len() <= count);
            }
        }
        assert_eq!(tokens("你好 world"), ["你", "好", " worl", "d"]);
    }
}
