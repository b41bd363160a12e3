//! What anyone may ask, and how the hub stands.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
};
use model::ErrorKind;
use serde_json::{Map, Value, json};
use store::{Pulse, RegionCount, Site, Status, Store};
use tokio::time;

use crate::{
    Language,
    answer::{Refusal, chain},
    app::{App, timestamp},
    credential::{self, Caller},
    upload::is_form,
};
use merge::Region;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How the store's writer is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// It has just written.
    Free,
    /// At one thing for so long: a large file, or another hub is at work on the store.
    Busy(Duration),
    Down(Cause),
}

/// Why nothing can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    DiskFull,
    /// The database refuses, or what was done last was lost.
    Store,
    Stuck,
}

impl Cause {
    const fn word(self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::Store => "store",
            Self::Stuck => "writer_stuck",
        }
    }
}

pub(crate) async fn health(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let writer = writer(&app).await;
    let (status, word) = match writer {
        Writer::Free | Writer::Busy(_) => (StatusCode::OK, "ok"),
        Writer::Down(_) => (StatusCode::SERVICE_UNAVAILABLE, "error"),
    };
    let mut told = json!({ "status": word, "timestamp": app.now(), "version": VERSION });
    match writer {
        Writer::Free => {}
        Writer::Busy(since) => {
            told["busy_ms"] = json!(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        }
        Writer::Down(cause) => told["cause"] = json!(cause.word()),
    }
    (status, Json(told))
}

/// Asks the writer itself; one that is busy is judged by what it last did, so that nobody waits for a large file.
async fn writer(app: &App) -> Writer {
    let limits = &app.settings.limits;
    // Small things can be stored where an office's file no longer can.
    if let Some(free) = app.store.free_bytes().filter(|free| *free < limits.free_bytes_min) {
        tracing::error!(free, "the disk of the store is full");
        return Writer::Down(Cause::DiskFull);
    }
    match time::timeout(limits.writer_wait, app.store.health()).await {
        Ok(Ok(_)) => Writer::Free,
        Ok(Err(error)) => {
            tracing::error!(cause = chain(&error), "the store does not answer");
            let is_full = error.kind() == ErrorKind::Full;
            Writer::Down(if is_full { Cause::DiskFull } else { Cause::Store })
        }
        Err(_) => {
            let found = found(app.store.pulse(), limits.writer_stuck);
            if matches!(found, Writer::Down(_)) {
                tracing::error!("the store's writer does not move, or cannot store anything");
            }
            found
        }
    }
}

/// A writer that has not answered in time.
fn found(pulse: Pulse, stuck: Duration) -> Writer {
    let since = pulse.at_work.unwrap_or_default();
    match pulse.failing {
        true => Writer::Down(Cause::Store),
        false if since >= stuck => Writer::Down(Cause::Stuck),
        false => Writer::Busy(since),
    }
}

/// The old programs' keep-alive: does nothing, and says so to who sends a file.
pub(crate) async fn auto_sync(State(app): State<Arc<App>>, headers: HeaderMap) -> Json<Value> {
    let mut told = json!({ "success": true, "action": "auto-sync", "timestamp": app.now() });
    if is_form(&headers) {
        told["success"] = json!(false);
        told["error"] = json!(match Language::asked(&headers).unwrap_or(app.settings.language) {
            Language::Turkish => "Burada dosya alınmaz; dosyalar /sync adresine gönderilir",
            Language::English => "No file is taken here; files go to /sync",
        });
    }
    Json(told)
}

pub(crate) async fn status(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Json<Value>, Refusal> {
    if !credential::is_shown(&headers) {
        if matches!(writer(&app).await, Writer::Down(_)) {
            return Err(Refusal::Busy);
        }
        return Ok(Json(Value::Object(head(&app))));
    }
    let (sees, _asking) = match credential::caller(&app, peer, &headers).await? {
        Caller::Site(device) => (device.region, Some(app.askings.begin(device.site)?)),
        // Behind the shared key one site is many PCs.
        Caller::Shared => (Region::All, None),
    };
    let mut sites = app.store.sites().await?;
    sites.retain(|site| is_seen(&sees, &site.region));
    let status = of_region(&app.store, app.store.status().await?, &sees, &sites).await?;
    let mut answer = head(&app);
    answer.extend(counts(&status, &sites));
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
async fn of_region(store: &Store, all: Status, sees: &Region, sites: &[Site]) -> Result<Status, Refusal> {
    let Region::Named(region) = sees else { return Ok(all) };
    let own = all.regions.get(region).cloned().unwrap_or_default();
    let is_shared = |table: &str| !all.regions.values().any(|count| count.tables.contains_key(table));
    let rows = |table: &str, all: u64| match own.tables.get(table) {
        Some(own) => *own,
        None if is_shared(table) => all,
        None => 0,
    };
    let tables = all.tables.iter().map(|(table, all)| (table.clone(), rows(table, *all))).collect();
    let open = store.open_of(sees).await?;
    Ok(Status {
        rev: all.rev,
        tables,
        conflicts_open: open.conflicts,
        held: sites.iter().map(|site| site.held).sum(),
        alerts: open.alerts,
        regions: [(region.clone(), own)].into(),
    })
}

/// The counts, and the sites that the key may see.
fn counts(status: &Status, sites: &[Site]) -> Map<String, Value> {
    let mut told: Map<String, Value> =
        status.tables.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
    let regions: Map<String, Value> =
        status.regions.iter().map(|(name, count)| (name.clone(), Value::Object(region(count)))).collect();
    let sites = sites.iter().map(site).collect::<Vec<_>>();
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
    told.insert("last_entry".to_owned(), json!(count.last_entry_ms.map(timestamp)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_writer_is_well_as_long_as_it_moves_and_stores() {
        let minute = Duration::from_mins(1);
        let at = |seconds: u64, failing: bool| {
            found(Pulse { at_work: Some(Duration::from_secs(seconds)), failing }, minute)
        };
        assert_eq!(at(59, false), Writer::Busy(Duration::from_secs(59)));
        assert_eq!(at(60, false), Writer::Down(Cause::Stuck), "it does not move");
        assert_eq!(at(1, true), Writer::Down(Cause::Store), "what it did last was lost");
        // Between two groups.
        assert_eq!(found(Pulse { at_work: None, failing: false }, minute), Writer::Busy(Duration::ZERO));
    }
}
