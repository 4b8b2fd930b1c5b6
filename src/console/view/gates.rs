//! What a message met at each gate, and why it passed: the verdict in full.

use super::paint::Span;
use crate::config::AccessMode;
use crate::console::state::Ui;
use crate::console::theme::{Glyph, Role};
use crate::domain::*;
use crate::words;

/// Gates in the order in which a message meets them.
const GATES: [Gate; 8] =
    [Gate::Own, Gate::Blocked, Gate::Slash, Gate::Access, Gate::Trigger, Gate::Limits, Gate::Moderation, Gate::Queue];

/// One row a gate, up to the one that stopped the message; then the line that decided and the key that changes it.
pub fn rows(ui: &Ui, line: &Line) -> Vec<Vec<Span>> {
    let lang = ui.lang();
    let Some(verdict) = &line.verdict else {
        return vec![vec![(format!(" {}", lang.pick("没有判定", "no verdict")), Role::TextDim)]];
    };
    let mut rows = Vec::new();
    for gate in GATES {
        let name = words::gate(gate, lang);
        if gate == verdict.gate {
            rows.extend(decided(ui, line, verdict, name));
            if verdict.decision != Decision::Reply {
                break;
            }
            continue;
        }
        let why = passed(ui, gate, line).map_or_else(String::new, |why| format!(" {why}"));
        rows.push(vec![
            (format!(" {} ", ui.glyphs.get(Glyph::Done)), Role::VerdictReplied),
            (name, Role::Text),
            (why, Role::TextDim),
        ]);
    }
    rows.extend(waiting(ui, line));
    rows
}

/// An answer that is there and waits for an operator.
fn waiting(ui: &Ui, line: &Line) -> Option<Vec<Span>> {
    let lang = ui.lang();
    let drafts = ui.items_of(line.conversation).find(|(_, item)| item.kind.drafted() == Some(line.seq));
    let (name, why) = match &drafts?.1.kind {
        ItemKind::Draft { suggestion: true, .. } => {
            (lang.pick("建议", "hint"), lang.pick("有人在接待，写好没发", "an operator talks here: written, not sent"))
        }
        _ => (lang.pick("草稿", "draft"), lang.pick("等人过目", "waits for an operator")),
    };
    Some(vec![
        (format!(" {} ", ui.glyphs.get(Glyph::Draft)), Role::Draft),
        (format!("{name} "), Role::TextStrong),
        (why.to_owned(), Role::Text),
    ])
}

/// The gate that decided: its reason, the line of the configuration, and the key.
fn decided(ui: &Ui, line: &Line, verdict: &Verdict, name: String) -> Vec<Vec<Span>> {
    let lang = ui.lang();
    let (glyph, role) = match verdict.decision {
        Decision::Ignore => (Glyph::Refused, Role::VerdictBlocked),
        _ => (Glyph::Done, Role::VerdictReplied),
    };
    let mut rows = vec![vec![
        (format!(" {} ", ui.glyphs.get(glyph)), role),
        (format!("{name} "), Role::TextStrong),
        (words::reason(&verdict.reason, lang), Role::Text),
    ]];
    if let Some(key) = verdict.reason.config_key() {
        let place = ui.origins.decided(key, line.conversation.peer);
        let file = ui.file.file_name().map_or_else(String::new, |f| f.to_string_lossy().into_owned());
        let at = place.map_or_else(
            || lang.pick("默认值", "default").to_owned(),
            |(_, position)| format!("{file}:{}", position.line),
        );
        rows.push(vec![("   ".into(), Role::Text), (format!("{key} "), Role::TextDim), (at, Role::TextStrong)]);
    }
    if let Some(hint) = words::hint(&verdict.reason, lang) {
        rows.push(vec![("   ".into(), Role::Text), (hint, Role::FooterKey)]);
    }
    rows
}

/// Why a gate let a message through, where the configuration in force tells.
fn passed(ui: &Ui, gate: Gate, line: &Line) -> Option<String> {
    let lang = ui.lang();
    let access = &ui.config.access;
    let policy = match line.conversation.peer {
        Peer::Private(user) => ui.config.chats.person(user.0),
        Peer::Group(group) => ui.config.chats.group(group.0),
    };
    let user = match line.author {
        Author::Person { id, .. } => id.0,
        _ => 0,
    };
    let words = match gate {
        Gate::Slash if !ui.config.commands.enable => lang.pick("命令关着", "commands are off"),
        Gate::Slash => lang.pick("不是命令", "not a command"),
        Gate::Blocked => lang.pick("没有被屏蔽", "not blocked"),
        Gate::Access if access.admins.contains(&user) => lang.pick("管理员", "an admin"),
        Gate::Access => match (access.mode, line.conversation.peer) {
            (AccessMode::Open, _) => lang.pick("对所有人开放", "open to everybody"),
            (AccessMode::Blacklist, _) => lang.pick("只挡屏蔽的", "only blocked ones are refused"),
            (_, Peer::Group(group)) if access.groups.has(group.0) => lang.pick("群已放行", "the group is allowed"),
            (_, Peer::Private(user)) if access.users.has(user.0) => lang.pick("此人已放行", "the person is allowed"),
            // Whoever is not in the file and passed has a grant with an end, or was taken out since.
            _ => lang.pick("当时放行", "allowed then"),
        },
        Gate::Trigger if !line.conversation.peer.is_group() => lang.pick("私聊都回", "private chats are"),
        Gate::Limits => return Some(words::rate(policy.limits.per_user, lang)),
        Gate::Moderation => {
            let n = ui.config.moderation.words.len();
            return (n > 0).then(|| match lang {
                words::Lang::Zh => format!("{n} 个词都没有"),
                words::Lang::En => format!("none of {n} words"),
            });
        }
        _ => return None,
    };
    Some(words.to_owned())
}
