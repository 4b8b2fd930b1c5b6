//! What needs a human, everywhere, with the keys that deal with it.

use ratatui::layout::Rect;

use super::header;
use super::paint::{Paint, Span};
use crate::console::state::RowKey;
use crate::console::theme::{Glyph, Role};
use crate::console::update::attention;
use crate::domain::*;
use crate::words;

pub fn draw(p: &mut Paint, area: Rect) {
    let rows = attention(p.ui);
    if rows.is_empty() {
        let words = p.lang().pick("没有等人处理的事", "Nothing needs you");
        p.put(area.x + 2, area.y + 1, area.width, &format!("{} {words}", p.glyph(Glyph::Done)), Role::VerdictReplied);
        return;
    }
    let at = p.ui.alerts.at.min(rows.len() - 1);
    // Two rows each: what, and its words.
    let height = usize::from(area.height / 2).max(1);
    let top = (at + 1).saturating_sub(height);
    let mut y = area.y;
    for (n, key) in rows.iter().enumerate().skip(top) {
        if y >= area.bottom() {
            break;
        }
        let (head, detail) = row(p, *key);
        p.spans(area.x + 1, y, area.width - 1, &head);
        if n == at {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
        y += 1;
        if y < area.bottom() && !detail.is_empty() {
            let text = crate::console::text::plain(&detail).into_owned();
            p.put(area.x + 4, y, area.width.saturating_sub(5), &text, Role::TextDim);
            y += 1;
        }
    }
}

fn row(p: &Paint, key: RowKey) -> (Vec<Span>, String) {
    let lang = p.lang();
    let (kinds, chats) = if p.ui.settings.size.0 < 60 { (7, 10) } else { (10, 16) };
    match key {
        RowKey::Item(id) => {
            let Some(item) = p.ui.item(id) else { return Default::default() };
            let chat = item.conversation.map_or_else(String::new, |c| p.ui.name_of(c));
            let keys = match item.kind {
                ItemKind::Draft { .. } => lang.pick("a 发出  x 否决  i 改", "a sends  x drops  i edits"),
                ItemKind::Request(_) => lang.pick("a 同意  x 拒绝", "a accepts  x refuses"),
                ItemKind::Paused => lang.pick("a 恢复发送", "a resumes"),
                _ => lang.pick("a 处理完了", "a done with"),
            };
            let mut head = vec![
                (format!("{} ", p.glyph(Glyph::Attention)), Role::AlertWarning),
                (format!("{} ", p.ui.width.fit_left(&words::item_name(&item.kind, lang), kinds)), Role::TextStrong),
                (format!("{} ", p.ui.width.fit_left(&chat, chats)), Role::Text),
                (format!("{}  ", p.age(item.since)), Role::Time),
            ];
            if let Some(until) = item.expires {
                head.push((format!("{}{}  ", lang.pick("还剩 ", "left "), p.age_left(until)), Role::AlertInfo));
            }
            head.push((keys.to_owned(), Role::FooterKey));
            (head, words::item(&item.kind, lang))
        }
        RowKey::Account(id) => {
            let Some(a) = p.ui.snap.accounts.iter().find(|a| a.id == id) else { return Default::default() };
            let head = vec![
                (format!("{} ", p.glyph(Glyph::Warning)), Role::LinkDown),
                (format!("{} {} ", a.nickname.shown(), a.id), Role::TextStrong),
                header::state(p, a),
            ];
            (head, a.reason.shown().to_owned())
        }
        RowKey::Provider(n) => {
            let Some(v) = p.ui.snap.providers.get(n) else { return Default::default() };
            let head = vec![
                (format!("{} ", p.glyph(Glyph::Refused)), Role::AlertWarning),
                (format!("{} ", v.name), Role::TextStrong),
                (format!("{}  ", words::provider_state(v.state, lang)), Role::AlertWarning),
                (lang.pick("r 重试", "r tries again").to_owned(), Role::FooterKey),
            ];
            (head, v.words.clone().unwrap_or_default())
        }
        RowKey::Chat(id) => {
            let head = vec![
                (format!("{} ", p.glyph(Glyph::Refused)), Role::VerdictBlocked),
                (format!("{} ", p.ui.width.fit_left(lang.pick("未放行", "refused"), kinds)), Role::TextStrong),
                (format!("{} ", p.ui.width.fit_left(&p.ui.name_of(id), chats)), Role::Text),
                (lang.pick("w 放行", "w lets in").to_owned(), Role::FooterKey),
            ];
            let last = p.ui.chat_view(id).and_then(|c| c.tail.iter().rev().find(|l| !l.author.is_ours()).cloned());
            (
                head,
                last.map_or_else(String::new, |l| super::lines::named(p.ui, id.account, l.text.shown()).into_owned()),
            )
        }
    }
}
