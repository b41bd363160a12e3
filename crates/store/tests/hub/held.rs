//! Batches that change too much wait for a person.

use rusqlite::Connection;
use store::{Decision, Error};
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
        let lines = lab.store.recent(&merge::Region::All, 1_000).await.unwrap();
        let refused = lines.iter().filter(|line| line.action == "refused" && line.table == "timesheets");
        assert_eq!(refused.count(), 76, "the history tells what was sent back");
        lab.sync(&pc).await;
        assert_eq!(Book::of(&pc), lab.all().await);
    }

    async fn a_pc_that_was_enrolled_with_the_wrong_region_is_held_before_its_file_is_emptied(lab) {
        let device = lab.site("Ankara 1", "Bursa").await;
        let pc = lab.pc_of(device, "Ankara", 1, Shape::Live, Size::small());
        for decision in [Decision::SendBack, Decision::LetThrough] {
            let receipt = lab.send(&pc).await.unwrap();
            assert!(receipt.held > 0, "{receipt:?}");
            assert!(matches!(lab.store.hand_out(&pc.device).await, Err(Error::Waiting(_))));
            let held = lab.store.held().await.unwrap();
            assert_eq!((held.len(), held[0].tables[0].refused), (1, 76));
            assert_eq!(lab.all().await.count("timesheets"), 0);
            lab.store.decide(held[0].id, decision, "Merkez").await.unwrap();
            let own = lab.all().await.count("shift_templates");
            assert_eq!(own > 0, decision == Decision::LetThrough, "sent back: nothing is taken");
            // With anything new in it, it is held anew.
            pc.desktop.save_setting("company_name", "Yeni").unwrap();
        }
        assert_eq!(lab.send(&pc).await.unwrap().held, 0, "decided");
        assert_eq!(lab.store.recent(&merge::Region::All, 1_000).await.unwrap().iter().filter(|line| line.action == "refused" && line.table == "timesheets").count(), 76);
        assert!(lab.store.hand_out(&pc.device).await.is_ok());
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
