//! At most one frame on its way. The screen is away with it and comes back when the terminal has taken it, so that
//! a second frame cannot even be written.

use std::future::{Future, pending};
use std::io;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::Instant;

use super::link::Screen;

type Away<S> = Pin<Box<dyn Future<Output = (S, io::Result<()>)> + Send>>;

/// The writing half of a link, here or away with a frame.
pub struct Flight<S> {
    here: Option<S>,
    away: Option<(Away<S>, Instant)>,
}

impl<S: Screen> Flight<S> {
    /// Nothing on its way.
    pub fn new(screen: S) -> Self {
        Self { here: Some(screen), away: None }
    }

    /// Whether a frame may be sent.
    pub fn is_free(&self) -> bool {
        self.here.is_some()
    }

    /// Sends bytes; `stop` stops the terminal's program after them. Without effect while another frame is away.
    pub fn send(&mut self, bytes: Vec<u8>, stop: bool) {
        let Some(mut screen) = self.here.take() else { return };
        let sending = async move {
            let sent = if stop { screen.suspend(bytes).await } else { screen.show(bytes).await };
            (screen, sent)
        };
        self.away = Some((Box::pin(sending), Instant::now()));
    }

    /// Waits until what is away has been taken, and tells how long that took. Waits for ever when nothing is.
    ///
    /// # Errors
    /// The link's.
    pub async fn landed(&mut self) -> io::Result<Duration> {
        let Some((away, since)) = &mut self.away else { return pending().await };
        let (screen, sent) = away.await;
        let took = since.elapsed();
        self.away = None;
        self.here = Some(screen);
        sent.map(|()| took)
    }

    /// The screen, unless something is away with it.
    pub fn into_screen(self) -> Option<S> {
        self.here
    }
}
