//! What a job works with.

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use merge::{InsertOrder, Kept, LocalId, Mint, Rules, TableId};
use model::{Gid, SiteId, Stamp};
use replica::handout::Blank;
use tokio::sync::Notify;

use crate::{Pages, Result, Settings, in_use, lists, meta::Meta, pulse::Beat, query::Db};

/// What all jobs of a store share.
#[derive(Debug)]
pub(crate) struct Hub {
    pub rules: Rules,
    pub pages: Pages,
    pub order: InsertOrder,
    pub settings: Settings,
    pub blank: Blank,
    pub beat: Beat,
    /// Something was committed.
    pub committed: Notify,
    /// As long as anybody works with the store.
    _in_use: Option<File>,
}

/// One writing transaction at work.
pub(crate) struct Desk<'a> {
    pub hub: &'a Arc<Hub>,
    pub db: &'a mut Db,
    pub meta: Meta,
    pub now_ms: i64,
    /// The number that the changes of this job have in common.
    pub batch: i64,
    pub wrote: Wrote,
}

/// Rows that a job inserted, updated and deleted, by region; of none it is the empty one.
pub(crate) type Wrote = BTreeMap<String, [i64; 3]>;

/// Identities and stamps for the changes of one site.
pub(crate) struct Minting<'a> {
    pub hub: &'a Hub,
    pub meta: &'a mut Meta,
    pub now_ms: i64,
    pub site: SiteId,
    pub made: Made,
}

/// Identities made for the rows of one file. They ascend without a gap: rows that come together lie together in the
/// store, and none of them has to be remembered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Made {
    /// Random bits of the first.
    start: Option<u128>,
    /// The first and the last.
    made: Option<(Gid, Gid)>,
    count: u128,
    /// Up to here they are in the store.
    stored: Option<Gid>,
}

impl Made {
    /// One more. All are of one moment.
    fn next(&mut self, unix_ms: u64, random: impl FnOnce() -> u128) -> Gid {
        // The highest of the bits that count stays free, so that counting on from here never begins anew.
        let start = *self.start.get_or_insert_with(|| random() & START_MASK);
        let gid = Gid::new(unix_ms, start + self.count);
        self.count += 1;
        self.made = Some((self.made.map_or(gid, |(first, _)| first), gid));
        gid
    }

    /// Whether it is one of them.
    pub fn has(&self, gid: Gid) -> bool {
        self.made.is_some_and(|(first, last)| (first..=last).contains(&gid))
    }

    /// Whether it is one of a row that is not in the store yet.
    pub fn is_new(&self, gid: Gid) -> bool {
        self.has(gid) && self.stored.is_none_or(|stored| gid > stored)
    }

    /// From now on this row can be found, and so can all that were made before it.
    pub fn stored(&mut self, gid: Gid) {
        if self.is_new(gid) {
            self.stored = Some(gid);
        }
    }
}

/// [`Gid::new`] takes 74 random bits.
const START_MASK: u128 = (1 << 73) - 1;

impl Hub {
    pub async fn new(settings: Settings) -> Result<Self> {
        let rules = merge::read(settings.preset.rules)?;
        let pages = lists::read(settings.preset.pages, &rules)?;
        for folder in ["", "uploads", "hand_outs"] {
            make_private(&settings.data_folder.join(folder))?;
        }
        let in_use = in_use::share(&settings.address)?;
        let folder = settings.data_folder.join("hand_outs");
        let blank = Blank::of(settings.preset.schema, &folder).await?;
        let order = merge::insert_order(&rules);
        let (beat, committed) = (Beat::default(), Notify::new());
        Ok(Self { rules, pages, order, settings, blank, beat, committed, _in_use: in_use })
    }

    pub fn now_ms(&self) -> i64 {
        (self.settings.clock)()
    }

    pub fn merged(&self) -> impl Iterator<Item = TableId> + '_ {
        let tables = self.order.tables.iter().copied();
        tables.filter(|table| self.rules[*table].kept == Kept::Merged)
    }

    pub fn uploads(&self) -> PathBuf {
        self.settings.data_folder.join("uploads")
    }

    pub fn hand_outs(&self) -> PathBuf {
        self.settings.data_folder.join("hand_outs")
    }

    pub fn hand_out(&self, tag: &str) -> PathBuf {
        self.hand_outs().join([tag, ".db"].concat())
    }

    /// 32 characters that nobody can guess.
    pub fn random_name(&self) -> String {
        let mut bytes = [0; 16];
        (self.settings.random)(&mut bytes);
        data_encoding::HEXLOWER.encode(&bytes)
    }
}

impl Desk<'_> {
    pub fn mint(&mut self, site: SiteId) -> Minting<'_> {
        Minting { hub: self.hub, meta: &mut self.meta, now_ms: self.now_ms, site, made: Made::default() }
    }
}

impl Mint for Minting<'_> {
    fn gid(&mut self) -> Gid {
        let random = || {
            let mut bytes = [0; 16];
            (self.hub.settings.random)(&mut bytes);
            u128::from_be_bytes(bytes)
        };
        self.made.next(self.now_ms.max(0).unsigned_abs(), random)
    }

    fn stamp(&mut self) -> Stamp {
        self.meta.stamp(self.now_ms).by(self.site)
    }
}

/// An id for people and subjects.
pub(crate) fn shown(id: &LocalId) -> String {
    match id {
        LocalId::Int(number) => number.to_string(),
        LocalId::Text(text) => text.chars().filter(|c| !c.is_control()).take(100).collect(),
    }
}

/// Makes a folder that nobody else on the machine may look into; one that is there stays as it is.
///
/// # Errors
/// What the system says.
pub fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_of_one_file_ascend_and_are_new_until_they_are_stored() {
        for random in [0, 0x3fff_ffff_ffff_fffe, u128::MAX] {
            let mut made = Made::default();
            let gids: Vec<Gid> = (0..1000).map(|_| made.next(7, || random)).collect();
            assert!(gids.is_sorted_by(|a, b| a < b), "{random:x}");
            assert!(gids.iter().all(|gid| made.has(*gid) && made.is_new(*gid)));
            assert!(!made.has(Gid::new(8, random)), "of another moment");
            made.stored(gids[499]);
            made.stored(gids[3]);
            assert!(
                gids.iter().enumerate().all(|(at, gid)| made.has(*gid) && made.is_new(*gid) == (at > 499))
            );
        }
        assert!(!Made::default().has(Gid::new(0, 0)));
    }
}
