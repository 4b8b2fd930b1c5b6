//! Who is answered, and how that is changed while it runs.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::harness::*;

/// Written by a person, with remarks that must survive.
const LISTED: &str = r#"language = "en" # what people read
[onebot]
listen = ["127.0.0.1:0"]
# who may
[access]
mode   = "whitelist"
users  = [77, 900]   # Anna, and me
groups = [500]       # the first one
admins = [900]
[trigger.merge_window]
private = "0s"
[limits]
per_user = "off"
per_group = "off"
[reply]
jitter = "0s"   # no pause
"#;

/// The lines in which two texts differ: numbers from 1, and what stands there now.
fn changed(before: &str, after: &str) -> Vec<(usize, String)> {
    assert_eq!(before.lines().count(), after.lines().count(), "{after}");
    let both = before.lines().zip(after.lines()).enumerate();
    both.filter(|(_, (old, new))| old != new).map(|(n, (_, new))| (n + 1, new.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_let_in_with_the_message_that_waits_and_put_out_again() {
    let stage = Stage::small(LISTED).await;
    let bot = &stage.bot;
    stage.mention(600, 42, "有人吗").await;
    let why = stage.why("group:600").await;
    let verdict = &why["line"]["verdict"];
    assert_eq!((&verdict["action"], &verdict["reason"]), (&json!("ignore"), &json!("not_allowed")), "{why}");
    assert_eq!((&verdict["stage"], &verdict["key"]), (&json!("access"), &json!("access.groups")), "{why}");
    assert_eq!((&why["decided_at"], &why["line"]["outcome"]["code"]), (&json!("config.toml:8"), &json!("ignored")));
    let said = bot.ctl(&["why", "group:600"]).await;
    assert!(said.out.contains("access.groups (config.toml:8)") && said.out.contains("group_600"), "{said:?}");
    assert_eq!(stage.model().stats().outcomes.get("ok"), None, "no model was asked");

    let before = bot.configured();
    let said = bot.ctl(&["allow", "group_600", "--answer"]).await;
    assert_eq!(said.code, 0, "{said:?}");
    stage.hears(group(600), "有人吗").await;
    let lines = changed(&before, &bot.configured());
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].0 == 8 && lines[0].1.contains("600") && lines[0].1.ends_with("# the first one"), "{lines:?}");
    stage.mention(600, 42, "还在吗").await;
    stage.hears(group(600), "还在吗").await;

    assert_eq!(bot.ctl(&["deny", "group_600"]).await.code, 0);
    assert_eq!(bot.configured(), before);
    stage.mention(600, 43, "到我了").await;
    let put_out = |v: &serde_json::Value| {
        v["line"]["text"].as_str().unwrap().contains("到我了") && v["line"]["verdict"]["reason"] == "not_allowed"
    };
    bot.until(&["why", "group:600"], put_out).await;
    assert_eq!(stage.heard(group(600)).len(), 2);
    let audit = bot.json(&["audit"]).await;
    let commands: Vec<_> = audit["audit"].as_array().unwrap().iter().map(|a| a["command"].clone()).collect();
    assert!(
        commands.iter().any(|c| c.as_str().unwrap().contains("allow") && c.as_str().unwrap().contains("600")),
        "{commands:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_lets_a_group_in_by_typing_and_nobody_else_does() {
    let stage = Stage::small(LISTED).await;
    let before = stage.bot.configured();
    stage.write(77, "/allow group_600").await;
    stage.bot.until(&["why", "private:77"], |v| v["line"]["verdict"]["reason"] == "slash_denied").await;
    stage.bot.idle().await;
    assert_eq!(stage.bot.configured(), before);
    stage.write(900, "/allow group_600").await;
    stage.hears(private(900), "600").await;
    let lines = changed(&before, &stage.bot.configured());
    assert!(lines.len() == 1 && lines[0].1.contains("600"), "{lines:?}");
    stage.mention(600, 42, "有人吗").await;
    stage.hears(group(600), "有人吗").await;
    stage.write(900, "/deny group_600").await;
    eventually("the old file", async || (stage.bot.configured() == before).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_may_not_be_written_is_left_alone_and_said_so() {
    let stage = Stage::small(LISTED).await;
    let before = stage.bot.configured();
    std::fs::set_permissions(stage.bot.config(), std::fs::Permissions::from_mode(0o444)).unwrap();
    let said = stage.bot.ctl(&["allow", "group_600"]).await;
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
    assert!(said.err.contains("config.toml") && said.err.contains("read-only"), "{said:?}");
    assert_eq!(stage.bot.configured(), before);
    stage.mention(600, 42, "有人吗").await;
    assert_eq!(stage.why("group:600").await["line"]["verdict"]["reason"], "not_allowed");
    // What the refusal offers works.
    assert!(said.err.contains("--for"), "{said:?}");
    assert_eq!(stage.bot.ctl(&["allow", "group_600", "--for", "2h", "--answer"]).await.code, 0);
    stage.hears(group(600), "有人吗").await;
    assert_eq!(stage.bot.configured(), before);
}
