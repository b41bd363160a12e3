//! A hub that runs for one test, and what clients do to it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use hub::{ApiKey, KeptBackups, Language, Limits, NewUsers, Serving, Settings, Transport};
use merge::Region;
use reqwest::{Client, RequestBuilder, Response, StatusCode, multipart, redirect::Policy};
use serde_json::Value;
use store::{Accounts, Preset, Role, Store, User};
use store::{
    Address,
    backups::{Backups, Guarded, Plan},
};
use tempfile::TempDir;
use testkit::{
    office::{self, Office, Shape, Size},
    postgres::Database,
};
use tokio::sync::oneshot;

/// Far longer than anything here takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_mins(2);
pub const SHARED_KEY: &str = "ortak-anahtar-1234567890";
/// 2026-01-19 09:00 in Istanbul.
pub const START_MS: i64 = 1_768_802_400_000;

pub struct World {
    pub folder: TempDir,
    /// `None`: the store is a file in the folder.
    database: Option<Database>,
    /// Of the store.
    pub address: Address,
    pub settings: Settings,
    pub store: Store,
    pub accounts: Accounts,
    pub clock: Arc<AtomicI64>,
    pub base: String,
    pub client: Client,
    pub serving: Option<Serving>,
    pub stop: Option<oneshot::Sender<()>>,
}

/// With the shared key, without first accounts.
pub async fn hub() -> World {
    hub_with(|_| {}).await
}

/// With other lists than the preset's.
pub async fn hub_of(pages: &'static str) -> World {
    start(pages, |_| {}).await
}

pub async fn hub_with(change: impl FnOnce(&mut Settings)) -> World {
    start(include_str!("../../../../presets/rainstaff/pages.toml"), change).await
}

async fn start(pages: &'static str, change: impl FnOnce(&mut Settings)) -> World {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(AtomicI64::new(START_MS));
    let database = crate::ON_POSTGRES.then(|| testkit::postgres::server().create_database());
    let address = match &database {
        Some(database) => database.url().parse().unwrap(),
        None => Address::sqlite(folder.path().join("hub.db")),
    };
    let store = store_settings((folder.path(), address.clone()), &clock, pages);
    let mut settings = settings(&store);
    change(&mut settings);
    let (stop, stopped) = oneshot::channel();
    let accounts = Accounts::open(&store).await.unwrap();
    let store = Store::open(store).await.unwrap();
    let serving = hub::serve(settings.clone(), store.clone(), accounts.clone(), async {
        let _ = stopped.await;
    });
    let serving = serving.await.unwrap();
    let base = format!("http://{}", serving.address);
    let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    let (serving, stop) = (Some(serving), Some(stop));
    World { folder, database, address, settings, store, accounts, clock, base, client, serving, stop }
}

fn store_settings(
    (folder, address): (&Path, Address),
    clock: &Arc<AtomicI64>,
    pages: &'static str,
) -> store::Settings {
    let clock = Arc::clone(clock);
    store::Settings {
        address,
        data_folder: folder.to_owned(),
        upload_bytes_max: store::Settings::UPLOAD_BYTES_MAX,
        free_bytes_min: 0,
        preset: Preset {
            rules: include_str!("../../../../presets/rainstaff/tables.toml"),
            schema: include_str!("../../../../presets/rainstaff/office/schema.sqlite.sql"),
            pages,
        },
        clock: Arc::new(move || clock.fetch_add(1, Ordering::Relaxed)),
        random: Arc::new(|bytes| {
            for chunk in bytes.chunks_mut(8) {
                let seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
                chunk.copy_from_slice(&seed.to_le_bytes()[..chunk.len()]);
            }
        }),
    }
}

fn settings(store: &store::Settings) -> Settings {
    Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        transport: Transport::Auto,
        public_url: None,
        proxies: Vec::new(),
        data_folder: store.data_folder.clone(),
        api_key: ApiKey::new(SHARED_KEY),
        first_users: Vec::new(),
        language: Language::Turkish,
        sessions: store::Lifetime::default(),
        zone: jiff::tz::TimeZone::get("Europe/Istanbul").unwrap(),
        letterhead: hub::Letterhead::default(),
        watch: hub::Watch::default(),
        limits: Limits {
            stop_wait: Duration::from_secs(20),
            wrong_wait: Duration::ZERO,
            ..Limits::default()
        },
        backups: backups(store),
        configured: Vec::new(),
        clock: Arc::clone(&store.clock),
        random: Arc::clone(&store.random),
    }
}

/// Where the store can be backed up.
fn backups(store: &store::Settings) -> Option<KeptBackups> {
    let plan = Plan {
        folder: store.data_folder.join("backups"),
        copy_to: None,
        elsewhere: None,
        keep: 5,
        version: "0",
    };
    let backups = Guarded::new(Backups::new(store.clone(), plan).ok()?);
    Some(KeptBackups { backups, every: Some(Duration::from_hours(6)) })
}

pub fn preset_users() -> NewUsers {
    include_str!("../../../../presets/rainstaff/users.toml").parse().unwrap()
}

/// Behind a proxy on this machine.
pub fn behind_proxy(settings: &mut Settings) {
    (settings.transport, settings.proxies) = (Transport::BehindProxy, vec!["127.0.0.0/8".parse().unwrap()]);
}

impl World {
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base))
    }

    pub fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.base))
    }

    /// What a program sends that shows `key` and has `bytes` as its file.
    pub fn upload(&self, key: &str, region: &str, bytes: Vec<u8>) -> RequestBuilder {
        let file = multipart::Part::bytes(bytes).file_name("puantaj.db");
        let form = multipart::Form::new().part("db", file);
        self.post("/sync").header("X-API-KEY", key).header("X-Region", region).multipart(form)
    }

    pub async fn token(&self, name: &str, region: &str) -> String {
        self.store.add_site(name, region).await.unwrap().token
    }

    /// From now on nobody reaches the hub; its store stays as it is.
    pub async fn disconnect(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.serving.take().unwrap().ended().await.unwrap();
    }

    /// The hub can be reached again.
    pub async fn connect(&mut self) {
        let (stop, stopped) = oneshot::channel();
        let until = async { _ = stopped.await };
        let serving = hub::serve(self.settings.clone(), self.store.clone(), self.accounts.clone(), until);
        let serving = serving.await.unwrap();
        self.base = format!("http://{}", serving.address);
        (self.serving, self.stop) = (Some(serving), Some(stop));
    }

    /// Rows of a table that the store holds.
    pub async fn rows(&self, table: &str) -> u64 {
        self.store.status().await.unwrap().tables.get(table).copied().unwrap_or_default()
    }

    /// Does something to the store behind the hub's back.
    pub fn run_sql(&self, sql: &str) {
        match &self.database {
            Some(database) => _ = database.run(sql),
            None => self.file().execute_batch(sql).unwrap(),
        }
    }

    /// Everything that is kept of sessions, people and requests, as it lies there.
    pub fn kept(&self) -> String {
        let tables = ["denk_sessions", "denk_users", "denk_audit"];
        let Some(database) = &self.database else {
            let files = ["hub.db", "hub.db-wal"].map(|name| std::fs::read(self.folder.path().join(name)));
            return files.iter().flatten().map(|bytes| String::from_utf8_lossy(bytes)).collect();
        };
        tables.map(|table| database.run(&format!("select * from {table}"))).concat()
    }

    fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("hub.db")).unwrap()
    }

    /// Waits until no file of an unfinished upload is left: one that a refusal ended goes at once, but may go after it.
    pub async fn nothing_incoming(&self) {
        let gone = tokio::time::timeout(PATIENCE, async {
            while !self.incoming().is_empty() {
                tokio::task::yield_now().await;
            }
        });
        gone.await.unwrap_or_else(|_| panic!("{:?} stay", self.incoming()));
    }

    /// Files of unfinished uploads.
    pub fn incoming(&self) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.folder.path().join("incoming")).unwrap();
        folder.map(|entry| entry.unwrap().path()).collect()
    }

    pub async fn person(&self, name: &str, role: Role, region: &str, password: &str) {
        let random = Arc::clone(&self.settings.random);
        let password_hash = hub::Passwords::new(random).hash(password).await.unwrap();
        let region = Region::new(region);
        let user =
            User { name: name.into(), role, region, password_hash, must_change: false, disabled: false };
        let regions = [match &user.region {
            Region::All => String::new(),
            Region::Named(name) => name.clone(),
        }];
        self.accounts.add(store::By::Machine, &user, &regions.into()).await.unwrap();
    }

    pub async fn log_in(&self, name: &str, password: &str) -> Response {
        self.post("/login").form(&[("username", name), ("password", password)]).send().await.unwrap()
    }

    /// The dashboard as this person sees it.
    pub async fn dashboard_of(&self, name: &str, password: &str) -> String {
        let cookie = cookie(&self.log_in(name, password).await);
        let page = self.get("/dashboard?lang=en").header("Cookie", cookie).send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        page.text().await.unwrap()
    }
}

/// The cookie that an answer sets, as a browser sends it back.
pub fn cookie(response: &Response) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// An office's file as the live ones are.
pub fn office_file(region: &str, seed: u64) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("puantaj.db");
    office::generate(
        &path,
        &Office { shape: Shape::Live, size: Size::named("small").unwrap(), region, seed },
    )
    .unwrap();
    std::fs::read(path).unwrap()
}

/// The same file after some SQL.
pub fn changed(bytes: &[u8], sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("puantaj.db");
    std::fs::write(&path, bytes).unwrap();
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch(sql).unwrap();
    file.close().unwrap();
    std::fs::read(path).unwrap()
}

/// One number out of a file.
pub fn number(bytes: &[u8], sql: &str) -> i64 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("puantaj.db");
    std::fs::write(&path, bytes).unwrap();
    rusqlite::Connection::open(&path).unwrap().query_row(sql, (), |row| row.get(0)).unwrap()
}

pub async fn json(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    (status, response.json().await.unwrap())
}
