//! What people and scripts are told: the page's first line, exit codes, files that are none, enrolment lines.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rusqlite::Connection;
use serde_json::Value;

use super::{Office, PEOPLE, Staying, door::Door, hub::Hub, until};

fn ankara(hub: &Hub) -> Office {
    Office::new(hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1))
}

#[test]
fn the_first_line_says_that_changes_wait_for_approval() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let staying = Staying::start(&hub, &office);
    let door = Door::of(&staying);
    until("the first exchange", || door.page().contains("Senkron OK (Ankara)<"));
    office.write("delete from timesheets");
    let held = "Senkron OK (Ankara) - onay bekleyen değişiklikler var<";
    until("the batch is held", || door.page().contains(held));
    let id = hub.denk(&["held", "list"]).1["items"][0]["id"].to_string();
    let (code, said) = hub.denk(&["held", "approve", &id]);
    assert_eq!(code, 0, "{said:#}");
    door.sync();
    assert!(door.page().contains("Senkron OK (Ankara)<"), "{}", door.page());
}

#[test]
fn a_first_file_that_waits_for_approval_is_in_the_first_line_too() {
    let hub = Hub::start();
    // Its people are of another region than its token.
    let office = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Bursa", 1));
    let staying = Staying::start(&hub, &office);
    let door = Door::of(&staying);
    until("the file is held", || door.page().contains("Senkron OK (Ankara) - onay bekleyen"));
}

/// The code and the exit code.
fn fails(hub: &Hub, words: &[&str]) -> (String, i32) {
    let (exit, said) = hub.denk(words);
    (said["error"]["code"].as_str().unwrap_or_default().to_owned(), exit)
}

#[test]
fn wrong_settings_end_with_2() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let settings = office.settings.to_str().unwrap();
    let (db, line) = (office.file.to_str().unwrap(), office.line.as_str());
    for way in [&["agent"][..], &["agent", "--once"], &["agent", "--remove"]] {
        let words: Vec<&str> = ["-c", settings].iter().chain(way).copied().collect();
        fs::remove_file(settings).unwrap_or_default();
        assert_eq!(fails(&hub, &words), ("DENK-5013".to_owned(), 2), "not set up");
        for text in ["not toml at all", "db = 'x'\nhub = 'https://h/'\ntoken = 't'\nactve = true\n"] {
            fs::write(settings, text).unwrap();
            assert_eq!(fails(&hub, &words), ("DENK-5014".to_owned(), 2), "{text}");
        }
    }
    fs::remove_file(settings).unwrap();
    let open = ["-c", settings, "agent", "--db", db, "--hub", line, "--listen", "0.0.0.0:0"];
    assert_eq!(fails(&hub, &open), ("DENK-4004".to_owned(), 2));
    assert!(!office.settings.exists(), "they are not kept");
}

#[test]
fn a_token_goes_unencrypted_to_nobody_but_this_pc() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let (settings, file) = (office.settings.to_str().unwrap(), office.file.to_str().unwrap());
    let foreign = "http://192.0.2.2:8787";
    for way in [&["--once"][..], &[]] {
        let words = ["-c", settings, "agent", "--db", file, "--hub", foreign, "--token", "1_t"];
        let words: Vec<&str> = words.iter().chain(way).copied().collect();
        assert_eq!(fails(&hub, &words), ("DENK-4004".to_owned(), 2));
        assert!(!office.settings.exists(), "it is not kept");
    }
    for (language, told) in [("tr", "yoldaki herkes okuyabilir"), ("en", "everybody on the way could read")] {
        let words = ["--lang", language, "agent", "--once", "--db", file, "--hub", foreign, "--token", "1_t"];
        let why = hub.denk(&words).1["error"]["why"].as_str().unwrap().to_owned();
        assert!(why.contains(told) && !why.contains("1_t"), "{why}");
    }
    // Nor by settings that were written by hand.
    fs::write(settings, format!("db = '{file}'\nhub = '{foreign}'\ntoken = '1_t'\n")).unwrap();
    assert_eq!(fails(&hub, &["-c", settings, "agent", "--once"]), ("DENK-5014".to_owned(), 2));
}

#[test]
fn what_goes_to_a_hub_on_this_pc_passes_no_proxy() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let words = office.arguments();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--once"]).collect();
    let mut once = hub.command(&words);
    once.env("http_proxy", "http://127.0.0.1:1").env("no_proxy", "").env_remove("NO_PROXY");
    let done = once.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn switched_off_nothing_is_exchanged_by_once_either() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let line = office.line.strip_prefix("denk+").unwrap().split_once('#').unwrap();
    let text = format!(
        "db = '{}'\nhub = '{}'\ntoken = '{}'\nactive = false\n",
        office.file.display(),
        line.0,
        line.1
    );
    fs::write(&office.settings, text).unwrap();
    let words = ["-c", office.settings.to_str().unwrap(), "agent", "--once"];
    let (code, said) = hub.denk(&words);
    assert_eq!((code, &said), (0, &serde_json::json!({ "state": "off" })));
    assert_eq!(hub.holds(PEOPLE), Vec::<String>::new());
    assert_eq!(office.rows("select name from sqlite_master where name like 'denk%'"), Vec::<String>::new());
    office.synced(&hub);
    assert_eq!(hub.holds(PEOPLE).len(), office.rows(PEOPLE).len(), "who names file and hub means it");
}

#[test]
fn files_that_are_no_office_file_are_told_and_nothing_is_left_beside_them() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let folder = hub.folder.path().join("başka");
    fs::create_dir(&folder).unwrap();
    fs::create_dir(folder.join("klasör")).unwrap();
    fs::write(folder.join("metin.db"), "only a text\n".repeat(99)).unwrap();
    fs::write(folder.join("empty.db"), "").unwrap();
    let people = "create table employees (id integer primary key, full_name text); insert into employees values (1, 'A')";
    let others = [
        ("başka.db", format!("{people}; create table invoices (id integer)")),
        (
            "view.db",
            "create table e (id integer, full_name text); create view employees as select * from e"
                .to_owned(),
        ),
        (
            "utf16.db",
            format!(
                "pragma encoding = 'UTF-16'; {people}; create table timesheets (id integer, employee_id, work_date, start_time, end_time)"
            ),
        ),
    ];
    for (name, sql) in &others {
        Connection::open(folder.join(name)).unwrap().execute_batch(sql).unwrap();
    }
    let bytes = || others.each_ref().map(|(name, _)| fs::read(folder.join(name)).unwrap());
    let before = bytes();
    let names = || fs::read_dir(&folder).unwrap().count();
    for (file, told) in [
        ("klasör", "büro programının"),
        ("metin.db", "veritabanı değil"),
        ("empty.db", "büro programının"),
        ("başka.db", "büro programının dosyası değil: `timesheets` tablosu yok"),
        ("view.db", "`employees` tablo değil, görünüm (view)"),
        ("utf16.db", "metinleri UTF-8 değil"),
    ] {
        let file = folder.join(file);
        let file = file.to_str().unwrap();
        for way in [&["--once"][..], &["--remove", "--force"], &[]] {
            let words = ["--lang", "tr", "agent", "--db", file, "--hub", &office.line];
            let words: Vec<&str> = words.iter().chain(way).copied().collect();
            let (code, said) = hub.denk(&words);
            assert_eq!((code, &said["error"]["code"]), (1, &"DENK-5015".into()), "{said:#}");
            assert!(said["error"]["why"].as_str().unwrap().contains(told), "{said:#}");
        }
    }
    assert_eq!(bytes(), before);
    assert_eq!(names(), 6, "{:?}", fs::read_dir(&folder).unwrap().collect::<Vec<_>>());
    assert!(!office.settings.exists());
}

#[test]
fn a_turkish_sentence_is_turkish_to_its_end() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let file = office.file.to_str().unwrap();
    let why = |line: &str| {
        let (_, said) = hub.denk(&["--lang", "tr", "agent", "--once", "--db", file, "--hub", line]);
        said["error"]["why"].as_str().unwrap().to_owned()
    };
    let away = why("denk+http://127.0.0.1:1/#1_x");
    assert!(away.starts_with("http://127.0.0.1:1/ adresine ulaşılamıyor"), "{away}");
    assert!(!away.contains("the hub"), "{away}");
    let token = why(&format!("denk+{}/#1_wrong", hub.url));
    assert!(token.ends_with("bu token'ı tanımıyor ya da iptal etmiş"), "{token}");
    let none = why(&format!("denk+{}/none/#1_x", hub.url));
    assert!(none.ends_with("bu sürümden bir denk merkezi yok"), "{none}");
}

#[test]
fn an_exchange_that_moved_something_is_a_line_of_numbers_in_the_log_and_any_other_is_none() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let staying = Staying::start(&hub, &office);
    let door = Door::of(&staying);
    let log = office.settings.with_file_name("logs").join("combined.log");
    let exchanged = || -> Vec<String> {
        let log = fs::read_to_string(&log).unwrap_or_default();
        log.lines().filter(|line| line.contains("exchanged")).map(str::to_owned).collect()
    };
    until("the first exchange", || exchanged().len() == 1);
    office.write("insert into employees (full_name, region) values ('Gizli Kişi', 'Ankara')");
    until("the person is told", || exchanged().len() == 2);
    door.sync();
    door.sync();
    let lines = exchanged();
    assert!(lines.len() == 2 && !lines[0].contains("met=0"), "{lines:#?}");
    let told = "exchanged met=0 pushed=1 pulled=0 conflicts=0 held=0 refused=0";
    assert!(lines[1].contains(told), "{lines:#?}");
    assert!(!fs::read_to_string(&log).unwrap().contains("Gizli"), "{lines:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_agent_has_a_dozen_threads_on_a_pc_with_many_processors_too() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let words = office.arguments();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--listen", "127.0.0.1:0"]).collect();
    let mut agent = hub.command(&words);
    let agent = agent.env("TOKIO_WORKER_THREADS", "16").stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let agent = Listening(agent.unwrap(), String::new());
    until("the first exchange", || hub.holds(PEOPLE) == office.rows(PEOPLE));
    let threads = fs::read_dir(format!("/proc/{}/task", agent.0.id())).unwrap().count();
    // The program's own, the allocator's, and those that work.
    assert!(threads <= 2 + 2 + 8, "{threads}");
}

/// A process that is told by its command line where to listen.
struct Listening(Child, String);

impl Listening {
    fn start(hub: &Hub) -> Self {
        let words = ["serve", "--allow-temporary", "--json", "--listen", "127.0.0.1:0"];
        let mut process = hub.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        Self(process, ready["url"].as_str().unwrap().to_owned())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_enrolment_line_says_where_the_hub_listens_that_was_told_by_its_command_line() {
    let mut hub = Hub::start();
    hub.kill();
    let line = |hub: &Hub, name: &str| {
        let said = hub.denk(&["site", "add", name, "--region", "Ankara"]).1;
        said["enrolment"].as_str().unwrap().to_owned()
    };
    let listening = Listening::start(&hub);
    let office = Office {
        file: hub.file("a1.db", "Ankara", 1),
        settings: hub.folder.path().join("a1.toml"),
        line: line(&hub, "a1"),
    };
    assert!(office.line.starts_with(&format!("denk+{}/#", listening.1)), "{}", office.line);
    office.synced(&hub);
    drop(listening);
    hub.serve();
    let configured = line(&hub, "a2");
    assert!(configured.starts_with("denk+http://127.0.0.1:0/#"), "the configuration counts: {configured}");
}

#[test]
fn in_a_terminal_the_agent_says_its_status_line_whenever_it_is_another_one() {
    let mut hub = Hub::start();
    let office = ankara(&hub);
    let words = office.arguments();
    let words = words.iter().map(String::as_str).chain(["--listen", "127.0.0.1:0", "--lang", "tr"]);
    let words: Vec<&str> = words.collect();
    let mut agent = hub.command(&words).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (tell, said) = mpsc::channel();
    let lines = BufReader::new(agent.stdout.take().unwrap()).lines();
    thread::spawn(move || lines.map_while(std::io::Result::ok).try_for_each(|line| tell.send(line)));
    let _agent = Listening(agent, String::new());
    // The time ends a test that fails.
    let next = |what: &str| loop {
        let line = said.recv_timeout(Duration::from_secs(120)).unwrap();
        if line.starts_with(what) {
            break true;
        }
    };
    assert!(next("Senkron OK (Ankara)"));
    hub.kill();
    assert!(next("Senkron HATA: Merkeze ulaşılamıyor"));
}
