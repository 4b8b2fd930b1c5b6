//! What the tests of the store share: a small runtime around it, and rows as the engine makes them.
#![allow(dead_code, clippy::unwrap_used)] // each test program uses its part; a failure here is the test's

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use qqdeck::config::{Backup, Storage};
use qqdeck::domain::*;
use qqdeck::flow::Input;
use qqdeck::store::{Batch, Clock, Note, Opened, Store, StoreError};
use tokio::sync::mpsc::{Receiver, channel};

pub const START: i64 = 1_700_000_000_000;

pub struct World {
    pub store: Store,
    pub recovered: Recovered,
    pub notes: Vec<Note>,
    pub inputs: Receiver<Input>,
}

pub fn settings() -> Storage {
    Storage { backup: Backup::Off, ..Storage::default() }
}

pub fn clock(at: &Arc<AtomicI64>) -> Clock {
    let at = Arc::clone(at);
    Arc::new(move || Now { wall: Wall(at.load(Ordering::Relaxed)), ..Now::default() })
}

pub fn try_open(dir: &Path, settings: &Storage) -> Result<World, StoreError> {
    let (tell, inputs) = channel(4096);
    let Opened { store, recovered, notes } = Store::open(dir, settings, clock(&Arc::new(START.into())), tell)?;
    Ok(World { store, recovered, notes, inputs })
}

pub fn open(dir: &Path) -> World {
    try_open(dir, &settings()).unwrap()
}

impl World {
    /// Hands a batch over, as soon as there is room for it.
    pub fn record(&self, no: u64, rows: Vec<Row>) {
        let mut batches = vec![Batch { no: BatchNo(no), rows }];
        while let Err(refused) = self.store.record(batches) {
            batches = refused;
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Hands a batch over and waits until it is on disk.
    pub fn commit(&mut self, no: u64, rows: Vec<Row>) -> Vec<Seq> {
        self.record(no, rows);
        loop {
            match self.inputs.blocking_recv().unwrap() {
                Input::Committed { batch, duplicates } if batch.0 == no => return duplicates,
                _ => {}
            }
        }
    }

    pub fn lines(&self, query: Query) -> Vec<Line> {
        match wait(self.store.query(query)) {
            Page::Lines { lines, .. } => lines,
            other => panic!("{other:?}"),
        }
    }

    pub fn close(self) {
        drop(self.inputs);
        self.store.close();
    }
}

pub fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub fn group(n: i64) -> ConversationId {
    ConversationId { account: SelfId(10_001), peer: Peer::Group(GroupId(n)) }
}

pub fn chat(n: i64) -> ChatRef {
    ChatRef { peer: Peer::Group(GroupId(n)), account: None }
}

pub fn history(n: i64) -> Query {
    Query::History { chat: chat(n), before: None, after: None, since: None, until: None, limit: 1000 }
}

pub fn find(text: &str) -> Query {
    Query::Search { text: text.into(), chat: None, before: None, limit: 1000 }
}

pub fn heard(seq: u64, chat: i64, text: &str) -> Line {
    Line {
        seq: Seq(seq),
        conversation: group(chat),
        at: Wall(START + seq as i64),
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

pub fn hear(line: &Line) -> Row {
    Row::Heard { dedupe: line.message.map_or(0, |m| m.0), line: Arc::new(line.clone()), trace: false }
}

pub fn said(seq: u64, to: &Line, text: &str) -> Line {
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
            queued: Duration::from_micros(150),
            first_text: Some(Duration::from_millis(300)),
            total: Duration::from_millis(1900),
            tokens: Tokens { input: Some(900), cached: Some(512), output: Some(60) },
            tokens_per_second: Some(41.5),
            window: (12, 0),
            ..Making::default()
        })),
        ..to.clone()
    }
}

pub fn part(id: u64, line: &Line, state: PartState) -> Part {
    Part {
        id: PartId(id),
        line: line.seq,
        index: 0,
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

/// Everything that is recorded about one answered message, in its three batches.
pub fn answered(n: u64, chats: u64) -> [Vec<Row>; 3] {
    let line = heard(2 * n - 1, (n % chats) as i64, "明天去杭州要不要带伞？顺便问下西湖边哪里停车方便");
    let answer = said(2 * n, &line, "明天杭州多云转小雨，气温九到十四度，建议带伞。西湖边停车可以去龙翔桥地下车库。");
    let usage = Usage {
        day: 19_675,
        provider: "local".into(),
        conversation: line.conversation,
        user: UserId(7),
        asks: 1,
        input: 900,
        cached: 512,
        output: 60,
        cost: 0.0,
    };
    let sending = Row::Part(part(n, &answer, PartState::Sending));
    [
        vec![hear(&line)],
        vec![Row::Said(Arc::new(answer)), sending],
        vec![
            Row::PartState(PartId(n), PartState::Sent, Some(MessageId(n as i64))),
            Row::Ended(line.seq, Outcome::Replied),
            Row::Usage(usage),
        ],
    ]
}
