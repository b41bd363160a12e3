use super::*;

fn to(value: Value, to: &DataType) -> Held {
    let zone = Zone::named("Europe/Istanbul").unwrap();
    coerce(value, to, Coercion { zone: &zone, null_texts: &[] })
}

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

#[test]
fn numbers_in_text_count_only_when_they_say_exactly_one_number() {
    assert_eq!(to(text("12"), &DataType::INT64), Ok(Value::Int(12)));
    for bad in ["12abc", "", " 12", "012", "1.5", "144/12", "9223372036854775808", "-0"] {
        assert!(to(text(bad), &DataType::INT64).is_err(), "{bad:?}");
    }
    assert_eq!(to(text("12.50"), &DataType::REAL), Ok(Value::Real(12.5)));
    assert!(to(text("0.10000000000000000001"), &DataType::REAL).is_err());
}

#[test]
fn an_empty_text_is_null_only_where_a_mapping_says_so_and_never_in_text() {
    let zone = Zone::utc();
    let rules = Coercion { zone: &zone, null_texts: &[String::new()] };
    assert_eq!(coerce(text(""), &DataType::REAL, rules), Ok(Value::Null));
    assert_eq!(coerce(text(""), &DataType::TEXT, rules), Ok(text("")));
    assert!(to(text(""), &DataType::REAL).is_err());
}

#[test]
fn nothing_is_rounded() {
    assert!(to(Value::Real(1.5), &DataType::INT64).is_err());
    assert!(to(Value::Int((1 << 53) + 1), &DataType::REAL).is_err());
    assert!(to(Value::Real(0.1), &DataType::Real { single: true, finite: false }).is_err());
    assert!(to(Value::Real(1.005), &DataType::Decimal(Some((18, 2)))).is_err());
    assert_eq!(to(Value::Real(12.34), &DataType::Decimal(Some((18, 4)))).unwrap().to_string(), "12.3400");
    assert!(to(Value::Real(-0.0), &DataType::INT64).is_err());
    assert!(to(Value::Int(300), &DataType::INT8_UNSIGNED).is_err());
    let datetime = DataType::Timestamp { fraction: Fraction::Tick300, years: (1753, 9999) };
    assert!(to(text("2026-01-01 00:00:00.003"), &datetime).is_ok());
    assert!(to(text("2026-01-01 00:00:00.004"), &datetime).is_err());
    assert!(to(text("1700-01-01 00:00:00"), &datetime).is_err());
}

#[test]
fn nothing_is_cut() {
    let nvarchar = |max, unit| DataType::Text { max: Some(max), unit, traits: TextTraits::UNLIMITED };
    assert!(to(text("ığüşöç"), &nvarchar(6, TextUnit::Chars)).is_ok());
    assert_eq!(
        to(text("ığüşöçİ"), &nvarchar(6, TextUnit::Chars)),
        Err(Misfit::TooLong { length: 7, max: 6 })
    );
    assert!(to(text("😀"), &nvarchar(1, TextUnit::Utf16)).is_err());
    assert!(to(Value::Bytes(vec![0; 9]), &DataType::Bytes { max: Some(8) }).is_err());
    let no_nul = DataType::Text { max: None, unit: TextUnit::Chars, traits: TextTraits::default() };
    assert_eq!(to(text("a\0b"), &no_nul), Err(Misfit::Character { code: 0 }));
}

#[test]
fn a_date_never_becomes_an_instant() {
    assert!(to(Value::Date(Date(0)), &DataType::INSTANT).is_err());
    assert!(to(text("2026-01-01"), &DataType::INSTANT).is_err());
    let local = to(text("2025-12-01 00:00:00"), &DataType::INSTANT).unwrap();
    assert_eq!(local.to_string(), "2025-11-30 21:00:00+00:00");
    assert_eq!(to(local, &DataType::TIMESTAMP).unwrap().to_string(), "2025-12-01 00:00:00");
}

#[test]
fn impossible_dates_are_refused() {
    for bad in ["0000-00-00", "2023-02-29", "dün", "31.12.2025", "2025-12-31 10:00:00"] {
        assert!(to(text(bad), &DataType::DATE).is_err(), "{bad:?}");
    }
}
