//! Rows on the way between a site's file and the hub.

use model::{Gid, Rev, Stamp, Value};

use crate::{ColumnId, Stored, TableId, TableRules};

/// One cell a column of the table's rules, in their order; `None` is **unknown** (the file has no such column), which
/// is never NULL and never a change.
///
/// **Forms**: in *local* form references hold the local id of the file, in *global* form the gid. Everything but
/// [`LocalRow`] is global.
pub type Cells = Vec<Option<Value>>;

/// What one file calls a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LocalId {
    Int(i64),
    Text(String),
}

/// A row as it stands in a site's file.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalRow {
    pub id: LocalId,
    /// In local form.
    pub cells: Cells,
}

/// A row as site and hub last agreed on it: the base of every three-way merge.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowRow {
    pub id: LocalId,
    pub gid: Gid,
    /// Everything up to here that happened to the row at the hub is in `cells`.
    pub rev: Rev,
    pub cells: Cells,
}

/// One row inserted, updated or deleted at a site.
///
/// **Invariants**: stamps of one site's changes to one row ascend, and each change has its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub table: TableId,
    pub gid: Gid,
    pub stamp: Stamp,
    /// What the site had seen of this row; 0 when nothing is known (first contact, a new row).
    pub base: Rev,
    pub age: Age,
    pub action: Action,
}

/// How old that is which a change says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// As old as the change's stamp.
    Known,
    /// As old as this stamp: the site has said later things of the row before.
    Earlier(Stamp),
    /// As old as the change's stamp, or nobody knows how old where that tells no time; a hub that was restored is told it again:
    /// [`Change::weigh`].
    Again,
    /// It stood in a file that the hub sees for the first time, or that is older than one that came before. Against
    /// whatever bears a stamp it is the older.
    Unknown,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Insert(Cells),
    /// Only the columns that changed.
    Update(Vec<Edit>),
    /// `with`: the row went because this parent, which it needs, was deleted in the same batch.
    Delete {
        with: Option<Gid>,
    },
}

/// A column that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    pub column: ColumnId,
    /// What the site had before; `None` when unknown.
    pub base: Option<Value>,
    pub value: Value,
}

/// Where new identities and stamps come from: the only things that this crate cannot think of by itself.
pub trait Mint {
    /// A gid that nobody had before.
    fn gid(&mut self) -> Gid;

    /// A stamp later than the one before.
    fn stamp(&mut self) -> Stamp;
}

impl Change {
    /// What the change of a site is worth that tells it a restored hub again. `row`: as it is there.
    ///
    /// A row that was deleted since may have been told it, and been deleted with all that this site knows: it only comes back for
    /// what was written later, or where the site had seen the deletion and has the row nevertheless.
    pub fn weigh(&mut self, row: Option<&Stored>) {
        if self.age != Age::Again {
            return;
        }
        let counts = match row.and_then(|row| row.dead) {
            Some(dead) => dead.rev <= self.base || dead.stamp < self.stamp,
            None => self.stamp.wall_ms > 0,
        };
        self.age = if counts { Age::Known } else { Age::Unknown };
    }

    /// For a site that tells what it saw by the row's rev and not by values: what stands in a cell since that rev or
    /// before is what it saw there. `row`: as it is at the hub.
    pub fn name_values(&mut self, row: &Stored) {
        if let Action::Update(edits) = &mut self.action {
            for edit in edits.iter_mut().filter(|edit| row.marks[edit.column.0].rev <= self.base) {
                edit.base.clone_from(&row.cells[edit.column.0]);
            }
        }
    }
}

impl LocalId {
    /// The id that a cell of a file names, if it can name one.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Text(text) => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    /// `None`: it is a text.
    #[must_use]
    pub const fn number(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Text(_) => None,
        }
    }
}

/// The id as a cell of a file.
impl From<&LocalId> for Value {
    fn from(id: &LocalId) -> Self {
        match id {
            LocalId::Int(id) => Self::Int(*id),
            LocalId::Text(id) => Self::Text(id.clone()),
        }
    }
}

/// Says nothing: unknown, NULL or blank text.
#[must_use]
pub fn is_blank(cell: Option<&Value>) -> bool {
    match cell {
        None | Some(Value::Null) => true,
        Some(Value::Text(text)) => text.trim().is_empty(),
        Some(_) => false,
    }
}

/// The values of the natural key; `None` when the table has none or a part of it says nothing.
#[must_use]
pub fn natural_key(rules: &TableRules, cells: &Cells) -> Option<Vec<Value>> {
    let part = |column: &ColumnId| {
        let cell = cells[column.0].as_ref();
        if is_blank(cell) { None } else { cell.cloned() }
    };
    if rules.natural_key.is_empty() { None } else { rules.natural_key.iter().map(part).collect() }
}
