//! `qqdeck init`: a few questions, a commented configuration, a token that only its owner can read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::output::{End, print};
use super::place::Place;
use crate::words::{Exit, Lang};

/// Options of `init`.
#[derive(Debug, Default, clap::Args)]
pub struct Init {
    /// Ask nothing, take the defaults
    #[arg(long, short)]
    yes: bool,
}

/// What the questions are about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Answers {
    /// QQ numbers of admins, with commas.
    admins: String,
    /// Groups that are answered, with commas.
    groups: String,
    /// The model of Ollama on this machine.
    model: String,
}

impl Default for Answers {
    fn default() -> Self {
        Self { admins: String::new(), groups: String::new(), model: "qwen3:8b".to_owned() }
    }
}

impl Init {
    /// Asks, writes both files, and says what comes next.
    pub fn run(self, place: &Place) -> Result<(), End> {
        let config = place.new_config()?;
        let data = std::path::absolute(place.data()?).map_err(|_| Exit::NoHome)?;
        if config.exists() {
            return Err(Exit::Exists { path: config.display().to_string() }.into());
        }
        let answers = if self.yes { Answers::default() } else { ask(&mut io::stdin().lock(), place.lang)? };
        let token = data.join("onebot.token");
        make_private_directory(&data)?;
        if let Some(folder) = config.parent().filter(|f| !f.as_os_str().is_empty()) {
            make_private_directory(folder)?;
        }
        // A token that is there already may be in an adapter's settings: it stays.
        if !token.exists() {
            write_new(&token, &format!("{}\n", random_token()?))?;
        }
        write_new(&config, &text(&answers, &token, place.lang))?;
        print(&next_steps(&config, &token, place.lang))
    }
}

fn ask(input: &mut impl BufRead, lang: Lang) -> Result<Answers, End> {
    let mut answers = Answers::default();
    let (zh, en) = (
        "你的 QQ 号（管理员，可以在聊天里发命令；多个用逗号隔开）：",
        "Your QQ number (an admin; several with commas): ",
    );
    answers.admins = question(input, lang.pick(zh, en), lang, numbers)?.unwrap_or_default();
    let (zh, en) = (
        "要回答哪些群（群号，用逗号隔开；留空以后再说）：",
        "Groups to answer in (numbers with commas; empty for later): ",
    );
    answers.groups = question(input, lang.pick(zh, en), lang, numbers)?.unwrap_or_default();
    let prompt = match lang {
        Lang::Zh => format!("用 Ollama 的哪个模型 [{}]：", answers.model),
        Lang::En => format!("Which model of Ollama [{}]: ", answers.model),
    };
    if let Some(model) = question(input, &prompt, lang, model_name)? {
        answers.model = model;
    }
    Ok(answers)
}

/// Asks until the answer can be read; `None`: nothing was said.
fn question(
    input: &mut impl BufRead,
    prompt: &str,
    lang: Lang,
    read: fn(&str) -> Option<String>,
) -> Result<Option<String>, End> {
    loop {
        print(prompt)?;
        let mut line = String::new();
        let taken = input.by_ref().take(4096).read_line(&mut line);
        let taken = taken.map_err(|e| Exit::CannotRead { path: "stdin".to_owned(), cause: e.to_string() })?;
        let line = line.trim();
        if taken == 0 || line.is_empty() {
            return Ok(None);
        }
        match read(line) {
            Some(answer) => return Ok(Some(answer)),
            None => print(lang.pick("看不懂，请再写一次。\n", "That cannot be read; once more, please.\n"))?,
        }
    }
}

/// Numbers with commas, full-width ones or blanks between them, as a list of TOML.
fn numbers(line: &str) -> Option<String> {
    let words = line.split([',', '，', '、', ' ', ';']).filter(|w| !w.is_empty());
    let numbers: Option<Vec<String>> =
        words.map(|w| w.parse::<u64>().ok().filter(|n| *n > 0).map(|n| n.to_string())).collect();
    numbers.map(|n| n.join(", "))
}

/// A model's name: what can stand in a string of TOML as it is.
fn model_name(line: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._:/-".contains(c);
    (line.len() <= 128 && line.chars().all(fits)).then(|| line.to_owned())
}

fn text(answers: &Answers, token: &Path, lang: Lang) -> String {
    let Answers { admins, groups, model } = answers;
    let token = toml::Value::String(format!("file:{}", token.display()));
    match lang {
        Lang::Zh => format!(
            r#"# qqdeck 的配置。没有写的都是默认值；改完用 qqdeck check 检查，用 qqdeck ctl reload 生效。

[onebot]
listen = ["127.0.0.1:2280"]   # NapCat 的反向 WebSocket 指到 ws://127.0.0.1:2280/ws
token = {token}

[access]
mode = "whitelist"            # whitelist 只回名单里的；blacklist 不回黑名单里的；open 都回
users = []                    # 私聊：QQ 号
groups = [{groups}]           # 群：群号
admins = [{admins}]           # 管理员：可以在聊天里发命令，总会被回答

[trigger]
group = ["at", "quote", "names"]   # 群里怎样叫机器人：@ 它、引用它的话、叫它的名字
names = []                         # 它的名字，例如 ["小助手"]

[[personas]]
name = "默认"
prompt = "你是一个友善的 QQ 助手，用简短自然的中文回答。"

[[providers]]
name = "ollama"
kind = "ollama"               # 或 openai：任何 OpenAI 兼容的接口，endpoint 写到 /v1
endpoint = "http://127.0.0.1:11434"
model = "{model}"
"#
        ),
        Lang::En => format!(
            r#"# The configuration of qqdeck. What is not written is the default; check changes with `qqdeck check`, apply them with `qqdeck ctl reload`.

[onebot]
listen = ["127.0.0.1:2280"]   # point NapCat's reverse WebSocket to ws://127.0.0.1:2280/ws
token = {token}

[access]
mode = "whitelist"            # whitelist: only who is listed; blacklist: all but who is blocked; open: everybody
users = []                    # private chats, by QQ number
groups = [{groups}]           # groups, by number
admins = [{admins}]           # admins may give commands in chat and are always answered

[trigger]
group = ["at", "quote", "names"]   # what calls the bot in a group: @, a quote, one of its names
names = []                         # its names, for example ["deck"]

[[personas]]
name = "default"
prompt = "You are a friendly assistant in a QQ chat. Answer briefly and naturally, in the language of the question."

[[providers]]
name = "ollama"
kind = "ollama"               # or openai: any OpenAI-compatible API, with an endpoint that ends in /v1
endpoint = "http://127.0.0.1:11434"
model = "{model}"
"#
        ),
    }
}

fn next_steps(config: &Path, token: &Path, lang: Lang) -> String {
    let (config, token) = (config.display(), token.display());
    match lang {
        Lang::Zh => format!(
            "\n写好了：{config}\n\n接下来：\n  1. 在 NapCat 里加一个 WebSocket 客户端：ws://127.0.0.1:2280/ws，token 见 {token}\n  2. qqdeck check 看一遍配置\n  3. qqdeck run --headless 启动\n"
        ),
        Lang::En => format!(
            "\nWritten: {config}\n\nNext:\n  1. In NapCat add a WebSocket client: ws://127.0.0.1:2280/ws, with the token in {token}\n  2. `qqdeck check` looks over the configuration\n  3. `qqdeck run --headless` starts the bot\n"
        ),
    }
}

/// 32 random bytes in hex.
fn random_token() -> Result<String, Exit> {
    let mut bytes = [0; 32];
    let source = "/dev/urandom";
    let read = fs::File::open(source).and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|e| Exit::CannotRead { path: source.to_owned(), cause: e.to_string() })?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

fn make_private_directory(path: &Path) -> Result<(), Exit> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| cannot_write(path, &e))
}

/// Both files may hold secrets, now or later.
fn write_new(path: &Path, text: &str) -> Result<(), Exit> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|e| cannot_write(path, &e))
}

fn cannot_write(path: &Path, error: &io::Error) -> Exit {
    Exit::CannotWrite { path: path.display().to_string(), cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_people_write_them() {
        assert_eq!(numbers("123， 456、7").as_deref(), Some("123, 456, 7"));
        assert_eq!(numbers("12a"), None);
        assert_eq!(numbers("0"), None);
        assert_eq!(model_name("hf.co/a/b:Q4_K_M").as_deref(), Some("hf.co/a/b:Q4_K_M"));
        assert_eq!(model_name("x\"\n[a]"), None);
    }

    #[test]
    fn a_wrong_answer_is_asked_again_and_silence_is_the_default() {
        let mut input = &b"me\n10001\n\n"[..];
        let answers = ask(&mut input, Lang::En).unwrap();
        assert_eq!(answers, Answers { admins: "10001".into(), ..Answers::default() });
    }

    #[test]
    fn what_is_written_is_toml_with_the_answers_in_it() {
        let answers = Answers { admins: "1, 2".into(), groups: "3".into(), model: "m".into() };
        for lang in [Lang::Zh, Lang::En] {
            let table: toml::Table = text(&answers, Path::new("/a \"b\"/onebot.token"), lang).parse().unwrap();
            assert_eq!(table["onebot"]["token"].as_str(), Some("file:/a \"b\"/onebot.token"));
            assert_eq!(table["access"]["admins"].as_array().map(Vec::len), Some(2));
            assert_eq!(table["providers"][0]["model"].as_str(), Some("m"));
        }
    }

    #[test]
    fn tokens_differ_and_have_32_bytes() {
        let (a, b) = (random_token().unwrap(), random_token().unwrap());
        assert!(a != b && a.len() == 64);
    }
}
