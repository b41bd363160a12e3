//! The built hub and old office programs: real HTTP, real files, a hub that is killed; and what people say to it on the
//! command line.
#![allow(clippy::unwrap_used, reason = "tests")]

mod activity;
mod decisions;
mod exchange;
mod guide_lines;
#[path = "../hub_process/mod.rs"]
mod hub;
mod imports;
mod people;

/// What a command tells people.
fn said(hub: &hub::Hub, arguments: &[&str]) -> String {
    String::from_utf8(hub.command(arguments).output().unwrap().stdout).unwrap()
}
