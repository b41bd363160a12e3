//! `/v1`: what agents ask.
//!
//! Messages are those of [`replica::wire`], packed or as JSON, as the request says. Who asks is told by the site's own
//! token alone; the shared key opens nothing here.

mod events;
mod file;
mod form;
mod trouble;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use replica::wire;
use serde::Deserialize;
use store::{Device, Since};
use tokio::task;

use crate::{answer::Refusal, app::App, credential, download};
use form::{Asked, Form};

type Route = (&'static str, MethodRouter<Arc<App>>);

/// Everything that is answered quickly, or streams its answer.
fn quick() -> Vec<Route> {
    vec![
        ("/v1/hello", post(hello)),
        ("/v1/pull", get(pull)),
        ("/v1/events", get(events::events)),
        ("/v1/snapshot", get(snapshot)),
        ("/v1/conflicts", get(conflicts)),
        ("/v1/status", get(status)),
    ]
}

/// What may wait for its turn.
fn slow() -> Vec<Route> {
    vec![("/v1/push", post(push)), ("/v1/meet", post(file::meet))]
}

/// Routes with troubles told as [`wire::Trouble`]: those to be answered in time, and others.
pub(crate) fn routes(app: &Arc<App>) -> [Router<Arc<App>>; 2] {
    [quick(), slow()].map(|routes| {
        let routes = routes.into_iter().fold(Router::new(), |all, (path, route)| all.route(path, route));
        routes.layer(middleware::from_fn_with_state(Arc::clone(app), trouble::in_words))
    })
}

async fn hello(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::of(&app, request, form::SMALL_MAX).await?;
    let (device, form) = (asked.device.clone(), asked.accepted);
    let _asking = app.askings.begin(device.site)?;
    let hello = asked.whole().await?.read(form::SMALL_PLAIN_MAX)?;
    Ok(form.answer(&app.store.hello(&device, hello).await?))
}

async fn push(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::of(&app, request, form::PACKED_MAX).await?;
    let (device, form) = (asked.device.clone(), asked.accepted);
    let sending = app.sendings.begin(device.site)?;
    let (sent, weight) = asked.whole().await?.weighed().await?;
    let turn = app.turns.begin(app.turns.enter()?).await?;
    let room = app.turns.room(weight).await?;
    // It goes on when the client hangs up meanwhile.
    let work = tokio::spawn(async move {
        let push = task::spawn_blocking(move || sent.read(wire::BYTES_MAX));
        let push: wire::Push =
            push.await.map_err(|_| Refusal::Defect("reading a batch ended by itself"))??;
        let (number, changes) = (push.number, push.changes.len());
        let pushed = app.store.push(&device, push).await?;
        app.counted.batch(changes);
        let (site, held) = (device.name, pushed.held);
        tracing::info!(target: "sync", site, number, changes, held, "a batch was taken in");
        drop((turn, room, sending));
        Ok::<_, Refusal>(pushed)
    });
    Ok(form.answer(&work.await.map_err(|_| Refusal::Defect("taking in a batch ended by itself"))??))
}

#[derive(Deserialize)]
struct Pull {
    #[serde(default)]
    after: i64,
    mark: Option<String>,
    limit: Option<usize>,
}

async fn pull(
    State(app): State<Arc<App>>,
    query: Result<Query<Pull>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let device = site(&app, &headers).await?;
    let _reading = app.readings.begin(device.site)?;
    let Query(Pull { after, mark, limit }) =
        query.map_err(|_| Refusal::Message("`after` and `limit` are numbers".to_owned()))?;
    let page = app.store.pull(&device, Since { rev: after, mark }, limit.unwrap_or(wire::ROWS_MAX)).await?;
    let rows = page.rows.len();
    app.counted.page(rows);
    if rows > 0 {
        tracing::info!(target: "sync", site = device.name, after, rows, "changes were given out");
    }
    Ok(Form::accepted(&headers).answer(&page))
}

async fn snapshot(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let device = site(&app, &headers).await?;
    let _reading = app.readings.begin(device.site)?;
    let handout = app.store.hand_out(&device).await?;
    app.counted.hand_out();
    download::answer(&headers, handout).await
}

async fn conflicts(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let device = site(&app, &headers).await?;
    let _asking = app.askings.begin(device.site)?;
    Ok(Form::accepted(&headers).answer(&app.store.conflicts_of(&device.region).await?))
}

async fn status(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let device = site(&app, &headers).await?;
    let _asking = app.askings.begin(device.site)?;
    Ok(Form::accepted(&headers).answer(&app.store.standing(&device).await?))
}

/// The site whose token is shown, as `Authorization: Bearer` or as `X-API-KEY`.
async fn site(app: &App, headers: &HeaderMap) -> Result<Device, Refusal> {
    let token = credential::token(headers).ok_or(Refusal::Key)?;
    app.store.device_of_token(token).await?.ok_or(Refusal::Key)
}

/// `GET /openapi.json`
pub(crate) async fn openapi() -> impl IntoResponse {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], include_str!("../openapi.json"))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_route_is_described() {
        let described: Value = serde_json::from_str(include_str!("../openapi.json")).unwrap();
        for (path, _) in quick().into_iter().chain(slow()) {
            assert!(described["paths"][path].is_object(), "{path} is not in openapi.json");
        }
    }
}
