//! Who may look at the page.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use sha2::{Digest, Sha256};

use super::{Language, Shared};

/// The page's own script, style and addresses; nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Knows the secret, and by which names the page may be asked for.
pub(super) struct Guard {
    /// Compared instead of the secret, so that time tells nothing about it.
    secret: [u8; 32],
    port: u16,
}

impl Guard {
    pub fn new(secret: &str, port: u16) -> Self {
        Self { secret: Sha256::digest(secret).into(), port }
    }

    fn is(&self, shown: &str) -> bool {
        <[u8; 32]>::from(Sha256::digest(shown)) == self.secret
    }

    /// Another site may let its own name lead here.
    fn is_here(&self, host: &str) -> bool {
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| host == format!("{name}:{}", self.port))
    }

    /// The cookie's name tells agents of one PC apart: cookies know no ports.
    fn cookie(&self) -> String {
        format!("denk-{}", self.port)
    }

    fn allows(&self, method: &Method, headers: &HeaderMap) -> Result<(), Refused> {
        let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or_default());
        let host = text(header::HOST).unwrap_or_default();
        if !self.is_here(host) {
            return Err(Refused::Host);
        }
        let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|from| from == host);
        if *method != Method::GET && !text(header::ORIGIN).is_some_and(own) {
            return Err(Refused::Origin);
        }
        let name = self.cookie();
        let mut cookies = text(header::COOKIE).unwrap_or_default().split(';').map(str::trim);
        let shown = cookies.find_map(|cookie| cookie.strip_prefix(&name)?.strip_prefix('='));
        if shown.is_some_and(|shown| self.is(shown)) { Ok(()) } else { Err(Refused::Secret) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Host,
    Origin,
    Secret,
}

pub(super) async fn check(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let guard = &shared.guard;
    let language = Language::of(None, request.headers(), shared.language);
    let allowed = guard.allows(request.method(), request.headers());
    let mut response = match (allowed, key(request.uri())) {
        (Ok(()), None) => next.run(request).await,
        // The secret goes from the link into a cookie, and out of the browser's line.
        (Ok(()) | Err(Refused::Secret), Some(shown)) if guard.is(shown) => let_in(&guard.cookie(), shown),
        _ => (StatusCode::FORBIDDEN, language.words().forbidden).into_response(),
    };
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn key(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|part| part.strip_prefix("key="))
}

fn let_in(cookie: &str, secret: &str) -> Response {
    let cookie = format!("{cookie}={secret}; HttpOnly; SameSite=Strict; Path=/");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: &Method, fields: &[(&'static str, &'static str)]) -> Result<(), Refused> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.insert(*name, value.parse().unwrap());
        }
        Guard::new("secret", 8788).allows(method, &headers)
    }

    #[test]
    fn the_page_is_for_who_has_the_secret_asks_for_this_pc_and_sends_its_own_forms() {
        let (host, cookie) = (("host", "127.0.0.1:8788"), ("cookie", "a=b; denk-8788=secret"));
        let own = ("origin", "http://127.0.0.1:8788");
        assert_eq!(asked(&Method::GET, &[host, cookie]), Ok(()));
        assert_eq!(asked(&Method::POST, &[host, cookie, own]), Ok(()));
        assert_eq!(asked(&Method::GET, &[host]), Err(Refused::Secret));
        assert_eq!(asked(&Method::GET, &[host, ("cookie", "denk-8788=secre")]), Err(Refused::Secret));
        assert_eq!(asked(&Method::GET, &[host, ("cookie", "denk-8789=secret")]), Err(Refused::Secret));
        for other in ["evil.example:8788", "127.0.0.1", "127.0.0.1:80", ""] {
            assert_eq!(asked(&Method::GET, &[("host", other), cookie]), Err(Refused::Host), "{other}");
        }
        assert_eq!(asked(&Method::POST, &[host, cookie]), Err(Refused::Origin));
        for other in ["http://evil.example", "null", "https://127.0.0.1:8788", "http://localhost:8788"] {
            assert_eq!(
                asked(&Method::POST, &[host, cookie, ("origin", other)]),
                Err(Refused::Origin),
                "{other}"
            );
        }
    }
}
