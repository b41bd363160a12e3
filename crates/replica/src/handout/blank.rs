//! An empty file of a schema.

use std::{
    collections::{BTreeSet, HashMap},
    fmt, fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use database::Address;
use merge::{Cells, ColumnId, ColumnRule, ColumnType, TableRules};
use model::{ColumnDef, Table, Value};
use tempfile::NamedTempFile;

use super::{Error, TEMPORARY_PREFIX, relax};
use crate::fit::{Affinity, settle, stored};

const LINEAGE: &str = include_str!("sql/lineage.sql");

/// A schema, made into an empty file once and copied for every hand-out. Cheap to clone.
#[derive(Clone)]
pub struct Blank {
    schema: &'static str,
    bytes: Arc<[u8]>,
    /// By name in small letters.
    tables: Arc<HashMap<String, Table>>,
    /// Files in which some columns are not unique.
    relaxed: Arc<Mutex<HashMap<NotUnique, Arc<[u8]>>>>,
}

/// Tables and columns, as the schema spells them, in which a value may stand twice.
pub(super) type NotUnique = BTreeSet<(String, String)>;

impl Blank {
    /// Makes the file in `folder`, which keeps nothing of it.
    ///
    /// # Errors
    /// [`Error`]; a schema that is none is a `Database` error.
    pub async fn of(schema: &'static str, folder: &Path) -> Result<Self, Error> {
        let (bytes, tables) = make(schema, folder).await?;
        Ok(Self { schema, bytes, tables: Arc::new(tables), relaxed: Arc::default() })
    }

    /// Makes cells exactly what the file will hold, and returns the columns whose value the file cannot hold: they are
    /// empty there, while the hub keeps the value.
    ///
    /// Values take the form of the rules' types where that loses nothing, as when a file is read. What is unknown
    /// becomes the rules' default, else NULL; what is NULL and may not be becomes the empty text or 0. What the schema
    /// has no column for becomes unknown. References are left alone, so any form will do.
    ///
    /// **Invariants**: twice is once. The shadow of the hand-out must hold the cells in this form, or the file looks
    /// changed when it comes back.
    #[must_use]
    pub fn fit(&self, rules: &TableRules, cells: &mut Cells) -> Vec<ColumnId> {
        fit(self.table(&rules.name).ok(), rules, cells)
    }

    pub(super) fn table(&self, name: &str) -> Result<&Table, Error> {
        self.tables.get(&name.to_ascii_lowercase()).ok_or_else(|| Error::NoTable(name.to_owned()))
    }

    /// The empty file, in which these columns may hold a value twice.
    pub(super) async fn bytes(&self, not_unique: &NotUnique, folder: &Path) -> Result<Arc<[u8]>, Error> {
        if not_unique.is_empty() {
            return Ok(Arc::clone(&self.bytes));
        }
        let known = self.relaxed.lock().unwrap_or_else(PoisonError::into_inner).get(not_unique).cloned();
        if let Some(bytes) = known {
            return Ok(bytes);
        }
        // Scripts are the program's own and live as long as it does. There are no more of them than unique columns
        // that ever held a value twice, in the combinations in which they did.
        let script: &'static str = Box::leak(relax::schema(self.schema, not_unique).into_boxed_str());
        let (bytes, _) = make(script, folder).await?;
        let mut relaxed = self.relaxed.lock().unwrap_or_else(PoisonError::into_inner);
        relaxed.insert(not_unique.clone(), Arc::clone(&bytes));
        Ok(bytes)
    }
}

impl fmt::Debug for Blank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blank").field("tables", &self.tables.len()).finish_non_exhaustive()
    }
}

/// As [`Blank::fit`], for a file whose table is known; `None`: the file does not have it.
#[must_use]
pub fn fit(table: Option<&Table>, rules: &TableRules, cells: &mut Cells) -> Vec<ColumnId> {
    let mut unheld = Vec::new();
    for (at, (rule, cell)) in rules.columns.iter().zip(cells.iter_mut()).enumerate() {
        let Some(column) = table.and_then(|table| find(table, &rule.name)) else {
            *cell = None;
            continue;
        };
        let value = cell.take().or_else(|| rule.default.clone()).unwrap_or(Value::Null);
        let value = if rule.reference.is_some() { value } else { settle(rule.data_type, value).value() };
        let held = holds(column, rule, &value);
        if !held {
            unheld.push(ColumnId(at));
        }
        *cell = Some(if held { value } else { Value::Null });
        if rule.reference.is_none() && !column.nullable && *cell == Some(Value::Null) {
            *cell = Some(nothing(rule.data_type));
        }
    }
    unheld
}

/// The form in which a column of this native type takes `value`, such that reading gives it back; `None`: it cannot hold
/// it.
#[must_use]
pub fn written(native: &str, wanted: ColumnType, value: &Value) -> Option<Value> {
    stored(Affinity::of(native), wanted, value)
}

async fn make(schema: &'static str, folder: &Path) -> Result<(Arc<[u8]>, HashMap<String, Table>), Error> {
    let file = temporary(folder)?;
    let address = Address::sqlite(file.path());
    database::run_script(&address, schema).await?;
    database::run_script(&address, LINEAGE).await?;
    let mut session = database::open(&address).await?;
    let mut tables = HashMap::new();
    for name in session.tables().await? {
        tables.insert(name.name.to_ascii_lowercase(), session.table(&name).await?);
    }
    drop(session);
    let bytes = fs::read(file.path()).map_err(Error::file(file.path()))?;
    Ok((bytes.into(), tables))
}

/// A file that goes away by itself, unless the process is killed.
pub(super) fn temporary(folder: &Path) -> Result<NamedTempFile, Error> {
    tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder).map_err(Error::file(folder))
}

pub(super) fn find<'a>(table: &'a Table, column: &str) -> Option<&'a ColumnDef> {
    table.columns.iter().find(|known| known.name.eq_ignore_ascii_case(column))
}

fn holds(column: &ColumnDef, rule: &ColumnRule, value: &Value) -> bool {
    rule.reference.is_some() || stored(Affinity::of(&column.native), rule.data_type, value).is_some()
}

/// What says nothing where NULL may not stand.
pub(super) const fn nothing(data_type: ColumnType) -> Value {
    match data_type {
        ColumnType::Text => Value::Text(String::new()),
        ColumnType::Integer => Value::Int(0),
        ColumnType::Real => Value::Real(0.0),
    }
}
