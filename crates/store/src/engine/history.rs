//! What is remembered of every change: what was before, what did not stand, and when a region last changed.

use std::collections::BTreeSet;

use merge::{Cells, Change, Conflict, Outcome, Owner, Scope, Side, Stored, TableId, TableRules, Written};
use model::{Rev, Stamp, Value};
use replica::codec::Stored as _;
use serde_json::{Map, Value as Json};

use crate::{
    ConflictState, Result,
    desk::{Desk, Hub},
    query::{maybe, text},
    shape::{CONFLICTS, LOG, REGIONS},
};

pub(super) async fn write(
    desk: &mut Desk<'_>,
    changes: &[Change],
    outcomes: &[(Rev, Outcome)],
    scope: &Scope,
) -> Result<()> {
    let hub = desk.hub;
    let (mut log, mut conflicts, mut regions) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (change, (rev, outcome)) in changes.iter().zip(outcomes) {
        for written in &outcome.written {
            let region = region_of(hub, scope, written.after.table, &written.after.cells);
            log.push(line(hub, desk.now_ms, (*rev, change.stamp), written, region.clone()));
            regions.extend(region);
        }
        for conflict in &outcome.conflicts {
            let row = scope.row(scope.today(conflict.gid));
            let region = row.and_then(|row| region_of(hub, scope, row.table, &row.cells));
            let id = desk.meta.next_serial();
            conflicts.push(kept(hub, id, desk.now_ms, conflict, region));
        }
    }
    desk.db.add(LOG, &log).await?;
    desk.db.add(CONFLICTS, &conflicts).await?;
    let at = Value::Int(desk.now_ms);
    let regions: Vec<_> = regions.into_iter().map(|region| vec![text(region), at.clone()]).collect();
    desk.db.put(REGIONS, &regions).await
}

fn region_of(hub: &Hub, scope: &Scope, table: TableId, cells: &Cells) -> Option<String> {
    match scope.owner(&hub.rules, table, cells) {
        Owner::Region(region) => Some(region),
        Owner::Shared | Owner::Nobody => None,
    }
}

fn line(
    hub: &Hub,
    now_ms: i64,
    (rev, stamp): (Rev, Stamp),
    written: &Written,
    region: Option<String>,
) -> Vec<Value> {
    let rules = &hub.rules[written.after.table];
    let before = written.before.as_ref().map(|row| object(rules, &row.cells));
    vec![
        Value::Int(rev.0),
        written.after.gid.into(),
        text(&rules.name),
        Value::Int(i64::from(stamp.site.0)),
        text(stamp.to_string()),
        Value::Int(now_ms),
        text(action(written)),
        maybe(region),
        maybe(before),
        text(object(rules, &written.after.cells)),
    ]
}

fn action(written: &Written) -> &'static str {
    let lived = written.before.as_ref().map(Stored::lives);
    match (lived, written.after.lives()) {
        (None, _) => "insert",
        (Some(true), false) => "delete",
        (Some(false), true) => "revive",
        _ => "update",
    }
}

fn kept(hub: &Hub, id: i64, now_ms: i64, conflict: &Conflict, region: Option<String>) -> Vec<Value> {
    let rules = &hub.rules[conflict.table];
    let value = |side: &Side| maybe(side.value.as_ref().map(|value| json(value).to_string()));
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
    ]
}

/// Columns by name; what is unknown is left out.
pub(super) fn object(rules: &TableRules, cells: &Cells) -> String {
    let known = rules
        .columns
        .iter()
        .zip(cells)
        .filter_map(|(column, cell)| Some((column.name.clone(), json(cell.as_ref()?))));
    Json::Object(known.collect::<Map<_, _>>()).to_string()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => (*truth).into(),
        Value::Int(number) => (*number).into(),
        Value::Real(number) if number.is_finite() => (*number).into(),
        other => other.to_string().into(),
    }
}
