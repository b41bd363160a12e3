use std::collections::BTreeMap;

use rusqlite::types::Value;

use super::*;
use table::quoted;

/// Column counts of the vendor's tables, from the specification's appendix.
const COLUMNS: [(&str, i64); 16] = [
    ("order", 154),
    ("order_status", 2),
    ("order_product", 68),
    ("pictures", 27),
    ("product_quantity", 8),
    ("product_prices", 86),
    ("product", 473),
    ("product_info", 18),
    ("messages", 20),
    ("message_template", 4),
    ("brand", 51),
    ("category", 176),
    ("category2", 10),
    ("product_description", 11),
    ("customer", 42),
    ("delete_product", 7),
];

fn one<T: rusqlite::types::FromSql>(conn: &Connection, sql: &str) -> anyhow::Result<T> {
    Ok(conn.query_row(sql, [], |row| row.get(0))?)
}

/// A generated file and the folder that keeps it.
fn generated(size: &Size) -> anyhow::Result<(tempfile::TempDir, Connection)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("db.s3db");
    generate(&path, size, 17)?;
    Ok((folder, Connection::open(path)?))
}

#[test]
fn the_schema_has_every_column_of_the_specification() -> anyhow::Result<()> {
    let conn = Connection::open_in_memory()?;
    conn.execute_batch(SCHEMA)?;
    for (table, columns) in COLUMNS {
        let sql = format!("select count(*) from pragma_table_info('{table}')");
        assert_eq!(one::<i64>(&conn, &sql)?, columns, "{table}");
    }
    let tables = "select count(*) from sqlite_master";
    assert_eq!(one::<i64>(&conn, tables)?, COLUMNS.len() as i64);
    Ok(())
}

#[test]
fn the_schema_keeps_the_vendors_oddities() -> anyhow::Result<()> {
    let conn = Connection::open_in_memory()?;
    conn.execute_batch(SCHEMA)?;
    let declared = |table: &str, column: &str| -> anyhow::Result<String> {
        let sql = "select type from pragma_table_info(?1) where name = ?2";
        Ok(conn.query_row(sql, [table, column], |row| row.get(0))?)
    };
    assert_eq!(declared("product", " birvbiry_sync_date")?, "DATETIME");
    assert_eq!(declared("product_prices", "auto_change")?, "INTERGER");
    assert_eq!(declared("pictures", "path")?, "VARCHAR ( 255 )");
    let keyless = "select count(*) from pragma_table_info('product_info') where pk or \"notnull\"";
    assert_eq!(one::<i64>(&conn, keyless)?, 0);
    let line_key = "select name from pragma_table_info('order_product') where pk = 1";
    assert_eq!(one::<String>(&conn, line_key)?, "order_product_id");
    Ok(())
}

#[test]
fn a_generated_file_has_the_rows_it_was_asked_for() -> anyhow::Result<()> {
    let (_folder, conn) = generated(&Size::small())?;
    assert_eq!(Size::of(&conn, Size::small().now)?, Size::small());
    assert_eq!(one::<String>(&conn, "pragma integrity_check")?, "ok");
    let lost = r#"select count(*) from order_product where order_id not in (select id from "order")"#;
    assert_eq!(one::<i64>(&conn, lost)?, 0);
    let codes = r#"select count(*) - count(distinct trim("productCode")) from product"#;
    assert_eq!(one::<i64>(&conn, codes)?, 0);
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_bytes() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let bytes = |name: &str, seed| -> anyhow::Result<Vec<u8>> {
        let path = folder.path().join(name);
        generate(&path, &Size::small(), seed)?;
        Ok(std::fs::read(path)?)
    };
    let first = bytes("a", 1)?;
    assert!(first == bytes("b", 1)?);
    assert!(first != bytes("c", 2)?);
    Ok(())
}

#[test]
fn an_existing_file_is_never_overwritten() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("db.s3db");
    std::fs::write(&path, "kept")?;
    assert!(generate(&path, &Size::small(), 1).is_err());
    assert_eq!(std::fs::read(path)?, b"kept");
    Ok(())
}

#[test]
fn every_quirk_of_real_files_occurs() -> anyhow::Result<()> {
    let (_folder, conn) = generated(&Size::real().scaled(0.03))?;
    for quirk in [
        r#""order" where discount = ''"#,
        r#""order" where discount is null"#,
        r#""order" where invoice_date = ''"#,
        r#""order" where date_change is null"#,
        r#""order" where date_add is null"#,
        r#""order" where status = '9'"#,
        r#""order" where invoice_print = 0"#,
        r#""order" where printf('%.16g', total) * 1.0 <> total"#,
        "product_quantity where quantity < 0",
        r#"product where "productCode" like '% '"#,
        r#"product where "productCode" like '%/%'"#,
        r#"product where "productCode" glob '*[ÇIığüö]*'"#,
        r#"product where " birvbiry_sync_date" is not null"#,
        "order_product where product_id is null",
        "product_info where dt is null",
        "(select 1 from product_info group by id, supplier, dt having count(*) > 1)",
    ] {
        let rows: i64 = one(&conn, &format!("select count(*) from {quirk}"))?;
        assert!(rows > 0, "no row: {quirk}");
    }
    Ok(())
}

#[test]
fn generated_values_convert() -> anyhow::Result<()> {
    let (_folder, conn) = generated(&Size::small())?;
    let mut bad = Vec::new();
    for (table, _) in Size::small().rows() {
        bad.extend(unconvertible(&conn, table)?);
    }
    assert_eq!(bad, Vec::<String>::new());
    Ok(())
}

/// Columns with a value that is neither null nor empty and does not fit the declared type, with that value.
fn unconvertible(conn: &Connection, table: &str) -> anyhow::Result<Vec<String>> {
    let mut columns = conn.prepare("select name, type from pragma_table_info(?1)")?;
    let mut columns = columns.query([table])?;
    let mut bad = Vec::new();
    while let Some(column) = columns.next()? {
        let (name, declared): (String, String) = (column.get(0)?, column.get(1)?);
        let (at, cell) = (quoted(table), quoted(&name));
        let fits = match declared.as_str() {
            "FLOAT" => format!("typeof({cell}) = 'real'"),
            "DATETIME" => format!("datetime({cell}) is {cell}"),
            "DATE" => format!("date({cell}) is {cell}"),
            integer if integer.starts_with("INT") => format!("typeof({cell}) = 'integer'"),
            _ => format!("typeof({cell}) = 'text'"),
        };
        let sql = format!("select quote({cell}) from {at} where {cell} <> '' and not ({fits})");
        let mut statement = conn.prepare(&sql)?;
        let mut rows = statement.query([])?;
        if let Some(row) = rows.next()? {
            bad.push(format!("{table}.{name}: {}", row.get::<_, String>(0)?));
        }
    }
    Ok(bad)
}

/// All rows of a table, by key (`rowid` for the table without one).
fn rows(conn: &Connection, table: &str) -> anyhow::Result<BTreeMap<i64, Vec<Value>>> {
    let sql = format!("select rowid as the_rowid, * from {}", quoted(table));
    let mut statement = conn.prepare(&sql)?;
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (1..width).map(|place| row.get(place)).collect::<Result<_, _>>()?;
        Ok((row.get(0)?, cells))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn difference(old: &BTreeMap<i64, Vec<Value>>, new: &BTreeMap<i64, Vec<Value>>) -> Counts {
    let count = |number: usize| number as u64;
    Counts {
        inserted: count(new.keys().filter(|key| !old.contains_key(key)).count()),
        updated: count(new.iter().filter(|(key, row)| old.get(key).is_some_and(|o| o != *row)).count()),
        deleted: count(old.keys().filter(|key| !new.contains_key(key)).count()),
    }
}

#[test]
fn a_days_work_is_exactly_what_it_says() -> anyhow::Result<()> {
    let (_folder, conn) = generated(&Size::small())?;
    for seed in 1..4 {
        let before: Vec<_> =
            COLUMNS.map(|(table, _)| rows(&conn, table)).into_iter().collect::<Result<_, _>>()?;
        let edits = day(&conn, &Work::usual(), seed)?;
        for ((table, _), old) in COLUMNS.iter().zip(&before) {
            assert_eq!(edits.of(table), difference(old, &rows(&conn, table)?), "{table}");
        }
        assert_eq!(edits.total(), 160);
        assert_eq!(edits.of("order"), Counts { inserted: 18, updated: 20, deleted: 0 });
        assert_eq!(edits.of("delete_product").inserted, 3);
    }
    Ok(())
}

#[test]
fn a_day_too_big_for_the_file_changes_nothing() -> anyhow::Result<()> {
    let (_folder, conn) = generated(&Size::real().scaled(0.001))?;
    let before = rows(&conn, "product_quantity")?;
    let work = Work { changed_quantities: 1, changed_prices: 1_000, ..Work::none() };
    assert!(day(&conn, &work, 1).is_err());
    assert_eq!(rows(&conn, "product_quantity")?, before);
    Ok(())
}

#[test]
fn an_updated_file_gets_its_new_columns_and_goes_on() -> anyhow::Result<()> {
    let (_folder, conn) = generated(&Size::small())?;
    let added = drift(&conn)?;
    for Added { table, column, filled, .. } in &added {
        assert!(*filled > 0, "{table}.{column}");
    }
    assert_eq!(added.len(), 13);
    assert!(drift(&conn).is_err());
    assert_eq!(day(&conn, &Work::usual(), 1)?.total(), 160);
    unrelated(&conn)?;
    unrelated(&conn)?;
    assert_eq!(one::<i64>(&conn, "select count(*) from ai_log")?, 2);
    Ok(())
}

#[test]
fn spoilt_cells_are_where_they_are_said_to_be() -> anyhow::Result<()> {
    let (_folder, conn) = generated(&Size::small())?;
    let spoilt = spoil(&conn)?;
    let mut bad = Vec::new();
    for (table, _) in Size::small().rows() {
        bad.extend(unconvertible(&conn, table)?);
    }
    assert_eq!(bad.len(), spoilt.len());
    for cell in spoilt {
        let (table, column, key) = (quoted(cell.table), quoted(cell.column), quoted(cell.key_column));
        let sql = format!("select {column} from {table} where {key} = {}", cell.key);
        assert_eq!(one::<Value>(&conn, &sql)?, cell.value);
    }
    Ok(())
}
