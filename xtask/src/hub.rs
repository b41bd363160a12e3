//! The hub as a process of its own, and what it takes of the machine.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, ensure};

use crate::bench::measure::kilobytes;

/// Linux tells processor time in hundredths of a second, whatever the machine.
const TICK: Duration = Duration::from_millis(10);
/// Fields of `/proc/PID/stat` behind the name of the program. **Source**: proc(5).
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
/// Written to `clear_refs`, it makes the peak begin anew.
const FORGET_PEAK: &str = "5";
/// Of old programs, at every hub that is started here.
pub const SHARED_KEY: &str = "shared";

pub struct Hub {
    denk: PathBuf,
    folder: PathBuf,
    process: Option<Child>,
    pub url: String,
}

impl Hub {
    /// Starts `denk` with nothing in its store, in a folder that is not there yet.
    pub fn start(denk: &Path, folder: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir(&folder)?;
        let settings = format!("[hub]\nlisten = '127.0.0.1:0'\napi_key = '{SHARED_KEY}'\n");
        fs::write(folder.join("denk.toml"), settings)?;
        let mut hub = Self { denk: denk.to_owned(), folder, process: None, url: String::new() };
        hub.serve()?;
        Ok(hub)
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.stop();
        self.serve()
    }

    fn serve(&mut self) -> anyhow::Result<()> {
        let mut command = self.command();
        command.args(["serve", "--allow-temporary", "--json"]);
        let process = self.process.insert(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?);
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let ready: serde_json::Value = serde_json::from_str(&line).context("the hub does not start")?;
        self.url = ready["url"].as_str().context("the hub does not say where it listens")?.to_owned();
        Ok(())
    }

    /// The program, as somebody at the hub starts it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.denk);
        command.current_dir(&self.folder).env("DENK_LANG", "en");
        command
    }

    /// Returns its token.
    pub fn add_site(&self, name: &str, region: &str) -> anyhow::Result<String> {
        let output = self.command().args(["site", "add", name, "--region", region, "--json"]).output()?;
        ensure!(output.status.success(), "site {name} cannot be added");
        let said: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        Ok(said["token"].as_str().context("a site without a token")?.to_owned())
    }

    fn proc(&self, file: &str) -> anyhow::Result<PathBuf> {
        Ok(proc(self.process.as_ref().context("the hub does not run")?, file))
    }

    /// Processor time of all threads so far.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        let stat = fs::read_to_string(self.proc("stat")?)?;
        let (_, fields) = stat.rsplit_once(") ").context("the system tells no processor time")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let ticks = [USER_TICKS, SYSTEM_TICKS].iter().map(|at| Ok(fields[*at].parse::<u32>()?));
        Ok(TICK * ticks.sum::<anyhow::Result<u32>>()?)
    }

    pub fn forget_peak(&self) -> anyhow::Result<()> {
        Ok(fs::write(self.proc("clear_refs")?, FORGET_PEAK)?)
    }

    pub fn peak_mb(&self) -> anyhow::Result<f64> {
        self.megabytes("VmHWM:")
    }

    pub fn resident_mb(&self) -> anyhow::Result<f64> {
        self.megabytes("VmRSS:")
    }

    fn megabytes(&self, field: &str) -> anyhow::Result<f64> {
        megabytes(self.process.as_ref().context("the hub does not run")?, field)
    }

    fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            // It may have ended by itself; either way it is gone after this.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn proc(process: &Child, file: &str) -> PathBuf {
    ["/proc", &process.id().to_string(), file].iter().collect()
}

/// Memory of a process, by the system's field.
pub fn megabytes(process: &Child, field: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(proc(process, "status"))?;
    Ok(kilobytes(&status, field).context("the system tells no memory")? as f64 * 1024.0 / 1e6)
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.stop();
    }
}
