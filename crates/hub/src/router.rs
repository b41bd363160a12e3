//! Which path is answered by what.

use std::{any::Any, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use store::{Accounts, Store};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Settings,
    answer::{self, Refusal},
    app::App,
    dashboard, download, login, origin, public, secure, upload, v1,
};

const FORM_BYTES_MAX: usize = 16 << 10;

/// The hub without a socket. Needs `ConnectInfo<SocketAddr>` of every request.
pub fn router(settings: Settings, store: Store, accounts: Accounts) -> Router {
    of(Arc::new(App::new(settings, store, accounts)))
}

pub(crate) fn of(app: Arc<App>) -> Router {
    let people = Router::new()
        .route("/", get(async || Redirect::to(login::DASHBOARD)))
        .route(login::DASHBOARD, get(dashboard::dashboard))
        .route(login::LOGIN, get(login::ask).post(login::log_in))
        .route(login::PASSWORD, get(login::ask_password).post(login::change_password))
        .route("/logout", post(login::log_out))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), origin::check));
    let programs = Router::new()
        .route("/health", get(public::health))
        .route("/status", get(public::status))
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
        .layer(middleware::from_fn(secure::headers))
        .with_state(app)
}

fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    Refusal::Defect("answering a request ended by itself").into_response()
}
