//! Conversations: those in memory, and those that are on record and have said nothing since the start.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::{Answer, Stop};
use super::{Desk, PAGES, shape, show, unexpected};
use crate::config::{ChatMode, Config};
use crate::domain::{
    ChatRef, ChatRow, ChatToday, ChatView, ConversationId, Mode, Page, Peer, Query, Refusal, Snapshot, Wall,
};
use crate::serve::now::now;
use crate::verbs::arguments::Arguments;
use crate::verbs::near;

impl Desk {
    /// All conversations.
    pub(super) async fn chats(&self, json: bool) -> Result<Answer, Stop> {
        let (snapshot, config, lang) = (self.handle.snapshot().await?, self.handle.placed().config, self.lang);
        let mut all = BTreeMap::new();
        let mut before = None;
        loop {
            let (rows, more) = self.stored(Query::Chats { before, limit: PAGES, filter: None }).await?;
            before = rows.last().map(|row| row.last.seq);
            for row in rows.into_iter().filter(|row| snapshot.chats.get(&row.id).is_none()) {
                all.insert(row.id, (Arc::new(view(row, &config, now())), true));
            }
            if !more || before.is_none() {
                break;
            }
        }
        all.extend(snapshot.chats.iter().map(|(id, chat)| (*id, (Arc::clone(chat), false))));
        let values = || all.values().map(|(chat, stored)| whole(chat, *stored, lang)).collect();
        Ok(Answer::list(json, "chats", values, || show::chats(all.values().map(|(chat, _)| &**chat), lang)))
    }

    /// How a conversation stands.
    pub(super) async fn get(&self, a: &Arguments, json: bool) -> Result<Answer, Stop> {
        let (chat, stored) = self.find_chat(a.chat("chat")?).await?;
        let Value::Object(mut fields) = whole(&chat, stored, self.lang) else { return Err(unexpected()) };
        // `history` has it, whole.
        fields.remove("last");
        if let Some(key) = a.maybe("key")? {
            let Some(value) = fields.remove(&key) else {
                let near = near::nearest(&key, fields.keys().map(String::as_str));
                let all = fields.keys().cloned().collect::<Vec<_>>().join(", ");
                let wants = near.map_or(all, str::to_owned);
                return Err(a.bad("key", &key, &wants, &wants).into());
            };
            let text = show::fields(&Map::from_iter([(key.clone(), value.clone())]));
            let named = || Map::from_iter([("key".to_owned(), json!(key)), ("value".to_owned(), value)]);
            return Ok(Answer::read(json, named, || text));
        }
        let text = show::fields(&fields);
        Ok(Answer::read(json, || fields, || text))
    }

    /// The conversation that is meant, and whether it is only on record.
    async fn find_chat(&self, wanted: ChatRef) -> Result<(Arc<ChatView>, bool), Stop> {
        let snapshot = self.handle.snapshot().await?;
        let filter = Some(wanted.peer.number().to_string());
        let (rows, _) = self.stored(Query::Chats { before: None, limit: PAGES, filter }).await?;
        let mut rows: Vec<_> =
            rows.into_iter().filter(|row| is_meant(wanted, row.id) && snapshot.chats.get(&row.id).is_none()).collect();
        match (in_memory(&snapshot, wanted), rows.len()) {
            (Ok(chat), 0) => Ok((Arc::clone(chat), false)),
            (Err(Refusal::UnknownChat { .. }), 1) => {
                let config = self.handle.placed().config;
                Ok((Arc::new(view(rows.remove(0), &config, now())), true))
            }
            (Err(refusal), 0) => Err(refusal.into()),
            _ => Err(Refusal::Account(wanted.peer.to_string()).into()),
        }
    }

    async fn stored(&self, query: Query) -> Result<(Vec<ChatRow>, bool), Stop> {
        match self.query(query).await? {
            Page::Chats { chats, more } => Ok((chats, more)),
            _ => Err(unexpected()),
        }
    }
}

fn is_meant(wanted: ChatRef, id: ConversationId) -> bool {
    id.peer == wanted.peer && wanted.account.is_none_or(|account| id.account == account)
}

/// The conversation in memory that is meant.
pub(super) fn in_memory(s: &Snapshot, wanted: ChatRef) -> Result<&Arc<ChatView>, Refusal> {
    let mut found = s.chats.values().filter(|chat| is_meant(wanted, chat.id));
    match (found.next(), found.next()) {
        (Some(chat), None) => Ok(chat),
        (Some(_), Some(_)) => Err(Refusal::Account(wanted.peer.to_string())),
        (None, _) => {
            let name = wanted.peer.to_string();
            let known: Vec<String> = s.chats.keys().map(|id| id.peer.to_string()).collect();
            let nearest = near::nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
            // The same chat of another account is near, and not what was asked for.
            let account = wanted.account.map(|account| format!("@{account}")).unwrap_or_default();
            Err(Refusal::UnknownChat { chat: format!("{name}{account}"), nearest })
        }
    }
}

/// What is on record of a conversation, as if it were in memory: its own settings, else what the configuration says.
fn view(row: ChatRow, config: &Config, now: Wall) -> ChatView {
    let policy = match row.id.peer {
        Peer::Private(user) => config.chats.person(user.0),
        Peer::Group(group) => config.chats.group(group.0),
    };
    let own = row.state.mode.filter(|(_, until)| until.is_none_or(|until| until > now));
    let mode = own.map(|(mode, _)| mode).unwrap_or(match policy.mode {
        ChatMode::Auto => Mode::Auto,
        ChatMode::Draft => Mode::Draft,
        ChatMode::Manual => Mode::Manual,
        ChatMode::Muted => Mode::Muted,
    });
    let find = |name: &str| config.personas.iter().find(|persona| persona.name == name);
    let own = row.state.persona.as_deref().and_then(find);
    let persona = own.or_else(|| find(&policy.persona)).or_else(|| config.personas.first());
    let provider = row.state.provider.clone().or_else(|| Some(policy.provider.clone()).filter(|name| !name.is_empty()));
    ChatView {
        id: row.id,
        mode,
        persona: persona.map(|persona| persona.name.clone()).unwrap_or_default(),
        provider: provider.map(Arc::from),
        state: row.state,
        claim: None,
        window: None,
        today: ChatToday::default(),
        last: row.last.seq,
        tail: vec![Arc::new(row.last)],
        writing: Vec::new(),
        queued: 0,
    }
}

/// Its fields. What today cost is not known of one that is only on record.
fn whole(chat: &ChatView, stored: bool, lang: crate::words::Lang) -> Value {
    let mut value = shape::chat(chat, lang);
    if stored && let Value::Object(fields) = &mut value {
        fields.insert("today".to_owned(), Value::Null);
    }
    value
}
