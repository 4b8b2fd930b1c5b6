//! A process that may open nothing more.

use qqdeck::simulator::DropStyle;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use super::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn out_of_descriptors_who_is_there_is_answered_and_who_comes_later_waits() {
    let stage = Stage::small(OPEN).await;
    stage.write(31, "你好").await;
    stage.hears(private(31), "你好").await;
    stage.bot.idle().await;

    let pid = Pid::from_raw(i32::try_from(stage.bot.pid()).unwrap()).unwrap();
    let open = std::fs::read_dir(format!("/proc/{}/fd", stage.bot.pid())).unwrap().count() as u64;
    let usual = getrlimit(Resource::Nofile);
    let few = Rlimit { current: Some(open), maximum: usual.maximum };
    prlimit(Some(pid), Resource::Nofile, few).unwrap();

    // The kernel takes these; the bot cannot.
    let address = stage.bot.url().replace("ws://", "").replace("/ws", "");
    let mut callers = Vec::new();
    for _ in 0..8 {
        callers.push(tokio::net::TcpStream::connect(&address).await.unwrap());
    }
    stage.bot.logs("cannot accept a connection").await;
    stage.write(31, "还在吗").await;
    stage.hears(private(31), "还在吗").await;

    prlimit(Some(pid), Resource::Nofile, usual).unwrap();
    drop(callers);
    // The door opens again, for commands as for adapters.
    stage.bot.idle().await;
    let adapter = stage.adapter();
    let before = adapter.lost_links();
    adapter.drop_links(DropStyle::Abort).await;
    let back = async || (adapter.lost_links() > before && adapter.links_up() > 0).then_some(());
    eventually("the adapter is back", back).await;
    stage.write(31, "又见面了").await;
    stage.hears(private(31), "又见面了").await;
}
