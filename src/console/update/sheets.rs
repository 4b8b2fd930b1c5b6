//! Choices and questions: each is built from the snapshot when it is opened; choosing a row gives commands.

use std::time::Duration;

use super::Intents;
use super::rows::{chat_ref, is_refused, selected_account, selected_alert, selected_provider};
use crate::console::action::Action;
use crate::console::layer::{Act, Ask, Choice, Confirm, Grade, Layer, Page, Sheet, Topic};
use crate::console::state::{Cursor, Pending, Tone, Ui};
use crate::console::text::Composer;
use crate::console::theme::Themes;
use crate::console::view::card;
use crate::domain::*;
use crate::words::{self, Lang, span};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
fn choice(text: String, hint: String, act: Act) -> Choice {
    Choice::new(text, &hint, act)
}

impl Ui {
    pub(super) fn open_sheet(&mut self, title: String, body: Vec<String>, rows: Vec<Choice>, filter: bool) {
        let filter = filter.then(String::new);
        self.open(Layer::Sheet(Sheet { title, body, rows, cursor: Cursor::default(), filter, restore: None }));
    }

    pub(super) fn confirm(&mut self, words: String, commands: Vec<Command>, done: String, grade: Grade) {
        let (typed, since) = (Composer::with_limit(256), self.now.mono);
        self.open(Layer::Confirm(Confirm { words, commands, done, grade, typed, since }));
    }

    /// Allow or not. The default row allows and answers what was refused: `w Enter`.
    pub(super) fn open_access(&mut self) {
        let targets = self.targets();
        let Some(first) = targets.first().copied() else { return self.nothing() };
        let lang = self.lang();
        let who = self.named(&targets);
        let each = |of: &dyn Fn(AccessId) -> Command| targets.iter().map(|t| of(t.peer.into())).collect::<Vec<_>>();
        let refused = targets.iter().any(|id| self.chat_view(*id).is_some_and(|c| is_refused(c)));
        let allow = |during: Option<Duration>, answer: bool| each(&|id| Command::Allow { id, during, answer });
        let mut rows = Vec::new();
        let done = |zh: &str, en: &str| format!("{who} · {}", lang.pick(zh, en));
        let mut push = |zh: &str, en: &str, key: String, commands: Vec<Command>, words: String| {
            rows.push(choice(lang.pick(zh, en).to_owned(), key, Act::Commands(commands, words)));
        };
        if refused {
            push(
                "放行，并回答最后一条",
                "allow, and answer the last one",
                lang.pick("写进配置", "in the file").into(),
                allow(None, true),
                done("已放行，正在回答", "allowed, answering"),
            );
        }
        push(
            "一直放行",
            "allow for good",
            lang.pick("写进配置", "in the file").into(),
            allow(None, false),
            done("已放行", "allowed"),
        );
        for (during, answer) in [(HOUR, refused), (DAY, refused), (7 * DAY, refused)] {
            let (zh, en) =
                (format!("放行 {}", span(during, Lang::Zh)), format!("allow for {}", span(during, Lang::En)));
            push(
                &zh,
                &en,
                lang.pick("到时自动收回", "ends by itself").into(),
                allow(Some(during), answer),
                done(&zh, &en),
            );
        }
        push(
            "取消放行",
            "allow no more",
            lang.pick("写进配置", "in the file").into(),
            each(&|id| Command::Deny { id }),
            done("已取消放行", "no longer allowed"),
        );
        push(
            "解除屏蔽",
            "unblock",
            lang.pick("写进配置", "in the file").into(),
            each(&|id| Command::Unblock { id }),
            done("已解除屏蔽", "unblocked"),
        );
        rows.push(choice(lang.pick("从群列表里挑…", "pick groups…").into(), "gw".into(), Act::Action(Action::Groups)));
        let mut body = Vec::new();
        if targets.len() == 1 {
            let last =
                self.lines(first).into_iter().rev().find(|l| !l.author.is_ours()).and_then(|l| l.verdict.clone());
            body.extend(last.map(|v| words::verdict(&v, lang)));
            body.push(format!("{} · {}", AccessId::from(first.peer), card::access(self, first.peer)));
        }
        self.open_sheet(format!("{} · {who}", lang.pick("放行", "Access")), body, rows, false);
    }

    pub(super) fn open_modes(&mut self) {
        let targets = self.targets();
        if targets.is_empty() {
            return self.nothing();
        }
        let lang = self.lang();
        let who = self.named(&targets);
        let mut rows = Vec::new();
        let lasting: [(Mode, Option<Duration>); 8] = [
            (Mode::Auto, None),
            (Mode::Draft, None),
            (Mode::Manual, None),
            (Mode::Manual, Some(HOUR / 2)),
            (Mode::Manual, Some(2 * HOUR)),
            (Mode::Muted, None),
            (Mode::Muted, Some(HOUR)),
            (Mode::Muted, Some(8 * HOUR)),
        ];
        let now = targets.first().and_then(|t| self.chat_view(*t)).map(|c| c.mode);
        for (mode, during) in lasting {
            let name = words::mode(mode, lang);
            let text = during.map_or_else(|| name.clone(), |d| format!("{name} {}", span(d, lang)));
            let hint = match mode {
                Mode::Auto => lang.pick("模型直接回", "the model answers"),
                Mode::Draft => lang.pick("先给人看再发", "shown to a human first"),
                Mode::Manual => lang.pick("人来回，到时转自动", "a human answers"),
                Mode::Muted => lang.pick("谁也不回", "nobody answers"),
            };
            let mark = if during.is_none() && now == Some(mode) { lang.pick(" （现在）", " (now)") } else { "" };
            let commands =
                targets.iter().map(|t| Command::Mode { chat: chat_ref(*t), mode: Some(mode), during }).collect();
            rows.push(choice(
                format!("{text}{mark}"),
                hint.to_owned(),
                Act::Commands(commands, format!("{who} · {text}")),
            ));
        }
        let commands = targets.iter().map(|t| Command::Mode { chat: chat_ref(*t), mode: None, during: None }).collect();
        let text = lang.pick("按配置", "as configured").to_owned();
        rows.push(choice(text.clone(), String::new(), Act::Commands(commands, format!("{who} · {text}"))));
        self.open_sheet(format!("{} · {who}", lang.pick("谁来回答", "Who answers")), Vec::new(), rows, false);
    }

    /// Silence: this alert, or its rule; for how long.
    pub(super) fn open_silence(&mut self) {
        let Some(view) = selected_alert(self) else { return self.nothing() };
        let lang = self.lang();
        let (rule, labels) = (view.alert.rule.to_string(), view.alert.subject.labels());
        let name = words::alert_name(&view.alert, lang);
        let silenced = view.silenced.is_some();
        let of_rule = format!("{}{rule}", lang.pick("整条规则 ", "all of the rule "));
        let mut rows = Vec::new();
        if silenced {
            let command = Command::Unsilence { rule: rule.clone(), labels: Vec::new() };
            let text = lang.pick("解除静默", "end the silence").to_owned();
            rows.push(choice(text.clone(), String::new(), Act::Commands(vec![command], format!("{name} · {text}"))));
        }
        let scopes =
            if labels.is_empty() { vec![(Vec::new(), name)] } else { vec![(labels, name), (Vec::new(), of_rule)] };
        for (labels, who) in scopes {
            rows.push(Choice::heading(&who));
            for during in [HOUR / 2, 2 * HOUR, 8 * HOUR, DAY, 7 * DAY] {
                let text = span(during, lang);
                let (rule, labels) = (rule.clone(), labels.clone());
                let command = Command::Silence { rule, labels, during, reason: String::new() };
                let done = format!("{who} · {} {text}", lang.pick("静默", "silenced for"));
                rows.push(choice(text, String::new(), Act::Commands(vec![command], done)));
            }
        }
        let (zh, en) = (
            "照样判断和显示，谁也不通知；到时还没好就通知",
            "judged and shown, told to nobody; told at the end if it still fires",
        );
        let title = lang.pick("静默多久", "Silence for how long").to_owned();
        self.open_sheet(title, vec![lang.pick(zh, en).to_owned()], rows, false);
    }

    pub(super) fn open_block(&mut self) {
        let targets = self.targets();
        if targets.is_empty() {
            return self.nothing();
        }
        let lang = self.lang();
        let who = self.named(&targets);
        let mut ids: Vec<AccessId> = targets.iter().map(|t| t.peer.into()).collect();
        let mut rows = Vec::new();
        // In a group most often one person is meant.
        let speaker = self.line().and_then(|l| match &l.author {
            Author::Person { id, name } => Some((*id, name.shown().to_owned())),
            _ => None,
        });
        if let ([one], Some((user, name))) = (&targets[..], &speaker)
            && one.peer.is_group()
        {
            for during in [None, Some(HOUR), Some(DAY)] {
                let id = AccessId::Person(*user);
                rows.push(self.block_row(format!("{name} {user}"), vec![id], during));
            }
        }
        ids.dedup();
        for during in [None, Some(HOUR), Some(DAY), Some(7 * DAY)] {
            rows.push(self.block_row(who.clone(), ids.clone(), during));
        }
        self.open_sheet(lang.pick("屏蔽谁，多久", "Block whom, for how long").to_owned(), Vec::new(), rows, false);
    }

    fn block_row(&self, who: String, ids: Vec<AccessId>, during: Option<Duration>) -> Choice {
        let lang = self.lang();
        let time = during.map_or_else(|| lang.pick("一直", "for good").to_owned(), |d| span(d, lang));
        let words = format!("{}{who} · {time}", lang.pick("屏蔽 ", "block "));
        let commands = ids.into_iter().map(|id| Command::Block { id, during }).collect();
        let confirm = Confirm {
            words: words.clone(),
            commands,
            done: format!("{}{who} · {time}", lang.pick("已屏蔽 ", "blocked ")),
            grade: Grade::Yes,
            typed: Composer::with_limit(16),
            since: self.now.mono,
        };
        choice(words, String::new(), Act::Open(Box::new(Layer::Confirm(confirm))))
    }

    pub(super) fn recall(&mut self) {
        let Some(line) = self.line().filter(|l| l.author.is_ours() && !l.recalled) else {
            let (zh, en) = ("先选机器人的一条消息", "select a message of the bot first");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        };
        let lang = self.lang();
        let text = words::one_line(line.text.shown(), 60);
        // Words that bring quotes of their own need no second pair.
        let bare = text.strip_prefix('“').and_then(|t| t.strip_suffix('”')).unwrap_or(&text);
        let words = format!("{}“{bare}”", lang.pick("撤回 ", "recall "));
        let command = Command::Recall { chat: chat_ref(line.conversation), line: line.seq };
        self.confirm(words, vec![command], lang.pick("已撤回", "recalled").to_owned(), Grade::Yes);
    }

    pub(super) fn ask_shutdown(&mut self) {
        let lang = self.lang();
        let name =
            if self.snap.instance.is_empty() { self.config.instance.name.clone() } else { self.snap.instance.clone() };
        let words = lang.pick(
            "停下机器人：做完手上的事就退出，群里不再有回答",
            "stop the bot: it finishes what is begun and exits",
        );
        let done = lang.pick("正在停机", "stopping").to_owned();
        self.confirm(words.to_owned(), vec![Command::Shutdown], done, Grade::Typed(name));
    }

    pub(super) fn open_personas(&mut self) {
        let targets = self.targets();
        if targets.is_empty() {
            return self.nothing();
        }
        let lang = self.lang();
        let names = self.config.personas.iter().map(|p| Some(p.name.clone())).chain([None]);
        let rows = names.map(|name| {
            let text = name.clone().unwrap_or_else(|| lang.pick("按配置", "as configured").to_owned());
            let commands =
                targets.iter().map(|t| Command::Persona { chat: chat_ref(*t), name: name.clone() }).collect();
            choice(
                text.clone(),
                String::new(),
                Act::Commands(commands, self.of_several(&targets, &format!("{} {text}", lang.pick("人设", "persona")))),
            )
        });
        let rows = rows.collect();
        self.open_sheet(format!("{} · {}", lang.pick("人设", "Persona"), self.named(&targets)), Vec::new(), rows, true);
    }

    pub(super) fn open_models(&mut self) {
        let targets = self.targets();
        if targets.is_empty() {
            return self.nothing();
        }
        let lang = self.lang();
        let known = self.snap.providers.iter().map(|p| (Some(p.name.to_string()), p.model.to_string()));
        let rows = known.chain([(None, String::new())]).map(|(name, model)| {
            let text = name.clone().unwrap_or_else(|| lang.pick("按配置", "as configured").to_owned());
            let commands =
                targets.iter().map(|t| Command::Model { chat: chat_ref(*t), provider: name.clone() }).collect();
            let words = self.of_several(&targets, &format!("{} {text}", lang.pick("模型", "model")));
            choice(text.clone(), model, Act::Commands(commands, words))
        });
        let rows = rows.collect();
        self.open_sheet(
            format!("{} · {}", lang.pick("用哪个模型", "Which model"), self.named(&targets)),
            Vec::new(),
            rows,
            true,
        );
    }

    /// Groups of the accounts that are not allowed yet first.
    pub(super) fn open_groups(&mut self) {
        let lang = self.lang();
        let allowed = |g: GroupId| self.config.access.groups.has(g.0);
        let mut groups: Vec<(bool, GroupId, String)> = self
            .snap
            .accounts
            .iter()
            .flat_map(|a| a.groups.iter())
            .map(|(id, name)| (allowed(*id), *id, name.shown().to_owned()))
            .collect();
        groups.sort();
        groups.dedup_by_key(|(_, id, _)| *id);
        let rows = groups
            .into_iter()
            .map(|(allowed, id, name)| {
                let access = AccessId::Group(id);
                let (command, words) = match allowed {
                    true => (
                        Command::Deny { id: access },
                        format!("{name} · {}", lang.pick("已取消放行", "no longer allowed")),
                    ),
                    false => (
                        Command::Allow { id: access, during: None, answer: false },
                        format!("{name} · {}", lang.pick("已放行", "allowed")),
                    ),
                };
                let mark = self.glyphs.get(if allowed {
                    crate::console::theme::Glyph::Done
                } else {
                    crate::console::theme::Glyph::Offline
                });
                choice(format!("{mark} {name}"), id.to_string(), Act::Commands(vec![command], words))
            })
            .collect::<Vec<_>>();
        if rows.is_empty() {
            let (zh, en) = ("适配器还没有给出群列表", "no adapter has told its groups yet");
            return self.toast(lang.pick(zh, en).to_owned(), Tone::Hint);
        }
        self.open_sheet(lang.pick("挑群放行", "Pick groups to allow").to_owned(), Vec::new(), rows, true);
    }

    pub(super) fn open_provider(&mut self) {
        let Some(name) = selected_provider(self).map(|p| p.name.to_string()) else { return self.nothing() };
        let lang = self.lang();
        let rows = [
            (ProviderSwitch::On, "启用", "on"),
            (ProviderSwitch::Off, "停用", "off"),
            (ProviderSwitch::Unload, "从显存卸载", "take out of memory"),
            (ProviderSwitch::Reset, "忘掉故障，重试", "forget failures, try again"),
        ]
        .map(|(to, zh, en)| {
            let words = lang.pick(zh, en).to_owned();
            let command = Command::Provider { name: name.clone(), to };
            choice(words.clone(), String::new(), Act::Commands(vec![command], format!("{name} · {words}")))
        });
        self.open_sheet(name, Vec::new(), rows.into(), false);
    }

    /// Restarts the selected account's adapter, after asking; without a command it is said how to get one.
    pub(super) fn ask_restart(&mut self) {
        let Some(account) = selected_account(self) else { return self.nothing() };
        let (id, name) = (account.id, account.nickname.shown().to_owned());
        let lang = self.lang();
        let Some(command) = self.config.onebot.restart_of(id.0).map(|restart| restart.command.join(" ")) else {
            return self.toast(crate::words::refusal(&Refusal::NoRestart(id), lang), Tone::Hint);
        };
        let words = match lang {
            Lang::Zh => format!("重启 {name}（{id}）的适配器？运行：{command}"),
            Lang::En => format!("Restart the adapter of {name} ({id})? This runs: {command}"),
        };
        let done = format!("{name} · {}", lang.pick("适配器已重启", "adapter restarted"));
        self.confirm(words, vec![Command::RestartAdapter { account: id }], done, Grade::Yes);
    }

    pub(super) fn open_themes(&mut self) {
        let lang = self.lang();
        let themes = Themes::shipped();
        let about = |name: &str| match themes.theme(name) {
            Ok(theme) if name != "mono" && theme.is_light() => lang.pick("浅", "light"),
            Ok(_) if name != "mono" => lang.pick("深", "dark"),
            Ok(_) => lang.pick("无色", "no colours"),
            Err(_) => lang.pick("跟终端", "by the terminal"),
        };
        let rows: Vec<Choice> = std::iter::once("auto")
            .chain(themes.names())
            .map(|name| choice(name.to_owned(), about(name).to_owned(), Act::Theme(name.to_owned())))
            .collect();
        let chosen = self.chosen_theme.as_ref().unwrap_or(&self.config.console.theme);
        let at = rows.iter().position(|r| r.text == *chosen).unwrap_or(0);
        let title = lang.pick("配色", "Theme").to_owned();
        let restore = Some(self.chosen_theme.clone());
        let cursor = Cursor { at, top: 0 };
        self.open(Layer::Sheet(Sheet { title, body: Vec::new(), rows, cursor, filter: None, restore }));
    }

    pub(super) fn open_why(&mut self) {
        let line = self.line().filter(|l| !l.author.is_ours());
        // Asked of an answer, the question is meant.
        let asked = || {
            let line = self.line()?;
            let lines = self.lines(line.conversation);
            let of_reply = line.answers.and_then(|seq| lines.iter().find(|l| l.seq == seq).copied().cloned());
            of_reply.or_else(|| lines.into_iter().rev().find(|l| !l.author.is_ours()).cloned())
        };
        let Some(line) = line.or_else(asked) else { return self.nothing() };
        let topic = Topic::Why(line.conversation, line.seq);
        self.open(Layer::Page(Page { topic, cursor: Cursor::default() }));
    }

    pub(super) fn open_details(&mut self, out: &mut Intents) {
        let line = self.line().filter(|l| l.making.is_some());
        let last = || {
            let id = self.chat()?;
            self.lines(id).into_iter().rev().find(|l| l.making.is_some()).cloned()
        };
        let Some(line) = line.or_else(last) else {
            let (zh, en) = ("这里没有模型写的回复", "no reply of a model here");
            return self.toast(self.lang().pick(zh, en).to_owned(), Tone::Hint);
        };
        self.query(Query::Prompt { line: line.seq }, Pending::Prompt(line.seq), out);
        let topic = Topic::Details(line.conversation, line.seq, None);
        self.open(Layer::Page(Page { topic, cursor: Cursor::default() }));
    }

    pub(super) fn ask_note(&mut self) {
        match self.targets().first().copied() {
            Some(id) => self.ask(Ask::Note(id)),
            None => self.nothing(),
        }
    }

    /// The end of a day as an operator writes it: a date, a month and a day, or how many days ago.
    pub(super) fn day(&self, text: &str) -> Option<Wall> {
        let offset = i64::from(self.now.offset);
        let today = self.now.day();
        let parts: Vec<i16> =
            text.split(['-', '/', '.', '月']).map(|p| p.trim_end_matches('日').parse().ok()).collect::<Option<_>>()?;
        let date =
            |y: i16, m: i16, d: i16| jiff::civil::Date::new(y, i8::try_from(m).ok()?, i8::try_from(d).ok()?).ok();
        let local = jiff::Timestamp::from_second(i64::from(today) * 86_400).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
        let date = match parts[..] {
            [ago] if (0..3650).contains(&ago) => {
                local.date().checked_sub(jiff::Span::new().days(i64::from(ago))).ok()?
            }
            [m, d] => {
                let this = date(local.year(), m, d)?;
                if this > local.date() { date(local.year() - 1, m, d)? } else { this }
            }
            [y, m, d] => date(y, m, d)?,
            _ => return None,
        };
        let end = date.at(23, 59, 59, 0).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second() - offset;
        Some(Wall(end.saturating_mul(1000) + 999))
    }
}
