//! What a site has that only applies the pages it is given.

use std::collections::BTreeMap;

use model::{Uuid, Value};
use replica::wire::{Cell, Cells};
use rusqlite::{Connection, types::ValueRef};
use store::Device;

use crate::lab::{Lab, PRESET};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mirror {
    /// Table -> rows by gid.
    pub tables: BTreeMap<String, BTreeMap<Uuid, Cells>>,
    pub cursor: i64,
}

/// Everything from here on, in large pages.
pub async fn fetched(lab: &Lab, device: &Device, after: i64) -> Mirror {
    let mut mirror = Mirror { cursor: after, ..Mirror::default() };
    mirror.pull(lab, device, 1000).await;
    mirror
}

impl Mirror {
    pub async fn pull(&mut self, lab: &Lab, device: &Device, limit: usize) {
        loop {
            let page = lab.store.pull(device, self.cursor, limit).await.unwrap();
            assert!(page.after == self.cursor && page.next >= self.cursor);
            assert!(page.next > self.cursor || !page.more, "no way on");
            self.cursor = page.next;
            for row in page.rows {
                let table = self.tables.entry(row.table.clone()).or_default();
                match row.cells {
                    Some(cells) => _ = table.insert(row.gid, cells),
                    None => _ = table.remove(&row.gid),
                }
                if let Some(cells) = self.tables[&row.table].get(&row.gid) {
                    self.check(cells);
                }
            }
            self.tables.retain(|_, rows| !rows.is_empty());
            if !page.more {
                return;
            }
        }
    }

    /// Parents come first.
    fn check(&self, cells: &Cells) {
        for cell in cells.values() {
            let Cell(Value::Uuid(target)) = cell else { continue };
            assert!(self.tables.values().any(|rows| rows.contains_key(target)), "refers to nothing");
        }
    }

    pub fn rows(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum()
    }

    pub fn row(&self, table: &str, gid: Uuid) -> &Cells {
        &self.tables[table][&gid]
    }

    /// Sorted.
    pub fn names(&self, table: &str) -> Vec<String> {
        let rows = self.tables.get(table).into_iter().flat_map(BTreeMap::values);
        let mut names: Vec<String> = rows.map(|cells| cells["full_name"].0.to_string()).collect();
        names.sort();
        names
    }

    /// Rows as texts, without what names other rows (but whether something is named).
    pub fn as_texts(&self) -> BTreeMap<String, Vec<String>> {
        let mut tables = BTreeMap::new();
        for (table, rows) in &self.tables {
            let row = |cells: &Cells| {
                let cells = cells.iter().map(|(name, Cell(value))| match value {
                    Value::Uuid(_) => format!("{name}=row"),
                    value => format!("{name}={value}"),
                });
                cells.collect::<Vec<_>>().join("|")
            };
            let mut texts: Vec<String> = rows.values().map(row).collect();
            texts.sort();
            tables.insert(table.clone(), texts);
        }
        tables
    }

    /// The same of a whole file.
    pub fn of_file(bytes: &[u8]) -> BTreeMap<String, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.db");
        std::fs::write(&path, bytes).unwrap();
        let file = Connection::open(path).unwrap();
        let rules = merge::read(PRESET.rules).unwrap();
        let mut tables = BTreeMap::new();
        for (_, rule) in rules.tables().filter(|(_, rule)| rule.kept == merge::Kept::Merged) {
            let mut columns: Vec<_> = rule.columns.iter().collect();
            columns.sort_by_key(|column| &column.name);
            let names = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
            let mut select = file.prepare(&format!("select {names} from {}", rule.name)).unwrap();
            let row = |row: &rusqlite::Row<'_>| {
                let cells = columns.iter().enumerate().map(|(at, column)| {
                    let value = match row.get_ref_unwrap(at) {
                        ValueRef::Null => Value::Null.to_string(),
                        _ if column.reference.is_some() => "row".to_owned(),
                        ValueRef::Integer(number) => number.to_string(),
                        ValueRef::Real(number) => Value::Real(number).to_string(),
                        ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()).to_string(),
                    };
                    format!("{}={value}", column.name)
                });
                Ok(cells.collect::<Vec<_>>().join("|"))
            };
            let mut texts: Vec<String> = select.query_map([], row).unwrap().map(Result::unwrap).collect();
            texts.sort();
            if !texts.is_empty() {
                tables.insert(rule.name.clone(), texts);
            }
        }
        tables
    }
}
