//! What is wrong is seen by operators, told once, and over when it is over.

use qqdeck::simulator::{DropStyle, Fault, FaultMix, ModelSettings};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::endpoint::destination;
use super::harness::*;

/// Told at once; nobody listens where it goes.
fn told() -> String {
    let rules = ["ws_disconnected", "account_offline", "config_refused", "error_burst", "provider_aside"];
    destination("webhook", &[("name", "hook"), ("url", "http://127.0.0.1:9/")]) + &at_once(&rules)
}

fn always(status: u16) -> FaultMix {
    FaultMix { rate: 1.0, kinds: vec![Fault::Status(status)] }
}

fn of<'a>(value: &'a Value, rule: &str) -> Vec<&'a Value> {
    value["alerts"].as_array().unwrap().iter().filter(|a| a["rule"] == rule).collect()
}

fn is(value: &Value, rule: &str, state: &str) -> bool {
    matches!(of(value, rule)[..], [one] if one["state"] == state)
}

async fn bad_day(models: Vec<ModelSettings>) -> Stage {
    Stage::set(vec![reverse()], models, |sim| {
        let providers: String = sim
            .models
            .iter()
            .enumerate()
            .map(|(n, m)| provider(["first", "second"][n], "openai", m, &format!("tier = {n}")))
            .collect();
        format!("{OPEN}{}{providers}", told())
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_adapter_and_an_account_that_is_kicked_are_told_once_each() {
    let mut stage = bad_day(vec![ModelSettings::instant("A")]).await;
    stage.adapter().set_online(false, "账号在别处登录").await;
    let kicked = stage.bot.until(&["alerts"], |v| is(v, "account_offline", "firing")).await;
    let alert = of(&kicked, "account_offline")[0];
    assert_eq!((&alert["labels"]["account"], &alert["severity"]), (&json!("10001"), &json!("critical")));
    assert_eq!((&alert["told"][0]["to"], &alert["told"][0]["what"]), (&json!("hook"), &json!("firing")));
    let status = stage.bot.status().await;
    assert_eq!(of(&status, "account_offline")[0]["state"], "firing");
    stage.adapter().set_online(true, "").await;
    stage.bot.until(&["alerts"], |v| is(v, "account_offline", "resolved")).await;

    // Down, and still down for the next process: the same alert, and nobody is told again.
    stage.adapter().dial("ws://127.0.0.1:9/ws");
    stage.adapter().drop_links(DropStyle::Close).await;
    let down = stage.bot.until(&["alerts"], |v| is(v, "ws_disconnected", "firing")).await;
    let (id, told) = (of(&down, "ws_disconnected")[0]["id"].clone(), of(&down, "ws_disconnected")[0]["told"].clone());
    assert_eq!(stage.bot.ctl(&["ack", &id.to_string()]).await.code, 0);
    let kept = |v: &Value| of(v, "ws_disconnected").iter().any(|a| a["acked_by"].is_string());
    stage.bot.until(&["alerts", "--history", "1"], kept).await;
    stage.bot.kill9().await;
    stage.bot.restart().await;
    let down = stage.bot.until(&["alerts"], |v| is(v, "ws_disconnected", "firing")).await;
    let alert = of(&down, "ws_disconnected")[0];
    assert_eq!((&alert["id"], &alert["told"][0]["at"]), (&id, &told[0]["at"]));
    assert!(alert["acked_by"].is_string(), "{alert}");
    stage.connect().await;
    stage.bot.until(&["alerts"], |v| is(v, "ws_disconnected", "resolved")).await;
    let history = stage.bot.json(&["alerts", "--history", "10"]).await;
    let rules: Vec<_> = history["alerts"].as_array().unwrap().iter().map(|a| &a["rule"]).collect();
    assert_eq!(rules, ["ws_disconnected", "account_offline"], "{history}");
    let text = stage.bot.ctl(&["alerts"]).await;
    assert!(text.out.contains("resolved") && text.out.contains("hook"), "{text:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_key_and_a_burst_of_errors_are_told_once_each() {
    let stage = bad_day(vec![ModelSettings::instant("A"), ModelSettings::instant("B")]).await;
    let bot = &stage.bot;
    stage.sim.models[0].change(|m| m.faults = always(401));
    stage.write(1, "在吗").await;
    stage.hears(private(1), "在吗").await;
    let aside = bot.until(&["alerts"], |v| is(v, "provider_aside", "firing")).await;
    assert_eq!(of(&aside, "provider_aside")[0]["labels"]["provider"], "first");
    assert_eq!(bot.ctl(&["silence", "provider_aside", "1h", "换密钥"]).await.code, 0);
    let silenced = bot.json(&["alerts"]).await;
    assert!(of(&silenced, "provider_aside")[0]["silenced"]["until"].is_string(), "{silenced}");
    assert_eq!(silenced["silences"][0]["reason"], "换密钥");
    assert_eq!(bot.ctl(&["unsilence", "provider_aside"]).await.code, 0);

    stage.sim.models[1].change(|m| m.faults = always(400));
    for user in 10..15 {
        stage.write(user, "在吗").await;
    }
    let failed = |n: u64| move |v: &Value| v["counters"]["failed"] == n;
    bot.until(&["status"], failed(5)).await;
    assert!(of(&bot.json(&["alerts"]).await, "error_burst").is_empty(), "five are silent");
    stage.write(15, "在吗").await;
    let burst = bot.until(&["alerts"], |v| is(v, "error_burst", "firing")).await;
    assert_eq!(of(&burst, "error_burst")[0]["value"], 6.0);
    assert_eq!(of(&burst, "error_burst")[0]["told"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_configuration_is_an_alert_with_its_place_until_one_is_taken() {
    let stage = bad_day(vec![ModelSettings::instant("A")]).await;
    let bot = &stage.bot;
    let good = bot.configured();
    bot.configure(&good.replace("[access]", "[acess]"));
    bot.signal(Signal::HUP);
    let refused = bot.until(&["alerts"], |v| is(v, "config_refused", "firing")).await;
    let alert = of(&refused, "config_refused")[0];
    assert!(alert["detail"].as_str().unwrap().contains("config.toml:"), "{alert}");
    bot.configure(&good);
    bot.until(&["alerts"], |v| is(v, "config_refused", "resolved")).await;
    let test = bot.ctl(&["notify", "test"]).await;
    assert!(test.out.contains("hook"), "{test:?}");
    let near = bot.ctl(&["silence", "vram_hihg", "1h"]).await;
    assert!(near.code == 1 && near.err.contains("vram_high"), "{near:?}");
}
