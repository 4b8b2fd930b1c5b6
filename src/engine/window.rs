//! What the model is shown: the persona, a window of the conversation, and the question with the time of day.
//!
//! * The persona is the whole system turn, word for word: nothing that changes stands before the window, so a
//!   provider that keeps a prefix between questions can use it again. The clock stands in the last turn.
//! * A window that must be trimmed loses up to a quarter of its oldest messages at once, and where it then
//!   begins follows from the numbers of the lines alone. So it stays put for several questions, also across a
//!   restart and whatever else was said elsewhere. For that to work the caller must hand over more lines than
//!   the window holds: twice [`config::Context::messages`] plus `background` is plenty.
//! * `arrange` says which lines stand where, `render` in which words.

mod arrange;
mod render;

use crate::config;
use crate::domain::{Author, Line, Picture, Seq, Turn, TurnRole, UserId};
use arrange::{Unit, arrange};
pub use render::estimate;
use render::{clip, told};

/// The most pictures in one question; the newest are kept (threats.md B07 sends 200).
const PICTURES: usize = 6;
/// What a picture is taken to cost in tokens: a guess at the order of magnitude, models differ widely.
const PICTURE_TOKENS: u32 = 1_000;
/// What a turn costs besides its words: the role and its marks.
const TURN_TOKENS: u32 = 4;
/// A question is told at least so far, however little room persona and settings leave: a server that then
/// refuses names its real limit, while a question without words would be answered with nonsense.
const QUESTION_TOKENS: u32 = 128;
/// Stands before a window that begins with the bot: several chat templates insist on a person first.
const BOT_BEGAN: &str = "（你先开口）";

/// Everything that goes into a window.
#[derive(Debug, Clone, Copy)]
pub struct Prompt<'a> {
    /// The system prompt; empty: none.
    pub persona: &'a str,
    /// Lines of the conversation, oldest first, ours and theirs; those that were forgotten left out. The
    /// questions may be among them.
    pub lines: &'a [&'a Line],
    /// What is asked, oldest first: several where messages were merged.
    pub questions: &'a [Question<'a>],
    /// `[context]` of the chat.
    pub context: &'a config::Context,
    /// Tokens for everything here: the provider's context less its longest answer.
    pub budget: u32,
    /// Real tokens per estimated one, as the provider's counts have shown; 1 to begin with.
    pub factor: f32,
    /// The provider looks at pictures.
    pub vision: bool,
    /// Date, time and weekday in words; empty for none (a cache key, say).
    pub clock: &'a str,
}

/// One message that is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Its line.
    pub line: &'a Line,
    /// Its words without the call, as the trigger gave them.
    pub text: &'a str,
    /// Whom and what it quotes, where [`Line::answers`] does not lead to one of the lines.
    pub quoted: Option<(&'a str, &'a str)>,
    /// Its pictures, those it quotes, and what its speaker sent just before.
    pub pictures: &'a [Picture],
}

/// What the model is shown, and what was left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// The turns: system first where there is a persona, then user and assistant by turns, user last.
    pub turns: Vec<Turn>,
    /// Messages shown, questions among them, background not.
    pub shown: u32,
    /// Messages that the window would have held by their number, and that were left out.
    pub left_out: u32,
    /// Tokens, estimated.
    pub tokens: u32,
}

/// Builds the window.
pub fn build(prompt: &Prompt<'_>) -> Window {
    let cost = |text: &str| calibrated(estimate(text), prompt.factor).saturating_add(TURN_TOKENS);
    let system = if prompt.persona.is_empty() { 0 } else { cost(prompt.persona) };
    let room = prompt.budget.saturating_sub(system).min(prompt.context.tokens.unwrap_or(u32::MAX));
    // An estimate in, an estimate out: a text is cut by what it would be without calibration.
    let at_most = |tokens: u32| calibrated(tokens, 1.0 / sane(prompt.factor));

    let pictures = pictures(prompt);
    let looks = u32::try_from(pictures.len()).unwrap_or(0) * PICTURE_TOKENS;
    let share = room.saturating_sub(looks) / 4 * 3 / u32::try_from(prompt.questions.len()).unwrap_or(1).max(1);
    let asked = asked(prompt, at_most(share.max(QUESTION_TOKENS)));
    let question = cost(&asked).saturating_add(looks);

    let units = arrange(prompt.lines, prompt.questions, prompt.context.group);
    let longest = at_most(room / 4);
    // Told only as far as the window reaches: most of what is in memory is older.
    let mut said: Vec<Option<Said>> = vec![None; units.len()];
    let questions = prompt.questions.len();
    let chosen = choose(&units, prompt.context, questions, room.saturating_sub(question), |at| {
        let turns = units[at].turns(prompt, longest);
        let tokens = turns.iter().map(|(_, text)| cost(text)).sum();
        said[at] = Some((turns, tokens));
        tokens
    });

    let mut window = Window { tokens: system.saturating_add(question), ..Window::default() };
    let mut turns = Turns::default();
    for (turn, tokens) in said.into_iter().zip(&chosen).filter(|(_, chosen)| **chosen).filter_map(|(said, _)| said) {
        window.tokens = window.tokens.saturating_add(tokens);
        turn.into_iter().for_each(|(role, text)| turns.add(role, text));
    }
    turns.add(TurnRole::User, asked);
    let messages = |taken: bool| -> usize {
        units.iter().zip(&chosen).filter(|(_, chosen)| !taken || **chosen).map(|(unit, _)| unit.messages()).sum()
    };
    let (all, shown) = (questions + messages(false), questions + messages(true));
    window.shown = u32::try_from(shown).unwrap_or(u32::MAX);
    window.left_out = u32::try_from(all.min(prompt.context.messages).saturating_sub(shown)).unwrap_or(u32::MAX);
    window.turns = turns.finish(prompt.persona, pictures);
    window
}

/// A unit in words, and its tokens.
type Said = (Vec<(TurnRole, String)>, u32);

fn sane(factor: f32) -> f32 {
    if factor.is_finite() { factor.clamp(0.25, 4.0) } else { 1.0 }
}

fn calibrated(tokens: u32, factor: f32) -> u32 {
    // Saturating by the rules of float casts; tokens are far below 2^24, where it is exact.
    (tokens as f32 * sane(factor)).ceil() as u32
}

/// The last turn: the clock, then the questions.
fn asked(prompt: &Prompt<'_>, at_most: u32) -> String {
    let mut text = String::new();
    if !prompt.clock.is_empty() {
        text = format!("（现在是 {}）\n", prompt.clock);
    }
    for (position, question) in prompt.questions.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        let words = clip(question.text, at_most);
        let mut said = told(question.line, &words, quote(prompt, question));
        let unseen = !prompt.vision && !question.pictures.is_empty() && !question.text.contains("[图片]");
        if unseen {
            said.push_str("[图片]");
        }
        text.push_str(&said);
    }
    text
}

fn quote<'a>(prompt: &Prompt<'a>, question: &Question<'a>) -> Option<(&'a str, &'a str)> {
    question.quoted.or_else(|| render::quoted(question.line, prompt.lines))
}

fn pictures(prompt: &Prompt<'_>) -> Vec<Picture> {
    if !prompt.vision {
        return Vec::new();
    }
    let all = prompt.questions.iter().flat_map(|question| question.pictures).filter(|picture| !picture.sticker);
    let all: Vec<&Picture> = all.collect();
    all[all.len().saturating_sub(PICTURES)..].iter().map(|picture| (*picture).clone()).collect()
}

impl Unit<'_> {
    /// Its lines as turns.
    fn turns(&self, prompt: &Prompt<'_>, longest: u32) -> Vec<(TurnRole, String)> {
        let turn = |line: &Line| {
            let role = if line.author.is_ours() { TurnRole::Assistant } else { TurnRole::User };
            (role, told(line, &clip(line.text.raw(), longest), render::quoted(line, prompt.lines)))
        };
        self.heard.iter().chain(&self.said).map(|line| turn(line)).collect()
    }

    /// How many it counts for in the window.
    fn messages(&self) -> usize {
        if self.background { 0 } else { self.heard.len() + self.said.len() }
    }
}

/// Which units are shown: from the newest back until one of the limits is reached, less the block that a
/// trimmed window drops. A limit of messages and one of background each closes its own kind, the tokens both.
fn choose(
    units: &[Unit<'_>],
    context: &config::Context,
    questions: usize,
    room: u32,
    mut cost: impl FnMut(usize) -> u32,
) -> Vec<bool> {
    let mut chosen = vec![false; units.len()];
    let mut tokens = room;
    let (mut messages, mut background) = (context.messages.saturating_sub(questions), context.background);
    let (mut trimmed, mut thinned) = (false, false);
    for (at, unit) in units.iter().enumerate().rev() {
        let (room, closed, takes) = match unit.background {
            true => (&mut background, &mut thinned, 1),
            false => (&mut messages, &mut trimmed, unit.messages()),
        };
        *closed |= takes > *room;
        if !*closed {
            let Some(left) = tokens.checked_sub(cost(at)) else {
                (trimmed, thinned) = (true, true);
                break;
            };
            *room -= takes;
            tokens = left;
            chosen[at] = true;
        }
        if trimmed && thinned {
            break;
        }
    }
    for (kind, _) in [(false, trimmed), (true, thinned)].into_iter().filter(|(_, cut)| *cut) {
        let kept: Vec<usize> = (0..units.len()).filter(|at| chosen[*at] && units[*at].background == kind).collect();
        let start = (0..kept.len().min(kept.len() / 4 + 1)).min_by_key(|at| roundness(units[kept[*at]].seq));
        for at in &kept[..start.unwrap_or(0)] {
            chosen[*at] = false;
        }
    }
    chosen
}

/// A fixed shuffle of the numbers (splitmix64's). Among the lines that may come first the least one does:
/// while it is among them, the window begins there, whatever has come behind.
fn roundness(seq: Seq) -> u64 {
    let mixed = (seq.0 ^ (seq.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Turns in the making: what one side says in a row is one turn.
#[derive(Default)]
struct Turns {
    turns: Vec<(TurnRole, String)>,
}

impl Turns {
    fn add(&mut self, role: TurnRole, text: String) {
        match self.turns.last_mut() {
            Some((last, said)) if *last == role => {
                said.push('\n');
                said.push_str(&text);
            }
            _ => {
                if self.turns.is_empty() && role == TurnRole::Assistant {
                    self.turns.push((TurnRole::User, BOT_BEGAN.to_owned()));
                }
                self.turns.push((role, text));
            }
        }
    }

    fn finish(self, persona: &str, pictures: Vec<Picture>) -> Vec<Turn> {
        let turn = |role, text: &str| Turn { role, text: text.into(), pictures: Vec::new() };
        let system = (!persona.is_empty()).then(|| turn(TurnRole::System, persona));
        let mut turns: Vec<Turn> =
            system.into_iter().chain(self.turns.into_iter().map(|(role, text)| turn(role, &text))).collect();
        if let Some(last) = turns.last_mut() {
            last.pictures = pictures;
        }
        turns
    }
}

/// Who spoke a line, where a person did.
fn speaker(line: &Line) -> Option<UserId> {
    match &line.author {
        Author::Person { id, .. } => Some(*id),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
