//! The hub through real HTTP, with a real store on a temporary SQLite file.

#![allow(clippy::unwrap_used, reason = "tests")]

/// The same tests run on PostgreSQL: see `../hub_on_postgres.rs`.
const ON_POSTGRES: bool = false;

mod accounts;
mod activity;
mod agents;
mod alerts;
mod backups;
mod copies;
mod decisions;
mod downloads;
mod files;
mod five_tests;
mod guides;
mod hostile;
mod metrics;
mod office;
mod old_faults;
mod openapi;
mod overview;
mod pages;
mod people;
mod person_file;
mod privacy;
mod programs;
mod pushes;
mod raw;
mod settings;
mod sites;
mod tls;
mod trouble;
mod undo;
mod world;
