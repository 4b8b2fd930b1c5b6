//! Whether the bot can work, and why not.

use crate::domain::{ProviderState, Snapshot};
use crate::runtime::handle::Placed;
use crate::words::{Lang, Unready};

/// Everything that keeps the bot from working; empty when it can.
pub fn unready(snapshot: &Snapshot, placed: &Placed) -> Vec<Unready> {
    let account = snapshot.accounts.iter().any(|a| a.connected && a.online != Some(false));
    let provider = snapshot.providers.iter().any(|p| matches!(p.state, ProviderState::Ready | ProviderState::Probing));
    [
        (placed.refused, Unready::Configuration),
        (!account, Unready::NoAccount),
        (!provider, Unready::NoProvider),
        (snapshot.stopping, Unready::Stopping),
    ]
    .into_iter()
    .filter_map(|(is_so, reason)| is_so.then_some(reason))
    .collect()
}

/// One reason a line: a word for scripts, then words for people in both languages, for nobody knows who reads here.
pub fn lines(reasons: &[Unready]) -> String {
    let line = |r: &Unready| format!("{}: {} · {}\n", r.code(), r.words(Lang::Zh), r.words(Lang::En));
    reasons.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProviderState, SelfId};

    #[test]
    fn every_reason_is_told_and_none_when_all_is_well() {
        let mut snapshot = (*crate::serve::metrics::strict::town()).clone();
        let mut placed = Placed::default();
        assert_eq!(unready(&snapshot, &placed), []);
        snapshot.providers[0].state = ProviderState::Off;
        assert_eq!(unready(&snapshot, &placed), [Unready::NoProvider]);
        snapshot.accounts.retain(|a| a.id == SelfId(10002));
        snapshot.stopping = true;
        placed.refused = true;
        let reasons = unready(&snapshot, &placed);
        assert_eq!(reasons, [Unready::Configuration, Unready::NoAccount, Unready::NoProvider, Unready::Stopping]);
        let text = lines(&reasons);
        assert!(text.lines().count() == 4 && text.contains("no_account: 没有"), "{text}");
    }
}
