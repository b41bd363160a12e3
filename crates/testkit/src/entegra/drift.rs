//! What the vendor does to a file under the reader's feet: new columns with an update, writes to tables
//! nobody mirrors.

use anyhow::Context;
use rusqlite::Connection;

use super::table::quoted;

/// A column that an update of the marketplace program brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    pub table: &'static str,
    pub column: &'static str,
    /// As declared, default included.
    pub declared: &'static str,
    /// Rows in which it holds something other than its default.
    pub filled: u64,
}

/// Table, column, declaration, and the value of every tenth row.
type Column = (&'static str, &'static str, &'static str, &'static str);

const COLUMNS: [Column; 13] = [
    ("order", "encrypted", "INTEGER default 0", "1"),
    ("order", "sellerflex_statu_flag", "INTEGER default 0", "2"),
    ("order", "sellerflex_statu_flag_name", "VARCHAR(50)", "Gönderime hazır"),
    ("order", "buyer_invoice_preference", "VARCHAR(50)", "e-Arşiv"),
    ("order", "sellerflex_error_message", "TEXT", "Işlem yapılamadı"),
    ("order", "sellerflex_order_status", "VARCHAR(50)", "Ready"),
    ("order_product", "warehouse_rack_number", "VARCHAR(255)", "R-17/Ü"),
    ("order_product", "efatura_ek_alan", "TEXT", "Özel not"),
    ("messages", "encrypted", "INTEGER default 0", "1"),
    ("messages", "barcode", "VARCHAR(255)", "200000000017"),
    ("messages", "product_id", "INTEGER", "52"),
    ("product", "trendruum_category", "VARCHAR(50) default null", "1017"),
    ("product", "send_trendruum", "INTEGER default 0", "1"),
];

/// Adds the columns that one of the vendor's updates added, and fills each in every tenth row.
///
/// **Invariants**: one transaction; dates of change stay as they are, for the vendor's update does not touch
/// them.
/// **Errors**: a file that has the columns already.
pub fn drift(conn: &Connection) -> anyhow::Result<Vec<Added>> {
    let transaction = conn.unchecked_transaction()?;
    let added = COLUMNS.into_iter().map(|column| add(&transaction, column));
    let added = added.collect::<anyhow::Result<_>>()?;
    transaction.commit()?;
    Ok(added)
}

fn add(conn: &Connection, (table, column, declared, value): Column) -> anyhow::Result<Added> {
    let (at, name) = (quoted(table), quoted(column));
    conn.execute_batch(&format!("alter table {at} add column {name} {declared}"))
        .with_context(|| format!("cannot add {table}.{column}"))?;
    let sql = format!("update {at} set {name} = ?1 where rowid % 10 = 0");
    let filled = conn.execute(&sql, [value])? as u64;
    Ok(Added { table, column, declared, filled })
}

/// Writes a row to a table that is not mirrored (made when missing), as the other 530 tables of such a file
/// are written all day.
pub fn unrelated(conn: &Connection) -> anyhow::Result<()> {
    conn.execute_batch(
        r#"create table if not exists "ai_log" ("id" INTEGER primary key not null, "message" TEXT);
           insert into "ai_log" ("message") values ('Yapay zekâ başlığı güncellendi');"#,
    )?;
    Ok(())
}
