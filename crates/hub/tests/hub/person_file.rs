//! The file of all that is kept of a person: every change, of them and of what hangs on them.

use model::{Gid, Value};
use replica::wire::{Cell, Change, Delete, Push};
use store::Role;

use crate::{
    pages::{get, read, somebody},
    world::{START_MS, hub},
};

fn change(table: &str, number: u128) -> Change {
    Change {
        table: table.to_owned(),
        gid: Gid::new(7, number).uuid(),
        base: 0,
        at: (START_MS, 0),
        insert: None,
        update: None,
        delete: None,
        again: None,
    }
}

/// Cells of a change.
fn saying<const N: usize>(cells: [(&str, Value); N]) -> Option<std::collections::BTreeMap<String, Cell>> {
    Some(cells.map(|(column, value)| (column.to_owned(), Cell(value))).into())
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

/// A timesheet of one of the people.
fn sheet(number: u128, of: u128) -> Change {
    let insert = saying([
        ("employee_id", Gid::new(7, of).into()),
        ("work_date", text("2026-01-15")),
        ("start_time", text("08:00")),
        ("end_time", text("17:00")),
        ("notes", text(format!("ilknot{number}."))),
        ("region", text("Ankara")),
    ]);
    Change { insert, ..change("timesheets", number) }
}

#[tokio::test]
async fn every_change_of_a_person_and_of_what_hangs_on_them_is_in_the_file() {
    const TITLES: i64 = 70;
    let world = hub().await;
    let token = world.token("Ankara 1", "Ankara").await;
    let device = world.store.device_of_token(&token).await.unwrap().unwrap();
    let mut number = 0;
    let mut push = async |changes: Vec<Change>| {
        number += 1;
        let seen = world.store.status().await.unwrap().rev;
        let rows = [("employees".to_owned(), 1000), ("timesheets".to_owned(), 1000)].into();
        let changes =
            changes.into_iter().map(|change| Change { base: seen, at: (START_MS + seen, 0), ..change });
        let push =
            Push { number, seen, clock_ms: START_MS, rows, changes: changes.collect(), ..Push::default() };
        world.store.push(&device, push).await.unwrap();
    };
    let person = |number, name: &str| Change {
        insert: saying([("full_name", text(name)), ("region", text("Ankara"))]),
        ..change("employees", number)
    };
    let people = vec![person(1, "Deniz Deneme"), person(2, "Başka Biri")];
    push(people.into_iter().chain([sheet(11, 1), sheet(12, 1), sheet(13, 2)]).collect()).await;
    for at in 0..TITLES {
        let update = saying([("title", text(format!("unvan{at}.")))]);
        push(vec![Change { update, ..change("employees", 1) }]).await;
    }
    let noted = |number, note: &str| Change {
        update: saying([("notes", text(note))]),
        ..change("timesheets", number)
    };
    push(vec![noted(11, "sonnot11."), noted(13, "sonnot13.")]).await;
    push(vec![Change { delete: Some(Delete::default()), ..change("timesheets", 12) }]).await;

    let manager = somebody(&world, Role::Manager, "*").await;
    let path = format!("/employees/{}/data", Gid::new(7, 1));
    let file = read(get(&world, &path, &manager).await).await;
    let missing: Vec<_> = (0..TITLES).filter(|at| !file.contains(&format!("unvan{at}."))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for note in ["ilknot11.", "sonnot11.", "ilknot12."] {
        assert!(file.contains(note), "{note}: {file}");
    }
    assert!(!file.contains("not13.") && !file.contains("Başka Biri"), "of nobody else: {file}");
}
