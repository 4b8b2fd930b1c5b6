//! The people: accounts, friends, groups and members, all from one seed.

mod lines;
mod script;

use std::collections::BTreeSet;

use crate::domain::Peer;

pub use lines::Topic;
pub use script::{Line, Piece, Script};

/// Everybody there is.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// One for each account that an adapter holds.
    pub rosters: Vec<Roster>,
}

/// What one account knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Roster {
    /// The account itself.
    pub me: Person,
    /// Its friends.
    pub friends: Vec<Person>,
    /// Its groups.
    pub groups: Vec<Group>,
}

/// Somebody on QQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// QQ number.
    pub id: i64,
    /// Nickname.
    pub nickname: String,
}

/// A group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What is talked about there.
    pub topic: Topic,
    /// Who is in it, our account excepted.
    pub members: Vec<Member>,
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub person: Person,
    /// Their name there; may be empty.
    pub card: String,
    /// `owner`, `admin` or `member`.
    pub role: &'static str,
}

/// How many of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorldSize {
    /// Accounts.
    pub accounts: usize,
    /// Friends of each account.
    pub friends: usize,
    /// Groups of each account.
    pub groups: usize,
    /// Members of each group, at most; 2 at least.
    pub members: usize,
}

impl Default for WorldSize {
    fn default() -> Self {
        Self { accounts: 1, friends: 3, groups: 2, members: 8 }
    }
}

/// First number of the accounts; the others follow in steps of 1000.
pub const FIRST_ACCOUNT: i64 = 10_001_000;
const FIRST_FRIEND: i64 = 20_000_000;
const FIRST_MEMBER: i64 = 30_000_000;
const FIRST_GROUP: i64 = 700_000_000;

impl World {
    /// The same seed and size give the same world.
    pub fn new(seed: u64, size: WorldSize) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let rosters = (0..size.accounts).map(|n| roster(&mut rng, n, size)).collect();
        Self { rosters }
    }
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn roster(rng: &mut fastrand::Rng, n: usize, size: WorldSize) -> Roster {
    let me = Person {
        id: FIRST_ACCOUNT + 1000 * number(n),
        nickname: lines::ACCOUNTS.get(n).map_or_else(|| format!("机器人{n}"), |name| (*name).to_owned()),
    };
    let base = number(n) * 1_000_000;
    let friends = (0..size.friends).map(|i| person(rng, FIRST_FRIEND + base + number(i))).collect();
    let mut names = BTreeSet::new();
    let groups = (0..size.groups)
        .map(|g| {
            let (name, topic) = lines::GROUPS[(g + n * 5) % lines::GROUPS.len()];
            let name = if names.insert(name) { name.to_owned() } else { format!("{name}{g}") };
            let id = FIRST_GROUP + base + number(g) * 1111;
            let count = rng.usize(2..=size.members.max(2));
            let members = (0..count).map(|m| member(rng, FIRST_MEMBER + base + number(g * 1000 + m), m)).collect();
            Group { id, name, topic, members }
        })
        .collect();
    Roster { me, friends, groups }
}

fn person(rng: &mut fastrand::Rng, id: i64) -> Person {
    Person { id, nickname: lines::NICKNAMES[rng.usize(..lines::NICKNAMES.len())].to_owned() }
}

fn member(rng: &mut fastrand::Rng, id: i64, n: usize) -> Member {
    let card = if rng.f64() < 0.3 { lines::CARDS[rng.usize(..lines::CARDS.len())] } else { "" };
    let role = match n {
        0 => "owner",
        1 => "admin",
        _ => "member",
    };
    Member { person: person(rng, id), card: card.to_owned(), role }
}

impl Roster {
    /// An account that knows nobody.
    pub fn lonely(id: i64, nickname: &str) -> Self {
        Self { me: Person { id, nickname: nickname.to_owned() }, friends: Vec::new(), groups: Vec::new() }
    }

    /// Every chat.
    pub fn peers(&self) -> impl Iterator<Item = Peer> {
        let private = self.friends.iter().map(|p| Peer::Private(crate::domain::UserId(p.id)));
        private.chain(self.groups.iter().map(|g| Peer::Group(crate::domain::GroupId(g.id))))
    }

    /// Makes somebody a friend.
    pub fn befriend(&mut self, id: i64) {
        if self.friend(id).is_none() {
            let nickname = lines::NICKNAMES[nickname_of(id)].to_owned();
            self.friends.push(Person { id, nickname });
        }
    }

    fn place(&mut self, group: i64) -> usize {
        self.groups.iter().position(|g| g.id == group).unwrap_or_else(|| {
            let name = format!("测试群{}", group % 1000);
            self.groups.push(Group { id: group, name, topic: Topic::Life, members: Vec::new() });
            self.groups.len() - 1
        })
    }

    /// Puts somebody into a group; both are made where they are not known yet. Our account is in all its groups.
    pub fn join(&mut self, group: i64, member: i64) {
        let place = self.place(group);
        let members = &mut self.groups[place].members;
        if member != self.me.id && !members.iter().any(|m| m.person.id == member) {
            let nickname = lines::NICKNAMES[nickname_of(member)].to_owned();
            let person = Person { id: member, nickname };
            members.push(Member { person, card: String::new(), role: "member" });
        }
    }

    /// A group.
    pub fn group(&self, id: i64) -> Option<&Group> {
        self.groups.iter().find(|g| g.id == id)
    }

    /// A friend.
    pub fn friend(&self, id: i64) -> Option<&Person> {
        self.friends.iter().find(|p| p.id == id)
    }
}

fn nickname_of(id: i64) -> usize {
    usize::try_from(id.unsigned_abs()).unwrap_or(0) % lines::NICKNAMES.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let size = WorldSize { accounts: 2, friends: 9, groups: 9, members: 30 };
        assert_eq!(World::new(7, size), World::new(7, size));
        assert_ne!(World::new(7, size), World::new(8, size));
    }

    #[test]
    fn no_number_is_given_twice() {
        let world = World::new(1, WorldSize { accounts: 3, friends: 20, groups: 12, members: 40 });
        let mut seen = BTreeSet::new();
        for roster in &world.rosters {
            assert!(seen.insert(roster.me.id));
            assert!(roster.friends.iter().all(|p| seen.insert(p.id)));
            for group in &roster.groups {
                assert!(seen.insert(group.id));
                assert!(group.members.iter().all(|m| seen.insert(m.person.id)));
            }
        }
    }
}
