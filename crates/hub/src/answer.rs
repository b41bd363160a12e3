//! Answers to programs: JSON, and never a word of a driver.

use std::io;

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use store::Rejected;

use crate::{attempts, body::Cut};

/// Why a program did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Invalid API key")]
    Key,
    #[error("Too many wrong keys came from this address; try again in a few minutes")]
    Guessing,
    #[error("Invalid region")]
    Region,
    #[error("No database file in request")]
    NoFile,
    #[error("More than one database file in request")]
    TwoFiles,
    #[error("The request is not a well-formed multipart/form-data")]
    Form,
    #[error(transparent)]
    Body(#[from] Cut),
    #[error("The hub is busy; try again later")]
    Busy,
    #[error(transparent)]
    Store(#[from] Rejected),
    #[error("a file of the hub cannot be used")]
    File(#[from] io::Error),
    #[error("{0}")]
    Defect(&'static str),
}

const WAITING: &str = "A file of this PC waits for approval: until then its own file is not replaced";
const OURS: &str = "The hub could not do it; its log says why";
const LATER: &str = "The hub cannot do it at the moment; try again later";

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Key => StatusCode::UNAUTHORIZED,
            Self::Guessing => StatusCode::TOO_MANY_REQUESTS,
            Self::Region | Self::NoFile | Self::TwoFiles | Self::Form => StatusCode::BAD_REQUEST,
            Self::Body(Cut::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(Cut::TooSlow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(Cut::Broken) => StatusCode::BAD_REQUEST,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(Rejected::Store(store::Error::BadName(_) | store::Error::Regions(_))) => {
                StatusCode::BAD_REQUEST
            }
            Self::Store(Rejected::Store(store::Error::Waiting(_))) => StatusCode::CONFLICT,
            Self::Store(rejected) => match rejected.refusal() {
                store::Refusal::Unfit => StatusCode::UNPROCESSABLE_ENTITY,
                store::Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                store::Refusal::Revoked => StatusCode::UNAUTHORIZED,
                store::Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
                store::Refusal::Ours => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::File(_) | Self::Defect(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the client is told. A refused file's own sentence is made for the sender.
    fn body(&self, status: StatusCode) -> Value {
        let error = match self {
            _ if status == StatusCode::UNAUTHORIZED => Self::Key.to_string(),
            Self::Store(Rejected::Store(store::Error::Waiting(_))) => WAITING.to_owned(),
            Self::Store(Rejected::Store(_)) if status.is_client_error() => Self::Region.to_string(),
            Self::Store(rejected) if status.is_client_error() => {
                return json!({ "success": false, "error": rejected.to_string(), "code": rejected.code() });
            }
            Self::Store(_) | Self::File(_) | Self::Defect(_) => {
                if status == StatusCode::SERVICE_UNAVAILABLE { LATER } else { OURS }.to_owned()
            }
            told => told.to_string(),
        };
        json!({ "success": false, "error": error })
    }

    fn log(&self, status: StatusCode) {
        if status.is_server_error() {
            tracing::error!(status = status.as_u16(), cause = chain(self), "a request failed");
        } else {
            tracing::info!(status = status.as_u16(), reason = %self, "a request was refused");
        }
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Store(error.into())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        self.log(status);
        let mut response = (status, Json(self.body(status))).into_response();
        let wait = match status {
            StatusCode::SERVICE_UNAVAILABLE => Some(HeaderValue::from_static("10")),
            StatusCode::TOO_MANY_REQUESTS => Some(HeaderValue::from(attempts::WAIT_MS / 1000)),
            _ => None,
        };
        // After how many seconds another try is worth it.
        wait.map(|wait| response.headers_mut().insert(header::RETRY_AFTER, wait));
        response
    }
}

/// An error and its causes, for the log.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}
