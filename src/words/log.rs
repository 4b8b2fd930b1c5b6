//! Lines of the program's log for whoever reads Chinese. The files are in English, for `grep` and for bug reports; the
//! console says the same sentences in the reader's language. A test holds every sentence of the program to this table.

use super::Lang;

/// Sentences of the program, `{}` where something is filled in.
#[rustfmt::skip]
const SENTENCES: &[(&str, &str)] = &[
    ("account is up", "账号上线"),
    ("link is down", "链路断开"),
    ("connection refused", "拒绝了连接"),
    ("QQ is online", "QQ 在线"),
    ("QQ is offline", "QQ 掉线"),
    ("QQ does not tell whether it is online", "QQ 没说在不在线"),
    ("unreadable frames", "读不懂的帧"),
    ("a model's real context is shorter than its `context` says", "模型实际的上下文比 `context` 写的短"),
    ("the store cannot commit", "数据库写不进去"),
    ("nothing is known of the machine", "读不到主机的状态"),
    ("the adapter was restarted", "适配器已重启"),
    ("the adapter was not restarted", "适配器没能重启"),
    ("configuration reloaded", "配置已重新读入"),
    ("configuration refused; the old one holds: {}", "配置有错，原来的仍然有效：{}"),
    ("takes effect after a restart", "重启后才生效"),
    ("given up: the store is too far behind", "放弃：数据库跟不上"),
    ("cannot load a conversation", "读不出一个会话"),
    ("given up: the store has no room for them", "放弃：数据库装不下"),
    ("the store remembers nothing", "数据库什么也没记住"),
    ("cannot watch the configuration; it is read on reload only", "盯不住配置文件，只在重载时读"),
    ("the engine panicked; its input is kept", "引擎崩溃，输入已留下"),
    ("the engine panicked, and its input could not be kept", "引擎崩溃，输入没能留下"),
    ("listening for QQ adapters", "等待 QQ 适配器连接"),
    ("the store", "数据库"),
    ("nobody looks at the machine", "没人看主机状态"),
    ("notifications that were under way", "还在路上的通知"),
    ("the store did not close in order", "数据库没有正常关闭"),
    ("too many notifications wait", "排队的通知太多"),
    ("notified", "已通知"),
    ("not notified", "没通知到"),
    ("metrics", "指标"),
    ("no metrics: cannot listen", "没有指标：端口听不了"),
    ("a connection for metrics could not be accepted", "指标的连接没能接受"),
    ("the screen is not remembered", "没记住这次的界面"),
    ("the socket could not be removed", "套接字文件删不掉"),
    ("a terminal is too slow for what was copied; dropped", "终端太慢，复制的内容丢掉了"),
    ("a session at the console ended", "一个控制台会话结束"),
    ("a connection to the socket could not be accepted", "套接字上的连接没能接受"),
    ("a stranger at the socket was turned away", "套接字上的陌生人被拒绝"),
    ("a peer without credentials was turned away", "没有身份的对端被拒绝"),
    ("panicked: {}", "崩溃：{}"),
    ("the log's level changed", "日志级别已改"),
    ("the log's level could not be changed", "日志级别没能改"),
    ("the socket", "套接字"),
    ("restarting the adapter", "正在重启适配器"),
    ("restart says", "重启命令说"),
    ("cannot accept a connection", "没能接受连接"),
    ("others can read the TLS key; chmod 600", "别人能读 TLS 私钥，请 chmod 600"),
    ("link open", "链路接通"),
    ("link closed", "链路关闭"),
    ("a thread of the store had died", "数据库的一个线程死了"),
    ("storage.durability did not take: {}", "storage.durability 没生效：{}"),
    ("the store writes again; {} rows were given up meanwhile", "数据库又能写了，其间放弃了 {} 行"),
    ("the store cannot write: {}", "数据库写不了：{}"),
    ("the store's upkeep failed: {}", "数据库的日常整理失败：{}"),
    ("the store's log could not be written back: {}", "数据库的日志没能写回：{}"),
    ("{} batches could not be written before the end", "结束前有 {} 批没写进去"),
    ("the store's thread for errands had died", "数据库的杂务线程死了"),
    ("a row was refused and is left out: {}: {}", "一行被拒绝，略去：{}：{}"),
    ("a stored part cannot be read; it is not sent", "存着的一段读不出，不再发送"),
    ("a stored item cannot be read; it is left out", "存着的一件事读不出，略去"),
    ("backup made: {}", "备份好了：{}"),
    ("no backup was made: {}", "备份没做成：{}"),
];

/// Names of fields.
#[rustfmt::skip]
const FIELDS: &[(&str, &str)] = &[
    ("account", "账号"), ("adapter", "适配器"), ("address", "地址"), ("arrived", "到了"), ("batch", "批"),
    ("batches", "批数"), ("bye", "原因"), ("cause", "原因"), ("destination", "去处"), ("dropped", "丢了"),
    ("error", "错误"), ("fault", "故障"), ("file", "文件"), ("frames", "帧数"), ("kept", "留着"), ("key", "键"),
    ("level", "级别"), ("line", "行"), ("link", "链路"), ("operator", "操作员"), ("others_left", "还有别的"),
    ("path", "路径"), ("peer", "对端"), ("program", "程序"), ("reason", "原因"), ("refusal", "拒绝"), ("rows", "行数"),
    ("words", "说"),
];

/// A line as its reader reads it; `None`: it stays as it is.
pub fn log_line(text: &str, lang: Lang) -> Option<String> {
    if lang == Lang::En {
        return None;
    }
    let begins = |pattern: &str| pattern.split("{}").next().map_or(0, str::len);
    // Of several that fit, the one of which more is given.
    let fitting = SENTENCES.iter().filter_map(|(en, zh)| Some((en, zh, fill(en, text)?)));
    let (_, zh, (filled, fields)) = fitting.max_by_key(|(en, ..)| (begins(en), en.len()))?;
    let mut words = String::with_capacity(text.len() + 16);
    let mut filled = filled.into_iter();
    for (n, piece) in zh.split("{}").enumerate() {
        if n > 0 {
            words.push_str(filled.next().unwrap_or_default());
        }
        words.push_str(piece);
    }
    named(fields, &mut words);
    Some(words)
}

/// What is filled in, and the fields behind the sentence.
fn fill<'a>(pattern: &str, text: &'a str) -> Option<(Vec<&'a str>, &'a str)> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut filled = Vec::new();
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return (rest.is_empty() || rest.starts_with(' ')).then_some((filled, rest));
    }
    for piece in pieces {
        // What is filled in at the end may be anything: no fields are looked for behind it.
        let at = if piece.is_empty() { rest.len() } else { rest.find(piece)? };
        filled.push(&rest[..at]);
        rest = &rest[at + piece.len()..];
    }
    Some((filled, rest))
}

/// ` account=10001 reason="timed out"` with the names in Chinese; what stands in quotes is left alone.
fn named(fields: &str, out: &mut String) {
    let mut rest = fields;
    while let Some(body) = rest.strip_prefix(' ') {
        let Some((name, value)) = body.split_once('=') else { break };
        let end = match value.strip_prefix('"') {
            Some(quoted) => closing(quoted).map_or(value.len(), |at| at + 2),
            None => value.find(' ').unwrap_or(value.len()),
        };
        let name = FIELDS.iter().find(|(en, _)| *en == name).map_or(name, |(_, zh)| zh);
        out.extend([" ", name, "=", &value[..end]]);
        rest = &value[end..];
    }
    out.push_str(rest);
}

/// Where a quoted value ends.
fn closing(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    quoted.char_indices().find_map(|(at, c)| match c {
        '"' if !escaped => Some(at),
        c => {
            escaped = c == '\\' && !escaped;
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_read_as_words() {
        for (line, words) in [
            ("link is down account=10001 reason=\"timed out\"", Some("链路断开 账号=10001 原因=\"timed out\"")),
            ("the store cannot write: disk full kept=3", Some("数据库写不了：disk full kept=3")),
            ("the store writes again; 12 rows were given up meanwhile", Some("数据库又能写了，其间放弃了 12 行")),
            (
                "restart says line=\"a account=1 \\\" peer=2\" odd",
                Some("重启命令说 行=\"a account=1 \\\" peer=2\" odd"),
            ),
            ("the storehouse", None),
            ("somebody else's sentence", None),
        ] {
            assert_eq!(log_line(line, Lang::Zh).as_deref(), words, "{line}");
            assert_eq!(log_line(line, Lang::En), None);
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(text in "(the store|link open|panicked: |notified)?[ a-z=\"\\\\]{0,40}\\PC{0,8}") {
            let _ = log_line(&text, Lang::Zh);
        }
    }
}
