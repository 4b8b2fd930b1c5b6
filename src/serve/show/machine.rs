//! Cards and the machine.

use crate::domain::{Gauges, Gpu};
use crate::words::{self, Lang, one_line};

/// Cards, or why there are none; then the machine.
pub fn machine(gauges: &Gauges, lang: Lang) -> String {
    let gib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 30));
    let mut lines: Vec<String> = gauges.gpus.iter().map(|gpu| card(gpu, lang)).collect();
    if let Some(why) = &gauges.no_gpu {
        lines.push(words::no_gpu(why, lang));
    }
    let h = &gauges.host;
    if h.memory_total > 0 {
        let cpu = h.cpu.map_or_else(|| "-".to_owned(), |v| format!("{v:.0}%"));
        let (used, total, own) = (gib(h.memory_used), gib(h.memory_total), h.own_memory >> 20);
        let disk = h.disk_free.map_or_else(|| "-".to_owned(), gib);
        lines.push(match lang {
            Lang::Zh => format!("主机    CPU {cpu} · 内存 {used}/{total} GiB · 磁盘剩 {disk} GiB · 本程序 {own} MiB"),
            Lang::En => {
                format!("machine   CPU {cpu} · memory {used}/{total} GiB · disk {disk} GiB free · we {own} MiB")
            }
        });
    }
    if gauges.simulated {
        lines.insert(0, lang.pick("（模拟的显卡）", "(simulated cards)").to_owned());
    }
    lines.join("\n")
}

fn card(gpu: &Gpu, lang: Lang) -> String {
    let gib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 30));
    let mut parts = vec![format!("GPU{} {}", gpu.index, one_line(&gpu.name, 40))];
    parts.extend(words::gpu_state(&gpu.state, lang));
    if let (Some(share), Some(used), Some(total)) = (gpu.share(), gpu.used, gpu.total) {
        let (used, total) = (gib(used), gib(total));
        parts.push(format!("{} {used}/{total} GiB {:.0}%", lang.pick("显存", "memory"), share * 100.0));
    }
    if let Some((model, foreign)) = gpu.split() {
        parts.push(format!(
            "{} {} · {} {}",
            lang.pick("模型", "models"),
            gib(model),
            lang.pick("其他", "others"),
            gib(foreign)
        ));
    }
    parts.extend(gpu.busy.map(|busy| format!("{} {busy}%", lang.pick("忙", "busy"))));
    parts.extend(gpu.temperature.map(|t| format!("{t}°C")));
    parts.extend(gpu.power.map(|p| match gpu.power_limit {
        Some(limit) => format!("{}/{} W", p / 1000, limit / 1000),
        None => format!("{} W", p / 1000),
    }));
    parts.extend(gpu.throttled.iter().map(|why| words::throttle(*why, lang)));
    parts.join(" · ")
}
