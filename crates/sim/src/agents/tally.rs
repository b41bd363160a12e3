//! How often what happened in a run: one in which nothing happens tests nothing.

use std::{collections::BTreeMap, fmt, ops::AddAssign};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A cycle went to its end.
    Cycle,
    /// The link lost a message, and a cycle did not.
    Away,
    /// An agent heard what became of a batch.
    Settled,
    /// A row of somebody else's was written into a file.
    Pulled,
    /// The hub met a file.
    Met,
    /// Two people changed the same.
    Conflict,
    Copied,
    Restored,
}

impl Event {
    pub const ALL: [Self; 8] = [
        Self::Cycle,
        Self::Away,
        Self::Settled,
        Self::Pulled,
        Self::Met,
        Self::Conflict,
        Self::Copied,
        Self::Restored,
    ];

    const fn words(self) -> &'static str {
        match self {
            Self::Cycle => "cycles ended",
            Self::Away => "cycles cut off",
            Self::Settled => "batches settled",
            Self::Pulled => "rows pulled",
            Self::Met => "files met",
            Self::Conflict => "conflicts",
            Self::Copied => "copied",
            Self::Restored => "restored",
        }
    }
}

/// **Invariants**: quiet time, in which everybody tells everything, is not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Event, u64>);

impl Tally {
    #[must_use]
    pub fn of(&self, event: Event) -> u64 {
        self.0.get(&event).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, event: Event, times: u64) {
        *self.0.entry(event).or_default() += times;
    }
}

impl AddAssign<&Self> for Tally {
    fn add_assign(&mut self, other: &Self) {
        other.0.iter().for_each(|(event, times)| self.add(*event, *times));
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<String> =
            Event::ALL.iter().map(|event| format!("{} {}", self.of(*event), event.words())).collect();
        f.write_str(&told.join(", "))
    }
}
