//! What people and PCs did: lines that are added and never changed.
//!
//! Each line is sealed: its seal is made of all that it says and of the seal before it, and the newest seal stands in the
//! store's own numbers too. So a line that was changed, taken out or put in between shows, and so does a last one that is
//! missing. Who may write into the store can make all seals anew: against him helps a seal that was noted elsewhere (a
//! backup has those of its time).

use model::Value;

use crate::{
    AuditEntry, Result,
    desk::Desk,
    meta::Meta,
    query::{Db, Row, text},
    shape::AUDIT,
    tell,
};

/// Numbers that are looked through at once.
const PART: i64 = 10_000;

/// Which lines are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActivityAsked {
    pub who: Option<String>,
    pub action: Option<String>,
    /// Only lines with lower numbers than this: what follows a page.
    pub before: Option<i64>,
    pub count: usize,
}

/// What looking through all seals showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// Notes what somebody did.
pub(crate) async fn note(desk: &mut Desk<'_>, who: &str, action: &str, what: &str) -> Result<()> {
    let id = desk.meta.next_serial();
    let seal = seal(&desk.meta.seal, (id, desk.now_ms), [who, action, what]);
    desk.meta.seal.clone_from(&seal);
    let row = vec![Value::Int(id), Value::Int(desk.now_ms), text(who), text(action), text(what), text(seal)];
    desk.db.add(AUDIT, &[row]).await
}

fn seal(before: &str, (id, at_ms): (i64, i64), said: [&str; 3]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(before.len() as u64).to_le_bytes()).update(before.as_bytes());
    hasher.update(&id.to_le_bytes()).update(&at_ms.to_le_bytes());
    for text in said {
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// **Order**: newest first.
pub(crate) async fn lines(db: &mut Db, asked: &ActivityAsked) -> Result<Vec<AuditEntry>> {
    let named = [("who", &asked.who), ("action", &asked.action)];
    let with: Vec<_> =
        named.iter().filter_map(|(name, value)| Some((*name, text(value.as_ref()?)))).collect();
    let last = Meta::load(db).await?.serial();
    let last = asked.before.map_or(last, |before| before.saturating_sub(1).min(last));
    let mut rows = tell::newest(db, (AUDIT, "id"), &with, (tell::NO_FLOOR, last, asked.count)).await?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.int(0).unwrap_or_default()));
    rows.iter().take(asked.count).map(entry).collect()
}

fn entry(row: &Row) -> Result<AuditEntry> {
    let text = |at| row.text(at).map(str::to_owned);
    Ok(AuditEntry { id: row.int(0)?, at_ms: row.int(1)?, who: text(2)?, action: text(3)?, what: text(4)? })
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
        let AuditEntry { id, at_ms, who, action, what } = line;
        let Some(found) = found else {
            if self.lines > 0 {
                self.broken = self.broken.or(Some(*id));
            }
            return;
        };
        let wanted = seal(&self.seal, (*id, *at_ms), [who, action, what]);
        if wanted != found {
            self.broken = self.broken.or(Some(*id));
        }
        self.lines += 1;
        found.clone_into(&mut self.seal);
    }
}
