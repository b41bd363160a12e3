//! Ids that hold something else than they did.

use replica::wire::{End, Fate, Push, Pushed, Row};
use testkit::office::{Employee, Timesheet};

use crate::{
    day::{agree, two},
    town::{Town, welcome},
};

const DAYS: &str =
    "select e.full_name, t.work_date from timesheets t join employees e on e.id = t.employee_id order by 2";

/// The rows of a table as the hub has them.
fn rows(town: &Town, table: &str) -> Vec<Row> {
    town.pull(0).rows.into_iter().filter(|row| row.table == table).collect()
}

/// A person sent the batch back.
fn sent_back(push: &Push, rows: Vec<Row>) -> Pushed {
    let fate = Fate { end: End::Refused, reason: Some("rejected".into()), ..Fate::default() };
    Pushed { number: push.number, fates: vec![fate; push.changes.len()], rows, ..Pushed::default() }
}

#[tokio::test]
async fn a_person_who_comes_back_does_not_take_the_place_of_who_was_typed_over_them() {
    let (mut town, a, b, id) = two().await;
    let known = Employee { identity_no: "10000000001", full_name: "Ayşe Örnek", ..Employee::default() };
    a.desktop.save_employee(Some(id), &known).unwrap();
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    let other = b.ask("select id from employees").parse().unwrap();
    let day = Timesheet { employee_id: other, work_date: "2026-05-04", ..Timesheet::default() };
    b.desktop.save_timesheet(None, &day).unwrap();
    b.cycle(&mut town).await;
    let another = Employee { identity_no: "10000000002", full_name: "Fatma Deneme", ..Employee::default() };
    a.desktop.save_employee(Some(id), &another).unwrap();
    a.push_once(&mut town).await;
    assert_eq!(
        a.ask("select full_name from employees order by 1"),
        "Ayşe Örnek Fatma Deneme",
        "each at a place of its own"
    );
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    assert_eq!(a.ask("select full_name from employees order by 1"), "Ayşe Örnek Fatma Deneme");
    for pc in [&a, &b] {
        assert_eq!(pc.ask(DAYS), "Ayşe Örnek|2026-05-04");
    }
    agree(&town, &[&a, &b]);
    // The next edit of the day is no other person's.
    a.sql("update timesheets set notes = 'geç'");
    for pc in [&a, &b] {
        pc.cycle(&mut town).await;
        assert_eq!(pc.ask(DAYS), "Ayşe Örnek|2026-05-04");
    }
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn a_row_that_is_pulled_while_deletions_wait_does_not_get_a_deleted_one_s_id() {
    let (mut town, a, b, id) = two().await;
    for day in ["2026-05-04", "2026-05-05", "2026-05-06"] {
        let day = Timesheet { employee_id: id, work_date: day, ..Timesheet::default() };
        a.desktop.save_timesheet(None, &day).unwrap();
    }
    // Nothing was pulled since.
    a.push(&mut town).await;
    b.cycle(&mut town).await;
    let kept = rows(&town, "timesheets");
    // The program makes its table anew: numbers begin again.
    let made: String = a.ask("select sql from sqlite_schema where name = 'timesheets'");
    a.sql(&format!("drop table timesheets; {made}"));
    let mut office = a.office().await;
    office.install().await.unwrap();
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert_eq!(push.changes.len(), 3);
    office.settle(&Pushed { number: push.number, held: true, ..Pushed::default() }).await.unwrap();
    drop(office);
    let other = b.ask("select id from employees").parse().unwrap();
    let day = Timesheet { employee_id: other, work_date: "2026-05-07", ..Timesheet::default() };
    b.desktop.save_timesheet(None, &day).unwrap();
    b.cycle(&mut town).await;
    a.pull(&town).await;
    assert_eq!(a.ask("select work_date from timesheets"), "2026-05-07");
    a.office().await.settle(&sent_back(&push, kept)).await.unwrap();
    let all = "Ayşe Örnek|2026-05-04 Ayşe Örnek|2026-05-05 Ayşe Örnek|2026-05-06 Ayşe Örnek|2026-05-07";
    assert_eq!(a.ask(DAYS), all);
    town.answered(a.site, push.number);
    for pc in [&a, &b] {
        pc.cycle(&mut town).await;
        assert_eq!(pc.ask(DAYS), all);
    }
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn a_row_that_was_let_in_before_the_office_heard_of_it_does_not_come_a_second_time() {
    let (mut town, a, b, id) = two().await;
    let day = Timesheet { employee_id: id, work_date: "2026-05-04", ..Timesheet::default() };
    a.desktop.save_timesheet(None, &day).unwrap();
    let push = a.office().await.prepare(&a.clock()).await.unwrap().unwrap();
    a.office().await.settle(&Pushed { number: push.number, held: true, ..Pushed::default() }).await.unwrap();
    // A person lets it through, and the office pulls before it asks.
    let answer = town.push(a.site, &push);
    a.pull(&town).await;
    assert_eq!(a.ask(DAYS), "Ayşe Örnek|2026-05-04");
    a.office().await.settle(&answer).await.unwrap();
    for pc in [&a, &b] {
        pc.cycle(&mut town).await;
    }
    assert_eq!((a.ask(DAYS), a.standing().await.late), ("Ayşe Örnek|2026-05-04".to_owned(), 0));
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn who_was_typed_over_a_row_while_its_change_was_on_its_way_stays_when_it_is_taken_away() {
    let (town, a, _, id) = two().await;
    a.sql("update employees set title = 'Usta'");
    let push = a.office().await.prepare(&a.clock()).await.unwrap().unwrap();
    a.sql(&format!(
        "insert or replace into employees (id, full_name, region) values ({id}, 'Fatma Deneme', 'Ankara')"
    ));
    // It belongs to another region since.
    let gone = Row { cells: None, ..rows(&town, "employees").remove(0) };
    a.office().await.settle(&sent_back(&push, vec![gone])).await.unwrap();
    assert_eq!(a.ask("select full_name from employees"), "Fatma Deneme");
}

#[tokio::test]
async fn rows_that_two_copies_of_a_file_enter_under_one_number_are_two() {
    let (mut town, a, b, _) = two().await;
    let copy = a.copied(9);
    assert!(copy.office().await.take_over(&welcome("town", 9, "Ankara")).await.unwrap());
    a.sql("insert into drivers (full_name, region) values ('Ali', 'Ankara')");
    a.cycle(&mut town).await;
    copy.sql("insert into drivers (full_name, region) values ('Veli', 'Ankara')");
    copy.pull(&town).await;
    for pc in [&copy, &a, &b, &copy] {
        pc.cycle(&mut town).await;
    }
    for pc in [&a, &b, &copy] {
        assert_eq!(pc.ask("select full_name from drivers order by 1"), "Ali Veli");
    }
    agree(&town, &[&a, &b, &copy]);
    a.sql("update drivers set phone = '1' where full_name = 'Ali'");
    for pc in [&a, &copy] {
        pc.cycle(&mut town).await;
    }
    agree(&town, &[&a, &copy]);
    copy.sql("delete from drivers where full_name = 'Veli'");
    for pc in [&copy, &a] {
        pc.cycle(&mut town).await;
    }
    assert_eq!(a.ask("select full_name from drivers"), "Ali");
}
