//! Accounts and models: who is connected how, what answers how fast, what lies in memory.

use ratatui::layout::Rect;

use super::paint::{Paint, Span, took};
use super::{machine, narrow};
use crate::console::state::View;
use crate::console::text::{bar, figures};
use crate::console::theme::{Glyph, Role};
use crate::console::update::{Thing, things};
use crate::domain::*;
use crate::words;

/// Under so many columns a row is parted in two.
const NARROW: u16 = 60;

pub fn draw(p: &mut Paint, area: Rect) {
    let things = things(p.ui);
    let at = p.ui.accounts.at.min(things.len().saturating_sub(1));
    let mut y = area.y;
    let mut headed = (false, false);
    let mut refused = false;
    if things.is_empty() && !p.ui.narrowed(View::Accounts).is_empty() {
        return narrow::nothing(p, area);
    }
    if things.is_empty() {
        let (zh, en) =
            ("还没有账号连上来，也没有配置模型服务", "no account has connected and no provider is configured");
        p.put(area.x + 2, y + 1, area.width, p.lang().pick(zh, en), Role::TextDim);
        return;
    }
    for (n, thing) in things.into_iter().enumerate() {
        let rows = match thing {
            Thing::Account(a) => {
                if !std::mem::replace(&mut headed.0, true) {
                    y = heading(p, area, y, p.lang().pick("账号", "Accounts"));
                }
                account(p, a, area.width)
            }
            Thing::Request(item) => {
                if !std::mem::replace(&mut headed.0, true) {
                    y = heading(p, area, y, p.lang().pick("账号", "Accounts"));
                }
                request(p, item, area.width)
            }
            Thing::Provider(m) => {
                if !std::mem::replace(&mut headed.1, true) {
                    y = refused_links(p, area, y);
                    refused = true;
                    y = heading(p, area, y + u16::from(headed.0), p.lang().pick("模型服务", "Models"));
                }
                provider(p, m, area.width)
            }
        };
        let top = y;
        for row in rows {
            if y >= area.bottom() {
                return;
            }
            p.spans(area.x + 1, y, area.width - 1, &row);
            y += 1;
        }
        if n == at && top < area.bottom() {
            p.row_style(Rect { y: top, height: 1, ..area }, Role::Selection);
        }
    }
    if !refused {
        y = refused_links(p, area, y);
    }
    y = cards(p, area, y + 1);
    // On a small screen the graphs would leave no room for the figures.
    let below = Rect { y: y + 1, height: area.bottom().saturating_sub(y + 1), ..area };
    match area.width {
        0..100 => stages(p, below),
        wide => {
            let half = wide / 2;
            stages(p, Rect { width: half, ..below });
            graphs(p, Rect { x: area.x + half, width: wide - half, ..below });
        }
    }
}

/// Cards or why there are none, and the machine.
fn cards(p: &mut Paint, area: Rect, y: u16) -> u16 {
    let Some(gauges) = p.ui.snap.gauges.clone() else { return y };
    let title = match gauges.simulated {
        true => p.lang().pick("显卡（模拟）与主机", "Cards (simulated) and machine"),
        false => p.lang().pick("显卡与主机", "Cards and machine"),
    };
    let mut y = heading(p, area, y, title);
    let mut rows: Vec<Vec<Span>> = gauges.gpus.iter().flat_map(|gpu| machine::card(p, gpu, area.width)).collect();
    rows.extend(gauges.no_gpu.iter().map(|why| machine::no_card(p, why)));
    rows.push(machine::host(p, &gauges.host));
    for row in rows {
        if y < area.bottom() {
            p.spans(area.x + 1, y, area.width - 1, &row);
            y += 1;
        }
    }
    y
}

fn graphs(p: &mut Paint, area: Rect) {
    let title = machine::reach(p);
    let y = heading(p, area, area.y, &title);
    let inner = Rect { x: area.x + 2, y, width: area.width.saturating_sub(3), height: area.bottom().saturating_sub(y) };
    machine::graphs(p, inner);
}

/// Connections that never became a link, and why the last one did not.
fn refused_links(p: &mut Paint, area: Rect, y: u16) -> u16 {
    let refused = p.ui.snap.refused.clone();
    let Some(last) = refused.last.filter(|_| y < area.bottom()) else { return y };
    let (peer, age) = (Text::from(last.peer.as_str()), p.age(last.at));
    let words = format!(
        "{}{}{}{} {} {age}: {}",
        p.glyph(Glyph::Refused),
        p.lang().pick("拒绝的连接 ", " refused connections: "),
        refused.count,
        p.lang().pick("，最近", "; last"),
        peer.shown(),
        last.cause.shown(),
    );
    p.put(area.x + 1, y, area.width - 1, &words, Role::AlertWarning);
    y + 1
}

/// A request, with the keys that answer it.
fn request(p: &Paint, item: ItemId, width: u16) -> Vec<Vec<Span>> {
    let Some(kind) = p.ui.item(item).map(|i| words::item(&i.kind, p.lang())) else { return Vec::new() };
    let keys = p.lang().pick("  a 同意  x 拒绝", "  a accepts  x refuses");
    let row =
        vec![(format!("{} {kind}", p.glyph(Glyph::Attention)), Role::AlertInfo), (keys.to_owned(), Role::FooterKey)];
    p.flow(row, width.saturating_sub(2), 2)
}

fn heading(p: &mut Paint, area: Rect, y: u16, words: &str) -> u16 {
    if y >= area.bottom() {
        return y;
    }
    let line = p.ui.glyphs.horizontal(area.width.into(), p.ui.width);
    p.put(area.x, y, area.width, &line, Role::Rule);
    p.put(area.x + 2, y, area.width, &format!(" {words} "), Role::TextStrong);
    y + 1
}

/// How an account stands, in a sign and a word.
pub fn state(p: &Paint, account: &AccountView) -> Span {
    let lang = p.lang();
    let age = || p.age(account.since);
    match (account.connected, account.online) {
        (false, _) => (format!("{}{}{}", p.glyph(Glyph::Offline), lang.pick("断开", "gone "), age()), Role::LinkDown),
        (true, Some(false)) => {
            (format!("{}{}{}", p.glyph(Glyph::Warning), lang.pick("QQ离线", "QQ offline "), age()), Role::LinkDown)
        }
        (true, _) => (format!("{}{}", p.glyph(Glyph::Online), lang.pick("在线", "online")), Role::LinkUp),
    }
}

pub fn account(p: &Paint, n: usize, width: u16) -> Vec<Vec<Span>> {
    let lang = p.lang();
    let Some(a) = p.ui.snap.accounts.get(n) else { return Vec::new() };
    let narrow = width < NARROW;
    let name = p.ui.width.fit_left(a.nickname.shown(), if narrow { 12 } else { 16 });
    let mut adapter = vec![(format!("  {}", a.adapter.shown()), Role::Text)];
    if a.connected {
        adapter.push((format!("  {}{}", lang.pick("最近 ", "heard "), p.age(a.last_event)), Role::TextDim));
    }
    adapter.push((format!("  {}", Text::from(a.peer.as_str()).shown()), Role::TextDim));
    if a.restarting {
        adapter.push((lang.pick("  正在重启适配器", "  restarting the adapter").to_owned(), Role::AlertWarning));
    }
    let mut first = vec![
        (format!("{name} "), Role::TextStrong),
        (p.ui.width.fit_left(&a.id.to_string(), 12), Role::TextDim),
        state(p, a),
    ];
    let mut rows = match narrow {
        true => vec![first, adapter],
        false => {
            first.extend(adapter);
            vec![first]
        }
    };
    // Where from is the last thing to know; it goes where it does not fit whole.
    rows = rows.into_iter().map(|row| p.whole(row, width.saturating_sub(2))).collect();
    if !a.reason.is_empty() {
        rows.push(vec![(format!("  {}", a.reason.shown()), Role::LinkDown)]);
    }
    if !a.muted.is_empty() {
        let groups: Vec<String> = a
            .muted
            .iter()
            .map(|(g, until)| until.map_or_else(|| g.to_string(), |u| format!("{g} {}", p.age_left(u))))
            .collect();
        rows.push(vec![(
            format!("  {}{}", lang.pick("被禁言：", "muted in: "), groups.join(", ")),
            Role::AlertWarning,
        )]);
    }
    let paused: Vec<String> =
        p.ui.snap
            .attention
            .iter()
            .filter(|(_, item)| item.kind == ItemKind::Paused)
            .filter_map(|(_, item)| item.conversation.filter(|chat| chat.account == a.id))
            .map(|chat| p.ui.name_of(chat))
            .collect();
    if !paused.is_empty() {
        rows.push(vec![(
            format!("  {}{}", lang.pick("暂停发送：", "sending paused in: "), paused.join(", ")),
            Role::AlertWarning,
        )]);
    }
    rows
}

pub fn provider(p: &Paint, n: usize, width: u16) -> Vec<Vec<Span>> {
    let lang = p.lang();
    let Some(v) = p.ui.snap.providers.get(n) else { return Vec::new() };
    let narrow = width < NARROW;
    let name = p.ui.width.fit_left(&v.name, if narrow { 12 } else { 14 });
    let mut head = vec![state_mark(p, v), (format!(" {name} "), Role::TextStrong)];
    let state = (p.ui.width.fit_left(&words::provider_state(v.state, lang), 10), state_role(v.state));
    let mut row = vec![
        (format!("{}{} ", lang.pick("答", "busy "), v.inflight), Role::Text),
        (format!("{}{} ", lang.pick("队", "queue "), v.queued), Role::Text),
    ];
    if let Some(first) = v.ttft_p50 {
        row.push((format!("{}{} ", lang.pick("首字", "first "), took(first)), Role::Time));
    }
    if let Some(speed) = v.latency.per_token.speeds().0 {
        row.push((format!("{speed:.0}t/s "), Role::Time));
    }
    if let Some(load) = v.latency.load.p50 {
        row.push((format!("{}{} ", lang.pick("载入", "load "), took(load)), Role::Time));
    }
    if let Some(balance) = &v.balance {
        row.push((format!("{}{} ", lang.pick("余额", "balance "), Text::from(balance.as_str()).shown()), Role::Money));
    }
    let mut rows = match narrow {
        // What it is, how it stands; below, how it does.
        true => {
            head.push(state);
            row.insert(0, ("   ".to_owned(), Role::Text));
            vec![head, row, vec![(format!("   {}", v.model), Role::TextDim)]]
        }
        false => {
            head.extend([(p.ui.width.fit_left(&v.model, 22), Role::Text), state]);
            head.extend(row);
            p.flow(head, width.saturating_sub(2), 3)
        }
    };
    if let Some(r) = v.resident.as_ref().filter(|r| r.loaded) {
        let share = if r.size > 0 { r.size_vram as f32 / r.size as f32 } else { 0.0 };
        let role = if share < 0.999 { Role::GaugeWarn } else { Role::GaugeOk };
        let cols = if width < 70 { 10 } else { 20 };
        let mut row = vec![
            (format!("   {} ", lang.pick("显存", "on the card")), Role::TextDim),
            (bar(share, cols, p.ui.width), role),
            (format!(" {} / {}", figures::size(r.size_vram), figures::size(r.size)), Role::Text),
            (format!(" {}", words::residency(r, lang)), role),
        ];
        let until = r.expires.map(|end| p.age_left(Wall(end.saturating_mul(1000))));
        let until = until.map_or_else(
            || lang.pick(" 常驻", " for good").to_owned(),
            |left| format!(" {}{left}", lang.pick("还留 ", "stays ")),
        );
        row.push((until, Role::TextDim));
        rows.push(row);
        if r.size_vram < r.size {
            let (zh, en) = (
                "   部分层在内存里算，会慢：换小一点的模型或上下文，或腾出显存",
                "   layers run on the processor, slowly: a smaller model or context, or free memory on the card",
            );
            rows.push(vec![(lang.pick(zh, en).to_owned(), Role::GaugeWarn)]);
        }
    }
    if let Some(failure) = &v.failure {
        let retry = v.retry_at.map_or_else(String::new, |at| {
            format!(" · {}{}", lang.pick("再试还有 ", "tried again in "), p.age_left(at))
        });
        rows.push(vec![(format!("   {}{retry}", words::provider_error(failure, lang)), Role::AlertWarning)]);
    }
    rows
}

/// The role of a provider's state.
fn state_role(state: ProviderState) -> Role {
    match state {
        ProviderState::Ready => Role::LinkUp,
        ProviderState::Probing => Role::AlertWarning,
        ProviderState::Open | ProviderState::Aside => Role::LinkDown,
        ProviderState::Off => Role::Muted,
    }
}

fn state_mark(p: &Paint, v: &ProviderView) -> Span {
    let glyph = match v.state {
        ProviderState::Ready => Glyph::Online,
        ProviderState::Probing => Glyph::Pending,
        ProviderState::Open | ProviderState::Aside => Glyph::Refused,
        ProviderState::Off => Glyph::Offline,
    };
    (p.glyph(glyph).to_owned(), state_role(v.state))
}

/// An account in one row.
pub fn account_short(p: &Paint, n: usize) -> Vec<Span> {
    let Some(a) = p.ui.snap.accounts.get(n) else { return Vec::new() };
    let name = if a.nickname.is_empty() { a.id.to_string() } else { a.nickname.shown().to_owned() };
    vec![(format!(" {} ", p.ui.width.fit_left(&name, 10)), Role::Text), state(p, a)]
}

/// A provider in a row, and why it is not asked.
pub fn provider_short(p: &Paint, n: usize) -> Vec<Vec<Span>> {
    let Some(v) = p.ui.snap.providers.get(n) else { return Vec::new() };
    let mut row = vec![
        (" ".to_owned(), Role::Text),
        state_mark(p, v),
        (format!(" {} ", p.ui.width.fit_left(&v.name, 10)), Role::Text),
    ];
    match v.state {
        ProviderState::Ready => {
            let (busy, queued) = (p.lang().pick("答", "busy "), p.lang().pick(" 队", " queue "));
            row.push((format!("{busy}{}{queued}{}", v.inflight, v.queued), Role::TextDim));
            row.extend(v.ttft_p50.map(|d| (format!(" {}", took(d)), Role::Time)));
        }
        state => row.push((words::provider_state(state, p.lang()), state_role(state))),
    }
    let mut rows = vec![row];
    if let Some(failure) = &v.failure {
        rows.push(vec![(format!("   {}", words::provider_error(failure, p.lang())), Role::AlertWarning)]);
    }
    rows
}

/// Where the time goes.
fn stages(p: &mut Paint, area: Rect) {
    let l = p.ui.snap.latency;
    let y = heading(p, area, area.y, p.lang().pick("各段用时（5 分钟）", "Where the time goes (5 min)"));
    let stages = [
        ("排队", "queue", l.queue),
        ("载入", "load", l.load),
        ("首字", "first text", l.first_text),
        ("生成", "writing", l.generation),
        ("发送", "sending", l.send),
        ("合计", "in all", l.total),
    ];
    for (y, (zh, en, stage)) in (y..area.bottom()).zip(stages) {
        let cell = |d: Option<std::time::Duration>| d.map_or_else(|| p.glyph(Glyph::Nothing).to_owned(), took);
        let row = [
            (p.ui.width.fit_left(p.lang().pick(zh, en), 12), Role::TextDim),
            (format!("p50 {:<8}", cell(stage.p50)), Role::Text),
            (format!("p95 {:<8}", cell(stage.p95)), Role::Text),
            (format!("p99 {}", cell(stage.p99)), Role::Text),
        ];
        p.spans(area.x + 2, y, area.width.saturating_sub(2), &row);
    }
}
