//! Offices with agents, over a link that loses and doubles.

use std::sync::atomic::{AtomicU64, Ordering};

use sim::{Size, agents};

const SHORT: Size = Size { offices: 4, days: 3 };
const SEEDS: u64 = 60;

#[test]
fn sixty_short_runs_with_agents_keep_every_promise() {
    let next = AtomicU64::new(1);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed > SEEDS {
                        return;
                    }
                    if let Err(failure) = agents(seed, SHORT) {
                        panic!(
                            "{failure}\nagain: cargo xtask sim --agents --seed {seed} --offices 4 --days 3"
                        );
                    }
                }
            });
        }
    });
}
