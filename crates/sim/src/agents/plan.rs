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
    /// File and hub exchange everything: by the agent, or the old way.
    Exchange,
    AddPerson,
    /// Somebody is entered whom another office has.
    AddTwin,
    AddDay,
    /// Many days at once.
    AddMonth,
    EditPerson,
    EditDay,
    EditAllDays,
    DeletePerson,
    DeleteDay,
    DeleteAllDays,
    /// INSERT OR REPLACE of a new person under the number of another.
    ReplacePerson,
    SaveVehicle,
    DeleteVehicle,
    SaveShift,
    SaveUser,
    /// A person decides about what waits.
    Decide,
    /// The file is put aside.
    Backup,
    /// The file that was put aside comes back.
    Restore,
    /// The file of another PC of the region takes this one's place.
    Copy,
    /// The PC's clock goes wrong.
    Clock,
    /// The hub's store is put aside.
    BackupHub,
    /// The store that was put aside comes back.
    RestoreHub,
    /// The PC goes the old way from now on.
    Leave,
    /// It gets an agent again.
    Return,
}

const STEPS_A_DAY: u32 = 40;

/// How often which.
const DEEDS: [(u64, Deed); 25] = [
    (44, Deed::Exchange),
    (12, Deed::AddPerson),
    (3, Deed::AddTwin),
    (14, Deed::AddDay),
    (4, Deed::AddMonth),
    (10, Deed::EditPerson),
    (8, Deed::EditDay),
    (4, Deed::EditAllDays),
    (2, Deed::DeletePerson),
    (3, Deed::DeleteDay),
    (4, Deed::DeleteAllDays),
    (2, Deed::ReplacePerson),
    (6, Deed::SaveVehicle),
    (1, Deed::DeleteVehicle),
    (4, Deed::SaveShift),
    (2, Deed::SaveUser),
    (12, Deed::Decide),
    (2, Deed::Backup),
    (2, Deed::Restore),
    (1, Deed::Copy),
    (2, Deed::Clock),
    (2, Deed::BackupHub),
    (1, Deed::RestoreHub),
    (1, Deed::Leave),
    (6, Deed::Return),
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
