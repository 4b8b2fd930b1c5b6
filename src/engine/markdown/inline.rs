//! One line of Markdown without its block marks.

use crate::domain::text::hazard;
use crate::engine::fold::is_cjk;

/// The longest address, tag and name of an entity that are looked for.
const ADDRESS: usize = 2048;
const TAG: usize = 16;
const ENTITY: usize = 10;

/// The line without marks.
pub(super) fn line(text: &str) -> String {
    if !text.contains(['*', '_', '~', '`', '[', '<', '&', '\\', '$', '!']) {
        return text.to_owned();
    }
    let mut line = Line { text, at: 0, out: String::with_capacity(text.len()), ..Line::default() };
    while line.at < text.len() {
        line.step();
    }
    line.finish()
}

#[derive(Default)]
struct Line<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// Marks in `out` that turned out to be marks: where, how long, and what stands there instead.
    edits: Vec<(usize, usize, &'static str)>,
    /// The last mark of each kind that may open emphasis, by its place in `out`.
    open: [Option<usize>; KINDS.len()],
    /// Brackets that may begin a link, by their place in `out`; whether it is a picture.
    brackets: Vec<(usize, bool)>,
    /// Runs of so many backticks, and closing marks of formulas, that are known not to come any more.
    no_ticks: u64,
    no_close: [bool; FORMULAS.len()],
}

/// Emphasis: the mark, longest first.
const KINDS: [&str; 5] = ["**", "*", "__", "_", "~~"];
/// Formulas: how they open and close.
const FORMULAS: [(&str, &str); 4] = [("\\(", "\\)"), ("\\[", "\\]"), ("$$", "$$"), ("$", "$")];

impl<'a> Line<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Takes `skip` bytes of the input and writes `plain` for them.
    fn put(&mut self, skip: usize, plain: &str) {
        self.out.push_str(plain);
        self.at += skip;
    }

    fn step(&mut self) {
        let rest = self.rest();
        let stop = |c: char| matches!(c, '*' | '_' | '~' | '`' | '[' | ']' | '<' | '&' | '\\' | '$' | '!' | 'h');
        let ordinary = rest.find(stop).unwrap_or(rest.len());
        if ordinary > 0 {
            return self.put(ordinary, &rest[..ordinary]);
        }
        let done = match rest.as_bytes()[0] {
            b'*' | b'_' | b'~' => self.emphasis(),
            b'`' => self.code(),
            b'!' | b'[' => self.bracket(),
            b']' => self.link(),
            b'<' => self.tag(),
            b'&' => self.entity(),
            b'\\' => self.formula() || self.escape(),
            b'$' => self.formula(),
            _ => self.address(),
        };
        if !done {
            self.put(1, &rest[..1]);
        }
    }

    /// Opens or closes emphasis, or writes the mark. A mark that closes makes edits of both; one that never
    /// is closed stays.
    fn emphasis(&mut self) -> bool {
        let rest = self.rest();
        let Some(kind) = KINDS.iter().position(|mark| rest.starts_with(mark)) else { return false };
        let mark = KINDS[kind];
        let before = self.text[..self.at].chars().next_back();
        let after = rest[mark.len()..].chars().next();
        let (starts, ends) = flanks(mark, before, after);
        match self.open[kind] {
            Some(start) if ends && self.is_emphasis(mark, start) => {
                self.open[kind] = None;
                self.edits.push((start, mark.len(), ""));
                self.edits.push((self.out.len(), mark.len(), ""));
            }
            _ if starts => self.open[kind] = Some(self.out.len()),
            _ => {}
        }
        self.put(mark.len(), mark);
        true
    }

    /// `__init__` is a name, not bold; nothing at all is not emphasis either.
    fn is_emphasis(&self, mark: &str, start: usize) -> bool {
        let inside = &self.out[start + mark.len()..];
        let name = || inside.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let nothing = inside.is_empty();
        !(nothing || mark == "__" && name())
    }

    /// Code between runs of equally many backticks; its marks are words.
    fn code(&mut self) -> bool {
        let rest = self.rest();
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        let known = u32::try_from(ticks).ok().and_then(|n| 1u64.checked_shl(n)).unwrap_or(0);
        if known != 0 && self.no_ticks & known == 0 {
            if let Some(length) = closing_ticks(&rest[ticks..], ticks) {
                let code = &rest[ticks..ticks + length];
                // One blank on each side belongs to the marks: `` ` `` is how a backtick is written.
                let stripped = code.strip_prefix(' ').and_then(|c| c.strip_suffix(' '));
                self.put(2 * ticks + length, stripped.filter(|c| !c.trim().is_empty()).unwrap_or(code));
                return true;
            }
            self.no_ticks |= known;
        }
        self.put(ticks, &rest[..ticks]);
        true
    }

    fn bracket(&mut self) -> bool {
        let mark = match self.rest() {
            rest if rest.starts_with("![") => "![",
            rest if rest.starts_with('[') => "[",
            _ => return false,
        };
        self.brackets.push((self.out.len(), mark.len() == 2));
        self.put(mark.len(), mark);
        true
    }

    /// `](address)`: what stood in the bracket, then the address; for a picture only what it shows.
    fn link(&mut self) -> bool {
        let Some((start, picture)) = self.brackets.pop() else { return false };
        let Some((address, length)) = self.rest().strip_prefix("](").and_then(target) else { return false };
        let skip = "](".len() + length;
        if picture {
            let bare = self.out.len() == start + "![".len();
            self.edits.push((start, "![".len(), if bare { "[图片" } else { "[图片: " }));
            self.put(skip, "]");
        } else {
            let same = address.is_empty() || &self.out[start + 1..] == address;
            self.edits.push((start, 1, ""));
            let shown = if same { String::new() } else { format!(" ({address})") };
            self.put(skip, &shown);
        }
        true
    }

    /// `<https://…>` and the few tags that models use.
    fn tag(&mut self) -> bool {
        const GONE: [&str; 16] = [
            "b", "strong", "i", "em", "u", "s", "del", "ins", "sub", "sup", "mark", "kbd", "details", "summary",
            "center", "p",
        ];
        let rest = self.rest();
        let limit = rest.floor_char_boundary(if is_address(&rest[1..]) { ADDRESS } else { TAG });
        let Some(end) = rest[..limit].find(['>', ' ']).filter(|end| rest[*end..].starts_with('>')) else {
            let broken = ["<br />", "<BR />"].into_iter().find(|tag| rest.starts_with(tag));
            return broken.is_some_and(|tag| {
                self.put(tag.len(), "\n");
                true
            });
        };
        let inside = &rest[1..end];
        let name = inside.trim_matches('/').to_ascii_lowercase();
        if is_address(inside) {
            self.put(end + 1, inside);
        } else if name == "br" {
            self.put(end + 1, "\n");
        } else if GONE.contains(&name.as_str()) {
            self.put(end + 1, "");
        } else {
            return false;
        }
        true
    }

    fn entity(&mut self) -> bool {
        let rest = self.rest();
        let limit = rest.floor_char_boundary(ENTITY + 2);
        let Some(end) = rest[..limit].find(';') else { return false };
        let Some(plain) = entity(&rest[1..end]) else { return false };
        self.put(end + 1, plain.encode_utf8(&mut [0; 4]));
        true
    }

    /// A backslash before a mark makes it a character.
    fn escape(&mut self) -> bool {
        let Some(c) = self.rest()[1..].chars().next() else { return false };
        let mark = "\\`*_{}[]()#+-.!|~<>$&\"'".contains(c);
        if mark {
            self.put(2, c.encode_utf8(&mut [0; 4]));
        }
        mark
    }

    /// A formula keeps its inside. Between single `$` it must look like one: `$5 and $6` are prices.
    fn formula(&mut self) -> bool {
        let rest = self.rest();
        let Some(kind) = FORMULAS.iter().position(|(open, _)| rest.starts_with(open)) else { return false };
        let (open, close) = FORMULAS[kind];
        if self.no_close[kind] {
            return false;
        }
        let Some(length) = rest[open.len()..].find(close) else {
            self.no_close[kind] = true;
            return false;
        };
        let inside = &rest[open.len()..open.len() + length];
        let sure = open != "$" || is_formula(inside);
        if sure && !inside.trim().is_empty() {
            self.put(open.len() + length + close.len(), inside.trim());
        } else {
            self.put(open.len(), open);
        }
        true
    }

    /// A bare address is no place for emphasis.
    fn address(&mut self) -> bool {
        let rest = self.rest();
        if !is_address(rest) {
            return false;
        }
        let end = rest.find(|c: char| !c.is_ascii_graphic() || "<>\"`|\\^{}[]()*".contains(c)).unwrap_or(rest.len());
        self.put(end, &rest[..end]);
        true
    }

    /// Carries the edits out.
    fn finish(mut self) -> String {
        if self.edits.is_empty() {
            return self.out;
        }
        self.edits.sort_unstable();
        let mut plain = String::with_capacity(self.out.len());
        let mut copied = 0;
        for (start, length, instead) in self.edits {
            plain.push_str(&self.out[copied..start]);
            plain.push_str(instead);
            copied = start + length;
        }
        plain.push_str(&self.out[copied..]);
        plain
    }
}

/// Whether a mark may start and may end emphasis, by its neighbours. Between two Latin letters or digits it
/// is multiplication or part of a name; `_` is so beside any letter.
fn flanks(mark: &str, before: Option<char>, after: Option<char>) -> (bool, bool) {
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_cjk(c));
    let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let blank = |c: Option<char>| c.is_none_or(char::is_whitespace);
    let punctuation = |c: Option<char>| c.is_some_and(|c| c.is_ascii_punctuation());
    let closes_badly = punctuation(before) && latin(after);
    let opens_badly = latin(before) && punctuation(after);
    if mark.starts_with('_') {
        let (starts, ends) = (!letter(before) && !blank(after), !blank(before) && !letter(after));
        return (starts && !opens_badly, ends && !closes_badly);
    }
    let product = latin(before) && latin(after);
    let starts = !blank(after) && !product && !opens_badly;
    // What has been opened may close between letters: `**Rust**2024`.
    let ends = !blank(before) && !closes_badly;
    (starts, ends)
}

fn is_address(text: &str) -> bool {
    ["http://", "https://", "mailto:"].iter().any(|scheme| text.starts_with(scheme))
}

/// How far it is to the run of exactly `ticks` backticks.
fn closing_ticks(text: &str, ticks: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let run = text[start..].len() - text[start..].trim_start_matches('`').len();
        if run == ticks {
            return Some(start);
        }
        at = start + run;
    }
    None
}

/// The address behind `](`, and how many bytes it took with its title and `)`. Brackets may nest.
fn target(text: &str) -> Option<(&str, usize)> {
    let text = &text[..text.floor_char_boundary(ADDRESS)];
    let mut depth = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        match c {
            // Nobody nests deeper, and a long row of them would be read again from each.
            '(' if depth == 4 => return Some(None),
            '(' => depth += 1,
            ')' if depth == 0 => return Some(Some(at)),
            ')' => depth -= 1,
            _ => {}
        }
        None
    })??;
    let inside = text[..end].trim();
    let address = match inside.split_once([' ', '\t']) {
        Some((address, title)) if title.trim().starts_with(['"', '\'', '(']) => address,
        // A remark in round brackets, not an address: nothing of it may be lost.
        Some(_) => return None,
        None => inside,
    };
    let address = address.strip_prefix('<').and_then(|a| a.strip_suffix('>')).unwrap_or(address);
    Some((address, end + 1))
}

/// The few entities that models write, and numbers; nothing that could hurt a terminal.
fn entity(name: &str) -> Option<char> {
    let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => number.parse().ok(),
    });
    if let Some(number) = number {
        return char::from_u32(number).filter(|c| hazard(*c).is_none() && !c.is_control());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        "times" => '×',
        "middot" => '·',
        "copy" => '©',
        _ => return None,
    })
}

/// Whether the inside of `$…$` is a formula.
fn is_formula(inside: &str) -> bool {
    let tight = !inside.starts_with(char::is_whitespace) && !inside.ends_with(char::is_whitespace);
    let single = inside.chars().count() == 1 && inside.chars().all(|c| c.is_ascii_alphabetic());
    tight && (single || inside.contains(['\\', '^', '=', '{']))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn emphasis() {
        let cases = [
            ("**粗** *斜* ***都*** ~~删~~", "粗 斜 都 删"),
            ("这是**重点**内容", "这是重点内容"),
            ("用Rust**语言**写", "用Rust语言写"),
            ("**“好”**的", "“好”的"),
            ("**注意：**请", "注意：请"),
            ("**Note:** text", "Note: text"),
            ("__粗体 字__ 和 _斜体_", "粗体 字 和 斜体"),
            ("**a *b* c**", "a b c"),
            ("2*3*4=24", "2*3*4=24"),
            ("2**3**4", "2**3**4"),
            ("a * b * c", "a * b * c"),
            ("f(*args, **kwargs)", "f(*args, **kwargs)"),
            ("(*a)(*b)", "(*a)(*b)"),
            ("snake_case_name", "snake_case_name"),
            ("__init__ 和 _x", "__init__ 和 _x"),
            ("**没有结束", "**没有结束"),
            ("****", "****"),
            ("~5~10", "~5~10"),
            ("好~~", "好~~"),
        ];
        for (markdown, expected) in cases {
            assert_eq!(line(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn code() {
        let cases = [
            ("运行 `ls *.rs` 和 `rm *`", "运行 ls *.rs 和 rm *"),
            ("`` a`b ``", "a`b"),
            ("`a_b_c`", "a_b_c"),
            ("**`x*y`**", "x*y"),
            ("一个 ` 而已", "一个 ` 而已"),
            ("`` 不配 `", "`` 不配 `"),
        ];
        for (markdown, expected) in cases {
            assert_eq!(line(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn links_and_pictures() {
        let cases = [
            ("[文档](https://a.b/c_d_e)", "文档 (https://a.b/c_d_e)"),
            ("[**粗**](https://a.b \"标题\")", "粗 (https://a.b)"),
            ("[https://a.b](https://a.b)", "https://a.b"),
            ("[维基](https://a.b/c_(d))", "维基 (https://a.b/c_(d))"),
            ("<https://a.b>", "https://a.b"),
            ("看 https://a.b/_c_d_/e，_对_", "看 https://a.b/_c_d_/e，对"),
            ("**https://a.b/c_d_e**", "https://a.b/c_d_e"),
            ("![猫](https://a.b/c.png)", "[图片: 猫]"),
            ("![](file:///etc/passwd)", "[图片]"),
            ("[![徽章](i)](u)", "[图片: 徽章] (u)"),
            ("[注](见 附录 一)", "[注](见 附录 一)"),
            ("a[0](b", "a[0](b"),
            ("[1] 脚注", "[1] 脚注"),
        ];
        for (markdown, expected) in cases {
            assert_eq!(line(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn the_rest() {
        let cases = [
            (r"面积 \(S = \pi r^2\)。", r"面积 S = \pi r^2。"),
            (r"\[ x^2 \]", "x^2"),
            ("$$a_1 + b$$", "a_1 + b"),
            ("设 $x^2=4$ 与 $y$", "设 x^2=4 与 y"),
            ("$5 和 $6", "$5 和 $6"),
            (r"\*不是\* \# 1\.", "*不是* # 1."),
            (r"¯\\\_(ツ)\_/¯", r"¯\_(ツ)_/¯"),
            (r"C:\Users\n", r"C:\Users\n"),
            ("a &lt; b &amp;&amp; c&nbsp;d &#39;e&#39;", "a < b && c d 'e'"),
            ("&#27;[2J &bogus; A&B", "&#27;[2J &bogus; A&B"),
            ("一<br>二<br/>三", "一\n二\n三"),
            ("<b>粗</b> <sup>2</sup> a<b>c", "粗 2 ac"),
            ("Vec<String> 与 1 < 2 > 0", "Vec<String> 与 1 < 2 > 0"),
            ("！[不是]", "！[不是]"),
        ];
        for (markdown, expected) in cases {
            assert_eq!(line(markdown), expected, "{markdown}");
        }
    }
}
