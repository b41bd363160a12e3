//! From settings to a listening hub, and to its end.

use std::{
    fs, io,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::Duration,
};

use axum_server::{
    Handle, Server,
    accept::{Accept, NoDelayAcceptor},
    tls_rustls::{RustlsAcceptor, RustlsConfig},
};
use hyper_util::rt::TokioTimer;
use store::{Accounts, Store};
use tokio::task::JoinHandle;

use crate::{
    Limits, OneTimePassword, PasswordError, Reached, Settings, app::App, certificate, connections::Bounded,
    first_users, router,
};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{address} cannot be listened on")]
    Listen {
        address: SocketAddr,
        #[source]
        cause: io::Error,
    },
    #[error("the folder for uploads cannot be used")]
    Folder(#[source] io::Error),
    #[error("the hub cannot do TLS")]
    Certificate(#[from] certificate::Error),
    #[error("the first accounts cannot be made")]
    Accounts(#[from] store::Error),
    #[error("the first passwords cannot be made")]
    Passwords(#[from] PasswordError),
    #[error("the server ended by itself")]
    Ended(#[source] io::Error),
}

/// A hub that listens.
#[derive(Debug)]
pub struct Serving {
    /// Where; with the port that was found if any would do.
    pub address: SocketAddr,
    /// See [`crate::fingerprint`].
    pub fingerprint: Option<String>,
    /// Accounts that were just made. Nobody else knows these passwords: show them.
    pub passwords: Vec<OneTimePassword>,
    task: JoinHandle<io::Result<()>>,
}

impl Serving {
    /// Waits until the hub was told to stop and has finished what it was doing.
    ///
    /// # Errors
    /// `Ended`.
    pub async fn ended(self) -> Result<(), Error> {
        self.task.await.unwrap_or_else(|error| Err(io::Error::other(error))).map_err(Error::Ended)
    }
}

/// Listens and answers until `stop` is there; then takes no more connections and finishes running requests.
///
/// # Errors
/// All before the first request is answered; an address that is in use is `Listen`.
pub async fn serve(
    settings: Settings,
    store: Store,
    accounts: Accounts,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Serving, Error> {
    prepare(&settings.incoming()).map_err(Error::Folder)?;
    let certificate = certificate::of(&settings)?;
    let fingerprint = certificate.as_ref().and_then(certificate::Certificate::fingerprint);
    let tls = certificate.map(certificate::Certificate::config).transpose()?;
    let (listener, address) = listen(settings.listen)?;
    let limits = settings.limits.clone();
    let settings = Settings { listen: address, ..settings };
    let reached = Reached::of(&settings, fingerprint.clone());
    let app = Arc::new(App::new((settings, reached), store, accounts));
    let passwords = first_users::add(&app.accounts, &app.passwords, &app.settings.first_users).await?;
    tokio::spawn(review(Arc::clone(&app)));
    let handle = Handle::new();
    tokio::spawn(stop_when(stop, (handle.clone(), Arc::clone(&app)), limits.stop_wait));
    let plain = NoDelayAcceptor::new();
    let server =
        axum_server::from_tcp(listener).map_err(|cause| Error::Listen { address, cause })?.handle(handle);
    let task = match tls {
        None => tokio::spawn(run(server.acceptor(Bounded::new(plain, limits.connections_max)), limits, app)),
        Some(config) => {
            let config = RustlsConfig::from_config(Arc::new(config));
            let tls = RustlsAcceptor::new(config).handshake_timeout(limits.header_wait).acceptor(plain);
            tokio::spawn(run(server.acceptor(Bounded::new(tls, limits.connections_max)), limits, app))
        }
    };
    Ok(Serving { address, fingerprint, passwords, task })
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let open = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let found = listener.local_addr()?;
        Ok((listener, found))
    };
    open().map_err(|cause| Error::Listen { address, cause })
}

async fn run<A>(mut server: Server<SocketAddr, A>, limits: Limits, app: Arc<App>) -> io::Result<()>
where
    A: Accept<tokio::net::TcpStream, Service, Service = Service> + Clone + Send + Sync + 'static,
    A::Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
    A::Future: Send,
{
    let mut http = server.http_builder().http1();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_wait)
        .max_buf_size(limits.header_bytes_max);
    server.http1_only().serve(router::of(app).into_make_service_with_connect_info::<SocketAddr>()).await
}

/// What answers the requests of one connection.
type Service = axum::middleware::AddExtension<axum::Router, axum::extract::ConnectInfo<SocketAddr>>;

/// How often it is looked anew what pages say of alerts; whoever opens their page looks at once.
const REVIEW: Duration = Duration::from_mins(1);

/// Keeps known how much there is to look at, once somebody has looked, until the hub ends.
async fn review(app: Arc<App>) {
    let mut stopping = app.stopping.subscribe();
    loop {
        tokio::select! {
            _ = stopping.changed() => return,
            () = tokio::time::sleep(REVIEW) => {}
        }
        if let Err(error) = app.store.review_again(app.today()).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "it is not known what should be looked at"
            );
        }
    }
}

async fn stop_when(
    stop: impl Future<Output = ()>,
    (handle, app): (Handle<SocketAddr>, Arc<App>),
    wait: Duration,
) {
    stop.await;
    app.stopping.send_replace(true);
    tracing::info!("the hub takes no more requests");
    handle.graceful_shutdown(Some(wait));
}

/// Makes the folder, and removes what a hub left there when it was killed.
fn prepare(incoming: &Path) -> io::Result<()> {
    fs::create_dir_all(incoming)?;
    for entry in fs::read_dir(incoming)? {
        let entry = entry?;
        let age = entry.metadata().and_then(|found| found.modified()).map(|changed| changed.elapsed());
        // Another hub may be receiving into the same folder: what is young is not ours to judge.
        if matches!(age, Ok(Ok(age)) if age > LEFT_OVER)
            && entry.file_name().to_string_lossy().starts_with("upload-")
        {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

const LEFT_OVER: Duration = Duration::from_hours(1);
