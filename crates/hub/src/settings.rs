//! What a hub is started with.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use axum::http::{HeaderMap, header};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use store::{Lifetime, Random, WallClock, backups::Guarded};

use crate::{first_users::FirstUser, metrics::Watch};

/// Where a hub listens and how it behaves.
#[derive(Clone)]
pub struct Settings {
    /// Port 0: any that is free.
    pub listen: SocketAddr,
    pub transport: Transport,
    /// Where offices reach the hub, when that is not where it listens. Without a slash at the end.
    pub public_url: Option<String>,
    /// Whose `X-Forwarded-For` counts behind a proxy; none: nobody's.
    pub proxies: Vec<IpNet>,
    /// Where its own certificate and unfinished uploads lie; made if it is not there.
    pub data_folder: PathBuf,
    /// The one key that all offices share, if there is one.
    pub api_key: Option<ApiKey>,
    /// Who gets an account when there is none at all.
    pub first_users: Vec<FirstUser>,
    /// Of people who do not say theirs.
    pub language: Language,
    /// How long people stay logged in.
    pub sessions: Lifetime,
    /// Of times on pages.
    pub zone: TimeZone,
    pub limits: Limits,
    /// `None`: the store is backed up by others, or not at all.
    pub backups: Option<KeptBackups>,
    /// What people are shown who ask how the hub is set up.
    pub configured: Vec<Configured>,
    /// What heads reports, besides what offices say of themselves.
    pub letterhead: Letterhead,
    /// Who may watch the hub from where.
    pub watch: Watch,
    pub clock: WallClock,
    pub random: Random,
}

/// What stands above every report.
#[derive(Clone, Debug, Default)]
pub struct Letterhead {
    /// `None`: what the offices of the report call themselves, if that is one name.
    pub company: Option<String>,
    pub logo: Option<Logo>,
}

/// A picture that Excel opens.
#[derive(Clone, Debug)]
pub struct Logo(Arc<[u8]>);

impl Logo {
    /// # Errors
    /// Bytes that are no PNG, are damaged or too many.
    pub fn new(bytes: Vec<u8>) -> Result<Self, export::LogoProblem> {
        export::check_png(&bytes)?;
        Ok(Self(bytes.into()))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The backups that the hub's own machine keeps of its store.
#[derive(Clone, Debug)]
pub struct KeptBackups {
    pub backups: Guarded,
    /// `None`: only when somebody asks for one.
    pub every: Option<Duration>,
}

/// A setting, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    pub name: String,
    /// Without secrets; `None`: it is to be found elsewhere, and is not there.
    pub value: Option<String>,
    pub origin: ConfiguredIn,
}

/// Where a setting was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfiguredIn {
    Default,
    File {
        path: String,
        line: usize,
    },
    /// A variable of this name.
    Environment(String),
    Flag(String),
}

/// How bytes travel between a client and the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain on the loopback address; elsewhere TLS with the hub's own certificate.
    Auto,
    /// TLS with the certificate chain and key of these PEM files.
    Files { certificate: PathBuf, key: PathBuf },
    /// Plain, because a proxy in front does TLS; it tells the client's address in `X-Forwarded-For`.
    BehindProxy,
}

/// What one client can cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For a whole request; what the store reads is bounded by its own [`upload_bytes_max`](store::Settings).
    pub upload_bytes_max: u64,
    /// Uploads that are dealt with at the same time, when they have come whole; more wait.
    pub uploads_max: usize,
    /// So many more may wait or be on their way; others are told to come again.
    pub uploads_waiting_max: usize,
    /// How long an upload waits for its turn, and then for room; old programs themselves give up after 10 s.
    pub turn_wait: Duration,
    /// Files that are read and merged at the same time, all together; each takes some twenty times its size in memory.
    pub merging_bytes_max: u64,
    /// More are hung up on.
    pub connections_max: usize,
    pub header_bytes_max: usize,
    /// For all headers of a request, and between two requests of a connection.
    pub header_wait: Duration,
    /// Between two pieces of a body.
    pub body_wait: Duration,
    /// For a whole upload to arrive.
    pub upload_wait: Duration,
    /// For any other request to be answered.
    pub request_wait: Duration,
    /// For the writer itself to answer a monitor; then the monitor is told what the writer is at.
    pub writer_wait: Duration,
    /// A writer that is at one thing for so long is taken for stuck.
    pub writer_stuck: Duration,
    /// With less room than that on the disk of the store the hub is not well.
    pub free_bytes_min: u64,
    /// A name and a password that are not right are told no sooner: how long it took to look says nothing.
    pub wrong_wait: Duration,
    /// For running requests to end when the hub is stopped.
    pub stop_wait: Duration,
}

impl Settings {
    /// Whether browsers reach the hub by https.
    pub(crate) fn is_secure(&self) -> bool {
        self.transport != Transport::Auto || !self.listen.ip().is_loopback()
    }

    /// Whether browsers reach the hub by TLS with a certificate that is not its own: a given one, or a proxy's.
    pub(crate) fn is_known_by_tls(&self) -> bool {
        let is_plain = self.public_url.as_ref().is_some_and(|url| url.starts_with("http://"));
        self.transport != Transport::Auto && !is_plain
    }

    /// Whether what comes from there comes through a proxy that may say from where.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        let is_known = || self.proxies.iter().any(|net| net.contains(&peer.to_canonical()));
        self.transport == Transport::BehindProxy && is_known()
    }

    /// Where an upload lies until it is merged or refused.
    pub(crate) fn incoming(&self) -> PathBuf {
        self.data_folder.join("incoming")
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            upload_bytes_max: store::Settings::UPLOAD_BYTES_MAX,
            uploads_max: 64,
            uploads_waiting_max: 256,
            turn_wait: Duration::from_secs(10),
            merging_bytes_max: 16 << 20,
            // Each agent keeps one open to listen, and uses another.
            connections_max: 4096,
            header_bytes_max: 32 << 10,
            header_wait: Duration::from_secs(15),
            body_wait: Duration::from_secs(20),
            upload_wait: Duration::from_mins(15),
            request_wait: Duration::from_mins(1),
            writer_wait: Duration::from_secs(1),
            writer_stuck: Duration::from_mins(1),
            free_bytes_min: 16 << 20,
            wrong_wait: Duration::from_millis(500),
            stop_wait: Duration::from_mins(1),
        }
    }
}

/// The shared key, of which only a hash is kept.
///
/// **Invariants**: comparing takes the same time whatever differs.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(blake3::Hash);

const CONTEXT: &str = "denk 2026-11 hash of the shared key";

impl ApiKey {
    /// `None` for a blank key, which would open to everybody.
    #[must_use]
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        (!key.is_empty()).then(|| Self::hash(key.as_bytes()))
    }

    pub(crate) fn is(&self, shown: &[u8]) -> bool {
        *self == Self::hash(shown)
    }

    fn hash(key: &[u8]) -> Self {
        Self(blake3::Hash::from_bytes(blake3::derive_key(CONTEXT, key)))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// In which people are spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Turkish,
    English,
}

impl Language {
    /// By the beginning of a language tag: `tr`, `en-GB`.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        match tag.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "tr" => Some(Self::Turkish),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// What the sender of a request prefers, if it says so.
    pub(crate) fn asked(headers: &HeaderMap) -> Option<Self> {
        let tags = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        tags.split(',').find_map(Self::of_tag)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown.field("listen", &self.listen).field("transport", &self.transport);
        shown.field("data_folder", &self.data_folder).field("limits", &self.limits).finish_non_exhaustive()
    }
}
