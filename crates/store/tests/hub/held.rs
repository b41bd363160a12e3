//! Batches that change too much wait for a person.

use store::{Decision, Error};
use testkit::office::{Employee, Record};

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

    async fn a_batch_that_is_sent_back_is_set_back_by_the_next_hand_out(lab) {
        let pc = emptied(&lab).await;
        let before = lab.all().await;
        lab.send(&pc).await.unwrap();
        let held = lab.store.held().await.unwrap();
        lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
        let receipt = lab.sync(&pc).await;
        assert_eq!(receipt.held, 1, "still not taken");
        assert!(lab.store.held().await.unwrap().is_empty());
        assert_eq!(Book::of(&pc).count("timesheets"), 76);
        let receipt = lab.sync(&pc).await;
        assert_eq!((receipt.held, receipt.tables["timesheets"].unchanged), (0, 76));
        assert_eq!(lab.all().await, before);
    }

    async fn a_pc_that_was_sent_back_can_be_held_again(lab) {
        let pc = emptied(&lab).await;
        for round in 0..2 {
            lab.send(&pc).await.unwrap();
            let held = lab.store.held().await.unwrap();
            assert_eq!(held.len(), 1, "round {round}");
            lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
            // Something new before the PC has taken its file back: it must not be dropped unseen.
            pc.desktop.save_setting("company_name", "Yeni").unwrap();
            let new = Employee { full_name: "Yeni Örnek", identity_no: "", department: "", title: "" };
            pc.desktop.save_employee(None, &new).unwrap();
            lab.send(&pc).await.unwrap();
            let held = lab.store.held().await.unwrap();
            assert_eq!(held.len(), 1, "round {round}: held anew");
            lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
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
}
