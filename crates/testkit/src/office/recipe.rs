//! How each shape comes about: by its own schema, or by the program that made it, and then by what it can hold.

use anyhow::Context;
use rusqlite::Connection;

use super::desktop::{Generation, start};
use super::{LEGACY_SCHEMA, Shape};

/// One step on the way to a file.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Script(&'static str),
    /// The program is started on the file.
    Start(Generation),
}

impl Step {
    pub fn take(self, conn: &Connection) -> anyhow::Result<()> {
        match self {
            Self::Script(sql) => {
                conn.execute_batch(sql).with_context(|| sql.lines().next().unwrap_or_default())
            }
            Self::Start(generation) => start::start(conn, generation),
        }
    }
}

/// A script below `sql`, by its path without the ending.
macro_rules! script {
    ($path:literal) => {
        Step::Script(include_str!(concat!("sql/", $path, ".sql")))
    };
}

const BEFORE_SYNC: [Step; 4] = [
    script!("shape/pre_sync"),
    script!("fill/people_without_region"),
    script!("fill/settings_first"),
    script!("fill/reports"),
];

const LIVE: [Step; 11] = [
    Step::Script(LEGACY_SCHEMA),
    script!("fill/people"),
    script!("fill/settings_first"),
    script!("fill/settings_sync"),
    script!("fill/reports"),
    script!("fill/vehicles"),
    script!("fill/live_users"),
    script!("fill/inspections"),
    script!("fill/stock"),
    TIDY,
    script!("fill/live_sequences"),
];

const TIDY: Step = script!("fill/unused_sequences");

/// The steps to a shape, in order.
pub(super) fn of(shape: Shape) -> Vec<Step> {
    match shape {
        Shape::PreSync => [&BEFORE_SYNC[..], &[TIDY]].concat(),
        Shape::GuideMigrated => [&BEFORE_SYNC[..], &GUIDE_MIGRATION].concat(),
        Shape::GuideMaster => GUIDE_MASTER.to_vec(),
        Shape::Live => [&LIVE[..], &[script!("fill/tombstones"), TIDY]].concat(),
        Shape::LiveWithoutTombstones => [&LIVE[..], &[script!("shape/no_tombstones")]].concat(),
        Shape::D1 => D1.to_vec(),
        Shape::D2Fresh => D2_FRESH.to_vec(),
        Shape::D2Upgraded => [&BEFORE_SYNC[..], &D2_UPGRADE].concat(),
        Shape::V2 => vec![script!("shape/v2"), script!("fill/v2"), TIDY],
    }
}

const GUIDE_MIGRATION: [Step; 5] = [
    script!("shape/guide_migration"),
    script!("shape/guide_tables"),
    script!("fill/guide_region"),
    script!("fill/guide_vehicles"),
    TIDY,
];

const GUIDE_MASTER: [Step; 5] = [
    script!("shape/guide_people"),
    script!("shape/guide_tables"),
    script!("fill/guide_people"),
    script!("fill/guide_vehicles"),
    TIDY,
];

const D1: [Step; 8] = [
    Step::Start(Generation::D1),
    script!("fill/people"),
    script!("fill/reports"),
    script!("fill/vehicles"),
    script!("fill/inspections"),
    script!("fill/stock"),
    script!("fill/tombstones"),
    TIDY,
];

const D2_FRESH: [Step; 8] = [
    Step::Start(Generation::D2),
    script!("fill/people"),
    script!("fill/reports"),
    script!("fill/vehicles"),
    script!("fill/inspections_without_region"),
    script!("fill/stock"),
    script!("fill/tombstones"),
    TIDY,
];

const D2_UPGRADE: [Step; 6] = [
    Step::Start(Generation::D2),
    script!("fill/vehicles"),
    script!("fill/inspections_without_region"),
    script!("fill/stock"),
    script!("fill/tombstones"),
    TIDY,
];
