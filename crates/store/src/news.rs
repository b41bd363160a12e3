//! What changed, for those who wait for it: told at a commit of this process, and looked for now and then, as others may
//! write the same store.

use std::{collections::BTreeMap, sync::Arc};

use merge::Region;
use model::SiteId;
use tokio::sync::watch;

use crate::{Result, meta::Meta, query::Db, shape::REGIONS, sites, token::TokenHash};

/// Up to where there is news, by region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    all: i64,
    shared: i64,
    regions: BTreeMap<String, i64>,
    keys: BTreeMap<u32, TokenHash>,
}

/// What one token is known by, and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(TokenHash);

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

    /// By what the site's token is known; `None`: it was revoked. Another one is another token.
    #[must_use]
    pub fn key_of(&self, site: SiteId) -> Option<Key> {
        self.keys.get(&site.0).copied().map(Key)
    }

    /// `known`: says whose token is which; else it is looked.
    pub(crate) async fn read(db: &mut Db, known: Option<&Self>) -> Result<Self> {
        let meta = Meta::load(db).await?;
        let mut regions = BTreeMap::new();
        for row in db.find(REGIONS, &[]).await? {
            regions.insert(row.text(0)?.to_owned(), row.int_or_none(2)?.unwrap_or(0));
        }
        let keys = match known {
            Some(known) => known.keys.clone(),
            None => sites::keys(db).await?,
        };
        Ok(Self { all: meta.rev.0, shared: meta.shared.0, regions, keys })
    }
}
