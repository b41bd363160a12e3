//! How many uploads are dealt with at a time, and how much of them is in memory.
//!
//! Whoever is slow to send holds up nobody: only what has come whole waits for its turn. What agents send enters then; what comes the old
//! way enters before, as the shared key has no other bound.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time,
};

use crate::{Limits, answer::Refusal};

/// What weights are counted in. **Units**: bytes.
const UNIT: u64 = 64 << 10;

#[derive(Debug)]
pub(crate) struct Turns {
    /// Uploads that have entered: they are on their way, wait, or have begun.
    door: Arc<Semaphore>,
    /// Uploads that have come whole and are dealt with.
    begun: Arc<Semaphore>,
    /// Files that are read and merged, by their weight.
    room: Arc<Semaphore>,
    room_units: u32,
    wait: Duration,
}

/// An upload that may come.
#[derive(Debug)]
pub(crate) struct Entered(#[allow(dead_code, reason = "as for a room")] OwnedSemaphorePermit);

/// An upload that is dealt with.
#[derive(Debug)]
pub(crate) struct Turn {
    _entered: Entered,
    _begun: OwnedSemaphorePermit,
}

/// A file that may be read and merged.
#[derive(Debug)]
pub(crate) struct Room(#[allow(dead_code, reason = "dropping it is what it is for")] OwnedSemaphorePermit);

impl Turns {
    pub fn new(limits: &Limits) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        let room_units = units(limits.merging_bytes_max);
        Self {
            door: semaphore(limits.uploads_max.saturating_add(limits.uploads_waiting_max)),
            begun: semaphore(limits.uploads_max),
            room: semaphore(room_units as usize),
            room_units,
            wait: limits.turn_wait,
        }
    }

    /// # Errors
    /// `Busy`: there are too many already.
    pub fn enter(&self) -> Result<Entered, Refusal> {
        Arc::clone(&self.door).try_acquire_owned().map(Entered).map_err(|_| Refusal::Busy)
    }

    /// Waits for the turn of an upload that has come whole.
    ///
    /// # Errors
    /// `Busy`: not in time.
    pub async fn begin(&self, entered: Entered) -> Result<Turn, Refusal> {
        let begun = time::timeout(self.wait, Arc::clone(&self.begun).acquire_owned()).await;
        let begun = begun.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Busy)?;
        Ok(Turn { _entered: entered, _begun: begun })
    }

    /// Waits until so much more may be in memory. A file that weighs more than all together may is alone there.
    ///
    /// # Errors
    /// `Busy`: not in time.
    pub async fn room(&self, bytes: u64) -> Result<Room, Refusal> {
        let wanted = units(bytes).min(self.room_units);
        let room = time::timeout(self.wait, Arc::clone(&self.room).acquire_many_owned(wanted)).await;
        Ok(Room(room.map_err(|_| Refusal::Busy)?.map_err(|_| Refusal::Busy)?))
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).clamp(1, 1 << 24)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    fn turns(uploads_max: usize, uploads_waiting_max: usize, turn_wait: Duration) -> Turns {
        let merging_bytes_max = 10 * UNIT;
        Turns::new(&Limits {
            uploads_max,
            uploads_waiting_max,
            merging_bytes_max,
            turn_wait,
            ..Limits::default()
        })
    }

    #[tokio::test]
    async fn files_that_are_merged_never_weigh_more_than_they_may_together() {
        let turns = turns(64, 64, Duration::ZERO);
        let small = turns.room(4 * UNIT).await.unwrap();
        let other = turns.room(6 * UNIT - 5).await.unwrap();
        assert!(matches!(turns.room(1).await, Err(Refusal::Busy)), "until one is done");
        drop(other);
        assert!(matches!(turns.room(1000 * UNIT).await, Err(Refusal::Busy)), "the largest is alone");
        drop(small);
        let large = turns.room(1000 * UNIT).await.unwrap();
        assert!(matches!(turns.room(1).await, Err(Refusal::Busy)));
        drop(large);
        turns.room(1).await.unwrap();
    }

    #[tokio::test]
    async fn a_queue_that_is_too_long_is_told_at_once() {
        let turns = turns(1, 1, Duration::from_hours(1));
        let first = turns.begin(turns.enter().unwrap()).await.unwrap();
        let mut second = pin!(turns.begin(turns.enter().unwrap()));
        assert!(second.as_mut().now_or_never().is_none(), "one may wait");
        assert!(matches!(turns.enter(), Err(Refusal::Busy)), "no more");
        drop(first);
        second.await.unwrap();
    }
}
