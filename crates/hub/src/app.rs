//! What all requests share.

use std::sync::Arc;

use jiff::Timestamp;
use store::{Accounts, Store};
use tokio::sync::Semaphore;

use crate::{Passwords, Settings, attempts::Attempts, shared_key::RegionsHeard};

#[derive(Debug)]
pub(crate) struct App {
    pub settings: Settings,
    pub store: Store,
    pub accounts: Accounts,
    pub passwords: Passwords,
    /// Failed log-ins, by name.
    pub attempts: Attempts,
    /// Which region the shared key last spoke for, by address.
    pub regions_heard: RegionsHeard,
    /// Uploads that may still begin.
    pub uploads: Arc<Semaphore>,
    /// Browsers reach the hub by https.
    pub secure: bool,
}

impl App {
    pub fn new(settings: Settings, store: Store, accounts: Accounts) -> Self {
        Self {
            passwords: Passwords::new(Arc::clone(&settings.random)),
            attempts: Attempts::default(),
            regions_heard: RegionsHeard::default(),
            uploads: Arc::new(Semaphore::new(settings.limits.uploads_max)),
            secure: settings.is_secure(),
            settings,
            store,
            accounts,
        }
    }

    pub fn now_ms(&self) -> i64 {
        (self.settings.clock)()
    }

    pub fn now(&self) -> String {
        timestamp(self.now_ms())
    }

    pub fn incoming(&self) -> std::path::PathBuf {
        self.settings.incoming()
    }
}

/// As the JSON answers write it: RFC 3339, UTC.
pub(crate) fn timestamp(ms: i64) -> String {
    moment(ms).to_string()
}

pub(crate) fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
