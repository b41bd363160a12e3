//! The administration: which pages it has, who is led there, and what stands above each of them.
//!
//! A new page adds itself to [`PAGES`], calls [`nav`](admin_nav.html) above its content, and answers with [`denied`] whomever
//! the store denies it.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use store::{Denied, Viewer};

use super::{
    Person, Shell, Visit, backups, settings,
    shell::{Link, current},
    sites, told, users,
};
use crate::{
    answer::Refusal,
    app::App,
    login::page,
    words::{AdminWords, Words},
};

pub(crate) const PATH: &str = "/admin";
/// Where whoever asks for the administration as a whole is led.
pub(crate) const FIRST: &str = sites::PATH;

struct Page {
    path: &'static str,
    label: fn(&Words) -> &'static str,
    is_for: fn(&Viewer) -> bool,
}

/// **Order**: as people see them.
const PAGES: [Page; 4] = [
    Page { path: sites::PATH, label: |words| words.admin().sites, is_for: Viewer::administers },
    Page { path: users::PATH, label: |words| words.people.users, is_for: Viewer::administers },
    Page { path: backups::PATH, label: |words| words.backups().backups, is_for: Viewer::administers_hub },
    Page { path: settings::PATH, label: |words| words.settings().settings, is_for: Viewer::administers_hub },
];

/// What stands above a page of the administration.
pub(crate) struct AdminNav {
    pub words: &'static AdminWords,
    pub links: Vec<Link>,
}

impl AdminNav {
    pub fn of(viewer: &Viewer, visit: &Visit) -> Self {
        let words = visit.words.admin();
        let links = PAGES.iter().filter(|page| (page.is_for)(viewer)).map(|page| Link {
            href: page.path.to_owned(),
            label: (page.label)(visit.words).to_owned(),
            current: current(&visit.path, page.path),
            count: 0,
        });
        Self { words, links: links.collect() }
    }
}

/// The entry in the navigation of all pages; `None` for whoever administers nothing.
pub(super) fn entry(viewer: &Viewer, visit: &Visit) -> Option<Link> {
    let nav = AdminNav::of(viewer, visit);
    let is_here = nav.links.iter().any(|link| !link.current.is_empty());
    let first = nav.links.into_iter().next()?;
    let (label, current) = (nav.words.administration.to_owned(), if is_here { "true" } else { "" });
    Some(Link { label, current, ..first })
}

#[derive(Template)]
#[template(path = "not_yours.html")]
struct NotYours {
    shell: Shell,
    words: &'static AdminWords,
}

/// To whoever asks for a page of the administration, or does something there, that is not theirs; what the store could not
/// do is everybody's trouble.
pub(crate) fn denied(
    denied: Denied,
    (app, person, visit): (&App, &Person, &Visit),
    back: &str,
) -> Result<Response, Refusal> {
    let shell = Shell::of(person, visit, app.store.pages());
    match denied {
        Denied::Role => {
            let told = page(&NotYours { shell, words: visit.words.admin() })?;
            Ok((StatusCode::FORBIDDEN, told).into_response())
        }
        denied => told::denied(denied, (shell, visit.words), back.to_owned()),
    }
}
