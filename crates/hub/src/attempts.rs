//! Who guesses has to wait.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

/// Attempts that did not succeed, by whoever is told apart: a name from one address, an address.
///
/// Never by a name alone: then anybody could keep its owner out.
///
/// **Invariants**: an attempt counts from its beginning, so that many at once are no way around.
#[derive(Debug)]
pub(crate) struct Attempts<K> {
    failures_max: u32,
    failed: Mutex<HashMap<K, Failed>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failed {
    count: u32,
    last_ms: i64,
}

/// How long one has to wait after too many, and how long a failure is remembered.
pub(crate) const WAIT_MS: i64 = 5 * 60 * 1000;
const REMEMBERED_MAX: usize = 10_000;

impl<K: Clone + Eq + Hash> Attempts<K> {
    pub fn of(failures_max: u32) -> Self {
        Self { failures_max, failed: Mutex::default() }
    }

    /// Counts an attempt. `false`: there were too many, and nothing may be tried.
    pub fn begin(&self, who: &K, now_ms: i64) -> bool {
        let mut all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX && !all.contains_key(who) {
            make_room(&mut all, now_ms);
        }
        let failed = all.entry(who.clone()).or_default();
        if is_over(failed, now_ms) {
            failed.count = 0;
        }
        if failed.count >= self.failures_max {
            return false;
        }
        *failed = Failed { count: failed.count + 1, last_ms: now_ms };
        true
    }

    /// The attempt succeeded: the earlier ones were slips.
    pub fn succeed(&self, who: &K) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).remove(who);
    }

    /// The attempt succeeded; the earlier ones may have been somebody else's.
    pub fn take_back(&self, who: &K) {
        let mut all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(failed) = all.get_mut(who) {
            failed.count = failed.count.saturating_sub(1);
        }
    }

    /// Whether the last attempt was the last for a while.
    pub fn is_spent(&self, who: &K) -> bool {
        let all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(who).is_some_and(|failed| failed.count >= self.failures_max)
    }
}

fn is_over(failed: &Failed, now_ms: i64) -> bool {
    now_ms - failed.last_ms >= WAIT_MS
}

/// Forgets what is over; if that is too little, whoever failed longest ago, half of them at once: one who is new is never
/// made to wait.
fn make_room<K: Eq + Hash>(all: &mut HashMap<K, Failed>, now_ms: i64) {
    all.retain(|_, failed| !is_over(failed, now_ms));
    if all.len() >= REMEMBERED_MAX {
        let mut times: Vec<i64> = all.values().map(|failed| failed.last_ms).collect();
        let (_, middle, _) = times.select_nth_unstable(REMEMBERED_MAX / 2);
        all.retain(|_, failed| failed.last_ms > *middle);
    }
}

/// What one party has of the addresses: a whole network of IPv6, where each has more than enough of them.
pub(crate) fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_so_many_failures_one_waits_and_others_do_not() {
        let attempts = Attempts::of(5);
        assert!((0..5).all(|at| attempts.begin(&"admin", at)));
        assert!(attempts.is_spent(&"admin"));
        assert!(!attempts.begin(&"admin", 5));
        assert!(attempts.begin(&"ankara1", 5), "others do not wait");
        assert!(!attempts.begin(&"admin", 4 + WAIT_MS - 1), "trying meanwhile changes nothing");
        assert!(attempts.begin(&"admin", 4 + WAIT_MS));
        assert!(!attempts.is_spent(&"admin"), "counted anew");
    }

    #[test]
    fn a_success_forgets_the_slips_or_only_itself() {
        let attempts = Attempts::of(5);
        assert!((0..4).all(|at| attempts.begin(&"admin", at)));
        attempts.succeed(&"admin");
        assert!((0..4).all(|at| attempts.begin(&"admin", at)));
        for at in 4..20 {
            assert!(attempts.begin(&"admin", at));
            attempts.take_back(&"admin");
        }
        assert!(attempts.begin(&"admin", 20));
        assert!(!attempts.begin(&"admin", 20));
    }

    #[test]
    fn memory_is_bounded_and_filling_it_keeps_nobody_out() {
        let attempts = Attempts::of(5);
        assert!((0..3 * REMEMBERED_MAX).all(|at| attempts.begin(&at, 0)));
        assert!(attempts.failed.lock().unwrap().len() <= REMEMBERED_MAX);
    }

    #[test]
    fn a_network_of_ipv6_is_one_party() {
        let party = |text: &str| party(text.parse().unwrap()).to_string();
        assert_eq!(party("2001:db8:1:2:3:4:5:6"), party("2001:db8:1:2::9"));
        assert_ne!(party("2001:db8:1:2::9"), party("2001:db8:1:3::9"));
        assert_eq!(party("::ffff:10.0.0.7"), "10.0.0.7");
    }
}
