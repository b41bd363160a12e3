//! The tests: all are built at once, then run one program after the other.

use std::{ops::Add as _, process::Command};

use anyhow::Context as _;

use super::{toolchain::Toolchain, wine::Wine};
use crate::{
    cargo::{self, Artifact},
    test::{Outcome, run_libtest},
};

/// Folders of the crates whose tests are run.
pub const CRATES: [&str; 8] = ["model", "merge", "database", "replica", "store", "hub", "agent", "denk"];

/// Tests of a crate that need what is not there (PostgreSQL's programs, SQL Server): parts of their names; none for a
/// program that needs it as a whole.
const LEFT_OUT: [(&str, &str, &[&str]); 10] = [
    ("database", "database", &["postgres::tests"]),
    ("database", "contract", &["postgres::", "mssql::", "journey"]),
    ("store", "hub", &["on_postgres"]),
    ("store", "crash", &["on_postgres"]),
    ("hub", "hub", &["of_several_hubs"]),
    ("hub", "hub_on_postgres", &[]),
    ("denk", "copy", &[]),
    ("denk", "crash", &[]),
    ("denk", "entegra", &[]),
    ("denk", "failures", &[]),
];

/// Runs all tests of these crates, of all when none is named.
pub fn run(toolchain: &Toolchain, wine: &Wine, crates: &[String]) -> anyhow::Result<Outcome> {
    let mut build = toolchain.cargo(&["test", "--no-run"]);
    for name in CRATES.iter().filter(|name| crates.is_empty() || crates.iter().any(|wanted| wanted == *name))
    {
        build.args(["--package", &package(name)]);
    }
    let built = cargo::artifacts(&mut build)?;
    let mut outcome = Outcome::default();
    for tests in built.iter().filter(|artifact| artifact.is_test()) {
        if let Some(command) = command(tests, wine)? {
            outcome = outcome.add(run_libtest(command)?);
        }
    }
    Ok(outcome)
}

fn package(name: &str) -> String {
    if name == "denk" { name.to_owned() } else { format!("denk-{name}") }
}

/// `None` when it is left out.
fn command(tests: &Artifact, wine: &Wine) -> anyhow::Result<Option<Command>> {
    let folder = tests.folder().file_name().unwrap_or_default();
    let name = tests.target.name.as_str();
    let left_out = LEFT_OUT.iter().find(|(of, program, _)| folder == *of && name == *program);
    if left_out.is_some_and(|(_, _, parts)| parts.is_empty()) {
        println!("\n{}: {name} is left out", folder.display());
        return Ok(None);
    }
    println!("\n{}: {name}", folder.display());
    let mut command = wine.command(tests.executable.as_ref().context("tests that cannot be run")?);
    command.current_dir(tests.folder());
    // Golden files are looked for where they are, and none is written.
    command.env("INSTA_WORKSPACE_ROOT", cargo::root()).env("INSTA_UPDATE", "no");
    let parts = left_out.into_iter().flat_map(|(_, _, parts)| *parts);
    command.args(parts.flat_map(|part| ["--skip", part]));
    Ok(Some(command))
}
