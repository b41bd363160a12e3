//! What files say: differences, first contact, old shapes, ids that are used again.
#![allow(clippy::unwrap_used, reason = "tests")]

mod file;
mod hub;

use std::collections::{HashMap, HashSet};

use file::{Counter, File, Pc, cells, row, shadow_of};
use hub::{Hub, rainstaff, text};
use merge::{
    Acquaintance, Action, Deletes, FileDiff, Kinship, LocalId, OrphanRow, Refusal, Region, Sameness, Verdict,
    evidence, held, insert_order, region, sameness,
};
use model::{Gid, Value};

fn int(number: i64) -> Value {
    Value::Int(number)
}

/// Two employees, three timesheets, a vehicle with a fault.
fn office(region: &str, tag: &str) -> File {
    let mut file = File::default();
    for (id, name) in [(1, "Deniz"), (2, "Umut")] {
        file.put("employees", id, &[("full_name", text(&format!("{name} {tag}"))), ("region", text(region))]);
    }
    for (id, employee) in [(1, 1), (2, 1), (3, 2)] {
        file.timesheet(id, employee, &format!("2026-01-0{id}"), region);
    }
    file.put("vehicles", 1, &[("plate", text(&format!("00 {tag} 1"))), ("region", text(region))]);
    file.put(
        "vehicle_faults",
        1,
        &[("vehicle_id", int(1)), ("title", text("Fren")), ("region", text(region))],
    );
    file
}

#[test]
fn an_unchanged_file_says_nothing_twenty_times_over() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let file = office("Ankara", "A");
    assert_eq!(pc.meet(&rules, &mut hub, &file, None).changes.len(), 7);
    for _ in 0..20 {
        let set = pc.upload(&rules, &mut hub, &file, Deletes::Absent);
        assert_eq!((set.changes.len(), set.orphans.len(), set.doubts.len()), (0, 0, 0));
    }
}

#[test]
fn only_the_changed_column_travels_with_its_base() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    pc.meet(&rules, &mut hub, &file, None);
    file.set("timesheets", 2, "end_time", text("18:15"));
    let set = pc.upload(&rules, &mut hub, &file, Deletes::Absent);
    let Action::Update(edits) = &set.changes[0].action else { panic!("{set:?}") };
    assert_eq!((set.changes.len(), edits.len()), (1, 1));
    assert_eq!((&edits[0].base, &edits[0].value), (&Some(text("17:30")), &text("18:15")));
}

#[test]
fn a_column_that_an_old_file_does_not_have_is_not_a_change() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    pc.meet(&rules, &mut hub, &file, None);
    file.drop_column("timesheets", "region");
    file.drop_column("timesheets", "is_special");
    file.drop_column("employees", "region");
    assert!(pc.upload(&rules, &mut hub, &file, Deletes::Absent).changes.is_empty());
    assert!(hub.data().values().all(|(table, cells)| {
        let region = rules[*table].region_columns().0.unwrap();
        cells[region.0] == Some(text("Ankara"))
    }));
}

#[test]
fn absence_deletes_only_where_the_lineage_is_known() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    pc.meet(&rules, &mut hub, &file, None);
    file.remove("timesheets", 3);
    assert!(pc.upload(&rules, &mut hub, &file, Deletes::Never).changes.is_empty());
    assert_eq!(hub.data().len(), 7);
    let set = pc.upload(&rules, &mut hub, &file, Deletes::Absent);
    assert!(matches!(set.changes[..], [merge::Change { action: Action::Delete { with: None }, .. }]));
    assert_eq!(hub.data().len(), 6);
}

#[test]
fn a_table_that_the_file_does_not_have_deletes_nothing() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    pc.meet(&rules, &mut hub, &file, None);
    file.tables.remove("vehicle_faults");
    file.tables.remove("vehicles");
    assert!(pc.upload(&rules, &mut hub, &file, Deletes::Absent).changes.is_empty());
}

#[test]
fn two_offices_with_the_same_small_ids_keep_their_own_rows_and_parents() {
    let rules = rainstaff();
    let mut hub = Hub::default();
    let (mut ankara, mut bursa) = (Pc::new(1, "Ankara"), Pc::new(2, "Bursa"));
    let files = [office("Ankara", "Ak"), office("Bursa", "Bey")];
    ankara.meet(&rules, &mut hub, &files[0], None);
    let set = bursa.meet(&rules, &mut hub, &files[1], Some(&ankara));
    assert!(set.doubts.is_empty());
    assert_eq!(hub.data().len(), 14);
    for (pc, file) in [(&ankara, &files[0]), (&bursa, &files[1])] {
        for (id, timesheet) in &file.tables["timesheets"] {
            let gid = pc.gid(&rules, "timesheets", *id);
            let parent = &hub.rows[&gid].cells[0];
            let LocalId::Int(employee) = LocalId::of(&timesheet["employee_id"]).unwrap() else { panic!() };
            assert_eq!(*parent, Some(pc.gid(&rules, "employees", employee).into()));
        }
    }
    // One office deletes its timesheet 1: the other's timesheet 1 is another row.
    let mut file = files[0].clone();
    file.remove("timesheets", 1);
    ankara.upload(&rules, &mut hub, &file, Deletes::Absent);
    assert!(hub.rows[&bursa.gid(&rules, "timesheets", 1)].lives());
}

#[test]
fn copies_of_one_file_multiply_nothing() {
    let rules = rainstaff();
    let mut hub = Hub::default();
    let mut file = office("Ankara", "A");
    for id in 4..30 {
        file.timesheet(id, 1 + id % 2, &format!("2026-01-{id:02}"), "Ankara");
    }
    let mut first = Pc::new(1, "Ankara");
    first.meet(&rules, &mut hub, &file, None);
    let before = hub.data();
    for site in 2..6 {
        let set = Pc::new(site, "Ankara").meet(&rules, &mut hub, &file, Some(&first));
        assert_eq!((set.changes.len(), set.doubts.len()), (0, 0));
    }
    assert_eq!(hub.data(), before);

    // A copy that was worked on: one employee with another title, one timesheet longer, one new timesheet.
    let mut copy = file.clone();
    copy.set("employees", 2, "title", text("Usta"));
    copy.set("timesheets", 5, "end_time", text("19:00"));
    copy.timesheet(30, 1, "2026-02-01", "Ankara");
    let set = Pc::new(6, "Ankara").meet(&rules, &mut hub, &copy, Some(&first));
    assert_eq!(set.changes.iter().filter(|c| matches!(c.action, Action::Insert(_))).count(), 1);
    assert_eq!(hub.data().len(), before.len() + 1);
    assert!(hub.remembers(&text("19:00")) && hub.remembers(&text("17:30")));
}

#[test]
fn equal_content_in_a_file_that_is_no_copy_is_kept_twice_and_told() {
    let rules = rainstaff();
    let mut hub = Hub::default();
    let mut first = Pc::new(1, "Ankara");
    first.meet(&rules, &mut hub, &office("Ankara", "A"), None);
    let mut other = office("Ankara", "B");
    for id in 3..6 {
        other.put("employees", id, &[("full_name", text(&format!("Kişi {id}"))), ("region", text("Ankara"))]);
    }
    other.set("employees", 1, "full_name", text("Deniz A"));
    let set = Pc::new(2, "Ankara").meet(&rules, &mut hub, &other, Some(&first));
    assert_eq!(set.doubts.len(), 1);
    assert!(set.doubts[0].kept_both);
}

#[test]
fn the_same_plate_in_two_files_is_one_vehicle_and_its_faults_follow() {
    let rules = rainstaff();
    let mut hub = Hub::default();
    let (mut first, mut second) = (Pc::new(1, "Ankara"), Pc::new(2, "Ankara"));
    first.meet(&rules, &mut hub, &office("Ankara", "A"), None);
    let mut file = File::default();
    file.put("vehicles", 9, &[("plate", text("00 A 1")), ("km", int(12)), ("region", text("Ankara"))]);
    file.put(
        "vehicle_faults",
        4,
        &[("vehicle_id", int(9)), ("title", text("Klima")), ("region", text("Ankara"))],
    );
    second.meet(&rules, &mut hub, &file, Some(&first));
    let vehicle = first.gid(&rules, "vehicles", 1);
    assert_eq!(second.gid(&rules, "vehicles", 9), vehicle);
    let fault = second.gid(&rules, "vehicle_faults", 4);
    assert_eq!(hub.rows[&fault].cells[0], Some(vehicle.into()));
    assert_eq!(hub.rows[&vehicle].cells[4], Some(int(12)), "what the hub did not know is filled in");
}

#[test]
fn an_orphan_is_set_aside_and_never_adopted() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(2, "Ankara"));
    let mut other = Pc::new(1, "Ankara");
    let mut first = office("Ankara", "A");
    first.put("employees", 77, &[("full_name", text("Başka Biri")), ("region", text("Ankara"))]);
    other.meet(&rules, &mut hub, &first, None);
    let mut file = office("Ankara", "B");
    file.timesheet(9, 77, "2026-01-09", "Ankara");
    file.put(
        "vehicle_inspections",
        1,
        &[
            ("vehicle_id", int(1)),
            ("driver_id", int(5)),
            ("inspection_date", text("2026-01-05")),
            ("week_start", text("2026-01-05")),
        ],
    );
    let set = pc.meet(&rules, &mut hub, &file, Some(&other));
    let told: Vec<_> = set.orphans.iter().map(|o| (o.row.clone(), o.target.clone(), o.set_aside)).collect();
    assert_eq!(
        told,
        [
            (OrphanRow::Local(LocalId::Int(9)), int(77), true),
            (OrphanRow::Local(LocalId::Int(1)), int(5), false)
        ]
    );
    let inspection = &hub.rows[&pc.gid(&rules, "vehicle_inspections", 1)];
    assert_eq!(inspection.cells[1], None, "unknown, not somebody else");
}

#[test]
fn a_parent_that_goes_takes_its_children_along_as_one_deletion() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    pc.meet(&rules, &mut hub, &file, None);
    file.remove("employees", 1);
    file.remove("timesheets", 1);
    file.remove("timesheets", 2);
    let set = pc.upload(&rules, &mut hub, &file, Deletes::Absent);
    let with: Vec<_> = set.changes.iter().map(|c| c.action.clone()).collect();
    let parent = set.changes[0].gid;
    assert_eq!(with[0], Action::Delete { with: None });
    assert_eq!(with[1..], [(); 2].map(|()| Action::Delete { with: Some(parent) }));
}

#[test]
fn a_reference_emptied_by_a_deletion_comes_back_if_the_deletion_does_not_go_through() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    let inspection = [
        ("vehicle_id", int(1)),
        ("fault_id", int(1)),
        ("inspection_date", text("2026-01-05")),
        ("week_start", text("2026-01-05")),
    ];
    file.put("vehicle_inspections", 1, &inspection);
    pc.meet(&rules, &mut hub, &file, None);
    let (fault, inspection) = (pc.gid(&rules, "vehicle_faults", 1), pc.gid(&rules, "vehicle_inspections", 1));
    let mut hq = pc.clone().at(2, "*");
    let mut edited = file.clone();
    edited.set("vehicle_faults", 1, "description", text("Balata bitti"));
    file.remove("vehicle_faults", 1);
    file.set("vehicle_inspections", 1, "fault_id", Value::Null);
    let set = pc.upload(&rules, &mut hub, &file, Deletes::Absent);
    assert_eq!(set.changes.len(), 1, "the emptied reference is no change of its own");
    assert_eq!(hub.rows[&inspection].cells[6], Some(Value::Null));
    hq.upload(&rules, &mut hub, &edited, Deletes::Absent);
    assert!(hub.rows[&fault].lives());
    assert_eq!(hub.rows[&inspection].cells[6], Some(fault.into()));
}

#[test]
fn an_id_that_holds_something_else_is_not_an_update_of_the_old_row() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    file.set("employees", 1, "identity_no", text("10"));
    file.set("employees", 1, "title", text("Usta"));
    pc.meet(&rules, &mut hub, &file, None);
    let before = pc.gid(&rules, "employees", 1);
    file.put(
        "employees",
        1,
        &[
            ("full_name", text("Zeynep Oğuz")),
            ("identity_no", text("99")),
            ("title", text("Şoför")),
            ("region", text("Ankara")),
        ],
    );
    let set = pc.upload(&rules, &mut hub, &file, Deletes::Absent);
    assert!(set.doubts.iter().all(|doubt| !doubt.kept_both));
    assert_eq!(set.doubts.len(), 3, "the person, and two days that are another person's now");
    assert_eq!(hub.rows[&before].cells[0], Some(text("Deniz A")));
    assert_ne!(pc.gid(&rules, "employees", 1), before);
}

#[test]
fn a_corrected_name_is_still_the_same_person() {
    let rules = rainstaff();
    let employees = &rules[rules.table("employees").unwrap()];
    let person = |name: &str, title: Option<&str>| {
        let mut cells = vec![Some(text(name)), None, None, title.map(text), Some(text("Ankara"))];
        cells[1] = Some(text("17"));
        cells
    };
    let judge = |a, b| sameness(employees, &a, &b);
    assert_eq!(judge(person("Ayse Demir", None), person("Ayşe Demir", None)), Sameness::Same);
    assert_eq!(judge(person("Ayşe Demir", None), person("Ayşe Yılmaz", None)), Sameness::Same);
    assert_eq!(judge(person("Ayşe Demir", Some("Usta")), person("Zeki Oğuz", Some("Usta"))), Sameness::Same);
    let bare = |name: &str| vec![Some(text(name)), None, None, Some(text("")), Some(text("Ankara"))];
    assert_eq!(judge(bare("Ayşe Demir"), bare("Zeki Oğuz")), Sameness::Unsure);
}

/// Judged both ways: which content came first does not matter.
fn judged<const N: usize>(table: &str, first: [(&str, Value); N], second: [(&str, Value); N]) -> Sameness {
    let rules = rainstaff();
    let id = rules.table(table).unwrap();
    let [first, second] = [first, second].map(|values| cells(&rules, id, &values));
    let judged = sameness(&rules[id], &first, &second);
    assert_eq!(judged, sameness(&rules[id], &second, &first));
    judged
}

#[test]
fn an_identifying_number_weighs_more_than_what_many_have_in_common() {
    let person = |name: &str, number: &str| {
        let number = ("identity_no", text(number));
        [("full_name", text(name)), number, ("department", text("Saha")), ("title", text("Usta"))]
    };
    let judge = |a, b| judged("employees", a, b);
    assert_eq!(judge(person("Ayşe Demir", "10203"), person("Zeki Oğuz", "99887")), Sameness::Other);
    assert_eq!(judge(person("Ayşe Demir", "10203"), person("Zeki Oğuz", "10203")), Sameness::Same);
    assert_eq!(judge(person("Ayşe Demir", "10203"), person("Ayşe Demir", "99887")), Sameness::Same);
    let unsaid = judge(person("Ayşe Demir", ""), person("Zeki Oğuz", "10203"));
    assert_eq!(unsaid, Sameness::Same, "department and title agree, and no number speaks against it");
    let driver = |name: &str, phone: &str| {
        [("full_name", text(name)), ("license_class", text("B")), ("phone", text(phone))]
    };
    let judge = |a, b| judged("drivers", a, b);
    assert_eq!(
        judge(driver("Ayşe Demir", "0 (312) 000 11 22"), driver("Zeki Oğuz", "03120001122")),
        Sameness::Same
    );
    let filled = judge(driver("Ayşe Demir", "-"), driver("Zeki Oğuz", "-"));
    let zeros = judge(driver("Ayşe Demir", "000"), driver("Zeki Oğuz", "000"));
    assert_eq!(
        (filled, zeros),
        (Sameness::Same, Sameness::Same),
        "only by the licence: these are no numbers"
    );
}

#[test]
fn another_day_or_another_person_is_another_row_and_a_large_edit_is_not() {
    let sheet = |person: u128, day: &str, start: &str, pause: i64, notes: &str| {
        [
            ("employee_id", Gid::new(1, person).into()),
            ("work_date", text(day)),
            ("start_time", text(start)),
            ("end_time", text("17:30")),
            ("break_minutes", int(pause)),
            ("notes", text(notes)),
        ]
    };
    let judge = |a, b| judged("timesheets", a, b);
    let row = || sheet(1, "2026-01-05", "08:30", 60, "yol");
    assert_eq!(judge(row(), sheet(1, "2026-01-05", "13:00", 15, "eksik")), Sameness::Same);
    assert_eq!(judge(row(), sheet(1, "2026-01-06", "08:30", 60, "yol")), Sameness::Other);
    assert_eq!(judge(row(), sheet(2, "2026-01-05", "08:30", 60, "yol")), Sameness::Other);
    assert_eq!(judge(row(), sheet(2, "2026-01-06", "08:30", 60, "yol")), Sameness::Other);
}

#[test]
fn what_a_file_of_unknown_age_says_loses_against_every_stamp_and_fills_what_nobody_filled() {
    let rules = rainstaff();
    let (mut hub, mut first) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    file.set("employees", 1, "identity_no", text("10203"));
    first.meet(&rules, &mut hub, &file, None);
    let old = file.clone();
    file.set("employees", 1, "title", text("Usta"));
    file.set("timesheets", 1, "end_time", text("18:15"));
    first.upload(&rules, &mut hub, &file, Deletes::Absent);
    let mut late = old.clone();
    late.set("employees", 1, "title", text("Çırak"));
    late.set("employees", 1, "department", text("Saha"));
    late.timesheet(9, 1, "2026-01-09", "Ankara");
    // Also with another token for the same PC: a new site, the same file.
    for site in [2, 7] {
        let mut pc = Pc::new(site, "Ankara").much_later();
        pc.meet(&rules, &mut hub, &late, Some(&first));
        let cell = |table: &str, column: &str| {
            let row = &hub.rows[&first.gid(&rules, table, 1)];
            row.cells[rules[row.table].column(column).unwrap().0].clone()
        };
        assert_eq!(cell("employees", "title"), Some(text("Usta")));
        assert_eq!(cell("timesheets", "end_time"), Some(text("18:15")));
        assert_eq!(cell("employees", "department"), Some(text("Saha")), "nobody ever said one");
        for lost in ["Çırak", "17:30"] {
            assert!(hub.conflicts.iter().any(|conflict| conflict.loser.value == Some(text(lost))));
        }
        assert!(hub.rows[&pc.gid(&rules, "timesheets", 9)].lives());
    }
}

#[test]
fn of_two_files_of_unknown_age_the_same_one_stands_whoever_comes_first() {
    let rules = rainstaff();
    let ends = [[1, 2], [2, 1]].map(|order| {
        let mut hub = Hub::default();
        let mut before: Option<Pc> = None;
        for site in order {
            let mut file = office("Ankara", "A");
            file.set("employees", 1, "identity_no", text("10203"));
            file.set("employees", 1, "title", text(&format!("Usta {site}")));
            let mut pc = Pc::new(site, "Ankara");
            pc.meet(&rules, &mut hub, &file, before.as_ref());
            before = Some(pc);
        }
        assert_eq!(hub.conflicts.len(), 1);
        let row = &hub.rows[&before.unwrap().gid(&rules, "employees", 1)];
        row.cells[3].clone()
    });
    assert_eq!(ends, [Some(text("Usta 2")), Some(text("Usta 2"))]);
}

#[test]
fn a_file_of_unknown_age_does_not_bring_back_what_was_deleted() {
    let rules = rainstaff();
    let (mut hub, mut first) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    first.meet(&rules, &mut hub, &file, None);
    let (relative, mut old) = (first.clone(), file.clone());
    let gid = first.gid(&rules, "timesheets", 3);
    file.remove("timesheets", 3);
    first.upload(&rules, &mut hub, &file, Deletes::Absent);
    old.set("timesheets", 3, "notes", text("eski"));
    Pc::new(2, "Ankara").meet(&rules, &mut hub, &old, Some(&relative));
    assert!(!hub.rows[&gid].lives());
    assert!(hub.conflicts.iter().any(|conflict| conflict.loser.value == Some(text("eski"))));
}

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
fn a_list_that_was_deleted_and_read_in_again_keeps_its_rows() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = File::default();
    let serial = |number: i64| [("seri_no", text(&format!("ST{number}"))), ("bolge", text("Ankara"))];
    (1..40).for_each(|number| file.put("stock_inventory", number, &serial(number)));
    pc.meet(&rules, &mut hub, &file, None);
    let before = hub.data();
    let mut again = File::default();
    (1..40).for_each(|number| again.put("stock_inventory", 300 - number, &serial(number)));
    let set = pc.upload(&rules, &mut hub, &again, Deletes::Absent);
    assert!(set.changes.is_empty());
    assert_eq!(set.learned.len(), 39);
    assert_eq!(hub.data(), before);
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
fn notes_about_deletions_count_only_when_they_are_new_and_the_row_was_there() {
    let rules = rainstaff();
    let table = &rules[rules.table("deleted_records").unwrap()];
    let note = |name: &str, id: i64| vec![Some(text(name)), Some(int(id)), Some(text("2026-01-23")), None];
    let old = [note("timesheets", 1)];
    let now = [note("timesheets", 1), note("timesheets", 3), note("users", 1), note("sqlite_master", 1)];
    let notes = evidence::notes(&rules, table, &now, &old);
    let timesheets = rules.table("timesheets").unwrap();
    assert_eq!(notes.deleted, HashMap::from([(timesheets, HashSet::from([LocalId::Int(3)]))]));
    assert_eq!(notes.unknown, HashSet::from(["users".to_owned(), "sqlite_master".to_owned()]));

    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    pc.meet(&rules, &mut hub, &file, None);
    assert!(
        pc.upload(&rules, &mut hub, &file, Deletes::Noted(&notes.deleted[&timesheets])).changes.is_empty()
    );
    file.remove("timesheets", 2);
    file.remove("timesheets", 3);
    let set = pc.upload(&rules, &mut hub, &file, Deletes::Noted(&notes.deleted[&timesheets]));
    assert_eq!(set.changes.len(), 1, "3 is noted, 2 is not");
}

#[test]
fn too_many_deletions_are_held() {
    let rules = rainstaff();
    let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    (4..54).for_each(|id| file.timesheet(id, 1, &format!("2025-11-{id}"), "Ankara"));
    pc.meet(&rules, &mut hub, &file, None);
    (4..25).for_each(|id| file.remove("timesheets", id));
    let set = pc.difference(&rules, &file, Deletes::Absent);
    let rows = |table| pc.shadow.get(&table).map_or(0, std::collections::BTreeMap::len);
    let held = held(&rules, &set.changes, rows);
    assert_eq!((held.len(), held[0].deletes, held[0].rows), (1, 21, 53));
}

#[test]
fn kinship_needs_rows_that_stand_for_themselves() {
    let rules = rainstaff();
    let results = &rules[rules.table("vehicle_inspection_results").unwrap()];
    let cells = vec![None, Some(text("lights")), Some(text("Olumlu")), Some(text(""))];
    let rows = [merge::LocalRow { id: LocalId::Int(1), cells: cells.clone() }];
    let other = HashMap::from([(LocalId::Int(1), shadow_of(1, Gid::new(1, 1), cells))]);
    assert!(!Kinship::of(results, &rows, &other).is_copy());
    assert!(!Kinship { equal: 1, different: 2 }.is_copy());
    assert!(Kinship { equal: 2, different: 0 }.and(Kinship { equal: 3, different: 4 }).is_copy());
}

#[test]
fn rows_out_of_order_or_of_another_shape_are_an_error() {
    let rules = rainstaff();
    let table = rules.table("employees").unwrap();
    let mut mint = Counter::new(1, 0);
    let mut diff = FileDiff::new(&rules, &mut mint);
    let named = |id, name| row(id, cells(&rules, table, &[("full_name", text(name))]));
    let twice = vec![named(2, "a"), named(2, "b")];
    assert!(diff.table(table, twice.clone(), [], Deletes::Never).is_err());
    let short = merge::LocalRow { id: LocalId::Int(1), cells: vec![None] };
    assert!(diff.table(table, [short.clone()], [], Deletes::Never).is_err());
    assert!(diff.meet(table, [short], &Acquaintance::default(), &Region::All).is_err());
}

#[test]
fn parents_go_in_before_children_and_circles_are_closed_later() {
    let rules = rainstaff();
    let order = insert_order(&rules);
    let at = |name: &str| order.tables.iter().position(|t| rules[*t].name == name).unwrap();
    assert!(at("vehicles") < at("vehicle_faults") && at("vehicle_faults") < at("vehicle_inspections"));
    assert!(
        at("vehicle_inspections") < at("vehicle_inspection_results") && at("employees") < at("timesheets")
    );
    assert!(order.second_update.is_empty());
    assert_eq!(order.tables.len(), 14);

    let circle = merge::read(file::CIRCLE).unwrap();
    let order = insert_order(&circle);
    let (team, person) = (circle.table("team").unwrap(), circle.table("person").unwrap());
    assert_eq!(order.tables, [team, person]);
    let leader = circle[team].column("leader").unwrap();
    let mentor = circle[person].column("mentor").unwrap();
    assert_eq!(order.second_update, [(team, leader), (person, mentor)]);

    let mut mint = Counter::new(1, 0);
    let mut diff = FileDiff::new(&circle, &mut mint);
    let teams = vec![row(1, cells(&circle, team, &[("leader", int(2)), ("name", text("Saha"))]))];
    let people = [(1, 2), (2, 9)].map(|(id, mentor)| {
        row(id, cells(&circle, person, &[("team", int(1)), ("mentor", int(mentor)), ("name", text("Kişi"))]))
    });
    diff.table(team, teams, [], Deletes::Never).unwrap();
    diff.table(person, people, [], Deletes::Never).unwrap();
    let set = diff.finish();
    let updates = set.changes.iter().filter(|c| matches!(c.action, Action::Update(_))).count();
    assert_eq!((set.changes.len(), updates, set.orphans.len()), (5, 2, 1));
}

#[test]
fn rules_that_cannot_work_are_refused_with_the_reason() {
    let whole = include_str!("../../../presets/rainstaff/tables.toml");
    let wrong = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        merge::read(&whole.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(wrong("kept = \"local\"", "kepd = \"local\"").starts_with("line "));
    assert_eq!(
        wrong("region = \"region\"", "region = \"bolge\""),
        "table `employees`: has no column `bolge`"
    );
    assert!(wrong("region = \"bolge\"\n", "").contains("needs `region`"));
    assert!(wrong("references = \"employees\"", "references = \"people\"").contains("`people` is no table"));
    assert!(wrong("references = \"employees\"", "references = \"reports\"").contains("not merged"));
    let telling = r#"telling = ["vehicle_id", "title"]"#;
    let named = [telling, r#"natural_key = ["title"]"#].join("\n");
    assert!(wrong(telling, &named).contains("within its region"));
    assert!(wrong("share = 0.20", "share = 20.0").contains("between 0 and 1"));
    assert!(wrong("name = \"reports\"", "name = \"settings\"").contains("stands twice"));
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
