//! What a job works with.

use std::path::{Path, PathBuf};

use merge::{InsertOrder, Kept, LocalId, Mint, Rules, TableId};
use model::{Gid, SiteId, Stamp};
use replica::handout::Blank;

use crate::{Result, Settings, meta::Meta, query::Db};

/// What all jobs of a store share.
#[derive(Debug)]
pub(crate) struct Hub {
    pub rules: Rules,
    pub order: InsertOrder,
    pub settings: Settings,
    pub blank: Blank,
}

/// One writing transaction at work.
pub(crate) struct Desk<'a> {
    pub hub: &'a Hub,
    pub db: &'a mut Db,
    pub meta: Meta,
    pub now_ms: i64,
}

/// Identities and stamps for the changes of one site.
pub(crate) struct Minting<'a> {
    pub hub: &'a Hub,
    pub meta: &'a mut Meta,
    pub now_ms: i64,
    pub site: SiteId,
    /// In the order of their making.
    pub made: Vec<Gid>,
}

impl Hub {
    pub async fn new(settings: Settings) -> Result<Self> {
        let rules = merge::read(settings.preset.rules)?;
        for folder in ["", "uploads", "hand_outs"] {
            make_private(&settings.data_folder.join(folder))?;
        }
        let folder = settings.data_folder.join("hand_outs");
        let blank = Blank::of(settings.preset.schema, &folder).await?;
        let order = merge::insert_order(&rules);
        Ok(Self { rules, order, settings, blank })
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
        Minting { hub: self.hub, meta: &mut self.meta, now_ms: self.now_ms, site, made: Vec::new() }
    }
}

impl Mint for Minting<'_> {
    fn gid(&mut self) -> Gid {
        let mut bytes = [0; 16];
        (self.hub.settings.random)(&mut bytes);
        let gid = Gid::new(self.now_ms.max(0).unsigned_abs(), u128::from_be_bytes(bytes));
        self.made.push(gid);
        gid
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
