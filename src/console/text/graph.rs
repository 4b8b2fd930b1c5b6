//! Numbers as marks: a line of columns over time, and a bar.

use super::Width;

const COLUMNS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const COLUMNS_ASCII: [&str; 8] = [" ", ".", ":", "-", "=", "+", "*", "#"];

/// The values at the bottom and at the top of a graph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// The least and the greatest value that is shown. Small changes look big: label it with [`range`].
    Auto,
    /// These two, as for a share between 0 and 1; what lies outside is drawn at the edge.
    Fixed(f32, f32),
}

/// The least and the greatest value; nothing without one.
pub fn range(values: &[Option<f32>]) -> Option<(f32, f32)> {
    let mut all = values.iter().flatten().copied().filter(|v| v.is_finite());
    let first = all.next()?;
    Some(all.fold((first, first), |(low, high), v| (low.min(v), high.max(v))))
}

/// The newest values as columns, the last at the right, in exactly so many terminal columns.
///
/// A missing value is a gap, `·` (`?` in ASCII), never a zero; the time before the first value is blank. Where the
/// terminal draws these marks two columns wide, half as many values are shown.
pub fn sparkline(values: &[Option<f32>], cols: usize, scale: Scale, width: Width) -> String {
    let (marks, gap) = if width.is_ascii() { (&COLUMNS_ASCII, "?") } else { (&COLUMNS, "·") };
    let step = if width.is_ascii() { 1 } else { width.ambiguous() };
    let shown = &values[values.len().saturating_sub(cols / step)..];
    let (low, high) = match scale {
        Scale::Auto => range(shown).unwrap_or((0.0, 1.0)),
        Scale::Fixed(low, high) => (low, high),
    };
    let mut line = " ".repeat(cols - shown.len() * step);
    line.extend(shown.iter().map(|value| match value.filter(|v| v.is_finite()) {
        Some(value) => marks[level(value, low, high)],
        None => gap,
    }));
    line
}

/// A share of a whole, in exactly so many terminal columns: `▇▇▇▁` or `##..`. Something is never drawn as nothing,
/// and only the whole as the whole. What is no number is drawn as nothing.
pub fn bar(share: f32, cols: usize, width: Width) -> String {
    let (full, empty) = if width.is_ascii() { ("#", ".") } else { ("▇", "▁") };
    let step = if width.is_ascii() { 1 } else { width.ambiguous() };
    let cells = cols / step;
    let filled = match share {
        s if s.is_nan() || s <= 0.0 => 0,
        s if s >= 1.0 => cells,
        s => ((s * cells as f32).round() as usize).clamp(1, cells.saturating_sub(1).max(1)).min(cells),
    };
    [full.repeat(filled), empty.repeat(cells - filled), " ".repeat(cols - cells * step)].concat()
}

/// Which of the eight marks; a flat line lies at the bottom.
fn level(value: f32, low: f32, high: f32) -> usize {
    let share = (f64::from(value) - f64::from(low)) / (f64::from(high) - f64::from(low));
    if share.is_nan() { 0 } else { (share.clamp(0.0, 1.0) * 7.0).round() as usize }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: Width = Width::new(1);

    #[test]
    fn values_are_columns_and_gaps_are_gaps() {
        let values = [Some(0.0), Some(1.0), None, Some(3.5), Some(7.0), Some(f32::NAN)];
        assert_eq!(sparkline(&values, 8, Scale::Auto, ONE), "  ▁▂·▅█·");
        assert_eq!(sparkline(&values, 3, Scale::Fixed(0.0, 14.0), ONE), "▃▅·");
        assert_eq!(sparkline(&values, 6, Scale::Auto, ONE.with_ascii(true)), " .?=#?");
        assert_eq!(sparkline(&values, 5, Scale::Auto, Width::new(2)), " ▁·");
        assert_eq!(sparkline(&[Some(5.0); 3], 3, Scale::Auto, ONE), "▁▁▁");
        assert_eq!(range(&values), Some((0.0, 7.0)));
    }

    #[test]
    fn bars_are_full_only_when_everything_is_used() {
        assert_eq!(bar(0.89, 7, ONE), "▇▇▇▇▇▇▁");
        assert_eq!(bar(0.001, 7, ONE), "▇▁▁▁▁▁▁");
        assert_eq!(bar(0.999, 7, ONE), "▇▇▇▇▇▇▁");
        assert_eq!(bar(1.0, 7, ONE.with_ascii(true)), "#######");
        assert_eq!(bar(0.5, 7, Width::new(2)), "▇▇▁ ");
        assert_eq!(bar(f32::NAN, 2, ONE), "▁▁");
    }

    proptest! {
        #[test]
        fn graphs_fill_their_columns(
            values in proptest::collection::vec(proptest::option::of(any::<f32>()), 0..50),
            low: f32, high: f32, auto: bool, cols in 0usize..60, two: bool, ascii: bool,
        ) {
            let width = Width::new(if two { 2 } else { 1 }).with_ascii(ascii);
            let scale = if auto { Scale::Auto } else { Scale::Fixed(low, high) };
            let line = sparkline(&values, cols, scale, width);
            prop_assert_eq!(width.of(&line), cols);
            let bar = bar(low, cols, width);
            prop_assert_eq!(width.of(&bar), cols);
            prop_assert!(!ascii || (line.is_ascii() && bar.is_ascii()));
        }
    }
}
