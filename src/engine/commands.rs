//! What operators ask: looked up, allowed or refused, done, put on the audit. Commands typed in chat become
//! the same values with the chat user as operator.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::accounts::{Account, Errand};
use super::again::Again;
use super::audit::Asked;
use super::question::Question;
use super::reply::Saying;
use super::state::State;
use super::undo::{self, Undo, named};
use crate::config::ProviderKind;
use crate::domain::*;
use crate::flow::Effect;

/// An edit of the configuration on its way, and whom to tell.
pub(super) struct PendingEdit {
    /// Whom; a chat is told by notice.
    pub asker: Asker,
    /// Whose last message is answered then.
    pub then: Option<AccessId>,
    /// What makes it undone.
    pub undo: Undo,
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
pub(super) enum Ending {
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
        if let Some(id) = self.must_load(&envelope.command) {
            return self.chat(id).commands.push(envelope);
        }
        let Envelope { operator, session, tag, expects, command } = envelope;
        let asker = Asker::Session(session, tag);
        let audited = self.is_audited(&operator, &command);
        let ending = match self.admit(&operator, expects, &command) {
            Ok(()) => self.carry_out(&operator, command.clone(), &asker),
            Err(refusal) => Ending::Now(Err(refusal)),
        };
        match &ending {
            _ if !audited => {}
            Ending::Now(result) => {
                let code = result.as_ref().err().map_or("ok", Refusal::code);
                self.audit(&operator.name, &command, code.to_owned());
            }
            // How a restart ended is put on record by itself, in words of its own.
            Ending::Later if matches!(command, Command::RestartAdapter { .. }) => {
                self.audit(&operator.name, &command, "ok".to_owned());
            }
            Ending::Later => self.audit_later(Asked::Session(session, tag), &operator.name, &command),
        }
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
        match self.chat_state(id) {
            Some(state) if state.version != expects => Err(Refusal::Changed(state.by.raw().to_owned())),
            None if expects != 0 => Err(Refusal::Changed(String::new())),
            _ => Ok(()),
        }
    }

    /// The chat whose lines a command is about and that are still with the store: it waits for them.
    fn must_load(&self, command: &Command) -> Option<ConversationId> {
        let (Command::Answer { chat, .. }
        | Command::Send { chat, quote: Some(_), .. }
        | Command::Retry { chat, .. }
        | Command::Recall { chat, .. }
        | Command::Correct { chat, .. }) = command
        else {
            return None;
        };
        let id = self.resolve(*chat).ok()?;
        let loading = self.chats.get(&id).is_some_and(|chat| chat.loading);
        (loading || self.cold.contains_key(&id)).then_some(id)
    }

    /// Which conversation a person means.
    pub fn resolve(&self, chat: ChatRef) -> Result<ConversationId, Refusal> {
        if let Some(account) = chat.account {
            let served = self.accounts.contains_key(&account) || self.known_accounts().contains(&account);
            let unknown = || Refusal::UnknownAccount { account, known: self.known_accounts().into_iter().collect() };
            return served.then_some(ConversationId { account, peer: chat.peer }).ok_or_else(unknown);
        }
        let known: Vec<_> =
            self.chats.keys().chain(self.cold.keys()).filter(|id| id.peer == chat.peer).map(|id| id.account).collect();
        let mut serving = self.accounts.keys();
        match (known.as_slice(), serving.next(), serving.next()) {
            ([account], ..) | ([], Some(account), None) => Ok(ConversationId { account: *account, peer: chat.peer }),
            ([], None, _) => Err(Refusal::NoAccount),
            _ => Err(Refusal::Account(chat.peer.to_string())),
        }
    }

    /// All accounts that are ours as far as anybody knows: seen, listed in the configuration, or with chats on record.
    fn known_accounts(&self) -> BTreeSet<SelfId> {
        let listed = self.config.onebot.accounts.iter().map(|id| SelfId(*id));
        let of_chats = self.chats.keys().chain(self.cold.keys()).map(|id| id.account);
        self.accounts.keys().chain(self.alerts.known.keys()).copied().chain(listed).chain(of_chats).collect()
    }

    /// Where an operator wants to speak. A group that nothing was heard from must be one that the account is in, if
    /// its adapter has told which those are; one that tells of none may not have looked yet.
    fn place_to_speak(&self, chat: ChatRef) -> Result<ConversationId, Refusal> {
        let id = self.resolve(chat)?;
        let Peer::Group(group) = id.peer else { return Ok(id) };
        let is_in = |a: &Account| a.groups.is_empty() || a.groups.iter().any(|(other, _)| *other == group);
        let is_known = self.chats.contains_key(&id) || self.cold.contains_key(&id);
        if is_known || self.accounts.get(&id.account).is_none_or(is_in) {
            return Ok(id);
        }
        Err(Refusal::NotInGroup { account: id.account, group })
    }

    /// The same, and it must exist.
    pub fn existing(&self, chat: ChatRef) -> Result<ConversationId, Refusal> {
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
            Command::Correct { chat, line, text } => self.correct(operator, chat, line, text, asker),
            Command::Allow { id, during: None, answer } => {
                let lifted = self.lift(id, operator, GrantEffect::Block);
                let undo = match self.regrant(id, GrantEffect::Allow) {
                    // Taking it off the list would end the grant along with it.
                    Some(_) if lifted.is_none() => Undo::default(),
                    _ => Undo::beside(Command::Deny { id }, lifted),
                };
                self.edit(ConfigEdit::Allow(id), asker, answer.then_some(id), undo)
            }
            Command::Deny { id } => {
                let lifted = self.lift(id, operator, GrantEffect::Allow);
                let undo = Undo::beside(Command::Allow { id, during: None, answer: false }, lifted);
                self.edit(ConfigEdit::Deny(id), asker, None, undo)
            }
            Command::Block { id, during: None } => {
                if let Err(refusal) = self.may_block(id) {
                    return Err(refusal).into();
                }
                let timed = self.regrant(id, GrantEffect::Block).is_some();
                let undo = if timed { Undo::default() } else { Undo::by(Command::Unblock { id }) };
                self.edit(ConfigEdit::Block(id), asker, None, undo)
            }
            Command::Unblock { id } => {
                let lifted = self.lift(id, operator, GrantEffect::Block);
                let undo = Undo::beside(Command::Block { id, during: None }, lifted);
                self.edit(ConfigEdit::Unblock(id), asker, None, undo)
            }
            Command::Word { word, add } => {
                let undo = Undo::by(Command::Word { word: word.clone(), add: !add });
                self.edit(ConfigEdit::Word { word, add }, asker, None, undo)
            }
            Command::Set { chat, key, value } => self.set_key(chat, key, value, asker),
            Command::Unset { chat, key } => self.set_key(chat, key, String::new(), asker),
            Command::TestNotify => match self.test_notifications(asker) {
                Ok(()) => Ending::Later,
                Err(refusal) => Err(refusal).into(),
            },
            Command::RestartAdapter { account } => self.restart_adapter(account, asker, &operator.name),
            Command::Reload => {
                let id = self.numbers.edit();
                self.edits.insert(id, PendingEdit { asker: asker.clone(), then: None, undo: Undo::default() });
                self.effects.push(Effect::Reload(id));
                Ending::Later
            }
            other => self.do_now(operator, other).into(),
        }
    }

    /// Commands that are done as soon as they are said.
    pub fn do_now(&mut self, operator: &Operator, command: Command) -> Result<Done, Refusal> {
        match command {
            Command::Send { chat, text, quote, at } => self.speak(operator, chat, text, (quote, &at)),
            Command::Ask { chat, text } => self.ask_as_operator(operator, chat, text),
            Command::Answer { chat, line } => self.answer_line(chat, line),
            Command::Allow { id, during: Some(during), answer } => {
                let undo = self.undo_grant(id, GrantEffect::Allow, Command::Deny { id });
                let lifted = self.lift(id, operator, GrantEffect::Block);
                self.grant(id, GrantEffect::Allow, during, operator);
                if answer {
                    self.answer_refused(id);
                }
                Ok(undo.filter(|_| lifted.is_none()).map_or(Done::Ok, undo::changed))
            }
            Command::Block { id, during: Some(during) } => {
                self.may_block(id)?;
                let undo = self.undo_grant(id, GrantEffect::Block, Command::Unblock { id });
                self.grant(id, GrantEffect::Block, during, operator);
                Ok(undo.map_or(Done::Ok, undo::changed))
            }
            Command::Mode { chat, mode, during } => {
                let id = self.resolve(chat)?;
                self.ask_for_mode(id, mode, during, &operator.name)
            }
            Command::Persona { chat, name } => self.set_persona(chat, name, &operator.name),
            Command::Model { chat, provider } => self.set_model(chat, provider, &operator.name),
            Command::New { chat } => self.begin_anew(chat, &operator.name),
            Command::Stop { chat } => self.stop_writing(chat, None),
            Command::Retry { chat, line } => self.write_again(chat, line, Again::Draft),
            Command::Claim { chat } => self.claim(chat, &operator.name),
            Command::Release { chat } => self.release(chat, &operator.name),
            Command::Remember { screen } if screen.len() > Command::SCREEN => Err(Refusal::TooLarge(Command::SCREEN)),
            Command::Remember { screen } => {
                self.rows.push(Row::Screen { operator: operator.name.clone(), screen });
                Ok(Done::Ok)
            }
            Command::Approve { item, text } => self.approve(item, text, &operator.name),
            Command::Reject { item } => self.reject(item),
            Command::Provider { name, to } => self.switch_provider(&name, to),
            Command::Resume { chat } => self.resume(chat),
            Command::Ack { alert } => self.acknowledge(alert, &operator.name),
            Command::Silence { rule, labels, during, reason } => {
                self.silence(rule, labels, during, reason, &operator.name)
            }
            Command::Unsilence { rule, labels } => self.unsilence(&rule, &labels),
            Command::Note { chat, text } => {
                let id = self.existing(chat)?;
                let former = self.chat_state(id).map(|s| s.note.clone()).unwrap_or_default();
                if former == text {
                    return Ok(Done::Already);
                }
                self.change_chat(id, &operator.name, |state| state.note = text);
                Ok(undo::changed(Command::Note { chat: named(id), text: former }))
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
            | Command::Unset { .. }
            | Command::Accept { .. }
            | Command::Refuse { .. }
            | Command::Recall { .. }
            | Command::Correct { .. }
            | Command::RestartAdapter { .. }
            | Command::Reload
            | Command::TestNotify
            | Command::Word { .. } => Err(Refusal::Nothing),
        }
    }

    fn speak(
        &mut self,
        operator: &Operator,
        chat: ChatRef,
        text: String,
        (quote, at): (Option<Seq>, &[UserId]),
    ) -> Result<Done, Refusal> {
        let id = self.place_to_speak(chat)?;
        if text.trim().is_empty() {
            return Err(Refusal::Nothing);
        }
        if !at.is_empty() && !id.peer.is_group() {
            return Err(Refusal::NoGroup);
        }
        let quoted = quote.map(|seq| self.quotable(id, seq)).transpose()?;
        let lead = quoted.iter().map(|(message, _)| OutSegment::Reply(*message));
        let lead = lead.chain(at.iter().map(|user| OutSegment::At(*user))).collect();
        // What quotes a question answers it; a line of ours that names another of ours would correct it.
        let answers = quote.filter(|_| quoted.is_some_and(|(_, asked)| asked));
        let author = Author::Operator(operator.name.clone());
        self.leave_the_floor(id, &operator.name);
        let line = self.say(Saying { conversation: id, author, text, answers, making: None, heard: None, lead });
        Ok(Done::Started(Some(line)))
    }

    /// The message under which a line can be quoted, and whether it is a question to the bot.
    fn quotable(&self, id: ConversationId, line: Seq) -> Result<(MessageId, bool), Refusal> {
        let line = self.chats.get(&id).and_then(|chat| chat.line(line)).filter(|l| !l.recalled);
        let line = line.ok_or(Refusal::UnknownLine)?;
        let message = line.message.ok_or(Refusal::UnknownLine)?;
        let asked = line.verdict.as_ref().is_some_and(|v| v.decision == Decision::Reply);
        Ok((message, asked && !line.author.is_ours()))
    }

    fn ask_as_operator(&mut self, operator: &Operator, chat: ChatRef, text: String) -> Result<Done, Refusal> {
        let id = self.place_to_speak(chat)?;
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
            others: Vec::new(),
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

    pub fn question(&self, line: &Arc<Line>, speaker: UserId, text: String) -> Question {
        Question::new(line, speaker, text, self.now.mono, self.now.mono + self.config.engine.timeout)
    }

    /// Whether a block would do anything: admins are never blocked, and our own accounts never listened to.
    pub fn may_block(&self, id: AccessId) -> Result<(), Refusal> {
        let AccessId::Person(user) = id else { return Ok(()) };
        if super::access::is_admin(&self.config.access, user) {
            return Err(Refusal::IsAdmin(user));
        }
        match self.known_accounts().contains(&SelfId(user.0)) {
            true => Err(Refusal::IsOurs(user)),
            false => Ok(()),
        }
    }

    fn grant(&mut self, id: AccessId, effect: GrantEffect, during: Duration, operator: &Operator) {
        let grant = Grant { id, effect, until: self.now.wall + during, by: operator.name.clone() };
        self.rows.push(Row::Grant(grant.clone()));
        self.grants.insert(grant);
        self.changed = true;
    }

    /// The command that takes a timed rule back that is about to be set: by setting the former again, or by
    /// `ending` it where no list would be struck along with it.
    fn undo_grant(&self, id: AccessId, effect: GrantEffect, ending: Command) -> Option<Command> {
        let former = self.regrant(id, effect);
        former.or_else(|| (!self.is_listed(id, effect)).then_some(ending))
    }

    /// Ends a timed rule, if there is one; tells what would set it again.
    fn lift(&mut self, id: AccessId, operator: &Operator, effect: GrantEffect) -> Option<Command> {
        let again = self.regrant(id, effect);
        if self.grants.lift(id, effect).is_some() {
            let grant = Grant { id, effect, until: self.now.wall, by: operator.name.clone() };
            self.rows.push(Row::Grant(grant));
        }
        again
    }

    fn set_key(&mut self, chat: ChatRef, key: String, value: String, asker: &Asker) -> Ending {
        let undo = Undo::key(chat, key.clone());
        self.edit(ConfigEdit::SetChat { id: chat.peer.into(), key, value }, asker, None, undo)
    }

    fn edit(&mut self, edit: ConfigEdit, asker: &Asker, then: Option<AccessId>, undo: Undo) -> Ending {
        let id = self.numbers.edit();
        self.edits.insert(id, PendingEdit { asker: asker.clone(), then, undo });
        self.effects.push(Effect::Edit(id, edit));
        Ending::Later
    }

    /// An edit ended. Its effect came before it, as a new configuration.
    pub fn on_edited(&mut self, id: u64, result: Result<Met, ConfigTrouble>) {
        let refusal = result.as_ref().err().cloned().map(Refusal::Config);
        self.audit_end(Asked::Edit(id), refusal.as_ref());
        let Some(edit) = self.edits.remove(&id) else { return };
        if let (Ok(_), Some(id)) = (&result, edit.then) {
            self.answer_refused(id);
        }
        let result = result.map(|met| edit.undo.answer(met)).map_err(Refusal::Config);
        match edit.asker {
            Asker::Session(session, tag) => self.answer_late(session, tag, result),
            Asker::Chat(conversation, notice, line) => {
                let notice = match result {
                    Ok(_) => *notice,
                    Err(refusal) => crate::words::Notice::Refused(refusal),
                };
                self.say_notice(conversation, notice, Some(line));
            }
        }
    }

    /// Who answers from now on, because somebody says so; `None`: whom the configuration names.
    fn ask_for_mode(
        &mut self,
        id: ConversationId,
        mode: Option<Mode>,
        during: Option<Duration>,
        by: &Text,
    ) -> Result<Done, Refusal> {
        let undo = self.same_mode(id);
        let Command::Mode { mode: own, during: left, .. } = &undo else { return Err(Refusal::Nothing) };
        let Some(mode) = mode else {
            if own.is_none() {
                return Ok(Done::Already);
            }
            self.change_chat(id, by, |state| state.mode = None);
            return Ok(undo::changed(undo));
        };
        // One that ends is not one for good.
        if self.mode(id) == mode && during.is_none() && left.is_none() {
            return Ok(Done::Already);
        }
        self.set_mode(id, mode, during, by);
        Ok(undo::changed(undo))
    }

    fn set_persona(&mut self, chat: ChatRef, name: Option<String>, by: &Text) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        if let Some(name) = &name
            && !self.config.personas.iter().any(|p| p.name == *name)
        {
            let all = self.config.personas.iter().map(|p| p.name.clone());
            return Err(Refusal::UnknownPersona { name: name.clone(), nearest: nearest(name, all) });
        }
        let former = self.chat_state(id).and_then(|s| s.persona.clone());
        if former == name {
            return Ok(Done::Already);
        }
        self.change_chat(id, by, |state| state.persona = name);
        Ok(undo::changed(Command::Persona { chat: named(id), name: former }))
    }

    fn set_model(&mut self, chat: ChatRef, provider: Option<String>, by: &Text) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        if let Some(name) = &provider {
            self.provider_named(name)?;
        }
        let former = self.chat_state(id).and_then(|s| s.provider.clone());
        if former == provider {
            return Ok(Done::Already);
        }
        self.change_chat(id, by, |state| state.provider = provider);
        Ok(undo::changed(Command::Model { chat: named(id), provider: former }))
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
        if to == ProviderSwitch::Unload && provider.config.kind != ProviderKind::Ollama {
            return Err(Refusal::NotUnloadable(name.to_string()));
        }
        let undo = |to| undo::changed(Command::Provider { name: name.to_string(), to });
        let done = match to {
            ProviderSwitch::On if provider.off => undo(ProviderSwitch::Off),
            ProviderSwitch::Off if !provider.off => undo(ProviderSwitch::On),
            ProviderSwitch::On | ProviderSwitch::Off => Done::Already,
            ProviderSwitch::Reset | ProviderSwitch::Unload => Done::Ok,
        };
        match to {
            ProviderSwitch::On => (provider.off, provider.unloaded) = (false, false),
            ProviderSwitch::Off => provider.off = true,
            ProviderSwitch::Reset => provider.reset(),
            ProviderSwitch::Unload => {
                provider.unloaded = true;
                self.effects.push(Effect::Provider(name, ProviderCall::Unload));
            }
        }
        if to == ProviderSwitch::On && !matches!(done, Done::Already) {
            // It is met as at the start: its model is loaded, or it is looked at.
            self.providers[at].looked = None;
            self.greet_providers();
        }
        self.changed = true;
        self.stir_providers();
        let waiting: Vec<_> = self.providers[at].queue.drain(..).collect();
        waiting.into_iter().for_each(|head| self.dispatch(head));
        self.pump_provider(at);
        Ok(done)
    }

    fn begin_anew(&mut self, chat: ChatRef, by: &Text) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        let last = Seq(self.numbers.seq);
        self.change_chat(id, by, |state| state.forgotten = last);
        Ok(Done::Ok)
    }

    /// Gives up what is being answered in a chat and what waits there, of one speaker or of all.
    pub fn stop_writing(&mut self, chat: ChatRef, of: Option<UserId>) -> Result<Done, Refusal> {
        let id = self.resolve(chat)?;
        let here = self.questions.values().filter(|q| q.conversation == id && of.is_none_or(|of| q.speaker == of));
        let heads: Vec<_> = here.map(|q| q.head).collect();
        if heads.is_empty() {
            return Err(Refusal::Nothing);
        }
        for head in heads {
            self.cancel_question(head, Outcome::Suppressed);
        }
        Ok(Done::Ok)
    }

    fn resume(&mut self, chat: ChatRef) -> Result<Done, Refusal> {
        let id = self.existing(chat)?;
        let wall = self.now.wall;
        let chat = self.chat(id);
        let muted = chat.state.bot_muted.is_some_and(|until| until > wall);
        if !chat.state.paused && !muted {
            return Ok(Done::Already);
        }
        chat.state.paused = false;
        chat.failures = 0;
        // QQ never tells again of a ban that was lifted while the link was dead: the operator knows better.
        if muted {
            self.unmute(id);
        }
        self.save_chat(id);
        self.drop_items(id, &ItemKind::Paused);
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
}

/// The chat that a command is about, where its version matters.
fn chat_of(command: &Command) -> Option<ChatRef> {
    match command {
        Command::Mode { chat, .. }
        | Command::Persona { chat, .. }
        | Command::Model { chat, .. }
        | Command::Set { chat, .. }
        | Command::Unset { chat, .. }
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
