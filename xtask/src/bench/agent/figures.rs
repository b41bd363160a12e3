//! Figures beside their goals.

use std::{fmt, time::Duration};

#[derive(Default)]
pub struct Figures(Vec<Line>);

struct Line {
    name: String,
    unit: &'static str,
    found: f64,
    /// The figure is to be below it.
    goal: f64,
}

impl Figures {
    pub fn add(&mut self, name: &str, (unit, found): (&'static str, f64), goal: f64) {
        self.0.push(Line { name: name.into(), unit, found, goal });
    }

    /// The median of at least one. **Units**: the goal in milliseconds.
    pub fn median(&mut self, name: &str, mut all: Vec<Duration>, goal: f64) {
        all.sort();
        let median = all.get(all.len() / 2).copied().unwrap_or_default();
        self.add(name, ("ms", median.as_secs_f64() * 1e3), goal);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nagents")?;
        for Line { name, unit, found, goal } in &self.0 {
            let reached = if found < goal { "yes" } else { "NO" };
            writeln!(f, "  {name:48} {found:>9.1} {unit:2}  goal < {goal} {unit}: {reached}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_save_does_not_count_and_a_missed_goal_is_told() {
        let mut figures = Figures::default();
        figures.median("save", [9, 1, 2].map(Duration::from_secs).to_vec(), 3_000.0);
        figures.add("memory", ("MB", 25.0), 25.0);
        let text = figures.to_string();
        assert!(text.contains("2000.0 ms  goal < 3000 ms: yes") && text.contains("< 25 MB: NO"), "{text}");
    }
}
