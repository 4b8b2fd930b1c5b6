//! The screen, drawn from the snapshot and what the console remembers, and nothing else. One pane a file; each is
//! a function of its area.
//!
//! ```text
//!  header   home!生产  小助手●在线  ⚑3 草稿1 │ 首字0.4s 队0 │ 今日¥0.83
//!  list    │ title    测试群 123456  自动 人设:客服
//!          │ lines    23:12 小明   @小助手 明天要带伞吗？             ✓
//!          │ composer →群 测试群 以 小助手(自动): ▏                │ side
//!  footer   Enter菜单 i回复 w放行 …
//! ```

mod accounts;
mod alerts;
pub(super) mod audit;
pub(super) mod card;
pub(super) mod chat;
pub(super) mod composer;
mod footer;
mod frame;
mod gates;
pub(super) mod halves;
mod header;
pub(super) mod layers;
pub(super) mod lines;
pub(super) mod list;
pub(super) mod log;
mod machine;
mod made;
mod narrow;
mod no_hit;
pub(super) mod page;
mod paint;
mod prompt;
mod raw;
pub(super) mod sheet;
mod side;
pub(super) mod stamp;
mod toasts;
pub(super) mod unsent;
pub(super) mod usage;

use std::sync::atomic::Ordering::Relaxed;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::layout::{Talk, areas};
use super::state::{Pane, Ui, View};
use super::theme::{Glyph, Role};
use paint::Paint;

/// The whole screen, and where the cursor stands when something is being typed.
pub fn picture(ui: &Ui) -> (Buffer, Option<Position>) {
    ui.shows_age.store(false, Relaxed);
    let (width, height) = ui.settings.size;
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    buffer.set_style(area, ui.theme.base());
    let mut p = Paint::new(&mut buffer, ui);
    let areas = areas(ui);
    let mut caret = None;
    header::draw(&mut p, areas.header);
    match ui.view {
        View::Chats => {
            list::draw(&mut p, areas.list);
            for talk in &areas.talks {
                caret = self::talk(&mut p, talk).or(caret);
            }
            if areas.side.width > 0 {
                rule(&mut p, areas.side.x - 1, areas.side);
                side::draw(&mut p, areas.side);
            }
        }
        View::Accounts => {
            let body = narrow::title(&mut p, areas.body);
            accounts::draw(&mut p, body);
        }
        View::Alerts => {
            let body = narrow::title(&mut p, areas.body);
            alerts::draw(&mut p, body);
        }
        View::Usage => {
            let body = narrow::title(&mut p, areas.body);
            usage::draw(&mut p, body);
        }
        View::Log => log::draw(&mut p, areas.body),
    }
    footer::draw(&mut p, areas.footer);
    for layer in &ui.layers {
        caret = layers::draw(&mut p, areas.body, layer);
    }
    toasts::draw(&mut p, areas.body);
    (buffer, caret)
}

/// An open chat; tells where the cursor stands when something is typed there.
fn talk(p: &mut Paint, talk: &Talk) -> Option<Position> {
    if talk.all.x > 0 {
        rule(p, talk.all.x - 1, talk.all);
    }
    let Some(id) = talk.chat else {
        if !no_hit::draw(p, talk.all) {
            chat::no_chat(p, talk.all);
        }
        return None;
    };
    let active = p.ui.pane == talk.pane;
    chat::title(p, talk.title, id, active);
    chat::draw(p, talk.lines, id, active);
    composer::draw(p, talk.composer, id, active || talk.pane == Pane::Chat && p.ui.pane == Pane::List)
}

/// A line from top to bottom beside a pane.
fn rule(p: &mut Paint, x: u16, beside: Rect) {
    let glyph = p.glyph(Glyph::Vertical);
    for y in beside.y..beside.y + beside.height {
        p.put(x, y, 1, glyph, Role::Rule);
    }
}
