//! Refusals as agents are told them.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
    middleware::Next,
    response::Response,
};
use replica::wire::{Code, Trouble};
use store::{Declined, Rejected};

use super::form::Form;
use crate::{Language, answer::Refusal, app::App, body::Cut};

/// Tells a refusal in the form and language of whoever asked.
pub(super) async fn in_words(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let language = Language::asked(request.headers()).unwrap_or(app.settings.language);
    let form = Form::accepted(request.headers());
    let mut response = next.run(request).await;
    let Some(refusal) = response.extensions_mut().remove::<Arc<Refusal>>() else { return response };
    let status = response.status();
    let (head, body) = form.answer(&trouble(&refusal, status, language)).into_parts();
    response.headers_mut().extend(head.headers);
    *response.body_mut() = body;
    response
}

fn trouble(refusal: &Refusal, status: StatusCode, language: Language) -> Trouble {
    let (code, (number, seen)) = match refusal {
        Refusal::Declined(declined) => match declined {
            Declined::Older { number, seen } => (Code::Older, (*number, *seen)),
            Declined::Behind { number, seen } => (Code::Behind, (*number, *seen)),
            Declined::Decided { number, seen } => (Code::Decided, (*number, *seen)),
            Declined::Message(_) | Declined::Revoked | Declined::Store(_) => (of(status), (0, 0)),
        },
        Refusal::Store(Rejected::File(_)) if status == StatusCode::UNPROCESSABLE_ENTITY => {
            (Code::Message, (0, 0))
        }
        Refusal::Body(Cut::Broken | Cut::TooSlow) => (Code::Message, (0, 0)),
        _ => (of(status), (0, 0)),
    };
    Trouble { code, error: refusal.sentence(status, language), number, seen }
}

fn of(status: StatusCode) -> Code {
    match status {
        StatusCode::UNAUTHORIZED => Code::Token,
        StatusCode::PAYLOAD_TOO_LARGE => Code::TooLarge,
        StatusCode::UNPROCESSABLE_ENTITY | StatusCode::BAD_REQUEST => Code::Message,
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Code::Busy,
        status if status.is_server_error() => Code::Hub,
        _ => Code::Other,
    }
}
