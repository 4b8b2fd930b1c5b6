//! Cards, the machine, and what became of them over time.

use ratatui::layout::Rect;

use super::paint::{Paint, Span};
use crate::console::text::{Scale, bar, figures, range, sparkline};
use crate::console::theme::{Glyph, Role};
use crate::domain::*;
use crate::words::{self, Lang};

/// A share from which a card is nearly full, and full.
const FULL: (f32, f32) = (0.90, 0.97);
/// From so many columns on, a graph tells the least as well as the most.
const BOTH: u16 = 44;
/// Degrees below the slowdown from which a card is hot.
const HOT: u32 = 8;

/// How full something is, as a role.
pub fn fullness(share: f32) -> Role {
    match share {
        s if s >= FULL.1 => Role::GaugeCritical,
        s if s >= FULL.0 => Role::GaugeWarn,
        _ => Role::GaugeOk,
    }
}

/// The fullest card's share, for the header.
pub fn fullest(gauges: &Gauges) -> Option<f32> {
    gauges.gpus.iter().filter_map(Gpu::share).reduce(f32::max)
}

/// A card in a row, and in a second one who is on it.
pub fn card(p: &Paint, gpu: &Gpu, width: u16) -> Vec<Vec<Span>> {
    let lang = p.lang();
    let narrow = width < 60;
    let name = shown(&gpu.name);
    let name = name.trim_start_matches("NVIDIA ").trim_start_matches("GeForce ").to_owned();
    let mut row = vec![(format!(" {} ", p.ui.width.fit_left(&name, if narrow { 10 } else { 16 })), Role::TextStrong)];
    if let Some(words) = words::gpu_state(&gpu.state, lang) {
        let role = if matches!(gpu.state, GpuState::Lost(_)) { Role::LinkDown } else { Role::TextDim };
        row.push((format!("{words} "), role));
    }
    if let Some(share) = gpu.share() {
        row.push((bar(share, if narrow { 8 } else { 16 }, p.ui.width), fullness(share)));
        row.push((format!(" {:<4} ", figures::percent(share)), fullness(share)));
    }
    row.extend(condition(p, gpu));
    let mut rows = vec![row];
    if let Some(words) = who(p, gpu) {
        rows.push(vec![("   ".to_owned(), Role::Text), words]);
    }
    rows
}

/// A card in the side pane: how full, then by whom and how it does.
pub fn card_short(p: &Paint, gpu: &Gpu) -> Vec<Vec<Span>> {
    let lang = p.lang();
    let Some(share) = gpu.share() else {
        let words = words::gpu_state(&gpu.state, lang).unwrap_or_default();
        return vec![vec![(format!(" {} {words}", shown(&gpu.name)), Role::TextDim)]];
    };
    let mut first = vec![
        (format!(" {}", lang.pick("显存", "VRAM ")), Role::TextDim),
        (bar(share, 8, p.ui.width), fullness(share)),
        (figures::percent(share), fullness(share)),
    ];
    if let Some((model, foreign)) = gpu.split() {
        let (zh, en) = ("模型", "models ");
        first.push((format!(" {}{}", lang.pick(zh, en), figures::size(model)), Role::Text));
        if foreign > 0 {
            first.push((format!(" {}{}", lang.pick("他", "else "), figures::size(foreign)), Role::Text));
        }
    }
    let mut second = vec![(" ".to_owned(), Role::Text)];
    second.extend(condition(p, gpu));
    if second.len() > 1 { vec![first, second] } else { vec![first] }
}

/// How busy, how hot, how much power, and what holds it back.
fn condition(p: &Paint, gpu: &Gpu) -> Vec<Span> {
    let lang = p.lang();
    let mut row: Vec<Span> = Vec::new();
    row.extend(gpu.busy.map(|busy| (format!("{}{busy}% ", lang.pick("忙", "busy ")), Role::Text)));
    row.extend(gpu.temperature.map(|t| {
        let role = match gpu.slowdown_at {
            Some(limit) if t >= limit => Role::GaugeCritical,
            Some(limit) if t + HOT >= limit => Role::GaugeWarn,
            _ => Role::Text,
        };
        // The degree sign is two columns wide in some terminals.
        (format!("{t}C "), role)
    }));
    row.extend(gpu.power.map(|watts| match gpu.power_limit {
        Some(limit) => (format!("{}/{}W ", watts / 1000, limit / 1000), Role::Text),
        None => (format!("{}W ", watts / 1000), Role::Text),
    }));
    for why in &gpu.throttled {
        let role = if *why == Throttle::Power { Role::TextDim } else { Role::AlertWarning };
        row.push((format!("{} ", words::throttle(*why, lang)), role));
    }
    row
}

/// Who uses the memory: servers of models together, all others by name.
fn who(p: &Paint, gpu: &Gpu) -> Option<Span> {
    let lang = p.lang();
    let (model, foreign) = gpu.split()?;
    let of = |used: Option<u64>| used.map_or_else(String::new, |bytes| format!(" {}", figures::size(bytes)));
    let mut parts = vec![format!("{} {}", lang.pick("模型", "models"), figures::size(model))];
    let others: Vec<&GpuProcess> = gpu.processes.iter().filter(|process| !process.model).collect();
    for process in others.iter().take(3) {
        let name = if process.name.is_empty() { process.pid.to_string() } else { shown(&process.name) };
        parts.push(format!("{name}{}", of(process.memory)));
    }
    if others.len() > 3 {
        parts.push(format!("+{}", others.len() - 3));
    }
    let role = if foreign > 1 << 30 { Role::GaugeWarn } else { Role::TextDim };
    Some((parts.join(" · "), role))
}

/// Why there is no card.
pub fn no_card(p: &Paint, why: &NoGpu) -> Vec<Span> {
    vec![(format!(" {}", words::no_gpu(why, p.lang())), Role::TextDim)]
}

/// The machine in a row.
pub fn host(p: &Paint, h: &Host) -> Vec<Span> {
    let lang = p.lang();
    let mut row = vec![(format!(" {} ", lang.pick("主机", "machine")), Role::TextDim)];
    row.extend(h.cpu.map(|cpu| (format!("CPU {cpu:.0}% "), Role::Text)));
    if h.memory_total > 0 {
        let role = fullness(h.memory_used as f32 / h.memory_total as f32);
        let role = if role == Role::GaugeOk { Role::Text } else { role };
        let (used, total) = (figures::size(h.memory_used), figures::size(h.memory_total));
        row.push((format!("{} {used}/{total} ", lang.pick("内存", "memory")), role));
    }
    if let Some((free, total)) = h.disk_free.zip(h.disk_total) {
        let role = if free < total / 20 { Role::GaugeWarn } else { Role::Text };
        row.push((format!("{} {} ", lang.pick("磁盘剩", "disk left"), figures::size(free)), role));
    }
    row.push((format!("qqdeck {}", figures::size(h.own_memory)), Role::TextDim));
    row.extend(h.own_cpu.map(|cpu| (format!(" {cpu:.0}%"), Role::TextDim)));
    row
}

/// How far back the graphs reach, with the key that changes it.
pub fn reach(p: &Paint) -> String {
    let words = match (p.ui.reach, p.lang()) {
        (Reach::Minute, Lang::Zh) => "1 分钟",
        (Reach::Minute, Lang::En) => "1 min",
        (Reach::Quarter, Lang::Zh) => "15 分钟",
        (Reach::Quarter, Lang::En) => "15 min",
        (Reach::Hours, Lang::Zh) => "4 小时",
        (Reach::Hours, Lang::En) => "4 h",
    };
    let key = p.ui.keymap.key_of(crate::console::action::Action::Reach).unwrap_or_default();
    format!("{} {words} {key}", p.lang().pick("走势", "Graphs"))
}

/// Which graphs there are, as many as fit, the likeliest wanted first.
pub fn graphs(p: &mut Paint, area: Rect) -> u16 {
    let trends = std::sync::Arc::clone(&p.ui.snap.trends);
    let c = trends.of(p.ui.reach);
    let lang = p.lang();
    let seconds = |v: f32| figures::took(std::time::Duration::from_secs_f32(v.max(0.0)));
    let percent = |v: f32| format!("{v:.0}%");
    let plain = |v: f32| format!("{v:.0}");
    type Word<'a> = &'a dyn Fn(f32) -> String;
    let all: [(&str, &str, &Curve, Option<f32>, Word<'_>); 6] = [
        ("首字", "first text", &c.first_text, None, &seconds),
        ("显存", "VRAM", &c.memory, Some(100.0), &percent),
        ("字速 t/s", "tokens/s", &c.speed, None, &plain),
        ("显卡忙", "GPU busy", &c.busy, Some(100.0), &percent),
        ("排队", "queue", &c.queue, None, &plain),
        ("消息/分", "msgs/min", &c.messages, None, &plain),
    ];
    let mut y = area.y;
    for (zh, en, curve, most, word) in all {
        if y >= area.bottom() || !curve.iter().flatten().any(|_| true) {
            continue;
        }
        let (least, top) = range(curve).unwrap_or_default();
        let label = p.ui.width.fit_left(lang.pick(zh, en), 11);
        let x = p.put(area.x, y, area.width, &label, Role::TextDim);
        let most_of_it = format!(" {}{}", p.glyph(Glyph::Above), word(top));
        let (tail, tails) = match area.width {
            BOTH.. => (format!(" {}{}{most_of_it}", p.glyph(Glyph::Below), word(least)), 17),
            _ => (most_of_it, 9),
        };
        let room = usize::from((area.x + area.width).saturating_sub(x)).saturating_sub(tails);
        let cols = room.min(POINTS * p.ui.width.of("▁"));
        let scale = Scale::Fixed(0.0, most.unwrap_or(top).max(f32::MIN_POSITIVE));
        let graph = sparkline(&squeezed(curve, cols / p.ui.width.of("▁").max(1)), cols, scale, p.ui.width);
        let x = p.put(x, y, area.width, &graph, Role::Spark);
        p.put(x, y, tails as u16, &tail, Role::TextDim);
        y += 1;
    }
    y
}

/// The whole of a curve in so many points: several become their mean, and a gap only where all of them are.
fn squeezed(curve: &Curve, points: usize) -> Curve {
    let each = POINTS.div_ceil(points.max(1));
    let mut groups: Curve = curve
        .rchunks(each)
        .map(|group| {
            let known: Vec<f32> = group.iter().flatten().copied().collect();
            (!known.is_empty()).then(|| known.iter().sum::<f32>() / known.len() as f32)
        })
        .collect();
    groups.reverse();
    groups
}

fn shown(name: &str) -> String {
    Text::from(name).shown().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_squeezed_curve_reaches_as_far_back_as_the_whole_one() {
        let curve: Curve = (0..60).map(|n| (n >= 20).then_some(n as f32)).collect();
        let squeezed = squeezed(&curve, 15);
        assert_eq!(squeezed.len(), 15);
        assert_eq!((squeezed[4], squeezed[5], squeezed[14]), (None, Some(21.5), Some(57.5)));
        assert_eq!(super::squeezed(&curve, 60), curve);
        assert_eq!(super::squeezed(&vec![Some(1.0); 5], 15), [Some(1.0), Some(1.0)], "a young one is short");
        assert_eq!(super::squeezed(&curve, 0).len(), 1);
    }

    #[test]
    fn how_full_is_a_role() {
        for (share, role) in [(0.5, Role::GaugeOk), (0.9, Role::GaugeWarn), (0.97, Role::GaugeCritical)] {
            assert_eq!(fullness(share), role);
        }
    }
}
