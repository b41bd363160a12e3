//! Messages in the form that a request has, and asks for.

use std::{
    fmt::Display,
    io::{self, Read as _},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures_util::StreamExt;
use replica::wire;
use serde::{Serialize, de::DeserializeOwned};
use store::Device;
use tokio::task;

use super::file::WINDOW_LOG_MAX;
use crate::{
    Limits,
    answer::Refusal,
    app::App,
    body::{Cut, Pieces},
    upload,
};

/// Most bytes of a message that says little, as it is sent.
pub(super) const SMALL_MAX: usize = 16 << 10;
/// The same, unpacked.
pub(super) const SMALL_PLAIN_MAX: usize = 64 << 10;
/// Most bytes of any message, as it is sent.
pub(super) const PACKED_MAX: usize = 8 << 20;

/// A byte of a message takes so many times the memory that a byte of a file takes: each of its cells names its column.
const WEIGHT: u64 = 4;

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
}

const JSON: &str = "application/json";

fn names(said: &HeaderValue, kind: &str) -> bool {
    let kinds = said.to_str().unwrap_or_default().split(',');
    kinds.filter_map(|said| said.split(';').next()).any(|said| said.trim().eq_ignore_ascii_case(kind))
}

/// A request of which the body is on its way.
pub(super) struct Asked {
    pub device: Device,
    /// In which form to answer.
    pub accepted: Form,
    form: Form,
    parts: Parts,
    pieces: Pieces,
    bytes_max: usize,
}

/// A message that has come whole.
pub(super) struct Sent {
    form: Form,
    bytes: Vec<u8>,
}

impl Asked {
    /// Who asks. From here on the body is read, or read away, whatever becomes of the request.
    pub async fn of(app: &App, request: Request, bytes_max: usize) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let limits = Limits { upload_bytes_max: bytes_max as u64, ..app.settings.limits.clone() };
        let (pieces, _) = Pieces::of(body, &limits);
        let device = super::site(app, &parts.headers).await?;
        let (form, accepted) = (Form::sent(&parts.headers)?, Form::accepted(&parts.headers));
        Ok(Self { device, accepted, form, parts, pieces, bytes_max })
    }

    pub async fn whole(mut self) -> Result<Sent, Refusal> {
        upload::check_length(&self.parts, self.bytes_max as u64)?;
        let mut bytes = Vec::new();
        while let Some(piece) = self.pieces.next().await {
            bytes.extend_from_slice(&piece?);
        }
        Ok(Sent { form: self.form, bytes })
    }
}

impl Sent {
    /// How much memory it may take, as files are weighed, before any of it is taken.
    pub async fn weighed(self) -> Result<(Self, u64), Refusal> {
        let work = task::spawn_blocking(move || self.plain_bytes().map(|bytes| (self, bytes * WEIGHT)));
        work.await.map_err(|_| Refusal::Defect("weighing a message ended by itself"))?
    }

    fn plain_bytes(&self) -> Result<u64, Refusal> {
        if self.form == Form::Json {
            return Ok(self.bytes.len() as u64);
        }
        let plain = zstd::Decoder::new(self.bytes.as_slice()).and_then(|mut reader| {
            reader.window_log_max(WINDOW_LOG_MAX)?;
            io::copy(&mut reader.take(wire::BYTES_MAX as u64 + 1), &mut io::sink())
        });
        match plain {
            Ok(bytes) if bytes > wire::BYTES_MAX as u64 => Err(Cut::TooLarge(wire::BYTES_MAX as u64).into()),
            Ok(bytes) => Ok(bytes),
            Err(_) => Err(Refusal::Message("the message is not compressed as zstd has it".to_owned())),
        }
    }

    /// `plain_max`: most bytes of it, unpacked.
    pub fn read<T: DeserializeOwned>(&self, plain_max: usize) -> Result<T, Refusal> {
        let unread = |why: &dyn Display| Refusal::Message(why.to_string());
        match self.form {
            Form::Packed => wire::unpack(&self.bytes, plain_max).map_err(|error| match error {
                wire::Unpackable::TooLarge(max) => Cut::TooLarge(max as u64).into(),
                error => unread(&error),
            }),
            Form::Json => serde_json::from_slice(&self.bytes).map_err(|error| unread(&error)),
        }
    }
}
