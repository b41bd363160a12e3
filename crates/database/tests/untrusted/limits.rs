//! More than is taken.

use std::time::Duration;

use database::untrusted::{Limits, Refused, inspect};

use super::{Content, Lab, office, refusal, steps};

/// Refused at the limit that `set` makes one too small, taken with one more.
fn at(lab: &Lab, set: impl Fn(&mut Limits, u64), enough: u64) -> String {
    let limits = |value| {
        let mut limits = Limits::default();
        set(&mut limits, value);
        limits
    };
    let read =
        |value| lab.read_within(&limits(value))?.into_iter().try_for_each(|(_, rows)| rows.map(|_| ()));
    read(enough).expect("enough");
    refusal(read(enough - 1))
}

#[allow(clippy::cast_possible_truncation, reason = "small numbers")]
#[test]
fn each_limit_is_exact_and_has_its_own_reason() {
    let lab = Lab::new(
        "create table a (x, y, z); create table b (x); insert into a values (1, 2, 3), (4, 'four', 6); insert into b values (1), (2), (zeroblob(70000))",
    );
    let bytes = lab.bytes().len() as u64;
    assert_eq!(at(&lab, |limits, n| limits.bytes = n, bytes), "too large: too_large");
    assert_eq!(at(&lab, |limits, n| limits.tables = n as usize, 2), "too large: too_many_tables");
    assert_eq!(at(&lab, |limits, n| limits.columns = n as usize, 3), "too large: too_many_columns");
    assert_eq!(at(&lab, |limits, n| limits.table_rows = n, 3), "too large: too_many_rows");
    assert_eq!(at(&lab, |limits, n| limits.rows = n, 5), "too large: too_many_rows");
    assert_eq!(at(&lab, |limits, n| limits.cell_bytes = n as usize, 70000), "too large: cell_too_large");
    let small = Lab::new("create table a (x); insert into a values ('four'), ('ü')");
    assert_eq!(at(&small, |limits, n| limits.cell_bytes = n as usize, 4), "too large: cell_too_large");
}

#[test]
fn a_default_does_not_multiply_into_memory() {
    let text = "x".repeat(20_000);
    let lab = Lab::new(&format!(
        "create table a (x); with recursive n (i) as (select 1 union all select i + 1 from n where i < 5000)
         insert into a select i from n; alter table a add column y text default '{text}'"
    ));
    assert!(lab.bytes().len() < 200_000);
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let mut content = lab.read_within(&limits).unwrap();
    assert_eq!(refusal(content.remove(0).1), "too large: too_much_content");
}

#[test]
fn content_is_counted_over_all_tables() {
    let lab = Lab::new(
        "create table a (x); create table b (x); insert into a values (zeroblob(6000)); insert into b values (zeroblob(6000))",
    );
    let mut upload = inspect(&lab.path(), &Limits { bytes: 30_000, ..Limits::default() }, steps()).unwrap();
    let mut read = |table| upload.read(table, &["x"], |_| Ok::<(), Refused>(()));
    for table in ["a", "b", "a", "b", "a"] {
        read(table).unwrap();
    }
    assert_eq!(refusal(read("b")), "too large: too_much_content");
}

#[test]
fn thousands_of_tables_or_indexes_are_too_many() {
    let tables: String = (0..3000).map(|n| format!("create table t{n} (a);")).collect();
    assert_eq!(Lab::new(&format!("begin; {tables} commit")).refusal(), "too large: too_many_tables");
    let indexes: String = (0..3000).map(|n| format!("create index i{n} on t (a);")).collect();
    let lab = Lab::new(&format!("begin; create table t (a); {indexes} commit"));
    assert_eq!(lab.refusal(), "too large: too_many_tables");
}

#[test]
fn whatever_takes_too_long_is_stopped() {
    let definitions: String = (0..90).map(|n| format!("create table t{n} (a, b, c);")).collect();
    let lab = Lab::new(&format!(
        "begin; {definitions} with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000) insert into t7 select i, i, i from n; commit"
    ));
    let within = |looks| lab.read_within(&Limits { time: Duration::from_millis(looks), ..Limits::default() });
    let rows = |content: Content| {
        let rows: Result<Vec<usize>, Refused> =
            content.into_iter().map(|(_, rows)| rows.map(|rows| rows.len())).collect();
        rows.map(|counts| counts.iter().sum::<usize>())
    };
    assert_eq!(refusal(within(0)), "too large: took_too_long");
    // Wherever the time runs out, it is told as that and as nothing else.
    let mut stopped = [0, 0];
    for looks in (0..2_000).step_by(3) {
        match within(looks).map(rows) {
            Err(Refused::TookTooLong) => stopped[0] += 1,
            Ok(Err(Refused::TookTooLong)) => stopped[1] += 1,
            Ok(Ok(20_000)) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(stopped.iter().all(|times| *times > 10), "in the check and in the reading: {stopped:?}");
    assert_eq!(within(10_000).and_then(rows).unwrap(), 20_000);
}

#[test]
fn files_of_offices_are_far_from_every_limit() {
    for bytes in office::files().into_iter().take(4) {
        let lab = Lab::of(&bytes);
        let limits = Limits { time: Duration::from_millis(100), ..Limits::default() };
        assert!(lab.read_within(&limits).unwrap().iter().all(|(_, rows)| rows.is_ok()));
    }
}
