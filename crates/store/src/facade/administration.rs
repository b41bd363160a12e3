//! The store as people use it who administer.

use super::Store;
use crate::{Denied, Station, Viewer, administration};

impl Store {
    /// The PCs that are a viewer's to administer, in the order in which they were added.
    ///
    /// # Errors
    /// `Role`; what the database says.
    pub async fn stations(&self, viewer: &Viewer) -> Result<Vec<Station>, Denied> {
        administration::check(viewer)?;
        Ok(ask_reader!(self, shown, db, administration::stations(db, viewer).await)?)
    }
}
