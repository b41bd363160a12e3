//! The built program on both sides: a hub, and agents beside office files that the old program goes on writing.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod bytes;
mod certificates;
mod clocks;
mod door;
#[path = "../hub_process/mod.rs"]
mod hub;
mod isolation;
#[cfg(unix)]
mod killed;
mod left;
mod mishaps;
mod off_line;
mod proxy;
mod told;
mod wal;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use hub::{Hub, rows};
use rusqlite::Connection;
use serde_json::Value;

const PEOPLE: &str = "select full_name || ':' || coalesce(title, '') from employees order by full_name";
const HOURS: &str = "select e.full_name || t.work_date || t.start_time || coalesce(t.notes, '') from timesheets t join employees e on e.id = t.employee_id order by 1";

/// An office: its file, and what its agent was told of the hub.
struct Office {
    file: PathBuf,
    settings: PathBuf,
    line: String,
}

impl Office {
    fn new(hub: &Hub, name: &str, region: &str, file: PathBuf) -> Self {
        let (code, said) = hub.denk(&["site", "add", name, "--region", region]);
        assert_eq!(code, 0, "{said:#}");
        // The hub of these tests listens where the system lets it.
        let token = said["token"].as_str().unwrap();
        let line = format!("denk+{}/#{token}", hub.url);
        Self { settings: hub.folder.path().join(format!("{name}.toml")), file, line }
    }

    /// The same office, which reaches its hub by another way.
    fn through(self, hub: &Hub, proxy: &proxy::Proxy) -> Self {
        Self { line: self.line.replace(&hub.url, &proxy.url), ..self }
    }

    fn arguments(&self) -> Vec<String> {
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let words = ["-c".to_owned(), path(&self.settings), "agent".to_owned()];
        words
            .into_iter()
            .chain(["--db".to_owned(), path(&self.file), "--hub".to_owned(), self.line.clone()])
            .collect()
    }

    fn once(&self, hub: &Hub) -> (i32, Value) {
        let words = self.arguments();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.push("--once");
        hub.denk(&words)
    }

    fn synced(&self, hub: &Hub) -> Value {
        let (code, said) = self.once(hub);
        assert_eq!(code, 0, "{said:#}");
        said
    }

    /// As the old program writes: it knows nothing of denk.
    fn write(&self, sql: &str) {
        let connection = Connection::open(&self.file).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection.busy_timeout(Duration::from_secs(30)).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    fn rows(&self, sql: &str) -> Vec<String> {
        rows(&self.file, sql)
    }
}

/// An agent that stays, killed at the end.
struct Staying {
    process: Child,
    /// The link to its page.
    page: String,
}

impl Staying {
    fn start(hub: &Hub, office: &Office) -> Self {
        let words = office.arguments();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.extend(["--listen", "127.0.0.1:0", "--json"]);
        let mut process = hub.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self { process, page: ready["page"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Looks again and again until it is so; the number of looks ends a test that fails.
fn until(what: &str, so: impl Fn() -> bool) {
    let looks = (0..6_000).take_while(|_| !so()).inspect(|_| thread::park_timeout(Duration::from_millis(20)));
    assert!(looks.count() < 6_000, "{what}");
}

/// This machine's time, as SQLite tells it to the office's program. **Units**: milliseconds since 1970.
fn now_ms() -> i64 {
    let sql = "select cast(unixepoch('subsec') * 1000 as integer)";
    Connection::open_in_memory().unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Until all clocks of the test have gone on, however badly they are compared.
fn a_while_goes_by() {
    let begun_ms = now_ms();
    until("time goes by", || now_ms() > begun_ms + 1_500);
}

#[test]
fn what_one_office_enters_is_in_the_others_of_its_region_and_nowhere_else() {
    let hub = Hub::start();
    let first = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1));
    let second = Office::new(&hub, "a2", "Ankara", hub.file("a2.db", "Ankara", 2));
    let other = Office::new(&hub, "b", "Bursa", hub.file("b.db", "Bursa", 3));
    let (mine, theirs) = (first.rows(PEOPLE), other.rows(PEOPLE));
    for office in [&first, &second, &other, &first] {
        office.synced(&hub);
    }
    assert_eq!(first.rows(PEOPLE), second.rows(PEOPLE));
    assert!(mine.iter().all(|person| second.rows(PEOPLE).contains(person)));
    assert_eq!(other.rows(PEOPLE), theirs, "nobody else's people");
    assert_eq!(first.rows(HOURS), second.rows(HOURS), "everybody's hours are still their own");

    first.write("insert into employees (full_name, title, region) values ('Çağrı Işık', 'Şef', 'Ankara')");
    second.write("update employees set title = 'Usta' where id = 1");
    assert_eq!(first.synced(&hub)["pushed"], 1);
    let said = second.synced(&hub);
    assert_eq!(
        (&said["pushed"], &said["pulled"], &said["waiting"]),
        (&1.into(), &1.into(), &0.into()),
        "{said:#}"
    );
    first.synced(&hub);
    assert_eq!(first.rows(PEOPLE), second.rows(PEOPLE));
    assert!(first.rows(PEOPLE).iter().any(|person| person == "Çağrı Işık:Şef"));
    second.write("delete from employees where full_name = 'Çağrı Işık'");
    second.synced(&hub);
    first.synced(&hub);
    assert!(!first.rows(PEOPLE).iter().any(|person| person.starts_with("Çağrı Işık")));
    let quiet = first.synced(&hub);
    assert_eq!((&quiet["pushed"], &quiet["pulled"]), (&0.into(), &0.into()), "{quiet:#}");
}

#[test]
fn a_save_in_one_office_arrives_in_the_other_without_being_asked() {
    let hub = Hub::start();
    let first = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1));
    let second = Office::new(&hub, "a2", "Ankara", hub.file("a2.db", "Ankara", 2));
    let _agents = [Staying::start(&hub, &first), Staying::start(&hub, &second)];
    until("both files are met", || first.rows(PEOPLE) == second.rows(PEOPLE) && first.rows(PEOPLE).len() > 3);
    first.write("update employees set title = 'Müdür' where id = 1");
    until("the change arrives", || second.rows(PEOPLE) == first.rows(PEOPLE));
    assert!(second.rows(PEOPLE).iter().any(|person| person.ends_with(":Müdür")));
}

#[test]
fn wrong_tokens_hubs_and_files_are_told_apart() {
    let mut hub = Hub::start();
    let office = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1));
    office.synced(&hub);
    let code = |office: &Office| office.once(&hub).1["error"]["code"].as_str().unwrap_or_default().to_owned();
    let with = |file: &str, line: &str| Office {
        file: hub.folder.path().join(file),
        settings: office.settings.clone(),
        line: line.to_owned(),
    };
    assert_eq!(code(&with("none.db", &office.line)), "DENK-5015");
    fs::write(hub.folder.path().join("text.db"), "not a database at all, only a text".repeat(99)).unwrap();
    assert_eq!(code(&with("text.db", &office.line)), "DENK-5015");
    assert_eq!(code(&with("a1.db", &format!("denk+{}/#1_wrong", hub.url))), "DENK-5018");
    assert_eq!(code(&with("a1.db", "denk+http://127.0.0.1:1/#1_x")), "DENK-5017");
    assert_eq!(hub.denk(&["site", "revoke", "a1"]).0, 0);
    assert_eq!(code(&office), "DENK-5018", "revoked");
    let staying = Office::new(&hub, "a2", "Ankara", hub.file("a2.db", "Ankara", 2));
    let running = Staying::start(&hub, &staying);
    until("the agent holds its file for a cycle", || {
        staying.rows("select name from sqlite_master where name = 'denk_shadow'").len() == 1
    });
    drop(running);
    hub.kill();
}
