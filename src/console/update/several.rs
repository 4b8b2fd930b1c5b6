//! What is done to several chats at once: they are marked, the act is chosen once, and what came of it is told once,
//! however many answers there are. Some acts are for one chat only, and say so.

use super::Intents;
use super::UNDO;
use super::answers::beyond;
use super::menu::Offer;
use super::rows::chat_ref;
use crate::console::action::Action;
use crate::console::state::{Pending, RowKey, Several, Tone, Ui, Undo, View};
use crate::domain::*;
use crate::words::Lang;

/// What speaks in one chat or of one line: done to several it would be something else.
const ALONE: [Action; 5] = [Action::Reply, Action::Quote, Action::Canned, Action::Correct, Action::Recall];

impl Ui {
    /// Whether keys are for the marked chats, not for the selected one.
    pub(super) fn is_marked(&self) -> bool {
        self.view == View::Chats && !self.list.marks.is_empty()
    }

    /// Whether an action is for one chat while others are marked.
    pub(super) fn wants_one(&self, action: Action) -> bool {
        let others = self.list.marks.iter().any(|id| Some(*id) != self.chat());
        self.is_marked() && others && ALONE.contains(&action)
    }

    /// Says so.
    pub(super) fn one_at_a_time(&mut self, action: Action) {
        let (does, many) = (action.entry().short(self.lang()), self.list.marks.len());
        let words = match self.lang() {
            Lang::Zh => format!("“{does}”一次只对一个会话；标记了 {many} 个，按 Esc 去掉标记"),
            Lang::En => format!("“{does}” is for one chat at a time; {many} are marked, Esc takes the marks off"),
        };
        self.toast(words, Tone::Hint);
    }

    /// The chats that an action is for: the marked ones, or the selected one.
    pub(super) fn targets(&self) -> Vec<ConversationId> {
        match self.list.marks.is_empty() {
            true => self.chat().into_iter().collect(),
            false => self.list.marks.iter().copied().collect(),
        }
    }

    /// Names of what an action is for: one by name, several by number.
    pub(super) fn named(&self, targets: &[ConversationId]) -> String {
        match targets {
            [one] => self.name_of(*one),
            many => match self.lang() {
                Lang::Zh => format!("{} 个会话", many.len()),
                Lang::En => format!("{} chats", many.len()),
            },
        }
    }

    /// Words for what is done, with the number in front where it is done to several.
    pub(super) fn of_several(&self, targets: &[ConversationId], words: &str) -> String {
        match targets {
            [_, _, ..] => format!("{} · {words}", self.named(targets)),
            _ => words.to_owned(),
        }
    }

    /// Marks the selected chat, or no longer, and goes on to the next row.
    pub(super) fn mark(&mut self) {
        if let Some(id) = self.chat()
            && !self.list.marks.remove(&id)
        {
            self.list.marks.insert(id);
            self.list.anchor = Some(id);
        }
        if let Some(at) = self.list.selected.and_then(|s| self.list.rows.iter().position(|k| *k == s))
            && let Some(next) = self.list.rows.get(at + 1).copied()
        {
            self.select(next);
        }
    }

    /// Marks all chats from the one that was marked last to the selected one. Where none is, it begins here.
    pub(super) fn mark_range(&mut self) {
        let place = |key: RowKey| self.list.rows.iter().position(|row| *row == key);
        let Some(here) = self.list.selected.and_then(place) else { return self.nothing() };
        let anchor = self.list.anchor.filter(|id| self.list.marks.contains(id));
        let from = anchor.and_then(|id| place(RowKey::Chat(id))).unwrap_or(here);
        let rows = &self.list.rows[from.min(here)..=from.max(here)];
        let chats: Vec<ConversationId> =
            rows.iter().filter_map(|row| if let RowKey::Chat(id) = row { Some(*id) } else { None }).collect();
        self.list.marks.extend(chats);
        self.list.anchor = self.selected_chat().or(self.list.anchor);
    }

    /// Does the same to all targets.
    pub(super) fn on_marked(&mut self, out: &mut Intents, of: impl Fn(ConversationId) -> Command, zh: &str, en: &str) {
        let targets = self.targets();
        let words = format!("{} · {}", self.named(&targets), self.lang().pick(zh, en));
        self.together(targets.into_iter().map(of).collect(), words, out);
    }

    /// Asks the engine for all of it; what came of it is told once. The marks have served.
    pub(super) fn together(&mut self, commands: Vec<Command>, words: String, out: &mut Intents) {
        if self.view == View::Chats {
            self.list.marks.clear();
        }
        if commands.len() > 1 {
            let group = self.begin_several(words, commands.len());
            commands.into_iter().for_each(|command| self.send(command, Pending::Several(group), None, out));
        } else {
            commands.into_iter().for_each(|command| self.command(command, words.clone(), out));
        }
    }

    /// So many answers are one.
    pub(super) fn begin_several(&mut self, words: String, all: usize) -> u64 {
        let group = self.next_tag();
        self.several.insert(group, Several { words, all, left: all, ..Several::default() });
        group
    }

    /// One of several is done, or was refused.
    pub(super) fn on_one_of(&mut self, group: u64, result: Result<Done, String>) {
        let until = self.now.mono + UNDO;
        let Some(several) = self.several.get_mut(&group) else { return };
        several.left = several.left.saturating_sub(1);
        match result {
            Ok(Done::Changed { undo }) => several.undo.push(*undo),
            Ok(Done::Already) => several.same += 1,
            Ok(done) => beyond(&mut self.beyond, &done, &several.words, until),
            Err(words) => several.refused.push(words),
        }
        if several.left == 0
            && let Some(several) = self.several.remove(&group)
        {
            self.tell_several(several, until);
        }
    }

    /// One of several files is there, or is not.
    pub(super) fn on_one_file(&mut self, group: u64, result: Result<String, String>) {
        if let (Ok(path), Some(several)) = (&result, self.several.get_mut(&group)) {
            several.place = std::path::Path::new(path).parent().map(|place| place.display().to_string());
        }
        self.on_one_of(group, result.map(|_| Done::Started(None)));
    }

    fn tell_several(&mut self, several: Several, until: Mono) {
        let lang = self.lang();
        let Several { words, all, same, refused, undo, place, .. } = several;
        let mut said = words.clone();
        if let Some(place) = place {
            said.push_str(&format!("{}{place}", lang.pick(" · 存在 ", " · in ")));
        }
        if same > 0 {
            let some = if same == all { String::new() } else { format!("{same} ") };
            said.push_str(&format!(" · {some}{}", lang.pick("本来就是", "as before")));
        }
        if let Some(why) = refused.first() {
            said.push_str(&match lang {
                Lang::Zh => format!(" · {} 个没成：{why}", refused.len()),
                Lang::En => format!(" · {} failed: {why}", refused.len()),
            });
        }
        if !undo.is_empty() {
            said.push_str(&format!(" · {}", lang.pick("u 撤销", "u undoes")));
            self.beyond = None;
            self.undo.push(Undo { commands: undo, words, until });
        }
        self.toast(said, if refused.is_empty() { Tone::Done } else { Tone::Bad });
    }

    /// The first thing that waits in each marked chat is done: drafts are sent, the rest is done with.
    pub(super) fn accept_marked(&mut self, out: &mut Intents) {
        self.first_of_marked(out, |item, kind, chat| match kind {
            ItemKind::Draft { .. } => (Command::Approve { item, text: None }, "已发出", "sent"),
            ItemKind::Request(_) => (Command::Accept { item }, "已同意", "accepted"),
            ItemKind::Paused | ItemKind::BotMuted => (Command::Resume { chat }, "已恢复", "resumed"),
            _ => (Command::Reject { item }, "已处理", "done with"),
        });
    }

    /// The first thing that waits in each marked chat is refused; where nothing waits, what is being written stops.
    pub(super) fn refuse_marked(&mut self, out: &mut Intents) {
        self.first_of_marked(out, |item, kind, _| match kind {
            ItemKind::Request(_) => (Command::Refuse { item, reason: String::new() }, "已拒绝", "refused"),
            _ => (Command::Reject { item }, "已否决", "refused"),
        });
    }

    fn first_of_marked(
        &mut self,
        out: &mut Intents,
        of: impl Fn(ItemId, &ItemKind, ChatRef) -> (Command, &'static str, &'static str),
    ) {
        let targets = self.targets();
        let refuses = |done: &(Command, &str, &str)| matches!(done.0, Command::Reject { .. } | Command::Refuse { .. });
        let one = |id: &ConversationId| {
            let chat = chat_ref(*id);
            if let Some((item, what)) = self.items_of(*id).next() {
                return Some(of(*item, &what.kind, chat));
            }
            // Asked of an item that is not there, only refusing has something else to act on.
            let stops = refuses(&of(ItemId(0), &ItemKind::Paused, chat));
            let busy = self.chat_view(*id).is_some_and(|c| !c.writing.is_empty() || c.queued > 0);
            (stops && busy).then_some((Command::Stop { chat }, "已停下", "stopped"))
        };
        let done: Vec<_> = targets.iter().filter_map(one).collect();
        let Some((_, zh, en)) = done.first() else { return self.nothing() };
        let alike = done.iter().all(|(_, other, _)| other == zh);
        let lang = self.lang();
        let what = if alike { lang.pick(zh, en) } else { lang.pick("已处理", "done with") };
        let idle = targets.len() - done.len();
        let mut words = match lang {
            Lang::Zh => format!("{} 个会话 · {what}", done.len()),
            Lang::En => format!("{} chats · {what}", done.len()),
        };
        if idle > 0 {
            words.push_str(&match lang {
                Lang::Zh => format!(" · {idle} 个没有等着的"),
                Lang::En => format!(" · nothing waits in {idle}"),
            });
        }
        self.together(done.into_iter().map(|(command, ..)| command).collect(), words, out);
    }

    /// The last line of each marked chat is answered, or its answer written again.
    pub(super) fn regenerate_marked(&mut self, out: &mut Intents) {
        let last = |id: &ConversationId| {
            let line = self.lines(*id).last().map(|line| Line::clone(line));
            line.or_else(|| self.list.stored.get(id).map(|chat| chat.last.clone()))
        };
        let lines: Vec<Line> = self.targets().iter().filter_map(last).collect();
        let commands: Vec<Command> = lines.iter().map(|line| again(line).0).collect();
        if commands.is_empty() {
            return self.nothing();
        }
        let words = match self.lang() {
            Lang::Zh => format!("{} 个会话 · 正在回答最后一条", commands.len()),
            Lang::En => format!("{} chats · answering the last line", commands.len()),
        };
        self.together(commands, words, out);
    }

    /// A setting of all that are marked is written, or taken out.
    pub(super) fn set_marked(&mut self, key: &str, value: String, out: &mut Intents) {
        let targets = self.targets();
        let words = match value.is_empty() {
            true => format!("{key} · {}", self.lang().pick("跟随上级", "inherited again")),
            false => format!("{key} = {value}"),
        };
        let one = |id: &ConversationId| match value.is_empty() {
            true => Command::Unset { chat: chat_ref(*id), key: key.to_owned() },
            false => Command::Set { chat: chat_ref(*id), key: key.to_owned(), value: value.clone() },
        };
        self.together(targets.iter().map(one).collect(), self.of_several(&targets, &words), out);
    }

    /// What the menu offers for those that are marked.
    pub(super) fn marked_offers(&self) -> Vec<Offer> {
        let waits = self.targets().iter().any(|id| self.items_of(*id).next().is_some());
        let mut offers: Vec<Offer> = Vec::new();
        if waits {
            offers.push((Action::Accept, "各自等着的第一件：通过", "the first that waits in each: accept"));
            offers.push((Action::Refuse, "各自等着的第一件：否决", "the first that waits in each: refuse"));
        }
        offers.extend::<[Offer; 10]>([
            (Action::Access, "放行…", "access…"),
            (Action::Mode, "谁来回答…", "who answers…"),
            (Action::Regenerate, "回答各自最后一条", "answer the last line of each"),
            (Action::Settings, "设置…", "settings…"),
            (Action::Persona, "人设…", "persona…"),
            (Action::Model, "模型…", "model…"),
            (Action::New, "新话题", "begin anew"),
            (Action::Note, "备注…", "note…"),
            (Action::Block, "屏蔽…", "block…"),
            (Action::Export, "导出…", "export…"),
        ]);
        offers
    }
}

/// What answers a line, or writes its answer again, with the words for it.
pub(super) fn again(line: &Line) -> (Command, &'static str, &'static str) {
    let (chat, seq) = (chat_ref(line.conversation), Some(line.seq));
    let ignored =
        line.outcome == Some(Outcome::Ignored) || line.verdict.as_ref().is_some_and(|v| v.decision == Decision::Ignore);
    match !line.author.is_ours() && ignored {
        true => (Command::Answer { chat, line: seq }, "现在回答", "answering now"),
        false => (Command::Retry { chat, line: seq }, "正在重写", "being written again"),
    }
}
