//! What the console wears: by the terminal, by the configuration, by choice.

use ratatui::style::Color;

use super::*;
use crate::config::Config;
use crate::console::{Depth, Settings};

fn answers(robot: &mut Robot, shade: &str) {
    robot.presses(&format!("\x1b]11;rgb:{shade}/{shade}/{shade}\x1b\\"));
}

fn configured(robot: &mut Robot, change: impl FnOnce(&mut Config)) {
    let mut config = (*robot.console.ui.config).clone();
    change(&mut config);
    robot.tells(News::Config { config: Arc::new(config), origins: Arc::default(), file: "config.toml".into() });
}

/// The background of every cell that has none of its own.
fn ground(robot: &Robot) -> Color {
    view::picture(&robot.console.ui).0[(40, 20)].bg
}

const WHITE: Color = Color::Rgb(0xf5, 0xf5, 0xf5);

#[test]
fn a_terminal_that_fits_keeps_its_background() {
    let mut robot = Robot::sits_down();
    answers(&mut robot, "0000");
    assert_eq!((robot.console.ui.theme_name.as_str(), ground(&robot)), ("dark", Color::Reset));
    answers(&mut robot, "ffff");
    assert_eq!((robot.console.ui.theme_name.as_str(), ground(&robot)), ("light", Color::Reset));
    robot.types(":theme solarized-light\r");
    assert_eq!(ground(&robot), Color::Reset, "chosen, and fits");
}

#[test]
fn a_theme_that_could_not_be_read_on_a_terminal_is_painted() {
    let mut robot = Robot::sits_down();
    answers(&mut robot, "0000");
    robot.types(":theme light\r");
    assert_eq!(ground(&robot), WHITE);
    // Everywhere, also under what lies above.
    robot.types("?");
    let (picture, _) = view::picture(&robot.console.ui);
    assert!(picture.content.iter().all(|cell| cell.bg != Color::Reset));
    robot.types("\x1b:theme mono\r");
    assert_eq!(ground(&robot), Color::Reset, "no colours, nothing to paint");
    robot.types(":theme auto\r");
    assert_eq!((robot.console.ui.theme_name.as_str(), ground(&robot)), ("dark", Color::Reset));
}

#[test]
fn a_chosen_theme_is_painted_where_the_terminal_stays_silent() {
    let mut robot = Robot::sits_down();
    let soon = |robot: &Robot| robot.console.ui.deadline().is_some_and(|at| at < NOW.mono + Duration::from_secs(1));
    assert!(!soon(&robot), "by itself nothing is awaited");
    configured(&mut robot, |c| c.console.theme = "light".into());
    assert_eq!(ground(&robot), Color::Reset, "it may answer yet");
    assert!(soon(&robot));
    robot.waits(Duration::from_millis(400));
    assert_eq!(ground(&robot), WHITE);
    assert!(!soon(&robot));
    answers(&mut robot, "ffff");
    assert_eq!(ground(&robot), Color::Reset, "late is better than never");
    let mut robot = Robot::sits_down();
    robot.waits(Duration::from_secs(1));
    assert_eq!(ground(&robot), Color::Reset, "nobody chose");
}

#[test]
fn what_was_not_chosen_is_not_remembered() {
    let mut robot = Robot::sits_down();
    answers(&mut robot, "0000");
    let memory = robot.console.ui.memory();
    let mut other = Robot::sits_down();
    other.tells(News::Remembered(Some(memory)));
    answers(&mut other, "ffff");
    assert_eq!(other.console.ui.theme_name, "light", "another terminal, another background");
}

#[test]
fn colours_are_those_that_were_asked_for() {
    let colours = |robot: &Robot| robot.console.ui.depth;
    let mut robot = Robot::sits_down();
    robot.console.draw(NOW);
    configured(&mut robot, |c| c.console.color = "16".into());
    assert_eq!(colours(&robot), Depth::Ansi16);
    let frame = String::from_utf8(robot.console.draw(NOW)).unwrap();
    assert!(frame.contains("\x1b[2J") && !frame.contains("38;2"), "all of it is drawn again in the sixteen");
    configured(&mut robot, |c| c.console.color = "none".into());
    assert_eq!((colours(&robot), robot.console.ui.theme_name.as_str()), (Depth::None, "mono"));
    configured(&mut robot, |c| c.console.color = "auto".into());
    assert_eq!((colours(&robot), robot.console.ui.theme_name.as_str()), (Depth::Rgb, "dark"));
    // A flag comes first.
    let settings = Settings { forced: true, depth: Depth::Ansi256, ..robot.console.ui.settings.clone() };
    robot.console = Console::new(settings, NOW);
    configured(&mut robot, |c| c.console.color = "none".into());
    assert_eq!(colours(&robot), Depth::Ansi256);
}

#[test]
fn the_mouse_is_whose_the_configuration_and_the_operator_say() {
    let told = |robot: &mut Robot| {
        let wanted = std::mem::take(&mut robot.wanted);
        let bytes = wanted.into_iter().filter_map(|i| if let Intent::Write(b) = i { Some(b) } else { None });
        let all: Vec<u8> = bytes.flatten().collect();
        (all.windows(8).any(|w| w == b"\x1b[?1000h"), all.windows(8).any(|w| w == b"\x1b[?1000l"))
    };
    let mut robot = Robot::sits_down();
    robot.types("M");
    assert_eq!(told(&mut robot), (true, false));
    let memory = robot.console.ui.memory();
    let mut again = Robot::sits_down();
    again.tells(News::Remembered(Some(memory)));
    assert_eq!(told(&mut again), (true, false), "as last time");
    configured(&mut again, |c| c.console.mouse = "off".into());
    assert_eq!(told(&mut again), (false, true));
    again.types("M");
    assert_eq!(told(&mut again), (false, false));
    again.sees("console.mouse");
    let mut third = Robot::sits_down();
    configured(&mut third, |c| c.console.mouse = "on".into());
    assert_eq!(told(&mut third), (true, false));
}

/// Draws on a terminal that gives ambiguous characters two columns, cell by cell, and compares with what was meant.
#[test]
fn ambiguous_characters_take_two_columns_where_the_operator_says_so() {
    for size in [(45, 12), (80, 24), (120, 40)] {
        let mut robot = Robot::at(size, Lang::Zh);
        configured(&mut robot, |c| c.console.ambiguous_width = 2);
        for keys in ["", "jjjl", "2", "3", "4", "5", "1?", "\x1bgt", "\x1bjjjK", "\x1bw", "\x1bg"] {
            robot.types(keys);
            robot.console.ui.repaint = true;
            robot.tells(News::Time);
            let (meant, _) = view::picture(&robot.console.ui);
            let now = robot.now;
            let seen = wide_terminal(&robot.console.draw(now), size);
            assert_eq!(seen, words_of(&meant, size), "{size:?} {keys:?}");
            assert!(!seen.iter().any(|row| row.contains('│')), "a line between panes has one column");
        }
    }
}

/// Names and messages stay as people wrote them; what is ours is ASCII or words.
#[test]
fn in_ascii_no_sign_of_ours_is_anything_else() {
    for lang in [Lang::Zh, Lang::En] {
        let mut robot = Robot::at((120, 40), lang);
        configured(&mut robot, |c| c.console.ascii = true);
        for keys in [
            "", "jjjl", "kkL", "\x1b", "2", "3", "4", "5", "1?", "\x1bgt", "\x1bK", "\x1bw", "\x1be", "\x1b:al",
            "\x1b|",
        ] {
            robot.types(keys);
            // The scene's own people write ellipses, and one of them an escape, which the sanitiser made visible.
            let odd = robot.screen().chars().find(|c| matches!(c, '\u{2010}'..='\u{2bff}') && !"…␛".contains(*c));
            assert_eq!(odd, None, "{keys:?}\n{}", robot.screen());
        }
    }
}

fn columns(c: char) -> usize {
    unicode_width::UnicodeWidthChar::width_cjk(c).unwrap_or(0)
}

fn words_of(buffer: &ratatui::buffer::Buffer, (width, height): (u16, u16)) -> Vec<String> {
    let row = |y| {
        let (mut text, mut x) = (String::new(), 0);
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            text.push_str(symbol);
            x += u16::try_from(symbol.chars().map(columns).sum::<usize>().max(1)).unwrap();
        }
        text.trim_end().to_owned()
    };
    (0..height).map(row).collect()
}

/// The least that draws our frames: moves, erasing, text; wide glyphs lose their other half when one is written over.
fn wide_terminal(frame: &[u8], (width, height): (u16, u16)) -> Vec<String> {
    let (width, height) = (usize::from(width), usize::from(height));
    let mut cells = vec![vec![Some(' '); width]; height];
    let (mut x, mut y) = (0usize, 0usize);
    let text = String::from_utf8(frame.to_vec()).unwrap();
    let mut chars = text.chars().peekable();
    let blank = |row: &mut Vec<Option<char>>, at: usize| {
        // `None` is the shadow of the wide glyph before it.
        if row[at].is_none() {
            row[at - 1] = Some(' ');
        }
        if at + 1 < row.len() && row[at + 1].is_none() {
            row[at + 1] = Some(' ');
        }
        row[at] = Some(' ');
    };
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => {
                assert_eq!(chars.next(), Some('['));
                let mut numbers = String::new();
                let last = loop {
                    match chars.next().unwrap() {
                        c @ ('0'..='9' | ';' | '?' | ':') => numbers.push(c),
                        last => break last,
                    }
                };
                let n: Vec<usize> = numbers.split(';').filter_map(|n| n.parse().ok()).collect();
                let first = n.first().copied().unwrap_or(1);
                match last {
                    'H' => (y, x) = (first - 1, n.get(1).copied().unwrap_or(1) - 1),
                    'C' => x += first,
                    'J' => cells = vec![vec![Some(' '); width]; height],
                    'K' => (x..width).for_each(|at| blank(&mut cells[y], at)),
                    'X' => (x..(x + first).min(width)).for_each(|at| blank(&mut cells[y], at)),
                    'm' | 'h' | 'l' => {}
                    other => panic!("CSI {other}"),
                }
            }
            '\r' => x = 0,
            '\n' => y += 1,
            c => {
                let wide = columns(c);
                for at in x..(x + wide).min(width) {
                    blank(&mut cells[y], at);
                }
                cells[y][x] = Some(c);
                if wide == 2 && x + 1 < width {
                    cells[y][x + 1] = None;
                }
                x += wide;
            }
        }
    }
    cells.into_iter().map(|row| row.into_iter().flatten().collect::<String>().trim_end().to_owned()).collect()
}
