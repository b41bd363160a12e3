//! What a job asks of both databases before rows move, and the small forms in which its results are kept.

use std::collections::{HashMap, HashSet};

use database::{ColumnRead, ColumnRef, Read, Relation, Session};
use model::{DataType, Key, Rejected, TableRef, Value, Zone};

use crate::{
    bind::Bound,
    error::{Error, Result},
    map::{self, Found},
    report::Reason,
    source::Reading,
    state::ParkedRow,
};

/// Makes the table or columns that the target lacks; afterwards the bound flow knows the real table.
pub(super) async fn make_room(bound: &mut Bound, target: &mut dyn Session) -> Result<()> {
    let fail = Error::database(&bound.flow.target.database);
    if bound.create {
        target.create_table(&bound.target).await.map_err(&fail)?;
    } else if !bound.add.is_empty() {
        target.add_columns(&bound.target.name, &bound.add).await.map_err(&fail)?;
    } else {
        return Ok(());
    }
    bound.target = target.table(&bound.target.name).await.map_err(&fail)?;
    Ok(())
}

pub(super) async fn is_empty(bound: &Bound, target: &mut dyn Session, zone: &Zone) -> Result<bool> {
    let from = Relation::Table(bound.target.name.clone());
    let Some(column) = bound.columns.first() else { return Ok(true) };
    let reads = [ColumnRead::new(column.clone(), bound.target_column(column).data_type.clone())];
    let read = Read { rows: Some(1), ..Read::whole(&from, &reads, zone) };
    let page = target.read(&read).await.map_err(Error::database(&bound.flow.target.database))?;
    Ok(page.batch.is_empty() && page.rejected.is_empty())
}

/// Values that the source's rows are left out for.
pub(super) async fn excluded(bound: &Bound, source: &mut dyn Session, zone: &Zone) -> Result<HashSet<Value>> {
    let (Some(without), Some(at)) = (&bound.flow.source.without, bound.without) else {
        return Ok(HashSet::new());
    };
    let reads = [ColumnRead::new(ColumnRef::named(&without.named), bound.reads[at].wanted.clone())];
    let from = Relation::Query(without.query.clone());
    let read = Read::whole(&from, &reads, zone);
    let page = source.read(&read).await.map_err(Error::database(&bound.flow.source.database))?;
    Ok((0..page.batch.rows()).map(|row| page.batch.columns[0].value(row)).collect())
}

/// What the target's tables say to each lookup of the flow.
pub(super) async fn lookups(bound: &Bound, target: &mut dyn Session, zone: &Zone) -> Result<Found> {
    let mut found = Found::new();
    for fill in &bound.fills {
        let map::Fill::Made(made) = fill else { continue };
        let Some((lookup, by)) = &made.lookup else { continue };
        let table = TableRef::new(&lookup.table);
        let fail = Error::database(&bound.flow.target.database);
        let shape = match target.table(&table).await {
            Ok(shape) => shape,
            Err(error) if error.kind == model::ErrorKind::Missing => continue,
            Err(error) => return Err(fail(error)),
        };
        let value_type = shape.column(&lookup.value).map_or(DataType::Any, |column| column.data_type.clone());
        let reads = [
            ColumnRead::new(ColumnRef::named(&lookup.key), bound.reads[*by].wanted.clone()),
            ColumnRead::new(ColumnRef::named(&lookup.value), value_type),
        ];
        let from = Relation::Table(table);
        let read = Read::whole(&from, &reads, zone);
        let page = target.read(&read).await.map_err(fail)?;
        let mut answers: HashMap<Value, Option<Value>> = HashMap::new();
        for row in 0..page.batch.rows() {
            let answer = Some(page.batch.columns[1].value(row));
            let known = answers.entry(page.batch.columns[0].value(row)).or_insert_with(|| answer.clone());
            if *known != answer {
                *known = None;
            }
        }
        found.insert(made.name.clone(), answers);
    }
    Ok(found)
}

/// Of everything besides the source's rows that decides what the target must hold.
pub(super) fn fingerprint(reading: &Reading) -> String {
    let bound = &reading.bound;
    let mut excluded: Vec<String> = reading.excluded.iter().map(ToString::to_string).collect();
    excluded.sort_unstable();
    let flow = &bound.flow;
    let mapping = format!("{:?}{:?}{:?}{:?}", flow.source, flow.target, flow.columns, flow.column);
    let shapes = format!("{:?}{:?}", bound.reads, bound.target.columns);
    let pairs = reading.found.iter().flat_map(|(name, answers)| answers.iter().map(move |pair| (name, pair)));
    let mut found: Vec<String> = pairs.map(|pair| format!("{pair:?}")).collect();
    found.sort_unstable();
    blake3::hash(format!("2{mapping}{shapes}{excluded:?}{found:?}").as_bytes()).to_hex().to_string()
}

/// One line for each key, however many rows share it.
pub(super) fn parked_rows(parked: &[Rejected]) -> Vec<ParkedRow> {
    let mut seen = HashSet::new();
    let line = |row: &Rejected| ParkedRow {
        key: short_key(&row.key),
        column: row.column.clone(),
        reason: row.reason.to_string(),
    };
    parked.iter().map(line).filter(|row| seen.insert(row.key.clone())).collect()
}

/// A key as text of at most 250 characters; what is cut is told apart by a digest.
fn short_key(key: &Key) -> String {
    let text = key.to_string();
    match text.char_indices().nth(200) {
        None => text,
        Some((at, _)) => format!("{}… #{}", &text[..at], &blake3::hash(text.as_bytes()).to_hex()[..16]),
    }
}

pub(super) fn reason(row: &Rejected) -> Reason {
    Reason {
        key: row.key.to_string(),
        column: row.column.clone(),
        reason: row.reason.to_string(),
        misfit: row.reason.clone(),
    }
}
