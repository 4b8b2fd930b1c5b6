//! What came of what was asked.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::{Intents, UNDO};
use crate::console::layer::{Layer, Topic};
use crate::console::state::{Pane, Pending, Purpose, Tone, Typed, Ui, Undo};
use crate::console::text::Composer;
use crate::domain::*;
use crate::words;

/// How long pages of the books and the audit are good.
const FRESH: Duration = Duration::from_secs(10);
/// Days of the books.
const DAYS: i32 = 30;

impl Ui {
    pub(super) fn on_answer(&mut self, tag: u64, result: Result<Done, Refusal>, out: &mut Intents) {
        let pending = self.pending.remove(&tag);
        let lang = self.lang();
        match (result, pending) {
            (Ok(done), Some(Pending::Command { words, .. } | Pending::Setting { words, .. })) => {
                let until = self.now.mono + UNDO;
                beyond(&mut self.beyond, &done, &words, until);
                let said = match done {
                    Done::Changed { undo } => {
                        self.undo.push(Undo { commands: vec![*undo], words: words.clone(), until });
                        format!("{words} · {}", lang.pick("u 撤销", "u undoes"))
                    }
                    Done::Already => format!("{words} · {}", lang.pick("本来就是", "as before")),
                    Done::Said(said) => said,
                    Done::Delivered(_) => words::done(&done, lang),
                    Done::Ok | Done::Started(_) => words,
                };
                self.toast(said, Tone::Done);
            }
            (result, Some(Pending::Several(group))) => {
                self.on_one_of(group, result.map_err(|refusal| words::refusal_first(&refusal, lang)));
            }
            (Ok(_), Some(Pending::Undo(words))) => self.toast(words, Tone::Done),
            (Ok(_), _) => {}
            // What was typed is there to be mended, unless something else is being typed by now.
            (Err(refusal), Some(Pending::Setting { mut prompt, .. }))
                if self.layers.is_empty() && self.composing.is_none() =>
            {
                let words = words::refusal_first(&refusal, lang);
                self.keep_said(&words, Tone::Bad);
                prompt.error = Some(words);
                self.open(Layer::Prompt(*prompt));
            }
            (Err(refusal), pending) => {
                if let Some(Pending::Command { typed: Some(Typed { chat, purpose, text, lead }), .. }) = pending
                    && self.chat_ui(chat).typed(&purpose).is_none_or(Composer::is_empty)
                {
                    let known = self.chat_ui(chat);
                    known.typed_mut(&purpose).set(&text);
                    if purpose == Purpose::Say {
                        known.lead = lead;
                    }
                }
                self.toast(words::refusal_first(&refusal, lang), Tone::Bad);
            }
        }
        self.look_closer(out);
    }

    pub(super) fn on_page(&mut self, tag: u64, page: Page, out: &mut Intents) {
        let Some(pending) = self.pending.remove(&tag) else { return };
        if let Page::Failed(words) = &page
            && !matches!(pending, Pending::Prompt(_))
        {
            if let Pending::Export(exporting) = &pending
                && let Some(group) = exporting.group
            {
                return self.on_one_of(group, Err(words.clone()));
            }
            return self.toast(words.clone(), Tone::Bad);
        }
        match (pending, page) {
            (Pending::Older(id), Page::Lines { lines, more }) => self.on_older(id, lines, more),
            (Pending::Date(id, line), Page::Lines { lines, more }) => self.on_date(id, line, lines, more),
            (Pending::Newer(id), Page::Lines { lines, more }) => self.on_newer(id, lines, more),
            (Pending::Chats, Page::Chats { chats, more }) => {
                self.list.stored.extend(chats.into_iter().map(|c| (c.id, c)));
                self.list.more = more;
                self.arrange();
            }
            (Pending::Search, Page::Lines { lines, .. }) => {
                if let Some(Layer::Page(page)) = self.layers.last_mut()
                    && let Topic::Found { lines: found, .. } = &mut page.topic
                {
                    // The same may be looked for under several names.
                    let mut all = found.take().unwrap_or_default();
                    all.extend(lines);
                    all.sort_unstable_by_key(|line| std::cmp::Reverse(line.seq));
                    all.dedup_by_key(|line| line.seq);
                    *found = Some(all);
                }
            }
            (Pending::Usage, Page::Usage(rows)) => self.usage.rows = rows,
            (Pending::Audit, Page::Audit(rows)) => self.log.audit = rows,
            (Pending::Prompt(seq), page) => self.on_prompt(seq, page),
            (Pending::Export(exporting), page) => self.on_export(*exporting, page, out),
            _ => {}
        }
    }

    fn on_older(&mut self, id: ConversationId, lines: Vec<Line>, more: bool) {
        let known = self.chat_ui(id);
        known.loading = false;
        known.complete = !more;
        let first = known.older.front().map(|l| l.seq);
        // Pages come newest first.
        for line in lines.into_iter().filter(|l| first.is_none_or(|f| l.seq < f)) {
            known.older.push_front(Arc::new(line));
        }
    }

    fn on_date(&mut self, id: ConversationId, line: Option<Seq>, lines: Vec<Line>, more: bool) {
        let Some(newest) = lines.first().map(|l| l.seq) else {
            let (zh, en) = ("那一天之前没有记录", "nothing was said until that day");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        };
        let first_of_day = lines.iter().rev().find(|l| self.is_same_day(l.at, lines[0].at)).map_or(newest, |l| l.seq);
        let target = line.filter(|seq| lines.iter().any(|l| l.seq == *seq)).unwrap_or(first_of_day);
        let lines: VecDeque<Arc<Line>> = lines.into_iter().rev().map(Arc::new).collect();
        let tail = self.chat_view(id).and_then(|c| c.tail.first()).map(|l| l.seq);
        let known = self.chat_ui(id);
        (known.older, known.complete, known.loading) = (lines, !more, false);
        known.gap = Some(newest).filter(|newest| tail.is_none_or(|tail| *newest < tail));
        (known.at, known.bottom) = (Some(target), Some(newest.max(target)));
        if self.chat() == Some(id) && self.pane == Pane::List {
            self.pane = Pane::Chat;
        }
    }

    fn on_newer(&mut self, id: ConversationId, mut lines: Vec<Line>, more: bool) {
        let tail = self.chat_view(id).and_then(|c| c.tail.first()).map(|l| l.seq);
        let known = self.chat_ui(id);
        known.loading = false;
        let Some(gap) = known.gap else { return };
        lines.sort_unstable_by_key(|l| l.seq);
        known.older.extend(lines.into_iter().filter(|l| l.seq > gap).map(Arc::new));
        let newest = known.older.back().map(|l| l.seq);
        known.gap = newest.filter(|n| more && *n > gap && tail.is_none_or(|tail| *n < tail));
    }

    fn is_same_day(&self, a: Wall, b: Wall) -> bool {
        let day = |w: Wall| Now { wall: w, ..self.now }.day();
        day(a) == day(b)
    }

    fn on_prompt(&mut self, seq: Seq, page: Page) {
        let result = match page {
            Page::Prompt { turns, .. } => Ok(turns),
            Page::Failed(words) => Err(words),
            Page::NotKept => Err(words::Exit::NotKept.words(self.lang())),
            _ => return,
        };
        if let Some(Layer::Page(page)) = self.layers.last_mut()
            && let Topic::Details(_, of, prompt) = &mut page.topic
            && *of == seq
        {
            *prompt = Some(result);
        }
    }

    pub(super) fn ask_usage(&mut self, out: &mut Intents) {
        if self.usage.asked.is_some_and(|at| self.now.mono.since(at) < FRESH) {
            return;
        }
        self.usage.asked = Some(self.now.mono);
        let today = self.now.day();
        self.query(Query::Usage { from: today - DAYS + 1, to: today }, Pending::Usage, out);
    }

    pub(super) fn ask_audit(&mut self, out: &mut Intents) {
        if self.log.asked.is_some_and(|at| self.now.mono.since(at) < FRESH) {
            return;
        }
        self.log.asked = Some(self.now.mono);
        self.query(Query::Audit { limit: 500 }, Pending::Audit, out);
    }
}

/// Whether `u` has something to say of what was done.
pub(super) fn beyond(known: &mut Option<(String, Mono)>, done: &Done, words: &str, until: Mono) {
    match done {
        Done::Changed { .. } => *known = None,
        Done::Ok | Done::Started(_) => *known = Some((words.to_owned(), until)),
        Done::Already | Done::Said(_) | Done::Delivered(_) => {}
    }
}
