//! Forms count only when they come from the hub's own pages.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::app::App;

/// Refuses what another site's page made a browser send. Programs that are no browsers say nothing about an origin.
pub(crate) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if *request.method() == Method::POST && !is_own(request.headers(), app.secure) {
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(request).await
}

fn is_own(headers: &HeaderMap, secure: bool) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(origin) = text(header::ORIGIN) {
        let host = text(header::HOST).unwrap_or_default();
        let scheme = if secure { "https://" } else { "http://" };
        return origin.strip_prefix(scheme).is_some_and(|of| !of.is_empty() && of.eq_ignore_ascii_case(host));
    }
    let site = headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default());
    matches!(site, None | Some("same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(fields: &[(&'static str, &'static str)], secure: bool) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, value.parse().unwrap());
        }
        is_own(&headers, secure)
    }

    #[test]
    fn a_form_of_another_page_is_told_by_its_origin() {
        let host = ("host", "denk.example:8787");
        assert!(own(&[host, ("origin", "https://denk.example:8787")], true));
        assert!(own(&[host, ("origin", "http://denk.example:8787")], false));
        for bad in ["http://denk.example:8787", "https://denk.example", "https://evil.example", "null", ""] {
            assert!(!own(&[host, ("origin", bad)], true), "{bad}");
        }
        assert!(!own(&[("origin", "https://")], true));
        assert!(!own(&[host, ("sec-fetch-site", "cross-site")], true));
        assert!(own(&[host, ("sec-fetch-site", "same-origin")], true));
        assert!(own(&[host], true), "not a browser");
    }
}
