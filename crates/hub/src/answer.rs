//! Answers to programs: JSON, and never a word of a driver. People are told the same on a page.
//!
//! Programs show clerks what they were told, so a refusal is said in the language of whoever asks, or else the hub's.

use std::{io, sync::Arc};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use store::{Declined, Rejected};

use crate::{Language, app::App, attempts, body::Cut, pages::trouble, turkish};

/// Why a program did not get what it asked for. `Display` is a sentence for it, in English.
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
    #[error("A file of this PC waits for approval: until then its own file is not replaced")]
    Waiting,
    #[error(transparent)]
    Declined(Declined),
    #[error("The message cannot be read: {0}")]
    Message(String),
    #[error("The hub could not do it; its log says why")]
    Ours,
    #[error("The hub cannot do it at the moment; try again later")]
    Later,
    #[error("There is nothing here")]
    NoPath,
    #[error("This cannot be done here")]
    NoMethod,
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Key => StatusCode::UNAUTHORIZED,
            Self::Guessing => StatusCode::TOO_MANY_REQUESTS,
            Self::Region | Self::NoFile | Self::TwoFiles | Self::Form => StatusCode::BAD_REQUEST,
            Self::Body(Cut::TooLarge(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(Cut::TooSlow) => StatusCode::REQUEST_TIMEOUT,
            Self::Body(Cut::Broken) => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Later => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoPath => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Waiting => StatusCode::CONFLICT,
            Self::Declined(Declined::Message(_)) | Self::Message(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Declined(_) => StatusCode::CONFLICT,
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
            Self::File(_) | Self::Defect(_) | Self::Ours => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What the client may know of it. A refused file's own sentence is made for the sender.
    fn told(&self, status: StatusCode) -> &Self {
        match self {
            _ if status == StatusCode::UNAUTHORIZED => &Self::Key,
            Self::Store(Rejected::Store(store::Error::Waiting(_))) => &Self::Waiting,
            Self::Store(Rejected::Store(_)) if status.is_client_error() => &Self::Region,
            Self::Store(_) if status.is_client_error() => self,
            Self::Store(_) | Self::File(_) | Self::Defect(_) => {
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    &Self::Later
                } else {
                    &Self::Ours
                }
            }
            told => told,
        }
    }

    /// What whoever asks is told.
    pub(crate) fn sentence(&self, status: StatusCode, language: Language) -> String {
        let told = self.told(status);
        match language {
            Language::Turkish => turkish::refusal(told),
            Language::English => told.to_string(),
        }
    }

    fn body(&self, status: StatusCode, language: Language) -> Value {
        let (told, error) = (self.told(status), self.sentence(status, language));
        match told {
            Self::Store(rejected) => json!({ "success": false, "error": error, "code": rejected.code() }),
            _ => json!({ "success": false, "error": error }),
        }
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

impl From<Declined> for Refusal {
    fn from(declined: Declined) -> Self {
        match declined {
            Declined::Revoked => Self::Key,
            Declined::Store(error) => error.into(),
            declined => Self::Declined(declined),
        }
    }
}

/// [`in_words`] says it.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = self.status();
        self.log(status);
        let mut response = status.into_response();
        response.extensions_mut().insert(Arc::new(self));
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

/// Says a refusal in the language of whoever asked, to people on a page.
pub(crate) async fn in_words(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let own = app.settings.language;
    let language = Language::asked(request.headers()).unwrap_or(own);
    let visit = trouble::visit(&request, own);
    let (mut head, body) = next.run(request).await.into_parts();
    let refusal = head.extensions.remove::<Arc<Refusal>>();
    let page = visit.and_then(|visit| trouble::page(&visit, &head, refusal.as_deref()));
    if let Some(page) = page {
        return trouble::answered(head, page);
    }
    let Some(refusal) = refusal else { return Response::from_parts(head, body) };
    let body = refusal.body(head.status, language).to_string();
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(head, Body::from(body))
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
