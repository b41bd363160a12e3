//! Which PC stands behind the one shared key: its requests do not say, or not all of them.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    sync::{Mutex, PoisonError},
};

use axum::http::HeaderMap;

/// Regions that the shared key spoke for, by the address it spoke from.
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

    /// The one region that this address spoke for. `None` when there were none or several.
    pub fn only(&self, from: IpAddr, now_ms: i64) -> Option<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = heard.get(&from).filter(|heard| now_ms - heard.at_ms < REMEMBERED_MS)?;
        let mut regions = heard.regions.iter();
        regions.next().filter(|_| regions.next().is_none()).cloned()
    }
}

/// Which address a request comes from. A proxy in front adds it at the end of `X-Forwarded-For`.
pub(crate) fn address(peer: SocketAddr, headers: &HeaderMap, behind_proxy: bool) -> IpAddr {
    let told = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    };
    behind_proxy.then(told).flatten().unwrap_or(peer.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_that_spoke_for_one_region_is_known_by_it() {
        let (one, two) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let heard = RegionsHeard::default();
        assert_eq!(heard.only(one, 0), None);
        heard.hear(one, "Ankara", 0);
        heard.hear(two, "Bursa", 0);
        heard.hear(one, "Ankara", 5);
        assert_eq!(heard.only(one, 10), Some("Ankara".into()));
        heard.hear(one, "İzmir", 20);
        assert_eq!(heard.only(one, 30), None, "two offices behind one address");
        assert_eq!(heard.only(two, REMEMBERED_MS), None, "long ago");
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
