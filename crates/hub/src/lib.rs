//! The hub as a server: HTTP for the agents and the old programs of the offices, and pages for people.
//!
//! Owns everything between a socket and [`store::Store`]: credentials, limits, log-in, pages, TLS. Does not know how
//! files are merged. The one thing to know: whoever asks is told by the credential alone; what a request says about
//! itself (`X-Region`) counts only with the one shared key of the old days, which has no identity of its own.

mod answer;
mod app;
mod attempts;
mod backup_work;
mod body;
mod certificate;
mod connections;
mod credential;
mod dashboard;
mod download;
mod first_users;
mod forwarded;
mod login;
mod metrics;
mod old_hash;
mod origin;
mod pages;
mod passwords;
mod places;
mod public;
mod reached;
mod router;
mod saying;
mod secure;
mod server;
mod session;
mod settings;
mod shared_key;
mod turkish;
mod turns;
mod upload;
mod v1;
mod words;

pub use certificate::{Error as CertificateError, fingerprint};
pub use first_users::{FirstUser, NewUsers, OldAccounts, OneTimePassword, account_regions};
pub use ipnet::IpNet;
pub use metrics::{NewestBackup, Watch};
pub use passwords::{PasswordError, Passwords};
pub use reached::Reached;
pub use router::{people_paths, router};
pub use saying::{Sayer, Saying};
pub use server::{Error, Serving, serve};
pub use settings::{
    ApiKey, Configured, ConfiguredIn, KeptBackups, Language, Letterhead, Limits, Logo, Settings, Transport,
};
pub use turkish::refused_file as refused_file_in_turkish;
