//! Many rows, many columns, large cells: limits of statements are no limits of a batch.

use database::Applied;
use model::{DataType, ErrorKind, Value};

use crate::{
    lab::{Lab, refused},
    rows::{Row, row},
    types,
};

const NOTHING: Applied = Applied { inserted: 0, updated: 0, unchanged: 0 };

/// 120 000 cells: more parameters than any of the databases takes in a statement.
pub async fn more_parameters_than_a_statement_takes(lab: &mut Lab) {
    const ROWS: i32 = 3_000;
    let names: Vec<String> = (0..40).map(|at| format!("c{at}")).collect();
    let columns: Vec<(&str, DataType)> = names.iter().map(|name| (name.as_str(), DataType::INT32)).collect();
    let made = lab.make("watched", &columns, &["c0"]).await;
    let mut rows: Vec<Row> =
        (0..ROWS).map(|n| (0..40).map(|c| Value::Int((n * 40 + c).into())).collect()).collect();
    assert_eq!(lab.upsert(&made, &rows).await.unwrap(), Applied { inserted: 3_000, ..NOTHING });
    assert_eq!(lab.upsert(&made, &rows).await.unwrap(), Applied { unchanged: 3_000, ..NOTHING });
    for row in rows.iter_mut().step_by(1000) {
        row[39] = Value::Int(-1);
    }
    assert_eq!(
        lab.upsert(&made, &rows).await.unwrap(),
        Applied { updated: 3, unchanged: 2_997, inserted: 0 }
    );
    assert_eq!(lab.rows(&made).await, rows);

    let keys: Vec<Row> = rows.iter().map(|row| row[..1].to_vec()).collect();
    assert_eq!(lab.delete(&made, &keys).await.unwrap(), 3_000);
    assert_eq!(lab.insert(&made, &rows).await.unwrap(), 3_000);
    assert_eq!(lab.rows(&made).await, rows);
}

/// Keys alone: 70 000 of them are more than a statement takes even one by one.
pub async fn many_keys_are_deleted_at_once(lab: &mut Lab) {
    let made = lab.make("watched", &[("a", DataType::INT32), ("b", types::text(10))], &["a", "b"]).await;
    let keys: Vec<Row> = (0..70_000).map(|n| row![n, "x"]).collect();
    assert_eq!(lab.insert(&made, &keys).await.unwrap(), 70_000);
    assert_eq!(lab.delete(&made, &keys[1..]).await.unwrap(), 69_999);
    assert_eq!(lab.rows(&made).await, keys[..1]);
}

pub async fn tables_as_wide_as_the_database_allows(lab: &mut Lab) {
    let width = lab.session.capabilities().columns_max.min(1_600);
    assert!(width >= 1_000);
    let names: Vec<String> = (0..width).map(|at| format!("column {at}")).collect();
    let columns: Vec<(&str, DataType)> = names.iter().map(|name| (name.as_str(), DataType::INT32)).collect();
    let made = lab.make("watched", &columns, &["column 0"]).await;
    let wide = |first: i64| -> Row { (first..).take(width).map(Value::Int).collect() };
    let mut rows = vec![wide(0), wide(1), wide(2)];
    assert_eq!(lab.insert(&made, &rows).await.unwrap(), 3);
    assert_eq!(lab.rows(&made).await, rows);

    rows[1][width - 1] = Value::Null;
    rows.push(wide(3));
    let applied = lab.upsert(&made, &rows).await.unwrap();
    assert_eq!(applied, Applied { inserted: 1, updated: 1, unchanged: 2 });
    assert_eq!(lab.rows(&made).await, rows);
    assert_eq!(lab.upsert(&made, &rows).await.unwrap(), Applied { unchanged: 4, ..NOTHING });
}

pub async fn one_column_too_many_is_refused(lab: &mut Lab) {
    let width = lab.session.capabilities().columns_max;
    let column = lab.session.faithful(&model::ColumnDef::new("x", DataType::INT32)).unwrap();
    let columns =
        (0..=width).map(|at| model::ColumnDef { name: format!("c{at}"), ..column.clone() }).collect();
    let table = crate::lab::plain_table("too_wide", columns, &[]);
    let error = lab.session.create_table(&table).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Schema | ErrorKind::Unsupported), "{error:?}");
    refused(lab.session.table(&table.name).await, ErrorKind::Missing);
}

pub async fn large_cells_arrive_whole(lab: &mut Lab) {
    let columns = [("id", DataType::INT32), ("t", types::TEXT), ("b", DataType::BYTES)];
    let made = lab.make("watched", &columns, &["id"]).await;
    let text = "ığüşöçİ😀 and so on. ".repeat(40_000);
    assert!(text.len() > 1_000_000);
    let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251).to_le_bytes()[0]).collect();
    let rows = [row![1, text.as_str(), &bytes[..]], row![2, "small", &[0_u8][..]]];
    assert_eq!(lab.insert(&made, &rows).await.unwrap(), 2);
    assert!(lab.rows(&made).await == rows);
    assert_eq!(lab.upsert(&made, &rows).await.unwrap(), Applied { unchanged: 2, ..NOTHING });

    let changed = [row![1, format!("{text}."), &bytes[1..]], rows[1].clone()];
    assert_eq!(lab.upsert(&made, &changed).await.unwrap(), Applied { updated: 1, unchanged: 1, inserted: 0 });
    assert!(lab.rows(&made).await == changed);
}
