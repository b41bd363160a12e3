//! `GET /v1/events`: tells a site that something happened in its region, as long as it listens.

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
use replica::wire::News;
use store::{Device, Key, Listener};
use tokio::sync::watch;

use crate::{answer::Refusal, app::App, places::Place};

/// A comment says that the hub is there, and shows whether the site is.
const KEEP_ALIVE: Duration = Duration::from_secs(25);

/// A site that listens.
struct Listening {
    device: Device,
    /// By which its token was known when it began.
    key: Option<Key>,
    news: Listener,
    stopping: watch::Receiver<bool>,
    /// What it was told last.
    told: Option<i64>,
    _open: Place,
}

pub(super) async fn events(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let device = super::site(&app, &headers).await?;
    let open = app.streams.begin(device.site)?;
    let (news, stopping) = (app.store.listen().await?, app.stopping.subscribe());
    let key = news.borrow().key_of(device.site);
    // Of whoever's token was renewed until now, the one who has the new one listens.
    super::site(&app, &headers).await?;
    let listening = Listening { device, key, news, stopping, told: None, _open: open };
    let events = stream::unfold(listening, |mut listening| async move {
        let news = listening.next().await?;
        let event = Event::default().json_data(news).unwrap_or_default();
        Some((Ok::<_, Infallible>(event), listening))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

impl Listening {
    /// First where the region stands, then whatever is new; `None`: the token was revoked or renewed, or the hub ends.
    async fn next(&mut self) -> Option<News> {
        loop {
            let rev = {
                let heads = self.news.borrow_and_update();
                let key = heads.key_of(self.device.site);
                if key.is_none() || key != self.key || *self.stopping.borrow() {
                    return None;
                }
                heads.of(&self.device.region)
            };
            if self.told.is_none_or(|told| rev > told) {
                self.told = Some(rev);
                return Some(News { rev });
            }
            tokio::select! {
                changed = self.news.changed() => changed.ok()?,
                changed = self.stopping.changed() => changed.ok()?,
            }
        }
    }
}
