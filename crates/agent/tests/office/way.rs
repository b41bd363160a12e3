//! What the way to the hub does with slow hubs, and with those that lead elsewhere.

use std::time::Duration;

use agent::{Enrolment, Hub as _, Link, LinkError};
use axum::{Router, response::Redirect, routing::any};
use replica::wire::Hello;
use tokio::{net::TcpListener, time::Instant};

use crate::{
    door::{Door, Manner, TOKEN},
    pc::Pc,
};

fn to(url: &str) -> Link {
    Link::new(&Enrolment::new(url, TOKEN, None).unwrap()).unwrap()
}

fn hello() -> Hello {
    Hello { version: "1".to_owned(), clock_ms: 0, waiting: 0 }
}

#[tokio::test(start_paused = true)]
async fn a_first_contact_may_take_as_long_as_the_hub_gives_it() {
    let (pc, hub) = (Pc::new(1), Door::open().await);
    let link = to(hub.url());
    let quarter = Duration::from_mins(15);
    hub.behave(Manner { waits: quarter, ..Manner::default() });
    assert!(link.meet(pc.path()).await.is_ok(), "the hub takes its time");
    let begun = Instant::now();
    assert!(matches!(link.hello(&hello()).await, Err(LinkError::Away(_))));
    assert!(begun.elapsed() < quarter / 5, "a question that is short is not waited for so long");
    hub.behave(Manner { waits: Duration::from_hours(24), ..Manner::default() });
    let begun = Instant::now();
    assert!(matches!(link.meet(pc.path()).await, Err(LinkError::Away(_))));
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
