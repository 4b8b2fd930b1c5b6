//! One question of a `ctl`: from a verb to a command, a query or the state, and back to JSON or text.

mod answer;
mod chats;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use self::answer::{Answer, Reply};
use self::answer::{Stop, named};
use super::hello::Ask;
use super::now::now;
use super::sessions::Sessions;
use super::shape;
use super::show::{self, By};
use crate::domain::{
    Audit, ChatRef, Command, Done, ItemKind, Line, LogLevel, LogLine, Operator, Page, Query, Refusal, Seq, Snapshot,
};
use crate::runtime::handle::Handle;
use crate::verbs::arguments::Arguments;
use crate::verbs::command::{PATIENCE, command, happened};
use crate::verbs::export::{self, Export, Sheet, What};
use crate::verbs::figures;
use crate::verbs::{self, Entry, Verb};
use crate::words::{self, Exit, Lang, UsageError};

/// Lines of a page unless `--limit` says otherwise.
const PAGE: u32 = 50;
/// Lines asked for at once where all are wanted.
const PAGES: u32 = 1000;
/// Bytes of an export; `--since` and `--until` divide what is more.
const MOST: usize = 32 << 20;

/// What a connection answers with.
#[derive(Debug, Clone)]
pub struct Desk {
    /// The running bot.
    pub handle: Handle,
    /// Who is connected.
    pub sessions: Sessions,
    /// Who asks.
    pub operator: Operator,
    /// In which language.
    pub lang: Lang,
}

impl Desk {
    /// Answers one question. Takes as long as the engine or the store, 30 s at most.
    pub async fn answer(&self, ask: Ask) -> Reply {
        let lang = self.lang;
        match tokio::time::timeout(PATIENCE, self.dispatch(ask)).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(Stop::Exit(exit))) => Reply::Once(Answer::failed(&exit, lang)),
            Ok(Err(Stop::Refusal(refusal))) => Reply::Once(Answer::refused(&refusal, lang)),
            Err(_) => Reply::Once(Answer::failed(&Exit::TimedOut, lang)),
        }
    }

    async fn dispatch(&self, ask: Ask) -> Result<Reply, Stop> {
        let entry = verbs::find(&ask.verb).ok_or_else(|| {
            let nearest = verbs::nearest(&ask.verb).map(str::to_owned);
            Exit::Usage(UsageError::UnknownCommand { name: ask.verb.clone(), nearest })
        })?;
        if self.operator.role < entry.role {
            return Err(Refusal::Role(entry.role).into());
        }
        let arguments = Arguments::new(ask.arguments, self.lang);
        if let Some(command) = command(entry.verb, &arguments)? {
            return self.command(command).await.map(Reply::Once);
        }
        if entry.verb == Verb::Tail {
            return Ok(Reply::Follow(arguments.maybe_chat("chat")?));
        }
        if entry.verb == Verb::Logs {
            return self.logs(&arguments, ask.json);
        }
        self.read(entry, &arguments, ask.json).await.map(Reply::Once)
    }

    /// The newest lines of the log, from memory; the files have older ones.
    fn logs(&self, a: &Arguments, json: bool) -> Result<Reply, Stop> {
        let level = match a.maybe("level")? {
            None => LogLevel::Trace,
            Some(_) => LogLevel::ALL[a.one_of("level", &LogLevel::ALL.map(LogLevel::name))?],
        };
        let limit = a.count("limit")?.unwrap_or(PAGE) as usize;
        if a.flag("follow") {
            return Ok(Reply::Log(level, limit));
        }
        let lines = newest(self.handle.log().since(0, usize::MAX).lines, level, limit);
        let values = || lines.iter().map(|line| shape::log(line)).collect();
        let text = || lines.iter().map(|line| show::log(line)).collect();
        Ok(Reply::Once(Answer::list(json, "lines", values, text)))
    }

    async fn command(&self, command: Command) -> Result<Answer, Stop> {
        let happened = happened(&command, self.lang);
        let done = self.handle.command(self.operator.clone(), None, command).await?;
        let words = match (&done, happened) {
            (Done::Ok | Done::Changed { .. }, Some(words)) => words,
            _ => words::done(&done, self.lang),
        };
        let (code, seq) = match &done {
            Done::Ok | Done::Said(_) | Done::Changed { .. } => ("ok", None),
            Done::Delivered(_) => ("delivered", None),
            Done::Already => ("already", None),
            Done::Started(seq) => ("started", *seq),
        };
        let mut answer = Answer::new(true, code, words);
        if let Some(seq) = seq {
            answer.0.insert("seq".to_owned(), json!(seq));
        }
        if let Done::Delivered(all) = &done {
            answer
                .0
                .insert("destinations".to_owned(), all.iter().map(|one| shape::delivered(one, self.lang)).collect());
        }
        Ok(answer)
    }

    async fn read(&self, entry: &Entry, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let lang = self.lang;
        Ok(match entry.verb {
            Verb::History => self.history(a, json).await?,
            Verb::Search => self.search(a, json).await?,
            Verb::Export => self.export(a, json).await?,
            Verb::Why => self.why(a, json).await?,
            Verb::Prompt => self.prompt(a, json).await?,
            Verb::Usage => self.usage(a, json).await?,
            Verb::Audit => {
                let limit = a.count("limit")?.unwrap_or(PAGE);
                match self.query(Query::Audit { limit }).await? {
                    Page::Audit(rows) => Answer::list(
                        json,
                        "audit",
                        || rows.iter().map(shape::audit).collect(),
                        || show::audit(&rows, lang),
                    ),
                    _ => return Err(unexpected()),
                }
            }
            Verb::Sessions => {
                let now = now();
                Answer::list(json, "sessions", || self.sessions.json(now), || self.sessions.text(now, lang))
            }
            Verb::Kick => self.kick(a.number("session")?)?,
            Verb::Alerts => self.alerts(a, json).await?,
            Verb::Chats => self.chats(json).await?,
            Verb::Get => self.get(a, json).await?,
            of_state => {
                let snapshot = self.handle.snapshot().await?;
                self.state(of_state, &snapshot, json)
            }
        })
    }

    /// What is wrong now; with `history` also what was.
    async fn alerts(&self, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let lang = self.lang;
        if let Some(limit) = a.count("history")? {
            let Page::Alerts(alerts) = self.query(Query::Alerts { limit }).await? else { return Err(unexpected()) };
            let values = || alerts.iter().map(|one| shape::alert(one, lang)).collect();
            return Ok(Answer::list(json, "alerts", values, || show::alert_history(&alerts, lang)));
        }
        let s = self.handle.snapshot().await?;
        let fields = || {
            let alerts: Value = s.alerts.iter().map(|view| shape::alert_view(view, lang)).collect();
            let silences: Value = s.silences.iter().map(shape::silence).collect();
            Map::from_iter([("alerts", alerts), ("silences", silences)].map(named))
        };
        Ok(Answer::read(json, fields, || show::alerts(&s.alerts, &s.silences, now(), lang)))
    }

    fn kick(&self, number: u64) -> Result<Answer, Stop> {
        if !self.sessions.end(number, &self.operator) {
            return Err(Exit::NoSession { number }.into());
        }
        Ok(Answer::new(true, "ok", words::done(&Done::Ok, self.lang)))
    }

    fn state(&self, verb: Verb, s: &Snapshot, json: bool) -> Answer {
        let (lang, onebot) = (self.lang, &self.handle.placed().config.onebot);
        let items = |name: &str, wanted: fn(&ItemKind) -> bool| {
            let some = || s.attention.iter().filter(|(_, i)| wanted(&i.kind)).map(|(id, i)| (*id, &**i));
            let values = || some().map(|(id, i)| shape::item(id, i, lang)).collect();
            Answer::list(json, name, values, || show::items(some(), lang))
        };
        match verb {
            Verb::Accounts => {
                let values = || s.accounts.iter().map(|v| shape::account(v, lang)).collect();
                Answer::list(json, "accounts", values, || show::accounts(&s.accounts, onebot, lang))
            }
            Verb::Providers => {
                let values = || s.providers.iter().map(|v| shape::provider(v, lang)).collect();
                Answer::list(json, "providers", values, || show::providers(&s.providers, lang))
            }
            Verb::Attention => items("attention", |_| true),
            Verb::Drafts => items("drafts", |kind| matches!(kind, ItemKind::Draft { .. })),
            Verb::Requests => items("requests", |kind| matches!(kind, ItemKind::Request(_))),
            _ => Answer::read(json, || shape::status(s, lang), || show::status(s, onebot, lang)),
        }
    }

    async fn query(&self, query: Query) -> Result<Page, Stop> {
        match self.handle.query(query).await? {
            Page::Failed(cause) => Err(Exit::Store { cause }.into()),
            page => Ok(page),
        }
    }

    async fn history(&self, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let now = now();
        let (chat, since, until) = (a.chat("chat")?, a.moment("since", now, false)?, a.moment("until", now, true)?);
        let limit = a.count("limit")?.unwrap_or(PAGE);
        let whole = since.is_none() && until.is_none();
        let query = Query::History { chat, before: None, after: None, since, until, limit };
        self.lines(query, json, whole.then_some(chat), false).await
    }

    /// A chat of which nothing is stored and nothing is in memory is one that somebody mistyped.
    async fn must_exist(&self, chat: ChatRef) -> Result<(), Stop> {
        match chats::in_memory(&*self.handle.snapshot().await?, chat) {
            Err(refusal @ Refusal::UnknownChat { .. }) => Err(refusal.into()),
            _ => Ok(()),
        }
    }

    async fn search(&self, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let query = Query::Search {
            text: a.text("text")?,
            chat: a.maybe_chat("chat")?,
            before: None,
            limit: a.count("limit")?.unwrap_or(PAGE),
        };
        self.lines(query, json, None, true).await
    }

    /// Lines; where none are found of `whole`, whose every line was asked for, it must exist at least.
    async fn lines(&self, query: Query, json: bool, whole: Option<ChatRef>, with_chat: bool) -> Result<Answer, Stop> {
        let lang = self.lang;
        let Page::Lines { lines, more } = self.query(query).await? else { return Err(unexpected()) };
        if let Some(chat) = whole.filter(|_| lines.is_empty()) {
            self.must_exist(chat).await?;
        }
        let fields = || {
            let values: Value = lines.iter().map(|l| shape::line(l, lang)).collect();
            Map::from_iter([("lines".to_owned(), values), ("more".to_owned(), json!(more))])
        };
        Ok(Answer::read(json, fields, || show::lines(&lines, more, with_chat, lang)))
    }

    /// All of a chat or of the audit, page by page.
    async fn export(&self, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let export = export::wanted(a, now())?;
        let (lang, snapshot) = (self.lang, self.handle.snapshot().await?);
        let Export { what, since, until, .. } = export;
        let title = match what {
            What::Chat(chat) => match chats::in_memory(&snapshot, chat) {
                Ok(view) => format!("{} {}", view.state.name.shown(), view.id),
                Err(_) => chat.peer.to_string(),
            },
            What::Audit => format!("{} · {}", snapshot.instance, lang.pick("审计记录", "audit")),
            What::Metrics => format!("{} · {}", snapshot.instance, lang.pick("指标", "metrics")),
        };
        let mut sheet = Sheet::new(&export, title.trim(), lang, snapshot.now.offset);
        match what {
            What::Metrics => {
                let at = snapshot.now.wall;
                figures::figures(&snapshot).iter().for_each(|figure| sheet.figure(at, figure));
            }
            What::Audit => {
                let Page::Audit(rows) = self.query(Query::Audit { limit: u32::MAX }).await? else {
                    return Err(unexpected());
                };
                let wanted = |row: &&Audit| since.is_none_or(|s| row.at >= s) && until.is_none_or(|u| row.at <= u);
                rows.iter().rev().filter(wanted).for_each(|row| sheet.audit(row));
            }
            What::Chat(chat) => {
                let mut last = Seq(0);
                loop {
                    let query = Query::History { chat, before: None, after: Some(last), since, until, limit: PAGES };
                    let Page::Lines { mut lines, more } = self.query(query).await? else { return Err(unexpected()) };
                    if lines.is_empty() && last == Seq(0) {
                        self.must_exist(chat).await?;
                    }
                    lines.sort_unstable_by_key(|line| line.seq);
                    lines.iter().for_each(|line| sheet.line(line));
                    match lines.last().filter(|line| more && line.seq > last) {
                        Some(_) if sheet.len() > MOST => return Err(Refusal::TooLarge(MOST).into()),
                        Some(line) => last = line.seq,
                        None => break,
                    }
                }
            }
        }
        let (format, text) = (export.format.code(), sheet.into_text());
        let fields = [("format".to_owned(), json!(format)), ("export".to_owned(), json!(text))];
        Ok(Answer::read(json, || Map::from_iter(fields), || text.clone()))
    }

    async fn why(&self, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let lang = self.lang;
        let message = match a.maybe("message")?.as_deref() {
            None | Some("last") => None,
            Some(_) => a.maybe_number("message")?,
        };
        let chat = a.chat("chat")?;
        let Page::Why { line, replies } = self.query(Query::Why { chat, message }).await? else {
            return Err(unexpected());
        };
        let Some(line) = line else {
            self.must_exist(chat).await?;
            return Err(Exit::NoLine.into());
        };
        let placed = self.handle.placed();
        let at = line.verdict.as_ref().and_then(|v| placed.of(&v.reason, line.conversation.peer));
        let fields = || {
            let replies: Value = replies.iter().map(|l| shape::line(l, lang)).collect();
            let line = shape::line(&line, lang);
            Map::from_iter([("line", line), ("decided_at", at.clone().into()), ("replies", replies)].map(named))
        };
        Ok(Answer::read(json, fields, || show::why(&line, at.as_deref(), &replies, lang)))
    }

    /// What a model was shown for a reply, named by itself or by its question.
    async fn prompt(&self, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let lang = self.lang;
        let (chat, message) = (a.chat("chat")?, Some(a.number("message")?));
        let Page::Why { line, replies } = self.query(Query::Why { chat, message }).await? else {
            return Err(unexpected());
        };
        let line = line.ok_or(Exit::NoLine)?;
        let reply = replies.iter().rev().find(|l| l.making.is_some() && !line.author.is_ours());
        let line = reply.unwrap_or(&*line).seq;
        let Page::Prompt { turns, provider, model, at } = self.query(Query::Prompt { line }).await? else {
            return Err(Exit::NotKept.into());
        };
        let fields = || {
            let (turns, at) = (json!(turns), shape::moment(at));
            let fields = [
                ("turns", turns),
                ("provider", json!(provider)),
                ("model", json!(model)),
                ("at", at),
                ("line", json!(line)),
            ];
            Map::from_iter(fields.map(named))
        };
        Ok(Answer::read(json, fields, || show::prompt(&turns, &provider, &model, lang)))
    }

    async fn usage(&self, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let by = match a.maybe("by")? {
            None => By::Provider,
            Some(_) => match a.one_of("by", &["chat", "user", "provider", "day"])? {
                0 => By::Chat,
                1 => By::User,
                2 => By::Provider,
                _ => By::Day,
            },
        };
        let days = a.count::<u16>("days")?.unwrap_or(1);
        // The engine's own day: what it books and what it limits by.
        let snapshot = self.handle.snapshot().await?;
        let to = snapshot.now.day();
        let from = to.saturating_sub(i32::from(days) - 1);
        let Page::Usage(rows) = self.query(Query::Usage { from, to }).await? else { return Err(unexpected()) };
        let sums = show::sums(&rows, by);
        let row = |(key, (asks, input, output, cost)): (&String, &(u64, u64, u64, f64))| json!({"key": key, "asks": asks, "input": input, "output": output, "cost": cost});
        let limits = &self.handle.placed().config.chats.group.limits.clone();
        let fields = || {
            let usage = sums.iter().map(row).collect();
            let fields = [
                ("usage", usage),
                ("quota", shape::quota(&snapshot, limits)),
                ("balances", shape::balances(&snapshot)),
            ];
            Map::from_iter(fields.map(named))
        };
        let text = || show::usage(&sums, by, self.lang) + &show::quota(&snapshot, limits, self.lang);
        Ok(Answer::read(json, fields, text))
    }

    /// One followed line of the log.
    pub fn logged(&self, line: &LogLine, json: bool) -> Value {
        if json { shape::log(line) } else { json!({"text": show::log(line)}) }
    }

    /// One followed line.
    pub fn heard(&self, line: &Line, json: bool) -> Value {
        if json { shape::line(line, self.lang) } else { json!({"text": show::line(line, true, self.lang)}) }
    }
}

/// The newest of some lines, those that matter at least so much.
pub fn newest(mut lines: Vec<Arc<LogLine>>, level: LogLevel, limit: usize) -> Vec<Arc<LogLine>> {
    lines.retain(|line| line.level <= level);
    let old = lines.len().saturating_sub(limit);
    lines.split_off(old)
}

fn unexpected() -> Stop {
    Exit::Store { cause: "unexpected page".to_owned() }.into()
}
