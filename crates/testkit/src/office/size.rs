//! How many rows each table gets.

use anyhow::{Context, ensure};

use super::{DAY, Moment};

/// Rows per table of a generated file, and the moment its last row was written.
///
/// **Invariants**: two thirds of the employees (all, where they are five or fewer) have timesheets, at most one a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub now: Moment,
    pub employees: u64,
    pub timesheets: u64,
    /// On every day, Sundays too, up to that of `now`.
    pub timesheets_a_day: u64,
    pub reports: u64,
    pub vehicles: u64,
    pub drivers: u64,
    pub faults: u64,
    /// Each has nine results.
    pub inspections: u64,
    pub service_visits: u64,
    /// Serial numbers, six a product.
    pub stock: u64,
    pub tombstones: u64,
}

impl Size {
    /// The live files as measured on 23 and 24 January 2026.
    #[must_use]
    pub const fn small() -> Self {
        Self {
            now: Moment::USUAL.minus(111 * DAY),
            employees: 9,
            timesheets: 76,
            timesheets_a_day: 4,
            reports: 6,
            vehicles: 0,
            drivers: 1,
            faults: 0,
            inspections: 0,
            service_visits: 0,
            stock: 12,
            tombstones: 5,
        }
    }

    /// The backup of 19 January 2026: the beginning of [`Size::small`].
    #[must_use]
    pub const fn before_sync() -> Self {
        Self {
            now: Moment::USUAL.minus(120 * DAY),
            employees: 5,
            timesheets: 37,
            reports: 2,
            drivers: 0,
            stock: 0,
            tombstones: 0,
            ..Self::small()
        }
    }

    /// One office after a year, with vehicles.
    #[must_use]
    pub const fn year() -> Self {
        Self {
            employees: 12,
            timesheets: 2_000,
            timesheets_a_day: 7,
            reports: 24,
            vehicles: 6,
            drivers: 4,
            faults: 20,
            inspections: 312,
            service_visits: 12,
            stock: 60,
            tombstones: 10,
            ..Self::small()
        }
    }

    /// More than any office has: 100 000 timesheets.
    #[must_use]
    pub const fn large() -> Self {
        Self {
            employees: 60,
            timesheets: 100_000,
            timesheets_a_day: 39,
            reports: 300,
            vehicles: 20,
            drivers: 20,
            faults: 200,
            inspections: 5_000,
            service_visits: 150,
            stock: 2_000,
            tombstones: 50,
            ..Self::small()
        }
    }

    /// `small`, `before-sync`, `year` or `large`.
    pub fn named(name: &str) -> anyhow::Result<Self> {
        let sizes = [
            ("small", Self::small()),
            ("before-sync", Self::before_sync()),
            ("year", Self::year()),
            ("large", Self::large()),
        ];
        let size = sizes.into_iter().find(|(known, _)| *known == name).map(|(_, size)| size);
        size.with_context(|| format!("there is no size {name:?}, only small, before-sync, year, large"))
    }

    /// How many employees have timesheets: the first ones.
    pub(super) const fn working(&self) -> u64 {
        if self.employees <= 5 { self.employees } else { self.employees * 2 / 3 }
    }

    /// Whether such a file can be made without two timesheets of one employee on a day, and children without a vehicle.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let a_day = self.timesheets_a_day;
        ensure!(
            (1..=self.working()).contains(&a_day),
            "{a_day} timesheets a day are not for {} people",
            self.working()
        );
        let children = self.faults + self.inspections + self.service_visits;
        ensure!(self.vehicles > 0 || children == 0, "faults, inspections and service visits need vehicles");
        Ok(())
    }
}
