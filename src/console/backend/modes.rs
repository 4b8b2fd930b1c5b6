//! What a terminal is told when the console begins and ends, and between frames. Undone in the reverse order.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use unicode_width::UnicodeWidthChar;

use crate::config::Ring;

/// Longest base64 in a copy to the clipboard, in bytes: more than this, several terminals and tmux drop whole.
pub const COPY_CAP: usize = 74_000;

/// Longest title in columns.
const TITLE_COLUMNS: usize = 80;

/// How the console behaves in a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manners {
    /// The window's title.
    pub title: String,
    /// Whether the mouse is reported. Off by default: it takes away the terminal's own way to select text.
    pub mouse: bool,
}

/// Begins: title kept and set, alternate screen, no wrapping, pastes in brackets, focus and, if wanted, mouse.
///
/// No wrapping, because a glyph that a terminal takes for wider than we do must not push the last column onto
/// the next row, or the whole screen up. And no turning of Hebrew and Arabic (`CSI 8 l`, bi-directional support): a
/// terminal would turn whole rows, and with them what stands in other panes.
pub fn enter(manners: &Manners, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b[22;0t");
    title(&manners.title, out);
    out.extend_from_slice(b"\x1b[?1049h\x1b[?7l\x1b[?2004h\x1b[?1004h\x1b[8l");
    if manners.mouse {
        mouse(true, out);
    }
}

/// Ends, whatever state a frame or an error left: everything that was begun, and the cursor and the look as the
/// shell expects them. Harmless twice.
pub fn leave(out: &mut Vec<u8>) {
    // First, an update that was cut off: until its end, the terminal would show nothing.
    out.extend_from_slice(b"\x1b[?2026l");
    mouse(false, out);
    out.extend_from_slice(b"\x1b[8h\x1b[?1004l\x1b[?2004l\x1b[r\x1b[m\x1b[?7h\x1b[0 q\x1b[?25h\x1b[?1049l\x1b[23;0t");
}

/// Reports the mouse, or no longer: buttons and wheel, drags, places beyond column 223.
pub fn mouse(on: bool, out: &mut Vec<u8>) {
    let sequence: &[u8] = if on { b"\x1b[?1000h\x1b[?1002h\x1b[?1006h" } else { b"\x1b[?1006l\x1b[?1002l\x1b[?1000l" };
    out.extend_from_slice(sequence);
}

/// Sets the window's title. Control characters and what hides text are left out; a chat's name may be in it.
pub fn title(title: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b]2;");
    plain(title, out);
    out.push(0x07);
}

/// Rings.
pub fn bell(out: &mut Vec<u8>) {
    out.push(0x07);
}

/// Words for the operator's desktop, where the terminal shows them. Terminals that know neither sequence ignore it.
pub fn desktop(how: Ring, title: &str, words: &str, out: &mut Vec<u8>) {
    match how {
        Ring::Off | Ring::Bell => return,
        Ring::Osc9 => {
            // ConEmu takes a number in front for another order.
            out.extend_from_slice(b"\x1b]9;");
            plain(&format!("{}: {words}", title.trim_start_matches(|c: char| c.is_ascii_digit())), out);
        }
        Ring::Osc777 => {
            out.extend_from_slice(b"\x1b]777;notify;");
            plain(&title.replace(';', ","), out);
            out.push(b';');
            plain(&words.replace(';', ","), out);
        }
    }
    out.push(0x07);
}

/// Words that cannot end the sequence they stand in, nor hide anything, cut to a line.
fn plain(words: &str, out: &mut Vec<u8>) {
    let mut columns = 0;
    for c in words.chars() {
        // Characters without a width are joiners, marks and direction controls: none is needed here.
        let width = c.width().unwrap_or(0);
        if c.is_control() || width == 0 {
            continue;
        }
        columns += width;
        if columns > TITLE_COLUMNS {
            break;
        }
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Copies to the clipboard of the operator's own machine (OSC 52). `true` when the text was cut, between
/// characters, to what terminals take.
pub fn copy(text: &str, out: &mut Vec<u8>) -> bool {
    let kept = &text[..text.floor_char_boundary(COPY_CAP / 4 * 3)];
    out.extend_from_slice(b"\x1b]52;c;");
    out.extend_from_slice(STANDARD.encode(kept).as_bytes());
    out.push(0x07);
    kept.len() < text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap().replace('\x1b', "^").replace('\x07', "~")
    }

    #[test]
    fn leaving_undoes_entering_in_reverse() {
        let manners = Manners { title: "qqdeck".into(), mouse: true };
        let begun = written(|out| enter(&manners, out));
        let ended = written(leave);
        let places = |mark: char| {
            let (text, on) = if mark == 'h' { (&begun, 'h') } else { (&ended, 'l') };
            let all = text.split('^').filter(|part| part.ends_with(on) && part.starts_with("[?"));
            all.map(|part| part[2..part.len() - 1].to_owned()).collect::<Vec<_>>()
        };
        let mut undone = places('l');
        undone.retain(|mode| mode != "2026");
        undone.reverse();
        let mut done = places('h');
        done.retain(|mode| mode != "7");
        assert_eq!(undone, done);
        assert!(begun.ends_with("^[8l") || begun.contains("^[8l^"), "rows are not turned");
        assert!(ended.contains("^[8h"));
        assert!(begun.contains("[?7l") && ended.contains("[?7h") && ended.contains("[?25h"));
        assert!(begun.starts_with("^[22;0t^]2;qqdeck~") && ended.ends_with("^[23;0t"));
    }

    #[test]
    fn a_title_holds_no_sequence_and_ends() {
        let set = written(|out| title("群\x1b]0;x\x07\u{202e}\u{9c}名\r\n", out));
        assert_eq!(set, "^]2;群]0;x名~");
        assert_eq!(written(|out| title(&"测".repeat(99), out)).chars().filter(|c| *c == '测').count(), 40);
    }

    #[test]
    fn words_for_the_desktop_hold_no_sequence() {
        let told = |how, title: &str| written(|out| desktop(how, title, "王芳 · 草稿\x1b]0;x\x07;9", out));
        assert_eq!(told(Ring::Bell, "home"), "");
        assert_eq!(told(Ring::Osc9, "4;home"), "^]9;;home: 王芳 · 草稿]0;x;9~");
        assert_eq!(told(Ring::Osc777, "ho;me"), "^]777;notify;ho,me;王芳 · 草稿]0,x,9~");
    }

    #[test]
    fn a_copy_is_cut_between_characters() {
        assert_eq!(written(|out| assert!(!copy("hi", out))), "^]52;c;aGk=~");
        let mut out = Vec::new();
        assert!(copy(&"字".repeat(20_000), &mut out));
        assert!(out.len() <= COPY_CAP + 8);
        let text = STANDARD.decode(&out[7..out.len() - 1]).unwrap();
        assert!(String::from_utf8(text).unwrap().chars().all(|c| c == '字'));
    }
}
