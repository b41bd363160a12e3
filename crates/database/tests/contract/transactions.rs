//! What a transaction leaves behind: all or nothing.

use database::{Begin, Session};
use model::{DataType, ErrorKind};

use crate::{
    lab::{Lab, Made, refused},
    rows::row,
};

async fn table(lab: &mut Lab) -> Made {
    let made = lab.make("t", &[("id", DataType::INT32), ("n", DataType::INT32)], &["id"]).await;
    lab.insert(&made, &[row![1, 1]]).await.unwrap();
    made
}

const KINDS: [Begin; 2] = [Begin::Own, Begin::Foreign];

pub async fn a_rollback_leaves_nothing(lab: &mut Lab) {
    let t = table(lab).await;
    for begin in KINDS {
        lab.session.begin(begin).await.unwrap();
        lab.upsert(&t, &[row![1, 100], row![2, 2]]).await.unwrap();
        lab.delete(&t, &[row![1]]).await.unwrap();
        lab.insert(&t, &[row![3, 3]]).await.unwrap();
        assert_eq!(lab.rows(&t).await, [row![2, 2], row![3, 3]]);
        lab.session.rollback().await.unwrap();
        assert_eq!(lab.rows(&t).await, [row![1, 1]]);
    }
    // Outside a transaction there is nothing to roll back.
    lab.session.rollback().await.unwrap();
    lab.session.rollback().await.unwrap();
}

pub async fn a_commit_shows_everything_at_once(lab: &mut Lab) {
    let t = table(lab).await;
    for (begin, n) in KINDS.into_iter().zip([2, 3]) {
        lab.session.begin(begin).await.unwrap();
        lab.upsert(&t, &[row![1, n], row![n, n]]).await.unwrap();
        lab.session.commit().await.unwrap();
        assert_eq!(lab.ask(&format!("select count(*) from t where n = {n}")).await, "2");
    }
}

pub async fn a_session_that_is_dropped_leaves_nothing(lab: &mut Lab) {
    let t = table(lab).await;
    let mut other = lab.another().await;
    other.begin(Begin::Own).await.unwrap();
    other.upsert(&t.write(), &t.batch(&[row![1, 100], row![2, 2]])).await.unwrap();
    drop(other);
    // Waits for the dead session's locks, if they are still there.
    lab.session.begin(Begin::Own).await.unwrap();
    assert_eq!(lab.upsert(&t, &[row![1, 1]]).await.unwrap().unchanged, 1);
    lab.session.commit().await.unwrap();
    assert_eq!(lab.rows(&t).await, [row![1, 1]]);
}

pub async fn a_savepoint_keeps_what_came_before_it(lab: &mut Lab) {
    let t = table(lab).await;
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert(&t, &[row![2, 2]]).await.unwrap();
    lab.session.savepoint().await.unwrap();
    lab.insert(&t, &[row![3, 3]]).await.unwrap();
    lab.session.rollback_to_savepoint().await.unwrap();
    assert_eq!(lab.rows(&t).await, [row![1, 1], row![2, 2]]);
    // It stays set.
    lab.insert(&t, &[row![4, 4]]).await.unwrap();
    lab.session.rollback_to_savepoint().await.unwrap();
    lab.insert(&t, &[row![5, 5]]).await.unwrap();
    // A new one replaces it.
    lab.session.savepoint().await.unwrap();
    lab.insert(&t, &[row![6, 6]]).await.unwrap();
    lab.session.rollback_to_savepoint().await.unwrap();
    lab.session.commit().await.unwrap();
    assert_eq!(lab.rows(&t).await, [row![1, 1], row![2, 2], row![5, 5]]);
}

/// How bad rows are found: try, go back, try half.
pub async fn after_a_refusal_work_goes_on_from_the_savepoint(lab: &mut Lab) {
    let t = table(lab).await;
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert(&t, &[row![2, 2]]).await.unwrap();
    lab.session.savepoint().await.unwrap();
    for _ in 0..3 {
        let error = refused(lab.insert(&t, &[row![3, 3], row![1, 9]]).await, ErrorKind::Constraint);
        assert_eq!(error.table.as_ref(), Some(&t.table.name));
        lab.session.rollback_to_savepoint().await.unwrap();
    }
    lab.insert(&t, &[row![3, 3]]).await.unwrap();
    assert_eq!(lab.upsert(&t, &[row![1, 9]]).await.unwrap().updated, 1);
    lab.session.commit().await.unwrap();
    assert_eq!(lab.rows(&t).await, [row![1, 9], row![2, 2], row![3, 3]]);
}

pub async fn after_a_refusal_a_rollback_makes_the_session_whole(lab: &mut Lab) {
    let t = table(lab).await;
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert(&t, &[row![2, 2]]).await.unwrap();
    refused(lab.insert(&t, &[row![1, 1]]).await, ErrorKind::Constraint);
    lab.session.rollback().await.unwrap();
    assert_eq!(lab.rows(&t).await, [row![1, 1]]);
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert(&t, &[row![2, 2]]).await.unwrap();
    lab.session.commit().await.unwrap();
    assert_eq!(lab.rows(&t).await.len(), 2);
}

pub async fn a_refusal_outside_a_transaction_leaves_none_open(lab: &mut Lab) {
    let t = table(lab).await;
    refused(lab.insert(&t, &[row![2, 2], row![1, 1]]).await, ErrorKind::Constraint);
    lab.execute("insert into t values (7, 7)").await;
    lab.session.begin(Begin::Own).await.unwrap();
    lab.insert(&t, &[row![2, 2]]).await.unwrap();
    lab.session.commit().await.unwrap();
    assert_eq!(lab.rows(&t).await.len(), 3);
}

/// Another program writes between two reads; or it waits, which is as consistent.
pub async fn a_reading_transaction_sees_one_moment(lab: &mut Lab) {
    let t = table(lab).await;
    let other = lab.make("other", &[("id", DataType::INT32)], &["id"]).await;
    lab.session.begin(Begin::Read).await.unwrap();
    assert_eq!(lab.rows(&t).await, [row![1, 1]]);
    let written = lab.foreign.try_execute("insert into t values (2, 2)").await;
    assert_eq!(lab.rows(&t).await, [row![1, 1]]);
    let in_other = lab.foreign.try_execute("insert into other values (1)").await;
    if lab.engine.habits().snapshots {
        written.unwrap();
        in_other.unwrap();
        assert!(lab.rows(&other).await.is_empty());
    }
    lab.session.commit().await.unwrap();
}

pub async fn tables_made_in_a_transaction_go_with_it(lab: &mut Lab) {
    if !lab.session.capabilities().transactional_ddl {
        return;
    }
    lab.session.begin(Begin::Own).await.unwrap();
    let made = lab.make("made", &[("id", DataType::INT32)], &["id"]).await;
    lab.insert(&made, &[row![1]]).await.unwrap();
    lab.session.rollback().await.unwrap();
    refused(lab.session.table(&made.table.name).await, ErrorKind::Missing);
    assert_eq!(lab.session.tables().await.unwrap(), []);
}

pub async fn the_clock_is_the_databases_and_runs(lab: &mut Lab) {
    let first = lab.session.clock().await.unwrap();
    let second = lab.session.clock().await.unwrap();
    assert!(second.utc >= first.utc);
    let ours = unix_micros();
    // Of the first second of 2000 in the seconds of 1970.
    let theirs = second.utc.micros + 946_684_800_000_000;
    assert!((theirs - ours).abs() < 10 * 60 * 1_000_000, "{second} is not now");

    // Inside a transaction too it is the time of the call, not of the begin.
    lab.session.begin(Begin::Read).await.unwrap();
    let first = lab.session.clock().await.unwrap();
    assert!(lab.session.clock().await.unwrap().utc >= first.utc);
    lab.session.commit().await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "to compare the database's clock with something")]
fn unix_micros() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_micros()).unwrap()
}

pub async fn the_server_says_what_it_is(lab: &mut Lab) {
    let server = lab.session.server().await.unwrap();
    assert!(!server.product.is_empty());
    assert!(server.version.contains(|c: char| c.is_ascii_digit()), "{server:?}");
}

/// Calls may come from any thread.
pub async fn a_session_moves_between_tasks(lab: &mut Lab) {
    let mut session = lab.another().await;
    let name = model::TableRef::new("absent");
    let (error, mut session): (_, Box<dyn Session>) =
        tokio::spawn(async move { (session.table(&name).await.unwrap_err(), session) }).await.unwrap();
    assert_eq!(error.kind, ErrorKind::Missing);
    session.server().await.unwrap();
}
