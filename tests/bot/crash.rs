//! kill -9 in the middle of work, again and again.

use std::time::Duration;

use qqdeck::simulator::{Conversations, ModelSettings, Simulator};

use super::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_again_and_again_it_answers_nobody_twice_and_forgets_nobody() {
    let mut model = ModelSettings::instant("A");
    model.first_token = Duration::from_millis(30);
    let mut stage = Stage::set(vec![reverse()], vec![model], |sim| {
        format!("{OPEN}{}", provider("first", "ollama", &sim.models[0], ""))
    })
    .await;
    // A reply that was cut off by a kill is never sent again, so its speaker gives up and goes on.
    let plan = Conversations { patience: Duration::from_secs(4), members_per_group: 2, ..crowd(12, 12) };
    let adapter = stage.sim.adapters.clone();
    let talk = tokio::spawn(async move {
        let sim = Simulator { adapters: adapter, models: Vec::new() };
        sim.run_conversations(&plan).await
    });
    for _ in 0..6 {
        let asked = stage.model().stats().requests;
        eventually("load", async || (stage.model().stats().requests >= asked + 8 || talk.is_finished()).then_some(()))
            .await;
        stage.bot.kill9().await;
        stage.again().await;
    }
    let report = talk.await.unwrap();
    assert_eq!((report.duplicates, report.extra_parts, report.crossed, report.aborted), (0, 0, 0, 0), "{report:#?}");
    let status = stage.bot.idle().await;
    let settled = async || {
        let (outcomes, _) = outcomes(&stage.bot).await;
        (!outcomes.contains_key("none")).then_some(outcomes)
    };
    let all = eventually("an outcome for all", settled).await;
    let (_, unknown) = outcomes(&stage.bot).await;
    let allowed = ["replied", "unknown"];
    assert!(all.keys().all(|code| allowed.contains(&code.as_str())), "{all:?}");
    let attention = stage.bot.json(&["attention"]).await;
    let shown: Vec<_> = attention["attention"].as_array().unwrap().iter().filter(|i| i["kind"] == "unknown").collect();
    assert_eq!(shown.len(), unknown.len(), "{attention} {unknown:?}");
    // What people did not get is known to be in doubt, and nothing else is.
    assert!(report.lost <= unknown.len(), "{report:#?} {all:?} {unknown:?} {status}");
}
