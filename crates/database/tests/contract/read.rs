//! Reading in pages: all rows, each once, in the order of keys, whatever the database's own order is.

use std::collections::HashSet;

use database::{ColumnRead, ColumnRef, Comparison, Condition, Relation};
use model::{DataType, ErrorKind, Key, TableRef, Value};

use crate::{
    lab::{Lab, Made, Part, quoted, refused},
    rows::{NULL, Row, date, decimal, row, shuffled, sorted, time, timestamp, uuid},
    types,
};

/// Keys of every type that may stand in one; texts in an order that no language's collation has.
fn keys(lab: &Lab) -> Vec<(DataType, Row)> {
    // Even to collations that know little and forgive much these are different.
    let plain = ["z", "a", "B", "ab", "a b", "Z ü", "Şa", "1", "10", "9", "", "_"];
    let exact = [
        "z", "İ", "ı", "a", "B", "", "ab", "a b", "é", "Z ü", "-", "1", "10", "9", "😀", "\u{ff5e}",
        "\u{e000}", "ß", "_",
    ];
    let plain_bytes: [&[u8]; 6] = [&[1], &[127], &[128], &[255], &[127, 1], b"a"];
    let exact_bytes: [&[u8]; 6] = [&[], &[0], &[0, 0], &[1], &[1, 0], &[255]];
    let (words, bytes) =
        if lab.engine.habits().exact_keys { (&exact[..], exact_bytes) } else { (&plain[..], plain_bytes) };
    let uuids = [
        "00000000-0000-0000-0000-000000000000",
        "00000000-0000-0000-0000-000000000001",
        "01000000-0000-0000-0000-000000000000",
        "00010000-0000-0000-0000-000000000000",
        "00000000-0100-0000-0000-000000000000",
        "00000000-0000-0100-0000-000000000000",
        "00000000-0000-0000-0100-000000000000",
        "00000000-0000-0000-0001-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "7fffffff-0000-0000-0000-000000000000",
        "80000000-0000-0000-0000-00000000000a",
    ];
    vec![
        (DataType::INT64, [i64::MIN, -10, -9, 0, 1, 9, 10, i64::MAX].map(Value::Int).to_vec()),
        (types::text(50), words.iter().map(|word| Value::Text((*word).into())).collect()),
        (DataType::Uuid, uuids.map(uuid).to_vec()),
        (
            DataType::Decimal(Some((18, 4))),
            ["-10.5", "-9", "0", "0.0001", "9.9999", "10", "1000"].map(decimal).to_vec(),
        ),
        (
            DataType::DATE,
            ["0001-01-01", "1899-12-30", "1999-12-31", "2000-01-01", "9999-12-31"].map(date).to_vec(),
        ),
        (
            DataType::Time { digits: 6 },
            ["00:00", "09:05:00.000001", "09:05", "23:59:59.999999"].map(time).to_vec(),
        ),
        (
            types::timestamps(6),
            [
                "0001-01-01 00:00",
                "2026-01-31 09:05:07.1",
                "2026-01-31 09:05:07.09",
                "9999-12-31 23:59:59.999999",
            ]
            .map(timestamp)
            .to_vec(),
        ),
        (DataType::Bytes { max: Some(20) }, bytes.iter().map(|b| Value::Bytes(b.to_vec())).collect()),
        (DataType::Bool, row![true, false]),
    ]
}

async fn filled(lab: &mut Lab, columns: &[(&str, DataType)], key: &[&str], rows: &[Row]) -> Made {
    let made = lab.make("source", columns, key).await;
    lab.insert(&made, &shuffled(rows)).await.unwrap();
    made
}

/// All rows by pages of `size`, each after the last key of the one before.
async fn by_pages(lab: &mut Lab, made: &Made, part: Part<'_>, size: usize) -> Vec<Row> {
    let (mut rows, mut after) = (Vec::new(), part.after.cloned());
    loop {
        let part = Part { after: after.as_ref(), rows: Some(size), ..part };
        let page = lab.page(made, &part).await;
        assert!(page.batch.rows() <= size);
        assert_eq!(page.rejected, []);
        rows.extend(crate::rows::of(&page.batch));
        match page.next {
            Some(next) => {
                assert_eq!(made.key_as_asked(&next), made.key_of(rows.last().unwrap()));
                after = Some(next);
            }
            None => return rows,
        }
    }
}

pub async fn pages_give_every_row_in_key_order(lab: &mut Lab) {
    for (data_type, keys) in keys(lab) {
        let rows: Vec<Row> = (0_i32..).zip(keys).map(|(n, key)| row![n, key]).collect();
        let made = filled(lab, &[("n", DataType::INT32), ("k", data_type.clone())], &["k"], &rows).await;
        let expected = sorted(rows, &made.key);
        for size in [1, 2, 3, 7, 100] {
            assert_eq!(
                by_pages(lab, &made, Part::default(), size).await,
                expected,
                "{data_type:?} by {size}"
            );
        }
        assert_eq!(lab.rows(&made).await, expected);
        lab.execute("drop table source").await;
    }
}

pub async fn composite_keys_page_by_all_their_columns(lab: &mut Lab) {
    let columns =
        [("c", types::text(10)), ("a", DataType::INT32), ("b", DataType::Uuid), ("v", DataType::INT32)];
    let ids = ["00000000-0000-0000-0000-000000000001", "01000000-0000-0000-0000-000000000000"].map(uuid);
    let mut rows = Vec::new();
    for a in [1, -1, 2] {
        for b in &ids {
            for c in ["", "B", "a", "z"] {
                rows.push(row![c, a, b.clone(), 0]);
            }
        }
    }
    let made = filled(lab, &columns, &["a", "b", "c"], &rows).await;
    let expected = sorted(rows, &made.key);
    for size in [1, 2, 3, 7, 100] {
        assert_eq!(by_pages(lab, &made, Part::default(), size).await, expected, "by {size}");
    }
    let after = Key(row![1, ids[0].clone(), "a"]);
    let up_to = Key(row![2, ids[0].clone(), "z"]);
    let part = Part { after: Some(&after), up_to: Some(&up_to), ..Part::default() };
    let between: Vec<Row> = expected
        .iter()
        .filter(|row| {
            let key = Key(made.key_of(row));
            key > after && key <= up_to
        })
        .cloned()
        .collect();
    assert!(between.len() > 5);
    assert_eq!(by_pages(lab, &made, part, 2).await, between);
}

/// The bounds need not be keys that exist.
pub async fn bounds_cut_between_rows(lab: &mut Lab) {
    for (data_type, keys) in keys(lab) {
        let rows: Vec<Row> = keys.into_iter().map(|key| row![key]).collect();
        let made = filled(lab, &[("k", data_type.clone())], &["k"], &rows).await;
        let expected = sorted(rows, &made.key);
        for (from, to) in [(0, expected.len() - 1), (0, 0), (expected.len() / 2, expected.len() - 1)] {
            let (after, up_to) = (Key(expected[from].clone()), Key(expected[to].clone()));
            let part = Part { after: Some(&after), up_to: Some(&up_to), ..Part::default() };
            assert_eq!(
                by_pages(lab, &made, part, 2).await,
                expected[from + 1..=to],
                "{data_type:?} {after} {up_to}"
            );
        }
        let up_to = Key(expected[0].clone());
        let part = Part { up_to: Some(&up_to), ..Part::default() };
        assert_eq!(by_pages(lab, &made, part, 3).await, expected[..1]);
        lab.execute("drop table source").await;
    }
}

/// The last page may be full: only its `next` tells whether more follows.
pub async fn the_last_page_says_so(lab: &mut Lab) {
    let rows: Vec<Row> = (1..=4).map(|n| row![n]).collect();
    let made = filled(lab, &[("id", DataType::INT32)], &["id"], &rows).await;
    let mut after = None;
    for _ in 0..3 {
        let page = lab.page(&made, &Part { after: after.as_ref(), rows: Some(2), ..Part::default() }).await;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(after, None);
    lab.execute("delete from source").await;
    let page = lab.page(&made, &Part { rows: Some(2), ..Part::default() }).await;
    assert_eq!((page.batch.rows(), page.next), (0, None));
}

pub async fn pages_are_bounded_in_bytes(lab: &mut Lab) {
    let text = "x".repeat(1_000);
    let rows: Vec<Row> = (0..100).map(|n| row![n, text.as_str()]).collect();
    let made = filled(lab, &[("id", DataType::INT32), ("t", types::TEXT)], &["id"], &rows).await;
    let (mut read, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let part = Part { after: after.as_ref(), bytes: Some(10_000), ..Part::default() };
        let page = lab.page(&made, &part).await;
        assert!(page.batch.size() < 20_000, "{}", page.batch.size());
        assert!(page.batch.rows() > 1);
        read.extend(crate::rows::of(&page.batch));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(pages >= 5, "{pages} pages");
    assert!(read == rows);

    // A row that is larger than the bound still comes.
    let page = lab.page(&made, &Part { bytes: Some(10), ..Part::default() }).await;
    assert_eq!(page.batch.rows(), 1);
    assert_eq!(page.next, Some(Key(row![0])));
}

pub async fn without_a_key_everything_comes_at_once(lab: &mut Lab) {
    let rows: Vec<Row> = (0..500).map(|n| row![n % 7, "x"]).collect();
    let made = filled(lab, &[("n", DataType::INT32), ("t", types::text(5))], &[], &rows).await;
    let page = lab.page(&made, &Part::default()).await;
    assert_eq!(page.next, None);
    assert_eq!(sorted(crate::rows::of(&page.batch), &[0]), sorted(rows, &[0]));
}

pub async fn equal_keys_stand_together(lab: &mut Lab) {
    let rows: Vec<Row> =
        (0..60).map(|n| row![["ı", "i", "", "z"][n % 4], i32::try_from(n).unwrap()]).collect();
    let mut made = filled(lab, &[("k", types::text(5)), ("n", DataType::INT32)], &[], &rows).await;
    made.key = vec![0];
    let read = lab.rows(&made).await;
    assert_eq!(sorted(read.clone(), &[0, 1]), sorted(rows.clone(), &[0, 1]));
    assert!(read.is_sorted_by_key(|row| row[0].clone()));

    // No page ends between them: the next one begins after their key.
    let (mut paged, mut after) = (Vec::new(), None);
    for size in (1..).step_by(6).take(4) {
        let part = Part { after: after.as_ref(), rows: Some(size), ..Part::default() };
        let page = lab.page(&made, &part).await;
        paged.extend(crate::rows::of(&page.batch));
        after = page.next;
    }
    assert_eq!(after, None);
    assert_eq!(sorted(paged, &[0, 1]), sorted(rows, &[0, 1]));
}

pub async fn conditions_choose_rows(lab: &mut Lab) {
    let columns = [
        ("id", DataType::INT32),
        ("name", types::text(20)),
        ("price", DataType::Decimal(Some((9, 2)))),
        ("day", DataType::DATE),
    ];
    let rows = [
        row![1, "çay", decimal("1.50"), date("2026-01-01")],
        row![2, "ÇAY", decimal("10.00"), date("2026-01-02")],
        row![3, "", NULL, date("2025-12-31")],
        row![4, "it's", decimal("2.00"), NULL],
    ];
    let made = filled(lab, &columns, &["id"], &rows).await;
    use Comparison::{AtLeast, AtMost, Equal, Greater, IsNotNull, IsNull, Less, NotEqual};
    let cases: [(&str, Comparison, Value, &[i64]); 12] = [
        ("name", Equal, Value::Text("çay".into()), &[1]),
        ("name", Equal, Value::Text("it's".into()), &[4]),
        ("name", Equal, Value::Text(String::new()), &[3]),
        ("id", NotEqual, Value::Int(2), &[1, 3, 4]),
        ("price", Less, decimal("2"), &[1]),
        ("price", AtMost, decimal("2"), &[1, 4]),
        ("price", Greater, decimal("2.00"), &[2]),
        ("price", AtLeast, decimal("2.0"), &[2, 4]),
        ("price", IsNull, NULL, &[3]),
        ("day", IsNotNull, NULL, &[1, 2, 3]),
        ("day", AtLeast, date("2026-01-01"), &[1, 2]),
        ("day", Less, date("2026-01-01"), &[3]),
    ];
    for (column, comparison, value, expected) in cases {
        let filter = [Condition::new(column, comparison, value)];
        let read = by_pages(lab, &made, Part { filter: &filter, ..Part::default() }, 1).await;
        let ids: Vec<Value> = read.into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(ids, expected.iter().copied().map(Value::Int).collect::<Vec<_>>(), "{filter:?}");
    }
    let both = |column: &str, comparison, value| Condition::new(column, comparison, value);
    let filter =
        [both("id", Greater, Value::Int(1)), both("price", IsNotNull, NULL), both("day", IsNotNull, NULL)];
    let after = Key(row![1]);
    let part = Part { filter: &filter, after: Some(&after), ..Part::default() };
    assert_eq!(by_pages(lab, &made, part, 7).await, rows[1..2]);
    let text = |t: &str| Value::Text(t.to_owned());
    let many = (2..1002).map(Value::Int).collect();
    let lists: [(Condition, &[i64]); 6] = [
        (Condition::any_of("name", vec![text("çay"), text("it's"), text("ÇAY ")]), &[1, 4]),
        (Condition::any_of("price", vec![decimal("10"), decimal("1.5")]), &[1, 2]),
        (Condition::any_of("id", many), &[2, 3, 4]),
        (Condition::any_of("day", vec![date("2025-12-31")]), &[3]),
        (Condition::any_of("id", vec![Value::Int(9), Value::Int(9)]), &[]),
        (Condition::any_of("id", Vec::new()), &[]),
    ];
    for (condition, expected) in lists {
        let filter = [condition];
        let read = by_pages(lab, &made, Part { filter: &filter, ..Part::default() }, 2).await;
        let ids: Vec<Value> = read.into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(ids, expected.iter().copied().map(Value::Int).collect::<Vec<_>>(), "{filter:?}");
    }
}

pub async fn queries_and_views_are_read_like_tables(lab: &mut Lab) {
    let columns = [("id", DataType::INT32), ("name", types::text(20)), ("n", DataType::INT32)];
    let rows: Vec<Row> = (1..=10).map(|n| row![n, "ı", n * n]).collect();
    let mut made = filled(lab, &columns, &["id"], &rows).await;
    lab.execute("create view seen as select id, name, n from source where n > 20").await;
    let expected = &rows[4..];
    let query = "select id, name, n from source where n > 20 ;\n";
    for relation in [Relation::Query(query.to_owned()), Relation::Table(TableRef::new("seen"))] {
        made.relation = relation;
        assert_eq!(by_pages(lab, &made, Part::default(), 4).await, expected);
        let filter = [Condition::new("n", Comparison::Less, Value::Int(50))];
        let part = Part { filter: &filter, ..Part::default() };
        assert_eq!(by_pages(lab, &made, part, 4).await, rows[4..7]);
    }
}

pub async fn what_is_missing_is_named(lab: &mut Lab) {
    let made = filled(lab, &[("id", DataType::INT32)], &["id"], &[row![1]]).await;
    let column = [ColumnRead::new(ColumnRef::named("absent"), types::TEXT)];
    refused(lab.read(&made.relation, &column, &[], &Part::default()).await, ErrorKind::Missing);
    let table = Relation::Table(TableRef::new("absent"));
    let columns = made.columns(&made.types);
    let error = refused(lab.read(&table, &columns, &[], &Part::default()).await, ErrorKind::Missing);
    assert!(error.what.contains("absent") || error.table.is_some_and(|table| table.name == "absent"));
    // The session goes on.
    assert_eq!(lab.rows(&made).await, [row![1]]);
}

/// Rows without a key are told apart by their place.
pub async fn rows_without_a_key_are_found_by_their_place(lab: &mut Lab) {
    let made = lab.make("source", &[("n", DataType::INT32), ("t", types::text(5))], &[]).await;
    let rows = [row![1, "a"], row![1, "a"], row![NULL, NULL], row![2, "b"]];
    lab.insert(&made, &rows).await.unwrap();
    let mut columns = made.columns(&made.types);
    columns.insert(0, ColumnRead::new(ColumnRef::Locator, DataType::INT64));
    if !lab.engine.habits().locators {
        refused(lab.read(&made.relation, &columns, &[0], &Part::default()).await, ErrorKind::Unsupported);
        return;
    }
    let (mut read, mut after): (Vec<Row>, Option<Key>) = (Vec::new(), None);
    loop {
        let part = Part { after: after.as_ref(), rows: Some(3), ..Part::default() };
        let page = lab.read(&made.relation, &columns, &[0], &part).await.unwrap();
        read.extend(crate::rows::of(&page.batch));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(read.is_sorted_by_key(|row| row[0].clone()));
    assert_eq!(read.iter().map(|row| row[0].clone()).collect::<HashSet<_>>().len(), 4);
    let cells = |rows: &[Row]| sorted(rows.iter().map(|row| row[1..].to_vec()).collect(), &[0, 1]);
    assert_eq!(cells(&read), sorted(rows.to_vec(), &[0, 1]));

    // One of two equal rows goes, the other stays.
    let place = read.iter().find(|row| row[1] == Value::Int(1)).unwrap()[0].clone();
    let refs = [ColumnRef::Locator];
    let write = database::Write { table: &made.table, columns: &refs, key: &[0], insert_only: &[] };
    let keys = crate::rows::batch(&[DataType::INT64], &[vec![place]]);
    assert_eq!(lab.session.delete(&write, &keys).await.unwrap(), 1);
    assert_eq!(lab.session.delete(&write, &keys).await.unwrap(), 0);
    let left = lab.ask(&format!("select count(*) from {} where n = 1", quoted("source"))).await;
    assert_eq!((left.as_str(), lab.count("source").await), ("1", 3));
}
