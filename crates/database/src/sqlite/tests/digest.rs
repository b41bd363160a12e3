//! Equal fingerprints mean equal rows, whatever was done between them.

use std::collections::BTreeMap;

use model::TableRef;
use proptest::prelude::*;

use super::Lab;
use crate::{Digest, Segment};

#[derive(Clone, Debug)]
enum Edit {
    Put(i64, usize),
    Grow(i64),
    Delete(i64),
    DeleteFrom(i64),
    Vacuum,
    AddColumn,
}

fn edit() -> impl Strategy<Value = Edit> {
    let id = || -5_i64..400;
    prop_oneof![
        8 => (id(), prop_oneof![0_usize..40, 300_usize..20_000]).prop_map(|(id, size)| Edit::Put(id, size)),
        2 => id().prop_map(Edit::Grow),
        3 => id().prop_map(Edit::Delete),
        1 => id().prop_map(Edit::DeleteFrom),
        1 => Just(Edit::Vacuum),
        1 => Just(Edit::AddColumn),
    ]
}

fn apply(lab: &Lab, at: usize, edit: &Edit) {
    let sql = match edit {
        Edit::Put(id, size) => format!(
            "insert or replace into t (id, v, r) values ({id}, hex(zeroblob({size})) || {at}, {at} / 2.0)"
        ),
        Edit::Grow(id) => format!("update t set v = v || 'ğ' where id >= {id} and id < {id} + 3"),
        Edit::Delete(id) => format!("delete from t where id = {id}"),
        Edit::DeleteFrom(id) => format!("delete from t where id > {id}"),
        Edit::Vacuum => "vacuum".to_owned(),
        Edit::AddColumn => format!("alter table t add column c{at} integer default {at}"),
    };
    lab.run(&sql);
}

/// Every row as text, by rowid.
fn rows(lab: &Lab) -> BTreeMap<i64, String> {
    let mut statement = lab.other.prepare("select rowid, * from t").unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (1..width).map(|at| row.get::<_, rusqlite::types::Value>(at));
        Ok((row.get(0)?, format!("{:?}", cells.collect::<rusqlite::Result<Vec<_>>>()?)))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn digest(lab: &mut Lab) -> Digest {
    lab.link.digest(&TableRef::new("t")).unwrap().unwrap()
}

fn within<'r>(rows: &'r BTreeMap<i64, String>, segment: &Segment) -> Vec<(&'r i64, &'r String)> {
    rows.range(segment.first..=segment.last).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn segments_that_agree_hold_the_same_rows(
        page_size in prop::sample::select(vec![512, 1024, 4096, 65_536]),
        journal in prop::sample::select(vec!["delete", "wal"]),
        vacuum in 0..3,
        edits in prop::collection::vec(edit(), 1..60),
        later in prop::collection::vec(edit(), 0..8),
    ) {
        let mut lab = Lab::new(&format!(
            "pragma page_size = {page_size}; pragma auto_vacuum = {vacuum}; pragma journal_mode = {journal};
             create table other (x); create table t (id integer primary key, v text, r real)"
        ));
        edits.iter().enumerate().for_each(|(at, edit)| apply(&lab, at, edit));
        let (before, rows_before) = (digest(&mut lab), rows(&lab));
        later.iter().enumerate().for_each(|(at, edit)| apply(&lab, 1000 + at, edit));
        let (after, rows_after) = (digest(&mut lab), rows(&lab));

        for segment in before.segments.iter().filter(|segment| after.segments.contains(segment)) {
            prop_assert_eq!(within(&rows_before, segment), within(&rows_after, segment));
        }
        for (digest, rows) in [(&before, &rows_before), (&after, &rows_after)] {
            prop_assert!(digest.segments.is_sorted_by(|a, b| a.last < b.first));
            let counted: usize = digest.segments.iter().map(|segment| within(rows, segment).len()).sum();
            prop_assert_eq!(counted, rows.len());
            prop_assert!(digest.segments.iter().all(|segment| within(rows, segment).len() == segment.rows as usize));
        }
        if rows_before == rows_after && !later.iter().any(|edit| matches!(edit, Edit::AddColumn)) {
            prop_assert_eq!(before, after);
        }
    }
}

#[test]
fn where_rows_lie_does_not_matter() {
    let mut lab = Lab::new(
        "create table t (id integer primary key, v text);
         with n(n) as (select 1 union all select n + 1 from n where n < 3000)
         insert into t select n, hex(zeroblob(n % 3000)) from n order by (n * 7919) % 3001",
    );
    let before = digest(&mut lab);
    assert_eq!(before.column.as_deref(), Some("id"));
    lab.run("pragma page_size = 1024; vacuum");
    assert_eq!(digest(&mut lab), before);
    lab.run("update t set v = v || '' where id = 1500; alter table t rename to u; alter table u rename to t");
    assert_eq!(digest(&mut lab), before);
}

#[test]
fn only_tables_with_rowids_have_fingerprints() {
    let mut lab = Lab::new(
        "create table w (k text primary key) without rowid; insert into w values ('a');
         create table t (k text primary key); insert into t values ('a');
         create view v as select * from t",
    );
    for none in ["w", "v"] {
        assert_eq!(lab.link.digest(&TableRef::new(none)).unwrap(), None);
    }
    assert_eq!(digest(&mut lab).column, None);
}

#[test]
fn work_that_is_not_committed_yet_shows() {
    let mut lab = Lab::new("create table t (id integer primary key); insert into t values (1), (2)");
    let before = digest(&mut lab);
    lab.link.begin(crate::Begin::Own).unwrap();
    lab.link.connection.execute_batch("delete from t where id = 2").unwrap();
    assert_ne!(digest(&mut lab), before);
    lab.link.rollback().unwrap();
    assert_eq!(digest(&mut lab), before);
}
