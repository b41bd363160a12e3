//! The cookie by which a browser is known.

use axum::http::{HeaderMap, HeaderValue, header};
use store::{OpenSession, User};

use crate::{answer::Refusal, app::App};

const NAME: &str = "denk_session";
const TOKEN_BYTES_MAX: usize = 100;

/// Who the browser's session belongs to.
pub(crate) async fn person(app: &App, headers: &HeaderMap) -> Result<Option<User>, Refusal> {
    match token(headers) {
        Some(token) => Ok(app.accounts.user_of_session(token, is_by_hand(headers)).await?),
        None => Ok(None),
    }
}

/// Whether a person asks: what a page asks for by itself keeps no session up when nobody is there.
fn is_by_hand(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

/// Starts a session of somebody who was recognised; the answer's `Set-Cookie`. `from` is the address as its person is told
/// it. `None`: the password is none any more, or the account was shut.
pub(crate) async fn open(app: &App, user: &User, from: &str) -> Result<Option<HeaderValue>, Refusal> {
    let lifetime = app.settings.sessions;
    let token = app.accounts.open_session(user, from, lifetime).await?;
    token.map(|token| cookie(&token, lifetime.whole.as_secs(), app.secure)).transpose()
}

/// Ends the browser's session, if it has one; the answer's `Set-Cookie`.
pub(crate) async fn close(app: &App, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if let Some(token) = token(headers) {
        app.accounts.close_session(token).await?;
    }
    forget(app)
}

/// The browser keeps no session any more.
pub(crate) fn forget(app: &App) -> Result<HeaderValue, Refusal> {
    cookie("", 0, app.secure)
}

/// Where somebody is logged in.
pub(crate) async fn all(app: &App, headers: &HeaderMap, user: &User) -> Result<Vec<OpenSession>, Refusal> {
    Ok(app.accounts.sessions_of(&user.name, token(headers).unwrap_or_default()).await?)
}

fn cookie(token: &str, seconds: u64, secure: bool) -> Result<HeaderValue, Refusal> {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{NAME}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::try_from(cookie).map_err(|_| Refusal::Defect("a session's token is no header value"))
}

fn token(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, NAME).filter(|token| (1..=TOKEN_BYTES_MAX).contains(&token.len()))
}

/// What a browser keeps under this name.
pub(crate) fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs =
        cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}
