//! `denk check` tells whether somebody wrote into the record of what people and PCs did.

use rusqlite::Connection;
use serde_json::Value;

use crate::hub::Hub;

fn found(hub: &Hub) -> (i32, Value) {
    let (code, told) = hub.denk(&["check"]);
    let all = told["findings"].as_array().unwrap();
    let [one] = all.iter().filter(|found| found["area"] == "hub").collect::<Vec<_>>()[..] else {
        panic!("{told:#}")
    };
    (code, one.clone())
}

#[test]
fn a_line_that_somebody_changed_is_told_while_the_hub_runs() {
    let hub = Hub::start();
    for name in ["first", "second", "third"] {
        hub.add_site(name, "Ankara");
    }
    let (code, told) = found(&hub);
    assert_eq!((code, &told["severity"]), (0, &"ok".into()), "{told:#}");
    let store = Connection::open(hub.folder.path().join("data/hub.db")).unwrap();
    let changed = store.execute("update denk_audit set what = 'somebody' where what = 'second'", []).unwrap();
    assert_eq!(changed, 1);
    let (code, told) = found(&hub);
    assert_eq!((code, &told["severity"]), (1, &"error".into()), "{told:#}");
    assert!(told["hint"].as_str().is_some_and(|hint| hint.contains("backup")), "{told:#}");
    store.execute_batch("update denk_audit set what = 'second' where what = 'somebody'").unwrap();
    assert_eq!(found(&hub).0, 0);
    store.execute_batch("delete from denk_audit where what = 'third'").unwrap();
    let (code, told) = found(&hub);
    assert!(code == 1 && told["text"].as_str().unwrap().contains("missing"), "{told:#}");
}
