//! `qqdeck attach`: the console of the running bot, in this terminal.

use std::env;

use super::output::{End, is_terminal};
use super::place::Place;
use super::relay::{self, Reach};
use super::usage::bad_value;
use crate::console::Depth;
use crate::serve::hello::Hello;
use crate::serve::socket;
use crate::words::{Exit, Lang};

/// Options of `attach`.
#[derive(Debug, Default, clap::Args)]
pub struct Attach {
    /// Only look
    #[arg(long)]
    read_only: bool,
    /// Colours: auto, none, 16, 256 or rgb [default: by NO_COLOR, COLORTERM, TERM]
    #[arg(long, value_name = "DEPTH")]
    color: Option<String>,
    /// Draw with ASCII only, as console.ascii = true does, this once
    #[arg(long)]
    ascii: bool,
}

/// What `--color` asks for; `None`: nothing.
///
/// # Errors
/// No such number of colours.
pub fn depth(color: Option<&str>) -> Result<Option<Depth>, Exit> {
    match color {
        None | Some("auto") => Ok(None),
        Some(name) => {
            Depth::parse(name).map(Some).ok_or_else(|| bad_value("--color", name, "auto, none, 16, 256, rgb"))
        }
    }
}

impl Attach {
    /// Attaches until the operator leaves.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let depth = depth(self.color.as_deref())?;
        if !is_terminal() {
            return Err(Exit::NoTerminal.into());
        }
        let ascii = self.ascii || place.ascii;
        let hello = Hello { read_only: self.read_only, ascii, ..hello(place.lang, depth) };
        let data = place.data()?;
        socket::await_start(&data);
        relay::run(Reach::Socket(socket::path(&data)), hello)
    }
}

/// The hello of this terminal; its colours by the environment unless they are given.
pub fn hello(lang: Lang, depth: Option<Depth>) -> Hello {
    let variable = |name| env::var(name).unwrap_or_default();
    let term = variable("TERM");
    let forced = depth.is_some() || !variable("NO_COLOR").is_empty();
    let depth = depth.unwrap_or_else(|| by_environment(&variable("NO_COLOR"), &variable("COLORTERM"), &term));
    let remote = ["SSH_CONNECTION", "SSH_TTY"].into_iter().any(|name| env::var_os(name).is_some());
    Hello { remote, forced, ..Hello::attach(lang, (0, 0), term, depth) }
}

/// The colours that a terminal shows, as far as the environment tells. SSH does not forward `COLORTERM`, so terminals
/// that have all colours are also known by their name.
fn by_environment(no_color: &str, color_term: &str, term: &str) -> Depth {
    let term = term.to_ascii_lowercase();
    let of = |names: &[&str]| names.iter().any(|name| term.contains(name));
    if !no_color.is_empty() || term.is_empty() || of(&["dumb", "vt100", "vt220", "-mono", "-m"]) {
        Depth::None
    } else if matches!(color_term, "truecolor" | "24bit")
        || of(&["direct", "truecolor", "kitty", "ghostty", "wezterm", "alacritty", "foot"])
    {
        Depth::Rgb
    } else if of(&["256"]) {
        Depth::Ansi256
    } else {
        Depth::Ansi16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_environment() {
        assert_eq!(by_environment("", "truecolor", "xterm-256color"), Depth::Rgb);
        assert_eq!(by_environment("1", "truecolor", "xterm-256color"), Depth::None);
        assert_eq!(by_environment("", "", "xterm-256color"), Depth::Ansi256);
        assert_eq!(by_environment("", "", "xterm-kitty"), Depth::Rgb);
        assert_eq!(by_environment("", "", "linux"), Depth::Ansi16);
        for plain in ["", "dumb", "vt100", "xterm-mono"] {
            assert_eq!(by_environment("", "", plain), Depth::None, "{plain}");
        }
    }
}
