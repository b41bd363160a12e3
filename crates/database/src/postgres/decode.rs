//! Values from PostgreSQL's binary form (of COPY) into typed columns.

use model::{
    Batch, Cell, Coercion, Column, DataType, Date, Decimal, ErrorKind, Fraction, Instant, Key, Misfit,
    Rejected, Time, Timestamp, Uuid, Value, Zone, coerce,
};

use super::{
    encode::HEADER,
    numeric::{self, Number},
    types::{Native, Wire},
};
use crate::{ColumnRead, Error, Result};

/// One column on its way in.
pub(super) struct Field<'a> {
    read: &'a ColumnRead,
    wire: Wire,
    /// Whether a value that arrives is one that is asked for, limits aside.
    direct: bool,
}

/// Takes the messages of a COPY and fills a batch, row by row.
pub(super) struct Decoder<'a> {
    fields: Vec<Field<'a>>,
    /// Places of the key's columns.
    key: &'a [usize],
    zone: &'a Zone,
    batch: Batch,
    rejected: Vec<Rejected>,
    /// Rows and bytes at which a page is full.
    pub(super) rows_max: usize,
    pub(super) bytes_max: usize,
    /// Rows and bytes so far.
    pub(super) rows: usize,
    pub(super) bytes: usize,
    /// A row follows that is not on this page.
    pub(super) more: bool,
    last_rejected: bool,
    /// Bytes of a row whose end is not there yet.
    carried: Vec<u8>,
    started: bool,
    ended: bool,
}

/// What stands in the way of taking a value.
enum Fault {
    /// The value does not fit the type asked for.
    Misfit(Misfit),
    /// The bytes are not what the server's documentation says.
    Broken,
}

impl From<Misfit> for Fault {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl<'a> Field<'a> {
    pub(super) fn new(read: &'a ColumnRead, native: &Native) -> Self {
        Self { read, wire: native.wire, direct: read.wanted.code() == native.data_type.code() }
    }
}

impl<'a> Decoder<'a> {
    pub(super) fn new(fields: Vec<Field<'a>>, key: &'a [usize], zone: &'a Zone) -> Self {
        let batch = Batch::new(fields.iter().map(|field| &field.read.wanted));
        Self {
            fields,
            key,
            zone,
            batch,
            rejected: Vec::new(),
            rows_max: usize::MAX,
            bytes_max: usize::MAX,
            rows: 0,
            bytes: 0,
            more: false,
            last_rejected: false,
            carried: Vec::new(),
            started: false,
            ended: false,
        }
    }

    /// Takes one message. Returns whether the page wants more.
    pub(super) fn feed(&mut self, message: &[u8]) -> Result<bool> {
        if self.carried.is_empty() {
            let used = self.consume(message)?;
            self.carried.extend_from_slice(&message[used..]);
        } else {
            let mut joined = std::mem::take(&mut self.carried);
            joined.extend_from_slice(message);
            let used = self.consume(&joined)?;
            joined.drain(..used);
            self.carried = joined;
        }
        Ok(!self.more)
    }

    /// The rows, those that did not fit, and the key of the last row.
    pub(super) fn finish(self) -> (Batch, Vec<Rejected>, Option<Key>) {
        let last = match (self.last_rejected, self.batch.rows()) {
            (true, _) => self.rejected.last().map(|rejected| rejected.key.clone()),
            (false, 0) => None,
            (false, rows) => Some(self.batch.key(self.key, rows - 1)),
        };
        (self.batch, self.rejected, last)
    }

    /// Whether the server said that nothing follows.
    pub(super) fn is_complete(&self) -> bool {
        self.ended && self.carried.is_empty()
    }

    /// Decodes whole rows; returns the bytes used.
    fn consume(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut at = 0;
        if !self.started {
            let Some(header) = header(bytes)? else { return Ok(0) };
            self.started = true;
            at = header;
        }
        while !self.ended && !self.more {
            let Some((count, _)) = bytes[at..].split_first_chunk::<2>() else { return Ok(at) };
            if *count == [0xff; 2] {
                self.ended = true;
                return Ok(at + 2);
            }
            let Some(length) = row_length(&bytes[at + 2..], self.fields.len()) else { return Ok(at) };
            if self.rows >= self.rows_max || (self.bytes >= self.bytes_max && self.rows > 0) {
                self.more = true;
                return Ok(bytes.len());
            }
            let row = &bytes[at + 2..at + 2 + length];
            if usize::from(u16::from_be_bytes(*count)) != self.fields.len() {
                return Err(broken("a row has another number of columns"));
            }
            self.take_row(row)?;
            at += 2 + length;
            self.rows += 1;
            self.bytes += length;
        }
        Ok(if self.more { bytes.len() } else { at })
    }

    fn take_row(&mut self, row: &[u8]) -> Result<()> {
        let mut rest = row;
        for (place, field) in self.fields.iter().enumerate() {
            let bytes = next_field(&mut rest);
            match field.take(bytes, &mut self.batch.columns[place], self.zone) {
                Ok(()) => {}
                Err(Fault::Broken) => {
                    return Err(broken("a value has another length than its type").in_column(field.name()));
                }
                Err(Fault::Misfit(reason)) => {
                    self.batch.abandon_row();
                    let rejected =
                        Rejected { key: self.key_of(row), column: field.name().to_owned(), reason };
                    self.rejected.push(rejected);
                    self.last_rejected = true;
                    return Ok(());
                }
            }
        }
        self.batch.end_row();
        self.last_rejected = false;
        Ok(())
    }

    /// The key of a row that was rejected, as far as it can be read.
    fn key_of(&self, row: &[u8]) -> Key {
        let mut rest = row;
        let cells: Vec<Option<&[u8]>> = self.fields.iter().map(|_| next_field(&mut rest)).collect();
        let value = |place: &usize| {
            let field = &self.fields[*place];
            let natural = cells[*place].and_then(|bytes| field.value(bytes).ok()).unwrap_or(Value::Null);
            let rules = Coercion { zone: self.zone, null_texts: &[] };
            coerce(natural.clone(), &field.read.wanted, rules).unwrap_or(natural)
        };
        Key(self.key.iter().map(value).collect())
    }
}

/// Length of the header, once it is all there.
fn header(bytes: &[u8]) -> Result<Option<usize>> {
    let Some((start, _)) = bytes.split_at_checked(HEADER.len()) else { return Ok(None) };
    if start[..11] != HEADER[..11] {
        return Err(broken("the data does not begin as binary data do"));
    }
    let extension = start.last_chunk::<4>().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let length = HEADER.len() + extension;
    Ok((bytes.len() >= length).then_some(length))
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::Internal, format!("the server's answer was not understood: {what}"))
}

/// Bytes of a row of `count` fields, once it is all there.
#[inline]
fn row_length(bytes: &[u8], count: usize) -> Option<usize> {
    let mut at = 0;
    for _ in 0..count {
        let length = i32::from_be_bytes(*bytes.get(at..)?.first_chunk::<4>()?);
        at += 4 + usize::try_from(length).unwrap_or(0);
    }
    (at <= bytes.len()).then_some(at)
}

/// The next field of a row that [`row_length`] measured; `None` is NULL.
#[inline]
fn next_field<'b>(row: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, rest) = row.split_first_chunk::<4>()?;
    let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
        *row = rest;
        return None;
    };
    let (field, rest) = rest.split_at_checked(length)?;
    *row = rest;
    Some(field)
}

impl Field<'_> {
    fn name(&self) -> &str {
        self.read.column.name()
    }

    #[inline]
    fn take(&self, bytes: Option<&[u8]>, column: &mut Column, zone: &Zone) -> std::result::Result<(), Fault> {
        let Some(bytes) = bytes else {
            if self.read.required {
                return Err(Misfit::Null.into());
            }
            column.push_null();
            return Ok(());
        };
        if self.direct
            && let Some(cell) = self.fitting(bytes)?
        {
            column.push(cell);
            return Ok(());
        }
        let rules = Coercion { zone, null_texts: &self.read.null_texts };
        let value = coerce(self.value(bytes)?, &self.read.wanted, rules)?;
        if value.is_null() && self.read.required {
            return Err(Misfit::Null.into());
        }
        column.push_value(&value);
        Ok(())
    }

    /// The cell, if it is plain that it fits.
    #[inline]
    fn fitting<'b>(&self, bytes: &'b [u8]) -> std::result::Result<Option<Cell<'b>>, Fault> {
        let cell = self.cell(bytes)?;
        let fits = match (cell, &self.read.wanted) {
            (Cell::Int(n), DataType::Int { min, max }) => (*min..=*max).contains(&n),
            (Cell::Text(text), DataType::Text { max, traits, .. }) => {
                !traits.padded && max.is_none_or(|max| text.len() <= max as usize)
            }
            (Cell::Decimal(_), DataType::Decimal(None)) => true,
            (Cell::Decimal(decimal), DataType::Decimal(Some((precision, scale)))) => {
                decimal.scale() == *scale
                    && decimal.unscaled().unsigned_abs() < 10_u128.pow(u32::from(*precision).min(38))
            }
            (Cell::Real(real), DataType::Real { single, finite }) => {
                (!finite || real.is_finite()) && (!single || self.wire == Wire::Float4)
            }
            (Cell::Bytes(bytes), DataType::Bytes { max }) => {
                max.is_none_or(|max| bytes.len() <= max as usize)
            }
            (Cell::Date(date), DataType::Date { years }) => {
                all(*years) || (common(*years) && date.is_common())
            }
            (Cell::Time(_), DataType::Time { digits }) => *digits >= 6,
            (Cell::Timestamp(at), DataType::Timestamp { fraction, years }) => {
                in_limits(at, *fraction, *years)
            }
            (Cell::Instant(at), DataType::Instant { fraction, years, .. }) => {
                in_limits(at.utc, *fraction, *years)
            }
            (Cell::Text(_), DataType::Other { .. })
            | (Cell::Bool(_), DataType::Bool)
            | (Cell::Uuid(_), DataType::Uuid)
            | (Cell::Json(_), DataType::Json) => true,
            _ => false,
        };
        Ok(fits.then_some(cell))
    }

    fn value(&self, bytes: &[u8]) -> std::result::Result<Value, Fault> {
        // A text can hold a number that denk could not calculate with.
        if self.wire == Wire::Numeric
            && let (DataType::Text { .. }, Some(Number::Wider(text))) =
                (&self.read.wanted, numeric::read(bytes))
        {
            return Ok(Value::Text(text));
        }
        self.cell(bytes).map(Cell::to_value)
    }

    /// The cell in its natural form.
    #[inline]
    fn cell<'b>(&self, bytes: &'b [u8]) -> std::result::Result<Cell<'b>, Fault> {
        Ok(match self.wire {
            Wire::Int8 => Cell::Int(i64::from_be_bytes(exactly(bytes)?)),
            Wire::Int4 => Cell::Int(i64::from(i32::from_be_bytes(exactly(bytes)?))),
            Wire::Int2 => Cell::Int(i64::from(i16::from_be_bytes(exactly(bytes)?))),
            Wire::Text | Wire::Other => Cell::Text(utf8(bytes)?),
            Wire::Numeric => Cell::Decimal(decimal(bytes)?),
            Wire::Float8 => Cell::Real(f64::from_be_bytes(exactly(bytes)?)),
            Wire::Float4 => Cell::Real(f64::from(f32::from_be_bytes(exactly(bytes)?))),
            Wire::Timestamp => Cell::Timestamp(timestamp(bytes)?),
            Wire::Instant => Cell::Instant(Instant::utc(timestamp(bytes)?)),
            Wire::Date => Cell::Date(Date(i32::from_be_bytes(exactly(bytes)?))),
            Wire::Time => Cell::Time(Time(i64::from_be_bytes(exactly(bytes)?) * 1000)),
            Wire::Bool => Cell::Bool(exactly::<1>(bytes)? != [0]),
            Wire::Uuid => Cell::Uuid(Uuid::from_bytes(exactly(bytes)?)),
            Wire::Bytes => Cell::Bytes(bytes),
            Wire::Json => Cell::Json(utf8(bytes)?),
            Wire::Jsonb => match bytes.split_first() {
                Some((1, json)) => Cell::Json(utf8(json)?),
                _ => return Err(Fault::Broken),
            },
            Wire::Tid => Cell::Int(locator(exactly(bytes)?)),
        })
    }
}

#[inline]
fn exactly<const N: usize>(bytes: &[u8]) -> std::result::Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| Fault::Broken)
}

#[inline]
fn utf8(bytes: &[u8]) -> std::result::Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| Fault::Misfit(Misfit::NotUtf8))
}

#[inline]
fn timestamp(bytes: &[u8]) -> std::result::Result<Timestamp, Fault> {
    Ok(Timestamp { micros: i64::from_be_bytes(exactly(bytes)?), nanos: 0 })
}

#[inline]
fn decimal(bytes: &[u8]) -> std::result::Result<Decimal, Fault> {
    match numeric::read(bytes).ok_or(Fault::Broken)? {
        Number::Decimal(decimal) => Ok(decimal),
        Number::Wider(text) => Err(Misfit::OutOfRange { value: text.chars().take(60).collect() }.into()),
    }
}

/// Block and number as one whole number, in the same order.
fn locator(tid: [u8; 6]) -> i64 {
    let [a, b, c, d, e, f] = tid;
    i64::from_be_bytes([0, 0, a, b, c, d, e, f])
}

fn all(years: (i32, i32)) -> bool {
    years == (i32::MIN, i32::MAX)
}

fn common(years: (i32, i32)) -> bool {
    years.0 <= 1 && years.1 >= 9999
}

#[inline]
fn in_limits(at: Timestamp, fraction: Fraction, years: (i32, i32)) -> bool {
    matches!(fraction, Fraction::Digits(digits) if digits >= 6)
        && (all(years) || (common(years) && at.is_common()))
}

#[cfg(test)]
mod tests;
