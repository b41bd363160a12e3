//! `/openapi.json` says what the hub does: its paths and methods, and the fields of its messages.

use std::collections::BTreeSet;

use model::{Gid, Value};
use replica::wire::{
    Cell, Change, Code, Delete, End, Fate, Hello, Late, Met, MetTable, News, Page, Push, Pushed, Row,
    Standing, Trouble, Welcome,
};
use reqwest::{Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value as Json, json};

use crate::world::hub;

fn described() -> Json {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

#[tokio::test]
async fn the_paths_and_methods_are_those_of_the_hub() {
    let hub = hub().await;
    let served: Json = hub.get("/openapi.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(served, described());
    for (path, methods) in served["paths"].as_object().unwrap() {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer =
                hub.client.request(method.clone(), format!("{}{path}", hub.base)).send().await.unwrap();
            let there = ![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status());
            let told = methods.get(method.as_str().to_lowercase()).is_some();
            assert_eq!(there, told, "{method} {path}: {}", answer.status());
        }
    }
}

/// Whether a message with everything in it has the fields that are described, and one with as little as possible those
/// that are required: each can be read without the others, and not without any of them.
fn check<T: Serialize + DeserializeOwned>(name: &str, full: &T) {
    let schema = &described()["components"]["schemas"][name];
    let names = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let said = serde_json::to_value(full).unwrap();
    assert_eq!(names(&said), names(&schema["properties"]), "{name}");
    let required: BTreeSet<String> = serde_json::from_value(schema["required"].clone()).unwrap();
    for field in names(&said) {
        let mut less = said.clone();
        less.as_object_mut().unwrap().remove(&field);
        let read = serde_json::from_value::<T>(less).is_ok();
        assert!(read || required.contains(&field), "{name}.{field} cannot be left out");
    }
}

#[test]
fn the_fields_are_those_of_the_messages() {
    let gid = Gid::new(7, 1).uuid();
    let cells = || Some([("a".to_owned(), Cell(Value::Int(1)))].into());
    let (version, region) = ("1".to_owned(), "Ankara".to_owned());
    let row = Row { table: "t".into(), gid, rev: 1, cells: cells(), became: Some(gid) };
    let fate = Fate { end: End::Refused, rev: 1, gid: Some(gid), reason: Some("region".into()) };
    let delete = Delete { with: Some(gid) };
    let change = Change {
        table: "t".into(),
        gid,
        base: 1,
        at: (1, 1),
        insert: cells(),
        again: cells(),
        update: cells(),
        delete: Some(delete),
    };
    let table =
        MetTable { table: "t".into(), ids: vec![Cell(Value::Int(1))], gids: vec![gid], revs: vec![1] };
    let (seen, mark) = (Some(1), Some("m".into()));
    let settings = Some([("weekday_hours".to_owned(), "8".to_owned())].into());
    check("Hello", &Hello { version: version.clone(), clock_ms: 1, waiting: 1, seen, mark, settings });
    check(
        "Welcome",
        &Welcome {
            version,
            hub: "h".into(),
            site: 1,
            name: "n".into(),
            region,
            rev: 1,
            number: 1,
            seen: 1,
            clock_ms: 1,
            held: 1,
            conflicts: 1,
        },
    );
    check("MetTable", &table);
    check(
        "Met",
        &Met { hub: "h".into(), site: 1, held: true, tables: vec![table], conflicts: 1, refused: 1 },
    );
    check("Delete", &delete);
    check("Change", &change);
    let late = Late { gid: delete.with.unwrap(), rev: 1 };
    check("Late", &late);
    let (rows, more) = ([("t".to_owned(), 1)].into(), [("t".to_owned(), 1)].into());
    let changes = vec![change];
    check(
        "Push",
        &Push {
            number: 1,
            instead: Some(1),
            seen: 1,
            late: vec![late],
            mark: Some("m".into()),
            unsure: true,
            clock_ms: 1,
            rows,
            more,
            changes,
        },
    );
    check("Fate", &fate);
    check("Row", &row);
    let rows = vec![row.clone()];
    let (fates, held) = (vec![fate], true);
    check(
        "Pushed",
        &Pushed {
            number: 1,
            held,
            fates,
            rows,
            from: 1,
            to: 1,
            mark: Some("m".into()),
            conflicts: 1,
            clock_ms: 1,
        },
    );
    check(
        "Page",
        &Page { after: 1, next: 1, mark: Some("m".into()), more: true, rows: vec![row], clock_ms: 1 },
    );
    check("News", &News { rev: 1 });
    check("Trouble", &Trouble { code: Code::Older, error: "e".into(), number: 1, seen: 1 });
    let words = |name: &str| described()["components"]["schemas"][name]["enum"].as_array().unwrap().clone();
    for end in words("End") {
        let read: End = serde_json::from_value(end.clone()).unwrap();
        assert_eq!(json!(read), end);
    }
    for code in words("Code") {
        let read: Code = serde_json::from_value(code.clone()).unwrap();
        assert_eq!(json!(read), code, "another word would be read as `other`");
    }
}

#[test]
fn how_a_site_stands_is_as_described() {
    check(
        "Standing",
        &Standing {
            version: "1".into(),
            hub: "h".into(),
            site: 1,
            name: "n".into(),
            region: "Ankara".into(),
            rev: 1,
            number: 1,
            seen: 1,
            held: 1,
            held_since_ms: Some(1),
            conflicts: 1,
            last_contact_ms: Some(1),
            clock_ahead_ms: Some(1),
            clock_ms: 1,
        },
    );
}

#[test]
fn cells_are_as_described() {
    let forms = described()["components"]["schemas"]["Cell"]["oneOf"].clone();
    let objects: BTreeSet<String> = forms
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|form| form["properties"].as_object()?.keys().next().cloned())
        .collect();
    let values = [Value::Bytes(vec![1]), Value::Real(f64::NAN), Gid::new(7, 1).into()];
    let said = values.map(|value| {
        let json = serde_json::to_value(Cell(value)).unwrap();
        json.as_object().unwrap().keys().next().unwrap().clone()
    });
    assert_eq!(objects, said.into());
}
