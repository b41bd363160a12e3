//! What a batch that waits would do, row by row, for who is to decide about it. Nothing of it stays.

use async_trait::async_trait;
use merge::{Action, Cells, Change, Region};
use replica::wire;

use super::{
    agreed, choose,
    compare::{self, held_for},
    held,
    history::json_of,
    pull::View,
    push,
    receive::Receive,
};
use crate::{Device, Error, RecentChange, Rejected, Result, deed::Deed, desk::Desk, sites, writer::Job};

/// Looks into a batch that waits.
pub(crate) struct LookInto {
    pub id: i64,
    /// `None`: it is a batch of an agent.
    pub upload: Option<Receive>,
    /// No more lines are told.
    pub lines: usize,
}

/// What it says of rows, as lines of a history that has not happened.
///
/// **Order**: what it waits for first, deletions before changes before new rows.
pub(crate) struct Within {
    pub lines: Vec<RecentChange>,
    /// How many more there are.
    pub more: usize,
}

#[async_trait]
impl Job for LookInto {
    type Answer = Within;
    type Failure = Rejected;

    async fn run(&mut self, desk: &mut Desk<'_>) -> std::result::Result<Within, Rejected> {
        let (device, mut changes) = match &mut self.upload {
            Some(upload) => (upload.device.clone(), of_file(desk, upload).await?),
            None => of_batch(desk, self.id).await?,
        };
        let tables = held::tables_of(desk.db, self.id).await?;
        let kept = held_for(&changes, &desk.hub.rules, &tables);
        let order = |change: &Change| {
            let deed = match change.action {
                Action::Delete { .. } => 0,
                Action::Update(_) => 1,
                Action::Insert(_) => 2,
            };
            (!kept.has(change), !kept.has_table(change.table), deed, change.table)
        };
        changes.sort_by_key(order);
        let more = changes.len().saturating_sub(self.lines);
        changes.truncate(self.lines);
        Ok(Within { lines: lines(desk, &device.region, changes).await?, more })
    }

    fn keeps(&self) -> bool {
        false
    }
}

async fn of_file(desk: &mut Desk<'_>, upload: &mut Receive) -> std::result::Result<Vec<Change>, Rejected> {
    agreed::adopt(desk, &upload.device, &mut upload.file).await?;
    let base = choose::choose(desk, &upload.device, &upload.file, &upload.mark).await?;
    Ok(compare::compare(desk, &upload.device.region, &base, &upload.file).await?.set.changes)
}

async fn of_batch(desk: &mut Desk<'_>, id: i64) -> Result<(Device, Vec<Change>)> {
    let (site, kept) = held::kept(desk.db, id).await?;
    let device = sites::device_of(desk.db, site).await?.ok_or(Error::NoHeld(id))?;
    let sent = wire::unpack(&kept, wire::BYTES_MAX).map_err(|_| GARBLED)?;
    let changes = push::changes_of(desk, &device, &sent).await.map_err(|_| GARBLED)?;
    Ok((device, changes))
}

const GARBLED: Error = Error::Broken("a held batch cannot be read");

/// Each change between what the hub has and what would be there. Of another region's row only what the batch says: whoever
/// decides for the batch's region may not know the rest.
async fn lines(desk: &mut Desk<'_>, region: &Region, changes: Vec<Change>) -> Result<Vec<RecentChange>> {
    let mut view = View::new(desk.hub, region);
    view.load(desk.db, changes.iter().map(|change| (change.table, change.gid))).await?;
    let known = |gid| view.row(gid).filter(|_| view.owns_row(gid)).map(|row| &row.cells);
    Ok(changes.iter().map(|change| line(desk, change, known(change.gid))).collect())
}

fn line(desk: &Desk<'_>, change: &Change, known: Option<&Cells>) -> RecentChange {
    let rule = &desk.hub.rules[change.table];
    let object = |cells: &Cells| json_of(rule, cells);
    let (deed, before, after) = match &change.action {
        Action::Insert(cells) => (Deed::Insert, None, Some(object(cells))),
        Action::Update(edits) => {
            let mut after = known.cloned().unwrap_or_else(|| vec![None; rule.columns.len()]);
            for edit in edits {
                after[edit.column.0] = Some(edit.value.clone());
            }
            (Deed::Update, known.map(object), Some(object(&after)))
        }
        Action::Delete { .. } => (Deed::Delete, known.map(object), known.map(object)),
    };
    RecentChange {
        rev: 0,
        table: rule.name.clone(),
        gid: change.gid.to_string(),
        site: change.stamp.site.0,
        at_ms: desk.now_ms,
        action: deed.word().to_owned(),
        region: None,
        before,
        after,
        batch: None,
    }
}
