//! Files on a real disk, at times that are given, with a disk that fails on demand.

use std::sync::atomic::AtomicUsize;

use super::*;
use crate::logs::Ring;

const RULES: Rules = Rules { keep: 7, compress: false, mode: 0o640, max_total: 1 << 30 };
/// 2025-11-21 23:59:58 in China, 15:59:58 in UTC.
const EVENING: i64 = 1_763_740_798_000;

struct Desk {
    dir: tempfile::TempDir,
    files: Files,
    wishes: Arc<Wishes>,
    /// Bytes that still fit on the disk.
    room: Arc<AtomicUsize>,
}

impl Desk {
    fn new(rules: Rules) -> Self {
        Self::at(tempfile::tempdir().unwrap(), rules, EVENING)
    }

    fn at(dir: tempfile::TempDir, rules: Rules, now: i64) -> Self {
        let wishes = Wishes { rules: Mutex::new(rules), reopen: false.into(), stderr: false.into() };
        let (wishes, room) = (Arc::new(wishes), Arc::new(AtomicUsize::new(usize::MAX)));
        let left = Arc::clone(&room);
        let pen: Pen = Box::new(move |mut file, bytes| {
            let fits = left.load(Relaxed).min(bytes.len());
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            left.fetch_sub(fits, Relaxed);
            io::Write::write(&mut file, &bytes[..fits])
        });
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let voice = Voice { ring: Ring::default(), stderr: None };
        let folder = dir.path().join("data/logs");
        let files = Files::open(&folder, zone, Arc::clone(&wishes), voice, pen, Wall(now)).unwrap();
        Self { dir, files, wishes, room }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().join("data/logs")
    }

    fn say(&mut self, at: i64, text: &str) {
        self.say_all(&[(at, text)], 0);
    }

    fn say_all(&mut self, lines: &[(i64, &str)], dropped: u64) {
        let line = |(at, text): &(i64, &str)| LogLine {
            seq: 1,
            at: Wall(*at),
            level: LogLevel::Info,
            target: "qqdeck".into(),
            text: (*text).into(),
        };
        let lines: Vec<_> = lines.iter().map(|l| Arc::new(line(l))).collect();
        self.files.write(&lines, dropped);
        self.files.settle();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let read = fs::read_dir(self.folder()).unwrap();
        let mut names: Vec<_> = read.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.folder().join(name)).unwrap().permissions().mode() & 0o777
    }

    fn said(&self) -> Vec<String> {
        self.files.voice.ring.since(0, 99).lines.iter().map(|l| l.text.to_string()).collect()
    }
}

#[test]
fn a_line_is_readable_and_has_its_offset() {
    let mut desk = Desk::new(RULES);
    desk.say(EVENING, "小明 said n=1");
    assert_eq!(desk.read(CURRENT), "2025-11-21T23:59:58.000+08:00 INFO  qqdeck 小明 said n=1\n");
}

#[test]
fn the_day_ends_at_local_midnight() {
    let mut desk = Desk::new(RULES);
    desk.say_all(
        &[(EVENING, "before"), (EVENING + 1999, "last"), (EVENING + 2000, "first"), (EVENING + 9000, "after")],
        0,
    );
    assert_eq!(desk.names(), ["qqdeck-2025-11-21.log", CURRENT]);
    assert_eq!(desk.read("qqdeck-2025-11-21.log").lines().count(), 2);
    assert!(desk.read("qqdeck-2025-11-21.log").ends_with("last\n"));
    assert!(desk.read(CURRENT).starts_with("2025-11-22T00:00:00.000+08:00 INFO  qqdeck first\n"));
    // A clock that is set back by a little over midnight makes no new file.
    desk.say(EVENING, "back");
    assert_eq!(desk.names(), ["qqdeck-2025-11-21.log", CURRENT]);
    // Days without a line have no file.
    desk.say(EVENING + 4 * 86_400_000, "much later");
    assert_eq!(desk.names(), ["qqdeck-2025-11-21.log", "qqdeck-2025-11-22.log", CURRENT]);
}

#[test]
fn past_days_are_compressed_and_only_so_many_kept() {
    let mut desk = Desk::new(Rules { keep: 2, compress: true, ..RULES });
    for day in 0..4 {
        desk.say(EVENING + day * 86_400_000, "words");
    }
    assert_eq!(desk.names(), ["qqdeck-2025-11-22.log.gz", "qqdeck-2025-11-23.log.gz", CURRENT]);
}

#[test]
fn what_a_restart_after_midnight_finds_is_put_aside() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data/logs");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(CURRENT), "yesterday\n").unwrap();
    let yesterday = std::time::UNIX_EPOCH + std::time::Duration::from_millis(EVENING as u64);
    OpenOptions::new().write(true).open(folder.join(CURRENT)).unwrap().set_modified(yesterday).unwrap();
    let mut desk = Desk::at(dir, RULES, EVENING + 60_000);
    desk.say(EVENING + 60_000, "today");
    assert_eq!(desk.read("qqdeck-2025-11-21.log"), "yesterday\n");
    assert!(desk.read(CURRENT).ends_with("today\n"));
}

#[test]
fn a_flood_stays_below_the_cap() {
    let mut desk = Desk::new(Rules { max_total: 16 << 10, ..RULES });
    let text = "x".repeat(200);
    for n in 0..1000 {
        desk.say(EVENING - 1000 + n, &text);
    }
    let total: u64 = desk.names().iter().map(|n| fs::metadata(desk.folder().join(n)).unwrap().len()).sum();
    assert!(total <= 18 << 10 && total > 8 << 10, "{total}");
    assert!(desk.names().len() > 4, "{:?}", desk.names());
}

#[test]
fn modes_hold_whatever_the_umask_cuts_and_follow_the_configuration() {
    // The usual umask takes the group's right to write. Others are tried with the real program.
    let mut desk = Desk::new(Rules { mode: 0o664, ..RULES });
    desk.say(EVENING, "words");
    let folder = fs::metadata(desk.folder()).unwrap().permissions().mode() & 0o777;
    assert_eq!((folder, desk.mode(CURRENT)), (0o750, 0o664));
    desk.wishes.rules.lock().unwrap().mode = 0o600;
    desk.files.wake();
    assert_eq!(desk.mode(CURRENT), 0o600);
}

#[test]
fn a_file_that_was_moved_or_deleted_is_made_anew() {
    let mut desk = Desk::new(RULES);
    desk.say(EVENING, "one");
    fs::rename(desk.folder().join(CURRENT), desk.folder().join("qqdeck.log.1")).unwrap();
    desk.say(EVENING, "two");
    assert!(desk.read("qqdeck.log.1").ends_with("one\n") && desk.read(CURRENT).ends_with("two\n"));
    fs::remove_dir_all(desk.folder()).unwrap();
    desk.say(EVENING, "three");
    assert_eq!(desk.read(CURRENT).lines().count(), 1);
    // As logrotate's `create` leaves it: there already, and empty.
    fs::rename(desk.folder().join(CURRENT), desk.folder().join("qqdeck.log.1")).unwrap();
    fs::write(desk.folder().join(CURRENT), "").unwrap();
    desk.wishes.reopen.store(true, Relaxed);
    desk.files.wake();
    desk.say(EVENING, "four");
    assert!(desk.read(CURRENT).ends_with("four\n"));
}

#[test]
fn a_full_disk_costs_lines_and_says_so_once_when_there_is_room() {
    let mut desk = Desk::new(RULES);
    desk.say(EVENING, "good");
    // The next line fits by half.
    desk.room.store(30, Relaxed);
    desk.say_all(&[(EVENING, "half"), (EVENING, "gone")], 0);
    desk.say(EVENING, "gone too");
    let health = desk.files.voice.ring.health();
    assert_eq!((health.lost, health.trouble.is_some()), (3, true));
    assert_eq!(desk.said().len(), 1, "once: {:?}", desk.said());
    desk.room.store(usize::MAX, Relaxed);
    desk.say(EVENING + 1000, "good again");
    desk.say(EVENING + 1000, "and again");
    let text = desk.read(CURRENT);
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[0].ends_with("good") && lines[1].len() == 30, "{text}");
    assert!(lines[2].contains("WARN  qqdeck::logs 3 lines are missing here"), "{text}");
    assert!(lines[3].ends_with("good again") && lines[4].ends_with("and again"), "{text}");
    assert_eq!(desk.files.voice.ring.health().trouble, None);
    assert_eq!(desk.said().len(), 2, "{:?}", desk.said());
}

#[test]
fn lines_that_came_too_fast_are_told_where_they_are_missing() {
    let mut desk = Desk::new(RULES);
    desk.say_all(&[(EVENING, "one")], 12);
    assert!(
        desk.read(CURRENT)
            .ends_with("WARN  qqdeck::logs 12 lines are missing here: they came faster than they could be written\n")
    );
}

#[test]
fn where_somebody_else_rotates_the_file_is_left_alone() {
    let mut desk = Desk::new(Rules { keep: 0, ..RULES });
    desk.say(EVENING, "one");
    desk.say(EVENING + 86_400_000, "two");
    assert_eq!(desk.names(), [CURRENT]);
}
