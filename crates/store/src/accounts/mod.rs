//! People: who may log in, who has, and who may change that.
//!
//! Owns `denk_users` and `denk_sessions`, with connections of its own: one to look things up, on which nobody ever waits for
//! whoever writes, and one to change them. Does not know how passwords are hashed: it keeps what it is given. The one thing to know: what somebody may
//! do to an account is decided in the transaction that does it.

mod administer;
mod sessions;
#[cfg(test)]
mod tests;
mod user;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex as Shared},
    time::Duration,
};

use database::{Address, Begin};
use model::{ColumnDef, DataType, Table, TableKind, TableRef, Zone};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    Random, Result, Settings, WallClock,
    query::{Db, text},
    shape::{self, Place},
};

pub use administer::{Account, AccountChange, Barred, By};
pub use sessions::{Lifetime, OpenSession};
pub use user::{Role, User};

pub(crate) use sessions::end_all;
use user::Kept;

const USERS: &str = "denk_users";
const SESSIONS: &str = "denk_sessions";
/// Whoever writes here has it: several hubs may share the store, and all of them read before they write.
const LOCK: &str = "denk accounts";
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// The accounts of a store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Accounts {
    address: Address,
    clock: WallClock,
    random: Random,
    places: Arc<HashMap<String, Place>>,
    reader: Seat,
    writer: Seat,
    /// When somebody was last there, by session, as far as that is not stored yet.
    seen: Arc<Shared<HashMap<String, i64>>>,
}

/// A connection; `None`: it was lost, or has never been used.
type Seat = Arc<Mutex<Option<Db>>>;

impl Accounts {
    /// Makes the tables if they are not there.
    ///
    /// # Errors
    /// As [`crate::Store::open`].
    pub async fn open(settings: &Settings) -> Result<Self> {
        let db = prepare(&settings.address).await?;
        Ok(Self {
            address: settings.address.clone(),
            clock: Arc::clone(&settings.clock),
            random: Arc::clone(&settings.random),
            places: Arc::clone(&db.places),
            reader: Arc::default(),
            writer: Arc::new(Mutex::new(Some(db))),
            seen: Arc::default(),
        })
    }

    /// The person of this name.
    pub async fn user(&self, name: &str) -> Result<Option<User>> {
        let mut work = self.begin(Begin::Read).await?;
        let kept = work.kept(name).await?;
        work.commit().await?;
        Ok(kept.map(|kept| kept.user))
    }

    /// Everybody, by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        let mut work = self.begin(Begin::Read).await?;
        let all = work.everybody().await?;
        work.commit().await?;
        Ok(all.into_iter().map(|kept| kept.user).collect())
    }

    /// Adds these when there is nobody yet. Returns whether it did.
    ///
    /// # Errors
    /// `BadName`; then nobody was added.
    pub async fn add_first(&self, users: &[User]) -> Result<bool> {
        users.iter().try_for_each(|user| user::check_name(&user.name))?;
        let mut work = self.begin(Begin::Own).await?;
        if !work.db.find(USERS, &[]).await?.is_empty() {
            return Ok(false);
        }
        let rows: Vec<_> = users.iter().map(|user| Kept::new(user).row()).collect();
        work.db.add(USERS, &rows).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Gives a person the password that they chose themselves, and ends their sessions. `None`: the account is not as it
    /// was when they were recognised, and stays as it is now.
    pub async fn set_password(&self, user: &User, password_hash: &str) -> Result<Option<User>> {
        let mut work = self.begin(Begin::Own).await?;
        let Some(mut kept) = work.same(user).await? else { return Ok(None) };
        password_hash.clone_into(&mut kept.user.password_hash);
        kept.user.must_change = false;
        work.put(&kept).await?;
        work.end_sessions(&user.name).await?;
        work.commit().await?;
        Ok(Some(kept.user))
    }

    /// Keeps the same password otherwise hashed. `None`: as for [`Self::set_password`].
    pub async fn rehash(&self, user: &User, password_hash: &str) -> Result<Option<User>> {
        let mut work = self.begin(Begin::Own).await?;
        let Some(mut kept) = work.same(user).await? else { return Ok(None) };
        password_hash.clone_into(&mut kept.user.password_hash);
        work.put(&kept).await?;
        work.commit().await?;
        Ok(Some(kept.user))
    }

    async fn begin(&self, begin: Begin) -> Result<Work> {
        let seat = if begin == Begin::Own { &self.writer } else { &self.reader };
        let seat = Arc::clone(seat).lock_owned().await;
        self.work(seat, begin).await
    }

    async fn work(&self, mut seat: OwnedMutexGuard<Option<Db>>, begin: Begin) -> Result<Work> {
        let mut db = match seat.take() {
            Some(db) => db,
            None => self.connect().await?,
        };
        db.session.begin(begin).await?;
        if begin == Begin::Own {
            db.session.lock(LOCK, LOCK_WAIT).await?;
        }
        Ok(Work { db, seat })
    }

    /// The tables are there already: who looks something up writes nothing.
    async fn connect(&self) -> Result<Db> {
        let session = database::open_or_create(&self.address).await?;
        Ok(Db { session, places: Arc::clone(&self.places), zone: Zone::utc() })
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("address", &self.address).finish_non_exhaustive()
    }
}

/// One transaction. Dropped without [`Work::commit`] it takes its connection with it, and so is undone.
struct Work {
    db: Db,
    seat: OwnedMutexGuard<Option<Db>>,
}

impl Work {
    async fn kept(&mut self, name: &str) -> Result<Option<Kept>> {
        self.db.find(USERS, &[("name", text(name))]).await?.first().map(Kept::read).transpose()
    }

    /// The account of somebody who was recognised, while nothing that they were recognised by has changed.
    async fn same(&mut self, user: &User) -> Result<Option<Kept>> {
        let kept = self.kept(&user.name).await?;
        Ok(kept.filter(|kept| !kept.user.disabled && kept.user.password_hash == user.password_hash))
    }

    /// By name.
    async fn everybody(&mut self) -> Result<Vec<Kept>> {
        let rows = self.db.find(USERS, &[]).await?;
        let mut all: Vec<Kept> = rows.iter().map(Kept::read).collect::<Result<_>>()?;
        all.sort_by(|one, other| one.user.name.cmp(&other.user.name));
        Ok(all)
    }

    async fn put(&mut self, kept: &Kept) -> Result<()> {
        self.db.put(USERS, &[kept.row()]).await
    }

    async fn end_sessions(&mut self, name: &str) -> Result<()> {
        self.db.remove_with(SESSIONS, &[("user_name", text(name))]).await
    }

    async fn commit(mut self) -> Result<()> {
        self.db.session.commit().await?;
        *self.seat = Some(self.db);
        Ok(())
    }
}

/// Makes the tables if they are not there.
async fn prepare(address: &Address) -> Result<Db> {
    let mut session = database::open_or_create(address).await?;
    session.begin(Begin::Own).await?;
    session.lock(LOCK, LOCK_WAIT).await?;
    let mut places = HashMap::new();
    for table in [users(), sessions()] {
        let place = shape::ensure(&mut *session, &table).await?;
        places.insert(table.name.name.clone(), place);
    }
    session.commit().await?;
    Ok(Db { session, places: Arc::new(places), zone: Zone::utc() })
}

fn users() -> Table {
    let (string, int) = (DataType::TEXT, DataType::INT64);
    let columns = [
        ("name", &string),
        ("role", &string),
        ("region", &string),
        ("password_hash", &string),
        ("must_change", &int),
        ("disabled", &int),
    ];
    table(USERS, &columns, &[("last_log_in", &int)])
}

fn sessions() -> Table {
    let (string, int) = (DataType::TEXT, DataType::INT64);
    let columns = [("token_hash", &string), ("user_name", &string), ("expires", &int)];
    // Of one that an older version of denk began they are empty: it is over.
    let later = [("opened", &int), ("seen", &int), ("idle", &int), ("address", &string)];
    table(SESSIONS, &columns, &later)
}

/// A table whose first column is its key; the `later` ones may be empty: stores were made without them.
fn table(name: &str, columns: &[(&str, &DataType)], later: &[(&str, &DataType)]) -> Table {
    let column = |(name, kind): &(&str, &DataType)| ColumnDef::new(*name, (*kind).clone());
    let first = columns.iter().map(|one| column(one).not_null());
    Table {
        name: TableRef::new(name),
        kind: TableKind::Table,
        primary_key: columns.first().map(|(name, _)| (*name).to_owned()).into_iter().collect(),
        columns: first.chain(later.iter().map(column)).collect(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    }
}
