//! Couriers in virtual time, and mail at a server on loopback. What goes over HTTP is tried in `tests/notify.rs`.

mod mail;
mod pace;

use crate::domain::*;

/// What a destination is told in these tests.
pub fn text() -> NotificationText {
    NotificationText {
        instance: "home".into(),
        severity: Severity::Critical,
        resolved: false,
        test: false,
        title: "QQ 离线".into(),
        body: "小助手 离线 8 分\n.\n..某".into(),
        alerts: Vec::new(),
    }
}
