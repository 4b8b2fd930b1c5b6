//! The sentences of issues, Chinese and English side by side.

use super::{Issue, IssueKind, Language, Named, Shape};

/// Two sentences of which one is wanted.
macro_rules! say {
    ($chinese:expr, $zh:literal, $en:literal) => {
        if $chinese { format!($zh) } else { format!($en) }
    };
}

impl Issue {
    /// What is wrong and what to do, without the place. `Auto` is English: whoever has a reader knows the
    /// reader's language.
    pub fn words(&self, language: Language) -> String {
        let zh = language == Language::Chinese;
        match &self.kind {
            IssueKind::TooLarge { bytes } => {
                say!(zh, "文件有 {bytes} 字节，超过 1 MiB 的上限", "the file has {bytes} bytes; the most is 1 MiB")
            }
            IssueKind::NotUtf8 => say!(
                zh,
                "从这里起不是 UTF-8；请把文件另存为 UTF-8 编码",
                "from here on this is not UTF-8; save the file in that encoding"
            ),
            IssueKind::Unreadable { path, cause } => {
                say!(zh, "读不了 {path}：{cause}", "{path} cannot be read: {cause}")
            }
            IssueKind::Syntax { message } => syntax(message, zh),
            IssueKind::UnknownKey { name, nearest, elsewhere } => unknown(name, nearest.as_deref(), elsewhere, zh),
            IssueKind::OtherKind { name, kind, kinds } => {
                let kinds = kinds.join(if zh { "、" } else { ", " });
                say!(
                    zh,
                    "{kind} 没有 {name} 这个键；它属于 {kinds}",
                    "the kind {kind} has no key {name}; it belongs to {kinds}"
                )
            }
            IssueKind::WrongType { wanted, found } => {
                let (wanted, found) = (shape(*wanted, zh), found_type(found, zh));
                say!(zh, "这里要写{wanted}，写的却是{found}", "wants {wanted}, found {found}")
            }
            IssueKind::Malformed { wanted, text } => {
                let wanted = shape(*wanted, zh);
                say!(zh, "看不懂“{text}”；要写{wanted}", "cannot read \"{text}\"; wants {wanted}")
            }
            IssueKind::NotAWord { text, words, nearest } => {
                let all = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>();
                let all = all.join(if zh { "、" } else { ", " });
                let meant = match nearest {
                    Some(word) => say!(zh, "是想写 \"{word}\" 吗？", "did you mean \"{word}\"? "),
                    None => String::new(),
                };
                say!(zh, "没有“{text}”这个选项；{meant}可选 {all}", "\"{text}\" is no choice; {meant}choose from {all}")
            }
            IssueKind::OutOfRange { value, least, most } => {
                say!(
                    zh,
                    "{value} 超出范围；要在 {least} 到 {most} 之间",
                    "{value} is out of range; from {least} to {most}"
                )
            }
            IssueKind::Regex { message } => {
                say!(zh, "正则表达式有误：{message}", "the pattern does not compile: {message}")
            }
            IssueKind::WrongList { id, belongs } => match belongs {
                Some(key) => {
                    say!(zh, "{id} 放错了列表；应写在 {key}", "{id} does not belong in this list; it belongs in {key}")
                }
                None => say!(zh, "{id} 是群；这里只能写人的 QQ 号", "{id} is a group; only people can stand here"),
            },
            IssueKind::Missing { name } => say!(zh, "缺少 {name}，必须写上", "{name} is missing and must be set"),
            IssueKind::UnknownName { what, name, nearest } => {
                let what = named(*what, zh);
                let meant = match nearest {
                    Some(other) => say!(zh, "；是想写“{other}”吗？", "; did you mean \"{other}\"?"),
                    None => String::new(),
                };
                say!(zh, "没有名为“{name}”的{what}{meant}", "there is no {what} \"{name}\"{meant}")
            }
            IssueKind::Duplicate { what, name, first } => {
                let what = named(*what, zh);
                say!(
                    zh,
                    "{what}“{name}”重复；第 {first} 行已经有了",
                    "the {what} \"{name}\" is already taken in line {first}"
                )
            }
            IssueKind::Above { value, other, limit } => {
                say!(
                    zh,
                    "{value} 大于 {other}（{limit}）；请调小前者或调大后者",
                    "{value} is above {other} ({limit}); lower the one or raise the other"
                )
            }
            IssueKind::OpenWithoutToken { listen } => say!(
                zh,
                "{listen} 可以从别的机器连上，却没有设 onebot.token；请设置令牌，或只监听 127.0.0.1",
                "others can reach {listen} and onebot.token is empty; set a token, or listen on 127.0.0.1 only"
            ),
            IssueKind::HalfTls { missing } => {
                say!(
                    zh,
                    "证书和私钥要一起写；还缺 {missing}",
                    "a certificate and its key go together; {missing} is missing"
                )
            }
            IssueKind::Shipped { rule } => say!(
                zh,
                "{rule} 是自带的规则，量什么不能改；想量别的，请换个名字另写一条",
                "{rule} ships with the program and measures what it measures; write another rule under another name"
            ),
            IssueKind::FixedRole { name } => say!(
                zh,
                "{name} 决定放谁进来，只有 access.admins 里的人能用，不能改；请删掉这一行",
                "{name} decides who is let in and is for access.admins alone, which cannot be changed; delete this line"
            ),
            IssueKind::NotBuilt => say!(
                zh,
                "这个功能还没有做好，暂时只能用默认值；请删掉这一行",
                "this feature is not built yet, so only the default is allowed; delete this line"
            ),
            IssueKind::LiteralSecret => say!(
                zh,
                "密钥直接写在了文件里；建议改用 \"env:名称\" 或 \"file:路径\"",
                "the secret itself stands in this file; better refer to it with \"env:NAME\" or \"file:PATH\""
            ),
            IssueKind::PasswordInClear => say!(
                zh,
                "tls 是 \"none\"，密码会不加密地经过网络；请改用 \"tls\" 或 \"starttls\"",
                "tls is \"none\", so the password crosses the network for all to read; use \"tls\" or \"starttls\""
            ),
            IssueKind::ShortToken { length } => {
                say!(
                    zh,
                    "令牌只有 {length} 个字符，容易被猜中；至少用 16 个",
                    "the token has only {length} characters and is easily guessed; use 16 or more"
                )
            }
            IssueKind::OpenMetrics { listen } => say!(
                zh,
                "{listen} 从外面也能访问，而指标没有密码；建议写 127.0.0.1，由反向代理或防火墙保护",
                "{listen} is reachable from outside and metrics ask for no password; better listen on 127.0.0.1, behind a proxy or firewall"
            ),
            IssueKind::AdminBlocked { id } => say!(
                zh,
                "{id} 在 access.admins 里；屏蔽对管理员无效",
                "{id} is among access.admins, and admins are never blocked"
            ),
            IssueKind::AnswersNobody => say!(
                zh,
                "白名单是空的，机器人不会回答任何人；请填 access.users、access.groups 或 access.admins",
                "the whitelist is empty, so nobody is answered; fill access.users, access.groups or access.admins"
            ),
            IssueKind::NoProviders => say!(
                zh,
                "没有配置模型；请添加一个 [[providers]]，否则无法回答",
                "no model is configured; add a [[providers]] entry, or nothing can be answered"
            ),
            IssueKind::UnusedPersona { name } => say!(
                zh,
                "没有会话使用人设“{name}”；只能用命令切换到它",
                "no chat uses the persona \"{name}\"; only the persona command reaches it"
            ),
            IssueKind::NamesUnused => say!(
                zh,
                "写了名字，但 trigger.group 里没有 \"names\"，叫名字不会触发",
                "names are listed, but trigger.group has no \"names\", so calling them triggers nothing"
            ),
        }
    }
}

fn unknown(name: &str, nearest: Option<&str>, elsewhere: &[String], zh: bool) -> String {
    let places = elsewhere.join(if zh { "、" } else { ", " });
    match (nearest, elsewhere) {
        (Some(near), []) => {
            say!(zh, "没有 {name} 这个键；是想写 {near} 吗？", "unknown key {name}; did you mean {near}?")
        }
        (Some(near), _) => say!(
            zh,
            "这里没有 {name} 这个键；是想写 {near}，还是别处的 {places}？",
            "unknown key {name} here; did you mean {near}, or {places}?"
        ),
        (None, []) => say!(zh, "没有 {name} 这个键", "unknown key {name}"),
        (None, _) => {
            say!(zh, "这里没有 {name} 这个键；它属于 {places}", "unknown key {name} here; it belongs to {places}")
        }
    }
}

fn named(what: Named, zh: bool) -> &'static str {
    match (what, zh) {
        (Named::Persona, true) => "人设",
        (Named::Persona, false) => "persona",
        (Named::Provider, true) => "模型",
        (Named::Provider, false) => "provider",
        (Named::Dial, true) => "连接",
        (Named::Dial, false) => "connection",
        (Named::Rule, true) => "告警规则",
        (Named::Rule, false) => "rule",
        (Named::Destination, true) => "通知去向",
        (Named::Destination, false) => "destination",
        (Named::Canned, true) => "常用回复",
        (Named::Canned, false) => "canned reply",
        (Named::Listen, true) => "监听地址",
        (Named::Listen, false) => "address",
        (Named::Account, true) => "账号",
        (Named::Account, false) => "account",
        (Named::Command, true) => "聊天命令",
        (Named::Command, false) => "chat command",
    }
}

fn found_type(found: &'static str, zh: bool) -> &'static str {
    match (found, zh) {
        ("string", true) => "字符串",
        ("integer", true) => "整数",
        ("float", true) => "小数",
        ("boolean", true) => "true/false",
        ("datetime", true) => "时间",
        ("array", true) => "列表",
        ("table", true) => "表",
        ("string", _) => "a string",
        ("integer", _) => "an integer",
        ("float", _) => "a float",
        ("boolean", _) => "true or false",
        ("datetime", _) => "a moment of time",
        ("array", _) => "a list",
        ("table", _) => "a table",
        _ => found,
    }
}

fn shape(shape: Shape, zh: bool) -> String {
    let (chinese, english) = match shape {
        Shape::Bool => ("true 或 false", "true or false"),
        Shape::Integer => ("整数（不加引号）", "an integer, without quotes"),
        Shape::Number => ("数字（不加引号）", "a number, without quotes"),
        Shape::Quantity => {
            ("数字，或 \"2s\"、\"90%\"、\"5GiB\" 这样的写法", "a number, or one such as \"2s\", \"90%\", \"5GiB\"")
        }
        Shape::Text => ("带引号的字符串", "a string in quotes"),
        Shape::List => ("列表，如 [\"a\", \"b\"]", "a list such as [\"a\", \"b\"]"),
        Shape::Table => ("表，如 [名称] 或 { 键 = 值 }", "a table, [name] or { key = value }"),
        Shape::Tables => ("若干个表，每个以 [[名称]] 开头", "tables, each headed by [[name]]"),
        Shape::Duration => {
            ("时长，如 \"30s\"、\"1h30m\"、\"300ms\"", "a duration such as \"30s\", \"1h30m\", \"300ms\"")
        }
        Shape::Size => ("大小，如 \"16MiB\"", "a size such as \"16MiB\""),
        Shape::Rate => (
            "频率，如 \"6/min\"、\"6/min burst 3\" 或 \"off\"",
            "a rate such as \"6/min\", \"6/min burst 3\", or \"off\"",
        ),
        Shape::Network => ("网段，如 \"192.168.0.0/16\"", "a network such as \"192.168.0.0/16\""),
        Shape::Address => ("监听地址，如 \"127.0.0.1:2280\"", "an address such as \"127.0.0.1:2280\""),
        Shape::Url(schemes) => {
            let schemes = schemes.join(", ");
            return say!(zh, "网址（{schemes}）", "a URL ({schemes})");
        }
        Shape::PersonId => {
            ("QQ 号，如 123、\"person_123\" 或 \"*\"", "a person's number: 123, \"person_123\" or \"*\"")
        }
        Shape::GroupId => ("群号，如 123、\"group_123\" 或 \"*\"", "a group's number: 123, \"group_123\" or \"*\""),
        Shape::Account => ("一个 QQ 号", "one QQ number"),
        Shape::Secret => (
            "密钥的出处：\"env:名称\"、\"file:路径\" 或 \"secret:名称\"",
            "a reference: \"env:NAME\", \"file:PATH\" or \"secret:NAME\"",
        ),
        Shape::Color => ("颜色名（如 cyan）或 #rrggbb", "a colour such as cyan, or #rrggbb"),
        Shape::Path => ("以 / 开头的路径", "a path that begins with /"),
        Shape::HeaderName => ("HTTP 头的名称", "the name of an HTTP header"),
        Shape::AutoInteger => ("\"auto\" 或整数（不加引号）", "\"auto\" or an integer without quotes"),
        Shape::Prefix => ("一到八个字符，不含空格", "one to eight characters without blanks"),
        Shape::Name => ("名称：1 到 64 个字符，首尾没有空格", "a name of 1 to 64 characters without blanks around it"),
        Shape::Mail => ("邮箱地址，如 \"me@example.com\"", "a mail address such as \"me@example.com\""),
        Shape::QuietHours => ("每天的一段时间，如 \"23:00-08:00\"", "hours of the day such as \"23:00-08:00\""),
        Shape::Line => ("一行文字，1 到 256 个字符", "one line of 1 to 256 characters"),
    };
    if zh { chinese } else { english }.to_owned()
}

/// What the TOML parser says, in one sentence. It speaks English; its common complaints are known here.
fn syntax(message: &str, zh: bool) -> String {
    let known = [
        ("duplicate key", "这个键写了两次", "this key is written twice"),
        ("key with no value", "键后面没有值；要写成 键 = 值", "a key without a value; write key = value"),
        ("missing assignment", "键和值之间缺少 =", "there is no = between key and value"),
        ("string values must be quoted", "文字要加引号，如 \"文字\"", "text needs quotes, as in \"text\""),
        ("missing value", "= 后面没有值", "nothing stands behind the ="),
        (
            "missing comma between array",
            "列表元素之间缺少逗号，或者上面的列表没有用 ] 结束",
            "a comma is missing between the elements of a list, or the list is not closed by ]",
        ),
        ("missing comma between key-value", "{ } 里各项之间缺少逗号", "a comma is missing between the entries of { }"),
        ("extra comma", "多了一个逗号", "there is a comma too many"),
        ("unclosed array table", "[[ 没有用 ]] 结束", "[[ is not closed by ]]"),
        ("unclosed array", "列表没有用 ] 结束", "the list is not closed by ]"),
        ("unclosed inline table", "{ 没有用 } 结束", "{ is not closed by }"),
        ("unclosed table", "[ 没有用 ] 结束", "[ is not closed by ]"),
        (
            "invalid unquoted key",
            "键里有不允许的字符；只能用字母、数字、_ 和 -，否则要加引号",
            "a key may have letters, digits, _ and - only, or needs quotes",
        ),
        ("invalid basic string", "字符串没有用引号结束", "the string is not closed by a quote"),
        ("invalid literal string", "字符串没有用单引号结束", "the string is not closed by a single quote"),
        (
            "missing escaped value",
            "反斜杠 \\ 后面不是转义字符；路径和正则请用单引号",
            "a backslash must begin an escape; use single quotes for paths and patterns",
        ),
        ("cannot recurse", "嵌套太深", "nested too deeply"),
        ("recursion limit", "嵌套太深", "nested too deeply"),
        ("unexpected leading zero", "数字不能以 0 开头", "a number cannot begin with 0"),
        ("unexpected content", "行尾有多余的内容", "there is something left over at the end of the line"),
        ("unexpected key or value", "这里不能再写别的；每项单独一行", "nothing more can stand here; one entry a line"),
    ];
    match known.iter().find(|(begin, ..)| message.starts_with(begin)) {
        Some((_, chinese, english)) => say!(zh, "不是合法的 TOML：{chinese}", "not TOML: {english}"),
        None => say!(zh, "不是合法的 TOML：{message}", "not TOML: {message}"),
    }
}
