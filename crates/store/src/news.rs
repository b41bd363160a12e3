//! What changed, for those who wait for it: told at a commit of this process, and looked for now and then, as others may
//! write the same store.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use merge::Region;
use model::SiteId;
use tokio::sync::watch;

use crate::{Result, meta::Meta, query::Db, shape::REGIONS, sites};

/// Up to where there is news, by region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    all: i64,
    shared: i64,
    regions: BTreeMap<String, i64>,
    revoked: BTreeSet<u32>,
}

/// Who waits for news keeps one of these.
pub type Listener = watch::Receiver<Arc<Heads>>;

impl Heads {
    /// The rev of the last change that a site of the region may see.
    #[must_use]
    pub fn of(&self, region: &Region) -> i64 {
        match region {
            Region::All => self.all,
            Region::Named(name) => self.regions.get(name).copied().unwrap_or(0).max(self.shared),
        }
    }

    #[must_use]
    pub fn is_revoked(&self, site: SiteId) -> bool {
        self.revoked.contains(&site.0)
    }

    /// `known`: says who was revoked; else it is looked.
    pub(crate) async fn read(db: &mut Db, known: Option<&Self>) -> Result<Self> {
        let meta = Meta::load(db).await?;
        let mut regions = BTreeMap::new();
        for row in db.find(REGIONS, &[]).await? {
            regions.insert(row.text(0)?.to_owned(), row.int_or_none(2)?.unwrap_or(0));
        }
        let revoked = match known {
            Some(known) => known.revoked.clone(),
            None => sites::revoked(db).await?,
        };
        Ok(Self { all: meta.rev.0, shared: meta.shared.0, regions, revoked })
    }
}
