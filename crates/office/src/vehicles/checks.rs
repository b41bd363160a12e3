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

/// Per vehicle, by key: the items that were bad in both of its two newest checks. Vehicles without such items are left out.
///
/// Of checks of one day the later in `inspections` is the newer.
pub fn repeated_problems<'a, K: Ord + Copy>(
    inspections: impl IntoIterator<Item = Inspection<'a, K>>,
) -> BTreeMap<K, Vec<&'a str>> {
    let mut newest_two: BTreeMap<K, [Option<Inspection<'a, K>>; 2]> = BTreeMap::new();
    for check in inspections {
        let [newest, second] = newest_two.entry(check.vehicle).or_insert([None, None]);
        if is_newer(&check, newest.as_ref()) {
            *second = newest.replace(check);
        } else if is_newer(&check, second.as_ref()) {
            *second = Some(check);
        }
    }
    let repeated = |checks: [Option<Inspection<'a, K>>; 2]| {
        let [Some(now), Some(before)] = checks else { return Vec::new() };
        let items = changes(before.results, now.results).into_iter();
        items.filter(|item| item.change == Change::Repeated).map(|item| item.item).collect()
    };
    let problems = newest_two.into_iter().map(|(vehicle, checks)| (vehicle, repeated(checks)));
    problems.filter(|(_, items)| !items.is_empty()).collect()
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
        let wanted = BTreeMap::from([(1, vec!["glass"]), (3, vec!["lights", "glass"])]);
        assert_eq!(repeated_problems(checks), wanted);
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
