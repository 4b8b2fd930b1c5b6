//! Adding to and taking from a list without moving a comment to another element.
//!
//! toml_edit keeps what stands between two elements as the *prefix* of the second (crates.md §0.9): in
//! `1, # one⏎ 2` the words `# one` belong to 2, and a plain removal of 1 puts them beside it. Here each prefix
//! is cut at its first line break: what is before it speaks about the element before, what is after it about
//! the element below.

use toml_edit::{Array, Value};

/// Puts a value at the end, in the style of the others: on its own line where they stand on theirs.
pub(super) fn push(array: &mut Array, value: Value) {
    let Some(last) = array.len().checked_sub(1) else { return first(array, value) };
    let end = end(array);
    let (comment, below) = cut(&end);
    let own_line = (0..=last).rev().find_map(|i| indent(&prefix(array, i)).map(str::to_owned));
    let alone = indent(&prefix(array, last)).is_some();
    let trailing_comma = array.trailing_comma();
    let (before, after) = match own_line {
        Some(indent) if !below.is_empty() && (alone || comment.contains('#')) => {
            (format!("{comment}\n{indent}"), below.to_owned())
        }
        _ => (" ".to_owned(), end.clone()),
    };
    set_end(array, "");
    array.push_formatted(value.decorated(before, ""));
    array.set_trailing_comma(trailing_comma);
    set_end(array, &after);
}

/// The first element of an empty list; comments that stood in it stay above.
fn first(array: &mut Array, value: Value) {
    let inside = array.trailing().as_str().unwrap_or_default().to_owned();
    match inside.rfind('\n') {
        None => {
            array.set_trailing("");
            array.push_formatted(value.decorated("", ""));
        }
        Some(close) => {
            let above = inside[..close].trim_end();
            let step = above.rfind('\n').and_then(|at| indent(&above[at..])).filter(|step| !step.is_empty());
            let step = step.unwrap_or("    ");
            array.push_formatted(value.decorated(format!("{above}\n{step}"), ""));
            array.set_trailing_comma(true);
            array.set_trailing(&inside[close..]);
        }
    }
}

/// Takes out the element at `index`, with the comment beside it. A comment on the lines above goes along,
/// unless the next element stands right below: then it is a heading of both.
pub(super) fn remove(array: &mut Array, index: usize) {
    let own = prefix(array, index);
    let (beside_previous, above) = cut(&own);
    let beside_previous = if beside_previous.trim().is_empty() { "" } else { beside_previous };
    let shares_line = above.is_empty() && index > 0;
    let last = index + 1 == array.len();
    let next = if last { end(array) } else { prefix(array, index + 1) };
    let (_, below) = cut(&next);
    let after = if below.is_empty() {
        // The next one stands on the same line, and takes the place.
        if last { next.clone() } else { own.clone() }
    } else if shares_line {
        next.clone()
    } else {
        let heading = !last && above.contains('#') && !below.contains('#') && !blank_line(below);
        format!("{beside_previous}{}", if heading { above } else { below })
    };
    let trailing_comma = array.trailing_comma();
    array.remove(index);
    if last {
        array.set_trailing_comma(trailing_comma && !array.is_empty());
        set_end(array, &after);
    } else if let Some(value) = array.get_mut(index) {
        value.decor_mut().set_prefix(after);
    }
}

fn prefix(array: &Array, index: usize) -> String {
    let decor = array.get(index).map(Value::decor);
    decor.and_then(|decor| decor.prefix()?.as_str()).unwrap_or_default().to_owned()
}

/// What stands between the last element and the bracket, its comma left out.
fn end(array: &Array) -> String {
    let last = array.iter().last().and_then(|value| value.decor().suffix()?.as_str()).unwrap_or_default();
    format!("{last}{}", array.trailing().as_str().unwrap_or_default())
}

/// Sets that: behind the comma if there is one, behind the last element if not.
fn set_end(array: &mut Array, end: &str) {
    let comma = array.trailing_comma();
    let empty = array.is_empty();
    if let Some(last) = array.iter_mut().last() {
        last.decor_mut().set_suffix(if comma { "" } else { end });
    }
    array.set_trailing(if comma || empty { end } else { "" });
}

/// What is before the first line break, and the rest with it.
fn cut(text: &str) -> (&str, &str) {
    text.split_at(text.find('\n').unwrap_or(text.len()))
}

/// The blanks behind the last line break.
fn indent(text: &str) -> Option<&str> {
    let line = &text[text.rfind('\n')? + 1..];
    Some(&line[..line.len() - line.trim_start().len()])
}

fn blank_line(text: &str) -> bool {
    text.split('\n').filter(|line| line.trim().is_empty()).count() > 2
}

#[cfg(test)]
mod tests {
    use toml_edit::DocumentMut;

    use super::*;

    fn with(list: &str, change: impl Fn(&mut Array)) -> String {
        let mut document: DocumentMut = format!("a = {list}\n").parse().unwrap();
        change(document["a"].as_array_mut().unwrap());
        let text = document.to_string();
        assert!(text.parse::<DocumentMut>().is_ok(), "{text}");
        text.strip_prefix("a = ").unwrap().trim_end().to_owned()
    }

    #[test]
    fn an_element_goes_with_its_own_comment() {
        let lines = "[\n    1, # one\n    2, # two\n    3, # three\n]";
        assert_eq!(with(lines, |a| remove(a, 0)), "[\n    2, # two\n    3, # three\n]");
        assert_eq!(with(lines, |a| remove(a, 1)), "[\n    1, # one\n    3, # three\n]");
        assert_eq!(with(lines, |a| remove(a, 2)), "[\n    1, # one\n    2, # two\n]");
        let bare = "[ # all\n  1, # one\n  2 # two\n]";
        assert_eq!(with(bare, |a| remove(a, 0)), "[ # all\n  2 # two\n]");
        assert_eq!(with(bare, |a| remove(a, 1)), "[ # all\n  1 # one\n]");
        assert_eq!(with("[\n  1, # one\n]", |a| remove(a, 0)), "[\n]");
    }

    #[test]
    fn a_comment_above_goes_along_unless_it_heads_others() {
        let each = "[\n  # one\n  1,\n  # two\n  2,\n]";
        assert_eq!(with(each, |a| remove(a, 0)), "[\n  # two\n  2,\n]");
        assert_eq!(with(each, |a| remove(a, 1)), "[\n  # one\n  1,\n]");
        let heading = "[\n  # tests\n  1,\n  2,\n\n  # real\n  3,\n]";
        assert_eq!(with(heading, |a| remove(a, 0)), "[\n  # tests\n  2,\n\n  # real\n  3,\n]");
        assert_eq!(with(heading, |a| remove(a, 1)), "[\n  # tests\n  1,\n\n  # real\n  3,\n]");
        assert_eq!(with(heading, |a| remove(a, 2)), "[\n  # tests\n  1,\n  2,\n]");
    }

    #[test]
    fn one_line_stays_one_line() {
        assert_eq!(with("[1, 2, 3]", |a| remove(a, 0)), "[2, 3]");
        assert_eq!(with("[1, 2, 3]", |a| remove(a, 1)), "[1, 3]");
        assert_eq!(with("[1, 2, 3]", |a| remove(a, 2)), "[1, 2]");
        assert_eq!(with("[ 1, 2 ]", |a| remove(a, 1)), "[ 1 ]");
        assert_eq!(with("[1]", |a| remove(a, 0)), "[]");
        assert_eq!(with("[1, ]", |a| remove(a, 0)), "[ ]");
        assert_eq!(with("[\n  1, 2, # both\n  3,\n]", |a| remove(a, 1)), "[\n  1, # both\n  3,\n]");
        assert_eq!(with("[\n  1, 2, # both\n]", |a| remove(a, 1)), "[\n  1, # both\n]");
        assert_eq!(with("[\n  1, 2,\n]", |a| remove(a, 0)), "[\n  2,\n]");
    }

    #[test]
    fn a_new_element_stands_like_the_others() {
        let nine = || Value::from(9);
        assert_eq!(with("[]", |a| push(a, nine())), "[9]");
        assert_eq!(with("[1, 2]", |a| push(a, nine())), "[1, 2, 9]");
        assert_eq!(with("[ 1, 2 ]", |a| push(a, nine())), "[ 1, 2, 9 ]");
        assert_eq!(with("[1, 2,]", |a| push(a, nine())), "[1, 2, 9,]");
        assert_eq!(with("[\n  1, # one\n]", |a| push(a, nine())), "[\n  1, # one\n  9,\n]");
        assert_eq!(with("[\n  1 # one\n]", |a| push(a, nine())), "[\n  1, # one\n  9\n]");
        assert_eq!(with("[\n  1,\n  # more\n]", |a| push(a, nine())), "[\n  1,\n  9,\n  # more\n]");
        assert_eq!(with("[\n  1, 2,\n]", |a| push(a, nine())), "[\n  1, 2, 9,\n]");
        assert_eq!(with("[\n  1, 2, # both\n]", |a| push(a, nine())), "[\n  1, 2, # both\n  9,\n]");
        assert_eq!(with("[\n  # nobody yet\n]", |a| push(a, nine())), "[\n  # nobody yet\n  9,\n]");
        assert_eq!(with("[\n]", |a| push(a, nine())), "[\n    9,\n]");
    }
}
