//! Why something could not be done.

use model::ErrorKind;

use crate::RecentChange;

pub type Result<T> = std::result::Result<T, Error>;

/// The store could not do it; what was asked for was not at fault.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the store's database failed")]
    Database(#[from] database::Error),
    #[error("the preset's rules cannot be used")]
    Rules(#[from] merge::RulesError),
    #[error("the preset's pages cannot be used")]
    Pages(#[from] crate::PagesError),
    #[error("a file of the store cannot be written")]
    File(#[from] std::io::Error),
    #[error("the hand-out cannot be written")]
    Handout(#[from] replica::handout::Error),
    #[error("the store holds something that it did not write")]
    Garbled(#[from] replica::codec::Garbled),
    #[error(
        "the store was made by a newer version of denk (its form is {found}, this version knows {known})"
    )]
    Newer { found: i64, known: i64 },
    #[error(
        "the store was made by an older version of denk (its form is {found}, this version needs {known})"
    )]
    Older { found: i64, known: i64 },
    #[error("column `{}` cannot be kept by this database: {}", .0.column, .0.reason)]
    Unfaithful(database::Unfaithful),
    #[error("a store can be a SQLite file or a PostgreSQL database")]
    Engine,
    #[error(
        "columns of table `{0}` were moved or taken out of the preset; they may only be added at its end"
    )]
    Columns(String),
    #[error("a batch of site `{0}` waits for a decision; until then it gets no file")]
    Waiting(String),
    #[error("another file is being put in the place of the store's")]
    Restoring,
    #[error("the store's writer has ended")]
    Ended,
    #[error("there is no site `{0}`")]
    NoSite(String),
    #[error("there is a site `{0}` already")]
    SiteExists(String),
    #[error("site `{0}` has no token that could be another: it was revoked, or it is behind the shared key")]
    NoToken(String),
    #[error("`{0}` cannot be a name: it must have 1 to 100 visible characters and not begin with `shared:`")]
    BadName(String),
    #[error("the shared key was used for {0} regions already")]
    Regions(usize),
    #[error("there is no held batch {0}")]
    NoHeld(i64),
    #[error("held batch {0} no longer waits: a later file of the same PC was merged")]
    Superseded(i64),
    #[error("there is no conflict {0} that can be decided")]
    NoConflict(i64),
    #[error("there is no change {0} that can be undone")]
    NoChange(i64),
    #[error("{0} rows are more than can be undone at once")]
    TooMuch(usize),
    #[error("the row is not there any more, or what it refers to is not")]
    Gone,
    /// This change came in after the conflict; what did not stand would overwrite it, or take it away.
    #[error("change {} came in after the conflict", .0.rev)]
    Later(Box<RecentChange>),
    /// Another row of the region bears the name that the row would get: they would become one.
    #[error("row {} bears the name already", .0)]
    Named(model::Gid),
    /// A defect.
    #[error("{0}")]
    Broken(&'static str),
}

/// An upload was not taken; nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    #[error(transparent)]
    File(#[from] replica::office_file::Refused),
    #[error("rows of the file cannot be compared")]
    Rows(#[from] merge::DiffError),
    #[error("the token was revoked")]
    Revoked,
    #[error("the store could not take it")]
    Store(#[from] Error),
}

/// A message of an agent was not taken; nothing of it was stored.
#[derive(Debug, thiserror::Error)]
pub enum Declined {
    /// `number`: of the last batch that the hub has of the site; `seen`: up to where the site was told everything, as far
    /// as the hub knows. As in the others.
    #[error("this number was another batch: the office's file is a restored or a copied one")]
    Older { number: u64, seen: i64 },
    #[error("the hub has never heard of this: it was restored from a backup")]
    Behind { number: u64, seen: i64 },
    #[error("the batch that waited was decided: ask for its answer first")]
    Decided { number: u64, seen: i64 },
    #[error("{0}")]
    Message(String),
    #[error("the token was revoked")]
    Revoked,
    #[error("the store could not take it")]
    Store(#[from] Error),
}

/// Whose fault it is: what an HTTP status is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 422
    Unfit,
    /// 413
    TooLarge,
    /// 401
    Revoked,
    /// 503: the same upload may be taken later.
    Busy,
    /// 500
    Ours,
}

impl Error {
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Database(error) => error.kind,
            Self::Rules(_)
            | Self::Pages(_)
            | Self::Newer { .. }
            | Self::Older { .. }
            | Self::Unfaithful(_)
            | Self::Columns(_) => ErrorKind::Schema,
            Self::Garbled(_) => ErrorKind::Corrupt,
            Self::Engine => ErrorKind::Unsupported,
            Self::NoSite(_)
            | Self::NoHeld(_)
            | Self::Superseded(_)
            | Self::NoConflict(_)
            | Self::NoChange(_)
            | Self::Gone => ErrorKind::Missing,
            Self::SiteExists(_)
            | Self::NoToken(_)
            | Self::BadName(_)
            | Self::Regions(_)
            | Self::Later(_)
            | Self::Named(_)
            | Self::TooMuch(_) => ErrorKind::Constraint,
            Self::Ended => ErrorKind::Connection,
            Self::Waiting(_) | Self::Restoring => ErrorKind::Busy,
            Self::File(_) | Self::Handout(_) | Self::Broken(_) => ErrorKind::Internal,
        }
    }
}

impl Error {
    /// The same failure, told to another one who waited for the same transaction.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Database(error) => Self::Database(database::Error::new(error.kind, error.what.clone())),
            Self::Newer { found, known } => Self::Newer { found: *found, known: *known },
            Self::Older { found, known } => Self::Older { found: *found, known: *known },
            Self::Broken(what) => Self::Broken(what),
            other => Self::Database(database::Error::new(other.kind(), other.to_string())),
        }
    }
}

impl From<database::Error> for Declined {
    fn from(error: database::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<database::Error> for Rejected {
    fn from(error: database::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Rejected {
    /// Stable word under which messages and hints are found.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File(refused) => refused.code(),
            Self::Rows(_) => "bad_rows",
            Self::Revoked => "revoked",
            Self::Store(_) => "store",
        }
    }

    #[must_use]
    pub fn refusal(&self) -> Refusal {
        use database::untrusted::Class;
        match self {
            Self::File(refused) => match refused.class() {
                Class::Unfit => Refusal::Unfit,
                Class::TooLarge => Refusal::TooLarge,
                Class::Ours => Refusal::Ours,
            },
            Self::Rows(_) => Refusal::Unfit,
            Self::Revoked => Refusal::Revoked,
            Self::Store(error) => match error.kind() {
                ErrorKind::Busy | ErrorKind::Connection | ErrorKind::Timeout | ErrorKind::Full => {
                    Refusal::Busy
                }
                _ => Refusal::Ours,
            },
        }
    }
}
