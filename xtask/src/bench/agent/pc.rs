//! An office PC: a file, and the agent beside it as a process of its own.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use anyhow::ensure;

use crate::hub::{Hub, megabytes};

pub struct Pc {
    name: String,
    pub file: PathBuf,
    token: String,
}

/// An agent that stays, killed at the end.
pub struct Staying(Child);

impl Pc {
    pub fn new(hub: &Hub, name: &str, (region, file): (&str, PathBuf)) -> anyhow::Result<Self> {
        Ok(Self { name: name.into(), file, token: hub.add_site(name, region)? })
    }

    /// Starts its agent and waits until it works.
    pub fn stay(&self, hub: &Hub) -> anyhow::Result<Staying> {
        let mut command = self.agent(hub);
        command.args(["--listen", "127.0.0.1:0", "--json"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let output = process.stdout.take();
        let staying = Staying(process);
        let mut line = String::new();
        output.map(|output| BufReader::new(output).read_line(&mut line)).transpose()?;
        ensure!(line.contains("page"), "the agent of {} does not start", self.name);
        Ok(staying)
    }

    /// One exchange, to its end.
    pub fn exchange(&self, hub: &Hub) -> anyhow::Result<()> {
        let output = self.agent(hub).args(["--once", "--json"]).output()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "the exchange of {} failed: {said}", self.name);
        Ok(())
    }

    fn agent(&self, hub: &Hub) -> Command {
        let mut command = hub.command();
        command.arg("-c").arg(format!("{}.toml", self.name)).arg("agent").arg("--db").arg(&self.file);
        command.arg("--hub").arg(format!("denk+{}/#{}", hub.url, self.token));
        command
    }
}

impl Staying {
    pub fn resident_mb(&self) -> anyhow::Result<f64> {
        megabytes(&self.0, "VmRSS:")
    }

    pub fn stop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        self.stop();
    }
}
