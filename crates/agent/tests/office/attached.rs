//! What hangs on a row hangs on that row at the hub and in every file.

use replica::wire::{End, Fate, Push, Pushed, Row};

use crate::{
    day::{agree, two},
    pc::Pc,
    town::Town,
};

/// Two people, cars and drivers, with something that hangs on each, known to both PCs.
async fn pairs() -> (Town, Pc, Pc) {
    let (mut town, a, b, _) = two().await;
    a.sql(
        "delete from employees;
        insert into employees (id, full_name, region) values (11, 'Ali', 'Ankara'), (12, 'Veli', 'Ankara');
        insert into timesheets (employee_id, work_date, start_time, end_time, notes, region)
            select id, '2026-01-02', '08:00', '17:00', full_name, 'Ankara' from employees;
        insert into vehicles (id, plate, brand, region) values (11, '06 A 1', 'x', 'Ankara'), (12, '06 A 2', 'y', 'Ankara');
        insert into vehicle_faults (vehicle_id, title, region) select id, plate, 'Ankara' from vehicles;
        insert into drivers (id, full_name, phone, region) values (11, 'Can', '0532 111 22 33', 'Ankara'), (12, 'Ece', '0533 222 33 44', 'Ankara');
        insert into vehicle_inspections (vehicle_id, driver_id, inspection_date, week_start, notes, region)
            select 11, id, '2026-01-05', '2026-01-05', full_name, 'Ankara' from drivers",
    );
    settle(&mut town, &[&a, &b]).await;
    (town, a, b)
}

async fn settle(town: &mut Town, pcs: &[&Pc]) {
    for pc in pcs.iter().chain(pcs) {
        pc.cycle(town).await;
    }
}

#[tokio::test]
async fn who_swaps_two_names_takes_along_what_hangs_on_their_numbers() {
    for (table, name) in [("employees", "full_name"), ("vehicles", "plate"), ("drivers", "full_name")] {
        let (mut town, a, b) = pairs().await;
        a.sql(&format!(
            "create temp table other as select id, {name} as name from {table};
            update {table} set {name} = {name} || ' tmp';
            update {table} set {name} = (select name from other where other.id = 23 - {table}.id)"
        ));
        settle(&mut town, &[&a, &b]).await;
        agree(&town, &[&a, &b]);
    }
}

#[tokio::test]
async fn another_person_under_a_number_takes_along_what_hangs_on_it() {
    for each in [false, true] {
        let (mut town, a, b) = pairs().await;
        for sql in [
            "pragma foreign_keys = off; delete from employees where id = 11",
            "insert into employees (id, full_name, title, region) values (11, 'Mehmet Başka', 'Usta', 'Ankara')",
            "update drivers set full_name = 'Zeynep Başka', phone = '9' where id = 12",
        ] {
            a.sql(sql);
            if each {
                a.cycle(&mut town).await;
            }
        }
        settle(&mut town, &[&a, &b]).await;
        agree(&town, &[&a, &b]);
    }
}

#[tokio::test]
async fn a_pulled_row_waits_for_whom_it_names_while_their_number_is_somebody_elses() {
    let (mut town, a, b) = pairs().await;
    b.sql(
        "insert into timesheets (employee_id, work_date, start_time, end_time, region)
        select id, '2026-01-03', '08:00', '17:00', 'Ankara' from employees where full_name = 'Ali'",
    );
    b.cycle(&mut town).await;
    a.sql("insert or replace into employees (id, full_name, title, region) values (11, 'Mehmet Başka', 'Usta', 'Ankara')");
    // Before it is told, or while that waits for a person.
    a.pull(&town).await;
    assert_eq!(a.ask("select count(*) from timesheets where employee_id = 11"), "0", "it is Ali's");
    assert_ne!(a.standing().await.late, 0);
    settle(&mut town, &[&a, &b]).await;
    agree(&town, &[&a, &b]);
}

fn refused(push: &Push) -> Pushed {
    let fate = Fate { end: End::Refused, reason: Some("rejected".into()), ..Fate::default() };
    Pushed { number: push.number, fates: vec![fate; push.changes.len()], ..Pushed::default() }
}

#[tokio::test]
async fn what_was_sent_back_and_changed_meanwhile_is_as_the_pull_says() {
    for deleted in [false, true] {
        let (mut town, a, b) = pairs().await;
        a.sql("update timesheets set notes = 'x'");
        let mut office = a.office().await;
        let push = office.prepare(&a.clock()).await.unwrap().unwrap();
        office.mark_held(push.number).await.unwrap();
        b.sql(if deleted { "delete from timesheets" } else { "update timesheets set notes = 'y'" });
        b.cycle(&mut town).await;
        // As it was answered before these were told: a pull brings them.
        office.settle(&refused(&push)).await.unwrap();
        drop(office);
        town.answered(a.site, push.number);
        settle(&mut town, &[&a, &b]).await;
        agree(&town, &[&a, &b]);
        assert_eq!(a.ask("select count(*) from timesheets where notes = 'x'"), "0");
        assert_eq!(a.standing().await.late, 0);
    }
}

#[tokio::test]
async fn a_name_that_stands_in_the_way_holds_up_no_deletion() {
    let (mut town, a, b) = pairs().await;
    for (pc, phone) in [(&a, "1"), (&b, "2")] {
        pc.sql(&format!(
            "insert into drivers (full_name, phone, region) values ('Ali Veli', '{phone}', 'Ankara')"
        ));
    }
    settle(&mut town, &[&a, &b]).await;
    assert_eq!(b.standing().await.late, 1, "drivers have a name once");
    a.sql("update timesheets set notes = 'later' where notes = 'Ali'");
    settle(&mut town, &[&a, &b]).await;
    b.sql("delete from timesheets where notes = 'later'");
    settle(&mut town, &[&b, &a]).await;
    assert_eq!(a.ask("select group_concat(notes) from timesheets"), "Veli", "it was seen and deleted");
}

#[tokio::test]
async fn what_was_sent_back_and_deleted_by_others_before_that_was_heard_stays_deleted() {
    let (mut town, a, b) = pairs().await;
    a.sql("delete from timesheets");
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    office.mark_held(push.number).await.unwrap();
    // Somebody decides, with the rows as they are now.
    let rows = push.changes.iter().map(|change| town.row(change.gid(), change.gid())).collect();
    let answer = Pushed { rows, from: town.hub.rev.0, ..refused(&push) };
    b.sql("delete from timesheets where notes = 'Ali'");
    b.cycle(&mut town).await;
    drop(office);
    a.pull(&town).await;
    a.office().await.settle(&answer).await.unwrap();
    town.answered(a.site, push.number);
    settle(&mut town, &[&a, &b]).await;
    agree(&town, &[&a, &b]);
    assert_eq!(a.ask("select group_concat(notes) from timesheets"), "Veli");
}

#[tokio::test]
async fn what_still_names_a_row_that_is_gone_takes_what_others_wrote() {
    for comes_back in [false, true] {
        let (mut town, a, b) = pairs().await;
        a.sql("update vehicle_inspections set fault_id = (select min(id) from vehicle_faults)");
        settle(&mut town, &[&a, &b]).await;
        if comes_back {
            a.sql("update vehicle_faults set description = 'later'");
            a.cycle(&mut town).await;
        }
        // The program knows no foreign keys.
        b.sql("pragma foreign_keys = off; delete from vehicle_faults where id = (select min(id) from vehicle_faults)");
        settle(&mut town, &[&b, &a]).await;
        a.sql("update vehicle_inspections set km = 777");
        settle(&mut town, &[&a, &b]).await;
        agree(&town, &[&a, &b]);
        assert_eq!(b.ask("select count(*) from vehicle_inspections where km = 777"), "2");
        assert_eq!(b.standing().await.late, 0);
        let named = "select count(*) from vehicle_inspections join vehicle_faults f on f.id = fault_id";
        assert_eq!(b.ask(named), if comes_back { "2" } else { "0" });
    }
}

#[tokio::test]
async fn what_nobody_can_read_does_not_go_with_a_deletion_of_the_hub() {
    for child in [true, false] {
        let (mut town, a, b) = pairs().await;
        let odd = "cast(x'53fc72fc63fc' as text)";
        a.sql(&if child {
            format!(
                "insert into timesheets (employee_id, work_date, start_time, end_time, notes, region)
                values (11, '2026-01-09', '08:00', '17:00', {odd}, 'Ankara')"
            )
        } else {
            format!("update employees set title = {odd} where id = 11")
        });
        a.cycle(&mut town).await;
        b.sql("delete from timesheets; delete from employees where full_name = 'Ali'");
        b.cycle(&mut town).await;
        a.cycle(&mut town).await;
        assert_eq!(a.ask("select count(*) from employees where id = 11"), "1");
        let there =
            if child { "select count(*) from timesheets" } else { "select count(title) from employees" };
        assert_eq!(a.ask(there), "1");
    }
}

#[tokio::test]
async fn an_answer_to_a_late_deletion_leaves_what_came_after_it() {
    let (mut town, a, b) = pairs().await;
    a.sql("delete from timesheets");
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    office.mark_held(push.number).await.unwrap();
    drop(office);
    let answered = town.push(a.site, &push);
    b.sql("update timesheets set notes = 'y'");
    b.cycle(&mut town).await;
    a.pull(&town).await;
    assert_ne!(a.standing().await.late, 0);
    a.office().await.settle(&answered).await.unwrap();
    settle(&mut town, &[&a, &b]).await;
    agree(&town, &[&a, &b]);
    assert_eq!(a.ask("select count(*) from timesheets where notes = 'y'"), "2");
}

#[tokio::test]
async fn what_is_corrected_in_place_is_the_same_row_however_much_of_it_was_wrong() {
    let (mut town, a, b) = pairs().await;
    a.sql(
        "insert into vehicle_inspection_results (inspection_id, item_key, status) select id, 'fren', 'ok' from vehicle_inspections;
        insert into employees (id, full_name, region) values (20, 'Yeni Personel', 'Ankara')",
    );
    settle(&mut town, &[&a, &b]).await;
    let gids = |table: &str| {
        a.ask(&format!("select id, gid from denk_shadow where table_name = '{table}' order by 1"))
    };
    let before = ["employees", "timesheets", "vehicle_inspections"].map(gids);
    a.sql(
        "update employees set full_name = 'Hasan Çelik', department = 'Depo' where id = 20;
        update employees set full_name = 'Veli X' where id = 11; update employees set full_name = 'Ali' where id = 12;
        update timesheets set work_date = '2026-02-01', start_time = '09:00';
        update vehicle_inspections set inspection_date = '2026-01-12', week_start = '2026-01-12'",
    );
    settle(&mut town, &[&a, &b]).await;
    agree(&town, &[&a, &b]);
    assert_eq!(["employees", "timesheets", "vehicle_inspections"].map(gids), before);
    assert_eq!(b.ask("select count(*) from employees"), "3");
    // A number that is given up and given anew holds another person.
    a.sql("delete from employees where id = 20; insert into employees (id, full_name, region) values (20, 'Zehra Son', 'Ankara')");
    settle(&mut town, &[&a, &b]).await;
    agree(&town, &[&a, &b]);
    assert_ne!(gids("employees"), before[0]);
}

#[tokio::test]
async fn what_is_sent_back_leaves_what_came_after_it() {
    let (mut town, a, b) = pairs().await;
    let before = town.pull(0).rows;
    a.sql("delete from timesheets");
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    office.mark_held(push.number).await.unwrap();
    drop(office);
    b.sql("update timesheets set notes = 'y'");
    b.cycle(&mut town).await;
    a.pull(&town).await;
    assert_ne!(a.standing().await.late, 0);
    let is_told = |row: &Row| push.changes.iter().any(|change| change.gid == row.gid);
    let rows = before.into_iter().filter(is_told).collect();
    a.office().await.settle(&Pushed { rows, ..refused(&push) }).await.unwrap();
    town.answered(a.site, push.number);
    settle(&mut town, &[&a, &b]).await;
    agree(&town, &[&a, &b]);
    assert_eq!(a.ask("select count(*) from timesheets where notes = 'y'"), "2");
}
