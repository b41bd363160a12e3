//! Which rows a batch needs, found by following what is already known.

use std::collections::HashSet;

use model::{Gid, Value};

use crate::{Action, Cause, Cells, Change, OnDelete, Rules, Scope, Stored, TableId, Want, natural_key};

impl Scope {
    /// What is still missing to merge these changes; empty when everything is there.
    ///
    /// **Shape**: each want once.
    #[must_use]
    pub fn wants(&self, rules: &Rules, changes: &[Change]) -> Vec<Want> {
        let mut search = Search { rules, scope: self, seen: HashSet::new(), missing: Vec::new() };
        for change in changes {
            search.change(change);
        }
        search.missing
    }
}

struct Search<'a> {
    rules: &'a Rules,
    scope: &'a Scope,
    seen: HashSet<Want>,
    missing: Vec<Want>,
}

impl Search<'_> {
    /// Whether this was answered; asks for it if not. `None`: it has been followed already.
    fn follow(&mut self, want: Want) -> Option<bool> {
        if !self.seen.insert(want.clone()) {
            return None;
        }
        let answered = self.scope.has(&want);
        if !answered {
            self.missing.push(want);
        }
        Some(answered)
    }

    fn change(&mut self, change: &Change) {
        self.row(change.table, change.gid);
        match &change.action {
            Action::Insert(cells) => self.contents(change.table, cells),
            Action::Update(edits) => {
                let row = self.scope.row(self.scope.today(change.gid));
                let row = row.filter(|row| row.table == change.table);
                let mut cells = row
                    .map_or_else(|| vec![None; self.rules[change.table].columns.len()], |r| r.cells.clone());
                for edit in edits {
                    cells[edit.column.0] = Some(edit.value.clone());
                }
                self.contents(change.table, &cells);
            }
            Action::Delete { with } => {
                if let Some(parent) = with {
                    self.parent_of(change.table, *parent);
                }
                self.referring(change.table, self.scope.today(change.gid));
            }
        }
    }

    /// A row, its parents, and what comes back with it.
    fn row(&mut self, table: TableId, gid: Gid) {
        if self.follow(Want::Row(table, gid)) != Some(true) {
            return;
        }
        // What names a row of another table names nothing.
        let Some(row) = self.scope.row(gid).filter(|row| row.table == table) else { return };
        if let Some(today) = row.became() {
            return self.row(table, today);
        }
        self.contents(table, &row.cells);
        self.emptied(row);
        if row.lives() {
            return;
        }
        self.fallen(gid);
        if let Some(Cause::With(parent)) = row.dead.map(|dead| dead.cause) {
            self.parent_of(table, parent);
        }
    }

    /// What comes back with a row.
    fn fallen(&mut self, gid: Gid) {
        if self.follow(Want::Fallen(gid)) == Some(true) {
            for fallen in self.scope.fallen(gid) {
                self.known(fallen);
            }
        }
    }

    fn known(&mut self, gid: Gid) {
        if let Some(row) = self.scope.row(gid) {
            self.row(row.table, gid);
        }
    }

    fn emptied(&mut self, row: &Stored) {
        for (column, reference) in self.rules[row.table].references() {
            if let Some(target) = row.marks[column.0].emptied {
                self.row(reference.table, target);
            }
        }
    }

    /// Whom cells refer to, and who bears the same name.
    fn contents(&mut self, table: TableId, cells: &Cells) {
        for (column, reference) in self.rules[table].references() {
            if let Some(target) = cells[column.0].as_ref().and_then(Gid::of) {
                self.row(reference.table, target);
            }
        }
        if let Some(key) = natural_key(&self.rules[table], cells) {
            self.name(table, &key);
        }
    }

    /// Rows of one name may turn out to be one: whoever refers to either must be known.
    fn name(&mut self, table: TableId, key: &[Value]) {
        if self.follow(Want::Named(table, key.to_vec())) != Some(true) {
            return;
        }
        let bearers = self.scope.named(table, key);
        for gid in &bearers {
            self.known(*gid);
            self.follow(Want::Referring(table, *gid));
            self.fallen(*gid);
        }
    }

    /// All that may fall with a row.
    fn referring(&mut self, table: TableId, gid: Gid) {
        if self.follow(Want::Referring(table, gid)) != Some(true) {
            return;
        }
        for (from, column, row) in self.scope.referring_all(gid) {
            self.row(from, row);
            let falls = self.rules[from][column].reference.is_some_and(|r| r.on_delete == OnDelete::Cascade);
            if falls {
                self.referring(from, row);
            }
        }
    }

    fn parent_of(&mut self, table: TableId, gid: Gid) {
        let cascades: Vec<_> = self.rules[table].references().map(|(_, reference)| reference.table).collect();
        for parent in cascades {
            if self.scope.row(gid).is_none_or(|row| row.table == parent) {
                self.row(parent, gid);
            }
        }
    }
}
