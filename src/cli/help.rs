//! The help in Chinese, laid over the English of the definitions.

use clap::Command;

use crate::verbs::find;
use crate::words::Lang;

/// Subcommands: what they do.
const VERBS: &[(&str, &str)] = &[
    ("run", "运行机器人"),
    ("demo", "用模拟的 QQ 和模拟的模型演示一遍"),
    ("attach", "打开正在运行的机器人的控制台"),
    ("ctl", "查询和指挥正在运行的机器人"),
    ("check", "检查配置文件"),
    ("explain", "从标准输入读 OneBot 消息，逐条说明机器人会怎么处理"),
    ("replay", "把录下的输入重新喂给引擎"),
    ("init", "写一份最初的配置"),
    ("backup", "备份数据库，运行中也可以"),
    ("restore", "恢复数据库的备份"),
    ("completions", "输出 shell 补全脚本"),
    ("man", "输出手册页"),
];

/// Options and arguments, by subcommand (empty: everywhere) and name.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("", "config", "配置文件 [默认 ./config.toml，再找 $XDG_CONFIG_HOME/qqdeck/config.toml]"),
    ("", "data", "数据目录 [默认 $XDG_DATA_HOME/qqdeck]"),
    ("", "lang", "显示语言：zh 或 en [默认看 LC_ALL、LC_MESSAGES、LANG]"),
    ("", "help", "显示帮助"),
    ("", "version", "显示版本"),
    ("", "ascii", "只用 ASCII 字符画，同 console.ascii = true，只这一次"),
    ("", "json", "输出一个 JSON（tail 每行一个）"),
    ("run", "headless", "留在前台，不开控制台"),
    ("run", "detached", "离开终端，写日志文件：qqdeck 这样启动它的机器人"),
    ("attach", "read_only", "只看不动"),
    ("attach", "color", "颜色：auto、none、16、256 或 rgb [默认看 NO_COLOR、COLORTERM、TERM]"),
    ("demo", "seed", "随机数种子，同一个种子演同一出戏"),
    ("demo", "rate", "每秒几条消息，0.01 到 1000"),
    ("demo", "color", "颜色：auto、none、16、256 或 rgb [默认看 NO_COLOR、COLORTERM、TERM]"),
    ("demo", "headless", "不开控制台，在终端里自说自话"),
    ("replay", "file", "录下的输入，每行一个 JSON：{\"now\": …, \"input\": …}"),
    ("init", "yes", "不提问，全用默认值"),
    ("backup", "to", "备份到哪里 [默认数据目录里的 backups/qqdeck-时间.db]"),
    ("restore", "from", "backup 写出的文件"),
    ("completions", "shell", "哪种 shell"),
];

const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}";

/// The command with its help in one language.
pub fn localise(command: Command, lang: Lang) -> Command {
    match lang {
        Lang::En => command,
        Lang::Zh => {
            let about = "用大语言模型回答 QQ 消息，并给管机器人的人一个终端控制台";
            chinese(command.about(about).subcommand_help_heading("命令"), "")
        }
    }
}

fn chinese(command: Command, path: &str) -> Command {
    let command =
        command.help_template(TEMPLATE).disable_help_flag(true).disable_version_flag(true).arg(flag("help", 'h'));
    let command = if path.is_empty() { command.arg(flag("version", 'V')) } else { command };
    let command = command.mut_args(|arg| {
        let name = arg.get_id().as_str().to_owned();
        let heading = if arg.is_positional() { "参数" } else { "选项" };
        match argument(path, &name) {
            Some(words) => arg.help(words).help_heading(heading),
            None => arg,
        }
    });
    command.mut_subcommands(|sub| {
        let name = sub.get_name().to_owned();
        let below = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        let about = verb(&below);
        let sub = chinese(sub, &below).subcommand_help_heading("动词");
        match about {
            Some(words) => sub.about(words),
            None => sub,
        }
    })
}

fn flag(name: &'static str, short: char) -> clap::Arg {
    let action = if name == "help" { clap::ArgAction::Help } else { clap::ArgAction::Version };
    clap::Arg::new(name).long(name).short(short).action(action)
}

fn verb(path: &str) -> Option<&'static str> {
    match path.strip_prefix("ctl ") {
        Some(name) => find(name).map(|entry| entry.zh),
        None => VERBS.iter().find(|(name, _)| *name == path).map(|(_, words)| *words),
    }
}

fn argument(path: &str, name: &str) -> Option<&'static str> {
    if let Some(a) = path.strip_prefix("ctl ").and_then(find).and_then(|e| e.arguments.iter().find(|a| a.name == name))
    {
        return Some(a.zh);
    }
    let of = |command: &str| OPTIONS.iter().find(|(c, n, _)| *c == command && *n == name).map(|(.., words)| *words);
    of(path).or_else(|| of(""))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::verbs::TABLE;

    #[test]
    fn every_subcommand_and_option_has_chinese_help() {
        fn look(command: &Command, path: &str) {
            for arg in command.get_arguments() {
                let name = arg.get_id().as_str();
                assert!(argument(path, name).is_some(), "`{path}` --{name} has no Chinese help");
            }
            for sub in command.get_subcommands() {
                let below =
                    if path.is_empty() { sub.get_name().to_owned() } else { format!("{path} {}", sub.get_name()) };
                assert!(verb(&below).is_some(), "`{below}` has no Chinese help");
                look(sub, &below);
            }
        }
        look(&super::super::Cli::command(), "");
        assert!(TABLE.iter().all(|e| verb(&format!("ctl {}", e.name)).is_some()));
    }

    #[test]
    fn nothing_is_listed_that_does_not_exist() {
        let command = super::super::Cli::command();
        for (name, _) in VERBS {
            assert!(command.find_subcommand(name).is_some(), "{name}");
        }
        for (sub, name, _) in OPTIONS.iter().filter(|(sub, ..)| !sub.is_empty()) {
            let sub = command.find_subcommand(sub).unwrap();
            assert!(sub.get_arguments().any(|a| a.get_id() == name), "{name}");
        }
    }
}
