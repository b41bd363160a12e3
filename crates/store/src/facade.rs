//! The store as others use it.

use std::{collections::HashMap, fmt, fs::File, path::Path, sync::Arc};

use database::Begin;
use fail::fail_point;
use merge::Region;
use replica::office_file::OfficeFile;
use tokio::{
    sync::{Mutex, MutexGuard, RwLock, watch},
    task::JoinHandle,
};

use crate::{
    Alert, Decision, Device, Enrolment, Error, Handout, Heads, Health, HeldBatch, KeptConflict, Open, Pulse,
    Receipt, RecentChange, Rejected, Result, Settings, Site, Take, backups, conflicts,
    desk::Hub,
    engine::{self, Mode, Prepared, Taker},
    hand_outs,
    lists::Index,
    query::Db,
    shape::Place,
    sites::{self, Which},
    tell,
    trends::Trends,
    uploads,
    writer::{self, Job, Queue},
};

/// Asks the reading connection one question, on one consistent view.
macro_rules! ask_reader {
    ($store:expr, $db:ident, $question:expr) => {
        ask_reader!($store, reader, $db, $question)
    };
    ($store:expr, $slot:ident, $db:ident, $question:expr) => {{
        let mut reading = $store.reading(&$store.inner.$slot).await?;
        let $db = &mut reading.db;
        let answer: crate::Result<_> = async { $question }.await;
        if answer.is_ok() {
            reading.done().await?;
        }
        answer
    }};
}

mod activity;
mod administration;
mod agents;
mod decisions;
mod erase;
mod findings;
mod lists;
pub(crate) mod notices;
mod overview;
mod undo;

/// Who does it, for the activity, where it is done on the hub's own machine.
const HUB: &str = "hub";
pub use findings::{FindingsAsked, FindingsListed};
pub use notices::{ToldOf, Way};

/// The hub's store. Cheap to clone; all clones are one store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    hub: Arc<Hub>,
    places: Arc<HashMap<String, Place>>,
    writer: Mutex<Option<(Queue, JoinHandle<()>)>>,
    /// For questions, which never wait for the writer. `None` after a failure.
    reader: Mutex<Option<Db>>,
    /// As `reader`, for who shows which key: that is asked at each request, and waits for no longer question.
    keys: Mutex<Option<Db>>,
    /// As `reader`, for lists: people never wait for what PCs ask, nor PCs for them.
    shown: Mutex<Option<Db>>,
    /// The rows of lists, as they were when somebody last asked.
    index: Mutex<Index>,
    /// How much came in lately, as far as somebody last asked.
    trends: Mutex<Trends>,
    /// What should be looked at, as it was when somebody last looked.
    reviewed: Mutex<Option<Arc<findings::Reviewed>>>,
    /// Read from the decision which file is handed out until it is open; files are removed by who writes.
    handing_out: RwLock<()>,
    /// What there is to hear for those who wait for it.
    heads: watch::Sender<Arc<Heads>>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("settings", &self.inner.hub.settings).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store and makes what is missing of it.
    ///
    /// # Errors
    /// What the database says; `Newer`, `Older` when another version of denk has written it, which is then left as it
    /// was; `Rules`, `Columns` for a preset that cannot be used with it; `Restoring`.
    pub async fn open(settings: Settings) -> Result<Self> {
        #[cfg(feature = "failpoints")]
        crate::failpoints::arm();
        let hub = Arc::new(Hub::new(settings).await?);
        let db = writer::prepare(&hub).await?;
        let places = Arc::clone(&db.places);
        let mut reader = writer::reopen(&hub, Arc::clone(&places)).await?;
        hand_outs::sweep(&hub, &mut reader).await?;
        let writer = writer::start(Arc::clone(&hub), db);
        let (writer, reader) = (Mutex::new(Some(writer)), Mutex::new(Some(reader)));
        let (keys, shown, index) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (trends, handing_out) = (Mutex::default(), RwLock::default());
        let heads = watch::Sender::new(Arc::default());
        let reviewed = Mutex::default();
        let inner =
            Inner { hub, places, writer, reader, keys, shown, index, trends, reviewed, handing_out, heads };
        let inner = Arc::new(inner);
        tokio::spawn(agents::watch(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    /// Finishes what waits, then stops writing. Later calls fail with `Ended`.
    pub async fn close(&self) {
        let Some((queue, ended)) = self.inner.writer.lock().await.take() else { return };
        drop(queue);
        // Only a defect can end it otherwise, and that has been told to whoever waited.
        let _ = ended.await;
    }

    /// Really asks the database, in a writing transaction: whoever gets an answer could have stored something. After an
    /// upload could not be stored it is tried first whether there is room for one.
    ///
    /// # Errors
    /// What the database says; `File`: there is no room; `Ended`.
    pub async fn health(&self) -> Result<Health> {
        let hub = &self.inner.hub;
        if hub.beat.has_lost() {
            uploads::try_room(hub).await?;
            hub.beat.note(true);
        }
        self.ask(engine::Examine).await
    }

    /// What the writer is doing, told at once.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.inner.hub.beat.pulse()
    }

    /// What waits for people of a region (`*`: of all).
    ///
    /// # Errors
    /// What the database says.
    pub async fn open_of(&self, region: &Region) -> Result<Open> {
        ask_reader!(self, db, tell::open(db, region).await)
    }

    /// The newest changes of a region (`*`: of all), newest first; of one region among the last 200 000 of all.
    ///
    /// # Errors
    /// What the database says.
    pub async fn recent(&self, region: &Region, count: usize) -> Result<Vec<RecentChange>> {
        ask_reader!(self, db, tell::recent(db, region, count).await)
    }

    /// Adds a site and shows its token, once.
    ///
    /// # Errors
    /// `SiteExists`, `BadName`; what the database says.
    pub async fn add_site(&self, name: &str, region: &str) -> Result<Enrolment> {
        let random = Arc::clone(&self.inner.hub.settings.random);
        let (name, region, who) = (name.to_owned(), region.to_owned(), HUB.to_owned());
        self.ask(sites::Add { name, region, random, who }).await
    }

    /// All sites, in the order in which they were added.
    ///
    /// # Errors
    /// What the database says.
    pub async fn sites(&self) -> Result<Vec<Site>> {
        ask_reader!(self, db, sites::list(db).await)
    }

    /// Takes a site's token away for ever, and the files that were made for it; its rows and its history stay.
    ///
    /// # Errors
    /// `NoSite`; what the database says.
    pub async fn revoke_site(&self, name: &str) -> Result<()> {
        self.revoke(Which::Name(name.to_owned()), HUB).await
    }

    /// # Errors
    /// `NoSite`, `SiteExists`, `BadName`; what the database says.
    pub async fn rename_site(&self, name: &str, to: &str) -> Result<()> {
        let (which, to, who) = (Which::Name(name.to_owned()), to.to_owned(), HUB.to_owned());
        self.ask(sites::Rename { which, to, who }).await
    }

    /// Who shows this token; `None` for one that is unknown or revoked.
    ///
    /// # Errors
    /// What the database says.
    pub async fn device_of_token(&self, token: &str) -> Result<Option<Device>> {
        ask_reader!(self, keys, db, sites::of_token(db, token).await)
    }

    /// Who stands behind the shared key of the old way, in this region (`*`: headquarters). Whether the key is right
    /// has been checked before.
    ///
    /// # Errors
    /// `BadName` for a region that can be none; `Regions` when the key has too many already; what the database says.
    pub async fn shared_device(&self, region: &str) -> Result<Device> {
        self.ask(sites::Shared { region: region.to_owned() }).await
    }

    /// Takes in an uploaded office file; the file itself stays the caller's. When this returns, all of it is durable,
    /// or (with an error) nothing of it was stored.
    ///
    /// **Invariants**: twice is once: the same file again changes nothing.
    ///
    /// # Errors
    /// [`Rejected`], with its [`Refusal`](crate::Refusal).
    pub async fn receive(
        &self,
        device: &Device,
        upload: &Path,
        reason: &str,
    ) -> std::result::Result<Receipt, Rejected> {
        let answer = self.take_in(device, upload, reason).await;
        match &answer {
            Ok(_) => self.inner.hub.beat.note(true),
            Err(Rejected::Store(_)) => self.inner.hub.beat.note(false),
            Err(_) => {}
        }
        if let Err(error) = self.prune().await {
            // The upload has been dealt with; old files only take room, and will be looked for again.
            tracing::warn!(error = &error as &dyn std::error::Error, "old uploads could not be removed");
        }
        answer
    }

    async fn take_in(
        &self,
        device: &Device,
        upload: &Path,
        reason: &str,
    ) -> std::result::Result<Receipt, Rejected> {
        let job = self.received(device, upload, reason).await?;
        let name = job.upload.clone();
        self.discard_of(&name, self.ask(job).await)
    }

    /// A file that was read and kept.
    async fn received(
        &self,
        device: &Device,
        upload: &Path,
        reason: &str,
    ) -> std::result::Result<engine::Receive, Rejected> {
        let (read, kept) = tokio::join!(self.read(upload), uploads::keep(&self.inner.hub, device, upload));
        let (file, mark) = read.inspect_err(|_| {
            if let Ok(name) = &kept {
                uploads::discard(&self.inner.hub, name);
            }
        })?;
        let name = kept?;
        fail_point!("store-upload-kept");
        let (device, reason, mode) = (device.clone(), reason.to_owned(), Mode::Apply);
        Ok(engine::Receive { device, file, mark, reason, upload: name, mode })
    }

    /// Keeps no file of which nothing was taken.
    fn discard_of<T>(
        &self,
        upload: &str,
        answer: std::result::Result<T, Rejected>,
    ) -> std::result::Result<T, Rejected> {
        if matches!(answer, Err(Rejected::Rows(_) | Rejected::Revoked)) {
            uploads::discard(&self.inner.hub, upload);
        }
        answer
    }

    /// What [`Store::receive`] would do; nothing is changed or kept.
    ///
    /// # Errors
    /// As [`Store::receive`].
    pub async fn plan(&self, device: &Device, upload: &Path) -> std::result::Result<Receipt, Rejected> {
        let (file, mark) = self.read(upload).await?;
        let (device, reason, upload) = (device.clone(), "plan".to_owned(), String::new());
        self.ask(engine::Receive { device, file, mark, reason, upload, mode: Mode::Plan }).await
    }

    /// The file for this device: its region (`*`: everything), under its own ids, with its own settings.
    ///
    /// **Invariants**: as long as nothing changes, a device with its own token gets the same bytes again; behind a
    /// shared key every file is marked anew, so that it shows later which PC it went to.
    ///
    /// # Errors
    /// `Waiting` while a batch of this PC is held: its file must not be replaced before somebody has decided.
    pub async fn hand_out(&self, device: &Device) -> Result<Handout> {
        self.hand_out_to(device, Taker::LastHeard).await
    }

    /// A file for a PC behind the shared key of which nothing is known: all rows of the region, no PC's own tables.
    ///
    /// # Errors
    /// `BadName` for a region that can be none; what the database says.
    pub async fn hand_out_to_stranger(&self, region: &Region) -> Result<Handout> {
        let device = self.ask(sites::Stranger { region: region.clone() }).await?;
        self.hand_out_to(&device, Taker::Stranger).await
    }

    async fn hand_out_to(&self, device: &Device, taker: Taker) -> Result<Handout> {
        let hub = &self.inner.hub;
        let open = |etag: String| -> Result<Handout> {
            let path = hub.hand_out(&etag);
            Ok(Handout { file: File::open(&path)?, path, etag })
        };
        let under_way = self.inner.handing_out.read().await;
        let content = match self.ask(engine::HandOut { device: device.clone(), taker }).await? {
            Prepared::Same(tag) => return open(tag),
            Prepared::New(content) => content,
        };
        fail_point!("store-handout-committed");
        content.write(hub).await?;
        fail_point!("store-handout-written");
        let handout = open(content.tag)?;
        drop(under_way);
        // While others are under way theirs may be among them: then they go the next time.
        if let Ok(_nobody) = self.inner.handing_out.try_write() {
            for tag in &content.outdated {
                // It may be gone already.
                let _ = std::fs::remove_file(hub.hand_out(tag));
            }
        }
        Ok(handout)
    }

    /// Values that did not stand, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn conflicts(&self) -> Result<Vec<KeptConflict>> {
        ask_reader!(self, db, conflicts::all(db, &self.inner.hub).await)
    }

    /// Notes that `who` has looked at these conflicts: those that were new no longer count. Others stay as they are.
    ///
    /// # Errors
    /// What the database says.
    pub async fn look_at(&self, conflicts: &[i64], who: &str) -> Result<()> {
        self.ask(engine::LookAt { conflicts: conflicts.to_vec(), who: sites::visible(who) }).await
    }

    /// Decides a conflict, once; `who` decides. Taking the loser is a change by headquarters with a stamp of its own,
    /// which stands in the history and goes to the offices like any other.
    ///
    /// # Errors
    /// `NoConflict` when there is none of this number or it is decided; `Gone` when what did not stand cannot be put back
    /// because the row, or what it referred to, is not there any more; `Later` when it would overwrite, or take away, what
    /// came in after the conflict. Then nothing is done.
    pub async fn resolve(&self, conflict: i64, take: Take, who: &str) -> Result<()> {
        self.ask(engine::Resolve {
            conflict,
            take: conflicts::Took::Side(take),
            who: sites::visible(who),
            region: Region::All,
        })
        .await
    }

    /// Batches that wait for a person, oldest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn held(&self) -> Result<Vec<HeldBatch>> {
        ask_reader!(self, db, tell::held(db).await)
    }

    /// Settles a held batch; `who` decides.
    ///
    /// # Errors
    /// `NoHeld` when there is none of this number that waits, `Superseded` when a later file came instead; as [`Store::receive`] when it is let through.
    pub async fn decide(
        &self,
        held: i64,
        decision: Decision,
        who: &str,
    ) -> std::result::Result<Receipt, Rejected> {
        if ask_reader!(self, db, engine::is_batch(db, held).await)? {
            return self.ask(engine::DecideBatch { id: held, who: who.to_owned(), decision }).await;
        }
        let mode = match decision {
            Decision::SendBack => Mode::SentBack,
            Decision::LetThrough => Mode::LetThrough,
        };
        let upload = self.held_upload(held, mode).await?;
        self.ask(engine::Decide { id: held, who: who.to_owned(), upload }).await
    }

    /// What people should look at, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn alerts(&self) -> Result<Vec<Alert>> {
        ask_reader!(self, db, tell::alerts(db).await)
    }

    /// Raises an alert about the hub itself: of one kind and thing at most one a day.
    ///
    /// # Errors
    /// What the database says.
    pub async fn warn(&self, kind: &'static str, what: &str) -> Result<()> {
        self.ask(backups::Warn { kind, what: sites::visible(what) }).await
    }

    async fn ask<J: Job>(&self, job: J) -> std::result::Result<J::Answer, J::Failure> {
        let queue = self.inner.writer.lock().await.as_ref().map(|(queue, _)| queue.clone());
        match queue {
            Some(queue) => writer::ask(&queue, job).await,
            None => Err(Error::Ended.into()),
        }
    }

    /// A reading connection, on one consistent view.
    async fn reading<'a>(&self, slot: &'a Mutex<Option<Db>>) -> Result<Reading<'a>> {
        let mut reader = slot.lock().await;
        if let Some(mut db) = reader.take()
            && db.session.begin(Begin::Read).await.is_ok()
        {
            return Ok(Reading { slot: reader, db });
        }
        let mut db = writer::reopen(&self.inner.hub, Arc::clone(&self.inner.places)).await?;
        db.session.begin(Begin::Read).await?;
        Ok(Reading { slot: reader, db })
    }

    async fn held_upload(&self, id: i64, mode: Mode) -> std::result::Result<engine::Receive, Rejected> {
        let (device, upload, reason) = ask_reader!(self, db, engine::held_batch(db, id).await)?;
        let hub = &self.inner.hub;
        let path = ask_reader!(self, db, engine::held_path(hub, db, id, &upload).await)?;
        let (file, mark) = uploads::read(hub, &path, u64::MAX).await?;
        Ok(engine::Receive { device, file, mark, reason, upload, mode })
    }

    async fn read(&self, upload: &Path) -> std::result::Result<(OfficeFile, uploads::Mark), Rejected> {
        let hub = &self.inner.hub;
        uploads::read(hub, upload, hub.settings.upload_bytes_max).await
    }

    async fn prune(&self) -> Result<()> {
        if !uploads::is_due(&self.inner.hub) {
            return Ok(());
        }
        let needed = ask_reader!(self, db, engine::held_uploads(db).await)?;
        uploads::prune(&self.inner.hub, &needed).await
    }
}

/// The reader while it is in use. Only after success it is used again.
struct Reading<'a> {
    slot: MutexGuard<'a, Option<Db>>,
    db: Db,
}

impl Reading<'_> {
    async fn done(mut self) -> Result<()> {
        self.db.session.rollback().await?;
        *self.slot = Some(self.db);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
