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
    /// The longest that one waits.
    longest_ms: i64,
    failed: Mutex<HashMap<K, Failed>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failed {
    count: u32,
    last_ms: i64,
    /// How often there were too many.
    locks: u32,
}

impl Failed {
    /// How long one has to wait after so many, and how long a failure is remembered.
    fn wait_ms(&self, longest_ms: i64) -> i64 {
        let doubled = self.locks.saturating_sub(1).min(10);
        WAIT_MS.saturating_mul(1 << doubled).min(longest_ms)
    }
}

/// How long one has to wait after too many the first time.
pub(crate) const WAIT_MS: i64 = 5 * 60 * 1000;
/// How long one has to wait for the next attempt to log in at most.
const LONGEST_MS: i64 = 60 * 60 * 1000;
/// After so long it is forgotten that somebody had to wait.
const FORGOTTEN_MS: i64 = 24 * 60 * 60 * 1000;
const REMEMBERED_MAX: usize = 10_000;

impl<K: Clone + Eq + Hash> Attempts<K> {
    pub fn of(failures_max: u32) -> Self {
        Self { failures_max, longest_ms: WAIT_MS, failed: Mutex::default() }
    }

    /// As [`Attempts::of`]; each time one has to wait twice as long.
    pub fn backing_off(failures_max: u32) -> Self {
        Self { longest_ms: LONGEST_MS, ..Self::of(failures_max) }
    }

    /// Counts an attempt. `false`: there were too many, and nothing may be tried.
    pub fn begin(&self, who: &K, now_ms: i64) -> bool {
        let mut all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX && !all.contains_key(who) {
            self.make_room(&mut all, now_ms);
        }
        let failed = all.entry(who.clone()).or_default();
        if self.is_over(failed, now_ms) {
            let locks = if now_ms - failed.last_ms >= FORGOTTEN_MS { 0 } else { failed.locks };
            *failed = Failed { locks, ..Failed::default() };
        }
        if failed.count >= self.failures_max {
            return false;
        }
        let count = failed.count + 1;
        let locks = failed.locks + u32::from(count == self.failures_max);
        *failed = Failed { count, last_ms: now_ms, locks };
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
            failed.locks = failed.locks.saturating_sub(u32::from(failed.count == self.failures_max));
            failed.count = failed.count.saturating_sub(1);
        }
    }

    /// Who has to wait, and until when.
    fn waiting(&self, now_ms: i64) -> Vec<(K, i64)> {
        let all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = all.iter().filter(|(_, failed)| failed.count >= self.failures_max);
        let until =
            spent.map(|(who, failed)| (who.clone(), failed.last_ms + failed.wait_ms(self.longest_ms)));
        until.filter(|(_, until)| *until > now_ms).collect()
    }

    fn forget(&self, is: impl Fn(&K) -> bool) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).retain(|who, _| !is(who));
    }

    fn is_over(&self, failed: &Failed, now_ms: i64) -> bool {
        now_ms - failed.last_ms >= failed.wait_ms(self.longest_ms)
    }

    /// Forgets what is over; if that is too little, whoever failed longest ago, half of them at once: one who is new is
    /// never made to wait.
    fn make_room(&self, all: &mut HashMap<K, Failed>, now_ms: i64) {
        all.retain(|_, failed| !self.is_over(failed, now_ms));
        if all.len() >= REMEMBERED_MAX {
            let mut times: Vec<i64> = all.values().map(|failed| failed.last_ms).collect();
            let (_, middle, _) = times.select_nth_unstable(REMEMBERED_MAX / 2);
            all.retain(|_, failed| failed.last_ms > *middle);
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
        Self { named: Attempts::backing_off(named_max), visitors: Attempts::of(visitors_max) }
    }

    /// From where somebody has to wait with this name, and until when; the longest first.
    pub fn locked(&self, name: &str, now_ms: i64) -> Vec<(IpAddr, i64)> {
        let waiting = self.named.waiting(now_ms).into_iter().filter(|((of, _), _)| of == name);
        let mut waiting: Vec<_> = waiting.map(|((_, from), until)| (from, until)).collect();
        waiting.sort_by_key(|(_, until)| std::cmp::Reverse(*until));
        waiting
    }

    /// Nobody has to wait with this name.
    pub fn unlock(&self, name: &str) {
        self.named.forget(|(of, _)| of == name);
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
    fn who_goes_on_guessing_waits_longer_each_time_and_no_longer_than_an_hour() {
        let attempts = Attempts::backing_off(5);
        let mut now = 0;
        for minutes in [5, 10, 20, 40, 60, 60] {
            assert!((0..5).all(|_| attempts.begin(&"admin", now)));
            assert_eq!(attempts.waiting(now), [("admin", now + minutes * 60_000)]);
            assert!(!attempts.begin(&"admin", now + minutes * 60_000 - 1), "{minutes}");
            now += minutes * 60_000;
            assert_eq!(attempts.waiting(now), []);
        }
        now += FORGOTTEN_MS;
        assert!((0..5).all(|_| attempts.begin(&"admin", now)));
        assert!(attempts.begin(&"admin", now + WAIT_MS), "after a day it is the first time again");
        attempts.succeed(&"admin");
        assert!((0..5).all(|_| attempts.begin(&"admin", now)));
        attempts.take_back(&"admin");
        assert!(attempts.begin(&"admin", now), "what was not tried made nobody wait longer");
        assert_eq!(attempts.waiting(now), [("admin", now + WAIT_MS)]);
    }

    #[test]
    fn who_has_to_wait_with_a_name_is_told_and_let_in_again() {
        let log_ins = LogIns::of(5, 50);
        let who = |name: &str, last: u8| (name.to_owned(), IpAddr::from([10, 0, 0, last]));
        for (name, last) in [("admin", 1), ("admin", 2), ("other", 1)] {
            assert!((0..5).all(|_| log_ins.begin(&who(name, last), i64::from(last))));
        }
        let from = |last: u8| (IpAddr::from([10, 0, 0, last]), WAIT_MS + i64::from(last));
        assert_eq!(log_ins.locked("admin", 5), [from(2), from(1)]);
        assert_eq!(log_ins.locked("nobody", 5), []);
        log_ins.unlock("admin");
        assert_eq!((log_ins.locked("admin", 5), log_ins.locked("other", 5)), (Vec::new(), vec![from(1)]));
        assert!(log_ins.begin(&who("admin", 1), 5) && !log_ins.begin(&who("other", 1), 5));
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
