//! The office file, as the agent sees it.
//!
//! Owns what is put into it (`denk_*` tables, the journal's triggers) and the difference between it and what the hub
//! was told. Speaks to nobody: messages come in and go out as [`wire`] has them; time and randomness are passed in.
//!
//! The one thing to know: a call is a transaction or a few short ones, and whatever it is about (rows, shadow, cursor,
//! batch) changes in the same. Killed anywhere, the next call goes on from there.

mod adopt;
mod apply;
mod aside;
mod batch;
mod columns;
mod compare;
mod copy;
mod diff;
mod error;
mod file;
mod gone;
mod hold;
mod install;
mod late;
mod lock;
mod outbox;
mod own;
mod prepare;
mod settle;
mod shadow;
mod state;
mod tables;
mod told;
mod writing;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use database::{Address, Begin};
use merge::{Rules, TableId};
use model::{ErrorKind, Table};
pub use replica::office_file::Lack;
use replica::wire;

pub use apply::Applied;
pub use batch::BATCH_CHANGES;
pub use error::{Error, Result, Stranger};
use file::Form;
use hold::Hold;
pub use lock::Lock;
use state::State;
use tables::Db;

/// How long the program's locks are waited for; then the call says `Busy`, and can be repeated.
const PATIENCE: Duration = Duration::from_millis(500);

/// One office file, opened for one cycle.
pub struct Office {
    path: PathBuf,
    rules: Arc<Rules>,
    db: Db,
    forms: Arc<Vec<Form>>,
    lock: Lock,
    hold: Hold,
}

/// Fills bytes with what nobody can guess.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// Time and chance, which the file has none of.
#[derive(Clone)]
pub struct Clockwork {
    /// The PC's clock. **Units**: milliseconds since 1970, UTC.
    pub now_ms: i64,
    /// The hub's clock less the PC's.
    pub offset_ms: i64,
    pub random: Random,
}

/// Where the file stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Of which hub and site it is; `None`: it has to be met.
    pub hub: Option<String>,
    pub site: Option<u32>,
    /// The last batch that was answered.
    pub number: u64,
    pub cursor: i64,
    /// As the page up to there bore it.
    pub mark: Option<String>,
    /// The batch on its way.
    pub outbox: Option<u64>,
    /// That batch waits for a person.
    pub held: bool,
    /// Rows that were noted, and changes on their way.
    pub waiting: u64,
    /// The next batch compares everything.
    pub doubt: bool,
    /// The hub is a restored one, and not everything was pulled again.
    pub behind: bool,
    /// Places in the hub's history with their marks, up to which the file has everything.
    ///
    /// **Order**: by rev.
    pub places: Vec<(i64, String)>,
    /// Rows of the hub that the file cannot take yet.
    pub late: u64,
    /// Rows of the file that the hub does not take.
    pub aside: u64,
    /// Columns of the program's that are not exchanged, as denk does not know them: `table.column`.
    pub unknown: Vec<String>,
}

impl Office {
    /// Opens the file, and changes nothing in it.
    ///
    /// # Errors
    /// `Missing`, `ReadOnly`, `Locked`, `Busy`, `Corrupt`, `NotAnOfficeFile`, `NewerTables`.
    pub async fn open(path: &Path, rules: &Rules) -> Result<Self> {
        Self::open_locked(Lock::take(path)?, rules).await
    }

    /// Opens a file of which the caller is the only agent, also when it is not open.
    ///
    /// # Errors
    /// As [`Office::open`].
    pub async fn open_locked(lock: Lock, rules: &Rules) -> Result<Self> {
        let path = lock.path().to_owned();
        lock::check(&path)?;
        let address = Address::sqlite(&path).with_patience(PATIENCE);
        let session = database::open(&address).await.map_err(|error| match error.kind {
            ErrorKind::Missing => Error::Missing(path.clone()),
            _ => error.into(),
        })?;
        let mut office = Self {
            path,
            rules: Arc::new(rules.clone()),
            db: Db::new(session).await?,
            forms: Arc::default(),
            lock,
            hold: Hold::default(),
        };
        office.recognise().await?;
        State::read(&mut office.db).await?;
        Ok(office)
    }

    /// Whether the file is an office's. Nothing stays beside one that is none.
    ///
    /// # Errors
    /// As [`Office::open`].
    pub async fn check(path: &Path, rules: &Rules) -> Result<()> {
        let lock = Lock::take(path)?;
        match Self::open_locked(lock.clone(), rules).await {
            Err(error @ Error::NotAnOfficeFile(..)) => {
                lock.remove()?;
                Err(error)
            }
            opened => opened.map(drop),
        }
    }

    /// Before anything is written into it a file must show that it is an office's. One in which denk was has done so, whatever
    /// its program did to its tables since.
    async fn recognise(&mut self) -> Result<()> {
        let tables = self.look().await?;
        let knows = self.db.has(tables::STATE) && !self.forms.is_empty();
        let shown = match file::are_of_an_office(&tables, &self.rules) {
            Ok(()) if !self.db.is_utf8().await? => Err(Stranger::Encoding),
            Err(stranger) if knows && !matches!(stranger, Stranger::View(_)) => Ok(()),
            shown => shown,
        };
        shown.map_err(|stranger| Error::NotAnOfficeFile(self.path.clone(), stranger))
    }

    /// Where the file stands.
    ///
    /// # Errors
    /// As the file is; nothing is changed.
    pub async fn standing(&mut self) -> Result<Standing> {
        let state = State::read(&mut self.db).await?;
        let outbox = self.outbox().await?;
        let on_its_way = outbox.as_ref().map_or(0, |outbox| outbox.push.changes.len() as u64);
        let noted = self.notes().await?.touched.values().map(|ids| ids.len() as u64).sum::<u64>();
        let number = outbox.map(|outbox| outbox.push.number);
        Ok(Standing {
            hub: state.hub,
            site: state.site,
            number: state.number,
            cursor: state.cursor,
            mark: state.mark,
            outbox: number,
            held: number.is_some() && number == state.held,
            waiting: on_its_way + noted,
            doubt: state.doubt,
            behind: state.behind.is_some(),
            places: state.places,
            late: self.count(tables::LATE).await?,
            aside: self.count(tables::ASIDE).await?,
            unknown: self.forms.iter().flat_map(Form::unknown).collect(),
        })
    }

    async fn count(&mut self, table: &'static str) -> Result<u64> {
        if self.db.has(table) { Ok(self.db.find(table, &[]).await?.len() as u64) } else { Ok(0) }
    }

    /// Finds out what tables the program has now.
    async fn look(&mut self) -> Result<Vec<(TableId, Table)>> {
        let tables = file::tables(&mut *self.db.session, &self.rules).await?;
        let forms = tables.iter().filter_map(|(id, table)| Form::of(*id, &self.rules[*id], table.clone()));
        self.forms = Arc::new(forms.collect());
        Ok(tables)
    }

    fn form(&self, table: TableId) -> Option<Form> {
        self.forms.iter().find(|form| form.id == table).cloned()
    }

    fn form_named(&self, name: &str) -> Option<&Form> {
        self.forms.iter().find(|form| form.rules.name.eq_ignore_ascii_case(name))
    }

    /// Starts a transaction whose changes the journal leaves out.
    async fn begin(&mut self) -> Result<State> {
        tokio::time::sleep(self.hold.due()).await;
        self.db.session.begin(Begin::Own).await?;
        self.hold.begin();
        let state = State::read(&mut self.db).await;
        if state.is_err() {
            self.give_up().await;
        }
        state
    }

    /// Ends it as if nothing had been.
    async fn give_up(&mut self) {
        // Whatever led here is told, not that it could not be ended in order: dropping the session ends it too.
        _ = self.db.session.rollback().await;
        self.hold.end();
    }

    /// Ends it: with the state that the work leaves, or as if nothing had been.
    async fn end<T>(&mut self, done: Result<(State, T)>) -> Result<T> {
        let written = match done {
            Ok((state, done)) => state.write(&mut self.db).await.map(|()| done),
            Err(error) => Err(error),
        };
        match written {
            Ok(done) => {
                let committed = self.db.session.commit().await;
                self.hold.end();
                Ok(committed.map(|()| done)?)
            }
            Err(error) => {
                self.give_up().await;
                Err(error)
            }
        }
    }
}

/// A message that this crate wrote itself.
fn unpack<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    wire::unpack(bytes, wire::BYTES_MAX * 4).map_err(|error| Error::broken(error.to_string()))
}

impl Clockwork {
    /// Now, in the hub's time.
    const fn hub_ms(&self) -> i64 {
        self.now_ms.saturating_add(self.offset_ms)
    }
}
