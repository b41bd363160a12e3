//! What PostgreSQL's own `\copy` reaches on this machine: the measure for everything else.

use std::path::{Path, PathBuf};

use testkit::postgres::Database;

use super::{
    Bench,
    measure::{Measurement, measure, median},
    table::Table,
};

/// Rows of the table that denk's copy is measured with.
pub const ROWS: u64 = 1_000_000;

/// That table: ids, three texts, amounts, numbers, a time and a text that is mostly missing.
const TABLE: &str = include_str!("copy_baseline.sql");

pub fn run(bench: &Bench) -> anyhow::Result<()> {
    let database = bench.server.create_database();
    database.run(TABLE);
    let mut table = Table::new("\\copy into PostgreSQL", ROWS);
    for format in ["binary", "text"] {
        let file = bench.folder().join(format);
        database.run(&format!("\\copy goods to '{}' (format {format})", file.display()));
        table.add(format, copy(&database, &file, format, bench.runs)?);
    }
    print!("{table}");
    Ok(())
}

/// Makes the tables of this benchmark in `database` and gives their rows as a file in binary format.
pub fn baseline_file(bench: &Bench, database: &Database) -> anyhow::Result<PathBuf> {
    database.run(TABLE);
    let file = bench.folder().join("binary");
    database.run(&format!("\\copy goods to '{}' (format binary)", file.display()));
    Ok(file)
}

/// Copies a file into the empty table `baseline`, `runs` times.
pub fn copy(database: &Database, file: &Path, format: &str, runs: u32) -> anyhow::Result<Measurement> {
    let command = format!("\\copy baseline from '{}' (format {format})", file.display());
    median(runs, || {
        database.run("truncate baseline; checkpoint");
        measure(database.psql().args(["-c", &command]))
    })
}
