//! A person is forgotten: what tells who they were goes from their row and from all that is remembered of it; what hangs on
//! the row stays.
//!
//! The row changes as any other does, so every office hears of it. What the store remembered of it besides is written over
//! (see [`traces`]): it cannot be taken back. What offices say that have not heard of it yet: see [`super::forgotten`].

mod traces;

use std::sync::Arc;

use async_trait::async_trait;
use merge::{
    Action, Age, Author, Change, ColumnId, Edit, Mark, Mint as _, Outcome, Region, Scope, Stored, TableId,
    Verdict, Written, merge,
};
use model::{Gid, Rev, SiteId, Stamp, Value};

use super::{
    audit,
    batches::{self, Came},
    forgotten, history,
    resolve::remembered,
    rows,
};
use traces::Traces;

use crate::{
    Error, Result,
    desk::{Desk, Made},
    writer::Job,
};

/// Before what is left of the identity, where the name was.
const NAME: &str = "Silinen kişi";
/// Figures of the identity that tell two of them apart. **Units**: characters.
const TOLD: usize = 8;

pub(crate) struct Erase {
    pub table: TableId,
    pub gid: Gid,
    /// What tells who somebody is.
    pub columns: Vec<ColumnId>,
    /// The one of them by which people name the row.
    pub called: ColumnId,
    pub who: String,
    pub why: String,
    /// Whose rows the person who does it may change.
    pub region: Region,
}

#[async_trait]
impl Job for Erase {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let row = remembered(desk, self.table, self.gid).await?;
        let rev = self.write(desk, &row).await?;
        let (rules, gids) = (&desk.hub.rules, identities(desk, row.gid).await?);
        forgotten::note(desk.db, (rules, self.table), (&gids, &self.columns), rev).await?;
        let rule = &rules[self.table];
        let traces = Traces {
            rules,
            table: self.table,
            gids,
            columns: self.columns.iter().map(|column| rule[*column].name.as_str()).collect(),
            called: &rule[self.called].name,
            instead: forgotten_name(row.gid),
            rev,
        };
        traces.remove(desk.db).await?;
        batches::write(desk, SiteId::HUB, &Came { who: &self.who, ..Came::of("erase") }).await?;
        let table = &desk.hub.rules[self.table].name;
        let what = format!("{table} {}: {}", row.gid, self.why);
        audit(desk, &self.who, "erase", &what).await
    }
}

impl Erase {
    /// What stands in a column afterwards: the name becomes one that nobody has, others are empty.
    fn instead(&self, row: &Stored, column: ColumnId) -> Value {
        if column == self.called { Value::Text(forgotten_name(row.gid)) } else { Value::Null }
    }

    /// Writes what stands there afterwards.
    async fn write(&self, desk: &mut Desk<'_>, row: &Stored) -> Result<Rev> {
        let rules = &desk.hub.rules;
        let edit = |column: &ColumnId| Edit {
            column: *column,
            base: row.cells[column.0].clone(),
            value: self.instead(row, *column),
        };
        let stamp = desk.mint(SiteId::HUB).stamp();
        let seen = desk.meta.rev;
        let author = Author::new(SiteId::HUB, self.region.clone(), seen);
        let action = Action::Update(self.columns.iter().map(edit).collect());
        let change = Change { table: self.table, gid: row.gid, stamp, base: seen, age: Age::Known, action };
        let mut scope = Scope::default();
        rows::load(desk.db, rules, &mut scope, std::slice::from_ref(&change), &Made::default()).await?;
        if !self.region.sees(&scope.owner(rules, self.table, &row.cells)) {
            return Err(Error::Gone);
        }
        let rev = desk.meta.next_rev();
        let outcome = if row.lives() {
            merge(rules, &mut scope, &author, change, rev)
        } else {
            self.in_dead(row, (stamp, rev))
        };
        if matches!(outcome.verdict, Verdict::Refused(_)) {
            return Err(Error::Gone);
        }
        rows::save(desk.db, rules, &outcome.written).await?;
        history::write(desk, &[(stamp, rev, outcome)], &scope).await?;
        Ok(rev)
    }
}

impl Erase {
    /// As merging would write it, if that did not bring back a row that is deleted.
    fn in_dead(&self, row: &Stored, (stamp, rev): (Stamp, Rev)) -> Outcome {
        let mut after = Stored { rev, ..row.clone() };
        for column in &self.columns {
            after.cells[column.0] = Some(self.instead(row, *column));
            after.marks[column.0] = Mark { stamp, rev, headquarters: true, emptied: None };
        }
        let written = Written { before: Some(Arc::new(row.clone())), after: Arc::new(after) };
        Outcome {
            verdict: Verdict::Applied,
            written: vec![written],
            conflicts: Vec::new(),
            namesakes: Vec::new(),
            repaired: None,
            hand_back: Vec::new(),
        }
    }
}

/// What stands where the name of somebody was who is forgotten.
#[must_use]
pub fn forgotten_name(gid: Gid) -> String {
    let figures = gid.to_string().replace('-', "").to_uppercase();
    format!("{NAME} {}", &figures[figures.len().saturating_sub(TOLD)..])
}

/// All identities by which the row ever went.
async fn identities(desk: &mut Desk<'_>, gid: Gid) -> Result<Vec<Gid>> {
    let became = rows::became(desk.db).await?;
    let former = became.keys().copied().filter(|former| rows::today(&became, *former) == gid);
    Ok(former.chain([gid]).collect())
}
