//! What the store remembers of a person besides their row: the history, conflicts, what files held, what agents were
//! answered. It is written over.

use std::collections::BTreeSet;

use merge::{ColumnId, Rules, TableId};
use model::{Gid, Rev, Value};
use replica::{
    codec::Stored as _,
    office_file::OwnTable,
    wire::{self, Pushed},
};
use serde_json::Value as Json;

use super::super::{forgotten::Forgotten, rows, shadow};
use crate::{
    Error, Result,
    deed::Deed,
    query::{Db, Row, maybe, text},
    shape::{AGENTS, CONFLICTS, DEVICE, LOG},
    tell,
};

/// Columns of the history: what a row was, and what it became.
const BEFORE: usize = 8;
const AFTER: usize = 9;
/// What it was, exactly, where that had to be kept.
const EXACT: usize = 11;
/// In [`AGENTS`]: the answer to the last batch.
const ANSWER: usize = 4;

/// What is forgotten of whom.
pub(super) struct Traces<'a> {
    pub rules: &'a Rules,
    pub table: TableId,
    /// All identities by which the row ever went, the last of today.
    pub gids: Vec<Gid>,
    /// Columns, and the one of them that names the row.
    pub columns: BTreeSet<&'a str>,
    pub called: &'a str,
    /// What stands in place of the name.
    pub instead: String,
    /// What forgets; its own line stays.
    pub rev: Rev,
}

impl Traces<'_> {
    pub async fn remove(&self, db: &mut Db) -> Result<()> {
        let names = self.forget_history(db).await?;
        self.forget_refused(db, &names).await?;
        self.forget_conflicts(db).await?;
        self.forget_former(db).await?;
        self.forget_files(db, &names).await?;
        self.forget_answers(db).await
    }

    /// Takes the columns out of what the history says of the row. Returns all names that it ever had.
    async fn forget_history(&self, db: &mut Db) -> Result<BTreeSet<String>> {
        let gids = self.gids.iter().map(|gid| (*gid).into());
        let (mut names, mut told) = (BTreeSet::new(), Vec::new());
        for line in db.find_any(LOG, &[], "gid", gids).await? {
            names.extend([BEFORE, AFTER].into_iter().filter_map(|at| self.name(&line, at)));
            told.push(self.without(line)?);
        }
        names.remove(&self.instead);
        db.put(LOG, &told).await?;
        Ok(names)
    }

    fn name(&self, line: &Row, at: usize) -> Option<String> {
        let said = tell::json(line, at).ok()??;
        Some(said.get(self.called)?.as_str()?.to_owned()).filter(|name| !name.trim().is_empty())
    }

    fn without(&self, line: Row) -> Result<Vec<Value>> {
        let keep = |at: usize| -> Result<Value> {
            let Some(mut row) = tell::json(&line, at)? else { return Ok(Value::Null) };
            if let Json::Object(cells) = &mut row {
                cells.retain(|name, _| !self.columns.contains(name.as_str()));
            }
            Ok(maybe(Some(row.to_string())))
        };
        let (before, after) = (keep(BEFORE)?, keep(AFTER)?);
        let own = line.int(0)? == self.rev.0;
        let mut row = line.0;
        (row[BEFORE], row[EXACT]) = (before, Value::Null);
        if !own {
            row[AFTER] = after;
        }
        Ok(row)
    }

    /// What was not taken of a file may stand there under an identity of nobody: it goes by the name.
    async fn forget_refused(&self, db: &mut Db, names: &BTreeSet<String>) -> Result<()> {
        let with =
            [("action", text(Deed::Refused.word())), ("table_name", text(&self.rules[self.table].name))];
        let mut told = Vec::new();
        for line in db.find(LOG, &with).await? {
            let said = [BEFORE, AFTER].into_iter().filter_map(|at| self.name(&line, at));
            if said.into_iter().any(|name| names.contains(&name)) {
                told.push(self.without(line)?);
            }
        }
        db.put(LOG, &told).await
    }

    /// What did not stand of the columns goes, decided or not.
    async fn forget_conflicts(&self, db: &mut Db) -> Result<()> {
        for gid in &self.gids {
            for column in &self.columns {
                db.remove_with(CONFLICTS, &[("gid", (*gid).into()), ("column_name", text(*column))]).await?;
            }
        }
        Ok(())
    }

    /// Rows that became this one.
    async fn forget_former(&self, db: &mut Db) -> Result<()> {
        let (_, former) = self.gids.split_last().ok_or(Error::Broken("a row has no identity"))?;
        let mut found = rows::rows_of(db, self.rules, self.table, former).await?;
        for row in &mut found {
            self.columns().for_each(|column| row.cells[column.0] = None);
        }
        rows::overwrite(db, self.rules, &found).await
    }

    fn columns(&self) -> impl Iterator<Item = ColumnId> + '_ {
        self.columns.iter().filter_map(|name| self.rules[self.table].column(name))
    }

    /// What is kept of files: their rows, and names in tables of the PC itself.
    async fn forget_files(&self, db: &mut Db, names: &BTreeSet<String>) -> Result<()> {
        let forgotten = Forgotten::load(db, self.rules).await?;
        shadow::veil(db, (self.rules, self.table), &forgotten).await?;
        let mut told = Vec::new();
        for mut row in db.find(DEVICE, &[]).await? {
            let mut own = OwnTable::decode(row.bytes(2)?)?;
            if self.rename(&mut own, names) {
                row.0[2] = Value::Bytes(own.encode());
                told.push(row.0);
            }
        }
        db.put(DEVICE, &told).await
    }

    /// Whether anything was renamed.
    fn rename(&self, own: &mut OwnTable, names: &BTreeSet<String>) -> bool {
        let cells = own.rows.iter_mut().flatten();
        let named = cells.filter(|cell| matches!(cell, Value::Text(text) if names.contains(text)));
        named.map(|cell| *cell = text(&self.instead)).count() > 0
    }

    /// What agents were last answered; asked again, it is answered without the columns.
    async fn forget_answers(&self, db: &mut Db) -> Result<()> {
        let mut told = Vec::new();
        for mut row in db.find(AGENTS, &[]).await? {
            let answer = wire::unpack(row.bytes(ANSWER)?, usize::MAX - 1);
            let mut answer: Pushed =
                answer.map_err(|_| Error::Broken("the answer to a batch cannot be read"))?;
            if self.blank(&mut answer) {
                row.0[ANSWER] = Value::Bytes(wire::pack(&answer));
                told.push(row.0);
            }
        }
        db.put(AGENTS, &told).await
    }

    fn blank(&self, answer: &mut Pushed) -> bool {
        let mut any = false;
        for row in answer.rows.iter_mut().filter(|row| self.gids.iter().any(|gid| gid.uuid() == row.gid)) {
            for (name, cell) in row.cells.iter_mut().flatten() {
                if self.columns.contains(name.as_str()) {
                    cell.0 = if name == self.called { text(&self.instead) } else { Value::Null };
                    any = true;
                }
            }
        }
        any
    }
}
