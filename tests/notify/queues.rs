//! One at a time and in order, never more than fit, and an end for each whatever happens.

use tokio::sync::oneshot;

use super::*;

fn hook(server: &Endpoint, name: &str) -> String {
    destination("webhook", &[("name", name), ("url", &server.url("/hook"))])
}

/// A server whose first answer waits to be let go.
async fn held(fine: usize) -> (Endpoint, oneshot::Sender<()>) {
    let (go, gate) = oneshot::channel();
    let server = Endpoint::start([Play::Wait(gate, 200, String::new())]).await;
    (0..fine).for_each(|_| server.then(Play::say(200, "")));
    (server, go)
}

fn titled(title: &str) -> NotificationText {
    NotificationText { title: title.into(), ..text() }
}

fn title(asked: &endpoint::Asked) -> String {
    asked.json()["commonAnnotations"]["title"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_destination_is_told_one_thing_at_a_time_and_another_does_not_wait() {
    let (mut slow, go) = held(2).await;
    let mut quick = Endpoint::start([Play::say(200, "")]).await;
    let mut desk = Desk::new(&(hook(&slow, "slow") + &hook(&quick, "quick")), HASTE);
    let ids: Vec<_> = ["a", "b", "c"].iter().map(|title| desk.send(0, titled(title)).unwrap()).collect();
    let other = desk.send(1, titled("d")).unwrap();
    assert_eq!(title(&slow.asked().await), "a");
    assert_eq!(title(&quick.asked().await), "d");
    assert_eq!(desk.end().await, (other, Ok(())));
    assert_eq!(slow.unseen(), 0, "one at a time");
    go.send(()).unwrap();
    for id in ids {
        assert_eq!(desk.end().await, (id, Ok(())));
    }
    assert_eq!([title(&slow.asked().await), title(&slow.asked().await)], ["b", "c"]);
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn a_full_queue_refuses_the_newest_and_keeps_the_rest() {
    let (mut server, go) = held(100).await;
    let mut desk = Desk::new(&hook(&server, "a"), HASTE);
    desk.send(0, text()).unwrap();
    server.asked().await;
    for _ in 0..32 {
        desk.send(0, text()).unwrap();
    }
    assert_eq!(desk.send(0, text()), Err(NotifyFault::Full));
    go.send(()).unwrap();
    for id in 1..=33 {
        assert_eq!(desk.end().await, (NotificationId(id), Ok(())));
    }
    assert!(desk.tell(0, text()).await.is_ok(), "there is room again");
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn a_place_with_nobody_is_gone() {
    let server = Endpoint::start([]).await;
    let mut desk = Desk::new(&(destination("qq", &[]) + &hook(&server, "a")), HASTE);
    assert_eq!(desk.send(0, text()), Err(NotifyFault::Gone), "QQ is the engine's");
    assert_eq!(desk.send(2, text()), Err(NotifyFault::Gone));
    assert!(desk.send(1, text()).is_ok());
    assert_eq!(desk.close().await.len(), 1);
}

#[tokio::test]
async fn a_reload_keeps_the_queue_of_whoever_keeps_his_name() {
    let (mut old, go) = held(0).await;
    let mut new = Endpoint::start([Play::say(200, ""), Play::say(200, "")]).await;
    let mut desk = Desk::new(&hook(&old, "a"), HASTE);
    let first = desk.send(0, titled("a")).unwrap();
    let second = desk.send(0, titled("b")).unwrap();
    old.asked().await;
    // Another stands before it now, and it lives elsewhere.
    desk.notifiers.follow(prepared(&(destination("qq", &[]) + &hook(&new, "a"))));
    let third = desk.send(1, titled("c")).unwrap();
    go.send(()).unwrap();
    for id in [first, second, third] {
        assert_eq!(desk.end().await, (id, Ok(())));
    }
    assert_eq!([title(&new.asked().await), title(&new.asked().await)], ["b", "c"]);
    assert_eq!(old.unseen(), 0);
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn a_destination_that_is_taken_away_ends_everything_on_its_way() {
    let (mut server, _go) = held(0).await;
    let mut desk = Desk::new(&hook(&server, "a"), HASTE);
    let sent = [desk.send(0, text()).unwrap(), desk.send(0, text()).unwrap()];
    server.asked().await;
    desk.notifiers.follow(prepared(&hook(&server, "b")));
    let mut ended = [desk.end().await, desk.end().await];
    ended.sort_by_key(|(id, _)| *id);
    assert_eq!(ended, sent.map(|id| (id, Err(NotifyFault::Gone))));
    assert_eq!(server.unseen(), 0);
    assert_eq!(desk.close().await, []);
}

#[tokio::test]
async fn the_end_leaves_a_moment_to_arrive() {
    let (mut server, go) = held(1).await;
    let mut desk = Desk::new(&hook(&server, "a"), HASTE);
    let sent = [desk.send(0, text()).unwrap(), desk.send(0, text()).unwrap()];
    server.asked().await;
    let Desk { notifiers, mut ends, .. } = desk;
    let finishing = tokio::spawn(notifiers.finish(Duration::from_secs(60)));
    go.send(()).unwrap();
    for id in sent {
        assert_eq!(ends.recv().await, Some((id, Ok(()))));
    }
    finishing.await.unwrap();
    assert_eq!(ends.recv().await, None);
}

#[tokio::test]
async fn whatever_has_not_arrived_by_then_ends_too() {
    let (mut server, _go) = held(0).await;
    let mut desk = Desk::new(&hook(&server, "a"), HASTE);
    let sent: Vec<_> = (0..20).map(|_| desk.send(0, text()).unwrap()).collect();
    server.asked().await;
    let mut left = desk.close().await;
    left.sort_by_key(|(id, _)| *id);
    assert_eq!(left.iter().map(|(id, _)| *id).collect::<Vec<_>>(), sent);
    assert!(left.iter().all(|(_, end)| matches!(end, Err(NotifyFault::Unreachable(said)) if said.contains("stopped"))));
}

#[tokio::test]
async fn whoever_is_dropped_ends_everything() {
    let (mut server, _go) = held(0).await;
    let mut desk = Desk::new(&hook(&server, "a"), HASTE);
    desk.send(0, text()).unwrap();
    desk.send(0, text()).unwrap();
    server.asked().await;
    let Desk { notifiers, mut ends, .. } = desk;
    drop(notifiers);
    assert!(matches!(ends.recv().await, Some((NotificationId(1), Err(_)))));
    assert!(matches!(ends.recv().await, Some((NotificationId(2), Err(_)))));
    assert_eq!(ends.recv().await, None);
}
