//! The last questions to models, word for word, so that an operator can see what a reply was made of. In memory
//! alone: a prompt is a hundred times its answer, and what it is made of is on record anyway.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::domain::{Job, JobId, Page, Row, Seq, Turn, Wall};

/// Questions kept.
const MOST: usize = 256;
/// And bytes of them.
const BYTES: usize = 4 << 20;

/// One question as it was handed to its provider.
struct Kept {
    job: JobId,
    provider: Arc<str>,
    model: Arc<str>,
    at: Wall,
    turns: Arc<[Turn]>,
    bytes: usize,
    /// The replies that were made of its answer.
    lines: Vec<Seq>,
}

/// The last questions. Bounded; the oldest go.
#[derive(Default)]
pub(super) struct Prompts {
    kept: VecDeque<Kept>,
    bytes: usize,
}

impl Prompts {
    /// A question leaves.
    pub fn keep(&mut self, job: &Job, model: Arc<str>, at: Wall) {
        let size = |turn: &Turn| turn.text.len() + turn.pictures.iter().map(|picture| picture.url.len()).sum::<usize>();
        let bytes = job.turns.iter().map(size).sum();
        let (provider, turns) = (Arc::clone(&job.provider), Arc::clone(&job.turns));
        self.kept.push_back(Kept { job: job.id, provider, model, at, turns, bytes, lines: Vec::new() });
        self.bytes += bytes;
        while self.kept.len() > MOST || self.bytes > BYTES {
            let Some(gone) = self.kept.pop_front() else { break };
            self.bytes -= gone.bytes;
        }
    }

    /// Learns from a row which reply was made of which answer.
    pub fn learn(&mut self, row: &Row) {
        let Row::Said(line) = row else { return };
        // Job 0: answered from the cache, by a human, or before a restart.
        let Some(job) = line.making.as_ref().map(|making| making.job).filter(|job| job.0 > 0) else { return };
        let found = self.kept.iter_mut().rev().find(|kept| kept.job == job);
        if let Some(kept) = found.filter(|kept| !kept.lines.contains(&line.seq)) {
            kept.lines.push(line.seq);
        }
    }

    /// What the model was shown for a reply.
    pub fn of(&self, line: Seq) -> Page {
        let found = self.kept.iter().rev().find(|kept| kept.lines.contains(&line));
        found.map_or(Page::NotKept, |kept| Page::Prompt {
            turns: Arc::clone(&kept.turns),
            provider: Arc::clone(&kept.provider),
            model: Arc::clone(&kept.model),
            at: kept.at,
        })
    }

    /// A new engine counts its jobs from elsewhere, and its lines from what the store had: nothing here is certain.
    pub fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::*;

    fn job(id: u64, text: &str) -> Job {
        let turns = [Turn { role: TurnRole::User, text: text.into(), pictures: Vec::new() }];
        let (id, provider) = (JobId(id), "a".into());
        Job { id, provider, key: 0, turns: turns.into(), max_tokens: 1, budget: Duration::ZERO }
    }

    fn said(seq: u64, job: u64) -> Row {
        let conversation = ConversationId { account: SelfId(1), peer: Peer::Private(UserId(7)) };
        let making = Making { job: JobId(job), ..Making::default() };
        Row::Said(Arc::new(Line {
            seq: Seq(seq),
            conversation,
            at: Wall(0),
            author: Author::Bot,
            text: "x".into(),
            message: None,
            others: Vec::new(),
            answers: None,
            pictures: Vec::new(),
            verdict: None,
            outcome: None,
            delivery: None,
            making: Some(Arc::new(making)),
            recalled: false,
        }))
    }

    fn first_words(page: Page) -> Option<String> {
        match page {
            Page::Prompt { turns, .. } => Some(turns[0].text.to_string()),
            _ => None,
        }
    }

    #[test]
    fn a_prompt_is_found_by_every_reply_made_of_its_answer() {
        let mut prompts = Prompts::default();
        prompts.keep(&job(1, "一"), "m".into(), Wall(5));
        prompts.keep(&job(2, "二"), "m".into(), Wall(6));
        for row in [said(10, 2), said(11, 2), said(12, 1), said(13, 0), said(14, 99)] {
            prompts.learn(&row);
        }
        let of = |seq| first_words(prompts.of(Seq(seq)));
        assert_eq!([10, 11, 12].map(of), [Some("二".into()), Some("二".into()), Some("一".into())]);
        assert_eq!([13, 14, 15].map(of), [None, None, None]);
    }

    #[test]
    fn the_oldest_go_by_number_and_by_size() {
        let mut prompts = Prompts::default();
        for n in 1..=MOST as u64 + 1 {
            prompts.keep(&job(n, "x"), "m".into(), Wall(0));
            prompts.learn(&said(n, n));
        }
        assert_eq!((prompts.kept.len(), prompts.of(Seq(1))), (MOST, Page::NotKept));
        let long = "长".repeat(BYTES / 3 - 10);
        prompts.keep(&job(1000, &long), "m".into(), Wall(0));
        assert!(prompts.bytes <= BYTES && prompts.kept.len() < 40, "{}", prompts.kept.len());
        prompts.keep(&job(1001, &long.repeat(2)), "m".into(), Wall(0));
        assert_eq!((prompts.kept.len(), prompts.bytes), (0, 0));
    }
}
