//! The types that cases use, and where values of each come from: any at all, mixed with the extremes.

use model::{DataType, Date, Decimal, Fraction, Instant, TextTraits, TextUnit, Time, Timestamp, Uuid, Value};
use proptest::prelude::*;
use proptest::sample::select;

/// Text that every database holds: no U+0000.
pub const TEXT: DataType = DataType::Text {
    max: None,
    unit: TextUnit::Chars,
    traits: TextTraits { nul: false, padded: false, code_page: 0 },
};

/// A float that every database holds: neither NaN nor infinite.
pub const FLOAT: DataType = DataType::Real { single: false, finite: true };

/// A type and its values.
pub struct Kind {
    pub data_type: DataType,
    pub values: BoxedStrategy<Value>,
}

pub const fn text(max: u32) -> DataType {
    limited(max, TextUnit::Chars)
}

pub const fn limited(max: u32, unit: TextUnit) -> DataType {
    DataType::Text { max: Some(max), unit, traits: TextTraits { nul: false, padded: false, code_page: 0 } }
}

pub const fn timestamps(digits: u8) -> DataType {
    DataType::Timestamp { fraction: Fraction::Digits(digits), years: (1, 9999) }
}

pub const fn instants(digits: u8, keeps_offset: bool) -> DataType {
    DataType::Instant { fraction: Fraction::Digits(digits), years: (1, 9999), keeps_offset }
}

const ALL_YEARS: (i32, i32) = (i32::MIN, i32::MAX);
const FIRST_DAY: i32 = -730_119;
const LAST_DAY: i32 = 2_921_939;
const NANOS_PER_DAY: i64 = 86_400_000_000_000;
const CODE_PAGE_1254: &str = "abcXYZ 0129ığüşöçİĞÜŞÖÇâî€’…";

fn kind(data_type: DataType, values: impl Strategy<Value = Value> + 'static) -> Kind {
    Kind { data_type, values: values.boxed() }
}

pub fn numbers() -> Vec<Kind> {
    let mut kinds = vec![
        kind(DataType::Bool, any::<bool>().prop_map(Value::Bool)),
        integers(0, 255),
        integers(i16::MIN.into(), i16::MAX.into()),
        integers(i32::MIN.into(), i32::MAX.into()),
        integers(i64::MIN, i64::MAX),
        kind(DataType::REAL, floats()),
        kind(FLOAT, floats().prop_filter("finite", |value| matches!(value, Value::Real(r) if r.is_finite()))),
        kind(DataType::Real { single: true, finite: true }, singles()),
        kind(DataType::Decimal(None), (digits(38), 0_u8..=38).prop_map(|(n, scale)| decimal(n, scale))),
    ];
    for (precision, scale) in [(38, 0), (38, 38), (38, 12), (28, 4), (19, 4), (18, 4), (9, 2), (5, 5), (1, 0)]
    {
        let values = digits(precision).prop_map(move |n| decimal(n, scale));
        kinds.push(kind(DataType::Decimal(Some((precision, scale))), values));
    }
    kinds
}

fn integers(min: i64, max: i64) -> Kind {
    let values = prop_oneof![3 => min..=max, 1 => select(vec![min, max, 0, 1, min / 2])];
    kind(DataType::Int { min, max }, values.prop_map(Value::Int))
}

pub const REALS: [f64; 16] = [
    0.0,
    -0.0,
    f64::MIN,
    f64::MAX,
    f64::MIN_POSITIVE,
    5e-324,
    -5e-324,
    2.225_073_858_507_201e-308,
    f64::EPSILON,
    0.1,
    0.300_000_000_000_000_04,
    1.797_693_134_862_315_5e308,
    9_007_199_254_740_993.0,
    123_456_789.123_456_79,
    1e23,
    -1.0 / 3.0,
];

fn floats() -> impl Strategy<Value = Value> {
    let any = proptest::num::f64::ANY.prop_map(|r| if r.is_nan() { f64::NAN } else { r });
    prop_oneof![4 => any, 1 => select(REALS.to_vec())].prop_map(Value::Real)
}

fn singles() -> impl Strategy<Value = Value> {
    let extremes = vec![0.0, -0.0, f32::MIN, f32::MAX, f32::MIN_POSITIVE, 1e-45, 0.1, 16_777_217.0];
    let finite = proptest::num::f32::ANY.prop_filter("finite", |r: &f32| r.is_finite());
    prop_oneof![4 => finite, 1 => select(extremes)].prop_map(|r| Value::Real(r.into()))
}

/// Whole numbers of at most so many digits, short ones as often as long ones.
fn digits(max: u8) -> impl Strategy<Value = i128> {
    let limit = |digits: u8| 10_i128.pow(digits.into()) - 1;
    prop_oneof![
        4 => (1..=max).prop_flat_map(move |digits| -limit(digits)..=limit(digits)),
        1 => select(vec![0, limit(max), -limit(max), 1, -1]),
    ]
}

fn decimal(unscaled: i128, scale: u8) -> Value {
    Value::Decimal(Decimal::new(unscaled, scale).unwrap())
}

pub fn texts() -> Vec<Kind> {
    let traits = TextTraits { nul: false, padded: false, code_page: 0 };
    let padded = DataType::Text {
        max: Some(10),
        unit: TextUnit::Chars,
        traits: TextTraits { padded: true, ..traits },
    };
    let turkish = DataType::Text {
        max: Some(30),
        unit: TextUnit::Bytes,
        traits: TextTraits { code_page: 1254, ..traits },
    };
    let ansi = proptest::collection::vec(select(CODE_PAGE_1254.chars().collect::<Vec<_>>()), 0..=30);
    vec![
        kind(TEXT, strings(40, false).prop_map(Value::Text)),
        kind(DataType::TEXT, strings(10, true).prop_map(Value::Text)),
        kind(text(20), strings(20, false).prop_map(Value::Text)),
        kind(
            limited(20, TextUnit::Utf16),
            strings(20, false).prop_map(|text| Value::Text(cut(text, |t| t.encode_utf16().count() <= 20))),
        ),
        kind(padded, strings(10, false).prop_map(|text| Value::Text(text.trim_end_matches(' ').to_owned()))),
        kind(turkish, ansi.prop_map(|chars| Value::Text(chars.into_iter().collect()))),
        kind(DataType::BYTES, bytes(40)),
        kind(DataType::Bytes { max: Some(16) }, bytes(16)),
        kind(DataType::Json, json(3).prop_map(Value::Json)),
        kind(DataType::Uuid, uuids()),
    ]
}

fn bytes(max: usize) -> impl Strategy<Value = Value> {
    proptest::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(b' ')], 0..=max).prop_map(Value::Bytes)
}

fn uuids() -> impl Strategy<Value = Value> {
    prop_oneof![4 => any::<u128>(), 1 => select(vec![0, u128::MAX, 1, 1 << 127])]
        .prop_map(|n| Value::Uuid(Uuid::from_u128(n)))
}

fn strings(max: usize, nul: bool) -> impl Strategy<Value = String> {
    let liked: Vec<char> =
        "ığüşöçİIiĞ '\"\\\t\r\n%_;-{}[]$?@:aA0\u{7f}\u{85}\u{a0}\u{301}\u{fffd}\u{feff}😀𝄞".chars().collect();
    let character = prop_oneof![2 => select(liked), 1 => any::<char>(), 1 => proptest::char::range(' ', '~')];
    let or_nul = prop_oneof![9 => character, u32::from(nul) => Just('\0')];
    proptest::collection::vec(or_nul, 0..=max)
        .prop_map(move |chars| chars.into_iter().filter(|c| nul || *c != '\0').collect())
}

fn cut(mut text: String, fits: impl Fn(&str) -> bool) -> String {
    while !fits(&text) {
        text.pop();
    }
    text
}

/// JSON documents, nested up to `depth`.
fn json(depth: u32) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        Just("1.10".to_owned()),
        Just("-0.5e-7".to_owned()),
        strings(8, false).prop_map(|text| json_text(&text)),
    ];
    leaf.prop_recursive(depth, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(", "))),
            proptest::collection::vec(inner, 0..4).prop_map(|items| {
                let members: Vec<String> =
                    items.iter().enumerate().map(|(at, item)| format!("\"k{at}\":{item}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// A text as JSON writes it.
fn json_text(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

pub fn times() -> Vec<Kind> {
    let mut kinds = vec![
        kind(DataType::DATE, dates(FIRST_DAY, LAST_DAY).prop_map(Value::Date)),
        kind(DataType::Date { years: ALL_YEARS }, any_dates()),
        kind(
            DataType::Timestamp { fraction: Fraction::Tick300, years: (1753, 9999) },
            // 1753-01-01 is day -90214.
            (-90_214..=LAST_DAY, 0..25_920_000_i64).prop_map(|(day, tick)| ticks(day, tick)),
        ),
        kind(
            DataType::Timestamp { fraction: Fraction::Minute, years: (1900, 2078) },
            (-36_524..=28_854, 0..1440_i64).prop_map(|(day, minute)| at(Date(day), minute * 60_000_000_000)),
        ),
        kind(DataType::Timestamp { fraction: Fraction::Digits(6), years: ALL_YEARS }, any_timestamps()),
    ];
    for digits in [0, 3, 6, 7, 9] {
        kinds.push(kind(DataType::Time { digits }, nanos(digits).prop_map(|n| Value::Time(Time(n)))));
        let days = dates(FIRST_DAY, LAST_DAY);
        kinds.push(kind(timestamps(digits), (days, nanos(digits)).prop_map(|(day, n)| at(day, n))));
    }
    for (digits, keeps_offset) in [(0, false), (6, false), (7, true), (9, true)] {
        let offset = if keeps_offset { -14 * 60..=14 * 60_i16 } else { 0..=0 };
        // A day inside, so that the wall clock of each offset has a year from 1 to 9999.
        let utc = (dates(FIRST_DAY + 1, LAST_DAY - 1), nanos(digits))
            .prop_map(|(day, n)| Timestamp::new(day, Time(n)));
        let values =
            (utc, offset).prop_map(|(utc, offset_minutes)| Value::Instant(Instant { utc, offset_minutes }));
        kinds.push(kind(instants(digits, keeps_offset), values));
    }
    kinds
}

fn at(day: Date, nanos: i64) -> Value {
    Value::Timestamp(Timestamp::new(day, Time(nanos)))
}

/// A 300th of a second as SQL Server rounds it: .000, .003, .007.
fn ticks(day: i32, tick: i64) -> Value {
    let millis = tick / 3 * 10 + [0, 3, 7][usize::try_from(tick % 3).unwrap()];
    at(Date(day), millis * 1_000_000)
}

fn dates(first: i32, last: i32) -> impl Strategy<Value = Date> {
    let unusual = vec![first, last, 0, -36_526, 59, 60, -10_957];
    prop_oneof![4 => first..=last, 1 => select(unusual)].prop_map(Date)
}

/// Nanoseconds of a day with so many digits of fraction.
fn nanos(digits: u8) -> impl Strategy<Value = i64> {
    let step = 10_i64.pow(9 - u32::from(digits));
    let last = NANOS_PER_DAY / step - 1;
    prop_oneof![4 => 0..=last, 1 => select(vec![0, last, 1, last / 2])].prop_map(move |n| n * step)
}

/// As far as PostgreSQL goes: 4713 BC to the year 5874897, and both infinities.
fn any_dates() -> impl Strategy<Value = Value> {
    let extremes = vec![i32::MAX, i32::MIN, -2_451_545, 2_145_031_948, FIRST_DAY - 1, LAST_DAY + 1];
    prop_oneof![2 => FIRST_DAY - 400_000..=LAST_DAY + 400_000, 1 => select(extremes)]
        .prop_map(|n| Value::Date(Date(n)))
}

/// As far as PostgreSQL goes: to the end of the year 294276.
fn any_timestamps() -> impl Strategy<Value = Value> {
    let infinite = vec![Timestamp::MAX_INFINITE, Timestamp::MIN_INFINITE];
    let finite = (-2_451_545..=106_751_982, nanos(6)).prop_map(|(day, n)| Timestamp::new(Date(day), Time(n)));
    prop_oneof![4 => finite, 1 => select(infinite)].prop_map(Value::Timestamp)
}

/// What a column without a type may hold, cell by cell.
pub fn mixed() -> Vec<Kind> {
    let values = prop_oneof![
        any::<i64>().prop_map(Value::Int),
        floats(),
        strings(20, true).prop_map(Value::Text),
        bytes(20),
        Just(Value::Null),
        select(vec!["1", "1.0", "0x10", " 1", "1e5", "NaN", "9223372036854775808"])
            .prop_map(|t| Value::Text(t.to_owned())),
    ];
    vec![kind(DataType::Any, values)]
}
