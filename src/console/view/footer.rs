//! The last row: the keys that matter now, or how a chord goes on.

use ratatui::layout::Rect;

use super::paint::{Paint, Span};
use crate::console::action::{Action, showing};
use crate::console::layer::{Grade, Layer, Topic};
use crate::console::state::{Pane, Purpose, RowKey, View};
use crate::console::theme::{Glyph, Role};
use crate::words::Lang;

pub fn draw(p: &mut Paint, area: Rect) {
    if area.height == 0 {
        return;
    }
    // Chinese stands close to its key; a Latin word would run into it.
    let (glue, gap) = p.lang().pick((0, 1), (1, 2));
    let pairs = keys(p);
    let widths: Vec<u16> = pairs.iter().map(|(key, word)| p.cols(key) + glue + p.cols(&word.0)).collect();
    // How a chord goes on is told whole, in as many rows as it takes; else what fits is enough.
    let wraps = !p.ui.chord.is_empty() && p.ui.layers.is_empty();
    // The way to everything else is the last of them, and never left out.
    let help = p.ui.keymap.key_of(Action::Help).filter(|_| !wraps && p.ui.layers.is_empty());
    let last = help.and_then(|key| pairs.iter().position(|(shown, _)| *shown == pretty(&key, p.lang())));
    let (mut x, mut row, mut placed) = (area.x + 1, 0, Vec::new());
    let mut full = false;
    for (n, cols) in widths.iter().enumerate() {
        let kept = last.filter(|last| n < *last).map_or(0, |last| widths[last] + gap);
        full |= x + cols + kept > area.right() && x > area.x + 1;
        if full && wraps {
            (x, row, full) = (area.x + 1, row + 1, false);
        }
        if full && last != Some(n) {
            continue;
        }
        placed.push((n, x, row));
        x += cols + gap;
    }
    let top = area.y.saturating_sub(row);
    if row > 0 {
        p.clear(Rect { y: top, height: row + 1, ..area }, Role::Overlay);
    }
    for (n, x, row) in placed {
        let (key, word) = &pairs[n];
        let most = area.right().saturating_sub(x);
        let behind = p.put(x, top + row, most, key, Role::FooterKey) + glue;
        p.put(behind, top + row, area.right().saturating_sub(behind), &word.0, word.1);
    }
}

/// Pairs of a key and a word.
fn keys(p: &Paint) -> Vec<(String, Span)> {
    let lang = p.lang();
    let (up, both) = (p.glyph(Glyph::Above), format!("{}{}", p.glyph(Glyph::Above), p.glyph(Glyph::Below)));
    let both = both.as_str();
    let fixed = |pairs: &[(&str, &str, &str)]| {
        pairs
            .iter()
            .map(|(key, zh, en)| ((*key).to_owned(), (lang.pick(*zh, *en).to_owned(), Role::FooterText)))
            .collect::<Vec<_>>()
    };
    if let Some(layer) = p.ui.layers.last() {
        return match layer {
            Layer::Sheet(sheet) if sheet.filter.is_some() => fixed(&[
                (both, "选", "move"),
                ("Enter", "确定", "take"),
                ("Esc", "返回", "back"),
                ("abc", "筛选", "filter"),
            ]),
            Layer::Sheet(_) => fixed(&[
                ("1-9", "直选", "pick"),
                (both, "选", "move"),
                ("Enter", "确定", "take"),
                ("Esc", "返回", "back"),
            ]),
            Layer::Confirm(c) if c.grade == Grade::Yes => {
                fixed(&[("y", "是", "yes"), ("n", "否", "no"), ("Esc", "否", "no")])
            }
            Layer::Confirm(_) => fixed(&[("Enter", "确定", "confirm"), ("Esc", "不", "no")]),
            Layer::Prompt(_) => fixed(&[
                ("Enter", "确定", "take"),
                ("Tab", "补全", "complete"),
                (up, "历史", "history"),
                ("Esc", "返回", "back"),
            ]),
            Layer::Page(page) => match page.topic {
                Topic::Help(_) => {
                    fixed(&[("abc", "搜索", "search"), ("Enter", "执行", "run"), ("Esc", "返回", "back")])
                }
                Topic::Found { .. } => {
                    fixed(&[("jk", "选", "move"), ("Enter", "跳过去", "go there"), ("Esc", "返回", "back")])
                }
                _ => fixed(&[("jk", "滚动", "scroll"), ("Esc", "返回", "back")]),
            },
        };
    }
    if let Some((_, members)) = p.ui.offered() {
        // The first is taken by Tab; more letters choose among the others.
        let twice = |name: &str| members.iter().filter(|(_, other)| other == name).count() > 1;
        let names = members.iter().map(|(id, name)| match twice(name) {
            true => format!("@{} {id}", p.ui.width.truncate(name, 16)),
            false => format!("@{}", p.ui.width.truncate(name, 16)),
        });
        return std::iter::once("Tab")
            .chain(std::iter::repeat(""))
            .zip(names)
            .map(|(key, name)| (key.to_owned(), (name, Role::FooterText)))
            .collect();
    }
    if let Some(composing) = &p.ui.composing {
        let mut pairs = fixed(&[
            ("Enter", "发送", "send"),
            // The way out is seen on a phone, too.
            ("Esc", "收起（留草稿）", "put away (keeps it)"),
            ("Alt-Enter", "换行", "new line"),
            ("Ctrl-U", "清行", "clear"),
        ]);
        if !p.ui.config.console.canned.is_empty() {
            pairs.extend(fixed(&[("Ctrl-R", "常用", "canned")]));
        }
        if composing.chat.peer.is_group() && composing.purpose == Purpose::Say {
            pairs.extend(fixed(&[("@", "叫人", "call")]));
        }
        return pairs;
    }
    if !p.ui.chord.is_empty() {
        let continued = p.ui.keymap.continuations(&p.ui.chord);
        return continued
            .filter(|(_, action)| action.entry().fits(p.ui.view))
            .map(|(rest, action)| (rest, (action.entry().short(lang).to_owned(), Role::FooterText)))
            .collect();
    }
    let actions: &[Action] = match (p.ui.view, p.ui.pane) {
        (View::Chats, Pane::List) if p.ui.chat().is_none() => beside_chats(p),
        (View::Chats, Pane::List) => &[
            Action::Menu,
            Action::Reply,
            Action::Access,
            Action::Mode,
            Action::Settings,
            Action::Why,
            Action::Accept,
            Action::Refuse,
            Action::NextAttention,
            Action::Filter,
            Action::Palette,
            Action::Help,
            Action::Undo,
            Action::Correct,
        ],
        (View::Chats, Pane::Chat | Pane::Beside(_)) => &[
            Action::Menu,
            Action::Reply,
            Action::Correct,
            Action::Why,
            Action::Details,
            Action::Regenerate,
            Action::Access,
            Action::Recall,
            Action::Filter,
            Action::Copy,
            Action::Palette,
            Action::Help,
        ],
        (View::Accounts, _) => &[
            Action::Menu,
            Action::Provider,
            Action::Regenerate,
            Action::Filter,
            Action::Chats,
            Action::Palette,
            Action::Help,
        ],
        (View::Alerts, _) => &[
            Action::Menu,
            Action::Accept,
            Action::Refuse,
            Action::Silence,
            Action::Chats,
            Action::Palette,
            Action::Filter,
            Action::Help,
        ],
        (View::Usage, _) => {
            &[Action::NextPane, Action::Down, Action::Up, Action::Filter, Action::Chats, Action::Palette, Action::Help]
        }
        (View::Log, _) => &[
            Action::Menu,
            Action::LogLevel,
            Action::Filter,
            Action::Wrap,
            Action::Bottom,
            Action::NextPane,
            Action::Pause,
            Action::Chats,
            Action::Palette,
            Action::Help,
        ],
    };
    let shown = |action: Action, role: Role| {
        let key = p.ui.keymap.key_of(action)?;
        let word = match (p.ui.view, action) {
            // It leads to the chat that waits there.
            (View::Alerts, Action::Menu) => lang.pick("打开", "open"),
            // A provider is tried again; only an answer is written again.
            (View::Accounts, Action::Regenerate) => lang.pick("重试", "retry"),
            (View::Chats, Action::Regenerate) if matches!(p.ui.list.selected, Some(RowKey::Provider(_))) => {
                lang.pick("重试", "retry")
            }
            _ => action.entry().short(lang),
        };
        Some((pretty(&key, lang), (word.to_owned(), role)))
    };
    let mut pairs = Vec::new();
    if p.ui.settings.size.0 >= 120 {
        for view in View::ALL {
            let role = if view == p.ui.view { Role::TextStrong } else { Role::FooterText };
            pairs.extend(shown(showing(view), role));
        }
        pairs.push((p.glyph(Glyph::Vertical).to_owned(), (String::new(), Role::Rule)));
    }
    let tabs = !pairs.is_empty();
    // The way back is among the views where these are shown.
    let may = actions.iter().copied().filter(|a| p.ui.may(a.entry().role) && !(tabs && *a == Action::Chats));
    pairs.extend(may.filter_map(|a| shown(a, Role::FooterText)));
    pairs
}

/// What can be done with a row of the list that is no chat.
fn beside_chats(p: &Paint) -> &'static [Action] {
    use Action::{Accept, Accounts, Filter, Help, Menu, NextAttention, Palette, Provider, Refuse, Regenerate, Restart};
    match p.ui.list.selected {
        Some(RowKey::Account(_)) => &[Menu, Restart, Accounts, NextAttention, Filter, Palette, Help],
        Some(RowKey::Provider(_)) => &[Menu, Regenerate, Provider, Accounts, NextAttention, Filter, Palette, Help],
        Some(RowKey::Item(_)) => &[Menu, Accept, Refuse, NextAttention, Filter, Palette, Help],
        Some(RowKey::Chat(_)) | None => &[NextAttention, Accounts, Filter, Palette, Help],
    }
}

/// A key as people say it.
pub fn pretty(key: &str, lang: Lang) -> String {
    match key {
        "enter" => "Enter".to_owned(),
        "space" => lang.pick("空格", "Space").to_owned(),
        "tab" => "Tab".to_owned(),
        _ => key.replace(' ', ""),
    }
}
