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

/// Attempts to log in: those with one name from one address, and those with any name from there.
#[derive(Debug)]
pub(crate) struct LogIns {
    named: Attempts<(String, IpAddr)>,
    visitors: Attempts<IpAddr>,
}

impl LogIns {
    pub fn of(named_max: u32, visitors_max: u32) -> Self {
        Self { named: Attempts::of(named_max), visitors: Attempts::of(visitors_max) }
    }

    /// As [`Attempts::begin`]. What one of the two refuses does not count with the other.
    pub fn begin(&self, who: &(String, IpAddr), now_ms: i64) -> bool {
        if !self.visitors.begin(&who.1, now_ms) {
            return false;
        }
        let begun = self.named.begin(who, now_ms);
        if !begun {
            self.visitors.take_back(&who.1);
        }
        begun
    }

    pub fn succeed(&self, who: &(String, IpAddr)) {
        self.named.succeed(who);
        self.visitors.take_back(&who.1);
    }

    /// Nothing was tried.
    pub fn take_back(&self, who: &(String, IpAddr)) {
        self.named.take_back(who);
        self.visitors.take_back(&who.1);
    }

    /// Whether this was the last attempt with this name for a while.
    pub fn is_spent(&self, who: &(String, IpAddr)) -> bool {
        self.named.is_spent(who)
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
    fn what_was_not_tried_does_not_count() {
        let log_ins = LogIns::of(5, 50);
        let who = |name: &str| (name.to_owned(), IpAddr::from([10, 0, 0, 1]));
        for at in 0..200 {
            assert!(log_ins.begin(&who("admin"), at), "the hub was busy {at} times");
            log_ins.take_back(&who("admin"));
        }
        assert!((0..5).all(|at| log_ins.begin(&who("admin"), at)));
        assert!((0..200).all(|at| !log_ins.begin(&who("admin"), at)), "refused by name");
        assert!((0..45).all(|at| log_ins.begin(&who(&format!("guess-{at}")), at)));
        assert!((0..200).all(|at| !log_ins.begin(&who("ankara1"), at)), "refused by address");
        let elsewhere = ("ankara1".to_owned(), IpAddr::from([10, 0, 0, 2]));
        assert!(log_ins.begin(&elsewhere, 0));
        assert!(log_ins.begin(&who("ankara1"), WAIT_MS + 200), "the name has lost none of its tries");
        assert!((1..5).all(|at| log_ins.begin(&who("ankara1"), WAIT_MS + 200 + at)));
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
