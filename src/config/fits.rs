//! Whether a value fits a setting of a chat, before anybody writes it.

use super::{EditError, Issue, IssueKind, edit};
use crate::domain::{AccessId, ConfigEdit};

/// Looks at one value alone, as [`edit()`] would write it. What it means beside the rest of the file (a name that
/// must exist, another key that it must not exceed) is for the file to say.
///
/// # Errors
/// What is wrong with it.
pub fn fits(id: AccessId, key: &str, value: &str) -> Result<(), EditError> {
    let change = ConfigEdit::SetChat { id, key: key.to_owned(), value: value.to_owned() };
    let alone = |issue: &Issue| !matches!(issue.kind, IssueKind::UnknownName { .. } | IssueKind::Above { .. });
    match edit("", &change) {
        Err(EditError::Refused(issues)) => {
            let issues: Vec<Issue> = issues.into_iter().filter(alone).collect();
            if issues.is_empty() { Ok(()) } else { Err(EditError::Refused(issues)) }
        }
        result => result.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Language;
    use crate::domain::GroupId;

    fn said(key: &str, value: &str) -> Option<String> {
        fits(AccessId::Group(GroupId(1)), key, value).err().map(|error| error.words(Language::English))
    }

    #[test]
    fn what_is_wrong_with_a_value_is_said_first() {
        for (key, value, begins) in [
            ("limits.per_user", "often", "cannot read \"often\"; wants"),
            ("mode", "atuo", "\"atuo\" is no choice"),
            ("reply.at_sender", "1", "wants true or false"),
            ("reply.nonsense", "1", "unknown key"),
        ] {
            let words = said(key, value).unwrap_or_else(|| panic!("{key} = {value} is taken"));
            assert!(words.starts_with(begins) && words.contains(&format!("chat.group_1.{key}")), "{words}");
        }
    }

    #[test]
    fn what_fits_or_only_the_file_can_tell_is_taken() {
        for (key, value) in [
            ("limits.per_user", "\"6/min burst 3\""),
            ("mode", "manual"),
            ("persona", "\"somebody\""),
            ("provider", "\"someone\""),
            ("trigger.group", "[\"at\", \"names\"]"),
            ("context.idle", ""),
        ] {
            assert_eq!(said(key, value), None, "{key} = {value}");
        }
    }
}
