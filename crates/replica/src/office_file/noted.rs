//! What the journal in a file says that was done to its rows since its agent last told of them.

use std::collections::{BTreeMap, BTreeSet};

use database::{JOURNAL_TABLE, untrusted::Upload};
use merge::{LocalId, Rules, TableId};
use model::{Operation, Value};

use super::{Refused, read::has};
use crate::outbox::Outbox;

const COLUMNS: [&str; 3] = ["table_name", "operation", "k1"];

/// Rows that were updated and nothing else; of those that were told and not answered nothing is known.
pub(super) fn in_place(
    upload: &mut Upload,
    rules: &Rules,
    sent: &[Outbox],
) -> Result<BTreeSet<(TableId, LocalId)>, Refused> {
    let mut updates_only: BTreeMap<(TableId, LocalId), bool> = BTreeMap::new();
    let whole = |table| COLUMNS.iter().all(|column| has(table, column));
    if upload.table(JOURNAL_TABLE).is_some_and(whole) {
        upload.read::<Refused>(JOURNAL_TABLE, &COLUMNS, |row| {
            if let Some((place, is_update)) = note(rules, row.values) {
                *updates_only.entry(place).or_insert(true) &= is_update;
            }
            Ok(())
        })?;
    }
    for told in sent.iter().flat_map(|sent| &sent.told) {
        if let (Some(table), Ok(id)) = (rules.table(&told.table), told.id()) {
            updates_only.remove(&(table, id));
        }
    }
    Ok(updates_only.into_iter().filter_map(|(place, only)| only.then_some(place)).collect())
}

/// A row, and whether it was updated; `None`: it is no note about a row.
fn note(rules: &Rules, values: Vec<Value>) -> Option<((TableId, LocalId), bool)> {
    let [Value::Text(table), Value::Text(operation), id] = <[Value; 3]>::try_from(values).ok()? else {
        return None;
    };
    let operation = operation.chars().next().and_then(Operation::from_letter)?;
    Some(((rules.table(&table)?, LocalId::of(&id)?), operation == Operation::Update))
}
