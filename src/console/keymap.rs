//! From keys to actions in normal mode: a trie of chords, the table's keys with the operator's own on top.

use std::collections::BTreeMap;

use super::action::{Action, TABLE, named};
use super::input::{Chord, Key, fold};
use super::place::View;

/// What the keys typed so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Act(Action),
    /// The beginning of one.
    More,
    /// Nothing.
    Nothing,
}

/// All chords in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// What each chord means; several things only where each is of another view.
    chords: BTreeMap<Vec<Key>, Vec<Action>>,
}

impl Keymap {
    /// The keys of the table, less what `[console.keys]` (action name → chords) says otherwise. Entries that
    /// cannot be understood are left out here; checking the configuration tells about them.
    pub fn new<'a>(own: impl Iterator<Item = (&'a str, &'a [String])>) -> Self {
        let own: BTreeMap<&str, Vec<Chord>> = own
            .filter_map(|(name, chords)| {
                Some((named(name)?.name, chords.iter().filter_map(|c| c.parse().ok()).collect()))
            })
            .collect();
        let mut chords = BTreeMap::new();
        for entry in TABLE.iter().filter(|entry| !own.contains_key(entry.name)) {
            for chord in entry.keys.iter().filter_map(|k| k.parse::<Chord>().ok()) {
                chords.entry(chord.keys().to_vec()).or_insert_with(Vec::new).push(entry.action);
            }
        }
        // The operator's own keys come last: they win over what the table gives to others, also in later versions.
        for entry in TABLE {
            for chord in own.get(entry.name).into_iter().flatten() {
                chords.insert(chord.keys().to_vec(), vec![entry.action]);
            }
        }
        Self { chords }
    }

    /// What these keys mean in a view. Full-width letters and Chinese punctuation mean the key they stand for.
    pub fn meaning(&self, keys: &[Key], view: View) -> Meaning {
        let keys: Vec<Key> = keys.iter().map(|k| fold(*k)).collect();
        if let Some(actions) = self.chords.get(&keys) {
            // What fits nowhere here says where it does.
            let here = actions.iter().find(|action| action.entry().fits(view));
            return here.or(actions.first()).map_or(Meaning::Nothing, |action| Meaning::Act(*action));
        }
        let begun = self.chords.range(keys.clone()..).next().is_some_and(|(chord, _)| chord.starts_with(&keys));
        if begun { Meaning::More } else { Meaning::Nothing }
    }

    /// How each chord that begins so goes on.
    pub fn continuations<'a>(&'a self, keys: &'a [Key]) -> impl Iterator<Item = (String, Action)> + 'a {
        let longer = self.chords.iter().filter(move |(chord, _)| chord.len() > keys.len() && chord.starts_with(keys));
        longer.flat_map(move |(chord, actions)| actions.iter().map(|a| (written(&chord[keys.len()..]), *a)))
    }

    /// The keys of an action as they are shown.
    pub fn keys_of(&self, action: Action) -> impl Iterator<Item = String> + '_ {
        self.chords.iter().filter(move |(_, all)| all.contains(&action)).map(|(chord, _)| written(chord))
    }

    /// The first and shortest key of an action.
    pub fn key_of(&self, action: Action) -> Option<String> {
        self.keys_of(action).min_by_key(String::len)
    }
}

fn written(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(chord: &str) -> Vec<Key> {
        chord.parse::<Chord>().unwrap().keys().to_vec()
    }

    #[test]
    fn no_key_of_the_table_means_two_things_in_a_view_or_hides_another() {
        for view in View::ALL {
            let here = TABLE.iter().filter(|e| e.fits(view));
            let mut all: Vec<(Vec<Key>, &str)> = here.flat_map(|e| e.keys.iter().map(|k| (keys(k), e.name))).collect();
            all.sort();
            for pair in all.windows(2) {
                assert!(!pair[1].0.starts_with(&pair[0].0), "{} hides {}", pair[0].1, pair[1].1);
            }
        }
    }

    #[test]
    fn one_key_may_mean_another_thing_in_another_view() {
        let map = Keymap::new(std::iter::empty());
        assert_eq!(map.meaning(&keys("v"), View::Chats), Meaning::Act(Action::Range));
        assert_eq!(map.meaning(&keys("v"), View::Log), Meaning::Act(Action::LogLevel));
        assert_eq!(map.key_of(Action::LogLevel).as_deref(), Some("v"));
        let own = [("reply", vec!["v".to_owned()])];
        let map = Keymap::new(own.iter().map(|(n, c)| (*n, c.as_slice())));
        assert_eq!(map.meaning(&keys("v"), View::Log), Meaning::Act(Action::Reply));
    }

    #[test]
    fn chords_and_full_width_forms_find_their_action() {
        let map = Keymap::new(std::iter::empty());
        assert_eq!(map.meaning(&keys("g"), View::Chats), Meaning::More);
        assert_eq!(map.meaning(&keys("g d"), View::Chats), Meaning::Act(Action::Date));
        assert_eq!(map.meaning(&keys("Q"), View::Chats), Meaning::Nothing);
        for (wide, action) in [
            ('：', Action::Palette),
            ('？', Action::Help),
            ('／', Action::Filter),
            ('！', Action::NextAttention),
            ('ｉ', Action::Reply),
        ] {
            assert_eq!(map.meaning(&[Key::char(wide)], View::Chats), Meaning::Act(action));
        }
        assert!(map.continuations(&keys("g")).any(|(rest, action)| rest == "g" && action == Action::Top));
    }

    #[test]
    fn own_keys_replace_those_of_the_table() {
        let own = [("reply", vec!["R".to_owned()])];
        let map = Keymap::new(own.iter().map(|(n, c)| (*n, c.as_slice())));
        assert_eq!(map.meaning(&keys("R"), View::Chats), Meaning::Act(Action::Reply));
        assert_eq!(map.meaning(&keys("i"), View::Chats), Meaning::Nothing);
    }
}
