//! The line that `denk site add` prints: everything that an office PC needs to know of the hub.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// How the hub is reached, and by what hub and office know each other.
///
/// **Form**: `denk+https://host:port/#token.fingerprint`; without a fingerprint the hub's certificate is checked against
/// those that the PC trusts. `Debug` shows no token.
///
/// **Invariants**: what is sent over `http://` can be read on its way. So such a hub is on this PC, or was named with
/// `denk+`, as its administrator's line does: nobody comes to it by leaving out an s.
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
    #[error("the hub's address is not like https://hub:8787")]
    Address,
    /// It would take the place of the token.
    #[error("the hub's address has a user name or password in it")]
    Credentials,
    /// An administrator may want it, in an office's own network: then the enrolment line says so.
    #[error("over http:// everybody on the way could read token and rows")]
    Plain,
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
    /// [`NoEnrolment::Address`], [`NoEnrolment::Plain`], [`NoEnrolment::Token`].
    pub fn new(url: &str, token: &str, fingerprint: Option<[u8; 32]>) -> Result<Self, NoEnrolment> {
        let found = address(url)?;
        if is_open(&found) && !url.trim_start().starts_with(PREFIX) {
            return Err(NoEnrolment::Plain);
        }
        Self::at(found, token, fingerprint)
    }

    fn at(url: Url, token: &str, fingerprint: Option<[u8; 32]>) -> Result<Self, NoEnrolment> {
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoEnrolment::Token);
        }
        Ok(Self { url, token: token.to_owned(), fingerprint })
    }

    /// What somebody gave: a whole enrolment line, in the place of the address or of the token, or an address. Of the hub that
    /// is kept the token need not be given again, and its certificate stays known; nobody else is shown that token.
    ///
    /// # Errors
    /// [`NoEnrolment`].
    pub fn given(text: &str, token: Option<&str>, kept: Option<&Self>) -> Result<Self, NoEnrolment> {
        if let Some(line) = line(text).or_else(|| line(token?)) {
            return line.parse();
        }
        let url = address(text)?;
        let same = kept.filter(|kept| kept.url.origin() == url.origin());
        let token = match (token, same, kept) {
            (Some(token), _, _) => token,
            (None, Some(same), _) => &same.token,
            (None, None, Some(_)) => return Err(NoEnrolment::OtherHub),
            (None, None, None) => return Err(NoEnrolment::Token),
        };
        match same {
            Some(same) => Self::at(url, token, same.fingerprint),
            None => Self::new(text, token, None),
        }
    }

    /// The address as [`Enrolment::new`] takes it again.
    #[must_use]
    pub(crate) fn address(&self) -> String {
        let said = if is_open(&self.url) { PREFIX } else { "" };
        format!("{said}{}", self.url)
    }

    /// The fingerprint as people read it.
    #[must_use]
    pub fn shown_fingerprint(&self) -> Option<String> {
        self.fingerprint.map(|bytes| data_encoding::HEXLOWER.encode(&bytes))
    }
}

/// The whole enrolment line in what was pasted, if it is there: without a label before it, and quotation marks.
fn line(text: &str) -> Option<&str> {
    let mut words = text.split(|end: char| end.is_whitespace() || "\"'`“”<>".contains(end));
    let word = words.find(|word| word.contains("://") && word.contains('#'))?;
    Some(word.find(PREFIX).map_or(word, |begins| &word[begins..]))
}

fn address(text: &str) -> Result<Url, NoEnrolment> {
    let text = text.trim();
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    let mut url = Url::parse(text).map_err(|_| NoEnrolment::Address)?;
    if !["http", "https"].contains(&url.scheme()) || !url.has_host() {
        return Err(NoEnrolment::Address);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NoEnrolment::Credentials);
    }
    url.set_fragment(None);
    url.set_query(None);
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

/// Whether what goes there leaves the PC as it is.
fn is_open(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !here
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
        for other in ["https://hub.example:8787", "https://evil.example", "https://hub.example.evil"] {
            assert_eq!(given(other, None), Err(NoEnrolment::OtherHub), "{other}");
            let new = given(other, Some("4_y")).unwrap();
            assert_eq!((new.token.as_str(), new.fingerprint), ("4_y", None), "{other}");
        }
        assert_eq!(given("https://hub.example", Some("denk+https://hub.example/#6_z")).unwrap().token, "6_z");
        let line = given("denk+https://evil.example/#5_z", None).unwrap();
        assert_eq!((line.token.as_str(), line.fingerprint), ("5_z", None));
        assert_eq!(Enrolment::given("https://hub.example", None, None), Err(NoEnrolment::Token));
    }

    #[test]
    fn nothing_leaves_the_pc_unencrypted_but_by_an_administrator_s_line() {
        let plain = Err(NoEnrolment::Plain);
        for foreign in [
            "http://192.0.2.2:8787",
            "http://hub.example",
            "HTTP://hub.example/denk",
            "http://localhost.hub.example",
            "http://127.0.0.1.hub.example",
            "http://0.0.0.0:8787",
            "http://[2001:db8::1]:8787",
        ] {
            assert_eq!(Enrolment::new(foreign, "3_x", None), plain, "{foreign}");
            assert_eq!(Enrolment::given(foreign, Some("3_x"), None), plain, "{foreign}");
            assert_eq!(format!("{foreign}#3_x").parse::<Enrolment>(), plain, "{foreign}");
            let line: Enrolment = format!("denk+{foreign}#3_x").parse().unwrap();
            assert_eq!(Enrolment::new(&line.address(), "3_x", None), Ok(line.clone()), "it is kept as given");
            let again = Enrolment::given(line.url.as_str(), Some("4_y"), Some(&line)).unwrap();
            assert_eq!(
                (&again.url, again.token.as_str()),
                (&line.url, "4_y"),
                "the same hub needs no new line"
            );
        }
        let kept: Enrolment = "denk+https://hub.example/#3_x".parse().unwrap();
        assert_eq!(Enrolment::given("http://hub.example", None, Some(&kept)), Err(NoEnrolment::OtherHub));
        assert_eq!(Enrolment::given("http://hub.example", Some("3_x"), Some(&kept)), plain);
        for here in ["http://127.0.0.1:8787", "http://127.9.9.9", "http://localhost:1", "http://[::1]:1"] {
            let hub = Enrolment::new(here, "3_x", None).unwrap();
            assert!(hub.address().starts_with(here), "{}", hub.address());
        }
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
        for (text, token) in [
            ("https://ayse:secret@hub.example/", Some("3_x")),
            ("https://ayse@hub.example/", Some("3_x")),
            ("denk+https://ayse:secret@hub.example/#3_x", None),
        ] {
            assert_eq!(Enrolment::given(text, token, None), Err(NoEnrolment::Credentials), "{text}");
        }
        assert_eq!(Enrolment::given("", Some("3_x"), None), Err(NoEnrolment::Address));
    }

    #[test]
    fn the_whole_line_is_found_in_whatever_field_and_behind_its_label() {
        let line = format!("denk+https://hub.example:8787/#3_x.{}", "ab".repeat(32));
        let right: Enrolment = line.parse().unwrap();
        let kept: Enrolment = "denk+https://old.example/#1_y".parse().unwrap();
        for pasted in [
            line.clone(),
            format!("Kayıt satırı: {line}"),
            format!("Kayıt satırı:{line}\r\n"),
            format!("denk agent --db puantaj.db --hub \"{line}\""),
            format!("“{line}”"),
        ] {
            for (text, token) in [(pasted.as_str(), None), ("https://old.example", Some(pasted.as_str()))] {
                for kept in [None, Some(&kept)] {
                    assert_eq!(Enrolment::given(text, token, kept).as_ref(), Ok(&right), "{pasted}");
                }
            }
            assert_eq!(Enrolment::given(&pasted, Some("2_z"), Some(&kept)).as_ref(), Ok(&right), "{pasted}");
        }
    }
}
