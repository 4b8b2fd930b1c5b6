//! The command line: one file a subcommand. Each reads its options, calls one function of another room, and
//! ends with a paragraph and an exit code: 0 done, 1 failed, 2 usage, 78 configuration.

mod attach;
mod backup;
mod check;
mod completions;
mod ctl;
mod daemon;
mod demo;
mod explain;
mod help;
mod init;
mod launch;
mod man;
mod output;
mod place;
mod relay;
mod replay;
mod restore;
mod run;
mod threads;
mod usage;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::Language;
use crate::words::Lang;
use output::End;
use place::Place;

/// Answers QQ chats with language models, and gives the people who run the bot a terminal console
#[derive(Debug, Parser)]
#[command(name = "qqdeck", version, disable_help_subcommand = true)]
struct Cli {
    /// The configuration file [default: ./config.toml, then $XDG_CONFIG_HOME/qqdeck/config.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory [default: $XDG_DATA_HOME/qqdeck]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The language of what is printed: zh or en [default: by LC_ALL, LC_MESSAGES, LANG]
    #[arg(long, global = true, value_name = "LANG")]
    lang: Option<String>,
    /// Draw with ASCII only, as console.ascii = true does, this once
    #[arg(long)]
    ascii: bool,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the bot
    Run(run::Run),
    /// Show how it works, with a simulated QQ and a simulated model
    Demo(demo::Demo),
    /// Open the console of the running bot
    Attach(attach::Attach),
    /// Ask or command the running bot
    Ctl(ctl::Ctl),
    /// Check the configuration
    Check(check::Check),
    /// Read OneBot frames from stdin and tell what the bot would make of each
    Explain(explain::Explain),
    /// Feed recorded inputs to an engine
    Replay(replay::Replay),
    /// Write a first configuration
    Init(init::Init),
    /// Copy the database, also while the bot runs
    Backup(backup::Backup),
    /// Put a copy of the database back
    Restore(restore::Restore),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print the manual page
    Man(man::Man),
}

/// Parses the command line of this process, does what it says, and tells how it went.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let lang = language(&arguments);
    let end = match parse(&arguments, lang) {
        Ok((cli, lang)) => dispatch(cli, lang),
        Err(end) => Err(end),
    };
    match end {
        Ok(()) => ExitCode::SUCCESS,
        Err(end) => end.report(lang),
    }
}

/// The whole command, with its help in one language.
fn command(lang: Lang) -> clap::Command {
    help::localise(Cli::command(), lang)
}

fn parse(arguments: &[OsString], lang: Lang) -> Result<(Cli, Lang), End> {
    let matches = command(lang).try_get_matches_from(arguments).map_err(|e| usage::end(&e))?;
    let cli = Cli::from_arg_matches(&matches).map_err(|e| usage::end(&e))?;
    if let Some(name) = &cli.lang
        && Lang::parse(name).is_none()
    {
        return Err(usage::bad_value("--lang", name, "zh, en").into());
    }
    Ok((cli, lang))
}

fn dispatch(cli: Cli, lang: Lang) -> Result<(), End> {
    let place = Place { config: cli.config, data: cli.data, lang, ascii: cli.ascii };
    match cli.verb {
        Some(Verb::Run(run)) => run.run(&place),
        Some(Verb::Demo(demo)) => demo.run(&place),
        Some(Verb::Attach(attach)) => attach.run(&place),
        Some(Verb::Ctl(ctl)) => ctl.run(&place),
        Some(Verb::Check(check)) => check.run(&place),
        Some(Verb::Explain(explain)) => explain.run(&place),
        Some(Verb::Replay(replay)) => replay.run(&place),
        Some(Verb::Init(init)) => init.run(&place),
        Some(Verb::Backup(backup)) => backup.run(&place),
        Some(Verb::Restore(restore)) => restore.run(&place),
        Some(Verb::Completions(completions)) => completions.run(&place),
        Some(Verb::Man(man)) => man.run(&place),
        None => launch::run(&place),
    }
}

/// `--lang` wins, also for a command line that cannot be read; then the environment.
fn language(arguments: &[OsString]) -> Lang {
    let words: Vec<&str> = arguments.iter().map_while(|a| a.to_str()).take_while(|a| *a != "--").collect();
    let named = words.iter().enumerate().find_map(|(n, word)| match word.strip_prefix("--lang") {
        Some("") => words.get(n + 1).copied(),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    if let Some(lang) = named.and_then(Lang::parse) {
        return lang;
    }
    let env = |name| std::env::var(name).unwrap_or_default();
    Lang::of_reader(Language::Auto, &env("LC_ALL"), &env("LC_MESSAGES"), &env("LANG"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound_in_both_languages() {
        command(Lang::Zh).debug_assert();
        command(Lang::En).debug_assert();
    }

    #[test]
    fn the_language_is_found_before_anything_is_parsed() {
        let lang = |words: &[&str]| language(&words.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(lang(&["qqdeck", "--lang", "zh", "bogus"]), Lang::Zh);
        assert_eq!(lang(&["qqdeck", "ctl", "--lang=zh-CN"]), Lang::Zh);
        assert_eq!(lang(&["qqdeck", "--lang=en"]), Lang::En);
    }
}
