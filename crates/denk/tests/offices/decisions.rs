//! `denk conflicts`: what did not stand is shown and can be put back, while the hub runs.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::Value;

use crate::hub::{Hub, rows};

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
