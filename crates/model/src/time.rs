//! Dates, times of day, local timestamps and instants, as wide as PostgreSQL's and as fine as SQL Server's.

use std::fmt;

const MICROS_PER_DAY: i64 = 86_400_000_000;
const NANOS_PER_DAY: i64 = 86_400_000_000_000;

/// A calendar day. **Units**: days since 2000-01-01, proleptic Gregorian (PostgreSQL's own form; its infinities are
/// `i32::MAX` and `i32::MIN`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

/// A time of day. **Units**: nanoseconds since midnight, `0..=24:00:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

/// A local date and time, in no zone.
///
/// **Units**: `micros` since 2000-01-01 00:00 (PostgreSQL's own form, infinities included), plus `nanos` in
/// `0..1000` for databases that are finer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    pub micros: i64,
    pub nanos: u16,
}

/// A point in time, with the offset it was written in where a database keeps one (SQL Server's `datetimeoffset`);
/// elsewhere the offset is 0. **Units**: UTC as in [`Timestamp`]; offset in minutes east.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    pub utc: Timestamp,
    pub offset_minutes: i16,
}

impl Date {
    pub const MAX_INFINITE: Self = Self(i32::MAX);
    pub const MIN_INFINITE: Self = Self(i32::MIN);

    /// `None` for a day that does not exist. Years 1 to 9999.
    #[must_use]
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        let real = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && day <= days_in_month(year, month);
        real.then(|| Self(days_from_civil(year, month, day)))
    }

    /// Year, month, day; the year may be outside 1 to 9999 where PostgreSQL held it.
    #[must_use]
    pub fn civil(self) -> (i32, u32, u32) {
        civil_from_days(self.0)
    }

    /// Whether the day lies in the years 0001 to 9999, which every database but PostgreSQL stops at.
    #[must_use]
    pub fn is_common(self) -> bool {
        (-730_119..=2_921_939).contains(&self.0)
    }

    /// `YYYY-MM-DD` and nothing else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
            return None;
        }
        Self::new(digits(&b[0..4])?.cast_signed(), digits(&b[5..7])?, digits(&b[8..10])?)
    }
}

impl Time {
    /// `None` outside 00:00:00 to 23:59:59.999999999.
    #[must_use]
    pub fn new(hour: u32, minute: u32, second: u32, nanos: u32) -> Option<Self> {
        let real = hour < 24 && minute < 60 && second < 60 && nanos < 1_000_000_000;
        real.then(|| Self(i64::from(hour * 3600 + minute * 60 + second) * 1_000_000_000 + i64::from(nanos)))
    }

    /// `HH:MM[:SS[.fraction]]`, up to nine digits of fraction.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() < 5 || b[2] != b':' {
            return None;
        }
        let (hour, minute) = (digits(&b[0..2])?, digits(&b[3..5])?);
        let (second, nanos) = match b.len() {
            5 => (0, 0),
            8 if b[5] == b':' => (digits(&b[6..8])?, 0),
            10..=18 if b[5] == b':' && b[8] == b'.' => (digits(&b[6..8])?, fraction(&b[9..])?),
            _ => return None,
        };
        Self::new(hour, minute, second, nanos)
    }

    /// Digits of fraction that are not zero at the end, 0 to 9.
    #[must_use]
    pub fn fraction_digits(self) -> u8 {
        fraction_digits((self.0 % 1_000_000_000).unsigned_abs())
    }
}

impl Timestamp {
    pub const MAX_INFINITE: Self = Self { micros: i64::MAX, nanos: 0 };
    pub const MIN_INFINITE: Self = Self { micros: i64::MIN, nanos: 0 };

    #[must_use]
    pub fn new(date: Date, time: Time) -> Self {
        let micros = i64::from(date.0) * MICROS_PER_DAY + time.0 / 1000;
        Self { micros, nanos: u16::try_from(time.0 % 1000).unwrap_or_default() }
    }

    /// The day, and the time within it.
    #[must_use]
    pub fn split(self) -> (Date, Time) {
        let days = i32::try_from(self.micros.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX);
        (Date(days), Time(self.micros.rem_euclid(MICROS_PER_DAY) * 1000 + i64::from(self.nanos)))
    }

    /// Whether the year is 0001 to 9999 (false for infinities).
    #[must_use]
    pub fn is_common(self) -> bool {
        self.split().0.is_common()
    }

    /// `YYYY-MM-DD`, then a blank or `T`, then a time as [`Time::parse`] reads it. A date alone is no timestamp.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        if b.len() < 16
            || !matches!(b[10], b' ' | b'T')
            || !text.is_char_boundary(10)
            || !text.is_char_boundary(11)
        {
            return None;
        }
        Some(Self::new(Date::parse(&text[..10])?, Time::parse(&text[11..])?))
    }

    /// Digits of fraction of a second that are not zero at the end, 0 to 9.
    #[must_use]
    pub fn fraction_digits(self) -> u8 {
        let nanos = self.micros.rem_euclid(1_000_000) * 1000 + i64::from(self.nanos);
        fraction_digits(nanos.unsigned_abs())
    }

    /// Nanoseconds of the day; **Units**: `0..86_400e9`.
    #[must_use]
    pub fn nanos_of_day(self) -> i64 {
        self.split().1.0 % NANOS_PER_DAY
    }

    /// Whole milliseconds since 1970, for a time in UTC.
    #[must_use]
    pub const fn unix_ms(self) -> i64 {
        const TO_2000_MS: i64 = 946_684_800_000;
        self.micros.div_euclid(1000).saturating_add(TO_2000_MS)
    }

    #[must_use]
    pub fn add_minutes(self, minutes: i64) -> Self {
        Self { micros: self.micros.saturating_add(minutes * 60_000_000), ..self }
    }
}

impl Instant {
    #[must_use]
    pub const fn utc(utc: Timestamp) -> Self {
        Self { utc, offset_minutes: 0 }
    }

    /// The wall clock of the offset it was written in.
    #[must_use]
    pub fn local(self) -> Timestamp {
        self.utc.add_minutes(i64::from(self.offset_minutes))
    }

    /// A timestamp followed by `Z`, `+HH`, `+HHMM` or `+HH:MM` (a blank may stand between).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(local) = text.strip_suffix('Z') {
            return Timestamp::parse(local.trim_end()).map(Self::utc);
        }
        let at = text.rfind(['+', '-']).filter(|at| *at > 10)?;
        let sign = if text.as_bytes()[at] == b'-' { -1 } else { 1 };
        let zone = text[at + 1..].replace(':', "");
        let (hours, minutes) = match zone.len() {
            2 => (digits(zone.as_bytes())?, 0),
            4 => (digits(&zone.as_bytes()[..2])?, digits(&zone.as_bytes()[2..])?),
            _ => return None,
        };
        let offset = sign * i16::try_from(hours * 60 + minutes).ok().filter(|m| *m <= 14 * 60)?;
        let local = Timestamp::parse(text[..at].trim_end())?;
        Some(Self { utc: local.add_minutes(-i64::from(offset)), offset_minutes: offset })
    }
}

/// The zone of the business, in which local timestamps of the old programs are to be read.
#[derive(Clone, Debug)]
pub struct Zone(jiff::tz::TimeZone);

impl Zone {
    /// `None` when the name is not in the time-zone database.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        jiff::tz::TimeZone::get(name).ok().map(Self)
    }

    #[must_use]
    pub const fn utc() -> Self {
        Self(jiff::tz::TimeZone::UTC)
    }

    /// The instant of a local time; `None` when the clock showed it twice or never (a change of summer time).
    #[must_use]
    pub fn instant(&self, local: Timestamp) -> Option<Instant> {
        let ambiguous = self.0.to_ambiguous_timestamp(civil(local)?);
        let offset = ambiguous.offset();
        let jiff::tz::AmbiguousOffset::Unambiguous { offset } = offset else { return None };
        let micros = local.micros - i64::from(offset.seconds()) * 1_000_000;
        Some(Instant::utc(Timestamp { micros, ..local }))
    }

    /// The local time of an instant; `None` outside the years 1 to 9999.
    #[must_use]
    pub fn local(&self, instant: Instant) -> Option<Timestamp> {
        let utc = civil(instant.utc)?;
        let stamp = jiff::tz::TimeZone::UTC.to_timestamp(utc).ok()?;
        let seconds = i64::from(self.0.to_offset(stamp).seconds());
        Some(Timestamp { micros: instant.utc.micros + seconds * 1_000_000, ..instant.utc })
    }
}

fn civil(at: Timestamp) -> Option<jiff::civil::DateTime> {
    if !at.is_common() {
        return None;
    }
    let (date, time) = at.split();
    let (year, month, day) = date.civil();
    let seconds = time.0 / 1_000_000_000;
    let small = |n: i64| i8::try_from(n).ok();
    jiff::civil::DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        small(seconds / 3600)?,
        small(seconds / 60 % 60)?,
        small(seconds % 60)?,
        i32::try_from(time.0 % 1_000_000_000).ok()?,
    )
    .ok()
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MAX_INFINITE => return f.write_str("infinity"),
            Self::MIN_INFINITE => return f.write_str("-infinity"),
            _ => {}
        }
        let (year, month, day) = self.civil();
        if year > 0 {
            write!(f, "{year:04}-{month:02}-{day:02}")
        } else {
            write!(f, "{:04}-{month:02}-{day:02} BC", 1 - year)
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000_000_000;
        write!(f, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        let digits = usize::from(self.fraction_digits());
        if digits > 0 {
            let text = format!("{:09}", self.0 % 1_000_000_000);
            write!(f, ".{}", &text[..digits])?;
        }
        Ok(())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::MAX_INFINITE => return f.write_str("infinity"),
            Self::MIN_INFINITE => return f.write_str("-infinity"),
            _ => {}
        }
        let (date, time) = self.split();
        let (year, month, day) = date.civil();
        if year > 0 {
            write!(f, "{date} {time}")
        } else {
            write!(f, "{:04}-{month:02}-{day:02} {time} BC", 1 - year)
        }
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minutes) =
            if self.offset_minutes < 0 { ('-', -self.offset_minutes) } else { ('+', self.offset_minutes) };
        write!(f, "{}{sign}{:02}:{:02}", self.local(), minutes / 60, minutes % 60)
    }
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0_u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

fn fraction(bytes: &[u8]) -> Option<u32> {
    Some(digits(bytes)? * 10_u32.pow(9 - u32::try_from(bytes.len()).ok()?))
}

fn fraction_digits(nanos: u64) -> u8 {
    let (mut rest, mut count) = (nanos, 9);
    while count > 0 && rest.is_multiple_of(10) {
        rest /= 10;
        count -= 1;
    }
    count
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 2000-01-01. **Source**: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
#[allow(clippy::cast_possible_truncation)]
fn days_from_civil(year: i32, month: u32, day: u32) -> i32 {
    let y = i64::from(if month <= 2 { year - 1 } else { year });
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era - 730_425) as i32
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn civil_from_days(days: i32) -> (i32, u32, u32) {
    let z = i64::from(days) + 730_425;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = ((month_from_march + 2) % 12 + 1) as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year as i32, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_days_have_known_numbers() {
        assert_eq!(Date::new(2000, 1, 1), Some(Date(0)));
        assert_eq!(Date::new(1970, 1, 1), Some(Date(-10_957)));
        assert_eq!(Date::new(1, 1, 1), Some(Date(-730_119)));
        assert_eq!(Date::new(9999, 12, 31), Some(Date(2_921_939)));
        assert_eq!(Date::new(2023, 2, 29), None);
        assert_eq!(Date::parse("0000-00-00"), None);
        assert_eq!(Date(-730_120).to_string(), "0001-12-31 BC");
    }

    #[test]
    fn only_whole_timestamps_are_read() {
        assert_eq!(Timestamp::parse("2026-01-31 09:05:07").unwrap().to_string(), "2026-01-31 09:05:07");
        assert_eq!(
            Timestamp::parse("2026-01-31T09:05:07.1234567").unwrap().to_string(),
            "2026-01-31 09:05:07.1234567"
        );
        for bad in [
            "2026-01-31",
            "2026-01-31 24:00:00",
            "2026-01-31 09:05:07 ",
            "2026-1-31 09:05:07",
            "dün",
            "2026-01-31 09:05:07.",
            "99:25",
        ] {
            assert_eq!(Timestamp::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn instants_keep_their_offset() {
        let instant = Instant::parse("2026-01-31 09:05:07+03:00").unwrap();
        assert_eq!(instant.utc.to_string(), "2026-01-31 06:05:07");
        assert_eq!(instant.to_string(), "2026-01-31 09:05:07+03:00");
        assert_eq!(Instant::parse("2026-01-31T06:05:07Z").unwrap().utc, instant.utc);
    }

    #[test]
    fn a_local_time_that_never_was_has_no_instant() {
        let zone = Zone::named("Europe/Istanbul").unwrap();
        let winter = Timestamp::parse("2025-12-01 00:00:00").unwrap();
        assert_eq!(zone.instant(winter).unwrap().utc.to_string(), "2025-11-30 21:00:00");
        assert_eq!(zone.local(zone.instant(winter).unwrap()), Some(winter));
        assert_eq!(zone.instant(Timestamp::parse("2015-03-29 03:30:00").unwrap()), None);
    }

    proptest! {
        #[test]
        fn every_common_day_round_trips(days in -730_119..=2_921_939) {
            let date = Date(days);
            prop_assert!(date.is_common());
            prop_assert_eq!(Date::parse(&date.to_string()), Some(date));
        }

        #[test]
        fn every_common_timestamp_round_trips(days in -730_119..=2_921_939, nanos in 0..NANOS_PER_DAY) {
            let at = Timestamp::new(Date(days), Time(nanos));
            prop_assert_eq!(Timestamp::parse(&at.to_string()), Some(at));
            prop_assert_eq!(at.split(), (Date(days), Time(nanos)));
        }

        #[test]
        fn civil_days_are_consecutive(days in i32::MIN / 2..i32::MAX / 2) {
            let (year, month, day) = civil_from_days(days);
            prop_assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn a_time_is_so_many_milliseconds_after_1970() {
        let at = |text| Timestamp::parse(text).unwrap().unix_ms();
        assert_eq!(at("1970-01-01 00:00:00"), 0);
        assert_eq!(at("2026-05-15 17:45:00.123"), 1_778_867_100_123);
        assert_eq!(at("1969-12-31 23:59:59.999"), -1);
    }
}
