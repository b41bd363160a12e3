//! Proof of what a file holds: it hangs together, and a hash over every row says what the rows are.

use std::path::Path;

use model::{ErrorKind, TableRef};
use rusqlite::types::ValueRef;

use super::{
    connect::{Absent, Link},
    introspect::{QUOTING, Shape},
};
use crate::{
    Error, Result, TableProof,
    sql::{Slot, render},
};

/// # Errors
/// `Corrupt` when it does not hang together.
pub(super) fn proof(path: &Path) -> Result<Vec<TableProof>> {
    let link = Link::open(path, Absent::Refuse)?;
    let found: String = link.connection.query_row(include_str!("sql/integrity.sql"), [], |row| row.get(0))?;
    if found != "ok" {
        return Err(Error::new(ErrorKind::Corrupt, found));
    }
    let tables = link.rows(include_str!("sql/every_table.sql"), [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    tables.into_iter().map(|(name, made)| link.prove_table(name, made)).collect()
}

impl Link {
    fn prove_table(&self, name: String, made: Option<String>) -> Result<TableProof> {
        let shape = self.shape(&TableRef::new(&name))?;
        let slots = [("table", QUOTING.name(&name)?), ("order", order(&shape)?)];
        let mut statement = self.connection.prepare(&render(include_str!("sql/every_row.sql"), &slots))?;
        let columns = statement.column_count();
        let mut hasher = blake3::Hasher::new();
        hasher.update(made.unwrap_or_default().as_bytes());
        let mut found = statement.query([])?;
        let (mut rows, mut bytes) = (0, Vec::new());
        while let Some(row) = found.next()? {
            bytes.clear();
            for column in 0..columns {
                put(&mut bytes, row.get_ref(column)?);
            }
            hasher.update(&bytes);
            rows += 1;
        }
        Ok(TableProof { name, rows, hash: hasher.finalize().to_hex().to_string() })
    }
}

fn order(shape: &Shape) -> Result<Slot> {
    match shape.primary_key.as_slice() {
        [] => shape.locator().map(Slot::fixed),
        key => QUOTING.names(key.iter().map(String::as_str)),
    }
}

/// A value so that no two rows look alike: its kind, its length where that varies, its bytes.
fn put(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    let mut varying = |kind: u8, content: &[u8]| {
        bytes.push(kind);
        bytes.extend((content.len() as u64).to_le_bytes());
        bytes.extend(content);
    };
    match value {
        ValueRef::Text(text) => varying(3, text),
        ValueRef::Blob(blob) => varying(4, blob),
        ValueRef::Null => bytes.push(0),
        ValueRef::Integer(number) => {
            bytes.push(1);
            bytes.extend(number.to_le_bytes());
        }
        ValueRef::Real(number) => {
            bytes.push(2);
            bytes.extend(number.to_bits().to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, name: &str, sql: &str) -> Vec<TableProof> {
        let path = folder.join(name);
        Link::open(&path, Absent::Create).unwrap().connection.execute_batch(sql).unwrap();
        proof(&path).unwrap()
    }

    const MADE: &str = "create table t (a text, b, primary key (a)); create table \"o d d\" (x);";

    #[test]
    fn the_same_rows_have_the_same_proof_wherever_they_lie() {
        let folder = tempfile::tempdir().unwrap();
        let rows =
            [MADE, "insert into t values ('x', 1), ('y', x'00'); insert into \"o d d\" values (1), (1)"];
        let one = file(folder.path(), "one", &rows.concat());
        let turned = [
            MADE,
            "insert into t values ('y', x'00'), ('z', 1), ('x', 1); delete from t where a = 'z';
            insert into \"o d d\" values (1), (1); vacuum",
        ];
        assert_eq!(one, file(folder.path(), "other", &turned.concat()));
        assert_eq!(
            one.iter().map(|table| (table.name.as_str(), table.rows)).collect::<Vec<_>>(),
            [("o d d", 2), ("t", 2)]
        );
    }

    #[test]
    fn every_difference_of_a_value_shows() {
        let folder = tempfile::tempdir().unwrap();
        let values = ["null", "0", "0.0", "''", "x''", "'0'", "x'30'", "1", "-0.0", "'00'"];
        let hashes: std::collections::HashSet<_> = values
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let sql = format!("create table t (a, b); insert into t values ({value}, 'end')");
                file(folder.path(), &at.to_string(), &sql).remove(0).hash
            })
            .collect();
        assert_eq!(hashes.len(), values.len());
    }

    #[test]
    fn what_does_not_hang_together_is_corrupt() {
        let folder = tempfile::tempdir().unwrap();
        file(
            folder.path(),
            "f",
            "create table t (a primary key); insert into t values ('first'), ('second')",
        );
        let path = folder.path().join("f");
        let link = Link::open(&path, Absent::Refuse).unwrap();
        // The table says something else than its index.
        let sql = "pragma writable_schema = on; update sqlite_schema set rootpage = 2 + (rootpage = 2)";
        link.connection.execute_batch(sql).unwrap();
        drop(link);
        assert_eq!(proof(&path).unwrap_err().kind, ErrorKind::Corrupt);
    }
}
