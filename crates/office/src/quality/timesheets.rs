//! Rows of the timesheet, one by one and as a person's days.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::civil::Date;

use super::{Finding, Row};
use crate::hours::{Hundredths, Shift};

const LONG: Duration = Duration::from_secs(12 * 3600);
const DAYS: u32 = 6;

/// What is to be said of single rows. **Shape**: in the rows' order; of one row several, as they stand in [`Finding`].
pub fn rows<'a, K: Copy>(rows: impl IntoIterator<Item = Row<'a, K>>) -> Vec<Finding<K>> {
    rows.into_iter().flat_map(|row| row_findings(&row)).collect()
}

fn row_findings<K: Copy>(row: &Row<'_, K>) -> Vec<Finding<K>> {
    let orphan = row.person.is_none().then_some(Finding::Orphan { row: row.id });
    match Shift::read(&row.entry) {
        Err(error) => [Finding::Unreadable { row: row.id, error }].into_iter().chain(orphan).collect(),
        Ok(shift) => orphan.into_iter().chain(shift_findings(row.id, &shift)).collect(),
    }
}

fn shift_findings<K: Copy>(row: K, shift: &Shift) -> impl Iterator<Item = Finding<K>> {
    let (gross, past_midnight) = (shift.gross(), shift.past_midnight());
    let late = Finding::PastMidnight { row, hours: Hundredths::rounded(past_midnight) };
    let idle = shift.worked().is_zero();
    let told = [
        idle.then_some(Finding::NothingWorked { row, gross: Hundredths::rounded(gross) }),
        (gross >= LONG).then_some(Finding::LongShift { row, gross: Hundredths::rounded(gross) }),
        (!past_midnight.is_zero()).then_some(late),
        shift.is_special.then_some(Finding::SpecialDay { row }),
    ];
    told.into_iter().flatten()
}

/// Who worked on six days or more without a day off. **Shape**: by person, then by day; a longer stretch is one finding.
///
/// Several rows of a day are one day. Rows that cannot be calculated or are nobody's are no days.
pub fn days_in_a_row<'a, K: Ord + Copy>(rows: impl IntoIterator<Item = Row<'a, K>>) -> Vec<Finding<K>> {
    let mut worked: BTreeMap<K, BTreeSet<Date>> = BTreeMap::new();
    for row in rows {
        let (Some(person), Ok(shift)) = (row.person, Shift::read(&row.entry)) else { continue };
        worked.entry(person).or_default().insert(shift.date);
    }
    worked.iter().flat_map(|(person, days)| stretches(*person, days)).collect()
}

fn stretches<K: Copy>(person: K, days: &BTreeSet<Date>) -> Vec<Finding<K>> {
    let mut stretches: Vec<(Date, Date, u32)> = Vec::new();
    for day in days {
        match stretches.last_mut() {
            Some((_, last, count)) if last.tomorrow().is_ok_and(|next| next == *day) => {
                (*last, *count) = (*day, *count + 1);
            }
            _ => stretches.push((*day, *day, 1)),
        }
    }
    let long = stretches.into_iter().filter(|(.., days)| *days >= DAYS);
    long.map(|(first, last, days)| Finding::NoDayOff { person, first, last, days }).collect()
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, civil::date};

    use super::*;
    use crate::hours::{Entry, ShiftError};

    fn row<'a>(id: u8, start: &'a str, end: &'a str) -> Row<'a, u8> {
        let entry = Entry { date: "2026-01-14", start, end, break_minutes: "60", is_special: false };
        Row { id, person: Some(1), entry }
    }

    #[test]
    fn usual_rows_are_not_talked_about() {
        assert_eq!(rows([row(1, "08:30", "17:30"), row(2, "08:00", "19:59"), row(3, "13:00", "00:00")]), []);
    }

    #[test]
    fn a_break_that_takes_the_whole_shift_is_told() {
        let paused = |break_minutes| {
            let row = row(1, "09:00", "10:00");
            rows([Row { entry: Entry { break_minutes, ..row.entry }, ..row }])
        };
        let told = [Finding::NothingWorked { row: 1, gross: Hundredths(100) }];
        assert_eq!((paused("120"), paused("60"), paused("59")), (told.to_vec(), told.to_vec(), Vec::new()));
    }

    #[test]
    fn each_row_is_told_with_what_is_wrong_with_it() {
        let special = row(6, "09:00", "17:00");
        let special = Row { entry: Entry { is_special: true, ..special.entry }, ..special };
        let told = rows([
            row(1, "99:25", "17:30"),
            row(2, "09:00", "09:00"),
            row(3, "08:00", "20:00"),
            row(4, "22:00", "06:30"),
            row(5, "12:00", "01:15"),
            special,
            Row { person: None, ..row(7, "ab:cd", "12:00") },
            Row { person: None, ..row(8, "08:00", "12:00") },
        ]);
        let error = |start: &str| Shift::read(&row(0, start, "12:00").entry).unwrap_err();
        let wanted = [
            Finding::Unreadable { row: 1, error: error("99:25") },
            Finding::Unreadable { row: 2, error: ShiftError::NoLength { at: "09:00".parse().unwrap() } },
            Finding::LongShift { row: 3, gross: Hundredths(1200) },
            Finding::PastMidnight { row: 4, hours: Hundredths(650) },
            Finding::LongShift { row: 5, gross: Hundredths(1325) },
            Finding::PastMidnight { row: 5, hours: Hundredths(125) },
            Finding::SpecialDay { row: 6 },
            Finding::Unreadable { row: 7, error: error("ab:cd") },
            Finding::Orphan { row: 7 },
            Finding::Orphan { row: 8 },
        ];
        assert_eq!(told, wanted);
    }

    /// A person's rows on these days after 2025-12-28.
    fn worked(person: Option<u8>, days: &[i64]) -> Vec<(Option<u8>, String)> {
        let day = |days: &i64| date(2025, 12, 28).checked_add(days.days()).unwrap().to_string();
        days.iter().map(|days| (person, day(days))).collect()
    }

    fn told(days: &[(Option<u8>, String)], start: &str) -> Vec<Finding<u8>> {
        let entry = |date| Entry { date, start, end: "17:00", break_minutes: "60", is_special: false };
        days_in_a_row(days.iter().map(|(person, date)| Row { id: 0, person: *person, entry: entry(date) }))
    }

    #[test]
    fn six_days_in_a_row_are_told_across_the_end_of_a_year() {
        let mut days = worked(Some(2), &[3, 1, 2, 6, 5, 4, 4]);
        days.extend(worked(Some(1), &[1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 20, 21, 22, 23, 24, 25]));
        days.extend(worked(None, &[1, 2, 3, 4, 5, 6]));
        let off = |person, first, last, days| Finding::NoDayOff { person, first, last, days };
        let wanted = [
            off(1, date(2026, 1, 4), date(2026, 1, 10), 7),
            off(1, date(2026, 1, 17), date(2026, 1, 22), 6),
            off(2, date(2025, 12, 29), date(2026, 1, 3), 6),
        ];
        assert_eq!(told(&days, "09:00"), wanted);
    }

    #[test]
    fn days_without_work_are_days_off() {
        let days = worked(Some(1), &[1, 2, 3, 4, 5, 6]);
        assert_eq!(told(&days, "17:00"), [], "no length");
        assert_eq!(told(&days, "25:00"), [], "cannot be read");
        assert_eq!(told(&days, "16:59").len(), 1);
    }
}
