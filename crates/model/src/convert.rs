//! Exact conversion of one value to the type of the column that is to hold it.

use crate::{
    DataType, Date, Decimal, Instant, Time, Timestamp, Uuid, Value, Zone,
    data_type::{Fraction, TextTraits, TextUnit, in_years},
};

/// Why a value cannot be held exactly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error("`{value}` is not a {wanted}")]
    NotA { value: String, wanted: &'static str },
    #[error("`{value}` is outside the range of the column")]
    OutOfRange { value: String },
    #[error("`{value}` has more digits than the column keeps")]
    TooPrecise { value: String },
    #[error("the text has {length} characters, the column holds {max}")]
    TooLong { length: usize, max: u32 },
    #[error("the text holds a character that the column cannot store (U+{code:04X})")]
    Character { code: u32 },
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    #[error("the column does not allow NULL")]
    Null,
    #[error("the local time `{value}` does not exist or exists twice in the business's zone")]
    Ambiguous { value: String },
    #[error("a key column is NULL")]
    NullKey,
    #[error("another row has the same key")]
    DuplicateKey,
    #[error("the lookup has several answers for `{value}`")]
    SeveralAnswers { value: String },
    /// What the target database said.
    #[error("{0}")]
    Refused(String),
}

/// What conversion may assume.
#[derive(Clone, Copy, Debug)]
pub struct Coercion<'a> {
    pub zone: &'a Zone,
    /// Texts that mean NULL where the target is not text (`''`, `0000-00-00`): only what a mapping states.
    pub null_texts: &'a [String],
}

type Held = Result<Value, Misfit>;

/// `value` as a column of type `to` holds it, or why it cannot hold it exactly.
///
/// # Errors
/// [`Misfit`]; nothing is ever rounded, cut or guessed.
pub fn coerce(value: Value, to: &DataType, rules: Coercion<'_>) -> Held {
    if let Value::Text(text) = &value
        && !matches!(to, DataType::Text { .. } | DataType::Other { .. } | DataType::Any)
        && rules.null_texts.contains(text)
    {
        return Ok(Value::Null);
    }
    match (value, to) {
        (Value::Null, _) => Ok(Value::Null),
        (value, DataType::Any) => Ok(value),
        (value, DataType::Bool) => to_bool(&value),
        (value, DataType::Int { min, max }) => to_int(&value, *min, *max),
        (value, DataType::Real { single, finite }) => to_real(&value, *single, *finite),
        (value, DataType::Decimal(limits)) => to_decimal(&value, *limits),
        (value, DataType::Text { max, unit, traits }) => fit_text(to_text(value)?, *max, *unit, *traits),
        (value, DataType::Other { .. }) => to_text(value).map(Value::Text),
        (Value::Bytes(bytes), DataType::Bytes { max }) => fit_bytes(bytes, *max),
        (value, DataType::Bytes { .. }) => not_a(&value, "byte string"),
        (value, DataType::Date { years }) => to_date(&value, *years),
        (value, DataType::Time { digits }) => to_time(&value, *digits),
        (value, DataType::Timestamp { fraction, years }) => {
            to_timestamp(&value, *fraction, *years, rules.zone)
        }
        (value, DataType::Instant { fraction, years, keeps_offset }) => {
            let instant = to_instant(&value, rules.zone)?;
            let kept = if *keeps_offset { instant } else { Instant::utc(instant.utc) };
            fit_timestamp(instant.utc, *fraction, *years).map(|_| Value::Instant(kept))
        }
        (value, DataType::Uuid) => to_uuid(&value),
        (value, DataType::Json) => to_json(value),
    }
}

fn not_a<T>(value: &Value, wanted: &'static str) -> Result<T, Misfit> {
    Err(Misfit::NotA { value: shown(value), wanted })
}

/// At most 60 characters of a value, for messages.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn to_bool(value: &Value) -> Held {
    let bool = match value {
        Value::Bool(b) => Some(*b),
        Value::Int(n) => zero_or_one(&Decimal::from(*n)),
        Value::Decimal(d) => zero_or_one(d),
        Value::Real(r) => Decimal::from_f64(*r).as_ref().and_then(zero_or_one),
        Value::Text(t) => match t.as_str() {
            "0" | "false" => Some(false),
            "1" | "true" => Some(true),
            _ => None,
        },
        _ => None,
    };
    bool.map_or_else(|| not_a(value, "yes/no value"), |b| Ok(Value::Bool(b)))
}

fn zero_or_one(number: &Decimal) -> Option<bool> {
    match number.to_i64() {
        Some(0) => Some(false),
        Some(1) => Some(true),
        _ => None,
    }
}

fn to_int(value: &Value, min: i64, max: i64) -> Held {
    let int = match value {
        Value::Int(n) => Some(*n),
        Value::Bool(b) => Some(i64::from(*b)),
        Value::Real(r) if r.abs() < 9_007_199_254_740_992.0 && (*r != 0.0 || r.is_sign_positive()) => {
            Decimal::from_f64(*r).and_then(Decimal::to_i64)
        }
        Value::Decimal(d) => d.to_i64(),
        Value::Text(t) => t.parse().ok().filter(|n: &i64| n.to_string() == *t),
        _ => None,
    };
    let Some(int) = int else { return not_a(value, "whole number") };
    if (min..=max).contains(&int) {
        Ok(Value::Int(int))
    } else {
        Err(Misfit::OutOfRange { value: shown(value) })
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn to_real(value: &Value, single: bool, finite: bool) -> Held {
    let real = match value {
        Value::Real(r) => Some(*r),
        Value::Int(n) if n.unsigned_abs() <= 1 << 53 => Some(*n as f64),
        Value::Decimal(d) => d.to_f64(),
        Value::Text(t) => t.parse::<Decimal>().ok().and_then(Decimal::to_f64),
        _ => None,
    };
    let Some(real) = real else { return not_a(value, "number that a float holds exactly") };
    if finite && !real.is_finite() {
        return Err(Misfit::OutOfRange { value: shown(value) });
    }
    if single && !real.is_nan() && f64::from(real as f32) != real {
        return Err(Misfit::TooPrecise { value: shown(value) });
    }
    Ok(Value::Real(real))
}

fn to_decimal(value: &Value, limits: Option<(u8, u8)>) -> Held {
    let decimal = match value {
        Value::Decimal(d) => Some(*d),
        Value::Int(n) => Some(Decimal::from(*n)),
        Value::Real(r) if r.to_bits() != (-0.0_f64).to_bits() => Decimal::from_f64(*r),
        Value::Text(t) => t.parse().ok(),
        _ => None,
    };
    let Some(decimal) = decimal else { return not_a(value, "decimal number") };
    let Some((precision, scale)) = limits else { return Ok(Value::Decimal(decimal)) };
    let Some(scaled) = decimal.rescale(scale) else {
        let cut = decimal.normalize().scale() > scale;
        return Err(if cut {
            Misfit::TooPrecise { value: shown(value) }
        } else {
            Misfit::OutOfRange { value: shown(value) }
        });
    };
    if scaled.unscaled().unsigned_abs() >= 10_u128.pow(u32::from(precision)) {
        return Err(Misfit::OutOfRange { value: shown(value) });
    }
    Ok(Value::Decimal(scaled))
}

fn to_text(value: Value) -> Result<String, Misfit> {
    match value {
        Value::Text(text) | Value::Json(text) => Ok(text),
        Value::Bytes(_) => not_a(&value, "text"),
        other => Ok(other.to_string()),
    }
}

fn fit_text(mut text: String, max: Option<u32>, unit: TextUnit, traits: TextTraits) -> Held {
    if traits.padded {
        text.truncate(text.trim_end_matches(' ').len());
    }
    if !traits.nul && text.contains('\0') {
        return Err(Misfit::Character { code: 0 });
    }
    if let Some(max) = max
        && text.len() > max as usize
    {
        let length = unit.length(&text);
        if length > max as usize {
            return Err(Misfit::TooLong { length, max });
        }
    }
    Ok(Value::Text(text))
}

fn fit_bytes(bytes: Vec<u8>, max: Option<u32>) -> Held {
    match max {
        Some(max) if bytes.len() > max as usize => Err(Misfit::TooLong { length: bytes.len(), max }),
        _ => Ok(Value::Bytes(bytes)),
    }
}

fn to_date(value: &Value, years: (i32, i32)) -> Held {
    let date = match value {
        Value::Date(d) => Some(*d),
        Value::Text(t) => Date::parse(t).or_else(|| Timestamp::parse(t).and_then(midnight)),
        Value::Timestamp(t) => midnight(*t),
        _ => None,
    };
    let Some(date) = date else { return not_a(value, "date") };
    if in_years(date, years) {
        Ok(Value::Date(date))
    } else {
        Err(Misfit::OutOfRange { value: shown(value) })
    }
}

fn midnight(at: Timestamp) -> Option<Date> {
    let (date, time) = at.split();
    (time == Time(0)).then_some(date)
}

fn to_time(value: &Value, digits: u8) -> Held {
    let time = match value {
        Value::Time(t) => Some(*t),
        Value::Text(t) => Time::parse(t),
        _ => None,
    };
    let Some(time) = time else { return not_a(value, "time of day") };
    if time.fraction_digits() > digits {
        Err(Misfit::TooPrecise { value: shown(value) })
    } else {
        Ok(Value::Time(time))
    }
}

fn to_timestamp(value: &Value, fraction: Fraction, years: (i32, i32), zone: &Zone) -> Held {
    let at = match value {
        Value::Timestamp(t) => Some(*t),
        Value::Date(d) => Some(Timestamp::new(*d, Time(0))),
        Value::Text(t) => Timestamp::parse(t).or_else(|| Date::parse(t).map(|d| Timestamp::new(d, Time(0)))),
        Value::Instant(i) => zone.local(*i),
        _ => None,
    };
    let Some(at) = at else { return not_a(value, "date and time") };
    fit_timestamp(at, fraction, years)
}

fn fit_timestamp(at: Timestamp, fraction: Fraction, years: (i32, i32)) -> Held {
    if !in_years(at.split().0, years) {
        return Err(Misfit::OutOfRange { value: at.to_string() });
    }
    if !fraction.holds(at) {
        return Err(Misfit::TooPrecise { value: at.to_string() });
    }
    Ok(Value::Timestamp(at))
}

fn to_instant(value: &Value, zone: &Zone) -> Result<Instant, Misfit> {
    let local = match value {
        Value::Instant(i) => return Ok(*i),
        Value::Timestamp(t) => *t,
        Value::Text(t) => match (Instant::parse(t), Timestamp::parse(t)) {
            (Some(instant), _) => return Ok(instant),
            (None, Some(local)) => local,
            (None, None) => return not_a(value, "point in time"),
        },
        _ => return not_a(value, "point in time"),
    };
    zone.instant(local).ok_or_else(|| Misfit::Ambiguous { value: shown(value) })
}

fn to_uuid(value: &Value) -> Held {
    match value {
        Value::Uuid(u) => Ok(Value::Uuid(*u)),
        Value::Text(t) if t.len() == 36 => {
            Uuid::try_parse(t).map_or_else(|_| not_a(value, "uuid"), |u| Ok(Value::Uuid(u)))
        }
        _ => not_a(value, "uuid"),
    }
}

fn to_json(value: Value) -> Held {
    match value {
        Value::Json(text) => Ok(Value::Json(text)),
        Value::Text(text) if serde_json::from_str::<serde_json::Value>(&text).is_ok() => {
            Ok(Value::Json(text))
        }
        other => not_a(&other, "JSON document"),
    }
}

#[cfg(test)]
mod tests;
