//! What the pages have in common on which people decide: a short answer, times, and what a PC is called.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::tz::TimeZone;
use store::{Denied, Pages, Site, Source};

use super::{Person, Shell, Visit};
use crate::{
    answer::Refusal,
    app::{App, local_time, moment},
    login::page,
    words::{DecisionWords, Words},
};

#[derive(Template)]
#[template(path = "told.html")]
struct Told {
    shell: Shell,
    words: &'static DecisionWords,
    title: &'static str,
    lines: Vec<String>,
    back: String,
}

/// A page that says what became of a decision, and leads back.
pub(super) fn told(
    (shell, words): (Shell, &'static Words),
    (status, title): (StatusCode, &'static str),
    lines: Vec<String>,
    back: String,
) -> Result<Response, Refusal> {
    let told = page(&Told { shell, words: words.decisions, title, lines, back })?;
    Ok((status, told).into_response())
}

/// Why somebody does not decide; what the store could not do is everybody's trouble.
pub(super) fn denied(
    denied: Denied,
    around: (Shell, &'static Words),
    back: String,
) -> Result<Response, Refusal> {
    let words = around.1;
    let (status, title, why) = match denied {
        Denied::Missing => (StatusCode::NOT_FOUND, words.lists.missing, words.decisions.missing),
        Denied::Role => (StatusCode::FORBIDDEN, words.decisions.not_done, words.decisions.role),
        Denied::Rejected(rejected) => return Err(rejected.into()),
    };
    told(around, (status, title), vec![why.to_owned()], back)
}

/// Puts what the store tells into the words of a page.
pub(crate) struct Teller<'a> {
    pub words: &'static Words,
    pub zone: &'a TimeZone,
    pub pages: &'a Pages,
    pub sites: Vec<Site>,
}

impl<'a> Teller<'a> {
    pub async fn new(app: &'a App, visit: &Visit) -> Result<Self, Refusal> {
        let sites = app.store.sites().await?;
        Ok(Self { words: visit.words, zone: &app.settings.zone, pages: app.store.pages(), sites })
    }

    pub fn shell(&self, person: &Person, visit: &Visit) -> Shell {
        Shell::of(person, visit, self.pages)
    }

    pub fn time(&self, ms: i64) -> String {
        local_time(ms, self.zone)
    }

    /// To the second.
    pub fn moment(&self, ms: i64) -> String {
        moment(ms).to_zoned(self.zone.clone()).strftime("%d.%m.%Y %H:%M:%S").to_string()
    }

    pub fn site(&self, number: u32) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == number)
    }

    /// What people call a PC; of none it is headquarters.
    pub fn site_name(&self, number: u32) -> String {
        let Some(site) = self.site(number) else { return self.words.lists.headquarters.to_owned() };
        let source = match site.source() {
            Source::Pc => return site.name.clone(),
            Source::SharedKey => self.words.by_shared_key,
            Source::Import => self.words.by_import,
        };
        format!("{} ({source})", self.region(&site.region))
    }

    pub fn region<'r>(&self, region: &'r str) -> &'r str {
        if region == "*" { self.words.all_regions } else { region }
    }

    /// What people call a table.
    pub fn table(&self, name: &str) -> String {
        self.pages.of_name(name).map_or(name, |list| self.words.label(&list.label)).to_owned()
    }
}

/// A sentence with what it names; what a person wrote stands last.
pub(crate) fn fill(sentence: &str, named: &[(&str, &str)]) -> String {
    let put = |said: String, (name, text): &(&str, &str)| said.replace(&format!("{{{name}}}"), text);
    named.iter().fold(sentence.to_owned(), put)
}
