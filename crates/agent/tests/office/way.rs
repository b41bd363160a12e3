//! What the way to the hub does with slow hubs, and with those that lead elsewhere.

use std::time::Duration;

use agent::{Cause, Enrolment, Hub as _, Link, LinkError};
use axum::{
    Router,
    response::{IntoResponse, Redirect},
    routing::{any, get},
};
use replica::wire::{self, Conflict, Hello, Looked, Side, Standing};
use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::Instant,
};

use crate::{
    door::{Door, Manner, TOKEN},
    pc::Pc,
};

fn to(url: &str) -> Link {
    Link::new(&Enrolment::new(url, TOKEN, None).unwrap()).unwrap()
}

fn hello() -> Hello {
    Hello { version: "1".to_owned(), clock_ms: 0, waiting: 0, ..Hello::default() }
}

#[tokio::test(start_paused = true)]
async fn a_first_contact_may_take_as_long_as_the_hub_gives_it() {
    let (pc, hub) = (Pc::new(1), Door::open().await);
    let link = to(hub.url());
    let quarter = Duration::from_mins(15);
    hub.behave(Manner { waits: quarter, ..Manner::default() });
    assert!(link.meet(pc.path()).await.is_ok(), "the hub takes its time");
    let begun = Instant::now();
    assert!(matches!(link.hello(&hello()).await, Err(LinkError::Away(Cause::TimedOut))));
    assert!(begun.elapsed() < quarter / 5, "a question that is short is not waited for so long");
    hub.behave(Manner { waits: Duration::from_hours(24), ..Manner::default() });
    let begun = Instant::now();
    assert!(matches!(link.meet(pc.path()).await, Err(LinkError::Away(Cause::TimedOut))));
    assert!(begun.elapsed() < 2 * quarter, "a hub that is gone is not waited for");
}

#[tokio::test]
async fn nobody_is_asked_but_the_hub_itself() {
    let (hub, listener) = (Door::open().await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let leads = format!("{}v1/hello", hub.url());
    let routes = Router::new().route("/v1/hello", any(async move || Redirect::temporary(&leads)));
    tokio::spawn(async { axum::serve(listener, routes).await });
    let answer = to(&url).hello(&hello()).await;
    assert!(matches!(answer, Err(LinkError::NoHub(307))), "{answer:?}");
    assert!(hub.asked("hello").is_empty());
    assert!(to(hub.url()).hello(&hello()).await.is_ok());
}

/// Where whoever says something is told these bytes, and hung up on.
async fn says(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            _ = caller.read(&mut [0; 4096]).await;
            _ = caller.write_all(bytes).await;
        }
    });
    address
}

async fn refused(line: &str) -> LinkError {
    Link::new(&line.parse().unwrap()).unwrap().hello(&hello()).await.unwrap_err()
}

#[tokio::test]
async fn why_a_hub_is_out_of_reach_is_told_in_a_word() {
    let (mute, free) = (says(b"").await, TcpListener::bind("127.0.0.1:0").await.unwrap());
    let unheard = free.local_addr().unwrap().to_string();
    drop(free);
    for (line, cause) in [
        (format!("denk+http://{unheard}/#1_x"), Cause::Refused),
        (format!("denk+https://{unheard}/#1_x.{}", "ab".repeat(32)), Cause::Refused),
        ("denk+http://hub.invalid/#1_x".to_owned(), Cause::Name),
        (format!("denk+http://{mute}/#1_x"), Cause::Cut),
        (format!("denk+https://{mute}/#1_x.{}", "ab".repeat(32)), Cause::Cut),
    ] {
        let error = refused(&line).await;
        assert!(matches!(&error, LinkError::Away(told) if *told == cause), "{line}: {error:?}");
        assert!(error.passes() && std::error::Error::source(&error).is_none(), "no library is quoted");
    }
}

#[tokio::test]
async fn a_hub_that_is_spoken_to_in_the_wrong_way_is_no_hub_out_of_reach() {
    // A fatal alert of TLS, which is what it says to whoever does not speak it.
    let tls = says(&[21, 3, 1, 0, 2, 2, 22]).await;
    let error = refused(&format!("denk+http://{tls}/#1_x")).await;
    assert!(matches!(error, LinkError::NotPlain) && !error.passes(), "{error:?}");
    let plain = Door::open().await;
    let address = plain.url().strip_prefix("http").unwrap();
    for mark in ["", &format!(".{}", "ab".repeat(32))] {
        let error = refused(&format!("denk+https{address}#1_x{mark}")).await;
        assert!(matches!(error, LinkError::NotTls) && !error.passes(), "{error:?}");
    }
}

/// A hub that answers these two questions only.
async fn with_conflicts(count: i64, all: Option<u64>) -> Link {
    let packed = |message: &dyn Fn() -> Vec<u8>| {
        let kinds = [("content-type", wire::CONTENT_TYPE), ("content-encoding", wire::ENCODING)];
        (kinds, message()).into_response()
    };
    let (listener, conflicts) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), (0..count).map(conflict));
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let conflicts: Vec<Conflict> = conflicts.collect();
    let status = move || match all {
        Some(conflicts) => packed(&|| wire::pack(&standing(conflicts))),
        None => StatusCode::NOT_FOUND.into_response(),
    };
    let routes = Router::new()
        .route("/v1/conflicts", get(async move || packed(&|| wire::pack(&conflicts))))
        .route("/v1/status", get(async move || status()));
    tokio::spawn(async { axum::serve(listener, routes).await });
    to(&url)
}

fn conflict(id: i64) -> Conflict {
    let (table, row, column, stands) = ("employees".to_owned(), String::new(), None, None);
    let [winner, loser] = [Side::default(), Side::default()];
    Conflict { id, table, row, column, winner, loser, stands, state: Looked::New, at_ms: 0 }
}

fn standing(conflicts: u64) -> Standing {
    let (version, hub, name, region) = Default::default();
    let (site, rev, number, seen, held, clock_ms) = (1, 0, 0, 0, 0, 0);
    let (held_since_ms, last_contact_ms, clock_ahead_ms) = Default::default();
    Standing {
        version,
        hub,
        site,
        name,
        region,
        rev,
        number,
        seen,
        held,
        held_since_ms,
        conflicts,
        last_contact_ms,
        clock_ahead_ms,
        clock_ms,
    }
}

#[tokio::test]
async fn more_conflicts_than_the_hub_tells_are_counted() {
    for (count, all, more) in [(99, Some(99), 0), (100, Some(100), 0), (100, Some(123), 23), (100, None, 0)] {
        let (told, beyond) = with_conflicts(count, all).await.conflicts().await.unwrap();
        assert_eq!((told.len(), beyond), (usize::try_from(count).unwrap(), more), "of {all:?}");
    }
}
