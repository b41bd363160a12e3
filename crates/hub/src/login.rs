//! Logging in and out, and the password that must be changed first.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use askama::Template;
use axum::{
    Form,
    extract::{ConnectInfo, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{User, Viewer};
use tokio::time;

use crate::{
    PasswordError, Passwords,
    answer::{Refusal, chain},
    app::App,
    attempts, forwarded,
    pages::{Shell, Visit},
    session,
    words::Words,
};

pub(crate) const LOGIN: &str = "/login";
pub(crate) const PASSWORD: &str = "/password";
pub(crate) const DASHBOARD: &str = "/dashboard";
const NAME_CHARS_MAX: usize = 100;
/// Stands in the activity for a name that nobody has.
const NOBODY: &str = "?";

#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct Change {
    old: String,
    new: String,
    again: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage<'a> {
    shell: Shell,
    words: &'a Words,
    name: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage<'a> {
    shell: Shell,
    words: &'a Words,
    must: bool,
    problem: &'a str,
    sessions: Vec<SessionLine>,
}

/// Where the reader is logged in.
struct SessionLine {
    since: String,
    seen: String,
    from: String,
    own: bool,
}

pub(crate) fn page(template: &impl Template) -> Result<Response, Refusal> {
    let html = template.render().map_err(|error| {
        tracing::error!(cause = chain(&error), "a page cannot be made");
        Refusal::Defect("a page cannot be made")
    })?;
    Ok(Html(html).into_response())
}

pub(crate) async fn ask(visit: Visit) -> Result<Response, Refusal> {
    page(&LoginPage { shell: Shell::outside(&visit), words: visit.words, name: "", problem: "" })
}

pub(crate) async fn log_in(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Response, Refusal> {
    let words = visit.words;
    let name = form.username.trim();
    let again = |status: StatusCode, problem| -> Result<Response, Refusal> {
        let shell = Shell::outside(&visit);
        Ok((status, page(&LoginPage { shell, words, name, problem })?).into_response())
    };
    if name.chars().count() > NAME_CHARS_MAX {
        return again(StatusCode::UNAUTHORIZED, words.wrong);
    }
    match recognise(&app, (name, party(&app, peer, &headers)), &form.password).await? {
        Outcome::Is(user) => match welcome(&app, &user, (peer, &headers)).await? {
            Some(welcome) => Ok(welcome),
            None => again(StatusCode::UNAUTHORIZED, words.wrong),
        },
        Outcome::Wrong => again(StatusCode::UNAUTHORIZED, words.wrong),
        Outcome::Locked => again(StatusCode::TOO_MANY_REQUESTS, words.locked),
        Outcome::Busy => again(StatusCode::SERVICE_UNAVAILABLE, words.busy),
    }
}

/// What came of a name and a password.
enum Outcome {
    Is(User),
    Wrong,
    Locked,
    Busy,
}

/// Who asks, for counting attempts.
fn party(app: &App, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
    attempts::party(forwarded::address(&app.settings, peer, headers))
}

/// Where somebody is, as they are told it.
fn from(app: &App, peer: SocketAddr, headers: &HeaderMap) -> String {
    forwarded::address(&app.settings, peer, headers).to_canonical().to_string()
}

/// Takes as long for a name that nobody has, and for each kind of hash.
async fn recognise(app: &App, (name, from): (&str, IpAddr), password: &str) -> Result<Outcome, Refusal> {
    let who = (name.to_owned(), from);
    let not_before = time::sleep(app.settings.limits.wrong_wait);
    recall(app, &who).await?;
    if !app.log_ins.begin(&who, app.now_ms()) {
        return Ok(Outcome::Locked);
    }
    let user = app.accounts.user(name).await?.filter(|user| !user.disabled);
    let hash = user.as_ref().map(|user| user.password_hash.as_str());
    let right = match app.passwords.is(password, hash).await {
        Ok(right) => right,
        Err(PasswordError::Busy) => {
            app.log_ins.take_back(&who, app.now_ms());
            return Ok(Outcome::Busy);
        }
        Err(_) => return Err(Refusal::Defect("a password cannot be checked")),
    };
    let is_known = user.is_some();
    match user.filter(|_| right) {
        Some(user) => {
            app.log_ins.succeed(&who, app.now_ms());
            Ok(Outcome::Is(renew(app, user, password).await?))
        }
        None => {
            // What nobody is called may be somebody's password, typed into the wrong field.
            let name = if is_known { name } else { NOBODY };
            app.store.note(name, "log_in_failed", &from.to_string()).await?;
            if app.log_ins.is_spent(&who) {
                app.store.note(name, "log_in_locked", &from.to_string()).await?;
            }
            not_before.await;
            Ok(Outcome::Wrong)
        }
    }
}

/// While many guess at a name, whoever is logged in with it somewhere is known there also after the hub was started anew.
async fn recall(app: &App, who: &(String, IpAddr)) -> Result<(), Refusal> {
    if app.log_ins.is_stranger(who, app.now_ms()) {
        let open = app.accounts.sessions_of(&who.0, "").await?;
        let mut places = open.iter().filter_map(|session| session.address.parse().ok()).map(attempts::party);
        if places.any(|place| place == who.1) {
            app.log_ins.know(who, app.now_ms());
        }
    }
    Ok(())
}

/// Of an old program's hash nothing stays as soon as the password is known.
async fn renew(app: &App, user: User, password: &str) -> Result<User, Refusal> {
    if !Passwords::is_old(&user.password_hash) {
        return Ok(user);
    }
    let hash = app.passwords.hash(password).await.map_err(|_| Refusal::Busy)?;
    Ok(app.accounts.rehash(&user, &hash).await?.unwrap_or(user))
}

/// A new session, and the old one of this browser ends: whoever set its cookie gets nothing. `None`: the account was changed
/// since its person was recognised.
async fn welcome(
    app: &App,
    user: &User,
    (peer, headers): (SocketAddr, &HeaderMap),
) -> Result<Option<Response>, Refusal> {
    let Some(cookie) = session::open(app, user, &from(app, peer, headers)).await? else { return Ok(None) };
    session::close(app, headers).await?;
    app.store.note(&user.name, "log_in", "").await?;
    make_ready(app);
    let to = if user.must_change { PASSWORD } else { DASHBOARD };
    Ok(Some(([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()))
}

/// Whoever logs in will look at lists.
fn make_ready(app: &App) {
    let (store, today) = (app.store.clone(), app.today());
    tokio::spawn(async move {
        if let Err(error) = store.review(today).await {
            // Whoever asks for a list is told.
            tracing::warn!(cause = chain(&error), "lists cannot be made ready");
        }
    });
}

pub(crate) async fn log_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response, Refusal> {
    let person = session::person(&app, &headers).await?;
    let cookie = session::close(&app, &headers).await?;
    if let Some(user) = person {
        app.store.note(&user.name, "log_out", "").await?;
    }
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(LOGIN)).into_response())
}

/// Ends all sessions of whoever asks.
pub(crate) async fn log_out_everywhere(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    if let Some(user) = session::person(&app, &headers).await? {
        app.accounts.end_sessions(&user.name).await?;
        app.store.note(&user.name, "log_out_everywhere", "").await?;
    }
    Ok(([(header::SET_COOKIE, session::forget(&app)?)], Redirect::to(LOGIN)).into_response())
}

pub(crate) async fn ask_password(
    State(app): State<Arc<App>>,
    visit: Visit,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let Some(user) = session::person(&app, &headers).await? else {
        return Ok(Redirect::to(LOGIN).into_response());
    };
    password_page((&app, &visit, &headers), &user, "").await
}

async fn password_page(
    (app, visit, headers): (&App, &Visit, &HeaderMap),
    user: &User,
    problem: &str,
) -> Result<Response, Refusal> {
    let sessions = session::all(app, headers, user).await?.into_iter().map(|session| SessionLine {
        since: app.local_time(session.opened_ms),
        seen: app.local_time(session.seen_ms),
        from: session.address,
        own: session.own,
    });
    let (shell, must) = (around(app, visit, user), user.must_change);
    page(&PasswordPage { shell, words: visit.words, must, problem, sessions: sessions.collect() })
}

/// Whoever must choose a password first has nowhere else to go.
fn around(app: &App, visit: &Visit, user: &User) -> Shell {
    if user.must_change {
        Shell::outside(visit)
    } else {
        Shell::around(visit, app.store.pages(), Some(&user.name), &user.region)
            .administering(&Viewer::of(user), visit)
    }
}

pub(crate) async fn change_password(
    State(app): State<Arc<App>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    visit: Visit,
    headers: HeaderMap,
    Form(form): Form<Change>,
) -> Result<Response, Refusal> {
    let Some(user) = session::person(&app, &headers).await? else {
        return Ok(Redirect::to(LOGIN).into_response());
    };
    let words = visit.words;
    let again = async |(status, problem): (StatusCode, &str)| -> Result<Response, Refusal> {
        let page = password_page((&app, &visit, &headers), &user, problem).await?;
        Ok((status, page).into_response())
    };
    if let Some(unfit) = unfit(&user, &form, words) {
        return again((StatusCode::UNPROCESSABLE_ENTITY, unfit)).await;
    }
    let user = match recognise(&app, (&user.name, party(&app, peer, &headers)), &form.old).await? {
        Outcome::Is(user) => user,
        Outcome::Wrong => return again((StatusCode::UNAUTHORIZED, words.wrong)).await,
        Outcome::Locked => return again((StatusCode::TOO_MANY_REQUESTS, words.locked)).await,
        Outcome::Busy => return again((StatusCode::SERVICE_UNAVAILABLE, words.busy)).await,
    };
    let hash = app.passwords.hash(&form.new).await.map_err(|_| Refusal::Busy)?;
    // Whoever was given another password meanwhile, or shut out, is no longer logged in.
    let elsewhere = Ok(Redirect::to(LOGIN).into_response());
    // Ends all sessions of the person; this browser gets a new one.
    let Some(user) = app.accounts.set_password(&user, &hash).await? else { return elsewhere };
    app.store.note(&user.name, "password", "").await?;
    let Some(cookie) = session::open(&app, &user, &from(&app, peer, &headers)).await? else {
        return elsewhere;
    };
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(DASHBOARD)).into_response())
}

/// Why the new password cannot be one.
fn unfit(user: &User, form: &Change, words: &'static Words) -> Option<&'static str> {
    if form.new != form.again {
        return Some(words.not_the_same);
    }
    match Passwords::check_new(&user.name, &form.old, &form.new) {
        Err(PasswordError::Length) => Some(words.too_short),
        Err(_) => Some(words.too_easy),
        Ok(()) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jiff::tz::TimeZone;
    use store::{Accounts, Address, Preset, Store};

    use super::*;
    use crate::{Language, Limits, Settings, Transport};

    async fn app(folder: &Path) -> App {
        let store = store::Settings {
            address: Address::sqlite(folder.join("hub.db")),
            data_folder: folder.to_owned(),
            preset: Preset {
                rules: include_str!("../../../presets/rainstaff/tables.toml"),
                schema: include_str!("../../../presets/rainstaff/office/schema.sqlite.sql"),
                pages: include_str!("../../../presets/rainstaff/pages.toml"),
            },
            upload_bytes_max: store::Settings::UPLOAD_BYTES_MAX,
            free_bytes_min: 0,
            clock: Arc::new(|| 1),
            random: Arc::new(|bytes| bytes.fill(1)),
        };
        let settings = Settings {
            listen: ([127, 0, 0, 1], 0).into(),
            transport: Transport::Auto,
            public_url: None,
            proxies: Vec::new(),
            data_folder: folder.to_owned(),
            api_key: None,
            first_users: Vec::new(),
            language: Language::Turkish,
            sessions: store::Lifetime::default(),
            zone: TimeZone::UTC,
            letterhead: crate::Letterhead::default(),
            watch: crate::Watch::default(),
            limits: Limits::default(),
            backups: None,
            configured: Vec::new(),
            clock: Arc::clone(&store.clock),
            random: Arc::clone(&store.random),
        };
        let accounts = Accounts::open(&store).await.unwrap();
        let reached = crate::Reached::find(&settings).unwrap();
        App::new((settings, reached), Store::open(store).await.unwrap(), accounts)
    }

    #[tokio::test]
    async fn what_is_wrong_is_told_no_sooner_whoever_was_meant() {
        let folder = tempfile::tempdir().unwrap();
        let mut app = app(folder.path()).await;
        app.settings.limits.wrong_wait = std::time::Duration::ZERO;
        let bcrypt = "old-bcrypt$2b$04$testkitpasswordsalt00eOG5V8XPuMGOkZEcJ.CTZ3a5fOqjWTJS";
        for (name, password_hash) in
            [("usual", app.passwords.hash("şifre-1234").await.unwrap()), ("old", bcrypt.into())]
        {
            let (role, region) = (store::Role::Viewer, merge::Region::All);
            let user =
                User { name: name.into(), role, region, password_hash, must_change: false, disabled: false };
            app.accounts.add(store::By::Machine, &user, &std::collections::BTreeSet::new()).await.unwrap();
        }
        let from = |last| -> IpAddr { [10, 0, 0, last].into() };
        let names = ["usual", "old", "nobody"];
        for name in names {
            let outcome = recognise(&app, (name, from(2)), "wrong").await.unwrap();
            assert!(matches!(outcome, Outcome::Wrong), "{name}");
        }
        app.settings.limits.wrong_wait = std::time::Duration::from_secs(3_600);
        for name in names {
            let told = recognise(&app, (name, from(1)), "wrong");
            assert!(time::timeout(std::time::Duration::from_secs(1), told).await.is_err(), "{name}");
        }
        let right = recognise(&app, ("usual", [10, 0, 0, 1].into()), "şifre-1234").await.unwrap();
        assert!(matches!(right, Outcome::Is(_)));
    }

    #[tokio::test]
    async fn whoever_is_logged_in_is_known_where_they_are_while_others_guess() {
        let folder = tempfile::tempdir().unwrap();
        let mut app = app(folder.path()).await;
        app.settings.limits.wrong_wait = std::time::Duration::ZERO;
        let password_hash = app.passwords.hash("şifre-1234").await.unwrap();
        let (name, role, region) = ("veli".to_owned(), store::Role::Viewer, merge::Region::All);
        let user = User { name, role, region, password_hash, must_change: false, disabled: false };
        app.accounts.add(store::By::Machine, &user, &std::collections::BTreeSet::new()).await.unwrap();
        app.accounts.open_session(&user, "10.0.0.1", store::Lifetime::default()).await.unwrap().unwrap();
        let come = async |from: u8, password: &str| {
            recognise(&app, ("veli", [10, 0, 0, from].into()), password).await.unwrap()
        };
        for from in 100..120 {
            assert!(matches!(come(from, "wrong").await, Outcome::Wrong), "{from}");
        }
        assert!(matches!(come(2, "şifre-1234").await, Outcome::Locked), "a new address");
        assert!(matches!(come(1, "şifre-1234").await, Outcome::Is(_)), "where the person is logged in");
    }

    #[tokio::test]
    async fn a_log_in_that_a_busy_hub_did_not_try_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        app.passwords.shut();
        for at in 0..100 {
            let outcome = recognise(&app, ("admin", [10, 0, 0, 1].into()), "şifre-1234").await.unwrap();
            assert!(matches!(outcome, Outcome::Busy), "attempt {at}");
        }
    }
}
