//! The shapes office files have had.

use std::str::FromStr;

use anyhow::Context;

/// One historical schema with its habits of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// The backup of 19 January: five tables, no region, no users.
    PreSync,
    /// That file after the guide's migration script: a region on timesheets only, users with plain passwords, poor
    /// tables about vehicles.
    GuideMigrated,
    /// The file of the guide's server after such a file was sent to it: `is_special` and `notes` have changed places.
    GuideMaster,
    /// The live files of 23 and 24 January, with tombstones.
    Live,
    /// The live files that have no `deleted_records` yet.
    LiveWithoutTombstones,
    /// Made from nothing by the first generation of the program.
    D1,
    /// Made from nothing by the second generation.
    D2Fresh,
    /// The backup of 19 January, opened by the second generation: regions of people are NULL.
    D2Upgraded,
    /// The abandoned second edition (`rainstaff.db`): another family of tables and names.
    V2,
}

impl Shape {
    pub const ALL: [Self; 9] = [
        Self::PreSync,
        Self::GuideMigrated,
        Self::GuideMaster,
        Self::Live,
        Self::LiveWithoutTombstones,
        Self::D1,
        Self::D2Fresh,
        Self::D2Upgraded,
        Self::V2,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreSync => "pre-sync",
            Self::GuideMigrated => "guide-migrated",
            Self::GuideMaster => "guide-master",
            Self::Live => "live",
            Self::LiveWithoutTombstones => "live-without-tombstones",
            Self::D1 => "d1",
            Self::D2Fresh => "d2-fresh",
            Self::D2Upgraded => "d2-upgraded",
            Self::V2 => "v2",
        }
    }

    /// Whether its rows are numbered from 1 without gaps, as nothing has ever been deleted.
    pub(super) const fn is_fresh(self) -> bool {
        matches!(self, Self::D1 | Self::D2Fresh | Self::V2)
    }
}

impl FromStr for Shape {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        let shape = Self::ALL.into_iter().find(|shape| shape.name() == name);
        let names = Self::ALL.map(Self::name).join(", ");
        shape.with_context(|| format!("there is no shape {name:?}, only {names}"))
    }
}
