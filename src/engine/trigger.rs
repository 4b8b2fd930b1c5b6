//! Was it meant for the bot? And if so: what was the question, without the call itself?
//!
//! Lessons of the incumbents: a prefix `ai` must not match "air conditioner", and only the call itself is
//! taken off (LangBot `rules/prefix.py` cuts every part of the message); QQ clients put an @ of the quoted
//! author into every quote (onebot.md §2, trap 3).

use regex::{Regex, RegexBuilder};

use super::fold::{folded, is_cjk, is_edge, is_gap, strip_prefix, strip_suffix};
use crate::config::{self, Call};
use crate::domain::{AtTarget, Message, Peer, Reason, Segment};

/// What a model is shown as the question when somebody only called the bot ([`Triggered::Yes`] with an empty
/// text). The core puts it after the usual window, so that the model can pick up what was being said.
pub const EMPTY_AT: &str = "（只是叫了你一声，没有说别的：请接着上面的话回应）";

/// Patterns are matched against so many bytes: linear time times a megabyte is still too long.
const SEARCHED: usize = 64 << 10;
/// Bounds of one compiled pattern and of its cache (threats.md B08).
const PATTERN_SIZE: usize = 1 << 20;

/// The answer of [`Trigger::judge`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Triggered {
    /// For the bot.
    Yes {
        /// Which call did it.
        reason: Reason,
        /// The question: the @bot, name or prefix taken off, other mentions as `@name`, pictures and the
        /// rest in brackets, quotes left out. May be empty: see [`EMPTY_AT`].
        text: String,
    },
    /// Not for the bot.
    No,
}

/// A compiled `[trigger]`.
#[derive(Debug, Clone)]
pub struct Trigger {
    calls: Vec<Call>,
    /// Folded, longest first, with the configured spelling.
    prefixes: Vec<(String, String)>,
    names: Vec<(String, String)>,
    /// With the position in `trigger.regex`.
    patterns: Vec<(usize, Regex)>,
    random: f64,
}

impl Trigger {
    /// Compiles. A pattern that is wrong or too large is left out: `check` has refused it with its position,
    /// and the other ways to call the bot should not suffer.
    pub fn compile(config: &config::Trigger) -> Self {
        let pattern = |text: &String| {
            let builder = &mut RegexBuilder::new(text);
            builder.size_limit(PATTERN_SIZE).dfa_size_limit(PATTERN_SIZE).build().ok()
        };
        Self {
            calls: config.group.clone(),
            prefixes: longest_first(&config.prefixes),
            names: longest_first(&config.names),
            patterns: config.regex.iter().enumerate().filter_map(|(n, text)| Some((n, pattern(text)?))).collect(),
            random: config.random,
        }
    }

    /// Judges one message. `account_names` are the account's nickname and card, for an `@小助手` that was
    /// typed or copied as text; a number among them is another id of the account that an @ may carry.
    /// `quoted_is_ours`: the message quotes one of the bot's. `roll` is a throw in `0.0..1.0`.
    ///
    /// Private messages are always for the bot. @all alone never is. A bare `@bot` is, though
    /// [`Message::is_utterance`] calls it nothing said: ask here first.
    pub fn judge(&self, message: &Message, account_names: &[&str], quoted_is_ours: bool, roll: f64) -> Triggered {
        let mut question = Question::read(message, account_names, quoted_is_ours);
        let reason = match message.conversation.peer {
            Peer::Private(_) => {
                self.prefixed(&mut question, true);
                Some(Reason::Private)
            }
            Peer::Group(_) => self.called(&mut question, account_names, quoted_is_ours, roll),
        };
        match reason {
            Some(reason) => Triggered::Yes { reason, text: question.told() },
            None => Triggered::No,
        }
    }

    fn called(&self, question: &mut Question, names: &[&str], quoted_is_ours: bool, roll: f64) -> Option<Reason> {
        let counts = |call| self.calls.contains(&call);
        let typed_at = question.typed_mention(names);
        // Also behind a mention, so that neither the prefix nor the name is left in the question.
        let mentioned = counts(Call::At) && (question.mentioned || typed_at);
        let quoted = counts(Call::Quote) && quoted_is_ours;
        let prefixed = self.prefixed(question, mentioned || quoted);
        let named = if counts(Call::Names) { self.named(question, mentioned || quoted) } else { None };
        if mentioned {
            return Some(Reason::Mentioned);
        }
        if quoted {
            return Some(Reason::Quoted);
        }
        if let Some(prefix) = prefixed {
            return Some(Reason::Prefixed(prefix));
        }
        if let Some(name) = named {
            return Some(Reason::Named(name));
        }
        if let Some(pattern) = self.matched(question) {
            return Some(Reason::Pattern(pattern));
        }
        if question.is_blank() {
            return None;
        }
        if counts(Call::Always) {
            return Some(Reason::Always);
        }
        (roll < self.random).then_some(Reason::Random)
    }

    /// Takes a prefix off. Where the bot is `called` anyway, only one that stands apart: in `@bot 问问小红`
    /// the first character is no prefix.
    fn prefixed(&self, question: &mut Question, called: bool) -> Option<String> {
        let words = question.first_words()?;
        let (rest, prefix) = self.prefixes.iter().find_map(|(prefix, spelling)| {
            let rest = strip_prefix(words.trim_start(), prefix)?;
            let (last, next) = (prefix.chars().next_back(), rest.chars().next());
            let apart = last.is_some_and(is_gap) || next.is_none_or(is_gap);
            (apart || (!called && is_edge(last, next))).then_some((rest, spelling))
        })?;
        *words = after_call(rest).to_owned();
        Some(prefix.clone())
    }

    fn named(&self, question: &mut Question, called: bool) -> Option<String> {
        let (name, spelling) = self.names.iter().find(|(name, _)| question.take_name(name, called))?;
        debug_assert!(!name.is_empty());
        Some(spelling.clone())
    }

    fn matched(&self, question: &Question) -> Option<usize> {
        if self.patterns.is_empty() {
            return None;
        }
        let words = question.words();
        let head = &words[..words.floor_char_boundary(SEARCHED)];
        self.patterns.iter().find(|(_, pattern)| pattern.is_match(head)).map(|(position, _)| *position)
    }
}

/// Folded with the spelling, longest first, so that `ai助手` wins over `ai`; blank ones would match everything.
fn longest_first(spellings: &[String]) -> Vec<(String, String)> {
    let mut list: Vec<_> = spellings.iter().map(|s| (folded(s.trim()), s.trim().to_owned())).collect();
    list.retain(|(folded, _)| !folded.is_empty());
    list.sort_by_key(|(folded, _)| std::cmp::Reverse(folded.chars().count()));
    list
}

/// What follows a call, less the comma and blanks that belong to it.
fn after_call(rest: &str) -> &str {
    rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | ':' | '：' | '、'))
}

/// A message on its way to being a question: what was said, piece by piece.
struct Question {
    pieces: Vec<Piece>,
    /// Mentioned by number, by the speaker rather than by his client.
    mentioned: bool,
}

enum Piece {
    /// Typed by the speaker.
    Words(String),
    /// Anything else, as a model is told it.
    Thing(String),
}

impl Question {
    /// Takes out quotes and our own mentions. The first mention after a quote of our message is the client's.
    fn read(message: &Message, account_names: &[&str], quoted_is_ours: bool) -> Self {
        let ours =
            |id: i64| id == message.conversation.account.0 || account_names.iter().any(|name| name.parse() == Ok(id));
        let mut of_client = quoted_is_ours;
        let mut question = Self { pieces: Vec::new(), mentioned: false };
        for segment in &message.segments {
            match segment {
                Segment::Reply(_) => {}
                Segment::At(AtTarget::User(id), _) if ours(id.0) => {
                    question.mentioned |= !of_client;
                    of_client = false;
                }
                Segment::Text(text) => {
                    of_client &= text.raw().trim().is_empty();
                    question.pieces.push(Piece::Words(text.raw().to_owned()));
                }
                other => {
                    of_client = false;
                    let mut told = String::new();
                    other.tell(&mut told);
                    question.pieces.push(Piece::Thing(told));
                }
            }
        }
        question
    }

    fn words_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut String> {
        self.pieces.iter_mut().filter_map(|piece| match piece {
            Piece::Words(words) if !words.trim().is_empty() => Some(words),
            _ => None,
        })
    }

    fn first_words(&mut self) -> Option<&mut String> {
        self.words_mut().next()
    }

    fn words(&self) -> String {
        let words = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Words(words) => Some(words.as_str()),
            Piece::Thing(_) => None,
        });
        words.collect()
    }

    fn is_blank(&self) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Words(words) | Piece::Thing(words) => words.trim().is_empty(),
        })
    }

    /// `@昵称` as text: taken out wherever it stands as a whole.
    fn typed_mention(&mut self, names: &[&str]) -> bool {
        let mut found = false;
        for (call, _) in longest_first(&names.iter().map(|name| format!("@{}", name.trim())).collect::<Vec<_>>()) {
            if call.chars().count() < 2 {
                continue;
            }
            for words in self.words_mut() {
                while let Some((before, after)) = find_mention(words, &call) {
                    *words = join(before, after_call(after));
                    found = true;
                }
            }
        }
        found
    }

    /// Whether the (folded) name is called: at the start, at the end, or as a word of its own. At the start
    /// and at the end it is taken off where it stands apart; in the middle it is part of the sentence, and so
    /// it is in `小助手是谁`. Where the bot is `called` anyway, only a name at the start can be a call.
    fn take_name(&mut self, name: &str, called: bool) -> bool {
        if let Some(words) = self.first_words() {
            let start = words.trim_start();
            let start = start.strip_prefix(['@', '＠']).unwrap_or(start);
            if let Some(rest) = strip_prefix(start, name).filter(|rest| begins(name, rest)) {
                if rest.chars().next().is_none_or(is_gap) {
                    *words = after_call(rest).to_owned();
                }
                return true;
            }
        }
        if called {
            return false;
        }
        if let Some(words) = self.words_mut().next_back() {
            let bare = words.trim_end_matches(is_gap);
            if let Some(rest) = strip_suffix(bare, name) {
                let before = rest.trim_end_matches(['@', '＠']);
                if before.is_empty() || before.ends_with(is_gap) {
                    let close = words[bare.len()..].trim().to_owned();
                    let rest = before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、'));
                    *words = format!("{rest}{close}");
                    return true;
                }
            }
        }
        self.words_mut().any(|words| stands_alone(words, name))
    }

    /// The question as a model is told it.
    fn told(&self) -> String {
        let mut told = String::new();
        for piece in &self.pieces {
            let (Piece::Words(text) | Piece::Thing(text)) = piece;
            // Where a mention was taken out, two blanks meet.
            let text = if told.is_empty() || told.ends_with(' ') { text.trim_start_matches(' ') } else { text };
            told.push_str(text);
        }
        told.truncate(told.trim_end().len());
        told.drain(..told.len() - told.trim_start().len());
        told
    }
}

/// Whether a name at the start of a sentence was a call: `小助手，今天…`, also `小助手今天…`, since Chinese has
/// no blanks; but a name of one character could be the begin of any word.
fn begins(name: &str, rest: &str) -> bool {
    let last = name.chars().next_back();
    let next = rest.chars().next();
    let alone = next.is_none_or(is_gap);
    alone || (is_edge(last, next) && (name.chars().count() > 1 || !last.is_some_and(is_cjk)))
}

/// Whether the name stands somewhere with gaps on both sides.
fn stands_alone(words: &str, name: &str) -> bool {
    words.char_indices().any(|(at, _)| {
        strip_prefix(&words[at..], name).is_some_and(|rest| {
            words[..at].chars().next_back().is_none_or(is_gap) && rest.chars().next().is_none_or(is_gap)
        })
    })
}

/// What stands before and after a typed mention.
fn find_mention<'a>(words: &'a str, call: &str) -> Option<(&'a str, &'a str)> {
    words.match_indices(['@', '＠']).find_map(|(at, _)| {
        let rest = strip_prefix(&words[at..], call)?;
        rest.chars().next().is_none_or(is_gap).then_some((&words[..at], rest))
    })
}

fn join(before: &str, after: &str) -> String {
    let blank =
        if before.trim().is_empty() || after.is_empty() || before.ends_with(char::is_whitespace) { "" } else { " " };
    format!("{before}{blank}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ConversationId, GroupId, GroupRank, MessageId, Picture, SelfId, Sender, Text, UserId};
    use proptest::prelude::*;

    const BOT: i64 = 10_001;

    fn say(segments: Vec<Segment>) -> Message {
        Message {
            conversation: ConversationId { account: SelfId(BOT), peer: Peer::Group(GroupId(1)) },
            id: MessageId(1),
            sender: Sender { id: UserId(2), name: "小红".into(), rank: GroupRank::Member, anonymous: false },
            group_name: None,
            temp_group: None,
            segments,
            time: 0,
        }
    }

    fn text(words: &str) -> Segment {
        Segment::Text(words.into())
    }

    fn at(id: i64) -> Segment {
        Segment::At(AtTarget::User(UserId(id)), Some(Text::from("小明")))
    }

    fn quote() -> Segment {
        Segment::Reply(Some(MessageId(9)))
    }

    fn picture() -> Segment {
        Segment::Image(Picture { url: String::new(), sticker: false })
    }

    fn trigger() -> Trigger {
        Trigger::compile(&config::Trigger {
            prefixes: vec!["ai".into(), "!".into(), "问".into(), " ".into()],
            names: vec!["小助手".into(), "Bob".into(), "喵".into()],
            regex: vec!["(".into(), "天气.*[?？]$".into(), "(a+)+$".into()],
            ..config::Trigger::default()
        })
    }

    fn judge(segments: Vec<Segment>) -> Option<(Reason, String)> {
        found(trigger().judge(&say(segments), &["群助理"], false, 0.5))
    }

    fn found(triggered: Triggered) -> Option<(Reason, String)> {
        match triggered {
            Triggered::Yes { reason, text } => Some((reason, text)),
            Triggered::No => None,
        }
    }

    fn yes(reason: Reason, text: &str) -> Option<(Reason, String)> {
        Some((reason, text.to_owned()))
    }

    #[test]
    fn mentions() {
        let cases = [
            (vec![at(BOT), text(" 你好")], yes(Reason::Mentioned, "你好")),
            (vec![text("今天 "), at(BOT), text(" 冷吗")], yes(Reason::Mentioned, "今天 冷吗")),
            (vec![at(BOT), text(" 问问 "), at(7)], yes(Reason::Mentioned, "问问 @小明")),
            (vec![at(BOT)], yes(Reason::Mentioned, "")),
            (vec![at(BOT), picture()], yes(Reason::Mentioned, "[图片]")),
            (vec![at(BOT), text(" 小助手，ai 好")], yes(Reason::Mentioned, "ai 好")),
            (vec![at(BOT), text(" 介绍一下 小助手")], yes(Reason::Mentioned, "介绍一下 小助手")),
            (vec![at(7), text("你好")], None),
            (vec![Segment::At(AtTarget::All, None), text("开会")], None),
            (vec![text("@群助理 你好")], yes(Reason::Mentioned, "你好")),
            (vec![text("你好@群助理")], yes(Reason::Mentioned, "你好")),
            (vec![text("@群助理二号 你好")], None),
        ];
        for (segments, expected) in cases {
            assert_eq!(judge(segments.clone()), expected, "{segments:?}");
        }
    }

    #[test]
    fn another_id_of_the_account_is_ours_too() {
        let triggered = trigger().judge(&say(vec![at(77), text("在吗")]), &["77"], false, 0.5);
        assert_eq!(found(triggered), yes(Reason::Mentioned, "在吗"));
    }

    #[test]
    fn prefixes_end_where_a_word_ends() {
        let ai = || Reason::Prefixed("ai".into());
        let cases = [
            ("ai 你好", yes(ai(), "你好")),
            ("AI你好", yes(ai(), "你好")),
            ("ａｉ：你好", yes(ai(), "你好")),
            ("ai", yes(ai(), "")),
            ("air conditioner", None),
            ("ai2", None),
            ("!ai", yes(Reason::Prefixed("!".into()), "ai")),
            ("！hello", yes(Reason::Prefixed("!".into()), "hello")),
            ("问what is this", yes(Reason::Prefixed("问".into()), "what is this")),
            ("say ai", None),
        ];
        for (words, expected) in cases {
            assert_eq!(judge(vec![text(words)]), expected, "{words}");
        }
        let two = vec![text("ai 这是"), picture(), text("ai 吗")];
        assert_eq!(judge(two), yes(ai(), "这是[图片]ai 吗"), "only the prefix itself is taken off");
    }

    #[test]
    fn names() {
        let helper = || Reason::Named("小助手".into());
        let bob = || Reason::Named("Bob".into());
        let cases = [
            ("小助手，今天星期几", yes(helper(), "今天星期几")),
            ("小助手今天星期几", yes(helper(), "小助手今天星期几")),
            ("小助手是谁", yes(helper(), "小助手是谁")),
            ("今天星期几 小助手", yes(helper(), "今天星期几")),
            ("今天星期几，小助手？", yes(helper(), "今天星期几？")),
            ("你说，小助手，对不对", yes(helper(), "你说，小助手，对不对")),
            ("@小助手 在吗", yes(helper(), "在吗")),
            ("小助手", yes(helper(), "")),
            ("我讨厌小助手", None),
            ("那个小助手真好", None),
            ("bob: hi", yes(bob(), "hi")),
            ("hi BOB!", yes(bob(), "hi!")),
            ("Bobby hi", None),
            ("hi kebob", None),
            ("bob你好", yes(bob(), "bob你好")),
            ("喵喵喵", None),
            ("喵，来", yes(Reason::Named("喵".into()), "来")),
        ];
        for (words, expected) in cases {
            assert_eq!(judge(vec![text(words)]), expected, "{words}");
        }
    }

    #[test]
    fn a_quote_of_ours_counts_and_its_mention_is_the_clients() {
        let quoting = || vec![quote(), at(BOT), text(" 为什么")];
        let judge = |calls: &[Call], segments| {
            let config = config::Trigger { group: calls.to_vec(), ..config::Trigger::default() };
            found(Trigger::compile(&config).judge(&say(segments), &[], true, 0.5))
        };
        assert_eq!(judge(&[Call::At, Call::Quote], quoting()), yes(Reason::Quoted, "为什么"));
        assert_eq!(judge(&[Call::At], quoting()), None, "nobody typed that mention");
        let twice = vec![quote(), at(BOT), text(" "), at(BOT), text("为什么")];
        assert_eq!(judge(&[Call::At], twice), yes(Reason::Mentioned, "为什么"));
        // NapCat drops quotes that it cannot find: a mention is all that is left.
        let config = config::Trigger::default();
        let lost = Trigger::compile(&config).judge(&say(vec![at(BOT), text("为什么")]), &[], false, 0.5);
        assert_eq!(found(lost), yes(Reason::Mentioned, "为什么"));
    }

    #[test]
    fn patterns_by_position_and_in_linear_time() {
        assert_eq!(judge(vec![text("明天天气好吗？")]), yes(Reason::Pattern(1), "明天天气好吗？"));
        assert_eq!(
            judge(vec![text(&format!("{}!", "a".repeat(1 << 20)))]),
            yes(Reason::Pattern(2), &format!("{}!", "a".repeat(1 << 20)))
        );
        assert_eq!(judge(vec![text(&"b".repeat(1 << 20))]), None);
    }

    #[test]
    fn chance_and_always_need_something_said() {
        let judge = |group: &[Call], random: f64, segments: Vec<Segment>| {
            let config = config::Trigger { group: group.to_vec(), random, ..config::Trigger::default() };
            found(Trigger::compile(&config).judge(&say(segments), &[], false, 0.5))
        };
        assert_eq!(judge(&[], 0.6, vec![text("嗯")]), yes(Reason::Random, "嗯"));
        assert_eq!(judge(&[], 0.5, vec![text("嗯")]), None);
        assert_eq!(judge(&[], f64::NAN, vec![text("嗯")]), None);
        assert_eq!(judge(&[Call::Always], 0.0, vec![text("嗯")]), yes(Reason::Always, "嗯"));
        assert_eq!(judge(&[Call::Always], 1.0, vec![text(" ")]), None);
        assert_eq!(judge(&[], 0.0, vec![at(BOT), text("嗯")]), None, "at is not among the calls");
    }

    #[test]
    fn private_messages_always_are() {
        let mut message = say(vec![text("ai 你好")]);
        message.conversation.peer = Peer::Private(UserId(2));
        assert_eq!(found(trigger().judge(&message, &[], false, 0.5)), yes(Reason::Private, "你好"));
    }

    proptest! {
        #[test]
        fn any_words_can_be_judged(words in "(ai|小助手|Bob|@|＠|群助理|喵|，| |!|\\PC){0,12}") {
            if let Some((_, told)) = judge(vec![text(&words), at(BOT), text(&words)]) {
                prop_assert_eq!(told.trim(), told.as_str());
            }
        }
    }
}
