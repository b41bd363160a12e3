//! What of the data should be looked at: rows that count nowhere, people entered twice, papers that run out.
//!
//! Owns what is found in the rows in memory and how it is told to one viewer. The rules themselves are those of the offices
//! (crate `office`); what goes wrong around the rows (a PC that is silent, a backup that failed) is `standing`'s. The one
//! thing to know: findings are those of a rev and a day, made once for everybody, and each is shown to whoever sees its row.

mod columns;
mod find;
mod told;

use jiff::civil::Date;
use merge::{Owner, Region, TableId};
use model::Gid;
use office::{
    hours::{Hundredths, ShiftError},
    quality::Likeness,
};

pub(super) use columns::{QualityColumns, RawQuality};

use super::{Named, pages::Label};

/// How pressing something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// To be known.
    Info,
    /// To be looked at.
    Warning,
    /// To be done.
    Serious,
}

/// What is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A day of work that cannot be calculated: `99:25`, no length.
    ImpossibleTime,
    /// A date or time that is none, elsewhere.
    ImpossibleDate,
    /// What it refers to is not there.
    Orphan,
    /// Nobody's row: it says no region.
    NoRegion,
    /// A row says another region than what it belongs to.
    RegionDiffers,
    SamePerson,
    NoDayOff,
    LongShift,
    /// The break takes the whole shift.
    NothingWorked,
    PastMidnight,
    SpecialDay,
    /// Inspection, insurance, maintenance, licence.
    Deadline,
    Oil,
    /// Kilometres below those of the last oil change.
    Odometer,
    RepeatedFault,
    RepeatedProblem,
    /// Bad in the newest check and not in the one before.
    NewProblem,
    /// Kilometres of a check below those of the one before.
    CheckKm,
    /// What a driver last came back with.
    DriverCheck,
    OpenFault,
    /// The vehicles with the most faults.
    MostFaults,
    /// Rows of another region, which were not taken.
    Refused,
    /// What else is odd in what a PC sends.
    Sent,
    Silent,
    Clock,
    Held,
    Conflicts,
    Backup,
    /// Hardly any room.
    Disk,
    /// People cannot be told.
    Notify,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Serious, Self::Warning, Self::Info];

    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Serious => "serious",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }

    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.word() == word)
    }
}

impl Kind {
    /// In the order in which they are offered.
    pub const ALL: [Self; 30] = [
        Self::Silent,
        Self::Clock,
        Self::Held,
        Self::Conflicts,
        Self::Refused,
        Self::Sent,
        Self::Backup,
        Self::Disk,
        Self::Notify,
        Self::ImpossibleTime,
        Self::NothingWorked,
        Self::ImpossibleDate,
        Self::Orphan,
        Self::NoRegion,
        Self::RegionDiffers,
        Self::SamePerson,
        Self::LongShift,
        Self::NoDayOff,
        Self::Deadline,
        Self::Oil,
        Self::Odometer,
        Self::RepeatedFault,
        Self::RepeatedProblem,
        Self::NewProblem,
        Self::CheckKm,
        Self::DriverCheck,
        Self::OpenFault,
        Self::MostFaults,
        Self::PastMidnight,
        Self::SpecialDay,
    ];

    /// As addresses and settings name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::ImpossibleTime => "impossible_time",
            Self::ImpossibleDate => "impossible_date",
            Self::Orphan => "orphan",
            Self::NoRegion => "no_region",
            Self::RegionDiffers => "region_differs",
            Self::SamePerson => "same_person",
            Self::NoDayOff => "no_day_off",
            Self::LongShift => "long_shift",
            Self::NothingWorked => "nothing_worked",
            Self::PastMidnight => "past_midnight",
            Self::SpecialDay => "special_day",
            Self::Deadline => "deadline",
            Self::Oil => "oil",
            Self::Odometer => "odometer",
            Self::RepeatedFault => "repeated_fault",
            Self::RepeatedProblem => "repeated_problem",
            Self::NewProblem => "new_problem",
            Self::CheckKm => "check_km",
            Self::DriverCheck => "driver_check",
            Self::MostFaults => "most_faults",
            Self::OpenFault => "open_fault",
            Self::Refused => "refused",
            Self::Sent => "sent",
            Self::Silent => "silent",
            Self::Clock => "clock",
            Self::Held => "held",
            Self::Conflicts => "conflicts",
            Self::Backup => "backup",
            Self::Disk => "disk",
            Self::Notify => "notify",
        }
    }

    #[must_use]
    pub fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether it is about the hub and its PCs, not about rows of the business.
    #[must_use]
    pub const fn is_of_hub(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::Sent
                | Self::Silent
                | Self::Clock
                | Self::Held
                | Self::Conflicts
                | Self::Backup
                | Self::Disk
                | Self::Notify
        )
    }

    /// Whether it is a state that ends by itself, not something that happened.
    #[must_use]
    pub const fn ends(self) -> bool {
        !matches!(self, Self::Refused | Self::Sent | Self::Backup)
    }
}

/// What is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detail {
    Nothing,
    Shift(ShiftError),
    Hours(Hundredths),
    /// A column's place in its list, and what it says.
    Value {
        column: usize,
        text: String,
    },
    /// A column's place in its list.
    Column(usize),
    Days {
        first: Date,
        last: Date,
        days: u32,
    },
    Others {
        others: Vec<Gid>,
        by: Likeness,
    },
    Deadline {
        column: usize,
        on: Date,
        days_left: i32,
    },
    /// **Units**: kilometres; 0 and below: due, for so many.
    Oil {
        left_km: i64,
    },
    /// `before`: at the last oil change, or the last check.
    Km {
        km: i64,
        before: i64,
    },
    /// Items that were bad, or faults.
    Count(usize),
    Fault {
        title: String,
        times: usize,
    },
    /// What the items of the preset are called; others by their own words.
    Items(Vec<String>),
    /// As [`crate::Alert`] says it.
    Event {
        word: String,
        what: String,
        rows: u64,
    },
    /// `None`: never heard of.
    Silent {
        since_ms: Option<i64>,
    },
    Clock {
        ahead_ms: i64,
    },
    Held {
        id: i64,
    },
    Conflicts {
        count: usize,
    },
    Disk {
        free_bytes: u64,
    },
    /// Which way, and why it fails.
    Notify {
        way: String,
        why: String,
    },
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A row, and its list's place if it has one.
    Row {
        named: Named,
        list: Option<usize>,
    },
    /// A PC, by its number.
    Site(u32),
    Hub,
}

/// When it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Day(Date),
    /// **Units**: milliseconds since 1970.
    Moment(i64),
    Always,
}

/// Somebody looked at it and left it as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub who: String,
    pub note: String,
    pub at_ms: i64,
}

/// A finding as one viewer may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The same as long as it says the same.
    pub key: String,
    pub kind: Kind,
    pub severity: Severity,
    pub region: Option<String>,
    pub subject: Subject,
    /// Rows that [`Detail::Others`] names, as far as they are seen.
    pub others: Vec<Named>,
    /// What [`Detail::Items`] is called.
    pub items: Vec<Label>,
    pub when: When,
    pub detail: Detail,
    pub accepted: Option<Accepted>,
}

/// A finding about a row.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub kind: Kind,
    pub severity: Severity,
    table: TableId,
    gid: Gid,
    /// A number of [`Findings::owners`].
    owner: u32,
    date: Option<Date>,
    detail: Detail,
    key: [u8; 16],
}

/// Everything that was found in the rows of a rev on a day.
#[derive(Debug)]
pub(crate) struct Findings {
    pub rev: i64,
    pub today: Date,
    /// The most serious first, of one kind the newest first.
    found: Vec<Found>,
    owners: Vec<Owner>,
}

impl Findings {
    /// Findings that a region sees.
    pub fn of(&self, region: &Region) -> impl Iterator<Item = &Found> {
        let seen: Vec<bool> = self.owners.iter().map(|owner| region.sees(owner)).collect();
        self.found.iter().filter(move |found| seen[found.owner as usize])
    }

    pub fn region(&self, found: &Found) -> Option<&str> {
        match &self.owners[found.owner as usize] {
            Owner::Region(region) => Some(region),
            Owner::Shared | Owner::Nobody => None,
        }
    }
}

impl Found {
    pub const fn key_bytes(&self) -> &[u8; 16] {
        &self.key
    }
}

/// What a finding is known by: what it is about and what it says, without what changes from day to day.
pub(crate) fn key(kind: Kind, about: &[u8], detail: &Detail) -> [u8; 16] {
    let said = match detail {
        Detail::Deadline { column, on, .. } => format!("{column} {on}"),
        // Each kilometre is no news.
        Detail::Oil { left_km } => (*left_km <= 0).to_string(),
        Detail::Silent { .. } | Detail::Clock { .. } | Detail::Conflicts { .. } | Detail::Disk { .. } => {
            String::new()
        }
        Detail::Notify { way, .. } => way.clone(),
        other => format!("{other:?}"),
    };
    let mut hasher = blake3::Hasher::new();
    for part in [kind.word().as_bytes(), about, said.as_bytes()] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}
