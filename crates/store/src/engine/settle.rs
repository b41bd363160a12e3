//! What a file and the hub agree on after an upload.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use merge::{Cells, LocalId, LocalRow, OnDelete, Rules, ShadowRow, TableId};
use model::{Gid, Rev, Value};
use replica::{codec::Stored as _, office_file::OfficeFile};

use super::{
    by_id::{by_id, rows_of},
    choose::{Base, Way},
    compare::Said,
    evidence::Evidence,
    lineage::Aside,
    merged::Merged,
    shadow::{self, Part},
};
use crate::desk::shown;

/// Everything needed to turn one file into its shadow.
pub(super) struct Settling<'a> {
    rules: &'a Rules,
    base: &'a Base,
    file: &'a OfficeFile,
    said: &'a Said,
    merged: &'a Merged,
    /// One a row of the file, in its order.
    known: BTreeMap<TableId, Vec<Known<'a>>>,
}

/// What is known of a row of the file.
#[derive(Clone, Copy)]
struct Known<'a> {
    /// Which row of the hub it is.
    gid: Option<Gid>,
    /// What the shadow had under its id.
    before: Option<&'a ShadowRow>,
}

/// **Order**: rows ascend by id. Of what was learned, the last word counts; what the shadow says, where nothing was.
fn known<'a>(
    rows: &[LocalRow],
    before: &'a [Arc<ShadowRow>],
    mut learned: Vec<(&LocalId, Gid)>,
) -> Vec<Known<'a>> {
    learned.sort_by_key(|(id, _)| *id);
    let mut learned = learned.into_iter().peekable();
    let mut before = before.iter().map(AsRef::as_ref).peekable();
    let known = |row: &LocalRow| {
        while before.next_if(|before| before.id < row.id).is_some() {}
        let before = before.next_if(|before| before.id == row.id);
        let mut gid = before.map(|before| before.gid);
        while let Some((id, now)) = learned.next_if(|(id, _)| **id <= row.id) {
            if *id == row.id {
                gid = Some(now);
            }
        }
        Known { gid, before }
    };
    rows.iter().map(known).collect()
}

impl<'a> Settling<'a> {
    pub fn new(
        rules: &'a Rules,
        base: &'a Base,
        file: &'a OfficeFile,
        said: &'a Said,
        merged: &'a Merged,
    ) -> Self {
        let mut learned: BTreeMap<TableId, Vec<(&LocalId, Gid)>> = BTreeMap::new();
        for (table, id, gid) in &said.set.learned {
            learned.entry(*table).or_default().push((id, *gid));
        }
        let known = file.merged.iter().map(|(table, rows)| {
            let learned = learned.remove(table).unwrap_or_default();
            (*table, known(rows, rows_of(&base.shadow, *table), learned))
        });
        Self { rules, base, file, said, merged, known: known.collect() }
    }

    /// The rows of one of the file's tables with their gids, as they are stored.
    ///
    /// **Invariants**: a row's rev rises only if the hub has the row exactly as the file has it: else what the hub
    /// knows better was not seen there. Rows of which it is not certain that they are gone stay.
    pub fn parts(&self, table: TableId) -> Vec<Part> {
        let mut missing = self.missing(table).into_iter().cloned().peekable();
        let mut settled = self.settled(table).peekable();
        shadow::parts(std::iter::from_fn(|| match (settled.peek(), missing.peek()) {
            (Some(row), Some(other)) if other.id < row.id => missing.next(),
            (Some(_), _) => settled.next(),
            (None, _) => missing.next(),
        }))
    }

    /// Rows of the file that were not taken, each with the hash of what it says.
    pub fn aside(&self) -> Aside {
        let mut aside = Aside::new();
        for table in self.file.merged.keys() {
            for (row, _) in self.rows(*table).filter(|(row, known)| !self.taken(*table, row, *known)) {
                aside.insert((*table, shown(&row.id)), content(&row.cells));
            }
        }
        aside
    }

    fn taken(&self, table: TableId, row: &LocalRow, known: Known<'a>) -> bool {
        let taken = known.gid.filter(|gid| !self.merged.was_refused(*gid));
        taken.is_some() && !self.lacks(table, &row.cells)
    }

    /// Rows that the file no longer has and that may be there all the same.
    fn missing(&self, table: TableId) -> Vec<&'a ShadowRow> {
        if let Way::Continue(Evidence::Absent(uncounted)) = &self.base.way
            && !uncounted.contains_key(&table)
        {
            return Vec::new();
        }
        let before = self.before(table).iter().map(AsRef::as_ref);
        let mut missing: Vec<_> =
            before.filter(|row| !self.has(table, &row.id) && !self.merged.was_deleted(row.gid)).collect();
        if !missing.is_empty() {
            let gids: HashSet<Gid> = self.settled(table).map(|row| row.gid).collect();
            missing.retain(|row| !gids.contains(&row.gid));
        }
        missing
    }

    /// The file's rows, each with what is known of it.
    fn rows(&self, table: TableId) -> impl Iterator<Item = (&'a LocalRow, Known<'a>)> {
        rows_of(&self.file.merged, table).iter().zip(rows_of(&self.known, table).iter().copied())
    }

    fn settled(&self, table: TableId) -> impl Iterator<Item = ShadowRow> {
        let settled = self.rows(table).filter_map(move |(row, known)| self.row(table, row, known));
        settled.map(|mut row| {
            self.base.forgotten.veil(&mut row);
            row
        })
    }

    fn before(&self, table: TableId) -> &'a [Arc<ShadowRow>] {
        rows_of(&self.base.shadow, table)
    }

    /// Whether the file has this row.
    fn has(&self, table: TableId, id: &LocalId) -> bool {
        by_id(rows_of(&self.file.merged, table), id).is_some()
    }

    /// `None`: the row is told again with the next file.
    fn row(&self, table: TableId, row: &LocalRow, Known { gid, before }: Known<'a>) -> Option<ShadowRow> {
        let gid = gid?;
        let known = before.filter(|known| known.gid == gid);
        let Some(mut cells) = self.global(table, &row.cells) else { return known.cloned() };
        if self.merged.was_refused(gid) {
            return known.cloned();
        }
        for (at, cell) in cells.iter_mut().enumerate() {
            if cell.is_none() {
                *cell = known.and_then(|known| known.cells[at].clone());
            }
        }
        let gid = self.merged.today(gid);
        let rev = self
            .merged
            .rev_of(gid, &cells)
            .unwrap_or_else(|| self.said.met.get(&gid).filter(|(_, hub)| *hub == cells).map(|(rev, _)| *rev));
        let before = known.map_or(Rev(0), |known| known.rev);
        Some(ShadowRow { id: row.id.clone(), gid, rev: rev.unwrap_or(before).max(before), cells })
    }

    /// Whether the row lacks a row that it needs.
    fn lacks(&self, table: TableId, cells: &Cells) -> bool {
        let rule = &self.rules[table];
        rule.references().any(|(column, reference)| {
            let needed = reference.on_delete == OnDelete::Cascade || rule[column].not_null;
            let named = cells[column.0].as_ref().filter(|value| !value.is_null());
            needed && named.is_some_and(|value| self.target(reference.table, value).is_none())
        })
    }

    /// Cells in global form; `None` when the row lacks a row that it needs.
    fn global(&self, table: TableId, cells: &Cells) -> Option<Cells> {
        if self.lacks(table, cells) {
            return None;
        }
        let mut cells = cells.clone();
        for (column, reference) in self.rules[table].references() {
            let cell = &mut cells[column.0];
            if let Some(value) = cell.as_ref().filter(|value| !value.is_null()) {
                let target = self.target(reference.table, value);
                *cell = target.map(|gid| self.merged.today(gid).into());
            }
        }
        Some(cells)
    }

    /// Which row of the hub a reference of the file names.
    fn target(&self, table: TableId, value: &Value) -> Option<Gid> {
        let id = LocalId::of(value)?;
        let rows = rows_of(&self.file.merged, table);
        let at = rows.binary_search_by(|row| row.id.cmp(&id)).ok()?;
        rows_of(&self.known, table)[at].gid
    }
}

/// The hash of what a row says.
pub(super) fn content(cells: &Cells) -> String {
    blake3::hash(&cells.encode()).to_hex()[..32].to_owned()
}
