//! What people and scripts are told: the page's first line, exit codes, files that are none, enrolment lines.

use super::{Office, Staying, door::Door, hub::Hub, until};

fn ankara(hub: &Hub) -> Office {
    Office::new(hub, "a1", "Ankara", hub.file("a1.db", "Ankara", 1))
}

#[test]
fn the_first_line_says_that_changes_wait_for_approval() {
    let hub = Hub::start();
    let office = ankara(&hub);
    let staying = Staying::start(&hub, &office);
    let door = Door::of(&staying);
    until("the first exchange", || door.page().contains("Senkron OK (Ankara)<"));
    office.write("delete from timesheets");
    let held = "Senkron OK (Ankara) - onay bekleyen değişiklikler var<";
    until("the batch is held", || door.page().contains(held));
    let id = hub.denk(&["held", "list"]).1["items"][0]["id"].to_string();
    let (code, said) = hub.denk(&["held", "approve", &id]);
    assert_eq!(code, 0, "{said:#}");
    door.sync();
    assert!(door.page().contains("Senkron OK (Ankara)<"), "{}", door.page());
}

#[test]
fn a_first_file_that_waits_for_approval_is_in_the_first_line_too() {
    let hub = Hub::start();
    // Its people are of another region than its token.
    let office = Office::new(&hub, "a1", "Ankara", hub.file("a1.db", "Bursa", 1));
    let staying = Staying::start(&hub, &office);
    let door = Door::of(&staying);
    until("the file is held", || door.page().contains("Senkron OK (Ankara) - onay bekleyen"));
}
