//! What happens to files and PCs of offices: nothing is lost, nothing is doubled, and people are told.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rusqlite::Connection;

use crate::{HOURS, Office, PEOPLE, Staying, door::Door, hub::Hub, until};

/// Two offices of one region, in step.
fn offices(hub: &Hub) -> [Office; 2] {
    let office =
        |name: &str, seed| Office::new(hub, name, "Ankara", hub.file(&format!("{name}.db"), "Ankara", seed));
    let offices = [office("a1", 1), office("a2", 2)];
    in_step(hub, &offices);
    offices
}

/// All of them exchange until nobody has anything new; then they say the same.
fn in_step(hub: &Hub, offices: &[Office]) {
    let quiet = (0..10).any(|_| {
        let said = offices.iter().map(|office| office.synced(hub)).collect::<Vec<_>>();
        said.iter().all(|said| said["pushed"] == 0 && said["pulled"] == 0)
    });
    assert!(quiet, "they do not come to an end");
    for (office, what) in offices.iter().flat_map(|office| [(office, PEOPLE), (office, HOURS)]) {
        assert_eq!(office.rows(what), offices[0].rows(what));
    }
}

/// A consistent copy of a file, while others may have it open.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_file(to);
    let connection = Connection::open(from).unwrap();
    connection.execute("vacuum into ?1", [to.to_str().unwrap()]).unwrap();
}

fn person(office: &Office, name: &str) {
    office.write(&format!(
        "insert into employees (full_name, title, region) values ('{name}', 'yeni', 'Ankara')"
    ));
}

fn count(office: &Office, name: &str) -> usize {
    office.rows(PEOPLE).iter().filter(|person| person.starts_with(name)).count()
}

/// What a person at the PC reads.
fn told(mut command: Command, code: &str, [turkish, english]: [&str; 2]) {
    for (language, words) in [("tr", turkish), ("en", english)] {
        let output = command.env("DENK_LANG", language).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(code) && said.contains(words),
            "{language}: {said}"
        );
    }
}

fn once(hub: &Hub, office: &Office) -> Command {
    let words = office.arguments();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--once"]).collect();
    hub.command(&words)
}

#[test]
fn last_week_s_backup_is_put_back() {
    let hub = Hub::start();
    let [first, second] = offices(&hub);
    let backup = hub.folder.path().join("backup.db");
    copy(&first.file, &backup);
    person(&first, "Sonraki Kişi");
    first.write("update employees set title = 'Usta' where id = 1");
    first.write("delete from timesheets where id = (select min(id) from timesheets)");
    let hours = first.rows(HOURS);
    let all = [first, second];
    in_step(&hub, &all);
    person(&all[1], "Öteki Kişi");
    fs::copy(&backup, &all[0].file).unwrap();
    person(&all[0], "Yeni Kişi");
    in_step(&hub, &all);
    for name in ["Sonraki", "Öteki", "Yeni"] {
        assert_eq!(count(&all[0], name), 1, "{name}");
    }
    assert_eq!(all[0].rows(HOURS), hours, "what was deleted stays deleted");
    assert!(
        all[0].rows(PEOPLE).iter().any(|person| person.ends_with(":Usta")),
        "an old value changes nothing"
    );
}

#[test]
fn the_program_drops_a_table_and_makes_it_anew() {
    let hub = Hub::start();
    let all = offices(&hub);
    let schema = all[0].rows("select sql from sqlite_master where name = 'timesheets'").remove(0);
    all[0].write(&format!(
        "pragma foreign_keys = off;
         begin; create table kept as select * from timesheets; drop table timesheets; {schema};
         insert into timesheets select * from kept; drop table kept;
         update timesheets set notes = 'göç' where id = (select min(id) from timesheets); commit"
    ));
    let hours = all[0].rows(HOURS);
    in_step(&hub, &all);
    assert_eq!(all[1].rows(HOURS), hours);
    assert!(hours.iter().any(|day| day.ends_with("göç")));
    // The triggers are there again.
    all[0].write("update timesheets set notes = 'sonra' where id = (select min(id) from timesheets)");
    in_step(&hub, &all);
    assert!(all[1].rows(HOURS).iter().any(|day| day.ends_with("sonra")));

    // Made anew and left empty: as if somebody deleted all of them, which waits for a person.
    all[0].write(&format!("pragma foreign_keys = off; drop table timesheets; {schema}"));
    let (code, said) = all[0].once(&hub);
    assert_eq!(code, 3, "done in part: {said:#}");
    assert!(said["held"].as_u64() > Some(20), "{said:#}");
    all[1].synced(&hub);
    assert_eq!(all[1].rows(HOURS).len(), hours.len(), "nobody else lost a row");
}

#[test]
fn two_agents_on_one_file() {
    let hub = Hub::start();
    let [first, second] = offices(&hub);
    let agent = Staying::start(&hub, &first);
    let door = Door::of(&agent);
    let refused = ["başka bir ajan kullanıyor", "another agent uses"];
    told(once(&hub, &first), "DENK-5016", refused);
    // Under its own settings, as a service and a person at the screen would have them.
    let words = ["agent", "-c", "other.toml", "--listen", "127.0.0.1:0", "--hub", &first.line, "--db"];
    let mut other = hub.command(&words);
    other.arg(&first.file).stdout(Stdio::null());
    told(other, "DENK-5016", refused);
    assert!(!hub.folder.path().join("other.toml").exists(), "it is not kept");
    // In the first one's folder, for another file, where only the page's address is taken.
    let (settings, kept) = (first.settings.to_str().unwrap(), fs::read(&first.settings).unwrap());
    let listen = agent.page.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let words = ["agent", "-c", settings, "--listen", listen, "--hub", &second.line, "--db"];
    let mut other = hub.command(&words);
    other.arg(&second.file).stdout(Stdio::null());
    told(other, "DENK-5021", ["sayfası", "page"]);
    assert!(fs::read(&first.settings).unwrap() == kept, "the first one's file stays its file");
    person(&first, "Tek Kişi");
    door.sync();
    drop(agent);
    in_step(&hub, &[first, second]);
}

/// The file may grow to this many blocks of 512 bytes; ignored, the signal becomes an error of the write.
#[cfg(unix)]
fn with_room(hub: &Hub, office: &Office, blocks: u64) -> Command {
    let inner = once(hub, office);
    let mut command = Command::new("sh");
    command.current_dir(hub.folder.path()).args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""]);
    command.arg(blocks.to_string()).arg(inner.get_program()).args(inner.get_args());
    command
}

#[cfg(unix)]
#[test]
fn no_room_on_the_disk() {
    let hub = Hub::start();
    let all = offices(&hub);
    (0..50).for_each(|number| person(&all[1], &format!("Kişi {number} {}", "uzun ".repeat(200))));
    all[1].synced(&hub);
    person(&all[0], "Sıkışan Kişi");
    let before = all[0].rows(PEOPLE);
    let size = fs::metadata(&all[0].file).unwrap().len();
    told(with_room(&hub, &all[0], size / 512), "DENK-5015", ["dosyası", "cannot be used"]);
    assert_eq!(all[0].rows(PEOPLE), before, "the file is whole");
    assert_eq!(all[0].rows("pragma integrity_check"), ["ok"]);
    in_step(&hub, &all);
    assert_eq!((count(&all[1], "Sıkışan"), count(&all[0], "Kişi ")), (1, 50));
}

#[test]
fn the_file_may_not_be_written_or_is_missing_for_a_while() {
    let hub = Hub::start();
    let all = offices(&hub);
    person(&all[0], "Bekleyen Kişi");
    let usual = fs::metadata(&all[0].file).unwrap().permissions();
    let mut read_only = usual.clone();
    read_only.set_readonly(true);
    fs::set_permissions(&all[0].file, read_only).unwrap();
    told(once(&hub, &all[0]), "DENK-5015", ["yazılamıyor", "may not be written"]);
    fs::set_permissions(&all[0].file, usual).unwrap();
    let aside = hub.folder.path().join("aside.db");
    let agent = Staying::start(&hub, &all[0]);
    let door = Door::of(&agent);
    door.sync();
    // On Windows not while the agent reads it.
    until("the file can be moved", || fs::rename(&all[0].file, &aside).is_ok());
    until("the page says so", || door.page().contains("Senkron HATA"));
    person(&Office { file: aside.clone(), settings: aside.clone(), line: String::new() }, "Kenardaki Kişi");
    until("the file can be moved", || fs::rename(&aside, &all[0].file).is_ok());
    until("the page says so", || door.page().contains("Senkron OK"));
    drop(agent);
    fs::rename(&all[0].file, &aside).unwrap();
    told(once(&hub, &all[0]), "DENK-5015", ["yok", "there is no"]);
    assert!(!all[0].file.exists(), "nobody made an empty one");
    fs::rename(&aside, &all[0].file).unwrap();
    in_step(&hub, &all);
    assert_eq!((count(&all[1], "Bekleyen"), count(&all[1], "Kenardaki")), (1, 1));
}

/// A backup of the hub's store.
fn backed_up(hub: &Hub) -> PathBuf {
    let backup = hub.folder.path().join("backup.db");
    copy(&hub.folder.path().join("data/hub.db"), &backup);
    backup
}

fn put_back(hub: &mut Hub, backup: &Path) {
    hub.kill();
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(hub.folder.path().join(format!("data/hub.db{ending}")));
    }
    fs::rename(backup, hub.folder.path().join("data/hub.db")).unwrap();
    hub.serve();
}

#[test]
fn the_hub_is_replaced_by_an_older_one() {
    let mut hub = Hub::start();
    let proxy = crate::proxy::Proxy::to(&hub);
    let all = offices(&hub).map(|office| office.through(&hub, &proxy));
    let backup = backed_up(&hub);
    person(&all[0], "Unutulan Kişi");
    all[0].write("update employees set title = 'Usta' where id = 1");
    all[0].write("delete from timesheets where id = (select min(id) from timesheets)");
    in_step(&hub, &all);
    person(&all[1], "İkinci Kişi");
    in_step(&hub, &all);
    let (people, hours) = (all[0].rows(PEOPLE), all[0].rows(HOURS));

    put_back(&mut hub, &backup);
    proxy.turn(&hub);
    person(&all[1], "Sonraki Kişi");
    in_step(&hub, &all);
    let mut wanted = people;
    wanted.push("Sonraki Kişi:yeni".into());
    wanted.sort();
    let mut here = all[0].rows(PEOPLE);
    here.sort();
    assert_eq!(here, wanted, "what the hub forgot it was told again");
    let mut hubs = hub.holds(PEOPLE);
    hubs.sort();
    assert_eq!(hubs, wanted);
    assert!(hours.iter().all(|day| all[0].rows(HOURS).contains(day)), "nor is a day lost");
}

/// Somebody else is quicker: the hub has as many changes as before when the others come, or more, and other ones.
#[test]
fn the_hub_is_replaced_by_an_older_one_and_others_go_on_first() {
    for after in [2, 9] {
        let mut hub = Hub::start();
        let proxy = crate::proxy::Proxy::to(&hub);
        let all = offices(&hub).map(|office| office.through(&hub, &proxy));
        let backup = backed_up(&hub);
        (0..4).for_each(|at| person(&all[0], &format!("Unutulan {at}")));
        in_step(&hub, &all);
        put_back(&mut hub, &backup);
        proxy.turn(&hub);
        let third = Office::new(&hub, "a3", "Ankara", hub.file("a3.db", "Ankara", 3)).through(&hub, &proxy);
        third.write("delete from timesheets; delete from employees");
        (0..after).for_each(|at| person(&third, &format!("Yeni {at}")));
        third.synced(&hub);
        let [first, second] = all;
        let all = [second, first, third];
        in_step(&hub, &all);
        for (name, wanted) in [("Unutulan", 4), ("Yeni", after)] {
            assert_eq!(count(&all[0], name), wanted, "{name}, {after} others");
        }
        assert_eq!(hub.holds(PEOPLE).len(), all[0].rows(PEOPLE).len());
    }
}

#[test]
fn a_copy_of_the_file_on_a_second_pc_with_its_own_token() {
    let hub = Hub::start();
    let [first, second] = offices(&hub);
    let file = hub.folder.path().join("copy.db");
    copy(&first.file, &file);
    let copied = Office::new(&hub, "a3", "Ankara", file);
    person(&first, "Asıl Kişi");
    person(&copied, "Kopya Kişi");
    first.write("update employees set title = 'Usta' where id = 1");
    copied.write("update employees set department = 'Kopyanın Deposu' where id = 2");
    first.write("delete from timesheets where id = (select min(id) from timesheets)");
    let hours = first.rows(HOURS);
    let all = [copied, first, second];
    in_step(&hub, &all);
    for office in &all {
        assert_eq!(["Asıl", "Kopya"].map(|name| count(office, name)), [1, 1]);
        assert_eq!(office.rows(HOURS), hours, "what was deleted stays deleted");
        assert!(office.rows(PEOPLE).iter().any(|person| person.ends_with(":Usta")));
        assert_eq!(
            office.rows("select department from employees where department = 'Kopyanın Deposu'").len(),
            1
        );
    }
}

/// A trial hub, one enrolled with by mistake, or a new one after everything was lost: rows keep their names.
#[test]
fn the_offices_go_to_another_hub_and_back() {
    let (usual, other) = (Hub::start(), Hub::start());
    let mut all = offices(&usual);
    person(&all[0], "Önceki Kişi");
    in_step(&usual, &all);
    for (hub, name, enrolled) in [(&other, "Oradaki", "b"), (&usual, "Dönen", "c"), (&other, "Yine", "d")] {
        let (people, hours) = (all[0].rows(PEOPLE), all[0].rows(HOURS));
        let mut number = 0;
        all = all.map(|office| {
            number += 1;
            Office::new(hub, &format!("{enrolled}{number}"), "Ankara", office.file)
        });
        in_step(hub, &all);
        assert_eq!((all[0].rows(PEOPLE), all[0].rows(HOURS)), (people, hours), "before {name}");
        person(&all[0], name);
        in_step(hub, &all);
        assert_eq!(hub.holds(PEOPLE).len(), all[0].rows(PEOPLE).len());
    }
}

#[test]
fn two_pcs_with_one_line_are_told_at_the_hub() {
    let hub = Hub::start();
    let [first, second] = offices(&hub);
    let list = |language: &str| {
        String::from_utf8(hub.command(&["site", "list", "--lang", language]).output().unwrap().stdout)
            .unwrap()
    };
    assert!(!list("tr").contains("iki bilgisayar"), "{}", list("tr"));
    let (file, settings) = (hub.folder.path().join("twin.db"), hub.folder.path().join("twin.toml"));
    copy(&first.file, &file);
    let twin = Office { file, settings, line: first.line.clone() };
    for (office, name) in [(&first, "Birinci Kişi"), (&twin, "İkinci Kişi"), (&first, "Üçüncü Kişi")]
    {
        person(office, name);
        office.synced(&hub);
    }
    in_step(&hub, &[first, twin, second]);
    let sites = hub.denk(&["site", "list"]).1["sites"].clone();
    assert!(sites[0]["older_batch"].is_string() && sites[1]["older_batch"].is_null(), "{sites:#}");
    assert!(list("tr").contains("a1: kayıt satırını iki bilgisayar kullanıyor"), "{}", list("tr"));
    assert!(list("en").contains("a1: two PCs use its line"), "{}", list("en"));
    assert_eq!(hub.holds("select cast(count(*) as text) from denk_alerts where kind = 'older_batch'"), ["1"]);
}

#[test]
fn a_new_hub_takes_in_the_files_of_agents_by_import() {
    let (usual, new) = (Hub::start(), Hub::start());
    let mut all = offices(&usual);
    person(&all[0], "Önceki Kişi");
    in_step(&usual, &all);
    let (people, hours) = (all[0].rows(PEOPLE), all[0].rows(HOURS));
    let files = all.each_ref().map(|office| office.file.to_str().unwrap().to_owned());
    let (code, said) = new.denk(&["import", &files[0], &files[1], "--region", "Ankara"]);
    assert_eq!(code, 0, "{said:#}");
    assert_eq!(new.holds(PEOPLE).len(), people.len());
    let mut number = 0;
    all = all.map(|office| {
        number += 1;
        Office::new(&new, &format!("b{number}"), "Ankara", office.file)
    });
    in_step(&new, &all);
    assert_eq!((all[0].rows(PEOPLE), all[0].rows(HOURS)), (people, hours));
}

#[test]
fn another_region_s_line_is_given_by_mistake() {
    let hub = Hub::start();
    let bursa = Office::new(&hub, "b1", "Bursa", hub.file("b1.db", "Bursa", 3));
    bursa.synced(&hub);
    let [first, second] = offices(&hub);
    person(&first, "Bekleyen Kişi");
    let wrong =
        Office { file: first.file.clone(), settings: first.settings.clone(), line: bursa.line.clone() };
    let before = first.rows(PEOPLE);
    told(once(&hub, &wrong), "DENK-5014", ["Ankara bölgesinin dosyası", "a file of Ankara"]);
    assert_eq!(first.rows(PEOPLE), before, "nothing of Bursa's is in it, and nothing is gone");
    in_step(&hub, &[first, second]);
    assert!(hub.holds(PEOPLE).iter().any(|person| person.starts_with("Bekleyen")));
}
