//! Writing compares exactly and writes only what differs.

use model::{ColumnDef, DataType, ErrorKind, Table, TableKind, TableRef, Value};

use super::{Lab, batch, text, writing};
use crate::{Applied, Begin};

fn upsert(
    lab: &mut Lab,
    columns: &[&str],
    types: &[DataType],
    rows: &[Vec<Value>],
) -> crate::Result<Applied> {
    writing(lab, columns, 1, |link, write| link.upsert(&write.into(), &batch(types, rows)))
}

#[test]
fn keys_are_compared_by_their_bytes() {
    let mut lab =
        Lab::new("create table t (k text collate nocase, v integer); insert into t values ('a', 1)");
    let types = [DataType::TEXT, DataType::INT64];
    let applied = upsert(
        &mut lab,
        &["k", "v"],
        &types,
        &[vec![text("A"), Value::Int(2)], vec![text("a"), Value::Int(1)]],
    );
    assert_eq!(applied.unwrap(), Applied { inserted: 1, updated: 0, unchanged: 1 });
    assert_eq!(lab.ask("select * from t order by v"), r#"Text("a"),Integer(1);Text("A"),Integer(2)"#);
}

#[test]
fn another_storage_class_is_a_difference_unless_it_is_the_same_number() {
    let mut lab = Lab::new(
        "create table t (k integer primary key, r real, x); insert into t values (1, 1, '1'), (2, 2, 1)",
    );
    let types = [DataType::INT64, DataType::REAL, DataType::Any];
    let rows = [
        vec![Value::Int(1), Value::Real(1.0), Value::Int(1)],
        vec![Value::Int(2), Value::Real(2.0), Value::Int(1)],
    ];
    let applied = upsert(&mut lab, &["k", "r", "x"], &types, &rows).unwrap();
    assert_eq!(applied, Applied { inserted: 0, updated: 1, unchanged: 1 });
    assert_eq!(lab.ask("select x from t"), "Integer(1);Integer(1)");
}

#[test]
fn another_form_of_the_same_value_is_left_alone() {
    let mut lab = Lab::new(
        "create table t (k integer primary key, at datetime, u uuid, d decimal_text);
         insert into t values (1, '2026-01-31T09:00', '0192AAAA-BBBB-7CCC-8DDD-EEEEEEEEEEEE', '1.50');
         create table w (n); create trigger g after update on t begin insert into w values (1); end",
    );
    let types = [DataType::INT64, DataType::TIMESTAMP, DataType::Uuid, DataType::Decimal(None)];
    let row = vec![
        Value::Int(1),
        Value::Timestamp(model::Timestamp::parse("2026-01-31 09:00:00").unwrap()),
        Value::Uuid("0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee".parse().unwrap()),
        Value::Decimal("1.5".parse().unwrap()),
    ];
    let applied = upsert(&mut lab, &["k", "at", "u", "d"], &types, &[row]).unwrap();
    assert_eq!(applied.unchanged, 1);
    assert_eq!(lab.ask("select count(*) from w"), "Integer(0)");
}

#[test]
fn a_failure_names_the_row_and_leaves_nothing() {
    let mut lab = Lab::new("create table t (k integer primary key, v real check (v < 10))");
    let types = [DataType::INT64, DataType::REAL];
    let rows = |bad: f64| [vec![Value::Int(1), Value::Real(1.0)], vec![Value::Int(2), Value::Real(bad)]];
    for (bad, kind) in
        [(11.0, ErrorKind::Constraint), (f64::NAN, ErrorKind::Conversion), (-0.0, ErrorKind::Conversion)]
    {
        let error = upsert(&mut lab, &["k", "v"], &types, &rows(bad)).unwrap_err();
        assert_eq!((error.kind, error.key.unwrap().to_string().as_str()), (kind, "2"));
        assert_eq!(error.table, Some(TableRef::new("t")));
        assert_eq!(lab.ask("select * from t"), "");
    }
}

#[test]
fn reals_come_back_bit_by_bit_from_a_column_of_ours() {
    let made = super::super::types::faithful(&ColumnDef::new("r", DataType::REAL)).unwrap();
    let mut lab = Lab::new(&format!("create table t (k integer primary key, r {})", made.native));
    let reals = [
        0.0,
        -0.0,
        1.0,
        f64::MIN,
        f64::MAX,
        5e-324,
        f64::INFINITY,
        f64::NEG_INFINITY,
        9_007_199_254_740_992.0,
        1e18,
    ];
    let rows: Vec<Vec<Value>> = (0..).zip(reals).map(|(k, r)| vec![Value::Int(k), Value::Real(r)]).collect();
    let types = [DataType::INT64, DataType::REAL];
    assert_eq!(upsert(&mut lab, &["k", "r"], &types, &rows).unwrap().inserted, 10);
    let columns = [super::column("k", DataType::INT64), super::column("r", DataType::REAL)];
    let page = &lab.pages(&columns, &[0], 100, None, None)[0];
    assert_eq!((0..page.batch.rows()).map(|at| page.batch.row(at)).collect::<Vec<_>>(), rows);
    assert_eq!(upsert(&mut lab, &["k", "r"], &types, &rows).unwrap().unchanged, 10);
}

#[test]
fn a_whole_zero_is_no_negative_one() {
    let mut lab =
        Lab::new("create table t (k integer primary key, r real_blob); insert into t values (1, 0)");
    let types = [DataType::INT64, DataType::REAL];
    let mut write =
        |zero| upsert(&mut lab, &["k", "r"], &types, &[vec![Value::Int(1), Value::Real(zero)]]).unwrap();
    assert_eq!(write(0.0), Applied { unchanged: 1, ..Applied::default() });
    assert_eq!(write(-0.0), Applied { updated: 1, ..Applied::default() });
}

#[test]
fn rows_without_a_key_are_changed_by_their_place() {
    let mut lab = Lab::new("create table t (v integer); insert into t values (1), (1)");
    let table = lab.link.table(&TableRef::new("t")).unwrap();
    let columns = [crate::ColumnRef::Locator, crate::ColumnRef::named("v")];
    let write = crate::Write { table: &table, columns: &columns, key: &[0], insert_only: &[] };
    let rows = batch(
        &[DataType::INT64, DataType::INT64],
        &[vec![Value::Int(2), Value::Int(7)], vec![Value::Int(9), Value::Int(8)]],
    );
    let applied = lab.link.upsert(&(&write).into(), &rows).unwrap();
    assert_eq!(applied, Applied { inserted: 1, updated: 1, unchanged: 0 });
    assert_eq!(
        lab.ask("select rowid, v from t"),
        "Integer(1),Integer(1);Integer(2),Integer(7);Integer(9),Integer(8)"
    );
}

#[test]
fn nothing_is_written_while_reading() {
    let mut lab = Lab::new("create table t (k integer primary key)");
    lab.link.begin(Begin::Read).unwrap();
    let error = upsert(&mut lab, &["k"], &[DataType::INT64], &[vec![Value::Int(1)]]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Internal);
    lab.link.rollback().unwrap();
    assert!(lab.link.lock().is_err());
}

#[test]
fn a_view_begins_with_its_transaction() {
    let mut lab = Lab::new("pragma journal_mode = wal; create table t (k integer primary key)");
    lab.link.begin(Begin::Read).unwrap();
    lab.run("insert into t values (1)");
    let seen: i64 = lab.link.connection.query_row("select count(*) from t", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, 0);
    lab.link.commit().unwrap();
}

#[test]
fn the_owners_settings_stay_as_they_are() {
    let ask = |lab: &Lab| {
        ["journal_mode", "page_size", "user_version", "application_id", "auto_vacuum"]
            .map(|name| lab.ask(&format!("pragma {name}")))
    };
    let mut lab =
        Lab::new("pragma page_size = 1024; pragma user_version = 7; create table t (k integer primary key)");
    let before = ask(&lab);
    upsert(&mut lab, &["k"], &[DataType::INT64], &[vec![Value::Int(1)]]).unwrap();
    assert_eq!(ask(&lab), before);
    assert_eq!(before[0], r#"Text("delete")"#);
}

#[test]
fn a_full_disk_says_so_and_leaves_nothing() {
    let mut lab = Lab::new("create table t (k integer primary key, v text)");
    lab.link.connection.execute_batch("pragma max_page_count = 20").unwrap();
    let types = [DataType::INT64, DataType::TEXT];
    let rows: Vec<Vec<Value>> = (0..100).map(|k| vec![Value::Int(k), text(&"x".repeat(4000))]).collect();
    assert_eq!(upsert(&mut lab, &["k", "v"], &types, &rows).unwrap_err().kind, ErrorKind::Full);
    assert_eq!(lab.ask("select count(*) from t"), "Integer(0)");
    assert_eq!(upsert(&mut lab, &["k", "v"], &types, &rows[..1]).unwrap().inserted, 1);
}

#[test]
fn a_table_that_is_all_key_is_kept_once() {
    for (columns, kept_once) in [(&["a", "b"][..], "1"), (&["a", "b", "v"][..], "0"), (&["a"][..], "0")] {
        let mut lab = Lab::new("");
        let names = columns.iter().map(|name| ColumnDef::new(*name, DataType::TEXT));
        let columns: Vec<_> = names.map(|column| super::super::types::faithful(&column).unwrap()).collect();
        let primary_key = columns.iter().take(2).map(|column| column.name.clone()).collect();
        let (unique, foreign_keys, triggers) = Default::default();
        let (name, kind) = (TableRef::new("t"), TableKind::Table);
        let table = Table { name, kind, columns, primary_key, unique, foreign_keys, triggers };
        lab.link.create_table(&table).unwrap();
        assert_eq!(
            lab.ask("select wr from pragma_table_list where name = 't'"),
            format!("Integer({kept_once})")
        );
    }
}
