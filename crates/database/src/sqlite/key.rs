//! Keys: in which order SQL reads them, and how a row is found by one.
//!
//! All databases must agree on one order, that of [`Value`]. `SQLite` sorts by storage class, then by number, bytes or
//! the column's collation. Where its order is the same, the column itself is the term and an index serves it; where a
//! column may hold several forms of one value, the function `denk_order` gives bytes that sort like the value.

use std::ffi::CStr;

use model::{Coercion, DataType, ErrorKind, Instant, Misfit, Value, Zone, coerce};
use rusqlite::{
    Connection,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};

use super::{
    connect::Link,
    decode,
    introspect::{QUOTING, Shape},
    types::{self, Affinity},
};
use crate::{
    ColumnRef, Error, Result,
    sql::{Slot, slot},
};

/// How one key column is sorted and found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The column's own order is right.
    Plain,
    /// Right but for the collation.
    Binary,
    /// Only the function tells, for a kind of value named by [`DataType::code`].
    Function(&'static str),
}

/// One column of a key.
#[derive(Clone, Debug)]
pub(super) struct KeyColumn {
    column: Slot,
    order: Order,
    pub wanted: DataType,
    pub affinity: Affinity,
}

impl KeyColumn {
    /// `shape`: `None` for a query, whose columns are not known.
    pub(super) fn new(
        link: &Link,
        shape: Option<&Shape>,
        column: &ColumnRef,
        wanted: &DataType,
    ) -> Result<Self> {
        let native = shape.and_then(|shape| match column {
            ColumnRef::Named(name) => shape.column(name).map(|column| column.native.as_str()),
            ColumnRef::Locator => Some("INTEGER"),
        });
        Ok(Self {
            column: expression(shape, column)?,
            order: order(link, shape, column, wanted, native)?,
            wanted: wanted.clone(),
            affinity: native.map_or(Affinity::Blob, Affinity::of),
        })
    }

    pub(super) const fn order(&self) -> Order {
        self.order
    }

    /// What to sort by.
    pub(super) fn term(&self) -> Slot {
        self.wrap(self.column.clone())
    }

    /// A parameter that compares with [`KeyColumn::term`].
    pub(super) fn parameter(&self, number: usize) -> Slot {
        match self.order {
            Order::Function(_) => self.wrap(parameter(number)),
            Order::Plain | Order::Binary => parameter(number),
        }
    }

    fn wrap(&self, value: Slot) -> Slot {
        match self.order {
            Order::Plain => value,
            Order::Binary => slot(include_str!("sql/key_binary.sql"), &[("value", value)]),
            Order::Function(code) => {
                slot(include_str!("sql/key_order.sql"), &[("value", value), ("code", Slot::text(code))])
            }
        }
    }

    /// The condition that finds exactly the row whose key column equals the parameter.
    pub(super) fn is(&self, number: usize) -> Slot {
        match self.order {
            Order::Binary => {
                let slots = [("column", self.column.clone()), ("value", parameter(number))];
                slot(include_str!("sql/key_same.sql"), &slots)
            }
            _ => slot(
                include_str!("sql/equal.sql"),
                &[("left", self.term()), ("right", self.parameter(number))],
            ),
        }
    }

    /// Whether a cell stands where its value belongs in the order of SQL.
    ///
    /// # Errors
    /// `NullKey`; `NotA` for a cell of another storage class, or in another form, than the type's own.
    #[inline]
    pub(super) fn admits(&self, raw: ValueRef<'_>) -> std::result::Result<(), Misfit> {
        match (raw, &self.wanted) {
            (ValueRef::Null, _) => Err(Misfit::NullKey),
            (ValueRef::Integer(_), DataType::Int { .. }) | (_, DataType::Any) => Ok(()),
            (ValueRef::Text(_), DataType::Text { .. } | DataType::Json | DataType::Other { .. }) => Ok(()),
            (ValueRef::Text(text), DataType::Instant { .. }) if !tells_zone(text) => Err(self.misplaced(raw)),
            _ if matches!(self.order, Order::Function(_)) => Ok(()),
            (ValueRef::Integer(_) | ValueRef::Real(_), DataType::Int { .. } | DataType::Bool) => Ok(()),
            (ValueRef::Integer(_) | ValueRef::Real(_), DataType::Decimal(_) | DataType::Real { .. }) => {
                Ok(())
            }
            (ValueRef::Blob(_), DataType::Bytes { .. }) => Ok(()),
            (ValueRef::Text(text), _) if self.is_own_form(text) => Ok(()),
            _ => Err(self.misplaced(raw)),
        }
    }

    fn misplaced(&self, raw: ValueRef<'_>) -> Misfit {
        Misfit::NotA { value: shown(raw), wanted: self.wanted.code() }
    }

    /// The one text form of a date, time or uuid, whose order is the values' order.
    fn is_own_form(&self, text: &[u8]) -> bool {
        let has_form = types::own_name(&self.wanted).is_some();
        let value = decode::raw_value(ValueRef::Text(text)).ok().filter(|_| has_form);
        value
            .and_then(|value| read_as(value, &self.wanted))
            .is_some_and(|value| value.to_string().as_bytes() == text)
    }

    /// Whether two stored parts of a key are surely not the same to SQL.
    pub(super) fn differ(&self, a: &Value, b: &Value) -> bool {
        let (left, right) = match self.order {
            Order::Function(_) => (read_as(a.clone(), &self.wanted), read_as(b.clone(), &self.wanted)),
            Order::Plain | Order::Binary => (None, None),
        };
        match (left, right) {
            (Some(left), Some(right)) => left != right,
            _ => a != b && !same_float(a, b),
        }
    }
}

fn tells_zone(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| Instant::parse(text).is_some())
}

/// Numbers beyond what a float tells apart.
#[allow(clippy::cast_precision_loss, clippy::float_cmp, reason = "in doubt they count as the same")]
fn same_float(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(n), Value::Real(r)) | (Value::Real(r), Value::Int(n)) => *n as f64 == *r,
        (Value::Real(a), Value::Real(b)) => a == b,
        _ => false,
    }
}

/// At most 60 characters of a cell, for messages.
fn shown(raw: ValueRef<'_>) -> String {
    decode::raw_value(raw)
        .map_or_else(|misfit| misfit.to_string(), |value| value.to_string().chars().take(60).collect())
}

pub(super) fn parameter(number: usize) -> Slot {
    slot(include_str!("sql/parameter.sql"), &[("number", Slot::number(number as u64))])
}

/// The column itself, as it stands in a statement.
pub(super) fn expression(shape: Option<&Shape>, column: &ColumnRef) -> Result<Slot> {
    let name = match (column, shape) {
        (ColumnRef::Named(name), _) => QUOTING.name(name)?,
        (ColumnRef::Locator, Some(shape)) => Slot::fixed(shape.locator()?),
        (ColumnRef::Locator, None) => {
            let what = "rows of a query have no place in a table; name its key columns";
            return Err(Error::new(ErrorKind::Unsupported, what));
        }
    };
    Ok(slot(include_str!("sql/column.sql"), &[("name", name)]))
}

fn order(
    link: &Link,
    shape: Option<&Shape>,
    column: &ColumnRef,
    wanted: &DataType,
    native: Option<&str>,
) -> Result<Order> {
    let ColumnRef::Named(name) = column else { return Ok(Order::Plain) };
    if shape.is_some_and(|shape| shape.is_alias(name)) {
        return Ok(Order::Plain);
    }
    let affinity = native.map_or(Affinity::Blob, Affinity::of);
    let by_value = match wanted {
        DataType::Instant { .. } => true,
        DataType::Decimal(_) => !affinity.is_numeric(),
        DataType::Text { .. } | DataType::Json | DataType::Other { .. } => link.is_utf16()?,
        DataType::Date { .. } | DataType::Time { .. } | DataType::Timestamp { .. } | DataType::Uuid => {
            native.is_none() || native != types::own_name(wanted)
        }
        _ => false,
    };
    if by_value {
        return Ok(Order::Function(wanted.code()));
    }
    let plain = shape.is_some_and(|shape| has_binary_collation(link, &shape.name, name));
    Ok(if plain { Order::Plain } else { Order::Binary })
}

fn has_binary_collation(link: &Link, table: &str, column: &str) -> bool {
    let metadata = link.connection.column_metadata(Some("main"), table, column);
    metadata.is_ok_and(|(_, collation, ..)| collation.map(CStr::to_bytes) == Some(b"BINARY"))
}

/// Makes `denk_order(value, code)` known to the connection.
pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    Ok(connection.create_scalar_function("denk_order", 2, flags, sortable)?)
}

/// NULL for NULL; first the values of the kind by their order, then everything else by its bytes.
fn sortable(context: &Context<'_>) -> rusqlite::Result<Option<Vec<u8>>> {
    let raw = context.get_raw(0);
    if raw == ValueRef::Null {
        return Ok(None);
    }
    let wanted = types::of_code(context.get_raw(1).as_str().unwrap_or_default());
    let value = decode::raw_value(raw).ok().and_then(|value| read_as(value, &wanted));
    Ok(Some(value.map_or_else(|| foreign_bytes(raw), |value| [&[0_u8][..], &value_bytes(&value)].concat())))
}

/// The value as `wanted`, if it is one in whatever zone: a point in time must tell its own.
pub(super) fn read_as(value: Value, wanted: &DataType) -> Option<Value> {
    if let (Value::Text(text), DataType::Instant { .. }) = (&value, wanted) {
        Instant::parse(text)?;
    }
    coerce(value, wanted, Coercion { zone: &Zone::utc(), null_texts: &[] }).ok()
}

fn value_bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Decimal(decimal) => decimal_bytes(*decimal),
        Value::Instant(instant) => {
            [instant.utc.to_string(), format!("|{:05}", i32::from(instant.offset_minutes) + 10_000)]
                .concat()
                .into_bytes()
        }
        other => other.to_string().into_bytes(),
    }
}

/// 38 digits before and 38 after the point; each digit of a negative number as its complement to nine.
fn decimal_bytes(decimal: model::Decimal) -> Vec<u8> {
    let digits = decimal.unscaled().unsigned_abs().to_string();
    let scale = usize::from(decimal.scale());
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let plain = format!("{whole:0>38}{fraction:0<38}");
    if decimal.unscaled() < 0 {
        let mirrored = plain.bytes().map(|digit| b'9' - digit + b'0');
        std::iter::once(b'-').chain(mirrored).collect()
    } else {
        [b"0".as_slice(), plain.as_bytes()].concat()
    }
}

fn foreign_bytes(raw: ValueRef<'_>) -> Vec<u8> {
    match raw {
        ValueRef::Null => Vec::new(),
        ValueRef::Integer(number) => [&[1_u8][..], &number.to_be_bytes()].concat(),
        ValueRef::Real(number) => [&[2_u8][..], &number.to_be_bytes()].concat(),
        ValueRef::Text(text) => [&[3_u8][..], text].concat(),
        ValueRef::Blob(bytes) => [&[4_u8][..], bytes].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decimals_sort_as_their_bytes(a in -10_i128.pow(37)..10_i128.pow(37), s in 0_u8..=38, b in -1000_i128..1000, t in 0_u8..4) {
            let (x, y) = (model::Decimal::new(a, s).unwrap(), model::Decimal::new(b, t).unwrap());
            prop_assert_eq!(decimal_bytes(x).cmp(&decimal_bytes(y)), x.cmp(&y));
        }
    }

    #[test]
    fn negative_decimals_come_first() {
        let bytes = |text: &str| decimal_bytes(text.parse().unwrap());
        assert!(bytes("-2") < bytes("-1.5") && bytes("-1.5") < bytes("0") && bytes("0") < bytes("0.1"));
        assert_eq!(bytes("1.50"), bytes("1.5"));
    }
}
