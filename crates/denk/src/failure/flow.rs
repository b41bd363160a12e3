//! A flow's failure and a parked row's reason in words for people.

use flow::Error;
use model::Misfit;

use super::{Code, Failure};
use crate::{
    messages::{Message, message},
    wiring::Databases,
};

impl Failure {
    /// Why a flow did not run.
    #[must_use]
    pub fn of_flow(error: &Error, flow: &str, databases: &Databases) -> Self {
        if let Error::Database { database, source } = error {
            return Self::of_database(source, &databases.place(database));
        }
        let what = message("flow-what").with("flow", flow);
        if let Error::Unfaithful(lost) = error {
            return Self::of_reasons(
                Code::TypeWouldNotSurvive,
                what,
                lost.iter().map(unfaithful).collect(),
                message("flow-unfaithful-hint"),
            );
        }
        let (code, why, hint) = told(error);
        Self::new(code, what, why, message(hint))
    }
}

fn no_table(database: &str, table: &str) -> Message {
    message("flow-no-table").with("database", database).with("table", table)
}

fn unfaithful(lost: &::database::Unfaithful) -> Message {
    message("flow-unfaithful")
        .with("column", lost.column.as_str())
        .with("type", lost.native.as_str())
        .with("reason", lost.reason.as_str())
}

fn told(error: &Error) -> (Code, Message, &'static str) {
    match error {
        Error::Database { .. } | Error::ReaderLost | Error::Unfaithful(_) => {
            (Code::Defect, Message::verbatim(error.to_string()), "defect-hint")
        }
        Error::Unopened(name) => (
            Code::FlowDatabase,
            message("flow-unopened").with("database", name.as_str()),
            "flow-unopened-hint",
        ),
        Error::Waits(flow) => {
            (Code::FlowWaits, message("flow-waits").with("flow", flow.as_str()), "flow-waits-hint")
        }
        Error::Unfilled { table, column } => {
            let why = message("flow-unfilled").with("table", table.as_str()).with("column", column.as_str());
            (Code::FlowDoesNotFit, why, "flow-fit-hint")
        }
        Error::KeyDiffers { column, source_type, target_type } => {
            let why = message("flow-key-differs").with("column", column.as_str());
            let why = why.with("source", source_type.as_str()).with("target", target_type.as_str());
            (Code::FlowDoesNotFit, why, "flow-fit-hint")
        }
        Error::NoDatabase(name) => (
            Code::FlowDatabase,
            message("database-not-configured").with("name", name.as_str()),
            "flow-fit-hint",
        ),
        Error::NoTable { database, table } => {
            (Code::FlowDoesNotFit, no_table(database, table), "flow-no-table-hint")
        }
        Error::NoSourceTable { database, table } => {
            (Code::FlowDoesNotFit, no_table(database, table), "flow-no-source-table-hint")
        }
        Error::NoColumn { table, column, nearest } => {
            let why = message("flow-no-column").with("table", table.as_str()).with("column", column.as_str());
            match nearest {
                Some(_) => (
                    Code::FlowDoesNotFit,
                    why.with("nearest", nearest.clone().unwrap_or_default()),
                    "flow-fit-hint",
                ),
                None => (Code::FlowDoesNotFit, why.with("nearest", "-"), "flow-fit-hint"),
            }
        }
        Error::Computed { table, column } => {
            let why = message("flow-computed").with("table", table.as_str()).with("column", column.as_str());
            (Code::FlowDoesNotFit, why, "flow-fit-hint")
        }
        Error::NoKey(table) => {
            (Code::FlowDoesNotFit, message("flow-no-key").with("table", table.as_str()), "flow-no-key-hint")
        }
        Error::NoType { word } => {
            (Code::FlowDoesNotFit, message("flow-no-type").with("word", word.as_str()), "flow-no-type-hint")
        }
        Error::BadConstant { column, reason } => {
            let why =
                message("flow-bad-constant").with("column", column.as_str()).with("reason", reason.as_str());
            (Code::FlowDoesNotFit, why, "flow-fit-hint")
        }
        Error::Vanished { database, column } => {
            let why = message("flow-vanished").with("database", database.as_str());
            (Code::SourceChanged, why.with("column", column.as_str()), "flow-drift-hint")
        }
        Error::Retyped { database, column, before, now } => {
            let why = message("flow-retyped")
                .with("database", database.as_str())
                .with("column", column.as_str())
                .with("before", before.as_str())
                .with("now", now.as_str());
            (Code::SourceChanged, why, "flow-drift-hint")
        }
        Error::Disordered(key) => (
            Code::Database(model::ErrorKind::Corrupt),
            message("flow-disordered").with("key", key.to_string()),
            "flow-disordered-hint",
        ),
        Error::TargetKeyRepeats(key) => (
            Code::TargetKeyRepeats,
            message("flow-key-repeats").with("key", key.to_string()),
            "flow-key-repeats-hint",
        ),
        Error::CaseFailed { test, column, wanted, got } => {
            let why = message("flow-case").with("test", test.as_str()).with("column", column.as_str());
            (Code::FlowCase, why.with("wanted", wanted.as_str()).with("got", got.as_str()), "flow-case-hint")
        }
    }
}

/// Why a row is parked.
#[must_use]
pub fn reason(misfit: &Misfit) -> Message {
    match misfit {
        Misfit::NotA { value, wanted } => message("misfit-not-a")
            .with("value", value.as_str())
            .with("wanted", message(format!("type-{}", slug(wanted)))),
        Misfit::OutOfRange { value } => message("misfit-range").with("value", value.as_str()),
        Misfit::TooPrecise { value } => message("misfit-precise").with("value", value.as_str()),
        Misfit::TooLong { length, max } => {
            message("misfit-long").with("length", length.to_string()).with("max", max.to_string())
        }
        Misfit::Character { code } => message("misfit-character").with("code", format!("U+{code:04X}")),
        Misfit::NotUtf8 => message("misfit-utf8"),
        Misfit::Null => message("misfit-null"),
        Misfit::Ambiguous { value } => message("misfit-ambiguous").with("value", value.as_str()),
        Misfit::NullKey => message("misfit-null-key"),
        Misfit::DuplicateKey => message("misfit-duplicate"),
        Misfit::SeveralAnswers { value } => message("misfit-several").with("value", value.as_str()),
        Misfit::Refused(words) => message("misfit-refused").with("words", words.as_str()),
    }
}

fn slug(words: &str) -> String {
    words.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}
