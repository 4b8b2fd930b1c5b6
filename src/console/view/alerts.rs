//! What is wrong, and what needs a human, everywhere, with the keys that deal with it.
//!
//! ```text
//!  ▲ 严重 小助手 (10001) 的适配器断开      8分  a 确认  s 静默
//!     1006；webhook 已通知
//!  ⚑ 草稿   王芳                    4分  a 发出  x 否决  i 改
//!  ✓ 提示 GPU 0 显存快满   23:10 持续 12 分钟
//! ```

use ratatui::layout::Rect;

use super::paint::{Paint, Span, time};
use super::{accounts, chat, narrow};
use crate::console::state::{RowKey, Ui, View};
use crate::console::text::{Columns, wrap};
use crate::console::theme::{Glyph, Role};
use crate::console::update::{Matter, matters};
use crate::domain::*;
use crate::words;

/// From so many rows on the selected matter is shown below the list.
const TALL: u16 = 20;

pub fn draw(p: &mut Paint, area: Rect) {
    let rows = matters(p.ui);
    if rows.is_empty() && !p.ui.narrowed(View::Alerts).is_empty() {
        return narrow::nothing(p, area);
    }
    if rows.is_empty() {
        let words = p.lang().pick("没有告警，也没有等人处理的事", "Nothing is wrong, and nothing needs you");
        p.put(area.x + 2, area.y + 1, area.width, &format!("{} {words}", p.glyph(Glyph::Done)), Role::VerdictReplied);
        return;
    }
    let at = p.ui.alerts.at.min(rows.len() - 1);
    let area = match area.height {
        // What it is about is shown below, so that it can be judged before it is dealt with.
        TALL.. => {
            let list = (u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_mul(2)).min(area.height / 2);
            let below = Rect { y: area.y + list, height: area.height - list, ..area };
            closer(p, below, rows[at]);
            Rect { height: list, ..area }
        }
        _ => area,
    };
    // Two rows each: what, and its words.
    let height = usize::from(area.height / 2).max(1);
    let top = (at + 1).saturating_sub(height);
    let mut y = area.y;
    for (n, key) in rows.iter().enumerate().skip(top) {
        if y >= area.bottom() {
            break;
        }
        let (head, detail) = match key {
            Matter::Alert(id) => alert(p, *id),
            Matter::Row(key) => row(p, *key),
        };
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

/// The selected matter: an alert's figures, or the chat in which somebody is waited for.
fn closer(p: &mut Paint, area: Rect, matter: Matter) {
    let (title, chat) = match matter {
        Matter::Alert(id) => {
            (p.ui.alert(id).map_or_else(String::new, |view| words::alert_name(&view.alert, p.lang())), None)
        }
        Matter::Row(RowKey::Item(id)) => {
            let Some(item) = p.ui.item(id) else { return };
            let kind = words::item_name(&item.kind, p.lang());
            (item.conversation.map_or(kind, |id| p.ui.name_of(id)), item.conversation)
        }
        Matter::Row(RowKey::Chat(id)) => (p.ui.name_of(id), Some(id)),
        Matter::Row(RowKey::Account(_) | RowKey::Provider(_)) => (String::new(), None),
    };
    let line = p.ui.glyphs.horizontal(area.width.into(), p.ui.width);
    p.put(area.x, area.y, area.width, &line, Role::Rule);
    if !title.is_empty() {
        p.put(area.x + 2, area.y, area.width.saturating_sub(3), &format!(" {title} "), Role::TextStrong);
    }
    let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let rows = match (matter, chat) {
        (_, Some(id)) => return chat::draw(p, inner, id, false),
        (Matter::Alert(id), _) => details(p.ui, id, inner.width.into()),
        (Matter::Row(RowKey::Account(id)), _) => {
            let place = p.ui.snap.accounts.iter().position(|a| a.id == id);
            place.map(|n| accounts::account(p, n, inner.width)).unwrap_or_default()
        }
        (Matter::Row(RowKey::Provider(n)), _) => accounts::provider(p, n, inner.width),
        (Matter::Row(RowKey::Item(id)), None) => request(p, id, inner.width),
        _ => Vec::new(),
    };
    for (y, row) in (inner.y..inner.bottom()).zip(rows) {
        p.spans(inner.x + 1, y, inner.width.saturating_sub(2), &row);
    }
}

/// A request in full: what is said along with it, to which account, and what an answer does.
fn request(p: &Paint, id: ItemId, width: u16) -> Vec<Vec<Span>> {
    let (Some(item), lang) = (p.ui.item(id), p.lang()) else { return Vec::new() };
    let said = words::item(&item.kind, lang);
    let wrapped = wrap(&said, Columns::same(usize::from(width).saturating_sub(4).max(8)), p.ui.width, 4 << 10);
    let piece = |piece: &crate::console::text::Line| {
        vec![(format!(" {}", crate::console::text::plain(piece.of(&said))), Role::Text)]
    };
    let mut rows: Vec<Vec<Span>> = wrapped.lines.iter().map(piece).collect();
    if let ItemKind::Request(request) = &item.kind {
        let account = p.ui.snap.accounts.iter().find(|a| a.id == request.account);
        let name = account.map_or_else(|| request.account.to_string(), |a| a.nickname.shown().to_owned());
        let at = time(p.ui, item.since);
        rows.push(vec![(format!(" {at} → {name}"), Role::TextDim)]);
    }
    rows.push(Vec::new());
    let (zh, en) = (
        "同意之后，它说的话还要过放行名单（w）；拒绝时可以附一句",
        "once accepted, what is said still has to pass the access list (w); a refusal can carry a word",
    );
    rows.push(vec![(format!(" {}", lang.pick(zh, en)), Role::TextDim)]);
    rows
}

/// The colour of a severity.
pub fn role(severity: Severity) -> Role {
    match severity {
        Severity::Info => Role::AlertInfo,
        Severity::Warning => Role::AlertWarning,
        Severity::Critical => Role::AlertCritical,
    }
}

/// An alert in two rows: what, since when, which keys; more of it and who was told.
fn alert(p: &Paint, id: AlertId) -> (Vec<Span>, String) {
    let lang = p.lang();
    let Some(view) = p.ui.alert(id) else { return Default::default() };
    let a = &view.alert;
    let over = a.state == AlertState::Resolved;
    let (glyph, role) = match a.state {
        AlertState::Firing => (Glyph::Warning, role(a.severity)),
        AlertState::Pending => (Glyph::Pending, Role::AlertInfo),
        AlertState::Resolved => (Glyph::Done, Role::TextDim),
    };
    let narrow = p.ui.settings.size.0 < 60;
    let name = words::alert_name(a, lang);
    let mut head = vec![(format!("{} ", p.glyph(glyph)), role)];
    if !narrow {
        head.push((p.ui.width.fit_left(&words::severity(a.severity, lang), lang.pick(5, 9)), role));
    }
    let strong = if over { Role::TextDim } else { Role::TextStrong };
    let room = match p.ui.settings.size.0 {
        ..60 => 22,
        60..100 => 38,
        _ => 52,
    };
    head.push((format!("{} ", p.ui.width.fit_left(&name, room)), strong));
    match a.until {
        Some(until) => head.push((format!("{}  ", p.age(until)), Role::Time)),
        None => head.push((format!("{}  ", p.age(a.since)), Role::Time)),
    }
    if over {
        let lasted = words::span(a.lasted, lang);
        let worst = words::measured(a.metric, a.peak);
        let worst = if worst.is_empty() { worst } else { format!(" · {}{worst}", lang.pick("最坏 ", "at worst ")) };
        head.push((format!("{}{lasted}{worst}", lang.pick("持续 ", "lasted ")), Role::TextDim));
    } else {
        let keys = if a.acked.is_some() {
            lang.pick("s 静默", "s silences")
        } else {
            lang.pick("a 确认  s 静默", "a takes note  s silences")
        };
        head.push((keys.to_owned(), Role::FooterKey));
    }
    let marks = words::alert_marks(view, lang);
    let plain = marks == words::alert_state(a.state, lang) && a.state != AlertState::Pending;
    let more = [if plain { String::new() } else { marks }, words::alert_detail(a, lang), words::alert_told(a, lang)];
    let more: Vec<_> = more.into_iter().filter(|part| !part.is_empty()).collect();
    (head, if over { String::new() } else { more.join(" · ") })
}

/// Everything about an alert.
pub fn details(ui: &Ui, id: AlertId, width: usize) -> Vec<Vec<Span>> {
    let lang = ui.lang();
    let Some(view) = ui.alert(id) else {
        let (zh, en) = (
            "这条告警已不在眼前；qqdeck ctl alerts --history 20 里有",
            "it is no longer at hand; see qqdeck ctl alerts --history 20",
        );
        return vec![vec![(format!(" {}", lang.pick(zh, en)), Role::TextDim)]];
    };
    let a = &view.alert;
    let mut rows = vec![vec![
        (format!(" {} ", words::severity(a.severity, lang)), role(a.severity)),
        (words::alert_name(a, lang), Role::TextStrong),
    ]];
    let mut pair = |name: &str, value: String| {
        if value.is_empty() {
            return;
        }
        let room = width.saturating_sub(14).max(8);
        let wrapped = wrap(&value, Columns::same(room), ui.width, 16 << 10);
        for (n, piece) in wrapped.lines.iter().enumerate() {
            let name = if n == 0 { name } else { "" };
            rows.push(vec![
                (format!(" {} ", ui.width.fit_left(name, 10)), Role::TextDim),
                (crate::console::text::plain(piece.of(&value)).into_owned(), Role::Text),
            ]);
        }
    };
    let at = |at: Wall| format!("{} {}", super::lines::date(ui, at), time(ui, at));
    pair(lang.pick("状态", "state"), words::alert_marks(view, lang));
    pair(lang.pick("规则", "rule"), a.fingerprint());
    pair(lang.pick("量的是", "measure"), words::metric(a.metric, lang));
    pair(lang.pick("现在", "now"), words::measured(a.metric, a.value));
    pair(lang.pick("最坏", "worst"), words::measured(a.metric, a.peak));
    pair(lang.pick("阈值", "threshold"), words::measured(a.metric, a.threshold));
    pair(lang.pick("说明", "more"), words::alert_detail(a, lang));
    pair(lang.pick("开始", "since"), at(a.since));
    pair(lang.pick("告警", "fired"), a.fired.map_or_else(String::new, at));
    pair(lang.pick("恢复", "over"), a.until.map_or_else(String::new, at));
    if let Some((until, by)) = &view.silenced {
        pair(lang.pick("静默到", "silent to"), format!("{} @{}", at(*until), by.shown()));
    }
    rows.push(Vec::new());
    rows.push(vec![(format!(" {}", lang.pick("通知了谁", "Who was told")), Role::TextStrong)]);
    for told in &a.told {
        let role = if told.fault.is_some() { Role::AlertWarning } else { Role::Text };
        rows.push(vec![
            (format!("  {} ", at(told.at)), Role::Time),
            (format!("{} ", words::quoted(&told.to)), Role::TextStrong),
            (words::how_told(told, lang), role),
        ]);
    }
    if a.told.is_empty() {
        rows.push(vec![(format!("  {}", lang.pick("还没有", "nobody yet")), Role::TextDim)]);
    }
    rows
}

/// What waits, in the words of whoever said it where they are at hand.
fn about(p: &Paint, item: &Item) -> String {
    let said = |seq: Seq| {
        let id = item.conversation?;
        let line = p.ui.lines(id).into_iter().find(|line| line.seq == seq)?;
        let text = super::lines::named(p.ui, id.account, line.text.shown()).into_owned();
        Some(format!("{}{}{text}", words::author(&line.author, p.lang()), p.lang().pick("：", ": ")))
    };
    match item.kind {
        ItemKind::Handover { line } => said(line),
        _ => None,
    }
    .unwrap_or_else(|| words::item(&item.kind, p.lang()))
}

fn row(p: &Paint, key: RowKey) -> (Vec<Span>, String) {
    let lang = p.lang();
    let (kinds, chats) = if p.ui.settings.size.0 < 60 { (7, 10) } else { (10, 16) };
    match key {
        RowKey::Item(id) => {
            let Some(item) = p.ui.item(id) else { return Default::default() };
            let chat = match (&item.kind, item.conversation) {
                (_, Some(chat)) => p.ui.name_of(chat),
                (ItemKind::Request(request), None) => request.user.to_string(),
                _ => String::new(),
            };
            let keys = match item.kind {
                ItemKind::Draft { .. } => lang.pick("a 发出  x 否决  i 改", "a sends  x drops  i edits"),
                ItemKind::Request(_) => lang.pick("a 同意  x 拒绝", "a accepts  x refuses"),
                ItemKind::Paused | ItemKind::BotMuted => lang.pick("a 恢复发送", "a resumes"),
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
            head.extend(keys.split_inclusive("  ").map(|key| (key.to_owned(), Role::FooterKey)));
            let most = p.ui.settings.size.0.saturating_sub(2);
            (p.whole(head, most), about(p, item))
        }
        RowKey::Account(id) => {
            let Some(a) = p.ui.snap.accounts.iter().find(|a| a.id == id) else { return Default::default() };
            let head = vec![
                (format!("{} ", p.glyph(Glyph::Warning)), Role::LinkDown),
                (format!("{} {} ", a.nickname.shown(), a.id), Role::TextStrong),
                accounts::state(p, a),
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
            (head, v.failure.as_ref().map_or_else(String::new, |error| words::provider_error(error, lang)))
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
