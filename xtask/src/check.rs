//! `check`: everything that can be said about the repository without running it.
//!
//! Each check is a file of `check/` and returns findings; this file runs them and prints what they found.

mod dependencies;
mod links;
mod rust_text;
mod sources;
mod texts;
mod tidy;

use std::{fmt, process::ExitCode};

use anyhow::Context;

use self::sources::Source;
use crate::cargo;

#[derive(clap::Args)]
pub struct Arguments {
    /// Run only these.
    #[arg(value_parser = ["format", "dependencies", "links", "texts", "tidy", "lints"])]
    checks: Vec<String>,
}

/// Something to repair.
#[derive(Debug, PartialEq)]
struct Finding {
    /// `path` or `path:line`.
    place: String,
    problem: String,
    remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.place, self.problem, self.remedy)
    }
}

type Check = fn(&[Source]) -> anyhow::Result<Vec<Finding>>;

/// Quick ones first.
const CHECKS: [(&str, Check); 6] = [
    ("format", |_| cargo_finds(&["fmt", "--all", "--check"], "run cargo fmt --all")),
    ("dependencies", |_| Ok(dependencies::check(&cargo::metadata()?.packages))),
    ("links", |sources| Ok(links::check(sources, cargo::root()))),
    ("texts", |sources| Ok(texts::check(sources))),
    ("tidy", |sources| Ok(tidy::check(sources))),
    ("lints", |_| {
        let clippy = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
        cargo_finds(&clippy, "repair what clippy names above")
    }),
];

/// Runs all checks, also after one has found something.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let sources = sources::read(cargo::root(), &cargo::metadata()?.target_directory)?;
    let mut found = 0;
    for (name, check) in
        CHECKS.iter().filter(|(name, _)| arguments.checks.is_empty() || wants(arguments, name))
    {
        let findings = check(&sources).with_context(|| format!("check {name}"))?;
        eprintln!("{name}: {}", if findings.is_empty() { "good" } else { "FAILED" });
        for finding in &findings {
            println!("{finding}");
        }
        found += findings.len();
    }
    Ok(if found == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn wants(arguments: &Arguments, name: &str) -> bool {
    arguments.checks.iter().any(|wanted| wanted == name)
}

/// A cargo command that prints its own findings and fails when there are any.
fn cargo_finds(command: &[&str], remedy: &str) -> anyhow::Result<Vec<Finding>> {
    let status = cargo::cargo().args(command).status().context("cannot run cargo")?;
    if status.success() {
        return Ok(Vec::new());
    }
    let finding = Finding {
        place: format!("cargo {}", command.join(" ")),
        problem: "failed".into(),
        remedy: remedy.into(),
    };
    Ok(vec![finding])
}
