//! Who is answered: block lists, access lists, admins, and rules with an end.
//!
//! Deny wins over every allow (threats.md B17), with one exception: **an admin is never blocked**, neither
//! by a list, nor by `"*"` in one, nor by a grant, nor through the group they speak in. Otherwise an owner
//! could lock himself out from a phone with no way back.

use std::collections::BTreeMap;

use crate::config;
use crate::domain::{AccessId, Grant, GrantEffect, GroupId, Peer, Reason, UserId, Wall};

/// What the access lists say of a speaker in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Listed in `access.admins`: passes everywhere.
    Admin,
    /// Let in by a list, a mode or a grant.
    Allowed,
    /// Kept out.
    Refused(Reason),
}

/// Whether this number is an admin's. Names never count (threats.md B05).
pub fn is_admin(access: &config::Access, speaker: UserId) -> bool {
    access.admins.contains(&speaker.0)
}

/// Why this speaker, or this group, is not listened to at all; `None` for admins, ever.
pub fn blocked(access: &config::Access, grants: &Grants, peer: Peer, speaker: UserId, now: Wall) -> Option<Reason> {
    if is_admin(access, speaker) {
        return None;
    }
    let person = AccessId::Person(speaker);
    if access.blocked_users.has(speaker.0) {
        return Some(Reason::Blocked(person));
    }
    if let Peer::Group(group) = peer {
        if access.blocked_groups.has(group.0) {
            return Some(Reason::Blocked(AccessId::Group(group)));
        }
        if let Some(until) = grants.until(AccessId::Group(group), GrantEffect::Block, now) {
            return Some(Reason::BlockedUntil(AccessId::Group(group), seconds(until)));
        }
    }
    let until = grants.until(person, GrantEffect::Block, now)?;
    Some(Reason::BlockedUntil(person, seconds(until)))
}

/// What the lists say. Blocks are looked at here too, so that nobody gets in by forgetting to call [`blocked`].
pub fn check(access: &config::Access, grants: &Grants, peer: Peer, speaker: UserId, now: Wall) -> Access {
    if is_admin(access, speaker) {
        return Access::Admin;
    }
    if let Some(reason) = blocked(access, grants, peer, speaker, now) {
        return Access::Refused(reason);
    }
    let listed = match access.mode {
        config::AccessMode::Blacklist | config::AccessMode::Open => true,
        config::AccessMode::Whitelist => match peer {
            Peer::Private(UserId(user)) => access.users.has(user),
            Peer::Group(GroupId(group)) => access.groups.has(group),
        },
    };
    let id = AccessId::from(peer);
    if listed || grants.until(id, GrantEffect::Allow, now).is_some() {
        Access::Allowed
    } else {
        Access::Refused(Reason::NotAllowed(id))
    }
}

/// Seconds since 1970, as [`Reason::BlockedUntil`] carries them.
fn seconds(at: Wall) -> i64 {
    at.0.div_euclid(1000)
}

/// The access rules that have an end. One per id and effect; a later one replaces the former.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    allows: BTreeMap<AccessId, Grant>,
    blocks: BTreeMap<AccessId, Grant>,
}

impl Grants {
    /// Adds a rule, or replaces the one of the same id and effect. One that has already ended does nothing
    /// but end the former.
    pub fn insert(&mut self, grant: Grant) -> Option<Grant> {
        self.of_mut(grant.effect).insert(grant.id, grant)
    }

    /// Ends a rule before its time.
    pub fn lift(&mut self, id: AccessId, effect: GrantEffect) -> Option<Grant> {
        self.of_mut(effect).remove(&id)
    }

    /// Takes out every rule whose end has come.
    pub fn expire(&mut self, now: Wall) -> Vec<Grant> {
        let mut ended = Vec::new();
        for rules in [&mut self.allows, &mut self.blocks] {
            ended.extend(rules.extract_if(.., |_, grant| grant.until <= now).map(|(_, grant)| grant));
        }
        ended
    }

    /// When the next rule ends.
    pub fn next_end(&self) -> Option<Wall> {
        self.iter().map(|grant| grant.until).min()
    }

    /// The end of the rule in force, if there is one.
    pub fn until(&self, id: AccessId, effect: GrantEffect, now: Wall) -> Option<Wall> {
        self.of(effect).get(&id).map(|grant| grant.until).filter(|until| *until > now)
    }

    /// All rules: allows first, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Grant> {
        self.allows.values().chain(self.blocks.values())
    }

    fn of(&self, effect: GrantEffect) -> &BTreeMap<AccessId, Grant> {
        match effect {
            GrantEffect::Allow => &self.allows,
            GrantEffect::Block => &self.blocks,
        }
    }

    fn of_mut(&mut self, effect: GrantEffect) -> &mut BTreeMap<AccessId, Grant> {
        match effect {
            GrantEffect::Allow => &mut self.allows,
            GrantEffect::Block => &mut self.blocks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AccessMode, IdList};

    const NOW: Wall = Wall(1_000_000);
    const OWNER: i64 = 1;

    fn ids(ids: &[i64]) -> IdList {
        IdList { any: false, ids: ids.iter().copied().collect() }
    }

    fn anyone() -> IdList {
        IdList { any: true, ..IdList::default() }
    }

    fn lists(mode: AccessMode) -> config::Access {
        config::Access { mode, users: ids(&[10]), groups: ids(&[20]), admins: vec![OWNER], ..config::Access::default() }
    }

    fn grant(id: AccessId, effect: GrantEffect, until: i64) -> Grant {
        Grant { id, effect, until: Wall(until), by: "li".into() }
    }

    fn private(id: i64) -> (Peer, UserId) {
        (Peer::Private(UserId(id)), UserId(id))
    }

    fn group(group: i64, speaker: i64) -> (Peer, UserId) {
        (Peer::Group(GroupId(group)), UserId(speaker))
    }

    #[test]
    fn lists_by_mode() {
        let refused_person = Access::Refused(Reason::NotAllowed(AccessId::Person(UserId(11))));
        let refused_group = Access::Refused(Reason::NotAllowed(AccessId::Group(GroupId(21))));
        let cases = [
            (AccessMode::Whitelist, private(10), Access::Allowed),
            (AccessMode::Whitelist, private(11), refused_person),
            (AccessMode::Whitelist, group(20, 11), Access::Allowed),
            // `users` means private chats: a listed person opens no group.
            (AccessMode::Whitelist, group(21, 10), refused_group),
            (AccessMode::Whitelist, group(21, OWNER), Access::Admin),
            (AccessMode::Blacklist, group(21, 11), Access::Allowed),
            (AccessMode::Open, private(11), Access::Allowed),
        ];
        for (mode, (peer, speaker), expected) in cases {
            assert_eq!(
                check(&lists(mode), &Grants::default(), peer, speaker, NOW),
                expected,
                "{mode:?} {peer} {speaker}"
            );
        }
    }

    #[test]
    fn deny_wins_over_every_allow() {
        let mut access = lists(AccessMode::Open);
        access.blocked_users = ids(&[10]);
        access.blocked_groups = ids(&[20]);
        let mut grants = Grants::default();
        grants.insert(grant(AccessId::Person(UserId(10)), GrantEffect::Allow, 2_000_000));
        let person = Reason::Blocked(AccessId::Person(UserId(10)));
        for (peer, speaker) in [private(10), group(99, 10)] {
            assert_eq!(blocked(&access, &grants, peer, speaker, NOW), Some(person.clone()));
            assert_eq!(check(&access, &grants, peer, speaker, NOW), Access::Refused(person.clone()));
        }
        let (peer, speaker) = group(20, 12);
        assert_eq!(blocked(&access, &grants, peer, speaker, NOW), Some(Reason::Blocked(AccessId::Group(GroupId(20)))));
    }

    #[test]
    fn an_admin_cannot_be_blocked_out() {
        let mut access = lists(AccessMode::Whitelist);
        access.blocked_users = anyone();
        access.blocked_groups = anyone();
        let mut grants = Grants::default();
        grants.insert(grant(AccessId::Person(UserId(OWNER)), GrantEffect::Block, i64::MAX));
        for (peer, speaker) in [private(OWNER), group(20, OWNER)] {
            assert_eq!(blocked(&access, &grants, peer, speaker, NOW), None);
            assert_eq!(check(&access, &grants, peer, speaker, NOW), Access::Admin);
        }
    }

    #[test]
    fn grants_hold_until_their_end() {
        let access = lists(AccessMode::Whitelist);
        let mut grants = Grants::default();
        let id = AccessId::Person(UserId(11));
        let (peer, speaker) = private(11);
        grants.insert(grant(id, GrantEffect::Allow, 1_000_001));
        assert_eq!(check(&access, &grants, peer, speaker, NOW), Access::Allowed);
        assert_eq!(check(&access, &grants, peer, speaker, Wall(1_000_001)), Access::Refused(Reason::NotAllowed(id)));

        grants.insert(grant(id, GrantEffect::Block, 1_005_000));
        assert_eq!(blocked(&access, &grants, peer, speaker, NOW), Some(Reason::BlockedUntil(id, 1_005)));
        assert_eq!(grants.next_end(), Some(Wall(1_000_001)));
        let ended = grants.expire(Wall(1_000_001));
        assert_eq!(ended.iter().map(|g| g.effect).collect::<Vec<_>>(), [GrantEffect::Allow]);
        assert_eq!(grants.next_end(), Some(Wall(1_005_000)));
        assert!(grants.lift(id, GrantEffect::Block).is_some());
        assert_eq!((grants.next_end(), grants.iter().count()), (None, 0));
    }

    #[test]
    fn a_blocked_group_is_not_a_blocked_person() {
        let mut grants = Grants::default();
        grants.insert(grant(AccessId::Group(GroupId(20)), GrantEffect::Block, 2_000_000));
        let access = lists(AccessMode::Open);
        let ((here, speaker), (there, _)) = (group(20, 10), group(22, 10));
        assert!(blocked(&access, &grants, here, speaker, NOW).is_some());
        assert!(blocked(&access, &grants, there, speaker, NOW).is_none());
    }
}
