//! From an answer to the parts that leave: moderation, the chat's mode, Markdown, splitting, quoting.

use std::sync::Arc;

use super::alerts::samples::Failed;
use super::cache::Key;
use super::delivery::Reply;
use super::markdown;
use super::policy::{self, Policy};
use super::question::{Asking, Question, Stage};
use super::split;
use super::state::State;
use super::usage;
use super::window::{self, Prompt, Window};
use crate::config::{Markdown, Outbound, Quote, StreamToChat};
use crate::domain::*;
use crate::words::Notice;

/// Something to be said in a chat.
pub(super) struct Saying {
    pub conversation: ConversationId,
    pub author: Author,
    pub text: String,
    /// The message that it answers.
    pub answers: Option<Seq>,
    pub making: Option<Arc<Making>>,
    /// When the message that it answers was heard.
    pub heard: Option<Mono>,
    /// Whom it quotes and calls, where an operator said so; else the chat's policy decides.
    pub lead: Vec<OutSegment>,
}

impl State {
    /// What the model is shown, for this question at this provider.
    pub fn compose(&mut self, head: Seq, at: usize) -> Option<Vec<Turn>> {
        let window = self.window(head, at, Some(self.now))?;
        let (budget, factor) = (self.budget(at), self.providers[at].factor());
        let question = self.questions.get_mut(&head)?;
        question.window = (window.shown, window.left_out);
        let looks = window.turns.iter().any(|turn| !turn.pictures.is_empty());
        question.estimate = if looks { 0.0 } else { window.tokens as f32 / factor };
        let (id, room) = (question.conversation, question.shortened.unwrap_or(budget));
        let context = &self.policy(id).chat.context;
        let of = u32::try_from(context.messages).unwrap_or(u32::MAX);
        let room = room.min(context.tokens.unwrap_or(u32::MAX));
        let (lines, tokens) = (window.shown, window.tokens);
        self.chat(id).window = Some(ChatWindow { lines, of, tokens, room });
        Some(window.turns)
    }

    fn window(&self, head: Seq, at: usize, clock: Option<Now>) -> Option<Window> {
        let question = self.questions.get(&head)?;
        let chat = self.chats.get(&question.conversation)?;
        let policy = self.policy(question.conversation);
        let persona = policy::persona(&self.config, chat.state.persona.as_deref(), &policy.chat);
        // Half more than is shown, so that where the window begins stays put; more in a group, where the last
        // question may lie far back among others' talk.
        let context = &policy.chat.context;
        let beside = if chat.id.peer.is_group() { context.background * 3 } else { 0 };
        let enough = context.messages * 3 / 2 + beside + 10;
        let lines = chat.tail.iter().map(Arc::as_ref).skip(chat.tail.len().saturating_sub(enough));
        let lines: Vec<&Line> = lines.filter(|l| l.seq > chat.state.forgotten).collect();
        let last = question.said.len() - 1;
        let asked = question.said.iter().enumerate();
        let asked: Vec<window::Question> = asked
            .map(|(n, said)| window::Question {
                line: &said.line,
                text: &said.text,
                quoted: None,
                pictures: if n == last { &question.pictures } else { &[] },
            })
            .collect();
        Some(window::build(&Prompt {
            persona: persona.map_or("", |p| p.prompt.as_str()),
            lines: &lines,
            questions: &asked,
            context: &policy.chat.context,
            budget: question.shortened.unwrap_or_else(|| self.budget(at)),
            factor: self.providers[at].factor(),
            vision: self.providers[at].config.vision,
            clock: &clock.map(clock_words).unwrap_or_default(),
        }))
    }

    /// Tokens for persona, window and question at a provider: its context less the answer.
    pub fn budget(&self, at: usize) -> u32 {
        let provider = &self.providers[at].config;
        provider.context.saturating_sub(provider.max_tokens).max(256)
    }

    /// Answers from memory where an equal question was answered lately.
    pub fn answer_from_cache(&mut self, head: Seq) -> bool {
        if !self.config.cache.enable {
            return false;
        }
        let Some(at) = self.providers.iter().position(|p| !p.off) else { return false };
        // The clock in the last turn would make every question a new one.
        let Some(turns) = self.window(head, at, None).map(|w| w.turns) else { return false };
        let Some(question) = self.questions.get_mut(&head) else { return false };
        let key = Key::of(question.conversation, &turns, &self.providers[at].config);
        question.cache_key = Some(key);
        let question = question.clone();
        let Some(text) = self.cache.get(key, self.config.cache.ttl, self.now.mono) else { return false };
        let making = Making {
            provider: Arc::clone(&self.providers[at].name),
            model: Arc::clone(&self.providers[at].model),
            cached: true,
            window: question.window,
            ..Making::default()
        };
        self.settle(&question, text.to_string(), Arc::new(making));
        true
    }

    /// A model has answered.
    pub fn on_answer(&mut self, head: Seq, asking: &Asking, answer: Answer) {
        let Some(question) = self.questions.get(&head).cloned() else { return };
        let cut = answer.finish == Finish::Length;
        if let Some(tokens) = answer.tokens.input {
            self.providers[asking.provider].counted(tokens, question.estimate);
        }
        let making = Arc::new(self.making(&question, asking, &answer, cut));
        if let Some(key) = question.cache_key {
            self.cache.put(key, &answer, &self.config.cache, self.now.mono);
        }
        if question.reply.is_some() {
            return self.finish_streamed(&question, asking, &answer.text, cut, Some(making));
        }
        self.settle(&question, answer.text, making);
    }

    fn making(&self, question: &Question, asking: &Asking, answer: &Answer, cut: bool) -> Making {
        let provider = &self.providers[asking.provider];
        Making {
            provider: Arc::clone(&provider.name),
            model: Arc::clone(&provider.model),
            queued: asking.since.since(question.heard),
            load: super::metrics::load(answer),
            first_text: answer.timing.first_text,
            total: answer.timing.total,
            tokens: answer.tokens,
            tokens_per_second: answer.timing.tokens_per_second,
            cost: usage::cost(&provider.config.price, &answer.tokens),
            cut,
            cached: false,
            window: question.window,
            too_long: question.shortened.is_some(),
            job: asking.job,
        }
    }

    /// An answer is whole: it is delivered, or kept for an operator, as the chat's mode says.
    fn settle(&mut self, question: &Question, text: String, making: Arc<Making>) {
        let id = question.conversation;
        let policy = Arc::clone(self.policy(id));
        let mut text = readable(&policy, &text);
        let mut hold = question.draft;
        if self.policies.moderation.find(&text).is_some() {
            match self.config.moderation.outbound {
                Outbound::Mask => text = self.policies.moderation.mask(&text),
                Outbound::Draft => hold = true,
                Outbound::Block => return self.close_question(question.head, Some(Outcome::Suppressed)),
            }
        }
        if making.cut {
            text.push_str(&Notice::CutMark.words(self.lang()));
        }
        match self.voice(id) {
            Mode::Muted => self.close_question(question.head, Some(Outcome::Suppressed)),
            Mode::Manual => self.keep_draft(question, text, making, true),
            Mode::Draft => self.keep_draft(question, text, making, false),
            Mode::Auto if hold => self.keep_draft(question, text, making, false),
            Mode::Auto => {
                self.limits.replied(id, question.speaker, self.now.mono);
                self.say(Saying {
                    conversation: id,
                    author: Author::Bot,
                    text,
                    answers: Some(question.head),
                    making: Some(making),
                    heard: Some(question.heard),
                    lead: Vec::new(),
                });
                self.close_question(question.head, None);
            }
        }
    }

    /// Says something: a line of ours and its parts, delivered in the chat's order. Tells its number.
    pub fn say(&mut self, saying: Saying) -> Seq {
        let line = self.put_line(&saying);
        let actions = self.parts_of(&saying, true);
        self.open_reply(Reply::new(line, &saying));
        self.add_parts(line, actions);
        self.seal_reply(line);
        line
    }

    /// A notice in a chat. Says nothing where nobody may, and nothing that was not asked for where an operator
    /// is talking.
    pub fn say_notice(&mut self, conversation: ConversationId, notice: Notice, answers: Option<Seq>) {
        match (self.voice(conversation), answers) {
            (Mode::Muted, Some(line)) => return self.end_line(conversation, line, Outcome::Suppressed),
            (Mode::Muted, None) | (Mode::Manual, None) => return,
            _ => {}
        }
        let text = notice.words(self.lang());
        let heard = answers.and_then(|seq| self.questions.get(&seq)).map(|q| q.heard);
        self.say(Saying { conversation, author: Author::Notice, text, answers, making: None, heard, lead: Vec::new() });
    }

    fn put_line(&mut self, saying: &Saying) -> Seq {
        let seq = self.numbers.seq();
        let line = Arc::new(Line {
            seq,
            conversation: saying.conversation,
            at: self.now.wall,
            author: saying.author.clone(),
            text: Text::from(format!("{}{}", self.called(saying), saying.text)),
            message: None,
            others: Vec::new(),
            answers: saying.answers,
            pictures: Vec::new(),
            verdict: None,
            outcome: None,
            delivery: Some(PartState::Generated),
            making: saying.making.clone(),
            recalled: false,
        });
        self.rows.push(Row::Said(Arc::clone(&line)));
        self.chat(saying.conversation).push(line);
        seq
    }

    /// The parts of a text. `first`: the quote and the @ go with it.
    pub fn parts_of(&self, saying: &Saying, first: bool) -> Vec<Action> {
        let id = saying.conversation;
        let policy = self.policy(id);
        let reply = &policy.chat.reply;
        let pieces = split::split(&saying.text, reply.split_at);
        let temp_group = self.temp_group(id);
        // A forward has nobody to quote and calls nobody.
        if pieces.len() > reply.forward_above && temp_group.is_none() && saying.lead.is_empty() {
            let nickname = self.accounts.get(&id.account).map_or_else(String::new, |a| a.nickname.shown().to_owned());
            let nodes = pieces.into_iter().map(Into::into).collect();
            return vec![Action::SendForward { peer: id.peer, nodes, nickname }];
        }
        self.sends(saying, pieces.into_iter().map(Into::into), first, temp_group)
    }

    /// Those whom an operator calls by @, as the chat shows them: on record by the names under which they spoke.
    fn called(&self, saying: &Saying) -> String {
        let tail = self.chats.get(&saying.conversation).map(|chat| &chat.tail);
        let name = |user: UserId| {
            let names = tail.into_iter().flatten().rev().filter_map(|line| match &line.author {
                Author::Person { id, name } if *id == user && !name.is_empty() => Some(name.raw().to_owned()),
                _ => None,
            });
            names.take(1).next().unwrap_or_else(|| user.to_string())
        };
        let called =
            saying.lead.iter().filter_map(|s| if let OutSegment::At(user) = s { Some(name(*user)) } else { None });
        called.map(|name| format!("@{name} ")).collect()
    }

    /// One message a piece; also what a refused forward falls back to.
    pub fn sends(
        &self,
        saying: &Saying,
        pieces: impl Iterator<Item = String>,
        first: bool,
        temp_group: Option<GroupId>,
    ) -> Vec<Action> {
        let id = saying.conversation;
        let mut lead = if first { self.lead(saying) } else { Vec::new() };
        pieces
            .map(|piece| {
                let mut segments = std::mem::take(&mut lead);
                // QQ puts no blank behind an @ by itself.
                let at = matches!(segments.last(), Some(OutSegment::At(_)));
                segments.push(OutSegment::Text(if at { format!(" {piece}") } else { piece }));
                Action::Send { peer: id.peer, temp_group, segments }
            })
            .collect()
    }

    /// The quote and the @ before the first part, as the chat's policy wants them.
    fn lead(&self, saying: &Saying) -> Vec<OutSegment> {
        if !saying.lead.is_empty() {
            return saying.lead.clone();
        }
        let id = saying.conversation;
        let mut lead = Vec::new();
        let Some(chat) = self.chats.get(&id) else { return lead };
        let Some(line) = saying.answers.and_then(|seq| chat.line(seq)) else { return lead };
        if line.author.is_ours() {
            // A correction shows what it corrects, wherever that could not be taken back.
            lead.extend(line.message.filter(|_| !line.recalled).map(OutSegment::Reply));
            return lead;
        }
        if !id.peer.is_group() {
            return lead;
        }
        let reply = &self.policy(id).chat.reply;
        let spoken_since = || {
            let later = chat.tail.iter().rev().take_while(|l| l.seq > line.seq);
            later.filter(|l| !l.author.is_ours() && l.author != line.author).count() > 0
        };
        let quote = match reply.quote {
            Quote::Always => true,
            Quote::Never => false,
            Quote::Auto => chat.asking > 1 || spoken_since(),
        };
        if let Some(message) = line.message.filter(|_| quote) {
            lead.push(OutSegment::Reply(message));
        }
        if let (true, Author::Person { id, .. }) = (reply.at_sender, &line.author) {
            lead.push(OutSegment::At(*id));
        }
        lead
    }

    /// Sends finished paragraphs while the model goes on, where the policy wants that.
    pub fn stream_to_chat(&mut self, head: Seq) {
        let Some(question) = self.questions.get(&head) else { return };
        let (id, draft) = (question.conversation, question.draft);
        let policy = Arc::clone(self.policy(id));
        if policy.chat.reply.stream_to_chat != StreamToChat::Paragraph || draft || self.voice(id) != Mode::Auto {
            return;
        }
        let Some(asking) = &question.asking else { return };
        let fresh = &asking.text[asking.delivered.min(asking.text.len())..];
        let (whole, _) = split::paragraphs(fresh);
        if whole.trim().is_empty() || self.policies.moderation.find(whole).is_some() {
            return;
        }
        let (whole, delivered) = (whole.to_owned(), asking.delivered + whole.len());
        let question = question.clone();
        if let Some(asking) = self.questions.get_mut(&head).and_then(|q| q.asking.as_mut()) {
            asking.delivered = delivered;
        }
        self.say_more(&question, &whole, None);
    }

    /// Adds paragraphs to a reply that is still being made.
    fn say_more(&mut self, question: &Question, text: &str, making: Option<Arc<Making>>) {
        let policy = Arc::clone(self.policy(question.conversation));
        let saying = Saying {
            conversation: question.conversation,
            author: Author::Bot,
            text: readable(&policy, text),
            answers: Some(question.head),
            making,
            heard: Some(question.heard),
            lead: Vec::new(),
        };
        if saying.text.trim().is_empty() {
            return;
        }
        let (line, first) = match question.reply {
            Some(line) => (line, false),
            None => {
                let line = self.put_line(&saying);
                self.open_reply(Reply::new(line, &saying));
                if let Some(question) = self.questions.get_mut(&question.head) {
                    question.reply = Some(line);
                }
                (line, true)
            }
        };
        if !first {
            self.chat(question.conversation).amend(line, |l| {
                l.text = Text::from(format!("{}\n{}", l.text.raw(), saying.text));
            });
        }
        let pieces = split::split(&saying.text, policy.chat.reply.split_at);
        let temp_group = self.temp_group(question.conversation);
        let actions = self.sends(&saying, pieces.into_iter().map(Into::into), first, temp_group);
        self.add_parts(line, actions);
    }

    /// The rest of an answer of which paragraphs have left.
    fn finish_streamed(
        &mut self,
        question: &Question,
        asking: &Asking,
        text: &str,
        cut: bool,
        making: Option<Arc<Making>>,
    ) {
        let Some(line) = question.reply else { return };
        self.limits.replied(question.conversation, question.speaker, self.now.mono);
        let mut rest = text.get(asking.delivered..).unwrap_or("").to_owned();
        if cut {
            rest.push_str(&Notice::CutMark.words(self.lang()));
        }
        if let Some(rest) = self.may_follow(question, rest, making.as_ref()) {
            self.say_more(question, &rest, making.clone());
        }
        self.chat(question.conversation).amend(line, |l| l.making = making);
        if let Some(line) = self.chat(question.conversation).line(line).cloned() {
            self.rows.push(Row::Said(line));
        }
        self.seal_reply(line);
        self.close_question(question.head, None);
    }

    /// What may be said of the rest of an answer of which paragraphs have left: the words and the chat's mode are
    /// looked at as for a whole one. What an operator has to decide about becomes a draft of its own.
    fn may_follow(&mut self, question: &Question, rest: String, making: Option<&Arc<Making>>) -> Option<String> {
        let id = question.conversation;
        let found = self.policies.moderation.find(&rest).is_some();
        let hold = match (self.voice(id), self.config.moderation.outbound) {
            (Mode::Muted, _) => return None,
            (Mode::Manual | Mode::Draft, _) => true,
            (Mode::Auto, _) if !found => false,
            (Mode::Auto, Outbound::Mask) => return Some(self.policies.moderation.mask(&rest)),
            (Mode::Auto, Outbound::Block) => return None,
            (Mode::Auto, Outbound::Draft) => true,
        };
        if hold && !rest.trim().is_empty() {
            let text = readable(self.policy(id), &rest);
            let suggestion = self.voice(id) == Mode::Manual;
            self.raise_draft(question, text, making.cloned().unwrap_or_default(), suggestion);
        }
        (!hold).then_some(rest)
    }

    /// A model failed after paragraphs had left: what there is is finished with a mark, never begun anew.
    pub fn finish_cut(&mut self, head: Seq, asking: &Asking, partial: String) {
        let Some(question) = self.questions.get(&head).cloned() else { return };
        let text = if partial.len() >= asking.delivered { partial } else { asking.text.to_string() };
        self.finish_streamed(&question, asking, &text, true, None);
    }

    /// No answer is to be had. The chat is told so once in a while; the cause is for operators.
    pub fn give_up(&mut self, head: Seq, error: &ProviderError) {
        let Some(question) = self.questions.get_mut(&head) else { return };
        if let Stage::Queued(at) = question.stage
            && let Some(provider) = self.providers.get_mut(at)
        {
            provider.queue.retain(|q| *q != head);
        }
        let (id, draft) = (question.conversation, question.draft);
        // What waits for its own rate is no failure, nor is what a vendor's censor refused.
        if question.stage != Stage::Held && !matches!(error, ProviderError::ContentBlocked(_)) {
            self.count_failure(Failed::Answer(id.account));
        }
        let every = self.policy(id).chat.reply.failure_notice.every;
        // The draft of another answer failed for the operator who asked for it, not for the chat.
        let auto = self.voice(id) == Mode::Auto && !draft;
        let now = self.now.mono;
        let chat = self.chat(id);
        let due = auto && !every.is_zero() && chat.failure_notice.is_none_or(|at| now.since(at) >= every);
        if !due {
            return self.close_question(head, Some(Outcome::Failed));
        }
        chat.failure_notice = Some(now);
        let notice = match error {
            _ if self.providers.iter().all(|p| p.off) => Notice::NoModel,
            ProviderError::Overloaded(_, words) if words == "queue_wait" => Notice::QueueFull,
            _ => Notice::AnswerFailed,
        };
        self.counters.failed += 1;
        self.say_notice(id, notice, Some(head));
        self.close_question(head, None);
    }
}

/// A model's words as they read well in QQ.
fn readable(policy: &Policy, text: &str) -> String {
    match policy.chat.reply.markdown {
        Markdown::Plain => markdown::plain(text.trim()),
        Markdown::Keep => text.trim().to_owned(),
    }
}

/// What time it is where the bot lives, as a model is told.
fn clock_words(now: Now) -> String {
    const DAYS: [&str; 7] = ["一", "二", "三", "四", "五", "六", "日"];
    let (Ok(instant), Ok(offset)) =
        (jiff::Timestamp::from_millisecond(now.wall.0), jiff::tz::Offset::from_seconds(now.offset))
    else {
        return String::new();
    };
    let local = offset.to_datetime(instant);
    let day = DAYS[usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0) % 7];
    local.strftime(&format!("%Y年%-m月%-d日 星期{day} %H:%M")).to_string()
}
