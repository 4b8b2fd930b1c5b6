//! An answer while it grows: the same for both protocols and for streams and whole bodies.

use std::time::Duration;

use super::think::{Begins, Filter};
use crate::domain::{Finish, ProviderError, Tokens};

/// Under so many tokens a speed means nothing: one token was seen to take 1 µs (llm.md §1.2).
const SPEED_FROM: u64 = 5;

/// What has come so far. It owns the text; nothing is copied until somebody is told.
#[derive(Debug)]
pub struct Growing {
    /// All visible text.
    pub text: String,
    /// Why it ended, once that was said.
    pub finish: Option<Finish>,
    /// What the server counted.
    pub tokens: Tokens,
    /// How long the model took to load, where the server said.
    pub load: Option<Duration>,
    /// Tokens per second by the server's own clock.
    pub speed: Option<f32>,
    /// The end mark has come: nothing more will.
    pub done: bool,
    filter: Filter,
    pieces: usize,
}

impl Growing {
    /// Nothing yet.
    pub fn new(begins: Begins) -> Self {
        Self {
            text: String::new(),
            finish: None,
            tokens: Tokens::default(),
            load: None,
            speed: None,
            done: false,
            filter: Filter::new(begins),
            pieces: 0,
        }
    }

    /// Text came; reasoning may be in it.
    pub fn content(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.pieces += 1;
            self.filter.push(piece, &mut self.text);
        }
    }

    /// Reasoning came in a field of its own.
    pub fn reasoning(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.pieces += 1;
            self.filter.separate(piece, &mut self.text);
        }
    }

    /// Pieces of text and reasoning so far: what grows is alive.
    pub fn pieces(&self) -> usize {
        self.pieces
    }

    /// Characters of reasoning so far.
    pub fn thought(&self) -> usize {
        self.filter.thought()
    }

    /// Whether the model turned out to begin inside its thoughts.
    pub fn began_thinking(&self) -> bool {
        self.filter.orphan()
    }

    /// Books a speed if it means something.
    pub fn measured(&mut self, tokens: u64, seconds: f64) {
        if tokens >= SPEED_FROM && seconds >= 0.001 {
            self.speed = Some((tokens as f64 / seconds) as f32);
        }
    }

    /// The end of a stream that was read to its end: whole, cut off, or empty.
    pub fn close(&mut self) -> Result<Finish, ProviderError> {
        let finish = match self.finish {
            Some(finish) => finish,
            None if self.done => Finish::Stop,
            None => return Err(ProviderError::Truncated),
        };
        self.filter.finish(finish == Finish::Stop, &mut self.text);
        self.text.truncate(self.text.trim_end().len());
        if self.text.is_empty() { Err(ProviderError::Empty) } else { Ok(finish) }
    }
}

/// A server's count, as the rest of the program holds it.
pub fn count(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_must_be_said() {
        let mut answer = Growing::new(Begins::Openly);
        answer.content("好");
        assert_eq!(answer.close(), Err(ProviderError::Truncated));
        answer.done = true;
        assert_eq!(answer.close(), Ok(Finish::Stop));
    }

    #[test]
    fn thoughts_alone_are_no_answer() {
        let mut answer = Growing::new(Begins::Openly);
        answer.reasoning("想");
        answer.content("<think>还在想");
        answer.finish = Some(Finish::Length);
        assert_eq!(answer.close(), Err(ProviderError::Empty));
        assert_eq!((answer.text.as_str(), answer.thought()), ("", 4));
    }

    #[test]
    fn a_speed_of_a_few_tokens_is_not_believed() {
        let mut answer = Growing::new(Begins::Openly);
        answer.measured(1, 1e-6);
        assert_eq!(answer.speed, None);
        answer.measured(5, 0.5);
        assert_eq!(answer.speed, Some(10.0));
    }
}
