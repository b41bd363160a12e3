//! What people see when they do not get what they asked for: a page in their language. Programs are told in JSON, or as the
//! old guide says it.

use askama::Template;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, header, response::Parts},
    response::Response,
};

use super::{Shell, Visit};
use crate::{Language, answer::Refusal, credential, words::TroubleWords};

/// Beginnings of paths that programs ask for.
const OF_PROGRAMS: [&str; 7] =
    ["/v1", "/sync", "/health", "/status", "/metrics", "/auto-sync", "/openapi.json"];
const HTML: &str = "text/html";

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page {
    shell: Shell,
    title: &'static str,
    why: String,
}

/// Whether somebody asks for a page, and in which language.
pub(crate) fn visit(request: &Request, own: Language) -> Option<Visit> {
    let path = request.uri().path();
    let begins =
        |with: &str| path.strip_prefix(with).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_of_program = OF_PROGRAMS.into_iter().any(begins) || credential::is_shown(request.headers());
    let is_page = !is_of_program && has(request.headers(), header::ACCEPT, HTML);
    is_page.then(|| Visit::of(request.uri(), request.headers(), own))
}

fn has(headers: &HeaderMap, name: header::HeaderName, kind: &str) -> bool {
    let values = headers.get_all(name);
    values.iter().filter_map(|value| value.to_str().ok()).any(|value| value.contains(kind))
}

/// What a refusal, or an error that says nothing to people, becomes for somebody who asked for a page; `None`: it stays.
pub(crate) fn page(visit: &Visit, head: &Parts, refusal: Option<&Refusal>) -> Option<Body> {
    let (status, words) = (head.status, visit.words);
    let is_page = has(&head.headers, header::CONTENT_TYPE, HTML);
    if is_page || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let (title, why) = TroubleWords::of(words.language).said(status);
    let why = match refusal {
        None | Some(Refusal::NoPath | Refusal::NoMethod) => why.to_owned(),
        Some(refusal) => refusal.sentence(status, words.language),
    };
    let html = Page { shell: Shell::outside(visit), title, why }.render().ok()?;
    Some(Body::from(html))
}

/// The answer with that page in its place.
pub(crate) fn answered(mut head: Parts, body: Body) -> Response {
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, body)
}
