//! A walk over a parsed document that notes every problem and stops at none.
//!
//! A [`Section`] is one table. Each method asks for one key: where it is written and right, its value
//! replaces what `out` holds; where it is wrong, the problem is noted; either way the key is known from
//! then on. What nobody asked for is an unknown key. Tables that are not written are walked too, so that
//! after a walk all keys of the schema are known, and a misplaced one can be told where it belongs.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use super::issue::nearest;
use super::value::{Bounded, Scalar};
use super::walk::Walk;
use super::{IssueKind, Secret, Shape, forms};

/// Elements of longer lists are not remembered one by one.
const LISTED: usize = 64;

/// One table of the document, written or not.
pub(super) struct Section<'w, 't> {
    walk: &'w Walk<'t>,
    path: String,
    table: Option<&'w DeTable<'t>>,
    asked: Vec<&'static str>,
    /// Keys that are not unknown, and that nobody is advised to write.
    passed: Vec<&'static str>,
}

/// One value of the document.
pub(super) struct Place<'w, 't> {
    walk: &'w Walk<'t>,
    pub path: String,
    pub value: &'w DeValue<'t>,
    span: Range<usize>,
}

impl Place<'_, '_> {
    /// Notes a problem with this value.
    pub fn note(&self, kind: IssueKind) {
        self.walk.note_at(self.span.start, self.path.clone(), kind);
    }

    /// Notes a problem so many bytes into this string; at its start, where escapes make that a guess.
    fn note_inside(&self, offset: usize, kind: IssueKind) {
        let inside = self.walk.text.get(self.span.start + 1..self.span.end.saturating_sub(1));
        let plain = inside.is_some() && inside == self.value.as_str();
        let byte = self.span.start + if plain { 1 + offset } else { 0 };
        self.walk.note_at(byte, self.path.clone(), kind);
    }

    fn keep<T>(&self, read: Result<T, IssueKind>) -> Option<T> {
        read.map_err(|kind| self.note(kind)).ok()
    }
}

impl<'w, 't> Section<'w, 't> {
    /// The whole document.
    pub fn root(walk: &'w Walk<'t>, table: &'w DeTable<'t>) -> Self {
        Self { walk, path: String::new(), table: Some(table), asked: Vec::new(), passed: Vec::new() }
    }

    fn join(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn place(&self, path: String, value: &'w Spanned<DeValue<'t>>) -> Place<'w, 't> {
        Place { walk: self.walk, path, value: value.get_ref(), span: value.span() }
    }

    fn remember(&self, key: &Spanned<DeString<'t>>, path: &str) {
        self.walk.remember(path.to_owned(), key.span().start);
    }

    /// One key by name: known from now on, and its value where it is written.
    pub fn find(&mut self, name: &'static str) -> Option<Place<'w, 't>> {
        self.asked.push(name);
        let path = self.join(name);
        self.walk.know(&path);
        let (key, value) = self.table?.get_key_value(name)?;
        self.remember(key, &path);
        Some(self.place(path, value))
    }

    /// A bool, a string, a rate, a word: anything with one right form.
    pub fn key<T: Scalar>(&mut self, name: &'static str, out: &mut T) {
        if let Some(place) = self.find(name)
            && let Some(value) = place.keep(T::read(place.value))
        {
            *out = value;
        }
    }

    /// A value between bounds.
    pub fn within<T: Bounded>(&mut self, name: &'static str, out: &mut T, bounds: RangeInclusive<T>) {
        if let Some(place) = self.find(name)
            && let Some(value) = place.keep(bounded(place.value, &bounds))
        {
            *out = value;
        }
    }

    /// A value that may be left open; between bounds where it is written.
    pub fn maybe<T: Bounded>(&mut self, name: &'static str, out: &mut Option<T>, bounds: RangeInclusive<T>) {
        if let Some(place) = self.find(name) {
            *out = place.keep(bounded(place.value, &bounds)).or(out.take());
        }
    }

    /// A word that may be left open.
    pub fn maybe_key<T: Scalar>(&mut self, name: &'static str, out: &mut Option<T>) {
        if let Some(place) = self.find(name) {
            *out = place.keep(T::read(place.value)).or(out.take());
        }
    }

    /// A number, or `"auto"`.
    pub fn auto<T: Bounded>(&mut self, name: &'static str, out: &mut Option<T>, bounds: RangeInclusive<T>) {
        let Some(place) = self.find(name) else { return };
        let read = match place.value.as_str() {
            Some("auto") => Ok(None),
            Some(text) => Err(IssueKind::Malformed { wanted: Shape::AutoInteger, text: text.to_owned() }),
            None => bounded(place.value, &bounds).map(Some),
        };
        if let Some(value) = place.keep(read) {
            *out = value;
        }
    }

    /// A size with its unit, or bytes.
    pub fn size(&mut self, name: &'static str, out: &mut u64, bounds: RangeInclusive<u64>) {
        let Some(place) = self.find(name) else { return };
        let read = match place.value {
            DeValue::String(text) => forms::read_size(text)
                .ok_or_else(|| IssueKind::Malformed { wanted: Shape::Size, text: text.clone().into_owned() }),
            DeValue::Integer(_) => u64::read(place.value),
            other => Err(IssueKind::WrongType { wanted: Shape::Size, found: other.type_str() }),
        };
        let (least, most) = (forms::show_size(*bounds.start()), forms::show_size(*bounds.end()));
        let read = read.and_then(|bytes| match bounds.contains(&bytes) {
            true => Ok(bytes),
            false => Err(IssueKind::OutOfRange { value: forms::show_size(bytes), least, most }),
        });
        if let Some(bytes) = place.keep(read) {
            *out = bytes;
        }
    }

    /// A string that must look so; the check tells what it should have been.
    pub fn text(&mut self, name: &'static str, out: &mut String, wanted: Shape) {
        let Some(place) = self.find(name) else { return };
        if let Some(text) = place.keep(super::value::shaped(place.value, wanted)) {
            *out = text;
        }
    }

    /// One of a few words that stays a string.
    pub fn one_of(&mut self, name: &'static str, out: &mut String, words: &'static [&'static str]) {
        let Some(place) = self.find(name) else { return };
        if let Some(at) = place.keep(super::value::word(place.value, words)) {
            *out = words[at].to_owned();
        }
    }

    /// What the log lets through.
    pub fn log_filter(&mut self, name: &'static str, out: &mut String) {
        let Some(place) = self.find(name) else { return };
        let text = place.keep(super::value::shaped(place.value, Shape::Line));
        if let Some(text) = text.filter(|text| place.keep(super::LogFilter::parse(text)).is_some()) {
            *out = text;
        }
    }

    /// Whether this table is written, be it empty.
    pub fn exists(&self) -> bool {
        self.table.is_some()
    }

    /// Whether the key is written here.
    pub fn written(&self, name: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(name))
    }

    /// The keys that a reader asks for, as though none were written. They are not unknown from then on.
    pub fn asks(&mut self, read: impl FnOnce(&mut Section<'w, 't>)) -> Vec<&'static str> {
        let mut section =
            Section { walk: self.walk, path: self.path.clone(), table: None, asked: Vec::new(), passed: Vec::new() };
        read(&mut section);
        self.passed.extend(&section.asked);
        section.asked
    }

    /// The dotted path of this table.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Notes a problem with one key of this table.
    pub fn note(&self, name: &str, kind: IssueKind) {
        let path = self.join(name);
        if let Some(at) = self.walk.place(&path) {
            self.walk.note(at, path, kind);
        }
    }

    /// A secret; one that stands here itself is noted, never shown.
    pub fn secret(&mut self, name: &'static str, out: &mut Secret) {
        let Some(place) = self.find(name) else { return };
        if let Some(secret) = place.keep(Secret::read(place.value)) {
            if secret.is_literal() {
                place.note(IssueKind::LiteralSecret);
            }
            *out = secret;
        }
    }

    /// An address that may hold a key, and so may be a reference; one that stands here itself must look like one, and is
    /// noted where it is `minded`. It is never shown.
    pub fn address(&mut self, name: &'static str, out: &mut Secret, minded: impl Fn(&str) -> bool) {
        let Some(place) = self.find(name) else { return };
        let Some(address) = place.keep(Secret::read(place.value)) else { return };
        if address.is_literal() {
            let wanted = Shape::Url(&["http", "https"]);
            if super::value::shaped(place.value, wanted).is_err() {
                return place.note(IssueKind::Malformed { wanted, text: "…".to_owned() });
            }
            if minded(&address.0) {
                place.note(IssueKind::LiteralSecret);
            }
        }
        *out = address;
    }

    /// A list, or one string with commas, or one element alone. Right elements are kept beside wrong ones.
    pub fn list<T: Scalar>(&mut self, name: &'static str, out: &mut Vec<T>) {
        self.each(name, out, T::read);
    }

    /// The number of one person or account.
    pub fn person(&mut self, name: &'static str, out: &mut i64) {
        if let Some(place) = self.find(name)
            && let Some(number) = place.keep(super::value::person(place.value))
        {
            *out = number;
        }
    }

    /// A program and its arguments: a list, for a string would have to be taken apart by somebody's rules.
    pub fn argv(&mut self, name: &'static str, out: &mut Vec<String>) {
        let Some(place) = self.find(name) else { return };
        match place.value {
            DeValue::Array(array) => *out = self.elements(&place.path, array, String::read),
            other => place.note(IssueKind::WrongType { wanted: Shape::List, found: other.type_str() }),
        }
    }

    /// As [`Self::list`], each element a string that must look so.
    pub fn texts(&mut self, name: &'static str, out: &mut Vec<String>, wanted: Shape) {
        self.each(name, out, |value| super::value::shaped(value, wanted));
    }

    /// As [`Self::list`], with a reader of the caller's.
    pub fn each<T>(
        &mut self,
        name: &'static str,
        out: &mut Vec<T>,
        read: impl Fn(&DeValue<'_>) -> Result<T, IssueKind>,
    ) {
        let Some(place) = self.find(name) else { return };
        *out = match place.value {
            DeValue::Array(array) => self.elements(&place.path, array, read),
            DeValue::String(text) => {
                let start = text.as_ptr() as usize;
                let one = |piece: &str| match read(&DeValue::String(piece.into())) {
                    Ok(value) => Some(value),
                    Err(kind) => {
                        place.note_inside(piece.as_ptr() as usize - start, kind);
                        None
                    }
                };
                forms::pieces(text).filter_map(one).collect()
            }
            DeValue::Integer(_) => place.keep(read(place.value)).into_iter().collect(),
            other => {
                place.note(IssueKind::WrongType { wanted: Shape::List, found: other.type_str() });
                return;
            }
        };
    }

    fn elements<T>(
        &self,
        path: &str,
        array: &'w DeArray<'t>,
        read: impl Fn(&DeValue<'_>) -> Result<T, IssueKind>,
    ) -> Vec<T> {
        let one = |(index, value): (usize, &'w Spanned<DeValue<'t>>)| {
            let place = self.place(format!("{path}[{index}]"), value);
            if index < LISTED {
                self.walk.remember(place.path.clone(), place.span.start);
            }
            place.keep(read(place.value))
        };
        array.iter().enumerate().filter_map(one).collect()
    }

    /// Patterns: a list, or one pattern (which may hold commas). A problem points into the pattern.
    pub fn patterns(&mut self, name: &'static str, out: &mut Vec<String>) {
        let Some(place) = self.find(name) else { return };
        let places: Vec<_> = match place.value {
            DeValue::Array(array) => array
                .iter()
                .enumerate()
                .map(|(index, value)| self.place(format!("{}[{index}]", place.path), value))
                .collect(),
            DeValue::String(text) if text.is_empty() => Vec::new(),
            DeValue::String(_) => vec![place],
            other => return place.note(IssueKind::WrongType { wanted: Shape::List, found: other.type_str() }),
        };
        let one = |place: &Place<'_, '_>| {
            let pattern = place.keep(String::read(place.value))?;
            match super::value::pattern(&pattern) {
                Ok(()) => Some(pattern),
                Err((offset, message)) => {
                    place.note_inside(offset, IssueKind::Regex { message });
                    None
                }
            }
        };
        *out = places.iter().filter_map(one).collect();
    }

    /// A table below this one.
    pub fn table(&mut self, name: &'static str, read: impl FnOnce(&mut Section<'w, 't>)) {
        let place = self.find(name);
        let path = self.join(name);
        let table = match place.as_ref().map(|place| place.value) {
            Some(DeValue::Table(table)) => Some(table),
            None => None,
            Some(other) => {
                let kind = IssueKind::WrongType { wanted: Shape::Table, found: other.type_str() };
                place.iter().for_each(|place| place.note(kind.clone()));
                None
            }
        };
        self.below(path, table, read);
    }

    /// A table of durations that may also be written as one duration for all of them.
    pub fn durations<const N: usize>(
        &mut self,
        name: &'static str,
        keys: [(&'static str, &mut Duration); N],
        bounds: RangeInclusive<Duration>,
    ) {
        let plain = self.table.and_then(|table| table.get(name)).is_some_and(|value| value.get_ref().is_str());
        if plain {
            let mut all = Duration::ZERO;
            let before = self.walk.count();
            self.within(name, &mut all, bounds.clone());
            if self.walk.count() == before {
                keys.into_iter().for_each(|(_, out)| *out = all);
            }
        } else {
            self.table(name, |section| {
                for (key, out) in keys {
                    section.within(key, out, bounds.clone());
                }
            });
        }
    }

    /// An array of tables. Without any, one is walked in vain for its keys.
    pub fn tables<T: Default>(
        &mut self,
        name: &'static str,
        out: &mut Vec<T>,
        read: impl Fn(&mut Section<'w, 't>, &mut T),
    ) {
        let place = self.find(name);
        let path = self.join(name);
        let mut written = Vec::new();
        if let Some(place) = place {
            match place.value {
                DeValue::Array(array) => {
                    for (index, value) in array.iter().enumerate() {
                        let place = self.place(format!("{path}[{index}]"), value);
                        self.walk.remember(place.path.clone(), place.span.start);
                        match place.value {
                            DeValue::Table(table) => written.push((place.path, table)),
                            other => {
                                place.note(IssueKind::WrongType { wanted: Shape::Tables, found: other.type_str() });
                            }
                        }
                    }
                }
                other => place.note(IssueKind::WrongType { wanted: Shape::Tables, found: other.type_str() }),
            }
        }
        if written.is_empty() {
            self.below(path, None, |section| read(section, &mut T::default()));
            return;
        }
        for (path, table) in written {
            let mut one = T::default();
            self.below(path, Some(table), |section| read(section, &mut one));
            out.push(one);
        }
    }

    /// A table whose keys people choose; each is given to `read`, which returns whether it took the key.
    pub fn entries(&mut self, name: &'static str, mut read: impl FnMut(&str, &Place<'w, 't>)) {
        let Some(place) = self.find(name) else { return };
        match place.value {
            DeValue::Table(table) => {
                for (key, value) in table {
                    let path = format!("{}.{}", place.path, key.get_ref());
                    self.remember(key, &path);
                    read(key.get_ref(), &self.place(path, value));
                }
            }
            other => place.note(IssueKind::WrongType { wanted: Shape::Table, found: other.type_str() }),
        }
    }

    /// The keys of this table that `pick` wants, each read as a table; some look meant and are wrong.
    pub fn chosen<T>(
        &mut self,
        pick: impl Fn(&str) -> Option<Result<T, IssueKind>>,
        mut read: impl FnMut(T, &mut Section<'w, 't>),
    ) {
        for (key, value) in self.table.into_iter().flatten() {
            let Some(picked) = pick(key.get_ref()) else { continue };
            let path = self.join(key.get_ref());
            self.remember(key, &path);
            let picked = match picked {
                Ok(picked) => picked,
                Err(kind) => {
                    self.walk.note_at(key.span().start, path, kind);
                    continue;
                }
            };
            match value.get_ref() {
                DeValue::Table(table) => self.below(path, Some(table), |section| read(picked, section)),
                other => {
                    let kind = IssueKind::WrongType { wanted: Shape::Table, found: other.type_str() };
                    self.place(path, value).note(kind);
                }
            }
        }
    }

    fn below(&self, path: String, table: Option<&'w DeTable<'t>>, read: impl FnOnce(&mut Section<'w, 't>)) {
        let mut section = Section { walk: self.walk, path, table, asked: Vec::new(), passed: Vec::new() };
        read(&mut section);
        section.end();
    }

    /// Notes every key that nobody asked for.
    pub fn end(self) {
        for (key, _) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if self.asked.contains(&name) || self.passed.contains(&name) || self.walk.written(&self.join(name)) {
                continue;
            }
            let nearest = nearest(name, self.asked.iter().copied()).map(str::to_owned);
            let kind = IssueKind::UnknownKey { name: name.to_owned(), nearest, elsewhere: Vec::new() };
            self.walk.note_at(key.span().start, self.join(name), kind);
        }
    }
}

fn bounded<T: Bounded>(value: &DeValue<'_>, bounds: &RangeInclusive<T>) -> Result<T, IssueKind> {
    let (least, most) = (bounds.start().show(), bounds.end().show());
    match T::read(value) {
        Ok(value) if bounds.contains(&value) => Ok(value),
        Ok(value) => Err(IssueKind::OutOfRange { value: value.show(), least, most }),
        // Too large for the type: the bounds are tighter than that.
        Err(IssueKind::OutOfRange { value, .. }) => Err(IssueKind::OutOfRange { value, least, most }),
        Err(other) => Err(other),
    }
}
