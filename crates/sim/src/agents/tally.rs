//! How often what happened in a run: one in which nothing happens tests nothing.

use std::{collections::BTreeMap, fmt, ops::AddAssign};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// An agent's exchange went to its end.
    Cycle,
    /// The link lost a message, and with it an exchange.
    Away,
    /// An agent heard that the hub took what it sent.
    Settled,
    /// A row of somebody else's was written into a file.
    Pulled,
    /// The hub met a file with rows.
    Met,
    /// Two people changed the same.
    Conflict,
    /// An exchange left something that waits for a person.
    Held,
    Approved,
    /// A person sent it back.
    Rejected,
    Copied,
    Restored,
    HubRestored,
    /// A newer store of the hub came back after an older one.
    HubForward,
    /// A program was updated.
    Migrated,
    /// Everybody had told everything, and work went on.
    Rested,
    /// A word that all had heard was not known to a restored hub.
    WordLost,
    /// The same of a deletion.
    DeletionLost,
    /// An agent was taken out of a file, or stopped.
    Left,
    Returned,
    /// A file came the old way, and a new one went back.
    OldWay,
}

impl Event {
    pub const ALL: [Self; 20] = [
        Self::Cycle,
        Self::Away,
        Self::Settled,
        Self::Pulled,
        Self::Met,
        Self::Conflict,
        Self::Held,
        Self::Approved,
        Self::Rejected,
        Self::Copied,
        Self::Restored,
        Self::HubRestored,
        Self::HubForward,
        Self::Migrated,
        Self::Rested,
        Self::WordLost,
        Self::DeletionLost,
        Self::Left,
        Self::Returned,
        Self::OldWay,
    ];

    const fn words(self) -> &'static str {
        match self {
            Self::Cycle => "cycles ended",
            Self::Away => "exchanges cut off",
            Self::Settled => "batches settled",
            Self::Pulled => "rows pulled",
            Self::Met => "files met",
            Self::Conflict => "conflicts",
            Self::Held => "held",
            Self::Approved => "approved",
            Self::Rejected => "sent back",
            Self::Copied => "copied",
            Self::Restored => "restored",
            Self::HubRestored => "hub restored",
            Self::HubForward => "to a newer store",
            Self::Migrated => "updates of programs",
            Self::Rested => "rests",
            Self::WordLost => "words that all had heard lost by a hub",
            Self::DeletionLost => "deletions lost by a hub",
            Self::Left => "left",
            Self::Returned => "returned",
            Self::OldWay => "exchanged the old way",
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
