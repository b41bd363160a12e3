//! What files say: differences, first contact, old shapes, ids that are used again.
#![allow(clippy::unwrap_used, reason = "tests")]

mod age;
mod contact;
mod deletions;
mod difference;
mod file;
#[path = "../hub/mod.rs"]
mod hub;
mod regions;
mod rules;
mod sameness;
