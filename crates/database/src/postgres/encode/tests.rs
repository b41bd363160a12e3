use model::{Batch, Date, Instant, Time, Uuid, Value};
use proptest::prelude::*;

use super::*;
use crate::postgres::{
    numeric::{self, Number},
    types::native,
};

fn form(name: &str, modifier: i32) -> Form {
    Form::of(&native(name, modifier, false, name))
}

/// The bytes of one value, without its length.
fn bytes(name: &str, modifier: i32, value: &Value) -> Result<Vec<u8>, Misfit> {
    let data_type = native(name, modifier, false, name).data_type;
    let mut column = Column::new(&data_type);
    column.push_value(value);
    let form = form(name, modifier);
    let mut out = Vec::new();
    put(&Field { column: &column, form: &form }, 0, &mut out)?;
    let (length, rest) = out.split_first_chunk::<4>().unwrap();
    assert_eq!(usize::try_from(u32::from_be_bytes(*length)).unwrap(), rest.len());
    Ok(rest.to_vec())
}

fn decimal(text: &str) -> Value {
    Value::Decimal(text.parse().unwrap())
}

/// Words of two bytes, as the server's `numeric_send` makes them.
fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

#[test]
fn values_have_the_bytes_that_the_server_sends() {
    assert_eq!(bytes("int2", -1, &Value::Int(-2)), Ok(vec![0xff, 0xfe]));
    assert_eq!(bytes("int4", -1, &Value::Int(258)), Ok(vec![0, 0, 1, 2]));
    assert_eq!(bytes("bool", -1, &Value::Bool(true)), Ok(vec![1]));
    assert_eq!(bytes("float4", -1, &Value::Real(1.5)), Ok(vec![0x3f, 0xc0, 0, 0]));
    assert_eq!(bytes("text", -1, &Value::Text("ı".into())), Ok(vec![0xc4, 0xb1]));
    assert_eq!(bytes("jsonb", -1, &Value::Json("{}".into())), Ok(b"\x01{}".to_vec()));
    assert_eq!(bytes("date", -1, &Value::Date(Date(1))), Ok(vec![0, 0, 0, 1]));
    assert_eq!(bytes("time", -1, &Value::Time(Time(3_000))), Ok(vec![0, 0, 0, 0, 0, 0, 0, 3]));
    let at = Timestamp { micros: -1, nanos: 0 };
    assert_eq!(bytes("timestamp", -1, &Value::Timestamp(at)), Ok(vec![0xff; 8]));
    assert_eq!(bytes("timestamptz", -1, &Value::Instant(Instant::utc(at))), Ok(vec![0xff; 8]));
    assert_eq!(bytes("uuid", -1, &Value::Uuid(Uuid::from_u128(7))).unwrap()[15], 7);
}

#[test]
fn numerics_have_the_digits_that_the_server_sends() {
    let cases: [(&str, &[u16]); 9] = [
        ("0", &[0, 0, 0, 0]),
        ("0.00", &[0, 0, 0, 2]),
        ("1", &[1, 0, 0, 0, 1]),
        ("-1.5", &[2, 0, 0x4000, 1, 1, 5000]),
        ("12345.6789", &[3, 1, 0, 4, 1, 2345, 6789]),
        ("0.00005", &[1, 0xfffe, 0, 5, 5000]),
        ("10000", &[1, 1, 0, 0, 1]),
        ("10000.00", &[1, 1, 0, 2, 1]),
        ("20000000000000000000000.1", &[7, 5, 0, 1, 200, 0, 0, 0, 0, 0, 1000]),
    ];
    for (text, expected) in cases {
        assert_eq!(bytes("numeric", -1, &decimal(text)), Ok(words(expected)), "{text}");
    }
}

#[test]
fn what_the_server_would_round_or_cut_is_refused() {
    let varchar3 = 3 + 4;
    let numeric_5_2 = ((5 << 16) | 2) + 4;
    let fine = Value::Timestamp(Timestamp { micros: 1_234_567, nanos: 0 });
    let finest = Value::Timestamp(Timestamp { micros: 0, nanos: 100 });
    assert_eq!(
        bytes("varchar", varchar3, &Value::Text("ab  ".into())),
        Err(Misfit::TooLong { length: 4, max: 3 })
    );
    assert!(bytes("varchar", varchar3, &Value::Text("şşş".into())).is_ok());
    assert_eq!(bytes("text", -1, &Value::Text("a\0".into())), Err(Misfit::Character { code: 0 }));
    assert!(matches!(bytes("numeric", numeric_5_2, &decimal("1.005")), Err(Misfit::TooPrecise { .. })));
    assert!(bytes("numeric", numeric_5_2, &decimal("1.500")).is_ok());
    assert!(matches!(bytes("timestamp", 3, &fine), Err(Misfit::TooPrecise { .. })));
    assert!(bytes("timestamp", -1, &fine).is_ok());
    assert!(matches!(bytes("timestamp", -1, &finest), Err(Misfit::TooPrecise { .. })));
    assert!(bytes("timestamp", 0, &Value::Timestamp(Timestamp::MAX_INFINITE)).is_ok());
    assert!(matches!(bytes("time", -1, &Value::Time(Time(1))), Err(Misfit::TooPrecise { .. })));
    assert!(matches!(bytes("int2", -1, &Value::Int(40_000)), Err(Misfit::OutOfRange { .. })));
    assert!(matches!(bytes("float4", -1, &Value::Real(0.1)), Err(Misfit::TooPrecise { .. })));
}

#[test]
fn a_message_ends_at_its_size_and_the_next_goes_on() {
    let forms = [form("int4", -1), form("text", -1)];
    let mut batch = Batch::new([&DataType::INT32, &DataType::TEXT]);
    for n in 0..10 {
        batch.push_row([Cell::Int(n), if n == 3 { Cell::Null } else { Cell::Text("x") }]);
    }
    let fields: Vec<Field<'_>> =
        forms.iter().zip(&batch.columns).map(|(form, column)| Field { column, form }).collect();
    let (mut parts, mut row, mut whole) = (0, 0, Vec::new());
    while row < 10 {
        let mut part = Vec::new();
        row = rows(&fields, row, 10, 30, &mut part).unwrap();
        whole.extend(part);
        parts += 1;
    }
    let mut at_once = Vec::new();
    rows(&fields, 0, 10, usize::MAX, &mut at_once).unwrap();
    assert_eq!((parts, &whole), (5, &at_once));
    assert_eq!(whole[..15], [0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, b'x']);
}

proptest! {
    #[test]
    fn every_decimal_round_trips(unscaled in -(10_i128.pow(38) - 1)..10_i128.pow(38), cut in 0_u32..38, scale in 0_u8..=38) {
        let value = Decimal::new(unscaled / 10_i128.pow(cut), scale).unwrap();
        let mut out = Vec::new();
        put_numeric(value, &mut out);
        let back = numeric::read(&out[4..]);
        prop_assert_eq!(&back, &Some(Number::Decimal(value)));
        let Some(Number::Decimal(back)) = back else { unreachable!() };
        prop_assert_eq!(back.to_string(), value.to_string());
    }
}
