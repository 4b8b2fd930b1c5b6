//! Bytes, cut anywhere, become events. A state machine that takes one byte after the other, so that where the
//! network cut the bytes cannot matter; the only thing that time decides is what [`Decoder::flush`] is for.

use std::time::Duration;

use super::paste::Pasting;
use super::sequence::{self, CsiMeaning};
use super::{Code, Event, Key, Mods};

/// Longest body of a CSI sequence that is looked at. Longer ones are swallowed up to their final byte.
const CSI_CAP: usize = 64;
/// Of an OSC string, this much is kept; the colour replies are shorter.
const OSC_KEPT: usize = 64;
/// After this much of a string without an end, what follows is read as keys again.
const STRING_CAP: usize = 64 << 10;

/// An Esc alone: is it the key or the beginning of a sequence? Cut at 40 ms in tests over real links.
const ESCAPE_WAIT: Duration = Duration::from_millis(40);
/// Inside a sequence. Longer than for Esc alone, because the rest of a split sequence read as keys does harm.
const SEQUENCE_WAIT: Duration = Duration::from_millis(250);
/// Inside a string, that is a reply of the terminal: it may be long and late.
const STRING_WAIT: Duration = Duration::from_secs(1);
/// Inside a paste whose end does not come.
const PASTE_WAIT: Duration = Duration::from_secs(5);

/// Turns what a terminal sends into [`Event`]s.
///
/// Replies of the terminal (device attributes, cursor position, modes, colours, versions, keyboard protocol) are
/// swallowed; memory is bounded, whatever comes; after any garbage an ended sequence leaves it ready for keys.
#[derive(Debug, Default)]
pub struct Decoder {
    state: State,
    /// Body of the sequence that is coming in.
    body: Vec<u8>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// Part of a UTF-8 character is in the body; of `need` bytes.
    Utf8 {
        need: usize,
        alt: bool,
    },
    /// ESC. `twice`: ESC ESC, which is Alt with the sequence that follows, or the key twice.
    Escape {
        twice: bool,
    },
    /// ESC `[`.
    Csi {
        alt: bool,
    },
    /// ESC `[` and more than [`CSI_CAP`].
    CsiLong,
    /// ESC `[` `[`: the Linux console's F1 to F5.
    Linux {
        alt: bool,
    },
    /// ESC `[` `M`: three bytes of an X10 mouse report follow.
    X10,
    /// ESC `O`.
    Ss3 {
        alt: bool,
    },
    /// ESC and one of `]` `P` `X` `^` `_`: a string up to ST, BEL, CAN, SUB or ESC.
    Text {
        introducer: u8,
        length: usize,
    },
    /// The ESC which may be the first half of ST. `bare`: the string has nothing in it so far.
    TextEscape {
        introducer: u8,
        bare: bool,
    },
    Paste(Pasting),
}

impl Decoder {
    /// A decoder for a new session.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what was read and appends what it means to `out`.
    pub fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<Event>) {
        loop {
            if let State::Paste(paste) = &mut self.state {
                let Some(rest) = paste.take(bytes) else { return };
                bytes = rest;
                self.end_paste(out);
            }
            let Some((&byte, rest)) = bytes.split_first() else { return };
            bytes = rest;
            self.step(byte, out);
        }
    }

    /// How long to wait for more bytes before [`Decoder::flush`]; `None` when nothing is pending. Counted from
    /// the newest byte: the caller has the clock.
    pub fn patience(&self) -> Option<Duration> {
        match &self.state {
            State::Ground => None,
            State::Escape { .. } | State::Ss3 { .. } => Some(ESCAPE_WAIT),
            State::Csi { .. } if self.body.is_empty() => Some(ESCAPE_WAIT),
            State::Text { length: 0, .. } => Some(ESCAPE_WAIT),
            State::Text { .. } => Some(STRING_WAIT),
            State::Paste(_) => Some(PASTE_WAIT),
            _ => Some(SEQUENCE_WAIT),
        }
    }

    /// Whether bytes are pending whose meaning is not decided.
    pub fn is_waiting(&self) -> bool {
        self.patience().is_some()
    }

    /// The time is up: what is pending is all there is. An Esc becomes the key, ESC `[` becomes Alt-`[`, a half
    /// sequence or reply is dropped, a paste is given as far as it came.
    pub fn flush(&mut self, out: &mut Vec<Event>) {
        let bare = self.body.is_empty();
        match std::mem::take(&mut self.state) {
            State::Escape { twice } => {
                press(out, Code::Esc, Mods::NONE);
                if twice {
                    press(out, Code::Esc, Mods::NONE);
                }
            }
            State::Csi { alt } if bare => bracket(out, '[', alt),
            State::Ss3 { alt } if bare => bracket(out, 'O', alt),
            State::Text { introducer, length: 0 } => bracket(out, char::from(introducer), false),
            State::TextEscape { introducer, bare: true } => {
                bracket(out, char::from(introducer), false);
                press(out, Code::Esc, Mods::NONE);
            }
            State::Paste(paste) => out.push(Event::Paste(paste.finish())),
            _ => {}
        }
        self.body.clear();
    }

    fn end_paste(&mut self, out: &mut Vec<Event>) {
        if let State::Paste(paste) = std::mem::take(&mut self.state) {
            out.push(Event::Paste(paste.finish()));
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<Event>) {
        match self.state {
            State::Ground | State::Paste(_) => self.ground(byte, false, out),
            State::Utf8 { need, alt } => self.utf8(byte, need, alt, out),
            State::Escape { twice } => self.escape(byte, twice, out),
            State::Csi { alt } => self.csi(byte, alt, out),
            State::CsiLong => match byte {
                b' '..=b'?' => {}
                b'@'..=b'~' => self.reset(),
                _ => self.again(byte, out),
            },
            State::Linux { alt } => match byte {
                b'A'..=b'E' => {
                    self.reset();
                    press(out, Code::F(byte - b'A' + 1), if alt { Mods::ALT } else { Mods::NONE });
                }
                b' '..=b'~' => self.reset(),
                _ => self.again(byte, out),
            },
            State::X10 => self.x10(byte, out),
            State::Ss3 { alt } => self.ss3(byte, alt, out),
            State::Text { introducer, length } => self.text(byte, introducer, length, out),
            State::TextEscape { introducer, bare } => self.text_escape(byte, introducer, bare, out),
        }
    }

    /// Drops what is pending.
    fn reset(&mut self) {
        self.state = State::Ground;
        self.body.clear();
    }

    /// Drops what is pending because this byte cannot belong to it, and reads the byte afresh.
    fn again(&mut self, byte: u8, out: &mut Vec<Event>) {
        self.reset();
        // CAN and SUB are how a sender takes a sequence back; they are keys only outside of one.
        if !matches!(byte, 0x18 | 0x1a) {
            self.ground(byte, false, out);
        }
    }

    fn ground(&mut self, byte: u8, alt: bool, out: &mut Vec<Event>) {
        let need = match byte {
            0x1b => {
                self.state = State::Escape { twice: false };
                return;
            }
            0..=0x7f => {
                let key = sequence::ascii(byte);
                press(out, key.code(), key.mods().with(if alt { Mods::ALT } else { Mods::NONE }));
                return;
            }
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            // C1 controls as bytes, and what UTF-8 never holds.
            _ => return,
        };
        self.body.clear();
        self.body.push(byte);
        self.state = State::Utf8 { need, alt };
    }

    fn utf8(&mut self, byte: u8, need: usize, alt: bool, out: &mut Vec<Event>) {
        if byte & 0xc0 != 0x80 {
            return self.again(byte, out);
        }
        self.body.push(byte);
        if self.body.len() < need {
            return;
        }
        let char = std::str::from_utf8(&self.body).ok().and_then(|text| text.chars().next());
        self.reset();
        // Overlong forms and surrogates are no characters; C1 controls are no keys.
        if let Some(c) = char.filter(|c| !c.is_control()) {
            press(out, Code::Char(c), if alt { Mods::ALT } else { Mods::NONE });
        }
    }

    fn escape(&mut self, byte: u8, twice: bool, out: &mut Vec<Event>) {
        self.body.clear();
        match byte {
            b'[' => self.state = State::Csi { alt: twice },
            b'O' => self.state = State::Ss3 { alt: twice },
            0x1b => {
                // Of three, the first was certainly the key.
                if twice {
                    press(out, Code::Esc, Mods::NONE);
                }
                self.state = State::Escape { twice: true };
            }
            _ => {
                if twice {
                    press(out, Code::Esc, Mods::NONE);
                }
                self.state = State::Ground;
                match byte {
                    b']' | b'P' | b'X' | b'^' | b'_' => self.state = State::Text { introducer: byte, length: 0 },
                    _ => self.ground(byte, true, out),
                }
            }
        }
    }

    fn csi(&mut self, byte: u8, alt: bool, out: &mut Vec<Event>) {
        match byte {
            b'[' if self.body.is_empty() => self.state = State::Linux { alt },
            b'M' if self.body.is_empty() => self.state = State::X10,
            // rxvt ends Shift with a key in `$`, which elsewhere is never the end (`CSI ? 2026 ; 2 $ y`).
            b'$' if self.body.iter().all(u8::is_ascii_digit) && !self.body.is_empty() => self.end_csi(byte, alt, out),
            b' '..=b'?' if self.body.len() == CSI_CAP => self.state = State::CsiLong,
            b' '..=b'?' => self.body.push(byte),
            b'@'..=b'~' => self.end_csi(byte, alt, out),
            _ => self.again(byte, out),
        }
    }

    fn end_csi(&mut self, last: u8, alt: bool, out: &mut Vec<Event>) {
        self.state = State::Ground;
        match sequence::csi(&self.body, last) {
            CsiMeaning::Event(Event::Key(key)) if alt => press(out, key.code(), key.mods().with(Mods::ALT)),
            CsiMeaning::Event(event) => out.push(event),
            CsiMeaning::Paste => self.state = State::Paste(Pasting::default()),
            CsiMeaning::Nothing => {}
        }
        self.body.clear();
    }

    fn x10(&mut self, byte: u8, out: &mut Vec<Event>) {
        // Every value has 32 added; a control byte means that this was no report, or half of one.
        if byte < b' ' {
            return self.again(byte, out);
        }
        self.body.push(byte);
        if let [b, x, y] = self.body[..] {
            self.reset();
            out.extend(sequence::x10_mouse(b - b' ', x, y).map(Event::Mouse));
        }
    }

    fn ss3(&mut self, byte: u8, alt: bool, out: &mut Vec<Event>) {
        match byte {
            b'0'..=b'9' | b';' if self.body.len() < 8 => self.body.push(byte),
            b' '..=b'~' => {
                let key = sequence::ss3(&self.body, byte);
                let bare = self.body.is_empty();
                self.reset();
                match key {
                    Some(key) => press(out, key.code(), key.mods().with(if alt { Mods::ALT } else { Mods::NONE })),
                    // Nobody's sequence: Alt-O, and then a key.
                    None if bare => {
                        bracket(out, 'O', alt);
                        self.ground(byte, false, out);
                    }
                    None => {}
                }
            }
            _ => {
                if self.body.is_empty() {
                    bracket(out, 'O', alt);
                }
                self.reset();
                self.ground(byte, false, out);
            }
        }
    }

    fn text(&mut self, byte: u8, introducer: u8, length: usize, out: &mut Vec<Event>) {
        match byte {
            0x07 => self.end_text(introducer == b']', out),
            0x1b => self.state = State::TextEscape { introducer, bare: length == 0 },
            0x18 | 0x1a => self.reset(),
            _ if length >= STRING_CAP => self.again(byte, out),
            _ => {
                if self.body.len() < OSC_KEPT {
                    self.body.push(byte);
                }
                self.state = State::Text { introducer, length: length + 1 };
            }
        }
    }

    fn text_escape(&mut self, byte: u8, introducer: u8, bare: bool, out: &mut Vec<Event>) {
        if byte == b'\\' {
            return self.end_text(introducer == b']', out);
        }
        // The string was never ended and the ESC begins something new; an empty one was Alt with a key.
        if bare {
            bracket(out, char::from(introducer), false);
        }
        self.reset();
        self.escape(byte, false, out);
    }

    fn end_text(&mut self, osc: bool, out: &mut Vec<Event>) {
        if osc {
            out.extend(sequence::background(&self.body));
        }
        self.reset();
    }

    /// Bytes held, for the test of bounds.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let paste = if let State::Paste(paste) = &self.state { paste.held() } else { 0 };
        self.body.capacity() + paste
    }
}

/// A key event.
fn press(out: &mut Vec<Event>, code: Code, mods: Mods) {
    out.push(Event::Key(Key::new(code, mods)));
}

/// An introducer that introduced nothing was typed with Alt; behind a second ESC, that one was the Esc key.
fn bracket(out: &mut Vec<Event>, c: char, twice: bool) {
    if twice {
        press(out, Code::Esc, Mods::NONE);
    }
    press(out, Code::Char(c), Mods::ALT);
}
