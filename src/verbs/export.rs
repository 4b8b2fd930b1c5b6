//! What `export` writes: lines of a chat, the audit, or the bot's figures, as a file of one of four shapes. What is told is what is shown,
//! so that no escape sequence gets into a file; times are local, with their offset where a machine reads them.

use serde_json::json;

use super::arguments::Arguments;
use super::figures::Figure;
use crate::domain::{Audit, Author, ChatRef, Line, Outcome, PartState, Wall};
use crate::words::{self, Exit, Lang};

/// The shape of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// For people, and for whatever shows Markdown.
    #[default]
    Md,
    /// For spreadsheets.
    Csv,
    /// For people, one message after another.
    Txt,
    /// For programs, one JSON a line.
    Jsonl,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Format; 4] = [Self::Md, Self::Csv, Self::Txt, Self::Jsonl];

    /// What is typed, and the ending of the file.
    pub fn code(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Csv => "csv",
            Self::Txt => "txt",
            Self::Jsonl => "jsonl",
        }
    }

    /// Its name.
    pub fn words(self, lang: Lang) -> &'static str {
        match self {
            Self::Md => "Markdown",
            Self::Csv => lang.pick("CSV 表格", "CSV"),
            Self::Txt => lang.pick("纯文本", "plain text"),
            Self::Jsonl => "JSON Lines",
        }
    }
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// What was said in a chat.
    Chat(ChatRef),
    /// Who did what.
    Audit,
    /// The bot's figures as they are now.
    Metrics,
}

/// An export that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export {
    /// Of what.
    pub what: What,
    /// In which shape.
    pub format: Format,
    /// Not before.
    pub since: Option<Wall>,
    /// Not after.
    pub until: Option<Wall>,
}

/// The export that a line asks for.
///
/// # Errors
/// When an argument is missing or cannot be read.
pub fn wanted(a: &Arguments, now: Wall) -> Result<Export, Exit> {
    let what = match a.text("what")?.trim() {
        "audit" => What::Audit,
        "metrics" => What::Metrics,
        _ => What::Chat(a.chat("what")?),
    };
    let format = match a.maybe("format")? {
        None => Format::default(),
        Some(_) => Format::ALL[a.one_of("format", &Format::ALL.map(Format::code))?],
    };
    Ok(Export { what, format, since: a.moment("since", now, false)?, until: a.moment("until", now, true)? })
}

/// A file that grows.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    format: Format,
    lang: Lang,
    /// Seconds east of Greenwich.
    offset: i32,
    /// The day of the last line.
    day: String,
    text: String,
}

impl Sheet {
    /// An empty one, with what stands at its top. `offset`: seconds east of Greenwich.
    pub fn new(export: &Export, title: &str, lang: Lang, offset: i32) -> Self {
        let text = match (export.format, export.what) {
            (Format::Md, _) => format!("# {}\n", escaped(title)),
            (Format::Csv, What::Chat(_)) => "time,seq,author,user,text,verdict,outcome,delivery,provider\n".to_owned(),
            (Format::Csv, What::Audit) => "time,operator,command,result\n".to_owned(),
            (Format::Csv, What::Metrics) => "time,metric,subject,value\n".to_owned(),
            (Format::Txt | Format::Jsonl, _) => String::new(),
        };
        Self { format: export.format, lang, offset, day: String::new(), text }
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// All of it.
    pub fn into_text(self) -> String {
        self.text
    }

    /// One message.
    pub fn line(&mut self, line: &Line) {
        let who = who(&line.author, self.lang);
        let (text, user) = (line.text.shown(), user(&line.author));
        let verdict = line.verdict.as_ref().map(|v| v.reason.code());
        let outcome = line.outcome.as_ref().map(Outcome::code);
        let delivery = line.delivery.map(PartState::code);
        let recalled = if line.recalled { self.lang.pick("（已撤回）", " (recalled)") } else { "" };
        match self.format {
            Format::Jsonl => self.json(&json!({
                "seq": line.seq.0,
                "at": line.at.0,
                "author": who,
                "user": user,
                "text": text,
                "recalled": line.recalled,
                "verdict": verdict,
                "outcome": outcome,
                "delivery": delivery,
                "provider": line.making.as_ref().map(|m| &*m.provider),
            })),
            Format::Csv => {
                let user = user.map_or_else(String::new, |n| n.to_string());
                let provider = line.making.as_ref().map_or("", |m| &*m.provider);
                let (time, seq) = (self.time(line.at), line.seq.0.to_string());
                let codes = [verdict.unwrap_or(""), outcome.unwrap_or(""), delivery.unwrap_or(""), provider];
                self.row(&[&[time.as_str(), &seq, &who, &user, text][..], &codes[..]].concat());
            }
            Format::Md => {
                let head = self.day_of(line.at, |day| format!("\n## {day}\n"));
                let clock = self.clock(line.at);
                let said = escaped(text).replace('\n', "  \n> ");
                self.text.push_str(&format!("{head}\n**{}** {clock}{recalled}\n\n> {said}\n", escaped(&who)));
            }
            Format::Txt => {
                let head = self.day_of(line.at, |day| format!("── {day} ──\n"));
                let (clock, said) = (self.clock(line.at), text.replace('\n', "\n    "));
                self.text.push_str(&format!("{head}{clock} {who}{recalled}: {said}\n"));
            }
        }
    }

    /// One deed.
    pub fn audit(&mut self, row: &Audit) {
        let (who, time) = (row.operator.shown(), self.time(row.at));
        let command = words::one_line(&row.command, usize::MAX);
        match self.format {
            Format::Jsonl => self.json(
                &json!({"at": row.at.0, "operator": who, "command": command, "result": words::one_line(&row.result, usize::MAX)}),
            ),
            Format::Csv => self.row(&[&time, who, &command, &row.result]),
            Format::Md => {
                let head = self.day_of(row.at, |day| format!("\n## {day}\n\n"));
                let clock = self.clock(row.at);
                let (who, command, result) = (escaped(who), escaped(&command), escaped(&row.result));
                self.text.push_str(&format!("{head}* {clock} **{who}** {command} → {result}\n"));
            }
            Format::Txt => {
                let head = self.day_of(row.at, |day| format!("── {day} ──\n"));
                let clock = self.clock(row.at);
                self.text.push_str(&format!("{head}{clock} {who}: {command} → {}\n", row.result));
            }
        }
    }

    /// One figure, as of then.
    pub fn figure(&mut self, at: Wall, row: &Figure) {
        let (time, subject) = (self.time(at), words::one_line(&row.subject, usize::MAX));
        match self.format {
            Format::Jsonl => {
                self.json(&json!({"at": at.0, "metric": row.name, "subject": subject, "value": row.value}));
            }
            Format::Csv => self.row(&[&time, &row.name, &subject, &row.value.to_string()]),
            Format::Md | Format::Txt => {
                let of = if subject.is_empty() { subject } else { format!(" ({subject})") };
                let (clock, said) = (self.clock(at), format!("{}{of} {}", row.name, row.value));
                let row = match self.format {
                    Format::Md => {
                        self.day_of(at, |day| format!("\n## {day}\n\n")) + &format!("* {clock} {}\n", escaped(&said))
                    }
                    _ => self.day_of(at, |day| format!("── {day} ──\n")) + &format!("{clock} {said}\n"),
                };
                self.text.push_str(&row);
            }
        }
    }

    fn json(&mut self, value: &serde_json::Value) {
        self.text.push_str(&value.to_string());
        self.text.push('\n');
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<String> = cells.iter().map(|cell| self::cell(cell)).collect();
        self.text.push_str(&cells.join(","));
        self.text.push('\n');
    }

    /// What stands above the first line of a day.
    fn day_of(&mut self, at: Wall, head: impl FnOnce(&str) -> String) -> String {
        let day = self.local(at, "%Y-%m-%d");
        if day == self.day {
            return String::new();
        }
        self.day.clone_from(&day);
        head(&day)
    }

    fn clock(&self, at: Wall) -> String {
        self.local(at, "%H:%M:%S")
    }

    fn time(&self, at: Wall) -> String {
        self.local(at, "%Y-%m-%dT%H:%M:%S%:z")
    }

    fn local(&self, at: Wall, shape: &str) -> String {
        let zone = jiff::tz::Offset::from_seconds(self.offset).map(jiff::tz::Offset::to_time_zone);
        match (jiff::Timestamp::from_millisecond(at.0), zone) {
            (Ok(at), Ok(zone)) => at.to_zoned(zone).strftime(shape).to_string(),
            _ => at.0.to_string(),
        }
    }
}

/// Names as they are, without quotation marks.
fn who(author: &Author, lang: Lang) -> String {
    match author {
        Author::Person { name, .. } | Author::Operator(name) if !name.shown().trim().is_empty() => {
            words::one_line(name.raw(), 100)
        }
        author => words::author(author, lang),
    }
}

fn user(author: &Author) -> Option<i64> {
    if let Author::Person { id, .. } = author { Some(id.0) } else { None }
}

/// A cell of a table. What a spreadsheet would take for a formula is made text by a quote in front: messages are
/// strangers' words.
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

/// Words of others as words in Markdown: nothing in them is a mark, a link or a tag.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{ConversationId, MessageId, Peer, SelfId, Seq, Text, UserId};

    fn line(text: &str) -> Line {
        Line {
            seq: Seq(7),
            conversation: ConversationId { account: SelfId(1), peer: Peer::Private(UserId(5)) },
            at: Wall(1_763_738_060_000),
            author: Author::Person { id: UserId(5), name: Text::from("王*芳*") },
            text: Text::from(text),
            message: Some(MessageId(9)),
            others: Vec::new(),
            answers: None,
            pictures: Vec::new(),
            verdict: None,
            outcome: Some(Outcome::Replied),
            delivery: None,
            making: None,
            recalled: false,
        }
    }

    fn written(format: Format, lines: &[Line]) -> String {
        let what = What::Chat("private:5".parse().unwrap());
        let export = Export { what, format, since: None, until: None };
        let mut sheet = Sheet::new(&export, "王芳", Lang::Zh, 8 * 3600);
        lines.iter().for_each(|line| sheet.line(line));
        sheet.into_text()
    }

    #[test]
    fn each_shape_reads_as_it_should() {
        let lines = [line("在吗，\"急\"\n真的"), line("=1+1"), line("-5")];
        assert_eq!(
            written(Format::Csv, &lines),
            "time,seq,author,user,text,verdict,outcome,delivery,provider\n\
             2025-11-21T23:14:20+08:00,7,王*芳*,5,\"在吗，\"\"急\"\"\n真的\",,replied,,\n\
             2025-11-21T23:14:20+08:00,7,王*芳*,5,'=1+1,,replied,,\n\
             2025-11-21T23:14:20+08:00,7,王*芳*,5,-5,,replied,,\n"
        );
        assert_eq!(
            written(Format::Md, &lines[..1]),
            "# 王芳\n\n## 2025-11-21\n\n**王\\*芳\\*** 23:14:20\n\n> 在吗，\"急\"  \n> 真的\n"
        );
        assert_eq!(written(Format::Txt, &lines[..1]), "── 2025-11-21 ──\n23:14:20 王*芳*: 在吗，\"急\"\n    真的\n");
        let json: serde_json::Value = serde_json::from_str(written(Format::Jsonl, &lines[..1]).trim()).unwrap();
        assert_eq!((json["text"].as_str(), json["user"].as_i64()), (Some("在吗，\"急\"\n真的"), Some(5)));
    }

    #[test]
    fn the_audit_is_written_too() {
        let row = Audit {
            at: Wall(1_763_738_060_000),
            operator: "li".into(),
            command: "{\"a\":1}".into(),
            result: "ok".into(),
        };
        for (format, ends) in [
            (Format::Csv, "2025-11-21T23:14:20+08:00,li,\"{\"\"a\"\":1}\",ok\n"),
            (Format::Txt, "23:14:20 li: {\"a\":1} → ok\n"),
            (Format::Md, "* 23:14:20 **li** {\"a\":1} → ok\n"),
        ] {
            let mut sheet =
                Sheet::new(&Export { what: What::Audit, format, since: None, until: None }, "审计", Lang::Zh, 8 * 3600);
            sheet.audit(&row);
            let text = sheet.into_text();
            assert!(text.ends_with(ends), "{text}");
        }
    }

    #[test]
    fn figures_are_written_in_each_shape() {
        let row = Figure { name: "provider.queued".into(), subject: "qwen3".into(), value: 2.5 };
        for (format, ends) in [
            (Format::Csv, "time,metric,subject,value\n2025-11-21T23:14:20+08:00,provider.queued,qwen3,2.5\n"),
            (Format::Txt, "── 2025-11-21 ──\n23:14:20 provider.queued (qwen3) 2.5\n"),
            (Format::Md, "* 23:14:20 provider.queued (qwen3) 2.5\n"),
            (Format::Jsonl, "\"value\":2.5}\n"),
        ] {
            let export = Export { what: What::Metrics, format, since: None, until: None };
            let mut sheet = Sheet::new(&export, "home", Lang::Zh, 8 * 3600);
            sheet.figure(Wall(1_763_738_060_000), &row);
            let text = sheet.into_text();
            assert!(text.ends_with(ends), "{text}");
        }
    }

    /// The cells of a table, by the rules of RFC 4180.
    fn cells(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
                '"' => quoted = !quoted,
                ',' if !quoted => row.push(std::mem::take(&mut cell)),
                '\n' if !quoted => {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                c => cell.push(c),
            }
        }
        rows
    }

    proptest! {
        #[test]
        fn any_words_stay_in_their_cell_and_are_no_formula(text in "[=+@,\"\n\\PC-]{0,20}") {
            let rows = cells(&written(Format::Csv, &[line(&text)]));
            prop_assert_eq!((rows.len(), rows[1].len()), (2, 9));
            let shown = Text::from(text.as_str());
            prop_assert_eq!(rows[1][4].trim_start_matches('\''), shown.shown().trim_start_matches('\''));
            prop_assert!(!rows[1][4].starts_with(['=', '+', '@']) || rows[1][4].parse::<f64>().is_ok());
        }
    }
}
