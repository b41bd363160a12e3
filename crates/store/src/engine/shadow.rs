//! What the hub knows of the content of files: rows with gids, in parts by id, each part kept once a PC.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use merge::{LocalId, Rules, ShadowRow, TableId};
use model::{Gid, Value};
use replica::codec::{Stored as _, decode_ids, encode_part};

use super::{
    forgotten::Forgotten,
    lineage::{self, Lineage, Pc},
    rows,
};
use crate::{
    Error, Result,
    query::{Db, Row, text},
    shape::{LINEAGES, PIECES, SHADOW},
};

/// Rows of a file, as the hub last saw them. Each table ascends by id. What several files of a PC hold alike is in memory
/// once.
pub(super) type Shadow = BTreeMap<TableId, Vec<Arc<ShadowRow>>>;

/// Pieces by their hashes, as far as they were read for files of one PC.
pub(super) type Pieces = HashMap<String, Vec<Arc<ShadowRow>>>;

/// Ids of some rows of a file, a table.
pub(super) type Wanted = BTreeMap<TableId, HashSet<LocalId>>;

/// Ids of one part of a shadow: a part changes only if one of its rows does.
const PART_IDS: i64 = 512;
/// So often a PC may write pieces before those that nobody needs are looked for.
const UNSWEPT_MAX: i64 = 64;
/// So many are in memory as bytes while they are made rows.
const PIECES_AT_ONCE: usize = 16;
const LOST: Error = Error::Broken("a part of a shadow is not there");

/// The shadow of a lineage, with rows that became another as that one. `known`: pieces of its PC that need not be read.
pub(super) async fn whole(
    db: &mut Db,
    rules: &Rules,
    lineage: &Lineage,
    known: &mut Pieces,
) -> Result<Shadow> {
    let places = places_of(db, rules, &lineage.name, None).await?;
    let unknown: Vec<_> = places.iter().filter(|(_, piece)| !known.contains_key(piece)).cloned().collect();
    let became = rows::became(db).await?;
    for some in unknown.chunks(PIECES_AT_ONCE) {
        for (table, piece, bytes) in pieces(db, lineage.pc, some).await? {
            let mut rows = part(rules, table, &bytes)?;
            if !became.is_empty() {
                rows.iter_mut().for_each(|row| follow(row, &became));
            }
            known.insert(piece, rows.into_iter().map(Arc::new).collect());
        }
    }
    let mut shadow = Shadow::new();
    for (table, piece) in places {
        shadow.entry(table).or_default().extend(known.get(&piece).ok_or(LOST)?.iter().cloned());
    }
    shadow.values_mut().for_each(|rows| rows.sort_by(|a, b| a.id.cmp(&b.id)));
    Ok(shadow)
}

/// Which ids of a lineage (of this PC and name) are which rows today.
pub(super) async fn ids(
    db: &mut Db,
    rules: &Rules,
    of: (i64, &str),
) -> Result<BTreeMap<TableId, Vec<(LocalId, Gid)>>> {
    let mut ids: BTreeMap<TableId, Vec<(LocalId, Gid)>> = BTreeMap::new();
    for (table, bytes) in parts_of(db, rules, of, None).await? {
        ids.entry(table).or_default().extend(decode_ids(&bytes)?);
    }
    let became = rows::became(db).await?;
    if !became.is_empty() {
        ids.values_mut().flatten().for_each(|(_, gid)| *gid = rows::today(&became, *gid));
    }
    Ok(ids)
}

/// One table of the shadow of a lineage.
pub(super) async fn of_table(
    db: &mut Db,
    rules: &Rules,
    lineage: &Lineage,
    table: TableId,
) -> Result<Vec<ShadowRow>> {
    let mut rows = Vec::new();
    for (table, bytes) in parts_of(db, rules, (lineage.pc, &lineage.name), Some(table)).await? {
        rows.extend(part(rules, table, &bytes)?);
    }
    Ok(rows)
}

/// What the shadow of a lineage has under some ids, as [`whole`] tells it.
pub(super) async fn some(db: &mut Db, rules: &Rules, lineage: &Lineage, wanted: &Wanted) -> Result<Shadow> {
    let became = rows::became(db).await?;
    let mut shadow = Shadow::new();
    for (table, ids) in wanted {
        let mut rows = under(db, rules, lineage, (*table, ids)).await?;
        if !became.is_empty() {
            rows.iter_mut().for_each(|row| follow(row, &became));
        }
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        shadow.insert(*table, rows.into_iter().map(Arc::new).collect());
    }
    Ok(shadow)
}

/// The rows of one table of the shadow of a lineage that go by these ids. Only parts that may have them are read.
pub(super) async fn under(
    db: &mut Db,
    rules: &Rules,
    lineage: &Lineage,
    (table, ids): (TableId, &HashSet<LocalId>),
) -> Result<Vec<ShadowRow>> {
    let places = match parts_with(ids) {
        Some(numbers) => {
            let with = [("lineage", text(&lineage.name)), ("table_name", text(&rules[table].name))];
            let found = db.find_any(SHADOW, &with, "part", numbers.into_iter().map(Value::Int)).await?;
            found.iter().map(|row| Ok((table, row.text(3)?.to_owned()))).collect::<Result<_>>()?
        }
        None => places_of(db, rules, &lineage.name, Some(table)).await?,
    };
    let mut rows = Vec::new();
    for some in places.chunks(PIECES_AT_ONCE) {
        for (_, _, bytes) in pieces(db, lineage.pc, some).await? {
            rows.extend(part(rules, table, &bytes)?.into_iter().filter(|row| ids.contains(&row.id)));
        }
    }
    Ok(rows)
}

/// Numbers of the parts in which rows of these ids are; `None`: the ids do not tell.
fn parts_with(ids: &HashSet<LocalId>) -> Option<BTreeSet<i64>> {
    let number = |id: &LocalId| if let LocalId::Int(id) = id { Some(id.div_euclid(PART_IDS)) } else { None };
    ids.iter().map(number).collect()
}

/// The bytes of each part, of one table or of all.
async fn parts_of(
    db: &mut Db,
    rules: &Rules,
    (pc, name): (i64, &str),
    table: Option<TableId>,
) -> Result<Vec<(TableId, Vec<u8>)>> {
    let places = places_of(db, rules, name, table).await?;
    let parts = pieces(db, pc, &places).await?;
    Ok(parts.into_iter().map(|(table, _, bytes)| (table, bytes)).collect())
}

/// Which pieces a file holds, of one table or of all.
async fn places_of(
    db: &mut Db,
    rules: &Rules,
    name: &str,
    table: Option<TableId>,
) -> Result<Vec<(TableId, String)>> {
    let mut with = vec![("lineage", text(name))];
    with.extend(table.map(|table| ("table_name", text(&rules[table].name))));
    let mut places = Vec::new();
    for row in db.find(SHADOW, &with).await? {
        if let Some(table) = rules.table(row.text(1)?) {
            places.push((table, row.text(3)?.to_owned()));
        }
    }
    Ok(places)
}

/// The bytes of these pieces, in their order.
async fn pieces(
    db: &mut Db,
    pc: i64,
    wanted: &[(TableId, String)],
) -> Result<Vec<(TableId, String, Vec<u8>)>> {
    let names = wanted.iter().map(|(_, piece)| text(piece));
    let mut found = HashMap::new();
    for Row(values) in db.find_any(PIECES, &[("pc", Value::Int(pc))], "piece", names).await? {
        if let Ok([_, Value::Text(piece), Value::Bytes(bytes)]) = <[Value; 3]>::try_from(values) {
            found.insert(piece, bytes);
        }
    }
    let found = wanted.iter().map(|(table, piece)| {
        let bytes = found.get(piece).ok_or(LOST)?.clone();
        Ok((*table, piece.clone(), bytes))
    });
    found.collect()
}

fn part(rules: &Rules, table: TableId, bytes: &[u8]) -> Result<Vec<ShadowRow>> {
    let mut rows = Vec::<ShadowRow>::decode(bytes)?;
    rows.iter_mut().for_each(|row| row.cells.resize(rules[table].columns.len(), None));
    Ok(rows)
}

fn follow(row: &mut ShadowRow, became: &HashMap<Gid, Gid>) {
    row.gid = rows::today(became, row.gid);
    for cell in &mut row.cells {
        if let Some(gid) = cell.as_ref().and_then(Gid::of) {
            *cell = Some(rows::today(became, gid).into());
        }
    }
}

/// Gives a new branch everything that its root holds.
pub(super) async fn copy(db: &mut Db, root: &str, branch: &str) -> Result<()> {
    let mut rows = Vec::new();
    for Row(mut values) in db.find(SHADOW, &[("lineage", text(root))]).await? {
        values[0] = text(branch);
        rows.push(values);
    }
    db.add(SHADOW, &rows).await
}

/// Whether two files of one PC hold the same, under the same ids and as far as the same changes.
pub(super) async fn equal(db: &mut Db, one: &str, other: &str) -> Result<bool> {
    let mut held = Vec::new();
    for name in [one, other] {
        let rows = db.find(SHADOW, &[("lineage", text(name))]).await?;
        let part = |row: &Row| Ok(((row.text(1)?.to_owned(), row.int(2)?), row.text(3)?.to_owned()));
        held.push(rows.iter().map(part).collect::<Result<BTreeMap<_, _>>>()?);
    }
    Ok(held[0] == held[1])
}

/// Whether a file holds exactly this.
pub(super) async fn is(
    db: &mut Db,
    rules: &Rules,
    name: &str,
    parts: &[(TableId, Vec<Part>)],
) -> Result<bool> {
    let mut held = HashSet::new();
    for row in db.find(SHADOW, &[("lineage", text(name))]).await? {
        held.insert((row.text(1)?.to_owned(), row.int(2)?, row.text(3)?.to_owned()));
    }
    let of_table = |(table, parts): &'_ (TableId, Vec<Part>)| {
        let name = rules[*table].name.clone();
        parts.iter().map(|part| (name.clone(), part.number, part.piece())).collect::<Vec<_>>()
    };
    Ok(parts.iter().flat_map(of_table).collect::<HashSet<_>>() == held)
}

/// Makes one table of the shadow of a lineage exactly this; parts that are as they were are left alone.
pub(super) async fn save_table(
    db: &mut Db,
    rules: &Rules,
    lineage: &Lineage,
    (table, parts): (TableId, Vec<Part>),
) -> Result<()> {
    let (name, table) = (&lineage.name, &rules[table].name);
    let with = [("lineage", text(name)), ("table_name", text(table))];
    let mut before: HashMap<i64, Row> = HashMap::new();
    for row in db.find(SHADOW, &with).await? {
        before.insert(row.int(2)?, row);
    }
    let (mut rows, mut pieces) = (Vec::new(), BTreeMap::new());
    for part in parts {
        let piece = part.piece();
        let Part { number, bytes } = part;
        let same = before.remove(&number).map_or(Ok(false), |old| Ok::<_, Error>(old.text(3)? == piece))?;
        if !same {
            rows.push(vec![text(name), text(table), Value::Int(number), text(&piece)]);
            pieces.insert(piece, bytes);
        }
    }
    let gone = before.into_keys().map(|part| vec![text(name), text(table), Value::Int(part)]);
    db.remove(SHADOW, &gone.collect::<Vec<_>>()).await?;
    db.put(SHADOW, &rows).await?;
    let known =
        db.find_any(PIECES, &[("pc", Value::Int(lineage.pc))], "piece", pieces.keys().map(text)).await?;
    for row in known {
        pieces.remove(row.text(1)?);
    }
    let new = pieces
        .into_iter()
        .map(|(piece, bytes)| vec![Value::Int(lineage.pc), text(piece), Value::Bytes(bytes)]);
    db.add(PIECES, &new.collect::<Vec<_>>()).await
}

/// Removes pieces of a PC that no file holds any more, now and then.
pub(super) async fn sweep(db: &mut Db, pc: &mut Pc) -> Result<()> {
    pc.unswept += 1;
    if pc.unswept < UNSWEPT_MAX {
        return Ok(());
    }
    pc.unswept = 0;
    sweep_now(db, pc).await
}

async fn sweep_now(db: &mut Db, pc: &Pc) -> Result<()> {
    let lineages = db.find(LINEAGES, &[("site", Value::Int(i64::from(pc.site.0)))]).await?;
    let names = lineages.iter().map(|row| Ok(text(row.text(1)?))).collect::<Result<Vec<_>>>()?;
    let mut needed = HashSet::new();
    for row in db.find_any(SHADOW, &[], "lineage", names).await? {
        needed.insert(row.text(3)?.to_owned());
    }
    let with = [("pc", Value::Int(pc.id))];
    let known = db.each(PIECES, (&with, None), &[1], |row| Ok(row.text(0)?.to_owned())).await?;
    let gone = known.into_iter().filter(|piece| !needed.contains(piece));
    db.remove(PIECES, &gone.map(|piece| vec![Value::Int(pc.id), text(piece)]).collect::<Vec<_>>()).await
}

/// Takes out of what is kept of all files what is forgotten in rows of a table; and what is kept for no file any more.
pub(super) async fn veil(
    db: &mut Db,
    (rules, table): (&Rules, TableId),
    forgotten: &Forgotten,
) -> Result<()> {
    let mut pcs: HashMap<String, Pc> = HashMap::new();
    for lineage in lineage::all(db).await? {
        pcs.insert(lineage.name, Pc::new(lineage.site, lineage.pc));
    }
    let mut held: HashMap<(i64, String), Vec<Row>> = HashMap::new();
    for row in db.find(SHADOW, &[("table_name", text(&rules[table].name))]).await? {
        if let Some(pc) = pcs.get(row.text(0)?) {
            held.entry((pc.id, row.text(3)?.to_owned())).or_default().push(row);
        }
    }
    for ((pc, piece), mut places) in held {
        let Some((_, _, bytes)) = pieces(db, pc, &[(table, piece)]).await?.pop() else { continue };
        let mut rows = part(rules, table, &bytes)?;
        if rows.iter_mut().fold(false, |any, row| any | forgotten.veil(row)) {
            let part = Part { number: 0, bytes: encode_part(&rows) };
            let piece = part.piece();
            places.iter_mut().for_each(|place| place.0[3] = text(&piece));
            db.put(SHADOW, &places.into_iter().map(|place| place.0).collect::<Vec<_>>()).await?;
            db.put(PIECES, &[vec![Value::Int(pc), text(piece), Value::Bytes(part.bytes)]]).await?;
        }
    }
    for pc in pcs.into_values().map(|pc| (pc.id, pc)).collect::<BTreeMap<_, _>>().into_values() {
        sweep_now(db, &pc).await?;
    }
    Ok(())
}

/// Rows of a shadow that are stored together.
pub(super) struct Part {
    number: i64,
    bytes: Vec<u8>,
}

impl Part {
    /// By what its bytes are found.
    fn piece(&self) -> String {
        blake3::hash(&self.bytes).to_hex()[..32].to_owned()
    }
}

/// The parts of one table.
///
/// **Order**: `rows` ascend by id. They are taken one part at a time.
pub(super) fn parts<R: Borrow<ShadowRow>>(rows: impl Iterator<Item = R>) -> Vec<Part> {
    let number = |at: usize, row: &ShadowRow| match row.id {
        LocalId::Int(id) => id.div_euclid(PART_IDS),
        LocalId::Text(_) => i64::try_from(at).unwrap_or(i64::MAX) / PART_IDS,
    };
    let (mut parts, mut open, mut of) = (Vec::new(), Vec::new(), 0);
    for (at, row) in rows.enumerate() {
        let next = number(at, row.borrow());
        if next != of && !open.is_empty() {
            parts.push(Part { number: of, bytes: encode_part(&open) });
            open.clear();
        }
        of = next;
        open.push(row);
    }
    if !open.is_empty() {
        parts.push(Part { number: of, bytes: encode_part(&open) });
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_looked_for_in_the_parts_that_they_lie_in() {
        let ids = [i64::MIN, -513, -512, -1, 0, 511, 512, 1_000_000, i64::MAX].map(LocalId::Int);
        let row = |id: &LocalId| ShadowRow {
            id: id.clone(),
            gid: Gid::new(0, 0),
            rev: model::Rev(0),
            cells: Vec::new(),
        };
        for part in parts(ids.iter().map(row)) {
            for row in Vec::<ShadowRow>::decode(&part.bytes).unwrap() {
                let looked = parts_with(&HashSet::from([row.id.clone()]));
                assert_eq!(looked, Some(BTreeSet::from([part.number])), "{:?}", row.id);
            }
        }
        let texts = HashSet::from([LocalId::Int(1), LocalId::Text("a".to_owned())]);
        assert_eq!(parts_with(&texts), None, "a text does not tell where it lies");
    }
}
