//! People are answered, whatever adapters, links and models do.

use std::time::Duration;

use qqdeck::simulator::{Dialect, DropStyle, Fault, FaultMix, ModelSettings, Side};
use serde_json::json;

use super::harness::*;

/// Dialled adapters stand in the configuration.
fn dial(url: &str) -> String {
    format!("[[onebot.dial]]\nname = \"forward\"\nurl = \"{url}\"\nreconnect = [\"100ms\"]\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_answered_over_both_kinds_of_links_by_both_kinds_of_models() {
    let adapters = vec![reverse(), adapter(10_002, Dialect::Lagrange, Side::forward())];
    let models = vec![ModelSettings::instant("A"), ModelSettings::instant("B")];
    let stage = Stage::set(adapters, models, |sim| {
        let url = sim.adapters[1].url().unwrap();
        let own = "[chat.private]\nprovider = \"first\"\n[chat.group]\nprovider = \"second\"\n";
        let first = provider("first", "ollama", &sim.models[0], "");
        let second = provider("second", "openai", &sim.models[1], "");
        format!("{OPEN}{}{own}{first}{second}", dial(&url))
    })
    .await;
    let report = stage.sim.run_conversations(&crowd(8, 3)).await;
    assert!(report.is_clean(), "{report:#?}");
    assert!(stage.sim.models.iter().all(|m| m.stats().outcomes["ok"] == 12), "{:?}", stage.model().stats());

    stage.write(77, "后天要带雨伞吗").await;
    stage.hears(private(77), "雨伞").await;
    let bot = &stage.bot;
    bot.idle().await;
    let settled = |v: &serde_json::Value| lines(v).iter().any(|l| l["outcome"]["code"] == "replied");
    let history = bot.until(&["history", "private:77"], settled).await;
    let [reply, question] = &lines(&history)[..] else { panic!("{history}") };
    assert_eq!((&question["from"]["kind"], &question["text"]), (&json!("person"), &json!("后天要带雨伞吗")));
    assert_eq!((&reply["from"]["kind"], &reply["answers"]), (&json!("bot"), &question["seq"]));
    assert_eq!((&reply["delivery"]["code"], &reply["making"]["provider"]), (&json!("sent"), &json!("first")));

    let found = bot.json(&["search", "雨伞"]).await;
    assert_eq!(lines(&found).len(), 2, "{found}");
    assert!(lines(&bot.json(&["search", "雪橇"]).await).is_empty());
    let why = bot.json(&["why", "private:77"]).await;
    assert_eq!(
        (&why["line"]["verdict"]["reason"], &why["line"]["outcome"]["code"]),
        (&json!("private"), &json!("replied"))
    );
    assert_eq!(why["replies"].as_array().unwrap().len(), 1, "{why}");
    let chats = bot.json(&["chats"]).await;
    assert_eq!(chats["chats"].as_array().unwrap().len(), 9, "{chats}");
    let usage = bot.json(&["usage"]).await;
    let asks: Vec<_> = usage["usage"].as_array().unwrap().iter().map(|u| (&u["key"], &u["asks"])).collect();
    assert_eq!(asks, [(&json!("first"), &json!(13)), (&json!("second"), &json!(12))]);
    let providers = bot.json(&["providers"]).await;
    assert!(providers["providers"].as_array().unwrap().iter().all(|p| p["state"] == "ready"), "{providers}");
    let accounts = bot.json(&["accounts"]).await;
    let apps: Vec<_> = accounts["accounts"].as_array().unwrap().iter().map(|a| (&a["self_id"], &a["app"])).collect();
    assert_eq!(apps, [(&json!(10_001), &json!("napcat")), (&json!(10_002), &json!("lagrange"))]);
    let online = |v: &serde_json::Value| v["accounts"].as_array().unwrap().iter().all(|a| a["online"] == true);
    bot.until(&["accounts"], online).await;
    // The same for people: no error, and the words are there.
    for (arguments, words) in [
        (&["history", "private:77"][..], "后天要带雨伞吗"),
        (&["search", "雨伞"], "后天要带雨伞吗"),
        (&["why", "private:77"], "gate:"),
        (&["chats"], "private:77"),
        (&["usage", "--by", "user"], "77"),
        (&["providers"], "second"),
        (&["accounts"], "10002"),
        (&["status"], "replied 25"),
    ] {
        let said = bot.ctl(arguments).await;
        assert!(said.code == 0 && said.out.contains(words), "{arguments:?}: {said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_that_often_fails_with_another_behind_it_costs_nobody_a_reply() {
    let kinds = vec![Fault::Status(500), Fault::Reset, Fault::Html, Fault::Eof, Fault::ErrorMidway, Fault::Empty];
    let mut failing = ModelSettings::instant("A");
    failing.faults = FaultMix { rate: 0.3, kinds };
    let stage = Stage::set(vec![reverse()], vec![failing, ModelSettings::instant("B")], |sim| {
        let second = provider("second", "openai", &sim.models[1], "tier = 1");
        format!("{OPEN}{}{second}", provider("first", "ollama", &sim.models[0], ""))
    })
    .await;
    let report = stage.sim.run_conversations(&crowd(10, 6)).await;
    assert!(report.is_clean(), "{report:#?}");
    let status = stage.bot.idle().await;
    assert_eq!((&status["counters"]["replied"], &status["counters"]["failed"]), (&json!(60), &json!(0)), "{status}");
    assert!(status["counters"]["provider_errors"].as_u64().unwrap() > 0, "{status}");
    assert!(stage.sim.models[1].stats().requests > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_any_model_people_hear_so_once() {
    let mut down = ModelSettings::instant("A");
    down.faults = FaultMix { rate: 1.0, kinds: vec![Fault::Status(503)] };
    let stage = Stage::set(vec![reverse()], vec![down], |sim| {
        let breaker = "[routing.breaker]\nfailures = 1\nopen = \"60s\"\n";
        format!("{OPEN}{breaker}{}", provider("first", "openai", &sim.models[0], ""))
    })
    .await;
    for n in 1..=3_u64 {
        stage.write(77, &format!("在吗 {n}")).await;
        stage.bot.until(&["status"], |s| s["counters"]["failed"].as_u64().unwrap() == n).await;
    }
    let status = stage.bot.idle().await;
    assert_eq!(stage.heard(private(77)).len(), 1, "{:?}", stage.heard(private(77)));
    let words = &stage.heard(private(77))[0];
    assert!(!words.contains("503") && !words.contains("127.0.0.1"), "the cause is for operators: {words}");
    assert_eq!(status["providers"][0]["state"], "open", "{status}");
    assert!(status["providers"][0]["failure"].as_str().unwrap().contains("503"), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_drop_again_and_again_lose_nothing_double_nothing_cross_nothing() {
    let adapters = vec![reverse(), adapter(10_002, Dialect::Llonebot, Side::forward())];
    let stage = Stage::set(adapters, vec![ModelSettings::instant("A")], |sim| {
        let url = sim.adapters[1].url().unwrap();
        // A dialled adapter that falls silent is missed by our own pings, and by nothing else.
        let open = OPEN.replace("[onebot]", "[onebot]\nheartbeat = \"1s\"");
        format!("{open}{}{}", dial(&url), provider("first", "ollama", &sim.models[0], ""))
    })
    .await;
    let drops = async {
        use DropStyle::{Abort, Close, HalfOpen};
        for style in [Abort, Close, HalfOpen, Close, Abort, Abort, Close] {
            for adapter in &stage.sim.adapters {
                let asked = stage.model().stats().requests;
                // In the middle of the talk: two more questions have reached the model since.
                eventually("more talk", async || (stage.model().stats().requests >= asked + 2).then_some(())).await;
                adapter.drop_links(style).await;
                tokio::time::timeout(DEADLINE, adapter.wait_up()).await.unwrap();
            }
        }
    };
    let think = Duration::from_millis(40);
    let patience = Duration::from_secs(5);
    let plan = qqdeck::simulator::Conversations { think, patience, ..crowd(8, 40) };
    let talk = stage.sim.run_conversations(&plan);
    let (report, ()) = tokio::join!(talk, drops);
    assert_eq!((report.duplicates, report.crossed, report.out_of_order, report.aborted), (0, 0, 0, 0), "{report:#?}");
    let status = stage.bot.idle().await;
    let (all, unknown) = outcomes(&stage.bot).await;
    // A frame that was written when its link went may have arrived or not. It is never sent again, and said so.
    assert!(report.lost <= unknown.len(), "{report:#?} {all:?} {unknown:?} {status}");
    assert_eq!(all.values().sum::<usize>(), 320, "{all:?}");
    assert!(all.keys().all(|code| code == "replied" || code == "unknown"), "{all:?}");
    let shown = status["attention"].as_array().unwrap().iter().filter(|i| i["kind"] == "unknown").count();
    assert_eq!(shown, unknown.len(), "{status}");
    assert_eq!(status["counters"]["failed"], 0, "{status}");
}
