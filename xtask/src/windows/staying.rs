//! A program that stays until it is stopped.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Killed when it is not stopped.
pub struct Staying {
    process: Child,
    /// What it said when it was ready.
    ready: Value,
}

impl Staying {
    /// Starts it, and waits for its first line.
    pub fn start(mut command: Command) -> anyhow::Result<Self> {
        let process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut staying = Self { process, ready: Value::Null };
        let mut line = String::new();
        BufReader::new(staying.process.stdout.take().context("no output")?).read_line(&mut line)?;
        staying.ready = serde_json::from_str(&line).with_context(|| format!("{command:?} says {line:?}"))?;
        Ok(staying)
    }

    pub fn says(&self, field: &str) -> anyhow::Result<&str> {
        self.ready[field].as_str().with_context(|| format!("no `{field}` in {}", self.ready))
    }

    /// Ctrl+C, which Wine makes of the signal.
    pub fn stop(&mut self) -> anyhow::Result<()> {
        Command::new("kill").args(["-INT", &self.process.id().to_string()]).status()?;
        match self.process.wait()?.code() {
            Some(0) => Ok(()),
            code => bail!("it ends with {code:?} at Ctrl+C"),
        }
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
