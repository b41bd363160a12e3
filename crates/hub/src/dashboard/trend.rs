//! How much came in lately, by day and by hour of the hub's zone.

use jiff::{ToSpan, Zoned, civil::Date, tz::TimeZone};
use store::{Edges, Trend};

use super::{TrendTable, chart::Chart};
use crate::{app::moment, login::DASHBOARD, pages::whole, words::Words};

/// In the address: how many hours.
pub(super) const HOURS: &str = "hours";
const DAYS: usize = 30;
const FEW_HOURS: usize = 24;
const MANY_HOURS: usize = 48;
const HOUR_MS: i64 = 60 * 60 * 1000;

/// The last days and hours, up to now.
pub(super) struct Spans {
    zone: TimeZone,
    today: Date,
    hours: usize,
    /// Where each of them begins, and where the last one ends.
    days_ms: Vec<i64>,
    hours_ms: Vec<i64>,
}

/// Of all regions that are told.
pub(super) fn sum(trend: &Trend) -> Vec<u64> {
    let mut days = vec![0; DAYS];
    for counts in trend.entries.values() {
        days.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    days
}

impl Spans {
    pub fn of(now_ms: i64, zone: &TimeZone, hours: Option<&str>) -> Self {
        let now = moment(now_ms).to_zoned(zone.clone());
        let hours = if hours == Some("48") { MANY_HOURS } else { FEW_HOURS };
        let into_hour = i64::from(now.minute()) * 60_000 + i64::from(now.second()) * 1000;
        let this_hour = now_ms - into_hour - i64::from(now.millisecond());
        let of_hours = |at: usize| this_hour + HOUR_MS * (1 + signed(at) - signed(hours));
        Self {
            days_ms: days(&now),
            hours_ms: (0..=hours).map(of_hours).collect(),
            today: now.date(),
            zone: zone.clone(),
            hours,
        }
    }

    pub fn edges(&self) -> Edges<'_> {
        Edges { entries: &self.days_ms, syncs: &self.hours_ms }
    }

    pub const fn today(&self) -> Date {
        self.today
    }

    fn said(&self, ms: i64, as_what: &str) -> String {
        moment(ms).to_zoned(self.zone.clone()).strftime(as_what).to_string()
    }

    pub fn charts(&self, words: &Words, trend: &Trend) -> [Chart; 2] {
        let (said, language) = (words.overview(), words.language);
        let days = self.days_ms.iter().map(|ms| self.said(*ms, "%d.%m.")).zip(sum(trend));
        let hours = self.hours_ms.iter().map(|ms| self.said(*ms, "%H:%M")).zip(trend.syncs.iter().copied());
        let syncs_title = said.syncs_title.replace("{hours}", &self.hours.to_string());
        let [entries, syncs] = [said.entries_title.to_owned(), syncs_title];
        [
            Chart::of(("entries-chart", entries, said.entries_said), &days.collect::<Vec<_>>(), language),
            Chart::of(("syncs-chart", syncs, said.syncs_said), &hours.collect::<Vec<_>>(), language),
        ]
    }

    /// The newest first.
    pub fn days(&self, words: &Words, trend: &Trend) -> TrendTable {
        let number = |number: u64| whole(words.language, i64::try_from(number).unwrap_or(i64::MAX));
        let sums = sum(trend);
        let line = |at: usize| {
            let counts = trend.entries.values().map(|days| number(days[at]));
            let counts = counts.chain([number(sums[at])]).collect();
            (self.said(self.days_ms[at], "%d.%m.%Y"), counts)
        };
        let name = |region: &String| match region.as_str() {
            "" => words.no_region.to_owned(),
            region => region.to_owned(),
        };
        TrendTable {
            regions: trend.entries.keys().map(name).collect(),
            lines: (0..DAYS).rev().map(line).collect(),
        }
    }

    /// The newest first.
    pub fn hours(&self, words: &Words, trend: &Trend) -> Vec<(String, String)> {
        let number = |number: u64| whole(words.language, i64::try_from(number).unwrap_or(i64::MAX));
        let lines = self.hours_ms.iter().zip(&trend.syncs);
        let lines = lines.map(|(ms, count)| (self.said(*ms, "%d.%m.%Y %H:%M"), number(*count)));
        lines.rev().collect()
    }

    /// Where the other number of hours is shown, and what leads there.
    pub fn other_hours(&self, words: &Words) -> (String, String) {
        let other = if self.hours == FEW_HOURS { MANY_HOURS } else { FEW_HOURS };
        let said = words.overview().other_hours.replace("{hours}", &other.to_string());
        (format!("{DASHBOARD}?{HOURS}={other}"), said)
    }
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Where the last days begin, and where today ends.
fn days(now: &Zoned) -> Vec<i64> {
    let begin = |at: usize| {
        let day = now.date().checked_add((1 + signed(at) - signed(DAYS)).days()).unwrap_or(now.date());
        let begins = day.to_zoned(now.time_zone().clone()).unwrap_or_else(|_| now.clone());
        begins.timestamp().as_millisecond()
    };
    (0..=DAYS).map(begin).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_those_of_the_zone_and_end_with_the_present_ones() {
        // 19 January 2026, 01:30:05 in Istanbul: still the 18th in UTC.
        let now = 1_768_775_405_123;
        let spans = Spans::of(now, &TimeZone::get("Europe/Istanbul").unwrap(), Some("48"));
        assert_eq!((spans.days_ms.len(), spans.hours_ms.len()), (31, 49));
        assert_eq!(spans.said(spans.days_ms[29], "%d.%m %H:%M"), "19.01 00:00");
        assert_eq!(spans.said(spans.days_ms[0], "%d.%m %H:%M"), "21.12 00:00");
        assert_eq!(spans.said(spans.hours_ms[47], "%d.%m %H:%M:%S"), "19.01 01:00:00");
        for edges in [&spans.days_ms, &spans.hours_ms] {
            let last = edges.len() - 1;
            assert!(edges[last - 1] <= now && now < edges[last] && edges.is_sorted());
            assert!(edges.iter().all(|edge| edge % (15 * 60 * 1000) == 0), "whole quarters");
        }
    }
}
