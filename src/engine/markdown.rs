//! Markdown as models write it becomes plain text that reads well in QQ, which shows none of it.
//!
//! Marks go, words stay: what a reader of the rendered page would see survives in order, and the inside of
//! code survives byte for byte. Rules are laxer than CommonMark where models are (`**“好”**的` is bold) and
//! stricter where chat is (`2*3*4`, `snake_case`, `__init__` are not emphasis). One pass, linear time, any input.
//!
//! | Markdown | plain |
//! | --- | --- |
//! | heading | `【heading】` |
//! | `- item`, `- [x] item` | `• item`, `☑ item` |
//! | table | a line `a \| b` for each row |
//! | fenced code | its lines, as they are |
//! | `[text](url)`, `![alt](url)` | `text (url)`, `[图片: alt]` |
//! | `\(x\)`, `$$x$$` | `x` |
//! | rule | a blank line |

mod inline;

use inline::line as inline;

/// Plain text for a Markdown text.
pub fn plain(markdown: &str) -> String {
    let mut out = Out { text: String::with_capacity(markdown.len()) };
    let mut lines = markdown.lines().peekable();
    let mut fence: Option<&str> = None;
    while let Some(line) = lines.next() {
        if let Some(open) = fence {
            if closes(line, open) {
                fence = None;
            } else {
                out.verbatim(line);
            }
            continue;
        }
        if let Some(mark) = opens(line) {
            fence = Some(mark);
        } else if is_rule(line) {
            out.line("");
        } else if line.contains('|') && lines.peek().is_some_and(|next| is_delimiter_row(next)) {
            out.row(line);
            lines.next();
            while let Some(row) = lines.next_if(|row| row.contains('|') && opens(row).is_none()) {
                out.row(row);
            }
        } else {
            out.block(line);
        }
    }
    out.finish()
}

/// The text being written; blank lines never stand in twos outside of code.
struct Out {
    text: String,
}

impl Out {
    fn verbatim(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if !line.is_empty() || !(self.text.is_empty() || self.text.ends_with("\n\n")) {
            self.verbatim(line);
        }
    }

    fn block(&mut self, line: &str) {
        let words = line.trim_start();
        let indent = &line[..line.len() - words.len()];
        let inside = words.trim_start_matches(['>', ' ']);
        let quoted = &words[..words.len() - inside.len()];
        let marks = ">".repeat(quoted.matches('>').count());
        match (block(inside), marks.as_str()) {
            (Some(text), "") => self.line(&format!("{indent}{text}")),
            (Some(text), marks) => self.line(&format!("{indent}{marks} {text}")),
            (None, _) => {}
        }
    }

    fn row(&mut self, row: &str) {
        let cells: Vec<String> = cells(row).map(|cell| inline(cell.trim()).replace('\n', " ")).collect();
        self.line(&cells.join(" | "));
    }

    fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

/// A line that is neither code nor a table, quote marks taken off; `None` for a heading without words.
fn block(words: &str) -> Option<String> {
    if let Some(heading) = heading(words) {
        let title = inline(heading);
        let title = title.trim();
        return (!title.is_empty())
            .then(|| if title.starts_with('【') { title.to_owned() } else { format!("【{title}】") });
    }
    Some(match item(words) {
        Some((bullet, item)) => format!("{bullet} {}", inline(item)),
        None => inline(words),
    })
}

/// The mark of a fence that opens a block of code. Indented ones count too: models put them into lists.
/// Behind it stands nothing or the name of a language, so `~~~好的` is just a tone of voice.
pub(super) fn opens(line: &str) -> Option<&str> {
    let (mark, info) = fence(line)?;
    let language = info.split_whitespace().next().unwrap_or("");
    (language.bytes().all(|b| b.is_ascii_alphanumeric() || b"+#._-:/{}".contains(&b)) && !info.contains('`'))
        .then_some(mark)
}

/// Whether this line closes the block that `open` opened.
pub(super) fn closes(line: &str, open: &str) -> bool {
    fence(line).is_some_and(|(mark, info)| info.is_empty() && mark.starts_with(open))
}

/// Three or more backticks or tildes, and what stands behind them.
fn fence(line: &str) -> Option<(&str, &str)> {
    let words = line.trim();
    let mark = words.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = words.trim_start_matches(mark);
    let length = words.len() - info.len();
    (length >= 3).then(|| (&words[..length], info.trim()))
}

/// `---`, `* * *`, `___`.
fn is_rule(line: &str) -> bool {
    let mut marks = line.chars().filter(|c| !c.is_whitespace());
    let Some(mark) = marks.next().filter(|c| matches!(c, '-' | '*' | '_')) else { return false };
    marks.try_fold(1, |count, c| (c == mark).then_some(count + 1)).is_some_and(|count| count >= 3)
}

/// `# heading`, without a closing `#`. `#话题` is none.
fn heading(words: &str) -> Option<&str> {
    let rest = words.trim_start_matches('#');
    let level = words.len() - rest.len();
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t', '\u{3000}'])) {
        return None;
    }
    let rest = rest.trim();
    let open = rest.trim_end_matches('#');
    Some(if open.is_empty() || open.ends_with(' ') { open.trim_end() } else { rest })
}

/// The bullet in its place, and the item. Numbers stay as they are.
fn item(words: &str) -> Option<(&'static str, &str)> {
    let item = words.strip_prefix(['-', '*', '+'])?.strip_prefix([' ', '\t'])?.trim_start();
    for (mark, bullet) in [("[ ]", "☐"), ("[x]", "☑"), ("[X]", "☑")] {
        if let Some(rest) = item.strip_prefix(mark).and_then(|rest| rest.strip_prefix(' ')) {
            return Some((bullet, rest));
        }
    }
    Some(("•", item))
}

/// The row between the head of a table and its body: `|---|:-:|`.
fn is_delimiter_row(line: &str) -> bool {
    let words = line.trim();
    words.contains('-')
        && words.contains('|')
        && words.trim_matches('|').split('|').all(|cell| {
            let cell = cell.trim();
            let dashes = cell.trim_matches(':');
            !dashes.is_empty() && dashes.len() + 2 >= cell.len() && dashes.bytes().all(|b| b == b'-')
        })
}

/// Cells of a row; `\|` is no border.
fn cells(row: &str) -> impl Iterator<Item = &str> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row.strip_suffix('|').filter(|row| !row.ends_with('\\')).unwrap_or(row);
    let mut escaped = false;
    row.split(move |c| {
        let border = c == '|' && !escaped;
        escaped = c == '\\' && !escaped;
        border
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks() {
        let cases = [
            ("# 标题\n正文", "【标题】\n正文"),
            ("### **一、概述** ###", "【一、概述】"),
            ("## 【已有】", "【已有】"),
            ("#话题 #标签", "#话题 #标签"),
            ("C# 和 F#", "C# 和 F#"),
            ("- 一\n* 二\n  + 三\n1. 四", "• 一\n• 二\n  • 三\n1. 四"),
            ("- [ ] 待办\n- [x] 做完", "☐ 待办\n☑ 做完"),
            ("- -5 度", "• -5 度"),
            ("-5 度", "-5 度"),
            ("> 引用 **重点**\n>> 更深", "> 引用 重点\n>> 更深"),
            ("> - 一\n> # 二\n>\n> 三 > 二", "> • 一\n> 【二】\n>\n> 三 > 二"),
            ("上\n\n---\n\n下", "上\n\n下"),
            ("上\n***\n下", "上\n\n下"),
            ("a\n\n\n\nb", "a\n\nb"),
            ("| 城市 | 天气 |\n| --- | :-: |\n| **杭州** | 晴 \\| 热 |\n\n完", "城市 | 天气\n杭州 | 晴 | 热\n\n完"),
            ("a | b", "a | b"),
            ("行尾两格  \n下一行", "行尾两格\n下一行"),
            ("\r\n一\r\n二\r\n", "一\n二"),
        ];
        for (markdown, expected) in cases {
            assert_eq!(plain(markdown), expected, "{markdown:?}");
        }
    }

    #[test]
    fn code_is_kept_byte_for_byte() {
        let code = "    if a[0] * b_c_d > 1:  \n\n\n        print(\"**x**\")  # `y`";
        assert_eq!(plain(&format!("看：\n```python\n{code}\n```\n**好**")), format!("看：\n{code}\n好"));
        assert_eq!(plain(&format!("~~~\n```\n{code}\n~~~")), format!("```\n{code}"));
        assert_eq!(plain("````md\n```\na\n```\n````"), "```\na\n```");
        assert_eq!(plain("1. 步骤\n   ```sh\n   ls -la *\n   ```\n2. 完"), "1. 步骤\n   ls -la *\n2. 完");
        assert_eq!(plain("```\n没有结束 **x**"), "没有结束 **x**", "a cut answer");
        assert_eq!(plain("```a``` 是代码"), "a 是代码", "no fence");
        assert_eq!(plain("~~~好的\n**来了**"), "~~~好的\n来了", "no fence either");
    }

    #[test]
    fn a_whole_answer() {
        let answer = "## 如何安装\n\n1. **下载** [安装包](https://example.com/a_b_c)\n2. 运行 `./install --all`\n\n> *提示*：需要 root\n\n---\n\n| 项 | 值 |\n|---|---|\n| 内存 | `8GB` |\n";
        let expected = "【如何安装】\n\n1. 下载 安装包 (https://example.com/a_b_c)\n2. 运行 ./install --all\n\n> 提示：需要 root\n\n项 | 值\n内存 | 8GB";
        assert_eq!(plain(answer), expected);
    }

    /// What a reader sees: letters and digits of any script.
    fn visible(text: &str) -> String {
        text.chars().filter(|c| c.is_alphanumeric()).collect()
    }

    proptest! {
        #[test]
        fn words_survive_in_order(
            markdown in "(字|词语|word|w1|\\*|\\*\\*|\\*\\*\\*|_|__|~~|`|``|\\[|\\]|\\(|\\)|!|\\||\n|\n\n|# |- |> |1\\. |---|<|>|&|\\\\|\\$|\\$\\$| |，|。){0,40}",
        ) {
            let text = plain(&markdown);
            // The word that `plain` adds itself. Addresses of pictures, titles and languages go.
            let seen = visible(&text.replace("[图片", ""));
            let loses = ["](", "```", "~~~"].iter().any(|mark| markdown.contains(mark));
            if loses {
                prop_assert!(seen.len() <= visible(&markdown).len());
            } else {
                prop_assert_eq!(seen, visible(&markdown));
            }
        }

        #[test]
        fn plain_text_stays(text in "[一-十a-c0-9，。！？：“”（） ]{0,20}(\n[一-十a-c0-9，。！？：“”（） ]{1,20}){0,4}") {
            let once = plain(&text);
            prop_assert_eq!(visible(&once), visible(&text));
            prop_assert_eq!(plain(&once), once);
        }

        #[test]
        fn code_survives(code in "([*_`~#|<>& a字\\[\\]()\\\\$-]{0,12}\n){0,6}") {
            let text = plain(&format!("前\n`````\n{code}`````\n后"));
            prop_assert!(text == format!("前\n{code}后") || code.contains("`````"), "{text:?}");
        }

        #[test]
        fn anything_goes(text in "\\PC{0,200}") {
            plain(&text);
        }
    }

    /// Doubling the input must not square the work: these would take minutes if it did.
    #[test]
    fn hostile_input_is_linear() {
        for piece in
            ["[", "](", "![](", "*a ", "**", "`", "``` ", "\\(", "$$", "$a", "<", "&", "~~a", "_a ", "[a](", "|"]
        {
            plain(&piece.repeat(200_000 / piece.len()));
        }
        let ticks: String = (1..600).map(|n| format!("{} ", "`".repeat(n))).collect();
        plain(&ticks);
    }
}
