//! The living rows of all merged tables in memory, as of a rev.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use merge::{Cells, Kept, Owner, Rules, TableId, region};
use model::{Gid, Value};

use super::{history::Lines, shelf::Shelf};
use crate::{
    Error, Result, Status,
    meta::Meta,
    query::{Db, Row},
    shape::{GID, LOG},
};

/// More changes than these are not taken in one by one: reading everything anew costs less.
const CHANGES_MAX: i64 = 20_000;
/// Values that no row has any more are forgotten when everything is read anew, so at the latest after so many changes.
const CHANGES_KEPT_MAX: i64 = 500_000;

/// **Invariants**: whole at every moment, also when who waits for [`Self::follow`] stops waiting or is told of a failure:
/// what is read is taken in all at once.
#[derive(Debug)]
pub(crate) struct Index {
    /// Before the first reading [`UNREAD`].
    rev: i64,
    /// As everything was last read.
    read_rev: i64,
    /// By [`TableId`]; `None` for tables that are not merged.
    shelves: Vec<Option<Shelf>>,
    owners: Vec<Owner>,
    pub(super) lines: Option<Lines>,
}

const UNREAD: i64 = -1;

/// What the history tells since the index was as it is.
#[derive(Default)]
struct News {
    /// In order.
    lines: Vec<(Gid, i64)>,
    tables: Vec<NewsOfTable>,
}

struct NewsOfTable {
    table: TableId,
    rows: Vec<Row>,
    gone: BTreeSet<Gid>,
}

impl Default for Index {
    /// Of a store that nobody has read yet.
    fn default() -> Self {
        Self { rev: UNREAD, read_rev: UNREAD, shelves: Vec::new(), owners: Vec::new(), lines: None }
    }
}

impl Index {
    /// From now on it says what is there in the view of `db`.
    ///
    /// # Errors
    /// What the database says; the index stays what it was.
    pub async fn follow(&mut self, db: &mut Db, rules: &Rules) -> Result<()> {
        let head = Meta::load(db).await?.rev.0;
        if self.rev == head {
            return Ok(());
        }
        if self.may_follow(head) {
            let news = self.news(db, rules, head).await?;
            self.take_in(news, rules, head);
        } else {
            // Of no use any more; two would take twice the memory.
            *self = Self::default();
            *self = Self::read(db, rules, head).await?;
        }
        Ok(())
    }

    pub(crate) const fn rev(&self) -> i64 {
        self.rev
    }

    /// As everything was last read.
    #[cfg(test)]
    pub(crate) const fn read_rev(&self) -> i64 {
        self.read_rev
    }

    /// How many rows there are, by table and by region; nothing else of [`Status`].
    pub(crate) fn counts(&self, rules: &Rules) -> Status {
        let mut status = Status { rev: self.rev, ..Status::default() };
        for shelf in self.shelves.iter().flatten() {
            let name = &rules[shelf.table].name;
            status.tables.insert(name.clone(), shelf.len() as u64);
            let mut counts = vec![0_u64; self.owners.len()];
            shelf.owners.iter().for_each(|owner| counts[*owner as usize] += 1);
            for (owner, count) in self.owners.iter().zip(counts).filter(|(_, count)| *count > 0) {
                let region = match owner {
                    Owner::Shared => continue,
                    Owner::Region(region) => region.as_str(),
                    Owner::Nobody => "",
                };
                let counted = status.regions.entry(region.to_owned()).or_default();
                *counted.tables.entry(name.clone()).or_default() += count;
            }
        }
        status
    }

    const fn may_follow(&self, head: i64) -> bool {
        self.rev != UNREAD
            && head > self.rev
            && head - self.rev <= CHANGES_MAX
            && head - self.read_rev <= CHANGES_KEPT_MAX
    }

    async fn read(db: &mut Db, rules: &Rules, rev: i64) -> Result<Self> {
        let mut shelves = Vec::new();
        for (table, rule) in rules.tables() {
            let shelf = match rule.kept {
                Kept::Merged => Some(Shelf::load(db, table, (&rule.name, rule.columns.len())).await?),
                _ => None,
            };
            shelves.push(shelf);
        }
        let mut index = Self { rev, read_rev: rev, shelves, owners: Vec::new(), lines: None };
        index.find_owners(rules);
        Ok(index)
    }

    /// What came since, up to `head`.
    async fn news(&self, db: &mut Db, rules: &Rules, head: i64) -> Result<News> {
        let lines = db.find_between(LOG, &[], "rev", (self.rev, head.saturating_add(1))).await?;
        let mut news = News::default();
        let mut touched: BTreeMap<TableId, BTreeSet<Gid>> = BTreeMap::new();
        for line in &lines {
            let gid = Gid::from_uuid(line.uuid(1)?);
            news.lines.push((gid, line.int(0)?));
            if let Some(table) = rules.table(line.text(2)?).filter(|table| self.shelf(*table).is_some()) {
                touched.entry(table).or_default().insert(gid);
            }
        }
        for (table, gids) in touched {
            news.tables.push(NewsOfTable::read(db, rules, table, gids).await?);
        }
        Ok(news)
    }

    fn take_in(&mut self, news: News, rules: &Rules, head: i64) {
        if let Some(known) = &mut self.lines {
            news.lines.iter().for_each(|(gid, rev)| known.add(*gid, *rev));
        }
        for NewsOfTable { table, rows, gone } in news.tables {
            if let Some(shelf) = &mut self.shelves[table.0] {
                rows.into_iter().for_each(|row| shelf.put(row.0));
                gone.into_iter().for_each(|gid| shelf.remove(gid));
            }
        }
        self.find_owners(rules);
        self.rev = head;
    }

    pub(super) fn shelf(&self, table: TableId) -> Option<&Shelf> {
        self.shelves.get(table.0)?.as_ref()
    }

    pub(super) fn owners(&self) -> &[Owner] {
        &self.owners
    }

    /// Whose each row is. The rule is merging's own; it is asked once for all rows that say the same.
    fn find_owners(&mut self, rules: &Rules) {
        let parents = self.parents(rules);
        let parent = |table: TableId, gid: Gid| parents.get(&table)?.get(&gid);
        let mut owners = Owners::default();
        let mut found = Vec::new();
        for shelf in self.shelves.iter().flatten() {
            found.push((shelf.table, owners.of_rows(rules, shelf, &parent)));
        }
        for (table, numbers) in found {
            if let Some(shelf) = &mut self.shelves[table.0] {
                shelf.owners = numbers;
            }
        }
        self.owners = owners.all;
    }

    /// Rows through which others have their region, with the cells that tell it.
    fn parents(&self, rules: &Rules) -> HashMap<TableId, HashMap<Gid, Cells>> {
        let through =
            rules.tables().filter_map(|(_, rule)| Some(rule[rule.region_columns().1?].reference?.table));
        let tables: BTreeSet<TableId> = through.collect();
        let shelves = tables.into_iter().filter_map(|table| self.shelf(table));
        let rows = |shelf: &Shelf| {
            (0..shelf.len()).map(|row| (shelf.gid(row), telling(rules, shelf, row))).collect()
        };
        shelves.map(|shelf| (shelf.table, rows(shelf))).collect()
    }
}

impl NewsOfTable {
    async fn read(db: &mut Db, rules: &Rules, table: TableId, gids: BTreeSet<Gid>) -> Result<Self> {
        let wanted = gids.iter().map(|gid| Value::from(*gid));
        let rows = db.find_any(&rules[table].name, &[], GID, wanted).await?;
        let mut gone = gids;
        for row in &rows {
            gone.remove(&Gid::of(&row.0[0]).ok_or(Error::Broken("a row of the store has no identity"))?);
        }
        Ok(Self { table, rows, gone })
    }
}

/// Cells of a row, of which only those are there that tell its region.
fn telling(rules: &Rules, shelf: &Shelf, row: usize) -> Cells {
    let rule = &rules[shelf.table];
    let (said, through) = rule.region_columns();
    let mut cells: Cells = vec![None; rule.columns.len()];
    for column in [said, through].into_iter().flatten() {
        cells[column.0] = Some(shelf.column(column.0).value(row).clone());
    }
    cells
}

/// Whose rows are, each owner once.
#[derive(Default)]
struct Owners {
    all: Vec<Owner>,
}

impl Owners {
    fn number(&mut self, owner: Owner) -> u32 {
        let known = self.all.iter().position(|known| *known == owner);
        let at = known.unwrap_or_else(|| {
            self.all.push(owner);
            self.all.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    fn of_rows<'a, P>(&mut self, rules: &'a Rules, shelf: &Shelf, parent: &P) -> Vec<u32>
    where
        P: Fn(TableId, Gid) -> Option<&'a Cells>,
    {
        let (said, through) = rules[shelf.table].region_columns();
        let rows = |column: Option<merge::ColumnId>| column.map(|column| shelf.column(column.0).rows());
        let (said, through) = (rows(said), rows(through));
        let mut known: HashMap<(u32, u32), u32> = HashMap::new();
        let mut last = None;
        (0..shelf.len())
            .map(|row| {
                let tells = (said.map_or(0, |rows| rows[row]), through.map_or(0, |rows| rows[row]));
                if let Some((before, number)) = last
                    && before == tells
                {
                    return number;
                }
                let number = *known.entry(tells).or_insert_with(|| {
                    let cells = telling(rules, shelf, row);
                    self.number(owner(rules, shelf.table, &cells, parent))
                });
                last = Some((tells, number));
                number
            })
            .collect()
    }
}

/// As [`region::owner`]; the row's own cells need not live as long as those of its parents.
fn owner<'a, P>(rules: &'a Rules, table: TableId, cells: &Cells, parent: &P) -> Owner
where
    P: Fn(TableId, Gid) -> Option<&'a Cells>,
{
    let of_parent = |table, gid| parent(table, gid);
    region::owner(rules, table, cells, &of_parent)
}
