//! The paragraph on stderr with which the command line ends: what, where, what to do.

use super::answer::nearest_stop;
use super::{Lang, one_line};

/// Longest path or cause in a paragraph, in characters.
const LONG: usize = 400;

/// Why a subcommand ended without doing what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exit {
    /// Nobody listens on the socket.
    NoDaemon {
        /// Its path.
        socket: String,
    },
    /// Somebody does already.
    AlreadyRunning {
        /// Its path.
        socket: String,
        /// Who, where that is known.
        pid: Option<u32>,
    },
    /// A Unix socket's path has a limit.
    SocketPathTooLong {
        /// The path.
        socket: String,
        /// Bytes at most.
        limit: usize,
    },
    /// Something else than a socket stands there, or it belongs to somebody else.
    SocketNotOurs {
        /// Its path.
        socket: String,
        /// What the system said, or what stands there.
        cause: String,
    },
    /// The socket did not let us in.
    SocketRefused {
        /// Its path.
        socket: String,
        /// What the system said.
        cause: String,
    },
    /// The daemon is of another version.
    OtherVersion {
        /// The daemon's.
        theirs: String,
        /// Ours.
        ours: String,
    },
    /// The daemon went away or took too long.
    NoAnswer {
        /// Its path.
        socket: String,
        /// What happened.
        cause: String,
    },
    /// No configuration file.
    NoConfig {
        /// Where it was looked for.
        tried: Vec<String>,
    },
    /// The configuration has errors; each is a line of its own, in words already.
    ConfigErrors {
        /// Which file.
        path: String,
        /// One line an error.
        errors: Vec<String>,
    },
    /// A file cannot be read.
    CannotRead {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// A file cannot be written.
    CannotWrite {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// A file would be overwritten.
    Exists {
        /// Which.
        path: String,
    },
    /// Neither `--data` nor `XDG_DATA_HOME` nor `HOME`.
    NoHome,
    /// A running daemon is in the way.
    StopFirst {
        /// Its socket.
        socket: String,
    },
    /// Not a file that `backup` made.
    NotABackup {
        /// Which.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A line of a recording cannot be read.
    BadRecord {
        /// Which file.
        path: String,
        /// Which line, from 1.
        line: usize,
        /// Why.
        cause: String,
    },
    /// The daemon serves too many connections already.
    Busy,
    /// A line on the socket that is not a question.
    BadRequest {
        /// What is wrong with it.
        cause: String,
    },
    /// The store could not answer.
    Store {
        /// Why.
        cause: String,
    },
    /// The engine took too long.
    TimedOut,
    /// There is no such message.
    NoLine,
    /// The prompt of a reply is not in memory.
    NotKept,
    /// No such session.
    NoSession {
        /// What was asked for.
        number: u64,
    },
    /// A console needs a terminal at both ends.
    NoTerminal,
    /// The daemon went away, and did not come back.
    Lost {
        /// Its socket.
        socket: String,
        /// For how long it was tried, in seconds.
        seconds: u64,
    },
    /// The command line cannot be read.
    Usage(UsageError),
    /// Anything else, in the words of whoever failed.
    Failed {
        /// Which subcommand.
        name: &'static str,
        /// Why.
        cause: String,
    },
}

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageError {
    /// No such subcommand or verb.
    UnknownCommand {
        /// What was typed.
        name: String,
        /// The nearest.
        nearest: Option<String>,
    },
    /// No such option.
    UnknownOption {
        /// What was typed.
        name: String,
        /// The nearest.
        nearest: Option<String>,
    },
    /// Something is missing.
    Missing {
        /// What, as the help writes it.
        names: String,
    },
    /// A value that does not fit.
    BadValue {
        /// Of what.
        name: String,
        /// What was typed.
        value: String,
        /// What fits; may be empty.
        wants: String,
    },
    /// `demo` was given a configuration.
    OwnConfig,
    /// The data directory has a configuration that no demo wrote.
    NotDemo {
        /// Which.
        file: String,
    },
    /// Anything else, in English, as the parser says it.
    Other(String),
}

/// In English; whoever knows the reader asks for [`Exit::words`].
impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words(Lang::En))
    }
}

impl std::error::Error for Exit {}

impl Exit {
    /// 0 is success, 1 failure, 2 a command line that cannot be read, 78 (`EX_CONFIG`) the configuration.
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::NoTerminal => 2,
            Self::NoConfig { .. } | Self::ConfigErrors { .. } => 78,
            _ => 1,
        }
    }

    /// A stable word for scripts.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::NoDaemon { .. } => "no_daemon",
            Self::AlreadyRunning { .. } => "already_running",
            Self::SocketPathTooLong { .. } => "socket_path_too_long",
            Self::SocketNotOurs { .. } => "socket_not_ours",
            Self::SocketRefused { .. } => "socket_refused",
            Self::OtherVersion { .. } => "other_version",
            Self::NoAnswer { .. } => "no_answer",
            Self::NoConfig { .. } => "no_config",
            Self::ConfigErrors { .. } => "config_errors",
            Self::CannotRead { .. } => "cannot_read",
            Self::CannotWrite { .. } => "cannot_write",
            Self::Exists { .. } => "exists",
            Self::NoHome => "no_home",
            Self::StopFirst { .. } => "stop_first",
            Self::NotABackup { .. } => "not_a_backup",
            Self::BadRecord { .. } => "bad_record",
            Self::Busy => "busy",
            Self::BadRequest { .. } => "bad_request",
            Self::Store { .. } => "store",
            Self::TimedOut => "timed_out",
            Self::NoLine => "unknown_line",
            Self::NotKept => "not_kept",
            Self::NoSession { .. } => "unknown_session",
            Self::NoTerminal => "no_terminal",
            Self::Lost { .. } => "lost",
            Self::Usage(_) => "usage",
            Self::Failed { .. } => "failed",
        }
    }

    /// The paragraph. A table: one row a reason.
    pub fn words(&self, lang: Lang) -> String {
        match self {
            Self::NoDaemon { socket } => {
                let socket = long(socket);
                say!(
                    lang,
                    "没有正在运行的 qqdeck（{socket}）。先启动它：qqdeck run --headless；如果它用了别的数据目录，请加上 --data 目录。",
                    "No qqdeck is running ({socket}). Start it with `qqdeck run --headless`; if it uses another data directory, name it with --data DIR.",
                )
            }
            Self::AlreadyRunning { socket, pid } => {
                let socket = long(socket);
                let pid = pid.map_or_else(String::new, |pid| say!(lang, "，进程 {pid}", ", process {pid}"));
                say!(
                    lang,
                    "qqdeck 已经在运行（{socket}{pid}）。先停下它：qqdeck ctl shutdown；要再开一个，请用 --data 换一个数据目录。",
                    "qqdeck is already running ({socket}{pid}). Stop it with `qqdeck ctl shutdown`, or give this one another --data DIR.",
                )
            }
            Self::SocketPathTooLong { socket, limit } => {
                let socket = long(socket);
                say!(
                    lang,
                    "套接字路径太长，系统最多允许 {limit} 字节：{socket}。请用 --data 换一个路径更短的数据目录。",
                    "The socket's path is too long, the system allows {limit} bytes: {socket}. Choose a data directory with a shorter path (--data DIR).",
                )
            }
            Self::SocketNotOurs { socket, cause } => {
                let (socket, cause) = (long(socket), long(cause));
                say!(
                    lang,
                    "不能使用套接字 {socket}：{cause}。请检查是谁放在那里的，把它移走，或用 --data 换一个数据目录。",
                    "The socket {socket} cannot be used: {cause}. See who put it there and move it away, or choose another --data DIR.",
                )
            }
            Self::SocketRefused { socket, cause } => {
                let (socket, cause) = (long(socket), long(cause));
                say!(
                    lang,
                    "连不上正在运行的 qqdeck（{socket}）：{cause}。请用启动它的那个用户（或 root）来执行。",
                    "The running qqdeck did not let us in ({socket}): {cause}. Do this as the user who started it, or as root.",
                )
            }
            Self::OtherVersion { theirs, ours } => {
                let theirs = long(theirs);
                say!(
                    lang,
                    "正在运行的 qqdeck 是 {theirs}，这个命令是 {ours}。请先停下它（qqdeck ctl shutdown 总是可用）再启动，然后重试。",
                    "The running qqdeck is {theirs}, this program is {ours}. Stop it (`qqdeck ctl shutdown` always works), start it anew and try again.",
                )
            }
            Self::NoAnswer { socket, cause } => {
                let (socket, cause) = (long(socket), long(cause));
                say!(
                    lang,
                    "qqdeck 没有回答（{socket}）：{cause}。它可能正在停止；请看一眼日志再试。",
                    "qqdeck did not answer ({socket}): {cause}. It may be stopping; look at its log and try again.",
                )
            }
            Self::NoConfig { tried } => {
                let tried = tried.iter().map(|p| long(p)).collect::<Vec<_>>().join(lang.pick("、", ", "));
                say!(
                    lang,
                    "没有找到配置文件，找过：{tried}。用 qqdeck init 写一份，或用 --config 指明它在哪里。",
                    "There is no configuration file; looked for {tried}. Write one with `qqdeck init`, or name it with --config FILE.",
                )
            }
            Self::ConfigErrors { path, errors } => {
                let (path, n) = (long(path), errors.len());
                let errors: String = errors.iter().map(|e| format!("\n  {}", long(e))).collect();
                let (many, them) = if n == 1 { ("error", "it") } else { ("errors", "them") };
                say!(
                    lang,
                    "配置文件 {path} 有 {n} 处错误，改好后用 qqdeck check 再看一遍：{errors}",
                    "The configuration {path} has {n} {many}; mend {them} and look again with `qqdeck check`:{errors}",
                )
            }
            Self::CannotRead { path, cause } => {
                let (path, cause) = (long(path), long(cause));
                say!(
                    lang,
                    "读不了 {path}：{cause}。请检查路径和权限。",
                    "Cannot read {path}: {cause}. Check the path and its permissions."
                )
            }
            Self::CannotWrite { path, cause } => {
                let (path, cause) = (long(path), long(cause));
                say!(
                    lang,
                    "写不了 {path}：{cause}。请检查权限和剩余空间。",
                    "Cannot write {path}: {cause}. Check its permissions and the space left.",
                )
            }
            Self::Exists { path } => {
                let path = long(path);
                say!(
                    lang,
                    "{path} 已经存在，没有动它。先把它移走，或换一个名字。",
                    "{path} exists already and was left alone. Move it away first, or choose another name.",
                )
            }
            Self::NoHome => say!(
                lang,
                "不知道数据该放在哪里：没有设置 HOME 和 XDG_DATA_HOME。请用 --data 指明目录。",
                "There is no place for the data: neither HOME nor XDG_DATA_HOME is set. Name a directory with --data DIR.",
            ),
            Self::StopFirst { socket } => {
                let socket = long(socket);
                say!(
                    lang,
                    "qqdeck 正在运行（{socket}），现在恢复会丢东西。请先停下它：qqdeck ctl shutdown。",
                    "qqdeck is running ({socket}); restoring now would lose what it holds. Stop it first: `qqdeck ctl shutdown`.",
                )
            }
            Self::NotABackup { path, cause } => {
                let (path, cause) = (long(path), long(cause));
                say!(
                    lang,
                    "{path} 不是 qqdeck 的备份：{cause}。请指明 qqdeck backup 写出的那个文件。",
                    "{path} is not a backup of qqdeck: {cause}. Name the file that `qqdeck backup` wrote.",
                )
            }
            Self::BadRecord { path, line, cause } => {
                let (path, cause) = (long(path), long(cause));
                say!(
                    lang,
                    "{path} 第 {line} 行读不懂：{cause}。每行应是一条记录下来的输入（JSON）。",
                    "{path}, line {line}, cannot be read: {cause}. Each line should be one recorded input (JSON).",
                )
            }
            Self::Busy => say!(
                lang,
                "qqdeck 的连接太多了，请关掉几个再试。",
                "qqdeck has too many connections; close some and try again.",
            ),
            Self::BadRequest { cause } => {
                let cause = long(cause);
                say!(lang, "看不懂这个请求：{cause}", "This request cannot be read: {cause}")
            }
            Self::Store { cause } => {
                let cause = long(cause);
                say!(lang, "读不到记录：{cause}", "The history cannot be read: {cause}")
            }
            Self::TimedOut => say!(
                lang,
                "qqdeck 太忙，没有及时回答；命令可能已经生效，请看一眼再试。",
                "qqdeck was too busy to answer in time; the command may have taken effect, look before trying again.",
            ),
            Self::NotKept => say!(
                lang,
                "没有留着：只记得最近 256 次提问，重启以后也不记得；从缓存来的、人写的回复没有提示词",
                "It is not kept: only the last 256 questions are, and none from before a restart; a reply from the \
                 cache or by a human has no prompt"
            ),
            Self::NoLine => say!(
                lang,
                "找不到这条消息。用 qqdeck ctl history 看看编号。",
                "There is no such message. `qqdeck ctl history` shows the numbers.",
            ),
            Self::NoSession { number } => say!(
                lang,
                "没有编号为 {number} 的会话。qqdeck ctl sessions 列出现在有哪些。",
                "There is no session {number}. `qqdeck ctl sessions` lists those there are.",
            ),
            Self::NoTerminal => say!(
                lang,
                "控制台要在终端里打开，现在的输入或输出不是终端。只运行机器人用 qqdeck run --headless，查看状态用 qqdeck ctl status；经过 SSH 请用 ssh -t。",
                "The console needs a terminal, and the input or the output is none. Run the bot alone with `qqdeck run --headless`, look at it with `qqdeck ctl status`; over SSH use `ssh -t`.",
            ),
            Self::Lost { socket, seconds } => {
                let socket = long(socket);
                say!(
                    lang,
                    "qqdeck 停止了，{seconds} 秒内没有重新连上（{socket}）。用 qqdeck 再启动它，原因请看日志。",
                    "qqdeck stopped and did not come back within {seconds} s ({socket}). Start it again with `qqdeck`; its log has the reason.",
                )
            }
            Self::Usage(error) => error.words(lang),
            Self::Failed { name, cause } => {
                let cause = long(cause);
                say!(lang, "qqdeck {name} 没有成功：{cause}", "qqdeck {name} failed: {cause}")
            }
        }
    }
}

impl UsageError {
    fn words(&self, lang: Lang) -> String {
        match self {
            Self::UnknownCommand { name, nearest } => {
                let (name, nearest) = (long(name), nearest_stop(nearest.as_deref(), lang));
                say!(
                    lang,
                    "没有命令 {name}{nearest}用 --help 看看有哪些命令。",
                    "There is no command {name}{nearest} See --help for those there are.",
                )
            }
            Self::UnknownOption { name, nearest } => {
                let (name, nearest) = (long(name), nearest_stop(nearest.as_deref(), lang));
                say!(
                    lang,
                    "没有选项 {name}{nearest}用 --help 看看有哪些选项。",
                    "There is no option {name}{nearest} See --help for those there are.",
                )
            }
            Self::Missing { names } => {
                let names = long(names);
                say!(
                    lang,
                    "还缺少：{names}。用 --help 看看怎么写。",
                    "Something is missing: {names}. See --help for how it is written."
                )
            }
            Self::OwnConfig => say!(
                lang,
                "demo 用自己的配置，不要 --config：模拟的 QQ 和模型每次端口都不同。要留住数据用 --data DIR",
                "demo has a configuration of its own and takes no --config: the ports of its QQ and models are new every \
                 time. To keep its data, give --data DIR",
            ),
            Self::NotDemo { file } => {
                let file = one_line(file, LONG);
                say!(
                    lang,
                    "{file} 不是 demo 写的，demo 会盖掉它：给 --data 换一个目录",
                    "{file} was not written by demo, which would write over it: give --data another directory",
                )
            }
            Self::BadValue { name, value, wants } if wants.is_empty() => {
                let (name, value) = (long(name), long(value));
                say!(
                    lang,
                    "{name} 不能是“{value}”。用 --help 看看怎么写。",
                    "{name} cannot be “{value}”. See --help for how it is written."
                )
            }
            Self::BadValue { name, value, wants } => {
                let (name, value, wants) = (long(name), long(value), long(wants));
                let stop = if wants.ends_with(['?', '？']) { "" } else { lang.pick("。", ".") };
                say!(
                    lang,
                    "{name} 不能是“{value}”，应为 {wants}{stop}",
                    "{name} cannot be “{value}”; it should be {wants}{stop}"
                )
            }
            Self::Other(words) => {
                let words = long(words);
                say!(lang, "命令行有误：{words}", "The command line cannot be read: {words}")
            }
        }
    }
}

fn long(raw: &str) -> String {
    one_line(raw, LONG)
}
