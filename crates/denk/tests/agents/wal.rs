//! A program that keeps its file in WAL mode.

use rusqlite::Connection;

use super::{Office, PEOPLE, hub::Hub};

const MODE: &str = "select journal_mode from pragma_journal_mode";

#[test]
fn a_file_in_wal_mode_is_met_exchanged_and_left_and_keeps_its_mode() {
    let hub = Hub::start();
    let all = ["a1", "a2"]
        .map(|name| Office::new(&hub, name, "Ankara", hub.file(&format!("{name}.db"), "Ankara", 1)));
    let [walled, plain] = &all;
    let program = Connection::open(&walled.file).unwrap();
    program.pragma_update(None, "journal_mode", "wal").unwrap();
    // It stays open, and what it writes is in its log only.
    let write = |name: &str| {
        program.execute("insert into employees (full_name, region) values (?, 'Ankara')", [name]).unwrap();
    };
    write("Çağrı Işık");
    for office in [walled, plain] {
        office.synced(&hub);
    }
    assert!(plain.rows(PEOPLE).contains(&"Çağrı Işık:".to_owned()));
    write("Yeni Kişi");
    let words = walled.arguments();
    let words: Vec<&str> = words.iter().map(String::as_str).chain(["--remove"]).collect();
    let (code, said) = hub.denk(&words);
    assert_eq!(code, 0, "{said:#}");
    plain.synced(&hub);
    assert_eq!(plain.rows(PEOPLE), walled.rows(PEOPLE));
    assert_eq!((walled.rows(MODE), plain.rows(MODE)), (vec!["wal".to_owned()], vec!["delete".to_owned()]));
    assert_eq!(walled.rows("select name from sqlite_master where name like 'denk%'"), Vec::<String>::new());
}
