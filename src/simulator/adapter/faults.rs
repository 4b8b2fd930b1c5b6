//! What can go wrong between QQ, the adapter and the application.

use std::collections::BTreeSet;
use std::time::Duration;

/// How a link ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DropStyle {
    /// TCP reset.
    #[default]
    Abort,
    /// A close frame with 1000.
    Close,
    /// The old socket stays open and silent while a new one is dialled: a NAT that forgot (onebot.md §6).
    HalfOpen,
}

/// Faults of one adapter; all off by default, all may be switched while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterFaults {
    /// Drop each link about this often (±30 %).
    pub drop_every: Option<Duration>,
    /// How.
    pub drop_style: DropStyle,
    /// Delay every response by something between the two.
    pub response_delay: (Duration, Duration),
    /// Share of requests that are carried out and never answered.
    pub no_response: f64,
    /// Share of sends that are refused for certain: nothing goes out.
    pub refuse: f64,
    /// Share of sends that go out and are reported as NapCat's timeout: a retry is a duplicate.
    pub late_delivered: f64,
    /// Share of sends with the same report that do not go out: without a retry the message is lost.
    pub late_lost: f64,
    /// How long the two above hang before the report; NapCat takes 10 s.
    pub late_after: Duration,
    /// Share of message events that come twice.
    pub duplicate_events: f64,
    /// A frame of rubbish this often.
    pub garbage_every: Option<Duration>,
    /// A huge but valid notice this often.
    pub huge_every: Option<Duration>,
    /// Its size in bytes, about.
    pub huge_bytes: usize,
    /// Groups in which the account may not speak.
    pub muted_groups: BTreeSet<i64>,
    /// Longer texts are refused, as QQ does; 0: never.
    pub max_text: usize,
    /// Pause after each frame that is read.
    pub slow_read: Duration,
}

impl Default for AdapterFaults {
    fn default() -> Self {
        Self {
            drop_every: None,
            drop_style: DropStyle::Abort,
            response_delay: (Duration::ZERO, Duration::ZERO),
            no_response: 0.0,
            refuse: 0.0,
            late_delivered: 0.0,
            late_lost: 0.0,
            late_after: Duration::ZERO,
            duplicate_events: 0.0,
            garbage_every: None,
            huge_every: None,
            huge_bytes: 20 << 20,
            muted_groups: BTreeSet::new(),
            max_text: 0,
            slow_read: Duration::ZERO,
        }
    }
}

/// Frames that are no events and no answers, or hardly.
pub(crate) const GARBAGE: &[&str] = &[
    "",
    "null",
    "[]",
    "{}",
    "not json",
    r#"{"post_type":"message""#,
    r#""string""#,
    "12345",
    r#"{"post_type":"message","message_type":"private"}"#,
    r#"{"post_type":null,"self_id":null}"#,
    r#"{"post_type":"future_thing","self_id":"x"}"#,
    r#"{"status":"ok","retcode":0,"data":null,"echo":"no-such-echo"}"#,
    r#"{"post_type":"message","message_type":"group","message":[{"type":"text"}],"group_id":"abc","user_id":{}}"#,
    r#"{"post_type":"notice","notice_type":"notify","sub_type":"\ud83d"}"#,
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
];
