//! Who may look at the page: whoever shows the secret of the link, with every request, in a header.
//!
//! It is no cookie: a browser sends those to every port of this PC, so also to whatever another user of it listens on.
//! The page's script keeps the secret where only its own tab and origin (scheme, address, port) reach it, and the link
//! leads to an address with a ticket that is good once: neither history nor `Referer` hold what opens the page.
//!
//! Holds against another user of the PC with ports and programs of his own (he can neither guess nor receive the secret);
//! against any site in the same browser (it cannot send the header, read an answer, frame the page, or send its forms);
//! against a name that is made to lead here (only the address itself is answered, and the tab's secret is not that
//! name's); against old links, tickets, tabs and entries of the history (another secret after each start).
//!
//! Does not hold against whoever reads the files or memory of the agent's user, or gets the link from him. And while no
//! agent runs, anybody on the PC can take its port and show there what he likes, which a browser may go on showing (a
//! service worker): so what asks for a token may be somebody else's, unless a link of a running agent opened it in a
//! browser that was never there meanwhile.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{Language, Shared};
use crate::Random;

/// The page's own script, style and addresses; nobody's frame. Forms are sent by the script only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
const ALWAYS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Tickets that nobody used yet: more than links are clicked in one moment.
const TICKETS_MAX: usize = 4;

/// Knows the secret, and by which address the page may be asked for.
pub(super) struct Guard {
    address: String,
    secret: String,
    tickets: Mutex<VecDeque<String>>,
    random: Random,
}

impl Guard {
    pub fn new(address: SocketAddr, random: &Random) -> Self {
        let (random, secret) = (Arc::clone(random), unguessable(random));
        Self { address: address.to_string(), secret, tickets: Mutex::default(), random }
    }

    pub fn link(&self) -> String {
        format!("http://{}/?key={}", self.address, self.secret)
    }

    /// What the link's secret is exchanged for before the browser notes an address.
    pub fn ticket(&self, shown: &str) -> Option<String> {
        if !same(shown, &self.secret) {
            return None;
        }
        let ticket = unguessable(&self.random);
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        tickets.truncate(TICKETS_MAX - 1);
        tickets.push_front(ticket.clone());
        Some(ticket)
    }

    /// The secret, once for each ticket.
    pub fn open(&self, shown: &str) -> Option<&str> {
        let mut tickets = self.tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tickets.iter().position(|ticket| same(shown, ticket))?;
        tickets.remove(place);
        Some(&self.secret)
    }

    /// Another site may let its own name lead here, and may send forms; other users have other addresses of this PC.
    fn is_own(&self, method: &Method, headers: &HeaderMap) -> bool {
        let is =
            |name, wanted: &str| headers.get(name).is_some_and(|value| value.as_bytes() == wanted.as_bytes());
        let origin = || is(header::ORIGIN, &format!("http://{}", self.address));
        is(header::HOST, &self.address) && (*method == Method::GET || origin())
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        shown.and_then(|shown| shown.strip_prefix("Bearer ")).is_some_and(|shown| same(shown, &self.secret))
    }
}

fn unguessable(random: &Random) -> String {
    let mut bytes = [0; 32];
    random(&mut bytes);
    data_encoding::BASE64URL_NOPAD.encode(&bytes)
}

/// Compared by their digests, so that time tells nothing about either.
fn same(one: &str, other: &str) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

/// Of everything that is asked here: from where.
pub(super) async fn whence(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let own = shared.guard.is_own(request.method(), request.headers());
    let mut response = if own { next.run(request).await } else { refused(&shared, request.headers()) };
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Of everything that tells or changes something: by whom.
pub(super) async fn who(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let knows = shared.guard.knows(request.headers());
    if knows { next.run(request).await } else { refused(&shared, request.headers()) }
}

fn refused(shared: &Shared, headers: &HeaderMap) -> Response {
    let words = Language::of(None, headers, shared.language).words();
    (StatusCode::FORBIDDEN, words.forbidden).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::*;

    fn guard() -> Guard {
        let last = AtomicU8::new(0);
        let random: Random =
            Arc::new(move |bytes: &mut [u8]| bytes.fill(last.fetch_add(1, Ordering::Relaxed)));
        Guard::new("127.0.0.1:8788".parse().unwrap(), &random)
    }

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_what_asks_for_this_very_address_and_sends_its_own_forms_is_listened_to() {
        let asked =
            |method: Method, fields: &[(&'static str, &str)]| guard().is_own(&method, &headers(fields));
        let (host, own) = (("host", "127.0.0.1:8788"), ("origin", "http://127.0.0.1:8788"));
        assert!(asked(Method::GET, &[host]));
        assert!(asked(Method::POST, &[host, own]));
        // On another address of the PC, by whatever name, somebody else may listen.
        for other in ["evil.example:8788", "localhost:8788", "[::1]:8788", "127.0.0.1", "127.0.0.1:80", ""] {
            assert!(!asked(Method::GET, &[("host", other)]), "{other}");
            assert!(
                !asked(Method::POST, &[("host", other), ("origin", &format!("http://{other}"))]),
                "{other}"
            );
        }
        assert!(!asked(Method::POST, &[host]));
        for other in ["http://evil.example", "null", "https://127.0.0.1:8788", "http://127.0.0.1:9999"] {
            assert!(!asked(Method::POST, &[host, ("origin", other)]), "{other}");
            assert!(!asked(Method::OPTIONS, &[host, ("origin", other)]), "{other}");
        }
    }

    #[test]
    fn the_secret_is_shown_in_a_header_and_is_nothing_that_a_browser_sends_by_itself() {
        let guard = guard();
        let knows = |name, value: &str| guard.knows(&headers(&[(name, value)]));
        let secret = &guard.secret;
        assert!(knows("authorization", &format!("Bearer {secret}")));
        assert!(!knows("authorization", secret));
        assert!(!knows("authorization", &format!("Bearer {}", &secret[1..])));
        assert!(!knows("cookie", &format!("denk-8788={secret}; Authorization=Bearer {secret}")));
        assert!(!guard.knows(&HeaderMap::new()));
    }

    #[test]
    fn a_ticket_is_good_once_and_is_not_the_secret() {
        let guard = guard();
        let ticket = guard.ticket(&guard.secret).unwrap();
        assert!(!guard.knows(&headers(&[("authorization", &format!("Bearer {ticket}"))])));
        assert_eq!(guard.ticket(&ticket), None);
        assert_eq!(guard.open(&guard.secret), None);
        assert_eq!(guard.open(&ticket), Some(guard.secret.as_str()));
        assert_eq!(guard.open(&ticket), None, "what stays in a history opens nothing");
        let tickets: Vec<String> =
            std::iter::repeat_with(|| guard.ticket(&guard.secret).unwrap()).take(TICKETS_MAX + 1).collect();
        assert_eq!(guard.open(&tickets[0]), None, "nobody collects them");
        assert_eq!(guard.open(&tickets[1]), Some(guard.secret.as_str()));
    }
}
