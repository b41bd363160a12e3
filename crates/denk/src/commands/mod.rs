//! What each command does: one file a command, each with a `run(args, context)`.

pub mod check;
pub mod config_show;
pub mod copy;
pub mod demo;
pub mod init;
pub mod preset;
mod report;
pub mod run;
pub mod verify;
