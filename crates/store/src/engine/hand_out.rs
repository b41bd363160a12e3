//! The file for one device: what it may see, under the ids that it knows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use merge::{LocalId, LocalRow, OnDelete, Owner, Region, Rules, ShadowRow, TableId, is_blank, region};
use model::{Gid, Value};
use replica::{codec::Stored as _, handout::ID_LIMIT};

use super::{
    forget, held,
    lineage::{self, Kind, Lineage, Own, Pc},
    rows, shadow,
};
use crate::{
    Device, Error, Result,
    desk::{Desk, Hub},
    sites,
    writer::Job,
};

pub(crate) struct HandOut {
    pub device: Device,
    pub taker: Taker,
}

/// Which PC of the device takes the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// The one that was here last.
    LastHeard,
    /// One that has never sent anything.
    Stranger,
}

/// What is written into the file, when the store knows of it.
pub(crate) enum Prepared {
    /// The file of this tag is still right, if it is there.
    Same(String),
    New(Box<Content>),
}

/// A file before it is one.
pub(crate) struct Content {
    pub tag: String,
    pub merged: BTreeMap<TableId, Vec<LocalRow>>,
    pub own: Own,
    pub last_ids: BTreeMap<TableId, i64>,
    /// Files of this PC that nobody will ask for again.
    pub outdated: Vec<String>,
}

#[async_trait]
impl Job for HandOut {
    type Answer = Prepared;
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<Prepared> {
        if !sites::contact(desk, &self.device, None).await? {
            return Err(Error::NoSite(self.device.name.clone()));
        }
        let mut pc = self.pc(desk).await?;
        if held::waits(desk.db, &self.device, pc.id).await? {
            return Err(Error::Waiting(self.device.name.clone()));
        }
        let before = match &pc.handed {
            Some(name) => lineage::named(desk.db, name).await?,
            None => None,
        };
        // Once somebody has gone on from a file it is not given again: it would be taken for that one restored.
        let before = match before {
            Some(before) if !self.device.shared && !moved(desk, &before).await? => Some(before),
            _ => None,
        };
        if let Some(before) = &before
            && before.seen == desk.meta.rev
            && before.own == pc.own
            && desk.hub.hand_out(&before.name).exists()
        {
            return Ok(Prepared::Same(before.name.clone()));
        }
        self.prepare(desk, &mut pc, before).await
    }
}

impl HandOut {
    async fn pc(&self, desk: &mut Desk<'_>) -> Result<Pc> {
        let mut pcs = lineage::pcs(desk.db, self.device.site).await?.into_iter();
        let known = match self.taker {
            Taker::LastHeard => pcs.max_by_key(|pc| pc.contact),
            Taker::Stranger => pcs.find(|pc| pc.latest.is_none()),
        };
        if let Some(pc) = known {
            return Ok(pc);
        }
        let id = desk.meta.next_serial();
        Ok(Pc::new(self.device.site, id))
    }

    async fn prepare(&self, desk: &mut Desk<'_>, pc: &mut Pc, before: Option<Lineage>) -> Result<Prepared> {
        let hub = desk.hub;
        let mut last_ids = lineage::last_ids(desk.db, &hub.rules, pc.id).await?;
        let known = known_ids(desk, pc).await?;
        let visible = visible(desk, &self.device.region).await?;
        let shadow = number(hub, visible, &known, &mut last_ids);
        drop(known);
        let own = lineage::own(desk.db, &hub.rules, pc.id).await?;
        let content = digest(hub, &shadow, &own, &last_ids);
        let parts = |rows: &Vec<ShadowRow>| shadow::parts(rows.iter());
        let parts: Vec<_> = shadow.iter().map(|(table, rows)| (*table, parts(rows))).collect();
        let mut same = before.filter(|before| before.content.as_deref() == Some(&content));
        if let Some(before) = &same
            && !shadow::is(desk.db, &hub.rules, &before.name, &parts).await?
        {
            same = None;
        }
        let lineage = Lineage {
            name: same.as_ref().map_or_else(|| hub.random_name(), |same| same.name.clone()),
            site: self.device.site,
            pc: pc.id,
            number: same.as_ref().map_or_else(|| desk.meta.next_serial(), |same| same.number),
            kind: Kind::HandedOut,
            root: None,
            of_tag: None,
            seen: desk.meta.rev,
            counter: 0,
            content: Some(content),
            own: pc.own,
            odd: None,
            used: 0,
        };
        lineage::save(desk.db, &lineage).await?;
        for parts in parts {
            shadow::save_table(desk.db, &hub.rules, &lineage, parts).await?;
        }
        for of in [pc.id, lineage.number] {
            lineage::save_last_ids(desk.db, &hub.rules, of, &last_ids).await?;
        }
        let tag = lineage.name;
        pc.handed = Some(tag.clone());
        let outdated = forget::roots(desk, pc).await?;
        shadow::sweep(desk.db, pc).await?;
        lineage::save_pc(desk.db, pc).await?;
        let merged = local(&hub.rules, shadow);
        Ok(Prepared::New(Box::new(Content { tag, merged, own, last_ids, outdated })))
    }
}

/// Which ids the PC knows rows by: those of its last file, else those of its last hand-out.
async fn known_ids(desk: &mut Desk<'_>, pc: &Pc) -> Result<BTreeMap<TableId, HashMap<Gid, LocalId>>> {
    let mut known: BTreeMap<TableId, HashMap<Gid, LocalId>> = BTreeMap::new();
    let mut taken: HashSet<(TableId, LocalId)> = HashSet::new();
    let handed = pc.handed.as_ref().filter(|handed| pc.latest.as_ref() != Some(handed));
    for name in pc.latest.iter().chain(handed) {
        let mut now = Vec::new();
        for (table, rows) in shadow::ids(desk.db, &desk.hub.rules, (pc.id, name)).await? {
            let ids = known.entry(table).or_default();
            for (id, gid) in rows {
                if !taken.contains(&(table, id.clone())) && !ids.contains_key(&gid) {
                    ids.insert(gid, id.clone());
                }
                now.push((table, id));
            }
        }
        if handed.is_some() {
            taken.extend(now);
        }
    }
    Ok(known)
}

/// Living rows, those of each table by gid. They have no ids yet.
type Rows = BTreeMap<TableId, Vec<ShadowRow>>;

/// Where a row stands.
type Place = (TableId, usize);

fn place(rows: &Rows, table: TableId, gid: Gid) -> Option<Place> {
    Some((table, rows.get(&table)?.binary_search_by_key(&gid, |row| row.gid).ok()?))
}

/// The rows of a region, and the parents that they need; as the file will hold them, references in global form.
async fn visible(desk: &mut Desk<'_>, region: &Region) -> Result<Rows> {
    let hub = desk.hub;
    let mut rows = Rows::new();
    for table in hub.merged() {
        rows.insert(table, rows::living(desk.db, &hub.rules, table).await?);
    }
    let blank = restrict(&hub.rules, &mut rows, region);
    fit(hub, &mut rows, &blank);
    Ok(rows)
}

/// Leaves the rows that the region may see. Returns whose those are that do not say it themselves.
fn restrict(rules: &Rules, rows: &mut Rows, region: &Region) -> HashMap<Gid, String> {
    let mut blank = HashMap::new();
    let mut needed: Vec<Place> = Vec::new();
    let parent =
        |table: TableId, gid: Gid| place(rows, table, gid).map(|(table, at)| &rows[&table][at].cells);
    for (table, of_table) in &*rows {
        let column = rules[*table].region_columns().0;
        for (at, row) in of_table.iter().enumerate() {
            let owner = region::owner(rules, *table, &row.cells, &parent);
            if region.sees(&owner) {
                needed.push((*table, at));
            }
            if let (Some(column), Owner::Region(region)) = (column, owner)
                && is_blank(row.cells[column.0].as_ref())
            {
                blank.insert(row.gid, region);
            }
        }
    }
    let mut seen: BTreeMap<TableId, Vec<bool>> =
        rows.iter().map(|(table, rows)| (*table, vec![false; rows.len()])).collect();
    while let Some((table, at)) = needed.pop() {
        let known = seen.get_mut(&table).is_none_or(|seen| std::mem::replace(&mut seen[at], true));
        if !known {
            needed.extend(
                parents(rules, table, &rows[&table][at]).filter_map(|(to, gid)| place(rows, to, gid)),
            );
        }
    }
    for (table, rows) in rows {
        let mut seen = seen.remove(table).unwrap_or_default().into_iter();
        rows.retain(|_| seen.next().unwrap_or(false));
    }
    blank
}

/// Rows that this one cannot be without.
fn parents<'a>(
    rules: &'a Rules,
    table: TableId,
    row: &'a ShadowRow,
) -> impl Iterator<Item = (TableId, Gid)> + 'a {
    let rule = &rules[table];
    let needed = rule
        .references()
        .filter(move |(column, to)| to.on_delete == OnDelete::Cascade || rule[*column].not_null);
    needed.filter_map(|(column, to)| Some((to.table, Gid::of(row.cells[column.0].as_ref()?)?)))
}

/// Makes cells what a file can hold: references only to rows that are in it, and a region on every row that has one, as
/// old programs take a row without one for Ankara's.
fn fit(hub: &Hub, rows: &mut Rows, blank: &HashMap<Gid, String>) {
    let targets = targets(&hub.rules);
    let there: HashSet<(TableId, Gid)> = rows
        .iter()
        .filter(|(table, _)| targets.contains(table))
        .flat_map(|(table, rows)| rows.iter().map(|row| (*table, row.gid)))
        .collect();
    for (table, rows) in rows {
        let rule = &hub.rules[*table];
        for row in rows {
            for (column, to) in rule.references() {
                let target = row.cells[column.0].as_ref().and_then(Gid::of);
                if target.is_none_or(|gid| !there.contains(&(to.table, gid))) {
                    row.cells[column.0] = Some(Value::Null);
                }
            }
            if let (Some(column), Some(region)) = (rule.region_columns().0, blank.get(&row.gid)) {
                row.cells[column.0] = Some(Value::Text(region.clone()));
            }
            // What the file cannot hold is empty there; the hub keeps it.
            _ = hub.blank.fit(rule, &mut row.cells);
        }
    }
}

/// Tables that others refer to.
fn targets(rules: &Rules) -> BTreeSet<TableId> {
    rules.tables().flat_map(|(_, rule)| rule.references().map(|(_, to)| to.table)).collect()
}

/// Gives every row the id that the PC knows it by, or one that it never had.
fn number(
    hub: &Hub,
    rows: Rows,
    known: &BTreeMap<TableId, HashMap<Gid, LocalId>>,
    last_ids: &mut BTreeMap<TableId, i64>,
) -> Rows {
    let mut shadow = rows;
    for (table, rows) in &mut shadow {
        let known = known.get(table);
        let last = last_ids.entry(*table).or_insert(0);
        for id in known.into_iter().flat_map(HashMap::values) {
            if let LocalId::Int(id) = id
                && *id < ID_LIMIT
            {
                *last = (*last).max(*id);
            }
        }
        for row in &mut *rows {
            row.id = match known.and_then(|known| known.get(&row.gid)) {
                Some(id) => id.clone(),
                None if hub.rules[*table].text_key => key(hub, *table, row),
                None => {
                    *last += 1;
                    LocalId::Int(*last)
                }
            };
        }
        rows.sort_by(|a, b| a.id.cmp(&b.id));
    }
    shadow
}

/// Of a table whose key is its name.
fn key(hub: &Hub, table: TableId, row: &ShadowRow) -> LocalId {
    let rules = &hub.rules[table];
    let named = rules.column(&rules.key).and_then(|column| LocalId::of(row.cells[column.0].as_ref()?));
    named.unwrap_or_else(|| LocalId::Text(row.gid.to_string()))
}

/// References as ids of the file.
fn local(rules: &Rules, shadow: Rows) -> BTreeMap<TableId, Vec<LocalRow>> {
    let targets = targets(rules);
    let referred = shadow.iter().filter(|(table, _)| targets.contains(table)).flat_map(|(_, rows)| rows);
    let ids: HashMap<Gid, Value> = referred.map(|row| (row.gid, Value::from(&row.id))).collect();
    let translate = |table: TableId, row: ShadowRow| {
        let ShadowRow { id, mut cells, .. } = row;
        for (column, _) in rules[table].references() {
            if let Some(gid) = cells[column.0].as_ref().and_then(Gid::of) {
                cells[column.0] = Some(ids.get(&gid).cloned().unwrap_or(Value::Null));
            }
        }
        LocalRow { id, cells }
    };
    let table = |(table, rows): (TableId, Vec<ShadowRow>)| {
        (table, rows.into_iter().map(|row| translate(table, row)).collect())
    };
    shadow.into_iter().map(table).collect()
}

/// Tells whether two files would hold the same.
fn digest(hub: &Hub, shadow: &Rows, own: &Own, last_ids: &BTreeMap<TableId, i64>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| _ = hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    for (table, rows) in shadow {
        add(hub.rules[*table].name.as_bytes());
        add(&last_ids.get(table).copied().unwrap_or(0).to_le_bytes());
        for row in rows {
            match &row.id {
                LocalId::Int(id) => add(&id.to_le_bytes()),
                LocalId::Text(id) => add(id.as_bytes()),
            }
            add(row.gid.uuid().as_bytes());
            add(&row.cells.encode());
        }
    }
    for (table, rows) in own {
        add(hub.rules[*table].name.as_bytes());
        add(&rows.encode());
    }
    hasher.finalize().to_hex().to_string()
}

/// Whether a file that came from this hand-out holds something else.
async fn moved(desk: &mut Desk<'_>, root: &Lineage) -> Result<bool> {
    for branch in lineage::of_site(desk.db, root.site).await? {
        let of_root = branch.root.as_deref() == Some(&root.name);
        if of_root && !shadow::equal(desk.db, &root.name, &branch.name).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Content {
    pub async fn write(&self, hub: &Hub) -> Result<()> {
        let contents = replica::handout::Contents {
            tag: &self.tag,
            merged: &self.merged,
            own: &self.own,
            last_ids: &self.last_ids,
        };
        replica::handout::write(&hub.hand_out(&self.tag), &hub.blank, &hub.rules, contents).await?;
        Ok(())
    }
}
