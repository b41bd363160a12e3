//! Cells that SQLite holds without a word and no typed database can.

use anyhow::{Context, ensure};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::cell::IntoCell;
use super::table::quoted;

/// A cell that was made unconvertible.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoilt {
    pub table: &'static str,
    pub key_column: &'static str,
    pub key: i64,
    pub column: &'static str,
    /// What the cell holds now.
    pub value: Value,
    /// Why it cannot be converted.
    pub reason: &'static str,
}

/// Puts a handful of bad cells into a file, each in another row: the newest of every table.
///
/// **Shape**: at most one per row; nothing else of the row changes, not even its date of change. None in
/// `product_info`, whose rows cannot be named.
/// **Invariants**: the same cells every time; all in one transaction.
/// **Errors**: a table with fewer rows than bad cells.
pub fn spoil(conn: &Connection) -> anyhow::Result<Vec<Spoilt>> {
    let transaction = conn.unchecked_transaction()?;
    let mut spoilt: Vec<Spoilt> = Vec::new();
    for (table, key_column, column, value, reason) in bad_cells() {
        let done = spoilt.iter().filter(|cell| cell.table == table).count();
        let key = newest(&transaction, table, key_column, done)?;
        let cell = Spoilt { table, key_column, key, column, value, reason };
        write(&transaction, &cell)?;
        spoilt.push(cell);
    }
    transaction.commit()?;
    Ok(spoilt)
}

type Bad = (&'static str, &'static str, &'static str, Value, &'static str);

fn bad_cells() -> Vec<Bad> {
    let bad = |table, key, column, value: &str, reason| (table, key, column, value.into_cell(), reason);
    vec![
        bad("order", "id", "customer_id", "M-17", "text in an id"),
        bad("order", "id", "printed_user", "12abc", "a number with a tail"),
        bad("order", "id", "invoice_date", "dün", "text in a time"),
        bad("order", "id", "ship_date", "0000-00-00 00:00:00", "a day that never was"),
        bad("order", "id", "grand_total", "bedava", "text in an amount"),
        bad("product", "id", "date_start", "2026-02-30", "a day the month does not have"),
        bad("product_quantity", "id", "quantity", "3,5", "a comma for the decimal point"),
        bad("messages", "id", "date", "bugün 14:30", "text in a time"),
        bad("customer", "id", "date_add", "31.12.2025 10:00", "a date in another order"),
        (
            "order_product",
            "order_product_id",
            "packet_quantity",
            1.5.into_cell(),
            "a fraction in a whole number",
        ),
        ("pictures", "id", "filesize", Value::Blob(vec![0, 255]), "bytes in a number"),
    ]
}

/// The key of the newest row but `skipped`.
fn newest(conn: &Connection, table: &str, key: &str, skipped: usize) -> anyhow::Result<i64> {
    let (table, key) = (quoted(table), quoted(key));
    let sql = format!("select {key} from {table} order by {key} desc limit 1 offset ?1");
    conn.query_row(&sql, [skipped as i64], |row| row.get(0))
        .with_context(|| format!("{table} has no {} rows", skipped + 1))
}

fn write(conn: &Connection, cell: &Spoilt) -> anyhow::Result<()> {
    let (table, column, key) = (quoted(cell.table), quoted(cell.column), quoted(cell.key_column));
    let sql = format!("update {table} set {column} = ?1 where {key} = ?2");
    let changed = conn.execute(&sql, params![cell.value, cell.key])?;
    ensure!(changed == 1, "{table} has no row {}", cell.key);
    Ok(())
}
