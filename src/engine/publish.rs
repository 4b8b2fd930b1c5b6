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
        // Readers that still hold the former snapshot keep it; chats that did not change are shared with it.
        let mut chats = self.published.snapshot.chats.clone();
        for id in std::mem::take(&mut self.dirty) {
            match self.chats.get(&id) {
                Some(chat) => drop(chats.insert(id, Arc::new(self.chat_view(chat)))),
                None => chats.remove(&id),
            }
        }
        let now = self.now;
        let version = self.published.snapshot.version + 1;
        let snapshot = Snapshot {
            version,
            now,
            instance: self.config.instance.name.clone(),
            accounts: self.accounts.iter().map(|(id, a)| account_view(*id, a)).collect(),
            providers: self.provider_views(),
            chats,
            attention: self.items.iter().map(|(id, item)| (*id, Arc::new(item.clone()))).collect(),
            counters: self.counters,
            latency: self.metrics.latency(now.mono),
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

    fn chat_view(&self, chat: &Chat) -> ChatView {
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
            window: None,
            today: self.chat_today(chat.id),
            tail: chat.tail.iter().skip(skip).cloned().collect(),
            writing: self.writing(chat),
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

    fn writing(&self, chat: &Chat) -> Vec<Writing> {
        if chat.asking == 0 {
            return Vec::new();
        }
        let here = self.questions.values().filter(|q| q.conversation == chat.id);
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
            words: p.words.clone(),
            retry_at: p.breaker.reopens_at().map(|at| now.wall + at.since(now.mono)),
            inflight: p.inflight,
            queued: p.queue.len(),
            ttft_p50: self.metrics.of_provider(&p.name, now.mono).p50,
            resident: p.resident.clone(),
            balance: p.balance.clone(),
        };
        self.providers.iter().filter(|p| !p.gone).map(view).collect()
    }
}

fn account_view(id: SelfId, account: &super::accounts::Account) -> AccountView {
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
        groups: Arc::default(),
        muted: Vec::new(),
    }
}
