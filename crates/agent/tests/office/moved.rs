//! Rows that a hub which was made anew did not take of the file, and tells of later: somebody who went to another region.

use replica::wire::{End, Fate, Met, Pushed};
use testkit::office::Timesheet;

use crate::{
    day::{agree, two},
    pc::Pc,
    town::{Town, welcome},
};

const SITE: u32 = 7;

/// Somebody with a day, as an agent and the hub that was lost agreed; the file goes to a hub that takes nothing of it.
async fn not_taken() -> (Town, Pc, Pc, i64) {
    let (mut town, a, b, id) = two().await;
    let day = Timesheet { employee_id: id, work_date: "2026-05-04", ..Timesheet::default() };
    a.desktop.save_timesheet(None, &day).unwrap();
    a.sql("update employees set title = 'Usta'");
    for pc in [&a, &b] {
        pc.cycle(&mut town).await;
    }
    (town, a.of_site(SITE), b, id)
}

async fn adopt(pc: &Pc, met: Met) {
    let mut office = pc.office().await;
    let copy = office.copy().await.unwrap();
    let met = Met { hub: "anew".to_owned(), site: SITE, ..met };
    office.adopt(&copy, (&welcome("anew", SITE, "Ankara"), &met), &pc.clock()).await.unwrap();
}

fn people(pc: &Pc) -> String {
    pc.ask("select e.id, full_name, title, work_date from employees e left join timesheets t on t.employee_id = e.id")
}

#[tokio::test]
async fn who_was_not_taken_and_comes_from_another_file_is_nobody_new() {
    let (mut town, a, b, id) = not_taken().await;
    let before = people(&a);
    adopt(&a, Met::default()).await;
    assert_eq!(a.standing().await.aside, 4, "and what every file has");
    assert!(a.push_once(&mut town).await.is_none(), "it was told already");
    a.pull(&town).await;
    assert_eq!((people(&a), before.starts_with(&format!("{id}|"))), (before, true));
    assert_eq!(a.standing().await.aside, 0);
    // From here on as ever, in both directions.
    b.sql("update employees set department = 'Depo'");
    a.sql("update timesheets set notes = 'Mesai'");
    for pc in [&a, &b, &a] {
        pc.push(&mut town).await;
        pc.pull(&town).await;
    }
    agree(&town, &[&a, &b]);
    assert_eq!(a.ask("select department, notes from employees, timesheets"), "Depo|Mesai");
}

#[tokio::test]
async fn what_others_told_the_new_hub_stands_beside_what_the_file_has() {
    let (mut town, a, b, _) = not_taken().await;
    b.sql("update employees set title = 'Müdür'");
    b.cycle(&mut town).await;
    adopt(&a, Met::default()).await;
    a.pull(&town).await;
    assert_eq!(a.ask("select title from employees"), "Usta", "nothing is overwritten in silence");
    let push = a.push_once(&mut town).await.unwrap();
    assert_eq!((push.changes.len(), push.changes[0].base, push.changes[0].at.0), (1, 0, 0), "{push:?}");
    let kept = town.hub.conflicts.last().unwrap();
    assert_eq!(kept.loser.value, Some(model::Value::Text("Usta".to_owned())));
    a.pull(&town).await;
    assert_eq!(a.ask("select title from employees"), "Müdür");
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn what_hangs_on_who_was_not_taken_is_told_when_the_hub_has_them() {
    let (mut town, a, _, id) = not_taken().await;
    adopt(&a, Met::default()).await;
    let day = Timesheet { employee_id: id, work_date: "2026-05-05", ..Timesheet::default() };
    a.desktop.save_timesheet(None, &day).unwrap();
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert_eq!(push.changes.len(), 1);
    let refused = Fate { end: End::Refused, rev: 0, gid: None, reason: Some("orphan".to_owned()) };
    let refused = Pushed { number: push.number, fates: vec![refused], ..Pushed::default() };
    office.settle(&refused).await.unwrap();
    drop(office);
    town.answered(SITE, push.number);
    assert_eq!(a.standing().await.aside, 5);
    assert!(a.push_once(&mut town).await.is_none(), "once");
    a.pull(&town).await;
    a.push_once(&mut town).await.unwrap();
    assert_eq!(a.standing().await.aside, 0);
    a.pull(&town).await;
    assert_eq!(a.ask("select count(distinct id), count(*) from timesheets"), "2|2");
    agree(&town, &[&a]);
}

/// The office tidied up, as the hub did not have them; then somebody decides that they are this office's.
#[tokio::test]
async fn who_was_not_taken_and_is_deleted_here_is_not_deleted_where_they_are() {
    let (mut town, a, b, _) = not_taken().await;
    adopt(&a, Met::default()).await;
    a.sql("delete from employees");
    a.pull(&town).await;
    for _ in 0..2 {
        a.cycle(&mut town).await;
        b.cycle(&mut town).await;
    }
    assert_eq!(a.ask("select full_name, work_date from employees, timesheets"), "Ayşe Örnek|2026-05-04");
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn a_name_that_the_hub_gives_to_another_row_of_the_file_is_that_row_s() {
    let (town, a, _, id) = not_taken().await;
    let person = a.ask("select lower(gid) from denk_shadow where table_name = 'employees'");
    a.sql("insert into employees (full_name, region) values ('Başkası', 'Ankara')");
    let other = a.ask("select max(id) from employees").parse::<i64>().unwrap();
    let table = replica::wire::MetTable {
        table: "employees".to_owned(),
        ids: vec![replica::wire::Cell(model::Value::Int(other))],
        gids: vec![person.parse().unwrap()],
        revs: vec![0],
    };
    adopt(&a, Met { tables: vec![table], ..Met::default() }).await;
    let places = a.ask("select id from denk_shadow where table_name = 'employees'");
    assert_eq!(places, other.to_string(), "{id} goes by no name");
    drop(town);
}

/// Another person was entered in the place of one that was not taken.
#[tokio::test]
async fn who_took_the_place_of_somebody_who_was_not_taken_is_somebody_else() {
    let (mut town, a, _, id) = not_taken().await;
    let person = a.ask("select lower(gid) from denk_shadow where table_name = 'employees'");
    adopt(&a, Met::default()).await;
    a.sql(&format!(
        "update employees set full_name = 'Bambaşka Biri', identity_no = '99999999999', title = 'x' where id = {id}"
    ));
    let push = a.office().await.prepare(&a.clock()).await.unwrap().unwrap();
    let told = push.changes.iter().find(|change| change.table == "employees").unwrap();
    assert!(told.insert.is_some() && told.gid.to_string() != person, "{push:?}");
    a.push_once(&mut town).await.unwrap();
    for _ in 0..3 {
        a.cycle(&mut town).await;
    }
    let people = a.ask("select full_name from employees order by id");
    assert_eq!(people, "Bambaşka Biri Ayşe Örnek");
    agree(&town, &[&a]);
}
