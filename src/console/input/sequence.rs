//! What whole sequences mean: xterm and VT keys, rxvt's own, the Linux console's, CSI u of the newer protocols,
//! mouse reports, and the one reply that is of use.

use super::{Button, Code, Event, Key, Mods, Mouse, MouseAct};

/// Meaning of a CSI sequence.
pub(super) enum CsiMeaning {
    /// A key, the mouse, the focus.
    Event(Event),
    /// A paste begins.
    Paste,
    /// A reply, a release, or something unknown.
    Nothing,
}

/// A byte below 80 that is no ESC.
pub(super) fn ascii(byte: u8) -> Key {
    match byte {
        0 => Key::new(Code::Char(' '), Mods::CTRL),
        b'\t' => Key::plain(Code::Tab),
        b'\r' => Key::plain(Code::Enter),
        0x7f => Key::plain(Code::Backspace),
        0x01..=0x1a => Key::new(Code::Char(char::from(byte - 1 + b'a')), Mods::CTRL),
        0x1b..=0x1f => Key::new(Code::Char(char::from(byte - 0x1b + b'[')), Mods::CTRL),
        _ => Key::char(char::from(byte)),
    }
}

/// `CSI body last`.
pub(super) fn csi(body: &[u8], last: u8) -> CsiMeaning {
    if let (Some((b'<', body)), b'M' | b'm') = (body.split_first(), last) {
        return sgr_mouse(body, last == b'm')
            .map_or(CsiMeaning::Nothing, |mouse| CsiMeaning::Event(Event::Mouse(mouse)));
    }
    // Private markers and intermediate bytes stand in replies only.
    if !body.iter().all(|b| matches!(b, b'0'..=b'9' | b';' | b':')) {
        return CsiMeaning::Nothing;
    }
    match (body, last) {
        (b"", b'I') => return CsiMeaning::Event(Event::Focus(true)),
        (b"", b'O') => return CsiMeaning::Event(Event::Focus(false)),
        (b"200", b'~') => return CsiMeaning::Paste,
        _ => {}
    }
    key(&Params::new(body), last).map_or(CsiMeaning::Nothing, |key| CsiMeaning::Event(Event::Key(key)))
}

/// `SS3 body last`: application cursor keys, F1 to F4, the number block.
pub(super) fn ss3(body: &[u8], last: u8) -> Option<Key> {
    let params = Params::new(body);
    // Old xterm has the modifier alone (`ESC O 5 P`), newer ones `1;5`.
    let mods = mods(params.get(1).or(params.get(0)))?;
    let code = match last {
        b'A'..=b'D' | b'F' | b'H' | b'P'..=b'S' => letter(last)?,
        b'M' => Code::Enter,
        b'I' => Code::Tab,
        b' ' => Code::Char(' '),
        b'X' => Code::Char('='),
        // The number block in application mode is ASCII moved up by 40 hex.
        b'j'..=b'y' => Code::Char(char::from(last - 0x40)),
        // rxvt: Ctrl with an arrow.
        b'a'..=b'd' => return Some(Key::new(letter(last.to_ascii_uppercase())?, mods.with(Mods::CTRL))),
        _ => return None,
    };
    Some(Key::new(code, mods))
}

/// Numbers of a sequence, `;` between them; `:` divides a number's own parts.
struct Params<'a>(Vec<&'a str>);

impl<'a> Params<'a> {
    fn new(body: &'a [u8]) -> Self {
        Self(std::str::from_utf8(body).unwrap_or_default().split(';').collect())
    }

    /// The first part of the number at `at`; `None` when left out.
    fn get(&self, at: usize) -> Option<u32> {
        self.part(at, 0)
    }

    fn part(&self, at: usize, part: usize) -> Option<u32> {
        self.0.get(at)?.split(':').nth(part)?.parse().ok()
    }
}

fn key(params: &Params<'_>, last: u8) -> Option<Key> {
    // The second part of the modifiers is 3 when the key goes up.
    if params.part(1, 1) == Some(3) {
        return None;
    }
    match last {
        // `CSI 1;5R` is Ctrl-F3, and also what the cursor's position in the first row looks like. That one is
        // never asked for; positions of other rows are swallowed.
        b'R' if params.get(0).unwrap_or(1) != 1 => None,
        b'A'..=b'D' | b'F' | b'H' | b'P'..=b'S' => Some(Key::new(letter(last)?, mods(params.get(1))?)),
        b'Z' => Some(Key::new(Code::Tab, mods(params.get(1))?.with(Mods::SHIFT))),
        b'a'..=b'd' if params.get(0).is_none() => Some(Key::new(letter(last.to_ascii_uppercase())?, Mods::SHIFT)),
        b'~' if params.get(0) == Some(27) => unicode(params.get(2)?, mods(params.get(1))?),
        b'~' => Some(Key::new(number(params.get(0)?)?, mods(params.get(1))?)),
        // rxvt marks the modifier with the final byte.
        b'^' => Some(Key::new(number(params.get(0)?)?, Mods::CTRL)),
        b'$' => Some(Key::new(number(params.get(0)?)?, Mods::SHIFT)),
        b'@' => Some(Key::new(number(params.get(0)?)?, Mods::CTRL.with(Mods::SHIFT))),
        b'u' => csi_u(params),
        _ => None,
    }
}

/// The modifier number: 1 and a bit for each. `None` with Super or Hyper, for those chords belong to somebody
/// else and must not type their letter here; locks do not matter.
fn mods(number: Option<u32>) -> Option<Mods> {
    let bits = number.unwrap_or(1).saturating_sub(1);
    if bits & (8 | 16) != 0 {
        return None;
    }
    let mut held = Mods::NONE;
    for (bit, one) in [(1, Mods::SHIFT), (2, Mods::ALT), (4, Mods::CTRL), (32, Mods::ALT)] {
        held = if bits & bit != 0 { held.with(one) } else { held };
    }
    Some(held)
}

fn letter(last: u8) -> Option<Code> {
    Some(match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        b'P'..=b'S' => Code::F(last - b'P' + 1),
        _ => return None,
    })
}

/// Keys with a number. The gaps are VT220's: its keyboard had gaps there.
fn number(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F((number - 10) as u8),
        17..=21 => Code::F((number - 11) as u8),
        23..=26 => Code::F((number - 12) as u8),
        28 | 29 => Code::F((number - 13) as u8),
        31..=34 => Code::F((number - 14) as u8),
        _ => return None,
    })
}

/// `CSI code:shifted ; modifiers:event ; text u`.
fn csi_u(params: &Params<'_>) -> Option<Key> {
    let held = mods(params.get(1))?;
    match params.get(0)? {
        // Text without a key, from an input method.
        0 => unicode(params.get(2)?, Mods::NONE),
        code => {
            // The shifted character, where reported, is what the keyboard's layout makes of Shift.
            let shifted = params.part(0, 1).filter(|_| held.has(Mods::SHIFT) && !held.has(Mods::CTRL));
            match shifted {
                Some(shifted) => unicode(shifted, held.without(Mods::SHIFT)),
                None => unicode(code, held),
            }
        }
    }
}

/// A key by its code point; special keys have the control characters and a private area.
fn unicode(code: u32, held: Mods) -> Option<Key> {
    let code = match code {
        8 | 127 => Code::Backspace,
        9 => Code::Tab,
        13 => Code::Enter,
        27 => Code::Esc,
        57_376..=57_398 => Code::F((code - 57_363) as u8),
        57_399..=57_408 => Code::Char(char::from(b'0' + (code - 57_399) as u8)),
        57_409 => Code::Char('.'),
        57_410 => Code::Char('/'),
        57_411 => Code::Char('*'),
        57_412 => Code::Char('-'),
        57_413 => Code::Char('+'),
        57_414 => Code::Enter,
        57_415 => Code::Char('='),
        57_416 => Code::Char(','),
        57_417 => Code::Left,
        57_418 => Code::Right,
        57_419 => Code::Up,
        57_420 => Code::Down,
        57_421 => Code::PageUp,
        57_422 => Code::PageDown,
        57_423 => Code::Home,
        57_424 => Code::End,
        57_425 => Code::Insert,
        57_426 => Code::Delete,
        // Locks, media keys, modifiers pressed alone.
        57_344..=63_743 => return None,
        _ => Code::Char(char::from_u32(code).filter(|c| !c.is_control())?),
    };
    Some(Key::new(code, held))
}

/// `b;x;y`, counted from 1.
fn sgr_mouse(body: &[u8], up: bool) -> Option<Mouse> {
    let params = Params::new(body);
    let place = |at| params.get(at).and_then(|n| u16::try_from(n.checked_sub(1)?).ok());
    let (bits, x, y) = (params.get(0)?, place(1)?, place(2)?);
    mouse(bits, x, y, up)
}

/// Three bytes, each with 32 added; places count from 1.
pub(super) fn x10_mouse(bits: u8, x: u8, y: u8) -> Option<Mouse> {
    let place = |n: u8| u16::from(n).saturating_sub(33);
    mouse(bits.into(), place(x), place(y), false)
}

fn mouse(bits: u32, x: u16, y: u16, up: bool) -> Option<Mouse> {
    let button = match bits & 3 {
        0 => Some(Button::Left),
        1 => Some(Button::Middle),
        2 => Some(Button::Right),
        _ => None,
    };
    let act = match (bits & !0x1f & 0xff, bits & 0x20, button) {
        (0x40, ..) => match bits & 3 {
            0 => MouseAct::ScrollUp,
            1 => MouseAct::ScrollDown,
            2 => MouseAct::ScrollLeft,
            _ => MouseAct::ScrollRight,
        },
        (0x00 | 0x20, 0x20, Some(button)) => MouseAct::Drag(button),
        (0x00 | 0x20, 0x20, None) => MouseAct::Move,
        (0x00, _, Some(button)) if up => MouseAct::Up(button),
        (0x00, _, Some(button)) => MouseAct::Down(button),
        (0x00, _, None) => MouseAct::Up(Button::Left),
        _ => return None,
    };
    let mut mods = Mods::NONE;
    for (bit, one) in [(4, Mods::SHIFT), (8, Mods::ALT), (16, Mods::CTRL)] {
        mods = if bits & bit != 0 { mods.with(one) } else { mods };
    }
    Some(Mouse { act, x, y, mods })
}

/// `11;rgb:RRRR/GGGG/BBBB`, each part one to four hex digits, or `11;#RRGGBB`.
pub(super) fn background(body: &[u8]) -> Option<Event> {
    let value = std::str::from_utf8(body).ok()?.strip_prefix("11;")?;
    if let Some(hex) = value.strip_prefix('#').filter(|hex| hex.len() == 6) {
        let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
        return Some(Event::Background(part(0)?, part(2)?, part(4)?));
    }
    let parts = value.strip_prefix("rgb:").or_else(|| value.strip_prefix("rgba:"))?;
    let mut parts = parts.split('/').map(|part| {
        let most = (1_u32 << (4 * part.len().clamp(1, 4))) - 1;
        let value = u32::from_str_radix(part, 16).ok().filter(|value| *value <= most)?;
        u8::try_from(value * 255 / most).ok()
    });
    let mut next = || parts.next().flatten();
    Some(Event::Background(next()?, next()?, next()?))
}
