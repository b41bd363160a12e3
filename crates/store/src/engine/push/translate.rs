//! A batch as it came over the wire into changes that can be merged. It is hostile input: everything in it is looked at.

use std::collections::{BTreeSet, HashMap, HashSet};

use merge::{Action, Age, Cells, Change, ColumnId, Edit, Kept, Mint as _, OnDelete, TableId, TableRules};
use model::{Gid, Rev, SiteId, Stamp, Value};
use replica::{settled, wire};

use super::{
    strangers::{Hidden, references, unknown},
    taken::{Agreed, taken},
};
use crate::{
    Declined, Device,
    desk::{Desk, Hub},
    engine::forgotten::Forgotten,
};

/// A batch as the hub says it.
pub(super) struct Translated {
    /// One change a change of the batch, in their order.
    pub changes: Vec<Change>,
    pub hidden: Hidden,
}

/// A new row whose identity somebody else's row has gets another one.
///
/// # Errors
/// `Message`: a table or column that the hub does not have, a cell of a wrong kind, a row that is new twice.
pub(super) async fn translate(
    desk: &mut Desk<'_>,
    device: &Device,
    push: &wire::Push,
) -> Result<Translated, Declined> {
    let mut changes = Vec::with_capacity(push.changes.len());
    for (at, sent) in push.changes.iter().enumerate() {
        let change = change(desk.hub, sent, age(push, sent));
        changes.push(change.map_err(|what| Declined::Message(format!("change {at}: {what}")))?);
    }
    check_inserts(&changes)?;
    let tells_people = |change: &Change| desk.hub.pages.tells_people(change.table);
    if changes.iter().any(tells_people) {
        let forgotten = Forgotten::load(desk.db, &desk.hub.rules).await?;
        changes.iter_mut().for_each(|change| forgotten.strip(change));
    }
    let agreed = agreed(desk.hub, push, &changes);
    let unknown = unknown(desk, &device.region, &changes).await?;
    let claimed = unknown.strangers.iter().filter(|(_, gid)| agreed.contains_key(gid)).copied().collect();
    let by = (device.site, &device.region);
    let mut other = taken(desk, by, (&unknown.strangers, &changes, &agreed)).await?;
    other.retain(|row, _| !BTreeSet::contains(&claimed, row));
    for change in &mut changes {
        if let Some(gid) = other.get(&(change.table, change.gid)) {
            change.gid = *gid;
        }
        refer(desk.hub, &other, change);
    }
    let mut mint = desk.mint(device.site);
    let hidden = Hidden::new((&unknown, claimed), &changes, || mint.gid());
    forget_parents(&mut changes);
    stamp(desk, device, push, &mut changes);
    Ok(Translated { changes, hidden })
}

/// A word without a time is one that somebody else wrote, whom the hub forgot.
const fn age(push: &wire::Push, sent: &wire::Change) -> Age {
    match sent.again {
        _ if push.unsure => Age::Unknown,
        None if sent.at.0 > 0 => Age::Known,
        _ => Age::Again,
    }
}

fn change(hub: &Hub, sent: &wire::Change, age: Age) -> Result<Change, String> {
    let table = hub.rules.table(&sent.table).filter(|table| hub.rules[*table].kept == Kept::Merged);
    let table = table.ok_or_else(|| format!("the hub has no table `{}`", shown(&sent.table)))?;
    let rule = &hub.rules[table];
    let (age, action) = match (&sent.insert, &sent.update, &sent.delete) {
        (Some(cells), None, None) => (age, insert(rule, cells)?),
        (None, Some(cells), None) => (age, update(rule, cells)?),
        (None, None, Some(delete)) => (Age::Known, Action::Delete { with: delete.with.map(Gid::from_uuid) }),
        _ => return Err("a row is either inserted, updated or deleted".to_owned()),
    };
    let stamp = Stamp { wall_ms: 0, counter: 0, site: SiteId::HUB };
    Ok(Change { table, gid: sent.gid(), stamp, base: Rev(sent.base.max(0)), age, action })
}

fn insert(rule: &TableRules, sent: &wire::Cells) -> Result<Action, String> {
    let mut cells: Cells = vec![None; rule.columns.len()];
    for (name, cell) in sent {
        let (column, value) = value(rule, name, cell)?;
        cells[column.0] = Some(value);
    }
    let lacks = |column: &ColumnId| cells[column.0].is_none() && rule[*column].not_null;
    match rule.references().map(|(column, _)| column).find(lacks) {
        Some(column) => Err(format!("`{}.{}` is needed", rule.name, rule[column].name)),
        None => Ok(Action::Insert(cells)),
    }
}

/// What rows that are told again said when site and hub last agreed on them.
fn agreed(hub: &Hub, push: &wire::Push, changes: &[Change]) -> Agreed {
    let told = changes.iter().zip(&push.changes);
    let agreed = told.filter_map(|(change, sent)| {
        let (Action::Insert(cells), Some(again)) = (&change.action, &sent.again) else { return None };
        let (rule, mut cells) = (&hub.rules[change.table], cells.clone());
        // What the hub cannot hold it never said.
        for (column, said) in again.iter().filter_map(|(name, cell)| value(rule, name, cell).ok()) {
            cells[column.0] = Some(said);
        }
        Some((change.gid, cells))
    });
    agreed.collect()
}

fn update(rule: &TableRules, sent: &wire::Cells) -> Result<Action, String> {
    let edit = |(name, cell): (&String, &wire::Cell)| {
        let (column, value) = value(rule, name, cell)?;
        Ok(Edit { column, base: None, value })
    };
    Ok(Action::Update(sent.iter().map(edit).collect::<Result<_, String>>()?))
}

/// A cell as a file's would be read.
fn value(rule: &TableRules, name: &str, wire::Cell(value): &wire::Cell) -> Result<(ColumnId, Value), String> {
    let column = rule.column(name);
    let column = column.ok_or_else(|| format!("the hub has no column `{}.{}`", rule.name, shown(name)))?;
    let column_rule = &rule[column];
    if wire::size(value) > wire::CELL_BYTES_MAX {
        return Err(format!("`{}.{name}` is too long", rule.name));
    }
    match (value, column_rule.reference) {
        (Value::Null, Some(to)) if column_rule.not_null || to.on_delete == OnDelete::Cascade => {
            Err(format!("`{}.{name}` is needed", rule.name))
        }
        (Value::Null | Value::Uuid(_), Some(_)) => Ok((column, value.clone())),
        (_, Some(_)) => Err(format!("`{}.{name}` names a row by its gid", rule.name)),
        (Value::Uuid(_), None) => Err(format!("`{}.{name}` names no row", rule.name)),
        (Value::Null | Value::Int(_) | Value::Real(_) | Value::Text(_) | Value::Bytes(_), None) => {
            Ok((column, settled(column_rule.data_type, value.clone())))
        }
        _ => Err(format!("`{}.{name}` cannot hold this", rule.name)),
    }
}

/// A name from outside, for people.
fn shown(name: &str) -> String {
    crate::sites::visible(name)
}

fn check_inserts(changes: &[Change]) -> Result<(), Declined> {
    let mut new = HashSet::new();
    for change in changes {
        if matches!(change.action, Action::Insert(_)) && !new.insert(change.gid) {
            return Err(Declined::Message(format!("the row {} is new twice", change.gid)));
        }
    }
    Ok(())
}

/// Lets the change refer to other rows.
fn refer(hub: &Hub, other: &HashMap<(TableId, Gid), Gid>, change: &mut Change) {
    if other.is_empty() {
        return;
    }
    for (to, cell) in references(&hub.rules, change) {
        if let Some(gid) = Gid::of(cell).and_then(|gid| other.get(&(to, gid))) {
            *cell = (*gid).into();
        }
    }
}

/// A row can only have gone with a row that goes in the same batch.
fn forget_parents(changes: &mut [Change]) {
    let gone: HashSet<Gid> = changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete { .. }))
        .map(|change| change.gid)
        .collect();
    for change in changes {
        if let Action::Delete { with } = &mut change.action {
            *with = with.filter(|parent| gone.contains(parent) && *parent != change.gid);
        }
    }
}

/// Stamps as the office gave them; those from the future are pulled to our time, in their order.
fn stamp(desk: &mut Desk<'_>, device: &Device, push: &wire::Push, changes: &mut [Change]) {
    let mut order: Vec<usize> = (0..changes.len()).collect();
    order.sort_by_key(|at| push.changes[*at].at);
    for at in order {
        let (wall_ms, counter) = push.changes[at].at;
        let stamp = Stamp { wall_ms: wall_ms.max(0), counter, site: device.site };
        changes[at].stamp = desk.meta.observe(stamp, desk.now_ms);
    }
}
