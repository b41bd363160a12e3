//! The business as it was at a moment, out of a backup and the history in it: for looking things up, and for putting single
//! things back by hand. It is no store: offices would tell a hub on it again what it lacks.

use std::{collections::HashMap, path::Path, sync::Arc};

use database::{Address, Begin};
use merge::Kept;
use model::{Table, Uuid, Value};
use serde_json::Value as Json;

use super::{
    Backups,
    error::{At, Error, Result},
    open, remove_all, unpack,
};
use crate::{
    deed::Deed,
    desk,
    meta::Meta,
    query::{Db, Row},
    shape::{self, LOG, META},
    tell,
};

/// What was brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The newest change that had happened.
    pub rev: i64,
    /// Living rows by table.
    pub tables: Vec<(String, u64)>,
}

/// Rows that changed since, as they were.
type Before = HashMap<(String, Uuid), Was>;

#[derive(Default)]
struct Was {
    /// `None`: as it is now, as nothing since has made it live or die.
    lived: Option<bool>,
    /// Columns by name.
    cells: Option<Json>,
}

/// Numbers of changes that are read at once.
const REVS: i64 = 10_000;
/// Rows that are written at once.
const ROWS: usize = 2_000;

impl Backups {
    /// Writes the tables of the business, as they were at a moment, into a SQLite file that is not there yet.
    ///
    /// # Errors
    /// `Early` when the backup was made before the moment; `Occupied`; as [`Backups::restore`].
    pub async fn look_up(&self, id: &str, at_ms: i64, to: &Path) -> Result<Past> {
        let folder = to.parent().unwrap_or(Path::new("."));
        if to.exists() {
            return Err(Error::Occupied(folder.to_owned()));
        }
        self.bring(id).await?;
        desk::make_private(folder).at(folder)?;
        let _lock = self.shelf.lock().await?;
        self.shelf.sweep()?;
        let (shelf, manifest) = self.whole(id).await?;
        if manifest.at_ms < at_ms {
            return Err(Error::Early(manifest.id));
        }
        let scratch = self.shelf.part("past");
        desk::make_private(&scratch).at(&scratch)?;
        let file = scratch.join("hub.db");
        unpack(&shelf, &manifest, &file).await?;
        let past = self.write_past(&Address::sqlite(&file), at_ms, to).await;
        remove_all(&scratch)?;
        past.inspect_err(|_| _ = std::fs::remove_file(to))
    }

    async fn write_past(&self, store: &Address, at_ms: i64, to: &Path) -> Result<Past> {
        let rules = merge::read(self.settings.preset.rules).map_err(crate::Error::from)?;
        let mut from = open(store).await?;
        if !shape::find(&mut from, META).await? || !shape::find(&mut from, LOG).await? {
            return Err(crate::Error::Broken("the backup is of no store").into());
        }
        let last = Meta::load(&mut from).await?.rev.0;
        let (rev, before) = undone(&mut from, last, at_ms).await?;
        super::make_private(to)?;
        let mut target = open(&Address::sqlite(to)).await?;
        target.session.begin(Begin::Own).await?;
        let mut tables = Vec::new();
        for (_, table) in rules.tables().filter(|(_, table)| table.kept == Kept::Merged) {
            let wanted = shape::living(table);
            let place = shape::ensure(target.session.as_mut(), &wanted).await?;
            Arc::make_mut(&mut target.places).insert(table.name.clone(), place);
            let now = living(&mut from, &wanted).await?;
            let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
            let mut rows = Vec::new();
            for ((of, gid), was) in &before {
                let lived = was.lived.unwrap_or_else(|| now.contains_key(gid));
                if let (true, Some(cells)) = (lived && *of == table.name, &was.cells) {
                    rows.push(row(&target, &table.name, (*gid, &columns), cells)?);
                }
            }
            let unchanged = |gid: &Uuid| !before.contains_key(&(table.name.clone(), *gid));
            rows.extend(now.into_iter().filter(|(gid, _)| unchanged(gid)).map(|(_, row)| row.0));
            for rows in rows.chunks(ROWS) {
                target.add(&table.name, rows).await?;
            }
            tables.push((table.name.clone(), rows.len() as u64));
        }
        target.session.commit().await?;
        Ok(Past { rev, tables })
    }
}

/// The newest change that had happened at a moment, and how rows were that changed since.
async fn undone(db: &mut Db, last: i64, at_ms: i64) -> Result<(i64, Before)> {
    let (mut before, mut upto, mut happened) = (Before::new(), last, 0);
    while upto > 0 && happened == 0 {
        let after = upto.saturating_sub(REVS).max(0);
        let mut lines = db.find_between(LOG, &[], "rev", (after, upto.saturating_add(1))).await?;
        lines.sort_by_key(|line| std::cmp::Reverse(line.int(0).unwrap_or_default()));
        for line in lines {
            // Clocks may be set back; numbers never are.
            if happened > 0 || line.int(5)? <= at_ms {
                happened = happened.max(line.int(0)?);
                break;
            }
            let deed = Deed::of(&line)?;
            if deed.is_change() {
                let was = before.entry((line.text(2)?.to_owned(), line.uuid(1)?)).or_default();
                was.before(deed, &line)?;
            }
        }
        upto = after;
    }
    Ok((happened, before))
}

impl Was {
    /// Goes back over a line of the history, if it changed the row.
    fn before(&mut self, deed: Deed, line: &Row) -> Result<()> {
        match deed {
            Deed::Delete => self.lived = Some(true),
            // It was dead, or not there yet.
            Deed::Insert | Deed::Revive => self.lived = Some(false),
            // A dead row can be changed as well.
            Deed::Update => {}
            Deed::Refused => return Ok(()),
        }
        self.cells = tell::json(line, 8)?;
        Ok(())
    }
}

async fn living(db: &mut Db, wanted: &Table) -> Result<HashMap<Uuid, Row>> {
    if !shape::find_table(db, wanted).await? {
        return Ok(HashMap::new());
    }
    let rows = db.find(&wanted.name.name, &[]).await?.into_iter();
    Ok(rows.map(|row| Ok((row.uuid(0)?, row))).collect::<crate::Result<_>>()?)
}

fn row(db: &Db, table: &str, (gid, columns): (Uuid, &[&str]), was: &Json) -> Result<Vec<Value>> {
    let place = db.places.get(table).ok_or(crate::Error::Broken("a table of the store is not known"))?;
    let mut values = vec![Value::Uuid(gid)];
    for (at, column) in columns.iter().enumerate() {
        let value = was.get(column).map(value);
        values.push(db.shown(place, at + 1, value.as_ref()));
    }
    Ok(values)
}

/// A value out of the history, where references are written as texts.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(real)) => Value::Real(real),
            (None, None) => Value::Null,
        },
        Json::String(text) => Value::Text(text.clone()),
        other => Value::Text(other.to_string()),
    }
}
