//! The table of actions: everything that a key can mean. Keys, help, the menu, the palette, the footer and
//! `docs/keys.md` are made from it; no action exists without its sentence.

use super::place::View;
use crate::domain::Role;
use crate::words::Lang;

/// Where an action makes sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everywhere.
    Anywhere,
    /// In the view of chats.
    Chats,
    /// Where a list or a text is.
    Lists,
    /// On accounts and models.
    Accounts,
    /// In the view of the log.
    Log,
    /// On alerts.
    Alerts,
}

/// The group under which the help shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Acting on what is selected.
    Acting,
    /// Looking for something, knowing more.
    Looking,
    /// Moving.
    Moving,
    /// The console itself.
    Console,
}

impl Group {
    /// Its title.
    pub fn words(self, lang: Lang) -> &'static str {
        match self {
            Self::Acting => lang.pick("处理", "Acting"),
            Self::Looking => lang.pick("查看", "Looking"),
            Self::Moving => lang.pick("移动", "Moving"),
            Self::Console => lang.pick("控制台", "Console"),
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Which.
    pub action: Action,
    /// What the palette and the configuration call it.
    pub name: &'static str,
    /// Keys that mean it unless `[console.keys]` says otherwise.
    pub keys: &'static [&'static str],
    /// Where it makes sense.
    pub scope: Scope,
    /// Under which title.
    pub group: Group,
    /// The least role.
    pub role: Role,
    /// What it does, in Chinese.
    pub zh: &'static str,
    /// What it does, in English.
    pub en: &'static str,
    /// One word for the footer, in Chinese.
    pub short_zh: &'static str,
    /// One word for the footer, in English.
    pub short_en: &'static str,
}

impl Entry {
    /// What it does.
    pub fn words(&self, lang: Lang) -> &'static str {
        lang.pick(self.zh, self.en)
    }

    /// One word for it.
    pub fn short(&self, lang: Lang) -> &'static str {
        lang.pick(self.short_zh, self.short_en)
    }

    /// Whether it makes sense in a view.
    pub fn fits(&self, view: View) -> bool {
        match self.scope {
            Scope::Anywhere | Scope::Lists => true,
            Scope::Chats => view == View::Chats,
            Scope::Accounts => view == View::Accounts,
            Scope::Log => view == View::Log,
            Scope::Alerts => view == View::Alerts,
        }
    }
}

macro_rules! actions {
    ($($action:ident $name:literal [$($key:literal),*] $scope:ident $group:ident $role:ident
        $zh:literal, $en:literal, $szh:literal, $sen:literal;)*) => {
        /// What a key means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = $en] $action,)*
        }

        /// All actions, in the order of the help.
        pub const TABLE: &[Entry] = &[$(Entry {
            action: Action::$action,
            name: $name,
            keys: &[$($key),*],
            scope: Scope::$scope,
            group: Group::$group,
            role: Role::$role,
            zh: $zh,
            en: $en,
            short_zh: $szh,
            short_en: $sen,
        },)*];

        impl Action {
            /// Its row of the table.
            pub fn entry(self) -> &'static Entry {
                &TABLE[self as usize]
            }
        }
    };
}

actions! {
    Menu "menu" ["enter"] Lists Acting Viewer
        "能对所选做的事，方向键和数字选", "what can be done with what is selected", "菜单", "menu";
    Reply "reply" ["i"] Chats Acting Operator
        "以机器人的名义说话，Enter 发送，Alt-Enter 换行，Esc 收起但留着草稿",
        "speak in the bot's name; Enter sends, Alt-Enter breaks the line, Esc keeps the draft", "回复", "reply";
    Quote "quote" [">"] Chats Acting Operator "引用选中的消息来回复", "reply with the selected message as a quote", "引用", "quote";
    Canned "canned" ["g r"] Chats Acting Operator "常用回复（输入框里是 Ctrl-R）", "canned replies (Ctrl-R in the composer)", "常用", "canned";
    Access "access" ["w"] Chats Acting Admin
        "放行或取消放行，可限时，可顺便回答刚才那条", "let in or not, for a while or for good, and answer what was refused", "放行", "access";
    Mode "mode" ["m"] Chats Acting Operator "谁来回答：自动、审批、人工、静音", "who answers: the bot, after approval, a human, nobody", "模式", "mode";
    Settings "settings" ["e"] Chats Acting Admin "这个会话的设置，继承来的变暗", "settings of this chat; inherited ones are dim", "设置", "settings";
    Correct "correct" ["c"] Chats Acting Operator
        "改正机器人的一条话：撤回旧的，发新的，上下文也换掉", "correct what the bot said: the old one is taken back", "改正", "correct";
    Accept "accept" ["a"] Lists Acting Operator "通过草稿、同意请求、确认", "accept the draft or request, acknowledge", "通过", "accept";
    Refuse "refuse" ["x"] Lists Acting Operator "否决草稿、拒绝请求、停下正在写的回答", "refuse the draft or request, stop the answer being written", "否", "refuse";
    Regenerate "regenerate" ["r"] Lists Acting Operator
        "重写这个回答（已发出的变成草稿）；没回的就现在回答；模型服务上是重试", "write the answer again; answer what was ignored; try a provider again", "重写", "again";
    Recall "recall" ["D"] Chats Acting Operator "撤回机器人的一条消息（要确认）", "take a message of the bot back (asks first)", "撤回", "recall";
    Block "block" ["B"] Chats Acting Admin "屏蔽这个人或群，可限时（要确认）", "block this person or group (asks first)", "屏蔽", "block";
    New "new" ["g n"] Chats Acting Operator "忘掉前面的话，从头开始", "forget what was said here", "新话题", "new";
    Persona "persona" ["g p"] Chats Acting Operator "换人设", "change the persona", "人设", "persona";
    Model "model" ["g m"] Chats Acting Operator "换模型", "change the model", "模型", "model";
    Note "note" ["g N"] Chats Acting Operator "给会话写备注", "keep a note on the chat", "备注", "note";
    Resume "resume" ["g s"] Chats Acting Operator "恢复暂停的发送", "send again to a paused chat", "恢复", "resume";
    Groups "groups" ["g w"] Chats Acting Admin "从群列表里挑群放行", "pick groups to let in", "挑群", "groups";
    Provider "provider" ["o"] Accounts Acting Admin "开关模型服务、卸载模型", "switch a provider, unload its model", "开关", "switch";
    Silence "silence" ["s"] Alerts Acting Operator
        "静默这条告警一阵子：照样判断和显示，谁也不通知", "silence this alert for a while: judged and shown, told to nobody", "静默", "silence";
    Restart "restart" ["R"] Lists Acting Admin
        "重启这个账号的适配器（要确认；要先在配置里写 [[onebot.restart]]）", "restart this account's adapter (asks first; needs [[onebot.restart]])", "重启", "restart";
    Mark "mark" ["space"] Chats Acting Operator "标记，之后的操作对所有标记的生效", "mark; what follows applies to all marked", "标记", "mark";
    Range "range" ["v"] Chats Acting Operator "从上一个标记的到这里，全部标记", "mark all from the last marked one to here", "标到这", "range";
    Undo "undo" ["u"] Anywhere Acting Operator "撤销刚才的改动（30 秒内）", "undo the last change (within 30 s)", "撤销", "undo";
    NextAttention "next" ["!"] Anywhere Acting Viewer "下一件等人处理的事", "the next thing that needs a human", "下一件", "next";
    Why "why" ["K"] Chats Looking Viewer "为什么回或不回：每一关、哪行配置、按哪个键改", "why: each gate, the deciding line, the key that changes it", "为何", "why";
    Details "details" ["L"] Chats Looking Viewer "这条回复的模型、用时、用量和完整提示词", "model, times, tokens and the exact prompt of a reply", "详情", "details";
    Raw "raw" ["g R"] Chats Looking Viewer "这条消息的原文：藏着的字符都看得见", "the message as it came, with what hides in it made visible", "原文", "raw";
    Filter "filter" ["/"] Lists Looking Viewer "筛选当前列表，! 开头取反", "filter the list; ! in front inverts", "筛选", "filter";
    Search "search" ["g f"] Anywhere Looking Viewer "搜索全部聊天记录", "search everything that was said", "搜索", "search";
    Date "date" ["g d"] Chats Looking Viewer "跳到某一天", "go to a day", "日期", "date";
    NextMatch "next-match" ["n"] Chats Looking Viewer "下一处", "the next match", "下一处", "next";
    PreviousMatch "previous-match" ["N"] Chats Looking Viewer "上一处", "the previous match", "上一处", "previous";
    LogLevel "log-level" ["v"] Log Looking Viewer "日志只看某一级以上，按一次更严一级", "show only lines of the log that matter so much; each press is stricter", "级别", "level";
    Wrap "wrap" ["Z"] Log Looking Viewer "日志长行折行或截断", "break long lines of the log, or cut them", "折行", "wrap";
    Copy "copy" ["y"] Lists Looking Viewer "复制到你的剪贴板（OSC 52）", "copy to your clipboard (OSC 52)", "复制", "copy";
    Export "export" ["g x"] Anywhere Looking Operator "导出这个会话、审计记录或指标", "export this chat, the audit or the figures", "导出", "export";
    Down "down" ["j", "down"] Lists Moving Viewer "下", "down", "下", "down";
    Up "up" ["k", "up"] Lists Moving Viewer "上", "up", "上", "up";
    PageDown "page-down" ["ctrl-d", "pagedown"] Lists Moving Viewer "下半页", "half a page down", "下页", "page";
    PageUp "page-up" ["ctrl-u", "pageup"] Lists Moving Viewer "上半页", "half a page up", "上页", "page";
    Top "top" ["g g", "home"] Lists Moving Viewer "最前", "to the top", "最前", "top";
    Bottom "bottom" ["G", "end"] Lists Moving Viewer "最后，并跟随新消息", "to the end, and follow", "最后", "end";
    Left "left" ["h", "left", "ctrl-w h"] Lists Moving Viewer "左边一栏", "the pane on the left", "左", "left";
    Right "right" ["l", "right", "ctrl-w l"] Lists Moving Viewer "右边一栏", "the pane on the right", "右", "right";
    NextPane "next-pane" ["tab", "ctrl-w w"] Lists Moving Viewer "下一栏", "the next pane", "下一栏", "pane";
    PreviousPane "previous-pane" ["shift-tab"] Lists Moving Viewer "上一栏", "the previous pane", "上一栏", "pane";
    Chats "chats" ["1", "f1"] Anywhere Moving Viewer "会话", "chats", "会话", "chats";
    Accounts "accounts" ["2", "f2"] Anywhere Moving Viewer "账号与模型", "accounts and models", "账号与模型", "accounts";
    Alerts "alerts" ["3", "f3"] Anywhere Moving Viewer "待办与告警", "attention and alerts", "告警", "alerts";
    Usage "usage" ["4", "f4"] Anywhere Moving Viewer "用量", "usage", "用量", "usage";
    Log "log" ["5", "f5"] Anywhere Moving Viewer "日志与审计", "log and audit", "日志审计", "log";
    Beside "beside" ["|", "ctrl-w v"] Chats Console Viewer "把这个会话放在旁边并排看，再按收起", "keep this chat beside the others; again puts it away", "并排", "beside";
    Zoom "zoom" ["z", "ctrl-w z"] Lists Console Viewer "当前栏占满屏幕", "let the pane fill the screen", "放大", "zoom";
    Pause "pause" ["p"] Anywhere Console Viewer "冻结画面，机器人照常", "freeze the picture; the bot goes on", "冻结", "freeze";
    Palette "palette" [":"] Anywhere Console Viewer "命令", "commands", "命令", "commands";
    Help "help" ["?"] Anywhere Console Viewer "帮助，可以打字搜索，Enter 直接执行", "help; type to search, Enter runs it", "帮助", "help";
    Messages "messages" ["g !"] Anywhere Console Viewer "看过的提示", "what was said in the corner", "提示", "messages";
    Theme "theme" ["g t"] Anywhere Console Viewer "换配色，边选边看", "choose a theme, with preview", "配色", "theme";
    Reach "reach" ["V"] Anywhere Console Viewer "走势图看多久：1 分、15 分、4 小时", "how far back the graphs reach: 1 min, 15 min, 4 h", "走势", "graphs";
    Closer "graphs-closer" ["+", "="] Anywhere Console Viewer "走势图看近一点", "graphs reach less far back", "近看", "closer";
    Further "graphs-further" ["-"] Anywhere Console Viewer "走势图看远一点", "graphs reach further back", "远看", "further";
    Times "times" ["t"] Anywhere Console Viewer "时间写法：钟点或多久以前", "clock times or ages", "时间", "times";
    Mouse "mouse" ["M"] Anywhere Console Viewer "开关鼠标（开着时按住 Shift 选字）", "mouse on or off (Shift-drag selects)", "鼠标", "mouse";
    Bell "bell" ["g b"] Anywhere Console Viewer "有新的事时响不响铃（只在这个会话）", "bells or none for what is new, in this session", "响铃", "bell";
    Screenshot "screenshot" ["g S", "ctrl-s"] Anywhere Console Viewer "把画面存成 svg", "save the screen as svg", "截图", "picture";
    Redraw "redraw" ["ctrl-l"] Anywhere Console Viewer "重画", "draw everything again", "重画", "redraw";
    Suspend "suspend" ["ctrl-z"] Anywhere Console Viewer "挂起，fg 回来", "suspend; fg comes back", "挂起", "suspend";
    Quit "quit" ["q"] Anywhere Console Viewer "退回上一层；在最外层离开控制台，机器人照常运行；Ctrl-C 按两下也是", "one level up; at the top leave: the bot goes on; so does Ctrl-C twice", "离开", "leave";
    Shutdown "shutdown" [] Anywhere Console Admin "停下机器人（要打出实例名）", "stop the bot (asks for its name)", "停机", "stop";
}

/// The action that shows a view.
pub fn showing(view: View) -> Action {
    match view {
        View::Chats => Action::Chats,
        View::Accounts => Action::Accounts,
        View::Alerts => Action::Alerts,
        View::Usage => Action::Usage,
        View::Log => Action::Log,
    }
}

/// The action of a name.
pub fn named(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.name == name)
}

/// The text of `docs/keys.md`.
pub fn docs() -> String {
    let mut text = String::from(
        "# 按键 · Keys\n\n由动作表生成；`[console.keys]` 里按名字改，例如 `reply = \"R\"`，多个键用逗号隔开。\n\
         *Made from the table of actions; change them by name in `[console.keys]`, several keys with commas between.*\n",
    );
    let mut group = None;
    for entry in TABLE {
        if group != Some(entry.group) {
            group = Some(entry.group);
            let (zh, en) = (entry.group.words(Lang::Zh), entry.group.words(Lang::En));
            text.push_str(&format!(
                "\n## {zh} · {en}\n\n| 键 key | 名字 name | 作用 | what it does |\n| --- | --- | --- | --- |\n"
            ));
        }
        let keys: Vec<String> = entry.keys.iter().map(|k| format!("`{}`", k.replace('|', "\\|"))).collect();
        text.push_str(&format!("| {} | {} | {} | {} |\n", keys.join(" "), entry.name, entry.zh, entry.en));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_docs_are_those_of_the_table() {
        let written = include_str!("../../docs/keys.md");
        assert!(written == docs(), "docs/keys.md should be:\n=====\n{}=====", docs());
    }

    #[test]
    fn every_row_stands_where_its_action_says() {
        for (n, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.action as usize, n, "{}", entry.name);
        }
    }

    #[test]
    fn names_are_unlike_and_every_sentence_is_in_its_language() {
        let mut names: Vec<_> = TABLE.iter().map(|e| e.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
        for entry in TABLE {
            assert!(entry.zh.chars().any(|c| c > '\u{4e00}') && entry.en.is_ascii(), "{}", entry.name);
            assert!(entry.short_en.is_ascii() && !entry.short_zh.is_empty(), "{}", entry.name);
        }
    }
}
