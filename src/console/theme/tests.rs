use std::collections::BTreeSet;

use proptest::prelude::*;

use super::colour::{contrast, rgb};
use super::*;

fn shipped() -> Vec<Theme> {
    let themes = Themes::shipped();
    themes.names().map(|name| themes.theme(name).unwrap_or_else(|e| panic!("{e}"))).collect()
}

fn problems(text: &str) -> Vec<String> {
    let mut themes = Themes::shipped();
    themes.add("mine", text);
    themes.theme("mine").expect_err("is wrong").problems.iter().map(ToString::to_string).collect()
}

/// Roles that are seen side by side and must not be mixed up.
const GROUPS: &[&[Role]] = &[
    &[Role::AlertCritical, Role::AlertWarning, Role::AlertInfo],
    &[Role::GaugeOk, Role::GaugeWarn, Role::GaugeCritical, Role::GaugeEmpty],
    &[Role::VerdictIgnored, Role::VerdictReplied, Role::VerdictBlocked],
    &[Role::DeliverySent, Role::DeliveryUnknown, Role::DeliveryFailed],
    &[Role::Draft, Role::Manual, Role::Muted, Role::Handover],
    &[Role::Text, Role::Selection, Role::SelectionInactive, Role::Cursor],
    &[Role::Header, Role::HeaderAccent, Role::HeaderProduction],
    &[Role::NameUser, Role::NameBot, Role::NameOperator],
    &[Role::LinkUp, Role::LinkDown],
    &[Role::ToastOk, Role::ToastError],
    &[Role::FooterKey, Role::FooterText],
    &[Role::Input, Role::InputGhost, Role::InputPrompt],
    &[Role::Text, Role::Mention, Role::SearchMatch, Role::Hazard],
    &[Role::Text, Role::Streaming, Role::TextDim, Role::TextStrong],
    &[Role::Overlay, Role::OverlayTitle],
];

#[test]
fn every_theme_has_the_contrast_that_it_owes() {
    let mut poor = Vec::new();
    for theme in shipped().iter().filter(|theme| theme.is_coloured()) {
        let best = if theme.name() == "high-contrast" { 7.0 } else { 4.5 };
        let paper = |style: Style| style.bg.and_then(rgb).unwrap_or(theme.background);
        let mut check = |what: &str, fg: Option<Color>, on: Rgb, wanted: f32| {
            let ratio = fg.and_then(rgb).map_or(0.0, |fg| contrast(fg, on));
            if ratio < wanted {
                poor.push(format!("{} {what}: {ratio:.2} < {wanted}", theme.name()));
            }
        };
        for role in Role::ALL {
            let style = theme.style(*role);
            match role.ink() {
                Ink::Text => check(role.name(), style.fg, paper(style), best),
                Ink::Dim => check(role.name(), style.fg, paper(style), 3.0),
                Ink::Ornament => {}
            }
        }
        for color in theme.name_colours() {
            check("names", Some(*color), theme.background, best);
        }
        // What is also drawn above the panes.
        for role in [Role::Text, Role::TextStrong, Role::FooterKey, Role::Input, Role::InputPrompt, Role::TextDim] {
            let wanted = if role.ink() == Ink::Dim { 3.0 } else { best };
            check("in an overlay", theme.style(role).fg, paper(theme.style(Role::Overlay)), wanted);
        }
    }
    assert!(poor.is_empty(), "{}", poor.join("\n"));
}

#[test]
fn a_background_never_comes_alone() {
    for theme in shipped() {
        for role in Role::ALL {
            let style = theme.style(*role);
            assert!(style.bg.is_none() || style.fg.is_some(), "{} {}", theme.name(), role.name());
        }
        let base = theme.base();
        assert_eq!(base.bg.is_some(), theme.paint_background);
        assert!(base.bg.is_none() || base.fg.is_some());
    }
}

#[test]
fn what_must_not_be_mixed_up_differs_at_every_depth() {
    let mut same = Vec::new();
    for depth in [Depth::Ansi16, Depth::Ansi256, Depth::Rgb] {
        for theme in shipped().into_iter().map(|theme| theme.at(depth)) {
            for group in GROUPS {
                let styles: BTreeSet<String> = group.iter().map(|role| format!("{:?}", theme.style(*role))).collect();
                if styles.len() < group.len() {
                    same.push(format!("{} {depth:?} {group:?} {styles:?}", theme.name()));
                }
            }
            for role in Role::ALL.iter().filter(|role| role.ink() != Ink::Ornament) {
                let style = theme.style(*role);
                if style.fg.is_some() && style.fg == style.bg {
                    same.push(format!("{} {depth:?} {} is invisible", theme.name(), role.name()));
                }
            }
            let overlay = theme.style(Role::Overlay).bg;
            if overlay.is_some() && overlay == theme.style(Role::TextDim).fg {
                same.push(format!("{} {depth:?} dim text is invisible in overlays", theme.name()));
            }
        }
    }
    assert!(same.is_empty(), "{}", same.join("\n"));
}

#[test]
fn mono_has_no_colours() {
    let mono = Themes::shipped().theme("mono").unwrap();
    assert!(!mono.is_coloured() && mono.name_colours().is_empty());
    assert_eq!(mono.clone().at(Depth::None), mono, "so nothing is lost without them");
    assert_eq!(mono.clone().with_accent("cyan").unwrap(), mono);
    assert_eq!(mono.name_of(10001), mono.style(Role::NameUser));
}

#[test]
fn roles_fall_back_to_what_stands_before_their_dots() {
    let mut themes = Themes::shipped();
    themes.add(
        "mine",
        r##"
        background = "#000"
        [palette]
        loud = "#ff8800"
        [roles]
        text = { fg = "white", italic = true }
        alert = { fg = "loud", bold = true }
        "alert.critical" = { bg = "#300", italic = false }
        "text.dim" = "bright-black"
        name.bot = "bright-black"
        name.user.bold = true
        "##,
    );
    let mine = themes.theme("mine").unwrap();
    let text = Style::new().fg(Color::Gray).italic();
    assert_eq!(mine.style(Role::Spark), text);
    assert_eq!(mine.style(Role::TextDim), text.fg(Color::DarkGray));
    assert_eq!(mine.style(Role::NameBot), text.fg(Color::DarkGray));
    assert_eq!(mine.style(Role::NameUser), text.bold());
    let alert = text.fg(Color::Rgb(255, 0x88, 0)).bold();
    assert_eq!(mine.style(Role::AlertWarning), alert);
    assert_eq!(mine.style(Role::AlertCritical), alert.bg(Color::Rgb(0x33, 0, 0)).not_italic());
}

#[test]
fn a_childs_palette_recolours_its_parents_roles() {
    let mut themes = Themes::shipped();
    themes.add("mine", "inherits = 'dark'\n[palette]\naccent = '#ffffff'\n[roles]\nunread = { underline = true }");
    let (dark, mine) = (themes.theme("dark").unwrap(), themes.theme("mine").unwrap());
    assert_eq!(mine.style(Role::NameBot).fg, Some(Color::Rgb(255, 255, 255)));
    assert_eq!(mine.style(Role::VerdictBlocked), dark.style(Role::VerdictBlocked));
    assert_eq!(mine.style(Role::Unread), dark.style(Role::Text).underlined(), "a role is replaced as a whole");
    assert_eq!(mine.background(), dark.background());
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let told = problems(
        "inherits = 'drak'\nbackground = 7\npaint_backgruond = true\n[palette]\nwarm = '#ff88'\n[roles]\n\
         'alert.critcal' = 'red'\nspark = 'magneta'\nmoney = { fgg = 'red', bold = 'yes', blod = true }\ntime = 5\nalert.warning.fg = 'warm'\nzzzz = 'warm'",
    );
    assert_eq!(
        told,
        [
            "mine.toml:1: there is no theme `drak`; is `dark` meant?",
            "mine.toml:2: `background` must be a colour like `\"#1e1e1e\"`",
            "mine.toml:3: there is no key `paint_backgruond`; is `paint_background` meant?",
            "mine.toml:5: there is no colour `#ff88`",
            "mine.toml:7: there is no role `alert.critcal`; is `alert.critical` meant?",
            "mine.toml:8: there is no colour `magneta`; is `magenta` meant?",
            "mine.toml:9: there is no key `blod`; is `bold` meant?",
            "mine.toml:9: there is no key `fgg`; is `fg` meant?",
            "mine.toml:9: `bold` must be `true` or `false`",
            "mine.toml:10: `time` must be a colour or a table like `{ fg = \"red\", bold = true }`",
            "mine.toml:12: there is no role `zzzz`",
        ]
    );
}

#[test]
fn rings_and_broken_files_are_told() {
    let mut themes = Themes::shipped();
    themes.add("a", "\ninherits = 'b'\nbackground = '#000'");
    themes.add("b", "inherits = 'c'");
    themes.add("c", "inherits = 'b'");
    let told = themes.theme("a").unwrap_err().to_string();
    assert_eq!(told, "c.toml:1: themes inherit from each other in a ring: b → c → b");
    assert_eq!(problems("inherits = 'dark'\n[roles\nx = 1"), ["mine.toml:2: unclosed table, expected `]`"]);
    assert_eq!(
        problems(""),
        ["mine.toml:1: `background` is missing: the colour of the terminal that the theme is made for"]
    );
    assert_eq!(
        problems(&format!("{}=1", "a.".repeat(9000)))[0],
        "mine.toml:1: the file is too large or nested too deep"
    );
    assert!(themes.theme("solarized").is_err_and(|e| e.to_string().contains("no theme `solarized`")));
}

#[test]
fn the_terminals_background_chooses() {
    let pick = |background, hint| choose("auto", Depth::Rgb, background, hint);
    assert_eq!(pick(Some((255, 255, 255)), Some("15;0")), "light", "the answer before the hint");
    assert_eq!(pick(Some((0, 43, 54)), None), "dark");
    assert_eq!(pick(Some((0xfd, 0xf6, 0xe3)), None), "light");
    assert_eq!(pick(None, Some("0;15")), "light");
    assert_eq!(pick(None, Some("0;default;15")), "light");
    assert_eq!(pick(None, Some("15;0")), "dark");
    assert_eq!(pick(None, Some("what")), "dark");
    assert_eq!(pick(None, None), "dark");
    assert_eq!(choose("nord", Depth::Ansi16, Some((255, 255, 255)), None), "nord");
    assert_eq!(choose("nord", Depth::None, None, None), "mono");
}

#[test]
fn an_accent_is_readable_whatever_it_is() {
    for theme in shipped().into_iter().filter(Theme::is_coloured) {
        for accent in ["cyan", "red", "blue", "black", "white", "#123", "#ffee88", "accent"] {
            let style = theme.clone().with_accent(accent).unwrap().style(Role::HeaderAccent);
            let (fg, bg) = (style.fg.and_then(rgb).unwrap(), style.bg.and_then(rgb).unwrap());
            assert!(contrast(fg, bg) >= 4.5, "{} {accent}", theme.name());
        }
        assert_eq!(theme.clone().with_accent("default").unwrap(), theme);
    }
    let dark = Themes::shipped().theme("dark").unwrap();
    assert_ne!(
        dark.clone().with_accent("cyan").unwrap().style(Role::HeaderAccent).bg,
        Some(Color::Cyan),
        "the theme's own"
    );
    let unknown = dark.with_accent("cyna").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no colour `cyna`; is `cyan` meant?");
}

#[test]
fn names_keep_their_colours_and_use_all_of_them() {
    let dark = Themes::shipped().theme("dark").unwrap();
    assert_eq!(dark.name_of(10001), dark.name_of(10001));
    let used: BTreeSet<String> = (10_000..10_100).map(|n| format!("{:?}", dark.name_of(n).fg)).collect();
    assert_eq!(used.len(), dark.name_colours().len());
}

#[test]
fn the_docs_are_those_of_the_tables() {
    let page = docs();
    assert!(page == include_str!("../../../docs/themes.md"), "docs/themes.md should be:\n=====\n{page}=====");
}

proptest! {
    #[test]
    fn any_text_is_a_theme_or_tells_why_not(text in "\\PC{0,60}") {
        let mut themes = Themes::shipped();
        themes.add("mine", text);
        if let Err(error) = themes.theme("mine") {
            prop_assert!(!error.problems.is_empty());
        }
    }

    #[test]
    fn any_roles_are_styled_or_told(
        lines in proptest::collection::vec("(text|alert|alert\\.critical|name|x|fg|\"text\\.dim\")(\\.(dim|fg|bold|user|x))? = (\"red\"|\"fg\"|true|\\{\\}|\\{ bg = \"#00f\" \\}|1)", 0..6),
    ) {
        let mut themes = Themes::shipped();
        themes.add("mine", format!("inherits = 'dark'\n[roles]\n{}", lines.join("\n")));
        if let Err(error) = themes.theme("mine") {
            prop_assert!(error.problems.iter().all(|p| p.line >= 1 && p.line <= lines.len() + 2));
        }
    }
}
