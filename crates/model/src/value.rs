//! One cell's content.

use std::{cmp::Ordering, fmt, fmt::Write as _};

use crate::{Date, Decimal, Instant, Time, Timestamp, Uuid};

/// One cell's content, exactly as its database holds it.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Decimal(Decimal),
    Text(String),
    Bytes(Vec<u8>),
    Date(Date),
    Time(Time),
    Timestamp(Timestamp),
    Instant(Instant),
    Uuid(Uuid),
    /// JSON text as its database printed it.
    Json(String),
}

/// The values of a key, in the order of the key's columns; never NULL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub Vec<Value>);

impl Value {
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Int(_) | Self::Real(_) | Self::Decimal(_) => 2,
            Self::Date(_) => 3,
            Self::Time(_) => 4,
            Self::Timestamp(_) => 5,
            Self::Instant(_) => 6,
            Self::Uuid(_) => 7,
            Self::Text(_) => 8,
            Self::Json(_) => 9,
            Self::Bytes(_) => 10,
        }
    }

    fn numeric(&self) -> Option<Decimal> {
        match self {
            Self::Int(n) => Some(Decimal::from(*n)),
            Self::Decimal(d) => Some(*d),
            Self::Real(r) => Decimal::from_f64(*r),
            _ => None,
        }
    }

    fn cmp_numbers(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.total_cmp(b),
            _ => match (self.numeric(), other.numeric()) {
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => a.is_some().cmp(&b.is_some()),
            },
        }
    }
}

/// Exact: reals by bits (`-0.0` is not `0.0`, NaN equals itself), decimals by number, JSON by meaning.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The one order that all connectors read keys in: numbers by size, text by its UTF-8 bytes, uuids and bytes by their
/// bytes.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Timestamp(a), Self::Timestamp(b)) => a.cmp(b),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Uuid(a), Self::Uuid(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::Json(a), Self::Json(b)) => cmp_json(a, b),
            (Self::Bytes(a), Self::Bytes(b)) => a.cmp(b),
            _ if self.rank() == 2 && other.rank() == 2 => self.cmp_numbers(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl std::hash::Hash for Value {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.rank().hash(state);
        match self {
            Self::Null | Self::Json(_) => {}
            Self::Bool(b) => b.hash(state),
            Self::Int(_) | Self::Real(_) | Self::Decimal(_) => match self.numeric() {
                Some(decimal) => decimal.hash(state),
                None => 0_u8.hash(state),
            },
            Self::Text(t) => t.hash(state),
            Self::Bytes(b) => b.hash(state),
            Self::Date(d) => d.hash(state),
            Self::Time(t) => t.hash(state),
            Self::Timestamp(t) => t.hash(state),
            Self::Instant(t) => t.hash(state),
            Self::Uuid(u) => u.hash(state),
        }
    }
}

/// Equal when both are the same JSON (white space and order of members aside); otherwise by text.
pub(crate) fn cmp_json(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    match (parse(a), parse(b)) {
        (Some(x), Some(y)) if x == y => Ordering::Equal,
        _ => a.cmp(b),
    }
}

/// As people read it in messages; bytes in hexadecimal.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Bool(b) => b.fmt(f),
            Self::Int(n) => n.fmt(f),
            Self::Real(r) => f.write_str(ryu::Buffer::new().format(*r)),
            Self::Decimal(d) => d.fmt(f),
            Self::Text(t) | Self::Json(t) => f.write_str(t),
            Self::Bytes(bytes) => {
                f.write_str("0x")?;
                bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
            }
            Self::Date(d) => d.fmt(f),
            Self::Time(t) => t.fmt(f),
            Self::Timestamp(t) => t.fmt(f),
            Self::Instant(t) => t.fmt(f),
            Self::Uuid(u) => u.fmt(f),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, value) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_char('|')?;
            }
            value.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_small() {
        assert_eq!(size_of::<Option<Value>>(), 32);
    }

    #[test]
    fn nothing_equals_something_else_by_accident() {
        assert_ne!(Value::Real(-0.0), Value::Real(0.0));
        assert_eq!(Value::Real(f64::NAN), Value::Real(f64::NAN));
        assert_ne!(Value::Text(String::new()), Value::Null);
        assert_ne!(Value::Text("1".into()), Value::Int(1));
        assert_ne!(Value::Text("I".into()), Value::Text("ı".into()));
    }

    #[test]
    fn json_is_compared_by_meaning() {
        assert_eq!(
            Value::Json("{\"a\":1, \"b\":[1.10]}".into()),
            Value::Json("{\"b\": [1.10], \"a\": 1}".into())
        );
        assert_ne!(
            Value::Json("12345678901234567890.1".into()),
            Value::Json("12345678901234567890.2".into())
        );
    }

    #[test]
    fn text_keys_order_by_utf8_bytes() {
        let mut words: Vec<Value> = ["z", "İ", "ı", "a", "A", ""].map(|t| Value::Text(t.into())).into();
        words.sort();
        let texts: Vec<String> = words.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["", "A", "a", "z", "İ", "ı"]);
    }
}
