//! How the adapters that people run differ on the wire (onebot.md §1, §2, §4).

use serde_json::{Value, json};

/// Which adapter is imitated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// NapCat 4.18.
    #[default]
    Napcat,
    /// LLOneBot's successor, which still calls itself LLOneBot.
    Llonebot,
    /// Lagrange.OneBot of the v1 branch.
    Lagrange,
    /// go-cqhttp.
    Gocqhttp,
}

/// What a forward server does with a wrong token (onebot.md §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A frame with retcode 1403, then a close without a code.
    Frame,
    /// The same frame, then close 1008.
    FrameAndPolicy,
    /// HTTP 403, or 401 where no token was shown.
    Http,
}

/// What an answer carries as `echo` when the request had none (onebot.md §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingEcho {
    /// `""`.
    Empty,
    /// `null`.
    Null,
    /// No key at all.
    Absent,
}

impl Dialect {
    /// All that are imitated.
    pub const ALL: [Self; 4] = [Self::Napcat, Self::Llonebot, Self::Lagrange, Self::Gocqhttp];

    /// `app_name` of `get_version_info`.
    pub fn app_name(self) -> &'static str {
        match self {
            Self::Napcat => "NapCat.Onebot",
            Self::Llonebot => "LLOneBot",
            Self::Lagrange => "Lagrange.OneBot",
            Self::Gocqhttp => "go-cqhttp",
        }
    }

    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Napcat => "4.18.0",
            Self::Llonebot => "8.1.7",
            Self::Lagrange => "0.0.3",
            Self::Gocqhttp => "v1.2.0",
        }
    }

    pub(crate) fn user_agent(self) -> &'static str {
        match self {
            Self::Napcat => "OneBot/11",
            Self::Llonebot => "LLOneBot/8.1.7",
            Self::Lagrange => "Lagrange.OneBot",
            Self::Gocqhttp => "CQHttp/4.15.0",
        }
    }

    /// The `Authorization` header of a reverse handshake; NapCat and LLOneBot send the bare scheme without a token.
    pub(crate) fn authorization(self, token: &str) -> Option<String> {
        match (self, token) {
            (Self::Napcat | Self::Llonebot, "") => Some("Bearer".into()),
            (_, "") => None,
            (Self::Gocqhttp, token) => Some(format!("Token {token}")),
            (_, token) => Some(format!("Bearer {token}")),
        }
    }

    /// The role header of the API half of a split link; case differs (onebot.md §1.1).
    pub(crate) fn api_role(self) -> &'static str {
        if self == Self::Lagrange { "Api" } else { "API" }
    }

    /// Ids may be negative.
    pub(crate) fn signed_ids(self) -> bool {
        self != Self::Napcat
    }

    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::Napcat => Refusal::Frame,
            Self::Llonebot => Refusal::FrameAndPolicy,
            Self::Lagrange | Self::Gocqhttp => Refusal::Http,
        }
    }

    pub(crate) fn missing_echo(self) -> MissingEcho {
        match self {
            Self::Napcat => MissingEcho::Empty,
            Self::Lagrange => MissingEcho::Null,
            Self::Llonebot | Self::Gocqhttp => MissingEcho::Absent,
        }
    }

    pub(crate) fn unknown_action(self) -> i64 {
        match self {
            Self::Napcat | Self::Llonebot => 1404,
            Self::Lagrange | Self::Gocqhttp => 404,
        }
    }

    pub(crate) fn bad_params(self) -> i64 {
        match self {
            Self::Napcat | Self::Llonebot => 1400,
            Self::Lagrange => 200,
            Self::Gocqhttp => 100,
        }
    }

    pub(crate) fn failed(self) -> i64 {
        match self {
            Self::Napcat | Self::Llonebot => 1200,
            Self::Lagrange => 200,
            Self::Gocqhttp => 100,
        }
    }

    /// What QQ's own refusal (120: muted) looks like. Through NapCat it cannot be told from a late success.
    pub(crate) fn qq_refusal(self, code: i64) -> (i64, String) {
        match self {
            Self::Napcat => (1200, ambiguous_words(code)),
            Self::Llonebot => (1200, format!("发送消息失败 (code={code}): 操作过于频繁或被禁言")),
            Self::Lagrange => (code, String::new()),
            Self::Gocqhttp => (100, "send group message failed: blocked by server".into()),
        }
    }

    /// Whether a forward path other than `/`, `/api` and `/event` serves at all; on LLOneBot it stays silent for ever.
    pub(crate) fn any_path(self) -> bool {
        self != Self::Llonebot
    }

    pub(crate) fn status(self, online: bool) -> Value {
        match self {
            Self::Napcat | Self::Llonebot => json!({"online": online, "good": true}),
            Self::Lagrange | Self::Gocqhttp => json!({
                "app_initialized": true, "app_enabled": true, "app_good": true, "online": online, "good": online
            }),
        }
    }

    /// The key of a picture's kind (onebot.md §3).
    pub(crate) fn image_kind(self) -> &'static str {
        if self == Self::Napcat { "sub_type" } else { "subType" }
    }
}

/// NapCat's words when QQ did not confirm in time: the message may be out, or not (onebot.md §4).
pub(crate) fn ambiguous_words(result: i64) -> String {
    format!(
        "Timeout: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg \
         ListenerName:NodeIKernelMsgListener/onMsgInfoListUpdate EventRet:\n{{\n    \"result\": {result},\n    \"errMsg\": \"\"\n}}\n"
    )
}
