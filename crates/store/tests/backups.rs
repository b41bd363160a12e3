//! Backups: made while the store is written, damaged in every way, put back, tried out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "hub/lab.rs"]
#[allow(dead_code, unused_imports, unused_macros)]
mod lab;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use lab::{Lab, value};
use model::{Gid, Value};
use replica::wire::{Cell, Change, Delete, Push};
use rusqlite::Connection;
use store::{
    Accounts, Address, By, Decision, Declined, Device, Error, Lifetime, Role, Settings, Store, User,
    backups::{self, Backups, Fault, Plan, Reason},
};

const NOW_MS: i64 = 1_769_212_800_000;
const DAY_S: i64 = 24 * 60 * 60;

fn backups(lab: &Lab, keep: usize) -> Backups {
    plan(&lab.settings, Plan { folder: folder(lab), copy_to: None, elsewhere: None, keep, version: "0" })
}

fn plan(settings: &Settings, plan: Plan) -> Backups {
    Backups::new(settings.clone(), plan).unwrap()
}

fn folder(lab: &Lab) -> PathBuf {
    lab.folder.path().join("backups")
}

/// As after the hub was stopped.
async fn stopped(lab: Lab) -> (Settings, tempfile::TempDir) {
    let Lab { store, settings, folder, .. } = lab;
    store.close().await;
    drop(store);
    (settings, folder)
}

fn employee(number: u128, name: &str, region: &str) -> Change {
    let text = |text: &str| Cell(Value::Text(text.to_owned()));
    let cells = [("full_name".to_owned(), text(name)), ("region".to_owned(), text(region))];
    Change {
        table: "employees".to_owned(),
        gid: Gid::new(7, number).uuid(),
        base: 0,
        at: (NOW_MS - 1000, 0),
        insert: Some(cells.into()),
        update: None,
        delete: None,
        again: None,
    }
}

fn retitled(number: u128, base: i64, name: &str) -> Change {
    let cells = [("full_name".to_owned(), Cell(Value::Text(name.to_owned())))];
    Change { insert: None, update: Some(cells.into()), base, ..employee(number, "", "") }
}

fn deleted(number: u128, base: i64) -> Change {
    Change { insert: None, delete: Some(Delete::default()), base, ..employee(number, "", "") }
}

fn batch(number: u64, seen: i64, changes: Vec<Change>) -> Push {
    let rows = [("employees".to_owned(), 1000)].into();
    Push { number, seen, clock_ms: NOW_MS, rows, changes, ..Push::default() }
}

async fn push(lab: &Lab, device: &Device, said: Push) -> i64 {
    lab.store.push(device, said).await.unwrap().to
}

fn names(store: &Path) -> BTreeSet<String> {
    let file = Connection::open(store).unwrap();
    let mut statement = file.prepare("select full_name from employees").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Batches of one office, one after the other, until it is told to stop; what was acknowledged is noted.
async fn write(
    store: Store,
    (device, office): (Device, usize),
    goes_on: Arc<AtomicBool>,
    acknowledged: Arc<Mutex<Vec<String>>>,
) {
    let (mut number, mut seen) = (0, 0);
    while goes_on.load(Ordering::Relaxed) {
        number += 1;
        let said: Vec<String> = (0..10).map(|at| format!("Kişi {office} {number} {at}")).collect();
        let gid = |at: usize| (office as u128) << 48 | u128::from(number) << 8 | at as u128;
        let changes = said.iter().enumerate().map(|(at, name)| employee(gid(at), name, &device.name));
        seen = store.push(&device, batch(number, seen, changes.collect())).await.unwrap().to;
        acknowledged.lock().unwrap().extend(said);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_backup_made_during_writes_holds_all_that_was_acknowledged_before_it_began() {
    let lab = Lab::sqlite().await;
    let (goes_on, acknowledged) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(Vec::new())));
    let mut offices = Vec::new();
    for office in 1..=6 {
        let name = format!("Şube {office}");
        let device = lab.site(&name, &name).await;
        let (store, flag, acknowledged) =
            (lab.store.clone(), Arc::clone(&goes_on), Arc::clone(&acknowledged));
        offices.push(tokio::spawn(write(store, (device, office), flag, acknowledged)));
    }
    let backups = backups(&lab, 100);
    let mut made: Vec<(_, usize, usize)> = Vec::new();
    // A backup may be made between two writes: then one more.
    while made.len() < 4 || made.len() < 60 && made.iter().all(|(_, upto, after)| after == upto) {
        let before = acknowledged.lock().unwrap().len();
        while acknowledged.lock().unwrap().len() < before + 300 {
            tokio::task::yield_now().await;
        }
        let upto = acknowledged.lock().unwrap().len();
        let backup = backups.create(Reason::Asked).await.unwrap();
        let after = acknowledged.lock().unwrap().len();
        made.push((backup.manifest, upto, after));
    }
    goes_on.store(false, Ordering::Relaxed);
    for office in offices {
        office.await.unwrap();
    }
    assert!(made.iter().any(|(_, upto, after)| after > upto,), "nobody wrote meanwhile: {made:?}");
    let acknowledged = acknowledged.lock().unwrap().clone();
    for (at, (manifest, upto, _)) in made.iter().enumerate() {
        let file = lab.folder.path().join(format!("restored-{at}/hub.db"));
        backups.restore_to(&manifest.id, &file).await.unwrap();
        let there = names(&file);
        let lost: Vec<_> = acknowledged[..*upto].iter().filter(|name| !there.contains(*name)).collect();
        assert!(lost.is_empty(), "{} of {upto} lost, such as {:?}", lost.len(), lost[0]);
        // Whole batches: one moment, and not half of one.
        assert_eq!(there.len() % 10, 0);
    }
    let drilled = backups.drill().await.unwrap();
    assert_eq!(
        (drilled.id, Some(drilled.rev)),
        (made[made.len() - 1].0.id.clone(), made[made.len() - 1].0.rev)
    );
    assert_eq!(
        names(&lab.folder.path().join("hub.db")).len(),
        acknowledged.len(),
        "the store itself was left alone"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_damage_is_found_by_the_list_by_a_restore_and_by_a_drill() {
    let lab = Lab::sqlite().await;
    let pc = lab.pc("Ankara 1", "Ankara", 1).await;
    lab.sync(&pc).await;
    let backups = backups(&lab, 9);
    let id = backups.create(Reason::Asked).await.unwrap().manifest.id;
    backups.drill().await.unwrap();
    let (packed, told) = (folder(&lab).join(format!("{id}.db.zst")), folder(&lab).join(format!("{id}.json")));
    let (bytes, text) = (fs::read(&packed).unwrap(), fs::read(&told).unwrap());
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at] ^= 4;
        bytes
    };
    let damages: [(&str, &dyn Fn(), Fault); 7] = [
        (
            "a byte of the file",
            &|| fs::write(&packed, flipped(&bytes, bytes.len() / 2)).unwrap(),
            Fault::Bytes,
        ),
        ("a cut file", &|| fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap(), Fault::Length),
        ("an empty file", &|| fs::write(&packed, "").unwrap(), Fault::Length),
        ("no file", &|| fs::remove_file(&packed).unwrap(), Fault::Missing),
        (
            "a byte of the description",
            &|| fs::write(&told, flipped(&text, text.len() / 2)).unwrap(),
            Fault::Manifest,
        ),
        ("a cut description", &|| fs::write(&told, &text[..text.len() / 2]).unwrap(), Fault::Manifest),
        ("no description", &|| fs::remove_file(&told).unwrap(), Fault::NoManifest),
    ];
    let to = lab.folder.path().join("never/hub.db");
    for (what, damage, fault) in damages {
        damage();
        let listed = backups.list().await.unwrap();
        assert_eq!(
            listed.iter().map(|backup| backup.fault.clone()).collect::<Vec<_>>(),
            [Some(fault.clone())],
            "{what}"
        );
        for error in [backups.restore_to(&id, &to).await.unwrap_err(), backups.drill().await.unwrap_err()] {
            assert!(
                matches!(&error, backups::Error::Damaged { fault: found, .. } if *found == fault),
                "{what}: {error}"
            );
        }
        assert!(!to.exists() && fs::read_dir(to.parent().unwrap()).unwrap().next().is_none(), "{what}");
        assert!(backups.last_drill().unwrap().fault.is_some());
        fs::write(&packed, &bytes).unwrap();
        fs::write(&told, &text).unwrap();
    }
    backups.drill().await.unwrap();
    assert_eq!(backups.last_drill().unwrap().fault, None);
    for odd in ["../x", "", "20260124T000009Z"] {
        assert!(matches!(backups.restore_to(odd, &to).await, Err(backups::Error::Unknown(_))), "{odd}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_hub_is_known_as_one_and_what_was_there_is_kept() {
    let lab = Lab::sqlite().await;
    let (ankara, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
    push(&lab, &ankara, batch(1, 0, vec![employee(1, "Kişi Bir", "Ankara")])).await;
    let backups = backups(&lab, 9);
    let id = backups.create(Reason::Asked).await.unwrap().manifest.id;
    push(&lab, &other, batch(1, 1, vec![employee(2, "Kişi İki", "Ankara")])).await;
    let page = lab.store.pull(&ankara, 0, 10).await.unwrap();
    assert!(matches!(backups.restore(&id).await, Err(backups::Error::InUse)), "a hub has it open");
    lab.pass(60);
    let (settings, _folder) = stopped(lab).await;
    let restored = backups.restore(&id).await.unwrap();
    assert_eq!((restored.manifest.id.as_str(), restored.manifest.rev), (&*id, Some(1)));

    let store = Store::open(settings.clone()).await.unwrap();
    assert_eq!(store.health().await.unwrap().rev, 1);
    // As many as were lost, but other ones.
    let third = store.add_site("Ankara 3", "Ankara").await.unwrap().token;
    let third = store.device_of_token(&third).await.unwrap().unwrap();
    let now = store.push(&third, batch(1, 0, vec![employee(3, "Kişi Üç", "Ankara")])).await.unwrap();
    assert_eq!(now.to, page.next);
    let said = Push { mark: page.mark, ..batch(2, page.next, vec![employee(4, "Kişi Dört", "Ankara")]) };
    assert!(matches!(store.push(&ankara, said).await, Err(Declined::Behind { .. })));
    // Who lost a batch tells it again.
    assert!(matches!(
        store.push(&other, batch(2, 2, vec![employee(5, "Beş", "Ankara")])).await,
        Err(Declined::Behind { number: 0, .. })
    ));
    store.close().await;
    drop(store);

    let safety = restored.safety.unwrap();
    assert_eq!(safety.reason, Reason::Safety);
    backups.restore(&safety.id).await.unwrap();
    assert_eq!(names(settings.address.path()), ["Kişi Bir", "Kişi İki"].map(str::to_owned).into());
    let states: Vec<_> = backups
        .list()
        .await
        .unwrap()
        .iter()
        .map(|backup| (backup.is_safety_copy(), backup.state()))
        .collect();
    assert_eq!(states, [(true, "whole"), (true, "whole"), (false, "whole")]);
    Store::open(settings).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_was_held_is_decided_after_a_restore_on_another_machine() {
    let lab = Lab::sqlite().await;
    let pc = lab.pc("Ankara 1", "Ankara", 1).await;
    lab.sync(&pc).await;
    let id: i64 = value(&pc, "select min(id) from timesheets");
    Connection::open(pc.desktop.path())
        .unwrap()
        .execute("delete from timesheets where id > ?1", [id])
        .unwrap();
    assert_eq!(lab.send(&pc).await.unwrap().held, 1);
    fs::write(lab.settings.data_folder.join("certificate.pem"), "what offices know the hub by").unwrap();
    let made = backups(&lab, 9).create(Reason::Asked).await.unwrap();
    let elsewhere = lab.folder.path().join("elsewhere");
    let restored = backups(&lab, 9).restore_to(&made.manifest.id, &elsewhere.join("hub.db")).await.unwrap();
    assert_eq!(restored.beside, ["certificate.pem"]);
    assert_eq!(
        fs::read_to_string(elsewhere.join("certificate.pem")).unwrap(),
        "what offices know the hub by"
    );
    lab.store.close().await;

    let address = Address::sqlite(elsewhere.join("hub.db"));
    let settings = Settings { address, data_folder: elsewhere.clone(), ..lab.settings.clone() };
    let there = Store::open(settings).await.unwrap();
    let held = there.held().await.unwrap();
    assert_eq!(held.len(), 1);
    there.decide(held[0].id, Decision::LetThrough, "Merkez").await.unwrap();
    assert_eq!(there.status().await.unwrap().tables["timesheets"], 1);
    // The PC goes on from the file that the lost hub gave it.
    let handed = there.hand_out(&pc.device).await.unwrap();
    pc.desktop.receive(&fs::read(handed.path).unwrap()).unwrap();
    let upload = lab.folder.path().join("again.db");
    fs::write(&upload, pc.desktop.upload().unwrap()).unwrap();
    let receipt = there.receive(&pc.device, &upload, "manual").await.unwrap();
    assert_eq!((receipt.held, receipt.tables["timesheets"].unchanged), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_logged_in_after_a_restore_who_was_logged_out_since() {
    let lab = Lab::sqlite().await;
    let accounts = Accounts::open(&lab.settings).await.unwrap();
    let password_hash = "of the time of the backup".to_owned();
    let region = merge::Region::All;
    let (name, role) = ("patron".to_owned(), Role::Admin);
    let patron = User { name, role, region, password_hash, must_change: false, disabled: false };
    accounts.add(By::Machine, &patron, &BTreeSet::new()).await.unwrap();
    let token = accounts.open_session(&patron, "10.0.0.1", Lifetime::default()).await.unwrap().unwrap();
    let backups = backups(&lab, 28);
    let id = backups.create(Reason::Asked).await.unwrap().manifest.id;
    accounts.end_sessions("patron").await.unwrap();
    drop(accounts);
    let elsewhere = lab.folder.path().join("elsewhere");
    let (settings, _folder) = stopped(lab).await;
    backups.restore(&id).await.unwrap();
    backups.restore_to(&id, &elsewhere.join("hub.db")).await.unwrap();
    for address in [settings.address.clone(), Address::sqlite(elsewhere.join("hub.db"))] {
        let accounts = Accounts::open(&Settings { address, ..settings.clone() }).await.unwrap();
        assert!(accounts.user_of_session(&token, true).await.unwrap().is_none());
        assert_eq!(accounts.user("patron").await.unwrap().as_ref(), Some(&patron));
        let again = accounts.open_session(&patron, "10.0.0.1", Lifetime::default()).await.unwrap().unwrap();
        assert!(accounts.user_of_session(&again, true).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_store_is_kept_as_it_is_and_does_not_stand_in_the_way() {
    let lab = Lab::sqlite().await;
    let pc = lab.pc("Ankara 1", "Ankara", 1).await;
    lab.sync(&pc).await;
    let backups = backups(&lab, 9);
    let id = backups.create(Reason::Asked).await.unwrap().manifest.id;
    let people = names(lab.settings.address.path());
    let (settings, _folder) = stopped(lab).await;
    let file = settings.address.path().to_owned();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xa5);
    fs::write(&file, &bytes).unwrap();
    assert!(
        matches!(backups.create(Reason::Asked).await, Err(backups::Error::Store(_))),
        "no backup of what is broken"
    );
    let safety = backups.restore(&id).await.unwrap().safety.unwrap();
    assert_eq!(safety.tables, None);
    assert_eq!(names(&file), people);
    // Something that is no store, and something that is no database at all.
    fs::write(&file, "").unwrap();
    assert!(matches!(backups.create(Reason::Asked).await, Err(backups::Error::NoStore(_))));
    fs::write(&file, "no database").unwrap();
    let safety = backups.restore(&id).await.unwrap().safety.unwrap();
    assert_eq!(safety.plain.bytes, 11);
    assert_eq!(names(&file), people);
    // Somebody removed it, but not its log.
    let log = settings.address.path().with_file_name("hub.db-wal");
    fs::remove_file(&file).unwrap();
    fs::write(&log, "of another file").unwrap();
    assert!(backups.restore(&id).await.unwrap().safety.is_none());
    assert!(!log.exists());
    assert_eq!(names(&file), people);
    assert!(backups.list().await.unwrap().iter().all(backups::Backup::is_whole));
    drop(Store::open(settings).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_as_they_were_at_a_time() {
    let lab = Lab::sqlite().await;
    let ankara = lab.site("Ankara 1", "Ankara").await;
    let people = [(1, "Kalan"), (2, "Adı Değişen"), (3, "Silinen"), (4, "Silinip Değişen")];
    let said = people.map(|(number, name)| employee(number, name, "Ankara"));
    let seen = push(&lab, &ankara, batch(1, 0, said.into())).await;
    lab.pass(60);
    let seen = push(&lab, &ankara, batch(2, seen, vec![deleted(4, seen)])).await;
    let at_ms = lab.clock.load(Ordering::Relaxed) + 1;
    lab.pass(60);
    let changes = vec![retitled(2, seen, "Yeni Adı"), deleted(3, seen), employee(5, "Sonra Gelen", "Ankara")];
    let seen = push(&lab, &ankara, batch(3, seen, changes)).await;
    lab.pass(60);
    push(
        &lab,
        &ankara,
        batch(4, seen, vec![retitled(5, seen, "Sonra Gelen Biri"), retitled(2, seen, "En Yeni Adı")]),
    )
    .await;
    let backups = backups(&lab, 9);
    let id = backups.create(Reason::Asked).await.unwrap().manifest.id;
    let to = |name: &str| lab.folder.path().join(name).join("past.db");
    let past = backups.look_up(&id, at_ms, &to("then")).await.unwrap();
    assert_eq!(names(&to("then")), ["Kalan", "Adı Değişen", "Silinen"].map(str::to_owned).into());
    assert_eq!((past.rev, past.tables.iter().find(|(table, _)| table == "employees").unwrap().1), (5, 3));
    backups.look_up(&id, NOW_MS - 1, &to("before")).await.unwrap();
    assert_eq!(names(&to("before")), BTreeSet::new());
    backups.look_up(&id, lab.clock.load(Ordering::Relaxed), &to("now")).await.unwrap();
    assert_eq!(names(&to("now")), ["Kalan", "En Yeni Adı", "Sonra Gelen Biri"].map(str::to_owned).into());
    let region: String = Connection::open(to("then"))
        .unwrap()
        .query_row("select region from employees where full_name = 'Silinen'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(region, "Ankara", "every column, not only what changed");
    lab.pass(60);
    let later = lab.clock.load(Ordering::Relaxed);
    assert!(matches!(backups.look_up(&id, later, &to("later")).await, Err(backups::Error::Early(_))));
    assert!(matches!(backups.look_up(&id, at_ms, &to("then")).await, Err(backups::Error::Occupied(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_taken_since_changes_nothing_of_what_was() {
    let lab = Lab::sqlite().await;
    let ankara = lab.site("Ankara 1", "Ankara").await;
    let bursa = lab.site("Bursa 1", "Bursa").await;
    let people = (1..=30).map(|number| employee(number, &format!("Kişi {number:02}"), "Ankara"));
    let seen = push(&lab, &ankara, batch(1, 0, people.collect())).await;
    let at_ms = lab.clock.load(Ordering::Relaxed) + 1;
    lab.pass(60);
    // A batch that a person sends back, and what another region says of these rows.
    let all = (1..=30).map(|number| deleted(number, seen)).collect();
    let emptied = Push { rows: [("employees".to_owned(), 30)].into(), ..batch(2, seen, all) };
    assert!(lab.store.push(&ankara, emptied).await.unwrap().held);
    let held = lab.store.held().await.unwrap()[0].id;
    lab.store.decide(held, Decision::SendBack, "Merkez").await.unwrap();
    push(&lab, &bursa, batch(1, seen, vec![retitled(1, seen, "Bursa Dedi"), deleted(2, seen)])).await;
    let told = lab.store.recent(&merge::Region::All, 100).await.unwrap();
    assert_eq!(told.iter().filter(|line| line.action == "refused").count(), 31);
    let backups = backups(&lab, 9);
    let id = backups.create(Reason::Asked).await.unwrap().manifest.id;
    let to = lab.folder.path().join("then/past.db");
    let past = backups.look_up(&id, at_ms, &to).await.unwrap();
    assert_eq!(names(&to).len(), 30, "{past:?}");
    assert_eq!(names(&to), names(lab.settings.address.path()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_folder_has_what_the_first_has_and_stands_in_for_it() {
    let lab = Lab::sqlite().await;
    let copies = lab.folder.path().join("copies");
    let both =
        Plan { folder: folder(&lab), copy_to: Some(copies.clone()), elsewhere: None, keep: 3, version: "0" };
    let backups = plan(&lab.settings, both);
    let make = async || {
        lab.pass(DAY_S);
        backups.create(Reason::Schedule).await.unwrap()
    };
    let first = make().await.manifest.id;
    // Its disk is away, and then there again.
    fs::rename(&copies, lab.folder.path().join("away")).unwrap();
    fs::write(&copies, "in the way").unwrap();
    let second = make().await;
    assert!(second.copy_failed.is_some());
    fs::remove_file(&copies).unwrap();
    fs::rename(lab.folder.path().join("away"), &copies).unwrap();
    fs::write(copies.join(format!("{first}.db.zst")), "worth nothing").unwrap();
    let third = make().await;
    assert!(third.copy_failed.is_none());
    let (second, third) = (second.manifest.id.as_str(), third.manifest.id.as_str());
    let told = async || {
        let listed = backups.list().await.unwrap();
        listed
            .into_iter()
            .map(|backup| (backup.id.clone(), backup.folder == copies, backup.state()))
            .collect::<Vec<_>>()
    };
    let both =
        |ids: [&str; 3]| ids.map(|id| [false, true].map(|copy| (id.to_owned(), copy, "whole"))).concat();
    assert_eq!(told().await, both([third, second, &first]), "what was missed or damaged there is made up");
    let fourth = make().await.manifest.id;
    assert_eq!(told().await, both([&fourth, third, second]));
    // What rots inside is found when all is read, and made up.
    let rotten = copies.join(format!("{third}.db.zst"));
    let mut bytes = fs::read(&rotten).unwrap();
    bytes[9] ^= 1;
    fs::write(&rotten, bytes).unwrap();
    let found = backups.check().await.unwrap();
    let found: Vec<_> = found.iter().map(|backup| (&*backup.id, &backup.folder)).collect();
    assert_eq!(found, [(third, &copies)]);
    assert!(!rotten.exists() && backups.check().await.unwrap().is_empty());
    let fifth = make().await.manifest.id;
    assert_eq!(told().await, both([&fifth, &fourth, third]));
    // The first folder is gone, or its newest is damaged: the other one is as good.
    fs::write(folder(&lab).join(format!("{third}.db.zst")), "x").unwrap();
    backups.restore_to(third, &lab.folder.path().join("one/hub.db")).await.unwrap();
    fs::remove_dir_all(folder(&lab)).unwrap();
    backups.restore_to(&fourth, &lab.folder.path().join("two/hub.db")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_at_once_make_a_whole_backup_each() {
    let lab = Lab::sqlite().await;
    let pc = lab.pc("Ankara 1", "Ankara", 1).await;
    lab.sync(&pc).await;
    let all: Vec<_> = (0..4)
        .map(|_| {
            let backups = backups(&lab, 9);
            tokio::spawn(async move { backups.create(Reason::Asked).await.unwrap().manifest.id })
        })
        .collect();
    let mut ids = BTreeSet::new();
    for made in all {
        ids.insert(made.await.unwrap());
    }
    let listed = backups(&lab, 9).list().await.unwrap();
    assert!(listed.len() == 4 && listed.iter().all(|backup| backup.is_whole() && ids.contains(&backup.id)));
    let names =
        fs::read_dir(folder(&lab)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains(".part")), "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_about_the_hub_is_raised_once_a_day_for_the_same_thing() {
    let lab = Lab::sqlite().await;
    for (kind, what) in
        [("backup_full", "/a"), ("backup_full", "/a"), ("backup_full", "/b"), ("drill_failed", "/a")]
    {
        lab.store.warn(kind, what).await.unwrap();
    }
    assert_eq!(lab.store.alerts().await.unwrap().len(), 3);
    lab.pass(DAY_S + 1);
    lab.store.warn("backup_full", "/a").await.unwrap();
    assert_eq!((lab.store.alerts().await.unwrap().len(), lab.store.status().await.unwrap().alerts), (4, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_in_postgresql_is_left_to_its_own_tools() {
    let lab = Lab::postgres().await;
    let asked = Plan { folder: folder(&lab), copy_to: None, elsewhere: None, keep: 1, version: "0" };
    assert!(matches!(Backups::new(lab.settings.clone(), asked), Err(backups::Error::Engine)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_opens_a_store_while_another_file_takes_its_place() {
    let (settings, folder) = stopped(Lab::sqlite().await).await;
    let lock = fs::File::options().write(true).open(folder.path().join("hub.db.in-use")).unwrap();
    // Whoever had it open lets it go in a moment.
    lock.lock().unwrap();
    assert!(matches!(Store::open(settings.clone()).await, Err(Error::Restoring)));
    drop(lock);
    let (one, two) = (Store::open(settings.clone()).await.unwrap(), Store::open(settings).await.unwrap());
    assert_eq!(
        one.health().await.unwrap().rev,
        two.health().await.unwrap().rev,
        "several have it open at once"
    );
}
