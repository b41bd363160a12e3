//! The tests that are run, package by package.

use std::ops::Add as _;

use super::{toolchain::Toolchain, wine::Wine};
use crate::test::{Outcome, run_libtest};

/// Tests of one package.
struct Suite {
    package: &'static str,
    /// Which programs of tests.
    targets: &'static [&'static str],
    /// Parts of the names of tests that need what is not there: PostgreSQL's programs, or signals.
    without: &'static [&'static str],
}

const ALL: &[&str] = &["--lib", "--tests"];

const SUITES: [Suite; 8] = [
    Suite { package: "denk-model", targets: ALL, without: &[] },
    Suite { package: "denk-merge", targets: ALL, without: &[] },
    Suite { package: "denk-database", targets: &["--lib", "--test", "untrusted"], without: &[] },
    Suite {
        package: "denk-database",
        targets: &["--test", "contract"],
        without: &["postgres::", "mssql::", "journey"],
    },
    Suite { package: "denk-replica", targets: ALL, without: &[] },
    Suite { package: "denk-store", targets: ALL, without: &["on_postgres"] },
    Suite { package: "denk-hub", targets: ALL, without: &[] },
    Suite {
        package: "denk",
        targets: &["--lib", "--test", "program", "--test", "offices", "--test", "office_pc"],
        without: &[],
    },
];

/// Runs all suites of these packages, of all when none is named.
pub fn run(toolchain: &Toolchain, wine: &Wine, packages: &[String]) -> anyhow::Result<Outcome> {
    let wanted = |suite: &&Suite| packages.is_empty() || packages.iter().any(|name| name == suite.package);
    let outcomes = SUITES.iter().filter(wanted).map(|suite| suite.run(toolchain, wine));
    outcomes
        .collect::<anyhow::Result<Vec<_>>>()
        .map(|all| all.into_iter().fold(Outcome::default(), Outcome::add))
}

impl Suite {
    fn run(&self, toolchain: &Toolchain, wine: &Wine) -> anyhow::Result<Outcome> {
        let mut command = toolchain.cargo(&["test", "--no-fail-fast", "--package", self.package]);
        command.args(self.targets).arg("--");
        command.args(self.without.iter().flat_map(|part| ["--skip", part]));
        let (variable, runner) = wine.runner();
        command.env(variable, runner).envs(wine.environment());
        run_libtest(command)
    }
}
