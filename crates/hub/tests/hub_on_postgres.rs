//! Every test of `hub/` but those of backups, with the store in PostgreSQL: a database of its own for each test. Backups of such a store are
//! PostgreSQL's own.

#![allow(clippy::unwrap_used, reason = "tests")]

const ON_POSTGRES: bool = true;

#[path = "hub/accounts.rs"]
mod accounts;
#[path = "hub/activity.rs"]
mod activity;
#[path = "hub/agents.rs"]
mod agents;
#[path = "hub/alerts.rs"]
mod alerts;
#[path = "hub/copies.rs"]
mod copies;
#[path = "hub/decisions.rs"]
mod decisions;
#[path = "hub/downloads.rs"]
mod downloads;
#[path = "hub/files.rs"]
mod files;
#[path = "hub/five_tests.rs"]
mod five_tests;
#[path = "hub/guides.rs"]
mod guides;
#[path = "hub/hostile.rs"]
mod hostile;
#[path = "hub/metrics.rs"]
mod metrics;
#[path = "hub/office.rs"]
mod office;
#[path = "hub/old_faults.rs"]
mod old_faults;
#[path = "hub/openapi.rs"]
mod openapi;
#[path = "hub/overview.rs"]
mod overview;
#[path = "hub/pages.rs"]
mod pages;
#[path = "hub/people.rs"]
mod people;
#[path = "hub/person_file.rs"]
mod person_file;
#[path = "hub/privacy.rs"]
mod privacy;
#[path = "hub/programs.rs"]
mod programs;
#[path = "hub/pushes.rs"]
mod pushes;
#[path = "hub/raw.rs"]
mod raw;
#[path = "hub/settings.rs"]
mod settings;
#[path = "hub/sites.rs"]
mod sites;
#[path = "hub/tls.rs"]
mod tls;
#[path = "hub/trouble.rs"]
mod trouble;
#[path = "hub/undo.rs"]
mod undo;
#[path = "hub/world.rs"]
mod world;
