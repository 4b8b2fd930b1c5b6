//! What can differ from chat to chat: what calls the bot, how often, what the model is shown.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Reply, secs};

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
    /// Every policy.
    pub fn policies(&self) -> impl Iterator<Item = &ChatPolicy> + Clone {
        let own = self.persons.values().chain(self.groups.values());
        [&self.private, &self.group].into_iter().chain(own).map(|policy| &**policy)
    }

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
    /// Tokens a day, over all; in one chat's table for that chat alone; 0: no limit.
    pub tokens_per_day: u64,
    /// Money a day in the prices' currency, over all; in one chat's table for that chat alone; 0: no limit.
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
