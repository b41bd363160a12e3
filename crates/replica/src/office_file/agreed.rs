//! What an agent left in a file: the rows that the file and the hub last agreed on.

use std::collections::{BTreeMap, HashMap, HashSet};

use database::untrusted::Upload;
use merge::{Cells, Kept, LocalId, Rules, ShadowRow, TableId};
use model::{Gid, Rev, Uuid, Value};

use super::{Refused, read::has};
use crate::codec::Stored as _;

const STATE: &str = "denk_state";
const SHADOW: &str = "denk_shadow";
const STATE_COLUMNS: [&str; 2] = ["name", "value"];
const SHADOW_COLUMNS: [&str; 5] = ["table_name", "id", "gid", "rev", "cells"];

/// What file and hub last agreed on, as the file says. Nothing of it has been checked with the hub.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreed {
    /// The hub's own name.
    pub hub: String,
    pub site: u32,
    /// The file had everything up to here.
    pub cursor: i64,
    /// **Order**: ids and gids are there once; ids ascend.
    pub rows: BTreeMap<TableId, Vec<ShadowRow>>,
}

/// `None`: there is nothing of an agent in the file, or nothing that can be believed.
pub(super) fn read(upload: &mut Upload, rules: &Rules) -> Result<Option<Agreed>, Refused> {
    let tables = [(STATE, &STATE_COLUMNS[..]), (SHADOW, &SHADOW_COLUMNS[..])];
    let whole = tables.iter().all(|(name, columns)| {
        upload.table(name).is_some_and(|table| columns.iter().all(|column| has(table, column)))
    });
    if !whole {
        return Ok(None);
    }
    let state = state(upload)?;
    let text = |name: &str| state.get(name)?.as_str().map(str::to_owned);
    let number = |name: &str| state.get(name)?.as_i64();
    let site = number("site").and_then(|site| u32::try_from(site).ok());
    let (Some(hub), Some(site), Some(cursor)) = (text("hub"), site, number("cursor")) else {
        return Ok(None);
    };
    Ok(Some(Agreed { hub, site, cursor, rows: rows(upload, rules)? }))
}

fn state(upload: &mut Upload) -> Result<HashMap<String, serde_json::Value>, Refused> {
    let mut state = HashMap::new();
    upload.read::<Refused>(STATE, &STATE_COLUMNS, |row| {
        if let Ok([Value::Text(name), Value::Text(value)]) = <[Value; 2]>::try_from(row.values)
            && let Ok(value) = serde_json::from_str(&value)
        {
            state.insert(name, value);
        }
        Ok(())
    })?;
    Ok(state)
}

fn rows(upload: &mut Upload, rules: &Rules) -> Result<BTreeMap<TableId, Vec<ShadowRow>>, Refused> {
    let mut rows: BTreeMap<TableId, Vec<ShadowRow>> = BTreeMap::new();
    let mut gids = HashSet::new();
    upload.read::<Refused>(SHADOW, &SHADOW_COLUMNS, |row| {
        if let Some((table, row)) = agreed(rules, row.values)
            && gids.insert(row.gid)
        {
            rows.entry(table).or_default().push(row);
        }
        Ok(())
    })?;
    for rows in rows.values_mut() {
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        rows.dedup_by(|a, b| a.id == b.id);
    }
    Ok(rows)
}

/// `None`: it is no row of a shadow.
fn agreed(rules: &Rules, values: Vec<Value>) -> Option<(TableId, ShadowRow)> {
    let [Value::Text(table), Value::Text(id), gid, Value::Int(rev), Value::Bytes(cells)] =
        <[Value; 5]>::try_from(values).ok()?
    else {
        return None;
    };
    let table = rules.table(&table).filter(|table| rules[*table].kept == Kept::Merged)?;
    let id = if rules[table].text_key { LocalId::Text(id) } else { LocalId::Int(id.parse().ok()?) };
    let gid = match gid {
        Value::Text(text) => text.parse().ok()?,
        Value::Bytes(bytes) => Uuid::from_slice(&bytes).ok()?,
        _ => return None,
    };
    let cells = fitting(rules, table, Cells::decode(&cells).ok()?)?;
    Some((table, ShadowRow { id, gid: Gid::from_uuid(gid), rev: Rev(rev.max(0)), cells }))
}

/// Cells of as many columns as there are, with gids where rows are named and nowhere else.
fn fitting(rules: &Rules, table: TableId, mut cells: Cells) -> Option<Cells> {
    cells.resize(rules[table].columns.len(), None);
    let fits = rules[table].columns.iter().zip(&cells).all(|(column, cell)| match cell {
        None | Some(Value::Null) => true,
        Some(Value::Uuid(_)) => column.reference.is_some(),
        Some(_) => column.reference.is_none(),
    });
    fits.then_some(cells)
}
