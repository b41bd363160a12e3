//! A connection: the server's key is checked before anything is told, then somebody logs in, then SFTP begins.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use russh::{
    Channel, Disconnect,
    client::{self, AuthResult, Handle, KeyboardInteractiveAuthResponse, Msg},
    keys::{HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate, decode_secret_key},
};
use russh_sftp::client::{Config, SftpSession};

use crate::{Address, Error, Result};

/// For the first answer and for each later one.
const PATIENCE: Duration = Duration::from_secs(30);
/// Nothing was heard for so long: are you there? Three times.
const STILL_THERE: Duration = Duration::from_secs(10);

/// Where to go, whom to expect there, and as whom.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: Address,
    /// Fingerprint of the only key that the server may have. **Shape**: as [`crate::is_fingerprint`].
    pub host_key: String,
    pub login: Login,
}

/// How a user shows who they are. `Debug` shows no secret.
#[derive(Clone)]
pub enum Login {
    Password(String),
    /// A private key, as its file holds it, and what opens it if it is locked.
    Key {
        text: String,
        passphrase: Option<String>,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Key { .. } => "Key",
        })
    }
}

/// A server that let us in.
pub struct Remote {
    pub(crate) sftp: SftpSession,
    pub(crate) session: Handle<Doorman>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}

/// Lets only the one key pass, and remembers another one that was shown.
pub(crate) struct Doorman {
    wanted: String,
    found: Arc<Mutex<Option<String>>>,
}

impl client::Handler for Doorman {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> std::result::Result<bool, Self::Error> {
        let found = match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.fingerprint(HashAlg::Sha256),
            PublicKeyOrCertificate::Certificate(certificate) => {
                certificate.public_key().fingerprint(HashAlg::Sha256)
            }
        };
        let found = found.to_string();
        let is_right = found == self.wanted;
        if !is_right {
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        }
        Ok(is_right)
    }
}

impl Remote {
    /// # Errors
    /// `Unreachable`, `HostKey`, `Key`, `Login`, `NoSftp`; `Lost`.
    pub async fn connect(target: &Target) -> Result<Self> {
        let mut session = knock(target).await?;
        within(log_in(&mut session, target)).await?;
        let sftp = within(begin(&session)).await?;
        Ok(Self { sftp, session })
    }

    /// Says good-bye; a server that does not listen any more is left as it is.
    pub async fn close(self) {
        let _ = self.sftp.close().await;
        let _ = self.session.disconnect(Disconnect::ByApplication, "", "").await;
    }
}

/// Up to the server's key.
async fn knock(target: &Target) -> Result<Handle<Doorman>> {
    let Address { host, port, .. } = &target.address;
    let config = client::Config {
        inactivity_timeout: Some(PATIENCE * 2),
        keepalive_interval: Some(STILL_THERE),
        nodelay: true,
        ..client::Config::default()
    };
    let found = Arc::new(Mutex::new(None));
    let doorman = Doorman { wanted: target.host_key.clone(), found: Arc::clone(&found) };
    let connecting = client::connect(Arc::new(config), (host.as_str(), *port), doorman);
    let place = || format!("{host}:{port}");
    let why = match tokio::time::timeout(PATIENCE, connecting).await {
        Ok(Ok(session)) => return Ok(session),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    match found.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(found) => Err(Error::HostKey { found, wanted: target.host_key.clone() }),
        None => Err(Error::Unreachable { place: place(), why }),
    }
}

async fn log_in(session: &mut Handle<Doorman>, target: &Target) -> Result<()> {
    let user = target.address.user.as_str();
    let answer = match &target.login {
        Login::Key { text, passphrase } => {
            let key =
                decode_secret_key(text, passphrase.as_deref()).map_err(|why| Error::Key(why.to_string()))?;
            session.authenticate_publickey(user, PrivateKeyWithHashAlg::new(Arc::new(key), None)).await
        }
        Login::Password(password) => session.authenticate_password(user, password).await,
    };
    let takes = match answer.map_err(lost)? {
        AuthResult::Success => return Ok(()),
        AuthResult::Failure { remaining_methods, .. } => remaining_methods,
    };
    // Some servers take a password only as the answer to a question.
    if let Login::Password(password) = &target.login
        && takes.contains(&russh::MethodKind::KeyboardInteractive)
        && tell(session, user, password).await?
    {
        return Ok(());
    }
    let takes: Vec<&str> = takes.iter().map(Into::into).collect();
    Err(Error::Login { user: user.to_owned(), takes: takes.join(", ") })
}

/// Answers one question with the password.
async fn tell(session: &mut Handle<Doorman>, user: &str, password: &str) -> Result<bool> {
    let asked = session.authenticate_keyboard_interactive_start(user, None).await.map_err(lost)?;
    let KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } = asked else {
        return Ok(matches!(asked, KeyboardInteractiveAuthResponse::Success));
    };
    let answers = prompts.iter().map(|_| password.to_owned()).take(1).collect();
    let mut answer = session.authenticate_keyboard_interactive_respond(answers).await.map_err(lost)?;
    // Asked for nothing more, before it says how it went.
    if matches!(&answer, KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } if prompts.is_empty()) {
        answer = session.authenticate_keyboard_interactive_respond(Vec::new()).await.map_err(lost)?;
    }
    Ok(matches!(answer, KeyboardInteractiveAuthResponse::Success))
}

async fn begin(session: &Handle<Doorman>) -> Result<SftpSession> {
    let channel = subsystem(session).await?;
    let patience = Config { request_timeout_secs: PATIENCE.as_secs(), ..Config::default() };
    let begun = SftpSession::new_with_config(channel.into_stream(), patience).await;
    begun.map_err(|why| Error::NoSftp(why.to_string()))
}

/// A channel in which the server speaks SFTP.
pub(crate) async fn subsystem(session: &Handle<Doorman>) -> Result<Channel<Msg>> {
    let channel = session.channel_open_session().await.map_err(|why| Error::NoSftp(why.to_string()))?;
    channel.request_subsystem(true, "sftp").await.map_err(|why| Error::NoSftp(why.to_string()))?;
    Ok(channel)
}

async fn within<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Err(Error::Lost("no answer in time".to_owned()));
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(late)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands where an error is turned into another")]
fn lost(error: russh::Error) -> Error {
    Error::Lost(error.to_string())
}
