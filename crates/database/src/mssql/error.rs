//! SQL Server's error numbers: the only file that knows them.
//!
//! **Source**: Microsoft Learn, "Database Engine events and errors". Unknown numbers are `Internal`: a person looks.

use model::{ErrorKind, Misfit, TableRef};
use tiberius::error::{Error as Driver, IoErrorKind};

use crate::Error;

/// Number that Babelfish for PostgreSQL gives to errors that have none in SQL Server.
const UNMAPPED: u32 = 33_557_097;

impl From<Driver> for Error {
    fn from(error: Driver) -> Self {
        let what = match &error {
            Driver::Server(token) => token.message().to_owned(),
            Driver::Io { kind: IoErrorKind::TimedOut, .. } => "SQL Server did not answer in time".to_owned(),
            Driver::Io { .. } => "the connection to SQL Server broke".to_owned(),
            Driver::Tls(_) => "no encrypted connection to SQL Server could be made".to_owned(),
            _ => "SQL Server and denk did not understand each other".to_owned(),
        };
        Self::new(kind(&error), what).caused_by(error)
    }
}

fn kind(error: &Driver) -> ErrorKind {
    match error {
        Driver::Server(token) if token.code() == UNMAPPED => of_message(token.message()),
        Driver::Server(token) => of_number(token.code()),
        Driver::Io { kind: IoErrorKind::TimedOut, .. } => ErrorKind::Timeout,
        Driver::Io { .. } | Driver::Tls(_) | Driver::Routing { .. } => ErrorKind::Connection,
        Driver::Encoding(_) | Driver::Utf8 | Driver::Utf16 => ErrorKind::Conversion,
        _ => ErrorKind::Internal,
    }
}

fn of_number(number: u32) -> ErrorKind {
    match number {
        18452 | 18456 | 18470 | 18486..=18488 => ErrorKind::Authentication,
        208 | 207 | 911 | 2812 | 3701 | 4060 | 4902 => ErrorKind::Missing,
        229 | 230 | 262 | 300 | 916 | 1088 | 3704 | 6004 | 15247 | 15151 => ErrorKind::Permission,
        1204 | 1205 | 1222 | 3958..=3961 => ErrorKind::Busy,
        515 | 547 | 544 | 550 | 2601 | 2627 | 3609 | 50_000.. => ErrorKind::Constraint,
        220
        | 232
        | 241..=245
        | 248
        | 293
        | 295
        | 517
        | 1946
        | 2628
        | 4815
        | 4863
        | 8114
        | 8115
        | 8134
        | 8152
        | 8169
        | 8170
        | 9420..=9422 => ErrorKind::Conversion,
        1101 | 1105 | 9002 => ErrorKind::Full,
        823..=825 | 5180 => ErrorKind::Corrupt,
        102 | 156 | 195 | 271 | 272 | 1702 | 1750 | 2705 | 2714 | 8101 | 8102 => ErrorKind::Schema,
        4922 | 40515 => ErrorKind::Unsupported,
        233 | 596 | 10_053 | 10_054 | 10_060 | 17_142 | 17_830 | 40_197 | 40_501 | 40_613 => {
            ErrorKind::Connection
        }
        _ => ErrorKind::Internal,
    }
}

/// Babelfish hands PostgreSQL's own sentence on.
fn of_message(message: &str) -> ErrorKind {
    let says = |part: &str| message.contains(part);
    if says("does not exist") {
        ErrorKind::Missing
    } else if says("permission denied") || says("must be owner") {
        ErrorKind::Permission
    } else if says("violates") {
        ErrorKind::Constraint
    } else if says("out of range")
        || says("invalid input syntax")
        || says("too long for type")
        || says("invalid byte sequence")
    {
        ErrorKind::Conversion
    } else if says("could not serialize")
        || says("deadlock")
        || says("lock timeout")
        || says("could not obtain lock")
    {
        ErrorKind::Busy
    } else if says("already exists") || says("syntax error") {
        ErrorKind::Schema
    } else {
        ErrorKind::Internal
    }
}

/// A value that cannot be sent as it is.
pub(super) fn misfit(reason: &Misfit, table: &TableRef, column: &str, key: model::Key) -> Error {
    let kind = if *reason == Misfit::Null { ErrorKind::Constraint } else { ErrorKind::Conversion };
    let mut error = Error::new(kind, reason.to_string()).in_table(table).in_column(column);
    error.key = Some(key);
    error
}

/// An answer that is not what the statement promises.
pub(super) fn unexpected(what: &'static str) -> Error {
    Error::new(ErrorKind::Internal, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_error_number_means_decides_what_is_done() {
        let cases = [
            (18456, ErrorKind::Authentication),
            (4060, ErrorKind::Missing),
            (229, ErrorKind::Permission),
            (1205, ErrorKind::Busy),
            (2627, ErrorKind::Constraint),
            (50_001, ErrorKind::Constraint),
            (2628, ErrorKind::Conversion),
            (9002, ErrorKind::Full),
            (12_345, ErrorKind::Internal),
        ];
        for (number, kind) in cases {
            assert_eq!(of_number(number), kind, "{number}");
        }
    }

    #[test]
    fn a_broken_wire_is_no_timeout() {
        let io = |kind| Driver::Io { kind, message: String::new() };
        assert_eq!(kind(&io(IoErrorKind::TimedOut)), ErrorKind::Timeout);
        assert_eq!(kind(&io(IoErrorKind::ConnectionReset)), ErrorKind::Connection);
    }
}
