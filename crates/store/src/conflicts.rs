//! Values that did not stand: what people are told of them.

use std::collections::{BTreeSet, HashMap, HashSet};

use merge::{Outcome, Region, Rules, Stored, TableId, Verdict};
use model::{Gid, Rev, SiteId, Stamp, Value};
use replica::codec::Stored as _;

use crate::{
    ConflictState, Error, KeptConflict, KeptSide, Result, Take,
    desk::Hub,
    engine::{self, Seen, View},
    query::{Db, Row, text},
    shape::{CONFLICTS, SITES},
    tell::{json, site},
};

/// Places in [`CONFLICTS`].
const TABLE: usize = 1;
const GID: usize = 2;
const COLUMN: usize = 3;
const LOSER_STAMP: usize = 7;
const REGION: usize = 8;
const AT: usize = 10;
const STATE: usize = 13;
const WHO: usize = 14;
const LOOKED: usize = 15;
/// When it came in.
const SINCE: usize = 11;
const LOSER_CELL: usize = 12;
const CHOSEN: usize = 16;
const OTHER: usize = 17;

/// References behind each other that a row's name follows.
const DEPTH_MAX: usize = 8;

impl ConflictState {
    /// As it is stored.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Seen => "seen",
            Self::Decided => "decided",
        }
    }

    fn read(word: &str) -> Result<Self> {
        let all = [Self::New, Self::Seen, Self::Decided];
        let found = all.into_iter().find(|state| state.word() == word);
        found.ok_or(Error::Broken("a conflict's state cannot be read"))
    }
}

/// What a person makes of a conflict.
#[derive(Clone, Debug)]
pub(crate) enum Took {
    Side(Take),
    Other(Value),
}

impl Took {
    const fn word(&self) -> &'static str {
        match self {
            Self::Side(Take::Winner) => "winner",
            Self::Side(Take::Loser) => "loser",
            Self::Other(_) => "other",
        }
    }

    fn side(word: &str) -> Option<Take> {
        let all = [Take::Winner, Take::Loser];
        all.into_iter().find(|take| Self::Side(*take).word() == word)
    }
}

/// A conflict as it is stored.
pub(crate) struct Entry(Row);

impl Entry {
    pub async fn find(db: &mut Db, id: i64) -> Result<Option<Self>> {
        Ok(db.find(CONFLICTS, &[("id", Value::Int(id))]).await?.pop().map(Self))
    }

    pub fn table(&self) -> Result<&str> {
        self.0.text(TABLE)
    }

    pub fn gid(&self) -> Result<Gid> {
        Ok(Gid::from_uuid(self.0.uuid(GID)?))
    }

    pub fn column(&self) -> Result<Option<&str>> {
        self.0.text_or_none(COLUMN)
    }

    pub fn region(&self) -> Result<Option<&str>> {
        self.0.text_or_none(REGION)
    }

    /// The value that did not stand.
    pub fn loser(&self) -> Result<Option<Value>> {
        let cells: merge::Cells = replica::codec::Stored::decode(self.0.bytes(LOSER_CELL)?)?;
        Ok(cells.into_iter().next().flatten())
    }

    fn loser_site(&self) -> Result<SiteId> {
        stamp(&self.0, LOSER_STAMP).map(|stamp| stamp.site)
    }

    /// The change that made it a conflict.
    pub fn at(&self) -> Result<Rev> {
        self.0.int(AT).map(Rev)
    }

    pub fn state(&self) -> Result<ConflictState> {
        ConflictState::read(self.0.text(STATE)?)
    }

    /// Who got so far with it, and when.
    pub fn looked(&self) -> Result<(String, i64)> {
        let who = self.0.text_or_none(WHO)?.unwrap_or_default().to_owned();
        Ok((who, self.0.int_or_none(LOOKED)?.unwrap_or_default()))
    }

    /// Notes what a person took.
    pub fn choose(&mut self, take: &Took) {
        self.0.0[CHOSEN] = text(take.word());
        self.0.0[OTHER] = match take {
            Took::Side(_) => Value::Null,
            Took::Other(value) => text(engine::shown(Some(value)).to_string()),
        };
    }

    /// Notes how far a person got with it.
    pub async fn note(mut self, db: &mut Db, state: ConflictState, who: &str, now_ms: i64) -> Result<()> {
        self.0.0[STATE] = text(state.word());
        self.0.0[WHO] = text(who);
        self.0.0[LOOKED] = Value::Int(now_ms);
        db.put(CONFLICTS, &[self.0.0]).await
    }
}

/// Of what a site said of other regions' rows, only what is not kept yet stays in the outcomes: a file says it again until it
/// is replaced. `Seen::Revs`: what was decided and is said once more is news.
pub(crate) async fn keep_once(
    db: &mut Db,
    (rules, site, seen): (&Rules, SiteId, Seen),
    outcomes: &mut [(Stamp, Rev, Outcome)],
) -> Result<()> {
    let refused = outcomes.iter_mut().map(|(_, _, outcome)| outcome);
    let refused = refused.filter(|outcome| matches!(outcome.verdict, Verdict::Refused(_)));
    let mut refused: Vec<&mut Outcome> = refused.filter(|outcome| !outcome.conflicts.is_empty()).collect();
    let gids: BTreeSet<Gid> =
        refused.iter().flat_map(|outcome| &outcome.conflicts).map(|one| one.gid).collect();
    if gids.is_empty() {
        return Ok(());
    }
    let mut kept = HashSet::new();
    for entry in
        db.find_any(CONFLICTS, &[], "gid", gids.into_iter().map(Value::from)).await?.into_iter().map(Entry)
    {
        let stands = seen == Seen::Values || entry.state()? != ConflictState::Decided;
        if stands && entry.loser_site()? == site {
            kept.insert((
                entry.gid()?,
                entry.column()?.map(str::to_owned),
                entry.0.bytes(LOSER_CELL)?.to_vec(),
            ));
        }
    }
    for outcome in &mut refused {
        outcome.conflicts.retain(|one| {
            let column = one.column.map(|column| rules[one.table][column].name.clone());
            !kept.contains(&(one.gid, column, vec![one.loser.value.clone()].encode()))
        });
    }
    Ok(())
}

/// Newest first.
pub(crate) async fn all(db: &mut Db, hub: &Hub) -> Result<Vec<KeptConflict>> {
    let rows = db.find(CONFLICTS, &[]).await?;
    told(db, (hub, &Region::All), rows).await
}

/// Those of a region that nobody has decided, newest first: no more than an office looks at.
pub(crate) async fn open_of(db: &mut Db, hub: &Hub, region: &Region) -> Result<Vec<KeptConflict>> {
    let mut ids = open_ids(db, hub, region).await?;
    ids.truncate(replica::wire::CONFLICTS_MAX);
    these(db, (hub, region), ids).await
}

/// Numbers of all those, newest first. What became of a row that another region has by now is nobody's business here.
pub(crate) async fn open_ids(db: &mut Db, hub: &Hub, region: &Region) -> Result<Vec<i64>> {
    let open = glances(db, (hub, region), &[ConflictState::New, ConflictState::Seen]).await?;
    Ok(open.into_iter().map(|one| one.id).collect())
}

/// What a conflict is found by.
pub(crate) struct Glance {
    pub id: i64,
    pub table: String,
    gid: Gid,
    pub region: Option<String>,
    pub state: ConflictState,
    pub looked_ms: Option<i64>,
    pub at_ms: i64,
}

impl Glance {
    const PLACES: [usize; 7] = [0, TABLE, GID, REGION, STATE, LOOKED, SINCE];

    fn read(row: &Row) -> Result<Self> {
        Ok(Self {
            id: row.int(0)?,
            table: row.text(1)?.to_owned(),
            gid: Gid::from_uuid(row.uuid(2)?),
            region: row.text_or_none(3)?.map(str::to_owned),
            state: ConflictState::read(row.text(4)?)?,
            looked_ms: row.int_or_none(5)?,
            at_ms: row.int(6)?,
        })
    }
}

/// Those of a region that somebody got so far with, newest first.
pub(crate) async fn glances(
    db: &mut Db,
    (hub, region): (&Hub, &Region),
    states: &[ConflictState],
) -> Result<Vec<Glance>> {
    let mut all = Vec::new();
    for state in states {
        let mut with = vec![("state", text(state.word()))];
        if let Region::Named(name) = region {
            with.push(("region", text(name)));
        }
        all.extend(db.each(CONFLICTS, (&with, None), &Glance::PLACES, |row| Glance::read(&row)).await?);
    }
    if let Region::Named(_) = region {
        let wanted = all.iter().filter_map(|one| Some((hub.rules.table(&one.table)?, one.gid)));
        let known = Known::load(db, (hub, region), wanted.collect()).await?;
        all.retain(|one| known.row(one.gid).is_some());
    }
    all.sort_unstable_by_key(|one| std::cmp::Reverse(one.id));
    Ok(all)
}

/// Conflicts by their numbers, newest first, as a region is told of them; the numbers are of those it may see.
pub(crate) async fn these(
    db: &mut Db,
    (hub, region): (&Hub, &Region),
    ids: impl IntoIterator<Item = i64>,
) -> Result<Vec<KeptConflict>> {
    let rows = db.find_any(CONFLICTS, &[], "id", ids.into_iter().map(Value::Int)).await?;
    told(db, (hub, region), rows).await
}

/// Whether a conflict is one of a region's.
pub(crate) async fn is_of(db: &mut Db, (hub, region): (&Hub, &Region), entry: &Entry) -> Result<bool> {
    let Region::Named(name) = region else { return Ok(true) };
    let Some(table) = hub.rules.table(entry.table()?) else { return Ok(false) };
    if entry.0.text_or_none(REGION)? != Some(name) {
        return Ok(false);
    }
    let known = Known::load(db, (hub, region), vec![(table, entry.gid()?)]).await?;
    Ok(known.row(entry.gid()?).is_some())
}

async fn told(db: &mut Db, (hub, region): (&Hub, &Region), mut rows: Vec<Row>) -> Result<Vec<KeptConflict>> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.int(0).unwrap_or_default()));
    let sites = site_names(db).await?;
    let mut wanted = Vec::new();
    for row in &rows {
        if let Some(table) = hub.rules.table(row.text(TABLE)?) {
            wanted.push((table, Gid::from_uuid(row.uuid(GID)?)));
        }
    }
    let known = Known::load(db, (hub, region), wanted).await?;
    rows.iter().map(|row| conflict(row, &known, &sites)).collect()
}

async fn site_names(db: &mut Db) -> Result<HashMap<u32, String>> {
    let rows = db.find(SITES, &[]).await?;
    rows.iter().map(|row| Ok((site(row, 0)?, row.text(1)?.to_owned()))).collect()
}

fn conflict(row: &Row, known: &Known<'_>, sites: &HashMap<u32, String>) -> Result<KeptConflict> {
    let gid = Gid::from_uuid(row.uuid(GID)?);
    let column = row.text_or_none(COLUMN)?;
    let (winner, loser) = (side(row, 4, sites)?, side(row, 6, sites)?);
    Ok(KeptConflict {
        id: row.int(0)?,
        table: row.text(TABLE)?.to_owned(),
        gid: gid.to_string(),
        row: known.name(gid, DEPTH_MAX),
        column: column.map(str::to_owned),
        stands: known.stands(gid, column, [&winner, &loser]),
        winner,
        loser,
        region: row.text_or_none(REGION)?.map(str::to_owned),
        asked: row.int(9)? != 0,
        state: ConflictState::read(row.text(STATE)?)?,
        who: row.text_or_none(WHO)?.map(str::to_owned),
        looked_ms: row.int_or_none(LOOKED)?,
        chosen: row.text_or_none(CHOSEN)?.and_then(Took::side),
        other: json(row, OTHER)?,
        at_ms: row.int(11)?,
    })
}

fn side(row: &Row, at: usize, sites: &HashMap<u32, String>) -> Result<KeptSide> {
    let stamp = stamp(row, at + 1)?;
    let site_name = sites.get(&stamp.site.0).cloned().unwrap_or_else(|| engine::HEADQUARTERS.to_owned());
    Ok(KeptSide { value: json(row, at)?, site: stamp.site.0, site_name, wall_ms: stamp.wall_ms })
}

fn stamp(row: &Row, at: usize) -> Result<Stamp> {
    row.text(at)?.parse().map_err(|_| Error::Broken("a stamp of the store cannot be read"))
}

/// Rows by which conflicts are named, as a region sees them.
struct Known<'a> {
    rules: &'a Rules,
    view: View<'a>,
}

impl<'a> Known<'a> {
    async fn load(
        db: &mut Db,
        (hub, region): (&'a Hub, &'a Region),
        wanted: Vec<(TableId, Gid)>,
    ) -> Result<Self> {
        let mut view = View::new(hub, region);
        view.load(db, wanted.iter().copied()).await?;
        let today: Vec<Gid> = wanted.iter().map(|(_, gid)| view.today(*gid)).collect();
        view.look(db, today).await?;
        Ok(Self { rules: &hub.rules, view })
    }

    /// The row that goes by this identity today, if the region has it, or had it when it went.
    fn row(&self, gid: Gid) -> Option<&Stored> {
        let row = self.view.row(self.view.today(gid))?;
        let has = if row.lives() { self.view.is_visible(row.gid) } else { self.view.owns_row(row.gid) };
        has.then_some(row)
    }

    /// Columns that tell which row it is.
    fn telling(&self, table: TableId) -> &'a [merge::ColumnId] {
        let rule = &self.rules[table];
        if rule.natural_key.is_empty() { &rule.telling } else { &rule.natural_key }
    }

    fn stands(&self, gid: Gid, column: Option<&str>, [winner, loser]: [&KeptSide; 2]) -> Option<Take> {
        let row = self.row(gid).filter(|row| row.lives());
        let Some(column) = column else {
            return Some(if row.is_some() { Take::Winner } else { Take::Loser });
        };
        let row = row?;
        let cell = row.cells[self.rules[row.table].column(column)?.0].as_ref();
        let now = engine::shown(cell);
        let is_there = |side: &KeptSide| side.value.clone().unwrap_or_default() == now;
        let sides = [(winner, Take::Winner), (loser, Take::Loser)];
        sides.into_iter().find_map(|(side, take)| is_there(side).then_some(take))
    }

    fn name(&self, gid: Gid, depth: usize) -> String {
        let Some(row) = self.row(gid).filter(|_| depth > 0) else { return String::new() };
        let part = |column: &merge::ColumnId| match row.cells[column.0].as_ref()? {
            Value::Null => None,
            value if self.rules[row.table][*column].reference.is_some() => {
                Gid::of(value).map(|gid| self.name(gid, depth - 1))
            }
            value => Some(value.to_string()),
        };
        let parts: Vec<String> =
            self.telling(row.table).iter().filter_map(part).filter(|part| !part.is_empty()).collect();
        parts.join(", ")
    }
}
