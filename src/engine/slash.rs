//! Commands typed in chat. One table says what there is; what comes out is data, the words room speaks.
//!
//! A command is read only from what the speaker typed in this message: never from a quote, a forward or a
//! card (threats.md B06). Mentions may stand before it and serve as arguments.

mod arguments;

use std::collections::BTreeMap;
use std::time::Duration;

use super::fold::{folded, strip_prefix};
use crate::config::{self, CommandRole};
use crate::domain::{AccessId, GroupRank, Message, Mode};
use crate::words::ChatCommand;
use arguments::{Token, arguments, tokens};

/// A command with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slash {
    /// What can be typed.
    Help,
    /// Forget what was said here.
    New,
    /// Stop what is being written here.
    Stop,
    /// Write the last answer again.
    Retry,
    /// Which provider answers here; `None` asks which there are.
    Model(Option<String>),
    /// Which persona speaks here; `None` asks which there are.
    Persona(Option<String>),
    /// How the bot does.
    Status,
    /// The speaker's own number, the chat's and what he may do.
    Whoami,
    /// Let in, for good or for a while.
    Allow(AccessId, Option<Duration>),
    /// Take off the access list.
    Deny(AccessId),
    /// Who answers here, for good or for a while.
    Mode(Mode, Option<Duration>),
    /// Say nothing here, for good or for a while: [`Mode::Muted`].
    Mute(Option<Duration>),
    /// Do not listen to, for good or for a while.
    Block(AccessId, Option<Duration>),
}

/// What a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Nothing,
    /// A name, or nothing to list them.
    Name,
    /// `123`, `person_123`, `group_123`, `here` or a mention. A bare number is a person.
    Who,
    /// The same, and perhaps a duration.
    WhoFor,
    /// A mode, and perhaps a duration.
    ModeFor,
    /// Perhaps a duration.
    For,
}

/// A line of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name; also the key of `[commands] roles`.
    pub name: &'static str,
    /// Its words in the help.
    pub command: ChatCommand,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// What it takes.
    pub shape: Shape,
    /// Who may, unless `[commands] roles` says otherwise.
    pub role: CommandRole,
    /// Admins only, whatever is configured: it decides who is let in.
    pub fixed: bool,
}

const fn entry(command: ChatCommand, aliases: &'static [&'static str], shape: Shape, role: CommandRole) -> Entry {
    Entry { name: command.name(), command, aliases, shape, role, fixed: false }
}

const fn fixed(command: ChatCommand, aliases: &'static [&'static str], shape: Shape) -> Entry {
    Entry { fixed: true, ..entry(command, aliases, shape, CommandRole::Admin) }
}

/// All commands, in the order in which help lists them.
pub const TABLE: &[Entry] = &[
    entry(ChatCommand::Help, &["帮助", "h"], Shape::Nothing, CommandRole::Anyone),
    entry(ChatCommand::New, &["新对话", "清空", "reset", "clear"], Shape::Nothing, CommandRole::GroupAdmin),
    entry(ChatCommand::Stop, &["停止", "停"], Shape::Nothing, CommandRole::Anyone),
    entry(ChatCommand::Retry, &["重试", "重答"], Shape::Nothing, CommandRole::Anyone),
    entry(ChatCommand::Model, &["模型"], Shape::Name, CommandRole::GroupAdmin),
    entry(ChatCommand::Persona, &["人设", "角色"], Shape::Name, CommandRole::GroupAdmin),
    entry(ChatCommand::Status, &["状态"], Shape::Nothing, CommandRole::Anyone),
    entry(ChatCommand::Whoami, &["我是谁", "id"], Shape::Nothing, CommandRole::Anyone),
    fixed(ChatCommand::Allow, &["放行", "允许"], Shape::WhoFor),
    fixed(ChatCommand::Deny, &["取消放行", "移除"], Shape::Who),
    entry(ChatCommand::Mode, &["模式"], Shape::ModeFor, CommandRole::Admin),
    entry(ChatCommand::Mute, &["静音", "闭嘴"], Shape::For, CommandRole::Admin),
    fixed(ChatCommand::Block, &["屏蔽", "拉黑"], Shape::WhoFor),
];

/// What is wrong with the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Something is missing.
    Missing,
    /// This is not an id; a name cannot be looked up.
    BadId(String),
    /// This is not a mode.
    BadMode(String),
    /// This is not a duration, or longer than a year.
    BadDuration(String),
    /// This is more than the command takes.
    Surplus(String),
}

/// What a message is to the commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// No command.
    Not,
    /// A command.
    Command(Slash),
    /// Looks like one, and there is none of that name.
    Unknown {
        /// What was typed, without the prefix.
        word: String,
        /// The name, or alias, that is nearest.
        nearest: Option<&'static str>,
    },
    /// A command whose arguments cannot be read. Look at [`may`] before explaining it to anybody.
    Bad(&'static Entry, Problem),
}

impl Slash {
    /// Its line of the table.
    pub fn entry(&self) -> &'static Entry {
        let name = match self {
            Self::Help => "help",
            Self::New => "new",
            Self::Stop => "stop",
            Self::Retry => "retry",
            Self::Model(_) => "model",
            Self::Persona(_) => "persona",
            Self::Status => "status",
            Self::Whoami => "whoami",
            Self::Allow(..) => "allow",
            Self::Deny(_) => "deny",
            Self::Mode(..) => "mode",
            Self::Mute(_) => "mute",
            Self::Block(..) => "block",
        };
        find(name).expect("each variant has a line in the table: a test walks all of them")
    }
}

fn find(word: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.name == word || entry.aliases.contains(&word))
}

/// Whether this speaker may use the command. Ranks count in groups; a person is the admin of his own private
/// chat. `rank` must be `Member` for anonymous speakers, whose number is shared.
pub fn may(
    entry: &Entry,
    roles: &BTreeMap<String, CommandRole>,
    is_admin: bool,
    rank: GroupRank,
    private: bool,
) -> bool {
    let configured = roles.get(entry.name).copied().unwrap_or(entry.role);
    match if entry.fixed { CommandRole::Admin } else { configured } {
        CommandRole::Anyone => true,
        CommandRole::GroupAdmin => is_admin || private || rank >= GroupRank::Admin,
        CommandRole::Admin => is_admin,
    }
}

/// Reads a message as a command.
///
/// Known names always are one. Unknown words are one only where they hardly can be anything else: letters
/// alone, and close to a name, or in a private chat in Latin letters. So `/path/to/file`, `/微笑` (a QQ face
/// as text) and the commands of other bots in a group are left to the other gates. An empty prefix turns
/// commands off, for everything would be one.
pub fn parse(commands: &config::Commands, message: &Message) -> Parsed {
    let prefix = folded(&commands.prefix);
    let mut tokens = tokens(message);
    let Some(Token::Word(first)) = tokens.next() else { return Parsed::Not };
    let Some(word) = strip_prefix(first, &prefix).filter(|_| commands.enable && !prefix.is_empty()) else {
        return Parsed::Not;
    };
    let word: String = folded(word.trim_end_matches(['。', '.', '!', '！', '?', '？', ',', '，', '~', '～']));
    let Some(entry) = find(&word) else { return unknown(word, message.conversation.peer.is_group()) };
    match arguments(entry, tokens, message) {
        Ok(slash) => Parsed::Command(slash),
        Err(problem) => Parsed::Bad(entry, problem),
    }
}

fn unknown(word: String, group: bool) -> Parsed {
    let length = word.chars().count();
    if length == 0 || length > 12 || !word.chars().all(char::is_alphabetic) {
        return Parsed::Not;
    }
    let names = TABLE.iter().flat_map(|entry| std::iter::once(&entry.name).chain(entry.aliases));
    let (distance, nearest) = names
        .filter(|name| name.chars().count() > 2)
        .map(|name| (strsim::osa_distance(name, &word), *name))
        .min()
        .unwrap_or((usize::MAX, ""));
    let nearest = (distance <= if length > 4 { 2 } else { 1 }).then_some(nearest);
    if nearest.is_some() || (!group && word.is_ascii()) { Parsed::Unknown { word, nearest } } else { Parsed::Not }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AtTarget, ConversationId, GroupId, MessageId, Peer, Segment, SelfId, Sender, Text, UserId};
    use proptest::prelude::*;

    const BOT: i64 = 10_001;
    const GROUP: Peer = Peer::Group(GroupId(20));
    const PRIVATE: Peer = Peer::Private(UserId(2));
    const HOUR: Duration = Duration::from_secs(3600);

    fn say(peer: Peer, segments: Vec<Segment>) -> Message {
        Message {
            conversation: ConversationId { account: SelfId(BOT), peer },
            id: MessageId(1),
            sender: Sender { id: UserId(2), name: "小红".into(), rank: GroupRank::Member, anonymous: false },
            group_name: None,
            temp_group: None,
            segments,
            time: 0,
        }
    }

    fn text(words: &str) -> Segment {
        Segment::Text(words.into())
    }

    fn at(id: i64) -> Segment {
        Segment::At(AtTarget::User(UserId(id)), None)
    }

    fn read(peer: Peer, segments: Vec<Segment>) -> Parsed {
        parse(&config::Commands::default(), &say(peer, segments))
    }

    fn person(id: i64) -> AccessId {
        AccessId::Person(UserId(id))
    }

    #[test]
    fn commands_and_their_arguments() {
        let name = |name: &str| Some(name.to_owned());
        let cases = [
            ("/help", Slash::Help),
            ("／ＨＥＬＰ", Slash::Help),
            ("/帮助", Slash::Help),
            ("  /new  ", Slash::New),
            ("/stop。", Slash::Stop),
            ("/stop please", Slash::Stop),
            ("/重试", Slash::Retry),
            ("/model", Slash::Model(None)),
            ("/model qwen3 8b", Slash::Model(name("qwen3 8b"))),
            ("/persona Cat Girl", Slash::Persona(name("Cat Girl"))),
            ("/status", Slash::Status),
            ("/whoami", Slash::Whoami),
            ("/allow 123", Slash::Allow(person(123), None)),
            ("/allow group_5 2h", Slash::Allow(AccessId::Group(GroupId(5)), Some(2 * HOUR))),
            ("/allow here 1d", Slash::Allow(AccessId::Group(GroupId(20)), Some(24 * HOUR))),
            ("/deny person_7", Slash::Deny(person(7))),
            ("/mode draft", Slash::Mode(Mode::Draft, None)),
            ("/模式 静音 30分钟", Slash::Mode(Mode::Muted, Some(HOUR / 2))),
            ("/mute", Slash::Mute(None)),
            ("/mute 90", Slash::Mute(Some(HOUR * 3 / 2))),
            ("/拉黑 7 1h30m", Slash::Block(person(7), Some(HOUR * 3 / 2))),
        ];
        for (words, expected) in cases {
            assert_eq!(read(GROUP, vec![text(words)]), Parsed::Command(expected), "{words}");
        }
    }

    #[test]
    fn mentions_before_and_as_arguments() {
        let bot = vec![Segment::Reply(Some(MessageId(3))), at(BOT), text(" /block "), at(7), text(" 2小时")];
        assert_eq!(read(GROUP, bot), Parsed::Command(Slash::Block(person(7), Some(2 * HOUR))));
        assert_eq!(read(GROUP, vec![text("/stop "), at(BOT)]), Parsed::Command(Slash::Stop));
        assert_eq!(read(GROUP, vec![text("/new "), at(BOT)]), Parsed::Command(Slash::New));
        assert_eq!(read(GROUP, vec![at(7), text("/stop")]), Parsed::Not, "that was for somebody else");
    }

    #[test]
    fn bad_arguments_are_told_apart() {
        let cases = [
            ("/allow", "allow", Problem::Missing),
            ("/allow @小红", "allow", Problem::BadId("@小红".into())),
            ("/allow 7 soon", "allow", Problem::BadDuration("soon".into())),
            ("/allow 7 999w", "allow", Problem::BadDuration("999w".into())),
            ("/deny 7 1h", "deny", Problem::Surplus("1h".into())),
            ("/mode loud", "mode", Problem::BadMode("loud".into())),
            ("/new idea", "new", Problem::Surplus("idea".into())),
        ];
        for (words, name, problem) in cases {
            assert_eq!(read(GROUP, vec![text(words)]), Parsed::Bad(find(name).unwrap(), problem), "{words}");
        }
    }

    #[test]
    fn what_is_no_command() {
        let unknown = |word: &str, nearest| Parsed::Unknown { word: word.into(), nearest };
        let cases = [
            ("/path/to/file", Parsed::Not, Parsed::Not),
            ("/", Parsed::Not, Parsed::Not),
            ("// a comment", Parsed::Not, Parsed::Not),
            ("/1234", Parsed::Not, Parsed::Not),
            ("/微笑", Parsed::Not, Parsed::Not),
            ("see /help", Parsed::Not, Parsed::Not),
            ("help", Parsed::Not, Parsed::Not),
            ("/weather", Parsed::Not, unknown("weather", None)),
            ("/hlep", unknown("hlep", Some("help")), unknown("hlep", Some("help"))),
            ("/perosna x", unknown("perosna", Some("persona")), unknown("perosna", Some("persona"))),
            ("/新对花", unknown("新对花", Some("新对话")), unknown("新对花", Some("新对话"))),
        ];
        for (words, group, private) in cases {
            assert_eq!(read(GROUP, vec![text(words)]), group, "{words} in a group");
            assert_eq!(read(PRIVATE, vec![text(words)]), private, "{words} in private");
        }
    }

    #[test]
    fn only_the_speakers_own_words_count() {
        let card = || Segment::Other("forward".into(), Some(Text::from("/stop")));
        assert_eq!(read(PRIVATE, vec![card()]), Parsed::Not);
        assert_eq!(read(PRIVATE, vec![card(), text("/stop")]), Parsed::Not);
        assert_eq!(read(PRIVATE, vec![Segment::Markdown("/stop".into())]), Parsed::Not);
    }

    #[test]
    fn the_prefix_is_configurable() {
        let with = |prefix: &str, enable| config::Commands { prefix: prefix.into(), enable, ..Default::default() };
        let read = |commands: &config::Commands, words: &str| parse(commands, &say(PRIVATE, vec![text(words)]));
        assert_eq!(read(&with("!", true), "！help"), Parsed::Command(Slash::Help));
        assert_eq!(read(&with("！", true), "!help"), Parsed::Command(Slash::Help));
        assert_eq!(read(&with("!", true), "/help"), Parsed::Not);
        assert_eq!(read(&with("", true), "help"), Parsed::Not);
        assert_eq!(read(&with("/", false), "/help"), Parsed::Not);
    }

    #[test]
    fn roles() {
        let configured = config::Commands::default().roles;
        let (member, owner) = (GroupRank::Member, GroupRank::Owner);
        let cases = [
            ("help", false, member, false, true),
            ("new", false, member, false, false),
            ("new", false, owner, false, true),
            ("new", false, member, true, true),
            ("mode", false, owner, true, false),
            ("mode", true, member, false, true),
        ];
        for (name, admin, rank, private, expected) in cases {
            assert_eq!(may(find(name).unwrap(), &configured, admin, rank, private), expected, "{name} {rank:?}");
        }
        let lenient = ["mute", "allow"].map(|name| (name.to_owned(), CommandRole::Anyone)).into();
        assert!(may(find("mute").unwrap(), &lenient, false, member, false));
        assert!(!may(find("allow").unwrap(), &lenient, false, member, true), "nobody lets himself in");
    }

    #[test]
    fn the_table_is_sound() {
        let all = [
            Slash::Help,
            Slash::New,
            Slash::Stop,
            Slash::Retry,
            Slash::Model(None),
            Slash::Persona(None),
            Slash::Status,
            Slash::Whoami,
            Slash::Allow(person(1), None),
            Slash::Deny(person(1)),
            Slash::Mode(Mode::Auto, None),
            Slash::Mute(None),
            Slash::Block(person(1), None),
        ];
        assert_eq!(
            all.iter().map(|slash| slash.entry().name).collect::<Vec<_>>(),
            TABLE.iter().map(|e| e.name).collect::<Vec<_>>()
        );
        let names = |fixed| TABLE.iter().filter(move |e| e.fixed == fixed).map(|e| e.name).collect::<Vec<_>>();
        assert_eq!(names(false), config::Commands::NAMES, "what can be configured");
        assert_eq!(names(true), config::Commands::FIXED);
        let mut words: Vec<_> =
            TABLE.iter().flat_map(|e| std::iter::once(e.name).chain(e.aliases.iter().copied())).collect();
        assert!(words.iter().all(|word| *word == folded(word)), "looked up folded");
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count, "no name twice");
    }

    proptest! {
        #[test]
        fn anything_can_be_read(words in "(/|allow|mode|block| |9|h|here|\\PC){0,12}") {
            for peer in [GROUP, PRIVATE] {
                let parsed = read(peer, vec![text(&words)]);
                prop_assert!(parsed == Parsed::Not || words.trim_start().starts_with(['/', '／']));
            }
        }
    }
}
