//! Rows of the hub, from its tables and back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use merge::{
    Cause, Cells, Change, ColumnId, Dead, LocalId, Mark, Rules, Scope, ShadowRow, Stored, TableId, Want,
    Written, natural_key,
};
use model::{Gid, Rev, Value};
use replica::codec::Stored as _;

use crate::{
    Error, Result,
    desk::Made,
    query::{Db, Row, number, text},
    shape::{BECAME, FALLEN, NAMES, REFERS, ROWS},
};

/// More rounds than tables can lie behind each other.
const ROUNDS_MAX: usize = 100;
/// From here on a whole table is read instead of single rows.
const SINGLE_MAX: usize = 5_000;

/// Loads what the changes touch. `new`: rows that were made up for these changes, so nothing of them can be there.
pub(super) async fn load(
    db: &mut Db,
    rules: &Rules,
    scope: &mut Scope,
    changes: &[Change],
    new: &Made,
) -> Result<()> {
    for _ in 0..ROUNDS_MAX {
        let wants = scope.wants(rules, changes);
        if wants.is_empty() {
            return Ok(());
        }
        supply(db, rules, scope, wants, new).await?;
    }
    Err(Error::Broken("the search for the rows of a batch does not end"))
}

async fn supply(db: &mut Db, rules: &Rules, scope: &mut Scope, wants: Vec<Want>, new: &Made) -> Result<()> {
    let mut asked = Asked::default();
    for want in &wants {
        asked.add(want, new);
    }
    let mut pointers: BTreeMap<TableId, BTreeSet<Gid>> = asked.rows;
    for (table, column, values) in [(REFERS, "to_gid", asked.referring), (FALLEN, "of_gid", asked.fallen)] {
        for row in db.find_any(table, &[], column, values).await? {
            point(rules, &mut pointers, row.text(1)?, Gid::from_uuid(row.uuid(2)?))?;
        }
    }
    for (table, names) in asked.named {
        let name = &rules[table].name;
        for row in db
            .find_any(NAMES, &[("table_name", text(name))], "name", names.into_iter().map(Value::Text))
            .await?
        {
            pointers.entry(table).or_default().insert(Gid::from_uuid(row.uuid(2)?));
        }
    }
    let mut found = Vec::new();
    for (table, gids) in pointers {
        let unknown: Vec<Gid> = gids.into_iter().filter(|gid| scope.row(*gid).is_none()).collect();
        found.extend(rows_of(db, rules, table, &unknown).await?);
    }
    let mut wants = wants.into_iter();
    if let Some(first) = wants.next() {
        scope.supply(rules, first, found);
    }
    wants.for_each(|want| scope.supply(rules, want, []));
    Ok(())
}

/// What a round asks for, sorted by where it stands.
#[derive(Default)]
struct Asked {
    rows: BTreeMap<TableId, BTreeSet<Gid>>,
    referring: Vec<Value>,
    fallen: Vec<Value>,
    named: BTreeMap<TableId, BTreeSet<String>>,
}

impl Asked {
    fn add(&mut self, want: &Want, new: &Made) {
        match want {
            Want::Row(_, gid) | Want::Referring(_, gid) | Want::Fallen(gid) if new.is_new(*gid) => {}
            Want::Row(table, gid) => _ = self.rows.entry(*table).or_default().insert(*gid),
            Want::Referring(_, gid) => self.referring.push((*gid).into()),
            Want::Fallen(gid) => self.fallen.push((*gid).into()),
            Want::Named(table, key) => _ = self.named.entry(*table).or_default().insert(name_of(key)),
        }
    }
}

fn point(rules: &Rules, to: &mut BTreeMap<TableId, BTreeSet<Gid>>, table: &str, gid: Gid) -> Result<()> {
    let table =
        rules.table(table).ok_or(Error::Broken("the store names a table that the preset does not have"))?;
    to.entry(table).or_default().insert(gid);
    Ok(())
}

/// The rows of these identities that are there, living or dead.
pub(crate) async fn rows_of(db: &mut Db, rules: &Rules, table: TableId, gids: &[Gid]) -> Result<Vec<Stored>> {
    if gids.is_empty() {
        return Ok(Vec::new());
    }
    let name = ("table_name", text(&rules[table].name));
    if gids.len() > SINGLE_MAX {
        let wanted: HashSet<Gid> = gids.iter().copied().collect();
        let all = db.find(ROWS, &[name]).await?;
        let all = all.iter().map(|row| stored(rules, table, row));
        return all.filter(|row| row.as_ref().map_or(true, |row| wanted.contains(&row.gid))).collect();
    }
    let found = db.find_any(ROWS, &[name], "gid", gids.iter().map(|gid| (*gid).into())).await?;
    found.iter().map(|row| stored(rules, table, row)).collect()
}

/// Places of `gid`, `rev` and `cells` in [`ROWS`].
const CONTENT: [usize; 3] = [1, 2, 8];

/// All living rows of a table, by gid; nothing calls them by an id yet.
pub(super) async fn living(db: &mut Db, rules: &Rules, table: TableId) -> Result<Vec<ShadowRow>> {
    let with = [("table_name", text(&rules[table].name))];
    let content = |row: Row| {
        let cells = cells(rules, table, row.bytes(2)?)?;
        Ok(ShadowRow { id: LocalId::Int(0), gid: Gid::from_uuid(row.uuid(0)?), rev: Rev(row.int(1)?), cells })
    };
    let mut rows = db.each(ROWS, (&with, Some("dead")), &CONTENT, content).await?;
    rows.sort_unstable_by_key(|row| row.gid);
    Ok(rows)
}

/// Living rows that bear one of these names.
pub(super) async fn bearers(
    db: &mut Db,
    rules: &Rules,
    table: TableId,
    names: BTreeSet<String>,
) -> Result<Vec<ShadowRow>> {
    let with = [("table_name", text(&rules[table].name))];
    let found = db.find_any(NAMES, &with, "name", names.into_iter().map(Value::Text)).await?;
    let gids: Vec<Gid> = found.iter().map(|row| Ok(Gid::from_uuid(row.uuid(2)?))).collect::<Result<_>>()?;
    let rows = rows_of(db, rules, table, &gids).await?;
    Ok(rows.into_iter().filter(Stored::lives).map(|row| as_shadow(LocalId::Int(0), row)).collect())
}

pub(super) fn as_shadow(id: LocalId, row: Stored) -> ShadowRow {
    ShadowRow { id, gid: row.gid, rev: row.rev, cells: row.cells }
}

/// Rows that go on as another, each with that one.
pub(super) async fn became(db: &mut Db) -> Result<HashMap<Gid, Gid>> {
    let rows = db.find(BECAME, &[]).await?;
    rows.iter().map(|row| Ok((Gid::from_uuid(row.uuid(0)?), Gid::from_uuid(row.uuid(1)?)))).collect()
}

/// The row that goes by this identity today.
pub(super) fn today(became: &HashMap<Gid, Gid>, mut gid: Gid) -> Gid {
    while let Some(next) = became.get(&gid) {
        gid = *next;
    }
    gid
}

/// A natural key in bounded length. Equal keys have equal names.
pub(super) fn name_of(key: &[Value]) -> String {
    let mut hasher = blake3::Hasher::new();
    for value in key {
        let text = value.to_string();
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// **Shape**: a column that was added to the preset later is unknown in rows from before.
fn stored(rules: &Rules, table: TableId, row: &Row) -> Result<Stored> {
    let columns = rules[table].columns.len();
    let born = stamp(row.text(3)?)?;
    let cells = cells(rules, table, row.bytes(8)?)?;
    let mut marks = Vec::<Mark>::decode(row.bytes(9)?)?;
    marks.resize(columns, Mark { stamp: born, rev: Rev(0), headquarters: false, emptied: None });
    Ok(Stored {
        table,
        gid: Gid::from_uuid(row.uuid(1)?),
        cells,
        marks,
        born,
        rev: Rev(row.int(2)?),
        dead: dead(row)?,
        heard: BTreeMap::decode(row.bytes(10)?)?,
    })
}

fn cells(rules: &Rules, table: TableId, bytes: &[u8]) -> Result<Cells> {
    let mut cells = Cells::decode(bytes)?;
    cells.resize(rules[table].columns.len(), None);
    Ok(cells)
}

fn dead(row: &Row) -> Result<Option<Dead>> {
    let Some(at) = row.text_or_none(4)? else { return Ok(None) };
    let of = || row.uuid(7).map(Gid::from_uuid);
    let cause = match row.text(6)? {
        "with" => Cause::With(of()?),
        "became" => Cause::Became(of()?),
        _ => Cause::Deleted,
    };
    Ok(Some(Dead { stamp: stamp(at)?, rev: Rev(row.int(5)?), cause }))
}

fn stamp(text: &str) -> Result<model::Stamp> {
    text.parse().map_err(|_| Error::Broken("a stamp of the store cannot be read"))
}

fn row(rules: &Rules, row: &Stored) -> Vec<Value> {
    let (cause, of) = match row.dead.map(|dead| dead.cause) {
        None => (Value::Null, Value::Null),
        Some(Cause::Deleted) => (text("deleted"), Value::Null),
        Some(Cause::With(gid)) => (text("with"), gid.into()),
        Some(Cause::Became(gid)) => (text("became"), gid.into()),
    };
    vec![
        text(&rules[row.table].name),
        row.gid.into(),
        Value::Int(row.rev.0),
        text(row.born.to_string()),
        row.dead.map_or(Value::Null, |dead| text(dead.stamp.to_string())),
        number(row.dead.map(|dead| dead.rev.0)),
        cause,
        of,
        Value::Bytes(row.cells.encode()),
        Value::Bytes(row.marks.encode()),
        Value::Bytes(row.heard.encode()),
    ]
}

/// By what a row is found; as [`Scope`] keeps it.
#[derive(Default)]
struct Index {
    refers: BTreeSet<(Gid, TableId, Gid, ColumnId)>,
    fallen: BTreeSet<(Gid, TableId, Gid)>,
    names: BTreeSet<(TableId, String, Gid)>,
}

impl Index {
    fn add(&mut self, rules: &Rules, row: &Stored) {
        if row.became().is_some() {
            return;
        }
        let (table, rule) = (row.table, &rules[row.table]);
        for (column, _) in rule.references() {
            if let Some(target) = row.cells[column.0].as_ref().and_then(Gid::of) {
                self.refers.insert((target, table, row.gid, column));
            }
            if let Some(target) = row.marks[column.0].emptied {
                self.fallen.insert((target, table, row.gid));
            }
        }
        if let Some(Cause::With(parent)) = row.dead.map(|dead| dead.cause) {
            self.fallen.insert((parent, table, row.gid));
        }
        if let Some(key) = natural_key(rule, &row.cells) {
            self.names.insert((table, name_of(&key), row.gid));
        }
    }
}

/// Writes rows with everything by which they are found.
pub(super) async fn save(db: &mut Db, rules: &Rules, changed: &[Written]) -> Result<()> {
    let (new, old): (Vec<&Written>, Vec<&Written>) =
        changed.iter().partition(|written| written.before.is_none());
    let rows = |of: &[&Written]| of.iter().map(|written| row(rules, &written.after)).collect::<Vec<_>>();
    db.add(ROWS, &rows(&new)).await?;
    db.put(ROWS, &rows(&old)).await?;
    save_index(db, rules, changed).await?;
    let merged = |written: &&Written| written.after.became().is_some();
    let became = changed
        .iter()
        .filter(merged)
        .filter_map(|written| Some(vec![written.after.gid.into(), written.after.became()?.into()]));
    db.put(BECAME, &became.collect::<Vec<_>>()).await?;
    project(db, rules, changed).await
}

/// Writes rows over of which neither the index nor the history is concerned.
pub(super) async fn overwrite(db: &mut Db, rules: &Rules, rows: &[Stored]) -> Result<()> {
    db.put(ROWS, &rows.iter().map(|of| row(rules, of)).collect::<Vec<_>>()).await
}

async fn save_index(db: &mut Db, rules: &Rules, changed: &[Written]) -> Result<()> {
    let (mut before, mut after) = (Index::default(), Index::default());
    for written in changed {
        if let Some(row) = &written.before {
            before.add(rules, row);
        }
        after.add(rules, &written.after);
    }
    let name = |table: &TableId| text(&rules[*table].name);
    let refers = |(to, table, from, column): &(Gid, TableId, Gid, ColumnId)| {
        vec![(*to).into(), name(table), (*from).into(), text(&rules[*table][*column].name)]
    };
    let fallen = |(of, table, gid): &(Gid, TableId, Gid)| vec![(*of).into(), name(table), (*gid).into()];
    let names = |(table, key, gid): &(TableId, String, Gid)| vec![name(table), text(key), (*gid).into()];
    db.remove(REFERS, &before.refers.difference(&after.refers).map(refers).collect::<Vec<_>>()).await?;
    db.add(REFERS, &after.refers.difference(&before.refers).map(refers).collect::<Vec<_>>()).await?;
    db.remove(FALLEN, &before.fallen.difference(&after.fallen).map(fallen).collect::<Vec<_>>()).await?;
    db.add(FALLEN, &after.fallen.difference(&before.fallen).map(fallen).collect::<Vec<_>>()).await?;
    db.remove(NAMES, &before.names.difference(&after.names).map(names).collect::<Vec<_>>()).await?;
    db.add(NAMES, &after.names.difference(&before.names).map(names).collect::<Vec<_>>()).await
}

/// What becomes of one business table.
#[derive(Default)]
struct Projection {
    /// Rows that were never there.
    new: Vec<Vec<Value>>,
    living: Vec<Vec<Value>>,
    /// Keys.
    gone: Vec<Vec<Value>>,
}

/// Brings the business tables, which people read with SQL, to what the rows say.
async fn project(db: &mut Db, rules: &Rules, changed: &[Written]) -> Result<()> {
    let mut tables: BTreeMap<TableId, Projection> = BTreeMap::new();
    for written in changed {
        let Projection { new, living, gone } = tables.entry(written.after.table).or_default();
        let row = &written.after;
        if row.lives() {
            let name = &rules[row.table].name;
            let places = std::sync::Arc::clone(&db.places);
            let place = places.get(name).ok_or(Error::Broken("a merged table has no table in the store"))?;
            let cells = row.cells.iter().enumerate().map(|(at, cell)| db.shown(place, at + 1, cell.as_ref()));
            let to = if written.before.is_none() { new } else { living };
            to.push(std::iter::once(row.gid.into()).chain(cells).collect());
        } else if written.before.as_deref().is_some_and(Stored::lives) {
            gone.push(vec![row.gid.into()]);
        }
    }
    for (table, Projection { new, living, gone }) in tables {
        db.add(&rules[table].name, &new).await?;
        db.put(&rules[table].name, &living).await?;
        db.remove(&rules[table].name, &gone).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_different_keys_differ_and_equal_keys_share_one() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(name_of(&[text("34 ABC")]), name_of(&[text("34 ABC")]));
        assert_ne!(name_of(&[text("ab"), text("c")]), name_of(&[text("a"), text("bc")]));
        assert_eq!(name_of(&[text(&"x".repeat(1_000_000))]).len(), 64);
    }
}
