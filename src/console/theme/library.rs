//! The themes that there are, and how one is put together from its file and its parents.

use std::collections::BTreeMap;

use ratatui::style::{Color, Style};

use super::colour;
use super::problem::{Flaw, Problem, ThemeError, nearest};
use super::role::Role;
use super::sheet::{Sheet, Spec, Written};
use super::{STYLES, Theme};

/// Those that ship, by name.
const SHIPPED: [(&str, &str); 9] = [
    ("catppuccin", include_str!("../../../themes/catppuccin.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    ("gruvbox", include_str!("../../../themes/gruvbox.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
    ("nord", include_str!("../../../themes/nord.toml")),
    ("solarized-light", include_str!("../../../themes/solarized-light.toml")),
    ("tokyo-night", include_str!("../../../themes/tokyo-night.toml")),
];

/// The texts of themes by name. Whoever reads files adds them here; nothing is read in this module.
#[derive(Debug, Clone)]
pub struct Themes {
    texts: BTreeMap<String, String>,
}

impl Themes {
    /// The ones that ship.
    pub fn shipped() -> Self {
        Self { texts: SHIPPED.map(|(name, text)| (name.to_owned(), text.to_owned())).into() }
    }

    /// Adds a theme, or puts it in the place of the one of that name.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.texts.insert(name.into(), text.into());
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// Reads a theme and everything that it inherits from.
    ///
    /// A child's palette also recolours the roles that its parents wrote; a child's role takes the place of its
    /// parent's role of the same name.
    ///
    /// # Errors
    /// Everything that is wrong with all of these files.
    pub fn theme(&self, name: &str) -> Result<Theme, ThemeError> {
        let mut problems = Vec::new();
        let line = self.line(name, &mut problems);
        let theme = Assembly::new(&line).theme(name, &mut problems);
        match theme {
            Some(theme) if problems.is_empty() => Ok(theme),
            _ => {
                problems.sort();
                problems.dedup();
                Err(ThemeError { problems })
            }
        }
    }

    /// The theme and its parents, itself first.
    fn line(&self, name: &str, problems: &mut Vec<Problem>) -> Vec<(String, Sheet)> {
        let mut line: Vec<(String, Sheet)> = Vec::new();
        let mut wanted = Some(Written { name: name.to_owned(), line: 1 });
        while let Some(Written { name, line: at }) = wanted {
            let by = line.last().map_or_else(|| name.clone(), |(child, _)| child.clone());
            if let Some(ring) = line.iter().position(|(seen, _)| *seen == name) {
                let mut ring: Vec<String> = line[ring..].iter().map(|(name, _)| name.clone()).collect();
                ring.push(name);
                problems.push(Problem { theme: by, line: at, flaw: Flaw::Ring(ring) });
                break;
            }
            let Some(text) = self.texts.get(&name) else {
                let nearest = nearest(&name, self.names());
                problems.push(Problem { theme: by, line: at, flaw: Flaw::UnknownTheme { name, nearest } });
                break;
            };
            let sheet = Sheet::read(&name, text, problems);
            wanted = sheet.inherits.clone();
            line.push((name, sheet));
        }
        line
    }
}

impl Default for Themes {
    fn default() -> Self {
        Self::shipped()
    }
}

/// Sheets laid over each other.
struct Assembly<'s> {
    line: &'s [(String, Sheet)],
    palette: BTreeMap<String, Color>,
    /// Each with the theme that wrote it.
    roles: BTreeMap<&'s str, (&'s str, &'s Spec)>,
}

impl<'s> Assembly<'s> {
    fn new(line: &'s [(String, Sheet)]) -> Self {
        let mut all = Self { line, palette: BTreeMap::new(), roles: BTreeMap::new() };
        for (theme, sheet) in line.iter().rev() {
            all.palette.extend(sheet.palette.iter().map(|(name, color)| (name.clone(), *color)));
            all.roles.extend(sheet.roles.iter().map(|(name, spec)| (name.as_str(), (theme.as_str(), spec))));
        }
        all
    }

    fn theme(self, name: &str, problems: &mut Vec<Problem>) -> Option<Theme> {
        let own: BTreeMap<&str, Style> =
            self.roles.iter().map(|(role, (theme, spec))| (*role, self.style(theme, spec, problems))).collect();
        let mut styles = [Style::new(); STYLES];
        for (role, style) in Role::ALL.iter().zip(&mut styles) {
            *style = role.chain().filter_map(|name| own.get(name)).fold(Style::new(), |all, one| all.patch(*one));
        }
        let names = self.line.iter().find_map(|(theme, sheet)| Some((theme, sheet.names.as_ref()?)));
        let names = names.map(|(theme, names)| {
            names.iter().filter_map(|name| self.colour(theme, name, problems)).collect::<Vec<Color>>()
        });
        let background = self.line.iter().find_map(|(_, sheet)| sheet.background);
        // Beside another problem this one may follow from it.
        if background.is_none() && problems.is_empty() {
            problems.push(Problem { theme: name.to_owned(), line: 1, flaw: Flaw::NoBackground });
        }
        Some(Theme {
            name: name.to_owned(),
            styles,
            names: names.unwrap_or_default(),
            background: background?,
            paint_background: self.line.iter().find_map(|(_, sheet)| sheet.paint_background).unwrap_or(false),
            palette: self.palette,
        })
    }

    fn style(&self, theme: &str, spec: &Spec, problems: &mut Vec<Problem>) -> Style {
        let mut colour = |name: &Option<Written>| name.as_ref().and_then(|name| self.colour(theme, name, problems));
        let (fg, bg) = (colour(&spec.fg), colour(&spec.bg));
        Style { fg, bg, ..Style::new() }.add_modifier(spec.on).remove_modifier(spec.off)
    }

    fn colour(&self, theme: &str, written: &Written, problems: &mut Vec<Problem>) -> Option<Color> {
        let Written { name, line } = written;
        let found = lookup(&self.palette, name);
        if found.is_none() {
            let flaw = unknown_colour(&self.palette, name);
            problems.push(Problem { theme: theme.to_owned(), line: *line, flaw });
        }
        found
    }
}

/// A colour by its name in a palette, or by itself.
pub(super) fn lookup(palette: &BTreeMap<String, Color>, name: &str) -> Option<Color> {
    palette.get(name).copied().or_else(|| colour::parse(name))
}

/// That there is no such colour, with the nearest.
pub(super) fn unknown_colour(palette: &BTreeMap<String, Color>, name: &str) -> Flaw {
    let near = nearest(name, palette.keys().map(String::as_str).chain(colour::names()));
    Flaw::UnknownColour { name: name.to_owned(), nearest: near }
}
