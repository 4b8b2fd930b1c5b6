//! From a verb to a command of the engine, and what came of it in words.

use std::time::Duration;

use super::Verb;
use super::arguments::Arguments;
use crate::domain::{Command, ProviderSwitch, SelfId, Seq};
use crate::words::{Exit, Lang, Notice};

/// The command of a verb; `None` where the verb only reads.
///
/// # Errors
/// When an argument is missing or cannot be read.
pub fn command(verb: Verb, a: &Arguments) -> Result<Option<Command>, Exit> {
    let chat = || a.chat("chat");
    let text = || a.text("text");
    Ok(Some(match verb {
        Verb::Send => {
            Command::Send { chat: chat()?, text: text()?, quote: a.maybe_number("quote")?.map(Seq), at: a.users("at")? }
        }
        Verb::Ask => Command::Ask { chat: chat()?, text: text()? },
        Verb::Answer => Command::Answer { chat: chat()?, line: a.maybe_number("message")?.map(Seq) },
        Verb::Retry => Command::Retry { chat: chat()?, line: a.maybe_number("message")?.map(Seq) },
        Verb::Correct => Command::Correct { chat: chat()?, line: Seq(a.number("message")?), text: text()? },
        Verb::Claim => Command::Claim { chat: chat()? },
        Verb::Release => Command::Release { chat: chat()? },
        Verb::Stop => Command::Stop { chat: chat()? },
        Verb::New => Command::New { chat: chat()? },
        Verb::Recall => Command::Recall { chat: chat()?, line: Seq(a.number("message")?) },
        Verb::Mode => Command::Mode { chat: chat()?, mode: a.mode("mode")?, during: a.span("for")? },
        Verb::Persona => Command::Persona { chat: chat()?, name: a.maybe("name")? },
        Verb::Model => Command::Model { chat: chat()?, provider: a.maybe("name")? },
        Verb::Resume => Command::Resume { chat: chat()? },
        Verb::Note => Command::Note { chat: chat()?, text: text()? },
        Verb::Approve => Command::Approve { item: a.item()?, text: a.maybe("text")? },
        Verb::Reject => Command::Reject { item: a.item()? },
        Verb::Accept => Command::Accept { item: a.item()? },
        Verb::Refuse => Command::Refuse { item: a.item()?, reason: a.maybe("reason")?.unwrap_or_default() },
        Verb::Allow => Command::Allow { id: a.id("id")?, during: a.span("for")?, answer: a.flag("answer") },
        Verb::Deny => Command::Deny { id: a.id("id")? },
        Verb::Block => Command::Block { id: a.id("id")?, during: a.span("for")? },
        Verb::Unblock => Command::Unblock { id: a.id("id")? },
        Verb::Set => set(a)?,
        Verb::Provider => Command::Provider { name: a.text("name")?, to: switch(a)? },
        Verb::RestartAdapter => Command::RestartAdapter { account: SelfId(a.number("account")?) },
        Verb::Word => Command::Word { add: a.one_of("to", &["add", "rm"])? == 0, word: a.text("word")? },
        Verb::Ack => Command::Ack { alert: a.alert()? },
        Verb::Silence => {
            let (rule, labels) = a.rule("rule")?;
            let during = a.span("time")?.ok_or_else(|| a.bad("time", "", "时长，例如 2h", "a duration such as 2h"))?;
            Command::Silence { rule, labels, during, reason: a.maybe("reason")?.unwrap_or_default() }
        }
        Verb::Unsilence => {
            let (rule, labels) = a.rule("rule")?;
            Command::Unsilence { rule, labels }
        }
        Verb::Notify => {
            a.one_of("what", &["test"])?;
            Command::TestNotify
        }
        Verb::Reload => Command::Reload,
        Verb::Shutdown => Command::Shutdown,
        Verb::Status
        | Verb::Accounts
        | Verb::Chats
        | Verb::Attention
        | Verb::Drafts
        | Verb::Requests
        | Verb::Providers
        | Verb::History
        | Verb::Search
        | Verb::Export
        | Verb::Why
        | Verb::Prompt
        | Verb::Tail
        | Verb::Logs
        | Verb::Usage
        | Verb::Get
        | Verb::Audit
        | Verb::Sessions
        | Verb::Kick
        | Verb::Alerts => return Ok(None),
    }))
}

fn set(a: &Arguments) -> Result<Command, Exit> {
    let setting = a.text("setting")?;
    match setting.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            let (chat, key, value) = (a.chat("chat")?, key.trim().to_owned(), value.trim().to_owned());
            Ok(if value.is_empty() { Command::Unset { chat, key } } else { Command::Set { chat, key, value } })
        }
        _ => Err(a.bad(
            "setting",
            &setting,
            "键=值，例如 reply.at_sender=true",
            "KEY=VALUE, for example reply.at_sender=true",
        )),
    }
}

fn switch(a: &Arguments) -> Result<ProviderSwitch, Exit> {
    Ok(match a.one_of("to", &["on", "off", "unload", "reset"])? {
        0 => ProviderSwitch::On,
        1 => ProviderSwitch::Off,
        2 => ProviderSwitch::Unload,
        _ => ProviderSwitch::Reset,
    })
}

/// What a command did, where there is more to say than "done".
pub fn happened(command: &Command, lang: Lang) -> Option<String> {
    let notice = match command {
        Command::Allow { id, during, .. } => Notice::Allowed { id: *id, during: *during },
        Command::Deny { id } => Notice::Denied { id: *id },
        Command::Block { id, during } => Notice::Blocked { id: *id, during: *during },
        Command::Unblock { id } => Notice::Unblocked { id: *id },
        Command::Mode { mode: Some(mode), during, .. } => Notice::ModeSet { mode: *mode, during: *during },
        Command::Persona { name, .. } => Notice::PersonaSet { name: name.clone() },
        Command::Model { provider, .. } => Notice::ModelSet { name: provider.clone() },
        Command::New { .. } => Notice::NewDone,
        Command::Stop { .. } => Notice::Stopped,
        Command::Retry { .. } => Notice::Retrying,
        Command::Silence { rule, during, .. } => return Some(crate::words::silenced(rule, *during, lang)),
        _ => return None,
    };
    Some(notice.words(lang))
}

/// How long the engine may take over a command: edits of the configuration and stops wait for the world.
pub const PATIENCE: Duration = Duration::from_secs(30);
