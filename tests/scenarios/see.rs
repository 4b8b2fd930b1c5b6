//! The language of `see`: one effect or row is one line.

use qqdeck::domain::*;
use qqdeck::flow::Effect;

use crate::tell::since_epoch;
use crate::world::BOT;

/// The lines of an effect. Kinds that say little in most scenarios are left out unless `show` names them:
/// `usage`, `audit`, `load`, `provider`.
pub fn lines(effect: &Effect, show: &[String]) -> Vec<String> {
    let shown = |kind: &str| show.iter().any(|s| s == kind);
    let one = match effect {
        Effect::Record(_, rows) => return rows.iter().filter_map(|r| row(r, &shown)).collect(),
        Effect::Ask(job) => {
            let key = if job.key > 0 { format!(" key={}", job.key) } else { String::new() };
            let last = job.turns.last().map_or("", |turn| &*turn.text);
            // The question alone: what stands before the clock is the window's business and tested there.
            let last = last.rsplit_once("（现在是").and_then(|(_, q)| q.split_once("）\n")).map_or(last, |(_, q)| q);
            format!("ask {} {}{key} : {}", job.id, job.provider, flat(last))
        }
        Effect::Cancel(job) => format!("cancel {job}"),
        Effect::Call(call) => format!("call {} {}", call.id, action(call.account, &call.action)),
        Effect::Load(load) if shown("load") => format!("load {}", chat(load.conversation)),
        Effect::Provider(name, call) if shown("provider") => format!("{call:?} {name}").to_lowercase(),
        Effect::Load(_) | Effect::Provider(..) => return Vec::new(),
        Effect::Edit(id, edit) => format!("edit {id} {}", change(edit)),
        Effect::Answer(_, _, Ok(done)) => match done {
            Done::Ok => "answer ok".into(),
            Done::Already => "answer already".into(),
            Done::Changed { undo } => {
                format!("answer changed, undo {}", serde_json::to_string(undo).unwrap_or_default())
            }
            Done::Said(words) => format!("answer said : {}", flat(words)),
            Done::Delivered(all) => {
                let fault = |one: &Delivered| one.fault.as_ref().map_or("ok".into(), |fault| format!("{fault:?}"));
                let all: Vec<_> = all.iter().map(|one| format!("{} {}", one.to, fault(one))).collect();
                format!("answer delivered : {}", all.join(", "))
            }
            Done::Started(Some(line)) => format!("answer started {line}"),
            Done::Started(None) => "answer started".into(),
        },
        Effect::Answer(_, _, Err(refusal)) => {
            let near = match refusal {
                Refusal::UnknownChat { nearest: Some(near), .. }
                | Refusal::UnknownProvider { nearest: Some(near), .. }
                | Refusal::UnknownPersona { nearest: Some(near), .. } => format!(", nearest {near}"),
                _ => String::new(),
            };
            format!("answer no {} : {refusal}{near}", refusal.code())
        }
        Effect::Notify(it) => {
            let over = if it.message.resolved { " resolved" } else { "" };
            format!("notify {} #{}{over} : {} | {}", it.to, it.id.0, it.message.title, flat(&it.message.body))
        }
        Effect::Restart(restart) => format!("restart {} {}", restart.account, restart.argv.join(" ")),
        Effect::Reload(_) => "reload".into(),
        Effect::Stopped => "stopped".into(),
    };
    vec![one]
}

fn row(row: &Row, shown: &impl Fn(&str) -> bool) -> Option<String> {
    Some(match row {
        Row::Heard { line, trace, .. } => {
            let verdict = line.verdict.as_ref().map_or_else(String::new, verdict);
            let merged = match line.outcome {
                Some(Outcome::Merged(head)) => format!(" into {head}"),
                _ => String::new(),
            };
            format!("heard {} {verdict}{merged}{}", line.seq, if *trace { " trace" } else { "" })
        }
        Row::Said(line) => {
            let answers = line.answers.map_or_else(String::new, |seq| format!(" to {seq}"));
            format!("said {} {}{answers} : {}", line.seq, author(&line.author), flat(line.text.raw()))
        }
        Row::Judged(seq, v) => format!("judged {seq} {}", verdict(v)),
        Row::Ended(seq, outcome) => format!("ended {seq} {}", outcome.code()),
        Row::Recalled(seq) => format!("recalled {seq}"),
        Row::Part(part) => format!("part {} of {} {}", part.id, part.line, part.state.code()),
        Row::PartState(id, state, message) => {
            let message = message.map_or_else(String::new, |m| format!(" #{m}"));
            format!("part {id} {}{message}", state.code())
        }
        Row::Chat(id, state) => format!("chat {}{}", chat(*id), settings(state)),
        Row::Usage(usage) if shown("usage") => {
            format!(
                "usage {} {} {}/{} {}",
                usage.provider,
                chat(usage.conversation),
                usage.input,
                usage.output,
                usage.cost
            )
        }
        Row::Audit(audit) if shown("audit") => {
            format!("audit {} {} {}", audit.operator.raw(), audit.result, audit.command)
        }
        Row::Usage(_) | Row::Audit(_) => return None,
        Row::Alert(it) if shown("alerts") => format!("alert {}", alert(it)),
        Row::Alert(_) | Row::Served { .. } => return None,
        Row::Silence(it) => format!("silence {} {:?} until {}", it.rule, it.labels, since_epoch(it.until)),
        Row::Grant(grant) => {
            format!("grant {:?} {} until {}", grant.effect, grant.id, since_epoch(grant.until)).to_lowercase()
        }
        Row::Item(id, item) => {
            let until = item.expires.map_or_else(String::new, |at| format!(" until {}", since_epoch(at)));
            format!("item {id} {}{until}", kind(&item.kind))
        }
        Row::ItemDone(id) => format!("item {id} done"),
        Row::Screen { operator, screen } => format!("screen {} : {screen}", operator.raw()),
        Row::CleanStop => "clean stop".into(),
    })
}

/// `reply trigger/private`.
pub fn verdict(verdict: &Verdict) -> String {
    let word = format!("{:?} {:?}", verdict.decision, verdict.gate).to_lowercase();
    let detail = match &verdict.reason {
        Reason::Slash(name) | Reason::SlashDenied(name) | Reason::Named(name) | Reason::Prefixed(name) => {
            format!("({name})")
        }
        Reason::Blocked(id) | Reason::NotAllowed(id) | Reason::BlockedUntil(id, _) => format!("({id})"),
        Reason::Pattern(n) | Reason::Word(n) => format!("({n})"),
        _ => String::new(),
    };
    format!("{word}/{}{detail}", verdict.reason.code())
}

/// `1 firing vram_high{gpu=0} told a:firing`.
pub fn alert(alert: &Alert) -> String {
    let mut words = format!("{} {} {}", alert.id, alert.state.code(), alert.fingerprint());
    let marks = [("acked", alert.acked.is_some()), ("flapping", alert.flapping), ("no_data", alert.no_data)];
    for (mark, _) in marks.into_iter().filter(|(_, is)| *is) {
        words.push_str(&format!(" {mark}"));
    }
    for told in &alert.told {
        let fault = if told.fault.is_some() { "!" } else { "" };
        words.push_str(&format!(" {}:{:?}{fault}", told.to, told.what).to_lowercase());
    }
    words
}

/// What kind of thing waits.
pub fn kind(kind: &ItemKind) -> String {
    match kind {
        ItemKind::Draft { answers, text, suggestion, .. } => {
            format!("{} to {answers} : {}", if *suggestion { "suggestion" } else { "draft" }, flat(text))
        }
        ItemKind::Request(request) => format!("request {:?} {}", request.kind, request.user).to_lowercase(),
        ItemKind::Unknown { line } => format!("unknown {line}"),
        ItemKind::Handover { line } => format!("handover {line}"),
        ItemKind::WhileOffline { count } => format!("while_offline {count}"),
        ItemKind::Unread { account, chats } => format!("unread {account} {chats}"),
        ItemKind::BotMuted => "bot_muted".into(),
        ItemKind::Removed => "removed".into(),
        ItemKind::Paused => "paused".into(),
    }
}

fn author(author: &Author) -> String {
    match author {
        Author::Person { id, .. } => format!("person:{id}"),
        Author::Bot => "bot".into(),
        Author::Operator(name) => format!("op:{}", name.raw()),
        Author::Notice => "notice".into(),
    }
}

fn settings(state: &ChatState) -> String {
    let mut words = String::new();
    let mut add = |word: String| {
        words.push(' ');
        words.push_str(&word);
    };
    if !state.name.is_empty() {
        add(format!("name={}", state.name.raw()));
    }
    if let Some((mode, until)) = state.mode {
        add(format!(
            "mode={}{}",
            mode.code(),
            until.map_or_else(String::new, |at| format!(" until {}", since_epoch(at)))
        ));
    }
    if let Some(persona) = &state.persona {
        add(format!("persona={persona}"));
    }
    if let Some(provider) = &state.provider {
        add(format!("provider={provider}"));
    }
    if state.forgotten > Seq(0) {
        add(format!("forgotten={}", state.forgotten));
    }
    if let Some(until) = state.bot_muted {
        add(format!("bot_muted until {}", since_epoch(until)));
    }
    if state.paused {
        add("paused".into());
    }
    if !state.note.is_empty() {
        add(format!("note={}", state.note));
    }
    words
}

fn action(account: SelfId, action: &Action) -> String {
    let of = |peer: Peer| chat(ConversationId { account, peer });
    match action {
        Action::Send { peer, temp_group, segments } => {
            let temp = temp_group.map_or_else(String::new, |group| format!(" temp={group}"));
            let words: String = segments.iter().map(segment).collect();
            format!("send {}{temp} : {}", of(*peer), flat(&words))
        }
        Action::SendForward { peer, nodes, .. } => format!("forward {} : {}", of(*peer), flat(&nodes.join(" | "))),
        Action::Recall { message } => format!("recall #{message}"),
        // The first page says no number.
        Action::History { peer, count: ..=20 } => format!("history {}", of(*peer)),
        Action::History { peer, count } => format!("history {} of {count}", of(*peer)),
        Action::GetMessage { peer, message } => format!("get {} #{message}", of(*peer)),
        Action::GroupInfo { group } => format!("group {group}"),
        Action::GroupList if account == BOT => "groups".into(),
        Action::GroupList => format!("groups @{account}"),
        Action::Answer { kind, flag, approve, reason } => {
            let word = if *approve { "let in" } else { "refuse" };
            format!("{word} {kind:?} {flag} {reason}").trim().to_lowercase()
        }
    }
}

fn segment(segment: &OutSegment) -> String {
    match segment {
        OutSegment::Text(text) => text.clone(),
        OutSegment::At(user) => format!("[@{user}]"),
        OutSegment::Reply(message) => format!("[quote #{message}]"),
    }
}

fn change(edit: &ConfigEdit) -> String {
    match edit {
        ConfigEdit::Allow(id) => format!("allow {id}"),
        ConfigEdit::Deny(id) => format!("deny {id}"),
        ConfigEdit::Block(id) => format!("block {id}"),
        ConfigEdit::Unblock(id) => format!("unblock {id}"),
        ConfigEdit::Word { word, add } => format!("word {} {word}", if *add { "add" } else { "remove" }),
        ConfigEdit::SetChat { id, key, value } => format!("set {id} {key} = {value}"),
    }
}

/// `private:7`, with the account behind where it is not the usual one.
pub fn chat(id: ConversationId) -> String {
    if id.account == BOT { id.peer.to_string() } else { id.to_string() }
}

fn flat(text: &str) -> String {
    text.replace('\n', "\\n")
}
