//! SQL text made from templates with typed slots: the only way a name or value gets into a statement's text.
//!
//! Templates are `.sql` files. A slot is written `{name}`; what goes in is a [`Slot`], which only the constructors
//! here make, each quoting by the rules of a [`Quoting`].

use model::{ErrorKind, TableRef, TextUnit};

use crate::{Error, Result};

/// How one database quotes names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quoting {
    pub open: char,
    pub close: char,
    pub max: usize,
    pub unit: TextUnit,
}

/// A piece of SQL that is safe to stand in a statement.
#[derive(Clone, Debug)]
pub(crate) struct Slot(String);

impl Quoting {
    /// A quoted name.
    pub(crate) fn name(&self, name: &str) -> Result<Slot> {
        let bytes_or_units = match self.unit {
            TextUnit::Bytes => name.len(),
            unit => unit.length(name),
        };
        if name.is_empty() || name.contains('\0') || bytes_or_units > self.max {
            let unit = if self.unit == TextUnit::Bytes { "bytes" } else { "characters" };
            let what =
                format!("`{name}` cannot be a name here: it must have 1 to {} {unit} and no NUL", self.max);
            return Err(Error::new(ErrorKind::Schema, what));
        }
        let mut quoted = String::with_capacity(name.len() + 2);
        quoted.push(self.open);
        for c in name.chars() {
            quoted.push(c);
            if c == self.close {
                quoted.push(c);
            }
        }
        quoted.push(self.close);
        Ok(Slot(quoted))
    }

    /// A quoted table name with its schema, if any.
    pub(crate) fn table(&self, table: &TableRef) -> Result<Slot> {
        let name = self.name(&table.name)?;
        match &table.schema {
            Some(schema) => Ok(Slot(format!("{}.{}", self.name(schema)?.0, name.0))),
            None => Ok(name),
        }
    }

    /// Quoted names with commas between.
    pub(crate) fn names<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Slot> {
        let quoted: Result<Vec<Slot>> = names.into_iter().map(|name| self.name(name)).collect();
        Ok(Slot::join(quoted?, ", "))
    }
}

impl Slot {
    /// Text that is a constant of the program.
    pub(crate) fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn number(number: impl Into<i128>) -> Self {
        Self(number.into().to_string())
    }

    /// A text literal in single quotes, quotes doubled (standard SQL; a backslash means itself).
    pub(crate) fn text(text: &str) -> Self {
        Self(format!("'{}'", text.replace('\'', "''")))
    }

    /// A native type as the database's catalogue or `faithful` wrote it.
    pub(crate) fn native_type(native: &str) -> Self {
        Self(native.to_owned())
    }

    /// The user's own query, as it is.
    pub(crate) fn query(sql: &str) -> Self {
        Self(sql.trim().trim_end_matches(';').to_owned())
    }

    pub(crate) fn join(slots: impl IntoIterator<Item = Self>, between: &str) -> Self {
        Self(slots.into_iter().map(|slot| slot.0).collect::<Vec<_>>().join(between))
    }

    /// Slots joined by `between` as a balanced tree of parentheses, so that a thousand terms stay shallow.
    pub(crate) fn balanced(slots: &[Self], between: &str) -> Self {
        match slots {
            [] => Self(String::new()),
            [one] => one.clone(),
            many => {
                let (left, right) = many.split_at(many.len() / 2);
                Self(format!(
                    "({}{between}{})",
                    Self::balanced(left, between).0,
                    Self::balanced(right, between).0
                ))
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `template` with each `{name}` replaced; a slot's own text is never searched again. Header comment lines (`-- `) are
/// dropped.
///
/// # Panics
/// When a slot of the template is not given: a mistake in the program, found by the first test that renders it.
pub(crate) fn render(template: &str, slots: &[(&str, Slot)]) -> String {
    let body: String =
        template.lines().filter(|line| !line.starts_with("-- ")).collect::<Vec<_>>().join("\n");
    let mut sql = String::with_capacity(body.len() * 2);
    let mut rest = body.as_str();
    while let Some(start) = rest.find('{') {
        let end = start + rest[start..].find('}').expect("a slot in a template is closed");
        let name = &rest[start + 1..end];
        let slot = slots
            .iter()
            .find(|(slot, _)| *slot == name)
            .unwrap_or_else(|| panic!("slot {name} is not given"));
        sql.push_str(&rest[..start]);
        sql.push_str(&slot.1.0);
        rest = &rest[end + 1..];
    }
    sql.push_str(rest);
    sql
}

/// One small template for use inside another.
pub(crate) fn slot(template: &str, slots: &[(&str, Slot)]) -> Slot {
    Slot(render(template, slots))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANDARD: Quoting = Quoting { open: '"', close: '"', max: 63, unit: TextUnit::Bytes };

    #[test]
    fn a_hostile_name_stays_a_name() {
        let sql = render(
            "-- header\nselect * from {table}",
            &[("table", STANDARD.table(&TableRef::in_schema("a\"b", " {table}; drop")).unwrap())],
        );
        assert_eq!(sql, "select * from \"a\"\"b\".\" {table}; drop\"");
    }

    #[test]
    fn impossible_names_are_refused() {
        assert!(STANDARD.name("").is_err());
        assert!(STANDARD.name("a\0b").is_err());
        assert!(STANDARD.name(&"ş".repeat(32)).is_err());
        assert!(STANDARD.name(&"s".repeat(63)).is_ok());
    }

    #[test]
    fn a_thousand_terms_stay_shallow() {
        let terms: Vec<Slot> = (0..1600).map(Slot::number).collect();
        let sql = Slot::balanced(&terms, " or ");
        let depth = sql
            .as_str()
            .chars()
            .scan(0, |d, c| {
                *d += i32::from(c == '(') - i32::from(c == ')');
                Some(*d)
            })
            .max();
        assert!(depth.unwrap() < 12);
    }
}
