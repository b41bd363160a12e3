//! Hours of timesheets: what the office's program calculated, row by row, and what holds on every day of the calendar.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use jiff::civil::{Date, date};
use office::{
    TimeOfDay,
    hours::{Entry, Hours, Hundredths, Schedule, Settings, Shift, ShiftError},
};
use proptest::prelude::*;

const WEDNESDAY: &str = "2026-01-14";
const SATURDAY: &str = "2026-01-17";
const SUNDAY: &str = "2026-01-18";

/// Day, start, end, break, special; worked, planned, overtime, night, past midnight, special normal, overtime, night.
type Row = (&'static str, &'static str, &'static str, &'static str, bool, [&'static str; 8]);

#[rustfmt::skip]
const ROWS: [Row; 30] = [
    (WEDNESDAY, "08:30", "17:30", "60",  false, ["8",     "9", "0",     "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "09:00", "17:00", "60",  false, ["7",     "9", "0",     "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "09:00", "19:00", "60",  false, ["9",     "9", "1",     "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "08:30", "20:20", "60",  false, ["10.83", "9", "2.83",  "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "08:30", "19:20", "0",   false, ["10.83", "9", "1.83",  "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "08:30", "21:15", "60",  false, ["11.75", "9", "3.75",  "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "08:30", "23:00", "60",  false, ["13.5",  "9", "5.5",   "1",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "15:00", "02:00", "60",  false, ["10",    "9", "2",     "4",    "2",     "0", "0", "0"]),
    (WEDNESDAY, "22:00", "06:00", "60",  false, ["7",     "9", "0",     "8",    "6",     "0", "0", "0"]),
    (WEDNESDAY, "20:00", "06:30", "30",  false, ["10",    "9", "1.5",   "8",    "6.5",   "0", "0", "0"]),
    (WEDNESDAY, "23:30", "07:15", "0",   false, ["7.75",  "9", "0",     "6.5",  "7.25",  "0", "0", "0"]),
    (WEDNESDAY, "05:00", "14:00", "60",  false, ["8",     "9", "0",     "1",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "06:00", "15:00", "60",  false, ["8",     "9", "0",     "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "00:00", "08:00", "0",   false, ["8",     "9", "0",     "6",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "09:00", "00:00", "60",  false, ["14",    "9", "6",     "2",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "23:00", "22:59", "0",   false, ["23.98", "9", "14.98", "7.98", "22.98", "0", "0", "0"]),
    (WEDNESDAY, "09:00", "10:00", "120", false, ["0",     "9", "0",     "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "09:00", "17:00", "-10", false, ["8",     "9", "0",     "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "09:00", "18:10", "50",  false, ["8.33",  "9", "0.17",  "0",    "0",     "0", "0", "0"]),
    (WEDNESDAY, "08:50", "18:05", "7",   false, ["9.13",  "9", "0.25",  "0",    "0",     "0", "0", "0"]),
    (SATURDAY,  "09:00", "14:00", "0",   false, ["5",     "5", "0",     "0",    "0",     "0", "0", "0"]),
    (SATURDAY,  "08:30", "17:30", "60",  false, ["8",     "5", "4",     "0",    "0",     "0", "0", "0"]),
    (SATURDAY,  "09:00", "15:00", "60",  false, ["5",     "5", "1",     "0",    "0",     "0", "0", "0"]),
    (SUNDAY,    "09:00", "18:00", "60",  false, ["8",     "0", "8",     "0",    "0",     "0", "0", "0"]),
    (SUNDAY,    "22:00", "08:00", "60",  false, ["9",     "0", "9",     "8",    "8",     "0", "0", "0"]),
    (WEDNESDAY, "09:00", "17:00", "60",  true,  ["7",     "0", "0",     "0",    "0",     "7", "0", "0"]),
    (SUNDAY,    "22:00", "08:00", "60",  true,  ["9",     "0", "0",     "8",    "8",     "9", "0", "8"]),
    // One row in words: the same shift on a Wednesday (above), on a Sunday, on a special day.
    (SUNDAY,    "15:00", "02:00", "60",  false, ["10",    "0", "10",    "4",    "2",     "0", "0", "0"]),
    (WEDNESDAY, "15:00", "02:00", "60",  true,  ["10",    "0", "0",     "4",    "2",     "10", "0", "4"]),
    (SUNDAY,    "15:00", "02:00", "60",  true,  ["10",    "0", "0",     "4",    "2",     "10", "0", "4"]),
];

fn entry<'a>(date: &'a str, start: &'a str, end: &'a str, pause: &'a str) -> Entry<'a> {
    Entry { date, start, end, break_minutes: pause, is_special: false }
}

fn calculated(entry: &Entry<'_>, schedule: &Schedule) -> Hours {
    Shift::read(entry).unwrap().hours(schedule)
}

fn hundredths(text: &str) -> Hundredths {
    let number = office::input::decimal(text).unwrap().rescale(2).unwrap();
    Hundredths(number.unscaled().try_into().unwrap())
}

fn hours(amounts: [&str; 8]) -> Hours {
    let [worked, planned, overtime, night, past_midnight, special_normal, special_overtime, special_night] =
        amounts.map(hundredths);
    Hours { worked, planned, overtime, night, past_midnight, special_normal, special_overtime, special_night }
}

#[test]
fn every_row_comes_to_what_it_always_came_to() {
    for (day, start, end, pause, is_special, wanted) in ROWS {
        let entry = Entry { is_special, ..entry(day, start, end, pause) };
        assert_eq!(calculated(&entry, &Schedule::default()), hours(wanted), "{entry:?}");
    }
}

#[test]
fn a_row_without_length_is_refused_and_not_paid_for_its_night() {
    let at = TimeOfDay::new(9, 0).unwrap();
    let refused = Shift::read(&entry(WEDNESDAY, "09:00", "09:00", "60")).unwrap_err();
    assert_eq!(refused, ShiftError::NoLength { at });
    assert_eq!(refused.to_string(), "begins and ends at 09:00");
    // What the old program made of it.
    let shift = Shift { date: date(2026, 1, 14), start: at, end: at, break_minutes: 60, is_special: false };
    assert_eq!(shift.hours(&Schedule::default()), hours(["0", "9", "0", "8", "9", "0", "0", "0"]));
}

#[test]
fn settings_decide_what_is_planned() {
    for (weekday_hours, planned, overtime) in
        [("8", "8", "1"), ("7.5", "7.5", "1.5"), ("7,5", "7.5", "1.5"), ("", "9", "0"), ("0", "0", "8")]
    {
        let schedule = Schedule::read(&Settings { weekday_hours, ..Settings::default() }).unwrap();
        let hours = calculated(&entry(WEDNESDAY, "09:00", "18:00", "60"), &schedule);
        assert_eq!(
            (hours.planned, hours.overtime),
            (hundredths(planned), hundredths(overtime)),
            "{weekday_hours:?}"
        );
    }
    let settings = Settings { saturday_start: "09:00", saturday_end: "13:30", ..Settings::default() };
    let hours = calculated(&entry(SATURDAY, "09:00", "18:00", "60"), &Schedule::read(&settings).unwrap());
    assert_eq!((hours.planned, hours.overtime), (hundredths("4.5"), hundredths("4.5")));
}

#[test]
fn a_month_that_ends_at_midnight_is_a_midnight_like_others() {
    let wanted = calculated(&entry(WEDNESDAY, "22:00", "06:00", "60"), &Schedule::default());
    // Weekdays all: ends of months and of a year, a leap day and the day before.
    for day in
        ["2026-03-31", "2026-04-30", "2025-12-31", "2024-02-29", "2024-02-28", "2027-02-26", "9999-12-31"]
    {
        assert_eq!(calculated(&entry(day, "22:00", "06:00", "60"), &Schedule::default()), wanted, "{day}");
    }
}

#[test]
fn what_is_wrong_with_a_row_is_said() {
    for (entry, wanted) in [
        (entry(WEDNESDAY, "99:25", "17:00", "60"), "start: hour 99 does not exist: hours go from 0 to 23"),
        (entry(WEDNESDAY, "09:00", "24:00", "60"), "end: hour 24 does not exist: hours go from 0 to 23"),
        (
            entry(WEDNESDAY, "09:75", "17:00", "60"),
            "start: minute 75 does not exist: minutes go from 0 to 59",
        ),
        (entry(WEDNESDAY, "09:00", "ab:cd", "60"), "end: `ab:cd` is not a time"),
        (entry(WEDNESDAY, "", "17:00", "60"), "start: `` is not a time"),
        (entry("2026-02-30", "09:00", "17:00", "60"), "date: `2026-02-30` is a day that does not exist"),
        (entry("14.01.2026", "09:00", "17:00", "60"), "date: `14.01.2026` is not a date"),
        (entry(WEDNESDAY, "09:00", "17:00", ""), "break: `` is not a number"),
        (entry(WEDNESDAY, "09:00", "17:00", "x"), "break: `x` is not a number"),
        (entry(WEDNESDAY, "09:00", "17:00", "1,5"), "break: `1,5` is not a number"),
        (entry(WEDNESDAY, "09:00", "17:00", " 60"), "break: ` 60` is not a number"),
        (entry(WEDNESDAY, "09:00", "17:00", "1.5"), "break: `1.5` is not a whole number"),
        (
            entry(WEDNESDAY, "09:00", "17:00", "9223372036854775808"),
            "break: `9223372036854775808` is not a whole number",
        ),
    ] {
        assert_eq!(Shift::read(&entry).unwrap_err().to_string(), wanted);
    }
}

#[test]
fn a_break_of_any_size_is_taken() {
    for (pause, worked) in [("-9223372036854775808", "8"), ("9223372036854775807", "0"), ("60.0", "7")] {
        let hours = calculated(&entry(WEDNESDAY, "09:00", "17:00", pause), &Schedule::default());
        assert_eq!(hours.worked, hundredths(worked), "{pause}");
    }
}

fn any_day() -> impl Strategy<Value = Date> {
    let usual = (1_i16..=9999, 1_i8..=12, 1_i8..=31)
        .prop_filter_map("no such day", |(y, m, d)| Date::new(y, m, d).ok());
    let last = (1_i16..=9999, 1_i8..=12).prop_map(|(year, month)| date(year, month, 1).last_of_month());
    prop_oneof![usual, last]
}

fn any_time() -> impl Strategy<Value = TimeOfDay> {
    (0_u32..24 * 60).prop_map(|minutes| TimeOfDay::from_minutes(minutes).unwrap())
}

fn any_shift() -> impl Strategy<Value = Shift> {
    let pause = prop_oneof![-100_i64..2000, any::<i64>()];
    (any_day(), any_time(), any_time(), pause, any::<bool>()).prop_map(
        |(date, start, end, break_minutes, is_special)| Shift { date, start, end, break_minutes, is_special },
    )
}

fn any_schedule() -> impl Strategy<Value = Schedule> {
    (0_u32..=2400, 0_u32..1440, 0_u32..1440).prop_map(|(hundredths, one, other)| {
        let time = |minutes| TimeOfDay::from_minutes(minutes).unwrap().to_string();
        let (start, end) = (time(one.min(other)), time(one.max(other)));
        let hours = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        Schedule::read(&Settings { weekday_hours: &hours, saturday_start: &start, saturday_end: &end })
            .unwrap()
    })
}

/// Minute by minute, the slow and obvious way: which of the shift's minutes `counts`, by hour of the clock and whether the
/// next day has come.
fn counted(shift: &Shift, counts: impl Fn(u32, bool) -> bool) -> Hundredths {
    let (mut minute, mut found) = (shift.start.minutes(), 0_i64);
    while minute == shift.start.minutes() || minute % 1440 != shift.end.minutes() {
        found += i64::from(counts(minute / 60 % 24, minute >= 1440));
        minute += 1;
    }
    Hundredths((found * 100 + 30) / 60)
}

proptest! {
    #[test]
    fn a_row_that_can_be_written_can_be_read_and_calculated(shift in any_shift(), schedule in any_schedule()) {
        let (date, start, end) = (shift.date.to_string(), shift.start.to_string(), shift.end.to_string());
        let pause = shift.break_minutes.to_string();
        let entry = Entry { date: &date, start: &start, end: &end, break_minutes: &pause, is_special: shift.is_special };
        match Shift::read(&entry) {
            Ok(read) => prop_assert_eq!(read.hours(&schedule), shift.hours(&schedule)),
            Err(error) => prop_assert!(shift.start == shift.end, "{}", error),
        }
    }

    #[test]
    fn amounts_keep_their_bounds(shift in any_shift(), schedule in any_schedule()) {
        let (hours, gross) = (shift.hours(&schedule), shift.gross());
        prop_assert!(gross < Duration::from_secs(24 * 3600));
        let whole = Hundredths((i64::try_from(gross.as_secs()).unwrap() + 18) / 36);
        prop_assert!(hours.worked <= whole);
        prop_assert!(hours.overtime <= whole);
        if shift.start != shift.end {
            prop_assert!(hours.night <= whole && hours.past_midnight <= whole);
        }
        prop_assert!(hours.special_night <= hours.night && hours.special_normal <= hours.worked);
        prop_assert!(hours.special_overtime.is_zero());
    }

    #[test]
    fn night_and_past_midnight_are_minutes_of_the_shift(shift in any_shift(), schedule in any_schedule()) {
        let hours = shift.hours(&schedule);
        prop_assert_eq!(hours.night, counted(&shift, |hour, _| !(6..22).contains(&hour)));
        prop_assert_eq!(hours.past_midnight, counted(&shift, |_, is_next_day| is_next_day));
    }

    #[test]
    fn past_midnight_is_there_exactly_when_the_shift_ends_on_the_next_day(shift in any_shift(), schedule in any_schedule()) {
        let ends_later = shift.end <= shift.start && shift.end != TimeOfDay::MIDNIGHT;
        prop_assert_eq!(!shift.hours(&schedule).past_midnight.is_zero(), ends_later);
    }

    #[test]
    fn a_special_day_moves_hours_and_loses_none(shift in any_shift(), schedule in any_schedule()) {
        let usual = Shift { is_special: false, ..shift }.hours(&schedule);
        let special = Shift { is_special: true, ..shift }.hours(&schedule);
        prop_assert_eq!(special.special_normal, usual.worked);
        prop_assert_eq!(special.special_night, usual.night);
        prop_assert!(special.planned.is_zero() && special.overtime.is_zero());
        prop_assert!(usual.special_normal.is_zero() && usual.special_night.is_zero());
        prop_assert_eq!((special.worked, special.night), (usual.worked, usual.night));
        prop_assert_eq!(special.past_midnight, usual.past_midnight);
    }

    #[test]
    fn only_the_weekday_of_the_date_matters(shift in any_shift(), day in any_day(), schedule in any_schedule()) {
        let other = Shift { date: day, ..shift };
        if day.weekday() == shift.date.weekday() {
            prop_assert_eq!(other.hours(&schedule), shift.hours(&schedule));
        }
    }

    #[test]
    fn rounding_is_never_further_off_than_half_a_hundredth(shift in any_shift()) {
        let worked = shift.hours(&Schedule::default()).worked;
        if shift.break_minutes <= 0 {
            let exact = i64::try_from(shift.gross().as_secs()).unwrap();
            prop_assert!((worked.0 * 36 - exact).abs() <= 18);
        }
    }

    #[test]
    fn totals_are_sums_of_days_in_any_order(shifts in prop::collection::vec(any_shift(), 0..20), schedule in any_schedule()) {
        let days: Vec<Hours> = shifts.iter().map(|shift| shift.hours(&schedule)).collect();
        let forward: Hours = days.iter().copied().sum();
        let backward: Hours = days.iter().rev().copied().sum();
        prop_assert_eq!(forward, backward);
        prop_assert_eq!(forward.overtime.0, days.iter().map(|day| day.overtime.0).sum::<i64>());
    }

    #[test]
    fn no_text_breaks_the_reader(date in "[0-9-]{0,10}|\\PC{0,11}", time in "[0-9:]{0,5}|\\PC{0,6}", pause in "\\PC{0,5}") {
        let _ = Shift::read(&entry(&date, &time, &time, &pause));
    }
}
