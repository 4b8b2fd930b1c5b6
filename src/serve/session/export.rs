//! Files that operators export, in `exports` in the data directory, for their owner alone.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Longest name in bytes, with room for a number.
const LONGEST: usize = 120;
/// Files of the same name before somebody has to clear up.
const SAME: u32 = 1000;

/// Writes a file of this name, or with a number behind it where it exists, and gives its path.
///
/// # Errors
/// The disk's.
pub fn write(folder: &Path, name: &str, text: &str) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let name = safe(name);
    let (stem, ending) = name.rsplit_once('.').map_or((name.as_str(), String::new()), |(s, e)| (s, format!(".{e}")));
    for n in 1..=SAME {
        let path = folder.join(if n == 1 { name.clone() } else { format!("{stem}-{n}{ending}") });
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A name that stays in its folder and in one word of a shell: letters of any language, digits, `.`, `-` and `_`.
fn safe(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut safe: String = name.chars().take(2 * LONGEST).map(|c| if fits(c) { c } else { '_' }).collect();
    while safe.len() > LONGEST {
        // From the front of the ending, which says what is in it.
        let end = safe.rfind('.').filter(|dot| *dot > 0).unwrap_or(safe.len());
        let last = safe[..end].char_indices().next_back().map_or(0, |(at, _)| at);
        safe.remove(last);
    }
    let bare = safe.trim_start_matches(['.', '-']);
    if bare.is_empty() { "export".to_owned() } else { bare.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exports_are_private_and_never_overwrite() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("exports");
        let first = write(&folder, "群 123.md", "a").unwrap();
        let second = write(&folder, "群 123.md", "b").unwrap();
        assert_eq!((first, &second), (folder.join("群_123.md"), &folder.join("群_123-2.md")));
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "b");
        assert_eq!(std::fs::metadata(&second).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), dir.path().join("x")).unwrap();
        assert_eq!(write(dir.path(), "x", "a").unwrap(), dir.path().join("x-2"));
        assert!(!dir.path().join("elsewhere").exists());
    }

    proptest! {
        #[test]
        fn no_name_leaves_the_folder(name in "[\\PC./]{0,200}") {
            let safe = safe(&name);
            prop_assert!(!safe.is_empty() && safe.len() <= LONGEST && !safe.contains('/') && !safe.starts_with('.'));
        }
    }
}
