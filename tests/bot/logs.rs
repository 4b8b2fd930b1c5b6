//! The log of the real program: files, levels, what moves them, and who reads them.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

use super::harness::*;

fn with_level(level: &str) -> String {
    format!("{OPEN}[logs]\nlevel = \"{level}\"\n")
}

/// Something that is logged at `debug` and nowhere else: a connection that is no WebSocket.
async fn knock(bot: &Bot) {
    let url = bot.url();
    let address = url.trim_start_matches("ws://").trim_end_matches("/ws");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"\x16\x03\x01 no request\r\n\r\n").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_level_changes_with_the_file_and_without_a_restart() {
    let bot = Bot::start(&with_level("info")).await;
    assert!(!bot.logged().contains("DEBUG"));
    bot.configure(&with_level("info,qqdeck::adapter=debug"));
    eventually("the change is told", async || bot.logged().contains("the log's level changed").then_some(())).await;
    knock(&bot).await;
    eventually("a line at debug", async || bot.logged().contains("DEBUG qqdeck::adapter").then_some(())).await;
    assert!(!bot.logged().contains("DEBUG hyper"));
    // The same on stderr, which somebody reads where no terminal was left.
    bot.logs("DEBUG qqdeck::adapter").await;

    bot.configure(&with_level("inof"));
    let said = bot.ctl(&["reload"]).await;
    assert!(said.code == 1 && said.err.contains("did you mean \"info\"?"), "{said:?}");
    let said = bot.run(&["check"]).await;
    assert!(said.code == 78 && said.err.contains("logs.level"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signal_opens_the_file_again() {
    let bot = Bot::start(OPEN).await;
    let folder = bot.data().join("logs");
    eventually("the first lines", async || bot.logged().contains("listening").then_some(())).await;
    std::fs::rename(folder.join("qqdeck.log"), folder.join("qqdeck.log.1")).unwrap();
    bot.signal(Signal::USR1);
    // Without a line that would have to go there.
    eventually("a new file", async || folder.join("qqdeck.log").exists().then_some(())).await;
    assert_eq!(bot.ctl(&["reload"]).await.code, 0);
    eventually("a line in it", async || bot.logged().contains("configuration reloaded").then_some(())).await;
    let old = std::fs::read_to_string(folder.join("qqdeck.log.1")).unwrap();
    assert!(old.contains("listening") && !old.contains("reloaded"));

    // Moved and nobody says so: the next line finds out.
    std::fs::remove_file(folder.join("qqdeck.log")).unwrap();
    assert_eq!(bot.ctl(&["reload"]).await.code, 0);
    eventually("a line in it", async || bot.logged().contains("configuration reloaded").then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_have_their_modes_under_any_umask_and_whatever_is_said_at_the_start_is_in_them() {
    for umask in ["077", "000"] {
        let bot = Bot::prepare(OPEN);
        let mut command = Command::new("/bin/sh");
        let (config, data) = (bot.config(), bot.data());
        command.arg("-c").arg(format!("umask {umask}; exec \"$0\" \"$@\"")).arg(env!("CARGO_BIN_EXE_qqdeck"));
        command.arg("--config").arg(config).arg("--data").arg(data).args(["--lang", "zh", "run", "--headless"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        eventually("it logs", async || bot.logged().contains("listening").then_some(())).await;
        let mode = |path: &str| std::fs::metadata(bot.data().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("logs"), mode("logs/qqdeck.log")), (0o750, 0o640), "umask {umask}");
        assert!(bot.logged().contains("WARN  qqdeck config.toml") || bot.logged().contains("没有配置模型"));
        child.kill().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_lines_are_asked_for_and_followed() {
    let bot = Bot::start(OPEN).await;
    let said = bot.ctl(&["logs"]).await;
    assert!(said.code == 0 && said.out.contains("INFO  qqdeck::runtime::links listening"), "{said:?}");
    let said = bot.ctl(&["logs", "--level", "error"]).await;
    assert_eq!((said.code, said.out.as_str()), (0, "\n"), "{said:?}");
    assert_eq!(bot.ctl(&["reload"]).await.code, 0);
    let one = bot.ctl(&["logs", "-n", "1"]).await.out;
    assert!(one.lines().count() == 1 && one.contains("configuration reloaded"), "{one}");
    let all = bot.json(&["logs"]).await;
    let last = lines(&all).last().unwrap().clone();
    assert_eq!((&last["level"], &last["text"]), (&"info".into(), &"configuration reloaded".into()), "{last}");
    let said = bot.ctl(&["logs", "--level", "warm"]).await;
    assert!(said.code == 2 && said.err.contains("warn"), "{said:?}");

    let mut command = bot.command();
    let mut follower = command.args(["ctl", "logs", "-n", "1", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut heard = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert!(heard.next_line().await.unwrap().unwrap().contains("configuration reloaded"));
    bot.configure(&with_level("warn,qqdeck::logs=info"));
    let told = tokio::time::timeout(DEADLINE, heard.next_line()).await.expect("a line").unwrap().unwrap();
    assert!(told.contains("the log's level changed"), "{told}");
    follower.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_gets_among_the_words_is_masked_those_of_a_reload_included() {
    let (first, second) = ("hunter-first-4711", "hunter-second-4712");
    let mut bot = Bot::prepare(OPEN);
    let folder = bot.dir().to_owned();
    // Named after their tokens: what is logged of them holds a secret, and nothing there looks like one.
    let config = |token: &str| {
        let file = folder.join(token.split('-').nth(1).unwrap());
        std::fs::write(&file, token).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let file = file.display();
        let (name, url) = (format!("to {token}"), "ws://127.0.0.1:9/");
        format!("{OPEN}[[onebot.dial]]\nname = \"{name}\"\nurl = \"{url}\"\ntoken = \"file:{file}\"\n")
    };
    bot.configure(&config(first));
    bot.restart().await;
    bot.logs("peer=\"to ████\"").await;
    let before = bot.log().len();
    bot.configure(&config(second));
    eventually("the other one is dialled", async || {
        bot.log().get(before..).is_some_and(|log| log.contains("peer=\"to ████\"")).then_some(())
    })
    .await;
    let all = [bot.log(), bot.logged(), bot.ctl(&["logs", "-n", "1000"]).await.all()].concat();
    assert!(all.contains("configuration reloaded") && !all.contains("hunter"), "{all}");
}
