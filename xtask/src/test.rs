//! `test` and `golden`: everything the tests need, the tests, and one line that sums them up.

mod outcome;
mod report;

use std::{
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    process::{Command, ExitCode, ExitStatus, Stdio},
};

use anyhow::Context;
use testkit::postgres::{Server, THROW_AWAY, URL_VARIABLE};

pub use self::outcome::Outcome;
use self::report::Report;
use crate::{
    cargo::{cargo, variable},
    packages::{self, Provided},
};

#[derive(clap::Args)]
pub struct Arguments {
    /// Build with optimisation.
    #[arg(long)]
    release: bool,
    /// Run only tests whose name contains one of these.
    filter: Vec<String>,
}

/// What tests do with a golden file that differs.
#[derive(Clone, Copy, PartialEq)]
pub enum Golden {
    Compare,
    Rewrite,
}

/// Runs all tests and prints `N passed, N failed` as the last line. Fails when one fails, and when none was run.
pub fn run(arguments: &Arguments, golden: Golden) -> anyhow::Result<ExitCode> {
    let server = match variable(URL_VARIABLE) {
        Some(_) => None,
        None => match packages::provide(&packages::POSTGRESQL)? {
            Provided::No(code) => return Ok(code),
            Provided::Yes => Some(Server::start(THROW_AWAY)?),
        },
    };
    for need in [&packages::BROWSER, &packages::OPENSSH] {
        if let Provided::No(code) = packages::provide(need)? {
            return Ok(code);
        }
    }
    let report = Report::new()?;
    let outcome = run_all(arguments, |command| {
        report.announce_to(command);
        if let Some(server) = &server {
            command.env(URL_VARIABLE, server.url());
        }
        if golden == Golden::Rewrite {
            command.envs([("INSTA_UPDATE", "always"), ("INSTA_FORCE_PASS", "1"), ("UPDATE_GOLDEN", "1")]);
        }
    })?;
    drop(server);
    print!("{}", report.banner());
    if outcome.ran_nothing() {
        eprintln!("error: no test was run");
    }
    println!("{} passed, {} failed", outcome.passed, outcome.failed);
    Ok(if outcome.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tests, then documentation tests unless the code did not even build.
fn run_all(arguments: &Arguments, environment: impl Fn(&mut Command)) -> anyhow::Result<Outcome> {
    let mut tests = if has_nextest() { nextest(arguments) } else { cargo_test(arguments, &[]) };
    environment(&mut tests.command);
    let outcome = tests.run()?;
    if outcome.did_not_build {
        return Ok(outcome);
    }
    let mut documentation = cargo_test(arguments, &["--doc"]);
    environment(&mut documentation.command);
    Ok(outcome + documentation.run()?)
}

/// Runs a program of tests and sums up what it says.
pub fn run_libtest(command: Command) -> anyhow::Result<Outcome> {
    Runner { command, speaks: Stream::Out, summary: outcome::of_libtest }.run()
}

/// A test runner, and how its summary is read.
struct Runner {
    command: Command,
    /// nextest speaks on standard error, the built-in runner on standard output.
    speaks: Stream,
    summary: fn(&str) -> Option<Outcome>,
}

enum Stream {
    Out,
    Error,
}

fn has_nextest() -> bool {
    let version = cargo().args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

fn nextest(arguments: &Arguments) -> Runner {
    let mut command = cargo();
    command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    command.args(["--color", colour(io::stderr().is_terminal())]);
    command.args(arguments.release.then_some("--release")).args(&arguments.filter);
    Runner { command, speaks: Stream::Error, summary: outcome::of_nextest }
}

fn cargo_test(arguments: &Arguments, kind: &[&str]) -> Runner {
    let mut command = cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]).args(kind);
    command.args(arguments.release.then_some("--release"));
    command.args(["--", "--color", colour(io::stdout().is_terminal())]).args(&arguments.filter);
    Runner { command, speaks: Stream::Out, summary: outcome::of_libtest }
}

fn colour(terminal: bool) -> &'static str {
    if terminal { "always" } else { "never" }
}

impl Runner {
    fn run(mut self) -> anyhow::Result<Outcome> {
        let (outcome, status) = match self.speaks {
            Stream::Out => {
                let mut child = self.command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
                let outcome = pass_on(child.stdout.take(), &mut io::stdout(), self.summary)?;
                (outcome, child.wait()?)
            }
            Stream::Error => {
                let mut child = self.command.stderr(Stdio::piped()).spawn().context("cannot run cargo")?;
                let outcome = pass_on(child.stderr.take(), &mut io::stderr(), self.summary)?;
                (outcome, child.wait()?)
            }
        };
        Ok(judge(outcome, status))
    }
}

/// Shows what a runner says and sums up the summaries in it; `None` when there was none.
fn pass_on(
    from: Option<impl Read>,
    to: &mut impl Write,
    summary: fn(&str) -> Option<Outcome>,
) -> anyhow::Result<Option<Outcome>> {
    let mut from = BufReader::new(from.context("the runner's output is not ours")?);
    let mut sum = None;
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        if let Some(outcome) = summary(&outcome::without_colour(&String::from_utf8_lossy(&line))) {
            sum = Some(sum.unwrap_or_default() + outcome);
        }
        line.clear();
    }
    Ok(sum)
}

/// A runner that fails without naming a failed test counts as one: it did not build, or crashed.
fn judge(said: Option<Outcome>, status: ExitStatus) -> Outcome {
    let did_not_build = said.is_none() && !status.success();
    let mut outcome = said.unwrap_or_default();
    let no_tests = outcome.ran_nothing() && status.code() == Some(outcome::NEXTEST_NO_TESTS);
    if !status.success() && outcome.failed == 0 && !no_tests {
        outcome.failed = 1;
    }
    Outcome { did_not_build: did_not_build && !no_tests, ..outcome }
}
