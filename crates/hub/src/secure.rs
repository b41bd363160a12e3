//! What answers carry, and the longest that any answer may take.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::time;

use crate::{answer::Refusal, app::App};

/// Pages need nothing but the hub's own files: nothing that stands in a page runs or styles it, no frame, no other site.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const OF_PAGES: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Not `no-referrer`: browsers then hide the origin of the hub's own forms too.
    (header::REFERRER_POLICY, "same-origin"),
];

/// Browsers do not ask for the hub without TLS any more, for a year. Of a certificate that they do not know they forget it at once.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

pub(crate) async fn headers(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    // No browser shows what agents are answered: nothing has their tokens but they. To them each byte counts.
    let of_agents = request.uri().path().starts_with("/v1/");
    let of_pages = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    for (name, value) in OF_PAGES.into_iter().filter(|_| !of_agents) {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if !of_agents && app.settings.is_known_by_tls() {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
    // Answers are somebody's own data; only a hand-out, which has a tag, may be kept and asked for again. A page's files
    // are everybody's, and have other names when they are others.
    let kept = match response.headers().contains_key(header::ETAG) {
        _ if of_pages && response.status().is_success() => "public, max-age=31536000, immutable",
        true => "private, no-cache",
        false => "no-store",
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    response
}

/// For everything but uploads, which have limits of their own.
pub(crate) async fn in_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match time::timeout(app.settings.limits.request_wait, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Refusal::Busy.into_response(),
    }
}
