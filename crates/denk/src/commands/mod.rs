//! What each command does: one file a command, each with a `run(args, context)`.

pub mod agent;
pub mod backup;
pub mod check;
pub mod compare;
pub mod config_show;
pub mod conflicts;
pub mod copy;
pub mod demo;
pub mod held;
pub mod import;
pub mod init;
pub mod notify;
pub mod preset;
mod report;
pub mod run;
pub mod serve;
pub mod service;
pub mod site;
pub mod user;
pub mod verify;
