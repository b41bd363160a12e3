//! The demo's hub: in this process, its store in the demo's folder.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use hub::{Limits, OneTimePassword, Serving, Transport};
use store::Accounts;
use tokio::sync::oneshot;

use crate::{
    Context, clock,
    commands::serve,
    failure::{Failure, Result},
    hub_store::{self, HubStore},
    messages::message,
};

/// The store's file in the demo's folder.
pub(super) const STORE: &str = hub_store::FILE;

const PRESET: &str = "rainstaff";
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);
/// Ports that are tried, from the usual one on.
const PORTS: u16 = 20;

pub(super) struct DemoHub {
    pub store: HubStore,
    /// For people.
    pub url: String,
    /// For the offices, which are on this machine.
    pub office_url: String,
    /// Accounts that were just made.
    pub passwords: Vec<OneTimePassword>,
    serving: Serving,
    stop: oneshot::Sender<()>,
}

impl DemoHub {
    /// Where it was asked to listen, else at the first free port from the usual one on.
    ///
    /// # Errors
    /// What the store says; `HubCannotServe`.
    pub async fn start(folder: &Path, listen: Option<SocketAddr>, context: &Context) -> Result<Self> {
        let places = hub_store::in_folder(folder, PRESET)?;
        let store = HubStore::open_at(places.clone()).await?;
        let accounts = Accounts::open(&places).await.map_err(|error| store.failure(&error))?;
        let wanted = listen.unwrap_or(LISTEN);
        let last = if listen.is_some() { wanted.port() } else { wanted.port() + PORTS - 1 };
        let mut address = wanted;
        loop {
            let settings = settings(address, &places, context)?;
            let (stop, stopped) = oneshot::channel();
            // Also when the demo ends without saying so.
            let stopped = async move { _ = stopped.await };
            match hub::serve(settings, store.store.clone(), accounts.clone(), stopped).await {
                Ok(serving) => return Ok(Self::new(store, serving, stop)),
                Err(hub::Error::Listen { .. }) if address.port() < last => {
                    address.set_port(address.port() + 1);
                }
                Err(error) => return Err(refused(&error)),
            }
        }
    }

    fn new(store: HubStore, mut serving: Serving, stop: oneshot::Sender<()>) -> Self {
        let scheme = if serving.fingerprint.is_some() { "https" } else { "http" };
        let mut near = serving.address;
        if near.ip().is_unspecified() {
            near.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        let [url, office_url] = [serving.address, near].map(|address| format!("{scheme}://{address}"));
        let passwords = std::mem::take(&mut serving.passwords);
        Self { store, url, office_url, passwords, serving, stop }
    }

    /// Finishes what it is answering and closes the store.
    ///
    /// # Errors
    /// `HubCannotServe`: the server had ended by itself.
    pub async fn end(self) -> Result<()> {
        // It may have ended by itself.
        let _ = self.stop.send(());
        let ended = self.serving.ended().await;
        self.store.store.close().await;
        ended.map_err(|error| serve::cannot_serve(&error))
    }
}

fn refused(error: &hub::Error) -> Failure {
    let failure = serve::cannot_serve(error).what(message("demo-what"));
    match error {
        hub::Error::Listen { .. } => failure.hint(message("demo-listen-hint")),
        _ => failure,
    }
}

fn settings(listen: SocketAddr, store: &store::Settings, context: &Context) -> Result<hub::Settings> {
    Ok(hub::Settings {
        listen,
        transport: Transport::Auto,
        public_url: None,
        proxies: Vec::new(),
        data_folder: store.data_folder.clone(),
        api_key: None,
        first_users: serve::first_users(PRESET)?,
        language: serve::language(context),
        sessions: context.config.hub.sessions,
        zone: clock::time_zone(&context.config.zone_name),
        letterhead: hub::Letterhead::default(),
        watch: hub::Watch::default(),
        limits: Limits::default(),
        backups: None,
        configured: Vec::new(),
        clock: Arc::clone(&store.clock),
        random: Arc::clone(&store.random),
    })
}
