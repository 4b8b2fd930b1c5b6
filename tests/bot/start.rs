//! What keeps it from starting, who is not let in, and what is never said.

use qqdeck::simulator::{Adapter, AdapterSettings, Dialect, ModelSettings, Side};
use tokio_util::sync::CancellationToken;

use super::harness::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

const TOKEN: &str = "tok-5a1f9c77e2d04b";
const KEY: &str = "sk-9c1be0d4f7a24455b1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_bot_on_the_same_data_is_refused_with_the_pid_of_the_first() {
    let bot = Bot::start(OPEN).await;
    let said = bot.run(&["run", "--headless"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains(&format!("process {}", bot.pid())) && said.err.contains("already running"), "{said:?}");
    assert_eq!(bot.ctl(&["status"]).await.code, 0, "the first is not disturbed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_taken_port_is_said_by_its_address() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let bot = Bot::prepare(&OPEN.replace("127.0.0.1:0", &address));
    let said = bot.run(&["run", "--headless"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains(&address) && said.err.contains("in use"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_configuration_is_78_with_everything_that_is_wrong() {
    let broken = OPEN.replace("mode = \"open\"", "mode = \"opne\"").replace("\"5s\"", "\"5 parsecs\"");
    let bot = Bot::prepare(&format!("{broken}splitt_at = 3\n"));
    for arguments in [&["run", "--headless"][..], &["check"]] {
        let said = bot.run(arguments).await;
        assert_eq!(said.code, 78, "{said:?}");
        for wrong in ["opne", "5 parsecs", "split_at"] {
            assert!(said.err.contains(wrong), "{wrong}: {said:?}");
        }
    }
    bot.configure(OPEN);
    let said = bot.run(&["check"]).await;
    assert_eq!(said.code, 0, "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_cannot_be_used_is_78_before_it_is_needed() {
    let pem = |name| std::fs::read(format!("{}/tests/frames/tls/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let tls = "[onebot]\ntls = { cert = \"cert.pem\", key = \"key.pem\" }";
    let bot = Bot::prepare(&OPEN.replace("[onebot]", tls));
    let put = |name: &str, bytes: &[u8]| std::fs::write(bot.dir().join(name), bytes).unwrap();
    for wrong in ["missing", "no key"] {
        for arguments in [&["run", "--headless"][..], &["check"]] {
            let said = bot.run(arguments).await;
            assert_eq!(said.code, 78, "{wrong}: {said:?}");
            assert!(said.err.contains("onebot.tls") && said.err.contains("cert.pem"), "{wrong}: {said:?}");
        }
        put("cert.pem", &pem("cert"));
        put("key.pem", b"no key");
    }
    put("key.pem", &pem("key"));
    assert_eq!(bot.run(&["check"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_list_that_cannot_be_read_is_78_at_its_key() {
    let bot = Bot::prepare(&format!("{OPEN}[moderation]\nwords_file = \"words.txt\"\n"));
    let line = bot.configured().lines().count();
    for bad in [false, true] {
        if bad {
            std::fs::write(bot.dir().join("words.txt"), b"\xe5\x9d\n").unwrap();
        }
        for arguments in [&["run", "--headless"][..], &["check"]] {
            let said = bot.run(arguments).await;
            assert_eq!(said.code, 78, "{said:?}");
            assert!(said.err.contains(&format!("config.toml:{line}:1: moderation.words_file: ")), "{said:?}");
            assert!(said.err.contains("words.txt"), "{said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_is_not_utf8_is_78_at_the_bad_byte() {
    let bot = Bot::prepare("");
    std::fs::write(bot.config(), b"# \xe4\xbd\xa0\nlanguage = \"\xc4\xe3\"\n").unwrap();
    for arguments in [&["run", "--headless"][..], &["check"]] {
        let said = bot.run(arguments).await;
        assert_eq!(said.code, 78, "{said:?}");
        assert!(said.err.contains("config.toml:2:13: ") && said.err.contains("UTF-8"), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_of_the_last_process_are_listed() {
    let mut stage = Stage::small(OPEN).await;
    stage.write(77, "你好").await;
    stage.hears(private(77), "你好").await;
    stage.bot.idle().await;
    assert_eq!(stage.bot.ctl(&["note", "private:77", "常客"]).await.code, 0);
    assert_eq!(stage.bot.terminate().await, Some(0));
    // Nobody is connected, nobody has said anything: nothing is in memory.
    stage.bot.restart().await;
    let chats = stage.bot.json(&["chats"]).await;
    assert_eq!(chats["chats"][0]["chat"], format!("private:77@{ME}"), "{chats}");
    assert_eq!(stage.bot.json(&["get", "private:77", "note"]).await["value"], "常客");
    let said = stage.bot.ctl(&["get", "private:78"]).await;
    assert!(said.code == 1 && said.err.contains("private:78"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_account_yet_reads_where_adapters_connect() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = OPEN.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
    let other = listen.replace("[onebot]", "[onebot]\npaths = [\"/bot\"]");
    let mut bot = Bot::start(&other).await;
    for verb in ["status", "accounts"] {
        let said = bot.ctl(&[verb]).await;
        assert!(said.out.contains(&format!("ws://127.0.0.1:{port}/bot")), "{said:?}");
    }
    assert_eq!(bot.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_secret_is_78_and_named() {
    let provider = "[[providers]]\nname = \"p\"\nkind = \"openai\"\nendpoint = \"http://127.0.0.1:9/v1\"\n\
                    model = \"m\"\napi_keys = [\"env:NOT_THERE_AT_ALL\"]\n";
    for (config, named) in [
        (format!("{OPEN}{provider}"), "NOT_THERE_AT_ALL"),
        (OPEN.replace("[onebot]", "[onebot]\ntoken = \"file:no.token\""), "no.token"),
    ] {
        let bot = Bot::prepare(&config);
        for arguments in [&["run", "--headless"][..], &["check"]] {
            let said = bot.run(arguments).await;
            assert_eq!(said.code, 78, "{said:?}");
            assert!(said.err.contains(named), "{said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_token_is_refused_and_no_secret_is_ever_said() {
    let mut right = reverse();
    right.token = TOKEN.into();
    let mut model = ModelSettings::instant("A");
    model.api_key = KEY.into();
    let stop = CancellationToken::new();
    let forward = adapter(10_003, Dialect::Napcat, Side::forward());
    let forward = AdapterSettings { token: "another-token-88".into(), ..forward };
    let refusing = Adapter::start(forward, stop.clone()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(vec![right], vec![model], |sim| {
        let (token, key) = (folder.path().join("token"), folder.path().join("key"));
        for (file, secret) in [(&token, TOKEN), (&key, KEY)] {
            std::fs::write(file, format!("{secret}\n")).unwrap();
            std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        let open = OPEN.replace("[onebot]", &format!("[onebot]\ntoken = \"file:{}\"", token.display()));
        let dial = format!(
            "[[onebot.dial]]\nname = \"forward\"\nurl = \"{}\"\ntoken = \"file:{}\"\n",
            refusing.url().unwrap(),
            token.display()
        );
        let more = format!("api_keys = [\"file:{}\"]", key.display());
        // Everything that anybody has to say, libraries included.
        let level = "[logs]\nlevel = \"trace\"\n";
        format!("{open}{level}{dial}{}", provider("first", "openai", &sim.models[0], &more))
    })
    .await;
    let wrong = AdapterSettings {
        token: "wrong-4711-token".into(),
        ..adapter(10_009, Dialect::Lagrange, Side::reverse(stage.bot.url()))
    };
    let wrong = Adapter::start(wrong, stop.clone()).await.unwrap();
    stage.bot.logs("connection refused").await;
    assert_eq!(wrong.links_up(), 0);
    stage.write(77, "你好").await;
    stage.hears(private(77), "你好").await;
    // A key that is not taken any more.
    stage.model().change(|model| model.api_key = "sk-other".into());
    stage.write(77, "还好吗").await;
    let status = stage.bot.until(&["status"], |s| s["counters"]["failed"] == 1).await;
    let provider = &status["providers"][0];
    assert!(provider["state"] != "ready" && provider["failure"].as_str().unwrap().contains("401"), "{status}");
    stage.bot.logs("peer=forward").await;

    let mut said = stage.bot.log();
    for arguments in [
        &["status"][..],
        &["accounts"],
        &["providers"],
        &["chats"],
        &["attention"],
        &["history", "private:77"],
        &["why", "private:77"],
        &["get", "private:77"],
        &["usage"],
        &["audit"],
        &["sessions"],
        &["reload"],
    ] {
        said.push_str(&stage.bot.ctl(arguments).await.all());
        let json: Vec<&str> = arguments.iter().chain(&["--json"]).copied().collect();
        said.push_str(&stage.bot.ctl(&json).await.all());
    }
    said.push_str(&stage.bot.run(&["check"]).await.all());
    said.push_str(&stage.bot.logged());
    for secret in [TOKEN, KEY, "wrong-4711-token", "another-token-88"] {
        for spelled in [secret.to_owned(), BASE64.encode(secret)] {
            let context = said.lines().find(|line| line.contains(&spelled));
            assert_eq!(context, None, "{secret} was said");
        }
    }
    stop.cancel();
}
