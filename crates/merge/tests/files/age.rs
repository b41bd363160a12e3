//! Files of which nobody knows how old they are.

use merge::{Deletes, Verdict};

use crate::{
    file::{Pc, office},
    hub::{Hub, rainstaff, text},
};

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
    assert_eq!(ends, [Some(text("Usta 1")), Some(text("Usta 1"))], "that of the site that was known first");
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
fn a_new_row_of_unknown_age_does_not_bring_back_the_deleted_row_that_it_needs_but_comes_back_with_it() {
    let rules = rainstaff();
    let (mut hub, mut first) = (Hub::default(), Pc::new(1, "Ankara"));
    let mut file = office("Ankara", "A");
    first.meet(&rules, &mut hub, &file, None);
    let (relative, mut third) = (first.clone(), Pc::new(3, "Ankara"));
    third.meet(&rules, &mut hub, &file, Some(&relative));
    let (mut old, mut unaware) = (file.clone(), file.clone());
    let person = first.gid(&rules, "employees", 1);
    file.remove("employees", 1);
    for sheet in [1, 2] {
        file.remove("timesheets", sheet);
    }
    first.upload(&rules, &mut hub, &file, Deletes::Absent);
    old.timesheet(9, 1, "2026-01-09", "Ankara");
    let (_, outcomes) = Pc::new(2, "Ankara").meet_told(&rules, &mut hub, &old, Some(&relative));
    assert!(outcomes.iter().any(|outcome| matches!(outcome.verdict, Verdict::Fallen(_))));
    let sheets = |hub: &Hub| {
        let of_person = |row: &&merge::Stored| row.cells.contains(&Some(person.into()));
        let sheets = hub.rows.values().filter(of_person);
        sheets.fold((0, 0), |(all, living), row| (all + 1, living + usize::from(row.lives())))
    };
    assert!(!hub.rows[&person].lives());
    assert_eq!(sheets(&hub), (3, 0), "the new one is kept with the others");
    unaware.set("employees", 1, "title", text("Usta"));
    third.upload(&rules, &mut hub, &unaware, Deletes::Absent);
    assert!(hub.rows[&person].lives());
    assert_eq!(sheets(&hub), (3, 3));
}
