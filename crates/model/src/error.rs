//! Kinds of failure and what is done about each: decided once, here.

/// What kind of failure it was, whatever database it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Cannot be reached, or the connection broke.
    Connection,
    /// User name or password refused.
    Authentication,
    /// The user may not do this.
    Permission,
    /// Locked by somebody else, deadlock, serialization failure.
    Busy,
    /// A constraint or trigger of the database refused the row.
    Constraint,
    /// A value does not fit.
    Conversion,
    /// A table, column, file or database is not there.
    Missing,
    /// The shape is not the one expected.
    Schema,
    /// No room on the disk.
    Full,
    /// Not a database file, or a damaged one.
    Corrupt,
    /// The database or its version cannot do this.
    Unsupported,
    /// The statement took longer than its limit.
    Timeout,
    /// A defect in denk or an answer nobody expected.
    Internal,
}

/// What is done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Passing: the whole transaction is tried again after a pause.
    Retry,
    /// The fault of single rows: they are set aside with the reason, the others land.
    Park,
    /// Needs a person: this flow stops, others go on.
    Stop,
}

impl ErrorKind {
    /// Stable word under which messages and hints are found.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::Busy => "busy",
            Self::Constraint => "constraint",
            Self::Conversion => "conversion",
            Self::Missing => "missing",
            Self::Schema => "schema",
            Self::Full => "full",
            Self::Corrupt => "corrupt",
            Self::Unsupported => "unsupported",
            Self::Timeout => "timeout",
            Self::Internal => "internal",
        }
    }

    pub const ALL: [Self; 13] = [
        Self::Connection,
        Self::Authentication,
        Self::Permission,
        Self::Busy,
        Self::Constraint,
        Self::Conversion,
        Self::Missing,
        Self::Schema,
        Self::Full,
        Self::Corrupt,
        Self::Unsupported,
        Self::Timeout,
        Self::Internal,
    ];
}

/// What is done about a failure of this kind.
#[must_use]
pub const fn policy(kind: ErrorKind) -> Policy {
    match kind {
        ErrorKind::Busy => Policy::Retry,
        ErrorKind::Constraint | ErrorKind::Conversion => Policy::Park,
        ErrorKind::Connection
        | ErrorKind::Timeout
        | ErrorKind::Authentication
        | ErrorKind::Permission
        | ErrorKind::Missing
        | ErrorKind::Schema
        | ErrorKind::Full
        | ErrorKind::Corrupt
        | ErrorKind::Unsupported
        | ErrorKind::Internal => Policy::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_passes_by_itself_is_retried_and_only_rows_are_parked() {
        let with = |wanted| ErrorKind::ALL.into_iter().filter(|k| policy(*k) == wanted).collect::<Vec<_>>();
        assert_eq!(with(Policy::Retry), [ErrorKind::Busy]);
        assert_eq!(with(Policy::Park), [ErrorKind::Constraint, ErrorKind::Conversion]);
    }

    #[test]
    fn codes_are_distinct() {
        let mut codes = ErrorKind::ALL.map(ErrorKind::code);
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
