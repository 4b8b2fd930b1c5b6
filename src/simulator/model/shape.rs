//! How the two protocols write an answer (llm.md §1.2, §1.3, §3.1).

use std::time::Duration;

use serde_json::{Value, json};

use super::plan::Plan;

/// Which protocol, and for Ollama which of its two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    OllamaChat,
    OllamaGenerate,
    OpenAi,
}

/// What the last line tells.
pub(super) struct Tally {
    pub prompt_tokens: usize,
    pub answer_tokens: usize,
    pub thought_tokens: usize,
    pub total: Duration,
    pub load: Duration,
    pub first: Duration,
    pub writing: Duration,
}

/// One answer in one protocol.
pub(super) struct Shape<'a> {
    pub protocol: Protocol,
    pub model: &'a str,
    pub id: String,
    pub created: u64,
    /// RFC 3339; one for the whole answer.
    pub created_at: String,
    pub include_usage: bool,
}

impl Shape<'_> {
    pub fn is_openai(&self) -> bool {
        self.protocol == Protocol::OpenAi
    }

    pub fn content_type(&self) -> &'static str {
        if self.is_openai() { "text/event-stream; charset=utf-8" } else { "application/x-ndjson" }
    }

    fn chunk(&self, delta: &str, finish: &str, usage: &str) -> String {
        format!(
            "data: {{\"id\":\"{}\",\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":{},\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]{usage}}}\n\n",
            self.id,
            self.created,
            Value::from(self.model)
        )
    }

    /// OpenAI's first chunk names the role and says nothing.
    pub fn first(&self) -> String {
        if self.is_openai() { self.chunk(r#"{"role":"assistant","content":""}"#, "null", "") } else { String::new() }
    }

    /// One token of text or of thought.
    pub fn token(&self, text: &str, thought: bool) -> String {
        let words = Value::from(text);
        let (model, at) = (Value::from(self.model), &self.created_at);
        match (self.protocol, thought) {
            (Protocol::OpenAi, false) => self.chunk(&format!(r#"{{"content":{words}}}"#), "null", ""),
            (Protocol::OpenAi, true) => {
                self.chunk(&format!(r#"{{"reasoning_content":{words},"content":null}}"#), "null", "")
            }
            (Protocol::OllamaChat, _) => {
                let said = if thought {
                    format!(r#""content":"","thinking":{words}"#)
                } else {
                    format!(r#""content":{words}"#)
                };
                format!(
                    "{{\"model\":{model},\"created_at\":\"{at}\",\"message\":{{\"role\":\"assistant\",{said}}},\"done\":false}}\n"
                )
            }
            (Protocol::OllamaGenerate, _) => {
                let said = if thought {
                    format!(r#""response":"","thinking":{words}"#)
                } else {
                    format!(r#""response":{words}"#)
                };
                format!("{{\"model\":{model},\"created_at\":\"{at}\",{said},\"done\":false}}\n")
            }
        }
    }

    /// The end of a stream.
    pub fn last(&self, finish: &str, tally: &Tally) -> String {
        if !self.is_openai() {
            return format!("{}\n", self.ollama_done("", "", finish, tally));
        }
        let mut out = self.chunk("{}", &Value::from(finish).to_string(), "");
        if self.include_usage {
            let usage = json!({"id": self.id, "object": "chat.completion.chunk", "created": self.created,
                "model": self.model, "choices": [], "usage": usage(tally)});
            out.push_str(&format!("data: {usage}\n\n"));
        }
        out.push_str("data: [DONE]\n\n");
        out
    }

    fn ollama_done(&self, text: &str, thought: &str, finish: &str, tally: &Tally) -> Value {
        let mut out = json!({"model": self.model, "created_at": self.created_at, "done": true, "done_reason": finish});
        if self.protocol == Protocol::OllamaChat {
            out["message"] = json!({"role": "assistant", "content": text});
        } else {
            out["response"] = text.into();
        }
        if !thought.is_empty() {
            let holder = if self.protocol == Protocol::OllamaChat { &mut out["message"] } else { &mut out };
            holder["thinking"] = thought.into();
        }
        let nanos = |d: Duration| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX);
        let metrics = [
            ("total_duration", nanos(tally.total)),
            ("load_duration", nanos(tally.load)),
            ("prompt_eval_count", tally.prompt_tokens as u64),
            ("prompt_eval_duration", nanos(tally.first)),
            ("eval_count", (tally.answer_tokens + tally.thought_tokens) as u64),
            ("eval_duration", nanos(tally.writing)),
        ];
        // Go's omitempty: a zero is absent.
        for (name, value) in metrics.into_iter().filter(|(_, value)| *value > 0) {
            out[name] = value.into();
        }
        out
    }

    /// The whole answer in one body.
    pub fn whole(&self, text: &str, thought: &str, finish: &str, tally: &Tally) -> String {
        if !self.is_openai() {
            return self.ollama_done(text, thought, finish, tally).to_string();
        }
        let mut message = json!({"role": "assistant", "content": text});
        if !thought.is_empty() {
            message["reasoning_content"] = thought.into();
        }
        json!({"id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage(tally)})
        .to_string()
    }

    /// A preload or an unload took place.
    pub fn loaded(&self, reason: &str) -> String {
        let nothing = Tally {
            prompt_tokens: 0,
            answer_tokens: 0,
            thought_tokens: 0,
            total: Duration::ZERO,
            load: Duration::ZERO,
            first: Duration::ZERO,
            writing: Duration::ZERO,
        };
        self.ollama_done("", "", reason, &nothing).to_string()
    }

    /// An error object as a line of the stream.
    pub fn error_line(&self) -> &'static str {
        if self.is_openai() {
            "data: {\"error\":{\"message\":\"upstream failed mid-stream\",\"type\":\"server_error\",\"param\":null,\"code\":502}}\n\n"
        } else {
            "{\"error\":\"an error was encountered while running the model: unexpected EOF\"}\n"
        }
    }

    /// A line that is no JSON.
    pub fn bad_line(&self) -> &'static str {
        if self.is_openai() {
            "data: {\"id\":\"x\",\"choices\":[{\"delta\":{\"con\n\n"
        } else {
            "{\"model\":\"x\",\"message\":{\"role\":\"assis\n"
        }
    }
}

fn usage(tally: &Tally) -> Value {
    let written = tally.answer_tokens + tally.thought_tokens;
    json!({"prompt_tokens": tally.prompt_tokens, "completion_tokens": written,
        "total_tokens": tally.prompt_tokens + written, "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": tally.thought_tokens}})
}

/// Body and extra headers of an error status (llm.md §1.3, §3.1).
pub(super) fn refusal(openai: bool, status: u16, plan: Option<&Plan>, words: Option<&str>) -> (String, String) {
    let (message, kind, code) = match status {
        400 => ("Invalid request", "invalid_request_error", Value::Null),
        401 => ("Incorrect API key provided", "invalid_request_error", "invalid_api_key".into()),
        402 => ("Insufficient Balance", "unknown_error", "invalid_request_error".into()),
        404 => ("The model does not exist", "invalid_request_error", "model_not_found".into()),
        429 => ("Rate limit reached for requests", "rate_limit_error", "rate_limit_exceeded".into()),
        502 => ("Bad gateway", "server_error", Value::Null),
        503 if openai => {
            ("The server is currently overloaded, please try again later", "server_error", "overloaded".into())
        }
        503 => ("server busy, please try again.  maximum pending requests exceeded", "", Value::Null),
        504 => ("Gateway timeout", "server_error", Value::Null),
        _ => ("The server had an error while processing your request", "server_error", "internal_error".into()),
    };
    let message = words.unwrap_or(message);
    let body = if openai {
        json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
    } else {
        json!({"error": message})
    };
    let wait = plan.and_then(|plan| plan.retry_after.as_deref()).filter(|_| matches!(status, 429 | 503));
    (body.to_string(), wait.map(|wait| format!("retry-after: {wait}\r\n")).unwrap_or_default())
}

/// nginx' page for a dead upstream.
pub(super) const NGINX: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n";
