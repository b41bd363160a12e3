//! What agents delete and change in many batches waits like what one file deletes and changes.

use model::Value;
use replica::wire::{Cell, Change, End, Push, Pushed};
use store::{Decision, Device};

use crate::{
    agents::{batch, delete, employee, gid, insert, push, text, to, update},
    lab::{Lab, on_both},
    mirror::fetched,
};

const HOUR_S: i64 = 3600;

/// People of Ankara, whom another PC there entered, and four times as many of Bursa.
async fn people(lab: &Lab, count: u128) -> Device {
    let (other, bursa) = (lab.site("Ankara 2", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
    let of = |numbers: std::ops::RangeInclusive<u128>, region: &'static str| {
        numbers.map(move |number| employee(number, &format!("Kişi {number}"), region)).collect()
    };
    push(lab, &other, batch(1, 0, of(1..=count, "Ankara"))).await;
    push(lab, &bursa, batch(1, 0, of(10_001..=10_000 + 4 * count, "Bursa"))).await;
    lab.site("Ankara 1", "Ankara").await
}

/// A site that sends one batch after the other, and says that it has far more rows than it has.
struct Sender<'a> {
    lab: &'a Lab,
    device: Device,
    number: u64,
    last: Push,
}

impl Sender<'_> {
    async fn send(&mut self, changes: Vec<Change>, more: u64) -> Pushed {
        self.number += 1;
        let seen = self.lab.store.health().await.unwrap().rev;
        let tables = ["employees", "timesheets", "vehicle_inspection_results"];
        let rows = tables.map(|table| (table.to_owned(), 1_000_000)).into();
        let more = if more > 0 { [("employees".to_owned(), more)].into() } else { Default::default() };
        let before = self.last.number;
        let instead = (before > 0 && self.ask().await.held).then_some(before);
        let said = Push { rows, more, instead, ..batch(self.number, seen, changes) };
        let told = push(self.lab, &self.device, said.clone()).await;
        self.last = said;
        assert_eq!(self.ask().await.held, told.held, "asked again it is the same");
        told
    }

    async fn ask(&self) -> Pushed {
        push(self.lab, &self.device, self.last.clone()).await
    }

    async fn rev(&self) -> i64 {
        self.lab.store.health().await.unwrap().rev
    }

    async fn delete(&mut self, numbers: impl IntoIterator<Item = u128>, more: u64) -> Pushed {
        let rev = self.rev().await;
        self.send(numbers.into_iter().map(|at| delete("employees", (gid(at), rev))).collect(), more).await
    }

    async fn edit(&mut self, number: u128, title: &str) -> Pushed {
        let rev = self.rev().await;
        self.send(vec![update("employees", (gid(number), rev), [("title", text(title))])], 0).await
    }

    /// A person decides about the last batch; its answer.
    async fn decide(&self, decision: Decision) -> Pushed {
        let waiting = self.lab.store.held().await.unwrap();
        assert_eq!(waiting.len(), 1);
        self.lab.store.decide(waiting[0].id, decision, "admin").await.unwrap();
        self.ask().await
    }
}

fn sender<'a>(lab: &'a Lab, device: &Device) -> Sender<'a> {
    Sender { lab, device: device.clone(), number: 0, last: Push::default() }
}

/// Of each table: name, deletions, changes, new rows, whether it goes through anyway.
fn told(batch: &store::HeldBatch) -> Vec<(&str, u64, u64, u64, bool)> {
    let tables = batch.tables.iter();
    tables.map(|of| (of.table.as_str(), of.deletes, of.updates, of.inserts, of.passes)).collect()
}

on_both! {
    async fn who_decides_sees_what_comes_along_and_goes_through_anyway(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let day = |number: u128, of: u128| insert("timesheets", gid(100 + number), [("employee_id", to(gid(of))), ("work_date", text("2026-01-23")), ("start_time", text("08:00")), ("end_time", text("17:00"))]);
        let mut people: Vec<Change> = (1..=30).map(|number| employee(number, &format!("Kişi {number:02}"), "Ankara")).collect();
        people.extend([day(1, 1), day(29, 29), day(30, 30)]);
        let seen = push(&lab, &ankara, batch(1, 0, people)).await.to;
        // What was new long ago is no replacement.
        lab.pass(3600);
        let with = |change: Change, parent| Change { delete: Some(replica::wire::Delete { with: Some(parent) }), ..change };
        let mut changes: Vec<Change> = (1..=24).map(|at| employee(200 + at, &format!("Kişi {at:02}"), "Ankara")).collect();
        changes.push(insert("vehicles", gid(500), [("plate", text("06 T 1")), ("region", text("Ankara"))]));
        changes.push(update("timesheets", (gid(129), seen), [("notes", text("not"))]));
        changes.extend([with(delete("timesheets", (gid(101), seen)), gid(1).uuid()), delete("timesheets", (gid(130), seen))]);
        changes.extend((1..=25).map(|at| delete("employees", (gid(at), seen))));
        let mut said = batch(2, seen, changes);
        said.rows.insert("employees".into(), 30);
        assert!(push(&lab, &ankara, said.clone()).await.held);
        let waiting = lab.store.held().await.unwrap().remove(0);
        let expected = [("employees", 25, 0, 24, false), ("timesheets", 1, 1, 0, true), ("vehicles", 0, 0, 1, true)];
        assert_eq!(told(&waiting), expected, "what goes with a row that is set back is set back too");
        assert!(waiting.tables[0].may_be_renumbered() && !waiting.tables[1].may_be_renumbered());
        lab.store.decide(waiting.id, Decision::SendBack, "admin").await.unwrap();
        let all = lab.all().await;
        assert_eq!((all.count("employees"), all.count("timesheets"), all.count("vehicles")), (54, 2, 1), "as it was told");
    }

    async fn new_rows_of_the_batch_before_are_told_with_the_deletions(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let people = |from: u128| (from..from + 30).map(|number| employee(number, &format!("Kişi {number:02}"), "Ankara")).collect();
        let seen = push(&lab, &ankara, batch(1, 0, people(1))).await.to;
        for (number, pause, from) in [(2, 60, 100), (4, 3600, 200)] {
            lab.pass(3600);
            let seen = seen.max(push(&lab, &ankara, batch(number, seen, people(from))).await.to);
            lab.pass(pause);
            let mut said = batch(number + 1, seen, (1..=25).map(|at| delete("employees", (gid(at), seen))).collect());
            said.rows.insert("employees".into(), 30);
            assert!(push(&lab, &ankara, said).await.held);
            let waiting = lab.store.held().await.unwrap().pop().unwrap();
            let recent = if pause == 60 { 30 } else { 0 };
            assert_eq!((waiting.tables[0].inserts, waiting.tables[0].may_be_renumbered()), (recent, recent > 0));
        }
    }

    async fn who_deletes_row_by_row_waits_like_who_deletes_at_once(lab) {
        let ankara = people(&lab, 150).await;
        let mut site = sender(&lab, &ankara);
        for at in 1..=30 {
            assert!(!site.delete([at], 0).await.held, "{at} of 150");
        }
        assert!(site.delete([31], 0).await.held, "more than 20 % of what the region has, whatever the site claims");
        let waiting = lab.store.held().await.unwrap();
        assert_eq!((waiting[0].tables[0].deletes, waiting[0].tables[0].rows), (31, 150));
        // What waits gives way to what the site says next.
        assert!(site.delete([31, 32], 0).await.held);
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 120);
        site.decide(Decision::LetThrough).await;
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 118);
        // A person has looked at it: it begins anew.
        for at in 33..=55 {
            assert!(!site.delete([at], 0).await.held, "{at}: 23 of 118");
        }
        assert!(site.delete([56], 0).await.held);
    }

    async fn what_a_person_has_decided_about_does_not_count_again(lab) {
        let ankara = people(&lab, 80).await;
        let mut site = sender(&lab, &ankara);
        let new = (1001..=1040).map(|at| employee(at, &format!("Kişi {at}"), "Ankara")).collect();
        assert!(!site.send(new, 0).await.held);
        for at in 1..=24 {
            assert!(!site.delete([at], 0).await.held, "{at} of 120");
        }
        assert!(site.delete([25], 0).await.held);
        let told = site.decide(Decision::SendBack).await;
        assert_eq!(told.fates[0].reason.as_deref(), Some("rejected"));
        for at in 1001..=1025 {
            assert!(!site.edit(at, "Usta").await.held, "it is the site's own new row all the same: {at}");
        }
        for at in 25..=44 {
            assert!(!site.delete([at], 0).await.held, "{at}: 20 of 96");
        }
        assert!(site.delete([45], 0).await.held);
        site.decide(Decision::LetThrough).await;
        for at in 46..=65 {
            assert!(!site.delete([at], 0).await.held, "{at}: 20 of 75");
        }
        assert!(site.delete([66], 0).await.held);
    }

    async fn a_rejected_file_begins_anew_too(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        lab.sync(&pc).await;
        let people: Vec<Change> = (1..=100).map(|at| employee(at, &format!("Kişi {at}"), "Ankara")).collect();
        push(&lab, &lab.site("Ankara 2", "Ankara").await, batch(1, 0, people)).await;
        let mut site = sender(&lab, &pc.device);
        assert!(!site.delete(1..=20, 0).await.held);
        rusqlite::Connection::open(pc.desktop.path()).unwrap().execute_batch("delete from timesheets").unwrap();
        assert_eq!(lab.send(&pc).await.unwrap().held, 1);
        lab.store.decide(lab.store.held().await.unwrap()[0].id, Decision::SendBack, "admin").await.unwrap();
        assert!(!site.delete(21..=36, 0).await.held, "16 of the rest");
    }

    async fn changes_and_deletions_of_a_day_count_together_and_each_row_once(lab) {
        let ankara = people(&lab, 150).await;
        let mut site = sender(&lab, &ankara);
        for round in 0..100 {
            assert!(!site.edit(1 + round % 10, &format!("Şef {round}")).await.held, "ten rows, again and again");
        }
        for at in 11..=30 {
            assert!(!site.delete([at], 0).await.held);
        }
        // Another table and another site have a measure of their own.
        let rev = site.rev().await;
        let day = [("employee_id", to(gid(40))), ("work_date", text("2026-01-23")), ("start_time", text("08:00")), ("end_time", text("17:00"))];
        assert!(!site.send(vec![insert("timesheets", gid(5000), day)], 0).await.held);
        assert!(!push(&lab, &lab.site("Ankara 3", "Ankara").await, batch(1, rev, vec![update("employees", (gid(31), rev), [("title", text("Usta"))])])).await.held);
        assert!(site.edit(32, "Usta").await.held);
        // The next day it is another file.
        lab.pass(25 * HOUR_S);
        assert!(!site.edit(32, "Usta").await.held);
    }

    async fn a_clerk_who_works_on_every_row_in_a_day_is_not_stopped(lab) {
        let ankara = people(&lab, 50).await;
        let mut site = sender(&lab, &ankara);
        for at in 1..=50 {
            assert!(!site.edit(at, "Usta").await.held, "{at} of 50, one in twenty seconds");
            lab.pass(20);
        }
    }

    async fn what_a_site_adds_and_goes_on_writing_at_never_counts(lab) {
        let ankara = people(&lab, 100).await;
        let mut site = sender(&lab, &ankara);
        let new = (1001..=1200).map(|at| employee(at, &format!("Kişi {at}"), "Ankara")).collect();
        assert!(!site.send(new, 0).await.held);
        for at in 1001..=1100 {
            assert!(!site.edit(at, "Usta").await.held, "its own new row {at}");
        }
        for at in 1..=60 {
            assert!(!site.edit(at, "Usta").await.held, "{at} of 300");
        }
        assert!(site.edit(61, "Usta").await.held);
        // To delete what is new is to delete.
        lab.pass(25 * HOUR_S);
        let newer = (1201..=1230).map(|at| employee(at, &format!("Kişi {at}"), "Ankara")).collect();
        assert!(!site.send(newer, 0).await.held);
        for at in 1001..=1066 {
            assert!(!site.delete([at], 0).await.held, "{at}");
        }
        assert!(site.delete([1201], 0).await.held);
    }

    async fn parts_of_a_large_deletion_wait_though_each_is_a_small_share(lab) {
        let ankara = people(&lab, 500).await;
        let mut site = sender(&lab, &ankara);
        assert!(!site.delete(1..=90, 0).await.held, "90 of 500");
        assert!(site.delete(91..=180, 0).await.held);
        let mut other = sender(&lab, &lab.site("Ankara 3", "Ankara").await);
        assert!(other.delete(91..=100, 300).await.held, "what is still to come counts");
        let waiting = lab.store.held().await.unwrap();
        let table = &waiting[1].tables[0];
        assert_eq!((table.deletes, table.more, table.rows), (10, 300, 410));
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 410);
        // A number that nobody believes is only too much, and is not believed after an approval either.
        assert!(other.delete([91], u64::MAX).await.held);
    }

    async fn one_approval_lets_the_rest_through_and_no_more(lab) {
        let ankara = people(&lab, 300).await;
        let mut site = sender(&lab, &ankara);
        assert!(site.delete(1..=50, 150).await.held);
        site.decide(Decision::LetThrough).await;
        for (part, more) in [(51..=100, 100), (101..=150, 50), (151..=200, 0)] {
            let told = site.delete(part, more).await;
            assert!(!told.held && told.fates.iter().all(|fate| fate.end == End::Taken));
        }
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 100);
        assert!(!site.delete(201..=220, 0).await.held);
        assert!(site.delete([221], 0).await.held, "21 of 100");
    }

    async fn an_approval_holds_for_what_was_announced_and_for_a_day(lab) {
        let ankara = people(&lab, 300).await;
        let mut site = sender(&lab, &ankara);
        assert!(site.delete(1..=50, 100).await.held);
        site.decide(Decision::LetThrough).await;
        assert!(site.delete(51..=100, 150).await.held, "100 more than were let through");
        assert!(!site.delete(51..=100, 50).await.held);
        lab.pass(25 * HOUR_S);
        assert!(site.delete(101..=150, 0).await.held, "long ago");
    }

    async fn one_rejection_sends_the_rest_back_and_nothing_else(lab) {
        let ankara = people(&lab, 300).await;
        let mut site = sender(&lab, &ankara);
        assert!(site.delete(1..=50, 150).await.held);
        site.decide(Decision::SendBack).await;
        // What the office does meanwhile is its own.
        assert_eq!(site.edit(250, "Şef").await.fates[0].end, End::Taken);
        for (part, more) in [(51..=100, 100), (101..=150, 50), (151..=200, 0)] {
            let told = site.delete(part, more).await;
            let back = told.fates.iter().all(|fate| fate.reason.as_deref() == Some("rejected"));
            assert!(!told.held && back && told.rows.len() == 50, "{told:?}");
        }
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 300);
        assert_eq!(site.delete([300], 0).await.fates[0].end, End::Taken, "the refusal is used up");
    }

    async fn the_rest_of_what_was_rejected_waits_with_what_comes_along(lab) {
        let device = people(&lab, 50).await;
        let seen = lab.store.health().await.unwrap().rev;
        let plate = |at: u128| insert("vehicles", gid(20_000 + at), [("plate", text(&format!("00 TST {at:03}"))), ("region", text("Ankara"))]);
        push(&lab, &lab.site("Ankara 3", "Ankara").await, batch(1, seen, (0..30).map(plate).collect())).await;
        let mut site = sender(&lab, &device);
        assert!(site.delete(1..=25, 25).await.held);
        site.decide(Decision::SendBack).await;
        let rev = site.rev().await;
        let rest = (26..=50).map(|at| delete("employees", (gid(at), rev)));
        let vehicles = (0..30).map(|at| delete("vehicles", (gid(20_000 + at), rev)));
        assert!(site.send(rest.chain(vehicles).collect(), 0).await.held);
        let waiting = lab.store.held().await.unwrap();
        let deletes = waiting[0].tables.iter().map(|held| (held.table.as_str(), held.deletes, held.passes)).collect::<Vec<_>>();
        assert_eq!(deletes, [("vehicles", 30, false), ("employees", 25, false)]);
    }

    async fn rows_whose_region_is_their_parents_are_counted(lab) {
        let (ankara, bursa) = (lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
        let results = |first: u128, region: &str| {
            let plate = format!("00 TST {first}");
            let mut rows = vec![
                insert("vehicles", gid(first), [("plate", text(&plate)), ("region", text(region))]),
                insert("vehicle_inspections", gid(first + 1), [("vehicle_id", to(gid(first))), ("inspection_date", text("2026-01-23")), ("week_start", text("2026-01-19"))]),
            ];
            rows.extend((first + 2..first + 102).map(|at| insert("vehicle_inspection_results", gid(at), [("inspection_id", to(gid(first + 1))), ("item_key", text(&format!("m{at}"))), ("status", text("Olumlu"))])));
            rows
        };
        push(&lab, &ankara, batch(1, 0, results(1, "Ankara"))).await;
        push(&lab, &bursa, batch(1, 0, results(1001, "Bursa"))).await;
        let mut site = sender(&lab, &lab.site("Merkez", "*").await);
        let rev = site.rev().await;
        let gone = |numbers: std::ops::RangeInclusive<u128>| numbers.map(|at| delete("vehicle_inspection_results", (gid(at), rev))).collect::<Vec<_>>();
        assert!(!site.send(gone(3..=42), 0).await.held, "headquarters has 200: 40 are 20 %");
        assert!(site.send(gone(43..=43), 0).await.held);
        let mut site = sender(&lab, &bursa);
        site.number = 1;
        assert!(!site.send(gone(1003..=1022), 0).await.held, "20 of 100");
        assert!(site.send(gone(1023..=1023), 0).await.held);
        let note = fetched(&lab, &bursa, 0).await;
        assert_eq!(note.row("vehicle_inspection_results", gid(1023).uuid())["note"], Cell(Value::Null));
    }
}
