//! A hub that was lost and made anew from its offices' files, and somebody who had moved to another region before that.

use merge::Region;
use model::Value;
use replica::wire::{Cell, Change, End, Met, MetTable};
use store::{Device, Take};
use testkit::office::{Employee, Timesheet};

use crate::{
    agents::{batch, day_on, employee, ends, gid, push},
    former_agents::keep,
    lab::{Lab, Pc, on_both, value},
    mirror::fetched,
    moved::{NAME, kept, stands},
};

/// A day of the person: its number, when it was, and of which region the file has it.
type Day<'a> = (u128, &'a str, &'a str);

/// A file as the hub that was lost left it: somebody of the office, and who moved, as this file has them.
async fn file(lab: &Lab, (name, site): (&str, &str), (region, days): (&str, &[Day<'_>])) -> Pc {
    let mut pc = lab.empty_pc(name, site).await;
    let number = u128::from(pc.device.site.0);
    let mut met = Met { hub: "lost".to_owned(), site: pc.device.site.0, ..Met::default() };
    let mut known = |table: &str, id: i64, number: u128| {
        let at = met.tables.iter().position(|known| known.table == table).unwrap_or_else(|| {
            met.tables.push(MetTable { table: table.to_owned(), ..MetTable::default() });
            met.tables.len() - 1
        });
        met.tables[at].ids.push(Cell(Value::Int(id)));
        met.tables[at].gids.push(gid(number).uuid());
        met.tables[at].revs.push(5);
    };
    let own = Employee { full_name: name, ..Employee::default() };
    known("employees", pc.desktop.save_employee(None, &own).unwrap(), 1_000 + number);
    pc.desktop.region = region.to_owned();
    let person = Employee { full_name: NAME, title: "Usta", ..Employee::default() };
    let id = pc.desktop.save_employee(None, &person).unwrap();
    known("employees", id, 1);
    for (number, date, region) in days {
        pc.desktop.region = (*region).to_owned();
        let day = Timesheet { employee_id: id, work_date: date, ..Timesheet::default() };
        known("timesheets", pc.desktop.save_timesheet(None, &day).unwrap(), *number);
    }
    pc.desktop.region = site.to_owned();
    keep(&pc, &met, 5);
    pc
}

/// Files of a business whose hub was lost. One office had not heard of the move, one kept the person for a day of its own.
async fn files(lab: &Lab) -> [Pc; 4] {
    let (moved, since) = ((2, "2026-01-05", "Bursa"), (4, "2026-01-07", "Bursa"));
    [
        file(
            lab,
            ("Ankara 1", "Ankara"),
            ("Ankara", &[(2, "2026-01-05", "Ankara"), (3, "2026-01-06", "Ankara")]),
        )
        .await,
        file(lab, ("Ankara 2", "Ankara"), ("Bursa", &[(3, "2026-01-06", "Ankara")])).await,
        file(lab, ("Bursa 1", "Bursa"), ("Bursa", &[moved, since])).await,
        file(lab, ("Merkez", "*"), ("Bursa", &[moved, (3, "2026-01-06", "Ankara"), since])).await,
    ]
}

/// Every order of so many things.
fn orders(of: usize) -> Vec<Vec<usize>> {
    let Some(last) = of.checked_sub(1) else { return vec![Vec::new()] };
    let with = |order: Vec<usize>| {
        (0..=last).map(move |at| [&order[..at], &[last], &order[at..]].concat()).collect::<Vec<_>>()
    };
    orders(last).into_iter().flat_map(with).collect()
}

async fn meet(lab: &Lab, pc: &Pc) -> Met {
    meet_as(lab, &pc.device, pc).await
}

async fn meet_as(lab: &Lab, device: &Device, pc: &Pc) -> Met {
    let met = lab.store.meet(device, pc.desktop.path()).await.unwrap();
    assert!(!met.held);
    met
}

async fn everybody_once_in_every_order(lab: &Lab) {
    let files = files(lab).await;
    for order in orders(4) {
        let lab = lab.another().await;
        let mut devices = Vec::new();
        for pc in &files {
            let region = if let Region::Named(region) = &pc.device.region { region } else { "*" };
            devices.push(lab.site(&pc.device.name, region).await);
        }
        for at in &order {
            meet_as(&lab, &devices[*at], &files[*at]).await;
            let (regions, days) = stands(&lab).await;
            assert!(regions.len() <= 1, "{order:?}: {regions:?}");
            assert!(days.windows(2).all(|days| days[0] != days[1]), "{order:?}: {days:?}");
        }
        let (regions, days) = stands(&lab).await;
        assert_eq!(days, ["2026-01-05", "2026-01-06", "2026-01-07"], "{order:?}");
        // Nobody takes a person from another region: who came first stands, and a person is told what others say.
        let of = |at: usize| order.iter().position(|other| *other == at).unwrap();
        let old = of(0) < of(2) && of(0) < of(3);
        assert_eq!(regions, [if old { "Ankara" } else { "Bursa" }], "{order:?}");
        let all = lab.store.conflicts().await.unwrap();
        let said = if old { "Bursa" } else { "Ankara" };
        let told = kept(&all, "employees", Some("region"));
        assert!(
            told.iter().any(|kept| kept.loser.value == Some(said.into()) && kept.row == NAME),
            "{order:?}: {all:?}"
        );
    }
}

/// Twenty-four hubs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_comes_first_to_a_hub_that_is_made_anew_nobody_is_there_twice() {
    everybody_once_in_every_order(&Lab::sqlite().await).await;
}

on_both! {
    async fn who_moved_is_there_once_and_a_person_decides_where(lab) {
        let [old, _, bursa, _] = files(&lab).await;
        meet(&lab, &old).await;
        let before = fetched(&lab, &old.device, 0).await;
        let met = meet(&lab, &bursa).await;
        assert_eq!((met.refused, met.conflicts), (3, 0), "the person and two days; of conflicts only headquarters is told");
        let people = met.tables.iter().find(|table| table.table == "employees").unwrap();
        assert!(!people.gids.contains(&gid(1).uuid()) && people.gids.len() == 1, "{people:?}");
        assert_eq!(fetched(&lab, &old.device, 0).await.tables, before.tables);
        assert!(!fetched(&lab, &bursa.device, 0).await.names("employees").contains(&NAME.to_owned()));
        let alerts = lab.store.alerts().await.unwrap();
        assert!(alerts.iter().any(|alert| alert.kind == "region" && alert.site == bursa.device.site.0), "{alerts:?}");
        // Sent again, nothing more is told.
        let told = lab.store.conflicts().await.unwrap();
        meet(&lab, &bursa).await;
        assert_eq!(lab.store.conflicts().await.unwrap(), told);
        for kept in told.iter().filter(|kept| kept.column.as_deref() == Some("region")) {
            assert_eq!((kept.loser.value.clone(), kept.loser.site_name.as_str()), (Some("Bursa".into()), "Bursa 1"));
            lab.store.resolve(kept.id, Take::Loser, "merkez").await.unwrap();
        }
        let mut there = fetched(&lab, &bursa.device, 0).await.names("employees");
        there.sort();
        assert_eq!(there, ["Bursa 1", NAME]);
        let (regions, days) = stands(&lab).await;
        assert_eq!((regions, days), (vec!["Bursa".to_owned()], vec!["2026-01-05".to_owned(), "2026-01-06".to_owned()]));
    }

    async fn what_an_office_hangs_on_who_moved_is_no_other_person_s_and_tells_it_nothing(lab) {
        let bursa = lab.site("Bursa 1", "Bursa").await;
        push(&lab, &bursa, batch(1, 0, vec![employee(1, "Gizli Ad", "Bursa")])).await;
        let pc = file(&lab, ("Ankara 1", "Ankara"), ("Ankara", &[(2, "2026-01-05", "Ankara")])).await;
        let id: i64 = value(&pc, &format!("select id from employees where full_name = '{NAME}'"));
        let day = Timesheet { employee_id: id, work_date: "2026-01-09", ..Timesheet::default() };
        pc.desktop.save_timesheet(None, &day).unwrap();
        meet(&lab, &pc).await;
        let seen = fetched(&lab, &pc.device, 0).await;
        assert_eq!((seen.names("employees"), seen.tables.contains_key("timesheets")), (vec!["Ankara 1".to_owned()], false));
        assert_eq!(lab.all().await.count("timesheets"), 0);
        let alerts = lab.store.alerts().await.unwrap();
        assert!(alerts.iter().any(|alert| alert.kind == "orphan" && alert.rows == 2), "{alerts:?}");
        // Nor does its agent, which has the row beside what it sends.
        let again = Change { again: Some(Default::default()), ..employee(1, NAME, "Ankara") };
        let told = push(&lab, &pc.device, batch(1, 0, vec![again, day_on(5, gid(1), "2026-01-10")])).await;
        assert_eq!(ends(&told), [End::Refused, End::Refused]);
        assert!(told.rows.iter().all(|row| row.cells.is_none() && row.rev == 0), "{told:?}");
        assert!(told.fates.iter().all(|fate| fate.gid.is_none()), "{told:?}");
        assert_eq!(fetched(&lab, &pc.device, 0).await.tables, seen.tables);
        assert_eq!(lab.all().await.count("employees"), 2);
    }
}
