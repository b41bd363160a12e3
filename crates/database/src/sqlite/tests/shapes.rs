//! What was found out about a table is kept for as long as it holds.

use model::TableRef;

use super::Lab;
use crate::Begin;

fn columns(lab: &Lab) -> Vec<String> {
    let shape = lab.link.shape(&TableRef::new("t")).unwrap();
    shape.columns.iter().map(|column| column.name.clone()).collect()
}

#[test]
fn what_another_program_changes_is_seen() {
    let lab = Lab::new("create table t (k integer primary key)");
    assert_eq!(columns(&lab), ["k"]);
    lab.run("alter table t add column theirs");
    assert_eq!(columns(&lab), ["k", "theirs"]);
    lab.run("drop table t");
    assert!(lab.link.shape(&TableRef::new("t")).is_err());
}

#[test]
fn what_was_rolled_back_is_forgotten_though_the_next_change_has_its_version() {
    let mut lab = Lab::new("create table t (k integer primary key)");
    let add = |lab: &Lab, column: &str| {
        lab.link.connection.execute_batch(&format!("alter table t add column {column}")).unwrap();
    };
    lab.link.begin(Begin::Own).unwrap();
    lab.link.savepoint().unwrap();
    add(&lab, "first");
    assert_eq!(columns(&lab), ["k", "first"]);
    lab.link.rollback_to_savepoint().unwrap();
    add(&lab, "second");
    assert_eq!(columns(&lab), ["k", "second"]);
    lab.link.rollback().unwrap();
    lab.run("alter table t add column theirs");
    assert_eq!(columns(&lab), ["k", "theirs"]);
}

#[test]
fn what_holds_is_not_asked_for_again() {
    let mut lab = Lab::new("create table t (k integer primary key)");
    let table = TableRef::new("t");
    let first = lab.link.shape(&table).unwrap();
    lab.link.begin(Begin::Own).unwrap();
    lab.link.connection.execute_batch("insert into t values (1)").unwrap();
    lab.link.commit().unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &lab.link.shape(&table).unwrap()));
}
