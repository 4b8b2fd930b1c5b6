//! A small town that keeps talking: two accounts, a dozen groups, two models, and something going wrong now and then,
//! so that every part of a console has something to show.

mod incident;
mod setup;

pub use setup::DEMO;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Adapter, DropStyle, Line, Piece, Script, Simulator, World, segment};
use crate::config::{Config, parse};
use crate::domain::{GroupId, Peer, UserId};
use incident::{Incident, Schedule};

/// The town and the configuration that fits it.
pub struct Demo {
    text: String,
    config: Config,
    world: World,
    simulator: Simulator,
    seed: u64,
    rate: f64,
    stop: CancellationToken,
}

/// Builds the town on loopback ports: models answer and the dialled adapter listens when this returns; the other one
/// dials after [`Demo::dial`]; nobody speaks before [`Demo::run`]. `rate`: messages a second on average over all chats.
///
/// # Errors
/// A loopback port cannot be listened on.
pub async fn demo(seed: u64, rate: f64, stop: CancellationToken) -> io::Result<Demo> {
    let world = setup::world(seed);
    let simulator = Simulator::start(setup::simulator(seed, &world), &stop).await?;
    let text = setup::text(&world, &simulator);
    let refused = |issues| io::Error::other(format!("the demo's configuration: {issues:?}"));
    let config = parse(&text).map_err(refused)?.config;
    Ok(Demo { text, config, world, simulator, seed, rate, stop })
}

type Act<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl Demo {
    /// What the program must be configured with to live in this town.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The same as the text of a `config.toml`.
    pub fn config_text(&self) -> &str {
        &self.text
    }

    /// Where the application listens: any free port, which only it knows.
    pub fn dial(&self, address: SocketAddr) {
        self.simulator.dial(&format!("ws://{address}/ws"));
    }

    /// Adapters and models, for whoever wants to interfere.
    pub fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    /// Talks until the stop signal. Begins when an account has a link, so that the first words are heard.
    pub async fn run(self) {
        tokio::select! {
            () = self.first_link() => {}
            () = self.stop.cancelled() => {}
        }
        tokio::select! {
            () = self.live() => {}
            () = self.stop.cancelled() => {}
        }
        self.simulator.stopped().await;
    }

    async fn first_link(&self) {
        let mut waits: FuturesUnordered<_> = self.simulator.adapters.iter().map(Adapter::wait_up).collect();
        waits.next().await;
    }

    async fn live(&self) {
        let begun = Instant::now();
        let mut script = Script::new(&self.world, self.seed, self.rate);
        let mut schedule = Schedule::new(self.seed);
        let (mut line, mut incident) = (script.next(), schedule.next());
        let mut acts: FuturesUnordered<Act<'_>> = FuturesUnordered::new();
        loop {
            let next_line = line.as_ref().map_or(Duration::MAX, |line| line.at);
            let next_incident = incident.as_ref().map_or(Duration::MAX, |(at, _)| *at);
            tokio::select! {
                () = sleep_until(begun + next_line.min(next_incident).min(FAR)) => {
                    if next_line <= next_incident {
                        acts.extend(line.take().map(|line| Box::pin(self.speak(line)) as Act<'_>));
                        line = script.next();
                    } else {
                        acts.extend(incident.take().map(|(_, what)| Box::pin(self.happen(what)) as Act<'_>));
                        incident = schedule.next();
                    }
                }
                Some(()) = acts.next(), if !acts.is_empty() => {}
            }
        }
    }

    async fn speak(&self, line: Line) {
        let Some(adapter) = self.simulator.adapters.get(line.account) else { return };
        if let Peer::Private(user) = line.peer {
            adapter.typing(user.0).await;
            sleep(line.typing).await;
        }
        let segments = segments(adapter, line.peer, &line.pieces);
        if adapter.links_up() > 0 {
            adapter.say(line.peer, line.speaker, &segments).await;
        }
    }

    /// Says this to the first account as the member of a group.
    async fn in_group(&self, place: usize, member: usize, pieces: &[Piece]) {
        let (Some(adapter), Some(group)) = (self.simulator.adapters.first(), self.world.rosters[0].groups.get(place))
        else {
            return;
        };
        let Some(member) = group.members.get(member % group.members.len().max(1)) else { return };
        let peer = Peer::Group(GroupId(group.id));
        adapter.say(peer, member.person.id, &segments(adapter, peer, pieces)).await;
    }

    async fn happen(&self, what: Incident) {
        let words = |text: &str| Piece::Text(text.to_owned());
        let (Some(first), Some(second)) = (self.simulator.adapters.first(), self.simulator.adapters.last()) else {
            return;
        };
        let (Some(local), Some(remote)) = (self.simulator.models.first(), self.simulator.models.last()) else { return };
        match what {
            Incident::FriendRequest => {
                first.request(55_000_000 + self.stamp(), None, "我是群里的小明，想咨询一下").await;
            }
            Incident::GroupRequest => {
                let group = self.world.rosters[0].groups.first().map(|group| group.id);
                first.request(55_100_000 + self.stamp(), group, "老乡，求进群").await;
            }
            Incident::Handover => {
                let friend = &self.world.rosters[0].friends[1];
                let peer = Peer::Private(UserId(friend.id));
                first.say(peer, friend.id, &[segment::text("机器人听不懂，转人工")]).await;
            }
            Incident::AtAll => {
                self.in_group(0, 0, &[Piece::AtAll, words(" 今晚八点开会，收到的回复 1，不要@我的小助手了")]).await;
            }
            Incident::LongAnswer => {
                self.in_group(3, 2, &[Piece::AtBot, words(" 写一篇 2000 字的年终总结，我是做运维的")]).await;
            }
            Incident::ForbiddenWord => {
                self.in_group(1, 3, &[Piece::AtBot, words(" 这个刷单兼职靠谱吗")]).await;
            }
            Incident::Stranger => {
                self.in_group(setup::STRANGE_GROUP, 2, &[Piece::AtBot, words(" 有人在吗？这个群能用机器人吗")]).await;
            }
            Incident::SlowModel => {
                local.change(|m| (m.first_token, m.tokens_per_second) = (Duration::from_secs(5), 6.0));
                sleep(Duration::from_secs(30)).await;
                local.change(|m| (m.first_token, m.tokens_per_second) = setup::LOCAL_PACE);
            }
            Incident::ProviderDown => {
                local.change(|m| m.down = true);
                sleep(Duration::from_secs(40)).await;
                local.change(|m| m.down = false);
            }
            Incident::NoBalance => {
                remote.change(|m| m.faults = setup::no_balance());
                sleep(Duration::from_secs(60)).await;
                remote.change(|m| m.faults = super::FaultMix::default());
            }
            Incident::Offline => {
                second.set_online(false, "您的账号已在另一台终端登录。").await;
                sleep(Duration::from_secs(60)).await;
                second.set_online(true, "Reconnect").await;
            }
            Incident::LinkDrop => second.drop_links(DropStyle::Abort).await,
            Incident::Unconfirmed => {
                first.faults(|f| f.late_delivered = 1.0);
                self.in_group(2, 2, &[Piece::AtBot, words(" nginx 502 一般从哪查起？")]).await;
                sleep(Duration::from_secs(8)).await;
                first.faults(|f| f.late_delivered = 0.0);
            }
            Incident::Muted => {
                let Some(group) = self.world.rosters[0].groups.get(6) else { return };
                let owner = group.members.first().map_or(0, |member| member.person.id);
                first.mute(group.id, owner, Some(Duration::from_secs(90))).await;
                sleep(Duration::from_secs(90)).await;
                first.mute(group.id, owner, None).await;
            }
            Incident::Recalled => self.recall(first).await,
        }
    }

    /// A member takes back what they said last.
    async fn recall(&self, adapter: &Adapter) {
        let Some(group) = self.world.rosters[0].groups.get(1) else { return };
        let Some(member) = group.members.last() else { return };
        let peer = Peer::Group(GroupId(group.id));
        let (id, _) = adapter.say(peer, member.person.id, &[segment::text("发错群了……")]).await;
        sleep(Duration::from_secs(3)).await;
        adapter
            .notice(json!({"notice_type": "group_recall", "group_id": group.id, "user_id": member.person.id,
                "operator_id": member.person.id, "message_id": id}))
            .await;
    }

    /// A number for people who are new each time.
    fn stamp(&self) -> i64 {
        let asked =
            self.simulator.adapters.iter().map(|a| a.counts().get("requests").copied().unwrap_or(0)).sum::<u64>();
        i64::try_from(asked).unwrap_or(0)
    }
}

/// tokio's timer goes about two years ahead.
const FAR: Duration = Duration::from_secs(86_400 * 365);

fn segments(adapter: &Adapter, peer: Peer, pieces: &[Piece]) -> Vec<Value> {
    let quote = |mine| adapter.newest(peer, mine).map(segment::reply);
    let made = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(words) => Some(segment::text(words)),
        Piece::AtBot => Some(segment::at(adapter.self_id())),
        Piece::AtAll => Some(segment::at("all")),
        Piece::QuoteBot => quote(true),
        Piece::QuoteLast => quote(false),
        Piece::Picture(name) => Some(segment::image(adapter.dialect().image_kind(), *name)),
        Piece::Face(id) => Some(segment::face(*id, "[微笑]")),
    });
    made.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ProviderKind;

    #[tokio::test]
    async fn the_configuration_fits_the_town() {
        let stop = CancellationToken::new();
        let demo = demo(7, 1.0, stop.clone()).await.unwrap();
        let config = demo.config();
        let roster = &demo.world.rosters[0];
        let refused: Vec<_> = roster.groups.iter().filter(|g| !config.access.groups.has(g.id)).collect();
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].id, roster.groups[setup::STRANGE_GROUP].id);
        assert!(config.access.admins.contains(&roster.friends[0].id));
        let kinds: Vec<_> = config.providers.iter().map(|provider| provider.kind).collect();
        assert!(kinds.contains(&ProviderKind::Ollama) && kinds.contains(&ProviderKind::Openai));
        let personas: Vec<_> = config.personas.iter().map(|persona| &persona.name).collect();
        assert!(config.chats.groups.values().all(|chat| chat.persona.is_empty() || personas.contains(&&chat.persona)));
        assert_eq!(config.onebot.dial[0].url, demo.simulator.adapters[0].url().unwrap());
        stop.cancel();
        demo.run().await;
    }

    #[tokio::test]
    async fn it_speaks_when_somebody_listens() {
        let stop = CancellationToken::new();
        let demo = demo(7, 50.0, stop.clone()).await.unwrap();
        let url = demo.config().onebot.dial[0].url.clone();
        let running = tokio::spawn(demo.run());
        let (mut client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut messages = 0;
        while messages < 5 {
            let frame = client.next().await.unwrap().unwrap().into_text().unwrap();
            messages += usize::from(frame.contains(r#""post_type":"message""#));
        }
        stop.cancel();
        running.await.unwrap();
    }
}
