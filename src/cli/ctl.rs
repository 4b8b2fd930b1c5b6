//! `qqdeck ctl VERB`: its subcommands are made from the table of verbs.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Map, Value};

use super::output::{End, print, remark};
use super::place::Place;
use crate::serve::client::Client;
use crate::serve::hello::Ask;
use crate::serve::line;
use crate::verbs::{Argument, Entry, Form, TABLE, Verb, find};
use crate::words::Lang;

/// One question to the running bot.
#[derive(Debug)]
pub struct Ctl {
    ask: Ask,
    follow: bool,
}

impl Args for Ctl {
    fn augment_args(command: Command) -> Command {
        let json = Arg::new("json")
            .long("json")
            .global(true)
            .action(ArgAction::SetTrue)
            .help("Print one JSON value (tail: one a line)");
        command
            .arg(json)
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands(TABLE.iter().map(subcommand))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn subcommand(entry: &Entry) -> Command {
    let mut command = Command::new(entry.name).about(entry.en).args(entry.arguments.iter().map(argument));
    if let Some(alias) = entry.alias {
        command = command.visible_alias(alias);
    }
    command
}

fn argument(a: &Argument) -> Arg {
    let arg = Arg::new(a.name).help(a.en);
    // Ids of messages may be negative, and nothing else begins with a dash and a digit.
    let valued = |arg: Arg, name: String| arg.value_name(name).allow_negative_numbers(true);
    let name = a.name.to_ascii_uppercase();
    match a.form {
        Form::Needed => valued(arg, name).required(true),
        Form::Optional => valued(arg, name),
        Form::Rest => valued(arg, name).required(true).num_args(1..),
        Form::Option(value) if a.name == "limit" => valued(arg, value.to_owned()).long(a.name).short('n'),
        Form::Option(value) => valued(arg, value.to_owned()).long(a.name),
        Form::Flag => arg.long(a.name).action(ArgAction::SetTrue),
    }
}

impl FromArgMatches for Ctl {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let found = matches.subcommand().and_then(|(name, given)| find(name).map(|entry| (entry, given)));
        let Some((entry, given)) = found else {
            return Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand));
        };
        let mut arguments = Map::new();
        for a in entry.arguments {
            let value = match a.form {
                Form::Flag => given.get_flag(a.name).then_some(Value::Bool(true)),
                Form::Rest => given
                    .get_many::<String>(a.name)
                    .map(|words| Value::String(words.map(String::as_str).collect::<Vec<_>>().join(" "))),
                Form::Needed | Form::Optional | Form::Option(_) => {
                    given.get_one::<String>(a.name).cloned().map(Value::String)
                }
            };
            if let Some(value) = value {
                arguments.insert(a.name.to_owned(), value);
            }
        }
        let ask =
            Ask { verb: entry.name.to_owned(), arguments, json: matches.get_flag("json") || given.get_flag("json") };
        let follow = entry.verb == Verb::Tail || (entry.verb == Verb::Logs && given.get_flag("follow"));
        Ok(Self { ask, follow })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Ctl {
    /// Asks, and prints what comes back.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let mut client = Client::connect(&place.data()?, place.lang)?;
        let json = self.ask.json;
        let answer = client.ask(&self.ask)?;
        if self.follow && is_ok(&answer) {
            return follow(&mut client, json, place.lang);
        }
        finish(&answer, json)
    }
}

fn is_ok(answer: &Map<String, Value>) -> bool {
    answer.get("ok").and_then(Value::as_bool).unwrap_or(false)
}

fn words<'a>(answer: &'a Map<String, Value>, field: &str) -> &'a str {
    answer.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn finish(answer: &Map<String, Value>, json: bool) -> Result<(), End> {
    let ok = is_ok(answer);
    let code = if words(answer, "code") == "usage" { 2 } else { 1 };
    if json {
        print(&format!("{}\n", line::json(answer)))?;
        // Everything there is to say has been said on stdout.
        return if ok { Ok(()) } else { Err(End::Said { code, words: words(answer, "words").to_owned() }) };
    }
    if !ok {
        return Err(End::Said { code, words: words(answer, "words").to_owned() });
    }
    match words(answer, "text") {
        "" => print(&format!("{}\n", words(answer, "words"))),
        text => print(text),
    }
}

fn follow(client: &mut Client, json: bool, lang: Lang) -> Result<(), End> {
    client.be_patient()?;
    while let Some(said) = client.hear()? {
        if json {
            print(&format!("{}\n", line::json(&said)))?;
        } else if let Some(missed) = said.get("missed") {
            remark(&match lang {
                Lang::Zh => format!("（太快了，漏了 {missed} 条）"),
                Lang::En => format!("(too fast; lines lost: {missed})"),
            });
        } else {
            print(words(&said, "text"))?;
        }
    }
    Ok(())
}
