//! Who asked for what, and how it ended. What ends later is put on record when it has ended.

use std::collections::BTreeMap;

use super::state::State;
use crate::domain::*;
use crate::flow::Effect;

/// Commands that have been begun and whose end is not known yet.
pub(super) type Begun = BTreeMap<Asked, (Text, Command)>;

/// Where the end of a command will be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// By the answer to an operator's session.
    Session(SessionId, u64),
    /// By the end of this edit, which a chat asked for.
    Edit(u64),
}

impl State {
    /// Whether a command is put on record: what a console keeps for itself is not, nor a claim that is renewed
    /// while its operator types.
    pub fn is_audited(&self, operator: &Operator, command: &Command) -> bool {
        match command {
            Command::Remember { .. } => false,
            Command::Claim { chat } => !self.resolve(*chat).is_ok_and(|id| self.is_claimed_by(id, &operator.name)),
            _ => true,
        }
    }

    /// Puts a command on record.
    pub fn audit(&mut self, operator: &Text, command: &Command, result: String) {
        let row = self.audited(operator, command, result);
        self.rows.push(row);
    }

    /// A command as JSON: it holds no secrets by construction.
    fn audited(&self, operator: &Text, command: &Command, result: String) -> Row {
        let command = serde_json::to_string(command).unwrap_or_default();
        Row::Audit(Audit { at: self.now.wall, operator: operator.clone(), command, result })
    }

    /// The end of what is asked here goes on record when it is known.
    pub fn audit_later(&mut self, asked: Asked, operator: &Text, command: &Command) {
        self.begun.insert(asked, (operator.clone(), command.clone()));
    }

    /// It has ended.
    pub fn audit_end(&mut self, asked: Asked, result: Option<&Refusal>) {
        if let Some((operator, command)) = self.begun.remove(&asked) {
            self.audit(&operator, &command, result.map_or("ok", Refusal::code).to_owned());
        }
    }

    /// Tells a session how a command of its ended that was begun before.
    pub fn answer_late(&mut self, session: SessionId, tag: u64, result: Result<Done, Refusal>) {
        self.audit_end(Asked::Session(session, tag), result.as_ref().err());
        self.effects.push(Effect::Answer(session, tag, result));
    }

    /// Everything stops: nobody will hear how these ended, and that they were begun stays on record.
    pub fn audit_unanswered(&mut self) -> Vec<Row> {
        let begun = std::mem::take(&mut self.begun);
        let code = Refusal::Unanswered.code();
        begun.values().map(|(operator, command)| self.audited(operator, command, code.to_owned())).collect()
    }
}
