//! A home whose bot has a QQ account and a model: both simulated, in this very process, on loopback sockets.

use qqdeck::domain::{GroupId, Peer};
use qqdeck::simulator::{
    Adapter, AdapterSettings, Dialect, ModelSettings, Roster, Sent, Side, Simulator, SimulatorSettings, segment,
};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::harness::{Home, Terminal, eventually};
pub use super::setting::{ME, group, private, provider};

pub struct Town {
    pub home: Home,
    sim: Simulator,
    stop: CancellationToken,
    threads: Runtime,
}

impl Town {
    /// A bot that runs and is linked. `more`: tables besides the usual ones.
    pub fn open(more: &str) -> Self {
        let threads = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let stop = CancellationToken::new();
        let roster = Roster::lonely(ME, "机器人");
        let adapters = vec![AdapterSettings::new(Dialect::Napcat, Side::forward(), roster)];
        let settings = SimulatorSettings { adapters, models: vec![ModelSettings::instant("A")] };
        let sim = threads.block_on(Simulator::start(settings, &stop)).unwrap();
        let (url, model) = (sim.adapters[0].url().unwrap(), provider("first", "ollama", &sim.models[0], ""));
        let mut home =
            Home::with(&format!("{}{more}\n[[onebot.dial]]\nname = \"qq\"\nurl = \"{url}\"\n{model}", quick!()));
        home.start();
        let town = Self { home, sim, stop, threads };
        town.threads.block_on(town.adapter().wait_up());
        town
    }

    fn adapter(&self) -> &Adapter {
        &self.sim.adapters[0]
    }

    /// Somebody writes in private.
    pub fn writes(&self, user: i64, text: &str) {
        let peer = private(user);
        self.adapter().introduce(peer, user);
        let carried = self.threads.block_on(self.adapter().say(peer, user, &[segment::text(text)])).1;
        assert!(carried);
    }

    /// Somebody mentions the bot in a group.
    pub fn mentions(&self, group: i64, user: i64, text: &str) {
        let peer = Peer::Group(GroupId(group));
        self.adapter().introduce(peer, user);
        let said = [segment::at(ME), segment::text(&format!(" {text}"))];
        let carried = self.threads.block_on(self.adapter().say(peer, user, &said)).1;
        assert!(carried);
    }

    /// Waits for something with these words to reach a chat.
    pub fn hears(&self, peer: Peer, words: &str) -> Sent {
        eventually(words, || self.adapter().sent().into_iter().find(|s| s.peer == peer && s.text.contains(words)))
    }

    /// What reached this chat.
    pub fn heard(&self, peer: Peer) -> Vec<String> {
        self.adapter().sent().into_iter().filter(|s| s.peer == peer).map(|s| s.text).collect()
    }

    /// How often the adapter was asked to do this.
    pub fn asked(&self, action: &str) -> u64 {
        self.adapter().counts().get(action).copied().unwrap_or(0)
    }

    /// A console of 120×40, in front of it.
    pub fn sits_down(&self) -> Terminal {
        let terminal = self.home.attach();
        terminal.resize(120, 40);
        terminal
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
