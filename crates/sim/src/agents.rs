//! Offices whose files an agent keeps in step: the production agent and the production hub over a link that loses
//! requests and answers and delivers some twice, with restored and copied files and clocks that are wrong.
//!
//! Knows what people typed ([`book`]) and looks at files and tables from outside; does not know how denk merges.

mod apart;
mod book;
mod check;
mod exchange;
mod files;
mod heard;
mod link;
mod migrate;
mod people;
mod plan;
mod tally;
mod town;

use crate::{Broken, Failure, reduce::shorten};
pub use plan::{Deed, Plan, Step};
pub use tally::{Event, Tally};
use town::Town;

/// A run in which every promise held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// A line each.
    pub story: Vec<String>,
    pub tally: Tally,
}

/// Runs a plan to its end and through quiet time.
///
/// # Errors
/// The first promise that did not hold, or what the machine could not do.
pub fn run(plan: &Plan) -> Result<Told, Box<Failure>> {
    let mut told = Told::default();
    let (mut day, mut rows) = (0, Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(play(plan, (&mut told, &mut rows), &mut day)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => Ok(told),
        Err(error) => {
            let works = |error: anyhow::Error| Broken::new("the simulator works", format!("{error:#}"));
            let broken = error.downcast::<Broken>().unwrap_or_else(works);
            Err(Box::new(Failure { seed: plan.seed, day, broken, story: told.story, rows }))
        }
    }
}

async fn play(plan: &Plan, (told, rows): (&mut Told, &mut Vec<String>), day: &mut u32) -> anyhow::Result<()> {
    let mut town = Town::new(plan).await?;
    for step in &plan.steps {
        *day = step.day();
        let line = town.take(step).await;
        told.tally = town.tally.clone();
        match line {
            Ok(line) => told.story.extend(line.map(|line| format!("day {day}: {line}"))),
            Err(error) => return Err(explained(&town, rows, error)),
        }
    }
    let mut ended = town.quiet().await;
    if ended.is_ok() {
        ended = town.check();
    }
    ended.map_err(|error| explained(&town, rows, error))
}

/// With what the hub wrote down about the rows.
fn explained(town: &Town, rows: &mut Vec<String>, error: anyhow::Error) -> anyhow::Error {
    rows.extend(town.history(&error.to_string()).unwrap_or_default());
    error
}

/// Takes steps out of a failing plan as long as it fails in the same way; at most `tries` runs.
#[must_use]
pub fn reduce(plan: &Plan, failure: Box<Failure>, tries: usize) -> (Plan, Box<Failure>) {
    let again = |steps: &[Step]| run(&Plan { steps: steps.to_vec(), ..plan.clone() }).err();
    let (steps, failure) = shorten(plan.steps.clone(), failure, tries, again);
    (Plan { steps, ..plan.clone() }, failure)
}
