//! Whether an id still holds the same thing.

use merge::{Deletes, Sameness, sameness};
use model::{Gid, Value};

use crate::{
    file::{Pc, cells, int, office},
    hub::{Hub, rainstaff, text},
};

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
