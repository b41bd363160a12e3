//! A hub at an address of its own, which says what it is told to.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{StreamExt as _, stream};
use replica::wire::{self, Code, Met, Page, Trouble, Welcome};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep},
};

use crate::town::NOW_MS;

/// The only one that it knows.
pub const TOKEN: &str = "1_token";

/// Cheap to clone; all clones are one hub, which ends with its test.
#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    url: String,
    manner: Mutex<Manner>,
    asked: Mutex<Vec<(String, Instant)>>,
}

#[derive(Clone, Copy, Default)]
pub struct Manner {
    /// Before each answer.
    pub waits: Duration,
    pub busy: bool,
    /// Whoever listens to its news can go on with that.
    pub streams: bool,
    /// So many seconds later the stream is cut, as a proxy does; 0: never.
    pub cuts: u64,
}

impl Door {
    /// In the test's own time.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (manner, asked) = Default::default();
        let door = Self(Arc::new(Inner { url, manner, asked }));
        let routes = Router::new()
            .route("/v1/hello", post(hello))
            .route("/v1/meet", post(meet))
            .route("/v1/pull", get(pull))
            .route("/v1/events", get(events))
            .layer(middleware::from_fn_with_state(door.clone(), asked_of))
            .with_state(door.clone());
        tokio::spawn(async { axum::serve(listener, routes).await });
        door
    }

    pub fn url(&self) -> &str {
        &self.0.url
    }

    pub fn behave(&self, manner: Manner) {
        *self.0.manner.lock().unwrap() = manner;
    }

    /// When it was asked for this, whatever it answered.
    pub fn asked(&self, path: &str) -> Vec<Instant> {
        let asked = self.0.asked.lock().unwrap();
        asked.iter().filter(|(other, _)| other == path).map(|(_, at)| *at).collect()
    }
}

async fn asked_of(State(door): State<Door>, headers: HeaderMap, request: Request, next: Next) -> Response {
    let path = request.uri().path().trim_start_matches("/v1/").to_owned();
    door.0.asked.lock().unwrap().push((path, Instant::now()));
    let Manner { waits, busy, .. } = *door.0.manner.lock().unwrap();
    sleep(waits).await;
    let trouble = |code| packed(&Trouble { code, error: String::new(), number: 0, seen: 0 });
    if busy {
        return (StatusCode::SERVICE_UNAVAILABLE, trouble(Code::Busy)).into_response();
    }
    if headers.get(header::AUTHORIZATION).is_none_or(|shown| *shown != format!("Bearer {TOKEN}")) {
        return (StatusCode::UNAUTHORIZED, trouble(Code::Token)).into_response();
    }
    next.run(request).await
}

fn packed(message: &impl serde::Serialize) -> Vec<u8> {
    wire::pack(message)
}

async fn hello() -> Vec<u8> {
    let (version, name, region) = ("1".to_owned(), "a".to_owned(), "Ankara".to_owned());
    let (number, rev, seen, held, conflicts) = Default::default();
    let (hub, site, clock_ms) = ("town".to_owned(), 1, NOW_MS);
    packed(&Welcome { version, hub, site, name, region, rev, number, seen, clock_ms, held, conflicts })
}

async fn meet() -> Vec<u8> {
    packed(&Met { hub: "town".to_owned(), site: 1, ..Met::default() })
}

async fn pull() -> Vec<u8> {
    packed(&Page::default())
}

/// Whoever listens is hung up on: at once, or when the hub has enough to do.
async fn events(State(door): State<Door>) -> Response {
    let manner = move || *door.0.manner.lock().unwrap();
    if !manner().streams {
        return StatusCode::OK.into_response();
    }
    let first = stream::once(async { Ok::<_, Infallible>("data: {\"rev\":0}\n\n") });
    let rest = stream::once(async move {
        let begun = Instant::now();
        let is_cut = || manner().cuts > 0 && begun.elapsed().as_secs() >= manner().cuts;
        while !manner().busy && !is_cut() {
            sleep(Duration::from_millis(100)).await;
        }
        Ok("")
    });
    Body::from_stream(first.chain(rest)).into_response()
}
