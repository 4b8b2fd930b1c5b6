//! Who talks: what needs a human on top, a line, then everybody, the one who spoke last first.

use std::collections::HashSet;

use ratatui::layout::Rect;

use super::lines;
use super::paint::{Paint, Span};
use crate::console::state::{Pane, RowKey, Ui};
use crate::console::theme::{Glyph, Role};
use crate::console::update::is_refused;
use crate::domain::*;

/// From so many columns on, the last words of a chat stand beside its name.
const PREVIEW: u16 = 45;

pub fn draw(p: &mut Paint, area: Rect) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    title(p, area);
    let Some(rows) = below_title(area) else { return };
    if p.ui.list.rows.is_empty() {
        let (zh, en) = match p.ui.list.filter.is_empty() {
            true => ("还没有会话", "no chats yet"),
            false => ("没有匹配的", "nothing matches"),
        };
        p.put(area.x + 1, rows.y, area.width - 1, p.lang().pick(zh, en), Role::TextDim);
        return;
    }
    let placed = placed(p.ui, rows);
    let namesakes = namesakes(p.ui, &placed);
    for (y, key) in placed {
        match key {
            Some(key) => row(p, Rect { y, height: 1, ..area }, key, &namesakes),
            None => {
                let line = p.ui.glyphs.horizontal(area.width.into(), p.ui.width);
                p.put(area.x, y, area.width, &line, Role::Rule);
            }
        }
    }
}

/// Names on the screen that several chats have.
fn namesakes(ui: &Ui, placed: &[(u16, Option<RowKey>)]) -> HashSet<String> {
    let mut seen = HashSet::new();
    let names = placed.iter().filter_map(|(_, key)| match key {
        Some(RowKey::Chat(id)) => Some(ui.name_of(*id)),
        _ => None,
    });
    names.filter(|name| !seen.insert(name.clone())).collect()
}

/// What tells a chat from another of its name: which account hears it, else the end of its number.
fn apart(ui: &Ui, id: ConversationId) -> String {
    let account = ui.snap.accounts.iter().find(|a| a.id == id.account).filter(|_| ui.snap.accounts.len() > 1);
    match account.map(|a| a.nickname.shown()).filter(|n| !n.is_empty()) {
        Some(name) => format!("@{}", ui.width.truncate(name, 8)),
        None => format!("#{}", id.peer.number().unsigned_abs() % 10_000),
    }
}

fn below_title(area: Rect) -> Option<Rect> {
    (area.height > 1).then(|| Rect { y: area.y + 1, height: area.height - 1, ..area })
}

/// Which row stands where; `None` is the line under what needs a human.
fn placed(ui: &Ui, area: Rect) -> Vec<(u16, Option<RowKey>)> {
    let list = &ui.list;
    let mut placed = Vec::new();
    let mut y = area.y;
    for (n, key) in list.rows.iter().enumerate().skip(list.top) {
        if n == list.urgent && n > 0 && n > list.top && y < area.bottom() {
            placed.push((y, None));
            y += 1;
        }
        if y >= area.bottom() {
            break;
        }
        placed.push((y, Some(*key)));
        y += 1;
    }
    placed
}

/// The row under the mouse.
pub fn row_at(ui: &Ui, area: Rect, y: u16) -> Option<RowKey> {
    placed(ui, below_title(area)?).into_iter().find(|(at, _)| *at == y)?.1
}

fn title(p: &mut Paint, area: Rect) {
    let list = &p.ui.list;
    let words = p.lang().pick("会话", "Chats");
    let chats = list.rows.len();
    let role = if p.ui.pane == Pane::List { Role::TextStrong } else { Role::TextDim };
    let x = p.put(area.x + 1, area.y, area.width - 1, words, role);
    let more = if list.more { "+" } else { "" };
    let x = p.put(x + 1, area.y, 8, &format!("{chats}{more}"), Role::TextDim);
    let right = area.x + area.width;
    let right = match list.marks.len() {
        0 => right,
        marks => p.put_right(right, area.y, 6, &format!("{}{marks}", p.glyph(Glyph::Marked)), Role::Mark),
    };
    if !list.filter.is_empty() {
        p.put(x + 1, area.y, right.saturating_sub(x + 2), &format!("/{}", list.filter), Role::SearchMatch);
    }
}

fn row(p: &mut Paint, area: Rect, key: RowKey, namesakes: &HashSet<String>) {
    let selected = p.ui.list.selected == Some(key);
    let (mark, name, tags) = content(p, key);
    let selection = area;
    // Where a column can be spared, what stands at the right is apart from the next pane.
    let spare = u16::from(area.width >= 24 && p.has_neighbour(area));
    let area = Rect { width: area.width - spare, ..area };
    let right = area.x + area.width;
    let x = p.spans(area.x, area.y, 2, &[mark]);
    // Where a column can be spared the sign stands apart from the name.
    let x = x.max(area.x + if area.width >= 24 { 2 } else { 1 });
    let mut tags = tags;
    let room = area.width.saturating_sub(x - area.x);
    let needs = |p: &Paint, tags: &[Span]| tags.iter().map(|(t, _)| p.cols(t) + 1).sum::<u16>();
    // Half a tag says nothing: the least important go, what is unread last.
    while tags.len() > 1 && needs(p, &tags) + (room / 3).min(p.cols(&name.0)) > room {
        let unread = tags.last().is_some_and(|(_, role)| *role == Role::Unread);
        tags.remove(tags.len() - 1 - usize::from(unread && tags.len() > 2));
    }
    let width: u16 = tags.iter().map(|(t, _)| p.cols(t)).sum::<u16>() + tags.len().saturating_sub(1) as u16;
    // The name gets at least half; the tags what is left, the most important first.
    let for_tags = width.min(room.saturating_sub((room / 3).min(p.cols(&name.0) + 1)));
    let names = room.saturating_sub(for_tags + u16::from(for_tags > 0));
    let mut end = p.put(x, area.y, names, &name.0, name.1);
    if let RowKey::Chat(id) = key
        && namesakes.contains(&name.0)
    {
        let (apart, room) = (apart(p.ui, id), (x + names).saturating_sub(end + 1));
        if p.cols(&apart) <= room {
            end = p.put(end + 1, area.y, room, &apart, Role::TextDim);
        }
    }
    if area.width >= PREVIEW
        && let Some(last) = last_words(p.ui, key)
    {
        // In a column of its own, so that the eye can run down it.
        let from = end.max(area.x + 18) + 1;
        let most = (x + names).saturating_sub(from);
        p.put(from, area.y, most, &crate::console::text::plain(&last), Role::TextDim);
    }
    let mut at = right.saturating_sub(for_tags);
    for (n, (text, role)) in tags.iter().enumerate() {
        if n > 0 {
            at += 1;
        }
        at = p.put(at, area.y, right.saturating_sub(at), text, *role);
    }
    if selected {
        let active = p.ui.pane == Pane::List && p.ui.composing.is_none();
        p.row_style(selection, if active { Role::Selection } else { Role::SelectionInactive });
    }
}

/// What was said last, on one line.
fn last_words(ui: &Ui, key: RowKey) -> Option<String> {
    let RowKey::Chat(id) = key else { return None };
    let last = match ui.chat_view(id) {
        Some(chat) => chat.tail.last().map(|l| &**l),
        None => ui.list.stored.get(&id).map(|c| &c.last),
    };
    Some(crate::words::one_line(&lines::named(ui, id.account, last?.text.shown()), 60))
}

fn content(p: &Paint, key: RowKey) -> (Span, Span, Vec<Span>) {
    let lang = p.lang();
    let urgent = || (p.glyph(Glyph::Attention).to_owned(), Role::AlertWarning);
    let blank = (" ".to_owned(), Role::Text);
    match key {
        RowKey::Account(id) => {
            let account = p.ui.snap.accounts.iter().find(|a| a.id == id);
            let name = account.map_or_else(
                || id.to_string(),
                |a| match a.nickname.shown() {
                    "" => id.to_string(),
                    name => name.to_owned(),
                },
            );
            let tags = account.map(|a| super::accounts::state(p, a)).into_iter().collect();
            ((p.glyph(Glyph::Warning).to_owned(), Role::LinkDown), (name, Role::LinkDown), tags)
        }
        RowKey::Provider(n) => {
            let provider = p.ui.snap.providers.get(n);
            let name = provider.map_or_else(String::new, |p| p.name.to_string());
            let state = provider.map(|p| (crate::words::provider_state(p.state, lang), Role::AlertWarning));
            ((p.glyph(Glyph::Refused).to_owned(), Role::AlertWarning), (name, Role::Text), state.into_iter().collect())
        }
        RowKey::Item(id) => match p.ui.item(id) {
            Some(item) => {
                (urgent(), (crate::words::item(&item.kind, lang), Role::Text), vec![("a/x".into(), Role::FooterKey)])
            }
            None => (blank, (String::new(), Role::Text), Vec::new()),
        },
        RowKey::Chat(id) => chat(p, id),
    }
}

fn chat(p: &Paint, id: ConversationId) -> (Span, Span, Vec<Span>) {
    let ui = p.ui;
    let lang = p.lang();
    let mut tags = Vec::new();
    let mut mark = (" ".to_owned(), Role::Text);
    for (_, item) in ui.items_of(id) {
        mark = (p.glyph(Glyph::Attention).to_owned(), Role::AlertWarning);
        tags.push(tag(p, &item.kind));
    }
    let mut name = (ui.name_of(id), Role::Text);
    if let Some(view) = ui.chat_view(id) {
        if !view.writing.is_empty() {
            mark = (p.glyph(Glyph::Streaming).to_owned(), Role::Streaming);
        }
        match view.mode {
            Mode::Auto => {}
            mode => {
                let until = view.state.mode.and_then(|(_, until)| until);
                let until = until.map_or_else(String::new, |u| p.age_left(u));
                tags.push((format!("{}{until}", crate::words::mode(mode, lang)), mode_role(mode)));
            }
        }
        if let Some(claim) = &view.claim {
            tags.push((format!("@{}", claim.operator.shown()), Role::NameOperator));
        }
        if view.state.paused {
            tags.push((lang.pick("暂停", "paused").to_owned(), Role::AlertWarning));
        }
        if is_refused(view) {
            if mark.0 == " " && ui.unread(view) > 0 {
                mark = (p.glyph(Glyph::Attention).to_owned(), Role::AlertWarning);
            }
            tags.push((
                format!("{}{}", p.glyph(Glyph::Refused), lang.pick("未放行", "not allowed")),
                Role::VerdictBlocked,
            ));
        }
        let unread = ui.unread(view);
        if unread > 0 {
            name.1 = Role::TextStrong;
            tags.push((unread.to_string(), Role::Unread));
        }
    } else {
        name.1 = Role::TextDim;
    }
    if ui.list.marks.contains(&id) {
        mark = (p.glyph(Glyph::Marked).to_owned(), Role::Mark);
    }
    tags.dedup_by(|a, b| a.0 == b.0);
    (mark, name, tags)
}

fn tag(p: &Paint, kind: &ItemKind) -> Span {
    let lang = p.lang();
    match kind {
        ItemKind::Draft { suggestion: false, .. } => (lang.pick("草稿", "draft").to_owned(), Role::Draft),
        ItemKind::Draft { .. } => (lang.pick("建议", "hint").to_owned(), Role::TextDim),
        ItemKind::Request(_) => (lang.pick("请求", "request").to_owned(), Role::AlertInfo),
        ItemKind::Unknown { .. } => (lang.pick("未知", "unknown").to_owned(), Role::DeliveryUnknown),
        ItemKind::Handover { .. } => (lang.pick("转人工", "human").to_owned(), Role::Handover),
        ItemKind::WhileOffline { count } => (format!("{}{count}", lang.pick("错过", "missed ")), Role::AlertInfo),
        ItemKind::Unread { .. } | ItemKind::BotMuted | ItemKind::Removed => {
            (crate::words::item_name(kind, lang), Role::AlertWarning)
        }
        ItemKind::Paused => (lang.pick("暂停", "paused").to_owned(), Role::AlertWarning),
    }
}

/// The colour of a mode.
pub fn mode_role(mode: Mode) -> Role {
    match mode {
        Mode::Auto => Role::Text,
        Mode::Draft => Role::Draft,
        Mode::Manual => Role::Manual,
        Mode::Muted => Role::Muted,
    }
}
