//! Why the bot cannot work now, for probes.

use super::Lang;

/// One reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unready {
    /// The engine does not answer.
    Stuck,
    /// The configuration file was refused; the former one holds.
    Configuration,
    /// No account is online.
    NoAccount,
    /// No provider is ready.
    NoProvider,
    /// The bot is draining.
    Stopping,
}

impl Unready {
    /// A stable word for scripts.
    pub fn code(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Configuration => "configuration",
            Self::NoAccount => "no_account",
            Self::NoProvider => "no_provider",
            Self::Stopping => "stopping",
        }
    }

    /// For people.
    pub fn words(self, lang: Lang) -> String {
        match self {
            Self::Stuck => say!(lang, "机器人没有反应", "the bot does not answer"),
            Self::Configuration => {
                say!(lang, "配置文件有错，用的还是原来的", "the configuration file was refused; the former one holds")
            }
            Self::NoAccount => say!(lang, "没有在线的 QQ 账号", "no QQ account is online"),
            Self::NoProvider => say!(lang, "没有能用的模型服务", "no provider is ready"),
            Self::Stopping => say!(lang, "正在停机", "the bot is stopping"),
        }
    }
}
