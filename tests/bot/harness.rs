//! The bot as a process, and the stage that it plays on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use qqdeck::domain::{GroupId, Peer, UserId};
use qqdeck::simulator::{
    Adapter, AdapterSettings, Conversations, Dialect, Model, ModelSettings, Roster, Sent, Side, Simulator,
    SimulatorSettings, segment,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

pub use super::setting::{ME, group, private, provider};

/// Longest wait for anything; only a test that fails takes so long.
pub const DEADLINE: Duration = Duration::from_secs(20);
/// Between two looks at what nothing signals: a process' state, its log.
const LOOK: Duration = Duration::from_millis(25);

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// Looks again and again until there is something.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = std::time::Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "waited in vain: {what}");
        tokio::time::sleep(LOOK).await;
    }
}

/// A process of the bot with a configuration file and a data directory.
pub struct Bot {
    dir: tempfile::TempDir,
    child: Option<Child>,
    env: Vec<(&'static str, PathBuf)>,
    /// Where the log of this process begins: several write one after another.
    begun: u64,
}

impl Bot {
    /// A configuration file and an empty data directory, and nothing that runs.
    pub fn prepare(config: &str) -> Self {
        let bot = Self { dir: tempfile::tempdir().unwrap(), child: None, env: Vec::new(), begun: 0 };
        bot.configure(config);
        bot
    }

    /// Runs, and waits until it listens and answers.
    pub async fn start(config: &str) -> Self {
        let mut bot = Self::prepare(config);
        bot.restart().await;
        bot
    }

    /// The next process finds this in its environment.
    pub fn env(&mut self, name: &'static str, value: PathBuf) {
        self.env.push((name, value));
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Puts another configuration in place, by renaming, as editors do.
    pub fn configure(&self, text: &str) {
        let new = self.dir.path().join("config.new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.config()).unwrap();
    }

    pub fn configured(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap()
    }

    /// The program in an otherwise empty world.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qqdeck"));
        command.env_clear().env("HOME", self.dir.path()).env("LANG", "en_US.UTF-8").current_dir(self.dir.path());
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        command.arg("--config").arg(self.config()).arg("--data").arg(self.data());
        command
    }

    /// Any subcommand, to its end.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        let output = tokio::time::timeout(DEADLINE, self.command().args(arguments).output());
        let output = output.await.unwrap_or_else(|_| panic!("{arguments:?} does not end")).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("no signal");
        let said = Said { code, out: text(output.stdout), err: text(output.stderr) };
        assert!(!said.err.contains("panicked"), "{said:?}");
        said
    }

    /// Starts the process and does not wait for it.
    pub fn spawn(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.log_file()).unwrap();
        self.begun = log.metadata().unwrap().len();
        let mut command = self.command();
        command.args(["run", "--headless"]).stdout(log.try_clone().unwrap()).stderr(log);
        self.child = Some(command.spawn().unwrap());
    }

    /// Starts it, for the first time or once more, and waits until it answers.
    pub async fn restart(&mut self) {
        self.spawn();
        let ready = async || {
            if self.ended() {
                panic!("it did not start:\n{}", self.log());
            }
            self.log().contains("listening for QQ adapters").then_some(())
        };
        eventually("an address", ready).await;
        eventually("an answer", async || (self.ctl(&["status"]).await.code == 0).then_some(())).await;
    }

    fn ended(&self) -> bool {
        // A process that is gone or waits to be collected answers so.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        stat.rsplit(')').next().is_none_or(|rest| rest.trim_start().starts_with('Z') || rest.is_empty())
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().and_then(Child::id).expect("it runs")
    }

    /// Where adapters dial in.
    pub fn url(&self) -> String {
        let log = self.log();
        let at = log.rfind("address=").expect("it listens");
        let address = log[at + "address=".len()..].split_whitespace().next().unwrap();
        format!("ws://{address}/ws")
    }

    /// What this process logged so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&bytes[usize::try_from(self.begun).unwrap()..]).into_owned()
    }

    /// What is in the current log file.
    pub fn logged(&self) -> String {
        std::fs::read_to_string(self.data().join("logs/qqdeck.log")).unwrap_or_default()
    }

    /// Waits until this process logs these words.
    pub async fn logs(&self, words: &str) {
        eventually(words, async || self.log().contains(words).then_some(())).await;
    }

    /// `qqdeck ctl …`
    pub async fn ctl(&self, arguments: &[&str]) -> Said {
        let all: Vec<&str> = ["ctl"].iter().chain(arguments).copied().collect();
        self.run(&all).await
    }

    /// The same where nothing may go wrong, read.
    pub async fn json(&self, arguments: &[&str]) -> Value {
        let all: Vec<&str> = arguments.iter().chain(&["--json"]).copied().collect();
        let said = self.ctl(&all).await;
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        let value = said.json();
        assert_eq!((&value["ok"], said.err.as_str()), (&Value::Bool(true), ""), "{value}");
        value
    }

    pub async fn status(&self) -> Value {
        self.json(&["status"]).await
    }

    /// Asks until the answer is as it should be. A refusal is no answer yet: what was heard a moment ago may not
    /// be on disk.
    pub async fn until(&self, arguments: &[&str], fits: impl Fn(&Value) -> bool) -> Value {
        let all: Vec<&str> = arguments.iter().chain(&["--json"]).copied().collect();
        let mut last = Value::Null;
        let begun = std::time::Instant::now();
        while begun.elapsed() < DEADLINE {
            let said = self.ctl(&all).await;
            last = said.json();
            if said.code == 0 && fits(&last) {
                return last;
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("waited in vain for {arguments:?}: {last}")
    }

    /// Until nothing is on its way.
    pub async fn idle(&self) -> Value {
        self.until(&["status"], |s| s["queued"] == 0 && s["inflight"] == 0 && s["outbox"] == 0).await
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Waits for its end.
    pub async fn end(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        tokio::time::timeout(DEADLINE, child.wait()).await.expect("it ends").unwrap()
    }

    /// The power of the kernel: nothing is finished, nothing is said.
    pub async fn kill9(&mut self) {
        self.signal(Signal::KILL);
        self.end().await;
    }

    /// The exit code after SIGTERM.
    pub async fn terminate(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.end().await.code()
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read(self.log_file()).unwrap_or_default();
            eprintln!("--- log ---\n{}\n-----------", String::from_utf8_lossy(&log));
        }
    }
}

/// A simulated world with the bot in it.
pub struct Stage {
    pub bot: Bot,
    pub sim: Simulator,
    stop: CancellationToken,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// An adapter with quick habits.
pub fn adapter(id: i64, dialect: Dialect, side: Side) -> AdapterSettings {
    let mut settings = AdapterSettings::new(dialect, side, Roster::lonely(id, "机器人"));
    settings.reconnect = Duration::from_millis(30);
    settings
}

/// The usual one.
pub fn reverse() -> AdapterSettings {
    adapter(ME, Dialect::Napcat, Side::reverse(""))
}

/// Everybody is answered at once and as often as they like.
pub const OPEN: &str = concat!(
    "language = \"en\"\n[engine]\nshutdown_grace = \"5s\"\n[access]\nmode = \"open\"\nadmins = [900]\n",
    quick!()
);

/// These rules, told at once, so that a test need not wait.
pub fn at_once(rules: &[&str]) -> String {
    rules.iter().map(|rule| format!("[[alerts.rules]]\nname = \"{rule}\"\nwait = \"0s\"\n")).collect()
}

impl Stage {
    /// A bot between these, configured by what `config` writes when the servers are known.
    pub async fn set(
        adapters: Vec<AdapterSettings>,
        models: Vec<ModelSettings>,
        config: impl FnOnce(&Simulator) -> String,
    ) -> Self {
        Self::set_for(Bot::prepare(""), adapters, models, config).await
    }

    /// The same for a bot that was prepared otherwise.
    pub async fn set_for(
        mut bot: Bot,
        adapters: Vec<AdapterSettings>,
        models: Vec<ModelSettings>,
        config: impl FnOnce(&Simulator) -> String,
    ) -> Self {
        let stop = CancellationToken::new();
        let sim = Simulator::start(SimulatorSettings { adapters, models }, &stop).await.unwrap();
        bot.configure(&config(&sim));
        bot.restart().await;
        let stage = Self { bot, sim, stop };
        stage.connect().await;
        stage
    }

    /// One account, one model, and this before the provider.
    pub async fn small(config: &str) -> Self {
        Self::set(vec![reverse()], vec![ModelSettings::instant("A")], |sim| {
            format!("{config}{}", provider("first", "ollama", &sim.models[0], ""))
        })
        .await
    }

    /// All adapters are up.
    pub async fn connect(&self) {
        self.sim.dial(&self.bot.url());
        let all = self.sim.adapters.len();
        let up = |s: &Value| {
            let accounts = s["accounts"].as_array().unwrap();
            accounts.iter().filter(|a| a["connected"] == true).count() == all
        };
        self.bot.until(&["status"], up).await;
    }

    /// A new process on the same data, and everybody connected.
    pub async fn again(&mut self) {
        self.bot.restart().await;
        self.connect().await;
    }

    pub fn adapter(&self) -> &Adapter {
        &self.sim.adapters[0]
    }

    pub fn model(&self) -> &Model {
        &self.sim.models[0]
    }

    /// Somebody writes in private. Returns the message's number.
    pub async fn write(&self, user: i64, text: &str) -> i64 {
        let peer = Peer::Private(UserId(user));
        self.adapter().introduce(peer, user);
        let (id, carried) = self.adapter().say(peer, user, &[segment::text(text)]).await;
        assert!(carried);
        id
    }

    /// Somebody mentions the bot in a group.
    pub async fn mention(&self, group: i64, user: i64, text: &str) -> i64 {
        let peer = Peer::Group(GroupId(group));
        self.adapter().introduce(peer, user);
        let said = [segment::at(self.adapter().self_id()), segment::text(&format!(" {text}"))];
        let (id, carried) = self.adapter().say(peer, user, &said).await;
        assert!(carried);
        id
    }

    /// What reached this chat.
    pub fn heard(&self, peer: Peer) -> Vec<String> {
        self.adapter().sent().into_iter().filter(|sent| sent.peer == peer).map(|sent| sent.text).collect()
    }

    /// Waits until something with these words has reached this chat.
    pub async fn hears(&self, peer: Peer, words: &str) -> Sent {
        let look = async || self.adapter().sent().into_iter().find(|s| s.peer == peer && s.text.contains(words));
        eventually(words, look).await
    }

    /// Why the chat's newest message was answered or not, once it is stored.
    pub async fn why(&self, chat: &str) -> Value {
        let looked = async || {
            let said = self.bot.ctl(&["why", chat, "--json"]).await;
            (said.code == 0).then(|| said.json())
        };
        eventually("a stored line", looked).await
    }
}

/// A short crowd.
pub fn crowd(count: usize, turns: usize) -> Conversations {
    Conversations { count, turns, patience: DEADLINE, ..Conversations::default() }
}

/// The lines of an answer.
pub fn lines(value: &Value) -> &Vec<Value> {
    value["lines"].as_array().unwrap()
}

/// What became of the lines that were to be answered, and which replies are in doubt.
pub async fn outcomes(bot: &Bot) -> (BTreeMap<String, usize>, Vec<Value>) {
    let (mut outcomes, mut unknown) = (BTreeMap::new(), Vec::new());
    let chats = bot.json(&["chats"]).await;
    for chat in chats["chats"].as_array().unwrap() {
        let history = bot.json(&["history", chat["chat"].as_str().unwrap(), "--limit", "500"]).await;
        for line in lines(&history) {
            if line["delivery"]["code"] == "unknown" {
                unknown.push(line["seq"].clone());
            }
            if line["from"]["kind"] == "person" && line["verdict"]["action"] == "reply" {
                let code = line["outcome"]["code"].as_str().unwrap_or("none").to_owned();
                *outcomes.entry(code).or_default() += 1;
            }
        }
    }
    (outcomes, unknown)
}
