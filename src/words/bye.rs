//! How a session at the console ends, told to whoever sat there.

use serde::{Deserialize, Serialize};

use super::{Lang, quoted};

/// Why a session ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Bye {
    /// The operator left.
    Detached,
    /// Another operator ended it.
    Ended {
        /// Who.
        by: String,
    },
    /// The terminal took nothing for as long as `console.stalled`.
    Stalled,
    /// The daemon stops, and may come back: it was told from outside.
    Stopping,
    /// The daemon stops because this operator said so.
    Stopped,
    /// The console failed; the bot goes on.
    Crashed,
}

impl Bye {
    /// The same for the log, in a word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Detached => "left",
            Self::Ended { .. } => "ended by another",
            Self::Stalled => "stalled",
            Self::Stopping | Self::Stopped => "the bot stops",
            Self::Crashed => "crashed",
        }
    }

    /// The one line that is left in the terminal.
    pub fn words(&self, lang: Lang) -> String {
        match self {
            Self::Detached => say!(
                lang,
                "已离开控制台，机器人继续运行。qqdeck 回来，qqdeck ctl shutdown 停止它。",
                "You left the console; the bot goes on. `qqdeck` comes back, `qqdeck ctl shutdown` stops it.",
            ),
            Self::Ended { by } => {
                let by = quoted(by);
                say!(lang, "{by} 结束了这个会话，机器人继续运行。", "{by} ended this session; the bot goes on.")
            }
            Self::Stalled => say!(
                lang,
                "终端太久没有收下任何内容，会话已断开，机器人继续运行。",
                "The terminal took nothing for too long, so the session was ended; the bot goes on.",
            ),
            Self::Stopping => say!(lang, "qqdeck 停止了。", "qqdeck has stopped."),
            Self::Stopped => say!(lang, "qqdeck 已按你的要求停止。", "qqdeck has stopped, as you told it to."),
            Self::Crashed => say!(
                lang,
                "控制台出错了，机器人继续运行；详情在日志里，qqdeck 可以重新进入。",
                "The console failed; the bot goes on. The log has the details, `qqdeck` comes back in.",
            ),
        }
    }
}
