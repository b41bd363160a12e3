//! A schema in which a column is not unique.
//!
//! The live files take the name of a driver for unique, other files do not, and two offices may well have drivers of
//! one name. A file for headquarters that holds both can only be without that rule; neither generation of the old
//! program looks at it. Nothing else of the schema changes, and only where a value really stands twice.

use super::blank::NotUnique;

const UNIQUE: &str = " unique";

/// The schema without the word `unique` behind these columns. Each column must stand on a line of its own, which begins
/// with its name; where it does not, the schema stays as it is.
pub(super) fn schema(schema: &str, not_unique: &NotUnique) -> String {
    let mut table = "";
    let lines = schema.split_inclusive('\n').map(|line| {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if first.eq_ignore_ascii_case("create") {
            table = words.nth(1).unwrap_or_default();
        }
        if not_unique.contains(&(table.to_owned(), first.to_owned())) {
            without(line)
        } else {
            line.to_owned()
        }
    });
    lines.collect()
}

fn without(line: &str) -> String {
    match line.to_ascii_lowercase().rfind(UNIQUE) {
        Some(at) => format!("{}{}", &line[..at], &line[at + UNIQUE.len()..]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "-- unique names
create table drivers (
    id INTEGER,
    full_name TEXT not null unique,
    phone TEXT
);
create table vehicles (
    full_name TEXT not null UNIQUE
);
";

    fn relaxed(columns: &[(&str, &str)]) -> String {
        let columns = columns.iter().map(|(table, column)| ((*table).to_owned(), (*column).to_owned()));
        schema(SCHEMA, &columns.collect())
    }

    #[test]
    fn only_the_column_that_is_named_loses_its_rule() {
        let expected = SCHEMA.replace("full_name TEXT not null unique,", "full_name TEXT not null,");
        assert_eq!(relaxed(&[("drivers", "full_name")]), expected);
        let expected = SCHEMA.replace("not null UNIQUE", "not null");
        assert_eq!(relaxed(&[("vehicles", "full_name")]), expected);
    }

    #[test]
    fn what_is_not_there_changes_nothing() {
        assert_eq!(relaxed(&[("drivers", "phone"), ("users", "full_name")]), SCHEMA);
    }
}
