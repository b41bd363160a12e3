//! What whoever administers sees and does.
//!
//! Owns who of them may: a page asks here, and is refused here. The one thing to know: a PC of another region is as if it
//! were not there, for whoever asks.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use merge::Region;

use crate::{Denied, Result, Site, Viewer, engine, query::Db, sites};

/// A PC, and what its agent last said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Station {
    pub site: Site,
    /// `None`: no agent was heard of; the old program says nothing of itself.
    pub agent: Option<AgentSaid>,
}

/// What an agent said of itself and its office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentSaid {
    pub version: Option<String>,
    /// How far the PC's clock runs before the hub's.
    pub ahead_ms: i64,
    /// Changes that wait at the office.
    pub waiting: u64,
    /// When it said so. **Units**: milliseconds since 1970.
    pub at_ms: i64,
}

/// What a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    pub product: String,
    pub version: String,
    /// Number of the newest change.
    pub rev: i64,
    /// `None`: it is on a server.
    pub file: Option<PathBuf>,
    /// Of the file and its log.
    pub bytes: Option<u64>,
}

/// How large a SQLite file is with its log.
pub(crate) fn bytes_of(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let log = PathBuf::from(log);
    [file, &log].iter().filter_map(|path| fs::metadata(path).ok()).map(|found| found.len()).sum()
}

/// Those that are the viewer's to administer, in the order in which they were added.
pub(crate) async fn stations(db: &mut Db, viewer: &Viewer) -> Result<Vec<Station>> {
    let mut said = engine::said(db).await?;
    let own = sites::list(db).await?.into_iter().filter(|site| is_of(viewer, &site.region));
    Ok(own.map(|site| Station { agent: said.remove(&site.id), site }).collect())
}

/// Headquarters' own PCs are of no region but all.
fn is_of(viewer: &Viewer, region: &str) -> bool {
    *viewer.region() == Region::All || *viewer.region() == Region::new(region)
}

/// # Errors
/// `Role`
pub(crate) fn check(viewer: &Viewer) -> std::result::Result<(), Denied> {
    if viewer.administers() { Ok(()) } else { Err(Denied::Role) }
}

/// # Errors
/// `Role`, also of a region that is not the viewer's.
pub(crate) fn check_region(viewer: &Viewer, region: &str) -> std::result::Result<(), Denied> {
    check(viewer)?;
    if is_of(viewer, region.trim()) { Ok(()) } else { Err(Denied::Role) }
}

/// The one of `known` that a name means which is none of them.
pub(crate) fn near(known: &BTreeSet<String>, region: &str) -> Option<String> {
    let near = known.iter().find(|known| folded(known) == folded(region));
    near.filter(|_| !known.contains(region.trim())).cloned()
}

/// What people take for one name: size of letters, marks of Turkish and blanks make no other.
pub(crate) fn folded(name: &str) -> String {
    office::input::fold(name).split_whitespace().collect::<Vec<_>>().join(" ")
}
