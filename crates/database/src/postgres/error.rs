//! What PostgreSQL's error codes mean. The only file that knows them.

use std::io;

use model::{ErrorKind, TableRef};
use tokio_postgres::error::DbError;

use crate::Error;

/// The kind that a SQLSTATE stands for.
///
/// **Source**: PostgreSQL manual, appendix "PostgreSQL Error Codes".
fn kind_of(code: &str) -> ErrorKind {
    match code {
        "40001" | "40P01" | "55P03" | "55006" => ErrorKind::Busy,
        "57014" | "25P03" | "57P05" => ErrorKind::Timeout,
        "42501" => ErrorKind::Permission,
        "42P01" | "42703" | "42704" | "42883" | "3D000" | "3F000" => ErrorKind::Missing,
        // Raised by a user's trigger, and rules about which columns may be written.
        "P0001" | "428C9" => ErrorKind::Constraint,
        "22P04" | "22P06" => ErrorKind::Internal,
        "53100" => ErrorKind::Full,
        "53300" => ErrorKind::Connection,
        "XX001" | "XX002" => ErrorKind::Corrupt,
        // A row or an entry of an index that is too wide: the fault of that row.
        "54000" => ErrorKind::Conversion,
        _ => kind_of_class(code.get(..2).unwrap_or_default()),
    }
}

fn kind_of_class(class: &str) -> ErrorKind {
    match class {
        "08" | "57" => ErrorKind::Connection,
        "0A" => ErrorKind::Unsupported,
        "22" => ErrorKind::Conversion,
        "23" | "27" | "44" => ErrorKind::Constraint,
        "28" => ErrorKind::Authentication,
        "42" => ErrorKind::Schema,
        "54" => ErrorKind::Unsupported,
        _ => ErrorKind::Internal,
    }
}

/// A failure of any call after the log-in.
pub(super) fn failed(error: tokio_postgres::Error) -> Error {
    let Some(said) = error.as_db_error() else {
        let (kind, what) = match broken(&error) {
            true => (ErrorKind::Connection, "the connection to the server was lost"),
            false => (ErrorKind::Internal, "the server's answer was not understood"),
        };
        return Error::new(kind, what).caused_by(error);
    };
    let mut failure = Error::new(kind_of(said.code().code()), sentence(said));
    if let Some(table) = said.table() {
        failure = failure.in_table(&table_ref(said.schema(), table));
    }
    if let Some(column) = said.column().map(str::to_owned).or_else(|| copied(said).and_then(|place| place.1))
    {
        failure = failure.in_column(column);
    }
    failure.caused_by(error)
}

/// A failure to reach the server or to log in.
pub(super) fn unreachable(error: tokio_postgres::Error) -> Error {
    if let Some(said) = error.as_db_error() {
        return Error::new(kind_of(said.code().code()), sentence(said)).caused_by(error);
    }
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    // The driver has no code for it.
    let kind = match cause.contains("password") {
        true => ErrorKind::Authentication,
        false => ErrorKind::Connection,
    };
    Error::new(kind, error.to_string()).caused_by(error)
}

/// The row of a COPY that the server refused, counted from 0.
pub(super) fn refused_row(error: &Error) -> Option<usize> {
    let cause = error.source.as_ref()?.downcast_ref::<tokio_postgres::Error>()?;
    copied(cause.as_db_error()?)?.0.checked_sub(1)
}

fn broken(error: &tokio_postgres::Error) -> bool {
    let cause = std::error::Error::source(error);
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    error.is_closed() || io.is_some_and(|io| io.kind() != io::ErrorKind::InvalidInput)
}

/// The server's message. Its detail is added only where it names keys; elsewhere it shows whole rows.
fn sentence(said: &DbError) -> String {
    let mut what = said.message().to_owned();
    let names_key = matches!(said.code().code(), "23503" | "23505" | "23P01");
    if let Some(detail) = said.detail().filter(|_| names_key) {
        what.push_str(": ");
        what.push_str(detail);
    }
    match said.constraint() {
        Some(constraint) if !what.contains(constraint) => format!("{what} (constraint {constraint})"),
        _ => what,
    }
}

fn table_ref(schema: Option<&str>, table: &str) -> TableRef {
    match schema {
        Some(schema) if schema != super::DEFAULT_SCHEMA => TableRef::in_schema(schema, table),
        _ => TableRef::new(table),
    }
}

/// Line and column of `COPY name, line 5, column name: ...`.
fn copied(said: &DbError) -> Option<(usize, Option<String>)> {
    let place = said.where_()?.lines().find(|line| line.starts_with("COPY "))?;
    let (_, place) = place.rsplit_once(", line ")?;
    let digits = place.find(|c: char| !c.is_ascii_digit()).unwrap_or(place.len());
    let column = place[digits..].strip_prefix(", column ");
    let name = column.map(|rest| rest.split_once(": ").map_or(rest, |(name, _)| name).to_owned());
    Some((place[..digits].parse().ok()?, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_kind_that_decides_what_is_done() {
        let cases = [
            ("40001", ErrorKind::Busy),
            ("40P01", ErrorKind::Busy),
            ("55P03", ErrorKind::Busy),
            ("57014", ErrorKind::Timeout),
            ("57P01", ErrorKind::Connection),
            ("08006", ErrorKind::Connection),
            ("28P01", ErrorKind::Authentication),
            ("28000", ErrorKind::Authentication),
            ("42501", ErrorKind::Permission),
            ("23505", ErrorKind::Constraint),
            ("P0001", ErrorKind::Constraint),
            ("22001", ErrorKind::Conversion),
            ("42P01", ErrorKind::Missing),
            ("42703", ErrorKind::Missing),
            ("3F000", ErrorKind::Missing),
            ("3D000", ErrorKind::Missing),
            ("42601", ErrorKind::Schema),
            ("53100", ErrorKind::Full),
            ("0A000", ErrorKind::Unsupported),
            ("XX000", ErrorKind::Internal),
        ];
        for (code, kind) in cases {
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }
}
