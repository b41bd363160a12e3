//! Who is forgotten is in no byte that is kept, and nobody who still has the name brings them back.

use std::{fs, path::Path};

use merge::Region;
use rusqlite::Connection;
use store::{Asked, Decision, Device, Role, Viewer};
use testkit::office::Employee;

use crate::{
    agents::{batch, gid, insert, push, text, update},
    lab::{Lab, Pc, on_both, value},
    mirror::fetched,
};

const NAME: &str = "Gizlenen Kişi";
const OTHER: &str = "Kalan Deneme";
const NUMBER: &str = "12345678950";

fn admin() -> Viewer {
    Viewer::new(Role::Admin, Region::All)
}

fn edit(pc: &Pc, sql: &str) {
    Connection::open(pc.desktop.path()).unwrap().execute_batch(sql).unwrap();
}

fn employee(pc: &Pc, full_name: &str, identity_no: &str) -> i64 {
    let details = Employee { full_name, identity_no, title: "Usta", ..Employee::default() };
    pc.desktop.save_employee(None, &details).unwrap()
}

/// A PC with two people, a day of each, and a report of the one; its hub has them.
async fn two_people(lab: &Lab, name: &str) -> Pc {
    let pc = lab.empty_pc(name, "Ankara").await;
    for (person, number) in [(NAME, NUMBER), (OTHER, "12345678951")] {
        employee(&pc, person, number);
    }
    edit(&pc, &format!(
        "insert into timesheets (employee_id, work_date, start_time, end_time, break_minutes, is_special, notes, region)
            select id, '2026-01-23', '08:00', '17:00', 60, 0, '', 'Ankara' from employees;
         insert into reports (file_path, created_at, employee) values ('C:/rapor.xlsx', '2026-01-23', '{NAME}')"
    ));
    lab.sync(&pc).await;
    pc
}

async fn gid_of(lab: &Lab, name: &str) -> String {
    let all = lab.store.recent(&Region::All, 1000).await.unwrap();
    let says =
        |line: &&store::RecentChange| line.after.as_ref().is_some_and(|said| said["full_name"] == name);
    all.iter().find(says).unwrap().gid.clone()
}

pub async fn forget(lab: &Lab, gid: &str) {
    let at = lab.store.pages().at("employees").unwrap();
    lab.store.erase((&admin(), "ayse"), (at, gid), "KVKK 2026/7").await.unwrap();
}

/// Files of the hub in which a text is, byte by byte: what PCs have is theirs.
fn files_with(lab: &Lab, what: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![lab.folder.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if holds(&entry, what) {
                found.push(entry.strip_prefix(lab.folder.path()).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.retain(|name| !name.starts_with("pc-"));
    found.sort();
    found
}

fn holds(path: &Path, what: &str) -> bool {
    fs::read(path).unwrap().windows(what.len()).any(|bytes| bytes == what.as_bytes())
}

fn assert_forgotten(lab: &Lab, secrets: &[&str]) {
    if !lab.is_sqlite() {
        return;
    }
    let said = lab.dump();
    for secret in secrets {
        let at =
            said.find(secret).map(|at| said[at.saturating_sub(300)..].chars().take(400).collect::<String>());
        assert_eq!(at, None, "{secret} is in the store");
        let kept = files_with(lab, secret);
        assert!(kept.iter().all(|name| name.starts_with("data/uploads")), "{secret} is in {kept:?}");
    }
}

/// Names of the people of Ankara as the hub has them now.
async fn people(lab: &Lab, as_of: &Device) -> Vec<String> {
    let mut names = fetched(lab, as_of, 0).await.names("employees");
    names.sort();
    names
}

on_both! {
    async fn nothing_that_is_kept_tells_who_was_forgotten(lab) {
        let pc = two_people(&lab, "Ankara 1").await;
        // Somebody whose PC is never heard of again, and one who was revoked.
        let silent = two_people(&lab, "Ankara 2").await;
        lab.fetch(&silent).await;
        let revoked = lab.copy(&pc, lab.site("Ankara 3", "Ankara").await, "Ankara");
        lab.sync(&revoked).await;
        lab.store.revoke_site("Ankara 3").await.unwrap();
        let agent = lab.site("Ankara 4", "Ankara").await;
        let of = gid_of(&lab, NAME).await;
        let head = lab.store.health().await.unwrap().rev;
        // An agent is told the row as it is, as what it said of it was not taken.
        let row: model::Gid = of.parse().unwrap();
        let moved = update("employees", (row, head), [("region", text("Bursa"))]);
        let told = push(&lab, &agent, batch(1, head, vec![moved])).await;
        assert!(told.rows.iter().any(|row| format!("{row:?}").contains(NAME)), "{told:?}");
        // A file of another region with the person in it: not taken, under nobody's identity.
        let stray = lab.empty_pc("Bursa 1", "Bursa").await;
        employee(&stray, "Bursalı Kişi", "");
        lab.sync(&stray).await;
        let one = employee(&stray, NAME, NUMBER);
        edit(&stray, &format!("update employees set region = 'Ankara' where id = {one}"));
        lab.sync(&stray).await;
        if lab.is_sqlite() {
            assert!(lab.dump().contains(NAME) && !files_with(&lab, NAME).is_empty());
        }
        for gid in all_of(&lab, NAME).await {
            forget(&lab, &gid).await;
        }
        assert_forgotten(&lab, &[NAME, NUMBER]);
        lab.fetch(&pc).await;
        let report: Option<String> = value(&pc, "select employee from reports");
        assert!(report.unwrap().starts_with("Silinen kişi "));
        assert_eq!(value::<i64>(&pc, "select count(*) from timesheets"), value::<i64>(&silent, "select count(*) from timesheets"));
        lab.sync(&pc).await;
        assert_forgotten(&lab, &[NAME, NUMBER]);
    }

    async fn a_file_that_still_names_who_was_forgotten_brings_nobody_back(lab) {
        let pc = two_people(&lab, "Ankara 1").await;
        // What a PC's own reports name comes again until it has taken a file.
        edit(&pc, "delete from reports");
        lab.sync(&pc).await;
        let watcher = lab.site("Ankara 9", "Ankara").await;
        let of = gid_of(&lab, NAME).await;
        forget(&lab, &of).await;
        let stands = people(&lab, &watcher).await;
        assert!(stands.len() == 2 && stands[0] == OTHER && stands[1].starts_with("Silinen kişi "), "{stands:?}");
        // The old program has heard of nothing and goes on: with the person's title, with others, and with the name itself.
        let edits = [
            "update employees set title = 'Kalfa' where full_name like 'Gizlenen%'",
            "update employees set title = 'Çırak', department = 'Depo' where id > 0",
            "update timesheets set notes = 'geç geldi'",
            "update employees set full_name = 'Gizlenen Kişi A', identity_no = '12345678952' where full_name like 'Gizlenen%'",
            "insert into employees (full_name, identity_no, region) values ('Yeni Deneme', '', 'Ankara')",
        ];
        for sql in edits {
            edit(&pc, sql);
            let receipt = lab.send(&pc).await.unwrap();
            assert_eq!((receipt.held, receipt.conflicts), (0, 0), "{sql}: {receipt:?}");
            let now = people(&lab, &watcher).await;
            assert_eq!(now.iter().filter(|name| stands.contains(name)).count(), 2, "{sql}: {now:?}");
            assert!(now.iter().all(|name| !name.contains("Gizlenen")), "{sql}: {now:?}");
            assert_eq!(lab.store.status().await.unwrap().tables["timesheets"], 2, "{sql}");
        }
        assert_eq!(people(&lab, &watcher).await.len(), 3);
        let at = lab.store.pages().at("employees").unwrap();
        let row = format!("{:?}", lab.store.row(&admin(), at, &of).await.unwrap().unwrap());
        assert!(row.contains("Çırak") && row.contains("Depo"), "what else was said of them stands: {row}");
        assert_forgotten(&lab, &[NAME, NUMBER, "12345678952"]);
        assert!(lab.store.conflicts_of(&Region::All).await.unwrap().is_empty());
        lab.fetch(&pc).await;
        let named = "select count(*) from employees where full_name like 'Gizlenen%'";
        assert_eq!((value::<i64>(&pc, named), value::<i64>(&pc, "select count(*) from employees")), (0, 3));
        // Who is entered there from now on is entered.
        edit(&pc, "update employees set full_name = 'Yeni Adı' where full_name like 'Silinen%'");
        lab.sync(&pc).await;
        assert!(people(&lab, &watcher).await.contains(&"Yeni Adı".to_owned()));
        edit(&pc, "delete from timesheets where employee_id in (select id from employees where full_name = 'Yeni Adı');
            delete from employees where full_name = 'Yeni Adı'");
        lab.sync(&pc).await;
        assert_eq!(people(&lab, &watcher).await, [OTHER, "Yeni Deneme"]);
    }

    async fn a_file_that_still_has_who_was_deleted_and_forgotten_brings_nobody_back(lab) {
        let pc = two_people(&lab, "Ankara 1").await;
        let copy = lab.copy(&pc, lab.site("Ankara 2", "Ankara").await, "Ankara");
        lab.sync(&copy).await;
        let watcher = lab.site("Ankara 9", "Ankara").await;
        let of = gid_of(&lab, NAME).await;
        edit(&copy, "delete from timesheets where employee_id in (select id from employees where full_name like 'Gizlenen%');
            delete from employees where full_name like 'Gizlenen%'");
        lab.sync(&copy).await;
        assert_eq!(people(&lab, &watcher).await, [OTHER]);
        forget(&lab, &of).await;
        edit(&pc, "delete from reports; update employees set title = 'Çırak' where full_name like 'Kalan%'");
        lab.send(&pc).await.unwrap();
        assert_eq!(people(&lab, &watcher).await, [OTHER]);
        edit(&copy, "delete from reports");
        lab.sync(&copy).await;
        assert_forgotten(&lab, &[NAME, NUMBER]);
        lab.fetch(&pc).await;
        assert_eq!(value::<i64>(&pc, "select count(*) from employees"), 1);
    }

    async fn an_agent_that_has_not_heard_of_it_brings_no_name_back(lab) {
        let (one, late) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let person = |number, name| insert("employees", gid(number), [("full_name", text(name)), ("identity_no", text(NUMBER)), ("region", text("Ankara"))]);
        let seen = push(&lab, &one, batch(1, 0, vec![person(1, NAME), person(2, "Silinecek Kişi")])).await.to;
        let mut mirror = fetched(&lab, &late, 0).await;
        push(&lab, &one, batch(2, seen, vec![crate::agents::delete("employees", (gid(2), seen))])).await;
        for number in [1, 2] {
            forget(&lab, &gid(number).to_string()).await;
        }
        let named = |number, more: [(&str, replica::wire::Cell); 1]| {
            let mut change = update("employees", (gid(number), seen), more);
            let name = [("full_name".to_owned(), text("Gizlenen Kişi B"))];
            change.update.as_mut().unwrap().extend(name);
            change.at = (crate::agents::NOW_MS + 60_000, 0);
            change
        };
        lab.pass(120);
        let told = push(&lab, &late, batch(1, seen, vec![named(1, [("title", text("Usta"))]), named(2, [("identity_no", text(NUMBER))])])).await;
        assert_eq!((told.conflicts, told.to), (0, 0), "it has to pull: {told:?}");
        mirror.pull(&lab, &late, 100).await;
        let names = mirror.names("employees");
        assert!(names.len() == 1 && names[0].starts_with("Silinen kişi "), "{names:?}");
        assert_eq!(mirror.row("employees", gid(1).uuid())["title"], text("Usta"));
        assert!(lab.store.conflicts_of(&Region::All).await.unwrap().is_empty());
        assert_forgotten(&lab, &[NAME, NUMBER, "Silinecek Kişi", "Gizlenen Kişi B"]);
    }

    async fn a_batch_that_waits_keeps_the_name_until_it_is_decided_and_brings_it_back_neither_way(lab) {
        let pc = two_people(&lab, "Ankara 1").await;
        for number in 0..40 {
            employee(&pc, &format!("Kişi {number:02} Deneme"), "");
        }
        lab.sync(&pc).await;
        edit(&pc, "delete from reports; delete from employees where full_name like 'Kişi %'");
        assert_eq!(lab.send(&pc).await.unwrap().held, 1);
        let of = gid_of(&lab, NAME).await;
        forget(&lab, &of).await;
        let held = lab.store.held().await.unwrap()[0].id;
        lab.store.decide(held, Decision::LetThrough, "Merkez").await.unwrap();
        let watcher = lab.site("Ankara 9", "Ankara").await;
        let now = people(&lab, &watcher).await;
        assert!(now.len() == 2 && now[1].starts_with("Silinen kişi "), "{now:?}");
        forget(&lab, &of).await;
        assert_forgotten(&lab, &[NAME, NUMBER]);
    }
}

/// All rows of people that bear this name.
async fn all_of(lab: &Lab, name: &str) -> Vec<String> {
    let at = lab.store.pages().at("employees").unwrap();
    let listed =
        lab.store.list(&admin(), at, &Asked { rows: 100, ..Asked::default() }).await.unwrap().unwrap();
    let named = listed.lines.into_iter().filter(|line| format!("{:?}", line.cells[0]).contains(name));
    named.map(|line| line.gid).collect()
}
