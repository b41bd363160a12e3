//! What a file says beyond what its shadow says.

use merge::{Acquaintance, Action, Deletes, FileDiff, LocalId, OrphanRow, Region};

use crate::{
    file::{Counter, File, Pc, cells, int, office, row},
    hub::{Hub, rainstaff, text},
};

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
