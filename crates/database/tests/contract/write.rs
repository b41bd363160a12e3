//! Inserting, upserting and deleting: twice is once, equal rows stay untouched, refusals leave nothing.

use database::{Applied, ColumnRef, Write};
use model::{DataType, ErrorKind, TableRef};

use crate::{
    lab::{Lab, Made, refused},
    rows::{IntoValue as _, NULL, Row, decimal, row},
    types,
};

const NOTHING: Applied = Applied { inserted: 0, updated: 0, unchanged: 0 };

async fn goods(lab: &mut Lab) -> Made {
    let columns = [
        ("id", DataType::INT32),
        ("name", types::text(50)),
        ("price", DataType::Decimal(Some((18, 4)))),
        ("weight", types::FLOAT),
        ("in_stock", DataType::Bool),
    ];
    lab.make("watched", &columns, &["id"]).await
}

fn some_goods() -> Vec<Row> {
    vec![
        row![1, "çay", decimal("12.5000"), 0.25, true],
        row![2, "", NULL, NULL, false],
        row![3, NULL, decimal("-0.0001"), -1e300, NULL],
    ]
}

pub async fn apply_is_idempotent(lab: &mut Lab) {
    let goods = goods(lab).await;
    let mut rows = some_goods();
    assert_eq!(lab.upsert(&goods, &rows).await.unwrap(), Applied { inserted: 3, ..NOTHING });
    assert_eq!(lab.rows(&goods).await, rows);
    assert_eq!(lab.upsert(&goods, &rows).await.unwrap(), Applied { unchanged: 3, ..NOTHING });
    assert_eq!(lab.rows(&goods).await, rows);

    rows[1] = row![2, "kahve", decimal("3"), 1.5, true];
    rows.push(row![4, "su", NULL, NULL, NULL]);
    assert_eq!(lab.upsert(&goods, &rows).await.unwrap(), Applied { inserted: 1, updated: 1, unchanged: 2 });
    assert_eq!(lab.upsert(&goods, &rows).await.unwrap(), Applied { unchanged: 4, ..NOTHING });
    assert_eq!(lab.rows(&goods).await, rows);

    assert_eq!(lab.delete(&goods, &[row![1], row![4], row![99]]).await.unwrap(), 2);
    assert_eq!(lab.delete(&goods, &[row![1], row![4], row![99]]).await.unwrap(), 0);
    assert_eq!(lab.rows(&goods).await, rows[1..3]);
}

pub async fn an_insert_says_how_many_it_added(lab: &mut Lab) {
    let goods = goods(lab).await;
    assert_eq!(lab.insert(&goods, &some_goods()).await.unwrap(), 3);
    assert_eq!(lab.rows(&goods).await, some_goods());
}

pub async fn nothing_to_write_is_no_error(lab: &mut Lab) {
    let goods = goods(lab).await;
    assert_eq!(lab.insert(&goods, &[]).await.unwrap(), 0);
    assert_eq!(lab.upsert(&goods, &[]).await.unwrap(), NOTHING);
    assert_eq!(lab.delete(&goods, &[]).await.unwrap(), 0);
}

/// The writes that triggers of the table saw since they were last asked: `IIU`.
async fn writes(lab: &mut Lab) -> String {
    let rows = lab.foreign.query_text("select operation from writes order by operation").await;
    lab.execute("delete from writes").await;
    rows.iter().map(|row| row[0].clone().unwrap()).collect()
}

pub async fn equal_rows_are_left_alone(lab: &mut Lab) {
    let goods = goods(lab).await;
    let mut rows = some_goods();
    lab.insert(&goods, &rows).await.unwrap();
    lab.run_script(lab.engine.habits().watch).await;

    lab.upsert(&goods, &rows).await.unwrap();
    assert_eq!(writes(lab).await, "");
    rows[2] = row![3, NULL, decimal("-0.0002"), -1e300, NULL];
    rows.push(row![4, NULL, NULL, NULL, NULL]);
    lab.upsert(&goods, &rows).await.unwrap();
    assert_eq!(writes(lab).await, "IU");
    lab.delete(&goods, &[row![1], row![99]]).await.unwrap();
    assert_eq!(writes(lab).await, "D");
}

/// Each pair is the same to some comparison of some database, and to denk it is not.
pub async fn differences_that_comparisons_hide_are_written(lab: &mut Lab) {
    let pairs = [
        ("a", "A"),
        ("a", "a "),
        ("ı", "i"),
        ("İ", "i"),
        ("I", "ı"),
        ("é", "e\u{301}"),
        ("ş", "s"),
        ("", " "),
        ("ß", "ss"),
    ];
    let made = lab.make("watched", &[("id", DataType::INT32), ("name", types::text(50))], &["id"]).await;
    let rows = |second: bool| -> Vec<Row> {
        (0_i32..).zip(pairs).map(|(id, (a, b))| row![id, if second { b } else { a }]).collect()
    };
    lab.insert(&made, &rows(false)).await.unwrap();
    let all = pairs.len() as u64;
    assert_eq!(lab.upsert(&made, &rows(true)).await.unwrap(), Applied { updated: all, ..NOTHING });
    assert_eq!(lab.rows(&made).await, rows(true));
    assert_eq!(lab.upsert(&made, &rows(true)).await.unwrap(), Applied { unchanged: all, ..NOTHING });
}

pub async fn bytes_that_differ_only_in_zeros_are_written(lab: &mut Lab) {
    let made = lab.make("watched", &[("id", DataType::INT32), ("b", DataType::BYTES)], &["id"]).await;
    let before = [row![1, &[][..]], row![2, &[0_u8][..]], row![3, &b"a"[..]], row![4, &[1_u8, 0][..]]];
    let after = [row![1, &[0_u8][..]], row![2, &[0_u8, 0][..]], row![3, &b"a "[..]], row![4, &[1_u8][..]]];
    lab.insert(&made, &before).await.unwrap();
    assert_eq!(lab.upsert(&made, &after).await.unwrap(), Applied { updated: 4, ..NOTHING });
    assert_eq!(lab.rows(&made).await, after);
    assert_eq!(lab.upsert(&made, &after).await.unwrap(), Applied { unchanged: 4, ..NOTHING });
}

pub async fn a_zero_that_changes_its_sign_is_written(lab: &mut Lab) {
    let made = lab.make("watched", &[("id", DataType::INT32), ("r", types::FLOAT)], &["id"]).await;
    if lab.engine.may_refuse(&types::FLOAT, &(-0.0).into_value()) {
        refused(lab.upsert(&made, &[row![1, -0.0]]).await, ErrorKind::Conversion);
        return;
    }
    lab.insert(&made, &[row![1, 0.0], row![2, -0.0]]).await.unwrap();
    let swapped = [row![1, -0.0], row![2, 0.0]];
    assert_eq!(lab.upsert(&made, &swapped).await.unwrap(), Applied { updated: 2, ..NOTHING });
    assert_eq!(lab.rows(&made).await, swapped);
    assert_eq!(lab.upsert(&made, &swapped).await.unwrap(), Applied { unchanged: 2, ..NOTHING });
}

pub async fn an_empty_text_is_not_null(lab: &mut Lab) {
    let columns = [("id", DataType::INT32), ("t", types::text(50)), ("b", DataType::BYTES)];
    let made = lab.make("watched", &columns, &["id"]).await;
    let before = [row![1, "", &[][..]], row![2, NULL, NULL]];
    let after = [row![1, NULL, NULL], row![2, "", &[][..]]];
    lab.insert(&made, &before).await.unwrap();
    assert_eq!(lab.rows(&made).await, before);
    assert_eq!(lab.upsert(&made, &after).await.unwrap(), Applied { updated: 2, ..NOTHING });
    assert_eq!(lab.rows(&made).await, after);
    assert_eq!(lab.ask("select count(*) from watched where t is null and b is null").await, "1");
}

pub async fn columns_for_new_rows_only_are_kept(lab: &mut Lab) {
    let goods = goods(lab).await;
    lab.insert(&goods, &[row![1, "ours", decimal("1"), 1.0, true]]).await.unwrap();
    lab.run_script(lab.engine.habits().watch).await;
    let write = Write { insert_only: &[1, 3], ..goods.write() };
    let rows = [row![1, "theirs", decimal("2"), 2.0, true], row![2, "new", decimal("3"), 3.0, false]];
    let applied = lab.session.upsert(&write, &goods.batch(&rows)).await.unwrap();
    assert_eq!(applied, Applied { inserted: 1, updated: 1, unchanged: 0 });
    assert_eq!(lab.rows(&goods).await, [row![1, "ours", decimal("2"), 1.0, true], rows[1].clone()]);
    writes(lab).await;

    // Different only in a column that is not compared.
    let applied = lab.session.upsert(&write, &goods.batch(&rows)).await.unwrap();
    assert_eq!(applied, Applied { unchanged: 2, ..NOTHING });
    assert_eq!(writes(lab).await, "");
}

pub async fn columns_that_are_not_named_are_left_alone(lab: &mut Lab) {
    let goods = goods(lab).await;
    lab.insert(&goods, &some_goods()).await.unwrap();
    let columns = ["price", "id"].map(ColumnRef::named);
    let types = [&goods.table.columns[2].data_type, &goods.table.columns[0].data_type].map(Clone::clone);
    let write = Write { table: &goods.table, columns: &columns, key: &[1], insert_only: &[] };
    let batch = crate::rows::batch(&types, &[row![decimal("7"), 1], row![decimal("8"), 9]]);
    let applied = lab.session.upsert(&write, &batch).await.unwrap();
    assert_eq!(applied, Applied { inserted: 1, updated: 1, unchanged: 0 });
    let mut expected = some_goods();
    expected[0][2] = decimal("7");
    expected.push(row![9, NULL, decimal("8"), NULL, NULL]);
    assert_eq!(lab.rows(&goods).await, expected);
}

pub async fn a_table_of_keys_alone_is_written(lab: &mut Lab) {
    let made = lab.make("watched", &[("a", DataType::INT32), ("b", types::text(20))], &["a", "b"]).await;
    let rows = [row![1, "x"], row![1, "y"], row![2, "x"]];
    assert_eq!(lab.upsert(&made, &rows).await.unwrap(), Applied { inserted: 3, ..NOTHING });
    assert_eq!(lab.upsert(&made, &rows).await.unwrap(), Applied { unchanged: 3, ..NOTHING });
    assert_eq!(lab.rows(&made).await, rows);
}

pub async fn composite_keys_tell_rows_apart(lab: &mut Lab) {
    let columns = [("region", types::text(20)), ("note", types::text(20)), ("no", DataType::INT64)];
    let made = lab.make("watched", &columns, &["no", "region"]).await;
    assert_eq!(made.table.primary_key, ["no", "region"]);
    let rows = [row!["Ankara", "a", 1], row!["İzmir", "b", 1], row!["Ankara", "c", 2]];
    lab.upsert(&made, &rows).await.unwrap();
    let changed = [row!["İzmir", "B", 1], row!["İzmir", "d", 2]];
    let applied = lab.upsert(&made, &changed).await.unwrap();
    assert_eq!(applied, Applied { inserted: 1, updated: 1, unchanged: 0 });
    // Keys come in the key's own order.
    assert_eq!(lab.delete(&made, &[row![2, "Ankara"], row![1, "Adana"]]).await.unwrap(), 1);
    assert_eq!(lab.rows(&made).await, [rows[0].clone(), changed[0].clone(), changed[1].clone()]);
}

/// Where the table's own comparison takes two keys for one, the rows are refused, never merged.
pub async fn text_keys_that_look_alike_stay_apart(lab: &mut Lab) {
    let alike = ["a", "A", "a ", " a", "ı", "i", "I", "İ", "é", "e\u{301}", "ß", "ss", ""];
    let made = lab.make("watched", &[("code", types::text(20)), ("n", DataType::INT32)], &["code"]).await;
    let rows: Vec<Row> = (0_i32..).zip(alike).map(|(n, code)| row![code, n]).collect();
    let exact = lab.engine.habits().exact_keys;
    match lab.upsert(&made, &rows).await {
        Ok(applied) => assert_eq!(applied, Applied { inserted: rows.len() as u64, ..NOTHING }),
        Err(error) if !exact => {
            assert_eq!(error.kind, ErrorKind::Constraint, "{error:?}");
            assert_eq!(lab.count("watched").await, 0);
            return;
        }
        Err(error) => panic!("{error:?}"),
    }
    let rows = crate::rows::sorted(rows, &[0]);
    assert_eq!(lab.rows(&made).await, rows);
    assert_eq!(lab.upsert(&made, &rows).await.unwrap().unchanged, rows.len() as u64);
    let (gone, stay) = rows.split_at(5);
    let keys: Vec<Row> = gone.iter().map(|row| row[..1].to_vec()).collect();
    assert_eq!(lab.delete(&made, &keys).await.unwrap(), 5);
    assert_eq!(lab.rows(&made).await, stay);
}

pub async fn a_key_repeated_in_an_insert_adds_nothing(lab: &mut Lab) {
    let goods = goods(lab).await;
    let mut rows = some_goods();
    rows.push(row![1, "again", NULL, NULL, NULL]);
    let error = refused(lab.insert(&goods, &rows).await, ErrorKind::Constraint);
    assert_eq!(error.table.as_ref(), Some(&goods.table.name));
    assert_eq!(lab.count("watched").await, 0);
}

pub async fn an_insert_over_an_existing_row_adds_nothing(lab: &mut Lab) {
    let goods = goods(lab).await;
    lab.insert(&goods, &some_goods()[2..]).await.unwrap();
    let error = refused(lab.insert(&goods, &some_goods()).await, ErrorKind::Constraint);
    assert_eq!(error.table.as_ref(), Some(&goods.table.name));
    assert_eq!(lab.rows(&goods).await, some_goods()[2..]);
}

pub async fn a_null_in_the_key_is_refused(lab: &mut Lab) {
    let made = lab.make("watched", &[("code", types::text(20)), ("n", DataType::INT32)], &["code"]).await;
    for rows in [vec![row!["a", 1], row![NULL, 2]], vec![row![NULL, 1], row![NULL, 2]]] {
        let error = refused(lab.upsert(&made, &rows).await, ErrorKind::Conversion);
        assert_eq!(error.table.as_ref(), Some(&made.table.name));
        assert_eq!(error.column.as_deref(), Some("code"));
        assert_eq!(lab.count("watched").await, 0);
    }
}

pub async fn rules_of_the_table_are_obeyed_and_named(lab: &mut Lab) {
    lab.run_script(lab.engine.habits().shop).await;
    let orders = lab.found("orders", &["region", "no"]).await;
    // No such customer.
    let rows = [row![1, "Ankara", 7]];
    for error in [
        refused(lab.insert(&orders, &rows).await, ErrorKind::Constraint),
        refused(lab.upsert(&orders, &rows).await, ErrorKind::Constraint),
    ] {
        assert_eq!(error.table.as_ref(), Some(&orders.table.name));
    }
    // NULL where none may be.
    let error = refused(lab.upsert(&orders, &[row![1, "Ankara", NULL]]).await, ErrorKind::Constraint);
    assert_eq!(error.table.as_ref(), Some(&orders.table.name));
    assert_eq!(lab.count("orders").await, 0);
}

pub async fn a_row_that_is_refused_takes_its_batch_with_it(lab: &mut Lab) {
    lab.execute("create table watched (id int not null primary key, n int check (n < 100))").await;
    let made = lab.found("watched", &["id"]).await;
    lab.upsert(&made, &[row![1, 1], row![2, 2]]).await.unwrap();
    let bad = [row![1, 10], row![2, 100], row![3, 30]];
    let error = refused(lab.upsert(&made, &bad).await, ErrorKind::Constraint);
    assert_eq!(error.table.as_ref(), Some(&made.table.name));
    refused(lab.insert(&made, &[row![4, 40], row![5, 500]]).await, ErrorKind::Constraint);
    assert_eq!(lab.rows(&made).await, [row![1, 1], row![2, 2]]);
}

pub async fn a_parent_that_is_needed_is_not_deleted(lab: &mut Lab) {
    lab.run_script(lab.engine.habits().shop).await;
    lab.execute("insert into customers (code) values ('C1')").await;
    lab.execute("insert into orders (no, region, customer_id) values (1, 'Ankara', 1)").await;
    let customers = lab.found("customers", &["id"]).await;
    refused(lab.delete(&customers, &[row![1]]).await, ErrorKind::Constraint);
    assert_eq!(lab.count("customers").await, 1);
}

pub async fn numbered_and_defaulted_columns_are_filled_when_left_out(lab: &mut Lab) {
    lab.run_script(lab.engine.habits().numbered).await;
    let numbered = lab.found("numbered", &["id"]).await;
    let columns = ["id", "name"].map(ColumnRef::named);
    let types = &numbered.native_types()[..2];
    let write = Write { table: &numbered.table, columns: &columns, key: &[0], insert_only: &[] };
    let applied =
        lab.session.upsert(&write, &crate::rows::batch(types, &[row![7, "a"], row![9, "b"]])).await.unwrap();
    assert_eq!(applied, Applied { inserted: 2, ..NOTHING });
    let expected = [row![7, "a", 14, "new"], row![9, "b", 18, "new"]];
    assert_eq!(lab.rows(&numbered).await, expected);

    let write = Write { columns: &columns[1..], key: &[], ..write };
    assert_eq!(lab.session.insert(&write, &crate::rows::batch(&types[1..], &[row!["c"]])).await.unwrap(), 1);
    assert_eq!(lab.ask("select count(*) from numbered where name = 'c' and state = 'new'").await, "1");
}

pub async fn writing_into_a_missing_table_says_so(lab: &mut Lab) {
    let goods = goods(lab).await;
    lab.execute("drop table watched").await;
    for result in [
        lab.insert(&goods, &some_goods()).await,
        lab.upsert(&goods, &some_goods()).await.map(|applied| applied.inserted),
        lab.delete(&goods, &[row![1]]).await,
    ] {
        refused(result, ErrorKind::Missing);
    }
    let column = goods.table.columns[1].clone();
    refused(lab.session.add_columns(&TableRef::new("watched"), &[column]).await, ErrorKind::Missing);
}
