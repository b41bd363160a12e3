//! Batches that change too much wait for a person.

use merge::Region;
use rusqlite::Connection;
use store::{Decision, Error, Refusal, Rejected, Role, Viewer};
use testkit::office::{Employee, Record, Shape, Size, Timesheet};

use crate::lab::{Book, Lab, Pc, on_both, value};

/// Takes everybody out who has worked, and all their hours with them.
async fn emptied(lab: &Lab) -> Pc {
    let pc = lab.pc("Ankara 1", "Ankara", 1).await;
    lab.sync(&pc).await;
    while value::<i64>(&pc, "select count(*) from timesheets") > 0 {
        let id = value(&pc, "select employee_id from timesheets");
        pc.desktop.delete(Record::Employee, id).unwrap();
    }
    pc
}

on_both! {
    async fn who_decides_sees_what_is_in_it_row_by_row_and_nothing_of_it_happens(lab) {
        let pc = emptied(&lab).await;
        pc.desktop.save_employee(None, &Employee { full_name: "Yeni Kişi", ..Employee::default() }).unwrap();
        lab.send(&pc).await.unwrap();
        let before = (lab.all().await, lab.store.status().await.unwrap().rev);
        let id = lab.store.held().await.unwrap()[0].id;
        let own = Viewer::new(Role::Manager, Region::new("Ankara"));
        let (lines, more) = lab.store.held_rows(&own, id, 60).await.unwrap().unwrap();
        let hidden = lines.len() + more;
        let (all, none) = lab.store.held_rows(&own, id, 1000).await.unwrap().unwrap();
        assert_eq!((lines.len(), hidden, none), (60, all.len(), 0));
        let is = |action: &str| all.iter().filter(|line| line.line.action == action).count();
        assert_eq!((is("delete"), is("insert")), (all.len() - 1, 1));
        assert!(lines.iter().all(|line| line.line.action == "delete" && !line.row.name.is_empty()), "{lines:?}");
        assert_eq!(all.last().unwrap().row.name, "Yeni Kişi", "what waits comes first");
        let days = all.iter().filter(|line| lab.store.pages().list(line.list).name == "timesheets").count();
        assert_eq!(days, 76);
        let others = Viewer::new(Role::Admin, Region::new("Bursa"));
        assert!(lab.store.held_rows(&others, id, 9).await.unwrap().is_none());
        assert_eq!((lab.all().await, lab.store.status().await.unwrap().rev), before, "nothing happened");
        lab.store.decide(id, Decision::LetThrough, "Merkez").await.unwrap();
        assert!(lab.store.held_rows(&own, id, 9).await.unwrap().is_none(), "it waits no longer");
    }

    async fn a_batch_that_deletes_too_much_is_held_whole(lab) {
        let pc = emptied(&lab).await;
        let before = lab.all().await;
        for _ in 0..3 {
            let receipt = lab.send(&pc).await.unwrap();
            assert_eq!((receipt.held, receipt.tables["timesheets"].deleted), (1, 0));
        }
        assert_eq!(lab.all().await, before);
        let held = lab.store.held().await.unwrap();
        assert_eq!(held.len(), 1, "the newest batch stands for the earlier ones");
        assert_eq!((held[0].tables[0].table.as_str(), held[0].tables[0].deletes), ("timesheets", 76));
        // The PC's file is not replaced before somebody has decided.
        assert!(matches!(lab.store.hand_out(&pc.device).await, Err(Error::Waiting(_))));
        lab.reopen().await;
        let receipt = lab.store.decide(held[0].id, Decision::LetThrough, "Merkez").await.unwrap();
        assert_eq!(receipt.held, 0);
        assert_eq!(lab.all().await.count("timesheets"), 0);
        assert!(lab.store.held().await.unwrap().is_empty());
        assert!(lab.store.decide(held[0].id, Decision::LetThrough, "Merkez").await.is_err(), "decided once");
        lab.sync(&pc).await;
        assert_eq!(Book::of(&pc).count("timesheets"), 0);
        let audit = lab.store.audit(20).await.unwrap();
        assert!(audit.iter().any(|line| line.action == "let_through" && line.who == "Merkez"));
    }

    async fn a_first_contact_that_was_held_is_the_same_file_when_it_is_decided(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let of: i64 = value(&pc, "select min(id) from employees");
        let day = Timesheet { employee_id: of, work_date: "2026-03-24", ..Timesheet::default() };
        pc.desktop.save_timesheet(None, &day).unwrap();
        lab.send(&pc).await.unwrap();
        let days = lab.all().await.count("timesheets");
        // It gets an agent, which sends a copy: what SQLite counts in it says nothing.
        let copy = lab.folder.path().join("copy.db");
        let file = Connection::open(pc.desktop.path()).unwrap();
        file.execute("update timesheets set notes = 'x' || id", []).unwrap();
        file.execute("vacuum into ?1", [copy.to_str().unwrap()]).unwrap();
        assert!(lab.store.meet(&pc.device, &copy).await.unwrap().held);
        let id = lab.store.held().await.unwrap()[0].id;
        lab.store.decide(id, Decision::LetThrough, "Merkez").await.unwrap();
        assert_eq!(lab.all().await.count("timesheets"), days);
        assert!(!lab.store.meet(&pc.device, &copy).await.unwrap().held);
        assert_eq!(lab.all().await.count("timesheets"), days);
    }

    async fn a_file_that_is_sent_back_is_news_for_its_region(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        Connection::open(pc.desktop.path()).unwrap().execute_batch("delete from timesheets").unwrap();
        assert_eq!(lab.send(&pc).await.unwrap().held, 1);
        let heads = async || lab.store.listen().await.unwrap().borrow().clone();
        let before = heads().await;
        let (rows, id) = (lab.all().await, lab.store.held().await.unwrap()[0].id);
        lab.store.decide(id, Decision::SendBack, "Merkez").await.unwrap();
        assert_eq!(lab.all().await, rows, "nothing else is");
        let [ankara, bursa] = ["Ankara", "Bursa"].map(Region::new);
        let after = heads().await;
        assert!(after.of(&ankara) > before.of(&ankara));
        assert_eq!(after.of(&bursa), before.of(&bursa));
    }

    async fn two_uploads_of_one_pc_at_the_same_moment_wait_as_one(lab) {
        let pc = emptied(&lab).await;
        let bytes = pc.desktop.upload().unwrap();
        let send = || lab.send_bytes(&pc.device, &bytes);
        let (first, second) = tokio::join!(send(), send());
        assert_eq!((first.unwrap().held, second.unwrap().held), (1, 1));
        assert_eq!(lab.store.held().await.unwrap().len(), 1);
    }

    async fn what_waits_and_cannot_be_read_any_more_waits_on_beside_the_next_file(lab) {
        let pc = emptied(&lab).await;
        lab.send(&pc).await.unwrap();
        for kept in std::fs::read_dir(lab.settings.data_folder.join("uploads")).unwrap() {
            std::fs::write(kept.unwrap().path(), "damaged").unwrap();
        }
        assert_eq!(lab.send(&pc).await.unwrap().held, 1, "the upload itself is not at fault");
        assert_eq!(lab.store.held().await.unwrap().len(), 2);
    }

    async fn a_file_that_was_taken_is_decided_whatever_the_limit_is_now(lab) {
        let pc = emptied(&lab).await;
        lab.send(&pc).await.unwrap();
        let held = lab.store.held().await.unwrap();
        lab.settings.upload_bytes_max = 1;
        lab.reopen().await;
        assert_eq!(lab.send(&pc).await.unwrap_err().refusal(), Refusal::TooLarge);
        lab.store.decide(held[0].id, Decision::LetThrough, "Merkez").await.unwrap();
        assert_eq!(lab.all().await.count("timesheets"), 0);
    }

    async fn a_plan_of_a_batch_that_would_be_held_says_so_and_nothing_waits(lab) {
        let pc = emptied(&lab).await;
        let before = lab.all().await;
        let receipt = lab.store.plan(&pc.device, pc.desktop.path()).await.unwrap();
        assert_eq!(receipt.held, 1);
        let foreign = lab.pc_of(lab.site("Bursa 1", "Bursa").await, "Ankara", 2, Shape::Live, Size::small());
        assert!(lab.store.plan(&foreign.device, foreign.desktop.path()).await.unwrap().held > 0);
        assert!(lab.store.held().await.unwrap().is_empty());
        assert_eq!(lab.all().await, before);
        assert!(lab.store.hand_out(&pc.device).await.is_ok());
    }

    async fn a_batch_that_is_sent_back_is_set_back_by_the_next_hand_out(lab) {
        let pc = emptied(&lab).await;
        let before = lab.all().await;
        lab.send(&pc).await.unwrap();
        let held = lab.store.held().await.unwrap();
        lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
        let receipt = lab.sync(&pc).await;
        assert_eq!(receipt.held, 0, "it is not asked about again");
        assert!(lab.store.held().await.unwrap().is_empty());
        assert_eq!(Book::of(&pc).count("timesheets"), 76);
        let receipt = lab.sync(&pc).await;
        assert_eq!((receipt.held, receipt.tables["timesheets"].unchanged), (0, 76));
        assert_eq!(lab.all().await, before);
    }

    async fn of_a_batch_that_is_sent_back_everything_else_goes_in(lab) {
        let pc = emptied(&lab).await;
        let before = lab.all().await;
        let new = Employee { full_name: "Yeni Örnek", ..Employee::default() };
        let id = pc.desktop.save_employee(None, &new).unwrap();
        let sheet = Timesheet { employee_id: id, work_date: "2026-01-30", ..Timesheet::default() };
        pc.desktop.save_timesheet(None, &sheet).unwrap();
        let plate: i64 = value(&pc, "select min(id) from shift_templates");
        pc.desktop.delete_shift_template(plate).unwrap();
        lab.send(&pc).await.unwrap();
        let held = lab.store.held().await.unwrap();
        let receipt = lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
        assert_eq!((receipt.tables["timesheets"].inserted, receipt.tables["timesheets"].deleted), (1, 0));
        let all = lab.all().await;
        assert_eq!((all.count("timesheets"), all.count("employees")), (77, before.count("employees") + 1));
        assert_eq!(all.count("shift_templates"), before.count("shift_templates") - 1);
        let lines = lab.store.recent(&Region::All, 1_000).await.unwrap();
        let refused = lines.iter().filter(|line| line.action == "refused" && line.table == "timesheets");
        assert_eq!(refused.count(), 76, "the history tells what was sent back");
        lab.sync(&pc).await;
        assert_eq!(Book::of(&pc), lab.all().await);
    }

    async fn a_pc_that_was_enrolled_with_the_wrong_region_is_held_before_its_file_is_emptied(lab) {
        for (at, decision) in [Decision::SendBack, Decision::LetThrough].into_iter().enumerate() {
            let device = lab.site(&format!("Ankara {at}"), "Bursa").await;
            let pc = lab.pc_of(device, "Ankara", at as u64 + 1, Shape::Live, Size::small());
            let before = lab.all().await;
            assert!(lab.send(&pc).await.unwrap().held > 0);
            assert!(matches!(lab.store.hand_out(&pc.device).await, Err(Error::Waiting(_))));
            let held = lab.store.held().await.unwrap();
            let foreign = held[0].tables.iter().find(|held| held.table == "employees").unwrap();
            assert_eq!((held.len(), foreign.refused), (1, foreign.rows));
            assert_eq!(lab.all().await, before);
            let receipt = lab.store.decide(held[0].id, decision, "Merkez").await.unwrap();
            assert_eq!(receipt.tables["timesheets"].refused, 76);
            assert_eq!(lab.all().await.count("timesheets"), 0);
            pc.desktop.save_setting("company_name", "Yeni").unwrap();
            assert_eq!(lab.send(&pc).await.unwrap().held, 0, "decided");
            let lines = lab.store.recent(&Region::All, 1_000).await.unwrap();
            let refused = lines.iter().filter(|line| line.action == "refused" && line.table == "timesheets");
            assert_eq!(refused.count(), 76 * (at + 1), "the history keeps them");
            assert!(lab.store.hand_out(&pc.device).await.is_ok());
        }
    }

    async fn of_a_batch_that_was_held_for_its_region_the_offices_own_rows_go_in(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let before = lab.all().await;
        // Somebody puts a person of the office, and many of another region, into the file.
        let new = Employee { full_name: "Yeni Örnek", ..Employee::default() };
        pc.desktop.save_employee(None, &new).unwrap();
        let mut pc = pc;
        pc.desktop.region = "Bursa".to_owned();
        for at in 0..30 {
            let other = Employee { full_name: &format!("Başka {at}"), ..Employee::default() };
            pc.desktop.save_employee(None, &other).unwrap();
        }
        assert_eq!(lab.send(&pc).await.unwrap().held, 1);
        assert_eq!(lab.all().await, before);
        let held = lab.store.held().await.unwrap();
        lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
        let all = lab.all().await;
        assert!(all.has("employees", "Yeni Örnek"), "{:?}", all.table("employees"));
        assert_eq!(all.count("employees"), before.count("employees") + 1);
        let lines = lab.store.recent(&Region::All, 1_000).await.unwrap();
        assert_eq!(lines.iter().filter(|line| line.action == "refused").count(), 30);
        lab.sync(&pc).await;
        assert_eq!(Book::of(&pc), all);
    }

    async fn a_file_that_the_hub_knows_is_held_too_where_nothing_of_it_is_of_the_tokens_region(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&first).await;
        lab.store.revoke_site("Ankara 1").await.unwrap();
        // A token anew, for the wrong region; one row was not sent yet.
        let pc = lab.copy(&first, lab.site("Ankara 2", "Bursa").await, "Ankara");
        pc.desktop.save_employee(None, &Employee { full_name: "Yeni Örnek", ..Employee::default() }).unwrap();
        assert!(lab.send(&pc).await.unwrap().held > 0);
        assert!(matches!(lab.store.hand_out(&pc.device).await, Err(Error::Waiting(_))));
        // With the right one it goes in.
        let pc = lab.copy(&pc, lab.site("Ankara 3", "Ankara").await, "Ankara");
        assert_eq!(lab.send(&pc).await.unwrap().held, 0);
        assert!(lab.all().await.has("employees", "Yeni Örnek"));
    }

    async fn a_file_of_all_regions_is_not_held_for_rows_that_the_hub_knows(lab) {
        // As the old hub merged them: rows of two regions on every PC.
        let center = lab.site("Merkez 1", "*").await;
        let file = lab.pc_of(center, "Bursa", 1, Shape::Live, Size::small());
        let merged = Connection::open(file.desktop.path()).unwrap();
        merged.execute_batch("update employees set region = 'Ankara' where id = 1; update timesheets set region = 'Ankara' where employee_id = 1").unwrap();
        drop(merged);
        lab.send(&file).await.unwrap();
        let pc = lab.copy(&file, lab.site("Ankara 1", "Ankara").await, "Ankara");
        for _ in 0..2 {
            assert_eq!(lab.sync(&pc).await.held, 0);
        }
        assert!(lab.store.held().await.unwrap().is_empty());
    }

    async fn a_batch_ends_when_a_later_file_of_its_pc_is_merged(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let before = lab.all().await;
        let whole = pc.desktop.upload().unwrap();
        while value::<i64>(&pc, "select count(*) from timesheets") > 0 {
            let id = value(&pc, "select employee_id from timesheets");
            pc.desktop.delete(Record::Employee, id).unwrap();
        }
        assert_eq!(lab.send(&pc).await.unwrap().held, 1);
        let held = lab.store.held().await.unwrap();
        std::fs::write(pc.desktop.path(), whole).unwrap();
        pc.desktop.save_employee(None, &Employee { full_name: "Yeni Örnek", ..Employee::default() }).unwrap();
        assert_eq!(lab.send(&pc).await.unwrap().held, 0);
        assert!(lab.store.held().await.unwrap().is_empty());
        let late = lab.store.decide(held[0].id, Decision::LetThrough, "Merkez").await;
        assert!(matches!(late, Err(Rejected::Store(Error::Superseded(id))) if id == held[0].id), "{late:?}");
        let audit = lab.store.audit(20).await.unwrap();
        assert!(audit.iter().any(|line| line.action == "superseded"));
        lab.fetch(&pc).await;
        let all = lab.all().await;
        assert_eq!((Book::of(&pc), all.count("employees")), (all.clone(), before.count("employees") + 1));
    }

    async fn of_two_pcs_that_are_met_for_the_first_time_under_one_token_each_batch_waits(lab) {
        // The token is of another region than the files.
        let device = lab.site("Bursa 1", "Bursa").await;
        let first = lab.pc_of(device.clone(), "Ankara", 1, Shape::Live, Size::small());
        let copy = lab.copy(&first, device.clone(), "Ankara");
        let other = lab.pc_of(device, "Ankara", 2, Shape::Live, Size::small());
        for (pc, name) in [(&first, "Birinci Örnek"), (&copy, "İkinci Örnek")] {
            pc.desktop.save_employee(None, &Employee { full_name: name, ..Employee::default() }).unwrap();
        }
        for (at, pc) in [&first, &copy, &other].into_iter().enumerate() {
            assert!(lab.send(pc).await.unwrap().held > 0);
            assert_eq!(lab.store.held().await.unwrap().len(), at + 1);
        }
        // Each of them goes on; its newest batch stands for its earlier ones.
        let before = lab.store.held().await.unwrap();
        for pc in [&copy, &first, &other, &copy] {
            let id: i64 = value(pc, "select max(id) from employees");
            let name: String = value(pc, &format!("select full_name from employees where id = {id}"));
            let edit = Employee { full_name: &name, title: "Usta", ..Employee::default() };
            pc.desktop.save_employee(Some(id), &edit).unwrap();
            pc.desktop.save_employee(None, &Employee { full_name: "Yeni Örnek", ..Employee::default() }).unwrap();
            assert!(lab.send(pc).await.unwrap().held > 0);
        }
        let held = lab.store.held().await.unwrap();
        assert_eq!(held.iter().map(|one| one.id).collect::<Vec<_>>(), before.iter().map(|one| one.id).collect::<Vec<_>>());
        for (one, foreign) in held.iter().zip([11, 12, 10]) {
            let employees = one.tables.iter().find(|held| held.table == "employees").unwrap();
            assert_eq!(employees.refused, foreign, "{held:?}");
        }
    }

    async fn of_two_copies_of_one_file_each_batch_waits_until_it_is_decided(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let copies = [1, 2].map(|_| lab.copy(&pc, pc.device.clone(), "Ankara"));
        pc.desktop.save_employee(None, &Employee { full_name: "Asıl Örnek", ..Employee::default() }).unwrap();
        lab.send(&pc).await.unwrap();
        let names = ["Birinci Örnek", "İkinci Örnek"];
        for (copy, name) in copies.iter().zip(names) {
            copy.desktop.save_employee(None, &Employee { full_name: name, ..Employee::default() }).unwrap();
            let conn = Connection::open(copy.desktop.path()).unwrap();
            conn.execute("update timesheets set notes = ?1", [name]).unwrap();
            assert_eq!(lab.send(copy).await.unwrap().held, 1);
        }
        let held = lab.store.held().await.unwrap();
        assert_eq!(held.len(), 2);
        for (one, name) in held.iter().zip(names) {
            lab.store.decide(one.id, Decision::LetThrough, "Merkez").await.unwrap();
            assert!(lab.all().await.has("employees", name), "{name}");
        }
        assert!(lab.store.held().await.unwrap().is_empty());
    }

    async fn a_pc_that_was_sent_back_can_be_held_again(lab) {
        let pc = emptied(&lab).await;
        for round in 0..2 {
            lab.send(&pc).await.unwrap();
            let held = lab.store.held().await.unwrap();
            assert_eq!(held.len(), 1, "round {round}");
            lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
            // Something new before the PC has taken its file back goes in.
            let new = Employee { full_name: &format!("Yeni {round}"), ..Employee::default() };
            pc.desktop.save_employee(None, &new).unwrap();
            assert_eq!(lab.send(&pc).await.unwrap().tables["employees"].inserted, 1);
            lab.sync(&pc).await;
            assert_eq!(Book::of(&pc).count("timesheets"), 76);
            while value::<i64>(&pc, "select count(*) from timesheets") > 0 {
                let id = value(&pc, "select employee_id from timesheets");
                pc.desktop.delete(Record::Employee, id).unwrap();
            }
        }
        lab.send(&pc).await.unwrap();
        assert_eq!(lab.store.held().await.unwrap().len(), 1);
    }

    async fn what_falls_with_a_row_that_was_noted_as_deleted_is_counted(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        // It never downloads: only its notes say what it deleted, and those name two people.
        for _ in 0..2 {
            let id = value(&pc, "select employee_id from timesheets");
            pc.desktop.delete(Record::Employee, id).unwrap();
        }
        let gone = 76 - u64::from(value::<u32>(&pc, "select count(*) from timesheets"));
        assert!(gone > 20, "{gone}");
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.held, lab.all().await), (1, before.clone()));
        let held = lab.store.held().await.unwrap();
        assert_eq!((held[0].tables[0].table.as_str(), held[0].tables[0].deletes), ("timesheets", gone));
        lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
        assert_eq!(lab.all().await, before, "the people stay, and their hours");
        lab.sync(&pc).await;
        assert_eq!(Book::of(&pc), before);
    }

    async fn what_is_left_without_its_parent_is_counted_too(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let before = lab.all().await;
        // A tool that does not keep references deletes six people; their hours are still in the file.
        let conn = Connection::open(pc.desktop.path()).unwrap();
        conn.execute_batch("pragma foreign_keys = off; delete from employees where id in (select employee_id from timesheets)").unwrap();
        drop(conn);
        assert_eq!(value::<i64>(&pc, "select count(*) from timesheets"), 76);
        assert_eq!(lab.send(&pc).await.unwrap().held, 1);
        let held = lab.store.held().await.unwrap();
        assert_eq!((held[0].tables[0].table.as_str(), held[0].tables[0].deletes), ("timesheets", 76));
        lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
        assert_eq!(lab.all().await, before);
        lab.sync(&pc).await;
        assert_eq!(Book::of(&pc), before);
    }
}
