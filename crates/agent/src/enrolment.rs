//! The line that `denk site add` prints: everything that an office PC needs to know of the hub.

use std::{fmt, str::FromStr};

use url::Url;

/// How the hub is reached, and by what hub and office know each other.
///
/// **Form**: `denk+https://host:port/#token.fingerprint`; without a fingerprint the hub's certificate is checked against
/// those that the PC trusts. `Debug` shows no token.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Ends with a slash.
    pub url: Url,
    pub token: String,
    /// SHA-256 of the hub's certificate.
    pub fingerprint: Option<[u8; 32]>,
}

/// A text that enrols nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEnrolment {
    #[error("the hub's address must begin with https:// or http://")]
    Address,
    #[error("there is no token after the #")]
    Token,
    #[error("a token belongs to one hub: another address needs its own")]
    OtherHub,
    #[error("the fingerprint after the point is not one: it has 64 digits of 0-9 and a-f")]
    Fingerprint,
}

const PREFIX: &str = "denk+";

impl Enrolment {
    /// The hub at an address, with the token that belongs to it.
    ///
    /// # Errors
    /// [`NoEnrolment::Address`], [`NoEnrolment::Token`].
    pub fn new(url: &str, token: &str, fingerprint: Option<[u8; 32]>) -> Result<Self, NoEnrolment> {
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoEnrolment::Token);
        }
        Ok(Self { url: address(url)?, token: token.to_owned(), fingerprint })
    }

    /// What somebody gave: a whole enrolment line, or an address. Of the hub that is kept the token need not be given again,
    /// and its certificate stays known; nobody else is shown that token.
    ///
    /// # Errors
    /// [`NoEnrolment`].
    pub fn given(text: &str, token: Option<&str>, kept: Option<&Self>) -> Result<Self, NoEnrolment> {
        if text.contains('#') {
            return text.parse();
        }
        let url = address(text)?;
        let same = kept.filter(|kept| kept.url.origin() == url.origin());
        let token = match (token, same, kept) {
            (Some(token), _, _) => token,
            (None, Some(same), _) => &same.token,
            (None, None, Some(_)) => return Err(NoEnrolment::OtherHub),
            (None, None, None) => return Err(NoEnrolment::Token),
        };
        Self::new(url.as_str(), token, same.and_then(|same| same.fingerprint))
    }

    /// The fingerprint as people read it.
    #[must_use]
    pub fn shown_fingerprint(&self) -> Option<String> {
        self.fingerprint.map(|bytes| data_encoding::HEXLOWER.encode(&bytes))
    }
}

fn address(text: &str) -> Result<Url, NoEnrolment> {
    let text = text.trim();
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    let mut url = Url::parse(text).map_err(|_| NoEnrolment::Address)?;
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
        return Err(NoEnrolment::Address);
    }
    url.set_fragment(None);
    url.set_query(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// # Errors
/// [`NoEnrolment::Fingerprint`].
pub(crate) fn fingerprint(text: &str) -> Result<[u8; 32], NoEnrolment> {
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes());
    bytes.ok().and_then(|bytes| bytes.try_into().ok()).ok_or(NoEnrolment::Fingerprint)
}

impl FromStr for Enrolment {
    type Err = NoEnrolment;

    fn from_str(text: &str) -> Result<Self, NoEnrolment> {
        let (url, secret) = text.trim().split_once('#').ok_or(NoEnrolment::Token)?;
        let (token, mark) = match secret.split_once('.') {
            Some((token, mark)) => (token, Some(fingerprint(mark)?)),
            None => (secret, None),
        };
        Self::new(url, token, mark)
    }
}

/// As it was given.
impl fmt::Display for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}#{}", self.url, self.token)?;
        self.shown_fingerprint().map_or(Ok(()), |mark| write!(f, ".{mark}"))
    }
}

impl fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}#***", self.url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let mark = "ab".repeat(32);
        let line = format!("denk+https://hub.example:8787/#3_secret.{mark}");
        let read: Enrolment = line.parse().unwrap();
        assert_eq!(read.url.as_str(), "https://hub.example:8787/");
        assert_eq!((read.token.as_str(), read.fingerprint), ("3_secret", Some([0xab; 32])));
        assert_eq!(read.to_string(), line);
        assert!(!format!("{read:?}").contains("secret"));
        let plain: Enrolment = " denk+http://127.0.0.1:8787/denk#3_x\n".parse().unwrap();
        assert_eq!((plain.url.as_str(), plain.fingerprint), ("http://127.0.0.1:8787/denk/", None));
    }

    #[test]
    fn a_token_is_shown_to_its_own_hub_only() {
        let kept: Enrolment = format!("denk+https://hub.example/#3_x.{}", "ab".repeat(32)).parse().unwrap();
        let given = |text: &str, token| Enrolment::given(text, token, Some(&kept));
        assert_eq!(given("https://hub.example:443", None), Ok(kept.clone()));
        let path = given("https://hub.example/denk", None).unwrap();
        assert_eq!((path.token.as_str(), path.fingerprint), ("3_x", kept.fingerprint));
        assert_eq!(given("https://hub.example", Some("4_y")).unwrap().fingerprint, kept.fingerprint);
        for other in [
            "http://hub.example",
            "https://hub.example:8787",
            "https://evil.example",
            "https://hub.example.evil",
        ] {
            assert_eq!(given(other, None), Err(NoEnrolment::OtherHub), "{other}");
            let new = given(other, Some("4_y")).unwrap();
            assert_eq!((new.token.as_str(), new.fingerprint), ("4_y", None), "{other}");
        }
        let line = given("denk+https://evil.example/#5_z", None).unwrap();
        assert_eq!((line.token.as_str(), line.fingerprint), ("5_z", None));
        assert_eq!(Enrolment::given("https://hub.example", None, None), Err(NoEnrolment::Token));
    }

    #[test]
    fn what_enrols_nobody_is_refused_with_its_reason() {
        let refused = |line: &str| line.parse::<Enrolment>().unwrap_err();
        assert_eq!(refused("https://hub.example/"), NoEnrolment::Token);
        assert_eq!(refused("https://hub.example/#"), NoEnrolment::Token);
        assert_eq!(refused("https://hub.example/#a b"), NoEnrolment::Token);
        assert_eq!(refused("hub.example#x"), NoEnrolment::Address);
        assert_eq!(refused("ftp://hub.example/#x"), NoEnrolment::Address);
        assert_eq!(refused("https://hub.example/#x.12"), NoEnrolment::Fingerprint);
    }
}
