//! SQL Server's types and what they hold.
//!
//! A type is written as the catalogue would (`nvarchar(50)`, `decimal(18,4)`); [`NativeType`] reads and writes that
//! form. Types that only SQL Server knows (xml, sql_variant, the CLR types) are [`DataType::Other`].

use std::fmt;

use model::{ColumnDef, DataType, Fraction, Generated, TextTraits, TextUnit};

use crate::Unfaithful;

/// What a type is called, without its length or precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    Decimal,
    Money,
    SmallMoney,
    Char,
    VarChar,
    Text,
    NChar,
    NVarChar,
    NText,
    Binary,
    VarBinary,
    Image,
    RowVersion,
    Date,
    Time,
    DateTime,
    SmallDateTime,
    DateTime2,
    DateTimeOffset,
    Uuid,
    Xml,
    Variant,
    /// geometry, geography.
    Spatial,
    /// hierarchyid, types of the user's own .NET code, and those that are newer than this program.
    Clr,
}

/// How long a text or byte string may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    /// Characters (`nchar`, `nvarchar`: UTF-16 units), else bytes.
    Units(u32),
    Max,
    /// The type has no length.
    None,
}

/// A type with its length, precision and scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NativeType {
    pub family: Family,
    pub length: Length,
    pub precision: u8,
    /// Digits after the point, or of a fraction of a second.
    pub scale: u8,
}

const NAMES: &[(&str, Family)] = &[
    ("bit", Family::Bit),
    ("tinyint", Family::TinyInt),
    ("smallint", Family::SmallInt),
    ("int", Family::Int),
    ("bigint", Family::BigInt),
    ("real", Family::Real),
    ("float", Family::Float),
    ("decimal", Family::Decimal),
    ("numeric", Family::Decimal),
    ("money", Family::Money),
    ("smallmoney", Family::SmallMoney),
    ("char", Family::Char),
    ("varchar", Family::VarChar),
    ("text", Family::Text),
    ("nchar", Family::NChar),
    ("nvarchar", Family::NVarChar),
    ("sysname", Family::NVarChar),
    ("ntext", Family::NText),
    ("binary", Family::Binary),
    ("varbinary", Family::VarBinary),
    ("image", Family::Image),
    ("rowversion", Family::RowVersion),
    ("timestamp", Family::RowVersion),
    ("date", Family::Date),
    ("time", Family::Time),
    ("datetime", Family::DateTime),
    ("smalldatetime", Family::SmallDateTime),
    ("datetime2", Family::DateTime2),
    ("datetimeoffset", Family::DateTimeOffset),
    ("uniqueidentifier", Family::Uuid),
    ("xml", Family::Xml),
    ("sql_variant", Family::Variant),
    ("geometry", Family::Spatial),
    ("geography", Family::Spatial),
];

/// Stands between a type and its collation.
pub(super) const COLLATE: &str = " collate ";
const COMMON_YEARS: (i32, i32) = (1, 9999);

impl Family {
    pub(super) fn named(name: &str) -> Self {
        NAMES.iter().find(|(known, _)| *known == name).map_or(Self::Clr, |(_, family)| *family)
    }

    fn name(self) -> &'static str {
        NAMES.iter().find(|(_, family)| *family == self).map_or("sql_variant", |(name, _)| *name)
    }

    /// One byte a character, in the code page of the column's collation.
    pub(super) const fn in_code_page(self) -> bool {
        matches!(self, Self::Char | Self::VarChar | Self::Text)
    }

    pub(super) const fn is_text(self) -> bool {
        self.in_code_page() || matches!(self, Self::NChar | Self::NVarChar | Self::NText)
    }

    pub(super) const fn is_bytes(self) -> bool {
        matches!(self, Self::Binary | Self::VarBinary | Self::Image | Self::RowVersion)
    }

    pub(super) const fn is_integer(self) -> bool {
        matches!(self, Self::TinyInt | Self::SmallInt | Self::Int | Self::BigInt)
    }

    /// Filled up with blanks by the server.
    pub(super) const fn is_padded(self) -> bool {
        matches!(self, Self::Char | Self::NChar)
    }

    /// A type that no other database has, or that the server cannot compare.
    pub(super) const fn is_other(self) -> bool {
        matches!(self, Self::Xml | Self::Variant | Self::Spatial | Self::Clr)
    }
}

impl NativeType {
    /// A type made of .NET code.
    pub(super) const CLR: Self = Self::plain(Family::Clr);

    /// Reads `nvarchar(50)`, `decimal(18,4)`, `varbinary(max)`, ...; `None` when it is no type of SQL Server.
    pub(super) fn parse(native: &str) -> Option<Self> {
        let native = native.split_once(COLLATE).map_or(native, |(native, _)| native);
        let (name, arguments) = match native.split_once('(') {
            Some((name, rest)) => (name.trim_end(), rest.strip_suffix(')')?),
            None => (native, ""),
        };
        let family = NAMES.iter().find(|(known, _)| *known == name)?.1;
        let mut numbers = arguments.split(',').map(str::trim);
        let first = numbers.next().unwrap_or_default();
        let second = numbers.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let plain = Self { family, length: Length::None, precision: 0, scale: 0 };
        Some(match family {
            Family::Decimal => Self { precision: first.parse().unwrap_or(18), scale: second, ..plain },
            Family::Time | Family::DateTime2 | Family::DateTimeOffset => {
                Self { scale: first.parse().unwrap_or(7), ..plain }
            }
            Family::Float if first.parse().is_ok_and(|bits: u8| bits <= 24) => {
                Self { family: Family::Real, ..plain }
            }
            _ if first == "max" => Self { length: Length::Max, ..plain },
            _ if has_length(family) => Self { length: Length::Units(first.parse().unwrap_or(1)), ..plain },
            _ => plain,
        })
    }

    /// From the columns of `sys.columns`; `max_length` is in bytes, -1 means max.
    pub(super) fn from_catalogue(name: &str, max_length: i16, precision: u8, scale: u8) -> Self {
        let family = Family::named(name);
        let length = match (has_length(family), u32::try_from(max_length)) {
            (false, _) => Length::None,
            (true, Err(_)) => Length::Max,
            (true, Ok(bytes)) if matches!(family, Family::NChar | Family::NVarChar) => {
                Length::Units(bytes / 2)
            }
            (true, Ok(bytes)) => Length::Units(bytes),
        };
        Self { family, length, precision, scale }
    }

    /// What a column of this type holds; `code_page` is that of its collation.
    pub(super) fn data_type(self, code_page: u16) -> DataType {
        match self.family {
            Family::Bit => DataType::Bool,
            Family::TinyInt => DataType::INT8_UNSIGNED,
            Family::SmallInt => DataType::INT16,
            Family::Int => DataType::INT32,
            Family::BigInt => DataType::INT64,
            Family::Real => DataType::Real { single: true, finite: true },
            Family::Float => DataType::Real { single: false, finite: true },
            Family::Decimal => DataType::Decimal(Some((self.precision, self.scale))),
            Family::Money => DataType::Decimal(Some((19, 4))),
            Family::SmallMoney => DataType::Decimal(Some((10, 4))),
            Family::Char | Family::VarChar | Family::Text => self.text(TextUnit::Bytes, code_page),
            Family::NChar | Family::NVarChar | Family::NText => self.text(TextUnit::Utf16, 0),
            Family::Binary | Family::VarBinary | Family::Image => DataType::Bytes { max: self.max() },
            Family::RowVersion => DataType::Bytes { max: Some(8) },
            Family::Date => DataType::Date { years: COMMON_YEARS },
            Family::Time => DataType::Time { digits: self.scale },
            Family::DateTime => DataType::Timestamp { fraction: Fraction::Tick300, years: (1753, 9999) },
            Family::SmallDateTime => DataType::Timestamp { fraction: Fraction::Minute, years: (1900, 2079) },
            Family::DateTime2 => {
                DataType::Timestamp { fraction: Fraction::Digits(self.scale), years: COMMON_YEARS }
            }
            Family::DateTimeOffset => DataType::Instant {
                fraction: Fraction::Digits(self.scale),
                years: COMMON_YEARS,
                keeps_offset: true,
            },
            Family::Uuid => DataType::Uuid,
            Family::Xml | Family::Variant | Family::Spatial | Family::Clr => {
                DataType::Other { native: self.to_string() }
            }
        }
    }

    /// The type with at most so many digits of a second.
    pub(super) fn no_finer_than(self, digits: u8) -> Self {
        match self.family {
            Family::Time | Family::DateTime2 | Family::DateTimeOffset => {
                Self { scale: self.scale.min(digits), ..self }
            }
            _ => self,
        }
    }

    fn text(self, unit: TextUnit, code_page: u16) -> DataType {
        let traits = TextTraits { nul: true, padded: self.family.is_padded(), code_page };
        DataType::Text { max: self.max(), unit, traits }
    }

    fn max(self) -> Option<u32> {
        match self.length {
            Length::Units(units) => Some(units),
            Length::Max | Length::None => None,
        }
    }

    pub(super) const fn plain(family: Family) -> Self {
        Self { family, length: Length::None, precision: 0, scale: 0 }
    }

    const fn with_scale(family: Family, scale: u8) -> Self {
        Self { scale, ..Self::plain(family) }
    }

    /// The type with a length of `units`, or without limit beyond `longest`.
    fn sized(family: Family, units: Option<u32>, longest: u32) -> Self {
        let length = match units {
            Some(units) if units <= longest => Length::Units(units.max(1)),
            _ => Length::Max,
        };
        Self { length, ..Self::plain(family) }
    }
}

const fn has_length(family: Family) -> bool {
    matches!(
        family,
        Family::Char
            | Family::VarChar
            | Family::NChar
            | Family::NVarChar
            | Family::Binary
            | Family::VarBinary
    )
}

/// As the catalogue writes it.
impl fmt::Display for NativeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family.name())?;
        match (self.family, self.length) {
            (_, Length::Units(units)) => write!(f, "({units})"),
            (_, Length::Max) => f.write_str("(max)"),
            (Family::Decimal, _) => write!(f, "({},{})", self.precision, self.scale),
            (Family::Time | Family::DateTime2 | Family::DateTimeOffset, _) => write!(f, "({})", self.scale),
            _ => Ok(()),
        }
    }
}

/// The column that SQL Server would make for `column` of any database.
///
/// A type of SQL Server's own is kept (of `varchar` with its collation, which decides its code page). Values that the
/// type cannot hold (NaN, the year 10000, more than 7 digits of a second) are refused one by one when they are read
/// for this column. `finest`: how many digits the server keeps.
pub(super) fn faithful(column: &ColumnDef, finest: u8) -> Result<ColumnDef, Unfaithful> {
    let made = |data_type, native| ColumnDef {
        name: column.name.clone(),
        data_type,
        native,
        nullable: column.nullable,
        default: None,
        generated: Generated::No,
    };
    let own = NativeType::parse(&column.native).filter(|own| keeps(*own, column));
    if let Some(own) = own.filter(|own| own.family.in_code_page()) {
        return Ok(made(own.data_type(code_page(&column.data_type)), column.native.clone()));
    }
    let native = own.map_or_else(|| equivalent(&column.data_type), Ok).map_err(|reason| Unfaithful {
        column: column.name.clone(),
        native: if column.native.is_empty() {
            column.data_type.code().to_owned()
        } else {
            column.native.clone()
        },
        reason: reason.to_owned(),
    })?;
    let native = native.no_finer_than(finest);
    Ok(made(native.data_type(0), native.to_string()))
}

fn keeps(own: NativeType, column: &ColumnDef) -> bool {
    let written = own.family != Family::RowVersion && !own.family.is_other();
    let collated = !own.family.in_code_page() || column.native.contains(COLLATE);
    written && collated && own.data_type(code_page(&column.data_type)) == column.data_type
}

fn code_page(data_type: &DataType) -> u16 {
    match data_type {
        DataType::Text { traits, .. } => traits.code_page,
        _ => 0,
    }
}

fn equivalent(data_type: &DataType) -> Result<NativeType, &'static str> {
    Ok(match data_type {
        DataType::Bool => NativeType::plain(Family::Bit),
        DataType::Int { min, max } => NativeType::plain(whole_number(*min, *max)),
        DataType::Real { single: true, .. } => NativeType::plain(Family::Real),
        DataType::Real { single: false, .. } => NativeType::plain(Family::Float),
        DataType::Decimal(Some((precision, scale))) if *precision.max(scale) <= 38 => {
            NativeType { precision: *precision.max(scale), ..NativeType::with_scale(Family::Decimal, *scale) }
        }
        DataType::Decimal(_) => {
            return Err("SQL Server's decimal needs a fixed number of digits after the point");
        }
        DataType::Text { max, unit, .. } => {
            NativeType::sized(Family::NVarChar, utf16_units(*max, *unit), 4000)
        }
        DataType::Json => NativeType::sized(Family::NVarChar, None, 4000),
        DataType::Bytes { max } => NativeType::sized(Family::VarBinary, *max, 8000),
        DataType::Date { .. } => NativeType::plain(Family::Date),
        DataType::Time { digits } => NativeType::with_scale(Family::Time, (*digits).min(7)),
        DataType::Timestamp { fraction, .. } => NativeType::with_scale(Family::DateTime2, digits(*fraction)),
        DataType::Instant { fraction, .. } => {
            NativeType::with_scale(Family::DateTimeOffset, digits(*fraction))
        }
        DataType::Uuid => NativeType::plain(Family::Uuid),
        DataType::Any => return Err("the column has no declared type: any value may stand in it"),
        DataType::Other { .. } => return Err("SQL Server has no type that holds every value of this one"),
    })
}

fn whole_number(min: i64, max: i64) -> Family {
    let within = |low: i64, high: i64| min >= low && max <= high;
    if within(0, 255) {
        Family::TinyInt
    } else if within(i16::MIN.into(), i16::MAX.into()) {
        Family::SmallInt
    } else if within(i32::MIN.into(), i32::MAX.into()) {
        Family::Int
    } else {
        Family::BigInt
    }
}

/// A character outside the basic plane needs two units.
fn utf16_units(max: Option<u32>, unit: TextUnit) -> Option<u32> {
    match unit {
        TextUnit::Chars => max?.checked_mul(2),
        TextUnit::Utf16 | TextUnit::Bytes => max,
    }
}

fn digits(fraction: Fraction) -> u8 {
    match fraction {
        Fraction::Digits(digits) => digits.min(7),
        Fraction::Tick300 => 3,
        Fraction::Minute => 0,
    }
}

/// The native type of `column` as it can stand in a key: an index holds 900 bytes, so what has no limit gets one, and
/// longer values are refused when they are read for this column.
pub(super) fn in_key(native: NativeType) -> NativeType {
    match (native.family, native.length) {
        (Family::NVarChar, Length::Max) => NativeType { length: Length::Units(450), ..native },
        (Family::VarBinary, Length::Max) => NativeType { length: Length::Units(900), ..native },
        _ => native,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(data_type: DataType) -> String {
        faithful(&ColumnDef::new("c", data_type), 7)
            .map_or_else(|refused| refused.reason, |column| column.native)
    }

    #[test]
    fn a_type_reads_as_it_is_written() {
        for (native, _) in
            NAMES.iter().filter(|(name, _)| !["numeric", "sysname", "timestamp", "geography"].contains(name))
        {
            let arguments: &[&str] = match Family::named(native) {
                Family::Decimal => &["(38,38)", "(18,4)"],
                Family::Time | Family::DateTime2 | Family::DateTimeOffset => &["(0)", "(7)"],
                family if has_length(family) => &["(1)", "(4000)", "(max)"],
                _ => &[""],
            };
            for argument in arguments {
                let written = [*native, argument].concat();
                assert_eq!(NativeType::parse(&written).unwrap().to_string(), written);
            }
        }
        assert_eq!(NativeType::parse("float(24)").unwrap().family, Family::Real);
        assert_eq!(NativeType::parse("character varying(10)"), None);
    }

    #[test]
    fn lengths_of_the_catalogue_are_bytes() {
        assert_eq!(NativeType::from_catalogue("nvarchar", 100, 0, 0).to_string(), "nvarchar(50)");
        assert_eq!(NativeType::from_catalogue("nvarchar", -1, 0, 0).to_string(), "nvarchar(max)");
        assert_eq!(NativeType::from_catalogue("varchar", 25, 0, 0).to_string(), "varchar(25)");
        assert_eq!(NativeType::from_catalogue("datetime2", 8, 27, 7).to_string(), "datetime2(7)");
    }

    #[test]
    fn every_type_gets_the_narrowest_that_holds_it() {
        let text = |max, unit| DataType::Text { max, unit, traits: TextTraits::UNLIMITED };
        assert_eq!(made(text(Some(50), TextUnit::Utf16)), "nvarchar(50)");
        assert_eq!(made(text(Some(50), TextUnit::Chars)), "nvarchar(100)");
        assert_eq!(made(text(Some(2001), TextUnit::Chars)), "nvarchar(max)");
        assert_eq!(made(DataType::TEXT), "nvarchar(max)");
        assert_eq!(made(DataType::Json), "nvarchar(max)");
        assert_eq!(made(DataType::INT16), "smallint");
        assert_eq!(made(DataType::Int { min: 0, max: 200 }), "tinyint");
        assert_eq!(made(DataType::Decimal(Some((3, 5)))), "decimal(5,5)");
        assert_eq!(made(DataType::Bytes { max: Some(8001) }), "varbinary(max)");
        assert_eq!(made(DataType::TIMESTAMP), "datetime2(7)");
        assert_eq!(
            made(DataType::Timestamp { fraction: Fraction::Minute, years: (1900, 2079) }),
            "datetime2(0)"
        );
        assert!(made(DataType::Decimal(None)).contains("fixed number"));
        assert!(made(DataType::Any).contains("no declared type"));
    }

    #[test]
    fn a_type_of_its_own_is_kept_if_its_code_page_is_known() {
        for native in
            ["money", "datetime", "smalldatetime", "nchar(10)", "datetimeoffset(3)", "uniqueidentifier"]
        {
            let own = NativeType::parse(native).unwrap();
            let column = ColumnDef { native: native.into(), ..ColumnDef::new("c", own.data_type(0)) };
            let kept = faithful(&column, 7).unwrap().native;
            assert_eq!(kept, native);
        }
        let varchar = NativeType::parse("varchar(30)").unwrap();
        let column =
            ColumnDef { native: "varchar(30)".into(), ..ColumnDef::new("c", varchar.data_type(1254)) };
        assert_eq!(faithful(&column, 7).unwrap().native, "nvarchar(30)");
        let foreign = ColumnDef { native: "text".into(), ..ColumnDef::new("c", DataType::TEXT) };
        assert_eq!(faithful(&foreign, 7).unwrap().native, "nvarchar(max)");
    }
}
