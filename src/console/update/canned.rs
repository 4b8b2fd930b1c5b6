//! Canned replies: words of `[[console.canned]]` that are put into the composer, where they can still be changed.

use super::Intents;
use crate::console::layer::{Act, Choice};
use crate::console::state::{Purpose, Tone, Ui};
use crate::domain::*;
use crate::words;

impl Ui {
    /// Offers them in a list; typing narrows it.
    pub(super) fn open_canned(&mut self) {
        if self.chat().is_none() {
            return self.nothing();
        }
        let canned = &self.config.console.canned;
        if canned.is_empty() {
            let (zh, en) =
                ("还没有：写在 config.toml 的 [[console.canned]]", "none yet: [[console.canned]] in config.toml");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        }
        let row = |c: &crate::config::Canned| Choice {
            about: words::one_line(&c.text, 200),
            ..Choice::new(c.name.clone(), &words::one_line(&c.text, 24), Act::Insert(c.text.clone()))
        };
        let rows = canned.iter().map(row).collect();
        self.open_sheet(self.lang().pick("常用回复", "Canned replies").to_owned(), Vec::new(), rows, true);
    }

    /// Puts words at the caret, the composer being opened where it is not.
    pub(super) fn insert(&mut self, text: &str, out: &mut Intents) {
        let Some(id) = self.composing.as_ref().map(|c| c.chat).or_else(|| self.chat()) else { return self.nothing() };
        let text = self.filled(id, text);
        if self.composing.is_none() {
            self.begin(id, Purpose::Say, out);
        }
        let purpose = self.composing.as_ref().map_or(Purpose::Say, |c| c.purpose.clone());
        self.chat_ui(id).typed_mut(&purpose).insert(&text);
    }

    /// `{name}`, `{bot}` and `{operator}` by what they stand for; everything else as it is written.
    fn filled(&self, id: ConversationId, text: &str) -> String {
        let account = self.snap.accounts.iter().find(|a| a.id == id.account);
        let bot = account.map_or_else(|| id.account.to_string(), |a| a.nickname.shown().to_owned());
        let operator = self.settings.operator.name.shown();
        // In one go, so that no name is taken for a placeholder.
        let (mut out, mut rest) = (String::with_capacity(text.len()), text);
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            out.push_str(before);
            let known = [("{name}", self.addressee(id)), ("{bot}", bot.clone()), ("{operator}", operator.to_owned())];
            match known.iter().find(|(sign, _)| from.starts_with(sign)) {
                Some((sign, words)) => {
                    out.push_str(words);
                    rest = &from[sign.len()..];
                }
                None => {
                    out.push('{');
                    rest = &from[1..];
                }
            }
        }
        out + rest
    }

    /// Who is spoken to: who is quoted or called, who is on the other side, who said the selected line.
    fn addressee(&self, id: ConversationId) -> String {
        let lead = self.chats.get(&id).map(|c| &c.lead);
        let name = |line: &Line| match &line.author {
            Author::Person { name, .. } => Some(name.shown().to_owned()),
            _ => None,
        };
        let quoted = lead.and_then(|l| l.quote).and_then(|seq| self.lines(id).into_iter().find(|l| l.seq == seq));
        let called = || lead.and_then(|l| l.at.first()).map(|(_, name)| name.clone());
        let other = || (!id.peer.is_group()).then(|| self.name_of(id));
        let selected = || self.line().filter(|l| l.conversation == id).and_then(|l| name(&l));
        quoted.and_then(|l| name(l)).or_else(called).or_else(other).or_else(selected).unwrap_or_default()
    }
}
