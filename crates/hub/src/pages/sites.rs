//! `/admin/sites`: the office PCs and how each stands; a new one, and its enrolment line, once.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use merge::Region;
use model::SiteId;
use serde::Deserialize;
use store::{AgentSaid, Denied, Enrolment, Error, Rejected, Station};

use super::{
    Person, Shell, Visit,
    admin::{self, AdminNav},
    qr::Qr,
    site,
    told::{Teller, fill},
};
use crate::{answer::Refusal, app::App, login::page, words::SiteWords};

pub(super) const PATH: &str = "/admin/sites";
pub(super) const DONE: &str = "done";
/// Less is not told: clocks of PCs are never quite the same. **Units**: milliseconds.
const CLOCK_MS: i64 = 2_000;

#[derive(Template)]
#[template(path = "sites.html")]
struct Page {
    shell: Shell,
    admin: AdminNav,
    words: &'static SiteWords,
    done: &'static str,
    lines: Vec<Line>,
    problem: String,
    /// What was typed.
    name: String,
    region: String,
    /// Of whoever administers one.
    own_region: Option<String>,
    regions: Vec<String>,
}

#[derive(Template)]
#[template(path = "enrolment.html")]
struct EnrolmentPage {
    shell: Shell,
    admin: AdminNav,
    words: &'static SiteWords,
    name: String,
    region: String,
    only_here: String,
    line: String,
    token: String,
    qr: Option<Qr>,
}

/// A PC, as people read it.
pub(super) struct Line {
    pub id: u32,
    pub name: String,
    pub region: String,
    pub state: &'static str,
    pub mark: &'static str,
    pub last_contact: String,
    pub waiting: String,
    pub held: u64,
    pub clock: String,
    pub version: String,
}

#[derive(Deserialize, Default)]
pub(super) struct Added {
    name: String,
    region: String,
}

pub(super) async fn sites(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    listed(&app, (&person, &visit), (Added::default(), String::new())).await
}

pub(super) async fn add(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Form(form): Form<Added>,
) -> Result<Response, Refusal> {
    let words = visit.words.pcs();
    let by = (&person.viewer, person.user.name.as_str());
    let near = app.store.region_like(&form.region).await?;
    let (status, problem) = match (near, by.0.administers()) {
        (Some(near), true) => (StatusCode::UNPROCESSABLE_ENTITY, fill(words.near, &[("near", &near)])),
        _ => match app.store.add_station(by, &form.name, &form.region).await {
            Ok(enrolment) => return enrolled(&app, (&person, &visit), &enrolment),
            Err(why) => match wrong(words, &why) {
                Some(problem) => problem,
                None => return admin::denied(why, (&app, &person, &visit), PATH),
            },
        },
    };
    let again = listed(&app, (&person, &visit), (form, problem)).await?;
    Ok((status, again).into_response())
}

/// What whoever typed it can mend.
pub(super) fn wrong(words: &SiteWords, why: &Denied) -> Option<(StatusCode, String)> {
    let Denied::Rejected(Rejected::Store(error)) = why else { return None };
    match error {
        Error::SiteExists(name) => Some((StatusCode::CONFLICT, fill(words.exists, &[("name", name)]))),
        Error::BadName(_) => Some((StatusCode::UNPROCESSABLE_ENTITY, words.bad_name.to_owned())),
        Error::NoToken(_) => Some((StatusCode::CONFLICT, words.no_token.to_owned())),
        _ => None,
    }
}

async fn listed(
    app: &App,
    (person, visit): (&Person, &Visit),
    (typed, problem): (Added, String),
) -> Result<Response, Refusal> {
    let stations = match app.store.stations(&person.viewer).await {
        Ok(stations) => stations,
        Err(why) => return admin::denied(why, (app, person, visit), PATH),
    };
    let view = View::new(app, visit).await?;
    let own_region = match person.viewer.region() {
        Region::All => None,
        Region::Named(name) => Some(name.clone()),
    };
    page(&Page {
        shell: Shell::of(person, visit, app.store.pages()),
        admin: AdminNav::of(&person.viewer, visit),
        words: view.words,
        done: visit.fields.get(DONE).map(|word| site::done(view.words, word)).unwrap_or_default(),
        lines: stations.iter().map(|station| view.line(station)).collect(),
        problem,
        name: typed.name,
        region: typed.region,
        regions: if own_region.is_some() { Vec::new() } else { view.regions(app).await? },
        own_region,
    })
}

/// Shows the line that nobody can be shown again.
pub(super) fn enrolled(
    app: &App,
    (person, visit): (&Person, &Visit),
    Enrolment { site, token }: &Enrolment,
) -> Result<Response, Refusal> {
    let (words, reached) = (visit.words.pcs(), &app.reached);
    let line = reached.enrolment_line(token);
    let only_here =
        if reached.only_here { fill(words.only_here, &[("url", &reached.url)]) } else { String::new() };
    page(&EnrolmentPage {
        shell: Shell::of(person, visit, app.store.pages()),
        admin: AdminNav::of(&person.viewer, visit),
        words,
        name: site.name.clone(),
        region: if site.region == "*" { visit.words.all_regions.to_owned() } else { site.region.clone() },
        only_here,
        qr: Qr::of(&line),
        line,
        token: token.clone(),
    })
}

/// Puts what the store tells of PCs into words.
pub(super) struct View<'a> {
    app: &'a App,
    pub words: &'static SiteWords,
    pub teller: Teller<'a>,
}

impl<'a> View<'a> {
    pub async fn new(app: &'a App, visit: &Visit) -> Result<Self, Refusal> {
        Ok(Self { app, words: visit.words.pcs(), teller: Teller::new(app, visit).await? })
    }

    pub fn line(&self, Station { site, agent }: &Station) -> Line {
        let words = self.teller.words;
        let is_on_line = site.revoked_ms.is_none() && self.app.streams.has(&SiteId(site.id));
        let (mark, state) = match site.state() {
            "active" | "new" if is_on_line => ("tag", self.words.on_line),
            "revoked" => ("quiet", words.state("revoked")),
            other => ("", words.state(other)),
        };
        let said = |of: fn(&AgentSaid) -> String| agent.as_ref().map(of).unwrap_or_default();
        let contact = site.last_contact_ms.map(|ms| self.teller.time(ms));
        Line {
            id: site.id,
            name: self.teller.site_name(site.id),
            region: self.teller.region(&site.region).to_owned(),
            state,
            mark,
            last_contact: contact.unwrap_or_else(|| words.never.to_owned()),
            waiting: said(|agent| agent.waiting.to_string()),
            held: site.held,
            clock: agent.as_ref().map(|agent| self.clock(agent.ahead_ms)).unwrap_or_default(),
            version: said(|agent| agent.version.clone().unwrap_or_default()),
        }
    }

    fn clock(&self, ahead_ms: i64) -> String {
        let seconds = (ahead_ms.unsigned_abs() / 1000).to_string();
        let sentence = match ahead_ms {
            ms if ms.saturating_abs() < CLOCK_MS => return self.words.clock_right.to_owned(),
            1.. => self.words.clock_ahead,
            _ => self.words.clock_behind,
        };
        fill(sentence, &[("seconds", &seconds)])
    }

    /// What can be chosen for a new PC; headquarters is told of besides.
    async fn regions(&self, app: &App) -> Result<Vec<String>, Refusal> {
        Ok(app.store.regions().await?.into_iter().filter(|region| region != "*").collect())
    }
}
