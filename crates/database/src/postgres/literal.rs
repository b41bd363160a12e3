//! Values as literals in a statement's text, and the expressions they are compared with.

use std::fmt::Write;

use model::{Coercion, DataType, ErrorKind, Fraction, Misfit, Value, Zone, coerce};

use super::{
    QUOTING,
    encode::tid,
    introspect::Attribute,
    types::{Class, Wire},
};
use crate::{
    Error, Result,
    sql::{Slot, slot},
};

// Expressions, not statements; each is one line, so a file of its own would hide it.
const CAST: &str = "{value}::{type}";
const BYTE_ORDER: &str = "{name} collate \"C\"";
const TEXT_BYTE_ORDER: &str = "{name}::text collate \"C\"";
const OTHER_BYTE_ORDER: &str = "{text} collate \"C\"";
/// As the type's own output function writes it; a cast to text is another thing for some types.
const TEXT_FORM: &str = "(case when {name} is not null then format('%s', {name}) end)";
const UTF8_BYTES: &str = "convert_to({name}::text, 'UTF8')";

/// How a column is compared: the expression, and the type of literals beside it.
pub(super) struct Side {
    pub(super) expression: Slot,
    literal: Literal,
}

#[derive(Clone, Copy)]
enum Literal {
    Of(Wire),
    Padded,
    /// Text as UTF-8 bytes.
    Utf8,
}

/// `column` as it is ordered by [`Value`]'s order; an index can serve it where the column's own order is that one.
pub(super) fn ordered(column: &Attribute, as_text: bool, utf8: bool) -> Result<Side> {
    let name = QUOTING.name(&column.name)?;
    let wire = column.native.wire;
    let cast = as_text
        || matches!(wire, Wire::Other | Wire::Json | Wire::Jsonb)
        || column.native.class == Class::Cast;
    let of = |template, literal| Side { expression: slot(template, &[("name", name.clone())]), literal };
    Ok(match column.native.class {
        _ if wire != Wire::Text && !cast => Side { expression: name, literal: Literal::Of(wire) },
        _ if !utf8 => of(UTF8_BYTES, Literal::Utf8),
        _ if wire == Wire::Other => Side {
            expression: slot(OTHER_BYTE_ORDER, &[("text", text_form(name))]),
            literal: Literal::Of(Wire::Text),
        },
        _ if cast => of(TEXT_BYTE_ORDER, Literal::Of(Wire::Text)),
        Class::Padded if column.by_bytes => Side { expression: name, literal: Literal::Padded },
        Class::Padded => of(BYTE_ORDER, Literal::Padded),
        _ if column.by_bytes => Side { expression: name, literal: Literal::Of(Wire::Text) },
        _ => of(BYTE_ORDER, Literal::Of(Wire::Text)),
    })
}

/// `column` as it is told apart, by an index if there is one.
pub(super) fn equal(column: &Attribute, utf8: bool) -> Result<Side> {
    if column.native.wire == Wire::Text && column.native.class == Class::Plain && !column.vague {
        return Ok(Side { expression: QUOTING.name(&column.name)?, literal: Literal::Of(Wire::Text) });
    }
    ordered(column, false, utf8)
}

/// The text form of a value whose type denk does not know.
pub(super) fn text_form(name: Slot) -> Slot {
    slot(TEXT_FORM, &[("name", name)])
}

/// The place of a row.
pub(super) fn locator() -> Side {
    Side { expression: Slot::fixed("ctid"), literal: Literal::Of(Wire::Tid) }
}

impl Side {
    /// # Errors
    /// `Conversion` when the value is none that the column could be compared with.
    pub(super) fn literal(&self, value: &Value, zone: &Zone) -> Result<Slot> {
        let (wire, native) = match self.literal {
            Literal::Of(wire) => (wire, type_name(wire)),
            Literal::Padded => (Wire::Text, "bpchar"),
            Literal::Utf8 => (Wire::Text, "text"),
        };
        let rules = Coercion { zone, null_texts: &[] };
        let held = coerce(value.clone(), &widest(wire), rules);
        let held = held.map_err(|misfit| Error::new(ErrorKind::Conversion, misfit.to_string()))?;
        let (held, native) = match held {
            // Whole numbers are compared as such, so that an index on them serves.
            Value::Decimal(decimal) => match decimal.to_i64() {
                Some(whole) if wire != Wire::Numeric => (Value::Decimal(whole.into()), native),
                _ => (Value::Decimal(decimal), "numeric"),
            },
            held => (held, native),
        };
        let text = spelled(&held)?;
        let literal = slot(CAST, &[("value", Slot::text(&text)), ("type", Slot::native_type(native))]);
        Ok(match self.literal {
            Literal::Utf8 => slot(UTF8_BYTES, &[("name", literal)]),
            _ => literal,
        })
    }
}

/// The type of `wire` without the limits of a column.
fn widest(wire: Wire) -> DataType {
    let (fraction, years) = (Fraction::Digits(6), (i32::MIN, i32::MAX));
    match wire {
        Wire::Bool => DataType::Bool,
        // A limit may lie outside the column's range or between two whole numbers.
        Wire::Int2 | Wire::Int4 | Wire::Int8 | Wire::Numeric => DataType::Decimal(None),
        Wire::Float4 | Wire::Float8 => DataType::REAL,
        Wire::Text | Wire::Other | Wire::Json | Wire::Jsonb => DataType::TEXT,
        Wire::Bytes => DataType::BYTES,
        Wire::Date => DataType::Date { years },
        Wire::Time => DataType::Time { digits: 6 },
        Wire::Timestamp => DataType::Timestamp { fraction, years },
        Wire::Instant => DataType::Instant { fraction, years, keeps_offset: false },
        Wire::Uuid => DataType::Uuid,
        Wire::Tid => DataType::INT64,
    }
}

fn type_name(wire: Wire) -> &'static str {
    match wire {
        Wire::Bool => "bool",
        Wire::Int2 | Wire::Int4 | Wire::Int8 => "int8",
        Wire::Numeric => "numeric",
        Wire::Float4 => "float4",
        Wire::Float8 => "float8",
        Wire::Text | Wire::Other | Wire::Json | Wire::Jsonb => "text",
        Wire::Bytes => "bytea",
        Wire::Date => "date",
        Wire::Time => "time",
        Wire::Timestamp => "timestamp",
        Wire::Instant => "timestamptz",
        Wire::Uuid => "uuid",
        Wire::Tid => "tid",
    }
}

/// Text that the server reads back as exactly this value.
fn spelled(value: &Value) -> Result<String> {
    Ok(match value {
        Value::Int(place) => match tid(*place) {
            Some((block, number)) => format!("({block},{number})"),
            None => return Err(Error::new(ErrorKind::Conversion, format!("{place} is no place of a row"))),
        },
        Value::Bytes(bytes) => bytes.iter().fold(String::from("\\x"), |mut text, byte| {
            // Writing into a string never fails.
            let _ = write!(text, "{byte:02x}");
            text
        }),
        Value::Text(text) if text.contains('\0') => {
            return Err(Error::new(ErrorKind::Conversion, Misfit::Character { code: 0 }.to_string()));
        }
        other => other.to_string(),
    })
}
