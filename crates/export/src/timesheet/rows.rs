//! A report's rows, calculated or set aside.

use std::collections::{BTreeMap, BTreeSet};

use office::hours::{Hours, Shift, ShiftError};

use super::Row;
use crate::order::turkish;

pub struct Rows<'a, K> {
    pub days: Vec<Day<'a, K>>,
    pub failed: Vec<Failed<'a, K>>,
}

/// A row that could be calculated.
pub struct Day<'a, K> {
    pub row: &'a Row<'a, K>,
    pub person: K,
    pub shift: Shift,
    pub hours: Hours,
}

/// A row that could not.
pub struct Failed<'a, K> {
    pub row: &'a Row<'a, K>,
    pub why: Failure,
}

pub enum Failure {
    NobodysRow,
    Unreadable(ShiftError),
}

/// What a person comes to.
pub struct Total<'a> {
    pub name: &'a str,
    /// Of the person's rows, in order.
    pub regions: BTreeSet<&'a str>,
    pub hours: Hours,
}

impl<'a, K: Ord + Copy> Rows<'a, K> {
    pub fn calculated(rows: &'a [Row<'a, K>]) -> Self {
        let (mut days, mut failed) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            match Day::of(row) {
                Ok(day) => days.push(day),
                Err(why) => failed.push(Failed { row, why }),
            }
        }
        Self { days, failed }
    }

    /// Each person once, by name in Turkish order, people of one name by key. Who is called differently in several rows goes
    /// by the last name.
    pub fn totals(&self) -> Vec<Total<'a>> {
        let mut totals: BTreeMap<K, Total<'a>> = BTreeMap::new();
        for day in &self.days {
            let total = totals.entry(day.person).or_insert_with(|| Total::none(day.row.name));
            total.name = day.row.name;
            total.regions.insert(day.row.region);
            total.hours += day.hours;
        }
        let mut totals: Vec<Total<'a>> = totals.into_values().collect();
        totals.sort_by_cached_key(|total| turkish(total.name));
        totals
    }

    pub fn sum(&self) -> Hours {
        self.days.iter().map(|day| day.hours).sum()
    }
}

impl<'a, K: Copy> Day<'a, K> {
    fn of(row: &'a Row<'a, K>) -> Result<Self, Failure> {
        let shift = Shift::read(&row.entry).map_err(Failure::Unreadable)?;
        let person = row.person.ok_or(Failure::NobodysRow)?;
        Ok(Self { row, person, shift, hours: shift.hours(row.schedule) })
    }
}

impl<'a> Total<'a> {
    fn none(name: &'a str) -> Self {
        Self { name, regions: BTreeSet::new(), hours: Hours::default() }
    }
}
