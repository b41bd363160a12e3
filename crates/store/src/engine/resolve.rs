//! What people do about values that did not stand.

use async_trait::async_trait;
use merge::{
    Action, Age, Author, Change, Edit, Mint as _, Region, Scope, Stored, TableId, Verdict, Written, merge,
};
use model::{Gid, Rev, SiteId, Value};

use super::{
    audit_in,
    batches::{self, Came},
    bearer, history, rows,
};
use crate::{
    ConflictState, Error, Result, Take,
    conflicts::{self, Entry, Took},
    desk::{Desk, Made},
    tell,
    writer::Job,
};

/// Who the hub is where it writes itself.
pub(crate) const HEADQUARTERS: &str = "*";

/// A person has looked at conflicts.
pub(crate) struct LookAt {
    pub conflicts: Vec<i64>,
    pub who: String,
}

/// A person decides a conflict.
pub(crate) struct Resolve {
    pub conflict: i64,
    pub take: Took,
    pub who: String,
    /// Whose conflicts the person may decide.
    pub region: Region,
}

#[async_trait]
impl Job for LookAt {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        for id in &self.conflicts {
            if let Some(entry) = Entry::find(desk.db, *id).await?
                && entry.state()? == ConflictState::New
            {
                entry.note(desk.db, ConflictState::Seen, &self.who, desk.now_ms).await?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Job for Resolve {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let entry = Entry::find(desk.db, self.conflict).await?;
        let mut entry = entry.ok_or(Error::NoConflict(self.conflict))?;
        let is_theirs = conflicts::is_of(desk.db, (desk.hub, &self.region), &entry).await?;
        if !is_theirs || entry.state()? == ConflictState::Decided {
            return Err(Error::NoConflict(self.conflict));
        }
        let word = match &self.take {
            Took::Side(Take::Winner) => "conflict_winner",
            Took::Side(Take::Loser) => {
                let value = entry.loser()?.unwrap_or(Value::Null);
                put_back(desk, &entry, value).await?;
                "conflict_loser"
            }
            Took::Other(value) => {
                entry.column()?.ok_or(Error::Gone)?;
                put_back(desk, &entry, value.clone()).await?;
                "conflict_other"
            }
        };
        let came = Came { who: &self.who, why: word, ..Came::of("conflict") };
        batches::write(desk, SiteId::HUB, &came).await?;
        entry.choose(&self.take);
        let region = entry.region()?.map_or(Region::All, Region::new);
        audit_in(desk, &region, [&self.who, word, &self.conflict.to_string()]).await?;
        entry.note(desk.db, ConflictState::Decided, &self.who, desk.now_ms).await
    }
}

/// Makes what did not stand stand: the value in its column, or the deletion. What came in after the conflict was not what
/// the person decided about: it is neither overwritten nor taken away.
async fn put_back(desk: &mut Desk<'_>, entry: &Entry, value: Value) -> Result<()> {
    let rules = &desk.hub.rules;
    let table = rules.table(entry.table()?).ok_or(Error::Gone)?;
    let column = match entry.column()? {
        Some(column) => Some(rules[table].column(column).ok_or(Error::Gone)?),
        None => None,
    };
    let row = living(desk, table, entry.gid()?).await?;
    let (gid, at) = (row.gid, entry.at()?);
    let action = match column {
        None => Action::Delete { with: None },
        Some(column) if row.marks[column.0].rev > at => {
            return Err(later(desk, row.marks[column.0].rev, gid).await?);
        }
        Some(column) => Action::Update(vec![Edit { column, base: row.cells[column.0].clone(), value }]),
    };
    let stamp = desk.mint(SiteId::HUB).stamp();
    // Headquarters has seen everything.
    let seen = desk.meta.rev;
    let author = Author::new(SiteId::HUB, Region::All, seen);
    let changes = [Change { table, gid, stamp, base: seen, age: Age::Known, action }];
    let mut scope = Scope::default();
    rows::load(desk.db, rules, &mut scope, &changes, &Made::default()).await?;
    if let Some(other) = bearer::of(rules, &scope, &changes[0]) {
        return Err(Error::Named(other));
    }
    let rev = desk.meta.next_rev();
    let outcome = merge(rules, &mut scope, &author, changes[0].clone(), rev);
    if matches!(outcome.verdict, Verdict::Refused(_) | Verdict::NotDeleted) {
        return Err(Error::Gone);
    }
    if column.is_none()
        && let Some((wrote, gid)) = outcome.written.iter().filter_map(last_written).max()
        && wrote > at
    {
        return Err(later(desk, wrote, gid).await?);
    }
    rows::save(desk.db, rules, &scope.take_changed()).await?;
    history::write(desk, &[(stamp, rev, outcome)], &scope).await
}

/// When somebody last wrote a row that goes, or loses a reference, with a deletion.
fn last_written(written: &Written) -> Option<(Rev, Gid)> {
    let before = written.before.as_ref()?;
    before.heard.values().map(|heard| (heard.wrote, before.gid)).max()
}

/// Tells what came in after the conflict.
async fn later(desk: &mut Desk<'_>, rev: Rev, gid: Gid) -> Result<Error> {
    Ok(Error::Later(Box::new(tell::change_of(desk.db, rev, gid).await?)))
}

/// The living row that goes by this identity.
async fn living(desk: &mut Desk<'_>, table: TableId, gid: Gid) -> Result<Stored> {
    Some(remembered(desk, table, gid).await?).filter(Stored::lives).ok_or(Error::Gone)
}

/// The row that goes by this identity, also one that was deleted.
pub(super) async fn remembered(desk: &mut Desk<'_>, table: TableId, gid: Gid) -> Result<Stored> {
    let gid = rows::today(&rows::became(desk.db).await?, gid);
    let found = rows::rows_of(desk.db, &desk.hub.rules, table, &[gid]).await?;
    found.into_iter().next().ok_or(Error::Gone)
}
