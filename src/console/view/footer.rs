//! The last row: the keys that matter now, or how a chord goes on.

use ratatui::layout::Rect;

use super::paint::{Paint, Span};
use crate::console::action::Action;
use crate::console::layer::{Grade, Layer, Topic};
use crate::console::state::{Pane, View};
use crate::console::theme::Role;
use crate::words::Lang;

pub fn draw(p: &mut Paint, area: Rect) {
    if area.height == 0 {
        return;
    }
    let mut spans = keys(p);
    if p.lang() == Lang::En {
        // Latin words need a blank before them; Chinese ones do not.
        spans.iter_mut().skip(1).step_by(2).for_each(|(word, _)| word.insert(0, ' '));
    }
    let mut x = area.x + 1;
    for pair in spans.chunks(2) {
        let cols: u16 = pair.iter().map(|(t, _)| p.cols(t)).sum();
        if x + cols > area.x + area.width {
            break;
        }
        x = p.spans(x, area.y, cols, pair) + p.lang().pick(1, 2);
    }
}

/// Pairs of a key and a word.
fn keys(p: &Paint) -> Vec<Span> {
    let lang = p.lang();
    let fixed = |pairs: &[(&str, &str, &str)]| {
        pairs
            .iter()
            .flat_map(|(key, zh, en)| {
                [((*key).to_owned(), Role::FooterKey), (lang.pick(*zh, *en).to_owned(), Role::FooterText)]
            })
            .collect::<Vec<_>>()
    };
    if let Some(layer) = p.ui.layers.last() {
        return match layer {
            Layer::Sheet(sheet) if sheet.filter.is_some() => fixed(&[
                ("↑↓", "选", "move"),
                ("Enter", "确定", "take"),
                ("Esc", "返回", "back"),
                ("abc", "筛选", "filter"),
            ]),
            Layer::Sheet(_) => fixed(&[
                ("1-9", "直选", "pick"),
                ("↑↓", "选", "move"),
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
                ("↑", "历史", "history"),
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
    if p.ui.composing.is_some() {
        return fixed(&[
            ("Enter", "发送", "send"),
            ("Alt-Enter", "换行", "new line"),
            ("Ctrl-U", "清行", "clear"),
            ("Esc", "收起（留草稿）", "put away (keeps it)"),
        ]);
    }
    if !p.ui.chord.is_empty() {
        let continued = p.ui.keymap.continuations(&p.ui.chord);
        return continued
            .filter(|(_, action)| action.entry().fits(p.ui.view))
            .flat_map(|(rest, action)| {
                [(rest, Role::FooterKey), (action.entry().short(lang).to_owned(), Role::FooterText)]
            })
            .collect();
    }
    let actions: &[Action] = match (p.ui.view, p.ui.pane) {
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
        (View::Chats, Pane::Chat) => &[
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
        (View::Accounts, _) => {
            &[Action::Menu, Action::Provider, Action::Regenerate, Action::Chats, Action::Palette, Action::Help]
        }
        (View::Alerts, _) => {
            &[Action::Menu, Action::Accept, Action::Refuse, Action::Chats, Action::Palette, Action::Help]
        }
        (View::Usage, _) => &[Action::NextPane, Action::Chats, Action::Palette, Action::Help],
        (View::Log, _) => &[Action::Chats, Action::Palette, Action::Help],
    };
    let wide = p.ui.settings.size.0 >= 120;
    let views = View::ALL.iter().map(|v| v.action()).filter(|_| wide);
    let mut spans = Vec::new();
    for action in views.chain(actions.iter().copied().filter(|a| p.ui.may(a.entry().role))) {
        if let Some(key) = p.ui.keymap.key_of(action) {
            spans.push((pretty(&key), Role::FooterKey));
            spans.push((action.entry().short(lang).to_owned(), Role::FooterText));
        }
    }
    spans
}

/// A key as people say it.
pub fn pretty(key: &str) -> String {
    match key {
        "enter" => "Enter".to_owned(),
        "space" => "空格".to_owned(),
        "tab" => "Tab".to_owned(),
        _ => key.to_owned(),
    }
}
