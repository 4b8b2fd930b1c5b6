//! Rows for tests.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::*;

/// A group of account 10001.
pub(super) fn group(n: i64) -> ConversationId {
    ConversationId { account: SelfId(10_001), peer: Peer::Group(GroupId(n)) }
}

/// A line that somebody said in a group, to be answered.
pub(super) fn heard(seq: u64, chat: i64, text: &str) -> Line {
    Line {
        seq: Seq(seq),
        conversation: group(chat),
        at: Wall(1_700_000_000_000 + seq as i64),
        author: Author::Person { id: UserId(7), name: "小明".into() },
        text: text.into(),
        message: Some(MessageId(-(seq as i64))),
        others: Vec::new(),
        answers: None,
        pictures: Vec::new(),
        verdict: Some(Verdict::reply(Gate::Trigger, Reason::Mentioned)),
        outcome: None,
        delivery: None,
        making: None,
        recalled: false,
    }
}

/// What the bot answers to it.
pub(super) fn said(seq: u64, to: &Line, text: &str) -> Line {
    Line {
        seq: Seq(seq),
        author: Author::Bot,
        text: text.into(),
        message: None,
        others: Vec::new(),
        answers: Some(to.seq),
        verdict: None,
        delivery: Some(PartState::Generated),
        making: Some(Arc::new(Making {
            provider: "local".into(),
            model: "qwen3:8b".into(),
            queued: Duration::from_millis(1),
            total: Duration::from_millis(900),
            ..Making::default()
        })),
        ..to.clone()
    }
}

/// A part of a line of ours.
pub(super) fn part(id: u64, line: &Line, index: u16, state: PartState) -> Part {
    Part {
        id: PartId(id),
        line: line.seq,
        index,
        conversation: line.conversation,
        action: Action::Send {
            peer: line.conversation.peer,
            temp_group: None,
            segments: vec![OutSegment::Text(line.text.raw().to_owned())],
        },
        ready: line.at,
        state,
    }
}

/// Books of a group for day 100.
pub(super) fn usage(chat: i64) -> Usage {
    Usage {
        day: 100,
        provider: "local".into(),
        conversation: group(chat),
        user: UserId(7),
        asks: 1,
        input: 100,
        cached: 10,
        output: 20,
        cost: 0.5,
    }
}

/// As the engine hands over a line heard: its key is not the adapter's id, but made of it.
pub(super) fn hear(line: &Line) -> Row {
    Row::Heard { dedupe: line.message.map_or(0, |m| m.0 << 32 | 7), line: Arc::new(line.clone()), trace: false }
}
