//! Values as people of a language write them.

use model::{Date, Value};
use store::{Cell, Changed, ListPage, PageColumn, Shows};

use crate::{Language, words::Words};

/// A value on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub text: String,
    /// Where what it names has its own page.
    pub href: Option<String>,
    /// `number`, `tag`, `quiet`, `masked`, or nothing.
    pub kind: &'static str,
}

pub(crate) fn cell(words: &Words, column: &PageColumn, cell: &Cell) -> Shown {
    if let Some(named) = &cell.refers {
        let href = named.path.as_ref().map(|path| format!("/{path}/{}", named.gid));
        return Shown { text: named.name.clone(), href, kind: "" };
    }
    if cell.masked {
        return Shown { text: cell.value.to_string(), kind: "masked", ..Shown::default() };
    }
    let choice = cell.choice.map(|at| &column.choices[at]).filter(|choice| choice.names_values());
    if let Some(choice) = choice {
        let kind = if choice.quiet { "quiet" } else { "tag" };
        return Shown { text: words.label(&choice.label).to_owned(), kind, ..Shown::default() };
    }
    let kind = if is_number(column) { "number" } else { "" };
    Shown { text: text(words.language, column.shows, &cell.value), kind, ..Shown::default() }
}

/// What a change did to a column: what people call it, before, and after.
pub(crate) fn changed(words: &Words, list: &ListPage, changed: &Changed) -> (String, Shown, Shown) {
    let column = changed.column.map(|at| &list.columns[at]);
    let label = column.map_or(words.region, |column| words.label(&column.label));
    let shown = |told: &Option<Cell>| match (told, column) {
        (None, _) => Shown::default(),
        (Some(told), Some(column)) => cell(words, column, told),
        (Some(told), None) => Shown { text: told.value.to_string(), ..Shown::default() },
    };
    (label.to_owned(), shown(&changed.before), shown(&changed.after))
}

pub(crate) const fn is_number(column: &PageColumn) -> bool {
    matches!(column.shows, Shows::Number | Shows::Money)
}

fn text(language: Language, shows: Shows, value: &Value) -> String {
    match (shows, value) {
        (_, Value::Null) => String::new(),
        (Shows::Date, Value::Text(text)) => turned(text).unwrap_or_else(|| text.clone()),
        (Shows::Number, Value::Int(number)) => whole(language, *number),
        (Shows::Money, Value::Int(number)) => format!("{}{}00", whole(language, *number), comma(language)),
        (Shows::Money, Value::Real(number)) => money(language, *number),
        (_, value) => value.to_string(),
    }
}

/// A value of a column of which nothing more is known.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => turned(text).unwrap_or_else(|| text.clone()),
        value => value.to_string(),
    }
}

/// Bytes as people read them: `1,2 MB`.
pub(crate) fn size(language: Language, bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}{}{}", bytes / unit, comma(language), bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

/// `2026-01-05` as `05.01.2026`; `None` for what is no date.
pub(crate) fn turned(text: &str) -> Option<String> {
    let (year, month, day) = Date::parse(text.trim())?.civil();
    Some(format!("{day:02}.{month:02}.{year:04}"))
}

const fn comma(language: Language) -> char {
    match language {
        Language::Turkish => ',',
        Language::English => '.',
    }
}

/// With a point (a comma) after every three figures.
pub(crate) fn whole(language: Language, number: i64) -> String {
    let figures = number.unsigned_abs().to_string();
    let between = match language {
        Language::Turkish => '.',
        Language::English => ',',
    };
    let mut written = String::from(if number < 0 { "-" } else { "" });
    for (at, figure) in figures.chars().enumerate() {
        if at > 0 && (figures.len() - at).is_multiple_of(3) {
            written.push(between);
        }
        written.push(figure);
    }
    written
}

/// `1234` as `12,34`.
pub(crate) fn hundredths(language: Language, number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let (whole_part, rest) = (number.unsigned_abs() / 100, number.unsigned_abs() % 100);
    let whole_part = whole(language, i64::try_from(whole_part).unwrap_or(i64::MAX));
    format!("{sign}{whole_part}{}{rest:02}", comma(language))
}

/// To the kuruş where that says it exactly; else as it is.
fn money(language: Language, number: f64) -> String {
    let written = format!("{number:.2}");
    if written.parse() != Ok(number) {
        return number.to_string().replace('.', &comma(language).to_string());
    }
    let (lira, kurus) = written.split_once('.').unwrap_or((&written, "00"));
    match lira.parse() {
        Ok(lira_number) => {
            let sign = if lira == "-0" { "-" } else { "" };
            format!("{sign}{}{}{kurus}", whole(language, lira_number), comma(language))
        }
        Err(_) => written,
    }
}

/// `2026-01` as `Ocak 2026`.
pub(crate) fn month(words: &Words, month: &str) -> String {
    let parts = month.split_once('-').and_then(|(year, month)| {
        let at = month.parse::<usize>().ok()?.checked_sub(1)?;
        Some((words.lists.months.get(at)?, year))
    });
    parts.map_or_else(|| month.to_owned(), |(name, year)| format!("{name} {year}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_does() {
        use Language::{English, Turkish};
        for (number, written) in [(0, "0"), (999, "999"), (1000, "1.000"), (-1_234_567, "-1.234.567")] {
            assert_eq!(whole(Turkish, number), written);
        }
        assert_eq!(whole(Turkish, i64::MIN), "-9.223.372.036.854.775.808");
        for (number, turkish, english) in [
            (1250.5, "1.250,50", "1,250.50"),
            (-0.5, "-0,50", "-0.50"),
            (0.1 + 0.2, "0,30000000000000004", "0.30000000000000004"),
            (1e30, "1000000000000000019884624838656.00", "1000000000000000019884624838656.00"),
        ] {
            assert_eq!(
                (money(Turkish, number).as_str(), money(English, number).as_str()),
                (turkish, english)
            );
        }
        assert_eq!(money(Turkish, f64::NAN), "NaN");
        for (number, written) in [(0, "0,00"), (5, "0,05"), (-105, "-1,05"), (123_456_789, "1.234.567,89")] {
            assert_eq!(hundredths(Turkish, number), written);
        }
        assert_eq!(hundredths(English, 123_450), "1,234.50");
    }

    #[test]
    fn dates_are_turned_and_what_is_none_stays() {
        assert_eq!(text(Language::Turkish, Shows::Date, &Value::Text("2026-01-05".into())), "05.01.2026");
        assert_eq!(text(Language::Turkish, Shows::Date, &Value::Text("dün".into())), "dün");
        assert_eq!(month(Words::of(Language::Turkish), "2026-12"), "Aralık 2026");
        assert_eq!(month(Words::of(Language::English), "2026-13"), "2026-13");
    }
}
