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
    /// The hub's store is put aside; the one that was put aside before is kept too.
    BackupHub,
    /// The store that was put aside last comes back: after the one before, a newer one than that.
    RestoreHub,
    /// The one before the last comes back.
    RestoreOlderHub,
    /// The PC goes the old way from now on.
    Leave,
    /// It gets an agent again.
    Return,
    /// The program is updated: a table is called otherwise for a while, and written to under that name.
    RenameTable,
    /// The same of a column.
    RenameColumn,
    AddColumn,
    /// A new table, the rows copied, the old one dropped, the new one named as it was.
    RemakeTable,
    /// The program is updated while the agent is at work: a table is away during an exchange.
    TakeTableAway,
    /// The same of a column, which people write to when it is back.
    TakeColumnAway,
    /// A column that the file lacked and others have, and that people write to.
    GetColumn,
    /// Everybody tells everything.
    Rest,
}

const STEPS_A_DAY: u32 = 40;

/// How often which.
const DEEDS: [(u64, Deed); 31] = [
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
    (1, Deed::RestoreOlderHub),
    (1, Deed::Leave),
    (6, Deed::Return),
    (1, Deed::RenameTable),
    (1, Deed::RenameColumn),
    (1, Deed::AddColumn),
    (2, Deed::RemakeTable),
    (1, Deed::Rest),
];

/// What is typed while only some have heard of what a restored hub has lost.
const TYPED: [(u64, Deed); 10] = [
    (4, Deed::EditPerson),
    (4, Deed::EditDay),
    (2, Deed::AddPerson),
    (3, Deed::AddDay),
    (3, Deed::DeletePerson),
    (3, Deed::DeleteDay),
    (1, Deed::ReplacePerson),
    (3, Deed::SaveVehicle),
    (2, Deed::DeleteVehicle),
    (2, Deed::SaveShift),
];

/// The hub is put aside twice and set back to the older store, then to the newer one.
const SET_BACK: [Deed; 4] = [Deed::BackupHub, Deed::BackupHub, Deed::RestoreOlderHub, Deed::RestoreHub];
/// Runs in a hundred in which that happens on a day. **Units**: percent.
const SET_BACK_PERCENT: u64 = 40;

/// Updates while the agent is at work.
const UPDATES: [Deed; 4] = [Deed::TakeTableAway, Deed::TakeColumnAway, Deed::GetColumn, Deed::GetColumn];
/// Days on which there is one. **Units**: percent.
const UPDATE_PERCENT: u64 = 40;

/// What a link may lose: nothing, 5 % of all exchanges, 36 %.
const LOSSES: [u64; 3] = [0, 25, 200];

impl Plan {
    #[must_use]
    pub fn of(seed: u64, size: Size) -> Self {
        let mut rng = Rng::of(seed, "plan", 0);
        let lost = rng.one_of(&LOSSES);
        let mut minute = 0;
        let deeds = (0..size.days).flat_map(|_| day(&mut rng)).collect::<Vec<_>>().into_iter();
        let steps = deeds.map(|deed| {
            minute += rng.between(1, 70);
            Step { minute, pc: rng.place(size.offices), seed: rng.draw(), deed }
        });
        let mut steps = steps.collect();
        add_updates(&mut steps, seed, size);
        Self { seed, size, lost, steps }
    }
}

/// Between the other steps, which stay what they are.
fn add_updates(steps: &mut Vec<Step>, seed: u64, size: Size) {
    let mut rng = Rng::of(seed, "updates", 0);
    for _ in 0..size.days {
        let (at, is_updated) = (rng.place(steps.len()), rng.percent(UPDATE_PERCENT));
        let Some(Step { minute, .. }) = steps.get(at).copied().filter(|_| is_updated) else { continue };
        let step = Step { minute, pc: rng.place(size.offices), seed: rng.draw(), deed: rng.one_of(&UPDATES) };
        steps.insert(at, step);
    }
}

fn day(rng: &mut Rng) -> Vec<Deed> {
    let mut deeds: Vec<Deed> = (0..STEPS_A_DAY).map(|_| rng.weighted(&DEEDS)).collect();
    if rng.percent(SET_BACK_PERCENT) {
        let at = rng.place(deeds.len());
        deeds.splice(at..at, set_back(rng));
    }
    deeds
}

/// People type, and some PCs are heard of, between one store and the next.
fn set_back(rng: &mut Rng) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for deed in SET_BACK {
        if rng.percent(40) {
            deeds.push(Deed::Rest);
        }
        deeds.push(deed);
        for _ in 0..rng.below(7) {
            deeds.push(if rng.percent(40) { Deed::Exchange } else { rng.weighted(&TYPED) });
        }
    }
    deeds
}

impl Step {
    /// The first day is 1.
    pub(super) const fn day(&self) -> u32 {
        (self.minute / (24 * 60)) as u32 + 1
    }
}
