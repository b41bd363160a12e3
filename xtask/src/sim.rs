//! `sim`: seeds of the simulator, in its own program, so that this one need not be built with the hub in it.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::cargo::cargo;

#[derive(clap::Args)]
pub struct Arguments {
    /// `--seed N`, `--seeds N`, `--offices N`, `--days N`, `--all`, `--story`; see `cargo xtask sim -- --help`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let status = cargo()
        .args(["run", "--quiet", "--package", "denk-sim", "--"])
        .args(&arguments.arguments)
        .status()
        .context("cannot run cargo")?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
