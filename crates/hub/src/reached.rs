//! Where offices reach the hub, and by what they know it.

use std::net::SocketAddr;

use crate::{CertificateError, Settings, Transport, fingerprint};

/// An address as an office PC sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    pub url: String,
    /// Of the hub's certificate.
    pub fingerprint: Option<String>,
    /// Only this machine reaches it there.
    pub only_here: bool,
}

impl Reached {
    /// # Errors
    /// As [`fingerprint`].
    pub fn find(settings: &Settings) -> Result<Self, CertificateError> {
        Ok(Self::of(settings, fingerprint(settings)?))
    }

    pub(crate) fn of(settings: &Settings, fingerprint: Option<String>) -> Self {
        let secure = fingerprint.is_some() || settings.transport == Transport::BehindProxy;
        let only_here = settings.public_url.is_none() && settings.listen.ip().is_loopback();
        let url = settings.public_url.clone().unwrap_or_else(|| reached_at(settings.listen, secure));
        Self { url, fingerprint, only_here }
    }

    /// `denk+https://host:port/#token.fingerprint`: everything that an office PC needs to know.
    #[must_use]
    pub fn enrolment_line(&self, token: &str) -> String {
        let mark = self.fingerprint.iter().map(|mark| format!(".{mark}")).collect::<String>();
        format!("denk+{}/#{token}{mark}", self.url)
    }
}

/// Where offices find a hub that listens there, as far as it knows: one that listens everywhere, by the machine's name.
fn reached_at(listen: SocketAddr, secure: bool) -> String {
    let scheme = if secure { "https" } else { "http" };
    if listen.ip().is_unspecified() {
        format!("{scheme}://{}:{}", gethostname::gethostname().to_string_lossy(), listen.port())
    } else {
        format!("{scheme}://{listen}")
    }
}
