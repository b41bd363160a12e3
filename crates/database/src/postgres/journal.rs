//! Triggers that note the keys of touched rows, and the notes.
//!
//! One function a table, with the key's columns written into it; the names of the columns are the trigger's
//! arguments. A key is noted as a JSON array, which people can read and which gives back every value exactly.

use std::collections::HashSet;

use model::{Change, DataType, ErrorKind, Key, Operation, TableKind, TableRef, Value, Zone};

use super::{
    Postgres, QUOTING,
    connect::Connection,
    decode::{Decoder, Field},
    introspect::{self, Attribute, get},
    stage::fnv,
    transaction::{enter, leave},
    types::{Class, Native, Wire},
};
use crate::{
    ColumnRead, ColumnRef, Error, JournalStatus, Result,
    sql::{Slot, render, slot},
};

// Expressions, not statements.
const OLD: &str = "old.{name}";
const NEW: &str = "new.{name}";
const NOTED: &str = "to_jsonb({value})";
const NOTED_BYTES: &str = "to_jsonb(encode({value}, 'hex'))";
const NOTED_INSTANT: &str = "to_jsonb({value} at time zone 'UTC')";
const READ: &str = "(n.key ->> {place})::{type}";
const READ_BYTES: &str = "decode(n.key ->> {place}, 'hex')";
const READ_INSTANT: &str = "((n.key ->> {place})::timestamp at time zone 'UTC')";

/// A table with a journal, or to get one.
pub(super) struct Watched {
    table: TableRef,
    /// Schema of the journal and of its functions.
    schema: String,
    key: Vec<String>,
    /// The function's text.
    body: String,
}

pub(super) async fn install(session: &mut Postgres, table: &TableRef, key: &[String]) -> Result<()> {
    let entered = enter(session).await?;
    let installed = install_in(session, table, key).await;
    leave(session, entered, installed).await.map_err(|error| error.in_table(table))
}

async fn install_in(session: &mut Postgres, table: &TableRef, key: &[String]) -> Result<()> {
    let connection = &mut session.connection;
    connection.run(include_str!("sql/journal_lock.sql")).await?;
    let watched = Watched::new(connection, table, key).await?;
    if watched.status(connection).await? == JournalStatus::Complete {
        return Ok(());
    }
    connection.run(&watched.installation()?).await
}

pub(super) async fn status(
    connection: &mut Connection,
    table: &TableRef,
    key: &[String],
) -> Result<JournalStatus> {
    let watched = Watched::new(connection, table, key).await?;
    watched.status(connection).await
}

impl Watched {
    /// # Errors
    /// `Missing` for a table or column that is not there; `Unsupported` for a view.
    async fn new(connection: &mut Connection, table: &TableRef, key: &[String]) -> Result<Self> {
        let found = introspect::find(connection, table).await?;
        if found.kind != TableKind::Table || key.is_empty() {
            let what = "only a table with a key can have a journal";
            return Err(Error::new(ErrorKind::Unsupported, what).in_table(table));
        }
        let attributes = introspect::attributes(connection, found.oid).await?;
        let columns = key.iter().map(|name| {
            attributes.iter().find(|attribute| attribute.name == *name).ok_or_else(|| {
                let what = format!("there is no column `{name}`");
                Error::new(ErrorKind::Missing, what).in_table(table).in_column(name)
            })
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let schema = schema(connection).await?;
        Self::of(found.name, schema, &columns)
    }

    pub(super) fn of(table: TableRef, schema: String, key: &[&Attribute]) -> Result<Self> {
        let names = key.iter().map(|column| column.name.clone()).collect();
        let mut watched = Self { table, schema, key: names, body: String::new() };
        watched.body = watched.body(key)?;
        Ok(watched)
    }

    pub(super) fn installation(&self) -> Result<String> {
        let arguments = self.key.iter().map(|name| Slot::text(name));
        let slots = [
            ("journal", self.journal()?),
            ("function", self.function()?),
            ("table", QUOTING.table(&self.table)?),
            ("arguments", Slot::join(arguments, ", ")),
            ("body", Slot::text(&self.body)),
            ("schema_name", Slot::text(self.table.schema.as_deref().unwrap_or_default())),
            ("table_name", Slot::text(&self.table.name)),
        ];
        Ok(render(include_str!("sql/journal_install.sql"), &slots))
    }

    fn body(&self, columns: &[&Attribute]) -> Result<String> {
        let key = |side: &str| {
            let noted = columns.iter().map(|column| {
                let value = slot(side, &[("name", QUOTING.name(&column.name)?)]);
                let template = match column.native.wire {
                    Wire::Bytes => NOTED_BYTES,
                    Wire::Instant => NOTED_INSTANT,
                    _ => NOTED,
                };
                Ok(slot(template, &[("value", value)]))
            });
            Ok::<Slot, Error>(Slot::join(noted.collect::<Result<Vec<_>>>()?, ", "))
        };
        let slots = [
            ("journal", self.journal()?),
            ("schema_name", Slot::text(self.table.schema.as_deref().unwrap_or_default())),
            ("table_name", Slot::text(&self.table.name)),
            ("old", key(OLD)?),
            ("new", key(NEW)?),
        ];
        Ok(render(include_str!("sql/journal_function.sql"), &slots))
    }

    fn journal(&self) -> Result<Slot> {
        QUOTING.table(&TableRef::in_schema(&self.schema, "denk_journal"))
    }

    fn function(&self) -> Result<Slot> {
        QUOTING.table(&TableRef::in_schema(&self.schema, function_name(&self.table)))
    }

    async fn status(&self, connection: &mut Connection) -> Result<JournalStatus> {
        let (name, table) = (function_name(&self.table), QUOTING.table(&self.table)?);
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&self.schema, &name, &table.as_str()];
        let rows = connection.query(include_str!("sql/journal_status.sql"), &parameters).await?;
        let mut present = false;
        let mut right = HashSet::new();
        for row in &rows {
            present = true;
            match get::<String>(row, 0)?.as_str() {
                "journal" => right.insert("journal"),
                "function" if get::<String>(row, 1)? == self.body => right.insert("function"),
                "rows" if get::<String>(row, 1)? == arguments(&self.key) => right.insert("rows"),
                "truncate" => right.insert("truncate"),
                _ => false,
            };
        }
        // The journal alone may be another table's.
        let only_journal = rows.len() == 1 && right.contains("journal");
        if !present || only_journal {
            return Ok(JournalStatus::Absent);
        }
        let complete = right.len() == 4 && !self.was_truncated(connection).await?;
        Ok(if complete { JournalStatus::Complete } else { JournalStatus::Doubtful })
    }

    async fn was_truncated(&self, connection: &Connection) -> Result<bool> {
        let slots = [
            ("journal", self.journal()?),
            ("schema_name", Slot::text(self.table.schema.as_deref().unwrap_or_default())),
            ("table_name", Slot::text(&self.table.name)),
        ];
        let found = connection.count(&render(include_str!("sql/journal_truncated.sql"), &slots)).await?;
        Ok(found.iter().sum::<u64>() > 0)
    }
}

/// The arguments of a trigger as the catalogue holds them, in hexadecimal: each ends with a zero.
fn arguments(key: &[String]) -> String {
    key.iter().flat_map(|name| name.bytes().chain([0])).map(|byte| format!("{byte:02x}")).collect()
}

/// Long names that begin alike must not clash.
fn function_name(table: &TableRef) -> String {
    let whole = format!("{}\0{}", table.schema.as_deref().unwrap_or_default(), table.name);
    format!("denk_journal_{:016x}", fnv(whole.as_bytes()))
}

/// The schema of the journal: where it is, or where it would be made.
async fn schema(connection: &mut Connection) -> Result<String> {
    let rows = connection.query(include_str!("sql/journal_schema.sql"), &[]).await?;
    let schema: Option<String> = rows.first().map_or(Ok(None), |row| get(row, 0))?;
    schema.ok_or_else(|| Error::new(ErrorKind::Missing, "there is no schema in which a table could be made"))
}

pub(super) async fn drain(connection: &mut Connection, limit: usize) -> Result<Vec<Change>> {
    let schema = schema(connection).await?;
    let journal = TableRef::in_schema(schema, "denk_journal");
    if introspect::find(connection, &journal).await.is_err_and(|error| error.kind == ErrorKind::Missing) {
        return Ok(Vec::new());
    }
    let limit = Slot::number(i64::try_from(limit).unwrap_or(i64::MAX));
    let slots = [("journal", QUOTING.table(&journal)?), ("limit", limit.clone())];
    let sql = render(include_str!("sql/journal_tables.sql"), &slots);
    let tables = connection.query_once(sql.as_str(), &[]).await?;
    let mut changes = Vec::new();
    for row in &tables {
        let table = introspect::table_ref(row, 0)?;
        let key = key_of(connection, &table).await?;
        changes.extend(notes(connection, &journal, &table, &key, &limit).await?);
    }
    changes.sort_by_key(|change| change.id);
    Ok(changes)
}

/// The columns that the table's trigger notes; empty when it is not there any more.
async fn key_of(connection: &mut Connection, table: &TableRef) -> Result<Vec<Attribute>> {
    let found = match introspect::find(connection, table).await {
        Err(error) if error.kind == ErrorKind::Missing => return Ok(Vec::new()),
        found => found?,
    };
    let attributes = introspect::attributes(connection, found.oid).await?;
    let rows = connection.query(include_str!("sql/journal_key.sql"), &[&found.oid]).await?;
    let names: Vec<u8> = rows.first().map_or(Ok(Vec::new()), |row| get(row, 0))?;
    let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let column = |name: &[u8]| attributes.iter().find(|attribute| attribute.name.as_bytes() == name).cloned();
    Ok(names.map(column).collect::<Option<_>>().unwrap_or_default())
}

/// The notes of one table among the oldest of all.
async fn notes(
    connection: &Connection,
    journal: &TableRef,
    table: &TableRef,
    key: &[Attribute],
    limit: &Slot,
) -> Result<Vec<Change>> {
    let plain = |wire, data_type| Native { wire, data_type, class: Class::Plain };
    let mut natives = vec![plain(Wire::Int8, DataType::INT64), plain(Wire::Text, DataType::TEXT)];
    natives.extend(key.iter().map(|column| column.native.clone()));
    if key.is_empty() {
        // Nobody knows the types any more: the whole key as it was noted.
        natives.push(plain(Wire::Text, DataType::TEXT));
    }
    let reads: Vec<ColumnRead> = natives
        .iter()
        .map(|native| ColumnRead::new(ColumnRef::named("key"), native.data_type.clone()))
        .collect();
    let values = if key.is_empty() {
        Slot::fixed("n.key::text")
    } else {
        Slot::join((0..).zip(key).map(read_value), ", ")
    };
    let slots = [
        ("journal", QUOTING.table(journal)?),
        ("values", values),
        ("schema_name", Slot::text(table.schema.as_deref().unwrap_or_default())),
        ("table_name", Slot::text(&table.name)),
        ("limit", limit.clone()),
    ];
    let fields = reads.iter().zip(&natives).map(|(read, native)| Field::new(read, native)).collect();
    let zone = Zone::utc();
    let mut decoder = Decoder::new(fields, &[0], &zone);
    let sql = render(include_str!("sql/journal_notes.sql"), &slots);
    connection.copy_out(&sql, |message| decoder.feed(message)).await?;
    let (batch, rejected, _) = decoder.finish();
    if let Some(rejected) = rejected.first() {
        let what = format!("a note of the journal is damaged: {}", rejected.reason);
        return Err(Error::new(ErrorKind::Internal, what).in_table(table));
    }
    Ok((0..batch.rows()).filter_map(|row| change(table, batch.row(row))).collect())
}

fn read_value((place, column): (i32, &Attribute)) -> Slot {
    let template = match column.native.wire {
        Wire::Bytes => READ_BYTES,
        Wire::Instant => READ_INSTANT,
        _ => READ,
    };
    let native = match column.native.wire {
        Wire::Text | Wire::Other => "text",
        Wire::Json | Wire::Jsonb => "jsonb",
        _ => column.cast.as_str(),
    };
    slot(template, &[("place", Slot::number(place)), ("type", Slot::native_type(native))])
}

fn change(table: &TableRef, mut row: Vec<Value>) -> Option<Change> {
    let key = Key(row.split_off(2));
    match row.as_slice() {
        [Value::Int(id), Value::Text(letter)] => {
            let operation = Operation::from_letter(letter.chars().next()?)?;
            Some(Change { id: *id, table: table.clone(), operation, key, at: None })
        }
        _ => None,
    }
}

pub(super) async fn forget(connection: &mut Connection, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let journal = TableRef::in_schema(schema(connection).await?, "denk_journal");
    let sql = render(include_str!("sql/journal_forget.sql"), &[("journal", QUOTING.table(&journal)?)]);
    connection.query_once(sql.as_str(), &[&ids]).await.map(drop)
}

pub(super) async fn remove(session: &mut Postgres, table: &TableRef) -> Result<()> {
    let entered = enter(session).await?;
    let removed = remove_in(session, table).await;
    leave(session, entered, removed).await.map_err(|error| error.in_table(table))
}

async fn remove_in(session: &mut Postgres, table: &TableRef) -> Result<()> {
    let connection = &mut session.connection;
    connection.run(include_str!("sql/journal_lock.sql")).await?;
    let schema = schema(connection).await?;
    let table = match introspect::find(connection, table).await {
        Ok(found) => found.name,
        Err(error) if error.kind == ErrorKind::Missing => {
            TableRef::in_schema(table.schema.as_ref().unwrap_or(&schema), &table.name)
        }
        Err(error) => return Err(error),
    };
    let [function, notes, whole] = removal(&table, &schema)?;
    connection.run(&function).await?;
    let journal = TableRef::in_schema(&schema, "denk_journal");
    if introspect::find(connection, &journal).await.is_err_and(|error| error.kind == ErrorKind::Missing) {
        return Ok(());
    }
    connection.run(&notes).await?;
    let users = connection.query(include_str!("sql/journal_users.sql"), &[&schema]).await?;
    if users.is_empty() { connection.run(&whole).await } else { Ok(()) }
}

/// Removes the table's function with its triggers; its notes; the journal that no table uses any more.
pub(super) fn removal(table: &TableRef, schema: &str) -> Result<[String; 3]> {
    let slots = [
        ("journal", QUOTING.table(&TableRef::in_schema(schema, "denk_journal"))?),
        ("function", QUOTING.table(&TableRef::in_schema(schema, function_name(table)))?),
        ("schema_name", Slot::text(table.schema.as_deref().unwrap_or_default())),
        ("table_name", Slot::text(&table.name)),
    ];
    let templates = [
        include_str!("sql/journal_remove.sql"),
        include_str!("sql/journal_remove_notes.sql"),
        include_str!("sql/journal_drop.sql"),
    ];
    Ok(templates.map(|template| render(template, &slots)))
}
