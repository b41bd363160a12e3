//! The hub through real HTTP, with a real store on a temporary SQLite file.

#![allow(clippy::unwrap_used, reason = "tests")]

mod guides;
mod hostile;
mod people;
mod programs;
mod raw;
mod tls;
mod world;
