//! From a reference in `config.toml` to the secret itself.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use crate::config::{Language, Secret};

/// The longest secret, in bytes. Comparisons walk all of it, so that time tells nothing about the length.
pub const LARGEST: usize = 4096;

/// Where container and service managers mount secrets. They choose the mode (Docker: 0444), and nobody but
/// the service sees the mount.
const MOUNTED: [&str; 2] = ["/run/secrets/", "/run/credentials/"];

/// A secret. Shown nowhere, wiped when dropped.
#[derive(Clone)]
pub struct Resolved(Zeroizing<String>);

impl Resolved {
    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Nothing was configured.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody presented this secret, in the same time whatever they presented. An empty secret
    /// matches nothing: that no token is wanted is for the caller to decide.
    pub fn matches(&self, presented: &[u8]) -> bool {
        let fits = Choice::from(u8::from(!self.is_empty() && presented.len() <= LARGEST));
        let same_length = self.0.len().ct_eq(&presented.len());
        (fits & same_length & padded(self.0.as_bytes())[..].ct_eq(&padded(presented)[..])).into()
    }
}

/// Zeros behind it up to [`LARGEST`]; what is longer is cut.
fn padded(bytes: &[u8]) -> Zeroizing<[u8; LARGEST]> {
    let mut whole = Zeroizing::new([0; LARGEST]);
    let length = bytes.len().min(LARGEST);
    whole[..length].copy_from_slice(&bytes[..length]);
    whole
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// Why a secret could not be had. Names its source, never its value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// Neither `NAME` nor `NAME_FILE` is set.
    #[error("the environment has neither {0} nor {0}_FILE")]
    NotSet(String),
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A directory, a pipe, a device.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// Others can read the file.
    #[error("others can read {0}; run: chmod 600 {0}", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file is somebody else's.
    #[error("{} belongs to somebody else (uid {uid}); a secret must be this user's or root's", path.display())]
    Owner {
        /// Which.
        path: PathBuf,
        /// Whose.
        uid: u32,
    },
    /// Nothing in it.
    #[error("{0} is empty")]
    Empty(String),
    /// Longer than [`LARGEST`].
    #[error("{0} is longer than 4096 bytes")]
    TooLong(String),
    /// Not UTF-8.
    #[error("{0} is not text")]
    NotText(String),
    /// `secret:NAME`.
    #[error("secret:{0} asks for the vault, which is not built yet; use env:NAME or file:PATH")]
    NoVault(String),
}

impl SecretError {
    /// In words, for whoever reads.
    pub fn words(&self, language: Language) -> String {
        if language != Language::Chinese {
            return self.to_string();
        }
        match self {
            Self::NotSet(name) => format!("环境变量里没有 {name}，也没有 {name}_FILE"),
            Self::Read { path, cause } => format!("读不了 {}：{cause}", path.display()),
            Self::NotAFile(path) => format!("{} 不是普通文件", path.display()),
            Self::Open { path, .. } => format!("别的用户能读 {0}；请执行：chmod 600 {0}", path.display()),
            Self::Owner { path, uid } => {
                format!("{} 属于别的用户（uid {uid}）；密钥文件要属于本用户或 root", path.display())
            }
            Self::Empty(source) => format!("{source} 是空的"),
            Self::TooLong(source) => format!("{source} 超过 4096 字节"),
            Self::NotText(source) => format!("{source} 不是文本"),
            Self::NoVault(name) => format!("secret:{name} 要用到保险箱，它还没有做好；请用 env:名称 或 file:路径"),
        }
    }
}

/// The secret that a reference means: `env:NAME` (or the file that `NAME_FILE` names), `file:PATH` (relative
/// to `base`, the directory of the configuration), or the literal itself. Nothing configured is an empty one.
///
/// # Errors
/// A file must be regular, this user's or root's, and closed to group and others (threats.md F08), except
/// where a container or service manager mounted it.
pub fn resolve(secret: &Secret, base: &Path) -> Result<Resolved, SecretError> {
    resolve_in(secret, base, |name| std::env::var_os(name))
}

fn resolve_in(
    secret: &Secret,
    base: &Path,
    environment: impl Fn(&str) -> Option<OsString>,
) -> Result<Resolved, SecretError> {
    let text = secret.0.as_str();
    if let Some(name) = text.strip_prefix("secret:") {
        return Err(SecretError::NoVault(name.to_owned()));
    }
    if let Some(path) = text.strip_prefix("file:") {
        return read(&base.join(path));
    }
    let Some(name) = text.strip_prefix("env:") else {
        return if secret.is_empty() {
            Ok(Resolved(Zeroizing::default()))
        } else {
            checked(text.to_owned(), "a secret")
        };
    };
    match (environment(name), environment(&format!("{name}_FILE"))) {
        (Some(value), _) if !value.is_empty() => {
            checked(value.into_string().map_err(|_| SecretError::NotText(name.to_owned()))?, name)
        }
        (_, Some(path)) => read(&base.join(path)),
        (Some(_), None) => Err(SecretError::Empty(name.to_owned())),
        (None, None) => Err(SecretError::NotSet(name.to_owned())),
    }
}

fn checked(value: String, source: &str) -> Result<Resolved, SecretError> {
    let value = Zeroizing::new(value);
    match value.len() {
        0 => Err(SecretError::Empty(source.to_owned())),
        1..=LARGEST => Ok(Resolved(value)),
        _ => Err(SecretError::TooLong(source.to_owned())),
    }
}

/// A secret file, one trailing line break left out. What is checked is what was opened, so that nobody can
/// change the one for the other in between.
fn read(path: &Path) -> Result<Resolved, SecretError> {
    let failed = |cause| SecretError::Read { path: path.to_owned(), cause };
    // Without NONBLOCK, opening a pipe waits for whoever writes to it.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(failed)?;
    allowed(&file, path)?;
    let source = path.display().to_string();
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST + 2));
    file.take(LARGEST as u64 + 2).read_to_end(&mut bytes).map_err(failed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretError::NotText(source.clone()))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    checked(text.strip_suffix('\r').unwrap_or(text).to_owned(), &source)
}

fn allowed(file: &File, path: &Path) -> Result<(), SecretError> {
    let found = file.metadata().map_err(|cause| SecretError::Read { path: path.to_owned(), cause })?;
    if !found.is_file() {
        return Err(SecretError::NotAFile(path.to_owned()));
    }
    if MOUNTED.iter().any(|mount| path.starts_with(mount)) && !path.components().any(|part| part.as_os_str() == "..") {
        return Ok(());
    }
    let (uid, mode) = (found.uid(), found.mode() & 0o777);
    if uid != rustix::process::geteuid().as_raw() && uid != 0 {
        return Err(SecretError::Owner { path: path.to_owned(), uid });
    }
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret(text.into())
    }

    fn file(folder: &Path, name: &str, bytes: &[u8], mode: u32) {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_is_read_only_where_others_cannot() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        file(base, "good", b"hush\n", 0o600);
        file(base, "crlf", b"hush\r\n", 0o400);
        file(base, "open", b"hush\n", 0o640);
        file(base, "empty", b"\n", 0o600);
        file(base, "long", &[b'x'; LARGEST + 1], 0o600);
        file(base, "longest", &[b'x'; LARGEST], 0o600);
        file(base, "bytes", &[0xff], 0o600);
        let get = |name: &str| resolve(&secret(&format!("file:{name}")), base);
        assert_eq!(get("good").unwrap().expose(), "hush");
        assert_eq!(get("crlf").unwrap().expose(), "hush");
        assert!(get("longest").is_ok());
        let open = get("open").unwrap_err();
        assert!(matches!(open, SecretError::Open { mode: 0o640, .. }));
        for language in [Language::Chinese, Language::English] {
            assert!(open.words(language).contains("chmod 600"));
        }
        assert!(matches!(get("empty"), Err(SecretError::Empty(_))));
        assert!(matches!(get("long"), Err(SecretError::TooLong(_))));
        assert!(matches!(get("bytes"), Err(SecretError::NotText(_))));
        assert!(matches!(get("none"), Err(SecretError::Read { .. })));
        assert!(matches!(get("."), Err(SecretError::NotAFile(_))));
        assert!(matches!(get("/dev/null"), Err(SecretError::NotAFile(_))));
    }

    #[test]
    fn the_environment_names_a_value_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        file(folder.path(), "key", b"from file", 0o600);
        let environment = |name: &str| match name {
            "A" => Some("value".into()),
            "EMPTY" => Some("".into()),
            "B_FILE" => Some("key".into()),
            _ => None,
        };
        let get = |text: &str| resolve_in(&secret(text), folder.path(), environment);
        assert_eq!(get("env:A").unwrap().expose(), "value");
        assert_eq!(get("env:B").unwrap().expose(), "from file");
        assert!(matches!(get("env:C"), Err(SecretError::NotSet(name)) if name == "C"));
        assert!(matches!(get("env:EMPTY"), Err(SecretError::Empty(_))));
        assert!(matches!(get("secret:x"), Err(SecretError::NoVault(_))));
        assert_eq!(get("literal").unwrap().expose(), "literal");
        assert!(get("").unwrap().is_empty());
    }

    #[test]
    fn only_the_secret_itself_matches() {
        let here = Path::new(".");
        let token = resolve(&secret("open sesame"), here).unwrap();
        assert!(token.matches(b"open sesame"));
        for other in [&b""[..], b"open", b"open sesame ", b"open sesame\0", &[b'x'; LARGEST + 9]] {
            assert!(!token.matches(other));
        }
        assert!(!resolve(&Secret::default(), here).unwrap().matches(b""));
    }

    #[test]
    fn it_is_never_shown() {
        let token = resolve(&secret("canary"), Path::new(".")).unwrap();
        assert_eq!(format!("{token:?} {:?}", token.clone()), "<secret> <secret>");
    }
}
