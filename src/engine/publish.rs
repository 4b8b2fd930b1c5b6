//! The snapshot: rebuilt only where something changed, shared with every reader.

use std::sync::Arc;
use std::time::Duration;

use super::chat::Chat;
use super::question::{Asking, Question};
use super::state::State;
use super::{policy, window};
use crate::config::ProviderKind;
use crate::domain::*;

/// Lines of a chat that the snapshot carries; older ones are paged in.
const SHOWN: usize = 100;

/// Tokens under which a speed means nothing.
const TELLING: u32 = 5;

/// What was published last.
#[derive(Default)]
pub(super) struct Published {
    snapshot: Arc<Snapshot>,
}

impl State {
    /// The state as it may be seen.
    pub fn snapshot(&mut self) -> Arc<Snapshot> {
        if !self.changed {
            return Arc::clone(&self.published.snapshot);
        }
        self.changed = false;
        // Readers that still hold the former snapshot keep it; what did not change is shared with it.
        let mut chats = self.published.snapshot.chats.clone();
        let dirty = std::mem::take(&mut self.dirty);
        let asked: Vec<&Question> = self.questions.values().filter(|q| q.asking.is_some()).collect();
        for id in dirty {
            match self.chats.get(&id) {
                Some(chat) => chats.insert(id, Arc::new(self.chat_view(chat, &asked))),
                None => chats.remove(&id),
            }
        }
        let now = self.now;
        let (alerts, silences) = self.alerts_as_shown();
        let version = self.published.snapshot.version + 1;
        let snapshot = Snapshot {
            version,
            now,
            instance: self.config.instance.name.clone(),
            accounts: self.accounts.iter().map(|(id, a)| account_view(*id, a, now.wall)).collect(),
            providers: self.provider_views(),
            chats,
            attention: self.items.iter().map(|(id, item)| (*id, Arc::clone(item))).collect(),
            alerts,
            silences,
            grants: self.grants.iter().cloned().collect(),
            counters: self.counters,
            latency: self.metrics.latency(now.mono),
            gauges: self.gauges.clone(),
            trends: self.rings.trends(now.mono),
            refused: self.refused.clone(),
            outbox: self.parts.len(),
            queued: self.questions.len() - self.inflight.min(self.questions.len()),
            inflight: self.inflight,
            today: self.books.today(),
            unrecorded: self.commits.unrecorded,
            stopping: self.stopping,
        };
        self.published.snapshot = Arc::new(snapshot);
        Arc::clone(&self.published.snapshot)
    }

    /// How a chat stands; `asked` are the questions at models anywhere.
    fn chat_view(&self, chat: &Chat, asked: &[&Question]) -> ChatView {
        let policy = self.policy(chat.id);
        let persona = policy::persona(&self.config, chat.state.persona.as_deref(), &policy.chat);
        let skip = chat.tail.len().saturating_sub(SHOWN);
        ChatView {
            id: chat.id,
            state: chat.state.clone(),
            mode: self.mode(chat.id),
            persona: persona.map_or_else(String::new, |p| p.name.clone()),
            provider: self.pinned(chat),
            claim: chat.claim.as_ref().map(|claim| Claim {
                operator: claim.operator.clone(),
                until: self.now.wall + claim.until.since(self.now.mono),
            }),
            window: chat.window,
            today: self.chat_today(chat.id),
            tail: chat.tail.iter().skip(skip).cloned().collect(),
            writing: self.writing(chat, asked),
            queued: chat.queued(),
            last: chat.tail.back().map_or(Seq(0), |l| l.seq),
        }
    }

    /// The provider that alone answers in a chat, if there is one.
    fn pinned(&self, chat: &Chat) -> Option<Arc<str>> {
        let configured = |name: &str| self.providers.iter().find(|p| !p.gone && *p.name == *name);
        let own = chat.state.provider.as_deref().and_then(configured);
        own.or_else(|| configured(&self.policy(chat.id).chat.provider)).map(|p| Arc::clone(&p.name))
    }

    fn chat_today(&self, id: ConversationId) -> ChatToday {
        let Today { cost, input, output, .. } = self.books.of_chat(id);
        ChatToday { cost, input, output }
    }

    fn writing(&self, chat: &Chat, asked: &[&Question]) -> Vec<Writing> {
        if chat.asking == 0 {
            return Vec::new();
        }
        let here = asked.iter().filter(|q| q.conversation == chat.id);
        let mut writing: Vec<_> = here
            .filter_map(|q| {
                let asking = q.asking.as_ref()?;
                let provider = Arc::clone(&self.providers.get(asking.provider)?.name);
                Some(self.in_the_making(q, asking, provider))
            })
            .collect();
        writing.sort_by_key(|w| w.answers);
        writing
    }

    fn in_the_making(&self, question: &Question, asking: &Asking, provider: Arc<str>) -> Writing {
        let first_text = asking.first_text.map(|at| at.since(asking.since));
        let writes = asking.first_text.map_or(Duration::ZERO, |at| asking.progressed.since(at));
        let tokens = window::estimate(&asking.text);
        let telling = tokens >= TELLING && writes >= Duration::from_millis(200);
        Writing {
            answers: question.head,
            provider,
            text: Arc::clone(&asking.text),
            since: self.now.wall - self.now.mono.since(asking.since),
            queued: asking.since.since(question.heard),
            first_text,
            tokens_per_second: telling.then(|| tokens as f32 / writes.as_secs_f32()),
        }
    }

    fn provider_views(&self) -> Vec<ProviderView> {
        let now = self.now;
        let view = |p: &super::dispatch::Provider| ProviderView {
            name: Arc::clone(&p.name),
            model: Arc::clone(&p.model),
            kind: match p.config.kind {
                ProviderKind::Ollama => "ollama".into(),
                ProviderKind::Openai => "openai".into(),
            },
            tier: p.config.tier,
            state: if p.off { ProviderState::Off } else { p.breaker.state() },
            failure: p.error.clone(),
            retry_at: p.breaker.reopens_at().map(|at| now.wall + at.since(now.mono)),
            inflight: p.inflight,
            queued: p.queue.len(),
            ttft_p50: self.metrics.of_provider(&p.name, now.mono).first_text.p50,
            latency: self.metrics.of_provider(&p.name, now.mono),
            version: p.version.clone(),
            resident: p.resident.clone(),
            balance: p.balance.clone(),
        };
        self.providers.iter().filter(|p| !p.gone).map(view).collect()
    }
}

fn account_view(id: SelfId, account: &super::accounts::Account, now: Wall) -> AccountView {
    AccountView {
        id,
        nickname: account.nickname.clone(),
        connected: !account.links.is_empty(),
        online: account.online,
        reason: account.reason.clone(),
        app: account.app,
        adapter: account.version.clone(),
        peer: account.peer.clone(),
        since: account.since,
        groups: Arc::clone(&account.groups),
        muted: account
            .muted
            .iter()
            .filter(|(_, until)| **until > now)
            .map(|(group, until)| (*group, (until.0 != i64::MAX).then_some(*until)))
            .collect(),
        last_event: account.last_event,
        restarting: account.restarting,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::domain::{AdapterEvent, GroupRank};
    use crate::engine::Engine;
    use crate::flow::{Effect, Input};

    fn said(chat: i64, id: i64) -> Input {
        let conversation = ConversationId { account: SelfId(99_999), peer: Peer::Private(UserId(chat)) };
        let sender = Sender { id: UserId(chat), name: "某".into(), rank: GroupRank::Member, anonymous: false };
        let segments = vec![Segment::Text("今天天气怎么样？".into())];
        let (id, time) = (MessageId(id), id);
        let message = Message { conversation, id, sender, group_name: None, temp_group: None, segments, time };
        Input::Adapter(AdapterEvent::Message(Box::new(message)))
    }

    fn engine(chats: i64) -> Engine {
        let mut config = crate::config::Config::default();
        config.engine.hot = 20_000;
        let mut engine = Engine::new(Arc::new(config), 1, Now::default());
        for chat in 1..=chats {
            engine.apply(said(chat, chat), Now::default());
        }
        engine
    }

    #[test]
    fn a_reader_keeps_what_it_holds_while_the_next_is_published() {
        let mut engine = engine(300);
        let former = engine.snapshot();
        engine.apply(said(7, 1_000), Now::default());
        let next = engine.snapshot();
        let id = ConversationId { account: SelfId(99_999), peer: Peer::Private(UserId(7)) };
        let other = ConversationId { account: SelfId(99_999), peer: Peer::Private(UserId(8)) };
        assert_eq!((former.chats.len(), next.chats.len()), (300, 300));
        assert!(former.chats.get(&id).unwrap().last < next.chats.get(&id).unwrap().last);
        assert!(Arc::ptr_eq(former.chats.get(&other).unwrap(), next.chats.get(&other).unwrap()));
    }

    #[test]
    fn an_answer_in_the_making_shows_its_times_and_its_speed() {
        let mut config = crate::config::Config::default();
        config.access.mode = crate::config::AccessMode::Open;
        let mut policy = crate::config::ChatPolicy::default();
        policy.trigger.merge_window.private = Duration::ZERO;
        config.chats.private = Arc::new(policy);
        config.providers.push(crate::config::Provider { name: "a".into(), ..crate::config::Provider::default() });
        let at = |millis: u64| Now { mono: Mono(millis * 1000), wall: Wall(millis as i64), offset: 0 };
        let mut engine = Engine::new(Arc::new(config), 1, at(0));
        let asked = engine.apply(said(7, 1), at(100));
        let job = asked.iter().find_map(|e| if let Effect::Ask(job) = e { Some(job.id) } else { None }).unwrap();
        let writing = |engine: &mut Engine| engine.snapshot().chats.values().next().unwrap().writing[0].clone();
        assert_eq!((writing(&mut engine).since, writing(&mut engine).first_text), (Wall(100), None));
        engine.apply(Input::Job(job, JobEvent::FirstText), at(600));
        engine.apply(Input::Job(job, JobEvent::Progress("明天多云转小雨，建议带伞。".into())), at(1_600));
        let now = writing(&mut engine);
        assert_eq!((now.since, now.first_text), (Wall(100), Some(Duration::from_millis(500))));
        // A dozen tokens in the second since the first of them.
        assert!(now.tokens_per_second.is_some_and(|rate| (5.0..30.0).contains(&rate)), "{now:?}");
    }

    #[test]
    #[ignore = "a measurement: cargo test --release --lib publish -- --ignored --nocapture"]
    fn ten_thousand_chats() {
        let mut engine = engine(10_000);
        let mut held = std::collections::VecDeque::from([engine.snapshot()]);
        for changes in [1, 100, 1_000] {
            let mut times: Vec<f64> = (0..50)
                .map(|round| {
                    for chat in 1..=changes {
                        engine.apply(
                            said(chat * 9, 1_000_000 + changes * 10_000_000 + round * 10_000 + chat),
                            Now::default(),
                        );
                    }
                    let begun = Instant::now();
                    held.push_back(engine.snapshot());
                    let took = begun.elapsed().as_secs_f64() * 1e3;
                    // Several readers, each behind by another publication.
                    if held.len() > 4 {
                        held.pop_front();
                    }
                    took
                })
                .collect();
            times.sort_by(f64::total_cmp);
            println!("{changes} of 10 000 chats changed: median {:.3} ms, worst {:.3} ms", times[25], times[49]);
        }
    }
}
