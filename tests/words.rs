//! Every sentence in both languages: nothing forgotten, nothing untranslated, nothing that harms a terminal.

use std::collections::BTreeSet;
use std::time::Duration;

use qqdeck::config::{CommandRole, Dial, OneBot};
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
        Refusal::NoRestart(SelfId(1)),
        Refusal::Restarting,
        Refusal::Restart(RestartFault::NotStarted(n())),
        Refusal::Restart(RestartFault::Failed(Some(3))),
        Refusal::Restart(RestartFault::Failed(None)),
        Refusal::Restart(RestartFault::TimedOut),
        Refusal::Account(n()),
        Refusal::NoAccount,
        Refusal::NotUnloadable(n()),
        Refusal::IsAdmin(UserId(1)),
        Refusal::IsOurs(UserId(1)),
        Refusal::UnknownAccount { account: SelfId(1), known: Vec::new() },
        Refusal::UnknownAccount { account: SelfId(1), known: vec![SelfId(2), SelfId(3)] },
        Refusal::NotInGroup { account: SelfId(1), group: GroupId(2) },
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
fn a_notification_that_did_not_arrive_says_why() {
    let n = || NASTY.to_owned();
    for words in [n(), String::new()] {
        check(|lang| words::notify_fault(&NotifyFault::Unreachable(words.clone()), lang));
        check(|lang| words::notify_fault(&NotifyFault::Refused(words.clone()), lang));
    }
    check(|lang| words::notify_fault(&NotifyFault::Full, lang));
    check(|lang| words::notify_fault(&NotifyFault::Gone, lang));
    let refused = NotifyFault::Refused("93000: invalid webhook url".into());
    assert_eq!(words::notify_fault(&refused, Lang::Zh), "对方拒收（93000: invalid webhook url）");
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
        Notice::WhoAmI { id: person(), role: CommandRole::Anyone, private: false },
        Notice::WhoAmI { id: person(), role: CommandRole::GroupAdmin, private: false },
        Notice::WhoAmI { id: person(), role: CommandRole::Admin, private: false },
        Notice::WhoAmI { id: person(), role: CommandRole::GroupAdmin, private: true },
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
        ItemKind::Unread { account: SelfId(100), chats: 7 },
        ItemKind::BotMuted,
        ItemKind::Removed,
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
            last_event: Wall(0),
            restarting: false,
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

/// One alert of a metric, about something with a nasty name.
fn alert(metric: Metric, subject: Subject, detail: Detail) -> Alert {
    Alert {
        id: AlertId(1),
        rule: "a_rule".into(),
        metric,
        subject,
        name: Text::from(NASTY),
        severity: Severity::Warning,
        state: AlertState::Firing,
        since: Wall(1_700_000_000_000),
        fired: None,
        until: Some(Wall(1_700_000_240_000)),
        lasted: Duration::from_secs(240),
        value: 3.2,
        peak: 9.0,
        threshold: 2.0,
        detail,
        no_data: false,
        flapping: false,
        acked: Some("li".into()),
        told: Vec::new(),
        done: false,
    }
}

#[test]
fn alerts_have_words_for_those_who_look_and_those_who_are_told() {
    let n = || NASTY.to_owned();
    let subjects = [
        Subject::Bot,
        Subject::Account(SelfId(42)),
        Subject::Group(SelfId(42), GroupId(9)),
        Subject::Dial("home".into()),
        Subject::Provider("deepseek".into()),
        Subject::Gpu(0),
    ];
    for metric in Metric::ALL {
        check(|lang| words::metric(*metric, lang));
        for subject in &subjects {
            let alert = alert(*metric, subject.clone(), Detail::None);
            check(|lang| words::alert_name(&alert, lang));
            check(|lang| words::alert_firing(&alert, 0, lang));
            check(|lang| words::alert_again(&alert, 0, lang));
            check(|lang| words::alert_flapping(&alert, lang));
            check(|lang| words::alert_resolved(&alert, lang));
            check(|lang| words::alert_was(&alert, 0, lang));
        }
    }
    let trouble = ConfigTrouble { zh: format!("错{NASTY}\n二\n三"), en: format!("wrong{NASTY}\ntwo\nthree") };
    let details = [
        Detail::Until(None),
        Detail::Provider(ProviderError::Auth(n())),
        Detail::Providers(vec![("a".into(), ProviderError::Empty), ("b".into(), ProviderError::Quota(n()))]),
        Detail::Slow { stage: SlowStage::Load, share: 80 },
        Detail::Memory { used: 9 << 30, total: 10 << 30, foreign: vec![(n(), 2 << 30)], spilled: vec!["a".into()] },
        Detail::Errors { answers: 1, sends: 2, panics: 3, storage: 4 },
        Detail::Config(trouble),
        Detail::Storage(n()),
        Detail::Storage(String::new()),
        Detail::Quota { tokens: true },
        Detail::Quota { tokens: false },
    ];
    for detail in details {
        let alert = alert(Metric::Queue, Subject::Bot, detail);
        check(|lang| words::alert_detail(&alert, lang));
        check(|lang| words::alert_firing(&alert, 0, lang));
    }
    for stage in [SlowStage::Queue, SlowStage::Load, SlowStage::FirstToken, SlowStage::Generation, SlowStage::Send] {
        check(|lang| words::slow_stage(stage, lang));
    }
}

#[test]
fn what_was_told_and_what_hushes_an_alert_have_words() {
    let n = || NASTY.to_owned();
    for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
        check(|lang| words::severity(severity, lang));
        for (count, resolved) in [(1, true), (1, false), (3, true), (3, false)] {
            let first = |lang| words::alert_name(&alert(Metric::Errors, Subject::Bot, Detail::None), lang);
            check(|lang| words::notification_title(severity, resolved, &first(lang), count, lang));
        }
    }
    let faults = [
        NotifyFault::Unreachable(n()),
        NotifyFault::Unreachable(String::new()),
        NotifyFault::Refused(n()),
        NotifyFault::Full,
        NotifyFault::Gone,
    ];
    for fault in &faults {
        check(|lang| words::notify_fault(fault, lang));
    }
    let told =
        |fault: Option<&NotifyFault>, what| Told { to: n(), what, at: Wall(0), fault: fault.cloned(), before: None };
    let mut view = AlertView {
        alert: alert(Metric::Errors, Subject::Bot, Detail::None),
        silenced: Some((Wall(0), NASTY.into())),
        inhibited: Some("ws_disconnected".into()),
        quiet: true,
    };
    view.alert.flapping = true;
    view.alert.told = faults.iter().map(|fault| told(Some(fault), ToldWhat::Firing)).collect();
    for what in [ToldWhat::Held, ToldWhat::Firing, ToldWhat::Flapping, ToldWhat::Resolved] {
        check(|lang| words::told_what(what, lang));
        view.alert.told.push(told(None, what));
    }
    check(|lang| words::alert_marks(&view, lang));
    check(|lang| words::alert_told(&view.alert, lang));
    for state in [AlertState::Pending, AlertState::Firing, AlertState::Resolved] {
        check(|lang| words::alert_state(state, lang));
    }
    let silence = Silence {
        rule: n(),
        labels: vec![("account".into(), "1".into())],
        until: Wall(0),
        by: NASTY.into(),
        reason: n(),
    };
    check(|lang| words::silence(&silence, "11-21 23:00", lang));
    check(|lang| words::silenced(NASTY, Duration::from_secs(60), lang));
    check(words::notification_test);
    check(words::notification_test_body);
    check(words::no_account_to_notify);
    let all = [Delivered { to: n(), fault: None }, Delivered { to: n(), fault: Some(NotifyFault::Full) }];
    check(|lang| words::delivered(&all, lang));
    for refusal in [
        Refusal::UnknownAlert(AlertId(7)),
        Refusal::UnknownRule { name: n(), nearest: Some("vram_high".into()) },
        Refusal::UnknownRule { name: n(), nearest: None },
        Refusal::TooLong(Silence::LONGEST),
        Refusal::NoDestination,
    ] {
        check(|lang| words::refusal(&refusal, lang));
    }
}

#[test]
fn what_a_phone_is_told_is_one_sentence_with_figures() {
    let mut alert = alert(Metric::Vram, Subject::Gpu(0), Detail::None);
    (alert.name, alert.value, alert.peak, alert.threshold) = ("RTX 4090".into(), 93.25, 97.0, 90.0);
    let east = 8 * 3600;
    assert_eq!(words::alert_firing(&alert, east, Lang::Zh), "GPU 0 RTX 4090 显存快满：93.2%，阈值 90.0%（06:13 起）");
    assert_eq!(
        words::alert_was(&alert, east, Lang::En),
        "was: the memory of GPU 0 RTX 4090 is nearly full, 06:13–06:17, at worst 97.0%, over now"
    );
    let message = NotificationText {
        instance: "home".into(),
        severity: Severity::Warning,
        resolved: false,
        test: false,
        title: "标题".into(),
        body: "长".repeat(2000),
        alerts: Vec::new(),
    };
    let text = words::notification_as_text(&message, 1000);
    assert!(text.starts_with("[home] 标题\n长") && text.chars().count() == 1001 && text.ends_with('…'));
}
#[test]
fn cards_and_probes_have_words() {
    for why in [NoGpu::NoDriver, NoGpu::Mismatch, NoGpu::NoCard, NoGpu::Forbidden, NoGpu::Failed(NASTY.into())] {
        check(|lang| words::no_gpu(&why, lang));
    }
    for state in [GpuState::Asleep, GpuState::Divided, GpuState::Lost(NASTY.into())] {
        check(|lang| words::gpu_state(&state, lang).unwrap());
    }
    for why in [Throttle::Power, Throttle::Heat, Throttle::Hardware, Throttle::Brake] {
        check(|lang| words::throttle(why, lang));
    }
    use words::Unready::{Configuration, NoAccount, NoProvider, Stopping, Stuck};
    for reason in [Configuration, NoAccount, NoProvider, Stopping, Stuck] {
        check(|lang| reason.words(lang));
    }
}

#[test]
fn how_an_adapter_comes_here_follows_the_configuration() {
    let told = |change: &dyn Fn(&mut OneBot)| {
        let mut onebot = OneBot::default();
        change(&mut onebot);
        [Lang::Zh, Lang::En].map(|lang| words::no_account(&onebot, lang))
    };
    let dial = |c: &mut OneBot| {
        let url = "wss://napcat.lan:3001/?access_token=hush".into();
        c.dial.push(Dial { name: "a".into(), url, ..Dial::default() });
    };
    let both = |words: [String; 2], has: &str, lacks: &[&str]| {
        for words in words {
            assert!(words.contains(has), "{has}: {words}");
            lacks.iter().for_each(|lacks| assert!(!words.contains(lacks), "{lacks}: {words}"));
        }
    };
    both(told(&|_| ()), "ws://127.0.0.1:2280/ws", &["dial"]);
    both(told(&|c| c.tls.cert = "cert.pem".into()), "wss://127.0.0.1:2280/ws", &[]);
    both(told(&|c| c.listen = vec!["0.0.0.0:99".into()]), ":99/ws", &["0.0.0.0"]);
    both(told(&dial), "wss://napcat.lan:3001/", &["hush"]);
    let only = |c: &mut OneBot| {
        c.listen.clear();
        dial(c);
    };
    both(told(&only), "wss://napcat.lan:3001/", &["/ws", "hush"]);
    both(told(&|c| c.listen.clear()), "[onebot]", &["/ws"]);
}
