//! Which PC stands behind the one shared key: its requests do not say, or not all of them.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

/// Regions that the shared key sent files for, by the address they came from.
///
/// The old program says its region when it sends a file and not when it fetches one. It does both one right after
/// the other, so what an address said last tells whose file it fetches.
#[derive(Debug, Default)]
pub(crate) struct RegionsHeard(Mutex<HashMap<IpAddr, Heard>>);

#[derive(Debug, Default)]
struct Heard {
    regions: BTreeSet<String>,
    at_ms: i64,
}

const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1000;
const ADDRESSES_MAX: usize = 10_000;
const REGIONS_MAX: usize = 32;

impl RegionsHeard {
    pub fn hear(&self, from: IpAddr, region: &str, now_ms: i64) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.retain(|_, heard| now_ms - heard.at_ms < REMEMBERED_MS);
        if heard.len() >= ADDRESSES_MAX && !heard.contains_key(&from) {
            return;
        }
        let heard = heard.entry(from).or_default();
        heard.at_ms = now_ms;
        if heard.regions.len() < REGIONS_MAX {
            heard.regions.insert(region.to_owned());
        }
    }

    /// The regions that this address sent files for.
    pub fn of(&self, from: IpAddr, now_ms: i64) -> BTreeSet<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = heard.get(&from).filter(|heard| now_ms - heard.at_ms < REMEMBERED_MS);
        heard.map(|heard| heard.regions.clone()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_remembered_by_address_for_a_day() {
        let (one, two) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let heard = RegionsHeard::default();
        assert!(heard.of(one, 0).is_empty());
        heard.hear(one, "Ankara", 0);
        heard.hear(two, "Bursa", 0);
        heard.hear(one, "Ankara", 5);
        assert_eq!(heard.of(one, 10), BTreeSet::from(["Ankara".into()]));
        heard.hear(one, "İzmir", 20);
        assert_eq!(heard.of(one, 30).len(), 2, "two offices behind one address");
        assert!(heard.of(two, REMEMBERED_MS).is_empty(), "long ago");
    }
}
