//! Who guesses has to wait.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
};

/// Attempts that did not succeed, by whoever is told apart: a name from one address, an address, a name.
///
/// **Invariants**: an attempt counts from its beginning, so that many at once are no way around. What is refused makes
/// nobody wait longer.
#[derive(Debug)]
pub(crate) struct Attempts<K> {
    pace: Pace,
    failed: Mutex<HashMap<K, Failed>>,
}

/// How many attempts there are, and how long one waits for more.
#[derive(Clone, Copy, Debug)]
struct Pace {
    failures_max: u32,
    /// Of who has waited already.
    again_max: u32,
    /// How long one waits the first time; then each time twice as long.
    first_ms: i64,
    longest_ms: i64,
    /// How long failures count that made nobody wait.
    counted_ms: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failed {
    count: u32,
    last_ms: i64,
    /// How often there were too many.
    locks: u32,
}

impl Failed {
    fn wait_ms(&self, pace: &Pace) -> i64 {
        let doubled = self.locks.saturating_sub(1).min(10);
        pace.first_ms.saturating_mul(1 << doubled).min(pace.longest_ms)
    }
}

const MINUTE_MS: i64 = 60 * 1000;
/// How long one has to wait after too many the first time.
pub(crate) const WAIT_MS: i64 = 5 * MINUTE_MS;
/// How long one has to wait for the next attempt to log in at most.
const LONGEST_MS: i64 = 60 * MINUTE_MS;
/// After so long it is forgotten that somebody had to wait.
const FORGOTTEN_MS: i64 = 24 * 60 * MINUTE_MS;
const REMEMBERED_MAX: usize = 10_000;
/// Guesses at one name from anywhere, before strangers wait; then far fewer.
const GUESSES_MAX: u32 = 20;
const GUESSES_AGAIN: u32 = 3;
/// How long a place counts from where somebody was let in.
const KNOWN_MS: i64 = 30 * FORGOTTEN_MS;

impl<K: Clone + Eq + Hash> Attempts<K> {
    pub fn of(failures_max: u32) -> Self {
        let (first_ms, longest_ms, counted_ms) = (WAIT_MS, WAIT_MS, WAIT_MS);
        Self::at(Pace { failures_max, again_max: failures_max, first_ms, longest_ms, counted_ms })
    }

    /// As [`Attempts::of`]; each time one has to wait twice as long, and a failure counts until nothing failed for
    /// `counted_ms`.
    pub fn backing_off(failures_max: u32, counted_ms: i64) -> Self {
        let (first_ms, longest_ms) = (WAIT_MS, LONGEST_MS);
        Self::at(Pace { failures_max, again_max: failures_max, first_ms, longest_ms, counted_ms })
    }

    fn at(pace: Pace) -> Self {
        Self { pace, failed: Mutex::default() }
    }

    /// Counts an attempt. `false`: there were too many, and nothing may be tried.
    pub fn begin(&self, who: &K, now_ms: i64) -> bool {
        let mut all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= REMEMBERED_MAX && !all.contains_key(who) {
            self.make_room(&mut all, now_ms);
        }
        let max = self.pace.failures_max;
        let failed = all.entry(who.clone()).or_default();
        if self.is_over(failed, now_ms) {
            let locks = if now_ms - failed.last_ms >= FORGOTTEN_MS { 0 } else { failed.locks };
            let count = if locks > 0 { max - self.pace.again_max } else { 0 };
            *failed = Failed { locks, count, ..Failed::default() };
        }
        if failed.count >= max {
            return false;
        }
        let count = failed.count + 1;
        let locks = failed.locks + u32::from(count == max);
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
            failed.locks = failed.locks.saturating_sub(u32::from(failed.count == self.pace.failures_max));
            failed.count = failed.count.saturating_sub(1);
        }
    }

    /// Who has to wait, and until when.
    fn waiting(&self, now_ms: i64) -> Vec<(K, i64)> {
        let all = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        let spent = all.iter().filter(|(_, failed)| failed.count >= self.pace.failures_max);
        let until = spent.map(|(who, failed)| (who.clone(), failed.last_ms + failed.wait_ms(&self.pace)));
        until.filter(|(_, until)| *until > now_ms).collect()
    }

    fn forget(&self, is: impl Fn(&K) -> bool) {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).retain(|who, _| !is(who));
    }

    fn is_over(&self, failed: &Failed, now_ms: i64) -> bool {
        let is_spent = failed.count >= self.pace.failures_max;
        let kept_ms = if is_spent { failed.wait_ms(&self.pace) } else { self.pace.counted_ms };
        now_ms - failed.last_ms >= kept_ms
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
        all.get(who).is_some_and(|failed| failed.count >= self.pace.failures_max)
    }
}

/// Attempts to log in: those with one name from one address, those with any name from there, and those with one name from
/// anywhere.
///
/// The last slow down whoever guesses at a name from many addresses. They count only for strangers: who was let in from
/// an address goes on from there, so nobody can keep the owner of a name out for good. A hub that is started anew has
/// forgotten all of it.
#[derive(Debug)]
pub(crate) struct LogIns {
    named: Attempts<(String, IpAddr)>,
    visitors: Attempts<IpAddr>,
    strangers: Attempts<String>,
    /// From where somebody of a name was let in, and when.
    known: Mutex<HashMap<(String, IpAddr), i64>>,
}

impl LogIns {
    pub fn of(named_max: u32, visitors_max: u32) -> Self {
        let strangers = Pace {
            failures_max: GUESSES_MAX,
            again_max: GUESSES_AGAIN,
            first_ms: MINUTE_MS,
            longest_ms: 15 * MINUTE_MS,
            counted_ms: FORGOTTEN_MS,
        };
        Self {
            named: Attempts::backing_off(named_max, FORGOTTEN_MS),
            visitors: Attempts::backing_off(visitors_max, LONGEST_MS),
            strangers: Attempts::at(strangers),
            known: Mutex::default(),
        }
    }

    /// From where somebody has to wait with this name, and until when; the longest first. `None`: from everywhere where
    /// nobody of this name was let in lately.
    pub fn locked(&self, name: &str, now_ms: i64) -> Vec<(Option<IpAddr>, i64)> {
        let named = self.named.waiting(now_ms).into_iter().filter(|((of, _), _)| of == name);
        let named = named.map(|((_, from), until)| (Some(from), until));
        let strangers = self.strangers.waiting(now_ms).into_iter().filter(|(of, _)| of == name);
        let mut waiting: Vec<_> = named.chain(strangers.map(|(_, until)| (None, until))).collect();
        waiting.sort_by_key(|(_, until)| std::cmp::Reverse(*until));
        waiting
    }

    /// Nobody has to wait with this name.
    pub fn unlock(&self, name: &str) {
        self.named.forget(|(of, _)| of == name);
        self.strangers.forget(|of| of == name);
    }

    /// As [`Attempts::begin`]. What one of them refuses does not count with the others.
    pub fn begin(&self, who: &(String, IpAddr), now_ms: i64) -> bool {
        if !self.visitors.begin(&who.1, now_ms) {
            return false;
        }
        if !self.named.begin(who, now_ms) {
            self.visitors.take_back(&who.1);
            return false;
        }
        let begun = self.knows(who, now_ms) || self.strangers.begin(&who.0, now_ms);
        if !begun {
            self.named.take_back(who);
            self.visitors.take_back(&who.1);
        }
        begun
    }

    pub fn succeed(&self, who: &(String, IpAddr), now_ms: i64) {
        self.named.succeed(who);
        self.visitors.take_back(&who.1);
        if !self.knows(who, now_ms) {
            self.strangers.take_back(&who.0);
        }
        self.know(who, now_ms);
    }

    /// Nothing was tried.
    pub fn take_back(&self, who: &(String, IpAddr), now_ms: i64) {
        self.named.take_back(who);
        self.visitors.take_back(&who.1);
        if !self.knows(who, now_ms) {
            self.strangers.take_back(&who.0);
        }
    }

    /// Whether this was the last attempt with this name for a while.
    pub fn is_spent(&self, who: &(String, IpAddr)) -> bool {
        self.named.is_spent(who) || self.strangers.is_spent(&who.0)
    }

    /// Whether strangers wait with this name, and this is one.
    pub fn is_stranger(&self, who: &(String, IpAddr), now_ms: i64) -> bool {
        self.strangers.is_spent(&who.0) && !self.knows(who, now_ms)
    }

    /// The owner of the name is there.
    pub fn know(&self, who: &(String, IpAddr), now_ms: i64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, at_ms| now_ms - *at_ms < KNOWN_MS);
        if known.len() >= REMEMBERED_MAX {
            let oldest = known.iter().min_by_key(|(_, at_ms)| **at_ms).map(|(who, _)| who.clone());
            oldest.map(|oldest| known.remove(&oldest));
        }
        known.insert(who.clone(), now_ms);
    }

    fn knows(&self, who: &(String, IpAddr), now_ms: i64) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(who).is_some_and(|at_ms| now_ms - at_ms < KNOWN_MS)
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
        let attempts = Attempts::backing_off(5, FORGOTTEN_MS);
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
        let from = |last: u8| (Some(IpAddr::from([10, 0, 0, last])), WAIT_MS + i64::from(last));
        assert_eq!(log_ins.locked("admin", 5), [from(2), from(1)]);
        assert_eq!(log_ins.locked("nobody", 5), []);
        log_ins.unlock("admin");
        assert_eq!((log_ins.locked("admin", 5), log_ins.locked("other", 5)), (Vec::new(), vec![from(1)]));
        assert!(log_ins.begin(&who("admin", 1), 5) && !log_ins.begin(&who("other", 1), 5));
    }

    #[test]
    fn slow_guesses_count_like_quick_ones() {
        let attempts = Attempts::backing_off(5, FORGOTTEN_MS);
        // Four in five minutes, again and again.
        let tried = (0..400).filter(|at| attempts.begin(&"admin", at * WAIT_MS / 4)).count();
        assert!(tried < 60, "{tried}");
        let slips = Attempts::backing_off(5, FORGOTTEN_MS);
        assert!((0..40).all(|day| slips.begin(&"admin", day * FORGOTTEN_MS)), "one a day");
    }

    #[test]
    fn guesses_from_everywhere_slow_strangers_down_and_keep_no_owner_out() {
        let log_ins = LogIns::of(5, 50);
        let who = |last: u32| ("admin".to_owned(), IpAddr::from(last.to_be_bytes()));
        let owner = who(1);
        assert!(log_ins.begin(&owner, 0));
        log_ins.succeed(&owner, 0);
        let (mut now, mut next) = (0, 1000);
        let mut guess = |now: i64| {
            next += 1;
            log_ins.begin(&who(next), now)
        };
        assert!((0..20).all(|_| guess(now)));
        for minutes in [1, 2, 4, 8, 15, 15] {
            assert!((0..30).all(|_| !guess(now)), "{minutes}");
            assert_eq!(log_ins.locked("admin", now), [(None, now + minutes * MINUTE_MS)]);
            assert!(log_ins.is_stranger(&who(7), now) && !log_ins.is_stranger(&owner, now));
            assert!(log_ins.begin(&owner, now), "where the owner was let in before");
            log_ins.succeed(&owner, now);
            assert!(log_ins.begin(&("other".to_owned(), owner.1), now), "another name");
            log_ins.take_back(&("other".to_owned(), owner.1), now);
            now += minutes * MINUTE_MS;
            assert!((0..3).all(|_| guess(now)), "{minutes}");
        }
        log_ins.unlock("admin");
        assert!(guess(now) && log_ins.locked("admin", now).is_empty());
    }

    #[test]
    fn an_address_that_guesses_at_many_names_waits_longer_each_time() {
        let log_ins = LogIns::of(5, 50);
        let (from, mut now) = (IpAddr::from([10, 0, 0, 1]), 0);
        for minutes in [5, 10, 20] {
            assert!((0..50).all(|at| log_ins.begin(&(format!("{minutes}-{at}"), from), now)));
            assert!(!log_ins.begin(&("new".to_owned(), from), now + minutes * MINUTE_MS - 1), "{minutes}");
            now += minutes * MINUTE_MS;
        }
    }

    #[test]
    fn what_was_not_tried_does_not_count() {
        let log_ins = LogIns::of(5, 50);
        let who = |name: &str| (name.to_owned(), IpAddr::from([10, 0, 0, 1]));
        for at in 0..200 {
            assert!(log_ins.begin(&who("admin"), at), "the hub was busy {at} times");
            log_ins.take_back(&who("admin"), at);
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
