//! `scan`: a hub is asked everything that its description allows and much that it does not, by schemathesis.
//!
//! Not a part of `test`: it needs PyPI, and its questions are drawn by chance.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, ensure};

use crate::{
    cargo,
    hub::{Hub, SHARED_KEY},
    packages::{self, Provided},
};

/// **Source**: <https://pypi.org/project/schemathesis/>
const SCHEMATHESIS: &str = "schemathesis==4.32.5";
/// No answer is a fault of the hub, and each is as described. A body that the description allows and the hub refuses is
/// none: a message can say what no description can forbid.
const CHECKS: &str =
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
/// Seconds until an answer counts as none.
const PATIENCE: &str = "20";
/// A stream of news does not end by itself; only who may not listen gets a whole answer.
const STREAM: &str = "/v1/events";

#[derive(clap::Args)]
pub struct Arguments {
    /// Questions of each kind for each path.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    questions: u32,
    /// The same seed asks the same questions.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Who asks.
enum Asker {
    Stranger,
    /// An office PC, by its token.
    Site(String),
    /// An old program, by the key that all of them have.
    OldProgram,
}

/// Fails when an answer was a fault of the hub, or is not described.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if let Provided::No(code) = packages::provide(&packages::PYTHON)? {
        return Ok(code);
    }
    let schemathesis = installed(&cargo::metadata()?.target_directory.join("scan"))?;
    let denk = cargo::build_release("denk", "denk")?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let hub = Hub::start(&denk, folder.path().join("hub"))?;
    let token = hub.add_site("Scanned", "Ankara")?;
    let mut good = true;
    for asker in [Asker::Stranger, Asker::Site(token), Asker::OldProgram] {
        good &= asker.ask(&schemathesis, &hub, arguments)?;
    }
    ensure!(hub.resident_mb().is_ok(), "the hub ended by itself");
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Brings schemathesis into a Python environment of its own, once for each version.
fn installed(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder.join(SCHEMATHESIS);
    let program = folder.join("bin/schemathesis");
    if !program.is_file() {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        succeed(Command::new(folder.join("bin/pip")).args(["install", "--quiet", SCHEMATHESIS]))?;
    }
    Ok(program)
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{command:?} failed");
    Ok(())
}

impl Asker {
    fn ask(&self, schemathesis: &Path, hub: &Hub, arguments: &Arguments) -> anyhow::Result<bool> {
        let mut command = Command::new(schemathesis);
        command.current_dir(hub.folder());
        command.arg("run").arg(format!("{}/openapi.json", hub.url));
        command.args(["--checks", CHECKS, "--continue-on-failure", "--request-timeout", PATIENCE]);
        command.args(["--max-examples", &arguments.questions.to_string()]);
        command.args(["--seed", &arguments.seed.to_string(), "--warnings", "off"]);
        match self {
            Self::Stranger => &mut command,
            Self::Site(token) => command.args(["--header", &format!("Authorization: Bearer {token}")]),
            Self::OldProgram => command.args(["--header", &format!("X-API-KEY: {SHARED_KEY}")]),
        };
        if let Self::Site(_) = self {
            command.args(["--exclude-path", STREAM]);
        }
        Ok(command.status().context("cannot run schemathesis")?.success())
    }
}
