//! What is promised about office files and about the program at work on them.

mod columns;
mod content;
mod desktop;
mod sync;

use std::path::PathBuf;

use rusqlite::Connection;
use rusqlite::types::FromSql;

use super::*;

/// A generated file, and the folder that keeps it.
struct File {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl File {
    fn of(shape: Shape, size: Size) -> anyhow::Result<Self> {
        Self::made(&Office { shape, size, region: "Izmir", seed: 17 })
    }

    fn made(office: &Office<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("puantaj.db");
        generate(&path, office)?;
        Ok(Self { path, _folder: folder })
    }

    /// A file with vehicles and all that hangs on them, opened by a program in Izmir.
    fn opened(shape: Shape, generation: Generation) -> anyhow::Result<(Self, Desktop)> {
        let file = Self::of(
            shape,
            Size { vehicles: 4, faults: 6, inspections: 8, service_visits: 4, ..Size::small() },
        )?;
        let desktop = Desktop::start(&file.path, generation, "Izmir", Moment::USUAL)?;
        Ok((file, desktop))
    }

    fn conn(&self) -> anyhow::Result<Connection> {
        Ok(Connection::open(&self.path)?)
    }

    /// The one value of a query.
    fn one<T: FromSql>(&self, sql: &str) -> anyhow::Result<T> {
        Ok(self.conn()?.query_row(sql, [], |row| row.get(0))?)
    }

    /// The first column of a query, as text.
    fn list(&self, sql: &str) -> anyhow::Result<Vec<String>> {
        let conn = self.conn()?;
        let mut statement = conn.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn count(&self, table: &str) -> anyhow::Result<i64> {
        self.one(&format!("select count(*) from {table}"))
    }

    fn tables(&self) -> anyhow::Result<Vec<String>> {
        self.list("select name from sqlite_master where type = 'table' and name <> 'sqlite_sequence' order by rowid")
    }

    /// Nothing is broken, and no child is without its parent.
    fn is_sound(&self) -> anyhow::Result<bool> {
        let orphans: i64 = self.one("select count(*) from pragma_foreign_key_check")?;
        Ok(self.one::<String>("pragma integrity_check")? == "ok" && orphans == 0)
    }
}
