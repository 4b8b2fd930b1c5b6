//! Every sentence in both languages: nothing forgotten, nothing untranslated, nothing that harms a terminal.

use std::collections::BTreeSet;
use std::time::Duration;

use qqdeck::config::CommandRole;
use qqdeck::domain::*;
use qqdeck::words::{self, Bye, ChatCommand, ChatStatus, Exit, Lang, Notice, UsageError};

/// A name that is both far too long and full of things that a terminal would obey.
const NASTY: &str = "a\u{1b}[2J\u{9b}31m\u{202e}b\r\n\u{200b}c";

fn chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Says it in both languages and looks at both.
fn check(say: impl Fn(Lang) -> String) {
    let (zh, en) = (say(Lang::Zh), say(Lang::En));
    assert!(zh.chars().any(chinese), "no Chinese in: {zh}");
    assert!(!en.chars().any(chinese), "Chinese in: {en}");
    for s in [&zh, &en] {
        assert!(Text::from(s.as_str()).hazards().is_empty(), "{s:?}");
        assert!(!s.contains('{') && !s.contains('}'), "a parameter was forgotten: {s}");
        assert!(!s.contains("? .") && !s.contains("？。") && !s.contains(".."), "{s}");
        assert_eq!(s.trim(), s.as_str());
    }
}

fn person() -> AccessId {
    AccessId::Person(UserId(42))
}

fn group() -> AccessId {
    AccessId::Group(GroupId(123))
}

fn reasons() -> Vec<Reason> {
    let n = || NASTY.to_owned();
    let all = vec![
        Reason::OwnAccount,
        Reason::ListedBot,
        Reason::Nothing,
        Reason::Unsupported(n()),
        Reason::Blocked(group()),
        Reason::BlockedUntil(person(), 1_700_000_000),
        Reason::NotAllowed(group()),
        Reason::Slash(n()),
        Reason::SlashDenied(n()),
        Reason::Private,
        Reason::Mentioned,
        Reason::Quoted,
        Reason::Named(n()),
        Reason::Prefixed(n()),
        Reason::Pattern(0),
        Reason::Random,
        Reason::Always,
        Reason::Asked,
        Reason::NotTriggered,
        Reason::ChatMuted,
        Reason::UserRate,
        Reason::GroupRate,
        Reason::GlobalRate,
        Reason::LoopGuard,
        Reason::TokenQuota,
        Reason::CostQuota,
        Reason::Word(6),
        Reason::QueueFull,
        Reason::WhileOffline,
        Reason::Merged,
        Reason::Handover,
        Reason::BotMuted(1_700_000_000),
    ];
    // Reading the list back from the codes: a reason that is added to the enum must be added here.
    let codes: BTreeSet<_> = all.iter().map(Reason::code).collect();
    assert_eq!(codes.len(), 32, "a reason is missing from this list or stands twice");
    all
}

#[test]
fn every_reason_has_words_and_a_way_out_where_there_is_one() {
    for reason in reasons() {
        for decision in [Decision::Reply, Decision::Command, Decision::Ignore] {
            let verdict = Verdict { decision, gate: Gate::Access, reason: reason.clone() };
            check(|lang| words::verdict(&verdict, lang));
        }
        check(|lang| words::reason(&reason, lang));
        if words::hint(&reason, Lang::Zh).is_some() {
            check(|lang| words::hint(&reason, lang).unwrap());
        }
        assert_eq!(words::hint(&reason, Lang::Zh).is_some(), words::hint(&reason, Lang::En).is_some());
    }
    check(|lang| words::reason(&Reason::BotMuted(i64::MAX), lang));
}

#[test]
fn what_decided_is_in_the_words() {
    let say = |reason, lang| words::verdict(&Verdict::ignore(Gate::Access, reason), lang);
    assert_eq!(say(Reason::NotAllowed(group()), Lang::Zh), "不回：群 123 还没放行");
    assert_eq!(say(Reason::NotAllowed(person()), Lang::En), "ignored: QQ user 42 is not allowed yet");
    assert!(say(Reason::Word(6), Lang::Zh).contains('7'), "people count from one");
    assert!(say(Reason::Pattern(0), Lang::En).contains("no. 1"));
    assert_eq!(words::hint(&Reason::NotAllowed(group()), Lang::Zh).as_deref(), Some("按 w 放行"));
    assert_eq!(words::hint(&Reason::NotAllowed(group()), Lang::En).as_deref(), Some("press w to allow"));
    let remedy = words::remedy(&Reason::NotAllowed(group()), "group:123");
    assert_eq!(remedy.as_deref(), Some("qqdeck ctl allow group_123 --answer"));
}

#[test]
fn gates_outcomes_modes_roles_and_states_have_words() {
    use Gate::*;
    for gate in [Own, Blocked, Slash, Access, Trigger, Limits, Moderation, Queue] {
        check(|lang| words::gate(gate, lang));
    }
    for outcome in [
        Outcome::Replied,
        Outcome::Notice,
        Outcome::Merged(Seq(3)),
        Outcome::Ignored,
        Outcome::Suppressed,
        Outcome::Unknown,
        Outcome::Expired,
        Outcome::Failed,
    ] {
        check(|lang| words::outcome(&outcome, lang));
    }
    use PartState as P;
    for state in [P::Generated, P::Sending, P::Sent, P::Unknown, P::Failed, P::Expired, P::Suppressed] {
        check(|lang| words::delivery(state, lang));
    }
    for mode in [Mode::Auto, Mode::Draft, Mode::Manual, Mode::Muted] {
        check(|lang| words::mode(mode, lang));
    }
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        check(|lang| words::role(role, lang));
    }
    use ProviderState as S;
    for state in [S::Ready, S::Open, S::Probing, S::Aside, S::Off] {
        check(|lang| words::provider_state(state, lang));
    }
    for done in [
        Done::Ok,
        Done::Already,
        Done::Changed { undo: Box::new(Command::Reload) },
        Done::Started(None),
        Done::Started(Some(Seq(5))),
    ] {
        check(|lang| words::done(&done, lang));
    }
    for author in [Author::Bot, Author::Notice] {
        check(|lang| words::author(&author, lang));
    }
}

#[test]
fn refusals_say_what_to_do() {
    let n = || NASTY.to_owned();
    for nearest in [None, Some(n())] {
        for refusal in [
            Refusal::UnknownChat { chat: n(), nearest: nearest.clone() },
            Refusal::UnknownProvider { name: n(), nearest: nearest.clone() },
            Refusal::UnknownPersona { name: n(), nearest: nearest.clone() },
        ] {
            check(|lang| words::refusal(&refusal, lang));
        }
    }
    for refusal in [
        Refusal::Role(Role::Admin),
        Refusal::Account(n()),
        Refusal::UnknownItem(ItemId(4)),
        Refusal::WrongItem(ItemId(4)),
        Refusal::UnknownLine,
        Refusal::NoGroup,
        Refusal::Changed(n()),
        Refusal::Config(ConfigTrouble { zh: n(), en: n() }),
        Refusal::Changed(String::new()),
        Refusal::OnItsWay,
        Refusal::NoLink,
        Refusal::Unanswered,
        Refusal::TooLarge(5),
        Refusal::Nothing,
        Refusal::Not(n()),
        Refusal::ShuttingDown,
    ] {
        check(|lang| words::refusal(&refusal, lang));
    }
    let near = Refusal::UnknownProvider { name: "qwn".into(), nearest: Some("qwen".into()) };
    assert_eq!(words::refusal(&near, Lang::Zh), "没有模型服务 qwn，是不是 qwen？");
}

#[test]
fn provider_errors_carry_the_servers_words_made_safe() {
    use ProviderError as E;
    let n = || NASTY.to_owned();
    let wait = Some(Duration::from_secs(5));
    for error in [
        E::RateLimited(None, n()),
        E::RateLimited(wait, String::new()),
        E::Overloaded(wait, n()),
        E::Quota(n()),
        E::Auth(n()),
        E::ModelMissing(n()),
        E::BadRequest(n()),
        E::ContextTooLong { limit: None, words: n() },
        E::ContextTooLong { limit: Some(8192), words: n() },
        E::ContentBlocked(n()),
        E::Transport(n()),
        E::Timeout(Stage::Connect),
        E::Timeout(Stage::FirstToken),
        E::Timeout(Stage::Idle),
        E::Timeout(Stage::Total),
        E::Truncated,
        E::Empty,
        E::Protocol(n()),
        E::Cancelled,
        E::Internal(n()),
    ] {
        check(|lang| words::provider_error(&error, lang));
    }
    assert_eq!(words::provider_error(&E::Auth("bad key".into()), Lang::En), "the key was refused (bad key)");
}

#[test]
fn notices_speak_both_languages_and_never_tell_the_cause() {
    let n = || NASTY.to_owned();
    let during = Some(Duration::from_secs(1800));
    let status = ChatStatus { mode: Mode::Auto, persona: None, provider: Some(n()), queued: 2, tokens_today: 10 };
    for notice in [
        Notice::AnswerFailed,
        Notice::TooFast { seconds: 12 },
        Notice::QuotaUsed,
        Notice::HandedOver,
        Notice::NoModel,
        Notice::QueueFull,
        Notice::Help { prefix: "/".into(), commands: ChatCommand::ALL.to_vec() },
        Notice::NewDone,
        Notice::Stopped,
        Notice::NothingToStop,
        Notice::Retrying,
        Notice::NothingToRetry,
        Notice::ModeSet { mode: Mode::Manual, during },
        Notice::Allowed { id: group(), during: None },
        Notice::Allowed { id: group(), during },
        Notice::Denied { id: group() },
        Notice::Blocked { id: person(), during },
        Notice::Unblocked { id: person() },
        Notice::WhoAmI { id: person(), role: CommandRole::Anyone },
        Notice::WhoAmI { id: person(), role: CommandRole::GroupAdmin },
        Notice::WhoAmI { id: person(), role: CommandRole::Admin },
        Notice::Status(status),
        Notice::ModelSet { name: Some(n()) },
        Notice::ModelSet { name: None },
        Notice::ModelList { names: vec![n(), "b".into()], current: Some("b".into()) },
        Notice::ModelList { names: vec![], current: None },
        Notice::PersonaSet { name: Some(n()) },
        Notice::PersonaSet { name: None },
        Notice::PersonaList { names: vec!["x".into()], current: None },
        Notice::UnknownCommand { name: n(), nearest: None },
        Notice::UnknownCommand { name: n(), nearest: Some("/new".into()) },
        Notice::NotAllowedCommand { name: n(), needs: CommandRole::Admin },
        Notice::Usage { usage: "/mode auto".into() },
        Notice::Refused(Refusal::Nothing),
        Notice::CutMark,
    ] {
        check(|lang| notice.words(lang));
    }
    let help = Notice::Help { prefix: "/".into(), commands: vec![ChatCommand::New] }.words(Lang::Zh);
    assert_eq!(help, "可以这样用：\n/new：忘掉前面的话，重新开始");
    assert!(ChatCommand::ALL.iter().all(|c| ChatCommand::named(c.name()) == Some(*c)));
    assert_eq!(Notice::TooFast { seconds: 12 }.words(Lang::Zh), "问得有点快，请 12 秒后再试。");
}

#[test]
fn exits_say_what_where_and_what_to_do() {
    let n = || NASTY.to_owned();
    let usage = [
        UsageError::UnknownCommand { name: n(), nearest: Some("status".into()) },
        UsageError::UnknownCommand { name: n(), nearest: None },
        UsageError::UnknownOption { name: n(), nearest: None },
        UsageError::Missing { names: n() },
        UsageError::BadValue { name: n(), value: n(), wants: "x".into() },
        UsageError::BadValue { name: n(), value: n(), wants: String::new() },
        UsageError::Other(n()),
    ];
    let mut exits = vec![
        Exit::NoDaemon { socket: n() },
        Exit::AlreadyRunning { socket: n(), pid: Some(7) },
        Exit::SocketPathTooLong { socket: n(), limit: 107 },
        Exit::SocketNotOurs { socket: n(), cause: n() },
        Exit::SocketRefused { socket: n(), cause: n() },
        Exit::OtherVersion { theirs: n(), ours: "1".into() },
        Exit::NoAnswer { socket: n(), cause: n() },
        Exit::NoConfig { tried: vec![n(), n()] },
        Exit::ConfigErrors { path: n(), errors: vec![n(), n()] },
        Exit::CannotRead { path: n(), cause: n() },
        Exit::CannotWrite { path: n(), cause: n() },
        Exit::Exists { path: n() },
        Exit::NoHome,
        Exit::StopFirst { socket: n() },
        Exit::NotABackup { path: n(), cause: n() },
        Exit::BadRecord { path: n(), line: 3, cause: n() },
        Exit::Busy,
        Exit::BadRequest { cause: n() },
        Exit::Store { cause: n() },
        Exit::TimedOut,
        Exit::NoLine,
        Exit::NotKept,
        Exit::NoSession { number: 3 },
        Exit::Lost { socket: n(), seconds: 60 },
        Exit::NotBuilt { name: n() },
        Exit::Failed { name: "run", cause: n() },
    ];
    let slugs: BTreeSet<_> = exits.iter().map(Exit::slug).collect();
    assert_eq!(slugs.len(), exits.len());
    assert!(exits.iter().all(|e| [1, 78].contains(&e.code())));
    exits.extend(usage.map(Exit::Usage));
    exits.push(Exit::NoTerminal);
    let ended = Bye::Ended { by: n() };
    for bye in [Bye::Detached, ended, Bye::Stalled, Bye::Stopping, Bye::Stopped, Bye::Crashed] {
        check(|lang| bye.words(lang));
    }
    for exit in &exits {
        check(|lang| exit.words(lang));
    }
    let words = Exit::NoDaemon { socket: "/x/qqdeck.sock".into() }.words(Lang::Zh);
    assert!(words.starts_with("没有正在运行的 qqdeck（/x/qqdeck.sock）"), "{words}");
}

#[test]
fn what_waits_and_how_accounts_stand_have_words() {
    let request = |kind, comment: &str| {
        ItemKind::Request(Request {
            account: SelfId(1),
            kind,
            user: UserId(2),
            flag: String::new(),
            comment: comment.into(),
            time: 0,
        })
    };
    let draft = |suggestion| ItemKind::Draft {
        answers: Seq(1),
        text: NASTY.into(),
        making: std::sync::Arc::default(),
        suggestion,
    };
    for kind in [
        draft(false),
        draft(true),
        request(RequestKind::Friend, NASTY),
        request(RequestKind::Join(GroupId(5)), ""),
        request(RequestKind::Invite(GroupId(5)), NASTY),
        ItemKind::Unknown { line: Seq(1) },
        ItemKind::Handover { line: Seq(1) },
        ItemKind::WhileOffline { count: 4 },
        ItemKind::Paused,
    ] {
        check(|lang| words::item(&kind, lang));
    }
    for (connected, online, reason) in [
        (false, None, ""),
        (true, None, ""),
        (true, Some(true), ""),
        (true, Some(false), ""),
        (true, Some(false), NASTY),
    ] {
        let account = AccountView {
            id: SelfId(1),
            nickname: Text::default(),
            connected,
            online,
            reason: reason.into(),
            app: AppKind::Other,
            adapter: Text::default(),
            peer: String::new(),
            since: Wall(0),
            groups: std::sync::Arc::default(),
            muted: Vec::new(),
        };
        check(|lang| words::account(&account, lang));
    }
}
