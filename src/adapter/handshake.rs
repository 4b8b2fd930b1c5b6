//! Who is let in by the reverse server, decided from the request alone, before the upgrade (onebot.md §1.1).

use std::net::IpAddr;

use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};
use ipnet::IpNet;
use subtle::ConstantTimeEq;

use super::link::LinkRole;
use super::token::Token;
use crate::config::Network;

/// Longest `X-Self-ID` that is kept (threats.md A31).
const LABEL: usize = 64;

/// What a request is measured by.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    pub paths: Vec<String>,
    pub token: Token,
    pub allow_query_token: bool,
    pub origins: Vec<String>,
    pub network: Network,
}

/// A request that is let in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Welcome {
    pub role: LinkRole,
    pub label: Option<String>,
    /// For the response.
    pub accept: String,
    /// A subprotocol of the adapter's own, echoed (Shamrock's `11.Shamrock`).
    pub protocol: Option<String>,
}

/// A request that is not, with a cause for the operator. The client learns the status only.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub cause: &'static str,
}

fn refuse<T>(status: StatusCode, cause: &'static str) -> Result<T, Refusal> {
    Err(Refusal { status, cause })
}

/// Whether this address may connect: deny wins, an empty `allow` lets the rest in.
pub(super) fn admits(network: &Network, address: IpAddr) -> bool {
    let listed = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
    !listed(&network.deny) && (network.allow.is_empty() || listed(&network.allow))
}

/// The client's own address: behind proxies that are trusted, the last one in `X-Forwarded-For` that is not
/// a trusted proxy itself. Anybody else's header is ignored.
pub(super) fn client(network: &Network, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let peer = peer.to_canonical();
    let trusted = |address: &IpAddr| network.trusted_proxies.iter().any(|net| net.contains(address));
    if !trusted(&peer) {
        return peer;
    }
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).collect();
    let hops: Vec<&str> = lines.iter().flat_map(|line| line.split(',')).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        // What cannot be read cannot be believed, nor anything left of it.
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
        if !trusted(&client) {
            break;
        }
    }
    client
}

/// Judges one request.
pub(super) fn judge(rules: &Rules, client: IpAddr, request: &Parts) -> Result<Welcome, Refusal> {
    let headers = &request.headers;
    if !admits(&rules.network, client) {
        return refuse(StatusCode::FORBIDDEN, "address not allowed by [network]");
    }
    if !rules.paths.iter().any(|path| path == request.uri.path()) {
        return refuse(StatusCode::NOT_FOUND, "no such path; see onebot.paths");
    }
    origin(rules, headers)?;
    authorise(rules, headers, request.uri.query())?;
    let accept = upgrade(request)?;
    Ok(Welcome { role: role(headers), label: label(headers)?, accept, protocol: protocol(headers) })
}

/// Adapters send no Origin; a browser always does (threats.md A10).
fn origin(rules: &Rules, headers: &HeaderMap) -> Result<(), Refusal> {
    let allowed = |origin: &[u8]| rules.origins.iter().any(|o| o == "*" || o.as_bytes() == origin);
    if headers.get_all(header::ORIGIN).iter().all(|origin| allowed(origin.as_bytes())) {
        return Ok(());
    }
    refuse(StatusCode::FORBIDDEN, "browser origin not in onebot.origins")
}

/// `Bearer`, `Token` or no scheme in any case, else `?access_token=`. NapCat sends an empty Bearer when it
/// has no token.
fn authorise(rules: &Rules, headers: &HeaderMap, query: Option<&str>) -> Result<(), Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let header = values.next();
    if values.next().is_some() {
        return refuse(StatusCode::BAD_REQUEST, "two Authorization headers");
    }
    if rules.token.is_empty() {
        return Ok(());
    }
    let given = bare(header.map(|value| value.as_bytes()).unwrap_or_default()).to_vec();
    let given = if given.is_empty() && rules.allow_query_token { query_token(query)? } else { given };
    match given.is_empty() {
        true => refuse(StatusCode::UNAUTHORIZED, "no token"),
        false if same(&given, rules.token.reveal().as_bytes()) => Ok(()),
        false => refuse(StatusCode::FORBIDDEN, "wrong token"),
    }
}

/// The token without its scheme.
fn bare(value: &[u8]) -> &[u8] {
    let value = value.trim_ascii();
    let end = value.iter().position(|b| *b == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    let known = scheme.eq_ignore_ascii_case(b"bearer") || scheme.eq_ignore_ascii_case(b"token");
    if known { rest.trim_ascii() } else { value }
}

/// Compares in a time that depends on the length of our own token alone.
fn same(given: &[u8], token: &[u8]) -> bool {
    let padded: Vec<u8> = (0..token.len()).map(|i| given.get(i).copied().unwrap_or(0)).collect();
    bool::from(padded.ct_eq(token)) & (given.len() == token.len())
}

fn query_token(query: Option<&str>) -> Result<Vec<u8>, Refusal> {
    let pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let mut tokens = pairs.filter(|(name, _)| *name == "access_token").map(|(_, value)| percent_decode(value));
    let token = tokens.next().unwrap_or_default();
    if tokens.next().is_some() {
        return refuse(StatusCode::BAD_REQUEST, "two access_token parameters");
    }
    Ok(token)
}

/// `%XX` back to bytes; what is no escape stays. A `+` stays too: tokens are not form fields.
fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let hex = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let escape = (*byte == b'%').then(|| Some(hex(bytes.get(at + 1)?)? * 16 + hex(bytes.get(at + 2)?)?)).flatten();
        plain.push(escape.unwrap_or(*byte));
        at += if escape.is_some() { 3 } else { 1 };
    }
    plain
}

/// The WebSocket part: what RFC 6455 asks of the request.
fn upgrade(request: &Parts) -> Result<String, Refusal> {
    let headers = &request.headers;
    let has = |name, wanted: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(wanted))
    };
    let one = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if request.method != Method::GET || request.version != Version::HTTP_11 {
        return refuse(StatusCode::BAD_REQUEST, "not a GET over HTTP/1.1");
    }
    if !has(header::CONNECTION, "upgrade") || !has(header::UPGRADE, "websocket") {
        return refuse(StatusCode::UPGRADE_REQUIRED, "not a WebSocket request");
    }
    if one("sec-websocket-version") != Some("13") {
        return refuse(StatusCode::UPGRADE_REQUIRED, "WebSocket version is not 13");
    }
    // Sixteen bytes in base64: 22 letters and two of padding.
    let letter = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    match one("sec-websocket-key").map(str::as_bytes) {
        Some(key) if key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(letter) => {
            Ok(tokio_tungstenite::tungstenite::handshake::derive_accept_key(key))
        }
        _ => refuse(StatusCode::BAD_REQUEST, "bad WebSocket key"),
    }
}

/// Adapters differ in case and spelling (`Api`, `API`); without the header a link does everything.
fn role(headers: &HeaderMap) -> LinkRole {
    let value = headers.get("x-client-role").map(|value| value.as_bytes().to_ascii_lowercase());
    match value.as_deref() {
        Some(b"api") => LinkRole::Api,
        Some(b"event") => LinkRole::Event,
        _ => LinkRole::Universal,
    }
}

fn label(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    match headers.get("x-self-id").map(|value| value.as_bytes()) {
        Some(value) if value.len() > LABEL => refuse(StatusCode::BAD_REQUEST, "X-Self-ID is over 64 bytes"),
        Some(value) if !value.is_empty() => Ok(Some(String::from_utf8_lossy(value).into_owned())),
        _ => Ok(None),
    }
}

fn protocol(headers: &HeaderMap) -> Option<String> {
    let offered = headers.get("sec-websocket-protocol")?.to_str().ok()?;
    offered.split(',').map(str::trim).find(|name| name.starts_with("11.")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use proptest::prelude::*;

    use super::*;

    fn rules(token: &str) -> Rules {
        Rules {
            paths: vec!["/ws".into(), "/".into()],
            token: token.into(),
            allow_query_token: true,
            origins: Vec::new(),
            network: Network::default(),
        }
    }

    fn request(uri: &str, more: &[(&str, &str)]) -> Parts {
        let mut request = Request::get(uri)
            .header("connection", "keep-alive, Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn status(rules: &Rules, uri: &str, more: &[(&str, &str)]) -> u16 {
        let client = "127.0.0.1".parse().unwrap();
        judge(rules, client, &request(uri, more)).map_or_else(|refusal| refusal.status.as_u16(), |_| 101)
    }

    #[test]
    fn tokens_come_in_every_form_of_the_adapters() {
        let rules = rules("s3cret+/=");
        let header = |value| status(&rules, "/ws", &[("authorization", value)]);
        for good in ["Bearer s3cret+/=", "bearer s3cret+/=", "Token s3cret+/=", "s3cret+/=", "Bearer  s3cret+/=  "] {
            assert_eq!(header(good), 101, "{good}");
        }
        for wrong in ["Bearer s3cret+/", "Bearer s3cret+/==", "Basic s3cret+/=", "bearers3cret+/="] {
            assert_eq!(header(wrong), 403, "{wrong}");
        }
        for none in ["", "Bearer", "Bearer ", "token"] {
            assert_eq!(header(none), 401, "{none}");
        }
        assert_eq!(status(&rules, "/ws", &[]), 401);
        assert_eq!(status(&rules, "/ws?access_token=s3cret%2B/=", &[]), 101);
        assert_eq!(status(&rules, "/ws?a=1&access_token=s3cret+%2f%3D", &[("authorization", "Bearer ")]), 101);
        assert_eq!(status(&rules, "/ws?access_token=x", &[]), 403);
        assert_eq!(status(&rules, "/ws?access_token=s3cret%2B/=&access_token=x", &[]), 400);
        assert_eq!(status(&rules, "/ws", &[("authorization", "s3cret+/="), ("authorization", "x")]), 400);
    }

    #[test]
    fn the_query_token_can_be_switched_off_and_no_token_lets_all_in() {
        let strict = Rules { allow_query_token: false, ..rules("s") };
        assert_eq!(status(&strict, "/ws?access_token=s", &[]), 401);
        assert_eq!(status(&rules(""), "/ws", &[("authorization", "Bearer whatever")]), 101);
    }

    #[test]
    fn paths_are_exact() {
        let rules = rules("");
        for (path, wanted) in
            [("/ws", 101), ("/", 101), ("/ws/", 404), ("/admin", 404), ("/ws/../admin", 404), ("//ws", 404)]
        {
            assert_eq!(status(&rules, path, &[]), wanted, "{path}");
        }
    }

    #[test]
    fn browsers_stay_out_unless_listed() {
        let mut rules = rules("");
        let origin = [("origin", "https://evil.example")];
        assert_eq!(status(&rules, "/ws", &origin), 403);
        rules.origins = vec!["https://evil.example".into()];
        assert_eq!(status(&rules, "/ws", &origin), 101);
        rules.origins = vec!["*".into()];
        assert_eq!(status(&rules, "/ws", &origin), 101);
    }

    #[test]
    fn only_websocket_is_upgraded() {
        let judged = |change: fn(&mut Parts)| {
            let mut parts = request("/ws", &[]);
            change(&mut parts);
            judge(&rules(""), "::1".parse().unwrap(), &parts).map_or_else(|r| r.status.as_u16(), |_| 101)
        };
        assert_eq!(judged(|_| {}), 101);
        assert_eq!(judged(|p| p.method = Method::POST), 400);
        assert_eq!(judged(|p| p.version = Version::HTTP_10), 400);
        assert_eq!(judged(|p| drop(p.headers.remove("upgrade"))), 426);
        assert_eq!(judged(|p| drop(p.headers.insert("sec-websocket-version", "8".parse().unwrap()))), 426);
        assert_eq!(judged(|p| drop(p.headers.insert("sec-websocket-key", "AAAA".parse().unwrap()))), 400);
    }

    #[test]
    fn labels_roles_and_subprotocols() {
        let welcome = |more: &[(&str, &str)]| judge(&rules(""), "::1".parse().unwrap(), &request("/ws", more));
        let api = welcome(&[
            ("x-client-role", "API"),
            ("x-self-id", "../../x"),
            ("sec-websocket-protocol", "a, 11.Shamrock"),
        ]);
        let api = api.unwrap();
        assert_eq!(
            (api.role, api.label.as_deref(), api.protocol.as_deref()),
            (LinkRole::Api, Some("../../x"), Some("11.Shamrock"))
        );
        assert_eq!(api.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(welcome(&[]).unwrap().role, LinkRole::Universal);
        assert_eq!(welcome(&[("x-self-id", &"1".repeat(65))]).unwrap_err().status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn deny_wins_and_mapped_addresses_are_the_addresses_they_map() {
        let network = Network {
            allow: vec!["10.0.0.0/8".parse().unwrap()],
            deny: vec!["10.1.0.0/16".parse().unwrap()],
            ..Network::default()
        };
        let admitted = |address: &str| admits(&network, client(&network, address.parse().unwrap(), &HeaderMap::new()));
        assert!(admitted("10.2.3.4") && admitted("::ffff:10.2.3.4"));
        assert!(!admitted("10.1.3.4") && !admitted("::ffff:10.1.3.4") && !admitted("192.168.0.1"));
        assert!(admits(&Network::default(), "192.168.0.1".parse().unwrap()));
    }

    #[test]
    fn forwarded_addresses_are_believed_of_trusted_proxies_only() {
        let network = Network { trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()], ..Network::default() };
        let from = |peer: &str, forwarded: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", forwarded.parse().unwrap());
            client(&network, peer.parse().unwrap(), &headers).to_string()
        };
        assert_eq!(from("127.0.0.1", "6.6.6.6, 9.9.9.9"), "9.9.9.9");
        assert_eq!(from("127.0.0.1", "9.9.9.9, 127.0.0.2"), "9.9.9.9");
        assert_eq!(from("127.0.0.1", "9.9.9.9, junk"), "127.0.0.1");
        assert_eq!(from("8.8.8.8", "9.9.9.9"), "8.8.8.8");
    }

    proptest! {
        #[test]
        fn percent_escapes_never_panic(text in ".*|(%[0-9a-fA-F%]{0,2}|a)*") {
            percent_decode(&text);
        }

        #[test]
        fn only_the_token_is_the_token(given in proptest::collection::vec(any::<u8>(), 0..12)) {
            prop_assert_eq!(same(&given, b"abc"), given == b"abc");
        }
    }
}
