//! Deletions: what counts as one, and what does not.

use testkit::office::{Employee, Record, Timesheet};

use crate::lab::{Book, Pc, on_both, value};

on_both! {
    async fn a_pc_that_never_downloads_loses_nothing_and_deletes_by_its_own_notes_only(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        let other = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.send(&pc).await.unwrap();
        lab.sync(&other).await;
        let sheet = Timesheet { employee_id: 1, work_date: "2026-01-28", ..Timesheet::default() };
        other.desktop.save_timesheet(None, &sheet).unwrap();
        lab.sync(&other).await;
        let before = lab.all().await;
        for _ in 0..3 {
            lab.send(&pc).await.unwrap();
            assert_eq!(lab.all().await, before, "what the PC never saw is not deleted");
        }
        // A deletion that leaves a note comes through.
        let id: i64 = value(&pc, "select max(id) from timesheets");
        pc.desktop.delete(Record::Timesheet, id).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!(receipt.tables["timesheets"].deleted, 1);
        assert_eq!(lab.all().await.count("timesheets"), before.count("timesheets") - 1);
        // One that leaves none does not.
        let template: i64 = value(&pc, "select max(id) from shift_templates");
        pc.desktop.delete_shift_template(template).unwrap();
        lab.send(&pc).await.unwrap();
        assert_eq!(lab.all().await.count("shift_templates"), before.count("shift_templates"));
    }

    async fn an_edit_does_not_count_as_having_seen_what_others_hung_on_the_row(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        let other = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&pc).await;
        lab.sync(&other).await;
        let name: String = value(&other, "select full_name from employees where id = 1");
        let sheet = Timesheet { employee_id: 1, work_date: "2026-01-28", ..Timesheet::default() };
        other.desktop.save_timesheet(None, &sheet).unwrap();
        lab.sync(&other).await;
        // The first PC misses its downloads: it edits the person, then deletes the person.
        let id: i64 = value(&pc, &format!("select id from employees where full_name = '{name}'"));
        let edited = Employee { full_name: &name, title: "Şef", ..Employee::default() };
        pc.desktop.save_employee(Some(id), &edited).unwrap();
        lab.send(&pc).await.unwrap();
        pc.desktop.delete(Record::Employee, id).unwrap();
        lab.send(&pc).await.unwrap();
        assert!(lab.all().await.has("timesheets", &format!("{name}|2026-01-28")), "hours that it never saw stay");
    }

    async fn with_a_handed_out_file_absence_is_deletion_and_children_go_along(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        let other = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&pc).await;
        lab.sync(&other).await;
        let employee: i64 = value(&pc, "select employee_id from timesheets limit 1");
        let sheets: i64 = value(&pc, "select count(*) from timesheets where employee_id = (select employee_id from timesheets limit 1)");
        let template: i64 = value(&pc, "select max(id) from shift_templates");
        pc.desktop.delete_shift_template(template).unwrap();
        pc.desktop.delete(Record::Employee, employee).unwrap();
        let receipt = lab.sync(&pc).await;
        assert_eq!(receipt.held, 0);
        assert_eq!(receipt.tables["employees"].deleted, 1);
        assert_eq!(receipt.tables["shift_templates"].deleted, 1);
        assert_eq!(lab.all().await.count("timesheets"), 76 - usize::try_from(sheets).unwrap());
        lab.sync(&other).await;
        assert_eq!(Book::of(&other), Book::of(&pc));
        lab.sync(&pc).await;
        assert_eq!(Book::of(&other), Book::of(&pc), "they do not come back");
    }

    async fn deleted_here_and_edited_there_comes_back(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        let second = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&first).await;
        lab.sync(&second).await;
        let id: i64 = value(&first, "select id from drivers limit 1");
        let name: String = value(&first, "select full_name from drivers limit 1");
        let there: i64 = value(&second, "select id from drivers limit 1");
        let form = testkit::office::Driver { full_name: &name, phone: "900000000001", ..Default::default() };
        second.desktop.save_driver(Some(there), &form).unwrap();
        first.desktop.delete(Record::Driver, id).unwrap();
        // In the one order: edited, then deleted without having seen it.
        lab.sync(&second).await;
        let receipt = lab.sync(&first).await;
        assert!(receipt.reasons.iter().any(|reason| reason.reason == "not_deleted"), "{:?}", receipt.reasons);
        assert!(Book::of(&first).has("drivers", "900000000001"));
        // In the other order: deleted, then edited.
        lab.sync(&second).await;
        let (here, there): (i64, i64) = (value(&first, "select id from drivers"), value(&second, "select id from drivers"));
        let form = testkit::office::Driver { full_name: &name, phone: "900000000002", ..Default::default() };
        second.desktop.save_driver(Some(there), &form).unwrap();
        first.desktop.delete(Record::Driver, here).unwrap();
        lab.sync(&first).await;
        assert_eq!(lab.all().await.count("drivers"), 0);
        lab.sync(&second).await;
        lab.sync(&first).await;
        assert!(Book::of(&first).has("drivers", "900000000002"));
        assert_eq!(lab.all().await.count("drivers"), 1);
    }

    async fn one_row_edited_at_two_places_keeps_the_losing_value(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        let second = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&first).await;
        lab.sync(&second).await;
        for (pc, title) in [(&first, "Usta"), (&second, "Kalfa")] {
            let id: i64 = value(pc, "select id from employees order by full_name");
            let name: String = value(pc, "select full_name from employees order by full_name");
            pc.desktop.save_employee(Some(id), &Employee { full_name: &name, title, ..Employee::default() }).unwrap();
        }
        lab.send(&first).await.unwrap();
        let receipt = lab.send(&second).await.unwrap();
        assert!(receipt.conflicts > 0);
        let conflicts = lab.store.conflicts().await.unwrap();
        let title = conflicts.iter().find(|conflict| conflict.column.as_deref() == Some("title")).unwrap();
        let text = |side: &store::KeptSide| side.value.clone().unwrap().as_str().unwrap().to_owned();
        assert_eq!((text(&title.winner), text(&title.loser)), ("Kalfa".to_owned(), "Usta".to_owned()));
        assert_eq!(title.region.as_deref(), Some("Ankara"));
        let count = conflicts.len();
        for _ in 0..3 {
            lab.send(&second).await.unwrap();
        }
        assert_eq!(lab.store.conflicts().await.unwrap().len(), count, "told once");
    }

    async fn what_another_offices_file_noted_deletes_nothing_of_this_one(lab) {
        let office = |pc: &Pc, people: [(&str, &str); 3]| {
            for (name, number) in people {
                let form = Employee { full_name: name, identity_no: number, ..Employee::default() };
                pc.desktop.save_employee(None, &form).unwrap();
            }
        };
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        office(&pc, [("Ayten Bir", "101"), ("Cem İki", "102"), ("Nevin Üç", "103")]);
        lab.send(&pc).await.unwrap();
        let before = lab.all().await;
        // Somebody puts another office's file on the PC, in which its own person of the same number was deleted.
        let other = lab.empty_pc("Ankara 2", "Ankara").await;
        office(&other, [("Derya Dört", "104"), ("Hale Beş", "105"), ("Kaan Altı", "106")]);
        other.desktop.delete(Record::Employee, 2).unwrap();
        std::fs::write(pc.desktop.path(), other.desktop.upload().unwrap()).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!((receipt.held, receipt.tables["employees"].inserted), (0, 2), "{receipt:?}");
        assert!(lab.all().await.holds(&before), "nothing of the first is gone");
    }
}
