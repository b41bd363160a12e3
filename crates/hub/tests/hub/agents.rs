//! What agents ask, over HTTP: both forms of messages, limits, tokens, and the stream of news.

use std::time::Duration;

use futures_util::StreamExt;
use model::{Gid, Value};
use replica::wire::{
    BYTES_MAX, Cell, Change, Code, Conflict, End, Hello, Met, News, Page, Push, Pushed, Standing, Trouble,
    Welcome, pack, unpack,
};
use reqwest::{RequestBuilder, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value as Json, json};
use store::Decision;
use tokio::time::timeout;

use crate::world::{PATIENCE, START_MS, World, hub, hub_with, number, office_file};

/// As denk's own agent asks.
fn packed(request: RequestBuilder, token: &str, message: &impl Serialize) -> RequestBuilder {
    request
        .bearer_auth(token)
        .header(header::CONTENT_TYPE, "application/cbor")
        .header(header::CONTENT_ENCODING, "zstd")
        .header(header::ACCEPT, "application/cbor")
        .body(pack(message))
}

async fn read<T: DeserializeOwned>(response: Response) -> T {
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/cbor");
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "zstd");
    unpack(&response.bytes().await.unwrap(), BYTES_MAX).unwrap()
}

async fn trouble(request: RequestBuilder) -> (StatusCode, Trouble) {
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

fn person(number: u128, name: &str, region: &str) -> Change {
    let cells = [("full_name", name), ("region", region)];
    let cells = cells.map(|(column, text)| (column.to_owned(), Cell(Value::Text(text.to_owned()))));
    Change {
        table: "employees".into(),
        gid: Gid::new(7, number).uuid(),
        base: 0,
        at: (START_MS, 0),
        insert: Some(cells.into()),
        update: None,
        delete: None,
        again: None,
    }
}

fn batch(number: u64, seen: i64, changes: Vec<Change>) -> Push {
    Push { number, seen, clock_ms: START_MS, changes, ..Push::default() }
}

async fn push(hub: &World, token: &str, push: &Push) -> Pushed {
    let answer = packed(hub.post("/v1/push"), token, push).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    read(answer).await
}

#[tokio::test]
async fn both_forms_say_the_same() {
    let hub = hub().await;
    let token = hub.token("Ankara 1", "Ankara").await;
    let hello = Hello { version: "1".into(), clock_ms: START_MS, waiting: 0, ..Hello::default() };
    let welcome: Welcome = read(packed(hub.post("/v1/hello"), &token, &hello).send().await.unwrap()).await;
    let plain = hub.post("/v1/hello").header("X-API-KEY", &token).json(&hello).send().await.unwrap();
    let plain: Welcome = plain.json().await.unwrap();
    assert_eq!(Welcome { clock_ms: 0, ..plain }, Welcome { clock_ms: 0, ..welcome.clone() });
    assert_eq!((welcome.name.as_str(), welcome.region.as_str(), welcome.number), ("Ankara 1", "Ankara", 0));

    let first = batch(1, 0, vec![person(1, "Ayşe Deneme", "Ankara")]);
    let pushed = push(&hub, &token, &first).await;
    assert_eq!(pushed.fates[0].end, End::Taken);
    // Asked again in the other form it is the same batch.
    let again: Json =
        hub.post("/v1/push").bearer_auth(&token).json(&first).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (again["number"].clone(), again["fates"].clone()),
        (json!(1), json!([{ "end": "taken", "rev": 1 }]))
    );

    let pull = || hub.get("/v1/pull?after=0&limit=10").bearer_auth(&token);
    let page: Page = read(pull().header(header::ACCEPT, "application/cbor").send().await.unwrap()).await;
    let plain: Page = pull().send().await.unwrap().json().await.unwrap();
    assert_eq!(plain.rows, page.rows);
    assert_eq!((page.rows.len(), page.next, page.more), (1, 1, false));
    let since = |mark: &str| hub.get(&format!("/v1/pull?after=1&mark={mark}")).bearer_auth(&token);
    assert_eq!(since(&page.mark.unwrap()).send().await.unwrap().status(), StatusCode::OK);
    let (status, told) = trouble(since("another")).await;
    assert_eq!((status, told.code, told.number), (StatusCode::CONFLICT, Code::Behind, 1));
}

#[tokio::test]
async fn whoever_shows_no_token_of_a_site_learns_nothing() {
    let hub = hub().await;
    let token = hub.token("Ankara 1", "Ankara").await;
    let wrong = format!("{}x", &token[..token.len() - 1]);
    for path in ["/v1/pull", "/v1/events", "/v1/snapshot", "/v1/conflicts", "/v1/status"] {
        let get = || hub.get(path);
        let asked = [
            get(),
            get().bearer_auth(&wrong),
            get().header("X-API-KEY", crate::world::SHARED_KEY),
            get().header("Authorization", format!("Basic {token}")),
            get().bearer_auth(&token).header("X-API-KEY", &token),
        ];
        for request in asked {
            let (status, told) = trouble(request).await;
            assert_eq!((status, told.code), (StatusCode::UNAUTHORIZED, Code::Token), "{path}");
        }
    }
    for path in ["/v1/push", "/v1/hello", "/v1/meet"] {
        let (status, told) = trouble(hub.post(path).bearer_auth(&wrong).body("{}")).await;
        assert_eq!((status, told.code), (StatusCode::UNAUTHORIZED, Code::Token), "{path}");
    }
}

#[tokio::test]
async fn what_is_no_message_is_refused_with_a_sentence() {
    let hub = hub().await;
    let token = hub.token("Ankara 1", "Ankara").await;
    let json = "application/json";
    let cbor = "application/cbor";
    let fine = serde_json::to_vec(&batch(1, 0, Vec::new())).unwrap();
    let large = zstd::encode_all(vec![0_u8; BYTES_MAX + 1].as_slice(), 1).unwrap();
    let asked: [(&str, Option<&str>, Vec<u8>, Code); 8] = [
        (json, None, b"{".to_vec(), Code::Message),
        (json, None, b"{\"number\": 1}".to_vec(), Code::Message),
        ("text/plain", None, fine.clone(), Code::Message),
        (json, Some("gzip"), fine, Code::Message),
        (cbor, None, pack(&batch(1, 0, Vec::new())), Code::Message),
        (cbor, Some("zstd"), b"nothing".to_vec(), Code::Message),
        (cbor, Some("zstd"), large, Code::TooLarge),
        (json, None, vec![b' '; 9 << 20], Code::TooLarge),
    ];
    for (kind, encoding, body, code) in asked {
        let request = hub.post("/v1/push").bearer_auth(&token).header(header::CONTENT_TYPE, kind);
        let request =
            encoding.into_iter().fold(request, |request, said| request.header("Content-Encoding", said));
        let (status, told) = trouble(request.body(body)).await;
        let expected = if code == Code::Message {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::PAYLOAD_TOO_LARGE
        };
        assert_eq!((status, told.code), (expected, code), "{kind} {encoding:?}: {}", told.error);
        assert!(!told.error.is_empty());
    }
    let (status, told) = trouble(hub.get("/v1/pull?after=x").bearer_auth(&token)).await;
    assert_eq!((status, told.code), (StatusCode::UNPROCESSABLE_ENTITY, Code::Message));
    // In the form and the language that was asked for.
    let older = batch(5, 0, Vec::new());
    let asked = packed(hub.post("/v1/push"), &token, &older).header(header::ACCEPT_LANGUAGE, "tr");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let told: Trouble = read(answer).await;
    assert_eq!((told.code, told.number), (Code::Behind, 0));
    assert!(told.error.contains("yedekten"), "{}", told.error);
}

#[tokio::test]
async fn a_file_is_met_packed_or_as_it_is_and_handed_out_whole() {
    let hub = hub_with(|settings| settings.limits.upload_bytes_max = 4 << 20).await;
    let token = hub.token("Ankara 1", "Ankara").await;
    let file = office_file("Ankara", 1);
    let people = number(&file, "select count(*) from employees");
    let sent = [(None, file.clone()), (Some("zstd"), zstd::encode_all(file.as_slice(), 3).unwrap())];
    for (encoding, body) in sent {
        let request = hub.post("/v1/meet").bearer_auth(&token);
        let request =
            encoding.into_iter().fold(request, |request, said| request.header("Content-Encoding", said));
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let met: Met = answer.json().await.unwrap();
        let table = met.tables.iter().find(|table| table.table == "employees").unwrap();
        assert_eq!(i64::try_from(table.gids.len()).unwrap(), people);
    }
    let handed = hub.get("/v1/snapshot").bearer_auth(&token).send().await.unwrap();
    assert_eq!(handed.status(), StatusCode::OK);
    assert_eq!(number(&handed.bytes().await.unwrap(), "select count(*) from employees"), people);
    let conflicts: Json =
        hub.get("/v1/conflicts").bearer_auth(&token).send().await.unwrap().json().await.unwrap();
    assert_eq!(conflicts, json!([]));

    let meet = |body: Vec<u8>| {
        hub.post("/v1/meet").bearer_auth(&token).header("Content-Encoding", "zstd").body(body)
    };
    let (status, told) = trouble(meet(b"nothing".to_vec())).await;
    assert_eq!((status, told.code), (StatusCode::UNPROCESSABLE_ENTITY, Code::Message));
    let (status, told) = trouble(meet(zstd::encode_all(b"no database".as_slice(), 1).unwrap())).await;
    assert_eq!((status, told.code), (StatusCode::UNPROCESSABLE_ENTITY, Code::Message));
    let grown = zstd::encode_all(vec![0_u8; 5 << 20].as_slice(), 19).unwrap();
    assert!(grown.len() < 4096);
    let (status, told) = trouble(meet(grown)).await;
    assert_eq!((status, told.code), (StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge));
    hub.nothing_incoming().await;
}

/// An open stream of news.
struct Stream(futures_util::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>);

impl Stream {
    async fn open(hub: &World, token: &str) -> Self {
        let answer = hub.get("/v1/events").bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self(answer.bytes_stream().boxed())
    }

    /// The next rev; `None` when the stream has ended.
    async fn next(&mut self) -> Option<i64> {
        loop {
            let bytes = timeout(PATIENCE, self.0.next()).await.expect("no news")?.expect("broken off");
            if let Some(data) = std::str::from_utf8(&bytes).unwrap().trim().strip_prefix("data:") {
                return Some(serde_json::from_str::<News>(data).unwrap().rev);
            }
        }
    }
}

#[tokio::test]
async fn a_site_hears_of_what_it_may_see_and_of_nothing_else() {
    let hub = hub().await;
    let [ankara, bursa, center] = [
        hub.token("Ankara 1", "Ankara").await,
        hub.token("Bursa 1", "Bursa").await,
        hub.token("Merkez", "*").await,
    ];
    let mut streams = Vec::new();
    for token in [&ankara, &bursa, &center] {
        let mut stream = Stream::open(&hub, token).await;
        assert_eq!(stream.next().await, Some(0), "first where it stands");
        streams.push(stream);
    }
    let rev = push(&hub, &ankara, &batch(1, 0, vec![person(1, "Ayşe Deneme", "Ankara")])).await.to;
    assert_eq!((streams[0].next().await, streams[2].next().await), (Some(rev), Some(rev)));
    // What all share comes to Bursa first: of Ankara's people it never heard.
    let cells = [("name", "Gece"), ("start_time", "22:00"), ("end_time", "06:00")];
    let cells = cells.map(|(column, text)| (column.to_owned(), Cell(Value::Text(text.to_owned()))));
    let shift = Change { table: "shift_templates".into(), insert: Some(cells.into()), ..person(2, "", "") };
    let shared = push(&hub, &ankara, &batch(2, rev, vec![shift])).await.to;
    assert_eq!(streams[1].next().await, Some(shared));
    // A row that changes hands is news for both.
    let moved = [("region".to_owned(), Cell(Value::Text("Bursa".to_owned())))];
    let moved = Change { update: Some(moved.into()), insert: None, base: rev, ..person(1, "", "") };
    push(&hub, &center, &batch(1, shared, vec![moved])).await;
    assert_eq!(streams[0].next().await, Some(shared));
    assert_eq!(streams[0].next().await, streams[1].next().await);
}

#[tokio::test]
async fn a_revoked_token_ends_its_stream_also_when_another_process_revoked_it() {
    let hub = hub().await;
    let token = hub.token("Ankara 1", "Ankara").await;
    let mut stream = Stream::open(&hub, &token).await;
    assert_eq!(stream.next().await, Some(0));
    // Nothing in this process hears of it.
    hub.run_sql("update denk_sites set revoked = 1 where name = 'Ankara 1'");
    let ended = timeout(Duration::from_secs(20), stream.next()).await;
    assert_eq!(ended, Ok(None));
    let (status, _) = trouble(hub.get("/v1/pull").bearer_auth(&token)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn streams_end_with_the_hub_and_a_site_has_only_so_many() {
    let mut hub = hub().await;
    let token = hub.token("Ankara 1", "Ankara").await;
    let other = hub.token("Ankara 2", "Ankara").await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(Stream::open(&hub, &token).await);
    }
    let (status, told) = trouble(hub.get("/v1/events").bearer_auth(&token)).await;
    assert_eq!((status, told.code), (StatusCode::SERVICE_UNAVAILABLE, Code::Busy));
    streams.push(Stream::open(&hub, &other).await);
    hub.disconnect().await;
    for mut stream in streams {
        while stream.next().await.is_some() {}
    }
}

#[tokio::test]
async fn a_thousand_sites_listen() {
    let hub = hub().await;
    let mut streams = Vec::new();
    // How many can listen does not depend on the database, and there sites are made slowly.
    for at in 0..if crate::ON_POSTGRES { 40 } else { 1000 } {
        // So many sites are not needed for it: four streams each.
        if at % 4 == 0 {
            streams.push((hub.token(&format!("Ankara {at}"), "Ankara").await, Vec::new()));
        }
        let (token, open) = streams.last_mut().unwrap();
        open.push(Stream::open(&hub, token).await);
    }
    let token = streams[0].0.clone();
    let rev = push(&hub, &token, &batch(1, 0, vec![person(1, "Ayşe Deneme", "Ankara")])).await.to;
    for stream in streams.iter_mut().flat_map(|(_, open)| open) {
        while stream.next().await.unwrap() < rev {}
    }
}

#[tokio::test]
async fn conflicts_are_told_as_the_agent_reads_them() {
    let hub = hub().await;
    let [one, other] = [hub.token("Ankara 1", "Ankara").await, hub.token("Ankara 2", "Ankara").await];
    let seen = push(&hub, &one, &batch(1, 0, vec![person(1, "Ayşe Deneme", "Ankara")])).await.to;
    let edit = |title: Value| {
        let cells = [("title".to_owned(), Cell(title))];
        Change { insert: None, update: Some(cells.into()), base: seen, ..person(1, "", "") }
    };
    push(&hub, &one, &batch(2, seen, vec![edit(Value::Text("Şef".into()))])).await;
    push(&hub, &other, &batch(1, seen, vec![edit(Value::Null)])).await;
    let ask = || hub.get("/v1/conflicts").bearer_auth(&one);
    let told: Vec<Conflict> =
        read(ask().header(header::ACCEPT, "application/cbor").send().await.unwrap()).await;
    let plain: Vec<Conflict> = ask().send().await.unwrap().json().await.unwrap();
    assert_eq!(told, plain);
    let [conflict] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((conflict.table.as_str(), conflict.column.as_deref()), ("employees", Some("title")));
    let values = [&conflict.winner, &conflict.loser].map(|side| side.value.clone());
    assert!(conflict.row.contains("Ayşe Deneme") && values.contains(&Some("Şef".into())), "{conflict:?}");
}

#[tokio::test]
async fn a_batch_that_waits_is_decided_like_a_file() {
    let hub = hub().await;
    let token = hub.token("Ankara 1", "Ankara").await;
    let people = (1..=30).map(|at| person(at, &format!("Kişi {at}"), "Ankara")).collect();
    let seen = push(&hub, &token, &batch(1, 0, people)).await.to;
    let gone = |at: u128| Change {
        insert: None,
        delete: Some(Default::default()),
        base: seen,
        ..person(at, "", "")
    };
    let much = batch(2, seen, (1..=25).map(gone).collect());
    assert!(push(&hub, &token, &much).await.held);
    let (status, _) = trouble(hub.get("/v1/snapshot").bearer_auth(&token)).await;
    assert_eq!(status, StatusCode::CONFLICT, "its file is not replaced meanwhile");
    let held = hub.store.held().await.unwrap();
    hub.store.decide(held[0].id, Decision::LetThrough, "admin").await.unwrap();
    let instead = Push { instead: Some(2), ..batch(3, seen, Vec::new()) };
    let (status, told) = trouble(hub.post("/v1/push").bearer_auth(&token).json(&instead)).await;
    assert_eq!((status, told.code, told.number), (StatusCode::CONFLICT, Code::Decided, 2));
    assert_eq!(push(&hub, &token, &much).await.fates.len(), 25);
    assert_eq!(hub.rows("employees").await, 5);
}

async fn standing(hub: &World, token: &str) -> Standing {
    let ask = || hub.get("/v1/status").bearer_auth(token);
    let told: Standing = read(ask().header(header::ACCEPT, "application/cbor").send().await.unwrap()).await;
    let plain: Standing = ask().send().await.unwrap().json().await.unwrap();
    assert_eq!(Standing { clock_ms: 0, ..told.clone() }, Standing { clock_ms: 0, ..plain });
    told
}

#[tokio::test]
async fn a_site_is_told_how_it_stands_and_nothing_of_others() {
    let hub = hub().await;
    let [one, other, bursa] = [
        hub.token("Ankara 1", "Ankara").await,
        hub.token("Ankara 2", "Ankara").await,
        hub.token("Bursa 1", "Bursa").await,
    ];
    let hello = Hello { version: "1".into(), clock_ms: START_MS + 3_600_000, waiting: 0, ..Hello::default() };
    let welcome: Welcome = read(packed(hub.post("/v1/hello"), &one, &hello).send().await.unwrap()).await;
    let people = (1..=30).map(|at| person(at, &format!("Kişi {at}"), "Ankara")).collect();
    let seen = push(&hub, &one, &batch(1, 0, people)).await.to;
    let edit = |said: &str| {
        let cells = [("title".to_owned(), Cell(Value::Text(said.to_owned())))];
        Change { insert: None, update: Some(cells.into()), base: seen, ..person(1, "", "") }
    };
    push(&hub, &other, &batch(1, seen, vec![edit("Usta")])).await;
    push(&hub, &one, &batch(2, seen, vec![edit("Kalfa")])).await;
    let gone = |at: u128| Change {
        insert: None,
        delete: Some(Default::default()),
        base: seen,
        ..person(at, "", "")
    };
    let waits_ms = hub.clock.load(std::sync::atomic::Ordering::Relaxed);
    assert!(push(&hub, &one, &batch(3, seen, (2..=26).map(gone).collect())).await.held);
    // Nothing is written: the writer is kept busy from outside.
    let mut writer = database::open(&hub.address).await.unwrap();
    writer.begin(database::Begin::Own).await.unwrap();
    writer.lock("denk hub", PATIENCE).await.unwrap();
    let told = timeout(PATIENCE, standing(&hub, &one)).await.expect("the writer is not asked");
    writer.rollback().await.unwrap();
    let rev = hub.store.status().await.unwrap().rev;
    let expected = Standing {
        version: welcome.version,
        hub: welcome.hub,
        site: welcome.site,
        name: "Ankara 1".into(),
        region: "Ankara".into(),
        rev,
        number: 3,
        seen,
        held: 1,
        conflicts: 1,
        ..told.clone()
    };
    assert_eq!(told, expected);
    let now_ms = waits_ms..told.clock_ms;
    assert!(now_ms.contains(&told.held_since_ms.unwrap()) && now_ms.contains(&told.last_contact_ms.unwrap()));
    // The last that was said of the clock was said by a batch.
    assert!(told.clock_ahead_ms.is_some_and(|ahead| (-600_000..=0).contains(&ahead)), "{told:?}");
    let told = standing(&hub, &bursa).await;
    assert_eq!((told.number, told.seen, told.held, told.conflicts), (0, 0, 0, 0));
    assert_eq!((told.held_since_ms, told.last_contact_ms, told.clock_ahead_ms), (None, None, None));
    assert_eq!((standing(&hub, &other).await.held, standing(&hub, &other).await.conflicts), (0, 1));
}
