//! The one place of this crate that reads environment variables.

use std::ffi::OsString;

/// The value of a variable; `None` when it is not set or empty.
#[expect(clippy::disallowed_methods, reason = "tests take no configuration from the program")]
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
