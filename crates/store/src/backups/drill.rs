//! The drill: the newest backup is put back into a scratch place and used, so that it is known to work before it is needed.

use std::{collections::BTreeMap, fs, path::Path};

use database::Address;
use serde::{Deserialize, Serialize};

use super::{
    Backups,
    error::{At, Error, Fault, Result},
    manifest::Manifest,
    pack, remove_all,
    shelf::Shelf,
    unpack,
};
use crate::{Settings, Store};

const TOLD: &str = "drill.json";
const STORE: &str = "hub.db";

/// What a drill has proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drilled {
    pub id: String,
    /// Of the newest change in it, as the store tells that was opened on it.
    pub rev: i64,
    pub tables: usize,
    pub rows: u64,
    pub bytes: u64,
    /// Living rows of the business.
    pub living: u64,
    /// The database that opened it.
    pub product: String,
}

/// How the last drill ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    /// **Units**: milliseconds since 1970.
    pub at_ms: i64,
    pub id: Option<String>,
    /// `None`: all was well.
    pub fault: Option<String>,
}

impl Backups {
    /// Puts the newest backup back into a scratch place, checks it, and opens a store on it.
    ///
    /// # Errors
    /// `Nothing`, `Damaged`; `File`, `Store`, `Busy`.
    pub async fn drill(&self) -> Result<Drilled> {
        let _lock = self.shelf.lock().await?;
        self.shelf.sweep()?;
        let newest = self.shelf.newest()?;
        let scratch = self.shelf.part("drill");
        let drilled = match &newest {
            Some(id) => self.try_out(id, &scratch).await,
            None => Err(Error::Nothing),
        };
        remove_all(&scratch)?;
        let fault = drilled.as_ref().err().map(ToString::to_string);
        self.tell(&Drill { at_ms: (self.settings.clock)(), id: newest, fault })?;
        drilled
    }

    /// As [`Backups::drill`], with the newest backup on the other machine: fetched from there, as after the loss of this one.
    ///
    /// # Errors
    /// `Nothing`, `Damaged`; `Elsewhere`, `File`, `Store`, `Busy`.
    pub async fn drill_away(&self) -> Result<Drilled> {
        let _lock = self.shelf.lock().await?;
        self.shelf.sweep()?;
        let scratch = self.shelf.part("drill");
        crate::desk::make_private(&scratch).at(&scratch)?;
        let drilled = match self.fetch_newest(&scratch).await {
            Ok((shelf, manifest)) => self.use_one(&shelf, &manifest, &scratch).await,
            Err(error) => Err(error),
        };
        remove_all(&scratch)?;
        let id = drilled.as_ref().ok().map(|drilled| drilled.id.clone());
        let fault = drilled.as_ref().err().map(ToString::to_string);
        self.tell(&Drill { at_ms: (self.settings.clock)(), id, fault })?;
        drilled
    }

    /// How the last one ended; `None`: there was none yet.
    #[must_use]
    pub fn last_drill(&self) -> Option<Drill> {
        serde_json::from_slice(&fs::read(self.plan.folder.join(TOLD)).ok()?).ok()
    }

    fn tell(&self, drill: &Drill) -> Result<()> {
        let (path, part) = (self.plan.folder.join(TOLD), self.shelf.part(TOLD));
        let text = serde_json::to_vec(drill).map_err(|_| crate::Error::Broken("a drill cannot be told"))?;
        pack::write(&part, &text).at(&part)?;
        fs::rename(&part, &path).at(path)
    }

    async fn try_out(&self, id: &str, scratch: &Path) -> Result<Drilled> {
        crate::desk::make_private(scratch).at(scratch)?;
        let backup = self.shelf.look(id)?;
        let manifest = match (backup.manifest, backup.fault) {
            (Some(manifest), None) => manifest,
            (_, fault) => {
                let fault = fault.unwrap_or(Fault::NoManifest);
                return Err(Error::Damaged { id: id.to_owned(), fault });
            }
        };
        self.use_one(&self.shelf, &manifest, scratch).await
    }

    async fn use_one(&self, shelf: &Shelf, manifest: &Manifest, scratch: &Path) -> Result<Drilled> {
        let file = scratch.join(STORE);
        unpack(shelf, manifest, &file).await?;
        let settings = Settings {
            address: Address::sqlite(file),
            data_folder: scratch.to_owned(),
            ..self.settings.clone()
        };
        let unusable = |found: String| Error::Damaged { id: manifest.id.clone(), fault: Fault::Store(found) };
        let store = Store::open(settings).await.map_err(|error| unusable(error.to_string()))?;
        let used = use_it(&store, manifest).await;
        store.close().await;
        used.map_err(unusable)
    }
}

/// Asks what only a working store can answer.
async fn use_it(store: &Store, manifest: &Manifest) -> std::result::Result<Drilled, String> {
    let health = store.health().await.map_err(|error| error.to_string())?;
    let status = store.status().await.map_err(|error| error.to_string())?;
    let tables = manifest.tables.as_deref().unwrap_or_default();
    let rows: BTreeMap<&str, u64> = tables.iter().map(|table| (table.name.as_str(), table.rows)).collect();
    if Some(health.rev) != manifest.rev {
        return Err(format!("it is at change {}, not at {:?}", health.rev, manifest.rev));
    }
    if let Some((table, found)) =
        status.tables.iter().find(|(table, found)| rows.get(table.as_str()) != Some(found))
    {
        return Err(format!("{table} has {found} rows"));
    }
    Ok(Drilled {
        id: manifest.id.clone(),
        rev: health.rev,
        tables: tables.len(),
        rows: tables.iter().map(|table| table.rows).sum(),
        bytes: manifest.plain.bytes,
        living: status.tables.values().sum(),
        product: [health.product, health.version].join(" "),
    })
}
