//! The store as the runtime sees it, and the faults that only a test inside can make.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};

use super::samples::{group, hear, heard, part, said, usage};
use super::writer::Work;
use super::*;
use crate::config::Storage;
use crate::domain::*;

const START: i64 = 1_700_000_000_000;
const DAY: i64 = 86_400_000;

struct World {
    store: Store,
    recovered: Recovered,
    notes: Vec<Note>,
    inputs: Receiver<Input>,
    batch: u64,
}

fn clock(at: &Arc<AtomicI64>) -> Clock {
    let at = Arc::clone(at);
    Arc::new(move || Now { wall: Wall(at.load(Ordering::Relaxed)), ..Now::default() })
}

fn settings() -> Storage {
    Storage { backup: crate::config::Backup::Off, ..Storage::default() }
}

fn open_at(dir: &Path, at: &Arc<AtomicI64>) -> World {
    let (tell, inputs) = channel(256);
    let Opened { store, recovered, notes } = Store::open(dir, &settings(), clock(at), tell).unwrap();
    World { store, recovered, notes, inputs, batch: 0 }
}

fn open(dir: &Path) -> World {
    open_at(dir, &Arc::new(AtomicI64::new(START)))
}

impl World {
    /// Hands over a batch and waits until it is on disk; the duplicates.
    fn commit(&mut self, rows: Vec<Row>) -> Vec<Seq> {
        self.batch += 1;
        self.store.record(vec![Batch { no: BatchNo(self.batch), rows }]).unwrap();
        loop {
            match self.inputs.blocking_recv().unwrap() {
                Input::Committed { batch, duplicates } if batch.0 == self.batch => return duplicates,
                Input::Committed { .. } | Input::CommitFailed { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn ask(&self, query: Query) -> Page {
        wait(self.store.query(query))
    }

    fn lines(&self, query: Query) -> (Vec<Line>, bool) {
        match self.ask(query) {
            Page::Lines { lines, more } => (lines, more),
            other => panic!("{other:?}"),
        }
    }

    fn history(&self, chat: i64) -> Vec<Line> {
        self.lines(all_of(chat)).0
    }

    /// Runs something on the writer's own connection and waits for it.
    fn inside<T: Send + 'static>(&self, act: impl FnOnce(&rusqlite::Connection) -> T + Send + 'static) -> T {
        let (tell, answer) = tokio::sync::oneshot::channel();
        let act = Work::Do(Box::new(move |conn| drop(tell.send(act(conn)))));
        assert!(self.store.work.try_send(act).is_ok());
        answer.blocking_recv().unwrap()
    }

    fn close(self) {
        drop(self.inputs);
        self.store.close();
    }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn in_group(n: i64) -> ChatRef {
    ChatRef { peer: Peer::Group(GroupId(n)), account: None }
}

fn all_of(chat: i64) -> Query {
    Query::History { chat: in_group(chat), before: None, after: None, since: None, until: None, limit: 1000 }
}

fn find(text: &str, chat: Option<i64>) -> Query {
    Query::Search { text: text.into(), chat: chat.map(in_group), before: None, limit: 100 }
}

#[test]
fn a_line_comes_back_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let mut line = heard(1, 5, "在吗\u{0}\u{1b}[31m\r\n\u{202e}好");
    line.pictures = vec![Picture { url: "http://x/1".into(), sticker: false }];
    line.answers = Some(Seq(77));
    let mut answer = said(2, &line, "在。");
    assert!(world.commit(vec![hear(&line)]).is_empty());
    let sending = part(1, &answer, 0, PartState::Sending);
    world.commit(vec![Row::Said(Arc::new(answer.clone())), Row::Part(sending)]);
    let ends = vec![
        Row::PartState(PartId(1), PartState::Sent, Some(MessageId(99))),
        Row::Ended(Seq(1), Outcome::Replied),
        Row::Recalled(Seq(1)),
    ];
    world.commit(ends);
    line.outcome = Some(Outcome::Replied);
    line.recalled = true;
    answer.delivery = Some(PartState::Sent);
    answer.message = Some(MessageId(99));
    assert_eq!(world.history(5), [answer.clone(), line.clone()]);
    let why = |message| world.ask(Query::Why { chat: in_group(5), message });
    let expected = Page::Why { line: Some(Box::new(line)), replies: vec![answer] };
    // The last; by its id; by our number; by the id of what answered it.
    for message in [None, Some(-1), Some(1), Some(99)] {
        assert_eq!(why(message), expected, "{message:?}");
    }
    assert_eq!(why(Some(12345)), Page::Why { line: None, replies: Vec::new() });
    world.close();
}

#[test]
fn a_message_is_a_duplicate_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let first = heard(1, 5, "一");
    assert!(world.commit(vec![hear(&first)]).is_empty());
    let again = Line { seq: Seq(2), message: first.message, ..heard(2, 5, "一") };
    let elsewhere = Line { seq: Seq(3), message: first.message, ..heard(3, 6, "一") };
    assert_eq!(world.commit(vec![hear(&again), hear(&elsewhere)]), [Seq(2)]);
    world.close();
    let mut world = open(dir.path());
    assert_eq!(world.recovered.last_seq, Seq(3), "the number of a duplicate is not used again");
    let again = Line { seq: Seq(4), ..again };
    assert_eq!(world.commit(vec![hear(&again)]), [Seq(4)]);
    assert_eq!(world.history(5).len(), 1);
    world.close();
}

/// The engine would have dealt with all of this, had it lived to hear of the duplicate.
#[test]
fn nothing_rests_on_a_duplicate() {
    use PartState::*;
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let first = heard(1, 5, "一");
    world.commit(vec![hear(&first), Row::Ended(Seq(1), Outcome::Replied)]);
    let again = Line { message: first.message, ..heard(2, 5, "一") };
    let verdict = Some(Verdict::ignore(Gate::Queue, Reason::Merged));
    let part_of =
        |head, seq| Line {
            verdict: verdict.clone(), outcome: Some(Outcome::Merged(Seq(head))), ..heard(seq, 5, "二")
        };
    let (ready, leaving) = (said(5, &again, "答"), said(6, &again, "又答"));
    let draft = ItemKind::Draft { answers: Seq(2), text: "草".into(), making: Arc::default(), suggestion: false };
    let item = Item { since: Wall(1), conversation: Some(group(5)), kind: draft, expires: None };
    let rows = vec![
        hear(&again),
        hear(&part_of(2, 3)),
        hear(&part_of(1, 4)),
        Row::Said(Arc::new(ready.clone())),
        Row::Part(part(1, &ready, 0, Generated)),
        Row::Said(Arc::new(leaving.clone())),
        Row::Part(part(2, &leaving, 0, Sending)),
        Row::Item(ItemId(1), Box::new(item)),
    ];
    assert_eq!(world.commit(rows), [Seq(2)]);
    world.close();
    let mut world = open(dir.path());
    let found = &world.recovered;
    assert_eq!(found.waiting.iter().map(|l| l.seq.0).collect::<Vec<_>>(), [3], "by itself");
    let parts: Vec<_> = found.parts.iter().map(|(p, l)| (p.id.0, p.state, l.answers)).collect();
    assert_eq!(parts, [(2, Sending, None)], "it may have left, and is looked up");
    assert_eq!(found.items, []);
    // A reply that the engine gave to the next message of its question.
    let reply = said(7, &again, "再答");
    let moved = Line { answers: Some(Seq(3)), ..reply.clone() };
    world.commit(vec![Row::Said(Arc::new(reply)), Row::Part(part(3, &moved, 0, Sent)), Row::Said(Arc::new(moved))]);
    world.close();
    let world = open(dir.path());
    assert_eq!(world.recovered.waiting, []);
    let outcome = |seq: u64| world.history(5).into_iter().find(|l| l.seq.0 == seq).unwrap().outcome;
    assert_eq!((outcome(3), outcome(4)), (Some(Outcome::Replied), Some(Outcome::Merged(Seq(1)))));
    world.close();
}

/// An alert as the engine hands it over.
fn alert(id: u64, state: AlertState, done: bool) -> Alert {
    Alert {
        id: AlertId(id),
        rule: "vram_high".into(),
        metric: crate::domain::Metric::Vram,
        subject: Subject::Gpu(0),
        name: "RTX".into(),
        severity: Severity::Warning,
        state,
        since: Wall(START - 1000),
        fired: (state != AlertState::Pending).then_some(Wall(START)),
        until: None,
        lasted: Duration::ZERO,
        value: 95.5,
        peak: 97.0,
        threshold: 90.0,
        detail: Detail::Memory { used: 9, total: 10, foreign: vec![("游戏".into(), 5)], spilled: vec!["a".into()] },
        no_data: false,
        flapping: true,
        acked: Some("li".into()),
        told: vec![Told {
            to: "hook".into(),
            what: ToldWhat::Firing,
            at: Wall(START),
            fault: Some(NotifyFault::Full),
            before: None,
        }],
        done,
    }
}

#[test]
fn alerts_silences_and_who_served_come_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let silence = |rule: &str, until: i64| Silence {
        rule: rule.into(),
        labels: vec![("gpu".into(), "0".into())],
        until: Wall(START + until),
        by: "li".into(),
        reason: "换卡".into(),
    };
    let pending = alert(4, AlertState::Pending, false);
    let never = Alert { state: AlertState::Resolved, fired: None, done: true, ..alert(5, AlertState::Pending, false) };
    let served = |account| Row::Served { account: SelfId(account), name: "小助手".into(), at: Wall(START) };
    world.commit(vec![
        Row::Alert(Box::new(alert(1, AlertState::Firing, false))),
        Row::Alert(Box::new(alert(2, AlertState::Firing, false))),
        Row::Alert(Box::new(pending.clone())),
        Row::Alert(Box::new(alert(5, AlertState::Pending, false))),
        Row::Silence(silence("vram_high", 60_000)),
        Row::Silence(silence("error_burst", 60_000)),
        served(1),
        served(2),
    ]);
    world.commit(vec![
        Row::Alert(Box::new(alert(2, AlertState::Resolved, true))),
        Row::Alert(Box::new(never)),
        Row::Silence(silence("error_burst", -1)),
    ]);
    world.close();
    let world = open(dir.path());
    let found = &world.recovered;
    assert_eq!(found.alerts, [alert(1, AlertState::Firing, false), pending.clone()]);
    assert_eq!(found.last_alert, AlertId(5), "a number is not used again, though nothing fired under it");
    assert_eq!(found.silences, [silence("vram_high", 60_000)], "the other was lifted");
    let served: Vec<_> = found.served.iter().map(|(account, name, _)| (account.0, name.raw())).collect();
    assert_eq!(served, [(1, "小助手"), (2, "小助手")]);
    let Page::Alerts(past) = world.ask(Query::Alerts { limit: 2 }) else { panic!("no alerts") };
    assert_eq!(past, [pending, alert(2, AlertState::Resolved, true)], "newest first");
    world.close();
}

#[test]
fn recovery_at_each_state_of_a_part() {
    use PartState::*;
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    assert!(world.recovered.clean && world.recovered.same_boot && world.notes.is_empty());
    let states = [Generated, Sending, Sent, Unknown, Failed, Expired, Suppressed];
    let mut rows = vec![hear(&heard(1, 5, "还没人答"))];
    for (n, state) in states.into_iter().enumerate() {
        let n = n as u64;
        let question = heard(10 + 2 * n, 5, "问");
        let answer = said(11 + 2 * n, &question, "答");
        rows.push(hear(&question));
        rows.push(Row::Part(part(100 + n, &answer, 0, Generated)));
        rows.push(Row::Said(Arc::new(answer)));
        rows.push(Row::PartState(PartId(100 + n), state, None));
    }
    world.commit(rows);
    world.close();

    let world = open(dir.path());
    let found = &world.recovered;
    assert!(!found.clean, "no clean stop was recorded");
    assert_eq!(found.waiting.iter().map(|l| l.seq.0).collect::<Vec<_>>(), [1]);
    let parts: Vec<_> = found.parts.iter().map(|(p, l)| (p.id.0, p.state, l.seq.0, p.line.0)).collect();
    assert_eq!(parts, [(100, Generated, 11, 11), (101, Sending, 13, 13)]);
    assert!(
        matches!(&found.parts[0].0.action, Action::Send { segments, .. } if segments == &[OutSegment::Text("答".into())])
    );
    assert_eq!((found.last_seq, found.last_part), (Seq(23), PartId(106)));
    // What had come to its end is ended, and not asked again.
    let outcome = |seq: u64| world.history(5).into_iter().find(|l| l.seq.0 == seq).unwrap().outcome;
    assert_eq!(outcome(14), Some(Outcome::Replied));
    assert_eq!(outcome(16), Some(Outcome::Unknown));
    assert_eq!((outcome(1), outcome(10)), (None, None));
    world.close();
}

#[test]
fn a_line_of_several_parts_knows_all_its_messages() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let answer = said(10, &heard(1, 5, "问"), "很长的答");
    let mut rows = vec![Row::Said(Arc::new(answer.clone()))];
    // The order of the parts counts, not that of the adapter's words.
    rows.extend((0..3).map(|n| Row::Part(part(1 + n, &answer, n as u16, PartState::Sending))));
    rows.extend([3, 1, 2].map(|n| Row::PartState(PartId(n), PartState::Sent, Some(MessageId(500 + n as i64)))));
    world.commit(rows);
    let [line] = &world.history(5)[..] else { panic!() };
    assert_eq!((line.message, line.others.as_slice()), (Some(MessageId(501)), &[502, 503].map(MessageId)[..]));
}

#[test]
fn the_oldest_open_part_says_where_recovery_begins() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    for n in 1..=3 {
        let answer = said(10 * n, &heard(1, 5, "问"), "答");
        let sending = part(n, &answer, 0, PartState::Sending);
        world.commit(vec![Row::Said(Arc::new(answer)), Row::Part(sending)]);
    }
    let begin = |world: &World| number(world, "SELECT open FROM tally");
    world.commit(vec![Row::PartState(PartId(2), PartState::Sent, None)]);
    assert_eq!(begin(&world), 10);
    world.close();

    let mut world = open(dir.path());
    let ids: Vec<_> = world.recovered.parts.iter().map(|(part, _)| part.id.0).collect();
    assert_eq!(ids, [1, 3]);
    world.commit(vec![Row::PartState(PartId(1), PartState::Unknown, None)]);
    assert_eq!(begin(&world), 30, "known also after a restart");
    world.commit(vec![Row::PartState(PartId(3), PartState::Sent, Some(MessageId(5)))]);
    // What has come to its end stays as it is.
    world.commit(vec![Row::PartState(PartId(3), PartState::Unknown, None)]);
    let states: Vec<_> = world.history(5).iter().map(|line| line.delivery).collect();
    assert_eq!(states, [PartState::Sent, PartState::Sent, PartState::Unknown].map(Some));
    world.close();
    assert!(open(dir.path()).recovered.parts.is_empty());
}

#[test]
fn the_oldest_line_that_waits_is_found_after_all_that_came_since() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let begin = |world: &World| number(world, "SELECT open FROM tally");
    for n in 1..=9 {
        world.commit(vec![hear(&heard(n, 5, "问"))]);
    }
    world.commit((1..=9).filter(|n| *n != 4).map(|n| Row::Ended(Seq(n), Outcome::Replied)).collect());
    assert_eq!(begin(&world), 4);
    world.close();
    let mut world = open(dir.path());
    assert_eq!(world.recovered.waiting.iter().map(|line| line.seq.0).collect::<Vec<_>>(), [4]);
    world.commit(vec![hear(&heard(12, 5, "问"))]);
    assert_eq!(begin(&world), 4, "known also after a restart");
    // What was long at its end is to be answered after all.
    world.commit(vec![Row::Judged(Seq(2), Verdict::reply(Gate::Slash, Reason::Asked))]);
    assert_eq!(begin(&world), 2);
    world.commit([2, 4, 12].map(|n| Row::Ended(Seq(n), Outcome::Replied)).into());
    assert_eq!(begin(&world), 12);
    world.close();
    assert!(open(dir.path()).recovered.waiting.is_empty());
}

#[test]
fn a_draft_holds_its_question() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let draft = ItemKind::Draft { answers: Seq(1), text: "草".into(), making: Arc::default(), suggestion: false };
    let item = Item { since: Wall(1), conversation: Some(group(5)), kind: draft, expires: None };
    let other = Item { kind: ItemKind::Paused, ..item.clone() };
    let rows = vec![
        hear(&heard(1, 5, "一")),
        hear(&heard(2, 5, "二")),
        Row::Item(ItemId(3), Box::new(item.clone())),
        Row::Item(ItemId(9), Box::new(other)),
        Row::ItemDone(ItemId(9)),
    ];
    world.commit(rows);
    world.close();
    let world = open(dir.path());
    assert_eq!(world.recovered.waiting.iter().map(|l| l.seq.0).collect::<Vec<_>>(), [2]);
    assert_eq!(world.recovered.items, [(ItemId(3), item)]);
    assert_eq!(world.recovered.last_item, ItemId(9), "numbers of done items are not used again");
    world.close();
}

#[test]
fn settings_grants_books_and_accounts_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let at = Arc::new(AtomicI64::new(100 * DAY + 5));
    let mut world = open_at(dir.path(), &at);
    let state = ChatState { name: "群".into(), mode: Some((Mode::Draft, None)), version: 4, ..ChatState::default() };
    let grant = |id, until| Grant { id, effect: GrantEffect::Allow, until: Wall(until), by: "li".into() };
    let lasting = grant(AccessId::Group(GroupId(5)), 101 * DAY);
    let lifted = grant(AccessId::Person(UserId(7)), 0);
    let rows = vec![
        Row::Chat(group(5), Box::default()),
        Row::Chat(group(5), Box::new(state.clone())),
        Row::Grant(grant(AccessId::Person(UserId(7)), 101 * DAY)),
        Row::Grant(lasting.clone()),
        Row::Grant(lifted),
        Row::Usage(usage(5)),
        Row::Usage(Usage { cost: f64::NAN, ..usage(5) }),
        Row::Usage(Usage { day: 99, ..usage(5) }),
        Row::CleanStop,
    ];
    world.commit(rows);
    world.close();
    let world = open_at(dir.path(), &at);
    let found = &world.recovered;
    assert!(found.clean && found.same_boot);
    assert_eq!(found.chats, [(group(5), state)]);
    assert_eq!(found.grants, [lasting]);
    assert_eq!(found.usage, [Usage { asks: 2, input: 200, cached: 20, output: 40, ..usage(5) }]);
    assert_eq!(found.accounts, [SelfId(10_001)]);
    let Page::Usage(books) = world.ask(Query::Usage { from: 0, to: 100 }) else { panic!() };
    assert_eq!(books.iter().map(|u| (u.day, u.asks)).collect::<Vec<_>>(), [(99, 1), (100, 2)]);
    world.close();
}

#[test]
fn a_clean_stop_counts_only_as_the_last_row() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    world.commit(vec![Row::CleanStop, hear(&heard(1, 5, "还有"))]);
    world.close();
    assert!(!open(dir.path()).recovered.clean);
}

#[test]
fn what_a_later_verdict_decides_waits_or_waits_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let ignored = Line { verdict: Some(Verdict::ignore(Gate::Trigger, Reason::NotTriggered)), ..heard(1, 5, "a") };
    world.commit(vec![
        hear(&ignored),
        hear(&heard(2, 5, "b")),
        Row::Judged(Seq(1), Verdict::reply(Gate::Queue, Reason::Asked)),
        Row::Judged(Seq(2), Verdict::ignore(Gate::Limits, Reason::UserRate)),
    ]);
    world.close();
    let world = open(dir.path());
    assert_eq!(world.recovered.waiting.iter().map(|l| l.seq.0).collect::<Vec<_>>(), [1]);
    world.close();
}

#[test]
fn a_reply_that_grew_is_kept_and_found_whole() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let question = heard(1, 5, "讲个故事");
    let begun = said(2, &question, "从前有座山。");
    world.commit(vec![hear(&question), Row::Said(Arc::new(begun.clone()))]);
    let whole = Line { text: "从前有座山。\n山里有座庙。".into(), ..begun };
    world.commit(vec![Row::Said(Arc::new(whole.clone()))]);
    assert_eq!(world.history(5)[0].text, whole.text);
    assert_eq!(world.lines(find("座庙", None)).0.len(), 1);
    world.close();
}

#[test]
fn what_had_ended_and_is_to_be_answered_after_all_waits_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let verdict = Some(Verdict::ignore(Gate::Trigger, Reason::NotTriggered));
    let ignored = Line { verdict, outcome: Some(Outcome::Ignored), ..heard(1, 5, "a") };
    world.commit(vec![hear(&ignored)]);
    world.commit(vec![Row::Judged(Seq(1), Verdict::reply(Gate::Slash, Reason::Asked))]);
    world.close();
    assert_eq!(open(dir.path()).recovered.waiting.len(), 1);
}

#[test]
fn traces_are_short_seen_by_operators_and_by_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let long = "密".repeat(200);
    let trace = Row::Heard { line: Arc::new(heard(1, 5, &long)), dedupe: 1, trace: true };
    world.commit(vec![trace, hear(&heard(2, 5, "公开"))]);
    let lines = world.history(5);
    assert_eq!(lines[1].text.raw(), "密".repeat(80));
    assert!(lines[1].verdict.is_some());
    assert!(world.lines(find("密", None)).0.is_empty());
    let load = Load { conversation: group(5), lines: 10, after: Seq(0) };
    assert_eq!(wait(world.store.load(load)).unwrap().iter().map(|l| l.seq.0).collect::<Vec<_>>(), [2]);
    world.close();
    assert_eq!(open(dir.path()).recovered.waiting.len(), 1, "a trace waits for nothing");
}

#[test]
fn load_gives_the_newest_after_what_is_forgotten_oldest_first() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    world.commit((1..=20).map(|n| hear(&heard(n, n as i64 % 2, "x"))).collect());
    let load = |after, lines| {
        let lines = wait(world.store.load(Load { conversation: group(0), lines, after: Seq(after) })).unwrap();
        lines.iter().map(|l| l.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(load(0, 3), [16, 18, 20]);
    assert_eq!(load(17, 3), [18, 20]);
    assert_eq!(load(20, 3), [] as [u64; 0]);
    world.close();
}

#[test]
fn pages_end_where_the_next_begins() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    world.commit((1..=25).map(|n| hear(&heard(n, 5, "天气"))).collect());
    for search in [false, true] {
        let mut before = None;
        let mut seen = Vec::new();
        loop {
            let query = if search {
                Query::Search { text: "天气".into(), chat: None, before, limit: 10 }
            } else {
                Query::History { chat: in_group(5), before, after: None, since: None, until: None, limit: 10 }
            };
            let (lines, more) = world.lines(query);
            seen.extend(lines.iter().map(|l| l.seq.0));
            before = lines.last().map(|l| l.seq);
            if !more {
                break;
            }
        }
        assert_eq!(seen, (1..=25).rev().collect::<Vec<_>>(), "search: {search}");
    }
    world.close();
}

#[test]
fn history_by_time_is_exact_although_a_clock_jumped() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    // One line a day; on day 20 the clock stood a day behind.
    let day = |n: u64| if n == 20 { 19 } else { n as i64 };
    world.commit((1..=40).map(|n| hear(&Line { at: Wall(day(n) * DAY), ..heard(n, 5, "x") })).collect());
    let between = |since: Option<i64>, until: Option<i64>| {
        let (since, until) = (since.map(|d| Wall(d * DAY)), until.map(|d| Wall(d * DAY)));
        let query = Query::History { chat: in_group(5), before: None, after: None, since, until, limit: 1000 };
        world.lines(query).0.iter().rev().map(|l| l.seq.0).collect::<Vec<_>>()
    };
    assert_eq!(between(Some(19), Some(20)), [19, 20]);
    assert_eq!(between(Some(38), None), [38, 39, 40]);
    assert_eq!(between(None, Some(2)), [1, 2]);
    assert_eq!(between(Some(50), None), [] as [u64; 0]);
    world.close();
}

#[test]
fn history_goes_forward_from_a_date_as_well_as_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let other = ConversationId { account: SelfId(2), peer: group(5).peer };
    let line = |n: u64| Line { at: Wall(n as i64 * DAY), ..heard(n, 5, "x") };
    // Every third line is another account's view of the same group.
    let line = |n: u64| if n.is_multiple_of(3) { Line { conversation: other, ..line(n) } } else { line(n) };
    world.commit((1..=25).map(|n| hear(&line(n))).collect());
    let page = |before: Option<u64>, after: Option<u64>, since: Option<i64>, until: Option<i64>| {
        let (before, after) = (before.map(Seq), after.map(Seq));
        let (since, until) = (since.map(|d| Wall(d * DAY)), until.map(|d| Wall(d * DAY)));
        let (lines, more) = world.lines(Query::History { chat: in_group(5), before, after, since, until, limit: 4 });
        (lines.iter().map(|l| l.seq.0).collect::<Vec<_>>(), more)
    };
    // To day 10: the page that begins there, the next, the one before.
    assert_eq!(page(None, Some(0), Some(10), None), (vec![13, 12, 11, 10], true));
    assert_eq!(page(None, Some(13), None, None), (vec![17, 16, 15, 14], true));
    assert_eq!(page(Some(10), None, None, None), (vec![9, 8, 7, 6], true));
    // The one that ends there, and the end of all.
    assert_eq!(page(None, None, None, Some(10)), (vec![10, 9, 8, 7], true));
    assert_eq!(page(None, Some(21), None, None), (vec![25, 24, 23, 22], false));
    assert_eq!(page(None, Some(25), None, None), (vec![], false));
    assert_eq!(page(Some(8), Some(2), None, None), (vec![6, 5, 4, 3], true), "between two lines");
    world.close();
}

#[test]
fn chats_are_listed_by_who_spoke_last_and_found_by_name_or_number() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    world.commit((1..=9).map(|n| hear(&heard(n, 100 + n as i64, "x"))).collect());
    let state = ChatState {
        name: "Rust 水友群".into(),
        mode: Some((Mode::Muted, None)),
        note: "常客".into(),
        ..ChatState::default()
    };
    world.commit(vec![Row::Chat(group(104), Box::new(state))]);
    let last = said(11, &heard(10, 102, "y"), "z");
    world.commit(vec![hear(&heard(10, 102, "y")), Row::Said(Arc::new(last.clone()))]);
    // Settings alone make no conversation.
    world.commit(vec![Row::Chat(group(999), Box::default())]);
    let list = |before: Option<u64>, limit, filter: Option<&str>| {
        let filter = filter.map(str::to_owned);
        match world.ask(Query::Chats { before: before.map(Seq), limit, filter }) {
            Page::Chats { chats, more } => (chats, more),
            other => panic!("{other:?}"),
        }
    };
    let numbers =
        |(chats, more): (Vec<ChatRow>, bool)| (chats.iter().map(|c| c.id.peer.number()).collect::<Vec<_>>(), more);
    assert_eq!(numbers(list(None, 4, None)), (vec![102, 109, 108, 107], true));
    assert_eq!(numbers(list(Some(7), 4, None)), (vec![106, 105, 104, 103], true));
    assert_eq!(numbers(list(Some(3), 4, None)), (vec![101], false));
    assert_eq!(numbers(list(None, 4, Some("水友"))), (vec![104], false));
    assert_eq!(numbers(list(None, 4, Some(" rust "))), (vec![104], false));
    assert_eq!(numbers(list(None, 1, Some("10"))), (vec![102], true));
    assert_eq!(numbers(list(None, 9, Some("无此"))), (vec![], false));
    let (chats, _) = list(None, 1, None);
    assert_eq!(chats[0].last, last);
    let (chats, _) = list(None, 1, Some("水友"));
    let state = &chats[0].state;
    let found = (&state.name, state.mode, state.note.as_str());
    assert_eq!(found, (&"Rust 水友群".into(), Some((Mode::Muted, None)), "常客"));
    world.close();
}

#[test]
fn a_chat_whose_last_line_is_cleaned_away_is_listed_by_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let at = Arc::new(AtomicI64::new(START));
    let mut world = open_at(dir.path(), &at);
    let old = |n: u64, chat| Line { at: Wall(START - 3 * DAY), ..heard(n, chat, "x") };
    let trace = |line: &Line| Row::Heard { line: Arc::new(line.clone()), dedupe: line.seq.0 as i64, trace: true };
    world.commit(vec![hear(&heard(1, 5, "x")), trace(&old(2, 5)), trace(&old(3, 6))]);
    sweep(&world, START);
    let Page::Chats { chats, more } = world.ask(Query::Chats { before: None, limit: 9, filter: None }) else {
        panic!()
    };
    assert_eq!(chats.iter().map(|c| (c.id, c.last.seq)).collect::<Vec<_>>(), [(group(5), Seq(1))]);
    assert!(!more);
    world.close();
}

#[test]
fn a_screen_is_remembered_for_each_operator() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let screen = |operator: &str, screen: &str| Row::Screen { operator: operator.into(), screen: screen.into() };
    world.commit(vec![screen("li", "一"), screen("wang", "二"), screen("li", "三")]);
    let of = |operator: &str| world.ask(Query::Screen { operator: operator.into() });
    assert_eq!(of("li"), Page::Screen(Some("三".into())));
    assert_eq!(of("wang"), Page::Screen(Some("二".into())));
    assert_eq!(of("zhao"), Page::Screen(None));
    world.close();
}

#[test]
fn why_tells_what_corrected_an_answer() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let question = heard(1, 5, "几点");
    let wrong = said(2, &question, "两点");
    let right = Line { author: Author::Operator("li".into()), making: None, ..said(4, &wrong, "三点") };
    let other = said(5, &heard(3, 5, "别的"), "别的答");
    let rows = [&wrong, &right, &other].map(|l| Row::Said(Arc::new(l.clone())));
    world.commit(vec![hear(&question), hear(&heard(3, 5, "别的"))]);
    world.commit(rows.into());
    let Page::Why { replies, .. } = world.ask(Query::Why { chat: in_group(5), message: Some(1) }) else { panic!() };
    assert_eq!(replies.iter().map(|l| l.seq.0).collect::<Vec<_>>(), [2, 4]);
    world.close();
}

#[test]
fn one_reference_means_the_chat_of_every_account() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let other = ConversationId { account: SelfId(2), peer: group(5).peer };
    world.commit(vec![hear(&heard(1, 5, "你好")), hear(&Line { conversation: other, ..heard(2, 5, "你好") })]);
    assert_eq!(world.history(5).len(), 2);
    assert_eq!(world.lines(find("你好", Some(5))).0.len(), 2);
    let one = ChatRef { account: Some(SelfId(2)), ..in_group(5) };
    let (lines, _) = world.lines(Query::Search { text: "你".into(), chat: Some(one), before: None, limit: 9 });
    assert_eq!(lines.iter().map(|l| l.seq.0).collect::<Vec<_>>(), [2]);
    world.close();
}

#[test]
fn the_audit_is_one_chain() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let entry =
        |n: i64| Audit { at: Wall(n), operator: "li".into(), command: format!("allow {n}"), result: "ok".into() };
    world.commit((1..=3).map(|n| Row::Audit(entry(n))).collect());
    assert_eq!(world.ask(Query::Audit { limit: 2 }), Page::Audit(vec![entry(3), entry(2)]));
    assert_eq!(audit_break(dir.path()).unwrap(), None);
    let forged = "DROP TRIGGER audit_holds; UPDATE audit SET operator = 'no' WHERE id = 2";
    world.inside(|c| c.execute_batch(forged).unwrap());
    assert_eq!(audit_break(dir.path()).unwrap(), Some(2));
    world.close();
}

#[test]
fn a_full_disk_is_reported_and_survived() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    world.commit(vec![hear(&heard(1, 5, "前"))]);
    world.inside(|c| {
        let pages: i64 = c.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
        let _: i64 = c.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |r| r.get(0)).unwrap();
    });
    let large = "字".repeat(20_000);
    let rows = vec![hear(&heard(2, 5, &large)), Row::Usage(usage(5))];
    world.store.record(vec![Batch { no: BatchNo(50), rows }]).unwrap();
    let failed = world.inputs.blocking_recv().unwrap();
    assert!(
        matches!(failed, Input::CommitFailed { batch: BatchNo(50), ref words } if words.contains("full")),
        "{failed:?}"
    );
    // The limit went with the connection: as if room had been made.
    let done = world.inputs.blocking_recv().unwrap();
    assert_eq!(done, Input::Committed { batch: BatchNo(50), duplicates: vec![] });
    assert_eq!(world.history(5)[0].text.raw(), large);
    let Page::Usage(books) = world.ask(Query::Usage { from: 100, to: 100 }) else { panic!() };
    assert_eq!(books[0].asks, 1, "booked once");
    world.close();
}

#[test]
fn a_locked_database_is_waited_for_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let other = rusqlite::Connection::open(dir.path().join(FILE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    world.store.record(vec![Batch { no: BatchNo(1), rows: vec![hear(&heard(1, 5, "一"))] }]).unwrap();
    assert!(matches!(world.inputs.blocking_recv(), Some(Input::CommitFailed { batch: BatchNo(1), .. })));
    world.store.record(vec![Batch { no: BatchNo(2), rows: vec![hear(&heard(2, 5, "二"))] }]).unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    let mut order = Vec::new();
    while order.last() != Some(&2) {
        match world.inputs.blocking_recv().unwrap() {
            Input::Committed { batch, .. } => order.push(batch.0),
            Input::CommitFailed { batch, .. } => assert_eq!(batch, BatchNo(2)),
            other => panic!("{other:?}"),
        }
    }
    // Together, where the second came before the first was tried again.
    assert!(order.is_sorted(), "{order:?}");
    let texts: Vec<_> = world.history(5).iter().map(|line| line.text.raw().to_owned()).collect();
    assert_eq!(texts, ["二", "一"]);
    world.close();
}

#[test]
fn a_commit_that_was_reported_failed_but_took_is_not_written_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    world.commit(vec![hear(&heard(1, 5, "一"))]);
    // As if the next batch had reached the disk before its commit was reported as failed.
    world.inside(|c| c.execute_batch("UPDATE tally SET batch = 2").unwrap());
    world.inside(|c| {
        let pages: i64 = c.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
        let _: i64 = c.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |r| r.get(0)).unwrap();
    });
    let rows = vec![
        hear(&heard(1, 5, &"字".repeat(20_000))),
        hear(&Line { seq: Seq(9), ..heard(1, 5, "一") }),
        Row::Usage(usage(5)),
    ];
    // The poisoned connection still holds the old count, so this one fails and is tried anew.
    let large = Row::Said(Arc::new(heard(8, 5, &"字".repeat(20_000))));
    let duplicates = world.commit(rows.into_iter().chain([large]).collect());
    assert_eq!(duplicates, [Seq(9)], "told again as it was");
    assert_eq!(world.ask(Query::Usage { from: 100, to: 100 }), Page::Usage(Vec::new()));
    world.close();
}

/// Waits for something that the writer does by itself.
fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..4_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("it did not come to that");
}

/// One pass of cleaning, that ends with its mark there.
fn sweep(world: &World, mark: i64) {
    assert!(world.store.sweep());
    until(|| number(world, "SELECT swept FROM tally") == mark);
}

fn number(world: &World, sql: &'static str) -> i64 {
    world.inside(move |c| c.query_row(sql, [], |r| r.get(0)).unwrap())
}

#[test]
fn retention_takes_lines_with_all_that_hangs_on_them_and_leaves_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let at = Arc::new(AtomicI64::new(START));
    let mut world = open_at(dir.path(), &at);
    let old = |n: u64| Line { at: Wall(START - 100 * DAY), ..heard(n, 5, "旧事") };
    let mut rows: Vec<Row> = (1..=600).map(|n| hear(&old(n))).collect();
    // Said while the clock stood wrong: must not keep what is behind it.
    rows[0] = hear(&Line { at: Wall(START + 900 * DAY), ..heard(1, 5, "未来") });
    let answer = said(601, &old(600), "旧答");
    rows.push(Row::Part(part(1, &answer, 0, PartState::Sent)));
    rows.push(Row::Said(Arc::new(answer)));
    rows.extend((700..=720).map(|n| hear(&Line { at: Wall(START), ..heard(n, 5, "新事") })));
    world.commit(rows);
    sweep(&world, START);
    let left: Vec<u64> = world.history(5).iter().rev().map(|l| l.seq.0).collect();
    assert_eq!(left, std::iter::once(1).chain(700..=720).collect::<Vec<_>>());
    assert!(world.lines(find("旧", None)).0.is_empty());
    assert_eq!(world.lines(find("新事", None)).0.len(), 21);
    assert_eq!(number(&world, "SELECT count(*) FROM parts"), 0);
    world.close();
}

#[test]
fn a_trace_goes_after_a_day_and_its_key_not_before() {
    let dir = tempfile::tempdir().unwrap();
    let at = Arc::new(AtomicI64::new(START));
    let mut world = open_at(dir.path(), &at);
    let trace = |n: u64, at: i64| Row::Heard {
        line: Arc::new(Line { at: Wall(at), ..heard(n, 5, "谁") }),
        dedupe: n as i64,
        trace: true,
    };
    world.commit(vec![trace(1, START - DAY - 1), trace(2, START - DAY + 60_000)]);
    sweep(&world, START);
    assert_eq!(world.history(5).iter().map(|l| l.seq.0).collect::<Vec<_>>(), [2]);
    assert_eq!(number(&world, "SELECT count(*) FROM heard"), 1);
    world.close();
}

#[test]
fn a_clock_that_jumps_years_ahead_deletes_a_day_at_most() {
    let dir = tempfile::tempdir().unwrap();
    let at = Arc::new(AtomicI64::new(START));
    let mut world = open_at(dir.path(), &at);
    world.commit((1..=10).map(|n| hear(&Line { at: Wall(START - n as i64 * DAY), ..heard(n, 5, "x") })).collect());
    sweep(&world, START);
    at.store(START + 4000 * DAY, Ordering::Relaxed);
    sweep(&world, START + DAY);
    assert_eq!(world.history(5).len(), 10);
    world.close();
}

#[test]
fn what_is_behind_is_indexed_without_being_asked_and_found_before() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    world.commit((1..=700).map(|n| hear(&heard(2 * n, 5, &format!("第{n}句 天气")))).collect());
    assert_eq!(world.lines(find("第7句", None)).0.len(), 1);
    until(|| number(&world, "SELECT indexed FROM tally") == 1400);
    assert_eq!(world.lines(find("第7句", None)).0[0].seq.0, 14);
    // A line that comes late, with a number that the index has passed.
    world.commit(vec![hear(&heard(15, 5, "迟到的天气"))]);
    assert_eq!(world.lines(find("迟到", None)).0.len(), 1);
    world.close();
}

#[test]
fn room_is_given_back_to_the_disk_slice_by_slice() {
    let dir = tempfile::tempdir().unwrap();
    let at = Arc::new(AtomicI64::new(START));
    let mut world = open_at(dir.path(), &at);
    let long = "x".repeat(8000);
    world.commit((1..=400).map(|n| hear(&Line { at: Wall(0), ..heard(n, 5, &long) })).collect());
    let pages = number(&world, "PRAGMA page_count");
    sweep(&world, START);
    until(|| number(&world, "PRAGMA page_count") < pages / 2);
    let ok: String = world.inside(|c| c.query_row("PRAGMA integrity_check", [], |r| r.get(0)).unwrap());
    assert_eq!(ok, "ok");
    world.close();
}

#[test]
fn the_daily_backup_is_made_once_a_local_day() {
    let dir = tempfile::tempdir().unwrap();
    let at = Arc::new(AtomicI64::new(100 * DAY - 1));
    let local = {
        let at = Arc::clone(&at);
        // An hour east of Greenwich: there it is tomorrow already.
        Arc::new(move || Now { wall: Wall(at.load(Ordering::Relaxed)), offset: 3600, ..Now::default() })
    };
    let (tell, _inputs) = channel(16);
    let store = Store::open(dir.path(), &Storage::default(), local, tell).unwrap().store;
    let first = dir.path().join("backups/qqdeck-1970-04-11.db");
    store.sweep();
    until(|| first.exists());
    let made = std::fs::metadata(&first).unwrap().modified().unwrap();
    at.store(101 * DAY, Ordering::Relaxed);
    store.sweep();
    until(|| dir.path().join("backups/qqdeck-1970-04-12.db").exists());
    assert_eq!(std::fs::metadata(&first).unwrap().modified().unwrap(), made);
    drop(_inputs);
    store.close();
}

#[test]
fn the_log_stays_short_under_load() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = open(dir.path());
    let long = "x".repeat(9000);
    for n in 1..=3000 {
        world.commit(vec![hear(&heard(n, 5, &long))]);
    }
    let log = || std::fs::metadata(backup::beside(&dir.path().join(FILE), "-wal")).unwrap().len();
    // Some 27 MB of text were written; a log that nobody wrote back would hold each page several times.
    assert!(log() < 80 << 20, "{}", log());
    world.close();
    assert_eq!(log(), 0);
}
