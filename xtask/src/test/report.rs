//! What the tests said was not run; see `testkit::announce`.

use std::{collections::BTreeSet, fs, process::Command};

use anyhow::Context;
use tempfile::NamedTempFile;

pub struct Report(NamedTempFile);

impl Report {
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(NamedTempFile::new().context("cannot make a temporary file")?))
    }

    pub fn announce_to(&self, command: &mut Command) {
        command.env("DENK_TEST_REPORT", self.0.path());
    }

    /// Empty when everything was run.
    pub fn banner(&self) -> String {
        banner(&fs::read_to_string(self.0.path()).unwrap_or_default())
    }
}

/// Each line once: every test process of a suite says the same.
fn banner(report: &str) -> String {
    let lines: BTreeSet<&str> = report.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() {
        return String::new();
    }
    let rule = "=".repeat(100);
    let text: String = lines.into_iter().map(|line| format!("  {line}\n")).collect();
    format!("\n{rule}\nNOT EVERYTHING WAS TESTED\n{text}{rule}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_many_said_is_shown_once() {
        assert_eq!(
            banner("SQL Server was not run: a\nSQL Server was not run: a\n").matches("SQL Server").count(),
            1
        );
    }

    #[test]
    fn nothing_to_say_is_no_banner() {
        assert_eq!(banner("\n"), "");
    }
}
