//! Cargo, and where things are.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde::Deserialize;

/// The repository's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the repository")
}

/// The cargo that runs us, in the repository's folder.
pub fn cargo() -> Command {
    let mut command = Command::new(variable("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The value of an environment variable; `None` when it is not set or empty.
#[expect(clippy::disallowed_methods, reason = "xtask has no configuration but the environment")]
pub fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// What `cargo metadata` says about the workspace's own packages.
#[derive(Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub target_directory: PathBuf,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub manifest_path: PathBuf,
    pub dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub struct Dependency {
    pub name: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub kind: Option<String>,
}

pub fn metadata() -> anyhow::Result<Metadata> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed");
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata printed something unexpected")
}

/// Builds `program` of `package` for release and returns where it is.
pub fn build_release(package: &str, program: &str) -> anyhow::Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--release", "--package", package]);
    build(command, program)
}

/// Builds `program` with this `cargo build` and returns where it is.
pub fn build(mut command: Command, program: &str) -> anyhow::Result<PathBuf> {
    let output = command
        .args(["--bin", program, "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo build")?;
    if !output.status.success() {
        bail!("{program} does not build");
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|message| executable(message, program))
        .with_context(|| format!("cargo built no program {program}"))
}

fn executable(message: &str, program: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let path = (message["target"]["name"] == program).then(|| message["executable"].as_str()).flatten()?;
    Some(path.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_cargos_messages() {
        let library = r#"{"reason":"compiler-artifact","target":{"name":"denk"},"executable":null}"#;
        let program = r#"{"reason":"compiler-artifact","target":{"name":"denk"},"executable":"/x/denk"}"#;
        assert_eq!(executable(library, "denk"), None);
        assert_eq!(executable(program, "denk"), Some("/x/denk".into()));
        assert_eq!(executable(program, "other"), None);
        assert_eq!(executable("no json", "denk"), None);
    }
}
