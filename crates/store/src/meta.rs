//! Where the store stands: its form, the last numbers given, its clock.

use std::collections::BTreeMap;

use merge::{Kept, Rules};
use model::{Clock, Rev, SiteId, Stamp};

use crate::{
    Error, Result,
    query::{Db, text},
    shape::META,
};

/// The form of the tables that this version reads and writes.
const FORM: i64 = 2;

/// **Invariants**: read under the writer's lock, and written back in the same transaction.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    pub rev: Rev,
    pub clock: Clock,
    /// The last change of anything that all regions share.
    pub shared: Rev,
    /// The store's own name; empty until it has one.
    pub hub: String,
    /// Of the newest line of the activity.
    pub seal: String,
    stamp: Stamp,
    /// Last number given to anything that is not a change or a site.
    serial: i64,
    site: i64,
    before: BTreeMap<String, String>,
}

impl Meta {
    pub async fn load(db: &mut Db) -> Result<Self> {
        let rows = db.find(META, &[]).await?;
        let mut before = BTreeMap::new();
        for row in rows {
            before.insert(row.text(0)?.to_owned(), row.text(1)?.to_owned());
        }
        let int = |name: &str| before.get(name).map_or(Ok(0), |text| text.parse::<i64>());
        let bad = |_| Error::Broken("the store's own numbers cannot be read");
        let form = int("form").map_err(bad)?;
        if form > FORM {
            return Err(Error::Newer { found: form, known: FORM });
        }
        if form < FORM && !before.is_empty() {
            return Err(Error::Older { found: form, known: FORM });
        }
        let stamp = match before.get("stamp") {
            Some(text) => text.parse().map_err(|_| Error::Broken("the store's clock cannot be read"))?,
            None => Stamp { wall_ms: 0, counter: 0, site: SiteId::HUB },
        };
        Ok(Self {
            rev: Rev(int("rev").map_err(bad)?),
            clock: Clock::after(stamp, SiteId::HUB),
            shared: Rev(int("shared").map_err(bad)?),
            hub: before.get("hub").cloned().unwrap_or_default(),
            seal: before.get("seal").cloned().unwrap_or_default(),
            stamp,
            serial: int("serial").map_err(bad)?,
            site: int("site").map_err(bad)?,
            before,
        })
    }

    /// The last of the numbers that are given to anything but changes and sites.
    pub const fn serial(&self) -> i64 {
        self.serial
    }

    pub async fn save(&mut self, db: &mut Db) -> Result<()> {
        let now: BTreeMap<String, String> = [
            ("form", FORM.to_string()),
            ("rev", self.rev.to_string()),
            ("stamp", self.stamp.to_string()),
            ("serial", self.serial.to_string()),
            ("site", self.site.to_string()),
            ("shared", self.shared.to_string()),
            ("hub", self.hub.clone()),
            ("seal", self.seal.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let changed = now.iter().filter(|(name, value)| self.before.get(*name) != Some(value));
        let rows: Vec<_> = changed.map(|(name, value)| vec![text(name), text(value)]).collect();
        db.put(META, &rows).await
    }

    pub fn next_rev(&mut self) -> Rev {
        self.rev = Rev(self.rev.0 + 1);
        self.rev
    }

    pub fn next_serial(&mut self) -> i64 {
        self.serial += 1;
        self.serial
    }

    pub fn next_site(&mut self) -> i64 {
        self.site += 1;
        self.site
    }

    /// Takes in a stamp of a site: as it is, or pulled to our time.
    pub fn observe(&mut self, stamp: Stamp, now_ms: i64) -> Stamp {
        let observed = self.clock.observe(stamp, now_ms).stamp;
        self.stamp = self.stamp.max(observed.by(SiteId::HUB));
        observed
    }

    pub fn stamp(&mut self, now_ms: i64) -> Stamp {
        self.stamp = self.clock.tick(now_ms);
        self.stamp
    }
}

/// Cells are kept by their places: columns may be added at the end of a table, never moved or taken away.
pub(crate) async fn check_columns(db: &mut Db, rules: &Rules) -> Result<()> {
    for (_, table) in rules.tables().filter(|(_, table)| table.kept == Kept::Merged) {
        let name = ["columns ", &table.name].concat();
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let columns = columns.join(" ");
        let before = db.find(META, &[("name", text(&name))]).await?;
        let before = before.first().map(|row| row.text(1).map(str::to_owned)).transpose()?;
        match before {
            Some(before) if before == columns => {}
            Some(before) if !columns.starts_with(&[&before, " "].concat()) => {
                return Err(Error::Columns(table.name.clone()));
            }
            _ => db.put(META, &[vec![text(&name), text(&columns)]]).await?,
        }
    }
    Ok(())
}
