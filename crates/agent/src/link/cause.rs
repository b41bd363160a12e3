//! Why a question came to no answer, in denk's own words: what libraries say of it is for the log.

use std::{error::Error, io, iter};

use super::LinkError;
use crate::enrolment::Enrolment;

/// Why a hub is out of reach at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    #[error("its name is not found")]
    Name,
    /// The machine is there, and nobody listens at the port.
    #[error("nobody listens at its address")]
    Refused,
    #[error("it does not answer in time")]
    TimedOut,
    #[error("no network leads there")]
    NoWay,
    #[error("the connection broke off")]
    Cut,
    #[error("there is no connection")]
    Other,
}

/// What the library says, boiled down to what people can do something about.
pub(super) fn unanswered(error: &reqwest::Error, hub: &Enrolment) -> LinkError {
    tracing::debug!(error = error as &dyn Error, "a question to the hub came to no answer");
    let plain = hub.url.scheme() == "http";
    match causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) if hub.fingerprint.is_some() => LinkError::Certificate,
        Some(rustls::Error::InvalidCertificate(_)) => LinkError::Untrusted,
        Some(rustls::Error::InvalidMessage(_)) => LinkError::NotTls,
        _ if plain && is_hyper(error, hyper::Error::is_parse) => LinkError::NotPlain,
        _ => LinkError::Away(Cause::of(error)),
    }
}

impl Cause {
    fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        if is_hyper(error, hyper::Error::is_incomplete_message) {
            return Self::Cut;
        }
        causes(error).find_map(Self::of_one).unwrap_or(Self::Other)
    }

    fn of_one(error: &(dyn Error + 'static)) -> Option<Self> {
        use io::ErrorKind as K;
        // The type behind it is the library's secret, and the system has no kind for it.
        if error.to_string() == "dns error" {
            return Some(Self::Name);
        }
        match error.downcast_ref::<io::Error>()?.kind() {
            K::ConnectionRefused => Some(Self::Refused),
            K::TimedOut => Some(Self::TimedOut),
            K::NetworkUnreachable | K::HostUnreachable | K::NetworkDown => Some(Self::NoWay),
            K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => Some(Self::Cut),
            _ => None,
        }
    }
}

fn is_hyper(error: &reqwest::Error, is: impl Fn(&hyper::Error) -> bool) -> bool {
    causes(error).filter_map(|cause| cause.downcast_ref()).any(is)
}

/// An error and what is behind it, outermost first.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| {
        let error: &'a (dyn Error + 'static) = *error;
        // An I/O error's source is the source of what it holds, which is passed over so.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        held.map(|held| held as &(dyn Error + 'static)).or_else(|| error.source())
    })
}
