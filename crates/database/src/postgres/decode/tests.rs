use model::{Fraction, TextTraits, TextUnit};

use super::*;
use crate::{ColumnRef, postgres::types::native};

struct Case {
    name: &'static str,
    modifier: i32,
    wanted: DataType,
    /// As the server sends it.
    bytes: Vec<u8>,
}

fn case(name: &'static str, wanted: DataType, bytes: &[u8]) -> Case {
    Case { name, modifier: -1, wanted, bytes: bytes.to_vec() }
}

/// Reads one cell.
fn taken(case: &Case) -> std::result::Result<Value, Misfit> {
    let native = native(case.name, case.modifier, false, case.name);
    let read = ColumnRead::new(ColumnRef::named("c"), case.wanted.clone());
    let field = Field::new(&read, &native);
    let mut column = Column::new(&case.wanted);
    match field.take(Some(&case.bytes), &mut column, &Zone::utc()) {
        Ok(()) => Ok(column.value(0)),
        Err(Fault::Misfit(misfit)) => Err(misfit),
        Err(Fault::Broken) => panic!("{} {:?}", case.name, case.bytes),
    }
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn text(max: u32) -> DataType {
    DataType::Text { max: Some(max), unit: TextUnit::Chars, traits: TextTraits::UNLIMITED }
}

#[test]
fn values_are_taken_as_they_are_or_converted_exactly() {
    let years = (1, 9999);
    let stamp = DataType::Timestamp { fraction: Fraction::Digits(6), years };
    let cases = [
        (case("int4", DataType::INT64, &[0, 0, 1, 2]), Value::Int(258)),
        (case("int2", text(3), &[0xff, 0xfe]), Value::Text("-2".into())),
        (case("bool", DataType::Bool, &[1]), Value::Bool(true)),
        (case("bool", DataType::INT32, &[0]), Value::Int(0)),
        (case("text", text(3), "ışğ".as_bytes()), Value::Text("ışğ".into())),
        (case("text", DataType::INT32, b"12"), Value::Int(12)),
        (case("jsonb", DataType::Json, b"\x01{}"), Value::Json("{}".into())),
        (case("timestamp", stamp.clone(), &[0; 8]), Value::Timestamp(Timestamp { micros: 0, nanos: 0 })),
        (case("date", stamp, &[0; 4]), Value::Timestamp(Timestamp { micros: 0, nanos: 0 })),
        (case("numeric", DataType::INT32, &words(&[1, 0, 0, 2, 5])), Value::Int(5)),
        (case("numeric", text(9), &words(&[0, 0, 0xc000, 0])), Value::Text("NaN".into())),
        (case("float4", DataType::REAL, &[0x3f, 0xc0, 0, 0]), Value::Real(1.5)),
        (case("int8", DataType::Any, &[0, 0, 0, 0, 0, 0, 0, 9]), Value::Int(9)),
    ];
    for (case, value) in cases {
        assert_eq!(taken(&case), Ok(value), "{} {:?}", case.name, case.bytes);
    }
}

#[test]
fn what_does_not_fit_says_why() {
    let nan = case("numeric", DataType::Decimal(None), &words(&[0, 0, 0xc000, 0]));
    assert_eq!(taken(&nan), Err(Misfit::OutOfRange { value: "NaN".into() }));
    let wide = case("numeric", DataType::Decimal(None), &words(&[2, 10, 0x4000, 2, 12, 5]));
    assert_eq!(taken(&wide), Err(Misfit::OutOfRange { value: format!("-120005{}.00", "0".repeat(36)) }));
    let small = case("int4", DataType::INT16, &[0, 1, 0, 0]);
    assert_eq!(taken(&small), Err(Misfit::OutOfRange { value: "65536".into() }));
    let long = case("text", text(2), "ışğ".as_bytes());
    assert_eq!(taken(&long), Err(Misfit::TooLong { length: 3, max: 2 }));
    let infinite = case("date", DataType::DATE, &[0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(taken(&infinite), Err(Misfit::OutOfRange { value: "infinity".into() }));
    assert_eq!(taken(&case("text", text(9), &[0xff])), Err(Misfit::NotUtf8));
}

/// Three rows of (int4, text), the middle one's number too large for what is wanted.
fn message() -> Vec<u8> {
    let mut bytes = HEADER.to_vec();
    for (number, text) in [(1_u32, Some("a")), (70_000, None), (3, Some(""))] {
        bytes.extend([0, 2, 0, 0, 0, 4]);
        bytes.extend(number.to_be_bytes());
        match text {
            None => bytes.extend([0xff; 4]),
            Some(text) => {
                bytes.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    bytes.extend([0xff, 0xff]);
    bytes
}

fn reads() -> [ColumnRead; 2] {
    [("n", DataType::INT16), ("t", DataType::TEXT)]
        .map(|(name, wanted)| ColumnRead::new(ColumnRef::named(name), wanted))
}

fn decoder<'a>(reads: &'a [ColumnRead], zone: &'a Zone) -> Decoder<'a> {
    let natives = ["int4", "text"].map(|name| native(name, -1, false, name));
    Decoder::new(
        reads.iter().zip(&natives).map(|(read, native)| Field::new(read, native)).collect(),
        &[0],
        zone,
    )
}

#[test]
fn rows_come_whole_wherever_messages_are_cut() {
    let (reads, zone, message) = (reads(), Zone::utc(), message());
    for size in 1..=message.len() {
        let mut decoder = decoder(&reads, &zone);
        for part in message.chunks(size) {
            assert!(decoder.feed(part).unwrap());
        }
        assert!(decoder.is_complete());
        let (batch, rejected, last) = decoder.finish();
        let rows: Vec<Vec<Value>> = (0..batch.rows()).map(|row| batch.row(row)).collect();
        let row = |number, text: &str| vec![Value::Int(number), Value::Text(text.into())];
        assert_eq!(rows, [row(1, "a"), row(3, "")], "by {size}");
        let reason = Misfit::OutOfRange { value: "70000".into() };
        assert_eq!(rejected, [Rejected { key: Key(vec![Value::Int(70_000)]), column: "n".into(), reason }]);
        assert_eq!(last, Some(Key(vec![Value::Int(3)])));
    }
}

#[test]
fn a_full_page_tells_that_more_follows_and_where_it_ended() {
    let (reads, zone, message) = (reads(), Zone::utc(), message());
    for (rows_max, bytes_max, rows) in [(2, usize::MAX, 2), (usize::MAX, 1, 1), (1, 1, 1)] {
        let mut decoder = Decoder { rows_max, bytes_max, ..decoder(&reads, &zone) };
        assert!(!decoder.feed(&message).unwrap());
        assert_eq!((decoder.rows, decoder.more), (rows, true));
        let (_, _, last) = decoder.finish();
        assert_eq!(last, Some(Key(vec![Value::Int(if rows == 2 { 70_000 } else { 1 })])));
    }
    let mut decoder = Decoder { rows_max: 3, ..decoder(&reads, &zone) };
    assert!(decoder.feed(&message).unwrap());
    assert!(!decoder.more);
}

#[test]
fn other_bytes_are_an_error_not_a_row() {
    let (reads, zone) = (reads(), Zone::utc());
    let mut message = message();
    message[20] = 3;
    assert!(decoder(&reads, &zone).feed(&message).is_err());
    assert!(decoder(&reads, &zone).feed(b"no binary data at all").is_err());
}
