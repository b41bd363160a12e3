//! Files that the hub knows the content of, and the PCs that they are on.
//!
//! A *root* is a file as it was handed out under a tag, or as it was first met without one; it never changes. Files that
//! go on from it are its *branches*: one, unless the file was copied or restored. The shadow of each says what the file
//! held when it was last seen, row by row with gids, and so is also the map between ids of the file and gids. A *PC* is a
//! family of roots: the same office file through its hand-outs.

use std::collections::{BTreeMap, HashMap};

use merge::{Rules, TableId};
use model::{Rev, SiteId, Value};
use replica::{codec::Stored as _, office_file::OwnTable};

use super::{branch::Left, choose::Odd};

use crate::{
    Error, Result,
    query::{Db, Row, maybe, text},
    shape::{ASIDE, DEVICE, LEFT, LINEAGES, NEXT, PCS, PIECES, SHADOW, TAKEN},
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
    /// Of a branch: the file that it goes on from.
    pub root: Option<String>,
    /// The tag that such files bear although it was given to another one.
    pub of_tag: Option<String>,
    /// Everything of the region up to here is in the file.
    pub seen: Rev,
    /// SQLite's count of changes in the newest file that came in.
    pub counter: i64,
    /// The hash of what it held: a hand-out as it was made, a branch as it last came.
    pub content: Option<String>,
    /// Of a hand-out: which state of the PC's own tables it held.
    pub own: i64,
    /// What was odd about the file when the branch began.
    pub odd: Option<Odd>,
    /// Of a branch: when a file of it last came; later ones have greater numbers.
    pub used: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    HandedOut,
    /// Came without a tag, or with one that is not its own.
    Met,
    Branch,
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
    /// How often it wrote pieces since those that nobody needs were last removed.
    pub unswept: i64,
}

/// A PC's own, local and evidence tables.
pub(super) type Own = BTreeMap<TableId, OwnTable>;

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::HandedOut => "hand_out",
            Self::Met => "met",
            Self::Branch => "branch",
        }
    }

    fn read(word: &str) -> Result<Self> {
        let all = [Self::HandedOut, Self::Met, Self::Branch];
        let found = all.into_iter().find(|kind| kind.word() == word);
        found.ok_or(Error::Broken("a lineage's kind cannot be read"))
    }
}

impl Pc {
    pub const fn new(site: SiteId, id: i64) -> Self {
        Self { site, id, latest: None, handed: None, own: 0, contact: 0, unswept: 0 }
    }
}

impl Lineage {
    /// The root that it goes on from, or is.
    pub fn root(&self) -> &str {
        self.root.as_deref().unwrap_or(&self.name)
    }

    /// Of a branch: its number among those of the root.
    pub fn of_root(&self) -> Option<i64> {
        self.name.rsplit_once('+')?.1.parse().ok()
    }
}

/// All lineages of a site.
pub(super) async fn of_site(db: &mut Db, site: SiteId) -> Result<Vec<Lineage>> {
    let rows = db.find(LINEAGES, &[("site", site_value(site))]).await?;
    rows.iter().map(read).collect()
}

pub(super) async fn all(db: &mut Db) -> Result<Vec<Lineage>> {
    db.find(LINEAGES, &[]).await?.iter().map(read).collect()
}

/// Those whose `root` or `of_tag` is this.
pub(super) async fn with(db: &mut Db, column: &str, tag: &str) -> Result<Vec<Lineage>> {
    db.find(LINEAGES, &[(column, text(tag))]).await?.iter().map(read).collect()
}

pub(super) async fn named(db: &mut Db, name: &str) -> Result<Option<Lineage>> {
    db.find(LINEAGES, &[("name", text(name))]).await?.first().map(read).transpose()
}

/// Of the last file of a site.
pub(super) async fn latest(db: &mut Db, site: SiteId) -> Result<Option<Lineage>> {
    let latest = pcs(db, site).await?.into_iter().max_by_key(|pc| pc.contact).and_then(|pc| pc.latest);
    match latest {
        Some(latest) => named(db, &latest).await,
        None => Ok(None),
    }
}

pub(super) async fn save(db: &mut Db, lineage: &Lineage) -> Result<()> {
    let row = vec![
        site_value(lineage.site),
        text(&lineage.name),
        Value::Int(lineage.pc),
        Value::Int(lineage.number),
        text(lineage.kind.word()),
        maybe(lineage.root.clone()),
        maybe(lineage.of_tag.clone()),
        Value::Int(lineage.seen.0),
        Value::Int(lineage.counter),
        maybe(lineage.content.clone()),
        Value::Int(lineage.own),
        maybe(lineage.odd.map(Odd::word)),
        Value::Int(lineage.used),
    ];
    db.put(LINEAGES, &[row]).await
}

pub(super) async fn remove(db: &mut Db, lineage: &Lineage) -> Result<()> {
    let name = &lineage.name;
    db.remove_with(ASIDE, &[("lineage", text(name))]).await?;
    db.remove_with(LEFT, &[("lineage", text(name))]).await?;
    db.remove_with(NEXT, &[("pc", Value::Int(lineage.number))]).await?;
    db.remove_with(SHADOW, &[("lineage", text(name))]).await?;
    db.remove(LINEAGES, &[vec![site_value(lineage.site), text(name)]]).await
}

/// Everything that is known of a PC without files; what they said stays.
pub(super) async fn remove_pc(db: &mut Db, pc: &Pc) -> Result<()> {
    let with = [("pc", Value::Int(pc.id))];
    for table in [PIECES, NEXT, DEVICE] {
        db.remove_with(table, &with).await?;
    }
    db.remove(PCS, &[vec![site_value(pc.site), Value::Int(pc.id)]]).await
}

fn read(row: &Row) -> Result<Lineage> {
    let site = u32::try_from(row.int(0)?).map_err(|_| Error::Broken("a lineage has no site"))?;
    Ok(Lineage {
        name: row.text(1)?.to_owned(),
        site: SiteId(site),
        pc: row.int(2)?,
        number: row.int(3)?,
        kind: Kind::read(row.text(4)?)?,
        root: row.text_or_none(5)?.map(str::to_owned),
        of_tag: row.text_or_none(6)?.map(str::to_owned),
        seen: Rev(row.int(7)?),
        counter: row.int(8)?,
        content: row.text_or_none(9)?.map(str::to_owned),
        own: row.int(10)?,
        odd: row.text_or_none(11)?.and_then(Odd::read),
        used: row.int_or_none(12)?.unwrap_or(0),
    })
}

/// Notes that a file of this content came from a PC.
pub(super) async fn take(db: &mut Db, pc: &Pc, content: &str) -> Result<()> {
    db.put(TAKEN, &[vec![site_value(pc.site), text(content), Value::Int(pc.id)]]).await
}

/// The PC from which a file of this content came.
pub(super) async fn taken(db: &mut Db, site: SiteId, content: &str) -> Result<Option<i64>> {
    let found = db.find(TAKEN, &[("site", site_value(site)), ("content", text(content))]).await?;
    found.first().map(|row| row.int(2)).transpose()
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
            unswept: row.int_or_none(6)?.unwrap_or(0),
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
        Value::Int(pc.unswept),
    ];
    db.put(PCS, &[row]).await
}

fn site_value(site: SiteId) -> Value {
    Value::Int(i64::from(site.0))
}

/// Rows of the last file of a lineage that were not taken, each with the hash of what it said.
pub(super) type Aside = HashMap<(TableId, String), String>;

pub(super) async fn aside(db: &mut Db, rules: &Rules, name: &str) -> Result<Aside> {
    let mut aside = Aside::new();
    for row in db.find(ASIDE, &[("lineage", text(name))]).await? {
        if let Some(table) = rules.table(row.text(1)?) {
            aside.insert((table, row.text(2)?.to_owned()), row.text(3)?.to_owned());
        }
    }
    Ok(aside)
}

/// Values that cells of a branch had before.
pub(super) async fn left(db: &mut Db, name: &str) -> Result<Left> {
    db.find(LEFT, &[("lineage", text(name))]).await?.iter().map(|row| Ok(row.text(1)?.to_owned())).collect()
}

/// Notes that cells of a branch had these values.
pub(super) async fn leave(db: &mut Db, name: &str, values: &Left) -> Result<()> {
    let rows: Vec<_> = values.iter().map(|value| vec![text(name), text(value)]).collect();
    db.put(LEFT, &rows).await
}

/// Makes what is aside of a lineage exactly this.
pub(super) async fn save_aside(db: &mut Db, rules: &Rules, name: &str, now: &Aside) -> Result<()> {
    let before = aside(db, rules, name).await?;
    let row = |((table, id), content): (&(TableId, String), &String)| {
        vec![text(name), text(&rules[*table].name), text(id), text(content)]
    };
    let gone = before.iter().filter(|(row, _)| !now.contains_key(row));
    let gone: Vec<Vec<Value>> = gone.map(|gone| row(gone).into_iter().take(3).collect()).collect();
    db.remove(ASIDE, &gone).await?;
    let new = now.iter().filter(|(id, content)| before.get(*id) != Some(content));
    db.put(ASIDE, &new.map(row).collect::<Vec<_>>()).await
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
