//! `/admin/sites/{id}`: one office PC: renamed, given a new enrolment line, cut off.

use std::sync::Arc;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{Denied, Station};

use super::{
    Person, Shell, Visit,
    admin::{self, AdminNav},
    sites::{self, DONE, Line, View, enrolled, wrong},
};
use crate::{answer::Refusal, app::App, login::page, words::SiteWords};

pub(super) const PATH: &str = "/admin/sites/{id}";
const DO: &str = "do";
const RENAME: &str = "rename";
const RENEW: &str = "renew";
const REVOKE: &str = "revoke";

#[derive(Template)]
#[template(path = "site.html")]
struct Page {
    shell: Shell,
    admin: AdminNav,
    words: &'static SiteWords,
    line: Line,
    created: String,
    revoked: String,
    renames: bool,
    renews: bool,
    revokes: bool,
    /// In the field.
    name: String,
    problem: String,
    /// What is about to be done: its word, its button, and what happens then.
    sure: Option<(&'static str, &'static str, &'static str)>,
}

#[derive(Deserialize)]
pub(super) struct Act {
    r#do: String,
    #[serde(default)]
    name: String,
}

/// What was done, for the list; nothing of what nobody does.
pub(super) fn done(words: &SiteWords, word: &str) -> &'static str {
    match word {
        RENAME => words.was_renamed,
        REVOKE => words.was_revoked,
        _ => "",
    }
}

/// What happens is said before it is done.
fn sure(words: &SiteWords, word: &str) -> Option<(&'static str, &'static str, &'static str)> {
    match word {
        RENEW => Some((RENEW, words.renew, words.sure_renew)),
        REVOKE => Some((REVOKE, words.revoke, words.sure_revoke)),
        _ => None,
    }
}

pub(super) async fn site(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    match find(&app, &person, &id).await {
        Ok(station) => {
            shown(&app, (&person, &visit), &station, (station.site.name.clone(), String::new())).await
        }
        Err(why) => admin::denied(why, (&app, &person, &visit), sites::PATH),
    }
}

pub(super) async fn act(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<Act>,
) -> Result<Response, Refusal> {
    let asked = (&person, &visit);
    let done = match find(&app, &person, &id).await {
        Ok(station) => carry_out(&app, asked, &station, &form).await,
        Err(why) => Err(why),
    };
    let why = match done {
        Ok(done) => return done,
        Err(why) => why,
    };
    let Some((status, problem)) = wrong(visit.words.pcs(), &why) else {
        return admin::denied(why, (&app, &person, &visit), sites::PATH);
    };
    match find(&app, &person, &id).await {
        Ok(station) => {
            Ok((status, shown(&app, asked, &station, (form.name, problem)).await?).into_response())
        }
        Err(why) => admin::denied(why, (&app, &person, &visit), sites::PATH),
    }
}

async fn find(app: &App, person: &Person, id: &str) -> Result<Station, Denied> {
    // Nobody's number, for whoever may not ask.
    app.store.station(&person.viewer, id.parse().unwrap_or_default()).await
}

async fn carry_out(
    app: &App,
    (person, visit): (&Person, &Visit),
    station: &Station,
    form: &Act,
) -> Result<Result<Response, Refusal>, Denied> {
    let (by, id) = ((&person.viewer, person.user.name.as_str()), station.site.id);
    match form.r#do.as_str() {
        RENAME => app.store.rename_station(by, id, &form.name).await?,
        RENEW => {
            let enrolment = app.store.renew_station(by, id).await?;
            return Ok(enrolled(app, (person, visit), &enrolment));
        }
        REVOKE => app.store.revoke_station(by, id).await?,
        _ => return Err(Denied::Missing),
    }
    Ok(Ok(Redirect::to(&format!("{}?{DONE}={}", sites::PATH, form.r#do)).into_response()))
}

async fn shown(
    app: &App,
    (person, visit): (&Person, &Visit),
    station: &Station,
    (name, problem): (String, String),
) -> Result<Response, Refusal> {
    let (view, site) = (View::new(app, visit).await?, &station.site);
    let lives = site.revoked_ms.is_none();
    let asked = visit.fields.get(DO).filter(|_| lives);
    let shown = page(&Page {
        shell: Shell::of(person, visit, app.store.pages()),
        admin: AdminNav::of(&person.viewer, visit),
        words: view.words,
        line: view.line(station),
        created: view.teller.time(site.created_ms),
        revoked: site.revoked_ms.map(|ms| view.teller.time(ms)).unwrap_or_default(),
        // Names of sites behind the shared key are not people's.
        renames: !site.shared,
        renews: lives && !site.shared,
        revokes: lives,
        name,
        problem,
        sure: asked
            .and_then(|word| sure(view.words, word))
            .filter(|(word, ..)| *word != RENEW || !site.shared),
    })?;
    Ok((StatusCode::OK, shown).into_response())
}
