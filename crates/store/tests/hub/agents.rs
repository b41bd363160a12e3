//! Agents: numbered batches up, pages of what happened down.

use model::{Gid, Value};
use replica::wire::{Cell, Cells, Change, Delete, End, Hello, Late, Push, Pushed};
use store::{Decision, Declined, Device, Since};
use testkit::office::{Employee, Timesheet, Vehicle};

use crate::{
    lab::{Lab, Pc, on_both, value},
    mirror::{Mirror, fetched},
};

pub const NOW_MS: i64 = 1_769_212_800_000;

pub fn gid(number: u128) -> Gid {
    Gid::new(7, number)
}

pub fn text(text: &str) -> Cell {
    Cell(Value::Text(text.to_owned()))
}

pub fn to(gid: Gid) -> Cell {
    Cell(gid.into())
}

pub fn cells<const N: usize>(cells: [(&str, Cell); N]) -> Cells {
    cells.map(|(name, cell)| (name.to_owned(), cell)).into()
}

pub fn change(table: &str, gid: Gid) -> Change {
    let (insert, again, update, delete) = Default::default();
    Change {
        table: table.to_owned(),
        gid: gid.uuid(),
        base: 0,
        at: (NOW_MS - 1000, 0),
        insert,
        again,
        update,
        delete,
    }
}

pub fn insert<const N: usize>(table: &str, gid: Gid, new: [(&str, Cell); N]) -> Change {
    Change { insert: Some(cells(new)), ..change(table, gid) }
}

pub fn update<const N: usize>(table: &str, (gid, base): (Gid, i64), new: [(&str, Cell); N]) -> Change {
    Change { update: Some(cells(new)), base, ..change(table, gid) }
}

pub fn delete(table: &str, (gid, base): (Gid, i64)) -> Change {
    Change { delete: Some(Delete::default()), base, ..change(table, gid) }
}

pub fn employee(number: u128, name: &str, region: &str) -> Change {
    insert("employees", gid(number), [("full_name", text(name)), ("region", text(region))])
}

pub fn day_on(number: u128, of: Gid, date: &str) -> Change {
    let hours = [("start_time", text("08:00")), ("end_time", text("17:00"))];
    let mut day = insert("timesheets", gid(number), [("employee_id", to(of)), ("work_date", text(date))]);
    day.insert
        .iter_mut()
        .for_each(|day| day.extend(hours.iter().map(|(name, cell)| ((*name).to_owned(), cell.clone()))));
    day
}

pub fn batch(number: u64, seen: i64, changes: Vec<Change>) -> Push {
    let rows = ["employees", "timesheets", "vehicles"].map(|table| (table.to_owned(), 1000)).into();
    Push { number, seen, clock_ms: NOW_MS, rows, changes, ..Push::default() }
}

pub async fn push(lab: &Lab, device: &Device, push: Push) -> Pushed {
    lab.store.push(device, push).await.unwrap()
}

pub fn ends(pushed: &Pushed) -> Vec<End> {
    pushed.fates.iter().map(|fate| fate.end).collect()
}

fn reasons(pushed: &Pushed) -> Vec<&str> {
    pushed.fates.iter().map(|fate| fate.reason.as_deref().unwrap_or("")).collect()
}

/// Thirty people of Ankara; the last rev.
async fn thirty(lab: &Lab, device: &Device) -> i64 {
    let people = (1..=30).map(|number| employee(number, &format!("Kişi {number:02}"), "Ankara")).collect();
    push(lab, device, batch(1, 0, people)).await.to
}

on_both! {
    async fn a_row_goes_up_once_and_comes_down_everywhere(lab) {
        let [ankara, bursa, center] = [
            lab.site("Ankara 1", "Ankara").await,
            lab.site("Bursa 1", "Bursa").await,
            lab.site("Merkez", "*").await,
        ];
        let day = [("employee_id", to(gid(1))), ("work_date", text("2026-01-23")), ("start_time", text("08:00")), ("end_time", text("17:00")), ("region", text("Ankara"))];
        let said = batch(1, 0, vec![employee(1, "Ayşe Deneme", "Ankara"), insert("timesheets", gid(2), day)]);
        let first = push(&lab, &ankara, said.clone()).await;
        assert_eq!(ends(&first), [End::Taken, End::Taken]);
        assert_eq!((first.from, first.to, first.fates[1].rev), (0, 2, 2));
        // Asked again, it is the same answer, whenever it is asked.
        lab.pass(60);
        let again = push(&lab, &ankara, Push { clock_ms: NOW_MS + 60_000, ..said.clone() }).await;
        assert_eq!(Pushed { clock_ms: 0, ..again }, Pushed { clock_ms: 0, ..first });
        assert_eq!(fetched(&lab, &center, 0).await.rows(), 2);
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 2);
        assert_eq!(fetched(&lab, &bursa, 0).await.rows(), 0);
        let welcome = lab.store.hello(&ankara, Hello { version: "1".into(), clock_ms: NOW_MS, waiting: 3, ..Hello::default() }).await.unwrap();
        assert_eq!((welcome.number, welcome.rev, welcome.region.as_str(), welcome.held), (1, 2, "Ankara", 0));
    }

    async fn numbers_tell_a_restored_file_and_a_restored_hub(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let ask = async |number, seen, name: &str| {
            lab.store.push(&ankara, batch(number, seen, vec![employee(number.into(), name, "Ankara")])).await
        };
        assert!(matches!(ask(2, 0, "A").await, Err(Declined::Behind { number: 0, seen: 0 })), "the hub never had number 1");
        ask(1, 0, "A").await.unwrap();
        ask(2, 1, "B").await.unwrap();
        assert!(matches!(ask(2, 1, "C").await, Err(Declined::Older { number: 2, seen: 1 })), "another batch of that number");
        assert!(matches!(ask(1, 0, "A").await, Err(Declined::Older { number: 2, .. })));
        assert!(matches!(ask(4, 1, "D").await, Err(Declined::Behind { number: 2, .. })));
        assert!(matches!(ask(3, 3, "D").await, Err(Declined::Behind { number: 2, .. })), "of a rev that was never given");
        assert!(matches!(lab.store.pull(&ankara, 3, 10).await, Err(Declined::Behind { number: 2, seen: 1 })));
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["A", "B"], "nothing of the others was taken");
    }

    async fn what_a_file_does_not_take_yet_does_not_go_and_holds_up_nothing_else(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let people = (1..=3).map(|number| employee(number, &format!("Kişi {number}"), "Ankara")).collect();
        push(&lab, &b, batch(1, 0, people)).await;
        let title = update("employees", (gid(1), 1), [("title", text("Usta"))]);
        let day = [("employee_id", to(gid(2))), ("work_date", text("2026-01-23")), ("start_time", text("08:00")), ("end_time", text("17:00")), ("region", text("Ankara"))];
        let later = update("employees", (gid(3), 3), [("title", text("Usta"))]);
        let head = push(&lab, &b, batch(2, 3, vec![title, insert("timesheets", gid(4), day), later])).await.to;
        let late = |number, rev| Late { gid: gid(number).uuid(), rev };
        let gone = (1..=3).map(|number| delete("employees", (gid(number), 0))).collect();
        let said = batch(1, head, gone);
        let known = Push { late: vec![late(1, 4), late(4, 5)], ..said };
        assert_eq!(ends(&push(&lab, &a, known).await), [End::Kept, End::Kept, End::Taken]);
        let gone = [1, 2].map(|number| delete("employees", (gid(number), 0))).into();
        assert_eq!(ends(&push(&lab, &a, batch(2, head + 3, gone)).await), [End::Taken; 2]);
    }

    async fn what_a_file_does_not_take_yet_keeps_what_it_needs_and_what_it_became(lab) {
        let (a, b) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let car = |number: u128, plate: &str| insert("vehicles", gid(number), [("plate", text(plate)), ("region", text("Ankara"))]);
        let driver = insert("drivers", gid(3), [("full_name", text("Sürücü")), ("region", text("Ankara"))]);
        let look = insert("vehicle_inspections", gid(4), [("vehicle_id", to(gid(5))), ("inspection_date", text("2026-01-23")), ("week_start", text("2026-01-19")), ("region", text("Ankara"))]);
        let seen = push(&lab, &b, batch(1, 0, vec![car(1, "00 TST 001"), car(2, "00 TST 002"), car(5, "00 TST 005"), driver, look])).await.to;
        // The look gets a driver, and the second car turns out to be the first one.
        let drives = update("vehicle_inspections", (gid(4), seen), [("driver_id", to(gid(3)))]);
        let same = update("vehicles", (gid(2), seen), [("plate", text("00 TST 001"))]);
        push(&lab, &b, batch(2, seen, vec![drives, same])).await;
        let head = lab.store.health().await.unwrap().rev;
        let late = |number| Late { gid: gid(number).uuid(), rev: seen + 1 };
        let gone = vec![delete("vehicles", (gid(2), seen)), delete("drivers", (gid(3), seen))];
        let known = Push { late: vec![late(2), late(4)], ..batch(1, head, gone) };
        assert_eq!(ends(&push(&lab, &a, known).await), [End::Kept, End::Kept]);
        let hub = fetched(&lab, &a, 0).await;
        assert_eq!((hub.rows(), hub.names("drivers")), (4, vec!["Sürücü".to_owned()]));
    }

    async fn two_pcs_with_one_token_are_told_once_a_day(lab) {
        let (ankara, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        let told = async || {
            let alerts = lab.store.alerts().await.unwrap();
            alerts.into_iter().filter(|alert| alert.kind == store::Alert::OLDER_BATCH).map(|alert| (alert.site, alert.at_ms)).collect::<Vec<_>>()
        };
        let ask = async |device: &Device, number: u64, name: &str| {
            let said = batch(number, 0, vec![employee(u128::from(device.site.0) * 100 + u128::from(number), name, "Ankara")]);
            lab.store.push(device, said).await
        };
        for device in [&ankara, &other] {
            ask(device, 1, "A").await.unwrap();
            ask(device, 1, "A").await.unwrap();
        }
        assert!(matches!(ask(&ankara, 9, "B").await, Err(Declined::Behind { .. })));
        assert!(told().await.is_empty(), "a batch that comes twice is no sign of it");
        let first_ms = lab.clock.load(std::sync::atomic::Ordering::Relaxed);
        for hours in [0, 1, 22] {
            lab.pass(hours * 3600);
            assert!(matches!(ask(&ankara, 1, "B").await, Err(Declined::Older { number: 1, .. })));
            assert_eq!(told().await, [(ankara.site.0, first_ms)], "after {hours} hours");
        }
        assert!(matches!(ask(&other, 1, "B").await, Err(Declined::Older { .. })));
        lab.pass(2 * 3600);
        assert!(matches!(ask(&ankara, 1, "B").await, Err(Declined::Older { .. })));
        assert_eq!(told().await.iter().map(|(site, _)| *site).collect::<Vec<_>>(), [ankara.site.0, other.site.0, ankara.site.0], "newest first");
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["A", "A"], "what was declined is not there");
    }

    async fn what_deletes_too_much_waits_and_is_let_through(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let seen = thirty(&lab, &ankara).await;
        let mut said = batch(2, seen, (1..=25).map(|at| delete("employees", (gid(at), seen))).collect());
        said.rows.insert("employees".into(), 5);
        assert!(push(&lab, &ankara, said.clone()).await.held);
        assert!(push(&lab, &ankara, said.clone()).await.held, "asked again it still waits");
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 30);
        let waiting = lab.store.held().await.unwrap();
        assert_eq!((waiting.len(), waiting[0].tables[0].deletes), (1, 25));
        lab.store.decide(waiting[0].id, Decision::LetThrough, "admin").await.unwrap();
        let next = lab.store.push(&ankara, Push { instead: Some(2), ..batch(3, seen, Vec::new()) }).await;
        assert!(matches!(next, Err(Declined::Decided { number: 2, .. })), "{next:?}");
        let told = push(&lab, &ankara, said).await;
        assert!(!told.held && ends(&told).iter().all(|end| *end == End::Taken));
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 5);
        push(&lab, &ankara, batch(3, seen, Vec::new())).await;
    }

    async fn what_a_person_sends_back_is_told_with_the_rows_as_they_are(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let seen = thirty(&lab, &ankara).await;
        let mut changes: Vec<Change> = vec![employee(40, "Yeni Kişi", "Ankara")];
        changes.extend((1..=25).map(|at| update("employees", (gid(at), seen), [("title", text("Şef"))])));
        let mut said = batch(2, seen, changes);
        said.rows.insert("employees".into(), 31);
        assert!(push(&lab, &ankara, said.clone()).await.held);
        let id = lab.store.held().await.unwrap()[0].id;
        let receipt = lab.store.decide(id, Decision::SendBack, "admin").await.unwrap();
        assert_eq!(receipt.tables["employees"].inserted, 1);
        let told = push(&lab, &ankara, said).await;
        assert_eq!((told.fates[0].end, told.to), (End::Taken, 0));
        assert!(reasons(&told)[1..].iter().all(|reason| *reason == "rejected"));
        assert_eq!(told.rows.len(), 25, "what was refused is set back");
        assert!(told.rows.iter().all(|row| row.cells.as_ref().unwrap()["title"] == Cell(Value::Null)));
        assert!(lab.store.held().await.unwrap().is_empty());
    }

    async fn whatever_a_person_decides_the_region_hears_of_it_and_no_other(lab) {
        let (ankara, bursa) = (lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
        let other = push(&lab, &bursa, batch(1, 0, vec![employee(100, "Bursalı Kişi", "Bursa")])).await.to;
        let seen = thirty(&lab, &ankara).await.max(other);
        let regions = ["Ankara", "*", "Bursa", "Nowhere"].map(merge::Region::new);
        let heads = async || {
            let heads = lab.store.listen().await.unwrap().borrow().clone();
            regions.each_ref().map(|region| heads.of(region))
        };
        for (number, decision) in [(2, Decision::SendBack), (3, Decision::LetThrough)] {
            let title = |at| update("employees", (gid(at), seen), [("title", text(&format!("Şef {number}")))]);
            let mut said = batch(number, seen, (1..=25).map(title).collect());
            said.rows.insert("employees".into(), 30);
            assert!(push(&lab, &ankara, said.clone()).await.held);
            let before = heads().await;
            lab.store.decide(lab.store.held().await.unwrap()[0].id, decision, "admin").await.unwrap();
            let after = heads().await;
            assert!(after[0] > before[0] && after[1] > before[1], "{decision:?}");
            assert_eq!(after[2..], before[2..], "{decision:?}: nobody else");
            // Whoever pulls up to there knows it all.
            assert!(fetched(&lab, &ankara, seen).await.cursor >= after[0]);
            push(&lab, &ankara, said).await;
        }
    }

    async fn a_batch_that_waits_gives_way_to_the_next_one(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let seen = thirty(&lab, &ankara).await;
        let all = |number, count| {
            let mut said = batch(number, seen, (1..=count).map(|at| delete("employees", (gid(at), seen))).collect());
            said.rows.insert("employees".into(), 5);
            Push { instead: (number > 2).then(|| number - 1), ..said }
        };
        assert!(push(&lab, &ankara, all(2, 25)).await.held);
        let first = lab.store.held().await.unwrap()[0].id;
        assert!(push(&lab, &ankara, all(3, 26)).await.held);
        let waiting = lab.store.held().await.unwrap();
        assert_eq!((waiting.len(), waiting[0].tables[0].deletes), (1, 26));
        assert!(lab.store.decide(first, Decision::LetThrough, "admin").await.is_err());
        let told = push(&lab, &ankara, all(4, 3)).await;
        assert!(!told.held);
        assert!(lab.store.held().await.unwrap().is_empty());
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 27);
    }

    async fn nobody_writes_or_reads_another_regions_rows(lab) {
        let (ankara, bursa) = (lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
        let plate = [("plate", text("00 TST 001")), ("region", text("Bursa"))];
        let theirs = vec![employee(1, "Bursalı Kişi", "Bursa"), insert("vehicles", gid(2), plate)];
        push(&lab, &bursa, batch(1, 0, theirs)).await;
        push(&lab, &ankara, batch(1, 0, vec![employee(3, "Ankaralı Kişi", "Ankara")])).await;
        let before = fetched(&lab, &bursa, 0).await;
        let day = |number, of| insert("timesheets", gid(number), [("employee_id", to(of)), ("work_date", text("2026-01-23")),
            ("start_time", text("08:00")), ("end_time", text("17:00")), ("region", text("Bursa"))]);
        let hostile = vec![
            update("employees", (gid(1), 2), [("title", text("Şef"))]),
            update("employees", (gid(1), 2), [("region", text("Ankara"))]),
            delete("employees", (gid(1), 2)),
            update("employees", (gid(3), 3), [("region", text("Bursa"))]),
            employee(4, "Gizli Kişi", "Bursa"),
            day(5, gid(1)),
            update("employees", (gid(99), 2), [("title", text("Şef"))]),
            // Rows of other tables under that name.
            update("drivers", (gid(1), 2), [("full_name", text("Şoför"))]),
            delete("vehicles", (gid(1), 2)),
        ];
        let told = push(&lab, &ankara, batch(2, 3, hostile)).await;
        assert_eq!(reasons(&told), ["unknown", "unknown", "", "region", "region", "orphan", "unknown", "unknown", ""]);
        assert!(told.rows.iter().all(|row| row.cells.is_none() || row.gid == gid(3).uuid()), "{:?}", told.rows);
        assert_eq!(fetched(&lab, &bursa, 0).await.tables, before.tables, "nothing changed there");
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["Ankaralı Kişi"]);
        // References to what is not there, or is something else.
        let plain = |number, of| Change { insert: Some(cells([("employee_id", to(of)), ("work_date", text("2026-01-23")),
            ("start_time", text("08:00")), ("end_time", text("17:00"))])), ..change("timesheets", gid(number)) };
        let own = insert("vehicles", gid(6), [("plate", text("00 TST 006")), ("region", text("Ankara"))]);
        let told = push(&lab, &ankara, batch(3, lab.store.health().await.unwrap().rev, vec![own, plain(7, gid(6)), plain(8, gid(98)), plain(9, gid(2))])).await;
        assert_eq!(reasons(&told), ["", "orphan", "orphan", "orphan"]);
        let alerts = lab.store.alerts().await.unwrap();
        assert!(alerts.iter().any(|alert| alert.kind == "region" && alert.site == ankara.site.0 && alert.rows == 5));
        let history = lab.store.recent(&merge::Region::All, 100).await.unwrap();
        assert!(history.iter().any(|line| line.action == "refused" && line.after.as_ref().is_some_and(|said| said["full_name"] == "Gizli Kişi")));
    }

    async fn nothing_hangs_on_a_row_that_its_site_was_never_shown(lab) {
        let (ankara, bursa) = (lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
        let center = lab.site("Merkez", "*").await;
        push(&lab, &bursa, batch(1, 0, vec![employee(1, "Bursalı Kişi", "Bursa"), employee(2, "Öteki Kişi", "Bursa")])).await;
        let day = |number, of| insert("timesheets", gid(number), [("employee_id", to(of)), ("work_date", text("2026-01-23")),
            ("start_time", text("08:00")), ("end_time", text("17:00")), ("region", text("Ankara"))]);
        let told = push(&lab, &ankara, batch(1, 0, vec![employee(3, "Ankaralı Kişi", "Ankara"), day(4, gid(3)), employee(11, "Giden Kişi", "Ankara")])).await;
        // It knows the identity, and maybe everything that tells the person, and wants to read the rest.
        let hostile = vec![
            update("employees", (gid(1), told.to), [("title", text("Şef"))]),
            employee(1, "Bursalı Kişi", "Bursa"),
            day(5, gid(1)),
            update("timesheets", (gid(4), told.to), [("employee_id", to(gid(1)))]),
        ];
        let told = push(&lab, &ankara, batch(2, told.to, hostile)).await;
        assert_eq!(reasons(&told), ["unknown", "region", "orphan", "orphan"]);
        let seen = lab.store.health().await.unwrap().rev;
        let told = push(&lab, &ankara, batch(3, seen, vec![day(6, gid(1))])).await;
        assert_eq!(reasons(&told), ["orphan"], "a refusal makes nothing known");
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["Ankaralı Kişi", "Giden Kişi"]);
        // What the site is shown, or was, it can work with: a person who came with a day of the region, or left it meanwhile.
        let moved = update("employees", (gid(11), seen), [("region", text("Bursa"))]);
        push(&lab, &center, batch(1, seen, vec![day(7, gid(1)), moved])).await;
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["Ankaralı Kişi", "Bursalı Kişi"]);
        assert_eq!(ends(&push(&lab, &ankara, batch(4, seen, vec![day(8, gid(11))])).await), [End::Taken]);
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["Ankaralı Kişi", "Bursalı Kişi", "Giden Kişi"]);
        let seen = lab.store.health().await.unwrap().rev;
        let told = push(&lab, &ankara, batch(5, seen, vec![delete("timesheets", (gid(7), seen)), day(9, gid(1))])).await;
        assert_eq!(ends(&told), [End::Taken, End::Taken]);
        let seen = lab.store.health().await.unwrap().rev;
        push(&lab, &ankara, batch(6, seen, vec![delete("timesheets", (gid(9), seen))])).await;
        assert_eq!(fetched(&lab, &ankara, 0).await.names("employees"), ["Ankaralı Kişi", "Giden Kişi"]);
        assert_eq!(ends(&push(&lab, &ankara, batch(7, seen, vec![day(10, gid(1))])).await), [End::Taken], "it had it a moment ago");
    }

    async fn what_is_no_batch_is_refused_whole_and_told_why(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let fine = employee(1, "Ayşe Deneme", "Ankara");
        let both = Change { delete: Some(Delete::default()), ..fine.clone() };
        let bad = [
            (insert("users", gid(2), [("username", text("x"))]), "change 1: the hub has no table `users`"),
            (insert("nothing", gid(2), []), "change 1: the hub has no table `nothing`"),
            (insert("employees", gid(2), [("salary", text("1"))]), "change 1: the hub has no column `employees.salary`"),
            (insert("timesheets", gid(2), [("employee_id", Cell(Value::Int(1)))]), "change 1: `timesheets.employee_id` names a row by its gid"),
            (insert("timesheets", gid(2), [("work_date", text("2026-01-23"))]), "change 1: `timesheets.employee_id` is needed"),
            (update("timesheets", (gid(2), 0), [("employee_id", Cell(Value::Null))]), "change 1: `timesheets.employee_id` is needed"),
            (insert("employees", gid(2), [("full_name", to(gid(1)))]), "change 1: `employees.full_name` names no row"),
            (both, "change 1: a row is either inserted, updated or deleted"),
            (change("employees", gid(2)), "change 1: a row is either inserted, updated or deleted"),
        ];
        for (change, why) in bad {
            let answer = lab.store.push(&ankara, batch(1, 0, vec![fine.clone(), change])).await;
            assert!(matches!(&answer, Err(Declined::Message(told)) if told == why), "{why}: {answer:?}");
        }
        let twice = lab.store.push(&ankara, batch(1, 0, vec![fine.clone(), fine.clone()])).await;
        assert!(matches!(twice, Err(Declined::Message(_))));
        let many = (0..=replica::wire::CHANGES_MAX as u128).map(|at| delete("employees", (gid(at), 0))).collect();
        assert!(matches!(lab.store.push(&ankara, batch(1, 0, many)).await, Err(Declined::Message(_))));
        assert_eq!(fetched(&lab, &ankara, 0).await.rows(), 0);
        assert_eq!(push(&lab, &ankara, batch(1, 0, vec![fine])).await.fates.len(), 1, "the number is still free");
    }

    async fn what_a_site_was_told_and_has_not_in_its_file_is_told_again_with_the_answer(lab) {
        let (one, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        push(&lab, &one, batch(1, 0, vec![employee(1, "Ayşe Deneme", "Ankara")])).await;
        push(&lab, &other, batch(1, 1, vec![update("employees", (gid(1), 1), [("title", text("Şef"))])])).await;
        // It pulled everything, of which something cannot be put into its file yet.
        let told = push(&lab, &one, Push { late: vec![Late { gid: gid(1).uuid(), rev: 2 }], ..batch(2, 2, vec![delete("employees", (gid(1), 2))]) }).await;
        assert_eq!((ends(&told), told.rows.len()), (vec![End::Kept], 1), "no pull brings the row again");
        assert_eq!(told.rows[0].cells.as_ref().unwrap()["title"], text("Şef"));
        let told = push(&lab, &one, batch(3, 0, vec![delete("employees", (gid(1), 2))])).await;
        assert_eq!((ends(&told), told.rows.len()), (vec![End::Kept], 0), "a pull will bring it");
    }

    async fn who_moved_to_another_region_goes_when_their_hours_follow(lab) {
        let (ankara, center) = (lab.site("Ankara 1", "Ankara").await, lab.site("Merkez", "*").await);
        let day = insert("timesheets", gid(2), [("employee_id", to(gid(1))), ("work_date", text("2026-01-23")),
            ("start_time", text("08:00")), ("end_time", text("17:00")), ("region", text("Ankara"))]);
        let seen = push(&lab, &ankara, batch(1, 0, vec![employee(1, "Giden Kişi", "Ankara"), day])).await.to;
        let mut mirror = fetched(&lab, &ankara, 0).await;
        let moves = |number, table: &str, of, seen| batch(number, seen, vec![update(table, (gid(of), seen), [("region", text("Bursa"))])]);
        let seen = push(&lab, &center, moves(1, "employees", 1, seen)).await.to.max(seen);
        mirror.pull(&lab, &ankara, 10).await;
        assert_eq!(mirror.names("employees"), ["Giden Kişi"], "the hours need them");
        push(&lab, &center, moves(2, "timesheets", 2, seen)).await;
        mirror.pull(&lab, &ankara, 10).await;
        assert_eq!((mirror.rows(), fetched(&lab, &ankara, 0).await.rows()), (0, 0));
    }

    async fn what_a_restored_file_says_is_older_than_what_stands(lab) {
        let (one, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        push(&lab, &one, batch(1, 0, vec![employee(1, "Ayşe Deneme", "Ankara")])).await;
        push(&lab, &other, batch(1, 1, vec![update("employees", (gid(1), 1), [("title", text("Şef"))])])).await;
        let said = vec![update("employees", (gid(1), 1), [("title", text("Usta")), ("department", text("Depo"))])];
        let told = push(&lab, &one, Push { unsure: true, ..batch(2, 1, said) }).await;
        assert_eq!((told.fates[0].end, told.conflicts, told.to), (End::Merged, 1, 0));
        let row = fetched(&lab, &one, 0).await.row("employees", gid(1).uuid()).clone();
        assert_eq!((&row["title"], &row["department"]), (&text("Şef"), &text("Depo")), "it fills what nobody filled");
        assert_eq!(lab.store.conflicts_of(&merge::Region::new("Ankara")).await.unwrap().len(), 1);
        assert_eq!(lab.store.conflicts_of(&merge::Region::new("Bursa")).await.unwrap().len(), 0);
    }

    async fn a_row_of_a_restored_file_that_is_kept_with_a_deleted_one_says_so(lab) {
        let (one, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
        push(&lab, &one, batch(1, 0, vec![employee(1, "Giden Kişi", "Ankara")])).await;
        push(&lab, &other, batch(1, 1, vec![delete("employees", (gid(1), 1))])).await;
        let told = push(&lab, &one, Push { unsure: true, ..batch(2, 1, vec![day_on(2, gid(1), "2026-01-23")]) }).await;
        assert_eq!((ends(&told), reasons(&told)), (vec![End::Merged], vec!["fallen"]));
        let told = push(&lab, &one, batch(3, 1, vec![day_on(3, gid(1), "2026-01-24")])).await;
        assert_eq!((ends(&told), reasons(&told)), (vec![End::Merged], vec![""]));
        assert_eq!(fetched(&lab, &one, 0).await.rows(), 3, "it brings the person back, who brings the other day");
    }

    async fn a_page_s_mark_tells_its_history_from_any_other(lab) {
        let (ankara, bursa) = (lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await);
        let pull = async |rev, mark: Option<&str>| lab.store.pull(&ankara, Since { rev, mark: mark.map(str::to_owned) }, 1).await;
        let nothing = pull(0, None).await.unwrap();
        assert_eq!((nothing.next, nothing.mark), (0, None));
        push(&lab, &bursa, batch(1, 0, vec![employee(1, "Bursalı Kişi", "Bursa"), employee(2, "Öteki Kişi", "Bursa")])).await;
        // The same row again changes nothing: a number of which the history has no line.
        push(&lab, &bursa, batch(2, 2, vec![update("employees", (gid(2), 2), [("full_name", text("Öteki Kişi"))])])).await;
        let (mut rev, mut mark, mut marks) = (0, None, Vec::new());
        while rev < 3 {
            let page = pull(rev, mark.as_deref()).await.unwrap();
            assert!(page.rows.is_empty(), "it is told of others' changes, too, but not what they were");
            (rev, mark) = (page.next, page.mark);
            marks.push((rev, mark.clone().unwrap()));
        }
        assert_eq!(pull(3, mark.as_deref()).await.unwrap().mark, mark, "as long as nothing happens it is the same");
        assert!(pull(3, None).await.is_ok(), "an agent that knows no marks");
        for (rev, mark) in &marks {
            pull(*rev, Some(mark)).await.unwrap();
        }
        assert!(matches!(pull(1, mark.as_deref()).await, Err(Declined::Behind { .. })));
        assert!(matches!(pull(0, mark.as_deref()).await, Err(Declined::Behind { .. })));
    }

    async fn an_office_is_told_the_newest_conflicts_of_its_region_that_nobody_decided(lab) {
        let regions = ["Ankara", "Bursa"].map(merge::Region::new);
        for (at, region) in ["Ankara", "Bursa"].into_iter().enumerate() {
            let (one, other) = (lab.site(&format!("{region} 1"), region).await, lab.site(&format!("{region} 2"), region).await);
            let first = 1000 * at as u128;
            let people = (first..first + 550).map(|number| employee(number, &format!("Kişi {number}"), region)).collect();
            let rev = push(&lab, &one, batch(1, 0, people)).await.to;
            let title = |to: &str| (first..first + 105).map(|number| update("employees", (gid(number), rev), [("title", text(to))])).collect();
            let said = |title| Push { unsure: true, ..batch(2, rev, title) };
            push(&lab, &one, said(title("Şef"))).await;
            push(&lab, &other, Push { number: 1, ..said(title("Usta")) }).await;
        }
        let all = lab.store.conflicts().await.unwrap();
        let of = |region: &str| all.iter().filter(|one| one.region.as_deref() == Some(region)).map(|one| one.id).collect::<Vec<_>>();
        let (ankara, bursa) = (of("Ankara"), of("Bursa"));
        assert_eq!((ankara.len(), bursa.len()), (105, 105));
        let told = async |region: &merge::Region| lab.store.conflicts_of(region).await.unwrap().iter().map(|one| one.id).collect::<Vec<_>>();
        assert_eq!(told(&regions[0]).await, ankara[..100], "newest first, and no more than a hundred");
        assert_eq!(told(&merge::Region::All).await, bursa[..100]);
        lab.store.look_at(&ankara[..1], "admin").await.unwrap();
        for id in &ankara[1..10] {
            lab.store.resolve(*id, store::Take::Winner, "admin").await.unwrap();
        }
        assert_eq!(told(&regions[0]).await, [&ankara[..1], &ankara[10..]].concat(), "seen is not decided");
        assert_eq!(told(&regions[1]).await, bursa[..100]);
    }

    async fn a_file_is_met_and_goes_on_as_batches(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        let path = pc.desktop.path().to_owned();
        let met = lab.store.meet(&pc.device, &path).await.unwrap();
        assert!(!met.held && met.hub.len() == 32);
        for table in &met.tables {
            let count: i64 = value(&pc, &format!("select count(*) from {}", table.table));
            assert_eq!((table.ids.len(), table.gids.len(), table.revs.len()), (count as usize, count as usize, count as usize), "{}", table.table);
            assert!(table.revs.iter().all(|rev| *rev > 0));
        }
        let mine = fetched(&lab, &pc.device, 0).await;
        let people = met.tables.iter().find(|table| table.table == "employees").unwrap();
        for (id, gid) in people.ids.iter().zip(&people.gids) {
            let name: String = value(&pc, &format!("select full_name from employees where id = {}", id.0));
            assert_eq!(mine.row("employees", *gid)["full_name"], text(&name));
        }
        // Met again it is the same, and a change of it goes as a batch.
        assert_eq!(lab.store.meet(&pc.device, &path).await.unwrap().tables, met.tables);
        let edit = update("employees", (Gid::from_uuid(people.gids[0]), people.revs[0]), [("title", text("Şef"))]);
        let told = push(&lab, &pc.device, batch(1, mine.cursor, vec![edit])).await;
        assert_eq!((told.fates[0].end, told.from, told.to > told.from), (End::Taken, mine.cursor, true));
        assert!(mirrored(&lab, &pc.device, mine).await);
    }

    async fn pages_give_what_a_whole_file_gives(lab) {
        let ankara = lab.pc("Ankara 1", "Ankara", 1).await;
        let bursa = lab.pc("Bursa 1", "Bursa", 2).await;
        lab.sync(&bursa).await;
        lab.sync(&ankara).await;
        let mut mirrors = [Mirror::default(), Mirror::default()];
        let devices = [ankara.device.clone(), bursa.device.clone()];
        let mut center = lab.empty_pc("Merkez", "Ankara").await;
        center.device = lab.site("Merkez PC", "*").await;
        for round in 0..6 {
            work(&lab, &mut center, round).await;
            for (mirror, device) in mirrors.iter_mut().zip(&devices) {
                mirror.pull(&lab, device, 3).await;
                let fresh = fetched(&lab, device, 0).await;
                assert_eq!(mirror.tables, fresh.tables, "round {round}, {}", device.name);
                let file = lab.file(device).await;
                assert_eq!(fresh.as_texts(), Mirror::of_file(&file), "round {round}, {}", device.name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_hub_that_has_given_as_many_numbers_is_told_by_who_only_pulled() {
    let mut lab = Lab::sqlite().await;
    let (ankara, other) = (lab.site("Ankara 1", "Ankara").await, lab.site("Ankara 2", "Ankara").await);
    push(&lab, &other, batch(1, 0, vec![employee(1, "Kişi Bir", "Ankara")])).await;
    let backup = lab.folder.path().join("backup.db");
    lab.script(&format!("vacuum into '{}'", backup.display()));
    let before = lab.store.pull(&ankara, 0, 10).await.unwrap();
    push(&lab, &other, batch(2, 1, vec![employee(2, "Kişi İki", "Ankara")])).await;
    let lost = lab.store.pull(&ankara, 0, 10).await.unwrap();
    lab.settings.address = database::Address::sqlite(backup);
    lab.reopen().await;
    lab.pass(60);
    let now = |number| [employee(number, "Kişi Üç", "Ankara")].into();
    push(&lab, &lab.site("Ankara 3", "Ankara").await, batch(1, 0, now(3))).await;
    for rev in [2, 3] {
        let since = Since { rev: lost.next, mark: lost.mark.clone() };
        assert!(matches!(lab.store.pull(&ankara, since, 10).await, Err(Declined::Behind { .. })), "at {rev}");
        push(&lab, &lab.site(&format!("Ankara 4 {rev}"), "Ankara").await, batch(1, 0, now(4 + rev))).await;
    }
    // Up to the backup it is the same history.
    let since = Since { rev: before.next, mark: before.mark };
    assert_eq!(lab.store.pull(&ankara, since, 10).await.unwrap().rows.len(), 3);
}

/// Whether pulling on gives what pulling anew gives.
async fn mirrored(lab: &Lab, device: &Device, mut mirror: Mirror) -> bool {
    mirror.pull(lab, device, 1).await;
    mirror.tables == fetched(lab, device, 0).await.tables
}

/// Headquarters moves rows between regions, hangs rows on those of other regions, and deletes.
async fn work(lab: &Lab, center: &mut Pc, round: usize) {
    lab.sync(center).await;
    let run =
        |sql: &str| rusqlite::Connection::open(center.desktop.path()).unwrap().execute_batch(sql).unwrap();
    match round {
        0 => {}
        1 => {
            // A day for Bursa of somebody from Ankara, and a vehicle with all that hangs on it changes hands.
            let id: i64 = value(center, "select min(id) from employees where region = 'Ankara'");
            let sheet = Timesheet { employee_id: id, work_date: "2026-02-02", ..Timesheet::default() };
            let made = center.desktop.save_timesheet(None, &sheet).unwrap();
            run(&format!("update timesheets set region = 'Bursa' where id = {made}"));
            run(
                "update vehicles set region = 'Bursa' where id = (select min(id) from vehicles where region = 'Ankara')",
            );
        }
        2 => {
            // What Bursa sees only for the sake of that day, changes.
            run(
                "update employees set title = 'Şef' where id in (select employee_id from timesheets where work_date = '2026-02-02')",
            );
            run(
                "update vehicle_inspections set region = 'Bursa' where id in (select max(id) from vehicle_inspections)",
            );
        }
        3 => run("delete from timesheets where work_date = '2026-02-02'"),
        4 => {
            run(
                "update employees set region = 'Bursa' where id = (select max(id) from employees where region = 'Ankara')",
            );
            run(
                "update drivers set region = 'Bursa' where id = (select min(id) from drivers where region = 'Ankara')",
            );
        }
        _ => {
            let vehicle = Vehicle { plate: "00 TST 777", ..Vehicle::default() };
            center.desktop.save_vehicle(None, &vehicle).unwrap();
            center
                .desktop
                .save_employee(None, &Employee { full_name: "Yeni Kişi", ..Employee::default() })
                .unwrap();
            run("delete from vehicles where id = (select max(id) from vehicles where region = 'Bursa')");
        }
    }
    lab.sync(center).await;
}
