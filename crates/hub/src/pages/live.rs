//! `GET /live`: tells a page that something changed in what its reader sees, as long as it is open.
//!
//! It says nothing of what changed: the page is asked for anew, and the hub decides again what is shown. Rows that changed
//! are one kind of news, what people and PCs did (`noted`) is another: a batch that is held changes no row.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use store::Listener;
use tokio::{sync::watch, time};

use super::Person;
use crate::{answer::Refusal, app::App, places::Place, session};

/// A comment says that the hub is there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked whether the reader is still logged in.
const STILL_THERE: Duration = Duration::from_secs(20);

struct Listening {
    app: Arc<App>,
    person: Person,
    headers: HeaderMap,
    news: Listener,
    stopping: watch::Receiver<bool>,
    /// What it was told last.
    told: Option<i64>,
    noted: Option<i64>,
    look: time::Interval,
    _open: Place<String>,
}

pub(super) async fn live(
    State(app): State<Arc<App>>,
    person: Person,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let open = app.readers.begin(person.user.name.clone())?;
    let (news, stopping) = (app.store.listen().await?, app.stopping.subscribe());
    let mut look = time::interval(STILL_THERE);
    look.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
    let listening =
        Listening { app, person, headers, news, stopping, told: None, noted: None, look, _open: open };
    let events = stream::unfold(listening, |mut listening| async move {
        let event = match listening.next().await? {
            News::Changed(rev) => Event::default().data(rev.to_string()),
            News::Noted(number) => Event::default().event("noted").data(number.to_string()),
        };
        Some((Ok::<_, Infallible>(event), listening))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

enum News {
    Changed(i64),
    Noted(i64),
}

impl Listening {
    /// First where the region stands, then whatever is new; `None`: the reader is no longer logged in, or the hub ends.
    async fn next(&mut self) -> Option<News> {
        loop {
            if *self.stopping.borrow() {
                return None;
            }
            let (rev, noted) = {
                let (heads, region) = (self.news.borrow_and_update(), self.person.viewer.region());
                (heads.of(region), heads.noted(region))
            };
            if self.told.is_none_or(|told| rev > told) {
                self.still_there().await?;
                self.told = Some(rev);
                return Some(News::Changed(rev));
            }
            if self.noted.is_none_or(|told| noted > told) {
                self.still_there().await?;
                self.noted = Some(noted);
                return Some(News::Noted(noted));
            }
            tokio::select! {
                changed = self.news.changed() => changed.ok()?,
                changed = self.stopping.changed() => changed.ok()?,
                _ = self.look.tick() => self.still_there().await?,
            }
        }
    }

    /// Somebody whose account, role or region changed begins anew.
    async fn still_there(&self) -> Option<()> {
        let user = session::person(&self.app, &self.headers).await.ok()??;
        (store::Viewer::of(&user) == self.person.viewer).then_some(())
    }
}
