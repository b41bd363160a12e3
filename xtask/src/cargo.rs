//! Cargo, and where things are.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail, ensure};
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
    let built = artifacts(command.args(["--bin", program]))?;
    let found = built.into_iter().find(|artifact| artifact.target.name == program);
    found
        .and_then(|artifact| artifact.executable)
        .with_context(|| format!("cargo built no program {program}"))
}

/// Something that cargo built.
#[derive(Debug, Deserialize, PartialEq)]
pub struct Artifact {
    manifest_path: PathBuf,
    pub target: Target,
    profile: Profile,
    /// `None` for a library.
    pub executable: Option<PathBuf>,
}

#[derive(Debug, Deserialize, PartialEq)]
pub struct Target {
    pub name: String,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Profile {
    test: bool,
}

impl Artifact {
    /// The folder of its package, where its tests expect to be run.
    pub fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    pub const fn is_test(&self) -> bool {
        self.profile.test
    }
}

/// The programs that this `cargo build` or `cargo test --no-run` makes.
pub fn artifacts(command: &mut Command) -> anyhow::Result<Vec<Artifact>> {
    let output = command
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "it does not build");
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(program).collect())
}

fn program(message: &str) -> Option<Artifact> {
    let artifact: Artifact = serde_json::from_str(message).ok()?;
    artifact.executable.is_some().then_some(artifact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_among_cargos_messages() {
        let artifact = |executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/c/denk/Cargo.toml","profile":{{"test":true}},
                "target":{{"name":"denk"}},"executable":{executable}}}"#
            )
        };
        let found = program(&artifact(r#""/x/denk""#)).unwrap();
        assert_eq!((found.folder(), found.is_test()), (Path::new("/c/denk"), true));
        assert_eq!((found.target.name.as_str(), found.executable), ("denk", Some("/x/denk".into())));
        assert_eq!(program(&artifact("null")), None, "a library");
        assert_eq!(program("no json"), None);
    }
}
