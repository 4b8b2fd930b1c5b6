//! Conversations that ask, wait for the reply, and ask again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::judge::{Judge, Report, Token};
use super::{Adapter, segment};
use crate::domain::{GroupId, Peer, UserId};

/// What is driven.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversations {
    /// Speakers.
    pub count: usize,
    /// Questions of each.
    pub turns: usize,
    /// Share of them that speak in groups, 0 to 1.
    pub group_share: f64,
    /// Speakers that share one group.
    pub members_per_group: usize,
    /// Questions of one speaker that may wait at once; 1: the next after the reply.
    pub at_once: usize,
    /// Pause before the next question (±50 %).
    pub think: Duration,
    /// The conversations begin spread over this.
    pub ramp: Duration,
    /// Mix in pictures, faces and quotes.
    pub rich: bool,
    /// Words behind every question: directives of the simulated model, say.
    pub suffix: String,
    /// How long to wait for a reply.
    pub patience: Duration,
    /// How long to listen for doubles at the end.
    pub drain: Duration,
    /// Of the words and tokens.
    pub seed: u64,
}

impl Default for Conversations {
    fn default() -> Self {
        Self {
            count: 10,
            turns: 3,
            group_share: 0.5,
            members_per_group: 1,
            at_once: 1,
            think: Duration::ZERO,
            ramp: Duration::ZERO,
            rich: false,
            suffix: String::new(),
            patience: Duration::from_secs(30),
            drain: Duration::from_millis(100),
            seed: 1,
        }
    }
}

const WORDS: &[&str] = &[
    "你好呀",
    "今天天气怎么样？",
    "what's the time in Tokyo?",
    "讲个笑话",
    "😂😂😂 太好笑了",
    "翻译：Good morning",
    "& [中括号], 逗号 & amp;",
    "换行\n第二行",
    "👨‍👩‍👧‍👦 family emoji",
];

/// Where the driver's speakers live: apart from the world's own people.
const FIRST_GROUP: i64 = 710_000_000;
const FIRST_SPEAKER: i64 = 40_000_000;

/// One speaker at work.
struct Speaker {
    adapter: Adapter,
    judge: Arc<Judge>,
    plan: Arc<Conversations>,
    number: usize,
    peer: Peer,
    id: i64,
    rng: fastrand::Rng,
    heard: Arc<Notify>,
}

/// Runs them all over these adapters, in turn, and judges.
pub async fn run(adapters: &[Adapter], plan: &Conversations) -> Report {
    let judge = Arc::new(Judge::default());
    let expected = plan.count * plan.turns;
    if adapters.is_empty() {
        return judge.report(expected, Duration::ZERO);
    }
    for adapter in adapters {
        adapter.watched_by(Some(Arc::clone(&judge)));
    }
    let plan = Arc::new(plan.clone());
    let in_groups = (plan.count as f64 * plan.group_share).round() as usize;
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for n in 0..plan.count {
        let adapter = adapters[n % adapters.len()].clone();
        let id = FIRST_SPEAKER + number(n);
        let peer = if n < in_groups {
            // Speakers of one group are consecutive on one adapter.
            let group = n / adapters.len() / plan.members_per_group.max(1);
            Peer::Group(GroupId(FIRST_GROUP + number(group)))
        } else {
            Peer::Private(UserId(id))
        };
        adapter.introduce(peer, id);
        let (conversation, heard) = judge.open(adapter.self_id(), peer, id);
        let rng = fastrand::Rng::with_seed(plan.seed ^ (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (judge, plan) = (Arc::clone(&judge), Arc::clone(&plan));
        let speaker = Speaker { adapter, judge, plan, number: conversation, peer, id, rng, heard };
        running.spawn(speaker.talk());
    }
    while running.join_next().await.is_some() {}
    let elapsed = begun.elapsed();
    tokio::time::sleep(plan.drain).await;
    for adapter in adapters {
        adapter.watched_by(None);
    }
    judge.report(expected, elapsed)
}

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Speaker {
    async fn talk(mut self) {
        let plan = Arc::clone(&self.plan);
        if !plan.ramp.is_zero() {
            tokio::time::sleep(plan.ramp.mul_f64(self.number as f64 / plan.count as f64)).await;
        }
        for turn in 0..plan.turns {
            if turn > 0 && !plan.think.is_zero() {
                tokio::time::sleep(plan.think.mul_f64(0.5 + self.rng.f64())).await;
            }
            // What is said while no link is up is lost with every adapter; a person would say it again.
            if self.adapter.links_up() == 0
                && tokio::time::timeout(plan.patience, self.adapter.wait_up()).await.is_err()
            {
                self.judge.aborted(self.number);
                return;
            }
            let links = self.adapter.lost_links();
            self.ask(turn).await;
            self.wait(plan.at_once.max(1), links).await;
        }
        let links = self.adapter.lost_links();
        self.wait(1, links).await;
    }

    async fn ask(&mut self, turn: usize) {
        let token = Token { conversation: self.number, turn, check: self.rng.u16(..) };
        let segments = self.question(token);
        let (message, frame) = self.adapter.prepare(self.peer, self.id, &segments);
        self.judge.asked(self.number, token, message);
        self.adapter.tell(frame).await;
    }

    fn question(&mut self, token: Token) -> Vec<Value> {
        let mut segments = Vec::with_capacity(4);
        let rich = self.plan.rich;
        if self.peer.is_group() {
            if rich
                && self.rng.f64() < 0.3
                && let Some(quoted) = self.adapter.newest(self.peer, false)
            {
                segments.push(segment::reply(quoted));
            }
            segments.push(segment::at(self.adapter.self_id()));
        }
        let words = WORDS[self.rng.usize(..WORDS.len())];
        let space = if self.peer.is_group() { " " } else { "" };
        segments.push(segment::text(&format!("{space}{words} {token}{}", self.plan.suffix)));
        if rich && self.rng.f64() < 0.25 {
            segments.push(segment::image("sub_type", self.rng.u32(..)));
        }
        if rich && self.rng.f64() < 0.2 {
            segments.push(segment::face(self.rng.u32(..200), "[微笑]"));
        }
        segments
    }

    /// Until fewer than `most` questions wait, or patience ends.
    async fn wait(&self, most: usize, links: u64) {
        let patient = async {
            while self.judge.waiting(self.number) >= most {
                self.heard.notified().await;
            }
        };
        if tokio::time::timeout(self.plan.patience, patient).await.is_err() {
            self.judge.give_up(self.number, self.adapter.lost_links() > links);
        }
    }
}
