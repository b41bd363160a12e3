//! Runs seeds of the simulator from the command line; see `cargo xtask sim`.

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use clap::Parser;
use sim::{Failure, Plan, Size, agents, reduce, run};

/// Hub and offices in one process, everything from one seed.
#[derive(Parser)]
#[command(bin_name = "cargo xtask sim")]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, as many at a time as the machine has cores.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u8).range(1..))]
    offices: u8,
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// At most so many runs to make the story of a failure shorter.
    #[arg(long, default_value_t = 300)]
    tries: usize,
    /// Tell also what happened in runs that went well.
    #[arg(long)]
    story: bool,
    /// Run all seeds and tell every one that fails in a line, instead of the story of the first.
    #[arg(long)]
    all: bool,
    /// Offices with agents instead of whole files. Their stories are not made shorter.
    #[arg(long)]
    agents: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut failures = run_all(&arguments);
    failures.sort_by_key(|(plan, _)| plan.seed);
    if failures.is_empty() {
        let Arguments { seeds, offices, days, .. } = arguments;
        println!("{seeds} runs of {offices} offices and {days} days: all promises held");
        return ExitCode::SUCCESS;
    }
    if arguments.all {
        for (_, Failure { seed, day, broken, .. }) in &failures {
            println!(
                "seed {seed}, day {day}: {}: {}",
                broken.check,
                broken.what.lines().next().unwrap_or_default()
            );
        }
        println!("{} of {} runs failed", failures.len(), arguments.seeds);
    } else if let Some((plan, failure)) = failures.into_iter().next() {
        tell(&arguments, &plan, failure);
    }
    ExitCode::FAILURE
}

fn run_all(arguments: &Arguments) -> Vec<(Plan, Failure)> {
    let size = Size { offices: usize::from(arguments.offices), days: arguments.days };
    let end = arguments.seed.saturating_add(arguments.seeds);
    let (next, stop) = (AtomicU64::new(arguments.seed), AtomicBool::new(false));
    let failures = Mutex::new(Vec::new());
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let plan = Plan::of(seed, size);
            let outcome = if arguments.agents { agents(seed, size) } else { run(&plan) };
            match outcome {
                Ok(story) if arguments.story => story.iter().for_each(|line| println!("{line}")),
                Ok(_) => {}
                Err(failure) => {
                    stop.store(!arguments.all, Ordering::Relaxed);
                    failures.lock().unwrap_or_else(PoisonError::into_inner).push((plan, *failure));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    failures.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn tell(arguments: &Arguments, plan: &Plan, failure: Failure) {
    if arguments.agents {
        eprint!("{failure}");
        return;
    }
    let (short, failure) = reduce(plan, Box::new(failure), arguments.tries);
    eprint!("{failure}");
    eprintln!(
        "({} steps; the whole run: cargo xtask sim --seed {} --offices {} --days {})",
        short.steps.len(),
        plan.seed,
        arguments.offices,
        arguments.days
    );
}
