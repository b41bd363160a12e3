//! One full exchange: what the office changed goes up, what others changed comes down.

use std::{collections::HashSet, sync::Arc};

use merge::Rules;
use replica::wire::{Code, Hello, Trouble, Welcome};
use serde::Serialize;

use crate::{
    link::{Hub, LinkError},
    office::{self, Clockwork, Lock, Office, Random, Standing},
};

/// What cycles need besides the file and the hub.
#[derive(Clone)]
pub struct Tools {
    pub rules: Arc<Rules>,
    pub random: Random,
    /// Milliseconds since 1970, UTC, by this PC's clock.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// How a cycle went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows of a file that the hub met for the first time: it has them, or had them before.
    pub met: u64,
    /// Changes that the hub took in.
    pub pushed: u64,
    /// Rows of others that were written into the file.
    pub pulled: u64,
    pub conflicts: u64,
    /// Changes that wait for a person at the hub.
    pub held: u64,
    pub refused: u64,
    /// Rows of the file that are not at the hub, or not as they are here: it refused them, or nobody can read them.
    pub aside: u64,
    /// Rows of the hub that the file does not take: it has another row of that name, or what they need, or the office
    /// works on them.
    pub late: u64,
    /// What is noted and not sent yet.
    pub waiting: u64,
    /// Columns of the program's that are not exchanged, as denk does not know them: `table.column`.
    pub unknown: Vec<String>,
    /// How far this PC's clock runs before the hub's (negative: behind it), in milliseconds.
    pub clock_ahead_ms: i64,
    /// Everything of the region up to this rev of the hub is in the file.
    #[serde(skip)]
    pub cursor: i64,
}

/// Why a cycle did not go to its end. What was done before it is done.
#[derive(Debug, thiserror::Error)]
pub enum CycleError {
    #[error(transparent)]
    Office(#[from] office::Error),
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The hub changed its mind more often than it can.
    #[error("hub and office do not come to an agreement; the next cycle tries again")]
    Restless,
}

/// Batches, first contacts and restarts of one cycle.
const ROUNDS_MAX: usize = 200;
/// How often everything is pulled anew in one cycle, each time with a look at all that the file knows.
const ANEW_MAX: usize = 3;

/// Notices and keeps what the office changed, without any hub: what a PC does while it is off-line.
///
/// # Errors
/// [`office::Error`].
pub async fn note(file: &Lock, tools: &Tools) -> Result<Standing, office::Error> {
    let mut office = Office::open_locked(file.clone(), &tools.rules).await?;
    office.install().await?;
    office.standing().await
}

/// What one agent and its hub know of each other, over many cycles.
#[derive(Debug)]
pub struct Exchange<H> {
    hub: H,
    /// `None`: the agent has to introduce itself (again).
    known: Option<Known>,
    held: Option<Held>,
}

/// What waits for a person at the hub, and is asked about when the agent introduces itself: not with each cycle, as it is
/// sent whole to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// The first contact.
    File,
    Batch(u64),
}

#[derive(Clone, Debug)]
struct Known {
    welcome: Welcome,
    /// What is added to this PC's time to get the hub's.
    offset_ms: i64,
}

impl<H: Hub> Exchange<H> {
    #[must_use]
    pub const fn new(hub: H) -> Self {
        Self { hub, known: None, held: None }
    }

    pub(crate) const fn hub(&self) -> &H {
        &self.hub
    }

    /// With the next cycle the agent introduces itself, tells how it stands, and looks at the hub's clock.
    pub fn greet_again(&mut self) {
        self.known = None;
    }

    /// The region that the hub named.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        Some(&self.known.as_ref()?.welcome.region)
    }

    /// Exchanges everything.
    ///
    /// # Errors
    /// [`CycleError`]; the next cycle goes on where this one ended.
    pub async fn cycle(&mut self, file: &Lock, tools: &Tools) -> Result<Report, CycleError> {
        let mut office = Office::open_locked(file.clone(), &tools.rules).await?;
        office.install().await?;
        let (known, greeted) = match &self.known {
            Some(known) => (known.clone(), false),
            None => (hello(&self.hub, &mut office, tools).await?, true),
        };
        let clock_ahead_ms = known.offset_ms.saturating_neg();
        let report = Report { clock_ahead_ms, ..Report::default() };
        // It is only known again when the cycle has gone to its end.
        self.known = None;
        let held = std::mem::take(&mut self.held).filter(|_| !greeted);
        let (restarted, decided) = (false, false);
        let mut cycle =
            Cycle { office, hub: &self.hub, tools, report, known: &known, held, restarted, decided };
        cycle.run().await?;
        let standing = cycle.office.standing().await?;
        self.held = cycle.held;
        let Standing { waiting, cursor, aside, late, unknown, .. } = standing;
        let report = Report { waiting, cursor, aside, late, unknown, ..cycle.report };
        self.known = Some(known);
        Ok(report)
    }
}

/// Introduces the agent, and learns the hub's time.
async fn hello(hub: &impl Hub, office: &mut Office, tools: &Tools) -> Result<Known, CycleError> {
    let Standing { waiting, cursor, mark, behind, hub: of, .. } = office.standing().await?;
    let asked_ms = (tools.clock)();
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let mark = mark.filter(|_| !behind && of.is_some());
    let seen = mark.is_some().then_some(cursor);
    let settings = office.told().await?;
    let welcome = hub.hello(&Hello { version, clock_ms: asked_ms, waiting, seen, mark, settings }).await?;
    let offset_ms = offset(asked_ms, welcome.clock_ms, (tools.clock)());
    let standing = office.standing().await?;
    let same = standing.hub.as_ref() == Some(&welcome.hub) && standing.site == Some(welcome.site);
    if same && (standing.number > welcome.number || standing.cursor > welcome.rev) {
        fall_behind(hub, office, (welcome.number, welcome.seen)).await?;
    }
    Ok(Known { welcome, offset_ms })
}

/// The hub is a restored one. Up to the last place that both histories have the file has what it has. Where the hub last heard it
/// tells that only of a file that kept no places: it may be of yet another history, or of a later file.
async fn fall_behind(
    hub: &impl Hub,
    office: &mut Office,
    (number, seen): (u64, i64),
) -> Result<(), CycleError> {
    let places = office.standing().await?.places;
    let mut had = if places.is_empty() { seen } else { 0 };
    for place in places.iter().rev() {
        if has(hub, place).await? {
            had = place.0;
            break;
        }
    }
    Ok(office.behind(number, had).await?)
}

/// Whether the hub's history goes by a place.
async fn has(hub: &impl Hub, (rev, mark): &(i64, String)) -> Result<bool, CycleError> {
    match hub.pull(*rev, Some(mark)).await {
        Ok(_) => Ok(true),
        Err(LinkError::Refused(Trouble { code: Code::Behind, .. })) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What is added to this PC's time to get the hub's, in milliseconds: 0 where the hub's answer may have been written at the
/// time that it bears. It was, about half-way between question and answer.
fn offset(asked_ms: i64, hub_ms: i64, heard_ms: i64) -> i64 {
    let offset = hub_ms.saturating_sub(i64::midpoint(asked_ms, heard_ms));
    if (asked_ms..=heard_ms).contains(&hub_ms) { 0 } else { offset }
}

struct Cycle<'a, H> {
    office: Office,
    hub: &'a H,
    tools: &'a Tools,
    report: Report,
    known: &'a Known,
    /// Nothing is asked about it in this cycle.
    held: Option<Held>,
    /// The hub turned out to be a restored one, and is told what it lacks when everything was pulled.
    restarted: bool,
    /// What waited was decided, and is asked about again.
    decided: bool,
}

impl<H: Hub> Cycle<'_, H> {
    async fn run(&mut self) -> Result<(), CycleError> {
        let standing = self.office.standing().await?;
        let Welcome { hub, site, .. } = &self.known.welcome;
        let met = standing.hub.as_ref() == Some(hub) && standing.site == Some(*site);
        if !met && !self.office.take_over(&self.known.welcome).await? && !self.meet().await? {
            return Ok(());
        }
        for _ in 0..ROUNDS_MAX {
            self.restarted = self.office.standing().await?.behind;
            self.push().await?;
            let doubt = self.office.standing().await?.doubt;
            self.pull().await?;
            // What came may be what the office has deleted, and a restored hub lost that.
            if !self.restarted && (doubt || !self.office.standing().await?.doubt) {
                return Ok(());
            }
        }
        Err(CycleError::Restless)
    }

    fn clockwork(&self) -> Clockwork {
        let random = Arc::clone(&self.tools.random);
        Clockwork { now_ms: (self.tools.clock)(), offset_ms: self.known.offset_ms, random }
    }

    /// First contact: `false` while the file waits for a person.
    async fn meet(&mut self) -> Result<bool, CycleError> {
        if self.held == Some(Held::File) {
            self.report.held += 1;
            return Ok(false);
        }
        let copy = self.office.copy().await?;
        let met = self.hub.meet(&copy).await?;
        self.report.conflicts += met.conflicts;
        self.report.refused += met.refused;
        self.report.met = met.tables.iter().map(|table| table.ids.len() as u64).sum();
        if met.held {
            self.report.held += 1;
            self.held = Some(Held::File);
            return Ok(false);
        }
        self.office.adopt(&copy, (&self.known.welcome, &met), &self.clockwork()).await?;
        Ok(true)
    }

    /// What was noted when it begins goes up. What the program writes meanwhile is the next cycle's, so that a program that
    /// writes all the time does not keep this one from its end.
    async fn push(&mut self) -> Result<(), CycleError> {
        let noted = self.office.standing().await?.waiting;
        let mut told = 0;
        for _ in 0..ROUNDS_MAX {
            let clock = self.clockwork();
            let Some(push) = self.office.prepare(&clock).await? else { return Ok(()) };
            if self.held == Some(Held::Batch(push.number)) {
                self.report.held = push.changes.len() as u64;
                return Ok(());
            }
            match self.hub.push(&push).await {
                Ok(pushed) if pushed.held => {
                    self.office.mark_held(pushed.number).await?;
                    self.report.held = push.changes.len() as u64;
                    self.held = Some(Held::Batch(pushed.number));
                    return Ok(());
                }
                Ok(pushed) => {
                    self.count(&pushed);
                    self.office.settle(&pushed).await?;
                    let rows: HashSet<_> = push.changes.iter().map(|change| change.gid).collect();
                    told += rows.len() as u64;
                    if told >= noted && !self.office.standing().await?.doubt {
                        return Ok(());
                    }
                }
                Err(LinkError::Refused(trouble)) => self.settle_trouble(trouble).await?,
                Err(error) => return Err(error.into()),
            }
        }
        // So much was told that the rest is another cycle's.
        if told > 0 { Ok(()) } else { Err(CycleError::Restless) }
    }

    async fn settle_trouble(&mut self, trouble: Trouble) -> Result<(), CycleError> {
        match trouble.code {
            Code::Older if !self.decided && !self.office.standing().await?.held => {
                Ok(self.office.older(trouble.number).await?)
            }
            // A hub that has let this batch wait, and has another one under its number, was restored.
            Code::Older | Code::Behind => {
                self.restarted = true;
                fall_behind(self.hub, &mut self.office, (trouble.number, trouble.seen)).await
            }
            Code::Decided => {
                self.decided = true;
                Ok(self.office.decided().await?)
            }
            _ => Err(LinkError::Refused(trouble).into()),
        }
    }

    fn count(&mut self, pushed: &replica::wire::Pushed) {
        let refused = pushed.fates.iter().filter(|fate| fate.end == replica::wire::End::Refused).count();
        self.report.refused += refused as u64;
        self.report.pushed += (pushed.fates.len() - refused) as u64;
        self.report.conflicts += pushed.conflicts;
    }

    async fn pull(&mut self) -> Result<(), CycleError> {
        let mut anew = 0;
        loop {
            let Standing { cursor: after, mark, behind, .. } = self.office.standing().await?;
            let page = match self.hub.pull(after, mark.as_deref()).await {
                Ok(page) => page,
                Err(LinkError::Refused(trouble)) if anew < ANEW_MAX => {
                    self.settle_trouble(trouble).await?;
                    anew += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if page.next == after && page.rows.is_empty() && page.mark == mark && !behind {
                return Ok(());
            }
            // Whoever has more tells where it goes on.
            if page.more && page.next <= after {
                return Err(CycleError::Restless);
            }
            let applied = self.office.apply(&page).await?;
            self.report.pulled += applied.written;
            if !page.more {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_when_the_answer_was_not_written_between_question_and_answer() {
        assert_eq!([1_000, 1_390, 1_400].map(|hub_ms| offset(1_000, hub_ms, 1_400)), [0; 3]);
        assert_eq!([999, 1_401, 11_200].map(|hub_ms| offset(1_000, hub_ms, 1_400)), [-201, 201, 10_000]);
        // It was set back meanwhile.
        assert_eq!(offset(1_400, 1_200, 1_000), 0);
        assert_eq!(offset(1_400, 1_300, 1_000), 100);
    }
}
