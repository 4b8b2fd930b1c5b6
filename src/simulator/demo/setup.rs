//! The town's people, servers and configuration.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{
    AccessMode, ChatMode, ChatPolicy, Config, Dial, IdList, Persona, Price, Provider, ProviderKind, Secret, Timeouts,
};
use crate::simulator::{
    AdapterSettings, Dialect, Fault, FaultMix, ModelSettings, Side, Simulator, SimulatorSettings, World, WorldSize,
};

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

pub(super) fn config(world: &World, simulator: &Simulator) -> Config {
    let mut config = Config::default();
    config.instance.name = "demo".into();
    config.onebot.listen = vec!["127.0.0.1:0".into()];
    config.onebot.dial = vec![Dial {
        name: world.rosters[0].me.nickname.clone(),
        url: simulator.adapters[0].url().unwrap_or_default(),
        reconnect: [1, 2, 5].map(Duration::from_secs).to_vec(),
        ..Dial::default()
    }];
    let strange = world.rosters[0].groups.get(STRANGE_GROUP).map(|group| group.id);
    let groups = world.rosters.iter().flat_map(|roster| &roster.groups).map(|group| group.id);
    let friends = world.rosters.iter().flat_map(|roster| &roster.friends).map(|person| person.id);
    config.access.mode = AccessMode::Whitelist;
    config.access.groups = list(groups.filter(|id| Some(*id) != strange));
    config.access.users = list(friends);
    config.access.admins = world.rosters[0].friends.first().map(|person| person.id).into_iter().collect();
    let troll = world.rosters[0].groups.first().and_then(|group| group.members.last()).map(|m| m.person.id);
    config.access.blocked_users = list(troll.into_iter());
    config.moderation.words = ["刷单", "代开发票", "博彩"].map(String::from).to_vec();
    config.personas = personas();
    chats(&mut config, world);
    config.providers = providers(simulator);
    config
}

fn list(ids: impl Iterator<Item = i64>) -> IdList {
    IdList { any: false, ids: ids.collect() }
}

fn personas() -> Vec<Persona> {
    let persona = |name: &str, prompt: &str| Persona { name: name.into(), prompt: prompt.into() };
    vec![
        persona("小助手", "你是 QQ 群里的小助手，说话简短、友好，不确定的事情就说不确定。"),
        persona("客服", "你是网店的客服，先道歉再解决问题，不承诺没有把握的时间。"),
    ]
}

fn chats(config: &mut Config, world: &World) {
    let mut policy = ChatPolicy { persona: "小助手".into(), ..ChatPolicy::default() };
    policy.trigger.names = vec!["小助手".into()];
    let shop = ChatPolicy { persona: "客服".into(), mode: ChatMode::Draft, ..policy.clone() };
    config.chats.private = Arc::new(policy.clone());
    config.chats.group = Arc::new(policy);
    if let Some(group) = world.rosters[0].groups.get(SHOP_GROUP) {
        config.chats.groups.insert(group.id, Arc::new(shop));
    }
}

fn providers(simulator: &Simulator) -> Vec<Provider> {
    let (local, remote) = (&simulator.models[0], &simulator.models[1]);
    let timeout = Timeouts { first_token: Duration::from_secs(20), ..Timeouts::default() };
    vec![
        Provider {
            name: "qwen3".into(),
            kind: ProviderKind::Ollama,
            endpoint: local.url(),
            model: LOCAL_MODEL.into(),
            max_concurrency: 2,
            timeout,
            ..Provider::default()
        },
        Provider {
            name: "deepseek".into(),
            kind: ProviderKind::Openai,
            endpoint: remote.openai_url(),
            model: REMOTE_MODEL.into(),
            api_keys: vec![Secret("demo".into())],
            tier: 1,
            max_concurrency: 8,
            preload: false,
            timeout,
            price: Price { input: 2.0, cached: 0.2, output: 8.0 },
            ..Provider::default()
        },
    ]
}
