//! How many may come in at once: before their upgrade in all and from one address, and as links.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::link::LinkRole;

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
    max_links: usize,
    links: Arc<Mutex<Vec<Link>>>,
    reports: Mutex<(Instant, u32)>,
}

/// A link that has a seat; oldest first.
#[derive(Debug)]
struct Link {
    seat: u64,
    role: LinkRole,
    /// What its adapter calls its account.
    label: Option<String>,
    leave: CancellationToken,
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
        Self { waiting: Arc::default(), max_links, links: Arc::default(), reports: Mutex::new((Instant::now(), 0)) }
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

    /// A seat for a link, which is told to leave by the token; `None`: `onebot.max_connections` is reached. An adapter
    /// that comes back takes the seat of its own oldest link: links that died unnoticed must not lock it out until
    /// their pings have run out.
    pub(super) fn seat(&self, role: LinkRole, label: Option<&str>, leave: CancellationToken) -> Option<Seat> {
        let mut links = lock(&self.links);
        if links.len() >= self.max_links {
            let own = |link: &Link| link.role == role && label.is_some() && link.label.as_deref() == label;
            let oldest = links.iter().position(own)?;
            links.remove(oldest).leave.cancel();
        }
        let seat = links.last().map_or(0, |link| link.seat + 1);
        links.push(Link { seat, role, label: label.map(Into::into), leave });
        Some(Seat { links: Arc::clone(&self.links), seat })
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

/// A link's seat, given back on drop.
#[derive(Debug)]
pub(super) struct Seat {
    links: Arc<Mutex<Vec<Link>>>,
    seat: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Gone already where a newer link took it.
        lock(&self.links).retain(|link| link.seat != self.seat);
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

    #[test]
    fn an_adapter_that_comes_back_takes_the_seat_of_its_oldest_link() {
        let gate = Gate::new(3);
        let come = |role, label| {
            let leave = CancellationToken::new();
            (gate.seat(role, label, leave.clone()), leave)
        };
        let first = come(LinkRole::Universal, Some("1"));
        let second = come(LinkRole::Universal, Some("1"));
        let other = come(LinkRole::Universal, Some("2"));
        assert!(come(LinkRole::Universal, None).0.is_none(), "a stranger takes nobody's seat");
        assert!(come(LinkRole::Event, Some("1")).0.is_none(), "half of a pair is not its other half");
        let third = come(LinkRole::Universal, Some("1"));
        assert!(third.0.is_some());
        let left = [&first, &second, &other, &third].map(|(_, leave)| leave.is_cancelled());
        assert_eq!(left, [true, false, false, false]);
        drop(first);
        assert!(come(LinkRole::Event, Some("3")).0.is_none(), "a seat that was taken over is given back once");
        drop(second);
        assert!(come(LinkRole::Event, Some("3")).0.is_some());
    }
}
