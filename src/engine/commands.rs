//! What operators ask: looked up, allowed or refused, done, put on the audit. Commands typed in chat become
//! the same values with the chat user as operator.

use std::sync::Arc;
use std::time::Duration;

use super::accounts::Errand;
use super::question::Question;
use super::reply::Saying;
use super::state::State;
use crate::domain::*;

/// An edit of the configuration on its way, and whom to tell.
pub(super) struct PendingEdit {
    /// Whom; a chat is told by notice.
    pub asker: Asker,
    /// What becomes true with it.
    pub then: Option<AccessId>,
}

/// Who is told how a command ended.
#[derive(Debug, Clone)]
pub(super) enum Asker {
    /// An operator's session.
    Session(SessionId, u64),
    /// A chat; with the notice for success and the message that asked.
    Chat(ConversationId, Box<crate::words::Notice>, Seq),
}

/// How a command ends: now, or later through a call or an edit.
enum Ending {
    Now(Result<Done, Refusal>),
    Later,
}

impl From<Result<Done, Refusal>> for Ending {
    fn from(result: Result<Done, Refusal>) -> Self {
        Self::Now(result)
    }
}

impl State {
    pub fn on_command(&mut self, envelope: Envelope) {
        let Envelope { operator, session, tag, expects, command } = envelope;
        let asker = Asker::Session(session, tag);
        let ending = match self.admit(&operator, expects, &command) {
            Ok(()) => self.carry_out(&operator, command.clone(), &asker),
            Err(refusal) => Ending::Now(Err(refusal)),
        };
        let result = match &ending {
            Ending::Now(Err(refusal)) => refusal.code().to_owned(),
            _ => "ok".to_owned(),
        };
        self.audit(&operator.name, &command, result);
        if let Ending::Now(result) = ending {
            self.effects.push(Effect::Answer(session, tag, result));
        }
    }

    fn admit(&self, operator: &Operator, expects: Option<u64>, command: &Command) -> Result<(), Refusal> {
        let needed = command.role();
        if operator.role < needed {
            return Err(Refusal::Role(needed));
        }
        if self.stopping && !matches!(command, Command::Shutdown) {
            return Err(Refusal::ShuttingDown);
        }
        let (Some(expects), Some(chat)) = (expects, chat_of(command)) else { return Ok(()) };
        let id = self.resolve(chat)?;
        let state = self.chats.get(&id).map(|c| &c.state).or_else(|| self.cold.get(&id));
        let version = state.map_or(0, |s| s.version);
        if version != expects { Err(Refusal::Changed(String::new())) } else { Ok(()) }
    }

    /// Puts a command on record, as JSON: it holds no secrets by construction.
    pub fn audit(&mut self, operator: &Text, command: &Command, result: String) {
        let command = serde_json::to_string(command).unwrap_or_default();
        self.rows.push(Row::Audit(Audit { at: self.now.wall, operator: operator.clone(), command, result }));
    }

    /// Which conversation a person means.
    pub fn resolve(&self, chat: ChatRef) -> Result<ConversationId, Refusal> {
        if let Some(account) = chat.account {
            return Ok(ConversationId { account, peer: chat.peer });
        }
        let known: Vec<_> =
            self.chats.keys().chain(self.cold.keys()).filter(|id| id.peer == chat.peer).map(|id| id.account).collect();
        let mut serving = self.accounts.keys();
        match (known.as_slice(), serving.next(), serving.next()) {
            ([account], ..) | ([], Some(account), None) => Ok(ConversationId { account: *account, peer: chat.peer }),
            _ => Err(Refusal::Account(chat.peer.to_string())),
        }
    }

    /// The same, and it must exist.
    fn existing(&self, chat: ChatRef) -> Result<ConversationId, Refusal> {
        let id = self.resolve(chat)?;
        if self.chats.contains_key(&id) || self.cold.contains_key(&id) {
            return Ok(id);
        }
        let wanted = id.to_string();
        let all = self.chats.keys().chain(self.cold.keys()).map(ToString::to_string);
        Err(Refusal::UnknownChat { nearest: nearest(&wanted, all), chat: chat.peer.to_string() })
    }

    fn carry_out(&mut self, operator: &Operator, command: Command, asker: &Asker) -> Ending {
        match command {
            Command::Accept { item } => self.answer_request(item, true, String::new(), asker),
            Command::Refuse { item, reason } => self.answer_request(item, false, reason, asker),
            Command::Recall { chat, line } => self.recall(chat, line, asker),
            Command::Allow { id, during: None, answer } => {
                self.lift(id, operator, GrantEffect::Block);
                self.edit(ConfigEdit::Allow(id), asker, answer.then_some(id))
            }
            Command::Deny { id } => {
                self.lift(id, operator, GrantEffect::Allow);
                self.edit(ConfigEdit::Deny(id), asker, None)
            }
            Command::Block { id, during: None } => self.edit(ConfigEdit::Block(id), asker, None),
            Command::Unblock { id } => {
                self.lift(id, operator, GrantEffect::Block);
                self.edit(ConfigEdit::Unblock(id), asker, None)
            }
            Command::Word { word, add } => self.edit(ConfigEdit::Word { word, add }, asker, None),
            Command::Set { chat, key, value } => {
                self.edit(ConfigEdit::SetChat { id: chat.peer.into(), key, value }, asker, None)
            }
            Command::Reload => {
                let id = self.numbers.edit();
                self.edits.insert(id, PendingEdit { asker: asker.clone(), then: None });
                self.effects.push(Effect::Reload(id));
                Ending::Later
            }
            other => self.do_now(operator, other).into(),
        }
    }

    /// Commands that are done as soon as they are said.
    pub fn do_now(&mut self, operator: &Operator, command: Command) -> Result<Done, Refusal> {
        match command {
            Command::Send { chat, text } => self.speak(operator, chat, text),
            Command::Ask { chat, text } => self.ask_as_operator(operator, chat, text),
            Command::Answer { chat, line } => self.answer_line(chat, line),
            Command::Allow { id, during: Some(during), answer } => {
                self.lift(id, operator, GrantEffect::Block);
                self.grant(id, GrantEffect::Allow, during, operator);
                if answer {
                    self.answer_refused(id);
                }
                Ok(Done::Ok)
            }
            Command::Block { id, during: Some(during) } => {
                self.grant(id, GrantEffect::Block, during, operator);
                Ok(Done::Ok)
            }
            Command::Mode { chat, mode, during } => {
                let id = self.resolve(chat)?;
                let own = self.chats.get(&id).map(|c| &c.state).or_else(|| self.cold.get(&id)).and_then(|s| s.mode);
                // One that ends is not one for good.
                let ends = matches!(own, Some((_, Some(until))) if until > self.now.wall);
                if self.mode(id) == mode && during.is_none() && !ends {
                    return Ok(Done::Already);
                }
                self.set_mode(id, mode, during);
                Ok(Done::Ok)
            }
            Command::Persona { chat, name } => self.set_persona(chat, name),
            Command::Model { chat, provider } => self.set_model(chat, provider),
            Command::New { chat } => self.begin_anew(chat),
            Command::Stop { chat } => self.stop_writing(chat),
            Command::Retry { chat } => self.write_again(chat),
            Command::Approve { item, text } => self.approve(item, text, &operator.name),
            Command::Reject { item } => self.reject(item),
            Command::Provider { name, to } => self.switch_provider(&name, to),
            Command::Resume { chat } => self.resume(chat),
            Command::Note { chat, text } => {
                let id = self.existing(chat)?;
                self.chat(id).state.note = text;
                self.save_chat(id);
                Ok(Done::Ok)
            }
            Command::Shutdown => {
                self.on_shutdown(self.config.engine.shutdown_grace);
                Ok(Done::Ok)
            }
            // These end later and have been dealt with by `carry_out`.
            Command::Allow { .. }
            | Command::Block { .. }
            | Command::Deny { .. }
            | Command::Unblock { .. }
            | Command::Set { .. }
            | Command::Accept { .. }
            | Command::Refuse { .. }
            | Command::Recall { .. }
            | Command::Reload
            | Command::Word { .. } => Err(Refusal::Nothing),
        }
    }

    fn speak(&mut self, operator: &Operator, chat: ChatRef, text: String) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        if text.trim().is_empty() {
            return Err(Refusal::Nothing);
        }
        let author = Author::Operator(operator.name.clone());
        let line = self.say(Saying { conversation: id, author, text, answers: None, making: None, heard: None });
        Ok(Done::Started(Some(line)))
    }

    fn ask_as_operator(&mut self, operator: &Operator, chat: ChatRef, text: String) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        if text.trim().is_empty() {
            return Err(Refusal::Nothing);
        }
        let seq = self.numbers.seq();
        let line = Arc::new(Line {
            seq,
            conversation: id,
            at: self.now.wall,
            author: Author::Person { id: UserId(0), name: operator.name.clone() },
            text: Text::from(text.as_str()),
            message: None,
            answers: None,
            pictures: Vec::new(),
            verdict: Some(Verdict::reply(Gate::Slash, Reason::Asked)),
            outcome: None,
            delivery: None,
            making: None,
            recalled: false,
        });
        self.chat(id).push(Arc::clone(&line));
        let question = self.question(&line, UserId(0), text);
        self.rows.push(Row::Heard { line, dedupe: i64::MIN + seq.0 as i64, trace: false });
        self.enqueue(question, Duration::ZERO, None);
        Ok(Done::Started(Some(seq)))
    }

    fn question(&self, line: &Arc<Line>, speaker: UserId, text: String) -> Question {
        Question::new(line, speaker, text, self.now.mono, self.now.mono + self.config.engine.timeout)
    }

    /// Answers a message that was not answered.
    fn answer_line(&mut self, chat: ChatRef, line: Option<Seq>) -> Result<Done, Refusal> {
        let id = self.existing(chat)?;
        let chat = self.chat(id);
        let theirs = |l: &&Arc<Line>| !l.author.is_ours();
        let found = match line {
            Some(seq) => chat.line(seq).filter(theirs).cloned(),
            None => chat.tail.iter().rev().find(theirs).cloned(),
        };
        let line = found.ok_or(Refusal::UnknownLine)?;
        if line.outcome.is_none() {
            // Its answer is being written, is on its way or waits for approval: a second would be one too many.
            return Err(Refusal::Nothing);
        }
        self.judge_asked(&line);
        self.reopen(&line, false);
        Ok(Done::Started(Some(line.seq)))
    }

    /// Makes a line on record a question again.
    pub fn reopen(&mut self, line: &Arc<Line>, draft: bool) {
        let Author::Person { id: speaker, .. } = line.author else { return };
        if self.questions.contains_key(&line.seq) {
            return;
        }
        let mut question = self.question(line, speaker, line.text.raw().to_owned());
        question.draft = draft;
        self.enqueue(question, Duration::ZERO, None);
    }

    /// A line that had its end is to be answered after all, because an operator says so.
    fn judge_asked(&mut self, line: &Line) {
        let verdict = Verdict::reply(Gate::Slash, Reason::Asked);
        self.rows.push(Row::Judged(line.seq, verdict.clone()));
        let chat = self.chat(line.conversation);
        // An end that waited for the chat's lines is no longer its end.
        chat.ended.retain(|(seq, _)| *seq != line.seq);
        chat.amend(line.seq, |l| (l.verdict, l.outcome) = (Some(verdict), None));
    }

    /// Answers the last message that was refused for want of access, in the chats that the id is about.
    pub fn answer_refused(&mut self, id: AccessId) {
        let refused = |l: &&Arc<Line>| matches!(l.verdict.as_ref().map(|v| &v.reason), Some(Reason::NotAllowed(who)) if *who == id);
        let lines: Vec<_> = self.chats.values().filter_map(|c| c.tail.iter().rev().find(refused).cloned()).collect();
        for line in lines {
            self.judge_asked(&line);
            self.reopen(&line, false);
        }
    }

    fn grant(&mut self, id: AccessId, effect: GrantEffect, during: Duration, operator: &Operator) {
        let grant = Grant { id, effect, until: self.now.wall + during, by: operator.name.clone() };
        self.rows.push(Row::Grant(grant.clone()));
        self.grants.insert(grant);
        self.changed = true;
    }

    /// Ends a timed rule, if there is one.
    fn lift(&mut self, id: AccessId, operator: &Operator, effect: GrantEffect) {
        if self.grants.lift(id, effect).is_some() {
            let grant = Grant { id, effect, until: self.now.wall, by: operator.name.clone() };
            self.rows.push(Row::Grant(grant));
        }
    }

    fn edit(&mut self, edit: ConfigEdit, asker: &Asker, then: Option<AccessId>) -> Ending {
        let id = self.numbers.edit();
        self.edits.insert(id, PendingEdit { asker: asker.clone(), then });
        self.effects.push(Effect::Edit(id, edit));
        Ending::Later
    }

    /// An edit ended. Its effect came before it, as a new configuration.
    pub fn on_edited(&mut self, id: u64, result: Result<(), ConfigTrouble>) {
        let Some(edit) = self.edits.remove(&id) else { return };
        if let (Ok(()), Some(id)) = (&result, edit.then) {
            self.answer_refused(id);
        }
        let result = result.map(|()| Done::Ok).map_err(Refusal::Config);
        match edit.asker {
            Asker::Session(session, tag) => self.effects.push(Effect::Answer(session, tag, result)),
            Asker::Chat(conversation, notice, line) => {
                let notice = match result {
                    Ok(_) => *notice,
                    Err(refusal) => crate::words::Notice::Refused(refusal),
                };
                self.say_notice(conversation, notice, Some(line));
            }
        }
    }

    fn set_persona(&mut self, chat: ChatRef, name: Option<String>) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        if let Some(name) = &name
            && !self.config.personas.iter().any(|p| p.name == *name)
        {
            let all = self.config.personas.iter().map(|p| p.name.clone());
            return Err(Refusal::UnknownPersona { name: name.clone(), nearest: nearest(name, all) });
        }
        self.chat(id).state.persona = name;
        self.save_chat(id);
        Ok(Done::Ok)
    }

    fn set_model(&mut self, chat: ChatRef, provider: Option<String>) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        if let Some(name) = &provider {
            self.provider_named(name)?;
        }
        self.chat(id).state.provider = provider;
        self.save_chat(id);
        Ok(Done::Ok)
    }

    fn provider_named(&self, name: &str) -> Result<usize, Refusal> {
        self.providers.iter().position(|p| !p.gone && *p.name == *name).ok_or_else(|| {
            let all = self.providers.iter().filter(|p| !p.gone).map(|p| p.name.to_string());
            Refusal::UnknownProvider { name: name.to_owned(), nearest: nearest(name, all) }
        })
    }

    fn switch_provider(&mut self, name: &str, to: ProviderSwitch) -> Result<Done, Refusal> {
        let at = self.provider_named(name)?;
        let provider = &mut self.providers[at];
        let name = Arc::clone(&provider.name);
        match to {
            ProviderSwitch::On => provider.off = false,
            ProviderSwitch::Off => provider.off = true,
            ProviderSwitch::Reset => provider.reset(),
            ProviderSwitch::Unload => self.effects.push(Effect::Provider(name, ProviderCall::Unload)),
        }
        self.changed = true;
        let waiting: Vec<_> = self.providers[at].queue.drain(..).collect();
        waiting.into_iter().for_each(|head| self.dispatch(head));
        self.pump_provider(at);
        Ok(Done::Ok)
    }

    fn begin_anew(&mut self, chat: ChatRef) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        let last = Seq(self.numbers.seq);
        self.chat(id).state.forgotten = last;
        self.save_chat(id);
        Ok(Done::Ok)
    }

    fn stop_writing(&mut self, chat: ChatRef) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        let heads: Vec<_> = self.questions.values().filter(|q| q.conversation == id).map(|q| q.head).collect();
        if heads.is_empty() {
            return Err(Refusal::Nothing);
        }
        for head in heads {
            self.cancel_question(head, Outcome::Suppressed);
        }
        Ok(Done::Ok)
    }

    /// Writes the last answer again: as a draft where it was already sent, else for the chat.
    fn write_again(&mut self, chat: ChatRef) -> Result<Done, Refusal> {
        let id = self.existing(chat)?;
        let chat = self.chat(id);
        let answered = |l: &&Arc<Line>| {
            !l.author.is_ours() && l.verdict.as_ref().is_some_and(|v| v.decision == Decision::Reply) && !l.recalled
        };
        let line = chat.tail.iter().rev().find(answered).cloned().ok_or(Refusal::Nothing)?;
        if self.questions.contains_key(&line.seq) {
            return Err(Refusal::Nothing);
        }
        // A draft of it that still waits is what nobody wanted.
        let drafts = self.drafts_of(line.seq);
        for draft in &drafts {
            self.drop_item(*draft);
        }
        let under_way = line.outcome.is_none() && drafts.is_empty();
        let again = under_way || line.outcome == Some(Outcome::Replied);
        if !again && line.outcome.is_some() {
            self.judge_asked(&line);
        }
        self.reopen(&line, again);
        Ok(Done::Started(Some(line.seq)))
    }

    fn resume(&mut self, chat: ChatRef) -> Result<Done, Refusal> {
        let id = self.existing(chat)?;
        let chat = self.chat(id);
        if !chat.state.paused {
            return Ok(Done::Already);
        }
        chat.state.paused = false;
        chat.failures = 0;
        self.save_chat(id);
        let rows: Vec<_> = self
            .items
            .iter()
            .filter(|(_, item)| item.conversation == Some(id) && item.kind == ItemKind::Paused)
            .map(|(n, _)| *n)
            .collect();
        for item in rows {
            self.drop_item(item);
        }
        self.pump_delivery(id);
        Ok(Done::Ok)
    }

    fn answer_request(&mut self, item: ItemId, approve: bool, reason: String, asker: &Asker) -> Ending {
        let request = match self.items.get(&item).map(|i| &i.kind) {
            Some(ItemKind::Request(request)) => request.clone(),
            Some(_) => return Err(Refusal::WrongItem(item)).into(),
            None => return Err(Refusal::UnknownItem(item)).into(),
        };
        let Asker::Session(session, tag) = asker else { return Err(Refusal::Nothing).into() };
        let action = Action::Answer { kind: request.kind, flag: request.flag, approve, reason };
        self.call(request.account, action, Errand::Answer { item, session: *session, tag: *tag });
        Ending::Later
    }

    fn recall(&mut self, chat: ChatRef, line: Seq, asker: &Asker) -> Ending {
        let id = match self.existing(chat) {
            Ok(id) => id,
            Err(refusal) => return Err(refusal).into(),
        };
        let message = self.chat(id).line(line).filter(|l| l.author.is_ours()).and_then(|l| l.message);
        let (Some(message), Asker::Session(session, tag)) = (message, asker) else {
            return Err(Refusal::UnknownLine).into();
        };
        let errand = Errand::Recall { conversation: id, line, session: *session, tag: *tag };
        self.call(id.account, Action::Recall { message }, errand);
        Ending::Later
    }
}

/// The chat that a command is about, where its version matters.
fn chat_of(command: &Command) -> Option<ChatRef> {
    match command {
        Command::Mode { chat, .. }
        | Command::Persona { chat, .. }
        | Command::Model { chat, .. }
        | Command::Set { chat, .. }
        | Command::New { chat }
        | Command::Note { chat, .. } => Some(*chat),
        _ => None,
    }
}

/// The nearest of some names, if any is near.
pub(super) fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Option<String> {
    names
        .map(|name| (strsim::normalized_damerau_levenshtein(wanted, &name), name))
        .filter(|(near, _)| *near > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
