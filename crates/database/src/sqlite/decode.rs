//! From `SQLite`'s cells to typed columns: a fast way where the cell is what the column wants, exact conversion else.

use model::{
    Cell, Coercion, Column, DataType, Date, Decimal, Fraction, Misfit, Timestamp, Value, Zone, coerce,
};
use rusqlite::types::ValueRef;

use crate::ColumnRead;

/// Reads the cells of one column.
pub(super) struct Decoder<'a> {
    read: &'a ColumnRead,
    zone: &'a Zone,
    fast: Fast,
}

/// What may be taken as it is.
enum Fast {
    Int { min: i64, max: i64 },
    Real { finite: bool },
    Decimal { scale: u8, shift: f64, limit: f64 },
    Text { bytes_max: usize, nul: bool },
    Bytes { max: usize },
    Timestamp(Fraction),
    Date,
    Bool,
    Any,
    Nothing,
}

/// Largest whole number below which a float holds every one.
const FLOAT_WHOLE: u64 = 1 << 53;
/// Below this, a float divided by a power of ten is the only decimal of 15 digits that names it.
const FLOAT_EXACT: f64 = 1e15;
/// Powers of ten that a float holds exactly.
const FLOAT_SHIFT_MAX: u8 = 22;

impl<'a> Decoder<'a> {
    pub(super) fn new(read: &'a ColumnRead, zone: &'a Zone) -> Self {
        Self { read, zone, fast: Fast::of(&read.wanted) }
    }

    /// Appends one cell; on a misfit nothing. Returns the bytes that it takes beyond a fixed width.
    ///
    /// By reference: a copy of a cell that was written a moment ago costs as much as all else here.
    #[inline]
    pub(super) fn push(&self, raw: &ValueRef<'_>, into: &mut Column) -> Result<usize, Misfit> {
        match *raw {
            ValueRef::Null if self.read.required => return Err(Misfit::Null),
            ValueRef::Null => into.push_null(),
            ValueRef::Text(bytes) => return self.push_text(bytes, into),
            ValueRef::Integer(whole) => match &self.fast {
                Fast::Int { min, max } if *min <= whole && whole <= *max => into.push(Cell::Int(whole)),
                Fast::Bool if whole == 0 || whole == 1 => into.push(Cell::Bool(whole == 1)),
                Fast::Any => into.push(Cell::Int(whole)),
                _ => return self.convert(*raw, into),
            },
            ValueRef::Real(float) => match &self.fast {
                Fast::Real { finite } if !finite || float.is_finite() => into.push(Cell::Real(float)),
                Fast::Decimal { scale, shift, limit } => {
                    return self.push_float(float, *scale, *shift, *limit, into);
                }
                Fast::Any => into.push(Cell::Real(float)),
                _ => return self.convert(*raw, into),
            },
            ValueRef::Blob(bytes) => match &self.fast {
                Fast::Bytes { max } if bytes.len() <= *max => {
                    into.push(Cell::Bytes(bytes));
                    return Ok(bytes.len());
                }
                _ => return self.convert(*raw, into),
            },
        }
        Ok(0)
    }

    #[inline]
    fn push_text(&self, bytes: &[u8], into: &mut Column) -> Result<usize, Misfit> {
        match &self.fast {
            Fast::Text { bytes_max, nul } if bytes.len() <= *bytes_max && (*nul || !bytes.contains(&0)) => {
                into.push(Cell::Text(std::str::from_utf8(bytes).map_err(|_| Misfit::NotUtf8)?));
                return Ok(bytes.len());
            }
            Fast::Timestamp(fraction) => {
                match self.text(bytes).and_then(Timestamp::parse).filter(|at| fraction.holds(*at)) {
                    Some(at) => into.push(Cell::Timestamp(at)),
                    None => return self.convert(ValueRef::Text(bytes), into),
                }
            }
            Fast::Date => match self.text(bytes).and_then(Date::parse) {
                Some(date) => into.push(Cell::Date(date)),
                None => return self.convert(ValueRef::Text(bytes), into),
            },
            _ => return self.convert(ValueRef::Text(bytes), into),
        }
        Ok(0)
    }

    /// The text, unless it is one that stands for NULL.
    #[inline]
    fn text<'t>(&self, bytes: &'t [u8]) -> Option<&'t str> {
        let is_null = self.read.null_texts.iter().any(|text| text.as_bytes() == bytes);
        if is_null { None } else { std::str::from_utf8(bytes).ok() }
    }

    /// Money that was stored as a float, as the decimal that the float was made from.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "below 1e15")]
    fn push_float(
        &self,
        float: f64,
        scale: u8,
        shift: f64,
        limit: f64,
        into: &mut Column,
    ) -> Result<usize, Misfit> {
        let shifted = (float * shift).round();
        // A zero may be a negative one, which no decimal can tell.
        let exact = shifted != 0.0 && shifted.abs() < limit && shifted / shift == float;
        match Decimal::new(shifted as i128, scale).filter(|_| exact) {
            Some(decimal) => into.push(Cell::Decimal(decimal)),
            None => return self.convert(ValueRef::Real(float), into),
        }
        Ok(0)
    }

    #[cold]
    fn convert(&self, raw: ValueRef<'_>, into: &mut Column) -> Result<usize, Misfit> {
        let value = self.value(raw)?;
        into.push_value(&value);
        Ok(match &value {
            Value::Text(text) | Value::Json(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            _ => 0,
        })
    }

    /// The cell as the type that is wanted.
    pub(super) fn value(&self, raw: ValueRef<'_>) -> Result<Value, Misfit> {
        let rules = Coercion { zone: self.zone, null_texts: &self.read.null_texts };
        let value = coerce(raw_value(raw)?, &self.read.wanted, rules)?;
        if value.is_null() && self.read.required { Err(Misfit::Null) } else { Ok(value) }
    }
}

impl Fast {
    fn of(wanted: &DataType) -> Self {
        let bytes_max = |max: Option<u32>| max.map_or(usize::MAX, |max| max as usize);
        match wanted {
            DataType::Int { min, max } => Self::Int { min: *min, max: *max },
            DataType::Real { single: false, finite } => Self::Real { finite: *finite },
            DataType::Decimal(Some((precision, scale))) if *scale <= FLOAT_SHIFT_MAX => {
                let limit = FLOAT_EXACT.min(10_f64.powi(i32::from(*precision)));
                Self::Decimal { scale: *scale, shift: 10_f64.powi(i32::from(*scale)), limit }
            }
            // No text has more characters than bytes.
            DataType::Text { max, traits, .. } if !traits.padded => {
                Self::Text { bytes_max: bytes_max(*max), nul: traits.nul }
            }
            DataType::Bytes { max } => Self::Bytes { max: bytes_max(*max) },
            DataType::Timestamp { fraction, years } if is_wide(*years) => Self::Timestamp(*fraction),
            DataType::Date { years } if is_wide(*years) => Self::Date,
            DataType::Bool => Self::Bool,
            DataType::Any => Self::Any,
            _ => Self::Nothing,
        }
    }
}

/// Holds every year that a text can name.
const fn is_wide(years: (i32, i32)) -> bool {
    years.0 <= 1 && years.1 >= 9999
}

/// The cell as it is stored.
///
/// # Errors
/// `NotUtf8` for a text that is none.
pub(super) fn raw_value(raw: ValueRef<'_>) -> Result<Value, Misfit> {
    Ok(match raw {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(r) => Value::Real(r),
        ValueRef::Text(bytes) => {
            Value::Text(std::str::from_utf8(bytes).map_err(|_| Misfit::NotUtf8)?.to_owned())
        }
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_owned()),
    })
}

/// Whether a whole number and a float are the same number.
#[allow(clippy::cast_precision_loss, reason = "only where it is exact")]
pub(super) fn same_number(whole: i64, float: f64) -> bool {
    whole.unsigned_abs() <= FLOAT_WHOLE && whole as f64 == float
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Batch;
    use proptest::prelude::*;

    fn decode(wanted: &DataType, raw: ValueRef<'_>) -> Result<Value, Misfit> {
        let read = ColumnRead {
            null_texts: vec!["".into()],
            ..ColumnRead::new(crate::ColumnRef::Locator, wanted.clone())
        };
        let zone = Zone::utc();
        let mut batch = Batch::new([wanted]);
        Decoder::new(&read, &zone).push(&raw, &mut batch.columns[0])?;
        Ok(batch.columns[0].value(0))
    }

    proptest! {
        #[test]
        fn the_fast_way_says_what_exact_conversion_says(float in any::<f64>(), cents in -10_000_000_i64..10_000_000, scale in 0_u8..10) {
            let money = cents as f64 / 100.0;
            for (raw, wanted) in [float, money].into_iter().flat_map(|f| [(f, DataType::Decimal(Some((18, scale)))), (f, DataType::Decimal(Some((9, 2)))), (f, DataType::INT64), (f, DataType::REAL)]) {
                let zone = Zone::utc();
                let exact = coerce(Value::Real(raw), &wanted, Coercion { zone: &zone, null_texts: &[] });
                prop_assert_eq!(decode(&wanted, ValueRef::Real(raw)), exact, "{} as {:?}", raw, wanted);
            }
        }

        #[test]
        fn whole_numbers_become_what_they_are(whole in any::<i64>()) {
            for wanted in [DataType::INT32, DataType::INT64, DataType::REAL, DataType::Decimal(Some((18, 4))), DataType::Bool, DataType::TEXT] {
                let zone = Zone::utc();
                let exact = coerce(Value::Int(whole), &wanted, Coercion { zone: &zone, null_texts: &[] });
                prop_assert_eq!(decode(&wanted, ValueRef::Integer(whole)), exact);
            }
        }
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(decode(&DataType::INT64, ValueRef::Text(b"")), Ok(Value::Null));
        assert!(decode(&DataType::INT64, ValueRef::Text(b"12 ")).is_err());
        assert!(decode(&DataType::Decimal(Some((10, 2))), ValueRef::Real(-0.0)).is_err());
        assert_eq!(decode(&DataType::TIMESTAMP, ValueRef::Text(b"")), Ok(Value::Null));
        assert!(decode(&DataType::TIMESTAMP, ValueRef::Text(b"2026-02-30 10:00:00")).is_err());
        assert_eq!(decode(&DataType::TEXT, ValueRef::Text(b"\xff")), Err(Misfit::NotUtf8));
        assert_eq!(decode(&DataType::TEXT, ValueRef::Text(b"")), Ok(Value::Text(String::new())));
    }
}
