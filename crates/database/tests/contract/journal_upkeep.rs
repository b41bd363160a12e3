//! The journal's triggers come, are missed when somebody drops them, are repaired, and go without a trace.

use database::JournalStatus::{Absent, Complete, Doubtful};
use model::{DataType, Operation::Insert};

use crate::{
    journal::{install, journaled, status, take},
    lab::{Lab, quoted},
    rows::row,
};

pub async fn a_journal_is_absent_then_complete_then_absent(lab: &mut Lab) {
    let made = lab.make("t", &[("id", DataType::INT32)], &["id"]).await;
    assert_eq!(status(lab, &made).await, Absent);
    install(lab, &made).await;
    assert_eq!(status(lab, &made).await, Complete);
    install(lab, &made).await;
    assert_eq!(status(lab, &made).await, Complete);
    lab.execute("insert into t values (1)").await;
    // Installing twice does not note twice.
    assert_eq!(take(lab, &made).await, [(Insert, row![1])]);
    lab.session.journal_remove(&made.table.name).await.unwrap();
    assert_eq!(status(lab, &made).await, Absent);
    lab.session.journal_remove(&made.table.name).await.unwrap();
}

pub async fn installing_again_keeps_the_notes(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.execute("insert into t values (2, 2)").await;
    install(lab, &t).await;
    assert_eq!(take(lab, &t).await, [(Insert, row![2])]);
}

/// Each of the triggers in turn.
pub async fn a_dropped_trigger_is_missed_and_repaired(lab: &mut Lab) {
    let t = journaled(lab).await;
    let triggers = lab.session.table(&t.table.name).await.unwrap().triggers;
    assert!(!triggers.is_empty());
    for trigger in triggers {
        let template = lab.engine.habits().drop_trigger;
        let drop = template.replace("{trigger}", &quoted(&trigger.name)).replace("{table}", &quoted("t"));
        lab.execute(&drop).await;
        assert_eq!(status(lab, &t).await, Doubtful, "without {}", trigger.name);
        install(lab, &t).await;
        assert_eq!(status(lab, &t).await, Complete);
    }
    lab.execute("insert into t values (2, 2)").await;
    assert_eq!(take(lab, &t).await, [(Insert, row![2])]);
}

/// A migration that makes the table anew takes the triggers with it.
pub async fn a_table_made_anew_is_not_taken_for_journaled(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.execute("drop table t").await;
    lab.execute("create table t (id int not null primary key, n int)").await;
    assert_ne!(status(lab, &t).await, Complete);
    install(lab, &t).await;
    assert_eq!(status(lab, &t).await, Complete);
    lab.execute("insert into t values (2, 2)").await;
    assert!(take(lab, &t).await.contains(&(Insert, row![2])));
}

pub async fn another_key_makes_the_journal_doubtful(lab: &mut Lab) {
    let t = journaled(lab).await;
    let other = ["id", "n"].map(str::to_owned);
    assert_eq!(lab.session.journal_status(&t.table.name, &other).await.unwrap(), Doubtful);
    lab.session.journal_install(&t.table.name, &other).await.unwrap();
    assert_eq!(lab.session.journal_status(&t.table.name, &other).await.unwrap(), Complete);
    assert_eq!(status(lab, &t).await, Doubtful);
}

pub async fn the_journals_table_is_missed_too(lab: &mut Lab) {
    let t = journaled(lab).await;
    lab.execute("drop table denk_journal").await;
    assert_eq!(status(lab, &t).await, Doubtful);
    install(lab, &t).await;
    // A new connection: in SQLite the one that dropped a table goes on missing it within triggers.
    lab.foreign = lab.engine.connect().await;
    lab.execute("insert into t values (2, 2)").await;
    assert_eq!(take(lab, &t).await, [(Insert, row![2])]);
}

pub async fn removing_leaves_nothing_behind(lab: &mut Lab) {
    let objects = lab.engine.habits().denk_objects;
    let t = journaled(lab).await;
    let other = lab.make("other", &[("id", DataType::INT32)], &["id"]).await;
    install(lab, &other).await;
    lab.execute("insert into t values (2, 2)").await;
    lab.execute("insert into other values (1)").await;
    assert!(!lab.foreign.query_text(objects).await.is_empty());

    lab.session.journal_remove(&t.table.name).await.unwrap();
    assert_eq!(status(lab, &t).await, Absent);
    // The other's journal and notes stay, and go on.
    assert_eq!(status(lab, &other).await, Complete);
    lab.execute("insert into t values (3, 3)").await;
    lab.execute("insert into other values (2)").await;
    assert_eq!(take(lab, &other).await, [(Insert, row![1]), (Insert, row![2])]);

    lab.session.journal_remove(&other.table.name).await.unwrap();
    assert_eq!(lab.foreign.query_text(objects).await, Vec::<Vec<Option<String>>>::new());
    assert_eq!(lab.session.journal_drain(10).await.unwrap(), []);
    // Its users go on as before.
    lab.execute("insert into t values (4, 4)").await;
    let triggers = lab.session.table(&t.table.name).await.unwrap().triggers;
    assert_eq!(triggers, []);
}

pub async fn installing_belongs_to_the_transaction(lab: &mut Lab) {
    if !lab.session.capabilities().transactional_ddl {
        return;
    }
    let made = lab.make("t", &[("id", DataType::INT32)], &["id"]).await;
    lab.session.begin(database::Begin::Own).await.unwrap();
    install(lab, &made).await;
    lab.session.rollback().await.unwrap();
    assert_eq!(status(lab, &made).await, Absent);
    let objects = lab.engine.habits().denk_objects;
    assert!(lab.foreign.query_text(objects).await.is_empty());
}
