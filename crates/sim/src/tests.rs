//! Stories that the simulator once told wrongly.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use testkit::office::Generation;

use crate::{
    Plan, Step,
    hub::POINTS,
    plan::{Deed, Mishap, Role, Work},
    run,
};

const fn office(region: &'static str) -> Role {
    Role { region, shared_key: false, downloads: true, generation: Generation::D2, skew: 0 }
}

fn step(second: u32, pc: usize, deed: Deed) -> Step {
    Step { day: 0, second, pc, seed: u64::from(second), deed }
}

/// The hub stops when it has put the file of a PC aside for headquarters: nobody is told under what name. What comes of the
/// decision is that PC's, and not the next one's who sends.
#[test]
fn what_waits_since_the_hub_stopped_is_of_who_sent_it() {
    let committed = POINTS.iter().position(|point| *point == "store-committed").unwrap();
    let steps = vec![
        step(1, 1, Deed::Work(Work::FillTimesheets)),
        step(2, 1, Deed::Sync(Mishap::None)),
        step(3, 1, Deed::Work(Work::ClearTimesheets)),
        step(4, 1, Deed::Sync(Mishap::Crash(committed))),
        step(5, 0, Deed::Decide),
        step(6, 0, Deed::Sync(Mishap::None)),
    ];
    let cast = vec![office("Ankara"), office("Bursa")];
    let told = run(&Plan { seed: 1, days: 1, cast, steps }).unwrap();
    assert!(told.iter().any(|line| line.contains("pc2: what waits is decided")), "{told:?}");
}
