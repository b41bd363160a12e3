//! `/admin/sites`: the office PCs, how each stands, and what administrators do with them.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};
use model::SiteId;
use store::{AgentSaid, Station};

use super::{
    Person, Shell, Visit,
    admin::{self, AdminNav},
    told::{Teller, fill},
};
use crate::{answer::Refusal, app::App, login::page, words::SiteWords};

pub(super) const PATH: &str = "/admin/sites";
/// Less is not told: clocks of PCs are never quite the same. **Units**: milliseconds.
const CLOCK_MS: i64 = 2_000;

#[derive(Template)]
#[template(path = "sites.html")]
struct Page {
    shell: Shell,
    admin: AdminNav,
    words: &'static SiteWords,
    lines: Vec<Line>,
}

struct Line {
    name: String,
    region: String,
    state: &'static str,
    mark: &'static str,
    last_contact: String,
    waiting: String,
    held: u64,
    clock: String,
    version: String,
}

pub(super) async fn sites(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let stations = match app.store.stations(&person.viewer).await {
        Ok(stations) => stations,
        Err(why) => return admin::denied(why, (&app, &person, &visit), PATH),
    };
    let view = View { app: &app, words: visit.words.pcs(), teller: Teller::new(&app, &visit).await? };
    page(&Page {
        shell: Shell::of(&person, &visit, app.store.pages()),
        admin: AdminNav::of(&person.viewer, &visit),
        words: view.words,
        lines: stations.iter().map(|station| view.line(station)).collect(),
    })
}

struct View<'a> {
    app: &'a App,
    words: &'static SiteWords,
    teller: Teller<'a>,
}

impl View<'_> {
    fn line(&self, Station { site, agent }: &Station) -> Line {
        let words = self.teller.words;
        let is_on_line = site.revoked_ms.is_none() && self.app.streams.has(&SiteId(site.id));
        let (mark, state) = match site.state() {
            "active" | "new" if is_on_line => ("tag", self.words.on_line),
            "revoked" => ("quiet", words.state("revoked")),
            other => ("", words.state(other)),
        };
        let said = |of: fn(&AgentSaid) -> String| agent.as_ref().map(of).unwrap_or_default();
        Line {
            name: self.teller.site_name(site.id),
            region: self.teller.region(&site.region).to_owned(),
            state,
            mark,
            last_contact: site
                .last_contact_ms
                .map_or_else(|| words.never.to_owned(), |ms| self.teller.time(ms)),
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
}
