//! Backups by the clock, while the hub serves. It looks again and again at what there is and does what is due; it keeps
//! nothing in mind but when to try again, so a hub that was away, or two starts in a row, change nothing.

use std::{sync::Arc, time::Duration};

use store::{
    Store,
    backups::{BACKUP_COPY, BACKUP_FAILED, DRILL_FAILED, Drill, Made, Reason},
};
use tokio::task::JoinHandle;

use super::{bell::Bell, copier::Copier};
use crate::{Context, backups::HubBackups, clock, failure::Result};

/// How often it is looked: a failure is known to people within a minute.
const LOOK: Duration = Duration::from_secs(20);
/// After a failure. **Units**: milliseconds.
pub(super) const AGAIN_MS: i64 = 10 * 60 * 1000;
pub(super) const HOUR_MS: i64 = 60 * 60 * 1000;
/// The hour of the day at which nobody works.
pub(super) const NIGHT: i8 = 3;
/// Backups whose time has come a little early do not wait for the next look.
const EARLY_MS: i64 = 1_000;

/// Makes backups and drills until it is aborted; `None` where there is nothing to do.
///
/// # Errors
/// What is wrong with the configuration.
pub(in crate::commands) fn watch(context: &Context, store: &Store) -> Result<Option<JoinHandle<()>>> {
    let hub = match HubBackups::find(context) {
        Err(failure) if failure.code() == crate::failure::Code::BackupElsewhere => {
            tracing::info!("the store is in PostgreSQL: its own tools back it up");
            return Ok(None);
        }
        hub => hub?,
    };
    let every = context.config.hub.backup.every;
    if every.is_none() {
        tracing::warn!("no backups are made by themselves: hub.backup.every is never");
    }
    let keeper = Keeper {
        hub,
        bell: Bell(store.clone()),
        every_ms: every.map(|every| i64::try_from(every.as_millis()).unwrap_or(i64::MAX)),
        zone: clock::time_zone(&context.config.zone_name),
        backup_again_ms: i64::MIN,
        drill_again_ms: i64::MIN,
    };
    let copier = Copier::new(context, store)?;
    let look = every.map_or(LOOK, |every| LOOK.min(every));
    // Side by side: a far and slow machine keeps no backup from being made.
    Ok(Some(tokio::spawn(async move { _ = tokio::join!(keeper.work(look), copier.work(look)) })))
}

struct Keeper {
    hub: HubBackups,
    bell: Bell,
    /// `None`: people make backups, or others; those that there are still have to be whole.
    every_ms: Option<i64>,
    zone: jiff::tz::TimeZone,
    backup_again_ms: i64,
    drill_again_ms: i64,
}

impl Keeper {
    async fn work(mut self, look: Duration) -> ! {
        loop {
            tokio::time::sleep(look).await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        let newest = match self.hub.backups.newest_ms() {
            Ok(newest) => newest,
            Err(error) => return self.bell.failed(&error, BACKUP_FAILED).await,
        };
        let now_ms = clock::unix_ms();
        if now_ms >= self.backup_again_ms && is_due(newest, self.every_ms, now_ms) {
            self.backup_again_ms = now_ms + self.every_ms.map_or(AGAIN_MS, |every_ms| AGAIN_MS.min(every_ms));
            match self.hub.backups.create_here(Reason::Schedule).await {
                Ok(made) => self.made(&made).await,
                Err(error) => return self.bell.failed(&error, BACKUP_FAILED).await,
            }
        }
        let hour = clock::zoned(&self.zone).hour();
        let last = self.hub.backups.last_drill();
        let has_any = newest.is_some() || self.every_ms.is_some();
        if has_any && now_ms >= self.drill_again_ms && is_drill_due(last.as_ref(), hour, now_ms) {
            self.drill_again_ms = now_ms + HOUR_MS;
            match self.hub.backups.drill().await {
                Ok(drilled) => {
                    tracing::info!(
                        id = drilled.id,
                        rev = drilled.rev,
                        rows = drilled.rows,
                        "the newest backup was put back and proven"
                    );
                }
                Err(error) => self.bell.failed(&error, DRILL_FAILED).await,
            }
            self.check().await;
        }
    }

    /// Reads all of them to their end: what lies long may rot.
    async fn check(&self) {
        match self.hub.backups.check().await {
            Ok(damaged) => self.bell.damaged(&damaged).await,
            Err(error) => self.bell.failed(&error, BACKUP_FAILED).await,
        }
    }

    async fn made(&self, made: &Made) {
        let manifest = &made.manifest;
        tracing::info!(
            id = manifest.id,
            rev = manifest.rev,
            bytes = manifest.packed.bytes,
            "a backup was made"
        );
        self.bell.damaged(&made.damaged).await;
        if let Some(error) = &made.copy_failed {
            self.bell.failed(&Arc::clone(error), BACKUP_COPY).await;
        }
    }
}

/// A newest backup of the future is of a clock that was wrong.
fn is_due(newest_ms: Option<i64>, every_ms: Option<i64>, now_ms: i64) -> bool {
    let Some(every_ms) = every_ms else { return false };
    newest_ms.is_none_or(|newest| {
        !(newest.saturating_sub(HOUR_MS)..newest.saturating_add(every_ms - EARLY_MS)).contains(&now_ms)
    })
}

/// By night; at any time when none was made for longer than a day, or never.
fn is_drill_due(last: Option<&Drill>, hour: i8, now_ms: i64) -> bool {
    let Some(last) = last else { return true };
    let since = now_ms.saturating_sub(last.at_ms);
    !(-HOUR_MS..30 * HOUR_MS).contains(&since) || hour == NIGHT && since > 12 * HOUR_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_769_212_800_000;

    #[test]
    fn a_backup_is_due_when_the_newest_is_too_old_or_of_the_future_or_there_is_none() {
        let due = |newest| is_due(newest, Some(6 * HOUR_MS), NOW);
        assert!(due(None) && due(Some(NOW - 6 * HOUR_MS)) && due(Some(NOW + 2 * HOUR_MS)));
        assert!(!is_due(None, None, NOW) && !is_due(Some(0), None, NOW), "nobody wants any");
        assert!(!due(Some(NOW)) && !due(Some(NOW - 5 * HOUR_MS)) && !due(Some(NOW + HOUR_MS / 2)));
    }

    #[test]
    fn a_drill_is_due_by_night_and_once_a_day_and_at_first() {
        let due = |ago: i64, hour| {
            let last = Drill { at_ms: NOW - ago * HOUR_MS, id: None, fault: None };
            is_drill_due(Some(&last), hour, NOW)
        };
        assert!(is_drill_due(None, 12, NOW) && due(13, NIGHT) && due(31, 12) && due(-2, 12));
        assert!(!due(13, 12) && !due(1, NIGHT) && !due(29, 12));
    }
}
