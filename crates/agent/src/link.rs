//! The way to the hub: `/v1` over HTTP.

mod cause;
mod certificate;

use std::{io, path::Path, time::Duration};

use async_trait::async_trait;
use futures_util::StreamExt;
use replica::wire::{self, Code, Conflict, Hello, Met, News, Page, Push, Pushed, Standing, Trouble, Welcome};
use reqwest::{Body, Client, ClientBuilder, Method, RequestBuilder, Response, header, redirect::Policy};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::enrolment::Enrolment;
pub use cause::Cause;

/// What a cycle asks of a hub, wherever it is.
#[async_trait]
pub trait Hub: Send + Sync {
    /// The agent introduces itself.
    ///
    /// # Errors
    /// [`LinkError`], as of all calls.
    async fn hello(&self, hello: &Hello) -> Result<Welcome>;

    /// Sends a whole file, to learn which rows of the hub its rows are.
    ///
    /// # Errors
    /// [`LinkError`].
    async fn meet(&self, file: &Path) -> Result<Met>;

    /// # Errors
    /// [`LinkError`].
    async fn push(&self, push: &Push) -> Result<Pushed>;

    /// # Errors
    /// [`LinkError`].
    async fn pull(&self, after: i64, mark: Option<&str>) -> Result<Page>;
}

/// Speaks with one hub as one site. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Link {
    client: Client,
    hub: Enrolment,
}

/// Why the hub did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("the hub cannot be reached: {0}")]
    Away(Cause),
    /// The address says `http://`, and what answers there does not speak it, as a hub with a certificate.
    #[error("what answers there does not speak http")]
    NotPlain,
    /// The address says `https://`, and what answers there does not speak it.
    #[error("what answers there does not speak https")]
    NotTls,
    /// Somebody else answers at its address, or it got another certificate.
    #[error("the hub's certificate is not the one of the enrolment line")]
    Certificate,
    /// The enrolment line names no certificate, and the PC trusts none that is shown.
    #[error("the hub's certificate is none that this PC trusts")]
    Untrusted,
    #[error("{}", .0.error)]
    Refused(Trouble),
    #[error("what answers there ({0}) is no hub of this version of denk")]
    NoHub(u16),
    #[error("an answer of the hub cannot be read")]
    Answer(#[source] wire::Unpackable),
    #[error("the file cannot be sent")]
    File(#[source] io::Error),
}

type Result<T> = std::result::Result<T, LinkError>;

const CONNECT: Duration = Duration::from_secs(10);
/// From a question to its answer, and between two pieces of an answer. The hub sends something on the events' stream more often.
const SILENCE: Duration = Duration::from_secs(90);
/// For a whole file: the hub lets it come in for a quarter of an hour, and then takes it in.
const MEETING: Duration = Duration::from_mins(20);
const EVENT_BYTES_MAX: usize = 4 << 10;
/// Most bytes of the map of a whole file.
const MET_BYTES_MAX: usize = 512 << 20;

impl Link {
    /// # Errors
    /// The system has no certificates that it trusts, or none can be read.
    pub fn new(hub: &Enrolment) -> Result<Self> {
        let client = builder(hub).read_timeout(SILENCE).build().map_err(|error| untrusting(&error))?;
        Ok(Self { client, hub: hub.clone() })
    }

    /// Conflicts of the site's region that nobody has decided, newest first, and how many more there are than the hub tells.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn conflicts(&self) -> Result<(Vec<Conflict>, u64)> {
        let mut told: Vec<Conflict> =
            self.answer(self.request(Method::GET, "conflicts"), wire::BYTES_MAX).await?;
        let mut more = 0;
        if told.len() >= wire::CONFLICTS_MAX {
            let standing = self.answer::<Standing>(self.request(Method::GET, "status"), wire::BYTES_MAX);
            // A hub that cannot say it does not keep these from being seen.
            more = standing.await.map_or(0, |all| all.conflicts.saturating_sub(told.len() as u64));
        }
        told.retain(|conflict| conflict.state != wire::Looked::Decided);
        Ok((told, more))
    }

    /// Listens until the hub hangs up; `hear` is told each time that something happened in the site's region.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn events(&self, mut hear: impl FnMut(News)) -> Result<()> {
        let request = self.request(Method::GET, "events").header(header::ACCEPT, "text/event-stream");
        let response = self.send(request).await?;
        let mut pieces = response.bytes_stream();
        let mut line = Vec::new();
        while let Some(piece) = pieces.next().await {
            for byte in piece.map_err(|error| self.unanswered(&error))? {
                match byte {
                    b'\n' => {
                        news(&line).into_iter().for_each(&mut hear);
                        line.clear();
                    }
                    _ if line.len() < EVENT_BYTES_MAX => line.push(byte),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{}/{path}", self.hub.url, wire::VERSION);
        let posts = method == Method::POST;
        let request = self.client.request(method, url).bearer_auth(&self.hub.token);
        let request = request.header(header::ACCEPT, wire::CONTENT_TYPE);
        if !posts {
            return request;
        }
        request
            .header(header::CONTENT_TYPE, wire::CONTENT_TYPE)
            .header(header::CONTENT_ENCODING, wire::ENCODING)
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder, bytes_max: usize) -> Result<T> {
        let body = self.body(self.send(request).await?, bytes_max).await?;
        wire::unpack(&body, bytes_max).map_err(LinkError::Answer)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let response = request.send().await.map_err(|error| self.unanswered(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response, wire::BYTES_MAX).await?;
        match wire::unpack::<Trouble>(&body, wire::BYTES_MAX) {
            Ok(trouble) => Err(LinkError::Refused(trouble)),
            Err(_) => Err(LinkError::NoHub(status.as_u16())),
        }
    }

    /// Packed it is not longer than unpacked.
    async fn body(&self, response: Response, bytes_max: usize) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            body.extend_from_slice(&piece.map_err(|error| self.unanswered(&error))?);
            if body.len() > bytes_max {
                return Err(LinkError::Answer(wire::Unpackable::TooLarge(bytes_max)));
            }
        }
        Ok(body)
    }

    fn unanswered(&self, error: &reqwest::Error) -> LinkError {
        cause::unanswered(error, &self.hub)
    }
}

#[async_trait]
impl Hub for Link {
    async fn hello(&self, hello: &Hello) -> Result<Welcome> {
        let request = self.request(Method::POST, "hello").body(wire::pack(hello));
        self.answer(request, wire::BYTES_MAX).await
    }

    async fn meet(&self, file: &Path) -> Result<Met> {
        let file = file.to_owned();
        let packed = tokio::task::spawn_blocking(move || zstd::encode_all(std::fs::File::open(file)?, 3));
        let packed = packed.await.map_err(io::Error::other).flatten().map_err(LinkError::File)?;
        // A client's silence begins with the question: here that is the file, which may take longer.
        let client = builder(&self.hub).timeout(MEETING).build().map_err(|error| untrusting(&error))?;
        let patient = Self { client, hub: self.hub.clone() };
        let request = patient.request(Method::POST, "meet").body(Body::from(packed));
        let request = request.header(header::CONTENT_TYPE, "application/vnd.sqlite3");
        patient.answer(request, MET_BYTES_MAX).await
    }

    async fn push(&self, push: &Push) -> Result<Pushed> {
        self.answer(self.request(Method::POST, "push").body(wire::pack(push)), wire::BYTES_MAX).await
    }

    async fn pull(&self, after: i64, mark: Option<&str>) -> Result<Page> {
        let mark: String =
            mark.into_iter().flat_map(|mark| form_urlencoded::byte_serialize(mark.as_bytes())).collect();
        let mark = if mark.is_empty() { mark } else { format!("&mark={mark}") };
        self.answer(self.request(Method::GET, &format!("pull?after={after}{mark}")), wire::BYTES_MAX).await
    }
}

impl LinkError {
    /// Whether the very same may succeed a little later.
    #[must_use]
    pub const fn passes(&self) -> bool {
        match self {
            Self::Away(_) => true,
            Self::Refused(trouble) => matches!(trouble.code, Code::Busy | Code::Hub),
            Self::NoHub(status) => *status >= 500,
            Self::NotPlain
            | Self::NotTls
            | Self::Certificate
            | Self::Untrusted
            | Self::Answer(_)
            | Self::File(_) => false,
        }
    }
}

/// Whoever is shown the token is the hub itself: it is not passed on to where an answer leads, nor, unencrypted, to a proxy.
fn builder(hub: &Enrolment) -> ClientBuilder {
    let builder = Client::builder().connect_timeout(CONNECT).redirect(Policy::none());
    let builder = if hub.url.scheme() == "http" { builder.no_proxy() } else { builder };
    match hub.fingerprint {
        Some(mark) => builder.tls_backend_preconfigured(certificate::pinned(mark)),
        None => builder,
    }
}

fn untrusting(error: &reqwest::Error) -> LinkError {
    tracing::debug!(error = error as &dyn std::error::Error, "the system's certificates cannot be used");
    LinkError::Untrusted
}

/// What a line of the events' stream tells, if it is a line of data.
fn news(line: &[u8]) -> Option<News> {
    serde_json::from_slice(line.strip_prefix(b"data:")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_data_are_news() {
        assert_eq!(news(b"data: {\"rev\":7}\r"), Some(News { rev: 7 }));
        for other in [&b": still here"[..], b"event: rev", b"data: seven", b""] {
            assert_eq!(news(other), None);
        }
    }
}
