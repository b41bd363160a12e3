//! The agent's side of the office file, with the old program at work on it and a hub in memory.
#![allow(clippy::unwrap_used, reason = "tests")]

mod door;
#[path = "../../../merge/tests/hub/mod.rs"]
mod hub;
mod pc;
mod town;

mod attached;
mod awake;
mod brief;
mod columns;
mod day;
mod doubt;
mod ends;
mod failures;
mod ids;
mod left;
mod moved;
mod random;
mod restored;
mod trouble;
mod undisturbed;
mod waiting;
mod way;
