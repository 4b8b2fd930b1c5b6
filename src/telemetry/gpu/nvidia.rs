//! Cards of NVIDIA: which is asked and when. The driver's library is behind [`Driver`], so that all of this is tested
//! without a card.
//!
//! A card whose power is off is not asked: asking would wake it. One that may sleep and has nothing to do is left alone
//! for a while, and the library is given back, so that it can fall asleep; on servers, where cards never sleep, none of
//! this matters.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{pci, process};
use crate::domain::{Gpu, GpuState, NoGpu};

const VENDOR: &str = "0x10de";
/// A driver that was not there, or did not fit, is looked for again after so long.
const TRY_AGAIN: Duration = Duration::from_secs(60);
/// A card that may sleep and has nothing to do is asked again after so long.
const REST: Duration = Duration::from_secs(60);
/// So many times in a row without anything to do.
const IDLE: u32 = 3;

/// A driver's library, or what stands for it in tests.
pub trait Driver: Send {
    /// Loads it. Wakes no card.
    fn open(&self) -> Result<Box<dyn Opened>, NoGpu>;
}

/// A library that is loaded; given back when dropped.
pub trait Opened: Send {
    /// How many cards it knows, for systems whose bus tells nothing (WSL).
    fn count(&self) -> Result<u32, NoGpu>;
    /// One card; wakes it. Names of processes are left to the caller.
    fn read(&self, which: &Which) -> Result<Gpu, String>;
}

/// How a card is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// By its place on the bus.
    Address(String),
    /// By its number with the driver.
    Index(u32),
}

/// What is remembered of a card.
#[derive(Debug, Default)]
struct Known {
    last: Gpu,
    /// Times in a row without anything to do.
    idle: u32,
    /// Left alone until then.
    rests: Option<Instant>,
}

/// All cards of NVIDIA.
pub struct Nvidia {
    driver: Box<dyn Driver>,
    opened: Option<Box<dyn Opened>>,
    failed: Option<(NoGpu, Instant)>,
    known: BTreeMap<Which, Known>,
    sys: PathBuf,
    proc: PathBuf,
}

impl Nvidia {
    /// By this driver; `sys` and `proc` are where the system tells the rest.
    pub fn new(driver: Box<dyn Driver>, sys: PathBuf, proc: PathBuf) -> Self {
        Self { driver, opened: None, failed: None, known: BTreeMap::new(), sys, proc }
    }

    /// All of them, in the order of the bus.
    pub fn read(&mut self, now: Instant) -> Result<Vec<Gpu>, NoGpu> {
        let slots = pci::slots(&self.sys, VENDOR);
        if slots.is_empty() {
            return self.by_number(now);
        }
        let asked = slots.iter().any(|slot| !slot.asleep && !self.rests(&Which::Address(slot.address.clone()), now));
        if asked {
            self.open(now)?;
        }
        let gpus = slots.iter().map(|slot| self.card(slot, now)).collect();
        if slots.iter().any(|slot| slot.may_sleep) {
            // While the library is held no card falls asleep.
            self.opened = None;
        }
        Ok(gpus)
    }

    fn by_number(&mut self, now: Instant) -> Result<Vec<Gpu>, NoGpu> {
        self.open(now)?;
        let count = match self.opened.as_ref().map(|opened| opened.count()) {
            Some(Ok(0)) | None => return Err(NoGpu::NoCard),
            Some(Ok(count)) => count.min(64),
            Some(Err(why)) => {
                self.opened = None;
                self.failed = Some((why.clone(), now));
                return Err(why);
            }
        };
        Ok((0..count).map(|index| self.ask(Which::Index(index))).collect())
    }

    /// Loads the library, unless that failed a moment ago.
    fn open(&mut self, now: Instant) -> Result<(), NoGpu> {
        if self.opened.is_some() {
            return Ok(());
        }
        if let Some((why, at)) = &self.failed
            && now.duration_since(*at) < TRY_AGAIN
        {
            return Err(why.clone());
        }
        match self.driver.open() {
            Ok(opened) => {
                (self.opened, self.failed) = (Some(opened), None);
                Ok(())
            }
            Err(why) => {
                self.failed = Some((why.clone(), now));
                Err(why)
            }
        }
    }

    fn rests(&self, which: &Which, now: Instant) -> bool {
        self.known.get(which).and_then(|known| known.rests).is_some_and(|until| now < until)
    }

    fn card(&mut self, slot: &pci::Slot, now: Instant) -> Gpu {
        let which = Which::Address(slot.address.clone());
        if slot.asleep {
            let known = self.known.entry(which).or_default();
            (known.idle, known.rests) = (0, None);
            // Its memory is empty while its power is off.
            return Gpu {
                name: named(&known.last.name, &slot.address),
                total: known.last.total,
                state: GpuState::Asleep,
                ..Gpu::default()
            };
        }
        if self.rests(&which, now) {
            return self.known.get(&which).map(|known| known.last.clone()).unwrap_or_default();
        }
        let gpu = self.ask(which.clone());
        let known = self.known.entry(which).or_default();
        let nothing = slot.may_sleep && gpu.busy.unwrap_or(0) == 0 && gpu.processes.is_empty();
        known.idle = if nothing { known.idle + 1 } else { 0 };
        known.rests = (known.idle >= IDLE).then(|| now + REST);
        gpu
    }

    fn ask(&mut self, which: Which) -> Gpu {
        let read = self.opened.as_ref().map(|opened| opened.read(&which));
        let known = self.known.entry(which.clone()).or_default();
        match read {
            Some(Ok(mut gpu)) => {
                gpu.processes.iter_mut().for_each(|p| process::name(&self.proc, p));
                known.last = gpu.clone();
                gpu
            }
            Some(Err(words)) => {
                let place = match &which {
                    Which::Address(address) => address.clone(),
                    Which::Index(index) => format!("#{index}"),
                };
                let last = &known.last;
                Gpu { name: named(&last.name, &place), state: GpuState::Lost(words), ..Gpu::default() }
            }
            None => known.last.clone(),
        }
    }
}

fn named(name: &str, place: &str) -> String {
    if name.is_empty() { format!("NVIDIA {place}") } else { name.to_owned() }
}

#[cfg(test)]
pub mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::domain::GpuProcess;

    /// A driver that does what a test says.
    #[derive(Clone, Default)]
    pub struct Fake(Arc<Mutex<World>>);

    #[derive(Default)]
    struct World {
        fails: Option<NoGpu>,
        cards: Vec<Result<Gpu, String>>,
        opened: u32,
        held: u32,
        asked: Vec<Which>,
    }

    impl Fake {
        pub fn failing(why: NoGpu) -> Self {
            let fake = Self::default();
            fake.0.lock().unwrap().fails = Some(why);
            fake
        }

        fn of(cards: Vec<Result<Gpu, String>>) -> Self {
            let fake = Self::default();
            fake.0.lock().unwrap().cards = cards;
            fake
        }

        fn asked(&self) -> Vec<Which> {
            std::mem::take(&mut self.0.lock().unwrap().asked)
        }
    }

    impl Driver for Fake {
        fn open(&self) -> Result<Box<dyn Opened>, NoGpu> {
            let mut world = self.0.lock().unwrap();
            world.opened += 1;
            if let Some(why) = &world.fails {
                return Err(why.clone());
            }
            world.held += 1;
            Ok(Box::new(Held(self.clone())))
        }
    }

    struct Held(Fake);

    impl Drop for Held {
        fn drop(&mut self) {
            // A test that fails holds it; its own words count.
            if let Ok(mut world) = self.0.0.lock() {
                world.held -= 1;
            }
        }
    }

    impl Opened for Held {
        fn count(&self) -> Result<u32, NoGpu> {
            Ok(self.0.0.lock().unwrap().cards.len() as u32)
        }

        fn read(&self, which: &Which) -> Result<Gpu, String> {
            let mut world = self.0.0.lock().unwrap();
            world.asked.push(which.clone());
            let at = match which {
                Which::Index(index) => *index as usize,
                Which::Address(address) => address[5..7].parse::<usize>().unwrap() - 1,
            };
            world.cards[at].clone()
        }
    }

    fn card(name: &str, busy: u8) -> Result<Gpu, String> {
        Ok(Gpu { name: name.into(), total: Some(8 << 30), busy: Some(busy), ..Gpu::default() })
    }

    fn nvidia(fake: &Fake, sys: &std::path::Path) -> Nvidia {
        Nvidia::new(Box::new(fake.clone()), sys.to_owned(), "/nowhere".into())
    }

    fn put(sys: &std::path::Path, address: &str, status: &str, control: &str) {
        let files =
            [("vendor", "0x10de"), ("class", "0x030000"), ("power/runtime_status", status), ("power/control", control)];
        pci::tests::device(sys, address, &files);
    }

    fn address(n: u8) -> Which {
        Which::Address(format!("0000:0{n}:00.0"))
    }

    #[test]
    fn a_sleeping_card_is_never_asked_and_the_library_is_not_even_loaded_for_it() {
        let sys = tempfile::tempdir().unwrap();
        put(sys.path(), "0000:01:00.0", "suspended", "auto");
        let fake = Fake::of(vec![card("A", 0), card("B", 9)]);
        let mut nvidia = nvidia(&fake, sys.path());
        let now = Instant::now();
        let gpus = nvidia.read(now).unwrap();
        assert_eq!((gpus[0].state.clone(), gpus[0].name.as_str()), (GpuState::Asleep, "NVIDIA 0000:01:00.0"));
        assert_eq!(fake.0.lock().unwrap().opened, 0);
        // Another one is awake: only that is asked.
        put(sys.path(), "0000:02:00.0", "active", "on");
        let gpus = nvidia.read(now).unwrap();
        assert_eq!((gpus[0].state.clone(), gpus[1].busy), (GpuState::Asleep, Some(9)));
        assert_eq!(fake.asked(), [address(2)]);
        // It wakes, is asked, sleeps again, and keeps its name.
        put(sys.path(), "0000:01:00.0", "active", "auto");
        assert_eq!(nvidia.read(now).unwrap()[0].name, "A");
        put(sys.path(), "0000:01:00.0", "suspended", "auto");
        let gpus = nvidia.read(now).unwrap();
        assert_eq!((gpus[0].name.as_str(), gpus[0].total, gpus[0].busy), ("A", Some(8 << 30), None));
    }

    #[test]
    fn a_card_that_may_sleep_and_has_nothing_to_do_is_left_alone() {
        let sys = tempfile::tempdir().unwrap();
        put(sys.path(), "0000:01:00.0", "active", "auto");
        let fake = Fake::of(vec![card("A", 0)]);
        let mut nvidia = nvidia(&fake, sys.path());
        let begun = Instant::now();
        let mut asked = Vec::new();
        for second in 0..70 {
            assert_eq!(nvidia.read(begun + Duration::from_secs(second)).unwrap()[0].name, "A");
            assert_eq!(fake.0.lock().unwrap().held, 0, "the library is given back");
            asked.extend(fake.asked().iter().map(|_| second));
        }
        assert_eq!(asked, [0, 1, 2, 62], "at rest after the third time, for a minute, and again at once");
        // What has something to do is asked each time.
        let busy = GpuProcess { pid: 1, name: String::new(), memory: None, model: false };
        fake.0.lock().unwrap().cards[0] = Ok(Gpu { processes: vec![busy], ..card("A", 0).unwrap() });
        for second in 130..140 {
            nvidia.read(begun + Duration::from_secs(second)).unwrap();
        }
        assert_eq!(fake.asked().len(), 10);
    }

    #[test]
    fn a_missing_driver_is_looked_for_again_but_seldom() {
        let sys = tempfile::tempdir().unwrap();
        let fake = Fake::failing(NoGpu::Mismatch);
        let mut nvidia = nvidia(&fake, sys.path());
        let begun = Instant::now();
        for second in 0..150 {
            assert_eq!(nvidia.read(begun + Duration::from_secs(second)), Err(NoGpu::Mismatch));
        }
        assert_eq!(fake.0.lock().unwrap().opened, 3, "at 0, 60 and 120 s");
        {
            let mut world = fake.0.lock().unwrap();
            (world.fails, world.cards) = (None, vec![card("A", 1), Err("GPU is lost".into())]);
        }
        let gpus = nvidia.read(begun + Duration::from_secs(200)).unwrap();
        assert_eq!(fake.asked(), [Which::Index(0), Which::Index(1)], "without a bus, by number");
        assert_eq!(gpus[1].state, GpuState::Lost("GPU is lost".into()));
        assert_eq!((gpus[0].busy, fake.0.lock().unwrap().held), (Some(1), 1));
    }

    #[test]
    fn a_driver_without_a_card() {
        let sys = tempfile::tempdir().unwrap();
        let fake = Fake::of(Vec::new());
        assert_eq!(nvidia(&fake, sys.path()).read(Instant::now()), Err(NoGpu::NoCard));
    }
}
