//! The table: what terminals send and what it means; each also in two cuts at every place.

use super::*;

/// Events as words, which read better in a table and in a failure.
pub(super) fn words(events: &[Event]) -> String {
    let mut out = Vec::new();
    for event in events {
        out.push(match event {
            Event::Key(key) => key.to_string(),
            Event::Paste(paste) if paste.dropped > 0 => format!("paste({:?} and {})", paste.text, paste.dropped),
            Event::Paste(paste) => format!("paste({:?})", paste.text),
            Event::Focus(to) => format!("focus({to})"),
            Event::Background(r, g, b) => format!("background({r},{g},{b})"),
            Event::Mouse(mouse) => {
                let held = Key::new(Code::F(1), mouse.mods).to_string();
                format!("{}{:?}@{},{}", held.trim_end_matches("f1"), mouse.act, mouse.x, mouse.y)
            }
        });
    }
    out.join(" ")
}

/// What the chunks mean when time is up at the end.
pub(super) fn decode(chunks: &[&[u8]]) -> String {
    let (mut decoder, mut out) = (Decoder::new(), Vec::new());
    for chunk in chunks {
        decoder.feed(chunk, &mut out);
    }
    decoder.flush(&mut out);
    assert!(!decoder.is_waiting());
    words(&out)
}

pub(super) const TABLE: &[(&[u8], &str)] = &[
    // Letters, control bytes.
    (b"a", "a"),
    (b"gG?", "g G ?"),
    (b" ", "space"),
    (b"\r", "enter"),
    (b"\n", "ctrl-j"),
    (b"\t", "tab"),
    (b"\x7f", "backspace"),
    (b"\x08", "ctrl-h"),
    (b"\x00", "ctrl-space"),
    (b"\x01\x03\x17\x1a", "ctrl-a ctrl-c ctrl-w ctrl-z"),
    (b"\x1c\x1d\x1e\x1f", "ctrl-\\ ctrl-] ctrl-^ ctrl-_"),
    ("你好，世界😀".as_bytes(), "你 好 ， 世 界 😀"),
    ("é".as_bytes(), "é"),
    // Esc and Alt.
    (b"\x1b", "esc"),
    (b"\x1b\x1b", "esc esc"),
    (b"\x1b\x1b\x1b", "esc esc esc"),
    (b"\x1bx", "alt-x"),
    (b"\x1bX\x1b", "alt-X esc"),
    (b"\x1b\x1bx", "esc alt-x"),
    (b"\x1b\r", "alt-enter"),
    (b"\x1b\n", "ctrl-alt-j"),
    (b"\x1b\x7f", "alt-backspace"),
    (b"\x1b\x08", "ctrl-alt-h"),
    (b"\x1b\x00", "ctrl-alt-space"),
    (b"\x1b\t", "alt-tab"),
    (b"\x1b ", "alt-space"),
    ("\x1b中".as_bytes(), "alt-中"),
    (b"\x1b[", "alt-["),
    (b"\x1bO", "alt-O"),
    (b"\x1b]", "alt-]"),
    (b"\x1bP", "alt-P"),
    (b"\x1bOz", "alt-O z"),
    (b"\x1b\x1b[", "esc alt-["),
    // Arrows and the block above them.
    (b"\x1b[A\x1b[B\x1b[C\x1b[D", "up down right left"),
    (b"\x1bOA\x1bOB\x1bOC\x1bOD", "up down right left"),
    (b"\x1b[1;5A", "ctrl-up"),
    (b"\x1b[1;2D", "shift-left"),
    (b"\x1b[1;3C", "alt-right"),
    (b"\x1b[1;6A", "ctrl-shift-up"),
    (b"\x1b[1;8B", "ctrl-alt-shift-down"),
    (b"\x1b[1;9A", ""),
    (b"\x1b\x1b[A", "alt-up"),
    (b"\x1b[a\x1bOa", "shift-up ctrl-up"),
    (b"\x1bO5D", "ctrl-left"),
    (b"\x1b[H\x1b[F", "home end"),
    (b"\x1bOH\x1bOF", "home end"),
    (b"\x1b[1~\x1b[4~", "home end"),
    (b"\x1b[7~\x1b[8~", "home end"),
    (b"\x1b[1;5H\x1b[1;5F", "ctrl-home ctrl-end"),
    (b"\x1b[5~\x1b[6~", "pageup pagedown"),
    (b"\x1b[2~\x1b[3~", "insert delete"),
    (b"\x1b[3;5~\x1b[5;3~", "ctrl-delete alt-pageup"),
    (b"\x1b[3^\x1b[3$\x1b[3@", "ctrl-delete shift-delete ctrl-shift-delete"),
    (b"\x1b[Z", "shift-tab"),
    // Function keys in all their forms.
    (b"\x1bOP\x1bOQ\x1bOR\x1bOS", "f1 f2 f3 f4"),
    (b"\x1b[11~\x1b[12~\x1b[13~\x1b[14~", "f1 f2 f3 f4"),
    (b"\x1b[[A\x1b[[B\x1b[[C\x1b[[D\x1b[[E", "f1 f2 f3 f4 f5"),
    (b"\x1b[P\x1b[Q\x1b[R\x1b[S", "f1 f2 f3 f4"),
    (b"\x1b[15~\x1b[17~\x1b[18~\x1b[19~", "f5 f6 f7 f8"),
    (b"\x1b[20~\x1b[21~\x1b[23~\x1b[24~", "f9 f10 f11 f12"),
    (b"\x1b[25~\x1b[29~\x1b[34~", "f13 f16 f20"),
    (b"\x1b[1;5P\x1b[1;5R\x1b[15;2~", "ctrl-f1 ctrl-f3 shift-f5"),
    (b"\x1bO5P\x1bO1;2Q", "ctrl-f1 shift-f2"),
    // Number block.
    (b"\x1bOM\x1bOj\x1bOk\x1bOm\x1bOp\x1bOy", "enter * + - 0 9"),
    (b"\x1bOM\x1bOX\x1bOI", "enter = tab"),
    // Newer protocols.
    (b"\x1b[97u", "a"),
    (b"\x1b[97;5u", "ctrl-a"),
    (b"\x1b[97;6u", "ctrl-shift-a"),
    (b"\x1b[97;2u", "A"),
    (b"\x1b[49:33;2u", "!"),
    (b"\x1b[13;5u\x1b[13;3u\x1b[13;2u", "ctrl-enter alt-enter shift-enter"),
    (b"\x1b[27u\x1b[9;5u\x1b[127;5u", "esc ctrl-tab ctrl-backspace"),
    (b"\x1b[97;1:1u\x1b[97;1:2u\x1b[97;1:3u", "a a"),
    (b"\x1b[1;1:3A", ""),
    (b"\x1b[97;9u", ""),
    (b"\x1b[97;65u\x1b[97;129u", "a a"),
    (b"\x1b[57399u\x1b[57414u\x1b[57376u\x1b[57441u", "0 enter f13"),
    (b"\x1b[0;;20013u", "中"),
    (b"\x1b[27;5;13~", "ctrl-enter"),
    (b"\x1b[27;6;87~", "ctrl-shift-w"),
    (b"\x1b[27;2;65~", "A"),
    // Paste.
    (b"\x1b[200~hello\x1b[201~x", "paste(\"hello\") x"),
    (b"\x1b[200~a\r\nb\rc\nd\x1b[201~", "paste(\"a\\nb\\nc\\nd\")"),
    (b"\x1b[200~:q\r\x1b[A\x03\x1b[20\x1b[201~", "paste(\":q\\n\\u{1b}[A\\u{3}\\u{1b}[20\")"),
    ("\x1b[200~粘贴\x1b[201~".as_bytes(), "paste(\"粘贴\")"),
    (b"\x1b[200~\xff\xe4\xbd\x1b[201~z", "paste(\"\u{fffd}\u{fffd}\") z"),
    (b"\x1b[200~\x1b[201~", "paste(\"\")"),
    (b"\x1b[200~open", "paste(\"open\")"),
    (b"\x1b[201~x", "x"),
    // Mouse.
    (b"\x1b[<0;5;3M\x1b[<0;5;3m", "Down(Left)@4,2 Up(Left)@4,2"),
    (b"\x1b[<2;120;40M", "Down(Right)@119,39"),
    (b"\x1b[<32;6;3M\x1b[<35;6;3M", "Drag(Left)@5,2 Move@5,2"),
    (
        b"\x1b[<64;1;1M\x1b[<65;1;1M\x1b[<66;1;1M\x1b[<67;1;1M",
        "ScrollUp@0,0 ScrollDown@0,0 ScrollLeft@0,0 ScrollRight@0,0",
    ),
    (b"\x1b[<16;1;1M\x1b[<12;1;1M", "ctrl-Down(Left)@0,0 alt-shift-Down(Left)@0,0"),
    (b"\x1b[<128;1;1Mx", "x"),
    (b"\x1b[M !!\x1b[M#!!\x1b[M`\xff\"", "Down(Left)@0,0 Up(Left)@0,0 ScrollUp@222,1"),
    (b"\x1b[M \r", "enter"),
    // Focus.
    (b"\x1b[I\x1b[O", "focus(true) focus(false)"),
    // Replies: nothing, and the next key is there.
    (b"\x1b[?62;22cx", "x"),
    (b"\x1b[>1;4000;21cx", "x"),
    (b"\x1b[24;80Rx", "x"),
    (b"\x1b[?2026;2$yx", "x"),
    (b"\x1b[4;1$yx", "x"),
    (b"\x1b[?1ux", "x"),
    (b"\x1b[8;40;120tx", "x"),
    (b"\x1b[0nx", "x"),
    (b"\x1bP>|XTerm(390)\x1b\\x", "x"),
    (b"\x1bP1+r544e=787465726d\x1b\\x", "x"),
    (b"\x1b_Gi=1;OK\x1b\\x", "x"),
    (b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\x", "x"),
    (b"\x1b]11;rgb:1e1e/0000/ffff\x07x", "background(30,0,255) x"),
    (b"\x1b]11;rgb:1e/f/ffff\x1b\\", "background(30,255,255)"),
    (b"\x1b]11;#102030\x07", "background(16,32,48)"),
    (b"\x1b]11;rgb:zz/0/0\x07x", "x"),
    (b"\x1b]52;c;aGk=\x07x", "x"),
    // Broken off.
    (b"\x1b[12\x18x", "x"),
    (b"\x1b[12\x1b[A", "up"),
    (b"\x1b[12\rx", "enter x"),
    (b"\x1b]0;title\x18x", "x"),
    (b"\x1b]0;title\x1b[Ax", "up x"),
    (b"\x1bPdata\x1bx", "alt-x"),
    (b"\x1b[1;2", ""),
    ("\x1b[1中".as_bytes(), "中"),
    // Not UTF-8, and characters that are no keys.
    (b"\xffa\xc0\xafb\xe4\xbdc\xed\xa0\x80d\xf5e", "a b c d e"),
    (b"\x9bA\x80x", "A x"),
    ("\u{85}\u{9b}x".as_bytes(), "x"),
    (b"\xe4\xbd", ""),
];

#[test]
fn sequences_mean_what_the_table_says() {
    for (bytes, meant) in TABLE {
        assert_eq!(decode(&[bytes]), *meant, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn where_the_bytes_are_cut_does_not_matter() {
    for (bytes, meant) in TABLE {
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let cuts = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(decode(&cuts), *meant, "{:?} at {first} and {second}", String::from_utf8_lossy(bytes));
            }
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(decode(&single), *meant);
    }
}

#[test]
fn patience_is_short_for_esc_and_long_for_replies() {
    let wait = |bytes: &[u8]| {
        let mut decoder = Decoder::new();
        decoder.feed(bytes, &mut Vec::new());
        decoder.patience().map(|d| d.as_millis())
    };
    assert_eq!(wait(b"x"), None);
    assert_eq!(wait(b"\x1b"), Some(40));
    assert_eq!(wait(b"\x1b["), Some(40));
    assert_eq!(wait(b"\x1b[1;"), Some(250));
    assert_eq!(wait(b"\x1b]"), Some(40));
    assert_eq!(wait(b"\x1b]11;rgb"), Some(1000));
    assert_eq!(wait(b"\xe4\xbd"), Some(250));
    assert_eq!(wait(b"\x1b[200~x"), Some(5000));
}

#[test]
fn a_long_paste_is_cut_between_characters_and_says_how_much_is_gone() {
    let text = "粘".repeat(PASTE_CAP / 3 + 10);
    let (mut decoder, mut out) = (Decoder::new(), Vec::new());
    for chunk in [b"\x1b[200~", text.as_bytes(), b"\x1b[201~k"] {
        decoder.feed(chunk, &mut out);
    }
    let [Event::Paste(paste), Event::Key(key)] = &out[..] else { panic!("{} events", out.len()) };
    assert_eq!(*key, Key::char('k'));
    assert!(paste.text.len() <= PASTE_CAP && paste.text.chars().all(|c| c == '粘'));
    assert_eq!(paste.text.len() + paste.dropped, text.len());
}
