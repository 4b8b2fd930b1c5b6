//! Reads the answers of `/api/chat`: one JSON object a line (llm.md §1.2), or one in all.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Finish, ProviderError, Redactor};
use crate::provider::answer::{Growing, count};
use crate::provider::error;
use crate::provider::json::Words;
use crate::provider::lines::Lines;

/// One line. Go leaves every zero out, so every metric may be absent; durations are nanoseconds.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(default)]
    done: bool,
    #[serde(borrow, default)]
    done_reason: Words<'a>,
    #[serde(default)]
    error: Option<Value>,
    load_duration: Option<u64>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    eval_duration: Option<u64>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Words<'a>,
    #[serde(borrow, default)]
    thinking: Words<'a>,
}

/// Reads one answer.
#[derive(Debug, Default)]
pub struct Reader {
    lines: Lines,
}

impl Reader {
    /// Takes the next chunk of the body.
    pub fn feed(&mut self, chunk: Bytes, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
        let overflow = |error: crate::provider::lines::Overflow| ProviderError::Protocol(error.to_string());
        self.lines.push(chunk).map_err(overflow)?;
        while !answer.done
            && let Some(bytes) = self.lines.next().map_err(overflow)?
        {
            line(&bytes, false, answer, redact)?;
        }
        Ok(())
    }

    /// The body has ended. A last line without its line feed counts: a whole body is one.
    pub fn end(&mut self, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
        match self.lines.finish() {
            Some(bytes) if !answer.done => line(&bytes, true, answer, redact),
            _ => Ok(()),
        }
    }
}

fn line(bytes: &[u8], ended: bool, answer: &mut Growing, redact: &Redactor) -> Result<(), ProviderError> {
    if bytes.trim_ascii().is_empty() {
        return Ok(());
    }
    let line: Line<'_> = serde_json::from_slice(bytes).map_err(|e| error::unreadable(&e, bytes, ended, redact))?;
    if let Some(error) = line.error {
        return Err(error::midway(&error, redact));
    }
    if let Some(message) = line.message {
        answer.reasoning(&message.thinking);
        answer.content(&message.content);
    }
    if line.done {
        answer.done = true;
        answer.finish = Some(match &*line.done_reason {
            "stop" | "" => Finish::Stop,
            "length" => Finish::Length,
            _ => Finish::Other,
        });
        answer.load = line.load_duration.map(Duration::from_nanos);
        answer.tokens.input = line.prompt_eval_count.map(count);
        answer.tokens.output = line.eval_count.map(count);
        answer.measured(line.eval_count.unwrap_or(0), line.eval_duration.unwrap_or(0) as f64 / 1e9);
    }
    Ok(())
}
