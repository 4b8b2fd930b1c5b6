//! The one end of a notification.

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::domain::{NotificationId, NotifyFault};

/// What a courier's news can be made of.
pub trait News: From<(NotificationId, Result<(), NotifyFault>)> + Send + 'static {}

impl<T: From<(NotificationId, Result<(), NotifyFault>)> + Send + 'static> News for T {}

/// Tells the end of one notification when it is dropped, and nothing else does: there is no way to tell it twice, and
/// none to forget it.
///
/// The lane's law: bounded and awaits, in a task of its own where it is full, so that a reader who is behind holds up
/// no courier. Only the reader's own end is silent.
pub struct Pledge<T: News> {
    id: NotificationId,
    lane: mpsc::Sender<T>,
    end: Result<(), NotifyFault>,
}

impl<T: News> Pledge<T> {
    /// For one notification. Until something better is known, it ends like this: whoever held it panicked.
    pub fn new(id: NotificationId, lane: mpsc::Sender<T>) -> Self {
        Self { id, lane, end: Err(NotifyFault::Unreachable("it was dropped on its way".into())) }
    }

    /// Which one.
    pub fn id(&self) -> NotificationId {
        self.id
    }

    /// Ends it.
    pub fn end(mut self, end: Result<(), NotifyFault>) {
        self.end = end;
    }
}

impl<T: News> Drop for Pledge<T> {
    fn drop(&mut self) {
        let end = std::mem::replace(&mut self.end, Ok(()));
        if let Err(TrySendError::Full(news)) = self.lane.try_send(T::from((self.id, end)))
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let lane = self.lane.clone();
            runtime.spawn(async move { lane.send(news).await });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Told = (NotificationId, Result<(), NotifyFault>);

    #[tokio::test]
    async fn a_dropped_pledge_ends_and_a_full_lane_is_waited_for() {
        let (lane, mut ends) = mpsc::channel::<Told>(1);
        Pledge::new(NotificationId(1), lane.clone()).end(Ok(()));
        Pledge::new(NotificationId(2), lane.clone()).end(Err(NotifyFault::Full));
        drop(Pledge::new(NotificationId(3), lane));
        let mut told = Vec::new();
        while let Some(end) = ends.recv().await {
            told.push(end);
        }
        told.sort_by_key(|(id, _)| *id);
        let [(_, first), (_, second), (_, third)] = &told[..] else { panic!("{told:?}") };
        assert_eq!((first, second), (&Ok(()), &Err(NotifyFault::Full)));
        assert!(matches!(third, Err(NotifyFault::Unreachable(_))));
    }
}
