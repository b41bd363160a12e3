//! What all requests share.

use std::{net::IpAddr, sync::Arc};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use store::{Accounts, Store};
use tokio::sync::{Semaphore, watch};

use crate::{
    Passwords, Reached, Settings,
    attempts::{Attempts, LogIns},
    backup_work::BackupWork,
    metrics::Counted,
    places::Places,
    shared_key::RegionsHeard,
    turns::Turns,
};

#[derive(Debug)]
pub(crate) struct App {
    pub settings: Settings,
    /// Where offices reach the hub.
    pub reached: Reached,
    pub store: Store,
    pub accounts: Accounts,
    pub passwords: Passwords,
    /// Failed log-ins.
    pub log_ins: LogIns,
    /// Keys from one address that are none.
    pub keys: Attempts<IpAddr>,
    /// Which regions the shared key sent files for, by address.
    pub regions_heard: RegionsHeard,
    pub turns: Turns,
    /// Of those who listen: a site's agent, and the ones before it of which the end was not noticed yet.
    pub streams: Places,
    /// Of sites that send batches or files: one, and the one before it that broke off.
    pub sendings: Places,
    /// Of sites that ask for much at once, a page or a file: one, and the one before it that broke off.
    pub readings: Places,
    /// Of sites that ask little: an agent, its page in some tabs, a test of the connection.
    pub askings: Places,
    /// Files that are made of lists at the same time, of all people: each holds its rows in memory.
    pub exports: Arc<Semaphore>,
    pub backup_work: BackupWork,
    /// Pages that are open and wait for news, by the name of their reader: some people share one, and all have tabs.
    pub readers: Places<String>,
    /// For who watches the hub.
    pub counted: Counted,
    /// Whether the hub is about to end: then streams end.
    pub stopping: watch::Sender<bool>,
    /// Browsers reach the hub by https.
    pub secure: bool,
}

impl App {
    pub fn new((settings, reached): (Settings, Reached), store: Store, accounts: Accounts) -> Self {
        Self {
            passwords: Passwords::new(Arc::clone(&settings.random)),
            log_ins: LogIns::of(5, 50),
            keys: Attempts::of(20),
            regions_heard: RegionsHeard::default(),
            turns: Turns::new(&settings.limits),
            streams: Places::of(4),
            sendings: Places::of(2),
            readings: Places::of(2),
            askings: Places::of(4),
            exports: Arc::new(Semaphore::new(2)),
            backup_work: BackupWork::default(),
            readers: Places::of(48),
            counted: Counted::default(),
            stopping: watch::Sender::new(false),
            secure: settings.is_secure(),
            settings,
            reached,
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

    /// As people read a time.
    pub fn local_time(&self, ms: i64) -> String {
        local_time(ms, &self.settings.zone)
    }

    /// The day of the hub's clock, where the business is.
    pub fn today(&self) -> Date {
        moment(self.now_ms()).to_zoned(self.settings.zone.clone()).date()
    }

    pub fn incoming(&self) -> std::path::PathBuf {
        self.settings.incoming()
    }
}

/// As the JSON answers write it: RFC 3339, UTC.
pub(crate) fn timestamp(ms: i64) -> String {
    moment(ms).to_string()
}

/// As people of a zone read a time.
pub(crate) fn local_time(ms: i64, zone: &TimeZone) -> String {
    moment(ms).to_zoned(zone.clone()).strftime("%d.%m.%Y %H:%M").to_string()
}

pub(crate) fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
