//! Finding words. The text is cut into tokens here and not by SQLite: every Chinese character is a token,
//! letters and digits make words; so a word of one or two characters is found by a phrase
//! (crates.md §0.10), and the index and the scan of what is not yet indexed agree by construction.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::chats;
use super::columns::{int, nat};
use crate::domain::Seq;

/// The longest token in characters; what is longer is cut there, in texts and questions alike.
const LONGEST: usize = 40;

/// What a character does to the cutting.
enum Class {
    /// Ends a word and is not searched.
    Gap,
    /// Neither ends a word nor is searched: marks that ride on another character.
    Mark,
    /// A token by itself: scripts without blanks, emoji, symbols.
    Alone,
    /// Of a word of letters.
    Letter,
    /// Of a number: `qwen3` is found by `qwen`.
    Digit,
}

fn class(c: char) -> Class {
    match c {
        '0'..='9' => Class::Digit,
        'a'..='z' | 'A'..='Z' => Class::Letter,
        '\0'..='\u{7f}' => Class::Gap,
        '\u{300}'..='\u{36f}' | '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => Class::Mark,
        // Punctuation, full-width punctuation, white space.
        '\u{80}'..='\u{a9}' | '\u{ab}'..='\u{b4}' | '\u{b6}'..='\u{b9}' | '\u{bb}'..='\u{bf}' => Class::Gap,
        '\u{2000}'..='\u{206f}' | '\u{3000}'..='\u{3004}' | '\u{3008}'..='\u{3020}' => Class::Gap,
        '\u{fe10}'..='\u{fe1f}' | '\u{fe30}'..='\u{fe6f}' => Class::Gap,
        '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}' => {
            Class::Gap
        }
        c if c.is_whitespace() || c.is_control() => Class::Gap,
        // South-east Asian scripts, Hangul, kana, Han and all further planes.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}' => {
            Class::Alone
        }
        '\u{2e80}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ffff}' | '\u{10000}'.. => Class::Alone,
        c if c.is_numeric() => Class::Digit,
        c if c.is_alphabetic() => Class::Letter,
        _ => Class::Alone,
    }
}

/// Calls `each` with every token, in small letters and full-width forms narrowed.
fn cut(text: &str, mut each: impl FnMut(&str)) {
    let mut word = String::new();
    let mut length = 0;
    let mut digits = false;
    for c in text.chars() {
        let c = match c {
            '\u{ff10}'..='\u{ff19}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => {
                char::from_u32(c as u32 - 0xfee0).unwrap_or(c)
            }
            c => c,
        };
        let class = class(c);
        let joins = match class {
            Class::Mark => continue,
            Class::Letter => !digits,
            Class::Digit => digits,
            Class::Gap | Class::Alone => false,
        };
        if !word.is_empty() && (!joins || length >= LONGEST) {
            each(&word);
            word.clear();
            length = 0;
        }
        match class {
            Class::Gap | Class::Mark => {}
            Class::Alone => {
                let mut buffer = [0; 4];
                each(c.encode_utf8(&mut buffer));
            }
            Class::Letter | Class::Digit => {
                digits = matches!(class, Class::Digit);
                word.extend(c.to_lowercase());
                length += 1;
            }
        }
    }
    if !word.is_empty() {
        each(&word);
    }
}

/// What somebody looks for: words that must all be there; each a row of tokens that must stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    words: Vec<Vec<String>>,
}

impl Wanted {
    /// Nothing in a question has a special meaning: quotes, stars and `AND` are taken literally, that is,
    /// signs are skipped as in the texts. `None` when no token is left.
    pub(super) fn new(question: &str) -> Option<Self> {
        let mut words = Vec::new();
        for word in question.split_whitespace() {
            let mut tokens = Vec::new();
            cut(word, |t| tokens.push(t.to_owned()));
            if !tokens.is_empty() && !words.contains(&tokens) {
                words.push(tokens);
            }
        }
        // A page of pasted text is not a search; FTS5 has a bound of its own on the depth of a question.
        words.truncate(32);
        (!words.is_empty()).then_some(Self { words })
    }

    /// Whether a text holds them all: the scan that the index must agree with.
    pub(super) fn found_in(&self, text: &str) -> bool {
        let mut tokens = Vec::new();
        cut(text, |t| tokens.push(t.to_owned()));
        self.words.iter().all(|word| tokens.windows(word.len()).any(|w| w == word))
    }

    /// As FTS5 is asked. Tokens hold no quotes, so quoting them is safe.
    pub(super) fn question(&self, chats: Option<&[i64]>) -> String {
        let mut question = String::from("text : (");
        for (i, word) in self.words.iter().enumerate() {
            question.push_str(if i == 0 { "\"" } else { " AND \"" });
            question.push_str(&word.join(" "));
            question.push('"');
        }
        question.push(')');
        if let Some(chats) = chats {
            let chats: Vec<String> = chats.iter().map(|c| format!("c{c}")).collect();
            question.push_str(&format!(" AND chat : ({})", chats.join(" OR ")));
        }
        question
    }
}

/// Adds one line to the index.
pub(super) fn index(conn: &Connection, seq: Seq, chat: i64, text: &str) -> rusqlite::Result<()> {
    let mut spaced = String::with_capacity(text.len() * 4 / 3 + 8);
    cut(text, |token| {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(token);
    });
    conn.prepare_cached("INSERT INTO words(rowid, chat, text) VALUES(?1, ?2, ?3)")?.execute(params![
        int(seq.0),
        format!("c{chat}"),
        spaced
    ])?;
    Ok(())
}

/// Takes one line out of the index.
pub(super) fn forget(conn: &Connection, seq: i64) -> rusqlite::Result<()> {
    conn.prepare_cached("DELETE FROM words WHERE rowid = ?1")?.execute([seq])?;
    Ok(())
}

/// Indexes lines above `from` until `enough` says so, and notes which chats spoke; returns how many, and how far it
/// came. The caller has a transaction open.
pub(super) fn index_some(
    conn: &Connection,
    from: u64,
    mut enough: impl FnMut() -> bool,
) -> rusqlite::Result<(u64, u64)> {
    let mut count = 0;
    let mut reached = from;
    let mut newest = HashMap::new();
    {
        let mut next = conn.prepare_cached("SELECT seq, chat, text, trace FROM lines WHERE seq > ?1 ORDER BY seq")?;
        let mut rows = next.query([int(from)])?;
        while let Some(row) = rows.next()? {
            let (seq, chat) = (nat(row.get(0)?), row.get(1)?);
            newest.insert(chat, seq);
            if !row.get::<_, bool>(3)? {
                index(conn, Seq(seq), chat, row.get_ref(2)?.as_str()?)?;
                count += 1;
            }
            reached = seq;
            if enough() {
                break;
            }
        }
    }
    // Once a chat and not once a line.
    for (chat, seq) in newest {
        chats::spoke(conn, chat, int(seq))?;
    }
    conn.prepare_cached("UPDATE tally SET indexed = ?1")?.execute([int(reached)])?;
    Ok((count, reached))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::Durability;
    use crate::domain::{ChatRef, Page, Query};
    use crate::store::rows::Book;
    use crate::store::{history, samples, schema};

    fn tokens(text: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        cut(text, |t| tokens.push(t.to_owned()));
        tokens
    }

    #[test]
    fn text_is_cut_as_people_read_it() {
        assert_eq!(tokens("今天用Qwen3:8B部署，OK？"), ["今", "天", "用", "qwen", "3", "8", "b", "部", "署", "ok"]);
        assert_eq!(tokens("ＡＢ１２ Naïve 😂👍🏽"), ["ab", "12", "naïve", "😂", "👍", "🏽"]);
        assert_eq!(tokens("\"AND* -x NEAR(\0)"), ["and", "x", "near"]);
        assert_eq!(tokens(&"x".repeat(90)).iter().map(String::len).collect::<Vec<_>>(), [40, 40, 10]);
    }

    #[test]
    fn a_question_is_taken_literally() {
        assert_eq!(Wanted::new("  \" * （）"), None);
        let wanted = Wanted::new("\"天气\" OR*").unwrap();
        assert_eq!(wanted.question(Some(&[7, 9])), "text : (\"天 气\" AND \"or\") AND chat : (c7 OR c9)");
        assert!(wanted.found_in("天气，or"));
        assert!(!wanted.found_in("天 好气 or"));
    }

    /// Lines in groups 0 and 1, the index up to one of them, some deleted and one come late, as the store
    /// does it; then the numbers that a search finds.
    struct Shelf {
        _dir: tempfile::TempDir,
        conn: Connection,
        book: Book,
    }

    impl Shelf {
        fn new(texts: &[String], indexed: usize) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let mut conn = schema::connect(&dir.path().join("a.db"), Durability::Process).unwrap();
            schema::migrate(&mut conn).unwrap();
            let mut shelf = Self { book: Book::read(&conn).unwrap(), conn, _dir: dir };
            for (n, text) in texts.iter().enumerate() {
                shelf.add(n, text);
            }
            let mut left = indexed;
            if left > 0 {
                index_some(&shelf.conn, 0, || {
                    left -= 1;
                    left == 0
                })
                .unwrap();
            }
            shelf.book = Book::read(&shelf.conn).unwrap();
            shelf
        }

        fn add(&mut self, n: usize, text: &str) {
            let line = samples::heard(n as u64 + 1, n as i64 % 2, text);
            self.book.apply(&self.conn, &samples::hear(&line), &mut Vec::new()).unwrap();
        }

        fn find(&mut self, text: &str, group: Option<i64>, limit: u32) -> Vec<usize> {
            let chat = group.map(|n| ChatRef { peer: samples::group(n).peer, account: None });
            let query = Query::Search { text: text.into(), chat, before: None, limit };
            match history::answer(&mut self.conn, &query) {
                Page::Lines { lines, .. } => lines.iter().map(|l| l.seq.0 as usize - 1).collect(),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn one_character_two_characters_and_mixed_words_are_found() {
        let texts = ["今天部署DeepSeek-R1", "明天再部署", "署部", "deep sea", "\"AND\" (NEAR*) ^x:1"].map(String::from);
        for indexed in 0..=texts.len() {
            let mut shelf = Shelf::new(&texts, indexed);
            assert_eq!(shelf.find("部署", None, 10), [1, 0]);
            assert_eq!(shelf.find("署", None, 10), [2, 1, 0]);
            assert_eq!(shelf.find("署deepseek", None, 10), [0]);
            assert_eq!(shelf.find("deepseek 天", None, 10), [0]);
            assert_eq!(shelf.find("天 天", None, 10), [1, 0]);
            assert_eq!(shelf.find("AND", None, 10), [4]);
            assert_eq!(shelf.find("\"AND\" x:1 NEAR*", None, 10), [4]);
            assert_eq!(shelf.find("天 AND 部", None, 10), [] as [usize; 0]);
            assert_eq!(shelf.find("chat:c1", None, 10), [] as [usize; 0]);
            assert_eq!(shelf.find("部署", Some(0), 10), [0]);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn a_search_finds_exactly_what_a_scan_finds(
            texts in prop::collection::vec("[天气好abA1Ａ ，\"*😂\u{0}]{0,12}", 0..24),
            question in "[天气好abA1Ａ ，\"*😂]{0,4}",
            indexed in 0_usize..24,
            gone in prop::collection::vec(0_usize..24, 0..4),
            late in "[天气好ab ]{0,6}",
            group in prop::option::of(0_i64..2),
        ) {
            let mut texts = texts;
            let indexed = indexed.min(texts.len());
            let mut shelf = Shelf::new(&texts, indexed);
            let count = texts.len();
            for n in gone.into_iter().filter(|n| *n < count) {
                if n < indexed {
                    forget(&shelf.conn, n as i64 + 1).unwrap();
                }
                shelf.conn.execute("DELETE FROM lines WHERE seq = ?1", [n as i64 + 1]).unwrap();
                shelf.conn.execute("DELETE FROM heard WHERE seq = ?1", [n as i64 + 1]).unwrap();
                texts[n] = String::new();
                // A number whose line came late.
                if n % 2 == 0 {
                    shelf.add(n, &late);
                    texts[n].clone_from(&late);
                }
            }
            let wanted = Wanted::new(&question);
            let scan: Vec<usize> = (0..texts.len())
                .rev()
                .filter(|n| group.is_none_or(|g| *n as i64 % 2 == g))
                .filter(|n| wanted.as_ref().is_some_and(|w| w.found_in(&texts[*n])))
                .collect();
            prop_assert_eq!(shelf.find(&question, group, 100), scan);
        }

        #[test]
        fn chinese_is_found_wherever_it_stands(
            texts in prop::collection::vec("[天气真好]{0,8}", 1..16),
            word in "[天气真好]{1,3}",
            indexed in 0_usize..16,
        ) {
            let scan: Vec<usize> = (0..texts.len()).rev().filter(|n| texts[*n].contains(&word)).collect();
            prop_assert_eq!(Shelf::new(&texts, indexed).find(&word, None, 100), scan);
        }

        #[test]
        fn tokens_are_safe_in_quotes(text in "\\PC{0,60}") {
            for token in tokens(&text) {
                prop_assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || !c.is_ascii()), "{token:?}");
                prop_assert!(!token.is_empty());
            }
        }
    }
}
