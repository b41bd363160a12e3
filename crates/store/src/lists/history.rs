//! What happened to one row, as the change log has it.

use std::collections::{BTreeSet, HashMap};

use model::{Gid, Value};
use serde_json::Value as Json;

use super::{
    batch::Batch,
    pages::{ListPage, PageColumn},
    scope::{Cell, Scope},
};
use crate::{
    RecentChange, Result,
    query::Db,
    shape::{BATCHES, LOG, SITES},
    tell,
};

/// Lines that are told, the newest.
pub(super) const LINES_MAX: usize = 50;
/// New lines that are looked through one by one.
const NEW_MAX: usize = 4096;

/// Which changes touched a row.
#[derive(Debug)]
pub(super) struct Lines {
    /// In order.
    old: Vec<(Gid, i64)>,
    new: Vec<(Gid, i64)>,
}

impl Lines {
    pub async fn read(db: &mut Db) -> Result<Self> {
        let take = |row: crate::query::Row| Ok((Gid::from_uuid(row.uuid(1)?), row.int(0)?));
        let mut old = db.each(LOG, (&[], None), &[0, 1], take).await?;
        old.sort_unstable();
        Ok(Self { old, new: Vec::new() })
    }

    pub fn add(&mut self, gid: Gid, rev: i64) {
        self.new.push((gid, rev));
        if self.new.len() > NEW_MAX {
            self.old.append(&mut self.new);
            self.old.sort_unstable();
        }
    }

    /// The newest, newest first, and whether there are more.
    pub fn of(&self, gid: Gid) -> (Vec<i64>, bool) {
        let mut revs = self.all_of(gid);
        let more = revs.len() > LINES_MAX;
        revs.truncate(LINES_MAX);
        (revs, more)
    }

    /// All of them, newest first.
    pub fn all_of(&self, gid: Gid) -> Vec<i64> {
        let from = self.old.partition_point(|(of, _)| *of < gid);
        let old = self.old[from..].iter().take_while(|(of, _)| *of == gid);
        let all = old.chain(self.new.iter().filter(|(of, _)| *of == gid));
        let mut revs: Vec<i64> = all.map(|(_, rev)| *rev).collect();
        revs.sort_unstable_by(|one, other| other.cmp(one));
        revs
    }
}

/// One change of a row.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryLine {
    pub rev: i64,
    pub at_ms: i64,
    /// As the site is called today; `None`: headquarters.
    pub site: Option<String>,
    /// Whose row it is that it happened to.
    pub gid: String,
    /// As [`RecentChange::action`].
    pub action: String,
    /// The person, where one is known: who decided or undid something at headquarters.
    pub who: Option<String>,
    /// Why, as the person said; of an upload, as the old program said.
    pub why: Option<String>,
    /// Which changes came with it.
    pub batch: Option<i64>,
    pub came: Option<Batch>,
    pub changes: Vec<Changed>,
}

/// What a change did to one column.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// Place in [`ListPage::columns`]; `None`: the region.
    pub column: Option<usize>,
    pub before: Option<Cell>,
    pub after: Option<Cell>,
}

/// Lines of the log as they stand there, and the sites' names.
pub(crate) struct Told {
    pub lines: Vec<RecentChange>,
    pub sites: HashMap<u32, String>,
    /// By their numbers.
    pub came: HashMap<i64, Batch>,
}

impl Told {
    pub async fn read(db: &mut Db, gid: Gid, revs: &[i64]) -> Result<Self> {
        let wanted = revs.iter().map(|rev| Value::Int(*rev));
        let rows = db.find_any(LOG, &[("gid", gid.into())], "rev", wanted).await?;
        let mut lines = rows.iter().map(tell::change).collect::<Result<Vec<_>>>()?;
        lines.sort_by_key(|line| std::cmp::Reverse(line.rev));
        Self::of(db, lines).await
    }

    pub async fn of(db: &mut Db, lines: Vec<RecentChange>) -> Result<Self> {
        let sites = db.find(SITES, &[]).await?;
        let sites = sites.iter().map(|row| Ok((tell::site(row, 0)?, row.text(1)?.to_owned())));
        let sites = sites.collect::<Result<_>>()?;
        let wanted: BTreeSet<i64> = lines.iter().filter_map(|line| line.batch).collect();
        let rows = db.find_any(BATCHES, &[], "id", wanted.into_iter().map(Value::Int)).await?;
        let mut came = HashMap::new();
        for row in &rows {
            let batch = Batch::read(row)?;
            came.insert(batch.id, batch);
        }
        Ok(Self { lines, sites, came })
    }
}

impl Scope<'_> {
    /// What a viewer may know of it: changes that came in while the row was theirs, and what it was before only where it
    /// was theirs then as well.
    pub(super) fn history(&self, list: &ListPage, told: &Told) -> Vec<HistoryLine> {
        let sees = |line: &RecentChange| self.sees_line(line);
        let before = |at: usize| told.lines[at + 1..].iter().find(|line| line.is_change());
        let mut history = Vec::new();
        for (at, line) in told.lines.iter().enumerate().filter(|(_, line)| sees(line)) {
            let was_theirs = !self.is_of_one_region() || before(at).is_some_and(sees);
            history.push(self.history_line(list, told, (line, was_theirs)));
        }
        history
    }

    /// `was_theirs`: the viewer may know what was before.
    pub(super) fn history_line(
        &self,
        list: &ListPage,
        told: &Told,
        (line, was_theirs): (&RecentChange, bool),
    ) -> HistoryLine {
        let came = line.batch.and_then(|id| told.came.get(&id)).cloned();
        let before = line.before.as_ref().filter(|_| was_theirs);
        HistoryLine {
            rev: line.rev,
            at_ms: line.at_ms,
            site: told.sites.get(&line.site).cloned(),
            gid: line.gid.clone(),
            action: line.action.clone(),
            who: came.as_ref().and_then(|came| came.who.clone()),
            why: came.as_ref().and_then(|came| came.why.clone()),
            batch: line.batch,
            came,
            changes: self.changes(list, (before, line.after.as_ref())),
        }
    }

    pub(super) fn sees_line(&self, line: &RecentChange) -> bool {
        match &line.region {
            Some(region) => self.viewer.sees(&merge::Owner::Region(region.clone())),
            None => !self.is_of_one_region(),
        }
    }

    pub(super) fn changes(
        &self,
        list: &ListPage,
        (before, after): (Option<&Json>, Option<&Json>),
    ) -> Vec<Changed> {
        let rule = &self.rules[list.table];
        let region = rule.region_columns().0.map(|column| rule[column].name.as_str());
        let value = |row: Option<&Json>, name: &str| row?.get(name).cloned().filter(|value| !is_blank(value));
        let differ = |name: &str| value(before, name) != value(after, name);
        let columns = list.columns.iter().enumerate().filter(|(_, column)| differ(&column.name));
        let told = columns.map(|(at, column)| {
            let cell = |row| value(row, &column.name).map(|value| self.told(column, &value));
            Changed { column: Some(at), before: cell(before), after: cell(after) }
        });
        let region = region.filter(|name| differ(name)).map(|name| {
            let cell = |row| value(row, name).map(|value| plain(&value));
            Changed { column: None, before: cell(before), after: cell(after) }
        });
        told.chain(region).collect()
    }

    pub(super) fn told(&self, column: &PageColumn, value: &Json) -> Cell {
        let value = match value {
            Json::String(text) if column.refers.is_some() => {
                text.parse::<Gid>().map_or(Value::Null, Into::into)
            }
            other => of_json(other),
        };
        self.cell(column, &value)
    }
}

fn is_blank(value: &Json) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

pub(super) fn plain(value: &Json) -> Cell {
    Cell { value: of_json(value), refers: None, choice: None, masked: false }
}

fn of_json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(real)) => Value::Real(real),
            (None, None) => Value::Text(number.to_string()),
        },
        other => Value::Text(other.to_string()),
    }
}
