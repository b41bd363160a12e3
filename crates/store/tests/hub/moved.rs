//! Rows that went to another region, and what the offices that had them say meanwhile.

use merge::Region;
use replica::wire::End;
use store::{Device, KeptConflict, Take};
use testkit::office::Employee;

use crate::{
    agents::{batch, day_on, delete, employee, ends, gid, insert, push, text, update},
    lab::{Lab, on_both, value},
    mirror::fetched,
};

pub const NAME: &str = "Taşınan Kişi";

/// Rows of the person as the hub has them: in which regions, and the days.
pub async fn stands(lab: &Lab) -> (Vec<String>, Vec<String>) {
    let all = lab.all().await;
    let of = |table: &str| {
        all.table(table).iter().filter(|row| row.starts_with(NAME)).cloned().collect::<Vec<_>>()
    };
    let region = |row: String| row.rsplit('|').next().unwrap().to_owned();
    let date = |row: String| row.split('|').nth(1).unwrap().to_owned();
    let mut days: Vec<String> = of("timesheets").into_iter().map(date).collect();
    days.sort();
    (of("employees").into_iter().map(region).collect(), days)
}

async fn of_region(lab: &Lab, region: &str) -> Vec<KeptConflict> {
    lab.store.conflicts_of(&Region::new(region)).await.unwrap()
}

pub fn kept<'a>(all: &'a [KeptConflict], table: &str, column: Option<&str>) -> Vec<&'a KeptConflict> {
    all.iter().filter(|kept| kept.table == table && kept.column.as_deref() == column).collect()
}

/// A person and a day of Ankara's that both offices know; where the hub stands then.
async fn known(lab: &Lab, ankara: &Device) -> i64 {
    let new = vec![employee(1, NAME, "Ankara"), day_on(2, gid(1), "2026-01-05")];
    push(lab, ankara, batch(1, 0, new)).await;
    lab.store.health().await.unwrap().rev
}

/// Headquarters moves them to Bursa.
async fn moved(lab: &Lab, seen: i64) -> Device {
    let center = lab.site("Merkez", "*").await;
    let to_bursa = |table, number| update(table, (gid(number), seen), [("region", text("Bursa"))]);
    push(lab, &center, batch(1, seen, vec![to_bursa("employees", 1), to_bursa("timesheets", 2)])).await;
    center
}

on_both! {
    async fn what_was_typed_meanwhile_of_a_row_that_went_to_another_region_is_kept(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let seen = known(&lab, &ankara).await;
        moved(&lab, seen).await;
        let edits = vec![
            update("employees", (gid(1), seen), [("department", text("Depo")), ("title", text(""))]),
            update("timesheets", (gid(2), seen), [("notes", text("Mesai"))]),
        ];
        let told = push(&lab, &ankara, batch(2, seen, edits)).await;
        assert_eq!((ends(&told), told.conflicts), (vec![End::Refused, End::Refused], 0), "nor is Ankara told how many differ");
        let all = of_region(&lab, "*").await;
        assert_eq!(of_region(&lab, "Bursa").await.len(), 2, "whose row it is sees it");
        assert!(of_region(&lab, "Ankara").await.is_empty());
        let [department] = kept(&all, "employees", Some("department"))[..] else { panic!("{all:?}") };
        let side = &department.loser;
        assert_eq!((side.value.clone(), side.site_name.as_str()), (Some("Depo".into()), "Ankara 1"));
        assert_eq!((side.wall_ms, department.row.as_str()), (crate::agents::NOW_MS - 1000, NAME));
        assert_eq!(kept(&all, "timesheets", Some("notes"))[0].loser.value, Some("Mesai".into()));
        // Ankara gets nothing of what Bursa's row says.
        assert!(fetched(&lab, &ankara, seen).await.tables.is_empty());
        lab.store.resolve(department.id, Take::Loser, "merkez").await.unwrap();
        assert!(lab.all().await.has("employees", &format!("{NAME}|Depo|")));
    }

    async fn a_batch_that_waits_shows_its_region_nothing_of_a_row_that_went_to_another(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        known(&lab, &ankara).await;
        let days = |number: u128| day_on(100 + number, gid(3), &format!("2026-01-{:02}", number + 1));
        let more = std::iter::once(employee(3, "Kalan Kişi", "Ankara")).chain((0..28).map(days)).collect();
        push(&lab, &ankara, batch(2, 0, more)).await;
        let seen = lab.store.health().await.unwrap().rev;
        let center = moved(&lab, seen).await;
        let secret = update("employees", (gid(1), seen), [("title", text("Bursa sırrı"))]);
        push(&lab, &center, batch(2, seen, vec![secret])).await;
        let typed = update("employees", (gid(1), seen), [("department", text("Depo"))]);
        let gone = (0..28).map(|number| delete("timesheets", (gid(100 + number), seen)));
        assert!(push(&lab, &ankara, batch(3, seen, std::iter::once(typed).chain(gone).collect())).await.held);
        let id = lab.store.held().await.unwrap()[0].id;
        for (region, days) in [("Ankara", 28), ("*", 28)] {
            let viewer = store::Viewer::new(store::Role::Manager, Region::new(region));
            let (lines, _) = lab.store.held_rows(&viewer, id, 60).await.unwrap().unwrap();
            let said = format!("{lines:?}");
            assert!(lines.len() == days + 1 && said.contains("Depo") && said.contains("Kalan Kişi"), "{said}");
            assert!(!said.contains("Bursa sırrı"), "{said}");
        }
    }

    async fn a_deletion_of_a_row_that_went_to_another_region_is_kept_too(lab) {
        let ankara = lab.site("Ankara 1", "Ankara").await;
        let seen = known(&lab, &ankara).await;
        moved(&lab, seen).await;
        let gone = |table, number| delete(table, (gid(number), seen));
        let told = push(&lab, &ankara, batch(2, seen, vec![gone("timesheets", 2), gone("employees", 1)])).await;
        assert_eq!(ends(&told), [End::Refused, End::Refused]);
        let all = of_region(&lab, "*").await;
        assert_eq!((kept(&all, "employees", None).len(), kept(&all, "timesheets", None).len()), (1, 1), "{all:?}");
        let (_, days) = stands(&lab).await;
        assert_eq!(days, ["2026-01-05"]);
    }

    async fn a_file_that_says_it_again_until_it_is_replaced_is_told_of_once(lab) {
        let pc = lab.empty_pc("Ankara 1", "Ankara").await;
        let id = pc.desktop.save_employee(None, &Employee { full_name: NAME, ..Employee::default() }).unwrap();
        lab.sync(&pc).await;
        let center = lab.site("Merkez", "*").await;
        let person = fetched(&lab, &center, 0).await.tables["employees"].keys().next().copied().unwrap();
        let rev = lab.store.health().await.unwrap().rev;
        let to_bursa = update("employees", (model::Gid::from_uuid(person), rev), [("region", text("Bursa"))]);
        push(&lab, &center, batch(1, rev, vec![to_bursa])).await;
        let edited = Employee { full_name: NAME, title: "Şef", ..Employee::default() };
        pc.desktop.save_employee(Some(id), &edited).unwrap();
        for title in ["Şef", "Şef", "Müdür"] {
            let edited = Employee { full_name: NAME, title, ..Employee::default() };
            pc.desktop.save_employee(Some(id), &edited).unwrap();
            lab.send(&pc).await.unwrap();
        }
        let all = of_region(&lab, "*").await;
        let said: Vec<_> = kept(&all, "employees", Some("title")).iter().map(|kept| kept.loser.value.clone().unwrap()).collect();
        assert_eq!(said, ["Müdür", "Şef"]);
        lab.fetch(&pc).await;
        assert_eq!(value::<i64>(&pc, "select count(*) from employees"), 0);
    }

    async fn nobody_writes_beside_a_row_that_its_region_never_had(lab) {
        let [ankara, bursa] = [lab.site("Ankara 1", "Ankara").await, lab.site("Bursa 1", "Bursa").await];
        let driver = insert("drivers", gid(2), [("full_name", text("Şoför")), ("region", text("Bursa"))]);
        push(&lab, &bursa, batch(1, 0, vec![employee(1, NAME, "Bursa"), driver])).await;
        let seen = lab.store.health().await.unwrap().rev;
        let said = vec![update("employees", (gid(1), seen), [("title", text("x"))]), delete("drivers", (gid(2), seen))];
        push(&lab, &ankara, batch(1, seen, said)).await;
        assert!(of_region(&lab, "*").await.is_empty());
    }
}
