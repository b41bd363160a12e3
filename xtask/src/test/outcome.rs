//! Reading a test runner's summary.

use std::ops::Add;

/// How nextest ends when a filter matches no test.
pub const NEXTEST_NO_TESTS: i32 = 4;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    pub passed: usize,
    pub failed: usize,
    /// The runner ended before it could run anything.
    pub did_not_build: bool,
}

impl Outcome {
    pub fn ran_nothing(self) -> bool {
        self.passed + self.failed == 0
    }

    pub fn is_good(self) -> bool {
        self.passed > 0 && self.failed == 0
    }
}

impl Add for Outcome {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            did_not_build: self.did_not_build || other.did_not_build,
        }
    }
}

/// `Summary [ 3.7s] 12 tests run: 10 passed (1 slow), 1 failed, 1 timed out, 2 skipped`: whatever was run and did not
/// pass has failed. A run that was broken off says `5/12 tests run`.
pub fn of_nextest(line: &str) -> Option<Outcome> {
    let (_, summary) = line.trim_start().strip_prefix("Summary [")?.split_once(']')?;
    let (count, results) = summary.split_once(" run:")?;
    let planned_and_run = count.trim().split(' ').next()?;
    let run: usize = planned_and_run.split('/').next()?.parse().ok()?;
    let passed = number_before(results, " passed").unwrap_or(0);
    Some(Outcome { passed, failed: run.saturating_sub(passed), did_not_build: false })
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; ...`, one for each test program.
pub fn of_libtest(line: &str) -> Option<Outcome> {
    let results = line.strip_prefix("test result: ")?;
    let passed = number_before(results, " passed")?;
    Some(Outcome { passed, failed: number_before(results, " failed")?, did_not_build: false })
}

fn number_before(text: &str, word: &str) -> Option<usize> {
    let (before, _) = text.split_once(word)?;
    before.rsplit(' ').next()?.parse().ok()
}

/// The text without a terminal's colour codes.
pub fn without_colour(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let plain = parts.next().unwrap_or_default().to_owned();
    parts.fold(plain, |plain, part| plain + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(passed: usize, failed: usize) -> Option<Outcome> {
        Some(Outcome { passed, failed, did_not_build: false })
    }

    #[test]
    fn what_nextest_ran_and_did_not_pass_has_failed() {
        let all = "     Summary [   3.723s] 10 tests run: 10 passed (2 slow), 0 skipped\n";
        assert_eq!(of_nextest(all), outcome(10, 0));
        let some =
            "     Summary [   0.011s] 4 tests run: 1 passed, 1 failed, 1 timed out, 1 exec failed, 7 skipped";
        assert_eq!(of_nextest(some), outcome(1, 3));
        assert_eq!(
            of_nextest("     Summary [   0.011s] 1 test run: 0 passed, 1 failed, 0 skipped"),
            outcome(0, 1)
        );
        assert_eq!(of_nextest("     Summary [   0.011s] 3/9 tests run: 2 passed, 1 failed"), outcome(2, 1));
        assert_eq!(of_nextest("        PASS [   0.005s] denk a_summary"), None);
    }

    #[test]
    fn each_test_program_has_its_result() {
        let line = "test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        assert_eq!(of_libtest(line), outcome(3, 2));
        assert_eq!(of_libtest("test some_test ... ok\n"), None);
    }

    #[test]
    fn colour_does_not_hide_a_summary() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.003s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m";
        assert_eq!(of_nextest(&without_colour(line)), outcome(2, 0));
    }

    #[test]
    fn a_run_without_tests_is_not_good() {
        assert!(!Outcome::default().is_good());
        assert!(Outcome::default().ran_nothing());
    }
}
