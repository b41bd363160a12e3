//! The shape of tables.

use std::fmt;

use crate::DataType;

/// A table's name, with its schema where the database has schemas.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableRef {
    pub schema: Option<String>,
    pub name: String,
}

impl TableRef {
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    #[must_use]
    pub fn in_schema(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }
}

impl fmt::Display for TableRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// A table as the database's catalogue tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub name: TableRef,
    pub kind: TableKind,
    /// In the table's own order.
    pub columns: Vec<ColumnDef>,
    /// Columns of the primary key in key order; empty when there is none.
    pub primary_key: Vec<String>,
    /// Columns of each further unique constraint or unique index without a condition.
    pub unique: Vec<Vec<String>>,
    pub foreign_keys: Vec<ForeignKey>,
    pub triggers: Vec<Trigger>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    Table,
    View,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnDef {
    pub name: String,
    pub data_type: DataType,
    /// The type as its database writes it (`numeric(18,4)`, `VARCHAR ( 255 )`).
    pub native: String,
    pub nullable: bool,
    /// The default expression as its database writes it.
    pub default: Option<String>,
    pub generated: Generated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generated {
    No,
    /// Numbered by the database when left out.
    Identity,
    /// Computed by the database; can never be written.
    Computed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub table: TableRef,
    pub referenced: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    pub name: String,
    /// The statement or function that it runs, as the catalogue tells it.
    pub definition: String,
}

impl Table {
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnDef> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether `columns` in any order are the primary key or a unique key of the table.
    #[must_use]
    pub fn is_unique(&self, columns: &[String]) -> bool {
        let same = |key: &Vec<String>| key.len() == columns.len() && key.iter().all(|c| columns.contains(c));
        !columns.is_empty() && (same(&self.primary_key) || self.unique.iter().any(same))
    }
}

impl ColumnDef {
    /// A plain nullable column.
    #[must_use]
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self {
            name: name.into(),
            data_type,
            native: String::new(),
            nullable: true,
            default: None,
            generated: Generated::No,
        }
    }

    #[must_use]
    pub fn not_null(mut self) -> Self {
        self.nullable = false;
        self
    }
}
