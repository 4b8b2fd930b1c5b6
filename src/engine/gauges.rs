//! What the machine shows, as the engine last heard it: rounded to what people see, so that a figure that trembles
//! is no news.

use std::sync::Arc;

use super::rings::Drawn;
use super::state::State;
use crate::domain::{Gauges, Gpu, Host};

const MIB: u64 = 1 << 20;
/// Memory and disk of the machine are shown in tenths of a gibibyte.
const COARSE: u64 = (1 << 30) / 10;

impl State {
    /// A new sample. One that shows the same is no change.
    pub fn on_gauges(&mut self, gauges: Gauges) {
        self.draw_gauges(&gauges);
        let gauges = calm(gauges, self.gauges.as_deref());
        if self.gauges.as_deref() != Some(&gauges) {
            self.gauges = Some(Arc::new(gauges));
            self.changed = true;
            self.stir_gauges();
        }
        self.changed |= self.rings.refresh(self.now.mono);
    }

    fn draw_gauges(&mut self, gauges: &Gauges) {
        let now = self.now.mono;
        // The longest time between two samples, and as much again for a machine under load.
        let holds = self.config.telemetry.idle_interval.max(self.config.telemetry.interval) * 2;
        let most = |values: &mut dyn Iterator<Item = f32>| values.reduce(f32::max);
        if let Some(share) = most(&mut gauges.gpus.iter().filter_map(Gpu::share)) {
            self.rings.sample(Drawn::Memory, share * 100.0, holds, now);
        }
        if let Some(busy) = most(&mut gauges.gpus.iter().filter_map(|gpu| gpu.busy).map(f32::from)) {
            self.rings.sample(Drawn::Busy, busy, holds, now);
        }
        let waiting = self.questions.len().saturating_sub(self.inflight);
        self.rings.sample(Drawn::Queue, waiting as f32, holds, now);
    }
}

/// Rounded, and where a value only trembles around what was shown, what was shown.
fn calm(mut fresh: Gauges, shown: Option<&Gauges>) -> Gauges {
    let before = shown.map(|gauges| &gauges.host);
    fresh.host = calm_host(&fresh.host, before);
    for gpu in &mut fresh.gpus {
        let before = shown.and_then(|gauges| gauges.gpus.iter().find(|g| g.index == gpu.index && g.name == gpu.name));
        calm_gpu(gpu, before);
    }
    fresh
}

fn calm_gpu(gpu: &mut Gpu, before: Option<&Gpu>) {
    gpu.used = gpu.used.map(|bytes| bytes / MIB * MIB);
    gpu.total = gpu.total.map(|bytes| bytes / MIB * MIB);
    for process in &mut gpu.processes {
        process.memory = process.memory.map(|bytes| bytes / MIB * MIB);
    }
    gpu.power = gpu.power.map(|milliwatts| (milliwatts + 500) / 1000 * 1000);
    let Some(before) = before else { return };
    gpu.busy = held(gpu.busy, before.busy, |new, old| new.abs_diff(old) < 3 && new != 0);
    gpu.temperature = held(gpu.temperature, before.temperature, |new, old| new.abs_diff(old) < 2);
    gpu.power = held(gpu.power, before.power, |new, old| new.abs_diff(old) < 4000);
}

fn calm_host(fresh: &Host, before: Option<&Host>) -> Host {
    let coarse = |bytes: u64| bytes / COARSE * COARSE;
    let mut host = Host {
        cpu: fresh.cpu.map(f32::round),
        memory_used: coarse(fresh.memory_used),
        disk_free: fresh.disk_free.map(coarse),
        own_memory: fresh.own_memory / MIB * MIB,
        own_cpu: fresh.own_cpu.map(f32::round),
        ..fresh.clone()
    };
    if let Some(before) = before {
        host.cpu = held(host.cpu, before.cpu, |new, old| (new - old).abs() < 5.0);
        host.own_cpu = held(host.own_cpu, before.own_cpu, |new, old| (new - old).abs() < 2.0);
        let trembles = |new: u64, old: u64, by: u64| new.abs_diff(old) < by;
        if trembles(host.own_memory, before.own_memory, 2 * MIB) {
            host.own_memory = before.own_memory;
        }
        // At the border between two steps it would go to and fro.
        if trembles(fresh.memory_used, before.memory_used + COARSE / 2, COARSE) {
            host.memory_used = before.memory_used;
        }
        host.disk_free =
            held(fresh.disk_free, before.disk_free, |new, old| trembles(new, old + COARSE / 2, COARSE)).map(coarse);
    }
    host
}

/// The old value where the new one is hardly another.
fn held<T: Copy>(new: Option<T>, old: Option<T>, hardly: impl Fn(T, T) -> bool) -> Option<T> {
    match (new, old) {
        (Some(new), Some(old)) if hardly(new, old) => Some(old),
        (new, _) => new,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AlertRule, Config};
    use crate::domain::{Mono, Now};
    use crate::engine::Engine;
    use crate::flow::Input;

    fn sample(used: u64, cpu: f32, temperature: u32) -> Gauges {
        let gpu = Gpu {
            name: "A".into(),
            total: Some(8 << 30),
            used: Some(used),
            busy: Some(40),
            temperature: Some(temperature),
            power: Some(91_300),
            ..Gpu::default()
        };
        let host = Host { cpu: Some(cpu), memory_total: 16 << 30, memory_used: 5 << 30, ..Host::default() };
        Gauges { gpus: vec![gpu], no_gpu: None, host, simulated: false }
    }

    #[test]
    fn what_trembles_stays_and_what_moves_is_told_at_once() {
        let shown = calm(sample(5 << 30, 20.4, 60), None);
        assert_eq!((shown.host.cpu, shown.gpus[0].power), (Some(20.0), Some(91_000)));
        for (fresh, same) in [
            (sample((5 << 30) + 1000, 22.0, 61), true),
            (sample((5 << 30) + MIB, 20.0, 60), false),
            (sample(5 << 30, 26.0, 60), false),
            (sample(5 << 30, 20.0, 62), false),
        ] {
            assert_eq!(calm(fresh.clone(), Some(&shown)) == shown, same, "{fresh:?}");
        }
    }

    #[test]
    fn free_space_does_not_go_to_and_fro_at_a_border() {
        let of = |free: u64, used: u64| Gauges {
            host: Host { disk_free: Some(free), memory_used: used, ..Host::default() },
            ..Gauges::default()
        };
        let border = 100 * COARSE;
        let shown = calm(of(border + 1, border + 1), None);
        for around in [border + 1000, border - 1000, border + 5, border - 5 * MIB] {
            assert_eq!(calm(of(around, around), Some(&shown)), shown, "{around}");
        }
        assert_ne!(calm(of(border - COARSE, border), Some(&shown)), shown);
        assert_ne!(calm(of(border, border + 2 * COARSE), Some(&shown)), shown);
    }

    #[test]
    fn a_card_that_stops_is_at_zero_at_once() {
        let mut busy = sample(1, 1.0, 50);
        busy.gpus[0].busy = Some(2);
        let mut idle = busy.clone();
        idle.gpus[0].busy = Some(0);
        assert_eq!(calm(idle, Some(&busy)).gpus[0].busy, Some(0));
    }

    #[test]
    fn with_nothing_visibly_different_nothing_is_published() {
        let at = |second: u64| Now { mono: Mono(second * 1_000_000), ..Now::default() };
        let mut config = Config::default();
        // An account that never comes would be news.
        let rule = AlertRule { name: "ws_disconnected".into(), enable: false, ..AlertRule::default() };
        config.alerts.rules.push(rule);
        let mut engine = Engine::new(Arc::new(config), 1, at(0));
        engine.apply(Input::Gauges(Box::new(sample(5 << 30, 20.0, 60))), at(1));
        assert!(engine.changed());
        let shown = engine.snapshot();
        assert_eq!(shown.trends.minute.memory.last(), Some(&Some(63.0)));
        for second in 2..100 {
            let trembling = sample((5 << 30) + second * 1000, 20.0 + (second % 3) as f32, 60 + (second % 2) as u32);
            let effects = engine.apply(Input::Gauges(Box::new(trembling)), at(second));
            assert!(effects.is_empty() && !engine.changed(), "{second}: {effects:?}");
        }
        engine.apply(Input::Gauges(Box::new(sample(7 << 30, 20.0, 60))), at(100));
        assert!(engine.changed());
        assert_eq!(engine.snapshot().gauges.as_ref().unwrap().gpus[0].used, Some(7 << 30));
    }
}
