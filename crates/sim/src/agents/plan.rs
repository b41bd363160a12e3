//! What will happen at offices with agents: every deed with its time, all of it from one number.

use testkit::random::Rng;

use crate::Size;

/// **Order** of `steps`: by time.
#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub size: Size,
    /// Of a thousand requests, and of a thousand answers, so many are lost; as many requests arrive twice.
    pub lost: u64,
    pub steps: Vec<Step>,
}

/// One thing happens. What it is done to follows from its own seed, so it makes sense whatever is taken out before it.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Since the beginning.
    pub minute: i64,
    /// Whose step it is.
    pub pc: usize,
    pub seed: u64,
    pub deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The agent exchanges everything.
    Cycle,
    AddPerson,
    AddDay,
    EditPerson,
    EditDay,
    DeletePerson,
    DeleteDay,
    /// INSERT OR REPLACE of a new person under the number of another.
    ReplacePerson,
    /// The file is put aside.
    Backup,
    /// The file that was put aside comes back.
    Restore,
    /// The file of another PC of the region takes this one's place.
    Copy,
    /// The PC's clock goes wrong.
    Clock,
}

const STEPS_A_DAY: u32 = 40;

/// How often which.
const DEEDS: [(u64, Deed); 12] = [
    (34, Deed::Cycle),
    (14, Deed::AddPerson),
    (16, Deed::AddDay),
    (12, Deed::EditPerson),
    (10, Deed::EditDay),
    (4, Deed::DeleteDay),
    (2, Deed::DeletePerson),
    (2, Deed::ReplacePerson),
    (1, Deed::Backup),
    (1, Deed::Restore),
    (1, Deed::Copy),
    (2, Deed::Clock),
];

/// What a link may lose: nothing, 5 % of all exchanges, 36 %.
const LOSSES: [u64; 3] = [0, 25, 200];

impl Plan {
    #[must_use]
    pub fn of(seed: u64, size: Size) -> Self {
        let mut rng = Rng::of(seed, "plan", 0);
        let lost = rng.one_of(&LOSSES);
        let mut minute = 0;
        let steps = (0..size.days * STEPS_A_DAY).map(|_| {
            minute += rng.between(1, 70);
            Step { minute, pc: rng.place(size.offices), seed: rng.draw(), deed: rng.weighted(&DEEDS) }
        });
        let steps = steps.collect();
        Self { seed, size, lost, steps }
    }
}

impl Step {
    /// The first day is 1.
    pub(super) const fn day(&self) -> u32 {
        (self.minute / (24 * 60)) as u32 + 1
    }
}
