//! The stored forms. Their order of fields and variants is the form: it changes only with the version.

use std::iter;

use merge::LocalId;
use model::{Date, Decimal, Gid, Instant, Rev, SiteId, Stamp, Time, Timestamp, Uuid, Value};
use serde::{Deserialize, Serialize};

/// Most columns that a table can have anywhere.
const COLUMNS_MAX: usize = 32_767;

#[derive(Serialize, Deserialize)]
pub(super) enum Cell<'a> {
    Unknown,
    Null,
    Int(i64),
    Text(&'a str),
    Uuid([u8; 16]),
    Real(f64),
    #[serde(borrow)]
    Bytes(&'a [u8]),
    Bool(bool),
    Decimal(i128, u8),
    Date(i32),
    Time(i64),
    Timestamp(i64, u16),
    Instant(i64, u16, i16),
    Json(&'a str),
}

impl<'a> Cell<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(number) => Self::Int(*number),
            Value::Real(float) => Self::Real(*float),
            Value::Decimal(decimal) => Self::Decimal(decimal.unscaled(), decimal.scale()),
            Value::Text(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
            Value::Date(date) => Self::Date(date.0),
            Value::Time(time) => Self::Time(time.0),
            Value::Timestamp(at) => Self::Timestamp(at.micros, at.nanos),
            Value::Instant(at) => Self::Instant(at.utc.micros, at.utc.nanos, at.offset_minutes),
            Value::Uuid(uuid) => Self::Uuid(uuid.into_bytes()),
            Value::Json(text) => Self::Json(text),
        }
    }

    /// `None` for a value that does not exist; `Some(None)` for one that is unknown.
    fn read(self) -> Option<Option<Value>> {
        let value = match self {
            Self::Unknown => return Some(None),
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(number) => Value::Int(number),
            Self::Real(float) => Value::Real(float),
            Self::Decimal(unscaled, scale) => Value::Decimal(Decimal::new(unscaled, scale)?),
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
            Self::Date(days) => Value::Date(Date(days)),
            Self::Time(nanos) => Value::Time(Time(nanos)),
            Self::Timestamp(micros, nanos) => Value::Timestamp(timestamp(micros, nanos)?),
            Self::Instant(micros, nanos, offset_minutes) => {
                Value::Instant(Instant { utc: timestamp(micros, nanos)?, offset_minutes })
            }
            Self::Uuid(bytes) => Value::Uuid(Uuid::from_bytes(bytes)),
            Self::Json(text) => Value::Json(text.to_owned()),
        };
        Some(Some(value))
    }
}

fn timestamp(micros: i64, nanos: u16) -> Option<Timestamp> {
    (nanos < 1000).then_some(Timestamp { micros, nanos })
}

/// All, or nothing if one cannot be read.
pub(super) fn all<F, T>(forms: Vec<F>, read: impl FnMut(F) -> Option<T>) -> Option<Vec<T>> {
    forms.into_iter().map(read).collect()
}

pub(super) fn cells(cells: &merge::Cells) -> Vec<Cell<'_>> {
    cells.iter().map(|cell| cell.as_ref().map_or(Cell::Unknown, Cell::of)).collect()
}

pub(super) fn to_cells(cells: Vec<Cell<'_>>) -> Option<merge::Cells> {
    all(cells, Cell::read)
}

#[derive(Serialize, Deserialize)]
enum Id<'a> {
    Int(i64),
    Text(&'a str),
}

#[derive(Serialize, Deserialize)]
pub(super) struct ShadowRow<'a> {
    #[serde(borrow)]
    id: Id<'a>,
    gid: [u8; 16],
    rev: i64,
    cells: Vec<Cell<'a>>,
}

impl<'a> From<&'a merge::ShadowRow> for ShadowRow<'a> {
    fn from(row: &'a merge::ShadowRow) -> Self {
        let id = match &row.id {
            LocalId::Int(number) => Id::Int(*number),
            LocalId::Text(text) => Id::Text(text),
        };
        Self { id, gid: row.gid.uuid().into_bytes(), rev: row.rev.0, cells: cells(&row.cells) }
    }
}

impl ShadowRow<'_> {
    pub(super) fn read(self) -> Option<merge::ShadowRow> {
        let (id, gid) = self.id();
        Some(merge::ShadowRow { id, gid, rev: Rev(self.rev), cells: to_cells(self.cells)? })
    }

    pub(super) fn id(&self) -> (LocalId, Gid) {
        let id = match self.id {
            Id::Int(number) => LocalId::Int(number),
            Id::Text(text) => LocalId::Text(text.to_owned()),
        };
        (id, gid(self.gid))
    }
}

fn gid(bytes: [u8; 16]) -> Gid {
    Gid::from_uuid(Uuid::from_bytes(bytes))
}

/// Wall time in milliseconds, counter, site.
#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Written(i64, u32, u32);

impl From<Stamp> for Written {
    fn from(stamp: Stamp) -> Self {
        Self(stamp.wall_ms, stamp.counter, stamp.site.0)
    }
}

impl Written {
    const fn read(self) -> Stamp {
        Stamp { wall_ms: self.0, counter: self.1, site: SiteId(self.2) }
    }
}

/// The marks of neighbouring columns, which are mostly the same.
#[derive(Serialize, Deserialize)]
pub(super) struct Marks {
    columns: usize,
    stamp: Written,
    rev: i64,
    headquarters: bool,
    emptied: Option<[u8; 16]>,
}

pub(super) fn marks(marks: &[merge::Mark]) -> Vec<Marks> {
    let equal = marks.chunk_by(|a, b| a == b);
    let form = |equal: &[merge::Mark]| {
        let merge::Mark { stamp, rev, headquarters, emptied } = equal[0];
        let emptied = emptied.map(|gid| gid.uuid().into_bytes());
        Marks { columns: equal.len(), stamp: stamp.into(), rev: rev.0, headquarters, emptied }
    };
    equal.map(form).collect()
}

pub(super) fn to_marks(forms: Vec<Marks>) -> Option<Vec<merge::Mark>> {
    let mut marks = Vec::new();
    for form in forms {
        if form.columns > COLUMNS_MAX - marks.len() {
            return None;
        }
        let mark = merge::Mark {
            stamp: form.stamp.read(),
            rev: Rev(form.rev),
            headquarters: form.headquarters,
            emptied: form.emptied.map(gid),
        };
        marks.extend(iter::repeat_n(mark, form.columns));
    }
    Some(marks)
}

#[derive(Serialize, Deserialize)]
pub(super) struct Heard {
    site: u32,
    stamp: Option<Written>,
    wrote: i64,
    deleted: bool,
}

impl From<(&SiteId, &merge::Heard)> for Heard {
    fn from((site, heard): (&SiteId, &merge::Heard)) -> Self {
        let merge::Heard { stamp, wrote, deleted } = *heard;
        Self { site: site.0, stamp: stamp.map(Into::into), wrote: wrote.0, deleted }
    }
}

impl Heard {
    pub(super) fn read(self) -> (SiteId, merge::Heard) {
        let stamp = self.stamp.map(Written::read);
        (SiteId(self.site), merge::Heard { stamp, wrote: Rev(self.wrote), deleted: self.deleted })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct OwnTable<'a> {
    #[serde(borrow)]
    columns: Vec<&'a str>,
    rows: Vec<Vec<Cell<'a>>>,
}

impl<'a> From<&'a crate::office_file::OwnTable> for OwnTable<'a> {
    fn from(table: &'a crate::office_file::OwnTable) -> Self {
        let columns = table.columns.iter().map(String::as_str).collect();
        let rows = table.rows.iter().map(|row| row.iter().map(Cell::of).collect()).collect();
        Self { columns, rows }
    }
}

impl OwnTable<'_> {
    /// Each row has one value a column.
    pub(super) fn read(self) -> Option<crate::office_file::OwnTable> {
        let width = self.columns.len();
        let row = |row: Vec<Cell<'_>>| {
            let row = to_cells(row)?.into_iter().collect::<Option<Vec<Value>>>()?;
            (row.len() == width).then_some(row)
        };
        let rows = all(self.rows, row)?;
        Some(crate::office_file::OwnTable {
            columns: self.columns.iter().map(|&name| name.into()).collect(),
            rows,
        })
    }
}
