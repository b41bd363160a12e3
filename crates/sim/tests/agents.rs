//! Offices with agents, over a link that loses and doubles.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use sim::{
    Size,
    agents::{Event, Plan, Tally, run},
};

const SHORT: Size = Size { offices: 4, days: 3 };
const SEEDS: u64 = 60;

#[test]
fn sixty_short_runs_with_agents_keep_every_promise_and_test_something() {
    let next = AtomicU64::new(1);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > SEEDS {
                        return;
                    }
                    match run(&Plan::of(seed, SHORT)) {
                        Ok(told) => *tally.lock().unwrap_or_else(PoisonError::into_inner) += &told.tally,
                        Err(failure) => panic!(
                            "{failure}\nagain: cargo xtask sim --agents --seed {seed} --offices 4 --days 3"
                        ),
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap_or_else(PoisonError::into_inner);
    let never: Vec<Event> = Event::ALL.into_iter().filter(|event| tally.of(*event) == 0).collect();
    assert!(never.is_empty(), "{never:?} never happened: {tally}");
}
