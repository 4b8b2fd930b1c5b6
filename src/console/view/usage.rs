//! Tokens and money of the last thirty days: by provider, chat, person or day.

use std::collections::{BTreeMap, HashMap};

use ratatui::layout::Rect;

use super::paint::{Paint, Span};
use super::{machine, narrow};
use crate::console::sieve::Sieve;
use crate::console::state::{By, Cursor, Ui, View};
use crate::console::text::{Scale, bar, figures, sparkline};
use crate::console::theme::Role;
use crate::domain::*;
use crate::words::Lang;

/// From so many columns and rows on all four tables are shown.
const WIDE: u16 = 100;
const TALL: u16 = 24;

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
    sums_by(ui, ui.usage.by)
}

fn sums_by(ui: &Ui, by: By) -> Vec<(String, Sum)> {
    let mut sums: BTreeMap<(i64, String), Sum> = BTreeMap::new();
    let names = if by == By::User { names(ui) } else { HashMap::new() };
    for row in &ui.usage.rows {
        let key = match by {
            By::Provider => (0, row.provider.to_string()),
            // By their numbers: two of the same name are two.
            By::Chat => (row.conversation.peer.number(), ui.name_of(row.conversation)),
            By::User => (row.user.0, names.get(&row.user).cloned().unwrap_or_else(|| row.user.to_string())),
            By::Day => (-i64::from(row.day), day(row.day)),
        };
        let sum = sums.entry(key).or_default();
        sum.asks += u64::from(row.asks);
        sum.input += row.input;
        sum.cached += row.cached;
        sum.output += row.output;
        sum.cost += row.cost;
    }
    let sieve = Sieve::new(ui.narrowed(View::Usage));
    let mut sums: Vec<_> =
        sums.into_iter().map(|((_, name), sum)| (name, sum)).filter(|(name, _)| sieve.passes(&[name])).collect();
    if by != By::Day {
        sums.sort_by(|a, b| {
            b.1.cost.total_cmp(&a.1.cost).then((b.1.input + b.1.output).cmp(&(a.1.input + a.1.output)))
        });
    }
    sums
}

/// How people are called who spoke lately, with their numbers: a name alone may be anybody's.
fn names(ui: &Ui) -> HashMap<UserId, String> {
    let lines = ui.snap.chats.iter().flat_map(|(_, chat)| &chat.tail);
    let mut names: HashMap<UserId, String> = lines
        .filter_map(|line| match &line.author {
            Author::Person { id, name } if !name.is_empty() => Some((*id, format!("{} {id}", name.shown()))),
            _ => None,
        })
        .collect();
    for id in ui.snap.chats.keys().chain(ui.list.stored.keys()) {
        if let Peer::Private(user) = id.peer {
            let name = ui.name_of(*id);
            if name != user.to_string() {
                names.entry(user).or_insert_with(|| format!("{name} {user}"));
            }
        }
    }
    names
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
    for by in By::ALL {
        let chosen = p.ui.usage.by == by;
        let role = if chosen { Role::Selection } else { Role::TextDim };
        x = p.put(x, area.y, 12, &format!(" {} ", name_of(by, lang)), role) + 1;
    }
    let hints = [lang.pick("Tab 换 · 近 30 天", "Tab changes · last 30 days"), lang.pick("近 30 天", "30 d")];
    if let Some(hint) = hints.into_iter().find(|hint| x + p.cols(hint) < area.right()) {
        p.put(x, area.y, area.width, hint, Role::InputGhost);
    }
    if p.ui.usage.rows.is_empty() {
        p.put(area.x + 2, area.y + 2, area.width, lang.pick("还没有用量", "nothing was used yet"), Role::TextDim);
        return;
    }
    trend(p, area);
    limits(p, area);
    let below = Rect { y: area.y + 3, height: area.height - 3, ..area };
    if below.width < WIDE || below.height < TALL {
        return table(p, below, p.ui.usage.by);
    }
    // All four at once: nobody has to turn pages where there is room.
    let (half, upper) = (below.width / 2, below.height / 2);
    for (n, by) in (0..).zip(By::ALL) {
        let (right, down) = (n % 2 == 1, n / 2 == 1);
        let y = if down { below.y + upper } else { below.y };
        let height = if down { below.height - upper } else { upper };
        let quarter = Rect { x: below.x + if right { half + 1 } else { 0 }, y, width: half - 1, height };
        let role = if p.ui.usage.by == by { Role::TextStrong } else { Role::TextDim };
        let line = p.ui.glyphs.horizontal(quarter.width.into(), p.ui.width);
        p.put(quarter.x, y, quarter.width, &line, Role::Rule);
        p.put(quarter.x + 2, y, quarter.width, &format!(" {} ", name_of(by, lang)), role);
        table(p, Rect { y: y + 1, height: height.saturating_sub(2), ..quarter }, by);
    }
}

fn name_of(by: By, lang: Lang) -> &'static str {
    match by {
        By::Provider => lang.pick("模型", "provider"),
        By::Chat => lang.pick("会话", "chat"),
        By::User => lang.pick("人", "person"),
        By::Day => lang.pick("日", "day"),
    }
}

/// The sums of one kind, with a cursor where it has the keys.
fn table(p: &mut Paint, area: Rect, by: By) {
    if area.height == 0 {
        return;
    }
    let sums = sums_by(p.ui, by);
    let top = sums.iter().map(|(_, s)| s.cost).fold(0.0, f64::max);
    let most = sums.iter().map(|(_, s)| s.input + s.output).max().unwrap_or(0);
    table_row(p, Rect { height: 1, ..area }, p.lang().pick("名称", "name"), None, 0.0);
    let height = usize::from(area.height - 1);
    let active = by == p.ui.usage.by;
    let mut cursor = if active { p.ui.usage.cursor.clone() } else { Cursor::default() };
    cursor.settle(sums.len(), height);
    if sums.is_empty() && active {
        return narrow::nothing(p, area);
    }
    for (y, (n, (name, sum))) in (area.y + 1..area.bottom()).zip(sums.iter().enumerate().skip(cursor.top)) {
        let share = match top > 0.0 {
            true => (sum.cost / top) as f32,
            false if most > 0 => (sum.input + sum.output) as f32 / most as f32,
            false => 0.0,
        };
        table_row(p, Rect { y, height: 1, ..area }, name, Some(sum), share);
        if active && n == cursor.at {
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
    let lang = p.lang();
    let most = match any_money {
        true => figures::money(top.into(), lang),
        false => format!("{} {}", figures::count(top as u64, lang), lang.pick("token", "tokens")),
    };
    let words = format!("{}{most}", lang.pick("最高一天 ", "highest day "));
    let columns = usize::from((area.width - 1).saturating_sub(p.cols(&words) + 3)).min(30);
    let values = &values[30 - columns.min(values.len())..];
    let graph = sparkline(values, columns, Scale::Fixed(0.0, top.max(f32::MIN_POSITIVE)), p.ui.width);
    let x = p.put(area.x + 1, area.y + 1, area.width, &graph, Role::Spark);
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
