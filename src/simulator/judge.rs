//! Who was answered, how fast, and what went wrong: every question carries a token, and every reply is matched
//! by it; else by the quote, the mention, or the chat.

mod report;
mod token;

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Notify;

use super::lock;
use crate::domain::Peer;
pub use report::{Latency, Report};
pub use token::Token;

/// Keeps the score of one run.
#[derive(Debug, Default)]
pub struct Judge(Mutex<Score>);

#[derive(Debug, Default)]
struct Score {
    tracks: Vec<Track>,
    by_chat: HashMap<(i64, Peer), Vec<usize>>,
    crossed: u64,
    to_nobody: u64,
}

/// One conversation: one speaker in one chat.
#[derive(Debug)]
struct Track {
    peer: Peer,
    speaker: i64,
    turns: Vec<Turn>,
    /// Turns without a reply that are not given up.
    waiting: usize,
    duplicates: u64,
    extra_parts: u64,
    out_of_order: u64,
    untagged: u64,
    late: u64,
    aborted: bool,
    /// Woken by every reply.
    heard: Arc<Notify>,
}

#[derive(Debug)]
struct Turn {
    token: Token,
    message: i64,
    asked: Instant,
    answered: Option<Instant>,
    lost: bool,
    during_drop: bool,
    /// Hashes of the replies' words.
    texts: Vec<u64>,
}

impl Judge {
    /// A new conversation; returns its number and what wakes its driver.
    pub fn open(&self, account: i64, peer: Peer, speaker: i64) -> (usize, Arc<Notify>) {
        let mut score = lock(&self.0);
        let number = score.tracks.len();
        let heard = Arc::new(Notify::new());
        score.by_chat.entry((account, peer)).or_default().push(number);
        score.tracks.push(Track {
            peer,
            speaker,
            turns: Vec::new(),
            waiting: 0,
            duplicates: 0,
            extra_parts: 0,
            out_of_order: 0,
            untagged: 0,
            late: 0,
            aborted: false,
            heard: Arc::clone(&heard),
        });
        (number, heard)
    }

    /// A question is about to be sent.
    pub fn asked(&self, conversation: usize, token: Token, message: i64) {
        let turn = Turn {
            token,
            message,
            asked: Instant::now(),
            answered: None,
            lost: false,
            during_drop: false,
            texts: Vec::new(),
        };
        let track = &mut lock(&self.0).tracks[conversation];
        track.turns.push(turn);
        track.waiting += 1;
    }

    /// Questions of a conversation that still wait for their first reply and are not given up.
    pub fn waiting(&self, conversation: usize) -> usize {
        lock(&self.0).tracks[conversation].waiting
    }

    /// Gives up on whatever still waits. `during_drop`: a link went away meanwhile.
    pub fn give_up(&self, conversation: usize, during_drop: bool) {
        let track = &mut lock(&self.0).tracks[conversation];
        for turn in track.turns.iter_mut().filter(|turn| turn.answered.is_none() && !turn.lost) {
            turn.lost = true;
            turn.during_drop = during_drop;
        }
        track.waiting = 0;
    }

    /// A conversation that could not go on: no link came up.
    pub fn aborted(&self, conversation: usize) {
        lock(&self.0).tracks[conversation].aborted = true;
    }

    /// A message of the application reached people.
    pub fn heard(&self, account: i64, peer: Peer, segments: &[Value], text: &str, at: Instant) {
        let mut score = lock(&self.0);
        let score = &mut *score;
        let here = score.by_chat.get(&(account, peer)).map(Vec::as_slice).unwrap_or_default();
        let tagged = token::find_last(text, |token| {
            let turn = score.tracks.get(token.conversation)?.turns.get(token.turn)?;
            (turn.token == token).then_some((token.conversation, token.turn))
        });
        if let Some((conversation, turn)) = tagged {
            if here.contains(&conversation) {
                score.tracks[conversation].reply(turn, text, at);
            } else {
                score.crossed += 1;
            }
            return;
        }
        match find_untagged(&score.tracks, here, segments) {
            Some((conversation, turn)) => {
                let track = &mut score.tracks[conversation];
                track.untagged += 1;
                if let Some(turn) = turn.or_else(|| track.turns.len().checked_sub(1)) {
                    track.reply(turn, text, at);
                }
            }
            None => score.to_nobody += 1,
        }
    }

    /// The verdict so far.
    pub fn report(&self, expected: usize, elapsed: Duration) -> Report {
        let score = lock(&self.0);
        report::sum_up(&score, expected, elapsed)
    }
}

/// By the quote, the mention, or the chat where only one speaker talks.
fn find_untagged(tracks: &[Track], here: &[usize], segments: &[Value]) -> Option<(usize, Option<usize>)> {
    let mut mentioned = None;
    for segment in segments {
        let data = &segment["data"];
        let number = |key: &str| data[key].as_str().and_then(|n| n.parse::<i64>().ok()).or_else(|| data[key].as_i64());
        match segment["type"].as_str() {
            Some("reply") => {
                let id = number("id");
                let quoted = here.iter().find_map(|c| {
                    let turn = tracks[*c].turns.iter().position(|turn| Some(turn.message) == id)?;
                    Some((*c, Some(turn)))
                });
                if quoted.is_some() {
                    return quoted;
                }
            }
            Some("at") => {
                let user = number("qq");
                mentioned = mentioned.or(here.iter().find(|c| Some(tracks[**c].speaker) == user));
            }
            _ => {}
        }
    }
    match (mentioned, here) {
        (Some(conversation), _) | (None, [conversation]) => Some((*conversation, None)),
        _ => None,
    }
}

impl Track {
    fn reply(&mut self, turn: usize, text: &str, at: Instant) {
        let later_answered = self.turns[turn + 1..].iter().any(|later| later.answered.is_some());
        let reply = &mut self.turns[turn];
        let words = BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
        if reply.answered.is_some() {
            // The same words again are a double; other words are a further part of the same answer.
            let doubled = reply.texts.contains(&words);
            reply.texts.push(words);
            *(if doubled { &mut self.duplicates } else { &mut self.extra_parts }) += 1;
            return;
        }
        reply.texts.push(words);
        reply.answered = Some(at);
        if reply.lost {
            reply.lost = false;
            self.late += 1;
        } else {
            self.waiting -= 1;
        }
        if later_answered {
            self.out_of_order += 1;
        }
        self.heard.notify_one();
    }
}

#[cfg(test)]
mod tests;
