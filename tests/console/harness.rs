//! A home with a configuration, a bot in it, and terminals in front of programs.

use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// Longest wait for anything; only a test that fails takes so long.
const DEADLINE: Duration = Duration::from_secs(30);
/// Between two looks at what nothing signals.
const LOOK: Duration = Duration::from_millis(10);

/// Looks until there is something.
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "waited in vain: {what}");
        std::thread::sleep(LOOK);
    }
}

/// Where a bot lives. It ends with the test, whoever started it.
pub struct Home {
    dir: tempfile::TempDir,
    daemon: Option<Child>,
}

impl Home {
    /// With a configuration, and nothing that runs.
    pub fn new() -> Self {
        Self::with("[onebot]\nlisten = [\"127.0.0.1:0\"]\n")
    }

    pub fn with(config: &str) -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap(), daemon: None };
        std::fs::write(home.path().join("config.toml"), config).unwrap();
        home
    }

    /// With a bot that answers.
    pub fn running() -> Self {
        let mut home = Self::new();
        home.start();
        home
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    fn places(&self) -> [String; 4] {
        let config = self.path().join("config.toml");
        ["--config".into(), config.display().to_string(), "--data".into(), self.data().display().to_string()]
    }

    pub fn answers(&self) -> bool {
        UnixStream::connect(self.data().join("qqdeck.sock")).is_ok()
    }

    pub fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qqdeck"));
        command.args(["run", "--headless"]).args(self.places()).env("LANG", "en_US.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.daemon = Some(command.spawn().unwrap());
        eventually("the bot answers", || self.answers().then_some(()));
    }

    /// As `kill -9`.
    pub fn kill(&mut self) {
        let mut daemon = self.daemon.take().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    pub fn ctl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qqdeck"));
        command.arg("ctl").args(arguments).args(self.places()).env("LANG", "en_US.UTF-8").output().unwrap()
    }

    /// Consoles that are attached.
    pub fn attached(&self) -> usize {
        let said = self.ctl(&["sessions", "--json"]);
        let said: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        said["sessions"].as_array().unwrap().iter().filter(|s| s["purpose"] == "attach").count()
    }

    /// The program in a terminal of 80×24.
    pub fn terminal(&self, arguments: &[&str]) -> Terminal {
        let mut all = vec![env!("CARGO_BIN_EXE_qqdeck").to_owned()];
        all.extend(arguments.iter().map(|a| (*a).to_owned()));
        // A demo has a configuration of its own.
        let demo = if arguments.first() == Some(&"demo") { 2 } else { 0 };
        all.extend(self.places().into_iter().skip(demo));
        Terminal::run(self.path(), &all)
    }

    /// `qqdeck attach`, once it shows something.
    pub fn attach(&self) -> Terminal {
        let terminal = self.terminal(&["attach"]);
        terminal.until("the console shows", Terminal::shows_console);
        terminal
    }

    /// The same by way of a shell's command, in which `QQDECK` stands for the program and its places.
    pub fn shell(&self, shell: &[&str], words: &str) -> Terminal {
        let program = format!("{} attach {}", env!("CARGO_BIN_EXE_qqdeck"), self.places().join(" "));
        let mut all: Vec<String> = shell.iter().map(|a| (*a).to_owned()).collect();
        if !words.is_empty() {
            all.push(words.replace("QQDECK", &program));
        }
        let mut terminal = Terminal::run(self.path(), &all);
        terminal.program = program;
        terminal
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let _ = daemon.kill();
            let _ = daemon.wait();
        } else if self.answers() {
            self.ctl(&["shutdown"]);
        }
    }
}

/// What came out of a terminal.
struct Seen {
    screen: vt100::Parser,
    raw: Vec<u8>,
    /// The reader should end, so that the terminal can hang up.
    enough: bool,
}

/// A program in a pseudo-terminal, and somebody who reads all it says.
pub struct Terminal {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    reader: Option<JoinHandle<()>>,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    /// Kept open, so that the terminal's settings outlive the program.
    _slave: Box<dyn SlavePty + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    settings: String,
    /// How the program is called from a shell.
    pub program: String,
}

impl Terminal {
    fn run(home: &Path, arguments: &[String]) -> Self {
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(&arguments[0]);
        command.args(&arguments[1..]);
        command.env_clear();
        let path = std::env::var("PATH").unwrap_or_default();
        for (name, value) in [("TERM", "xterm-256color"), ("LANG", "en_US.UTF-8"), ("PATH", &path), ("PS1", "$ ")] {
            command.env(name, value);
        }
        command.env("HOME", home);
        command.cwd(home);
        let settings = format!("{:?}", pair.master.get_termios().unwrap());
        let child = pair.slave.spawn_command(command).unwrap();
        let seen = Seen { screen: vt100::Parser::new(cells(24), cells(80), 0), raw: Vec::new(), enough: false };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let reader = pair.master.try_clone_reader().unwrap();
        let reader = std::thread::spawn({
            let seen = seen.clone();
            move || read(reader, &seen)
        });
        let writer = pair.master.take_writer().unwrap();
        Self {
            seen,
            reader: Some(reader),
            master: Some(pair.master),
            writer: Some(writer),
            _slave: pair.slave,
            child,
            settings,
            program: String::new(),
        }
    }

    /// Waits until what was said so far is as it should be.
    pub fn until(&self, what: &str, fits: impl Fn(&vt100::Screen, &[u8]) -> bool) {
        let (seen, changed) = &*self.seen;
        let (seen, waited) = changed
            .wait_timeout_while(seen.lock().unwrap(), DEADLINE, |seen| !fits(seen.screen.screen(), &seen.raw))
            .unwrap();
        let said = || seen.screen.screen().contents();
        assert!(!waited.timed_out(), "waited in vain: {what}; the screen shows:\n{}", said());
    }

    /// Waits until these words are on the screen.
    pub fn shows(&self, words: &str) {
        self.until(words, |screen, _| screen.contents().contains(words));
    }

    /// Whether these words are on the screen now.
    pub fn has(&self, words: &str) -> bool {
        self.seen.0.lock().unwrap().screen.screen().contents().contains(words)
    }

    /// Waits until they are no longer.
    pub fn gone(&self, words: &str) {
        self.until(&format!("{words} is gone"), |screen, _| !screen.contents().contains(words));
    }

    /// Goes down a list until the row with these words is the selected one.
    pub fn until_selected(&mut self, words: &str) {
        for _ in 0..40 {
            let before = selected(self.seen.0.lock().unwrap().screen.screen()).unwrap_or_default();
            if before.1.contains(words) {
                return;
            }
            self.press("\x1b[B");
            // A menu may grow and move meanwhile, and the next row stand where this one stood.
            self.until("another row is selected", |screen, _| selected(screen).is_some_and(|now| now != before));
        }
        panic!("{words} cannot be selected");
    }

    /// Something is drawn on the alternate screen.
    pub fn shows_console(screen: &vt100::Screen, _: &[u8]) -> bool {
        screen.alternate_screen() && !screen.contents().trim().is_empty()
    }

    /// Bytes that were said so far.
    pub fn said(&self) -> usize {
        self.seen.0.lock().unwrap().raw.len()
    }

    pub fn press(&mut self, keys: &str) {
        self.writer.as_mut().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Opens the help and closes it again: keys arrive, and what they do is seen.
    pub fn glance(&mut self) {
        // Seen by what it says: other things may be drawn meanwhile.
        self.press("?");
        self.shows("Enter run");
        self.press("?");
        self.gone("Enter run");
    }

    /// Presses a key that shows something, and waits for it.
    pub fn press_and_see(&mut self, keys: &str) {
        let before = self.said();
        self.press(keys);
        self.until("the key shows", |_, raw| raw.len() > before);
    }

    /// Makes it another size, and waits until that is drawn.
    pub fn resize(&self, columns: u16, rows: u16) {
        let (seen, _) = &*self.seen;
        let before = {
            let mut seen = seen.lock().unwrap();
            seen.screen.screen_mut().set_size(cells(rows), cells(columns));
            seen.raw.len()
        };
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self.until("the size shows", |_, raw| raw.len() > before);
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn exit(&mut self) -> u32 {
        let child = &mut self.child;
        eventually("the program ends", || child.try_wait().unwrap()).exit_code()
    }

    /// Leaves the console; an open overlay may want a `q` of its own.
    pub fn leave(&mut self) -> u32 {
        for _ in 0..5 {
            self.press("q");
            let begun = Instant::now();
            while begun.elapsed() < DEADLINE / 10 {
                if !self.is_running() {
                    return self.exit();
                }
                std::thread::sleep(LOOK);
            }
        }
        panic!("`q` does not leave");
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// The terminal is as the program found it.
    pub fn assert_restored(&self) {
        self.until("the screen is given back", |screen, _| {
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
        assert_eq!(format!("{:?}", self.master.as_ref().unwrap().get_termios().unwrap()), self.settings);
    }

    /// Closes the terminal's other end, as a lost connection does.
    pub fn hang_up(&mut self) {
        self.seen.0.lock().unwrap().enough = true;
        // The reader sits in a read; whatever is drawn wakes it. Every copy of the master must be closed.
        let size = PtySize { rows: 20, cols: 70, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self.reader.take().unwrap().join().unwrap();
        drop((self.master.take(), self.writer.take()));
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // By its number: the library's own way begins with a polite signal.
        if self.is_running() {
            self.signal(Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

/// The row in the middle of the screen that stands out from its neighbours, and what it says.
fn selected(screen: &vt100::Screen) -> Option<(u16, String)> {
    let (rows, columns) = screen.size();
    let look = |y: u16| screen.cell(y, columns.get() / 2).map(|c| (c.bgcolor(), c.inverse()));
    let stands_out = |y: &u16| look(*y) != look(y - 1) && look(*y) != look(y + 1);
    let row = (1..rows.get() - 1).find(stands_out)?;
    Some((row, screen.contents_between(row, 0, row, columns.get())))
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}

fn read(mut reader: Box<dyn Read + Send>, seen: &(Mutex<Seen>, Condvar)) {
    let mut piece = [0; 4096];
    while let Ok(n @ 1..) = reader.read(&mut piece) {
        let mut now = seen.0.lock().unwrap();
        now.screen.process(&piece[..n]);
        now.raw.extend_from_slice(&piece[..n]);
        seen.1.notify_all();
        if now.enough {
            return;
        }
    }
}
