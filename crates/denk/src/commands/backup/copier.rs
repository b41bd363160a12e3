//! Copies of backups on another machine, while the hub serves: whenever there is a newer backup than was copied, whoever made
//! it. A machine that is away is asked again and again.

use std::time::Duration;

use store::{Store, backups::BACKUP_COPY};

use super::{
    bell::Bell,
    schedule::{AGAIN_MS, HOUR_MS, NIGHT},
};
use crate::{Context, backups::HubBackups, clock, failure::Result};

pub(super) struct Copier {
    hub: HubBackups,
    bell: Bell,
    zone: jiff::tz::TimeZone,
    /// The newest backup when all was copied; at the start nothing is known to be.
    copied_ms: Option<i64>,
    again_ms: i64,
    check_again_ms: i64,
}

impl Copier {
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(context: &Context, store: &Store) -> Result<Self> {
        Ok(Self {
            hub: HubBackups::find(context)?,
            bell: Bell(store.clone()),
            zone: clock::time_zone(&context.config.zone_name),
            copied_ms: None,
            again_ms: i64::MIN,
            check_again_ms: i64::MIN,
        })
    }

    pub async fn work(mut self, look: Duration) -> ! {
        loop {
            tokio::time::sleep(look).await;
            if self.hub.backups.plan().elsewhere.is_some() {
                self.look(look).await;
            }
        }
    }

    async fn look(&mut self, look: Duration) {
        let now_ms = clock::unix_ms();
        // Who makes backups tells what is wrong with them.
        let Ok(newest_ms @ Some(_)) = self.hub.backups.newest_ms() else { return };
        if newest_ms != self.copied_ms && now_ms >= self.again_ms {
            let again_ms = AGAIN_MS.min(i64::try_from(look.as_millis()).unwrap_or(AGAIN_MS) * 30);
            self.again_ms = now_ms.saturating_add(again_ms);
            match self.hub.backups.copy().await {
                Ok(damaged) => {
                    (self.copied_ms, self.again_ms) = (newest_ms, i64::MIN);
                    tracing::info!("all backups are copied to the other machine");
                    self.bell.damaged(&damaged).await;
                }
                Err(error) => self.bell.failed(&error, BACKUP_COPY).await,
            }
        }
        if now_ms >= self.check_again_ms && clock::zoned(&self.zone).hour() == NIGHT {
            self.check_again_ms = now_ms + 12 * HOUR_MS;
            match self.hub.backups.check_away().await {
                Ok(damaged) => self.bell.damaged(&damaged).await,
                Err(error) => self.bell.failed(&error, BACKUP_COPY).await,
            }
        }
    }
}
