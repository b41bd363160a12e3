//! `denk conflicts`: what did not stand is shown and can be put back, while the hub runs.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::Value;

use crate::{
    hub::{Hub, rows},
    said,
};

const TITLES: &str = "select title from employees order by full_name limit 1";

/// Two PCs of one office gave the same person two titles; the second came in later.
fn two_titles(hub: &Hub) -> (String, PathBuf) {
    let file = hub.file("first.db", "Ankara", 1);
    let (first, second) = (hub.add_site("first", "Ankara"), hub.add_site("second", "Ankara"));
    let other = hub.folder.path().join("second.db");
    assert_eq!(hub.upload(&first, "Ankara", &file).0, 200);
    assert_eq!(hub.download(&first, "Ankara", &file), 200);
    assert_eq!(hub.download(&second, "Ankara", &other), 200);
    for (token, file, title) in [(&first, &file, "Usta"), (&second, &other, "Kalfa")] {
        let sql = format!(
            "update employees set title = '{title}' where full_name = (select min(full_name) from employees)"
        );
        Connection::open(file).unwrap().execute_batch(&sql).unwrap();
        assert_eq!(hub.upload(token, "Ankara", file).0, 200);
    }
    (second, other)
}

fn items(hub: &Hub) -> Vec<Value> {
    hub.denk(&["conflicts", "list"]).1["items"].as_array().unwrap().clone()
}

#[test]
fn the_value_that_did_not_stand_is_listed_and_put_back() {
    let hub = Hub::start();
    let (token, file) = two_titles(&hub);
    let all = items(&hub);
    let [item] = all.as_slice() else { panic!("{all:#?}") };
    assert_eq!(
        item["columns"],
        serde_json::json!({ "title": { "winner": "Kalfa", "loser": "Usta" } }),
        "{item:#}"
    );
    assert_eq!((&item["table"], &item["site"]), (&"employees".into(), &"first".into()), "{item:#}");
    assert_eq!((&item["stands"], &item["state"]), (&"incoming".into(), &"new".into()), "{item:#}");
    let name = &rows(&file, "select min(full_name) from employees")[0];
    assert_eq!(item["key"], name.as_str());
    assert!(item["at"].as_str().unwrap().ends_with("+03:00"), "{item:#}");
    let id = item["id"].to_string();

    let shown = hub.denk(&["conflicts", "show", &id]).1;
    assert_eq!((&shown["id"], &shown["columns"]), (&item["id"], &item["columns"]));
    assert_eq!(items(&hub)[0]["state"], "seen");
    assert_eq!(hub.denk(&["conflicts", "take", &id, "local"]).0, 0);
    assert_eq!(hub.denk(&["conflicts", "show", &id]).1["stands"], "local", "what was put back");
    assert!(items(&hub).is_empty(), "decided");
    assert_eq!(hub.download(&token, "Ankara", &file), 200);
    assert_eq!(rows(&file, TITLES), ["Usta"]);

    let (code, again) = hub.denk(&["conflicts", "take", &id, "incoming"]);
    assert_eq!((code, &again["error"]["code"]), (1, &"DENK-5010".into()), "{again:#}");
    assert!(again["error"]["why"].as_str().unwrap().contains("denk conflicts"), "who decided: {again:#}");
    assert_eq!(hub.denk(&["conflicts", "show", &id]).1["state"], "decided");
    assert_eq!(hub.denk(&["conflicts", "show", "999"]).1["error"]["code"], "DENK-5010");
}

#[test]
fn what_came_in_later_and_stands_may_go_on_standing() {
    let hub = Hub::start();
    let (token, file) = two_titles(&hub);
    let id = items(&hub)[0]["id"].to_string();
    assert_eq!(hub.denk(&["conflicts", "take", &id, "incoming"]).0, 0);
    assert_eq!(hub.download(&token, "Ankara", &file), 200);
    assert_eq!(rows(&file, TITLES), ["Kalfa"]);
    assert!(items(&hub).is_empty());
}

#[test]
fn what_came_in_after_a_conflict_is_told_instead_of_overwritten() {
    let hub = Hub::start();
    let (token, file) = two_titles(&hub);
    let id = items(&hub)[0]["id"].to_string();
    let sql =
        "update employees set title = 'Ustabaşı' where full_name = (select min(full_name) from employees)";
    Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    let (code, refused) = hub.denk(&["conflicts", "take", &id, "local", "--lang", "tr"]);
    assert_eq!((code, &refused["error"]["code"]), (1, &"DENK-5010".into()), "{refused:#}");
    let why = refused["error"]["why"].as_str().unwrap();
    assert!(why.contains("second") && why.contains("`Ustabaşı`"), "{why}");
    let item = &items(&hub)[0];
    assert_eq!((&item["state"], &item["stands"]), (&"new".into(), &Value::Null), "neither stands");
}

#[test]
fn what_an_old_file_says_otherwise_came_in_later_and_has_no_time() {
    let hub = Hub::start();
    let (token, file) = (hub.add_site("first", "Ankara"), hub.file("first.db", "Ankara", 1));
    let old = hub.file("old.db", "Ankara", 1);
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    assert_eq!(hub.download(&token, "Ankara", &file), 200);
    for (file, title) in [(&file, "Usta"), (&old, "Kalfa")] {
        let sql = format!(
            "update employees set title = '{title}' where full_name = (select min(full_name) from employees)"
        );
        Connection::open(file).unwrap().execute_batch(&sql).unwrap();
    }
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    assert_eq!(hub.denk(&["import", old.to_str().unwrap(), "--region", "Ankara"]).0, 0);
    let all = items(&hub);
    let [item] = all.as_slice() else { panic!("{all:#?}") };
    assert_eq!(item["columns"], serde_json::json!({ "title": { "winner": "Usta", "loser": "Kalfa" } }));
    assert_eq!((&item["stands"], &item["loser_at"]), (&"local".into(), &Value::Null), "{item:#}");
    assert!(item["winner_at"].is_string(), "{item:#}");
    let shown = hub.command(&["conflicts", "show", &item["id"].to_string()]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let line = |value: &str| shown.lines().find(|line| line.contains(value)).unwrap().to_owned();
    assert!(line("`Kalfa`").contains("of unknown age"), "{shown}");
    assert!(!line("`Usta`").contains("of unknown age"), "{shown}");
}

#[test]
fn what_a_file_is_held_for_is_said_in_words() {
    let hub = Hub::start();
    let (wrong, right) = (hub.add_site("wrong", "Bursa"), hub.add_site("right", "Ankara"));
    let file = hub.file("held.db", "Ankara", 3);
    assert_eq!(hub.upload(&wrong, "Ankara", &file).0, 200);
    let other = hub.file("other.db", "Ankara", 4);
    assert_eq!(hub.upload(&right, "Ankara", &other).0, 200);
    assert_eq!(hub.download(&right, "Ankara", &other), 200);
    Connection::open(&other).unwrap().execute_batch("update timesheets set notes = 'toplu'").unwrap();
    assert_eq!(hub.upload(&right, "Ankara", &other).0, 200);
    let held = hub.denk(&["held", "list"]).1["items"].as_array().unwrap().clone();
    let cause = |site: &str| held.iter().find(|item| item["site"] == site).unwrap()["cause"].clone();
    assert_eq!((cause("wrong"), cause("right")), ("region".into(), "changes".into()), "{held:#?}");
    let table = said(&hub, &["held", "list", "--lang", "tr"]);
    for words in ["neden", "başka bölgenin satırları", "bir kerede çok şey siliyor ya da değiştiriyor"]
    {
        assert!(table.contains(words), "{table}");
    }
}

#[test]
fn who_decides_is_told_of_the_people_who_go_with_their_hours() {
    let hub = Hub::start();
    let (token, file) = (hub.add_site("first", "Ankara"), hub.file("first.db", "Ankara", 3));
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    assert_eq!(hub.download(&token, "Ankara", &file), 200);
    let worked = "(select employee_id from timesheets)";
    let people = rows(&file, &format!("select full_name from employees where id in {worked}")).len();
    let sql = format!(
        "pragma foreign_keys = on; insert into drivers (full_name) values ('Yeni Sürücü'); delete from employees where id in {worked}"
    );
    Connection::open(&file).unwrap().execute_batch(&sql).unwrap();
    assert_eq!(hub.upload(&token, "Ankara", &file).1["held"], 1);
    let said_json = hub.denk(&["held", "list"]).1;
    let with: Vec<_> = said_json["with"].as_array().unwrap().iter().collect();
    let told = |item: &&Value| (item["table"].clone(), item["cause"].clone(), item["deletes"].clone());
    let told: Vec<_> = with.iter().map(told).collect();
    assert!(told.contains(&("employees".into(), "along".into(), people.into())), "{told:?}");
    assert!(said(&hub, &["held", "list", "--lang", "tr"]).contains("bağlı olanlarla birlikte"));
}

#[test]
fn who_decides_is_told_what_else_comes_along() {
    let hub = Hub::start();
    let (token, file) = (hub.add_site("first", "Ankara"), hub.file("first.db", "Ankara", 3));
    assert_eq!(hub.upload(&token, "Ankara", &file).0, 200);
    assert_eq!(hub.download(&token, "Ankara", &file), 200);
    let sql =
        "update timesheets set id = id + 100000; insert into drivers (full_name) values ('Yeni Sürücü')";
    Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    assert_eq!(hub.upload(&token, "Ankara", &file).1["held"], 1, "one table is why it waits");
    let said_json = hub.denk(&["held", "list"]).1;
    let items = said_json["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1, "{items:#}");
    let told = |table: &str| {
        let all = ["items", "with"].into_iter().flat_map(|part| said_json[part].as_array().unwrap());
        let item = all.into_iter().find(|item| item["table"] == table).unwrap();
        ["cause", "deletes", "inserts", "renumbered", "revoked"].map(|name| item[name].clone())
    };
    let days: u64 = rows(&file, "select cast(count(*) as text) from timesheets")[0].parse().unwrap();
    let expected: [Value; 5] = ["changes".into(), days.into(), days.into(), true.into(), false.into()];
    assert_eq!(told("timesheets"), expected, "{items:#}");
    assert_eq!(told("drivers"), ["none".into(), 0.into(), 1.into(), false.into(), Value::from(false)]);
    let table = said(&hub, &["held", "list", "--lang", "tr"]);
    assert!(table.contains("`timesheets`: silinen kadar yeni satır var"), "{table}");
    assert!(table.contains("geri çevrilse de geçer") && !table.contains("kaldırıldı"), "{table}");
    assert_eq!(hub.denk(&["site", "revoke", "first"]).0, 0);
    let table = said(&hub, &["held", "list", "--lang", "en"]);
    assert!(table.contains("the line of first was revoked"), "{table}");
    let id = items[0]["id"].to_string();
    assert_eq!(hub.denk(&["held", "approve", &id]).0, 0, "what waits is not lost with the line");
    assert_eq!(hub.denk(&["held", "list"]).1["items"], serde_json::json!([]));
}
