//! Reading rules from the text of a preset, with errors that a person can act on.

use std::collections::{HashMap, HashSet};

use model::Value;
use serde::Deserialize;

use super::{
    ColumnId, ColumnRule, ColumnType, ConflictPolicy, Guard, Holds, Kept, OnDelete, Reference, RegionRule,
    Rules, TableId, TableRules,
};

/// A preset that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    #[error("line {line}: {what}")]
    Text { line: usize, what: String },
    #[error("table `{table}`: {what}")]
    Table { table: String, what: String },
    #[error("guard.share is a part: between 0 and 1")]
    Share,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    guard: Guard,
    table: Vec<RawTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    name: String,
    key: String,
    #[serde(default)]
    kept: Kept,
    #[serde(default)]
    shared: bool,
    region: Option<String>,
    region_through: Option<String>,
    #[serde(default)]
    natural_key: Vec<String>,
    #[serde(default)]
    telling: Vec<String>,
    #[serde(default)]
    identifying: Vec<String>,
    #[serde(default)]
    told: Vec<String>,
    #[serde(default)]
    conflict: ConflictPolicy,
    columns: Vec<RawColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    name: String,
    r#type: ColumnType,
    #[serde(default)]
    not_null: bool,
    default: Option<toml::Value>,
    references: Option<String>,
    on_delete: Option<OnDelete>,
    conflict: Option<ConflictPolicy>,
    holds: Option<Holds>,
}

/// Reads the rules of a preset.
///
/// # Errors
/// [`RulesError`] for anything that is not exactly rules: unknown words, names that do not exist, tables that belong
/// to nobody.
pub fn read(text: &str) -> Result<Rules, RulesError> {
    let raw: RawRules = toml::from_str(text).map_err(|error| in_text(text, &error))?;
    if !Guard::SHARES.contains(&raw.guard.share) {
        return Err(RulesError::Share);
    }
    let mut by_name = HashMap::new();
    for (at, table) in raw.table.iter().enumerate() {
        if by_name.insert(table.name.clone(), TableId(at)).is_some() {
            return Err(wrong(table, "stands twice".to_owned()));
        }
    }
    let tables = raw.table.iter().map(|table| resolve(table, &by_name)).collect::<Result<Vec<_>, _>>()?;
    check_parents(&tables)?;
    Ok(Rules { guard: raw.guard, tables, by_name })
}

fn in_text(text: &str, error: &toml::de::Error) -> RulesError {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    RulesError::Text { line: text[..at].matches('\n').count() + 1, what: error.message().to_owned() }
}

fn wrong(table: &RawTable, what: String) -> RulesError {
    RulesError::Table { table: table.name.clone(), what }
}

fn resolve(table: &RawTable, tables: &HashMap<String, TableId>) -> Result<TableRules, RulesError> {
    let mut seen = HashSet::new();
    if let Some(twice) = table.columns.iter().find(|column| !seen.insert(&column.name)) {
        return Err(wrong(table, format!("column `{}` stands twice", twice.name)));
    }
    let find = |name: &String| {
        let at = table.columns.iter().position(|column| column.name == *name).map(ColumnId);
        at.ok_or_else(|| wrong(table, format!("has no column `{name}`")))
    };
    let find_all = |names: &[String]| names.iter().map(find).collect::<Result<Vec<_>, _>>();
    let columns: Vec<_> = table.columns.iter().map(|c| column(table, c, tables)).collect::<Result<_, _>>()?;
    let region = region(table, find)?;
    if let (_, Some(parent)) = region.columns()
        && columns[parent.0].reference.is_none()
    {
        return Err(wrong(table, format!("`{}` refers to nothing", columns[parent.0].name)));
    }
    let text_key = table.columns.iter().any(|column| column.name == table.key);
    let natural_key = match (text_key, table.natural_key.is_empty()) {
        (true, true) => vec![find(&table.key)?],
        (true, false) => return Err(wrong(table, "a key that is a column is the natural key".to_owned())),
        (false, _) => find_all(&table.natural_key)?,
    };
    if natural_key.iter().any(|column| columns[column.0].reference.is_some()) {
        return Err(wrong(table, "a reference names nothing: it cannot be part of a natural key".to_owned()));
    }
    if !natural_key.is_empty() && region.columns().1.is_some() {
        let what = "a natural key names a row within its region: the row itself has to say it";
        return Err(wrong(table, what.to_owned()));
    }
    if !table.told.is_empty() && (table.kept != Kept::Local || !text_key || columns.len() != 2) {
        let what = "only a local table of names and values can be told by names";
        return Err(wrong(table, what.to_owned()));
    }
    Ok(TableRules {
        name: table.name.clone(),
        key: table.key.clone(),
        columns,
        kept: table.kept,
        region,
        natural_key,
        telling: find_all(&table.telling)?,
        identifying: find_all(&table.identifying)?,
        text_key,
        told: table.told.clone(),
    })
}

fn region(
    table: &RawTable,
    find: impl Fn(&String) -> Result<ColumnId, RulesError>,
) -> Result<RegionRule, RulesError> {
    let column = table.region.as_ref().map(&find).transpose()?;
    let parent = table.region_through.as_ref().map(&find).transpose()?;
    match (table.shared || table.kept != Kept::Merged, column, parent) {
        (true, None, None) => Ok(RegionRule::Shared),
        (true, ..) => Err(wrong(table, "belongs to everybody, so it has no region".to_owned())),
        (false, Some(column), Some(parent)) => Ok(RegionRule::ColumnOrThrough(column, parent)),
        (false, Some(column), None) => Ok(RegionRule::Column(column)),
        (false, None, Some(parent)) => Ok(RegionRule::Through(parent)),
        (false, None, None) => {
            Err(wrong(table, "needs `region`, `region_through` or `shared = true`".to_owned()))
        }
    }
}

fn column(
    table: &RawTable,
    raw: &RawColumn,
    tables: &HashMap<String, TableId>,
) -> Result<ColumnRule, RulesError> {
    let reference = match (&raw.references, raw.on_delete) {
        (None, None) => None,
        (Some(to), Some(on_delete)) => {
            let to = *tables.get(to).ok_or_else(|| wrong(table, format!("`{to}` is no table")))?;
            Some(Reference { table: to, on_delete })
        }
        _ => return Err(wrong(table, format!("`{}`: `references` needs `on_delete`", raw.name))),
    };
    if raw.not_null && reference.is_some_and(|r| r.on_delete == OnDelete::SetNull) {
        return Err(wrong(table, format!("`{}` cannot be set to NULL", raw.name)));
    }
    let default = match &raw.default {
        None => None,
        Some(toml::Value::Integer(n)) => Some(Value::Int(*n)),
        Some(toml::Value::Float(r)) => Some(Value::Real(*r)),
        Some(toml::Value::String(text)) => Some(Value::Text(text.clone())),
        Some(_) => return Err(wrong(table, format!("`{}`: a default is a number or a text", raw.name))),
    };
    Ok(ColumnRule {
        name: raw.name.clone(),
        data_type: raw.r#type,
        default,
        not_null: raw.not_null,
        reference,
        conflict: raw.conflict.unwrap_or(table.conflict),
        holds: raw.holds,
    })
}

/// Rows that are merged refer only to rows that are merged, and every chain of parents ends at a region.
fn check_parents(tables: &[TableRules]) -> Result<(), RulesError> {
    let wrong = |table: &TableRules, what: &str| RulesError::Table {
        table: table.name.clone(),
        what: what.to_owned(),
    };
    for table in tables.iter().filter(|table| table.kept == Kept::Merged) {
        if table.references().any(|(_, to)| tables[to.table.0].kept != Kept::Merged) {
            return Err(wrong(table, "refers to a table that is not merged"));
        }
        let mut at = table;
        for _ in 0..=tables.len() {
            let Some((parent, _)) = at.region_columns().1.map(|c| (at[c].reference, c)) else { break };
            let Some(parent) = parent else { break };
            at = &tables[parent.table.0];
        }
        if at.region_columns().1.is_some() {
            return Err(wrong(table, "looks for its region in a circle"));
        }
    }
    Ok(())
}
