//! Whose the rows of a file are.

use merge::{Deletes, Refusal, Region, Verdict, region};
use model::Value;

use crate::{
    file::{File, Pc, int, office},
    hub::{Hub, rainstaff, text},
};

#[test]
fn a_plate_is_recognised_only_in_its_region() {
    let rules = rainstaff();
    let mut hub = Hub::default();
    let mut ankara = Pc::new(1, "Ankara");
    ankara.meet(&rules, &mut hub, &office("Ankara", "A"), None);
    let theirs = ankara.gid(&rules, "vehicles", 1);
    let met = |hub: &mut Hub, site: u32, at: &str, said: Value| {
        let mut file = File::default();
        file.put("vehicles", 9, &[("plate", text("00 A 1")), ("notes", text("not")), ("region", said)]);
        let mut pc = Pc::new(site, at);
        let outcomes = pc.meet_told(&rules, hub, &file, None).1;
        let told = outcomes.iter().map(|outcome| outcome.namesakes.len()).sum::<usize>();
        (
            outcomes.first().map_or(Verdict::Unchanged, |outcome| outcome.verdict.clone()),
            pc.shadow.is_empty() || pc.gid(&rules, "vehicles", 9) != theirs,
            told,
        )
    };
    let before = hub.rows[&theirs].clone();
    assert_eq!(met(&mut hub, 2, "Bursa", Value::Null), (Verdict::Applied, true, 1), "Bursa's own");
    let refused = Verdict::Refused(Refusal::Region);
    assert_eq!(met(&mut hub, 3, "Bursa", text("Ankara")).0, refused, "it says itself that it is Ankara's");
    assert_eq!(hub.rows[&theirs], before);
    assert_eq!(met(&mut hub, 4, "*", text("Ankara")), (Verdict::Applied, false, 0));
    assert_eq!(met(&mut hub, 5, "Ankara", Value::Null), (Verdict::Unchanged, false, 0));
}

#[test]
fn a_file_with_one_plate_in_two_regions_keeps_them_apart() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "*"));
    let mut file = File::default();
    for (id, region) in [(5, "Ankara"), (9, "Bursa")] {
        file.put("vehicles", id, &[("plate", text("00 A 1")), ("region", text(region))]);
    }
    pc.meet(&rules, &mut hub, &file, None);
    let (ankara, bursa) = (pc.gid(&rules, "vehicles", 5), pc.gid(&rules, "vehicles", 9));
    file.remove("vehicles", 5);
    let set = pc.upload(&rules, &mut hub, &file, Deletes::Absent);
    assert_eq!(set.changes.len(), 1, "{set:?}");
    assert!(!hub.rows[&ankara].lives() && hub.rows[&bursa].lives());
}

#[test]
fn a_blank_region_is_repaired_and_a_foreign_one_refused() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = File::default();
    file.put("employees", 1, &[("full_name", text("Deniz A")), ("region", Value::Null)]);
    file.put("employees", 2, &[("full_name", text("Umut B")), ("region", text("Bursa"))]);
    file.timesheet(1, 1, "2026-01-05", " ");
    file.timesheet(2, 2, "2026-01-05", "Ankara");
    let outcomes = pc.meet_told(&rules, &mut hub, &file, None).1;
    let verdicts: Vec<_> = outcomes.iter().map(|o| (o.verdict.clone(), o.repaired.clone())).collect();
    let ankara = Some(text("Ankara"));
    assert_eq!(verdicts[0], (Verdict::Applied, ankara.clone()));
    assert_eq!(verdicts[1], (Verdict::Refused(Refusal::Region), None));
    assert_eq!(verdicts[2], (Verdict::Applied, ankara));
    assert!(matches!(verdicts[3].0, Verdict::Refused(Refusal::Orphan(_))), "its employee was refused");
    assert_eq!(outcomes[1].hand_back.len(), 1);
}

#[test]
fn an_office_cannot_delete_what_another_region_hung_on_its_row() {
    let rules = rainstaff();
    let (mut hub, mut ankara) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    ankara.meet(&rules, &mut hub, &file, None);
    let mut bursa = ankara.clone().at(2, "Bursa");
    let mut theirs = file.clone();
    theirs.put(
        "vehicle_faults",
        8,
        &[("vehicle_id", int(1)), ("title", text("Kapı")), ("region", text("Bursa"))],
    );
    bursa.upload(&rules, &mut hub, &theirs, Deletes::Absent);
    ankara.seen = hub.rev;
    file.remove("vehicles", 1);
    file.remove("vehicle_faults", 1);
    let outcomes = ankara.upload_told(&rules, &mut hub, &file, Deletes::Absent).1;
    assert!(outcomes.iter().all(|o| o.verdict == Verdict::NotDeleted));
    assert!(hub.rows[&ankara.gid(&rules, "vehicle_faults", 1)].lives());
}

#[test]
fn a_result_is_of_the_region_of_its_inspection_s_vehicle() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    let inspection =
        [("vehicle_id", int(1)), ("inspection_date", text("2026-01-05")), ("week_start", text("x"))];
    file.put("vehicle_inspections", 1, &inspection);
    let result = [("inspection_id", int(1)), ("item_key", text("lights")), ("status", text("Olumlu"))];
    file.put("vehicle_inspection_results", 1, &result);
    pc.meet(&rules, &mut hub, &file, None);
    let gid = pc.gid(&rules, "vehicle_inspection_results", 1);
    let row = &hub.rows[&gid];
    let owner = region::owner(&rules, row.table, &row.cells, &|_, gid| Some(&hub.rows.get(&gid)?.cells));
    assert!(Region::new("Ankara").sees(&owner) && Region::new("*").sees(&owner));
    assert!(!Region::new("Bursa").sees(&owner));
}
