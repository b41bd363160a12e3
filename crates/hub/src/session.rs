//! The cookie by which a browser is known.

use axum::http::{HeaderMap, HeaderValue, header};
use store::User;

use crate::{answer::Refusal, app::App};

const NAME: &str = "denk_session";
const LIFETIME_S: i64 = 12 * 60 * 60;
const TOKEN_BYTES_MAX: usize = 100;

/// Who the browser's session belongs to.
pub(crate) async fn person(app: &App, headers: &HeaderMap) -> Result<Option<User>, Refusal> {
    match token(headers) {
        Some(token) => Ok(app.accounts.user_of_session(token).await?),
        None => Ok(None),
    }
}

/// Starts a session; the answer's `Set-Cookie`.
pub(crate) async fn open(app: &App, name: &str) -> Result<HeaderValue, Refusal> {
    let token = app.accounts.open_session(name, LIFETIME_S * 1000).await?;
    cookie(&token, LIFETIME_S, app.secure)
}

/// Ends the browser's session, if it has one; the answer's `Set-Cookie`.
pub(crate) async fn close(app: &App, headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    if let Some(token) = token(headers) {
        app.accounts.close_session(token).await?;
    }
    cookie("", 0, app.secure)
}

fn cookie(token: &str, seconds: i64, secure: bool) -> Result<HeaderValue, Refusal> {
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
