//! `GET /metrics`: how the hub does, for Prometheus.
//!
//! The text format is plain, so no library writes it. Who may ask: whoever shows the token; and this machine itself, unless
//! a proxy stands in front, behind which everybody would be this machine. No name of a person, a PC or a region is in it.

mod counted;
mod text;

use std::{fmt, net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use merge::Region;
use model::SiteId;
use store::{Role, Viewer};

use crate::{ApiKey, Transport, answer::Refusal, app::App, attempts, credential, forwarded};
pub(crate) use counted::{Counted, count};
use text::Text;

pub(crate) const PATH: &str = "/metrics";
const KIND: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
/// Who was heard of within it is on line. **Units**: milliseconds.
const ON_LINE_MS: i64 = 10 * 60 * 1000;

/// Whether what was heard then is of just now. What was heard at a time that is still to come, as the hub's clock was set back
/// since, says nothing.
pub(crate) const fn is_near(now_ms: i64, heard_ms: i64) -> bool {
    now_ms.saturating_sub(heard_ms).saturating_abs() <= ON_LINE_MS
}
/// What proxies say of whom they ask for.
const OF_PROXIES: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

/// When the newest whole backup was made, if there is one. **Units**: milliseconds since 1970.
pub type NewestBackup = Arc<dyn Fn() -> Option<i64> + Send + Sync>;

/// Who may ask, and what the hub does not know by itself.
#[derive(Clone, Default)]
pub struct Watch {
    /// Opens the metrics from anywhere.
    pub token: Option<ApiKey>,
    pub newest_backup: Option<NewestBackup>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("token", &self.token.is_some()).finish_non_exhaustive()
    }
}

pub(crate) async fn metrics(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    check(&app, peer, &headers)?;
    let mut text = Text::default();
    app.counted.tell(&mut text);
    tell_store(&app, &mut text).await?;
    tell_process(&mut text);
    Ok(([(header::CONTENT_TYPE, KIND)], text.done()).into_response())
}

/// # Errors
/// `Key`; `Guessing`: too many wrong tokens came from there.
fn check(app: &App, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Refusal> {
    let (Some(token), Some(shown)) = (&app.settings.watch.token, credential::token(headers)) else {
        return if is_here(app, peer, headers) { Ok(()) } else { Err(Refusal::Key) };
    };
    let from = attempts::party(forwarded::address(&app.settings, peer, headers));
    if !app.keys.begin(&from, app.now_ms()) {
        return Err(Refusal::Guessing);
    }
    if !token.is(shown.as_bytes()) {
        return Err(Refusal::Key);
    }
    app.keys.take_back(&from);
    Ok(())
}

/// Whether a program on this machine asks, for itself.
fn is_here(app: &App, peer: SocketAddr, headers: &HeaderMap) -> bool {
    let asks_for_others = OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    let is_direct = app.settings.transport != Transport::BehindProxy;
    peer.ip().to_canonical().is_loopback() && is_direct && !asks_for_others
}

async fn tell_store(app: &App, text: &mut Text) -> Result<(), Refusal> {
    let everything = Viewer::new(Role::Admin, Region::All);
    let waiting = app.store.waiting(&everything).await?;
    let open = app.store.open_of(&Region::All).await?;
    text.gauge("denk_conflicts_open", "Conflicts that nobody has decided.", waiting.conflicts);
    text.gauge("denk_held_open", "Batches and files that wait for approval.", waiting.held);
    text.gauge("denk_alerts", "Alerts that were raised.", open.alerts);
    let stations = app.store.sites_seen(&everything).await?;
    let live = stations.iter().filter(|station| station.site.revoked_ms.is_none());
    let is_on_line = |station: &&store::Station| {
        let heard = station.site.last_contact_ms.max(station.agent.as_ref().map(|agent| agent.at_ms));
        app.streams.has(&SiteId(station.site.id)) || heard.is_some_and(|heard| is_near(app.now_ms(), heard))
    };
    text.gauge("denk_sites", "Sites that are not revoked.", live.clone().count() as u64);
    let on_line = live.filter(is_on_line).count() as u64;
    text.gauge("denk_sites_on_line", "Sites connected now or heard of within ten minutes.", on_line);
    if let Some(bytes) = app.store.size_bytes() {
        text.gauge("denk_store_bytes", "Size of the store's files.", bytes);
    }
    let newest = app.settings.watch.newest_backup.as_ref().and_then(|newest| newest());
    if let Some(newest_ms) = newest {
        let age = u64::try_from(app.now_ms().saturating_sub(newest_ms) / 1000).unwrap_or_default();
        text.gauge("denk_backup_age_seconds", "Since the newest whole backup.", age);
    }
    Ok(())
}

fn tell_process(text: &mut Text) {
    if let Some(bytes) = resident_bytes() {
        text.gauge("process_resident_memory_bytes", "Memory of the process.", bytes);
    }
    let labels = [("version", env!("CARGO_PKG_VERSION"))];
    text.kind("denk_build_info", "Always 1; the label says which version runs.", "gauge");
    text.line("denk_build_info", &labels, 1);
}

/// Where the system tells it.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_heard_in_the_future_is_not_of_just_now() {
        let hour = 60 * 60 * 1000;
        for (heard, near) in
            [(10 * hour, true), (10 * hour - ON_LINE_MS, true), (9 * hour, false), (11 * hour, false)]
        {
            assert_eq!(is_near(10 * hour, heard), near, "{heard}");
        }
    }
}
