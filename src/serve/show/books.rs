//! The books, the quotas and what is left at the vendors.

use std::collections::BTreeMap;

use crate::config::Limits;
use crate::domain::{Snapshot, Usage};
use crate::serve::table::Table;
use crate::words::{Lang, quoted};

/// What the books are summed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Chats.
    Chat,
    /// People.
    User,
    /// Providers.
    Provider,
    /// Local days.
    Day,
}

/// Sums of the books.
pub fn sums(rows: &[Usage], by: By) -> BTreeMap<String, (u64, u64, u64, f64)> {
    let mut sums: BTreeMap<String, (u64, u64, u64, f64)> = BTreeMap::new();
    for row in rows {
        let key = match by {
            By::Chat => row.conversation.to_string(),
            By::User => row.user.to_string(),
            By::Provider => row.provider.to_string(),
            By::Day => day(row.day),
        };
        let sum = sums.entry(key).or_default();
        sum.0 += u64::from(row.asks);
        sum.1 = sum.1.saturating_add(row.input);
        sum.2 = sum.2.saturating_add(row.output);
        sum.3 += row.cost;
    }
    sums
}

/// The books, the dearest first.
pub fn usage(sums: &BTreeMap<String, (u64, u64, u64, f64)>, by: By, lang: Lang) -> String {
    let head = match by {
        By::Chat => lang.pick("会话", "chat"),
        By::User => "QQ",
        By::Provider => lang.pick("模型服务", "provider"),
        By::Day => lang.pick("日期", "day"),
    };
    let mut table = match lang {
        Lang::Zh => Table::new([head, "提问", "读 token", "写 token", "费用"]),
        Lang::En => Table::new([head, "questions", "tokens read", "written", "cost"]),
    };
    let mut rows: Vec<_> = sums.iter().collect();
    match by {
        // The newest day first.
        By::Day => rows.reverse(),
        _ => rows.sort_by(|a, b| b.1.3.total_cmp(&a.1.3).then(b.1.2.cmp(&a.1.2))),
    }
    let mut total = (0, 0, 0, 0.0);
    for (key, (asks, input, output, cost)) in rows {
        table.row([quoted(key), asks.to_string(), input.to_string(), output.to_string(), format!("{cost:.4}")]);
        total = (total.0 + asks, total.1 + input, total.2 + output, total.3 + cost);
    }
    if table.is_empty() {
        return format!("{}\n", lang.pick("还没有用量", "Nothing was used yet"));
    }
    let all = lang.pick("合计", "total").to_owned();
    table.row([all, total.0.to_string(), total.1.to_string(), total.2.to_string(), format!("{:.4}", total.3)]);
    table.lines()
}

/// A local day: `2025-11-21`.
fn day(day: i32) -> String {
    let stamp = jiff::Timestamp::from_second(i64::from(day) * 86_400).unwrap_or_default();
    stamp.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

/// How full today's quotas are, and what is left at the vendors; nothing where there is neither.
pub fn quota(s: &Snapshot, limits: &Limits, lang: Lang) -> String {
    let mut text = String::new();
    let share = |used: f64, most: f64| format!("{:.0}%", used / most * 100.0);
    if limits.tokens_per_day > 0 {
        let (used, most) = (s.today.input + s.today.output, limits.tokens_per_day);
        let share = share(used as f64, most as f64);
        text.push_str(&match lang {
            Lang::Zh => format!("今日 token 额度 {used} / {most} ({share})\n"),
            Lang::En => format!("tokens of today's quota: {used} of {most} ({share})\n"),
        });
    }
    if limits.cost_per_day > 0.0 {
        let (used, most) = (s.today.cost, limits.cost_per_day);
        let share = share(used, most);
        text.push_str(&match lang {
            Lang::Zh => format!("今日费用额度 {used:.2} / {most:.2} ({share})\n"),
            Lang::En => format!("money of today's quota: {used:.2} of {most:.2} ({share})\n"),
        });
    }
    for p in &s.providers {
        if let Some(balance) = &p.balance {
            let (name, balance) = (quoted(&p.name), quoted(balance));
            text.push_str(&match lang {
                Lang::Zh => format!("{name} 余额 {balance}\n"),
                Lang::En => format!("{name} has {balance} left\n"),
            });
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}
