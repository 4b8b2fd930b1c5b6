use proptest::prelude::*;

use super::*;
use crate::console::text::wrap::tests::prose;

const ONE: Width = Width::new(1);

fn written(text: &str) -> Composer {
    let mut composer = Composer::new();
    assert_eq!(composer.set(text), 0);
    composer
}

#[test]
fn glyphs_are_written_and_deleted_whole() {
    let mut it = written("你好👨‍👩‍👧");
    assert!(it.delete_before());
    assert_eq!(it.text(), "你好");
    assert!(it.left() && it.delete_after() && !it.delete_after());
    assert_eq!((it.text(), it.caret()), ("你", 3));
    it.insert("e");
    it.insert_char('\u{301}');
    assert!(it.delete_before());
    assert_eq!(it.text(), "你", "letter and accent became one grapheme");
    it.first();
    assert!(!it.delete_before() && !it.left());
}

#[test]
fn pasted_text_is_cleaned() {
    let mut it = Composer::new();
    it.insert("a\r\nb\rc\u{1b}[31m\td\u{0}");
    assert_eq!(it.text(), "a\nb\nc[31m\td");
}

#[test]
fn words_are_runs_of_one_script() {
    let mut it = written("你好 qwen3_8b，こんにちは世界  ");
    let mut stops = Vec::new();
    while it.word_left() {
        stops.push(it.text()[it.caret()..].to_owned());
    }
    assert_eq!(stops.len(), 5);
    assert_eq!(stops[0], "世界  ");
    assert_eq!(stops[1], "こんにちは世界  ");
    assert_eq!(stops[3], "qwen3_8b，こんにちは世界  ");
    assert_eq!(stops[4], "你好 qwen3_8b，こんにちは世界  ");
    it.word_right();
    it.word_right();
    assert_eq!(it.caret(), "你好 qwen3_8b".len());
    it.delete_word();
    assert_eq!(it.text(), "你好 ，こんにちは世界  ");
}

#[test]
fn lines_have_ends_and_are_killed() {
    let mut it = written("一二\n三四\n五");
    it.place("一二\n三".len());
    assert!(it.home());
    assert_eq!(it.caret(), "一二\n".len());
    assert!(it.end());
    assert_eq!(it.caret(), "一二\n三四".len());
    it.left();
    assert!(it.kill_to_end());
    assert_eq!(it.text(), "一二\n三\n五");
    assert!(it.kill_to_end(), "the newline");
    assert_eq!(it.text(), "一二\n三五");
    assert!(it.kill_to_start());
    assert_eq!(it.text(), "一二\n五");
    assert!(it.kill_to_start(), "the newline");
    assert_eq!(it.text(), "一二五");
    for want in ["一二\n五", "一二\n三五", "一二\n三\n五", "一二\n三四\n五"] {
        assert!(it.undo());
        assert_eq!(it.text(), want);
    }
    assert!(!it.undo());
}

#[test]
fn typing_is_taken_back_by_words_and_pastes_by_themselves() {
    let mut it = Composer::new();
    for c in "hello big world".chars() {
        it.insert_char(c);
    }
    it.insert(&"长".repeat(40));
    let mut seen = Vec::new();
    while it.undo() {
        seen.push(it.text().to_owned());
    }
    assert_eq!(seen, ["hello big world", "hello big ", "hello ", ""]);
    it.set("abc");
    it.delete_before();
    it.delete_before();
    it.undo();
    assert_eq!((it.text(), it.caret()), ("abc", 3));
}

#[test]
fn too_much_is_cut_at_a_glyph_and_reported() {
    let mut it = Composer::with_limit(10);
    assert_eq!(it.insert("你好世界"), 3);
    assert_eq!(it.text(), "你好世");
    assert_eq!(it.insert_char('界'), 3);
    assert_eq!(it.insert_char('a'), 0);
    assert_eq!(it.insert("👍"), 4);
    assert_eq!(it.text().len(), 10);
}

#[test]
fn rows_are_climbed_in_one_column() {
    let cols = Columns { first: 4, rest: 8 };
    let mut it = written("你好世界今天\na\n天气");
    assert!(it.up(cols, ONE));
    assert_eq!(it.caret(), "你好世界今天\na".len());
    assert!(it.up(cols, ONE), "the empty row behind the full one");
    assert!(it.up(cols, ONE));
    assert_eq!(it.caret(), "你好世界".len(), "column 4 again");
    assert!(it.up(cols, ONE));
    assert_eq!(it.caret(), "你".len(), "the last place of row 0");
    assert!(!it.up(cols, ONE));
    while it.down(cols, ONE) {}
    assert_eq!(it.caret(), it.text().len());
}

#[derive(Debug, Clone)]
enum Step {
    Insert(String),
    Delete(bool),
    Word(bool),
    Row(bool, usize),
    Kill(bool),
    Move(bool),
    Edge(bool),
    DeleteWord,
    Place(usize),
    Undo,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prose().prop_map(Step::Insert),
        3 => any::<bool>().prop_map(Step::Delete),
        2 => any::<bool>().prop_map(Step::Word),
        2 => (any::<bool>(), 0usize..30).prop_map(|(down, cols)| Step::Row(down, cols)),
        1 => any::<bool>().prop_map(Step::Kill),
        3 => any::<bool>().prop_map(Step::Move),
        1 => any::<bool>().prop_map(Step::Edge),
        1 => Just(Step::DeleteWord),
        1 => (0usize..99).prop_map(Step::Place),
        2 => Just(Step::Undo),
    ]
}

/// The simplest thing that could be right: the text before the caret and the text behind it.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    before: String,
    behind: String,
}

impl Model {
    fn of(it: &Composer) -> Self {
        let (before, behind) = it.text().split_at(it.caret());
        Self { before: before.to_owned(), behind: behind.to_owned() }
    }

    fn text(&self) -> String {
        format!("{}{}", self.before, self.behind)
    }

    /// What text a step leads to; `None` where this model is too simple to say.
    fn after(&self, step: &Step) -> Option<String> {
        let line = self.before.rfind('\n').map_or(0, |at| at + 1);
        Some(match step {
            Step::Insert(text) => format!("{}{}{}", self.before, clean(text), self.behind),
            Step::Delete(true) => {
                let last = self.before.graphemes(true).next_back().unwrap_or("");
                format!("{}{}", &self.before[..self.before.len() - last.len()], self.behind)
            }
            Step::Delete(false) => {
                let first = self.behind.graphemes(true).next().unwrap_or("");
                format!("{}{}", self.before, &self.behind[first.len()..])
            }
            Step::Kill(true) if line < self.before.len() => format!("{}{}", &self.before[..line], self.behind),
            Step::Kill(false) if !self.behind.starts_with('\n') => {
                let end = self.behind.find('\n').unwrap_or(self.behind.len());
                format!("{}{}", self.before, &self.behind[end..])
            }
            Step::Kill(_) | Step::DeleteWord | Step::Undo => return None,
            _ => self.text(),
        })
    }
}

fn apply(it: &mut Composer, step: &Step) {
    match step {
        Step::Insert(text) => assert_eq!(it.insert(text), 0),
        Step::Delete(before) => drop(if *before { it.delete_before() } else { it.delete_after() }),
        Step::Word(left) => drop(if *left { it.word_left() } else { it.word_right() }),
        Step::Row(true, cols) => drop(it.down(Columns::same(*cols), ONE)),
        Step::Row(false, cols) => drop(it.up(Columns::same(*cols), ONE)),
        Step::Kill(start) => drop(if *start { it.kill_to_start() } else { it.kill_to_end() }),
        Step::Move(left) => drop(if *left { it.left() } else { it.right() }),
        Step::Edge(start) => drop(if *start { it.home() } else { it.end() }),
        Step::DeleteWord => drop(it.delete_word()),
        Step::Place(at) => drop(it.place(*at)),
        Step::Undo => drop(it.undo()),
    }
}

proptest! {
    #[test]
    fn composers_agree_with_a_simple_model(steps in proptest::collection::vec(step(), 0..40)) {
        let mut it = Composer::new();
        for step in &steps {
            let want = Model::of(&it).after(step);
            apply(&mut it, step);
            if let Some(want) = want {
                prop_assert_eq!(it.text(), want, "{:?}", step);
            }
            let on_glyph = it.caret() == it.text().len() || it.text().grapheme_indices(true).any(|(at, _)| at == it.caret());
            prop_assert!(on_glyph, "{step:?} left the caret at {} of {:?}", it.caret(), it.text());
        }
    }

    #[test]
    fn everything_is_taken_back(start in prose(), steps in proptest::collection::vec(step(), 0..40)) {
        let mut it = Composer::new();
        it.set(&start);
        let begin = it.text().to_owned();
        for step in steps.iter().filter(|s| !matches!(s, Step::Undo)) {
            apply(&mut it, step);
        }
        while it.undo() {}
        prop_assert_eq!(it.text(), begin);
    }

    #[test]
    fn the_limit_holds_and_nothing_is_split(pieces in proptest::collection::vec(any::<String>(), 0..9), limit in 0usize..80) {
        let mut it = Composer::with_limit(limit);
        for piece in &pieces {
            let (held, clean) = (it.text().len(), clean(piece));
            let rest = it.insert(piece);
            prop_assert_eq!(it.text().len() - held, clean.len() - rest);
            prop_assert!(it.text().len() <= limit);
        }
    }
}
