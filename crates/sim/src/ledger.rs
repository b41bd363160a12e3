//! What people wrote and deleted, written down beside the hub, so that it can be held against it.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::Path,
};

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value as Json;
use store::Receipt;

use crate::book::{Book, Cells, Identity, REFERENCES, identity};

/// A value that stood in a file: table, column, text.
type Written = (&'static str, String, String);

#[derive(Debug, Default)]
pub struct Ledger {
    /// In files that the hub took.
    written: BTreeSet<Written>,
    /// Rows in files that the hub took.
    sent: BTreeSet<Identity>,
    /// Rows that somebody deleted, with all that went with them in that file.
    deleted: BTreeSet<Identity>,
}

/// Everything that the hub remembers of the past: column -> values.
#[derive(Debug, Default)]
pub struct History {
    values: BTreeMap<(String, String), HashSet<String>>,
}

impl Ledger {
    /// The hub took this file.
    pub fn took(&mut self, book: &Book, receipt: &Receipt) {
        let refused: HashSet<(&str, &str)> =
            receipt.reasons.iter().map(|reason| (reason.table.as_str(), reason.key.as_str())).collect();
        for (table, key, cells) in book.rows() {
            if refused.contains(&(table, key)) {
                continue;
            }
            self.sent.extend(identity(table, cells));
            let own = cells.iter().filter(|(column, _)| is_own(table, column));
            self.written.extend(own.map(|(column, text)| (table, column.clone(), text.clone())));
        }
    }

    /// Somebody worked at a file: what is gone from it was meant to go.
    pub fn worked(&mut self, before: &Book, after: &Book) {
        let now: BTreeSet<Identity> = after.identities().map(|(identity, _)| identity).collect();
        let gone =
            before.identities().map(|(identity, _)| identity).filter(|identity| !now.contains(identity));
        self.deleted.extend(gone);
    }

    /// Values that are nowhere any more: neither current, nor in a conflict, nor in the history.
    pub fn lost(&self, hub: &Book, history: &History) -> Vec<String> {
        let mut current: HashSet<(&str, &str, &str)> = HashSet::new();
        for (table, _, cells) in hub.rows() {
            current.extend(cells.iter().map(|(column, text)| (table, column.as_str(), text.as_str())));
        }
        let lost = self.written.iter().filter(|(table, column, text)| {
            !current.contains(&(*table, column.as_str(), text.as_str())) && !history.has(table, column, text)
        });
        lost.map(|(table, column, text)| format!("{table}.{column} {text:?}")).collect()
    }

    /// Rows that nobody deleted and that are gone all the same.
    pub fn vanished(&self, hub: &Book) -> Vec<String> {
        let living: BTreeSet<Identity> = hub.identities().map(|(identity, _)| identity).collect();
        let vanished = self.sent.iter().filter(|row| !living.contains(row) && !self.deleted.contains(row));
        vanished.map(|(table, word)| format!("{table} {word}")).collect()
    }
}

/// Rows that are there more than once.
pub fn doubled(hub: &Book) -> Vec<String> {
    let mut seen: BTreeMap<Identity, Cells> = BTreeMap::new();
    let mut doubled = Vec::new();
    for (identity, cells) in hub.identities() {
        if let Some(first) = seen.insert(identity.clone(), cells.clone()) {
            doubled.push(format!("{} {}: {first:?} and {cells:?}", identity.0, identity.1));
        }
    }
    doubled
}

impl History {
    /// # Errors
    /// A store that cannot be read.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut history = Self::default();
        let mut log = conn.prepare(include_str!("sql/log.sql"))?;
        let mut rows = log.query([])?;
        while let Some(row) = rows.next()? {
            let (table, cells): (String, String) = (row.get(0)?, row.get(1)?);
            let cells: Json = serde_json::from_str(&cells).context("a line of the history")?;
            for (column, value) in cells.as_object().into_iter().flatten() {
                history.add(&table, column, value);
            }
        }
        let mut conflicts = conn.prepare(include_str!("sql/conflicts.sql"))?;
        let mut rows = conflicts.query([])?;
        while let Some(row) = rows.next()? {
            let (table, column, value): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            history.add(&table, &column, &serde_json::from_str(&value).context("a side of a conflict")?);
        }
        Ok(history)
    }

    fn add(&mut self, table: &str, column: &str, value: &Json) {
        let text = match value {
            Json::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        self.values.entry((table.to_owned(), column.to_owned())).or_default().insert(text);
    }

    fn has(&self, table: &str, column: &str, text: &str) -> bool {
        self.values.get(&(table.to_owned(), column.to_owned())).is_some_and(|values| {
            values.contains(text) || values.iter().any(|value| same_number(value, text))
        })
    }
}

fn same_number(a: &str, b: &str) -> bool {
    matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a.to_bits() == b.to_bits())
}

/// References are looked after by the check of parents; a region may be repaired.
fn is_own(table: &str, column: &str) -> bool {
    column != "region" && !REFERENCES.iter().any(|to| to.table == table && to.column == column)
}
