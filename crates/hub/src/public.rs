//! What anyone may ask, and how the hub stands.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State, http::HeaderMap, http::StatusCode};
use serde_json::{Map, Value, json};
use store::{RegionCount, Site, Status};
use tokio::time;

use crate::{
    answer::{Refusal, chain},
    app::{App, timestamp},
    credential::{self, Caller},
};
use merge::Region;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The writer may be busy with a large file.
const HEALTH_WAIT: Duration = Duration::from_secs(20);

pub(crate) async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let (status, word) = if is_healthy(&app).await {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "error")
    };
    (status, Json(json!({ "status": word, "timestamp": app.now(), "version": VERSION })))
}

async fn is_healthy(app: &App) -> bool {
    match time::timeout(HEALTH_WAIT, app.store.health()).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => {
            tracing::error!(cause = chain(&error), "the store does not answer");
            false
        }
        Err(_) => {
            tracing::error!("the store does not answer in time");
            false
        }
    }
}

/// The old programs' keep-alive.
pub(crate) async fn auto_sync(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({ "success": true, "action": "auto-sync", "timestamp": app.now() }))
}

pub(crate) async fn status(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<Value>, Refusal> {
    if !credential::is_shown(&headers) {
        app.store.health().await?;
        return Ok(Json(Value::Object(head(&app))));
    }
    let sees = match credential::caller(&app.store, app.settings.api_key.as_ref(), &headers).await? {
        Caller::Site(device) => device.region,
        Caller::Shared => Region::All,
    };
    let (status, sites) = (app.store.status().await?, app.store.sites().await?);
    let mut answer = head(&app);
    answer.extend(counts(&status, &sites, &sees));
    Ok(Json(Value::Object(answer)))
}

fn head(app: &App) -> Map<String, Value> {
    object([
        ("success", json!(true)),
        ("status", json!("ok")),
        ("version", json!(VERSION)),
        ("timestamp", json!(app.now())),
    ])
}

/// Totals of all regions, and the regions and sites that the key may see.
fn counts(status: &Status, sites: &[Site], sees: &Region) -> Map<String, Value> {
    let mut told: Map<String, Value> =
        status.tables.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
    let regions = status.regions.iter().filter(|(name, _)| is_seen(sees, name));
    let regions: Map<String, Value> =
        regions.map(|(name, count)| (name.clone(), Value::Object(region(count)))).collect();
    let sites = sites.iter().filter(|site| is_seen(sees, &site.region)).map(site).collect::<Vec<_>>();
    told.extend(object([
        ("regions", Value::Object(regions)),
        ("sites", Value::Array(sites)),
        ("conflicts", json!(status.conflicts_open)),
        ("held", json!(status.held)),
        ("alerts", json!(status.alerts)),
    ]));
    told
}

fn region(count: &RegionCount) -> Map<String, Value> {
    let mut told: Map<String, Value> =
        count.tables.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
    told.insert("last_entry".to_owned(), json!(count.last_change_ms.map(timestamp)));
    told
}

fn site(site: &Site) -> Value {
    json!({
        "name": site.name,
        "region": site.region,
        "state": site.state(),
        "last_contact": site.last_contact_ms.map(timestamp),
        "waiting": site.held,
        "revoked": site.revoked_ms.is_some(),
    })
}

/// Whether somebody who sees `sees` sees what is of region `of`.
pub(crate) fn is_seen(sees: &Region, of: &str) -> bool {
    match sees {
        Region::All => true,
        Region::Named(own) => own == of,
    }
}

fn object<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
