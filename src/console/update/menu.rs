//! The menu: what can be done with what is selected, the likeliest first. What makes no sense for it is not there.

use super::rows::{is_refused, selected_account, selected_items, selected_provider};
use crate::console::action::Action;
use crate::console::layer::{Act, Choice};
use crate::console::state::{Pane, Ui, View};
use crate::domain::*;

/// An action and what it would do here.
pub(super) type Offer = (Action, &'static str, &'static str);

impl Ui {
    /// Enter opens it and destroys nothing.
    pub(super) fn open_menu(&mut self) {
        let lang = self.lang();
        let marked = [(lang.pick("标记的", "Marked"), self.marked_offers())];
        let parts = [
            (lang.pick("现在", "Now"), self.urgent_offers()),
            (lang.pick("消息", "Message"), self.line_offers()),
            (lang.pick("会话", "Chat"), self.chat_offers()),
            (lang.pick("查看", "Look"), self.look_offers()),
        ];
        // What is marked is what keys are for, and so is the menu.
        let parts = if self.is_marked() { marked.into() } else { Vec::from(parts) };
        let mut rows: Vec<Choice> = Vec::new();
        let mut offered: Vec<Action> = Vec::new();
        for (title, offers) in parts {
            let mut heading = Some(title);
            for (action, zh, en) in offers {
                let entry = action.entry();
                if offered.contains(&action) || !self.may(entry.role) {
                    continue;
                }
                offered.push(action);
                if let Some(title) = heading.take() {
                    rows.push(Choice::heading(title));
                }
                let key = self.keymap.key_of(action).unwrap_or_default().replace(' ', "");
                let about = entry.words(lang);
                rows.push(Choice {
                    about: about.to_owned(),
                    ..Choice::new(lang.pick(zh, en), &key, Act::Action(action))
                });
            }
        }
        let title = match (self.view, self.chat(), selected_provider(self)) {
            _ if self.is_marked() => self.named(&self.targets()),
            (_, _, Some(provider)) => provider.name.to_string(),
            (View::Chats, Some(id), _) => self.name_of(id),
            _ => lang.pick("能做的事", "What can be done").to_owned(),
        };
        self.open_sheet(title, Vec::new(), rows, false);
    }

    /// What waits for somebody.
    fn urgent_offers(&self) -> Vec<Offer> {
        let mut offers: Vec<Offer> = Vec::new();
        for item in selected_items(self).iter().filter_map(|n| self.item(*n)) {
            offers.extend::<&[Offer]>(match item.kind {
                ItemKind::Draft { .. } => &[
                    (Action::Accept, "发出草稿", "send the draft"),
                    (Action::Reply, "改了再发", "edit it first"),
                    (Action::Refuse, "否决草稿", "drop the draft"),
                ],
                ItemKind::Request(_) => &[
                    (Action::Accept, "同意请求", "accept the request"),
                    (Action::Refuse, "拒绝请求", "refuse the request"),
                ],
                ItemKind::Paused => &[(Action::Resume, "恢复发送", "send again")],
                ItemKind::BotMuted => &[(Action::Resume, "已解禁，恢复发送", "it may speak: send again")],
                ItemKind::Unread { .. } | ItemKind::Removed => &[(Action::Accept, "知道了", "noted")],
                ItemKind::Handover { .. } => {
                    &[(Action::Reply, "人工接待", "talk to them"), (Action::Accept, "处理完了", "done with")]
                }
                ItemKind::Unknown { .. } => {
                    &[(Action::Regenerate, "重写", "write again"), (Action::Accept, "处理完了", "done with")]
                }
                ItemKind::WhileOffline { .. } => {
                    &[(Action::Regenerate, "现在回答", "answer now"), (Action::Accept, "不用回了", "leave it")]
                }
            });
        }
        if super::rows::selected_alert(self).is_some() {
            offers.extend::<&[Offer]>(&[
                (Action::Accept, "确认", "take note of it"),
                (Action::Silence, "静默…", "silence it…"),
            ]);
        }
        let on_account = match self.view {
            View::Chats => matches!(self.list.selected, Some(crate::console::state::RowKey::Account(_))),
            _ => true,
        };
        if on_account && selected_account(self).is_some() {
            offers.push((Action::Restart, "重启适配器…", "restart the adapter…"));
        }
        if selected_provider(self).is_some() {
            offers.extend::<&[Offer]>(&[
                (Action::Regenerate, "重试", "try again"),
                (Action::Provider, "开关、卸载…", "switch, unload…"),
            ]);
        }
        let Some(chat) = self.chat().and_then(|id| self.chat_view(id)).filter(|_| self.view == View::Chats) else {
            return offers;
        };
        if is_refused(chat) {
            offers.push((Action::Access, "放行…", "let in…"));
        }
        if !chat.writing.is_empty() || chat.queued > 0 {
            offers.push((Action::Refuse, "停下正在写的", "stop the answer"));
        }
        let failed = |l: &Line| {
            matches!(l.delivery, Some(PartState::Failed | PartState::Expired | PartState::Unknown))
                || matches!(l.outcome, Some(Outcome::Failed | Outcome::Expired | Outcome::Unknown))
        };
        if self.line().is_some_and(|l| failed(&l)) {
            offers.push((Action::Regenerate, "重写", "write again"));
        }
        if chat.state.paused {
            offers.push((Action::Resume, "恢复发送", "send again"));
        }
        if !self.undo.is_empty() {
            offers.push((Action::Undo, "撤销刚才的改动", "undo the last change"));
        }
        offers
    }

    /// What can be done with the selected message.
    fn line_offers(&self) -> Vec<Offer> {
        if self.view != View::Chats || self.pane == Pane::List {
            return Vec::new();
        }
        match self.line() {
            None => Vec::new(),
            Some(line) if line.author.is_ours() => {
                let mut offers: Vec<Offer> = Vec::new();
                if !line.recalled && line.author != Author::Notice {
                    offers.push((Action::Correct, "改正", "correct"));
                    offers.push((Action::Recall, "撤回…", "recall…"));
                }
                if line.author == Author::Bot {
                    offers.push((Action::Regenerate, "重写", "write again"));
                }
                if line.making.is_some() {
                    offers.push((Action::Details, "怎么来的", "how it was made"));
                }
                offers.push((Action::Quote, "引用…", "quote…"));
                offers.push((Action::Copy, "复制", "copy"));
                offers
            }
            Some(line) => {
                let ignored = line.verdict.as_ref().is_some_and(|v| v.decision == Decision::Ignore);
                let again: Offer = match ignored {
                    true => (Action::Regenerate, "现在回答", "answer now"),
                    false => (Action::Regenerate, "重写回答", "write the answer again"),
                };
                let why = (Action::Why, "为什么回或不回", "why it was answered or not");
                vec![
                    (Action::Quote, "引用来回复…", "reply with a quote…"),
                    again,
                    why,
                    (Action::Block, "屏蔽这个人…", "block this person…"),
                    (Action::Copy, "复制", "copy"),
                ]
            }
        }
    }

    /// What can be done with the selected chat.
    fn chat_offers(&self) -> Vec<Offer> {
        if self.view != View::Chats || self.chat().is_none() {
            return Vec::new();
        }
        vec![
            (Action::Reply, "回复", "reply"),
            (Action::Mode, "谁来回答…", "who answers…"),
            (Action::Access, "放行…", "access…"),
            (Action::Settings, "设置…", "settings…"),
            (Action::Persona, "人设…", "persona…"),
            (Action::Model, "模型…", "model…"),
            (Action::New, "新话题", "begin anew"),
            (Action::Note, "备注…", "note…"),
            (Action::Canned, "常用回复…", "canned replies…"),
            (Action::Block, "屏蔽…", "block…"),
            (Action::Mark, "标记", "mark"),
        ]
    }

    fn look_offers(&self) -> Vec<Offer> {
        let mut offers: Vec<Offer> = Vec::new();
        if self.view == View::Chats && self.chat().is_some() {
            offers.extend::<&[Offer]>(&[
                (Action::Why, "为什么回或不回", "why it was answered or not"),
                (Action::Details, "回复怎么来的", "how the reply was made"),
                (Action::Date, "跳到某一天…", "go to a day…"),
                (Action::Export, "导出…", "export…"),
            ]);
        }
        if self.view == View::Chats {
            offers.extend::<&[Offer]>(&[
                (Action::Filter, "筛选…", "filter…"),
                (Action::Groups, "挑群放行…", "pick groups…"),
            ]);
        } else {
            if self.view == View::Log {
                offers.extend::<&[Offer]>(&[
                    (Action::LogLevel, "换级别", "another level"),
                    (Action::Filter, "筛选…", "filter…"),
                    (Action::Wrap, "折行", "break long lines"),
                    (Action::Bottom, "跟随最新", "follow the newest"),
                    (Action::Copy, "复制这一行", "copy the line"),
                    (Action::NextPane, "日志 / 审计", "log / audit"),
                ]);
            }
            offers.push((Action::Chats, "回到会话", "back to the chats"));
        }
        offers.push((Action::Search, "搜索全部记录…", "search everything…"));
        offers.push((Action::NextAttention, "下一件等人的事", "what needs me next"));
        offers.push((Action::Help, "全部按键", "all keys"));
        offers
    }
}
