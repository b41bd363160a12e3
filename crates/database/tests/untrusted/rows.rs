//! What is read is what is stored.

use database::untrusted::{Limits, Refused, inspect};
use model::Value;

use super::{Lab, office, refusal, steps};

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn every_value_is_of_the_kind_that_is_stored() {
    let lab = Lab::new(
        "create table t (i int, r real, t text, b blob, n);
         insert into t values (9223372036854775807, 5, 'Çağrı İşıl', x'', null);
         insert into t values (-9223372036854775807 - 1, -0.5, cast(x'61006200' as text), x'00ff', 1e999);
         insert into t values ('not a number', 'nor this', '', 'text in a blob', 0.1)",
    );
    let values: Vec<Vec<Value>> = lab.rows().into_iter().map(|row| row.values).collect();
    assert_eq!(
        values,
        [
            [Value::Int(i64::MAX), Value::Real(5.0), text("Çağrı İşıl"), Value::Bytes(vec![]), Value::Null],
            [
                Value::Int(i64::MIN),
                Value::Real(-0.5),
                text("a\0b\0"),
                Value::Bytes(vec![0, 255]),
                Value::Real(f64::INFINITY)
            ],
            [text("not a number"), text("nor this"), text(""), text("text in a blob"), Value::Real(0.1)],
        ]
    );
}

#[test]
fn rows_come_by_their_number_whatever_an_index_says() {
    let lab = Lab::new(
        "create table t (id integer primary key, name text unique);
         insert into t values (7, 'a'), (-3, 'z'), (9223372036854775807, 'b'), (0, 'y')",
    );
    let rows: Vec<(i64, Vec<Value>)> = lab.rows().into_iter().map(|row| (row.rowid, row.values)).collect();
    let row = |id, name| (id, vec![Value::Int(id), text(name)]);
    assert_eq!(rows, [row(-3, "z"), row(0, "y"), row(7, "a"), row(i64::MAX, "b")]);
}

#[test]
fn columns_come_as_asked_for_in_any_case_and_order() {
    let lab = Lab::new(
        "create table Employees (id integer primary key, full_name text); insert into employees values (1, 'x'); alter table employees add column region text default 'Ankara'; insert into employees values (2, 'y', null)",
    );
    let mut upload = inspect(&lab.path(), &Limits::default(), steps()).unwrap();
    assert_eq!(upload.table("EMPLOYEES").unwrap().columns, ["id", "full_name", "region"]);
    assert_eq!(upload.table("employees").unwrap().rows, 2);
    let mut regions = Vec::new();
    let take = |row: database::untrusted::Row| {
        regions.push(row.values);
        Ok::<(), Refused>(())
    };
    upload.read("employees", &["REGION", "id", "region"], take).unwrap();
    let ankara = text("Ankara");
    assert_eq!(regions, [[ankara.clone(), Value::Int(1), ankara], [Value::Null, Value::Int(2), Value::Null]]);
    let mut numbers = Vec::new();
    let rowid = |row: database::untrusted::Row| {
        numbers.push(row.rowid);
        Ok::<(), Refused>(())
    };
    upload.read("Employees", &[], rowid).unwrap();
    assert_eq!(numbers, [1, 2]);
    let take = |_| Ok::<(), Refused>(());
    assert_eq!(refusal(upload.read("vehicles", &["id"], take)), "unfit: no_table");
    assert_eq!(refusal(upload.read("employees", &["id", "rowid"], take)), "unfit: no_column");
}

#[test]
fn the_caller_ends_the_reading_with_its_own_error() {
    #[derive(Debug)]
    enum Mine {
        Enough,
        Theirs(Refused),
    }
    impl From<Refused> for Mine {
        fn from(refused: Refused) -> Self {
            Self::Theirs(refused)
        }
    }
    let lab = Lab::new("create table t (a); insert into t values (1), (2), (3)");
    let mut upload = inspect(&lab.path(), &Limits::default(), steps()).unwrap();
    let mut seen = 0;
    let take = |_| {
        seen += 1;
        if seen == 2 { Err(Mine::Enough) } else { Ok(()) }
    };
    assert!(matches!(upload.read("t", &["a"], take), Err(Mine::Enough)));
    assert_eq!(seen, 2);
    let none = |_| Ok(());
    assert!(matches!(upload.read("nowhere", &["a"], none), Err(Mine::Theirs(Refused::NoTable { .. }))));
    upload.read("t", &["a"], none).expect("it can be read again");
}

#[test]
fn whole_office_files_are_read() {
    let files = office::files();
    let names_and_rows = |bytes: &[u8]| {
        let told = |(table, rows): (database::untrusted::Table, Result<Vec<_>, Refused>)| {
            format!(
                "{} {}",
                table.name,
                rows.map_or_else(|refused| refused.code().to_owned(), |rows| rows.len().to_string())
            )
        };
        Lab::of(bytes).read().unwrap().into_iter().map(told).collect::<Vec<_>>()
    };
    for people in &files[..2] {
        assert_eq!(
            names_and_rows(people),
            ["employees 30", "timesheets 74", "settings 3", "users 2", "stock_inventory 2"]
        );
    }
    for blobs in &files[2..4] {
        assert_eq!(names_and_rows(blobs), ["pictures 10", "odd 3"]);
    }
    for cunning in &files[4..6] {
        assert_eq!(names_and_rows(cunning), ["goods 25", "pairs no_rowid", "a \"quoted\" name 2"]);
    }
}
