//! One connection: a hello, then questions until the client goes.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufReader};

use super::Doors;
use super::ctl::{Answer, Desk, Reply, newest};
use super::hello::{Ask, Hello, Purpose, VERSION};
use super::line::{self, LineError};
use super::now::now;
use super::sessions::Session;
use crate::domain::{ChatRef, LogLevel, Operator};
use crate::runtime::handle::Heard;
use crate::words::{Exit, Lang};

/// How long a client may take to say hello, and to take what is written to it.
const DEADLINE: Duration = Duration::from_secs(10);
/// How long it may wait between two questions.
const IDLE: Duration = Duration::from_secs(60);

/// Serves one connection to its end. Errors of the socket end it silently: the client is gone.
pub async fn talk(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, doors: Doors, operator: Operator) {
    let (read, mut write) = tokio::io::split(stream);
    let mut read = BufReader::new(read);
    let greeted = tokio::select! {
        greeted = parsed::<Hello>(&mut read, &mut write, DEADLINE, Lang::En) => greeted,
        () = doors.stop.cancelled() => return,
    };
    let ended = match greeted {
        Ok(Some(hello)) if hello.purpose == Purpose::Attach => attach(read, write, doors, operator, &hello).await,
        Ok(Some(hello)) => ctl(read, write, doors, operator, &hello).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn attach(
    read: BufReader<impl AsyncRead + Send + Unpin>,
    mut write: impl AsyncWrite + Send + Unpin + 'static,
    doors: Doors,
    operator: Operator,
    hello: &Hello,
) -> Result<(), LineError> {
    if hello.version != VERSION {
        let mut bye = Answer::failed(&other_version(hello), hello.lang());
        bye.0.insert("bye".to_owned(), json!(true));
        return line::write(&mut write, &bye.0, DEADLINE).await.map_err(LineError::Io);
    }
    // Says that from here on frames follow.
    line::write(&mut write, &json!({"ok": true, "code": "attached", "version": VERSION}), DEADLINE).await?;
    let name = operator.name.clone();
    let bye = super::attach::session(read, write, doors, operator, hello).await;
    tracing::info!(operator = name.shown(), reason = bye.code(), "a session at the console ended");
    Ok(())
}

async fn ctl(
    mut read: BufReader<impl AsyncRead + Unpin>,
    mut write: impl AsyncWrite + Unpin,
    doors: Doors,
    operator: Operator,
    hello: &Hello,
) -> Result<(), LineError> {
    let mut entered = doors.sessions.enter(Session::ctl(&operator, now()));
    let Doors { handle, sessions, stop, .. } = doors;
    let desk = Desk { handle, sessions, operator, lang: hello.lang() };
    tokio::select! {
        // First: the answer to `shutdown` and the stop that it causes may be ready at once.
        biased;
        ended = questions(&mut read, &mut write, &desk, hello) => ended,
        () = stop.cancelled() => Ok(()),
        _ = entered.ended() => Ok(()),
    }
}

async fn questions(
    read: &mut (impl AsyncBufRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
    desk: &Desk,
    hello: &Hello,
) -> Result<(), LineError> {
    while let Some(ask) = parsed::<Ask>(read, write, IDLE, desk.lang).await? {
        // A new program must be able to stop an old daemon; everything else could mean something else there.
        if hello.version != VERSION && ask.verb != "shutdown" {
            let mut answer = Answer::failed(&other_version(hello), desk.lang);
            answer.0.insert("version".to_owned(), json!(VERSION));
            return Ok(line::write(write, &answer.0, DEADLINE).await?);
        }
        let json = ask.json;
        match desk.answer(ask).await {
            Reply::Once(answer) => line::write(write, &answer.0, DEADLINE).await?,
            Reply::Follow(chat) => return follow(read, write, desk, chat, json).await,
            Reply::Log(level, limit) => return follow_log(read, write, desk, (level, limit), json).await,
        }
    }
    Ok(())
}

fn other_version(hello: &Hello) -> Exit {
    // Told to the client, to whom the daemon is the other one.
    Exit::OtherVersion { theirs: VERSION.to_owned(), ours: hello.version.chars().take(32).collect() }
}

/// The next line as a value; `None`: the client has gone, or said something that ends the connection (it was told).
async fn parsed<T: serde::de::DeserializeOwned>(
    read: &mut (impl AsyncBufRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
    deadline: Duration,
    lang: Lang,
) -> Result<Option<T>, LineError> {
    let cause = match line::read(read, deadline).await {
        Ok(line) => match serde_json::from_slice(&line) {
            Ok(value) => return Ok(Some(value)),
            Err(error) => error.to_string(),
        },
        Err(LineError::Closed(false)) => return Ok(None),
        Err(LineError::TooLong) => format!("> {} KiB", line::LONGEST >> 10),
        Err(error) => return Err(error),
    };
    let answer = Answer::failed(&Exit::BadRequest { cause }, lang);
    line::write(write, &answer.0, DEADLINE).await?;
    Ok(None)
}

/// Lines until the client closes, the bot stops, or the client no longer reads.
async fn follow(
    read: &mut (impl AsyncBufRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
    desk: &Desk,
    chat: Option<ChatRef>,
    json: bool,
) -> Result<(), LineError> {
    let mut tail = desk.handle.tail();
    // Says that from here on nothing is missed.
    line::write(write, &json!({"ok": true, "code": "following"}), DEADLINE).await?;
    loop {
        let heard = tokio::select! {
            heard = tail.next() => heard,
            // Whatever a follower says ends it, and so does its going.
            _ = line::read(read, Duration::MAX) => return Ok(()),
        };
        let value = match heard {
            None => return Ok(()),
            Some(Heard::Missed(n)) => json!({"missed": n}),
            Some(Heard::Line(line)) => {
                let fits = |c: ChatRef| {
                    c.peer == line.conversation.peer && c.account.is_none_or(|a| a == line.conversation.account)
                };
                if !chat.is_none_or(fits) {
                    continue;
                }
                desk.heard(&line, json)
            }
        };
        line::write(write, &value, DEADLINE).await?;
    }
}

/// The newest lines of the log, and those to come, until the client closes or no longer reads.
async fn follow_log(
    read: &mut (impl AsyncBufRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
    desk: &Desk,
    (level, limit): (LogLevel, usize),
    json: bool,
) -> Result<(), LineError> {
    let mut reader = desk.handle.log().reader(0);
    let mut lines = newest(reader.take(usize::MAX).lines, level, limit);
    line::write(write, &json!({"ok": true, "code": "following"}), DEADLINE).await?;
    loop {
        for line in lines {
            line::write(write, &desk.logged(&line, json), DEADLINE).await?;
        }
        tokio::select! {
            () = reader.wait() => {}
            _ = line::read(read, Duration::MAX) => return Ok(()),
        }
        let news = reader.take(usize::MAX);
        if news.skipped > 0 {
            line::write(write, &json!({"missed": news.skipped}), DEADLINE).await?;
        }
        lines = newest(news.lines, level, usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::domain::{Author, ConversationId, GroupId, Line, Peer, Role, SelfId, Seq, Text, Wall};
    use crate::runtime::handle::{Ends, Handle};

    fn start(room: usize) -> (DuplexStream, tokio::task::JoinHandle<()>, Ends, CancellationToken) {
        let (theirs, ours) = tokio::io::duplex(room);
        let (handle, ends) = Handle::pair(4);
        let operator = Operator { name: Text::from("li"), role: Role::Admin };
        let stop = CancellationToken::new();
        let doors = Doors::new(handle, std::path::Path::new("/nowhere"), stop.clone());
        let served = tokio::spawn(talk(ours, doors, operator));
        (theirs, served, ends, stop)
    }

    fn hello() -> Vec<u8> {
        let mut line = serde_json::to_vec(&Hello::ctl(Lang::En)).unwrap();
        line.push(b'\n');
        line
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_says_nothing_is_let_go() {
        let (_theirs, served, _ends, _) = start(1024);
        served.await.unwrap();
        let (mut theirs, served, _ends, _) = start(1024);
        theirs.write_all(&hello()).await.unwrap();
        served.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_follower_that_never_reads_is_let_go() {
        let (mut theirs, served, ends, _) = start(64);
        theirs.write_all(&hello()).await.unwrap();
        theirs.write_all(b"{\"verb\":\"tail\",\"json\":true}\n").await.unwrap();
        let mut first = [0; 1];
        theirs.read_exact(&mut first).await.unwrap();
        let line = Line {
            seq: Seq(1),
            conversation: ConversationId { account: SelfId(1), peer: Peer::Group(GroupId(2)) },
            at: Wall(0),
            author: Author::Bot,
            text: Text::from("x"),
            message: None,
            others: Vec::new(),
            answers: None,
            pictures: Vec::new(),
            verdict: None,
            outcome: None,
            delivery: None,
            making: None,
            recalled: false,
        };
        ends.lines.say(Arc::new(line));
        served.await.unwrap();
        assert!(!ends.lines.wanted(), "its tail went with it");
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_never_answers_is_told_as_such() {
        let (mut theirs, _served, mut ends, _) = start(4096);
        theirs.write_all(&hello()).await.unwrap();
        theirs.write_all(b"{\"verb\":\"reload\"}\n").await.unwrap();
        let kept = ends.requests.recv().await;
        let mut read = BufReader::new(theirs);
        let answer = line::read(&mut read, Duration::from_secs(100)).await.unwrap();
        assert!(String::from_utf8(answer).unwrap().contains("timed_out"));
        drop(kept);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_it_at_once() {
        let (_theirs, served, _ends, stop) = start(64);
        stop.cancel();
        served.await.unwrap();
    }
}
