//! What the rows of a file were called where its agent was before: at another hub, or at this one before it lost them.
//!
//! An identity is the same wherever it is met. So a hub that lost everything, or one that the file only comes back to, knows
//! a row again by it, however many files bring that row.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use merge::{Deletes, DiffError, FileDiff, LocalId, Region, ShadowRow, TableId};
use model::{Gid, Rev, SiteId};
use replica::office_file::OfficeFile;

use super::{kin, push::strangers, shadow::Shadow};
use crate::{Rejected, Result, desk::Desk};

/// By local ids, as the file has its rows now.
type ByPlace = HashMap<(TableId, LocalId), Gid>;

/// What rows of a file were called.
#[derive(Default)]
pub(super) struct Names {
    known: ByPlace,
    /// Names of rows that another region has, and this one knows nothing of: the row may have moved. It is not the file's
    /// then, and no other one either.
    pub claimed: ByPlace,
}

impl Names {
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.claimed.is_empty()
    }

    pub fn of(&self, table: TableId, id: &LocalId) -> Option<Gid> {
        self.known.get(&(table, id.clone())).copied()
    }
}

/// Which of the file's rows are still those that it has a name for.
pub(super) async fn of(
    desk: &mut Desk<'_>,
    (site, region): (SiteId, &Region),
    file: &OfficeFile,
) -> std::result::Result<Names, Rejected> {
    let names = still(desk, site, file)?;
    let all: BTreeSet<(TableId, Gid)> = names.iter().map(|((table, _), gid)| (*table, *gid)).collect();
    let strangers = strangers::among(desk, region, all).await?.strangers;
    let is_claimed = |((table, _), gid): &((TableId, LocalId), Gid)| strangers.contains(&(*table, *gid));
    let (claimed, known) = names.into_iter().partition(is_claimed);
    Ok(Names { known, claimed })
}

fn still(desk: &mut Desk<'_>, site: SiteId, file: &OfficeFile) -> std::result::Result<ByPlace, DiffError> {
    let hub = desk.hub;
    let mut mint = desk.mint(site);
    let mut diff = FileDiff::new(&hub.rules, &mut mint);
    let mut names = ByPlace::new();
    for (table, id) in &file.in_place {
        diff.updated(*table, id.clone());
    }
    for table in &hub.order.tables {
        let (Some(rows), Some(named)) = (file.merged.get(table), file.named.get(table)) else { continue };
        diff.table(*table, rows.iter().cloned(), named.iter().cloned(), Deletes::Never)?;
        names.extend(named.iter().map(|row| ((*table, row.id.clone()), row.gid)));
    }
    let learned = diff.finish().learned;
    let made = mint.made;
    for (table, id, gid) in learned {
        if made.has(gid) {
            names.remove(&(table, id));
        } else {
            names.insert((table, id), gid);
        }
    }
    Ok(names)
}

/// The named rows that the hub has, as it has them now, and which of them are dead.
pub(super) async fn today(desk: &mut Desk<'_>, names: &Names) -> Result<(Shadow, HashSet<Gid>)> {
    let mut shadow = Shadow::new();
    for ((table, id), gid) in &names.known {
        let row = ShadowRow { id: id.clone(), gid: *gid, rev: Rev(0), cells: Vec::new() };
        shadow.entry(*table).or_default().push(Arc::new(row));
    }
    kin::today(desk, shadow).await
}
