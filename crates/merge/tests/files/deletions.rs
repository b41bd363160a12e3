//! What counts as a deletion, and when there are too many.

use std::collections::{HashMap, HashSet};

use merge::{Action, Deletes, LocalId, evidence, held};
use model::Value;

use crate::{
    file::{Pc, int, office},
    hub::{Hub, rainstaff, text},
};

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
fn what_needs_a_row_that_was_noted_as_deleted_went_with_it() {
    let rules = rainstaff();
    let employees = rules.table("employees").unwrap();
    let noted = HashSet::from([LocalId::Int(1)]);
    for left in [false, true] {
        let (mut hub, mut pc) = (Hub::default(), Pc::new(1, "Ankara"));
        let mut file = office("Ankara", "A");
        pc.meet(&rules, &mut hub, &file, None);
        let person = pc.gid(&rules, "employees", 1);
        file.remove("employees", 1);
        if !left {
            file.remove("timesheets", 1);
            file.remove("timesheets", 2);
        }
        let nothing = HashSet::new();
        let evidence =
            |table| if table == employees { Deletes::Noted(&noted) } else { Deletes::Noted(&nothing) };
        let set = pc.difference_by(&rules, &file, evidence);
        let with: Vec<_> = set.changes.iter().map(|change| change.action.clone()).collect();
        let gone = Action::Delete { with: Some(person) };
        assert_eq!(with, [Action::Delete { with: None }, gone.clone(), gone], "left without it: {left}");
        file.remove("timesheets", 3);
        assert_eq!(
            pc.difference_by(&rules, &file, evidence).changes.len(),
            3,
            "3 is somebody else's and not noted"
        );
    }
}
