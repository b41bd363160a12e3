//! The local page: how the synchronisation stands, and its settings, for the people of this PC.
//!
//! Only whoever has the secret sees it (the agent prints a link with it at its start), only under this PC's own name, and
//! only its own forms count: so neither another user of the PC nor a page of another site can look or change anything.

mod guard;
mod view;
mod words;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Form, Json, Router,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use replica::wire::Hello;
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::{Agent, Enrolment, Kind, Link, NoEnrolment, Random, Settings};
use view::{Note, View};
pub use words::Language;

/// Longest form. **Units**: bytes.
const FORM_BYTES_MAX: usize = 16 << 10;

/// The page before it is served.
pub struct Page {
    agent: Agent,
    language: Language,
    zone: jiff::tz::TimeZone,
    secret: String,
    listener: TcpListener,
    address: SocketAddr,
}

struct Shared {
    agent: Agent,
    /// What the page speaks where the browser does not say.
    language: Language,
    zone: jiff::tz::TimeZone,
    guard: guard::Guard,
}

impl Page {
    /// Takes the address; nobody is answered yet. `random` fills bytes that nobody can guess.
    ///
    /// # Errors
    /// The address is taken, or is not one of this PC itself.
    pub async fn bind(
        agent: Agent,
        language: Language,
        zone: jiff::tz::TimeZone,
        random: &Random,
    ) -> io::Result<Self> {
        let listen = agent.settings().listen;
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                format!("{listen} is not this PC itself"),
            ));
        }
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let mut bytes = [0; 32];
        random(&mut bytes);
        let secret = data_encoding::BASE64URL_NOPAD.encode(&bytes);
        Ok(Self { agent, language, zone, secret, listener, address })
    }

    /// What opens the page, for the people of this PC only.
    #[must_use]
    pub fn link(&self) -> String {
        format!("http://{}/?key={}", self.address, self.secret)
    }

    /// Answers until `stop` ends.
    ///
    /// # Errors
    /// What the system says.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let router = self.router();
        axum::serve(self.listener, router).with_graceful_shutdown(stop).await
    }

    fn router(&self) -> Router {
        let guard = guard::Guard::new(&self.secret, self.address.port());
        let (agent, language, zone) = (self.agent.clone(), self.language, self.zone.clone());
        let shared = Arc::new(Shared { agent, language, zone, guard });
        Router::new()
            .route("/", get(page))
            .route("/state", get(state))
            .route("/settings", post(save))
            .route("/test", post(test))
            .route("/sync", post(sync))
            .route("/page.js", get(script))
            .route("/page.css", get(style))
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::check))
            .with_state(shared)
    }
}

#[derive(Default, Deserialize)]
struct Asked {
    lang: Option<String>,
    /// What the last form came to.
    note: Option<String>,
}

async fn page(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let language = Language::of(asked.lang.as_deref(), &headers, shared.language);
    let note = asked.note.as_deref().and_then(Note::of_word);
    let conflicts = conflicts(&shared.agent.settings()).await;
    let view = View::new(&shared.agent, language, &shared.zone, note, conflicts);
    match askama::Template::render(&view) {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Conflicts of this office, as the hub has them; none when it is away.
async fn conflicts(settings: &Settings) -> Option<Vec<replica::wire::Conflict>> {
    if !settings.active {
        return None;
    }
    let link = Link::new(&settings.hub).ok()?;
    tokio::time::timeout(CONFLICTS_WAIT, link.conflicts()).await.ok()?.ok()
}

/// The page does not wait longer for a hub that does not answer.
const CONFLICTS_WAIT: std::time::Duration = std::time::Duration::from_secs(3);

async fn state(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(asked.lang.as_deref(), &headers, shared.language);
    Json(view::Live::new(&shared.agent, language, &shared.zone)).into_response()
}

/// The form of the settings. An empty token is the one that is kept.
#[derive(Deserialize)]
struct Wanted {
    active: Option<String>,
    url: String,
    token: String,
}

impl Wanted {
    /// The whole enrolment line may stand in the address, and is then all that counts.
    fn hub(&self, kept: &Enrolment) -> Result<Enrolment, NoEnrolment> {
        if self.url.contains('#') {
            return self.url.parse();
        }
        let token = if self.token.trim().is_empty() { &kept.token } else { &self.token };
        let hub = Enrolment::new(&self.url, token, None)?;
        // Of the same hub the certificate stays known.
        let fingerprint = kept.fingerprint.filter(|_| hub.url == kept.url);
        Ok(Enrolment { fingerprint, ..hub })
    }
}

async fn save(State(shared): State<Arc<Shared>>, Form(wanted): Form<Wanted>) -> Redirect {
    let settings = shared.agent.settings();
    let note = match wanted.hub(&settings.hub) {
        Ok(hub) => {
            let active = wanted.active.is_some();
            match shared.agent.change(Settings { active, hub, ..settings }) {
                Ok(()) => Note::Saved,
                Err(_) => Note::NotSaved,
            }
        }
        Err(error) => Note::of_enrolment(error),
    };
    back(note)
}

/// Asks the hub with exactly what stands in the form whether it would let this office in. Nothing is kept or sent.
async fn test(State(shared): State<Arc<Shared>>, Form(wanted): Form<Wanted>) -> Redirect {
    let settings = shared.agent.settings();
    let hub = match wanted.hub(&settings.hub) {
        Ok(hub) => hub,
        Err(error) => return back(Note::of_enrolment(error)),
    };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let hello =
        Hello { version, clock_ms: shared.agent.now_ms(), waiting: shared.agent.state().report.waiting };
    let asked = async { Link::new(&hub)?.hello(&hello).await };
    let note = match asked.await {
        Ok(_) => Note::Reached,
        Err(error) => Note::of_kind(Kind::of(&error)),
    };
    back(note)
}

async fn sync(State(shared): State<Arc<Shared>>) -> Redirect {
    let state = shared.agent.sync_now().await;
    back(if state.trouble.is_some() { Note::NotSynced } else { Note::Synced })
}

/// After a form the browser asks for the page, so that reloading it sends nothing again.
fn back(note: Note) -> Redirect {
    Redirect::to(&format!("/?note={}", note.word()))
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../templates/page.js"))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../templates/page.css"))
}
