//! From a failing run to a short story.

use crate::{Failure, Plan, run};

/// Takes steps out of a failing plan as long as it fails in the same way; at most `tries` runs.
///
/// **Shape**: a plan in which hardly a step is needless, with its failure.
#[must_use]
pub fn reduce(plan: &Plan, failure: Box<Failure>, mut tries: usize) -> (Plan, Box<Failure>) {
    let (mut plan, mut failure) = (plan.clone(), failure);
    let mut chunk = plan.steps.len().div_ceil(2);
    while chunk > 0 && tries > 0 {
        let mut at = 0;
        let mut shorter = false;
        while at < plan.steps.len() && tries > 0 {
            let mut less = plan.clone();
            less.steps.drain(at..(at + chunk).min(plan.steps.len()));
            tries -= 1;
            match run(&less) {
                Err(found) if found.broken.check == failure.broken.check => {
                    (plan, failure, shorter) = (less, found, true);
                }
                _ => at += chunk,
            }
        }
        chunk = if shorter && chunk == 1 { 1 } else { chunk / 2 };
    }
    (plan, failure)
}
