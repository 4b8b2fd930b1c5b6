//! The town's people, servers and configuration.

use std::time::Duration;

use crate::simulator::{
    AdapterSettings, Dialect, Fault, FaultMix, ModelSettings, Side, Simulator, SimulatorSettings, World, WorldSize,
};

/// How the configuration of a demo begins.
pub const DEMO: &str = "# 演示的配置";
/// The group that is not allowed: 新群.
pub(super) const STRANGE_GROUP: usize = 8;
/// The shop's group, where an operator looks over every answer.
const SHOP_GROUP: usize = 5;
const LOCAL_MODEL: &str = "qwen3:8b";
const REMOTE_MODEL: &str = "deepseek-chat";
/// First token and tokens a second of the local model.
pub(super) const LOCAL_PACE: (Duration, f64) = (Duration::from_millis(400), 40.0);

pub(super) fn world(seed: u64) -> World {
    World::new(seed, WorldSize { accounts: 2, friends: 8, groups: 9, members: 24 })
}

/// Each account's adapter connects the other way round, so that both directions show. The second one dials where it
/// is told, once the application listens.
pub(super) fn simulator(seed: u64, world: &World) -> SimulatorSettings {
    let mut first = AdapterSettings::new(Dialect::Napcat, Side::forward(), world.rosters[0].clone());
    first.seed = seed;
    let mut second = AdapterSettings::new(Dialect::Lagrange, Side::reverse(""), world.rosters[1].clone());
    second.seed = seed;
    let mut local = ModelSettings::believable("local", &format!("{LOCAL_MODEL}+thinking"));
    local.load_delay = Duration::from_millis(1500);
    let mut remote = ModelSettings::believable("remote", REMOTE_MODEL);
    (remote.first_token, remote.tokens_per_second) = (Duration::from_millis(700), 60.0);
    SimulatorSettings { adapters: vec![first, second], models: vec![local, remote] }
}

/// Every question is refused for want of money.
pub(super) fn no_balance() -> FaultMix {
    FaultMix { rate: 1.0, kinds: vec![Fault::Status(402)] }
}

/// The configuration that fits the town, as a file: what is changed at the console is written there, as anywhere.
pub(super) fn text(world: &World, simulator: &Simulator) -> String {
    let roster = &world.rosters[0];
    let (local, remote) = (&simulator.models[0], &simulator.models[1]);
    let strange = roster.groups.get(STRANGE_GROUP).map(|group| group.id);
    let groups = world.rosters.iter().flat_map(|roster| &roster.groups).map(|group| group.id);
    let groups = list(groups.filter(|id| Some(*id) != strange));
    let users = list(world.rosters.iter().flat_map(|roster| &roster.friends).map(|person| person.id));
    let admins = list(roster.friends.first().map(|person| person.id).into_iter());
    let troll = list(roster.groups.first().and_then(|group| group.members.last()).map(|m| m.person.id).into_iter());
    let shop = roster.groups.get(SHOP_GROUP).map_or(0, |group| group.id);
    format!(
        r#"{DEMO}：控制台里改的（w、e、B）就写在这里，演示结束就没了。
# The demo's configuration: what is changed at the console (w, e, B) is written here, and gone with the demo.
[instance]
name = "home"

[onebot]
listen = ["127.0.0.1:0"]

[[onebot.dial]]
name = {me}
url = "{url}"
reconnect = ["1s", "2s", "5s"]

[access]
mode = "whitelist"
groups = [{groups}]
users = [{users}]
admins = [{admins}]
blocked_users = [{troll}]

[moderation]
words = ["刷单", "代开发票", "博彩"]

[chat.private]
persona = "小助手"
trigger.names = ["小助手"]

[chat.group]
persona = "小助手"
trigger.names = ["小助手"]

# 小店的群：每个回答先给人看。 The shop's group: every answer is shown to a human first.
[chat.group_{shop}]
persona = "客服"
mode = "draft"

[[personas]]
name = "小助手"
prompt = "你是 QQ 群里的小助手，说话简短、友好，不确定的事情就说不确定。"

[[personas]]
name = "客服"
prompt = "你是网店的客服，先道歉再解决问题，不承诺没有把握的时间。"

[[providers]]
name = "qwen3"
kind = "ollama"
endpoint = "{local}"
model = "{LOCAL_MODEL}"
max_concurrency = 2
timeout.first_token = "20s"

[[providers]]
name = "deepseek"
kind = "openai"
endpoint = "{remote}"
model = "{REMOTE_MODEL}"
api_keys = ["demo-key-of-no-vendor"]
tier = 1
max_concurrency = 8
preload = false
timeout.first_token = "20s"
price = {{ input = 2.0, cached = 0.2, output = 8.0 }}
"#,
        // JSON's strings are TOML's, too.
        me = serde_json::Value::from(roster.me.nickname.as_str()),
        url = simulator.adapters[0].url().unwrap_or_default(),
        local = local.url(),
        remote = remote.openai_url(),
    )
}

fn list(ids: impl Iterator<Item = i64>) -> String {
    ids.map(|id| id.to_string()).collect::<Vec<_>>().join(", ")
}
