//! All cards: those of NVIDIA, then those of AMD, each with its own way of telling.
//!
//! * `nvidia`: what is asked, of which card, and when it is left alone · `nvml`: the driver's library
//! * `amd`: files of sysfs · `pci`: which cards there are and whether they sleep, without a driver's help
//! * `process`: who is on a card, by name

mod amd;
mod nvidia;
mod nvml;
mod pci;
mod process;

use std::path::PathBuf;
use std::time::Instant;

use crate::domain::{Gpu, NoGpu};

/// Everything that can tell of a card.
pub struct Cards {
    nvidia: nvidia::Nvidia,
    amd: amd::Amd,
}

impl Cards {
    /// Those of this machine.
    pub fn real() -> Self {
        Self::new(Box::new(nvml::Library), "/sys".into(), "/proc".into())
    }

    fn new(driver: Box<dyn nvidia::Driver>, sys: PathBuf, proc: PathBuf) -> Self {
        Self { nvidia: nvidia::Nvidia::new(driver, sys.clone(), proc), amd: amd::Amd::new(sys) }
    }

    /// All cards, or why there are none.
    pub fn read(&mut self, now: Instant) -> (Vec<Gpu>, Option<NoGpu>) {
        let (mut gpus, mut none) = match self.nvidia.read(now) {
            Ok(gpus) => (gpus, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        gpus.extend(self.amd.read());
        if gpus.is_empty() {
            none = none.or(Some(NoGpu::NoCard));
        } else if matches!(none, Some(NoGpu::NoDriver | NoGpu::NoCard)) {
            none = None;
        }
        for (index, gpu) in (0..).zip(&mut gpus) {
            gpu.index = index;
            gpu.processes.sort_by_key(|p| std::cmp::Reverse(p.memory));
        }
        (gpus, none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_any_says_why_and_a_card_of_amd_needs_no_driver_of_nvidia() {
        let sys = tempfile::tempdir().unwrap();
        let mut cards = Cards::new(Box::new(nvml::Library), sys.path().into(), "/proc".into());
        let (gpus, none) = cards.read(Instant::now());
        assert!(!gpus.is_empty() || none.is_some());
        amd::tests::tree(sys.path(), "active");
        let mut cards =
            Cards::new(Box::new(nvidia::tests::Fake::failing(NoGpu::NoDriver)), sys.path().into(), "/".into());
        let (gpus, none) = cards.read(Instant::now());
        assert_eq!((gpus.len(), none), (1, None));
        let mut cards =
            Cards::new(Box::new(nvidia::tests::Fake::failing(NoGpu::Mismatch)), sys.path().into(), "/".into());
        assert_eq!(
            cards.read(Instant::now()).1,
            Some(NoGpu::Mismatch),
            "a driver that is there and does not fit is told"
        );
    }
}
