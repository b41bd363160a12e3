//! What a column makes of a value: the type that the rules give it, and the affinity that its file gives it.
//!
//! SQLite keeps any kind of value in any column and converts in silence what looks as if it might belong. So a value is
//! brought into one form when it is read ([`settle`]), and what a file would change is found before it is written
//! ([`stored`]).

use merge::ColumnType;
use model::{Date, Decimal, Value};

/// A value as the rules' type wants it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Settled {
    /// It is of the type, or says nothing.
    AsItIs(Value),
    /// The same value in the type's own form.
    Rewritten(Value),
    /// Of another type; kept.
    Odd(Value),
}

/// **Source**: <https://www.sqlite.org/datatype3.html>, section 3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Affinity {
    Integer,
    Text,
    None,
    Real,
    Numeric,
}

/// Whole numbers up to here are floats, too. `2^53`.
const FLOAT_WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Brings a stored value into the form of its column's type where that loses nothing. Twice is once.
pub(crate) fn settle(wanted: ColumnType, value: Value) -> Settled {
    if says_nothing(&value) || is_of(wanted, &value) {
        return Settled::AsItIs(value);
    }
    let settled = match wanted {
        ColumnType::Text => as_text(&value),
        ColumnType::Integer => number(&value).and_then(Decimal::to_i64).map(Value::Int),
        ColumnType::Real => number(&value).and_then(as_float).map(Value::Real),
    };
    match settled {
        Some(settled) => Settled::Rewritten(settled),
        None => Settled::Odd(odd(wanted, value)),
    }
}

/// A value as a file's would be read: in the form of its column's type where that loses nothing, else as it is.
#[must_use]
pub fn settled(wanted: ColumnType, value: Value) -> Value {
    settle(wanted, value).value()
}

impl Settled {
    pub(crate) fn value(self) -> Value {
        match self {
            Self::AsItIs(value) | Self::Rewritten(value) | Self::Odd(value) => value,
        }
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        _ => false,
    }
}

fn is_of(wanted: ColumnType, value: &Value) -> bool {
    match (wanted, value) {
        (ColumnType::Text, Value::Text(_)) | (ColumnType::Integer, Value::Int(_)) => true,
        (ColumnType::Real, Value::Real(float)) => !is_negative_zero(*float),
        _ => false,
    }
}

/// No column of numbers keeps its sign.
fn is_negative_zero(float: f64) -> bool {
    float == 0.0 && float.is_sign_negative()
}

/// Of one kind and equal to the bit.
fn is_same(a: &Value, b: &Value) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b) && a == b
}

fn as_text(value: &Value) -> Option<Value> {
    match value {
        Value::Int(_) | Value::Real(_) => Some(Value::Text(value.to_string())),
        _ => None,
    }
}

/// The exact number that a value is or names; blanks around it mean nothing.
fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Int(number) => Some(Decimal::from(*number)),
        Value::Real(float) => Decimal::from_f64(*float),
        Value::Text(text) => text.trim_matches(BLANKS).parse().ok(),
        _ => None,
    }
}

/// The float that is exactly this number.
fn as_float(number: Decimal) -> Option<f64> {
    let float = number.to_f64()?;
    let is_exact = number.scale() > 0 || float.abs() <= FLOAT_WHOLE_MAX;
    is_exact.then_some(float)
}

/// A fraction among whole numbers stays a number, as SQLite has it.
fn odd(wanted: ColumnType, value: Value) -> Value {
    match (&value, number(&value).and_then(as_float)) {
        (Value::Text(_), Some(float)) if wanted == ColumnType::Integer => Value::Real(float),
        _ => value,
    }
}

/// What SQLite passes over around a number.
const BLANKS: [char; 6] = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];

/// Starts like a number and has nothing but what numbers are made of: such a text is not written into a column that
/// would look closer. A NUL ends what SQLite looks at.
fn looks_like_number(text: &str) -> bool {
    let bare = text.split('\0').next().unwrap_or_default().trim_matches(BLANKS);
    let unsigned = bare.strip_prefix(['-', '+']).unwrap_or(bare);
    let starts = unsigned.strip_prefix('.').unwrap_or(unsigned).starts_with(|c: char| c.is_ascii_digit());
    starts && unsigned.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
}

impl Affinity {
    pub(crate) fn of(native: &str) -> Self {
        let native = native.to_ascii_uppercase();
        let names = |words: &[&str]| words.iter().any(|word| native.contains(word));
        if names(&["INT"]) {
            Self::Integer
        } else if names(&["CHAR", "CLOB", "TEXT"]) {
            Self::Text
        } else if native.is_empty() || names(&["BLOB"]) {
            Self::None
        } else if names(&["REAL", "FLOA", "DOUB"]) {
            Self::Real
        } else {
            Self::Numeric
        }
    }

    /// What a column holds once `value` is written into it; `None`: another value, or one that is not let in.
    fn holds(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (_, Value::Null | Value::Bytes(_)) => Some(value.clone()),
            (_, Value::Date(date)) => Some(Value::Text(date.to_string())),
            (_, Value::Real(float)) if float.is_nan() => None,
            (Self::None, Value::Int(_) | Value::Real(_) | Value::Text(_)) | (Self::Text, Value::Text(_)) => {
                Some(value.clone())
            }
            (Self::None | Self::Text, _) => None,
            (_, Value::Text(text)) => (!looks_like_number(text)).then(|| value.clone()),
            (Self::Real, Value::Int(_)) => None,
            (_, Value::Int(_)) => Some(value.clone()),
            (_, Value::Real(float)) => self.holds_float(*float),
            _ => None,
        }
    }

    fn holds_float(self, float: f64) -> Option<Value> {
        let changes = is_negative_zero(float) || (self != Self::Real && float.fract() == 0.0);
        (!changes).then_some(Value::Real(float))
    }
}

/// Nearly every value: found without a copy.
const fn fits_as_usual(affinity: Affinity, wanted: ColumnType, value: &Value) -> bool {
    matches!(
        (affinity, wanted, value),
        (_, _, Value::Null)
            | (Affinity::Text, ColumnType::Text, Value::Text(_))
            | (Affinity::Integer, ColumnType::Integer, Value::Int(_))
    )
}

/// The form in which `value` is written, so that reading (and [`settle`]) gives it back; `None` when the column cannot
/// hold it.
pub(crate) fn stored(affinity: Affinity, wanted: ColumnType, value: &Value) -> Option<Value> {
    let comes_back =
        |form: &Value| affinity.holds(form).is_some_and(|held| is_same(&settle(wanted, held).value(), value));
    if fits_as_usual(affinity, wanted, value) || comes_back(value) {
        return Some(value.clone());
    }
    let number = number(value);
    let date = match value {
        Value::Text(text) => Date::parse(text),
        _ => None,
    };
    let whole = number.and_then(Decimal::to_i64).map(Value::Int);
    let float = number.and_then(Decimal::to_f64).map(Value::Real);
    // The connector takes a date for one, where it would take the same text for a number.
    [whole, float, date.map(Value::Date)].into_iter().flatten().find(comes_back)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    #[test]
    fn a_value_of_another_form_is_rewritten_where_that_loses_nothing() {
        let rewritten = [
            (ColumnType::Integer, text("5"), Value::Int(5)),
            (ColumnType::Integer, text(" -5 "), Value::Int(-5)),
            (ColumnType::Integer, text("007"), Value::Int(7)),
            (ColumnType::Integer, Value::Real(60.0), Value::Int(60)),
            (ColumnType::Integer, text("9223372036854775807"), Value::Int(i64::MAX)),
            (ColumnType::Real, Value::Int(12), Value::Real(12.0)),
            (ColumnType::Real, text("12.50"), Value::Real(12.5)),
            (ColumnType::Real, Value::Real(-0.0), Value::Real(0.0)),
            (ColumnType::Text, Value::Int(2019), text("2019")),
            (ColumnType::Text, Value::Real(0.1), text("0.1")),
        ];
        for (wanted, value, settled) in rewritten {
            assert_eq!(settle(wanted, value.clone()), Settled::Rewritten(settled), "{value:?}");
        }
    }

    #[test]
    fn what_says_nothing_stays_what_it_is() {
        for wanted in [ColumnType::Integer, ColumnType::Real, ColumnType::Text] {
            assert_eq!(settle(wanted, text("")), Settled::AsItIs(text("")));
            assert_eq!(settle(wanted, Value::Null), Settled::AsItIs(Value::Null));
        }
    }

    #[test]
    fn what_would_lose_something_is_kept_and_told() {
        let odd = [
            (ColumnType::Integer, text("9223372036854775808")),
            (ColumnType::Integer, text("yarım gün")),
            (ColumnType::Integer, text("2026-01-05")),
            (ColumnType::Integer, text("5\0")),
            (ColumnType::Integer, Value::Real(7.5)),
            (ColumnType::Integer, Value::Real(1e300)),
            (ColumnType::Real, text("12,50")),
            (ColumnType::Real, text("0.10000000000000000001")),
            (ColumnType::Real, Value::Int(9_007_199_254_740_993)),
            (ColumnType::Text, Value::Bytes(vec![0, 255])),
        ];
        for (wanted, value) in odd {
            assert_eq!(settle(wanted, value.clone()), Settled::Odd(value.clone()), "{value:?}");
        }
    }

    #[test]
    fn a_column_of_numbers_holds_no_text_that_it_would_take_for_one() {
        for changed in ["5", "0\0", "12\0abc", " 7 \0", "1e5", "2026-01", "+.5"] {
            assert_eq!(Affinity::Integer.holds(&text(changed)), None, "{changed:?}");
        }
        for kept in ["", "\u{0}5", "1,5", "0x1f", "yok", "2026-01-05 08:30"] {
            assert_eq!(Affinity::Integer.holds(&text(kept)), Some(text(kept)), "{kept:?}");
        }
    }

    fn hostile() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::Real),
            "[-+ 0-9.eE]{0,12}".prop_map(Value::Text),
            "[0-9]{4}-[01][0-9]-[0-3][0-9]".prop_map(Value::Text),
            ".{0,8}".prop_map(Value::Text),
            prop::collection::vec(any::<u8>(), 0..6).prop_map(Value::Bytes),
        ]
    }

    proptest! {
        #[test]
        fn settling_twice_is_settling_once(value in hostile()) {
            for wanted in [ColumnType::Integer, ColumnType::Real, ColumnType::Text] {
                let once = settle(wanted, value.clone()).value();
                let twice = settle(wanted, once.clone()).value();
                prop_assert!(is_same(&twice, &once), "{:?}: {:?}, then {:?}", wanted, once, twice);
            }
        }
    }
}
