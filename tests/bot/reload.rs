//! The configuration changes under a running bot.

use qqdeck::simulator::ModelSettings;
use rustix::process::Signal;
use serde_json::json;

use super::harness::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_file_is_taken_and_a_broken_one_leaves_the_old_in_force() {
    let stage = Stage::small(OPEN).await;
    let bot = &stage.bot;
    let good = bot.configured();
    let named = |name: &str| format!("[instance]\nname = \"{name}\"\n{}", good.replace("language = \"en\"", ""));
    // `language` is a key of the top, so the table comes behind it.
    let named = |name: &str| format!("language = \"en\"\n{}", named(name));
    bot.configure(&named("second"));
    bot.until(&["status"], |s| s["instance"] == "second").await;

    let broken = named("third").replace("[access]", "[acess]").replace("mode = \"open\"", "mode = \"opne\"");
    bot.configure(&broken);
    let said = bot.ctl(&["reload"]).await;
    assert_eq!((said.code, said.out.as_str()), (1, ""), "{said:?}");
    let line = 1 + broken.lines().position(|l| l == "[acess]").unwrap();
    assert!(said.err.contains(&format!("config.toml:{line}:")) && said.err.contains("access"), "{said:?}");
    bot.logs("the old one holds").await;
    assert_eq!(bot.status().await["instance"], "second");
    stage.write(77, "还在吗").await;
    stage.hears(private(77), "还在吗").await;

    // What only the console knows is wrong is told here as it is at the start.
    bot.configure(&format!("{}\n[console]\ntheme = \"drak\"\n", named("themed")));
    let said = bot.ctl(&["reload"]).await;
    assert!(said.code == 1 && said.err.contains("console.theme") && said.err.contains("dark"), "{said:?}");
    assert_eq!(bot.status().await["instance"], "second");

    bot.configure(&format!("{}\n[console]\ncolor = \"16\"\nmouse = \"off\"\n", named("fourth")));
    assert_eq!(bot.ctl(&["reload"]).await.code, 0);
    assert_eq!(bot.status().await["instance"], "fourth");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_saved_word_list_is_taken_too() {
    let bot = Bot::prepare("");
    let list = bot.dir().join("lists/words.txt");
    std::fs::create_dir(list.parent().unwrap()).unwrap();
    std::fs::write(&list, "# nothing yet\n").unwrap();
    let config = format!("{OPEN}[moderation]\nwords_file = \"lists/words.txt\"\n");
    let stage = Stage::set_for(bot, vec![reverse()], vec![ModelSettings::instant("A")], |sim| {
        format!("{config}{}", provider("first", "ollama", &sim.models[0], ""))
    })
    .await;
    stage.write(77, "坏词").await;
    stage.hears(private(77), "坏词").await;
    std::fs::write(&list, "坏词\n").unwrap();
    stage.bot.logs("configuration reloaded").await;
    stage.write(78, "坏词").await;
    let why = stage.why("private:78").await;
    assert_eq!(why["line"]["verdict"]["stage"], "moderation", "{why}");
    // One that is taken away is missed, and the old one holds.
    std::fs::remove_file(&list).unwrap();
    stage.bot.logs("moderation.words_file").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hangup_reads_the_file_again_and_links_stay_up() {
    let stage = Stage::small(OPEN).await;
    let bot = &stage.bot;
    // Written in place, and to what it is a link to: watchers of the directory see neither rename nor write there.
    let elsewhere = tempfile::tempdir().unwrap();
    let real = elsewhere.path().join("real.toml");
    let text = bot.configured();
    std::fs::write(&real, &text).unwrap();
    std::fs::remove_file(bot.config()).unwrap();
    std::os::unix::fs::symlink(&real, bot.config()).unwrap();
    assert_eq!(bot.ctl(&["reload"]).await.code, 0);
    std::fs::write(&real, format!("{text}\n[instance]\nname = \"hung up\"\n")).unwrap();
    bot.signal(Signal::HUP);
    bot.until(&["status"], |s| s["instance"] == "hung up").await;
    std::fs::write(&real, "[onebot\n").unwrap();
    bot.signal(Signal::HUP);
    bot.logs("config.toml:1:").await;
    assert_eq!(bot.status().await["instance"], "hung up");
    assert_eq!(stage.adapter().lost_links(), 0);
    let said = bot.ctl(&["allow", "person_5"]).await;
    assert_eq!(said.code, 1, "what cannot be read cannot be edited: {said:?}");
    assert_eq!(json!(std::fs::read_to_string(&real).unwrap()), json!("[onebot\n"));
}
