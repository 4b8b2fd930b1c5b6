//! When things are tried, in virtual time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::text;
use crate::domain::*;
use crate::notify::courier::{Fault, Goal, Order, Pace, Signals, Way, carry};
use crate::notify::pledge::Pledge;

type End = (NotificationId, Result<(), NotifyFault>);

/// What a made-up road does with one try.
enum Step {
    Fine,
    Stumble(Option<Duration>),
    Refuse,
    Hang,
    Panic,
}

/// A road that does what it is told and notes when.
#[derive(Clone)]
struct Stage {
    steps: Arc<Mutex<VecDeque<Step>>>,
    tried: Arc<Mutex<Vec<u64>>>,
    began: Instant,
}

impl Way for Stage {
    fn send<'a>(&'a self, _: &'a NotificationText) -> BoxFuture<'a, Result<(), Fault>> {
        self.tried.lock().unwrap().push(self.began.elapsed().as_millis() as u64);
        let step = self.steps.lock().unwrap().pop_front().unwrap();
        async move {
            match step {
                Step::Fine => Ok(()),
                Step::Stumble(wait) => Err(Fault::Again { words: "busy with secret".into(), wait }),
                Step::Refuse => Err(Fault::Refused("no secret here".into())),
                Step::Hang => std::future::pending().await,
                Step::Panic => panic!("a fault of the test"),
            }
        }
        .boxed()
    }
}

/// Carries as many notifications as there are steps for, and tells the ends and the moments of the tries in ms.
async fn play(steps: impl IntoIterator<Item = Step>, orders: u64, gap: Duration) -> (Vec<End>, Vec<u64>) {
    let stage = Stage {
        steps: Arc::new(Mutex::new(steps.into_iter().collect())),
        tried: Arc::default(),
        began: Instant::now(),
    };
    let goal = Goal {
        name: "a".into(),
        way: Box::new(stage.clone()),
        redact: Redactor::new(["secret".into()]),
        gap,
        timeout: Pace::default().timeout,
    };
    let (lane, mut ends) = mpsc::channel::<End>(64);
    let (queue, waiting) = mpsc::channel(64);
    for id in 1..=orders {
        let pledge = Pledge::new(NotificationId(id), lane.clone());
        assert!(queue.try_send(Order { text: text(), pledge }).is_ok());
    }
    drop((queue, lane));
    let signals = Signals { gone: CancellationToken::new(), now: CancellationToken::new() };
    carry(waiting, watch::channel(Arc::new(goal)).1, Pace::default().waits, signals).await;
    let ends = std::iter::from_fn(|| ends.try_recv().ok()).collect();
    let tried = stage.tried.lock().unwrap().clone();
    (ends, tried)
}

fn secs(n: u64) -> Option<Duration> {
    Some(Duration::from_secs(n))
}

#[tokio::test(start_paused = true)]
async fn three_tries_with_longer_and_longer_waits() {
    let (ends, tried) = play([Step::Stumble(None), Step::Stumble(None), Step::Stumble(None)], 1, Duration::ZERO).await;
    assert_eq!(tried, [0, 1000, 5000]);
    assert_eq!(ends, [(NotificationId(1), Err(NotifyFault::Unreachable("busy with ████".into())))]);
}

#[tokio::test(start_paused = true)]
async fn a_service_may_ask_for_a_longer_wait_but_not_for_ever() {
    let (ends, tried) =
        play([Step::Stumble(secs(9)), Step::Stumble(secs(1_000_000_000)), Step::Fine], 1, Duration::ZERO).await;
    assert_eq!((ends, tried), (vec![(NotificationId(1), Ok(()))], vec![0, 9000, 69_000]));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_end_and_the_next_one_has_its_own() {
    let (ends, tried) = play([Step::Refuse, Step::Fine], 2, Duration::ZERO).await;
    let refused = Err(NotifyFault::Refused("no ████ here".into()));
    assert_eq!((ends, tried), (vec![(NotificationId(1), refused), (NotificationId(2), Ok(()))], vec![0, 0]));
}

#[tokio::test(start_paused = true)]
async fn tries_keep_their_distance() {
    let steps = [Step::Fine, Step::Stumble(None), Step::Fine, Step::Fine];
    let (ends, tried) = play(steps, 3, Duration::from_secs(3)).await;
    assert_eq!(tried, [0, 3000, 6000, 9000], "the second waited one second, and two more for the distance");
    assert!(ends.iter().all(|(_, end)| end.is_ok()) && ends.len() == 3);
}

#[tokio::test(start_paused = true)]
async fn silence_has_an_end() {
    let (ends, tried) = play([Step::Hang, Step::Hang, Step::Hang, Step::Fine], 2, Duration::ZERO).await;
    assert_eq!(tried, [0, 6000, 15_000, 20_000]);
    assert_eq!(ends[0].1, Err(NotifyFault::Unreachable("no answer within 5s".into())));
    assert_eq!(ends[1].1, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_road_that_panics_ends_one_notification_and_not_the_courier() {
    let (ends, _) = play([Step::Panic, Step::Fine], 2, Duration::ZERO).await;
    assert_eq!(ends, [(NotificationId(1), Err(NotifyFault::Unreachable("panic".into()))), (NotificationId(2), Ok(()))]);
}

#[test]
fn robots_of_groups_are_told_no_more_than_they_bear() {
    use crate::notify::{dingtalk, feishu, wecom};
    let a_minute = |gap: Duration| Duration::from_secs(60).as_millis() / gap.as_millis();
    assert!(a_minute(wecom::GAP) <= 20 && a_minute(dingtalk::GAP) <= 20 && a_minute(feishu::GAP) <= 100);
}

#[test]
fn numbers_of_services_say_whether_to_come_back() {
    use crate::notify::hook::{LATER, Service as _, by_code};
    let url = reqwest::Url::parse("http://h/").unwrap();
    let again = |fault: Result<(), Fault>| matches!(fault, Err(Fault::Again { wait, .. }) if wait == Some(LATER));
    let wecom = crate::notify::wecom::Wecom { url: url.clone() };
    assert!(again(wecom.read(br#"{"errcode":45009,"errmsg":"api freq out of limit"}"#)));
    let dingtalk = crate::notify::dingtalk::Dingtalk { url: url.clone(), secret: String::new() };
    assert!(again(dingtalk.read(r#"{"errcode":-1,"errmsg":"系统繁忙"}"#.as_bytes())));
    let shut_out = dingtalk.read(br#"{"errcode":130101,"errmsg":"send too fast"}"#);
    assert_eq!(shut_out, Err(Fault::Refused("130101: send too fast".into())));
    let feishu = crate::notify::feishu::Feishu { url, secret: String::new() };
    assert!(again(feishu.read(br#"{"code":11232,"msg":"frequency limited psm[lark.oapi.app_platform_runtime]"}"#)));
    assert_eq!(feishu.read(br#"{"StatusCode":0,"StatusMessage":"success"}"#), Ok(()), "as it was said of old");
    assert!(matches!(by_code(b"{\"code\":\"0\"}", &["code"], 0, &[]), Err(Fault::Again { wait: None, .. })));
}
