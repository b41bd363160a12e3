//! The weekly check: what changed since the one before, and what a driver last came back with.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::input::CheckStatus;

/// One weekly check of a vehicle.
#[derive(Clone, Copy, Debug)]
pub struct Inspection<'a, K> {
    pub vehicle: K,
    pub driver: Option<K>,
    pub date: Date,
    /// Item and how it was found; of an item that stands there twice the last counts.
    pub results: &'a [(&'a str, CheckStatus)],
}

/// What became of an item from one check to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `Tekrar eden sorun`: bad before and bad now. The old program could not say it, as it asked for [`Self::Same`] first.
    Repeated,
    /// `Kötüleşti`: bad now and not before.
    Worse,
    /// `İyileşti`: bad before and not now.
    Better,
    /// `Aynı`.
    Same,
    /// `Değişti`: between good and unknown.
    Different,
}

impl Change {
    #[must_use]
    pub fn between(before: CheckStatus, now: CheckStatus) -> Self {
        match (before, now) {
            (CheckStatus::Bad, CheckStatus::Bad) => Self::Repeated,
            (_, CheckStatus::Bad) => Self::Worse,
            (CheckStatus::Bad, _) => Self::Better,
            (before, now) if before == now => Self::Same,
            _ => Self::Different,
        }
    }
}

/// An item in two checks; one in which it does not occur knows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemChange<'a> {
    pub item: &'a str,
    pub before: CheckStatus,
    pub now: CheckStatus,
    pub change: Change,
}

/// Every item of two checks, each once: those of `now` in its order, then those that only `before` has.
#[must_use]
pub fn changes<'a>(before: &[(&'a str, CheckStatus)], now: &[(&'a str, CheckStatus)]) -> Vec<ItemChange<'a>> {
    let mut items: Vec<&str> = Vec::new();
    for (item, _) in now.iter().chain(before) {
        if !items.contains(item) {
            items.push(item);
        }
    }
    let compared = |item| {
        let (before, now) = (status(before, item), status(now, item));
        ItemChange { item, before, now, change: Change::between(before, now) }
    };
    items.into_iter().map(compared).collect()
}

fn status(results: &[(&str, CheckStatus)], item: &str) -> CheckStatus {
    let found = results.iter().rev().find(|(name, _)| *name == item);
    found.map_or(CheckStatus::Unknown, |(_, status)| *status)
}

/// What the newest check of a vehicle found bad, next to the one before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems<'a> {
    /// Bad in both.
    pub repeated: Vec<&'a str>,
    /// Bad now, and not before.
    pub worse: Vec<&'a str>,
}

/// Per vehicle, by key: what its two newest checks say. Vehicles of which they say nothing bad are left out.
///
/// Of checks of one day the later in `inspections` is the newer.
pub fn problems<'a, K: Ord + Copy>(
    inspections: impl IntoIterator<Item = Inspection<'a, K>>,
) -> BTreeMap<K, Problems<'a>> {
    let mut newest_two: BTreeMap<K, [Option<Inspection<'a, K>>; 2]> = BTreeMap::new();
    for check in inspections {
        let [newest, second] = newest_two.entry(check.vehicle).or_insert([None, None]);
        if is_newer(&check, newest.as_ref()) {
            *second = newest.replace(check);
        } else if is_newer(&check, second.as_ref()) {
            *second = Some(check);
        }
    }
    let problems = newest_two.into_iter().map(|(vehicle, checks)| (vehicle, between(checks)));
    problems.filter(|(_, problems)| *problems != Problems::default()).collect()
}

fn between<'a, K>(checks: [Option<Inspection<'a, K>>; 2]) -> Problems<'a> {
    let mut problems = Problems::default();
    if let [Some(now), Some(before)] = checks {
        for item in changes(before.results, now.results) {
            match item.change {
                Change::Repeated => problems.repeated.push(item.item),
                Change::Worse => problems.worse.push(item.item),
                Change::Better | Change::Same | Change::Different => {}
            }
        }
    }
    problems
}

/// Kilometres that a check noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading<K> {
    pub vehicle: K,
    pub check: K,
    pub date: Date,
    pub km: i64,
}

/// Checks that noted fewer kilometres than the one of an earlier day before them, with what that one noted.
///
/// **Shape**: by vehicle, then by day. Checks of one day are not compared with each other: nobody knows their order. A
/// reading of 0 or below is none.
pub fn fallen<K: Ord + Copy>(readings: impl IntoIterator<Item = Reading<K>>) -> Vec<(Reading<K>, i64)> {
    let mut readings: Vec<Reading<K>> = readings.into_iter().filter(|reading| reading.km > 0).collect();
    readings.sort_by_key(|reading| (reading.vehicle, reading.date, reading.km));
    let days = readings.chunk_by(|one, other| (one.vehicle, one.date) == (other.vehicle, other.date));
    let days: Vec<&[Reading<K>]> = days.collect();
    let pairs = days.array_windows().filter(|[before, day]| before[0].vehicle == day[0].vehicle);
    let pairs = pairs.flat_map(|[before, day]| {
        let highest = before.iter().map(|reading| reading.km).max().unwrap_or_default();
        day.iter().filter(move |reading| reading.km < highest).map(move |reading| (*reading, highest))
    });
    pairs.collect()
}

/// A driver's newest check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastCheck<K> {
    pub vehicle: K,
    pub date: Date,
    /// Items that were bad.
    pub problems: usize,
}

/// Per driver, by key: the newest check, also one without problems. Checks without a driver are nobody's.
///
/// Of checks of one day the later in `inspections` is the newer.
pub fn last_checks<'a, K: Ord + Copy>(
    inspections: impl IntoIterator<Item = Inspection<'a, K>>,
) -> BTreeMap<K, LastCheck<K>> {
    let mut newest: BTreeMap<K, Inspection<'a, K>> = BTreeMap::new();
    for check in inspections {
        let Some(driver) = check.driver else { continue };
        if is_newer(&check, newest.get(&driver)) {
            newest.insert(driver, check);
        }
    }
    newest.into_iter().map(|(driver, check)| (driver, last_check(&check))).collect()
}

fn last_check<K: Copy>(check: &Inspection<'_, K>) -> LastCheck<K> {
    let items = changes(&[], check.results);
    let problems = items.iter().filter(|item| item.now == CheckStatus::Bad).count();
    LastCheck { vehicle: check.vehicle, date: check.date, problems }
}

fn is_newer<K>(check: &Inspection<'_, K>, than: Option<&Inspection<'_, K>>) -> bool {
    than.is_none_or(|than| check.date >= than.date)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{CheckStatus::*, *};

    fn check<'a>(
        vehicle: u8,
        driver: Option<u8>,
        day: i8,
        results: &'a [(&'a str, CheckStatus)],
    ) -> Inspection<'a, u8> {
        Inspection { vehicle, driver, date: date(2026, 1, day), results }
    }

    #[test]
    fn a_change_has_one_word_for_each_pair() {
        for (before, now, change) in [
            (Bad, Bad, Change::Repeated),
            (Good, Bad, Change::Worse),
            (Unknown, Bad, Change::Worse),
            (Bad, Good, Change::Better),
            (Bad, Unknown, Change::Better),
            (Good, Good, Change::Same),
            (Unknown, Unknown, Change::Same),
            (Good, Unknown, Change::Different),
            (Unknown, Good, Change::Different),
        ] {
            assert_eq!(Change::between(before, now), change, "{before:?} {now:?}");
        }
    }

    #[test]
    fn items_of_both_checks_are_compared_once() {
        let before = [("lights", Bad), ("glass", Good), ("tire_condition", Bad)];
        let now = [("glass", Bad), ("lights", Good), ("water_level", Good), ("lights", Bad)];
        let item = |item, before, now, change| ItemChange { item, before, now, change };
        let wanted = [
            item("glass", Good, Bad, Change::Worse),
            item("lights", Bad, Bad, Change::Repeated),
            item("water_level", Unknown, Good, Change::Different),
            item("tire_condition", Bad, Unknown, Change::Better),
        ];
        assert_eq!(changes(&before, &now), wanted);
    }

    #[test]
    fn a_problem_repeats_itself_between_the_two_newest_checks_of_a_vehicle() {
        let (bad, good) = ([("lights", Bad), ("glass", Bad)], [("lights", Good), ("glass", Bad)]);
        let checks = [
            check(1, None, 19, &good),
            check(1, None, 5, &bad),
            check(1, None, 12, &bad),
            check(2, None, 5, &bad),
            check(3, None, 5, &bad),
            check(3, None, 5, &bad),
            check(4, None, 5, &bad),
            check(4, None, 12, &[]),
        ];
        let repeated =
            |repeated: &[&'static str]| Problems { repeated: repeated.to_vec(), worse: Vec::new() };
        let wanted = BTreeMap::from([(1, repeated(&["glass"])), (3, repeated(&["lights", "glass"]))]);
        assert_eq!(problems(checks), wanted);
    }

    #[test]
    fn what_is_bad_now_and_was_not_is_told_apart_from_what_repeats_itself() {
        let (before, now) =
            ([("lights", Bad), ("glass", Good)], [("lights", Bad), ("glass", Bad), ("body_dent", Bad)]);
        let told = problems([check(1, None, 5, &before), check(1, None, 12, &now), check(2, None, 12, &now)]);
        let wanted = Problems { repeated: vec!["lights"], worse: vec!["glass", "body_dent"] };
        assert_eq!(told, BTreeMap::from([(1, wanted)]), "of one check nothing is compared");
    }

    #[test]
    fn kilometres_that_fell_are_told_with_what_they_fell_from() {
        let reading = |vehicle: u8, check: u8, day: i8, km: i64| Reading {
            vehicle,
            check,
            date: date(2026, 1, day),
            km,
        };
        let readings = [
            reading(1, 11, 19, 900),
            reading(1, 10, 12, 1000),
            reading(1, 12, 26, 1100),
            reading(2, 20, 5, 500),
            reading(2, 21, 5, 400),
            reading(2, 22, 12, 0),
            reading(2, 23, 19, 450),
            reading(3, 30, 19, 100),
        ];
        assert_eq!(fallen(readings), [(reading(1, 11, 19, 900), 1000), (reading(2, 23, 19, 450), 500)]);
    }

    #[test]
    fn a_drivers_newest_check_counts_whatever_the_vehicle() {
        let (bad, good) = ([("lights", Bad), ("glass", Bad)], [("lights", Good), ("glass", Bad)]);
        let checks = [
            check(1, Some(7), 12, &bad),
            check(2, Some(7), 5, &good),
            check(1, Some(8), 5, &bad),
            check(2, Some(8), 5, &good),
            check(3, None, 19, &bad),
            check(3, Some(9), 5, &[]),
        ];
        let last = |vehicle, day, problems| LastCheck { vehicle, date: date(2026, 1, day), problems };
        let wanted = BTreeMap::from([(7, last(1, 12, 2)), (8, last(2, 5, 1)), (9, last(3, 5, 0))]);
        assert_eq!(last_checks(checks), wanted);
    }
}
