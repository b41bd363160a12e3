//! Backups as people ask for them who administer the hub.

use std::path::PathBuf;

use super::{
    Backup, Backups, Error, Fault, Plan, Result, blocking,
    shelf::{self, Shelf},
};
use crate::{Denied, Viewer};

/// Backups that only whoever administers the hub gets at: they hold everything of all regions.
#[derive(Clone, Debug)]
pub struct Guarded(Backups);

impl Guarded {
    #[must_use]
    pub const fn new(backups: Backups) -> Self {
        Self(backups)
    }

    /// # Errors
    /// `Role`
    pub fn of(&self, viewer: &Viewer) -> std::result::Result<&Backups, Denied> {
        if viewer.administers_hub() { Ok(&self.0) } else { Err(Denied::Role) }
    }
}

impl Backups {
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// As [`Backups::list`], but by description and length alone: what is damaged inside is not seen.
    ///
    /// # Errors
    /// `File`.
    pub async fn glance(&self) -> Result<Vec<Backup>> {
        let (shelf, copies) = (self.shelf.clone(), self.copies());
        blocking(move || {
            let mut all = shelf.glances()?;
            // A second folder that is away is told when a backup is made.
            all.extend(copies.iter().filter_map(|copies| copies.glances().ok()).flatten());
            all.sort_by(|a, b| b.id.cmp(&a.id));
            Ok(all)
        })
        .await
    }

    /// Whether a backup is being made, put back or tried out, by whomever.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        self.shelf.is_locked()
    }

    /// The two files of a backup, in whichever folder both look whole: the packed one, and its description.
    ///
    /// # Errors
    /// `Unknown`, `Damaged`; `File`.
    pub async fn files(&self, id: &str) -> Result<[PathBuf; 2]> {
        if !shelf::is_id(id) {
            return Err(Error::Unknown(id.to_owned()));
        }
        let (places, id) = ([Some(self.shelf.clone()), self.copies()], id.to_owned());
        blocking(move || {
            let mut fault = None;
            for shelf in places.into_iter().flatten() {
                match glance(&shelf, &id)? {
                    Some(None) => return Ok([shelf.packed(&id), shelf.manifest(&id)]),
                    Some(found) => fault = fault.or(found),
                    None => {}
                }
            }
            Err(match fault {
                Some(fault) => Error::Damaged { id, fault },
                None => Error::Unknown(id),
            })
        })
        .await
    }
}

/// What is wrong with a backup from afar; `None`: it is not there.
fn glance(shelf: &Shelf, id: &str) -> Result<Option<Option<Fault>>> {
    Ok(shelf.glances()?.into_iter().find(|backup| backup.id == id).map(|backup| backup.fault))
}
