//! The published state: what the console draws and `ctl status` prints. Readers share it; nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    AlertView, AppKind, ChatState, Chats, ConversationId, Gauges, Grant, GroupId, Item, ItemId, Line, Mode, Now,
    ProviderError, Residency, SelfId, Seq, Silence, Text, Trends, Wall,
};

/// Everything an operator may want to see now. Cheap to clone in parts: chats are shared.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Snapshot {
    /// Grows with each publication.
    pub version: u64,
    /// When.
    pub now: Now,
    /// The instance's name.
    pub instance: String,
    /// Accounts, by number.
    pub accounts: Vec<AccountView>,
    /// Providers, as configured.
    pub providers: Vec<ProviderView>,
    /// Hot conversations.
    pub chats: Chats,
    /// What waits for a human, oldest first.
    pub attention: Vec<(ItemId, Arc<Item>)>,
    /// Alerts: those that fire first, the worst of them on top; then those that may; then those that are over.
    pub alerts: Arc<Vec<AlertView>>,
    /// Silences in force.
    pub silences: Arc<Vec<Silence>>,
    /// Access rules that have an end.
    pub grants: Vec<Grant>,
    /// Since the start.
    pub counters: Counters,
    /// Per stage, over the last 5 minutes.
    pub latency: Latency,
    /// What the machine showed last; `None`: nothing yet.
    pub gauges: Option<Arc<Gauges>>,
    /// Short graphs; at most a second old.
    pub trends: Arc<Trends>,
    /// Connections of adapters that never became a link.
    pub refused: RefusedLinks,
    /// Parts that wait to be delivered.
    pub outbox: usize,
    /// Messages that wait for a model.
    pub queued: usize,
    /// Questions being answered.
    pub inflight: usize,
    /// Today's books.
    pub today: Today,
    /// The store takes no commits: at most one reply per message is no longer promised.
    pub unrecorded: bool,
    /// The bot is draining.
    pub stopping: bool,
}

/// One of our accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountView {
    /// Its number.
    pub id: SelfId,
    /// Its nickname.
    pub nickname: Text,
    /// A link is up.
    pub connected: bool,
    /// What QQ says; `None`: unknown.
    pub online: Option<bool>,
    /// Why it is offline, where that was said.
    pub reason: Text,
    /// What the adapter is.
    pub app: AppKind,
    /// Name and version.
    pub adapter: Text,
    /// Where it connects from.
    pub peer: String,
    /// Since when it is as it is.
    pub since: Wall,
    /// The groups it is in, by number, as its adapter told when it connected or when it joined one.
    pub groups: Arc<Vec<(GroupId, Text)>>,
    /// Groups in which it may not speak, and until when; `None`: until further notice.
    pub muted: Vec<(GroupId, Option<Wall>)>,
    /// When its adapter last told us something that mattered.
    pub last_event: Wall,
    /// Its adapter is being restarted.
    pub restarting: bool,
}

/// Connections that never became a link, since the start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RefusedLinks {
    /// How many.
    pub count: u64,
    /// The last one.
    pub last: Option<RefusedLink>,
}

/// A connection that never became a link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedLink {
    /// When.
    pub at: Wall,
    /// Its address, or the name of what was dialled.
    pub peer: String,
    /// Why.
    pub cause: Text,
}

/// How a provider stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderState {
    /// Asked as usual.
    Ready,
    /// Failed too often; asked again at a time.
    Open,
    /// One question is on trial.
    Probing,
    /// Put aside: key, balance or model (the words say which) until an operator or ten minutes pass.
    Aside,
    /// Switched off by an operator.
    Off,
}

/// One provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProviderView {
    /// Configured name.
    pub name: Arc<str>,
    /// Its model.
    pub model: Arc<str>,
    /// `ollama` or `openai`.
    pub kind: String,
    /// Lower tiers are asked first.
    pub tier: u32,
    /// How it stands.
    pub state: ProviderState,
    /// The last failure, until the next success.
    pub failure: Option<ProviderError>,
    /// When it will be asked again.
    pub retry_at: Option<Wall>,
    /// Questions being answered.
    pub inflight: usize,
    /// Questions waiting for a slot.
    pub queued: usize,
    /// First text, median of the last 5 minutes.
    pub ttft_p50: Option<Duration>,
    /// Its stages, over the last 5 minutes.
    pub latency: ProviderLatency,
    /// The server's version, where it has one.
    pub version: Option<String>,
    /// The model in memory.
    pub resident: Option<Residency>,
    /// Money left.
    pub balance: Option<String>,
}

/// One conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChatView {
    /// Which.
    pub id: ConversationId,
    /// Its own settings.
    pub state: ChatState,
    /// Who answers now, configuration and settings together.
    pub mode: Mode,
    /// The persona in force.
    pub persona: String,
    /// The provider that alone answers here, by the chat's own settings or the configuration; `None`: all, by tier.
    pub provider: Option<Arc<str>>,
    /// The operator who is about to speak here.
    pub claim: Option<Claim>,
    /// What was shown to a model last; `None`: nothing since the start.
    pub window: Option<ChatWindow>,
    /// Today's books of this chat.
    pub today: ChatToday,
    /// The newest lines, oldest first.
    pub tail: Vec<Arc<Line>>,
    /// What is being written now.
    pub writing: Vec<Writing>,
    /// Messages in queue.
    pub queued: usize,
    /// The last thing said.
    pub last: Seq,
}

/// An operator's soft lock on a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Whose.
    pub operator: Text,
    /// Until when, unless it is renewed.
    pub until: Wall,
}

/// How full a model's view of a chat was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChatWindow {
    /// Messages shown.
    pub lines: u32,
    /// Messages that may be shown (`context.messages`).
    pub of: u32,
    /// Tokens of all that was shown, estimated.
    pub tokens: u32,
    /// Tokens that there was room for.
    pub room: u32,
}

/// Today's books of one chat.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ChatToday {
    /// Money.
    pub cost: f64,
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
}

/// An answer in the making.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Writing {
    /// The message it answers.
    pub answers: Seq,
    /// By whom.
    pub provider: Arc<str>,
    /// The text so far.
    pub text: Arc<str>,
    /// When the question left.
    pub since: Wall,
    /// How long the message had waited by then.
    pub queued: Duration,
    /// From the question to its first visible text.
    pub first_text: Option<Duration>,
    /// Since its first text, estimated; `None` where it is too early to tell.
    pub tokens_per_second: Option<f32>,
}

/// Since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counters {
    /// Messages heard, duplicates not among them.
    pub received: u64,
    /// Messages with a reply.
    pub replied: u64,
    /// Messages with a verdict to ignore.
    pub ignored: u64,
    /// Messages whose every attempt failed.
    pub failed: u64,
    /// Messages whose reply was never confirmed.
    pub unknown: u64,
    /// Messages refused for want of room.
    pub shed: u64,
    /// Messages heard again.
    pub duplicates: u64,
    /// Frames that could not be read.
    pub garbage: u64,
    /// Questions that failed at a provider.
    pub provider_errors: u64,
}

/// Percentiles of one stage.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Percentiles {
    /// Median.
    pub p50: Option<Duration>,
    /// 95 of 100 are below.
    pub p95: Option<Duration>,
    /// 99 of 100 are below.
    pub p99: Option<Duration>,
}

impl Percentiles {
    /// Of times a token: tokens a second of the median answer, and what 95 of 100 answers reach.
    pub fn speeds(&self) -> (Option<f32>, Option<f32>) {
        let speed = |per_token: Duration| 1.0 / per_token.as_secs_f32().max(1e-6);
        (self.p50.map(speed), self.p95.map(speed))
    }
}

/// Where the time goes at one provider.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct ProviderLatency {
    /// Loading the model, where the server says and there was something to load.
    pub load: Percentiles,
    /// From the question to its first visible text.
    pub first_text: Percentiles,
    /// From the first text to the last.
    pub generation: Percentiles,
    /// The time that a token takes: [`Percentiles::speeds`].
    pub per_token: Percentiles,
}

/// Where the time goes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// From the message to the question.
    pub queue: Percentiles,
    /// Loading the model, where the server says and there was something to load.
    pub load: Percentiles,
    /// From the question to its first visible text.
    pub first_text: Percentiles,
    /// From the first text to the last.
    pub generation: Percentiles,
    /// The time that a token takes: [`Percentiles::speeds`].
    pub per_token: Percentiles,
    /// From the frame to the adapter's word.
    pub send: Percentiles,
    /// From the message to the adapter's word.
    pub total: Percentiles,
}

/// Today's books.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Today {
    /// Questions.
    pub asks: u64,
    /// Tokens read.
    pub input: u64,
    /// Tokens written.
    pub output: u64,
    /// Money.
    pub cost: f64,
}
