//! `psql` at one address.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
};

use url::Url;

use super::{Error, programs};

/// An address with name and password, and the psql that speaks to it.
#[derive(Clone, Debug)]
pub(super) struct Access {
    url: Url,
    psql: PathBuf,
}

impl Access {
    pub(super) fn new(url: &str) -> Result<Self, Error> {
        Ok(Self { url: Url::parse(url).map_err(Error::Url)?, psql: programs::psql()? })
    }

    /// The same server and user, another database.
    pub(super) fn to_database(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.url.set_path(name);
        other
    }

    pub(super) fn url(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn psql(&self) -> Command {
        let mut command = Command::new(&self.psql);
        programs::forget_settings(&mut command);
        command.env("PGCLIENTENCODING", "UTF8").args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"]);
        command.arg(self.url());
        command
    }

    /// Feeds `script` to psql and returns what it prints.
    pub(super) fn run(&self, script: &str) -> Result<String, Error> {
        let mut psql = self.psql();
        let output = feed(&mut psql, script).map_err(|cause| Error::Run {
            program: Path::new(psql.get_program()).display().to_string(),
            cause,
        })?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
        } else {
            Err(Error::Psql(String::from_utf8_lossy(&output.stderr).trim_end().to_owned()))
        }
    }
}

fn feed(psql: &mut Command, script: &str) -> io::Result<Output> {
    psql.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = psql.spawn()?;
    let stdin = child.stdin.take();
    thread::scope(|scope| {
        // Beside the reading: psql answers while it is still fed. When it stops reading, it says why.
        scope.spawn(|| stdin.map(|mut stdin| stdin.write_all(script.as_bytes())));
        child.wait_with_output()
    })
}
