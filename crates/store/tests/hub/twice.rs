//! Twice is once.

use store::Error;
use testkit::office::{Employee, Shape, Size};

use crate::lab::{Book, Pc, on_both, value};

on_both! {
    async fn the_same_upload_twenty_times_changes_nothing(lab) {
        let pc = year(&lab).await;
        lab.send(&pc).await.unwrap();
        let (before, rev) = (lab.all().await, lab.store.health().await.unwrap().rev);
        for _ in 0..20 {
            let receipt = lab.send(&pc).await.unwrap();
            for (table, told) in &receipt.tables {
                assert_eq!(told.inserted + told.updated + told.deleted + told.refused, 0, "{table} {told:?}");
                assert_eq!(told.unchanged, told.read, "{table}");
            }
            assert_eq!((receipt.conflicts, receipt.reasons.len()), (0, 0), "{:?}", receipt.reasons);
        }
        assert_eq!(lab.store.health().await.unwrap().rev, rev);
        assert_eq!(lab.all().await, before);
    }

    async fn an_upload_that_arrives_once_more_after_a_newer_one_changes_nothing(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        let second = lab.pc("Ankara 2", "Ankara", 2).await;
        lab.sync(&first).await;
        lab.sync(&second).await;
        let name: String = value(&first, "select full_name from employees order by id");
        titled(&first, &name, "Usta");
        let late = first.desktop.upload().unwrap();
        lab.send(&first).await.unwrap();
        titled(&first, &name, "Kalfa");
        lab.send(&first).await.unwrap();
        lab.sync(&second).await;
        titled(&second, &name, "Şef");
        lab.send(&second).await.unwrap();
        let (before, rev) = (lab.all().await, lab.store.health().await.unwrap().rev);
        let receipt = lab.send_bytes(&first.device, &late).await.unwrap();
        assert!(receipt.tables.values().all(|told| told.unchanged == told.read), "{receipt:?}");
        assert_eq!(lab.store.health().await.unwrap().rev, rev);
        assert_eq!((lab.all().await, lab.store.conflicts().await.unwrap().len()), (before, 0));
        // The PC itself goes on as if nothing had been.
        first.desktop.save_setting("company_name", "Deneme").unwrap();
        let receipt = lab.sync(&first).await;
        assert_eq!((receipt.reasons.len(), receipt.conflicts), (0, 0), "{:?}", receipt.reasons);
        assert!(Book::of(&first).has("employees", "Şef"));
    }

    async fn a_hand_out_uploaded_back_twenty_times_changes_nothing_and_comes_again_byte_by_byte(lab) {
        let pc = year(&lab).await;
        lab.send(&pc).await.unwrap();
        let before = Book::of(&pc);
        lab.fetch(&pc).await;
        let (rev, file) = (lab.store.health().await.unwrap().rev, lab.file(&pc.device).await);
        for _ in 0..20 {
            let receipt = lab.sync(&pc).await;
            for (table, told) in &receipt.tables {
                assert_eq!(told.inserted + told.updated + told.deleted + told.refused, 0, "{table} {told:?}");
            }
            assert!(lab.file(&pc.device).await == file, "the same bytes");
        }
        assert_eq!(lab.store.health().await.unwrap().rev, rev);
        assert_eq!(Book::of(&pc), before);
    }

    async fn a_lost_hand_out_file_is_made_again(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.send(&pc).await.unwrap();
        let first = lab.store.hand_out(&pc.device).await.unwrap();
        let bytes = std::fs::read(&first.path).unwrap();
        std::fs::remove_file(&first.path).unwrap();
        let again = lab.store.hand_out(&pc.device).await.unwrap();
        assert_eq!(again.etag, first.etag);
        assert!(std::fs::read(&again.path).unwrap() == bytes);
    }

    async fn a_plan_tells_all_and_changes_nothing(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        let path = pc.desktop.path().to_owned();
        let plan = lab.store.plan(&pc.device, &path).await.unwrap();
        assert_eq!(plan.tables["timesheets"].inserted, 76);
        assert_eq!(lab.store.status().await.unwrap().tables["timesheets"], 0);
        assert_eq!(lab.store.audit(10).await.unwrap().iter().filter(|line| line.action == "upload").count(), 0);
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!(receipt.tables, plan.tables);
    }

    async fn a_store_of_another_form_is_refused_and_left_as_it_was(lab) {
        lab.store.close().await;
        lab.script("alter table denk_conflicts drop column looked; drop table denk_audit");
        for (form, older) in [("1", true), ("3", false)] {
            lab.script(&format!("update denk_meta set value = '{form}' where name = 'form'"));
            match store::Store::open(lab.settings.clone()).await {
                Err(Error::Older { found: 1, known: 2 }) => assert!(older),
                Err(Error::Newer { found: 3, known: 2 }) => assert!(!older),
                other => panic!("{form}: {other:?}"),
            }
        }
        // Nothing was made or added: it can be made now.
        lab.script("alter table denk_conflicts add column looked bigint; create table denk_audit (id bigint)");
    }

    async fn the_store_goes_on_after_a_restart_where_it_stood(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let (before, rev) = (lab.all().await, lab.store.health().await.unwrap().rev);
        lab.reopen().await;
        assert_eq!(lab.store.health().await.unwrap().rev, rev);
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!(receipt.tables["timesheets"].unchanged, 76);
        assert_eq!(lab.all().await, before);
    }

    // A year's inspections and their results alone are more than are merged at a time: children come after parents that
    // are written already.
    async fn a_file_of_more_rows_than_are_merged_at_once_comes_in_whole(lab) {
        let pc = year(&lab).await;
        let receipt = lab.send(&pc).await.unwrap();
        for (table, told) in receipt.tables.iter().filter(|(table, _)| *table != "shift_templates") {
            assert_eq!((told.inserted, told.refused), (told.read, 0), "{table}");
        }
        assert_eq!(lab.all().await, Book::of(&pc));
        let again = lab.send(&pc).await.unwrap();
        assert!(again.tables.values().all(|told| told.unchanged == told.read), "{again:?}");
    }

    async fn uploads_are_kept_for_a_week(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        let receipt = lab.send(&pc).await.unwrap();
        let kept = lab.settings.data_folder.join("uploads").join(&receipt.upload);
        assert!(std::fs::read(&kept).unwrap() == pc.desktop.upload().unwrap());
        lab.pass(6 * 86_400);
        lab.send(&pc).await.unwrap();
        assert!(kept.exists());
        lab.pass(86_400);
        lab.send(&pc).await.unwrap();
        assert!(!kept.exists());
    }
}

fn titled(pc: &Pc, name: &str, title: &str) {
    let id: i64 = value(pc, &format!("select id from employees where full_name = '{name}'"));
    pc.desktop.save_employee(Some(id), &Employee { full_name: name, title, ..Employee::default() }).unwrap();
}

async fn year(lab: &crate::lab::Lab) -> Pc {
    let device = lab.site("Ankara 1", "Ankara").await;
    lab.pc_of(device, "Ankara", 1, Shape::Live, Size::year())
}
