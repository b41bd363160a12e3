//! How much one site may have under way, so that none takes the place of others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use model::SiteId;

use crate::answer::Refusal;

/// How many requests of a kind are under way, by site.
#[derive(Debug)]
pub(crate) struct Places {
    taken: Arc<Mutex<HashMap<SiteId, usize>>>,
    of_site_max: usize,
}

/// One of them; its place is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    taken: Arc<Mutex<HashMap<SiteId, usize>>>,
    site: SiteId,
}

impl Places {
    pub fn of(of_site_max: usize) -> Self {
        Self { taken: Arc::default(), of_site_max }
    }

    /// # Errors
    /// `Busy`: the site has as many as it may.
    pub fn begin(&self, site: SiteId) -> Result<Place, Refusal> {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.entry(site).or_default();
        if *count >= self.of_site_max {
            return Err(Refusal::Busy);
        }
        *count += 1;
        Ok(Place { taken: Arc::clone(&self.taken), site })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = all.get_mut(&self.site) {
            *count -= 1;
        }
        all.retain(|_, count| *count > 0);
    }
}
