//! The terminal, taken and given back: whatever happens, the shell finds it as it was.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::thread;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode, is_raw_mode_enabled, window_size};
use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};

use crate::serve::session::link::RESET;

/// A terminal in raw mode. It goes back when this is dropped, and when the thread that took it panics.
#[derive(Debug)]
pub struct Terminal {
    /// Whoever drew on it last has given it back.
    clean: bool,
}

impl Terminal {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it is none.
    pub fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        restore_on_panic();
        Ok(Self { clean: true })
    }

    /// Something is drawn on it from here on.
    pub fn drawn(&mut self) {
        self.clean = false;
    }

    /// Whoever drew on it has given it back.
    pub fn cleaned(&mut self) {
        self.clean = true;
    }

    /// Gives the screen back for whoever drew on it and cannot any more.
    pub fn clean(&mut self) {
        if !self.clean {
            self.clean = true;
            write(RESET);
        }
    }

    /// Columns and rows.
    pub fn size() -> (u16, u16) {
        window_size().map_or((0, 0), |size| (size.columns, size.rows))
    }

    /// Stops this process until it is continued, or the whole job as ^Z would. `false`: nobody is there who could
    /// continue it (`ssh -t host qqdeck`), so it goes on at once.
    pub fn stop(&mut self, whole_job: bool) -> bool {
        self.clean();
        if !somebody_continues_us() {
            return false;
        }
        let _ = disable_raw_mode();
        // The signal that cannot be caught: ours is caught.
        let _ = if whole_job { kill_current_process_group(Signal::STOP) } else { kill_process(getpid(), Signal::STOP) };
        true
    }

    /// Takes it again after somebody else may have changed it. In the background this stops the process once more.
    pub fn again(&mut self) {
        let _ = disable_raw_mode();
        let _ = enable_raw_mode();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.clean();
        // A terminal that has gone cannot be given back.
        let _ = disable_raw_mode();
    }
}

/// Past the standard library's buffer and its lock, which a stuck writer may hold.
fn write(bytes: &[u8]) {
    if let Ok(out) = io::stdout().as_fd().try_clone_to_owned() {
        let _ = File::from(out).write_all(bytes);
    }
}

/// A panic of the relay gives the terminal back before its words are printed. One of any other thread (the bot of a
/// demo) must not tear down a live screen: its words go to the log.
fn restore_on_panic() {
    let (relay, before) = (thread::current().id(), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == relay {
            if is_raw_mode_enabled().unwrap_or(false) {
                write(RESET);
                let _ = disable_raw_mode();
            }
            before(panic);
        } else {
            tracing::error!("{panic}");
        }
    }));
}

/// Whether our job has a shell: some ancestor outside our process group and inside our session.
fn somebody_continues_us() -> bool {
    let family = |process: i32| Family::read(&std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?);
    has_shell(getpid().as_raw_nonzero().get(), family)
}

fn has_shell(me: i32, family: impl Fn(i32) -> Option<Family>) -> bool {
    let Some(mine) = family(me) else { return false };
    let mut next = mine.parent;
    while let Some(parent) = family(next).filter(|parent| parent.session == mine.session) {
        if parent.group != mine.group {
            return true;
        }
        next = parent.parent;
    }
    false
}

/// How a process stands to others. The kernel calls a session or group 0 that began outside our container, which
/// makes asking it by `getsid` unsafe: its callers hold such an answer for impossible.
#[derive(Clone, Copy)]
struct Family {
    parent: i32,
    group: i32,
    session: i32,
}

impl Family {
    /// From the text of `/proc/PID/stat` (proc(5)); the name in it may hold anything, also brackets.
    fn read(stat: &str) -> Option<Self> {
        let (_, after_name) = stat.rsplit_once(") ")?;
        let mut fields = after_name.split(' ').skip(1).map(|field| field.parse().ok());
        Some(Self { parent: fields.next()??, group: fields.next()??, session: fields.next()?? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(processes: &'static [(i32, &'static str)]) -> impl Fn(i32) -> Option<Family> {
        move |asked| processes.iter().find(|(process, _)| *process == asked).and_then(|(_, stat)| Family::read(stat))
    }

    #[test]
    fn a_shell_is_an_ancestor_in_our_session_with_a_job_of_its_own() {
        let shell = world(&[(9, "9 (qqdeck) S 7 9 5 34817"), (7, "7 (a) b) (c) S 5 9 5 0"), (5, "5 (sh) S 1 5 5 0")]);
        assert!(has_shell(9, shell));
        assert!(!has_shell(9, world(&[(9, "9 (qqdeck) S 5 9 9 0"), (5, "5 (sshd) S 1 5 5 0")])), "ssh -t host qqdeck");
        assert!(!has_shell(9, world(&[(9, "9 (qqdeck) S 0 9 9 0")])), "started from outside the container");
        assert!(
            !has_shell(9, world(&[(9, "9 (qqdeck) S 1 9 9 0"), (1, "1 (init) S 0 0 0 0")])),
            "its own first process"
        );
        assert!(!has_shell(9, world(&[])), "nothing is known");
        assert!(Family::read("9 (qqdeck) S 7").is_none());
    }
}
