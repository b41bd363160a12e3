//! What the writer is doing, told without asking it: one large file may keep it for a while.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// How the writer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// For how long it has been at its present step: taking the store's lock, one job, or a commit. `None`: it waits
    /// for work.
    pub at_work: Option<Duration>,
    /// What it did last could not be stored.
    pub failing: bool,
}

/// Where the writer notes its steps.
#[derive(Debug, Default)]
pub(crate) struct Beat(Mutex<Steps>);

#[derive(Debug, Default)]
struct Steps {
    began: Option<Instant>,
    failing: bool,
}

impl Beat {
    pub fn step(&self) {
        self.steps().began = Some(Instant::now());
    }

    pub fn rest(&self, failing: bool) {
        *self.steps() = Steps { began: None, failing };
    }

    pub fn pulse(&self) -> Pulse {
        let steps = self.steps();
        Pulse { at_work: steps.began.map(|began| began.elapsed()), failing: steps.failing }
    }

    fn steps(&self) -> MutexGuard<'_, Steps> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
