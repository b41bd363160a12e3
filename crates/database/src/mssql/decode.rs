//! From the driver's values to denk's, exactly.

use model::{
    Cell, Coercion, Column, DataType, Date, Decimal, Fraction, Instant, Misfit, Time, Timestamp, Uuid, Value,
    coerce,
};
use tiberius::{ColumnData, time};

/// 0001-01-01, from which SQL Server counts, in days since 2000-01-01.
pub(super) const YEAR_1: i32 = -730_119;
/// 1900-01-01, from which `datetime` counts.
pub(super) const YEAR_1900: i32 = -36_524;

/// A value as it came, borrowed. Money never comes here (it is read as decimal), nor XML (read as text).
pub(super) fn cell<'a>(data: &'a ColumnData<'static>) -> Cell<'a> {
    known(data).unwrap_or(Cell::Null)
}

pub(super) fn value(data: &ColumnData<'static>) -> Value {
    cell(data).to_value()
}

fn known<'a>(data: &'a ColumnData<'static>) -> Option<Cell<'a>> {
    Some(match data {
        ColumnData::U8(n) => Cell::Int((*n)?.into()),
        ColumnData::I16(n) => Cell::Int((*n)?.into()),
        ColumnData::I32(n) => Cell::Int((*n)?.into()),
        ColumnData::I64(n) => Cell::Int((*n)?),
        ColumnData::F32(r) => Cell::Real((*r)?.into()),
        ColumnData::F64(r) => Cell::Real((*r)?),
        ColumnData::Bit(b) => Cell::Bool((*b)?),
        ColumnData::String(text) => Cell::Text(text.as_deref()?),
        ColumnData::Xml(xml) => Cell::Text(xml.as_deref()?.as_ref()),
        ColumnData::Binary(bytes) => Cell::Bytes(bytes.as_deref()?),
        ColumnData::Guid(uuid) => Cell::Uuid(Uuid::from_bytes(*(*uuid)?.as_bytes())),
        ColumnData::Numeric(n) => {
            let n = (*n)?;
            Cell::Decimal(
                Decimal::new(n.value(), n.scale()).expect("SQL Server's decimals have at most 38 digits"),
            )
        }
        ColumnData::Date(at) => Cell::Date(date((*at)?)),
        ColumnData::Time(at) => Cell::Time(time_of_day((*at)?)),
        ColumnData::DateTime2(at) => Cell::Timestamp(timestamp((*at)?)),
        ColumnData::DateTime(at) => Cell::Timestamp(ticks((*at)?.days(), (*at)?.seconds_fragments())),
        ColumnData::SmallDateTime(at) => {
            let minutes = i64::from((*at)?.seconds_fragments());
            Cell::Timestamp(Timestamp::new(
                Date(YEAR_1900 + i32::from((*at)?.days())),
                Time(minutes * 60_000_000_000),
            ))
        }
        ColumnData::DateTimeOffset(at) => {
            let at = (*at)?;
            Cell::Instant(Instant { utc: timestamp(at.datetime2()), offset_minutes: at.offset() })
        }
    })
}

fn date(at: time::Date) -> Date {
    Date(YEAR_1 + i32::try_from(at.days()).unwrap_or(i32::MAX / 2))
}

fn time_of_day(at: time::Time) -> Time {
    let nanos = at.increments().saturating_mul(10_u64.pow(9 - u32::from(at.scale().min(9))));
    Time(i64::try_from(nanos).unwrap_or(i64::MAX))
}

fn timestamp(at: time::DateTime2) -> Timestamp {
    Timestamp::new(date(at.date()), time_of_day(at.time()))
}

/// `datetime` counts three-hundredths of a second and shows them as .000, .003, .007.
fn ticks(days: i32, ticks: u32) -> Timestamp {
    let milliseconds = (i64::from(ticks) * 10 + 1) / 3;
    Timestamp::new(Date(YEAR_1900 + days), Time(milliseconds * 1_000_000))
}

/// Appends `cell` to `column` as `wanted` holds it; on an error nothing is appended.
pub(super) fn push(
    column: &mut Column,
    cell: Cell<'_>,
    wanted: &DataType,
    rules: Coercion<'_>,
) -> Result<(), Misfit> {
    if fits(cell, wanted) {
        column.push(cell);
    } else {
        column.push_value(&coerce(cell.to_value(), wanted, rules)?);
    }
    Ok(())
}

/// Whether `wanted` surely holds the cell as it is: the common cases, decided without a copy.
fn fits(cell: Cell<'_>, wanted: &DataType) -> bool {
    match (cell, wanted) {
        (Cell::Null, _) | (Cell::Bool(_), DataType::Bool) | (Cell::Uuid(_), DataType::Uuid) => true,
        (Cell::Int(n), DataType::Int { min, max }) => (*min..=*max).contains(&n),
        (Cell::Real(_), DataType::Real { single: false, .. }) => true,
        (Cell::Text(text), DataType::Text { max, traits, .. }) => {
            !traits.padded
                && (traits.nul || !text.as_bytes().contains(&0))
                && max.is_none_or(|max| text.len() <= max as usize)
        }
        (Cell::Bytes(bytes), DataType::Bytes { max }) => max.is_none_or(|max| bytes.len() <= max as usize),
        (Cell::Decimal(_), DataType::Decimal(None)) => true,
        (Cell::Decimal(d), DataType::Decimal(Some((precision, scale)))) => {
            d.scale() == *scale && d.unscaled().unsigned_abs() < 10_u128.pow(u32::from(*precision))
        }
        (Cell::Date(_), DataType::Date { years }) => everywhere(*years),
        (Cell::Timestamp(_), DataType::Timestamp { fraction: Fraction::Digits(7..), years }) => {
            everywhere(*years)
        }
        _ => false,
    }
}

/// Whether the years hold every day that SQL Server knows.
const fn everywhere(years: (i32, i32)) -> bool {
    years.0 <= 1 && years.1 >= 9999
}

/// The text of UTF-16 code units in little-endian order; `None` when a surrogate stands alone.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    String::from_utf16(&units).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_the_year_1_and_from_1900() {
        assert_eq!(Date(YEAR_1).to_string(), "0001-01-01");
        assert_eq!(Date(YEAR_1900).to_string(), "1900-01-01");
        assert_eq!(value(&ColumnData::Date(Some(time::Date::new(3_652_058)))).to_string(), "9999-12-31");
        assert_eq!(
            value(&ColumnData::DateTime(Some(time::DateTime::new(-53_690, 1)))).to_string(),
            "1753-01-01 00:00:00.003"
        );
        assert_eq!(
            value(&ColumnData::DateTime(Some(time::DateTime::new(2_958_463, 25_919_999)))).to_string(),
            "9999-12-31 23:59:59.997"
        );
        assert_eq!(
            value(&ColumnData::SmallDateTime(Some(time::SmallDateTime::new(65_535, 1439)))).to_string(),
            "2079-06-06 23:59:00"
        );
    }

    #[test]
    fn an_instant_keeps_its_offset() {
        let utc = time::DateTime2::new(time::Date::new(737_424), time::Time::new(123, 7));
        let instant = value(&ColumnData::DateTimeOffset(Some(time::DateTimeOffset::new(utc, 180))));
        assert_eq!(instant.to_string(), "2020-01-01 03:00:00.0000123+03:00");
    }

    #[test]
    fn nulls_of_every_kind_are_null() {
        for null in [
            ColumnData::I32(None),
            ColumnData::String(None),
            ColumnData::Numeric(None),
            ColumnData::DateTime2(None),
        ] {
            assert_eq!(value(&null), Value::Null);
        }
    }

    #[test]
    fn the_fast_way_never_takes_what_does_not_fit() {
        let short = DataType::Text {
            max: Some(3),
            unit: model::TextUnit::Utf16,
            traits: model::TextTraits::UNLIMITED,
        };
        assert!(fits(Cell::Text("abc"), &short));
        assert!(!fits(Cell::Text("şşş"), &short), "left to the exact way, which counts letters");
        assert!(!fits(Cell::Int(256), &DataType::INT8_UNSIGNED));
        assert!(!fits(Cell::Decimal("1.5".parse().unwrap()), &DataType::Decimal(Some((4, 2)))));
    }

    #[test]
    fn a_lone_surrogate_is_no_text() {
        assert_eq!(utf16(&[0x31, 0x01]).as_deref(), Some("ı"));
        assert_eq!(utf16(&[0x00, 0xd8]), None);
    }
}
