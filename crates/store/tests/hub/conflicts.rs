//! Values that did not stand, and what people do about them.

use replica::wire::Change;
use store::{ConflictState, Denied, Error, Figures, KeptConflict, Role, Settled, Take, Unfit, Viewer};
use testkit::office::{Driver, Employee, Record, Timesheet};

use crate::{
    agents::{batch, employee, gid, insert, push, text, to, update},
    lab::{Book, Lab, Pc, on_both, value},
};

/// Two PCs give one person two titles; the second stands.
async fn two_titles(lab: &Lab) -> (Pc, Pc, KeptConflict) {
    let first = lab.pc("Ankara 1", "Ankara", 1).await;
    let second = lab.empty_pc("Ankara 2", "Ankara").await;
    lab.sync(&first).await;
    lab.sync(&second).await;
    for (pc, title) in [(&first, "Usta"), (&second, "Kalfa")] {
        let id: i64 = value(pc, "select id from employees order by full_name");
        let name: String = value(pc, "select full_name from employees order by full_name");
        pc.desktop
            .save_employee(Some(id), &Employee { full_name: &name, title, ..Employee::default() })
            .unwrap();
        lab.send(pc).await.unwrap();
    }
    let kept = kept(lab, "title").await;
    (first, second, kept)
}

async fn kept(lab: &Lab, column: &str) -> KeptConflict {
    let conflicts = lab.store.conflicts().await.unwrap();
    conflicts.into_iter().find(|kept| kept.column.as_deref() == Some(column)).unwrap()
}

fn site_of(sites: &[store::Site], id: u32) -> &str {
    sites.iter().find(|site| site.id == id).map_or("", |site| &site.region)
}

on_both! {
    async fn every_kept_value_counts_until_somebody_has_looked_at_it(lab) {
        let (_, _, title) = two_titles(&lab).await;
        let all = lab.store.conflicts().await.unwrap().len() as u64;
        assert_eq!(lab.store.status().await.unwrap().conflicts_open, all);
        let name = lab.all().await.table("employees")[0].split('|').next().unwrap().to_owned();
        assert_eq!((title.table.as_str(), title.state, title.row.as_str()), ("employees", ConflictState::New, name.as_str()));
        assert_eq!((title.winner.site_name.as_str(), title.loser.site_name.as_str()), ("Ankara 2", "Ankara 1"));
        lab.store.look_at(&[title.id, 99_999], "merkez").await.unwrap();
        assert_eq!(lab.store.status().await.unwrap().conflicts_open, all - 1);
        let seen = kept(&lab, "title").await;
        assert_eq!((seen.state, seen.who.as_deref()), (ConflictState::Seen, Some("merkez")));
        assert!(seen.looked_ms.is_some());
    }

    async fn what_waits_is_counted_for_the_region_whose_it_is(lab) {
        two_titles(&lab).await;
        let mut bursa = lab.empty_pc("Bursa 1", "Bursa").await;
        lab.sync(&bursa).await;
        bursa.desktop.region = "Ankara".to_owned();
        bursa.desktop.save_employee(None, &Employee { full_name: "Başka Örnek", ..Employee::default() }).unwrap();
        lab.send(&bursa).await.unwrap();
        let conflicts = lab.store.conflicts().await.unwrap();
        let (alerts, sites) = (lab.store.alerts().await.unwrap(), lab.store.sites().await.unwrap());
        for region in ["*", "Ankara", "Bursa", "İzmir"] {
            let of = |other: Option<&str>| region == "*" || other == Some(region);
            let new = conflicts.iter().filter(|kept| kept.state == ConflictState::New && of(kept.region.as_deref()));
            let told = alerts.iter().filter(|alert| of(Some(site_of(&sites, alert.site))));
            let open = lab.store.open_of(&merge::Region::new(region)).await.unwrap();
            assert_eq!((open.conflicts, open.alerts), (new.count() as u64, told.count() as u64), "{region}");
        }
        assert!(!conflicts.is_empty() && alerts.iter().any(|alert| site_of(&sites, alert.site) == "Bursa"));
        let all = lab.store.status().await.unwrap();
        assert_eq!((all.conflicts_open, all.alerts), (conflicts.len() as u64, alerts.len() as u64));
    }

    async fn a_value_is_put_back_by_headquarters_and_reaches_the_offices(lab) {
        let (first, second, title) = two_titles(&lab).await;
        lab.store.resolve(title.id, Take::Loser, "merkez").await.unwrap();
        assert!(lab.all().await.has("employees", "Usta") && !lab.all().await.has("employees", "Kalfa"));
        let change = &lab.store.recent(&merge::Region::All, 1).await.unwrap()[0];
        assert_eq!((change.site, change.action.as_str()), (0, "update"));
        assert_eq!(change.before.as_ref().unwrap()["title"], "Kalfa");
        let decided = kept(&lab, "title").await;
        assert_eq!((decided.state, decided.who.as_deref()), (ConflictState::Decided, Some("merkez")));
        for pc in [&first, &second, &first] {
            lab.sync(pc).await;
            assert!(Book::of(pc).has("employees", "Usta"), "and it stays");
        }
        assert!(matches!(lab.store.resolve(title.id, Take::Winner, "merkez").await, Err(Error::NoConflict(_))), "once");
        assert!(lab.store.audit(9).await.unwrap().iter().any(|line| line.action == "conflict_loser" && line.who == "merkez"));
    }

    async fn what_stands_may_be_confirmed_and_nothing_changes(lab) {
        let (_, _, title) = two_titles(&lab).await;
        let (before, rev) = (lab.all().await, lab.store.health().await.unwrap().rev);
        lab.store.resolve(title.id, Take::Winner, "merkez").await.unwrap();
        assert_eq!((lab.all().await, lab.store.health().await.unwrap().rev), (before, rev));
        assert_eq!(kept(&lab, "title").await.state, ConflictState::Decided);
        assert!(matches!(lab.store.resolve(99_999, Take::Winner, "merkez").await, Err(Error::NoConflict(99_999))));
    }

    async fn a_deletion_that_did_not_go_through_can_be_taken_after_all(lab) {
        let first = lab.pc("Ankara 1", "Ankara", 1).await;
        let second = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&first).await;
        lab.sync(&second).await;
        let id: i64 = value(&first, "select id from timesheets order by work_date, id");
        let sheet = "select e.id from timesheets t join employees e on e.id = t.employee_id order by t.work_date, t.id";
        let (employee, day): (i64, String) = (value(&second, sheet), value(&second, "select work_date from timesheets order by work_date, id"));
        let there: i64 = value(&second, "select id from timesheets order by work_date, id");
        let edited = Timesheet { employee_id: employee, work_date: &day, notes: "Düzeltildi", ..Timesheet::default() };
        second.desktop.save_timesheet(Some(there), &edited).unwrap();
        lab.sync(&second).await;
        first.desktop.delete(Record::Timesheet, id).unwrap();
        lab.send(&first).await.unwrap();
        let before = lab.all().await.count("timesheets");
        let conflicts = lab.store.conflicts().await.unwrap();
        let deletion = conflicts.iter().find(|kept| kept.column.is_none()).unwrap();
        assert!(deletion.row.ends_with(&day), "{}", deletion.row);
        lab.store.resolve(deletion.id, Take::Loser, "merkez").await.unwrap();
        assert_eq!(lab.all().await.count("timesheets"), before - 1);
    }

    async fn what_came_in_after_a_conflict_is_never_overwritten_by_deciding_it(lab) {
        let (first, second, title) = two_titles(&lab).await;
        // The office corrects it once more.
        let id: i64 = value(&second, "select id from employees order by full_name");
        let name: String = value(&second, "select full_name from employees order by full_name");
        second.desktop.save_employee(Some(id), &Employee { full_name: &name, title: "Ustabaşı", ..Employee::default() }).unwrap();
        lab.send(&second).await.unwrap();
        let (before, rev) = (lab.all().await, lab.store.health().await.unwrap().rev);
        let late = lab.store.resolve(title.id, Take::Loser, "merkez").await.unwrap_err();
        let Error::Later(change) = late else { panic!("{late:?}") };
        assert_eq!((change.site, &change.after.unwrap()["title"]), (second.device.site.0, &"Ustabaşı".into()));
        assert_eq!((lab.all().await, lab.store.health().await.unwrap().rev), (before, rev));
        assert_eq!(kept(&lab, "title").await.state, ConflictState::New);
        // Another column of the row is another matter.
        let id: i64 = value(&first, "select id from employees order by full_name");
        first.desktop.save_employee(Some(id), &Employee { full_name: &name, title: "Usta", identity_no: "10000000146", ..Employee::default() }).unwrap();
        lab.send(&first).await.unwrap();
        lab.store.resolve(title.id, Take::Winner, "merkez").await.unwrap();
        assert!(lab.all().await.has("employees", "Ustabaşı"), "what stands can be confirmed");
    }

    async fn a_deletion_takes_nothing_with_it_that_came_in_after_the_conflict(lab) {
        for (seed, region, later) in [(1, "Ankara", "employees"), (2, "Bursa", "timesheets")] {
            let first = lab.pc(&format!("{region} 1"), region, seed).await;
            let second = lab.empty_pc(&format!("{region} 2"), region).await;
            lab.sync(&first).await;
            lab.sync(&second).await;
            let person = "select id from employees where id not in (select employee_id from timesheets) order by full_name";
            let (id, there): (i64, i64) = (value(&first, person), value(&second, person));
            let name: String = value(&first, &format!("select full_name from employees where id = {id}"));
            let edit = |title| Employee { full_name: &name, title, ..Employee::default() };
            second.desktop.save_employee(Some(there), &edit("Usta")).unwrap();
            lab.sync(&second).await;
            first.desktop.delete(Record::Employee, id).unwrap();
            lab.send(&first).await.unwrap();
            let conflicts = lab.store.conflicts().await.unwrap();
            let deletion = conflicts.iter().find(|kept| kept.column.is_none()).unwrap().id;
            match later {
                "employees" => _ = second.desktop.save_employee(Some(there), &edit("Kalfa")).unwrap(),
                _ => {
                    let sheet = Timesheet { employee_id: there, work_date: "2026-01-30", ..Timesheet::default() };
                    second.desktop.save_timesheet(None, &sheet).unwrap();
                }
            }
            lab.send(&second).await.unwrap();
            let before = lab.all().await;
            let late = lab.store.resolve(deletion, Take::Loser, "merkez").await.unwrap_err();
            let Error::Later(change) = late else { panic!("{later}: {late:?}") };
            assert_eq!((change.table.as_str(), change.site), (later, second.device.site.0));
            assert_eq!(lab.all().await, before, "{later}");
            lab.store.resolve(deletion, Take::Winner, "merkez").await.unwrap();
        }
    }

    async fn a_value_of_somebody_s_own_stands_and_what_was_chosen_is_told_whatever_comes_later(lab) {
        let (first, second, title) = two_titles(&lab).await;
        let [ankara, bursa] = ["Ankara", "Bursa"].map(|region| Viewer::new(Role::Manager, merge::Region::new(region)));
        let typed = async |viewer: &Viewer, id, value: &str| lab.store.settle_other((viewer, "biri"), id, (value, Figures::TURKISH)).await;
        assert!(matches!(typed(&bursa, title.id, "Ustabaşı").await, Err(Denied::Missing)));
        let office = Viewer::new(Role::Office, merge::Region::new("Ankara"));
        assert!(matches!(typed(&office, title.id, "Ustabaşı").await, Err(Denied::Role)));
        let long = "x".repeat(5000);
        assert_eq!(typed(&ankara, title.id, &long).await.unwrap(), Settled::Unfit(Unfit::Long));
        assert_eq!(kept(&lab, "title").await.state, ConflictState::New, "nothing happened");
        assert_eq!(typed(&ankara, title.id, " Ustabaşı ").await.unwrap(), Settled::Done);
        for pc in [&first, &second] {
            lab.sync(pc).await;
            assert!(Book::of(pc).has("employees", "Ustabaşı"));
        }
        let decided = kept(&lab, "title").await;
        assert_eq!((decided.chosen, decided.other, decided.who.as_deref()), (None, Some("Ustabaşı".into()), Some("biri")));
        assert!(matches!(typed(&ankara, title.id, "x").await.unwrap(), Settled::Before { .. }), "once");
        let line = &lab.store.recent(&merge::Region::All, 1).await.unwrap()[0];
        assert_eq!((line.site, line.before.as_ref().unwrap()["title"].as_str()), (0, Some("Kalfa")));
    }

    async fn which_side_was_taken_is_told_also_after_something_else_came(lab) {
        let (first, _, title) = two_titles(&lab).await;
        lab.store.resolve(title.id, Take::Loser, "merkez").await.unwrap();
        lab.fetch(&first).await;
        let id: i64 = value(&first, "select id from employees order by full_name");
        let name: String = value(&first, "select full_name from employees order by full_name");
        first.desktop.save_employee(Some(id), &Employee { full_name: &name, title: "Ustabaşı", ..Employee::default() }).unwrap();
        lab.send(&first).await.unwrap();
        let decided = kept(&lab, "title").await;
        assert_eq!((decided.stands, decided.chosen), (None, Some(Take::Loser)));
    }

    async fn nothing_is_put_back_into_a_row_that_is_gone(lab) {
        let (first, _, title) = two_titles(&lab).await;
        lab.fetch(&first).await;
        let id: i64 = value(&first, "select id from employees order by full_name");
        first.desktop.delete(Record::Employee, id).unwrap();
        lab.send(&first).await.unwrap();
        let before = lab.all().await;
        assert!(matches!(lab.store.resolve(title.id, Take::Loser, "merkez").await, Err(Error::Gone)));
        assert_eq!(lab.all().await, before);
        assert_eq!(kept(&lab, "title").await.state, ConflictState::New, "it is still to be decided");
    }

    async fn a_cell_of_which_the_hub_is_not_sure_makes_no_conflict_of_another(lab) {
        let pc = lab.pc("Ankara 1", "Ankara", 1).await;
        let other = lab.empty_pc("Ankara 2", "Ankara").await;
        lab.sync(&pc).await;
        lab.sync(&other).await;
        let driver = |pc: &Pc, phone: &str, notes: &str| {
            let id: i64 = value(pc, "select id from drivers order by full_name");
            let name: String = value(pc, "select full_name from drivers order by full_name");
            let form = Driver { full_name: &name, phone, notes, ..Driver::default() };
            pc.desktop.save_driver(Some(id), &form).unwrap();
        };
        driver(&other, "5550001", "sıfır");
        lab.sync(&other).await;
        lab.sync(&pc).await;
        for notes in ["bir", "iki"] {
            driver(&pc, "5550001", notes);
            assert_eq!(lab.send(&pc).await.unwrap().conflicts, 0);
        }
        // The note is the one that it was before: nobody knows whether it was taken back. The other PC's number was seen.
        driver(&pc, "5550002", "bir");
        assert_eq!(lab.send(&pc).await.unwrap().conflicts, 1);
        let kept = lab.store.conflicts().await.unwrap();
        let of = |kept: &KeptConflict| (kept.column.clone().unwrap(), kept.loser.value.clone().unwrap());
        assert_eq!(kept.iter().map(of).collect::<Vec<_>>(), [("notes".to_owned(), "iki".into())]);
    }

    async fn a_region_is_told_nothing_of_what_became_of_a_row_that_moved_away(lab) {
        let [one, two, center] = [("Ankara 1", "Ankara"), ("Ankara 2", "Ankara"), ("Merkez", "*")].map(|(name, region)| lab.site(name, region));
        let [one, two, center] = [one.await, two.await, center.await];
        let day = [("employee_id", to(gid(1))), ("work_date", text("2026-01-23")), ("start_time", text("08:00")), ("end_time", text("17:00"))];
        let new = vec![employee(1, "Ayşe Deneme", "Ankara"), employee(2, "Kalan Kişi", "Ankara"), insert("timesheets", gid(3), day)];
        let seen = push(&lab, &one, batch(1, 0, new)).await.to;
        for (device, number, said) in [(&one, 2, "Usta"), (&two, 1, "Kalfa")] {
            let person = |at| update("employees", (gid(at), seen), [("title", text(said))]);
            let changes = vec![person(1), person(2), update("timesheets", (gid(3), seen), [("notes", text(said))])];
            push(&lab, device, batch(number, seen, changes)).await;
        }
        let told = async |region: &str| {
            let mut names: Vec<String> = lab.store.conflicts_of(&merge::Region::new(region)).await.unwrap().into_iter().map(|kept| kept.row).collect();
            names.sort();
            names
        };
        assert_eq!(told("Ankara").await, ["Ayşe Deneme", "Ayşe Deneme, 2026-01-23", "Kalan Kişi"]);
        let rev = lab.store.status().await.unwrap().rev;
        let person = |region, name| update("employees", (gid(1), rev), [("region", text(region)), ("full_name", text(name))]);
        let day = |region| update("timesheets", (gid(3), rev), [("region", text(region))]);
        push(&lab, &center, batch(1, rev, vec![person("Bursa", "Gizli Ad")])).await;
        assert_eq!(told("Ankara").await.len(), 3, "the person's day is Ankara's still, and needs the person");
        push(&lab, &center, batch(2, rev, vec![day("Bursa")])).await;
        let seen = lab.store.status().await.unwrap().rev;
        assert_eq!(told("Ankara").await, ["Kalan Kişi"], "neither the person nor what hangs on it");
        assert!(told("Bursa").await.is_empty(), "they were none of Bursa's");
        assert_eq!(told("*").await, ["Gizli Ad", "Gizli Ad, 2026-01-23", "Kalan Kişi"]);
        let back = [person("Ankara", "Ayşe Yeni"), day("Ankara")].map(|change| Change { base: seen, ..change });
        push(&lab, &center, batch(3, seen, back.into())).await;
        assert_eq!(told("Ankara").await, ["Ayşe Yeni", "Ayşe Yeni, 2026-01-23", "Kalan Kişi"]);
    }
}
