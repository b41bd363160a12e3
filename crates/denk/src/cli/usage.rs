//! Wrong use in words: what clap found -> a failure in the user's language.

use clap::{
    Error,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::Instead;
use crate::{
    failure::{Code, Failure},
    messages::{Message, message},
};

pub(super) fn instead(error: &Error) -> Instead {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Instead::Help(error.to_string()),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Instead::Nothing(error.to_string(), failure(error))
        }
        _ => Instead::Wrong(failure(error)),
    }
}

fn failure(error: &Error) -> Failure {
    let (code, why) = why(error);
    Failure::new(code, message("usage-what"), why, hint(error))
}

fn why(error: &Error) -> (Code, Message) {
    let argument = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = context(error, ContextKind::InvalidSubcommand);
            (Code::UnknownCommand, message("usage-unknown-command").with("name", name))
        }
        ErrorKind::UnknownArgument => {
            (Code::UnknownOption, message("usage-unknown-option").with("name", argument))
        }
        ErrorKind::MissingRequiredArgument => {
            (Code::ArgumentMissing, message("usage-missing").with("name", argument.replace('\n', " ")))
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            (Code::ArgumentMissing, message("usage-no-command"))
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            (Code::WrongArgument, message("usage-no-value").with("name", argument))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            (Code::WrongArgument, message("usage-wrong-value").with("name", argument).with("value", value))
        }
        ErrorKind::ArgumentConflict => {
            let other = context(error, ContextKind::PriorArg);
            let twice = other == argument;
            let why =
                if twice { message("usage-twice") } else { message("usage-conflict").with("other", other) };
            (Code::ArgumentConflict, why.with("name", argument))
        }
        _ => (Code::WrongUse, Message::verbatim(first_line(error))),
    }
}

fn hint(error: &Error) -> Message {
    let suggestions =
        [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    let suggested = suggestions.iter().map(|kind| context(error, *kind)).find(|words| !words.is_empty());
    let valid = context(error, ContextKind::ValidValue);
    match (suggested, valid) {
        (Some(name), _) => message("usage-nearest-hint").with("name", name),
        (None, valid) if !valid.is_empty() => message("usage-values-hint").with("values", valid),
        _ => message("usage-help-hint"),
    }
}

fn context(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        Some(ContextValue::StyledStrs(texts)) => {
            texts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

fn first_line(error: &Error) -> String {
    let words = error.to_string();
    words.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
