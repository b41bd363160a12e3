//! Files that are met for the first time.

use std::collections::HashMap;

use merge::{Action, Deletes, Kinship, LocalId};
use model::Gid;

use crate::{
    file::{File, Pc, int, office, shadow_of},
    hub::{Hub, rainstaff, text},
};

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
fn a_row_of_a_copy_that_was_edited_is_known_by_its_number_or_by_all_that_tells_together() {
    let rules = rainstaff();
    let mut hub = Hub::default();
    let mut file = office("Ankara", "A");
    file.set("employees", 1, "identity_no", text("10203"));
    let fault = [("vehicle_id", int(1)), ("title", text("Klima")), ("status", text("Acik"))];
    file.put("vehicle_faults", 1, &fault);
    let mut first = Pc::new(1, "Ankara");
    first.meet(&rules, &mut hub, &file, None);
    let before = hub.data().len();
    let mut copy = file.clone();
    copy.set("employees", 1, "full_name", text("Deniz Oğuz"));
    copy.set("employees", 1, "title", text("Usta"));
    copy.set("vehicle_faults", 1, "status", text("Kapandi"));
    let set = Pc::new(2, "Ankara").meet(&rules, &mut hub, &copy, Some(&first));
    assert_eq!((hub.data().len(), set.doubts.len()), (before, 0));

    let rule = &rules[rules.table("employees").unwrap()];
    let person = |name: &str, number: &str| vec![Some(text(name)), Some(text(number)), None, None, None];
    let rows = [merge::LocalRow { id: LocalId::Int(1), cells: person("Deniz Oğuz", "10203") }];
    let other = |number| {
        HashMap::from([(LocalId::Int(1), shadow_of(1, Gid::new(1, 1), person("Ayşe Demir", number)))])
    };
    let different = |number| Kinship::of(rule, &rows, &other(number)).different;
    assert_eq!((different("10203"), different("99887")), (0, 1));
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
