//! Alerts: what is wrong, for whoever looks and for whoever is told.

use crate::domain::{
    Alert, AlertState, AlertView, Delivered, Detail, Metric, NotificationText, Severity, Silence, SlowStage, Subject,
    Told, ToldWhat, Unit, Wall,
};

use super::{Lang, one_line, provider_error, quoted, span, span_short};

/// Foreign programs that are named.
const NAMED: usize = 3;

/// What is wrong with what, in a few words.
pub fn alert_name(alert: &Alert, lang: Lang) -> String {
    let name = named(alert);
    let rule = quoted(&alert.rule);
    match alert.metric {
        Metric::AdapterNone => say!(lang, "没有任何 QQ 适配器连上来", "no QQ adapter has connected"),
        Metric::AccountDown if matches!(alert.subject, Subject::Dial(_)) => {
            say!(lang, "主动连接的 {name} 没有账号上线", "no account has come up over the dialled adapter {name}")
        }
        Metric::AccountDown => say!(lang, "{name} 的适配器断开", "the adapter of {name} is gone"),
        Metric::AccountOffline => say!(lang, "{name} 的 QQ 离线", "{name} is offline at QQ"),
        Metric::AccountMuted => say!(lang, "在群 {name} 被禁言", "muted in the group {name}"),
        Metric::ProviderAside => say!(lang, "模型 {name} 被搁置", "the provider {name} is set aside"),
        Metric::ProvidersDown => say!(lang, "没有模型能回答", "no provider can answer"),
        Metric::StorageUnrecorded => say!(lang, "数据库写不进去", "the database takes no writes"),
        Metric::ConfigRefused => {
            say!(lang, "新配置有错，仍用旧的", "the configuration was refused; the former one holds")
        }
        Metric::QuotaReached => say!(lang, "今日额度用完", "today's quota is used up"),
        Metric::FirstP50 | Metric::FirstP95 | Metric::FirstP99 => {
            say!(lang, "{name} 回复慢", "{name} answers slowly")
        }
        Metric::TotalP50 | Metric::TotalP95 | Metric::TotalP99 => {
            say!(lang, "{name} 答完送到慢", "answers of {name} arrive slowly")
        }
        Metric::Errors => say!(lang, "错误太多", "too many errors"),
        Metric::Vram => say!(lang, "{name} 显存快满", "the memory of {name} is nearly full"),
        Metric::GpuBusy | Metric::GpuTemperature | Metric::Balance => {
            let what = metric(alert.metric, lang);
            say!(lang, "{name} {what}（{rule}）", "{what} of {name} ({rule})")
        }
        Metric::Queue
        | Metric::Inflight
        | Metric::Outbox
        | Metric::Unanswered
        | Metric::Cpu
        | Metric::Memory
        | Metric::DiskFree
        | Metric::TokensToday
        | Metric::CostToday => {
            let what = metric(alert.metric, lang);
            say!(lang, "{what}（{rule}）", "{what} ({rule})")
        }
    }
}

/// What it is about, by name, with an account's number behind.
fn named(alert: &Alert) -> String {
    let name = one_line(alert.name.raw(), 40);
    match &alert.subject {
        Subject::Account(id) if name != id.to_string() && !name.is_empty() => format!("{name} ({id})"),
        Subject::Account(id) => id.to_string(),
        Subject::Group(_, group) if name != group.to_string() && !name.is_empty() => format!("{name} ({group})"),
        Subject::Group(_, group) => group.to_string(),
        Subject::Provider(name) | Subject::Dial(name) => quoted(name),
        Subject::Gpu(index) if name.is_empty() => format!("GPU {index}"),
        Subject::Gpu(index) => format!("GPU {index} {name}"),
        Subject::Bot => name,
    }
}

/// What a metric measures.
pub fn metric(metric: Metric, lang: Lang) -> String {
    match metric {
        Metric::AccountDown => say!(lang, "适配器断开", "adapter gone"),
        Metric::AdapterNone => say!(lang, "没有适配器", "no adapter"),
        Metric::AccountOffline => say!(lang, "QQ 离线", "QQ offline"),
        Metric::AccountMuted => say!(lang, "被禁言", "muted"),
        Metric::ProviderAside => say!(lang, "模型被搁置", "provider set aside"),
        Metric::ProvidersDown => say!(lang, "没有模型可用", "no provider"),
        Metric::StorageUnrecorded => say!(lang, "数据库写不进去", "database not writable"),
        Metric::ConfigRefused => say!(lang, "配置被拒", "configuration refused"),
        Metric::QuotaReached => say!(lang, "额度用完", "quota used up"),
        Metric::FirstP50 => say!(lang, "首字用时中位数", "median time to first text"),
        Metric::FirstP95 => say!(lang, "首字用时 p95", "p95 of the time to first text"),
        Metric::FirstP99 => say!(lang, "首字用时 p99", "p99 of the time to first text"),
        Metric::TotalP50 => say!(lang, "全程用时中位数", "median of the whole time"),
        Metric::TotalP95 => say!(lang, "全程用时 p95", "p95 of the whole time"),
        Metric::TotalP99 => say!(lang, "全程用时 p99", "p99 of the whole time"),
        Metric::Errors => say!(lang, "错误数", "errors"),
        Metric::Queue => say!(lang, "排队的消息", "messages in queue"),
        Metric::Inflight => say!(lang, "正在回答的问题", "questions at models"),
        Metric::Outbox => say!(lang, "待发的消息", "parts to be delivered"),
        Metric::Unanswered => say!(lang, "等人处理的事", "things that wait for a human"),
        Metric::Vram => say!(lang, "显存", "card memory"),
        Metric::GpuBusy => say!(lang, "显卡占用", "card load"),
        Metric::GpuTemperature => say!(lang, "显卡温度", "card temperature"),
        Metric::Cpu => say!(lang, "处理器占用", "processor load"),
        Metric::Memory => say!(lang, "内存", "memory"),
        Metric::DiskFree => say!(lang, "磁盘剩余", "free disk space"),
        Metric::Balance => say!(lang, "余额", "balance"),
        Metric::TokensToday => say!(lang, "今日 token", "tokens today"),
        Metric::CostToday => say!(lang, "今日费用", "cost today"),
    }
}

/// A measured value with its unit, the same in both languages; empty for what is only so or not so.
pub fn measured(metric: Metric, value: f64) -> String {
    match metric.unit() {
        Unit::Flag => String::new(),
        Unit::Count => format!("{value:.0}"),
        Unit::Seconds => span_short(std::time::Duration::from_secs_f64(value.clamp(0.0, 1e9))),
        Unit::Percent => format!("{value:.1}%"),
        Unit::Celsius => format!("{value:.0}°C"),
        Unit::Bytes => bytes(value),
        Unit::Money => format!("{value:.2}"),
    }
}

fn bytes(value: f64) -> String {
    const GIB: f64 = 1_073_741_824.0;
    if value >= GIB { format!("{:.1} GiB", value / GIB) } else { format!("{:.0} MiB", value / (GIB / 1024.0)) }
}

/// What there is to say besides the name: the figure, the cause, the culprit. Empty where there is nothing.
pub fn alert_detail(alert: &Alert, lang: Lang) -> String {
    let (value, threshold) = (measured(alert.metric, alert.value), measured(alert.metric, alert.threshold));
    let mut parts = Vec::new();
    if alert.no_data {
        parts.push(say!(lang, "已没有数据", "no data any more"));
    } else if !value.is_empty() && alert.state != AlertState::Resolved {
        parts.push(say!(lang, "{value}，阈值 {threshold}", "{value}, threshold {threshold}"));
    }
    parts.extend(cause(&alert.detail, lang).filter(|cause| !cause.is_empty()));
    parts.join(lang.pick("；", "; "))
}

fn cause(detail: &Detail, lang: Lang) -> Option<String> {
    Some(match detail {
        Detail::None => return None,
        Detail::Said(words) => quoted(words.raw()),
        Detail::Until(None) => say!(lang, "没有期限", "until further notice"),
        Detail::Until(Some(_)) => return None,
        Detail::Provider(error) => provider_error(error, lang),
        Detail::Providers(words) => {
            let each = words.iter().map(|(name, error)| {
                let (name, error) = (quoted(name), provider_error(error, lang));
                say!(lang, "{name} {error}", "{name}: {error}")
            });
            each.collect::<Vec<_>>().join(lang.pick("；", "; "))
        }
        Detail::Slow { stage, share } => {
            let stage = slow_stage(*stage, lang);
            say!(lang, "慢在{stage}（占 {share}%）", "most of it is {stage} ({share} %)")
        }
        Detail::Memory { used, total, foreign, spilled } => memory(*used, *total, foreign, spilled, lang),
        Detail::Errors { answers, sends, panics, storage } => {
            let kinds = [
                (answers, lang.pick("没答上来", "unanswered")),
                (sends, lang.pick("没发出去", "not delivered")),
                (panics, lang.pick("程序崩溃", "panics")),
                (storage, lang.pick("数据库", "database")),
            ];
            let kinds = kinds.into_iter().filter(|(n, _)| **n > 0).map(|(n, what)| format!("{what} {n}"));
            kinds.collect::<Vec<_>>().join(" · ")
        }
        Detail::Config(trouble) => {
            let lines = lang.pick(&trouble.zh, &trouble.en).lines();
            let mut lines = lines.map(|line| one_line(line, 200));
            let first = lines.next().unwrap_or_default();
            match lines.count() {
                0 => first,
                more => say!(lang, "{first}（还有 {more} 处）", "{first} (and {more} more)"),
            }
        }
        Detail::Storage(words) => {
            let words = quoted(words);
            let promise = say!(lang, "暂时不能保证不重复回复", "replies may double meanwhile");
            if words.is_empty() { promise } else { say!(lang, "{words}；{promise}", "{words}; {promise}") }
        }
        Detail::Quota { tokens: true } => say!(lang, "token 到上限了", "the limit of tokens is reached"),
        Detail::Quota { tokens: false } => say!(lang, "费用到上限了", "the limit of money is reached"),
    })
}

fn memory(used: u64, total: u64, foreign: &[(String, u64)], spilled: &[std::sync::Arc<str>], lang: Lang) -> String {
    let mut parts = vec![format!("{} / {}", bytes(used as f64), bytes(total as f64))];
    if !foreign.is_empty() {
        let each = foreign.iter().take(NAMED).map(|(name, taken)| format!("{} {}", quoted(name), bytes(*taken as f64)));
        let names = each.collect::<Vec<_>>().join(lang.pick("、", ", "));
        parts.push(say!(lang, "别的程序占着：{names}", "taken by other programs: {names}"));
    }
    if !spilled.is_empty() {
        let names: Vec<_> = spilled.iter().map(|name| quoted(name)).collect();
        let names = names.join(lang.pick("、", ", "));
        parts.push(say!(lang, "{names} 有几层落到了处理器上", "layers of {names} run on the processor"));
    }
    parts.join(lang.pick("；", "; "))
}

/// Where the time goes.
pub fn slow_stage(stage: SlowStage, lang: Lang) -> String {
    match stage {
        SlowStage::Queue => say!(lang, "排队", "waiting in queue"),
        SlowStage::Load => say!(lang, "载入模型", "loading the model"),
        SlowStage::FirstToken => say!(lang, "等首字", "waiting for the first token"),
        SlowStage::Generation => say!(lang, "生成", "generation"),
        SlowStage::Send => say!(lang, "发送", "sending"),
    }
}

/// How bad.
pub fn severity(severity: Severity, lang: Lang) -> String {
    match severity {
        Severity::Info => say!(lang, "提示", "info"),
        Severity::Warning => say!(lang, "警告", "warning"),
        Severity::Critical => say!(lang, "严重", "critical"),
    }
}

/// How far.
pub fn alert_state(state: AlertState, lang: Lang) -> String {
    match state {
        AlertState::Pending => say!(lang, "观察中", "pending"),
        AlertState::Firing => say!(lang, "告警中", "firing"),
        AlertState::Resolved => say!(lang, "已恢复", "resolved"),
    }
}

/// What a destination was told.
pub fn told_what(what: ToldWhat, lang: Lang) -> String {
    match what {
        ToldWhat::Held => say!(lang, "暂存，稍后补发", "held back, told later"),
        ToldWhat::Firing => say!(lang, "已通知", "told"),
        ToldWhat::Flapping => say!(lang, "已通知时好时坏", "told that it flaps"),
        ToldWhat::Resolved => say!(lang, "已通知恢复", "told that it is over"),
    }
}

/// What a destination was told, or why it was not.
pub fn how_told(told: &Told, lang: Lang) -> String {
    match &told.fault {
        Some(fault) => super::notify_fault(fault, lang),
        None if told.is_under_way() => say!(lang, "正在通知", "being told"),
        None => told_what(told.what, lang),
    }
}

/// Why nobody can be told over QQ.
pub fn no_account_to_notify(lang: Lang) -> String {
    say!(lang, "没有能用的 QQ 号，或没有配置管理员", "no account can send, or no admin is configured")
}

/// How far an alert is, with the marks on it.
pub fn alert_marks(view: &AlertView, lang: Lang) -> String {
    let alert = &view.alert;
    let mut marks = vec![alert_state(alert.state, lang)];
    if alert.flapping {
        marks.push(say!(lang, "时好时坏", "flapping"));
    }
    if let Some(by) = &alert.acked {
        let by = quoted(by.raw());
        marks.push(say!(lang, "{by} 已确认", "known to {by}"));
    }
    if let Some((_, by)) = &view.silenced {
        let by = quoted(by.raw());
        marks.push(say!(lang, "{by} 静默", "silenced by {by}"));
    }
    if let Some(by) = &view.inhibited {
        let by = quoted(by);
        marks.push(say!(lang, "因 {by} 不另通知", "covered by {by}"));
    }
    if view.quiet && alert.state != AlertState::Resolved {
        marks.push(say!(lang, "不必处理，不通知", "needs nobody"));
    }
    marks.join(lang.pick("，", ", "))
}

/// Who was told of it, and where that failed; empty where nobody was.
pub fn alert_told(alert: &Alert, lang: Lang) -> String {
    let one = |told: &Told| {
        let to = quoted(&told.to);
        let words = how_told(told, lang);
        say!(lang, "{to} {words}", "{to}: {words}")
    };
    alert.told.iter().map(one).collect::<Vec<_>>().join(lang.pick("；", "; "))
}

/// A silence, on one line; `until` on the reader's clock.
pub fn silence(silence: &Silence, until: &str, lang: Lang) -> String {
    let labels = silence.labels.iter().map(|(name, value)| format!(" {name}={value}"));
    let rule = format!("{}{}", silence.rule, labels.collect::<String>());
    let (rule, by, reason) = (quoted(&rule), quoted(silence.by.raw()), quoted(&silence.reason));
    let why = if reason.is_empty() { reason } else { say!(lang, "（{reason}）", " ({reason})") };
    say!(lang, "静默 {rule}，到 {until}，{by}{why}", "silence of {rule} until {until}, by {by}{why}")
}

/// That a rule is silenced now.
pub fn silenced(rule: &str, during: std::time::Duration, lang: Lang) -> String {
    let (rule, during) = (quoted(rule), span(during, lang));
    say!(lang, "{rule} 静默 {during}", "{rule} is silenced for {during}")
}

/// How a test of each destination went; a line each.
pub fn delivered(all: &[Delivered], lang: Lang) -> String {
    let line = |one: &Delivered| {
        let (to, fault) = (quoted(&one.to), one.fault.as_ref().map(|fault| super::notify_fault(fault, lang)));
        match fault {
            None => say!(lang, "{to}：已送到", "{to}: delivered"),
            Some(fault) => say!(lang, "{to}：{fault}", "{to}: {fault}"),
        }
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn with_detail(alert: &Alert, lang: Lang) -> String {
    let (name, detail) = (alert_name(alert, lang), alert_detail(alert, lang));
    if detail.is_empty() { name } else { say!(lang, "{name}：{detail}", "{name}: {detail}") }
}

/// It began.
pub fn alert_firing(alert: &Alert, offset: i32, lang: Lang) -> String {
    let (words, since) = (with_detail(alert, lang), time_of_day(alert.since, offset));
    say!(lang, "{words}（{since} 起）", "{words} (since {since})")
}

/// It is still so.
pub fn alert_again(alert: &Alert, offset: i32, lang: Lang) -> String {
    let words = alert_firing(alert, offset, lang);
    say!(lang, "仍未恢复：{words}", "still so: {words}")
}

/// It comes and goes.
pub fn alert_flapping(alert: &Alert, lang: Lang) -> String {
    let words = with_detail(alert, lang);
    say!(
        lang,
        "时好时坏，稳定之前不再打扰：{words}",
        "comes and goes; nothing more is said until it is stable: {words}"
    )
}

/// It is over.
pub fn alert_resolved(alert: &Alert, lang: Lang) -> String {
    let (name, lasted, peak) = (alert_name(alert, lang), span(alert.lasted, lang), peak(alert, lang));
    let blind = if alert.no_data { lang.pick("；已没有数据", "; no data any more") } else { "" };
    say!(lang, "已恢复：{name}，持续 {lasted}{peak}{blind}", "over: {name}, after {lasted}{peak}{blind}")
}

/// It was so while nothing could be told.
pub fn alert_was(alert: &Alert, offset: i32, lang: Lang) -> String {
    let (name, peak) = (alert_name(alert, lang), peak(alert, lang));
    let from = time_of_day(alert.since, offset);
    let to = time_of_day(alert.until.unwrap_or(alert.since), offset);
    say!(lang, "曾经：{name}，{from}–{to}{peak}，已恢复", "was: {name}, {from}–{to}{peak}, over now")
}

fn peak(alert: &Alert, lang: Lang) -> String {
    let peak = measured(alert.metric, alert.peak);
    if peak.is_empty() { peak } else { say!(lang, "，最坏 {peak}", ", at worst {peak}") }
}

/// `22:10` where the bot lives.
fn time_of_day(at: Wall, offset: i32) -> String {
    let minutes = (at.0.div_euclid(1000) + i64::from(offset)).rem_euclid(86_400) / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The one line above a message.
pub fn notification_title(worst: Severity, resolved: bool, first: &str, count: usize, lang: Lang) -> String {
    let how = if resolved { alert_state(AlertState::Resolved, lang) } else { severity(worst, lang) };
    match count {
        0 | 1 => say!(lang, "{how}：{first}", "{how}: {first}"),
        _ => say!(lang, "{how}：{first}等 {count} 项", "{how}: {first} and others, {count} in all"),
    }
}

/// The title of a test.
pub fn notification_test(lang: Lang) -> String {
    say!(lang, "测试通知", "a test")
}

/// What a test says.
pub fn notification_test_body(lang: Lang) -> String {
    say!(lang, "收到这条，说明告警能送到这里。", "If you can read this, alerts reach you here.")
}

/// A message as one text of so many characters at most, for those who read it in a chat.
pub fn notification_as_text(message: &NotificationText, most: usize) -> String {
    let (instance, title) = (quoted(&message.instance), one_line(&message.title, 200));
    let text = format!("[{instance}] {title}\n{}", message.body);
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
