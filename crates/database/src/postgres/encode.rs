//! Cells in PostgreSQL's binary form (for COPY).
//!
//! **Source**: PostgreSQL manual, `COPY`, "Binary Format"; the `*_recv` functions of the server for each type.
//! The server rounds and cuts by a column's length without a word when it receives binary values, so whatever does
//! not fit exactly is refused here.

use model::{Cell, Column, DataType, Decimal, Fraction, Misfit, TextUnit, Timestamp};

use super::types::{Native, Wire};

/// Signature, flags and length of the header's extension.
pub(super) const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// A tuple of -1 fields ends the data.
pub(super) const TRAILER: [u8; 2] = [0xff; 2];
const NULL: [u8; 4] = [0xff; 4];

/// How cells of one column are written, and what they must not exceed.
#[derive(Clone, Debug)]
pub(super) struct Form {
    wire: Wire,
    /// Characters.
    max: Option<u32>,
    /// Digits after the point that a numeric is stored with.
    scale: Option<u8>,
    /// Microseconds that a time is a multiple of.
    grain: i64,
}

/// A column of a batch and the form of its cells.
pub(super) struct Field<'a> {
    pub(super) column: &'a Column,
    pub(super) form: &'a Form,
}

/// A cell that has no exact form: row, place of the field, reason.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) row: usize,
    pub(super) field: usize,
    pub(super) reason: Misfit,
}

impl Form {
    pub(super) fn of(native: &Native) -> Self {
        let mut form = Self { wire: native.wire, max: None, scale: None, grain: 1 };
        match &native.data_type {
            DataType::Text { max, .. } => form.max = *max,
            DataType::Decimal(Some((_, scale))) => form.scale = Some(*scale),
            DataType::Time { digits } => form.grain = grain(*digits),
            DataType::Timestamp { fraction: Fraction::Digits(digits), .. }
            | DataType::Instant { fraction: Fraction::Digits(digits), .. } => form.grain = grain(*digits),
            _ => {}
        }
        form
    }
}

fn grain(digits: u8) -> i64 {
    10_i64.pow(6 - u32::from(digits.min(6)))
}

/// Appends rows to `out`, from row `from` on, until there are no more of the `rows` or `out` holds `enough` bytes.
/// Returns the next row.
pub(super) fn rows(
    fields: &[Field<'_>],
    from: usize,
    rows: usize,
    enough: usize,
    out: &mut Vec<u8>,
) -> Result<usize, Refused> {
    let count = i16::try_from(fields.len()).unwrap_or(i16::MAX).to_be_bytes();
    let mut row = from;
    while row < rows && out.len() < enough {
        out.extend_from_slice(&count);
        for (place, field) in fields.iter().enumerate() {
            put(field, row, out).map_err(|reason| Refused { row, field: place, reason })?;
        }
        row += 1;
    }
    Ok(row)
}

#[inline]
fn put(field: &Field<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let form = field.form;
    if matches!(form.wire, Wire::Text | Wire::Json | Wire::Other)
        && let Some(text) = field.column.raw(row)
    {
        return put_text(text, form.max, out);
    }
    match (form.wire, field.column.cell(row)) {
        (_, Cell::Null) => out.extend_from_slice(&NULL),
        (Wire::Int8, Cell::Int(n)) => sized(out, n.to_be_bytes()),
        (Wire::Int4, Cell::Int(n)) => sized(out, i32::try_from(n).map_err(|_| too_large(&n))?.to_be_bytes()),
        (Wire::Int2, Cell::Int(n)) => sized(out, i16::try_from(n).map_err(|_| too_large(&n))?.to_be_bytes()),
        (Wire::Numeric, Cell::Decimal(decimal)) => put_numeric(exact(decimal, form.scale)?, out),
        (Wire::Float8, Cell::Real(real)) => sized(out, real.to_bits().to_be_bytes()),
        (Wire::Float4, Cell::Real(real)) => sized(out, single(real)?.to_bits().to_be_bytes()),
        (Wire::Timestamp, Cell::Timestamp(at)) => sized(out, micros(at, form.grain)?.to_be_bytes()),
        (Wire::Instant, Cell::Instant(at)) => sized(out, micros(at.utc, form.grain)?.to_be_bytes()),
        (Wire::Date, Cell::Date(date)) => sized(out, date.0.to_be_bytes()),
        (Wire::Time, Cell::Time(time)) => {
            let exact = time.0 % (form.grain * 1000) == 0;
            sized(out, exact.then_some(time.0 / 1000).ok_or_else(|| too_precise(&time))?.to_be_bytes());
        }
        (Wire::Bool, Cell::Bool(bool)) => sized(out, [u8::from(bool)]),
        (Wire::Uuid, Cell::Uuid(uuid)) => sized(out, *uuid.as_bytes()),
        (Wire::Bytes, Cell::Bytes(bytes)) => put_bytes(bytes, out)?,
        (Wire::Jsonb, Cell::Json(json)) => put_jsonb(json.as_bytes(), out)?,
        (Wire::Text, Cell::Text(text)) => put_text(text.as_bytes(), form.max, out)?,
        (Wire::Json | Wire::Other, Cell::Text(text) | Cell::Json(text)) => {
            put_text(text.as_bytes(), None, out)?;
        }
        (Wire::Tid, Cell::Int(place)) => put_tid(place, out)?,
        (_, cell) => {
            return Err(Misfit::NotA {
                value: cell.to_value().to_string(),
                wanted: "value of the column's type",
            });
        }
    }
    Ok(())
}

#[inline]
fn sized<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    #[allow(clippy::cast_possible_truncation, reason = "at most 16")]
    out.extend_from_slice(&(N as u32).to_be_bytes());
    out.extend_from_slice(&bytes);
}

#[inline]
fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
    let length = i32::try_from(bytes.len())
        .map_err(|_| Misfit::TooLong { length: bytes.len(), max: i32::MAX as u32 })?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

#[inline]
fn put_text(text: &[u8], max: Option<u32>, out: &mut Vec<u8>) -> Result<(), Misfit> {
    if text.contains(&0) {
        return Err(Misfit::Character { code: 0 });
    }
    if let Some(max) = max
        && text.len() > max as usize
    {
        let length = std::str::from_utf8(text).map_or(text.len(), |text| TextUnit::Chars.length(text));
        if length > max as usize {
            return Err(Misfit::TooLong { length, max });
        }
    }
    put_bytes(text, out)
}

fn put_jsonb(json: &[u8], out: &mut Vec<u8>) -> Result<(), Misfit> {
    const VERSION: u8 = 1;
    let length = i32::try_from(json.len() + 1)
        .map_err(|_| Misfit::TooLong { length: json.len(), max: i32::MAX as u32 })?;
    out.extend_from_slice(&length.to_be_bytes());
    out.push(VERSION);
    out.extend_from_slice(json);
    Ok(())
}

/// A row's place: block and number in the block.
fn put_tid(place: i64, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let (block, number) = tid(place).ok_or_else(|| too_large(&place))?;
    out.extend_from_slice(&6_u32.to_be_bytes());
    out.extend_from_slice(&block.to_be_bytes());
    out.extend_from_slice(&number.to_be_bytes());
    Ok(())
}

/// Block and number that a locator packs.
pub(super) fn tid(place: i64) -> Option<(u32, u16)> {
    let number = u16::try_from(place & 0xffff).ok()?;
    Some((u32::try_from(place >> 16).ok()?, number))
}

fn exact(decimal: Decimal, scale: Option<u8>) -> Result<Decimal, Misfit> {
    match scale {
        Some(scale) if decimal.scale() > scale => {
            decimal.rescale(scale).ok_or_else(|| Misfit::TooPrecise { value: decimal.to_string() })
        }
        _ => Ok(decimal),
    }
}

#[allow(clippy::cast_possible_truncation)]
fn single(real: f64) -> Result<f32, Misfit> {
    let single = real as f32;
    if f64::from(single).to_bits() == real.to_bits() || real.is_nan() {
        Ok(single)
    } else {
        Err(too_precise(&real))
    }
}

#[inline]
fn micros(at: Timestamp, grain: i64) -> Result<i64, Misfit> {
    let infinite = at == Timestamp::MAX_INFINITE || at == Timestamp::MIN_INFINITE;
    if (at.nanos == 0 && (grain == 1 || at.micros % grain == 0)) || infinite {
        Ok(at.micros)
    } else {
        Err(too_precise(&at))
    }
}

fn too_large(value: &impl ToString) -> Misfit {
    Misfit::OutOfRange { value: value.to_string() }
}

fn too_precise(value: &impl ToString) -> Misfit {
    Misfit::TooPrecise { value: value.to_string() }
}

/// Number of digits of base 10000, weight of the first, sign, digits after the decimal point, then the digits.
#[inline]
fn put_numeric(decimal: Decimal, out: &mut Vec<u8>) {
    const GROUPS: usize = 12;
    let scale = usize::from(decimal.scale());
    let after = scale.div_ceil(4);
    let missing = after * 4 - scale;
    let mut groups = [0_u16; GROUPS];
    let first = split(decimal.unscaled().unsigned_abs(), missing, &mut groups);
    let last = groups.iter().rposition(|group| *group != 0).map_or(first, |last| last + 1);
    let digits = &groups[first..last.max(first)];
    #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "at most 12")]
    let (count, weight) = (digits.len() as i16, (GROUPS - first) as i16 - after as i16 - 1);
    let negative = decimal.unscaled() < 0;
    out.extend_from_slice(&(8 + 2 * i32::from(count)).to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&(if count == 0 { 0 } else { weight }).to_be_bytes());
    out.extend_from_slice(&(if negative { 0x4000_u16 } else { 0 }).to_be_bytes());
    out.extend_from_slice(&u16::from(decimal.scale()).to_be_bytes());
    for digit in digits {
        out.extend_from_slice(&digit.to_be_bytes());
    }
}

/// `number * 10^missing` in base 10000 at the end of `groups`; returns where it begins.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "remainders of 10000")]
fn split(number: u128, missing: usize, groups: &mut [u16; 12]) -> usize {
    // The lowest group takes fewer digits of the number, so that the groups meet at the decimal point.
    const TAKEN: [u64; 4] = [10_000, 1000, 100, 10];
    const FACTOR: [u64; 4] = [1, 10, 100, 1000];
    let mut at = groups.len() - 1;
    let mut rest = if let Ok(small) = u64::try_from(number) {
        groups[at] = (small % TAKEN[missing] * FACTOR[missing]) as u16;
        small / TAKEN[missing]
    } else {
        groups[at] = ((number % u128::from(TAKEN[missing])) as u64 * FACTOR[missing]) as u16;
        let mut large = number / u128::from(TAKEN[missing]);
        while large > u128::from(u64::MAX) {
            at -= 1;
            groups[at] = (large % 10_000) as u16;
            large /= 10_000;
        }
        large as u64
    };
    while rest > 0 {
        at -= 1;
        groups[at] = (rest % 10_000) as u16;
        rest /= 10_000;
    }
    if groups[at] == 0 { groups.len() } else { at }
}

#[cfg(test)]
mod tests;
