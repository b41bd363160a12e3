//! Whatever stands in a cell comes back as it was.

use std::collections::BTreeMap;

use merge::{LocalId, LocalRow, TableId};
use model::Value;
use proptest::{prelude::*, test_runner::TestRunner};
use replica::handout::{self, Blank};
use replica::office_file::Finding;
use testkit::office::LEGACY_SCHEMA;

use crate::{Lab, Parcel, is_sound, run};

fn hostile() -> impl Strategy<Value = Option<Value>> {
    let text = prop_oneof![
        Just(String::new()),
        "[ığüşöçİĞÜŞÖÇâîû']{1,12}",
        "[a-z]{0,3}\0[a-z]{0,3}",
        "[ 0-9.]{0,3}\0[\0 0-9a]{0,3}",
        "[-+ 0-9.eE]{0,10}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]( [0-9]{2}:[0-9]{2}:[0-9]{2})?",
        "(nan|NaN|inf|-Inf|null|NULL|0x1f|1_000|1,5|\u{feff}5|\u{a0}5|٣)",
        ".{0,20}",
    ];
    prop_oneof![
        1 => Just(None),
        1 => Just(Some(Value::Null)),
        3 => text.prop_map(|text| Some(Value::Text(text))),
        1 => prop_oneof![any::<i64>(), Just(i64::MIN), Just(i64::MAX), (-3_i64..3)].prop_map(|n| Some(Value::Int(n))),
        1 => prop_oneof![any::<f64>(), Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(1e300), Just(9.5e18), (-9_i32..9).prop_map(f64::from)]
            .prop_map(|float| Some(Value::Real(float))),
        1 => prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| Some(Value::Bytes(bytes))),
    ]
}

type Rows = BTreeMap<TableId, Vec<LocalRow>>;

/// Rows of tables that need no other row, with all kinds of things in all columns.
fn rows() -> impl Strategy<Value = Rows> {
    let lab = Lab::new();
    let free = ["employees", "vehicles", "drivers", "stock_inventory", "shift_templates"]
        .map(|name| lab.table(name));
    let of_table = free.map(|table| {
        let cells = prop::collection::vec(hostile(), lab.rules[table].columns.len());
        let rows =
            prop::collection::btree_map(prop_oneof![1_i64..1000, Just(-5), Just(i64::MAX)], cells, 0..6);
        rows.prop_map(move |rows| {
            let rows = rows.into_iter().map(|(id, cells)| LocalRow { id: LocalId::Int(id), cells });
            (table, rows.collect::<Vec<_>>())
        })
    });
    Vec::from(of_table).prop_map(|tables| tables.into_iter().collect())
}

#[test]
fn what_fits_comes_back_to_the_last_bit() {
    let lab = Lab::new();
    let blank = run(Blank::of(LEGACY_SCHEMA, lab.folder())).unwrap();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(200));
    runner.run(&rows(), |merged| comes_back(&lab, &blank, &merged)).unwrap();
}

fn comes_back(lab: &Lab, blank: &Blank, asked: &Rows) -> Result<(), TestCaseError> {
    let mut parcel = Parcel { merged: asked.clone(), ..Parcel::default() };
    let unheld = parcel.fit(&lab.rules, blank);
    prop_assert_eq!(parcel.fit(&lab.rules, blank), 0, "twice is once");
    prop_assert_eq!(changed(asked, &parcel.merged), unheld, "only what is told is changed");
    let path = lab.path("h.db");
    run(handout::write(&path, blank, &lab.rules, parcel.contents())).unwrap();
    prop_assert!(is_sound(&path));
    let file = lab.read(&path);
    for (table, rows) in &parcel.merged {
        prop_assert_eq!(format!("{:?}", file.merged[table]), format!("{rows:?}"));
    }
    let rewritten =
        |found: &&Finding| matches!(found, Finding::Rewritten { column, .. } if !column.ends_with("_at"));
    prop_assert_eq!(file.findings.iter().find(rewritten), None, "but for times, in columns of numbers");
    Ok(())
}

/// Cells that said something and now say something else.
fn changed(asked: &Rows, fitted: &Rows) -> usize {
    let cells = |rows: &Rows| rows.values().flatten().flat_map(|row| row.cells.clone()).collect::<Vec<_>>();
    let said = |cell: &Option<Value>| cell.as_ref().is_some_and(|value| !value.is_null());
    cells(asked)
        .iter()
        .zip(cells(fitted))
        .filter(|(asked, fitted)| said(asked) && !is_same(asked, fitted))
        .count()
}

/// The same value, in the form of its column's type.
fn is_same(asked: &Option<Value>, fitted: &Option<Value>) -> bool {
    let bare = |value: &Option<Value>| {
        let text = value.as_ref().map(ToString::to_string).unwrap_or_default();
        text.trim().parse::<f64>().map_or(text, |number| format!("{:?}", number + 0.0))
    };
    let is_bytes = |value: &Option<Value>| matches!(value, Some(Value::Bytes(_)));
    is_bytes(asked) == is_bytes(fitted) && bare(asked) == bare(fitted)
}
