//! `denk run entegra` at real size: first copy, nothing changed, a day's work.

use std::{fs, process::Command};

use testkit::{
    entegra::{self, Size, Work},
    postgres::Database,
};

use super::{
    Bench,
    measure::{Measurement, measure, median},
    table::Table,
};

const EMPTY_COPY: &str = "create table base_TABLE (like TABLE including all)";

pub fn run(bench: &Bench) -> anyhow::Result<()> {
    let file = bench.folder().join("entegra.s3db");
    entegra::generate(&file, &Size::real(), 1)?;
    let rows = Size::real().rows().iter().map(|(_, rows)| rows).sum();
    let mut table = Table::new("Entegra -> PostgreSQL", rows);
    let mut database = bench.server.create_database();
    let first = median(bench.runs, || {
        database = bench.server.create_database();
        configure(bench, &database)?;
        denk_run(bench)
    })?;
    table.add("psql \\copy (format binary), all tables", baseline(bench, &database)?);
    table.add("first run", first);
    table.add("nothing changed", median(bench.runs, || denk_run(bench))?);
    let edits = entegra::day_in_file(&file, &Work::usual(), 7)?;
    table.add(&format!("{} rows changed", edits.total()), denk_run(bench)?);
    print!("{table}");
    Ok(())
}

fn configure(bench: &Bench, database: &Database) -> anyhow::Result<()> {
    let file = bench.folder().join("entegra.s3db");
    let configuration = format!(
        "[databases]\nweb = '{}'\nentegra = 'sqlite:{}'\n[flows]\npreset = 'mikro'\n",
        database.url(),
        file.display()
    );
    Ok(fs::write(bench.folder().join("denk.toml"), configuration)?)
}

fn denk_run(bench: &Bench) -> anyhow::Result<Measurement> {
    measure(Command::new(&bench.denk).current_dir(bench.folder()).args(["run", "entegra", "--quiet"]))
}

/// The same rows out of the copied tables and into empty ones of the same shape, by one `psql`.
fn baseline(bench: &Bench, database: &Database) -> anyhow::Result<Measurement> {
    let tables: Vec<String> =
        Size::real().rows().iter().map(|(table, _)| format!("entegra_{table}")).collect();
    let file = |table: &str| bench.folder().join(format!("{table}.bin")).display().to_string();
    for table in &tables {
        database.run(&EMPTY_COPY.replace("TABLE", table));
        database.run(&format!("\\copy {table} to '{}' (format binary)", file(table)));
    }
    let script = bench.folder().join("baseline.sql");
    let copies =
        tables.iter().map(|table| format!("\\copy base_{table} from '{}' (format binary)\n", file(table)));
    fs::write(&script, copies.collect::<String>())?;
    median(bench.runs, || {
        for table in &tables {
            database.run(&format!("truncate base_{table}"));
        }
        database.run("checkpoint");
        measure(database.psql().arg("-q").arg("-f").arg(&script))
    })
}
