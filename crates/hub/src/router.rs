//! Which path is answered by what.

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{MethodRouter, get, post},
};
use store::{Accounts, Pages, Store};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    CertificateError, Reached, Settings,
    answer::{self, Refusal},
    app::App,
    body, dashboard, download, login, metrics, origin, pages, public, secure, upload, v1,
};

const FORM_BYTES_MAX: usize = 16 << 10;

/// The hub without a socket. Needs `ConnectInfo<SocketAddr>` of every request.
///
/// # Errors
/// Its certificate cannot be used.
pub fn router(settings: Settings, store: Store, accounts: Accounts) -> Result<Router, CertificateError> {
    let reached = Reached::find(&settings)?;
    Ok(of(Arc::new(App::new((settings, reached), store, accounts))))
}

pub(crate) fn of(app: Arc<App>) -> Router {
    let people = people(app.store.pages())
        .into_iter()
        .fold(Router::new(), |all, (path, route)| all.route(&path, route))
        .merge(pages::deeds().into_iter().fold(Router::new(), |all, (path, route)| all.route(path, route)))
        .route("/", get(async || Redirect::to(login::DASHBOARD)))
        .route(pages::admin::PATH, get(async || Redirect::to(pages::admin::FIRST)))
        .route("/assets/{name}", get(pages::asset))
        .route(login::LOGIN, get(login::ask).post(login::log_in))
        .route("/logout", post(login::log_out))
        .route("/logout/everywhere", post(login::log_out_everywhere))
        .layer(middleware::from_fn(pages::remember))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), origin::check));
    let programs = Router::new()
        .route("/health", get(public::health))
        .route("/status", get(public::status))
        .route(metrics::PATH, get(metrics::metrics))
        .route("/auto-sync", get(public::auto_sync).post(public::auto_sync))
        .route("/sync/download", get(download::download))
        .route("/openapi.json", get(v1::openapi));
    let [prompt, slow] = v1::routes(&app);
    let quick = people
        .merge(programs)
        .merge(prompt)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), secure::in_time));
    quick
        .route("/sync", post(upload::sync))
        .merge(slow)
        .fallback(async || Refusal::NoPath)
        .method_not_allowed_fallback(async || Refusal::NoMethod)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), answer::in_words))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), secure::headers))
        .layer(middleware::from_fn(body::hear_out))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), metrics::count))
        .with_state(app)
}

/// What people see who are logged in.
fn people(pages: &Pages) -> Vec<(String, MethodRouter<Arc<App>>)> {
    let own = [
        (login::DASHBOARD, get(dashboard::dashboard)),
        (login::PASSWORD, get(login::ask_password).post(login::change_password)),
    ];
    let own = own.map(|(path, route)| (path.to_owned(), route));
    own.into_iter().chain(pages::routes(pages)).collect()
}

/// Paths that people who are logged in can ask for; `{gid}` stands for a row.
#[must_use]
pub fn people_paths(pages: &Pages) -> Vec<String> {
    people(pages).into_iter().map(|(path, _)| path).collect()
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Refusal::Defect("answering a request ended by itself").into_response()
}
