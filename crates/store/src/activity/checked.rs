//! When all seals were last looked through, and what that showed.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::Sealed;
use crate::{
    Error, Result,
    desk::Desk,
    query::{Db, text},
    shape::META,
    writer::Job,
};

/// Beside the store's own numbers.
const NAME: &str = "activity checked";

/// What looking through all seals showed, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// **Units**: milliseconds since 1970.
    pub at_ms: i64,
    pub sealed: Sealed,
}

/// Keeps what looking through all seals showed.
pub(crate) struct KeepChecked(pub Sealed);

#[async_trait]
impl Job for KeepChecked {
    type Answer = Checked;
    type Failure = Error;

    async fn run(&mut self, desk: &mut Desk<'_>) -> Result<Checked> {
        let checked = Checked { at_ms: desk.now_ms, sealed: self.0.clone() };
        let told = serde_json::to_string(&checked).map_err(|_| Error::Broken("a check cannot be told"))?;
        desk.db.put(META, &[vec![text(NAME), text(told)]]).await?;
        Ok(checked)
    }
}

/// `None`: they never were.
pub(crate) async fn last(db: &mut Db) -> Result<Option<Checked>> {
    let found = db.find(META, &[("name", text(NAME))]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    // What another version wrote says nothing.
    Ok(serde_json::from_str(row.text(1)?).ok())
}
