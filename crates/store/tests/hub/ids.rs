//! No number is ever given to a second thing.

use rusqlite::Connection;
use store::Decision;
use testkit::office::{Employee, Record, Shape, Size, Timesheet};

use crate::lab::{Book, Lab, Pc, on_both, value};

fn person(pc: &Pc, name: &str) -> i64 {
    pc.desktop.save_employee(None, &Employee { full_name: name, ..Employee::default() }).unwrap()
}

/// Somebody of another PC of the region; its rows come with the next hand-out.
async fn somebody_else(lab: &Lab, name: &str, region: &str) {
    let other = lab.empty_pc(&format!("{name} PC"), region).await;
    person(&other, name);
    lab.sync(&other).await;
}

fn id_of(pc: &Pc, name: &str) -> i64 {
    value(pc, &format!("select id from employees where full_name = '{name}'"))
}

fn change(pc: &Pc, sql: &str) {
    Connection::open(pc.desktop.path()).unwrap().execute_batch(sql).unwrap();
}

on_both! {
    async fn a_number_that_only_the_files_own_count_tells_of_is_not_given_again(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let id = person(&pc, "Giden Kişi");
        pc.desktop.delete(Record::Employee, id).unwrap();
        change(&pc, "delete from deleted_records");
        lab.send(&pc).await.unwrap();
        somebody_else(&lab, "Cem Örnek", "Ankara").await;
        lab.fetch(&pc).await;
        assert_eq!(id_of(&pc, "Cem Örnek"), id + 1);
    }

    async fn a_number_that_only_the_files_own_notes_tell_of_is_not_given_again(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let id = person(&pc, "Giden Kişi");
        pc.desktop.delete(Record::Employee, id).unwrap();
        change(&pc, "delete from sqlite_sequence where name = 'employees'");
        lab.send(&pc).await.unwrap();
        somebody_else(&lab, "Cem Örnek", "Ankara").await;
        lab.fetch(&pc).await;
        assert_eq!(id_of(&pc, "Cem Örnek"), id + 1);
        // What the notes say is no count of the file: the same file again is not an older one.
        let receipt = lab.send(&pc).await.unwrap();
        assert!(receipt.reasons.is_empty(), "{:?}", receipt.reasons);
    }

    async fn a_count_that_cannot_be_is_not_believed(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        person(&pc, "Ayten Örnek");
        change(&pc, "update sqlite_sequence set seq = 9223372036854775807 where name = 'employees'");
        change(&pc, "insert into employees (id, full_name, region) values (9223372036854775807, 'Son Kişi', 'Ankara')");
        lab.send(&pc).await.unwrap();
        somebody_else(&lab, "Cem Örnek", "Ankara").await;
        lab.fetch(&pc).await;
        assert_eq!((id_of(&pc, "Ayten Örnek"), id_of(&pc, "Cem Örnek"), id_of(&pc, "Son Kişi")), (1, 2, i64::MAX));
    }

    async fn numbers_of_a_file_of_which_nothing_was_taken_are_not_given_again(lab) {
        let device = lab.site("Bursa 1", "Bursa").await;
        let pc = lab.pc_of(device, "Ankara", 1, Shape::Live, Size::small());
        let last: i64 = value(&pc, "select seq from sqlite_sequence where name = 'employees'");
        assert!(lab.send(&pc).await.unwrap().held > 0);
        let held = lab.store.held().await.unwrap();
        lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
        somebody_else(&lab, "Cem Örnek", "Bursa").await;
        lab.fetch(&pc).await;
        assert_eq!(Book::of(&pc).count("employees"), 1);
        assert_eq!(id_of(&pc, "Cem Örnek"), last + 1);
    }

    async fn what_was_entered_in_a_file_that_is_sent_back_keeps_its_number(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        change(&pc, "delete from timesheets");
        let id = person(&pc, "Yeni Örnek");
        let sheet = Timesheet { employee_id: id, work_date: "2026-01-30", ..Timesheet::default() };
        let day = pc.desktop.save_timesheet(None, &sheet).unwrap();
        let receipt = lab.send(&pc).await.unwrap();
        assert_eq!(receipt.held, 1);
        somebody_else(&lab, "Cem Örnek", "Ankara").await;
        let held = lab.store.held().await.unwrap();
        lab.store.decide(held[0].id, Decision::SendBack, "Merkez").await.unwrap();
        lab.fetch(&pc).await;
        assert_eq!((id_of(&pc, "Yeni Örnek"), id_of(&pc, "Cem Örnek")), (id, id + 1));
        assert_eq!(value::<i64>(&pc, &format!("select employee_id from timesheets where id = {day}")), id);
        assert_eq!(Book::of(&pc).count("timesheets"), 77, "and what was deleted is back");
        assert_eq!(Book::of(&pc), lab.all().await);
    }
}
