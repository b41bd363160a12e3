//! Why a file is not there, or not here.

use std::{io, path::PathBuf};

use russh_sftp::{client::error::Error as Answer, protocol::StatusCode};

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answers there, or not as SSH does. Worth another try later.
    #[error("{place} cannot be reached: {why}")]
    Unreachable { place: String, why: String },
    /// The server has another key than the one that was named: another server, or somebody in between.
    #[error("the server's key is {found}, not {wanted}")]
    HostKey { found: String, wanted: String },
    /// The server does not let this user in.
    #[error("the server refuses {user}; it takes {takes}")]
    Login { user: String, takes: String },
    #[error("the private key cannot be used: {0}")]
    Key(String),
    /// The server lets people in, but has no SFTP for them.
    #[error("the server offers no SFTP: {0}")]
    NoSftp(String),
    /// The connection broke, or the server did not answer in time. Worth another try later.
    #[error("the connection broke: {0}")]
    Lost(String),
    /// The server says no.
    #[error("{path}: {}", .denied.told())]
    Denied { path: String, denied: Denied },
    /// What lies there is not what was sent, or is longer than it may be.
    #[error("{0} does not hold what was sent")]
    Differs(String),
    /// On this side.
    #[error("{} cannot be read or written", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// What a server says no with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    Missing,
    Rights,
    /// There is no room.
    Full,
    /// In the server's own words; it tells no more.
    Other(String),
}

impl Denied {
    fn told(&self) -> &str {
        match self {
            Self::Missing => "it is not there",
            Self::Rights => "no rights",
            Self::Full => "no room",
            Self::Other(said) => said,
        }
    }
}

impl Error {
    /// Whether the server has no room.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Denied { denied: Denied::Full, .. })
    }

    #[must_use]
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Denied { denied: Denied::Missing, .. })
    }

    /// What the server answered about a file.
    pub(crate) fn of(path: &str, answer: Answer) -> Self {
        let denied = match answer {
            Answer::Status(status) => match status.status_code {
                StatusCode::NoSuchFile => Denied::Missing,
                StatusCode::PermissionDenied => Denied::Rights,
                StatusCode::NoConnection | StatusCode::ConnectionLost => {
                    return Self::Lost(status.error_message);
                }
                _ => Denied::Other(status.error_message),
            },
            Answer::Timeout => return Self::Lost("no answer in time".to_owned()),
            Answer::Limited(said) => Denied::Other(said),
            Answer::IO(said) | Answer::UnexpectedBehavior(said) => return Self::Lost(said),
            Answer::UnexpectedPacket => return Self::Lost("an answer that makes no sense".to_owned()),
        };
        Self::Denied { path: path.to_owned(), denied }
    }

    /// What became of reading or writing a file there: the connection's own errors come with their cause, the server's
    /// answers as text alone.
    pub(crate) fn of_stream(path: &str, error: io::Error) -> Self {
        match error.downcast::<Answer>() {
            Ok(answer) => Self::of(path, answer),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                Self::Lost("no answer in time".to_owned())
            }
            Err(error) => Self::Denied { path: path.to_owned(), denied: Denied::Other(error.to_string()) },
        }
    }
}
