//! The language of `tell`: one line becomes one input. `head words : free text`.

use std::sync::Arc;
use std::time::Duration;

use qqdeck::config::{Config, read_duration};
use qqdeck::domain::*;
use qqdeck::flow::Input;

use crate::world::{BOT, EPOCH, End, World};

/// What a line asks for.
pub enum Act {
    Tell(Input),
    /// The oldest batch is on disk.
    Commit,
    /// All of them are.
    CommitAll,
    /// The oldest one could not be written.
    CommitFails,
    Restart(End),
}

/// What a line needs to know besides itself.
pub struct Ears<'a> {
    pub world: &'a World,
    /// The new configuration of a `config` line.
    pub config: Option<Arc<Config>>,
    /// Ids of messages that name none.
    pub next_message: &'a mut i64,
    /// Commands so far.
    pub tags: &'a mut u64,
}

type Read<T> = Result<T, String>;

impl Ears<'_> {
    /// Reads a line (for `history` and `groups`, several).
    pub fn read(&mut self, text: &str) -> Read<Act> {
        let mut lines = text.trim().lines();
        let first = lines.next().unwrap_or("");
        let (head, words) = split(first);
        let mut head = head.split_whitespace();
        let verb = head.next().unwrap_or("");
        let mut rest: Vec<&str> = head.collect();
        if !matches!(verb, "call" | "op") && lines.clone().next().is_some() {
            return Err("only histories have several lines".into());
        }
        let act = |input| Ok(Act::Tell(input));
        let adapter = |event| Ok(Act::Tell(Input::Adapter(event)));
        match verb {
            "up" | "down" | "online" | "offline" => adapter(link(verb, &mut rest, words)?),
            "hear" => adapter(AdapterEvent::Message(Box::new(self.message(&rest, words)?))),
            "recalled" => {
                let conversation = chat(&take(&mut rest)?)?.0;
                let message = MessageId(number(take(&mut rest)?.trim_start_matches('#'))?);
                adapter(AdapterEvent::Notice(Notice::Recalled { conversation, message, operator: UserId(0) }))
            }
            "muted" => {
                let conversation = chat(&take(&mut rest)?)?.0;
                let duration = match take(&mut rest)?.as_str() {
                    "off" => None,
                    "forever" => Some(Duration::MAX),
                    time => Some(duration(time)?),
                };
                adapter(AdapterEvent::Notice(Notice::Muted { conversation, duration, operator: UserId(0) }))
            }
            "joined" | "removed" => {
                let (conversation, operator) = (chat(&take(&mut rest)?)?.0, UserId(0));
                adapter(AdapterEvent::Notice(match verb {
                    "joined" => Notice::Joined { conversation, operator },
                    _ => Notice::Removed { conversation, operator },
                }))
            }
            "renamed" => {
                let conversation = chat(&take(&mut rest)?)?.0;
                adapter(AdapterEvent::Notice(Notice::Renamed { conversation, name: words.into() }))
            }
            "garbage" => adapter(AdapterEvent::Garbage { link: LinkId(1), frames: number(&take(&mut rest)?)? as u32 }),
            "request" => {
                let kind = match take(&mut rest)?.as_str() {
                    "friend" => RequestKind::Friend,
                    "join" => RequestKind::Join(GroupId(9)),
                    "invite" => RequestKind::Invite(GroupId(9)),
                    other => return Err(format!("`{other}` is no kind of request")),
                };
                let user = UserId(number(&take(&mut rest)?)?);
                let flag = take(&mut rest)?;
                let time = self.world.now().wall.0 / 1000;
                adapter(AdapterEvent::Request(Request { account: BOT, kind, user, flag, comment: words.into(), time }))
            }
            "job" => act(job(&mut rest, words)?),
            "call" => {
                let id = CallId(number(&take(&mut rest)?)? as u64);
                act(Input::Called(id, self.outcome(&mut rest, words, lines)?))
            }
            "edit" => {
                let id = number(&take(&mut rest)?)? as u64;
                let result = match take(&mut rest)?.as_str() {
                    "ok" => Ok(Met::Changed { former: (!words.is_empty()).then(|| words.to_owned()) }),
                    "same" => Ok(Met::Same),
                    "fails" => Err(trouble(words)),
                    other => return Err(format!("`{other}` is no end of an edit")),
                };
                act(Input::Edited(id, result))
            }
            "report" => {
                let provider = Arc::from(take(&mut rest)?.as_str());
                let loaded = match take(&mut rest)?.as_str() {
                    "loaded" => true,
                    "unloaded" => false,
                    other => return Err(format!("`{other}` is no residency")),
                };
                // `until=60s`: from now.
                let until = rest.iter().find_map(|word| word.strip_prefix("until=")).map(duration).transpose()?;
                let now = self.world.now().wall.0 / 1000;
                let expires = until.map(|until| now + until.as_secs() as i64);
                let resident = Some(Residency { loaded, size: 1, size_vram: 1, expires, context: None });
                act(Input::Provider(ProviderReport {
                    provider,
                    reachable: Ok(()),
                    version: None,
                    resident,
                    balance: None,
                }))
            }
            "restarted" => {
                let account = SelfId(number(&take(&mut rest)?)?);
                let result = match take(&mut rest)?.as_str() {
                    "ok" => Ok(()),
                    "failed" => Err(RestartFault::Failed(Some(1))),
                    "timed_out" => Err(RestartFault::TimedOut),
                    other => return Err(format!("`{other}` is no end of a restart")),
                };
                act(Input::Restarted(account, result))
            }
            "refused" => {
                let peer = take(&mut rest)?;
                adapter(AdapterEvent::Refused { peer, cause: words.into() })
            }
            "config" => act(Input::Config(self.config.take().ok_or("`config` needs a `config` text in its step")?)),
            "config_refused" => act(Input::ConfigRefused(trouble(words))),
            "gpu" => act(Input::Gauges(Box::new(read_card(&mut rest)?))),
            "notified" => {
                let id = NotificationId(number(&take(&mut rest)?)? as u64);
                let result = match take(&mut rest)?.as_str() {
                    "ok" => Ok(()),
                    "fails" => Err(NotifyFault::Unreachable(words.to_owned())),
                    other => return Err(format!("`{other}` is no end of a notification")),
                };
                act(Input::Notified(id, result))
            }
            "shutdown" => act(Input::Shutdown { grace: duration(&take(&mut rest)?)? }),
            "commit" if rest.first() == Some(&"fails") => Ok(Act::CommitFails),
            "commit" if rest.first() == Some(&"all") => Ok(Act::CommitAll),
            "commit" if rest.is_empty() => Ok(Act::Commit),
            "restart" => Ok(Act::Restart(match take(&mut rest)?.as_str() {
                "kill" => End::Kill,
                "clean" => End::Clean,
                "power" => End::Power,
                other => return Err(format!("`{other}` is no way to end")),
            })),
            "op" => act(Input::Command(self.command(text)?)),
            other => Err(format!("`{other}` is no word of this language")),
        }
    }

    /// `group:9/7 @bot quote=#3 rank=admin image ago=10s id=5` and what was said.
    fn message(&mut self, words: &[&str], text: &str) -> Read<Message> {
        let mut words = words.iter();
        let (conversation, speaker) = chat(words.next().ok_or("who speaks, and where?")?)?;
        let mut sender = Sender { id: speaker, name: Text::default(), rank: GroupRank::Member, anonymous: false };
        let mut id = None;
        let mut said = self.world.now().wall.0;
        let mut temp_group = None;
        let mut segments = Vec::new();
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match key {
                "@bot" => segments.push(Segment::At(AtTarget::User(UserId(conversation.account.0)), None)),
                "@all" => segments.push(Segment::At(AtTarget::All, None)),
                "quote" => segments.push(Segment::Reply(Some(MessageId(number(value.trim_start_matches('#'))?)))),
                "image" => segments.push(Segment::Image(Picture { url: "http://p/1".into(), sticker: false })),
                "id" => id = Some(number(value)?),
                "ago" => said -= duration(value)?.as_millis() as i64,
                "name" => sender.name = value.into(),
                "temp" => temp_group = Some(GroupId(number(value)?)),
                "anonymous" => sender.anonymous = true,
                "ours" => sender.id = UserId(conversation.account.0),
                "rank" => {
                    sender.rank = match value {
                        "admin" => GroupRank::Admin,
                        "owner" => GroupRank::Owner,
                        other => return Err(format!("`{other}` is no rank")),
                    }
                }
                other => match other.strip_prefix('@').map(str::parse) {
                    Some(Ok(user)) => segments.push(Segment::At(AtTarget::User(UserId(user)), None)),
                    _ => return Err(format!("`{other}` says nothing about a message")),
                },
            }
        }
        if !text.is_empty() {
            segments.push(Segment::Text(text.into()));
        }
        let id = id.unwrap_or_else(|| {
            *self.next_message += 1;
            *self.next_message
        });
        Ok(Message {
            conversation,
            id: MessageId(id),
            sender,
            group_name: None,
            temp_group,
            segments,
            time: said / 1000,
        })
    }

    fn outcome<'a>(
        &mut self,
        rest: &mut Vec<&str>,
        words: &str,
        lines: impl Iterator<Item = &'a str>,
    ) -> Read<CallOutcome> {
        let done = |reply| Ok(CallOutcome::Done(reply));
        match take(rest)?.as_str() {
            "sent" => done(CallReply::Sent(rest.first().map(|id| number(id)).transpose()?.map(MessageId))),
            "done" => done(CallReply::Nothing),
            "history" => {
                let messages: Read<_> = lines
                    .map(|line| {
                        let (head, text) = split(line);
                        self.message(&head.split_whitespace().collect::<Vec<_>>(), text)
                    })
                    .collect();
                done(CallReply::Messages(messages?))
            }
            "groups" => {
                let group = |word: &str| {
                    let (id, name) = word.split_once('=').ok_or("write 9=name")?;
                    Ok::<_, String>((GroupId(number(id)?), name.into()))
                };
                done(CallReply::Groups(words.split_whitespace().map(group).collect::<Read<_>>()?))
            }
            "not_sent" => Ok(CallOutcome::NotSent),
            "refused" => {
                let retcode = rest.first().map_or(Ok(100), |code| number(code))?;
                Ok(CallOutcome::Refused { retcode, words: words.into() })
            }
            "ambiguous" => Ok(CallOutcome::Ambiguous { retcode: 1200, words: words.into() }),
            "lost" => Ok(CallOutcome::Lost),
            "timed_out" => Ok(CallOutcome::TimedOut),
            other => Err(format!("`{other}` is no end of a call")),
        }
    }

    /// `op admin:li expects=3 {json}`. In the JSON, chats, ids and durations may be written as people do.
    fn command(&mut self, text: &str) -> Read<Envelope> {
        let (head, json) = text.split_once('{').ok_or("a command is JSON")?;
        let mut operator = Operator { name: "li".into(), role: Role::Operator };
        let mut expects = None;
        for word in head.split_whitespace().skip(1) {
            if let Some(version) = word.strip_prefix("expects=") {
                expects = Some(number(version)? as u64);
                continue;
            }
            let (role, name) = word.split_once(':').unwrap_or((word, "li"));
            operator.name = name.into();
            operator.role = match role {
                "viewer" => Role::Viewer,
                "operator" => Role::Operator,
                "admin" => Role::Admin,
                other => return Err(format!("`{other}` is no role")),
            };
        }
        let json = format!("{{{json}");
        let json = json.trim();
        // Commands without parameters are bare words in JSON.
        let json = json
            .strip_prefix("{\"")
            .and_then(|j| j.strip_suffix("\"}"))
            .map_or(json.to_owned(), |j| format!("\"{j}\""));
        let mut value: serde_json::Value = serde_json::from_str(&json).map_err(|e| e.to_string())?;
        humane(&mut value)?;
        let command = serde_json::from_value(value).map_err(|e| e.to_string())?;
        *self.tags += 1;
        Ok(Envelope { operator, session: SessionId(1), tag: *self.tags, expects, command })
    }
}

/// Chats, ids and durations in the forms that people write.
fn humane(value: &mut serde_json::Value) -> Read<()> {
    let Some(fields) = value.as_object_mut() else { return Ok(()) };
    for (key, field) in fields {
        let text = field.as_str().map(str::to_owned);
        match (key.as_str(), text) {
            ("chat", Some(text)) => *field = json(text.parse::<ChatRef>().map_err(|e| e.to_string())?),
            ("id", Some(text)) => *field = json(text.parse::<AccessId>().map_err(|e| e.to_string())?),
            ("during", Some(text)) => *field = json(duration(&text)?),
            _ => humane(field)?,
        }
    }
    Ok(())
}

fn json(value: impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn split(line: &str) -> (&str, &str) {
    match line.split_once(" : ") {
        Some((head, text)) => (head, text),
        None => (line.strip_suffix(" :").unwrap_or(line), ""),
    }
}

fn take(words: &mut Vec<&str>) -> Read<String> {
    if words.is_empty() { Err("a word is missing".into()) } else { Ok(words.remove(0).to_owned()) }
}

fn number(word: &str) -> Read<i64> {
    word.parse().map_err(|_| format!("`{word}` is no number"))
}

fn duration(word: &str) -> Read<Duration> {
    read_duration(word).ok_or_else(|| format!("`{word}` is no duration"))
}

/// `private:7`, `group:9/7`, with `@200` behind for another account.
fn chat(word: &str) -> Read<(ConversationId, UserId)> {
    let (word, account) = match word.split_once('@') {
        Some((word, account)) => (word, SelfId(number(account)?)),
        None => (word, BOT),
    };
    let (chat, speaker) = word.split_once('/').unwrap_or((word, ""));
    let chat: ChatRef = chat.parse().map_err(|e: IdError| e.to_string())?;
    let speaker = if speaker.is_empty() { chat.peer.number() } else { number(speaker)? };
    Ok((ConversationId { account, peer: chat.peer }, UserId(speaker)))
}

/// `up 200 link=2`, `down link=1 left : why`, `offline 200`.
fn link(verb: &str, rest: &mut Vec<&str>, words: &str) -> Read<AdapterEvent> {
    let mut account = BOT;
    let (mut link, mut others_left, mut nickname) = (LinkId(1), false, Text::default());
    let mut peer = "127.0.0.1".to_owned();
    for word in rest.iter() {
        match word.split_once('=') {
            Some(("link", id)) => link = LinkId(number(id)? as u64),
            Some(("name", name)) => nickname = name.into(),
            Some(("peer", name)) => peer = name.to_owned(),
            None if *word == "left" => others_left = true,
            None => account = SelfId(number(word)?),
            _ => return Err(format!("`{word}` says nothing about a link")),
        }
    }
    let reason = Text::from(words);
    Ok(match verb {
        "up" => AdapterEvent::Up { account, link, nickname, app: AppKind::Napcat, version: "NapCat".into(), peer },
        "down" => AdapterEvent::Down { account, link, reason, others_left },
        "online" => AdapterEvent::Online { account, online: Some(true), reason },
        _ => AdapterEvent::Online { account, online: Some(false), reason },
    })
}

/// `1 answer tokens=10/5 : words`, `1 text : so far`, `1 fail rate_limited 7s : partial`.
fn job(rest: &mut Vec<&str>, words: &str) -> Read<Input> {
    let id = JobId(number(&take(rest)?)? as u64);
    let verb = take(rest)?;
    let words = words.replace("\\n", "\n");
    let event = match verb.as_str() {
        "started" => JobEvent::Started,
        "first" => JobEvent::FirstText,
        "text" => JobEvent::Progress(Arc::from(words.as_str())),
        "answer" | "cut" => {
            let mut tokens = Tokens::default();
            let mut timing = Timing::default();
            for word in rest.iter() {
                match word.split_once('=') {
                    Some(("tokens", both)) => {
                        let (input, output) = both.split_once('/').ok_or("write tokens=10/5")?;
                        tokens.input = Some(number(input)? as u32);
                        tokens.output = Some(number(output)? as u32);
                    }
                    Some(("load", time)) => timing.load = Some(duration(time)?),
                    Some(("first", time)) => timing.first_text = Some(duration(time)?),
                    Some(("total", time)) => timing.total = duration(time)?,
                    _ => return Err(format!("`{word}` says nothing about an answer")),
                }
            }
            timing.total = timing.total.max(timing.first_text.unwrap_or_default());
            let finish = if verb == "cut" { Finish::Length } else { Finish::Stop };
            JobEvent::Ended(Ok(Answer { text: words, finish, tokens, timing, thought: 0 }))
        }
        "fail" => JobEvent::Ended(Err(Failure { error: error(rest)?, partial: words })),
        other => return Err(format!("`{other}` is no news of a job")),
    };
    Ok(Input::Job(id, event))
}

/// `gpu 95 game=2GiB ollama=6GiB`: a card of 10 GiB, so full; programs other than ollama are foreign. `gpu none`.
fn read_card(rest: &mut Vec<&str>) -> Read<Gauges> {
    let first = take(rest)?;
    if first == "none" {
        return Ok(Gauges { no_gpu: Some(NoGpu::NoDriver), ..Gauges::default() });
    }
    let total = 10u64 << 30;
    let percent: f64 = first.parse().map_err(|_| format!("`{first}` is no percentage"))?;
    let process = |word: &&str| {
        let (name, size) = word.split_once('=').ok_or("write game=2GiB")?;
        let memory = qqdeck::config::read_size(size);
        Ok::<_, String>(GpuProcess { pid: 1, name: name.into(), memory, model: name == "ollama" })
    };
    let card = Gpu {
        index: 0,
        name: "RTX 3060".into(),
        state: GpuState::Active,
        total: Some(total),
        used: Some((total as f64 * percent / 100.0) as u64),
        busy: None,
        temperature: None,
        slowdown_at: None,
        power: None,
        power_limit: None,
        throttled: Vec::new(),
        processes: rest.iter().map(process).collect::<Read<_>>()?,
    };
    Ok(Gauges { gpus: vec![card], ..Gauges::default() })
}

fn error(rest: &mut Vec<&str>) -> Read<ProviderError> {
    let code = take(rest)?;
    let wait = || rest.first().map(|word| duration(word)).transpose();
    let words = || "words".to_owned();
    Ok(match code.as_str() {
        "rate_limited" => ProviderError::RateLimited(wait()?, words()),
        "overloaded" => ProviderError::Overloaded(wait()?, words()),
        "quota" => ProviderError::Quota(words()),
        "auth" => ProviderError::Auth(words()),
        "model_missing" => ProviderError::ModelMissing(words()),
        "bad_request" => ProviderError::BadRequest(words()),
        "context_too_long" => {
            let limit = rest.first().map(|word| number(word)).transpose()?.map(|n| n as u32);
            ProviderError::ContextTooLong { limit, words: words() }
        }
        "content_blocked" => ProviderError::ContentBlocked(words()),
        "transport" => ProviderError::Transport(words()),
        "timeout" => ProviderError::Timeout(Stage::Idle),
        "truncated" => ProviderError::Truncated,
        "empty" => ProviderError::Empty,
        "protocol" => ProviderError::Protocol(words()),
        "cancelled" => ProviderError::Cancelled,
        "internal" => ProviderError::Internal(words()),
        other => return Err(format!("`{other}` is no error of a provider")),
    })
}

/// The card of a `gpu` line.
pub fn card(line: &str) -> Gauges {
    read_card(&mut line.split_whitespace().collect()).unwrap_or_default()
}

/// Seconds since the virtual time 0.
pub fn since_epoch(at: Wall) -> String {
    if at.0 == i64::MAX { "forever".into() } else { format!("{}s", (at.0 - EPOCH) as f64 / 1000.0) }
}

/// What a configuration file refuses with.
pub fn trouble(words: &str) -> ConfigTrouble {
    ConfigTrouble { zh: words.to_owned(), en: words.to_owned() }
}
