//! Writes rows into one table: the cells a recipe names, and a plausible filling for the hundreds of columns
//! it does not.
//!
//! Statements are rendered from the file's own column list, so a file that an update of the vendor widened
//! still gets full rows.

use anyhow::Context;
use rusqlite::types::Value;
use rusqlite::{Connection, Statement};

use super::World;
use super::cell::{Cells, IntoCell};
use super::words;
use crate::random::{Rng, hash};

/// A prepared insert of one table.
pub(super) struct Writer<'c> {
    world: World,
    table: &'static str,
    named: Vec<&'static str>,
    habits: Vec<Habit>,
    insert: Statement<'c>,
}

impl<'c> Writer<'c> {
    /// Prepares an insert for rows that name the same columns as `sample`.
    pub fn open(
        conn: &'c Connection,
        world: World,
        table: &'static str,
        sample: &Cells,
    ) -> anyhow::Result<Self> {
        let named: Vec<&'static str> = sample.iter().map(|(name, _)| *name).collect();
        let mut habits = habits(conn, table)?;
        habits.retain(|habit| !named.iter().any(|name| *name == habit.column));
        let columns = named.iter().copied().chain(habits.iter().map(|habit| habit.column.as_str()));
        let sql = insert_into(table, columns);
        let insert = conn.prepare(&sql).with_context(|| format!("table {table}"))?;
        Ok(Self { world, table, named, habits, insert })
    }

    /// Writes one row; `index` decides what its unnamed columns hold.
    pub fn write(&mut self, index: u64, cells: &Cells) -> anyhow::Result<()> {
        debug_assert!(cells.iter().map(|(name, _)| *name).eq(self.named.iter().copied()));
        for (place, (_, value)) in cells.iter().enumerate() {
            self.insert.raw_bind_parameter(place + 1, value)?;
        }
        let mut rng = Rng::of(self.world.seed, self.table, index);
        for (place, habit) in self.habits.iter().enumerate() {
            let place = place + cells.len() + 1;
            if rng.below(habit.one_in) == 0 {
                let value = habit.kind.value(&mut rng, &self.world);
                self.insert.raw_bind_parameter(place, &value)?;
            } else {
                self.insert.raw_bind_parameter(place, &habit.usual)?;
            }
        }
        let written = self.insert.raw_execute();
        written.with_context(|| format!("row {index} of {}", self.table))?;
        Ok(())
    }
}

/// Quotes a name for SQL; the only way a name gets into a statement here.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn insert_into<'n>(table: &str, columns: impl Iterator<Item = &'n str>) -> String {
    let columns: Vec<String> = columns.map(quoted).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    format!("insert into {} ({}) values ({marks})", quoted(table), columns.join(", "))
}

/// How a column that no recipe names is filled: mostly `usual`, once in `one_in` rows something else.
struct Habit {
    column: String,
    kind: Kind,
    usual: Value,
    one_in: u64,
}

/// What a declared type holds.
enum Kind {
    Integer,
    Float,
    Moment,
    Date,
    /// **Units**: characters at most.
    Code(usize),
    Text,
}

impl Kind {
    /// Reads the vendor's spelling: `INTERGER`, `VARCHAR ( 255 )` and so on.
    fn of(declared: &str) -> Self {
        let digits: String = declared.chars().filter(char::is_ascii_digit).collect();
        match declared {
            "FLOAT" => Self::Float,
            "DATETIME" => Self::Moment,
            "DATE" => Self::Date,
            "TEXT" => Self::Text,
            name if name.starts_with("INT") => Self::Integer,
            _ => Self::Code(digits.parse().unwrap_or(255)),
        }
    }

    fn value(&self, rng: &mut Rng, world: &World) -> Value {
        match self {
            Self::Integer => rng.between(0, 4).into_cell(),
            Self::Float => words::price(rng).into_cell(),
            Self::Moment => world.some_day(rng).into_cell(),
            Self::Date => world.some_day(rng).date().into_cell(),
            Self::Code(width) => words::code(rng, *width).into_cell(),
            Self::Text => words::sentence(rng).into_cell(),
        }
    }

    fn is_text(&self) -> bool {
        matches!(self, Self::Code(_) | Self::Text)
    }
}

/// The habits of a table's columns, without those that are always left to their default (most are, as in real
/// files).
fn habits(conn: &Connection, table: &str) -> anyhow::Result<Vec<Habit>> {
    let sql = "select name, type, dflt_value from pragma_table_info(?1) where pk = 0 order by cid";
    let mut columns = conn.prepare(sql)?;
    let mut rows = columns.query([table])?;
    let mut habits = Vec::new();
    while let Some(row) = rows.next()? {
        habits.extend(habit(table, row.get(0)?, &row.get::<_, String>(1)?, row.get(2)?));
    }
    Ok(habits)
}

/// A column's habit follows from its name alone, so that it is the same in every file.
fn habit(table: &str, column: String, declared: &str, default: Option<String>) -> Option<Habit> {
    let kind = Kind::of(declared);
    let character = hash(&format!("{table}.{column}")) % 16;
    let one_in = match character {
        0..=8 => return None,
        9..=12 => 40,
        13 | 14 => 5,
        _ => 2,
    };
    let usual = match default {
        Some(text) => default_value(&text),
        None if kind.is_text() && character.is_multiple_of(2) => "".into_cell(),
        None => Value::Null,
    };
    Some(Habit { column, kind, usual, one_in })
}

/// The value of a default as the vendor's schema spells it: a number, `null`, or text in either kind of
/// quotes.
fn default_value(spelt: &str) -> Value {
    if spelt.eq_ignore_ascii_case("null") {
        return Value::Null;
    }
    match spelt.parse::<i64>() {
        Ok(number) => number.into_cell(),
        Err(_) => spelt.trim_matches(['\'', '"']).into_cell(),
    }
}
