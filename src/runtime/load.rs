//! Reads the configuration file and what it names, and says what is wrong with it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, Config, Issue, IssueKind, Origins, Position, Severity};
use crate::domain::ConfigTrouble;
use crate::words::Lang;

/// A configuration with where its keys stand.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What holds.
    pub config: Arc<Config>,
    /// Where each key stands.
    pub origins: Arc<Origins>,
    /// What somebody should look at.
    pub warnings: Vec<Issue>,
    /// The directory of the file, which relative paths in it start from.
    pub directory: PathBuf,
}

/// Why a configuration could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is wrong.
    #[error("{path}: {} issues", issues.len())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// Everything that is wrong.
        issues: Vec<Issue>,
    },
}

impl LoadError {
    /// The same in both languages.
    pub fn trouble(&self) -> ConfigTrouble {
        ConfigTrouble { zh: self.words(Lang::Zh).join("\n"), en: self.words(Lang::En).join("\n") }
    }

    /// One line an error: place and sentence. What is merely odd is told once the errors are mended.
    pub fn words(&self, lang: Lang) -> Vec<String> {
        match self {
            Self::Unreadable { .. } => vec![self.to_string()],
            Self::Wrong { path, issues } => {
                let file = path.display().to_string();
                let language = lang.language();
                let errors = issues.iter().filter(|issue| issue.severity() == Severity::Error);
                errors.map(|issue| issue.line(&file, language)).collect()
            }
        }
    }
}

/// Reads a configuration file, and the word list that it names.
///
/// # Errors
/// A file that cannot be read, or everything that is wrong with it.
pub fn load(path: &Path) -> Result<Loaded, LoadError> {
    let wrong = |issues| LoadError::Wrong { path: path.to_owned(), issues };
    let bytes = read(path).map_err(|error| LoadError::Unreadable { path: path.to_owned(), error })?;
    let text = String::from_utf8(bytes).map_err(|error| wrong(vec![not_utf8(&error)]))?;
    let directory = path.parent().unwrap_or(Path::new(".")).to_owned();
    let parsed = config::parse(&text).map_err(wrong)?;
    let mut config = parsed.config;
    if let Some(file) = words_file(&config, &directory) {
        let words = std::fs::read_to_string(&file).map_err(|error| {
            let key = "moderation.words_file".to_owned();
            let at = parsed.origins.get(&key).unwrap_or(Position { line: 1, column: 1 });
            let kind = IssueKind::Unreadable { path: file.display().to_string(), cause: error.to_string() };
            wrong(vec![Issue { at, key, kind }])
        })?;
        let words = words.lines().map(str::trim).filter(|w| !w.is_empty() && !w.starts_with('#'));
        config.moderation.words.extend(words.map(str::to_owned));
    }
    Ok(Loaded { config: Arc::new(config), origins: Arc::new(parsed.origins), warnings: parsed.warnings, directory })
}

/// Where the word list is, if there is one.
pub(super) fn words_file(config: &Config, directory: &Path) -> Option<PathBuf> {
    let named = &config.moderation.words_file;
    (!named.is_empty()).then(|| directory.join(named))
}

/// The place of the first byte that is wrong.
fn not_utf8(error: &std::string::FromUtf8Error) -> Issue {
    let right = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let right = String::from_utf8_lossy(right);
    let (line, column) = (right.matches('\n').count() + 1, right.rsplit('\n').next().unwrap_or_default());
    let at = Position { line, column: column.chars().count() + 1 };
    Issue { at, key: String::new(), kind: IssueKind::NotUtf8 }
}

/// Reads a file of a person's size: what somebody put there by mistake may be a film (threats.md F05).
pub(super) fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.len() > config::LARGEST as u64 {
        return Err(std::io::Error::new(ErrorKind::FileTooLarge, "larger than 1 MiB"));
    }
    std::fs::read(path)
}
