//! Messages as bytes: CBOR, compressed with zstd.

use std::io::Read as _;

use serde::{Serialize, de::DeserializeOwned};

/// Of a packed message; with [`ENCODING`].
pub const CONTENT_TYPE: &str = "application/cbor";
pub const ENCODING: &str = "zstd";

/// Good for small messages, and still quick.
const LEVEL: i32 = 9;
/// Memory that a message may ask of its reader. **Units**: the logarithm of bytes.
const WINDOW_LOG_MAX: u32 = 23;

/// Bytes that are no message.
#[derive(Debug, thiserror::Error)]
pub enum Unpackable {
    #[error("the message has more than {0} bytes")]
    TooLarge(usize),
    #[error("the message is not compressed as zstd has it")]
    Compression(#[source] std::io::Error),
    #[error("the message is not the CBOR that belongs here: {0}")]
    Cbor(String),
}

/// A message as bytes.
#[must_use]
pub fn pack(message: &impl Serialize) -> Vec<u8> {
    let mut plain = Vec::new();
    #[expect(clippy::expect_used, reason = "memory takes everything, and cells are of kinds that CBOR has")]
    ciborium::into_writer(message, &mut plain).expect("messages can be written as CBOR");
    #[expect(clippy::expect_used, reason = "memory takes everything")]
    zstd::encode_all(plain.as_slice(), LEVEL).expect("bytes can be compressed")
}

/// A message from bytes that may be anything; unpacked it has at most `bytes_max`.
///
/// # Errors
/// [`Unpackable`]; no more than `bytes_max` was ever in memory.
pub fn unpack<T: DeserializeOwned>(packed: &[u8], bytes_max: usize) -> Result<T, Unpackable> {
    let mut reader = zstd::Decoder::new(packed).map_err(Unpackable::Compression)?;
    reader.window_log_max(WINDOW_LOG_MAX).map_err(Unpackable::Compression)?;
    let mut plain = Vec::new();
    reader.take(bytes_max as u64 + 1).read_to_end(&mut plain).map_err(Unpackable::Compression)?;
    if plain.len() > bytes_max {
        return Err(Unpackable::TooLarge(bytes_max));
    }
    ciborium::from_reader(plain.as_slice()).map_err(|error| Unpackable::Cbor(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use model::{Gid, Value};
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{BYTES_MAX, Cell, Change, Push, Row};

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_map(Value::Real),
            Just(Value::Real(f64::NAN)),
            ".{0,8}".prop_map(Value::Text),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Value::Bytes),
            (any::<u64>(), any::<u128>()).prop_map(|(time, random)| Gid::new(time, random).into()),
        ]
    }

    /// Bit by bit: NaN is not equal to itself.
    fn same(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Real(a), Value::Real(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
            (a, b) => a == b,
        }
    }

    proptest! {
        #[test]
        fn a_cell_survives_both_forms(value in value()) {
            let cell = Cell(value);
            let packed: Cell = unpack(&pack(&cell), BYTES_MAX).unwrap();
            prop_assert!(same(&packed.0, &cell.0), "{packed:?}");
            let text = serde_json::to_string(&cell).unwrap();
            let read: Cell = serde_json::from_str(&text).unwrap();
            prop_assert!(same(&read.0, &cell.0), "{text}");
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack::<Push>(&bytes, 1000);
            let _ = unpack::<Push>(&zstd::encode_all(bytes.as_slice(), 1).unwrap(), 1000);
        }
    }

    #[test]
    fn a_small_message_that_grows_is_refused() {
        let grown = zstd::encode_all(vec![0_u8; 1 << 20].as_slice(), 19).unwrap();
        assert!(grown.len() < 1000);
        assert!(matches!(unpack::<Row>(&grown, 1 << 16), Err(Unpackable::TooLarge(_))));
    }

    #[test]
    fn a_hundred_scattered_changes_take_less_than_two_kilobytes_and_a_half() {
        let update = |at: u64| Change {
            table: "timesheets".into(),
            gid: Gid::new(1_768_400_000_123, 77_000_000_000 + u128::from(at * 19)).uuid(),
            base: i64::try_from(40_000 + at * 19).unwrap(),
            at: (1_768_500_000_000 + i64::try_from(at * 7_919).unwrap(), 0),
            insert: None,
            update: Some(BTreeMap::from([("notes".to_owned(), Cell(Value::Text(format!("not {at}"))))])),
            delete: None,
            again: None,
        };
        let push = Push { number: 7, changes: (0..100).map(update).collect(), ..Push::default() };
        let packed = pack(&push);
        assert!(packed.len() < 2_500, "{}", packed.len());
        assert_eq!(unpack::<Push>(&packed, BYTES_MAX).unwrap(), push);
    }
}
