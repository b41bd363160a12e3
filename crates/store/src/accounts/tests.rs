use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU8, Ordering},
    },
    time::Duration,
};

use merge::Region;

use super::*;
use crate::{Error, Preset};

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
        free_bytes_min: 0,
        clock: Arc::new(move || now.load(Ordering::Relaxed)),
        random: Arc::new(move |bytes| bytes.fill(next.fetch_add(1, Ordering::Relaxed))),
    };
    let accounts = Accounts::open(&settings).await.unwrap();
    World { _folder: folder, clock, settings, accounts }
}

fn user(name: &str, role: Role, region: &str) -> User {
    let (name, region) = (name.to_owned(), Region::new(region));
    User { name, role, region, password_hash: "hash".into(), must_change: false, disabled: false }
}

fn regions() -> BTreeSet<String> {
    ["Ankara", "Bursa"].map(str::to_owned).into()
}

impl World {
    async fn person(&self, name: &str, role: Role, region: &str) {
        let user = user(name, role, region);
        self.accounts.add(By::Machine, &user, &regions()).await.unwrap();
    }

    async fn change(&self, by: By<'_>, name: &str, change: AccountChange) -> std::result::Result<(), Barred> {
        self.accounts.change(by, (name, &change), &regions()).await
    }

    async fn begin(&self, name: &str, idle_ms: u64, whole_ms: u64) -> String {
        let lifetime =
            Lifetime { idle: Duration::from_millis(idle_ms), whole: Duration::from_millis(whole_ms) };
        let user = self.accounts.user(name).await.unwrap().unwrap();
        self.accounts.open_session(&user, "10.0.0.1", lifetime).await.unwrap().unwrap()
    }

    /// Whose session it is; `present`: somebody asks for something.
    async fn who(&self, token: &str, present: bool) -> Option<String> {
        self.accounts.user_of_session(token, present).await.unwrap().map(|user| user.name)
    }

    fn at(&self, ms: i64) {
        self.clock.store(ms, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn people_come_back_as_they_were_kept() {
    let World { accounts, settings, _folder, .. } = world().await;
    let (admin, office) = (user("admin", Role::Admin, "*"), user("Şule", Role::Office, "İzmir"));
    assert!(accounts.add_first(&[office.clone(), admin.clone()]).await.unwrap());
    assert!(!accounts.add_first(&[user("x", Role::Admin, "*")]).await.unwrap(), "there is somebody");
    let again = accounts.add(By::Machine, &user("admin", Role::Viewer, "Bursa"), &regions()).await;
    assert!(matches!(again, Err(Barred::Exists(name)) if name == "admin"));
    let other_process = Accounts::open(&settings).await.unwrap();
    assert_eq!(other_process.users().await.unwrap(), [admin.clone(), office]);
    assert_eq!(other_process.user("admin").await.unwrap(), Some(admin));
    assert_eq!(other_process.user("ADMIN").await.unwrap(), None);
    for bad in ["", " admin", "a\nb", &"x".repeat(101)] {
        let added = accounts.add(By::Machine, &user(bad, Role::Admin, "*"), &regions()).await;
        assert!(matches!(added, Err(Barred::Store(Error::BadName(_)))), "{bad}");
    }
}

#[tokio::test]
async fn a_session_ends_when_nobody_is_there_and_when_it_is_old() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    let token = world.begin("admin", 100, 1_000).await;
    assert_eq!(world.who("", true).await, None);
    for at in (1_050..1_950).step_by(50) {
        world.at(at);
        assert_eq!(world.who(&token, true).await.as_deref(), Some("admin"), "{at}: somebody is there");
    }
    world.at(2_000);
    assert_eq!(world.who(&token, true).await, None, "it is old");
    let left = world.begin("admin", 100, 1_000).await;
    assert_eq!(
        world.accounts.begin(Begin::Read).await.unwrap().db.find(SESSIONS, &[]).await.unwrap().len(),
        1
    );
    world.at(2_090);
    assert_eq!(world.who(&left, false).await.as_deref(), Some("admin"), "a page renews itself");
    world.at(2_100);
    assert_eq!(world.who(&left, true).await, None, "and nobody was there");
    world.at(2_090);
    assert_eq!(world.who(&left, true).await.as_deref(), Some("admin"), "asking late did not change it");
}

#[tokio::test]
async fn sessions_end_with_anything_that_changes_about_their_person_and_with_no_other() {
    let world = world().await;
    for (name, role) in [("admin", Role::Admin), ("other", Role::Viewer)] {
        world.person(name, role, "*").await;
    }
    let stays = world.begin("admin", 500, 900).await;
    let changes = [
        AccountChange::Password { hash: "new".into() },
        AccountChange::Role { role: Role::Manager, region: Region::new("Bursa") },
        AccountChange::EndSessions,
        AccountChange::Disabled(true),
    ];
    for change in changes {
        let (one, two) = (world.begin("other", 500, 900).await, world.begin("other", 500, 900).await);
        assert_eq!(world.who(&one, false).await.as_deref(), Some("other"));
        world.change(By::Machine, "other", change.clone()).await.unwrap();
        assert_eq!((world.who(&one, false).await, world.who(&two, false).await), (None, None), "{change:?}");
    }
    let other = world.accounts.user("other").await.unwrap().unwrap();
    assert_eq!((other.role, &other.region, other.must_change), (Role::Manager, &Region::new("Bursa"), true));
    assert!(
        world.accounts.open_session(&other, "", Lifetime::default()).await.unwrap().is_none(),
        "shut out"
    );
    assert_eq!(world.who(&stays, false).await.as_deref(), Some("admin"));

    let open = world.accounts.sessions_of("admin", &stays).await.unwrap();
    let shown = OpenSession { opened_ms: 1_000, seen_ms: 1_000, address: "10.0.0.1".into(), own: true };
    assert_eq!(open, [shown]);
    let admin = world.accounts.user("admin").await.unwrap().unwrap();
    assert!(world.accounts.set_password(&admin, "chosen").await.unwrap().is_some());
    assert_eq!(world.who(&stays, false).await, None);
    assert_eq!(world.accounts.set_password(&user("nobody", Role::Admin, "*"), "new").await.unwrap(), None);
    let (four, five) = (world.begin("admin", 500, 900).await, world.begin("admin", 500, 900).await);
    world.accounts.close_session(&four).await.unwrap();
    assert_eq!((world.who(&four, false).await, world.who(&five, false).await.is_some()), (None, true));
    world.accounts.end_sessions("admin").await.unwrap();
    assert_eq!(world.who(&five, false).await, None);
}

#[tokio::test]
async fn a_region_s_admin_sees_and_changes_that_region_s_people_only() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    world.person("bolge", Role::Admin, "Ankara").await;
    world.person("ankara1", Role::Office, "Ankara").await;
    world.person("bursa1", Role::Office, "Bursa").await;
    let bolge = By::Person("bolge");
    let names = |all: Vec<Account>| all.into_iter().map(|one| one.user.name).collect::<Vec<_>>();
    assert_eq!(names(world.accounts.accounts(bolge).await.unwrap()), ["ankara1", "bolge"]);
    assert_eq!(world.accounts.accounts(By::Person("admin")).await.unwrap().len(), 4);
    let changes = [
        AccountChange::Password { hash: "stolen".into() },
        AccountChange::Role { role: Role::Office, region: Region::new("Ankara") },
        AccountChange::Disabled(true),
        AccountChange::EndSessions,
    ];
    for change in changes {
        for name in ["bursa1", "admin", "nobody"] {
            let barred = world.change(bolge, name, change.clone()).await;
            assert!(matches!(barred, Err(Barred::Unknown(_))), "{name}: {change:?}");
        }
        world.change(bolge, "ankara1", change).await.unwrap();
    }
    for (role, region) in [(Role::Admin, "*"), (Role::Viewer, "*"), (Role::Viewer, "Bursa")] {
        let region = Region::new(region);
        let barred =
            world.change(bolge, "ankara1", AccountChange::Role { role, region: region.clone() }).await;
        assert!(matches!(barred, Err(Barred::Region(_))), "{role:?} of {region:?}");
        let new = User { region, ..user("new", role, "") };
        let barred = world.accounts.add(bolge, &new, &regions()).await;
        assert!(matches!(barred, Err(Barred::Region(_))), "{role:?}");
    }
    world.accounts.add(bolge, &user("new", Role::Manager, "Ankara"), &regions()).await.unwrap();
    assert_eq!(world.accounts.user("bursa1").await.unwrap(), Some(user("bursa1", Role::Office, "Bursa")));
}

#[tokio::test]
async fn who_is_no_admin_or_is_shut_out_changes_nobody() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    for (name, role) in
        [("m", Role::Manager), ("v", Role::Viewer), ("gone", Role::Admin), ("new", Role::Admin)]
    {
        world.person(name, role, "*").await;
    }
    world.person("o", Role::Office, "Bursa").await;
    world.change(By::Machine, "gone", AccountChange::Disabled(true)).await.unwrap();
    world.change(By::Machine, "new", AccountChange::Password { hash: "once".into() }).await.unwrap();
    for name in ["m", "v", "o", "gone", "new", "nobody"] {
        let by = By::Person(name);
        assert!(matches!(world.accounts.accounts(by).await, Err(Barred::Role)), "{name}");
        let added = world.accounts.add(by, &user("x", Role::Admin, "*"), &regions()).await;
        assert!(matches!(added, Err(Barred::Role)), "{name}");
        let changed = world.change(by, name, AccountChange::Disabled(false)).await;
        assert!(matches!(changed, Err(Barred::Role)), "{name}");
    }
}

#[tokio::test]
async fn an_account_s_region_is_one_that_there_is() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    for region in ["ankara", "Bursaa", "", "**"] {
        let added =
            world.accounts.add(By::Person("admin"), &user("x", Role::Office, region), &regions()).await;
        assert!(matches!(added, Err(Barred::Region(_))), "{region}");
    }
    let added = world.accounts.add(By::Machine, &user("x", Role::Office, "*"), &regions()).await;
    assert!(matches!(added, Err(Barred::OfficeEverywhere)));
    world.person("x", Role::Office, "Bursa").await;
    let change = AccountChange::Role { role: Role::Office, region: Region::new("bursa") };
    assert!(matches!(world.change(By::Machine, "x", change).await, Err(Barred::Region(_))));
    let change = AccountChange::Role { role: Role::Office, region: Region::All };
    assert!(matches!(world.change(By::Machine, "x", change).await, Err(Barred::OfficeEverywhere)));
    // A region that has gone stays as it is when nothing else is asked for.
    let same = AccountChange::Role { role: Role::Office, region: Region::new("Bursa") };
    world.accounts.change(By::Machine, ("x", &same), &BTreeSet::new()).await.unwrap();
}

#[tokio::test]
async fn somebody_stays_administrator_of_everything() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    world.person("bolge", Role::Admin, "Ankara").await;
    let demotions = [
        AccountChange::Disabled(true),
        AccountChange::Role { role: Role::Viewer, region: Region::All },
        AccountChange::Role { role: Role::Admin, region: Region::new("Ankara") },
    ];
    for by in [By::Machine, By::Person("admin")] {
        for change in &demotions {
            let barred = world.change(by, "admin", change.clone()).await;
            assert!(matches!(barred, Err(Barred::LastAdmin)), "{change:?}");
        }
    }
    let session = world.begin("admin", 500, 900).await;
    world.change(By::Machine, "admin", AccountChange::Disabled(true)).await.unwrap_err();
    assert!(world.who(&session, false).await.is_some(), "what was not done ended nothing");
    world.person("second", Role::Admin, "*").await;
    world.change(By::Person("admin"), "admin", demotions[0].clone()).await.unwrap();
    let barred = world.change(By::Machine, "second", demotions[0].clone()).await;
    assert!(matches!(barred, Err(Barred::LastAdmin)), "who is shut out does not count");
    world.change(By::Machine, "bolge", demotions[0].clone()).await.unwrap();
}

#[tokio::test]
async fn an_account_tells_when_somebody_was_last_there_and_how_many_sessions_last() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    let one = async || world.accounts.accounts(By::Machine).await.unwrap().remove(0);
    assert_eq!((one().await.last_log_in_ms, one().await.sessions), (None, 0));
    world.begin("admin", 100, 1_000).await;
    world.at(1_050);
    world.begin("admin", 500, 1_000).await;
    assert_eq!((one().await.last_log_in_ms, one().await.sessions), (Some(1_050), 2));
    world.at(1_200);
    assert_eq!(one().await.sessions, 1, "one is over");
    world.change(By::Machine, "admin", AccountChange::Password { hash: "once".into() }).await.unwrap();
    assert_eq!((one().await.last_log_in_ms, one().await.sessions), (Some(1_050), 0));
}

#[tokio::test]
async fn a_hash_is_made_anew_unless_the_password_was_changed_meanwhile() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    let session = world.begin("admin", 500, 900).await;
    let before = world.accounts.user("admin").await.unwrap().unwrap();
    let after = world.accounts.rehash(&before, "made anew").await.unwrap().unwrap();
    assert_eq!(world.accounts.user("admin").await.unwrap(), Some(after));
    assert_eq!(world.accounts.rehash(&before, "too late").await.unwrap(), None);
    assert_eq!(world.accounts.user("admin").await.unwrap().unwrap().password_hash, "made anew");
    assert!(world.who(&session, false).await.is_some());
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
    let world = world().await;
    let mut work = world.accounts.begin(Begin::Own).await.unwrap();
    work.db.add(USERS, &[Kept::new(&user("ghost", Role::Admin, "*")).row()]).await.unwrap();
    drop(work);
    assert_eq!(world.accounts.users().await.unwrap(), []);
    world.person("admin", Role::Admin, "*").await;
}

#[tokio::test]
async fn sessions_of_an_older_version_are_over_and_its_people_stay() {
    let World { settings, _folder, .. } = world().await;
    let path = settings.data_folder.join("older.db");
    let older = rusqlite::Connection::open(&path).unwrap();
    older
        .execute_batch(
            "create table denk_users (name text primary key not null, role text not null, region text not null,
                 password_hash text not null, must_change integer not null, disabled integer not null);
             create table denk_sessions (token_hash text primary key not null, user_name text not null, expires integer not null);
             insert into denk_users values ('admin', 'admin', '*', 'hash', 0, 0);
             insert into denk_sessions values ('kept', 'admin', 9000000000000000);",
        )
        .unwrap();
    drop(older);
    let accounts = Accounts::open(&Settings { address: Address::sqlite(path), ..settings }).await.unwrap();
    assert_eq!(accounts.users().await.unwrap(), [user("admin", Role::Admin, "*")]);
    let listed = accounts.accounts(By::Machine).await.unwrap();
    assert_eq!((listed[0].last_log_in_ms, listed[0].sessions), (None, 0));
    let admin = user("admin", Role::Admin, "*");
    let token = accounts.open_session(&admin, "", Lifetime::default()).await.unwrap().unwrap();
    assert!(accounts.user_of_session(&token, true).await.unwrap().is_some());
}

/// Longer than anything here takes; the store's own waits for a writer are longer still.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn who_is_known_does_not_wait_for_whoever_writes_and_is_noted_when_that_is_over() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    let token = world.begin("admin", 1_000_000, 9_000_000).await;
    let writer = rusqlite::Connection::open(world.settings.data_folder.join("hub.db")).unwrap();
    writer.execute_batch("pragma journal_mode = wal; begin immediate").unwrap();
    let seen = async || world.accounts.sessions_of("admin", &token).await.unwrap()[0].seen_ms;
    for at in [500_000, 600_000, 700_000] {
        world.at(at);
        let asked = tokio::time::timeout(PATIENCE, async { (world.who(&token, true).await, seen().await) });
        assert_eq!(asked.await.expect("nobody waits"), (Some("admin".to_owned()), at));
    }
    world.at(1_600_000);
    assert_eq!(world.who(&token, false).await.as_deref(), Some("admin"), "that somebody was there counts");
    writer.execute_batch("rollback").unwrap();
    let stored = "select seen from denk_sessions";
    let stored = || writer.query_row(stored, (), |row| row.get::<_, i64>(0)).unwrap();
    let noted = tokio::time::timeout(PATIENCE, async {
        for at in (1_660_000..).step_by(60_000) {
            world.at(at);
            world.who(&token, true).await.unwrap();
            // Whoever notes it is done when somebody else may write.
            drop(world.accounts.begin(Begin::Own).await.unwrap());
            if stored() >= 1_660_000 {
                break;
            }
        }
    });
    noted.await.expect("it is stored in the end");
}

#[tokio::test]
async fn a_password_that_was_changed_meanwhile_opens_nothing_and_overwrites_nothing() {
    let world = world().await;
    world.person("admin", Role::Admin, "*").await;
    world.person("other", Role::Viewer, "*").await;
    let recognised = world.accounts.user("other").await.unwrap().unwrap();
    let reset = AccountChange::Password { hash: "by the administrator".into() };
    world.change(By::Person("admin"), "other", reset).await.unwrap();
    let opened = world.accounts.open_session(&recognised, "", Lifetime::default()).await.unwrap();
    assert_eq!(opened, None, "by a password that is none any more");
    assert_eq!(world.accounts.set_password(&recognised, "own choice").await.unwrap(), None);
    let now = world.accounts.user("other").await.unwrap().unwrap();
    assert_eq!((now.password_hash.as_str(), now.must_change), ("by the administrator", true));
    world.change(By::Machine, "other", AccountChange::Disabled(true)).await.unwrap();
    assert_eq!(world.accounts.open_session(&now, "", Lifetime::default()).await.unwrap(), None);
    assert_eq!(world.accounts.set_password(&now, "own choice").await.unwrap(), None);
}
