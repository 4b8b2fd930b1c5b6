//! The two halves of the view of the log, and their tabs.

use ratatui::layout::Rect;

use super::paint::{Paint, Span};
use crate::console::state::{Half, Ui};
use crate::console::theme::Role;

/// From here on both halves are shown.
const BOTH: u16 = 28;

/// The areas of both halves; the one that is not shown is empty.
pub fn halves(ui: &Ui, area: Rect) -> (Rect, Rect) {
    let none = Rect { height: 0, ..area };
    if area.height >= BOTH {
        let below = area.height / 3;
        let log = Rect { height: area.height - below, ..area };
        return (log, Rect { y: area.y + log.height, height: below, ..area });
    }
    match ui.log.half {
        Half::Log => (area, none),
        Half::Audit => (none, area),
    }
}

/// Which half this is and how to get to the other.
pub fn tabs(p: &mut Paint, area: Rect, half: Half) -> u16 {
    let lang = p.lang();
    let (log, audit) = (lang.pick("日志", "Log"), lang.pick("审计", "Audit"));
    let both = p.ui.settings.size.1.saturating_sub(2) >= BOTH;
    let role = |of: Half| if p.ui.log.half == of { Role::TextStrong } else { Role::TextDim };
    let spans: Vec<Span> = match (both, half) {
        (true, Half::Log) => vec![(log.to_owned(), role(half))],
        (true, Half::Audit) => vec![(audit.to_owned(), role(half))],
        (false, _) => {
            vec![(log.to_owned(), role(Half::Log)), (" ".into(), Role::Text), (audit.to_owned(), role(Half::Audit))]
        }
    };
    p.spans(area.x + 1, area.y, area.width, &spans)
}
