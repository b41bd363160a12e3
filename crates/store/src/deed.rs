//! What a line of the change log tells.
//!
//! The one thing to know: a line may tell of something that was not taken. Nothing happened to its row then, whatever it
//! says; so whoever goes through the log for changes asks here first.

use crate::{Error, RecentChange, Result, lists::HistoryLine, query::Row, shape::LOG_ACTION};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Insert,
    /// Also of a row that is deleted, and stays so.
    Update,
    Delete,
    /// A row that was deleted came back.
    Revive,
    /// It was not taken: the row, if there is one at all, stayed as it was.
    Refused,
}

const ALL: [Deed; 5] = [Deed::Insert, Deed::Update, Deed::Delete, Deed::Revive, Deed::Refused];

impl Deed {
    /// Of a whole line of the log.
    ///
    /// # Errors
    /// `Broken`: it tells of nothing that is known.
    pub fn of(line: &Row) -> Result<Self> {
        Self::named(line.text(LOG_ACTION)?)
            .ok_or(Error::Broken("a line of the history tells of nothing that is known"))
    }

    pub fn named(word: &str) -> Option<Self> {
        ALL.into_iter().find(|deed| deed.word() == word)
    }

    /// As the log has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Revive => "revive",
            Self::Refused => "refused",
        }
    }

    pub fn is_change(self) -> bool {
        self != Self::Refused
    }
}

fn is_change(word: &str) -> bool {
    Deed::named(word).is_some_and(Deed::is_change)
}

impl RecentChange {
    /// Whether anything happened to the row.
    #[must_use]
    pub fn is_change(&self) -> bool {
        is_change(&self.action)
    }
}

impl HistoryLine {
    /// As [`RecentChange::is_change`].
    #[must_use]
    pub fn is_change(&self) -> bool {
        is_change(&self.action)
    }
}
