//! What a file says, row by row: an office's file, or the business tables of the hub's.
//!
//! Reads with SQLite alone and knows the tables from the outside, so that it can contradict denk.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, types::ValueRef};
use testkit::office::{Reference, TABLES, references};

use crate::work::COMMON;

/// Where a row says, in words of its own, on which row it hangs: table, column of the reference, column and word.
const PARENTS: [(&str, &str, &str, usize); 8] = [
    ("timesheets", "employee_id", "notes", 0),
    ("vehicle_faults", "vehicle_id", "description", 0),
    ("vehicle_inspections", "vehicle_id", "notes", 0),
    ("vehicle_inspections", "driver_id", "notes", 2),
    ("vehicle_inspections", "fault_id", "notes", 3),
    ("vehicle_inspection_results", "inspection_id", "note", 0),
    ("vehicle_service_visits", "vehicle_id", "notes", 0),
    ("vehicle_service_visits", "fault_id", "notes", 2),
];

/// Where a row says, in a word that is never edited, which row it is.
const IDENTITIES: [(&str, &str, usize); 10] = [
    ("employees", "identity_no", 0),
    ("timesheets", "notes", 1),
    ("shift_templates", "name", 0),
    ("vehicles", "plate", 0),
    ("drivers", "phone", 0),
    ("vehicle_faults", "description", 1),
    ("vehicle_inspections", "notes", 1),
    ("vehicle_inspection_results", "note", 1),
    ("vehicle_service_visits", "notes", 1),
    ("stock_inventory", "seri_no", 0),
];

/// Cells by column; NULL and blank ones are left out, for an old file knows no difference.
pub type Cells = BTreeMap<String, String>;
/// A table's name and a word, see [`Book::identities`].
pub type Identity = (&'static str, String);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Table -> key (id or gid) -> cells.
    pub tables: BTreeMap<&'static str, BTreeMap<String, Cells>>,
}

impl Book {
    /// # Errors
    /// A file that cannot be read, or that SQLite finds broken.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .with_context(|| format!("cannot open {}", path.display()))?;
        let mut tables = BTreeMap::new();
        for table in TABLES {
            tables.insert(table, rows(&conn, table).context(table)?);
        }
        Ok(Self { tables })
    }

    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &String, &Cells)> {
        self.tables.iter().flat_map(|(table, rows)| rows.iter().map(|(key, cells)| (*table, key, cells)))
    }

    /// The same with their keys.
    pub fn numbered(&self) -> impl Iterator<Item = (&'static str, &String, Identity)> {
        self.rows().filter_map(|(table, key, cells)| Some((table, key, identity(table, cells)?)))
    }

    /// The rows that say which they are, as often as they are there.
    pub fn identities(&self) -> impl Iterator<Item = (Identity, &Cells)> {
        self.rows().filter_map(|(table, _, cells)| Some((identity(table, cells)?, cells)))
    }

    /// Rows that hang on another row than the one that their own words name, or on none.
    pub fn strays(&self) -> Vec<(Identity, String)> {
        let mut strays = Vec::new();
        for (table, column, words, at) in PARENTS {
            let Some(reference) = references(table).find(|reference| reference.column == column) else {
                continue;
            };
            for cells in self.tables[table].values() {
                let Some(mine) = word(cells, (words, at)) else { continue };
                let parent = self.parent(reference, cells);
                let theirs = parent.and_then(|parent| own_word(reference.to, parent));
                let alone = parent.is_none() && reference.needed;
                if alone || theirs.is_some_and(|theirs| theirs != mine) {
                    strays.extend(identity(table, cells).map(|row| (row, format!("hangs on {parent:?}"))));
                }
            }
        }
        strays
    }

    fn parent(&self, reference: &Reference, cells: &Cells) -> Option<&Cells> {
        self.tables[reference.to].get(cells.get(reference.column)?)
    }

    /// Whose the row is: what it says itself, else what the row says that it hangs on.
    pub fn region(&self, table: &'static str, cells: &Cells) -> Option<String> {
        let column = if table == "stock_inventory" { "bolge" } else { "region" };
        if let Some(region) = cells.get(column) {
            return Some(region.clone());
        }
        let through = references(table).find(|reference| reference.needed)?;
        self.region(through.to, self.parent(through, cells)?)
    }

    /// What an office of this region (`*`: all) has to see of the hub.
    pub fn of_region(&self, region: &str) -> Self {
        let mut visible: BTreeSet<(&'static str, &String)> = BTreeSet::new();
        let mut next: Vec<(&'static str, &String, &Cells)> = self
            .rows()
            .filter(|(table, _, cells)| {
                region == "*"
                    || *table == "shift_templates"
                    || self.region(table, cells).as_deref() == Some(region)
            })
            .collect();
        while let Some((table, key, cells)) = next.pop() {
            if visible.insert((table, key)) {
                next.extend(self.needed(table, cells));
            }
        }
        let mut book = Self::default();
        for (table, rows) in &self.tables {
            let rows = rows.iter().filter(|(key, _)| visible.contains(&(*table, *key)));
            book.tables.insert(table, rows.map(|(key, cells)| (key.clone(), cells.clone())).collect());
        }
        // Rows of others say whose they are through rows that are not here: so it is written into them.
        for (table, rows) in &mut book.tables {
            for cells in rows.values_mut() {
                if let (Some(region), true) = (self.region(table, cells), has_region(table)) {
                    cells.insert("region".to_owned(), region);
                }
            }
        }
        book
    }

    fn needed(&self, table: &'static str, cells: &Cells) -> Vec<(&'static str, &String, &Cells)> {
        let target = |reference: &'static Reference| {
            let (key, cells) = self.tables[reference.to].get_key_value(cells.get(reference.column)?)?;
            Some((reference.to, key, cells))
        };
        references(table).filter(|reference| reference.needed).filter_map(target).collect()
    }

    /// The rows without ids: references as what they name, so that files with different ids compare.
    pub fn lines(&self) -> Vec<String> {
        let mut known = HashMap::new();
        let mut lines: Vec<String> = self
            .rows()
            .map(|(table, key, _)| format!("{table} {}", self.line(&mut known, table, key)))
            .collect();
        lines.sort();
        lines
    }

    fn line(
        &self,
        known: &mut HashMap<(&'static str, String), String>,
        table: &'static str,
        key: &String,
    ) -> String {
        if let Some(line) = known.get(&(table, key.clone())) {
            return line.clone();
        }
        let Some(cells) = self.tables[table].get(key) else { return "?".to_owned() };
        let mut cells = cells.clone();
        for reference in references(table) {
            let Some(target) = cells.remove(reference.column) else { continue };
            if self.tables[reference.to].contains_key(&target) {
                cells.insert(reference.column.to_owned(), self.line(known, reference.to, &target));
            }
        }
        if let (Some(region), true) = (self.region(table, &self.tables[table][key]), has_region(table)) {
            cells.insert("region".to_owned(), region);
        }
        let line = format!("{cells:?}");
        known.insert((table, key.clone()), line.clone());
        line
    }
}

/// Which row this is.
pub fn identity(table: &str, cells: &Cells) -> Option<Identity> {
    let (table, ..) = IDENTITIES.iter().find(|(of, ..)| *of == table)?;
    let word = own_word(table, cells)?;
    // A plate names a vehicle within its region.
    let region = cells.get("region").filter(|_| word.starts_with(COMMON));
    Some((table, [word, region.map_or("", String::as_str)].concat()))
}

fn own_word<'a>(table: &str, cells: &'a Cells) -> Option<&'a str> {
    let (_, column, at) = IDENTITIES.iter().find(|(of, ..)| *of == table)?;
    word(cells, (column, *at))
}

fn word<'a>(cells: &'a Cells, (column, at): (&str, usize)) -> Option<&'a str> {
    cells.get(column)?.split_whitespace().nth(at).filter(|word| *word != "-")
}

fn has_region(table: &str) -> bool {
    !matches!(table, "shift_templates" | "vehicle_inspection_results" | "stock_inventory")
}

fn rows(conn: &Connection, table: &str) -> anyhow::Result<BTreeMap<String, Cells>> {
    let mut statement = conn.prepare(&["select * from ", table, " order by 1"].concat())?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut found = statement.query([])?;
    let mut rows = BTreeMap::new();
    while let Some(row) = found.next()? {
        let key = text(row.get_ref(0)?).unwrap_or_default();
        let mut cells = Cells::new();
        for (at, name) in names.iter().enumerate().skip(1) {
            if let Some(text) = text(row.get_ref(at)?) {
                cells.insert(name.clone(), text);
            }
        }
        rows.insert(key, cells);
    }
    Ok(rows)
}

/// `None` for NULL and blanks.
fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => {
            Some(String::from_utf8_lossy(text).trim().to_owned()).filter(|text| !text.is_empty())
        }
        ValueRef::Blob(bytes) => Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

/// By what the hub knows a file that it handed out.
///
/// # Errors
/// A file that cannot be read.
pub fn tag(path: &Path) -> anyhow::Result<Option<String>> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if !conn.table_exists(None, "denk_lineage")? {
        return Ok(None);
    }
    Ok(conn.query_row(include_str!("sql/tag.sql"), [], |row| row.get(0)).optional()?)
}

/// Whether SQLite finds a file whole, and every reference naming a row.
///
/// # Errors
/// What SQLite finds.
pub fn check_file(path: &Path) -> anyhow::Result<()> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let told: String = conn.query_row("pragma integrity_check", [], |row| row.get(0))?;
    anyhow::ensure!(told == "ok", "{}: {told}", path.display());
    let stray = conn.prepare("pragma foreign_key_check")?.exists([])?;
    anyhow::ensure!(!stray, "{}: a reference names nothing", path.display());
    Ok(())
}
