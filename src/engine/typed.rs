//! Commands typed in chat, carried out as an operator's commands are, and answered in the chat.

use std::time::Duration;

use super::again::Again;
use super::audit::Asked;
use super::commands::{Asker, PendingEdit};
use super::hear::Ruling;
use super::slash::{self, Parsed, Slash, TABLE};
use super::state::State;
use super::undo::Undo;
use crate::config::{CommandRole, Config};
use crate::domain::*;
use crate::flow::Effect;
use crate::words::{ChatStatus, Notice};

impl State {
    /// A message is a command, or asks for a human.
    pub fn on_slash(&mut self, message: &Message, line: Seq, ruling: Ruling) {
        let id = message.conversation;
        match (&ruling.verdict.reason, ruling.slash) {
            (Reason::Handover, _) => {
                self.say_notice(id, Notice::HandedOver, Some(line));
                self.hand_over_to_human(id, line, &chat_operator(message).name);
            }
            (Reason::SlashDenied(name), Some(parsed)) => {
                let needs = entry_of(&parsed).map_or(CommandRole::Admin, |e| self.role_of(e));
                self.say_notice(id, Notice::NotAllowedCommand { name: self.written(name), needs }, Some(line));
            }
            (_, Some(Parsed::Command(slash))) => self.obey(message, line, slash),
            (_, Some(Parsed::Bad(entry, _))) => {
                let usage = format!("{} {}", self.written(entry.name), entry.command.arguments());
                self.say_notice(id, Notice::Usage { usage: usage.trim().to_owned() }, Some(line));
            }
            (_, Some(Parsed::Unknown { word, nearest })) => {
                let nearest = nearest.map(|name| self.written(name));
                self.say_notice(id, Notice::UnknownCommand { name: self.written(&word), nearest }, Some(line));
            }
            _ => self.end_line(id, line, Outcome::Ignored),
        }
    }

    fn written(&self, name: &str) -> String {
        format!("{}{name}", self.config.commands.prefix)
    }

    fn role_of(&self, entry: &slash::Entry) -> CommandRole {
        let configured = self.config.commands.roles.get(entry.name).copied();
        if entry.fixed { CommandRole::Admin } else { configured.unwrap_or(entry.role) }
    }

    fn obey(&mut self, message: &Message, line: Seq, slash: Slash) {
        let id = message.conversation;
        let chat = ChatRef { peer: id.peer, account: Some(id.account) };
        let command = match &slash {
            Slash::Help | Slash::Status | Slash::Whoami | Slash::Model(None) | Slash::Persona(None) => {
                let notice = self.tell_about(message, &slash);
                return self.say_notice(id, notice, Some(line));
            }
            Slash::New => Command::New { chat },
            Slash::Stop => Command::Stop { chat },
            Slash::Retry => Command::Retry { chat, line: None },
            Slash::Model(name) => Command::Model { chat, provider: name.clone() },
            Slash::Persona(name) => Command::Persona { chat, name: name.clone() },
            Slash::Mode(mode, during) => Command::Mode { chat, mode: Some(*mode), during: *during },
            Slash::Mute(during) => Command::Mode { chat, mode: Some(Mode::Muted), during: *during },
            Slash::Allow(who, during) => Command::Allow { id: *who, during: *during, answer: false },
            Slash::Deny(who) => Command::Deny { id: *who },
            Slash::Block(who, during) => Command::Block { id: *who, during: *during },
        };
        let operator = chat_operator(message);
        let notice = success(&slash);
        if let Command::Block { id: whom, .. } = command
            && let Err(refusal) = self.may_block(whom)
        {
            self.audit(&operator.name, &command, refusal.code().to_owned());
            return self.say_notice(id, Notice::Refused(refusal), Some(line));
        }
        if let Some(edit) = edit_of(&command) {
            let edit_id = self.numbers.edit();
            self.audit_later(Asked::Edit(edit_id), &operator.name, &command);
            let asker = Asker::Chat(id, Box::new(notice), line);
            self.edits.insert(edit_id, PendingEdit { asker, then: None, undo: Undo::default() });
            return self.effects.push(Effect::Edit(edit_id, edit));
        }
        let muting = matches!(command, Command::Mode { mode: Some(Mode::Muted), .. });
        if muting {
            // Said while the chat may still be spoken to.
            self.say_notice(id, notice.clone(), Some(line));
        }
        let result = match slash {
            Slash::Stop => self.stop_writing(chat, own_alone(&self.config, message)),
            // Whoever asks here wants an answer here; a chat in which drafts are wanted gets one.
            Slash::Retry if self.mode(id) == Mode::Auto => self.write_again(chat, None, Again::Deliver),
            _ => self.do_now(&operator, command.clone()),
        };
        self.audit(&operator.name, &command, result.as_ref().err().map_or("ok", Refusal::code).to_owned());
        let notice = match (result, &slash) {
            (Ok(_), _) if muting => return,
            (Ok(_), _) => notice,
            (Err(Refusal::Nothing), Slash::Stop) => Notice::NothingToStop,
            (Err(Refusal::Nothing), Slash::Retry) => Notice::NothingToRetry,
            (Err(refusal), _) => Notice::Refused(refusal),
        };
        self.say_notice(id, notice, Some(line));
    }

    fn tell_about(&mut self, message: &Message, slash: &Slash) -> Notice {
        let id = message.conversation;
        let admin = super::access::is_admin(&self.config.access, message.sender.id);
        let private = !id.peer.is_group();
        let may = |e: &&slash::Entry| slash::may(e, &self.config.commands.roles, admin, message.sender.rank, private);
        let state = self.chats.get(&id).map(|c| c.state.clone()).unwrap_or_default();
        let policy = self.policy(id);
        let persona = super::policy::persona(&self.config, state.persona.as_deref(), &policy.chat);
        let persona = persona.map(|p| p.name.clone());
        let provider = state.provider.clone().or_else(|| {
            let configured = &policy.chat.provider;
            let first = self.providers.iter().find(|p| !p.off).map(|p| p.name.to_string());
            if configured.is_empty() { first } else { Some(configured.clone()) }
        });
        match slash {
            Slash::Help => Notice::Help {
                prefix: self.config.commands.prefix.clone(),
                commands: TABLE.iter().filter(may).map(|e| e.command).collect(),
            },
            Slash::Whoami => Notice::WhoAmI {
                id: AccessId::Person(message.sender.id),
                role: match (admin, private || message.sender.rank >= GroupRank::Admin) {
                    (true, _) => CommandRole::Admin,
                    (false, true) => CommandRole::GroupAdmin,
                    (false, false) => CommandRole::Anyone,
                },
                private,
            },
            Slash::Model(_) => Notice::ModelList {
                names: self.providers.iter().filter(|p| !p.off).map(|p| p.name.to_string()).collect(),
                current: provider,
            },
            Slash::Persona(_) => Notice::PersonaList {
                names: self.config.personas.iter().map(|p| p.name.clone()).collect(),
                current: persona,
            },
            _ => {
                let today = self.books.today();
                Notice::Status(ChatStatus {
                    mode: self.mode(id),
                    persona,
                    provider,
                    queued: self.chats.get(&id).map_or(0, |c| c.queued() + c.asking),
                    tokens_today: today.input + today.output,
                })
            }
        }
    }
}

/// Whose questions alone this speaker may stop: in a group his own, unless he runs the group or the bot.
fn own_alone(config: &Config, message: &Message) -> Option<UserId> {
    let sender = &message.sender;
    let all = !message.conversation.peer.is_group() || sender.rank >= GroupRank::Admin;
    (!all && !super::access::is_admin(&config.access, sender.id)).then_some(sender.id)
}

/// The chat user as an operator. What they may has been decided by the chat's own roles, so the command
/// itself is given with the role that it needs.
fn chat_operator(message: &Message) -> Operator {
    Operator { name: Text::from(format!("QQ {}", message.sender.id)), role: Role::Admin }
}

fn entry_of(parsed: &Parsed) -> Option<&'static slash::Entry> {
    match parsed {
        Parsed::Command(slash) => Some(slash.entry()),
        Parsed::Bad(entry, _) => Some(entry),
        Parsed::Not | Parsed::Unknown { .. } => None,
    }
}

/// What the chat is told when the command was carried out.
fn success(slash: &Slash) -> Notice {
    match slash {
        Slash::New => Notice::NewDone,
        Slash::Stop => Notice::Stopped,
        Slash::Retry => Notice::Retrying,
        Slash::Model(name) => Notice::ModelSet { name: name.clone() },
        Slash::Persona(name) => Notice::PersonaSet { name: name.clone() },
        Slash::Mode(mode, during) => Notice::ModeSet { mode: *mode, during: *during },
        Slash::Mute(during) => Notice::ModeSet { mode: Mode::Muted, during: *during },
        Slash::Allow(id, during) => Notice::Allowed { id: *id, during: *during },
        Slash::Deny(id) => Notice::Denied { id: *id },
        Slash::Block(id, during) => Notice::Blocked { id: *id, during: *during },
        Slash::Help | Slash::Status | Slash::Whoami => Notice::Stopped,
    }
}

/// Commands that change the configuration file.
fn edit_of(command: &Command) -> Option<ConfigEdit> {
    let forever = |during: &Option<Duration>| during.is_none();
    match command {
        Command::Allow { id, during, .. } if forever(during) => Some(ConfigEdit::Allow(*id)),
        Command::Deny { id } => Some(ConfigEdit::Deny(*id)),
        Command::Block { id, during } if forever(during) => Some(ConfigEdit::Block(*id)),
        _ => None,
    }
}
