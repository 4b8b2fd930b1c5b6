//! The text of `docs/keys.md`, from the table of actions.

use std::fmt::Write as _;

use super::action::{Group, TABLE};
use crate::words::{Lang, role};

/// The whole file.
pub fn keys() -> String {
    let mut page = HEAD.to_owned();
    let mut group: Option<Group> = None;
    for entry in TABLE {
        if group != Some(entry.group) {
            // Writing into a String cannot fail.
            let (zh, en) = (entry.group.words(Lang::Zh), entry.group.words(Lang::En));
            let _ = write!(page, "\n## {zh} · {en}\n\n| 按键 keys | 名字 name | 做什么 | what it does | 角色 role |\n");
            page.push_str("| --- | --- | --- | --- | --- |\n");
            group = Some(entry.group);
        }
        let keys: Vec<String> = entry.keys.iter().map(|k| format!("`{k}`")).collect();
        let role = role(entry.role, Lang::En);
        let _ = writeln!(page, "| {} | `{}` | {} | {} | {role} |", keys.join(" "), entry.name, entry.zh, entry.en);
    }
    page
}

const HEAD: &str = r#"# 按键 · Keys

<!-- Written by console::docs::keys; a test compares. -->

每个动作有三条路：按键、`Enter` 菜单（方向键和数字）、`:` 命令。全角的 `：／？！` 和字母一样能用。
Every action can be reached three ways: by its key, in the menu of `Enter` (arrows and digits), by its name after `:`.

自己的按键写在 `config.toml`，只写不同的；几个键用逗号隔开，连按的键用空格隔开。`qqdeck check` 会说出错在哪。
Own keys stand in `config.toml`, only what differs; commas between keys, blanks within a chord. `qqdeck check` tells what is wrong.

```toml
[console.keys]
reply = "i, R"
search = "g f, ctrl-f"
```
"#;

#[cfg(test)]
mod tests {
    #[test]
    fn the_docs_are_those_of_the_table() {
        let page = super::keys();
        assert!(page == include_str!("../../docs/keys.md"), "docs/keys.md should be:\n=====\n{page}=====");
    }
}
