//! Runs seeds of the simulator from the command line; see `cargo xtask sim`.

use std::process::ExitCode;

use clap::Parser;
use sim::{Plan, Size, reduce, run};

/// Hub and offices in one process, everything from one seed.
#[derive(Parser)]
#[command(bin_name = "cargo xtask sim")]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, one after the other.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..))]
    offices: u8,
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// At most so many runs to make the story of a failure shorter.
    #[arg(long, default_value_t = 300)]
    tries: usize,
    /// Tell also what happened in a run that went well.
    #[arg(long)]
    story: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let size = Size { offices: usize::from(arguments.offices), days: arguments.days };
    let seeds = arguments.seed..arguments.seed.saturating_add(arguments.seeds);
    for seed in seeds.clone() {
        let plan = Plan::of(seed, size);
        match run(&plan) {
            Ok(story) if arguments.story => story.iter().for_each(|line| println!("{line}")),
            Ok(_) => {}
            Err(failure) => {
                let (plan, failure) = reduce(&plan, failure, arguments.tries);
                eprint!("{failure}");
                eprintln!(
                    "({} steps; the whole run: cargo xtask sim --seed {seed} --offices {} --days {})",
                    plan.steps.len(),
                    arguments.offices,
                    arguments.days
                );
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "{} runs of {} offices and {} days: all promises held",
        seeds.count(),
        arguments.offices,
        arguments.days
    );
    ExitCode::SUCCESS
}
