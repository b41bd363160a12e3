//! What the writer is doing, told without asking it: one large file may keep it for a while.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::clock::stopwatch;

/// How the writer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// For how long it has been at its present step: taking the store's lock, one job, or a commit. `None`: it waits
    /// for work.
    pub at_work: Option<Duration>,
    /// What it did last, or the last upload, could not be stored.
    pub failing: bool,
}

/// Where the writer notes its steps.
#[derive(Default)]
pub(crate) struct Beat(Mutex<Steps>);

#[derive(Default)]
struct Steps {
    /// Of the present step.
    watch: Option<Box<dyn Fn() -> Duration + Send>>,
    failing: bool,
    lost: bool,
}

impl Beat {
    pub fn step(&self) {
        self.steps().watch = Some(Box::new(stopwatch()));
    }

    pub fn rest(&self, failing: bool) {
        let mut steps = self.steps();
        (steps.watch, steps.failing) = (None, failing);
    }

    /// Whether the last upload could be stored, or what stands for one. Small things often can while a disk is full.
    pub fn note(&self, stored: bool) {
        self.steps().lost = !stored;
    }

    /// Whether the last upload could not be stored.
    pub fn has_lost(&self) -> bool {
        self.steps().lost
    }

    pub fn pulse(&self) -> Pulse {
        let steps = self.steps();
        Pulse { at_work: steps.watch.as_ref().map(|passed| passed()), failing: steps.failing || steps.lost }
    }

    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Beat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pulse().fmt(f)
    }
}
