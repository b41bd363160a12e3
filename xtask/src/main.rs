//! The one door to everything that is done to this repository: `cargo xtask test | check | bench | sim | scan | golden | windows`.

mod bench;
mod cargo;
mod check;
mod hub;
mod packages;
mod scan;
mod sim;
mod test;
mod windows;

use std::process::ExitCode;

use clap::Parser;

/// Development tasks of denk.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Task {
    /// Run all tests; brings what they need.
    Test(test::Arguments),
    /// Check format, lints, dependency direction, links, texts and house rules.
    Check(check::Arguments),
    /// Measure against PostgreSQL with its default settings.
    Bench(bench::Arguments),
    /// Run hub and offices in one process from a seed; the same seed gives the same run.
    Sim(sim::Arguments),
    /// Ask the hub everything that its description allows and much that it does not, with schemathesis.
    Scan(scan::Arguments),
    /// Run the tests and write what they now produce into the golden files; review the difference.
    Golden(test::Arguments),
    /// Build for Windows and run the tests that need no server under Wine.
    Windows(windows::Arguments),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Test(arguments) => test::run(&arguments, test::Golden::Compare),
        Task::Check(arguments) => check::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Sim(arguments) => sim::run(&arguments),
        Task::Scan(arguments) => scan::run(&arguments),
        Task::Golden(arguments) => test::run(&arguments, test::Golden::Rewrite),
        Task::Windows(arguments) => windows::run(&arguments),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
