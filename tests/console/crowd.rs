//! Ten at once, one of whom never reads: QQ is answered as ever, and the others see it.

use std::io::Write;
use std::os::unix::net::UnixStream;

use qqdeck::console::Depth;
use qqdeck::serve::hello::Hello;
use qqdeck::words::Lang;

use super::harness::eventually;
use super::town::{Town, private};

#[test]
fn nobody_waits_for_one_who_never_reads() {
    let town = Town::open("[access]\nmode = \"open\"\n");
    // A relay that stopped between its hello and the first frame.
    let mut dead = UnixStream::connect(town.home.data().join("qqdeck.sock")).unwrap();
    let hello = Hello::attach(Lang::En, (200, 50), "xterm".into(), Depth::Rgb);
    dead.write_all(format!("{}\n", serde_json::to_string(&hello).unwrap()).as_bytes()).unwrap();
    let mut others: Vec<_> = (0..9).map(|_| town.sits_down()).collect();
    eventually("all are there", || (town.home.attached() == 10).then_some(()));
    for n in 0..60 {
        town.writes(70 + n % 3, &format!("第{n}问"));
    }
    for n in 0..60 {
        town.hears(private(70 + n % 3), &format!("第{n}问"));
    }
    town.writes(70, "最后一问");
    town.hears(private(70), "最后一问");
    for other in &mut others {
        other.shows("Chats 3");
        other.glance();
    }
}
