//! What changed, for those who wait for it: told at a commit of this process, and looked for now and then, as others may
//! write the same store.

use std::{collections::BTreeMap, sync::Arc};

use merge::Region;
use model::{SiteId, Value};
use tokio::sync::watch;

use crate::{
    Result,
    meta::Meta,
    query::Db,
    shape::{AUDIT, REGIONS},
    sites,
    token::TokenHash,
};

/// Up to where there is news, by region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    all: i64,
    shared: i64,
    regions: BTreeMap<String, i64>,
    keys: BTreeMap<u32, TokenHash>,
    noted: Noted,
}

/// Up to where people and PCs did something: also what changes no row, as a batch that is held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Noted {
    all: i64,
    /// Of a region that is not named: from where on it was looked.
    since: i64,
    regions: BTreeMap<String, i64>,
}

/// More numbers than these are not looked through: then there is something for everybody.
const LOOKED_MAX: i64 = 50_000;

impl Noted {
    async fn follow(mut self, db: &mut Db, upto: i64) -> Result<Self> {
        if self.all == 0 || upto - self.all > LOOKED_MAX {
            return Ok(Self { all: upto, since: upto, regions: BTreeMap::new() });
        }
        if upto > self.all {
            let bounds = (Value::Int(self.all), Value::Int(upto.saturating_add(1)));
            for row in db.part(AUDIT, &[0, 6], "id", bounds).await? {
                if let Some(region) = row.text_or_none(1)? {
                    let last = self.regions.entry(region.to_owned()).or_default();
                    *last = row.int(0)?.max(*last);
                }
            }
        }
        self.all = upto;
        Ok(self)
    }
}

/// What is looked at.
#[derive(Clone, Copy)]
pub(crate) enum Look {
    Everything,
    /// What changed, not whose token is which.
    Changes,
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

    /// The number of the last thing that people or PCs did and that concerns the region.
    #[must_use]
    pub fn noted(&self, region: &Region) -> i64 {
        match region {
            Region::All => self.noted.all,
            Region::Named(name) => self.noted.regions.get(name).copied().unwrap_or(self.noted.since),
        }
    }

    /// What there is since `known`; whose token is which is looked for again only where it is said.
    pub(crate) async fn read(db: &mut Db, known: &Self, look: Look) -> Result<Self> {
        let meta = Meta::load(db).await?;
        let mut regions = BTreeMap::new();
        for row in db.find(REGIONS, &[]).await? {
            regions.insert(row.text(0)?.to_owned(), row.int_or_none(2)?.unwrap_or(0));
        }
        let keys = match look {
            Look::Changes => known.keys.clone(),
            Look::Everything => sites::keys(db).await?,
        };
        let noted = known.noted.clone().follow(db, meta.serial()).await?;
        Ok(Self { all: meta.rev.0, shared: meta.shared.0, regions, keys, noted })
    }
}
