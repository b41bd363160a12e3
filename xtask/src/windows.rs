//! `windows`: builds the program for Windows and runs under Wine whatever needs no PostgreSQL.
//!
//! Not a part of `test`: it takes a compiler for another system and as long as a second build of everything.

mod http;
mod journey;
mod office_day;
mod staying;
mod suites;
mod toolchain;
pub mod wine;

use std::process::ExitCode;

use anyhow::Context as _;

use self::{toolchain::Toolchain, wine::Wine};
use crate::{
    cargo,
    packages::{self, Provided},
};

#[derive(clap::Args)]
pub struct Arguments {
    /// Take the compiler from Debian's packages also where rustup can bring what is missing.
    #[arg(long)]
    debian: bool,
    /// Run only these crates' tests; all when none is named.
    #[arg(value_parser = suites::CRATES)]
    crates: Vec<String>,
}

/// Prints `N passed, N failed` as the last line. Fails when one fails, and when none was run.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Provided::No(code) = packages::provide(&packages::WINDOWS)? {
        return Ok(code);
    }
    let target = cargo::metadata()?.target_directory;
    let toolchain = if arguments.debian { Toolchain::of_debian(&target)? } else { Toolchain::find(&target)? };
    let program = cargo::build(toolchain.cargo(&["build", "--package", "denk"]), "denk")?;
    let bytes = program.metadata().with_context(|| program.display().to_string())?.len();
    println!("{} ({:.1} MB)", program.display(), bytes as f64 / 1e6);
    let wine = Wine::start()?;
    journey::run(&wine, &program)?;
    let mut build = cargo::cargo();
    build.args(["build", "--package", "denk"]);
    office_day::run(&wine, &program, &cargo::build(build, "denk")?)?;
    let outcome = suites::run(&toolchain, &wine, &arguments.crates)?;
    println!("{} passed, {} failed", outcome.passed, outcome.failed);
    Ok(if outcome.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
