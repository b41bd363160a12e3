//! A batch on its way, as an agent keeps it in the office file, and what its answer makes of it.

use std::collections::HashMap;

use merge::{Cells, LocalId, Rules, TableId};
use model::{Gid, Uuid, Value};
use serde::{Deserialize, Serialize};

use crate::{
    codec::{Garbled, Stored as _},
    wire::{Cell, Change, End, FALLEN, Fate, Push},
};

/// When a row was last changed, as far as its next stamp matters: milliseconds in the hub's time, and a counter.
pub type At = (i64, u32);

/// A batch, and what of the file it tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbox {
    pub push: Push,
    pub told: Vec<Told>,
}

/// A row that the batch tells of. **Invariants**: one a row, whatever its number of changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub table: String,
    pub gid: Uuid,
    id: Cell,
    /// As the file had it, references in global form; `None`: it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cells: Option<Cell>,
    /// The hash of the same, as the file says it.
    pub content: String,
    pub at: At,
}

impl Told {
    #[must_use]
    pub fn new(
        table: &str,
        (id, gid): (&LocalId, Gid),
        cells: Option<&Cells>,
        (content, at): (String, At),
    ) -> Self {
        let cells = cells.map(|cells| Cell(Value::Bytes(cells.encode())));
        Self { table: table.to_owned(), gid: gid.uuid(), id: Cell(id.into()), cells, content, at }
    }

    /// # Errors
    /// [`Garbled`].
    pub fn id(&self) -> Result<LocalId, Garbled> {
        LocalId::of(&self.id.0).ok_or_else(|| garbled("a row without an id"))
    }

    #[must_use]
    pub const fn gid(&self) -> Gid {
        Gid::from_uuid(self.gid)
    }

    /// # Errors
    /// [`Garbled`].
    pub fn cells(&self) -> Result<Option<Cells>, Garbled> {
        match &self.cells {
            None => Ok(None),
            Some(Cell(Value::Bytes(bytes))) => Cells::decode(bytes).map(Some),
            Some(_) => Err(garbled("cells of another kind")),
        }
    }
}

impl Outbox {
    /// Identities of the rows that the batch adds.
    pub fn new_rows(&self) -> impl Iterator<Item = Gid> + '_ {
        self.push.changes.iter().filter(|change| change.insert.is_some()).map(Change::gid)
    }
}

fn garbled(why: &str) -> Garbled {
    Garbled { what: "batch", why: why.to_owned() }
}

/// What became of all changes of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub end: End,
    pub rev: i64,
    /// Up to where the site had everything of the row, as it said itself.
    pub base: i64,
    /// It is kept with a deleted row that it needs, and did not bring that back.
    pub fallen: bool,
    /// The row goes by this identity.
    pub gid: Option<Gid>,
}

/// What became of the rows of a batch, by the identity that they were told under.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes(HashMap<Gid, Outcome>);

impl Outcomes {
    /// A row is refused if any change of it is, and merged if any is.
    ///
    /// # Errors
    /// [`Garbled`]: these are no fates of those changes.
    pub fn of(changes: &[Change], fates: &[Fate]) -> Result<Self, Garbled> {
        if changes.len() != fates.len() {
            return Err(garbled("the answer is to another batch"));
        }
        let weight = |end: End| match end {
            End::Taken => 0,
            End::Merged => 1,
            End::Kept => 2,
            End::Refused => 3,
        };
        let mut outcomes: HashMap<Gid, Outcome> = HashMap::new();
        for (change, fate) in changes.iter().zip(fates) {
            let outcome = outcomes.entry(change.gid()).or_default();
            if weight(fate.end) > weight(outcome.end) {
                outcome.end = fate.end;
            }
            outcome.rev = outcome.rev.max(fate.rev);
            outcome.base = outcome.base.max(change.base);
            outcome.fallen |= fate.reason.as_deref() == Some(FALLEN);
            outcome.gid = fate.gid.map(Gid::from_uuid).or(outcome.gid);
        }
        Ok(Self(outcomes))
    }

    #[must_use]
    pub fn get(&self, gid: Gid) -> Outcome {
        self.0.get(&gid).copied().unwrap_or_default()
    }

    /// Lets cells name rows by the identities that they go by now.
    pub fn rename(&self, rules: &Rules, table: TableId, cells: &mut Cells) {
        for (column, _) in rules[table].references() {
            let named = cells[column.0].as_ref().and_then(Gid::of);
            if let Some(became) = named.and_then(|gid| self.0.get(&gid)?.gid) {
                cells[column.0] = Some(became.into());
            }
        }
    }
}
