//! What can be configured, with its defaults; the same names as in `config.toml`.
//!
//! This is the *resolved* form: secrets are still references, `[chat.*]` tables have been laid over the
//! global `[trigger]`, `[limits]`, `[context]` and `[reply]`, so that a reader finds everything for one chat
//! in one [`ChatPolicy`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

const fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Language of what people see.
    pub language: Language,
    /// Who this instance is.
    pub instance: Instance,
    /// The engine's bounds.
    pub engine: Engine,
    /// Links to QQ adapters.
    pub onebot: OneBot,
    /// Who may connect, by address.
    pub network: Network,
    /// Who is answered.
    pub access: Access,
    /// Settings by chat, already laid over the global ones.
    pub chats: Chats,
    /// Forbidden words.
    pub moderation: Moderation,
    /// Commands typed in chat.
    pub commands: Commands,
    /// Who the bot is, by name.
    pub personas: Vec<Persona>,
    /// Model endpoints.
    pub providers: Vec<Provider>,
    /// How providers are chosen.
    pub routing: Routing,
    /// Answers kept.
    pub cache: Cache,
    /// Gauges.
    pub telemetry: Telemetry,
    /// Alerts; built by a later part of the program, so anything but the default is refused.
    pub alerts: Alerts,
    /// Where alerts go.
    pub notify: Notify,
    /// Log files.
    pub logs: Logs,
    /// Prometheus.
    pub metrics: Metrics,
    /// The database.
    pub storage: Storage,
    /// The console over SSH.
    pub ssh: Ssh,
    /// The console's looks.
    pub console: Console,
}

/// A language that people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Language {
    /// By the environment of whoever reads; Chinese in QQ.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// Chinese.
    #[serde(rename = "zh-CN")]
    Chinese,
    /// English.
    #[serde(rename = "en")]
    English,
}

/// Who this instance is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    /// Shown in every header.
    pub name: String,
    /// A colour name or `#rrggbb` for that header.
    pub accent: String,
    /// Marks the header so that nobody takes it for a test.
    pub production: bool,
}

impl Default for Instance {
    fn default() -> Self {
        Self { name: "qqdeck".into(), accent: "cyan".into(), production: false }
    }
}

/// The engine's bounds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Engine {
    /// Threads of the runtime; needs a restart.
    pub workers: usize,
    /// Questions at providers at once.
    pub max_inflight: usize,
    /// Messages waiting in all; beyond, the newest is refused with a notice.
    pub queue: usize,
    /// The longest wait for a slot.
    pub queue_wait: Duration,
    /// The longest life of one question, retries included.
    pub timeout: Duration,
    /// Conversations kept in memory.
    pub hot: usize,
    /// The time to finish in when stopping.
    pub shutdown_grace: Duration,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            workers: 4,
            max_inflight: 64,
            queue: 1024,
            queue_wait: secs(60),
            timeout: secs(300),
            hot: 2000,
            shutdown_grace: secs(10),
        }
    }
}

/// Links to QQ adapters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OneBot {
    /// Addresses to listen on for adapters that dial us.
    pub listen: Vec<String>,
    /// Paths that are a WebSocket.
    pub paths: Vec<String>,
    /// Reference to the token; empty: none, and then only loopback addresses may be listened on.
    pub token: Secret,
    /// Accept `?access_token=` too: onebots has nothing else.
    pub allow_query_token: bool,
    /// Accounts served; empty: all.
    pub accounts: Vec<i64>,
    /// Browser origins let in; `*` for any.
    pub origins: Vec<String>,
    /// Interval of our own pings; two missed end the link.
    pub heartbeat: Duration,
    /// The longest wait for an adapter's answer; NapCat itself waits 10 s for QQ.
    pub request_timeout: Duration,
    /// Largest frame in bytes.
    pub max_frame: u64,
    /// Links at once.
    pub max_connections: usize,
    /// Messages missed while away are answered if they are younger than this.
    pub catch_up: Duration,
    /// Certificate and key files; empty: plain.
    pub tls: Tls,
    /// Adapters that we dial.
    pub dial: Vec<Dial>,
}

impl Default for OneBot {
    fn default() -> Self {
        Self {
            listen: vec!["127.0.0.1:2280".into()],
            paths: ["/ws", "/", "/onebot/v11/ws", "/onebot/v11"].map(String::from).to_vec(),
            token: Secret::default(),
            allow_query_token: true,
            accounts: Vec::new(),
            origins: Vec::new(),
            heartbeat: secs(30),
            request_timeout: secs(30),
            max_frame: 64 << 20,
            max_connections: 16,
            catch_up: secs(180),
            tls: Tls::default(),
            dial: Vec::new(),
        }
    }
}

/// Files of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Tls {
    /// PEM chain.
    pub cert: String,
    /// PEM key, mode 0600.
    pub key: String,
}

/// An adapter that we dial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dial {
    /// Its name here.
    pub name: String,
    /// `ws://` or `wss://`.
    pub url: String,
    /// Reference to its token.
    pub token: Secret,
    /// Pauses before the first, second … attempt; the last one repeats. ±10 %.
    pub reconnect: Vec<Duration>,
    /// Dial it at all?
    pub enable: bool,
}

impl Default for Dial {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: "ws://127.0.0.1:3001".into(),
            token: Secret::default(),
            reconnect: vec![secs(5), secs(15), secs(30)],
            enable: true,
        }
    }
}

/// A secret or where it is: `secret:NAME`, `env:NAME`, `file:PATH`, or the thing itself (`check` warns).
/// Its `Debug` never shows a literal.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl Secret {
    /// Nothing configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the secret itself stands in the file.
    pub fn is_literal(&self) -> bool {
        !self.0.is_empty() && !["secret:", "env:", "file:"].iter().any(|p| self.0.starts_with(p))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_literal() { "<literal>" } else { &self.0 })
    }
}

/// Who may connect, by address. Deny wins; an empty `allow` lets everybody else in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// Let in.
    pub allow: Vec<IpNet>,
    /// Keep out.
    pub deny: Vec<IpNet>,
    /// Where admins may come from; empty: anywhere.
    pub admin_ips: Vec<IpNet>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// Who is answered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Access {
    /// How the lists work.
    pub mode: AccessMode,
    /// People in private chats.
    pub users: IdList,
    /// Groups.
    pub groups: IdList,
    /// People who are ignored wherever they speak.
    pub blocked_users: IdList,
    /// Groups that are ignored.
    pub blocked_groups: IdList,
    /// People who may everything, by number.
    pub admins: Vec<i64>,
}

/// How the access lists work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AccessMode {
    /// Only who is listed in `users` and `groups`.
    #[default]
    Whitelist,
    /// All but who is blocked.
    Blacklist,
    /// Everybody, `blocked_*` excepted as ever.
    Open,
}

/// Numbers, or everybody (`"*"`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IdList {
    /// `"*"` stands in the list.
    pub any: bool,
    /// The numbers.
    pub ids: std::collections::BTreeSet<i64>,
}

impl IdList {
    /// Whether this number is meant.
    pub fn has(&self, id: i64) -> bool {
        self.any || self.ids.contains(&id)
    }
}

/// Everything that can differ from chat to chat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatPolicy {
    /// Name of the persona; empty: the first configured, or none.
    pub persona: String,
    /// Name of the only provider to ask; empty: by routing.
    pub provider: String,
    /// Who answers.
    pub mode: ChatMode,
    /// What calls the bot in a group.
    pub trigger: Trigger,
    /// How often.
    pub limits: Limits,
    /// What the model is shown.
    pub context: Context,
    /// How replies look.
    pub reply: Reply,
}

impl Default for ChatPolicy {
    fn default() -> Self {
        Self {
            persona: String::new(),
            provider: String::new(),
            mode: ChatMode::Auto,
            trigger: Trigger::default(),
            limits: Limits::default(),
            context: Context::default(),
            reply: Reply::default(),
        }
    }
}

/// Who answers, as configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatMode {
    /// The bot.
    #[default]
    Auto,
    /// The bot, after an operator approved.
    Draft,
    /// An operator; the bot suggests.
    Manual,
    /// Nobody.
    Muted,
}

/// Policies by chat: one conversation, else its class.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Chats {
    /// `[chat.private]` over the global tables.
    pub private: Arc<ChatPolicy>,
    /// `[chat.group]` over the global tables.
    pub group: Arc<ChatPolicy>,
    /// `[chat.person_123]` over `private`, by number.
    pub persons: BTreeMap<i64, Arc<ChatPolicy>>,
    /// `[chat.group_123]` over `group`, by number.
    pub groups: BTreeMap<i64, Arc<ChatPolicy>>,
}

impl Chats {
    /// The policy of a private chat.
    pub fn person(&self, user: i64) -> &Arc<ChatPolicy> {
        self.persons.get(&user).unwrap_or(&self.private)
    }

    /// The policy of a group.
    pub fn group(&self, group: i64) -> &Arc<ChatPolicy> {
        self.groups.get(&group).unwrap_or(&self.group)
    }
}

/// What calls the bot. Private chats always do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trigger {
    /// What counts in a group.
    pub group: Vec<Call>,
    /// Words that a message to the bot begins with.
    pub prefixes: Vec<String>,
    /// Names that the bot listens to (with `names` in `group`).
    pub names: Vec<String>,
    /// Patterns, in linear time, anywhere in the text.
    pub regex: Vec<String>,
    /// The share of other group messages that are answered, 0 to 1.
    pub random: f64,
    /// Bots that are never answered.
    pub ignore_bots: Vec<i64>,
    /// How long to wait for the rest of what somebody types.
    pub merge_window: MergeWindow,
}

impl Default for Trigger {
    fn default() -> Self {
        Self {
            group: vec![Call::At, Call::Quote, Call::Names],
            prefixes: Vec::new(),
            names: Vec::new(),
            regex: Vec::new(),
            random: 0.0,
            ignore_bots: Vec::new(),
            merge_window: MergeWindow::default(),
        }
    }
}

/// A way to call the bot in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Call {
    /// @ it.
    At,
    /// Quote it.
    Quote,
    /// Say one of its names.
    Names,
    /// Say anything.
    Always,
}

/// How long to wait for the rest of what somebody types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MergeWindow {
    /// In private chats.
    pub private: Duration,
    /// In groups.
    pub group: Duration,
}

impl Default for MergeWindow {
    fn default() -> Self {
        Self { private: secs(1), group: Duration::ZERO }
    }
}

/// So many in so long, with a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// How many; 0: no limit.
    pub count: u32,
    /// In how long.
    pub per: Duration,
    /// How many at once after a rest; at least 1.
    pub burst: u32,
}

impl Rate {
    /// `count` in `per`, all of them at once if need be.
    pub const fn new(count: u32, per: Duration) -> Self {
        Self { count, per, burst: count }
    }

    /// With a burst of its own.
    pub const fn burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }
}

/// How often, and how much. Admins, commands and `/stop` are exempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Questions in all.
    pub global: Rate,
    /// Questions of one person.
    pub per_user: Rate,
    /// Questions in one group.
    pub per_group: Rate,
    /// What becomes of a question over the rate.
    pub strategy: Strategy,
    /// Replies in a row to one peer without a pause before it is taken for another bot; 0: off.
    pub loop_guard: u32,
    /// Tokens a day, over all; 0: no limit.
    pub tokens_per_day: u64,
    /// Money a day, over all, in the prices' currency; 0: no limit.
    pub cost_per_day: f64,
    /// What happens over a quota.
    pub over: Over,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            global: Rate::new(10, secs(1)),
            per_user: Rate::new(6, secs(60)).burst(3),
            per_group: Rate::new(20, secs(60)),
            strategy: Strategy::Drop,
            loop_guard: 8,
            tokens_per_day: 0,
            cost_per_day: 0.0,
            over: Over::Stop,
        }
    }
}

/// What becomes of a question over the rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Not answered; one notice a minute.
    #[default]
    Drop,
    /// Answered when the rate allows.
    Wait,
}

/// What happens over a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Over {
    /// One notice, then silence until midnight.
    #[default]
    Stop,
    /// Only providers without a price are asked.
    Local,
}

/// What the model is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// Messages of the window.
    pub messages: usize,
    /// Tokens of the window; `None` ("auto"): the provider's context less the answer and the persona.
    pub tokens: Option<u32>,
    /// In a group: how many messages that were not for the bot are shown too.
    pub background: usize,
    /// A conversation that was silent for so long begins anew; zero: never.
    pub idle: Duration,
    /// Whether the members of a group share one conversation.
    pub group: GroupContext,
    /// Speakers of one group that are answered at once; `None` ("auto"): as the providers' slots allow, 4 at most.
    pub group_parallel: Option<usize>,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            messages: 20,
            tokens: None,
            background: 20,
            idle: secs(7200),
            group: GroupContext::Shared,
            group_parallel: None,
        }
    }
}

/// Whether the members of a group share one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupContext {
    /// The model sees what all of them said.
    #[default]
    Shared,
    /// The model sees only the speaker's own questions and the answers to them.
    PerUser,
}

/// How replies look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reply {
    /// Ask providers to stream.
    pub stream: bool,
    /// Whether text is sent before the answer is whole.
    pub stream_to_chat: StreamToChat,
    /// Whether the question is quoted.
    pub quote: Quote,
    /// @ the asker in groups.
    pub at_sender: bool,
    /// Longest part, in characters; QQ refuses beyond about 4 500.
    pub split_at: usize,
    /// More parts than this become one forward.
    pub forward_above: usize,
    /// Sends of one account.
    pub pace: Rate,
    /// Up to so much is added at random between parts.
    pub jitter: Duration,
    /// What becomes of Markdown.
    pub markdown: Markdown,
    /// When a chat is told that an answer failed.
    pub failure_notice: FailureNotice,
    /// How long a draft waits.
    pub draft_expiry: DraftExpiry,
    /// When manual mode falls back to auto.
    pub manual_returns: Duration,
    /// Words that hand a chat to a human.
    pub handover_words: Vec<String>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            stream: true,
            stream_to_chat: StreamToChat::Off,
            quote: Quote::Auto,
            at_sender: false,
            split_at: 800,
            forward_above: 2,
            pace: Rate::new(1, secs(1)).burst(3),
            jitter: Duration::from_millis(300),
            markdown: Markdown::Plain,
            failure_notice: FailureNotice::default(),
            draft_expiry: DraftExpiry::default(),
            manual_returns: secs(1800),
            handover_words: vec!["转人工".into()],
        }
    }
}

/// Whether text is sent before the answer is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamToChat {
    /// No.
    #[default]
    Off,
    /// Paragraph by paragraph.
    Paragraph,
}

/// Whether the question is quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quote {
    /// In groups, where something else was said in between or several were asked at once.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What becomes of Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Markdown {
    /// Plain text that reads well in QQ.
    #[default]
    Plain,
    /// Left as the model wrote it.
    Keep,
}

/// When a chat is told that an answer failed. The cause goes to operators only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FailureNotice {
    /// Once in so long and chat; zero: never.
    pub every: Duration,
}

impl Default for FailureNotice {
    fn default() -> Self {
        Self { every: secs(600) }
    }
}

/// How long a draft waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftExpiry {
    /// In private chats.
    pub private: Duration,
    /// In groups.
    pub group: Duration,
}

impl Default for DraftExpiry {
    fn default() -> Self {
        Self { private: secs(1800), group: secs(300) }
    }
}

/// Forbidden words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Moderation {
    /// The words, `words_file` already read in (the runtime does).
    pub words: Vec<String>,
    /// A file with one word a line.
    pub words_file: String,
    /// What becomes of a question that has one.
    pub inbound: Inbound,
    /// What becomes of an answer that has one.
    pub outbound: Outbound,
}

impl Default for Moderation {
    fn default() -> Self {
        Self { words: Vec::new(), words_file: String::new(), inbound: Inbound::Ignore, outbound: Outbound::Draft }
    }
}

/// What becomes of a question with a forbidden word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inbound {
    /// Silence.
    #[default]
    Ignore,
    /// Answered all the same.
    Off,
}

/// What becomes of an answer with a forbidden word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outbound {
    /// An operator decides.
    #[default]
    Draft,
    /// The word becomes `＊`.
    Mask,
    /// Not sent.
    Block,
}

/// Commands typed in chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Commands {
    /// What they begin with; the full-width form counts too.
    pub prefix: String,
    /// At all?
    pub enable: bool,
    /// Who may use which, where it differs from the default.
    pub roles: BTreeMap<String, CommandRole>,
}

impl Default for Commands {
    fn default() -> Self {
        let roles = ["model", "persona", "new"].map(|name| (name.to_owned(), CommandRole::GroupAdmin));
        Self { prefix: "/".into(), enable: true, roles: roles.into() }
    }
}

/// Who may use a chat command. In private chats the person is the admin of that chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandRole {
    /// Whoever is let in.
    Anyone,
    /// Admins and the owner of the group.
    GroupAdmin,
    /// `access.admins` only.
    Admin,
}

/// Who the bot is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Persona {
    /// Its name here.
    pub name: String,
    /// The system prompt.
    pub prompt: String,
}

/// A kind of model server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Ollama's own protocol.
    #[default]
    Ollama,
    /// Anything that speaks `/v1/chat/completions`.
    Openai,
}

/// A model endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Its name here.
    pub name: String,
    /// Which protocol.
    pub kind: ProviderKind,
    /// Base URL; for `openai` with its version path (`https://api.deepseek.com/v1`).
    pub endpoint: String,
    /// The model's name there.
    pub model: String,
    /// References to keys, used in turn.
    pub api_keys: Vec<Secret>,
    /// Lower tiers are asked first.
    pub tier: u32,
    /// The share within a tier.
    pub weight: u32,
    /// Questions at once.
    pub max_concurrency: usize,
    /// Ask it to stream.
    pub stream: bool,
    /// Let it reason.
    pub think: bool,
    /// It looks at pictures.
    pub vision: bool,
    /// Longest answer.
    pub max_tokens: u32,
    /// Sampling temperature, 0 to 2.
    pub temperature: f64,
    /// Load the model at start (Ollama).
    pub preload: bool,
    /// How long the model stays loaded after a question (Ollama).
    pub keep_alive: Duration,
    /// The four timeouts.
    pub timeout: Timeouts,
    /// CPU threads; `None` ("auto"): 80 % of the physical cores.
    pub num_threads: Option<u32>,
    /// Layers on the card; `None` ("auto"): Ollama decides.
    pub gpu_layers: Option<u32>,
    /// No layers on the card.
    pub cpu_only: bool,
    /// Tokens of context.
    pub context: u32,
    /// Prompt batch; `None` ("auto"): Ollama decides.
    pub batch_size: Option<u32>,
    /// Per million tokens.
    pub price: Price,
    /// Ask the vendor for the balance.
    pub balance: bool,
    /// Proxy URL; empty: as the environment says.
    pub proxy: String,
    /// Further request headers; values may be secret references.
    pub headers: BTreeMap<String, Secret>,
    /// Further fields of each request, sent as they are.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: ProviderKind::Ollama,
            endpoint: "http://127.0.0.1:11434".into(),
            model: String::new(),
            api_keys: Vec::new(),
            tier: 0,
            weight: 1,
            max_concurrency: 1,
            stream: true,
            think: false,
            vision: false,
            max_tokens: 1024,
            temperature: 0.7,
            preload: true,
            keep_alive: secs(1800),
            timeout: Timeouts::default(),
            num_threads: None,
            gpu_layers: None,
            cpu_only: false,
            context: 8192,
            batch_size: None,
            price: Price::default(),
            balance: false,
            proxy: String::new(),
            headers: BTreeMap::new(),
            extra: serde_json::Map::new(),
        }
    }
}

impl Provider {
    /// The defaults of a kind. Ollama answers one question at a time unless told otherwise; a hosted API eight.
    pub fn of(kind: ProviderKind) -> Self {
        let ollama = Self::default();
        match kind {
            ProviderKind::Ollama => ollama,
            ProviderKind::Openai => {
                Self { kind, endpoint: "https://api.openai.com/v1".into(), max_concurrency: 8, ..ollama }
            }
        }
    }

    /// Costs nothing per token.
    pub fn is_free(&self) -> bool {
        self.price == Price::default()
    }
}

/// The four timeouts of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// To the first token, loading the model included.
    pub first_token: Duration,
    /// Between data events; keep-alive comments do not count.
    pub idle: Duration,
    /// In all.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: secs(5), first_token: secs(180), idle: secs(60), total: secs(300) }
    }
}

/// Per million tokens, in whatever currency the operator counts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Price {
    /// Tokens read.
    pub input: f64,
    /// Tokens read from the provider's cache.
    pub cached: f64,
    /// Tokens written.
    pub output: f64,
}

/// How providers are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Routing {
    /// Providers tried for one question.
    pub attempts: u32,
    /// When one is left alone.
    pub breaker: Breaker,
}

impl Default for Routing {
    fn default() -> Self {
        Self { attempts: 3, breaker: Breaker::default() }
    }
}

/// When a provider is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    /// Failures in a row.
    pub failures: u32,
    /// How long, at first; doubles.
    pub open: Duration,
    /// How long at most.
    pub max_open: Duration,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { failures: 3, open: secs(5), max_open: secs(60) }
    }
}

/// Answers kept for equal questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cache {
    /// At all?
    pub enable: bool,
    /// Megabytes.
    pub cache_size: u64,
    /// How long.
    pub ttl: Duration,
}

impl Default for Cache {
    fn default() -> Self {
        Self { enable: false, cache_size: 1024, ttl: secs(600) }
    }
}

/// Gauges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Telemetry {
    /// Between samples while somebody looks.
    pub interval: Duration,
    /// While nobody does.
    pub idle_interval: Duration,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { interval: secs(1), idle_interval: secs(10) }
    }
}

/// Alerts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Alerts {
    /// Rules besides those that ship.
    pub rules: Vec<toml::Table>,
}

/// Where alerts go.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Notify {
    /// Destinations.
    pub to: Vec<toml::Table>,
}

/// Log files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Logs {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,qqdeck::adapter=debug`.
    pub level: String,
    /// Files kept.
    pub keep: u32,
    /// Compress those of past days.
    pub compress: bool,
    /// Mode of new files.
    pub mode: String,
    /// Bytes in all.
    pub max_total: u64,
}

impl Default for Logs {
    fn default() -> Self {
        Self { level: "info".into(), keep: 7, compress: true, mode: "0640".into(), max_total: 1 << 30 }
    }
}

/// Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Address; empty: off.
    pub listen: String,
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Storage {
    /// How long messages are kept.
    pub retention: Duration,
    /// What a commit survives.
    pub durability: Durability,
    /// How often a backup is made.
    pub backup: Backup,
    /// Backups kept.
    pub keep_backups: u32,
}

impl Default for Storage {
    fn default() -> Self {
        Self { retention: secs(90 * 86_400), durability: Durability::Process, backup: Backup::Daily, keep_backups: 7 }
    }
}

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// kill -9.
    #[default]
    Process,
    /// A power cut.
    Power,
}

/// How often a backup is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backup {
    /// Once a local day.
    #[default]
    Daily,
    /// Never.
    Off,
}

/// The console over SSH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ssh {
    /// Address; empty: off.
    pub listen: String,
    /// Locks a session that idles so long.
    pub idle: Duration,
}

impl Default for Ssh {
    fn default() -> Self {
        Self { listen: String::new(), idle: secs(900) }
    }
}

/// The console's looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Console {
    /// A theme's name.
    pub theme: String,
    /// `auto`, `none`, `16`, `256`, `rgb`.
    pub color: String,
    /// `auto`, `on`, `off`.
    pub mouse: String,
    /// No glyphs beyond ASCII in the chrome.
    pub ascii: bool,
    /// Columns of characters of ambiguous width, 1 or 2.
    pub ambiguous_width: u8,
    /// Keys that differ from the default, by action.
    pub keys: BTreeMap<String, String>,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            theme: "auto".into(),
            color: "auto".into(),
            mouse: "auto".into(),
            ascii: false,
            ambiguous_width: 1,
            keys: BTreeMap::new(),
        }
    }
}
