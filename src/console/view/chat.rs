//! One conversation: how it stands, what is said, what is being written.

use ratatui::layout::Rect;

use super::accounts;
use super::card;
use super::lines::{self, Row};
use super::paint::{Paint, Span};
use super::unsent;
use crate::console::state::RowKey;
use crate::console::text::figures;
use crate::console::theme::{Glyph, Role};
use crate::domain::*;

/// One or two rows: its name and number, who answers, with what.
pub fn title(p: &mut Paint, area: Rect, id: ConversationId, active: bool) {
    if area.height == 0 {
        return;
    }
    let lang = p.lang();
    let name = p.ui.width.truncate(&p.ui.name_of(id), usize::from(area.width / 2).max(12)).into_owned();
    let kind = if id.peer.is_group() { lang.pick("群", "group") } else { lang.pick("私聊", "private") };
    let strong = if active { Role::TextStrong } else { Role::Text };
    let mut first: Vec<Span> = vec![(format!(" {kind} {name}"), strong)];
    if name != id.peer.number().to_string() {
        first.push((format!(" {}", id.peer.number()), Role::TextDim));
    }
    let mut second: Vec<Span> = Vec::new();
    if let Some(chat) = p.ui.chat_view(id).cloned() {
        let until = chat.state.mode.and_then(|(_, until)| until);
        let left = until.map_or_else(String::new, |u| format!(" {}", p.age_left(u)));
        first.push((
            format!(" {} {}{left}", p.glyph(Glyph::Dot), crate::words::mode(chat.mode, lang)),
            super::list::mode_role(chat.mode),
        ));
        if !chat.persona.is_empty() {
            first.push((format!(" {} {}", p.glyph(Glyph::Dot), chat.persona), Role::TextDim));
        }
        let providers: Vec<&str> = match &chat.provider {
            Some(name) => vec![name],
            None => {
                let mut all: Vec<_> = p.ui.snap.providers.iter().filter(|v| v.state != ProviderState::Off).collect();
                all.sort_by_key(|v| v.tier);
                all.into_iter().map(|v| &*v.name).collect()
            }
        };
        first.push((format!(" {} {}", p.glyph(Glyph::Dot), providers.join(p.glyph(Glyph::To))), Role::TextDim));
        if let Some(window) = chat.window {
            second.push((
                format!(
                    " {} {}/{} {}/{} tok",
                    lang.pick("窗口", "window"),
                    window.lines,
                    window.of,
                    figures::count(window.tokens.into(), lang),
                    figures::count(window.room.into(), lang)
                ),
                Role::TextDim,
            ));
        }
        if chat.today.input + chat.today.output > 0 {
            second.push((
                format!(" {} {}", lang.pick("今日", "today"), figures::money(chat.today.cost, lang)),
                Role::Money,
            ));
        }
        if let Some(claim) = &chat.claim {
            let mine = claim.operator == p.ui.settings.operator.name;
            let who = if mine { lang.pick("你", "you") } else { claim.operator.shown() };
            second.push((format!(" {} {who}", lang.pick("认领", "claimed by")), Role::NameOperator));
        }
        if chat.state.paused {
            second
                .push((format!(" {}", lang.pick("发送暂停 gs恢复", "sending paused, gs resumes")), Role::AlertWarning));
        }
        if let Some(until) = chat.state.bot_muted.filter(|u| *u > p.ui.now.wall) {
            second.push((
                format!(" {} {}", lang.pick("被禁言", "muted by the group"), p.age_left(until)),
                Role::AlertWarning,
            ));
        }
        if !chat.state.note.is_empty() {
            second.push((
                format!(" {}{}", p.glyph(Glyph::Draft), Text::from(chat.state.note.as_str()).shown()),
                Role::TextDim,
            ));
        }
    }
    let most = area.width - u16::from(p.has_neighbour(area));
    let shown = p.whole(first.clone(), most);
    p.spans(area.x, area.y, most, &shown);
    // What has no room beside its name stands below, where there is a row for it.
    let rest = first.split_off(shown.len());
    let rest = rest.into_iter().map(|(text, role)| (text.replacen(&format!("{} ", p.glyph(Glyph::Dot)), "", 1), role));
    second = rest.chain(second).collect();
    if area.height > 1 && !second.is_empty() {
        let second = p.whole(second, most);
        p.spans(area.x, area.y + 1, most, &second);
    }
}

/// What is said, the newest at the bottom.
pub fn draw(p: &mut Paint, area: Rect, id: ConversationId, active: bool) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    let all = p.ui.lines(id);
    let known = p.ui.chats.get(&id);
    let bottom = known.and_then(|c| c.bottom);
    let end = bottom.map_or(all.len(), |seq| all.partition_point(|l| l.seq <= seq));
    let hidden = all.len() - end;
    // A row of its own: over the last line it would hide what became of it.
    let area = Rect { height: area.height - u16::from(hidden > 0 && area.height > 1), ..area };
    let mut blocks: Vec<(Option<Seq>, Drawn)> = Vec::new();
    if bottom.is_none() {
        let unsent = unsent::rows(p.ui, id, area.width);
        blocks.extend(unsent.into_iter().rev().map(|row| (None, Drawn::Row(row))));
    }
    for n in (0..end).rev() {
        if blocks.len() > usize::from(area.height) {
            break;
        }
        let line = all[n];
        let before = n.checked_sub(1).map(|b| &**all[b]);
        blocks.extend(lines::rows(p.ui, line, area.width).into_iter().rev().map(|r| (Some(line.seq), Drawn::Row(r))));
        let heads = lines::heading(p.ui, before, line);
        blocks.extend(heads.into_iter().rev().map(|(words, role)| (None, Drawn::Heading(words, role))));
    }
    let at = known.and_then(|c| c.at);
    let mut y = area.bottom();
    for (seq, drawn) in blocks {
        if y == area.y {
            break;
        }
        y -= 1;
        let row = Rect { y, height: 1, ..area };
        match drawn {
            Drawn::Row(content) => {
                let selected = seq.is_some() && seq == at && active;
                self::row(p, row, &content, selected);
            }
            Drawn::Heading(words, role) => heading(p, row, &words, role),
        }
    }
    below(p, Rect { y: area.bottom(), height: 1, ..area }, hidden);
    let loading = known.is_some_and(|c| c.loading);
    if hidden == 0 && !loading {
        card(p, Rect { height: y - area.y, ..area }, id);
    }
}

/// How a quiet chat stands, in the room above its first line.
fn card(p: &mut Paint, area: Rect, id: ConversationId) {
    // Only where it stands apart from what is said; where there is no room, not even looked up.
    if area.width < 40 || area.height < 9 {
        return;
    }
    let rows = card::rows(p.ui, id);
    if usize::from(area.height) < rows.len() + 4 {
        return;
    }
    for (y, row) in (area.y + 1..).zip(rows) {
        p.spans(area.x, y, area.width.saturating_sub(1), &row);
    }
}

/// What the selected row is, where it is no chat; or what could be done first.
pub fn no_chat(p: &mut Paint, area: Rect) {
    let lang = p.lang();
    let mut rows = match p.ui.list.selected {
        Some(RowKey::Account(id)) => {
            let place = p.ui.snap.accounts.iter().position(|a| a.id == id);
            let mut rows = place.map(|n| accounts::account(p, n, area.width)).unwrap_or_default();
            let (zh, en) =
                ("登录适配器看看；回来了这里会自己好", "look at the adapter; this mends itself when it is back");
            rows.push(vec![(lang.pick(zh, en).to_owned(), Role::TextDim)]);
            rows
        }
        Some(RowKey::Provider(n)) => {
            let mut rows = accounts::provider(p, n, area.width);
            rows.push(vec![
                ("r ".to_owned(), Role::FooterKey),
                (lang.pick("重试   ", "try again   ").to_owned(), Role::TextDim),
                ("2 ".to_owned(), Role::FooterKey),
                (lang.pick("账号与模型", "accounts and models").to_owned(), Role::TextDim),
            ]);
            rows
        }
        Some(RowKey::Item(id)) => match p.ui.item(id) {
            Some(item) => vec![
                vec![(crate::words::item(&item.kind, lang), Role::Text)],
                vec![
                    ("a ".to_owned(), Role::FooterKey),
                    (lang.pick("同意   ", "accept   ").to_owned(), Role::TextDim),
                    ("x ".to_owned(), Role::FooterKey),
                    (lang.pick("拒绝", "refuse").to_owned(), Role::TextDim),
                ],
            ],
            None => Vec::new(),
        },
        _ if p.ui.list.rows.is_empty() => vec![
            vec![(lang.pick("还没有人说过话", "nobody has said anything yet").to_owned(), Role::TextDim)],
            vec![
                ("2 ".to_owned(), Role::FooterKey),
                (lang.pick("看账号连上没有   ", "is an account connected   ").to_owned(), Role::TextDim),
                ("gw ".to_owned(), Role::FooterKey),
                (lang.pick("挑群放行", "pick groups to let in").to_owned(), Role::TextDim),
            ],
        ],
        _ => vec![vec![(lang.pick("左边选一个会话", "choose a chat on the left").to_owned(), Role::TextDim)]],
    };
    rows.truncate(usize::from(area.height).saturating_sub(1));
    for (y, row) in (area.y + 1..).zip(rows) {
        p.spans(area.x + 2, y, area.width.saturating_sub(3), &row);
    }
}

enum Drawn {
    Row(Row),
    Heading(String, Role),
}

fn row(p: &mut Paint, area: Rect, row: &Row, selected: bool) {
    let mut x = area.x;
    let mut hits: Vec<(u16, &str)> = Vec::new();
    let right: u16 = row.right.iter().map(|(t, _)| p.cols(t)).sum::<u16>().min(area.width);
    for (text, role) in &row.left {
        let most = (area.x + area.width).saturating_sub(x);
        if *role == Role::SearchMatch {
            hits.push((x, text));
        }
        x = match (role, row.speaker) {
            (Role::NameUser, Some(id)) => {
                let style = p.ui.theme.name_of(id.0.unsigned_abs());
                p.put_styled(x, area.y, most, text, style)
            }
            _ => p.put(x, area.y, most, text, *role),
        };
    }
    if right > 0 {
        // Not against the line of the next pane; the room is there, for words stop a column earlier, too.
        let edge = area.right() - u16::from(p.has_neighbour(area));
        p.spans(edge.saturating_sub(right).max(area.x), area.y, right, &row.right);
    }
    if selected {
        p.row_style(area, Role::Selection);
        // What was looked for stands out in the selected row, too.
        for (x, text) in hits {
            p.put(x, area.y, area.right().saturating_sub(x), text, Role::SearchMatch);
        }
    }
}

fn heading(p: &mut Paint, area: Rect, words: &str, role: Role) {
    let line = p.ui.glyphs.horizontal(area.width.into(), p.ui.width);
    p.put(area.x, area.y, area.width, &line, Role::Rule);
    let cols = p.cols(words) + 2;
    let x = area.x + area.width.saturating_sub(cols) / 2;
    p.put(x, area.y, cols, &format!(" {words} "), role);
}

/// More below: one has scrolled away.
fn below(p: &mut Paint, area: Rect, lines: usize) {
    if lines == 0 {
        return;
    }
    let words = format!("{}{lines} {}", p.glyph(Glyph::Below), p.lang().pick("新 G", "below, G"));
    heading(p, area, &words, Role::Unread);
}
