//! The agent is taken out of a file.

use serde_json::Value;

use super::{HOURS, Office, PEOPLE, Staying, hub::Hub};

const SCHEMA: &str = "select coalesce(sql, name) from sqlite_master order by name";
const DAYS: &str = "select work_date from timesheets";
const DAY: &str =
    "insert into timesheets (employee_id, work_date, start_time, end_time, break_minutes, region)
    values (last_insert_rowid(), '2026-01-21', '08:00', '17:00', 60, 'Ankara')";

fn remove(hub: &Hub, office: &Office, more: &[&str]) -> (i32, Value) {
    let words = office.arguments();
    let words: Vec<&str> =
        words.iter().map(String::as_str).chain(["--remove"]).chain(more.iter().copied()).collect();
    hub.denk(&words)
}

fn person_with_a_day(office: &Office, name: &str) {
    office.write(&format!("insert into employees (full_name, region) values ('{name}', 'Ankara'); {DAY}"));
}

fn two(hub: &Hub) -> [Office; 2] {
    ["a1", "a2"].map(|name| Office::new(hub, name, "Ankara", hub.file(&format!("{name}.db"), "Ankara", 1)))
}

#[test]
fn everything_that_denk_put_into_a_file_is_taken_out_again() {
    let hub = Hub::start();
    let office = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1));
    let before = office.rows(SCHEMA);
    assert_eq!(remove(&hub, &office, &[]).0, 0, "there is nothing, and nobody is asked");
    assert_eq!((office.rows(SCHEMA), hub.holds(PEOPLE)), (before.clone(), vec![]));
    office.synced(&hub);
    assert!(office.rows(SCHEMA).len() > before.len());
    let running = Staying::start(&hub, &office);
    let (code, said) = remove(&hub, &office, &[]);
    assert_eq!((code, said["error"]["code"].as_str()), (1, Some("DENK-5016")), "{said:#}");
    drop(running);
    assert_eq!(remove(&hub, &office, &[]).0, 0);
    assert_eq!(office.rows(SCHEMA), before);
}

#[test]
fn what_an_agent_had_is_known_when_the_file_comes_again() {
    it_is_known_again(false);
}

/// It bears the mark of the hub's that it had before the agent.
#[test]
fn what_an_agent_had_is_known_of_a_downloaded_file_too() {
    it_is_known_again(true);
}

fn it_is_known_again(downloaded: bool) {
    let hub = Hub::start();
    let all = two(&hub);
    let token = all[0].line.split_once('#').unwrap().1;
    if downloaded {
        assert_eq!(hub.upload(token, "Ankara", &all[0].file).0, 200);
        assert_eq!(hub.download(token, "Ankara", &all[0].file), 200);
    }
    all.iter().for_each(|office| _ = office.synced(&hub));
    // Rows that only the agent has told the hub, and one that only the agent has brought.
    person_with_a_day(&all[0], "Yeni Kişi");
    person_with_a_day(&all[1], "Öteki Kişi");
    for office in all.iter().chain(&all) {
        office.synced(&hub);
    }
    person_with_a_day(&all[0], "Son Kişi");
    assert_eq!(remove(&hub, &all[0], &[]).0, 0);
    let (people, hours) = (all[0].rows(PEOPLE), all[0].rows(HOURS));
    assert_eq!(hub.holds(PEOPLE).len(), people.len(), "what was not sent yet is");
    // The old way.
    all[0].write("update employees set title = 'Usta' where full_name in ('Yeni Kişi', 'Öteki Kişi')");
    // Without the hub's mark a file does not say that what it lacks was deleted.
    let deleted = usize::from(downloaded);
    all[0].write(&format!(
        "delete from timesheets where {deleted} and employee_id = (select id from employees where full_name = 'Son Kişi')"
    ));
    let (status, said) = hub.upload(token, "Ankara", &all[0].file);
    assert_eq!(status, 200, "{said:#}");
    let told = &said["tables"]["employees"];
    assert_eq!((&told["inserted"], &told["updated"]), (&0.into(), &2.into()), "{said:#}");
    assert_eq!((hub.holds(PEOPLE).len(), hub.holds(DAYS).len()), (people.len(), hours.len() - deleted));
    // A new agent.
    person_with_a_day(&all[0], "En Son Kişi");
    for office in all.iter().chain(&all) {
        office.synced(&hub);
    }
    let expected = all[0].rows(PEOPLE);
    assert_eq!(expected.len(), people.len() + 1, "{expected:?}");
    for office in &all {
        assert_eq!((office.rows(PEOPLE), office.rows(HOURS)), (expected.clone(), all[0].rows(HOURS)));
    }
    assert_eq!((hub.holds(PEOPLE), hub.holds(DAYS).len()), (expected, hours.len() + 1 - deleted));
}

#[test]
fn it_stays_while_the_hub_does_not_know_everything() {
    let mut hub = Hub::start();
    let office = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1));
    let before = office.rows(SCHEMA);
    office.synced(&hub);
    let with = office.rows(SCHEMA);
    office.write("delete from timesheets");
    let (code, said) = remove(&hub, &office, &[]);
    assert_eq!(
        (code, said["error"]["code"].as_str()),
        (1, Some("DENK-5020")),
        "it waits for approval: {said:#}"
    );
    assert_eq!(office.rows(SCHEMA), with);
    hub.kill();
    let (code, said) = remove(&hub, &office, &[]);
    assert_eq!((code, said["error"]["code"].as_str()), (1, Some("DENK-5017")), "{said:#}");
    assert!(said["error"]["hint"].as_str().unwrap().contains("--remove --force"), "{said:#}");
    assert_eq!(office.rows(SCHEMA), with);
    assert_eq!(remove(&hub, &office, &["--force"]).0, 0);
    assert_eq!(office.rows(SCHEMA), before);
}
