//! `GET /dashboard`: how things stand, for people.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use jiff::tz::TimeZone;
use merge::Region;
use store::{AuditEntry, Pages, RecentChange, RegionCount, Role, Site, Source, Status, Viewer};

use crate::{
    answer::Refusal,
    app::{App, moment},
    credential::{self, Caller},
    login::{LOGIN, PASSWORD, page},
    pages::{Shell, Visit, turned},
    public::is_seen,
    session,
    words::Words,
};

/// The tables that a region is told by; the others stand in the list of all tables.
const EMPLOYEES: &str = "employees";
const TIMESHEETS: &str = "timesheets";
const RECENT: usize = 25;
const ACTIVITY: usize = 25;
const CONTENT_CHARS_MAX: usize = 160;

/// Who looks.
struct Reader {
    /// `None`: a program that shows a key.
    name: Option<String>,
    viewer: Viewer,
}

impl Reader {
    fn program() -> Self {
        Self { name: None, viewer: Viewer::new(Role::Admin, Region::All) }
    }

    fn is_admin(&self) -> bool {
        self.viewer.role() == Role::Admin
    }
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Page<'a> {
    shell: Shell,
    words: &'a Words,
    rev: i64,
    now: String,
    replace_shared_key: bool,
    regions: Vec<RegionLine>,
    total: RegionLine,
    tables: Vec<(String, u64)>,
    conflicts: u64,
    held: u64,
    sites: Vec<SiteLine>,
    alerts: Vec<AlertLine>,
    recent: Vec<ChangeLine>,
    activity: Option<Vec<ActivityLine>>,
}

struct RegionLine {
    name: String,
    employees: u64,
    timesheets: u64,
    last_entry: String,
}

struct SiteLine {
    name: String,
    region: String,
    state: &'static str,
    last_contact: String,
    waiting: u64,
}

struct AlertLine {
    at: String,
    site: String,
    kind: &'static str,
    /// Empty: the file as a whole.
    rows: String,
    what: String,
}

struct ChangeLine {
    at: String,
    site: String,
    region: String,
    table: String,
    action: &'static str,
    content: String,
}

struct ActivityLine {
    at: String,
    who: String,
    action: String,
    what: String,
}

pub(crate) async fn dashboard(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    match reader(&app, peer, &headers).await? {
        Ok(reader) => page(&gather(&app, &visit, &reader).await?),
        Err(elsewhere) => Ok(elsewhere),
    }
}

/// Whoever may look; otherwise where to go first. A key opens the page as the old guide says it: the shared key, or
/// that of headquarters.
async fn reader(
    app: &App,
    peer: SocketAddr,
    headers: &HeaderMap,
) -> Result<Result<Reader, Response>, Refusal> {
    if credential::is_shown(headers) {
        return match credential::caller(app, peer, headers).await {
            Ok(Caller::Shared) => Ok(Ok(Reader::program())),
            Ok(Caller::Site(device)) if device.region == Region::All => Ok(Ok(Reader::program())),
            Ok(Caller::Site(_)) | Err(Refusal::Key) => {
                Ok(Err((StatusCode::UNAUTHORIZED, "Unauthorized").into_response()))
            }
            Err(other) => Err(other),
        };
    }
    Ok(match session::person(app, headers).await? {
        None => Err(Redirect::to(LOGIN).into_response()),
        Some(user) if user.must_change => Err(Redirect::to(PASSWORD).into_response()),
        Some(user) => Ok(Reader { viewer: Viewer::of(&user), name: Some(user.name) }),
    })
}

fn uses_shared_key(site: &Site) -> bool {
    site.source() == Source::SharedKey && site.revoked_ms.is_none()
}

async fn gather(app: &App, visit: &Visit, reader: &Reader) -> Result<Page<'static>, Refusal> {
    let (store, words, sees) = (&app.store, visit.words, reader.viewer.region());
    let (status, sites) = (store.status().await?, store.sites().await?);
    let recent = store.recent(sees, RECENT).await?;
    let waiting = store.waiting(&reader.viewer).await?;
    let alerts = store.alerts().await?;
    let activity = if reader.is_admin() { Some(store.audit(ACTIVITY).await?) } else { None };
    let told = Teller {
        words,
        zone: &app.settings.zone,
        sees,
        sites: sites_by_number(&sites),
        pages: store.pages(),
        viewer: &reader.viewer,
    };
    let seen: Vec<&Site> = sites.iter().filter(|site| is_seen(sees, &site.region)).collect();
    Ok(Page {
        shell: Shell::around(visit, store.pages(), reader.name.as_deref(), sees)
            .administering(&reader.viewer, visit)
            .counting(waiting),
        words,
        rev: status.rev,
        now: told.time(app.now_ms()),
        replace_shared_key: reader.is_admin()
            && app.settings.api_key.is_some()
            && sites.iter().any(uses_shared_key),
        regions: told.regions(&status),
        total: told.total(&status),
        tables: told
            .tables(&status)
            .into_iter()
            .map(|(table, rows)| (told.table(&table).to_owned(), rows))
            .collect(),
        conflicts: waiting.conflicts,
        held: waiting.held,
        sites: seen.iter().map(|site| told.site(site)).collect(),
        alerts: alerts
            .iter()
            .filter(|alert| told.sees_site(alert.site))
            .map(|alert| told.alert(alert))
            .collect(),
        recent: recent.iter().map(|change| told.change(change)).collect(),
        activity: activity.map(|entries| entries.iter().map(|entry| told.activity(entry)).collect()),
    })
}

fn sites_by_number(sites: &[Site]) -> HashMap<u32, &Site> {
    sites.iter().map(|site| (site.id, site)).collect()
}

/// Puts what the store tells into the words of a page.
struct Teller<'a> {
    words: &'static Words,
    zone: &'a TimeZone,
    sees: &'a Region,
    sites: HashMap<u32, &'a Site>,
    pages: &'a Pages,
    viewer: &'a Viewer,
}

impl Teller<'_> {
    fn sees_site(&self, number: u32) -> bool {
        self.sites.get(&number).map_or(*self.sees == Region::All, |site| is_seen(self.sees, &site.region))
    }

    fn time(&self, ms: i64) -> String {
        moment(ms).to_zoned(self.zone.clone()).strftime("%d.%m.%Y %H:%M").to_string()
    }

    fn time_or(&self, ms: Option<i64>, otherwise: &str) -> String {
        ms.map_or_else(|| otherwise.to_owned(), |ms| self.time(ms))
    }

    fn regions(&self, status: &Status) -> Vec<RegionLine> {
        let seen = status.regions.iter().filter(|(name, _)| is_seen(self.sees, name));
        seen.map(|(name, count)| self.region_line(name, count)).collect()
    }

    fn region_line(&self, name: &str, count: &RegionCount) -> RegionLine {
        let rows = |table| count.tables.get(table).copied().unwrap_or_default();
        RegionLine {
            name: if name.is_empty() { self.words.no_region } else { name }.to_owned(),
            employees: rows(EMPLOYEES),
            timesheets: rows(TIMESHEETS),
            last_entry: self.time_or(count.last_change_ms, self.words.never),
        }
    }

    /// Of the regions that are seen.
    fn total(&self, status: &Status) -> RegionLine {
        let seen =
            || status.regions.iter().filter(|(name, _)| is_seen(self.sees, name)).map(|(_, count)| count);
        let rows = |table| seen().filter_map(|count| count.tables.get(table)).sum();
        RegionLine {
            name: self.words.total.to_owned(),
            employees: rows(EMPLOYEES),
            timesheets: rows(TIMESHEETS),
            last_entry: self.time_or(seen().filter_map(|count| count.last_change_ms).max(), self.words.never),
        }
    }

    fn tables(&self, status: &Status) -> Vec<(String, u64)> {
        let mut tables = std::collections::BTreeMap::new();
        if *self.sees == Region::All {
            tables.clone_from(&status.tables);
        } else {
            let seen = status.regions.iter().filter(|(name, _)| is_seen(self.sees, name));
            for (table, rows) in seen.flat_map(|(_, count)| &count.tables) {
                *tables.entry(table.clone()).or_default() += rows;
            }
        }
        tables.into_iter().collect()
    }

    fn site_name(&self, number: u32) -> String {
        self.sites.get(&number).map_or_else(|| number.to_string(), |site| self.name(site))
    }

    fn name(&self, site: &Site) -> String {
        let source = match site.source() {
            Source::Pc => return site.name.clone(),
            Source::SharedKey => self.words.by_shared_key,
            Source::Import => self.words.by_import,
        };
        format!("{} ({source})", self.region_of(site))
    }

    fn region_of<'s>(&self, site: &'s Site) -> &'s str {
        if site.region == "*" { self.words.all_regions } else { &site.region }
    }

    fn site(&self, site: &Site) -> SiteLine {
        SiteLine {
            name: self.name(site),
            region: self.region_of(site).to_owned(),
            state: self.words.state(site.state()),
            last_contact: self.time_or(site.last_contact_ms, self.words.never),
            waiting: site.held,
        }
    }

    fn alert(&self, alert: &store::Alert) -> AlertLine {
        AlertLine {
            at: self.time(alert.at_ms),
            site: self.site_name(alert.site),
            kind: self.words.alert(&alert.kind),
            rows: if alert.rows == 0 { String::new() } else { alert.rows.to_string() },
            what: alert.what.clone(),
        }
    }

    fn change(&self, change: &RecentChange) -> ChangeLine {
        ChangeLine {
            at: self.time(change.at_ms),
            site: self.site_name(change.site),
            region: change.region.clone().unwrap_or_default(),
            table: self.table(&change.table).to_owned(),
            action: self.words.action(&change.action),
            content: self.content(&change.table, change.after.as_ref().or(change.before.as_ref())),
        }
    }

    /// What people call a table.
    fn table<'t>(&'t self, name: &'t str) -> &'t str {
        self.pages.of_name(name).map_or(name, |list| self.words.label(&list.label))
    }

    /// A row in one line: its columns that say something, without what not everybody may read.
    fn content(&self, table: &str, row: Option<&serde_json::Value>) -> String {
        let column = |name: &str| self.pages.column(table, name);
        let has_list = self.pages.of_name(table).is_some();
        // What a list does not name is the region, which stands beside.
        let is_hidden = |name: &str| match column(name) {
            Some(column) => column.refers() || (column.personal && !self.viewer.sees_personal()),
            None => has_list,
        };
        content(row, is_hidden, |name| {
            column(name).map_or_else(|| name.to_owned(), |column| self.words.label(&column.label).to_owned())
        })
    }

    fn activity(&self, entry: &AuditEntry) -> ActivityLine {
        // A site's name stands there as it is kept.
        let called = |text: &str| {
            let site = self.sites.values().find(|site| site.name == text);
            site.map_or_else(|| text.to_owned(), |site| self.name(site))
        };
        ActivityLine {
            at: self.time(entry.at_ms),
            who: called(&entry.who),
            action: entry.action.clone(),
            what: called(&entry.what),
        }
    }
}

fn content(
    row: Option<&serde_json::Value>,
    is_hidden: impl Fn(&str) -> bool,
    label: impl Fn(&str) -> String,
) -> String {
    use serde_json::Value;
    let Some(Value::Object(columns)) = row else { return String::new() };
    let said = columns.iter().filter_map(|(name, value)| match value {
        _ if is_hidden(name) => None,
        Value::Null | Value::Object(_) | Value::Array(_) => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(format!("{}: {}", label(name), turned(text).as_ref().unwrap_or(text))),
        other => Some(format!("{}: {other}", label(name))),
    });
    let line = said.collect::<Vec<_>>().join(", ");
    if line.chars().count() <= CONTENT_CHARS_MAX {
        line
    } else {
        line.chars().take(CONTENT_CHARS_MAX).chain(['…']).collect()
    }
}
