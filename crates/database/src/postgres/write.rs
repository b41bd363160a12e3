//! Inserting by binary COPY; upserting and deleting through a temporary table that COPY fills.

use std::mem;

use bytes::Bytes;
use model::{Batch, Cell, ErrorKind, Key, Misfit};

use super::{
    Postgres,
    encode::{self, Field, HEADER, Refused, TRAILER},
    error::refused_row,
    stage::Layout,
    transaction::{enter, leave},
};
use crate::{
    Applied, Error, Result, Write,
    sql::{Slot, render},
};

/// Bytes of a message: the next is encoded while this one is sent.
const CHUNK: usize = 128 << 10;

pub(super) async fn insert(session: &mut Postgres, write: &Write<'_>, rows: &Batch) -> Result<u64> {
    let inserted = insert_rows(session, write, rows).await;
    inserted.map_err(|error| of_table(error, write))
}

async fn insert_rows(session: &mut Postgres, write: &Write<'_>, rows: &Batch) -> Result<u64> {
    let layout = Layout::of(session, write).await?;
    if layout.has_locator() {
        return Err(Error::new(ErrorKind::Unsupported, "a new row cannot be given a place"));
    }
    if rows.is_empty() {
        return Ok(0);
    }
    if layout.is_direct() {
        return copy(session, &copy_sql(&layout)?, &layout, write, rows).await;
    }
    let entered = enter(session).await?;
    let inserted = insert_staged(session, &layout, write, rows).await;
    leave(session, entered, inserted).await
}

pub(super) fn copy_sql(layout: &Layout<'_>) -> Result<String> {
    let slots = [("table", layout.table.clone()), ("columns", layout.names()?)];
    Ok(render(include_str!("sql/copy.sql"), &slots))
}

/// By way of the temporary table, where the server has to cast texts.
async fn insert_staged(
    session: &mut Postgres,
    layout: &Layout<'_>,
    write: &Write<'_>,
    rows: &Batch,
) -> Result<u64> {
    let stage = fill(session, layout, write, rows).await?;
    let counts = session.connection.count(&insert_sql(layout, stage)?).await?;
    Ok(counts.iter().sum())
}

pub(super) fn insert_sql(layout: &Layout<'_>, stage: Slot) -> Result<String> {
    let slots = [
        ("table", layout.table.clone()),
        ("columns", layout.names()?),
        ("values", layout.values()),
        ("stage", stage),
    ];
    Ok(render(include_str!("sql/insert_all.sql"), &slots))
}

pub(super) async fn upsert(session: &mut Postgres, write: &Write<'_>, rows: &Batch) -> Result<Applied> {
    let applied = match key_is_whole(write, rows) {
        Ok(()) => enter_upsert(session, write, rows).await,
        Err(error) => Err(error),
    };
    applied.map_err(|error| of_table(error, write))
}

async fn enter_upsert(session: &mut Postgres, write: &Write<'_>, rows: &Batch) -> Result<Applied> {
    let layout = Layout::of(session, write).await?;
    if rows.is_empty() {
        return Ok(Applied::default());
    }
    let entered = enter(session).await?;
    let applied = upsert_rows(session, &layout, write, rows).await;
    leave(session, entered, applied).await
}

async fn upsert_rows(
    session: &mut Postgres,
    layout: &Layout<'_>,
    write: &Write<'_>,
    rows: &Batch,
) -> Result<Applied> {
    let stage = fill(session, layout, write, rows).await?;
    let differences = differences(session).await?;
    let [find, update, insert] = upsert_sql(layout, stage, differences, rows)?;
    let connection = &session.connection;
    let found = connection.count(&find).await?;
    let mut applied = Applied::default();
    if found.iter().sum::<u64>() > 0 {
        if !layout.changes_nothing() {
            let updated = connection.count(&update).await?;
            applied.updated = updated.iter().sum();
        }
        let inserted = connection.count(&insert).await?;
        applied.inserted = inserted.iter().sum();
    }
    applied.unchanged = (rows.rows() as u64).saturating_sub(applied.inserted + applied.updated);
    Ok(applied)
}

/// Finds what differs, changes it, adds what is new.
pub(super) fn upsert_sql(
    layout: &Layout<'_>,
    stage: Slot,
    differences: Slot,
    rows: &Batch,
) -> Result<[String; 3]> {
    let slots = [
        ("table", layout.table.clone()),
        ("stage", stage),
        ("differences", differences),
        ("presence", layout.presence()?),
        ("match", layout.matches(Some(rows))?),
        ("differs", layout.differs()?),
        ("assignments", layout.assignments()?),
        ("columns", layout.names()?),
        ("values", layout.values()),
    ];
    let templates = [
        include_str!("sql/find_differences.sql"),
        include_str!("sql/update.sql"),
        include_str!("sql/insert_new.sql"),
    ];
    Ok(templates.map(|template| render(template, &slots)))
}

pub(super) async fn delete(session: &mut Postgres, write: &Write<'_>, keys: &Batch) -> Result<u64> {
    let deleted = enter_delete(session, write, keys).await;
    deleted.map_err(|error| of_table(error, write))
}

async fn enter_delete(session: &mut Postgres, write: &Write<'_>, keys: &Batch) -> Result<u64> {
    let layout = Layout::of(session, write).await?;
    if keys.is_empty() {
        return Ok(0);
    }
    // Nothing to find rows by would find them all.
    layout.presence()?;
    let entered = enter(session).await?;
    let deleted = delete_rows(session, &layout, write, keys).await;
    leave(session, entered, deleted).await
}

async fn delete_rows(
    session: &mut Postgres,
    layout: &Layout<'_>,
    write: &Write<'_>,
    keys: &Batch,
) -> Result<u64> {
    let stage = fill(session, layout, write, keys).await?;
    let counts = session.connection.count(&delete_sql(layout, stage, keys)?).await?;
    Ok(counts.iter().sum())
}

pub(super) fn delete_sql(layout: &Layout<'_>, stage: Slot, keys: &Batch) -> Result<String> {
    let slots = [("table", layout.table.clone()), ("stage", stage), ("match", layout.matches(Some(keys))?)];
    Ok(render(include_str!("sql/delete.sql"), &slots))
}

/// Puts the rows into the temporary table; returns its name.
async fn fill(session: &mut Postgres, layout: &Layout<'_>, write: &Write<'_>, rows: &Batch) -> Result<Slot> {
    let stage = layout.prepare(session).await?;
    let sql = render(include_str!("sql/copy_stage.sql"), &[("stage", stage.clone())]);
    let copied = copy(session, &sql, layout, write, rows).await;
    copied.map_err(|mut error| {
        error.column =
            error.column.map(|column| layout.real_column(&column).map_or(column.clone(), str::to_owned));
        error
    })?;
    Ok(stage)
}

/// The temporary table of the rows that differ, empty.
async fn differences(session: &mut Postgres) -> Result<Slot> {
    const NAME: &str = "stage_differences";
    let sql = match session.staged.insert(NAME.to_owned()) {
        true => include_str!("sql/differences.sql"),
        false => include_str!("sql/differences_again.sql"),
    };
    session.connection.run(sql).await?;
    Ok(Slot::fixed(NAME))
}

/// Sends the rows as `sql`, a COPY, wants them.
async fn copy(
    session: &Postgres,
    sql: &str,
    layout: &Layout<'_>,
    write: &Write<'_>,
    rows: &Batch,
) -> Result<u64> {
    let fields =
        layout.targets.iter().zip(&rows.columns).map(|(target, column)| Field { column, form: &target.form });
    let fields: Vec<Field<'_>> = fields.collect();
    let at_row = |error: Error, row: usize| Error { key: Some(key(write, rows, row)), ..error };
    let mut chunk = HEADER.to_vec();
    let mut row = 0;
    let mut ended = false;
    let next = || {
        if ended {
            return Ok(None);
        }
        row = encode::rows(&fields, row, rows.rows(), CHUNK, &mut chunk)
            .map_err(|refused| at_row(conversion(write, refused.field, &refused.reason), refused.row))?;
        if row == rows.rows() {
            chunk.extend_from_slice(&TRAILER);
            ended = true;
        }
        Ok(Some(Bytes::from(mem::replace(&mut chunk, Vec::with_capacity(CHUNK * 2)))))
    };
    let copied = session.connection.copy_in(sql, next).await;
    copied.map_err(|error| match refused_row(&error).filter(|row| *row < rows.rows()) {
        Some(row) => at_row(error, row),
        None => error,
    })
}

fn key(write: &Write<'_>, rows: &Batch, row: usize) -> Key {
    rows.key(write.key, row)
}

fn conversion(write: &Write<'_>, place: usize, reason: &Misfit) -> Error {
    let column = write.columns[place].name();
    Error::new(ErrorKind::Conversion, format!("column `{column}`: {reason}")).in_column(column)
}

/// # Errors
/// `Conversion` for a NULL in the key.
fn key_is_whole(write: &Write<'_>, rows: &Batch) -> Result<()> {
    for place in write.key {
        let column = &rows.columns[*place];
        if let Some(row) = (0..rows.rows()).find(|row| matches!(column.cell(*row), Cell::Null)) {
            let refused = Refused { row, field: *place, reason: Misfit::NullKey };
            let error = conversion(write, refused.field, &refused.reason);
            return Err(Error { key: Some(key(write, rows, refused.row)), ..error });
        }
    }
    Ok(())
}

/// A failure of a write is one of its table, whichever table the server speaks of.
fn of_table(error: Error, write: &Write<'_>) -> Error {
    Error { table: Some(write.table.name.clone()), ..error }
}
