//! Tokens and money of the last thirty days: by provider, chat, person or day.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use super::machine;
use super::paint::{Paint, Span};
use crate::console::state::{By, Ui};
use crate::console::text::{Scale, bar, figures, sparkline};
use crate::console::theme::Role;
use crate::domain::Text;

/// Sums of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sum {
    /// Questions.
    pub asks: u64,
    /// Tokens read.
    pub input: u64,
    /// Of these from a cache.
    pub cached: u64,
    /// Tokens written.
    pub output: u64,
    /// Money.
    pub cost: f64,
}

/// The sums as they are shown, the dearest first; days in their order.
pub fn sums(ui: &Ui) -> Vec<(String, Sum)> {
    let mut sums: BTreeMap<(i64, String), Sum> = BTreeMap::new();
    for row in &ui.usage.rows {
        let key = match ui.usage.by {
            By::Provider => (0, row.provider.to_string()),
            By::Chat => (0, ui.name_of(row.conversation)),
            By::User => (0, row.user.to_string()),
            By::Day => (-i64::from(row.day), day(row.day)),
        };
        let sum = sums.entry(key).or_default();
        sum.asks += u64::from(row.asks);
        sum.input += row.input;
        sum.cached += row.cached;
        sum.output += row.output;
        sum.cost += row.cost;
    }
    let mut sums: Vec<_> = sums.into_iter().map(|((_, name), sum)| (name, sum)).collect();
    if ui.usage.by != By::Day {
        sums.sort_by(|a, b| {
            b.1.cost.total_cmp(&a.1.cost).then((b.1.input + b.1.output).cmp(&(a.1.input + a.1.output)))
        });
    }
    sums
}

fn day(day: i32) -> String {
    let stamp = jiff::Timestamp::from_second(i64::from(day) * 86_400).unwrap_or_default();
    let day = stamp.to_zoned(jiff::tz::TimeZone::UTC);
    format!("{:02}-{:02}", day.month(), day.day())
}

pub fn draw(p: &mut Paint, area: Rect) {
    if area.height < 4 {
        return;
    }
    let lang = p.lang();
    let mut x = area.x + 1;
    for (by, zh, en) in [
        (By::Provider, "模型", "provider"),
        (By::Chat, "会话", "chat"),
        (By::User, "人", "person"),
        (By::Day, "日", "day"),
    ] {
        let chosen = p.ui.usage.by == by;
        let role = if chosen { Role::Selection } else { Role::TextDim };
        x = p.put(x, area.y, 12, &format!(" {} ", lang.pick(zh, en)), role) + 1;
    }
    p.put(x, area.y, area.width, lang.pick("Tab 换 · 近 30 天", "Tab changes · last 30 days"), Role::InputGhost);
    let sums = sums(p.ui);
    if sums.is_empty() {
        p.put(area.x + 2, area.y + 2, area.width, lang.pick("还没有用量", "nothing was used yet"), Role::TextDim);
        return;
    }
    trend(p, area);
    limits(p, area);
    let top = sums.iter().map(|(_, s)| s.cost).fold(0.0, f64::max);
    let most = sums.iter().map(|(_, s)| s.input + s.output).max().unwrap_or(0);
    let y0 = area.y + 3;
    table_row(p, Rect { y: y0, height: 1, ..area }, lang.pick("名称", "name"), None, 0.0);
    let height = usize::from(area.bottom().saturating_sub(y0 + 1));
    let mut cursor = p.ui.usage.cursor.clone();
    cursor.settle(sums.len(), height);
    for (n, (name, sum)) in sums.iter().enumerate().skip(cursor.top).take(height) {
        let y = y0 + 1 + u16::try_from(n - cursor.top).unwrap_or(0);
        let share = match top > 0.0 {
            true => (sum.cost / top) as f32,
            false if most > 0 => (sum.input + sum.output) as f32 / most as f32,
            false => 0.0,
        };
        table_row(p, Rect { y, height: 1, ..area }, name, Some(sum), share);
        if n == cursor.at {
            p.row_style(Rect { y, height: 1, ..area }, Role::Selection);
        }
    }
}

/// Money by day, as a line of little bars; days without any are gaps.
fn trend(p: &mut Paint, area: Rect) {
    let today = p.ui.now.day();
    let mut days: BTreeMap<i32, (f64, u64)> = BTreeMap::new();
    for row in &p.ui.usage.rows {
        let day = days.entry(row.day).or_default();
        day.0 += row.cost;
        day.1 += row.input + row.output;
    }
    let any_money = days.values().any(|(cost, _)| *cost > 0.0);
    let values: Vec<Option<f32>> = (today - 29..=today)
        .map(|d| days.get(&d).map(|(cost, tokens)| if any_money { *cost as f32 } else { *tokens as f32 }))
        .collect();
    let top = values.iter().flatten().copied().fold(0.0, f32::max);
    let graph = sparkline(&values, 30, Scale::Fixed(0.0, top.max(f32::MIN_POSITIVE)), p.ui.width);
    let x = p.put(area.x + 1, area.y + 1, area.width, &graph, Role::Spark);
    let most = if any_money { figures::money(top.into(), p.lang()) } else { figures::count(top as u64, p.lang()) };
    let words = format!("{}{most}", p.lang().pick("最高一天 ", "highest day "));
    p.put(x + 2, area.y + 1, area.width, &words, Role::TextDim);
}

/// How full today's quotas are, and what is left at the vendors.
fn limits(p: &mut Paint, area: Rect) {
    let lang = p.lang();
    let (today, limits) = (p.ui.snap.today, p.ui.config.chats.group.limits.clone());
    let mut row: Vec<Span> = Vec::new();
    let mut quota = |name: &str, used: f64, most: f64, words: String| {
        if most > 0.0 {
            let share = (used / most) as f32;
            let role = machine::fullness(share);
            row.push((format!("{name} "), Role::TextDim));
            row.push((bar(share, 8, p.ui.width), role));
            row.push((format!(" {words} {}   ", figures::percent(share)), role));
        }
    };
    let (tokens, most) = (today.input + today.output, limits.tokens_per_day);
    let words = format!("{}/{}", figures::count(tokens, lang), figures::count(most, lang));
    quota(lang.pick("今日 token", "today's tokens"), tokens as f64, most as f64, words);
    let words = format!("{}/{}", figures::money(today.cost, lang), figures::money(limits.cost_per_day, lang));
    quota(lang.pick("今日费用", "today's money"), today.cost, limits.cost_per_day, words);
    for provider in p.ui.snap.providers.iter() {
        if let Some(balance) = &provider.balance {
            let words = format!(
                "{} {} {}   ",
                provider.name,
                lang.pick("余额", "has left"),
                Text::from(balance.as_str()).shown()
            );
            row.push((words, Role::Money));
        }
    }
    p.spans(area.x + 1, area.y + 2, area.width.saturating_sub(1), &row);
}

fn table_row(p: &mut Paint, area: Rect, name: &str, sum: Option<&Sum>, share: f32) {
    let lang = p.lang();
    let cells: Vec<(u16, String)> = match sum {
        Some(s) => vec![
            (8, s.asks.to_string()),
            (9, figures::count(s.input, lang)),
            (9, figures::count(s.cached, lang)),
            (9, figures::count(s.output, lang)),
            (11, figures::money(s.cost, lang)),
        ],
        None => vec![
            (8, lang.pick("次数", "asks").into()),
            (9, lang.pick("读", "read").into()),
            (9, lang.pick("缓存", "cached").into()),
            (9, lang.pick("写", "written").into()),
            (11, lang.pick("费用", "cost").into()),
        ],
    };
    let cells = if area.width < 60 { [&cells[..1], &cells[3..]].concat() } else { cells };
    let role = if sum.is_some() { Role::Text } else { Role::TextDim };
    let figures: u16 = cells.iter().map(|(w, _)| w + 1).sum();
    let graph = if area.width >= 90 { 20 } else { 0 };
    let names = area.width.saturating_sub(figures + graph + 3).min(40);
    p.put(area.x + 1, area.y, names, name, role);
    let mut x = area.x + 1 + names;
    for (n, (wide, text)) in cells.iter().enumerate() {
        x += wide + 1;
        let role = if sum.is_some() && n + 1 == cells.len() { Role::Money } else { role };
        p.put_right(x, area.y, *wide, text, role);
    }
    if graph > 0 && sum.is_some() {
        p.put(x + 2, area.y, graph, &bar(share, usize::from(graph - 2), p.ui.width), Role::Spark);
    }
}
