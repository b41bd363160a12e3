//! One database of a test.

use std::process::Command;

use super::{Error, access::Access};

/// A database that nobody else uses, dropped with the value (if the server still lives).
#[derive(Debug)]
pub struct Database {
    name: String,
    access: Access,
    administration: Access,
}

impl Database {
    pub(super) fn new(server: &Access, name: String) -> Self {
        Self { access: server.to_database(&name), administration: server.clone(), name }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address with the administrator's name and password.
    #[must_use]
    pub fn url(&self) -> &str {
        self.access.url()
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
        self.access.run(script)
    }

    /// A `psql` connected to this database; see [`Server::psql`](super::Server::psql).
    #[must_use]
    pub fn psql(&self) -> Command {
        self.access.psql()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // With the server gone there is nothing left to drop.
        let _ = self.administration.run(&format!("drop database {} with (force)", self.name));
    }
}
