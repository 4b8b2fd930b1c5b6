//! Answers as JSON: codes for scripts and words for people side by side.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::Limits;
use crate::domain::{
    AccountView, Alert, AlertState, AlertView, AppKind, Audit, Author, ChatView, Decision, Delivered, Gpu, Item,
    ItemId, Latency, Line, LogLine, Percentiles, ProviderView, Silence, Snapshot, Told, Verdict, Wall,
};
use crate::words::{self, Lang};

/// A moment: `2025-11-21T23:14:05.123Z`.
pub fn moment(at: Wall) -> Value {
    jiff::Timestamp::from_millisecond(at.0).map_or(Value::Null, |t| Value::String(t.to_string()))
}

fn millis(d: Duration) -> Value {
    // Three decimals: a stage may take less than a millisecond.
    json!((d.as_secs_f64() * 1e6).round() / 1e3)
}

fn maybe_millis(d: Option<Duration>) -> Value {
    d.map_or(Value::Null, millis)
}

/// `{action, stage, reason, words, …}`, as `explain` has it too.
pub fn verdict(verdict: &Verdict, lang: Lang) -> Value {
    let action = match verdict.decision {
        Decision::Reply => "reply",
        Decision::Command => "command",
        Decision::Ignore => "ignore",
    };
    json!({
        "action": action,
        "stage": verdict.gate,
        "reason": verdict.reason.code(),
        "words": words::verdict(verdict, lang),
        "key": verdict.reason.config_key(),
        "hint": words::hint(&verdict.reason, lang),
    })
}

/// One line of the log.
pub fn log(line: &LogLine) -> Value {
    let at = moment(line.at);
    json!({"seq": line.seq, "at": at, "level": line.level, "target": line.target, "text": line.text})
}

/// One line of a conversation.
pub fn line(line: &Line, lang: Lang) -> Value {
    let (kind, id) = match &line.author {
        Author::Person { id, .. } => ("person", Some(id.0)),
        Author::Bot => ("bot", None),
        Author::Operator(_) => ("operator", None),
        Author::Notice => ("notice", None),
    };
    let name = match &line.author {
        Author::Person { name, .. } | Author::Operator(name) => Some(name.raw()),
        Author::Bot | Author::Notice => None,
    };
    let mut fields = Map::from_iter([
        ("seq".to_owned(), json!(line.seq)),
        ("chat".to_owned(), json!(line.conversation.to_string())),
        ("at".to_owned(), moment(line.at)),
        ("from".to_owned(), json!({"kind": kind, "id": id, "name": name})),
        ("text".to_owned(), json!(line.text.raw())),
        ("message_id".to_owned(), json!(line.message)),
        ("answers".to_owned(), json!(line.answers)),
        ("recalled".to_owned(), json!(line.recalled)),
    ]);
    if let Some(v) = &line.verdict {
        fields.insert("verdict".to_owned(), verdict(v, lang));
    }
    if let Some(o) = &line.outcome {
        fields.insert("outcome".to_owned(), json!({"code": o.code(), "words": words::outcome(o, lang)}));
    }
    if let Some(d) = line.delivery {
        fields.insert("delivery".to_owned(), json!({"code": d.code(), "words": words::delivery(d, lang)}));
    }
    if let Some(m) = &line.making {
        let making = json!({
            "provider": m.provider, "model": m.model, "queued_ms": millis(m.queued),
            "load_ms": maybe_millis(m.load), "first_text_ms": maybe_millis(m.first_text), "total_ms": millis(m.total),
            "input": m.tokens.input, "cached_input": m.tokens.cached, "output": m.tokens.output,
            "tokens_per_second": m.tokens_per_second, "cost": m.cost, "cut": m.cut, "cached": m.cached,
        });
        fields.insert("making".to_owned(), making);
    }
    Value::Object(fields)
}

/// One account.
pub fn account(a: &AccountView, lang: Lang) -> Value {
    let app = match a.app {
        AppKind::Napcat => "napcat",
        AppKind::Llonebot => "llonebot",
        AppKind::Lagrange => "lagrange",
        AppKind::Gocqhttp => "gocqhttp",
        AppKind::Other => "other",
    };
    json!({
        "self_id": a.id, "nickname": a.nickname.raw(), "online": a.online, "connected": a.connected,
        "adapter": a.adapter.raw(), "app": app, "peer": a.peer, "reason": a.reason.raw(), "since": moment(a.since),
        "last_event": moment(a.last_event), "restarting": a.restarting,
        "muted": a.muted.iter().map(|(g, until)| json!({"group": g, "until": until.map(moment)})).collect::<Vec<_>>(),
        "words": words::account(a, lang),
    })
}

/// One provider.
pub fn provider(p: &ProviderView, lang: Lang) -> Value {
    json!({
        "name": p.name, "model": p.model, "kind": p.kind, "state": p.state,
        "words": words::provider_state(p.state, lang), "failure": p.failure.as_ref().map(ToString::to_string), "retry_at": p.retry_at.map(moment),
        "inflight": p.inflight, "queued": p.queued, "ttft_p50_ms": maybe_millis(p.ttft_p50),
        "resident": p.resident, "balance": p.balance, "version": p.version,
        "resident_words": p.resident.as_ref().filter(|r| r.loaded).map(|r| words::residency(r, lang)),
        "spilled": p.resident.as_ref().is_some_and(|r| r.loaded && r.size_vram < r.size),
        "latency_ms": {
            "load": percentiles(&p.latency.load), "first_text": percentiles(&p.latency.first_text),
            "generation": percentiles(&p.latency.generation),
        },
        "tokens_per_second": speeds(&p.latency.per_token),
    })
}

/// One card.
fn gpu(g: &Gpu, lang: Lang) -> Value {
    let mut value = json!(g);
    if let Value::Object(fields) = &mut value {
        let split = g.split();
        fields.insert("share".to_owned(), json!(g.share()));
        fields.insert("model_memory".to_owned(), json!(split.map(|(model, _)| model)));
        fields.insert("foreign_memory".to_owned(), json!(split.map(|(_, foreign)| foreign)));
        fields.insert("words".to_owned(), json!(words::gpu_state(&g.state, lang)));
    }
    value
}

/// How full today's quotas are; `null` where there is none.
pub fn quota(s: &Snapshot, limits: &Limits) -> Value {
    let of = |used: f64, most: f64| match most > 0.0 {
        true => json!({"used": used, "limit": most, "share": used / most}),
        false => Value::Null,
    };
    let tokens = s.today.input + s.today.output;
    json!({"tokens": of(tokens as f64, limits.tokens_per_day as f64), "cost": of(s.today.cost, limits.cost_per_day)})
}

/// What is left at the vendors that tell.
pub fn balances(s: &Snapshot) -> Value {
    let told = s.providers.iter().filter(|p| p.balance.is_some());
    told.map(|p| json!({"provider": p.name, "balance": p.balance})).collect()
}

/// One chat.
pub fn chat(c: &ChatView, lang: Lang) -> Value {
    json!({
        "chat": c.id.to_string(), "name": c.state.name.raw(), "mode": c.mode, "mode_words": words::mode(c.mode, lang),
        "mode_until": c.state.mode.and_then(|(_, until)| until).map(moment),
        "persona": c.persona, "provider": c.state.provider, "queued": c.queued, "writing": c.writing.len(),
        "paused": c.state.paused, "bot_muted_until": c.state.bot_muted.map(moment), "note": c.state.note,
        "claim": c.claim.as_ref().map(|claim| json!({"operator": claim.operator.raw(), "until": moment(claim.until)})),
        "timings": c.tail.iter().rev().find_map(|l| l.making.as_ref()).map(|m| json!({
            "queued_ms": millis(m.queued), "load_ms": maybe_millis(m.load), "first_text_ms": maybe_millis(m.first_text),
            "total_ms": millis(m.total), "tokens_per_second": m.tokens_per_second, "provider": m.provider,
        })),
        "window": c.window, "today": c.today,
        "version": c.state.version, "changed_by": c.state.by.raw(), "last": c.tail.last().map(|l| line(l, lang)),
    })
}

/// One thing that waits for a human.
pub fn item(id: ItemId, item: &Item, lang: Lang) -> Value {
    json!({
        "id": id, "kind": words::item_code(&item.kind), "chat": item.conversation.map(|c| c.to_string()),
        "since": moment(item.since), "expires": item.expires.map(moment), "words": words::item(&item.kind, lang),
        "what": item.kind,
    })
}

/// One alert.
pub fn alert(a: &Alert, lang: Lang) -> Value {
    let labels: Map<String, Value> = a.subject.labels().into_iter().map(|(name, value)| (name, json!(value))).collect();
    json!({
        "id": a.id, "rule": a.rule, "state": a.state, "since": moment(a.since), "severity": a.severity,
        "fingerprint": a.fingerprint(), "labels": labels, "name": a.name.raw(), "metric": a.metric,
        "value": a.value, "peak": a.peak, "threshold": a.threshold,
        "fired": a.fired.map(moment), "until": a.until.map(moment),
        "lasted_ms": a.until.map(|_| millis(a.lasted)),
        "no_data": a.no_data, "flapping": a.flapping, "acked_by": a.acked.as_ref().map(|by| by.raw()),
        "told": a.told.iter().map(|t| told(t, lang)).collect::<Vec<_>>(),
        "words": words::alert_name(a, lang), "detail": words::alert_detail(a, lang), "what": a.detail,
    })
}

/// One alert with the marks that are on it now.
pub fn alert_view(v: &AlertView, lang: Lang) -> Value {
    let mut value = alert(&v.alert, lang);
    if let Value::Object(fields) = &mut value {
        let silenced = v.silenced.as_ref().map(|(until, by)| json!({"until": moment(*until), "by": by.raw()}));
        fields.insert("silenced".to_owned(), silenced.unwrap_or_default());
        fields.insert("inhibited_by".to_owned(), json!(v.inhibited));
        fields.insert("quiet".to_owned(), json!(v.quiet));
    }
    value
}

fn told(t: &Told, lang: Lang) -> Value {
    json!({
        "to": t.to, "what": t.what, "at": moment(t.at), "fault": t.fault, "arrived": t.before.is_none(),
        "words": words::how_told(t, lang),
    })
}

/// One silence.
pub fn silence(s: &Silence) -> Value {
    let labels: Map<String, Value> = s.labels.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({"rule": s.rule, "labels": labels, "until": moment(s.until), "by": s.by.raw(), "reason": s.reason})
}

/// How one destination took a test.
pub fn delivered(one: &Delivered, lang: Lang) -> Value {
    let words = one.fault.as_ref().map(|fault| words::notify_fault(fault, lang));
    json!({"to": one.to, "ok": one.fault.is_none(), "fault": one.fault, "words": words})
}

/// One line of the audit.
pub fn audit(a: &Audit) -> Value {
    json!({"at": moment(a.at), "operator": a.operator.raw(), "command": a.command, "result": a.result})
}

fn percentiles(p: &Percentiles) -> Map<String, Value> {
    [("p50", p.p50), ("p95", p.p95), ("p99", p.p99)]
        .map(|(name, d)| (name.to_owned(), maybe_millis(d)))
        .into_iter()
        .collect()
}

/// Tokens a second: the median answer, and what 95 of 100 reach.
fn speeds(per_token: &Percentiles) -> Value {
    let (usual, slow) = per_token.speeds();
    json!({"p50": usual, "p95": slow})
}

/// Percentiles by stage; those of the whole way also stand at the top.
fn latency(l: &Latency) -> Value {
    let mut fields = percentiles(&l.total);
    fields.insert("tokens_per_second".to_owned(), speeds(&l.per_token));
    let stages = [
        ("queue", &l.queue),
        ("load", &l.load),
        ("first_text", &l.first_text),
        ("generation", &l.generation),
        ("send", &l.send),
        ("total", &l.total),
    ];
    fields.extend(stages.map(|(name, p)| (name.to_owned(), Value::Object(percentiles(p)))));
    Value::Object(fields)
}

/// The overview.
pub fn status(s: &Snapshot, lang: Lang) -> Map<String, Value> {
    let value = json!({
        "version": super::hello::VERSION,
        "instance": s.instance,
        "now": moment(s.now.wall),
        "accounts": s.accounts.iter().map(|a| account(a, lang)).collect::<Vec<_>>(),
        "providers": s.providers.iter().map(|p| provider(p, lang)).collect::<Vec<_>>(),
        "counters": s.counters,
        "latency_ms": latency(&s.latency),
        "gpus": s.gauges.iter().flat_map(|g| &g.gpus).map(|g| gpu(g, lang)).collect::<Vec<_>>(),
        "no_gpu": s.gauges.as_ref().and_then(|g| g.no_gpu.as_ref()).map(|why| json!({"code": why, "words": words::no_gpu(why, lang)})),
        "gpus_simulated": s.gauges.as_ref().is_some_and(|g| g.simulated),
        "host": s.gauges.as_ref().map(|g| &g.host),
        "refused_links": s.refused.last.as_ref().map(|last| json!({
            "count": s.refused.count, "at": moment(last.at), "peer": last.peer, "cause": last.cause.raw(),
        })),
        "alerts": s.alerts.iter().filter(|v| v.alert.state != AlertState::Resolved)
            .map(|v| alert_view(v, lang)).collect::<Vec<_>>(),
        "attention": s.attention.iter().map(|(id, i)| item(*id, i, lang)).collect::<Vec<_>>(),
        "outbox": s.outbox,
        "queued": s.queued,
        "inflight": s.inflight,
        "usage_today": s.today,
        "unrecorded": s.unrecorded,
        "stopping": s.stopping,
    });
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
