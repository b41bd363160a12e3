//! A row as the hub keeps it.

use std::collections::BTreeMap;

use model::{Gid, Rev, SiteId, Stamp};

use crate::{Cells, TableId};

/// A row at the hub, living or dead, with what is needed to merge the next change into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub table: TableId,
    pub gid: Gid,
    /// As they are, or as they were when the row died.
    pub cells: Cells,
    /// One a column.
    pub marks: Vec<Mark>,
    /// The change that made the row. Of two rows that turn out to be one, the one born first stays.
    pub born: Stamp,
    /// The change that last touched anything of the row: what sites pull by.
    pub rev: Rev,
    pub dead: Option<Dead>,
    pub heard: BTreeMap<SiteId, Heard>,
}

/// Who last wrote a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub stamp: Stamp,
    pub rev: Rev,
    /// Whether headquarters wrote it.
    pub headquarters: bool,
    /// The cell is NULL only because this row, which it referred to, is dead.
    pub emptied: Option<Gid>,
}

/// What the hub has of one site about one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The newest change that was merged: what is not newer was merged before.
    pub stamp: Option<Stamp>,
    /// When it last wrote the row or a reference to it, whoever's values stand now.
    pub wrote: Rev,
    /// Its last word about the row was a deletion.
    pub deleted: bool,
}

/// How a row came to be dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dead {
    pub stamp: Stamp,
    pub rev: Rev,
    pub cause: Cause,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Somebody deleted it.
    Deleted,
    /// It needed this row, which is dead. It comes back together with it.
    With(Gid),
    /// It turned out to be the same as this row, which goes on in its place.
    Became(Gid),
}

impl Stored {
    #[must_use]
    pub const fn lives(&self) -> bool {
        self.dead.is_none()
    }

    /// The row that goes on in this one's place.
    #[must_use]
    pub const fn became(&self) -> Option<Gid> {
        match self.dead {
            Some(Dead { cause: Cause::Became(gid), .. }) => Some(gid),
            _ => None,
        }
    }

    /// Whether somebody else wrote the row, or a reference to it, after `seen`.
    #[must_use]
    pub fn touched_since(&self, seen: Rev, site: SiteId) -> bool {
        self.heard.iter().any(|(by, heard)| *by != site && heard.wrote > seen)
    }
}
