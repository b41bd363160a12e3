//! Runs seeds of the simulator from the command line; see `cargo xtask sim`.

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use clap::Parser;
use sim::{
    Failure, Plan, Size,
    agents::{self, Tally},
    reduce, run,
};

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
    /// Offices with agents instead of whole files.
    #[arg(long)]
    agents: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Arguments { seeds, offices, days, .. } = arguments;
    let (mut failures, tally) = run_all(&arguments);
    failures.sort_by_key(|(_, failure)| failure.seed);
    if arguments.agents {
        println!("{tally}");
    }
    if failures.is_empty() {
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
        println!("{} of {seeds} runs failed", failures.len());
    } else if let Some((planned, failure)) = failures.into_iter().next() {
        tell(&arguments, &planned, failure);
    }
    ExitCode::FAILURE
}

/// What is run.
enum Planned {
    Files(Plan),
    Agents(agents::Plan),
}

impl Planned {
    fn of(seed: u64, arguments: &Arguments) -> Self {
        let size = Size { offices: usize::from(arguments.offices), days: arguments.days };
        if arguments.agents {
            Self::Agents(agents::Plan::of(seed, size))
        } else {
            Self::Files(Plan::of(seed, size))
        }
    }

    fn run(&self) -> Result<agents::Told, Box<Failure>> {
        match self {
            Self::Files(plan) => Ok(agents::Told { story: run(plan)?, tally: Tally::default() }),
            Self::Agents(plan) => agents::run(plan),
        }
    }

    /// How many steps are left of it, and how it fails with these.
    fn reduce(&self, failure: Box<Failure>, tries: usize) -> (usize, Box<Failure>) {
        match self {
            Self::Files(plan) => {
                let (short, failure) = reduce(plan, failure, tries);
                (short.steps.len(), failure)
            }
            Self::Agents(plan) => {
                let (short, failure) = agents::reduce(plan, failure, tries);
                (short.steps.len(), failure)
            }
        }
    }
}

fn run_all(arguments: &Arguments) -> (Vec<(Planned, Failure)>, Tally) {
    let end = arguments.seed.saturating_add(arguments.seeds);
    let (next, stop) = (AtomicU64::new(arguments.seed), AtomicBool::new(false));
    let ends = Mutex::new((Vec::new(), Tally::default()));
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let planned = Planned::of(seed, arguments);
            let outcome = planned.run();
            let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
            match outcome {
                Ok(told) => {
                    if arguments.story {
                        told.story.iter().for_each(|line| println!("{line}"));
                    }
                    ends.1 += &told.tally;
                }
                Err(failure) => {
                    stop.store(!arguments.all, Ordering::Relaxed);
                    ends.0.push((planned, *failure));
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    ends.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn tell(arguments: &Arguments, planned: &Planned, failure: Failure) {
    let seed = failure.seed;
    let (steps, failure) = planned.reduce(Box::new(failure), arguments.tries);
    eprint!("{failure}");
    eprintln!(
        "({steps} steps; the whole run: cargo xtask sim {}--seed {seed} --offices {} --days {})",
        if arguments.agents { "--agents " } else { "" },
        arguments.offices,
        arguments.days
    );
}
