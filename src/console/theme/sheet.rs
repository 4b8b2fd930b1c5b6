//! A theme file as it is written: names not yet looked up, parents not yet joined.

use std::collections::BTreeMap;
use std::ops::Range;

use ratatui::style::{Color, Modifier};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::colour::{self, Rgb};
use super::problem::{Flaw, Problem, nearest};
use super::role::Role;

/// No theme is longer.
const LARGEST: usize = 64 * 1024;

/// No key has more dots. The parser guards against nested brackets only, and to drop a deep tree recurses.
const DOTS: usize = 64;

const KEYS: [&str; 6] = ["inherits", "background", "paint_background", "names", "palette", "roles"];

const STYLE_KEYS: [&str; 7] = ["fg", "bg", "bold", "dim", "italic", "underline", "reverse"];

/// A name and the line where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    pub name: String,
    pub line: usize,
}

/// The style of one name, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Spec {
    pub fg: Option<Written>,
    pub bg: Option<Written>,
    pub on: Modifier,
    pub off: Modifier,
}

/// One file.
#[derive(Debug, Clone, Default)]
pub(super) struct Sheet {
    pub inherits: Option<Written>,
    pub background: Option<Rgb>,
    pub paint_background: Option<bool>,
    pub names: Option<Vec<Written>>,
    pub palette: BTreeMap<String, Color>,
    pub roles: BTreeMap<String, Spec>,
}

impl Sheet {
    /// Reads a file; what is wrong with it is added to `problems`.
    pub fn read(theme: &str, text: &str, problems: &mut Vec<Problem>) -> Self {
        let mut reader = Reader { theme, text, problems, sheet: Self::default() };
        if text.len() > LARGEST || text.lines().any(|line| line.matches('.').count() > DOTS) {
            reader.note(&(0..0), Flaw::TooLarge);
            return reader.sheet;
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().unwrap_or_default();
            reader.note(&span, Flaw::Syntax(error.message().to_owned()));
        }
        if errors.is_empty() {
            reader.document(table.get_ref());
        }
        reader.sheet
    }
}

struct Reader<'r> {
    theme: &'r str,
    text: &'r str,
    problems: &'r mut Vec<Problem>,
    sheet: Sheet,
}

impl Reader<'_> {
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    fn note(&mut self, span: &Range<usize>, flaw: Flaw) {
        let problem = Problem { theme: self.theme.to_owned(), line: self.line(span), flaw };
        self.problems.push(problem);
    }

    fn wrong(&mut self, value: &Spanned<DeValue<'_>>, key: &str, expected: &'static str) {
        self.note(&value.span(), Flaw::WrongForm { key: key.to_owned(), expected });
    }

    fn document(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match name {
                "inherits" => self.sheet.inherits = self.word(name, value, "the name of a theme"),
                "background" => self.background(value),
                "paint_background" => self.sheet.paint_background = self.flag(name, value),
                "names" => self.names(value),
                "palette" => self.palette(value),
                "roles" => match value.get_ref() {
                    DeValue::Table(roles) => self.roles("", roles),
                    _ => self.wrong(value, name, "a table"),
                },
                _ => {
                    let flaw = Flaw::UnknownKey { name: name.to_owned(), nearest: nearest(name, KEYS) };
                    self.note(&key.span(), flaw);
                }
            }
        }
    }

    fn background(&mut self, value: &Spanned<DeValue<'_>>) {
        let text = value.get_ref().as_str();
        match text.filter(|t| t.starts_with('#')).and_then(colour::parse).and_then(colour::rgb) {
            Some(rgb) => self.sheet.background = Some(rgb),
            None => self.wrong(value, "background", "a colour like `\"#1e1e1e\"`"),
        }
    }

    fn names(&mut self, value: &Spanned<DeValue<'_>>) {
        let expected = "a list of colours";
        let Some(list) = value.get_ref().as_array() else { return self.wrong(value, "names", expected) };
        let names = list.iter().filter_map(|item| self.word("names", item, expected)).collect();
        self.sheet.names = Some(names);
    }

    fn palette(&mut self, value: &Spanned<DeValue<'_>>) {
        let DeValue::Table(colours) = value.get_ref() else { return self.wrong(value, "palette", "a table") };
        for (key, value) in colours {
            let name = key.get_ref().as_ref();
            match value.get_ref().as_str().map(|text| (text, colour::parse(text))) {
                Some((_, Some(color))) => drop(self.sheet.palette.insert(name.to_owned(), color)),
                Some((text, None)) => {
                    let flaw = Flaw::UnknownColour { name: text.to_owned(), nearest: nearest(text, colour::names()) };
                    self.note(&value.span(), flaw);
                    // Told once: whoever uses the name is not wrong too.
                    self.sheet.palette.insert(name.to_owned(), Color::Reset);
                }
                None => self.wrong(value, name, "a colour like `\"#6cb6ff\"` or `\"bright-blue\"`"),
            }
        }
    }

    /// Entries of `[roles]`. `"alert.critical" = …` and the bare `alert.critical = …`, which TOML reads as a table in
    /// a table, are the same.
    fn roles(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let own = key.get_ref().as_ref();
            let name = if prefix.is_empty() { own.to_owned() } else { format!("{prefix}.{own}") };
            let known = Role::names().contains(&name.as_str());
            let word = matches!(value.get_ref(), DeValue::String(_) | DeValue::Table(_));
            // `text.dim = "grey"` names a role, `text = { dim = true }` styles one.
            if !prefix.is_empty() && STYLE_KEYS.contains(&own) && !(known && word) {
                self.style_key(prefix, own, value);
            } else if !word && !prefix.is_empty() {
                let flaw = Flaw::UnknownKey { name: own.to_owned(), nearest: nearest(own, STYLE_KEYS) };
                self.note(&key.span(), flaw);
            } else if known {
                self.role(&name, value);
            } else {
                let near = nearest(&name, Role::names());
                let style = nearest(own, STYLE_KEYS).filter(|_| near.is_none() && !prefix.is_empty());
                let flaw = match style {
                    Some(key) => Flaw::UnknownKey { name: own.to_owned(), nearest: Some(key) },
                    None => Flaw::UnknownRole { name, nearest: near },
                };
                self.note(&key.span(), flaw);
            }
        }
    }

    fn role(&mut self, name: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::String(_) => {
                let fg = self.word(name, value, "a colour");
                self.spec(name).fg = fg;
            }
            DeValue::Table(table) => {
                self.spec(name);
                self.roles(name, table);
            }
            _ => self.wrong(value, name, "a colour or a table like `{ fg = \"red\", bold = true }`"),
        }
    }

    fn style_key(&mut self, role: &str, key: &str, value: &Spanned<DeValue<'_>>) {
        let modifier = match key {
            "fg" | "bg" => {
                let word = self.word(key, value, "a colour");
                let spec = self.spec(role);
                *(if key == "fg" { &mut spec.fg } else { &mut spec.bg }) = word;
                return;
            }
            "bold" => Modifier::BOLD,
            "dim" => Modifier::DIM,
            "italic" => Modifier::ITALIC,
            "underline" => Modifier::UNDERLINED,
            _ => Modifier::REVERSED,
        };
        match self.flag(key, value) {
            Some(true) => self.spec(role).on |= modifier,
            Some(false) => self.spec(role).off |= modifier,
            None => {}
        }
    }

    fn spec(&mut self, role: &str) -> &mut Spec {
        self.sheet.roles.entry(role.to_owned()).or_default()
    }

    fn word(&mut self, key: &str, value: &Spanned<DeValue<'_>>, expected: &'static str) -> Option<Written> {
        match value.get_ref().as_str() {
            Some(text) => Some(Written { name: text.to_owned(), line: self.line(&value.span()) }),
            None => {
                self.wrong(value, key, expected);
                None
            }
        }
    }

    fn flag(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong(value, key, "`true` or `false`");
        }
        flag
    }
}
