//! The text of `docs/themes.md`, from the tables.

use std::fmt::Write as _;

use super::library::Themes;
use super::role::{Ink, Role};
use super::{Glyph, Glyphs};

/// The whole file.
pub fn docs() -> String {
    let mut page = HEAD.to_owned();
    let themes: Vec<String> = Themes::shipped().names().map(|name| format!("`{name}`")).collect();
    // Writing into a String cannot fail.
    let _ = writeln!(page, "Shipped: {}.\n", themes.join(", "));
    page.push_str("## Roles\n\n| role | for | contrast |\n| --- | --- | --- |\n");
    for role in Role::ALL {
        let contrast = match role.ink() {
            Ink::Text => "4.5",
            Ink::Dim => "3",
            Ink::Ornament => "",
        };
        let _ = writeln!(page, "| `{}` | {} | {contrast} |", role.name(), role.doc());
    }
    page.push_str("\n## Signs\n\n| sign | ASCII | says |\n| --- | --- | --- |\n");
    for glyph in Glyph::ALL {
        let sign = |ascii| Glyphs::of(ascii).get(*glyph).replace('|', "\\|");
        let _ = writeln!(page, "| `{}` | `{}` | {} |", sign(false), sign(true), glyph.doc());
    }
    page
}

const HEAD: &str = r##"# Themes

<!-- Written by console::theme::docs; a test compares. -->

A theme is a TOML file. It names a parent, changes its palette, and where that is not enough its roles:

```toml
inherits = "dark"
background = "#282828"      # the terminal that it is made for
paint_background = false    # true: paint it on every terminal
names = ["blue", "#d3869b"] # of people, picked by their number

[palette]
accent = "#83a598"          # recolours every role that says "accent", the parent's too

[roles]
"alert.critical" = { fg = "on_red", bg = "red", bold = true }
"delivery" = "dim"          # all of delivery.* that say nothing else
```

A role is a colour or a table of `fg`, `bg`, `bold`, `dim`, `italic`, `underline`, `reverse`. It begins from `text`, then
what stands before its dots, then itself: `text`, `alert`, `alert.critical`; what a later one does not say, an earlier one did.
A colour is a name in the palette, `#rrggbb`, one of the terminal's (`black` `red` `green` `yellow` `blue` `magenta` `cyan` `white`,
each also as `bright-…`), or `default`. A role with `bg` needs an `fg`, its own or `text`'s.

`theme = "auto"` takes `light` or `dark` by what the terminal says of its background; a terminal without colours gets `mono`.
`:theme` shows each while you choose; what you chose is remembered for you, on every terminal. A terminal keeps its own background,
transparent or not, wherever the theme can be read on it. Where it cannot, and where a terminal does not tell its background and
the theme was chosen, the theme's background is painted. How many colours: `--color`, then `NO_COLOR`, then `console.color`, then
what `COLORTERM` and `TERM` tell.
The last column of the table is the contrast that shipped themes owe the role against their background.

"##;
