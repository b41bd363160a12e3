//! What the file looks like that a device gets.

use std::collections::BTreeMap;

use merge::{LocalId, LocalRow};
use model::Value;
use replica::handout::{self, Blank, Error};
use rusqlite::Connection;
use testkit::office::{LEGACY_SCHEMA, Shape, Size};

use crate::{Lab, Parcel, TAG, everything, is_sound, list, one, run, text};

const SCHEMA: &str =
    "select sql from sqlite_master where sql is not null and name <> 'denk_lineage' order by rowid";

#[test]
fn the_schema_is_the_legacy_schema_to_the_letter() {
    let lab = Lab::new();
    let path =
        lab.hand_out("h.db", &mut Parcel::of(&lab.read(&lab.generate("o.db", Shape::D2Fresh, everything()))));
    let legacy = lab.script("legacy.db", LEGACY_SCHEMA);
    assert_eq!(list(&path, SCHEMA), list(&legacy, SCHEMA));
    assert_eq!(list(&path, "select tag from denk_lineage"), [TAG]);
    let live = lab.generate("live.db", Shape::Live, Size::small());
    let columns = "select m.name || '.' || c.cid || c.name || c.type || c.\"notnull\" || coalesce(c.dflt_value, '') || c.pk
                   from sqlite_master m, pragma_table_info(m.name) c where m.name <> 'denk_lineage' order by m.name, c.cid";
    assert_eq!(list(&path, columns), list(&live, columns));
}

#[test]
fn a_file_handed_out_is_read_back_as_it_was_given() {
    for shape in Shape::ALL.into_iter().filter(|shape| *shape != Shape::V2) {
        let lab = Lab::new();
        let mut parcel = Parcel::of(&lab.read(&lab.generate("o.db", shape, everything())));
        let file = lab.read(&lab.hand_out("h.db", &mut parcel));
        let merged: BTreeMap<_, _> = file.merged.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
        parcel.merged.retain(|_, rows| !rows.is_empty());
        assert_eq!(merged, parcel.merged, "{}", shape.name());
        assert_eq!(file.tag.as_deref(), Some(TAG));
        for (table, own) in &parcel.own {
            let rule = &lab.rules[*table];
            assert_eq!(file.own[table].cells(rule), own.cells(rule), "{} of {}", rule.name, shape.name());
        }
    }
}

#[test]
fn a_file_handed_out_twenty_times_stays_the_same_to_the_byte() {
    let lab = Lab::new();
    let mut parcel = Parcel::of(&lab.read(&lab.generate("o.db", Shape::Live, everything())));
    let first = std::fs::read(lab.hand_out("0.db", &mut parcel)).unwrap();
    for round in 1..20 {
        let before = lab.read(&lab.path(&format!("{}.db", round - 1)));
        let path = lab.hand_out(&format!("{round}.db"), &mut Parcel::of(&before));
        assert!(std::fs::read(path).unwrap() == first, "round {round}");
    }
}

#[test]
fn no_id_is_ever_given_a_second_time() {
    let lab = Lab::new();
    let employees = lab.table("employees");
    let mut parcel = Parcel::of(&lab.read(&lab.generate("o.db", Shape::Live, Size::small())));
    parcel.last_ids.insert(employees, 4_000);
    parcel.last_ids.insert(lab.table("shift_templates"), 1);
    parcel.last_ids.insert(lab.table("vehicles"), 77);
    let path = lab.hand_out("h.db", &mut parcel);
    let conn = Connection::open(&path).unwrap();
    let next = |sql: &str| {
        conn.execute(sql, []).unwrap();
        conn.last_insert_rowid()
    };
    assert_eq!(next("insert into employees (full_name) values ('Yeni')"), 4_001);
    assert_eq!(next("insert into vehicles (plate) values ('35 X 1')"), 78, "no row is left of them");
    assert_eq!(
        next("insert into shift_templates (name, start_time, end_time) values ('a', 'b', 'c')"),
        3,
        "its rows count"
    );
    let sheet =
        "insert into timesheets (employee_id, work_date, start_time, end_time) values (1, 'a', 'b', 'c')";
    assert_eq!(next(sheet), 111, "105 rows, and notes of five more that were deleted");
    let twice = "select name from sqlite_sequence group by name having count(*) > 1";
    assert_eq!(list(&path, twice), [""; 0]);
}

#[test]
fn a_note_of_an_impossible_id_does_not_use_up_all_ids() {
    let lab = Lab::new();
    let path = lab.generate("o.db", Shape::Live, Size::small());
    let note = "insert into deleted_records (table_name, record_id, deleted_at) values ('timesheets', 9223372036854775807, '')";
    Connection::open(&path).unwrap().execute_batch(note).unwrap();
    let path = lab.hand_out("h.db", &mut Parcel::of(&lab.read(&path)));
    assert_eq!(one(&path, "select cast(seq as text) from sqlite_sequence where name = 'timesheets'"), "110");
}

#[test]
fn two_drivers_of_one_name_cost_nothing_but_the_rule_that_forbids_them() {
    let lab = Lab::new();
    let drivers = lab.table("drivers");
    let mut parcel = Parcel::default();
    for (id, region) in [(1, "Izmir"), (2, "Bursa")] {
        let cells = [("full_name", text("Ali Örnek")), ("region", text(region))];
        parcel.add(drivers, id, lab.cells(drivers, &cells));
    }
    let path = lab.hand_out("h.db", &mut parcel);
    assert_eq!(lab.read(&path).merged[&drivers], parcel.merged[&drivers]);
    let legacy = lab.script("legacy.db", LEGACY_SCHEMA);
    let others =
        "select sql from sqlite_master where tbl_name not in ('drivers', 'denk_lineage') order by name";
    assert_eq!(list(&path, others), list(&legacy, others));
    let sql = one(&legacy, "select sql from sqlite_master where name = 'drivers'");
    assert_eq!(
        one(&path, "select sql from sqlite_master where name = 'drivers'"),
        sql.replace(" unique", "")
    );
}

#[test]
fn what_is_unknown_or_missing_gets_the_value_that_says_nothing() {
    let lab = Lab::new();
    let (vehicles, inspections, visits) =
        (lab.table("vehicles"), lab.table("vehicle_inspections"), lab.table("vehicle_service_visits"));
    let blank = run(Blank::of(LEGACY_SCHEMA, lab.folder())).unwrap();
    let mut cells = lab.cells(inspections, &[("vehicle_id", Value::Int(1)), ("notes", Value::Null)]);
    assert_eq!(blank.fit(&lab.rules[inspections], &mut cells), []);
    let of = |name: &str| cells[lab.rules[inspections].column(name).unwrap().0].clone();
    assert_eq!(of("week_start"), Some(text("")), "NULL may not stand there");
    assert_eq!(of("service_visit"), Some(Value::Int(0)), "the default");
    assert_eq!([of("driver_id"), of("notes"), of("region")], [const { Some(Value::Null) }; 3]);
    assert_eq!(of("vehicle_id"), Some(Value::Int(1)));
    let again = cells.clone();
    assert_eq!(blank.fit(&lab.rules[inspections], &mut cells), []);
    assert_eq!(cells, again);
    let mut cells =
        lab.cells(visits, &[("cost", text("0.10000000000000000001")), ("start_date", text("1e3"))]);
    let cost = lab.rules[visits].column("cost").unwrap();
    assert_eq!(blank.fit(&lab.rules[visits], &mut cells), [cost], "a text that the column would round");
    let mut cells = lab.cells(vehicles, &[("plate", Value::Bytes(vec![1]))]);
    assert_eq!(blank.fit(&lab.rules[vehicles], &mut cells), [], "blobs stay blobs everywhere");
}

#[test]
fn a_row_without_its_parent_leaves_no_file_and_the_old_one_as_it_was() {
    let lab = Lab::new();
    let timesheets = lab.table("timesheets");
    let path =
        lab.hand_out("h.db", &mut Parcel::of(&lab.read(&lab.generate("o.db", Shape::Live, Size::small()))));
    let before = std::fs::read(&path).unwrap();
    let names = || {
        std::fs::read_dir(lab.folder()).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    let files = names();
    let mut parcel = Parcel::default();
    parcel.add(timesheets, 1, lab.cells(timesheets, &[("employee_id", Value::Int(9))]));
    let failed = run(async {
        let blank = Blank::of(LEGACY_SCHEMA, lab.folder()).await.unwrap();
        parcel.fit(&lab.rules, &blank);
        handout::write(&path, &blank, &lab.rules, parcel.contents()).await
    });
    let Err(Error::Database(error)) = failed else { panic!("{failed:?}") };
    assert_eq!(error.kind, model::ErrorKind::Constraint);
    assert!(std::fs::read(&path).unwrap() == before);
    assert_eq!(names(), files, "nothing is left behind");
}

#[test]
fn what_did_not_go_through_fit_is_refused_and_not_changed() {
    let lab = Lab::new();
    let vehicles = lab.table("vehicles");
    let mut parcel = Parcel::default();
    parcel.add(
        vehicles,
        1,
        lab.cells(
            vehicles,
            &[("plate", text("35 ABC 01")), ("km", text("0x10")), ("year", Value::Int(2019))],
        ),
    );
    let failed = run(async {
        let blank = Blank::of(LEGACY_SCHEMA, lab.folder()).await.unwrap();
        handout::write(&lab.path("h.db"), &blank, &lab.rules, parcel.contents()).await
    });
    let Err(Error::Database(error)) = failed else { panic!("{failed:?}") };
    assert_eq!((error.kind, error.column.as_deref()), (model::ErrorKind::Conversion, Some("year")));
    assert!(!lab.path("h.db").exists());
}

#[test]
fn rows_that_refer_to_each_other_in_a_circle_are_written_in_two_steps() {
    const RULES: &str = r#"
        guard = { rows = 20, share = 0.2 }
        [[table]]
        name = "person"
        key = "id"
        shared = true
        columns = [
            { name = "name", type = "text" },
            { name = "team", type = "integer", not_null = true, references = "team", on_delete = "cascade" },
            { name = "mentor", type = "integer", references = "person", on_delete = "set-null" },
        ]
        [[table]]
        name = "team"
        key = "id"
        shared = true
        columns = [{ name = "leader", type = "integer", references = "person", on_delete = "set-null" }]
    "#;
    const CIRCLE: &str = "create table person (id integer primary key autoincrement, name text,
            team integer not null references team (id), mentor integer references person (id));
        create table team (id integer primary key autoincrement, leader integer references person (id));";
    let lab = Lab { rules: merge::read(RULES).unwrap(), ..Lab::new() };
    let (person, team) = (lab.table("person"), lab.table("team"));
    let mut parcel = Parcel::default();
    parcel.add(person, 1, vec![Some(text("a")), Some(Value::Int(1)), Some(Value::Int(2))]);
    parcel.add(person, 2, vec![Some(text("b")), Some(Value::Int(1)), Some(Value::Null)]);
    parcel.add(team, 1, vec![Some(Value::Int(2))]);
    let path = lab.path("h.db");
    run(async {
        let blank = Blank::of(CIRCLE, lab.folder()).await.unwrap();
        handout::write(&path, &blank, &lab.rules, parcel.contents()).await.unwrap();
    });
    assert!(is_sound(&path));
    assert_eq!(lab.read(&path).merged, parcel.merged);
}

#[test]
fn a_hundred_thousand_timesheets_are_written_and_read_back() {
    let lab = Lab::new();
    let mut parcel = Parcel::of(&lab.read(&lab.generate("o.db", Shape::Live, Size::large())));
    let rows: &Vec<LocalRow> = &parcel.merged[&lab.table("timesheets")];
    assert_eq!((rows.len(), rows.first().map(|row| &row.id)), (100_000, Some(&LocalId::Int(10))));
    let file = lab.read(&lab.hand_out("h.db", &mut parcel));
    assert!(file.merged == parcel.merged);
}
