//! Segments of messages, and the CQ text that some adapters speak instead (onebot.md §3).

use std::borrow::Cow;

use serde_json::{Map, Value, json};

/// Words.
pub fn text(words: &str) -> Value {
    json!({"type": "text", "data": {"text": words}})
}

/// A mention; `"all"` for everybody.
pub fn at(whom: impl ToString) -> Value {
    json!({"type": "at", "data": {"qq": whom.to_string()}})
}

/// A quote.
pub fn reply(id: i64) -> Value {
    json!({"type": "reply", "data": {"id": id.to_string()}})
}

/// One of QQ's yellow faces, with NapCat's nested extra.
pub fn face(id: u32, words: &str) -> Value {
    json!({"type": "face", "data": {"id": id.to_string(), "raw": {"faceIndex": id, "faceText": words}}})
}

/// A picture that leads nowhere: port 9 of the loopback discards.
pub fn image(kind_key: &str, name: u32) -> Value {
    json!({"type": "image", "data": {
        "summary": "", "file": format!("{name:08X}.jpg"), kind_key: 0,
        "url": "http://127.0.0.1:9/none.jpg", "file_size": "4321"
    }})
}

/// The words of a message: its text segments, and those inside forward nodes.
pub fn plain(segments: &[Value]) -> String {
    let mut out = String::new();
    gather(segments, &mut out);
    out
}

fn gather(segments: &[Value], out: &mut String) {
    for segment in segments {
        let data = &segment["data"];
        match segment["type"].as_str() {
            Some("text") => out.push_str(data["text"].as_str().unwrap_or_default()),
            Some("node") => gather(&read(&data["content"], false), out),
            _ => {}
        }
    }
}

/// Any form of `message` that a request may have, as segments.
pub fn read(message: &Value, auto_escape: bool) -> Vec<Value> {
    match message {
        Value::String(words) if auto_escape => vec![text(words)],
        Value::String(cq) => decode(cq),
        Value::Array(all) => all.iter().map(|s| if s.is_object() { s.clone() } else { text(&s.to_string()) }).collect(),
        Value::Object(_) => vec![message.clone()],
        _ => Vec::new(),
    }
}

fn escape(words: &str) -> Cow<'_, str> {
    if words.contains(['&', '[', ']']) {
        words.replace('&', "&amp;").replace('[', "&#91;").replace(']', "&#93;").into()
    } else {
        words.into()
    }
}

fn unescape(words: &str) -> String {
    // `&amp;` last, or `&amp;#91;` would be read twice.
    words.replace("&#91;", "[").replace("&#93;", "]").replace("&#44;", ",").replace("&amp;", "&")
}

/// Segments as CQ text; empty values are left out, as NapCat does.
pub fn encode(segments: &[Value]) -> String {
    let mut out = String::new();
    for segment in segments {
        let data = &segment["data"];
        let kind = segment["type"].as_str().unwrap_or_default();
        if kind == "text" {
            out.push_str(&escape(data["text"].as_str().unwrap_or_default()));
            continue;
        }
        out.push_str("[CQ:");
        out.push_str(kind);
        for (key, value) in data.as_object().into_iter().flatten() {
            let words = match value {
                Value::Null => continue,
                Value::String(words) => words.clone(),
                other => other.to_string(),
            };
            if !words.is_empty() {
                out.push(',');
                out.push_str(key);
                out.push('=');
                out.push_str(&escape(&words).replace(',', "&#44;"));
            }
        }
        out.push(']');
    }
    out
}

/// CQ text as segments. What is not a code is text.
pub fn decode(cq: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let mut rest = cq;
    let mut words = String::new();
    while let Some(start) = rest.find("[CQ:") {
        let Some(end) = rest[start..].find(']') else { break };
        words.push_str(&rest[..start]);
        if !words.is_empty() {
            out.push(text(&unescape(&words)));
            words.clear();
        }
        out.push(code(&rest[start + 4..start + end]));
        rest = &rest[start + end + 1..];
    }
    words.push_str(rest);
    if !words.is_empty() {
        out.push(text(&unescape(&words)));
    }
    out
}

fn code(inner: &str) -> Value {
    let mut parts = inner.split(',');
    let kind = parts.next().unwrap_or_default();
    let data: Map<String, Value> = parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(key, value)| (key.to_owned(), unescape(value).into()))
        .collect();
    json!({"type": kind, "data": data})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cq_text_reads_back() {
        let said = [at(7), text(" a & [b], c &amp; "), json!({"type": "share", "data": {"title": "x,y]"}}), reply(-3)];
        assert_eq!(decode(&encode(&said)), said);
    }

    #[test]
    fn an_open_bracket_is_text() {
        assert_eq!(decode("x [CQ:at,qq=1"), [text("x [CQ:at,qq=1")]);
        assert_eq!(decode(""), Vec::<Value>::new());
    }

    #[test]
    fn words_are_found_in_forwards_too() {
        let nodes = [json!({"type": "node", "data": {"content": [text("a")]}}), text("b")];
        assert_eq!(plain(&nodes), "ab");
    }
}
