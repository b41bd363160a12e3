//! What happens on most days.

use agent::office::BATCH_CHANGES;
use testkit::office::{Employee, Record, ShiftTemplate, Size, Timesheet, Vehicle};

use crate::{
    pc::{Pc, Said, town_says},
    town::{NOW_MS, Town},
};

pub fn person(full_name: &str) -> Employee<'_> {
    Employee { full_name, ..Employee::default() }
}

/// Two PCs of one region that the hub knows, with one employee.
pub async fn two() -> (Town, Pc, Pc, i64) {
    let mut town = Town::new();
    let (a, b) = (Pc::new(1), Pc::new(2));
    let id = a.desktop.save_employee(None, &person("Ayşe Örnek")).unwrap();
    for pc in [&a, &b] {
        pc.cycle(&mut town).await;
    }
    a.pull(&town).await;
    (town, a, b, id)
}

pub fn agree(town: &Town, pcs: &[&Pc]) {
    let said = town_says(town);
    for pc in pcs {
        let ours = pc.says();
        let only = |a: &Said, b: &Said| {
            a.iter()
                .filter(|(row, count)| b.get(*row) != Some(*count))
                .map(|(row, _)| row.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(only(&ours, &said), only(&said, &ours), "PC {} and the hub", pc.site);
    }
}

#[tokio::test]
async fn what_one_office_writes_stands_in_the_other() {
    let (mut town, a, b, id) = two().await;
    agree(&town, &[&a, &b]);
    let other = b.ask("select id from employees").parse::<i64>().unwrap();
    let sheet = Timesheet { employee_id: other, work_date: "2026-05-04", ..Timesheet::default() };
    let sheet = b.desktop.save_timesheet(None, &sheet).unwrap();
    b.cycle(&mut town).await;
    a.cycle(&mut town).await;
    assert_eq!(a.ask("select work_date, employee_id from timesheets"), format!("2026-05-04|{id}"));
    a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    agree(&town, &[&a, &b]);
    assert_eq!(b.ask("select title from employees"), "Usta");
    b.desktop.delete(Record::Timesheet, sheet).unwrap();
    b.cycle(&mut town).await;
    a.cycle(&mut town).await;
    assert_eq!(a.ask("select count(*) from timesheets"), "0");
    for pc in [&a, &b] {
        let standing = pc.standing().await;
        assert_eq!((standing.waiting, standing.late, standing.aside, standing.doubt), (0, 0, 0, false));
    }
}

#[tokio::test]
async fn a_deleted_person_takes_the_hours_along() {
    let (mut town, a, b, id) = two().await;
    for day in ["2026-05-04", "2026-05-05"] {
        a.desktop
            .save_timesheet(None, &Timesheet { employee_id: id, work_date: day, ..Timesheet::default() })
            .unwrap();
    }
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    a.desktop.delete(Record::Employee, id).unwrap();
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    assert_eq!(b.ask("select (select count(*) from employees), (select count(*) from timesheets)"), "0|0");
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn hours_that_a_program_without_foreign_keys_leaves_behind_go_too() {
    let (mut town, a, b, id) = two().await;
    a.desktop
        .save_timesheet(None, &Timesheet { employee_id: id, work_date: "2026-05-04", ..Timesheet::default() })
        .unwrap();
    a.cycle(&mut town).await;
    b.cycle(&mut town).await;
    a.sql("pragma foreign_keys = off; delete from employees");
    assert_eq!(a.ask("select count(*) from timesheets"), "1");
    a.cycle(&mut town).await;
    assert_eq!(a.ask("select count(*) from timesheets"), "0");
    assert_eq!(a.standing().await.late, 0);
    agree(&town, &[&a]);
}

#[tokio::test]
async fn a_template_that_is_replaced_is_the_same_one() {
    let (mut town, a, b, _) = two().await;
    let template = ShiftTemplate { name: "Gece", start_time: "22:00", end_time: "06:00", break_minutes: 30 };
    a.desktop.save_shift_template(&template).unwrap();
    a.cycle(&mut town).await;
    let rows = town.hub.rows.len();
    let id = a.desktop.save_shift_template(&ShiftTemplate { break_minutes: 45, ..template }).unwrap();
    let push = a.push_once(&mut town).await.unwrap();
    assert_eq!(push.changes.len(), 1, "{:?}", push.changes);
    assert_eq!(push.changes[0].update.as_ref().unwrap().len(), 1);
    assert_eq!(town.hub.rows.len(), rows);
    a.pull(&town).await;
    b.cycle(&mut town).await;
    assert_eq!(a.ask("select id from shift_templates where name = 'Gece'"), id.to_string());
    assert_eq!(b.ask("select break_minutes from shift_templates where name = 'Gece'"), "45");
    agree(&town, &[&a, &b]);
    assert_eq!(a.standing().await.late, 0);
}

#[tokio::test]
async fn a_batch_reads_the_rows_that_were_noted_and_no_other() {
    let mut town = Town::new();
    let pc = Pc::with(1, Size::year());
    pc.cycle(&mut town).await;
    agree(&town, &[&pc]);
    // Unseen: the journal takes it for denk's own.
    pc.sql("insert into denk_own values (1); update timesheets set notes = 'x' where id % 3 = 0; delete from denk_own");
    let id: i64 = pc.ask("select max(id) from timesheets").parse().unwrap();
    pc.sql(&format!("update timesheets set notes = 'görüldü' where id = {id}"));
    let push = pc.push_once(&mut town).await.unwrap();
    assert_eq!(push.changes.len(), 1);
    assert_eq!(push.rows["timesheets"], 2_000);
    assert_eq!(push.rows.len(), 1);
}

#[tokio::test]
async fn what_was_changed_back_is_nothing_to_tell() {
    let (mut town, a, ..) = two().await;
    a.sql("update employees set title = 'x'; update employees set title = ''; insert into drivers (full_name) values ('y'); delete from drivers");
    assert_eq!(a.standing().await.waiting, 2);
    assert_eq!(a.push_once(&mut town).await, None);
    assert_eq!(a.standing().await.waiting, 0);
}

#[tokio::test]
async fn a_cycle_with_nothing_to_do_leaves_the_file_alone() {
    let (mut town, a, ..) = two().await;
    a.cycle(&mut town).await;
    let before = std::fs::metadata(a.path()).unwrap().modified().unwrap();
    let bytes = std::fs::read(a.path()).unwrap();
    a.cycle(&mut town).await;
    assert!(std::fs::read(a.path()).unwrap() == bytes);
    assert_eq!(std::fs::metadata(a.path()).unwrap().modified().unwrap(), before);
}

#[tokio::test]
async fn a_month_off_line_goes_in_batches_with_the_times_at_which_it_was_written() {
    let (mut town, a, b, id) = two().await;
    let sheets = 2 * BATCH_CHANGES + 100;
    a.sql(&format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < {sheets})
         insert into timesheets (employee_id, work_date, start_time, end_time, region)
         select {id}, '2026-05-04', '08:00', '17:00', 'Ankara' from n"
    ));
    a.sql(
        "update denk_journal set at = strftime('%Y-%m-%d %H:%M:%f', '2026-04-01', '+' || id || ' seconds')",
    );
    let first: i64 = a.ask("select min(id) from denk_journal where table_name is not null").parse().unwrap();
    let start_ms = 1_775_001_600_000;
    let mut at = Vec::new();
    for changes in [BATCH_CHANGES, BATCH_CHANGES, 100] {
        let push = a.push_once(&mut town).await.unwrap();
        assert_eq!(push.changes.len(), changes);
        at.extend(push.changes.iter().map(|change| change.at));
    }
    let expected = (0..sheets as i64).map(|row| (start_ms + (first + row) * 1000, 0));
    let odd = at.iter().copied().zip(expected).find(|(at, expected)| at != expected);
    assert_eq!((at.len(), odd), (sheets, None));
    assert!(at.last().unwrap().0 < NOW_MS);
    assert_eq!(a.push_once(&mut town).await, None);
    b.cycle(&mut town).await;
    agree(&town, &[&b]);
}

#[tokio::test]
async fn what_the_office_edits_meanwhile_stays_on_top() {
    let (mut town, a, b, id) = two().await;
    a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
    a.cycle(&mut town).await;
    let other = b.ask("select id from employees").parse::<i64>().unwrap();
    b.desktop.save_employee(Some(other), &Employee { department: "Depo", ..person("Ayşe Örnek") }).unwrap();
    b.pull(&town).await;
    assert_eq!(b.ask("select title, department from employees"), "|Depo", "not under the person's hands");
    let standing = b.standing().await;
    assert_eq!((standing.late, standing.waiting), (1, 1));
    b.cycle(&mut town).await;
    assert_eq!(b.ask("select title, department from employees"), "Usta|Depo");
    a.cycle(&mut town).await;
    agree(&town, &[&a, &b]);
    assert_eq!(b.standing().await.late, 0);
}

#[tokio::test]
async fn an_edit_that_loses_against_a_later_one_gives_way_to_it() {
    let (mut town, a, b, _) = two().await;
    a.sql("update employees set title = 'Usta'");
    a.cycle(&mut town).await;
    b.sql("update employees set title = 'Kalfa'; update denk_journal set at = '2026-01-01 00:00:00'");
    b.pull(&town).await;
    assert_eq!(b.ask("select title from employees"), "Kalfa");
    b.cycle(&mut town).await;
    assert_eq!(b.ask("select title from employees"), "Usta");
    assert_eq!(town.hub.conflicts.len(), 1);
    agree(&town, &[&a, &b]);
}

#[tokio::test]
async fn what_is_done_to_a_row_comes_after_everything_that_was_seen_of_it() {
    let (mut town, a, b, _) = two().await;
    a.sql("update employees set title = 'Usta'");
    a.cycle(&mut town).await;
    town.clock_ms = NOW_MS - 5;
    b.cycle(&mut town).await;
    for counter in 1..3 {
        b.sql(&format!(
            "update employees set title = '{counter}'; update denk_journal set at = '2026-01-01 00:00:00'"
        ));
        let push = b.push_once(&mut town).await.unwrap();
        assert_eq!(push.changes[0].at, (NOW_MS - 5, counter));
    }
}

#[tokio::test]
async fn an_edit_that_is_taken_back_lets_the_hubs_row_in() {
    let (mut town, a, b, id) = two().await;
    a.desktop.save_employee(Some(id), &Employee { title: "Usta", ..person("Ayşe Örnek") }).unwrap();
    a.cycle(&mut town).await;
    b.sql("update employees set department = 'Depo'");
    b.pull(&town).await;
    b.sql("update employees set department = ''");
    b.cycle(&mut town).await;
    assert_eq!(b.ask("select title, department from employees"), "Usta|");
    assert_eq!(b.standing().await.late, 0);
}

#[tokio::test]
async fn a_row_that_a_new_one_of_the_office_needs_is_not_taken_away() {
    let (mut town, a, b, id) = two().await;
    a.desktop.delete(Record::Employee, id).unwrap();
    a.cycle(&mut town).await;
    let other = b.ask("select id from employees").parse::<i64>().unwrap();
    b.desktop
        .save_timesheet(
            None,
            &Timesheet { employee_id: other, work_date: "2026-05-04", ..Timesheet::default() },
        )
        .unwrap();
    b.pull(&town).await;
    assert_eq!(b.ask("select count(*) from timesheets"), "1");
    assert_eq!(b.standing().await.late, 1);
    b.cycle(&mut town).await;
    a.cycle(&mut town).await;
    assert_eq!(b.ask("select id from employees"), other.to_string(), "it was never away");
    agree(&town, &[&a, &b]);
    assert_eq!(b.standing().await.late, 0);
}

#[tokio::test]
async fn a_name_that_both_offices_gave_is_one_row() {
    let (mut town, a, b, _) = two().await;
    for (pc, km) in [(&a, 10), (&b, 20)] {
        let vehicle = Vehicle { plate: "06 ABC 123", km, ..Vehicle::default() };
        pc.desktop.save_vehicle(None, &vehicle).unwrap();
    }
    a.cycle(&mut town).await;
    b.pull(&town).await;
    assert_eq!(b.ask("select km from vehicles"), "20", "its own is not told yet");
    assert_eq!(b.standing().await.late, 1);
    for pc in [&b, &a, &b] {
        pc.cycle(&mut town).await;
    }
    agree(&town, &[&a, &b]);
    assert_eq!(b.ask("select count(*) from vehicles"), "1");
    assert_eq!(b.standing().await.late, 0);
}

#[tokio::test]
async fn what_is_the_pcs_own_never_leaves_it() {
    let (mut town, a, ..) = two().await;
    a.desktop.save_setting("sync_token", "gizli").unwrap();
    a.sql("insert into users (username, password_hash, role, region) values ('veli', 'x', 'user', 'Ankara')");
    a.sql("insert into reports (file_path, created_at) values ('C:\\x.xlsx', '2026-05-04')");
    a.sql("insert into deleted_records (table_name, record_id, deleted_at) values ('employees', 1, '2026-05-04')");
    assert_eq!(a.push_once(&mut town).await, None);
    assert_eq!(a.standing().await.waiting, 0);
}

#[tokio::test]
async fn long_notes_go_in_several_batches_and_what_no_batch_can_hold_stays() {
    let (mut town, a, b, _) = two().await;
    let mega = "printf('%.*c', 1000000, 'x')";
    a.sql(&format!(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10)
        insert into drivers (full_name, notes, region) select 'Kişi ' || i, {mega}, 'Ankara' from n"
    ));
    let first = a.push_once(&mut town).await.unwrap();
    assert!(first.changes.len() < 6, "{}", first.changes.len());
    a.push(&mut town).await;
    b.cycle(&mut town).await;
    agree(&town, &[&a, &b]);
    a.sql("insert into drivers (full_name, notes, region) values ('Uzun', printf('%.*c', 5000000, 'x'), 'Ankara'), ('Kısa', 'x', 'Ankara')");
    assert_eq!(a.push_once(&mut town).await.unwrap().changes.len(), 1);
    assert_eq!((a.push_once(&mut town).await, a.standing().await.aside), (None, 1));
}
