//! `denk copy` of a SQLite table into PostgreSQL against what `\copy` alone needs for the same rows.

use std::{path::Path, process::Command};

use super::{
    Bench,
    copy_baseline::{ROWS, baseline_file, copy},
    measure::{Measurement, measure, median},
    table::Table,
};

pub fn run(bench: &Bench) -> anyhow::Result<()> {
    let file = bench.folder().join("goods.db");
    testkit::goods::generate(&file, ROWS)?;
    let database = bench.server.create_database();
    let binary = baseline_file(bench, &database)?;
    let mut table = Table::new("SQLite -> PostgreSQL", ROWS);
    table.add("psql \\copy (format binary)", copy(&database, &binary, "binary", bench.runs)?);
    let first = median(bench.runs, || {
        database.run("drop table if exists goods_copy; checkpoint");
        denk_copy(bench, &file, database.url())
    })?;
    table.add("denk copy, first time", first);
    let again = median(bench.runs, || denk_copy(bench, &file, database.url()))?;
    table.add("denk copy, nothing changed", again);
    let small = bench.folder().join("small.db");
    testkit::goods::generate(&small, ROWS / 10)?;
    database.run("drop table goods_copy");
    table.add("(a tenth of the rows, for memory)", denk_copy(bench, &small, database.url())?);
    print!("{table}");
    Ok(())
}

fn denk_copy(bench: &Bench, file: &Path, url: &str) -> anyhow::Result<Measurement> {
    let source = format!("sqlite:{}", file.display());
    measure(Command::new(&bench.denk).args([
        "copy",
        &source,
        url,
        "--table",
        "goods",
        "--as",
        "goods_copy",
        "--quiet",
    ]))
}
