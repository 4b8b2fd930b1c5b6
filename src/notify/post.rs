//! All destinations, by their places.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::build::Prepared;
use super::courier::{Goal, Order, Pace, Signals, carry};
use super::pledge::{News, Pledge};
use crate::domain::{Notification, NotifyFault};

/// Notifications that may wait for one destination. Its law: drops and counts; what finds it full ends as
/// [`NotifyFault::Full`].
const ROOM: usize = 32;

/// Carries notifications to their destinations. `T` is made of each one's end.
pub struct Notifiers<T: News> {
    lane: mpsc::Sender<T>,
    pace: Pace,
    /// Names by place. A destination that the engine serves has a place, and nobody here.
    places: Vec<Arc<str>>,
    couriers: HashMap<Arc<str>, Courier<T>>,
    tasks: TaskTracker,
    now: CancellationToken,
}

struct Courier<T: News> {
    queue: mpsc::Sender<Order<T>>,
    goal: watch::Sender<Arc<Goal>>,
    gone: CancellationToken,
    /// Notifications that found the queue full.
    dropped: u64,
}

impl<T: News> Notifiers<T> {
    /// Nobody yet. `lane` is told every end; its law: bounded and awaits, and holds up no courier.
    pub fn new(lane: mpsc::Sender<T>, pace: Pace) -> Self {
        let (places, couriers) = (Vec::new(), HashMap::new());
        Self { lane, pace, places, couriers, tasks: TaskTracker::new(), now: CancellationToken::new() }
    }

    /// Goes over to other destinations. Those that keep their name keep their queue; what is on its way to one
    /// that is gone ends as [`NotifyFault::Gone`]. Must be called inside a tokio runtime.
    pub fn follow(&mut self, prepared: Prepared) {
        let goals = prepared.goals(&self.pace);
        self.places = goals.iter().map(|(name, _)| Arc::clone(name)).collect();
        let mut old = std::mem::take(&mut self.couriers);
        for (name, goal) in goals {
            let Some(goal) = goal else { continue };
            let courier = match old.remove(&name) {
                Some(courier) => {
                    courier.goal.send_replace(goal);
                    courier
                }
                None => self.hire(goal),
            };
            self.couriers.insert(name, courier);
        }
        old.into_values().for_each(|courier| courier.gone.cancel());
    }

    fn hire(&self, goal: Arc<Goal>) -> Courier<T> {
        let (queue, orders) = mpsc::channel(ROOM);
        let (goal, goals) = watch::channel(goal);
        let gone = CancellationToken::new();
        let signals = Signals { gone: gone.clone(), now: self.now.clone() };
        self.tasks.spawn(carry(orders, goals, self.pace.waits, signals));
        Courier { queue, goal, gone, dropped: 0 }
    }

    /// Takes one notification; its end is told over the lane, once.
    ///
    /// # Errors
    /// The end itself where it is known at once: nothing is told over the lane then.
    pub fn send(&mut self, notification: Notification) -> Result<(), NotifyFault> {
        let Notification { id, to, message: text } = notification;
        let name = self.places.get(to).ok_or(NotifyFault::Gone)?;
        let courier = self.couriers.get_mut(name).ok_or(NotifyFault::Gone)?;
        let room = match courier.queue.try_reserve() {
            Ok(room) => room,
            Err(mpsc::error::TrySendError::Full(())) => {
                courier.dropped += 1;
                tracing::warn!(destination = &**name, dropped = courier.dropped, "too many notifications wait");
                return Err(NotifyFault::Full);
            }
            Err(mpsc::error::TrySendError::Closed(())) => return Err(NotifyFault::Gone),
        };
        room.send(Order { text, pledge: Pledge::new(id, self.lane.clone()) });
        Ok(())
    }

    /// Ends: what is on its way has a moment to arrive; then everything that is left ends at once. When this is
    /// over, every end has been told or waits for room in the lane. To drop it instead grants no moment.
    pub async fn finish(mut self, moment: Duration) {
        // A courier whose queue is closed and empty goes home.
        self.couriers.clear();
        self.tasks.close();
        if tokio::time::timeout(moment, self.tasks.wait()).await.is_err() {
            self.now.cancel();
            self.tasks.wait().await;
        }
    }
}

impl<T: News> Drop for Notifiers<T> {
    fn drop(&mut self) {
        self.now.cancel();
    }
}
