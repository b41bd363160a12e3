//! Faults that come back.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

use crate::input::fold;

/// A fault of a vehicle.
#[derive(Clone, Copy, Debug)]
pub struct Fault<'a, K> {
    pub vehicle: K,
    pub title: &'a str,
    pub opened: Date,
}

/// A fault that a vehicle had more than once lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedFault<'a, K> {
    pub vehicle: K,
    /// As it was written last.
    pub title: &'a str,
    /// At least 2.
    pub times: usize,
    pub last_opened: Date,
}

/// Faults of the same title that one vehicle had at least twice in the thirty days up to today.
///
/// **Shape**: by vehicle, then by title. Size of letters, marks of Turkish and blanks make no other title; a fault without
/// a title is like no other. What was opened after today does not count.
pub fn repeated_faults<'a, K: Ord + Copy>(
    faults: impl IntoIterator<Item = Fault<'a, K>>,
    today: Date,
) -> Vec<RepeatedFault<'a, K>> {
    let first = today.saturating_sub(30.days());
    let recent = faults.into_iter().filter(|fault| (first..=today).contains(&fault.opened));
    let mut by_title: BTreeMap<(K, String), RepeatedFault<'a, K>> = BTreeMap::new();
    for fault in recent {
        let title = same_title(fault.title);
        if !title.is_empty() {
            by_title
                .entry((fault.vehicle, title))
                .and_modify(|seen| seen.count(&fault))
                .or_insert(once(&fault));
        }
    }
    by_title.into_values().filter(|seen| seen.times > 1).collect()
}

/// The vehicles of one office that had the most faults, with how many; at most three, each with at least two.
///
/// **Shape**: the most first, of equal ones by key. `vehicles`: the vehicle of each fault.
pub fn most_faults<K: Ord + Copy>(vehicles: impl IntoIterator<Item = K>) -> Vec<(K, usize)> {
    const SHOWN: usize = 3;
    let mut counts: BTreeMap<K, usize> = BTreeMap::new();
    for vehicle in vehicles {
        *counts.entry(vehicle).or_default() += 1;
    }
    let mut most: Vec<(K, usize)> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
    most.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    most.truncate(SHOWN);
    most
}

impl<'a, K> RepeatedFault<'a, K> {
    fn count(&mut self, fault: &Fault<'a, K>) {
        self.times += 1;
        if fault.opened >= self.last_opened {
            (self.last_opened, self.title) = (fault.opened, fault.title);
        }
    }
}

fn once<'a, K: Copy>(fault: &Fault<'a, K>) -> RepeatedFault<'a, K> {
    RepeatedFault { vehicle: fault.vehicle, title: fault.title, times: 1, last_opened: fault.opened }
}

fn same_title(title: &str) -> String {
    fold(title).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn fault(vehicle: u8, title: &str, opened: Date) -> Fault<'_, u8> {
        Fault { vehicle, title, opened }
    }

    #[test]
    fn the_same_title_twice_in_thirty_days_is_told_once_with_its_number() {
        let today = date(2026, 3, 1);
        let faults = [
            fault(2, "Fren", date(2026, 1, 30)),
            fault(1, "Şarj  arızası", date(2026, 2, 27)),
            fault(1, "şarj arizasi ", date(2026, 2, 3)),
            fault(2, "FREN", date(2026, 3, 1)),
            fault(1, "Şarj arızası", date(2026, 2, 20)),
        ];
        let told = repeated_faults(faults, today);
        let wanted = [
            RepeatedFault { vehicle: 1, title: "Şarj  arızası", times: 3, last_opened: date(2026, 2, 27) },
            RepeatedFault { vehicle: 2, title: "FREN", times: 2, last_opened: today },
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn the_three_vehicles_with_the_most_faults_are_told() {
        assert_eq!(most_faults([1, 4, 2, 3, 2, 4, 3, 2, 5, 5]), [(2, 3), (3, 2), (4, 2)]);
        assert_eq!(most_faults([1, 2, 3]), []);
    }

    #[test]
    fn other_vehicles_titles_and_times_are_no_repetition() {
        let today = date(2026, 3, 1);
        let faults = [
            fault(1, "Fren", date(2026, 1, 29)),
            fault(1, "Fren", date(2026, 3, 2)),
            fault(1, "Fren", date(2026, 2, 20)),
            fault(2, "Fren", date(2026, 2, 20)),
            fault(1, "Far", date(2026, 2, 20)),
            fault(3, " ", date(2026, 2, 20)),
            fault(3, "", date(2026, 2, 20)),
        ];
        assert_eq!(repeated_faults(faults, today), []);
    }
}
