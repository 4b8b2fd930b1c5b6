//! `docs/ctl.md`, made from the table of verbs. A test compares the file with this.

use crate::verbs::{Entry, Form, TABLE};
use crate::words::{self, Lang};

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(
        "# qqdeck ctl\n\n\
        本页由动词表生成，请勿手改。 *Generated from the table of verbs; not to be edited by hand.*\n\n\
        `qqdeck ctl VERB … [--json] [--data DIR] [--lang zh|en]`\n\n\
        * `--json`：输出一个 JSON（`tail` 是每行一个），总有 `ok`、`code`、`words`。\n  \
        *prints one JSON value (`tail`: one a line), always with `ok`, `code` and `words`.*\n\
        * 退出码：0 成功，1 失败或被拒绝，2 写法不对。 *Exit codes: 0 done, 1 failed or refused, 2 usage.*\n\
        * 会话写作 `private:QQ号` 或 `group:群号`，多个账号时加 `@机器人QQ号`；名单里写作 `person_QQ号`、`group_群号`。\n  \
        *A chat is `private:UID` or `group:GID`, with `@SELF` when several accounts serve; an id is `person_UID` or `group_GID`.*\n\n\
        | 动词 verb | 作用 | what it does | 角色 role |\n| --- | --- | --- | --- |\n",
    );
    for entry in TABLE {
        let role = words::role(entry.role, Lang::En);
        page.push_str(&format!("| `{}` | {} | {} | {role} |\n", cell(&entry.shown()), entry.zh, entry.en));
    }
    page.push_str("\n## 参数 arguments\n");
    for entry in TABLE.iter().filter(|e| !e.arguments.is_empty()) {
        page.push_str(&details(entry));
    }
    page
}

fn details(entry: &Entry) -> String {
    let mut text = format!("\n### {}\n\n", entry.name);
    for a in entry.arguments {
        let name = match a.form {
            Form::Option(value) => format!("--{} {value}", a.name),
            Form::Flag => format!("--{}", a.name),
            Form::Needed | Form::Optional | Form::Rest => a.name.to_ascii_uppercase(),
        };
        text.push_str(&format!("* `{name}`：{}。 *{}.*\n", a.zh, a.en));
    }
    text
}

/// A bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
