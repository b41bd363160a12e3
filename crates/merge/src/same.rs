//! Whether two contents under one local id speak of the same thing.
//!
//! An id can come to hold another thing: the row was deleted and its number used again, or a REPLACE put something
//! else there. Taking that for an update would hang one person's history on another. The rule, in this order:
//!
//! 1. A natural key that is equal settles it: the same.
//! 2. So does an identifying column that is equal (letters and digits count; what has not two different digits is no
//!    number that somebody gave).
//! 3. All telling columns are equal, or their texts are akin (share a word or most letter pairs): the same. Several
//!    tell only together: another person's day, or another day of a person, is another thing.
//! 4. An identifying column differs, or there are several telling columns: another thing.
//! 5. More of the remaining columns that say something on both sides agree than differ: the same (a corrected name or
//!    plate). More differ, or as many: another thing.
//! 6. Nothing remains to compare: unsure. denk keeps both and says so.
//!
//! Columns of region and blank cells say nothing here.

use std::collections::HashSet;

use model::Value;

use crate::{Cells, ColumnId, TableRules, natural_key, row::is_blank};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    Same,
    Other,
    Unsure,
}

/// Judges two contents in global form.
#[must_use]
pub fn sameness(rules: &TableRules, before: &Cells, now: &Cells) -> Sameness {
    let key = natural_key(rules, before);
    if key.is_some() && key == natural_key(rules, now) {
        return Sameness::Same;
    }
    let identity = Identity::of(rules, before, now);
    if identity == Identity::Equal {
        return Sameness::Same;
    }
    let telling = |column: &ColumnId| speaks(before, now, *column);
    let compared: Vec<_> = rules.telling.iter().copied().filter(telling).collect();
    if !compared.is_empty() && compared.iter().all(|column| akin(&before[column.0], &now[column.0])) {
        return Sameness::Same;
    }
    if identity == Identity::Different || compared.len() > 1 {
        return Sameness::Other;
    }
    let region = rules.region_columns().0;
    let own = [&rules.telling[..], &rules.identifying].concat();
    let rest = rules.column_ids().filter(|column| Some(*column) != region && !own.contains(column));
    let (equal, different): (Vec<_>, Vec<_>) = rest
        .filter(|column| speaks(before, now, *column))
        .partition(|column| before[column.0] == now[column.0]);
    match (equal.len(), different.len()) {
        (0, 0) if compared.is_empty() => Sameness::Same,
        (0, 0) => Sameness::Unsure,
        (equal, different) if equal > different => Sameness::Same,
        _ => Sameness::Other,
    }
}

/// What the identifying columns say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    Equal,
    Different,
    /// One of the two has no number that somebody gave.
    Silent,
}

impl Identity {
    #[must_use]
    pub fn of(rules: &TableRules, before: &Cells, now: &Cells) -> Self {
        let both = |column: &ColumnId| Some((number(&before[column.0])?, number(&now[column.0])?));
        let compared: Vec<_> = rules.identifying.iter().filter_map(both).collect();
        match compared.iter().any(|(before, now)| before == now) {
            true => Self::Equal,
            false if compared.is_empty() => Self::Silent,
            false => Self::Different,
        }
    }
}

/// The letters and digits of a number that somebody gave; `None` for what only fills a field (`-`, `yok`, `000`).
fn number(cell: &Option<Value>) -> Option<String> {
    let text = match cell.as_ref()? {
        Value::Text(text) => text.to_uppercase(),
        Value::Int(number) => number.to_string(),
        _ => return None,
    };
    let digits: HashSet<char> = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() > 1).then(|| text.chars().filter(|c| c.is_alphanumeric()).collect())
}

/// Both sides say something in this column.
fn speaks(before: &Cells, now: &Cells, column: ColumnId) -> bool {
    !is_blank(before[column.0].as_ref()) && !is_blank(now[column.0].as_ref())
}

fn akin(before: &Option<Value>, now: &Option<Value>) -> bool {
    match (before, now) {
        (Some(Value::Text(before)), Some(Value::Text(now))) => before == now || texts_akin(before, now),
        (before, now) => before == now,
    }
}

/// Share a word of three letters or more, or at least half of their letter pairs. Dates and codes (no letters) are
/// never akin.
fn texts_akin(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    if !a.contains(char::is_alphabetic) || a.contains(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let words = |text: &'_ str| -> HashSet<String> {
        text.split_whitespace().filter(|word| word.chars().count() > 2).map(str::to_owned).collect()
    };
    if !words(&a).is_disjoint(&words(&b)) {
        return true;
    }
    let pairs = |text: &str| -> HashSet<(char, char)> { text.chars().zip(text.chars().skip(1)).collect() };
    let (a, b) = (pairs(&a), pairs(&b));
    let shared = a.intersection(&b).count();
    shared > 0 && 4 * shared >= a.len() + b.len()
}
