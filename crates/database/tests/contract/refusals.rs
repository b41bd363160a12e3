//! What cannot be held is set aside with table, key, column and reason, row by row; the others arrive.

use database::{ColumnRead, ColumnRef};
use model::{DataType, Fraction, Key, Misfit, TextUnit, Value};

use crate::{
    lab::{Lab, Made, Part},
    rows::{NULL, Row, date, decimal, row, timestamp},
    types,
};

/// A value at the source, the type its target wants, and why that cannot be.
struct Refusal {
    held_as: DataType,
    value: Value,
    wanted: DataType,
    reason: Misfit,
}

fn refusal(held_as: DataType, value: Value, wanted: DataType, reason: Misfit) -> Refusal {
    Refusal { held_as, value, wanted, reason }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn not_a(value: &str, wanted: &'static str) -> Misfit {
    Misfit::NotA { value: value.to_owned(), wanted }
}

fn refusals() -> Vec<Refusal> {
    let precise = |value: &str| Misfit::TooPrecise { value: value.to_owned() };
    let outside = |value: &str| Misfit::OutOfRange { value: value.to_owned() };
    let datetime = DataType::Timestamp { fraction: Fraction::Tick300, years: (1753, 9999) };
    let money = DataType::Decimal(Some((18, 2)));
    let moment = "2026-01-31 09:05:07.123456";
    vec![
        refusal(types::TEXT, text("twelve"), DataType::INT32, not_a("twelve", "whole number")),
        refusal(types::TEXT, text(""), DataType::INT32, not_a("", "whole number")),
        refusal(types::TEXT, text("12,5"), money.clone(), not_a("12,5", "decimal number")),
        refusal(types::TEXT, text("2023-02-29"), DataType::DATE, not_a("2023-02-29", "date")),
        refusal(types::TEXT, text("dün"), types::timestamps(6), not_a("dün", "date and time")),
        refusal(types::TEXT, text("{"), DataType::Json, not_a("{", "JSON document")),
        refusal(types::TEXT, text("ığüşöçİ"), types::text(6), Misfit::TooLong { length: 7, max: 6 }),
        refusal(
            types::TEXT,
            text("a😀"),
            types::limited(2, TextUnit::Utf16),
            Misfit::TooLong { length: 3, max: 2 },
        ),
        refusal(DataType::INT64, Value::Int(300), DataType::INT8_UNSIGNED, outside("300")),
        refusal(
            DataType::INT64,
            Value::Int((1 << 53) + 1),
            types::FLOAT,
            not_a("9007199254740993", "number that a float holds exactly"),
        ),
        refusal(types::FLOAT, Value::Real(1.5), DataType::INT64, not_a("1.5", "whole number")),
        refusal(types::FLOAT, Value::Real(1.005), money.clone(), precise("1.005")),
        refusal(DataType::Decimal(Some((38, 4))), decimal("1.2345"), money.clone(), precise("1.2345")),
        refusal(
            DataType::Decimal(Some((38, 0))),
            decimal("12345678901234567"),
            money,
            outside("12345678901234567"),
        ),
        refusal(
            types::timestamps(6),
            timestamp("1700-01-01 00:00"),
            datetime.clone(),
            outside("1700-01-01 00:00:00"),
        ),
        refusal(types::timestamps(6), timestamp(moment), datetime, precise(moment)),
        refusal(types::timestamps(6), timestamp(moment), types::timestamps(3), precise(moment)),
        refusal(
            DataType::DATE,
            date("1899-12-30"),
            DataType::Date { years: (1900, 2079) },
            outside("1899-12-30"),
        ),
        refusal(
            DataType::BYTES,
            Value::Bytes(vec![0; 9]),
            DataType::Bytes { max: Some(8) },
            Misfit::TooLong { length: 9, max: 8 },
        ),
        refusal(DataType::BYTES, Value::Bytes(vec![1, 171]), types::TEXT, not_a("0x01ab", "text")),
    ]
}

/// Three rows: the middle one does not fit.
async fn source(lab: &mut Lab, held_as: &DataType, value: &Value) -> Made {
    let made = lab.make("source", &[("id", DataType::INT32), ("v", held_as.clone())], &["id"]).await;
    lab.insert(&made, &[row![1, NULL], row![2, value.clone()], row![3, NULL]]).await.unwrap();
    made
}

pub async fn what_does_not_fit_the_target_is_set_aside(lab: &mut Lab) {
    for Refusal { held_as, value, wanted, reason } in refusals() {
        let made = source(lab, &held_as, &value).await;
        let columns = made.columns(&[DataType::INT32, wanted.clone()]);
        let page = lab.read(&made.relation, &columns, &made.key, &Part::default()).await.unwrap();
        assert_eq!(crate::rows::of(&page.batch), [row![1, NULL], row![3, NULL]], "{value:?} as {wanted:?}");
        assert_eq!(page.rejected.len(), 1, "{value:?} as {wanted:?}");
        let rejected = &page.rejected[0];
        assert_eq!((&rejected.key, rejected.column.as_str()), (&Key(row![2]), "v"));
        assert_eq!(rejected.reason, reason, "{value:?} as {wanted:?}");
        lab.execute("drop table source").await;
    }
}

pub async fn a_nul_is_set_aside_where_the_target_has_none(lab: &mut Lab) {
    let made = source(lab, &types::TEXT, &NULL).await;
    let nul = text("a\0b");
    if crate::rows::held(nul.clone(), &made.table.columns[1].data_type).is_err()
        || lab.upsert(&made, &[row![2, nul]]).await.is_err()
    {
        return; // Nothing here can hold one.
    }
    let page = lab.page(&made, &Part::default()).await;
    assert_eq!(crate::rows::of(&page.batch), [row![1, NULL], row![3, NULL]]);
    assert_eq!(page.rejected[0].reason, Misfit::Character { code: 0 });
}

pub async fn a_null_is_set_aside_where_one_is_not_allowed(lab: &mut Lab) {
    let made = source(lab, &types::TEXT, &text("here")).await;
    let mut columns = made.columns(&made.types);
    columns[1].required = true;
    let page = lab.read(&made.relation, &columns, &made.key, &Part::default()).await.unwrap();
    assert_eq!(crate::rows::of(&page.batch), [row![2, "here"]]);
    let keys: Vec<&Key> = page.rejected.iter().map(|rejected| &rejected.key).collect();
    assert_eq!(keys, [&Key(row![1]), &Key(row![3])]);
    assert!(page.rejected.iter().all(|rejected| rejected.reason == Misfit::Null && rejected.column == "v"));
}

pub async fn texts_that_mean_null_do_so_only_where_it_is_said(lab: &mut Lab) {
    let made = source(lab, &types::TEXT, &text("0000-00-00")).await;
    let mut columns = made.columns(&[DataType::INT32, DataType::DATE]);
    columns[1].null_texts = vec![String::new(), "0000-00-00".to_owned()];
    let page = lab.read(&made.relation, &columns, &made.key, &Part::default()).await.unwrap();
    assert_eq!(crate::rows::of(&page.batch), [row![1, NULL], row![2, NULL], row![3, NULL]]);
    columns[1].wanted = types::TEXT;
    let page = lab.read(&made.relation, &columns, &made.key, &Part::default()).await.unwrap();
    assert_eq!(crate::rows::of(&page.batch)[1], row![2, "0000-00-00"]);
    // A NULL that a text stands for is a NULL where none is allowed, too.
    columns[1] = ColumnRead { required: true, wanted: DataType::DATE, ..columns[1].clone() };
    let page = lab.read(&made.relation, &columns, &made.key, &Part::default()).await.unwrap();
    assert_eq!((page.batch.rows(), page.rejected.len()), (0, 3));
}

/// Rows that are set aside count in the page, and the pages after them come.
pub async fn rows_set_aside_do_not_end_the_reading(lab: &mut Lab) {
    let made = lab.make("source", &[("id", DataType::INT32), ("v", types::text(10))], &["id"]).await;
    let is_bad = |n: i32| n % 10 < 4;
    let rows: Vec<Row> =
        (1..=50).map(|n| if is_bad(n) { row![n, "none"] } else { row![n, n.to_string()] }).collect();
    lab.insert(&made, &rows).await.unwrap();
    let columns = made.columns(&[DataType::INT32, DataType::INT32]);
    for size in [1, 2, 3, 50] {
        let (mut good, mut bad, mut after) = (Vec::new(), Vec::new(), None);
        loop {
            let part = Part { after: after.as_ref(), rows: Some(size), ..Part::default() };
            let page = lab.read(&made.relation, &columns, &made.key, &part).await.unwrap();
            assert!(page.batch.rows() + page.rejected.len() <= size);
            good.extend(crate::rows::of(&page.batch));
            bad.extend(page.rejected.into_iter().map(|rejected| rejected.key.0));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let expect = |wanted: bool| (1..=50).filter(move |n| is_bad(*n) == wanted);
        assert_eq!(good, expect(false).map(|n| row![n, n]).collect::<Vec<_>>());
        assert_eq!(bad, expect(true).map(|n| row![n]).collect::<Vec<_>>());
    }
}

/// A key that is NULL, or does not fit its own type, is no key: the row is set aside, not lost and not fatal.
pub async fn rows_without_a_usable_key_are_set_aside(lab: &mut Lab) {
    let made = lab.make("source", &[("code", types::text(10)), ("n", DataType::INT32)], &[]).await;
    lab.insert(&made, &[row!["2", 20], row![NULL, 0], row!["x", 30], row!["1", 10]]).await.unwrap();
    let columns = made.columns(&made.types);
    let page = lab.read(&made.relation, &columns, &[0], &Part::default()).await.unwrap();
    assert_eq!(crate::rows::of(&page.batch), [row!["1", 10], row!["2", 20], row!["x", 30]]);
    assert_eq!(page.rejected.len(), 1);
    assert!(matches!(page.rejected[0].reason, Misfit::NullKey | Misfit::Null), "{:?}", page.rejected);
    assert_eq!(page.rejected[0].column, "code");
}

pub async fn what_the_table_cannot_hold_is_refused_and_the_others_stay(lab: &mut Lab) {
    for case in lab.engine.unwritable() {
        lab.execute(&format!("create table target (id int not null primary key, c {})", case.ddl)).await;
        let made = lab.found("target", &["id"]).await;
        lab.insert(&made, &[row![1, NULL]]).await.unwrap();
        if crate::rows::held(case.value.clone(), &made.types[1]).is_err() {
            // Refused before it gets here, which is as good.
            lab.execute("drop table target").await;
            continue;
        }
        let rows = [row![2, NULL], row![3, case.value.clone()]];
        let inserted = lab.insert(&made, &rows).await.expect_err(case.ddl);
        let upserted = lab.upsert(&made, &rows).await.expect_err(case.ddl);
        for error in [inserted, upserted] {
            assert!(case.kinds.contains(&error.kind), "{}: {error:?}", case.ddl);
            assert_eq!(error.table.as_ref(), Some(&made.table.name), "{}: {error:?}", case.ddl);
        }
        assert_eq!(lab.count("target").await, 1, "{}", case.ddl);
        lab.execute("drop table target").await;
    }
}

/// The reader wants a column twice, in another order, and one of them in another type.
pub async fn columns_come_in_the_order_asked_for(lab: &mut Lab) {
    let made = source(lab, &DataType::INT32, &Value::Int(7)).await;
    let columns = [
        ColumnRead::new(ColumnRef::named("v"), types::TEXT),
        ColumnRead::new(ColumnRef::named("id"), DataType::INT64),
        ColumnRead::new(ColumnRef::named("v"), DataType::Decimal(Some((5, 2)))),
    ];
    let page = lab.read(&made.relation, &columns, &[1], &Part::default()).await.unwrap();
    assert_eq!(crate::rows::of(&page.batch)[1], row!["7", 2, decimal("7.00")]);
}
