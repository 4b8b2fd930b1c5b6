//! The settings of one chat, as `config.toml` would hold them: what is written for it stands out, what it inherits is
//! dim. A row asks for the value, with the present one to begin from, or offers the few that there are.

use super::Intents;
use super::rows::chat_ref;
use crate::config::{fits, shown};
use crate::console::layer::{Act, Ask, Choice, Layer, Prompt, Sheet};
use crate::console::state::{Cursor, Pending, Ui};
use crate::console::text::Composer;
use crate::console::theme::Glyph;
use crate::domain::*;
use crate::words::Lang;

/// A setting that the sheet offers.
struct Setting {
    key: &'static str,
    zh: &'static str,
    en: &'static str,
    /// All that it can be; empty: it is typed.
    values: &'static [&'static str],
}

const YES_NO: &[&str] = &["true", "false"];

/// In the order of the file.
const SETTINGS: &[Setting] = &[
    Setting {
        key: "persona", zh: "人设的名字；空：第一个", en: "name of the persona; empty: the first", values: &[]
    },
    Setting {
        key: "provider",
        zh: "只问这个模型服务；空：按路由",
        en: "the only provider to ask; empty: by routing",
        values: &[],
    },
    Setting {
        key: "mode",
        zh: "谁来回答：自动、先审、人工、静音",
        en: "who answers: the bot, after approval, a human, nobody",
        values: &[r#""auto""#, r#""draft""#, r#""manual""#, r#""muted""#],
    },
    Setting {
        key: "trigger.group",
        zh: "群里怎样算叫它：at、quote、names、always，如 [\"at\", \"names\"]",
        en: "what calls the bot in a group: at, quote, names, always; [\"at\", \"names\"]",
        values: &[],
    },
    Setting {
        key: "trigger.prefixes",
        zh: "以这些词开头就回，如 [\"bot \"]",
        en: "words in front that call it: [\"bot \"]",
        values: &[],
    },
    Setting {
        key: "trigger.names",
        zh: "它听的名字，如 [\"小助手\"]",
        en: "names that it listens to: [\"Mia\"]",
        values: &[],
    },
    Setting {
        key: "trigger.random",
        zh: "随机插话的比例，0 到 1，如 0.02",
        en: "share of other messages answered, 0 to 1: 0.02",
        values: &[],
    },
    Setting {
        key: "limits.per_user",
        zh: "每人多快，如 \"6/min burst 3\"；\"off\" 不限",
        en: "questions of one person: \"6/min burst 3\"; \"off\": no limit",
        values: &[],
    },
    Setting {
        key: "limits.per_group",
        zh: "全群多快，如 \"20/min\"；\"off\" 不限",
        en: "questions in the group: \"20/min\"; \"off\": no limit",
        values: &[],
    },
    Setting {
        key: "limits.tokens_per_day",
        zh: "每天多少 token，0 不限",
        en: "tokens a day; 0: no limit",
        values: &[],
    },
    Setting {
        key: "limits.cost_per_day",
        zh: "每天多少钱，0 不限，如 1.5",
        en: "money a day; 0: no limit; 1.5",
        values: &[],
    },
    Setting {
        key: "limits.strategy",
        zh: "太快时：丢下，或排队等",
        en: "over the rate: drop, or wait",
        values: &[r#""drop""#, r#""wait""#],
    },
    Setting {
        key: "context.messages", zh: "给模型看几条，如 20", en: "messages shown to the model: 20", values: &[]
    },
    Setting {
        key: "context.background",
        zh: "群里旁听几条，如 20",
        en: "messages overheard in a group: 20",
        values: &[],
    },
    Setting {
        key: "context.idle",
        zh: "安静多久就另起话题，如 \"2h\"",
        en: "silence after which it begins anew: \"2h\"",
        values: &[],
    },
    Setting {
        key: "context.group",
        zh: "群里共用一段对话，还是每人一段",
        en: "one conversation for the group, or one for each",
        values: &[r#""shared""#, r#""per_user""#],
    },
    Setting {
        key: "reply.quote",
        zh: "引用问题：看情况、总是、从不",
        en: "quote the question: as needed, always, never",
        values: &[r#""auto""#, r#""always""#, r#""never""#],
    },
    Setting { key: "reply.at_sender", zh: "群里 @ 提问的人", en: "mention the asker in groups", values: YES_NO },
    Setting {
        key: "reply.split_at",
        zh: "一条最长几个字，如 800",
        en: "longest part, in characters: 800",
        values: &[],
    },
    Setting {
        key: "reply.draft_expiry.group",
        zh: "草稿等多久，如 \"5m\"",
        en: "how long a draft waits: \"5m\"",
        values: &[],
    },
];

/// What a setting is, with an example.
pub fn about(key: &str, lang: Lang) -> &'static str {
    SETTINGS.iter().find(|s| s.key == key).map_or("", |s| lang.pick(s.zh, s.en))
}

/// JSON's strings are TOML's, too.
fn quoted(name: &str) -> String {
    serde_json::Value::from(name).to_string()
}

impl Ui {
    /// What holds in a chat under a dotted key, as TOML writes it.
    fn setting(&self, peer: Peer, key: &str) -> String {
        let policy = match peer {
            Peer::Private(user) => self.config.chats.person(user.0),
            Peer::Group(group) => self.config.chats.group(group.0),
        };
        shown(policy, key).unwrap_or_default()
    }

    /// The sheet, for one chat or for all that are marked.
    pub(super) fn open_settings(&mut self) {
        let targets = self.targets();
        if targets.is_empty() {
            return self.nothing();
        }
        let lang = self.lang();
        let groups = targets.iter().all(|id| id.peer.is_group());
        let rows: Vec<Choice> = SETTINGS
            .iter()
            // A private chat has no group to be called in.
            .filter(|s| groups || !(s.key.starts_with("trigger.") || s.key.contains("group")))
            .map(|s| self.setting_row(&targets, s))
            .collect();
        let title = format!("{} · {}", lang.pick("设置", "Settings"), self.named(&targets));
        self.open_sheet(title, Vec::new(), rows, true);
    }

    /// Has a value written, if it fits; else the prompt stays, with the reason.
    pub(super) fn write_setting(
        &mut self,
        id: ConversationId,
        key: String,
        value: String,
        mut prompt: Prompt,
        out: &mut Intents,
    ) {
        if let Err(error) = fits(id.peer.into(), &key, &value) {
            prompt.error = Some(error.words(self.lang().language()));
            return self.layers.push(Layer::Prompt(prompt));
        }
        let chat = chat_ref(id);
        let (command, words) = match value.is_empty() {
            true => {
                let words = format!("{key} · {}", self.lang().pick("跟随上级", "inherited again"));
                (Command::Unset { chat, key }, words)
            }
            false => {
                let words = format!("{key} = {value}");
                (Command::Set { chat, key, value }, words)
            }
        };
        self.send(command, Pending::Setting { words, prompt: Box::new(prompt) }, None, out);
    }

    fn setting_row(&self, targets: &[ConversationId], setting: &Setting) -> Choice {
        let lang = self.lang();
        let key = setting.key;
        let own = |id: &ConversationId| format!("chat.{}.{key}", AccessId::from(id.peer));
        let is_own = |id: &ConversationId| self.origins.decided(key, id.peer).is_some_and(|(at, _)| *at == own(id));
        let values: Vec<String> = targets.iter().map(|id| self.setting(id.peer, key)).collect();
        let alike = values.windows(2).all(|two| two[0] == two[1]);
        let value = values.first().filter(|_| alike).cloned();
        let owned = targets.iter().any(is_own);
        let place = targets.first().and_then(|id| self.origins.decided(key, id.peer));
        let whence = match place {
            _ if !alike => lang.pick("各不相同", "they differ").to_owned(),
            _ if owned && targets.len() > 1 => lang.pick("会话自己的", "their own").to_owned(),
            Some((_, at)) if owned => format!("{}:{}", lang.pick("本会话", "this chat"), at.line),
            Some((whose, at)) => format!("{}:{}", whose.trim_end_matches(key).trim_end_matches('.'), at.line),
            None => lang.pick("默认", "default").to_owned(),
        };
        let shown = value.as_deref().unwrap_or(self.glyphs.get(Glyph::Ellipsis));
        Choice {
            text: format!(
                "{} = {shown}",
                self.width.fit_left(key, if self.settings.size.0 < 60 { 0 } else { 22 }.max(key.len()))
            ),
            hint: whence.trim_start_matches(':').to_owned(),
            about: lang.pick(setting.zh, setting.en).to_owned(),
            act: self.setting_act(targets, setting, &value.unwrap_or_default(), owned),
            dim: !owned,
        }
    }

    /// A line to fill in, or the values to choose from; what is the chat's own can also be taken back.
    fn setting_act(&self, targets: &[ConversationId], setting: &Setting, value: &str, own: bool) -> Act {
        let lang = self.lang();
        let key = setting.key;
        let Some(first) = targets.first().copied() else { return Act::Heading };
        let mut line = Composer::with_limit(1024);
        line.set(value);
        let ask = Ask::Setting(first, key.to_owned());
        let prompt = Layer::Prompt(Prompt { ask, line, cursor: Cursor::default(), error: None, back: 0 });
        let choices: Vec<String> = match key {
            "persona" => self.config.personas.iter().map(|p| quoted(&p.name)).collect(),
            "provider" => self.snap.providers.iter().map(|p| quoted(&p.name)).collect(),
            _ => setting.values.iter().map(|v| (*v).to_owned()).collect(),
        };
        let each = |of: &dyn Fn(ChatRef) -> Command| targets.iter().map(|id| of(chat_ref(*id))).collect::<Vec<_>>();
        let mut rows: Vec<Choice> = Vec::new();
        for choice in choices {
            let now = if choice == value { lang.pick("现在", "now") } else { "" };
            let words = self.of_several(targets, &format!("{key} = {choice}"));
            let commands = each(&|chat| Command::Set { chat, key: key.to_owned(), value: choice.clone() });
            rows.push(Choice::new(choice, now, Act::Commands(commands, words)));
        }
        if rows.is_empty() && !own {
            return Act::Open(Box::new(prompt));
        }
        if rows.is_empty() {
            rows.push(Choice::new(lang.pick("改写…", "change…"), value, Act::Open(Box::new(prompt))));
        }
        if own {
            let words = format!("{key} · {}", lang.pick("跟随上级", "inherited again"));
            let commands = each(&|chat| Command::Unset { chat, key: key.to_owned() });
            let text = lang.pick("去掉，跟随上级", "take out, inherit again");
            rows.push(Choice::new(text, "", Act::Commands(commands, self.of_several(targets, &words))));
        }
        let body = vec![lang.pick(setting.zh, setting.en).to_owned()];
        let cursor = Cursor { at: rows.iter().position(|r| !r.hint.is_empty()).unwrap_or(0), top: 0 };
        Act::Open(Box::new(Layer::Sheet(Sheet {
            title: key.to_owned(),
            body,
            rows,
            cursor,
            filter: None,
            restore: None,
        })))
    }
}
