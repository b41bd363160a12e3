//! What the journal in a file says that was done to its rows since its agent last told of them.

use std::collections::BTreeSet;

use database::{JOURNAL_TABLE, untrusted::Upload};
use merge::{LocalId, Rules};
use model::{Operation, Value};

use super::{Refused, read::has};
use crate::{
    notes::{self, Place},
    outbox::Outbox,
};

const COLUMNS: [&str; 3] = ["table_name", "operation", "k1"];

/// Rows that were updated and nothing else; of those that were told and not answered nothing is known. Notes count only where
/// the file still notes what is done to the table: its program may have made it anew since, and numbered its rows anew.
pub(super) fn in_place(
    upload: &mut Upload,
    rules: &Rules,
    sent: &[Outbox],
) -> Result<BTreeSet<Place>, Refused> {
    let whole = |table| COLUMNS.iter().all(|column| has(table, column));
    if !upload.table(JOURNAL_TABLE).is_some_and(whole) {
        return Ok(BTreeSet::new());
    }
    let noted = upload.tables().iter().filter(|table| table.is_noted());
    let noted: BTreeSet<_> = noted.filter_map(|table| rules.table(&table.name)).collect();
    let mut notes = Vec::new();
    upload.read::<Refused>(JOURNAL_TABLE, &COLUMNS, |row| {
        notes.extend(note(rules, row.values).filter(|((table, _), _)| noted.contains(table)));
        Ok(())
    })?;
    let told = sent.iter().flat_map(|sent| &sent.told);
    let told: Vec<Place> =
        told.filter_map(|told| Some((rules.table(&told.table)?, told.id().ok()?))).collect();
    Ok(notes::in_place(notes, &told))
}

/// A row, and what was done to it; `None`: it is no note about a row.
fn note(rules: &Rules, values: Vec<Value>) -> Option<(Place, Operation)> {
    let [Value::Text(table), Value::Text(operation), id] = <[Value; 3]>::try_from(values).ok()? else {
        return None;
    };
    let operation = operation.chars().next().and_then(Operation::from_letter)?;
    Some(((rules.table(&table)?, LocalId::of(&id)?), operation))
}
