//! What the old program does with a hand-out.

use testkit::office::{ACCOUNTS, Desktop, Employee, Generation, Moment, Record, Shape, Timesheet};

use crate::{Lab, Parcel, TAG, everything, is_sound, list, one};

const GENERATIONS: [Generation; 3] = [Generation::D1BeforeTombstones, Generation::D1, Generation::D2];

#[test]
fn starting_the_old_program_on_a_handout_leaves_it_whole() {
    for generation in GENERATIONS {
        for shape in [Shape::Live, Shape::D1, Shape::D2Fresh, Shape::PreSync] {
            let lab = Lab::new();
            let mut parcel = Parcel::of(&lab.read(&lab.generate("o.db", shape, everything())));
            let regions =
                lab.merged().filter_map(|table| Some((table, lab.rules[table].region_columns().0?)));
            for (table, column) in regions.collect::<Vec<_>>() {
                for row in parcel.merged.get_mut(&table).into_iter().flatten() {
                    row.cells[column.0] = Some(crate::text("Izmir"));
                }
            }
            let path = lab.hand_out("h.db", &mut parcel);
            let (schema, before) =
                (list(&path, "select sql from sqlite_master order by rowid"), lab.read(&path));
            Desktop::start(&path, generation, "Izmir", Moment::USUAL).unwrap();
            assert!(is_sound(&path));
            assert_eq!(list(&path, "select sql from sqlite_master order by rowid"), schema, "{generation:?}");
            let after = lab.read(&path);
            let filled = |table| !before.merged[&table].is_empty();
            for table in lab.merged().filter(|table| filled(*table)) {
                assert_eq!(after.merged[&table], before.merged[&table], "{generation:?} {}", shape.name());
            }
            assert_eq!(after.tag.as_deref(), Some(TAG));
            for table in ["reports", "deleted_records"].map(|name| lab.table(name)) {
                assert_eq!(after.own.get(&table), before.own.get(&table));
            }
        }
    }
}

#[test]
fn the_old_program_works_on_with_new_ids_and_its_log_in() {
    let lab = Lab::new();
    let path = lab.generate("o.db", Shape::D2Fresh, everything());
    let desktop = Desktop::start(&path, Generation::D2, "Izmir", Moment::USUAL).unwrap();
    // Another password than the one that the program would give the user again.
    let other = "update users set password_hash = (select password_hash from users where username = 'bursa1')
                 where username = 'izmir1'";
    rusqlite::Connection::open(&path).unwrap().execute_batch(other).unwrap();
    let log_in = || {
        let bursa = ACCOUNTS.iter().find(|account| account.username == "bursa1").unwrap();
        desktop.log_in("izmir1", bursa.password).unwrap()
    };
    assert_eq!(log_in().as_deref(), Some("Izmir"));
    let gone =
        desktop.save_employee(None, &Employee { full_name: "Kısa Süre", ..Employee::default() }).unwrap();
    desktop.delete(Record::Employee, gone).unwrap();
    let mut parcel = Parcel::of(&lab.read(&path));
    let handed = lab.hand_out("h.db", &mut parcel);
    desktop.receive(&std::fs::read(&handed).unwrap()).unwrap();
    assert_eq!(log_in().as_deref(), Some("Izmir"));
    let new =
        desktop.save_employee(None, &Employee { full_name: "Uzun Süre", ..Employee::default() }).unwrap();
    assert!(new > gone, "the id of a deleted row is not given again: {gone}, then {new}");
    let form = Timesheet {
        employee_id: new,
        work_date: "2026-05-04",
        start_time: "08:30",
        end_time: "17:30",
        ..Timesheet::default()
    };
    desktop.save_timesheet(None, &form).unwrap();
    let file = lab.read(&path);
    let timesheets = lab.table("timesheets");
    assert_eq!(file.merged[&timesheets].len(), parcel.merged[&timesheets].len() + 1);
    assert_eq!(file.tag.as_deref(), Some(TAG));
    assert_eq!(one(&path, "select full_name from employees order by id desc limit 1"), "Uzun Süre");
}
