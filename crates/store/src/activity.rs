//! What people and PCs did: lines that are added and never changed.
//!
//! Each line is sealed: its seal is made of all that it says and of the seal before it, and the newest seal stands in the
//! store's own numbers too. So a line that was changed, taken out or put in between shows, and so does a last one that is
//! missing. Who may write into the store can make all seals anew: against him helps a seal that was noted elsewhere (a
//! backup has those of its time).

mod checked;
mod find;
mod whose;

use merge::Region;
use model::Value;
use serde::{Deserialize, Serialize};

use crate::{
    AuditEntry, Result,
    desk::Desk,
    meta::Meta,
    query::{Db, Row, maybe, text},
    shape::AUDIT,
};

pub use checked::Checked;
pub(crate) use checked::{KeepChecked, last as last_checked};
pub use find::{ActivityAsked, ActivityPage};
pub(crate) use find::{lines, page};
pub use whose::account_given;
pub(crate) use whose::region_of;

/// Numbers that are looked through at once.
const PART: i64 = 10_000;

/// What looking through all seals showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Lines with a seal.
    pub lines: u64,
    /// The seal of the newest line. **Shape**: 32 digits, lower case; empty where there is none.
    pub seal: String,
    /// The number of the first line whose seal is not what it and the line before it say.
    pub broken: Option<i64>,
    /// The newest line is not the last one that was written.
    pub cut: bool,
}

impl Sealed {
    /// Whether everything stands as it was written.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.broken.is_none() && !self.cut
    }
}

/// Notes what somebody did, and that it concerns whoever's region that is.
pub(crate) async fn note(desk: &mut Desk<'_>, who: &str, action: &str, what: &str) -> Result<()> {
    let region = region_of(desk.db, [who, action, what]).await?;
    note_in(desk, &region, [who, action, what]).await
}

/// Notes what somebody did, and which region it concerns; what concerns none, or several, is headquarters' to know.
pub(crate) async fn note_in(desk: &mut Desk<'_>, region: &Region, said: [&str; 3]) -> Result<()> {
    let region = match region {
        Region::All => None,
        Region::Named(name) => Some(name.as_str()),
    };
    let id = desk.meta.next_serial();
    let seal = seal(&desk.meta.seal, (id, desk.now_ms), said, region);
    desk.meta.seal.clone_from(&seal);
    let [who, action, what] = said.map(text);
    let (id, at) = (Value::Int(id), Value::Int(desk.now_ms));
    desk.db.add(AUDIT, &[vec![id, at, who, action, what, text(seal), maybe(region)]]).await
}

/// Lines of before there were regions have seals without one.
fn seal(before: &str, (id, at_ms): (i64, i64), said: [&str; 3], region: Option<&str>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(before.len() as u64).to_le_bytes()).update(before.as_bytes());
    hasher.update(&id.to_le_bytes()).update(&at_ms.to_le_bytes());
    for text in said.into_iter().chain(region) {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

fn entry(row: &Row) -> Result<AuditEntry> {
    let text = |at| row.text(at).map(str::to_owned);
    Ok(AuditEntry {
        id: row.int(0)?,
        at_ms: row.int(1)?,
        who: text(2)?,
        action: text(3)?,
        what: text(4)?,
        region: row.text_or_none(6)?.map(str::to_owned),
    })
}

/// Looks through all seals. Lines of before there were seals have none.
pub(crate) async fn check(db: &mut Db) -> Result<Sealed> {
    let meta = Meta::load(db).await?;
    let mut sealed = Sealed::default();
    let mut after = -1;
    while after < meta.serial() {
        let before = after.saturating_add(PART);
        let mut rows = db.find_between(AUDIT, &[], "id", (after, before)).await?;
        rows.sort_by_key(|row| row.int(0).unwrap_or_default());
        for row in &rows {
            sealed.add(&entry(row)?, row.text_or_none(5)?);
        }
        after = before - 1;
    }
    sealed.cut = sealed.seal != meta.seal;
    Ok(sealed)
}

impl Sealed {
    fn add(&mut self, line: &AuditEntry, found: Option<&str>) {
        let AuditEntry { id, at_ms, who, action, what, region } = line;
        let Some(found) = found else {
            if self.lines > 0 {
                self.broken = self.broken.or(Some(*id));
            }
            return;
        };
        let wanted = seal(&self.seal, (*id, *at_ms), [who, action, what], region.as_deref());
        if wanted != found {
            self.broken = self.broken.or(Some(*id));
        }
        self.lines += 1;
        found.clone_into(&mut self.seal);
    }
}
