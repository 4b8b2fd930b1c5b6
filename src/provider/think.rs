//! Takes a model's reasoning out of what it says, while it is said (llm.md §3.3).
//!
//! Three forms are known: (a) a field of its own, which needs no filter; (b) `<think>…</think>` at the
//! beginning of the text; (c) only the closing tag, since the template had opened it in the prompt
//! (DeepSeek-R1 and the thinking Qwens). Thoughts never come out, whatever is cut off where.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// The most text held back for a model that is expected to begin inside its thoughts, in bytes. What is
/// beyond is taken for thoughts: it is dropped until the closing tag comes.
const HOLD_CAP: usize = 64 << 10;

/// How an answer is expected to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    /// With the answer, or with `<think>`.
    Openly,
    /// Perhaps inside thoughts that were never opened: nothing is shown before `</think>` or the end.
    Thinking,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but blanks so far. Only here an opening tag counts: Ollama's own parser does the same.
    Begin(Begins),
    /// Between the tags.
    Inside,
    /// Everything is kept back in `held`, form (c).
    Held,
    /// The answer.
    Text,
}

/// The filter of one answer.
#[derive(Debug)]
pub struct Filter {
    state: State,
    /// In `Held` all text so far; otherwise the last few bytes while they may be the beginning of a tag.
    held: String,
    thought: usize,
    orphan: bool,
}

impl Filter {
    /// For an answer that is expected to begin so.
    pub fn new(begins: Begins) -> Self {
        Self { state: State::Begin(begins), held: String::new(), thought: 0, orphan: false }
    }

    /// Characters of reasoning so far.
    pub fn thought(&self) -> usize {
        self.thought
    }

    /// Whether a closing tag came without an opening one: this model begins inside its thoughts.
    pub fn orphan(&self) -> bool {
        self.orphan
    }

    /// Reasoning came in its own field, form (a): then the text has none.
    pub fn separate(&mut self, reasoning: &str, out: &mut String) {
        self.thought += reasoning.chars().count();
        match self.state {
            State::Begin(Begins::Thinking) => self.state = State::Begin(Begins::Openly),
            State::Held => {
                self.state = State::Text;
                out.push_str(&std::mem::take(&mut self.held));
            }
            _ => {}
        }
    }

    /// Takes the next piece of text; what may be seen of it is added to `out`, which is all that has been
    /// seen so far. `out` shrinks at most once: when a model that was not expected to begin inside its
    /// thoughts closes them.
    pub fn push(&mut self, piece: &str, out: &mut String) {
        if self.held.is_empty() {
            self.take(piece, out);
        } else if self.state == State::Held {
            self.hold(piece, out);
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.push_str(piece);
            self.take(&joined, out);
        }
    }

    /// The end. `stopped`: the model was done, rather than cut off. Cut off while everything was held back,
    /// there is no telling thoughts from an answer, and nothing is shown.
    pub fn finish(&mut self, stopped: bool, out: &mut String) {
        let held = std::mem::take(&mut self.held);
        match self.state {
            State::Inside => self.thought += held.chars().count(),
            State::Held if !stopped => self.thought += held.chars().count(),
            _ => out.push_str(&held),
        }
    }

    fn take(&mut self, mut rest: &str, out: &mut String) {
        while !rest.is_empty() {
            rest = match self.state {
                State::Begin(begins) => self.begin(begins, rest),
                State::Inside => self.inside(rest),
                State::Text => self.text(rest, out),
                State::Held => {
                    self.hold(rest, out);
                    ""
                }
            };
        }
    }

    fn begin<'a>(&mut self, begins: Begins, rest: &'a str) -> &'a str {
        let rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix(OPEN) {
            self.state = State::Inside;
            return rest;
        }
        if OPEN.starts_with(rest) {
            self.held.push_str(rest);
            return "";
        }
        self.state = match begins {
            Begins::Openly => State::Text,
            Begins::Thinking => State::Held,
        };
        rest
    }

    fn inside<'a>(&mut self, rest: &'a str) -> &'a str {
        match rest.find(CLOSE) {
            Some(at) => {
                self.thought += rest[..at].chars().count();
                self.state = State::Begin(Begins::Openly);
                &rest[at + CLOSE.len()..]
            }
            None => {
                let keep = tag_begins(rest);
                self.thought += rest[..keep].chars().count();
                self.held.push_str(&rest[keep..]);
                ""
            }
        }
    }

    fn hold(&mut self, piece: &str, out: &mut String) {
        let from = self.held.len().saturating_sub(CLOSE.len());
        let from = (0..=from).rev().find(|at| self.held.is_char_boundary(*at)).unwrap_or(0);
        self.held.push_str(piece);
        if let Some(at) = self.held[from..].find(CLOSE) {
            let held = std::mem::take(&mut self.held);
            let (thoughts, rest) = held.split_at(from + at);
            self.thought += thoughts.chars().count();
            self.orphan = true;
            self.state = State::Begin(Begins::Openly);
            self.take(&rest[CLOSE.len()..], out);
        } else if self.held.len() > HOLD_CAP {
            let held = std::mem::take(&mut self.held);
            self.state = State::Inside;
            self.take(&held, out);
        }
    }

    fn text<'a>(&mut self, rest: &'a str, out: &mut String) -> &'a str {
        let mut from = 0;
        while let Some(at) = rest[from..].find('<').map(|at| from + at) {
            let tail = &rest[at..];
            if let Some(after) = tail.strip_prefix(CLOSE) {
                out.push_str(&rest[..at]);
                if !closes_nothing(out) {
                    out.push_str(CLOSE);
                    return after;
                }
                self.thought += out.chars().count();
                out.clear();
                self.orphan = true;
                self.state = State::Begin(Begins::Openly);
                return after;
            }
            if CLOSE.starts_with(tail) {
                out.push_str(&rest[..at]);
                self.held.push_str(tail);
                return "";
            }
            from = at + 1;
        }
        out.push_str(rest);
        ""
    }
}

/// Whether a closing tag after `out` ends thoughts rather than being talked about: it stands at the beginning
/// of a line, as templates have it, and nothing was opened before.
fn closes_nothing(out: &str) -> bool {
    out.ends_with('\n') && !out.contains(OPEN)
}

/// Where the end of `text` begins that may be the beginning of a closing tag.
fn tag_begins(text: &str) -> usize {
    text.rfind('<').filter(|at| CLOSE.starts_with(&text[*at..])).unwrap_or(text.len())
}

/// Models that begin inside their thoughts where the server does not take these out itself.
pub fn expected(model: &str) -> Begins {
    let model = model.to_ascii_lowercase();
    let thinks = ["deepseek-r1", "r1-distill", "r1-0528", "qwq", "-thinking", "openthinker", "deepscaler"];
    if thinks.iter().any(|mark| model.contains(mark)) { Begins::Thinking } else { Begins::Openly }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn filter<'a>(begins: Begins, pieces: impl IntoIterator<Item = &'a str>, stopped: bool) -> (String, usize, bool) {
        let mut filter = Filter::new(begins);
        let mut out = String::new();
        for piece in pieces {
            filter.push(piece, &mut out);
        }
        filter.finish(stopped, &mut out);
        (out, filter.thought(), filter.orphan())
    }

    /// The same for every way to cut the text in two, and character by character.
    fn whole(begins: Begins, text: &str, stopped: bool) -> (String, usize, bool) {
        let once = filter(begins, [text], stopped);
        for (at, _) in text.char_indices() {
            assert_eq!(filter(begins, [&text[..at], &text[at..]], stopped), once, "{text:?} cut at {at}");
        }
        let chars: Vec<String> = text.chars().map(String::from).collect();
        assert_eq!(filter(begins, chars.iter().map(String::as_str), stopped), once, "{text:?} by characters");
        once
    }

    fn openly(text: &str) -> String {
        whole(Begins::Openly, text, true).0
    }

    #[test]
    fn thoughts_at_the_beginning_are_taken_out() {
        assert_eq!(openly("<think>\n想一想\n</think>\n\n你好"), "你好");
        assert_eq!(openly(" \n<think></think>你好 "), "你好 ");
        assert_eq!(openly("<think>a</think><think>b</think>c"), "c");
        assert_eq!(openly("<think>a < b </thin </think>c"), "c");
        assert_eq!(whole(Begins::Openly, "<think>想</think>好", true).1, 1);
    }

    #[test]
    fn tags_later_on_are_text() {
        for text in
            ["写 <think> 和 </think> 吧", "a\n<think>\nb\n</think>\nc", "<thi", "<", "a </think", "用 `</think>`"]
        {
            assert_eq!(openly(text), text);
        }
    }

    #[test]
    fn unclosed_thoughts_never_come_out() {
        assert_eq!(openly("<think>很长的"), "");
        assert_eq!(openly("<think>很长的</thin"), "");
        assert_eq!(whole(Begins::Thinking, "没说完", false), (String::new(), 3, false));
    }

    #[test]
    fn a_lone_closing_tag_ends_thoughts() {
        assert_eq!(whole(Begins::Thinking, "想\n</think>\n\n好", true), ("好".into(), 2, true));
        assert_eq!(whole(Begins::Thinking, "想</think>好", true).0, "好");
        assert_eq!(whole(Begins::Openly, "想\n</think>\n\n好", true), ("好".into(), 2, true));
        assert_eq!(whole(Begins::Thinking, "<think>想</think>好</think>", true).0, "好</think>");
    }

    #[test]
    fn an_answer_without_thoughts_is_shown_at_its_end() {
        assert_eq!(whole(Begins::Thinking, "好的", true).0, "好的");
    }

    #[test]
    fn a_field_of_its_own_lets_text_out() {
        let mut filter = Filter::new(Begins::Thinking);
        let mut out = String::new();
        filter.separate("想想", &mut out);
        filter.push("好", &mut out);
        assert_eq!((out.as_str(), filter.thought()), ("好", 2));
    }

    #[test]
    fn what_is_held_back_is_bounded_and_still_no_answer() {
        let mut filter = Filter::new(Begins::Thinking);
        let mut out = String::new();
        for _ in 0..HOLD_CAP {
            filter.push("想想", &mut out);
            assert!(filter.held.len() <= HOLD_CAP + 6);
        }
        filter.push("</think>好", &mut out);
        filter.finish(true, &mut out);
        assert_eq!((out.as_str(), filter.thought()), ("好", 2 * HOLD_CAP));
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(
            parts in prop::collection::vec("(<think>|</think>|\n|<|think|/|>| |想){0,3}", 0..9),
            thinking: bool,
            stopped: bool,
        ) {
            let begins = if thinking { Begins::Thinking } else { Begins::Openly };
            let text = parts.concat();
            let once = filter(begins, [text.as_str()], stopped);
            prop_assert_eq!(filter(begins, parts.iter().map(String::as_str), stopped), once.clone());
            let chars: Vec<String> = text.chars().map(String::from).collect();
            prop_assert_eq!(filter(begins, chars.iter().map(String::as_str), stopped), once);
        }

        #[test]
        fn an_answer_after_thoughts_is_whole(thoughts in "[a-z想\n<>/]{0,40}", answer in "[a-z好<>/]{1,20}", cut in 0usize..60) {
            prop_assume!(!thoughts.contains(CLOSE) && !answer.contains("think") && !thoughts.contains("</think"));
            let text = format!("<think>{thoughts}</think>\n\n{answer}");
            let cut = text.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(text.len());
            let (out, ..) = filter(Begins::Openly, [&text[..cut], &text[cut..]], true);
            prop_assert_eq!(out, answer);
        }
    }
}
