//! Dates and times of an office file that are none. They come in as they are; people are told.

use jiff::civil::Date;
use merge::{ColumnId, Holds, LocalId, Rules, TableId};
use model::Value;
use replica::office_file::OfficeFile;

use super::KEYS_SHOWN;

/// Cells of one column.
pub(super) struct Odd {
    pub table: String,
    pub column: String,
    pub holds: Holds,
    pub rows: usize,
    /// Ids of the first ones.
    pub first: Vec<String>,
}

impl Odd {
    pub const fn word(&self) -> &'static str {
        match self.holds {
            Holds::Date => "date",
            Holds::Time => "time",
        }
    }
}

pub(super) fn list(file: &OfficeFile, rules: &Rules) -> Vec<Odd> {
    let mut all = Vec::new();
    for table in file.merged.keys() {
        let held =
            rules[*table].column_ids().filter_map(|column| Some((column, rules[*table][column].holds?)));
        all.extend(held.filter_map(|(column, holds)| of_column(file, rules, (*table, column, holds))));
    }
    all
}

fn of_column(
    file: &OfficeFile,
    rules: &Rules,
    (table, column, holds): (TableId, ColumnId, Holds),
) -> Option<Odd> {
    let rows = file.merged.get(&table)?.iter();
    let odd = rows.filter(|row| row.cells[column.0].as_ref().is_some_and(|cell| !is(holds, cell)));
    let ids: Vec<&LocalId> = odd.map(|row| &row.id).collect();
    let first = ids.iter().take(KEYS_SHOWN).map(|id| match id {
        LocalId::Int(number) => number.to_string(),
        LocalId::Text(text) => text.clone(),
    });
    let (first, rules) = (first.collect(), &rules[table]);
    let (table, column) = (rules.name.clone(), rules[column].name.clone());
    (!ids.is_empty()).then_some(Odd { table, column, holds, rows: ids.len(), first })
}

/// Blank cells say nothing; other types than text are told as such.
fn is(holds: Holds, cell: &Value) -> bool {
    let Value::Text(text) = cell else { return true };
    text.trim().is_empty()
        || match holds {
            Holds::Date => text.len() == "YYYY-MM-DD".len() && text.parse::<Date>().is_ok(),
            Holds::Time => is_time(text),
        }
}

fn is_time(text: &str) -> bool {
    let number = |digits: &str, max: u8| {
        digits.len() == 2
            && digits.bytes().all(|digit| digit.is_ascii_digit())
            && digits.parse().is_ok_and(|number: u8| number <= max)
    };
    text.split_once(':').is_some_and(|(hours, minutes)| number(hours, 23) && number(minutes, 59))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_what_the_calendar_and_the_clock_know() {
        let holds = |holds, text: &str| is(holds, &Value::Text(text.to_owned()));
        for good in ["2026-01-31", "2024-02-29", "", " "] {
            assert!(holds(Holds::Date, good), "{good}");
        }
        for odd in
            ["2026-02-29", "2026-13-01", "31.01.2026", "2026-1-5", "2026-01-05 08:00", "20260105", "yok"]
        {
            assert!(!holds(Holds::Date, odd), "{odd}");
        }
        for good in ["00:00", "23:59", ""] {
            assert!(holds(Holds::Time, good), "{good}");
        }
        for odd in ["25:99", "24:00", "8:30", "08:60", "08:30:00", "+8:30", "08.30", "sabah"] {
            assert!(!holds(Holds::Time, odd), "{odd}");
        }
        assert!(is(Holds::Time, &Value::Null) && is(Holds::Time, &Value::Int(9)));
    }
}
