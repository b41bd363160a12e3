//! From typed cells to what `SQLite` stores, refusing what it would not give back as it was.
//!
//! A column's affinity converts in silence: text that looks like a number becomes one, decimals become floats, -0.0
//! becomes 0. What would be changed is refused here, with a reason.

use std::borrow::Cow;

use model::{Cell, DataType, Decimal, Instant, Misfit, Timestamp, Value};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};

use super::{
    decode::{raw_value, same_number},
    key::{self, KeyColumn, Order},
    types::Affinity,
};

/// A cell as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stored<'a> {
    Null,
    Int(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Blob(Cow<'a, [u8]>),
}

/// Writes the cells of one column.
#[derive(Clone, Debug)]
pub(super) struct Encoder {
    data_type: DataType,
    affinity: Affinity,
    /// Equal values must be equal texts.
    in_key: bool,
}

impl ToSql for Stored<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(n) => ValueRef::Integer(*n),
            Self::Real(r) => ValueRef::Real(*r),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Digits with which a float names exactly one decimal.
const FLOAT_DIGITS_LIMIT: u128 = 10_u128.pow(15);
/// Powers of ten that a float holds exactly.
const FLOAT_SHIFT_MAX: u8 = 22;
/// A longer offset is none that a text can tell.
const OFFSET_MAX_MINUTES: i16 = 14 * 60;
const NANOS_PER_DAY: i64 = 86_400_000_000_000;

impl Encoder {
    pub(super) fn new(data_type: &DataType, native: &str, in_key: bool) -> Self {
        Self { data_type: data_type.clone(), affinity: Affinity::of(native), in_key }
    }

    /// # Errors
    /// [`Misfit`] for what would come back otherwise than it was given.
    pub(super) fn encode<'a>(&self, cell: Cell<'a>) -> Result<Stored<'a>, Misfit> {
        Ok(match cell {
            Cell::Null => Stored::Null,
            Cell::Bool(b) => Stored::Int(i64::from(b)),
            Cell::Int(n) => Stored::Int(n),
            Cell::Real(r) => self.real(r)?,
            Cell::Decimal(d) => self.decimal(d)?,
            Cell::Text(text) | Cell::Json(text) => self.text(text)?,
            Cell::Bytes(bytes) => Stored::Blob(Cow::Borrowed(bytes)),
            Cell::Date(date) if date.is_common() => owned(&date),
            Cell::Time(time) if (0..NANOS_PER_DAY).contains(&time.0) => owned(&time),
            Cell::Timestamp(at) if at.is_common() => owned(&at),
            Cell::Instant(at) if is_writable(at) => owned(&at),
            Cell::Uuid(uuid) => {
                let mut buffer = model::Uuid::encode_buffer();
                Stored::Text(Cow::Owned(uuid.hyphenated().encode_lower(&mut buffer).to_owned()))
            }
            Cell::Date(_) | Cell::Time(_) | Cell::Timestamp(_) | Cell::Instant(_) => {
                return Err(Misfit::OutOfRange { value: cell.to_value().to_string() });
            }
        })
    }

    fn real(&self, real: f64) -> Result<Stored<'static>, Misfit> {
        let negative_zero = real == 0.0 && real.is_sign_negative();
        // Where affinity prefers whole numbers, a larger one would come back as a whole number that no float names.
        let becomes_whole = self.affinity.is_numeric() && self.affinity != Affinity::Real;
        let too_large =
            becomes_whole && real.fract() == 0.0 && real.abs() > 9_007_199_254_740_992.0 && real.abs() < 1e19;
        if real.is_nan() || (negative_zero && self.affinity != Affinity::Blob) || too_large {
            return Err(Misfit::NotA {
                value: Value::Real(real).to_string(),
                wanted: "number that SQLite keeps",
            });
        }
        Ok(Stored::Real(real))
    }

    fn decimal(&self, decimal: Decimal) -> Result<Stored<'static>, Misfit> {
        if !self.affinity.is_numeric() {
            return Ok(owned(&self.canonical(decimal)));
        }
        let whole =
            decimal.to_i64().filter(|n| self.affinity != Affinity::Real || n.unsigned_abs() <= 1 << 53);
        let stored = whole.map(Stored::Int).or_else(|| float(decimal).map(Stored::Real));
        stored.ok_or_else(|| Misfit::TooPrecise { value: decimal.to_string() })
    }

    /// The one spelling of a decimal where it is stored as text.
    fn canonical(&self, decimal: Decimal) -> Decimal {
        match self.data_type {
            DataType::Decimal(Some((_, scale))) => decimal.rescale(scale).unwrap_or(decimal),
            _ if self.in_key => decimal.normalize(),
            _ => decimal,
        }
    }

    fn text<'a>(&self, text: &'a str) -> Result<Stored<'a>, Misfit> {
        if self.affinity.is_numeric() && looks_like_number(text) {
            return Err(Misfit::NotA {
                value: text.to_owned(),
                wanted: "text that this column keeps as text",
            });
        }
        Ok(Stored::Text(Cow::Borrowed(text)))
    }

    /// Whether the stored cell is the same value already, in whatever form.
    #[inline]
    pub(super) fn holds(&self, raw: ValueRef<'_>, stored: &Stored<'_>, cell: Cell<'_>) -> bool {
        match (raw, stored) {
            (ValueRef::Null, Stored::Null) => true,
            (ValueRef::Null, _) | (_, Stored::Null) => false,
            (ValueRef::Integer(a), Stored::Int(b)) => a == *b,
            (ValueRef::Real(a), Stored::Real(b)) => a.to_bits() == b.to_bits(),
            (ValueRef::Integer(n), Stored::Real(r)) if self.is_number() => {
                same_number(n, *r) && (n != 0 || r.is_sign_positive())
            }
            (ValueRef::Real(r), Stored::Int(n)) if self.is_number() => same_number(*n, r),
            (ValueRef::Text(a), Stored::Text(b)) if a == b.as_bytes() => true,
            (ValueRef::Blob(a), Stored::Blob(b)) => a == b.as_ref(),
            (ValueRef::Text(_), Stored::Text(_)) => !matches!(cell, Cell::Text(_)) && self.means(raw, cell),
            _ => false,
        }
    }

    /// Whether a whole number and a float can be the same value here.
    fn is_number(&self) -> bool {
        self.affinity.is_numeric() || matches!(self.data_type, DataType::Real { .. })
    }

    #[cold]
    fn means(&self, raw: ValueRef<'_>, cell: Cell<'_>) -> bool {
        raw_value(raw)
            .ok()
            .and_then(|value| key::read_as(value, &self.data_type))
            .is_some_and(|value| value == cell.to_value())
    }
}

fn owned(value: &impl ToString) -> Stored<'static> {
    Stored::Text(Cow::Owned(value.to_string()))
}

fn is_writable(at: Instant) -> bool {
    let common = |at: Timestamp| at.is_common();
    common(at.utc) && common(at.local()) && at.offset_minutes.abs() <= OFFSET_MAX_MINUTES
}

/// The float that names exactly this decimal.
#[allow(clippy::cast_precision_loss, reason = "below 2^53")]
fn float(decimal: Decimal) -> Option<f64> {
    let digits = decimal.unscaled();
    if digits.unsigned_abs() < FLOAT_DIGITS_LIMIT && decimal.scale() <= FLOAT_SHIFT_MAX {
        return Some(digits as f64 / 10_f64.powi(i32::from(decimal.scale())));
    }
    decimal.to_f64()
}

/// Whether affinity would turn the text into a number: blanks around, sign, digits with a point, exponent; what stands
/// behind a NUL counts for nothing.
fn looks_like_number(text: &str) -> bool {
    let text = text.split('\0').next().unwrap_or_default();
    let bare = text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    let unsigned = |text| -> &str { str::strip_prefix(text, ['-', '+']).unwrap_or(text) };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = bare.split_once(['e', 'E']).map_or((bare, None), |(m, e)| (m, Some(e)));
    let (whole, part) = unsigned(mantissa).split_once('.').unwrap_or((unsigned(mantissa), ""));
    let number = digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty());
    number && exponent.is_none_or(|exponent| !unsigned(exponent).is_empty() && digits(unsigned(exponent)))
}

/// A value of a key or condition as a parameter; affinity leaves it as it is.
pub(super) fn parameter(value: &Value, affinity: Affinity) -> Stored<'static> {
    match value {
        Value::Null => Stored::Null,
        Value::Bool(b) => Stored::Int(i64::from(*b)),
        Value::Int(n) => Stored::Int(*n),
        Value::Real(r) => Stored::Real(*r),
        Value::Bytes(bytes) => Stored::Blob(Cow::Owned(bytes.clone())),
        Value::Decimal(decimal) if affinity.is_numeric() => match (decimal.to_i64(), nearest(*decimal)) {
            (Some(whole), _) => Stored::Int(whole),
            (None, Some(float)) => Stored::Real(float),
            (None, None) => owned(decimal),
        },
        other => owned(other),
    }
}

fn nearest(decimal: Decimal) -> Option<f64> {
    float(decimal).or_else(|| decimal.to_string().parse().ok())
}

/// A component of a key as the parameter that [`KeyColumn::term`] is compared with.
pub(super) fn key_parameter(value: &Value, column: &KeyColumn) -> Stored<'static> {
    match column.order() {
        Order::Function(_) => parameter(value, Affinity::Text),
        Order::Plain | Order::Binary => parameter(value, column.affinity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Date, Time};

    fn encode(data_type: &DataType, native: &str, value: &Value) -> Result<Stored<'static>, Misfit> {
        Encoder::new(data_type, native, false).encode(Cell::from(value)).map(|stored| match stored {
            Stored::Text(text) => Stored::Text(Cow::Owned(text.into_owned())),
            Stored::Blob(bytes) => Stored::Blob(Cow::Owned(bytes.into_owned())),
            Stored::Null => Stored::Null,
            Stored::Int(n) => Stored::Int(n),
            Stored::Real(r) => Stored::Real(r),
        })
    }

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    #[test]
    fn decimals_take_the_form_that_their_column_keeps() {
        let small = DataType::Decimal(Some((15, 2)));
        assert_eq!(encode(&small, "DECIMAL(15,2)", &decimal("12.00")), Ok(Stored::Int(12)));
        assert_eq!(encode(&small, "DECIMAL(15,2)", &decimal("12.30")), Ok(Stored::Real(12.3)));
        let large = DataType::Decimal(Some((38, 4)));
        assert_eq!(encode(&large, "DECIMAL_TEXT(38,4)", &decimal("1.5")), Ok(Stored::Text("1.5000".into())));
        let long = decimal("12345678901234567.89");
        assert!(encode(&large, "NUMERIC(38,4)", &long).is_err(), "a float would round it");
    }

    #[test]
    fn what_would_change_is_refused() {
        for bad in [f64::NAN, -0.0] {
            assert!(encode(&DataType::REAL, "REAL", &Value::Real(bad)).is_err());
        }
        assert_eq!(encode(&DataType::REAL, "REAL_BLOB", &Value::Real(-0.0)), Ok(Stored::Real(-0.0)));
        assert_eq!(
            encode(&DataType::REAL, "REAL", &Value::Real(f64::INFINITY)),
            Ok(Stored::Real(f64::INFINITY))
        );
        assert!(encode(&DataType::Any, "STRING", &Value::Text("007".into())).is_err());
        assert!(encode(&DataType::Any, "STRING", &Value::Text(" 1e5 ".into())).is_err());
        assert!(encode(&DataType::Any, "STRING", &Value::Text("1e5x".into())).is_ok());
        assert!(encode(&DataType::TEXT, "VARCHAR(9)", &Value::Text("007".into())).is_ok());
        assert!(encode(&DataType::DATE, "DATE", &Value::Date(Date(i32::MAX))).is_err());
        assert!(encode(&DataType::Time { digits: 9 }, "TIME", &Value::Time(Time(NANOS_PER_DAY))).is_err());
    }

    #[test]
    fn a_value_in_another_form_is_the_same_value() {
        let at = Timestamp::parse("2026-01-31 09:00:00").unwrap();
        let encoder = Encoder::new(&DataType::TIMESTAMP, "DATETIME", false);
        let stored = encoder.encode(Cell::Timestamp(at)).unwrap();
        assert!(encoder.holds(ValueRef::Text(b"2026-01-31T09:00:00.000"), &stored, Cell::Timestamp(at)));
        assert!(!encoder.holds(ValueRef::Text(b"2026-01-31 09:00:01"), &stored, Cell::Timestamp(at)));
        let text = Encoder::new(&DataType::Any, "", false);
        assert!(!text.holds(ValueRef::Integer(1), &Stored::Text("1".into()), Cell::Text("1")));
    }

    /// SQLite itself says what its affinity makes of a text.
    #[test]
    fn texts_that_affinity_would_change_are_known() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.execute_batch("create table t (x numeric)").unwrap();
        let texts = [
            "0",
            "0\0",
            "12\0x",
            " 1 ",
            "-1.5",
            "+.5",
            "5.",
            ".",
            "-",
            "1e5",
            "1e",
            "1e+",
            "1e-2",
            "e5",
            "0x10",
            "1_000",
            "2026-01-31",
            "12-13",
            "1.2.3",
            "--1",
            "1 2",
            "",
            " ",
            "Infinity",
            "nan",
            "9223372036854775808",
            "\u{0}1",
            "1\u{a0}",
        ];
        for text in texts {
            connection.execute("delete from t", []).unwrap();
            connection.execute("insert into t values (?)", [text]).unwrap();
            let kept: String = connection.query_row("select typeof(x) from t", [], |row| row.get(0)).unwrap();
            let changed = kept != "text";
            assert!(looks_like_number(text) || !changed, "{text:?} becomes {kept}");
            assert!(changed || !looks_like_number(text) || text.contains('\0'), "{text:?} would be kept");
        }
    }
}
