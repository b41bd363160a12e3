//! A made-up marketplace file of the kind the `entegra` flow reads, with everything that makes real ones
//! hard.
//!
//! Owns the file's schema as the vendor declares it ([`SCHEMA`]), a generator of repeatable content
//! ([`generate`]), and what happens to such a file later: a day's work ([`day`]), bad cells ([`spoil`]), an
//! update of the vendor ([`drift`]), writes elsewhere ([`unrelated`]). Does not know flows. The one thing to
//! know: a row follows from seed, table and number alone, so everything can be made again.
//!
//! **Source**: the specification's chapter on Entegra and its appendix of columns. Short literal SQL stays in
//! the code here: it is the vendor's dialect only and never reaches a user's database.

mod catalogue;
mod cell;
mod day;
mod drift;
mod lists;
mod moment;
mod orders;
mod people;
mod size;
mod spoil;
mod table;
mod words;
mod work;

#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, ensure};
use rusqlite::Connection;

use cell::Cells;
use moment::{DAY, HOUR};
use orders::lines_of;
use table::Writer;

use crate::random::Rng;

pub use day::{day, day_in_file};
pub use drift::{Added, drift, unrelated};
pub use moment::Moment;
pub use size::Size;
pub use spoil::{Spoilt, spoil};
pub use work::{Counts, Edits, Work};

/// The tables of the marketplace program that denk reads, and `delete_product`.
pub const SCHEMA: &str = include_str!("../../../../presets/mikro/entegra/schema.sqlite.sql");

/// How far back a generated file reaches.
const HISTORY: i64 = 3 * 365 * DAY;

/// Writes a whole marketplace file.
///
/// **Shape**: the rows of `size` in the fifteen mirrored tables, `delete_product` empty. Converts without
/// loss but for empty text in numeric and date columns (`order.discount`, `order.invoice_date`).
/// **Invariants**: one transaction; the same size and seed give the same bytes.
/// **Errors**: refuses a path that exists.
pub fn generate(path: &Path, size: &Size, seed: u64) -> anyhow::Result<()> {
    ensure!(!path.exists(), "{} exists already", path.display());
    let mut conn = Connection::open(path).with_context(|| format!("cannot create {}", path.display()))?;
    // Nobody misses half a file after a crash, so it need not wait for the disk.
    conn.execute_batch("pragma journal_mode = delete; pragma synchronous = off")?;
    let transaction = conn.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    fill_all(&transaction, World { size: *size, seed })?;
    transaction.commit()?;
    Ok(())
}

/// What a row's content depends on besides its own number.
#[derive(Debug, Clone, Copy)]
struct World {
    size: Size,
    seed: u64,
}

impl World {
    fn rng(&self, purpose: &str, number: u64) -> Rng {
        Rng::of(self.seed, purpose, number)
    }

    /// When row `index` of `rows` was made: evenly over the file's history; a row beyond it within the last
    /// hours.
    fn when(&self, index: u64, rows: u64) -> Moment {
        let mut rng = self.rng("when", index);
        if index >= rows {
            return self.size.now.minus(rng.between(0, 6 * HOUR));
        }
        let step = HISTORY / rows as i64;
        let age = HISTORY - step * index as i64 - rng.between(0, step.max(1));
        self.size.now.minus(age)
    }

    /// Up to twenty days later, but not in the future.
    fn after(&self, rng: &mut Rng, moment: Moment) -> Moment {
        moment.plus(rng.between(60, 20 * DAY)).min(self.size.now)
    }

    fn some_day(&self, rng: &mut Rng) -> Moment {
        self.size.now.minus(rng.between(0, HISTORY))
    }
}

/// Writes rows `0..rows` of a table.
fn fill(
    conn: &Connection,
    world: World,
    table: &'static str,
    rows: u64,
    make: impl Fn(u64) -> Cells,
) -> anyhow::Result<()> {
    if rows == 0 {
        return Ok(());
    }
    let mut writer = Writer::open(conn, world, table, &make(0))?;
    (0..rows).try_for_each(|index| writer.write(index, &make(index)))
}

fn fill_all(conn: &Connection, world: World) -> anyhow::Result<()> {
    fill_orders(conn, world)?;
    fill_catalogue(conn, world)?;
    fill_lists(conn, world)
}

fn fill_orders(conn: &Connection, world: World) -> anyhow::Result<()> {
    let Size { orders, order_lines, order_statuses, customers, .. } = world.size;
    ensure!(orders > 0 || order_lines == 0, "order lines need orders");
    // Every forty-fifth order number was never used.
    let order_id = |index: u64| (index + index / 44 + 1) as i64;
    fill(conn, world, "order_status", order_statuses, orders::status)?;
    fill(conn, world, "order", orders, |index| {
        orders::order(&world, index, order_id(index), lines_of(index, order_lines, orders))
    })?;
    fill(conn, world, "order_product", order_lines, |index| {
        let order = ((index + 1) * orders - 1) / order_lines;
        orders::line(&world, index, index as i64 + 1, order_id(order))
    })?;
    fill(conn, world, "customer", customers, |index| people::customer(&world, index, index as i64 + 1))
}

fn fill_catalogue(conn: &Connection, world: World) -> anyhow::Result<()> {
    use catalogue::{Product, owner};
    let size = world.size;
    fill(conn, world, "product", size.products, |index| catalogue::product(&world, Product::of(index)))?;
    fill(conn, world, "product_quantity", size.quantities, |index| {
        let (product, variant) = owner(&world, index);
        catalogue::quantity(&world, index as i64 + 1, product, variant)
    })?;
    fill(conn, world, "product_prices", size.prices, |index| {
        let (product, variant) = owner(&world, index);
        catalogue::prices(&world, index as i64 + 1, product, variant)
    })?;
    fill(conn, world, "product_description", size.descriptions, |index| {
        catalogue::description(&world, index as i64 + 1, Product::of(index))
    })?;
    fill(conn, world, "product_info", size.product_infos, |index| catalogue::info(&world, index))?;
    fill(conn, world, "pictures", size.pictures, |index| {
        catalogue::picture(&world, index, (index * 29 / 10) as i64 + 1)
    })
}

fn fill_lists(conn: &Connection, world: World) -> anyhow::Result<()> {
    let size = world.size;
    fill(conn, world, "brand", size.brands, |index| lists::brand(&world, index))?;
    fill(conn, world, "category", size.categories, |index| lists::category(&world, index))?;
    fill(conn, world, "category2", size.store_categories, |index| lists::store_category(&world, index))?;
    fill(conn, world, "message_template", size.message_templates, |index| lists::template(&world, index))?;
    fill(conn, world, "messages", size.messages, |index| lists::message(&world, index, index as i64 + 1))
}
