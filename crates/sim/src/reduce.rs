//! From a failing run to a short story.

use crate::{Failure, Plan, run};

/// Takes steps out of a failing plan as long as it fails in the same way; at most `tries` runs.
///
/// **Shape**: a plan in which hardly a step is needless, with its failure.
#[must_use]
pub fn reduce(plan: &Plan, failure: Box<Failure>, tries: usize) -> (Plan, Box<Failure>) {
    let again = |steps: &[_]| run(&Plan { steps: steps.to_vec(), ..plan.clone() }).err();
    let (steps, failure) = shorten(plan.steps.clone(), failure, tries, again);
    (Plan { steps, ..plan.clone() }, failure)
}

/// The same of the steps of any plan. `fails`: how a run with these steps fails, if it does.
pub fn shorten<S: Clone>(
    mut steps: Vec<S>,
    mut failure: Box<Failure>,
    mut tries: usize,
    fails: impl Fn(&[S]) -> Option<Box<Failure>>,
) -> (Vec<S>, Box<Failure>) {
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 && tries > 0 {
        let mut at = 0;
        let mut shorter = false;
        while at < steps.len() && tries > 0 {
            let mut less = steps.clone();
            less.drain(at..(at + chunk).min(steps.len()));
            tries -= 1;
            match fails(&less) {
                Some(found) if found.broken.check == failure.broken.check => {
                    (steps, failure, shorter) = (less, found, true);
                }
                _ => at += chunk,
            }
        }
        chunk = if shorter && chunk == 1 { 1 } else { chunk / 2 };
    }
    (steps, failure)
}
