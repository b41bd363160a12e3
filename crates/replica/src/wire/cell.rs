//! One cell on the wire.

use data_encoding::BASE64;
use model::{Uuid, Value};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error as _, SeqAccess, Visitor},
    ser::Error as _,
};
use serde_json::json;

/// A value as an office file holds it, or a reference (as the gid of its target).
///
/// In CBOR a null, an integer, a float, a text, a byte string, and a reference as an array of one byte string. In JSON a
/// null, a number (with a point when it is a float), a text, `{"bytes": "<base64>"}`, `{"gid": "<uuid>"}`, and
/// `{"real": "NaN"}` (`inf`, `-inf`) for floats that JSON has no number for.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell(pub Value);

const BYTES: &str = "bytes";
const GID: &str = "gid";
const REAL: &str = "real";

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let human = to.is_human_readable();
        match &self.0 {
            Value::Null => to.serialize_unit(),
            Value::Int(number) => to.serialize_i64(*number),
            Value::Real(number) if human && !number.is_finite() => {
                json!({ REAL: number.to_string() }).serialize(to)
            }
            Value::Real(number) => to.serialize_f64(*number),
            Value::Text(text) => to.serialize_str(text),
            Value::Bytes(bytes) if human => json!({ BYTES: BASE64.encode(bytes) }).serialize(to),
            Value::Bytes(bytes) => to.serialize_bytes(bytes),
            Value::Uuid(uuid) if human => json!({ GID: uuid.to_string() }).serialize(to),
            Value::Uuid(uuid) => [uuid].serialize(to),
            other => Err(S::Error::custom(format!("an office file holds no {other:?}"))),
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let json = serde_json::Value::deserialize(from)?;
            of_json(&json).map(Self).ok_or_else(|| D::Error::custom("not a cell"))
        } else {
            from.deserialize_any(Binary).map(Self)
        }
    }
}

fn of_json(json: &serde_json::Value) -> Option<Value> {
    match json {
        serde_json::Value::Null => Some(Value::Null),
        serde_json::Value::Bool(truth) => Some(Value::Int(i64::from(*truth))),
        serde_json::Value::Number(number) => {
            number.as_i64().map(Value::Int).or_else(|| number.as_f64().map(Value::Real))
        }
        serde_json::Value::String(text) => Some(Value::Text(text.clone())),
        serde_json::Value::Array(_) => None,
        serde_json::Value::Object(fields) => {
            let (name, value) = fields.iter().next().filter(|_| fields.len() == 1)?;
            let text = value.as_str()?;
            match name.as_str() {
                BYTES => BASE64.decode(text.as_bytes()).ok().map(Value::Bytes),
                GID => text.parse().ok().map(Value::Uuid),
                REAL => text.parse().ok().map(Value::Real),
                _ => None,
            }
        }
    }
}

/// Reads what is no text.
struct Binary;

impl<'de> Visitor<'de> for Binary {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a cell")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number).map(Value::Int).map_err(E::custom)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Real(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Value, E> {
        Ok(Value::Bytes(bytes))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let target: Option<Uuid> = seq.next_element()?;
        if seq.next_element::<Uuid>()?.is_some() {
            return Err(A::Error::custom("a reference names one row"));
        }
        target.map(Value::Uuid).ok_or_else(|| A::Error::custom("a reference names a row"))
    }
}
