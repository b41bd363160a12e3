//! Two files compared by what their rows are.

use std::path::Path;

use replica::compare::{Comparison, Found, compare};
use rusqlite::Connection;
use testkit::office::{Shape, Size};

use crate::{Lab, Parcel, everything};

fn comparisons(lab: &Lab, a: &Path, b: &Path) -> Vec<Comparison> {
    compare(&lab.read(a), &lab.read(b), &lab.rules)
}

fn only(all: Vec<Comparison>) -> Comparison {
    let [one] =
        all.into_iter().filter(|one| !one.differences.is_empty()).collect::<Vec<_>>().try_into().unwrap();
    one
}

fn change(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

/// The same office in two files.
fn twins(lab: &Lab) -> [std::path::PathBuf; 2] {
    ["a.db", "b.db"].map(|name| lab.generate(name, Shape::Live, everything()))
}

#[test]
fn a_file_equals_itself_and_its_handout() {
    let lab = Lab::new();
    let path = lab.generate("o.db", Shape::Live, everything());
    let handed = lab.hand_out("h.db", &mut Parcel::of(&lab.read(&path)));
    let all = comparisons(&lab, &path, &handed);
    assert_eq!(all.len(), 10);
    assert!(all.iter().all(|one| one.differences.is_empty() && one.missing + one.extra + one.different == 0));
    assert_eq!(all.iter().find(|one| one.table == "timesheets").unwrap().compared, 76);
}

#[test]
fn ids_mean_nothing() {
    let lab = Lab::new();
    let [a, b] = twins(&lab);
    let moved = "pragma foreign_keys = off; update employees set id = 2000 - id; update timesheets set employee_id = 2000 - employee_id, id = 5000 - id;
                 update vehicles set id = id + 70; update vehicle_faults set vehicle_id = vehicle_id + 70, id = 900 - id;
                 update vehicle_inspections set vehicle_id = vehicle_id + 70, id = 600 - id, fault_id = 900 - fault_id;
                 update vehicle_inspection_results set inspection_id = 600 - inspection_id;
                 update vehicle_service_visits set vehicle_id = vehicle_id + 70, fault_id = 900 - fault_id;";
    change(&b, moved);
    assert_eq!(crate::one(&b, "select cast(count(*) as text) from pragma_foreign_key_check"), "0");
    for one in comparisons(&lab, &a, &b) {
        assert_eq!(one.differences, [], "{}", one.table);
    }
}

#[test]
fn rows_under_equal_ids_are_not_the_same_for_that() {
    let lab = Lab::new();
    let sql = |name: &str| {
        format!(
        "create table employees (id integer primary key, full_name text, title text); insert into employees values (1, '{name}', 'Usta');
         create table timesheets (id integer primary key, employee_id, work_date text, start_time text);
         insert into timesheets values (1, 1, '2026-01-05', '08:30')")
    };
    let (a, b) = (lab.script("a.db", &sql("Ayşe Örnek")), lab.script("b.db", &sql("Mehmet Deneme")));
    for one in comparisons(&lab, &a, &b) {
        assert_eq!((one.compared, one.missing, one.extra), (0, 1, 1), "{}", one.table);
        let keys: Vec<_> = one.differences.iter().map(|found| (found.key.as_str(), found.found)).collect();
        let expected = match one.table.as_str() {
            "employees" => ["Ayşe Örnek", "Mehmet Deneme"],
            _ => ["Ayşe Örnek | 2026-01-05", "Mehmet Deneme | 2026-01-05"],
        };
        assert_eq!(keys, [(expected[0], Found::Missing), (expected[1], Found::Extra)]);
    }
}

#[test]
fn a_difference_names_the_row_and_its_columns() {
    let lab = Lab::new();
    let [a, b] = twins(&lab);
    change(
        &b,
        "update timesheets set end_time = '23:59', notes = 'düzeltildi' where id = (select min(id) from timesheets)",
    );
    let found = only(comparisons(&lab, &a, &b));
    assert_eq!((found.table.as_str(), found.compared, found.different), ("timesheets", 76, 1));
    let [difference] = found.differences.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        (&*difference.columns, difference.found),
        (&["end_time".to_owned(), "notes".to_owned()][..], Found::Different)
    );
    let name = crate::one(
        &a,
        "select full_name from employees where id = (select employee_id from timesheets order by id)",
    );
    assert!(difference.key.starts_with(&format!("{name} | 20")), "{}", difference.key);
}

#[test]
fn a_corrected_name_does_not_cost_a_person_the_timesheets() {
    let lab = Lab::new();
    let [a, b] = twins(&lab);
    change(&b, "update employees set full_name = full_name || ' Yıldız' where id = 1");
    let found = only(comparisons(&lab, &a, &b));
    assert_eq!((found.table.as_str(), found.different, found.missing, found.extra), ("employees", 1, 0, 0));
    assert_eq!(found.differences[0].columns, ["full_name"]);
}

#[test]
fn several_shifts_of_one_day_are_matched_one_by_one() {
    let lab = Lab::new();
    let sql = |shifts: &str| {
        format!(
        "create table employees (id integer primary key, full_name text); insert into employees values (1, 'Ayşe Örnek');
         create table timesheets (id integer primary key, employee_id, work_date text, start_time text, end_time text);
         insert into timesheets (employee_id, work_date, start_time, end_time) values {shifts}")
    };
    let shift = |start: &str, end: &str| format!("(1, '2026-01-05', '{start}', '{end}')");
    let a =
        [shift("08:00", "12:00"), shift("13:00", "17:00"), shift("18:00", "20:00"), shift("18:00", "20:00")]
            .join(", ");
    let b = [shift("18:00", "20:00"), shift("13:00", "17:30"), shift("08:00", "12:00")].join(", ");
    let found = only(comparisons(&lab, &lab.script("a.db", &sql(&a)), &lab.script("b.db", &sql(&b))));
    assert_eq!((found.compared, found.different, found.missing, found.extra), (3, 1, 1, 0));
    let columns: Vec<_> =
        found.differences.iter().map(|found| (found.found, found.columns.join(","))).collect();
    assert_eq!(columns, [(Found::Different, "end_time".into()), (Found::Missing, String::new())]);
}

#[test]
fn hundreds_of_rows_that_say_the_same_of_themselves_still_find_their_equals() {
    let lab = Lab::new();
    let sql = |order: &str| {
        format!(
            "create table employees (id integer primary key, full_name text, identity_no text);
         with recursive n (i) as (select 1 union all select i + 1 from n where i < 300)
         insert into employees (full_name, identity_no) select 'Ayşe Örnek', i from n order by i {order}"
        )
    };
    let found = comparisons(&lab, &lab.script("a.db", &sql("asc")), &lab.script("b.db", &sql("desc")));
    assert_eq!((found[0].compared, found[0].differences.len()), (300, 0));
}

#[test]
fn what_a_file_does_not_know_is_no_difference() {
    let lab = Lab::new();
    let small = Size { ..Size::before_sync() };
    let (a, b) =
        (lab.generate("a.db", Shape::PreSync, small), lab.generate("b.db", Shape::D2Upgraded, small));
    for one in comparisons(&lab, &a, &b)
        .iter()
        .filter(|one| ["employees", "timesheets", "shift_templates"].contains(&&*one.table))
    {
        assert_eq!(one.differences, [], "{}", one.table);
        assert!(one.compared > 0);
    }
    change(&b, "delete from timesheets");
    assert_eq!(only(comparisons(&lab, &a, &b)).missing, 37);
    assert_eq!(only(comparisons(&lab, &b, &a)).extra, 37);
}

#[test]
fn two_people_of_one_name_are_two() {
    let lab = Lab::new();
    let script = |name: &str, rows: &str| {
        let shape =
            "create table employees (id integer primary key, full_name text, identity_no text, title text)";
        lab.script(name, &format!("{shape}; insert into employees values {rows}"))
    };
    let (first, second) =
        ("(1, 'Ali Örnek', '10000000146', 'Usta')", "(5, 'Ali Örnek', '10000000238', 'Usta')");
    let one = only(comparisons(&lab, &script("a.db", first), &script("b.db", second)));
    assert_eq!((one.compared, one.missing, one.extra, one.different), (0, 1, 1, 0), "{one:?}");
    // Which of two it is, the number says, whatever else was changed and whoever stands before.
    let (two, edited) = (
        "(1, 'Ali Örnek', '', 'Usta'), (2, 'Ali Örnek', '10000000238', 'Usta')",
        "(5, 'Ali Örnek', '10000000238', 'Kalfa')",
    );
    let one = only(comparisons(&lab, &script("c.db", two), &script("d.db", edited)));
    assert_eq!((one.compared, one.missing, one.extra, one.different), (1, 1, 0, 1), "{one:?}");
    let columns: Vec<_> =
        one.differences.iter().map(|found| (found.found, found.columns.join(" "))).collect();
    assert_eq!(columns, [(Found::Missing, String::new()), (Found::Different, "title".to_owned())]);
}
