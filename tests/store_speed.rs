//! What the store costs. Prints, asserts nothing about time: `cargo test --release --test store_speed -- --ignored --nocapture`.
#![allow(clippy::unwrap_used)] // a failure here is the test's

mod store_common;

use std::time::{Duration, Instant};

use qqdeck::config::{Durability, Storage};
use qqdeck::domain::*;
use qqdeck::flow::Input;
use store_common::*;

/// CPU time of the writer's thread so far.
fn writer_cpu() -> Duration {
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if name.trim() == "store-write" {
            let run = std::fs::read_to_string(task.path().join("schedstat")).unwrap();
            return Duration::from_nanos(run.split_whitespace().next().unwrap().parse().unwrap());
        }
    }
    panic!("no writer")
}

#[test]
#[ignore = "a measurement"]
fn cpu_of_a_message() {
    for durability in [Durability::Process, Durability::Power] {
        for (name, grouped, separate) in
            [("alone, 3 commits", 1, true), ("alone, 1 commit", 1, false), ("50 in one commit", 50, false)]
        {
            let dir = tempfile::tempdir().unwrap();
            let mut world = try_open(dir.path(), &Storage { durability, ..settings() }).unwrap();
            let (warm, all) = if durability == Durability::Power { (100, 1_100) } else { (2_000, 22_000) };
            let mut batch = 0;
            let (mut cpu, mut begun) = (Duration::ZERO, Instant::now());
            let mut n = 0;
            while n < all {
                if n == warm {
                    (cpu, begun) = (writer_cpu(), Instant::now());
                }
                let mut rows: Vec<Vec<Row>> = Vec::new();
                for _ in 0..grouped {
                    n += 1;
                    if separate {
                        rows.extend(answered(n, 200));
                    } else {
                        rows.push(answered(n, 200).concat());
                    }
                }
                if grouped > 1 {
                    rows = vec![rows.concat()];
                }
                for rows in rows {
                    batch += 1;
                    world.commit(batch, rows);
                }
            }
            let messages = (n - warm) as f64;
            println!(
                "{durability:?}, {name}: {:.1} µs of the writer's CPU, {:.1} µs by the clock for each message",
                (writer_cpu() - cpu).as_secs_f64() * 1e6 / messages,
                begun.elapsed().as_secs_f64() * 1e6 / messages,
            );
            world.close();
        }
    }
}

/// A language of 3 000 characters, of which few are very common, as in Chinese.
fn sentence(random: &mut fastrand::Rng) -> String {
    let plain = random.bool();
    let middle = (0..8 + random.usize(..24)).map(|_| {
        let rank = (3000_f64.powf(random.f64()) - 1.0) as u32;
        char::from_u32(0x4e00 + rank).unwrap_or('一')
    });
    // The worst for a phrase: two characters that are in every other line, never side by side.
    if plain { middle.collect() } else { std::iter::once('呀').chain(middle).chain(['吧']).collect() }
}

/// Fills a store with a million lines; half of them in one chat.
fn fill(mut world: World) -> World {
    let mut random = fastrand::Rng::with_seed(7);
    let (lines, begun) = (1_000_000_u64, Instant::now());
    for batch in 1..=lines / 200 {
        let rows = (0..200)
            .map(|i| {
                let seq = (batch - 1) * 200 + i + 1;
                // Half of all in one chat, the rest in two hundred; a few in a quiet one.
                let chat = match seq {
                    s if s.is_multiple_of(9973) => 9999,
                    s if s.is_multiple_of(2) => 0,
                    _ => random.i64(1..200),
                };
                let line = Line {
                    at: Wall(START + 30_000 * seq as i64),
                    verdict: Some(Verdict::ignore(Gate::Trigger, Reason::NotTriggered)),
                    outcome: Some(Outcome::Ignored),
                    ..heard(seq, chat, &sentence(&mut random))
                };
                hear(&line)
            })
            .collect();
        world.record(batch, rows);
        while world.inputs.try_recv().is_ok() {}
    }
    let flush = BatchNo(lines);
    world.record(lines, Vec::new());
    while !matches!(world.inputs.blocking_recv(), Some(Input::Committed { batch, .. }) if batch == flush) {}
    println!("{:.1} s of the writer's CPU", writer_cpu().as_secs_f64());
    println!("{lines} lines in {:.1} s, indexing included", begun.elapsed().as_secs_f64());
    world
}

#[test]
#[ignore = "a measurement"]
fn a_million_lines() {
    // Kept and used again where STORE_SPEED_DIR names a directory.
    let kept = std::env::var_os("STORE_SPEED_DIR").map(std::path::PathBuf::from);
    let temporary = tempfile::tempdir().unwrap();
    let dir = kept.as_deref().unwrap_or(temporary.path());
    let mut world = open(dir);
    if world.recovered.last_seq == Seq(0) {
        world = fill(world);
    }
    let World { store, inputs, .. } = world;
    let beside = rusqlite::Connection::open(dir.join("qqdeck.db")).unwrap();
    let left =
        || beside.query_row("SELECT count(*) FROM lines WHERE seq > (SELECT indexed FROM tally)", [], |r| r.get(0));
    while left().is_ok_and(|left: i64| left > 500) {
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("{} lines are not indexed", left().unwrap());
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        println!("  {:?} {} MB", entry.file_name(), entry.metadata().unwrap().len() / 1_000_000);
    }
    let ask = |name: &str, query: Query| {
        let mut times = Vec::new();
        let mut found = 0;
        for _ in 0..7 {
            let begun = Instant::now();
            if let Page::Lines { lines, .. } = wait(store.query(query.clone())) {
                found = lines.len();
            }
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let first = times[0];
        times.sort_by(f64::total_cmp);
        println!("{name}: {found} lines, first {first:.2} ms, median {:.2} ms, worst {:.2} ms", times[3], times[6]);
    };
    let page = |n: i64, before: Option<u64>, limit| Query::History {
        chat: chat(n),
        before: before.map(Seq),
        after: None,
        since: None,
        until: None,
        limit,
    };
    ask("newest page of the huge chat", page(0, None, 50));
    ask("page of 1000 in the middle of the huge chat", page(0, Some(500_000), 1000));
    ask("page of the quiet chat", page(9999, None, 1000));
    let day = Query::History {
        chat: chat(0),
        before: None,
        after: None,
        since: Some(Wall(START + 30_000 * 250_000)),
        until: Some(Wall(START + 30_000 * 250_100)),
        limit: 1000,
    };
    ask("page by time", day);
    let mut common = [0, 1, 4, 40, 900].map(|n| char::from_u32(0x4e00 + n).unwrap().to_string()).to_vec();
    common.push(format!("{}{}", common[0], common[0]));
    common.push(format!("{}{}", common[0], common[1]));
    common.push(format!("{}{}", common[2], common[3]));
    common.push(format!("{} {}", common[2], common[4]));
    common.push(format!("{}{}{}", common[3], common[4], common[4]));
    common.push("吧呀".into());
    common.push("不存在的句子呢".into());
    common.push(format!("{}x{}", common[0], common[1]));
    common.push(format!("{}龟", common[0]));
    for word in &common {
        for (place, at) in
            [("everywhere", None), ("huge chat", Some(0)), ("quiet chat", Some(9999)), ("a chat", Some(17))]
        {
            let text = word.clone();
            ask(&format!("`{word}` {place}"), Query::Search { text, chat: at.map(chat), before: None, limit: 50 });
        }
    }
    let resident = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", resident.lines().find(|l| l.starts_with("VmRSS")).unwrap());
    drop(inputs);
    store.close();
}

#[test]
#[ignore = "a measurement"]
fn ten_thousand_chats() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close();
    let fill = rusqlite::Connection::open(dir.path().join("qqdeck.db")).unwrap();
    // A million lines whose chats spoke in no order, by SQL: the store itself takes a minute over them.
    fill.execute_batch(
        "BEGIN;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO chats(id, kind, peer, account, state)
             SELECT i, 1, 500000 + i, 100, json_object('name', '测试群 ' || i, 'note', '') FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
         INSERT INTO lines(seq, chat, at, kind, trace, recalled, user, name, text)
             SELECT i, 1 + (i * 7919) % 10000, i, 0, 0, 0, 7, '小明', '今天天气怎么样' || i FROM n;
         INSERT OR REPLACE INTO newest SELECT chat, max(seq) FROM lines GROUP BY chat;
         UPDATE tally SET seq = 1000000, indexed = 1000000;
         COMMIT;",
    )
    .unwrap();
    drop(fill);
    let world = open(dir.path());
    let ask = |name: &str, before: Option<u64>, filter: Option<&str>| {
        let query = Query::Chats { before: before.map(Seq), limit: 50, filter: filter.map(str::to_owned) };
        let times = (0..7).map(|_| {
            let begun = Instant::now();
            let Page::Chats { chats, .. } = wait(world.store.query(query.clone())) else { panic!("no chats") };
            (begun.elapsed().as_secs_f64() * 1e3, chats.len())
        });
        let times: Vec<_> = times.collect();
        let worst = times.iter().map(|t| t.0).fold(0.0, f64::max);
        println!("{name}: {} chats, first {:.2} ms, worst {worst:.2} ms", times[0].1, times[0].0);
    };
    ask("newest chats", None, None);
    ask("chats in the middle", Some(995_000), None);
    ask("by a name that many have", None, Some("测试"));
    ask("by a name that one has", None, Some("测试群 7777"));
    ask("by a name that none has", None, Some("没有"));
    ask("by number", None, Some("501234"));
    world.close();
}
