//! The local page: how the synchronisation stands, and its settings, for the people of this PC.
//!
//! Only whoever has the secret sees it (the agent prints a link with it at its start), only under this PC's own name, and
//! only its own forms count: so neither another user of the PC nor a page of another site can look or change anything.

mod guard;
mod told;
mod view;
mod words;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

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

use crate::{Agent, Enrolment, Hub as _, Kind, Link, NoEnrolment, Random, Settings};
use view::{Note, Reader, Typed, View};
pub use words::Language;
use words::Mark;

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

    /// Answers until it is given up.
    ///
    /// # Errors
    /// What the system says.
    pub async fn serve(self) -> io::Result<()> {
        let router = self.router();
        axum::serve(self.listener, router).await
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
            .route("/icon.svg", get(icon))
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::check))
            .with_state(shared)
    }
}

#[derive(Default, Deserialize)]
struct Asked {
    lang: Option<String>,
    /// What the last form came to.
    note: Option<Mark>,
}

impl Shared {
    fn reader(&self, asked: &Asked, headers: &HeaderMap) -> Reader {
        let language = Language::of(asked.lang.as_deref(), headers, self.language);
        Reader { language, zone: self.zone.clone() }
    }
}

async fn page(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let reader = shared.reader(&asked, &headers);
    let note = asked.note.map(|mark| Note::of_mark(mark, reader.words()));
    show(&shared, &reader, Typed::kept(&shared.agent), note).await
}

async fn show(shared: &Shared, reader: &Reader, form: Typed, note: Option<Note>) -> Response {
    let settings = shared.agent.settings();
    let conflicts = reader.conflicts(settings.active, conflicts(&settings).await);
    match askama::Template::render(&View::new(&shared.agent, reader, form, note, conflicts)) {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Conflicts of this office, as the hub has them; none when it is away.
async fn conflicts(settings: &Settings) -> Option<Vec<Conflict>> {
    if !settings.active {
        return None;
    }
    let link = Link::new(&settings.hub).ok()?;
    tokio::time::timeout(CONFLICTS_WAIT, link.conflicts()).await.ok()?.ok()
}

/// The page does not wait longer for a hub that does not answer.
const CONFLICTS_WAIT: Duration = Duration::from_secs(3);

async fn state(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    Json(view::Live::new(&shared.agent, &shared.reader(&asked, &headers))).into_response()
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
        let token = Some(self.token.as_str()).filter(|token| !token.trim().is_empty());
        Enrolment::given(&self.url, token, Some(kept))
    }

    /// What is shown again. A token, also one in an enrolment line, never is.
    fn typed(&self) -> Typed {
        let url = self.url.split('#').next().unwrap_or_default().to_owned();
        Typed { active: self.active.is_some(), url }
    }
}

async fn save(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Response {
    let reader = shared.reader(&asked, &headers);
    let settings = shared.agent.settings();
    let note = match wanted.hub(&settings.hub) {
        Ok(hub) => {
            let active = wanted.active.is_some();
            match shared.agent.change(Settings { active, hub, ..settings }) {
                Ok(()) => return back(Mark::Saved, &asked),
                Err(_) => Note::bad(reader.words().not_saved),
            }
        }
        Err(error) => Note::trouble(reader.language.of_enrolment(error)),
    };
    show(&shared, &reader, wanted.typed(), Some(note)).await
}

/// Asks the hub with exactly what stands in the form whether it would let this office in. Nothing is kept or sent, and
/// the form is shown as it was typed.
async fn test(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    Form(wanted): Form<Wanted>,
) -> Response {
    let reader = shared.reader(&asked, &headers);
    let note = match wanted.hub(&shared.agent.settings().hub) {
        Ok(hub) => match reach(&shared.agent, &hub).await {
            Ok(welcome) => reader.reached(&welcome),
            Err(kind) => Note::trouble(reader.language.of_kind(kind)),
        },
        Err(error) => Note::trouble(reader.language.of_enrolment(error)),
    };
    show(&shared, &reader, wanted.typed(), Some(note)).await
}

async fn reach(agent: &Agent, hub: &Enrolment) -> Result<Welcome, Kind> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let hello = Hello { version, clock_ms: agent.now_ms(), waiting: agent.state().report.waiting };
    let asked = async { Link::new(hub)?.hello(&hello).await };
    match tokio::time::timeout(REACH_WAIT, asked).await {
        Ok(answer) => answer.map_err(|error| Kind::of_link(&error)),
        Err(_) => Err(Kind::Away),
    }
}

/// Whoever tries the connection does not look at a page that does nothing for longer.
const REACH_WAIT: Duration = Duration::from_secs(15);

async fn sync(State(shared): State<Arc<Shared>>, Query(asked): Query<Asked>) -> Response {
    let active = shared.agent.settings().active;
    let state = shared.agent.sync_now().await;
    let mark = match state.trouble {
        Some(_) => Mark::NotSynced,
        None if active => Mark::Synced,
        None => Mark::Off,
    };
    back(mark, &asked)
}

/// After a form the browser asks for the page, so that reloading it sends nothing again.
fn back(mark: Mark, asked: &Asked) -> Response {
    let lang = match asked.lang.as_deref() {
        Some("tr") => "&lang=tr",
        Some("en") => "&lang=en",
        _ => "",
    };
    Redirect::to(&format!("/?note={}{lang}", mark.word())).into_response()
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
