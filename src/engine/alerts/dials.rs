//! Adapters that we dial, until an account comes up over them: from then on, the account is missed and not they.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Dial;
use crate::domain::{Mono, Text};

/// Those that are configured, by name.
#[derive(Debug, Default)]
pub(super) struct Dials(BTreeMap<Arc<str>, State>);

/// One of them.
#[derive(Debug)]
pub(super) struct State {
    dial: Dial,
    /// An account has come up over it.
    pub met: bool,
    /// It may take until then.
    pub grace_ends: Mono,
    /// Why the last attempt failed.
    pub cause: Text,
}

impl Dials {
    /// Goes over to others. One that is new or has changed is given until then.
    pub fn configure(&mut self, dials: &[Dial], grace_ends: Mono) {
        let mut old = std::mem::take(&mut self.0);
        for dial in dials.iter().filter(|dial| dial.enable && tells(&dial.url)) {
            let name: Arc<str> = dial.name.as_str().into();
            let fresh = || State { dial: dial.clone(), met: false, grace_ends, cause: Text::default() };
            let state = old.remove(&name).filter(|state| state.dial == *dial).unwrap_or_else(fresh);
            self.0.insert(name, state);
        }
    }

    /// An account has come up over a link of this peer.
    pub fn up(&mut self, peer: &str) {
        if let Some(state) = self.0.get_mut(peer) {
            (state.met, state.cause) = (true, Text::default());
        }
    }

    /// An attempt has failed.
    pub fn refused(&mut self, peer: &str, cause: &Text) {
        if let Some(state) = self.0.get_mut(peer) {
            state.cause.clone_from(cause);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &State)> {
        self.0.iter()
    }
}

/// Whether accounts come up over such an address: `/event` only carries what happens, its `/api` beside it answers.
fn tells(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    !path.ends_with("/event")
}
