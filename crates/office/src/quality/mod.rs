//! What looks wrong in the data and should be looked at by somebody.
//!
//! Findings are no errors: a long shift may have been worked. Rows and people are told apart by their keys (`K`: a local id, a
//! gid), never by their names. Each finding names what it is about; texts are made by who shows them.

mod people;
mod timesheets;

use jiff::civil::Date;

pub use self::people::same_people;
pub use self::timesheets::{days_in_a_row, rows};
use crate::hours::{Entry, Hundredths, ShiftError};

/// A person as the database keeps them; NULL is the empty text.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a, K> {
    pub id: K,
    pub name: &'a str,
    pub identity_no: &'a str,
    pub region: &'a str,
}

/// A row of the timesheet.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a, K> {
    pub id: K,
    /// Whose it is; `None` where nobody of that number is there.
    pub person: Option<K>,
    pub entry: Entry<'a>,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding<K> {
    /// A date, time or break that says nothing, or no length: the row counts nowhere.
    Unreadable {
        row: K,
        error: ShiftError,
    },
    /// Its person is not there.
    Orphan {
        row: K,
    },
    /// The break takes all of it: nothing was worked.
    NothingWorked {
        row: K,
        gross: Hundredths,
    },
    /// Twelve hours or more, break included.
    LongShift {
        row: K,
        gross: Hundredths,
    },
    PastMidnight {
        row: K,
        hours: Hundredths,
    },
    SpecialDay {
        row: K,
    },
    /// Worked on six days or more, one after the other.
    NoDayOff {
        person: K,
        first: Date,
        last: Date,
        days: u32,
    },
    /// Several entries for what may be one person.
    SamePerson {
        people: Vec<K>,
        by: Likeness,
    },
}

/// What people have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    IdentityNumber,
    Name,
}
