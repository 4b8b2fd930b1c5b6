//! Whatever bytes come: no panic, bounded memory, keys again afterwards.

use proptest::collection::vec;
use proptest::prelude::*;

use super::tests::{TABLE, decode, words};
use super::*;

/// Random bytes with pieces of sequences among them, so that deep states are reached.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&[u8]; 16] = [
        b"\x1b",
        b"\x1b[",
        b"\x1bO",
        b"\x1b]",
        b"\x1bP",
        b"\x1b_",
        b"\x1b[M",
        b"\x1b[[",
        b"\x1b[<",
        b"\x1b[200~",
        b"\x1b[201~",
        b"\x1b\\",
        b"\x07",
        b"\xe4\xbd",
        b"\xf0\x9f",
        b"1;2",
    ];
    let piece = prop_oneof![
        3 => proptest::sample::select(PIECES.to_vec()).prop_map(<[u8]>::to_vec),
        2 => vec(any::<u8>(), 0..6),
        2 => proptest::sample::select(TABLE.to_vec()).prop_map(|(bytes, _)| bytes.to_vec()),
        1 => vec(32_u8..64, 0..200),
    ];
    vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Ends whatever may be open: a paste, then (CAN) a sequence or a string.
const END: &[u8] = b"\x1b[201~\x18\x18";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn after_any_soup_keys_are_keys_again(soup in soup()) {
        let (mut decoder, mut out) = (Decoder::new(), Vec::new());
        decoder.feed(&soup, &mut out);
        decoder.feed(END, &mut out);
        out.clear();
        decoder.feed("plain好".as_bytes(), &mut out);
        prop_assert_eq!(words(&out), "p l a i n 好");
    }

    #[test]
    fn after_any_soup_and_silence_keys_are_keys_again(soup in soup()) {
        let (mut decoder, mut out) = (Decoder::new(), Vec::new());
        decoder.feed(&soup, &mut out);
        decoder.flush(&mut out);
        out.clear();
        decoder.feed("plain好".as_bytes(), &mut out);
        prop_assert_eq!(words(&out), "p l a i n 好");
    }

    #[test]
    fn cuts_do_not_matter(soup in soup(), size in 1_usize..9) {
        let chunks: Vec<&[u8]> = soup.chunks(size).collect();
        prop_assert_eq!(decode(&chunks), decode(&[&soup]));
    }

    #[test]
    fn a_paste_is_one_event(soup in soup()) {
        let inside = String::from_utf8_lossy(&soup).replace("\x1b[201~", "");
        // Taking the mark out may have put another together.
        prop_assume!(!inside.contains("\x1b[201~"));
        let bytes = [b"\x1b[200~", inside.as_bytes(), b"\x1b[201~"].concat();
        let (mut decoder, mut out) = (Decoder::new(), Vec::new());
        decoder.feed(&bytes, &mut out);
        let text = inside.replace("\r\n", "\n").replace('\r', "\n");
        prop_assert_eq!(out, vec![Event::Paste(Paste { text, dropped: 0 })]);
    }
}

#[test]
fn nothing_grows_without_bound() {
    for open in [&b"\x1b["[..], b"\x1b]", b"\x1bP", b"\x1b_", b"\x1bO", b"\x1b[<", b"\x1b[200~", b"\xf0\x9f", b""] {
        let (mut decoder, mut out) = (Decoder::new(), Vec::new());
        decoder.feed(open, &mut out);
        for _ in 0..3_000 {
            decoder.feed(&[b'1'; 1024], &mut out);
            out.clear();
        }
        assert!(decoder.held() <= 2 * PASTE_CAP + 1024, "{:?}", String::from_utf8_lossy(open));
    }
}

#[test]
fn a_string_without_an_end_gives_the_keys_back() {
    for open in [b"\x1b]", b"\x1bP", b"\x1bX", b"\x1b^", b"\x1b_"] {
        let (mut decoder, mut out) = (Decoder::new(), Vec::new());
        decoder.feed(open, &mut out);
        decoder.feed(&vec![b'x'; 70 << 10], &mut out);
        assert!(!decoder.is_waiting() && !out.is_empty());
    }
}
