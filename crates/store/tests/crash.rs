//! Something panics between any two durable steps: afterwards the whole upload or nothing of it, the same store goes on
//! without a restart, and the next try gives the same end. (Being killed there: `denk`'s tests.)

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

#[path = "hub/lab.rs"]
#[allow(dead_code, unused_imports, unused_macros)]
mod lab;

use fail::FailScenario;
use lab::{Book, Lab, Pc};
use model::{Gid, Value};
use replica::wire::{Cell, Change, End, Push};
use store::Device;
use testkit::office::{Employee, Record};

/// Every place of the store at which an upload or a hand-out can stop.
const UPLOAD: [&str; 8] = [
    "store-upload-kept",
    "store-begun",
    "store-merged",
    "store-rows-written",
    "store-shadow-written",
    "store-before-commit",
    "store-committed",
    "store-never",
];
const HAND_OUT: [&str; 5] = [
    "store-begun",
    "store-before-commit",
    "store-committed",
    "store-handout-committed",
    "store-handout-written",
];

/// Every place at which a batch of an agent can stop.
const PUSH: [&str; 7] = [
    "store-begun",
    "store-merged",
    "store-rows-written",
    "store-answer-written",
    "store-before-commit",
    "store-committed",
    "store-never",
];

/// Failpoints are the process's: one test at a time.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    let _turn = TURN.lock().await;
    everywhere(&Lab::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let _turn = TURN.lock().await;
    everywhere(&Lab::postgres().await).await;
}

async fn everywhere(lab: &Lab) {
    let pc = lab.pc("Ankara 1", "Ankara", 1).await;
    for point in UPLOAD {
        stop_an_upload(lab, &pc, point).await;
    }
    for point in HAND_OUT {
        stop_a_hand_out(lab, &pc, point).await;
    }
    let agent = lab.site("Ankara 2", "Ankara").await;
    for (number, point) in (1..).zip(PUSH) {
        stop_a_batch(lab, &agent, (number, point)).await;
    }
}

/// Somebody new, and one working day less.
fn change(pc: &Pc, name: &str) {
    pc.desktop.save_employee(None, &Employee { full_name: name, ..Employee::default() }).unwrap();
    let id: i64 = lab::value(pc, "select max(id) from timesheets");
    pc.desktop.delete(Record::Timesheet, id).unwrap();
}

async fn stop_an_upload(lab: &Lab, pc: &Pc, point: &str) {
    lab.sync(pc).await;
    let before = lab.all().await;
    change(pc, &["upload ", point].concat());
    let after = Book::of(pc);

    let scenario = FailScenario::setup();
    fail::cfg(point, "panic").unwrap();
    let (store, device, path) = (lab.store.clone(), pc.device.clone(), pc.desktop.path().to_owned());
    let stopped = tokio::spawn(async move { store.receive(&device, &path, "manual").await }).await;
    let answered = matches!(stopped, Ok(Ok(_)));
    assert_eq!(answered, point == "store-never", "{point}");
    scenario.teardown();

    lab.store.health().await.unwrap();
    let found = lab.all().await;
    let durable = point == "store-committed" || answered;
    assert_eq!(found, if durable { after.clone() } else { before }, "{point}: the whole or nothing");
    let receipt = lab.send(pc).await.unwrap();
    assert_eq!(receipt.tables["employees"].inserted, usize::from(!durable), "{point}");
    assert_eq!(lab.all().await, after, "{point}");
    lab.sync(pc).await;
    assert_eq!(Book::of(pc), after, "{point}");
}

async fn stop_a_hand_out(lab: &Lab, pc: &Pc, point: &str) {
    change(pc, &["hand-out ", point].concat());
    let days: u32 = lab::value(pc, "select count(*) from timesheets");
    lab.send(pc).await.unwrap();
    let before = Book::of(pc);
    let scenario = FailScenario::setup();
    fail::cfg(point, "panic").unwrap();
    let (store, device) = (lab.store.clone(), pc.device.clone());
    let stopped = tokio::spawn(async move { store.hand_out(&device).await }).await;
    assert!(!matches!(stopped, Ok(Ok(_))), "{point}");
    scenario.teardown();
    lab.fetch(pc).await;
    assert_eq!(Book::of(pc), before, "{point}");
    let receipt = lab.sync(pc).await;
    assert_eq!(receipt.tables["timesheets"].unchanged, days as usize, "{point}");
    assert_eq!(Book::of(pc), before, "{point}");
}

/// Nobody hears the answer; asked again, the batch was taken once.
async fn stop_a_batch(lab: &Lab, device: &Device, (number, point): (u64, &'static str)) {
    let before = lab.all().await;
    let name = Cell(Value::Text(["batch ", point].concat()));
    let cells =
        [("full_name".to_owned(), name), ("region".to_owned(), Cell(Value::Text("Ankara".to_owned())))];
    let change = Change {
        table: "employees".to_owned(),
        gid: Gid::new(7, number.into()).uuid(),
        base: 0,
        at: (1_769_212_800_000, 0),
        insert: Some(cells.into()),
        update: None,
        delete: None,
        again: None,
    };
    let batch = Push { number, clock_ms: 1_769_212_800_000, changes: vec![change], ..Push::default() };
    let scenario = FailScenario::setup();
    fail::cfg(point, "panic").unwrap();
    let (store, to, sent) = (lab.store.clone(), device.clone(), batch.clone());
    let stopped = tokio::spawn(async move { store.push(&to, sent).await }).await;
    assert_eq!(matches!(stopped, Ok(Ok(_))), point == "store-never", "{point}");
    scenario.teardown();

    let durable = matches!(point, "store-committed" | "store-never");
    assert_eq!(lab.all().await != before, durable, "{point}: the whole or nothing");
    let rev = lab.store.health().await.unwrap().rev;
    let pushed = lab.store.push(device, batch.clone()).await.unwrap();
    assert_eq!((pushed.fates.len(), pushed.fates[0].end), (1, End::Taken), "{point}");
    assert_eq!(lab.store.health().await.unwrap().rev, if durable { rev } else { rev + 1 }, "{point}");
    assert_eq!(lab.all().await.count("employees"), before.count("employees") + 1, "{point}");
    assert_eq!(lab.store.push(device, batch).await.unwrap(), pushed, "{point}");
}
