//! The backups of the hub's store, where the configuration says they are, and their failures in words.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use ::database::Address;
use store::backups::{Backups, Elsewhere, Error, Fault, Plan};

use crate::{
    Context,
    config::{CopyTo, seen_from},
    copies::{self, Server},
    failure::{Code, Failure, Result},
    hub_store,
    messages::{Message, message},
};

/// The backups of the configured store.
#[derive(Debug)]
pub struct HubBackups {
    pub backups: Backups,
    pub folder: PathBuf,
    address: Address,
}

impl HubBackups {
    /// # Errors
    /// What is wrong with the configuration; `BackupElsewhere`, `BackupFolders`.
    pub fn find(context: &Context) -> Result<Self> {
        let settings = hub_store::settings(context)?;
        let configured = &context.config.hub.backup;
        let folder = seen_from(&context.data_folder(), &configured.folder);
        let (mut copy_to, mut elsewhere) = (None, None::<Arc<dyn Elsewhere>>);
        match &configured.copy_to {
            Some(CopyTo::Folder(copy)) => copy_to = Some(seen_from(&context.config.folder, copy)),
            Some(CopyTo::Server(address)) => {
                elsewhere = Some(Arc::new(Server(context.config.copies_at(address)?)));
            }
            None => {}
        }
        if let Some(copy) = copy_to.as_ref().filter(|copy| overlap(&folder, copy)) {
            return Err(one_folder(&folder, copy));
        }
        let address = settings.address.clone();
        let (keep, version) = (configured.keep, env!("CARGO_PKG_VERSION"));
        let plan = Plan { folder: folder.clone(), copy_to, elsewhere, keep, version };
        let backups = Backups::new(settings, plan).map_err(|error| failure(&error, &address))?;
        Ok(Self { backups, folder, address })
    }

    /// What went wrong, for people.
    #[must_use]
    pub fn failure(&self, error: &Error) -> Failure {
        failure(error, &self.address)
    }
}

/// Whether one of the folders is the other, or lies in it: what happens to one disk, or one `rm`, happens to both.
fn overlap(one: &Path, other: &Path) -> bool {
    let (one, other) = (real(one), real(other));
    one.starts_with(&other) || other.starts_with(&one)
}

/// Where a folder is, or would be made.
fn real(folder: &Path) -> PathBuf {
    let mut found = PathBuf::new();
    for part in std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()).components() {
        match part {
            Component::ParentDir => _ = found.pop(),
            part => found.push(part),
        }
        found = found.canonicalize().unwrap_or(found);
    }
    found
}

fn one_folder(folder: &Path, copy: &Path) -> Failure {
    let why = message("backup-one-folder").with("folder", folder).with("copy", copy);
    Failure::new(Code::BackupFolders, message("config-what"), why, message("backup-one-folder-hint"))
}

/// How PostgreSQL's own programs are told the store's database. They ask for the password, or read it from `PGPASSWORD`.
fn at_server(address: &Address) -> String {
    let user = address.user().map(|user| format!("--username={} ", quoted(&user))).unwrap_or_default();
    let (host, database) = (quoted(address.host()), quoted(&address.database()));
    format!("--host={host} --port={} {user}--dbname={database}", address.port())
}

/// A word of a command line, as shells take it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn failure(error: &Error, address: &Address) -> Failure {
    let told = |code, why: Message, hint| Failure::new(code, message("backup-what"), why, message(hint));
    match error {
        Error::Engine => {
            let hint = message("backup-elsewhere-hint")
                .with("dump", format!("pg_dump --format=custom --file=denk-hub.dump {}", at_server(address)))
                .with(
                    "restore",
                    format!("pg_restore --clean --if-exists {} denk-hub.dump", at_server(address)),
                );
            Failure::new(Code::BackupElsewhere, message("backup-what"), message("backup-elsewhere"), hint)
        }
        Error::NoStore(store) => told(
            Code::HubStoreMissing,
            message("hub-store-missing-why").with("file", store.as_path()),
            "hub-store-missing-hint",
        ),
        error @ Error::File { path, source } => {
            let why =
                message("config-read-why").with("file", path.as_path()).with("reason", source.to_string());
            told(
                Code::BackupFailed,
                why,
                if error.is_full() { "backup-full-hint" } else { "backup-file-hint" },
            )
        }
        Error::Store(error) => hub_store::failure(error, address).what(message("backup-what")),
        Error::Unknown(id) => told(
            Code::UnknownBackup,
            message("backup-unknown").with("id", id.as_str()),
            "backup-unknown-hint",
        ),
        Error::Nothing => told(Code::UnknownBackup, message("backup-nothing"), "backup-nothing-hint"),
        Error::Damaged { id, fault } => {
            let why = message("backup-damaged").with("id", id.as_str()).with("fault", fault_words(fault));
            told(Code::BackupDamaged, why, "backup-damaged-hint")
        }
        Error::InUse => told(Code::StoreInUse, message("backup-in-use"), "backup-in-use-hint"),
        Error::Occupied(folder) => told(
            Code::StoreThere,
            message("backup-occupied").with("folder", folder.as_path()),
            "backup-occupied-hint",
        ),
        Error::Busy => told(Code::BackupFailed, message("backup-busy"), "backup-busy-hint"),
        Error::Elsewhere { place, trouble } => {
            let (why, hint) = copies::told(place, trouble);
            Failure::new(Code::BackupFailed, message("backup-what"), why, hint)
        }
        Error::Taken { id, place } => {
            let why = message("copy-taken").with("id", id.as_str()).with("place", place.as_str());
            told(Code::BackupFailed, why, "copy-taken-hint")
        }
        Error::Several { id, places } => {
            let why = message("copy-several").with("id", id.as_str()).with("places", places.join(", "));
            told(Code::UnknownBackup, why, "copy-several-hint")
        }
        Error::Early(id) => {
            told(Code::WrongArgument, message("backup-early").with("id", id.as_str()), "backup-early-hint")
        }
    }
}

/// What is wrong with a backup, for people.
#[must_use]
pub fn fault_words(fault: &Fault) -> Message {
    let words = message(format!("backup-fault-{}", fault.word().replace('_', "-")));
    match fault {
        Fault::Integrity(found) | Fault::Table(found) | Fault::Store(found) => {
            words.with("found", found.as_str())
        }
        _ => words,
    }
}
