//! The first row: which instance, which accounts, what needs somebody, how fast, what it costs. No clock: it
//! would break the silence.

use ratatui::layout::Rect;

use super::paint::{Paint, Span, age, took};
use super::{accounts, machine};
use crate::console::action::Action;
use crate::console::text::figures;
use crate::console::theme::{Glyph, Role};
use crate::domain::{AccountView, AlertState, AlertView, ItemKind};

pub fn draw(p: &mut Paint, area: Rect) {
    if area.height == 0 {
        return;
    }
    p.row_style(area, Role::Header);
    let right = presence(p, area);
    let mut groups = vec![who(p), attention(p), speed(p), money(p)];
    groups.retain(|g| !g.is_empty());
    let end = right.saturating_sub(1);
    let mut x = instance(p, area);
    for group in groups {
        // What does not fit whole is left out, figure by figure: half a figure is a wrong figure.
        let mut used = 0;
        let fits = |(text, _): &&Span| {
            used += p.cols(text);
            x + 2 + used <= end
        };
        let mut count = group.iter().take_while(fits).count();
        // A word without its figure is none.
        while count > 0 && group[count - 1].0.ends_with(' ') {
            count -= 1;
        }
        // A line before nothing is none.
        if count == 0 || count == 1 && group[0].1 == Role::Rule {
            break;
        }
        let cols = end.saturating_sub(x + 2);
        x = p.spans(x + 2, area.y, cols, &group[..count]);
        if count < group.len() {
            break;
        }
    }
}

fn instance(p: &mut Paint, area: Rect) -> u16 {
    let config = &p.ui.config.instance;
    let name = match p.ui.snap.instance.as_str() {
        "" => config.name.clone(),
        name => name.to_owned(),
    };
    let x = p.put(area.x, area.y, 24.min(area.width), &format!(" {name} "), Role::HeaderAccent);
    let mut x = x;
    if config.production {
        let words = p.lang().pick("生产", "PROD");
        x = p.put(x, area.y, 8, &format!("!{words}"), Role::HeaderProduction);
    }
    if p.ui.settings.demo {
        x = p.put(x + 1, area.y, 8, p.lang().pick("演示", "demo"), Role::AlertInfo);
    }
    if p.ui.settings.read_only {
        x = p.put(x + 1, area.y, 10, p.lang().pick("只读", "read-only"), Role::AlertWarning);
    }
    if p.ui.zoom {
        // Other panes are there and not to be seen.
        let key = p.ui.keymap.key_of(Action::Zoom).unwrap_or_default();
        let words = format!("{} {key}", p.lang().pick("放大", "zoomed"));
        x = p.put(x + 1, area.y, 12, &words, Role::AlertInfo);
    }
    if let Some(paused) = &p.ui.paused {
        let missed = paused.behind.counters.received - p.ui.snap.counters.received.min(paused.behind.counters.received);
        let age = age(p.ui, p.ui.now.mono.since(paused.since));
        let words = format!("{} {age}", p.lang().pick("画面冻结", "frozen"));
        x = p.put(x + 1, area.y, 20, &format!("{words} +{missed}"), Role::AlertWarning);
    }
    if p.ui.snap.unrecorded {
        let words = p.lang().pick("未落盘：可能重复回复", "unrecorded: replies may double");
        x = p.put(x + 1, area.y, 32, words, Role::AlertCritical);
    }
    if p.ui.snap.stopping {
        x = p.put(x + 1, area.y, 12, p.lang().pick("正在停机", "stopping"), Role::AlertWarning);
    }
    x
}

/// Whose accounts there are and how they stand.
fn who(p: &Paint) -> Vec<Span> {
    let mut spans = Vec::new();
    if p.ui.snap.accounts.is_empty() {
        let words = p.lang().pick("没有账号", "no account");
        return vec![(format!("{}{words}", p.glyph(Glyph::Offline)), Role::LinkDown)];
    }
    let most = if p.ui.settings.size.0 < 100 { 1 } else { 4 };
    // Those that are in trouble first.
    let mut all: Vec<&AccountView> = p.ui.snap.accounts.iter().collect();
    all.sort_by_key(|a| a.connected && a.online != Some(false));
    for account in all.iter().take(most) {
        if !spans.is_empty() {
            spans.push((" ".into(), Role::Header));
        }
        let name = match account.nickname.shown() {
            "" => account.id.to_string(),
            name => p.ui.width.truncate(name, 12).into_owned(),
        };
        spans.push((name, Role::Header));
        spans.push(accounts::state(p, account));
    }
    let more = all.len().saturating_sub(most);
    if more > 0 {
        spans.push((format!(" +{more}"), Role::Header));
    }
    spans
}

fn attention(p: &Paint) -> Vec<Span> {
    let mut drafts = 0;
    let mut unknown = 0;
    let mut requests = 0;
    for (_, item) in &p.ui.snap.attention {
        match item.kind {
            ItemKind::Draft { suggestion: false, .. } => drafts += 1,
            ItemKind::Unknown { .. } => unknown += 1,
            ItemKind::Request(_) => requests += 1,
            _ => {}
        }
    }
    let total = crate::console::update::attention(p.ui).len();
    let mut spans = alerts(p);
    if total == 0 {
        return spans;
    }
    let lang = p.lang();
    if !spans.is_empty() {
        spans.push((" ".into(), Role::Header));
    }
    spans.push((format!("{}{total}", p.glyph(Glyph::Attention)), Role::AlertWarning));
    for (n, zh, en, role) in [
        (drafts, "草稿", "drafts ", Role::Draft),
        (unknown, "未知", "unknown ", Role::DeliveryUnknown),
        (requests, "请求", "requests ", Role::AlertInfo),
    ] {
        if n > 0 {
            spans.push((format!(" {}{n}", lang.pick(zh, en)), role));
        }
    }
    spans
}

/// Alerts that fire and that nobody has taken note of.
fn alerts(p: &Paint) -> Vec<Span> {
    let open = |v: &&AlertView| {
        v.alert.state == AlertState::Firing && v.alert.acked.is_none() && v.silenced.is_none() && !v.quiet
    };
    let worst = p.ui.snap.alerts.iter().filter(open).map(|v| v.alert.severity).max();
    let Some(worst) = worst else { return Vec::new() };
    let count = p.ui.snap.alerts.iter().filter(open).count();
    vec![(format!("{}{count}", p.glyph(Glyph::Warning)), super::alerts::role(worst))]
}

fn speed(p: &Paint) -> Vec<Span> {
    let snap = &p.ui.snap;
    let lang = p.lang();
    let mut spans = vec![(p.glyph(Glyph::Vertical).to_owned(), Role::Rule)];
    let card = snap.gauges.as_ref().and_then(|gauges| machine::fullest(gauges));
    if let Some(share) = card {
        let role = machine::fullness(share);
        let role = if role == Role::GaugeOk { Role::Header } else { role };
        spans.push((format!(" {}{}", lang.pick("显存", "VRAM "), figures::percent(share)), role));
    }
    // Where no card is ours to see, at least what the model takes.
    for gauge in snap
        .providers
        .iter()
        .filter(|_| card.is_none())
        .filter_map(|p| p.resident.as_ref())
        .filter(|r| r.loaded)
        .take(1)
    {
        spans.push((format!(" {}{}", lang.pick("模型", "model "), figures::size(gauge.size)), Role::Header));
    }
    if let Some(p50) = snap.latency.first_text.p50 {
        spans.push((format!(" {}{}", lang.pick("首字", "first "), took(p50)), Role::Header));
    }
    let waiting = snap.queued;
    let role = if waiting > 8 { Role::GaugeWarn } else { Role::Header };
    spans.push((format!(" {}{waiting}", lang.pick("队", "queue ")), role));
    if snap.inflight > 0 {
        spans.push((format!(" {}{}", lang.pick("答", "busy "), snap.inflight), Role::Streaming));
    }
    spans
}

fn money(p: &Paint) -> Vec<Span> {
    let today = &p.ui.snap.today;
    let lang = p.lang();
    let tokens = today.input + today.output;
    let mut spans = vec![(p.glyph(Glyph::Vertical).to_owned(), Role::Rule)];
    spans.push((format!(" {}", lang.pick("今日", "today ")), Role::Header));
    spans.push((figures::money(today.cost, lang), Role::Money));
    if p.ui.settings.size.0 >= 100 {
        spans.push((format!(" {}tok", figures::count(tokens, lang)), Role::TextDim));
    }
    spans
}

/// Who is attached; tells the column where it begins.
fn presence(p: &mut Paint, area: Rect) -> u16 {
    let right = area.x + area.width;
    if area.width < 100 || p.ui.present.len() < 2 {
        return right;
    }
    let mut names: Vec<String> = Vec::new();
    for present in &p.ui.present {
        let glyph = p.glyph(if present.you { Glyph::Online } else { Glyph::Offline });
        let name = if present.you { p.lang().pick("你", "you").to_owned() } else { present.name.shown().to_owned() };
        names.push(format!("{glyph}{name}"));
    }
    let words = format!("{} ", names.join(" "));
    p.put_right(right, area.y, area.width / 3, &words, Role::Header)
}
