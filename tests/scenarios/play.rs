//! One scenario file: reading it, playing it, and telling expected from seen.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use qqdeck::config::{Config, read_duration};
use qqdeck::domain::*;
use qqdeck::flow::Input;
use serde::Deserialize;
use toml::{Spanned, Table, Value};

use crate::see;
use crate::tell::{Act, Ears, since_epoch};
use crate::world::{End, World};

/// What holds in scenarios unless they say otherwise: everybody is let in, nobody waits for typing, for pace or
/// for luck, no limits, two models of which one is spare.
const CONFIG: &str = r#"
language = "zh-CN"
access = { mode = "open", admins = [1] }
trigger = { names = [], merge_window = { private = "0s", group = "0s" } }
limits = { global = "off", per_user = "off", per_group = "off", loop_guard = 0 }
reply = { pace = "off", jitter = "0s", quote = "never" }
personas = [{ name = "小助手", prompt = "你是小助手。" }, { name = "客服", prompt = "你是客服。" }]
providers = [{ name = "a", kind = "ollama", model = "m", preload = false, max_concurrency = 4 }]
"#;

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One sentence.
    about: String,
    #[serde(default)]
    config: String,
    #[serde(default)]
    seed: u64,
    /// `auto`: each input's rows are committed before the next; `manual`: by `commit` alone.
    #[serde(default = "auto")]
    commits: String,
    /// `auto`: notifications that are no QQ messages arrive at once; `manual`: by `notified` alone.
    #[serde(default = "auto")]
    arrivals: String,
    /// `up`: the account is there and has told its groups (call 1); `cold`: nothing has happened.
    #[serde(default = "up")]
    start: String,
    /// Kinds of lines that are left out else: `usage`, `audit`, `alerts`, `load`, `provider`.
    #[serde(default)]
    show: Vec<String>,
    step: Vec<Spanned<Step>>,
}

fn auto() -> String {
    "auto".into()
}

fn up() -> String {
    "up".into()
}

/// A step: at a time, tell one thing, see these lines.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Virtual time since the beginning; never earlier than the step before.
    at: Option<String>,
    /// What happens; nothing: time passes.
    tell: Option<Spanned<String>>,
    /// For `tell = "config"`.
    config: Option<String>,
    /// What comes of it, in order. Lines of deadlines on the way stand first, with their moment.
    #[serde(default)]
    see: Vec<String>,
    /// Values of the snapshot afterwards, by dotted path.
    #[serde(default)]
    snapshot: Table,
}

/// A configuration laid over the scenarios' own.
pub fn config(text: &str) -> Result<Arc<Config>, String> {
    let mut table: Table = toml::from_str(CONFIG).map_err(|e| e.to_string())?;
    lay_over(&mut table, toml::from_str(text).map_err(|e| e.to_string())?);
    let text = toml::to_string(&table).map_err(|e| e.to_string())?;
    match qqdeck::config::parse(&text) {
        Ok(parsed) => Ok(Arc::new(parsed.config)),
        Err(issues) => Err(format!("{issues:?}\n{text}")),
    }
}

fn lay_over(below: &mut Table, above: Table) {
    for (key, value) in above {
        match (below.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => lay_over(below, above),
            (_, value) => drop(below.insert(key, value)),
        }
    }
}

/// Plays a file. `Err`: what is wrong with it, or with the engine. What each step came to is told in any case.
pub fn play(path: &Path, text: &str) -> (Vec<Vec<String>>, Result<(), String>) {
    let mut seen = Vec::new();
    let result = toml::from_str(text).map_err(|e| e.to_string()).and_then(|s| run(path, text, &s, &mut seen));
    (seen, result)
}

fn run(path: &Path, text: &str, scenario: &Scenario, seen: &mut Vec<Vec<String>>) -> Result<(), String> {
    let place = |byte: usize| format!("{}:{}", path.display(), text[..byte].matches('\n').count() + 1);
    if scenario.about.trim().is_empty() {
        return Err("`about` is empty".into());
    }
    let mut world = World::new(config(&scenario.config)?, scenario.seed);
    let (mut next_message, mut tags) = (0, 0);
    if scenario.start == "up" {
        let mut ears = Ears { world: &world, config: None, next_message: &mut next_message, tags: &mut tags };
        let Act::Tell(up) = ears.read("up")? else { return Err("`up` is no input".into()) };
        world.tell(up);
        world.tell(Input::Called(CallId(1), CallOutcome::Done(CallReply::Groups(Vec::new()))));
    }
    world.log.clear();
    world.commits = scenario.commits == "auto";
    world.arrivals = scenario.arrivals == "auto";
    let mut wrong = String::new();
    for spanned in &scenario.step {
        let step = spanned.get_ref();
        let here = place(spanned.span().start);
        let mut lines = Vec::new();
        if let Some(at) = &step.at {
            let at = read_duration(at).ok_or_else(|| format!("{here}: `{at}` is no time"))?;
            let then = Mono(0) + at;
            if then < world.now().mono {
                return Err(format!("{here}: time goes backwards"));
            }
            world.pass_until(then);
            for (at, effect) in std::mem::take(&mut world.log) {
                let at = format!("{}s", at.since(Mono(0)).as_secs_f64());
                lines.extend(see::lines(&effect, &scenario.show).into_iter().map(|line| format!("at {at}: {line}")));
            }
        }
        if let Some(tell) = &step.tell {
            let fresh = step.config.as_deref().map(config).transpose().map_err(|e| format!("{here}: {e}"))?;
            let mut ears = Ears { world: &world, config: fresh, next_message: &mut next_message, tags: &mut tags };
            let act = ears.read(tell.get_ref()).map_err(|e| format!("{}: {e}", place(tell.span().start)))?;
            carry_out(&mut world, act).map_err(|e| format!("{here}: {e}"))?;
        }
        let effects = std::mem::take(&mut world.log);
        lines.extend(effects.iter().flat_map(|(_, effect)| see::lines(effect, &scenario.show)));
        if lines != step.see {
            let _ = writeln!(wrong, "{here}: {}", step.tell.as_ref().map_or("(time passes)", |t| t.get_ref()));
            compare(&step.see, &lines, &mut wrong);
        }
        let snapshot = snapshot(&mut world);
        for (dotted, expected) in &step.snapshot {
            let found = dotted.split('/').try_fold(&snapshot, |at, key| at.get(key));
            let found = found.cloned().unwrap_or(serde_json::Value::Null);
            let expected = serde_json::to_value(expected).unwrap_or_default();
            if found != expected {
                let _ = writeln!(wrong, "{here}: snapshot {dotted} is {found}, expected {expected}");
            }
        }
        for law in std::mem::take(&mut world.laws.broken) {
            let _ = writeln!(wrong, "{here}: law broken: {law}");
        }
        seen.push(lines);
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{wrong}", scenario.about)) }
}

fn carry_out(world: &mut World, act: Act) -> Result<(), String> {
    match act {
        Act::Tell(input) => world.tell(input),
        Act::Commit if world.commit() => {}
        Act::Commit => return Err("nothing waits for a commit".into()),
        Act::CommitAll => while world.commit() {},
        Act::CommitFails => {
            let batch = world.shelf.waits().ok_or("nothing waits for a commit")?;
            world.tell(Input::CommitFailed { batch, words: "disk full".into() });
        }
        Act::Restart(end) => {
            let stopped = world.shelf.is_clean();
            if end == End::Clean && !stopped {
                return Err("the stop was not clean".into());
            }
            world.restart(end);
        }
    }
    Ok(())
}

/// A diff by lines: `-` expected and not seen, `+` seen and not expected.
fn compare(expected: &[String], seen: &[String], out: &mut String) {
    let mut rest: VecDeque<_> = seen.iter().collect();
    for line in expected {
        if let Some(at) = rest.iter().position(|s| *s == line) {
            for extra in rest.drain(..at) {
                let _ = writeln!(out, "  + {extra}");
            }
            rest.pop_front();
            let _ = writeln!(out, "    {line}");
        } else {
            let _ = writeln!(out, "  - {line}");
        }
    }
    for extra in rest {
        let _ = writeln!(out, "  + {extra}");
    }
}

/// An alert with the marks that are put on it at the moment.
fn shown(view: &AlertView) -> String {
    let mut words = see::alert(&view.alert);
    if view.silenced.is_some() {
        words.push_str(" silenced");
    }
    if let Some(by) = &view.inhibited {
        words.push_str(&format!(" inhibited by {by}"));
    }
    if view.quiet {
        words.push_str(" quiet");
    }
    words
}

/// The snapshot as scenarios look at it; `/` separates keys, since chats have dots of their own.
fn snapshot(world: &mut World) -> serde_json::Value {
    let snapshot = world.engine.snapshot();
    let providers: serde_json::Map<_, _> =
        snapshot.providers.iter().map(|p| (p.name.to_string(), serde_json::to_value(p).unwrap_or_default())).collect();
    let chats: serde_json::Map<_, _> = snapshot
        .chats
        .iter()
        .map(|(id, c)| {
            let view = serde_json::json!({
                "mode": c.mode.code(), "persona": c.persona, "queued": c.queued, "lines": c.tail.len(),
                "writing": c.writing.iter().map(|w| w.text.to_string()).collect::<Vec<_>>(),
                "version": c.state.version, "claim": c.claim.as_ref().map(|claim| claim.operator.raw()),
                "window": c.window.map(|w| (w.lines, w.of)), "today": (c.today.input, c.today.output),
                "provider": c.provider, "by": c.state.by.raw(),
                "too_long": c.tail.last().and_then(|line| line.making.as_ref()).is_some_and(|made| made.too_long),
            });
            (see::chat(*id), view)
        })
        .collect();
    let accounts: serde_json::Map<_, _> = snapshot
        .accounts
        .iter()
        .map(|a| {
            (a.id.to_string(), {
                let groups: Vec<_> = a.groups.iter().map(|(group, name)| format!("{group}={}", name.raw())).collect();
                let muted = |(group, until): &(GroupId, Option<Wall>)| {
                    format!("{group} until {}", since_epoch(until.unwrap_or(Wall(i64::MAX))))
                };
                let muted: Vec<_> = a.muted.iter().map(muted).collect();
                serde_json::json!({ "connected": a.connected, "online": a.online, "groups": groups, "muted": muted,
                    "restarting": a.restarting })
            })
        })
        .collect();
    serde_json::json!({
        "counters": snapshot.counters, "providers": providers, "chats": chats, "accounts": accounts,
        "attention": snapshot.attention.iter().map(|(_, item)| see::kind(&item.kind)).collect::<Vec<_>>(),
        "alerts": snapshot.alerts.iter().map(shown).collect::<Vec<_>>(),
        "silences": snapshot.silences.iter().map(|s| s.rule.clone()).collect::<Vec<_>>(),
        "outbox": snapshot.outbox, "queued": snapshot.queued, "inflight": snapshot.inflight,
        "refused": (snapshot.refused.count, snapshot.refused.last.as_ref().map(|l| (&l.peer, l.cause.shown()))),
        "unrecorded": snapshot.unrecorded, "stopping": snapshot.stopping,
        "today": { "asks": snapshot.today.asks, "input": snapshot.today.input, "output": snapshot.today.output },
    })
}
