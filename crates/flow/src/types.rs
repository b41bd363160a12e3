//! Column types in words, for flow files and `--type`.

use model::{DataType, Fraction, TextTraits, TextUnit};

/// `text`, `varchar(25)`, `integer`, `bigint`, `real`, `numeric(18,4)`, `boolean`, `date`, `time`, `timestamp`,
/// `timestamptz`, `uuid`, `json`, `bytes`.
#[must_use]
pub fn from_words(words: &str) -> Option<DataType> {
    let lower = words.trim().to_ascii_lowercase();
    let (name, limits) = match lower.split_once('(') {
        Some((name, rest)) => (name.trim(), numbers(rest.strip_suffix(')')?)?),
        None => (lower.as_str(), Vec::new()),
    };
    let micros = Fraction::Digits(6);
    Some(match (name, limits.as_slice()) {
        ("text" | "varchar" | "nvarchar", []) => DataType::TEXT,
        ("varchar" | "nvarchar", [max]) => {
            DataType::Text { max: Some(*max), unit: TextUnit::Chars, traits: TextTraits::UNLIMITED }
        }
        ("smallint", []) => DataType::INT16,
        ("integer" | "int", []) => DataType::INT32,
        ("bigint", []) => DataType::INT64,
        ("real" | "float" | "double", []) => DataType::REAL,
        ("numeric" | "decimal", []) => DataType::Decimal(None),
        ("numeric" | "decimal", [p, s]) if *p <= 38 && s <= p => {
            DataType::Decimal(Some((u8::try_from(*p).ok()?, u8::try_from(*s).ok()?)))
        }
        ("boolean" | "bool", []) => DataType::Bool,
        ("date", []) => DataType::DATE,
        ("time", []) => DataType::Time { digits: 6 },
        ("timestamp" | "datetime", []) => DataType::Timestamp { fraction: micros, years: (1, 9999) },
        ("timestamptz", []) => DataType::Instant { fraction: micros, years: (1, 9999), keeps_offset: false },
        ("uuid", []) => DataType::Uuid,
        ("json", []) => DataType::Json,
        ("bytes" | "blob", []) => DataType::BYTES,
        _ => return None,
    })
}

fn numbers(list: &str) -> Option<Vec<u32>> {
    list.split(',').map(|number| number.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_types_and_nonsense_does_not() {
        assert_eq!(from_words("NUMERIC(18, 4)"), Some(DataType::Decimal(Some((18, 4)))));
        assert_eq!(from_words("text"), Some(DataType::TEXT));
        for bad in ["numeric(4,18)", "numeric(40,2)", "varchar(x)", "text(", "money", ""] {
            assert_eq!(from_words(bad), None, "{bad}");
        }
    }
}
