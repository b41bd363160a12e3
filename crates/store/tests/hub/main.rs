//! Offices and their hub: files of the old program go in and out, on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod activity;
mod agents;
mod anew;
mod branches;
mod clocks;
mod columns;
mod conflicts;
mod copies;
mod deletes;
mod doubts;
mod erased;
mod forgotten;
mod former_agents;
mod guesses;
mod guide;
mod held;
mod identities;
mod ids;
mod lab;
mod lists;
mod mirror;
mod moved;
mod offices;
mod put_back;
mod regions;
mod restored;
mod shapes;
mod sites;
mod strangers;
mod too_much;
mod twice;
mod undo;
