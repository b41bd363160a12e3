//! Messages in the form that a request has, and asks for.

use std::fmt::Display;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use replica::wire;
use serde::{Serialize, de::DeserializeOwned};
use store::Device;

use crate::{
    Limits,
    answer::Refusal,
    app::App,
    body::{Cut, Pieces},
    upload,
};

/// Most bytes of a message that says little, as it is sent.
pub(super) const SMALL_MAX: usize = 16 << 10;
/// Most bytes of any message, as it is sent.
pub(super) const PACKED_MAX: usize = 8 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Packed,
    Json,
}

impl Form {
    /// What the sender wants to be answered in.
    pub fn accepted(headers: &HeaderMap) -> Self {
        let packed =
            headers.get_all(header::ACCEPT).iter().any(|accepted| names(accepted, wire::CONTENT_TYPE));
        if packed { Self::Packed } else { Self::Json }
    }

    /// What the request's own message is in.
    fn sent(headers: &HeaderMap) -> Result<Self, Refusal> {
        let is = |kind| headers.get(header::CONTENT_TYPE).is_some_and(|said| names(said, kind));
        let encoding = headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes);
        match encoding {
            Some(encoding) if is(wire::CONTENT_TYPE) && encoding == wire::ENCODING.as_bytes() => {
                Ok(Self::Packed)
            }
            None if is(JSON) => Ok(Self::Json),
            _ => {
                let (packed, encoding) = (wire::CONTENT_TYPE, wire::ENCODING);
                Err(Refusal::Message(format!(
                    "a message is {JSON}, or {packed} with Content-Encoding {encoding}"
                )))
            }
        }
    }

    pub fn answer(self, message: &impl Serialize) -> Response {
        match self {
            Self::Packed => {
                let kinds = [
                    (header::CONTENT_TYPE, HeaderValue::from_static(wire::CONTENT_TYPE)),
                    (header::CONTENT_ENCODING, HeaderValue::from_static(wire::ENCODING)),
                ];
                (kinds, wire::pack(message)).into_response()
            }
            Self::Json => axum::Json(message).into_response(),
        }
    }

    fn read<T: DeserializeOwned>(self, bytes: &[u8]) -> Result<T, Refusal> {
        let unread = |why: &dyn Display| Refusal::Message(why.to_string());
        match self {
            Self::Packed => wire::unpack(bytes, wire::BYTES_MAX).map_err(|error| match error {
                wire::Unpackable::TooLarge(max) => Cut::TooLarge(max as u64).into(),
                error => unread(&error),
            }),
            Self::Json => serde_json::from_slice(bytes).map_err(|error| unread(&error)),
        }
    }
}

const JSON: &str = "application/json";

fn names(said: &HeaderValue, kind: &str) -> bool {
    let kinds = said.to_str().unwrap_or_default().split(',');
    kinds.filter_map(|said| said.split(';').next()).any(|said| said.trim().eq_ignore_ascii_case(kind))
}

/// Who asks, in which form to answer, and the message.
pub(super) async fn asked<T: DeserializeOwned>(
    app: &App,
    request: Request,
    bytes_max: usize,
) -> Result<(Device, Form, T), Refusal> {
    let (parts, body) = request.into_parts();
    // From here on the body is read, or read away, whatever becomes of the request.
    let limits = Limits { upload_bytes_max: bytes_max as u64, ..app.settings.limits.clone() };
    let (pieces, _) = Pieces::of(body, &limits);
    let device = super::site(app, &parts.headers).await?;
    let message = Form::sent(&parts.headers)?.read(&whole(&parts, pieces, bytes_max).await?)?;
    Ok((device, Form::accepted(&parts.headers), message))
}

async fn whole(parts: &Parts, mut pieces: Pieces, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
    upload::check_length(parts, bytes_max as u64)?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}
