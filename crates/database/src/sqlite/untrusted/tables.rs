//! Which tables a file has, after all of it has been checked.

use std::collections::HashMap;

use rusqlite::{Connection, Row, Rows, types::ValueRef};

use super::{
    Limits,
    open::is_internal,
    refused::{Refused, shown},
};
use crate::{
    Error,
    sql::{Slot, render},
    sqlite::{introspect::QUOTING, journal},
};

/// An ordinary table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// As the file spells it: any characters but NUL.
    pub name: String,
    /// In the table's order, without computed ones; they differ by more than the case of their ASCII letters.
    pub columns: Vec<String>,
    pub rows: u64,
    /// The highest number that the table says it ever gave to a row, if it counts them (AUTOINCREMENT).
    pub last_id: Option<i64>,
    /// A name of the rowid that no column hides.
    pub(super) rowid: Option<&'static str>,
    /// The names of denk's triggers on it.
    triggers: Vec<String>,
}

impl Table {
    /// Whether whatever is done to its rows is noted in [`crate::JOURNAL_TABLE`]. A table that was made anew lost the triggers
    /// that did so with the one before, while the notes of before are still there. What the triggers do is not looked at.
    #[must_use]
    pub fn is_noted(&self) -> bool {
        let is_there = |name: String| self.triggers.iter().any(|trigger| trigger.eq_ignore_ascii_case(&name));
        journal::EVENTS.iter().all(|event| is_there(journal::trigger_name(event, &self.name)))
    }
}

/// The names under which a rowid can be asked for, unless a column has taken them.
const ROWID_NAMES: [&str; 3] = ["rowid", "_rowid_", "oid"];

/// Where SQLite notes the last number of each table that counts.
pub(super) const SEQUENCE: &str = "sqlite_sequence";

const SCHEMA: &str = "its schema cannot be read";
const PAGES: &str = "its pages do not hold together";
const NAME: &str = "its schema has a name that is none";

/// What SQLite itself writes before a table's name.
const ORDINARY: &str = "CREATE TABLE ";
const VIRTUAL: &str = "CREATE VIRTUAL TABLE ";

/// What `table_xinfo` says of a column.
const ORDINARY_COLUMN: i64 = 0;
const STORED_COLUMN: i64 = 3;

/// Refuses what cannot be checked safely, checks the rest, and only then counts rows.
pub(super) fn list(connection: &Connection, limits: &Limits) -> Result<Vec<Table>, Refused> {
    let mut tables = Vec::new();
    let (names, triggers) = names(connection, limits)?;
    for name in names {
        let of_table = triggers.iter().filter(|(table, _)| table.eq_ignore_ascii_case(&name));
        let triggers = of_table.map(|(_, trigger)| trigger.clone()).collect();
        tables.push(Table { triggers, ..table(connection, limits, name)? });
    }
    quick_check(connection)?;
    let last_ids = match tables.iter().any(|table| table.name == SEQUENCE) {
        true => last_ids(connection)?,
        false => HashMap::new(),
    };
    tables.retain(|table| !is_internal(&table.name));
    let mut rows = 0_u64;
    for table in &mut tables {
        table.rows = count(connection, &table.name)?;
        table.last_id = last_ids.get(&table.name).copied();
        rows = rows.saturating_add(table.rows);
        if table.rows > limits.table_rows || rows > limits.rows {
            return Err(Refused::TooManyRows { table: shown(&table.name) });
        }
    }
    Ok(tables)
}

/// A table, and a trigger of denk's on it.
type Trigger = (String, String);

/// The names of all ordinary tables; SQLite has made sure that a definition has the name it stands under.
fn names(connection: &Connection, limits: &Limits) -> Result<(Vec<String>, Vec<Trigger>), Refused> {
    let too_many = Refused::TooManyTables { max: limits.tables };
    let (mut names, mut triggers) = (Vec::new(), Vec::new());
    let seen = each(connection, include_str!("../sql/untrusted_objects.sql"), SCHEMA, |row| {
        let (kind, name, sql) = (text(row, 0)?, text(row, 1)?, text(row, 2)?);
        if kind.eq_ignore_ascii_case("trigger") && name.starts_with(journal::PREFIX) {
            triggers.push((text(row, 3)?, name));
            return Ok(());
        }
        if !kind.eq_ignore_ascii_case("table") {
            return Ok(());
        }
        if sql.starts_with(VIRTUAL) {
            return Err(Refused::VirtualTable { table: shown(&name) });
        }
        if !sql.starts_with(ORDINARY) {
            return Err(Refused::damaged("its schema was written by hand"));
        }
        names.push(name);
        Ok(())
    });
    match seen {
        Err(refused) if refused.quotes("too many schema objects") => Err(too_many),
        Ok(()) if names.iter().filter(|name| !is_internal(name)).count() > limits.tables => Err(too_many),
        other => other.map(|()| (names, triggers)),
    }
}

fn table(connection: &Connection, limits: &Limits, name: String) -> Result<Table, Refused> {
    let sql = render(include_str!("../sql/untrusted_columns.sql"), &[("table", quoted(&name)?)]);
    let (mut columns, mut hidden) = (Vec::new(), Vec::new());
    each(connection, &sql, SCHEMA, |row| {
        let column = text(row, 1)?;
        match row.get_ref(6) {
            Ok(ValueRef::Integer(ORDINARY_COLUMN)) => columns.push(column),
            Ok(ValueRef::Integer(STORED_COLUMN)) => hidden.push(column),
            _ => return Err(Refused::ComputedColumn { table: shown(&name), column: shown(&column) }),
        }
        Ok(())
    })?;
    let found = columns.len() + hidden.len();
    if found > limits.columns {
        return Err(Refused::TooManyColumns { table: shown(&name), columns: found, max: limits.columns });
    }
    let is_free =
        |name: &&str| !columns.iter().chain(&hidden).any(|column| column.eq_ignore_ascii_case(name));
    let rowid = ROWID_NAMES.into_iter().find(is_free);
    Ok(Table { name, columns, rows: 0, last_id: None, rowid, triggers: Vec::new() })
}

fn quick_check(connection: &Connection) -> Result<(), Refused> {
    each(connection, include_str!("../sql/untrusted_check.sql"), PAGES, |row| {
        let told = row.get_ref(0).ok().and_then(|told| told.as_bytes().ok()).unwrap_or_default();
        if told == b"ok" {
            return Ok(());
        }
        let told = String::from_utf8_lossy(told).into_owned();
        Err(Refused::Damaged { what: PAGES, cause: Some(Error::new(model::ErrorKind::Corrupt, told)) })
    })
}

/// What SQLite has noted about the numbers it gave. A note of another form counts for nothing.
fn last_ids(connection: &Connection) -> Result<HashMap<String, i64>, Refused> {
    let mut last: HashMap<String, i64> = HashMap::new();
    each(connection, include_str!("../sql/untrusted_sequence.sql"), PAGES, |row| {
        if let (Ok(ValueRef::Text(name)), Ok(ValueRef::Integer(id))) = (row.get_ref(0), row.get_ref(1)) {
            let noted = last.entry(String::from_utf8_lossy(name).into_owned()).or_insert(id);
            *noted = id.max(*noted);
        }
        Ok(())
    })?;
    Ok(last)
}

fn count(connection: &Connection, table: &str) -> Result<u64, Refused> {
    let sql = render(include_str!("../sql/untrusted_count.sql"), &[("table", quoted(table)?)]);
    let count = connection.query_row(&sql, (), |row| row.get::<_, i64>(0));
    let count = count.map_err(|native| Refused::by_sqlite(PAGES, native))?;
    Ok(count.unsigned_abs())
}

/// A name from the file, quoted.
pub(super) fn quoted(name: &str) -> Result<Slot, Refused> {
    QUOTING.name(name).map_err(|cause| Refused::Damaged { what: NAME, cause: Some(cause) })
}

/// Calls `take` with each row of a statement.
pub(super) fn each(
    connection: &Connection,
    sql: &str,
    what: &'static str,
    mut take: impl FnMut(&Row<'_>) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let failed = |native| Refused::by_sqlite(what, native);
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows: Rows<'_> = statement.query(()).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        take(row)?;
    }
    Ok(())
}

/// A text of the schema; one that is not there (an index without definition) is empty.
fn text(row: &Row<'_>, at: usize) -> Result<String, Refused> {
    let text = match row.get_ref(at) {
        Ok(ValueRef::Null) => Some(String::new()),
        Ok(ValueRef::Text(bytes)) => std::str::from_utf8(bytes).ok().map(str::to_owned),
        _ => None,
    };
    text.ok_or(Refused::damaged(NAME))
}
