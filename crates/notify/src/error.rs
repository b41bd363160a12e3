//! Why somebody could not be told.

/// **Invariants**: says nothing of passwords, and of a webhook its host only.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{0}` is no e-mail address")]
    Address(String),
    #[error("`{0}` is no address of a webhook: https, or http on this machine")]
    Url(String),
    /// Passwords and names would travel in the clear.
    #[error("a mail server without TLS must be on this machine")]
    Plain,
    #[error("the message cannot be written: {0}")]
    Message(#[from] lettre::error::Error),
    #[error("the mail server: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    #[error("the webhook at {host}: {cause}")]
    Webhook { host: String, cause: reqwest::Error },
    /// Redirects are not followed: whoever answers is told nothing elsewhere.
    #[error("the webhook at {host} answered {status}")]
    Status { host: String, status: u16 },
    #[error("the webhook cannot be asked: {0}")]
    Client(reqwest::Error),
}
