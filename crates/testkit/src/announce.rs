//! Saying loudly that something was not run.

use std::{
    ffi::OsStr,
    fs::OpenOptions,
    io::{self, Write},
};

use crate::environment::variable;

/// Says that `what` was not run, and with `remedy` how to run it.
///
/// Test runners hide the output of tests that pass, so the line goes to the file that `DENK_TEST_REPORT` names;
/// `cargo xtask test` sets it and prints the file last. Without it, or when it cannot be written, to standard error.
///
/// **Shape**: one line per call, written in one piece: any number of test processes may share the file. The same line
/// may occur many times.
pub fn announce(what: &str, remedy: &str) {
    let line = format!("{what} was not run: {remedy}").replace('\n', " ") + "\n";
    let written = variable("DENK_TEST_REPORT").is_some_and(|file| append(&file, &line).is_ok());
    if !written {
        eprint!("{line}");
    }
}

fn append(file: &OsStr, line: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_added_to_the_report() {
        let file = std::env::temp_dir().join(format!("denk-report-{}", uuid::Uuid::now_v7()));
        append(file.as_os_str(), "one\n").unwrap();
        append(file.as_os_str(), "two\n").unwrap();
        let report = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert_eq!(report, "one\ntwo\n");
    }
}
