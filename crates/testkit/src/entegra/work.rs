//! How much a day's work is, and the account of what it did.

use std::collections::BTreeMap;

use super::moment::{HOUR, Moment};

/// The table the vendor's program fills and denk empties; it is not mirrored.
pub(super) const QUEUE: &str = "delete_product";

/// How much is done in a day; every field counts rows but where it says otherwise.
///
/// **Invariants**: no row is touched twice, and every update really changes its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// When the day ends; changes carry times of its last hours.
    pub now: Moment,
    pub new_orders: u64,
    /// Lines of the new orders, at least one each.
    pub new_lines: u64,
    /// Older orders that change, with their date of change.
    pub changed_orders: u64,
    /// Orders of the last two months that are called off; every other one without a date of change.
    pub cancelled_orders: u64,
    /// Lines of older orders; the program has no date for these.
    pub changed_lines: u64,
    pub changed_quantities: u64,
    pub changed_prices: u64,
    /// Products with a new name and date of change.
    pub changed_products: u64,
    /// **Units**: products; each is four rows, with its quantity, prices and description.
    pub new_products: u64,
    /// **Units**: products; each is four rows as above. Pictures and listings stay behind; `delete_product`
    /// gets a row each.
    pub deleted_products: u64,
    pub new_pictures: u64,
    pub deleted_pictures: u64,
    pub new_customers: u64,
    pub deleted_customers: u64,
    pub new_infos: u64,
    /// Rows of `product_info`; the first is one of two identical ones as long as there are such.
    pub deleted_infos: u64,
    pub new_messages: u64,
    /// Rows of `delete_product` for products that the file still holds.
    pub withdrawn_products: u64,
    /// Rows of `delete_product` that concern pictures elsewhere and mean nothing to a copy.
    pub deleted_cdn_pictures: u64,
}

impl Work {
    /// A usual day: 160 rows of mirrored tables, the day after [`Moment::USUAL`].
    #[must_use]
    pub const fn usual() -> Self {
        Self {
            now: Moment::USUAL.plus(24 * HOUR),
            new_orders: 18,
            new_lines: 22,
            changed_orders: 16,
            cancelled_orders: 4,
            changed_lines: 12,
            changed_quantities: 26,
            changed_prices: 12,
            changed_products: 6,
            new_products: 3,
            deleted_products: 2,
            new_pictures: 6,
            deleted_pictures: 4,
            new_customers: 4,
            deleted_customers: 2,
            new_infos: 3,
            deleted_infos: 2,
            new_messages: 3,
            deleted_cdn_pictures: 1,
            ..Self::none()
        }
    }

    /// A day with nothing to do, for `Work { new_orders: 1, new_lines: 1, ..Work::none() }`.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            now: Moment::USUAL.plus(24 * HOUR),
            new_orders: 0,
            new_lines: 0,
            changed_orders: 0,
            cancelled_orders: 0,
            changed_lines: 0,
            changed_quantities: 0,
            changed_prices: 0,
            changed_products: 0,
            new_products: 0,
            deleted_products: 0,
            new_pictures: 0,
            deleted_pictures: 0,
            new_customers: 0,
            deleted_customers: 0,
            new_infos: 0,
            deleted_infos: 0,
            new_messages: 0,
            withdrawn_products: 0,
            deleted_cdn_pictures: 0,
        }
    }
}

/// Rows of one table that a day touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub inserted: u64,
    pub updated: u64,
    pub deleted: u64,
}

impl Counts {
    #[must_use]
    pub const fn total(self) -> u64 {
        self.inserted + self.updated + self.deleted
    }
}

/// What a day did, per table; tables without work are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits {
    pub tables: BTreeMap<&'static str, Counts>,
}

impl Edits {
    /// The counts of one table, zeros where nothing was done.
    #[must_use]
    pub fn of(&self, table: &str) -> Counts {
        self.tables.get(table).copied().unwrap_or_default()
    }

    /// Rows of mirrored tables; `delete_product` is consumed, not mirrored, and does not count.
    #[must_use]
    pub fn total(&self) -> u64 {
        let mirrored = self.tables.iter().filter(|(table, _)| **table != QUEUE);
        mirrored.map(|(_, counts)| counts.total()).sum()
    }

    pub(super) fn at(&mut self, table: &'static str) -> &mut Counts {
        self.tables.entry(table).or_default()
    }
}
