//! What goes to standard output and what to standard error.
//!
//! Standard output holds the answer: with `--json` exactly one JSON object, otherwise text for people. Everything else
//! (progress, notes, failures for people) goes to standard error. A closed pipe is no failure.

use std::{
    io::{IsTerminal, Write},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use indicatif::{MultiProgress, ProgressDrawTarget};

use crate::{
    failure::Failure,
    messages::{Message, Text},
};

/// Where a command's answer, notes and progress go.
pub struct Output {
    json: bool,
    quiet: bool,
    /// Whether people watch standard error.
    watched: bool,
    answered: AtomicBool,
    /// Why a part of the answer could not be written.
    lost: Mutex<Option<std::io::Error>>,
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
}

/// Rows with aligned columns.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
    headed: bool,
}

impl Output {
    /// Writes to the process's own streams.
    #[must_use]
    pub fn standard() -> Self {
        let watched = std::io::stderr().is_terminal();
        Self { watched, ..Self::into(std::io::stdout(), std::io::stderr()) }
    }

    /// Writes to streams of the caller's, which nobody watches.
    pub fn into(out: impl Write + Send + 'static, err: impl Write + Send + 'static) -> Self {
        let (out, err): (Box<dyn Write + Send>, Box<dyn Write + Send>) = (Box::new(out), Box::new(err));
        let answered = AtomicBool::new(false);
        Self {
            json: false,
            quiet: false,
            watched: false,
            answered,
            lost: Mutex::new(None),
            out: Mutex::new(out),
            err: Mutex::new(err),
        }
    }

    /// Answers are JSON objects.
    #[must_use]
    pub fn json(self, json: bool) -> Self {
        Self { json, ..self }
    }

    /// Neither notes nor progress.
    #[must_use]
    pub fn quiet(self, quiet: bool) -> Self {
        Self { quiet, ..self }
    }

    /// Whether the answer is wanted as JSON.
    #[must_use]
    pub const fn is_json(&self) -> bool {
        self.json
    }

    /// The answer for scripts; nothing without `--json`. Only the first counts.
    pub fn answer(&self, answer: &serde_json::Value) {
        if self.json && !self.answered.swap(true, Ordering::SeqCst) {
            self.write_out(&answer.to_string());
        }
    }

    /// A part of the answer for people; nothing with `--json`.
    pub fn line(&self, line: &str) {
        if !self.json {
            self.write_out(line);
        }
    }

    /// Rows of the answer for people; nothing with `--json`.
    pub fn table(&self, table: &Table) {
        if !self.json {
            table.lines().iter().for_each(|line| self.write_out(line));
        }
    }

    /// Something worth knowing beside the answer, on standard error; nothing with `--quiet`.
    pub fn note(&self, text: &Text, note: &Message) {
        if !self.quiet {
            self.write_err(&text.say(note));
        }
    }

    /// The end of a command that failed: the JSON object if none was printed yet, the sentences for people.
    pub fn failure(&self, text: &Text, failure: &Failure) {
        if self.json {
            self.answer(&failure.json(text));
        } else {
            self.write_err(&failure.shown(text));
        }
    }

    /// Help, whatever the flags.
    pub(crate) fn help(&self, help: &str) {
        self.write_out(help.trim_end());
    }

    /// Help in place of a command, on standard error; for scripts the failure.
    pub(crate) fn instead_of_command(&self, help: &str, text: &Text, failure: &Failure) {
        if self.json {
            self.failure(text, failure);
        } else {
            self.write_err(help.trim_end());
        }
    }

    /// Progress bars on standard error, one below the other: shown only to people who watch a terminal, never with
    /// `--json` or `--quiet`.
    #[must_use]
    pub fn progress(&self) -> MultiProgress {
        let shown = self.watched && !self.json && !self.quiet;
        let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        MultiProgress::with_draw_target(target)
    }

    /// Why a part of the answer could not be written; that its reader has gone is no such reason.
    pub fn lost(&self) -> Option<std::io::Error> {
        held(&self.lost).take().filter(|error| error.kind() != std::io::ErrorKind::BrokenPipe)
    }

    fn write_out(&self, text: &str) {
        if let Err(error) = Self::write(&self.out, text) {
            *held(&self.lost) = Some(error);
        }
    }

    fn write_err(&self, text: &str) {
        // There is nowhere left to tell it.
        let _ = Self::write(&self.err, text);
    }

    fn write(stream: &Mutex<Box<dyn Write + Send>>, text: &str) -> std::io::Result<()> {
        let mut stream = held(stream);
        writeln!(stream, "{text}").and_then(|()| stream.flush())
    }
}

fn held<T: ?Sized>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Table {
    /// A table with a line of headings.
    #[must_use]
    pub fn headed<S: Into<String>>(headings: impl IntoIterator<Item = S>) -> Self {
        let mut table = Self { headed: true, ..Self::default() };
        table.row(headings);
        table
    }

    /// These columns hold numbers: aligned to the right.
    #[must_use]
    pub fn right(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.right = columns.into_iter().collect();
        self
    }

    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(|cell| cell.into().replace(['\n', '\r', '\t'], " ")).collect());
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.len() <= usize::from(self.headed)
    }

    /// The lines, without blanks at their ends.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
        let mut lines: Vec<String> = self.rows.iter().map(|row| self.line(row, &widths)).collect();
        if self.headed {
            lines.insert(1, widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  "));
        }
        lines
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
            if self.right.contains(&column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("json", &self.json).field("quiet", &self.quiet).finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{io, sync::Arc};

    use super::*;
    use crate::messages::Language;

    /// A stream that a test can read afterwards.
    #[derive(Clone, Default)]
    pub(crate) struct Caught(Arc<Mutex<Vec<u8>>>);

    impl Caught {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Caught {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn caught(json: bool) -> (Output, Caught, Caught) {
        let (out, err) = (Caught::default(), Caught::default());
        (Output::into(out.clone(), err.clone()).json(json), out, err)
    }

    #[test]
    fn with_json_there_is_one_object_and_nothing_else() {
        let (output, out, err) = caught(true);
        let text = Text::new(Language::English);
        output.line("for people");
        output.table(&Table::headed(["a"]));
        output.answer(&serde_json::json!({"state": "failed"}));
        output.failure(&text, &Failure::defect("late"));
        assert_eq!((out.text().as_str(), err.text().as_str()), ("{\"state\":\"failed\"}\n", ""));
    }

    #[test]
    fn without_json_failures_and_notes_leave_standard_output_alone() {
        let (output, out, err) = caught(false);
        let text = Text::new(Language::English);
        output.answer(&serde_json::json!({}));
        output.note(&text, &Message::verbatim("by the way"));
        output.failure(&text, &Failure::defect("broken"));
        assert_eq!(out.text(), "");
        assert!(err.text().starts_with("by the way\nerror[DENK-9001]"), "{}", err.text());
    }

    #[test]
    fn nobody_sees_progress_that_nobody_watches() {
        assert!(caught(false).0.progress().is_hidden());
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let output = Output::into(Closed, Closed);
        output.line("nobody listens");
        assert!(output.lost().is_none());
    }

    #[test]
    fn an_answer_that_did_not_get_out_is_noticed() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let output = Output::into(Full, Caught::default());
        output.line("an answer");
        assert_eq!(output.lost().unwrap().kind(), io::ErrorKind::StorageFull);
    }

    #[test]
    fn columns_stand_under_each_other() {
        let mut table = Table::headed(["flow", "read"]).right([1]);
        table.row(["ürünler", "12"]);
        table.row(["order", "1.200"]);
        insta::assert_snapshot!(table.lines().join("\n"), @r"
        flow      read
        -------  -----
        ürünler     12
        order    1.200
        ");
        assert!(!table.is_empty() && Table::headed(["a"]).is_empty());
    }
}
