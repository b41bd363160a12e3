//! Which PC stands behind the one shared key: its requests do not say, or not all of them.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
};

use axum::http::HeaderMap;

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

/// Which address a request comes from. A proxy adds it at the end of `X-Forwarded-For`; what others say there is nothing.
pub(crate) fn address(peer: SocketAddr, headers: &HeaderMap, is_proxy: bool) -> IpAddr {
    let told = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    is_proxy.then(told).flatten().unwrap_or(peer.ip())
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

    #[test]
    fn only_the_proxy_in_front_is_believed_about_addresses() {
        let peer = SocketAddr::from(([10, 0, 0, 9], 1));
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 10.0.0.1".parse().unwrap());
        assert_eq!(address(peer, &headers, true), IpAddr::from([10, 0, 0, 1]));
        assert_eq!(address(peer, &headers, false), peer.ip());
        headers.insert("x-forwarded-for", "nonsense".parse().unwrap());
        assert_eq!(address(peer, &headers, true), peer.ip());
    }
}
