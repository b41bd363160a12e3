//! Declared types and what their columns hold.
//!
//! `SQLite` enforces no type: a declared name only gives the column an *affinity*, by which values are converted when
//! they are stored. So a name is read twice: as its author meant it ([`data_type`]) and as `SQLite` takes it
//! ([`Affinity::of`]). **Source**: <https://www.sqlite.org/datatype3.html>.

use model::{ColumnDef, DataType, Fraction, Generated, TextUnit};

use crate::Unfaithful;

/// How `SQLite` converts what is stored in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affinity {
    Text,
    Numeric,
    Integer,
    Real,
    /// Nothing is converted.
    Blob,
}

impl Affinity {
    /// The rules of datatype3.html 3.1, in their order.
    pub(super) fn of(native: &str) -> Self {
        let name = native.to_ascii_uppercase();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if has(&["INT"]) {
            Self::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if name.is_empty() || has(&["BLOB"]) {
            Self::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    /// Whether texts that look like numbers are turned into numbers.
    pub(super) const fn is_numeric(self) -> bool {
        matches!(self, Self::Numeric | Self::Integer | Self::Real)
    }
}

/// What a column of this declared type is meant to hold. Unknown names hold anything.
pub(super) fn data_type(native: &str) -> DataType {
    let name = native.to_ascii_uppercase();
    let base = without_lengths(&name);
    let has = |parts: &[&str]| parts.iter().any(|part| base.contains(part));
    let word = |is: fn(&str) -> bool| base.split_whitespace().any(is);
    if has(&["DECIMAL", "NUMERIC", "NUMBER", "MONEY"]) {
        DataType::Decimal(precision(&name))
    } else if has(&["JSON"]) {
        textual(DataType::Json, native)
    } else if has(&["DATETIMEOFFSET"]) {
        DataType::INSTANT
    } else if has(&["TIMESTAMPTZ"]) || has(&["TIMESTAMP"]) && has(&["WITH TIME ZONE"]) {
        // As in standard SQL: a point in time, whatever zone it was written in.
        DataType::Instant { fraction: Fraction::Digits(9), years: (1, 9999), keeps_offset: false }
    } else if has(&["DATETIME", "TIMESTAMP"]) {
        DataType::TIMESTAMP
    } else if word(|w| w == "DATE") {
        DataType::DATE
    } else if word(|w| w == "TIME") && !has(&["WITH TIME ZONE"]) {
        DataType::Time { digits: 9 }
    } else if has(&["UUID", "GUID", "UNIQUEIDENTIFIER"]) {
        DataType::Uuid
    } else if word(|w| w == "BIT" || w.starts_with("BOOL")) {
        DataType::Bool
    } else if word(is_integer) {
        DataType::INT64
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        textual(DataType::TEXT, native)
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        DataType::REAL
    } else if has(&["BLOB", "BINARY", "IMAGE", "BYTEA"]) {
        DataType::BYTES
    } else {
        DataType::Any
    }
}

/// `TIMESTAMP(6) WITH TIME ZONE` without its `(6)`.
fn without_lengths(name: &str) -> String {
    match name.split_once('(') {
        Some((before, rest)) => [before, rest.split_once(')').map_or("", |(_, after)| after)].concat(),
        None => name.to_owned(),
    }
}

/// `INT`, `INTEGER`, `INTERGER`, `INT8`, `BIGINT`, ...; not `POINT`, `INTERVAL`, `PRINT`.
fn is_integer(word: &str) -> bool {
    const PREFIXES: [&str; 6] = ["BIG", "SMALL", "TINY", "MEDIUM", "UNSIGNED", "U"];
    let bare =
        PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix).filter(|rest| rest.starts_with("INT")));
    let bare = bare.unwrap_or(word);
    bare.starts_with("INT") && !bare.starts_with("INTERVAL")
}

/// A text type whose name gives another affinity would lose leading zeros: such a column is taken cell by cell.
fn textual(meant: DataType, native: &str) -> DataType {
    let kept = meant == DataType::Json || !Affinity::of(native).is_numeric();
    if kept { meant } else { DataType::Any }
}

/// `(18,4)` and `(18)` of a name.
fn precision(name: &str) -> Option<(u8, u8)> {
    let inside = name.split_once('(')?.1.split_once(')')?.0;
    let mut numbers = inside.split(',').map(|number| number.trim().parse::<u8>());
    let precision = numbers.next()?.ok()?;
    let scale = numbers.next().unwrap_or(Ok(0)).ok()?;
    ((1..=38).contains(&precision) && scale <= precision).then_some((precision, scale))
}

/// Most digits that a float gives back as they were; `NUMERIC` affinity turns decimals into floats.
const FLOAT_DIGITS: u8 = 15;

/// The column that `SQLite` would have for `column`: a name whose affinity converts nothing, and from which
/// [`data_type`] tells the type again. Single values that no column can hold (NaN, years outside 1 to 9999) are
/// refused when they are written.
pub(super) fn faithful(column: &ColumnDef) -> Result<ColumnDef, Unfaithful> {
    let native = match &column.data_type {
        DataType::Bool => "BOOLEAN".to_owned(),
        DataType::Int { min, max } => integer(*min, *max).to_owned(),
        // Affinity REAL stores whole floats as integers and so forgets the sign of a zero; this name converts nothing.
        DataType::Real { .. } => "REAL_BLOB".to_owned(),
        DataType::Decimal(Some((precision, scale))) if *precision <= FLOAT_DIGITS => {
            format!("DECIMAL({precision},{scale})")
        }
        // More digits than a float keeps: stored as text, which keeps the scale too.
        DataType::Decimal(Some((precision, scale))) => format!("DECIMAL_TEXT({precision},{scale})"),
        DataType::Decimal(None) => "DECIMAL_TEXT".to_owned(),
        DataType::Text { max: Some(max), unit: TextUnit::Utf16, .. } => format!("NVARCHAR({max})"),
        DataType::Text { max: Some(max), .. } => format!("VARCHAR({max})"),
        DataType::Text { max: None, .. } => "TEXT".to_owned(),
        DataType::Bytes { .. } => "BLOB".to_owned(),
        DataType::Any => String::new(),
        DataType::Other { native } => return Err(unfaithful(column, native)),
        temporal_or_other => own_name(temporal_or_other).unwrap_or_default().to_owned(),
    };
    let data_type = data_type(&native);
    Ok(ColumnDef { data_type, native, default: None, generated: Generated::No, ..column.clone() })
}

fn integer(min: i64, max: i64) -> &'static str {
    let within = |held: &DataType| matches!(held, DataType::Int { min: low, max: high } if *low <= min && max <= *high);
    if within(&DataType::INT8_UNSIGNED) {
        "TINYINT"
    } else if within(&DataType::INT16) {
        "SMALLINT"
    } else if within(&DataType::INT32) {
        "INTEGER"
    } else {
        "BIGINT"
    }
}

/// The name that denk gives columns of types which are stored as text in one form. Other names may hold other forms
/// of the same value (`2026-01-31T09:00`, upper-case uuids), so that their text order is not the values' order.
pub(super) const fn own_name(data_type: &DataType) -> Option<&'static str> {
    match data_type {
        DataType::Date { .. } => Some("DATE"),
        DataType::Time { .. } => Some("TIME"),
        DataType::Timestamp { .. } => Some("TIMESTAMP"),
        DataType::Instant { keeps_offset: true, .. } => Some("DATETIMEOFFSET"),
        DataType::Instant { .. } => Some("TIMESTAMPTZ"),
        DataType::Uuid => Some("UUID"),
        DataType::Json => Some("JSON_TEXT"),
        _ => None,
    }
}

fn unfaithful(column: &ColumnDef, native: &str) -> Unfaithful {
    let reason = "SQLite has no type for it, and its text form alone does not say what it means".to_owned();
    Unfaithful { column: column.name.clone(), native: native.to_owned(), reason }
}

/// The type that stands for a [`DataType::code`], as wide as this database holds it.
pub(super) fn of_code(code: &str) -> DataType {
    match code {
        "decimal" => DataType::Decimal(None),
        "date" => DataType::DATE,
        "time" => DataType::Time { digits: 9 },
        "timestamp" => DataType::Timestamp { fraction: Fraction::Digits(9), years: (1, 9999) },
        "timestamp with zone" => DataType::INSTANT,
        "uuid" => DataType::Uuid,
        _ => DataType::TEXT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_names_say_what_is_meant() {
        for name in [
            "INTEGER",
            "INTERGER",
            "int",
            "BIGINT",
            "TINYINT",
            "INT8",
            "unsigned big int",
            "UINT32",
            "INT(11)",
            "MEDIUMINT",
        ] {
            assert_eq!(data_type(name), DataType::INT64, "{name}");
        }
        for name in ["VARCHAR ( 255 )", "nchar(5)", "CLOB", "NTEXT", "TEXT", "character varying(9)"] {
            assert_eq!(data_type(name), DataType::TEXT, "{name}");
        }
        for name in ["", "POINT", "INTERVAL", "STRING", "XML", "PRINT", "CHARINT", "UPDATED"] {
            assert_eq!(data_type(name), DataType::Any, "{name}");
        }
        for name in ["REAL", "FLOAT", "DOUBLE PRECISION", "FLOATING POINT"] {
            assert_eq!(data_type(name), DataType::REAL, "{name}");
        }
        assert_eq!(data_type("NUMERIC(18, 4)"), DataType::Decimal(Some((18, 4))));
        assert_eq!(data_type("NUMBER(9)"), DataType::Decimal(Some((9, 0))));
        assert_eq!(data_type("MONEY"), DataType::Decimal(None));
        assert_eq!(data_type("DATETIME"), DataType::TIMESTAMP);
        assert!(matches!(
            data_type("timestamp(6) with time zone"),
            DataType::Instant { keeps_offset: false, .. }
        ));
        assert_eq!(data_type("time with time zone"), DataType::Any);
        assert_eq!(data_type("timestamp without time zone"), DataType::TIMESTAMP);
        assert_eq!(data_type("DATETIMEOFFSET(7)"), DataType::INSTANT);
        assert_eq!(data_type("date"), DataType::DATE);
        assert_eq!(data_type("BIT"), DataType::Bool);
        assert_eq!(data_type("UNIQUEIDENTIFIER"), DataType::Uuid);
        assert_eq!(data_type("JSONB"), DataType::Json);
        assert_eq!(data_type("VARBINARY(16)"), DataType::BYTES);
    }

    #[test]
    fn affinities_follow_the_manual() {
        for (name, affinity) in [
            ("FLOATING POINT", Affinity::Integer),
            ("DECIMAL(10,5)", Affinity::Numeric),
            ("DECIMAL_TEXT(38,10)", Affinity::Text),
            ("STRING", Affinity::Numeric),
            ("JSON_TEXT", Affinity::Text),
            ("", Affinity::Blob),
            ("REAL_BLOB", Affinity::Blob),
            ("DOUBLE", Affinity::Real),
        ] {
            assert_eq!(Affinity::of(name), affinity, "{name}");
        }
    }

    #[test]
    fn a_made_column_reads_back_as_its_own_type() {
        let types = [
            DataType::Bool,
            DataType::INT64,
            DataType::REAL,
            DataType::Decimal(Some((15, 2))),
            DataType::Decimal(Some((38, 10))),
            DataType::Decimal(None),
            DataType::TEXT,
            DataType::BYTES,
            DataType::DATE,
            DataType::Time { digits: 9 },
            DataType::TIMESTAMP,
            DataType::INSTANT,
            DataType::Uuid,
            DataType::Json,
            DataType::Any,
        ];
        for wanted in types {
            let made = faithful(&ColumnDef::new("c", wanted.clone())).unwrap();
            assert_eq!(made.data_type, wanted, "{}", made.native);
            let stays_text =
                matches!(wanted, DataType::Text { .. } | DataType::Json | DataType::Decimal(None));
            assert!(!(stays_text && Affinity::of(&made.native).is_numeric()), "{}", made.native);
        }
        assert!(faithful(&ColumnDef::new("c", DataType::Other { native: "tsvector".into() })).is_err());
    }
}
