//! Lists of rows: who sees which, how they are searched and sorted, and that they stand as the tables do.

use std::collections::BTreeMap;

use merge::Region;
use model::Value;
use rusqlite::Connection;
use store::{Asked, BatchesAsked, Cell, Finding, FindingsAsked, Kind, Line, Listed, Role, Store, Viewer};
use testkit::office::{Employee, Shape, Size, Vehicle};

use crate::{
    agents::{batch, delete, employee, gid, push, text, update},
    lab::{Lab, Pc, on_both},
};

fn viewer(role: Role, region: &str) -> Viewer {
    Viewer::new(role, Region::new(region))
}

fn admin() -> Viewer {
    viewer(Role::Admin, "*")
}

fn page(page: usize) -> Asked {
    Asked { page, rows: Asked::ROWS_MAX, ..Asked::default() }
}

fn sought(search: &str) -> Asked {
    Asked { search: search.to_owned(), ..page(1) }
}

async fn list(store: &Store, viewer: &Viewer, path: &str, asked: &Asked) -> Listed {
    let at = store.pages().at(path).unwrap();
    store.list(viewer, at, asked).await.unwrap().unwrap()
}

fn said(cell: &Cell) -> String {
    match &cell.refers {
        Some(named) => named.name.clone(),
        None if cell.value.is_null() => String::new(),
        None => cell.value.to_string(),
    }
}

/// The values of one column, as they stand.
fn column(store: &Store, path: &str, name: &str, listed: &Listed) -> Vec<String> {
    let pages = store.pages();
    let at = pages.list(pages.at(path).unwrap()).column(name).unwrap();
    listed.lines.iter().map(|line| said(&line.cells[at])).collect()
}

/// Everything that a viewer sees, and every row's page.
async fn everything(store: &Store, viewer: &Viewer) -> Vec<String> {
    let mut all = Vec::new();
    for (at, list) in store.pages().lists().iter().enumerate() {
        let mut lines = Vec::new();
        let count =
            store.every(viewer, at, &Asked::default(), |line| lines.push(line)).await.unwrap().unwrap();
        assert_eq!(count, lines.len());
        for line in lines {
            all.push(format!("{} {line:?}", list.path));
            let row = store.row(viewer, at, &line.gid).await.unwrap().unwrap();
            assert_eq!(row.line, line);
            all.push(format!("{row:?}"));
        }
    }
    all
}

fn add_employee(pc: &Pc, full_name: &str, identity_no: &str) {
    let form = Employee { full_name, identity_no, department: "Depo", title: "" };
    pc.desktop.save_employee(None, &form).unwrap();
}

/// Does something to a PC's file.
fn edit(pc: &Pc, sql: &str) {
    Connection::open(pc.desktop.path()).unwrap().execute_batch(sql).unwrap();
}

/// Something of everything.
const SIZE: Size = Size { vehicles: 3, faults: 4, inspections: 5, service_visits: 4, ..Size::small() };

/// A PC with a file in which every list has rows.
async fn office(lab: &Lab, name: &str, region: &str, seed: u64) -> Pc {
    lab.pc_of(lab.site(name, region).await, region, seed, Shape::Live, SIZE)
}

/// A PC of headquarters with an office's file.
async fn headquarters(lab: &Lab) -> Pc {
    lab.pc_of(lab.site("all", "*").await, "Ankara", 1, Shape::Live, SIZE)
}

on_both! {
    async fn what_was_taken_in_step_by_step_is_what_stands_there(lab) {
        let (one, two) = (office(&lab, "a1", "Ankara", 1).await, office(&lab, "b1", "Bursa", 2).await);
        lab.sync(&one).await;
        let before = everything(&lab.store, &admin()).await;
        assert!(!before.is_empty());
        lab.sync(&two).await;
        assert_ne!(everything(&lab.store, &admin()).await, before);
        for round in 0..3 {
            let count = list(&lab.store, &admin(), "timesheets", &page(1)).await.total;
            edit(&one, &format!(
                "update employees set full_name = 'Yeni Ad {round}' where id = (select min(id) from employees);
                 update timesheets set notes = 'not {round}' where id % 10 = {round};
                 delete from vehicle_faults where id = (select max(id) from vehicle_faults);
                 delete from timesheets where id = (select max(id) from timesheets);
                 insert into drivers (full_name, region) values ('Şoför {round}', 'Ankara')"
            ));
            lab.sync(&one).await;
            lab.sync(&two).await;
            assert_eq!(list(&lab.store, &admin(), "timesheets", &page(1)).await.total, count - 1);
            assert_eq!(list(&lab.store, &admin(), "drivers", &sought(&format!("şoför {round}"))).await.total, 1);
            let fresh = Store::open(lab.settings.clone()).await.unwrap();
            for viewer in [admin(), viewer(Role::Office, "Ankara"), viewer(Role::Viewer, "Bursa")] {
                assert_eq!(everything(&lab.store, &viewer).await, everything(&fresh, &viewer).await, "{round}");
            }
            fresh.close().await;
        }
    }

    async fn nobody_sees_searches_or_names_a_row_of_another_region(lab) {
        for (name, region, seed) in [("a1", "Ankara", 1), ("b1", "Bursa", 2)] {
            lab.sync(&office(&lab, name, region, seed).await).await;
        }
        let own = viewer(Role::Office, "Ankara");
        // Templates of shifts are everybody's.
        let lists = lab.store.pages().lists().iter().enumerate();
        for (at, of) in lists.filter(|(_, of)| of.name != "shift_templates") {
            let all = list(&lab.store, &admin(), &of.path, &page(1)).await;
            let theirs = list(&lab.store, &own, &of.path, &page(1)).await;
            assert!(theirs.total > 0 && theirs.total < all.total, "{}: {} of {}", of.path, theirs.total, all.total);
            assert!(theirs.lines.iter().all(|line| line.region.as_deref() == Some("Ankara")));
            assert!(theirs.regions.is_empty());
            let asked = Asked { region: Some("Bursa".into()), ..page(1) };
            assert_eq!(list(&lab.store, &own, &of.path, &asked).await.total, 0);
            let others = list(&lab.store, &admin(), &of.path, &asked).await;
            assert!(others.total > 0);
            for line in &others.lines {
                assert!(lab.store.row(&own, at, &line.gid).await.unwrap().is_none(), "{line:?}");
                assert!(lab.store.row(&admin(), at, &line.gid).await.unwrap().is_some());
                for of in lab.store.pages().lists() {
                    let asked = Asked { of: Some(line.gid.clone()), ..page(1) };
                    let hanging = list(&lab.store, &own, &of.path, &asked).await;
                    assert_eq!((hanging.total, hanging.of), (0, None), "{line:?}");
                }
            }
        }
    }

    async fn a_row_that_names_one_of_another_region_does_not_tell_it(lab) {
        let pc = headquarters(&lab).await;
        edit(&pc, "update employees set full_name = 'Gizli Kişi', region = 'Bursa' where id = 1;
            update timesheets set employee_id = 1, region = 'Ankara'");
        lab.sync(&pc).await;
        let own = viewer(Role::Manager, "Ankara");
        let listed = list(&lab.store, &own, "timesheets", &page(1)).await;
        assert!(listed.total > 0 && column(&lab.store, "timesheets", "employee_id", &listed).iter().all(String::is_empty));
        assert_eq!(list(&lab.store, &own, "timesheets", &sought("gizli")).await.total, 0, "nor is it found by it");
        assert!(list(&lab.store, &admin(), "timesheets", &sought("gizli")).await.total > 0);
    }

    async fn letters_and_their_marks_do_not_hide_a_name_and_names_stand_in_turkish_order(lab) {
        let pc = lab.empty_pc("a1", "Ankara").await;
        let names = ["Zeki Son", "Çağla Iğdır", "IŞIK Örnek", "Cem Deneme", "ışıl Kurgu", "İbrahim Taslak"];
        for name in names {
            add_employee(&pc, name, "");
        }
        lab.sync(&pc).await;
        let sorted = list(&lab.store, &admin(), "employees", &page(1)).await;
        let wanted = ["Cem Deneme", "Çağla Iğdır", "IŞIK Örnek", "ışıl Kurgu", "İbrahim Taslak", "Zeki Son"];
        assert_eq!(column(&lab.store, "employees", "full_name", &sorted), wanted);
        let back = Asked { sort: Some("full_name".into()), descending: true, ..page(1) };
        let back = column(&lab.store, "employees", "full_name", &list(&lab.store, &admin(), "employees", &back).await);
        assert!(back.iter().rev().eq(wanted), "{back:?}");
        for (search, found) in [("isi", 2), ("IŞIK", 1), ("cagla ıgdır", 1), ("ÇAĞLA", 1), ("  ", 6), ("örnek cem", 0), ("%", 0), ("_", 0), ("' or 1=1 --", 0)] {
            assert_eq!(list(&lab.store, &admin(), "employees", &sought(search)).await.total, found, "{search}");
        }
    }

    async fn identity_numbers_are_shown_to_whom_they_concern_and_found_by_nobody_else(lab) {
        let pc = lab.empty_pc("a1", "Ankara").await;
        add_employee(&pc, "Cem Deneme", "10000000146");
        add_employee(&pc, "Ali Sınama", "90000000078");
        lab.sync(&pc).await;
        for (role, shown, found) in [
            (Role::Admin, "90000000078", 1),
            (Role::Manager, "90000000078", 1),
            (Role::Office, "•••••••••78", 0),
            (Role::Viewer, "•••••••••78", 0),
        ] {
            let viewer = viewer(role, "Ankara");
            let by_number = Asked { sort: Some("identity_no".into()), ..page(1) };
            let listed = list(&lab.store, &viewer, "employees", &by_number).await;
            let numbers = column(&lab.store, "employees", "identity_no", &listed);
            assert!(numbers.contains(&shown.to_owned()), "{numbers:?}");
            assert_eq!(listed.sort.0 == "identity_no", found == 1, "nor does their order tell them");
            assert_eq!(list(&lab.store, &viewer, "employees", &sought("90000000078")).await.total, found);
            let row = lab.store.row(&viewer, 0, &listed.lines[0].gid).await.unwrap().unwrap();
            assert_eq!(format!("{row:?}").contains("0000000"), found == 1, "{row:?}");
        }
    }

    async fn what_rows_say_is_counted_as_they_are_listed(lab) {
        for (name, region, seed) in [("a1", "Ankara", 1), ("b1", "Bursa", 2)] {
            lab.sync(&office(&lab, name, region, seed).await).await;
        }
        let store = &lab.store;
        let (at, columns) = store.pages().timesheets().unwrap();
        for viewer in [viewer(Role::Viewer, "Ankara"), viewer(Role::Office, "Bursa"), admin()] {
            for asked in [Asked::default(), Asked { state: Some("special".into()), ..Asked::default() }] {
                let (mut told, mut listed) = (BTreeMap::new(), BTreeMap::new());
                let add = |region: Option<&str>, values: [&Value; 5], rows| {
                    let said = (region.map(str::to_owned), values.map(ToString::to_string));
                    assert_eq!(told.insert(said, rows), None, "{values:?}");
                };
                store.tally(&viewer, (at, columns.telling()), &asked, add).await.unwrap().unwrap();
                let add = |line: Line| {
                    let values = columns.telling().map(|at| line.cells[at].value.to_string());
                    *listed.entry((line.region, values)).or_insert(0) += 1;
                };
                store.every(&viewer, at, &asked, add).await.unwrap();
                assert_eq!(told, listed, "{viewer:?} {asked:?}");
                assert!(!told.is_empty() || asked.state.is_some());
            }
        }
        let people = store.pages().at("employees").unwrap();
        let number = store.pages().list(people).column("identity_no").unwrap();
        for (role, is_told) in [(Role::Viewer, false), (Role::Office, false), (Role::Manager, true)] {
            let told = store.tally(&viewer(role, "Ankara"), (people, [number]), &Asked::default(), |_, _, _| {}).await;
            assert_eq!(told.unwrap().is_some(), is_told, "{role:?}");
        }
        let told = store.tally(&admin(), (at, [columns.person]), &Asked::default(), |_, _, _| {}).await;
        assert_eq!(told.unwrap(), None, "a reference is not told by its value");
    }

    async fn pages_hold_every_row_once(lab) {
        lab.sync(&lab.pc("a1", "Ankara", 1).await).await;
        let at = lab.store.pages().at("timesheets").unwrap();
        for sort in ["work_date", "employee_id", "region", "break_minutes", "no such column"] {
            let mut seen = Vec::new();
            let asked = |number| Asked { sort: Some(sort.into()), rows: 7, ..page(number) };
            let first = lab.store.list(&admin(), at, &asked(0)).await.unwrap().unwrap();
            for number in 1..=first.pages {
                let listed = lab.store.list(&admin(), at, &asked(number)).await.unwrap().unwrap();
                assert_eq!(listed.first, seen.len() + 1);
                seen.extend(listed.lines.into_iter().map(|line| line.gid));
            }
            let mut all = Vec::new();
            lab.store.every(&admin(), at, &asked(1), |line| all.push(line.gid)).await.unwrap();
            assert_eq!((seen.len(), &seen), (first.total, &all), "{sort}");
            let beyond = lab.store.list(&admin(), at, &asked(usize::MAX)).await.unwrap().unwrap();
            assert_eq!(beyond.page, first.pages);
        }
        let many = Asked { rows: usize::MAX, ..page(1) };
        assert_eq!(lab.store.list(&admin(), at, &many).await.unwrap().unwrap().lines.len(), Asked::ROWS_MAX);
    }

    async fn a_row_s_history_tells_who_changed_what(lab) {
        let pc = lab.empty_pc("a1", "Ankara").await;
        let vehicle = pc.desktop.save_vehicle(None, &Vehicle { plate: "06 QWX 001", km: 100, ..Vehicle::default() }).unwrap();
        lab.sync(&pc).await;
        lab.pass(3600);
        edit(&pc, &format!("update vehicles set km = 250 where id = {vehicle}"));
        lab.sync(&pc).await;
        let at = lab.store.pages().at("vehicles").unwrap();
        let gid = list(&lab.store, &admin(), "vehicles", &page(1)).await.lines[0].gid.clone();
        let row = lab.store.row(&admin(), at, &gid).await.unwrap().unwrap();
        assert_eq!((row.name.as_str(), row.history.len()), ("06 QWX 001", 2));
        let [changed, made] = &row.history[..] else { panic!() };
        assert_eq!((changed.action.as_str(), made.action.as_str()), ("update", "insert"));
        assert!(changed.at_ms > made.at_ms && changed.site.as_deref() == Some("a1"));
        let km = lab.store.pages().list(at).column("km");
        let [only] = &changed.changes[..] else { panic!("{changed:?}") };
        let [before, after] = [&only.before, &only.after].map(|cell| said(cell.as_ref().unwrap()));
        assert_eq!((only.column, before.as_str(), after.as_str()), (km, "100", "250"));
    }

    async fn what_a_row_was_in_another_region_stays_there(lab) {
        let pc = headquarters(&lab).await;
        edit(&pc, "update vehicles set region = 'Bursa', notes = 'Bursa notu' where plate = (select min(plate) from vehicles)");
        lab.sync(&pc).await;
        edit(&pc, "update vehicles set region = 'Ankara', notes = 'Ankara notu' where plate = (select min(plate) from vehicles)");
        lab.sync(&pc).await;
        let at = lab.store.pages().at("vehicles").unwrap();
        let moved = list(&lab.store, &admin(), "vehicles", &sought("ankara notu")).await.lines[0].gid.clone();
        let whole = lab.store.row(&admin(), at, &moved).await.unwrap().unwrap();
        assert_eq!(whole.history.len(), 2);
        let own = lab.store.row(&viewer(Role::Manager, "Ankara"), at, &moved).await.unwrap().unwrap();
        assert_eq!(own.history.len(), 1);
        assert!(!format!("{:?}", own.history).contains("Bursa"), "{:?}", own.history);
        assert!(lab.store.row(&viewer(Role::Manager, "Bursa"), at, &moved).await.unwrap().is_none());
    }

    async fn what_was_not_taken_of_a_row_hides_nothing_of_its_history(lab) {
        let (ankara, bursa) = (lab.site("a1", "Ankara").await, lab.site("b1", "Bursa").await);
        let seen = push(&lab, &ankara, batch(1, 0, vec![employee(1, "Cem Deneme", "Ankara")])).await.to;
        let named = |seen, name| vec![update("employees", (gid(1), seen), [("full_name", text(name))])];
        let page = async |viewer: &Viewer| lab.store.row(viewer, 0, &gid(1).to_string()).await.unwrap().unwrap();
        push(&lab, &bursa, batch(1, seen, named(seen, "Bursa Dedi"))).await;
        let seen = push(&lab, &ankara, batch(2, seen, named(seen, "Cem Sınama"))).await.to;
        let own = viewer(Role::Manager, "Ankara");
        let told = page(&own).await.history;
        let changed = told[0].changes[0].before.as_ref().map(said);
        assert_eq!((told.len(), changed.as_deref()), (2, Some("Cem Deneme")), "{told:?}");
        push(&lab, &ankara, batch(3, seen, vec![delete("employees", (gid(1), seen))])).await;
        push(&lab, &bursa, batch(2, seen, named(seen, "Bursa Dedi"))).await;
        for (viewer, lines) in [(&own, 3), (&admin(), 5)] {
            let gone = page(viewer).await;
            assert_eq!((gone.name.as_str(), gone.line.region.as_deref()), ("Cem Sınama", Some("Ankara")), "{viewer:?}");
            assert_eq!((gone.gone, gone.history.len()), (true, lines));
        }
    }

    async fn what_has_no_list_of_its_own_stands_on_the_page_of_what_it_hangs_on_and_in_the_history(lab) {
        let pc = lab.empty_pc("a1", "Ankara").await;
        let vehicle = pc.desktop.save_vehicle(None, &Vehicle { plate: "06 QWX 001", km: 100, ..Vehicle::default() }).unwrap();
        edit(&pc, &format!("insert into vehicle_inspections (vehicle_id, inspection_date, week_start, km) values ({vehicle}, '2026-01-23', '2026-01-19', 100);
            insert into vehicle_inspection_results (inspection_id, item_key, status, note) select max(id), 'lights', 'Olumsuz', 'sol far' from vehicle_inspections;
            insert into vehicle_inspection_results (inspection_id, item_key, status, note) select max(id), 'glass', 'Olumlu', '' from vehicle_inspections;
            insert into shift_templates (name, start_time, end_time, break_minutes) values ('Gece', '22:00', '06:00', 30)"));
        lab.sync(&pc).await;
        let pages = lab.store.pages();
        assert_eq!((pages.lists().len(), pages.all().len()), (9, 10));
        let (at, own) = (pages.at("inspections").unwrap(), viewer(Role::Office, "Ankara"));
        let check = list(&lab.store, &own, "inspections", &page(1)).await.lines[0].gid.clone();
        let shown = lab.store.row(&own, at, &check).await.unwrap().unwrap();
        let [items] = &shown.hanging[..] else { panic!("{:?}", shown.hanging) };
        let said: Vec<Vec<String>> = items.lines.iter().map(|line| line.cells[..3].iter().map(said).collect()).collect();
        assert_eq!((pages.list(items.list).own, items.total), (false, 2));
        assert_eq!(said, [["glass", "Olumlu", ""], ["lights", "Olumsuz", "sol far"]]);
        // A batch tells as many lines as it counts, each with a way to a page that is there.
        let asked = BatchesAsked { region: None, before: None, rows: 9 };
        let batch = lab.store.batches(&admin(), &asked).await.unwrap().batches[0].id;
        let told = lab.store.batch(&admin(), batch).await.unwrap().unwrap();
        assert_eq!(told.lines.len() as u64, told.batch.counts.iter().sum::<u64>(), "{told:?}");
        for line in &told.lines {
            let (path, gid) = (&line.row.path, &line.row.gid);
            match pages.list(line.list).name.as_str() {
                "vehicle_inspection_results" => {
                    assert_eq!((path.as_deref(), gid), (Some("inspections"), &check));
                    assert!(line.row.name.starts_with("06 QWX 001 · 23.01.2026 · "), "{}", line.row.name);
                }
                _ => {
                    let at = path.as_ref().and_then(|path| pages.at(path)).unwrap();
                    assert!(lab.store.row(&admin(), at, gid).await.unwrap().is_some());
                }
            }
        }
        // There is no page for them, whoever asks for one.
        for (at, list) in pages.all().iter().enumerate().filter(|(_, list)| !list.own) {
            assert!(pages.at(&list.path).is_none() && lab.store.row(&admin(), at, &check).await.unwrap().is_none());
        }
    }

    async fn hardly_any_room_is_told_to_headquarters_alone(lab) {
        let disk = |found: Vec<Finding>| found.into_iter().filter(|one| one.kind == Kind::Disk).count();
        let (today, all) = (jiff::civil::date(2026, 1, 24), FindingsAsked::default());
        assert_eq!(disk(lab.store.every_finding(&admin(), today, &all).await.unwrap()), 0);
        lab.settings.free_bytes_min = u64::MAX;
        lab.reopen().await;
        assert_eq!(disk(lab.store.every_finding(&admin(), today, &all).await.unwrap()), 1);
        let ankara = viewer(Role::Admin, "Ankara");
        assert_eq!(disk(lab.store.every_finding(&ankara, today, &all).await.unwrap()), 0);
    }
}
