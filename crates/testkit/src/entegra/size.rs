//! How many rows each table gets.

use anyhow::Context;
use rusqlite::Connection;

use super::moment::Moment;
use super::table::quoted;

/// Rows per table of a generated file, and the moment its last row was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub now: Moment,
    pub orders: u64,
    pub order_statuses: u64,
    /// At least as many as orders: an order has one line or more.
    pub order_lines: u64,
    pub pictures: u64,
    /// `product_quantity`: one per product, the rest belong to variants.
    pub quantities: u64,
    /// `product_prices`: one per product, the rest belong to variants.
    pub prices: u64,
    pub products: u64,
    pub product_infos: u64,
    pub messages: u64,
    pub message_templates: u64,
    pub brands: u64,
    pub categories: u64,
    /// `category2`.
    pub store_categories: u64,
    pub descriptions: u64,
    pub customers: u64,
}

impl Size {
    /// The file of one working shop after some years, 281 000 rows.
    #[must_use]
    pub const fn real() -> Self {
        Self {
            now: Moment::USUAL,
            orders: 65_680,
            order_statuses: 18,
            order_lines: 77_817,
            pictures: 14_853,
            quantities: 5_769,
            prices: 5_769,
            products: 5_761,
            product_infos: 15_284,
            messages: 9_509,
            message_templates: 4,
            brands: 400,
            categories: 900,
            store_categories: 300,
            descriptions: 5_761,
            customers: 64_000,
        }
    }

    /// A hundredth of the real file: enough of every quirk, made in a blink.
    #[must_use]
    pub fn small() -> Self {
        Self::real().scaled(0.01)
    }

    /// This size times `factor`, no table empty; order statuses and message templates keep their number.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let times = |rows: u64| ((rows as f64 * factor).round() as u64).max(1);
        Self {
            now: self.now,
            orders: times(self.orders),
            order_statuses: self.order_statuses,
            order_lines: times(self.order_lines),
            pictures: times(self.pictures),
            quantities: times(self.quantities),
            prices: times(self.prices),
            products: times(self.products),
            product_infos: times(self.product_infos),
            messages: times(self.messages),
            message_templates: self.message_templates,
            brands: times(self.brands),
            categories: times(self.categories),
            store_categories: times(self.store_categories),
            descriptions: times(self.descriptions),
            customers: times(self.customers),
        }
    }

    /// The mirrored tables with their rows, in the order of the specification.
    #[must_use]
    pub const fn rows(&self) -> [(&'static str, u64); 15] {
        [
            ("order", self.orders),
            ("order_status", self.order_statuses),
            ("order_product", self.order_lines),
            ("pictures", self.pictures),
            ("product_quantity", self.quantities),
            ("product_prices", self.prices),
            ("product", self.products),
            ("product_info", self.product_infos),
            ("messages", self.messages),
            ("message_template", self.message_templates),
            ("brand", self.brands),
            ("category", self.categories),
            ("category2", self.store_categories),
            ("product_description", self.descriptions),
            ("customer", self.customers),
        ]
    }

    /// What a file holds at this moment.
    pub(super) fn of(conn: &Connection, now: Moment) -> anyhow::Result<Self> {
        let count = |table: &str| count(conn, table);
        Ok(Self {
            now,
            orders: count("order")?,
            order_statuses: count("order_status")?,
            order_lines: count("order_product")?,
            pictures: count("pictures")?,
            quantities: count("product_quantity")?,
            prices: count("product_prices")?,
            products: count("product")?,
            product_infos: count("product_info")?,
            messages: count("messages")?,
            message_templates: count("message_template")?,
            brands: count("brand")?,
            categories: count("category")?,
            store_categories: count("category2")?,
            descriptions: count("product_description")?,
            customers: count("customer")?,
        })
    }
}

fn count(conn: &Connection, table: &str) -> anyhow::Result<u64> {
    let sql = format!("select count(*) from {}", quoted(table));
    let rows: i64 = conn
        .query_row(&sql, [], |row| row.get(0))
        .with_context(|| format!("cannot count the rows of {table}"))?;
    Ok(u64::try_from(rows)?)
}
