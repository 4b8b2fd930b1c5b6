//! Which lines of a conversation stand in the window, and where.

use super::{Question, speaker};
use crate::config::GroupContext;
use crate::domain::{Author, Decision, Gate, Line, Outcome, PartState, Peer, Seq};

/// What stays together: a question, what was merged into it, and the replies to it; a line of ours that
/// answers nothing; or a line that was not for the bot.
#[derive(Debug)]
pub(super) struct Unit<'a> {
    /// Its place: the question's own.
    pub seq: Seq,
    /// Not for the bot.
    pub background: bool,
    /// What people said.
    pub heard: Vec<&'a Line>,
    /// What we said to it.
    pub said: Vec<&'a Line>,
}

/// What a heard line is to the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Question,
    Background,
    /// Part of the question with this number.
    MergedInto(Seq),
    /// Not shown: a command, blocked, forbidden, of another bot.
    Hidden,
}

/// Units in the order of their questions. Left out: what was recalled (a question takes its answers along),
/// notices, commands, what a gate kept from the bot, replies that never arrived, replies to what is no longer
/// there, and questions that somebody else is still being answered.
pub(super) fn arrange<'a>(lines: &[&'a Line], questions: &[Question<'_>], group: GroupContext) -> Vec<Unit<'a>> {
    let asked = |seq: Seq| questions.iter().any(|question| question.line.seq == seq);
    let only = match (group, questions.last()) {
        (GroupContext::PerUser, Some(question)) if question.line.conversation.peer.is_group() => speaker(question.line),
        _ => None,
    };
    let mut units = Units(Vec::with_capacity(lines.len()));
    let mut merged: Vec<(Seq, &Line)> = Vec::new();
    let mut ours: Vec<&Line> = Vec::with_capacity(lines.len());
    for line in lines.iter().copied().filter(|line| !line.recalled && !asked(line.seq)) {
        let unit = |background| Unit { seq: line.seq, background, heard: vec![line], said: Vec::new() };
        match (line.author.is_ours(), heard(line)) {
            (true, _) => ours.push(line),
            (false, _) if line.text.is_empty() || (only.is_some() && speaker(line) != only) => {}
            (false, Heard::Question) => units.put(unit(false)),
            (false, Heard::Background) if only.is_none() => units.put(unit(true)),
            (false, Heard::MergedInto(seq)) => merged.push((seq, line)),
            (false, Heard::Background | Heard::Hidden) => {}
        }
    }
    for (seq, line) in merged.into_iter().rev() {
        if let Some(unit) = units.get(seq) {
            unit.heard.insert(0, line);
        }
    }
    place_replies(&mut units, lines, ours, only.is_none());
    units.0.retain(|unit| !is_unfinished(unit));
    units.0
}

/// Units by number: they come nearly in order, which a sorted list takes better than a tree.
struct Units<'a>(Vec<Unit<'a>>);

impl<'a> Units<'a> {
    fn get(&mut self, seq: Seq) -> Option<&mut Unit<'a>> {
        let at = self.0.binary_search_by_key(&seq, |unit| unit.seq).ok()?;
        self.0.get_mut(at)
    }

    /// Adds one, or puts it in the place of the one with its number.
    fn put(&mut self, unit: Unit<'a>) {
        if self.0.last().is_none_or(|last| last.seq < unit.seq) {
            return self.0.push(unit);
        }
        match self.0.binary_search_by_key(&unit.seq, |unit| unit.seq) {
            Ok(at) => self.0[at] = unit,
            Err(at) => self.0.insert(at, unit),
        }
    }
}

/// Each reply behind its question; one that corrects or repeats another in its place.
fn place_replies<'a>(units: &mut Units<'a>, lines: &[&'a Line], ours: Vec<&'a Line>, unasked: bool) {
    let known = |seq: Seq| lines.binary_search_by_key(&seq, |line| line.seq).ok().map(|at| lines[at]);
    for line in ours.into_iter().filter(|line| is_said(line)) {
        let Some(answered) = line.answers else {
            if unasked {
                units.put(Unit { seq: line.seq, background: false, heard: Vec::new(), said: vec![line] });
            }
            continue;
        };
        // The line that it names is ours where it corrects: go on to what that one answers. Numbers must
        // fall on the way, so that not even a damaged store makes a circle of it.
        let (mut target, mut corrected) = (answered, Vec::new());
        while let Some(wrong) = known(target).filter(|named| named.author.is_ours()) {
            corrected.push(target);
            match wrong.answers {
                Some(next) if next < target => target = next,
                _ => break,
            }
        }
        if unasked && corrected.last() == Some(&target) && units.get(target).is_none() {
            units.put(Unit { seq: target, background: false, heard: Vec::new(), said: Vec::new() });
        }
        let Some(unit) = units.get(target) else { continue };
        // A later reply to the same question replaces what a model said; what operators said adds up.
        unit.said.retain(|said| said.author != Author::Bot && !corrected.contains(&said.seq));
        unit.background = false;
        unit.said.push(line);
    }
}

fn heard(line: &Line) -> Heard {
    if let Some(Outcome::Merged(seq)) = line.outcome {
        return Heard::MergedInto(seq);
    }
    let in_group = matches!(line.conversation.peer, Peer::Group(_));
    match &line.verdict {
        None if in_group => Heard::Background,
        None => Heard::Question,
        Some(verdict) => match (verdict.decision, verdict.gate) {
            (Decision::Reply, _) => Heard::Question,
            (Decision::Ignore, Gate::Trigger | Gate::Limits | Gate::Queue) if in_group => Heard::Background,
            (Decision::Ignore, Gate::Limits | Gate::Queue) => Heard::Question,
            (Decision::Ignore | Decision::Command, _) => Heard::Hidden,
        },
    }
}

/// Whether a line of ours was, or is about to be, seen in the chat. A notice is no part of the conversation.
fn is_said(line: &Line) -> bool {
    let lost = matches!(line.delivery, Some(PartState::Failed | PartState::Expired | PartState::Suppressed));
    line.author != Author::Notice && !lost && !line.text.is_empty()
}

/// A question that waits for its answer elsewhere. One that failed is shown: "again, please" needs it.
fn is_unfinished(unit: &Unit<'_>) -> bool {
    let waits =
        |line: &&Line| line.outcome.is_none() && line.verdict.as_ref().is_some_and(|v| v.decision == Decision::Reply);
    !unit.background && unit.said.is_empty() && unit.heard.iter().any(waits)
}
