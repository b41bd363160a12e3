//! The hub's store, where the configuration says it is.

use std::{path::PathBuf, sync::Arc};

use ::database::{Address, Engine};
use store::{Preset, Settings, Store};

use crate::{
    Context, clock,
    failure::{Code, Failure, Place, Result},
    messages::{Message, message},
    presets,
    wiring::unknown_preset,
};

/// The store's file in the data folder, unless the configuration names another place.
const FILE: &str = "hub.db";

/// What the hub's store is opened with.
///
/// # Errors
/// `SecretMissing`, `WrongAddress`, `UnknownPreset`, `PresetHasNo`.
pub fn settings(context: &Context) -> Result<Settings> {
    let data_folder = context.data_folder();
    let address = context.config.hub_database()?;
    Ok(Settings {
        address: address.unwrap_or_else(|| Address::sqlite(data_folder.join(FILE))),
        data_folder,
        preset: preset(&context.config.hub.preset)?,
        clock: Arc::new(clock::unix_ms),
        random: Arc::new(|bytes: &mut [u8]| getrandom::fill(bytes).expect("the system has randomness")),
    })
}

/// Opens the store. Only `denk serve` and `denk import` make one that is not there.
///
/// # Errors
/// What is wrong with the configuration, `HubStoreMissing`, or what the store says.
pub async fn open(context: &Context, may_create: bool) -> Result<Store> {
    let settings = settings(context)?;
    let address = settings.address.clone();
    if !may_create && address.engine() == Engine::Sqlite && !address.path().exists() {
        let why = message("hub-store-missing-why").with("file", address.path());
        return Err(Failure::new(
            Code::HubStoreMissing,
            message("hub-store-what"),
            why,
            message("hub-store-missing-hint"),
        ));
    }
    Store::open(settings).await.map_err(|error| failure(&error, &address))
}

/// What the store says, for people.
#[must_use]
pub fn failure(error: &store::Error, address: &Address) -> Failure {
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
    let rules = files.iter().find(|file| file.path == presets::TABLES).map(|file| file.text);
    Ok(Preset {
        rules: rules.ok_or_else(|| lacks(presets::TABLES))?,
        schema: presets::schema(name, "office", "sqlite").ok_or_else(|| lacks("office/schema.sqlite.sql"))?,
    })
}

/// An office's file as it was named on the command line.
pub(crate) fn file(context: &Context, given: &std::path::Path) -> PathBuf {
    context.environment.folder().join(given)
}
