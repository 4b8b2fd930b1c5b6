//! What goes wrong at model servers, for operators. Chats are only ever told that it failed.

use super::{Lang, one_line, quoted, span};
use crate::domain::{ProviderError, ProviderState, Residency, Stage, TurnRole};

/// A provider's failure with the server's own words, quoted.
pub fn provider_error(error: &ProviderError, lang: Lang) -> String {
    match error {
        ProviderError::RateLimited(wait, words) => {
            let (wait, words) = (waiting(*wait, lang), behind(words, lang));
            say!(lang, "请求太频繁{wait}{words}", "too many requests{wait}{words}")
        }
        ProviderError::Overloaded(wait, words) => {
            let (wait, words) = (waiting(*wait, lang), behind(words, lang));
            say!(lang, "服务繁忙{wait}{words}", "the server is overloaded{wait}{words}")
        }
        ProviderError::Quota(words) => {
            let words = behind(words, lang);
            say!(lang, "余额不足或套餐用完{words}", "out of money or quota{words}")
        }
        ProviderError::Auth(words) => {
            let words = behind(words, lang);
            say!(lang, "密钥被拒绝{words}", "the key was refused{words}")
        }
        ProviderError::ModelMissing(words) => {
            let words = behind(words, lang);
            say!(lang, "没有这个模型{words}", "there is no such model{words}")
        }
        ProviderError::BadRequest(words) => {
            let words = behind(words, lang);
            say!(lang, "服务不接受这个请求{words}", "the request was not accepted{words}")
        }
        ProviderError::ContextTooLong { limit: None, words } => {
            let words = behind(words, lang);
            say!(lang, "上下文太长{words}", "the context is too long{words}")
        }
        ProviderError::ContextTooLong { limit: Some(limit), words } => {
            let words = behind(words, lang);
            say!(
                lang,
                "上下文太长，最多 {limit} token{words}",
                "the context is too long, {limit} tokens at most{words}"
            )
        }
        ProviderError::ContentBlocked(words) => {
            let words = behind(words, lang);
            say!(lang, "内容审查没通过{words}", "the vendor's content check refused{words}")
        }
        ProviderError::Transport(words) => {
            let words = behind(words, lang);
            say!(lang, "连不上或连接断了{words}", "the connection failed{words}")
        }
        ProviderError::Timeout(at) => {
            let stage = stage(*at, lang);
            say!(lang, "超时：{stage}", "timed out while {stage}")
        }
        ProviderError::Truncated => say!(lang, "回答中途断了", "the answer broke off"),
        ProviderError::Empty => say!(lang, "回答是空的", "the answer was empty"),
        ProviderError::Protocol(words) => {
            let words = behind(words, lang);
            say!(lang, "看不懂服务的回应{words}", "the server's answer is unreadable{words}")
        }
        ProviderError::Cancelled => say!(lang, "已取消", "cancelled"),
        ProviderError::Internal(words) => {
            let words = behind(words, lang);
            say!(lang, "程序内部出错{words}", "an internal error{words}")
        }
    }
}

/// A provider's failure as the snapshot and the log word it, for whoever reads it; what is no sentence of ours stands as
/// it is.
pub fn provider_said(said: &str, lang: Lang) -> String {
    worded(said).map_or_else(|| one_line(said, 300), |error| provider_error(&error, lang))
}

/// The failure that is worded so. How long the server wanted to be left alone and what it takes are not in the words.
fn worded(said: &str) -> Option<ProviderError> {
    let stages = [Stage::Connect, Stage::FirstToken, Stage::Idle, Stage::Total].map(ProviderError::Timeout);
    let bare = [ProviderError::Truncated, ProviderError::Empty, ProviderError::Cancelled].into_iter().chain(stages);
    if let Some(error) = bare.into_iter().find(|error| error.to_string() == said) {
        return Some(error);
    }
    let (head, words) = said.split_once(": ")?;
    let words = words.to_owned();
    Some(match head {
        "rate limited" => ProviderError::RateLimited(None, words),
        "overloaded" => ProviderError::Overloaded(None, words),
        "out of quota or balance" => ProviderError::Quota(words),
        "key refused" => ProviderError::Auth(words),
        "no such model" => ProviderError::ModelMissing(words),
        "bad request" => ProviderError::BadRequest(words),
        "context too long" => ProviderError::ContextTooLong { limit: None, words },
        "content blocked" => ProviderError::ContentBlocked(words),
        "connection" => ProviderError::Transport(words),
        "unreadable answer" => ProviderError::Protocol(words),
        "internal" => ProviderError::Internal(words),
        _ => return None,
    })
}

/// ", again in 5 s", where the server said.
fn waiting(wait: Option<std::time::Duration>, lang: Lang) -> String {
    match wait {
        None => String::new(),
        Some(wait) => {
            let wait = span(wait, lang);
            say!(lang, "，{wait}后再试", ", again in {wait}")
        }
    }
}

/// The server's own words behind ours.
pub(super) fn behind(words: &str, lang: Lang) -> String {
    let words = quoted(words);
    if words.is_empty() { words } else { say!(lang, "（{words}）", " ({words})") }
}

/// What was being waited for when a timer ran out.
pub fn stage(stage: Stage, lang: Lang) -> String {
    match stage {
        Stage::Connect => say!(lang, "连接", "connecting"),
        Stage::FirstToken => say!(lang, "等第一个字", "waiting for the first token"),
        Stage::Idle => say!(lang, "等下一段", "waiting for more"),
        Stage::Total => say!(lang, "整个回答", "answering"),
    }
}

/// Who speaks in a turn.
pub fn turn_role(role: TurnRole, lang: Lang) -> String {
    match role {
        TurnRole::System => say!(lang, "人设", "system"),
        TurnRole::User => say!(lang, "对方", "user"),
        TurnRole::Assistant => say!(lang, "机器人", "assistant"),
    }
}

/// Where a model lies, as `ollama ps` says it: on the card, in memory, or split between the two.
pub fn residency(resident: &Residency, lang: Lang) -> String {
    let (size, on_card) = (resident.size.max(1), resident.size_vram);
    if on_card >= size {
        return say!(lang, "全在显存", "100% GPU");
    }
    if on_card == 0 {
        return say!(lang, "全在内存", "100% CPU");
    }
    // What is split is never shown as whole.
    let card = ((on_card as f64 / size as f64 * 100.0).round() as u64).clamp(1, 99);
    let rest = 100 - card;
    say!(lang, "显存 {card}% 内存 {rest}%", "{rest}%/{card}% CPU/GPU")
}

/// How a provider stands.
pub fn provider_state(state: ProviderState, lang: Lang) -> String {
    match state {
        ProviderState::Ready => say!(lang, "正常", "ready"),
        ProviderState::Open => say!(lang, "暂歇", "resting"),
        ProviderState::Probing => say!(lang, "试探中", "on trial"),
        ProviderState::Aside => say!(lang, "搁置", "set aside"),
        ProviderState::Off => say!(lang, "已关闭", "off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each failure, so that a new one cannot be forgotten here.
    fn each(words: &str) -> Vec<ProviderError> {
        use ProviderError::*;
        let w = || words.to_owned();
        let all = vec![
            RateLimited(None, w()),
            Overloaded(None, w()),
            Quota(w()),
            Auth(w()),
            ModelMissing(w()),
            BadRequest(w()),
            ContextTooLong { limit: None, words: w() },
            ContentBlocked(w()),
            Transport(w()),
            Timeout(Stage::Connect),
            Timeout(Stage::FirstToken),
            Timeout(Stage::Idle),
            Timeout(Stage::Total),
            Truncated,
            Empty,
            Protocol(w()),
            Cancelled,
            Internal(w()),
        ];
        for error in &all {
            match error {
                RateLimited(..) | Overloaded(..) | Quota(_) | Auth(_) | ModelMissing(_) | BadRequest(_) => {}
                ContextTooLong { .. } | ContentBlocked(_) | Transport(_) | Timeout(_) | Truncated | Empty => {}
                Protocol(_) | Cancelled | Internal(_) => {}
            }
        }
        all
    }

    #[test]
    fn what_the_snapshot_says_of_a_failure_is_said_in_the_readers_language() {
        for words in ["", "HTTP 402: Insufficient Balance", "a: b"] {
            for error in each(words) {
                for lang in [Lang::Zh, Lang::En] {
                    assert_eq!(provider_said(&error.to_string(), lang), provider_error(&error, lang));
                }
            }
        }
        let quota = ProviderError::Quota("HTTP 402".into()).to_string();
        assert_eq!(provider_said(&quota, Lang::Zh), "余额不足或套餐用完（HTTP 402）");
        assert_eq!(provider_said("余额不足", Lang::En), "余额不足");
    }

    #[test]
    fn a_model_lies_where_ollama_says() {
        let of = |size, size_vram| Residency { loaded: true, size, size_vram, expires: None, context: None };
        for (size, card, words) in [
            (100, 100, "100% GPU"),
            (100, 0, "100% CPU"),
            (100, 59, "41%/59% CPU/GPU"),
            (1000, 999, "1%/99% CPU/GPU"),
            (1000, 1, "99%/1% CPU/GPU"),
            (100, 120, "100% GPU"),
        ] {
            assert_eq!(residency(&of(size, card), Lang::En), words);
        }
        assert_eq!(residency(&of(100, 59), Lang::Zh), "显存 59% 内存 41%");
    }
}
