//! Value -> database -> value, with the database itself as oracle.
//!
//! Each property writes many values of one type into one table, then reads them back in the type asked for and in the
//! table's own, and asks the database in SQL what it holds.

use model::{DataType, Decimal, Value};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use tokio::{runtime::Handle, sync::Mutex, task::block_in_place};

use crate::{
    lab::{Lab, Made, quoted},
    rows::{NULL, Row, date, held, instant, row, time, timestamp, uuid},
    types::{self, Kind},
};

pub async fn numbers_survive(lab: &mut Lab) {
    for kind in types::numbers() {
        survive(lab, kind).await;
    }
}

pub async fn texts_and_bytes_survive(lab: &mut Lab) {
    for kind in types::texts() {
        survive(lab, kind).await;
    }
}

pub async fn dates_and_times_survive(lab: &mut Lab) {
    for kind in types::times() {
        survive(lab, kind).await;
    }
}

pub async fn cells_without_a_type_survive(lab: &mut Lab) {
    for kind in types::mixed() {
        survive(lab, kind).await;
    }
}

/// The ends of every type, whatever chance picks elsewhere.
pub async fn extremes_survive(lab: &mut Lab) {
    for (data_type, values) in extremes() {
        let column = model::ColumnDef::new("v", data_type.clone());
        if lab.session.faithful(&column).is_err() {
            assert!(lab.engine.may_be_unfaithful(&data_type), "{data_type:?}");
            continue;
        }
        let made = lab.make("v", &[("id", DataType::INT32), ("v", data_type.clone())], &["id"]).await;
        if let Err(error) = check(lab, &made, &values).await {
            panic!("{data_type:?} held as {:?}: {values:?}: {error}", made.table.columns[1]);
        }
        lab.execute("drop table v").await;
    }
}

fn extremes() -> Vec<(DataType, Vec<Value>)> {
    let texts = |texts: &[&str]| texts.iter().map(|text| Value::Text((*text).to_owned())).collect();
    let turkish = [
        "ığüşöçİ",
        "IĞÜŞÖÇI",
        "Iıİi",
        "😀𝄞",
        "",
        " ",
        "  a  ",
        "'",
        "\\",
        "\r\n",
        "\t\u{b}",
        "\u{feff}a",
        "NULL",
        "\\N",
    ];
    let mut all = vec![
        (DataType::INT16, row![i64::from(i16::MIN), i64::from(i16::MAX), 0, NULL]),
        (DataType::INT32, row![i32::MIN, i32::MAX, 0, NULL]),
        (DataType::INT64, row![i64::MIN, i64::MAX, 0, 9_007_199_254_740_993_i64, NULL]),
        (
            DataType::REAL,
            types::REALS
                .into_iter()
                .chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY])
                .map(Value::Real)
                .collect(),
        ),
        (types::FLOAT, types::REALS.map(Value::Real).to_vec()),
        (types::TEXT, texts(&turkish)),
        (types::text(7), texts(&["ığüşöçİ", "1234567", "😀😀😀😀😀😀😀", ""])),
        (DataType::TEXT, texts(&["\0", "a\0b", "\0\0", "ab\0"])),
        (
            DataType::BYTES,
            [&[][..], &[0], &[0, 0], &[0, 255, 0], b"abc", b"\\x00", b" "]
                .map(|b| Value::Bytes(b.to_vec()))
                .to_vec(),
        ),
        (
            DataType::Uuid,
            row![uuid("00000000-0000-0000-0000-000000000000"), uuid("ffffffff-ffff-ffff-ffff-ffffffffffff")],
        ),
        (
            DataType::DATE,
            ["0001-01-01", "9999-12-31", "2000-02-29", "1899-12-30", "1900-01-01"].map(date).to_vec(),
        ),
        (DataType::Time { digits: 6 }, ["00:00", "23:59:59.999999", "12:00:00.000001"].map(time).to_vec()),
        (DataType::Time { digits: 7 }, ["23:59:59.9999999", "00:00:00.0000001"].map(time).to_vec()),
        (DataType::Time { digits: 9 }, ["23:59:59.999999999", "00:00:00.000000001"].map(time).to_vec()),
        (
            types::timestamps(6),
            ["0001-01-01 00:00", "9999-12-31 23:59:59.999999", "1582-10-10 12:00"].map(timestamp).to_vec(),
        ),
        (
            types::timestamps(7),
            ["0001-01-01 00:00:00.0000001", "9999-12-31 23:59:59.9999999"].map(timestamp).to_vec(),
        ),
        (
            types::instants(6, false),
            ["0001-01-01 00:00Z", "9999-12-31 23:59:59.999999Z"].map(instant).to_vec(),
        ),
        (
            types::instants(7, true),
            ["0001-01-02 00:00+14:00", "9999-12-30 23:59:59.9999999-11:30"].map(instant).to_vec(),
        ),
        (
            DataType::Json,
            ["{}", "[]", "null", "\"ığüşöçİ\"", "0.10", "{\"a\":{\"b\":[1,\"\",null,true]}}"]
                .map(|j| Value::Json(j.into()))
                .to_vec(),
        ),
    ];
    for scale in 0..=38_u8 {
        let nines = 10_i128.pow(38) - 1;
        let ends = [nines, -nines, 0, 1, -1].map(|n| Value::Decimal(Decimal::new(n, scale).unwrap()));
        all.push((DataType::Decimal(Some((38, scale))), ends.to_vec()));
    }
    all
}

const ROWS_MAX: usize = 24;

/// Runs the property for one type. **Errors**: panics with the smallest list of values found to break it.
async fn survive(lab: &mut Lab, kind: Kind) {
    let column = model::ColumnDef::new("v", kind.data_type.clone());
    if let Err(unfaithful) = lab.session.faithful(&column) {
        assert!(lab.engine.may_be_unfaithful(&kind.data_type), "{:?}: {unfaithful}", kind.data_type);
        return;
    }
    let made = lab.make("v", &[("id", DataType::INT32), ("v", kind.data_type.clone())], &["id"]).await;
    let lab_of_case = Mutex::new(&mut *lab);
    let config =
        Config { cases: cases(), failure_persistence: None, max_shrink_iters: 200, ..Config::default() };
    let values = proptest::collection::vec(kind.values, 1..=ROWS_MAX);
    let outcome = TestRunner::new(config).run(&values, |values| {
        block_in_place(|| {
            Handle::current().block_on(async { check(&mut **lab_of_case.lock().await, &made, &values).await })
        })
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, values)) => {
            panic!("{:?} held as {:?}: {values:?}: {reason}", made.types[1], made.table.columns[1])
        }
        Err(aborted) => panic!("{aborted}"),
    }
    lab.execute("drop table v").await;
}

/// Few, because each brings many values; as many as `PROPTEST_CASES` says, when it says.
fn cases() -> u32 {
    const UNLESS_SAID: u32 = 256;
    match Config::default().cases {
        UNLESS_SAID => 12,
        said => said,
    }
}

type Checked = Result<(), TestCaseError>;

fn ensure(right: bool, message: impl FnOnce() -> String) -> Checked {
    if right { Ok(()) } else { Err(TestCaseError::fail(message())) }
}

async fn check(lab: &mut Lab, made: &Made, values: &[Value]) -> Checked {
    lab.execute("delete from v").await;
    let (doubtful, sure): (Vec<&Value>, Vec<&Value>) =
        values.iter().partition(|value| lab.engine.may_refuse(&made.types[1], value));
    let mut rows = Vec::new();
    for value in sure {
        held(value.clone(), &made.table.columns[1].data_type)
            .map_err(|misfit| TestCaseError::fail(format!("{value:?}: {misfit}")))?;
        rows.push(row![i32::try_from(rows.len()).unwrap(), value.clone()]);
    }
    let added = lab.insert(made, &rows).await.map_err(failed)?;
    ensure(added == rows.len() as u64, || format!("{added} rows were added"))?;
    try_doubtful(lab, made, &doubtful, &mut rows).await;
    compare(lab, made, &rows).await?;
    write_again(lab, made, &rows).await
}

/// Writes the values that may be refused; those that were not join the others.
async fn try_doubtful(lab: &mut Lab, made: &Made, values: &[&Value], rows: &mut Vec<Row>) {
    for value in values {
        let row = row![i32::try_from(rows.len()).unwrap(), (*value).clone()];
        let fits = held((*value).clone(), &made.table.columns[1].data_type).is_ok();
        if fits && lab.insert(made, std::slice::from_ref(&row)).await.is_ok() {
            rows.push(row);
        }
    }
}

async fn compare(lab: &mut Lab, made: &Made, rows: &[Row]) -> Checked {
    let read = lab.rows(made).await;
    ensure(exactly(&read, rows), || format!("read as asked for: {read:?}"))?;
    let native = made.native_types();
    let read: Vec<Row> = lab.rows_as(made, &native).await;
    let back: Vec<Row> =
        read.iter().map(|row| vec![row[0].clone(), held(row[1].clone(), &made.types[1]).unwrap()]).collect();
    ensure(exactly(&back, rows), || format!("read as it is held: {read:?}"))?;

    let Some(oracle) = lab.engine.oracle(&quoted("v"), &made.types[1]) else { return Ok(()) };
    let said = lab.foreign.query_text(&format!("select {} from v order by id", oracle.sql)).await;
    for (cell, row) in said.iter().zip(rows) {
        let value = cell[0].as_ref().map_or(Some(Value::Null), |text| (oracle.read)(text, &made.types[1]));
        ensure(value.as_ref() == Some(&row[1]), || {
            format!("the database says {:?} is {:?}", row[1], cell[0])
        })?;
    }
    ensure(said.len() == rows.len(), || "the database has another number of rows".to_owned())
}

/// Equal, decimals with their scale.
fn exactly(read: &[Row], rows: &[Row]) -> bool {
    let scale = |value: &Value| matches!(value, Value::Decimal(_)).then(|| value.to_string());
    read == rows && read.iter().flatten().map(scale).eq(rows.iter().flatten().map(scale))
}

/// By the other path: nothing differs; gone rows come back as they were; changed ones take the new value.
async fn write_again(lab: &mut Lab, made: &Made, rows: &[Row]) -> Checked {
    let count = rows.len() as u64;
    let applied = lab.upsert(made, rows).await.map_err(failed)?;
    ensure(applied.unchanged == count, || format!("rows that are there already: {applied:?}"))?;
    lab.execute("delete from v where id % 2 = 0").await;
    lab.execute("update v set v = null where id % 3 = 0").await;
    lab.upsert(made, rows).await.map_err(failed)?;
    let read = lab.rows(made).await;
    ensure(exactly(&read, rows), || format!("after an upsert: {read:?}"))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: database::Error) -> TestCaseError {
    TestCaseError::fail(format!("{error:?}"))
}
