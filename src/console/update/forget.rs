//! Forgetting what was said in a chat: nothing brings it back, so it is asked first.

use super::rows::chat_ref;
use crate::console::layer::Grade;
use crate::console::state::Ui;
use crate::domain::*;
use crate::words::Lang;

impl Ui {
    /// Asks for the marked chats, or for the selected one.
    pub(super) fn ask_new(&mut self) {
        let targets = self.targets();
        if targets.is_empty() {
            return self.nothing();
        }
        let who = self.named(&targets);
        self.ask_to_forget(targets.into_iter().map(chat_ref).collect(), who);
    }

    /// Asks for a chat that was named.
    pub(super) fn ask_new_of(&mut self, chat: ChatRef) {
        let who = self.known(chat).map_or_else(|| chat.peer.number().to_string(), |id| self.name_of(id));
        self.ask_to_forget(vec![chat], who);
    }

    fn ask_to_forget(&mut self, chats: Vec<ChatRef>, who: String) {
        let words = match self.lang() {
            Lang::Zh => format!("忘掉 {who} 前面的话，从头开始？模型不再看到它们，撤销不了"),
            Lang::En => {
                format!("Forget what was said in {who}? The model sees none of it any more; this cannot be undone")
            }
        };
        let done = format!("{who} · {}", self.lang().pick("新话题", "begun anew"));
        let commands = chats.into_iter().map(|chat| Command::New { chat }).collect();
        self.confirm(words, commands, done, Grade::Yes);
    }
}
