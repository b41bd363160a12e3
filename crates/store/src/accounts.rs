//! People: who may log in, and who has.
//!
//! Owns `denk_users` and `denk_sessions`, with a connection of its own, so that nobody's log-in waits for a merge to be
//! prepared. Does not know how passwords are hashed: it keeps what it is given.

use std::{collections::HashMap, fmt, str::FromStr, sync::Arc, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use database::{Address, Begin};
use merge::Region;
use model::{ColumnDef, DataType, Table, TableKind, TableRef, Value, Zone};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    Error, Random, Result, Settings, WallClock,
    query::{Db, Row, text},
    shape,
};

const USERS: &str = "denk_users";
const SESSIONS: &str = "denk_sessions";
const SESSION_CONTEXT: &str = "denk 2026-11 hash of a session's token";
const NAME_CHARS_MAX: usize = 100;
/// Whoever writes here has it: several hubs may share the store, and all of them read before they write.
const LOCK: &str = "denk accounts";
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// The accounts of a store. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Accounts {
    address: Address,
    clock: WallClock,
    random: Random,
    seat: Arc<Mutex<Option<Db>>>,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Admin,
    Manager,
    Viewer,
    Office,
}

/// A person, or several who share a name.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// **Invariants**: unique, 1 to 100 characters, none of them a blank at the end or a control character.
    pub name: String,
    pub role: Role,
    /// What the person sees.
    pub region: Region,
    /// As the caller hashed it.
    pub password_hash: String,
    /// The password is a one-time one: nothing but changing it is allowed.
    pub must_change: bool,
    pub disabled: bool,
}

impl Accounts {
    /// Makes the tables if they are not there.
    ///
    /// # Errors
    /// As [`crate::Store::open`].
    pub async fn open(settings: &Settings) -> Result<Self> {
        let accounts = Self {
            address: settings.address.clone(),
            clock: Arc::clone(&settings.clock),
            random: Arc::clone(&settings.random),
            seat: Arc::default(),
        };
        accounts.begin(Begin::Own).await?.commit().await?;
        Ok(accounts)
    }

    /// The person of this name.
    pub async fn user(&self, name: &str) -> Result<Option<User>> {
        let mut work = self.begin(Begin::Read).await?;
        let user = work.user(name).await?;
        work.commit().await?;
        Ok(user)
    }

    /// Everybody, by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        let mut work = self.begin(Begin::Read).await?;
        let rows = work.db.find(USERS, &[]).await?;
        work.commit().await?;
        let mut users: Vec<User> = rows.iter().map(user_of).collect::<Result<_>>()?;
        users.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(users)
    }

    /// Adds these when there is nobody yet. Returns whether it did.
    ///
    /// # Errors
    /// `BadName`; then nobody was added.
    pub async fn add_first(&self, users: &[User]) -> Result<bool> {
        users.iter().try_for_each(|user| check_name(&user.name))?;
        let mut work = self.begin(Begin::Own).await?;
        if !work.db.find(USERS, &[]).await?.is_empty() {
            return Ok(false);
        }
        let rows: Vec<_> = users.iter().map(row_of).collect();
        work.db.add(USERS, &rows).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Adds a person. `false`: there is one of this name already, who stays as they are.
    ///
    /// # Errors
    /// `BadName`.
    pub async fn add(&self, user: &User) -> Result<bool> {
        check_name(&user.name)?;
        let mut work = self.begin(Begin::Own).await?;
        if work.user(&user.name).await?.is_some() {
            return Ok(false);
        }
        work.db.add(USERS, &[row_of(user)]).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Gives a new password and ends the person's sessions. `false`: there is nobody of this name.
    pub async fn set_password(&self, name: &str, password_hash: &str, must_change: bool) -> Result<bool> {
        self.change(name, |user| {
            password_hash.clone_into(&mut user.password_hash);
            user.must_change = must_change;
        })
        .await
    }

    /// Shuts a person out, ending their sessions, or lets them in again. `false`: there is nobody of this name.
    pub async fn set_disabled(&self, name: &str, disabled: bool) -> Result<bool> {
        self.change(name, |user| user.disabled = disabled).await
    }

    async fn change(&self, name: &str, change: impl FnOnce(&mut User)) -> Result<bool> {
        let mut work = self.begin(Begin::Own).await?;
        let Some(mut user) = work.user(name).await? else { return Ok(false) };
        change(&mut user);
        work.db.put(USERS, &[row_of(&user)]).await?;
        work.db.remove_with(SESSIONS, &[("user_name", text(name))]).await?;
        work.commit().await?;
        Ok(true)
    }

    /// Starts a session and returns its token, of which only a hash is kept. Sessions that are over go.
    pub async fn open_session(&self, name: &str, lifetime_ms: i64) -> Result<String> {
        let token = new_token(&self.random);
        let now = (self.clock)();
        let mut work = self.begin(Begin::Own).await?;
        for over in work.db.find(SESSIONS, &[]).await? {
            if over.int(2)? <= now {
                work.db.remove(SESSIONS, &[vec![text(over.text(0)?)]]).await?;
            }
        }
        let row = vec![text(hash(&token)), text(name), Value::Int(now.saturating_add(lifetime_ms))];
        work.db.add(SESSIONS, &[row]).await?;
        work.commit().await?;
        Ok(token)
    }

    /// Whose session this is, if it is not over and the person is not shut out.
    pub async fn user_of_session(&self, token: &str) -> Result<Option<User>> {
        let mut work = self.begin(Begin::Read).await?;
        let rows = work.db.find(SESSIONS, &[("token_hash", text(hash(token)))]).await?;
        let user = match rows.first() {
            Some(row) if row.int(2)? > (self.clock)() => work.user(row.text(1)?).await?,
            _ => None,
        };
        work.commit().await?;
        Ok(user.filter(|user| !user.disabled))
    }

    /// Ends a session, if there is such a one.
    pub async fn close_session(&self, token: &str) -> Result<()> {
        let mut work = self.begin(Begin::Own).await?;
        work.db.remove(SESSIONS, &[vec![text(hash(token))]]).await?;
        work.commit().await
    }

    async fn begin(&self, begin: Begin) -> Result<Work> {
        let mut seat = Arc::clone(&self.seat).lock_owned().await;
        let mut db = match seat.take() {
            Some(db) => db,
            None => connect(&self.address).await?,
        };
        db.session.begin(begin).await?;
        if begin == Begin::Own {
            db.session.lock(LOCK, LOCK_WAIT).await?;
        }
        Ok(Work { db, seat })
    }
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("address", &self.address).finish_non_exhaustive()
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("User");
        shown.field("name", &self.name).field("role", &self.role).field("region", &self.region);
        shown.finish_non_exhaustive()
    }
}

/// One transaction. Dropped without [`Work::commit`] it takes its connection with it, and so is undone.
struct Work {
    db: Db,
    seat: OwnedMutexGuard<Option<Db>>,
}

impl Work {
    async fn user(&mut self, name: &str) -> Result<Option<User>> {
        let rows = self.db.find(USERS, &[("name", text(name))]).await?;
        rows.first().map(user_of).transpose()
    }

    async fn commit(mut self) -> Result<()> {
        self.db.session.commit().await?;
        *self.seat = Some(self.db);
        Ok(())
    }
}

async fn connect(address: &Address) -> Result<Db> {
    let mut session = database::open_or_create(address).await?;
    session.begin(Begin::Own).await?;
    session.lock(LOCK, LOCK_WAIT).await?;
    let mut places = HashMap::new();
    for table in tables() {
        let place = shape::ensure(&mut *session, &table).await?;
        places.insert(table.name.name.clone(), place);
    }
    session.commit().await?;
    Ok(Db { session, places: Arc::new(places), zone: Zone::utc() })
}

fn tables() -> [Table; 2] {
    let (string, int) = (DataType::TEXT, DataType::INT64);
    [
        table(
            USERS,
            &[
                ("name", &string),
                ("role", &string),
                ("region", &string),
                ("password_hash", &string),
                ("must_change", &int),
                ("disabled", &int),
            ],
        ),
        table(SESSIONS, &[("token_hash", &string), ("user_name", &string), ("expires", &int)]),
    ]
}

/// A table whose first column is its key.
fn table(name: &str, columns: &[(&str, &DataType)]) -> Table {
    let columns = columns.iter().map(|(name, kind)| ColumnDef::new(*name, (*kind).clone()).not_null());
    let columns: Vec<ColumnDef> = columns.collect();
    Table {
        name: TableRef::new(name),
        kind: TableKind::Table,
        primary_key: vec![columns[0].name.clone()],
        columns,
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        triggers: Vec::new(),
    }
}

fn row_of(user: &User) -> Vec<Value> {
    let region = match &user.region {
        Region::All => "*",
        Region::Named(name) => name,
    };
    let texts = [&user.name, user.role.name(), region, &user.password_hash].map(|part: &str| text(part));
    texts.into_iter().chain([user.must_change, user.disabled].map(|is| Value::Int(is.into()))).collect()
}

fn user_of(row: &Row) -> Result<User> {
    Ok(User {
        name: row.text(0)?.to_owned(),
        role: row
            .text(1)?
            .parse()
            .map_err(|()| Error::Broken("an account has a role that does not exist"))?,
        region: Region::new(row.text(2)?),
        password_hash: row.text(3)?.to_owned(),
        must_change: row.int(4)? != 0,
        disabled: row.int(5)? != 0,
    })
}

fn check_name(name: &str) -> Result<()> {
    let chars = name.chars().count();
    let fits =
        (1..=NAME_CHARS_MAX).contains(&chars) && name.trim() == name && !name.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Error::BadName(name.to_owned())) }
}

fn new_token(random: &Random) -> String {
    let mut bytes = [0; 32];
    random(&mut bytes);
    BASE64URL_NOPAD.encode(&bytes)
}

fn hash(token: &str) -> String {
    blake3::Hash::from_bytes(blake3::derive_key(SESSION_CONTEXT, token.as_bytes())).to_hex().to_string()
}

impl Role {
    const ALL: [Self; 4] = [Self::Admin, Self::Manager, Self::Viewer, Self::Office];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Manager => "manager",
            Self::Viewer => "viewer",
            Self::Office => "office",
        }
    }
}

impl FromStr for Role {
    type Err = ();

    fn from_str(name: &str) -> std::result::Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

    use super::*;
    use crate::Preset;

    struct World {
        _folder: tempfile::TempDir,
        clock: Arc<AtomicI64>,
        settings: Settings,
        accounts: Accounts,
    }

    async fn world() -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(1_000));
        let (now, next) = (Arc::clone(&clock), AtomicU8::new(0));
        let settings = Settings {
            address: Address::sqlite(folder.path().join("hub.db")),
            data_folder: folder.path().to_owned(),
            preset: Preset { rules: "", schema: "", pages: "" },
            upload_bytes_max: Settings::UPLOAD_BYTES_MAX,
            clock: Arc::new(move || now.load(Ordering::Relaxed)),
            random: Arc::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed))),
        };
        let accounts = Accounts::open(&settings).await.unwrap();
        World { _folder: folder, clock, settings, accounts }
    }

    fn user(name: &str, role: Role, region: &str) -> User {
        let (name, region) = (name.to_owned(), Region::new(region));
        User { name, role, region, password_hash: "hash".into(), must_change: true, disabled: false }
    }

    #[tokio::test]
    async fn people_come_back_as_they_were_kept() {
        let World { accounts, settings, _folder, .. } = world().await;
        let (admin, office) = (user("admin", Role::Admin, "*"), user("Şule", Role::Office, "İzmir"));
        assert!(accounts.add_first(&[office.clone(), admin.clone()]).await.unwrap());
        assert!(!accounts.add_first(&[user("x", Role::Admin, "*")]).await.unwrap(), "there is somebody");
        assert!(
            !accounts.add(&user("admin", Role::Viewer, "Bursa")).await.unwrap(),
            "there is one of the name"
        );
        let other_process = Accounts::open(&settings).await.unwrap();
        assert_eq!(other_process.users().await.unwrap(), [admin.clone(), office]);
        assert_eq!(other_process.user("admin").await.unwrap(), Some(admin));
        assert_eq!(other_process.user("ADMIN").await.unwrap(), None);
        for bad in ["", " admin", "a\nb", &"x".repeat(101)] {
            assert!(
                matches!(accounts.add(&user(bad, Role::Admin, "*")).await, Err(Error::BadName(_))),
                "{bad}"
            );
        }
    }

    #[tokio::test]
    async fn a_session_ends_at_its_time_and_when_anything_about_its_person_changes() {
        let World { accounts, clock, _folder, .. } = world().await;
        accounts.add(&user("admin", Role::Admin, "*")).await.unwrap();
        accounts.add(&user("other", Role::Viewer, "*")).await.unwrap();
        let name = async |token: &str| accounts.user_of_session(token).await.unwrap().map(|user| user.name);
        let (one, two) =
            (accounts.open_session("admin", 500).await, accounts.open_session("other", 900).await);
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(
            (name(&one).await.as_deref(), name(&two).await.as_deref()),
            (Some("admin"), Some("other"))
        );
        assert_eq!(name("").await, None);
        clock.store(1_500, Ordering::Relaxed);
        assert_eq!((name(&one).await, name(&two).await.as_deref()), (None, Some("other")));
        let three = accounts.open_session("admin", 500).await.unwrap();
        assert_eq!(accounts.begin(Begin::Read).await.unwrap().db.find(SESSIONS, &[]).await.unwrap().len(), 2);
        assert!(accounts.set_password("admin", "new", false).await.unwrap());
        assert_eq!((name(&three).await, name(&two).await.as_deref()), (None, Some("other")));
        let changed = accounts.user("admin").await.unwrap().unwrap();
        assert_eq!((&*changed.password_hash, changed.must_change), ("new", false));
        assert!(accounts.set_disabled("other", true).await.unwrap());
        assert_eq!(name(&two).await, None);
        assert_eq!(
            name(&accounts.open_session("other", 900).await.unwrap()).await,
            None,
            "shut out all the same"
        );
        assert!(!accounts.set_password("nobody", "new", false).await.unwrap());
        let four = accounts.open_session("admin", 500).await.unwrap();
        accounts.close_session(&four).await.unwrap();
        assert_eq!(name(&four).await, None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_several_hubs_that_start_at_once_one_makes_the_first_accounts() {
        let World { settings, _folder, .. } = world().await;
        let database = testkit::postgres::server().create_database();
        let settings = Settings { address: database.url().parse().unwrap(), ..settings };
        let start = |at: usize| {
            let settings = settings.clone();
            let admin = User { password_hash: at.to_string(), ..user("admin", Role::Admin, "*") };
            async move { Accounts::open(&settings).await?.add_first(&[admin]).await }
        };
        let all = (0..8).map(|at| tokio::spawn(start(at))).collect::<Vec<_>>();
        let mut first = 0;
        for one in all {
            first += usize::from(one.await.unwrap().unwrap());
        }
        assert_eq!(first, 1);
    }

    #[tokio::test]
    async fn what_was_not_committed_never_was_and_stops_nobody() {
        let World { accounts, _folder, .. } = world().await;
        let mut work = accounts.begin(Begin::Own).await.unwrap();
        work.db.add(USERS, &[row_of(&user("ghost", Role::Admin, "*"))]).await.unwrap();
        drop(work);
        assert_eq!(accounts.users().await.unwrap(), []);
        assert!(accounts.add(&user("admin", Role::Admin, "*")).await.unwrap());
    }
}
