//! What people are told when a backup or a drill fails: an alert that names cause and remedy by its kind.

use async_trait::async_trait;
use model::{SiteId, Value};

use super::{Lack, Made};
use crate::{
    Error, Result, Store, backups,
    desk::Desk,
    engine::{self, Alarm},
    query::text,
    shape::ALERTS,
    writer::Job,
};

/// No room for a backup.
pub const BACKUP_FULL: &str = "backup_full";
/// The folder of backups cannot be written.
pub const BACKUP_FOLDER: &str = "backup_folder";
/// The second folder cannot be written.
pub const BACKUP_COPY: &str = "backup_copy";
/// The place on another machine cannot be reached.
const BACKUP_AWAY: &str = "backup_away";
/// The other machine has another key than the one that was named.
const BACKUP_AWAY_KEY: &str = "backup_away_key";
/// The other machine lets nobody in.
const BACKUP_AWAY_LOGIN: &str = "backup_away_login";
/// The other machine has no room.
const BACKUP_AWAY_FULL: &str = "backup_away_full";
/// The other machine says no.
const BACKUP_AWAY_REFUSED: &str = "backup_away_refused";
/// A backup could not be made for another reason.
pub const BACKUP_FAILED: &str = "backup_failed";
/// A backup that was whole is no longer.
pub const BACKUP_DAMAGED: &str = "backup_damaged";
/// The newest backup could not be put back.
pub const DRILL_FAILED: &str = "drill_failed";

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The alert that names cause and remedy of a failure at this work, and what it is about: a folder or a backup.
#[must_use]
pub fn alarm_of(error: &backups::Error, work: &'static str) -> (&'static str, String) {
    let kind = match error {
        backups::Error::Elsewhere { trouble, .. } => kind_of(trouble.kind),
        backups::Error::Taken { .. } => BACKUP_AWAY_REFUSED,
        _ if work == BACKUP_COPY || work == DRILL_FAILED => work,
        error if error.is_full() => BACKUP_FULL,
        backups::Error::File { .. } => BACKUP_FOLDER,
        _ => work,
    };
    let what = match error {
        backups::Error::File { path, .. } => path.parent().unwrap_or(path).display().to_string(),
        backups::Error::Damaged { id, .. } => id.clone(),
        backups::Error::Elsewhere { place, trouble } if trouble.found.is_empty() => place.clone(),
        backups::Error::Elsewhere { place, trouble } => [place, " ", &trouble.found].concat(),
        backups::Error::Taken { place, .. } => place.clone(),
        _ => String::new(),
    };
    (kind, what)
}

const fn kind_of(lack: Lack) -> &'static str {
    match lack {
        Lack::Connection | Lack::Content => BACKUP_AWAY,
        Lack::HostKey => BACKUP_AWAY_KEY,
        Lack::Login => BACKUP_AWAY_LOGIN,
        Lack::Room => BACKUP_AWAY_FULL,
        Lack::Leave => BACKUP_AWAY_REFUSED,
        Lack::Here => BACKUP_COPY,
    }
}

impl Store {
    /// Raises the alerts about what was found when a backup was made.
    ///
    /// # Errors
    /// What the database says.
    pub async fn warn_of_made(&self, made: &Made) -> Result<()> {
        for backup in &made.damaged {
            self.warn(BACKUP_DAMAGED, &backup.id).await?;
        }
        if let Some(error) = &made.copy_failed {
            let (kind, what) = alarm_of(error, BACKUP_COPY);
            self.warn(kind, &what).await?;
        }
        Ok(())
    }
}

/// Raises an alert about the hub itself: of one kind and thing at most one a day.
pub(crate) struct Warn {
    pub kind: &'static str,
    pub what: String,
}

#[async_trait]
impl Job for Warn {
    type Answer = ();
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<()> {
        let with = [
            ("site", Value::Int(i64::from(SiteId::HUB.0))),
            ("kind", text(self.kind)),
            ("what", text(&self.what)),
        ];
        for row in desk.db.find(ALERTS, &with).await? {
            if row.int(5)? > desk.now_ms.saturating_sub(DAY_MS) {
                return Ok(());
            }
        }
        let (kind, what) = (self.kind, self.what.clone());
        engine::alert(desk, Alarm { site: SiteId::HUB, kind, what, rows: 0 }).await
    }
}
