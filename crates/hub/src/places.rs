//! How much one site or person may have under way, so that none takes the place of others.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use model::SiteId;

use crate::answer::Refusal;

/// How many requests of a kind are under way, by who sent them.
#[derive(Debug)]
pub(crate) struct Places<K: Eq + Hash = SiteId> {
    taken: Arc<Mutex<HashMap<K, usize>>>,
    of_one_max: usize,
}

/// One of them; its place is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Eq + Hash = SiteId> {
    taken: Arc<Mutex<HashMap<K, usize>>>,
    who: K,
}

impl<K: Clone + Eq + Hash> Places<K> {
    pub fn of(of_one_max: usize) -> Self {
        Self { taken: Arc::default(), of_one_max }
    }

    /// # Errors
    /// `Busy`: they have as many as they may.
    pub fn begin(&self, who: K) -> Result<Place<K>, Refusal> {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(who.clone()).or_default();
        if *count >= self.of_one_max {
            return Err(Refusal::Busy);
        }
        *count += 1;
        Ok(Place { taken: Arc::clone(&self.taken), who })
    }

    /// Whether they have any under way.
    pub fn has(&self, who: &K) -> bool {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).contains_key(who)
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.who) {
            *count -= 1;
        }
        all.retain(|_, count| *count > 0);
    }
}
