//! Rows of one statement into one page, which ends where the key changes.

use model::{Batch, DataType, ErrorKind, Key, Misfit, Page, Rejected, Value};
use rusqlite::{Row, Rows, types::ValueRef};

use super::{
    decode::{Decoder, raw_value},
    key::KeyColumn,
    read::Request,
};
use crate::{Error, Result};

/// Takes rows until the page is full and the key changes.
pub(super) struct Pager<'a> {
    request: &'a Request,
    key: &'a [KeyColumn],
    decoders: Vec<Decoder<'a>>,
    batch: Batch,
    rejected: Vec<Rejected>,
    taken: usize,
    /// **Units**: bytes of texts and byte strings.
    bytes: usize,
    /// Bytes of a row without its texts.
    width: usize,
}

/// How many rows a statement may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fetch {
    All,
    Limited(usize),
}

impl Fetch {
    /// As LIMIT wants it.
    pub(super) fn limit(self) -> i64 {
        match self {
            Self::All => -1,
            Self::Limited(rows) => i64::try_from(rows).unwrap_or(-1),
        }
    }
}

/// A key as it is stored.
struct RawKey {
    values: Vec<Value>,
    /// Every part can be given to SQL again, so that a page may begin after it.
    exact: bool,
}

impl<'a> Pager<'a> {
    pub(super) fn new(request: &'a Request, key: &'a [KeyColumn]) -> Self {
        let types = request.columns.iter().map(|read| &read.wanted);
        let decoders = request.columns.iter().map(|read| Decoder::new(read, &request.zone)).collect();
        let width = request.columns.iter().map(|read| width(&read.wanted)).sum();
        Self {
            request,
            key,
            decoders,
            batch: Batch::new(types),
            rejected: Vec::new(),
            taken: 0,
            bytes: 0,
            width,
        }
    }

    /// `past`: place of the column that is 1 beyond the last row wanted. `None` when the rows fetched do not show where
    /// the last key ends.
    pub(super) fn fill(
        mut self,
        mut rows: Rows<'_>,
        past: Option<usize>,
        fetch: Fetch,
    ) -> Result<Option<Page>> {
        let mut edge: Option<RawKey> = None;
        while let Some(row) = rows.next()? {
            if past.is_some_and(|at| row.get_ref_unwrap(at) == ValueRef::Integer(1)) {
                return Ok(Some(self.page(None)));
            }
            if let Some(edge) = &edge
                && self.parts(edge, &self.raw_key(row))
            {
                let next = self.read_key(edge);
                return Ok(Some(self.page(Some(next))));
            }
            self.take(row)?;
            if self.is_full() {
                edge = Some(self.raw_key(row));
            }
        }
        let undecided = edge.is_some() && Fetch::Limited(self.taken) == fetch;
        Ok((!undecided).then(|| self.page(None)))
    }

    fn page(self, next: Option<Key>) -> Page {
        Page { batch: self.batch, rejected: self.rejected, next }
    }

    fn is_full(&self) -> bool {
        let rows = self.request.rows.is_some_and(|max| self.taken >= max);
        let bytes = self.request.bytes.is_some_and(|max| self.bytes + self.taken * self.width >= max);
        !self.key.is_empty() && (rows || bytes)
    }

    #[inline]
    fn take(&mut self, row: &Row<'_>) -> Result<()> {
        self.taken += 1;
        match self.push(row) {
            Ok(()) => self.batch.end_row(),
            Err((at, reason)) => {
                self.batch.abandon_row();
                let column = self.request.columns[at].column.name().to_owned();
                self.rejected.push(Rejected { key: self.read_key(&self.raw_key(row)), column, reason });
            }
        }
        if self.taken == 1 { self.must_advance(row) } else { Ok(()) }
    }

    #[inline]
    fn push(&mut self, row: &Row<'_>) -> std::result::Result<(), (usize, Misfit)> {
        for (column, at) in self.key.iter().zip(&self.request.key) {
            column.admits(row.get_ref_unwrap(*at)).map_err(|reason| (*at, reason))?;
        }
        for (at, (decoder, column)) in self.decoders.iter().zip(&mut self.batch.columns).enumerate() {
            let cell = row.get_ref(at);
            let raw = cell.as_ref().expect("the statement has every column that is decoded");
            self.bytes += decoder.push(raw, column).map_err(|reason| (at, reason))?;
        }
        Ok(())
    }

    /// A query whose columns compare otherwise than they sort would give the same page for ever.
    fn must_advance(&self, row: &Row<'_>) -> Result<()> {
        let Some(after) = &self.request.after else { return Ok(()) };
        if self.read_key(&self.raw_key(row)) != *after {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Schema,
            format!("rows cannot be read in order of this key: {after} follows itself"),
        ))
    }

    fn raw_key(&self, row: &Row<'_>) -> RawKey {
        let mut exact = true;
        let values = self.request.key.iter().map(|at| {
            let raw = row.get_ref_unwrap(*at);
            raw_value(raw).unwrap_or_else(|_| {
                exact = false;
                Value::Bytes(raw.as_bytes().unwrap_or_default().to_owned())
            })
        });
        RawKey { values: values.collect(), exact }
    }

    /// The key's values as they are wanted, or as they are stored where they do not fit.
    fn read_key(&self, raw: &RawKey) -> Key {
        let parts = raw.values.iter().zip(self.key).zip(&self.request.key);
        let read = |((value, column), at): ((&Value, &KeyColumn), &usize)| {
            let stored = borrowed(value);
            let fits = column.admits(stored).and_then(|()| self.decoders[*at].value(stored));
            fits.ok().filter(|fitting| !fitting.is_null()).unwrap_or_else(|| value.clone())
        };
        Key(parts.map(read).collect())
    }

    /// Whether a page may end between the two; `false` when in doubt.
    fn parts(&self, edge: &RawKey, next: &RawKey) -> bool {
        let differ =
            edge.values.iter().zip(&next.values).zip(self.key).any(|((a, b), column)| column.differ(a, b));
        edge.exact && differ
    }
}

fn borrowed(value: &Value) -> ValueRef<'_> {
    match value {
        Value::Int(n) => ValueRef::Integer(*n),
        Value::Real(r) => ValueRef::Real(*r),
        Value::Text(text) => ValueRef::Text(text.as_bytes()),
        Value::Bytes(bytes) => ValueRef::Blob(bytes),
        _ => ValueRef::Null,
    }
}

/// As [`Batch::size`] counts a cell.
const fn width(data_type: &DataType) -> usize {
    match data_type {
        DataType::Bool => 2,
        DataType::Date { .. }
        | DataType::Text { .. }
        | DataType::Json
        | DataType::Bytes { .. }
        | DataType::Other { .. } => 5,
        DataType::Int { .. } | DataType::Real { .. } | DataType::Time { .. } => 9,
        DataType::Uuid | DataType::Timestamp { .. } => 17,
        DataType::Instant { .. } => 25,
        DataType::Decimal(_) => 33,
        DataType::Any => 41,
    }
}
