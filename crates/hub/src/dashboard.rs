//! `GET /dashboard`: how things stand, for people.

mod chart;
mod late;
mod teller;
mod trend;

use std::{net::SocketAddr, sync::Arc};

use askama::Template;
use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use merge::Region;
use store::{ActivityAsked, Finding, FindingsAsked, Role, Severity, Site, Source, Viewer};

use crate::{
    answer::Refusal,
    app::App,
    credential::{self, Caller},
    login::{LOGIN, PASSWORD, page},
    pages::{ACTIVITY as ACTIVITY_PATH, PageTeller, Shell, Visit},
    saying::Saying,
    session,
    words::{ActivityWords, AlertWords, OverviewWords, Words},
};
use chart::{Chart, Spark};
use teller::Teller;
use trend::Spans;

const RECENT: usize = 25;
const ACTIVITY: usize = 10;
const ALERTS: usize = 10;
/// Where all alerts are, if there is such a page.
const ALERTS_PATH: &str = "/alerts";

/// Who looks.
struct Reader {
    /// `None`: a program that shows a key, which many know: it is told how much there is, and not what.
    name: Option<String>,
    viewer: Viewer,
}

impl Reader {
    fn program() -> Self {
        Self { name: None, viewer: Viewer::new(Role::Viewer, Region::All) }
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
    said: &'static OverviewWords,
    activity_words: &'static ActivityWords,
    rev: i64,
    now: String,
    replace_shared_key: bool,
    figures: Vec<Figure>,
    counted: Vec<String>,
    regions: Vec<RegionLine>,
    total: RegionLine,
    charts: [Chart; 2],
    /// Entries by day, the newest first, and by region.
    days: TrendTable,
    hours: Vec<(String, String)>,
    /// The chart of the other number of hours.
    other_hours: (String, String),
    tables: Vec<(String, String)>,
    /// Of people who are logged in.
    details: Option<Details>,
}

/// What there is, one by one.
struct Details {
    sites: Vec<SiteLine>,
    /// The most serious.
    alerts: Vec<AlertLine>,
    alert_words: &'static AlertWords,
    alerts_href: &'static str,
    recent: Vec<ChangeLine>,
    activity: Option<Vec<ActivityLine>>,
    activity_href: &'static str,
}

/// One number.
struct Figure {
    id: &'static str,
    label: &'static str,
    number: String,
    href: &'static str,
    is_care: bool,
}

struct RegionLine {
    name: String,
    /// As the page's `counted`.
    counts: Vec<String>,
    today: String,
    last_entry: String,
    is_late: bool,
    late_sites: String,
    spark: Spark,
    spark_said: String,
}

struct TrendTable {
    regions: Vec<String>,
    lines: Vec<(String, Vec<String>)>,
}

struct SiteLine {
    name: String,
    region: String,
    state: &'static str,
    is_on_line: bool,
    is_late: bool,
    last_contact: String,
    waiting: String,
    held: u64,
    clock: String,
    is_skewed: bool,
    version: String,
}

struct AlertLine {
    /// The word of its severity for style sheets.
    mark: &'static str,
    said: Saying,
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
    let (store, viewer, words) = (&app.store, &reader.viewer, visit.words);
    let noted = store.noted(viewer);
    let alerts = match &reader.name {
        Some(_) => pressing(app, viewer).await?,
        None => Vec::new(),
    };
    // What was looked at just now is what it counts.
    let waiting = store.waiting(viewer).await?;
    let shell = Shell::around(visit, store.pages(), reader.name.as_deref(), viewer.region())
        .watching(viewer, visit, noted)
        .administering(viewer, visit)
        .counting(waiting);
    let spans = Spans::of(app.now_ms(), &app.settings.zone, visit.fields.get(trend::HOURS));
    let trend = store.trend(viewer, spans.edges()).await?;
    let status = store.status().await?;
    let pages = PageTeller::new(app, visit).await?;
    let sites = store.sites_seen(viewer).await?;
    let told = Teller { app, pages: &pages, viewer, sites: &sites, today: spans.today() };
    let regions = told.regions(&status, &trend);
    let details = match &reader.name {
        Some(_) => Some(details(&told, &shell, &alerts).await?),
        None => None,
    };
    Ok(Page {
        words,
        said: words.overview(),
        activity_words: words.activity(),
        rev: status.rev,
        now: pages.time(app.now_ms()),
        replace_shared_key: reader.is_admin()
            && app.settings.api_key.is_some()
            && pages.sites.iter().any(uses_shared_key),
        figures: told.figures(&shell, &trend, &waiting),
        counted: told.counted(),
        total: told.total(&status, &trend),
        charts: spans.charts(words, &trend),
        days: spans.days(words, &trend),
        hours: spans.hours(words, &trend),
        other_hours: spans.other_hours(words),
        tables: told.tables(&status),
        details,
        regions,
        shell,
    })
}

/// The first of what somebody has to look at, the most serious first.
async fn pressing(app: &App, viewer: &Viewer) -> Result<Vec<Finding>, Refusal> {
    let asked = FindingsAsked { rows: ALERTS, ..FindingsAsked::default() };
    let mut findings = app.store.findings(viewer, app.today(), &asked).await?.findings;
    findings.retain(|finding| finding.severity > Severity::Info);
    Ok(findings)
}

async fn details(told: &Teller<'_>, shell: &Shell, alerts: &[Finding]) -> Result<Details, Refusal> {
    let (store, viewer) = (&told.app.store, told.viewer);
    let newest = ActivityAsked { count: ACTIVITY, ..ActivityAsked::default() };
    let activity = store.activity(viewer, &newest).await?.map(|page| page.lines);
    let sayer = told.sayer();
    let alert = |finding: &Finding| AlertLine { mark: finding.severity.word(), said: sayer.say(finding) };
    let recent = store.recent(viewer.region(), RECENT).await?;
    let is_shown = |path: &'static str| if shell.leads_to(path) { path } else { "" };
    Ok(Details {
        sites: told.sites.iter().map(|site| told.site(site)).collect(),
        alerts: alerts.iter().map(alert).collect(),
        alert_words: AlertWords::of(told.pages.words.language),
        alerts_href: is_shown(ALERTS_PATH),
        recent: recent.iter().map(|change| told.change(change)).collect(),
        activity: activity.map(|entries| entries.iter().map(|entry| told.activity(entry)).collect()),
        activity_href: is_shown(ACTIVITY_PATH),
    })
}
