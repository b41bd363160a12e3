//! The flow file: what a flow is, as people write it.
//!
//! One TOML file a flow. Everything is checked when it is read (unknown words, with the nearest right one) and once
//! more against both real schemas when the flow is bound ([`crate::bind`]).

mod read;

use std::collections::BTreeMap;

use model::TableRef;
use serde::Deserialize;

pub use read::{DefinitionError, read};

/// A declared one-way movement of rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// Unique name; what `denk run NAME` takes.
    pub name: String,
    /// Groups that this flow runs with (`entegra`, `erp-to-web`).
    #[serde(default)]
    pub groups: Vec<String>,
    /// One sentence for people.
    #[serde(default)]
    pub about: String,
    /// Flows that must have run before this one in the same run.
    #[serde(default)]
    pub after: Vec<String>,
    /// `yon` in `sync_state`: `erp_to_web` or `web_to_erp`.
    #[serde(default = "inward")]
    pub direction: String,
    pub source: Source,
    pub target: Target,
    #[serde(default)]
    pub columns: Columns,
    #[serde(default)]
    pub column: Vec<ColumnRule>,
    #[serde(default)]
    pub guard: Guard,
    #[serde(default)]
    pub test: Vec<Case>,
    /// No cursor, no parked rows, no `sync_state` in the target: everything is compared every time.
    #[serde(skip)]
    pub stateless: bool,
}

fn inward() -> String {
    "erp_to_web".to_owned()
}

/// Where rows come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Name of a database in `[databases]`.
    pub database: String,
    #[serde(default)]
    pub schema: Option<String>,
    /// The table; or `query`.
    #[serde(default)]
    pub table: Option<String>,
    /// A query in the source's own SQL; then `key` must be given.
    #[serde(default)]
    pub query: Option<String>,
    /// Columns that tell rows apart; without it the table's primary key.
    #[serde(default)]
    pub key: Vec<String>,
    /// Of rows with the same key the one with the greatest value here counts.
    #[serde(default)]
    pub newest: Option<String>,
    /// Only rows for which all of these hold.
    #[serde(default)]
    pub filter: Vec<Filter>,
    /// Rows to leave out.
    #[serde(default)]
    pub without: Option<Without>,
    /// What is written back to the source once the rows have arrived.
    #[serde(default)]
    pub done: Option<Done>,
}

/// `column is value`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    pub column: String,
    pub is: FilterIs,
    #[serde(default)]
    pub value: Option<toml::Value>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilterIs {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Null,
    NotNull,
}

/// Rows whose `column` is among the values that `query` yields are treated as not there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Without {
    pub column: String,
    /// A query in the source's own SQL; its column `named` holds the values.
    pub query: String,
    pub named: String,
}

/// Columns set in the source table for each row that has arrived; happens again until it has happened.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    pub table: String,
    pub key: String,
    pub set: BTreeMap<String, toml::Value>,
}

/// Where rows go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub database: String,
    #[serde(default)]
    pub schema: Option<String>,
    pub table: String,
    /// Columns that tell rows apart; without it those that the source's key maps to.
    #[serde(default)]
    pub key: Vec<String>,
    /// Make the table when it is not there.
    #[serde(default)]
    pub create: bool,
    /// What a row that the source no longer has means.
    #[serde(default)]
    pub missing: Missing,
    /// Which rows are written.
    #[serde(default)]
    pub rows: Rows,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// It stays.
    #[default]
    Keep,
    /// It is deleted.
    Delete,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// New rows and changed ones.
    #[default]
    All,
    /// Only rows that the target already has.
    Existing,
}

/// Which columns are carried without being named one by one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// Every source column, under its own name; new ones follow by themselves.
    #[serde(default)]
    pub all: bool,
    #[serde(default)]
    pub except: Vec<String>,
    /// Texts that mean NULL in columns that are not text.
    #[serde(default)]
    pub null_texts: Vec<String>,
}

/// How one target column is filled.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// Target column.
    pub to: String,
    /// Source column; without it (and without `value`) the one of the same name.
    #[serde(default)]
    pub from: Option<String>,
    /// A constant instead of a source column.
    #[serde(default)]
    pub value: Option<toml::Value>,
    /// What stands in for NULL.
    #[serde(default)]
    pub default: Option<toml::Value>,
    /// What stands in for NULL before `default`: a value looked up in the target database.
    #[serde(default)]
    pub lookup: Option<Lookup>,
    /// The moment of the run, by the target's clock, instead of a source column.
    #[serde(default)]
    pub now: bool,
    /// Blanks at both ends are removed.
    #[serde(default)]
    pub trim: bool,
    /// When the column is written.
    #[serde(default)]
    pub on: On,
    /// Type of the column when denk makes it, in words such as `numeric(18,4)`, `text`, `timestamp`.
    #[serde(default, rename = "type")]
    pub made_as: Option<String>,
    /// Texts that mean NULL here, instead of `columns.null_texts`.
    #[serde(default)]
    pub null_texts: Option<Vec<String>>,
}

/// `select value from table where key = (source column by)`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    pub by: String,
    pub table: String,
    pub key: String,
    pub value: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// Whenever the row is written.
    #[default]
    Always,
    /// When the row is new; afterwards the column belongs to the target.
    Insert,
    /// When the row is new, and when the source's value is greater than the target's (a mark that is only ever set).
    Greater,
}

/// How much one run may delete before it waits for a person: more than `rows` and more than `share` of the table.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Guard {
    pub rows: u64,
    pub share: f64,
}

impl Default for Guard {
    fn default() -> Self {
        Self { rows: 20, share: 0.20 }
    }
}

/// A test case inside the file: this source row must become this target row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// Source columns; those not named are NULL.
    pub given: BTreeMap<String, toml::Value>,
    /// Target columns that must come out so (`"NULL"` as `{ null = true }`).
    #[serde(default)]
    pub expect: BTreeMap<String, toml::Value>,
    /// The row must be parked for this column.
    #[serde(default)]
    pub parked: Option<String>,
}

impl ColumnRule {
    /// Whether the column comes from the source at all.
    #[must_use]
    pub const fn has_source(&self) -> bool {
        self.value.is_none() && !self.now
    }
}

impl Flow {
    #[must_use]
    pub fn target_table(&self) -> TableRef {
        TableRef { schema: self.target.schema.clone(), name: self.target.table.clone() }
    }

    /// Whether this flow makes that table when it is not there.
    #[must_use]
    pub fn makes(&self, database: &str, table: &str) -> bool {
        self.target.create && self.target.database == database && self.target_table().to_string() == table
    }

    /// Whether both fill one table.
    #[must_use]
    pub fn shares_target(&self, other: &Self) -> bool {
        self.target.database == other.target.database && self.target_table() == other.target_table()
    }

    /// Whether `denk run name` means this flow.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.name == name || self.groups.iter().any(|group| group == name)
    }
}

/// `flows` in an order in which each comes after those it names in `after`; otherwise the order given.
///
/// # Errors
/// The names of flows that wait for each other in a circle.
pub fn in_order(flows: Vec<Flow>) -> Result<Vec<Flow>, Vec<String>> {
    let mut waiting = flows;
    let mut ordered: Vec<Flow> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let blocked = |flow: &Flow, rest: &[Flow]| {
            rest.iter()
                .any(|other| other.name != flow.name && flow.after.iter().any(|name| other.answers_to(name)))
        };
        let Some(ready) = waiting.iter().position(|flow| !blocked(flow, &waiting)) else {
            return Err(waiting.into_iter().map(|flow| flow.name).collect());
        };
        ordered.push(waiting.remove(ready));
    }
    Ok(ordered)
}
