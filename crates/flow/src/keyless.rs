//! Tables whose rows have no key: compared as multisets of whole rows.
//!
//! A row that is there n times in the source is there n times in the target afterwards; equal rows are not touched.

use std::collections::HashMap;

use database::{ColumnRead, ColumnRef, Read, Relation, Session, Write};
use model::{Batch, Cell, DataType, Key, Page};

use crate::{
    bind::Bound,
    definition::Missing,
    error::{Error, Result},
    source::{PAGE_BYTES, Reader},
    write::{Writer, too_many},
};

/// Places of the target's rows by their content.
type Places = HashMap<[u8; 16], Vec<i64>>;

/// Compares everything and hands the differences to `writer`; surplus rows are deleted by their place.
pub(crate) async fn compare(
    bound: &Bound,
    source: &mut Reader,
    session: &mut dyn Session,
    writer: &mut Writer<'_>,
    allowed: bool,
) -> Result<()> {
    let mut there = if bound.create { Places::new() } else { places(bound, session, writer).await? };
    while let Some(stretch) = source.next().await? {
        writer.see(&stretch.batch);
        writer.reject(stretch.rejected);
        for at in 0..stretch.batch.rows() {
            match there.get_mut(&fingerprint(&stretch.batch, at)).and_then(Vec::pop) {
                Some(_) => writer.report.unchanged += 1,
                None => writer.add(&stretch.batch, at),
            }
        }
    }
    if bound.flow.target.missing == Missing::Keep {
        return writer.flush(session).await;
    }
    // Decided before the first row is written: a changed row is one that is added and one that goes, and half of that
    // would leave both.
    let surplus: Vec<i64> = there.into_values().flatten().collect();
    let net = (surplus.len() as u64).saturating_sub(writer.waiting());
    let guard = bound.flow.guard;
    let too_many = !allowed && too_many(net, writer.report.read, guard.rows, guard.share);
    // Which of the target's rows a row is that could not be read, nobody can say.
    if too_many || (!surplus.is_empty() && !writer.parked.is_empty()) {
        writer.report.held += surplus.len() as u64;
        writer.forget_added();
        return Ok(());
    }
    writer.flush(session).await?;
    delete(bound, session, writer, &surplus).await
}

/// A name for a row that has no key.
pub(crate) fn name(batch: &Batch, at: usize) -> String {
    fingerprint(batch, at).iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn places(bound: &Bound, session: &mut dyn Session, writer: &mut Writer<'_>) -> Result<Places> {
    let mut columns: Vec<ColumnRead> = bound
        .columns
        .iter()
        .map(|column| ColumnRead::new(column.clone(), bound.target_column(column).data_type.clone()))
        .collect();
    columns.push(ColumnRead::new(ColumnRef::Locator, DataType::INT64));
    let locator = columns.len() - 1;
    let relation = Relation::Table(bound.target.name.clone());
    let mut places = Places::new();
    let mut after: Option<Key> = None;
    loop {
        let read = Read {
            from: &relation,
            columns: &columns,
            key: &[locator],
            filter: &[],
            after: after.as_ref(),
            up_to: None,
            rows: Some(bound.batch_rows),
            bytes: Some(PAGE_BYTES),
            zone: writer.zone,
        };
        let Page { mut batch, rejected, next } =
            session.read(&read).await.map_err(Error::database(&bound.flow.target.database))?;
        let locators = batch.columns.pop().expect("the locator was read last");
        let rows = Batch::from_columns(batch.columns, locators.len());
        for at in 0..rows.rows() {
            if let Cell::Int(place) = locators.cell(at) {
                places.entry(fingerprint(&rows, at)).or_default().push(place);
            }
        }
        // A row that cannot be read equals nothing the source could send: it goes by its place.
        for row in rejected {
            if let [model::Value::Int(place)] = row.key.0.as_slice() {
                places.entry([0; 16]).or_default().push(*place);
            }
        }
        match next {
            Some(key) => after = Some(key),
            None => return Ok(places),
        }
    }
}

async fn delete(
    bound: &Bound,
    session: &mut dyn Session,
    writer: &mut Writer<'_>,
    surplus: &[i64],
) -> Result<()> {
    if writer.plans() {
        writer.report.deleted += surplus.len() as u64;
        return Ok(());
    }
    let columns = [ColumnRef::Locator];
    let write = Write { table: &bound.target, columns: &columns, key: &[0], insert_only: &[] };
    for chunk in surplus.chunks(bound.batch_rows) {
        let mut keys = Batch::new([&DataType::INT64]);
        chunk.iter().for_each(|place| keys.push_row([Cell::Int(*place)]));
        writer.report.deleted +=
            session.delete(&write, &keys).await.map_err(Error::database(&bound.flow.target.database))?;
    }
    Ok(())
}

/// 128 bits that stand for a row's content; equal rows of equal types have equal ones.
fn fingerprint(batch: &Batch, at: usize) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for column in &batch.columns {
        match column.cell(at) {
            Cell::Null => {
                hasher.update(&[0]);
            }
            Cell::Text(text) | Cell::Json(text) => {
                hasher.update(&[1]).update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            }
            Cell::Int(number) => {
                hasher.update(&[2]).update(&number.to_le_bytes());
            }
            Cell::Real(real) => {
                hasher.update(&[3]).update(&real.to_bits().to_le_bytes());
            }
            Cell::Decimal(decimal) => {
                let plain = decimal.normalize();
                hasher.update(&[4, plain.scale()]).update(&plain.unscaled().to_le_bytes());
            }
            Cell::Bytes(bytes) => {
                hasher.update(&[5]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
            }
            other => {
                let text = other.to_value().to_string();
                hasher.update(&[6]).update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
            }
        }
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    short
}
