//! One database of a test.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};

use url::Url;

use super::{Error, Server};

/// A database that nobody else uses, dropped with the value (if the server still lives).
#[derive(Debug)]
pub struct Database<'server> {
    server: &'server Server,
    name: String,
    url: Url,
}

impl<'server> Database<'server> {
    pub(super) fn new(server: &'server Server, name: String) -> Self {
        Self { server, url: server.url_of(&name), name }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address with the administrator's name and password.
    #[must_use]
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Runs SQL or psql's own commands and returns what they print: one line per row, columns separated by `|`,
    /// NULL as nothing.
    ///
    /// # Panics
    /// At the first error, with psql's message.
    pub fn run(&self, script: &str) -> String {
        self.try_run(script).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Like [`Database::run`], for errors that a test expects.
    pub fn try_run(&self, script: &str) -> Result<String, Error> {
        run(&mut self.psql(), script)
    }

    /// Like [`Server::psql`], connected to this database.
    #[must_use]
    pub fn psql(&self) -> Command {
        self.server.psql_at(&self.url)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // With the server gone or the name taken away there is nothing left to drop.
        let _ = run(&mut self.server.psql(), &format!("drop database {} with (force)", self.name));
    }
}

/// Feeds `script` to a psql and returns what it prints.
pub(super) fn run(psql: &mut Command, script: &str) -> Result<String, Error> {
    let output = output(psql, script).map_err(|cause| Error::Run {
        program: Path::new(psql.get_program()).display().to_string(),
        cause,
    })?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    } else {
        Err(Error::Psql(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()))
    }
}

fn output(psql: &mut Command, script: &str) -> std::io::Result<Output> {
    psql.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = psql.spawn()?;
    let stdin = child.stdin.take();
    thread::scope(|scope| {
        // Beside the reading: psql answers while it is still being fed. It stops reading at an error, which it tells itself.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(script.as_bytes())));
        child.wait_with_output()
    })
}
