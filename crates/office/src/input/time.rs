//! Times of day.

use super::InputError;
use crate::{TimeOfDay, time_of_day::digits};

/// `9:5`, `09:05`, `08:30:00` (seconds are left out), `9.30`, `930`, `0930`, or a fraction of a day as spreadsheets write it
/// into text files (`0.40625` is 09:45, `0.5` is 12:00), blanks around it allowed.
///
/// **Corrects** the old program, which let `24:00`, `99:25`, `9925` and `ab:cd` pass, made 00:00 of 0.99999 and 01:00 of
/// `1.0`, and took `0.25` for 06:00 although people who write `9.30` mean 00:25 by it: that one is asked about.
///
/// # Errors
/// [`InputError::Hour`], [`InputError::Minute`], [`InputError::Ambiguous`], else [`InputError::NotATime`], also for an hour
/// alone (`9`), as in the old program.
pub fn time(text: &str) -> Result<TimeOfDay, InputError> {
    let text = text.trim();
    let not_a_time = || InputError::NotATime { text: text.into() };
    if let Some(fraction) = fraction(text) {
        return time_of_serial(fraction);
    }
    let (hour, minute) = clock(text).ok_or_else(not_a_time)?;
    let read = TimeOfDay::new(hour, minute)?;
    if text.starts_with("0.") { Err(InputError::Ambiguous { text: text.into() }) } else { Ok(read) }
}

/// The time of a spreadsheet's number: a fraction of a day, to the nearest minute (0.75 is 18:00).
///
/// **Corrects** the old program, in which numbers from 1 on and below 0 wrapped round to some time.
///
/// # Errors
/// [`InputError::NotATime`] below 0, from 1 on, and for the last half minute of the day, whose nearest minute is tomorrow's.
pub fn time_of_serial(serial: f64) -> Result<TimeOfDay, InputError> {
    const MINUTES: f64 = 24.0 * 60.0;
    let not_a_time = || InputError::NotATime { text: serial.to_string() };
    if !(0.0..1.0).contains(&serial) {
        return Err(not_a_time());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let minutes = (serial * MINUTES).round() as u32;
    TimeOfDay::from_minutes(minutes).ok_or_else(not_a_time)
}

/// Zero point something that cannot be hour and minutes.
fn fraction(text: &str) -> Option<f64> {
    let decimals = text.strip_prefix("0.")?;
    let is_number = !decimals.is_empty() && decimals.bytes().all(|b| b.is_ascii_digit());
    let is_minute = decimals.len() == 2 && decimals < "60";
    (is_number && !is_minute).then(|| text.parse().ok()).flatten()
}

/// Hour and minute as they are written, possible or not.
fn clock(text: &str) -> Option<(u32, u32)> {
    if let Some((hour, rest)) = text.split_once(':') {
        let minute = match rest.split_once(':') {
            Some((minute, seconds)) => digits(seconds).filter(|seconds| *seconds < 60).map(|_| minute)?,
            None => rest,
        };
        return digits(hour).zip(digits(minute));
    }
    let (hour, minute) = match text.split_once('.') {
        Some((hour, minute)) => (hour, minute),
        None if text.is_ascii() && matches!(text.len(), 3..=4) => text.split_at(text.len() - 2),
        None => return None,
    };
    (minute.len() == 2).then(|| digits(hour).zip(digits(minute))).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, wanted) in [
            ("9:5", "09:05"),
            ("930", "09:30"),
            ("0930", "09:30"),
            ("9.30", "09:30"),
            ("17.30", "17:30"),
            ("08:30:00", "08:30"),
            ("08:30:59", "08:30"),
            ("0.40625", "09:45"),
            ("0.75", "18:00"),
            ("0.5", "12:00"),
            ("00.25", "00:25"),
            ("0:25", "00:25"),
            (" 23:59 ", "23:59"),
            ("0000", "00:00"),
        ] {
            assert_eq!(time(text).map(|time| time.to_string()), Ok(wanted.into()), "{text:?}");
        }
    }

    #[test]
    fn impossible_times_are_refused_with_what_is_wrong() {
        for text in ["99:25", "9925", "99.25"] {
            assert_eq!(time(text), Err(InputError::Hour { hour: 99 }), "{text:?}");
        }
        assert_eq!(time("24:00"), Err(InputError::Hour { hour: 24 }));
        assert_eq!(time("12:60"), Err(InputError::Minute { minute: 60 }));
        for text in
            ["9", "", "ab:cd", "1.0", "9.5", "08:30:60", "08:30:", "+930", "12345", "0.9999999", "-0.1", "9ş"]
        {
            assert!(matches!(time(text), Err(InputError::NotATime { .. })), "{text:?}: {:?}", time(text));
        }
    }

    #[test]
    fn what_can_be_two_times_is_asked_about() {
        for text in ["0.25", "0.30", "0.00"] {
            assert_eq!(time(text), Err(InputError::Ambiguous { text: text.into() }));
        }
    }

    #[test]
    fn a_spreadsheets_number_is_a_part_of_a_day() {
        for (serial, wanted) in [(0.406_25, "09:45"), (0.75, "18:00"), (0.25, "06:00"), (0.0, "00:00")] {
            assert_eq!(time_of_serial(serial).map(|time| time.to_string()), Ok(wanted.into()));
        }
        for serial in [1.0, 9.0, 25.5, -0.1, 0.999_99, f64::NAN, f64::INFINITY] {
            assert!(time_of_serial(serial).is_err(), "{serial}");
        }
    }

    proptest! {
        #[test]
        fn every_minute_survives_a_spreadsheet(minutes in 0_u32..1440) {
            let time = TimeOfDay::from_minutes(minutes).unwrap();
            prop_assert_eq!(time_of_serial(f64::from(minutes) / 1440.0), Ok(time));
        }

        #[test]
        fn no_text_breaks_the_reader(text in "[0-9:. ]{0,9}|\\PC{0,9}") {
            let _ = time(&text);
        }
    }
}
