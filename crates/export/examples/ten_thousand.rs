//! Makes a report of ten thousand rows, to be measured from outside.
//!
//! `cargo build --release -p denk-export --example ten_thousand`, then `time target/release/examples/ten_thousand report.xlsx`.

use std::{env, fs};

use export::{Language, Report, Row, timesheet};
use jiff::{
    ToSpan,
    civil::{date, datetime},
};
use office::hours::{Entry, Schedule};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = env::args().nth(1).ok_or("say which file to make")?;
    let schedule = Schedule::default();
    let days: Vec<String> =
        (0..100_i64).map(|day| date(2026, 1, 1).saturating_add(day.days()).to_string()).collect();
    let names: Vec<String> = (0..100).map(|person| format!("Örnek Çalışan {person}")).collect();
    let row = |index: usize| {
        let (day, person) = (index / 100, index % 100);
        let end = if index.is_multiple_of(10) { "02:15" } else { "18:20" };
        let is_special = day.is_multiple_of(50);
        Row {
            person: Some(person),
            name: &names[person],
            region: "Ankara",
            entry: Entry { date: &days[day], start: "08:30", end, break_minutes: "60", is_special },
            note: "",
            schedule: &schedule,
        }
    };
    let rows: Vec<Row<'_, usize>> = (0..10_000).map(row).collect();
    let report = Report {
        company: "Örnek Su Arıtma A.Ş.",
        title: "",
        from: None,
        until: None,
        logo: None,
        language: Language::Turkish,
        made: datetime(2026, 2, 1, 8, 30, 0, 0),
    };
    fs::write(path, timesheet(&report, &rows)?.file.bytes)?;
    Ok(())
}
