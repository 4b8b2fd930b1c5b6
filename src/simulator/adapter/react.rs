//! From one frame of the application to the answer: faults, the action, who hears of it, and the envelope.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::actions::{self, Desk, Fate, Outcome, Refusal};
use super::{AdapterFaults, SENT_KEPT, Sent, Shared};
use crate::simulator::dialect::MissingEcho;
use crate::simulator::{Dialect, lock, segment};

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(default, borrow)]
    action: Option<Cow<'a, str>>,
    #[serde(default)]
    params: Value,
    #[serde(default, borrow)]
    echo: Option<&'a RawValue>,
    #[serde(default)]
    post_type: Option<Value>,
    #[serde(default)]
    retcode: Option<Value>,
}

/// An answer and when it is due.
pub(super) struct Reaction {
    pub answer: Option<String>,
    pub after: Duration,
}

impl Shared {
    fn fate(&self, faults: &AdapterFaults) -> Fate {
        let shares = [faults.refuse, faults.late_delivered, faults.late_lost];
        if shares.iter().all(|share| *share <= 0.0) {
            return Fate::Good;
        }
        let draw = lock(&self.chance).f64();
        if draw < shares[0] {
            Fate::Refused
        } else if draw < shares[0] + shares[1] {
            Fate::LateDelivered
        } else if draw < shares.iter().sum() {
            Fate::LateLost
        } else {
            Fate::Good
        }
    }

    /// Carries out one frame of the application.
    pub fn react(&self, frame: &str) -> Reaction {
        let heard = Instant::now();
        let silence = Reaction { answer: None, after: Duration::ZERO };
        let Ok(request) = serde_json::from_str::<Request>(frame) else {
            self.count("bad_json", 1);
            let answer =
                self.envelope(None, &Err(Refusal { retcode: 1400, words: "json解析失败,请检查数据格式".into() }));
            let speaks = self.settings.dialect != Dialect::Lagrange;
            return Reaction { answer: speaks.then_some(answer), ..silence };
        };
        if request.action.is_none() && (request.post_type.is_some() || request.retcode.is_some()) {
            // Our own frame coming back: answering it would loop for ever, as it does with real adapters.
            self.count("own_frames_echoed", 1);
            return silence;
        }
        let action = request.action.as_deref().unwrap_or_default();
        let known = actions::KNOWN.iter().find(|known| **known == action);
        self.count(known.copied().unwrap_or("unknown_action"), 1);
        let faults = self.faults.borrow();
        let sends = action.starts_with("send_");
        let fate = if sends { self.fate(&faults) } else { Fate::Good };
        if fate != Fate::Good {
            self.count("failures", 1);
        }
        let outcome = Desk {
            dialect: self.settings.dialect,
            account: &mut lock(&self.account),
            faults: &faults,
            report_self: self.settings.report_self,
            fate,
        }
        .answer(action, &request.params);
        let withheld = self.chance(faults.no_response);
        let (least, most) = faults.response_delay;
        drop(faults);
        let mut after = outcome.after + least;
        if most > least {
            after += (most - least).mul_f64(lock(&self.chance).f64());
        }
        let answer = self.conclude(request.echo, outcome, heard);
        if withheld {
            self.count("responses_withheld", 1);
            return silence;
        }
        Reaction { answer: Some(answer), after }
    }

    fn conclude(&self, echo: Option<&RawValue>, outcome: Outcome, heard: Instant) -> String {
        for event in &outcome.events {
            self.emit_soon(event);
        }
        if let Some((peer, segments)) = outcome.delivered {
            let text = segment::plain(&segments);
            if let Some(judge) = lock(&self.judge).as_ref() {
                judge.heard(self.self_id, peer, &segments, &text, heard);
            }
            let mut sent = lock(&self.sent);
            if sent.len() == SENT_KEPT {
                sent.pop_front();
            }
            sent.push_back(Sent { peer, segments, text });
        }
        self.envelope(echo, &outcome.result)
    }

    /// The response frame; fields differ by adapter (onebot.md §4).
    fn envelope(&self, echo: Option<&RawValue>, result: &Result<String, Refusal>) -> String {
        let dialect = self.settings.dialect;
        let (status, retcode, data, words) = match result {
            Ok(data) => ("ok", 0, data.as_str(), ""),
            Err(refusal) => ("failed", refusal.retcode, "null", refusal.words.as_str()),
        };
        let mut out = format!(r#"{{"status":"{status}","retcode":{retcode},"data":{data}"#);
        let words = Value::from(words);
        match dialect {
            Dialect::Napcat | Dialect::Llonebot => out.push_str(&format!(r#","message":{words},"wording":{words}"#)),
            Dialect::Gocqhttp if result.is_err() => {
                out.push_str(&format!(r#","msg":"SEND_MSG_API_ERROR","wording":{words},"message":{words}"#));
            }
            Dialect::Gocqhttp => out.push_str(r#","message":"""#),
            Dialect::Lagrange => {}
        }
        match (echo, dialect.missing_echo()) {
            (Some(echo), _) => out.push_str(&format!(r#","echo":{}"#, echo.get())),
            (None, MissingEcho::Empty) => out.push_str(r#","echo":"""#),
            (None, MissingEcho::Null) => out.push_str(r#","echo":null"#),
            (None, MissingEcho::Absent) => {}
        }
        if dialect == Dialect::Napcat {
            out.push_str(r#","stream":"normal-action""#);
        }
        out.push('}');
        out
    }
}
