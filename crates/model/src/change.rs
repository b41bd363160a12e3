//! What happened to a row.

use crate::{Key, TableRef, Timestamp};

/// What a statement did to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    Insert,
    Update,
    Delete,
}

impl Operation {
    /// One letter, as journals store it.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Insert => 'I',
            Self::Update => 'U',
            Self::Delete => 'D',
        }
    }

    #[must_use]
    pub const fn from_letter(letter: char) -> Option<Self> {
        match letter {
            'I' => Some(Self::Insert),
            'U' => Some(Self::Update),
            'D' => Some(Self::Delete),
            _ => None,
        }
    }
}

/// A row that a journal saw touched. Says which row, not what is in it now: that is read when it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The journal's own number of this entry.
    pub id: i64,
    pub table: TableRef,
    pub operation: Operation,
    pub key: Key,
    /// When it was noted, in UTC, by the clock of whoever touched the row; `None` where the journal does not tell.
    pub at: Option<Timestamp>,
}
