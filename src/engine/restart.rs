//! Restarting an adapter's program, where the configuration says how. One at a time an account.

use std::time::Duration;

use super::commands::{Asker, Ending};
use super::state::State;
use crate::domain::*;
use crate::flow::Effect;

impl State {
    /// Asks for it; how it ended is told when it has ended.
    pub fn restart_adapter(&mut self, id: SelfId, asker: &Asker, by: &Text) -> Ending {
        let Some(command) = self.config.onebot.restart_of(id.0).cloned() else {
            return Err(Refusal::NoRestart(id)).into();
        };
        // One that never came up since our start is no account yet; its program can be restarted all the same.
        if self.restarts.contains_key(&id) {
            return Err(Refusal::Restarting).into();
        }
        self.restarts.insert(id, (asker.clone(), by.clone()));
        self.mark_restarting(id, true);
        let (argv, timeout): (Vec<String>, Duration) = (command.command, command.timeout);
        self.effects.push(Effect::Restart(Restart { account: id, argv, timeout }));
        Ending::Later
    }

    /// How it ended.
    pub fn on_restarted(&mut self, id: SelfId, result: Result<(), RestartFault>) {
        let Some((asker, by)) = self.restarts.remove(&id) else { return };
        self.mark_restarting(id, false);
        let code = result.as_ref().map_or_else(RestartFault::code, |()| "restarted").to_owned();
        self.audit(&by, &Command::RestartAdapter { account: id }, code);
        if let Asker::Session(session, tag) = asker {
            let answer = result.map(|()| Done::Ok).map_err(Refusal::Restart);
            self.effects.push(Effect::Answer(session, tag, answer));
        }
    }

    fn mark_restarting(&mut self, id: SelfId, restarting: bool) {
        if let Some(account) = self.accounts.get_mut(&id) {
            account.restarting = restarting;
        }
        self.changed = true;
    }
}
