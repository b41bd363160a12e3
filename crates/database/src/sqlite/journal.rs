//! Notes of touched keys, made by triggers in the transactions of whoever touches the rows.
//!
//! The triggers run inside programs that know nothing of denk and may bundle a `SQLite` of any age since 3.7, so their
//! bodies are single plain INSERTs. While denk itself writes, `denk_own` holds a row, in denk's own transaction only,
//! and no trigger notes anything.
//!
//! The journal numbers its notes without AUTOINCREMENT, whose `sqlite_sequence` could never be removed from the user's
//! file again. So that no number is given twice, the highest note is not deleted but emptied until a higher one is
//! there. A REPLACE fires no delete trigger for what it puts aside: of the same key, its insert trigger notes it; of the same
//! value in a unique constraint, a trigger notes it before it goes (and, for a statement that is then refused or ignored,
//! a row that stays, which costs a look at it).

use model::{Change, ColumnDef, DataType, ErrorKind, Key, Operation, TableKind, TableRef, Timestamp, Value};
use rusqlite::Row;

use super::{
    connect::Link,
    decode,
    introspect::{QUOTING, Shape},
    key,
    transaction::{OWN, Phase},
};
use crate::{
    Begin, Error, JOURNAL_TABLE, JournalStatus, Result,
    sql::{Slot, render, slot},
};

/// Columns `k1` to `k8` of the journal.
const KEY_COLUMNS: [&str; 8] = ["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"];
/// What the names of all triggers begin with.
pub(super) const PREFIX: &str = "denk_journal_";
/// What is noted of every table.
pub(super) const EVENTS: [&str; 4] = ["insert", "update", "move", "delete"];

const TABLES: [(&str, &str); 2] =
    [(JOURNAL_TABLE, include_str!("sql/journal_table.sql")), (OWN, include_str!("sql/own_table.sql"))];

/// One trigger as it should be.
pub(super) struct Wanted {
    pub name: String,
    pub sql: String,
}

impl Link {
    pub(super) fn journal_install(&mut self, table: &TableRef, key: &[String]) -> Result<()> {
        self.writing(|link| {
            let shape = link.shape(table)?;
            let wanted = triggers(&shape, key, &link.unique(&shape.name)?)?;
            let had_flag = link.has_flag_table()?;
            for (name, sql) in TABLES {
                link.make(name, &render(sql, &[]))?;
            }
            if !had_flag && link.phase == Phase::Within(Begin::Own) {
                link.connection.execute_batch(include_str!("sql/own_set.sql"))?;
            }
            for name in link.present(&shape.name)? {
                if !wanted.iter().any(|trigger| trigger.name == name) {
                    link.drop_object(include_str!("sql/drop_trigger.sql"), &name)?;
                }
            }
            wanted.iter().try_for_each(|trigger| link.make(&trigger.name, &trigger.sql))
        })
    }

    pub(super) fn journal_status(&mut self, table: &TableRef, key: &[String]) -> Result<JournalStatus> {
        self.reading(|link| {
            let shape = link.shape(table)?;
            let wanted = triggers(&shape, key, &link.unique(&shape.name)?)?;
            let present = link.present(&shape.name)?;
            if present.is_empty() {
                return Ok(JournalStatus::Absent);
            }
            let mut whole = present.len() == wanted.len();
            for trigger in &wanted {
                whole &= link.is_made(&trigger.name, &trigger.sql)?;
            }
            for (name, sql) in TABLES {
                whole &= link.is_made(name, &render(sql, &[]))?;
            }
            Ok(if whole { JournalStatus::Complete } else { JournalStatus::Doubtful })
        })
    }

    pub(super) fn journal_drain(&mut self, limit: usize) -> Result<Vec<Change>> {
        self.reading(|link| {
            if !link.connection.table_exists(None, JOURNAL_TABLE)? {
                return Ok(Vec::new());
            }
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let notes = link.rows(include_str!("sql/journal_drain.sql"), [limit], Note::read)?;
            let mut keys = Keys::default();
            notes.into_iter().map(|note| note.change(link, &mut keys)).collect()
        })
    }

    pub(super) fn journal_forget(&mut self, ids: &[i64]) -> Result<()> {
        self.writing(|link| {
            if ids.is_empty() || !link.connection.table_exists(None, JOURNAL_TABLE)? {
                return Ok(());
            }
            let mut empty = link.connection.prepare(include_str!("sql/journal_forget.sql"))?;
            ids.iter().try_for_each(|id| empty.execute([id]).map(drop))?;
            link.connection.execute(include_str!("sql/journal_sweep.sql"), [])?;
            Ok(())
        })
    }

    /// A table that is gone took its triggers along; its notes are still there.
    pub(super) fn journal_remove(&mut self, table: &TableRef) -> Result<()> {
        self.writing(|link| {
            let name = match link.shape(table) {
                Ok(shape) => shape.name.clone(),
                Err(error) if error.kind == ErrorKind::Missing => table.name.clone(),
                Err(error) => return Err(error),
            };
            for trigger in link.present(&name)? {
                link.drop_object(include_str!("sql/drop_trigger.sql"), &trigger)?;
            }
            if !link.connection.table_exists(None, JOURNAL_TABLE)? {
                return Ok(());
            }
            link.connection.execute(include_str!("sql/journal_forget_table.sql"), [&name])?;
            let in_use: bool =
                link.connection
                    .query_row(include_str!("sql/journal_in_use.sql"), [PREFIX], |row| row.get(0))?;
            if in_use {
                link.connection.execute(include_str!("sql/journal_sweep.sql"), [])?;
                return Ok(());
            }
            TABLES.iter().try_for_each(|(name, _)| link.drop_object(include_str!("sql/drop_table.sql"), name))
        })
    }

    /// Names of our triggers on a table.
    fn present(&self, table: &str) -> Result<Vec<String>> {
        self.rows(include_str!("sql/journal_triggers.sql"), [table, PREFIX], |row| row.get(0))
    }

    /// Makes an object, again if it is not as it should be.
    fn make(&self, name: &str, sql: &str) -> Result<()> {
        if self.is_made(name, sql)? {
            return Ok(());
        }
        let trigger = name.starts_with(PREFIX);
        if trigger {
            self.drop_object(include_str!("sql/drop_trigger.sql"), name)?;
        } else if self.connection.table_exists(None, name)? {
            let what = format!(
                "table `{name}` is not the one that this version of denk makes; remove the journal first"
            );
            return Err(Error::new(ErrorKind::Schema, what));
        }
        Ok(self.connection.execute_batch(sql)?)
    }

    /// Whether the schema holds an object by exactly this statement.
    fn is_made(&self, name: &str, sql: &str) -> Result<bool> {
        let held =
            self.rows(include_str!("sql/definition.sql"), [name], |row| row.get::<_, Option<String>>(0))?;
        Ok(held.into_iter().flatten().any(|held| body(&held) == body(sql)))
    }

    fn drop_object(&self, template: &str, name: &str) -> Result<()> {
        Ok(self.connection.execute_batch(&about(template, name)?)?)
    }
}

/// A template about one object, rendered.
pub(super) fn about(template: &str, name: &str) -> Result<String> {
    Ok(render(template, &[("name", QUOTING.name(name)?)]))
}

/// A definition without its first words, which `SQLite` spells in capitals.
fn body(sql: &str) -> &str {
    let words = ["create table ", "create trigger "]
        .into_iter()
        .find(|words| sql.get(..words.len()).is_some_and(|start| start.eq_ignore_ascii_case(words)));
    &sql[words.map_or(0, str::len)..]
}

/// The triggers that note the rows of a table. `unique`: columns of its unique constraints.
pub(super) fn triggers(shape: &Shape, key: &[String], unique: &[Vec<String>]) -> Result<Vec<Wanted>> {
    let fails = |what: &str| Err(Error::new(ErrorKind::Schema, format!("`{}`: {what}", shape.name)));
    if shape.kind == TableKind::View {
        return fails("a view cannot have a journal");
    }
    if key.is_empty() || key.len() > KEY_COLUMNS.len() {
        return fails("a journal needs a key of 1 to 8 columns");
    }
    if let Some(missing) = key.iter().find(|column| shape.column(column).is_none()) {
        return fails(missing)
            .map_err(|error| Error { kind: ErrorKind::Missing, ..error }.in_column(missing.as_str()));
    }
    let templates = [
        include_str!("sql/trigger_insert.sql"),
        include_str!("sql/trigger_update.sql"),
        include_str!("sql/trigger_move.sql"),
        include_str!("sql/trigger_delete.sql"),
    ];
    let slots = slots(shape, key)?;
    let mut wanted = Vec::new();
    for (event, template) in EVENTS.into_iter().zip(templates) {
        wanted.push(trigger(shape, event, template, slots.clone())?);
    }
    for (at, columns) in unique.iter().enumerate() {
        wanted.extend(clashes(shape, at + 1, columns, &slots)?);
    }
    Ok(wanted)
}

/// The triggers that note what a REPLACE puts aside for the sake of the `at`th unique constraint.
fn clashes(
    shape: &Shape,
    at: usize,
    columns: &[String],
    slots: &[(&'static str, Slot)],
) -> Result<[Wanted; 2]> {
    let same = columns.iter().map(|column| {
        let named = || Ok::<_, Error>([("name", QUOTING.name(column)?)]);
        let left = slot(include_str!("sql/column.sql"), &named()?);
        let right = slot(include_str!("sql/new.sql"), &named()?);
        Ok(slot(include_str!("sql/equal.sql"), &[("left", left), ("right", right)]))
    });
    let clash = Slot::balanced(&same.collect::<Result<Vec<_>>>()?, " and ");
    let changed = Slot::balanced(&each(columns, include_str!("sql/moved.sql"))?, " or ");
    let slots = [slots, &[("clash", clash), ("changed", changed)]].concat();
    let insert = include_str!("sql/trigger_clash_insert.sql");
    let update = include_str!("sql/trigger_clash_update.sql");
    Ok([
        trigger(shape, &format!("clash{at}_insert"), insert, slots.clone())?,
        trigger(shape, &format!("clash{at}_update"), update, slots)?,
    ])
}

pub(super) fn trigger_name(event: &str, table: &str) -> String {
    [PREFIX, event, "_", table].concat()
}

fn trigger(
    shape: &Shape,
    event: &str,
    template: &str,
    mut slots: Vec<(&'static str, Slot)>,
) -> Result<Wanted> {
    let name = trigger_name(event, &shape.name);
    slots.push(("trigger", QUOTING.name(&name)?));
    Ok(Wanted { name, sql: render(template, &slots) })
}

/// What all triggers of a table are made of.
fn slots(shape: &Shape, key: &[String]) -> Result<Vec<(&'static str, Slot)>> {
    Ok(vec![
        ("table", QUOTING.name(&shape.name)?),
        ("table_text", Slot::text(&shape.name)),
        ("columns", Slot::join(KEY_COLUMNS[..key.len()].iter().map(|column| Slot::fixed(column)), ", ")),
        ("new", Slot::join(each(key, include_str!("sql/new.sql"))?, ", ")),
        ("old", Slot::join(each(key, include_str!("sql/old.sql"))?, ", ")),
        ("there", Slot::join(each(key, include_str!("sql/column.sql"))?, ", ")),
        ("moved", Slot::balanced(&each(key, include_str!("sql/moved.sql"))?, " or ")),
    ])
}

/// A template about one column, for each of them.
fn each(columns: &[String], template: &str) -> Result<Vec<Slot>> {
    columns.iter().map(|column| Ok(slot(template, &[("name", QUOTING.name(column)?)]))).collect()
}

/// One row of the journal.
struct Note {
    id: i64,
    table: String,
    operation: Option<Operation>,
    at: Option<Timestamp>,
    key: Vec<Value>,
}

impl Note {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let letter: String = row.get(2)?;
        let at: Option<String> = row.get(3)?;
        let raw = (0..KEY_COLUMNS.len())
            .map(|at| row.get_ref(at + 4).map(|raw| decode::raw_value(raw).unwrap_or(Value::Null)));
        Ok(Self {
            id: row.get(0)?,
            table: row.get(1)?,
            operation: letter.chars().next().and_then(Operation::from_letter),
            at: at.and_then(|at| Timestamp::parse(&at)),
            key: raw.collect::<rusqlite::Result<_>>()?,
        })
    }

    fn change(self, link: &Link, keys: &mut Keys) -> Result<Change> {
        let table = TableRef::new(self.table);
        let Some(operation) = self.operation else {
            return Err(Error::new(
                ErrorKind::Corrupt,
                format!("note {} of the journal tells no operation", self.id),
            ));
        };
        let key = keys.read(link, &table, self.key)?;
        Ok(Change { id: self.id, table, operation, key, at: self.at })
    }
}

/// Types of the key columns of the tables in a drain.
#[derive(Default)]
struct Keys(Vec<(TableRef, Vec<DataType>)>);

impl Keys {
    /// The noted values as the types of their columns; as they are where they do not fit.
    fn read(&mut self, link: &Link, table: &TableRef, mut raw: Vec<Value>) -> Result<Key> {
        let at = match self.0.iter().position(|(known, _)| known == table) {
            Some(at) => at,
            None => {
                self.0.push((table.clone(), key_types(link, table)?));
                self.0.len() - 1
            }
        };
        let types = &self.0[at].1;
        if types.is_empty() {
            let used = raw.iter().rposition(|value| !value.is_null()).map_or(1, |last| last + 1);
            raw.truncate(used);
            return Ok(Key(raw));
        }
        let typed = raw
            .into_iter()
            .zip(types)
            .map(|(value, wanted)| key::read_as(value.clone(), wanted).unwrap_or(value));
        Ok(Key(typed.collect()))
    }
}

/// The types of the columns that the table's delete trigger notes; none when trigger or table are not ours any more.
fn key_types(link: &Link, table: &TableRef) -> Result<Vec<DataType>> {
    let Ok(shape) = link.shape(table) else { return Ok(Vec::new()) };
    let name = trigger_name("delete", &shape.name);
    let held = link
        .rows(include_str!("sql/definition.sql"), [&name], |row| row.get::<_, String>(0))?
        .pop()
        .unwrap_or_default();
    let mut noted: Vec<(usize, &ColumnDef)> = Vec::new();
    for column in &shape.columns {
        let name = slot(include_str!("sql/old.sql"), &[("name", QUOTING.name(&column.name)?)]);
        noted.extend(held.rfind(name.as_str()).map(|at| (at, column)));
    }
    noted.sort_by_key(|(at, _)| *at);
    let key: Vec<String> = noted.iter().map(|(_, column)| column.name.clone()).collect();
    let known = triggers(&shape, &key, &[])
        .is_ok_and(|triggers| triggers.iter().any(|t| t.name == name && body(&t.sql) == body(&held)));
    Ok(if known {
        noted.into_iter().map(|(_, column)| column.data_type.clone()).collect()
    } else {
        Vec::new()
    })
}
