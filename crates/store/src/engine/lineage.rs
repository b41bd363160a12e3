//! Files that the hub knows the content of, and the PCs that they are on.
//!
//! A *lineage* is one file on its way: handed out under a tag, or sent without one. Its shadow says what the file held
//! when it was last seen, row by row with gids, and so is also the map between ids of the file and gids. A *PC* is a
//! family of lineages: the same office file through its hand-outs.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, HashMap},
};

use merge::{LocalId, Rules, ShadowRow, TableId};
use model::{Gid, Rev, SiteId, Value};
use replica::{
    codec::{Stored as _, decode_ids, encode_part},
    office_file::OwnTable,
};

use crate::{
    Error, Result,
    query::{Db, Row, maybe, text},
    shape::{DEVICE, LINEAGES, NEXT, PCS, SHADOW},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lineage {
    /// Of a hand-out: its tag.
    pub name: String,
    pub site: SiteId,
    pub pc: i64,
    /// Later ones have greater numbers.
    pub number: i64,
    pub kind: Kind,
    /// The tag that such files bear although it was given to another one.
    pub of_tag: Option<String>,
    /// Everything of the region up to here is in the file.
    pub seen: Rev,
    /// SQLite's count of changes in the newest file that came in.
    pub counter: i64,
    /// Of a hand-out: the hash of what it held.
    pub content: Option<String>,
    /// Of a hand-out: which state of the PC's own tables it held.
    pub own: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Without a tag, or with one that is not its own.
    Sent,
    HandedOut,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pc {
    pub site: SiteId,
    pub id: i64,
    /// Lineage of the last file that it sent.
    pub latest: Option<String>,
    /// Lineage of the last file that it was given.
    pub handed: Option<String>,
    /// Counts the states of its own tables.
    pub own: i64,
    /// Later contacts have greater numbers.
    pub contact: i64,
}

/// Rows of a file, as the hub last saw them. Each table ascends by id.
pub(super) type Shadow = BTreeMap<TableId, Vec<ShadowRow>>;
/// A PC's own, local and evidence tables.
pub(super) type Own = BTreeMap<TableId, OwnTable>;

/// Places of the table's name and the rows in [`SHADOW`].
const CONTENT: [usize; 2] = [1, 3];
/// Ids of one part of a shadow: a part changes only if one of its rows does.
const PART_IDS: i64 = 512;

pub(super) async fn of_site(db: &mut Db, site: SiteId) -> Result<Vec<Lineage>> {
    let rows = db.find(LINEAGES, &[("site", site_value(site))]).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn all(db: &mut Db) -> Result<Vec<Lineage>> {
    db.find(LINEAGES, &[]).await?.iter().map(read).collect()
}

pub(super) async fn named(db: &mut Db, name: &str) -> Result<Option<Lineage>> {
    db.find(LINEAGES, &[("name", text(name))]).await?.first().map(read).transpose()
}

pub(super) async fn save(db: &mut Db, lineage: &Lineage) -> Result<()> {
    let kind = if lineage.kind == Kind::HandedOut { "hand_out" } else { "sent" };
    let row = vec![
        text(&lineage.name),
        site_value(lineage.site),
        Value::Int(lineage.pc),
        Value::Int(lineage.number),
        text(kind),
        maybe(lineage.of_tag.clone()),
        Value::Int(lineage.seen.0),
        Value::Int(lineage.counter),
        maybe(lineage.content.clone()),
        Value::Int(lineage.own),
    ];
    db.put(LINEAGES, &[row]).await
}

pub(super) async fn remove(db: &mut Db, lineage: &Lineage) -> Result<()> {
    let name = &lineage.name;
    db.remove_with(NEXT, &[("pc", Value::Int(lineage.number))]).await?;
    db.remove_with(SHADOW, &[("lineage", text(name))]).await?;
    db.remove(LINEAGES, &[vec![text(name)]]).await
}

fn read(row: &Row) -> Result<Lineage> {
    let site = u32::try_from(row.int(1)?).map_err(|_| Error::Broken("a lineage has no site"))?;
    Ok(Lineage {
        name: row.text(0)?.to_owned(),
        site: SiteId(site),
        pc: row.int(2)?,
        number: row.int(3)?,
        kind: if row.text(4)? == "hand_out" { Kind::HandedOut } else { Kind::Sent },
        of_tag: row.text_or_none(5)?.map(str::to_owned),
        seen: Rev(row.int(6)?),
        counter: row.int(7)?,
        content: row.text_or_none(8)?.map(str::to_owned),
        own: row.int(9)?,
    })
}

pub(super) async fn pcs(db: &mut Db, site: SiteId) -> Result<Vec<Pc>> {
    let rows = db.find(PCS, &[("site", site_value(site))]).await?;
    let read = |row: &Row| {
        Ok(Pc {
            site,
            id: row.int(1)?,
            latest: row.text_or_none(2)?.map(str::to_owned),
            handed: row.text_or_none(3)?.map(str::to_owned),
            own: row.int(4)?,
            contact: row.int(5)?,
        })
    };
    rows.iter().map(read).collect()
}

pub(super) async fn save_pc(db: &mut Db, pc: &Pc) -> Result<()> {
    let row = vec![
        site_value(pc.site),
        Value::Int(pc.id),
        maybe(pc.latest.clone()),
        maybe(pc.handed.clone()),
        Value::Int(pc.own),
        Value::Int(pc.contact),
    ];
    db.put(PCS, &[row]).await
}

fn site_value(site: SiteId) -> Value {
    Value::Int(i64::from(site.0))
}

/// The shadow of a lineage, with rows that became another as that one.
pub(super) async fn shadow(db: &mut Db, rules: &Rules, name: &str) -> Result<Shadow> {
    let mut shadow = Shadow::new();
    let known = |row: Row| match rules.table(row.text(0)?) {
        Some(table) => Ok(Some((table, part(rules, table, row.bytes(1)?)?))),
        None => Ok(None),
    };
    let parts = db.each(SHADOW, (&[("lineage", text(name))], None), &CONTENT, known).await?;
    for (table, rows) in parts.into_iter().flatten() {
        shadow.entry(table).or_default().extend(rows);
    }
    shadow.values_mut().for_each(|rows| rows.sort_by(|a, b| a.id.cmp(&b.id)));
    let became = super::rows::became(db).await?;
    if !became.is_empty() {
        shadow.values_mut().flatten().for_each(|row| follow(row, &became));
    }
    Ok(shadow)
}

/// Which ids of a lineage are which rows today.
pub(super) async fn ids(
    db: &mut Db,
    rules: &Rules,
    name: &str,
) -> Result<BTreeMap<TableId, Vec<(LocalId, Gid)>>> {
    let mut ids: BTreeMap<TableId, Vec<(LocalId, Gid)>> = BTreeMap::new();
    for row in db.find(SHADOW, &[("lineage", text(name))]).await? {
        let Some(table) = rules.table(row.text(1)?) else { continue };
        ids.entry(table).or_default().extend(decode_ids(row.bytes(3)?)?);
    }
    let became = super::rows::became(db).await?;
    if !became.is_empty() {
        ids.values_mut().flatten().for_each(|(_, gid)| *gid = today(*gid, &became));
    }
    Ok(ids)
}

/// One table of the shadow of a lineage.
pub(super) async fn shadow_of(
    db: &mut Db,
    rules: &Rules,
    name: &str,
    table: TableId,
) -> Result<Vec<ShadowRow>> {
    let with = [("lineage", text(name)), ("table_name", text(&rules[table].name))];
    let mut rows = Vec::new();
    for row in db.find(SHADOW, &with).await? {
        rows.extend(part(rules, table, row.bytes(3)?)?);
    }
    Ok(rows)
}

fn part(rules: &Rules, table: TableId, bytes: &[u8]) -> Result<Vec<ShadowRow>> {
    let mut rows = Vec::<ShadowRow>::decode(bytes)?;
    rows.iter_mut().for_each(|row| row.cells.resize(rules[table].columns.len(), None));
    Ok(rows)
}

fn follow(row: &mut ShadowRow, became: &HashMap<Gid, Gid>) {
    row.gid = today(row.gid, became);
    for cell in &mut row.cells {
        if let Some(gid) = cell.as_ref().and_then(Gid::of) {
            *cell = Some(today(gid, became).into());
        }
    }
}

fn today(mut gid: Gid, became: &HashMap<Gid, Gid>) -> Gid {
    while let Some(next) = became.get(&gid) {
        gid = *next;
    }
    gid
}

/// Makes one table of the shadow of a lineage exactly this; parts that are as they were are left alone.
pub(super) async fn save_table(
    db: &mut Db,
    rules: &Rules,
    name: &str,
    (table, parts): (TableId, Vec<Part>),
) -> Result<()> {
    let table = &rules[table].name;
    let with = [("lineage", text(name)), ("table_name", text(table))];
    let mut before: HashMap<i64, Row> = HashMap::new();
    for row in db.find(SHADOW, &with).await? {
        before.insert(row.int(2)?, row);
    }
    let (mut new, mut changed) = (Vec::new(), Vec::new());
    for Part { number, bytes } in parts {
        let rows = match before.remove(&number) {
            Some(old) if old.bytes(3)? == bytes => continue,
            Some(_) => &mut changed,
            None => &mut new,
        };
        rows.push(vec![text(name), text(table), Value::Int(number), Value::Bytes(bytes)]);
    }
    let gone = before.into_keys().map(|part| vec![text(name), text(table), Value::Int(part)]);
    db.remove(SHADOW, &gone.collect::<Vec<_>>()).await?;
    db.add(SHADOW, &new).await?;
    db.put(SHADOW, &changed).await
}

/// Rows of a shadow that are stored together.
pub(super) struct Part {
    number: i64,
    bytes: Vec<u8>,
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

/// The highest id of each table that the PC ever used or was given, or that one lineage of it (by its number) holds or
/// held: numbers of both come from one series.
pub(super) async fn last_ids(db: &mut Db, rules: &Rules, pc: i64) -> Result<BTreeMap<TableId, i64>> {
    let rows = db.find(NEXT, &[("pc", Value::Int(pc))]).await?;
    let last = |row: &Row| Ok(rules.table(row.text(1)?).zip(Some(row.int(2)?)));
    rows.iter().filter_map(|row| last(row).transpose()).collect()
}

pub(super) async fn save_last_ids(
    db: &mut Db,
    rules: &Rules,
    pc: i64,
    last: &BTreeMap<TableId, i64>,
) -> Result<()> {
    let row =
        |(table, last): (&TableId, &i64)| vec![Value::Int(pc), text(&rules[*table].name), Value::Int(*last)];
    db.put(NEXT, &last.iter().map(row).collect::<Vec<_>>()).await
}

pub(super) async fn own(db: &mut Db, rules: &Rules, pc: i64) -> Result<Own> {
    let mut own = Own::new();
    for row in db.find(DEVICE, &[("pc", Value::Int(pc))]).await? {
        if let Some(table) = rules.table(row.text(1)?) {
            own.insert(table, OwnTable::decode(row.bytes(2)?)?);
        }
    }
    Ok(own)
}

/// Takes over the own tables that a file has; others stay. Returns whether anything changed.
pub(super) async fn save_own(db: &mut Db, rules: &Rules, pc: i64, file: &Own) -> Result<bool> {
    let before = own(db, rules, pc).await?;
    let changed = file.iter().filter(|(table, rows)| before.get(table) != Some(rows));
    let row = |(table, rows): (&TableId, &OwnTable)| {
        vec![Value::Int(pc), text(&rules[*table].name), Value::Bytes(rows.encode())]
    };
    let rows: Vec<_> = changed.map(row).collect();
    db.put(DEVICE, &rows).await?;
    Ok(!rows.is_empty())
}
