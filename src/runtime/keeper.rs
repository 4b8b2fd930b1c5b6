//! Keeps the configuration file: watches it, edits it, has it read again. One task owns the path, so that two edits
//! can never cross, and an edit and a reload neither.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::inbox::{Inbox, Told};
use super::load::{Loaded, load, read, words_file};
use crate::config::{self, Language};
use crate::domain::{ConfigEdit, ConfigTrouble, Met};

/// Editors write, rename and touch in quick succession: the file is read when it has been still for so long.
const STILL: Duration = Duration::from_millis(300);
/// Edits that may wait; beyond, they are refused.
const ROOM: usize = 64;

/// What the keeper is asked.
pub(super) enum Errand {
    /// Read the file again; for whom.
    Reload(Option<u64>),
    /// Change it.
    Edit(u64, ConfigEdit),
    /// Something happened in the file's directory.
    Touched,
}

/// What a room of an upper floor has against a configuration that is otherwise right: the console knows its keys and
/// themes, the configuration does not.
pub type Objections = fn(&Path, &Loaded) -> Option<ConfigTrouble>;

/// The keeper's lane. Bounded; a full one refuses.
#[derive(Clone)]
pub(super) struct Keeper {
    lane: mpsc::Sender<Errand>,
}

impl Keeper {
    /// Starts keeping a file whose content now is `text`.
    pub fn start(path: PathBuf, objections: Objections, inbox: Inbox) -> Self {
        let (lane, errands) = mpsc::channel(ROOM);
        let watched = Watched::new(path, lane.clone());
        tokio::spawn(keep(watched, objections, errands, inbox));
        Self { lane }
    }

    /// Asks; `false`: too much waits already.
    pub fn ask(&self, errand: Errand) -> bool {
        self.lane.try_send(errand).is_ok()
    }
}

/// The files that are read again when they change: the configuration, and the word list that it names. Their directories
/// are watched, since editors replace files. Without inotify they are still read on SIGHUP and `ctl reload`.
struct Watched {
    path: PathBuf,
    /// What was read last, so that our own writes and mere touches change nothing.
    text: Option<Vec<u8>>,
    /// The word list that the configuration names, and what was read of it last.
    words: Option<(PathBuf, Option<Vec<u8>>)>,
    watcher: Option<notify::RecommendedWatcher>,
    /// The names of the files, for the watcher.
    names: Arc<Mutex<Vec<OsString>>>,
}

impl Watched {
    fn new(path: PathBuf, lane: mpsc::Sender<Errand>) -> Self {
        let names = Arc::new(Mutex::new(Vec::new()));
        let wanted = Arc::clone(&names);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let wanted = wanted.lock().unwrap_or_else(PoisonError::into_inner);
            let ours = event.paths.iter().filter_map(|p| p.file_name()).any(|name| wanted.iter().any(|w| w == name));
            if ours && !event.kind.is_access() {
                // Dropped when full: an errand that will read the files waits already.
                let _ = lane.try_send(Errand::Touched);
            }
        })
        .inspect_err(|error| tracing::warn!(%error, "cannot watch the configuration; it is read on reload only"))
        .ok();
        let mut watched = Self { path, text: None, words: None, watcher, names };
        watched.watch(&watched.path.clone());
        watched.look();
        watched
    }

    fn watch(&mut self, file: &Path) {
        let directory = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if let Some(watcher) = &mut self.watcher {
            // Watching a directory twice is watching it once.
            if let Err(error) = watcher.watch(directory, RecursiveMode::NonRecursive) {
                let directory = directory.display();
                tracing::warn!(%error, %directory, "cannot watch the configuration; it is read on reload only");
            }
        }
        let name = file.file_name().map(OsString::from);
        self.names.lock().unwrap_or_else(PoisonError::into_inner).extend(name);
    }

    /// Looks at the files; whether they are other than they were. A configuration that is gone or empty is being
    /// written.
    fn look(&mut self) -> bool {
        let text = std::fs::read(&self.path).ok().filter(|text| !text.is_empty());
        let is_new = text.is_some() && text != self.text;
        if is_new {
            self.text = text;
            self.follow();
        }
        let Some((file, known)) = &mut self.words else { return is_new };
        let words = std::fs::read(file).ok();
        let are_new = words != *known;
        *known = words;
        is_new || are_new
    }

    /// This is the configuration now; where it names another word list, that one is watched from now on.
    fn follow(&mut self) {
        let text = self.text.as_deref().and_then(|text| std::str::from_utf8(text).ok());
        let parsed = text.and_then(|text| config::parse(text).ok());
        // One that is wrong in some other place does not tell.
        let Some(parsed) = parsed else { return };
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let file = words_file(&parsed.config, directory);
        if file.as_ref() == self.words.as_ref().map(|(file, _)| file) {
            return;
        }
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.watch(&self.path.clone());
        self.words = file.map(|file| {
            self.watch(&file);
            let words = std::fs::read(&file).ok();
            (file, words)
        });
    }
}

async fn keep(mut watched: Watched, objections: Objections, mut errands: mpsc::Receiver<Errand>, inbox: Inbox) {
    let path = watched.path.clone();
    while let Some(errand) = errands.recv().await {
        match errand {
            Errand::Touched => {
                tokio::time::sleep(STILL).await;
                if watched.look() {
                    reload(&path, objections, None, &inbox).await;
                }
            }
            Errand::Reload(whose) => {
                watched.look();
                let whose = whose.map(|id| (id, Met::Changed { former: None }));
                reload(&path, objections, whose, &inbox).await;
            }
            Errand::Edit(id, edit) => match change(&path, &edit) {
                Ok(met @ Met::Changed { .. }) => {
                    watched.look();
                    reload(&path, objections, Some((id, met)), &inbox).await;
                }
                result => inbox.tell(Told::Edited(id, result)).await,
            },
        }
    }
}

async fn reload(path: &Path, objections: Objections, whose: Option<(u64, Met)>, inbox: &Inbox) {
    let loaded = load(path).map_err(|error| error.trouble());
    let loaded = loaded.and_then(|loaded| match objections(path, &loaded) {
        Some(trouble) => Err(trouble),
        None => Ok(Box::new(loaded)),
    });
    inbox.tell(Told::Config(loaded, whose)).await;
}

/// Changes the file, if there is anything to change.
fn change(path: &Path, edit: &ConfigEdit) -> Result<Met, ConfigTrouble> {
    let failed = |error: std::io::Error| trouble(&error.to_string(), &error.to_string(), path);
    let text = read(path).map_err(failed)?;
    let text = String::from_utf8(text).map_err(|error| failed(std::io::Error::other(error.utf8_error())))?;
    let edited = config::edit(&text, edit)
        .map_err(|error| trouble(&error.words(Language::Chinese), &error.words(Language::English), path))?;
    match edited {
        config::Edited::Same => Ok(Met::Same),
        config::Edited::Changed(fresh) => {
            // Replacing needs no right to write to the file itself, only to its directory; whoever took that right
            // away meant it.
            if std::fs::metadata(path).is_ok_and(|m| m.permissions().readonly()) {
                return Err(read_only(path, edit));
            }
            write_whole(path, &fresh).map_err(|error| match error.kind() {
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => read_only(path, edit),
                _ => failed(error),
            })?;
            let former = match edit {
                ConfigEdit::SetChat { id, key, .. } => config::written(&text, *id, key),
                _ => None,
            };
            Ok(Met::Changed { former })
        }
    }
}

/// Nothing can be written there; who shall be let in can be let in for a while, which the store remembers.
fn read_only(path: &Path, edit: &ConfigEdit) -> ConfigTrouble {
    let (zh, en) = match edit {
        ConfigEdit::Allow(_) | ConfigEdit::Block(_) => (
            "；或者加上 --for 2h 只生效一阵子，不用改文件",
            ", or make it last for a while only, which needs no file: --for 2h",
        ),
        _ => ("", ""),
    };
    trouble(
        &format!("文件是只读的，没有改动。请让它可写{zh}"),
        &format!("the file is read-only and was left as it is; make it writable{en}"),
        path,
    )
}

fn trouble(zh: &str, en: &str, path: &Path) -> ConfigTrouble {
    // Why comes first: where there is little room, the file is what can be missed.
    let file = path.display();
    ConfigTrouble { zh: format!("{zh}（{file}）"), en: format!("{en} ({file})") }
}

/// Replaces a file at one blow, keeping its mode: a crash leaves the old one or the new one.
pub(crate) fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    // A link is followed, so that what it points at is replaced and not the link.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut beside = path.clone().into_os_string();
    beside.push(".new");
    let mut file = std::fs::File::create(&beside)?;
    if let Ok(metadata) = std::fs::metadata(&path) {
        file.set_permissions(metadata.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&beside, &path)
}
