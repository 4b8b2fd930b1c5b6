//! What makes a change undone: the command that restores what was there. Only where one command restores it
//! exactly; a change that swept several things away at once offers none.

use super::state::State;
use crate::domain::*;

/// What undoes an edit of the configuration, by what the edit met.
#[derive(Debug, Clone, Default)]
pub(super) struct Undo {
    /// The file said so already: what else the command changed.
    same: Same,
    /// The file was changed.
    changed: Changed,
}

#[derive(Debug, Clone, Default)]
enum Same {
    /// Nothing was.
    #[default]
    Nothing,
    /// This undoes it.
    Lifted(Command),
}

#[derive(Debug, Clone, Default)]
enum Changed {
    /// No single command restores it.
    #[default]
    ForGood,
    /// This does.
    By(Command),
    /// Writing the former value of this key does.
    Key(ChatRef, String),
}

impl Undo {
    /// For an edit that stands alone.
    pub fn by(command: Command) -> Self {
        Self { same: Same::Nothing, changed: Changed::By(command) }
    }

    /// For an edit of a key.
    pub fn key(chat: ChatRef, key: String) -> Self {
        Self { same: Same::Nothing, changed: Changed::Key(chat, key) }
    }

    /// For an edit that is undone by `command`, beside a rule with an end that `lifted` would set again. Where both
    /// were changed, neither alone restores what was.
    pub fn beside(command: Command, lifted: Option<Command>) -> Self {
        match lifted {
            None => Self::by(command),
            Some(lifted) => Self { same: Same::Lifted(lifted), changed: Changed::ForGood },
        }
    }

    /// The edit ended: what is answered.
    pub fn answer(self, met: Met) -> Done {
        match (met, self.same, self.changed) {
            (Met::Same, Same::Nothing, _) => Done::Already,
            (Met::Same, Same::Lifted(undo), _) | (Met::Changed { .. }, _, Changed::By(undo)) => changed(undo),
            (Met::Changed { former: Some(value) }, _, Changed::Key(chat, key)) => {
                changed(Command::Set { chat, key, value })
            }
            (Met::Changed { former: None }, _, Changed::Key(chat, key)) => changed(Command::Unset { chat, key }),
            (Met::Changed { .. }, _, Changed::ForGood) => Done::Ok,
        }
    }
}

/// It is so now, and this makes it as it was.
pub(super) fn changed(undo: Command) -> Done {
    Done::Changed { undo: Box::new(undo) }
}

impl State {
    /// The command that sets a rule with an end again, if there is such a rule now.
    pub fn regrant(&self, id: AccessId, effect: GrantEffect) -> Option<Command> {
        let until = self.grants.until(id, effect, self.now.wall)?;
        let during = Some(until.since(self.now.wall));
        Some(match effect {
            GrantEffect::Allow => Command::Allow { id, during, answer: false },
            GrantEffect::Block => Command::Block { id, during },
        })
    }

    /// Whether a list of the configuration names it; then taking a timed rule back would strike it off the list.
    pub fn is_listed(&self, id: AccessId, effect: GrantEffect) -> bool {
        let access = &self.config.access;
        match (effect, id) {
            (GrantEffect::Allow, AccessId::Person(id)) => access.users.has(id.0),
            (GrantEffect::Allow, AccessId::Group(id)) => access.groups.has(id.0),
            (GrantEffect::Block, AccessId::Person(id)) => access.blocked_users.has(id.0),
            (GrantEffect::Block, AccessId::Group(id)) => access.blocked_groups.has(id.0),
        }
    }

    /// The command that sets a chat's mode as it is now.
    pub fn same_mode(&self, id: ConversationId) -> Command {
        let own = self.chat_state(id).and_then(|s| s.mode);
        let own = own.filter(|(_, until)| until.is_none_or(|until| until > self.now.wall));
        let during = own.and_then(|(_, until)| until).map(|until| until.since(self.now.wall));
        Command::Mode { chat: named(id), mode: own.map(|(mode, _)| mode), during }
    }
}

/// A conversation as a command names it, whole.
pub(super) fn named(id: ConversationId) -> ChatRef {
    ChatRef { peer: id.peer, account: Some(id.account) }
}
