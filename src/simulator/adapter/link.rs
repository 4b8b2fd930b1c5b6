//! One WebSocket connection: a task that reads calls and writes events and answers, and a slower one that beats.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::{FutureExt, SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Message, Utf8Bytes};
use tokio_util::sync::CancellationToken;

use super::faults::GARBAGE;
use super::{AdapterFaults, DropStyle, Shared, event};
use crate::simulator::lock;

pub(super) type Socket = WebSocketStream<TcpStream>;

/// What a link is told to do.
#[derive(Debug)]
pub(super) enum Order {
    Frame(Utf8Bytes),
    Drop(DropStyle),
}

/// A live link, as others see it.
#[derive(Debug, Clone)]
pub(super) struct LinkEntry {
    pub id: u64,
    pub events: bool,
    /// Bounded; events await room, answers of other links' calls do not come here.
    pub orders: mpsc::Sender<Order>,
}

/// What a link carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carries {
    pub api: bool,
    pub events: bool,
}

/// Frames waiting for one link.
const QUEUE: usize = 1024;

/// NapCat accepts frames of 50 MiB (onebot.md §1.1); ours are larger on demand.
pub(super) fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_frame_size(Some(64 << 20)).max_message_size(Some(64 << 20))
}

/// Serves a connection until it ends. A half-open one is parked until the stop signal.
pub(super) async fn serve(shared: &Arc<Shared>, mut socket: Socket, carries: Carries) {
    let (orders, queue) = mpsc::channel(QUEUE);
    let id = shared.next_link.fetch_add(1, Ordering::Relaxed);
    let ended = CancellationToken::new();
    if carries.events {
        let hello = event::lifecycle(shared.settings.dialect, shared.self_id);
        if socket.send(Message::text(hello)).await.is_err() {
            return;
        }
        shared.count("lifecycles", 1);
    }
    lock(&shared.links).push(LinkEntry { id, events: carries.events, orders: orders.clone() });
    if carries.events {
        shared.up.send_modify(|up| *up += 1);
    }
    shared.tasks.spawn(beat(Arc::clone(shared), orders.clone(), ended.clone(), carries.events));
    let parked = talk(shared, socket, queue, orders, carries).await;
    ended.cancel();
    lock(&shared.links).retain(|entry| entry.id != id);
    if carries.events {
        shared.up.send_modify(|up| *up -= 1);
    }
    shared.lost_links.fetch_add(1, Ordering::Relaxed);
    if let Some(socket) = parked {
        let stop = shared.stop.clone();
        shared.tasks.spawn(async move {
            stop.cancelled().await;
            drop(socket);
        });
    }
}

/// Returns the socket where it is to be left half-open.
async fn talk(
    shared: &Arc<Shared>,
    mut socket: Socket,
    mut queue: mpsc::Receiver<Order>,
    orders: mpsc::Sender<Order>,
    carries: Carries,
) -> Option<Socket> {
    loop {
        let slow = shared.faults.borrow().slow_read;
        tokio::select! {
            order = queue.recv() => {
                let mut order = order;
                // Whatever else waits goes out in the same write.
                while let Some(now) = order {
                    match now {
                        Order::Frame(frame) => {
                            if socket.feed(Message::Text(frame)).await.is_err() {
                                return None;
                            }
                        }
                        Order::Drop(style) => return end(socket, style).await,
                    }
                    order = queue.try_recv().ok();
                }
            }
            frame = socket.next() => {
                let mut frame = frame;
                loop {
                    if !hear(shared, &mut socket, frame, &orders, carries).await {
                        return None;
                    }
                    if !slow.is_zero() {
                        tokio::time::sleep(slow).await;
                        break;
                    }
                    match socket.next().now_or_never() {
                        Some(more) => frame = more,
                        None => break,
                    }
                }
            }
            () = shared.stop.cancelled() => {
                let _ = socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await;
                return None;
            }
        }
        if socket.flush().await.is_err() {
            return None;
        }
    }
}

async fn end(mut socket: Socket, style: DropStyle) -> Option<Socket> {
    match style {
        DropStyle::HalfOpen => return Some(socket),
        DropStyle::Close => {
            let _ = socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await;
            // The peer's close frame, for politeness and not for long.
            let _ =
                tokio::time::timeout(Duration::from_secs(1), async { while socket.next().await.is_some() {} }).await;
        }
        DropStyle::Abort => {
            let _ = socket.get_ref().set_zero_linger();
        }
    }
    None
}

/// False where the connection is over.
async fn hear(
    shared: &Arc<Shared>,
    socket: &mut Socket,
    frame: Option<Result<Message, tungstenite::Error>>,
    orders: &mpsc::Sender<Order>,
    carries: Carries,
) -> bool {
    let Some(Ok(frame)) = frame else { return false };
    let reaction = match &frame {
        Message::Text(_) | Message::Binary(_) if !carries.api => {
            shared.count("calls_on_event_link", 1);
            return true;
        }
        Message::Text(text) => shared.react(text),
        Message::Binary(bytes) => shared.react(&String::from_utf8_lossy(bytes)),
        // Answered by the library with the next flush.
        Message::Ping(_) => {
            shared.count("pings", 1);
            return true;
        }
        Message::Close(_) => {
            let _ = socket.flush().await;
            return false;
        }
        _ => return true,
    };
    let Some(answer) = reaction.answer else { return true };
    if reaction.after.is_zero() {
        return socket.feed(Message::text(answer)).await.is_ok();
    }
    let (orders, stop) = (orders.clone(), shared.stop.clone());
    shared.tasks.spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(reaction.after) => {
                let _ = orders.send(Order::Frame(answer.into())).await;
            }
            () = stop.cancelled() => {}
        }
    });
    true
}

/// The four slow rhythms of a link: heartbeat, drop, garbage, huge frames. Faults may change meanwhile.
async fn beat(shared: Arc<Shared>, orders: mpsc::Sender<Order>, ended: CancellationToken, events: bool) {
    let mut faults = shared.faults.subscribe();
    let mut rng = fastrand::Rng::with_seed(shared.settings.seed ^ shared.next_link.load(Ordering::Relaxed) << 32);
    let mut periods = [None; 4];
    let mut due = [None; 4];
    loop {
        let wanted = rhythms(&shared, &faults.borrow_and_update(), events);
        for n in 0..due.len() {
            if wanted[n] != periods[n] {
                periods[n] = wanted[n];
                due[n] = wanted[n].map(|period| Instant::now() + jittered(n, period, &mut rng));
            }
        }
        let next = (0..due.len()).filter_map(|n| due[n].map(|at| (at, n))).min();
        tokio::select! {
            () = ended.cancelled() => return,
            changed = faults.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = async { if let Some((at, _)) = next { sleep_until(at).await } else { std::future::pending().await } } => {
                let Some((_, n)) = next else { continue };
                due[n] = periods[n].map(|period| Instant::now() + jittered(n, period, &mut rng));
                let order = stroke(&shared, n, &mut rng);
                if orders.send(order).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn rhythms(shared: &Shared, faults: &AdapterFaults, events: bool) -> [Option<Duration>; 4] {
    let heartbeat = Some(shared.settings.heartbeat).filter(|every| !every.is_zero());
    [
        heartbeat.filter(|_| events),
        faults.drop_every,
        faults.garbage_every.filter(|_| events),
        faults.huge_every.filter(|_| events),
    ]
}

fn jittered(n: usize, period: Duration, rng: &mut fastrand::Rng) -> Duration {
    if n == 1 { period.mul_f64(0.7 + 0.6 * rng.f64()) } else { period }
}

fn stroke(shared: &Shared, n: usize, rng: &mut fastrand::Rng) -> Order {
    match n {
        0 => {
            shared.count("heartbeats", 1);
            let online = lock(&shared.account).online;
            let frame = event::heartbeat(shared.settings.dialect, shared.self_id, shared.heartbeat_ms(), online);
            Order::Frame(frame.into())
        }
        1 => {
            shared.count("drops", 1);
            Order::Drop(shared.faults.borrow().drop_style)
        }
        2 => {
            shared.count("garbage", 1);
            Order::Frame(GARBAGE[rng.usize(..GARBAGE.len())].into())
        }
        _ => {
            shared.count("huge", 1);
            let content = "甲".repeat(shared.faults.borrow().huge_bytes / 3);
            let body = json!({"notice_type": "notify", "sub_type": "gray_tip", "group_id": 700_000_000,
                "user_id": 20_000_000, "message_id": 1, "busi_id": "0", "content": content, "raw_info": {}});
            Order::Frame(event::base(shared.self_id, "notice", body).to_string().into())
        }
    }
}
