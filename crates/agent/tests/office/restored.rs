//! A hub that is restored: what it lost is told again, what it knows better stands.

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use agent::{Exchange, LinkError, Tools, office::Lock};
use async_trait::async_trait;
use replica::wire::{Code, End, Fate, Hello, Met, Page, Push, Pushed, Trouble, Welcome};

use crate::{
    day::{agree, two},
    hub::Hub,
    pc::{Pc, town_says},
    town::{NOW_MS, Town, welcome},
};

/// A hub as it was, and what it knew of the two PCs.
struct Backup {
    hub: Hub,
    seen: i64,
    numbers: [u64; 2],
}

impl Backup {
    async fn of(town: &Town, pcs: [&Pc; 2]) -> Self {
        let numbers = [pcs[0].standing().await.number, pcs[1].standing().await.number];
        Self { hub: town.hub.clone(), seen: town.hub.rev.0, numbers }
    }

    fn restore(&self, town: &mut Town, pcs: [&Pc; 2]) {
        town.hub = self.hub.clone();
        for (pc, number) in pcs.iter().zip(self.numbers) {
            town.answered(pc.site, number);
        }
    }

    /// The PC learns of it, and pulls everything.
    async fn heard(&self, town: &Town, pc: &Pc) {
        self.heard_from(town, pc, self.seen).await;
    }

    /// The same; the histories part there.
    async fn heard_from(&self, town: &Town, pc: &Pc, had: i64) {
        let number = self.numbers[if pc.site == 1 { 0 } else { 1 }];
        pc.office().await.behind(number, had).await.unwrap();
        pc.pull(town).await;
    }
}

async fn rounds(town: &mut Town, pcs: [&Pc; 2]) {
    for _ in 0..3 {
        for pc in pcs {
            pc.cycle(town).await;
        }
    }
}

#[tokio::test]
async fn what_was_typed_between_an_old_backup_and_the_right_one_is_not_lost() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    let old = Backup::of(&town, pcs).await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    for phone in 0..9 {
        a.sql(&format!("update drivers set phone = '{phone}'"));
        rounds(&mut town, pcs).await;
    }
    let right = Backup::of(&town, pcs).await;
    old.restore(&mut town, pcs);
    for pc in pcs {
        old.heard(&town, pc).await;
    }
    rounds(&mut town, pcs).await;
    b.sql("insert into drivers (full_name, region) values ('Zehra', 'Ankara')");
    rounds(&mut town, pcs).await;
    assert!(town.hub.rev.0 < right.seen, "its rev says nothing in the other history");
    // Nor do the numbers of batches.
    for title in 0..12 {
        a.sql(&format!("update employees set title = '{title}'"));
        rounds(&mut town, pcs).await;
    }
    right.restore(&mut town, pcs);
    for pc in pcs {
        right.heard_from(&town, pc, old.seen).await;
    }
    rounds(&mut town, pcs).await;
    b.sql("update drivers set phone = '7' where full_name = 'Zehra'");
    rounds(&mut town, pcs).await;
    for pc in pcs {
        assert_eq!(pc.ask("select full_name, phone from drivers order by 1"), "Bir|8 Zehra|7");
    }
    agree(&town, &pcs);
}

/// Somebody deletes a row of which a restored hub lost an edit, and another edits it, before either hears of it.
#[tokio::test]
async fn a_deletion_takes_no_edit_along_that_nobody_there_saw() {
    let (mut town, a, b, id) = two().await;
    let pcs = [&a, &b];
    let backup = Backup::of(&town, pcs).await;
    a.sql("update employees set title = 'Usta'");
    rounds(&mut town, pcs).await;
    backup.restore(&mut town, pcs);
    a.sql(&format!("delete from employees where id = {id}"));
    b.sql("update employees set department = 'Depo'");
    backup.heard(&town, &b).await;
    b.cycle(&mut town).await;
    backup.heard(&town, &a).await;
    rounds(&mut town, pcs).await;
    assert_eq!(b.ask("select department from employees"), "Depo");
    agree(&town, &pcs);
}

#[tokio::test]
async fn what_was_deleted_stays_deleted_when_the_hub_is_restored() {
    let (mut town, a, b, _) = two().await;
    town.clock_ms = NOW_MS;
    let pcs = [&a, &b];
    a.sql("insert into drivers (full_name, region) values ('Eski', 'Ankara')");
    rounds(&mut town, pcs).await;
    let backup = Backup::of(&town, pcs).await;
    a.sql("insert into drivers (full_name, region) values ('Sonra', 'Ankara')");
    a.sql("delete from drivers where full_name = 'Eski'");
    rounds(&mut town, pcs).await;
    backup.restore(&mut town, pcs);
    // And this before anybody told the hub of her again.
    a.sql("delete from drivers where full_name = 'Sonra'");
    for pc in pcs {
        backup.heard(&town, pc).await;
        pc.cycle(&mut town).await;
    }
    rounds(&mut town, pcs).await;
    for pc in pcs {
        assert_eq!(pc.ask("select full_name from drivers"), "");
    }
    agree(&town, &pcs);
    assert_eq!(a.standing().await.late, 0);
    // Who brings it back is heeded.
    b.sql("insert into drivers (full_name, region) values ('Eski', 'Ankara')");
    rounds(&mut town, pcs).await;
    assert_eq!(a.ask("select full_name from drivers"), "Eski");
}

/// What hung on it was deleted with it, and is told so along with it.
#[tokio::test]
async fn whoever_was_deleted_with_their_hours_stays_so_when_the_hub_is_restored() {
    let (mut town, a, b, id) = two().await;
    let pcs = [&a, &b];
    a.sql(&format!(
        "insert into timesheets (employee_id, work_date, start_time, end_time) values ({id}, '2026-01-05', '09:00', '18:00')"
    ));
    rounds(&mut town, pcs).await;
    let backup = Backup::of(&town, pcs).await;
    a.sql(&format!("delete from timesheets; delete from employees where id = {id}"));
    rounds(&mut town, pcs).await;
    backup.restore(&mut town, pcs);
    backup.heard(&town, &a).await;
    let push = a.push_once(&mut town).await.unwrap();
    let deleted = push.changes.iter().filter(|change| change.delete.is_some()).count();
    assert_eq!((deleted, push.late.len()), (2, 0), "{push:?}");
    backup.heard(&town, &b).await;
    rounds(&mut town, pcs).await;
    for pc in pcs {
        assert_eq!(
            pc.ask("select count(*) from employees") + &pc.ask("select count(*) from timesheets"),
            "00"
        );
    }
    agree(&town, &pcs);
}

#[tokio::test]
async fn a_row_deleted_while_its_batch_waits_is_not_brought_back_by_who_told_it_meanwhile() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    let backup = Backup::of(&town, pcs).await;
    a.sql("insert into drivers (full_name, region) values ('Sonra', 'Ankara')");
    rounds(&mut town, pcs).await;
    backup.restore(&mut town, pcs);
    backup.heard(&town, &a).await;
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    office.settle(&Pushed { number: push.number, held: true, ..Pushed::default() }).await.unwrap();
    drop(office);
    backup.heard(&town, &b).await;
    b.cycle(&mut town).await;
    a.pull(&town).await;
    assert_eq!(a.standing().await.late, 1);
    a.sql("delete from drivers");
    // Whatever the next batch is, it waits too; then somebody lets them go on.
    let mut office = a.office().await;
    if let Some(push) = office.prepare(&a.clock()).await.unwrap() {
        office.settle(&Pushed { number: push.number, held: true, ..Pushed::default() }).await.unwrap();
        town.answered(a.site, push.number - 1);
    }
    drop(office);
    rounds(&mut town, pcs).await;
    rounds(&mut town, pcs).await;
    assert_eq!([a.ask("select full_name from drivers"), b.ask("select full_name from drivers")], ["", ""]);
    agree(&town, &pcs);
}

#[tokio::test]
async fn a_row_that_a_restored_hub_refuses_is_aside_and_told_once() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    let backup = Backup::of(&town, pcs).await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    a.cycle(&mut town).await;
    backup.restore(&mut town, pcs);
    backup.heard(&town, &a).await;
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    let fate = Fate { end: End::Refused, reason: Some("region".into()), ..Fate::default() };
    let fates = vec![fate; push.changes.len()];
    office.settle(&Pushed { number: push.number, fates, ..Pushed::default() }).await.unwrap();
    assert_eq!(office.standing().await.unwrap().aside, 1);
    drop(office);
    // The day after everything is compared.
    a.sql("update denk_state set value = '1' where name = 'compared'");
    assert_eq!(a.office().await.prepare(&a.clock()).await.unwrap(), None);
    assert_eq!(a.ask("select full_name from drivers"), "Bir");
}

/// A hub whose welcome says how far it has got.
struct Restored {
    town: Mutex<Town>,
    number: u64,
    seen: i64,
}

#[async_trait]
impl agent::Hub for &Restored {
    async fn hello(&self, _: &Hello) -> Result<Welcome, LinkError> {
        let rev = self.town.lock().unwrap().hub.rev.0;
        let (number, seen) = (self.number, self.seen);
        Ok(Welcome { rev, number, seen, clock_ms: NOW_MS, ..welcome("town", 1, "Ankara") })
    }

    async fn meet(&self, file: &Path) -> Result<Met, LinkError> {
        Ok(self.town.lock().unwrap().meet(1, file))
    }

    async fn push(&self, push: &Push) -> Result<Pushed, LinkError> {
        Ok(self.town.lock().unwrap().push(1, push))
    }

    /// A mark tells the rev.
    async fn pull(&self, after: i64, _: Option<&str>) -> Result<Page, LinkError> {
        let town = self.town.lock().unwrap();
        if after > town.hub.rev.0 {
            let (number, seen) = (self.number, self.seen);
            let error = "behind".to_owned();
            return Err(LinkError::Refused(Trouble { code: Code::Behind, error, number, seen }));
        }
        let page = town.pull(after);
        Ok(Page { mark: Some(page.next.to_string()), ..page })
    }
}

impl Restored {
    async fn cycle(&self, pc: &Pc) -> agent::Report {
        let (rules, random) = (Arc::new(pc.rules.clone()), pc.clock().random);
        let tools = Tools { rules, random, clock: Arc::new(|| NOW_MS) };
        Exchange::new(self).cycle(&Lock::take(pc.path()).unwrap(), &tools).await.unwrap()
    }
}

#[tokio::test]
async fn one_cycle_tells_a_restored_hub_everything() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    let backup = Backup::of(&town, pcs).await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    rounds(&mut town, pcs).await;
    backup.restore(&mut town, pcs);
    let hub = Restored { town: Mutex::new(town), number: backup.numbers[0], seen: backup.seen };
    let report = hub.cycle(&a).await;
    assert_eq!((report.pushed, report.waiting), (1, 0));
    assert_eq!(town_says(&hub.town.lock().unwrap()), a.says());
}

/// Its hub has not heard of an office that it has everything, as that only reads; the office knows it itself.
#[tokio::test]
async fn an_office_that_only_reads_tells_a_restored_hub_the_later_word() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    b.sql("insert into drivers (full_name, phone, region) values ('Bir', '1', 'Ankara')");
    rounds(&mut town, pcs).await;
    let backup = Backup::of(&town, pcs).await;
    let hub = |town| Restored { town: Mutex::new(town), number: backup.numbers[0], seen: 0 };
    for phone in ["1", "2"] {
        b.sql(&format!("update drivers set phone = '{phone}'"));
        b.cycle(&mut town).await;
        let told = hub(town);
        told.cycle(&a).await;
        town = told.town.into_inner().unwrap();
        assert_eq!(a.ask("select phone from drivers"), phone);
    }
    backup.restore(&mut town, pcs);
    let told = hub(town);
    told.cycle(&a).await;
    assert_eq!(a.ask("select phone from drivers"), "2");
    assert_eq!(town_says(&told.town.lock().unwrap()), a.says());
}

/// The PC tells of it an hour later than whoever told before.
async fn tells(town: &mut Town, pc: &Pc) {
    pc.cycle(town).await;
    pc.cycle(town).await;
}

/// A column that somebody edited off-line, of a row of which others wrote and read other columns since.
#[tokio::test]
async fn who_typed_nothing_sets_no_edit_back_that_the_hub_has_from_another() {
    for reads_only in [true, false] {
        let (mut town, a, b, _) = two().await;
        let pcs = [&a, &b];
        a.sql("insert into drivers (full_name, phone, region) values ('Bir', '1', 'Ankara')");
        rounds(&mut town, pcs).await;
        town.clock_ms = NOW_MS;
        // Nobody knows of b what it has seen.
        let backup = Backup { seen: 0, ..Backup::of(&town, pcs).await };
        b.sql("update drivers set phone = '2'");
        if !reads_only {
            a.sql("update drivers set notes = 'not'");
        }
        a.cycle(&mut town).await;
        backup.restore(&mut town, pcs);
        backup.heard(&town, &b).await;
        tells(&mut town, &b).await;
        backup.heard(&town, &a).await;
        tells(&mut town, &a).await;
        rounds(&mut town, pcs).await;
        let notes = if reads_only { "null" } else { "not" };
        for pc in pcs {
            assert_eq!(pc.ask("select phone, notes from drivers"), format!("2|{notes}"));
        }
        agree(&town, &pcs);
    }
}

#[tokio::test]
async fn an_edit_on_its_way_to_a_hub_that_is_restored_is_as_old_as_it_was() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    town.clock_ms = NOW_MS;
    let backup = Backup::of(&town, pcs).await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    rounds(&mut town, pcs).await;
    b.sql("update employees set title = 'Usta'");
    let push = b.office().await.prepare(&b.clock()).await.unwrap().unwrap();
    let typed = push.changes[0].at.0;
    assert!(typed < NOW_MS);
    backup.restore(&mut town, pcs);
    backup.heard(&town, &b).await;
    let push = b.office().await.prepare(&b.clock()).await.unwrap().unwrap();
    let told = push.changes.iter().find(|change| change.update.is_some()).unwrap();
    assert_eq!(told.at.0, typed);
}

#[tokio::test]
async fn an_edit_of_what_was_told_again_lies_upon_it_though_more_is_still_to_be_told() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    let backup = Backup::of(&town, pcs).await;
    a.sql(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 700)
        insert into drivers (full_name, region) select 'Kişi ' || i, 'Ankara' from n",
    );
    a.cycle(&mut town).await;
    backup.restore(&mut town, pcs);
    backup.heard(&town, &a).await;
    let first = a.push_once(&mut town).await.unwrap();
    a.sql("update drivers set phone = '1' where id = (select min(id) from drivers)");
    let second = a.push_once(&mut town).await.unwrap();
    let edit = second.changes.iter().find(|change| change.update.is_some()).unwrap();
    assert!(first.changes.iter().any(|change| change.gid == edit.gid));
    assert!(edit.base > backup.seen && edit.update.as_ref().unwrap().len() == 1, "{edit:?}");
}

/// Both had the row before the hub was restored; the one that came back first told it again, and deleted it.
#[tokio::test]
async fn who_was_away_brings_nothing_back_that_others_deleted_since() {
    for knows in [true, false] {
        let (mut town, a, b, id) = two().await;
        town.clock_ms = NOW_MS;
        let pcs = [&a, &b];
        let backup = Backup::of(&town, pcs).await;
        a.sql(&format!(
            "insert into drivers (full_name, region) values ('Sonra', 'Ankara');
            insert into timesheets (employee_id, work_date, start_time, end_time) values ({id}, '2026-01-05', '09:00', '18:00')"
        ));
        rounds(&mut town, pcs).await;
        backup.restore(&mut town, pcs);
        backup.heard(&town, &a).await;
        a.cycle(&mut town).await;
        a.sql("delete from drivers; delete from timesheets; delete from employees");
        a.cycle(&mut town).await;
        // Of a file of before places were kept nobody knows what of it the hub had.
        backup.heard_from(&town, &b, if knows { backup.seen } else { 0 }).await;
        rounds(&mut town, pcs).await;
        for pc in pcs {
            let left = ["drivers", "timesheets", "employees"]
                .map(|table| pc.ask(&format!("select count(*) from {table}")));
            let standing = pc.standing().await;
            assert_eq!(
                (left, standing.late, standing.aside),
                (["0", "0", "0"].map(str::to_owned), 0, 0),
                "{knows}: {}",
                pc.site
            );
        }
        agree(&town, &pcs);
    }
}

#[tokio::test]
async fn a_row_is_told_again_as_all_had_it_and_then_as_it_was_corrected() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    let backup = Backup::of(&town, pcs).await;
    a.sql("insert into drivers (full_name, phone, region) values ('Bir', '1', 'Ankara')");
    rounds(&mut town, pcs).await;
    backup.restore(&mut town, pcs);
    a.sql("update drivers set phone = '2'");
    backup.heard(&town, &a).await;
    let push = a.push_once(&mut town).await.unwrap();
    let [told, edit] = &push.changes[..] else { panic!("{push:?}") };
    let phone = |cells: &Option<replica::wire::Cells>| format!("{:?}", cells.as_ref().unwrap()["phone"].0);
    assert_eq!([phone(&told.insert), phone(&edit.update)], [r#"Text("1")"#, r#"Text("2")"#]);
    assert!(told.again.is_some() && edit.again.is_none() && told.base == backup.seen, "{push:?}");
    rounds(&mut town, pcs).await;
    agree(&town, &pcs);
}

/// The hub has it in another region now, and keeps what the file says otherwise.
#[tokio::test]
async fn a_row_that_moved_to_another_region_meanwhile_leaves_the_file() {
    let (mut town, a, b, _) = two().await;
    let pcs = [&a, &b];
    let backup = Backup::of(&town, pcs).await;
    a.sql("insert into drivers (full_name, region) values ('Bir', 'Ankara')");
    a.cycle(&mut town).await;
    backup.restore(&mut town, pcs);
    backup.heard(&town, &a).await;
    let mut office = a.office().await;
    let push = office.prepare(&a.clock()).await.unwrap().unwrap();
    let fate = Fate { end: End::Refused, reason: Some("region".into()), ..Fate::default() };
    let row = |change: &replica::wire::Change| replica::wire::Row {
        table: change.table.clone(),
        gid: change.gid,
        rev: 0,
        cells: None,
        became: None,
    };
    let (fates, rows) = (vec![fate; push.changes.len()], push.changes[..1].iter().map(row).collect());
    office.settle(&Pushed { number: push.number, fates, rows, ..Pushed::default() }).await.unwrap();
    let standing = office.standing().await.unwrap();
    assert_eq!((standing.aside, standing.late, a.ask("select count(*) from drivers").as_str()), (0, 0, "0"));
}
