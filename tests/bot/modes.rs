//! Humans have a say: drafts, silence, a human instead of the bot, requests.

use serde_json::{Value, json};

use super::harness::*;

async fn draft(stage: &Stage, text: &str) -> String {
    stage.write(77, text).await;
    let fits = |v: &Value| v["drafts"].as_array().unwrap().iter().any(|d| d["words"].as_str().unwrap().contains(text));
    let drafts = stage.bot.until(&["drafts"], fits).await;
    let found = drafts["drafts"].as_array().unwrap().iter().find(|d| d["words"].as_str().unwrap().contains(text));
    found.unwrap()["id"].to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drafts_wait_until_they_are_approved_changed_or_rejected() {
    let stage = Stage::small(&format!("{OPEN}[chat.private]\nmode = \"draft\"\n")).await;
    let bot = &stage.bot;
    let first = draft(&stage, "第一个").await;
    assert!(stage.heard(private(77)).is_empty(), "nothing is sent by itself");
    let shown = bot.ctl(&["drafts"]).await;
    assert!(shown.code == 0 && shown.out.contains("第一个"), "{shown:?}");
    assert_eq!(bot.ctl(&["approve", &first]).await.code, 0);
    stage.hears(private(77), "第一个").await;
    let again = bot.ctl(&["approve", &first]).await;
    assert_eq!(again.code, 1, "once is enough: {again:?}");

    let second = draft(&stage, "第二个").await;
    assert_eq!(bot.ctl(&["approve", &second, "--text", "由我来说"]).await.code, 0);
    stage.hears(private(77), "由我来说").await;
    let third = draft(&stage, "第三个").await;
    assert_eq!(bot.ctl(&["reject", &third]).await.code, 0);
    bot.until(&["why", "private:77"], |v| v["line"]["outcome"]["code"] == "suppressed").await;
    bot.idle().await;
    assert_eq!(stage.heard(private(77)).len(), 2, "{:?}", stage.heard(private(77)));
    let left = bot.json(&["drafts"]).await;
    assert_eq!(left["drafts"], json!([]));
}

/// Whether an answer with these words is offered to the operator of a chat.
fn suggested(v: &Value, words: &str) -> bool {
    let items = v["attention"].as_array().unwrap();
    items.iter().any(|i| i["kind"] == "suggestion" && i["words"].as_str().unwrap().contains(words))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_human_talks_instead_of_the_bot_and_gives_the_chat_back() {
    let stage = Stage::small(OPEN).await;
    let bot = &stage.bot;
    stage.write(77, "你好").await;
    stage.hears(private(77), "你好").await;
    assert_eq!(bot.ctl(&["mode", "private:77", "manual"]).await.code, 0);
    stage.write(77, "我要投诉").await;
    // The model's words are offered to the human and sent to nobody.
    bot.until(&["attention"], |v| suggested(v, "我要投诉")).await;
    assert_eq!(bot.ctl(&["send", "private:77", "我是", "真人"]).await.code, 0);
    stage.hears(private(77), "我是 真人").await;
    let said = |v: &Value| lines(v).iter().any(|l| l["from"]["kind"] == "operator" && l["delivery"]["code"] == "sent");
    bot.until(&["history", "private:77"], said).await;
    assert_eq!(bot.json(&["get", "private:77", "mode"]).await["value"], "manual");

    assert_eq!(bot.ctl(&["mode", "private:77", "muted"]).await.code, 0);
    stage.write(77, "喂").await;
    bot.until(&["why", "private:77"], |v| v["line"]["verdict"]["reason"] == "chat_muted").await;
    assert_eq!(bot.ctl(&["mode", "private:77", "auto"]).await.code, 0);
    assert_eq!(bot.ctl(&["ask", "private:77", "说句", "再见"]).await.code, 0);
    stage.hears(private(77), "说句 再见").await;
    bot.idle().await;
    assert_eq!(stage.heard(private(77)).len(), 3, "{:?}", stage.heard(private(77)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_for_a_human_gets_a_human() {
    let stage = Stage::small(OPEN).await;
    stage.write(77, "转人工").await;
    let waits = |v: &Value| v["attention"].as_array().unwrap().iter().any(|i| i["kind"] == "handover");
    let attention = stage.bot.until(&["attention"], waits).await;
    assert_eq!(attention["attention"][0]["chat"].as_str().unwrap().split('@').next(), Some("private:77"));
    eventually("a word of comfort", async || (stage.heard(private(77)).len() == 1).then_some(())).await;
    stage.write(77, "有人吗").await;
    stage.bot.until(&["attention"], |v| suggested(v, "有人吗")).await;
    stage.bot.idle().await;
    assert_eq!(stage.heard(private(77)).len(), 1, "{:?}", stage.heard(private(77)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_to_be_let_in_waits_for_an_operator() {
    let stage = Stage::small(OPEN).await;
    stage.adapter().request(55, None, "我是小明").await;
    stage.adapter().request(56, Some(700), "让我进").await;
    let two = |v: &Value| v["requests"].as_array().unwrap().len() == 2;
    let requests = stage.bot.until(&["requests"], two).await;
    let words = |n: usize| requests["requests"][n]["words"].as_str().unwrap().to_owned();
    assert!(words(0).contains("小明") && words(1).contains("700"), "{requests}");
    let id = |n: usize| requests["requests"][n]["id"].to_string();
    assert_eq!(stage.bot.ctl(&["accept", &id(0)]).await.code, 0);
    let left = |n| async move |stage: &Stage| (stage.adapter().open_requests() == n).then_some(());
    eventually("the friend", async || left(1)(&stage).await).await;
    assert_eq!(stage.bot.ctl(&["refuse", &id(1), "--reason", "满了"]).await.code, 0);
    eventually("the other", async || left(0)(&stage).await).await;
    stage.bot.until(&["requests"], |v| v["requests"] == json!([])).await;
    let counts = stage.adapter().counts();
    assert_eq!((counts.get("set_friend_add_request"), counts.get("set_group_add_request")), (Some(&1), Some(&1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_answer_is_looked_into_and_corrected() {
    let mut stage = Stage::small(OPEN).await;
    let bot = &stage.bot;
    stage.write(77, "明天冷吗").await;
    stage.hears(private(77), "明天冷吗").await;
    let answered = |v: &Value| v["replies"][0]["delivery"]["code"] == "sent";
    let why = bot.until(&["why", "private:77"], answered).await;
    let (question, wrong) = (why["line"]["seq"].to_string(), why["replies"][0]["seq"].to_string());

    // What the model was shown, by the reply's number and by its question's.
    for number in [&wrong, &question] {
        let prompt = bot.json(&["prompt", "private:77", number]).await;
        let turns = prompt["turns"].as_array().unwrap();
        assert!(turns.last().unwrap()["text"].as_str().unwrap().contains("明天冷吗"), "{prompt}");
        assert!(prompt["model"].as_str().is_some_and(|m| !m.is_empty()), "{prompt}");
    }

    let corrected = bot.ctl(&["correct", "private:77", &wrong, "很冷，多穿点"]).await;
    assert_eq!(corrected.code, 0, "{corrected:?}");
    stage.hears(private(77), "很冷，多穿点").await;
    let history = bot.json(&["history", "private:77"]).await;
    let old = lines(&history).iter().find(|l| l["seq"] == why["replies"][0]["seq"]).unwrap();
    assert_eq!(old["recalled"], true);

    // The wrong words are never shown to a model again.
    stage.write(77, "那后天呢").await;
    stage.hears(private(77), "那后天呢").await;
    let why = bot.until(&["why", "private:77"], answered).await;
    let prompt = bot.json(&["prompt", "private:77", &why["replies"][0]["seq"].to_string()]).await;
    let shown: Vec<&str> = prompt["turns"].as_array().unwrap().iter().map(|t| t["text"].as_str().unwrap()).collect();
    assert!(shown.contains(&"很冷，多穿点"), "{shown:?}");
    assert_eq!(prompt["turns"].as_array().unwrap().iter().filter(|t| t["role"] == "assistant").count(), 1, "{shown:?}");

    stage.bot.kill9().await;
    stage.bot.restart().await;
    let gone = stage.bot.ctl(&["prompt", "private:77", &wrong]).await;
    assert!(gone.code == 1 && gone.all().contains("256"), "{gone:?}");
}
