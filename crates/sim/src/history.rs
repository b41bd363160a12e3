//! What the hub remembers: every change, every value that did not stand, and which row is which.
//!
//! Reads on from where it stopped, so that looking often costs little.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value as Json;

use crate::{
    Broken,
    book::{Cells, Identity, identity},
};

/// A value of a row: which row, column, text.
type Said = (Identity, String, String);

#[derive(Debug, Default)]
pub struct History {
    /// gid -> which row it is.
    names: HashMap<String, Identity>,
    values: HashSet<Said>,
    losers: HashSet<Said>,
    /// Up to which change and which conflict it has been read.
    read: (i64, i64),
    /// Newest stamp, and the newest of the uploads before: wall time in ms, counter.
    stamps: (Stamp, Stamp),
}

type Stamp = (i64, i64);

/// What was new in the history.
#[derive(Debug, Default)]
pub struct News {
    /// A line each, for the story.
    pub lines: Vec<String>,
    /// Rows that became others: before, now.
    pub changed: Vec<(Identity, Identity)>,
}

impl History {
    /// Reads what is new. `clock`: the least and the most that the hub's clock has shown.
    ///
    /// # Errors
    /// [`Broken`] for stamps that the hub's clock cannot have given; a store that cannot be read.
    pub fn read_on(&mut self, path: &Path, clock: (i64, i64)) -> anyhow::Result<News> {
        let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut news = News::default();
        self.stamps.1 = self.stamps.0;
        let mut log = conn.prepare(include_str!("sql/log.sql"))?;
        let mut rows = log.query([self.read.0])?;
        while let Some(row) = rows.next()? {
            self.change(row, clock, &mut news)?;
        }
        let mut conflicts = conn.prepare(include_str!("sql/conflicts.sql"))?;
        let mut rows = conflicts.query([self.read.1])?;
        while let Some(row) = rows.next()? {
            news.lines.extend(self.conflict(row)?);
        }
        Ok(news)
    }

    fn change(&mut self, row: &Row<'_>, clock: (i64, i64), news: &mut News) -> anyhow::Result<()> {
        let (rev, gid, site): (i64, String, i64) = (row.get("rev")?, row.get("gid")?, row.get("site")?);
        let (table, action): (String, String) = (row.get("table_name")?, row.get("action")?);
        let said = |name: &str| -> anyhow::Result<Option<Cells>> {
            row.get::<_, Option<String>>(name)?.as_deref().map(cells).transpose()
        };
        let (before, after) = (said("before")?, said("after")?.unwrap_or_default());
        self.stamped(rev, &row.get::<_, String>("stamp")?, clock)?;
        self.read.0 = rev;
        if action == "refused" {
            // Only what was to change is told of a row that the hub has.
            let known = self.names.get(&gid).cloned().or_else(|| identity(&table, &after));
            self.remember(known.as_ref(), before.iter().chain([&after]));
            return Ok(());
        }
        let Some(identity) = identity(&table, &after) else { return Ok(()) };
        self.remember(Some(&identity), before.iter().chain([&after]));
        let changed: Vec<String> = after
            .iter()
            .filter(|(column, text)| before.as_ref().is_none_or(|before| before.get(*column) != Some(text)))
            .map(|(column, text)| format!("{column} {text}"))
            .collect();
        news.lines.push(format!(
            "change {rev} of site {site}: {action} {table} {} {}",
            identity.1,
            changed.join(", ")
        ));
        if let Some(before) = self.names.insert(gid, identity.clone()).filter(|before| *before != identity) {
            news.changed.push((before, identity));
        }
        Ok(())
    }

    fn remember<'a>(&mut self, row: Option<&Identity>, said: impl Iterator<Item = &'a Cells>) {
        for (column, text) in said.flatten() {
            self.values.extend(row.map(|row| (row.clone(), column.clone(), text.clone())));
        }
    }

    /// Uploads come in the order of their stamps, and no clock but the hub's makes them.
    fn stamped(&mut self, rev: i64, text: &str, (least, most): (i64, i64)) -> anyhow::Result<()> {
        let mut parts = text.split('.').map(str::parse::<i64>);
        let (wall, count) = (parts.next().context("a stamp")??, parts.next().context("a stamp")??);
        let stamp = (wall, count);
        if stamp < self.stamps.1 || wall < least || wall > most {
            let what = format!("change {rev} has {text}; the hub's clock showed {least} to {most}");
            anyhow::bail!(Broken::new("stamps are of the hub's time", what));
        }
        self.stamps.0 = self.stamps.0.max(stamp);
        Ok(())
    }

    fn conflict(&mut self, row: &Row<'_>) -> anyhow::Result<Option<String>> {
        self.read.1 = row.get("id")?;
        let gid: String = row.get("gid")?;
        let Some(identity) = self.names.get(&gid) else { return Ok(None) };
        let side = |name: &str| -> anyhow::Result<Option<String>> {
            let text: Option<String> = row.get(name)?;
            Ok(text.map(|text| serde_json::from_str(&text).map(|json| plain(&json))).transpose()?.flatten())
        };
        let Some(column): Option<String> = row.get("column_name")? else {
            return Ok(Some(format!("keeps {} {}: its deletion did not go through", identity.0, identity.1)));
        };
        let (winner, loser) = (side("winner")?, side("loser")?);
        let told =
            format!("conflict {} {} {column}: {winner:?} stands, {loser:?} is kept", identity.0, identity.1);
        for text in [&winner, &loser].into_iter().flatten() {
            self.values.insert((identity.clone(), column.clone(), text.clone()));
        }
        if let Some(loser) = loser {
            self.losers.insert((identity.clone(), column, loser));
        }
        Ok(Some(told))
    }

    /// Up to which change and which conflict it goes.
    pub const fn end(&self) -> (i64, i64) {
        self.read
    }

    pub fn has(&self, identity: &Identity, column: &str, text: &str) -> bool {
        self.values.contains(&(identity.clone(), column.to_owned(), text.to_owned()))
    }

    /// Whether this value is in the list of conflicts as one that did not stand.
    pub fn lost(&self, identity: &Identity, column: &str, text: &str) -> bool {
        self.losers.contains(&(identity.clone(), column.to_owned(), text.to_owned()))
    }
}

fn cells(json: &str) -> anyhow::Result<Cells> {
    let json: Json = serde_json::from_str(json).context("a line of the history")?;
    let cells = json.as_object().context("a line of the history")?;
    Ok(cells.iter().filter_map(|(column, value)| Some((column.clone(), plain(value)?))).collect())
}

/// As a [`Book`](crate::book::Book) says it; `None` for NULL and blanks.
fn plain(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Some(number.to_string()),
            None => number.as_f64().map(|number| number.to_string()),
        },
        other => Some(other.to_string()),
    }
}
