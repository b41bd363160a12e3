//! Rules about tables, and the order that follows from them.

use merge::{Action, Deletes, FileDiff, insert_order};

use crate::{
    file::{CIRCLE, Counter, cells, int, row},
    hub::{rainstaff, text},
};

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

    let circle = merge::read(CIRCLE).unwrap();
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
    let whole = include_str!("../../../../presets/rainstaff/tables.toml");
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
    assert!(wrong("kept = \"local\"\ntold", "kept = \"device\"\ntold").contains("told by names"));
    assert!(wrong("name = \"reports\"", "name = \"settings\"").contains("stands twice"));
}
