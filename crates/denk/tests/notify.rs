//! Who is told what, once, over real sockets of this machine: quiet hours, digests, retries, regions, and starts in between.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../notify/tests/sink/mod.rs"]
mod sink;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use ::notify::{Digest, Level, Quiet, Security};
use denk::{
    config::{Email, Notify},
    messages::Language,
    notify::Teller,
};
use rusqlite::Connection;
use sink::{MailSink, WebSink};
use store::{Preset, Store};
use testkit::office::{self, Office, Shape, Size};

/// 2026-01-19 12:00 in Istanbul.
const NOON_MS: i64 = 1_768_813_200_000;
const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

struct World {
    folder: tempfile::TempDir,
    clock: Arc<AtomicI64>,
    store: Store,
    mail: MailSink,
    web: WebSink,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(AtomicI64::new(NOON_MS));
        let store = open(folder.path(), &clock).await;
        Self { folder, clock, store, mail: MailSink::start(), web: WebSink::start("") }
    }

    /// Only the webhook, at once.
    fn settings(&self) -> Notify {
        Notify {
            language: None,
            minimum: Level::Warning,
            quiet: None,
            digest: Digest::AtOnce,
            quality: Digest::Never,
            webhook: Some((self.web.url(), None)),
            email: None,
        }
    }

    fn email(&self, to: &[&str], regions: &[(&str, &str)]) -> Option<Email> {
        Some(Email {
            host: "127.0.0.1".to_owned(),
            port: self.mail.address.port(),
            security: Security::None,
            login: None,
            from: "denk@x.example".to_owned(),
            to: to.iter().map(|to| (*to).to_owned()).collect(),
            regions: regions
                .iter()
                .map(|(region, to)| ((*region).to_owned(), vec![(*to).to_owned()]))
                .collect(),
        })
    }

    /// Looks at this time, as a hub does that has just been started.
    async fn look(&self, teller: &mut Teller, now_ms: i64) {
        self.clock.store(now_ms, Ordering::Relaxed);
        teller.look(&self.store, now_ms).await;
    }

    /// What the webhook was told: keys of what is new, and how many are over.
    fn posted(&self) -> Vec<(Vec<String>, u64)> {
        self.web
            .posted()
            .iter()
            .map(|posted| {
                let json = posted.json();
                let kinds = json["new"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|new| new["kind"].as_str().unwrap().to_owned());
                let mut kinds: Vec<String> = kinds.collect();
                kinds.sort();
                (kinds, json["ended_count"].as_u64().unwrap())
            })
            .collect()
    }

    async fn receive(&self, region: &str, sql: &str) {
        let path = self.folder.path().join(format!("{region}.db"));
        let office = Office { shape: Shape::Live, size: Size::small(), region, seed: 1 };
        office::generate(&path, &office).unwrap();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let token = self.store.add_site(&format!("{region} PC"), region).await.unwrap().token;
        let device = self.store.device_of_token(&token).await.unwrap().unwrap();
        self.store.receive(&device, &path, "test").await.unwrap();
    }
}

async fn open(folder: &Path, clock: &Arc<AtomicI64>) -> Store {
    let (clock, random) = (Arc::clone(clock), AtomicU64::new(1));
    let settings = store::Settings {
        address: store::Address::sqlite(folder.join("hub.db")),
        data_folder: folder.to_owned(),
        upload_bytes_max: store::Settings::UPLOAD_BYTES_MAX,
        free_bytes_min: 0,
        preset: Preset {
            rules: include_str!("../../../presets/rainstaff/tables.toml"),
            schema: include_str!("../../../presets/rainstaff/office/schema.sqlite.sql"),
            pages: include_str!("../../../presets/rainstaff/pages.toml"),
        },
        clock: Arc::new(move || clock.load(Ordering::Relaxed)),
        random: Arc::new(move |bytes| {
            let next = random.fetch_add(1, Ordering::Relaxed).to_ne_bytes();
            bytes.iter_mut().zip(next.iter().cycle()).for_each(|(byte, of)| *byte = *of);
        }),
    };
    Store::open(settings).await.unwrap()
}

fn teller(settings: &Notify) -> Teller {
    let zone = jiff::tz::TimeZone::get("Europe/Istanbul").unwrap();
    Teller::new(settings, Language::Turkish, (zone, None)).unwrap()
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[tokio::test]
async fn each_is_told_once_also_after_a_start_and_again_when_it_is_over() {
    let mut world = World::new().await;
    let settings = world.settings();
    world.store.add_site("Ankara PC", "Ankara").await.unwrap();
    world.store.warn("backup_full", "/yedek").await.unwrap();
    let mut first = teller(&settings);
    world.look(&mut first, NOON_MS).await;
    assert_eq!(world.posted(), [(keys(&["backup"]), 0)]);
    world.look(&mut first, NOON_MS + 2 * DAY_MS).await;
    assert_eq!(world.posted().last().unwrap(), &(keys(&["silent"]), 0), "the backup's alert passed");
    world.look(&mut first, NOON_MS + 2 * DAY_MS + MINUTE_MS).await;
    // The hub is started again.
    world.store.close().await;
    world.store = open(world.folder.path(), &world.clock).await;
    let mut again = teller(&settings);
    world.look(&mut again, NOON_MS + 2 * DAY_MS + 2 * MINUTE_MS).await;
    assert_eq!(world.posted().len(), 2);
    // For longer it is worse.
    world.look(&mut again, NOON_MS + 4 * DAY_MS).await;
    assert_eq!(world.posted().last().unwrap(), &(keys(&["silent"]), 0));
    world.store.revoke_site("Ankara PC").await.unwrap();
    world.look(&mut again, NOON_MS + 4 * DAY_MS + MINUTE_MS).await;
    assert_eq!(world.posted().last().unwrap(), &(vec![], 1));
    let over = world.web.posted().last().unwrap().json();
    assert!(over["text"].as_str().unwrap().contains("Düzeldi:\n- Susan bilgisayar · Ankara PC"), "{over}");
    world.look(&mut again, NOON_MS + 4 * DAY_MS + 2 * MINUTE_MS).await;
    assert_eq!(world.posted().len(), 4);
}

#[tokio::test]
async fn what_fails_is_tried_again_later_and_later_and_told_on_the_other_ways() {
    let world = World::new().await;
    let settings = Notify { email: world.email(&["patron@x.example"], &[]), ..world.settings() };
    let mut teller = teller(&settings);
    world.store.warn("backup_full", "/yedek").await.unwrap();
    world.web.status.store(500, Ordering::Relaxed);
    let at = async |teller: &mut Teller, seconds: i64| {
        world.look(teller, NOON_MS + seconds * SECOND_MS).await;
        (world.web.posted().len(), world.mail.letters().len())
    };
    assert_eq!(at(&mut teller, 0).await, (1, 1));
    assert_eq!(at(&mut teller, 20).await, (1, 2), "that the webhook fails");
    assert!(world.mail.letters()[1].body().contains("webhook"), "{:?}", world.mail.letters()[1].body());
    assert_eq!(at(&mut teller, 29).await, (1, 2));
    assert_eq!(at(&mut teller, 30).await, (2, 2));
    assert_eq!(at(&mut teller, 89).await, (2, 2), "twice as long");
    assert_eq!(at(&mut teller, 90).await, (3, 2));
    world.web.status.store(204, Ordering::Relaxed);
    assert_eq!(at(&mut teller, 209).await, (3, 2));
    assert_eq!(at(&mut teller, 210).await.0, 4);
    at(&mut teller, 240).await;
    let last = world.mail.letters().last().unwrap().body();
    assert!(last.contains("Düzeldi:") && last.contains("webhook"), "{last}");
    assert_eq!(at(&mut teller, 300).await, (4, 3));
    let told: Vec<_> = world.web.posted().iter().map(|posted| posted.json()["id"].clone()).collect();
    assert!(told.iter().all(|id| *id == told[0]), "who gets it twice can tell: {told:?}");
}

#[tokio::test]
async fn in_quiet_hours_nothing_is_sent_and_then_all_at_once() {
    let world = World::new().await;
    let settings = Notify { quiet: Quiet::read("22:00-07:00"), ..world.settings() };
    let mut teller = teller(&settings);
    let night = NOON_MS + 10 * HOUR_MS;
    world.clock.store(night, Ordering::Relaxed);
    world.store.warn("backup_full", "/yedek").await.unwrap();
    world.look(&mut teller, night).await;
    world.store.warn("drill_failed", "").await.unwrap();
    world.look(&mut teller, night + 8 * HOUR_MS + 59 * MINUTE_MS).await;
    assert_eq!(world.posted(), []);
    world.look(&mut teller, night + 9 * HOUR_MS).await;
    assert_eq!(world.posted(), [(keys(&["backup", "backup"]), 0)]);
}

#[tokio::test]
async fn a_digest_is_one_message_for_many() {
    let world = World::new().await;
    let settings = Notify { digest: Digest::read("every 15m").unwrap(), ..world.settings() };
    let mut teller = teller(&settings);
    for (minute, kind) in [(0, "backup_full"), (1, "backup_copy"), (5, "drill_failed"), (14, "backup_folder")]
    {
        world.clock.store(NOON_MS + minute * MINUTE_MS, Ordering::Relaxed);
        world.store.warn(kind, "").await.unwrap();
        world.look(&mut teller, NOON_MS + minute * MINUTE_MS).await;
    }
    assert_eq!(world.posted(), [(keys(&["backup"]), 0)]);
    world.look(&mut teller, NOON_MS + 15 * MINUTE_MS).await;
    assert_eq!(world.posted().last().unwrap().0.len(), 3);
    assert_eq!(world.posted().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_in_the_data_is_told_once_a_day_to_its_region() {
    let world = World::new().await;
    let evil = "Ali\r\nBcc: hirsiz@x.example\r\n\r\nmerhaba";
    let sql = format!(
        "update employees set full_name = '{evil}' where id = (select min(id) from employees);
         update timesheets set start_time = '99:25', employee_id = (select min(id) from employees)
         where id = (select min(id) from timesheets);"
    );
    world.receive("Ankara", &sql).await;
    world
        .receive(
            "Bursa",
            "update timesheets set end_time = '98:25' where id = (select min(id) from timesheets)",
        )
        .await;
    let email =
        world.email(&["patron@x.example"], &[("Ankara", "ankara@x.example"), ("Izmir", "izmir@x.example")]);
    let settings = Notify {
        email,
        webhook: None,
        minimum: Level::Serious,
        quality: Digest::read("daily 13:00").unwrap(),
        ..world.settings()
    };
    let mut first = teller(&settings);
    world.look(&mut first, NOON_MS).await;
    assert_eq!(world.mail.letters().len(), 0, "not yet");
    world.look(&mut first, NOON_MS + HOUR_MS).await;
    let letters = world.mail.letters();
    let [all, ankara] = &letters[..] else { panic!("{letters:?}") };
    assert!(all.to[0].contains("patron@") && ankara.to[0].contains("ankara@"), "{letters:?}");
    assert!(all.body().contains("(Bursa)") && all.body().contains("(Ankara)"), "{}", all.body());
    assert!(
        !ankara.body().contains("(Bursa)") && ankara.body().contains("saat 99 olamaz"),
        "{}",
        ankara.body()
    );
    for letter in &letters {
        assert_eq!(letter.to.len(), 1, "{letter:?}");
        assert!(!letter.heads().iter().any(|head| head.starts_with("Bcc")), "{letter:?}");
    }
    let mut again = teller(&settings);
    world.look(&mut again, NOON_MS + 2 * HOUR_MS).await;
    world.look(&mut again, NOON_MS + DAY_MS + HOUR_MS).await;
    assert_eq!(world.mail.letters().len(), 2, "each once");
}
