//! Windows programs on this machine, in a Windows of their own that goes afterwards.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use tempfile::TempDir;

use super::staying::Staying;
use crate::packages::on_path;

/// Where Debian puts what is not meant to be called by name.
const DEBIAN: &str = "/usr/lib/wine";

pub struct Wine {
    program: PathBuf,
    prefix: TempDir,
}

/// A program of Wine: from `PATH`, else from where Debian puts it.
pub fn find_program(name: &str) -> Option<PathBuf> {
    on_path(name).or_else(|| Some(Path::new(DEBIAN).join(name)).filter(|file| file.is_file()))
}

impl Wine {
    pub fn start() -> anyhow::Result<Self> {
        let program = find_program("wine64").context("wine64 is not there")?;
        let wine = Self { program, prefix: TempDir::with_prefix("denk-wine-")? };
        eprintln!("starting Wine");
        let mut boot = wine.command("wineboot.exe");
        let booted = boot.arg("--init").stderr(Stdio::null()).status().context("cannot run wine64")?;
        ensure!(booted.success(), "Wine does not start");
        wine.provide_randomness()?;
        Ok(wine)
    }

    /// A Windows program, to be run.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(program.as_ref()).envs(self.environment());
        command.stdin(Stdio::null());
        command
    }

    /// Runs it to its end, which must be good.
    pub fn run(&self, program: &Path, words: &[&str], folder: &Path) -> anyhow::Result<()> {
        let output = self.command(program).args(words).current_dir(folder).output()?;
        let said = [output.stdout, output.stderr].concat();
        ensure!(
            output.status.success(),
            "{} {}: {}",
            program.display(),
            words.join(" "),
            String::from_utf8_lossy(&said)
        );
        Ok(())
    }

    /// A program that keeps this file, as Windows calls it, to itself.
    pub fn hold(&self, file: &str) -> anyhow::Result<Staying> {
        let program = self.drive().join("hold.exe");
        if !program.exists() {
            self.compile(&program, include_str!("hold.c"), &["-municode"])?;
        }
        let mut command = self.command(program);
        command.arg(file).stdin(Stdio::piped());
        Staying::start(command).with_context(|| format!("nobody holds {file}"))
    }

    /// Without a program that somebody started, Wine ends, and its services with it.
    pub fn stay_awake(&self) -> anyhow::Result<Staying> {
        std::fs::write(self.drive().join("awake"), "")?;
        self.hold("C:\\awake")
    }

    /// What a program that starts Wine must be told.
    fn environment(&self) -> [(&'static str, OsString); 4] {
        [
            ("WINEARCH", "win64".into()),
            ("WINEPREFIX", self.prefix.path().into()),
            // No talk of what Wine itself lacks, no offers to download it.
            ("WINEDEBUG", "-all".into()),
            ("WINEDLLOVERRIDES", "mscoree,mshtml=".into()),
        ]
    }

    /// The folder that programs see as `C:\`.
    pub fn drive(&self) -> PathBuf {
        self.prefix.path().join("drive_c")
    }

    /// Rust's standard library takes its random numbers from a DLL that Wine has only since version 9.
    fn provide_randomness(&self) -> anyhow::Result<()> {
        let dll = self.drive().join("windows/system32/bcryptprimitives.dll");
        if dll.exists() {
            return Ok(());
        }
        self.compile(&dll, include_str!("bcryptprimitives.c"), &["-shared", "-ladvapi32"])
    }

    /// Makes a program or library of one file of C.
    pub fn compile(&self, made: &Path, source: &str, options: &[&str]) -> anyhow::Result<()> {
        let file = self.prefix.path().join("source.c");
        std::fs::write(&file, source)?;
        let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
        let status = compiler.arg("-o").arg(made).arg(&file).args(options).status();
        ensure!(
            status.context("cannot run x86_64-w64-mingw32-gcc")?.success(),
            "{} cannot be made",
            made.display()
        );
        Ok(())
    }
}

impl Drop for Wine {
    /// Ends what still runs in this Windows, and only there.
    fn drop(&mut self) {
        for server in ["wineserver", "wineserver64"].iter().filter_map(|name| find_program(name)).take(1) {
            let _ = Command::new(server).arg("-k").envs(self.environment()).status();
        }
    }
}
