//! Two hubs as processes of their own, each with its own data folder, on one store in PostgreSQL.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "tests")]

mod hub_process;

use std::{path::Path, thread};

use hub_process::{Hub, content::Store, rows};
use rusqlite::Connection;
use serde_json::{Value, json};

struct Two {
    one: Hub,
    other: Hub,
    store: Store,
}

const DAYS: &str = "select e.full_name || t.work_date || t.start_time from timesheets t join employees e on e.id = t.employee_id order by 1";

impl Two {
    /// Started at the same moment on a store that neither of them knows.
    fn start() -> Self {
        let store = Store::Postgres(Box::new(testkit::postgres::server().create_database()));
        let setting = store.setting();
        let start = || Hub::start_with(&setting);
        let (one, other) = thread::scope(|scope| {
            let (one, other) = (scope.spawn(start), scope.spawn(start));
            (one.join().unwrap(), other.join().unwrap())
        });
        Self { one, other, store }
    }

    fn by_turns(&self, at: usize) -> (&Hub, &Hub) {
        if at.is_multiple_of(2) { (&self.one, &self.other) } else { (&self.other, &self.one) }
    }

    fn same_for_headquarters(&self, token: &str) -> Vec<String> {
        let told = [&self.one, &self.other].map(|hub| {
            let file = hub.folder.path().join("all.db");
            assert_eq!(hub.download(token, "", &file), 200);
            (rows(&file, DAYS), std::fs::read(file).unwrap())
        });
        let [(one, bytes), (other, other_bytes)] = told;
        assert_eq!(one, other);
        assert!(bytes == other_bytes, "the same tag, the same bytes");
        one
    }
}

fn change(file: &Path, sql: &str) {
    Connection::open(file).unwrap().execute_batch(sql).unwrap();
}

fn changed_rows(said: &Value) -> u64 {
    let counts = said["tables"].as_object().unwrap().values();
    counts
        .map(|table| {
            ["inserted", "updated", "deleted"].map(|what| table[what].as_u64().unwrap()).iter().sum::<u64>()
        })
        .sum()
}

#[test]
fn sent_to_one_and_fetched_from_the_other_by_turns() {
    let two = Two::start();
    let token = two.one.add_site("pc", "Ankara");
    let headquarters = two.other.add_site("headquarters", "*");
    let file = two.one.file("pc.db", "Ankara", 1);
    for at in 0..6 {
        let (sends, fetches) = two.by_turns(at);
        change(
            &file,
            &format!(
                "insert into timesheets (employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region) values (1, '2026-02-0{}', '08:30', '17:30', 60, 0, '', 'Ankara')",
                at + 1
            ),
        );
        let (status, said) = sends.upload(&token, "Ankara", &file);
        assert_eq!(status, 200, "{said:#}");
        assert_eq!(said["tables"]["timesheets"]["inserted"], if at == 0 { 77 } else { 1 }, "{said:#}");
        let before = rows(&file, DAYS);
        assert_eq!(fetches.download(&token, "", &file), 200);
        assert_eq!(rows(&file, DAYS), before, "round {at}");
        assert_eq!(two.same_for_headquarters(&headquarters), before);
        let (_, again) = fetches.upload(&token, "Ankara", &file);
        assert_eq!(changed_rows(&again), 0, "{again:#}");
    }
    for hub in [&two.one, &two.other] {
        assert_eq!(hub.get("/health", None).1["status"], "ok");
        assert_eq!(hub.get("/status", Some(&headquarters)).1["timesheets"], 82);
    }
}

#[test]
fn at_the_same_moment_nothing_is_lost_and_a_hub_that_is_killed_takes_nothing_with_it() {
    let mut two = Two::start();
    let offices: Vec<_> = (1..=6)
        .map(|seed| {
            let (hub, _) = two.by_turns(seed);
            let name = format!("office-{seed}");
            (hub.add_site(&name, &name), hub.file(&name, &name, seed as u64))
        })
        .collect();
    let headquarters = two.one.add_site("headquarters", "*");
    thread::scope(|scope| {
        for (at, (token, file)) in offices.iter().enumerate() {
            let url = &two.by_turns(at).0.url;
            scope.spawn(move || assert_eq!(hub_process::send(url, token, "", file).unwrap().0, 200));
        }
    });
    let mut days: Vec<String> = offices.iter().flat_map(|(_, file)| rows(file, DAYS)).collect();
    days.sort();
    assert_eq!(two.same_for_headquarters(&headquarters), days);

    let (token, file) = &offices[0];
    change(file, "delete from timesheets where id = (select min(id) from timesheets)");
    change(file, "update employees set title = 'Baş Usta'");
    let before = two.store.content();
    two.one.kill();
    two.one.serve_until("store-shadow-written");
    assert_eq!(two.one.try_upload(token, "", file), None);
    two.one.ended();
    assert_eq!(two.store.content(), before);
    let (status, said) = two.other.upload(token, "", file);
    assert_eq!((status, &said["tables"]["employees"]["updated"]), (200, &json!(9)), "{said:#}");
    assert_eq!(two.other.download(token, "", file), 200);
    two.one.serve();
    assert_eq!(changed_rows(&two.one.upload(token, "", file).1), 0);
    two.same_for_headquarters(&headquarters);
}

#[test]
fn a_batch_that_one_holds_is_settled_at_the_other() {
    let two = Two::start();
    let token = two.one.add_site("pc", "Ankara");
    let file = two.one.file("pc.db", "Ankara", 1);
    assert_eq!(two.one.upload(&token, "Ankara", &file).0, 200);
    for (at, (decision, left)) in [("reject", 76), ("approve", 0)].into_iter().enumerate() {
        let (holds, settles) = two.by_turns(at);
        assert_eq!(holds.download(&token, "", &file), 200);
        change(&file, "delete from timesheets");
        let (status, said) = holds.upload(&token, "Ankara", &file);
        assert_eq!((status, &said["held"]), (200, &json!(1)), "{said:#}");
        assert_eq!(settles.download(&token, "", &settles.folder.path().join("none.db")), 409);
        let items = settles.denk(&["held", "list"]).1["items"].clone();
        let (code, told) = settles.denk(&["held", decision, &items[0]["id"].to_string()]);
        assert_eq!(code, 0, "{told:#}");
        assert_eq!(settles.get("/status", Some(&token)).1["timesheets"], left);
        if decision == "reject" {
            let (_, again) = settles.upload(&token, "Ankara", &file);
            assert_eq!(
                settles.denk(&["held", "list"]).1["items"],
                json!([]),
                "the same file is not held again: {again:#}"
            );
        }
    }
    let Store::Postgres(database) = &two.store else { unreachable!("it is one") };
    assert_eq!(
        database.run("select count(*) from denk_held_files"),
        "0",
        "nothing is kept that nobody needs"
    );
}
