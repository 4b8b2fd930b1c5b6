//! kill -9 in the middle of work, again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use qqdeck::simulator::{Conversations, ModelSettings};
use serde_json::Value;

use super::harness::*;

/// What is not settled by `status`: lines by people that were to be answered and what became of them.
async fn outcomes(bot: &Bot) -> (BTreeMap<String, usize>, Vec<Value>) {
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
        let sim = qqdeck::simulator::Simulator { adapters: adapter, models: Vec::new() };
        sim.run_conversations(&plan).await
    });
    for _ in 0..6 {
        let asked = stage.model().stats().requests;
        eventually("load", async || {
            (stage.model().stats().requests >= asked + 8 || talk.is_finished()).then_some(())
        })
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
