//! What people and PCs did.

use super::Store;
use crate::{ActivityAsked, AuditEntry, Result, Sealed, activity, engine, sites};

impl Store {
    /// The newest lines of the activity, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn audit(&self, count: usize) -> Result<Vec<AuditEntry>> {
        self.activity(&ActivityAsked { count, ..ActivityAsked::default() }).await
    }

    /// Lines of the activity, newest first.
    ///
    /// # Errors
    /// What the database says.
    pub async fn activity(&self, asked: &ActivityAsked) -> Result<Vec<AuditEntry>> {
        ask_reader!(self, db, activity::lines(db, asked).await)
    }

    /// Whether all lines of the activity stand as they were written.
    ///
    /// # Errors
    /// What the database says.
    pub async fn check_activity(&self) -> Result<Sealed> {
        ask_reader!(self, db, activity::check(db).await)
    }

    /// Adds a line to the activity.
    ///
    /// # Errors
    /// What the database says.
    pub async fn note(&self, who: &str, action: &str, what: &str) -> Result<()> {
        let visible = |text: &str| sites::visible(text);
        self.ask(engine::Note { who: visible(who), action: visible(action), what: visible(what) }).await
    }
}
