//! Ends the process at a failpoint that a test names, as a power cut would: nothing unwinds, nobody is answered.
//!
//! Only in builds with the feature `failpoints`, which only tests have.

/// Holds the name of the failpoint.
const VARIABLE: &str = "DENK_TEST_KILL_AT";

#[allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "no configuration of the program: a test asks"
)]
pub(crate) fn arm() {
    if let Ok(point) = std::env::var(VARIABLE) {
        fail::cfg_callback(point, || std::process::abort()).expect("a failpoint can be set");
    }
}
