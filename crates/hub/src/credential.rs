//! Who asks, told by the key that is shown.

use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderValue, header};

use store::Device;

use crate::{answer::Refusal, app::App, attempts, forwarded};

const KEY: &str = "x-api-key";
const REGION: &str = "x-region";
const REASON: &str = "x-reason";
const KEY_BYTES_MAX: usize = 200;
const REGION_CHARS_MAX: usize = 64;

/// Who stands behind a key.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// A site, by its own token.
    Site(Device),
    /// Anyone, by the one key that all share.
    Shared,
}

/// Whether a key is shown at all, right or wrong.
pub(crate) fn is_shown(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY)
}

/// # Errors
/// `Key`: none, a wrong one, several, or a revoked one. `Guessing`: too many wrong ones came from there. A site's own
/// token cannot be guessed and is always looked at.
pub(crate) async fn caller(app: &App, peer: SocketAddr, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let key = single(headers, KEY).map_err(|()| Refusal::Key)?.ok_or(Refusal::Key)?.as_bytes().trim_ascii();
    if key.len() > KEY_BYTES_MAX {
        return Err(Refusal::Key);
    }
    if let Ok(token) = std::str::from_utf8(key)
        && let Some(device) = app.store.device_of_token(token).await?
    {
        return Ok(Caller::Site(device));
    }
    let shared = app.settings.api_key.as_ref().ok_or(Refusal::Key)?;
    let from = attempts::party(forwarded::address(&app.settings, peer, headers));
    if !app.keys.begin(&from, app.now_ms()) {
        return Err(Refusal::Guessing);
    }
    if !shared.is(key) {
        return Err(Refusal::Key);
    }
    app.keys.take_back(&from);
    Ok(Caller::Shared)
}

/// The one token that a request shows, as `Authorization: Bearer` or as a key.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let bearer = single(headers, header::AUTHORIZATION.as_str()).ok()?;
    let token = match (bearer, single(headers, KEY).ok()?) {
        (Some(bearer), None) => {
            let (scheme, token) = bearer.to_str().ok()?.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)?
        }
        (None, Some(key)) => key.to_str().ok()?,
        _ => return None,
    };
    Some(token.trim()).filter(|token| token.len() <= KEY_BYTES_MAX)
}

/// The region that a request claims, if it claims one.
///
/// # Errors
/// `Region`: not a name. A region becomes part of names that people read, so it is one word or several, no path.
pub(crate) fn region(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = single(headers, REGION).map_err(|()| Refusal::Region)? else { return Ok(None) };
    let region = text(value);
    let region = region.trim();
    if region.is_empty() {
        return Ok(None);
    }
    let odd = |c: char| c.is_control() || "/\\<>:\"|?\u{fffd}".contains(c);
    let fits =
        region.chars().count() <= REGION_CHARS_MAX && !region.starts_with('.') && !region.contains(odd);
    if fits { Ok(Some(region.to_owned())) } else { Err(Refusal::Region) }
}

/// Why the old program sends its file: a word of its own, or nothing.
pub(crate) fn reason(headers: &HeaderMap) -> String {
    headers.get(REASON).map(text).unwrap_or_default()
}

/// `Err` when the header is there more than once.
fn single<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a HeaderValue>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() { Err(()) } else { Ok(first) }
}

/// Old programs write names in headers in UTF-8 or in the code page of a Turkish PC.
fn text(value: &HeaderValue) -> String {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1254.decode_without_bom_handling(value.as_bytes()).0.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claimed(values: &[&[u8]]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(REGION, HeaderValue::from_bytes(value).unwrap());
        }
        region(&headers).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn a_region_is_read_in_either_alphabet_and_must_be_a_name() {
        assert_eq!(claimed(&[]), Ok(None));
        assert_eq!(claimed(&[b"  "]), Ok(None));
        assert_eq!(claimed(&[b" Ankara "]), Ok(Some("Ankara".into())));
        assert_eq!(claimed(&["İzmir".as_bytes()]), Ok(Some("İzmir".into())));
        assert_eq!(claimed(&[b"\xddzmir"]), Ok(Some("İzmir".into())));
        assert_eq!(claimed(&[b"*"]), Ok(Some("*".into())));
        for bad in ["../etc", "a/b", "a\\b", ".", "<script>", "C:x", &"x".repeat(65)] {
            assert_eq!(claimed(&[bad.as_bytes()]), Err("Invalid region".into()), "{bad}");
        }
        assert_eq!(claimed(&[b"Ankara", b"Bursa"]), Err("Invalid region".into()));
    }
}
