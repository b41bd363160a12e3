//! Files of every shape are read by name.

use merge::LocalId;
use model::Value;
use replica::office_file::{Finding, Refused};
use rusqlite::Connection;
use testkit::office::{Shape, Size};

use crate::{Lab, TAG, everything, text};

const READABLE: [Shape; 8] = [
    Shape::PreSync,
    Shape::GuideMigrated,
    Shape::GuideMaster,
    Shape::Live,
    Shape::LiveWithoutTombstones,
    Shape::D1,
    Shape::D2Fresh,
    Shape::D2Upgraded,
];

#[test]
fn every_row_of_every_shape_is_read_under_the_names_of_its_columns() {
    for shape in READABLE {
        let lab = Lab::new();
        let path = lab.generate("o.db", shape, everything());
        let file = lab.read(&path);
        let conn = Connection::open(&path).unwrap();
        for table in lab.merged().filter(|table| file.merged.contains_key(table)) {
            let rule = &lab.rules[table];
            let rows = &file.merged[&table];
            assert!(rows.is_sorted_by(|a, b| a.id < b.id));
            let count: i64 =
                conn.query_row(&format!("select count(*) from {}", rule.name), [], |r| r.get(0)).unwrap();
            assert_eq!(rows.len() as i64, count, "{} of {}", rule.name, shape.name());
            for (at, column) in rule.columns.iter().enumerate() {
                let sql = format!("select {} from {} where id = ?", column.name, rule.name);
                let Ok(mut query) = conn.prepare(&sql) else {
                    assert!(rows.iter().all(|row| row.cells[at].is_none()), "unknown, not NULL");
                    continue;
                };
                for row in rows {
                    let LocalId::Int(id) = row.id else { panic!("{:?}", row.id) };
                    let stored: rusqlite::types::Value = query.query_row([id], |row| row.get(0)).unwrap();
                    assert_eq!(
                        row.cells[at],
                        Some(plain(stored)),
                        "{}.{} of {}",
                        rule.name,
                        column.name,
                        shape.name()
                    );
                }
            }
        }
        assert!(file.merged.contains_key(&lab.table("employees")));
        assert_eq!(file.tag, None);
    }
}

fn plain(value: rusqlite::types::Value) -> Value {
    match value {
        rusqlite::types::Value::Null => Value::Null,
        rusqlite::types::Value::Integer(number) => Value::Int(number),
        rusqlite::types::Value::Real(float) => Value::Real(float),
        rusqlite::types::Value::Text(text) => Value::Text(text),
        rusqlite::types::Value::Blob(bytes) => Value::Bytes(bytes),
    }
}

#[test]
fn notes_and_special_days_never_change_places() {
    for shape in READABLE.into_iter().filter(|shape| *shape != Shape::GuideMaster) {
        let lab = Lab::new();
        let path = lab.generate("o.db", shape, Size::small());
        let sql = "insert into timesheets (employee_id, work_date, start_time, end_time, is_special, notes)
                   select id, '2026-01-25', '08:30', '17:30', 1, 'bayram günü' from employees limit 1";
        let conn = Connection::open(&path).unwrap();
        conn.execute_batch(sql).unwrap_or_else(|error| panic!("{}: {error}", shape.name()));
        let file = lab.read(&path);
        let table = lab.table("timesheets");
        let at = |name: &str| lab.rules[table].column(name).unwrap().0;
        let row = file.merged[&table].last().unwrap();
        assert_eq!(row.cells[at("is_special")], Some(Value::Int(1)), "{}", shape.name());
        assert_eq!(row.cells[at("notes")], Some(text("bayram günü")), "{}", shape.name());
    }
}

#[test]
fn what_the_guides_server_mixed_up_is_kept_as_it_stands_and_told() {
    let lab = Lab::new();
    let path = lab.generate("o.db", Shape::GuideMaster, Size::small());
    let file = lab.read(&path);
    let table = lab.table("timesheets");
    let special = lab.rules[table].column("is_special").unwrap().0;
    let is_text =
        |row: &&merge::LocalRow| matches!(&row.cells[special], Some(Value::Text(note)) if !note.is_empty());
    let mixed: Vec<_> = file.merged[&table].iter().filter(is_text).collect();
    assert!(!mixed.is_empty());
    let told = file.findings.iter().find_map(|finding| match finding {
        Finding::OddType { table: of, column, rows, first } if *of == table && column == "is_special" => {
            Some((*rows, first))
        }
        _ => None,
    });
    assert_eq!(told, Some((mixed.len(), &mixed[0].id)));
}

#[test]
fn tables_of_the_device_come_whole_with_all_their_columns() {
    let lab = Lab::new();
    let file = lab.read(&lab.generate("o.db", Shape::Live, Size::small()));
    let own = |name: &str| &file.own[&lab.table(name)];
    assert_eq!(own("settings").columns, ["key", "value"]);
    assert_eq!(own("settings").rows.len(), 10);
    assert_eq!(own("users").rows.len(), 5);
    assert_eq!(own("reports").rows.len(), 6);
    assert_eq!(own("deleted_records").rows.len(), 5);
    assert_eq!(own("users").columns, ["id", "username", "password_hash", "role", "region"]);
    let evidence = &lab.rules[lab.table("deleted_records")];
    let notes = merge::evidence::notes(&lab.rules, evidence, &own("deleted_records").cells(evidence), &[]);
    assert_eq!(notes.deleted[&lab.table("timesheets")].len(), 5);
    let without = lab.read(&lab.generate("w.db", Shape::LiveWithoutTombstones, Size::small()));
    assert!(!without.own.contains_key(&lab.table("deleted_records")), "not there is not empty");
}

#[test]
fn the_second_edition_is_refused_with_its_reason() {
    let lab = Lab::new();
    let refused = lab.try_read(&lab.generate("o.db", Shape::V2, Size::small())).unwrap_err();
    assert_eq!(refused.code(), "other_edition");
    assert_eq!(refused.class(), database::untrusted::Class::Unfit);
    let told = refused.to_string();
    assert_eq!(told, "table `vehicles` has no column `plate`: the file is of another edition of the program");
}

#[test]
fn a_table_whose_rows_would_have_no_name_is_of_another_edition() {
    let lab = Lab::new();
    let told = |name: &str, columns: &str| {
        let sql = format!("create table employees (id integer primary key, {columns})");
        lab.try_read(&lab.script(name, &sql)).map_err(|refused| refused.to_string())
    };
    let refused = told("a.db", "tc_no text, name text").unwrap_err();
    let lacks = "table `employees` has no column `full_name`: the file is of another edition of the program";
    assert_eq!(refused, lacks);
    assert!(told("b.db", "full_name text").is_ok(), "the oldest files say no more than that");
}

#[test]
fn a_file_of_something_else_is_of_unknown_shape() {
    let lab = Lab::new();
    for (name, sql) in [
        ("a.db", "create table invoices (id integer primary key)"),
        ("b.db", "create view employees as select 1 as id"),
        ("d.db", "create table users (id integer primary key); create table settings (key text)"),
        ("e.db", "create table deleted_records (id integer primary key)"),
    ] {
        let refused = lab.try_read(&lab.script(name, sql)).unwrap_err();
        assert!(matches!(refused, Refused::UnknownShape), "{refused}");
    }
    let refused = lab.try_read(&lab.script("c.db", "create table employees (full_name text)")).unwrap_err();
    assert!(matches!(&refused, Refused::OtherEdition { column, .. } if column == "id"), "{refused}");
}

#[test]
fn names_are_found_in_any_case_and_in_any_order() {
    let lab = Lab::new();
    let sql = "create table EMPLOYEES (\"REGION\" text, \"Full_Name\" text, ID integer primary key);
               insert into employees (id, full_name, region) values (7, 'Işıl Çağ', 'Izmir')";
    let file = lab.read(&lab.script("o.db", sql));
    let table = lab.table("employees");
    let expected = lab.cells(table, &[("full_name", text("Işıl Çağ")), ("region", text("Izmir"))]);
    assert_eq!(file.merged[&table].len(), 1);
    assert_eq!((&file.merged[&table][0].id, &file.merged[&table][0].cells), (&LocalId::Int(7), &expected));
    assert_eq!(file.findings, []);
}

#[test]
fn rows_ascend_by_id_whatever_the_file_numbers_them_by() {
    let lab = Lab::new();
    let sql = "create table employees (id, full_name); insert into employees values (30, 'a'), ('4', 'b'), (12.0, 'c')";
    let file = lab.read(&lab.script("o.db", sql));
    let ids: Vec<_> = file.merged[&lab.table("employees")].iter().map(|row| row.id.clone()).collect();
    assert_eq!(ids, [4, 12, 30].map(LocalId::Int));
}

#[test]
fn rows_that_cannot_be_told_apart_are_refused() {
    let lab = Lab::new();
    let ids = ["null", "'x'", "1.5", "x'01'", "1, 'twice'), (1.0"];
    for (at, id) in ids.iter().enumerate() {
        // A PC's own tables alone are no office file.
        let office = "create table vehicles (id integer primary key, plate text);";
        for table in ["employees", "reports"] {
            let sql = format!(
                "{office} create table {table} (id, full_name); insert into {table} (id, full_name) values ({id}, 'b')"
            );
            let refused = lab.try_read(&lab.script(&format!("{table}{at}.db"), &sql)).unwrap_err();
            assert!(matches!(refused, Refused::BadId { .. }), "{id}: {refused}");
        }
    }
}

#[test]
fn what_is_unknown_is_told_and_ignored() {
    let lab = Lab::new();
    let sql = "create table employees (id integer primary key, full_name text, shoe_size);
               create table holidays (day); insert into employees values (1, 'a', 'b')";
    let file = lab.read(&lab.script("o.db", sql));
    let employees = lab.table("employees");
    let unknown = [
        Finding::UnknownColumn { table: employees, column: "shoe_size".into() },
        Finding::UnknownTable { table: "holidays".into() },
    ];
    assert_eq!(file.findings, unknown);
    assert_eq!(file.merged.len(), 1);
}

#[test]
fn only_one_short_text_is_a_tag() {
    let lab = Lab::new();
    let long = "x".repeat(201);
    let read = |at: usize, rows: &str| {
        let sql = format!(
            "create table shift_templates (id integer primary key, name text); create table denk_lineage (tag); {rows}"
        );
        lab.read(&lab.script(&format!("{at}.db"), &sql))
    };
    let file = read(0, &format!("insert into denk_lineage values ('{TAG}')"));
    assert_eq!((file.tag.as_deref(), file.findings.len()), (Some(TAG), 0));
    let none = [
        "",
        "insert into denk_lineage values (1)",
        "insert into denk_lineage values ('a'), ('b')",
        "insert into denk_lineage values ('')",
    ];
    for (at, rows) in none
        .into_iter()
        .map(str::to_owned)
        .chain([format!("insert into denk_lineage values ('{long}')")])
        .enumerate()
    {
        let file = read(at + 1, &rows);
        assert_eq!((file.tag, file.findings), (None, vec![Finding::NoTag]), "{rows}");
    }
}

#[test]
fn values_of_another_form_are_rewritten_counted_and_told_once_a_column() {
    let lab = Lab::new();
    let sql = "create table timesheets (id integer primary key, break_minutes, notes);
               insert into timesheets values (3, '60', 5), (4, 60.0, 'x'), (5, 'bir saat', null), (6, '', '')";
    let file = lab.read(&lab.script("o.db", sql));
    let table = lab.table("timesheets");
    let cells: Vec<_> =
        file.merged[&table].iter().map(|row| (row.cells[4].clone(), row.cells[6].clone())).collect();
    let expected = [
        (Some(Value::Int(60)), Some(text("5"))),
        (Some(Value::Int(60)), Some(text("x"))),
        (Some(text("bir saat")), Some(Value::Null)),
        (Some(text("")), Some(text(""))),
    ];
    assert_eq!(cells, expected);
    let findings = [
        Finding::Rewritten { table, column: "break_minutes".into(), rows: 2, first: LocalId::Int(3) },
        Finding::Rewritten { table, column: "notes".into(), rows: 1, first: LocalId::Int(3) },
        Finding::OddType { table, column: "break_minutes".into(), rows: 1, first: LocalId::Int(5) },
    ];
    assert_eq!(file.findings, findings);
}
