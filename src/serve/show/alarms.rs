//! Alerts as they stand and as they were.

use crate::domain::{Alert, AlertView, Silence, Wall};
use crate::serve::table::Table;
use crate::words::{self, Lang, clock, span_short};

/// Alerts as they stand, and silences.
pub fn alerts(views: &[AlertView], silences: &[Silence], now: Wall, lang: Lang) -> String {
    let mut table = match lang {
        Lang::Zh => Table::new(["编号", "级别", "状态", "时间", "多久", "告警", "说明", "通知"]),
        Lang::En => Table::new(["no.", "severity", "state", "since", "lasts", "alert", "more", "told"]),
    };
    for v in views {
        let a = &v.alert;
        let lasts = if a.until.is_some() { a.lasted } else { now.since(a.since) };
        let (at, name, detail) =
            (clock(a.since.0.div_euclid(1000)), words::alert_name(a, lang), words::alert_detail(a, lang));
        let (state, told) = (words::alert_marks(v, lang), words::alert_told(a, lang));
        table.row([
            a.id.to_string(),
            words::severity(a.severity, lang),
            state,
            at,
            span_short(lasts),
            name,
            detail,
            told,
        ]);
    }
    let mut text =
        if table.is_empty() { format!("{}\n", lang.pick("没有告警", "Nothing is wrong")) } else { table.lines() };
    for s in silences {
        text.push_str(&words::silence(s, &clock(s.until.0.div_euclid(1000)), lang));
        text.push('\n');
    }
    text
}

/// Alerts of the past, oldest first as people read.
pub fn alert_history(alerts: &[Alert], lang: Lang) -> String {
    let mut table = match lang {
        Lang::Zh => Table::new(["编号", "级别", "状态", "时间", "多久", "告警", "最坏", "通知"]),
        Lang::En => Table::new(["no.", "severity", "state", "since", "lasted", "alert", "worst", "told"]),
    };
    for a in alerts.iter().rev() {
        let (state, at) = (words::alert_state(a.state, lang), clock(a.since.0.div_euclid(1000)));
        let lasted = if a.until.is_some() { span_short(a.lasted) } else { "-".to_owned() };
        let (name, peak) = (words::alert_name(a, lang), words::measured(a.metric, a.peak));
        let told = words::alert_told(a, lang);
        table.row([a.id.to_string(), words::severity(a.severity, lang), state, at, lasted, name, peak, told]);
    }
    if table.is_empty() { format!("{}\n", lang.pick("没有记录", "Nothing yet")) } else { table.lines() }
}
