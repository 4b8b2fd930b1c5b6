//! Answers as text for people: compact, lined up, in their language, with nothing in it that moves a cursor.

mod alarms;
mod books;
mod machine;

pub use self::alarms::{alert_history, alerts};
pub use self::books::{By, quota, sums, usage};
pub use self::machine::machine;

use super::table::Table;
use crate::config::OneBot;
use crate::domain::{
    AccountView, AlertState, Audit, Author, ChatView, Item, ItemId, Latency, Line, LogLine, Percentiles, ProviderView,
    Snapshot, Text, Turn, Verdict,
};
use crate::words::{self, Lang, clock, one_line, quoted, span_short};

/// Widest name of a speaker, in characters.
const NAME: usize = 16;

/// The overview.
pub fn status(s: &Snapshot, onebot: &OneBot, lang: Lang) -> String {
    let mut text = String::new();
    let mut say = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    let (name, version) = (quoted(&s.instance), super::hello::VERSION);
    say(format!("{name}  qqdeck {version}"));
    if s.stopping {
        say(lang.pick("! 正在停止", "! stopping").to_owned());
    }
    if s.unrecorded {
        let (zh, en) = (
            "! 数据库写不进去：暂时不能保证每条消息最多回复一次",
            "! the database takes no writes: at most one reply per message is not promised now",
        );
        say(lang.pick(zh, en).to_owned());
    }
    say(format!("\n{}", accounts(&s.accounts, onebot, lang).trim_end()));
    say(format!("\n{}", providers(&s.providers, lang).trim_end()));
    let up = s.alerts.iter().filter(|v| v.alert.state != AlertState::Resolved).count();
    if up > 0 {
        say(format!("\n{}", alerts(&s.alerts[..up], &[], super::now::now(), lang).trim_end()));
    }
    let c = &s.counters;
    say(match lang {
        Lang::Zh => format!(
            "\n消息    收到 {} · 回复 {} · 未回 {} · 失败 {} · 不确定 {} · 挤掉 {}",
            c.received, c.replied, c.ignored, c.failed, c.unknown, c.shed
        ),
        Lang::En => format!(
            "\nmessages  received {} · replied {} · ignored {} · failed {} · unknown {} · shed {}",
            c.received, c.replied, c.ignored, c.failed, c.unknown, c.shed
        ),
    });
    say(match lang {
        Lang::Zh => format!(
            "现在    排队 {} · 回答中 {} · 待发 {} · 待办 {}",
            s.queued,
            s.inflight,
            s.outbox,
            s.attention.len()
        ),
        Lang::En => {
            format!(
                "now       queued {} · answering {} · to send {} · attention {}",
                s.queued,
                s.inflight,
                s.outbox,
                s.attention.len()
            )
        }
    });
    let t = &s.today;
    say(match lang {
        Lang::Zh => format!("今日    {} 问 · 读 {} · 写 {} token · 费用 {:.2}", t.asks, t.input, t.output, t.cost),
        Lang::En => format!(
            "today     {} questions · {} tokens read · {} written · cost {:.2}",
            t.asks, t.input, t.output, t.cost
        ),
    });
    if let Some(gauges) = &s.gauges {
        say(format!("\n{}", machine(gauges, lang)));
    }
    if s.latency != Latency::default() {
        say(format!("\n{}", latency(s, lang).trim_end()));
    }
    if !s.attention.is_empty() {
        say(format!("\n{}", items(s.attention.iter().map(|(id, i)| (*id, &**i)), lang).trim_end()));
    }
    text
}

fn latency(s: &Snapshot, lang: Lang) -> String {
    let mut table = Table::new([lang.pick("延迟", "latency"), "p50", "p95", "p99"]);
    let l = &s.latency;
    let stages: [(&str, &Percentiles); 6] = [
        (lang.pick("排队", "queue"), &l.queue),
        (lang.pick("载入", "load"), &l.load),
        (lang.pick("首字", "first text"), &l.first_text),
        (lang.pick("生成", "generation"), &l.generation),
        (lang.pick("发送", "send"), &l.send),
        (lang.pick("合计", "total"), &l.total),
    ];
    for (name, p) in stages {
        let cell = |d: Option<std::time::Duration>| d.map_or_else(|| "-".to_owned(), span_short);
        table.row([name.to_owned(), cell(p.p50), cell(p.p95), cell(p.p99)]);
    }
    table.lines()
}

/// Accounts; where there are none, how one comes here.
pub fn accounts(accounts: &[AccountView], onebot: &OneBot, lang: Lang) -> String {
    if accounts.is_empty() {
        return words::no_account(onebot, lang) + "\n";
    }
    let mut table = match lang {
        Lang::Zh => Table::new(["账号", "昵称", "状态", "适配器", "来自"]),
        Lang::En => Table::new(["account", "name", "state", "adapter", "from"]),
    };
    for a in accounts {
        let (name, adapter) = (one_line(a.nickname.raw(), NAME), quoted(a.adapter.raw()));
        table.row([a.id.to_string(), name, words::account(a, lang), adapter, quoted(&a.peer)]);
    }
    table.lines()
}

/// Providers.
pub fn providers(providers: &[ProviderView], lang: Lang) -> String {
    if providers.is_empty() {
        let (zh, en) = (
            "还没有配置模型服务，见 config.toml 的 [[providers]]",
            "No provider is configured; see [[providers]] in config.toml",
        );
        return format!("{}\n", lang.pick(zh, en));
    }
    let mut table = match lang {
        Lang::Zh => Table::new(["模型服务", "模型", "状态", "进行", "排队", "首字", "说明"]),
        Lang::En => Table::new(["provider", "model", "state", "busy", "queued", "first text", "note"]),
    };
    for p in providers {
        let mut notes: Vec<String> = p.words.iter().map(|said| words::provider_said(said, lang)).collect();
        notes.extend(p.balance.iter().map(|b| quoted(b)));
        if let Some(r) = p.resident.as_ref().filter(|r| r.loaded) {
            let size = format!("{:.1} GiB", r.size as f64 / f64::from(1 << 30));
            let split = words::residency(r, lang);
            notes.push(format!("{size} {split}"));
        }
        table.row([
            quoted(&p.name),
            quoted(&p.model),
            words::provider_state(p.state, lang),
            p.inflight.to_string(),
            p.queued.to_string(),
            p.ttft_p50.map_or_else(|| "-".to_owned(), span_short),
            notes.join(" · "),
        ]);
    }
    table.lines()
}

/// Chats, the one that spoke last first.
pub fn chats<'a>(chats: impl Iterator<Item = &'a ChatView>, lang: Lang) -> String {
    let mut chats: Vec<&ChatView> = chats.collect();
    chats.sort_by_key(|c| std::cmp::Reverse(c.last));
    let mut table = match lang {
        Lang::Zh => Table::new(["会话", "名称", "模式", "排队", "时间", "最后一句"]),
        Lang::En => Table::new(["chat", "name", "mode", "queued", "time", "last"]),
    };
    for c in chats {
        let (at, last) = c.tail.last().map_or_else(Default::default, |l| {
            (clock(l.at.0.div_euclid(1000)), format!("{}: {}", who(&l.author, lang), one_line(l.text.raw(), 40)))
        });
        let mode = words::mode(c.mode, lang);
        table.row([c.id.to_string(), one_line(c.state.name.raw(), NAME), mode, c.queued.to_string(), at, last]);
    }
    if table.is_empty() { format!("{}\n", lang.pick("还没有会话", "No chats yet")) } else { table.lines() }
}

/// What waits for a human.
pub fn items<'a>(items: impl Iterator<Item = (ItemId, &'a Item)>, lang: Lang) -> String {
    let mut table = match lang {
        Lang::Zh => Table::new(["编号", "会话", "时间", "待办"]),
        Lang::En => Table::new(["no.", "chat", "since", "what waits"]),
    };
    for (id, i) in items {
        let chat = i.conversation.map_or_else(|| "-".to_owned(), |c| c.to_string());
        table.row([id.to_string(), chat, clock(i.since.0.div_euclid(1000)), words::item(&i.kind, lang)]);
    }
    if table.is_empty() { format!("{}\n", lang.pick("没有要处理的事", "Nothing waits")) } else { table.lines() }
}

fn who(author: &Author, lang: Lang) -> String {
    one_line(&words::author(author, lang), NAME)
}

/// One line of the log, as the files have it.
pub fn log(line: &LogLine) -> String {
    let at = jiff::Timestamp::from_millisecond(line.at.0).unwrap_or_default();
    let at = at.to_zoned(jiff::tz::TimeZone::system());
    line.written(&at.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string())
}

/// One line of a conversation and what became of it.
pub fn line(l: &Line, with_chat: bool, lang: Lang) -> String {
    let mut text = format!("{:>5} {}  ", l.seq.0, clock(l.at.0.div_euclid(1000)));
    if with_chat {
        text.push_str(&format!("{}  ", l.conversation));
    }
    text.push_str(&who(&l.author, lang));
    text.push_str(": ");
    // The words keep their own lines, set in so that nobody can forge a line of ours.
    text.push_str(&l.text.shown().replace('\n', "\n        "));
    let mut marks = Vec::new();
    if l.recalled {
        marks.push(lang.pick("已撤回", "taken back").to_owned());
    }
    match (&l.verdict, &l.outcome) {
        (Some(v), None) => marks.push(words::verdict(v, lang)),
        (Some(v), Some(crate::domain::Outcome::Ignored)) => marks.push(words::reason(&v.reason, lang)),
        (_, Some(o)) => marks.push(words::outcome(o, lang)),
        (None, None) => {}
    }
    if let Some(m) = &l.making {
        marks.push(format!("{} {}", quoted(&m.provider), span_short(m.total)));
    }
    marks.extend(l.delivery.map(|d| words::delivery(d, lang)));
    if !marks.is_empty() {
        text.push_str(&format!("  ({})", marks.join(" · ")));
    }
    text.push('\n');
    text
}

/// Lines given newest first, shown oldest first as people read.
pub fn lines(lines: &[Line], more: bool, with_chat: bool, lang: Lang) -> String {
    if lines.is_empty() {
        return format!("{}\n", lang.pick("没有记录", "Nothing was found"));
    }
    let mut text = String::new();
    if more {
        text.push_str(
            lang.pick("（更早的还有，用 --limit 多看一些）\n", "(there are older ones; see more with --limit)\n"),
        );
    }
    for l in lines.iter().rev() {
        text.push_str(&line(l, with_chat, lang));
    }
    text
}

/// Why a message was or was not answered.
pub fn why(l: &Line, at: Option<&str>, replies: &[Line], lang: Lang) -> String {
    let mut text = line(l, false, lang);
    if let Some(v) = &l.verdict {
        text.push_str(&judged(v, at, &l.conversation.peer.to_string(), lang));
    }
    for reply in replies {
        text.push_str("→ ");
        text.push_str(&line(reply, false, lang));
    }
    text
}

fn judged(v: &Verdict, at: Option<&str>, chat: &str, lang: Lang) -> String {
    let mut text = format!("  {}\n", words::verdict(v, lang));
    let mut row = |name: &str, value: String| text.push_str(&format!("  {name} {value}\n"));
    row(lang.pick("关卡", "gate:"), words::gate(v.gate, lang));
    if let Some(key) = v.reason.config_key() {
        let default = lang.pick("默认值", "default");
        row(lang.pick("配置", "setting:"), format!("{key} ({})", at.unwrap_or(default)));
    }
    if let Some(remedy) = words::remedy(&v.reason, chat) {
        row(lang.pick("要改：", "to change it:"), remedy);
    }
    text
}

/// How a chat stands, key by key.
pub fn fields(fields: &serde_json::Map<String, serde_json::Value>) -> String {
    let mut text = String::new();
    for (key, value) in fields {
        let value = match value {
            serde_json::Value::Null => "-".to_owned(),
            serde_json::Value::String(s) => Text::from(s.as_str()).shown().to_owned(),
            other => super::line::json(other),
        };
        text.push_str(&format!("{key} = {}\n", one_line(&value, 200)));
    }
    text
}

/// What a model was shown.
pub fn prompt(turns: &[Turn], provider: &str, model: &str, lang: Lang) -> String {
    let mut text = format!("{} {}\n", quoted(provider), quoted(model));
    for turn in turns {
        text.push_str(&format!("\n[{}]\n", words::turn_role(turn.role, lang)));
        text.push_str(Text::from(&*turn.text).shown());
        text.push('\n');
        if !turn.pictures.is_empty() {
            let count = turn.pictures.len();
            text.push_str(&match lang {
                Lang::Zh => format!("（图片 {count} 张）\n"),
                Lang::En => format!("(pictures: {count})\n"),
            });
        }
    }
    text
}

/// Who did what.
pub fn audit(rows: &[Audit], lang: Lang) -> String {
    let mut table = match lang {
        Lang::Zh => Table::new(["时间", "谁", "做了什么", "结果"]),
        Lang::En => Table::new(["time", "who", "what", "result"]),
    };
    for a in rows.iter().rev() {
        let at = clock(a.at.0.div_euclid(1000));
        table.row([at, one_line(a.operator.raw(), NAME), one_line(&a.command, 100), quoted(&a.result)]);
    }
    if table.is_empty() { format!("{}\n", lang.pick("还没有记录", "Nothing yet")) } else { table.lines() }
}
