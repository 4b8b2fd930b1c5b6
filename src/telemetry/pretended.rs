//! Cards that are not there: for the demo, and for trying alerts without filling a real card.
//!
//! `QQDECK_CARDS=95%` pretends one card of 8 GiB that is so full. `QQDECK_CARDS=FILE` reads the cards from a JSON file
//! anew for each sample, in the form in which `ctl status --json` shows them: `{"gpus": [{"name": …, "total": …}]}`, or
//! `{"no_gpu": "no_driver"}`. What is left out is not told.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::{Gauges, Gpu, GpuProcess, NoGpu, Throttle};

const MIB: u64 = 1 << 20;
/// Bytes of the card of the demo.
const TOTAL: u64 = 8192 * MIB;
/// What its model takes.
const MODEL: u64 = 5632 * MIB;
/// How long a round of the demo's show is, in seconds.
const ROUND: f64 = 240.0;

/// Which cards are pretended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pretended {
    /// One that breathes: a model, and a game that comes and goes.
    Moving,
    /// One of 8 GiB that is so full, in per cent.
    Full(u8),
    /// What stands in a file.
    File(PathBuf),
}

impl Pretended {
    /// What the environment asks for.
    pub fn asked() -> Option<Self> {
        Self::read(&std::env::var("QQDECK_CARDS").ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        match text.strip_suffix('%').map(str::parse) {
            Some(Ok(share @ 0..=100)) => Some(Self::Full(share)),
            _ if text.is_empty() => None,
            _ => Some(Self::File(text.into())),
        }
    }

    /// The cards at a time since the start.
    pub fn at(&self, time: Duration) -> (Vec<Gpu>, Option<NoGpu>) {
        match self {
            Self::Moving => (vec![moving(time)], None),
            Self::Full(share) => (vec![full(*share)], None),
            Self::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
                let read = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
                match read {
                    Ok(Gauges { gpus, no_gpu, .. }) => (gpus, no_gpu),
                    Err(words) => (Vec::new(), Some(NoGpu::Failed(words))),
                }
            }
        }
    }
}

fn full(share: u8) -> Gpu {
    let used = TOTAL / 100 * u64::from(share);
    let model = used.min(MODEL);
    card(model, used - model, 40)
}

/// Quiet, then a game that fills the card nearly to its brim, then quiet again.
fn moving(time: Duration) -> Gpu {
    let round = time.as_secs_f64() % ROUND / ROUND;
    let wave = (round * std::f64::consts::TAU).sin();
    let game = 700.0 + 1000.0 * (wave - 0.2).max(0.0);
    let busy = 35.0 + 55.0 * (round * 7.0 * std::f64::consts::TAU).sin().max(0.0);
    card(MODEL, (game as u64) * MIB, busy as u8)
}

fn card(model: u64, game: u64, busy: u8) -> Gpu {
    let process = |pid, name: &str, memory, model| GpuProcess { pid, name: name.into(), memory: Some(memory), model };
    let hot = 48 + u32::from(busy) / 3;
    let processes =
        vec![process(1201, "ollama", model, true), process(2405, "game.exe", game.saturating_sub(64 * MIB), false)];
    Gpu {
        name: "NVIDIA GeForce RTX 3060 Ti".into(),
        total: Some(TOTAL),
        used: Some(model + game),
        busy: Some(busy),
        temperature: Some(hot),
        slowdown_at: Some(83),
        power: Some(20_000 + u32::from(busy) * 1800),
        power_limit: Some(200_000),
        throttled: if busy > 85 { vec![Throttle::Power] } else { Vec::new() },
        processes: processes.into_iter().filter(|p| p.memory > Some(0)).collect(),
        ..Gpu::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_may_say() {
        for (text, asked) in [
            ("", None),
            ("95%", Some(Pretended::Full(95))),
            ("0%", Some(Pretended::Full(0))),
            ("101%", Some(Pretended::File("101%".into()))),
            ("/x/cards.json", Some(Pretended::File("/x/cards.json".into()))),
        ] {
            assert_eq!(Pretended::read(text), asked, "{text}");
        }
    }

    #[test]
    fn a_pretended_card_is_as_full_as_was_asked() {
        for share in [0, 1, 50, 95, 100] {
            let (cards, _) = Pretended::Full(share).at(Duration::ZERO);
            assert!((cards[0].share().unwrap() * 100.0 - f32::from(share)).abs() < 0.1, "{:?}", cards[0]);
        }
    }

    #[test]
    fn the_demo_s_card_fills_and_empties_and_is_never_overfull() {
        let shares: Vec<f32> =
            (0..240).map(|s| Pretended::Moving.at(Duration::from_secs(s)).0[0].share().unwrap()).collect();
        assert!(shares.iter().all(|share| (0.5..1.0).contains(share)));
        assert!(shares.iter().any(|share| *share > 0.85) && shares.iter().any(|share| *share < 0.8), "{shares:?}");
    }

    #[test]
    fn a_file_is_read_anew_and_a_wrong_one_is_a_state() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cards = Pretended::File(file.path().to_owned());
        std::fs::write(file.path(), r#"{"gpus": [{"name": "x", "total": 100, "used": 95}]}"#).unwrap();
        assert_eq!(cards.at(Duration::ZERO).0[0].share(), Some(0.95));
        std::fs::write(file.path(), r#"{"no_gpu": "mismatch"}"#).unwrap();
        assert_eq!(cards.at(Duration::ZERO), (Vec::new(), Some(NoGpu::Mismatch)));
        std::fs::write(file.path(), "{").unwrap();
        assert!(matches!(cards.at(Duration::ZERO).1, Some(NoGpu::Failed(_))));
    }
}
