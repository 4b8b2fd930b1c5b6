//! What the parser says about a command line, in words of ours.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::output::{End, print};
use crate::words::{Exit, UsageError};

/// How a parse that did not succeed ends: help and version are printed, the rest is a paragraph.
pub fn end(error: &clap::Error) -> End {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            print(&error.render().to_string()).err().unwrap_or(End::Quiet)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            End::Said { code: 2, words: error.render().to_string().trim_end().to_owned() }
        }
        _ => Exit::Usage(read(error)).into(),
    }
}

/// A value that the parser let through.
pub fn bad_value(name: &str, value: &str, wants: &str) -> Exit {
    Exit::Usage(UsageError::BadValue { name: name.to_owned(), value: value.to_owned(), wants: wants.to_owned() })
}

fn read(error: &clap::Error) -> UsageError {
    let one = |kind| all(error, kind).into_iter().next();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = one(ContextKind::InvalidSubcommand).unwrap_or_default();
            // The parser's own order of its suggestions is not by likeness.
            let near = all(error, ContextKind::SuggestedSubcommand);
            let nearest = near.iter().min_by_key(|n| strsim::osa_distance(n, &name)).cloned();
            UsageError::UnknownCommand { name, nearest }
        }
        ErrorKind::UnknownArgument => UsageError::UnknownOption {
            name: one(ContextKind::InvalidArg).unwrap_or_default(),
            nearest: one(ContextKind::SuggestedArg),
        },
        ErrorKind::MissingRequiredArgument => {
            // The dots of one that may be repeated would run into the end of the sentence.
            let names = all(error, ContextKind::InvalidArg);
            let names: Vec<_> = names.iter().map(|name| name.trim_end_matches("...")).collect();
            UsageError::Missing { names: names.join(" ") }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if one(ContextKind::InvalidArg).is_some() => {
            UsageError::BadValue {
                name: one(ContextKind::InvalidArg).unwrap_or_default(),
                value: one(ContextKind::InvalidValue).unwrap_or_default(),
                wants: all(error, ContextKind::ValidValue).join(", "),
            }
        }
        _ => {
            let words = error.to_string();
            UsageError::Other(words.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned())
        }
    }
}

fn all(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.clone()],
        Some(ContextValue::Strings(all)) => all.clone(),
        _ => Vec::new(),
    }
}
