//! Refused and held batches, restored and copied files, a restored hub.

use agent::office::{BATCH_CHANGES, Clockwork};
use replica::wire::{End, Fate, Pushed, Row};
use testkit::office::{Employee, Record, Timesheet};

use crate::{
    day::{agree, person, two},
    town::{Town, welcome},
};

/// The hub's answer to a batch of which it takes nothing.
fn refused(push: &replica::wire::Push, rows: Vec<Row>) -> Pushed {
    let fate = Fate { end: End::Refused, reason: Some("region".into()), ..Fate::default() };
    Pushed { number: push.number, fates: vec![fate; push.changes.len()], rows, ..Pushed::default() }
}

fn page_row(town: &Town, name: &str) -> Row {
    let said = |row: &Row| row.cells.as_ref().is_some_and(|cells| format!("{cells:?}").contains(name));
    town.pull(0).rows.into_iter().find(said).unwrap()
}

#[tokio::test]
async fn a_refused_row_stays_in_the_file_and_is_not_sent_until_it_changes() {
    let (mut town, a, ..) = two().await;
    let id = a.desktop.save_employee(None, &person("Yabancı")).unwrap();
    a.desktop
        .save_timesheet(None, &Timesheet { employee_id: id, work_date: "2026-05-04", ..Timesheet::default() })
        .unwrap();
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    office.settle(&refused(&push, Vec::new())).await.unwrap();
    assert_eq!(office.prepare(&a.clock()).await.unwrap(), None);
    drop(office);
    assert_eq!(a.standing().await.aside, 2);
    a.sql("update employees set full_name = full_name");
    assert_eq!(a.office().await.prepare(&a.clock()).await.unwrap(), None, "it was touched and says the same");
    a.sql("update timesheets set notes = 'daha'");
    assert_eq!(a.office().await.prepare(&a.clock()).await.unwrap(), None, "its person is not known");
    assert_eq!(a.ask("select count(*) from timesheets"), "1");
    // The day after everything is compared.
    a.sql("update denk_state set value = '1' where name = 'compared'");
    assert_eq!(a.office().await.prepare(&a.clock()).await.unwrap(), None);
    a.desktop.save_employee(Some(id), &person("Bizden Biri")).unwrap();
    town.answered(a.site, push.number);
    a.push(&mut town).await;
    assert_eq!(a.standing().await.aside, 0);
    a.pull(&town).await;
    agree(&town, &[&a]);
}

#[tokio::test]
async fn a_refused_change_is_set_back_under_the_same_id() {
    let (town, a, _, id) = two().await;
    a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    let row = page_row(&town, "Ayşe");
    office.settle(&refused(&push, vec![row.clone()])).await.unwrap();
    assert_eq!(a.ask("select id, title from employees"), format!("{id}|"));
    a.desktop.delete(Record::Employee, id).unwrap();
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert!(push.changes[0].delete.is_some());
    office.settle(&refused(&push, vec![row])).await.unwrap();
    assert_eq!(a.ask("select id, title from employees"), format!("{id}|"));
    assert_eq!(office.prepare(&a.clock()).await.unwrap(), None);
    agree(&town, &[&a]);
}

#[tokio::test]
async fn an_edit_made_while_a_change_is_refused_is_told_and_not_overwritten() {
    let (town, a, _, id) = two().await;
    a.sql("update employees set title = 'Usta'");
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    a.sql("update employees set title = 'Kalfa'");
    office.settle(&refused(&push, vec![page_row(&town, "Ayşe")])).await.unwrap();
    assert_eq!(a.ask("select id, title from employees"), format!("{id}|Kalfa"));
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert_eq!(push.changes.len(), 1);
}

#[tokio::test]
async fn a_held_batch_gives_way_to_one_that_says_more() {
    let (mut town, a, b, _) = two().await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    let mut office = a.office().await;
    let first = office.prepare(&a.clock()).await.unwrap().unwrap();
    office.settle(&Pushed { number: first.number, held: true, ..Pushed::default() }).await.unwrap();
    let standing = office.standing().await.unwrap();
    assert_eq!((standing.outbox, standing.held, standing.waiting), (Some(first.number), true, 1));
    assert_eq!(office.prepare(&a.clock()).await.unwrap().as_ref(), Some(&first), "nothing new");
    a.sql("update drivers set phone = '0'; insert into drivers (full_name, region) values ('İki', 'Ankara')");
    let second = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert_eq!((second.number, second.changes.len()), (first.number + 1, 2));
    assert_eq!(second.changes[0].gid, first.changes[0].gid);
    assert_eq!(second.changes[0].insert.as_ref().unwrap()["phone"].0, model::Value::Text("0".into()));
    // It was decided meanwhile.
    office.decided().await.unwrap();
    assert_eq!(office.prepare(&a.clock()).await.unwrap().as_ref(), Some(&first));
    let pushed = town.push(a.site, &first);
    office.settle(&pushed).await.unwrap();
    drop(office);
    for pc in [&a, &b] {
        pc.cycle(&mut town).await;
    }
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn a_restored_file_says_so_and_loses_nothing() {
    let (mut town, a, b, id) = two().await;
    let backup = a.backup();
    a.sql("insert into drivers (full_name, region) values ('Sonraki', 'Ankara')");
    a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
    a.cycle(&mut town).await;
    let number = a.standing().await.number;
    a.restore(&backup);
    a.sql("insert into drivers (full_name, region) values ('Başka', 'Ankara')");
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert!(push.number <= number, "the hub sees that it is an older file");
    office.older(number).await.unwrap();
    let standing = office.standing().await.unwrap();
    assert_eq!((standing.number, standing.outbox, standing.doubt), (number, None, true));
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert_eq!((push.number, push.unsure), (number + 1, true));
    drop(office);
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    assert_eq!(a.ask("select full_name from drivers order by 1"), "Başka Sonraki");
    assert_eq!(a.ask("select title from employees"), "Usta");
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn what_a_file_of_unknown_age_hangs_on_a_deleted_row_does_not_keep_that_one() {
    let (mut town, a, b, id) = two().await;
    b.sql("delete from employees");
    b.cycle(&mut town).await;
    let day = Timesheet { employee_id: id, work_date: "2026-05-04", ..Timesheet::default() };
    a.desktop.save_timesheet(None, &day).unwrap();
    a.pull(&town).await;
    assert_eq!(a.standing().await.late, 1, "the day needs its person");
    let number = a.standing().await.number;
    a.office().await.older(number).await.unwrap();
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    agree(&town, &[&a, &b]);
    assert_eq!(a.ask("select (select count(*) from employees) + (select count(*) from timesheets)"), "0");
    let kept = town.hub.rows.values().filter(|row| !row.lives()).count();
    assert_eq!(kept, 2, "the hub keeps the day with its person");
}

#[tokio::test]
async fn a_row_that_nobody_was_told_of_is_the_same_in_two_copies_of_a_file() {
    let (_, a, ..) = two().await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    let copy = a.copied(1);
    let mut gids = Vec::new();
    for pc in [&a, &copy] {
        let push = pc.office().await.prepare(&pc.clock()).await.unwrap().unwrap();
        gids.push(push.changes[0].gid);
    }
    assert_eq!(gids[0], gids[1]);
    let (_, other, ..) = two().await;
    other.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    other.sql("update denk_state set value = '{\"made_ms\":1,\"random\":[1,2]}' where name = 'nonce'");
    let push = other.office().await.prepare(&other.clock()).await.unwrap().unwrap();
    assert_ne!(push.changes[0].gid, gids[0]);
}

#[tokio::test]
async fn a_copy_made_while_a_batch_is_on_its_way_tells_the_same_rows() {
    let (mut town, a, ..) = two().await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    let on_its_way = a.office().await.prepare(&a.clock()).await.unwrap().unwrap();
    a.sql("insert into drivers (full_name, region) values ('İki', 'Ankara')");
    let copy = a.copied(9);
    let mut told = vec![on_its_way.changes[0].gid];
    a.push_once(&mut town).await;
    told.push(a.push_once(&mut town).await.unwrap().changes[0].gid);
    let mut office = copy.office().await;
    let welcome = welcome("town", 9, "Ankara");
    assert!(office.take_over(&welcome).await.unwrap());
    let push = office.prepare(&copy.clock()).await.unwrap().unwrap();
    let gids: Vec<_> = push.changes.iter().map(|change| change.gid).collect();
    assert_eq!((gids, push.unsure), (told, true));
}

#[tokio::test]
async fn what_is_typed_after_a_restored_file_was_compared_is_not_old() {
    let (mut town, a, ..) = two().await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    a.cycle(&mut town).await;
    for differing in [false, true] {
        let number = a.standing().await.number;
        a.office().await.older(number).await.unwrap();
        if differing {
            a.sql(&format!(
                "with recursive n(i) as (select 1 union all select i + 1 from n where i <= {BATCH_CHANGES})
                insert into drivers (full_name, region) select 'Kişi ' || i, 'Ankara' from n"
            ));
            assert!(a.push_once(&mut town).await.unwrap().unsure);
            assert!(a.push_once(&mut town).await.unwrap().unsure, "the rest of the comparison");
        }
        assert!(a.push_once(&mut town).await.is_none());
        a.sql("update drivers set phone = phone || '1' where full_name = 'Bir'; update drivers set phone = '1' where full_name = 'Bir' and phone is null");
        assert!(!a.push_once(&mut town).await.unwrap().unsure);
    }
}

#[tokio::test]
async fn what_a_restored_hub_lost_is_told_again() {
    let (mut town, a, b, id) = two().await;
    let (hub, seen, number) = (town.hub.clone(), town.hub.rev.0, a.standing().await.number);
    a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    a.cycle(&mut town).await;
    let gid = page_row(&town, "Bir").gid;
    town.hub = hub;
    town.answered(a.site, number);
    let mut office = a.office().await;
    office.behind(number, seen).await.unwrap();
    assert_eq!(office.prepare(&a.clock()).await.unwrap(), None, "first everything is pulled");
    drop(office);
    a.pull(&town).await;
    assert_eq!(a.ask("select title from employees"), "Usta", "what only the file knows is not overwritten");
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    assert_eq!(page_row(&town, "Bir").gid, gid);
    assert_eq!(b.ask("select title from employees"), "Usta");
    agree(&town, &[&a, &b]);
    // What is typed from now on is typed over what it lies upon.
    let lies_upon = page_row(&town, "Bir").rev;
    a.sql("update drivers set phone = '7'");
    assert_eq!(a.push_once(&mut town).await.unwrap().changes[0].base, lies_upon);
}

#[tokio::test]
async fn what_another_pc_knew_newer_stands_when_a_restored_hub_is_told_again() {
    for first_told_by in ["who knew it newer", "who knew it older"] {
        let (mut town, a, b, id) = two().await;
        let (hub, seen) = (town.hub.clone(), town.hub.rev.0);
        let numbers = [a.standing().await.number, b.standing().await.number];
        town.clock_ms = 1_000;
        a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
        a.cycle(&mut town).await;
        b.cycle(&mut town).await;
        b.sql("update employees set title = 'Şef'");
        b.cycle(&mut town).await;
        town.hub = hub;
        let mut pcs = [(&a, numbers[0]), (&b, numbers[1])];
        if first_told_by == "who knew it newer" {
            pcs.reverse();
        }
        for (hours, (pc, number)) in (1..).zip(pcs) {
            town.answered(pc.site, number);
            pc.office().await.behind(number, seen).await.unwrap();
            pc.pull(&town).await;
            let (mut office, clock) = (pc.office().await, pc.clock());
            let later = Clockwork { now_ms: clock.now_ms + hours * 3_600_000, ..clock };
            let push = office.prepare(&later).await.unwrap().unwrap();
            assert!(push.changes.iter().all(|change| change.base <= seen), "{first_told_by}: {push:?}");
            office.settle(&town.push(pc.site, &push)).await.unwrap();
        }
        for pc in [&a, &b, &a] {
            pc.cycle(&mut town).await;
        }
        assert_eq!(a.ask("select title from employees"), "Şef", "{first_told_by}");
        agree(&town, &[&a, &b]);
    }
}

#[tokio::test]
async fn what_others_tell_a_restored_hub_meanwhile_is_not_lost_with_the_answer() {
    let (mut town, a, b, _) = two().await;
    let (hub, seen) = (town.hub.clone(), town.hub.rev.0);
    let numbers = [a.standing().await.number, b.standing().await.number];
    a.sql("insert into drivers (full_name, phone, region) values ('Bir', '1', 'Ankara')");
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    b.sql("update drivers set phone = '2'");
    b.cycle(&mut town).await;
    town.hub = hub;
    for (pc, number) in [(&a, numbers[0]), (&b, numbers[1])] {
        town.answered(pc.site, number);
        pc.office().await.behind(number, seen).await.unwrap();
        pc.pull(&town).await;
    }
    let push = a.office().await.prepare(&a.clock()).await.unwrap().unwrap();
    assert!(push.changes.iter().any(|change| change.insert.is_some()), "the hub has lost it");
    // It waits for somebody; meanwhile the other one tells the row as it knows it.
    b.push_once(&mut town).await.unwrap();
    a.pull(&town).await;
    let answer = town.push(a.site, &push);
    a.office().await.settle(&answer).await.unwrap();
    for pc in [&a, &b, &a] {
        pc.cycle(&mut town).await;
    }
    agree(&town, &[&a, &b]);
    assert_eq!(a.ask("select phone from drivers"), "2");
}

#[tokio::test]
async fn a_hub_that_is_restored_again_is_told_again_what_others_had_told_it() {
    let (mut town, a, b, _) = two().await;
    let (hub, seen) = (town.hub.clone(), town.hub.rev);
    let numbers = [a.standing().await.number, b.standing().await.number];
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    town.hub = hub.clone();
    for (pc, number) in [(&a, numbers[0]), (&b, numbers[1])] {
        town.answered(pc.site, number);
        pc.office().await.behind(number, seen.0).await.unwrap();
        pc.cycle(&mut town).await;
        pc.cycle(&mut town).await;
    }
    // It comes back as it was a moment before the first told it of that row, and that one is away.
    let told = page_row(&town, "Bir").rev;
    assert!(told > seen.0);
    town.hub = hub;
    town.hub.rev = model::Rev(told - 1);
    town.answered(b.site, numbers[1]);
    b.office().await.behind(numbers[1], told - 1).await.unwrap();
    b.pull(&town).await;
    b.cycle(&mut town).await;
    assert!(page_row(&town, "Bir").cells.is_some());
}

#[tokio::test]
async fn an_answer_is_taken_once() {
    let (mut town, a, ..) = two().await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    assert_eq!(office.prepare(&a.clock()).await.unwrap().as_ref(), Some(&push));
    let pushed = town.push(a.site, &push);
    for _ in 0..2 {
        office.settle(&pushed).await.unwrap();
    }
    let short = Pushed { number: push.number + 1, ..Pushed::default() };
    assert!(office.settle(&short).await.is_err());
    drop(office);
    let page = town.pull(0);
    let mut office = a.office().await;
    let before = a.says();
    office.apply(&page).await.unwrap();
    assert_eq!(a.says(), before);
    assert!(
        office
            .apply(&replica::wire::Page { after: page.next + 9, next: page.next + 10, ..page })
            .await
            .is_err()
    );
}

#[tokio::test]
async fn two_rows_that_turn_out_to_be_one_are_one_and_keep_their_children() {
    let (town, a, _, id) = two().await;
    a.sql("insert into employees (full_name, region) values ('Ayşe Örnek (2)', 'Ankara')");
    let mut town = town;
    let twin: i64 = a.ask("select max(id) from employees").parse().unwrap();
    a.desktop
        .save_timesheet(
            None,
            &Timesheet { employee_id: twin, work_date: "2026-05-04", ..Timesheet::default() },
        )
        .unwrap();
    a.cycle(&mut town).await;
    let (row, stays) = (
        page_row(&town, "(2)"),
        town.pull(0)
            .rows
            .into_iter()
            .find(|row| {
                row.cells.as_ref().is_some_and(|cells| {
                    cells
                        .get("full_name")
                        .is_some_and(|name| name.0 == model::Value::Text("Ayşe Örnek".into()))
                })
            })
            .unwrap(),
    );
    let mut office = a.office().await;
    let cursor = office.standing().await.unwrap().cursor;
    let row = Row { cells: None, became: Some(stays.gid), rev: cursor + 1, ..row };
    let page = replica::wire::Page {
        after: cursor,
        next: cursor + 1,
        rows: vec![row],
        ..replica::wire::Page::default()
    };
    office.apply(&page).await.unwrap();
    assert_eq!(a.ask("select id from employees"), id.to_string());
    assert_eq!(a.ask("select employee_id from timesheets"), id.to_string());
    assert_eq!(office.standing().await.unwrap().late, 0);
    assert_eq!(office.prepare(&a.clock()).await.unwrap(), None, "there is nothing to tell");
}

#[tokio::test]
async fn a_pc_of_another_hub_is_met_again() {
    let (_, a, ..) = two().await;
    let mut other = Town::new();
    let mut office = a.office().await;
    let copy = office.copy().await.unwrap();
    let met = other.meet(7, &copy);
    office.adopt(&copy, (&welcome("town", 7, "Ankara"), &met), &a.clock()).await.unwrap();
    let standing = office.standing().await.unwrap();
    assert_eq!((standing.site, standing.cursor, standing.number), (Some(7), 0, 0));
    drop(office);
    let a = a.of_site(7);
    a.cycle(&mut other).await;
    agree(&other, &[&a]);
}
