//! Results side by side.

use std::fmt;

use super::measure::Measurement;

/// Measurements of different ways to move the same rows. The first line is what the others are compared with.
pub struct Table {
    title: String,
    rows: u64,
    lines: Vec<(String, Measurement)>,
}

impl Table {
    pub fn new(title: &str, rows: u64) -> Self {
        Self { title: title.into(), rows, lines: Vec::new() }
    }

    pub fn add(&mut self, name: &str, measurement: Measurement) {
        self.lines.push((name.into(), measurement));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} ({} rows)", self.title, self.rows)?;
        writeln!(f, "  {:40} {:>10} {:>12} {:>10} {:>8}", "", "seconds", "rows/s", "peak MB", "ratio")?;
        for (name, measurement) in &self.lines {
            let seconds = measurement.wall.as_secs_f64();
            let peak = measurement.peak_bytes.map_or("-".to_owned(), |bytes| format!("{:.1}", mega(bytes)));
            let ratio = ratio(&self.lines[0].1, measurement);
            let speed = self.rows as f64 / seconds;
            writeln!(f, "  {name:40} {seconds:>10.3} {speed:>12.0} {peak:>10} {ratio:>8.2}")?;
        }
        Ok(())
    }
}

/// Speed as a share of the baseline's: 0.70 is 70 % of its rows per second.
fn ratio(baseline: &Measurement, measurement: &Measurement) -> f64 {
    baseline.wall.as_secs_f64() / measurement.wall.as_secs_f64()
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn half_the_speed_is_half_the_ratio() {
        let measurement =
            |seconds, peak_bytes| Measurement { wall: Duration::from_secs(seconds), peak_bytes };
        let mut table = Table::new("copy", 1000);
        table.add("baseline", measurement(2, None));
        table.add("other", measurement(4, Some(5_000_000)));
        let text = table.to_string();
        let fields = |line: &str| line.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        let lines: Vec<Vec<String>> = text.lines().map(fields).collect();
        assert_eq!(lines[3], ["baseline", "2.000", "500", "-", "1.00"]);
        assert_eq!(lines[4], ["other", "4.000", "250", "5.0", "0.50"]);
    }
}
