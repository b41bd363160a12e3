//! Two hundred short runs, and that a run can be had again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::sync::atomic::{AtomicU64, Ordering};

use sim::{Plan, Size, reduce, run};

const SHORT: Size = Size { offices: 3, days: 2 };
const SEEDS: u64 = 200;
/// Runs that may be spent on making the story of a failure shorter.
const TRIES: usize = 60;

#[test]
fn two_hundred_short_runs_keep_every_promise() {
    let next = AtomicU64::new(1);
    let failed = std::sync::Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while failed.lock().unwrap().is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > SEEDS {
                        return;
                    }
                    let plan = Plan::of(seed, SHORT);
                    if let Err(failure) = run(&plan) {
                        *failed.lock().unwrap() = Some((plan, failure));
                    }
                }
            });
        }
    });
    if let Some((plan, failure)) = failed.into_inner().unwrap() {
        let (_, failure) = reduce(&plan, failure, TRIES);
        panic!("{failure}\nagain: cargo xtask sim --seed {} --offices 3 --days 2", failure.seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [7, 8, 9] {
        let plan = Plan::of(seed, SHORT);
        assert_eq!(run(&plan).unwrap(), run(&plan).unwrap());
    }
}
