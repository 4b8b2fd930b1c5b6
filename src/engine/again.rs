//! What had its end and is answered after all, or again, because an operator says so.

use std::sync::Arc;
use std::time::Duration;

use super::reply::Saying;
use super::state::State;
use crate::domain::*;

/// What becomes of an answer to a question that had one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// An operator decides.
    Draft,
    /// It is sent, as the first was.
    Deliver,
}

impl State {
    /// Answers a message that was not answered.
    pub fn answer_line(&mut self, chat: ChatRef, line: Option<Seq>) -> Result<Done, Refusal> {
        let id = self.existing(chat)?;
        let chat = self.chat(id);
        let theirs = |l: &&Arc<Line>| !l.author.is_ours();
        let found = match line {
            Some(seq) => chat.line(seq).filter(theirs).cloned(),
            None => chat.tail.iter().rev().find(theirs).cloned(),
        };
        let line = found.ok_or(Refusal::UnknownLine)?;
        if line.outcome.is_none() {
            // Its answer is being written, is on its way or waits for approval: a second would be one too many.
            return Err(Refusal::Nothing);
        }
        self.judge_asked(&line);
        self.reopen(&line, false);
        Ok(Done::Started(Some(line.seq)))
    }

    /// Makes a line on record a question again.
    pub fn reopen(&mut self, line: &Arc<Line>, draft: bool) {
        let Author::Person { id: speaker, .. } = line.author else { return };
        if self.questions.contains_key(&line.seq) {
            return;
        }
        let mut question = self.question(line, speaker, line.text.raw().to_owned());
        question.draft = draft;
        self.enqueue(question, Duration::ZERO, None);
    }

    /// A line that had its end is to be answered after all, because an operator says so.
    fn judge_asked(&mut self, line: &Line) {
        let verdict = Verdict::reply(Gate::Slash, Reason::Asked);
        self.rows.push(Row::Judged(line.seq, verdict.clone()));
        let chat = self.chat(line.conversation);
        // An end that waited for the chat's lines is no longer its end.
        chat.ended.retain(|(seq, _)| *seq != line.seq);
        chat.amend(line.seq, |l| (l.verdict, l.outcome) = (Some(verdict), None));
    }

    /// Answers the last message that was refused for want of access, in the chats that the id is about.
    pub fn answer_refused(&mut self, id: AccessId) {
        let refused = |l: &&Arc<Line>| matches!(l.verdict.as_ref().map(|v| &v.reason), Some(Reason::NotAllowed(who)) if *who == id);
        let lines: Vec<_> = self.chats.values().filter_map(|c| c.tail.iter().rev().find(refused).cloned()).collect();
        for line in lines {
            self.judge_asked(&line);
            self.reopen(&line, false);
        }
    }

    /// Writes an answer again, named by itself or by its question: as a draft where it was already sent, else for the
    /// chat. What was never answered is answered; an operator's words that never arrived are sent once more.
    pub fn write_again(&mut self, chat: ChatRef, line: Option<Seq>, again: Again) -> Result<Done, Refusal> {
        let id = self.existing(chat)?;
        let named = line;
        let line = match line {
            Some(seq) => match self.chat(id).line(seq).filter(|l| is_lost(l)).cloned() {
                Some(lost) => lost,
                None => self.asked_by(id, seq)?,
            },
            None => {
                let answered = |l: &&Arc<Line>| !l.author.is_ours() && is_for_us(l) && !l.recalled;
                self.chat(id).tail.iter().rev().find(answered).cloned().ok_or(Refusal::Nothing)?
            }
        };
        if self.questions.contains_key(&line.seq) {
            return Err(Refusal::Nothing);
        }
        let done = match line.delivery {
            _ if !line.author.is_ours() && is_for_us(&line) => self.ask_again(&line, again),
            _ if !line.author.is_ours() => self.answer_line(chat, Some(line.seq)),
            Some(PartState::Sent) => Err(Refusal::Nothing),
            Some(PartState::Generated | PartState::Sending) | None => Err(Refusal::OnItsWay),
            Some(_) => {
                let (author, text, answers) = (line.author.clone(), line.text.raw().to_owned(), line.answers);
                let saying =
                    Saying { conversation: id, author, text, answers, making: None, heard: None, lead: Vec::new() };
                Ok(Done::Started(Some(self.say(saying))))
            }
        }?;
        // Nobody wonders any more whether the former one arrived.
        let doubts = |item: &Item| matches!(item.kind, ItemKind::Unknown { line } if Some(line) == named);
        let doubts: Vec<_> = self.items.iter().filter(|(_, item)| doubts(item)).map(|(n, _)| *n).collect();
        doubts.into_iter().for_each(|item| drop(self.drop_item(item)));
        Ok(done)
    }

    /// The question behind a line: itself, what it was merged into, what it answers or corrects; or words of ours
    /// that answer nothing.
    fn asked_by(&self, id: ConversationId, seq: Seq) -> Result<Arc<Line>, Refusal> {
        let find = |seq: Seq| self.chats.get(&id)?.line(seq);
        let mut line = find(seq).ok_or(Refusal::UnknownLine)?;
        // Numbers must fall on the way, so that not even a damaged store makes a circle of it.
        loop {
            let before = match (line.author.is_ours(), &line.outcome) {
                (true, _) => line.answers,
                (false, Some(Outcome::Merged(head))) => Some(*head),
                (false, _) => None,
            };
            match before.filter(|before| *before < line.seq) {
                Some(before) => line = find(before).ok_or(Refusal::UnknownLine)?,
                None => return Ok(Arc::clone(line)),
            }
        }
    }

    fn ask_again(&mut self, line: &Arc<Line>, how: Again) -> Result<Done, Refusal> {
        // A draft of it that still waits is what nobody wanted.
        let drafts = self.drafts_of(line.seq);
        for draft in &drafts {
            self.drop_item(*draft);
        }
        let under_way = line.outcome.is_none() && drafts.is_empty();
        if under_way && how == Again::Deliver {
            return Err(Refusal::OnItsWay);
        }
        let again = under_way || line.outcome == Some(Outcome::Replied);
        let draft = again && how == Again::Draft;
        if !draft && line.outcome.is_some() {
            self.judge_asked(line);
        }
        self.reopen(line, draft);
        Ok(Done::Started(Some(line.seq)))
    }
}

/// Whether an operator said it and it never arrived.
fn is_lost(line: &Line) -> bool {
    let lost = |state: PartState| state.is_final() && state != PartState::Sent;
    matches!(line.author, Author::Operator(_)) && !line.recalled && line.delivery.is_some_and(lost)
}

/// Whether the gates let it through to a model.
fn is_for_us(line: &Line) -> bool {
    line.verdict.as_ref().is_some_and(|v| v.decision == Decision::Reply)
}
