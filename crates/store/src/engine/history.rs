//! What is remembered of every change: what was before, what did not stand, and when the PCs of a region last wrote.

use std::collections::{BTreeMap, BTreeSet};

use merge::{Cells, Conflict, Outcome, Owner, Region, Scope, Side, Stored, TableRules, Written};
use model::{Gid, Rev, SiteId, Stamp, Value};
use replica::codec::Stored as _;
use serde::{Serialize, Serializer};

use super::batches;
use crate::{
    ConflictState, Result,
    deed::Deed,
    desk::{Desk, Hub},
    query::{maybe, number, text},
    shape::{CONFLICTS, LOG, REGIONS},
    sites,
};

pub(super) async fn write(
    desk: &mut Desk<'_>,
    outcomes: &[(Stamp, Rev, Outcome)],
    scope: &Scope,
) -> Result<()> {
    let hub = desk.hub;
    let (mut log, mut conflicts, mut regions) = (Vec::new(), Vec::new(), BTreeSet::new());
    let mut shared = false;
    for (stamp, rev, outcome) in outcomes {
        for written in &outcome.written {
            let owner = scope.owner(&hub.rules, written.after.table, &written.after.cells);
            let before = written.before.as_ref();
            let before = before.map(|row| scope.owner(&hub.rules, row.table, &row.cells));
            log.push(line(hub, (desk.now_ms, desk.batch), (*rev, *stamp), written, region(owner.clone())));
            batches::count(&mut desk.wrote, written, region(owner.clone()));
            // Whose the row no longer is has to hear of it as well.
            for owner in before.into_iter().chain([owner]) {
                shared |= owner == Owner::Shared;
                regions.extend(region(owner));
            }
        }
        for conflict in &outcome.conflicts {
            let row = scope.row(scope.today(conflict.gid));
            let region = row.and_then(|row| region(scope.owner(&hub.rules, row.table, &row.cells)));
            let id = desk.meta.next_serial();
            conflicts.push(kept(hub, id, desk.now_ms, conflict, region));
        }
    }
    desk.db.add(LOG, &log).await?;
    desk.db.add(CONFLICTS, &conflicts).await?;
    if shared {
        desk.meta.shared = desk.meta.rev;
    }
    let site = outcomes.first().map(|(stamp, ..)| stamp.site);
    note_regions(desk, site, regions).await
}

/// Notes in which regions something changed, and of that of the site that its own PCs wrote: what headquarters does is no
/// word of them.
async fn note_regions(desk: &mut Desk<'_>, site: Option<SiteId>, regions: BTreeSet<String>) -> Result<()> {
    if regions.is_empty() {
        return Ok(());
    }
    let site = site.map_or(0, |site| i64::from(site.0));
    let own = sites::device_of(desk.db, site).await?.map(|device| device.region);
    let known = desk.db.find_any(REGIONS, &[], "region", regions.iter().map(text)).await?;
    let mut entries = BTreeMap::new();
    for row in known {
        entries.insert(row.text(0)?.to_owned(), row.int_or_none(1)?);
    }
    let rows = regions.into_iter().map(|region| {
        let is_own = own.as_ref().is_some_and(|own| *own == Region::new(&region));
        let before = entries.get(&region).copied().flatten();
        let entry = if is_own { Some(desk.now_ms) } else { before };
        vec![text(region), number(entry), Value::Int(desk.meta.rev.0)]
    });
    desk.db.put(REGIONS, &rows.collect::<Vec<_>>()).await
}

/// Tells who listens that there is something to ask for, also where no row of the region changed since a rev.
pub(super) async fn announce(desk: &mut Desk<'_>, region: &Region, since: Rev) -> Result<()> {
    let Region::Named(name) = region else {
        if desk.meta.rev == since {
            desk.meta.next_rev();
        }
        return Ok(());
    };
    let known = desk.db.find(REGIONS, &[("region", text(name))]).await?;
    let (changed, told) = match known.first() {
        Some(row) => (row.int_or_none(1)?, row.int_or_none(2)?),
        None => (None, None),
    };
    if told.is_some_and(|told| told > since.0) {
        return Ok(());
    }
    let row = vec![text(name), number(changed), Value::Int(desk.meta.next_rev().0)];
    desk.db.put(REGIONS, &[row]).await
}

fn region(owner: Owner) -> Option<String> {
    match owner {
        Owner::Region(region) => Some(region),
        Owner::Shared | Owner::Nobody => None,
    }
}

fn line(
    hub: &Hub,
    (now_ms, batch): (i64, i64),
    (rev, stamp): (Rev, Stamp),
    written: &Written,
    region: Option<String>,
) -> Vec<Value> {
    let rules = &hub.rules[written.after.table];
    let before = written.before.as_ref().map(|row| &row.cells);
    let exact = before.filter(|cells| !is_plain(rules, cells)).map(replica::codec::Stored::encode);
    vec![
        Value::Int(rev.0),
        written.after.gid.into(),
        text(&rules.name),
        Value::Int(i64::from(stamp.site.0)),
        text(stamp.to_string()),
        Value::Int(now_ms),
        text(deed(written).word()),
        maybe(region),
        maybe(before.map(|cells| object(rules, cells))),
        text(object(rules, &written.after.cells)),
        Value::Int(batch),
        exact.map_or(Value::Null, Value::Bytes),
    ]
}

/// Whether what [`object`] writes tells these cells exactly.
fn is_plain(rules: &TableRules, cells: &Cells) -> bool {
    rules.columns.iter().zip(cells).all(|(column, cell)| match cell {
        None | Some(Value::Null | Value::Int(_)) => true,
        Some(Value::Uuid(_)) => column.reference.is_some(),
        // What refers is read as an identity.
        Some(Value::Text(text)) => column.reference.is_none() || text.parse::<Gid>().is_err(),
        Some(Value::Real(number)) => number.is_finite() && (*number != 0.0 || number.is_sign_positive()),
        Some(_) => false,
    })
}

/// The cells of a line of the history: what [`object`] has written, or exactly.
pub(super) fn cells(rules: &TableRules, object: &serde_json::Value, exact: &[u8]) -> Result<Cells> {
    if !exact.is_empty() {
        let mut cells = Cells::decode(exact)?;
        cells.resize(rules.columns.len(), None);
        return Ok(cells);
    }
    let columns = rules.columns.iter();
    Ok(columns.map(|column| Some(value(column.reference.is_some(), object.get(&column.name)?))).collect())
}

fn value(refers: bool, json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::String(text) => match text.parse::<Gid>() {
            Ok(gid) if refers => gid.into(),
            _ => Value::Text(text.clone()),
        },
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(real)) => Value::Real(real),
            (None, None) => Value::Text(number.to_string()),
        },
        other => Value::Text(other.to_string()),
    }
}

pub(super) fn deed(written: &Written) -> Deed {
    let lived = written.before.as_deref().map(Stored::lives);
    match (lived, written.after.lives()) {
        (None, true) => Deed::Insert,
        // It needs a row that was deleted.
        (None, false) => Deed::Refused,
        (Some(true), false) => Deed::Delete,
        (Some(false), true) => Deed::Revive,
        _ => Deed::Update,
    }
}

fn kept(hub: &Hub, id: i64, now_ms: i64, conflict: &Conflict, region: Option<String>) -> Vec<Value> {
    let rules = &hub.rules[conflict.table];
    let value = |side: &Side| maybe(side.value.as_ref().map(|value| json(&Shown(value))));
    vec![
        Value::Int(id),
        text(&rules.name),
        conflict.gid.into(),
        maybe(conflict.column.map(|column| rules[column].name.clone())),
        value(&conflict.winner),
        text(conflict.winner.stamp.to_string()),
        value(&conflict.loser),
        text(conflict.loser.stamp.to_string()),
        maybe(region),
        Value::Int(i64::from(conflict.open)),
        Value::Int(conflict.at.0),
        Value::Int(now_ms),
        Value::Bytes(vec![conflict.loser.value.clone()].encode()),
        text(ConflictState::New.word()),
        Value::Null,
        Value::Null,
        Value::Null,
        Value::Null,
    ]
}

/// Columns by name; what is unknown is left out.
pub(super) fn object(rules: &TableRules, cells: &Cells) -> String {
    json(&Object(rules, cells))
}

/// As [`object`], to be told on.
pub(super) fn json_of(rules: &TableRules, cells: &Cells) -> serde_json::Value {
    serde_json::to_value(Object(rules, cells)).unwrap_or_default()
}

fn json(shown: &impl Serialize) -> String {
    #[expect(clippy::expect_used, reason = "memory takes everything, and every name is a text")]
    serde_json::to_string(shown).expect("values can be written as JSON")
}

struct Object<'a>(&'a TableRules, &'a Cells);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let cells = self.0.columns.iter().zip(self.1);
        to.collect_map(cells.filter_map(|(column, cell)| Some((&column.name, Shown(cell.as_ref()?)))))
    }
}

/// A value as people read it; one that nobody filled is empty.
pub(crate) fn shown(value: Option<&Value>) -> serde_json::Value {
    value.and_then(|value| serde_json::to_value(Shown(value)).ok()).unwrap_or_default()
}

/// A value as people read it.
struct Shown<'a>(&'a Value);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => to.serialize_unit(),
            Value::Bool(truth) => to.serialize_bool(*truth),
            Value::Int(number) => to.serialize_i64(*number),
            Value::Real(number) if number.is_finite() => to.serialize_f64(*number),
            Value::Text(text) => to.serialize_str(text),
            other => to.collect_str(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_json_has_them() {
        let shown = |value| json(&Shown(&value));
        assert_eq!(shown(Value::Null), "null");
        assert_eq!(shown(Value::Int(i64::MIN)), i64::MIN.to_string());
        assert_eq!(shown(Value::Real(1.0)), "1.0");
        assert_eq!(shown(Value::Real(f64::NAN)), "\"NaN\"");
        assert_eq!(shown(Value::Text("\"ı\n".into())), r#""\"ı\n""#);
        assert_eq!(shown(Value::Uuid(model::Uuid::nil())), format!("\"{}\"", model::Uuid::nil()));
    }
}
