//! What a quiet chat shows where nothing was said: how it stands and what holds in it. It goes as soon as lines need
//! the room.
//!
//! ```text
//!      触发  @、引用、名字
//!      限速  每人 6/min，全群 20/min
//!  这里最近  3 句 · 回 1 · 略过 2
//! ```

use super::paint::{Span, left};
use crate::config::{AccessMode, Call};
use crate::console::state::Ui;
use crate::console::text::figures;
use crate::console::theme::{Glyph, Role};
use crate::domain::*;
use crate::words::{self, Lang};

/// Rows of the card, widest words first cut by whoever draws.
pub fn rows(ui: &Ui, id: ConversationId) -> Vec<Vec<Span>> {
    let lang = ui.lang();
    let mut pairs: Vec<(&str, String)> = Vec::new();
    let mut pair = |zh: &'static str, en: &'static str, value: String| pairs.push((lang.pick(zh, en), value));
    let mut letting = access(ui, id.peer);
    if letting == lang.pick(NOT_LISTED.0, NOT_LISTED.1) {
        letting.push_str(lang.pick("，w 放行", "; w lets in"));
    }
    pair("放行", "access", letting);
    pair("触发", "called by", trigger(ui, id.peer));
    pair("限速", "limits", limits(ui, id.peer));
    if let Some(chat) = ui.chat_view(id) {
        let tokens = chat.today.input + chat.today.output;
        let today = format!("{} tok · {}", figures::count(tokens, lang), figures::money(chat.today.cost, lang));
        pair(
            "今日",
            "today",
            if tokens > 0 { today } else { lang.pick("还没用模型", "no model asked yet").to_owned() },
        );
        pair("最近", "lately", lately(ui, id));
        if !chat.state.note.is_empty() {
            pair("备注", "note", Text::from(chat.state.note.as_str()).shown().to_owned());
        }
    }
    let label = pairs.iter().map(|(name, _)| ui.width.of(name)).max().unwrap_or(0);
    let row = |(name, value): (&str, String)| {
        vec![(format!("  {}  ", ui.width.fit_right(name, label)), Role::TextDim), (value, Role::Text)]
    };
    pairs.into_iter().map(row).collect()
}

/// What keeps most strangers out.
const NOT_LISTED: (&str, &str) = ("不在白名单里", "not on the list");

/// Whether the lists let anybody here talk to the bot; rules with an end say how long.
pub fn access(ui: &Ui, peer: Peer) -> String {
    let lang = ui.lang();
    let access = &ui.config.access;
    let id = AccessId::from(peer);
    let (listed, blocked, admin) = match peer {
        Peer::Group(group) => (access.groups.has(group.0), access.blocked_groups.has(group.0), false),
        Peer::Private(user) => {
            (access.users.has(user.0), access.blocked_users.has(user.0), access.admins.contains(&user.0))
        }
    };
    let until = |effect: GrantEffect| {
        let rule = ui.snap.grants.iter().find(|g| g.id == id && g.effect == effect && g.until > ui.now.wall)?;
        Some(left(ui, rule.until.since(ui.now.wall)))
    };
    let timed = |zh: &str, en: &str, left: &str| format!("{} {left}", lang.pick(zh, en));
    if admin {
        return lang.pick("管理员，总是放行", "an admin is always let in").to_owned();
    }
    if blocked {
        return lang.pick("已屏蔽", "blocked").to_owned();
    }
    if let Some(left) = until(GrantEffect::Block) {
        return timed("屏蔽中，还剩", "blocked, left", &left);
    }
    let words = match access.mode {
        AccessMode::Open => lang.pick("对所有人开放", "open to everybody"),
        AccessMode::Blacklist => lang.pick("只挡屏蔽的", "only blocked ones are refused"),
        AccessMode::Whitelist if listed => lang.pick("在白名单里", "on the list"),
        AccessMode::Whitelist => match until(GrantEffect::Allow) {
            Some(left) => return timed("临时放行，还剩", "let in for a while, left", &left),
            None => lang.pick(NOT_LISTED.0, NOT_LISTED.1),
        },
    };
    words.to_owned()
}

fn trigger(ui: &Ui, peer: Peer) -> String {
    let lang = ui.lang();
    let Peer::Group(group) = peer else { return lang.pick("私聊都回", "private chats are").to_owned() };
    let trigger = &ui.config.chats.group(group.0).trigger;
    let mut words: Vec<String> = Vec::new();
    for call in &trigger.group {
        let named = match call {
            Call::At => lang.pick("@它", "@"),
            Call::Quote => lang.pick("引用它", "a quote"),
            Call::Names if trigger.names.is_empty() => continue,
            Call::Names => {
                words.push(trigger.names.join(" "));
                continue;
            }
            Call::Always => lang.pick("什么都回", "everything"),
        };
        words.push(named.to_owned());
    }
    words.extend(trigger.prefixes.iter().map(|p| format!("“{}…”", p.trim_end())));
    if trigger.random > 0.0 {
        let share = figures::percent(trigger.random as f32);
        words.push(format!("{} {share}", lang.pick("随机", "by chance")));
    }
    match words.is_empty() {
        true => lang.pick("没有，只有 r 能让它答", "nothing: only r makes it answer").to_owned(),
        false => words.join(&format!(" {} ", ui.glyphs.get(Glyph::Dot))),
    }
}

fn limits(ui: &Ui, peer: Peer) -> String {
    let limits = match peer {
        Peer::Group(group) => &ui.config.chats.group(group.0).limits,
        Peer::Private(user) => &ui.config.chats.person(user.0).limits,
    };
    let (each, all) = (words::rate(limits.per_user, ui.lang()), words::rate(limits.per_group, ui.lang()));
    match (ui.lang(), peer.is_group()) {
        (Lang::Zh, true) => format!("每人{each}，全群{all}"),
        (Lang::En, true) => format!("{each} each, {all} in all"),
        (_, false) => each,
    }
}

/// What became of the lines at hand.
fn lately(ui: &Ui, id: ConversationId) -> String {
    let (mut said, mut replied, mut passed, mut refused) = (0, 0, 0, 0);
    for line in ui.lines(id).into_iter().filter(|l| !l.author.is_ours()) {
        said += 1;
        match (&line.outcome, line.verdict.as_ref()) {
            (Some(Outcome::Replied), _) => replied += 1,
            (_, Some(v)) if v.decision == Decision::Ignore && matches!(v.gate, Gate::Trigger | Gate::Own) => {
                passed += 1
            }
            (_, Some(v)) if v.decision == Decision::Ignore => refused += 1,
            _ => {}
        }
    }
    let dot = ui.glyphs.get(Glyph::Dot);
    let mut words = match ui.lang() {
        Lang::Zh => format!("{said} 句"),
        Lang::En => format!("{said} said"),
    };
    for (n, zh, en) in [(replied, "回", "answered"), (passed, "略过", "passed over"), (refused, "拦下", "refused")]
    {
        if n > 0 {
            words.push_str(&match ui.lang() {
                Lang::Zh => format!(" {dot} {zh} {n}"),
                Lang::En => format!(" {dot} {n} {en}"),
            });
        }
    }
    words
}
