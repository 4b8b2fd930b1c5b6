//! A message meets the gates, in the order that design §4 gives: own, blocked, commands of admins, access,
//! trigger, commands of members, limits, moderation, queue. Every message leaves with a verdict.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::access::{self, Access};
use super::chat::TAIL;
use super::question::{Question, Said, merge_window};
use super::slash::{self, Parsed};
use super::state::State;
use super::trigger::Triggered;
use crate::config::{Inbound, Over, Strategy};
use crate::domain::*;
use crate::words::Notice;

/// A picture sent so long before a question belongs to it.
const PICTURE_BEFORE: Duration = Duration::from_secs(60);

/// How long an adapter's id of a message stands for that message.
const REPEATED: Duration = Duration::from_secs(24 * 3600);

/// And no further back than so many lines.
const PICTURE_WITHIN: usize = 30;

/// What the gates made of a message, with what the next step needs.
pub(super) struct Ruling {
    pub verdict: Verdict,
    /// The question as the model shall see it.
    pub text: String,
    /// The command.
    pub slash: Option<Parsed>,
    /// What a rate says: not before this.
    pub held_until: Option<Mono>,
}

impl Ruling {
    fn ignore(gate: Gate, reason: Reason) -> Self {
        Verdict::ignore(gate, reason).into()
    }
}

impl From<Verdict> for Ruling {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, text: String::new(), slash: None, held_until: None }
    }
}

/// How we came to hear a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// As it was said.
    Live,
    /// Found in history after a reconnect.
    CatchingUp,
}

impl State {
    /// A message as it was said.
    pub fn hear(&mut self, message: Message) {
        if let Some(account) = self.accounts.get_mut(&message.conversation.account) {
            account.last_event = self.now.wall;
        }
        self.hear_as(message, Heard::Live);
    }

    pub fn hear_as(&mut self, message: Message, heard: Heard) {
        let conversation = message.conversation;
        if self.is_served(message.sender.id) || message.sender.id.0 == conversation.account.0 {
            // Our own words come back (message_sent, or Lagrange's plain message); they are on record already.
            return;
        }
        let key = dedupe_key(&message);
        // After a restart the ring is empty, and history tells what the conversation's own lines already hold.
        let on_record = match heard {
            Heard::CatchingUp => self.line_of(conversation, message.id).is_some() || self.is_beyond_memory(&message),
            Heard::Live => self.is_repeated(&message),
        };
        if on_record || !self.seen.insert(conversation, key) {
            self.counters.duplicates += 1;
            self.changed = true;
            return;
        }
        self.counters.received += 1;
        self.rings.record(super::rings::Drawn::Messages, 1.0, self.now.mono);
        self.learn_name(&message);
        self.begin_anew_after_idle(conversation);

        let missed = heard == Heard::CatchingUp && self.is_too_old(&message);
        let mut ruling = self.judge(&message, missed);
        if missed && ruling.verdict.decision != Decision::Ignore {
            ruling = Ruling::ignore(Gate::Queue, Reason::WhileOffline);
        }
        let seq = self.numbers.seq();
        if ruling.verdict.reason == Reason::WhileOffline {
            self.missed.insert(seq, conversation);
        }
        let merged = match ruling.verdict.decision {
            Decision::Reply if ruling.held_until.is_none() => self.merge(conversation, message.sender.id),
            _ => None,
        };
        if merged.is_some() {
            ruling.verdict = Verdict::ignore(Gate::Queue, Reason::Merged);
        }
        let line = self.write_down(seq, &message, &ruling, merged, key);
        match ruling.verdict.decision {
            _ if merged.is_some() => {
                let window = merge_window(&self.policy(conversation).chat, conversation.peer);
                let head = merged.unwrap_or(seq);
                self.extend(head, Said { line, text: ruling.text }, window);
            }
            Decision::Reply => self.ask_about(&message, &line, ruling),
            Decision::Command => self.on_slash(&message, seq, ruling),
            Decision::Ignore => self.after_ignoring(conversation, &ruling),
        }
    }

    /// The gates. Takes from the speaker's rate what an answer costs, unless the message is too old to be
    /// answered, and changes nothing else.
    pub fn judge(&mut self, message: &Message, missed: bool) -> Ruling {
        let id = message.conversation;
        let speaker = message.sender.id;
        let own = id.account.0;
        if self.is_served(speaker) || speaker.0 == own {
            return Ruling::ignore(Gate::Own, Reason::OwnAccount);
        }
        let policy = Arc::clone(self.policy(id));
        if policy.chat.trigger.ignore_bots.contains(&speaker.0) {
            return Ruling::ignore(Gate::Own, Reason::ListedBot);
        }
        if !message.is_utterance() && !message.mentions(own) {
            return Ruling::ignore(Gate::Own, Reason::Nothing);
        }
        let wall = self.now.wall;
        if let Some(reason) = access::blocked(&self.config.access, &self.grants, id.peer, speaker, wall) {
            return Ruling::ignore(Gate::Blocked, reason);
        }
        let access = access::check(&self.config.access, &self.grants, id.peer, speaker, wall);
        let command = slash::parse(&self.config.commands, message);
        let admin = access == Access::Admin;
        if admin && command != Parsed::Not {
            return self.rule_on_slash(command, message, true);
        }
        if let Access::Refused(reason) = access {
            return Ruling::ignore(Gate::Access, reason);
        }
        if self.mode(id) == Mode::Muted {
            return Ruling::ignore(Gate::Trigger, Reason::ChatMuted);
        }
        let (reason, text) = match self.summons(&policy, message) {
            Triggered::Yes { reason, text } => (reason, text),
            Triggered::No => return Ruling::ignore(Gate::Trigger, Reason::NotTriggered),
        };
        if command != Parsed::Not {
            return self.rule_on_slash(command, message, false);
        }
        if let Some(until) = self.bot_muted_until(id) {
            return Ruling::ignore(Gate::Queue, Reason::BotMuted(until));
        }
        if policy.chat.reply.handover_words.iter().any(|word| !word.is_empty() && text.contains(word.as_str())) {
            return Verdict::command(Reason::Handover).into();
        }
        if missed {
            return Ruling::ignore(Gate::Queue, Reason::WhileOffline);
        }
        // What joins a question that is still being typed is no question of its own.
        let exempt = admin || self.merge(id, speaker).is_some();
        let held_until = match self.check_limits(&policy.chat.limits, id, speaker, exempt) {
            Ok(held_until) => held_until,
            Err((reason, held_until)) => return Ruling { held_until, ..Ruling::ignore(Gate::Limits, reason) },
        };
        if self.config.moderation.inbound == Inbound::Ignore
            && let Some(word) = self.policies.moderation.find(&text)
        {
            return Ruling::ignore(Gate::Moderation, Reason::Word(word));
        }
        if self.questions.len() >= self.config.engine.queue {
            return Ruling::ignore(Gate::Queue, Reason::QueueFull);
        }
        Ruling { text, held_until, ..Verdict::reply(Gate::Trigger, reason).into() }
    }

    /// Whether the message calls the bot.
    fn summons(&mut self, policy: &super::policy::Policy, message: &Message) -> Triggered {
        let quoted_is_ours = message.quoted().is_some_and(|id| self.is_ours(message.conversation, id));
        // Rolled only where chance matters, so that a replay does not hang on it.
        let roll = if policy.chat.trigger.random > 0.0 { self.rng.f64() } else { 1.0 };
        let nickname = self.accounts.get(&message.conversation.account).map_or("", |a| a.nickname.raw());
        let names: &[&str] = if nickname.is_empty() { &[] } else { &[nickname] };
        policy.trigger.judge(message, names, quoted_is_ours, roll)
    }

    fn rule_on_slash(&self, command: Parsed, message: &Message, admin: bool) -> Ruling {
        let private = !message.conversation.peer.is_group();
        // The number of an anonymous member is shared by all of them.
        let rank = if message.sender.anonymous { GroupRank::Member } else { message.sender.rank };
        let entry = match &command {
            Parsed::Command(slash) => Some(slash.entry()),
            Parsed::Bad(entry, _) => Some(*entry),
            Parsed::Unknown { .. } | Parsed::Not => None,
        };
        let may = entry.is_none_or(|e| slash::may(e, &self.config.commands.roles, admin, rank, private));
        let name = match (&command, entry) {
            (Parsed::Unknown { word, .. }, _) => word.clone(),
            (_, entry) => entry.map_or_else(String::new, |e| e.name.to_owned()),
        };
        let reason = if may { Reason::Slash(name) } else { Reason::SlashDenied(name) };
        Ruling { slash: Some(command), ..Verdict::command(reason).into() }
    }

    fn check_limits(
        &mut self,
        limits: &crate::config::Limits,
        id: ConversationId,
        speaker: UserId,
        exempt: bool,
    ) -> Result<Option<Mono>, (Reason, Option<Mono>)> {
        if exempt {
            return Ok(None);
        }
        self.books.roll(self.now);
        if limits.over == Over::Stop
            && let Some(reason) = self.over_quota(id)
        {
            return Err((reason, None));
        }
        let now = self.now.mono;
        if self.limits.looping(limits.loop_guard, id, speaker, now) {
            return Err((Reason::LoopGuard, None));
        }
        match self.limits.check(limits, id, speaker, now) {
            Ok(()) => Ok(None),
            Err((_, at)) if limits.strategy == Strategy::Wait && at.since(now) < self.config.engine.queue_wait => {
                Ok(Some(at))
            }
            Err((reason, at)) => Err((reason, Some(at))),
        }
    }

    /// Puts a message on record and into the conversation.
    fn write_down(
        &mut self,
        seq: Seq,
        message: &Message,
        ruling: &Ruling,
        merged: Option<Seq>,
        dedupe: i64,
    ) -> Arc<Line> {
        let id = message.conversation;
        let answers = message.quoted().and_then(|quoted| self.line_of(id, quoted));
        let ignored = ruling.verdict.decision == Decision::Ignore;
        // Chats that are not allowed leave only a trace: their words are none of our business.
        let trace = matches!(ruling.verdict.gate, Gate::Blocked | Gate::Access) && ignored;
        let outcome = match merged {
            Some(head) => Some(Outcome::Merged(head)),
            None => ignored.then_some(Outcome::Ignored),
        };
        let line = Arc::new(Line {
            seq,
            conversation: id,
            at: self.now.wall,
            author: Author::Person { id: message.sender.id, name: message.sender.name.clone() },
            text: Text::from(message.told()),
            message: (message.id.0 != 0).then_some(message.id),
            others: Vec::new(),
            answers,
            pictures: message.pictures().cloned().collect(),
            verdict: Some(ruling.verdict.clone()),
            outcome,
            delivery: None,
            making: None,
            recalled: false,
        });
        if ignored && merged.is_none() {
            self.counters.ignored += 1;
        }
        let wall = self.now.wall;
        let chat = self.chat(id);
        chat.last_heard = Some(wall);
        chat.temp_group = message.temp_group;
        chat.push(Arc::clone(&line));
        self.rows.push(Row::Heard { line: Arc::clone(&line), dedupe, trace });
        line
    }

    fn ask_about(&mut self, message: &Message, line: &Arc<Line>, ruling: Ruling) {
        let id = message.conversation;
        let policy = Arc::clone(self.policy(id));
        let ends = self.now.mono + self.config.engine.timeout;
        let mut question = Question::new(line, message.sender.id, ruling.text, self.now.mono, ends);
        question.pictures = self.pictures_for(line);
        let merge = merge_window(&policy.chat, id.peer);
        self.enqueue(question, merge, ruling.held_until);
    }

    /// Pictures that a question is about: its own, those of the message that it quotes, and those that its
    /// speaker sent within the last minute ("what is this?" comes behind the picture).
    fn pictures_for(&self, line: &Line) -> Vec<Picture> {
        let mut pictures = line.pictures.clone();
        let Some(chat) = self.chats.get(&line.conversation) else { return pictures };
        if let Some(quoted) = line.answers.and_then(|seq| chat.line(seq)) {
            pictures.extend(quoted.pictures.iter().cloned());
        }
        if pictures.is_empty() {
            let recent = chat.tail.iter().rev().take(PICTURE_WITHIN);
            let recent = recent.take_while(|l| line.at.since(l.at) <= PICTURE_BEFORE);
            let theirs = |l: &&Arc<Line>| !l.pictures.is_empty() && !l.recalled && l.author == line.author;
            pictures.extend(recent.filter(theirs).flat_map(|l| l.pictures.iter().cloned()).take(4));
        }
        pictures
    }

    fn after_ignoring(&mut self, id: ConversationId, ruling: &Ruling) {
        let notice = match ruling.verdict.reason {
            Reason::UserRate | Reason::GroupRate | Reason::GlobalRate => {
                let wait = ruling.held_until.map_or(Duration::ZERO, |at| at.since(self.now.mono));
                Notice::TooFast { seconds: u64::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u64::MAX).max(1) }
            }
            Reason::QueueFull => {
                self.counters.shed += 1;
                Notice::QueueFull
            }
            Reason::TokenQuota | Reason::CostQuota => {
                let today = self.now.day();
                if self.quota_notices.insert(id, today) == Some(today) {
                    return;
                }
                return self.say_notice(id, Notice::QuotaUsed, None);
            }
            _ => return,
        };
        if self.limits.notice_due(id, self.now.mono) {
            self.say_notice(id, notice, None);
        }
    }

    /// Whether this is one of the accounts that we serve, though its link may not be there yet: two bots must never
    /// talk to each other for ever.
    pub fn is_served(&self, user: UserId) -> bool {
        let account = SelfId(user.0);
        self.accounts.contains_key(&account) || self.alerts.is_expected(account)
    }

    /// Whether an adapter's message id is one of ours.
    fn is_ours(&self, id: ConversationId, message: MessageId) -> bool {
        self.line_of(id, message)
            .and_then(|seq| self.chats.get(&id)?.line(seq))
            .is_some_and(|line| line.author.is_ours())
    }

    /// Our number of an adapter's message, while it is in memory.
    pub fn line_of(&self, id: ConversationId, message: MessageId) -> Option<Seq> {
        let chat = self.chats.get(&id)?;
        chat.tail.iter().rev().find(|line| line.message == Some(message)).map(|line| line.seq)
    }

    /// Whether a history tells what was said before the oldest line in memory, in a chat that had more: it was heard
    /// then, and nobody waits for an answer so many lines later.
    fn is_beyond_memory(&self, message: &Message) -> bool {
        let chat = self.chats.get(&message.conversation).filter(|chat| chat.tail.len() == TAIL);
        let oldest = chat.and_then(|chat| chat.tail.front());
        oldest.is_some_and(|line| Wall(message.time.saturating_mul(1000)) < line.at)
    }

    /// Whether this is a message of the last day told again under another time. Its words are looked at too, for an
    /// adapter that is installed anew begins its ids anew.
    fn is_repeated(&self, message: &Message) -> bool {
        let chat = self.chats.get(&message.conversation);
        let line = self.line_of(message.conversation, message.id).and_then(|seq| chat?.line(seq));
        let same = |line: &Line| {
            matches!(line.author, Author::Person { id, .. } if id == message.sender.id)
                && self.now.wall.since(line.at) < REPEATED
                && line.text.raw() == message.told()
        };
        message.id.0 != 0 && line.is_some_and(|line| same(line))
    }

    fn is_too_old(&self, message: &Message) -> bool {
        let said = Wall(message.time.saturating_mul(1000));
        self.now.wall.since(said) > self.config.onebot.catch_up
    }

    fn bot_muted_until(&self, id: ConversationId) -> Option<i64> {
        let until = self.chat_state(id)?.bot_muted?;
        (until > self.now.wall).then_some(if until.0 == i64::MAX { i64::MAX } else { until.0 / 1000 })
    }

    fn learn_name(&mut self, message: &Message) {
        let name = match (message.conversation.peer, &message.group_name) {
            (Peer::Group(_), Some(name)) => name,
            (Peer::Group(_), None) => return,
            (Peer::Private(_), _) => &message.sender.name,
        };
        if !name.is_empty() {
            self.rename(message.conversation, name.clone());
        }
    }

    /// Forgets a conversation that has been silent for `context.idle`.
    fn begin_anew_after_idle(&mut self, id: ConversationId) {
        let idle = self.policy(id).chat.context.idle;
        let (wall, last) = (self.now.wall, Seq(self.numbers.seq));
        let chat = self.chat(id);
        let silent = chat.last_heard.is_some_and(|at| !idle.is_zero() && wall.since(at) > idle);
        if silent && chat.is_idle() && chat.state.forgotten < last {
            chat.state.forgotten = last;
            self.save_chat(id);
        }
    }
}

/// What makes a message the same as one heard before: the adapter's id together with its time, for an adapter that
/// is installed anew begins its ids anew; where the id is 0, who said what stands in its place. The time leads, so
/// that the keys of one hour lie side by side in the store, and a commit changes one page for all of them.
fn dedupe_key(message: &Message) -> i64 {
    let mut hasher = DefaultHasher::new();
    (message.id, message.time).hash(&mut hasher);
    if message.id.0 == 0 {
        (message.sender.id, message.told()).hash(&mut hasher);
    }
    message.time << 32 | i64::from(hasher.finish() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: i64, time: i64, words: &str) -> Message {
        let conversation = ConversationId { account: SelfId(1), peer: Peer::Private(UserId(7)) };
        let sender = Sender { id: UserId(7), name: "某".into(), rank: GroupRank::Member, anonymous: false };
        let segments = vec![Segment::Text(words.into())];
        let (id, group_name, temp_group) = (MessageId(id), None, None);
        Message { conversation, id, sender, group_name, temp_group, segments, time }
    }

    #[test]
    fn keys_tell_messages_apart_and_stand_in_the_order_of_time() {
        let key = |id, time, words| dedupe_key(&message(id, time, words));
        assert_eq!(key(5, 1_795_000_000, "a"), key(5, 1_795_000_000, "b"), "the id says that it is the same");
        assert_ne!(key(5, 1_795_000_000, "a"), key(6, 1_795_000_000, "a"));
        assert_ne!(key(0, 1_795_000_000, "a"), key(0, 1_795_000_000, "b"), "no id: the words say it");
        let keys: Vec<i64> = (0..100).map(|n| key(n * 7919 % 100, 1_795_000_000 + n, "a")).collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }

    /// Old lines of a busy history must not stand in the queue as questions until the store has spoken.
    #[test]
    fn history_from_before_the_oldest_line_in_memory_was_heard() {
        let start = 1_795_219_200;
        let now = Now { mono: Mono(0), wall: Wall(start * 1000), offset: 0 };
        let mut config = crate::config::Config::default();
        config.access.mode = crate::config::AccessMode::Open;
        let mut state = State::new(std::sync::Arc::new(config), 1, now);
        state.recover(Recovered { same_boot: true, ..Recovered::default() });
        let lines = TAIL as i64 + 50;
        for n in 0..lines {
            state.now.wall = Wall((start + n) * 1000);
            state.hear(message(1000 + n, start + n, "一"));
        }
        let heard = state.counters.received;
        // What the ring of the newest messages has forgotten by then is told by the memory.
        state.seen = Default::default();
        for n in [0, 10, 49] {
            state.hear_as(message(1000 + n, start + n, "一"), Heard::CatchingUp);
        }
        assert_eq!((state.counters.received, state.counters.duplicates), (heard, 3));
        // One that is missing among those in memory is heard.
        state.hear_as(message(9999, start + 100, "漏"), Heard::CatchingUp);
        assert_eq!(state.counters.received, heard + 1);
    }
}
