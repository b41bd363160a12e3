//! How the generations of the program differ.

use super::Record;
use crate::office::accounts;

/// A generation of the desktop program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// The first, until 22 January: leaves no tombstones.
    D1BeforeTombstones,
    /// The first as of 23 January: tombstones of employees and timesheets.
    D1,
    /// The second, from 24 January: tombstones also of vehicles, drivers, faults and service visits.
    D2,
}

impl Generation {
    pub(super) const fn leaves_tombstone(self, record: Record) -> bool {
        match self {
            Self::D1BeforeTombstones => false,
            Self::D1 => matches!(record, Record::Employee | Record::Timesheet),
            Self::D2 => true,
        }
    }

    /// What it compares a password with.
    pub(super) fn hash(self, password: &str) -> String {
        match self {
            Self::D1BeforeTombstones | Self::D1 => accounts::prefixed(password.trim()),
            Self::D2 => accounts::unsalted(password.trim()),
        }
    }
}
