//! Hub and offices in one process, with a clock and a chance that belong to the run: the same seed gives the same run.
//!
//! Owns the plan of a run ([`Plan`]), the world it happens in, and the checks of what the hub promises. Does not know
//! how denk merges: it looks at files and tables from outside, at words that people wrote, and at what was written
//! down beside it. The one thing to know: a plan is a list of steps that make sense without each other, so that a
//! failing run can be reduced to a short story ([`reduce`]).

pub mod agents;
mod book;
mod check;
mod history;
mod hub;
mod ledger;
mod lines;
mod pc;
mod plan;
mod reduce;
mod story;
#[cfg(test)]
mod tests;
mod work;
mod world;

use std::fmt;

pub use plan::{Plan, Size, Step};
pub use reduce::reduce;

use check::Progress;
use story::Story;
use world::World;

/// A promise that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {what}")]
pub struct Broken {
    /// Which check.
    pub check: &'static str,
    pub what: String,
    /// Words of the rows that it is about.
    pub about: Vec<String>,
}

/// A run that failed.
#[derive(Debug)]
pub struct Failure {
    pub seed: u64,
    /// The first day is 1.
    pub day: u32,
    pub broken: Broken,
    /// What happened until then, a line each.
    pub story: Vec<String>,
    /// The same of the rows that it is about, with what the hub wrote down.
    pub rows: Vec<String>,
}

impl Broken {
    pub(crate) const fn new(check: &'static str, what: String) -> Self {
        Self { check, what, about: Vec::new() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, day, broken, story, rows } = self;
        writeln!(f, "seed {seed}, day {day}: {}\n  {}", broken.check, broken.what)?;
        story.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
        if !rows.is_empty() {
            writeln!(f, "  of {}:", broken.about.join(", "))?;
        }
        rows.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// Runs a plan to its end and through quiet time. Returns what happened.
///
/// # Errors
/// The first promise that did not hold, or what the machine could not do.
pub fn run(plan: &Plan) -> Result<Vec<String>, Box<Failure>> {
    let failed = |day, story: &Story, error: anyhow::Error| {
        let broken = error
            .downcast::<Broken>()
            .unwrap_or_else(|error| Broken::new("the simulator works", format!("{error:#}")));
        let rows = story.of(&broken.about);
        Box::new(Failure { seed: plan.seed, day, broken, story: story.lines(), rows })
    };
    let nothing = Story::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(0, &nothing, error.into()))?;
    runtime.block_on(async {
        let mut world = World::new(plan).await.map_err(|error| failed(0, &nothing, error))?;
        match play(&mut world, plan).await {
            Ok(()) => Ok(world.story.lines()),
            Err(error) => Err(failed(world.when.0 + 1, &world.story, error)),
        }
    })
}

async fn play(world: &mut World, plan: &Plan) -> anyhow::Result<()> {
    let mut progress = Progress::default();
    for step in &plan.steps {
        if step.day != world.when.0 {
            check::any_time(world, &mut progress).await?;
        }
        world.take(step).await?;
    }
    check::after_quiet(world, &mut progress).await
}
