//! Changes one setting of a `config.toml` and nothing else: comments, order and the look of every other line
//! stay as they are, byte for byte.

use toml_edit::{Array, DocumentMut, Item, Key, Table, TableLike, Value};

use crate::domain::{AccessId, ConfigEdit};

use super::{Issue, IssueKind, Language, Position, Severity, decor, forms, parse};

/// What came of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It already was so.
    Same,
    /// The new text.
    Changed(String),
}

/// Why a file was not edited.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EditError {
    /// The file as it is has these errors.
    #[error("config.toml has errors as it is: {}", first(.0, Language::English))]
    Broken(Vec<Issue>),
    /// The file would have these errors.
    #[error("refused: {}", first(.0, Language::English))]
    Refused(Vec<Issue>),
    /// One cannot be taken from a list of everybody.
    #[error("{key} lets everybody in (\"*\"); block instead, or take the \"*\" out")]
    Everybody {
        /// The list.
        key: String,
    },
    /// The key is written in a way that this edit cannot add to.
    #[error("{key} is written in a way that cannot be edited from here; edit the file")]
    Form {
        /// The key.
        key: String,
    },
}

impl EditError {
    /// In words, for the one who asked.
    pub fn words(&self, language: Language) -> String {
        match self {
            // Of a text that never became the file, the line says nothing: what is wrong, and then where.
            Self::Refused(issues) => {
                issues.first().map_or_else(String::new, |issue| format!("{} · {}", issue.words(language), issue.key))
            }
            _ if language != Language::Chinese => self.to_string(),
            Self::Broken(issues) => format!("config.toml 本身有错：{}", first(issues, language)),
            Self::Everybody { key } => format!("{key} 写的是所有人（\"*\"）；请改用屏蔽，或先去掉 \"*\""),
            Self::Form { key } => format!("{key} 的写法不能在这里修改；请直接编辑文件"),
        }
    }
}

fn first(issues: &[Issue], language: Language) -> String {
    issues.first().map_or_else(String::new, |issue| issue.line("config.toml", language))
}

fn errors(mut issues: Vec<Issue>) -> Vec<Issue> {
    issues.retain(|issue| issue.severity() == Severity::Error);
    issues
}

/// Top-level keys in the order of the shipped file: where a new table goes.
const ORDER: &[&str] = &[
    "language",
    "instance",
    "engine",
    "onebot",
    "network",
    "access",
    "trigger",
    "limits",
    "context",
    "reply",
    "chat",
    "moderation",
    "commands",
    "personas",
    "providers",
    "routing",
    "cache",
    "telemetry",
    "alerts",
    "notify",
    "logs",
    "metrics",
    "storage",
    "ssh",
    "console",
];

/// Makes one change. `SetChat` with an empty value takes the key out, so that the chat follows its class again.
///
/// # Errors
/// A file that has errors is not touched, and neither is one that would have them.
pub fn edit(text: &str, change: &ConfigEdit) -> Result<Edited, EditError> {
    parse(text).map_err(|issues| EditError::Broken(errors(issues)))?;
    let mut document: DocumentMut = text.parse().map_err(|error| broken(&error))?;
    let before = document.to_string();
    match change {
        ConfigEdit::Allow(id) => put_id(&mut document, *id, ["users", "groups"])?,
        ConfigEdit::Deny(id) => take_id(&mut document, *id, ["users", "groups"])?,
        ConfigEdit::Block(id) => put_id(&mut document, *id, ["blocked_users", "blocked_groups"])?,
        ConfigEdit::Unblock(id) => take_id(&mut document, *id, ["blocked_users", "blocked_groups"])?,
        ConfigEdit::Word { word, add: true } => put(&mut document, "moderation", "words", &Entry::Word(word))?,
        ConfigEdit::Word { word, add: false } => take(&mut document, "moderation", "words", &Entry::Word(word))?,
        ConfigEdit::SetChat { id, key, value } => set_chat(&mut document, *id, key, value)?,
    }
    let after = document.to_string();
    if after == before {
        return Ok(Edited::Same);
    }
    let after = splice(text, &before, &after);
    match parse(&after) {
        Ok(_) => Ok(Edited::Changed(after)),
        Err(issues) => Err(EditError::Refused(errors(issues))),
    }
}

/// Two parsers of one family: what the first read, the second reads. Were it not so, the file stays.
fn broken(error: &toml_edit::TomlError) -> EditError {
    let kind = IssueKind::Syntax { message: error.message().to_owned() };
    EditError::Broken(vec![Issue { at: Position { line: 1, column: 1 }, key: String::new(), kind }])
}

/// Lines that the edit did not change are taken from the original, with their line ends.
fn splice(text: &str, before: &str, after: &str) -> String {
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (text, before, after) = (lines(text), lines(before), lines(after));
    if text.len() != before.len() {
        return after.concat();
    }
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = before.iter().zip(&after).take_while(same).count();
    let tail = before[head..].iter().rev().zip(after[head..].iter().rev()).take_while(same).count();
    let crlf = text.first().is_some_and(|line| line.ends_with("\r\n"));
    let mut whole = text[..head].concat();
    for line in &after[head..after.len() - tail] {
        match line.strip_suffix('\n') {
            Some(bare) if crlf => whole.extend([bare, "\r\n"]),
            _ => whole.push_str(line),
        }
    }
    whole.push_str(&text[text.len() - tail..].concat());
    whole
}

/// One element of a list, as it is looked for and written.
enum Entry<'e> {
    Id(AccessId),
    Word(&'e str),
}

impl Entry<'_> {
    fn number(id: AccessId) -> i64 {
        match id {
            AccessId::Person(id) => id.0,
            AccessId::Group(id) => id.0,
        }
    }

    fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Id(id), Value::Integer(number)) => *number.value() == Self::number(*id),
            (_, Value::String(text)) => self.is_text(text.value()),
            _ => false,
        }
    }

    fn is_text(&self, text: &str) -> bool {
        match self {
            Self::Id(id) => {
                let text = text.trim();
                text.parse() == Ok(*id) || text.parse() == Ok(Self::number(*id))
            }
            Self::Word(word) => text == *word,
        }
    }

    /// In the style of an element that is already there.
    fn value(&self, like: Option<&Value>) -> Value {
        match self {
            Self::Id(id) => match like.and_then(Value::as_str) {
                Some(text) if text.contains('_') => id.to_string().into(),
                Some(text) if text != "*" => Self::number(*id).to_string().into(),
                _ => Self::number(*id).into(),
            },
            Self::Word(word) => (*word).into(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Id(id) => Self::number(*id).to_string(),
            Self::Word(word) => (*word).to_owned(),
        }
    }
}

fn list_of(id: AccessId, [users, groups]: [&'static str; 2]) -> &'static str {
    if matches!(id, AccessId::Person(_)) { users } else { groups }
}

fn put_id(document: &mut DocumentMut, id: AccessId, keys: [&'static str; 2]) -> Result<(), EditError> {
    let key = list_of(id, keys);
    if everybody(document, key) { Ok(()) } else { put(document, "access", key, &Entry::Id(id)) }
}

fn take_id(document: &mut DocumentMut, id: AccessId, keys: [&'static str; 2]) -> Result<(), EditError> {
    let key = list_of(id, keys);
    match everybody(document, key) {
        true => Err(EditError::Everybody { key: format!("access.{key}") }),
        false => take(document, "access", key, &Entry::Id(id)),
    }
}

/// Whether `"*"` stands in the list.
fn everybody(document: &DocumentMut, key: &str) -> bool {
    match document.get("access").and_then(|access| access.get(key)).and_then(Item::as_value) {
        Some(Value::Array(array)) => array.iter().any(|value| value.as_str().is_some_and(|text| text.trim() == "*")),
        Some(Value::String(text)) => forms::pieces(text.value()).any(|piece| piece == "*"),
        _ => false,
    }
}

/// Adds to a list, which is created where it is missing.
fn put(document: &mut DocumentMut, table: &str, key: &str, entry: &Entry<'_>) -> Result<(), EditError> {
    let form = || EditError::Form { key: format!("{table}.{key}") };
    if !document.contains_key(table) {
        let position = position_of(document, table);
        document.insert(table, Item::Table(headed(position)));
    }
    let item = document.get_mut(table).ok_or_else(form)?;
    let inline = item.is_inline_table();
    let table = item.as_table_like_mut().ok_or_else(form)?;
    let Some(item) = table.get_mut(key) else {
        insert(table, inline, key, Value::Array(Array::from_iter([entry.value(None)])));
        return Ok(());
    };
    let value = item.as_value_mut().ok_or_else(form)?;
    let width = value.to_string().chars().count();
    if entry.is(value) {
        return Ok(());
    }
    match value {
        Value::Array(array) if array.iter().any(|value| entry.is(value)) => {}
        Value::Array(array) => {
            let new = entry.value(array.iter().last());
            decor::push(array, new);
        }
        Value::String(text) if forms::pieces(text.value()).any(|piece| entry.is_text(piece)) => {}
        Value::String(text) => {
            let mut pieces: Vec<_> = forms::pieces(text.value()).map(str::to_owned).collect();
            pieces.push(entry.text());
            replace(value, joined(&pieces));
        }
        Value::Integer(one) => {
            let array = Array::from_iter([Value::from(*one.value()), entry.value(None)]);
            replace(value, Value::Array(array));
        }
        _ => return Err(form()),
    }
    realign(value, width);
    Ok(())
}

/// Takes out of a list, wherever it stands in it.
fn take(document: &mut DocumentMut, table: &str, key: &str, entry: &Entry<'_>) -> Result<(), EditError> {
    let item = document.get_mut(table).and_then(|table| table.get_mut(key));
    let Some(value) = item.and_then(Item::as_value_mut) else { return Ok(()) };
    let width = value.to_string().chars().count();
    let alone = entry.is(value);
    match value {
        Value::Array(array) => {
            for index in (0..array.len()).rev() {
                if array.get(index).is_some_and(|value| entry.is(value)) {
                    decor::remove(array, index);
                }
            }
        }
        _ if alone => replace(value, Value::Array(Array::new())),
        Value::String(text) if forms::pieces(text.value()).any(|piece| entry.is_text(piece)) => {
            let kept = forms::pieces(text.value()).filter(|piece| !entry.is_text(piece));
            let kept: Vec<_> = kept.map(str::to_owned).collect();
            replace(value, joined(&kept));
        }
        _ => {}
    }
    realign(value, width);
    Ok(())
}

/// One string again, or a list where an element has a comma in it.
fn joined(pieces: &[String]) -> Value {
    match pieces.iter().all(|piece| forms::pieces(piece).eq([piece.as_str()])) {
        true => pieces.join(", ").into(),
        false => Value::Array(pieces.iter().collect()),
    }
}

/// Another value with the same things around it.
fn replace(value: &mut Value, mut new: Value) {
    *new.decor_mut() = value.decor().clone();
    *value = new;
}

/// Keeps a comment behind a one-line value in its column, as far as there is room.
fn realign(value: &mut Value, old_width: usize) {
    let whole = value.to_string();
    let grown = whole.chars().count() as isize - old_width as isize;
    let suffix = value.decor().suffix().and_then(|suffix| suffix.as_str()).unwrap_or_default();
    let comment = suffix.trim_start_matches(' ');
    let blanks = suffix.len() - comment.len();
    if grown != 0 && blanks > 1 && comment.starts_with('#') && !whole.contains('\n') {
        let blanks = (blanks as isize - grown).max(1) as usize;
        let suffix = format!("{}{comment}", " ".repeat(blanks));
        value.decor_mut().set_suffix(suffix);
    }
}

/// A new key at the end of a table, its `=` under the one above; in `{ }` before the last blank.
fn insert(table: &mut dyn TableLike, inline: bool, key: &str, mut value: Value) {
    let last = table.iter().last().map(|(name, _)| name.to_owned());
    if let Some(last) = last.as_deref().and_then(|last| table.get_mut(last)).and_then(Item::as_value_mut)
        && inline
    {
        let blank = last.decor().suffix().cloned().unwrap_or_default();
        last.decor_mut().set_suffix("");
        value.decor_mut().set_prefix(" ");
        value.decor_mut().set_suffix(blank);
    }
    let column = last.and_then(|name| {
        let blanks = table.key(&name)?.leaf_decor().suffix()?.as_str()?.len();
        (blanks > 1).then_some(name.chars().count() + blanks)
    });
    let mut named = Key::new(key);
    if let Some(blanks) = column.and_then(|column| column.checked_sub(key.chars().count())).filter(|n| *n > 0) {
        named.leaf_decor_mut().set_suffix(" ".repeat(blanks));
    }
    table.entry_format(&named).or_insert(Item::Value(value));
}

/// A table with a header and an empty line above it.
fn headed(position: Option<isize>) -> Table {
    let mut table = Table::new();
    table.decor_mut().set_prefix("\n");
    table.set_position(position);
    table
}

/// Behind the last table of the same name, or behind the last that comes before it in the shipped file; at the
/// end where there is neither.
fn position_of(document: &DocumentMut, key: &str) -> Option<isize> {
    let rank = |key: &str| ORDER.iter().position(|other| *other == key);
    let last = |wanted: &dyn Fn(&str) -> bool| {
        document.iter().filter(|(other, _)| wanted(other)).filter_map(|(_, item)| last_position(item)).max()
    };
    let earlier = || last(&|other| rank(other) < rank(key));
    last(&|other| other == key).or_else(earlier).or_else(|| last(&|_| true))
}

fn last_position(item: &Item) -> Option<isize> {
    let below = |table: &Table| {
        let inner = table.iter().filter_map(|(_, item)| last_position(item)).max();
        if table.is_implicit() || table.is_dotted() { inner } else { inner.max(table.position()) }
    };
    match item {
        Item::Table(table) => below(table),
        Item::ArrayOfTables(tables) => tables.iter().filter_map(below).max(),
        _ => None,
    }
}

/// How a key of `[chat.<id>]` is written now, as TOML; `None` where it is not.
pub fn written(text: &str, id: AccessId, key: &str) -> Option<String> {
    let document: DocumentMut = text.parse().ok()?;
    let chat = document.get("chat")?.get(id.to_string().as_str())?;
    let item = key.split('.').map(str::trim).try_fold(chat, |item, part| item.get(part))?;
    let mut value = item.as_value()?.clone();
    value.decor_mut().clear();
    Some(value.to_string())
}

/// Writes one key of `[chat.<id>]`, or takes it out.
fn set_chat(document: &mut DocumentMut, id: AccessId, key: &str, value: &str) -> Result<(), EditError> {
    let chat = id.to_string();
    let mut path = vec!["chat", chat.as_str()];
    path.extend(key.split('.').map(str::trim));
    if path.iter().any(|part| part.is_empty()) {
        return Err(EditError::Form { key: key.to_owned() });
    }
    let value = value.trim();
    if value.is_empty() {
        unset(document.as_table_mut(), &path);
        return Ok(());
    }
    let value: Value = value.parse().unwrap_or_else(|_| value.into());
    let position = position_of(document, "chat");
    let root = document.as_item_mut();
    set(root, &path, value, position).ok_or_else(|| EditError::Form { key: path.join(".") })
}

/// Writes the value at the end of the path; tables that are missing on the way are made. `None` where
/// something else stands in the way.
fn set(item: &mut Item, path: &[&str], value: Value, position: Option<isize>) -> Option<()> {
    let (name, rest) = path.split_first()?;
    let inline = item.is_inline_table();
    let table = item.as_table_like_mut()?;
    if rest.is_empty() {
        match table.get_mut(name) {
            None => insert(table, inline, name, value),
            Some(item) => {
                let old = item.as_value_mut()?;
                let width = old.to_string().chars().count();
                replace(old, value);
                realign(old, width);
            }
        }
        return Some(());
    }
    let is_chat = name.starts_with("group_") || name.starts_with("person_");
    if !table.contains_key(name) {
        let mut new = headed(position);
        new.set_implicit(*name == "chat");
        new.set_dotted(*name != "chat" && !is_chat);
        table.insert(name, Item::Table(new));
    }
    let below = table.get_mut(name)?;
    if let Item::Table(chat) = &mut *below
        && is_chat
        && chat.is_implicit()
    {
        // Only `[chat.x.trigger]` is written so far: the new header needs a place.
        chat.set_position(position);
        chat.decor_mut().set_prefix("\n");
    }
    set(below, rest, value, position)
}

/// Takes the key at the end of the path out, and dotted tables that are empty then.
fn unset(table: &mut dyn TableLike, path: &[&str]) {
    let Some((name, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        table.remove(name);
    } else if let Some(below) = table.get_mut(name).and_then(Item::as_table_like_mut) {
        unset(below, rest);
        if below.is_empty() && below.is_dotted() {
            table.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_has_its_place() {
        let known = crate::config::known_keys();
        let top: BTreeSet<_> = known.iter().filter(|key| !key.contains('.')).map(String::as_str).collect();
        assert_eq!(top, ORDER.iter().copied().collect());
    }
}
