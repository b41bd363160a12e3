//! `SQLite`'s result codes, sorted into kinds. The only file that knows them.

use model::ErrorKind;
use rusqlite::{Error as Native, ErrorCode, ffi};

use crate::Error;

impl From<Native> for Error {
    fn from(native: Native) -> Self {
        let (kind, what) = match &native {
            Native::SqliteFailure(code, message) => {
                let what = message.clone().unwrap_or_else(|| code.to_string());
                (kind_of(*code, &what), what)
            }
            Native::SqlInputError { error, msg, .. } => (kind_of(*error, msg), msg.clone()),
            Native::ToSqlConversionFailure(_) | Native::NulError(_) => {
                (ErrorKind::Conversion, native.to_string())
            }
            Native::MultipleStatement => (ErrorKind::Schema, "a query must be a single statement".to_owned()),
            Native::QueryReturnedNoRows => (ErrorKind::Missing, native.to_string()),
            _ => (ErrorKind::Internal, native.to_string()),
        };
        match native {
            // Its own words repeat the whole statement, or the message.
            Native::SqlInputError { .. } | Native::SqliteFailure(_, Some(_)) => Self::new(kind, what),
            _ => Self::new(kind, what).caused_by(native),
        }
    }
}

fn kind_of(code: ffi::Error, message: &str) -> ErrorKind {
    match code.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            ErrorKind::Busy
        }
        ErrorCode::ConstraintViolation => ErrorKind::Constraint,
        ErrorCode::DiskFull => ErrorKind::Full,
        // Whoever may not write beside the file cannot open a rollback journal there.
        ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::AuthorizationForStatementDenied
        | ErrorCode::CannotOpen => ErrorKind::Permission,
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => ErrorKind::Corrupt,
        ErrorCode::TypeMismatch | ErrorCode::TooBig => ErrorKind::Conversion,
        ErrorCode::SystemIoFailure if message.contains("No space") => ErrorKind::Full,
        ErrorCode::SystemIoFailure => ErrorKind::Connection,
        ErrorCode::OperationInterrupted => ErrorKind::Timeout,
        ErrorCode::NoLargeFileSupport => ErrorKind::Unsupported,
        ErrorCode::SchemaChanged => ErrorKind::Schema,
        ErrorCode::Unknown => kind_of_statement(message),
        _ => ErrorKind::Internal,
    }
}

/// `SQLITE_ERROR` says only in words what was wrong with a statement.
fn kind_of_statement(message: &str) -> ErrorKind {
    const MISSING: [&str; 3] = ["no such table", "no such column", "has no column named"];
    const UNSUPPORTED: [&str; 3] = ["no such function", "no such module", "too many"];
    let says = |phrase: &&str| message.contains(*phrase);
    if MISSING.iter().any(says) {
        ErrorKind::Missing
    } else if UNSUPPORTED.iter().any(says) {
        ErrorKind::Unsupported
    } else {
        ErrorKind::Schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_codes_have_kinds() {
        let kind = |code| kind_of(ffi::Error::new(code), "");
        assert_eq!(kind(ffi::SQLITE_BUSY_SNAPSHOT), ErrorKind::Busy);
        assert_eq!(kind(ffi::SQLITE_CONSTRAINT_FOREIGNKEY), ErrorKind::Constraint);
        assert_eq!(kind(ffi::SQLITE_FULL), ErrorKind::Full);
        assert_eq!(kind(ffi::SQLITE_READONLY_DIRECTORY), ErrorKind::Permission);
        assert_eq!(kind(ffi::SQLITE_NOTADB), ErrorKind::Corrupt);
        assert_eq!(kind(ffi::SQLITE_CORRUPT), ErrorKind::Corrupt);
        assert_eq!(kind(ffi::SQLITE_IOERR_WRITE), ErrorKind::Connection);
        assert_eq!(kind(ffi::SQLITE_ERROR), ErrorKind::Schema);
        assert_eq!(kind_of(ffi::Error::new(ffi::SQLITE_ERROR), "no such column: s.x"), ErrorKind::Missing);
    }
}
