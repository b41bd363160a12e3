//! Who names a row of another region learns nothing by it, not even that there is one.

use model::Gid;
use replica::wire::{Change, Delete, Pushed};
use store::Device;

use crate::{
    agents::{batch, change, delete, employee, gid, insert, push, text, to, update},
    lab::{Lab, on_both},
};

const NOBODY: u128 = 777;

fn day(number: u128, of: Gid) -> Change {
    let cells = [
        ("employee_id", to(of)),
        ("work_date", text("2026-01-23")),
        ("start_time", text("08:00")),
        ("end_time", text("17:00")),
    ];
    insert("timesheets", gid(number), cells)
}

/// People of Bursa: 1 lives, 2 was deleted, 3 moved to İzmir, 4 turned out to be 5, 6 drove a
/// vehicle of Ankara, of which Ankara is told without a driver. One of Ankara, with a day and that vehicle.
async fn regions(lab: &Lab) -> Device {
    let (ankara, bursa) = (lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
    let center = lab.site("Merkez", "*").await;
    let people = (1..=3).map(|number| employee(number, &format!("Bursalı Kişi {number}"), "Bursa")).collect();
    let seen = push(lab, &bursa, batch(1, 0, people)).await.to;
    push(lab, &bursa, batch(2, seen, vec![delete("employees", (gid(2), seen)), day(11, gid(1))])).await;
    let moved = update("employees", (gid(3), seen), [("region", text("İzmir"))]);
    push(lab, &center, batch(1, seen, vec![moved])).await;
    let plate =
        |number| insert("vehicles", gid(number), [("plate", text("00 TST 004")), ("region", text("Bursa"))]);
    push(lab, &center, batch(2, seen, vec![plate(4)])).await;
    push(lab, &bursa, batch(3, seen, vec![plate(5)])).await;
    let own = insert("vehicles", gid(21), [("plate", text("00 TST 021")), ("region", text("Ankara"))]);
    push(lab, &ankara, batch(1, 0, vec![employee(20, "Ankaralı Kişi", "Ankara"), own, day(22, gid(20))]))
        .await;
    let driver = insert("drivers", gid(6), [("full_name", text("Bursalı Şoför")), ("region", text("Bursa"))]);
    let driven = [
        ("vehicle_id", to(gid(21))),
        ("driver_id", to(gid(6))),
        ("inspection_date", text("2026-01-23")),
        ("week_start", text("2026-01-19")),
    ];
    let driven = insert("vehicle_inspections", gid(23), driven);
    push(lab, &center, batch(3, seen, vec![driver, driven])).await;
    ankara
}

/// What a site says of a row: alone, and all together.
fn sayings(table: &str, asked: Gid) -> Vec<Vec<Change>> {
    let named = |column| update(table, (asked, 2), [(column, text("Ankara"))]);
    let column = match table {
        "vehicles" => "brand",
        "drivers" => "phone",
        _ => "title",
    };
    let with = Delete { with: Some(asked.uuid()) };
    let mut all = vec![
        named("region"),
        named(column),
        delete(table, (asked, 2)),
        delete(table, (asked, 0)),
        update("timesheets", (asked, 2), [("end_time", text("18:00"))]),
        delete("timesheets", (asked, 2)),
        update("vehicle_inspections", (gid(23), 0), [("driver_id", to(asked))]),
        update("vehicle_inspections", (gid(23), 0), [("week_start", text("2026-01-19"))]),
        day(100, asked),
        update("timesheets", (gid(22), 9), [("employee_id", to(asked))]),
    ];
    let mut sayings: Vec<Vec<Change>> = all.iter().map(|change| vec![change.clone()]).collect();
    all[8].gid = gid(101).uuid();
    sayings.push(all);
    let falls = Change { delete: Some(with), ..change("timesheets", gid(22)) };
    sayings.push(vec![delete(table, (asked, 2)), falls]);
    let hers = [("full_name", text("Bursalı Kişi 1")), ("region", text("Bursa"))];
    sayings.push(vec![insert("employees", asked, hers)]);
    sayings
}

/// Everything that the hub answers, with another word for the row.
async fn answers(lab: &Lab, ankara: &Device, (table, asked): (&str, Gid)) -> Vec<String> {
    let mut answers = Vec::new();
    for (number, said) in (2..).zip(sayings(table, asked)) {
        let seen = lab.store.health().await.unwrap().rev;
        let told = push(lab, ankara, batch(number, seen, said.clone())).await;
        assert!(told.fates.iter().all(|fate| fate.gid.is_none()), "{told:?}");
        answers.push(format!("{said:?} -> {told:?}").replace(&asked.to_string(), "asked"));
    }
    answers
}

/// Nine hubs: all on SQLite, as nothing of it is the database's doing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_of_another_region_is_answered_like_one_that_is_not_there() {
    for (table, rows) in [("employees", &[1, 2, 3][..]), ("vehicles", &[4, 5]), ("drivers", &[6])] {
        let lab = Lab::sqlite().await;
        let expected = answers(&lab, &regions(&lab).await, (table, gid(NOBODY))).await;
        for asked in rows {
            let lab = Lab::sqlite().await;
            let told = answers(&lab, &regions(&lab).await, (table, gid(*asked))).await;
            for (told, expected) in told.iter().zip(&expected) {
                assert_eq!(told, expected, "{asked}");
            }
            let alerts = lab.store.alerts().await.unwrap();
            let raised = |kind| alerts.iter().any(|alert| alert.kind == kind && alert.what == table);
            assert!(raised("region") && !raised("unknown_row"), "people are told whose it is: {alerts:?}");
        }
    }
}

on_both! {
    async fn whoever_guesses_what_another_regions_row_says_has_a_row_of_his_own(lab) {
        let ankara = regions(&lab).await;
        let guess = |number| insert("employees", gid(number), [("full_name", text("Bursalı Kişi 1"))]);
        let seen = lab.store.health().await.unwrap().rev;
        let told = push(&lab, &ankara, batch(2, seen, vec![guess(1), day(100, gid(1))])).await;
        let other = lab.another().await;
        let ankara = regions(&other).await;
        let expected = push(&other, &ankara, batch(2, seen, vec![guess(NOBODY), day(100, gid(NOBODY))])).await;
        let without = |told: &Pushed| told.fates.iter().map(|fate| (fate.end, fate.rev, fate.reason.clone())).collect::<Vec<_>>();
        assert_eq!(without(&told), without(&expected));
        assert_eq!((told.from, told.to, told.rows.len()), (expected.from, expected.to, expected.rows.len()));
        assert!(told.fates[0].gid.is_some(), "one identity is one row's");
    }

    async fn what_was_the_regions_own_is_answered_as_what_it_is(lab) {
        let ankara = regions(&lab).await;
        let center = lab.site("Merkez 2", "*").await;
        let seen = lab.store.health().await.unwrap().rev;
        push(&lab, &center, batch(1, seen, vec![update("vehicles", (gid(21), seen), [("region", text("Bursa"))])])).await;
        let edit = update("vehicles", (gid(21), seen), [("brand", text("Marka"))]);
        let told = push(&lab, &ankara, batch(2, seen, vec![edit, delete("vehicles", (gid(21), seen))])).await;
        assert_eq!(told.fates.iter().map(|fate| fate.reason.as_deref()).collect::<Vec<_>>(), [Some("region"); 2]);
    }
}
