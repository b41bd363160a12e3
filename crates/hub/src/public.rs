//! What anyone may ask, and how the hub stands.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use serde_json::{Map, Value, json};
use store::{ConflictState, KeptConflict, RegionCount, Site, Status, Store};
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

pub(crate) async fn status(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    if !credential::is_shown(&headers) {
        app.store.health().await?;
        return Ok(Json(Value::Object(head(&app))));
    }
    let sees = match credential::caller(&app, peer, &headers).await? {
        Caller::Site(device) => device.region,
        Caller::Shared => Region::All,
    };
    let status = of_region(&app.store, app.store.status().await?, &sees).await?;
    let mut answer = head(&app);
    answer.extend(counts(&status, &app.store.sites().await?, &sees));
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

/// The counts as somebody may know them who sees this region only: its own, and of tables that everybody shares all.
async fn of_region(store: &Store, all: Status, sees: &Region) -> Result<Status, Refusal> {
    let Region::Named(region) = sees else { return Ok(all) };
    let own = all.regions.get(region).cloned().unwrap_or_default();
    let is_shared = |table: &str| !all.regions.values().any(|count| count.tables.contains_key(table));
    let rows = |table: &str, all: u64| match own.tables.get(table) {
        Some(own) => *own,
        None if is_shared(table) => all,
        None => 0,
    };
    let tables = all.tables.iter().map(|(table, all)| (table.clone(), rows(table, *all))).collect();
    let conflicts = store.conflicts().await?;
    let new = |kept: &&KeptConflict| kept.state == ConflictState::New && kept.region.as_ref() == Some(region);
    let conflicts = conflicts.iter().filter(new);
    let sites = store.sites().await?;
    let sites: Vec<_> = sites.iter().filter(|site| is_seen(sees, &site.region)).collect();
    let alerts = store.alerts().await?;
    let alerts = alerts.iter().filter(|alert| sites.iter().any(|site| site.id == alert.site));
    Ok(Status {
        rev: all.rev,
        tables,
        conflicts_open: conflicts.count() as u64,
        held: sites.iter().map(|site| site.held).sum(),
        alerts: alerts.count() as u64,
        regions: [(region.clone(), own)].into(),
    })
}

/// The counts, and the sites that the key may see.
fn counts(status: &Status, sites: &[Site], sees: &Region) -> Map<String, Value> {
    let mut told: Map<String, Value> =
        status.tables.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
    let regions: Map<String, Value> =
        status.regions.iter().map(|(name, count)| (name.clone(), Value::Object(region(count)))).collect();
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
