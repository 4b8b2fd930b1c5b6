//! Told to stop in the middle of work.

use std::time::Duration;

use qqdeck::simulator::ModelSettings;
use rustix::process::Signal;
use serde_json::Value;

use super::harness::*;

/// A bot with a model that takes its time, and questions on their way to it.
async fn busy(grace: &str) -> Stage {
    let mut model = ModelSettings::instant("A");
    model.first_token = Duration::from_millis(400);
    let stage = Stage::set(vec![reverse()], vec![model], |sim| {
        let open = OPEN.replace("\"5s\"", &format!("\"{grace}\""));
        format!("{open}{}", provider("first", "ollama", &sim.models[0], "").replace("= 16", "= 2"))
    })
    .await;
    for user in 1..=8 {
        stage.write(user, &format!("问题 {user}")).await;
    }
    stage.bot.until(&["status"], |s| s["counters"]["received"] == 8 && s["inflight"] == 2).await;
    // The model has heard them too: what it is told to do from now on concerns later questions alone.
    eventually("two questions at the model", async || (stage.model().stats().histories.len() >= 2).then_some(())).await;
    stage
}

/// Everybody has one reply, over both processes.
async fn all_answered_once(stage: &Stage) {
    for user in 1..=8 {
        stage.hears(private(user), &format!("问题 {user}")).await;
    }
    stage.bot.idle().await;
    for user in 1..=8 {
        assert_eq!(stage.heard(private(user)).len(), 1, "{user}");
        let replied = |v: &Value| v["line"]["outcome"]["code"] == "replied";
        stage.bot.until(&["why", &format!("private:{user}")], replied).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_finishes_what_is_begun_and_the_next_process_does_the_rest() {
    let mut stage = busy("5s").await;
    assert_eq!(stage.bot.terminate().await, Some(0));
    let done = stage.adapter().sent().len();
    // How many more had begun meanwhile is the machine's affair; the next test holds the rest back for certain.
    assert!(done >= 2, "what was begun is finished: {done}");
    stage.again().await;
    all_answered_once(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_sigterm_ends_at_once_and_nothing_is_lost() {
    let mut stage = busy("60s").await;
    stage.model().change(|model| model.first_token = Duration::from_secs(60));
    // Those that are answered now take a minute, and the grace is as long.
    stage.bot.until(&["status"], |s| s["counters"]["replied"].as_u64().unwrap() >= 2 && s["inflight"] == 2).await;
    stage.bot.signal(Signal::TERM);
    stage.bot.until(&["status"], |s| s["stopping"] == true).await;
    stage.bot.signal(Signal::TERM);
    assert_eq!(stage.bot.end().await.code(), Some(0));
    stage.model().change(|model| model.first_token = Duration::ZERO);
    stage.again().await;
    all_answered_once(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_grace_ends_it_ends_and_asks_again_later() {
    let mut stage = busy("1s").await;
    stage.model().change(|model| model.first_token = Duration::from_secs(60));
    stage.bot.until(&["status"], |s| s["counters"]["replied"].as_u64().unwrap() >= 2 && s["inflight"] == 2).await;
    assert_eq!(stage.bot.terminate().await, Some(0));
    stage.model().change(|model| model.first_token = Duration::ZERO);
    stage.again().await;
    all_answered_once(&stage).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctl_shutdown_is_as_orderly() {
    let mut stage = busy("5s").await;
    let said = stage.bot.ctl(&["shutdown"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(stage.bot.end().await.code(), Some(0));
    assert!(!stage.bot.data().join("qqdeck.sock").exists());
    stage.again().await;
    all_answered_once(&stage).await;
}
