//! Fingerprints, where a database offers them: equal ones mean equal rows, and a change shows where it is.

use database::{Digest, Segment};
use model::{DataType, TableRef};

use crate::{
    lab::{Lab, Made},
    rows::{NULL, Row, row},
    types,
};

async fn table(lab: &mut Lab, name: &str, rows: &[Row]) -> Made {
    let made = lab.make(name, &[("id", DataType::INT64), ("name", types::text(20))], &["id"]).await;
    lab.insert(&made, rows).await.unwrap();
    made
}

/// `None` where this database has none, which it must then say in its capabilities.
async fn digest(lab: &mut Lab, table: &TableRef) -> Option<Digest> {
    let digest = lab.session.digest(table).await.unwrap();
    assert_eq!(digest.is_some(), lab.session.capabilities().digests);
    if let Some(digest) = &digest {
        assert!(digest.segments.iter().all(|segment| segment.first <= segment.last));
        assert!(digest.segments.is_sorted_by(|a, b| a.last < b.first));
    }
    digest
}

fn rows(count: i32) -> Vec<Row> {
    (1..=count).map(|n| if n % 7 == 0 { row![n, NULL] } else { row![n, n.to_string()] }).collect()
}

fn differing(a: &Digest, b: &Digest) -> Vec<(i64, i64)> {
    a.segments.iter().filter(|segment| !b.segments.contains(segment)).map(|s| (s.first, s.last)).collect()
}

pub async fn equal_tables_have_equal_fingerprints(lab: &mut Lab) {
    let one = table(lab, "one", &rows(5_000)).await;
    let other = table(lab, "other", &crate::rows::shuffled(&rows(5_000))).await;
    let Some(digest_of_one) = digest(lab, &one.table.name).await else { return };
    assert_eq!(digest(lab, &one.table.name).await.as_ref(), Some(&digest_of_one));
    assert_eq!(digest(lab, &other.table.name).await.as_ref(), Some(&digest_of_one));
    let counted: u64 = digest_of_one.segments.iter().map(|segment| u64::from(segment.rows)).sum();
    assert_eq!(counted, 5_000);
    assert!(digest_of_one.segments.len() > 1);
    assert_eq!(digest_of_one.column.as_deref().unwrap_or("id"), "id");
}

pub async fn a_change_shows_in_its_segment_alone(lab: &mut Lab) {
    let made = table(lab, "t", &rows(5_000)).await;
    let Some(before) = digest(lab, &made.table.name).await else { return };
    let holding = |id: i64| -> Vec<(i64, i64)> {
        before
            .segments
            .iter()
            .filter(|s: &&Segment| s.first <= id && id <= s.last)
            .map(|s| (s.first, s.last))
            .collect()
    };
    // Each hides from a careless fingerprint: NULL for empty, number for text, one letter, one row gone.
    for (sql, undo, id) in [
        ("update t set name = '' where id = 7", "update t set name = null where id = 7", 7),
        ("update t set name = 'x' where id = 4999", "update t set name = '4999' where id = 4999", 4999),
        ("delete from t where id = 2500", "insert into t values (2500, '2500')", 2500),
    ] {
        lab.execute(sql).await;
        let after = digest(lab, &made.table.name).await.unwrap();
        assert_eq!(differing(&before, &after), holding(id), "{sql}");
        lab.execute(undo).await;
        assert_eq!(digest(lab, &made.table.name).await.as_ref(), Some(&before), "{undo}");
    }
    lab.execute("insert into t values (90000, 'new')").await;
    let after = digest(lab, &made.table.name).await.unwrap();
    assert!(after.segments.iter().any(|segment| segment.first <= 90_000 && 90_000 <= segment.last));
    assert!(differing(&before, &after).len() <= 1);
}

pub async fn values_that_swap_their_places_show(lab: &mut Lab) {
    let columns = [("id", DataType::INT64), ("a", types::text(20)), ("b", types::text(20))];
    let made = lab.make("t", &columns, &["id"]).await;
    let states = [
        [row![1, "ab", "c"], row![2, "x", "y"]],
        [row![1, "a", "bc"], row![2, "x", "y"]],
        [row![1, "x", "y"], row![2, "ab", "c"]],
        [row![1, "ab", NULL], row![2, "x", "y"]],
        [row![1, NULL, "ab"], row![2, "x", "y"]],
        [row![1, "", "ab"], row![2, "x", "y"]],
    ];
    let mut seen = Vec::new();
    for state in states {
        lab.execute("delete from t").await;
        lab.insert(&made, &state).await.unwrap();
        let Some(digest) = digest(lab, &made.table.name).await else { return };
        assert!(!seen.contains(&digest), "{state:?}");
        seen.push(digest);
    }
}

/// A column more is another table, even where it is NULL.
pub async fn a_new_column_changes_every_segment(lab: &mut Lab) {
    let made = table(lab, "t", &rows(5_000)).await;
    let Some(before) = digest(lab, &made.table.name).await else { return };
    lab.execute("alter table t add more integer").await;
    let after = digest(lab, &made.table.name).await.unwrap();
    assert_eq!(differing(&before, &after).len(), before.segments.len());
}

pub async fn an_empty_table_has_no_segments(lab: &mut Lab) {
    let made = table(lab, "t", &[]).await;
    let Some(digest) = digest(lab, &made.table.name).await else { return };
    assert_eq!(digest.segments, []);
}

/// Text keys and no keys: cut by the locator or not at all, never wrong.
pub async fn tables_without_a_number_for_key_are_right_too(lab: &mut Lab) {
    let columns = [("code", types::text(20)), ("n", DataType::INT32)];
    for key in [&["code"][..], &[]] {
        let made = lab.make("t", &columns, key).await;
        let rows: Vec<Row> = (0..3_000).map(|n| row![format!("c{n}"), n]).collect();
        lab.insert(&made, &rows).await.unwrap();
        if let Some(before) = lab.session.digest(&made.table.name).await.unwrap() {
            assert_eq!(before.column, None);
            lab.execute("update t set n = -1 where code = 'c1500'").await;
            let after = lab.session.digest(&made.table.name).await.unwrap().unwrap();
            assert_eq!(differing(&before, &after).len(), 1);
        }
        lab.execute("drop table t").await;
    }
}
