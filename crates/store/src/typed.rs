//! Values that people type for a column.
//!
//! Nothing is guessed: what is not clearly a value of the column's kind is refused, and says why.

use merge::{ColumnRule, ColumnType, Holds};
use model::{Date, Value};

/// Why a text is no value of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The column must say something.
    Blank,
    Date,
    Time,
    Whole,
    Number,
    /// It names another row: that is not typed.
    Reference,
    Long,
    /// The column's values have names, and this is none of them.
    Choice,
}

/// How a language writes numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Before the fraction.
    pub comma: char,
    /// After every three figures, if anything.
    pub point: char,
}

impl Figures {
    pub const TURKISH: Self = Self { comma: ',', point: '.' };
    pub const ENGLISH: Self = Self { comma: '.', point: ',' };
}

const CHARS_MAX: usize = 4000;

/// **Shape**: blanks around it mean nothing; nothing typed is NULL where a text may be empty. A date or a number is not emptied by a field
/// that was left blank: who wants that takes the side that says nothing.
pub(crate) fn value(column: &ColumnRule, text: &str, figures: Figures) -> Result<Value, Unfit> {
    let text = text.trim();
    if column.reference.is_some() {
        return Err(Unfit::Reference);
    }
    if text.is_empty() {
        let is_text = column.data_type == ColumnType::Text && column.holds.is_none();
        return if column.not_null || !is_text { Err(Unfit::Blank) } else { Ok(Value::Null) };
    }
    if text.chars().count() > CHARS_MAX {
        return Err(Unfit::Long);
    }
    match (column.data_type, column.holds) {
        (ColumnType::Integer, _) => {
            plain(text, figures).and_then(|text| text.parse().ok()).map(Value::Int).ok_or(Unfit::Whole)
        }
        (ColumnType::Real, _) => real(text, figures).map(Value::Real).ok_or(Unfit::Number),
        (ColumnType::Text, Some(Holds::Date)) => date(text).map(Value::Text).ok_or(Unfit::Date),
        (ColumnType::Text, Some(Holds::Time)) => time(text).map(Value::Text).ok_or(Unfit::Time),
        (ColumnType::Text, None) => {
            Ok(Value::Text(text.chars().filter(|c| !c.is_control() || *c == '\n').collect()))
        }
    }
}

/// A value as somebody types it.
///
/// **Invariants**: what a column of this kind holds is read again as the same value, or refused: never as another one.
pub(crate) fn written(column: &ColumnRule, value: &Value, figures: Figures) -> String {
    match (value, column.holds) {
        (Value::Null, _) => String::new(),
        (Value::Real(number), _) => number.to_string().replace('.', &figures.comma.to_string()),
        (Value::Text(text), Some(Holds::Date)) => turned(text).unwrap_or_else(|| text.clone()),
        (value, _) => value.to_string(),
    }
}

/// `2026-01-05` as `05.01.2026`.
fn turned(text: &str) -> Option<String> {
    let (year, month, day) = Date::parse(&date(text)?)?.civil();
    Some(format!("{day:02}.{month:02}.{year:04}"))
}

fn real(text: &str, figures: Figures) -> Option<f64> {
    let (whole, rest) = text.split_once(figures.comma).unwrap_or((text, "0"));
    let is_figures = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    let number: f64 = format!("{}.{rest}", plain(whole, figures)?).parse().ok()?;
    Some(number).filter(|number| is_figures && number.is_finite())
}

/// Figures without what stands after every three of them. A point anywhere else is no such thing: it could be a comma.
fn plain(text: &str, figures: Figures) -> Option<String> {
    let (sign, figures_of) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let mut parts = figures_of.split(figures.point);
    let first = parts.next()?;
    let rest: Vec<&str> = parts.collect();
    let is_first = !first.is_empty() && (rest.is_empty() || first.len() <= 3);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = is_first && digits(first) && rest.iter().all(|part| part.len() == 3 && digits(part));
    fits.then(|| [sign, first, &rest.concat()].concat())
}

/// `2026-01-05`, typed so or as `05.01.2026`, `5.1.2026`.
fn date(text: &str) -> Option<String> {
    let turned = match text.split('.').collect::<Vec<_>>()[..] {
        [day, month, year] if year.len() == 4 && day.len() <= 2 && month.len() <= 2 => {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        _ => text.to_owned(),
    };
    let (year, month, day) = Date::parse(&turned)?.civil();
    let written = format!("{year:04}-{month:02}-{day:02}");
    (written == turned).then_some(written)
}

/// `HH:MM`, typed so or as `8:30`, `08.30`.
fn time(text: &str) -> Option<String> {
    let (hour, minute) = text.split_once([':', '.'])?;
    let is_number =
        |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit());
    let fits = is_number(hour) && is_number(minute) && minute.len() == 2;
    let (hour, minute): (u8, u8) =
        if fits { (hour.parse().ok()?, minute.parse().ok()?) } else { return None };
    (hour < 24 && minute < 60).then(|| format!("{hour:02}:{minute:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: ColumnType, holds: Option<Holds>, not_null: bool) -> ColumnRule {
        let (default, reference, conflict) = Default::default();
        ColumnRule { name: "x".to_owned(), data_type, default, not_null, reference, conflict, holds }
    }

    fn typed(data_type: ColumnType, holds: Option<Holds>, text: &str) -> Result<Value, Unfit> {
        value(&column(data_type, holds, false), text, Figures::TURKISH)
    }

    #[test]
    fn numbers_are_read_as_the_language_writes_them_and_never_guessed() {
        let real = |text| typed(ColumnType::Real, None, text);
        for (text, number) in [("1.250,5", 1250.5), ("12", 12.0), ("-0,25", -0.25), ("1.000.000", 1e6)] {
            assert_eq!(real(text), Ok(Value::Real(number)), "{text}");
        }
        for bad in
            ["12.5", "1,2,3", "1.25,0", ",5", "5,", "1e9", "inf", "NaN", "0x1", "--1", "1 000", "12.34.567"]
        {
            assert_eq!(real(bad), Err(Unfit::Number), "{bad}");
        }
        let whole = |text| typed(ColumnType::Integer, None, text);
        assert_eq!(whole(" 12.500 "), Ok(Value::Int(12_500)));
        for bad in ["1,5", "12.50", "99999999999999999999", "x", "-"] {
            assert_eq!(whole(bad), Err(Unfit::Whole), "{bad}");
        }
        let english = value(&column(ColumnType::Real, None, false), "1,250.5", Figures::ENGLISH);
        assert_eq!(english, Ok(Value::Real(1250.5)));
    }

    #[test]
    fn dates_and_times_are_stored_as_the_columns_hold_them() {
        let date = |text| typed(ColumnType::Text, Some(Holds::Date), text);
        for text in ["2026-01-05", "05.01.2026", "5.1.2026", " 05.01.2026 "] {
            assert_eq!(date(text), Ok(Value::Text("2026-01-05".into())), "{text}");
        }
        for bad in ["29.02.2026", "2026-13-01", "5.1.26", "05/01/2026", "yarın", "1.2.3.2026"] {
            assert_eq!(date(bad), Err(Unfit::Date), "{bad}");
        }
        let time = |text| typed(ColumnType::Text, Some(Holds::Time), text);
        for (text, held) in [("8:30", "08:30"), ("08.30", "08:30"), ("23:59", "23:59")] {
            assert_eq!(time(text), Ok(Value::Text(held.into())), "{text}");
        }
        for bad in ["24:00", "99:25", "8:5", "0830", "8", "-1:00", "8:30:00"] {
            assert_eq!(time(bad), Err(Unfit::Time), "{bad}");
        }
    }

    #[test]
    fn a_value_that_is_shown_in_a_field_is_read_again_as_it_was() {
        let real = |number| Value::Real(number);
        let text = |text: &str| Value::Text(text.to_owned());
        for figures in [Figures::TURKISH, Figures::ENGLISH] {
            for (data_type, holds, held) in [
                (ColumnType::Integer, None, Value::Int(-1_250_000)),
                (ColumnType::Real, None, real(12.345)),
                (ColumnType::Real, None, real(-1250.5)),
                (ColumnType::Real, None, real(1e21)),
                (ColumnType::Text, None, text("2026-01-05")),
                (ColumnType::Text, None, text("12.345")),
                (ColumnType::Text, Some(Holds::Date), text("2026-01-05")),
                (ColumnType::Text, Some(Holds::Time), text("08:30")),
                (ColumnType::Text, None, Value::Null),
            ] {
                let column = column(data_type, holds, false);
                let shown = written(&column, &held, figures);
                assert_eq!(value(&column, &shown, figures), Ok(held), "{shown}");
            }
            let column = column(ColumnType::Integer, None, false);
            let shown = written(&column, &Value::Real(12.345), figures);
            assert_eq!(
                value(&column, &shown, figures),
                Err(Unfit::Whole),
                "{shown}: not of the column's kind"
            );
        }
        let date = column(ColumnType::Text, Some(Holds::Date), false);
        assert_eq!(written(&date, &text("2026-01-05"), Figures::TURKISH), "05.01.2026");
        assert_eq!(written(&date, &text("dün"), Figures::TURKISH), "dün");
    }

    #[test]
    fn nothing_typed_is_nothing_where_the_column_may_say_nothing() {
        assert_eq!(typed(ColumnType::Text, None, "  "), Ok(Value::Null));
        for (kind, holds) in [
            (ColumnType::Text, Some(Holds::Date)),
            (ColumnType::Text, Some(Holds::Time)),
            (ColumnType::Integer, None),
            (ColumnType::Real, None),
        ] {
            assert_eq!(
                typed(kind, holds, " "),
                Err(Unfit::Blank),
                "{kind:?}: a field left blank empties nothing"
            );
        }
        assert_eq!(value(&column(ColumnType::Text, None, true), "", Figures::TURKISH), Err(Unfit::Blank));
        assert_eq!(typed(ColumnType::Text, None, &"x".repeat(4001)), Err(Unfit::Long));
        assert_eq!(typed(ColumnType::Text, None, "a\u{7}b"), Ok(Value::Text("ab".into())));
    }
}
