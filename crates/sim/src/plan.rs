//! What will happen: who takes part, and every deed with its time, all of it from one number.
//!
//! A step carries a seed of its own, so a plan stays meaningful when steps are taken out of it: that is how a failing
//! run is reduced to a short story.

use testkit::{office::Generation, random::Rng};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub offices: usize,
    pub days: u32,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub days: u32,
    pub cast: Vec<Role>,
    /// **Order**: by time.
    pub steps: Vec<Step>,
}

/// One PC with the old program on it.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// `*`: headquarters.
    pub region: &'static str,
    /// Behind the key that all PCs of the region share, instead of a token of its own.
    pub shared_key: bool,
    /// Whether it ever takes a download.
    pub downloads: bool,
    pub generation: Generation,
    /// How far its clock is off. **Units**: hours.
    pub skew: i64,
}

#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub day: u32,
    /// Of the day.
    pub second: u32,
    /// Whose step it is.
    pub pc: usize,
    pub seed: u64,
    pub deed: Deed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Somebody uses the program.
    Work(Work),
    /// The file goes up, and unless that went wrong the hub's file comes down.
    Sync(Mishap),
    Upload(Mishap),
    Download(Mishap),
    /// An upload of some time ago arrives a second time.
    Late,
    /// The hub gives a file, which is long on its way.
    Fetch,
    /// That file arrives, whatever was done at the PC meanwhile.
    Arrive,
    /// A copy of the file is put aside, as every morning.
    Backup,
    /// That copy becomes the file again.
    Restore,
    /// The copy of the very first morning becomes the file again.
    RestoreArchive,
    /// The PC's token is taken away, and it gets a new one.
    NewToken,
    /// Another PC's file becomes this one's.
    Copy {
        of: usize,
    },
    /// The hub stops in order and starts again.
    HubRestart,
    /// The hub's clock is set back a little.
    HubClockBack,
    /// Headquarters decides about what waits.
    Decide,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    AddEmployee,
    EditEmployee,
    DeleteEmployee,
    AddTimesheet,
    EditTimesheet,
    DeleteTimesheet,
    AddVehicle,
    EditVehicle,
    DeleteVehicle,
    AddDriver,
    EditDriver,
    DeleteDriver,
    AddFault,
    EditFault,
    DeleteFault,
    AddVisit,
    EditVisit,
    DeleteVisit,
    Inspect,
    UploadStock,
    SaveTemplate,
    DeleteTemplate,
    SaveSetting,
    LogReport,
    /// Somebody else under the number of an employee.
    ReplaceEmployee,
    /// Writes a row of another region, or gives one away.
    Trespass,
    /// A month's timesheets at once.
    FillTimesheets,
    /// All timesheets at once.
    ClearTimesheets,
}

/// What goes wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    None,
    /// The hub took it, but the answer never came.
    AnswerLost,
    /// It comes twice, one after the other.
    Twice,
    /// The hub stops at this point, by its number.
    Crash(usize),
}

/// Employees of an office that was there before.
const PEOPLE: usize = 12;
const NOON: u32 = 12 * 3600;
/// **Units**: hours.
const YEAR: i64 = 365 * 24;

const REGIONS: [&str; 4] = ["Ankara", "Izmir", "Bursa", "Istanbul"];

/// How often people do what.
const WORK: [(u64, Work); 26] = [
    (10, Work::AddEmployee),
    (8, Work::EditEmployee),
    (3, Work::DeleteEmployee),
    (22, Work::AddTimesheet),
    (14, Work::EditTimesheet),
    (6, Work::DeleteTimesheet),
    (5, Work::AddVehicle),
    (4, Work::EditVehicle),
    (2, Work::DeleteVehicle),
    (4, Work::AddDriver),
    (3, Work::EditDriver),
    (2, Work::DeleteDriver),
    (5, Work::AddFault),
    (4, Work::EditFault),
    (2, Work::DeleteFault),
    (4, Work::AddVisit),
    (3, Work::EditVisit),
    (2, Work::DeleteVisit),
    (6, Work::Inspect),
    (4, Work::UploadStock),
    (3, Work::SaveTemplate),
    (1, Work::DeleteTemplate),
    (2, Work::SaveSetting),
    (2, Work::LogReport),
    (3, Work::ReplaceEmployee),
    (2, Work::Trespass),
];

/// Everything but work and the daily copy, for one PC.
const EVENTS: [(u64, Event); 13] = [
    (40, Event::Sync),
    (8, Event::Upload),
    (5, Event::Download),
    (2, Event::Late),
    (3, Event::Fetch),
    (3, Event::Restore),
    (2, Event::RestoreArchive),
    (3, Event::Copy),
    (2, Event::NewToken),
    (2, Event::HubRestart),
    (2, Event::HubClockBack),
    (2, Event::Decide),
    (20, Event::Nothing),
];

/// What is entered first of all.
const BEGIN: [Work; 9] = [
    Work::AddEmployee,
    Work::AddEmployee,
    Work::AddTimesheet,
    Work::AddTimesheet,
    Work::AddTimesheet,
    Work::AddVehicle,
    Work::AddDriver,
    Work::AddFault,
    Work::Inspect,
];

#[derive(Clone, Copy)]
enum Event {
    Sync,
    Upload,
    Download,
    Late,
    Fetch,
    Restore,
    RestoreArchive,
    Copy,
    NewToken,
    HubRestart,
    HubClockBack,
    Decide,
    Nothing,
}

impl Plan {
    #[must_use]
    pub fn of(seed: u64, size: Size) -> Self {
        let mut rng = Rng::new(seed);
        let regions = 1 + rng.place(REGIONS.len().min(size.offices));
        let cast: Vec<Role> = (0..size.offices).map(|_| role(&mut rng, regions)).collect();
        // Who puts old files back may lose rows and meet them twice: half of the runs are free of it.
        let meddling = rng.percent(50);
        let mut plan = Self { seed, days: size.days, cast, steps: Vec::new() };
        (0..size.offices).for_each(|pc| plan.begin(&mut rng, pc));
        if rng.percent(20) {
            plan.copies(&mut rng);
        }
        if rng.percent(25) {
            plan.mass(&mut rng);
        }
        let mut away_until = vec![0; size.offices];
        for day in 0..size.days {
            for (pc, away) in away_until.iter_mut().enumerate() {
                if rng.percent(8) {
                    // Some days, or some weeks.
                    let days = rng.weighted(&[(3, 4), (1, 25)]);
                    *away = day + 1 + below(&mut rng, days);
                }
                plan.day_of(&mut rng, day, pc, *away > day);
            }
        }
        plan.steps.retain(|step| meddling || step.is_first() || !step.deed.meddles());
        plan.steps.sort_by_key(|step| (step.day, step.second));
        plan
    }

    /// What is in the file before the first day begins.
    fn begin(&mut self, rng: &mut Rng, pc: usize) {
        for work in BEGIN {
            if rng.percent(70) {
                self.add(rng, 0, pc, 0, Deed::Work(work));
            }
        }
    }

    /// The PCs of one region begin with copies of one file that was in use before.
    fn copies(&mut self, rng: &mut Rng) {
        let first = rng.place(self.cast.len());
        (0..PEOPLE).for_each(|_| self.add(rng, 0, first, 0, Deed::Work(Work::AddEmployee)));
        let region = self.cast[first].region;
        for pc in (0..self.cast.len()).filter(|pc| *pc != first) {
            if self.cast[pc].region == region {
                self.add(rng, 0, pc, 1, Deed::Copy { of: first });
            }
        }
    }

    /// Some PC has many timesheets, and loses them all on a later day.
    fn mass(&mut self, rng: &mut Rng) {
        let (pc, day) = (rng.place(self.cast.len()), below(rng, self.days));
        self.add(rng, 0, pc, 1, Deed::Work(Work::FillTimesheets));
        self.add(rng, 0, pc, 2, Deed::Sync(Mishap::None));
        self.add(rng, day, pc, NOON, Deed::Work(Work::ClearTimesheets));
        self.add(rng, day, pc, NOON + 1, Deed::Sync(Mishap::None));
    }

    fn day_of(&mut self, rng: &mut Rng, day: u32, pc: usize, away: bool) {
        self.add(rng, day, pc, 0, Deed::Backup);
        for _ in 0..2 + rng.below(5) {
            let work = rng.weighted(&WORK);
            let second = office_hours(rng);
            self.add(rng, day, pc, second, Deed::Work(work));
        }
        for _ in 0..1 + rng.below(3) {
            let deed = self.event(rng, pc);
            let second = office_hours(rng);
            if let Some(deed) = deed.filter(|deed| !away || !deed.needs_the_line()) {
                self.add(rng, day, pc, second, deed);
                if deed == Deed::Fetch {
                    let later = second + below(rng, 3 * 3600);
                    self.add(rng, day, pc, later, Deed::Arrive);
                }
            }
        }
    }

    fn event(&self, rng: &mut Rng, pc: usize) -> Option<Deed> {
        Some(match rng.weighted(&EVENTS) {
            Event::Sync => Deed::Sync(mishap(rng)),
            Event::Upload => Deed::Upload(mishap(rng)),
            Event::Download => Deed::Download(mishap(rng)),
            Event::Late => Deed::Late,
            Event::Fetch => Deed::Fetch,
            Event::Restore => Deed::Restore,
            Event::RestoreArchive => Deed::RestoreArchive,
            Event::NewToken => Deed::NewToken,
            Event::Copy => Deed::Copy { of: self.neighbour(rng, pc)? },
            Event::HubRestart => Deed::HubRestart,
            Event::HubClockBack => Deed::HubClockBack,
            Event::Decide => Deed::Decide,
            Event::Nothing => return None,
        })
    }

    /// Another PC of the same region: nobody carries a file to an office of other people.
    fn neighbour(&self, rng: &mut Rng, pc: usize) -> Option<usize> {
        let others = (0..self.cast.len()).filter(|other| *other != pc);
        let others: Vec<usize> =
            others.filter(|other| self.cast[*other].region == self.cast[pc].region).collect();
        rng.pick(&others).copied()
    }

    fn add(&mut self, rng: &mut Rng, day: u32, pc: usize, second: u32, deed: Deed) {
        self.steps.push(Step { day, second, pc, seed: rng.draw(), deed });
    }
}

impl Step {
    /// Before anybody begins to work.
    const fn is_first(&self) -> bool {
        self.day == 0 && self.second < 10
    }
}

impl Deed {
    const fn meddles(self) -> bool {
        matches!(
            self,
            Self::Restore
                | Self::RestoreArchive
                | Self::Copy { .. }
                | Self::Late
                | Self::Arrive
                | Self::NewToken
        )
    }

    const fn needs_the_line(self) -> bool {
        matches!(self, Self::Sync(_) | Self::Upload(_) | Self::Download(_) | Self::Fetch)
    }
}

fn role(rng: &mut Rng, regions: usize) -> Role {
    let generations = [(1, Generation::D1BeforeTombstones), (3, Generation::D1), (5, Generation::D2)];
    let region = if rng.percent(12) { "*" } else { REGIONS[rng.place(regions)] };
    let skews = [(6, 0), (1, -3), (1, 3), (1, 30), (1, -YEAR), (1, YEAR)];
    Role {
        region,
        shared_key: region != "*" && rng.percent(35),
        downloads: rng.percent(85),
        generation: rng.weighted(&generations),
        skew: rng.weighted(&skews),
    }
}

fn mishap(rng: &mut Rng) -> Mishap {
    let crash = rng.place(crate::hub::POINTS.len());
    rng.weighted(&[
        (14, Mishap::None),
        (3, Mishap::AnswerLost),
        (2, Mishap::Twice),
        (3, Mishap::Crash(crash)),
    ])
}

/// Half past eight to half past five.
fn office_hours(rng: &mut Rng) -> u32 {
    const FROM: u32 = 8 * 3600 + 1800;
    FROM + below(rng, 9 * 3600)
}

fn below(rng: &mut Rng, limit: u32) -> u32 {
    u32::try_from(rng.below(limit.into())).unwrap_or(0)
}
