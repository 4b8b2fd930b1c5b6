//! When a provider is left alone (llm.md §4, threats.md H05–H06). One breaker a provider; it knows nothing of
//! the others: that the last healthy one is never put aside, and that with all of them open the one that
//! [reopens](Breaker::reopens_at) first is asked, is for whoever chooses.

use std::time::Duration;

use crate::config;
use crate::domain::{Advice, Mono, ProviderError, ProviderState};

/// Shares are counted over so long…
const SHARE_OVER: Duration = Duration::from_secs(60);
/// …in steps of so long…
const STEP: Duration = Duration::from_secs(10);
const STEPS: usize = 6;
/// …and mean something from so many questions on.
const SHARE_FROM: u32 = 5;
/// The longest wait that a server may ask for (openai SDK; threats.md H05 sends 1e9).
const RETRY_AFTER_CAP: Duration = Duration::from_secs(120);
/// A refused key, an empty purse or a missing model are not looked at sooner.
const ASIDE: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed,
    /// Not asked until then; then one question is let through.
    Open(Mono),
    /// That question is out. It was let through because of this end of an `Open` or `Aside`.
    Probing(Mono),
    /// Key, balance or model: not until then, whatever else happens.
    Aside(Mono),
}

/// Ends of questions within one step.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    step: u64,
    good: u32,
    bad: u32,
}

/// How one provider stands.
#[derive(Debug, Clone)]
pub struct Breaker {
    state: State,
    /// Failures in a row.
    row: u32,
    /// Times opened since the last success: the open time doubles with each.
    opened: u32,
    tallies: [Tally; STEPS],
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: State::Closed, row: 0, opened: 0, tallies: [Tally::default(); STEPS] }
    }
}

impl Breaker {
    /// As operators see it. A provider whose time is up stays `Open` (or `Aside`) until a question is on trial.
    pub fn state(&self) -> ProviderState {
        match self.state {
            State::Closed => ProviderState::Ready,
            State::Open(_) => ProviderState::Open,
            State::Probing(_) => ProviderState::Probing,
            State::Aside(_) => ProviderState::Aside,
        }
    }

    /// Whether a question may go there now.
    pub fn may_ask(&self, now: Mono) -> bool {
        match self.state {
            State::Closed => true,
            State::Open(until) | State::Aside(until) => now >= until,
            State::Probing(_) => false,
        }
    }

    /// When it will be asked again; `None` while it is asked as usual. In the past while one is on trial.
    pub fn reopens_at(&self) -> Option<Mono> {
        match self.state {
            State::Closed => None,
            State::Open(until) | State::Probing(until) | State::Aside(until) => Some(until),
        }
    }

    /// A question leaves. On an open breaker it is the one on trial, also when it leaves before its time
    /// because there is nobody else to ask.
    pub fn asked(&mut self) {
        if let State::Open(until) | State::Aside(until) = self.state {
            self.state = State::Probing(until);
        }
    }

    /// A question has ended. `jitter` is a throw in `0.0..1.0`: it moves the open time by up to ±20 %, so that
    /// several instances do not come back at once.
    pub fn ended(&mut self, config: &config::Breaker, end: Result<(), &ProviderError>, jitter: f64, now: Mono) {
        let error = match end {
            Ok(()) => return self.succeeded(now),
            Err(error) => error,
        };
        match error.advice() {
            Advice::SetAside => self.set_aside(now),
            Advice::Elsewhere => {
                let wait = match error {
                    ProviderError::RateLimited(wait, _) | ProviderError::Overloaded(wait, _) => *wait,
                    _ => None,
                };
                self.failed(config, wait, jitter, now);
            }
            Advice::Stop if *error == ProviderError::Cancelled => self.abandoned(),
            // The server is well: it was the question.
            Advice::Shorten | Advice::Another | Advice::Stop => self.succeeded(now),
        }
    }

    /// An answer has come. Closes the breaker, unless the provider was put aside meanwhile: an answer that
    /// had begun before the purse was empty says nothing.
    pub fn succeeded(&mut self, now: Mono) {
        self.tally(now).good += 1;
        self.row = 0;
        if !matches!(self.state, State::Aside(_)) {
            self.state = State::Closed;
            self.opened = 0;
        }
    }

    /// A question has failed. `wait` is the server's own Retry-After: it opens at once and for so long.
    pub fn failed(&mut self, config: &config::Breaker, wait: Option<Duration>, jitter: f64, now: Mono) {
        self.tally(now).bad += 1;
        self.row = self.row.saturating_add(1);
        let wait = wait.filter(|wait| !wait.is_zero()).map(|wait| wait.min(RETRY_AFTER_CAP));
        match self.state {
            State::Aside(_) => {}
            // Questions that were under way when it opened do not open it again; a longer wait counts.
            State::Open(until) => self.state = State::Open(wait.map_or(until, |wait| until.max(now + wait))),
            State::Probing(_) => self.open(config, wait, jitter, now),
            State::Closed if wait.is_some() || self.row >= config.failures.max(1) || self.mostly_bad(now) => {
                self.open(config, wait, jitter, now);
            }
            State::Closed => {}
        }
    }

    /// A question has ended without saying anything about the provider: it was cancelled.
    pub fn abandoned(&mut self) {
        if let State::Probing(until) = self.state {
            self.state = State::Open(until);
        }
    }

    /// Key refused, out of money, no such model: not asked for ten minutes or until [`Breaker::reset`].
    pub fn set_aside(&mut self, now: Mono) {
        self.state = State::Aside(now + ASIDE);
    }

    /// An operator, or a changed configuration, forgives everything.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn open(&mut self, config: &config::Breaker, wait: Option<Duration>, jitter: f64, now: Mono) {
        let grown = config.open.saturating_mul(1 << self.opened.min(20)).min(config.max_open);
        let shaken = grown.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0));
        self.opened = self.opened.saturating_add(1);
        self.state = State::Open(now + wait.unwrap_or(shaken));
    }

    fn tally(&mut self, now: Mono) -> &mut Tally {
        let step = step_of(now);
        let tally = &mut self.tallies[slot_of(step)];
        if tally.step != step {
            *tally = Tally { step, ..Tally::default() };
        }
        tally
    }

    fn mostly_bad(&self, now: Mono) -> bool {
        let oldest = (step_of(now) + 1).saturating_sub(STEPS as u64);
        let recent = self.tallies.iter().filter(|tally| tally.step >= oldest);
        let (good, bad) = recent.fold((0, 0), |(good, bad), tally| (good + tally.good, bad + tally.bad));
        good + bad >= SHARE_FROM && bad > good
    }
}

const _: () = assert!(STEP.as_secs() * STEPS as u64 == SHARE_OVER.as_secs());

fn step_of(now: Mono) -> u64 {
    now.since(Mono(0)).as_secs() / STEP.as_secs()
}

fn slot_of(step: u64) -> usize {
    usize::try_from(step % STEPS as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: f64 = 0.5;

    fn at(seconds: u64) -> Mono {
        Mono(1_000_000 * (seconds + 1_000))
    }

    fn config() -> config::Breaker {
        config::Breaker::default()
    }

    fn fail(breaker: &mut Breaker, times: u32, now: Mono) {
        for _ in 0..times {
            breaker.failed(&config(), None, MIDDLE, now);
        }
    }

    #[test]
    fn three_failures_in_a_row_open_it() {
        let mut interrupted = Breaker::default();
        for (time, good) in [(0, false), (1, false), (2, true), (70, false), (71, false)] {
            if good { interrupted.succeeded(at(time)) } else { fail(&mut interrupted, 1, at(time)) }
        }
        assert_eq!(interrupted.state(), ProviderState::Ready, "never three in a row");

        let mut breaker = Breaker::default();
        fail(&mut breaker, 2, at(0));
        assert_eq!((breaker.state(), breaker.reopens_at()), (ProviderState::Ready, None));
        fail(&mut breaker, 1, at(0));
        assert_eq!((breaker.state(), breaker.reopens_at()), (ProviderState::Open, Some(at(5))));
        assert!(!breaker.may_ask(at(4)));
        assert!(breaker.may_ask(at(5)));
    }

    #[test]
    fn one_question_is_on_trial_and_the_time_doubles() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 3, at(0));
        let mut now = at(5);
        for expected in [10, 20, 40, 60, 60] {
            assert!(breaker.may_ask(now));
            breaker.asked();
            assert_eq!(breaker.state(), ProviderState::Probing);
            assert!(!breaker.may_ask(now), "only one");
            fail(&mut breaker, 1, now);
            assert_eq!(breaker.reopens_at(), Some(now + Duration::from_secs(expected)));
            now = now + Duration::from_secs(expected);
        }
        breaker.asked();
        breaker.succeeded(now);
        assert_eq!(breaker.state(), ProviderState::Ready);
        fail(&mut breaker, 3, now + SHARE_OVER);
        assert_eq!(breaker.reopens_at(), Some(now + SHARE_OVER + Duration::from_secs(5)), "a success starts over");
    }

    #[test]
    fn flapping_opens_it_by_its_share() {
        let mut breaker = Breaker::default();
        for good in [true, false, false, true] {
            if good { breaker.succeeded(at(0)) } else { fail(&mut breaker, 1, at(0)) }
        }
        assert_eq!(breaker.state(), ProviderState::Ready, "four are too few");
        fail(&mut breaker, 1, at(30));
        assert_eq!(breaker.state(), ProviderState::Open, "3 of 5 within a minute");

        let mut slow = Breaker::default();
        for t in [0, 30, 60, 90, 120] {
            fail(&mut slow, 1, at(t));
            slow.succeeded(at(t));
        }
        assert_eq!(slow.state(), ProviderState::Ready, "half is not most");
    }

    #[test]
    fn retry_after_sets_the_time_within_reason() {
        for (told, waits) in [(7, 7), (1_000_000_000, 120)] {
            let mut breaker = Breaker::default();
            let told = ProviderError::RateLimited(Some(Duration::from_secs(told)), String::new());
            breaker.ended(&config(), Err(&told), MIDDLE, at(0));
            assert_eq!(breaker.reopens_at(), Some(at(waits)));
        }
        let mut breaker = Breaker::default();
        breaker.ended(&config(), Err(&ProviderError::RateLimited(Some(Duration::ZERO), String::new())), MIDDLE, at(0));
        assert_eq!(breaker.reopens_at(), None, "nothing said: one failure as any");
    }

    #[test]
    fn jitter_is_a_fifth_either_way() {
        for (jitter, millis) in [(0.0, 4_000), (1.0, 6_000), (7.0, 6_000)] {
            let mut breaker = Breaker::default();
            for _ in 0..3 {
                breaker.failed(&config(), None, jitter, at(0));
            }
            assert_eq!(breaker.reopens_at(), Some(at(0) + Duration::from_millis(millis)));
        }
    }

    #[test]
    fn a_refused_key_is_put_aside() {
        let mut breaker = Breaker::default();
        breaker.ended(&config(), Err(&ProviderError::Quota(String::new())), MIDDLE, at(0));
        assert_eq!(breaker.state(), ProviderState::Aside);
        breaker.succeeded(at(1));
        fail(&mut breaker, 5, at(1));
        assert!(!breaker.may_ask(at(599)), "late ends of other questions change nothing");
        assert!(breaker.may_ask(at(600)));
        breaker.reset();
        assert_eq!(breaker.state(), ProviderState::Ready);
    }

    #[test]
    fn questions_under_way_do_not_open_it_again() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 10, at(0));
        assert_eq!(breaker.reopens_at(), Some(at(5)));
    }

    #[test]
    fn a_cancelled_trial_can_be_tried_again() {
        let mut breaker = Breaker::default();
        fail(&mut breaker, 3, at(0));
        breaker.asked();
        breaker.ended(&config(), Err(&ProviderError::Cancelled), MIDDLE, at(6));
        assert!(breaker.may_ask(at(6)));
        breaker.asked();
        breaker.ended(&config(), Err(&ProviderError::BadRequest(String::new())), MIDDLE, at(6));
        assert_eq!(breaker.state(), ProviderState::Ready, "it was the question, not the server");
    }
}
