//! Files that were handed out: each PC's newest, and the one before it that may be on its way right now.

use std::{collections::HashSet, fs, sync::Arc};

use crate::{Error, Result, desk::Hub, engine, query::Db};

const STOPPED: Error = Error::Broken("work on a file stopped unexpectedly");

/// Removes files that nobody will be given: of lineages that are gone, of sites that were revoked, of other hubs'
/// turns; and what names somebody who was forgotten since.
///
/// **Invariants**: a file comes after its lineage is committed, so one that another process is writing is never taken for
/// left over.
pub(crate) async fn sweep(hub: &Arc<Hub>, db: &mut Db) -> Result<()> {
    let folder = hub.hand_outs();
    let there = fs::read_dir(&folder)?.collect::<std::io::Result<Vec<_>>>()?;
    let wanted: HashSet<_> =
        engine::newest_hand_outs(db).await?.iter().map(|tag| hub.hand_out(tag)).collect();
    let paths = there.into_iter().map(|entry| entry.path());
    let over: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "db") && !wanted.contains(path))
        .collect();
    // It may be gone already, or be read right now: then it goes the next time.
    let remove = move || over.iter().for_each(|path| _ = fs::remove_file(path));
    tokio::task::spawn_blocking(remove).await.map_err(|_| STOPPED)?;
    Ok(())
}
