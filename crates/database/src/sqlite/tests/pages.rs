//! Reading page by page never loses a row or gives one twice, whatever the key columns hold.

use std::collections::BTreeSet;

use model::{DataType, ErrorKind, Key, Misfit, Value};
use proptest::prelude::*;

use super::{Lab, column, part, text};
use crate::{ColumnRead, ColumnRef, Comparison, Condition, Read};

const DECLARED: [&str; 8] = [
    "",
    "INTEGER",
    "VARCHAR(9) collate nocase",
    "NUMERIC(9,2)",
    "TEXT",
    "DATETIME",
    "UUID",
    "DECIMAL_TEXT collate rtrim",
];

fn wanted() -> Vec<DataType> {
    vec![
        DataType::INT64,
        DataType::TEXT,
        DataType::Any,
        DataType::Decimal(None),
        DataType::TIMESTAMP,
        DataType::INSTANT,
        DataType::Uuid,
        DataType::BYTES,
        DataType::Bool,
    ]
}

/// SQL literals of every storage class, many of them alike.
fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("null".to_owned()),
        (-3_i64..4).prop_map(|n| n.to_string()),
        prop::sample::select(vec![
            "1.0",
            "1.5",
            "'1.5'",
            "'1.50'",
            "'-2'",
            "'a'",
            "'A'",
            "'a '",
            "''",
            "'ı'",
            "'İ'",
            "x''",
            "x'00'",
            "x'ff'",
            "cast(x'ff' as text)",
            "cast(x'61fe' as text)",
            "9007199254740993",
            "9007199254740992.0",
            "'2026-01-31 09:00:00'",
            "'2026-01-31T09:00:00'",
            "'2026-01-31 09:00:00.000'",
            "'2026-01-31'",
            "'2026-01-31 09:00:00+03:00'",
            "'2026-01-31 06:00:00Z'",
            "'0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee'",
            "'0192AAAA-BBBB-7CCC-8DDD-EEEEEEEEEEEE'",
        ])
        .prop_map(str::to_owned),
    ]
}

fn table(key_types: (&str, &str), rows: &[(String, String)], encoding: &str, index: bool) -> Lab {
    let (a, b) = key_types;
    let lab = Lab::new(&format!("pragma encoding = '{encoding}'; create table t (a {a}, b {b}, n integer)"));
    if index {
        lab.run("create index i on t (a, b)");
    }
    for (n, (x, y)) in rows.iter().enumerate() {
        lab.run(&format!("insert into t values ({x}, {y}, {n})"));
    }
    lab
}

/// Numbers of the rows read, and how many were set aside.
fn seen(
    lab: &Lab,
    columns: &[ColumnRead],
    key: &[usize],
    rows: usize,
    up_to: Option<&Key>,
    after: Option<Key>,
) -> (Vec<Value>, usize, Vec<Key>) {
    let pages = lab.pages(columns, key, rows, up_to, after);
    let keys: Vec<Key> =
        pages.iter().flat_map(|page| (0..page.batch.rows()).map(|at| page.batch.key(key, at))).collect();
    assert!(keys.is_sorted(), "{keys:?}");
    let numbers =
        pages.iter().flat_map(|page| (0..page.batch.rows()).map(|at| page.batch.columns[2].value(at)));
    let edges = pages.iter().filter_map(|page| page.next.clone()).collect();
    (numbers.collect(), pages.iter().map(|page| page.rejected.len()).sum(), edges)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_row_is_read_or_set_aside_once(
        declared in prop::sample::select(DECLARED.to_vec()),
        second in prop::sample::select(DECLARED.to_vec()),
        types in (prop::sample::select(wanted()), prop::sample::select(wanted())),
        rows in prop::collection::vec((literal(), literal()), 0..24),
        page in 1_usize..6,
        composite: bool,
        index: bool,
        utf16 in prop::bool::weighted(0.2),
    ) {
        // Bytes that are no text have none in UTF-16 either.
        let rows: Vec<_> = rows.into_iter().filter(|(a, b)| !(utf16 && (a.contains("as text") || b.contains("as text")))).collect();
        let lab = table((declared, second), &rows, if utf16 { "UTF-16le" } else { "UTF-8" }, index);
        // Cells of any type cannot be sorted through a function.
        prop_assume!(!(utf16 && [&types.0, &types.1].contains(&&DataType::Any)));
        let columns = [column("a", types.0), column("b", types.1), column("n", DataType::INT64)];
        let key: &[usize] = if composite { &[0, 1] } else { &[0] };
        let (numbers, rejected, edges) = seen(&lab, &columns, key, page, None, None);
        let distinct: BTreeSet<String> = numbers.iter().map(ToString::to_string).collect();
        prop_assert_eq!(distinct.len(), numbers.len());
        prop_assert_eq!(numbers.len() + rejected, rows.len());
        // Every edge cuts the table in two.
        for edge in edges {
            let (before, set_aside, _) = seen(&lab, &columns, key, page, Some(&edge), None);
            let (behind, set_aside_behind, _) = seen(&lab, &columns, key, page, None, Some(edge.clone()));
            prop_assert_eq!((before.len() + behind.len(), set_aside + set_aside_behind), (numbers.len(), rejected), "{}", edge);
        }
    }
}

#[test]
fn keys_of_another_class_are_set_aside_as_they_are() {
    let lab = Lab::new(
        "create table t (k, n integer); insert into t values (1, 1), ('x', 2), (null, 3), (x'01', 4), (2.0, 5), (2.5, 6)",
    );
    let columns = [column("k", DataType::INT64), column("n", DataType::INT64)];
    let pages = lab.pages(&columns, &[0], 2, None, None);
    let rejected: Vec<_> = pages.iter().flat_map(|page| &page.rejected).collect();
    let keys: Vec<String> = rejected.iter().map(|row| row.key.to_string()).collect();
    assert_eq!(keys, ["NULL", "2.5", "x", "0x01"]);
    assert_eq!(rejected[0].reason, Misfit::NullKey);
    assert!(rejected.iter().all(|row| row.column == "k"));
    let read: Vec<_> =
        pages.iter().flat_map(|page| (0..page.batch.rows()).map(|at| page.batch.row(at))).collect();
    assert_eq!(read, [[Value::Int(1), Value::Int(1)], [Value::Int(2), Value::Int(5)]]);
}

#[test]
fn rows_without_a_key_are_told_apart_by_their_place() {
    let lab = Lab::new("create table t (rowid text, v text); insert into t values ('r', 'a'), ('r', 'a')");
    let place = ColumnRead::new(ColumnRef::Locator, DataType::INT64);
    let pages = lab.pages(&[place.clone(), column("rowid", DataType::TEXT)], &[0], 1, None, None);
    let rows: Vec<_> = pages.iter().map(|page| page.batch.row(0)).collect();
    assert_eq!(rows, [[Value::Int(1), text("r")], [Value::Int(2), text("r")]]);

    let lab = Lab::new("create table t (k text primary key) without rowid");
    let columns = [place];
    assert_eq!(lab.read(&part(&columns, &[0])).unwrap_err().kind, ErrorKind::Unsupported);
}

#[test]
fn a_misspelt_column_is_not_read_as_a_text() {
    let lab = Lab::new("create table t (k integer primary key)");
    let columns = [column("nosuch", DataType::TEXT)];
    assert_eq!(lab.read(&part(&columns, &[])).unwrap_err().kind, ErrorKind::Missing);
}

/// The plan that makes a page cheap: one search, no sorting.
#[test]
fn an_index_serves_the_order_of_a_page() {
    for (ddl, key) in [
        ("create table t (a integer primary key, b text, n)", &[0_usize][..]),
        ("create table t (a text primary key, b text, n)", &[0]),
        ("create table t (a text, b integer, n, primary key (a, b))", &[0, 1]),
    ] {
        let lab = Lab::new(ddl);
        let types = if key.len() == 2 {
            [DataType::TEXT, DataType::INT64]
        } else if ddl.contains("a integer") {
            [DataType::INT64, DataType::TEXT]
        } else {
            [DataType::TEXT, DataType::TEXT]
        };
        let columns = [column("a", types[0].clone()), column("b", types[1].clone())];
        let bound = |wanted: &DataType| if *wanted == DataType::TEXT { text("x") } else { Value::Int(1) };
        let after = Key(key.iter().map(|at| bound(&types[*at])).collect());
        let read = Read { after: Some(&after), rows: Some(9), ..part(&columns, key) };
        let sql = super::super::read::statement(&lab.link, &(&read).into()).unwrap();
        let plan = lab.ask(&format!("explain query plan {sql}"));
        assert!(plan.contains("SEARCH s USING") && !plan.contains("TEMP"), "{plan}");
    }
}

#[test]
fn conditions_compare_values_whatever_their_form() {
    let lab = Lab::new(
        "create table t (k integer primary key, d decimal_text(18,4), u uuid, n text collate nocase, z timestamptz);
         insert into t values (1, '9.0000', '0192AAAA-BBBB-7CCC-8DDD-EEEEEEEEEEEE', 'a', '2026-01-31 09:00:00+03:00');
         insert into t values (2, '10.0000', null, 'A', '2026-01-31 07:00:00Z')",
    );
    let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
    let uuid = Value::Uuid("0192aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee".parse().unwrap());
    let seven = Value::Instant(model::Instant::parse("2026-01-31 07:00:00Z").unwrap());
    for (name, comparison, value, expected) in [
        ("d", Comparison::Less, decimal("9.5"), &[1_i64][..]),
        ("d", Comparison::Greater, Value::Int(9), &[2]),
        ("d", Comparison::Equal, decimal("10"), &[2]),
        ("u", Comparison::Equal, uuid, &[1]),
        ("n", Comparison::Equal, text("a"), &[1]),
        ("z", Comparison::Less, seven.clone(), &[1]),
        ("z", Comparison::AtLeast, seven, &[2]),
        ("k", Comparison::NotEqual, Value::Int(1), &[2]),
    ] {
        let filter = [Condition::new(name, comparison, value)];
        let columns = [column("k", DataType::INT64)];
        let page = lab.read(&Read { filter: &filter, ..part(&columns, &[0]) }).unwrap();
        let read: Vec<Value> = (0..page.batch.rows()).map(|at| page.batch.columns[0].value(at)).collect();
        assert_eq!(read, expected.iter().map(|n| Value::Int(*n)).collect::<Vec<_>>(), "{filter:?}");
    }
}

#[test]
fn a_query_is_one_statement() {
    let lab = Lab::new("create table t (k integer primary key, v)");
    let columns = lab.link.query_columns("select k, v, 1 + k as n from t -- all;").unwrap();
    let types: Vec<_> = columns.iter().map(|column| (column.name.as_str(), &column.data_type)).collect();
    assert_eq!(types[..2], [("k", &DataType::INT64), ("v", &DataType::Any)]);
    assert_eq!(lab.link.query_columns("select 1; drop table t").unwrap_err().kind, ErrorKind::Schema);
    assert_eq!(lab.link.query_columns("select nosuch from t").unwrap_err().kind, ErrorKind::Missing);
    assert_eq!(lab.ask("select count(*) from t"), "Integer(0)");
}
