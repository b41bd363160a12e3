//! One value of a generated row.

use rusqlite::types::Value;

use super::moment::Moment;

/// The columns of a row that matter, by name; a table's rows all name the same columns in the same order.
pub(super) type Cells = Vec<(&'static str, Value)>;

/// Anything a recipe may write into a cell.
pub(super) trait IntoCell {
    fn into_cell(self) -> Value;
}

/// `cells! { "name": value, ... }` makes [`Cells`].
macro_rules! cells {
    ($($name:literal: $value:expr),* $(,)?) => {
        vec![$(($name, $crate::entegra::cell::IntoCell::into_cell($value))),*]
    };
}
pub(super) use cells;

impl IntoCell for Value {
    fn into_cell(self) -> Value {
        self
    }
}

impl IntoCell for &str {
    fn into_cell(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl IntoCell for String {
    fn into_cell(self) -> Value {
        Value::Text(self)
    }
}

impl IntoCell for i64 {
    fn into_cell(self) -> Value {
        Value::Integer(self)
    }
}

impl IntoCell for u64 {
    fn into_cell(self) -> Value {
        Value::Integer(self as i64)
    }
}

impl IntoCell for bool {
    fn into_cell(self) -> Value {
        Value::Integer(i64::from(self))
    }
}

impl IntoCell for f64 {
    fn into_cell(self) -> Value {
        Value::Real(self)
    }
}

impl IntoCell for Moment {
    fn into_cell(self) -> Value {
        Value::Text(self.to_string())
    }
}

impl<T: IntoCell> IntoCell for Option<T> {
    fn into_cell(self) -> Value {
        self.map_or(Value::Null, T::into_cell)
    }
}
