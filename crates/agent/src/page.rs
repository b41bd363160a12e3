//! The local page: how the synchronisation stands, and its settings, for the people of this PC.
//!
//! Anybody gets a shell that says nothing. Its script asks for the page and sends the forms, and shows the secret of the
//! link with every request ([`guard`] says why it is no cookie).

mod guard;
mod told;
mod view;
mod words;

use std::{future::pending, io, sync::Arc, time::Duration};

use axum::{
    Form, Json, Router,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, StatusCode, header},
    middleware,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use replica::wire::{Conflict, Hello, Welcome};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::{Agent, Cause, Enrolment, Hub as _, Kind, Link, NoEnrolment, Random, Settings};
use view::{Live, Note, Reader, Shell, View};
pub use words::Language;

/// Longest form. **Units**: bytes.
const FORM_BYTES_MAX: usize = 16 << 10;

/// The page before it is served.
pub struct Page {
    agent: Agent,
    language: Language,
    zone: jiff::tz::TimeZone,
    guard: guard::Guard,
    listener: TcpListener,
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
        let guard = guard::Guard::new(listener.local_addr()?, random);
        Ok(Self { agent, language, zone, guard, listener })
    }

    /// What opens the page, for the people of this PC only.
    #[must_use]
    pub fn link(&self) -> String {
        self.guard.link()
    }

    /// Tells the status line whenever it is another one, as the page shows it.
    pub fn follow<T: Fn(&str)>(&self, tell: T) -> impl Future<Output = ()> + use<T> {
        let (agent, reader) =
            (self.agent.clone(), Reader { language: self.language, zone: self.zone.clone() });
        async move {
            let (mut states, mut last) = (agent.states(), String::new());
            loop {
                states.borrow_and_update();
                let now = Live::new(&agent, &reader).status;
                if now != last {
                    tell(&now);
                    last = now;
                }
                if states.changed().await.is_err() {
                    return pending().await;
                }
            }
        }
    }

    /// Answers until it is given up.
    ///
    /// # Errors
    /// What the system says.
    pub async fn serve(self) -> io::Result<()> {
        let Self { agent, language, zone, guard, listener } = self;
        axum::serve(listener, router(Shared { agent, language, zone, guard })).await
    }
}

fn router(shared: Shared) -> Router {
    let shared = Arc::new(shared);
    // Anybody may ask for these; the link and its ticket look at what they are shown by themselves.
    let open = Router::new()
        .route("/", get(shell))
        .route("/open", post(open))
        .route("/page.js", get(script))
        .route("/page.css", get(style))
        .route("/icon.svg", get(icon));
    Router::new()
        .route("/page", get(page))
        .route("/state", get(state))
        .route("/settings", post(save))
        .route("/test", post(test))
        .route("/sync", post(sync))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::who))
        .merge(open)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::whence))
        .with_state(shared)
}

#[derive(Default, Deserialize)]
struct Asked {
    lang: Option<String>,
    /// The secret of the link.
    key: Option<String>,
}

impl Shared {
    fn reader(&self, asked: &Asked, headers: &HeaderMap) -> Reader {
        let language = Language::of(asked.lang.as_deref(), headers, self.language);
        Reader { language, zone: self.zone.clone() }
    }
}

/// The link leads on to an address without the secret.
async fn shell(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let words = shared.reader(&asked, &headers).words();
    match asked.key {
        None => html(&Shell { words }),
        Some(key) => match shared.guard.ticket(&key) {
            Some(ticket) => Redirect::to(&format!("/#{ticket}")).into_response(),
            None => (StatusCode::FORBIDDEN, words.forbidden).into_response(),
        },
    }
}

async fn open(State(shared): State<Arc<Shared>>, ticket: String) -> Response {
    match shared.guard.open(&ticket) {
        Some(secret) => secret.to_owned().into_response(),
        None => StatusCode::FORBIDDEN.into_response(),
    }
}

async fn page(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let reader = shared.reader(&asked, &headers);
    let settings = shared.agent.settings();
    let conflicts = reader.conflicts(settings.active, conflicts(&settings).await);
    html(&View::new(&shared.agent, &reader, conflicts))
}

fn html(template: &impl askama::Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Conflicts of this office, as the hub has them, and how many more; `None` when it cannot be asked.
async fn conflicts(settings: &Settings) -> Option<(Vec<Conflict>, u64)> {
    if !settings.active {
        return None;
    }
    let asked = async { Link::new(&settings.hub)?.conflicts().await };
    match tokio::time::timeout(CONFLICTS_WAIT, asked).await {
        Ok(Ok(found)) => return Some(found),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the conflicts cannot be shown");
        }
        Err(_) => tracing::warn!("the conflicts cannot be shown: the hub takes too long"),
    }
    None
}

/// The page does not wait longer for a hub that does not answer.
const CONFLICTS_WAIT: Duration = Duration::from_secs(3);

async fn state(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    Json(Live::new(&shared.agent, &shared.reader(&asked, &headers))).into_response()
}

/// The form of the settings. An empty token is the one that is kept.
#[derive(Deserialize)]
struct Wanted {
    active: Option<String>,
    #[serde(default)]
    url: String,
    #[serde(default)]
    token: String,
}

impl Wanted {
    /// The whole enrolment line may stand in either field, and is then all that counts.
    fn hub(&self, kept: &Enrolment) -> Result<Enrolment, NoEnrolment> {
        let token = Some(self.token.as_str()).filter(|token| !token.trim().is_empty());
        Enrolment::given(&self.url, token, Some(kept))
    }
}

async fn save(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Json<Note> {
    let reader = shared.reader(&asked, &headers);
    let settings = shared.agent.settings();
    Json(match wanted.hub(&settings.hub) {
        Ok(hub) => match shared.agent.change(Settings { active: wanted.active.is_some(), hub, ..settings }) {
            Ok(()) => Note::good(reader.words().saved),
            Err(_) => Note::bad(reader.words().not_saved),
        },
        Err(error) => Note::trouble(reader.language.of_enrolment(error)),
    })
}

/// Asks the hub with exactly what stands in the form whether it would let this office in. Nothing is kept or sent.
async fn test(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Json<Note> {
    let reader = shared.reader(&asked, &headers);
    Json(match wanted.hub(&shared.agent.settings().hub) {
        Ok(hub) => match reach(&shared.agent, &hub).await {
            Ok(welcome) => reader.reached(&welcome),
            Err(kind) => Note::trouble(reader.language.of_kind(kind)),
        },
        Err(error) => Note::trouble(reader.language.of_enrolment(error)),
    })
}

async fn reach(agent: &Agent, hub: &Enrolment) -> Result<Welcome, Kind> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let hello = Hello {
        version,
        clock_ms: agent.now_ms(),
        waiting: agent.state().report.waiting,
        ..Hello::default()
    };
    let asked = async { Link::new(hub)?.hello(&hello).await };
    match tokio::time::timeout(REACH_WAIT, asked).await {
        Ok(answer) => answer.map_err(|error| Kind::of_link(&error)),
        Err(_) => Err(Kind::Away(Cause::TimedOut)),
    }
}

/// Whoever tries the connection does not look at a page that does nothing for longer.
const REACH_WAIT: Duration = Duration::from_secs(15);

async fn sync(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Json<Note> {
    let (active, words) = (shared.agent.settings().active, shared.reader(&asked, &headers).words());
    let state = shared.agent.sync_now().await;
    Json(match state.trouble {
        Some(_) => Note::bad(words.not_synced),
        None if active => Note::good(words.synced),
        None => Note::bad(words.off),
    })
}

async fn script() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../templates/page.js"))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../templates/page.css"))
}

async fn icon() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("../templates/icon.svg"))
}
