//! Hub and agents are ended as a power cut would end them, while people go on writing: afterwards every row that was
//! written is everywhere in its region exactly once.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use agent::{Exchange, Link, office::Lock};
use rusqlite::Connection;
use testkit::random::Rng;

use crate::{HOURS, Office, PEOPLE, Staying, clocks::tools, hub::Hub, proxy::Proxy};

const ABORTED: Option<i32> = Some(6);
const SEED: u64 = 20_260_124;

/// Where taking in a batch can be stopped.
const PUSH: [&str; 6] = [
    "store-begun",
    "store-merged",
    "store-rows-written",
    "store-answer-written",
    "store-before-commit",
    "store-committed",
];

/// What the writer of one file committed: what each person's row says, by name.
type Book = BTreeMap<String, String>;

/// People write into one file.
struct Writer {
    connection: Connection,
    random: Rng,
    office: &'static str,
    /// Rows so far.
    number: u64,
    book: Book,
}

impl Writer {
    fn new(file: &Path, office: &'static str, seed: u64) -> Self {
        let connection = Connection::open(file).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection.busy_timeout(Duration::from_mins(2)).unwrap();
        Self { connection, random: Rng::new(seed), office, number: 0, book: Book::new() }
    }

    fn insert(&mut self) {
        self.number += 1;
        let name = format!("{} Kişi {:05}", self.office, self.number);
        let sql = "insert into employees (full_name, title, region) values (?1, 'yeni', 'Ankara')";
        assert_eq!(self.connection.execute(sql, [&name]).unwrap(), 1);
        self.book.insert(name, "yeni".into());
    }

    /// One of its own rows that still stands.
    fn some(&mut self) -> Option<String> {
        let at = self.random.below(self.book.len().max(1) as u64) as usize;
        self.book.keys().nth(at).cloned()
    }

    /// Few enough changes of what is there that no batch waits for a person.
    fn step(&mut self) {
        match (self.random.below(20), self.some()) {
            (0, Some(name)) => {
                let title = format!("Görev {}", self.random.below(1_000_000));
                let sql = "update employees set title = ?2 where full_name = ?1";
                assert_eq!(self.connection.execute(sql, [&name, &title]).unwrap(), 1);
                self.book.insert(name, title);
            }
            (1, Some(name)) => {
                let sql = "delete from employees where full_name = ?1";
                assert_eq!(self.connection.execute(sql, [&name]).unwrap(), 1);
                self.book.remove(&name);
            }
            _ => self.insert(),
        }
    }

    fn work(mut self, over: &AtomicBool) -> Book {
        while !over.load(Ordering::SeqCst) {
            self.step();
            thread::park_timeout(Duration::from_millis(self.random.below(40)));
        }
        self.book
    }
}

/// How often agents and hub are killed, where fifty times are not enough.
const KILLS: &str = "DENK_TEST_KILLS";

/// A hub that comes back at another address, behind a proxy that does not move, and two offices of one region.
struct World {
    hub: Hub,
    proxy: Proxy,
    offices: [Office; 2],
}

impl World {
    fn new() -> Self {
        let hub = Hub::start();
        let proxy = Proxy::to(&hub);
        let office = |name: &str, seed| {
            Office::new(&hub, name, "Ankara", hub.file(&format!("{name}.db"), "Ankara", seed))
                .through(&hub, &proxy)
        };
        let offices = [office("a1", 1), office("a2", 2)];
        let world = Self { hub, proxy, offices };
        world.settle();
        world
    }

    fn restart(&mut self, failpoint: &str) {
        self.hub.serve_until(failpoint);
        self.proxy.turn(&self.hub);
    }

    /// Until nobody has anything new.
    fn settle(&self) {
        for _ in 0..20 {
            let said = self.offices.each_ref().map(|office| office.synced(&self.hub));
            if said.iter().all(|said| said["pushed"] == 0 && said["pulled"] == 0 && said["waiting"] == 0) {
                return;
            }
        }
        panic!("offices and hub do not come to an end");
    }

    /// How many batches of the first office the hub has.
    fn batches(&self) -> u64 {
        self.hub.holds("select cast(number as text) from denk_agents where site = 1")[0].parse().unwrap()
    }

    fn files(&self) -> [PathBuf; 2] {
        self.offices.each_ref().map(|office| office.file.clone())
    }
}

fn killed_at_random(kills: usize) {
    let mut world = World::new();
    let other = Office::new(&world.hub, "b", "Bursa", world.hub.file("b.db", "Bursa", 3));
    let other = other.through(&world.hub, &world.proxy);
    let (before, elsewhere) = (world.offices[0].rows(PEOPLE), other.rows(PEOPLE));
    let mut random = Rng::new(SEED);
    let over = &AtomicBool::new(false);
    let files = world.files();
    let mut writers = [Writer::new(&files[0], "Birinci", 1), Writer::new(&files[1], "İkinci", 2)];
    // So many that what follows is a small share.
    writers.iter_mut().for_each(|writer| (0..300).for_each(|_| writer.insert()));
    let books = thread::scope(|scope| {
        let writing = writers.map(|writer| scope.spawn(move || writer.work(over)));
        let mut agents = world.offices.each_ref().map(|office| Some(Staying::start(&world.hub, office)));
        for _ in 0..kills {
            thread::park_timeout(Duration::from_millis(random.below(600)));
            match random.below(3) {
                2 => {
                    world.hub.kill();
                    world.restart("");
                }
                office => {
                    let office = office as usize;
                    drop(agents[office].take());
                    agents[office] = Some(Staying::start(&world.hub, &world.offices[office]));
                }
            }
        }
        drop(agents);
        over.store(true, Ordering::SeqCst);
        writing.map(|writing| writing.join().unwrap())
    });
    world.settle();
    let written = books.iter().flatten().map(|(name, title)| format!("{name}:{title}"));
    let mut wanted: Vec<String> = before.into_iter().chain(written).collect();
    wanted.sort();
    println!("{kills} kills, {} rows", wanted.len());
    let hubs = world.hub.holds(PEOPLE);
    let held = world.offices.each_ref().map(|office| office.rows(PEOPLE));
    for (place, mut rows) in ["first", "second", "hub"].into_iter().zip(held.into_iter().chain([hubs])) {
        rows.sort();
        assert_eq!(rows, wanted, "{place}");
    }
    other.synced(&world.hub);
    assert_eq!(other.rows(PEOPLE), elsewhere, "nothing of it is in another region");
}

#[test]
fn at_any_time() {
    let kills = std::env::var(KILLS).ok().and_then(|kills| kills.parse().ok()).unwrap_or(50);
    killed_at_random(kills);
}

#[test]
fn the_hub_at_every_failpoint_of_a_batch() {
    let mut world = World::new();
    let file = world.files()[0].clone();
    let (runtime, tools) = (tokio::runtime::Runtime::new().unwrap(), tools(0));
    let mut exchange = Exchange::new(Link::new(&world.offices[0].line.parse().unwrap()).unwrap());
    let mut cycle = || runtime.block_on(exchange.cycle(&Lock::take(&file).unwrap(), &tools));
    for point in PUSH {
        // The agent has introduced itself: what it asks next is that its batch be taken in.
        cycle().unwrap();
        let number = world.batches();
        world.hub.kill();
        world.restart(point);
        let mut writer = Writer::new(&file, point, 1);
        writer.connection.execute("begin", []).unwrap();
        writer.insert();
        let change = "update employees set title = ?1 where id = 1";
        writer.connection.execute(change, [point]).unwrap();
        let delete = "delete from timesheets where id = (select min(id) from timesheets)";
        writer.connection.execute(delete, []).unwrap();
        writer.connection.execute("commit", []).unwrap();
        assert!(cycle().is_err(), "{point}");
        assert_eq!(world.hub.ended(), ABORTED, "{point}");
        let durable = if point == "store-committed" { 1 } else { 0 };
        assert_eq!(world.batches(), number + durable, "{point}: it was a batch that was stopped");
        world.restart("");
        world.offices[0].synced(&world.hub);
        world.offices[1].synced(&world.hub);
        for what in [PEOPLE, HOURS] {
            assert_eq!(world.offices[0].rows(what), world.offices[1].rows(what), "{point}");
        }
        let here = world.offices[1].rows(PEOPLE);
        let count = |wanted: &str| here.iter().filter(|person| person.contains(wanted)).count();
        assert_eq!((count(&format!("{point} Kişi 00001:yeni")), count(&format!(":{point}"))), (1, 1));
        let told = format!(
            "select l.action from denk_log l join employees e on e.gid = l.gid where e.full_name = '{point} Kişi 00001'"
        );
        assert_eq!(world.hub.holds(&told), ["insert"], "{point}: taken in once");
    }
}
