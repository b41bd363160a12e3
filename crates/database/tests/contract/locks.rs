//! Two denk processes never do the same work at the same time, and nobody waits for ever.

use std::time::Duration;

use database::{Address, Begin, Session};
use model::{DataType, ErrorKind};

use crate::{
    lab::{Lab, refused},
    rows::row,
};

const NAME: &str = "flow 'ığü'; --";
const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

/// Begins and takes the lock; where a writing transaction is the lock, beginning is what is refused.
async fn take(session: &mut Box<dyn Session>, wait: Duration) -> database::Result<()> {
    session.begin(Begin::Own).await?;
    let taken = session.lock(NAME, wait).await;
    if taken.is_err() {
        session.rollback().await.unwrap();
    }
    taken
}

/// A session that gives up on locks soon.
async fn impatient(lab: &Lab) -> Box<dyn Session> {
    let address: Address = lab.engine.address().with_patience(SHORT);
    database::open(&address).await.unwrap()
}

pub async fn a_lock_shuts_others_out_until_the_transaction_ends(lab: &mut Lab) {
    let mut other = impatient(lab).await;
    for end in ["commit", "rollback", "drop"] {
        let mut holder = lab.another().await;
        take(&mut holder, LONG).await.unwrap();
        refused(take(&mut other, SHORT).await, ErrorKind::Busy);
        match end {
            "commit" => holder.commit().await.unwrap(),
            "rollback" => holder.rollback().await.unwrap(),
            _ => drop(holder),
        }
        // The server may take a moment to notice that a session is gone.
        let mut later = lab.another().await;
        take(&mut later, LONG).await.unwrap();
        later.rollback().await.unwrap();
    }
}

pub async fn a_lock_survives_a_savepoint(lab: &mut Lab) {
    lab.session.begin(Begin::Own).await.unwrap();
    lab.session.savepoint().await.unwrap();
    lab.session.lock(NAME, LONG).await.unwrap();
    lab.session.rollback_to_savepoint().await.unwrap();
    // Once more is no harm to who holds it.
    lab.session.lock(NAME, LONG).await.unwrap();
    let mut other = impatient(lab).await;
    refused(take(&mut other, SHORT).await, ErrorKind::Busy);
    lab.session.commit().await.unwrap();
}

pub async fn other_names_are_other_locks(lab: &mut Lab) {
    if !lab.engine.habits().concurrent_writers {
        return;
    }
    take(&mut lab.session, SHORT).await.unwrap();
    let mut other = lab.another().await;
    other.begin(Begin::Own).await.unwrap();
    for name in ["", "flow", "FLOW 'ığü'; --", &"x".repeat(200)] {
        other.lock(name, SHORT).await.unwrap();
    }
    other.rollback().await.unwrap();
    lab.session.rollback().await.unwrap();
}

/// Who waits gets the lock when it is free.
pub async fn a_lock_that_is_freed_goes_to_who_waits(lab: &mut Lab) {
    take(&mut lab.session, LONG).await.unwrap();
    let mut other = lab.another().await;
    let waiting = tokio::spawn(async move {
        take(&mut other, LONG).await.unwrap();
        other.rollback().await.unwrap();
    });
    tokio::task::yield_now().await;
    lab.session.commit().await.unwrap();
    waiting.await.unwrap();
}

/// Another program holds the row that we want to write.
pub async fn a_row_of_another_program_is_waited_for_and_then_busy(lab: &mut Lab) {
    let made = lab.make("t", &[("id", DataType::INT32), ("n", DataType::INT32)], &["id"]).await;
    lab.insert(&made, &[row![1, 1]]).await.unwrap();
    let mut other = impatient(lab).await;
    lab.execute("begin transaction").await;
    lab.execute("update t set n = 2 where id = 1").await;
    let rows = made.batch(&[row![1, 3]]);
    refused(other.upsert(&made.write(), &rows).await, ErrorKind::Busy);
    lab.execute("rollback").await;
    assert_eq!(other.upsert(&made.write(), &rows).await.unwrap().updated, 1);
}

pub async fn a_database_locked_as_a_whole_is_busy(lab: &mut Lab) {
    let Some(exclusive) = lab.engine.habits().exclusive else { return };
    let made = lab.make("t", &[("id", DataType::INT32)], &["id"]).await;
    let mut other = impatient(lab).await;
    lab.execute(exclusive).await;
    refused(other.begin(Begin::Own).await, ErrorKind::Busy);
    refused(other.table(&made.table.name).await, ErrorKind::Busy);
    let address = lab.engine.address().with_patience(SHORT);
    refused(database::open(&address).await.map(|_| ()), ErrorKind::Busy);
    lab.execute("rollback").await;
    other.begin(Begin::Own).await.unwrap();
    other.rollback().await.unwrap();
}
