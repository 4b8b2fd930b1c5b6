//! One question from beginning to end: four timers, events told sparingly, one end.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use reqwest::Response;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep_until};

use super::answer::Growing;
use super::error;
use super::picture::{self, Fetcher};
use super::server::Server;
use super::think::Begins;
use crate::domain::{Answer, Failure, Finish, Job, JobEvent, JobId, ProviderError, Stage, Timing};

/// Least time between two things that are told before the end.
const PACE: Duration = Duration::from_millis(50);
/// How long `[DONE]` and the usage are waited for once the model has said why it ended: some servers simply
/// leave the connection open.
const AFTERGLOW: Duration = Duration::from_secs(3);
/// How long the end of a body is waited for, so that its connection can be used again.
const DRAIN: Duration = Duration::from_millis(200);

/// Asks, and tells `events` how it goes. Ends in exactly one [`JobEvent::Ended`], also when `cancelled` fires
/// (its other half is dropped) or something panics.
pub async fn run<T>(
    server: Arc<Server>,
    fetcher: Option<Fetcher>,
    job: Job,
    events: mpsc::Sender<T>,
    mut cancelled: oneshot::Receiver<()>,
) where
    T: From<(JobId, JobEvent)> + Send,
{
    let mut course = Course::new(&server, &job, events);
    let mut response = None;
    let outcome = {
        let asked = ask(&server, fetcher.as_ref(), &job, &mut course, &mut response);
        let asked = AssertUnwindSafe(asked).catch_unwind();
        tokio::select! {
            biased;
            _ = &mut cancelled => Err(ProviderError::Cancelled),
            outcome = asked => outcome.unwrap_or_else(|panic| Err(ProviderError::Internal(words(&*panic)))),
        }
    };
    if outcome.is_err() {
        // Closes the connection: the server stops generating.
        response = None;
    }
    if course.answer.began_thinking() {
        server.began_thinking();
    }
    course.end(outcome).await;
    if let Some(mut response) = response {
        let drain = async { while let Ok(Some(_)) = response.chunk().await {} };
        let _ = tokio::time::timeout(DRAIN, drain).await;
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", said.unwrap_or("without words"))
}

async fn ask<T: From<(JobId, JobEvent)>>(
    server: &Server,
    fetcher: Option<&Fetcher>,
    job: &Job,
    course: &mut Course<T>,
    kept: &mut Option<Response>,
) -> Result<Finish, ProviderError> {
    let shown = course.wait(picture::show(&job.turns, fetcher)).await?;
    let (body, begins) = course.wait(server.question(&shown, job.max_tokens)).await??;
    drop(shown);
    course.answer = Growing::new(begins);
    course.left = Instant::now();
    let sent = async {
        let response = server.endpoint.post(server.path(), job.key, body).await?;
        server.endpoint.accepted(response).await
    };
    let response = kept.insert(course.wait(sent).await??);
    let redact = &server.endpoint.redact;
    let mut reader = server.reader();
    loop {
        match course.wait(response.chunk()).await {
            Ok(Ok(Some(chunk))) => reader.feed(chunk, &mut course.answer, redact)?,
            Ok(Ok(None)) => {
                reader.end(&mut course.answer, redact)?;
                course.grown().await;
                break;
            }
            // The model has said why it ended; only the politeness is missing.
            Ok(Err(_)) | Err(_) if course.answer.finish.is_some() => break,
            Ok(Err(broken)) => return Err(error::transport(broken, redact)),
            Err(timeout) => return Err(timeout),
        }
        course.grown().await;
        if course.answer.done {
            break;
        }
    }
    course.answer.close()
}

/// Where a question stands: its answer, its timers, what has been told.
///
/// There is one alarm. It is set anew only when it has gone off or must go off earlier, not with each piece.
struct Course<T> {
    id: JobId,
    events: mpsc::Sender<T>,
    answer: Growing,
    /// When the request left.
    left: Instant,
    first_text: Option<Duration>,
    first_token_by: Instant,
    total_by: Instant,
    idle: Duration,
    /// When text or reasoning last came. Nothing else shows that a model is alive (threats.md H04).
    heard: Option<Instant>,
    pieces: usize,
    alarm: Pin<Box<Sleep>>,
    told: Told,
}

/// What the engine knows.
struct Told {
    started: bool,
    first: bool,
    /// Bytes of text in the last progress.
    length: usize,
    at: Instant,
    /// When the rest is due; nothing new, no time.
    due: Option<Instant>,
}

impl<T: From<(JobId, JobEvent)>> Course<T> {
    fn new(server: &Server, job: &Job, events: mpsc::Sender<T>) -> Self {
        let now = Instant::now();
        let timeout = server.endpoint.config.timeout;
        let total_by = now + timeout.total.min(job.budget);
        // An answer that comes in one piece is all there is to wait for.
        let first_token_by = if server.endpoint.config.stream { now + timeout.first_token } else { total_by };
        let due = now + PACE;
        Self {
            id: job.id,
            events,
            answer: Growing::new(Begins::Openly),
            left: now,
            first_text: None,
            first_token_by,
            total_by,
            idle: timeout.idle,
            heard: None,
            pieces: 0,
            alarm: Box::pin(sleep_until(due.min(total_by).min(first_token_by))),
            told: Told { started: false, first: false, length: 0, at: now, due: Some(due) },
        }
    }

    /// Waits for something, as long as the timers allow; meanwhile tells what is due.
    async fn wait<F: Future>(&mut self, future: F) -> Result<F::Output, ProviderError> {
        tokio::pin!(future);
        loop {
            tokio::select! {
                biased;
                done = &mut future => return Ok(done),
                () = self.alarm.as_mut() => {}
            }
            let now = Instant::now();
            if now >= self.total_by {
                return Err(ProviderError::Timeout(Stage::Total));
            }
            if now >= self.deadline() {
                let stage = if self.heard.is_some() { Stage::Idle } else { Stage::FirstToken };
                return Err(ProviderError::Timeout(stage));
            }
            if self.told.due.is_some_and(|due| now >= due) {
                self.tell(now).await;
            }
            let next = self.next_alarm();
            self.alarm.as_mut().reset(next);
        }
    }

    /// When there is no more waiting.
    fn deadline(&self) -> Instant {
        let by = match self.heard {
            None => self.first_token_by,
            Some(heard) if self.answer.finish.is_some() => heard + self.idle.min(AFTERGLOW),
            Some(heard) => heard + self.idle,
        };
        by.min(self.total_by)
    }

    fn next_alarm(&self) -> Instant {
        let deadline = self.deadline();
        self.told.due.map_or(deadline, |due| due.min(deadline))
    }

    /// Something was read. Tells of it if the last word is old enough, or sets a time for it.
    async fn grown(&mut self) {
        let now = Instant::now();
        if self.answer.pieces() != self.pieces {
            self.pieces = self.answer.pieces();
            self.heard = Some(now);
        }
        if self.answer.text.is_empty() {
            self.first_text = None;
        } else if self.first_text.is_none() {
            self.first_text = Some(now.duration_since(self.left));
        }
        if self.answer.done {
            return;
        }
        if self.answer.text.len() != self.told.length && self.told.due.is_none() {
            self.told.due = Some(self.told.at + PACE);
        }
        if self.told.due.is_some_and(|due| now >= due) {
            self.tell(now).await;
        }
        let next = self.next_alarm();
        if next < self.alarm.deadline() {
            self.alarm.as_mut().reset(next);
        }
    }

    async fn tell(&mut self, now: Instant) {
        self.told.due = None;
        self.told.at = now;
        if self.answer.text.is_empty() {
            if !std::mem::replace(&mut self.told.started, true) {
                self.offer(JobEvent::Started);
            }
        } else if !std::mem::replace(&mut self.told.first, true) {
            self.told.started = true;
            self.told.due = Some(now + PACE);
            // A closed channel means that nobody is left to tell.
            let _ = self.events.send(T::from((self.id, JobEvent::FirstText))).await;
        } else if self.offer(JobEvent::Progress(self.answer.text.as_str().into())) {
            self.told.length = self.answer.text.len();
        }
    }

    /// Latest wins: what finds the channel full is left out, the next one says all of it.
    fn offer(&self, event: JobEvent) -> bool {
        match self.events.try_reserve() {
            Ok(place) => {
                place.send(T::from((self.id, event)));
                true
            }
            Err(_) => false,
        }
    }

    async fn end(self, outcome: Result<Finish, ProviderError>) {
        let Self { id, events, answer, left, first_text, .. } = self;
        let total = left.elapsed();
        let ended = match outcome {
            Ok(finish) => {
                let thought = answer.thought();
                // Text that was held back to the end came with the end.
                let first_text = first_text.or(Some(total));
                let timing = Timing { load: answer.load, first_text, total, tokens_per_second: answer.speed };
                Ok(Answer { text: answer.text, finish, tokens: answer.tokens, timing, thought })
            }
            Err(error) => Err(Failure { error, partial: answer.text }),
        };
        let _ = events.send(T::from((id, JobEvent::Ended(ended)))).await;
    }
}
