//! Ten at once, one of whom never reads: QQ is answered as ever, and the others see it.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use qqdeck::console::Depth;
use qqdeck::serve::hello::Hello;
use qqdeck::words::Lang;

use super::harness::{Home, eventually};
use super::town::{Town, private};

/// A road to a bot's socket on which what comes back comes at 2 KB a second.
struct SlowRoad {
    socket: PathBuf,
}

impl SlowRoad {
    fn to(bot: PathBuf, socket: PathBuf) -> Self {
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let (mut near, mut far) = (near.unwrap(), UnixStream::connect(&bot).unwrap());
                let (mut near_out, mut far_in) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut near, &mut far));
                std::thread::spawn(move || {
                    let mut piece = [0; 200];
                    while let Ok(n @ 1..) = far_in.read(&mut piece) {
                        // The subject itself, and no wait for anything.
                        std::thread::sleep(Duration::from_millis(100));
                        if near_out.write_all(&piece[..n]).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { socket }
    }
}

impl Drop for SlowRoad {
    fn drop(&mut self) {
        // What cleans up behind its end must not find the bot by it.
        let _ = std::fs::remove_file(&self.socket);
    }
}

#[test]
fn one_who_never_reads_is_let_go_and_one_on_a_slow_road_works_on() {
    let town = Town::open("[access]\nmode = \"open\"\n[console]\nstalled = \"5s\"\n");
    let mut dead = UnixStream::connect(town.home.data().join("qqdeck.sock")).unwrap();
    let hello = Hello::attach(Lang::En, (200, 50), "xterm".into(), Depth::Rgb);
    dead.write_all(format!("{}\n", serde_json::to_string(&hello).unwrap()).as_bytes()).unwrap();
    let far = Home::new();
    let road = SlowRoad::to(town.home.data().join("qqdeck.sock"), far.data().join("qqdeck.sock"));
    let mut slow = far.attach();
    let mut quick = town.sits_down();
    eventually("all are there", || (town.home.attached() == 3).then_some(()));
    for n in 0..40 {
        town.writes(70, &format!("第{n}问"));
        town.hears(private(70), &format!("第{n}问"));
        if n % 10 == 0 {
            quick.glance();
        }
    }
    eventually("who never reads is let go", || (town.home.attached() == 2).then_some(()));
    let log = || std::fs::read_to_string(town.home.data().join("logs/qqdeck.log")).unwrap();
    eventually("the log says why", || log().contains("reason=stalled").then_some(()));
    // Every frame that it was sent was taken later than the next could have been drawn, and its keys still count.
    slow.glance();
    slow.glance();
    quick.glance();
    assert_eq!(slow.leave(), 0);
    assert_eq!(town.home.attached(), 1);
    drop(road);
}

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
