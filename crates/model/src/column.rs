//! Typed columns: the form in which rows travel.

use std::cmp::Ordering;

use crate::{DataType, Date, Decimal, Instant, Time, Timestamp, Uuid, Value, value::cmp_json};

/// Texts or byte strings one after the other in one buffer.
#[derive(Clone, Debug, Default)]
pub struct Strings {
    /// End of each in `bytes`.
    ends: Vec<u32>,
    bytes: Vec<u8>,
}

impl Strings {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(u32::try_from(self.bytes.len()).expect("a batch is far below 4 GB"));
    }

    /// # Panics
    /// When `at` is not below the number of rows.
    #[must_use]
    pub fn get(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] as usize };
        &self.bytes[start..self.ends[at] as usize]
    }

    fn text(&self, at: usize) -> &str {
        std::str::from_utf8(self.get(at)).unwrap_or_default()
    }
}

/// The values of one column of a [`Batch`](crate::Batch), NULLs marked beside them.
///
/// **Invariants**: text and JSON are valid UTF-8 (a connector that finds other bytes refuses the row).
#[derive(Clone, Debug)]
pub struct Column {
    data: Data,
    present: Vec<bool>,
}

/// One vector a kind; a NULL's place holds a default.
#[derive(Clone, Debug)]
enum Data {
    Bool(Vec<bool>),
    Int(Vec<i64>),
    Real(Vec<f64>),
    Decimal(Vec<Decimal>),
    Text(Strings),
    Json(Strings),
    Bytes(Strings),
    Date(Vec<Date>),
    Time(Vec<Time>),
    Timestamp(Vec<Timestamp>),
    Instant(Vec<Instant>),
    Uuid(Vec<Uuid>),
    Any(Vec<Value>),
}

/// A borrowed cell: what encoders match on, without allocating.
#[derive(Clone, Copy, Debug)]
pub enum Cell<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Decimal(Decimal),
    Text(&'a str),
    Json(&'a str),
    Bytes(&'a [u8]),
    Date(Date),
    Time(Time),
    Timestamp(Timestamp),
    Instant(Instant),
    Uuid(Uuid),
}

const NOTHING: Timestamp = Timestamp { micros: 0, nanos: 0 };

impl Column {
    /// An empty column for values of `data_type`.
    #[must_use]
    pub fn new(data_type: &DataType) -> Self {
        let data = match data_type {
            DataType::Bool => Data::Bool(Vec::new()),
            DataType::Int { .. } => Data::Int(Vec::new()),
            DataType::Real { .. } => Data::Real(Vec::new()),
            DataType::Decimal(_) => Data::Decimal(Vec::new()),
            DataType::Text { .. } | DataType::Other { .. } => Data::Text(Strings::default()),
            DataType::Json => Data::Json(Strings::default()),
            DataType::Bytes { .. } => Data::Bytes(Strings::default()),
            DataType::Date { .. } => Data::Date(Vec::new()),
            DataType::Time { .. } => Data::Time(Vec::new()),
            DataType::Timestamp { .. } => Data::Timestamp(Vec::new()),
            DataType::Instant { .. } => Data::Instant(Vec::new()),
            DataType::Uuid => Data::Uuid(Vec::new()),
            DataType::Any => Data::Any(Vec::new()),
        };
        Self { data, present: Vec::new() }
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.present.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.present.is_empty()
    }

    /// Bytes in use, roughly; what bounds a batch.
    #[must_use]
    pub fn size(&self) -> usize {
        let width = match &self.data {
            Data::Bool(_) => 1,
            Data::Int(_) | Data::Real(_) | Data::Time(_) => 8,
            Data::Date(_) => 4,
            Data::Decimal(_) => 32,
            Data::Uuid(_) | Data::Timestamp(_) => 16,
            Data::Instant(_) => 24,
            Data::Any(_) => 40,
            Data::Text(s) | Data::Json(s) | Data::Bytes(s) => return s.bytes.len() + self.len() * 5,
        };
        self.len() * (width + 1)
    }

    pub fn push_null(&mut self) {
        self.present.push(false);
        match &mut self.data {
            Data::Bool(v) => v.push(false),
            Data::Int(v) => v.push(0),
            Data::Real(v) => v.push(0.0),
            Data::Decimal(v) => v.push(Decimal::from(0)),
            Data::Text(v) | Data::Json(v) | Data::Bytes(v) => v.push(b""),
            Data::Date(v) => v.push(Date(0)),
            Data::Time(v) => v.push(Time(0)),
            Data::Timestamp(v) => v.push(NOTHING),
            Data::Instant(v) => v.push(Instant::utc(NOTHING)),
            Data::Uuid(v) => v.push(Uuid::nil()),
            Data::Any(v) => v.push(Value::Null),
        }
    }

    /// Appends one cell.
    ///
    /// # Panics
    /// When the cell is of another kind than the column: a connector's or mapping's mistake, never a matter of data.
    #[inline]
    pub fn push(&mut self, cell: Cell<'_>) {
        match (&mut self.data, cell) {
            (_, Cell::Null) => return self.push_null(),
            (Data::Int(v), Cell::Int(n)) => v.push(n),
            (Data::Text(v), Cell::Text(t)) | (Data::Json(v), Cell::Json(t)) => v.push(t.as_bytes()),
            (Data::Real(v), Cell::Real(r)) => v.push(r),
            (Data::Timestamp(v), Cell::Timestamp(t)) => v.push(t),
            (Data::Decimal(v), Cell::Decimal(d)) => v.push(d),
            (Data::Bool(v), Cell::Bool(b)) => v.push(b),
            (Data::Bytes(v), Cell::Bytes(b)) => v.push(b),
            (Data::Date(v), Cell::Date(d)) => v.push(d),
            (Data::Time(v), Cell::Time(t)) => v.push(t),
            (Data::Instant(v), Cell::Instant(t)) => v.push(t),
            (Data::Uuid(v), Cell::Uuid(u)) => v.push(u),
            (Data::Any(v), cell) => v.push(cell.to_value()),
            (data, cell) => panic!("{cell:?} does not belong in a column of {data:?}"),
        }
        self.present.push(true);
    }

    /// # Panics
    /// As [`Column::push`].
    pub fn push_value(&mut self, value: &Value) {
        self.push(Cell::from(value));
    }

    /// # Panics
    /// When `at` is not below [`Column::len`].
    #[inline]
    #[must_use]
    pub fn cell(&self, at: usize) -> Cell<'_> {
        if !self.present[at] {
            return Cell::Null;
        }
        match &self.data {
            Data::Bool(v) => Cell::Bool(v[at]),
            Data::Int(v) => Cell::Int(v[at]),
            Data::Real(v) => Cell::Real(v[at]),
            Data::Decimal(v) => Cell::Decimal(v[at]),
            Data::Text(v) => Cell::Text(v.text(at)),
            Data::Json(v) => Cell::Json(v.text(at)),
            Data::Bytes(v) => Cell::Bytes(v.get(at)),
            Data::Date(v) => Cell::Date(v[at]),
            Data::Time(v) => Cell::Time(v[at]),
            Data::Timestamp(v) => Cell::Timestamp(v[at]),
            Data::Instant(v) => Cell::Instant(v[at]),
            Data::Uuid(v) => Cell::Uuid(v[at]),
            Data::Any(v) => Cell::from(&v[at]),
        }
    }

    #[must_use]
    pub fn value(&self, at: usize) -> Value {
        self.cell(at).to_value()
    }

    /// Text or JSON as bytes without checking UTF-8 again; `None` for NULL and other kinds.
    #[inline]
    #[must_use]
    pub fn raw(&self, at: usize) -> Option<&[u8]> {
        match &self.data {
            Data::Text(v) | Data::Json(v) | Data::Bytes(v) if self.present[at] => Some(v.get(at)),
            _ => None,
        }
    }

    /// Exact equality of two cells, as [`Value`]'s, without making values.
    #[inline]
    #[must_use]
    pub fn same(&self, at: usize, other: &Self, other_at: usize) -> bool {
        if self.present[at] != other.present[other_at] {
            return false;
        }
        if !self.present[at] {
            return true;
        }
        match (&self.data, &other.data) {
            (Data::Int(a), Data::Int(b)) => a[at] == b[other_at],
            (Data::Text(a), Data::Text(b)) | (Data::Bytes(a), Data::Bytes(b)) => a.get(at) == b.get(other_at),
            (Data::Real(a), Data::Real(b)) => a[at].total_cmp(&b[other_at]) == Ordering::Equal,
            (Data::Timestamp(a), Data::Timestamp(b)) => a[at] == b[other_at],
            (Data::Decimal(a), Data::Decimal(b)) => a[at] == b[other_at],
            (Data::Bool(a), Data::Bool(b)) => a[at] == b[other_at],
            (Data::Json(a), Data::Json(b)) => cmp_json(a.text(at), b.text(other_at)) == Ordering::Equal,
            _ => self.value(at) == other.value(other_at),
        }
    }

    /// Order of two cells, as [`Value`]'s.
    #[inline]
    #[must_use]
    pub fn order(&self, at: usize, other: &Self, other_at: usize) -> Ordering {
        match (&self.data, &other.data) {
            (Data::Int(a), Data::Int(b)) if self.present[at] && other.present[other_at] => {
                a[at].cmp(&b[other_at])
            }
            (Data::Text(a), Data::Text(b)) if self.present[at] && other.present[other_at] => {
                a.get(at).cmp(b.get(other_at))
            }
            _ => self.value(at).cmp(&other.value(other_at)),
        }
    }

    /// Removes the last cell; used when a row turns out unfit half way.
    pub fn truncate(&mut self, len: usize) {
        self.present.truncate(len);
        match &mut self.data {
            Data::Bool(v) => v.truncate(len),
            Data::Int(v) => v.truncate(len),
            Data::Real(v) => v.truncate(len),
            Data::Decimal(v) => v.truncate(len),
            Data::Text(v) | Data::Json(v) | Data::Bytes(v) => v.truncate(len),
            Data::Date(v) => v.truncate(len),
            Data::Time(v) => v.truncate(len),
            Data::Timestamp(v) => v.truncate(len),
            Data::Instant(v) => v.truncate(len),
            Data::Uuid(v) => v.truncate(len),
            Data::Any(v) => v.truncate(len),
        }
    }

    /// Appends the cells `from..to` of `other`, a column of the same kind.
    pub fn extend(&mut self, other: &Self, from: usize, to: usize) {
        for at in from..to {
            match (other.raw(at), &mut self.data) {
                (Some(bytes), Data::Text(v) | Data::Json(v) | Data::Bytes(v)) => {
                    v.push(bytes);
                    self.present.push(true);
                }
                _ => self.push(other.cell(at)),
            }
        }
    }
}

impl Strings {
    fn truncate(&mut self, len: usize) {
        self.ends.truncate(len);
        self.bytes.truncate(self.ends.last().map_or(0, |end| *end as usize));
    }
}

impl Cell<'_> {
    #[must_use]
    pub fn to_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Int(n),
            Self::Real(r) => Value::Real(r),
            Self::Decimal(d) => Value::Decimal(d),
            Self::Text(t) => Value::Text(t.to_owned()),
            Self::Json(t) => Value::Json(t.to_owned()),
            Self::Bytes(b) => Value::Bytes(b.to_owned()),
            Self::Date(d) => Value::Date(d),
            Self::Time(t) => Value::Time(t),
            Self::Timestamp(t) => Value::Timestamp(t),
            Self::Instant(t) => Value::Instant(t),
            Self::Uuid(u) => Value::Uuid(u),
        }
    }
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Int(n) => Self::Int(*n),
            Value::Real(r) => Self::Real(*r),
            Value::Decimal(d) => Self::Decimal(*d),
            Value::Text(t) => Self::Text(t),
            Value::Json(t) => Self::Json(t),
            Value::Bytes(b) => Self::Bytes(b),
            Value::Date(d) => Self::Date(*d),
            Value::Time(t) => Self::Time(*t),
            Value::Timestamp(t) => Self::Timestamp(*t),
            Value::Instant(t) => Self::Instant(*t),
            Value::Uuid(u) => Self::Uuid(*u),
        }
    }
}
