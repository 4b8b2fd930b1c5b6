//! Beside a wide chat: why the selected message was or was not answered, then accounts and models.

use ratatui::layout::Rect;

use super::paint::{Paint, Span, took};
use super::{accounts, gates, machine, made};
use crate::console::state::Pane;
use crate::console::text::{Columns, wrap};
use crate::console::theme::{Glyph, Role};

pub fn draw(p: &mut Paint, area: Rect) {
    if area.height < 3 {
        return;
    }
    let mut y = area.y;
    let selected = p.ui.line().filter(|l| !l.author.is_ours());
    let last = || p.ui.chat().and_then(|id| p.ui.lines(id).into_iter().rev().find(|l| !l.author.is_ours()).cloned());
    if let Some(line) = selected.or_else(last) {
        let words = match p.ui.pane {
            Pane::Chat | Pane::Beside(_) => p.lang().pick("为什么（所选消息）", "Why (selected)"),
            Pane::List => p.lang().pick("为什么（最后一条）", "Why (the last one)"),
        };
        y = section(p, area, y, words, false);
        for row in gates::rows(p.ui, &line) {
            y = spans(p, area, y, &row);
        }
        y += 1;
    }
    y = made(p, area, y);
    y = section(p, area, y, p.lang().pick("账号", "Accounts"), true);
    for n in 0..p.ui.snap.accounts.len() {
        let row = accounts::account_short(p, n);
        y = spans(p, area, y, &row);
    }
    y = section(p, area, y + 1, p.lang().pick("模型", "Models"), true);
    for n in 0..p.ui.snap.providers.len() {
        for row in accounts::provider_short(p, n) {
            y = spans(p, area, y, &row);
        }
    }
    if let Some(gauges) = p.ui.snap.gauges.clone() {
        for row in gauges.gpus.iter().flat_map(|gpu| machine::card_short(p, gpu)).collect::<Vec<_>>() {
            y = spans(p, area, y, &row);
        }
        if let Some(why) = &gauges.no_gpu {
            y = spans(p, area, y, &machine::no_card(p, why));
        }
    }
    y = latency(p, area, y + 1);
    // Graphs of nothing are left out.
    if *p.ui.snap.trends != crate::domain::Trends::default() && y + 2 < area.bottom() {
        let title = machine::reach(p);
        let y = section(p, area, y + 1, &title, true);
        let width = area.width.saturating_sub(1);
        machine::graphs(p, Rect { x: area.x + 1, y, width, height: area.bottom().saturating_sub(y) });
    }
}

/// How the answer was made, where the selected line is one or got one.
fn made(p: &mut Paint, area: Rect, y: u16) -> u16 {
    let Some(line) = p.ui.line() else { return y };
    let lines = p.ui.lines(line.conversation);
    let Some(making) = made::reply_of(&lines, line.seq).and_then(|l| l.making.clone()) else { return y };
    let words = format!("{} {} {}", p.lang().pick("回答", "Answer"), p.glyph(Glyph::Dot), making.model);
    let y = section(p, area, y, &words, true);
    made::rows(p, &making).into_iter().fold(y, |y, row| spans(p, area, y, &row)) + 1
}

fn latency(p: &mut Paint, area: Rect, y: u16) -> u16 {
    let l = p.ui.snap.latency;
    if l.total.p50.is_none() {
        return y;
    }
    let mut y = section(p, area, y, p.lang().pick("用时 p50 / p95", "Latency p50 / p95"), true);
    for (zh, en, stage) in [
        ("排队", "queue", l.queue),
        ("首字", "first text", l.first_text),
        ("生成", "writing", l.generation),
        ("发送", "sending", l.send),
    ] {
        let (Some(p50), Some(p95)) = (stage.p50, stage.p95) else { continue };
        let name = p.ui.width.fit_left(p.lang().pick(zh, en), 11);
        y = spans(
            p,
            area,
            y,
            &[(format!(" {name}"), Role::TextDim), (format!("{} / {}", took(p50), took(p95)), Role::Text)],
        );
    }
    y
}

fn section(p: &mut Paint, area: Rect, y: u16, words: &str, ruled: bool) -> u16 {
    if y >= area.bottom() {
        return y;
    }
    if ruled {
        let line = p.ui.glyphs.horizontal(usize::from(area.width).saturating_sub(1), p.ui.width);
        p.put(area.x + 1, y, area.width - 1, &line, Role::Rule);
        p.put(area.x + 2, y, area.width - 2, &format!(" {words} "), Role::TextDim);
    } else {
        p.put(area.x + 1, y, area.width - 1, words, Role::TextStrong);
    }
    y + 1
}

/// A row that may need more than one.
fn spans(p: &mut Paint, area: Rect, y: u16, row: &[Span]) -> u16 {
    if y >= area.bottom() {
        return y;
    }
    let cols: u16 = row.iter().map(|(t, _)| p.cols(t)).sum();
    if cols <= area.width {
        p.spans(area.x, y, area.width, row);
        return y + 1;
    }
    // Only the last piece is prose; it goes on below.
    let Some(((text, role), front)) = row.split_last() else { return y };
    let x = p.spans(area.x, y, area.width, front);
    let indent = 3;
    let columns =
        Columns { first: (area.x + area.width).saturating_sub(x).into(), rest: usize::from(area.width - indent) };
    let whole = usize::from(p.cols(text));
    if whole > columns.first && whole <= columns.rest {
        // A figure stays in one piece.
        let below = (y + 1).min(area.bottom().saturating_sub(1));
        p.put(area.x + indent, below, area.width - indent, text, *role);
        return y + 2;
    }
    let mut y = y;
    for (n, piece) in wrap(text, columns, p.ui.width, 600).lines.iter().enumerate() {
        if y >= area.bottom() {
            break;
        }
        let x = if n == 0 { x } else { area.x + indent };
        p.put(x, y, (area.x + area.width).saturating_sub(x), piece.of(text), *role);
        y += 1;
    }
    y
}
