//! A request for a page: in which language, of whom.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderValue, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use store::{User, Viewer, Waiting};

use super::address::Fields;
use crate::{
    Language,
    answer::Refusal,
    app::App,
    login::{LOGIN, PASSWORD},
    session,
    words::Words,
};

/// The cookie by which a browser keeps the language that somebody chose.
const COOKIE: &str = "denk_lang";
const LANG: &str = "lang";
const YEAR_S: u32 = 365 * 24 * 60 * 60;

/// What is asked for, and in which language.
pub(crate) struct Visit {
    pub words: &'static Words,
    pub path: String,
    pub fields: Fields,
}

impl Visit {
    /// In the language that was asked for, or that was chosen before, or that the browser prefers, or the hub's own.
    pub fn of(uri: &Uri, headers: &HeaderMap, own: Language) -> Self {
        let fields = Fields::read(uri.query().unwrap_or_default());
        let asked = fields.get(LANG).and_then(Language::of_tag);
        let language = asked.or_else(|| chosen(headers)).or_else(|| Language::asked(headers)).unwrap_or(own);
        Self { words: Words::of(language), path: uri.path().to_owned(), fields }
    }

    /// The same page in the other language.
    pub fn other(&self) -> String {
        self.fields.with(LANG, Some(self.words.other_tag)).on(&self.path)
    }
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.uri, &parts.headers, app.settings.language))
    }
}

fn chosen(headers: &HeaderMap) -> Option<Language> {
    Language::of_tag(session::cookie_of(headers, COOKIE)?)
}

/// Keeps the language that an address asks for: the next page is in it as well.
pub(crate) async fn remember(request: Request, next: Next) -> Response {
    let fields = Fields::read(request.uri().query().unwrap_or_default());
    let asked = fields.get(LANG).and_then(Language::of_tag);
    let is_new = asked.is_some_and(|asked| chosen(request.headers()) != Some(asked));
    let mut response = next.run(request).await;
    if let Some(language) = asked.filter(|_| is_new) {
        let tag = Words::of(language).tag;
        let cookie = format!("{COOKIE}={tag}; Path=/; HttpOnly; SameSite=Lax; Max-Age={YEAR_S}");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// Somebody who is logged in; others are sent where they can.
pub(crate) struct Person {
    pub user: User,
    pub viewer: Viewer,
    /// What there is to decide.
    pub waiting: Waiting,
    /// Up to here the page tells what people and PCs did.
    pub noted: i64,
}

impl FromRequestParts<Arc<App>> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Self::Rejection> {
        let found = session::person(app, &parts.headers).await.map_err(Refusal::into_response)?;
        match found {
            None => Err(Redirect::to(LOGIN).into_response()),
            Some(user) if user.must_change => Err(Redirect::to(PASSWORD).into_response()),
            Some(user) => {
                let viewer = Viewer::of(&user);
                let noted = app.store.noted(&viewer);
                let waiting = app.store.waiting(&viewer).await;
                let waiting = waiting.map_err(|error| Refusal::from(error).into_response())?;
                Ok(Self { noted, viewer, user, waiting })
            }
        }
    }
}
