//! ServerChan (Server 酱): <https://sct.ftqq.com/> and <https://sc3.ft07.com/>. The key says which of the two it is
//! for, and is part of the address.

use jiff::Timestamp;
use reqwest::Url;
use serde_json::json;

use super::courier::Fault;
use super::hook::{Letter, Service, by_code};
use super::letter;
use crate::domain::NotificationText;

/// Characters of a title.
const TITLE: usize = 32;
/// The service takes 32 KB of Markdown; every character may become two.
const BODY: usize = 15_000;

/// One receiver.
pub struct ServerChan {
    /// The whole address, key included.
    pub url: Url,
}

impl ServerChan {
    /// The address of a key, at its own server or another.
    ///
    /// # Errors
    /// What is wrong, without the key.
    pub fn new(key: &str, server: &str) -> Result<Self, String> {
        let odd = || "`key` is no SendKey: it begins with SCT, or with sctp and a number".to_owned();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
            return Err(odd());
        }
        let three = key.strip_prefix("sctp");
        let number = three.and_then(|rest| rest.split_once('t')).map(|(number, _)| number);
        let path = if three.is_some() { format!("send/{key}.send") } else { format!("{key}.send") };
        let base = match (three, number) {
            _ if !server.is_empty() => server.trim_end_matches('/').to_owned(),
            (None, _) => "https://sctapi.ftqq.com".to_owned(),
            (_, Some(number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("https://{number}.push.ft07.com")
            }
            _ => return Err(odd()),
        };
        let url = Url::parse(&format!("{base}/{path}")).map_err(|_| "`server` is not an address".to_owned())?;
        Ok(Self { url })
    }
}

impl Service for ServerChan {
    fn letter(&self, text: &NotificationText, _: Timestamp) -> Letter {
        let head = letter::head(text);
        let title = letter::chars(&head, TITLE);
        // What the title has no room for is said below it.
        let body = if title == head { text.body.clone() } else { format!("{head}\n{}", text.body) };
        Letter::new(&self.url, &json!({"title": title, "desp": markdown(&letter::bytes(&body, BODY))}))
    }

    fn read(&self, body: &[u8]) -> Result<(), Fault> {
        by_code(body, &["code"], 0, &[])
    }
}

/// The same words as Markdown: what would be a mark is none, and a line stays a line.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\n\n"),
            c if "\\`*_{}[]<>()#+-.!|~&".contains(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_knows_its_server() {
        let url = |key, server| ServerChan::new(key, server).map(|to| to.url.to_string());
        assert_eq!(url("SCT12abC", "").unwrap(), "https://sctapi.ftqq.com/SCT12abC.send");
        assert_eq!(url("sctp42tAbC", "").unwrap(), "https://42.push.ft07.com/send/sctp42tAbC.send");
        assert_eq!(url("sctp42tAbC", "http://h:1/").unwrap(), "http://h:1/send/sctp42tAbC.send");
        for bad in ["", "sctpxt1", "sctpt1", "SCT/../x", "sctp42"] {
            let words = url(bad, "").unwrap_err();
            assert!(!words.contains("../"), "{words}");
        }
    }

    #[test]
    fn words_are_not_markdown() {
        assert_eq!(markdown("a*b\n#c"), "a\\*b\n\n\\#c");
    }
}
