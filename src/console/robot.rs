//! Stories: somebody sits at the console, presses keys, and what they want done and see is told.

mod acting;
mod audit;
mod beside;
mod chats;
mod drafts;
mod dress;
mod log;
mod looking;
mod marks;
mod mouse;
mod narrow;
mod palette;
mod settings;
mod slips;

use std::sync::Arc;
use std::time::Duration;

use super::face::{Intent, News};
use super::layer::Layer;
use super::scene::{NOW, town};
use super::screens::{console, words};
use super::{Console, view};
use crate::domain::*;
use crate::words::Lang;

/// A person at a console, with a clock.
struct Robot {
    console: Console,
    now: Now,
    snap: Arc<Snapshot>,
    /// What was wanted and not looked at yet.
    wanted: Vec<Intent>,
}

impl Robot {
    fn sits_down() -> Self {
        Self::at((80, 24), Lang::Zh)
    }

    fn at(size: (u16, u16), lang: Lang) -> Self {
        Self { console: console(size, lang), now: NOW, snap: town(), wanted: Vec::new() }
    }

    fn tells(&mut self, news: News) {
        let wanted = self.console.tell(news, self.now);
        self.wanted.extend(wanted);
    }

    /// Types, one piece a key; Esc is Esc only after a moment.
    fn types(&mut self, keys: &str) -> &mut Self {
        for key in keys.chars() {
            if matches!(self.console.ui.layers.last(), Some(Layer::Confirm(_))) {
                // A question is read before it is answered.
                self.waits(Duration::from_millis(200));
            }
            self.tells(News::Bytes(key.to_string().into_bytes()));
            if key == '\x1b' {
                self.waits(Duration::from_millis(100));
            }
        }
        self
    }

    /// A key that is several bytes.
    fn presses(&mut self, bytes: &str) -> &mut Self {
        self.tells(News::Bytes(bytes.as_bytes().to_vec()));
        self
    }

    fn pastes(&mut self, text: &str) -> &mut Self {
        self.tells(News::Bytes(format!("\x1b[200~{text}\x1b[201~").into_bytes()));
        self
    }

    fn waits(&mut self, time: Duration) -> &mut Self {
        self.now.mono = self.now.mono + time;
        self.now.wall = Wall(self.now.wall.0 + time.as_millis() as i64);
        self.tells(News::Time);
        self
    }

    /// Goes to a chat of the list by its name.
    fn selects(&mut self, name: &str) -> &mut Self {
        self.types("gg");
        for _ in 0..20 {
            if self.console.ui.chat().is_some_and(|id| self.console.ui.name_of(id) == name) {
                return self;
            }
            self.types("j");
        }
        panic!("no chat {name} in\n{}", self.screen());
    }

    /// The world goes on.
    fn world(&mut self, change: impl FnOnce(&mut Snapshot)) -> &mut Self {
        let snap = Arc::make_mut(&mut self.snap);
        snap.version += 1;
        change(snap);
        let snap = Arc::clone(&self.snap);
        self.tells(News::Snapshot(snap));
        self
    }

    /// Somebody says something in a chat.
    fn hears(&mut self, id: ConversationId, text: &str) -> &mut Self {
        let at = self.now.wall;
        self.world(|snap| {
            let mut chat = (**snap.chats.get(&id).unwrap()).clone();
            let mut line = (**chat.tail.last().unwrap()).clone();
            line.seq = Seq(chat.last.0.max(1000) + 1);
            line.author = Author::Person { id: UserId(3), name: Text::from("小明") };
            (line.text, line.at, line.making, line.delivery) = (Text::from(text), at, None, None);
            chat.last = line.seq;
            chat.tail.push(Arc::new(line));
            snap.chats.insert(id, Arc::new(chat));
        })
    }

    /// The engine agrees with the last command.
    fn agrees(&mut self, done: Done) -> &mut Self {
        let tag = self.console.ui.tag;
        self.tells(News::Answer(tag, Ok(done)));
        self
    }

    /// What was asked of the engine since the last look, claims left out.
    fn commands(&mut self) -> Vec<Command> {
        let wanted = std::mem::take(&mut self.wanted);
        let commands = wanted.into_iter().filter_map(|intent| match intent {
            Intent::Command { command: Command::Claim { .. } | Command::Release { .. }, .. } => None,
            Intent::Command { command, .. } => Some(command),
            _ => None,
        });
        commands.collect()
    }

    fn queries(&mut self) -> Vec<(u64, Query)> {
        let wanted = std::mem::take(&mut self.wanted);
        wanted
            .into_iter()
            .filter_map(|i| if let Intent::Query { tag, query } = i { Some((tag, query)) } else { None })
            .collect()
    }

    fn screen(&self) -> String {
        words(&view::picture(&self.console.ui).0)
    }

    fn sees(&self, text: &str) -> &Self {
        assert!(self.screen().contains(text), "{text} is not on\n{}", self.screen());
        self
    }

    fn does_not_see(&self, text: &str) -> &Self {
        assert!(!self.screen().contains(text), "{text} is on\n{}", self.screen());
        self
    }

    fn chat(&self) -> ChatRef {
        let id = self.console.ui.chat().unwrap();
        ChatRef { peer: id.peer, account: Some(id.account) }
    }
}

/// Words alone.
fn said(chat: ChatRef, text: &str) -> Command {
    Command::Send { chat, text: text.into(), quote: None, at: Vec::new() }
}

const TEST: ConversationId = ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(123_456)) };
