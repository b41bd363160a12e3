//! The store as agents use it.

use std::{
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use merge::Region;
use replica::wire::{Hello, Met, Page, Push, Pushed, Standing, Welcome};
use tokio::{task, time};

use super::{Inner, Store};
use crate::{
    Declined, Device, Error, Heads, KeptConflict, Listener, Rejected, Result, Since, conflicts, engine,
    news::Look,
};

/// How often it is looked for what other processes wrote, while somebody listens.
const NOW_AND_THEN: Duration = Duration::from_millis(500);

impl Store {
    /// Tells an agent who it is and where the hub stands.
    ///
    /// # Errors
    /// `Revoked`; what the database says.
    pub async fn hello(&self, device: &Device, hello: Hello) -> std::result::Result<Welcome, Declined> {
        self.ask(engine::Greet { device: device.clone(), hello }).await
    }

    /// Takes in an agent's whole file, as [`Store::receive`] does, and tells which rows of the hub its rows are.
    ///
    /// # Errors
    /// As [`Store::receive`].
    pub async fn meet(&self, device: &Device, file: &Path) -> std::result::Result<Met, Rejected> {
        let job = self.received(device, file, engine::FROM_AGENT).await?;
        let name = job.upload.clone();
        self.discard_of(&name, self.ask(engine::Meet(job)).await)
    }

    /// Takes in a batch. When this returns, all of it is durable, or (with an error) nothing of it was stored.
    ///
    /// **Invariants**: the same batch again is answered as before and changes nothing.
    ///
    /// # Errors
    /// [`Declined`].
    pub async fn push(&self, device: &Device, push: Push) -> std::result::Result<Pushed, Declined> {
        let (site, device) = (device.site, device.clone());
        let job = task::spawn_blocking(move || engine::Push::new(device, push)).await;
        let job = job.map_err(|_| Error::Broken("looking at a batch ended by itself"))??;
        let answer = self.ask(job).await;
        match &answer {
            Ok(_) => self.inner.hub.beat.note(true),
            Err(Declined::Store(_)) => self.inner.hub.beat.note(false),
            Err(Declined::Older { .. }) => {
                if let Err(error) = self.ask(engine::TellOlder { site }).await {
                    // The batch was answered; the next one of its kind is told again.
                    tracing::warn!(error = &error as &dyn std::error::Error, "an alert could not be raised");
                }
            }
            Err(_) => {}
        }
        answer
    }

    /// What happened in the device's region after a rev: about `limit` rows, and more where one change touched more.
    ///
    /// # Errors
    /// `Behind` when the store has not got that far, or is not the one that the mark was of; what the database says.
    pub async fn pull(
        &self,
        device: &Device,
        since: impl Into<Since>,
        limit: usize,
    ) -> std::result::Result<Page, Declined> {
        let since = since.into();
        let hub = &self.inner.hub;
        let mut reading = self.reading(&self.inner.reader).await?;
        let page = engine::page(&mut reading.db, hub, device, (&since, limit)).await;
        if matches!(page, Ok(_) | Err(Declined::Behind { .. })) {
            reading.done().await?;
        }
        page
    }

    /// How the device stands. Nothing is written.
    ///
    /// # Errors
    /// What the database says.
    pub async fn standing(&self, device: &Device) -> Result<Standing> {
        ask_reader!(self, db, engine::standing(db, &self.inner.hub, device).await)
    }

    /// Values of the region (of all for headquarters) that did not stand and that nobody has decided about: the newest
    /// hundred, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn conflicts_of(&self, region: &Region) -> Result<Vec<KeptConflict>> {
        ask_reader!(self, db, conflicts::open_of(db, &self.inner.hub, region).await)
    }

    /// For who waits for news: what there is now, and whatever comes.
    ///
    /// # Errors
    /// What the database says.
    pub async fn listen(&self) -> Result<Listener> {
        // First listen, then look: nothing is missed in between.
        let listener = self.inner.heads.subscribe();
        self.look(Look::Everything).await?;
        Ok(listener)
    }

    async fn look(&self, look: Look) -> Result<()> {
        let known = Arc::clone(&self.inner.heads.borrow());
        let heads = Arc::new(ask_reader!(self, keys, db, Heads::read(db, &known, look).await)?);
        self.inner.heads.send_if_modified(|known| {
            let is_news = *known != heads;
            *known = heads;
            is_news
        });
        Ok(())
    }
}

/// Tells listeners what there is, after each commit and now and then; as long as there is a store.
pub(super) async fn watch(store: Weak<Inner>) {
    let mut now_and_then = time::interval(NOW_AND_THEN);
    now_and_then.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    loop {
        let Some(inner) = store.upgrade() else { return };
        let hub = Arc::clone(&inner.hub);
        drop(inner);
        let look = tokio::select! {
            _ = now_and_then.tick() => Look::Everything,
            () = hub.committed.notified() => Look::Changes,
        };
        let Some(inner) = store.upgrade() else { return };
        if inner.heads.receiver_count() > 0
            && let Err(error) = (Store { inner }).look(look).await
        {
            tracing::warn!(error = &error as &dyn std::error::Error, "it is not known what changed");
        }
    }
}
