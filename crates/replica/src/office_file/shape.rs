//! What a file must show to be an office's.

use merge::{ColumnId, Kept, Rules, TableRules};

/// What a file lacks to be an office's. Names are the preset's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    Table { table: String },
    Column { table: String, column: String },
}

/// The first thing that a file lacks to be an office's; `None`: it is one. `columns` are those that a merged table has in
/// the file, by their names there.
///
/// Each of its merged tables must have what names its rows, and two of them, of which one hangs on the other, everything
/// that a row of theirs must say: a single table of that name may be another program's. Every edition of the program made
/// such two tables, however old the file is.
pub fn lack(rules: &Rules, columns: impl Fn(&TableRules) -> Option<Vec<String>>) -> Option<Lack> {
    let lacks = |table: &TableRules, wanted: &[&str]| match columns(table) {
        Some(found) => wanted
            .iter()
            .filter(|name| !found.iter().any(|found| found.eq_ignore_ascii_case(name)))
            .map(|name| Lack::Column { table: table.name.clone(), column: (*name).to_owned() })
            .collect(),
        None => vec![Lack::Table { table: table.name.clone() }],
    };
    let merged = || rules.tables().map(|(_, table)| table).filter(|table| table.kept == Kept::Merged);
    let named = |table| lacks(table, &named_by(table).collect::<Vec<_>>());
    let present = merged().filter(|table| columns(table).is_some());
    if let Some(unnamed) = present.flat_map(named).next() {
        return Some(unnamed);
    }
    let full = |table| lacks(table, &must_say(table).collect::<Vec<_>>());
    let pairs = merged().flat_map(|table| parents(rules, table).map(move |parent| (parent, table)));
    let nearest = pairs.map(|(parent, table)| [full(parent), full(table)].concat()).min_by_key(Vec::len);
    // Where nothing hangs on anything a table has to do.
    nearest.or_else(|| merged().map(full).min_by_key(Vec::len))?.into_iter().next()
}

/// Without these no row of the table can be told from another. Where rows hang on another table's there are old editions
/// that lack such a column.
pub fn named_by(rules: &TableRules) -> impl Iterator<Item = &str> {
    let hangs = rules.references().any(|(column, _)| rules[column].not_null);
    let telling = rules.telling.iter().filter(move |column| !hangs && rules[**column].not_null);
    let names = rules.natural_key.iter().chain(telling).map(|column| rules[*column].name.as_str());
    std::iter::once(rules.key.as_str()).chain(names)
}

/// What a table that had it is nothing without: what tells its rows from one another, and what each of them must say.
pub fn essential(rules: &TableRules) -> impl Iterator<Item = &str> {
    named_by(rules).chain(must_say(rules))
}

fn must_say(rules: &TableRules) -> impl Iterator<Item = &str> {
    let must = |column: &ColumnId| rules[*column].not_null && rules[*column].default.is_none();
    let columns = rules.column_ids().filter(must).map(|column| rules[column].name.as_str());
    std::iter::once(rules.key.as_str()).chain(columns)
}

/// The tables without whose rows there is none of this one.
fn parents<'a>(rules: &'a Rules, table: &'a TableRules) -> impl Iterator<Item = &'a TableRules> {
    table.references().filter(|(column, _)| table[*column].not_null).map(|(_, to)| &rules[to.table])
}
