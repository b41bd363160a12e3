//! What the program does to a file when it starts.

use anyhow::Context;
use rusqlite::{Connection, named_params};

use super::Generation;
use crate::office::ACCOUNTS;

/// A script below `sql`, by its path without the ending.
macro_rules! script {
    ($path:literal) => {
        include_str!(concat!("../sql/", $path, ".sql"))
    };
}

pub(in crate::office) fn start(conn: &Connection, generation: Generation) -> anyhow::Result<()> {
    match generation {
        Generation::D1BeforeTombstones => first(conn),
        Generation::D1 => {
            first(conn)?;
            Ok(conn.execute_batch(script!("d1/create_deleted_records"))?)
        }
        Generation::D2 => second(conn),
    }
}

/// Tables, every column that an older file lacks, Ankara for rows without a region, and at every start the users again.
fn first(conn: &Connection) -> anyhow::Result<()> {
    conn.execute_batch(script!("d1/create"))?;
    for statement in statements(script!("d1/add_columns")) {
        match conn.execute_batch(statement) {
            Err(error) if !error.to_string().contains("duplicate column name") => {
                return Err(error).with_context(|| statement.to_owned());
            }
            _ => {}
        }
    }
    conn.execute_batch(script!("d1/blank_regions"))?;
    conn.execute_batch(script!("d1/seed"))?;
    seed_users(conn, script!("d1/seed_user"), Generation::D1)
}

/// Tables, some regions whatever comes of it, and users only where there are none.
fn second(conn: &Connection) -> anyhow::Result<()> {
    conn.execute_batch(script!("d2/create"))?;
    for statement in statements(script!("d2/add_columns")) {
        // The program does not look either.
        let _ = conn.execute_batch(statement);
    }
    conn.execute_batch(script!("d2/seed"))?;
    let users: i64 = conn.query_row("select count(*) from users", [], |row| row.get(0))?;
    if users == 0 { seed_users(conn, script!("d2/seed_user"), Generation::D2) } else { Ok(()) }
}

fn seed_users(conn: &Connection, insert: &str, generation: Generation) -> anyhow::Result<()> {
    let mut insert = conn.prepare(insert)?;
    for account in ACCOUNTS {
        insert.execute(named_params! {
            ":username": account.username,
            ":hash": generation.hash(account.password),
            ":role": account.role,
            ":region": account.region,
        })?;
    }
    Ok(())
}

fn statements(script: &str) -> impl Iterator<Item = &str> {
    script.split(";\n").filter(|statement| !statement.trim().is_empty())
}
