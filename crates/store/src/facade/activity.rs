//! What people and PCs did.

use super::Store;
use crate::{
    ActivityAsked, ActivityPage, AuditEntry, Checked, Result, Sealed, Viewer, activity, engine, sites,
};

impl Store {
    /// The newest lines of the activity, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit(&self, count: usize) -> Result<Vec<AuditEntry>> {
        let asked = ActivityAsked { count, ..ActivityAsked::default() };
        Ok(ask_reader!(self, db, activity::lines(db, &asked).await)?.lines)
    }

    /// Lines of the activity as somebody may see them; `None`: it is none of theirs.
    ///
    /// # Errors
    /// What the database says.
    pub async fn activity(&self, viewer: &Viewer, asked: &ActivityAsked) -> Result<Option<ActivityPage>> {
        ask_reader!(self, shown, db, activity::page(db, viewer, asked).await)
    }

    /// Whether all lines of the activity stand as they were written. What was found is kept for [`Store::activity_checked`].
    ///
    /// # Errors
    /// What the database says.
    pub async fn check_activity(&self) -> Result<Sealed> {
        let sealed = ask_reader!(self, db, activity::check(db).await)?;
        Ok(self.ask(activity::KeepChecked(sealed)).await?.sealed)
    }

    /// What [`Store::check_activity`] last found; `None`: it was never asked.
    ///
    /// # Errors
    /// What the database says.
    pub async fn activity_checked(&self) -> Result<Option<Checked>> {
        ask_reader!(self, shown, db, activity::last_checked(db).await)
    }

    /// Adds a line to the activity. It concerns the region of whoever it was done to, or else of who did it.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note(&self, who: &str, action: &str, what: &str) -> Result<()> {
        let visible = |text: &str| sites::visible(text);
        self.ask(engine::Note { who: visible(who), action: visible(action), what: visible(what) }).await
    }
}
