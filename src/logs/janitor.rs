//! Keeps the directory of logs small: compresses files of past days, and takes out the oldest. It knows files by
//! their exact names and touches no other; what a restart or a crash left behind is found by the next look.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::civil::Date;

use super::rules::{CURRENT, Rules};

/// A log of a past day, or a full piece of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Past {
    /// The local day of its first line.
    pub day: Date,
    /// Which of that day, from 0.
    pub piece: u32,
    /// Compressed.
    pub packed: bool,
}

impl Past {
    /// `qqdeck-2025-11-21.log`, `qqdeck-2025-11-21.1.log.gz`.
    pub fn name(&self) -> String {
        let piece = if self.piece == 0 { String::new() } else { format!(".{}", self.piece) };
        format!("qqdeck-{}{piece}.log{}", self.day, if self.packed { ".gz" } else { "" })
    }

    /// Reads such a name; `None`: another's file.
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix("qqdeck-")?;
        let (rest, packed) = rest.strip_suffix(".gz").map_or((rest, false), |rest| (rest, true));
        let rest = rest.strip_suffix(".log")?;
        let (day, piece) = rest.split_once('.').map_or((rest, "0"), |(day, piece)| (day, piece));
        let past = Self { day: day.parse().ok()?, piece: piece.parse().ok()?, packed };
        (past.name() == name).then_some(past)
    }
}

/// All files of past days, oldest first.
///
/// # Errors
/// The disk's.
pub fn all(folder: &Path) -> io::Result<Vec<Past>> {
    let mut found: Vec<Past> =
        fs::read_dir(folder)?.filter_map(|entry| Past::parse(entry.ok()?.file_name().to_str()?)).collect();
    found.sort();
    Ok(found)
}

/// A name for a file of that day that nothing has yet.
pub fn free(folder: &Path, day: Date) -> PathBuf {
    let last = all(folder).unwrap_or_default().into_iter().filter(|past| past.day == day).map(|past| past.piece).max();
    let past = Past { day, piece: last.map_or(0, |piece| piece + 1), packed: false };
    folder.join(past.name())
}

/// Looks over the directory once: what is too old or too much goes, what is left is compressed.
///
/// # Errors
/// The first of the disk's; everything is tried all the same.
pub fn sweep(folder: &Path, rules: &Rules) -> io::Result<()> {
    if rules.keep == 0 {
        return Ok(());
    }
    // A full disk first needs room, and compressing needs some of it.
    let first = prune(folder, rules);
    let packed = if rules.compress { pack_all(folder, rules) } else { Ok(()) };
    first.and(packed).and(prune(folder, rules))
}

fn prune(folder: &Path, rules: &Rules) -> io::Result<()> {
    let mut left = all(folder)?;
    let days: BTreeSet<Date> = left.iter().map(|past| past.day).collect();
    let oldest = days.iter().rev().nth(rules.keep.saturating_sub(1) as usize).copied();
    let mut result = Ok(());
    let mut remove = |past: &Past| {
        let removed = fs::remove_file(folder.join(past.name()));
        result = std::mem::replace(&mut result, Ok(())).and(removed);
    };
    left.retain(|past| {
        let old = oldest.is_some_and(|oldest| past.day < oldest);
        if old {
            remove(past);
        }
        !old
    });
    let size = |name: String| fs::metadata(folder.join(name)).map_or(0, |found| found.len());
    let mut total = size(CURRENT.to_owned()) + left.iter().map(|past| size(past.name())).sum::<u64>();
    for past in left {
        if total <= rules.max_total {
            break;
        }
        total = total.saturating_sub(size(past.name()));
        remove(&past);
    }
    result
}

fn pack_all(folder: &Path, rules: &Rules) -> io::Result<()> {
    let mut result = Ok(());
    for past in all(folder)?.into_iter().filter(|past| !past.packed) {
        result = result.and(pack(folder, &past, rules.mode));
    }
    result
}

/// Compresses one file beside itself, then takes its place: a crash leaves the one or the other.
fn pack(folder: &Path, past: &Past, mode: u32) -> io::Result<()> {
    let plain = folder.join(past.name());
    let packed = folder.join(Past { packed: true, ..past.clone() }.name());
    let part = folder.join(PART);
    let from = File::open(&plain)?;
    let to = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&part)?;
    let written = to
        .set_permissions(fs::Permissions::from_mode(mode))
        .and_then(|()| {
            let mut gzip = GzEncoder::new(to, Compression::default());
            io::copy(&mut BufReader::with_capacity(64 << 10, from), &mut gzip)?;
            gzip.finish()?.sync_all()
        })
        .and_then(|()| fs::rename(&part, packed))
        .and_then(|()| fs::remove_file(plain));
    if written.is_err() {
        // The plain file is still there; a piece of the other helps nobody.
        let _ = fs::remove_file(part);
    }
    written
}

/// What is being compressed. One name, so that what a crash leaves is overwritten by the next.
const PART: &str = "qqdeck.gz.part";

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn rules() -> Rules {
        Rules { keep: 3, compress: true, mode: 0o640, max_total: 1 << 20 }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn names_are_read_as_they_are_written_and_no_other_file_is_ours() {
        for name in ["qqdeck-2025-11-21.log", "qqdeck-2025-11-21.12.log.gz"] {
            assert_eq!(Past::parse(name).unwrap().name(), name);
        }
        for name in [
            "qqdeck.log",
            "qqdeck.log.1",
            "qqdeck-2025-11-21.log.gz.part",
            "qqdeck-2025-11-21.0.log",
            "qqdeck-2025-13-21.log",
            "qqdeck-20251121.log",
            "other-2025-11-21.log",
        ] {
            assert_eq!(Past::parse(name), None, "{name}");
        }
    }

    #[test]
    fn past_days_are_compressed_and_the_oldest_go() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        for name in
            ["qqdeck-2025-11-18.log.gz", "qqdeck-2025-11-19.log", "qqdeck-2025-11-21.log", "qqdeck-2025-11-21.1.log"]
        {
            fs::write(folder.join(name), "words\n".repeat(100)).unwrap();
        }
        // Others' files, and what a crash left behind.
        for name in ["qqdeck.log", "qqdeck.log.1", "notes.txt", PART] {
            fs::write(folder.join(name), "mine").unwrap();
        }
        fs::write(folder.join("qqdeck-2025-11-17.log"), "old").unwrap();
        sweep(folder, &rules()).unwrap();
        let left = [
            "notes.txt",
            "qqdeck-2025-11-18.log.gz",
            "qqdeck-2025-11-19.log.gz",
            "qqdeck-2025-11-21.1.log.gz",
            "qqdeck-2025-11-21.log.gz",
            "qqdeck.log",
            "qqdeck.log.1",
        ];
        assert_eq!(names(folder), left);
        let mut text = String::new();
        let file = File::open(folder.join("qqdeck-2025-11-19.log.gz")).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o640);
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        assert_eq!(text, "words\n".repeat(100));
    }

    #[test]
    fn all_together_stay_below_the_cap() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        for day in 1..=3 {
            fs::write(folder.join(format!("qqdeck-2025-11-0{day}.log")), vec![b'x'; 1000]).unwrap();
        }
        fs::write(folder.join(CURRENT), vec![b'x'; 1500]).unwrap();
        sweep(folder, &Rules { compress: false, max_total: 3600, ..rules() }).unwrap();
        assert_eq!(names(folder), ["qqdeck-2025-11-02.log", "qqdeck-2025-11-03.log", CURRENT]);
    }

    #[test]
    fn where_somebody_else_rotates_nothing_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("qqdeck-2001-01-01.log"), "old").unwrap();
        sweep(dir.path(), &Rules { keep: 0, max_total: 0, ..rules() }).unwrap();
        assert_eq!(names(dir.path()), ["qqdeck-2001-01-01.log"]);
    }
}
