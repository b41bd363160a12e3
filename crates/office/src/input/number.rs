//! Numbers and yes or no.

use model::Decimal;

use super::{InputError, fold};

/// A number with a decimal comma or a decimal point: `12,5`, `12.5`, `1.234,56` (points between thousands need a comma).
///
/// **Corrects** the old program, which took `12,5` and everything it could not read for 0.
///
/// # Errors
/// [`InputError::NotANumber`], also for an empty text, thousands that are no groups of three, and more than 38 digits.
pub fn decimal(text: &str) -> Result<Decimal, InputError> {
    let text = text.trim();
    let read = match text.split_once(',') {
        Some((whole, decimals)) => with_comma(whole, decimals),
        None => Some(text.to_owned()),
    };
    let is_plain = |text: &String| !text.contains(['e', 'E']);
    let read = read.filter(is_plain).and_then(|text| text.parse().ok());
    read.ok_or_else(|| InputError::NotANumber { text: text.into() })
}

/// The number with a decimal point and nothing between thousands.
fn with_comma(whole: &str, decimals: &str) -> Option<String> {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split('.');
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let is_grouped = rest.iter().all(|group| group.len() == 3 && is_digits(group))
        && (rest.is_empty() || (1..=3).contains(&first.trim_start_matches(['-', '+']).len()));
    (is_grouped && is_digits(decimals)).then(|| format!("{first}{}.{decimals}", rest.concat()))
}

/// A whole number; what stands behind the comma is left out, as in the old program (`60.7` is 60).
///
/// **Corrects** the old program, which took the text `60.0`, an empty one and everything it could not read for 0.
///
/// # Errors
/// [`InputError::NotANumber`], also beyond 64 bits.
pub fn whole(text: &str) -> Result<i64, InputError> {
    let number = decimal(text)?;
    let whole = number.unscaled() / 10_i128.pow(number.scale().into());
    i64::try_from(whole).map_err(|_| InputError::NotANumber { text: text.trim().into() })
}

/// A whole number as databases keep it (`60`; `60.0` in a column of another type), and nothing else.
///
/// # Errors
/// [`InputError::NotWhole`] for `1.5` and beyond 64 bits, else [`InputError::NotANumber`].
pub(crate) fn stored_whole(text: &str) -> Result<i64, InputError> {
    let number: Decimal = text.parse().map_err(|_| InputError::NotANumber { text: text.into() })?;
    number.to_i64().ok_or_else(|| InputError::NotWhole { text: text.into() })
}

/// Yes: `1` and every other whole number than 0, `true`, `yes`, `evet`, `e`. No: an empty text, `0`, `false`, `no`, `hayır`, `h`.
/// Whatever the letters' size.
///
/// **Corrects** the old program, in which everything it did not know meant no.
///
/// # Errors
/// [`InputError::NotAFlag`].
pub fn flag(text: &str) -> Result<bool, InputError> {
    let folded = fold(text.trim());
    match folded.as_str() {
        "true" | "yes" | "evet" | "e" => Ok(true),
        "" | "false" | "no" | "hayir" | "h" => Ok(false),
        number => number
            .parse::<i64>()
            .map(|number| number != 0)
            .map_err(|_| InputError::NotAFlag { text: text.trim().into() }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> InputError {
        InputError::NotANumber { text: text.into() }
    }

    #[test]
    fn a_decimal_comma_is_read() {
        for (text, wanted) in [
            ("12.5", "12.5"),
            ("12,5", "12.5"),
            (" 7,50 ", "7.50"),
            ("1.234,56", "1234.56"),
            ("-1.234.567,8", "-1234567.8"),
            ("1234,5", "1234.5"),
            ("0", "0"),
        ] {
            assert_eq!(decimal(text).map(|number| number.to_string()), Ok(wanted.into()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused_and_not_0() {
        for text in [
            "",
            "abc",
            "1,2,3",
            "12.34,5",
            "1.,5",
            "1,5.0",
            "12,",
            ",",
            "1e3",
            "NaN",
            "inf",
            "12 TL",
            "1234.567,8",
        ] {
            assert_eq!(decimal(text), Err(refused(text)), "{text:?}");
        }
    }

    #[test]
    fn whole_numbers_lose_what_is_behind_the_comma() {
        for (text, wanted) in
            [("60", 60), ("60.7", 60), (" 45 ", 45), ("60.0", 60), ("60,0", 60), ("-10", -10)]
        {
            assert_eq!(whole(text), Ok(wanted), "{text:?}");
        }
        for text in ["", "x", "9223372036854775808"] {
            assert_eq!(whole(text), Err(refused(text)), "{text:?}");
        }
    }

    #[test]
    fn yes_and_no_are_told_apart_and_the_rest_is_refused() {
        for text in ["1", "true", "TRUE", "yes", "Evet", "EVET", "e", "2", "-1", " 1 "] {
            assert_eq!(flag(text), Ok(true), "{text:?}");
        }
        for text in ["0", "", "false", "no", "Hayır", "HAYIR", "hayir", "h"] {
            assert_eq!(flag(text), Ok(false), "{text:?}");
        }
        for text in ["x", "evt", "1.5", "belki"] {
            assert_eq!(flag(text), Err(InputError::NotAFlag { text: text.into() }));
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_readers(text in "[-+0-9.,eE ]{0,45}|\\PC{0,9}") {
            let _ = (decimal(&text), whole(&text), flag(&text));
        }
    }
}
