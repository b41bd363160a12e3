//! `denk serve` is ended at every failpoint of the store, as a power cut would end it: afterwards the whole upload is
//! there or nothing of it, and the same request again gives the same end as in a hub that was never stopped.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod hub_process;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use hub_process::{
    Hub,
    content::{Content, Store},
};
use testkit::office::{Desktop, Employee, Generation, Moment, Record, Timesheet};

/// Where an upload can be stopped, and whether it is durable then.
const UPLOAD: [(&str, bool); 7] = [
    ("store-upload-kept", false),
    ("store-begun", false),
    ("store-merged", false),
    ("store-rows-written", false),
    ("store-shadow-written", false),
    ("store-before-commit", false),
    ("store-committed", true),
];
const DOWNLOAD: [&str; 5] = [
    "store-begun",
    "store-before-commit",
    "store-committed",
    "store-handout-committed",
    "store-handout-written",
];
/// Where an agent's batch can be stopped besides: tried where agents are.
const PUSH: [&str; 1] = ["store-answer-written"];
/// Where a backup and its way back can be stopped: tried where those are.
const BACKUPS: [&str; 8] = [
    "backup-copied",
    "backup-packed",
    "backup-described",
    "backup-placed",
    "restore-unpacked",
    "restore-kept",
    "restore-settled",
    "restore-placed",
];
const ABORTED: Option<i32> = Some(6);

/// A hub with two PCs of one office, and headquarters.
struct World {
    hub: Hub,
    store: Store,
    first: Pc,
    second: Pc,
    headquarters: String,
}

/// A PC with the old program on it.
struct Pc {
    token: String,
    file: PathBuf,
}

impl World {
    fn new(store: impl Fn(&Hub) -> Store, setting: &str) -> Self {
        let hub = Hub::start_with(setting);
        let pc = |name: &str| Pc {
            token: hub.add_site(name, "Ankara"),
            file: hub.file(&format!("{name}.db"), "Ankara", 1),
        };
        let (first, second) = (pc("first"), pc("second"));
        let headquarters = hub.add_site("headquarters", "*");
        let store = store(&hub);
        let world = Self { hub, store, first, second, headquarters };
        world.sync(&world.first);
        world.sync(&world.second);
        world
    }

    fn on_sqlite() -> Self {
        Self::new(|hub| Store::Sqlite(hub.folder.path().join("data/hub.db")), "")
    }

    fn on_postgres() -> Self {
        let store = Store::Postgres(Box::new(testkit::postgres::server().create_database()));
        let setting = store.setting();
        let store = std::cell::Cell::new(Some(store));
        Self::new(|_| store.take().unwrap(), &setting)
    }

    fn sync(&self, pc: &Pc) {
        let (status, said) = self.hub.upload(&pc.token, "Ankara", &pc.file);
        assert_eq!((status, &said["held"]), (200, &0.into()), "{said:#}");
        assert_eq!(self.hub.download(&pc.token, "Ankara", &pc.file), 200);
    }

    /// The first PC changes what the second one changes too, and is heard first.
    fn work(&self, round: usize) {
        self.first.change(round, "Usta");
        self.sync(&self.first);
        self.second.change(round, "Kalfa");
    }

    /// Everything that headquarters is given.
    fn everything(&self) -> PathBuf {
        let file = self.hub.folder.path().join("everything.db");
        assert_eq!(self.hub.download(&self.headquarters, "", &file), 200);
        file
    }
}

impl Pc {
    /// Changes a person's title and adds one with a working day, and deletes the working day before that.
    fn change(&self, round: usize, title: &str) {
        let program = Desktop::start(&self.file, Generation::D2, "Ankara", Moment::USUAL).unwrap();
        let (told, name) = (format!("{title} {round}"), format!("{title} Kişi {round}"));
        let known = hub_process::rows(&self.file, "select full_name from employees where id = 1");
        let person = Employee { full_name: &known[0], title: &told, ..Employee::default() };
        program.save_employee(Some(1), &person).unwrap();
        let new = Employee { full_name: &name, ..Employee::default() };
        let id = program.save_employee(None, &new).unwrap();
        let day = Timesheet { employee_id: id, work_date: "2026-01-26", ..Timesheet::default() };
        let day = program.save_timesheet(None, &day).unwrap();
        let own = "select cast(min(id) as text) from timesheets where id < (select max(id) from timesheets)";
        let oldest: i64 = hub_process::rows(&self.file, own)[0].parse().unwrap();
        assert!(oldest < day);
        program.delete(Record::Timesheet, oldest).unwrap();
    }
}

fn assert_equal(hub: &Hub, one: &Path, other: &Path, what: &str) {
    let (code, said) = hub.denk(&["compare", one.to_str().unwrap(), other.to_str().unwrap()]);
    assert_eq!(code, 0, "{what}: {said:#}");
}

/// Both hubs hold the same, and give the same to everybody.
fn assert_same(killed: &World, twin: &World, what: &str) {
    assert_eq!(killed.store.content(), twin.store.content(), "{what}");
    assert_equal(&killed.hub, &killed.everything(), &twin.everything(), what);
    for (one, other) in [(&killed.first, &twin.first), (&killed.second, &twin.second)] {
        assert_equal(&killed.hub, &one.file, &other.file, what);
    }
}

fn every_upload(killed: &mut World, twin: &World) {
    for (round, (point, durable)) in UPLOAD.into_iter().enumerate() {
        killed.work(round);
        twin.work(round);
        let before = killed.store.content();
        killed.hub.kill();
        killed.hub.serve_until(point);
        let answer = killed.hub.try_upload(&killed.second.token, "Ankara", &killed.second.file);
        assert_eq!(answer, None, "{point}: the hub hung up");
        assert_eq!(killed.hub.ended(), ABORTED, "{point}");
        killed.hub.serve();
        let found = killed.store.content();
        killed.sync(&killed.second);
        twin.sync(&twin.second);
        let after = killed.store.content();
        assert_ne!(before, after, "{point}: there was something to lose");
        assert_eq!(found, if durable { after } else { before }, "{point}: the whole or nothing");
        assert_same(killed, twin, point);
    }
    assert_told(&killed.store.content());
}

fn every_download(killed: &mut World, twin: &World) {
    for (round, point) in DOWNLOAD.into_iter().enumerate() {
        let round = UPLOAD.len() + round;
        killed.work(round);
        twin.work(round);
        assert_eq!(killed.hub.upload(&killed.second.token, "Ankara", &killed.second.file).0, 200);
        killed.hub.kill();
        killed.hub.serve_until(point);
        let file = killed.hub.folder.path().join("lost.db");
        let answer = killed.hub.try_download(&killed.second.token, "Ankara", &file);
        assert_eq!(answer, None, "{point}: the hub hung up");
        assert_eq!(killed.hub.ended(), ABORTED, "{point}");
        assert!(!file.exists());
        killed.hub.serve();
        // A file of before the lost hand-out still goes on where it was.
        killed.sync(&killed.second);
        twin.sync(&twin.second);
        assert_same(killed, twin, point);
    }
}

/// The rounds did what they are there for.
fn assert_told(content: &Content) {
    assert!(content["denk_conflicts"].len() >= UPLOAD.len(), "{:#?}", content["denk_conflicts"]);
    for action in ["insert", "update", "delete"] {
        assert!(content["denk_log"].iter().any(|line| line.contains(&format!("action={action} "))));
    }
    assert!(!content["employees"].is_empty() && !content["timesheets"].is_empty());
}

#[test]
fn at_every_failpoint_with_the_store_in_a_file() {
    let (mut killed, twin) = (World::on_sqlite(), World::on_sqlite());
    every_upload(&mut killed, &twin);
    every_download(&mut killed, &twin);
}

#[test]
fn at_every_failpoint_with_the_store_in_postgresql() {
    let (mut killed, twin) = (World::on_postgres(), World::on_postgres());
    every_upload(&mut killed, &twin);
    every_download(&mut killed, &twin);
}

#[test]
fn no_failpoint_is_left_out() {
    let mut there = BTreeSet::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/src"), &mut there);
    let tried =
        UPLOAD.iter().map(|(point, _)| *point).chain(DOWNLOAD).chain(PUSH).chain(BACKUPS).map(str::to_owned);
    assert_eq!(there, tried.collect());
}

fn collect(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let names = text.split("fail_point!(\"").skip(1);
            found.extend(names.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
    }
}
