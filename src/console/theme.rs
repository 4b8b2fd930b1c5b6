//! Styles by what they mean.
//!
//! Views ask a [`Theme`] for the style of a [`Role`]; no colour is named anywhere else. Themes are TOML texts
//! ([`Themes`]) that may inherit from each other, so that most are a palette and little more. `docs/themes.md` is
//! written by [`docs()`] from the same tables.
//!
//! A theme is made for a terminal background, which it declares and does not paint unless it says so; hence a role
//! that has a background always has a foreground too. Once a session knows how many colours its terminal has
//! ([`Depth`]) it takes the theme [`Theme::at`] that depth.

use std::collections::BTreeMap;

use ratatui::style::{Color, Style};

pub mod colour;
mod depth;
mod docs;
mod glyphs;
mod library;
mod problem;
mod role;
mod sheet;

pub use depth::Depth;
pub use docs::docs;
pub use glyphs::{Glyph, Glyphs};
pub use library::Themes;
pub use problem::{Flaw, Problem, ThemeError};
pub use role::{Ink, Role};

use colour::Rgb;

const STYLES: usize = Role::ALL.len();

/// A style for every role.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    name: String,
    styles: [Style; STYLES],
    /// For the names of people.
    names: Vec<Color>,
    background: Rgb,
    paint_background: bool,
    /// Kept for accents by name.
    palette: BTreeMap<String, Color>,
}

impl Theme {
    /// No colours and no emphasis: what is left where not even a shipped theme can be read.
    pub fn plain() -> Self {
        Self {
            name: String::new(),
            styles: [Style::new(); STYLES],
            names: Vec::new(),
            background: (0, 0, 0),
            paint_background: false,
            palette: BTreeMap::new(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// What every cell begins from: nothing, or the theme's background where it paints it.
    pub fn base(&self) -> Style {
        if !self.paint_background {
            return Style::new();
        }
        let (r, g, b) = self.background;
        Style { bg: Some(Color::Rgb(r, g, b)), ..self.style(Role::Text) }
    }

    /// The same theme over a terminal's background, which is left as it is, transparent or not, where the theme can
    /// be read on it; else the theme's own is painted. Where the terminal did not tell, that is done only for a theme
    /// that somebody `chose`. A theme without colours fits everywhere.
    pub fn over(mut self, terminal: Option<Rgb>, chosen: bool) -> Self {
        let unfit = terminal.map_or(chosen, |ground| !self.can_be_read_on(ground));
        self.paint_background |= unfit && self.is_coloured();
        self
    }

    /// Whether what stands on no background of its own stands out from this one.
    fn can_be_read_on(&self, ground: Rgb) -> bool {
        Role::ALL.iter().all(|role| {
            let style = self.style(*role);
            let least = match role.ink() {
                Ink::Text => 3.0,
                Ink::Dim => 2.2,
                Ink::Ornament => return true,
            };
            let fg = style.fg.and_then(colour::rgb);
            style.bg.is_some() || fg.is_none_or(|fg| colour::contrast(fg, ground) >= least)
        })
    }

    /// The background that it is made for.
    pub fn background(&self) -> Rgb {
        self.background
    }

    /// Whether it is made for a light background.
    pub fn is_light(&self) -> bool {
        is_light(self.background)
    }

    /// The style of a person's name: always the same colour for the same account.
    pub fn name_of(&self, account: u64) -> Style {
        let style = self.style(Role::NameUser);
        // Neighbouring numbers must not get neighbouring colours in turn: people register in rows.
        let mixed = account.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let picked = usize::try_from(mixed).unwrap_or(0).checked_rem(self.names.len());
        picked.and_then(|at| self.names.get(at)).map_or(style, |color| style.fg(*color))
    }

    /// The colours of people's names.
    pub fn name_colours(&self) -> &[Color] {
        &self.names
    }

    /// The same theme with the accent of an instance: a colour of the theme's palette, of the terminal, or
    /// hexadecimal. The instance's name stands on it, in black or white. A theme without colours stays as it is.
    ///
    /// # Errors
    /// There is no such colour: [`Flaw::UnknownColour`].
    pub fn with_accent(mut self, accent: &str) -> Result<Self, Flaw> {
        let color =
            library::lookup(&self.palette, accent).ok_or_else(|| library::unknown_colour(&self.palette, accent))?;
        if let (Some(rgb), true) = (colour::rgb(color), self.is_coloured()) {
            let style = &mut self.styles[Role::HeaderAccent as usize];
            *style = style.fg(colour::ink_on(rgb)).bg(color);
        }
        Ok(self)
    }

    /// The same theme in the colours that a terminal has. Take it last: what is reduced is not refined again.
    pub fn at(mut self, depth: Depth) -> Self {
        for style in &mut self.styles {
            *style = depth.style(*style);
        }
        for color in &mut self.names {
            *color = depth.reduce(*color);
        }
        if depth == Depth::None {
            self.names.clear();
            self.paint_background = false;
        }
        self
    }

    fn is_coloured(&self) -> bool {
        self.styles.iter().any(|style| style.fg.is_some() || style.bg.is_some())
    }
}

/// The name of the theme to take.
///
/// Without colours always `mono`; else the one that is configured. For `auto` the terminal's answer about its
/// background decides (OSC 11), else what `COLORFGBG` says (`15;0`: the last number is the background's), else
/// `dark`.
pub fn choose<'n>(configured: &'n str, depth: Depth, background: Option<Rgb>, colorfgbg: Option<&str>) -> &'n str {
    if depth == Depth::None {
        return "mono";
    }
    if configured != "auto" {
        return configured;
    }
    let hinted = || {
        let last = colorfgbg?.rsplit(';').next()?.trim().parse::<u8>().ok()?;
        Some(matches!(last, 7 | 9..=15))
    };
    if background.map(is_light).or_else(hinted).unwrap_or(false) { "light" } else { "dark" }
}

/// A shipped theme as one session wears it: with its instance's accent, where there is such a colour, in the
/// colours of its terminal. `None`: no such theme.
pub fn dress(name: &str, accent: &str, depth: Depth) -> Option<Theme> {
    let theme = Themes::shipped().theme(name).ok()?;
    let plain = theme.clone();
    Some(theme.with_accent(accent).unwrap_or(plain).at(depth))
}

/// Whether black is read better than white on it.
fn is_light(background: Rgb) -> bool {
    colour::luminance(background) > 0.179
}

#[cfg(test)]
mod tests;
