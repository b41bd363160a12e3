//! A hub in memory that speaks the messages.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
    time::Duration,
};

use database::untrusted;
use merge::{
    Acquaintance, Action, Age, Author, Cells, Change, Edit, FileDiff, LocalId, Mint, OnDelete, Outcome,
    Region, Rules, Sameness, ShadowRow, Stored, TableId, Verdict, insert_order,
};
use model::{Gid, Rev, SiteId, Stamp, Value};
use replica::wire::{self, Cell, End, Fate, Met, MetTable, Page, Push, Pushed, Row, Welcome};

use crate::hub::Hub;

pub const NOW_MS: i64 = 1_900_000_000_000;

pub struct Town {
    pub rules: Rules,
    pub hub: Hub,
    pub minted: u64,
    answers: HashMap<u32, (u64, Pushed)>,
    /// Pages have so many rows.
    pub page_rows: usize,
    pub clock_ms: i64,
}

struct Minting<'a>(&'a mut u64, u32);

impl Mint for Minting<'_> {
    fn gid(&mut self) -> Gid {
        *self.0 += 1;
        Gid::new(7, u128::from(*self.0))
    }

    fn stamp(&mut self) -> Stamp {
        *self.0 += 1;
        Stamp { wall_ms: i64::try_from(*self.0).unwrap(), counter: 0, site: SiteId(self.1) }
    }
}

impl Town {
    pub fn new() -> Self {
        let (hub, answers) = Default::default();
        Self { rules: crate::hub::rainstaff(), hub, minted: 0, answers, page_rows: 1_000, clock_ms: 0 }
    }

    fn author(site: u32, seen: i64) -> Author {
        Author::new(SiteId(site), Region::Named("Ankara".into()), Rev(seen))
    }

    pub fn meet(&mut self, site: u32, copy: &Path) -> Met {
        let upload = untrusted::inspect(copy, &untrusted::Limits::default(), || Duration::ZERO).unwrap();
        let file = replica::office_file::read(upload, &self.rules).unwrap();
        assert!(
            !file.findings.iter().any(|f| matches!(f, replica::office_file::Finding::UnknownTable { table } if table.starts_with("denk"))),
            "the copy has nothing of denk's"
        );
        let mut mint = Minting(&mut self.minted, site);
        let mut diff = FileDiff::new(&self.rules, &mut mint);
        for table in insert_order(&self.rules).tables {
            let Some(rows) = file.merged.get(&table) else { continue };
            let living = self.hub.rows.values().filter(|row| row.table == table && row.lives());
            let living = living.map(|row| ShadowRow {
                id: LocalId::Int(0),
                gid: row.gid,
                rev: row.rev,
                cells: row.cells.clone(),
            });
            let known = Acquaintance::new(&self.rules[table], living.collect(), Vec::new(), false);
            diff.meet(table, rows.iter().cloned(), &known, &Region::Named("Ankara".into())).unwrap();
        }
        let set = diff.finish();
        let rules = self.rules.clone();
        self.hub.take(&rules, &Self::author(site, 0), &set.changes);
        let mut tables: BTreeMap<TableId, Vec<(LocalId, Gid)>> = BTreeMap::new();
        for (table, id, gid) in set.learned {
            tables.entry(table).or_default().push((id, self.hub.today(gid)));
        }
        let table = |(table, mut rows): (TableId, Vec<(LocalId, Gid)>)| {
            rows.sort();
            let (ids, gids): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
            let id = |id: LocalId| {
                Cell(match id {
                    LocalId::Int(id) => Value::Int(id),
                    LocalId::Text(id) => Value::Text(id),
                })
            };
            MetTable {
                table: rules[table].name.clone(),
                revs: vec![0; ids.len()],
                ids: ids.into_iter().map(id).collect(),
                gids: gids.into_iter().map(Gid::uuid).collect(),
            }
        };
        Met { hub: "town".into(), site, tables: tables.into_iter().map(table).collect(), ..Met::default() }
    }

    /// As if this number of the site had been answered by somebody else.
    pub fn answered(&mut self, site: u32, number: u64) {
        self.answers.insert(site, (number, Pushed::default()));
    }

    /// Twice is once.
    pub fn push(&mut self, site: u32, push: &Push) -> Pushed {
        if let Some((number, answer)) = self.answers.get(&site) {
            assert!(push.number == *number || push.number == number + 1, "{} after {number}", push.number);
            if push.number == *number && answer.number == *number {
                return answer.clone();
            }
        }
        let answer = self.take(site, push);
        self.answers.insert(site, (push.number, answer.clone()));
        answer
    }

    fn take(&mut self, site: u32, push: &Push) -> Pushed {
        let mut renamed: HashMap<Gid, Gid> = HashMap::new();
        let mut changes = Vec::new();
        for told in &push.changes {
            let mut change = self.change(site, push, told);
            if let Action::Insert(cells) = &change.action
                && let Some(row) = self.hub.rows.get(&change.gid)
                && merge::sameness(&self.rules[row.table], &row.cells, cells) != Sameness::Same
            {
                self.minted += 1;
                renamed.insert(change.gid, Gid::new(9, u128::from(self.minted)));
            }
            rename(&mut change, &renamed);
            let row = self.hub.rows.get(&self.hub.today(change.gid));
            change.weigh(row);
            if let Some(row) = row {
                change.name_values(row);
            }
            changes.push(change);
        }
        let rules = self.rules.clone();
        let before = self.hub.rows.clone();
        let late = push.late.iter().map(|late| (Gid::from_uuid(late.gid), Rev(late.rev))).collect();
        let author = Author { late, ..Self::author(site, push.seen) };
        let outcomes = self.hub.take(&rules, &author, &changes);
        let mut rows = BTreeMap::new();
        let told = push.changes.iter().zip(&changes).zip(&outcomes);
        let fates = told
            .map(|((told, change), outcome)| self.fate((told, change), outcome, &before, push, &mut rows));
        let fates: Vec<Fate> = fates.collect();
        Pushed {
            number: push.number,
            fates,
            rows: rows.into_values().collect(),
            from: push.seen,
            clock_ms: self.clock_ms,
            ..Pushed::default()
        }
    }

    fn fate(
        &self,
        (told, change): (&wire::Change, &Change),
        outcome: &Outcome,
        before: &HashMap<Gid, Stored>,
        push: &Push,
        rows: &mut BTreeMap<Gid, Row>,
    ) -> Fate {
        let today = self.hub.today(change.gid);
        let gid = (today != told.gid()).then(|| today.uuid());
        let row = self.hub.rows.get(&today);
        let rev = row.map_or(0, |row| row.rev.0);
        let known = before.get(&change.gid).is_none_or(|row| row.rev.0 <= told.base && row.lives());
        let says = |cells: &Cells| match &change.action {
            Action::Insert(said) => said.iter().zip(cells).all(|(said, is)| said.is_none() || said == is),
            Action::Update(edits) => {
                edits.iter().all(|edit| cells[edit.column.0].as_ref() == Some(&edit.value))
            }
            Action::Delete { .. } => false,
        };
        let taken = known && gid.is_none() && row.is_some_and(|row| row.lives() && says(&row.cells));
        let deletes = matches!(change.action, Action::Delete { .. });
        let (end, reason) = match &outcome.verdict {
            Verdict::Refused(refusal) => (End::Refused, Some(format!("{refusal:?}"))),
            Verdict::NotDeleted => (End::Kept, None),
            Verdict::Fallen(_) => (End::Merged, Some(wire::FALLEN.to_owned())),
            _ if deletes || taken => (End::Taken, None),
            _ => (End::Merged, None),
        };
        let is_dead = row.is_some_and(|row| !row.lives());
        if end != End::Taken && (rev <= push.seen || is_dead) || end == End::Refused {
            rows.insert(today, self.row(today, told.gid()));
        }
        Fate { end, rev, gid, reason }
    }

    fn change(&self, site: u32, push: &Push, told: &wire::Change) -> Change {
        let table = self.rules.table(&told.table).unwrap();
        let rules = &self.rules[table];
        let value = |cells: &wire::Cells, name: &str| cells.get(name).map(|cell| cell.0.clone());
        let action = match (&told.insert, &told.update, &told.delete) {
            (Some(cells), None, None) => {
                Action::Insert(rules.columns.iter().map(|column| value(cells, &column.name)).collect())
            }
            (None, Some(cells), None) => {
                let edit = |(name, cell): (&String, &Cell)| Edit {
                    column: rules.column(name).unwrap(),
                    base: None,
                    value: cell.0.clone(),
                };
                Action::Update(cells.iter().map(edit).collect())
            }
            (None, None, Some(delete)) => Action::Delete { with: delete.with.map(Gid::from_uuid) },
            _ => panic!("a change is one of three: {told:?}"),
        };
        let stamp = Stamp { wall_ms: told.at.0, counter: told.at.1, site: SiteId(site) };
        let age = match told {
            _ if push.unsure => Age::Unknown,
            told if told.again.is_some() || told.at.0 == 0 => Age::Again,
            _ => Age::Known,
        };
        Change { table, gid: told.gid(), stamp, base: Rev(told.base), age, action }
    }

    pub fn row(&self, gid: Gid, asked: Gid) -> Row {
        let Some(row) = self.hub.rows.get(&gid) else {
            return Row { table: "employees".into(), gid: asked.uuid(), rev: 0, cells: None, became: None };
        };
        let cells = self.rules[row.table].columns.iter().zip(&row.cells);
        let cells = cells.filter_map(|(column, cell)| Some((column.name.clone(), Cell(cell.clone()?))));
        Row {
            table: self.rules[row.table].name.clone(),
            gid: gid.uuid(),
            rev: row.rev.0,
            cells: row.lives().then(|| cells.collect()),
            became: row.became().map(Gid::uuid),
        }
    }

    pub fn pull(&self, after: i64) -> Page {
        let mut news: Vec<&Stored> = self.hub.rows.values().filter(|row| row.rev.0 > after).collect();
        news.sort_by_key(|row| row.rev);
        // Rows of one rev come together.
        let last = news.get(self.page_rows - 1).map_or(Rev(i64::MAX), |row| row.rev);
        let more = news.last().is_some_and(|row| row.rev > last);
        news.retain(|row| row.rev <= last);
        let next = if more { news.last().unwrap().rev.0 } else { self.hub.rev.0.max(after) };
        let order = insert_order(&self.rules).tables;
        let place = |row: &Stored| order.iter().position(|table| *table == row.table).unwrap();
        let mut gids: BTreeSet<Gid> = news.iter().map(|row| row.gid).collect();
        // What they need comes along.
        let mut needed: Vec<Gid> = gids.iter().copied().collect();
        while let Some(gid) = needed.pop() {
            let row = &self.hub.rows[&gid];
            gids.insert(gid);
            let parents =
                self.rules[row.table].references().filter(|(_, to)| to.on_delete == OnDelete::Cascade);
            needed.extend(
                parents
                    .filter(|_| row.lives())
                    .filter_map(|(column, _)| Gid::of(row.cells[column.0].as_ref()?)),
            );
        }
        let mut rows: Vec<&Stored> = gids.iter().map(|gid| &self.hub.rows[gid]).collect();
        rows.sort_by_key(|row| {
            let place = place(row) as isize;
            (!row.lives(), if row.lives() { place } else { -place }, row.rev)
        });
        let rows = rows.into_iter().map(|row| self.row(row.gid, row.gid)).collect();
        Page { after, next, mark: None, more, rows, clock_ms: self.clock_ms }
    }
}

fn rename(change: &mut Change, names: &HashMap<Gid, Gid>) {
    let value = |value: &mut Value| {
        if let Some(name) = Gid::of(value).and_then(|gid| names.get(&gid)) {
            *value = (*name).into();
        }
    };
    change.gid = names.get(&change.gid).copied().unwrap_or(change.gid);
    match &mut change.action {
        Action::Insert(cells) => cells.iter_mut().flatten().for_each(value),
        Action::Update(edits) => edits.iter_mut().for_each(|edit| value(&mut edit.value)),
        Action::Delete { .. } => {}
    }
}

/// Of a hub that has had nothing of the site.
pub fn welcome(hub: &str, site: u32, region: &str) -> Welcome {
    let (version, name) = Default::default();
    let (hub, region) = (hub.to_owned(), region.to_owned());
    Welcome {
        version,
        hub,
        site,
        name,
        region,
        rev: 0,
        number: 0,
        seen: 0,
        clock_ms: 0,
        held: 0,
        conflicts: 0,
    }
}
