//! From what a server said to what is to be done about it (llm.md §1.3, §3.2). Codes decide before words, words
//! before the status: Zhipu says 429 for arrears, Moonshot 403 for an empty purse, Ollama 500 for our own mistake.

use std::time::Duration;

use serde_json::Value;

use crate::domain::{ProviderError, Redactor};

/// What a refusal is about, before it has its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    RateLimited,
    Overloaded,
    Quota,
    Auth,
    ModelMissing,
    BadRequest,
    ContextTooLong,
    ContentBlocked,
}

/// Vendors' codes and types, in lower case. Numbers: Zhipu has four digits, SiliconFlow five (llm.md §3.2).
const CODES: &[(Sort, &[&str])] = &[
    (
        Sort::Quota,
        &[
            "insufficient_quota",
            "insufficient_balance",
            "insufficient_user_quota",
            "exceeded_current_quota_error",
            "exceeded_current_quota",
            "billing_hard_limit_reached",
            "billing_not_active",
            "arrearage",
            "allocationquota.freetieronly",
            "1113",
            "1304",
            "1308",
            "1309",
            "1310",
            "30001",
        ],
    ),
    (
        Sort::ContentBlocked,
        &[
            "content_filter",
            "contentfilter",
            "content_policy_violation",
            "datainspectionfailed",
            "data_inspection_failed",
            "sensitive",
            "1301",
        ],
    ),
    (Sort::ContextTooLong, &["context_length_exceeded", "exceed_context_size_error", "1261"]),
    (Sort::ModelMissing, &["model_not_found", "modelnotfound", "model_not_exist", "1211", "20012"]),
    (
        Sort::Auth,
        &[
            "invalid_api_key",
            "invalidapikey",
            "authentication_error",
            "invalid_authentication_error",
            "incorrect_api_key_error",
            "account_deactivated",
        ],
    ),
    (
        // `server_error` and the like say less than the number beside them.
        Sort::Overloaded,
        &["engine_overloaded_error", "overloaded_error", "1305"],
    ),
    (
        Sort::RateLimited,
        &["rate_limit_exceeded", "rate_limit_error", "rate_limit_reached_error", "too_many_requests", "1302", "1303"],
    ),
];

/// Words in messages, in lower case, where no code says it.
const WORDS: &[(Sort, &[&str])] = &[
    (
        Sort::Quota,
        &[
            "insufficient balance",
            "balance is insufficient",
            "insufficient quota",
            "insufficient credits",
            "exceeded your current quota",
            "account is in good standing",
            "overdue-payment",
            "余额不足",
            "欠费",
        ],
    ),
    (Sort::Auth, &["invalid api key", "incorrect api key", "invalid token"]),
    (Sort::ContentBlocked, &["inappropriate content", "input was flagged", "requires moderation", "敏感"]),
    (
        Sort::ContextTooLong,
        &[
            "maximum context length",
            "context length",
            "context size",
            "context window",
            "prompt is too long",
            "range of input length",
        ],
    ),
    // Ollama answers 500 for an option of the wrong type: asking again or elsewhere would be as wrong.
    (Sort::BadRequest, &["must be of type"]),
];

/// What a body said.
#[derive(Debug, Default)]
struct Said {
    message: String,
    /// Lower case; of `code` and `type`.
    codes: Vec<String>,
    limit: Option<u32>,
}

impl Said {
    /// From a whole body of whatever kind.
    fn read(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        match serde_json::from_str::<Value>(text) {
            Ok(value) => Self::of(&value, 0),
            Err(_) => Self { message: title(text).unwrap_or(text).to_owned(), ..Self::default() },
        }
    }

    /// From JSON: `{"error": {…} | "…"}` (OpenAI, Ollama), `{"code", "message"}` (SiliconFlow, vLLM),
    /// `{"detail"}`, a bare string, a list of one of these.
    fn of(value: &Value, depth: u8) -> Self {
        match value {
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                // Ollama wraps llama.cpp's error object into a string (llm.md §1.1).
                Ok(inner @ Value::Object(_)) if depth < 3 => Self::of(&inner, depth + 1),
                _ => Self { message: text.clone(), ..Self::default() },
            },
            Value::Array(list) => {
                list.first().filter(|_| depth < 3).map(|v| Self::of(v, depth + 1)).unwrap_or_default()
            }
            Value::Object(object) => {
                if let Some(inner) = object.get("error").filter(|e| !e.is_null() && depth < 3) {
                    let mut said = Self::of(inner, depth + 1);
                    // {"error": "short", "message": "long", "code": …}
                    said.codes.extend(codes(object));
                    return said;
                }
                let word = |key: &str| object.get(key).and_then(Value::as_str);
                let message = word("message").or_else(|| word("msg")).or_else(|| word("detail")).map(String::from);
                let limit = object.get("n_ctx").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
                Self { message: message.unwrap_or_else(|| value.to_string()), codes: codes(object), limit }
            }
            Value::Null => Self::default(),
            other => Self { message: other.to_string(), ..Self::default() },
        }
    }

    fn sort(&self, status: u16) -> Sort {
        let has = |list: &[&str]| self.codes.iter().any(|code| list.contains(&code.as_str()));
        if let Some((sort, _)) = CODES.iter().find(|(_, list)| has(list)) {
            return *sort;
        }
        if self.codes.iter().any(|code| code.starts_with("throttling")) {
            return Sort::RateLimited;
        }
        let words = self.message.to_lowercase();
        if let Some((sort, _)) = WORDS.iter().find(|(_, list)| list.iter().any(|mark| words.contains(mark))) {
            return *sort;
        }
        let missing = ["not found", "not exist"].iter().any(|mark| words.contains(mark));
        match status {
            400 | 404 | 0 if missing && words.contains("model") => Sort::ModelMissing,
            401 | 403 => Sort::Auth,
            402 => Sort::Quota,
            // A path or a method that is not there is a wrong endpoint: as good as no model.
            404 | 405 | 410 => Sort::ModelMissing,
            413 => Sort::ContextTooLong,
            429 => Sort::RateLimited,
            408 | 409 | 425 => Sort::Overloaded,
            400..=499 => Sort::BadRequest,
            _ if self.codes.iter().any(|code| code == "invalid_request_error") => Sort::BadRequest,
            _ => Sort::Overloaded,
        }
    }

    fn into_error(self, sort: Sort, wait: Option<Duration>, words: String) -> ProviderError {
        match sort {
            Sort::RateLimited => ProviderError::RateLimited(wait, words),
            Sort::Overloaded => ProviderError::Overloaded(wait, words),
            Sort::Quota => ProviderError::Quota(words),
            Sort::Auth => ProviderError::Auth(words),
            Sort::ModelMissing => ProviderError::ModelMissing(words),
            Sort::BadRequest => ProviderError::BadRequest(words),
            Sort::ContentBlocked => ProviderError::ContentBlocked(words),
            Sort::ContextTooLong => {
                ProviderError::ContextTooLong { limit: self.limit.or_else(|| limit(&self.message)), words }
            }
        }
    }
}

/// `code` and `type` of an error object. Codes may be numbers (llm.md §3.1).
fn codes(object: &serde_json::Map<String, Value>) -> Vec<String> {
    let word = |key: &str| match object.get(key)? {
        Value::String(word) => Some(word.to_ascii_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    ["code", "type"].into_iter().filter_map(word).collect()
}

/// The real limit where only words tell it: "maximum context length is 8192 tokens", "should be [1, 30720]",
/// "context size (1024 tokens)".
fn limit(message: &str) -> Option<u32> {
    ["maximum context length is", "context size (", "should be [1,", "maximum length is", "limit of"].iter().find_map(
        |mark| {
            let rest = message.split_once(mark)?.1.trim_start();
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..digits].parse().ok()
        },
    )
}

/// The title of an HTML page, which is all of it that is worth showing.
pub fn title(text: &str) -> Option<&str> {
    if !text.trim_start().starts_with('<') {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let begin = lower.find("<title")?;
    let begin = begin + lower[begin..].find('>')? + 1;
    let end = begin + lower[begin..].find("</title")?;
    Some(text[begin..end].trim())
}

/// A response with a status other than 200.
pub fn refused(status: u16, wait: Option<Duration>, body: &[u8], redact: &Redactor) -> ProviderError {
    let said = Said::read(body);
    let words = redact.words(&format!("HTTP {status}: {}", said.message));
    if (300..400).contains(&status) {
        // Never followed: the key would leave its host (threats.md H12).
        return ProviderError::Protocol(redact.words(&format!("HTTP {status}: redirects are not followed")));
    }
    let sort = said.sort(status);
    said.into_error(sort, wait, words)
}

/// An error object inside an answer that began with 200. Some have the status in their code (OpenRouter).
pub fn midway(value: &Value, redact: &Redactor) -> ProviderError {
    let said = Said::of(value, 0);
    let status = said.codes.iter().find_map(|code| code.parse().ok()).filter(|n| (400..600).contains(n)).unwrap_or(0);
    let words = redact.words(&said.message);
    let sort = said.sort(status);
    said.into_error(sort, None, words)
}

/// Something that is not JSON where JSON was due. A page says its title; JSON that merely stops where everything
/// has `ended` was cut off.
pub fn unreadable(error: &serde_json::Error, body: &[u8], ended: bool, redact: &Redactor) -> ProviderError {
    let text = String::from_utf8_lossy(body);
    if let Some(title) = title(&text) {
        return ProviderError::Protocol(redact.words(&format!("a web page: {title}")));
    }
    if ended && error.is_eof() {
        return ProviderError::Truncated;
    }
    ProviderError::Protocol(redact.words(&format!("{error}: {text}")))
}

/// Whether a connection ended before anything of the answer came.
pub fn is_stale(error: &reqwest::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
            return hyper.is_incomplete_message() || hyper.is_canceled() || hyper.is_closed();
        }
        cause = error.source();
    }
    false
}

/// A request that got no response, or a body that broke off.
pub fn transport(error: reqwest::Error, redact: &Redactor) -> ProviderError {
    if error.is_connect() && error.is_timeout() {
        return ProviderError::Timeout(crate::domain::Stage::Connect);
    }
    // The URL may carry a key (threats.md F13).
    let error = error.without_url();
    let mut root: &dyn std::error::Error = &error;
    while let Some(source) = root.source() {
        root = source;
    }
    // The root says it all: "Connection refused", "invalid peer certificate: …".
    ProviderError::Transport(redact.words(&root.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(status: u16, body: &str) -> &'static str {
        refused(status, None, body.as_bytes(), &Redactor::default()).code()
    }

    #[test]
    fn statuses_alone() {
        for (status, want) in [
            (400, "bad_request"),
            (401, "auth"),
            (402, "quota"),
            (403, "auth"),
            (404, "model_missing"),
            (405, "model_missing"),
            (408, "overloaded"),
            (413, "context_too_long"),
            (422, "bad_request"),
            (429, "rate_limited"),
            (500, "overloaded"),
            (502, "overloaded"),
            (503, "overloaded"),
            (504, "overloaded"),
            (529, "overloaded"),
            (302, "protocol"),
        ] {
            assert_eq!(code(status, ""), want, "{status}");
        }
    }

    #[test]
    fn codes_and_words_outrank_the_status() {
        for (status, body, want) in [
            (429, r#"{"error":{"code":"1113","message":"您的账户已欠费"}}"#, "quota"),
            (429, r#"{"error":{"code":"1305","message":"模型过载"}}"#, "overloaded"),
            (429, r#"{"error":{"code":"1302","message":"并发"}}"#, "rate_limited"),
            (400, r#"{"error":{"code":"1301","message":"敏感内容"}}"#, "content_blocked"),
            (400, r#"{"error":{"code":"1261","message":"Prompt 超长"}}"#, "context_too_long"),
            (429, r#"{"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"x"}}"#, "quota"),
            (429, r#"{"error":{"type":"exceeded_current_quota_error","message":"x"}}"#, "quota"),
            (429, r#"{"error":{"type":"engine_overloaded_error","message":"x"}}"#, "overloaded"),
            (
                402,
                r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
                "quota",
            ),
            (403, r#"{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}"#, "quota"),
            (
                400,
                r#"{"code":20012,"message":"Model does not exist. Please check it carefully.","data":null}"#,
                "model_missing",
            ),
            (401, r#""Invalid token""#, "auth"),
            (400, r#"{"error":{"code":"Arrearage","message":"Access denied"}}"#, "quota"),
            (400, r#"{"code":"DataInspectionFailed","message":"x"}"#, "content_blocked"),
            (429, r#"{"error":{"code":"Throttling.RateQuota","message":"x"}}"#, "rate_limited"),
            (403, r#"{"error":{"code":403,"message":"Your input was flagged"}}"#, "content_blocked"),
            (400, r#"[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]"#, "bad_request"),
            (500, r#"{"error":"option \"num_ctx\" must be of type integer"}"#, "bad_request"),
            (503, r#"{"error":"server busy, please try again.  maximum pending requests exceeded"}"#, "overloaded"),
            (400, r#"{"object":"error","message":"The model `x` does not exist.","code":404}"#, "model_missing"),
        ] {
            assert_eq!(code(status, body), want, "{body}");
        }
    }

    #[test]
    fn the_real_limit_is_found() {
        for (body, want) in [
            (
                r#"{"error":{"message":"This model's maximum context length is 8192 tokens.","code":"context_length_exceeded"}}"#,
                8192,
            ),
            (r#"{"error":{"message":"Range of input length should be [1, 30720]"}}"#, 30720),
            (
                r#"{"error":"{\"error\":{\"code\":400,\"message\":\"x\",\"type\":\"exceed_context_size_error\",\"n_ctx\":2048}}"}"#,
                2048,
            ),
        ] {
            let error = refused(400, None, body.as_bytes(), &Redactor::default());
            assert!(matches!(error, ProviderError::ContextTooLong { limit: Some(n), .. } if n == want), "{error:?}");
        }
    }

    #[test]
    fn pages_show_their_title_only() {
        let page = "<html><head><TITLE>502 Bad Gateway</TITLE></head><body>nginx</body></html>";
        let error = refused(502, None, page.as_bytes(), &Redactor::default());
        assert_eq!(error, ProviderError::Overloaded(None, "HTTP 502: 502 Bad Gateway".into()));
    }

    #[test]
    fn errors_midway_are_sorted_by_their_code() {
        for (body, want) in [
            (r#"{"error":{"message":"Provider returned error","code":429}}"#, "rate_limited"),
            (r#"{"error":{"message":"upstream failed","type":"server_error","code":502}}"#, "overloaded"),
            (r#"{"error":"an error was encountered while running the model: unexpected EOF"}"#, "overloaded"),
            (r#"{"object":"error","message":"boom","code":400}"#, "bad_request"),
            (r#"{"error":{"message":"No auth","code":"401"}}"#, "auth"),
        ] {
            let value = serde_json::from_str(body).unwrap();
            assert_eq!(midway(&value, &Redactor::default()).code(), want, "{body}");
        }
    }
}
