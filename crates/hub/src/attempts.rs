//! Lock-out: who guesses passwords has to wait.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Log-ins that did not succeed, by the name that was typed, whether there is such a person or not.
///
/// **Invariants**: an attempt counts from its beginning, so that many at once are no way around.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<String, Failed>>);

#[derive(Clone, Copy, Debug, Default)]
struct Failed {
    count: u32,
    last_ms: i64,
}

pub(crate) const FAILURES_MAX: u32 = 5;
/// How long a name is locked after that, and how long a failure is remembered.
pub(crate) const LOCK_MS: i64 = 5 * 60 * 1000;
const NAMES_MAX: usize = 10_000;

impl Attempts {
    /// Counts an attempt. `false`: the name is locked, and nothing may be tried.
    pub fn begin(&self, name: &str, now_ms: i64) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = |failed: &Failed| now_ms - failed.last_ms >= LOCK_MS;
        if names.len() >= NAMES_MAX && !names.contains_key(name) {
            names.retain(|_, failed| !over(failed));
            if names.len() >= NAMES_MAX {
                return false;
            }
        }
        let failed = names.entry(name.to_owned()).or_default();
        if over(failed) {
            failed.count = 0;
        }
        if failed.count >= FAILURES_MAX {
            return false;
        }
        *failed = Failed { count: failed.count + 1, last_ms: now_ms };
        true
    }

    /// The attempt succeeded: the earlier ones were slips.
    pub fn succeed(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// Whether the last attempt locked the name.
    pub fn is_locked(&self, name: &str) -> bool {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(name).is_some_and(|failed| failed.count >= FAILURES_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_failures_a_name_waits() {
        let attempts = Attempts::default();
        assert!((0..5).all(|at| attempts.begin("admin", at)));
        assert!(attempts.is_locked("admin"));
        assert!(!attempts.begin("admin", 5));
        assert!(attempts.begin("ankara1", 5), "others do not wait");
        assert!(!attempts.begin("admin", 4 + LOCK_MS - 1), "trying meanwhile changes nothing");
        assert!(attempts.begin("admin", 4 + LOCK_MS));
        assert!(!attempts.is_locked("admin"), "counted anew");
    }

    #[test]
    fn a_success_forgets_the_slips() {
        let attempts = Attempts::default();
        assert!((0..4).all(|at| attempts.begin("admin", at)));
        attempts.succeed("admin");
        assert!((0..5).all(|at| attempts.begin("admin", at)));
    }

    #[test]
    fn memory_is_bounded() {
        let attempts = Attempts::default();
        assert!((0..NAMES_MAX).all(|at| attempts.begin(&at.to_string(), 0)));
        assert!(!attempts.begin("one more", 1));
        assert!(attempts.begin("one more", LOCK_MS));
    }
}
