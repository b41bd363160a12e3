//! No token takes more of the hub than its share, whatever its batches are like.

use std::{collections::BTreeMap, time::Duration};

use hub::Limits;
use replica::wire::{Code, Push, Trouble};
use reqwest::{Response, StatusCode, header};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    raw::Raw,
    world::{PATIENCE, SHARED_KEY, START_MS, World, hub, hub_with, office_file},
};

fn batch(number: u64) -> Push {
    Push { number, clock_ms: START_MS, ..Push::default() }
}

async fn push(hub: &World, token: &str, push: &Push) -> Response {
    hub.post("/v1/push").bearer_auth(token).json(push).send().await.unwrap()
}

/// A batch of which the end does not come.
async fn endless(hub: &World, path: &str, token: &str) -> Raw {
    let mut raw = Raw::to(hub).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{"
    );
    assert!(raw.send(head).await);
    raw
}

/// What is no batch is answered so as soon as the site may send one.
async fn until(hub: &World, token: &str, expected: StatusCode) {
    let asked = async {
        loop {
            let answer = hub.post("/v1/push").bearer_auth(token).json(&json!({})).send().await.unwrap();
            if answer.status() == expected {
                return;
            }
        }
    };
    timeout(PATIENCE, asked).await.expect("it is never answered so");
}

#[tokio::test]
async fn bodies_that_do_not_end_hold_up_only_their_own_site() {
    let few = Limits { uploads_max: 2, uploads_waiting_max: 0, ..Limits::default() };
    let hub = hub_with(|settings| settings.limits = few).await;
    let (slow, other) = (hub.token("Ankara 1", "Ankara").await, hub.token("Bursa 1", "Bursa").await);
    let bodies = [endless(&hub, "/v1/push", &slow).await, endless(&hub, "/v1/meet", &slow).await];
    until(&hub, &slow, StatusCode::SERVICE_UNAVAILABLE).await;
    let meet = hub.post("/v1/meet").bearer_auth(&slow).body(office_file("Ankara", 1)).send().await.unwrap();
    assert_eq!(meet.status(), StatusCode::SERVICE_UNAVAILABLE, "two under way are two, batches or files");
    assert_eq!(push(&hub, &other, &batch(1)).await.status(), StatusCode::OK);
    let first = [endless(&hub, "/v1/meet", &other).await];
    let upload = hub.upload(SHARED_KEY, "Ankara", office_file("Ankara", 1)).send().await.unwrap();
    assert_eq!(upload.status(), StatusCode::OK);
    drop((bodies, first));
    until(&hub, &slow, StatusCode::UNPROCESSABLE_ENTITY).await;
}

#[tokio::test]
async fn files_that_do_not_end_hold_up_nobody() {
    let hub = hub_with(|settings| {
        let turn_wait = Duration::ZERO;
        settings.limits = Limits { uploads_max: 1, uploads_waiting_max: 5, turn_wait, ..Limits::default() };
    })
    .await;
    let (slow, other) = (hub.token("Ankara 1", "Ankara").await, hub.token("Bursa 1", "Bursa").await);
    let form = "--x\r\nContent-Disposition: form-data; name=\"db\"; filename=\"puantaj.db\"\r\n\r\nSQLite";
    let mut bodies = Vec::new();
    for (path, kind, begin) in [
        ("/sync", "multipart/form-data; boundary=x", form),
        ("/v1/meet", "application/octet-stream", "SQLite"),
    ] {
        let mut raw = Raw::to(&hub).await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: hub\r\nX-API-KEY: {slow}\r\nContent-Type: {kind}\r\n\
             Content-Length: 100000\r\n\r\n{begin}"
        );
        assert!(raw.send(head).await);
        bodies.push(raw);
        let begun = async {
            while hub.incoming().len() < bodies.len() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, begun).await.expect("it has begun");
        let meet =
            hub.post("/v1/meet").bearer_auth(&other).body(office_file("Bursa", 2)).send().await.unwrap();
        assert_eq!(meet.status(), StatusCode::OK, "while {path} does not end");
        let upload = hub.upload(SHARED_KEY, "Ankara", office_file("Ankara", 1)).send().await.unwrap();
        assert_eq!(upload.status(), StatusCode::OK, "while {path} does not end");
    }
    let third = hub.upload(&slow, "Ankara", office_file("Ankara", 1)).send().await.unwrap();
    assert_eq!(
        third.status(),
        StatusCode::SERVICE_UNAVAILABLE,
        "two under way are two, the old way or the new"
    );
    drop(bodies);
    until(&hub, &slow, StatusCode::UNPROCESSABLE_ENTITY).await;
}

/// The writer is kept busy from outside: what has its turn keeps it.
#[tokio::test]
async fn a_file_whose_turn_does_not_come_in_time_is_told_to_come_again() {
    let hub = hub_with(|settings| {
        let turn_wait = Duration::ZERO;
        settings.limits = Limits { uploads_max: 1, uploads_waiting_max: 5, turn_wait, ..Limits::default() };
    })
    .await;
    let (one, two) = (hub.token("Ankara 1", "Ankara").await, hub.token("Bursa 1", "Bursa").await);
    let mut other = database::open(&hub.address).await.unwrap();
    other.begin(database::Begin::Own).await.unwrap();
    other.lock("denk hub", PATIENCE).await.unwrap();
    let both = async {
        let first = std::pin::pin!(hub.upload(&one, "Ankara", office_file("Ankara", 1)).send());
        let second = std::pin::pin!(hub.upload(&two, "Bursa", office_file("Bursa", 2)).send());
        let (answer, waiting) = futures_util::future::select(first, second).await.factor_first();
        assert_eq!(answer.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
        other.rollback().await.unwrap();
        assert_eq!(waiting.await.unwrap().status(), StatusCode::OK);
    };
    timeout(PATIENCE, both).await.expect("one of them is answered");
}

/// The writer is kept busy from outside: what was let in stays where it is.
#[tokio::test]
async fn batches_wait_until_there_is_room_for_them() {
    let hub = hub_with(|settings| {
        let turn_wait = Duration::from_millis(300);
        settings.limits = Limits { merging_bytes_max: 4 << 20, turn_wait, ..Limits::default() };
    })
    .await;
    let (one, two) = (hub.token("Ankara 1", "Ankara").await, hub.token("Bursa 1", "Bursa").await);
    // Small on the wire, and three quarters of the room when it is read.
    let rows: BTreeMap<String, u64> = (0..200).map(|at| (format!("{at:04000}"), 1)).collect();
    let large = Push { rows, ..batch(1) };
    let packed = || replica::wire::pack(&large);
    assert!(packed().len() < 64 << 10);
    let send = async |token: &str| {
        let request =
            hub.post("/v1/push").bearer_auth(token).header(header::CONTENT_TYPE, "application/cbor");
        let request = request.header(header::CONTENT_ENCODING, "zstd").header(header::ACCEPT_LANGUAGE, "en");
        request.body(packed()).send().await.unwrap()
    };
    let mut other = database::open(&hub.address).await.unwrap();
    other.begin(database::Begin::Own).await.unwrap();
    other.lock("denk hub", PATIENCE).await.unwrap();
    let both = async {
        let (first, second) = (std::pin::pin!(send(&one)), std::pin::pin!(send(&two)));
        let (answer, waiting) = futures_util::future::select(first, second).await.factor_first();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "there is no room for two");
        let told: Trouble = answer.json().await.unwrap();
        assert_eq!((told.code, told.error.as_str()), (Code::Busy, "The hub is busy; try again later"));
        other.rollback().await.unwrap();
        assert_eq!(waiting.await.status(), StatusCode::OK);
    };
    timeout(PATIENCE, both).await.expect("one of them is answered");
}

#[tokio::test]
async fn a_batch_that_says_too_much_is_refused_before_it_waits() {
    let hub = hub().await;
    let token = hub.token("Ankara 1", "Ankara").await;
    let many: BTreeMap<String, u64> = (0..257).map(|at| (at.to_string(), 1)).collect();
    let mut other = database::open(&hub.address).await.unwrap();
    other.begin(database::Begin::Own).await.unwrap();
    other.lock("denk hub", PATIENCE).await.unwrap();
    let said = [Push { rows: many.clone(), ..batch(1) }, Push { more: many, ..batch(1) }];
    for said in said {
        let answer = timeout(PATIENCE, push(&hub, &token, &said)).await.expect("the writer is not asked");
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        let told: Trouble = answer.json().await.unwrap();
        assert!(told.error.contains("256 tables"), "{}", told.error);
    }
    other.rollback().await.unwrap();
    assert_eq!(push(&hub, &token, &batch(1)).await.status(), StatusCode::OK, "the number is still free");
    let grown = zstd::encode_all(vec![0_u8; 1 << 20].as_slice(), 19).unwrap();
    let hello = hub.post("/v1/hello").bearer_auth(&token).header(header::CONTENT_TYPE, "application/cbor");
    let hello = hello.header(header::CONTENT_ENCODING, "zstd").body(grown).send().await.unwrap();
    assert_eq!(hello.status(), StatusCode::PAYLOAD_TOO_LARGE, "a greeting is short, unpacked too");
}

/// The writer is kept busy from outside: what it is asked stays.
#[tokio::test]
async fn whoever_asks_too_much_at_once_waits_for_himself_only() {
    let hub = hub().await;
    let (many, other) = (hub.token("Ankara 1", "Ankara").await, hub.token("Bursa 1", "Bursa").await);
    let mut writer = database::open(&hub.address).await.unwrap();
    writer.begin(database::Begin::Own).await.unwrap();
    writer.lock("denk hub", PATIENCE).await.unwrap();
    let hello = json!({ "version": "1", "clock_ms": START_MS });
    let begin = |request: reqwest::RequestBuilder| tokio::spawn(request.bearer_auth(&many).send());
    let small = (0..4).map(|_| begin(hub.post("/v1/hello").json(&hello)));
    let large = (0..2).map(|_| begin(hub.get("/v1/snapshot")));
    let waiting: Vec<_> = small.chain(large).collect();
    let asked = async |path: &str, token: &str| {
        hub.get(path).header("X-API-KEY", token).header(header::ACCEPT_LANGUAGE, "en").send().await.unwrap()
    };
    let full = async {
        for path in ["/v1/status", "/v1/conflicts", "/v1/pull", "/status"] {
            while asked(path, &many).await.status() != StatusCode::SERVICE_UNAVAILABLE {}
        }
        let told: Trouble = asked("/v1/status", &many).await.json().await.unwrap();
        assert_eq!((told.code, told.error.as_str()), (Code::Busy, "The hub is busy; try again later"));
        for path in ["/v1/snapshot", "/sync/download"] {
            assert_eq!(asked(path, &many).await.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        }
        for path in ["/v1/status", "/v1/conflicts", "/v1/pull"] {
            assert_eq!(asked(path, &other).await.status(), StatusCode::OK, "{path}");
        }
    };
    timeout(PATIENCE, full).await.expect("there is never too much");
    writer.rollback().await.unwrap();
    for answer in waiting {
        assert_eq!(answer.await.unwrap().unwrap().status(), StatusCode::OK);
    }
    for path in ["/v1/status", "/v1/pull", "/v1/snapshot"] {
        assert_eq!(asked(path, &many).await.status(), StatusCode::OK, "{path}: its places are free again");
    }
}
