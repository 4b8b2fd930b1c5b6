//! Exports: what was said in a chat, or who did what, as a file beside the bot. The store gives a page at a time; the
//! file is written when all of it is there.

use super::Intents;
use super::rows::chat_ref;
use crate::console::face::Intent;
use crate::console::layer::{Act, Choice};
use crate::console::state::{Exporting, Pending, Tone, Ui, View};
use crate::domain::*;
use crate::verbs::export::{Export, Format, Sheet, What};
use crate::verbs::figures::figures;
use crate::words::Lang;

/// Lines asked for at once.
const PAGE: u32 = 1000;
/// Bytes of a file; what is more is told to be missing.
const MOST: usize = 32 << 20;
/// Rows of the audit.
const DEEDS: u32 = 10_000;
const DAY: i64 = 86_400_000;

impl Ui {
    /// Offers what can be exported from here, and in which shapes.
    pub(super) fn open_export(&mut self) {
        let lang = self.lang();
        let mut rows = Vec::new();
        let mut offer = |title: &str, of: &[What], since: Option<Wall>, formats: &[Format]| {
            for format in formats {
                let export = |what: &What| Export { what: *what, format: *format, since, until: None };
                let text = format!("{title} · {}", format.words(lang));
                rows.push(Choice::new(text, format.code(), Act::Export(of.iter().map(export).collect())));
            }
        };
        let targets = if self.view == View::Chats { self.targets() } else { self.chat().into_iter().collect() };
        let chats: Vec<What> = targets.iter().map(|id| What::Chat(chat_ref(*id))).collect();
        if !chats.is_empty() {
            let days = |n: i64| Some(self.midnight(self.now.wall) - std::time::Duration::from_millis((n * DAY) as u64));
            offer(lang.pick("全部", "everything"), &chats, None, &Format::ALL);
            offer(lang.pick("最近 7 天", "last 7 days"), &chats, days(6), &Format::ALL);
            offer(lang.pick("今天", "today"), &chats, days(0), &Format::ALL[..2]);
        }
        offer(lang.pick("审计记录", "audit"), &[What::Audit], None, &[Format::Csv, Format::Jsonl]);
        offer(lang.pick("现在的指标", "the figures now"), &[What::Metrics], None, &[Format::Csv, Format::Jsonl]);
        let (zh, en) =
            ("别的时段：:export 会话 --since 2d --until 1d", "other times: :export CHAT --since 2d --until 1d");
        let title = match &targets[..] {
            [_, _, ..] => format!("{} · {}", lang.pick("导出", "Export"), self.named(&targets)),
            _ => lang.pick("导出", "Export").to_owned(),
        };
        self.open_sheet(title, vec![lang.pick(zh, en).to_owned()], rows, false);
    }

    /// The beginning of the local day.
    fn midnight(&self, at: Wall) -> Wall {
        let local = at.0 + i64::from(self.now.offset) * 1000;
        Wall(at.0 - local.rem_euclid(DAY))
    }

    /// A file of each; what several become is told once.
    pub(super) fn export_all(&mut self, exports: Vec<Export>, out: &mut Intents) {
        let group = (exports.len() > 1).then(|| {
            let words = match self.lang() {
                Lang::Zh => format!("{} 个会话 · 已导出", exports.len()),
                Lang::En => format!("{} chats · exported", exports.len()),
            };
            self.begin_several(words, exports.len())
        });
        exports.into_iter().for_each(|export| self.export_one(export, group, out));
        self.list.marks.clear();
    }

    /// Exports one thing.
    pub(super) fn export(&mut self, export: Export, out: &mut Intents) {
        self.export_one(export, None, out);
    }

    /// Asks for the first page.
    fn export_one(&mut self, export: Export, group: Option<u64>, out: &mut Intents) {
        let lang = self.lang();
        let title = match export.what {
            What::Chat(chat) => match self.known(chat) {
                Some(id) => format!("{} {}", self.name_of(id), id),
                None => chat.peer.to_string(),
            },
            What::Audit => format!("{} · {}", self.snap.instance, lang.pick("审计记录", "audit")),
            What::Metrics => format!("{} · {}", self.snap.instance, lang.pick("指标", "metrics")),
        };
        let sheet = Sheet::new(&export, &title, lang, self.now.offset);
        self.export_on(Exporting { export, sheet, after: Seq(0), group }, out);
    }

    fn export_on(&mut self, exporting: Exporting, out: &mut Intents) {
        let Export { what, since, until, .. } = exporting.export;
        let query = match what {
            What::Chat(chat) => {
                Query::History { chat, before: None, after: Some(exporting.after), since, until, limit: PAGE }
            }
            What::Audit => Query::Audit { limit: DEEDS },
            // They are on the screen already.
            What::Metrics => {
                let (mut exporting, at) = (exporting, self.snap.now.wall);
                figures(&self.snap).iter().for_each(|figure| exporting.sheet.figure(at, figure));
                return self.write_down(exporting, out);
            }
        };
        self.query(query, Pending::Export(Box::new(exporting)), out);
    }

    /// One more page is there: asks for the next one, or has the file written.
    pub(super) fn on_export(&mut self, mut exporting: Exporting, page: Page, out: &mut Intents) {
        let Export { since, until, .. } = exporting.export;
        match page {
            Page::Lines { mut lines, more } => {
                lines.sort_unstable_by_key(|line| line.seq);
                lines.iter().for_each(|line| exporting.sheet.line(line));
                let last = lines.last().map(|line| line.seq).filter(|last| *last > exporting.after);
                if let Some(last) = last.filter(|_| more && exporting.sheet.len() < MOST) {
                    exporting.after = last;
                    return self.export_on(exporting, out);
                }
                if more {
                    let (zh, en) = ("太长，后面的没有导出：用 --since 接着导", "too long: go on with --since");
                    self.toast(self.lang().pick(zh, en).to_owned(), Tone::Bad);
                }
            }
            Page::Audit(rows) => {
                let wanted = |row: &&Audit| since.is_none_or(|s| row.at >= s) && until.is_none_or(|u| row.at <= u);
                rows.iter().rev().filter(wanted).for_each(|row| exporting.sheet.audit(row));
            }
            _ => return,
        }
        self.write_down(exporting, out);
    }

    fn write_down(&mut self, exporting: Exporting, out: &mut Intents) {
        let Export { what, format, .. } = exporting.export;
        let name = match what {
            What::Chat(chat) => self.known(chat).map_or_else(|| chat.peer.to_string(), |id| id.to_string()),
            What::Audit => "audit".to_owned(),
            What::Metrics => "metrics".to_owned(),
        };
        let name = format!("{}.{}", name.replace([':', '@'], "_"), format.code());
        let tag = self.next_tag();
        self.pending.insert(tag, Pending::File(exporting.group));
        // Without this mark, spreadsheets take Chinese for something else.
        let mark = if format == Format::Csv { "\u{feff}" } else { "" };
        out.push(Intent::Export { tag, name, text: format!("{mark}{}", exporting.sheet.into_text()) });
    }

    /// The chat of a reference, where it is at hand.
    pub fn known(&self, chat: ChatRef) -> Option<ConversationId> {
        let fits = |id: &&ConversationId| id.peer == chat.peer && chat.account.is_none_or(|a| a == id.account);
        self.snap.chats.keys().chain(self.list.stored.keys()).find(fits).copied()
    }

    /// A file is there, or why there is none.
    pub(super) fn on_exported(&mut self, tag: u64, result: Result<String, String>) {
        if let Some(Pending::File(Some(group))) = self.pending.remove(&tag) {
            return self.on_one_file(group, result);
        }
        match result {
            Ok(path) => self.toast(format!("{}{path}", self.lang().pick("已存到 ", "saved as ")), Tone::Done),
            Err(words) => self.toast(words, Tone::Bad),
        }
    }
}

/// What the palette says of an export on its way.
pub(super) fn begun(lang: Lang) -> &'static str {
    lang.pick("正在导出…", "exporting…")
}
