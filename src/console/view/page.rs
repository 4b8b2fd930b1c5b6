//! Pages to read: help, why, how a reply was made, what was found.

use super::gates;
use super::paint::{Span, time, took};
use super::raw;
use crate::console::action::{Action, TABLE};
use crate::console::layer::Topic;
use crate::console::state::Ui;
use crate::console::text::{Columns, figures, plain, wrap};
use crate::console::theme::{Glyph, Role};
use crate::domain::*;
use crate::words;

/// The title of a page.
pub fn title(ui: &Ui, topic: &Topic) -> String {
    let lang = ui.lang();
    match topic {
        Topic::Help(filter) if filter.is_empty() => lang.pick("帮助 · 打字搜索", "Help · type to search").to_owned(),
        Topic::Help(filter) => format!("{} /{filter}", lang.pick("帮助", "Help")),
        Topic::Why(id, _) => format!("{} · {}", lang.pick("为什么", "Why"), ui.name_of(*id)),
        Topic::Details(id, ..) => {
            format!("{} · {}", lang.pick("这条回复怎么来的", "How this reply was made"), ui.name_of(*id))
        }
        Topic::Raw(id, _) => format!("{} · {}", lang.pick("原文", "As it came"), ui.name_of(*id)),
        Topic::Messages => lang.pick("看过的提示", "What was said in the corner").to_owned(),
        Topic::Found { text, lines } => {
            let n = lines.as_ref().map_or_else(|| "…".to_owned(), |l| l.len().to_string());
            format!("{} “{text}” · {n}", lang.pick("搜索", "Search"))
        }
        Topic::Alert(id) => format!("{} {id}", lang.pick("告警", "Alert")),
        Topic::Diagnosis => lang.pick("控制台自检", "This console").to_owned(),
    }
}

/// The rows of a page.
pub fn rows(ui: &Ui, topic: &Topic, width: usize) -> Vec<Vec<Span>> {
    match topic {
        Topic::Help(filter) => help(ui, filter).into_iter().map(|(_, row)| row).collect(),
        Topic::Why(id, seq) | Topic::Raw(id, seq) => match ui.lines(*id).into_iter().find(|l| l.seq == *seq) {
            Some(line) if matches!(topic, Topic::Raw(..)) => {
                [head(ui, line), raw::rows(&line.text, width, ui.width, ui.lang())].concat()
            }
            Some(line) => why(ui, line, width),
            None => vec![vec![(
                ui.lang().pick("这条消息不在眼前了", "this message is no longer at hand").into(),
                Role::TextDim,
            )]],
        },
        Topic::Details(id, seq, prompt) => details(ui, *id, *seq, prompt.as_ref(), width),
        Topic::Messages => messages(ui, width),
        Topic::Found { lines, .. } => found(ui, lines.as_deref(), width),
        Topic::Alert(id) => super::alerts::details(ui, *id, width),
        Topic::Diagnosis => diagnosis(ui),
    }
}

fn why(ui: &Ui, line: &Line, width: usize) -> Vec<Vec<Span>> {
    let lang = ui.lang();
    let mut rows = quoted(ui, line, width);
    rows.push(Vec::new());
    rows.extend(gates::rows(ui, line));
    if let Some(outcome) = &line.outcome {
        rows.push(Vec::new());
        rows.push(vec![
            (format!(" {} ", lang.pick("结局", "outcome")), Role::TextDim),
            (words::outcome(outcome, lang), Role::Text),
        ]);
    }
    for reply in ui.lines(line.conversation).into_iter().filter(|l| l.answers == Some(line.seq)) {
        rows.push(Vec::new());
        rows.extend(quoted(ui, reply, width));
        let mut how = vec![(" ".to_owned(), Role::Text)];
        how.extend(super::lines::verdict(ui, reply, super::lines::Detail::Full));
        rows.push(how);
    }
    let names: Vec<&str> = line.text.hazards().names().collect();
    if !names.is_empty() {
        rows.push(vec![
            (format!(" {} ", ui.glyphs.get(Glyph::Hazard)), Role::Hazard),
            (format!("{}{}", lang.pick("文字里去掉了：", "taken out of the text: "), names.join(", ")), Role::Hazard),
            (lang.pick("，gr 看原文", "; gr shows it as it came").to_owned(), Role::TextDim),
        ]);
        rows.extend(raw::rows(&line.text, width, ui.width, ui.lang()));
    }
    rows
}

fn quoted(ui: &Ui, line: &Line, width: usize) -> Vec<Vec<Span>> {
    let mut rows = head(ui, line);
    let said = super::lines::named(ui, line.conversation.account, line.text.shown());
    rows.extend(text(ui, &said, width, Role::Text));
    rows
}

/// When, who, which.
fn head(ui: &Ui, line: &Line) -> Vec<Vec<Span>> {
    vec![vec![
        (format!(" {} ", time(ui, line.at)), Role::Time),
        (words::author(&line.author, ui.lang()), Role::TextStrong),
        (format!("  #{}", line.seq.0), Role::TextDim),
    ]]
}

fn text(ui: &Ui, text: &str, width: usize, role: Role) -> Vec<Vec<Span>> {
    let wrapped = wrap(text, Columns::same(width.saturating_sub(4).max(8)), ui.width, 64 << 10);
    wrapped.lines.iter().map(|piece| vec![(format!("  {}", plain(piece.of(text))), role)]).collect()
}

fn details(
    ui: &Ui,
    id: ConversationId,
    seq: Seq,
    prompt: Option<&Result<std::sync::Arc<[Turn]>, String>>,
    width: usize,
) -> Vec<Vec<Span>> {
    let lang = ui.lang();
    let Some(line) = ui.lines(id).into_iter().find(|l| l.seq == seq) else { return Vec::new() };
    let mut rows = quoted(ui, line, width);
    if let Some(making) = &line.making {
        rows.push(Vec::new());
        let tokens = &making.tokens;
        let mut pairs = vec![
            (lang.pick("模型", "model"), format!("{} · {}", making.provider, making.model)),
            (lang.pick("排队", "queued"), took(making.queued)),
        ];
        if let Some(first) = making.first_text {
            pairs.push((lang.pick("首字", "first text"), took(first)));
        }
        pairs.push((lang.pick("合计", "in all"), took(making.total)));
        pairs.push((
            "token",
            format!(
                "{} {} · {} {} · {} {}",
                lang.pick("读", "read"),
                count(ui, tokens.input),
                lang.pick("其中缓存", "of these cached"),
                count(ui, tokens.cached),
                lang.pick("写", "written"),
                count(ui, tokens.output)
            ),
        ));
        if let Some(speed) = making.tokens_per_second {
            pairs.push((lang.pick("速度", "speed"), format!("{speed:.0} t/s")));
        }
        pairs.push((lang.pick("费用", "cost"), figures::money(making.cost, lang)));
        pairs.push((
            lang.pick("窗口", "window"),
            match lang {
                words::Lang::Zh => format!("用了 {} 条，略去 {} 条", making.window.0, making.window.1),
                words::Lang::En => format!("{} lines shown, {} left out", making.window.0, making.window.1),
            },
        ));
        if making.too_long {
            let words = lang.pick(
                "模型实际的上下文比 context 写的短，缩了一次",
                "the model's real context is shorter than `context` says: trimmed once",
            );
            pairs.push((lang.pick("上下文", "context"), words.to_owned()));
        }
        for (name, value) in pairs {
            rows.push(vec![(format!(" {} ", ui.width.fit_left(name, 10)), Role::TextDim), (value, Role::Text)]);
        }
    }
    rows.push(Vec::new());
    rows.push(vec![(format!(" {}", lang.pick("给模型看的原文", "What the model was shown")), Role::TextStrong)]);
    match prompt {
        None => rows.push(vec![(format!("  {}", ui.width.ellipsis()), Role::TextDim)]),
        Some(Err(why)) => rows.push(vec![(format!("  {why}"), Role::TextDim)]),
        Some(Ok(turns)) => {
            for turn in turns.iter() {
                let role = words::turn_role(turn.role, lang);
                rows.push(vec![(format!(" {role}"), Role::NameBot)]);
                rows.extend(text(ui, Text::from(&*turn.text).shown(), width, Role::Text));
            }
        }
    }
    rows
}

/// Tokens, where the provider told.
fn count(ui: &Ui, tokens: Option<u32>) -> String {
    tokens.map_or_else(|| ui.glyphs.get(Glyph::Nothing).to_owned(), |n| n.to_string())
}

fn messages(ui: &Ui, width: usize) -> Vec<Vec<Span>> {
    let mut rows: Vec<Vec<Span>> = Vec::new();
    for t in ui.said.iter().rev() {
        let role = if t.tone == crate::console::state::Tone::Bad { Role::ToastError } else { Role::Text };
        let mut lead = vec![(format!(" {} ", time(ui, t.at)), Role::Time)];
        let under = ui.width.of(&lead[0].0);
        // What is long goes on below, so that nothing of it is out of reach.
        let room = Columns::same(width.saturating_sub(under + 1).max(8));
        for piece in wrap(&t.words, room, ui.width, 8 << 10).lines {
            lead.push((plain(piece.of(&t.words)).into_owned(), role));
            rows.push(std::mem::replace(&mut lead, vec![(" ".repeat(under), Role::Text)]));
        }
    }
    if rows.is_empty() {
        vec![vec![(format!(" {}", ui.lang().pick("还没有", "nothing yet")), Role::TextDim)]]
    } else {
        rows
    }
}

fn found(ui: &Ui, lines: Option<&[Line]>, width: usize) -> Vec<Vec<Span>> {
    let lang = ui.lang();
    let Some(lines) = lines else { return vec![vec![(format!(" {}", ui.width.ellipsis()), Role::TextDim)]] };
    if lines.is_empty() {
        return vec![vec![(format!(" {}", lang.pick("没有找到", "nothing was found")), Role::TextDim)]];
    }
    let row = |l: &Line| {
        let name = ui.width.fit_left(&ui.name_of(l.conversation), 14);
        let who = ui.width.fit_left(&words::author(&l.author, lang), 10);
        let text = plain(&super::lines::named(ui, l.conversation.account, l.text.shown())).into_owned();
        let date = super::lines::date(ui, l.at);
        vec![
            (format!(" {date} {} ", time(ui, l.at)), Role::Time),
            (format!("{name} "), Role::TextDim),
            (format!("{who} "), Role::NameUser),
            (ui.width.truncate(&text, width.saturating_sub(44).max(8)).into_owned(), Role::Text),
        ]
    };
    lines.iter().map(row).collect()
}

fn diagnosis(ui: &Ui) -> Vec<Vec<Span>> {
    let lang = ui.lang();
    let s = &ui.settings;
    let depth = ui.depth.code().to_owned();
    let mut pairs = vec![
        ("TERM", s.term.clone()),
        (lang.pick("大小", "size"), format!("{}×{}", s.size.0, s.size.1)),
        (lang.pick("颜色", "colours"), depth),
        (lang.pick("配色", "theme"), ui.theme_name.clone()),
        (lang.pick("帧 / 字节", "frames / bytes"), format!("{} / {}", ui.drawn.0, ui.drawn.1)),
        (lang.pick("快照", "snapshot"), ui.snap.version.to_string()),
    ];
    for present in &ui.present {
        let role = if present.read_only { lang.pick("只读", "read-only") } else { "" };
        pairs.push((
            lang.pick("在线", "attached"),
            format!("{} {} {role}", present.name.shown(), time(ui, present.since)),
        ));
    }
    pairs
        .into_iter()
        .map(|(n, v)| vec![(format!(" {} ", ui.width.fit_left(n, 16)), Role::TextDim), (v, Role::Text)])
        .collect()
}

/// Rows of the help, with the action of each; headings have none.
fn help(ui: &Ui, filter: &str) -> Vec<(Option<Action>, Vec<Span>)> {
    let lang = ui.lang();
    let wanted = filter.to_lowercase();
    let mut rows = Vec::new();
    let mut group = None;
    for entry in TABLE {
        let keys: Vec<String> = ui.keymap.keys_of(entry.action).collect();
        let text = format!("{} {} {}", keys.join(" "), entry.name, entry.words(lang)).to_lowercase();
        if !entry.fits(ui.view) || !text.contains(&wanted) {
            continue;
        }
        if group != Some(entry.group) {
            if group.is_some() {
                rows.push((None, Vec::new()));
            }
            rows.push((None, vec![(format!(" {}", entry.group.words(lang)), Role::TextStrong)]));
            group = Some(entry.group);
        }
        let role = if ui.may(entry.role) { Role::Text } else { Role::TextDim };
        let key = (
            format!("  {} ", ui.width.fit_left(&keys.join(" "), if ui.settings.size.0 < 70 { 8 } else { 16 })),
            Role::FooterKey,
        );
        let name = (ui.width.fit_left(entry.name, 16), Role::TextDim);
        let words = (entry.words(lang).to_owned(), role);
        // The name is for the palette and the file; on a small screen the sentence needs its room.
        let row = if ui.settings.size.0 < 100 { vec![key, words] } else { vec![key, name, words] };
        rows.push((Some(entry.action), row));
    }
    rows
}

/// The row of the help on which the keys come to stand: over titles and blanks they go on.
pub fn help_row(ui: &Ui, filter: &str, at: usize, down: bool) -> usize {
    let rows = help(ui, filter);
    let is_action = |n: &usize| rows.get(*n).is_some_and(|(action, _)| action.is_some());
    let (below, above) = ((at..rows.len()).find(is_action), (0..=at).rev().find(is_action));
    let found = if down { below.or(above) } else { above.or(below) };
    found.unwrap_or(at)
}

/// The action of a row of the help.
pub fn action_at(ui: &Ui, filter: &str, at: usize) -> Option<Action> {
    let rows = help(ui, filter);
    // A heading means the first action under it.
    rows.iter().skip(at).find_map(|(action, _)| *action)
}
