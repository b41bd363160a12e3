//! `bench`: the benchmarks of `bench/`, each against a PostgreSQL of its own run with PostgreSQL's default settings.
//!
//! Not a test: it prints tables with ratios, because seconds of different machines do not compare.

mod agent;
mod copy;
mod copy_baseline;
mod entegra;
mod hub;
pub mod measure;
mod table;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use testkit::postgres::Server;

use crate::{
    cargo,
    hub::Hub,
    packages::{self, Provided},
};

#[derive(clap::Args)]
pub struct Arguments {
    /// Run only these; all when none is named.
    names: Vec<String>,
    /// How often each is measured; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
}

/// What every benchmark gets.
struct Bench {
    server: Server,
    /// The program, built for release.
    denk: PathBuf,
    /// For files; removed at the end.
    folder: TempDir,
    runs: u32,
}

impl Bench {
    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A hub with nothing in its store.
    fn hub(&self, name: &str) -> anyhow::Result<Hub> {
        Hub::start(&self.denk, self.folder().join(name))
    }
}

type Benchmark = fn(&Bench) -> anyhow::Result<()>;

/// By name, in the order in which they run.
const BENCHMARKS: [(&str, Benchmark); 6] = [
    ("copy-baseline", copy_baseline::run),
    ("copy", copy::run),
    ("entegra", entegra::run),
    ("hub", hub::run),
    ("pages", hub::pages::run),
    ("agent", agent::run),
];

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let benchmarks = chosen(&arguments.names)?;
    if let Provided::No(code) = packages::provide(&packages::POSTGRESQL)? {
        return Ok(code);
    }
    let bench = Bench {
        denk: cargo::build_release("denk", "denk")?,
        server: Server::start(&[])?,
        folder: tempfile::tempdir().context("cannot make a temporary folder")?,
        runs: arguments.runs,
    };
    eprintln!("measuring {} with {} runs each", bench.denk.display(), bench.runs);
    for (name, benchmark) in benchmarks {
        benchmark(&bench).with_context(|| format!("benchmark {name}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<(&'static str, Benchmark)>> {
    if let Some(unknown) = names.iter().find(|name| !BENCHMARKS.iter().any(|(known, _)| known == name)) {
        let known: Vec<&str> = BENCHMARKS.iter().map(|(name, _)| *name).collect();
        bail!("there is no benchmark `{unknown}`\nhint: {}", known.join(", "));
    }
    let is_chosen = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    Ok(BENCHMARKS.into_iter().filter(|(name, _)| is_chosen(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_run_unless_some_are_named() {
        assert_eq!(chosen(&[]).unwrap().len(), BENCHMARKS.len());
        assert_eq!(chosen(&["copy-baseline".into()]).unwrap().len(), 1);
        assert!(chosen(&["kopy".into()]).unwrap_err().to_string().contains("hint: copy-baseline"));
    }
}
