//! Stories: somebody sits down in front of the town and does what operators do.

use super::Intent;
use super::scene::{NOW, town};
use super::screens::{console, types, words};
use super::{Console, News};
use crate::domain::*;
use crate::words::Lang;

const SIZE: (u16, u16) = (100, 30);

/// A console with the chat of this name selected.
fn at(name: &str) -> Console {
    let mut console = console(SIZE, Lang::Zh);
    types(&mut console, &format!("/{name}\r\x1b"));
    assert!(shown(&console).contains(name));
    console
}

fn shown(console: &Console) -> String {
    words(&super::view::picture(&console.ui).0)
}

/// What was asked of the engine, claims left out.
fn commands(intents: Vec<Intent>) -> Vec<Command> {
    let command = |intent| match intent {
        Intent::Command { command: Command::Claim { .. } | Command::Release { .. }, .. } => None,
        Intent::Command { command, .. } => Some(command),
        _ => None,
    };
    intents.into_iter().filter_map(command).collect()
}

fn chat(peer: Peer) -> ChatRef {
    ChatRef { peer, account: Some(SelfId(10001)) }
}

const TEST: Peer = Peer::Group(GroupId(123_456));
const NEW: AccessId = AccessId::Group(GroupId(777));

/// Answers the command given last.
fn answer(console: &mut Console, result: Result<Done, Refusal>) -> Vec<Intent> {
    let tag = console.ui.tag;
    console.tell(News::Answer(tag, result), NOW)
}

#[test]
fn a_reply_goes_out_once_however_often_enter_is_pressed() {
    let mut console = at("测试群");
    let said = commands(types(&mut console, "i今晚发货\r\r"));
    assert_eq!(said, [Command::Send { chat: chat(TEST), text: "今晚发货".into() }]);
}

#[test]
fn opening_the_composer_claims_the_chat_and_closing_it_lets_go() {
    let mut console = at("测试群");
    let claim = |intents: Vec<Intent>| {
        intents.into_iter().any(|i| matches!(i, Intent::Command { command: Command::Claim { .. }, .. }))
    };
    assert!(claim(types(&mut console, "i")));
    let last = types(&mut console, "\x1b");
    assert!(last.iter().any(|i| matches!(i, Intent::Command { command: Command::Release { .. }, .. })));
}

#[test]
fn what_was_refused_comes_back_into_the_composer() {
    let mut console = at("测试群");
    types(&mut console, "i你好\r");
    answer(&mut console, Err(Refusal::ShuttingDown));
    assert!(shown(&console).contains("你好"));
}

#[test]
fn escape_keeps_the_draft_also_across_chats_and_sessions() {
    let mut console = at("测试群");
    types(&mut console, "i写了一半\x1b");
    types(&mut console, "hj");
    assert!(!shown(&console).contains("写了一半"));
    types(&mut console, "k");
    assert!(shown(&console).contains("写了一半"));
    let memory = types(&mut console, "q").into_iter().find_map(|i| match i {
        Intent::Remember(memory) => Some(memory),
        _ => None,
    });
    let mut later = super::screens::console(SIZE, Lang::Zh);
    later.tell(News::Remembered(memory), NOW);
    later.tell(News::Snapshot(town()), NOW);
    assert!(shown(&later).contains("写了一半"));
}

#[test]
fn w_enter_allows_and_answers_the_last_one() {
    let mut console = at("新群");
    assert_eq!(commands(types(&mut console, "w\r")), [Command::Allow { id: NEW, during: None, answer: true }]);
    let undo = Box::new(Command::Deny { id: NEW });
    answer(&mut console, Ok(Done::Changed { undo }));
    assert!(shown(&console).contains("已放行"));
    assert_eq!(commands(types(&mut console, "u")), [Command::Deny { id: NEW }]);
}

#[test]
fn a_draft_is_approved_edited_or_refused() {
    let mut console = at("王芳");
    assert_eq!(commands(types(&mut console, "a")), [Command::Approve { item: ItemId(1), text: None }]);
    assert_eq!(commands(types(&mut console, "x")), [Command::Reject { item: ItemId(1) }]);
    let edited = commands(types(&mut console, "i谢谢\r"));
    let text = "您好，已经为您催促仓库，今晚发出。谢谢".to_owned();
    assert_eq!(edited, [Command::Approve { item: ItemId(1), text: Some(text) }]);
}

#[test]
fn a_wrong_answer_is_corrected_and_written_again() {
    let mut console = at("测试群");
    let all = commands(types(&mut console, "c\x15错了，是后天\r"));
    assert_eq!(all, [Command::Correct { chat: chat(TEST), line: Seq(12), text: "错了，是后天".into() }]);
    // Up to the answer: the newest line asks, before it stands one that was refused.
    let again = commands(types(&mut console, "kkr"));
    assert_eq!(again, [Command::Retry { chat: chat(TEST), line: Some(Seq(12)) }]);
}

#[test]
fn what_is_being_written_is_stopped() {
    let mut console = console(SIZE, Lang::Zh);
    // A chat in which nothing else waits for a human.
    let mut snapshot = (*town()).clone();
    snapshot.attention.clear();
    console.tell(News::Snapshot(snapshot.into()), NOW);
    types(&mut console, "/测试群\r\x1b");
    assert_eq!(commands(types(&mut console, "x")), [Command::Stop { chat: chat(TEST) }]);
}

#[test]
fn an_ignored_message_is_answered_by_r() {
    let mut console = at("新群");
    assert!(matches!(commands(types(&mut console, "r"))[..], [Command::Answer { line: Some(_), .. }]));
}

#[test]
fn enter_never_destroys() {
    let mut console = at("测试群");
    types(&mut console, "lkk");
    assert_eq!(commands(types(&mut console, "D\r\r\r")), []);
    assert!(shown(&console).contains("撤回"));
    assert_eq!(commands(types(&mut console, "y")), [Command::Recall { chat: chat(TEST), line: Seq(12) }]);
    assert_eq!(commands(types(&mut console, "B\r\r\r")), []);
    assert_eq!(commands(types(&mut console, "n")), []);
    assert!(matches!(commands(types(&mut console, "B1y"))[..], [Command::Block { during: None, .. }]));
}

#[test]
fn the_bot_stops_only_for_its_name() {
    let mut console = at("测试群");
    assert_eq!(commands(types(&mut console, ":shutdown\r")), []);
    assert_eq!(commands(types(&mut console, "y\rwrong\r")), []);
    assert_eq!(commands(types(&mut console, "\x15home\r")), [Command::Shutdown]);
    let mut console = at("测试群");
    let last = types(&mut console, "q");
    assert!(last.contains(&Intent::Detach) && commands(last).is_empty(), "q leaves, and the bot goes on");
}

#[test]
fn who_only_looks_changes_nothing() {
    let mut console = at("测试群");
    console.ui.settings.read_only = true;
    assert_eq!(commands(types(&mut console, "iwmecaxrDBu")), []);
    assert!(shown(&console).contains("只读"));
    console.ui.settings.read_only = false;
    console.ui.settings.operator.role = Role::Operator;
    assert_eq!(commands(types(&mut console, "w")), []);
    assert!(shown(&console).contains("需要角色"));
}

#[test]
fn full_width_keys_mean_what_they_look_like() {
    let mut console = at("测试群");
    types(&mut console, "：ａｌ");
    assert!(shown(&console).contains("allow ID"));
    types(&mut console, "\x1b？");
    assert!(shown(&console).contains("帮助"));
}

#[test]
fn chinese_in_normal_mode_gets_a_hint_and_does_nothing() {
    let mut console = at("测试群");
    assert_eq!(commands(types(&mut console, "你")), []);
    assert!(shown(&console).contains("按 i 才是说话"));
}

#[test]
fn a_megabyte_pasted_is_one_text_and_runs_no_key() {
    let mut console = at("测试群");
    let paste = format!("\x1b[200~{}\x1b[201~", "w\rq好\n".repeat(1 << 17));
    let intents = console.tell(News::Bytes(paste.clone().into_bytes()), NOW);
    assert!(commands(intents).is_empty());
    assert!(shown(&console).contains("按 i 打开输入框再粘贴"));
    types(&mut console, "i");
    let intents = console.tell(News::Bytes(paste.into_bytes()), NOW);
    assert!(commands(intents).is_empty());
    assert!(shown(&console).contains("太长"));
    let sent = commands(types(&mut console, "\r"));
    assert!(matches!(&sent[..], [Command::Send { text, .. }] if text.len() <= 64 << 10 && text.contains("好\nw")));
}

#[test]
fn one_cell_and_back_keeps_everything() {
    let mut console = at("新群");
    let before = shown(&console);
    console.tell(News::Resize(1, 1), NOW);
    console.draw(NOW);
    console.tell(News::Resize(SIZE.0, SIZE.1), NOW);
    assert_eq!(shown(&console), before);
}

#[test]
fn the_selection_sticks_to_its_chat_while_the_list_moves() {
    let mut console = at("运维群");
    let mut snapshot = (*town()).clone();
    let busy = ConversationId { account: SelfId(10001), peer: Peer::Group(GroupId(888)) };
    let mut view = (**snapshot.chats.get(&busy).unwrap()).clone();
    view.last = Seq(9_999);
    snapshot.chats.insert(busy, view.into());
    let later = Now { mono: NOW.mono + std::time::Duration::from_secs(60), ..NOW };
    console.tell(News::Snapshot(snapshot.into()), later);
    assert_eq!(console.ui.chat(), Some(busy));
    let first = console.ui.list.rows[console.ui.list.urgent];
    assert_eq!(first, super::state::RowKey::Chat(busy), "it spoke last");
}

#[test]
fn a_frozen_picture_stays_until_it_is_thawed() {
    let mut console = at("测试群");
    types(&mut console, "p");
    let mut snapshot = (*town()).clone();
    snapshot.instance = "other".into();
    console.tell(News::Snapshot(snapshot.into()), NOW);
    assert!(shown(&console).contains("画面冻结") && !shown(&console).contains("other"));
    types(&mut console, "p");
    assert!(shown(&console).contains("other"));
}

#[test]
fn a_theme_is_tried_on_and_given_up() {
    let mut console = at("测试群");
    let before = console.ui.theme_name.clone();
    types(&mut console, "gt");
    types(&mut console, "jj");
    assert_ne!(console.ui.theme_name, before);
    types(&mut console, "\x1b");
    assert_eq!(console.ui.theme_name, before);
}

#[test]
fn what_was_found_is_shown_among_its_neighbours() {
    let mut console = at("测试群");
    types(&mut console, "gf雨\r");
    let line = (**town().chats.values().flat_map(|c| &c.tail).find(|l| l.seq == Seq(15)).unwrap()).clone();
    let tag = console.ui.tag;
    console.tell(News::Page(tag, Page::Lines { lines: vec![line], more: false }), NOW);
    types(&mut console, "\r");
    assert_eq!(console.ui.chat().map(|c| c.peer), Some(Peer::Private(UserId(42))));
}

#[test]
fn marked_chats_are_acted_on_together() {
    let mut console = console(SIZE, Lang::Zh);
    types(&mut console, "jjj");
    types(&mut console, "  ");
    let commands = commands(types(&mut console, "m2"));
    assert!(matches!(commands[..], [Command::Mode { .. }, ..]) && !commands.is_empty(), "{commands:?}");
}

#[test]
fn a_command_line_is_read_as_ctl_reads_it() {
    let mut console = at("测试群");
    let all = commands(types(&mut console, ":allow group_5 --for 2h\r"));
    let during = Some(std::time::Duration::from_secs(7200));
    assert_eq!(all, [Command::Allow { id: AccessId::Group(GroupId(5)), during, answer: false }]);
    assert_eq!(commands(types(&mut console, ":alow group_5\r")), []);
    assert!(shown(&console).contains("allow"), "the slip is told, and the line stays");
}

#[test]
fn nothing_happens_nothing_is_sent() {
    let mut console = at("测试群");
    assert!(!console.draw(NOW).is_empty());
    assert!(console.draw(NOW).is_empty());
    let before = shown(&console);
    console.tell(News::Snapshot(town()), NOW);
    assert_eq!(shown(&console), before);
    assert!(console.draw(NOW).is_empty(), "the same state is the same picture");
}

#[test]
fn usage_is_summed_by_what_tab_chooses() {
    let mut console = console(SIZE, Lang::Zh);
    types(&mut console, "4");
    let tag = console.ui.tag;
    let usage = |provider: &str, user| Usage {
        day: NOW.day(),
        provider: provider.into(),
        conversation: ConversationId { account: SelfId(10001), peer: TEST },
        user: UserId(user),
        asks: 2,
        input: 900,
        cached: 100,
        output: 50,
        cost: 0.5,
    };
    console.tell(News::Page(tag, Page::Usage(vec![usage("qwen3", 3), usage("deepseek", 4)])), NOW);
    assert!(shown(&console).contains("deepseek"));
    types(&mut console, "\t");
    let by_chat = shown(&console);
    assert!(by_chat.contains("测试群") && !by_chat.contains("deepseek"), "{by_chat}");
}
