//! Bars, as SVG that the hub draws itself: no script, no style but that of the sheet.
//!
//! The drawing is stretched to its place, so it has no text of its own; the page says in words what it shows, and a table
//! beside it has the numbers.

use std::fmt::Write as _;

use crate::{Language, pages::whole};

/// **Units**: of the drawing.
const STEP: usize = 10;
const WIDTH: usize = 8;
const HEIGHT: u64 = 100;

/// A chart with a bar for each value.
pub(super) struct Chart {
    pub id: &'static str,
    pub title: String,
    /// In words: how much, and how much at most.
    pub said: String,
    pub width: usize,
    pub bars: Vec<Bar>,
    /// The first, the middle one and the last.
    pub axis: [String; 3],
}

pub(super) struct Bar {
    pub x: usize,
    pub y: u64,
    pub height: u64,
    pub width: usize,
    /// When, and how much.
    pub said: String,
    pub is_last: bool,
}

impl Chart {
    /// `said`: with `{total}` and `{most}`.
    pub fn of(
        (id, title, said): (&'static str, String, &str),
        values: &[(String, u64)],
        language: Language,
    ) -> Self {
        let most = values.iter().map(|(_, value)| *value).max().unwrap_or_default();
        let number = |number: u64| whole(language, i64::try_from(number).unwrap_or(i64::MAX));
        let total: u64 = values.iter().map(|(_, value)| value).sum();
        let bars = values.iter().enumerate().map(|(at, (when, value))| {
            let height = height(*value, most);
            let said = format!("{when}: {}", number(*value));
            let is_last = at + 1 == values.len();
            Bar { x: at * STEP + (STEP - WIDTH) / 2, y: HEIGHT - height, height, width: WIDTH, said, is_last }
        });
        let label = |at: usize| values.get(at).map(|(when, _)| when.clone()).unwrap_or_default();
        let last = values.len().saturating_sub(1);
        Self {
            id,
            title,
            said: said.replace("{total}", &number(total)).replace("{most}", &number(most)),
            width: values.len().max(1) * STEP,
            bars: bars.collect(),
            axis: [label(0), label(last / 2), label(last)],
        }
    }
}

/// What is there at all can be seen.
fn height(value: u64, most: u64) -> u64 {
    let height = u64::try_from(u128::from(value) * u128::from(HEIGHT) / u128::from(most.max(1)));
    height.unwrap_or(HEIGHT).clamp(u64::from(value > 0) * 2, HEIGHT)
}

/// All bars as one path.
pub(super) struct Spark {
    pub width: usize,
    pub path: String,
}

impl Spark {
    /// `most`: what the highest bar of all that stand together is.
    pub fn of(values: &[u64], most: u64) -> Self {
        let mut path = String::new();
        for (at, value) in values.iter().enumerate().filter(|(_, value)| **value > 0) {
            let (x, y) = (at * STEP, HEIGHT - height(*value, most));
            // A text takes whatever is written.
            let _ = write!(path, "M{x} {HEIGHT}V{y}h{WIDTH}V{HEIGHT}z");
        }
        Self { width: values.len().max(1) * STEP, path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_values_and_what_is_little_is_seen() {
        let values =
            [("a", 0), ("b", 1), ("c", 500), ("d", 1000)].map(|(when, value)| (when.to_owned(), value));
        let chart = Chart::of(("id", "t".into(), "{total}, {most}"), &values, Language::Turkish);
        let heights: Vec<_> = chart.bars.iter().map(|bar| (bar.height, bar.y)).collect();
        assert_eq!(heights, [(0, 100), (2, 98), (50, 50), (100, 0)]);
        assert_eq!((chart.said.as_str(), chart.width), ("1.501, 1.000", 40));
        assert_eq!(chart.bars[2].said, "c: 500");
        assert_eq!(chart.axis, ["a", "b", "d"]);
        let none = Chart::of(("id", "t".into(), "{most}"), &[], Language::English);
        assert_eq!((none.bars.len(), none.width, none.said.as_str()), (0, 10, "0"));
        assert_eq!(Spark::of(&[0, 5, 10], 10).path, "M10 100V50h8V100zM20 100V0h8V100z");
        assert_eq!(height(u64::MAX, u64::MAX), 100);
    }
}
