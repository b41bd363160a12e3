//! From denk's values to the driver's, exactly or not at all.
//!
//! The driver would round a time, cut a decimal and refuse a text in the middle of a bulk load; so everything is
//! checked here before the first row is sent.

use std::borrow::Cow;

use model::{Cell, Decimal, Fraction, Misfit, Timestamp};
use tiberius::{ColumnData, numeric::Numeric, time};

use super::{
    decode::{YEAR_1, YEAR_1900},
    types::{Family, Length, NativeType},
};

/// A column of a bulk load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub native: NativeType,
    /// Of the column's collation.
    pub code_page: u16,
}

type Sent<'a> = Result<ColumnData<'a>, Misfit>;

/// The cell as the bulk load of `target` takes it.
pub(super) fn encode<'a>(cell: Cell<'a>, target: Target) -> Sent<'a> {
    match cell {
        Cell::Null => Ok(null(target.native.family)),
        Cell::Bool(b) if target.native.family == Family::Bit => Ok(ColumnData::Bit(Some(b))),
        Cell::Int(n) => whole_number(n, target.native.family),
        Cell::Real(r) => real(r, target.native.family),
        Cell::Decimal(d) if target.native.family == Family::NVarChar => {
            Ok(ColumnData::String(Some(d.to_string().into())))
        }
        Cell::Decimal(d) => decimal(d, target.native),
        Cell::Text(text) | Cell::Json(text) => self::text(text, target),
        Cell::Bytes(bytes) if target.native.family.is_bytes() => self::bytes(bytes, target.native),
        Cell::Date(date) if target.native.family == Family::Date => {
            Ok(ColumnData::Date(Some(day(Timestamp::new(date, model::Time(0)))?)))
        }
        Cell::Time(at) if target.native.family == Family::Time => time_of_day(at, target.native.scale),
        Cell::Time(at) if target.native.family == Family::NVarChar => {
            Ok(ColumnData::String(Some(at.to_string().into())))
        }
        Cell::Timestamp(at) => timestamp(at, target.native),
        Cell::Instant(at) if target.native.family == Family::DateTimeOffset => {
            let utc = datetime2(at.utc, target.native.scale)?;
            Ok(ColumnData::DateTimeOffset(Some(time::DateTimeOffset::new(utc, at.offset_minutes))))
        }
        Cell::Uuid(uuid) if target.native.family == Family::Uuid => Ok(ColumnData::Guid(Some(uuid))),
        other => Err(wrong(other, "value of the column's type")),
    }
}

fn wrong(cell: Cell<'_>, wanted: &'static str) -> Misfit {
    Misfit::NotA { value: cell.to_value().to_string().chars().take(60).collect(), wanted }
}

/// A NULL of the kind that the driver expects for the column.
fn null(family: Family) -> ColumnData<'static> {
    match family {
        Family::Bit => ColumnData::Bit(None),
        Family::TinyInt => ColumnData::U8(None),
        Family::SmallInt => ColumnData::I16(None),
        Family::Int => ColumnData::I32(None),
        Family::BigInt => ColumnData::I64(None),
        Family::Real => ColumnData::F32(None),
        Family::Float => ColumnData::F64(None),
        Family::Decimal | Family::Money | Family::SmallMoney => ColumnData::Numeric(None),
        Family::Binary | Family::VarBinary | Family::Image | Family::RowVersion => ColumnData::Binary(None),
        Family::Date => ColumnData::Date(None),
        Family::Time => ColumnData::Time(None),
        Family::DateTime => ColumnData::DateTime(None),
        Family::SmallDateTime => ColumnData::SmallDateTime(None),
        Family::DateTime2 => ColumnData::DateTime2(None),
        Family::DateTimeOffset => ColumnData::DateTimeOffset(None),
        Family::Uuid => ColumnData::Guid(None),
        _ => ColumnData::String(None),
    }
}

fn whole_number(n: i64, family: Family) -> Sent<'static> {
    let out = || Misfit::OutOfRange { value: n.to_string() };
    Ok(match family {
        Family::TinyInt => ColumnData::U8(Some(u8::try_from(n).map_err(|_| out())?)),
        Family::SmallInt => ColumnData::I16(Some(i16::try_from(n).map_err(|_| out())?)),
        Family::Int => ColumnData::I32(Some(i32::try_from(n).map_err(|_| out())?)),
        Family::BigInt => ColumnData::I64(Some(n)),
        _ => return Err(wrong(Cell::Int(n), "value of the column's type")),
    })
}

#[allow(clippy::cast_possible_truncation)]
fn real(r: f64, family: Family) -> Sent<'static> {
    if !r.is_finite() {
        return Err(Misfit::OutOfRange { value: r.to_string() });
    }
    match family {
        Family::Float => Ok(ColumnData::F64(Some(r))),
        Family::Real if f64::from(r as f32) == r => Ok(ColumnData::F32(Some(r as f32))),
        Family::Real => Err(Misfit::TooPrecise { value: r.to_string() }),
        _ => Err(wrong(Cell::Real(r), "value of the column's type")),
    }
}

fn decimal(d: Decimal, native: NativeType) -> Sent<'static> {
    let (limit, scale) = match native.family {
        Family::Decimal => (10_i128.pow(u32::from(native.precision)) - 1, native.scale),
        Family::Money => (i64::MAX.into(), 4),
        Family::SmallMoney => (i32::MAX.into(), 4),
        _ => return Err(wrong(Cell::Decimal(d), "value of the column's type")),
    };
    let scaled = d.rescale(scale).ok_or_else(|| Misfit::TooPrecise { value: d.to_string() })?;
    // Money reaches one unit further down than up.
    let lowest = if native.family == Family::Decimal { -limit } else { -limit - 1 };
    if scaled.unscaled() > limit || scaled.unscaled() < lowest {
        return Err(Misfit::OutOfRange { value: d.to_string() });
    }
    Ok(ColumnData::Numeric(Some(Numeric::new_with_scale(scaled.unscaled(), scale))))
}

fn text<'a>(text: &'a str, target: Target) -> Sent<'a> {
    let family = target.native.family;
    let length = match family {
        Family::Xml => 0,
        _ if family.in_code_page() => bytes_in(text, target.code_page)?,
        _ if family.is_text() && text.is_ascii() => text.len(),
        _ if family.is_text() => text.encode_utf16().count(),
        _ => return Err(wrong(Cell::Text(text), "value of the column's type")),
    };
    match target.native.length {
        Length::Units(max) if length > max as usize => Err(Misfit::TooLong { length, max }),
        _ => Ok(ColumnData::String(Some(Cow::Borrowed(text)))),
    }
}

/// Length of `text` in a code page; the error names the first letter that it does not have.
fn bytes_in(text: &str, code_page: u16) -> Result<usize, Misfit> {
    if text.is_ascii() {
        return Ok(text.len());
    }
    let encoding = encoding(code_page);
    let known = |c: char| {
        c.is_ascii() || encoding.is_some_and(|encoding| !encoding.encode(c.encode_utf8(&mut [0; 4])).2)
    };
    match encoding.map(|encoding| encoding.encode(text)) {
        Some((bytes, _, false)) => Ok(bytes.len()),
        _ => Err(Misfit::Character { code: text.chars().find(|c| !known(*c)).unwrap_or('\u{fffd}').into() }),
    }
}

/// The encoding that the driver uses for a collation with this code page; of others it knows ASCII only.
fn encoding(code_page: u16) -> Option<&'static encoding_rs::Encoding> {
    Some(match code_page {
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1252 => encoding_rs::WINDOWS_1252,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        65001 => encoding_rs::UTF_8,
        _ => return None,
    })
}

fn bytes(bytes: &[u8], native: NativeType) -> Sent<'_> {
    match native.length {
        Length::Units(max) if bytes.len() > max as usize => Err(Misfit::TooLong { length: bytes.len(), max }),
        _ => Ok(ColumnData::Binary(Some(Cow::Borrowed(bytes)))),
    }
}

/// Days since 0001-01-01 within the years that SQL Server knows.
fn day(at: Timestamp) -> Result<time::Date, Misfit> {
    let date = at.split().0;
    let days = date.is_common().then(|| u32::try_from(date.0 - YEAR_1).ok()).flatten();
    days.map(time::Date::new).ok_or_else(|| Misfit::OutOfRange { value: date.to_string() })
}

/// A time of day in units of `10^-scale` seconds.
fn units(at: model::Time, scale: u8) -> Result<time::Time, Misfit> {
    const DAY: i64 = 86_400_000_000_000;
    let unit = 10_i64.pow(9 - u32::from(scale.min(7)));
    if !(0..DAY).contains(&at.0) {
        return Err(Misfit::OutOfRange { value: at.to_string() });
    }
    if at.0 % unit != 0 {
        return Err(Misfit::TooPrecise { value: at.to_string() });
    }
    Ok(time::Time::new((at.0 / unit).cast_unsigned(), scale))
}

fn time_of_day(at: model::Time, scale: u8) -> Sent<'static> {
    Ok(ColumnData::Time(Some(units(at, scale)?)))
}

fn datetime2(at: Timestamp, scale: u8) -> Result<time::DateTime2, Misfit> {
    Ok(time::DateTime2::new(day(at)?, units(at.split().1, scale)?))
}

fn timestamp(at: Timestamp, native: NativeType) -> Sent<'static> {
    match native.family {
        Family::DateTime2 => Ok(ColumnData::DateTime2(Some(datetime2(at, native.scale)?))),
        Family::DateTime => {
            let (date, of_day) = at.split();
            if !(1753..=9999).contains(&date.civil().0) {
                return Err(Misfit::OutOfRange { value: at.to_string() });
            }
            if !Fraction::Tick300.holds(at) {
                return Err(Misfit::TooPrecise { value: at.to_string() });
            }
            // .003 and .007 stand for 1/300 and 2/300.
            let ticks = (of_day.0 / 1_000_000 * 3 + 5) / 10;
            Ok(ColumnData::DateTime(Some(time::DateTime::new(
                date.0 - YEAR_1900,
                u32::try_from(ticks).unwrap_or(0),
            ))))
        }
        Family::SmallDateTime => {
            let (date, of_day) = at.split();
            let days = u16::try_from(date.0 - YEAR_1900)
                .map_err(|_| Misfit::OutOfRange { value: at.to_string() })?;
            if !Fraction::Minute.holds(at) {
                return Err(Misfit::TooPrecise { value: at.to_string() });
            }
            let minutes = u16::try_from(of_day.0 / 60_000_000_000).unwrap_or(0);
            Ok(ColumnData::SmallDateTime(Some(time::SmallDateTime::new(days, minutes))))
        }
        _ => Err(wrong(Cell::Timestamp(at), "value of the column's type")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mssql::decode;
    use model::Value;
    use proptest::prelude::*;

    fn target(native: &str, code_page: u16) -> Target {
        Target { native: NativeType::parse(native).unwrap(), code_page }
    }

    /// What comes back when a value is sent and read again.
    fn round(value: &Value, native: &str) -> Result<Value, Misfit> {
        let sent = encode(Cell::from(value), target(native, 1254))?;
        Ok(match sent {
            ColumnData::String(text) => text.map_or(Value::Null, |text| Value::Text(text.into_owned())),
            ColumnData::Binary(bytes) => bytes.map_or(Value::Null, |bytes| Value::Bytes(bytes.into_owned())),
            ColumnData::DateTime(at) => decode::value(&ColumnData::DateTime(at)),
            ColumnData::DateTime2(at) => decode::value(&ColumnData::DateTime2(at)),
            ColumnData::SmallDateTime(at) => decode::value(&ColumnData::SmallDateTime(at)),
            ColumnData::Date(at) => decode::value(&ColumnData::Date(at)),
            ColumnData::Numeric(n) => decode::value(&ColumnData::Numeric(n)),
            other => panic!("{other:?}"),
        })
    }

    fn timestamp(text: &str) -> Value {
        Value::Timestamp(Timestamp::parse(text).unwrap())
    }

    #[test]
    fn the_ends_of_each_type_survive() {
        for (value, native) in [
            (timestamp("1753-01-01 00:00:00"), "datetime"),
            (timestamp("9999-12-31 23:59:59.997"), "datetime"),
            (timestamp("1900-01-01 00:00:00"), "smalldatetime"),
            (timestamp("2079-06-06 23:59:00"), "smalldatetime"),
            (timestamp("0001-01-01 00:00:00"), "datetime2(7)"),
            (timestamp("9999-12-31 23:59:59.9999999"), "datetime2(7)"),
            (Value::Decimal("-99999999999999999999999999999999999999".parse().unwrap()), "decimal(38,0)"),
            (Value::Decimal("0.99999999999999999999999999999999999999".parse().unwrap()), "decimal(38,38)"),
            (Value::Decimal("-922337203685477.5808".parse().unwrap()), "money"),
            (Value::Text("ığüşöçİĞÜŞÖÇI€".into()), "varchar(14)"),
        ] {
            assert_eq!(round(&value, native), Ok(value));
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let told = |value, native| round(&value, native).unwrap_err().to_string();
        assert!(told(timestamp("1752-12-31 00:00:00"), "datetime").contains("range"));
        assert!(told(timestamp("2026-01-01 00:00:00.001"), "datetime").contains("digits"));
        assert!(told(timestamp("2026-01-01 00:00:00.12"), "datetime2(1)").contains("digits"));
        assert!(told(timestamp("2026-01-01 00:00:01"), "smalldatetime").contains("digits"));
        assert!(told(timestamp("2079-06-07 00:00:00"), "smalldatetime").contains("range"));
        assert!(told(Value::Decimal("922337203685477.5808".parse().unwrap()), "money").contains("range"));
        assert!(told(Value::Decimal("0.00001".parse().unwrap()), "money").contains("digits"));
        assert!(told(Value::Text("şş".into()), "nvarchar(1)").contains("holds 1"));
        assert!(told(Value::Text("日".into()), "varchar(10)").contains("U+65E5"));
        assert!(told(Value::Int(256), "tinyint").contains("range"));
        assert!(told(Value::Real(f64::NAN), "float").contains("range"));
        assert!(told(Value::Real(0.1), "real").contains("digits"));
        assert!(told(Value::Time(model::Time(86_400_000_000_000)), "time(7)").contains("range"));
        assert!(told(Value::Text("1".into()), "int").contains("not a"));
    }

    #[test]
    fn turkish_letters_need_the_turkish_code_page() {
        assert_eq!(bytes_in("ış", 1254), Ok(2));
        assert_eq!(bytes_in("ış", 1252), Err(Misfit::Character { code: 'ı'.into() }));
        assert_eq!(bytes_in("ış", 65001), Ok(4));
        assert_eq!(
            bytes_in("é", 437),
            Err(Misfit::Character { code: 'é'.into() }),
            "a page that nobody maps"
        );
        assert_eq!(bytes_in("abc", 437), Ok(3));
    }

    proptest! {
        #[test]
        fn every_tick_of_datetime_survives(days in -53_690..=2_958_463, ticks in 0_u32..25_920_000) {
            let at = decode::value(&ColumnData::DateTime(Some(time::DateTime::new(days, ticks))));
            prop_assert_eq!(round(&at, "datetime"), Ok(at));
        }

        #[test]
        fn every_decimal_survives(unscaled in -(10_i128.pow(38) - 1)..10_i128.pow(38), scale in 0_u8..=38) {
            let value = Value::Decimal(Decimal::new(unscaled, scale).unwrap());
            prop_assert_eq!(round(&value, &format!("decimal(38,{scale})")), Ok(value));
        }
    }
}
