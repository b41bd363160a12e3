//! Everything that happened to a row and to the rows that hang on it, also those that are deleted.

use std::collections::{BTreeSet, HashMap};

use merge::Rules;
use model::{Gid, Value};

use super::{
    find::Asked,
    history::{HistoryLine, Lines, Told},
    index::Index,
    pages::{ListPage, Pages},
    scope::Scope,
    viewer::Viewer,
};
use crate::{
    RecentChange, Result,
    deed::Deed,
    meta::Meta,
    query::{Db, text},
    shape::LOG,
    tell,
};

/// Changes that are told altogether; what is more is counted only.
const CHANGES_MAX: usize = 10_000;
/// Changes that are read at once, and those of one row more.
const AT_ONCE: usize = 500;
/// Numbers that are looked through at once for rows that are deleted.
const REVS: i64 = 20_000;

/// One change, and what it happened to.
#[derive(Clone, Debug, PartialEq)]
pub struct PastLine {
    /// Place in [`Pages::lists`].
    pub list: usize,
    /// What people call the row.
    pub name: String,
    pub line: HistoryLine,
}

/// Which changes there are: the row's own first, then those of what hangs on it, list by list.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// Place of the list, the row, and the numbers of its changes, newest first.
    rows: Vec<(usize, Gid, Vec<i64>)>,
    /// So many more are told nothing of.
    pub left_out: usize,
}

impl Past {
    pub async fn find(
        db: &mut Db,
        index: &mut Index,
        (rules, pages, viewer): (&Rules, &Pages, &Viewer),
        (at, gid): (usize, Gid),
    ) -> Result<Self> {
        let mut rows = vec![(at, gid)];
        let table = pages.list(at).table;
        for (list, page) in pages.all().iter().enumerate() {
            let Some(through) = page.columns.iter().find(|column| column.refers == Some(table)) else {
                continue;
            };
            let mut living = Vec::new();
            let hanging = Asked { of: Some(gid.to_string()), ..Asked::default() };
            Scope::new(index, (rules, pages), viewer)
                .all(list, &hanging, |line| living.extend(line.gid.parse::<Gid>()));
            let known: BTreeSet<Gid> = living.iter().copied().collect();
            let gone = deleted(db, (page, &through.name), gid).await?;
            rows.extend(living.into_iter().map(|gid| (list, gid)));
            rows.extend(gone.into_iter().filter(|gid| !known.contains(gid)).map(|gid| (list, gid)));
        }
        if index.lines.is_none() {
            index.lines = Some(Lines::read(db).await?);
        }
        let mut past = Self::default();
        let mut left = CHANGES_MAX;
        for (list, gid) in rows {
            let mut revs = index.lines.as_ref().map(|lines| lines.all_of(gid)).unwrap_or_default();
            past.left_out += revs.len().saturating_sub(left);
            revs.truncate(left);
            left -= revs.len();
            if !revs.is_empty() {
                past.rows.push((list, gid, revs));
            }
        }
        Ok(past)
    }

    /// Takes so many rows out as are read at once.
    pub fn take(&mut self) -> Option<Vec<(usize, Gid, Vec<i64>)>> {
        let mut sum = 0;
        let enough = self.rows.iter().position(|(_, _, revs)| {
            sum += revs.len();
            sum >= AT_ONCE
        });
        let count = enough.map_or(self.rows.len(), |at| at + 1);
        (count > 0).then(|| self.rows.drain(..count).collect())
    }
}

/// Rows of a list that are deleted and referred to this one when they were.
async fn deleted(db: &mut Db, (list, through): (&ListPage, &str), gid: Gid) -> Result<BTreeSet<Gid>> {
    let with = [("action", text(Deed::Delete.word())), ("table_name", text(&list.name))];
    let wanted = gid.to_string();
    let mut before = Meta::load(db).await?.rev.0.saturating_add(1);
    let mut found = BTreeSet::new();
    while before > 0 {
        let after = before.saturating_sub(REVS).saturating_sub(1).max(tell::NO_FLOOR);
        for row in db.find_between(LOG, &with, "rev", (after, before)).await? {
            let change = tell::change(&row)?;
            let referred = change.before.as_ref().and_then(|before| before.get(through)?.as_str());
            if referred == Some(wanted.as_str()) {
                found.extend(change.gid.parse::<Gid>());
            }
        }
        before = after.saturating_add(1);
    }
    Ok(found)
}

/// Reads the changes of these rows: by row, newest first.
pub(crate) async fn read(db: &mut Db, rows: &[(usize, Gid, Vec<i64>)]) -> Result<Told> {
    let revs: BTreeSet<i64> = rows.iter().flat_map(|(_, _, revs)| revs.iter().copied()).collect();
    let wanted: HashMap<String, usize> =
        rows.iter().enumerate().map(|(at, (_, gid, _))| (gid.to_string(), at)).collect();
    let mut lines = Vec::new();
    for row in db.find_any(LOG, &[], "rev", revs.into_iter().map(Value::Int)).await? {
        let line = tell::change(&row)?;
        // Changes of others may have come under the same number.
        if wanted.contains_key(&line.gid) {
            lines.push(line);
        }
    }
    lines.sort_by_key(|line: &RecentChange| (wanted[&line.gid], std::cmp::Reverse(line.rev)));
    Told::of(db, lines).await
}

impl Scope<'_> {
    /// What the viewer may know of these changes, as of a row's own history.
    pub(crate) fn past(&self, rows: &[(usize, Gid, Vec<i64>)], told: &Told, mut tell: impl FnMut(PastLine)) {
        let lists: HashMap<String, usize> =
            rows.iter().map(|(list, gid, _)| (gid.to_string(), *list)).collect();
        for (at, line) in told.lines.iter().enumerate().filter(|(_, line)| self.sees_line(line)) {
            let Some(list) = lists.get(&line.gid).copied() else { continue };
            let page = self.pages.list(list);
            let mut earlier = told.lines[at + 1..].iter().take_while(|earlier| earlier.gid == line.gid);
            let earlier = earlier.find(|earlier| earlier.is_change());
            let was_theirs =
                !self.is_of_one_region() || earlier.is_some_and(|earlier| self.sees_line(earlier));
            let name = self.named_by(page, &line.gid, line.after.as_ref().or(line.before.as_ref())).name;
            tell(PastLine { list, name, line: self.history_line(page, told, (line, was_theirs)) });
        }
    }
}
