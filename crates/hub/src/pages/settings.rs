//! `/admin/settings`: what the hub runs with. Nothing is changed here.

use std::{sync::Arc, time::Duration};

use askama::Template;
use axum::{extract::State, response::Response};
use store::Whereabouts;

use super::{
    Person, Shell, Visit,
    admin::{self, AdminNav},
    shown,
    told::fill,
};
use crate::{
    Configured, ConfiguredIn, Language, Transport, answer::Refusal, app::App, login::page,
    words::SettingWords,
};

pub(super) const PATH: &str = "/admin/settings";

#[derive(Template)]
#[template(path = "settings.html")]
struct Page {
    shell: Shell,
    admin: AdminNav,
    words: &'static SettingWords,
    facts: Vec<(&'static str, String)>,
    /// Name, value, and where it comes from.
    lines: Vec<(String, String, String)>,
    limits: Vec<(&'static str, String)>,
}

pub(super) async fn settings(
    State(app): State<Arc<App>>,
    person: Person,
    visit: Visit,
) -> Result<Response, Refusal> {
    let store = match app.store.whereabouts(&person.viewer).await {
        Ok(store) => store,
        Err(why) => return admin::denied(why, (&app, &person, &visit), PATH),
    };
    let words = visit.words.settings();
    page(&Page {
        shell: Shell::of(&person, &visit, app.store.pages()),
        admin: AdminNav::of(&person.viewer, &visit),
        words,
        facts: facts(&app, (words, visit.words.language), &store),
        lines: app.settings.configured.iter().map(|setting| line(words, setting)).collect(),
        limits: limits(&app, (words, visit.words.language)),
    })
}

fn facts(
    app: &App,
    (words, language): (&SettingWords, Language),
    store: &Whereabouts,
) -> Vec<(&'static str, String)> {
    let (settings, reached) = (&app.settings, &app.reached);
    let only_here = if reached.only_here { format!(" ({})", words.only_here) } else { String::new() };
    let transport = match settings.transport {
        Transport::BehindProxy => words.behind_proxy,
        _ if reached.fingerprint.is_none() => words.plain,
        Transport::Files { .. } => words.given_certificate,
        Transport::Auto => words.own_certificate,
    };
    let place = store.file.as_ref().map(|file| file.display().to_string());
    let place = place.unwrap_or_else(|| words.on_a_server.to_owned());
    let shared_key = if settings.api_key.is_some() { words.shared_key_is } else { words.shared_key_is_not };
    let facts = [
        (words.address, Some([reached.url.as_str(), &only_here].concat())),
        (words.listens, Some(settings.listen.to_string())),
        (words.transport, Some(transport.to_owned())),
        (
            words.fingerprint,
            Some(reached.fingerprint.clone().unwrap_or_else(|| words.no_fingerprint.to_owned())),
        ),
        (words.version, Some(format!("denk {}", env!("CARGO_PKG_VERSION")))),
        (words.store, Some(format!("{} {}, {place}", store.product, store.version))),
        (words.size, store.bytes.map(|bytes| shown::size(language, bytes))),
        (words.rev, Some(shown::whole(language, store.rev))),
        (words.folder, Some(settings.data_folder.display().to_string())),
        (words.zone, settings.zone.iana_name().map(str::to_owned)),
        (words.shared_key, Some(shared_key.to_owned())),
    ];
    facts.into_iter().filter_map(|(label, text)| Some((label, text?))).collect()
}

fn line(words: &SettingWords, Configured { name, value, origin }: &Configured) -> (String, String, String) {
    let place = match origin {
        ConfiguredIn::Default => words.default.to_owned(),
        ConfiguredIn::File { path, line } => fill(words.file, &[("line", &line.to_string()), ("path", path)]),
        ConfiguredIn::Environment(name) => fill(words.environment, &[("name", name)]),
        ConfiguredIn::Flag(name) => fill(words.flag, &[("name", name)]),
    };
    (name.clone(), value.clone().unwrap_or_else(|| words.missing.to_owned()), place)
}

fn limits(app: &App, (words, language): (&SettingWords, Language)) -> Vec<(&'static str, String)> {
    let limits = &app.settings.limits;
    let count = |count: usize| shown::whole(language, i64::try_from(count).unwrap_or(i64::MAX));
    let time = |time: Duration| fill(words.seconds, &[("count", &time.as_secs().to_string())]);
    vec![
        (words.upload, shown::size(language, limits.upload_bytes_max)),
        (words.uploads, count(limits.uploads_max)),
        (words.waiting, count(limits.uploads_waiting_max)),
        (words.merging, shown::size(language, limits.merging_bytes_max)),
        (words.connections, count(limits.connections_max)),
        (words.upload_wait, time(limits.upload_wait)),
        (words.request_wait, time(limits.request_wait)),
    ]
}
