//! How many may come in at once: before their upgrade in all and from one address, and as links.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Connections before their upgrade, in all and per address. Loopback counts in all only: adapters in
/// containers and behind one proxy share it.
const WAITING: usize = 64;
const WAITING_EACH: usize = 4;
/// Refused handshakes that are reported in one minute.
const REPORTS: u32 = 30;

/// The counts of one server.
#[derive(Debug)]
pub(super) struct Gate {
    waiting: Arc<Mutex<Waiting>>,
    links: Arc<Semaphore>,
    reports: Mutex<(Instant, u32)>,
}

/// Bounded by [`WAITING`].
#[derive(Debug, Default)]
struct Waiting {
    all: usize,
    each: HashMap<IpAddr, usize>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whose count an address is on: of IPv6 the /64, which is what one host gets.
fn owner(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

impl Gate {
    pub(super) fn new(max_links: usize) -> Self {
        Self {
            waiting: Arc::default(),
            links: Arc::new(Semaphore::new(max_links.min(Semaphore::MAX_PERMITS))),
            reports: Mutex::new((Instant::now(), 0)),
        }
    }

    /// A place before the upgrade; `None`: too many wait already.
    pub(super) fn place(&self, address: IpAddr) -> Option<Place> {
        let owner = owner(address);
        let mut waiting = lock(&self.waiting);
        let own = waiting.each.get(&owner).copied().unwrap_or(0);
        if waiting.all >= WAITING || (own >= WAITING_EACH && !owner.is_loopback()) {
            return None;
        }
        waiting.all += 1;
        waiting.each.insert(owner, own + 1);
        Some(Place { waiting: self.waiting.clone(), owner })
    }

    /// A place for a link; `None`: `onebot.max_connections` is reached.
    pub(super) fn link(&self) -> Option<OwnedSemaphorePermit> {
        self.links.clone().try_acquire_owned().ok()
    }

    /// Whether one more refusal may be told: a scanner must fill neither logs nor the attention of people.
    pub(super) fn may_report(&self) -> bool {
        let mut reports = lock(&self.reports);
        if reports.0.elapsed() >= Duration::from_secs(60) {
            *reports = (Instant::now(), 0);
        }
        reports.1 += 1;
        reports.1 <= REPORTS
    }
}

/// A place before the upgrade, given back on drop.
#[derive(Debug)]
pub(super) struct Place {
    waiting: Arc<Mutex<Waiting>>,
    owner: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = lock(&self.waiting);
        waiting.all -= 1;
        match waiting.each.get_mut(&self.owner) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(waiting.each.remove(&self.owner)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(gate: &Gate, address: &str) -> Vec<Place> {
        std::iter::from_fn(|| gate.place(address.parse().unwrap())).collect()
    }

    #[test]
    fn one_address_cannot_take_all_places() {
        let gate = Gate::new(1);
        let taken = places(&gate, "10.0.0.1");
        assert_eq!(taken.len(), WAITING_EACH);
        assert_eq!(places(&gate, "::ffff:10.0.0.1").len(), 0);
        let other = places(&gate, "2001:db8::1");
        assert_eq!((other.len(), places(&gate, "2001:db8::ffff").len()), (WAITING_EACH, 0));
        assert_eq!(places(&gate, "2001:db8:0:1::1").len(), WAITING_EACH);
        drop(taken);
        assert_eq!(places(&gate, "10.0.0.1").len(), WAITING_EACH);
    }

    #[test]
    fn all_places_are_counted_and_come_back() {
        let gate = Gate::new(1);
        let taken = places(&gate, "127.0.0.1");
        assert_eq!(taken.len(), WAITING);
        assert!(gate.place("10.0.0.1".parse().unwrap()).is_none());
        drop(taken);
        assert_eq!(*lock(&gate.waiting.clone()).each.keys().collect::<Vec<_>>(), Vec::<&IpAddr>::new());
        assert_eq!(places(&gate, "127.0.0.1").len(), WAITING);
    }

    #[tokio::test(start_paused = true)]
    async fn reports_are_limited_by_minute() {
        let gate = Gate::new(1);
        let told = (0..100).filter(|_| gate.may_report()).count();
        assert_eq!(told, REPORTS as usize);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(gate.may_report());
    }
}
