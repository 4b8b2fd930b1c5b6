//! The files: `qqdeck.log` is the current one, `qqdeck-2025-11-21.log` (later `.gz`) those of past local days. The
//! name of the current one never changes, so that `tail -F` and operators find it; past days are sorted by name.
//!
//! A file is also full when it holds an eighth of `logs.max_total`, so that the total can be kept in a flood. One
//! that somebody moved or deleted (logrotate) is made anew before the next line.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::janitor;
use super::lane::Sink;
use super::rules::{CURRENT, Rules};
use super::voice::Voice;
use crate::domain::{LogLevel, LogLine, Wall};

/// Of the directory.
const FOLDER_MODE: u32 = 0o750;
/// Of the data directory, where we are the first to need it.
const DATA_MODE: u32 = 0o700;
/// Bytes written at once, about.
const CHUNK: usize = 64 << 10;

/// What others may change while files are written.
#[derive(Debug)]
pub struct Wishes {
    /// The rules in force.
    pub rules: Mutex<Rules>,
    /// Open the file again, whatever it seems to be.
    pub reopen: AtomicBool,
    /// What is said on stderr goes to the current file.
    pub stderr: AtomicBool,
}

/// Puts bytes into a file; in tests, a disk with faults.
pub type Pen = Box<dyn FnMut(&File, &[u8]) -> io::Result<usize> + Send>;

struct Open {
    file: File,
    /// Device and inode.
    id: (u64, u64),
    /// The local day of its first line.
    day: Date,
    size: u64,
}

/// All files of the log, and what has not gone well with them.
pub struct Files {
    folder: PathBuf,
    zone: TimeZone,
    wishes: Arc<Wishes>,
    rules: Rules,
    voice: Voice,
    pen: Pen,
    open: Option<Open>,
    /// Lines that the disk did not take since it last took any, and since when.
    lost: Option<(u64, Wall)>,
    /// The file ends within a line.
    torn: bool,
    stderr: bool,
    sweeping: Option<JoinHandle<()>>,
}

impl Files {
    /// Opens the current file; a past day's is put aside first.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(
        folder: &Path,
        zone: TimeZone,
        wishes: Arc<Wishes>,
        voice: Voice,
        pen: Pen,
        now: Wall,
    ) -> io::Result<Self> {
        let rules = wishes.rules.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut files = Self {
            folder: folder.to_owned(),
            zone,
            wishes,
            rules,
            voice,
            pen,
            open: None,
            lost: None,
            torn: false,
            stderr: false,
            sweeping: None,
        };
        let today = files.day(now);
        files.reopen(today)?;
        files.turn_or_stay(today, now);
        files.sweep();
        Ok(files)
    }

    fn day(&self, at: Wall) -> Date {
        let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(at).date()
    }

    fn time(&self, at: Wall) -> String {
        let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string()
    }

    fn path(&self) -> PathBuf {
        self.folder.join(CURRENT)
    }

    fn reopen(&mut self, today: Date) -> io::Result<()> {
        self.open = None;
        self.make_folder()?;
        let path = self.path();
        let file = OpenOptions::new().create(true).append(true).mode(self.rules.mode).open(path)?;
        let found = file.metadata()?;
        if found.is_file() {
            // The mode of `open` is cut by the umask. A file that is not ours keeps its own, and a device too.
            let _ = file.set_permissions(fs::Permissions::from_mode(self.rules.mode));
        }
        let written = i64::checked_mul(found.mtime(), 1000).map(Wall).filter(|_| found.len() > 0);
        let day = written.map_or(today, |at| self.day(at));
        if self.stderr {
            // Without it the last words of a crash are lost; the log itself goes on.
            let _ = rustix::stdio::dup2_stderr(&file);
        }
        self.open = Some(Open { id: (found.dev(), found.ino()), day, size: found.len(), file });
        Ok(())
    }

    fn make_folder(&self) -> io::Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        if let Some(data) = self.folder.parent() {
            DirBuilder::new().recursive(true).mode(DATA_MODE).create(data)?;
        }
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.folder)?;
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(FOLDER_MODE))
    }

    /// Whether the path still leads to the file that is open.
    fn is_ours(&self) -> bool {
        let found = fs::metadata(self.path()).ok().map(|found| (found.dev(), found.ino()));
        self.open.as_ref().map(|open| open.id) == found && found.is_some()
    }

    /// Puts the current file aside, if its day is over or it is full.
    fn turn(&mut self, today: Date) -> io::Result<()> {
        let Some(open) = &self.open else { return Ok(()) };
        // A clock that is set back over midnight by a little must not make a file a line.
        let over = open.day < today || open.day > today.tomorrow().unwrap_or(today);
        let full = open.size >= self.rules.full();
        if self.rules.keep == 0 || !(over || full) {
            return Ok(());
        }
        if open.size > 0 {
            fs::rename(self.path(), janitor::free(&self.folder, open.day))?;
        }
        self.reopen(today)?;
        if let Some(open) = &mut self.open {
            open.day = today;
        }
        self.sweep();
        Ok(())
    }

    /// What cannot be put aside is written on, for a day or as much as fits into a file.
    fn turn_or_stay(&mut self, today: Date, at: Wall) {
        if let Err(error) = self.turn(today) {
            self.voice.say(at, LogLevel::Error, format!("cannot put {} aside: {error}", self.path().display()));
            if let Some(open) = &mut self.open {
                (open.day, open.size) = (today, 0);
            }
        }
    }

    /// Compresses and takes out the oldest, on a thread of its own: a large file takes seconds.
    fn sweep(&mut self) {
        if self.sweeping.as_ref().is_some_and(|thread| !thread.is_finished()) {
            // The next file finds what this look leaves.
            return;
        }
        let (folder, rules, voice) = (self.folder.clone(), self.rules.clone(), self.voice.clone());
        let sweep = move || {
            if let Err(error) = janitor::sweep(&folder, &rules) {
                voice.say(now(), LogLevel::Warn, format!("old files could not be compressed or removed: {error}"));
            }
        };
        self.sweeping = std::thread::Builder::new().name("logs-sweep".into()).spawn(sweep).ok();
    }

    /// Waits for the sweep.
    fn settle(&mut self) {
        if let Some(thread) = self.sweeping.take() {
            let _ = thread.join();
        }
    }

    fn look_around(&mut self, today: Date) -> io::Result<()> {
        let rules = self.wishes.rules.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let changed = rules != self.rules;
        self.rules = rules;
        let stderr = self.wishes.stderr.load(Relaxed) && !self.stderr;
        self.stderr |= stderr;
        if self.wishes.reopen.swap(false, Relaxed) || changed || stderr || !self.is_ours() {
            self.reopen(today)?;
        }
        if changed {
            self.sweep();
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        let Some(open) = &mut self.open else { return Err((0, io::ErrorKind::NotFound.into())) };
        let mut done = 0;
        while done < bytes.len() {
            match (self.pen)(&open.file, &bytes[done..]) {
                Ok(0) => return Err((done, io::ErrorKind::WriteZero.into())),
                Ok(n) => {
                    done += n;
                    open.size += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err((done, error)),
            }
        }
        Ok(())
    }

    /// Tells in the file what is missing in it, once the disk takes lines again.
    fn tell(&mut self, level: LogLevel, words: &str, at: Wall) -> io::Result<()> {
        let mut note = if self.torn { b"\n".to_vec() } else { Vec::new() };
        let told = LogLine { seq: 0, at, level, target: super::voice::TARGET.into(), text: words.into() };
        note.extend_from_slice(told.written(&self.time(at)).as_bytes());
        let written = self.put(&note);
        self.torn = match &written {
            Ok(()) => false,
            Err((0, _)) => self.torn,
            Err((done, _)) => note[done - 1] != b'\n',
        };
        written.map_err(|(_, error)| error)
    }

    fn recover(&mut self, at: Wall) -> io::Result<()> {
        let Some((lost, since)) = self.lost else { return Ok(()) };
        let words = format!("{lost} lines are missing here: the disk took none since {}", self.time(since));
        self.tell(LogLevel::Warn, &words, at)?;
        self.lost = None;
        self.voice.ring.well();
        self.voice.say(at, LogLevel::Warn, format!("the log is written again; {words}"));
        Ok(())
    }

    fn lose(&mut self, lines: u64, at: Wall, error: &io::Error) {
        let words = format!("cannot write {}: {error}", self.path().display());
        let (before, since) = self.lost.unwrap_or((0, at));
        self.lost = Some((before + lines, since));
        self.voice.ring.lost(lines, &words);
        // Once: what follows is counted.
        if before == 0 {
            self.voice.say(at, LogLevel::Error, words);
        }
    }

    /// Writes lines that belong to one file.
    fn chunk(&mut self, bytes: &[u8], at: Wall) {
        if bytes.is_empty() {
            return;
        }
        let count = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count() as u64;
        let written = self.recover(at).map_err(|error| (0, error)).and_then(|()| self.put(bytes));
        if let Err((done, error)) = written {
            self.torn |= done > 0 && bytes[done - 1] != b'\n';
            self.lose(count(&bytes[done..]), at, &error);
        }
    }
}

fn now() -> Wall {
    Wall(Timestamp::now().as_millisecond())
}

impl Sink for Files {
    fn write(&mut self, lines: &[Arc<LogLine>], dropped: u64) {
        let at = lines.last().map_or_else(now, |line| line.at);
        if let Err(error) = lines.first().map_or(Ok(()), |first| self.look_around(self.day(first.at))) {
            return self.lose(lines.len() as u64, at, &error);
        }
        let mut bytes = Vec::with_capacity(CHUNK);
        for line in lines {
            let today = self.day(line.at);
            let size = self.open.as_ref().map_or(0, |open| open.size) + bytes.len() as u64;
            if self.open.as_ref().is_none_or(|open| open.day != today)
                || size >= self.rules.full()
                || bytes.len() > CHUNK
            {
                self.chunk(&bytes, line.at);
                bytes.clear();
                self.turn_or_stay(today, line.at);
            }
            bytes.extend_from_slice(line.written(&self.time(line.at)).as_bytes());
        }
        self.chunk(&bytes, at);
        if dropped > 0 {
            let words = format!("{dropped} lines are missing here: they came faster than they could be written");
            // A disk that takes not even this is told with the next line.
            let _ = self.tell(LogLevel::Warn, &words, at);
        }
    }

    fn wake(&mut self) {
        let at = now();
        if let Err(error) = self.look_around(self.day(at)) {
            self.voice.say(at, LogLevel::Error, format!("cannot open {}: {error}", self.path().display()));
        }
    }

    fn close(&mut self) {
        self.settle();
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
