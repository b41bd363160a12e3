use std::{pin::pin, task::Poll, time::Duration};

use model::{Gid, Value};
use replica::wire::{Cell, Change, Push};

use super::*;
use crate::{Asked, Denied, Edges, Role, Undoing, Viewer};

/// The limit ends a test that fails; one that succeeds does not come near it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A store with one PC.
async fn store(folder: &Path) -> (Store, Device) {
    let store = Store::open(Settings::test(folder)).await.unwrap();
    let token = store.add_site("Ankara 1", "Ankara").await.unwrap().token;
    let device = store.device_of_token(&token).await.unwrap().unwrap();
    (store, device)
}

/// The PC enters one person more, in its batch of this number.
async fn enter(store: &Store, device: &Device, number: u64) {
    let text = |text: &str| Cell(Value::Text(text.to_owned()));
    let insert = [("full_name", text(&format!("Kişi {number}"))), ("region", text("Ankara"))];
    let insert = Some(insert.into_iter().map(|(name, cell)| (name.to_owned(), cell)).collect());
    let (table, gid) = ("employees".to_owned(), Gid::new(7, number.into()).uuid());
    let (again, update, delete) = Default::default();
    let changes = vec![Change { table, gid, base: 0, at: (1, 0), insert, again, update, delete }];
    let rows = [("employees".to_owned(), number)].into();
    store.push(device, Push { number, clock_ms: 1, rows, changes, ..Push::default() }).await.unwrap();
}

/// Waits for `asked` until it was looked after so many times; then whoever asked is gone.
async fn patiently<T>(asked: impl Future<Output = T>, times: usize) -> Option<T> {
    let (mut asked, mut left) = (pin!(asked), times);
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        asked.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test]
async fn who_shows_a_key_is_known_while_a_long_question_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(Settings::test(folder.path())).await.unwrap();
    let token = store.add_site("Ankara 1", "Ankara").await.unwrap().token;
    let reading = store.reading(&store.inner.reader).await.unwrap();
    let asked = tokio::time::timeout(PATIENCE, store.device_of_token(&token)).await;
    assert_eq!(asked.unwrap().unwrap().unwrap().name, "Ankara 1");
    reading.done().await.unwrap();
}

#[tokio::test]
async fn rows_in_memory_stay_whoever_stops_waiting_for_them_and_are_right_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let (store, device) = store(folder.path()).await;
    enter(&store, &device, 1).await;
    store.make_ready().await.unwrap();
    let read = async || store.inner.index.lock().await.read_rev();
    let (first, viewer) = (read().await, Viewer::new(Role::Admin, Region::All));
    let (mut number, mut left) = (1, 0);
    for question in 0..3 {
        for times in 1.. {
            number += 1;
            enter(&store, &device, number).await;
            let asked = async {
                match question {
                    0 => _ = store.status().await.unwrap(),
                    1 => _ = store.list(&viewer, 0, &Asked::default()).await.unwrap(),
                    _ => _ = store.row(&viewer, 0, &Gid::new(7, 1).to_string()).await.unwrap(),
                }
            };
            let answered = patiently(asked, times).await.is_some();
            assert_eq!(read().await, first, "question {question} after {times}: nothing was read anew");
            if answered {
                break;
            }
            left += 1;
        }
        assert_eq!(store.status().await.unwrap().tables["employees"], number, "question {question}");
        assert_eq!(read().await, first);
    }
    assert!(left > 6, "{left}: some did not wait");
}

#[tokio::test]
async fn what_came_in_is_counted_once_whoever_stops_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let (store, device) = store(folder.path()).await;
    let viewer = Viewer::new(Role::Admin, Region::All);
    let edges = [0, 24 * 60 * 60 * 1000];
    let edges = Edges { entries: &edges, syncs: &edges };
    let mut number = 0;
    for times in 1.. {
        number += 1;
        enter(&store, &device, number).await;
        if patiently(store.trend(&viewer, edges), times).await.is_some() {
            break;
        }
    }
    assert!(number > 3, "{number}: some did not wait");
    let trend = store.trend(&viewer, edges).await.unwrap();
    assert_eq!((&trend.entries["Ankara"], &trend.syncs), (&vec![number], &vec![number]));
}

#[tokio::test]
async fn who_may_not_undo_is_told_so_without_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let (store, device) = store(folder.path()).await;
    enter(&store, &device, 1).await;
    let rev = store.status().await.unwrap().rev;
    let gid = Gid::new(7, 1).to_string();
    let line = store.recent(&Region::All, 1).await.unwrap().remove(0);
    let writer = rusqlite::Connection::open(folder.path().join("hub.db")).unwrap();
    writer.execute_batch("begin immediate").unwrap();
    let change = |rev, gid: &str| Undoing::Change { rev, gid: gid.to_owned() };
    let other = Gid::new(7, 9).to_string();
    for (what, there) in [
        (change(rev, &gid), true),
        (change(rev + 1, &gid), false),
        (change(rev, &other), false),
        (change(rev, "x"), false),
        (Undoing::Batch(line.batch.unwrap()), true),
        (Undoing::Batch(99), false),
    ] {
        for (region, seen) in [("Ankara", there), ("Bursa", false), ("*", there)] {
            for role in [Role::Viewer, Role::Office] {
                let viewer = Viewer::new(role, Region::new(region));
                let asked = tokio::time::timeout(PATIENCE, store.look_undo_as(&viewer, &what, false)).await;
                let denied = asked.expect("nobody waits for the writer").unwrap_err();
                assert_eq!(matches!(denied, Denied::Role), seen, "{what} of {region}: {denied:?}");
                assert_eq!(matches!(denied, Denied::Missing), !seen, "{what} of {region}: {denied:?}");
            }
        }
    }
}
