//! What an agent left in a file: the rows that the file and the hub last agreed on.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use database::untrusted::Upload;
use merge::{Cells, Kept, LocalId, Rules, ShadowRow, TableId};
use model::{Gid, Rev, Uuid, Value};

use super::{Refused, noted, read::has};
use crate::{
    codec::{Garbled, Stored as _},
    naming::Naming,
    outbox::{Outbox, Outcomes, Told},
    wire::{self, End, Fate},
};

const STATE: &str = "denk_state";
const SHADOW: &str = "denk_shadow";
const OUTBOX: &str = "denk_outbox";
const STATE_COLUMNS: [&str; 2] = ["name", "value"];
const SHADOW_COLUMNS: [&str; 5] = ["table_name", "id", "gid", "rev", "cells"];
const OUTBOX_COLUMNS: [&str; 3] = ["number", "push", "told"];
/// Most bytes of a batch, unpacked.
const OUTBOX_BYTES_MAX: usize = wire::BYTES_MAX * 4;

/// The rev of a row of which a restored hub may have lost something, as its agent marked it.
pub const SUSPECT: Rev = Rev(-1);

/// What file and hub last agreed on, as the file says. Nothing of it has been checked with the hub.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agreed {
    /// The hub's own name.
    pub hub: String,
    pub site: u32,
    /// The file had everything up to here.
    pub cursor: i64,
    /// Of the hub's history up to there.
    pub mark: Option<String>,
    /// The agent has heard that the hub is a restored one, which had heard the file up to here, and has not yet pulled, or told
    /// again, everything: what the file has of later than this the hub has lost, or has from others.
    pub behind: Option<i64>,
    /// **Order**: ids and gids are there once; ids ascend. Revs may be [`SUSPECT`].
    pub rows: BTreeMap<TableId, Vec<ShadowRow>>,
    /// Batches that were sent, and of which the file does not know the answer.
    pub sent: Vec<Outbox>,
    /// How rows are named that neither knows.
    pub naming: Option<Naming>,
    /// Rows that were updated in place since, and nothing else.
    pub in_place: BTreeSet<(TableId, LocalId)>,
}

impl Agreed {
    /// Takes over what became of a batch that was sent.
    ///
    /// # Errors
    /// The batch was not written by an agent, or these are no fates of its changes; then nothing is taken over.
    pub fn settle(&mut self, rules: &Rules, sent: &Outbox, fates: &[Fate]) -> Result<(), Garbled> {
        let outcomes = Outcomes::of(&sent.push.changes, fates)?;
        let settled: Vec<Settled> =
            sent.told.iter().map(|told| settled(rules, &outcomes, told)).collect::<Result<_, _>>()?;
        for (table, gid, row) in settled.into_iter().flatten() {
            let rows = self.rows.entry(table).or_default();
            // Which row stood there before, stands there no longer.
            let before = rows.iter().position(|known| known.gid == gid);
            let before = before.map(|at| rows.remove(at));
            if let Some(row) = row {
                let rev = before.map_or(Rev(0), |before| before.rev).max(row.rev);
                let at = rows.binary_search_by(|known| known.id.cmp(&row.id));
                let row = ShadowRow { rev, ..row };
                match at {
                    Ok(at) => rows[at] = row,
                    Err(at) => rows.insert(at, row),
                }
            }
        }
        Ok(())
    }
}

/// A row by the identity that it was known by, and as it is agreed on now: `None`: it is gone.
type Settled = Option<(TableId, Gid, Option<ShadowRow>)>;

fn settled(rules: &Rules, outcomes: &Outcomes, told: &Told) -> Result<Settled, Garbled> {
    let Some(table) = rules.table(&told.table).filter(|table| rules[*table].kept == Kept::Merged) else {
        return Ok(None);
    };
    let (outcome, id) = (outcomes.get(told.gid()), told.id()?);
    let row = match told.cells()? {
        _ if outcome.end == End::Refused => return Ok(None),
        None if outcome.end == End::Kept => return Ok(None),
        None => None,
        Some(cells) => {
            let Some(mut cells) = fitting(rules, table, cells) else { return Ok(None) };
            outcomes.rename(rules, table, &mut cells);
            let rev = if outcome.end == End::Taken { Rev(outcome.rev) } else { Rev(0) };
            Some(ShadowRow { id, gid: outcome.gid.unwrap_or_else(|| told.gid()), rev, cells })
        }
    };
    Ok(Some((table, told.gid(), row)))
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
    let behind = ["behind", "retelling"].into_iter().filter_map(number).min();
    let nonce = state.get("nonce").and_then(|nonce| serde_json::from_value(nonce.clone()).ok());
    let (rows, sent) = (rows(upload, rules)?, sent(upload)?);
    let naming = nonce.and_then(|nonce| Naming::new(nonce, &sent).ok());
    let mark = text("mark");
    // In doubt the notes may lack something.
    let doubt = state.get("doubt").is_some_and(|doubt| *doubt != serde_json::Value::Bool(false));
    let in_place = if doubt { BTreeSet::new() } else { noted::in_place(upload, rules, &sent)? };
    Ok(Some(Agreed { hub, site, cursor, mark, behind, rows, sent, naming, in_place }))
}

fn sent(upload: &mut Upload) -> Result<Vec<Outbox>, Refused> {
    let mut sent = Vec::new();
    let whole = |table| OUTBOX_COLUMNS.iter().all(|column| has(table, column));
    if !upload.table(OUTBOX).is_some_and(whole) {
        return Ok(sent);
    }
    upload.read::<Refused>(OUTBOX, &OUTBOX_COLUMNS, |row| {
        // Of two the later takes the other's place; a third is of no number.
        if sent.len() < 3
            && let Ok([_, Value::Bytes(push), Value::Bytes(told)]) = <[Value; 3]>::try_from(row.values)
            && let Ok(push) = wire::unpack(&push, OUTBOX_BYTES_MAX)
            && let Ok(told) = wire::unpack(&told, OUTBOX_BYTES_MAX)
        {
            sent.push(Outbox { push, told });
        }
        Ok(())
    })?;
    Ok(sent)
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
    Some((table, ShadowRow { id, gid: Gid::from_uuid(gid), rev: Rev(rev).max(SUSPECT), cells }))
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
