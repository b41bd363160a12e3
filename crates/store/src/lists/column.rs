//! One column of a table in memory: each of its values once, and which of them a row has.

use std::{collections::HashMap, sync::OnceLock};

use model::Value;

use super::letters;

/// **Invariants**: value 0 is NULL; a value's number stays as long as the column is.
#[derive(Debug)]
pub(super) struct Column {
    rows: Vec<u32>,
    values: Vec<Value>,
    known: HashMap<Value, u32>,
    /// The values' places in order; made when it is asked for.
    order: OnceLock<Vec<u32>>,
}

/// The last place, in whichever direction: where what says nothing stands.
pub(super) const LAST: u32 = u32::MAX;

/// What values are sorted by: numbers before texts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    Number(Value),
    Text(Vec<u32>, String),
}

impl Column {
    pub fn new() -> Self {
        let known = HashMap::from([(Value::Null, 0)]);
        Self { rows: Vec::new(), values: vec![Value::Null], known, order: OnceLock::new() }
    }

    pub fn push(&mut self, value: Value) {
        let number = self.number(value);
        self.rows.push(number);
    }

    pub fn set(&mut self, row: usize, value: Value) {
        self.rows[row] = self.number(value);
    }

    pub fn swap_remove(&mut self, row: usize) {
        self.rows.swap_remove(row);
    }

    fn number(&mut self, value: Value) -> u32 {
        if let Some(number) = self.known.get(&value) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).unwrap_or(0);
        self.values.push(value.clone());
        self.known.insert(value, number);
        self.order = OnceLock::new();
        number
    }

    /// The number of each row's value.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    pub fn values(&self) -> &[Value] {
        &self.values
    }

    pub fn value(&self, row: usize) -> &Value {
        &self.values[self.rows[row] as usize]
    }

    /// Each value's place among the others; [`LAST`] for what says nothing.
    pub fn order(&self) -> &[u32] {
        self.order.get_or_init(|| ranks(self.values.iter().map(sort_key)))
    }
}

/// `None`: it says nothing.
pub(super) fn sort_key(value: &Value) -> Option<SortKey> {
    match value {
        Value::Null => None,
        Value::Text(text) => text_key(text),
        other => Some(SortKey::Number(other.clone())),
    }
}

pub(super) fn text_key(text: &str) -> Option<SortKey> {
    (!text.trim().is_empty()).then(|| SortKey::Text(letters::order(text), text.to_owned()))
}

/// The place of each in order.
pub(super) fn ranks(keys: impl Iterator<Item = Option<SortKey>>) -> Vec<u32> {
    let keys: Vec<_> = keys.collect();
    let mut order: Vec<usize> = (0..keys.len()).filter(|at| keys[*at].is_some()).collect();
    order.sort_unstable_by(|one, other| keys[*one].cmp(&keys[*other]));
    let mut ranks = vec![LAST; keys.len()];
    for (rank, at) in (0..).zip(order) {
        ranks[at] = rank;
    }
    ranks
}

/// A value as a text: what is searched, and compared with choices.
pub(crate) fn text(value: &Value) -> std::borrow::Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::Text(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_stands_last_and_numbers_stand_by_size() {
        let mut column = Column::new();
        for value in
            [Value::Int(10), Value::Null, Value::Int(9), Value::Text(" ".into()), Value::Text("a".into())]
        {
            column.push(value);
        }
        let order = column.order();
        let of: Vec<u32> = column.rows().iter().map(|value| order[*value as usize]).collect();
        assert_eq!(of, [1, LAST, 0, LAST, 2]);
    }
}
