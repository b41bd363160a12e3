//! A compiler for Windows: rustup's, or else the one in Debian's packages with the standard library built by ourselves.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};

use crate::{cargo::cargo, packages::on_path};

pub const TARGET: &str = "x86_64-pc-windows-gnu";

/// Rust 1.96 with the standard library's sources. They are only unpacked: installed they would stand in rustup's way.
const DEBIAN: [&str; 5] =
    ["rustc-web", "libstd-rust-web-1.96", "libstd-rust-web-dev", "rust-web-src", "libllvm22"];

/// What differs between Windows and other systems does not depend on optimisation, which takes most of a build's time. C
/// code (SQLite, TLS) is optimised as ever.
const FLAGS: (&str, &str) = ("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS", "-C opt-level=0");

/// How cargo is made to build for Windows.
pub struct Toolchain {
    arguments: &'static [&'static str],
    environment: Vec<(&'static str, OsString)>,
}

impl Toolchain {
    /// The one at hand; what it lacks is brought.
    pub fn find(target_folder: &Path) -> anyhow::Result<Self> {
        if has_library() || rustup_adds_library() {
            return Ok(Self { arguments: &[], environment: Vec::new() });
        }
        if on_path("apt-get").is_some() {
            return Self::of_debian(target_folder);
        }
        bail!("there is no standard library for {TARGET}: `rustup target add {TARGET}` brings it")
    }

    /// Everything it needs and makes is below the target folder.
    pub fn of_debian(target_folder: &Path) -> anyhow::Result<Self> {
        let folder = target_folder.join("windows-debian");
        let unpacked = folder.join("toolchain");
        if !unpacked.is_dir() {
            unpack(&folder, &unpacked)?;
        }
        let environment = vec![
            ("RUSTC", unpacked.join("usr/bin/rustc").into()),
            ("LD_LIBRARY_PATH", unpacked.join("usr/lib/x86_64-linux-gnu").into()),
            // -Z is for nightly compilers only, unless one insists.
            ("RUSTC_BOOTSTRAP", "1".into()),
            ("CARGO_TARGET_DIR", folder.join("build").into()),
        ];
        Ok(Self { arguments: &["-Zbuild-std=std,panic_abort"], environment })
    }

    /// `cargo SUBCOMMAND` for Windows; more arguments may follow.
    pub fn cargo(&self, subcommand: &[&str]) -> Command {
        let mut command = cargo();
        command.args(subcommand).args(["--target", TARGET]).args(self.arguments);
        command.env(FLAGS.0, FLAGS.1).envs(self.environment.iter().cloned());
        command
    }
}

fn has_library() -> bool {
    let output = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    output.is_ok_and(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir())
}

fn rustup_adds_library() -> bool {
    let status = Command::new("rustup").args(["target", "add", TARGET]).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Downloads the packages and unpacks them; `to` is there only when all of it is.
fn unpack(folder: &Path, to: &Path) -> anyhow::Result<()> {
    eprintln!("unpacking {}", DEBIAN.join(" "));
    let (packages, half) = (folder.join("packages"), folder.join("half"));
    for folder in [&packages, &half] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    run(Command::new("apt-get").args(["--quiet", "download"]).args(DEBIAN).current_dir(&packages))?;
    for package in files(&packages)? {
        run(Command::new("dpkg").arg("-x").arg(package).arg(&half))?;
    }
    fs::remove_dir_all(&packages)?;
    fs::rename(&half, to).with_context(|| format!("cannot make {}", to.display()))
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}
