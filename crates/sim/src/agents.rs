//! Offices whose files an agent keeps in step: the production agent and the production hub over a link that loses
//! requests and answers and delivers some twice, with restored and copied files and clocks that are wrong.
//!
//! Every text that somebody types is a word of its own that names the person it was typed about, so a word that stands
//! with another person was attached to the wrong row.

mod check;
mod files;
mod link;
mod people;
mod town;

use crate::{Broken, Failure, Size};
use town::Town;

const STEPS_A_DAY: u32 = 24;

/// Runs a seed to its end and through quiet time. Returns what happened.
///
/// # Errors
/// The first promise that did not hold, or what the machine could not do.
pub fn agents(seed: u64, size: Size) -> Result<Vec<String>, Box<Failure>> {
    let mut story = Vec::new();
    let (mut day, mut rows) = (0, Vec::new());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(play(seed, size, (&mut story, &mut rows), &mut day)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => Ok(story),
        Err(error) => {
            let works = |error: anyhow::Error| Broken::new("the simulator works", format!("{error:#}"));
            let broken = error.downcast::<Broken>().unwrap_or_else(works);
            Err(Box::new(Failure { seed, day, broken, story, rows }))
        }
    }
}

async fn play(
    seed: u64,
    size: Size,
    (story, rows): (&mut Vec<String>, &mut Vec<String>),
    day: &mut u32,
) -> anyhow::Result<()> {
    let mut town = Town::new(seed, size.offices).await?;
    for now in 1..=size.days {
        *day = now;
        for _ in 0..STEPS_A_DAY {
            if let Some(line) = town.step().await? {
                story.push(format!("day {now}: {line}"));
            }
        }
    }
    town.quiet().await?;
    let checked = town.check();
    if let Err(error) = &checked {
        *rows = town.history(&error.to_string())?;
    }
    checked
}
