//! Against servers of their own kind on loopback, and couriers in virtual time.

use crate::domain::*;

/// What a destination is told in these tests.
pub fn text() -> NotificationText {
    NotificationText {
        instance: "home".into(),
        severity: Severity::Critical,
        resolved: false,
        test: false,
        title: "QQ 离线".into(),
        body: "小助手 离线 8 分\n<at user_id=\"all\">某</at> *星* 掉线".into(),
        alerts: vec![NotifiedAlert {
            fingerprint: "ws_disconnected{account=10001}".into(),
            rule: "ws_disconnected".into(),
            labels: vec![("account".into(), "10001".into())],
            severity: Severity::Critical,
            since: Wall(1_700_000_000_000),
            until: None,
            words: "小助手 离线 8 分".into(),
        }],
    }
}
