//! People who were forgotten, and what offices still say of them.
//!
//! An office's file, or an agent that is away, has the name until it hears of the forgetting. What it says in these
//! columns from before is not taken: it changes nothing, makes no conflict and is not kept. The one thing to know: a row of
//! a file that has not seen the forgetting is *veiled*: what is kept of it has nothing in these columns, and counts as
//! saying there what the file says, whatever that is.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use merge::{Action, Change, ColumnId, LocalRow, Rules, ShadowRow, TableId};
use model::{Gid, Rev, Value};

use super::{by_id::by_id, by_id::rows_of, shadow::Shadow};
use crate::{
    Result,
    query::{Db, text},
    shape::FORGOTTEN,
};

/// **Shape**: by all identities that a row ever had.
#[derive(Debug, Default)]
pub(super) struct Forgotten(HashMap<Gid, Of>);

#[derive(Debug)]
struct Of {
    /// Who has seen this has seen the forgetting.
    rev: Rev,
    columns: Vec<ColumnId>,
}

impl Forgotten {
    pub async fn load(db: &mut Db, rules: &Rules) -> Result<Self> {
        let mut all: HashMap<Gid, Of> = HashMap::new();
        for row in db.find(FORGOTTEN, &[]).await? {
            let Some(table) = rules.table(row.text(2)?) else { continue };
            let Some(column) = rules[table].column(row.text(1)?) else { continue };
            let of = || Of { rev: Rev(0), columns: Vec::new() };
            let known = all.entry(Gid::from_uuid(row.uuid(0)?)).or_insert_with(of);
            known.rev = known.rev.max(Rev(row.int(3)?));
            known.columns.push(column);
        }
        Ok(Self(all))
    }

    /// The columns of which the row has not seen that they were forgotten.
    fn unseen(&self, gid: Gid, seen: Rev) -> &[ColumnId] {
        self.0.get(&gid).filter(|of| seen < of.rev).map_or(&[][..], |of| &of.columns)
    }

    /// Takes out of a row of a file what is forgotten there; returns whether there was anything.
    pub fn veil(&self, row: &mut ShadowRow) -> bool {
        let cells = &mut row.cells;
        let taken = self.unseen(row.gid, row.rev).iter().map(|column| cells[column.0].take().is_some());
        taken.fold(false, |any, taken| any | taken)
    }

    /// Lets veiled rows say what the file says.
    pub fn lift(&self, file: &BTreeMap<TableId, Vec<LocalRow>>, shadow: &mut Shadow) {
        if self.0.is_empty() {
            return;
        }
        for (table, rows) in shadow {
            let file = rows_of(file, *table);
            for row in rows.iter_mut().filter(|row| !self.unseen(row.gid, row.rev).is_empty()) {
                self.lift_row(by_id(file, &row.id), Arc::make_mut(row));
            }
        }
    }

    /// As [`Forgotten::lift`], of one row and what stands under its id.
    pub fn lift_row(&self, file: Option<&LocalRow>, row: &mut ShadowRow) {
        for column in self.unseen(row.gid, row.rev) {
            row.cells[column.0] = file.and_then(|file| file.cells[column.0].clone());
        }
    }

    /// Takes out of a change what it says of columns whose forgetting its office has not seen.
    pub fn strip(&self, change: &mut Change) {
        let unseen = self.unseen(change.gid, change.base);
        match &mut change.action {
            Action::Insert(cells) => unseen.iter().for_each(|column| cells[column.0] = None),
            Action::Update(edits) => edits.retain(|edit| !unseen.contains(&edit.column)),
            Action::Delete { .. } => {}
        }
    }
}

/// Notes that these columns of a row were forgotten by this change, under all its identities.
pub(super) async fn note(
    db: &mut Db,
    (rules, table): (&Rules, TableId),
    (gids, columns): (&[Gid], &[ColumnId]),
    rev: Rev,
) -> Result<()> {
    let rule = &rules[table];
    let line = |gid: &Gid, column: &ColumnId| {
        vec![(*gid).into(), text(&rule[*column].name), text(&rule.name), Value::Int(rev.0)]
    };
    let lines: Vec<_> =
        gids.iter().flat_map(|gid| columns.iter().map(move |column| line(gid, column))).collect();
    db.put(FORGOTTEN, &lines).await
}

/// The last forgetting; 0: nobody was forgotten.
pub(super) async fn last(db: &mut Db) -> Result<Rev> {
    let lines = db.find(FORGOTTEN, &[]).await?;
    let revs = lines.iter().map(|line| line.int(3)).collect::<Result<Vec<_>>>()?;
    Ok(Rev(revs.into_iter().max().unwrap_or(0)))
}
