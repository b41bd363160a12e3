//! PostgreSQL's types: what each holds, how it is carried, and which one holds a column of another database.

use model::{ColumnDef, DataType, Fraction, Generated, TextTraits, TextUnit};

use crate::Unfaithful;

/// How values of a type travel in binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric,
    Text,
    Bytes,
    Date,
    Time,
    Timestamp,
    Instant,
    Uuid,
    Json,
    Jsonb,
    Tid,
    /// By its text form, cast by the server.
    Other,
}

/// A type by its name in the catalogue, domains resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Native {
    pub(super) wire: Wire,
    pub(super) data_type: DataType,
    pub(super) class: Class,
}

/// What matters about a text type besides its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `text`, `varchar`: compared by collation. Also every type that is no text.
    Plain,
    /// `char(n)`.
    Padded,
    /// Compared in a way of its own (`citext`, enums, `name`); exact only when cast to text.
    Cast,
}

/// Years of PostgreSQL's own dates; includes the infinities.
const ALL_YEARS: (i32, i32) = (i32::MIN, i32::MAX);
/// Fraction digits of times.
const MICROS: u8 = 6;
/// What type modifiers of lengths and precisions are shifted by.
const HEADER: i32 = 4;
const VARCHAR_MAX: u32 = 10_485_760;

/// What the catalogue's type `name` with type modifier `modifier` is. `native` is its spelling.
pub(super) fn native(name: &str, modifier: i32, enumerated: bool, native: &str) -> Native {
    let class = match name {
        "bpchar" => Class::Padded,
        "citext" | "name" => Class::Cast,
        _ if enumerated => Class::Cast,
        _ => Class::Plain,
    };
    let (wire, data_type) =
        if enumerated { (Wire::Text, text(None, false)) } else { carried(name, modifier, native) };
    Native { wire, data_type, class }
}

fn carried(name: &str, modifier: i32, native: &str) -> (Wire, DataType) {
    let fraction = Fraction::Digits(digits(modifier));
    match name {
        "bool" => (Wire::Bool, DataType::Bool),
        "int2" => (Wire::Int2, DataType::INT16),
        "int4" => (Wire::Int4, DataType::INT32),
        "int8" => (Wire::Int8, DataType::INT64),
        "float4" => (Wire::Float4, DataType::Real { single: true, finite: false }),
        "float8" => (Wire::Float8, DataType::REAL),
        "numeric" => match numeric(modifier) {
            Some(limits) => (Wire::Numeric, DataType::Decimal(limits)),
            None => other(native),
        },
        "text" | "citext" | "name" => (Wire::Text, text(None, false)),
        "varchar" => (Wire::Text, text(u32::try_from(modifier - HEADER).ok(), false)),
        "bpchar" => (Wire::Text, text(u32::try_from(modifier - HEADER).ok(), true)),
        "bytea" => (Wire::Bytes, DataType::BYTES),
        "date" => (Wire::Date, DataType::Date { years: ALL_YEARS }),
        "time" => (Wire::Time, DataType::Time { digits: digits(modifier) }),
        "timestamp" => (Wire::Timestamp, DataType::Timestamp { fraction, years: ALL_YEARS }),
        "timestamptz" => {
            (Wire::Instant, DataType::Instant { fraction, years: ALL_YEARS, keeps_offset: false })
        }
        "uuid" => (Wire::Uuid, DataType::Uuid),
        "json" => (Wire::Json, DataType::Json),
        "jsonb" => (Wire::Jsonb, DataType::Json),
        _ => other(native),
    }
}

fn other(native: &str) -> (Wire, DataType) {
    (Wire::Other, DataType::Other { native: native.to_owned() })
}

fn text(max: Option<u32>, padded: bool) -> DataType {
    DataType::Text { max, unit: TextUnit::Chars, traits: TextTraits { nul: false, padded, code_page: 0 } }
}

fn digits(modifier: i32) -> u8 {
    u8::try_from(modifier).map_or(MICROS, |digits| digits.min(MICROS))
}

/// Precision and scale as far as 38 digits go; `None` for a negative scale, which rounds before the point.
fn numeric(modifier: i32) -> Option<Option<(u8, u8)>> {
    if modifier < HEADER {
        return Some(None);
    }
    let packed = modifier - HEADER;
    let precision = u8::try_from((packed >> 16) & 0xffff).unwrap_or(u8::MAX);
    // Eleven bits with a sign.
    let scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
    match u8::try_from(scale) {
        Ok(scale @ 0..=38) => Some(Some((precision.max(scale).min(38), scale))),
        // More digits after the point than any value that denk carries has.
        _ if scale > 0 => Some(None),
        _ => None,
    }
}

/// The column that PostgreSQL would make for `column`.
///
/// # Errors
/// [`Unfaithful`] for columns without a type and for types that only another database knows.
pub(super) fn faithful(column: &ColumnDef) -> Result<ColumnDef, Unfaithful> {
    let (name, modifier) = match own(column) {
        Some(known) => known,
        None => chosen(column)?,
    };
    let spelled = match name {
        // A type of PostgreSQL's own that denk carries as text keeps its spelling.
        Kept::Other => column.native.clone(),
        Kept::Type(name) => spell(name, modifier),
    };
    let data_type = match name {
        Kept::Other => column.data_type.clone(),
        Kept::Type(name) => native(name, modifier, false, &spelled).data_type,
    };
    Ok(ColumnDef { data_type, native: spelled, default: None, generated: Generated::No, ..column.clone() })
}

#[derive(Clone, Copy)]
enum Kept {
    Type(&'static str),
    Other,
}

/// Spelling in the manual, name in the catalogue.
const SPELLINGS: [(&str, &str); 18] = [
    ("boolean", "bool"),
    ("smallint", "int2"),
    ("integer", "int4"),
    ("bigint", "int8"),
    ("real", "float4"),
    ("double precision", "float8"),
    ("numeric", "numeric"),
    ("text", "text"),
    ("character varying", "varchar"),
    ("character", "bpchar"),
    ("bytea", "bytea"),
    ("date", "date"),
    ("time without time zone", "time"),
    ("timestamp without time zone", "timestamp"),
    ("timestamp with time zone", "timestamptz"),
    ("uuid", "uuid"),
    ("json", "json"),
    ("jsonb", "jsonb"),
];

/// Types that no other connector has under these names.
const OWN_OTHERS: [&str; 22] = [
    "interval",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "tsvector",
    "tsquery",
    "bit",
    "bit varying",
    "time with time zone",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "daterange",
];

/// The column's own type, when it comes from PostgreSQL and is built in.
fn own(column: &ColumnDef) -> Option<(Kept, i32)> {
    let (spelling, arguments) = split(&column.native);
    if let DataType::Other { .. } = &column.data_type {
        let element = spelling.strip_suffix("[]").unwrap_or(&spelling);
        let built_in = OWN_OTHERS.contains(&element)
            || (element != spelling && SPELLINGS.iter().any(|(known, _)| *known == element));
        return built_in.then_some((Kept::Other, -1));
    }
    let (_, name) = SPELLINGS.iter().find(|(known, _)| *known == spelling)?;
    let modifier = modifier(name, &arguments)?;
    let same = native(name, modifier, false, &column.native).data_type == column.data_type;
    same.then_some((Kept::Type(name), modifier))
}

/// `timestamp(3) without time zone` as `timestamp without time zone` and `[3]`.
fn split(native: &str) -> (String, Vec<i32>) {
    let Some((before, rest)) = native.split_once('(') else { return (native.to_owned(), Vec::new()) };
    let (inside, after) = rest.split_once(')').unwrap_or((rest, ""));
    let arguments = inside.split(',').filter_map(|argument| argument.trim().parse().ok()).collect();
    (format!("{before}{after}"), arguments)
}

fn modifier(name: &str, arguments: &[i32]) -> Option<i32> {
    Some(match (name, arguments) {
        (_, []) => -1,
        ("varchar" | "bpchar", [length]) => length + HEADER,
        ("numeric", [precision, scale]) => numeric_modifier(*precision, *scale),
        ("time" | "timestamp" | "timestamptz", [digits]) => *digits,
        _ => return None,
    })
}

const fn numeric_modifier(precision: i32, scale: i32) -> i32 {
    ((precision << 16) | (scale & 0x7ff)) + HEADER
}

fn spell(name: &str, modifier: i32) -> String {
    let spelling = SPELLINGS.iter().find(|(_, known)| *known == name).map_or(name, |(spelling, _)| *spelling);
    match name {
        _ if modifier < 0 => spelling.to_owned(),
        "varchar" | "bpchar" => format!("{spelling}({})", modifier - HEADER),
        "numeric" => {
            let packed = modifier - HEADER;
            format!("numeric({},{})", packed >> 16, ((packed & 0x7ff) ^ 0x400) - 0x400)
        }
        _ => match spelling.split_once(' ') {
            Some((first, rest)) => format!("{first}({modifier}) {rest}"),
            None => spelling.to_owned(),
        },
    }
}

/// The type that holds every value of a column of another database.
fn chosen(column: &ColumnDef) -> Result<(Kept, i32), Unfaithful> {
    let (name, modifier) = match &column.data_type {
        DataType::Bool => ("bool", -1),
        DataType::Int { min, max } => (whole_number(*min, *max), -1),
        DataType::Real { single: true, .. } => ("float4", -1),
        DataType::Real { single: false, .. } => ("float8", -1),
        DataType::Decimal(None) => ("numeric", -1),
        DataType::Decimal(Some((precision, scale))) => {
            ("numeric", numeric_modifier(i32::from(*precision), i32::from(*scale)))
        }
        // A limit in UTF-16 units or bytes admits at most that many characters.
        DataType::Text { max: Some(max @ 1..=VARCHAR_MAX), .. } => ("varchar", max.cast_signed() + HEADER),
        DataType::Text { .. } => ("text", -1),
        DataType::Bytes { .. } => ("bytea", -1),
        DataType::Date { .. } => ("date", -1),
        DataType::Time { .. } => ("time", -1),
        DataType::Timestamp { .. } => ("timestamp", -1),
        DataType::Instant { keeps_offset: true, .. } => {
            return Err(unfaithful(column, "PostgreSQL does not keep the offset that a time was written in"));
        }
        DataType::Instant { keeps_offset: false, .. } => ("timestamptz", -1),
        DataType::Uuid => ("uuid", -1),
        DataType::Json => ("json", -1),
        DataType::Any => return Err(unfaithful(column, "it declares no type, so it may hold anything")),
        DataType::Other { .. } => return Err(unfaithful(column, "only its own database knows this type")),
    };
    Ok((Kept::Type(name), modifier))
}

fn whole_number(min: i64, max: i64) -> &'static str {
    let within = |low: i64, high: i64| min >= low && max <= high;
    match () {
        () if within(i64::from(i16::MIN), i64::from(i16::MAX)) => "int2",
        () if within(i64::from(i32::MIN), i64::from(i32::MAX)) => "int4",
        () => "int8",
    }
}

fn unfaithful(column: &ColumnDef, reason: &str) -> Unfaithful {
    Unfaithful { column: column.name.clone(), native: column.native.clone(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(data_type: DataType, native: &str) -> (String, DataType) {
        let column = ColumnDef { native: native.into(), ..ColumnDef::new("c", data_type) };
        let made = faithful(&column).unwrap();
        (made.native, made.data_type)
    }

    fn spelled(data_type: DataType) -> String {
        made(data_type, "").0
    }

    #[test]
    fn types_of_other_databases_get_the_narrowest_type_that_holds_them() {
        assert_eq!(spelled(DataType::INT8_UNSIGNED), "smallint");
        assert_eq!(spelled(DataType::INT32), "integer");
        assert_eq!(spelled(DataType::INT64), "bigint");
        assert_eq!(spelled(DataType::Decimal(Some((38, 38)))), "numeric(38,38)");
        assert_eq!(spelled(DataType::Decimal(None)), "numeric");
        let nvarchar = DataType::Text { max: Some(50), unit: TextUnit::Utf16, traits: TextTraits::UNLIMITED };
        assert_eq!(spelled(nvarchar), "character varying(50)");
        assert_eq!(spelled(DataType::TEXT), "text");
        assert_eq!(spelled(DataType::Json), "json");
        let time = DataType::Time { digits: 7 };
        assert_eq!(made(time, "time(7)"), ("time without time zone".into(), DataType::Time { digits: 6 }));
    }

    #[test]
    fn postgres_types_stay_as_they_are_written() {
        let cases = [
            ("character(3)", "bpchar", 7),
            ("character varying(20)", "varchar", 24),
            ("numeric(18,4)", "numeric", numeric_modifier(18, 4)),
            ("timestamp(3) with time zone", "timestamptz", 3),
            ("time(0) without time zone", "time", 0),
            ("jsonb", "jsonb", -1),
        ];
        for (spelling, name, modifier) in cases {
            let data_type = native(name, modifier, false, spelling).data_type;
            assert_eq!(made(data_type.clone(), spelling), (spelling.to_owned(), data_type));
        }
        let interval = DataType::Other { native: "interval".into() };
        assert_eq!(made(interval.clone(), "interval"), ("interval".to_owned(), interval));
        let list = DataType::Other { native: "integer[]".into() };
        assert_eq!(made(list.clone(), "integer[]"), ("integer[]".to_owned(), list));
    }

    #[test]
    fn what_cannot_be_held_says_why() {
        for data_type in [DataType::Any, DataType::INSTANT, DataType::Other { native: "hierarchyid".into() }]
        {
            let column = ColumnDef { native: "hierarchyid".into(), ..ColumnDef::new("c", data_type) };
            assert!(faithful(&column).is_err());
        }
    }

    #[test]
    fn numeric_limits_never_admit_what_would_be_rounded() {
        assert_eq!(numeric(-1), Some(None));
        assert_eq!(numeric(numeric_modifier(50, 2)), Some(Some((38, 2))));
        assert_eq!(numeric(numeric_modifier(2, 4)), Some(Some((4, 4))));
        assert_eq!(numeric(numeric_modifier(1000, 600)), Some(None));
        assert_eq!(numeric(numeric_modifier(5, -2)), None);
    }
}
