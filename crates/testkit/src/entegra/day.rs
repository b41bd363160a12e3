//! One day of work on a marketplace file.

use std::path::Path;

use std::collections::BTreeMap;

use anyhow::ensure;
use rusqlite::{Connection, Params, params};

use super::catalogue::{self, Product};
use super::cell::Cells;
use super::moment::{DAY, HOUR, Moment};
use super::orders::lines_of;
use super::table::{Writer, quoted};
use super::work::{Edits, QUEUE, Work};
use super::{Size, World, lists, orders, people};
use crate::random::Rng;

/// New rows are numbered from here, far from those of a generated file, so that they look different.
const NEW: u64 = 10_000_000;

/// [`day`] on a file that nobody has open.
pub fn day_in_file(file: &Path, work: &Work, seed: u64) -> anyhow::Result<Edits> {
    day(&Connection::open(file)?, work, seed)
}

/// Does one day's work in one transaction and says what it did.
///
/// **Shape**: may be called day after day on the same file, with another seed each.
/// **Errors**: a file with too few rows for the work; then nothing is done.
pub fn day(conn: &Connection, work: &Work, seed: u64) -> anyhow::Result<Edits> {
    let transaction = conn.unchecked_transaction()?;
    let mut shift = Shift::begin(&transaction, work, seed)?;
    // Deletes first, so that no changed row is deleted; new ids were reserved before, so that none is used
    // twice.
    shift.delete()?;
    shift.change_orders()?;
    shift.change_catalogue()?;
    shift.add_orders()?;
    shift.add_products()?;
    shift.add_rest()?;
    let edits = shift.edits;
    transaction.commit()?;
    Ok(edits)
}

struct Shift<'c> {
    conn: &'c Connection,
    work: Work,
    world: World,
    rng: Rng,
    next_ids: BTreeMap<&'static str, i64>,
    edits: Edits,
}

impl<'c> Shift<'c> {
    fn begin(conn: &'c Connection, work: &Work, seed: u64) -> anyhow::Result<Self> {
        let size = Size::of(conn, work.now)?;
        let mut next_ids = BTreeMap::new();
        for (table, _) in size.rows() {
            let sql = format!("select coalesce(max(rowid), 0) + 1 from {}", quoted(table));
            next_ids.insert(table, conn.query_row(&sql, [], |row| row.get(0))?);
        }
        Ok(Self {
            conn,
            work: *work,
            world: World { size, seed },
            rng: Rng::of(seed, "day", 0),
            next_ids,
            edits: Edits::default(),
        })
    }

    fn delete(&mut self) -> anyhow::Result<()> {
        self.delete_products()?;
        self.delete_infos()?;
        let pictures = self.pick("select id from pictures", [], self.work.deleted_pictures)?;
        self.delete_each("pictures", "delete from pictures where id = ?1", &pictures)?;
        let customers = self.pick("select id from customer", [], self.work.deleted_customers)?;
        self.delete_each("customer", "delete from customer where id = ?1", &customers)
    }

    fn delete_products(&mut self) -> anyhow::Result<()> {
        let gone = self.pick(WHOLE_PRODUCTS, [], self.work.deleted_products)?;
        for (table, sql) in [
            ("product_quantity", "delete from product_quantity where product_id = ?1"),
            ("product_prices", "delete from product_prices where product_id = ?1"),
            ("product_description", "delete from product_description where product_id = ?1"),
            ("product", "delete from product where id = ?1"),
        ] {
            self.delete_each(table, sql, &gone)?;
        }
        let withdrawn = self.pick("select id from product", [], self.work.withdrawn_products)?;
        let cdn = self.pick("select id from product", [], self.work.deleted_cdn_pictures)?;
        self.queue("trendyol", &gone)?;
        self.queue("trendyol", &withdrawn)?;
        self.queue("deleteCdnPicture", &cdn)
    }

    fn queue(&mut self, supplier: &str, products: &[i64]) -> anyhow::Result<()> {
        let sql = "insert into delete_product (product_id, supplier, supplier_id, date_add)
            values (?1, ?2, '', ?3)";
        for product in products {
            let now = self.lately().to_string();
            let inserted = self.conn.execute(sql, params![product, supplier, now])?;
            self.edits.at(QUEUE).inserted += inserted as u64;
        }
        Ok(())
    }

    fn delete_infos(&mut self) -> anyhow::Result<()> {
        let count = self.work.deleted_infos;
        let mut gone = self.ids(TWIN_INFO, [])?;
        gone.truncate(count as usize);
        let mut others = self.ids("select rowid from product_info", [])?;
        others.retain(|rowid| !gone.contains(rowid));
        let rest = count - gone.len() as u64;
        gone.extend(choose(&mut self.rng, others, rest)?);
        self.delete_each("product_info", "delete from product_info where rowid = ?1", &gone)
    }

    fn change_orders(&mut self) -> anyhow::Result<()> {
        // What was added in the last two months may be cancelled; what is older, or has no date, may change
        // otherwise.
        let border = self.work.now.minus(60 * DAY).to_string();
        let old = r#"select id from "order" where status <> '9' and coalesce(date_add, '') < ?1"#;
        let changed = self.pick(old, [&border], self.work.changed_orders)?;
        let change = r#"update "order" set status = case status when '5' then '6' else '5' end,
            cargo_packet_quantity = coalesce(cargo_packet_quantity, 0) + 1, date_change = ?2
            where id = ?1"#;
        self.update_each("order", change, &changed)?;
        self.cancel_orders(&border)?;
        let lines = "select order_product_id from order_product";
        let lines = self.pick(lines, [], self.work.changed_lines)?;
        let change = "update order_product set quantity = quantity + 1, total = price * (quantity + 1)
            where order_product_id = ?1";
        self.update_each("order_product", change, &lines)
    }

    fn cancel_orders(&mut self, border: &str) -> anyhow::Result<()> {
        let recent = r#"select id from "order" where status <> '9' and date_add >= ?1"#;
        let cancelled = self.pick(recent, [border], self.work.cancelled_orders)?;
        let (dated, undated) = cancelled.split_at(cancelled.len() / 2);
        let with_date = r#"update "order" set status = '9', date_change = ?2 where id = ?1"#;
        let without = r#"update "order" set status = '9' where id = ?1"#;
        self.update_each("order", with_date, dated)?;
        self.update_each("order", without, undated)
    }

    fn change_catalogue(&mut self) -> anyhow::Result<()> {
        let work = self.work;
        for (table, rows, count, sql) in [
            (
                "product_quantity",
                "select id from product_quantity",
                work.changed_quantities,
                "update product_quantity set quantity = quantity - 1 where id = ?1",
            ),
            (
                "product_prices",
                "select id from product_prices",
                work.changed_prices,
                "update product_prices set price1 = price1 + 0.7 where id = ?1",
            ),
            (
                "product",
                "select id from product",
                work.changed_products,
                r#"update product set "productName" = "productName" || ' (yeni)', date_change = ?2
                where id = ?1"#,
            ),
        ] {
            let ids = self.pick(rows, [], count)?;
            self.update_each(table, sql, &ids)?;
        }
        Ok(())
    }

    fn add_orders(&mut self) -> anyhow::Result<()> {
        let Work { new_orders, new_lines, .. } = self.work;
        ensure!(new_lines >= new_orders, "{new_orders} orders need as many lines");
        ensure!(new_orders > 0 || new_lines == 0, "new lines need new orders");
        let world = self.world;
        let first_line = NEW + self.next_ids["order_product"] as u64;
        for order in 0..new_orders {
            let lines = lines_of(order, new_lines, new_orders);
            let lines = first_line + lines.start..first_line + lines.end;
            let at = lines.clone();
            let id = self.add("order", |index, id| orders::order(&world, index, id, lines))?;
            for number in at {
                self.add("order_product", |_, line| orders::line(&world, number, line, id))?;
            }
        }
        Ok(())
    }

    fn add_products(&mut self) -> anyhow::Result<()> {
        let world = self.world;
        for _ in 0..self.work.new_products {
            let index = NEW + self.next_ids["product"] as u64;
            let product = |id| Product { index, id };
            let id = self.add("product", |_, id| catalogue::product(&world, product(id)))?;
            let product = product(id);
            self.add("product_quantity", |_, id| catalogue::quantity(&world, id, product, 0))?;
            self.add("product_prices", |_, id| catalogue::prices(&world, id, product, 0))?;
            self.add("product_description", |_, id| catalogue::description(&world, id, product))?;
        }
        Ok(())
    }

    fn add_rest(&mut self) -> anyhow::Result<()> {
        let (work, world) = (self.work, self.world);
        for _ in 0..work.new_pictures {
            self.add("pictures", |index, id| catalogue::picture(&world, index, id))?;
        }
        for _ in 0..work.new_customers {
            self.add("customer", |index, id| people::customer(&world, index, id))?;
        }
        for _ in 0..work.new_infos {
            self.add("product_info", |index, _| catalogue::info(&world, index))?;
        }
        for _ in 0..work.new_messages {
            self.add("messages", |index, id| lists::message(&world, index, id))?;
        }
        Ok(())
    }

    /// Writes one new row with the next free id of its table, which it returns.
    fn add(&mut self, table: &'static str, make: impl FnOnce(u64, i64) -> Cells) -> anyhow::Result<i64> {
        let id = self.next_ids[table];
        let index = NEW + id as u64;
        let cells = make(index, id);
        Writer::open(self.conn, self.world, table, &cells)?.write(index, &cells)?;
        self.next_ids.insert(table, id + 1);
        self.edits.at(table).inserted += 1;
        Ok(id)
    }

    fn update_each(&mut self, table: &'static str, sql: &str, keys: &[i64]) -> anyhow::Result<()> {
        let updated = self.each(sql, keys)?;
        self.edits.at(table).updated += updated;
        Ok(())
    }

    fn delete_each(&mut self, table: &'static str, sql: &str, keys: &[i64]) -> anyhow::Result<()> {
        let deleted = self.each(sql, keys)?;
        self.edits.at(table).deleted += deleted;
        Ok(())
    }

    /// Runs a statement for each key (`?1`), with a time of this day (`?2`) where it asks for one; every run
    /// must touch one row.
    fn each(&mut self, sql: &str, keys: &[i64]) -> anyhow::Result<u64> {
        let mut statement = self.conn.prepare(sql)?;
        for key in keys {
            let touched = match statement.parameter_count() {
                1 => statement.execute([key])?,
                _ => statement.execute(params![key, self.lately().to_string()])?,
            };
            ensure!(touched == 1, "{touched} rows instead of one: {sql}");
        }
        Ok(keys.len() as u64)
    }

    fn lately(&mut self) -> Moment {
        self.work.now.minus(self.rng.between(0, 8 * HOUR))
    }

    /// `count` different keys out of those a query lists.
    fn pick(&mut self, sql: &str, params: impl Params, count: u64) -> anyhow::Result<Vec<i64>> {
        let keys = self.ids(sql, params)?;
        choose(&mut self.rng, keys, count)
    }

    fn ids(&self, sql: &str, params: impl Params) -> anyhow::Result<Vec<i64>> {
        let mut statement = self.conn.prepare(sql)?;
        let ids = statement.query_map(params, |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(ids)
    }
}

/// Products with exactly one row in each of the three tables that go with them.
const WHOLE_PRODUCTS: &str = "
    select p.id from product p
    join (select product_id from product_quantity group by 1 having count(*) = 1) q
        on q.product_id = p.id
    join (select product_id from product_prices group by 1 having count(*) = 1) r
        on r.product_id = p.id
    join (select product_id from product_description group by 1 having count(*) = 1) d
        on d.product_id = p.id
    order by p.id";

/// One of two identical rows of `product_info`, if there are any.
const TWIN_INFO: &str = r#"
    select max(rowid) from product_info
    group by id, "mainId", "productCode", supplier, barcode, dt, quantity, "salePrice"
    having count(*) > 1 order by 1 limit 1"#;

/// A sample without repetition.
fn choose(rng: &mut Rng, mut keys: Vec<i64>, count: u64) -> anyhow::Result<Vec<i64>> {
    let count = count as usize;
    ensure!(count <= keys.len(), "{count} rows wanted, {} there", keys.len());
    for place in 0..count {
        let other = place as u64 + rng.below((keys.len() - place) as u64);
        keys.swap(place, other as usize);
    }
    keys.truncate(count);
    Ok(keys)
}
