//! Giving an answer: token by token or whole, with whatever is to go wrong.

use std::time::{Duration, Instant};

use super::http::{Connection, Gone};
use super::plan::{self, Plan};
use super::shape::{self, Shape, Tally};
use super::{Fault, ModelSettings, Writes};

/// One answer to be given.
pub(super) struct Job<'a> {
    pub settings: &'a ModelSettings,
    pub plan: Plan,
    pub shape: Shape<'a>,
    /// Longest answer in tokens.
    pub limit: Option<usize>,
    pub show_thoughts: bool,
    pub prompt_tokens: usize,
    pub loading: Duration,
}

type Ended = (String, Option<Connection>);

/// Long enough for any test to have given up.
const FOR_EVER: Duration = Duration::from_secs(86_400);

impl Job<'_> {
    /// Tokens of thought and of text, and why the answer ends.
    fn tokens(&self) -> (Vec<&str>, Vec<&str>, String) {
        let thoughts = if self.show_thoughts { plan::tokens(&self.plan.think) } else { Vec::new() };
        let mut said = match self.settings.pieces {
            Some(count) => plan::pieces(&self.plan.text, count),
            None => plan::tokens(&self.plan.text),
        };
        let mut finish = self.plan.finish.clone().unwrap_or_else(|| "stop".into());
        if let Some(limit) = self.limit.filter(|limit| said.len() > *limit) {
            said.truncate(limit);
            finish = "length".into();
        }
        (thoughts, said, finish)
    }

    fn tally(&self, thoughts: usize, said: usize, begun: Instant) -> Tally {
        let all = thoughts + said;
        let writing = if self.plan.tokens_per_second > 0.0 {
            Duration::try_from_secs_f64(all as f64 / self.plan.tokens_per_second).unwrap_or_default()
        } else {
            Duration::from_micros(1)
        };
        Tally {
            prompt_tokens: self.prompt_tokens,
            answer_tokens: said,
            thought_tokens: thoughts,
            total: begun.elapsed() + self.loading,
            load: self.loading.max(Duration::from_micros(1)),
            first: self.plan.first_token.max(Duration::from_micros(1)),
            writing,
        }
    }
}

/// The failures before the first byte; gives the connection back where there is none.
async fn before(job: &Job<'_>, mut connection: Connection) -> Result<Connection, Ended> {
    let injected = |fault: Fault| format!("injected_{}", fault.name());
    match job.plan.fault {
        Some((fault @ Fault::Status(status), 0)) => {
            let (body, extra) = shape::refusal(job.shape.is_openai(), status, Some(&job.plan), None);
            let wrote = connection.respond(status, "application/json", &extra, &body).await;
            Err((injected(fault), wrote.is_ok().then_some(connection)))
        }
        Some((fault @ Fault::Html, _)) => {
            let wrote = connection.respond(502, "text/html", "", shape::NGINX).await;
            Err((injected(fault), wrote.is_ok().then_some(connection)))
        }
        Some((fault @ Fault::Reset, 0)) => {
            connection.reset();
            Err((injected(fault), None))
        }
        Some((fault @ Fault::Hang, 0)) => {
            let _ = connection.pause(FOR_EVER).await;
            Err((injected(fault), None))
        }
        _ => Ok(connection),
    }
}

/// Streams the answer.
pub(super) async fn stream(job: Job<'_>, connection: Connection) -> Ended {
    let mut connection = match before(&job, connection).await {
        Ok(connection) => connection,
        Err(ended) => return ended,
    };
    match write_stream(&job, &mut connection).await {
        Ok(After::Reuse(outcome)) => (outcome, Some(connection)),
        Ok(After::Reset) => {
            connection.reset();
            ("injected_reset".into(), None)
        }
        Err(Gone) => ("client_gone".into(), None),
    }
}

enum After {
    Reuse(String),
    Reset,
}

async fn write_stream(job: &Job<'_>, connection: &mut Connection) -> Result<After, Gone> {
    let begun = Instant::now();
    let (thoughts, said, finish) = job.tokens();
    let plan = &job.plan;
    connection.begin(job.shape.content_type());
    if !plan.first_token.is_zero() {
        connection.flush().await?;
        connection.pause(plan.first_token).await?;
    }
    connection.chunk(job.shape.first().as_bytes());
    let mut fault = plan.fault.filter(|(fault, _)| *fault != Fault::Slow);
    let mut due = Instant::now();
    let all = thoughts.iter().map(|t| (*t, true)).chain(said.iter().map(|t| (*t, false)));
    for (n, (token, thought)) in all.enumerate() {
        if let Some((kind, _)) = fault.filter(|(_, at)| n >= *at) {
            if let Some(after) = strike(job, connection, kind, token).await? {
                return Ok(after);
            }
            if kind != Fault::NoDone {
                fault = None;
            }
        }
        if n > 0 && plan.tokens_per_second > 0.0 {
            due += Duration::try_from_secs_f64(1.0 / plan.tokens_per_second).unwrap_or_default();
            let ahead = due.saturating_duration_since(Instant::now());
            // The timer's own grain is a millisecond: faster streams pause every few tokens.
            if ahead > Duration::from_millis(1) {
                connection.flush().await?;
                connection.pause(ahead).await?;
            }
        }
        write(job, connection, job.shape.token(token, thought).as_bytes()).await?;
    }
    if let Some((kind @ Fault::NoDone, _)) = fault {
        connection.end().await?;
        return Ok(After::Reuse(format!("injected_{}", kind.name())));
    }
    // A fault behind the last token strikes at the end.
    if let Some((kind, _)) = fault
        && let Some(after) = strike(job, connection, kind, "x").await?
    {
        return Ok(after);
    }
    let tally = job.tally(thoughts.len(), said.len(), begun);
    connection.chunk(job.shape.last(&finish, &tally).as_bytes());
    connection.end().await?;
    Ok(After::Reuse("ok".into()))
}

async fn write(job: &Job<'_>, connection: &mut Connection, line: &[u8]) -> Result<(), Gone> {
    if job.plan.split
        && let Some(at) = line.iter().position(|b| *b >= 0xc0)
    {
        connection.chunk(&line[..=at]);
        connection.flush().await?;
        connection.pause(Duration::from_millis(5)).await?;
        connection.chunk(&line[at + 1..]);
        return connection.flush().await;
    }
    connection.chunk(line);
    if job.settings.writes == Writes::PerLine { connection.flush().await } else { Ok(()) }
}

/// What happens at the place of the fault; `None`: the stream goes on.
async fn strike(job: &Job<'_>, connection: &mut Connection, kind: Fault, token: &str) -> Result<Option<After>, Gone> {
    let injected = || After::Reuse(format!("injected_{}", kind.name()));
    match kind {
        Fault::Reset => {
            connection.flush().await?;
            return Ok(Some(After::Reset));
        }
        Fault::Hang => {
            connection.flush().await?;
            connection.pause(FOR_EVER).await?;
        }
        Fault::Eof | Fault::Empty => {}
        // A status behind the first byte can only be told in the stream.
        Fault::ErrorMidway | Fault::Status(_) | Fault::Html => connection.chunk(job.shape.error_line().as_bytes()),
        Fault::BadJson => {
            connection.chunk(job.shape.bad_line().as_bytes());
            return Ok(None);
        }
        Fault::Garbage => {
            connection.chunk(b"\xff\xfe\x00garbage\n\n");
            return Ok(None);
        }
        Fault::Truncated => {
            let line = job.shape.token(token, false);
            connection.chunk(&line.as_bytes()[..line.len() / 2]);
        }
        Fault::NoDone | Fault::Slow => return Ok(None),
    }
    connection.end().await?;
    Ok(Some(injected()))
}

/// Gives the answer in one body.
pub(super) async fn whole(job: Job<'_>, connection: Connection) -> Ended {
    let mut connection = match before(&job, connection).await {
        Ok(connection) => connection,
        Err(ended) => return ended,
    };
    let begun = Instant::now();
    let (thoughts, said, finish) = job.tokens();
    let mut time = job.plan.first_token;
    if job.plan.tokens_per_second > 0.0 {
        let written = (thoughts.len() + said.len()) as f64 / job.plan.tokens_per_second;
        time += Duration::try_from_secs_f64(written).unwrap_or_default();
    }
    if !time.is_zero() && connection.pause(time).await.is_err() {
        return ("client_gone".into(), None);
    }
    let tally = job.tally(thoughts.len(), said.len(), begun);
    let mut body = job.shape.whole(&said.concat(), &thoughts.concat(), &finish, &tally);
    let mut status = 200;
    if let Some((kind, _)) = job.plan.fault {
        match kind {
            Fault::Reset | Fault::Eof | Fault::NoDone => {
                connection.reset();
                return ("injected_reset".into(), None);
            }
            Fault::Hang => {
                let _ = connection.pause(FOR_EVER).await;
                return ("injected_hang".into(), None);
            }
            Fault::Status(code) => {
                (status, body) = (code, shape::refusal(job.shape.is_openai(), code, Some(&job.plan), None).0);
            }
            Fault::ErrorMidway if job.shape.is_openai() => {
                body = r#"{"error":{"message":"upstream failed","type":"server_error","code":502}}"#.into();
            }
            Fault::ErrorMidway => {
                (status, body) = (500, r#"{"error":"llama runner process has terminated: exit status 2"}"#.into());
            }
            Fault::BadJson | Fault::Garbage | Fault::Truncated => {
                let mut half = body.len() / 2;
                while !body.is_char_boundary(half) {
                    half += 1;
                }
                body.truncate(half);
            }
            Fault::Empty => body.clear(),
            Fault::Html | Fault::Slow => {}
        }
    }
    let outcome = match job.plan.fault {
        Some((kind, _)) if kind != Fault::Slow => format!("injected_{}", kind.name()),
        _ => "ok".into(),
    };
    let wrote = connection.respond(status, "application/json", "", &body).await;
    (outcome, wrote.is_ok().then_some(connection))
}
