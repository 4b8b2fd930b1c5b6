//! How an adapter finds the bot, for whoever has none yet.

use super::{Lang, quoted};
use crate::config::OneBot;

/// No account has connected yet, and how one would.
pub fn no_account(onebot: &OneBot, lang: Lang) -> String {
    let dialled: Vec<String> = onebot.dial.iter().filter(|dial| dial.enable).map(|dial| bare(&dial.url)).collect();
    let dialled = dialled.join(lang.pick("、", ", "));
    let invitation = match (door(onebot, lang), dialled.is_empty()) {
        (Some(door), true) => {
            say!(lang, "在 NapCat 里把反向 WebSocket 指到 {door}", "In NapCat point a reverse WebSocket to {door}")
        }
        (Some(door), false) => say!(
            lang,
            "qqdeck 正在连 {dialled}；也可以在 NapCat 里把反向 WebSocket 指到 {door}",
            "qqdeck dials {dialled}; or in NapCat point a reverse WebSocket to {door}"
        ),
        (None, false) => say!(
            lang,
            "qqdeck 正在连 {dialled}：看看那里的适配器开了没有，令牌对不对",
            "qqdeck dials {dialled}: see that an adapter listens there and takes the token"
        ),
        (None, true) => say!(
            lang,
            "config.toml 的 [onebot] 里既没有 listen，也没有 dial，适配器没有办法连上",
            "[onebot] in config.toml has neither listen nor dial, so no adapter can connect"
        ),
    };
    say!(lang, "还没有 QQ 账号连上来。{invitation}", "No QQ account has connected yet. {invitation}")
}

/// Where adapters dial in.
fn door(onebot: &OneBot, lang: Lang) -> Option<String> {
    let (listen, path) = (onebot.listen.first()?, onebot.paths.first()?);
    let scheme = if onebot.tls.cert.is_empty() { "ws" } else { "wss" };
    // Nobody can dial "any address"; which of them is meant is not known here.
    let listen = ["0.0.0.0:", "[::]:"]
        .iter()
        .find_map(|any| listen.strip_prefix(any))
        .map_or_else(|| listen.clone(), |port| say!(lang, "这台机器的地址:{port}", "THIS-MACHINE:{port}"));
    Some(format!("{scheme}://{}{}", quoted(&listen), quoted(path)))
}

/// A URL without what stands behind `?`, where tokens are.
fn bare(url: &str) -> String {
    quoted(url.split('?').next().unwrap_or_default())
}
