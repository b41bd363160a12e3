//! Rows as one site may see them: those of its region, and those that such a row needs.
//!
//! As [`hand_out`](crate::engine::HandOut) has it for whole files, for single rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use merge::{Cells, OnDelete, Owner, Region, Rules, Stored, TableId, is_blank, region};
use model::{Gid, Value};
use replica::wire;

use super::targets;
use crate::{Error, Result, desk::Hub, engine::rows, query::Db, shape::REFERS};

pub(crate) struct View<'a> {
    hub: &'a Hub,
    region: &'a Region,
    rows: HashMap<Gid, Stored>,
    asked: HashSet<(TableId, Gid)>,
    /// Rows that a visible row needs.
    needed: HashSet<Gid>,
}

impl<'a> View<'a> {
    pub fn new(hub: &'a Hub, region: &'a Region) -> Self {
        let (rows, asked, needed) = Default::default();
        Self { hub, region, rows, asked, needed }
    }

    pub fn rules(&self) -> &'a Rules {
        &self.hub.rules
    }

    pub fn row(&self, gid: Gid) -> Option<&Stored> {
        self.rows.get(&gid)
    }

    /// The row that goes by this identity today.
    pub fn today(&self, mut gid: Gid) -> Gid {
        while let Some(next) = self.row(gid).and_then(Stored::became) {
            gid = next;
        }
        gid
    }

    /// Loads rows, and everything that they refer to.
    pub async fn load(
        &mut self,
        db: &mut Db,
        wanted: impl IntoIterator<Item = (TableId, Gid)>,
    ) -> Result<()> {
        let mut open: Vec<(TableId, Gid)> = wanted.into_iter().collect();
        while !open.is_empty() {
            let mut unknown: BTreeMap<TableId, BTreeSet<Gid>> = BTreeMap::new();
            for (table, gid) in std::mem::take(&mut open) {
                if self.asked.insert((table, gid)) {
                    unknown.entry(table).or_default().insert(gid);
                }
            }
            for (table, gids) in unknown {
                let gids: Vec<Gid> = gids.into_iter().collect();
                for row in rows::rows_of(db, &self.hub.rules, table, &gids).await? {
                    open.extend(self.targets(table, &row.cells));
                    open.extend(row.became().map(|today| (table, today)));
                    self.rows.insert(row.gid, row);
                }
            }
        }
        Ok(())
    }

    /// Finds out which of these rows are needed by rows of the region. They have been loaded.
    pub async fn look(&mut self, db: &mut Db, candidates: impl IntoIterator<Item = Gid>) -> Result<()> {
        self.mark();
        let mut seen = HashSet::new();
        let mut open: Vec<Gid> = candidates.into_iter().filter(|gid| self.may_be_needed(*gid)).collect();
        while !open.is_empty() {
            open.retain(|gid| seen.insert(*gid));
            let children = self.children(db, &open).await?;
            self.load(db, children.iter().copied()).await?;
            self.mark();
            open = children.into_iter().map(|(_, gid)| gid).filter(|gid| self.may_be_needed(*gid)).collect();
        }
        Ok(())
    }

    /// Whether it matters if a row of the region needs it.
    fn may_be_needed(&self, gid: Gid) -> bool {
        let Some(row) = self.rows.get(&gid).filter(|row| row.lives()) else { return false };
        let mut referring = self.hub.rules.referring(row.table);
        let rules = &self.hub.rules;
        let parent = referring
            .any(|(table, column, falls)| falls == OnDelete::Cascade || rules[table][column].not_null);
        parent && !self.is_visible(gid)
    }

    /// Living rows of the region need their parents, and those theirs.
    fn mark(&mut self) {
        let own = self.rows.values().filter(|row| row.lives() && self.owns(row.table, &row.cells));
        let mut open: Vec<Gid> = own.map(|row| row.gid).collect();
        open.extend(self.needed.iter().copied());
        let mut needed = std::mem::take(&mut self.needed);
        while let Some(row) = open.pop().and_then(|gid| self.rows.get(&gid)) {
            open.extend(self.needs(row.gid).into_iter().filter(|target| needed.insert(*target)));
        }
        self.needed = needed;
    }

    /// Rows, dead ones too, that need one of these.
    pub async fn children(&self, db: &mut Db, of: &[Gid]) -> Result<Vec<(TableId, Gid)>> {
        let rules = &self.hub.rules;
        let mut children = Vec::new();
        for row in db.find_any(REFERS, &[], "to_gid", of.iter().map(|gid| (*gid).into())).await? {
            let table = rules.table(row.text(1)?).ok_or(ODD)?;
            let column = rules[table].column(row.text(3)?).ok_or(ODD)?;
            let falls = rules[table][column].reference.is_some_and(|to| to.on_delete == OnDelete::Cascade);
            if falls || rules[table][column].not_null {
                children.push((table, Gid::from_uuid(row.uuid(2)?)));
            }
        }
        Ok(children)
    }

    /// The rows that this one cannot be without.
    pub fn needs(&self, gid: Gid) -> Vec<Gid> {
        let Some(row) = self.rows.get(&gid) else { return Vec::new() };
        let rule = &self.hub.rules[row.table];
        let needed = rule.references();
        let needed =
            needed.filter(|(column, to)| to.on_delete == OnDelete::Cascade || rule[*column].not_null);
        needed.filter_map(|(column, _)| Gid::of(row.cells[column.0].as_ref()?)).collect()
    }

    /// All rows that refer to this one; they are loaded.
    pub async fn referring(&mut self, db: &mut Db, of: Gid) -> Result<Vec<(TableId, Gid)>> {
        let mut referring = Vec::new();
        for row in db.find(REFERS, &[("to_gid", of.into())]).await? {
            let table = self.hub.rules.table(row.text(1)?).ok_or(ODD)?;
            referring.push((table, Gid::from_uuid(row.uuid(2)?)));
        }
        self.load(db, referring.iter().copied()).await?;
        referring.retain(|(_, gid)| self.rows.get(gid).is_some_and(Stored::lives));
        Ok(referring)
    }

    /// Which rows these cells refer to.
    pub fn targets<'c>(
        &'c self,
        table: TableId,
        cells: &'c Cells,
    ) -> impl Iterator<Item = (TableId, Gid)> + 'c {
        targets(&self.hub.rules, table, cells)
    }

    fn owner(&self, table: TableId, cells: &Cells) -> Owner {
        region::owner(&self.hub.rules, table, cells, &|_, gid| Some(&self.rows.get(&gid)?.cells))
    }

    /// Whether a row with these cells is of the region, or everybody's.
    pub fn owns(&self, table: TableId, cells: &Cells) -> bool {
        self.region.sees(&self.owner(table, cells))
    }

    pub fn owns_row(&self, gid: Gid) -> bool {
        self.rows.get(&gid).is_some_and(|row| self.owns(row.table, &row.cells))
    }

    /// Whether the row is another region's. What is nobody's is not.
    pub fn is_elsewhere(&self, gid: Gid) -> bool {
        let owner = self.rows.get(&gid).map(|row| self.owner(row.table, &row.cells));
        owner.is_some_and(|owner| owner != Owner::Nobody && !self.region.sees(&owner))
    }

    /// From now on what the site does not see of these is not there at all.
    pub fn hide(&mut self, rows: &BTreeSet<(TableId, Gid)>) {
        let invisible: Vec<Gid> =
            rows.iter().map(|(_, gid)| *gid).filter(|gid| !self.is_visible(*gid)).collect();
        invisible.iter().for_each(|gid| _ = self.rows.remove(gid));
    }

    pub fn is_visible(&self, gid: Gid) -> bool {
        let Some(row) = self.rows.get(&gid).filter(|row| row.lives()) else { return false };
        self.needed.contains(&gid) || self.owns(row.table, &row.cells)
    }

    /// Rows for the site: parents first, then what is gone, children first.
    pub fn tell(&self, wanted: impl IntoIterator<Item = (TableId, Gid)>) -> Vec<wire::Row> {
        let place = |table: TableId| self.hub.order.tables.iter().position(|other| *other == table);
        let (mut there, mut gone) = (Vec::new(), Vec::new());
        for (table, gid) in wanted {
            let row = (place(table), gid, self.told(table, gid));
            if row.2.cells.is_some() { there.push(row) } else { gone.push(row) }
        }
        there.sort_by_key(|(place, gid, _)| (*place, *gid));
        gone.sort_by_key(|(place, gid, _)| std::cmp::Reverse((*place, *gid)));
        there.into_iter().chain(gone).map(|(_, _, row)| row).collect()
    }

    fn told(&self, table: TableId, gid: Gid) -> wire::Row {
        let row = self.rows.get(&gid);
        let became = row.and_then(Stored::became).filter(|today| self.is_visible(*today));
        wire::Row {
            table: self.hub.rules[table].name.clone(),
            gid: gid.uuid(),
            rev: row.map_or(0, |row| row.rev.0),
            cells: row.filter(|_| self.is_visible(gid)).map(|row| self.cells(row)),
            became: became.map(Gid::uuid),
        }
    }

    /// What a file of the site holds.
    fn cells(&self, row: &Stored) -> wire::Cells {
        let rule = &self.hub.rules[row.table];
        let mut cells = row.cells.clone();
        for (column, _) in rule.references() {
            let target = cells[column.0].as_ref().and_then(Gid::of);
            if target.is_none_or(|gid| !self.is_visible(gid)) {
                cells[column.0] = Some(Value::Null);
            }
        }
        if let Some(column) = rule.region_columns().0
            && is_blank(cells[column.0].as_ref())
            && let Owner::Region(region) = self.owner(row.table, &row.cells)
        {
            cells[column.0] = Some(Value::Text(region));
        }
        // What a file cannot hold is empty there; the hub keeps it.
        _ = self.hub.blank.fit(rule, &mut cells);
        let known = rule.columns.iter().zip(cells);
        known.filter_map(|(column, cell)| Some((column.name.clone(), wire::Cell(cell?)))).collect()
    }
}

const ODD: Error = Error::Broken("the store refers to a table that the preset does not have");
