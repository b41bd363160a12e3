//! The hub's store, where the configuration says it is.

use std::{path::Path, sync::Arc};

use ::database::{Address, Engine};
use store::{Preset, Settings, Store};

use crate::{
    Context, clock,
    failure::{Code, Failure, Place, Result},
    messages::{Language, Message, message},
    presets,
    wiring::unknown_preset,
};

/// The store's file in the data folder, unless the configuration names another place.
pub(crate) const FILE: &str = "hub.db";

/// What the hub's store is opened with.
///
/// # Errors
/// `SecretMissing`, `WrongAddress`, `UnknownPreset`, `PresetHasNo`.
pub fn settings(context: &Context) -> Result<Settings> {
    let usual = in_folder(&context.data_folder(), &context.config.hub.preset)?;
    let address = context.config.hub_database()?;
    let upload_bytes_max = context.config.hub.upload_bytes_max;
    Ok(Settings { address: address.unwrap_or_else(|| usual.address.clone()), upload_bytes_max, ..usual })
}

/// What a store is opened with that lies in this folder, whatever the configuration says.
///
/// # Errors
/// `UnknownPreset`, `PresetHasNo`.
pub(crate) fn in_folder(folder: &Path, preset_name: &str) -> Result<Settings> {
    Ok(Settings {
        address: Address::sqlite(folder.join(FILE)),
        data_folder: folder.to_owned(),
        preset: preset(preset_name)?,
        upload_bytes_max: Settings::UPLOAD_BYTES_MAX,
        free_bytes_min: Settings::FREE_BYTES_MIN,
        clock: Arc::new(clock::unix_ms),
        random: Arc::new(|bytes: &mut [u8]| getrandom::fill(bytes).expect("the system has randomness")),
    })
}

/// Whether there is a store: its file, or a server that the configuration names.
///
/// # Errors
/// As [`settings`].
pub fn is_here(context: &Context) -> Result<bool> {
    Ok(is_there(&settings(context)?.address))
}

fn is_there(address: &Address) -> bool {
    address.engine() != Engine::Sqlite || address.path().exists()
}

/// The hub's store, and where it is.
#[derive(Debug)]
pub struct HubStore {
    pub store: Store,
    address: Address,
}

impl HubStore {
    /// Opens the store; one that is not there is made.
    ///
    /// # Errors
    /// What is wrong with the configuration, or what the store says.
    pub async fn open_or_create(context: &Context) -> Result<Self> {
        Self::open_at(settings(context)?).await
    }

    /// As [`HubStore::open_or_create`], wherever the store is.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open_at(settings: Settings) -> Result<Self> {
        let address = settings.address.clone();
        match Store::open(settings).await {
            Ok(store) => Ok(Self { store, address }),
            Err(error) => Err(failure(&error, &address)),
        }
    }

    /// Opens a store that must be there.
    ///
    /// # Errors
    /// `HubStoreMissing`; as [`HubStore::open_or_create`].
    pub async fn open(context: &Context) -> Result<Self> {
        let address = settings(context)?.address;
        if !is_there(&address) {
            let why = message("hub-store-missing-why").with("file", address.path());
            return Err(Failure::new(
                Code::HubStoreMissing,
                message("hub-store-what"),
                why,
                message("hub-store-missing-hint"),
            ));
        }
        Self::open_or_create(context).await
    }

    /// What the store says, for people.
    #[must_use]
    pub fn failure(&self, error: &store::Error) -> Failure {
        failure(error, &self.address)
    }

    /// The end of what a command wanted of the store.
    ///
    /// # Errors
    /// What the store said.
    pub async fn close<T>(self, outcome: store::Result<T>) -> Result<T> {
        self.store.close().await;
        outcome.map_err(|error| failure(&error, &self.address))
    }
}

pub(crate) fn failure(error: &store::Error, address: &Address) -> Failure {
    use store::Error;
    let site = |code, why: Message, hint| Failure::new(code, message("site-what"), why, message(hint));
    match error {
        Error::Database(error) => Failure::of_database(error, &Place::at(address)),
        Error::NoSite(name) => {
            site(Code::UnknownSite, message("site-unknown").with("name", name.as_str()), "site-unknown-hint")
        }
        Error::SiteExists(name) => {
            site(Code::SiteExists, message("site-exists").with("name", name.as_str()), "site-exists-hint")
        }
        Error::BadName(name) => {
            site(Code::WrongArgument, message("site-name").with("name", name.as_str()), "site-name-hint")
        }
        Error::Older { found, known } => {
            let why = message("hub-store-older-why").with("found", *found).with("known", *known);
            Failure::new(Code::HubStore, message("hub-store-what"), why, message("hub-store-older-hint"))
        }
        Error::Restoring => Failure::new(
            Code::StoreInUse,
            message("hub-store-what"),
            message("hub-store-restoring"),
            message("hub-store-restoring-hint"),
        ),
        other => Failure::new(
            Code::HubStore,
            message("hub-store-what"),
            Message::verbatim(other.to_string()),
            message("hub-store-hint"),
        )
        .caused_by(other),
    }
}

/// The files of a preset for offices.
pub(crate) fn preset(name: &str) -> Result<Preset> {
    let files = presets::files(name).ok_or_else(|| unknown_preset(name))?;
    let lacks = |part: &str| {
        let why = message("preset-no-offices").with("name", name).with("part", part);
        Failure::new(Code::PresetHasNo, message("hub-store-what"), why, message("preset-no-offices-hint"))
    };
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text);
    Ok(Preset {
        rules: text(presets::TABLES).ok_or_else(|| lacks(presets::TABLES))?,
        schema: presets::schema(name, "office", "sqlite").ok_or_else(|| lacks("office/schema.sqlite.sql"))?,
        pages: text(presets::PAGES).unwrap_or_default(),
    })
}

/// A file that is no office file, or one that is not taken.
pub(crate) fn unfit(file: &Path, error: &store::Rejected, language: Language) -> Failure {
    let what = message("office-file-what").with("file", file);
    let why = match language {
        Language::Turkish => hub::refused_file_in_turkish(error),
        Language::English => error.to_string(),
    };
    Failure::new(Code::OfficeFile, what, Message::verbatim(why), message("office-file-hint"))
}
